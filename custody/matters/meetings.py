"""Matters of meetings: the list of attendees, where every paper is, what was swept, what is short.

Statuses: draft, asked, approved (as every matter with approval), in_session, counting (the session is over, the
inventory goes on), settled (every paper accounted for; deposits may be outstanding), closed.
Lines: brought (with the secretary), handed_out (person, and his number on the list as label), counted_in, taken_back
(due_at: to be deposited by), deposited, incident, returned (at the registry).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from custody.entries import Entry, Fact
from custody.entries.meetings import (
    AttendeeEntered,
    AttendeeLeft,
    AttendeeListed,
    AttendeeSeated,
    AttendeeStruck,
    CountedIn,
    CountUndone,
    Deposited,
    HandedOut,
    HandOutUndone,
    IncidentSigned,
    MeetingBegun,
    MeetingClosed,
    MeetingConvened,
    MeetingEnded,
    MeetingSettled,
    PaperBrought,
    PaperIncomplete,
    PaperMissing,
    PaperRecovered,
    PaperReturned,
    PlaceSwept,
    SecretaryTookOver,
    TakenBack,
)
from custody.matters.model import SAME, Line, Matter, MatterKind, Transitions
from custody.values import Instant, Scope

DRAFT, APPROVED = "draft", "approved"
IN_SESSION, COUNTING, SETTLED, CLOSED = "in_session", "counting", "settled", "closed"
BROUGHT, HANDED_OUT, COUNTED_IN, TAKEN_BACK = "brought", "handed_out", "counted_in", "taken_back"
DEPOSITED, INCIDENT, RETURNED = "deposited", "incident", "returned"
IN_ROOM = (BROUGHT, HANDED_OUT, COUNTED_IN)
"""States of papers that nobody has answered for yet: with these a meeting is not settled (clause h.3)."""


@dataclass(frozen=True, slots=True)
class Attendee:
    """One on the list. `number` names him; `papers` are those in his hands."""

    number: int
    seat: str
    person: int | None = None
    name: str = ""
    unit_name: str = ""
    letter: str = ""
    cleared_for: str = ""
    attested_by: int | None = None
    papers: int = 0
    entered_at: Instant | None = None
    left_at: Instant | None = None

    @property
    def inside(self) -> bool:
        """Whether he came in and has not gone out since."""
        return self.entered_at is not None and self.left_at is None


@dataclass(frozen=True, slots=True)
class Swept:
    """One search of a place; `lodging` empty: the venue."""

    lodging: str
    by: int
    at: Instant
    found: int


@dataclass(frozen=True, slots=True)
class Incident:
    """Papers short at the end, as it was signed."""

    number: int
    shortness: str
    carriers: tuple[int, ...]
    at: Instant
    act: str


def _letters(index: int) -> str:
    """A, B, … Z, AA, AB, …"""
    found = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        found = chr(ord("A") + rest) + found
    return found


@dataclass(frozen=True, slots=True)
class Meeting:
    """What only a meeting knows. `in_charge` is the secretary, or the deputy who took over."""

    subject: str
    venue: int
    starts_at: Instant
    ends_at: Instant
    chair: int
    secretary: int
    deputy: int
    in_charge: int
    scope: Scope
    seats: int
    lodgings: tuple[str, ...]
    recording: str
    notes: str
    phones_deposited: bool
    pages_counted: bool
    take_back: bool
    attendees: tuple[Attendee, ...] = ()
    titles: tuple[str, ...] = ()
    """Control numbers in the order in which they first came: the first is A, or nothing where it stays the only one."""
    swept: tuple[Swept, ...] = ()
    incidents: tuple[Incident, ...] = ()
    begun_at: Instant | None = None
    ended_at: Instant | None = None
    settled_at: Instant | None = None

    def attendee(self, number: int) -> Attendee | None:
        """The one of this number on the list."""
        return next((one for one in self.attendees if one.number == number), None)

    def on_seat(self, seat: str) -> Attendee | None:
        """Who sits there."""
        return next((one for one in self.attendees if one.seat == seat), None)

    def short(self, control_number: str, copy_number: int) -> str:
        """What a paper is called at this meeting: its copy number, after the letter of its title where several came."""
        if len(self.titles) < 2 or control_number not in self.titles:
            return str(copy_number)
        return f"{_letters(self.titles.index(control_number))}{copy_number}"

    @property
    def unswept(self) -> tuple[str, ...]:
        """Places not swept since the session ended; the venue is the empty name."""
        done = {one.lodging for one in self.swept}
        return tuple(name for name in ("", *self.lodgings) if name not in done)


TRANSITIONS: Transitions = {
    MeetingConvened: {None: DRAFT},
    AttendeeListed: dict.fromkeys((DRAFT, APPROVED, IN_SESSION), SAME),
    AttendeeStruck: dict.fromkeys((DRAFT, APPROVED, IN_SESSION), SAME),
    AttendeeSeated: dict.fromkeys((DRAFT, APPROVED, IN_SESSION), SAME),
    AttendeeEntered: dict.fromkeys((APPROVED, IN_SESSION), SAME),
    AttendeeLeft: dict.fromkeys((APPROVED, IN_SESSION, COUNTING), SAME),
    SecretaryTookOver: dict.fromkeys((APPROVED, IN_SESSION, COUNTING, SETTLED), SAME),
    MeetingBegun: {APPROVED: IN_SESSION},
    MeetingEnded: {IN_SESSION: COUNTING},
    PlaceSwept: {COUNTING: SAME},
    # Before the session where it never came to one, and after the settlement for what was taken back and is lost.
    IncidentSigned: dict.fromkeys((APPROVED, COUNTING, SETTLED), SAME),
    MeetingSettled: {COUNTING: SETTLED},
    MeetingClosed: {SETTLED: CLOSED},
    # Papers: brought before or during the session, handed out during it, counted in at any time.
    PaperBrought: dict.fromkeys((APPROVED, IN_SESSION), SAME),
    HandedOut: dict.fromkeys((APPROVED, IN_SESSION), SAME),
    HandOutUndone: dict.fromkeys((APPROVED, IN_SESSION), SAME),
    CountedIn: dict.fromkeys((APPROVED, IN_SESSION, COUNTING), SAME),
    CountUndone: dict.fromkeys((APPROVED, IN_SESSION, COUNTING), SAME),
    TakenBack: dict.fromkeys((IN_SESSION, COUNTING), SAME),
    Deposited: dict.fromkeys((IN_SESSION, COUNTING, SETTLED), SAME),
    PaperReturned: dict.fromkeys((APPROVED, IN_SESSION, COUNTING), SAME),
    PaperMissing: dict.fromkeys((APPROVED, COUNTING, SETTLED), SAME),
    PaperIncomplete: {COUNTING: SAME},
    PaperRecovered: {COUNTING: SAME},
}

LINES: Transitions = {
    PaperBrought: {None: BROUGHT, RETURNED: BROUGHT},
    HandedOut: {BROUGHT: HANDED_OUT, COUNTED_IN: HANDED_OUT},
    HandOutUndone: {HANDED_OUT: BROUGHT},
    CountedIn: {HANDED_OUT: COUNTED_IN},
    CountUndone: {COUNTED_IN: HANDED_OUT},
    TakenBack: {HANDED_OUT: TAKEN_BACK},
    Deposited: {TAKEN_BACK: DEPOSITED},
    # From an attendee's hands, or out of an incident, only where it was found outside the meeting: a rule says so.
    PaperReturned: dict.fromkeys((*IN_ROOM, INCIDENT), RETURNED),
    PaperMissing: dict.fromkeys((*IN_ROOM, TAKEN_BACK), INCIDENT),
    PaperIncomplete: {HANDED_OUT: COUNTED_IN},
    PaperRecovered: {INCIDENT: COUNTED_IN},
}


def _convened(fact: MeetingConvened) -> Meeting:
    return Meeting(
        subject=fact.subject,
        venue=fact.venue,
        starts_at=fact.starts_at,
        ends_at=fact.ends_at,
        chair=fact.chair,
        secretary=fact.secretary,
        deputy=fact.deputy,
        in_charge=fact.secretary,
        scope=fact.scope,
        seats=fact.seats,
        lodgings=fact.lodgings,
        recording=fact.recording,
        notes=fact.notes,
        phones_deposited=fact.phones_deposited,
        pages_counted=fact.pages_counted,
        take_back=fact.take_back,
    )


def _listed(body: Meeting, fact: AttendeeListed, entry: Entry) -> Meeting:
    new = Attendee(
        number=fact.attendee,
        seat=fact.seat,
        person=fact.person,
        name=fact.name,
        unit_name=fact.unit_name,
        letter=fact.letter,
        cleared_for=fact.cleared_for,
        attested_by=entry.by if fact.person is None else None,
    )
    return replace(body, attendees=(*body.attendees, new))


def _struck(body: Meeting, fact: AttendeeStruck, _entry: Entry) -> Meeting:
    return replace(body, attendees=tuple(one for one in body.attendees if one.number != fact.attendee))


def _changed(body: Meeting, number: int, **changes: Any) -> Meeting:
    return replace(
        body, attendees=tuple(replace(one, **changes) if one.number == number else one for one in body.attendees)
    )


def _seated(body: Meeting, fact: AttendeeSeated, _entry: Entry) -> Meeting:
    was = body.attendee(fact.attendee)
    if was is not None and fact.instead_of is not None:
        body = _changed(body, fact.instead_of, seat=was.seat)
    return _changed(body, fact.attendee, seat=fact.seat)


def _entered(body: Meeting, fact: AttendeeEntered, entry: Entry) -> Meeting:
    return _changed(body, fact.attendee, entered_at=entry.happened_at, left_at=None)


def _left(body: Meeting, fact: AttendeeLeft, entry: Entry) -> Meeting:
    return _changed(body, fact.attendee, left_at=entry.happened_at)


def _taken_over(body: Meeting, fact: SecretaryTookOver, _entry: Entry) -> Meeting:
    return replace(body, in_charge=fact.person)


def _swept(body: Meeting, fact: PlaceSwept, entry: Entry) -> Meeting:
    return replace(body, swept=(*body.swept, Swept(fact.lodging, entry.by, entry.happened_at, len(fact.found))))


def _incident(body: Meeting, fact: IncidentSigned, entry: Entry) -> Meeting:
    new = Incident(fact.incident, fact.shortness, fact.carriers, entry.happened_at, entry.act)
    return replace(body, incidents=(*body.incidents, new))


def _brought(body: Meeting, fact: PaperBrought, _entry: Entry) -> Meeting:
    return body if fact.title_number in body.titles else replace(body, titles=(*body.titles, fact.title_number))


def _in_hands(step: int) -> Callable[[Meeting, Any, Entry], Meeting]:
    def papers(body: Meeting, fact: Any, _entry: Entry) -> Meeting:
        one = body.attendee(fact.attendee)
        return body if one is None else _changed(body, one.number, papers=one.papers + step)

    return papers


def _at(name: str) -> Callable[[Meeting, Any, Entry], Meeting]:
    def began_or_ended(body: Meeting, _fact: Any, entry: Entry) -> Meeting:
        at: dict[str, Any] = {name: entry.happened_at}
        return replace(body, **at)

    return began_or_ended


_BODY: Mapping[type[Fact], Callable[[Meeting, Any, Entry], Meeting]] = {
    AttendeeListed: _listed,
    AttendeeStruck: _struck,
    AttendeeSeated: _seated,
    AttendeeEntered: _entered,
    AttendeeLeft: _left,
    SecretaryTookOver: _taken_over,
    PlaceSwept: _swept,
    IncidentSigned: _incident,
    MeetingBegun: _at("begun_at"),
    MeetingEnded: _at("ended_at"),
    MeetingSettled: _at("settled_at"),
    PaperBrought: _brought,
    HandedOut: _in_hands(1),
    CountUndone: _in_hands(1),
    HandOutUndone: _in_hands(-1),
    CountedIn: _in_hands(-1),
    TakenBack: _in_hands(-1),
    PaperMissing: _in_hands(-1),
    PaperIncomplete: _in_hands(-1),
}


def _body(body: Meeting | None, fact: Fact, entry: Entry) -> Meeting:
    if isinstance(fact, MeetingConvened):
        return _convened(fact)
    assert body is not None  # the first entry of a matter opens it
    step = _BODY.get(type(fact))
    return body if step is None else step(body, fact, entry)


def _line(line: Line | None, fact: Fact, _entry: Entry) -> Line | None:
    if line is None:
        return None
    match fact:
        case PaperBrought() | HandOutUndone():
            return replace(line, person=None, label="", due_at=None, pages=None)
        case HandedOut(attendee=attendee, person=person):
            return replace(line, person=person, label=str(attendee), pages=None)
        case CountedIn(pages=pages) | PaperIncomplete(pages=pages):
            return replace(line, pages=pages)
        case CountUndone():
            return replace(line, pages=None)
        case TakenBack(due_at=due_at):
            return replace(line, due_at=due_at)
        case Deposited() | PaperMissing():
            return replace(line, due_at=None)
    return line


def _due(body: Meeting) -> Instant | None:
    return body.ends_at if body.settled_at is None else None


def _parties(matter: Matter) -> Iterable[tuple[int, str]]:
    # Attendees are none: each sees the papers in his own hands, not those that others were handed (clause c.1).
    body: Meeting = matter.body
    return ((body.chair, "chair"), (body.secretary, "secretary"), (body.deputy, "deputy"))


def _apart(matter: Matter) -> Iterable[int]:
    body: Meeting = matter.body
    return (body.secretary, body.deputy)


KINDS: tuple[MatterKind, ...] = (
    MatterKind(
        key="meeting",
        opened=MeetingConvened,
        body_type=Meeting,
        transitions=TRANSITIONS,
        body=_body,
        lines=LINES,
        line=_line,
        ends=frozenset({CLOSED}),
        binds=True,
        route="meeting",
        due=_due,
        parties=_parties,
        apart=_apart,
    ),
)
