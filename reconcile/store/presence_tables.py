"""Tables of the filter of presence: what it concluded, from where it can go back, what the site taught it.

Times are microseconds UTC.
"""

from sqlalchemy import Index, LargeBinary, text
from sqlmodel import Field, SQLModel

from custody.store.tables import Int64


class PresenceConclusionRow(SQLModel, table=True):
    """A conclusion of the filter: the tag came to be believed elsewhere, or more or less firmly. Never changed.

    What later reports showed otherwise is a row of its own that `revises` the earlier one.
    """

    __tablename__ = "presence_conclusion"
    __table_args__ = (
        Index("ix_presence_conclusion_epc", "epc", "at"),
        Index("ix_presence_conclusion_concluded", "concluded_at"),
        # What was taken back lately, among very many that were not.
        Index(
            "ix_presence_conclusion_revises",
            "revises",
            postgresql_where=text("revises IS NOT NULL"),
            sqlite_where=text("revises IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Int64)
    epc: str
    from_place: int | None = Field(default=None, sa_type=Int64)
    to_place: int | None = Field(default=None, sa_type=Int64)
    """Where it is believed from `at` on; None: nowhere."""
    at: int = Field(sa_type=Int64)
    """Event time."""
    decided_at: int = Field(sa_type=Int64)
    """Event time of the evidence that decided it: somewhat later."""
    concluded_at: int = Field(sa_type=Int64)
    """When the server concluded it."""
    strength: str
    """`confirmed`, `probable`, `unconfirmed`."""
    cause: str
    """`places` (heard), `silence`, `portal`, `companions`; `withdrawn`: it was not so; `late`: see `correction`."""
    late_us: int = Field(sa_type=Int64)
    """How much later than the event it was concluded, where reports came late; else 0."""
    correction: bool
    """Of a time before the last checkpoint: a remark on the past, which the present does not rest on."""
    revises: int | None = Field(default=None, sa_type=Int64)
    """The conclusion that it takes the place of."""
    model: str
    """Which method concluded it, with its version."""
    calibration: int = Field(sa_type=Int64)
    """Version of what the site taught, 0: the defaults."""
    evidence: str
    """JSON."""


class PresenceCheckpointRow(SQLModel, table=True):
    """The filter's memory of a tag as it once was: a late report goes back to it. Some minutes are kept."""

    __tablename__ = "presence_checkpoint"
    epc: str = Field(primary_key=True)
    at: int = Field(primary_key=True, sa_type=Int64, sa_column_kwargs={"autoincrement": False})
    """Every sighting up to this event time is folded in it, and none after."""
    state: bytes = Field(sa_type=LargeBinary)


class CalibrationRow(SQLModel, table=True):
    """What was learnt of the site from its own sightings: a version, never changed. The defaults (0) have no row."""

    __tablename__ = "calibration"
    version: int = Field(primary_key=True, sa_type=Int64, sa_column_kwargs={"autoincrement": False})
    made_at: int = Field(sa_type=Int64)
    made_by: int | None = Field(default=None, sa_type=Int64)
    """None: by the clock."""
    since_at: int = Field(sa_type=Int64)
    until_at: int = Field(sa_type=Int64)
    """From which time the sightings were."""
    tags: int
    observations: int = Field(sa_type=Int64)
    """Windows that were looked at."""
    content: str
    """The calibration, canonical JSON."""


class CalibrationUseRow(SQLModel, table=True):
    """A version of what was learnt was put in force; the newest row says which is. Append only."""

    __tablename__ = "calibration_use"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: int | None = Field(default=None, primary_key=True, sa_type=Int64)
    version: int = Field(sa_type=Int64)
    """0: the defaults."""
    at: int = Field(sa_type=Int64)
    by: int | None = Field(default=None, sa_type=Int64)
    """None: by itself, because the configuration says so."""
    reason: str


class TagReadabilityRow(SQLModel, table=True):
    """How well a tag is heard where it is known to lie: reads expected against got, from the last learning."""

    __tablename__ = "tag_readability"
    __table_args__ = (
        Index("ix_tag_readability_weak", "epc", postgresql_where=text("weak"), sqlite_where=text("weak")),
    )
    epc: str = Field(primary_key=True)
    at: int = Field(sa_type=Int64)
    windows: int = Field(sa_type=Int64)
    """Windows in which its antennas listened."""
    expected: int = Field(sa_type=Int64)
    """In how many of them a tag of its place is heard, by the calibration."""
    got: int = Field(sa_type=Int64)
    weak: bool
