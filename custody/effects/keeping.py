"""Keeping: what the facts do to a carrier. Lists, counts and declarations are assertions; none of them moves it."""

from collections.abc import Mapping
from typing import Any

from custody.carrier import HELD, CarrierState, Status, Step, Transitions
from custody.entries import CarrierFact, Entry
from custody.entries.keeping import (
    ClearanceListed,
    ClearanceSettled,
    HandOverCounted,
    HandOverExplained,
    HandOverListed,
    HandOverTaken,
    HoldingConfirmed,
    InventoryConfirmed,
    InventoryCounted,
    InventoryExplained,
    InventoryListed,
)

ON_LISTS: tuple[type[CarrierFact], ...] = (HandOverListed, InventoryListed, ClearanceListed, HoldingConfirmed)
"""Only what somebody answers for is listed."""
SETTLING: tuple[type[CarrierFact], ...] = (
    HandOverCounted,
    HandOverExplained,
    HandOverTaken,
    InventoryCounted,
    InventoryConfirmed,
    InventoryExplained,
    ClearanceSettled,
)
"""What was listed may have been destroyed or lost since: its line is settled all the same."""


def _unmoved(state: CarrierState, _fact: Any, _entry: Entry, _status: Status) -> CarrierState:
    return state


TRANSITIONS: Transitions = {
    **{fact: {status: status for status in HELD} for fact in ON_LISTS},
    **{fact: {status: status for status in Status} for fact in SETTLING},
}
STEPS: Mapping[type[CarrierFact], Step] = dict.fromkeys(ON_LISTS + SETTLING, _unmoved)
