"""Tables of the books. The ledger (`entry`, `ledger_state`) is the truth; the rest is its projection, or access.

Validation happens before, in the procedures: table models accept what they are given. 64-bit integers on both
engines (SQLModel's own `int` is 32 bits on PostgreSQL).
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    UniqueConstraint,
    false,
    text,
)
from sqlmodel import Field, SQLModel

Int64 = BigInteger().with_variant(Integer(), "sqlite")
"""A plain BigInteger breaks SQLite's integer primary keys."""


def _key(**more: Any) -> Any:
    return Field(primary_key=True, sa_type=Int64, sa_column_kwargs={"autoincrement": False}, **more)


def _int64(default: Any = ..., **more: Any) -> Any:
    return Field(default=default, sa_type=Int64, **more)


class UnitRow(SQLModel, table=True):
    """A department."""

    __tablename__ = "unit"
    id: int = _key()
    code: str = Field(unique=True)
    name: str
    name_en: str = ""
    parent: int | None = _int64(None)


class PlaceRow(SQLModel, table=True):
    """A place; `path` is `/site/…/own id/`, so that everything under a place is one prefix."""

    __tablename__ = "place"
    id: int = _key()
    code: str = Field(unique=True)
    name: str
    name_en: str = ""
    kind: str
    parent: int | None = _int64(None)
    rating: str | None = None
    storage: bool = False
    responsible: int | None = _int64(None)
    inside: int | None = _int64(None)
    outside: int | None = _int64(None)
    path: str = Field(index=True)
    rating_rank: int = -1
    """Rank of the rating that holds here, inherited included; -1: not rated."""


class PersonRow(SQLModel, table=True):
    """A person and the post held now."""

    __tablename__ = "person"
    id: int = _key()
    number: str = Field(unique=True)
    name: str
    name_en: str = ""
    name_sort: str = ""
    """Pinyin key, for sorting."""
    unit: int | None = _int64(None)
    post: str = ""
    post_class: str | None = None
    cleared_from: str = ""
    cleared_until: str = ""
    left_on: str = ""


class CarrierRow(SQLModel, table=True):
    """The register: one row a carrier, kept in the transaction of the entry that changes it."""

    __tablename__ = "carrier"
    __table_args__ = (
        UniqueConstraint("control_number", "copy_number", name="uq_carrier_number"),
        Index(
            "ix_carrier_due",
            "due_at",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
        Index("ix_carrier_status", "status", "control_number", "copy_number"),
        Index("ix_carrier_balance", "status", "origin", "rank"),
        Index("ix_carrier_unit", "unit", "control_number", "copy_number"),
        Index("ix_carrier_kind", "kind", "control_number", "copy_number"),
        Index("ix_carrier_level", "level", "control_number", "copy_number"),
        Index("ix_carrier_home", "home"),
        Index("ix_carrier_place", "place"),
        Index("ix_carrier_holder", "holder"),
        Index("ix_carrier_matter", "matter"),
        Index("ix_carrier_recalled", "id", postgresql_where=text("recalled"), sqlite_where=text("recalled")),
        Index(
            "ix_carrier_in_hand",
            "since_at",
            postgresql_where=text("holder IS NOT NULL"),
            sqlite_where=text("holder IS NOT NULL"),
        ),
        Index(
            "ix_carrier_secret_until",
            "secret_until",
            postgresql_where=text("secret_until <> ''"),
            sqlite_where=text("secret_until <> ''"),
        ),
        Index(
            "ix_carrier_archive_by",
            "archive_by",
            postgresql_where=text("archive_by <> ''"),
            sqlite_where=text("archive_by <> ''"),
        ),
    )
    id: int = _key()
    control_number: str
    copy_number: int
    copies: int
    title: str
    kind: str
    medium: str
    level: str
    rank: int
    period_kind: str
    period_value: str = ""
    period_authority: str = ""
    unit: int = _int64()
    classified_on: str = ""
    basis: str = ""
    determined_by: str = ""
    pages: int | None = None
    issuer: str = ""
    issuer_number: str = ""
    remark: str = ""
    archive_by: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    intermediate: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    secret_until: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """ISO date on which the period ends; empty where it ends on no known day."""
    origin: str
    status: str
    home: int | None = _int64(None)
    place: int | None = _int64(None)
    holder: int | None = _int64(None)
    due_at: int | None = _int64(None)
    since_at: int = _int64()
    last_sequence: int = _int64()
    matter: int | None = _int64(None)
    renewals: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    recalled: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class StandingRow(SQLModel, table=True):
    """What the balance counts a carrier by, one row a span of ledger positions in which it stayed the same.

    It holds from the entry `from_sequence` on until before `to_sequence`; NULL: still. See `custody.balance`.
    """

    __tablename__ = "standing"
    __table_args__ = (
        Index("ix_standing_number", "control_number", "carrier"),
        Index("ix_standing_status", "status", "control_number"),
        Index("ix_standing_from", "from_sequence"),
        Index("ix_standing_moved", "from_sequence", postgresql_where=text("moved"), sqlite_where=text("moved = 1")),
        Index(
            "ix_standing_to",
            "to_sequence",
            postgresql_where=text("to_sequence IS NOT NULL"),
            sqlite_where=text("to_sequence IS NOT NULL"),
        ),
        {"sqlite_with_rowid": False},
    )
    carrier: int = _key()
    from_sequence: int = _key()
    to_sequence: int | None = _int64(None)
    happened_at: int = _int64()
    was: str = ""
    """The status before; empty: it came into the register."""
    moved: bool = False
    status: str
    origin: str
    unit: int = _int64()
    level: str
    rank: int
    control_number: str


class RefusalRow(SQLModel, table=True):
    """An act that was tried and refused, a row for each clause that was quoted. No words of what was tried."""

    __tablename__ = "refusal"
    __table_args__ = (Index("ix_refusal_clause", "clause", "at"), Index("ix_refusal_person", "person", "at"))
    id: int | None = Field(default=None, primary_key=True, sa_type=Int64)
    at: int = _int64()
    person: int = _int64()
    act: str
    """Kind of act."""
    fact: str
    """Kind of the fact that was refused."""
    clause: str
    codes: str
    """Codes of the catalogue, with a space between."""
    carrier: int | None = _int64(None)
    matter: int | None = _int64(None)


class CarrierQueueRow(SQLModel, table=True):
    """Who waits for a carrier, in order from 1."""

    __tablename__ = "carrier_queue"
    __table_args__ = (Index("ix_carrier_queue_person", "person"), {"sqlite_with_rowid": False})
    carrier: int = _key()
    place: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    person: int = _int64()


class CarrierScopeRow(SQLModel, table=True):
    """Who may know a carrier, one principal a row."""

    __tablename__ = "carrier_scope"
    __table_args__ = (Index("ix_carrier_scope_carrier", "carrier"), {"sqlite_with_rowid": False})
    principal: str = Field(primary_key=True)
    carrier: int = _key()


class CarrierGramRow(SQLModel, table=True):
    """Pieces of number and title: the search that finds two-character words on both engines (see `store.grams`)."""

    __tablename__ = "carrier_gram"
    __table_args__ = ({"sqlite_with_rowid": False},)
    gram: str = Field(primary_key=True)
    carrier: int = _key()


class TagRow(SQLModel, table=True):
    """A tag that is or was bound; an EPC is never bound twice."""

    __tablename__ = "tag"
    __table_args__ = (
        Index("ix_tag_carrier", "carrier"),
        Index("ix_tag_tid", "tid"),
        # The few that do not answer, whatever else is bound.
        Index("ix_tag_unreadable", "carrier", postgresql_where=text("unreadable"), sqlite_where=text("unreadable")),
    )
    epc: str = Field(primary_key=True)
    tid: str | None = None
    carrier: int = _int64()
    retired: bool = False
    unreadable: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    """On its carrier, but found not to answer: its silence says nothing."""


class EntryRow(SQLModel, table=True):
    """The ledger: canonical bytes and the columns that find them."""

    __tablename__ = "entry"
    __table_args__ = (
        Index("ix_entry_carrier", "carrier", "sequence"),
        Index("ix_entry_act", "act"),
        # What a clause has recorded, newest first.
        Index("ix_entry_kind", "kind", "sequence"),
        Index(
            "ix_entry_matter",
            "matter",
            "sequence",
            postgresql_where=text("matter IS NOT NULL"),
            sqlite_where=text("matter IS NOT NULL"),
        ),
    )
    sequence: int = _key()
    kind: str
    carrier: int | None = _int64(None)
    matter: int | None = _int64(None)
    act: str
    by: int = _int64()
    happened_at: int = _int64()
    entered_at: int = _int64()
    body: bytes = Field(sa_type=LargeBinary)


class MatterRow(SQLModel, table=True):
    """A matter: the columns that find it, and its whole state as canonical JSON in `body`."""

    __tablename__ = "matter"
    __table_args__ = (
        UniqueConstraint("number", name="uq_matter_number"),
        Index("ix_matter_kind", "kind", "id"),
        Index("ix_matter_unit", "unit"),
        Index(
            "ix_matter_open",
            "awaited",
            "kind",
            "id",
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_matter_due",
            "due_at",
            postgresql_where=text("due_at IS NOT NULL AND ended_at IS NULL"),
            sqlite_where=text("due_at IS NOT NULL AND ended_at IS NULL"),
        ),
    )
    id: int = _key()
    number: str
    kind: str
    status: str
    unit: int = _int64()
    level: str
    rank: int
    awaited: str = ""
    """The step of its approval that is to be answered next; empty where none is."""
    answer_by: int | None = _int64(None)
    opened_by: int = _int64()
    opened_at: int = _int64()
    due_at: int | None = _int64(None)
    ended_at: int | None = _int64(None)
    last_sequence: int = _int64()
    body: str


class MatterLineRow(SQLModel, table=True):
    """One carrier in a matter."""

    __tablename__ = "matter_line"
    __table_args__ = (
        Index("ix_matter_line_carrier", "carrier"),
        Index("ix_matter_line_state", "matter", "state", "carrier"),
        Index("ix_matter_line_person", "person"),
        Index(
            "ix_matter_line_due",
            "due_at",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
        {"sqlite_with_rowid": False},
    )
    matter: int = _key()
    carrier: int = _key()
    state: str
    person: int | None = _int64(None)
    label: str = ""
    due_at: int | None = _int64(None)
    pages: int | None = None
    at: int = _int64()
    sequence: int = _int64()


class MatterPartyRow(SQLModel, table=True):
    """A person with a part in a matter."""

    __tablename__ = "matter_party"
    __table_args__ = (Index("ix_matter_party_matter", "matter"), {"sqlite_with_rowid": False})
    person: int = _key()
    matter: int = _key()
    part: str = Field(primary_key=True)


class NumberBlockRow(SQLModel, table=True):
    """The copy numbers that a production order holds (clause a.4); none where it was declined or withdrawn."""

    __tablename__ = "number_block"
    __table_args__ = (Index("ix_number_block_number", "control_number"),)
    matter: int = _key()
    control_number: str
    first_copy: int
    last_copy: int


class AllottedLabelRow(SQLModel, table=True):
    """A label given out for a production order and not returned, bound by now or not (clause a.4)."""

    __tablename__ = "allotted_label"
    __table_args__ = (Index("ix_allotted_label_matter", "matter"),)
    epc: str = Field(primary_key=True)
    matter: int = _int64()


class DelegationRow(SQLModel, table=True):
    """A delegation not ended before its day."""

    __tablename__ = "delegation"
    __table_args__ = (Index("ix_delegation_deputy", "deputy"),)
    id: int = _key()
    giver: int = _int64()
    deputy: int = _int64()
    permissions: str
    from_at: int = _int64()
    until_at: int = _int64()
    reason: str = ""


class ResponsibilityRow(SQLModel, table=True):
    """Who accepted the responsibility for a place."""

    __tablename__ = "responsibility"
    place: int = _key()
    person: int = _int64()
    accepted_at: int = _int64()


class DescentRow(SQLModel, table=True):
    """What a carrier was made from (clause d.4)."""

    __tablename__ = "descent"
    __table_args__ = (Index("ix_descent_carrier", "carrier"), {"sqlite_with_rowid": False})
    source: int = _key()
    carrier: int = _key()
    manner: str


class OrganisationRow(SQLModel, table=True):
    """Another body."""

    __tablename__ = "organisation"
    id: int = _key()
    code: str = Field(unique=True)
    name: str
    name_en: str = ""
    ownership: str
    overseas: bool = False
    contact: str = ""
    remark: str = ""


class LicenceRow(SQLModel, table=True):
    """A licence on file that was not withdrawn; `organisation` NULL: the house's own."""

    __tablename__ = "licence"
    id: int = _key()
    activity: str
    organisation: int | None = _int64(None)
    number: str
    issued_by: str
    level: str
    valid_from: str
    valid_until: str


class AgreementRow(SQLModel, table=True):
    """A secrecy agreement with another body that was not ended before its day."""

    __tablename__ = "agreement"
    id: int = _key()
    organisation: int = _int64()
    number: str
    subject: str
    level: str
    valid_from: str
    valid_until: str
    signed_by: str = ""


class InstructionRow(SQLModel, table=True):
    """The text that is to be signed for now, by subject."""

    __tablename__ = "instruction"
    subject: str = Field(primary_key=True)
    text: str
    issued_at: int = _int64()


class AcknowledgementRow(SQLModel, table=True):
    """What a person signed for last of a subject."""

    __tablename__ = "acknowledgement"
    __table_args__ = ({"sqlite_with_rowid": False},)
    person: int = _key()
    subject: str = Field(primary_key=True)
    at: int = _int64()
    text_hash: str


class BadgeRow(SQLModel, table=True):
    """A card, and whose badge it is or last was."""

    __tablename__ = "badge"
    __table_args__ = (Index("ix_badge_person", "person"),)
    uid: str = Field(primary_key=True)
    person: int = _int64()
    given_at: int = _int64()
    withdrawn_at: int | None = _int64(None)
    reason: str = ""


class ActRow(SQLModel, table=True):
    """The numbered paper that several entries share."""

    __tablename__ = "act"
    # The ledger's position on a day: an index of acts, not of their entries.
    __table_args__ = (Index("ix_act_entered", "entered_at"),)
    number: str = Field(primary_key=True)
    kind: str
    by: int = _int64()
    entered_at: int = _int64()


class CounterRow(SQLModel, table=True):
    """Next number of a series: identifiers, act numbers by kind and year; and the version of the directory."""

    __tablename__ = "counter"
    name: str = Field(primary_key=True)
    next: int = _int64()


class LedgerStateRow(SQLModel, table=True):
    """The frontier of the tree, one row: its lock orders all appends."""

    __tablename__ = "ledger_state"
    id: int = _key()
    size: int = _int64()
    frontier: bytes = Field(sa_type=LargeBinary)
    """Hashes of the complete subtrees, largest first, 32 bytes each."""


class CheckpointRow(SQLModel, table=True):
    """A signed checkpoint (C2SP signed note)."""

    __tablename__ = "checkpoint"
    size: int = _key()
    signed_at: int = _int64()
    note: str
    frontier: bytes | None = Field(default=None, sa_type=LargeBinary)
    """The frontier at this size, so that proofs from here on need only what came later; NULL: signed before there was
    this column. What it says is believed only where it gives the signed root."""


class AccountRow(SQLModel, table=True):
    """What lets a person sign in. `family` keeps administrators and business apart, by constraint."""

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("person", "family", name="uq_account_family"),
        CheckConstraint("family IN ('business', 'administrator')", name="ck_account_family"),
    )
    person: int = _key()
    family: str
    password_hash: str
    disabled: bool = False
    language: str = "zh"
    created_at: int = _int64()
    must_change: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """The password is a one-time secret: whoever signs in with it chooses another before anything else."""
    secret_until_at: int | None = _int64(None)
    """Until when the one-time secret holds; None: the password was chosen by its owner."""


class GrantRow(SQLModel, table=True):
    """A role of a person. An administrator holds one administrator's role and no other; business holds none."""

    __tablename__ = "role_grant"
    __table_args__ = (
        ForeignKeyConstraint(["person", "family"], ["account.person", "account.family"], name="fk_grant_account"),
        CheckConstraint(
            "(family = 'administrator') = (role IN ('system_administrator', 'security_administrator', 'auditor'))",
            name="ck_grant_family",
        ),
        Index(
            "uq_grant_one_administrator",
            "person",
            unique=True,
            postgresql_where=text("family = 'administrator'"),
            sqlite_where=text("family = 'administrator'"),
        ),
    )
    person: int = _key()
    role: str = Field(primary_key=True)
    family: str
    unit: int | None = _int64(None)
