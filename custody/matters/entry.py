"""Matters of letter j: a visit to a rated place, and cleaning there, over when everybody is out; and the check of the
room before, which is over as soon as it is signed: it holds for some minutes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from custody.entries import Entry, Fact
from custody.entries.entry import (
    CleaningOpened,
    EscortChanged,
    RoomChecked,
    VisitEnded,
    VisitOpened,
    Visitor,
    VisitorLeft,
)
from custody.matters.model import SAME, Matter, MatterKind
from custody.values import Instant

INSIDE, OVER = "inside", "over"
WORKS = ("cleaning", "disinfection")
VENTILATIONS = ("windows", "mechanical")


@dataclass(frozen=True, slots=True)
class Entrant:
    """A line of the register of entry: who, when in, when out."""

    visitor: Visitor
    entered_at: Instant
    left_at: Instant | None = None

    @property
    def inside(self) -> bool:
        """Whether he has not gone out."""
        return self.left_at is None


@dataclass(frozen=True, slots=True)
class Visit:
    """What the register of entry keeps of those who went in together. `escorts`: all, the present one last."""

    place: int
    escorts: tuple[int, ...]
    purpose: str
    entrants: tuple[Entrant, ...]
    until: Instant
    work: str = ""
    ventilation: str = ""
    remark: str = ""

    @property
    def escort(self) -> int | None:
        """Who answers for them now."""
        return self.escorts[-1] if self.escorts else None

    @property
    def inside(self) -> int:
        """How many are still in."""
        return sum(1 for one in self.entrants if one.inside)

    def entrant(self, number: int) -> Entrant | None:
        """The one of this number on the sheet, from 1."""
        return self.entrants[number - 1] if 1 <= number <= len(self.entrants) else None


def _visit(body: Visit | None, fact: Fact, entry: Entry) -> Visit:
    if isinstance(fact, VisitOpened | CleaningOpened):
        return Visit(
            place=fact.place,
            escorts=() if fact.escort is None else (fact.escort,),
            purpose=fact.purpose if isinstance(fact, VisitOpened) else "",
            entrants=tuple(Entrant(one, entry.happened_at) for one in fact.visitors),
            until=fact.until,
            work=fact.work if isinstance(fact, CleaningOpened) else "",
            ventilation=fact.ventilation if isinstance(fact, CleaningOpened) else "",
            remark=fact.remark if isinstance(fact, CleaningOpened) else "",
        )
    assert body is not None
    match fact:
        case VisitorLeft(visitor=number):
            at = entry.happened_at
            return replace(
                body,
                entrants=tuple(
                    replace(one, left_at=at) if here == number else one for here, one in enumerate(body.entrants, 1)
                ),
            )
        case EscortChanged(escort=escort):
            return replace(body, escorts=(*body.escorts, escort))
        case VisitEnded(remark=remark) if remark:
            return replace(body, remark=remark)
        case _:
            return body


def _due(body: Visit) -> Instant | None:
    return body.until if body.inside else None


def _parties(matter: Matter) -> Iterable[tuple[int, str]]:
    body: Visit = matter.body
    return {(escort, "escort") for escort in body.escorts}


def _kind(key: str, opened: type[VisitOpened] | type[CleaningOpened]) -> MatterKind:
    return MatterKind(
        key=key,
        opened=opened,
        body_type=Visit,
        transitions={
            opened: {None: INSIDE},
            VisitorLeft: {INSIDE: SAME},
            EscortChanged: {INSIDE: SAME},
            VisitEnded: {INSIDE: OVER},
        },
        body=_visit,
        ends=frozenset({OVER}),
        due=_due,
        parties=_parties,
    )


GO, NO_GO = "go", "no_go"
COVERAGES = ("covered", "partly", "not_covered")
ROOM_CHECK = "room_check"


@dataclass(frozen=True, slots=True)
class RoomCheck:
    """What a check of a room found, as it was signed (see `custody.entries.entry.RoomChecked`)."""

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
    by_eye: str
    by: int
    at: Instant

    @property
    def goes(self) -> bool:
        """Whether it lets anybody in."""
        return self.verdict == GO


def _checked(body: RoomCheck | None, fact: Fact, entry: Entry) -> RoomCheck:
    if not isinstance(fact, RoomChecked):
        assert body is not None
        return body
    return RoomCheck(
        *(fact.place, fact.verdict, fact.in_use, fact.heard, fact.unclear, fact.put_away, fact.coverage),
        *(fact.antennas, fact.listening, fact.heard_through, fact.valid_until, fact.by_eye),
        *(entry.by, entry.happened_at),
    )


VISITS: tuple[MatterKind, ...] = (_kind("visit", VisitOpened), _kind("cleaning", CleaningOpened))
"""Those in which somebody is inside."""
KINDS: tuple[MatterKind, ...] = (
    *VISITS,
    MatterKind(
        key=ROOM_CHECK,
        opened=RoomChecked,
        body_type=RoomCheck,
        transitions={RoomChecked: {None: "checked"}},
        body=_checked,
        ends=frozenset({"checked"}),
    ),
)
