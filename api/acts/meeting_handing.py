"""The hand-out, scan by scan: a copy and a person, in either order; each pair is entered at once (clause h.2).

Copy first: what waits lies in the page, and whoever's badge comes, or whose seat is named, is handed all of it. Person
first: the next copy of each title is proposed, and handed out as it is scanned; only what was proposed goes that way,
so that a copy scanned for the next person is never handed to the one before. Nothing is guessed: what is on no list,
not with the secretary, or named by several, is told as such.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from api.acts.codes import resolve
from api.acts.meeting_papers import called_attendee
from api.acts.model import Ground
from custody.entries import Fact, Signature
from custody.entries.meetings import AttendeeEntered, HandedOut, HandOutUndone
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
    """The papers that wait for a person, in the order in which they were scanned.

    `at_desk`: number on the list of a person who waits for papers; 0: nobody. `arrivals`: whoever comes from outside
    is entered as arrived, the phone left outside.
    """

    carriers: tuple[int, ...] = ()
    told: tuple[Told, ...] = ()
    to: Attendee | None = None
    """To whom all of them are handed now."""
    at_desk: int = 0
    arrivals: bool = False
    enters: Attendee | None = None
    """Who comes in now."""

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
    def out(self) -> list[Line]:
        """The lines of papers in somebody's hands."""
        return [line for line in self.lines.values() if line.state == "handed_out" and line.carrier in self.items]

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
        if waiting.to is not None or waiting.enters is not None:
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
    """A person came: what waits is his; where nothing does, the next copies are proposed."""
    if one is None:
        return waiting.says("not_listed", "wrong")
    if not one.inside and waiting.arrivals:
        return replace(waiting, enters=one)
    if waiting.carriers:
        return replace(waiting, to=one, at_desk=0)
    name = called_attendee(room.ground, one)
    if not one.inside:
        return replace(waiting, at_desk=0).says("not_inside", "wrong", name=name)
    next_ones = proposed(room, one)
    if not next_ones:
        said = "has_all" if any(line.label == str(one.number) for line in room.out) else "paper_first"
        return replace(waiting, at_desk=0).says(said, "wrong", name=name)
    return replace(waiting, at_desk=one.number).says("next", "new", seat=one.seat, name=name)


def proposed(room: Room, one: Attendee) -> tuple[int, ...]:
    """The next copy of each title that he has none of: that of his own seat, else the lowest that is nobody's seat."""
    has = {room.items[line.carrier].control_number for line in room.out if line.label == str(one.number)}
    seats = {other.seat for other in room.body.attendees}
    found = []
    for title in room.body.titles:
        free = [
            item
            for carrier, item in room.items.items()
            if item.control_number == title and room.lines[carrier].state in WITH_SECRETARY
        ]
        if free and title not in has:
            rank = {item.id: (str(item.copy_number) != one.seat, str(item.copy_number) in seats) for item in free}
            found.append(min(free, key=lambda item: (*rank[item.id], item.copy_number)).id)
    return tuple(found)


def given(room: Room, waiting: Waiting) -> Waiting:
    """All that is proposed to the person at the desk is handed out without scanning each."""
    one = room.body.attendee(waiting.at_desk)
    if one is None or not proposed(room, one):
        return replace(waiting, at_desk=0).says("nothing", "wrong")
    return replace(waiting, carriers=proposed(room, one), to=one)


def handed(room: Room, waiting: Waiting, count: int) -> Waiting:
    """What is left on the desk after a hand-out: the person too, where he came first and more is proposed."""
    assert waiting.to is not None
    one = waiting.to
    stays = one.number if waiting.at_desk == one.number and proposed(room, one) else 0
    left = Waiting((), waiting.told, at_desk=stays, arrivals=waiting.arrivals)
    return left.says("handed", "done", n=count, name=called_attendee(room.ground, one), seat=one.seat)


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
    one = room.body.attendee(waiting.at_desk)
    if one is not None and carrier in proposed(room, one):
        return replace(waiting, carriers=(carrier,), to=one)
    return replace(waiting, carriers=(*waiting.carriers, carrier), at_desk=0).says("waits", "new", paper=paper)


def arrival(room: Room, one: Attendee) -> list[Fact]:
    """That he came in, the phone left outside (clause h.1, daily rule 4)."""
    return [AttendeeEntered(room.ground.the_matter.id, one.number, phones_left=True)]


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


def enter(
    ground: Ground, facts: Sequence[Fact], signatures: tuple[Signature, ...], act: str = "meeting_hand_out"
) -> Any:
    """Enter a hand-out, its taking back, or an arrival. Raises Refused, NotFound."""
    receipt = ground.services.books.enter(ground.subject, list(facts), act=act, signatures=signatures)
    ground.services.books_changed()
    return receipt
