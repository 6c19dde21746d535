"""What a message of a reader can say, whoever made it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from readers.driver import Identity
from readers.sighting import Instant


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag was read. `at` is the reader's own time; None where the message has none, as with all that is None.

    `number` is the reader's number of the event, `reads` what it says of how often the tag was read.
    """

    epc: str
    tid: str | None = None
    antenna: int | None = None
    rssi_dbm: float | None = None
    at: Instant | None = None
    number: int | None = None
    reads: int | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """A general-purpose input changed."""

    port: int
    active: bool
    at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Antenna:
    """An antenna was connected, or is no longer."""

    port: int
    connected: bool


@dataclass(frozen=True, slots=True)
class Radio:
    """The reader began to read tags, or does not read at present."""

    active: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """The reader says that it dropped reads."""

    why: str


@dataclass(frozen=True, slots=True)
class Life:
    """The reader lives (a heartbeat)."""

    at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """The reader says that it leaves the broker, or the broker says that it is gone."""

    why: str


@dataclass(frozen=True, slots=True)
class Note:
    """The reader says something of its own health."""

    text: str


Event = Tag | Input | Antenna | Radio | Missing | Life | Gone | Note


@dataclass(frozen=True, slots=True)
class Decoded:
    """One payload, read. `ignored`: kinds of entries that say nothing to us (no EPC, another event), to be counted.

    `broken`: how many documents in it could not be read at all, with the first reason; reads may be missing then.
    """

    events: tuple[Event, ...] = ()
    ignored: tuple[str, ...] = ()
    broken: int = 0
    reason: str = ""


Decode = Callable[[bytes], Decoded]
"""Reads one payload; never raises, whatever the bytes."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a source received in one piece. An empty payload is a sign of life alone.

    `settle` is called when the content is on the disk; None where nobody waits. `old`: the source itself knows that
    this was sent earlier, so that it proves no life now (a message that a broker keeps for new subscribers).
    """

    payload: bytes
    received_at: Instant
    settle: Callable[[], None] | None = None
    old: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """What was learnt when a source was opened. `offset_us`: the reader's clock minus ours, where it was asked."""

    identity: Identity
    offset_us: int | None = None
    radio_active: bool | None = None
    lost: str | None = None
    """Why messages of before may be missing."""


class Source(Protocol):
    """Where payloads come from: one connection, or one listening address."""

    pulled: bool
    """We connect to the reader itself: its silence means a dead connection, and it is opened anew."""

    def open(self) -> Opened:
        """Raises DriverError."""
        ...

    def receive(self, wait_seconds: float) -> list[Parcel]:
        """What came, after at most this long; raises DriverError when the connection ended."""
        ...

    def close(self) -> None:
        """By force, from any thread, more than once."""
        ...
