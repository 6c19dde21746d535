"""The count at the end of a meeting, scan by scan: what a code means there, and the acts that count it in.

A scan is no more than a small act, or a line of one: what arrives together is entered together. Nothing is guessed: a
number that several papers bear is told as such.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from api.acts.codes import resolve
from api.acts.meeting_papers import holder_of
from api.services import Services
from custody.access import Subject
from custody.entries import Fact
from custody.entries.meetings import CountedIn, CountUndone
from custody.matters import Line, Matter
from custody.matters.meetings import Attendee, Meeting
from custody.rules import NotFound, Refusal, Refused
from custody.store import queries
from custody.store.queries import CarrierItem

Outcome = Literal["counted", "repeated", "spare", "gone", "stranger", "ambiguous", "unknown", "pages", "refused"]
_SHORT = re.compile(r"([A-Z]{0,2})(\d{1,5})")
"""What a paper is called at the meeting: A17, or 17 where no other has that number."""


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan; `event` is the device's own identifier of it."""

    event: str
    code: str
    pages: int | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """What a scan came to. `left`: papers that the attendee still has afterwards."""

    event: str
    code: str
    outcome: Outcome
    carrier: int | None = None
    short: str = ""
    attendee: Attendee | None = None
    left: int = 0
    refusals: tuple[Refusal, ...] = ()
    act: str = ""


@dataclass(slots=True)
class _Room:
    """The papers of the meeting as this batch goes on."""

    matter: Matter
    lines: dict[int, Line]
    items: Mapping[int, CarrierItem]
    taken: set[int] = field(default_factory=set)

    @property
    def body(self) -> Meeting:
        body: Meeting = self.matter.body
        return body

    def short(self, carrier: int) -> str:
        item = self.items.get(carrier)
        return self.body.short(item.control_number, item.copy_number) if item else ""

    def named(self, code: str) -> list[int]:
        """The papers that a short name may mean. A bare number is one paper's only where no other title came."""
        match = _SHORT.fullmatch(code.strip().upper())
        if match is None:
            return []
        copy = int(match[2])
        same = [one for one, item in self.items.items() if item.copy_number == copy and one in self.lines]
        if match[1]:
            return [one for one in same if self.short(one) == f"{match[1]}{copy}"]
        return same


_STATES: Mapping[str, Outcome] = {"counted_in": "repeated", "brought": "spare", "handed_out": "counted"}


def count(services: Services, subject: Subject, matter: Matter, scans: Sequence[Scan]) -> list[Counted]:
    """Count these scans in, in their order. Raises NotFound where the subject may not see the meeting."""
    with services.database.reading() as connection:
        lines = {line.carrier: line for line in queries.all_lines(connection, matter.id)}
        room = _Room(matter, lines, queries.carriers_by_id(connection, subject, list(lines)))
        read = [_read(room, scan, lambda code: resolve(connection, subject, code)) for scan in scans]
    facts: dict[str, Fact] = {}
    for scan, one in zip(scans, read, strict=True):
        if one.outcome == "counted" and one.carrier is not None:
            facts[one.event] = CountedIn(one.carrier, matter.id, holder_of(lines[one.carrier]), scan.pages)
    against, act = _enter(services, subject, facts)
    return [_told(one, against, act) for one in read]


def _read(room: _Room, scan: Scan, resolved: Callable[[str], CarrierItem | None]) -> Counted:
    named = room.named(scan.code)
    if len(named) > 1:
        return Counted(scan.event, scan.code, "ambiguous")
    item = room.items.get(named[0]) if named else resolved(scan.code)
    if item is None:
        return Counted(scan.event, scan.code, "unknown")
    line = room.lines.get(item.id)
    if line is None:
        return Counted(scan.event, scan.code, "stranger", item.id, f"{item.control_number}/{item.copy_number}")
    outcome = "repeated" if item.id in room.taken else _STATES.get(line.state, "gone")
    whose = room.body.attendee(int(line.label)) if line.label else None
    if outcome == "counted" and room.body.pages_counted and item.pages is not None and scan.pages is None:
        return Counted(scan.event, scan.code, "pages", item.id, room.short(item.id), whose)
    if outcome == "counted":
        room.taken.add(item.id)
    left = sum(
        1
        for one in room.lines.values()
        if one.state == "handed_out" and one.label == line.label and one.carrier not in room.taken
    )
    return Counted(scan.event, scan.code, outcome, item.id, room.short(item.id), whose, left)


def _enter(services: Services, subject: Subject, facts: Mapping[str, Fact]) -> tuple[dict[str, Refusal | None], str]:
    """All under one act; where one is refused, each for itself. Gives what stood against each event."""
    if not facts:
        return {}, ""
    try:
        return {}, _entered(services, subject, facts.values())
    except Refused as refused:
        if len(facts) == 1:
            return dict.fromkeys(facts, refused.refusals[0]), ""
    against: dict[str, Refusal | None] = {}
    act = ""
    for event, fact in facts.items():
        try:
            act = _entered(services, subject, [fact])
        except Refused as refused:
            against[event] = refused.refusals[0]
        except NotFound:
            against[event] = None
    return against, act


def _entered(services: Services, subject: Subject, facts: Iterable[Fact]) -> str:
    receipt = services.books.enter(subject, list(facts), act="meeting_count")
    services.books_changed()
    return receipt.act


def _told(one: Counted, against: Mapping[str, Refusal | None], act: str) -> Counted:
    if one.outcome != "counted":
        return one
    if one.event not in against:
        return Counted(one.event, one.code, "counted", one.carrier, one.short, one.attendee, one.left, act=act)
    refusal = against[one.event]
    said = (refusal,) if refusal is not None else ()
    outcome: Outcome = "refused" if said else "unknown"
    return Counted(one.event, one.code, outcome, one.carrier, one.short, one.attendee, refusals=said)


def undo(services: Services, subject: Subject, matter: Matter) -> Counted | None:
    """Take back the newest count; None where there is none. Raises Refused, NotFound."""
    with services.database.reading() as connection:
        counted = [line for line in queries.all_lines(connection, matter.id, ("counted_in",)) if line.label]
        newest = max(counted, key=lambda line: line.sequence, default=None)
        items = queries.carriers_by_id(connection, subject, [newest.carrier] if newest else [])
    if newest is None:
        return None
    fact = CountUndone(newest.carrier, matter.id, int(newest.label), newest.person)
    act = _entered(services, subject, [fact])
    room = _Room(matter, {newest.carrier: newest}, items)
    whose = room.body.attendee(int(newest.label))
    return Counted("", "", "counted", newest.carrier, room.short(newest.carrier), whose, act=act)
