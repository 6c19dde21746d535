"""One carrier as the books have it: its state in the life cycle, and everything that entries change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from custody.entries import CarrierFact, Entry
from custody.values import Custody, Description, Instant, Origin, Tag


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
    TAKEN_BACK = "taken_back"


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


@dataclass(frozen=True, slots=True)
class CarrierState:
    """One carrier as the books have it now."""

    id: int
    description: Description
    origin: Origin
    status: Status
    home: int | None = None
    place: int | None = None
    """Where the books have it now; None while it is with a holder, or not yet shelved, or lost."""
    holder: int | None = None
    due_at: Instant | None = None
    tags: tuple[Tag, ...] = ()
    since_at: Instant = 0
    """When the present state began (event time)."""
    last_sequence: int = 0
    retired_epcs: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    """Those of its tags, by EPC, that were found not to answer."""
    matter: int | None = None
    """The binding matter it is or was last in; it binds until that matter is over."""
    renewals: int = 0
    """How often the present loan was renewed."""
    recalled: bool = False
    """Whether the registry asked for the present loan back before its day."""
    queue: tuple[int, ...] = ()
    """Persons who wait for it, in order."""
    sources: tuple[int, ...] = ()
    """Carriers that it was made from, by identifier (clause d.4)."""
    manner: str = ""
    """How it was made from them: copy, excerpt, compilation."""

    @property
    def by_eye(self) -> bool:
        """Whether it has tags and none of them answers: nothing is concluded from its silence."""
        return bool(self.tags) and {tag.epc for tag in self.tags} <= set(self.unreadable)

    @property
    def custody(self) -> Custody:
        """What acts of custody change."""
        return Custody(
            self.status.value,
            self.home,
            self.place,
            self.holder,
            self.due_at,
            self.matter,
            self.renewals,
            self.recalled,
            self.queue,
        )


Transitions = Mapping[type[CarrierFact], Mapping[Status | None, Status]]
"""Kind of fact -> state before (None: not yet in the register) -> state after. What is not here cannot happen."""
Step = Callable[[Any, Any, Entry, Status], CarrierState]
"""State before (None: not yet in the register), fact, entry, status after -> state after."""
