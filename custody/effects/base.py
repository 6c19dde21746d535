"""Coming in, tags, places, loans, missing and found, and the correction of a mistake."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from custody.carrier import HELD, CarrierState, Status, Step, Transitions
from custody.entries import (
    Borrowed,
    CarrierFact,
    Corrected,
    Entry,
    Imported,
    ImportTakenBack,
    Moved,
    Received,
    ReportedFound,
    ReportedMissing,
    Returned,
    Shelved,
    TagBound,
    TagReadable,
    TagRetired,
    TagUnreadable,
)
from custody.values import Origin

TRANSITIONS: Transitions = {
    Imported: {None: Status.IN_PLACE},
    Received: {None: Status.IN_PLACE},
    Shelved: {Status.IN_PLACE: Status.IN_PLACE},
    Moved: {Status.IN_PLACE: Status.IN_PLACE},
    Borrowed: {Status.IN_PLACE: Status.ON_LOAN},
    Returned: {Status.ON_LOAN: Status.IN_PLACE},
    ReportedMissing: dict.fromkeys(HELD, Status.DECLARED_LOST),
    ReportedFound: {Status.DECLARED_LOST: Status.IN_PLACE},
    Corrected: dict.fromkeys(HELD | {Status.DECLARED_LOST}, Status.IN_PLACE),
    ImportTakenBack: {Status.IN_PLACE: Status.TAKEN_BACK, Status.ON_LOAN: Status.TAKEN_BACK},
    TagBound: {status: status for status in HELD},
    # What left the house takes its tags along: they are retired here, whether or not they were taken off.
    TagRetired: {status: status for status in Status if status is not Status.DESTROYED},
    TagUnreadable: {status: status for status in HELD},
    TagReadable: {status: status for status in HELD},
}


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
    queue = tuple(person for person in state.queue if person != fact.holder)
    return replace(state, place=None, holder=fact.holder, due_at=fact.due_at, renewals=0, recalled=False, queue=queue)


def _back(state: CarrierState, fact: Returned, _entry: Entry, _status: Status) -> CarrierState:
    # A return goes to where it is put; the home stays what it was unless there was none.
    home = state.home if state.home is not None else fact.place
    return replace(state, place=fact.place, home=home, holder=None, due_at=None, renewals=0, recalled=False)


def _lost(state: CarrierState, _fact: ReportedMissing, _entry: Entry, _status: Status) -> CarrierState:
    # The last holder stays named: he answers for it until the enquiry ends.
    return replace(state, place=None, due_at=None)


def _bound(state: CarrierState, fact: TagBound, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, tags=(*state.tags, fact.tag))


def _retired(state: CarrierState, fact: TagRetired, _entry: Entry, _status: Status) -> CarrierState:
    left = tuple(tag for tag in state.tags if tag.epc != fact.epc)
    silent = tuple(epc for epc in state.unreadable if epc != fact.epc)
    return replace(state, tags=left, retired_epcs=(*state.retired_epcs, fact.epc), unreadable=silent)


def _silent(state: CarrierState, fact: TagUnreadable, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, unreadable=(*state.unreadable, fact.epc))


def _answers(state: CarrierState, fact: TagReadable, _entry: Entry, _status: Status) -> CarrierState:
    return replace(state, unreadable=tuple(epc for epc in state.unreadable if epc != fact.epc))


def _restored(state: CarrierState, fact: Corrected, _entry: Entry, _status: Status) -> CarrierState:
    was = fact.restored
    return replace(
        state,
        status=Status(was.status),
        home=was.home,
        place=was.place,
        holder=was.holder,
        due_at=was.due_at,
        matter=was.matter,
        renewals=was.renewals,
        recalled=was.recalled,
        queue=was.queue,
    )


def taken_back_number(state: CarrierState) -> str:
    """The number under which it goes on standing in the register, so that its own can be given rightly."""
    return f"{state.description.control_number}~{state.id}"


def _taken_back(state: CarrierState, _fact: ImportTakenBack, _entry: Entry, _status: Status) -> CarrierState:
    # Its tags were never its own: they are not retired, but free to be bound to what they are really fixed to.
    said = replace(state.description, control_number=taken_back_number(state))
    return replace(
        state, description=said, home=None, place=None, holder=None, due_at=None, tags=(), unreadable=(), queue=()
    )


STEPS: Mapping[type[CarrierFact], Step] = {
    Imported: _came("legacy"),
    Received: _came("received"),
    Shelved: _put,
    Moved: _put,
    ReportedFound: _put,
    Borrowed: _lent,
    Returned: _back,
    ReportedMissing: _lost,
    Corrected: _restored,
    ImportTakenBack: _taken_back,
    TagBound: _bound,
    TagRetired: _retired,
    TagUnreadable: _silent,
    TagReadable: _answers,
}
