"""Tables of what is delivered on schedule: who wants which report when, and what was made for him."""

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from custody.store.tables import Int64


class SubscriptionRow(SQLModel, table=True):
    """A report that a person has delivered. Ended ones stay as long as something of theirs is kept."""

    __tablename__ = "subscription"
    __table_args__ = (Index("ix_subscription_person", "person"), {"sqlite_autoincrement": True})
    id: int | None = Field(default=None, primary_key=True, sa_type=Int64)
    person: int = Field(sa_type=Int64)
    report: str
    days: int
    """How far back its trends go."""
    unit: int | None = Field(default=None, sa_type=Int64)
    titles: bool = False
    every: str
    """`daily`, `weekly`, `monthly`: on working days, else on the next."""
    on_day: int
    """Weekly: 0 Monday to 6 Sunday; monthly: 1 to 28; daily: 0."""
    hour: int
    language: str
    created_at: int = Field(sa_type=Int64)
    paused_at: int | None = Field(default=None, sa_type=Int64)
    ended_at: int | None = Field(default=None, sa_type=Int64)
    last_day: str = ""
    """ISO day of the newest slot that was seen to: whoever moves it forward has made what was due."""


class DeliveryRow(SQLModel, table=True):
    """What was made in a slot, each once: a workbook, or nothing, because the person may not see the report now."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("subscription", "slot", name="uq_delivery"),
        Index("ix_delivery_person", "person"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Int64)
    subscription: int = Field(sa_type=Int64)
    person: int = Field(sa_type=Int64)
    report: str
    slot: str
    """ISO day; `now:<microseconds>` where it was asked for at once."""
    made_at: int = Field(sa_type=Int64)
    state: str
    """`made`, or `no_right`: nothing was."""
    rows: int = Field(default=0, sa_type=Int64)
    carriers: str = "[]"
    """JSON: whose particulars are in it."""
    sha256: str = ""
    content: bytes | None = Field(default=None, sa_type=LargeBinary)
    taken_at: int | None = Field(default=None, sa_type=Int64)
    """When it was fetched first."""
