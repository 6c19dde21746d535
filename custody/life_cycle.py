"""The states of a carrier in the books and the table of transitions. Documentation and rules are drawn from it."""

from collections.abc import Mapping

from custody.carrier import HELD, CarrierState, Status, Step, Transitions
from custody.effects import (
    base,
    carrying_out,
    circulation,
    copying,
    destruction,
    disclosure,
    dispatch,
    disposition,
    entry,
    keeping,
    meetings,
    production,
)
from custody.entries import CarrierFact, Corrected

__all__ = ["HELD", "STEPS", "TRANSITIONS", "CarrierState", "Status", "after"]

_LETTERS = (
    base,
    production,
    dispatch,
    circulation,
    copying,
    carrying_out,
    keeping,
    disposition,
    destruction,
    meetings,
    disclosure,
    entry,
)
TRANSITIONS: Transitions = {fact: row for letter in _LETTERS for fact, row in letter.TRANSITIONS.items()}
"""Kind of fact -> state before (None: not yet in the register) -> state after. What is not here cannot happen."""
STEPS: Mapping[type[CarrierFact], Step] = {fact: step for letter in _LETTERS for fact, step in letter.STEPS.items()}
"""Kind of fact -> what else it changes."""


def after(fact: CarrierFact, status: Status | None) -> Status | None:
    """State after the fact, or None where the life cycle does not allow it."""
    found = TRANSITIONS.get(type(fact), {}).get(status)
    # A correction goes back to the state that it names; whether that is the right one is asked by its rule.
    if found is not None and isinstance(fact, Corrected):
        return Status(fact.restored.status) if fact.restored.status in set(Status) else None
    return found
