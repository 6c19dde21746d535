"""Table of scans in counts that end in an act of a matter, such as weighing in. Times are microseconds UTC."""

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from custody.store.tables import Int64


class CountScanRow(SQLModel, table=True):
    """One scan; taking it back is a row of its own. An `event` is the device's own: it comes once a matter."""

    __tablename__ = "count_scan"
    __table_args__ = (
        UniqueConstraint("matter", "event", name="uq_count_scan_event"),
        Index("ix_count_scan_step", "matter", "step"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Int64)
    matter: int = Field(sa_type=Int64)
    step: str
    """`weigh`, `venue`, or the number of a lodging."""
    event: str
    code: str
    means: str
    """`scan`, `reader`, `eye`, `undo`."""
    carrier: int | None = Field(default=None, sa_type=Int64)
    """None: a code of no carrier, or of none within the scanner's sight."""
    at: int = Field(sa_type=Int64)
    by: int = Field(sa_type=Int64)
    reason: str = ""
