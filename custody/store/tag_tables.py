"""Tables of commissioning: the numbers that were taken for tags, whatever became of them.

A number is taken once and never again: it is written here before anything is printed. Whether it is bound is not kept
here but asked of `tag`, so that the account of a batch closes however a tag came to be bound.
"""

from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from custody.store.tables import Int64


def _int64(default: Any = ..., **more: Any) -> Any:
    return Field(default=default, sa_type=Int64, **more)


class TagBatchRow(SQLModel, table=True):
    """A batch of tags: for carriers, or blank. `means`: `print`, `write` (by a reader), `hand` (labels at hand)."""

    __tablename__ = "tag_batch"
    number: str = Field(primary_key=True)
    kind: str
    means: str
    device: str = ""
    """Printer by its name in the configuration, or the reader's address."""
    state: str = "paused"
    """`paused`, `running`, `closed`."""
    by: int = _int64()
    created_at: int = _int64()
    note: str = ""


class TagNumberRow(SQLModel, table=True):
    """A number taken for a tag. `state`: reserved, sent, printed, verified, failed, spoiled (see `reconcile`)."""

    __tablename__ = "tag_number"
    __table_args__ = (Index("ix_tag_number_batch", "batch", "line"), Index("ix_tag_number_carrier", "carrier"))
    epc: str = Field(primary_key=True)
    batch: str
    line: int
    """Place within the batch, from 1; a number taken instead of a spoiled one has its line."""
    carrier: int | None = _int64(None)
    """For which it was taken; None: a blank label."""
    state: str = "reserved"
    tid: str | None = None
    """The chip's own number, where it was read back."""
    reason: str = ""
    at: int = _int64()


class TagNumberEventRow(SQLModel, table=True):
    """What happened to a number, in order; the last one is its state. Rows are only ever added."""

    __tablename__ = "tag_number_event"
    __table_args__ = (Index("ix_tag_number_event", "epc", "id"), {"sqlite_autoincrement": True})
    id: int | None = Field(default=None, primary_key=True, sa_type=Int64)
    epc: str
    state: str
    reason: str = ""
    tid: str | None = None
    by: int | None = _int64(None)
    """The acting person; None: the printer or reader."""
    at: int = _int64()
