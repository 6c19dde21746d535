"""The states of a carrier in the books and the table of transitions. Documentation and rules are drawn from it."""

from collections.abc import Mapping
from enum import StrEnum

from custody.entries import (
    Borrowed,
    CarrierFact,
    Imported,
    Moved,
    Received,
    ReportedFound,
    ReportedMissing,
    Returned,
    Shelved,
    TagBound,
    TagRetired,
)


class Status(StrEnum):
    """Where the books have a carrier: the terms of the balance, so that every carrier is in exactly one."""

    IN_PLACE = "in_place"
    ON_LOAN = "on_loan"
    IN_CIRCULATION = "in_circulation"
    IN_MEETING = "in_meeting"
    IN_TRANSIT = "in_transit"
    CARRIED_OUT = "carried_out"
    PROVIDED_OUTSIDE = "provided_outside"
    RETURNED_TO_ISSUER = "returned_to_issuer"
    TRANSFERRED = "transferred"
    AWAITING_DESTRUCTION = "awaiting_destruction"
    DESTROYED = "destroyed"
    DECLASSIFIED = "declassified"
    DECLARED_LOST = "declared_lost"


HELD = frozenset(
    {
        Status.IN_PLACE,
        Status.ON_LOAN,
        Status.IN_CIRCULATION,
        Status.IN_MEETING,
        Status.IN_TRANSIT,
        Status.CARRIED_OUT,
        Status.PROVIDED_OUTSIDE,
        Status.AWAITING_DESTRUCTION,
    }
)
"""States in which somebody still answers for the thing itself."""

TRANSITIONS: Mapping[type[CarrierFact], Mapping[Status | None, Status]] = {
    Imported: {None: Status.IN_PLACE},
    Received: {None: Status.IN_PLACE},
    Shelved: {Status.IN_PLACE: Status.IN_PLACE},
    Moved: {Status.IN_PLACE: Status.IN_PLACE},
    Borrowed: {Status.IN_PLACE: Status.ON_LOAN},
    Returned: {Status.ON_LOAN: Status.IN_PLACE},
    ReportedMissing: dict.fromkeys(HELD, Status.DECLARED_LOST),
    ReportedFound: {Status.DECLARED_LOST: Status.IN_PLACE},
    TagBound: {status: status for status in HELD},
    TagRetired: {status: status for status in HELD | {Status.DECLARED_LOST}},
}
"""Kind of fact -> state before (None: not yet in the register) -> state after. What is not here cannot happen."""


def after(fact: CarrierFact, status: Status | None) -> Status | None:
    """State after the fact, or None where the life cycle does not allow it."""
    return TRANSITIONS.get(type(fact), {}).get(status)
