"""The hand-out, scan by scan: a copy, then a badge or a seat; each pair is entered at once (clause h.2).

What waits for a person lies in the page, nothing else does: whoever's badge comes, or whose seat is named, is handed
all that waits. Nothing is guessed: what is on no list, not with the secretary, or named by several, is told as such.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from api.acts.codes import resolve
from api.acts.meeting_papers import called_attendee
from api.acts.model import Ground
from custody.entries import Fact, Signature
from custody.entries.meetings import HandedOut, HandOutUndone
from custody.matters import Line
from custody.matters.meetings import Attendee, Meeting
from custody.store import queries
from custody.store.queries import CarrierItem

_SEAT = re.compile(r"(?:@|席位?|座|seat[:=]?)\s*(\S{1,12})", re.IGNORECASE)
"""A seat, told from what a paper is called: `@12`, `席12`, `seat 12`."""
WITH_SECRETARY = ("brought", "counted_in")


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a scan. `sound`: new, repeated, wrong, done."""

    key: str
    sound: str
    params: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The papers that wait for a person, in the order in which they were scanned."""

    carriers: tuple[int, ...] = ()
    told: tuple[Told, ...] = ()
    to: Attendee | None = None
    """To whom all of them are handed now."""

    def says(self, key: str, sound: str, **params: str | int) -> "Waiting":
        """The same, and what came of a scan."""
        return replace(self, told=(*self.told, Told(key, sound, params)))


@dataclass(frozen=True, slots=True)
class Room:
    """A meeting's papers, as far as the secretary sees them."""

    ground: Ground
    lines: Mapping[int, Line]
    items: Mapping[int, CarrierItem]

    @property
    def body(self) -> Meeting:
        """The meeting."""
        body: Meeting = self.ground.the_matter.body
        return body

    def short(self, carrier: int) -> str:
        """What a paper is called at the meeting."""
        item = self.items.get(carrier)
        return self.body.short(item.control_number, item.copy_number) if item else ""

    def named(self, code: str) -> list[int]:
        """The papers that a short name may mean."""
        plain = code.strip().upper()
        exact = [one for one in self.items if self.short(one) == plain]
        return exact or [
            one for one, item in self.items.items() if plain.isdecimal() and item.copy_number == int(plain)
        ]


def room_of(ground: Ground) -> Room:
    """The meeting with its papers."""
    with ground.reading() as connection:
        lines = {line.carrier: line for line in queries.all_lines(connection, ground.the_matter.id)}
        items = queries.carriers_by_id(connection, ground.subject, list(lines))
    return Room(ground, lines, items)


def put(room: Room, waiting: Waiting, codes: Iterable[str]) -> Waiting:
    """Take in codes, in order, until one names a person; what is behind that waits for the next turn."""
    for code in codes:
        waiting = _put_one(room, waiting, code)
        if waiting.to is not None:
            break
    return waiting


def _put_one(room: Room, waiting: Waiting, code: str) -> Waiting:
    badge = room.ground.directory.badges.get("".join(c for c in code.upper() if c not in " -:."))
    if badge is not None:
        if not badge.valid:
            return waiting.says("withdrawn", "wrong")
        return to(room, waiting, next((one for one in room.body.attendees if one.person == badge.person), None))
    seat = _SEAT.fullmatch(code.strip())
    if seat is not None:
        return to(room, waiting, room.body.on_seat(seat[1]))
    return _paper(room, waiting, code)


def to(room: Room, waiting: Waiting, one: Attendee | None) -> Waiting:
    """A person came: what waits is his."""
    if one is None:
        return waiting.says("not_listed", "wrong")
    name = called_attendee(room.ground, one)
    if not waiting.carriers:
        return waiting.says("paper_first", "wrong", name=name)
    return replace(waiting, to=one)


def _paper(room: Room, waiting: Waiting, code: str) -> Waiting:
    named = room.named(code)
    if len(named) > 1:
        return waiting.says("ambiguous", "wrong", code=code)
    if named:
        carrier = named[0]
    else:
        with room.ground.reading() as connection:
            item = resolve(connection, room.ground.subject, code)
        if item is None:
            return waiting.says("unknown", "wrong", code=code)
        carrier = item.id
    line = room.lines.get(carrier)
    if line is None:
        return waiting.says("stranger", "wrong", code=code)
    paper = room.short(carrier)
    if carrier in waiting.carriers:
        return waiting.says("again", "repeated", paper=paper)
    if line.state == "handed_out":
        one = room.body.attendee(int(line.label)) if line.label else None
        return waiting.says("out", "wrong", paper=paper, name=called_attendee(room.ground, one) if one else "")
    if line.state not in WITH_SECRETARY:
        return waiting.says("gone", "wrong", paper=paper)
    return replace(waiting, carriers=(*waiting.carriers, carrier)).says("waits", "new", paper=paper)


def facts_of(room: Room, waiting: Waiting) -> list[Fact]:
    """The hand-out of what waits to whom it was waiting for."""
    assert waiting.to is not None
    matter = room.ground.the_matter.id
    return [HandedOut(carrier, matter, waiting.to.number, waiting.to.person) for carrier in waiting.carriers]


def newest(room: Room) -> Line | None:
    """The line handed out last."""
    out = [line for line in room.lines.values() if line.state == "handed_out"]
    return max(out, key=lambda line: line.sequence, default=None)


def undone(room: Room) -> list[Fact]:
    """The newest hand-out taken back, with all that was handed out in the same act."""
    last = newest(room)
    if last is None:
        return []
    with room.ground.services.database.reading() as connection:
        entries = queries.entries_of_matter(connection, room.ground.the_matter.id)
    act = next((one.act for one in entries if one.sequence == last.sequence), "")
    together = {one.fact.carrier for one in entries if one.act == act and isinstance(one.fact, HandedOut)} or {
        last.carrier
    }
    return [
        HandOutUndone(carrier, room.ground.the_matter.id, int(line.label), line.person)
        for carrier in sorted(together)
        if (line := room.lines.get(carrier)) is not None and line.state == "handed_out" and line.label
    ]


def enter(ground: Ground, facts: Sequence[Fact], signatures: tuple[Signature, ...]) -> Any:
    """Enter a hand-out, or its taking back. Raises Refused, NotFound."""
    receipt = ground.services.books.enter(ground.subject, list(facts), act="meeting_hand_out", signatures=signatures)
    ground.services.books_changed()
    return receipt
