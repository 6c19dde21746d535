"""Tables of cases: findings of one cause. Times are microseconds UTC.

Whatever of a case is told to somebody is made of the findings in it that he may see; so the rows here hold nothing that
is summed over all of them.
"""

from sqlalchemy import Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from custody.store.tables import Int64


class CaseRow(SQLModel, table=True):
    """A case. `cause` is a rule of `reconcile.checks.grouping`, or `by_hand`, `incident`; `about` its key."""

    __tablename__ = "finding_case"
    __table_args__ = (Index("ix_finding_case_about", "cause", "about"), Index("ix_finding_case_closed", "closed_at"))
    number: str = Field(primary_key=True)
    cause: str
    about: str
    """What its findings have in common: `reader:portal`, `place:12`, `person:3`, `carrier:17`; else empty."""
    opened_at: int = Field(sa_type=Int64)
    state: str = "open"
    """`open`, `acknowledged`, `enquiry`, `settled` (a person said so), `cleared` (by itself)."""
    owner: int | None = Field(default=None, sa_type=Int64)
    """Whom a person made its owner; None: whoever answers for its findings."""
    deputy: int | None = Field(default=None, sa_type=Int64)
    due_at: int | None = Field(default=None, sa_type=Int64)
    """Until when, as a person said; None: as its findings say."""
    closed_at: int | None = Field(default=None, sa_type=Int64)
    closed_by: int | None = Field(default=None, sa_type=Int64)
    act: str = ""
    """Under which act its events were settled."""


class CaseMemberRow(SQLModel, table=True):
    """A finding in a case, at most one; taken out by a person it stays here without a case, and never joins again."""

    __tablename__ = "case_member"
    __table_args__ = (Index("ix_case_member_case", "case_number"),)
    finding: str = Field(primary_key=True)
    case_number: str = ""
    joined_at: int = Field(sa_type=Int64)
    by: int | None = Field(default=None, sa_type=Int64)
    """Who joined it or took it out; None: by itself."""
    grave: bool = False
    """Whether it makes an incident of the case: a carrier of this level missing (`incident_from_rank`)."""


class CaseEventRow(SQLModel, table=True):
    """What somebody did about a case, or it did by itself: append only."""

    __tablename__ = "case_event"
    __table_args__ = (Index("ix_case_event", "case_number", "id"), {"sqlite_autoincrement": True})
    id: int | None = Field(default=None, primary_key=True, sa_type=Int64)
    case_number: str
    at: int = Field(sa_type=Int64)
    by: int | None = Field(default=None, sa_type=Int64)
    what: str
    """`acknowledged`, `given_back`, `assigned`, `due`, `noted`, `joined`, `left`, `enquiry`, `step`, `attached`,
    `settled`, `closed`, `reopened`."""
    note: str = ""
    """A person's words."""
    detail: str = ""
    """What it was about: a finding, a step, a file's hash, a person's identifier."""
    rank: int = -1
    """The highest level among the findings that its writer had before him: his words are for whom that is open."""
    seen: str = ""
    """Numbers of those findings; who does not see all of them does not read the words."""


class CaseFileRow(SQLModel, table=True):
    """A file laid to a case: its hash always, its bytes where they were kept. Never changed, never removed."""

    __tablename__ = "case_file"
    __table_args__ = (Index("ix_case_file", "case_number", "id"), {"sqlite_autoincrement": True})
    id: int | None = Field(default=None, primary_key=True, sa_type=Int64)
    case_number: str
    at: int = Field(sa_type=Int64)
    by: int = Field(sa_type=Int64)
    name: str
    media: str
    """By its first bytes, whatever the name says."""
    size: int = Field(sa_type=Int64)
    sha256: str
    note: str = ""
    rank: int = -1
    seen: str = ""
    content: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
