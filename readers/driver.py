"""The driver protocol: what every kind of reader must do, and the errors it may raise.

A driver is small: open, reads, close. It knows one device and nothing of spools, servers or carriers. The
supervisor owns it: one fresh driver for every attempt, reads() drained in a thread of its own, close() called
from another thread and always effective.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from readers.sighting import InputChange, Instant, TagRead


class DriverError(Exception):
    """The reader cannot be used now; the supervisor tries again later."""


class ConnectionFailed(DriverError):
    """Nothing answers at the address, or it refused, or the connection broke."""


class ReaderBusy(DriverError):
    """The reader serves another client (LLRP ConnectionAttemptEvent 1 or 2)."""


class ProtocolViolated(DriverError):
    """The reader sent what the protocol does not allow; the message says what and at which byte."""


class ReaderFrozen(DriverError):
    """No message, keepalive included, within the watchdog's time."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What the reader says of itself."""

    model: str | None
    firmware: str | None
    antennas: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is owed to the sender of a batch who waits for an answer (a broker, a reader that posts).

    `accepted` is called when the supervisor has the batch in memory, `stored` when all of it is on the spool's disk;
    from any thread, and neither raises nor waits. Such a batch is told without delay, so that nobody waits long.
    `identities` name the single messages: the spool keeps them with the records, so that what is sent again after a
    kill is known again (`readers.spool.Spool.known`).
    """

    accepted: Callable[[], None]
    stored: Callable[[], None]
    identities: tuple[bytes, ...] = ()
    urgent: bool = False
    """The sender sends nothing more until it is answered."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one drain of the driver brought.

    `alive_at` is the daemon's time of the last message of any kind (keepalive included): the proof of coverage.
    `clock_offset_us` is reader clock minus daemon clock as last measured, or None. `antennas` are those known to
    be listening now; None means those of the Identity. `lost` is why reads of before this batch are missing (a gap
    in the device's numbers, an overflow), in plain words: coverage then has a gap, and the reader's page says so.
    """

    reads: tuple[TagRead, ...]
    alive_at: Instant
    clock_offset_us: int | None = None
    antennas: tuple[int, ...] | None = None
    inputs: tuple[InputChange, ...] = ()
    lost: str | None = None
    silent: str | None = None
    note: str | None = None
    receipt: Receipt | None = None


TagRow = tuple[bytes, int, int | None, Instant, Instant, int]
"""One report of one tag, unpacked: EPC, antenna, peak RSSI in dBm, first seen, last seen, times seen."""


class PackedBatch(Batch):
    """A batch of one reader whose reads stay plain rows until somebody asks for them.

    A reader can send a thousand reports a second of tags that lie still. Smoothing takes `rows` as they are;
    `reads` makes the same evidence into TagReads, for the recorder and for anyone else.
    """

    __slots__ = ("reader", "received_at", "rows")

    def __init__(
        self,
        reader: str,
        rows: Sequence[TagRow],
        received_at: Instant,
        alive_at: Instant,
        clock_offset_us: int | None,
        antennas: tuple[int, ...] | None,
        inputs: tuple[InputChange, ...] = (),
        lost: str | None = None,
    ) -> None:
        for name, value in (
            ("reader", reader),
            ("rows", rows),
            ("received_at", received_at),
            ("alive_at", alive_at),
            ("clock_offset_us", clock_offset_us),
            ("antennas", antennas),
            ("inputs", inputs),
            ("lost", lost),
            ("silent", None),
            ("note", None),
            ("receipt", None),
        ):
            object.__setattr__(self, name, value)

    reader: str
    rows: Sequence[TagRow]
    received_at: Instant

    @property
    def reads(self) -> tuple[TagRead, ...]:
        """The rows as TagReads: one, or two where a tag was seen over an interval (its ends)."""
        return tuple(read for row in self.rows for read in self._reads_of(row))

    def _reads_of(self, row: TagRow) -> Iterator[TagRead]:
        epc, antenna, rssi_dbm, first_at, last_at, count = row
        key = epc.hex().upper()
        if first_at != last_at:
            yield TagRead(key, self.reader, antenna, first_at, self.received_at, rssi_dbm, max(1, count - 1))
            count = 1
        yield TagRead(key, self.reader, antenna, last_at, self.received_at, rssi_dbm, max(1, count))


class Driver(Protocol):
    """One connection to one reader.

    A reader whose outputs can be switched has `set_output(port, active)` besides: from any thread but the one in
    reads(), back when the reader has answered; raises DriverError.
    """

    def open(self) -> Identity:
        """Connect, configure and start reading. Raises DriverError."""
        ...

    def reads(self) -> Iterator[Batch]:
        """Batches until the connection ends (then DriverError) or close() (then it just stops).

        Yields at least once a second, with no reads when there are none, so that coverage goes on.
        """
        ...

    def close(self) -> None:
        """End the connection by force, from any thread, at any time, more than once."""
        ...
