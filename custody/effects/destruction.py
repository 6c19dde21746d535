"""Destruction: what the facts do to a carrier. Out of `destroyed` nothing leads (clause g.8)."""

from collections.abc import Mapping
from dataclasses import replace

from custody.carrier import CarrierState, Status, Step, Transitions
from custody.entries import CarrierFact, Entry
from custody.entries.destruction import Checked, Destroyed, DestructionListed, GoneToCentre, Sealed, SetApart, TakenOff

_WAITING: Mapping[Status | None, Status] = {Status.AWAITING_DESTRUCTION: Status.AWAITING_DESTRUCTION}

TRANSITIONS: Transitions = {
    DestructionListed: {Status.IN_PLACE: Status.IN_PLACE},
    SetApart: {Status.IN_PLACE: Status.AWAITING_DESTRUCTION},
    Sealed: _WAITING,
    Checked: _WAITING,
    GoneToCentre: _WAITING,
    TakenOff: {
        Status.IN_PLACE: Status.IN_PLACE,
        Status.AWAITING_DESTRUCTION: Status.IN_PLACE,
        # Missing: it stays declared lost, and leaves the batch.
        Status.DECLARED_LOST: Status.DECLARED_LOST,
    },
    Destroyed: {Status.AWAITING_DESTRUCTION: Status.DESTROYED},
}


def _listed(state: CarrierState, fact: DestructionListed, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, matter=fact.matter)


def _apart(state: CarrierState, fact: SetApart, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, place=fact.place)


def _as_it_was(state: CarrierState, _fact: CarrierFact, _entry: Entry, _status: Status) -> CarrierState:
    return state


def _gone(state: CarrierState, _fact: GoneToCentre, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, place=None)


def _off(state: CarrierState, _fact: TakenOff, _entry: Entry, _status: Status) -> CarrierState:
    back = state.home if state.status is Status.AWAITING_DESTRUCTION else state.place
    return replace(state, place=back, matter=None)


def _destroyed(state: CarrierState, _fact: Destroyed, _entry: Entry, _status: Status) -> CarrierState:
    # Its tags are retired with it: whoever hears one again hears a ghost (clause g.8).
    retired = (*state.retired_epcs, *(tag.epc for tag in state.tags))
    return replace(
        state, home=None, place=None, holder=None, due_at=None, tags=(), retired_epcs=retired, unreadable=(), queue=()
    )


STEPS: Mapping[type[CarrierFact], Step] = {
    DestructionListed: _listed,
    SetApart: _apart,
    Sealed: _as_it_was,
    Checked: _as_it_was,
    GoneToCentre: _gone,
    TakenOff: _off,
    Destroyed: _destroyed,
}
