"""Facts of letter j: entry to rated places, and what people undertake and acknowledge."""

from dataclasses import dataclass
from typing import ClassVar

from custody.entries.model import Fact, MatterFact, MatterOpened
from custody.values import Instant


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who has no business of his own in the place. `person` where he is of the house; his name, body and
    document (kind and number of what he showed) are kept as they were told.

    `locker`: where his phone was deposited; `no_phone`: he declared to carry none (rule 4).
    """

    name: str
    body: str
    document: str
    person: int | None = None
    locker: str = ""
    no_phone: bool = False


@dataclass(frozen=True, slots=True)
class VisitOpened(MatterOpened):
    """Visitors went into a rated place together, with whom and why (clause j.1).

    `declared`: no phones, no video calls, told at the door and signed for by the escort (rule 5). `until`: the end of
    the day, by which everybody is out.
    """

    kind: ClassVar[str] = "visit_opened"
    place: int
    escort: int | None
    purpose: str
    visitors: tuple[Visitor, ...]
    declared: bool
    until: Instant
    exposed: tuple[int, ...] = ()
    """Carriers that were heard in the open there as they stood at the door; where there are any, nobody goes in."""


@dataclass(frozen=True, slots=True)
class CleaningOpened(MatterOpened):
    """Cleaners went into a rated place (rule 9): papers put away first, the windows open.

    `work`: cleaning or disinfection. `ventilation`: windows, or mechanical where there are none to open.
    """

    kind: ClassVar[str] = "cleaning_opened"
    place: int
    escort: int | None
    work: str
    visitors: tuple[Visitor, ...]
    declared: bool
    put_away: bool
    ventilation: str
    until: Instant
    remark: str = ""
    exposed: tuple[int, ...] = ()
    """Carriers that were heard in the open there as they stood at the door; where there are any, nobody goes in."""


@dataclass(frozen=True, slots=True)
class RoomChecked(MatterOpened):
    """A rated room was checked before cleaners or visitors go in (rule 9): `verdict` go or no_go.

    `in_use`: carriers that the books have there and not put away. `heard`: heard there in the open. `unclear`: in the
    hands of those whose room it is, or heard there for a moment, and heard nowhere else. `put_away`: how many were
    heard locked in. `coverage`: covered, partly, not_covered: how far the antennas of the room (`listening` of
    `antennas`) were listening, through `heard_through`. `by_eye`: what the signer saw where the radio does not say.
    """

    kind: ClassVar[str] = "room_checked"
    place: int
    verdict: str
    in_use: tuple[int, ...]
    heard: tuple[int, ...]
    unclear: tuple[int, ...]
    put_away: int
    coverage: str
    antennas: int
    listening: int
    heard_through: Instant | None
    valid_until: Instant
    by_eye: str = ""


@dataclass(frozen=True, slots=True)
class VisitorLeft(MatterFact):
    """A visitor went out. `visitor`: his number on the sheet, from 1; `emptied`: he took his phone back (rule 4)."""

    kind: ClassVar[str] = "visitor_left"
    visitor: int
    emptied: bool


@dataclass(frozen=True, slots=True)
class EscortChanged(MatterFact):
    """Another person took over as escort, and signed for it (clause j.1)."""

    kind: ClassVar[str] = "escort_changed"
    escort: int
    reason: str


@dataclass(frozen=True, slots=True)
class VisitEnded(MatterFact):
    """Everybody is out."""

    kind: ClassVar[str] = "visit_ended"
    remark: str = ""


@dataclass(frozen=True, slots=True)
class InstructionIssued(Fact):
    """The secrecy office issued a text to be signed for; everybody signs the new one (clause j.2, rule 5)."""

    kind: ClassVar[str] = "instruction_issued"
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Acknowledged(Fact):
    """A person signed for a text: the undertaking, the yearly instruction, a reminder (clause j.2, rules 4, 5, 7)."""

    kind: ClassVar[str] = "acknowledged"
    person: int
    subject: str
    text: str
