"""Letter e: what the facts do to a carrier.

While it is out it is in no place of the books: the bearer holds it. A permit binds what was packed or carried out
under it; what is only named on one may be lent, and comes home, meanwhile.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from custody.carrier import CarrierState, Status, Step, Transitions
from custody.entries import CarrierFact, Entry
from custody.entries.carrying_out import (
    BroughtBack,
    CarriedOut,
    CarriedOver,
    LostOnTheWay,
    Packed,
    PermitListed,
    PermitStruck,
    StayedOut,
)

_OUT: Mapping[Status | None, Status] = {Status.CARRIED_OUT: Status.CARRIED_OUT}
_NAMED = (Status.IN_PLACE, Status.ON_LOAN, Status.CARRIED_OUT)
"""What may be named on a permit; what is out already, on one that prolongs another."""

TRANSITIONS: Transitions = {
    PermitListed: {status: status for status in _NAMED},
    PermitStruck: {status: status for status in Status},
    Packed: {Status.ON_LOAN: Status.ON_LOAN},
    CarriedOut: dict.fromkeys((Status.IN_PLACE, Status.ON_LOAN), Status.CARRIED_OUT),
    CarriedOver: _OUT,
    StayedOut: _OUT,
    # Reported missing and found again elsewhere: the permit takes note of it.
    BroughtBack: dict.fromkeys((Status.CARRIED_OUT, Status.IN_PLACE), Status.IN_PLACE),
    LostOnTheWay: {Status.DECLARED_LOST: Status.DECLARED_LOST},
}


def _same(state: CarrierState, _fact: Any, _entry: Entry, _status: Status) -> CarrierState:
    return state


def _released(state: CarrierState, fact: Any, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, matter=None) if state.matter == fact.matter else state


def _packed(state: CarrierState, fact: Packed, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, matter=fact.matter)


def _out(state: CarrierState, fact: CarriedOut, _entry: Entry, _status: Status) -> CarrierState:
    queue = tuple(person for person in state.queue if person != fact.bearer)
    return replace(
        state,
        place=None,
        holder=fact.bearer,
        due_at=fact.due_at,
        matter=fact.matter,
        renewals=0,
        recalled=False,
        queue=queue,
    )


def _stays(state: CarrierState, fact: StayedOut, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, due_at=fact.due_at, matter=fact.matter)


def _back(state: CarrierState, fact: BroughtBack, _entry: Entry, _status: Status) -> CarrierState:
    home = state.home if state.home is not None else fact.place
    bound = None if state.matter == fact.matter else state.matter
    return replace(state, place=fact.place, home=home, holder=None, due_at=None, matter=bound)


STEPS: Mapping[type[CarrierFact], Step] = {
    PermitListed: _same,
    PermitStruck: _released,
    Packed: _packed,
    CarriedOut: _out,
    CarriedOver: _released,
    StayedOut: _stays,
    BroughtBack: _back,
    LostOnTheWay: _same,
}
