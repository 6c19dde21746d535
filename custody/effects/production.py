"""Letter a: what is produced comes into the register; intermediates are carriers like the rest."""

from collections.abc import Mapping

from custody.carrier import HELD, CarrierState, Status, Step, Transitions
from custody.entries import CarrierFact, Entry
from custody.entries.production import (
    CopySpoiled,
    IntermediateGone,
    IntermediateKept,
    IntermediateProduced,
    Produced,
)

_Made = Produced | CopySpoiled | IntermediateProduced


def _produced(_state: CarrierState | None, fact: _Made, entry: Entry, status: Status) -> CarrierState:
    return CarrierState(
        id=fact.carrier,
        description=fact.description,
        origin="produced",
        status=status,
        since_at=entry.happened_at,
        last_sequence=entry.sequence,
    )


def _same(state: CarrierState, _fact: CarrierFact, _entry: Entry, _status: Status) -> CarrierState:
    return state


TRANSITIONS: Transitions = {
    Produced: {None: Status.IN_PLACE},
    CopySpoiled: {None: Status.IN_PLACE},
    IntermediateProduced: {None: Status.IN_PLACE},
    IntermediateKept: {status: status for status in HELD},
    IntermediateGone: {status: status for status in Status if status not in HELD},
}
STEPS: Mapping[type[CarrierFact], Step] = {
    Produced: _produced,
    CopySpoiled: _produced,
    IntermediateProduced: _produced,
    IntermediateKept: _same,
    IntermediateGone: _same,
}
