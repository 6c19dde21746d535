"""Meetings: what the facts do to a carrier.

At a meeting a paper is in no place of the books: it is with the secretary, or in the hands of an attendee, who is its
holder where he is a person of the house. Once it has left the meeting, other business may take it up, whether the
meeting itself is over or not.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from custody.carrier import CarrierState, Status, Step, Transitions
from custody.entries import CarrierFact, Entry
from custody.entries.meetings import (
    CountedIn,
    CountUndone,
    Deposited,
    HandedOut,
    HandOutUndone,
    PaperBrought,
    PaperIncomplete,
    PaperMissing,
    PaperRecovered,
    PaperReturned,
    TakenBack,
)

_IN_ROOM: Mapping[Status | None, Status] = {Status.IN_MEETING: Status.IN_MEETING}
TRANSITIONS: Transitions = {
    PaperBrought: {Status.IN_PLACE: Status.IN_MEETING},
    HandedOut: _IN_ROOM,
    HandOutUndone: _IN_ROOM,
    CountedIn: _IN_ROOM,
    CountUndone: _IN_ROOM,
    PaperIncomplete: _IN_ROOM,
    TakenBack: _IN_ROOM,
    # Reported missing and found again outside the meeting's own acts: the meeting's list takes note of it.
    Deposited: dict.fromkeys((Status.IN_MEETING, Status.IN_PLACE), Status.IN_PLACE),
    PaperReturned: dict.fromkeys((Status.IN_MEETING, Status.IN_PLACE), Status.IN_PLACE),
    PaperMissing: dict.fromkeys((Status.IN_MEETING, Status.DECLARED_LOST), Status.DECLARED_LOST),
    PaperRecovered: {Status.DECLARED_LOST: Status.IN_MEETING},
}


def _brought(state: CarrierState, fact: PaperBrought, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, place=None, holder=None, due_at=None, matter=fact.matter)


def _with_attendee(state: CarrierState, fact: Any, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, holder=fact.person)


def _with_secretary(state: CarrierState, _fact: Any, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, place=None, holder=None, due_at=None)


def _recovered(state: CarrierState, fact: PaperRecovered, _entry: Entry, _status: Status) -> CarrierState:
    # Whatever has taken up the loss meanwhile: it is at the meeting again.
    return replace(state, place=None, holder=None, due_at=None, matter=fact.matter)


def _taken_back(state: CarrierState, fact: TakenBack, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, holder=fact.person, due_at=fact.due_at)


def _deposited(state: CarrierState, fact: Deposited, _entry: Entry, _status: Status) -> CarrierState:
    # The unit keeps it from now on: where it was at home before does not expect it back.
    return replace(state, home=fact.place, place=fact.place, holder=None, due_at=None, matter=None)


def _returned(state: CarrierState, fact: PaperReturned, _entry: Entry, _status: Status) -> CarrierState:
    home = state.home if state.home is not None else fact.place
    return replace(state, home=home, place=fact.place, holder=None, due_at=None, matter=None)


def _missing(state: CarrierState, _fact: PaperMissing, _entry: Entry, _status: Status) -> CarrierState:
    # The last holder stays named: he answers for it until the enquiry ends.
    return replace(state, place=None, due_at=None)


STEPS: Mapping[type[CarrierFact], Step] = {
    PaperBrought: _brought,
    HandedOut: _with_attendee,
    CountUndone: _with_attendee,
    HandOutUndone: _with_secretary,
    CountedIn: _with_secretary,
    PaperIncomplete: _with_secretary,
    PaperRecovered: _recovered,
    TakenBack: _taken_back,
    Deposited: _deposited,
    PaperReturned: _returned,
    PaperMissing: _missing,
}
