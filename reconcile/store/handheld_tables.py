"""Tables of what handhelds brought. Times are microseconds UTC."""

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from custody.store.tables import Int64


class HandheldUploadRow(SQLModel, table=True):
    """An upload that a person confirmed, or that a device sent; withdrawn where it was a mistake, never deleted."""

    __tablename__ = "handheld_upload"
    __table_args__ = (
        UniqueConstraint("number", name="uq_handheld_upload_number"),
        # The same file, or the same message, changes nothing.
        Index("ix_handheld_upload_key", "key"),
        Index("ix_handheld_upload_device", "device", "upload_id"),
        Index("ix_handheld_upload_at", "at"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Int64)
    number: str
    device: str
    way: str
    """`file`, or `json` by the device's own token."""
    key: str
    """SHA-256 of the content, hexadecimal."""
    upload_id: str
    """The device's own identifier of what it sent; empty for a file."""
    name: str
    """Of the file, as the person's computer calls it."""
    by: int | None = Field(default=None, sa_type=Int64)
    """Who confirmed it; None: a device."""
    at: int = Field(sa_type=Int64)
    rows: int
    refused: int
    new_reads: int
    repeated_reads: int
    tags: int
    first_at: int = Field(sa_type=Int64)
    last_at: int = Field(sa_type=Int64)
    clock_us: int = Field(sa_type=Int64)
    """How far the handheld's clock was ahead; taken out of the times."""
    understood: str
    """What each column was taken for, and what was said besides: JSON."""
    repeats: str
    """Identifiers of uploads that had some of the reads already: JSON."""
    rounds: str
    """Sweeps into which it was laid: JSON."""
    source: int = Field(sa_type=Int64)
    first_sequence: int = Field(sa_type=Int64)
    last_sequence: int = Field(sa_type=Int64)
    """Its sightings: those of `source` from the first to the last."""
    withdrawn_at: int | None = Field(default=None, sa_type=Int64)
    withdrawn_by: int | None = Field(default=None, sa_type=Int64)
    withdrawn_why: str = ""


class HandheldReadRow(SQLModel, table=True):
    """A read of an upload. A read is the same in whatever file: handheld, tag, time by its clock, antenna."""

    __tablename__ = "handheld_read"
    __table_args__ = (
        Index("ix_handheld_read_device", "device", "stamped_at"),
        Index("ix_handheld_read_epc", "epc", "at"),
    )
    upload: int = Field(primary_key=True, sa_type=Int64, sa_column_kwargs={"autoincrement": False})
    row: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    device: str
    epc: str
    tid: str | None = None
    stamped_at: int = Field(sa_type=Int64)
    at: int = Field(sa_type=Int64)
    antenna: int
    new: bool
    """Not in an earlier upload that still counts."""
