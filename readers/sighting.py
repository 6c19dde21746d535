"""What the radio says: reads, sightings and coverage. Frozen values; evidence, never facts.

Times are integers: microseconds since 1970-01-01 UTC (`Instant`). `read_at`, `first_at` and `last_at` are
event time, the reader's clock corrected by the driver where it is known to be wrong; `received_at` is the
daemon's clock. Signal strength is in dBm. An EPC or TID is upper-case hexadecimal without separators; the raw
EPC is the key of a tag and carries no meaning here (GS1 EPC Tag Data Standard, section 4).
"""

from dataclasses import dataclass
from typing import Literal

Instant = int
"""Microseconds since 1970-01-01 UTC."""

ReaderState = Literal["connecting", "listening", "silent", "disconnected", "faulty", "stopped"]
"""What the daemon says of one reader; only `listening` gives coverage."""


@dataclass(frozen=True, slots=True)
class TagRead:
    """One report of one tag by one antenna (LLRP 1.0.1, section 13.2.3: TagReportData)."""

    epc: str
    reader: str
    antenna: int
    read_at: Instant
    received_at: Instant
    rssi_dbm: float | None = None
    count: int = 1
    tid: str | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """Reads of one tag by one antenna, folded over a short interval of event time."""

    epc: str
    reader: str
    antenna: int
    first_at: Instant
    last_at: Instant
    count: int
    strongest_dbm: float | None
    mean_dbm: float | None
    received_at: Instant
    tid: str | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """The antenna was truly listening from `since_at` through `through_at` (proof: keepalive or reports)."""

    reader: str
    antenna: int
    since_at: Instant
    through_at: Instant


@dataclass(frozen=True, slots=True)
class ReaderReport:
    """A reader changed its state, or said something of itself (`detail`: short, plain, for the log and the page).

    `clock_offset_us` is reader clock minus daemon clock, when known; beyond 0.2 s it is flagged on the page.
    """

    reader: str
    state: ReaderState
    at: Instant
    detail: str = ""
    model: str | None = None
    firmware: str | None = None
    clock_offset_us: int | None = None


@dataclass(frozen=True, slots=True)
class Loss:
    """The spool reached its configured bound and dropped records: said, never silent."""

    since_at: Instant
    through_at: Instant
    records: int


@dataclass(frozen=True, slots=True)
class InputChange:
    """An input of a reader changed (LLRP 1.0.1, section 13.2.6.3: GPIEvent): a beam, a door contact, a button."""

    reader: str
    port: int
    active: bool
    at: Instant
    received_at: Instant


@dataclass(frozen=True, slots=True)
class DoorAlarm:
    """What the guard at a portal concluded by itself, and what it did: delivered as evidence, once.

    `portal` is the name in the daemon's configuration; `score` 0 to 1; `level` what the score means; `reason` why
    the tag may not pass; `door_list` the number of the list it was judged by (0: there was none); `outputs` what
    sounded, or why it could not.
    """

    reader: str
    portal: str
    epc: str
    at: Instant
    direction: Literal["in", "out", "unknown"]
    score: float
    level: Literal["suspect", "alarm"]
    reason: Literal["not_listed", "list_expired", "no_list", "unknown_tag"]
    door_list: int
    outputs: str = ""
    parts: str = "{}"
    """Each feature's part in the score: a JSON object of numbers."""


Record = Sighting | Coverage | ReaderReport | Loss | InputChange | DoorAlarm
"""What the spool keeps and the uplink delivers; its key is (daemon, boot, sequence)."""
