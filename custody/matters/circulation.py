"""Matters of letter c: a folder that goes round from the registry (clause c.3), and the sheet of a briefing (c.4)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from custody.entries import Entry, Fact
from custody.entries.circulation import (
    BriefingCancelled,
    BriefingHeld,
    BriefingOpened,
    CirculationClosed,
    CirculationLeftOut,
    CirculationListed,
    CirculationOpened,
    CirculationPutBack,
    Guest,
    LegEnded,
    LegStarted,
    ListenerRegistered,
    ListenerStruckOff,
    ReaderPassedOver,
    RulesAcknowledged,
)
from custody.matters.model import SAME, Line, Matter, MatterKind
from custody.values import Instant

# Circulation.

LISTED, WITH_READER, AT_REGISTRY, DONE = "listed", "with_reader", "at_registry", "done"
PASSED_ON = "passed_on"
"""Label of a line that came back by another hand than its reader's."""


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A reader who does not get the folder."""

    reader: int
    reason: str


@dataclass(frozen=True, slots=True)
class Leg:
    """One carrier's way to one reader and back. `brought_by` another than the reader: it was passed on directly;
    None where it ended without being brought back: lost on the way, and found or left out.
    """

    carrier: int
    reader: int
    started_at: Instant
    due_at: Instant
    ended_at: Instant | None = None
    brought_by: int | None = None
    pages_counted: int | None = None


@dataclass(frozen=True, slots=True)
class Circulation:
    """What a circulation is: the readers in their order, and every leg so far.

    Of a line: `person` is the reader who has the carrier or had it last, `due_at` the end of the leg, `label` is
    `passed_on` where another than the reader brought it back, `pages` were counted then.
    """

    readers: tuple[int, ...]
    leg_days: int
    purpose: str
    passed_over: tuple[PassedOver, ...] = ()
    legs: tuple[Leg, ...] = ()
    remark: str = ""

    def next_reader(self, carrier: int) -> int | None:
        """Whose turn it is with a carrier: first in the order who neither had it nor was passed over."""
        gone = {leg.reader for leg in self.legs if leg.carrier == carrier} | {one.reader for one in self.passed_over}
        return next((reader for reader in self.readers if reader not in gone), None)


def _circulation(body: Circulation | None, fact: Fact, entry: Entry) -> Circulation:
    if isinstance(fact, CirculationOpened):
        return Circulation(fact.readers, fact.leg_days, fact.purpose)
    assert body is not None
    match fact:
        case LegStarted(carrier=carrier, reader=reader, due_at=due_at):
            legs = _ended(body.legs, carrier, None, None, entry.happened_at)
            return replace(body, legs=(*legs, Leg(carrier, reader, entry.happened_at, due_at)))
        case LegEnded(carrier=carrier, brought_by=brought_by, pages_counted=pages):
            return replace(body, legs=_ended(body.legs, carrier, brought_by, pages, entry.happened_at))
        case CirculationPutBack(carrier=carrier) | CirculationLeftOut(carrier=carrier):
            return replace(body, legs=_ended(body.legs, carrier, None, None, entry.happened_at))
        case ReaderPassedOver(reader=reader, reason=reason):
            return replace(body, passed_over=(*body.passed_over, PassedOver(reader, reason)))
        case CirculationClosed(remark=remark):
            return replace(body, remark=remark)
        case _:
            return body


def _ended(
    legs: tuple[Leg, ...], carrier: int, brought_by: int | None, pages: int | None, at: Instant
) -> tuple[Leg, ...]:
    """The legs with the carrier's open one ended; as they were where none is open."""
    return tuple(
        replace(leg, ended_at=at, brought_by=brought_by, pages_counted=pages)
        if leg.carrier == carrier and leg.ended_at is None
        else leg
        for leg in legs
    )


def _circulation_line(line: Line | None, fact: Fact, _entry: Entry) -> Line | None:
    if line is None:
        return None
    match fact:
        case LegStarted(reader=reader, due_at=due_at):
            return replace(line, person=reader, due_at=due_at, label="", pages=None)
        case LegEnded(brought_by=brought_by, pages_counted=pages):
            return replace(line, due_at=None, pages=pages, label="" if brought_by == line.person else PASSED_ON)
        case _:
            return replace(line, due_at=None)


def _readers(matter: Matter) -> Iterable[tuple[int, str]]:
    body: Circulation = matter.body
    return {(reader, "reader") for reader in body.readers}


# Briefings.

ANNOUNCED, HELD, CANCELLED = "announced", "held", "cancelled"
NOTES = ("forbidden", "registered", "allowed")
"""Rules on notes: none, only in notebooks that the registry keeps, allowed."""
EQUIPMENT_NONE = "none"
EQUIPMENT = (EQUIPMENT_NONE, "wired_microphone", "wired_screen", "offline_computer")
"""Equipment that may carry what is told: nothing of it leaves the room by air."""
EQUIPMENT_FORBIDDEN = ("wireless_microphone", "wireless_screen", "hearing_loop", "networked_computer", "phone")
"""Equipment that a briefing must not use (clause c.4: wireless microphones and whatever protects nothing)."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Somebody admitted: a person of the directory or a guest; when the rules were acknowledged, if they were."""

    person: int | None
    guest: Guest | None
    registered_at: Instant
    acknowledged_at: Instant | None = None

    def same(self, person: int | None, guest: str) -> bool:
        """Whether this is that person, or the guest of that name."""
        if self.guest is not None:
            return person is None and self.guest.name == guest
        return person is not None and self.person == person


@dataclass(frozen=True, slots=True)
class Briefing:
    """What a briefing sheet says."""

    topic: str
    place: int
    starts_at: Instant
    speaker: int
    in_charge: int
    notes: str
    recording: bool
    video: bool
    equipment: tuple[str, ...]
    carriers: tuple[int, ...]
    remark: str = ""
    listeners: tuple[Listener, ...] = ()
    outcome: str = ""


def _briefing(body: Briefing | None, fact: Fact, entry: Entry) -> Briefing:
    if isinstance(fact, BriefingOpened):
        return Briefing(
            topic=fact.topic,
            place=fact.place,
            starts_at=fact.starts_at,
            speaker=fact.speaker,
            in_charge=fact.in_charge,
            notes=fact.notes,
            recording=fact.recording,
            video=fact.video,
            equipment=fact.equipment,
            carriers=fact.carriers,
            remark=fact.remark,
        )
    assert body is not None
    match fact:
        case ListenerRegistered(listener=person, guest=guest):
            return replace(body, listeners=(*body.listeners, Listener(person, guest, entry.happened_at)))
        case ListenerStruckOff(listener=person, guest=name):
            return replace(body, listeners=tuple(one for one in body.listeners if not one.same(person, name)))
        case RulesAcknowledged(listener=person):
            return replace(
                body,
                listeners=tuple(
                    replace(one, acknowledged_at=entry.happened_at) if one.same(person, "") else one
                    for one in body.listeners
                ),
            )
        case BriefingHeld(remark=said) | BriefingCancelled(reason=said):
            return replace(body, outcome=said)
        case _:
            return body


def _starts_at(body: Briefing) -> Instant | None:
    return body.starts_at


def _listeners(matter: Matter) -> Iterable[tuple[int, str]]:
    body: Briefing = matter.body
    heard = {(one.person, "listener") for one in body.listeners if one.person is not None}
    return heard | {(body.speaker, "speaker"), (body.in_charge, "in_charge")}


KINDS: tuple[MatterKind, ...] = (
    MatterKind(
        key="circulation",
        opened=CirculationOpened,
        body_type=Circulation,
        transitions={
            CirculationOpened: {None: "draft"},
            CirculationListed: {"draft": SAME},
            LegStarted: {"approved": "circulating", "circulating": SAME},
            LegEnded: {"circulating": SAME},
            ReaderPassedOver: {"approved": SAME, "circulating": SAME},
            CirculationPutBack: {"circulating": SAME},
            CirculationLeftOut: {"circulating": SAME},
            CirculationClosed: {"circulating": "closed"},
        },
        body=_circulation,
        lines={
            CirculationListed: {None: LISTED},
            # From hand to hand is no state that cannot be: it is what clause c.3 refuses, in its own words.
            LegStarted: {LISTED: WITH_READER, AT_REGISTRY: WITH_READER, WITH_READER: SAME},
            LegEnded: {WITH_READER: AT_REGISTRY},
            CirculationPutBack: {LISTED: DONE, AT_REGISTRY: DONE, WITH_READER: DONE},
            CirculationLeftOut: {LISTED: DONE, AT_REGISTRY: DONE, WITH_READER: DONE},
        },
        line=_circulation_line,
        ends=frozenset({"closed"}),
        binds=True,
        route="circulation",
        lists_first=True,
        parties=_readers,
    ),
    MatterKind(
        key="briefing",
        opened=BriefingOpened,
        body_type=Briefing,
        transitions={
            BriefingOpened: {None: ANNOUNCED},
            ListenerRegistered: {ANNOUNCED: SAME},
            ListenerStruckOff: {ANNOUNCED: SAME},
            RulesAcknowledged: {ANNOUNCED: SAME},
            BriefingHeld: {ANNOUNCED: HELD},
            BriefingCancelled: {ANNOUNCED: CANCELLED},
        },
        body=_briefing,
        ends=frozenset({HELD, CANCELLED}),
        due=_starts_at,
        parties=_listeners,
    ),
)
