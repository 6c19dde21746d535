"""Letter i: what the facts do to a carrier."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from custody.carrier import CarrierState, Status, Step, Transitions
from custody.entries import CarrierFact, Entry
from custody.entries.disclosure import (
    Provided,
    ProvidedForGood,
    ProvisionListed,
    ProvisionProlonged,
    ProvisionReturned,
    ProvisionStruck,
)

TRANSITIONS: Transitions = {
    ProvisionListed: {Status.IN_PLACE: Status.IN_PLACE},
    ProvisionStruck: {status: status for status in Status},
    Provided: {Status.IN_PLACE: Status.PROVIDED_OUTSIDE},
    ProvidedForGood: {Status.IN_PLACE: Status.TRANSFERRED},
    ProvisionReturned: {Status.PROVIDED_OUTSIDE: Status.IN_PLACE},
    ProvisionProlonged: {Status.PROVIDED_OUTSIDE: Status.PROVIDED_OUTSIDE},
}


def _bound(state: CarrierState, fact: Any, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, matter=fact.matter)


def _released(state: CarrierState, fact: Any, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, matter=None) if state.matter == fact.matter else state


def _outside(state: CarrierState, fact: Provided, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, place=None, holder=None, due_at=fact.due_at)


def _gone(state: CarrierState, _fact: Any, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, home=None, place=None, holder=None, due_at=None, queue=())


def _back(state: CarrierState, fact: ProvisionReturned, _entry: Entry, _status: Status) -> CarrierState:
    # As a return from a loan: put where it is put, at home where it was.
    home = state.home if state.home is not None else fact.place
    return replace(state, place=fact.place, home=home, due_at=None)


def _longer(state: CarrierState, fact: ProvisionProlonged, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, due_at=fact.due_at)


STEPS: Mapping[type[CarrierFact], Step] = {
    ProvisionListed: _bound,
    ProvisionStruck: _released,
    Provided: _outside,
    ProvidedForGood: _gone,
    ProvisionReturned: _back,
    ProvisionProlonged: _longer,
}
