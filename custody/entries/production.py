"""Facts of letter a: production orders, and what is produced under them.

Every sheet of an order is told of: a copy is registered, spoiled or cancelled. What arises on the way — drafts,
proofs, negatives, spoiled sheets — is a carrier like the rest, registered under the order.
"""

from dataclasses import dataclass
from typing import ClassVar

from custody.entries.model import CarrierFact, MatterFact, MatterOpened
from custody.values import CarrierKind, Description, Instant, Period, Scope


@dataclass(frozen=True, slots=True)
class ProductionOrdered(MatterOpened):
    """Copies of one title are to be produced (clause a.1). The order holds the copy numbers from `first_copy` on.

    More copies later need a new order, which names in `supplements` the one it adds to and goes on in its numbers.
    """

    kind: ClassVar[str] = "production_ordered"
    control_number: str
    title: str
    carrier_kind: CarrierKind
    medium: str
    period: Period
    scope: Scope
    quantity: int
    """Copies: exactly so many, none more (clause a.4)."""
    place: int | None
    """Where it is produced (clause a.2); None: on the premises that another body's licence is for."""
    producer: int | None
    """Another body; None: the house itself (clause a.3)."""
    reason: str
    basis: str
    determined_by: str
    classified_on: str
    """ISO date on which level and period were determined (clause a.5)."""
    pages: int | None = None
    first_copy: int = 1
    supplements: int | None = None
    """Another order, by identifier."""

    @property
    def matters(self) -> tuple[int, ...]:
        """Other matters that the rules ask about."""
        return () if self.supplements is None else (self.supplements,)


@dataclass(frozen=True, slots=True)
class Produced(CarrierFact):
    """Registered as copy n of m under its approved order: origin produced (clauses a.1, a.4).

    `marked`: the copy was looked at, and bears its mark `LEVEL★PERIOD` (clause a.5).
    """

    kind: ClassVar[str] = "produced"
    matter: int
    description: Description
    marked: bool = False


@dataclass(frozen=True, slots=True)
class CopySpoiled(CarrierFact):
    """A copy came out spoiled: its number is used up, and its sheet is registered as a scrap (clauses a.4, a.6)."""

    kind: ClassVar[str] = "copy_spoiled"
    matter: int
    copy_number: int
    description: Description
    reason: str


@dataclass(frozen=True, slots=True)
class CopiesCancelled(MatterFact):
    """These copy numbers of the order are never produced, and why (clause a.4)."""

    kind: ClassVar[str] = "copies_cancelled"
    copy_numbers: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class LabelsAllotted(MatterFact):
    """Labels were given out for the order; from now on they are bound to its carriers alone (clause a.4)."""

    kind: ClassVar[str] = "labels_allotted"
    epcs: tuple[str, ...]
    """In upper-case hexadecimal."""


@dataclass(frozen=True, slots=True)
class LabelsReturned(MatterFact):
    """Labels given out for the order came back unused, or were destroyed unused."""

    kind: ClassVar[str] = "labels_returned"
    epcs: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class IntermediateProduced(CarrierFact):
    """A draft, proof, negative or scrap was registered under its order, with the order's level (clause a.6)."""

    kind: ClassVar[str] = "intermediate_produced"
    matter: int
    description: Description


@dataclass(frozen=True, slots=True)
class IntermediateKept(CarrierFact):
    """It was decided to preserve an intermediate: from now on a carrier of its own right (clause a.6)."""

    kind: ClassVar[str] = "intermediate_kept"
    matter: int
    decided_by: int
    """The person who decided, and signed with the acting person."""
    reason: str


@dataclass(frozen=True, slots=True)
class IntermediateGone(CarrierFact):
    """The order took note that an intermediate is no more here: destroyed, or gone as the register has it."""

    kind: ClassVar[str] = "intermediate_gone"
    matter: int


@dataclass(frozen=True, slots=True)
class OrderClosed(MatterFact):
    """Nothing more is produced under the order: approved = registered + spoiled + cancelled (clause a.4).

    `due_at`: by then its intermediates are to be preserved or destroyed (clause a.6). `no_intermediates`: it is
    declared that there were none.
    """

    kind: ClassVar[str] = "order_closed"
    due_at: Instant
    no_intermediates: bool = False


@dataclass(frozen=True, slots=True)
class OrderSettled(MatterFact):
    """Every intermediate of a closed order is preserved or gone: the order is over (clause a.6)."""

    kind: ClassVar[str] = "order_settled"
