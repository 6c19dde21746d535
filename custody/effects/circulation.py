"""Circulation, reading, and the acts on a loan: what the facts do to a carrier."""

from collections.abc import Mapping
from dataclasses import replace

from custody.carrier import HELD, CarrierState, Status, Step, Transitions
from custody.entries import CarrierFact, Entry
from custody.entries.circulation import (
    CirculationLeftOut,
    CirculationListed,
    CirculationPutBack,
    LegEnded,
    LegStarted,
    Queued,
    Recalled,
    Renewed,
    TakenToRead,
    Unqueued,
)

WAITED_FOR = (
    Status.IN_PLACE,
    Status.ON_LOAN,
    Status.IN_CIRCULATION,
    Status.IN_MEETING,
    Status.IN_TRANSIT,
    Status.CARRIED_OUT,
)
"""States in which somebody may wait for a carrier: it is to come back."""

TRANSITIONS: Transitions = {
    TakenToRead: {Status.IN_PLACE: Status.ON_LOAN},
    Renewed: {Status.ON_LOAN: Status.ON_LOAN},
    Recalled: {Status.ON_LOAN: Status.ON_LOAN},
    Queued: {status: status for status in WAITED_FOR},
    Unqueued: {status: status for status in HELD | {Status.DECLARED_LOST}},
    CirculationListed: {Status.IN_PLACE: Status.IN_PLACE},
    LegStarted: {Status.IN_PLACE: Status.IN_CIRCULATION, Status.IN_CIRCULATION: Status.IN_CIRCULATION},
    # Lost at a reader's and found again it is in place: the leg is ended there all the same.
    LegEnded: {Status.IN_CIRCULATION: Status.IN_CIRCULATION, Status.IN_PLACE: Status.IN_PLACE},
    CirculationPutBack: {Status.IN_CIRCULATION: Status.IN_PLACE, Status.IN_PLACE: Status.IN_PLACE},
    CirculationLeftOut: {Status.DECLARED_LOST: Status.DECLARED_LOST},
}


def _taken_to_read(state: CarrierState, fact: TakenToRead, _entry: Entry, _status: Status) -> CarrierState:
    # It has a holder and is in a place: whoever reads in the room is answerable, and the room is where it is expected.
    queue = tuple(person for person in state.queue if person != fact.holder)
    return replace(
        state, place=fact.place, holder=fact.holder, due_at=fact.due_at, renewals=0, recalled=False, queue=queue
    )


def _renewed(state: CarrierState, fact: Renewed, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, due_at=fact.due_at, renewals=state.renewals + 1)


def _recalled(state: CarrierState, fact: Recalled, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, due_at=fact.due_at, recalled=True)


def _queued(state: CarrierState, fact: Queued, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, queue=(*state.queue, fact.person))


def _unqueued(state: CarrierState, fact: Unqueued, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, queue=tuple(person for person in state.queue if person != fact.person))


def _listed(state: CarrierState, fact: CirculationListed, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, matter=fact.matter)


def _to_reader(state: CarrierState, fact: LegStarted, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, place=None, holder=fact.reader, due_at=fact.due_at)


def _at_registry(state: CarrierState, _fact: LegEnded, _entry: Entry, status: Status) -> CarrierState:
    if status is Status.IN_PLACE:
        return state
    # On the registry's own table, between two readers: with nobody, and not in its home.
    return replace(state, place=None, holder=None, due_at=None)


def _put_back(state: CarrierState, fact: CirculationPutBack, _entry: Entry, _status: Status) -> CarrierState:
    home = state.home if state.home is not None else fact.place
    return replace(state, place=fact.place, home=home, holder=None, due_at=None)


def _unchanged(state: CarrierState, _fact: CirculationLeftOut, _entry: Entry, _status: Status) -> CarrierState:
    return state


STEPS: Mapping[type[CarrierFact], Step] = {
    TakenToRead: _taken_to_read,
    Renewed: _renewed,
    Recalled: _recalled,
    Queued: _queued,
    Unqueued: _unqueued,
    CirculationListed: _listed,
    LegStarted: _to_reader,
    LegEnded: _at_registry,
    CirculationPutBack: _put_back,
    CirculationLeftOut: _unchanged,
}
