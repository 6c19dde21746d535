"""Tables of the watch: what went out to whom, how often something was repeated, and where messages are sent."""

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from custody.store.tables import Int64


class DigestRow(SQLModel, table=True):
    """The day's message to a person: figures only. One a person and day, whoever makes it."""

    __tablename__ = "digest"
    __table_args__ = (UniqueConstraint("person", "day", name="uq_digest"), {"sqlite_autoincrement": True})
    id: int | None = Field(default=None, primary_key=True, sa_type=Int64)
    person: int = Field(sa_type=Int64)
    day: str
    """ISO day, where the organisation is."""
    made_at: int = Field(sa_type=Int64)
    overdue: int
    figures: str
    """JSON: `[{"part", "kind", "count", "days", "who"}, …]`, in the order in which they are told."""


class RepeatRow(SQLModel, table=True):
    """How often a person was told that something of his is overdue, day by day; from when on his superior was."""

    __tablename__ = "repeat"
    finding: str = Field(primary_key=True)
    person: int = Field(primary_key=True, sa_type=Int64, sa_column_kwargs={"autoincrement": False})
    times: int
    last_day: str
    passed_on_at: int | None = Field(default=None, sa_type=Int64)


class MessageRow(SQLModel, table=True):
    """A message on its way out, each once a person and subject; tried again until it is taken or given up."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("person", "about", name="uq_message"),
        UniqueConstraint("message_id", name="uq_message_id"),
        # What waits is asked for every few seconds; what is done stays for the record.
        Index(
            "ix_message_waiting",
            "next_at",
            postgresql_where=text("done_at IS NULL"),
            sqlite_where=text("done_at IS NULL"),
        ),
        Index("ix_message_done", "done_at"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Int64)
    message_id: str
    """The same in every try: who gets it twice knows it again."""
    person: int = Field(sa_type=Int64)
    about: str
    """What it is about: `digest:<day>`, `notices:<last notice>`, `trial:<instant>`."""
    urgency: int
    figures: str
    """JSON, as of a digest; nothing of any carrier, nothing of where it goes."""
    made_at: int = Field(sa_type=Int64)
    next_at: int = Field(sa_type=Int64)
    """Not to be tried before."""
    tries: int = 0
    owner: str = ""
    lease_until: int = Field(default=0, sa_type=Int64)
    done_at: int | None = Field(default=None, sa_type=Int64)
    outcome: str = ""
    """Once done: `sent`, `refused`, `given_up`, `no_address`; else empty."""
    said: str = ""
    """What went wrong the last time, in a word or the server's number; never what the server wrote."""


class MailAddressRow(SQLModel, table=True):
    """Where a person's messages are sent: personal data, shown to its owner alone."""

    __tablename__ = "mail_address"
    person: int = Field(primary_key=True, sa_type=Int64, sa_column_kwargs={"autoincrement": False})
    address: str
    set_at: int = Field(sa_type=Int64)
