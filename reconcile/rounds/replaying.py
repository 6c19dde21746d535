"""What a device kept while it had no network, in the order in which it was done: scans, takings back, walks, what was
dealt with.

Each event carries an identifier made on the device, so that a replay changes nothing and says so. One that cannot be
taken is refused by itself, with the reason, and the others go on: one bad scan poisons nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from custody.access import Subject
from custody.rules import NotFound, Refusal, Refused
from custody.scheme import Scheme
from custody.values import Instant
from reconcile.rounds.acts import Means, Scan, ScanResult, countable, round_row, scan_many, undo, undo_last
from reconcile.rounds.dealing import deal, undeal
from reconcile.rounds.saying import answer
from reconcile.store import round_events as events
from reconcile.store import rounds as store
from reconcile.store.core import Connection

What = Literal["scan", "undo", "walk", "deal"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something done at the shelf. `code`: what was scanned; of an `undo` the event taken back, empty for the person's
    newest. `place`: where the person said to be; of a `walk` where he was asked to have gone. `reason` of a tick by
    eye, and what was done (`reconcile.rounds.DEALS`) of a `deal`; `device`, `yes`, `scans` of a walk alone."""

    event: str
    what: What = "scan"
    code: str = ""
    at: Instant = 0
    means: Means = "scan"
    place: int | None = None
    reason: str = ""
    device: str = ""
    yes: bool = False
    scans: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of an event: a `scan`'s result; of an `undo` the `event` taken back and the `code` that it had, both
    empty where there was nothing; the `code` of a `deal`, empty where there is no such thing; or why it was refused."""

    event: str
    what: What
    scan: ScanResult | None = None
    undone: str = ""
    code: str = ""
    dealt: bool = False
    """Whether an `undo` took back that something was dealt with."""
    refusal: Refusal | None = None


def replay(
    connection: Connection, subject: Subject, number: str, given: Sequence[Event], scheme: Scheme | None = None
) -> list[Replayed]:
    """Take events in the order given, in the caller's writing transaction.

    Raises NotFound for a sweep that is not there; ValueError for an empty code or event.
    """
    round_row(connection, subject, number)
    found: list[Replayed] = []
    for what, run in groupby(given, key=lambda one: one.what):
        if what == "scan":
            found += _scans(connection, subject, number, list(run), scheme)
        else:
            found += [_said(connection, subject, number, one) for one in run]
    return found


def _scans(
    connection: Connection, subject: Subject, number: str, run: Sequence[Event], scheme: Scheme | None
) -> Iterator[Replayed]:
    """A run of scans at once; where that is refused each alone: what was scanned before a pause counts."""
    scans = [Scan(one.event, one.code, one.at, one.means, one.place, one.reason) for one in run]
    try:
        results = scan_many(connection, subject, number, scans, scheme)
    except Refused as refused:
        # It is refused before anything is written.
        if len(run) == 1:
            yield Replayed(run[0].event, "scan", refusal=refused.refusals[0])
            return
        for one in run:
            yield from _scans(connection, subject, number, [one], scheme)
        return
    for result in results:
        yield Replayed(result.event, "scan", scan=result)


def _said(connection: Connection, subject: Subject, number: str, one: Event) -> Replayed:
    try:
        if one.what == "undo":
            return _taken_back(connection, subject, number, one)
        if one.what == "deal":
            deal(connection, subject, number, one.event, one.code, one.reason, one.at)
            return Replayed(one.event, "deal", code=one.code)
        if one.place is None:
            raise NotFound
        answer(connection, subject, number, one.event, one.device, one.place, one.yes, one.scans, one.at)
    except NotFound:
        # What it speaks of was refused or handed over before: there is nothing left to say.
        pass
    except Refused as refused:
        return Replayed(one.event, one.what, refusal=refused.refusals[0])
    return Replayed(one.event, one.what)


def _taken_back(connection: Connection, subject: Subject, number: str, one: Event) -> Replayed:
    event = one.code
    if event:
        dealt = undeal(connection, subject, number, one.event, event, one.at)
        if dealt is not None:
            return Replayed(one.event, "undo", undone=event, code=dealt, dealt=True)
        undo(connection, subject, number, event, one.at)
    else:
        event = undo_newest(connection, subject, number, one.event, one.at) or ""
    undone = store.scan_of(connection, number, event) if event else None
    return Replayed(one.event, "undo", undone=event, code=undone.code if undone else "")


def undo_newest(connection: Connection, subject: Subject, number: str, event: str, at: Instant) -> str | None:
    """Take back the subject's newest scan under an identifier of the device's own: sent again, it takes back no other.

    Gives the event taken back, None where there was none. Raises NotFound, Refused.
    """
    countable(connection, subject, number, "undo", 0)
    for said in events.said(connection, number, "undone"):
        if said.event == event and said.by == subject.person:
            before: str = said.detail["event"]
            return before
    newest = undo_last(connection, subject, number, at)
    if newest is not None:
        events.say(connection, number, event, "undone", subject.person, at, detail={"event": newest})
    return newest
