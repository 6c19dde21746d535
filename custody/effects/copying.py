"""Letter d: what the facts do to a carrier."""

from collections.abc import Mapping
from typing import Any

from custody.carrier import CarrierState, Status, Step, Transitions
from custody.entries import CarrierFact, Entry
from custody.entries.copying import Copied, CopiesRecalled, IssuerAgreed, SourceListed, SourceStruck

COPYABLE = (Status.IN_PLACE, Status.ON_LOAN, Status.IN_CIRCULATION, Status.IN_MEETING, Status.CARRIED_OUT)
"""States in which there is something in somebody's hands that can be copied."""
_ANY: Mapping[Status | None, Status] = {status: status for status in Status}

TRANSITIONS: Transitions = {
    SourceListed: {status: status for status in COPYABLE},
    SourceStruck: _ANY,
    IssuerAgreed: _ANY,
    Copied: {None: Status.IN_PLACE},
    # The original may be gone long since: its copies are asked back all the same.
    CopiesRecalled: _ANY,
}


def _copied(_state: CarrierState | None, fact: Copied, entry: Entry, status: Status) -> CarrierState:
    return CarrierState(
        id=fact.carrier,
        description=fact.description,
        origin="copied",
        status=status,
        since_at=entry.happened_at,
        last_sequence=entry.sequence,
        sources=tuple(sorted(fact.sources)),
        manner=fact.manner,
    )


def _same(state: CarrierState, _fact: Any, _entry: Entry, _status: Status) -> CarrierState:
    # To be copied binds nothing: it is read and lent as before.
    return state


STEPS: Mapping[type[CarrierFact], Step] = {
    SourceListed: _same,
    SourceStruck: _same,
    IssuerAgreed: _same,
    Copied: _copied,
    CopiesRecalled: _same,
}
