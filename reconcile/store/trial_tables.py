"""Tables of the staged trials of portals. Times are microseconds UTC."""

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from custody.store.tables import Int64


class TrialTagRow(SQLModel, table=True):
    """A tag kept for trials, which no carrier bears. `sounds`: the guard treats it as one that may not pass."""

    __tablename__ = "trial_tag"
    epc: str = Field(primary_key=True)
    sounds: bool = False
    since_at: int = Field(sa_type=Int64)
    added_by: int = Field(sa_type=Int64)
    until_at: int | None = Field(default=None, sa_type=Int64)
    """When it was put away; None: in use."""


class TrialRow(SQLModel, table=True):
    """What happened in trials, each an event that stays: begun, done, skipped, undone."""

    __tablename__ = "trial"
    __table_args__ = (Index("ix_trial_place", "place", "id"), {"sqlite_autoincrement": True})
    id: int | None = Field(default=None, primary_key=True, sa_type=Int64)
    place: int = Field(sa_type=Int64)
    event: str
    of: int | None = Field(default=None, sa_type=Int64)
    """The event that this one ends, or takes back."""
    kind: str
    epc: str
    at: int = Field(sa_type=Int64)
    by: int = Field(sa_type=Int64)
    level: str = ""
    """What the portal said, of one that is done: alarm, suspect, quiet."""
    direction: str = ""
    score: float | None = None
    said_at: int | None = Field(default=None, sa_type=Int64)
    """When the passage ended by what was heard; None: it concluded nothing."""
    model: str = ""
