"""Table of what sweeping devices could not deliver and handed to a clerk. Times are microseconds UTC."""

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from custody.store.tables import Int64


class HandOverRow(SQLModel, table=True):
    """Events of a sweep that its server refused, or that came by file: they wait until a clerk enters them or puts
    them aside. The events are never changed; the columns of the outcome are set once.
    """

    __tablename__ = "hand_over"
    __table_args__ = (
        UniqueConstraint("key", name="uq_hand_over"),
        Index("ix_hand_over_waiting", "id", postgresql_where=text("outcome = ''"), sqlite_where=text("outcome = ''")),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Int64)
    key: str
    """SHA-256 of the sweep and the events: brought again, by network or by file, it is the same."""
    round: str
    device: str
    """The device's own name of itself, `d-` and eight digits; empty: not said."""
    of: int = Field(sa_type=Int64)
    """Whose scans they are, as the device says."""
    by: int = Field(sa_type=Int64)
    """Who handed them over, signed in: he answers for them."""
    at: int = Field(sa_type=Int64)
    way: str
    """`network` or `file`."""
    why: str
    """Why the server did not take them, in its stable word (`round_closed`, …); empty: it was never asked."""
    count: int
    first_at: int = Field(sa_type=Int64)
    last_at: int = Field(sa_type=Int64)
    """Of the events, by the device's clock."""
    events: str
    """JSON, a list: numbers and codes only."""
    outcome: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """`entered`, `aside`; empty: waits."""
    into_round: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """The sweep that they were entered into."""
    taken_by: int | None = Field(default=None, sa_type=Int64)
    taken_at: int | None = Field(default=None, sa_type=Int64)
    note: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """Why they were put aside; of what was entered, how much of it counted."""
