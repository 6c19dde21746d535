"""Tables of sweeps besides the scans: the terms of each, and what people said while it went on. Microseconds UTC."""

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from custody.store.tables import Int64


class RoundTermsRow(SQLModel, table=True):
    """On what terms a sweep was opened; never changed. One without is an official one of everything, by one person."""

    __tablename__ = "round_terms"
    round: str = Field(primary_key=True)
    of: str
    """The signed sweep that a recount counts again; else empty."""
    scope: str
    """`all`, `missing` (what the sweep counted again did not meet), `sample`."""
    sample: int
    """How many were drawn; 0 where everything is asked."""
    rank: int
    """The highest rank of level of what it expects; -1 where it expects nothing."""
    two: bool
    """Whether it takes two persons' signatures."""
    other: bool
    """Whether who took part in the sweep that it counts again may not take part in this one."""


class RoundEventRow(SQLModel, table=True):
    """What was said in a sweep besides the scans. Never changed, never deleted."""

    __tablename__ = "round_event"
    __table_args__ = (
        UniqueConstraint("round", "event", name="uq_round_event"),
        Index("ix_round_event_round", "round", "id"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Int64)
    round: str
    event: str
    """Identifier made on the device: replay changes nothing."""
    what: str
    """`paused`, `resumed`, `walked_on`, `stayed`, `walked`, `counted`, `signed`, `uncovered`, `undone`; of what does
    not agree `put_back`, `taken_out`, `logged`, and `undealt`, which takes one of these back."""
    device: str
    place: int | None = Field(default=None, sa_type=Int64)
    at: int = Field(sa_type=Int64)
    by: int = Field(sa_type=Int64)
    reason: str = ""
    detail: str = ""
    """JSON: the scans that a walk-on sorts, the scan taken back, what was dealt with, the hash and means of a
    signature."""
