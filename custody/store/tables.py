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
        Index("ix_carrier_home", "home"),
        Index("ix_carrier_place", "place"),
        Index("ix_carrier_holder", "holder"),
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
    origin: str
    status: str
    home: int | None = _int64(None)
    place: int | None = _int64(None)
    holder: int | None = _int64(None)
    due_at: int | None = _int64(None)
    since_at: int = _int64()
    last_sequence: int = _int64()


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
    __table_args__ = (Index("ix_tag_carrier", "carrier"),)
    epc: str = Field(primary_key=True)
    tid: str | None = None
    carrier: int = _int64()
    retired: bool = False


class EntryRow(SQLModel, table=True):
    """The ledger: canonical bytes and the columns that find them."""

    __tablename__ = "entry"
    __table_args__ = (Index("ix_entry_carrier", "carrier", "sequence"), Index("ix_entry_act", "act"))
    sequence: int = _key()
    kind: str
    carrier: int | None = _int64(None)
    act: str
    by: int = _int64()
    happened_at: int = _int64()
    entered_at: int = _int64()
    body: bytes = Field(sa_type=LargeBinary)


class ActRow(SQLModel, table=True):
    """The numbered paper that several entries share."""

    __tablename__ = "act"
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
