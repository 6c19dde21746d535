"""One supervisor a reader: keeps a driver alive, and says what the reader heard and when it truly listened.

A fresh driver for every attempt, a pause between attempts that grows and is spread at random, and nothing that
a driver does or fails to do ends the supervision. Coverage is told only while messages prove that the reader
listens, and never across a gap. Every change of state becomes a ReaderReport.

Two threads meet here: the supervisor's own drains the driver; the collector's calls drain() and check().
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from readers.columns import SightingColumns
from readers.driver import (
    Batch,
    ConnectionFailed,
    Driver,
    DriverError,
    Identity,
    PackedBatch,
    ProtocolViolated,
    ReaderBusy,
    ReaderFrozen,
    Receipt,
)
from readers.sighting import Coverage, Instant, ReaderReport, ReaderState, Record
from readers.smoothing import Smoother

log = logging.getLogger(__name__)

SECOND_US = 1_000_000
COVERAGE_PERIOD_US = 5 * SECOND_US
CLOCK_CHANGE_TOLD_US = 200_000
PAUSE_SECONDS_MIN = 0.5
STEADY_SECONDS = 5.0
"""A connection that lasted this long was a good one: the next pause is short again."""
HUNG_SECONDS = 5.0
"""A driver yields at least once a second; one that does not for so long is closed by force."""
RECORDS_MAX = 10_000
"""Coverage and reports that wait for the spool; beyond it the reader is not read."""
_DETAIL_CHARACTERS_MAX = 300

# What an attempt's end says of the reader.
_STATE_OF: tuple[tuple[type[DriverError], ReaderState], ...] = (
    (ReaderFrozen, "silent"),
    (ReaderBusy, "disconnected"),
    (ConnectionFailed, "disconnected"),
    (ProtocolViolated, "faulty"),
    (DriverError, "faulty"),
)
_LEVELS: dict[ReaderState, int] = {
    "connecting": logging.INFO,
    "listening": logging.INFO,
    "silent": logging.WARNING,
    "disconnected": logging.WARNING,
    "faulty": logging.ERROR,
    "stopped": logging.INFO,
}

DriverMaker = Callable[[], Driver]
Listener = Callable[[Identity, Batch], None]
"""Is given every batch and what the reader said of itself: the recorder, the guard of a portal."""


@dataclass(frozen=True, slots=True)
class Watching:
    """One reader and how it is kept. `covered_seconds` is how long a message proves that the reader listens."""

    reader: str
    period_us: int
    covered_seconds: float = 15.0
    pause_seconds_max: float = 15.0
    starts_seconds_max: float = 60.0


class CoverageMeter:
    """Proofs of life to Coverage: merged over a period, one antenna a record, never across a gap. Pure."""

    def __init__(self, reader: str, gap_us: int, period_us: int = COVERAGE_PERIOD_US) -> None:
        """Two proofs further apart than `gap_us` have a gap between them."""
        self._reader = reader
        self._gap_us = gap_us
        self._period_us = period_us
        self._open: dict[int, tuple[Instant, Instant]] = {}

    def alive(self, at: Instant, antennas: tuple[int, ...]) -> list[Coverage]:
        """The reader was alive at this time, listening with these antennas; what is now complete."""
        told: list[Coverage] = []
        for antenna in [antenna for antenna in self._open if antenna not in antennas]:
            told += self._end(antenna)
        for antenna in antennas:
            since, through = self._open.get(antenna, (at, at))
            if at < through or at - through > self._gap_us:
                told += self._end(antenna)
                since = at
            self._open[antenna] = (since, at)
            if at - since >= self._period_us:
                told += self._end(antenna)
                # The next record joins this one without a gap.
                self._open[antenna] = (at, at)
        return told

    def end(self) -> list[Coverage]:
        """The reader no longer listens."""
        return [coverage for antenna in list(self._open) for coverage in self._end(antenna)]

    def _end(self, antenna: int) -> list[Coverage]:
        since, through = self._open.pop(antenna, (0, 0))
        return [Coverage(self._reader, antenna, since, through)] if through > since else []


class Supervisor:
    """Keeps one reader. start(), then drain() and check() every tick, then stop()."""

    def __init__(
        self,
        watching: Watching,
        make_driver: DriverMaker,
        *,
        clock: Callable[[], Instant],
        rng: random.Random,
        listeners: Sequence[Listener] = (),
        monotonic: Callable[[], float] = time.monotonic,
        hurry: Callable[[], None] = lambda: None,
    ) -> None:
        """`hurry` asks whoever collects to come soon: somebody waits for the answer that all is stored."""
        self.reader = watching.reader
        self._watching = watching
        self._make_driver = make_driver
        self._clock = clock
        self._rng = rng
        self._listeners = tuple(listeners)
        self._monotonic = monotonic
        self._hurry = hurry
        self._guard = threading.Condition()
        self._smoother = Smoother(watching.period_us)
        self._meter = CoverageMeter(watching.reader, round(watching.covered_seconds * SECOND_US))
        self._records: list[Record | SightingColumns] = []
        # Senders who wait until what they sent is on disk: not yet drained, and drained but not yet stored.
        self._owing: list[Receipt] = []
        self._handed: list[Receipt] = []
        self._state: ReaderState | None = None
        self._told_detail = ""
        self._identity = Identity(None, None, ())
        self._clock_offset_us: int | None = None
        self._announced = False
        self._has_antennas = True
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._driver: Driver | None = None
        # When the driver last gave something, for check(); None while nothing is owed.
        self._owed_since: float | None = None
        self._owed_seconds = HUNG_SECONDS
        self._forced = False

    @property
    def state(self) -> ReaderState | None:
        """The state last reported."""
        return self._state

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._owed_since = None
        self._forced = False
        self._thread = threading.Thread(target=self._run, name=f"reader-{self.reader}", daemon=True)
        self._thread.start()

    def request_stop(self) -> None:
        """Begin to end, without waiting: the driver is closed by force."""
        self._stopping.set()
        with self._guard:
            self._guard.notify_all()
        _close(self._driver, self.reader)

    def stop(self, wait_seconds: float = 2.0) -> None:
        """End, and say so; the rest is in the next drain()."""
        self.request_stop()
        if self._thread is not None:
            self._thread.join(wait_seconds)
        with self._guard:
            if len(rest := self._smoother.flush()):
                self._records.append(rest)
        self._tell("stopped", "the daemon was stopped")

    def set_output(self, port: int, active: bool) -> None:
        """Switch an output of the reader through the open connection, from another thread. Raises DriverError."""
        switch = getattr(self._driver, "set_output", None)
        if switch is None or self._state != "listening":
            raise ConnectionFailed(f"reader {self.reader} has no outputs now: it is {self._state or 'not started'}")
        switch(port, active)

    def drain(self, now: Instant) -> list[Record | SightingColumns]:
        """What is due to be stored, each once; the sightings in columns."""
        with self._guard:
            # Where a sender waits for its answer, nothing is held back: what is answered must be on the disk.
            sightings = self._smoother.flush() if self._owing else self._smoother.due(now)
            found: list[Record | SightingColumns] = [*self._records, *([sightings] if len(sightings) else ())]
            self._records = []
            self._handed += self._owing
            self._owing = []
            self._guard.notify_all()
        return found

    @property
    def identities(self) -> tuple[bytes, ...]:
        """Of the messages whose content was drained and is not yet called stored."""
        return tuple(identity for receipt in self._handed for identity in receipt.identities)

    def stored(self) -> None:
        """What was drained is on the spool's disk: senders who wait for it are answered."""
        handed, self._handed = self._handed, []
        for receipt in handed:
            receipt.stored()

    def check(self) -> None:
        """A dead thread is replaced, a driver that hangs is closed by force; both are said."""
        if self._stopping.is_set() or self._thread is None:
            return
        if not self._thread.is_alive():
            log.error("reader %s: its thread died; a new one is started", self.reader)
            self._tell("faulty", "its thread in the daemon died and was started again")
            self.start()
            return
        owed = self._owed_since
        if owed is None or self._monotonic() - owed <= self._owed_seconds:
            return
        if self._forced:
            log.error("reader %s: its driver does not end; its thread is given up for a new one", self.reader)
            self._driver = None
            self.start()
            return
        self._tell("faulty", "its driver hung and was closed by force")
        self._owe(HUNG_SECONDS)
        self._forced = True
        _close(self._driver, self.reader)

    # The supervisor's own thread

    def _run(self) -> None:
        failures = 0
        if self._state is None:
            self._tell("connecting", "")
        while not self._stopping.is_set():
            began = self._monotonic()
            state, detail = self._attempt()
            if self._stopping.is_set() or not self._mine:
                break
            self._tell(state, detail)
            failures = 1 if self._monotonic() - began >= STEADY_SECONDS else failures + 1
            self._stopping.wait(self._pause_seconds(failures))

    def _pause_seconds(self, failures: int) -> float:
        longest = min(self._watching.pause_seconds_max, PAUSE_SECONDS_MIN * 2.0 ** min(failures - 1, 20))
        return longest * self._rng.uniform(0.5, 1.0)

    def _attempt(self) -> tuple[ReaderState, str]:
        """One driver from its making to its end; what that end says."""
        driver: Driver | None = None
        try:
            driver = self._driver = self._make_driver()
            self._owe(self._watching.starts_seconds_max)
            self._opened(driver.open())
            self._owe(HUNG_SECONDS)
            for batch in driver.reads():
                self._owed_since = None
                self._take(batch)
                if self._stopping.is_set() or not self._mine:
                    break
                self._owe(HUNG_SECONDS)
            return "disconnected", "the driver ended"
        except DriverError as error:
            return next(state for kind, state in _STATE_OF if isinstance(error, kind)), str(error)
        except Exception as error:
            # Whatever a driver raises, the reader is supervised on; the log has the place.
            log.exception("reader %s: its driver failed", self.reader)
            return "faulty", f"its driver failed: {type(error).__name__}: {error}"
        finally:
            if self._mine:
                self._owed_since, self._forced = None, False
            _close(driver, self.reader)

    def _owe(self, seconds: float) -> None:
        self._owed_seconds = seconds
        self._owed_since = self._monotonic()

    def _opened(self, identity: Identity) -> None:
        with self._guard:
            self._identity = identity
            self._clock_offset_us = None
            self._announced = False

    def _take(self, batch: Batch) -> None:
        for listen in self._listeners:
            listen(self._identity, batch)
        antennas = self._identity.antennas if batch.antennas is None else batch.antennas
        with self._guard:
            # The spool takes nothing (a full disk): the reader is not read either, and memory stays bounded.
            while self._crowded and not self._stopping.is_set():
                self._guard.wait(1.0)
            if not self._mine:
                return
            if isinstance(batch, PackedBatch):
                self._smoother.take_rows(batch.reader, batch.rows, batch.received_at)
            else:
                self._smoother.take(batch.reads)
            self._records += batch.inputs
            if batch.lost is not None:
                # What was not heard was not covered: the meter begins anew behind the gap.
                self._records += self._meter.end()
            if batch.alive_at:
                self._records += self._meter.alive(batch.alive_at, antennas)
            if batch.receipt is not None:
                self._owing.append(batch.receipt)
                batch.receipt.accepted()
        if batch.receipt is not None and batch.receipt.urgent:
            self._hurry()
        self._say(batch, antennas)

    def _say(self, batch: Batch, antennas: tuple[int, ...]) -> None:
        if batch.silent is not None:
            # Not said again and again: each time would end the coverage of what arrives late.
            silent = batch.silent if self._state != "silent" else None
            for words in filter(None, (silent, batch.lost, batch.note)):
                self._tell("silent", words)
                self._announced = False
            return
        for words in filter(None, (batch.lost, batch.note)):
            self._tell("listening", words)
        self._announce(batch.clock_offset_us, antennas)

    def _announce(self, offset_us: int | None, antennas: tuple[int, ...]) -> None:
        """Say that the reader listens, with its first batch and when its clock or its antennas change."""
        offset, known = offset_us or 0, self._clock_offset_us or 0
        moved = abs(offset - known) > CLOCK_CHANGE_TOLD_US
        if self._announced and not moved and bool(antennas) == self._has_antennas:
            return
        self._announced, self._has_antennas, self._clock_offset_us = True, bool(antennas), offset_us
        words = [] if antennas else ["no antenna is known to listen, so that nothing is covered"]
        if abs(offset) > CLOCK_CHANGE_TOLD_US:
            words.append(f"its clock is {offset / SECOND_US:+.1f} s off, which is corrected")
        self._tell("listening", "; ".join(words))

    @property
    def _crowded(self) -> bool:
        return self._smoother.full or len(self._records) >= RECORDS_MAX

    @property
    def _mine(self) -> bool:
        """Whether the running thread is the one in charge, and not one that was given up."""
        return self._thread is threading.current_thread()

    # Telling

    def _tell(self, state: ReaderState, detail: str) -> None:
        """Report a state that changed, or the same state for another reason."""
        detail = detail[:_DETAIL_CHARACTERS_MAX]
        with self._guard:
            if state != "listening":
                self._records += self._meter.end()
            if (state, detail) == (self._state, self._told_detail):
                return
            self._state, self._told_detail = state, detail
            self._records.append(
                ReaderReport(
                    self.reader,
                    state,
                    self._clock(),
                    detail,
                    self._identity.model,
                    self._identity.firmware,
                    self._clock_offset_us,
                )
            )
        log.log(_LEVELS[state], "reader %s: %s%s", self.reader, state, f": {detail}" if detail else "")


def _close(driver: Driver | None, reader: str) -> None:
    try:
        if driver is not None:
            driver.close()
    except Exception:
        log.exception("reader %s: its driver cannot be closed", reader)
