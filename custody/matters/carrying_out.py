"""Matters of letter e: one permit to carry out, from the asking to the itinerary confirmed on return.

Statuses: draft, asked, approved (as every matter with approval), out (something was carried out under it), closed.
Lines: listed, packed (locked in the case, to leave by the portal; due_at), out (person: the bearer; label: the case;
due_at), in (back; pages), lost, prolonged (out under another permit), struck.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from custody.entries import Entry, Fact
from custody.entries.carrying_out import (
    BroughtBack,
    CarriedOut,
    CarriedOver,
    ItineraryConfirmed,
    ItineraryLeg,
    LegTold,
    LostOnTheWay,
    Mode,
    Packed,
    PermitListed,
    PermitOpened,
    PermitStruck,
    StayedOut,
)
from custody.matters.model import SAME, Line, Matter, MatterKind, Transitions
from custody.values import Instant

KEY = "carrying_out"
PLAIN, FOREIGN, ABROAD = "carrying_out", "carrying_out_foreign", "carrying_abroad"
"""The routes of approval: clauses e.1, e.3, e.4."""
APPROVED, OUT_NOW, CLOSED = "approved", "out", "closed"
LISTED, PACKED, OUT, IN, LOST, PROLONGED, STRUCK = "listed", "packed", "out", "in", "lost", "prolonged", "struck"


@dataclass(frozen=True, slots=True)
class Permit:
    """What only a permit knows. `out`: carriers out now; `lost`: those declared lost on the way, by identifier."""

    bearer: int
    escorts: tuple[int, ...]
    purpose: str
    destination: str
    container: str
    from_at: Instant
    until_at: Instant
    itinerary: tuple[ItineraryLeg, ...]
    mode: Mode = "desk"
    foreign: bool = False
    abroad: bool = False
    precautions: str = ""
    authority_permit: str = ""
    authority_permit_on: str = ""
    prolongs: int | None = None
    successor: int | None = None
    out: int = 0
    lost: tuple[int, ...] = ()
    left_at: Instant | None = None
    """When the first left."""
    back_at: Instant | None = None
    """When the last so far came back."""
    confirmed_by: int | None = None
    legs: tuple[LegTold, ...] = ()
    straight: bool = True
    elsewhere: str = ""

    @property
    def travellers(self) -> tuple[int, ...]:
        """The bearer and who goes with him."""
        return (self.bearer, *self.escorts)

    @property
    def route(self) -> str:
        """By which route it is approved: the strictest that its purpose asks for."""
        return ABROAD if self.abroad else FOREIGN if self.foreign else PLAIN


def _opened(fact: PermitOpened) -> Permit:
    return Permit(
        bearer=fact.bearer,
        escorts=fact.escorts,
        purpose=fact.purpose,
        destination=fact.destination,
        container=fact.container,
        from_at=fact.from_at,
        until_at=fact.until_at,
        itinerary=fact.itinerary,
        mode=fact.mode,
        foreign=fact.foreign,
        abroad=fact.abroad,
        precautions=fact.precautions,
        authority_permit=fact.authority_permit,
        authority_permit_on=fact.authority_permit_on,
        prolongs=fact.prolongs,
    )


def _body(body: Any, fact: Fact, entry: Entry) -> Permit:
    if isinstance(fact, PermitOpened):
        return _opened(fact)
    was: Permit = body
    match fact:
        case CarriedOut():
            return replace(was, out=was.out + 1, left_at=was.left_at or entry.happened_at)
        case StayedOut():
            return replace(was, out=was.out + 1)
        case CarriedOver(successor=successor):
            return replace(was, out=was.out - 1, successor=successor)
        case BroughtBack(carrier=carrier) if carrier in was.lost:
            left = tuple(one for one in was.lost if one != carrier)
            return replace(was, lost=left, back_at=entry.happened_at)
        case BroughtBack():
            return replace(was, out=was.out - 1, back_at=entry.happened_at)
        case LostOnTheWay(carrier=carrier):
            return replace(was, out=was.out - 1, lost=(*was.lost, carrier))
        case ItineraryConfirmed():
            return replace(
                was,
                confirmed_by=fact.confirmed_by,
                legs=fact.legs,
                straight=fact.straight,
                elsewhere=fact.elsewhere,
            )
        case _:
            return was


def _line(line: Line | None, fact: Fact, _entry: Entry) -> Line | None:
    assert line is not None  # the engine gives a new line to start from
    match fact:
        case Packed(container=container, due_at=due_at):
            return replace(line, label=container, due_at=due_at)
        case CarriedOut(bearer=bearer, container=container, due_at=due_at):
            return replace(line, person=bearer, label=container, due_at=due_at, pages=None)
        case StayedOut(due_at=due_at):
            return replace(line, due_at=due_at)
        case BroughtBack(brought_by=person, pages_counted=pages):
            return replace(line, person=person, due_at=None, pages=pages)
        case PermitStruck(reason=reason):
            return replace(line, label=reason, due_at=None)
        case CarriedOver() | LostOnTheWay():
            return replace(line, due_at=None)
        case _:
            return line


def _due(body: Permit) -> Instant | None:
    return body.until_at if body.out else None


def _parties(matter: Matter) -> Iterable[tuple[int, str]]:
    body: Permit = matter.body
    return ((body.bearer, "bearer"), *((one, "companion") for one in body.escorts))


def _travellers(matter: Matter) -> Iterable[int]:
    body: Permit = matter.body
    return body.travellers


def _route(matter: Matter) -> str:
    body: Permit = matter.body
    return body.route


_USED: Mapping[str | None, str] = {"draft": OUT_NOW, "asked": OUT_NOW, APPROVED: OUT_NOW, OUT_NOW: OUT_NOW}
"""Whether it is approved is asked by rules, which quote the clause (e.1, e.3, e.4)."""
TRANSITIONS: Transitions = {
    PermitOpened: {None: "draft"},
    PermitListed: {"draft": SAME},
    PermitStruck: dict.fromkeys(_USED, SAME),
    Packed: dict.fromkeys(_USED, SAME),
    CarriedOut: _USED,
    StayedOut: _USED,
    CarriedOver: {OUT_NOW: SAME},
    BroughtBack: {OUT_NOW: SAME},
    LostOnTheWay: {OUT_NOW: SAME},
    ItineraryConfirmed: {OUT_NOW: CLOSED},
}
LINES: Transitions = {
    PermitListed: {None: LISTED, STRUCK: LISTED},
    PermitStruck: {LISTED: STRUCK, PACKED: STRUCK},
    Packed: {LISTED: PACKED, IN: PACKED},
    # Out again within the window after a night in the registry; what is on no permit is refused by a rule (e.1).
    CarriedOut: dict.fromkeys((None, LISTED, PACKED, IN), OUT),
    StayedOut: {LISTED: OUT},
    CarriedOver: {OUT: PROLONGED},
    BroughtBack: {OUT: IN, LOST: IN},
    LostOnTheWay: {OUT: LOST},
}

KINDS: tuple[MatterKind, ...] = (
    MatterKind(
        key=KEY,
        opened=PermitOpened,
        body_type=Permit,
        transitions=TRANSITIONS,
        body=_body,
        lines=LINES,
        line=_line,
        ends=frozenset({CLOSED}),
        binds=True,
        route=PLAIN,
        routes=(FOREIGN, ABROAD),
        choose=_route,
        lists_first=True,
        due=_due,
        parties=_parties,
        apart=_travellers,
    ),
)
