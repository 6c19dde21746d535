"""Batches of tags: numbers taken first, then printed or written, read back, bound. The sum always closes.

A number goes to the printer only after the database says so: whatever is killed, it never goes there twice. What came
back of it decides: read back (`verified`), surely not printed (back to `reserved`), or in doubt (`failed`), and then it
is given up and the line gets another number. Binding is a person's act in the books; no number is used again.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from custody.clock import Clock
from custody.database import Database
from custody.entries import Fact, TagBound
from custody.rules import NotFound, Refusal, Refused
from custody.scheme import Scheme
from custody.store import tag_numbers as store
from custody.store.tag_numbers import Step
from custody.tag_numbers import BINDABLE, Draw
from custody.values import SECOND, Instant, Tag
from readers.zpl import Label, Outcome, Printer, print_label
from reconcile.bulletin import Bulletin

log = logging.getLogger(__name__)

TOPIC = "labels"
LOST_AFTER = 300 * SECOND
"""Sent so long ago, and nothing heard since: whoever sent it is gone."""
FAILURES_MAX = 3
"""Labels spoiled one after another, before the batch waits for a person."""

Send = Callable[[Label, Printer], Outcome]


def label_of(row: Any, scheme: Scheme) -> Label:
    """What a line's label shows: number and copy, and the mark of the level, as configured; never a title."""
    lines: list[str] = []
    if row.carrier_id is not None and scheme.label_level:
        level = scheme.level(row.level)
        lines.append(f"{level.name_zh}★" if level.rank else level.name_zh)
    if row.carrier_id is not None and scheme.label_number:
        lines.append(f"{row.control_number} {row.copy_number}/{row.copies}")
    return Label(row.epc, tuple(lines))


def next_label(database: Database, number: str, now: Instant) -> Any | None:
    """The next line of a running batch, marked as sent before anything is; None where the batch waits or is done."""
    with database.writing() as connection:
        batch = store.batch(connection, number, lock=True)
        if batch is None or batch.state != "running":
            return None
        row = store.next_reserved(connection, number)
        if row is None:
            store.set_batch(connection, number, ("running",), "paused")
            return None
        store.step(connection, row, Step(row.epc, "sent"), now)
        return store.line(connection, row.epc)


def take_outcome(database: Database, row: Any, outcome: Outcome, now: Instant) -> None:
    """Note what became of a label that was sent; where nothing was printed, the batch waits for a person."""
    state = {"kept": "reserved"}.get(outcome.result, outcome.result)
    with database.writing() as connection:
        store.step(connection, row, Step(row.epc, state, outcome.reason, outcome.tid), now)
        if outcome.result == "kept":
            store.set_batch(connection, row.batch, ("running",), "paused")


def reader_outcome(database: Database, row: Any, result: str, reason: str, tid: str | None, now: Instant) -> None:
    """The same of a tag that a reader wrote (see `readers.llrp.access`)."""
    state = {"kept": "reserved"}.get(result, result)
    with database.writing() as connection:
        store.step(connection, row, Step(row.epc, state, reason, tid), now)


def give_up_lost(database: Database, number: str, now: Instant) -> int:
    """Numbers that were sent and of which nothing was heard since are in doubt; how many there were."""
    with database.writing() as connection:
        lost = store.left_at_device(connection, number, now - LOST_AFTER)
        for row in lost:
            store.step(connection, row, Step(row.epc, "failed", "in_doubt"), now)
    return len(lost)


class Printing:
    """Prints batches, each in a thread of its own; `start` a batch, `stop` at the end of the process.

    A process that is killed leaves a batch running with at most one number sent; `start` takes it up again.
    """

    def __init__(
        self, database: Database, scheme: Scheme, clock: Clock, bulletin: Bulletin, send: Send = print_label
    ) -> None:
        self._database = database
        self._scheme = scheme
        self._clock = clock
        self._bulletin = bulletin
        self._send = send
        self._stopping = threading.Event()
        self._turn = threading.Lock()
        self._threads: dict[str, threading.Thread] = {}

    def start(self, number: str, printer: Printer) -> bool:
        """Print what waits in the batch; False where this process is at it already."""
        with self._turn:
            running = self._threads.get(number)
            if running is not None and running.is_alive():
                return False
            thread = threading.Thread(target=self._run, args=(number, printer), name=f"labels {number}", daemon=True)
            self._threads[number] = thread
            give_up_lost(self._database, number, self._clock())
            with self._database.writing() as connection:
                store.set_batch(connection, number, ("paused", "running"), "running")
            thread.start()
        self._bulletin.publish(TOPIC)
        return True

    def wait(self, number: str, timeout_seconds: float = 30.0) -> bool:
        """Wait until the batch is no longer being printed here; whether it came to that."""
        thread = self._threads.get(number)
        if thread is None:
            return True
        thread.join(timeout_seconds)
        return not thread.is_alive()

    def stop(self) -> None:
        """End after the labels that are being printed."""
        self._stopping.set()
        for thread in self._threads.values():
            thread.join(30.0)

    def _run(self, number: str, printer: Printer) -> None:
        spoiled = 0
        while not self._stopping.is_set():
            try:
                row = next_label(self._database, number, self._clock())
                if row is None:
                    break
                outcome = self._send(label_of(row, self._scheme), printer)
                take_outcome(self._database, row, outcome, self._clock())
            except Exception:
                # The number stays as it is noted: sent, and so given up when the batch is taken up again.
                log.exception("batch %s stumbled and waits", number)
                self._pause(number)
                break
            self._bulletin.publish(TOPIC)
            spoiled = spoiled + 1 if outcome.result == "failed" else 0
            if spoiled >= FAILURES_MAX:
                self._pause(number)
                break
        self._bulletin.publish(TOPIC)

    def _pause(self, number: str) -> None:
        try:
            pause(self._database, number)
        except Exception:
            log.exception("batch %s cannot be set to wait", number)


def pause(database: Database, number: str) -> None:
    """The label that is being printed is the last for now."""
    with database.writing() as connection:
        store.set_batch(connection, number, ("running",), "paused")


# What people do with a line.


def _line(connection: Any, number: str, epc: str) -> Any:
    row = store.line(connection, epc)
    if row is None or row.batch != number:
        raise NotFound
    return row


def _not_so(row: Any) -> Refused:
    return Refused((Refusal("", "number_stands", {"epc": row.epc, "number_state": row.standing}),))


def _ask(row: Any, states: Sequence[str]) -> None:
    if row.standing not in states:
        raise _not_so(row)


@dataclass(frozen=True, slots=True)
class Labels:
    """What people do with the labels of a batch; each in one transaction. Raises NotFound, Refused, NumberInvalid."""

    database: Database
    scheme: Scheme
    draw: Draw
    by: int
    now: Instant

    def spoil(self, number: str, epc: str, reason: str) -> None:
        """A label is given up: destroyed, or never made. Its number is never used again."""
        if not reason.strip():
            raise Refused((Refusal("", "text_missing", {"field": "reason"}),))
        with self.database.writing() as connection:
            row = _line(connection, number, epc)
            self._give_up(connection, row, reason.strip())

    def _give_up(self, connection: Any, row: Any, reason: str) -> None:
        _ask(row, ("reserved", "printed", "verified", "failed"))
        if not store.step(connection, row, Step(row.epc, "spoiled", reason, by=self.by), self.now):
            raise _not_so(row)

    def again(self, number: str, epc: str, reason: str) -> str:
        """The line gets a new number; the old one is given up. The new number."""
        with self.database.writing() as connection:
            row = _line(connection, number, epc)
            if row.state != "spoiled":
                self._give_up(connection, row, reason.strip() or row.reason or "reprinted")
            elif row.standing != "spoiled" or any(
                other.line == row.line and other.state != "spoiled" for other in store.lines(connection, number)
            ):
                raise _not_so(row)
            return store.take_again(connection, self.scheme.numbering(), self.draw, row, self.by, self.now)

    def doubt(self, number: str, epc: str) -> None:
        """A label that was sent did not come out as it should, says who stands beside the printer."""
        with self.database.writing() as connection:
            row = _line(connection, number, epc)
            _ask(row, ("sent", "printed", "verified"))
            store.step(connection, row, Step(row.epc, "failed", "by_eye", by=self.by), self.now)

    def verify(self, number: str, epc: str, read: str, tid: str | None = None) -> bool:
        """A label was read by a reader at hand: the very number, or the label is in doubt. Whether it agreed."""
        with self.database.writing() as connection:
            row = _line(connection, number, epc)
            _ask(row, ("printed", "failed", "reserved"))
            if read == row.epc:
                return store.step(connection, row, Step(row.epc, "verified", "", tid, self.by), self.now)
            if row.state == "printed":
                store.step(connection, row, Step(row.epc, "failed", "read_otherwise", by=self.by), self.now)
            return False

    def close(self, number: str) -> None:
        """Nothing of the batch waits any more."""
        with self.database.writing() as connection:
            waiting = store.accounts(connection, [number]).get(number, store.Account()).waiting
            if waiting:
                raise Refused((Refusal("", "batch_waits", {"count": waiting}),))
            store.set_batch(connection, number, ("paused",), "closed")


def facts_of(rows: Sequence[Any], carriers: Sequence[int | None]) -> list[Fact]:
    """The entries that bind these labels to their carriers (for blank ones: as given). Raises Refused."""
    facts: list[Fact] = []
    for row, given in zip(rows, carriers, strict=True):
        carrier = row.carrier if row.carrier is not None else given
        if row.standing not in BINDABLE or carrier is None:
            raise _not_so(row)
        facts.append(TagBound(carrier, Tag(row.epc, row.tid)))
    return facts
