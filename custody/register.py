"""The register is a fold of the entries: who holds what, where it belongs, until when. Pure.

`apply` takes the state before and an entry and gives the state after; it assumes that the entry was allowed
(the rules stand in `regulations.refusals`) and raises `FoldBroken` where the ledger contradicts itself.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from custody.entries import (
    Borrowed,
    CarrierFact,
    Entry,
    Imported,
    Moved,
    PersonRecorded,
    PlaceRecorded,
    Received,
    ReportedFound,
    ReportedMissing,
    Returned,
    Shelved,
    TagBound,
    TagRetired,
    UnitRecorded,
)
from custody.life_cycle import Status, after
from custody.values import Description, Instant, Origin, Person, Place, Tag, Unit


class FoldBroken(ValueError):
    """The ledger contradicts itself; the message names the entry."""


@dataclass(frozen=True, slots=True)
class CarrierState:
    """One carrier as the books have it now."""

    id: int
    description: Description
    origin: Origin
    status: Status
    home: int | None = None
    place: int | None = None
    """Where the books have it now; None while it is with a holder, or not yet shelved, or lost."""
    holder: int | None = None
    due_at: Instant | None = None
    tags: tuple[Tag, ...] = ()
    since_at: Instant = 0
    """When the present state began (event time)."""
    last_sequence: int = 0
    retired_epcs: tuple[str, ...] = ()


def _came(origin: Origin) -> Callable[[CarrierState | None, Any, Entry, Status], CarrierState]:
    def step(_state: CarrierState | None, fact: Any, entry: Entry, status: Status) -> CarrierState:
        return CarrierState(
            id=fact.carrier,
            description=fact.description,
            origin=origin,
            status=status,
            since_at=entry.happened_at,
            last_sequence=entry.sequence,
        )

    return step


def _put(state: CarrierState, fact: Any, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, home=fact.place, place=fact.place, holder=None, due_at=None)


def _lent(state: CarrierState, fact: Borrowed, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, place=None, holder=fact.holder, due_at=fact.due_at)


def _back(state: CarrierState, fact: Returned, _entry: Entry, _status: Status) -> CarrierState:
    # A return goes to where it is put; the home stays what it was unless there was none.
    home = state.home if state.home is not None else fact.place
    return replace(state, place=fact.place, home=home, holder=None, due_at=None)


def _lost(state: CarrierState, _fact: ReportedMissing, _entry: Entry, _status: Status) -> CarrierState:
    # The last holder stays named: he answers for it until the enquiry ends.
    return replace(state, place=None, due_at=None)


def _bound(state: CarrierState, fact: TagBound, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, tags=(*state.tags, fact.tag))


def _retired(state: CarrierState, fact: TagRetired, _entry: Entry, _status: Status) -> CarrierState:
    left = tuple(tag for tag in state.tags if tag.epc != fact.epc)
    return replace(state, tags=left, retired_epcs=(*state.retired_epcs, fact.epc))


_STEPS: Mapping[type[CarrierFact], Callable[[Any, Any, Entry, Status], CarrierState]] = {
    Imported: _came("legacy"),
    Received: _came("received"),
    Shelved: _put,
    Moved: _put,
    ReportedFound: _put,
    Borrowed: _lent,
    Returned: _back,
    ReportedMissing: _lost,
    TagBound: _bound,
    TagRetired: _retired,
}


def apply(state: CarrierState | None, entry: Entry) -> CarrierState:
    """The carrier's state after an entry about it. Raises FoldBroken."""
    fact = entry.fact
    if not isinstance(fact, CarrierFact):
        raise FoldBroken(f"entry {entry.sequence} ({fact.kind}) is about no carrier")
    status = after(fact, state.status if state else None)
    if status is None:
        was = state.status.value if state else "not registered"
        raise FoldBroken(f"entry {entry.sequence}: {fact.kind} cannot follow the state {was}")
    new = _STEPS[type(fact)](state, fact, entry, status)
    since = new.since_at if state and status is state.status and new.place == state.place else entry.happened_at
    return replace(new, status=status, since_at=since, last_sequence=entry.sequence)


@dataclass(slots=True)
class Directory:
    """Units, places and persons as they stand; folded like the carriers."""

    units: dict[int, Unit] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
    persons: dict[int, Person] = field(default_factory=dict)

    def record(self, entry: Entry) -> bool:
        """Take a directory entry; False where the entry is of another kind."""
        match entry.fact:
            case UnitRecorded(unit=unit):
                self.units[unit.id] = unit
            case PlaceRecorded(place=place):
                self.places[place.id] = place
            case PersonRecorded(person=person):
                self.persons[person.id] = person
            case _:
                return False
        return True

    def path(self, place: int | None) -> tuple[Place, ...]:
        """The place and what it stands in, innermost first; stops at an unknown or repeated place."""
        found: list[Place] = []
        while place is not None and place in self.places and self.places[place] not in found:
            found.append(self.places[place])
            place = found[-1].parent
        return tuple(found)

    def rating(self, place: int | None) -> str | None:
        """Level for which a place is rated: its own, else that of the nearest place around it (clause f.2)."""
        return next((p.rating for p in self.path(place) if p.rating is not None), None)

    def under(self, place: int) -> frozenset[int]:
        """The place and everything in it."""
        return frozenset(p for p in self.places if any(q.id == place for q in self.path(p)))

    def units_above(self, unit: int | None) -> frozenset[int]:
        """The unit and those it is part of; stops at an unknown or repeated unit."""
        found: set[int] = set()
        while unit is not None and unit in self.units and unit not in found:
            found.add(unit)
            unit = self.units[unit].parent
        return frozenset(found)

    def units_under(self, unit: int) -> frozenset[int]:
        """The unit and its sub-units."""
        found = {unit}
        while more := {u.id for u in self.units.values() if u.parent in found} - found:
            found |= more
        return frozenset(found)


@dataclass(slots=True)
class Register:
    """Everything that the entries say, at a ledger position."""

    carriers: dict[int, CarrierState] = field(default_factory=dict)
    directory: Directory = field(default_factory=Directory)
    position: int = 0


def fold(entries: Iterable[Entry]) -> Register:
    """The register after these entries, which must be gapless from 1. Raises FoldBroken."""
    register = Register()
    for entry in entries:
        if entry.sequence != register.position + 1:
            raise FoldBroken(f"entry {register.position + 1} is not there; found {entry.sequence}")
        register.position = entry.sequence
        if isinstance(entry.fact, CarrierFact):
            register.carriers[entry.fact.carrier] = apply(register.carriers.get(entry.fact.carrier), entry)
        else:
            register.directory.record(entry)
    return register
