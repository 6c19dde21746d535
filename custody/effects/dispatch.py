"""Letter b: what sending, distribution and widening do to a carrier. What is received comes in by the base facts."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from custody.carrier import CarrierState, Status, Step, Transitions
from custody.entries import CarrierFact, Entry
from custody.entries.dispatch import (
    Collected,
    DeliveryAcknowledged,
    DeliveryTakenIn,
    Dispatched,
    DispatchListed,
    DispatchReturned,
    DispatchShort,
    DispatchStruck,
    DistributedOnLoan,
    DistributedToKeep,
    DistributionListed,
    DistributionStruck,
    RemainderCounted,
    ScopeWidened,
    WideningListed,
)
from custody.values import Scope

_IN_PLACE: Mapping[Status | None, Status] = {Status.IN_PLACE: Status.IN_PLACE}
_ANY: Mapping[Status | None, Status] = {status: status for status in Status}

TRANSITIONS: Transitions = {
    DispatchListed: _IN_PLACE,
    DispatchStruck: _ANY,
    Dispatched: {Status.IN_PLACE: Status.IN_TRANSIT},
    DeliveryAcknowledged: {Status.IN_TRANSIT: Status.TRANSFERRED},
    DeliveryTakenIn: {Status.IN_TRANSIT: Status.IN_PLACE},
    # What was declared lost on the way and found again is in its place already.
    DispatchReturned: {Status.IN_TRANSIT: Status.IN_PLACE, Status.IN_PLACE: Status.IN_PLACE},
    DispatchShort: {Status.DECLARED_LOST: Status.DECLARED_LOST},
    DistributionListed: _IN_PLACE,
    DistributedToKeep: _IN_PLACE,
    DistributedOnLoan: {Status.IN_PLACE: Status.ON_LOAN},
    RemainderCounted: _IN_PLACE,
    DistributionStruck: _ANY,
    # A copy handed out on loan may have been returned as any loan is.
    Collected: {Status.ON_LOAN: Status.IN_PLACE, Status.IN_PLACE: Status.IN_PLACE},
    # A decision on who may know a title holds for every copy, wherever it is.
    WideningListed: _ANY,
    ScopeWidened: _ANY,
}


def _same(state: CarrierState, _fact: Any, _entry: Entry, _status: Status) -> CarrierState:
    return state


def _bound(state: CarrierState, fact: Any, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, matter=fact.matter)


def _released(state: CarrierState, fact: Any, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, matter=None) if state.matter == fact.matter else state


def _on_its_way(state: CarrierState, fact: Dispatched, _entry: Entry, _status: Status) -> CarrierState:
    # The home stays: that is where it is expected back until its receipt is acknowledged.
    return replace(state, place=None, holder=None, due_at=None, matter=fact.matter)


def _gone(state: CarrierState, _fact: Any, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, home=None, place=None, holder=None, due_at=None, queue=())


def _put(state: CarrierState, fact: Any, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, home=fact.place, place=fact.place, holder=None, due_at=None, renewals=0, recalled=False)


def _taken_in(state: CarrierState, fact: Any, entry: Entry, status: Status) -> CarrierState:
    return _released(_put(state, fact, entry, status), fact, entry, status)


def _lent(state: CarrierState, fact: DistributedOnLoan, _entry: Entry, _status: Status) -> CarrierState:
    queue = tuple(person for person in state.queue if person != fact.holder)
    return replace(state, place=None, holder=fact.holder, due_at=fact.due_at, renewals=0, recalled=False, queue=queue)


def _widened(state: CarrierState, fact: ScopeWidened, _entry: Entry, _status: Status) -> CarrierState:
    described = state.description
    scope = Scope(tuple(sorted({*described.scope.principals, *fact.principals})))
    return replace(state, description=replace(described, scope=scope))


STEPS: Mapping[type[CarrierFact], Step] = {
    DispatchListed: _bound,
    DispatchStruck: _released,
    Dispatched: _on_its_way,
    DeliveryAcknowledged: _gone,
    DeliveryTakenIn: _taken_in,
    DispatchReturned: _taken_in,
    DispatchShort: _released,
    DistributionListed: _same,
    DistributedToKeep: _put,
    DistributedOnLoan: _lent,
    RemainderCounted: _same,
    DistributionStruck: _same,
    Collected: _put,
    WideningListed: _same,
    ScopeWidened: _widened,
}
