"""Facts of letter f: hand-over between keepers, inventory, holdings, clearance of leavers (clauses f.1, f.2)."""

from dataclasses import dataclass
from typing import ClassVar

from custody.entries.model import CarrierFact, MatterFact, MatterOpened
from custody.values import Instant, PostClass

# Hand-over between keepers: everything kept in the giver's places is listed, counted one by one, and taken over.


@dataclass(frozen=True, slots=True)
class HandOverOpened(MatterOpened):
    """A hand-over between two keepers was begun. `giver_absent` says why the giver cannot sign, where he cannot."""

    kind: ClassVar[str] = "hand_over_opened"
    giver: int
    receiver: int
    places: tuple[int, ...]
    reason: str = ""
    giver_absent: str = ""


@dataclass(frozen=True, slots=True)
class HandOverListed(CarrierFact):
    """The carrier is kept in one of the places, and so is on the list."""

    kind: ClassVar[str] = "hand_over_listed"
    matter: int


@dataclass(frozen=True, slots=True)
class HandOverCounted(CarrierFact):
    """The carrier was seen where it is kept. `means`: `eye`, or the number of a signed sweep."""

    kind: ClassVar[str] = "hand_over_counted"
    matter: int
    means: str = "eye"


@dataclass(frozen=True, slots=True)
class HandOverExplained(CarrierFact):
    """The carrier was not to be seen, and the books say why. `how`: `on_slip`, `missing`, `gone`."""

    kind: ClassVar[str] = "hand_over_explained"
    matter: int
    how: str


@dataclass(frozen=True, slots=True)
class HandOverTaken(CarrierFact):
    """The receiver took the carrier over; `found` says how: the means of the count, or the explanation."""

    kind: ClassVar[str] = "hand_over_taken"
    matter: int
    found: str


@dataclass(frozen=True, slots=True)
class HandOverClosed(MatterFact):
    """Both keepers signed; from now on the receiver answers for the places, which this signature accepts."""

    kind: ClassVar[str] = "hand_over_closed"
    receiver: int
    places: tuple[int, ...]
    remark: str = ""


# Clearance of a person who leaves or changes post (clause f.1).


@dataclass(frozen=True, slots=True)
class ClearanceOpened(MatterOpened):
    """The clearance of a person was begun. `reason`: `leaves`, `changes_post`; `on`: from which ISO day.

    The new unit, post and class of post are those of a change of post.
    """

    kind: ClassVar[str] = "clearance_opened"
    person: int
    reason: str
    on: str
    new_unit: int | None = None
    new_post: str = ""
    new_post_class: PostClass | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ClearanceListed(CarrierFact):
    """The person holds this carrier, and so has to give it back."""

    kind: ClassVar[str] = "clearance_listed"
    matter: int


@dataclass(frozen=True, slots=True)
class ClearanceSettled(CarrierFact):
    """The carrier is no longer in the person's hand."""

    kind: ClassVar[str] = "clearance_settled"
    matter: int


@dataclass(frozen=True, slots=True)
class ClearanceClosed(MatterFact):
    """Nothing is left in the person's hand or care; signed by the person, the clerk and the secrecy office.

    `office`: who signed for the secrecy office; `successor`: who goes on with the open business.
    """

    kind: ClassVar[str] = "clearance_closed"
    office: int
    successor: int | None = None
    remark: str = ""


# Yearly inventory.


@dataclass(frozen=True, slots=True)
class InventoryOpened(MatterOpened):
    """The inventory of a unit with its sub-units was begun; `head` leads it, until `until` it is to be done."""

    kind: ClassVar[str] = "inventory_opened"
    year: int
    head: int
    until: Instant


@dataclass(frozen=True, slots=True)
class InventoryListed(CarrierFact):
    """The carrier is on the books, with this person if it is in somebody's hand."""

    kind: ClassVar[str] = "inventory_listed"
    matter: int
    in_hand_of: int | None = None


@dataclass(frozen=True, slots=True)
class InventoryFrozen(MatterFact):
    """The list is complete; the counting begins."""

    kind: ClassVar[str] = "inventory_frozen"


@dataclass(frozen=True, slots=True)
class InventoryCounted(CarrierFact):
    """The carrier was seen where it is kept. `means`: `eye`, or the number of a signed sweep."""

    kind: ClassVar[str] = "inventory_counted"
    matter: int
    means: str = "eye"


@dataclass(frozen=True, slots=True)
class InventoryConfirmed(CarrierFact):
    """The holder declared by signature that he or she has the carrier."""

    kind: ClassVar[str] = "inventory_confirmed"
    matter: int


@dataclass(frozen=True, slots=True)
class InventoryExplained(CarrierFact):
    """The carrier was neither seen nor declared, and the books say why. `how`: `out`, `missing`, `gone`."""

    kind: ClassVar[str] = "inventory_explained"
    matter: int
    how: str


@dataclass(frozen=True, slots=True)
class InventoryOver(MatterFact):
    """Something was found that is not on the books: what is written on it, where, and what was done with it."""

    kind: ClassVar[str] = "inventory_over"
    code: str
    resolution: str
    place: int | None = None


@dataclass(frozen=True, slots=True)
class InventoryRow:
    """One line of the report: carriers of a unit and level, by what became of them."""

    unit: int
    level: str
    counted: int
    confirmed: int
    out: int
    missing: int
    gone: int

    @property
    def on_books(self) -> int:
        """How many were on the list."""
        return self.counted + self.confirmed + self.out + self.missing + self.gone


@dataclass(frozen=True, slots=True)
class InventoryClosed(MatterFact):
    """The report was signed by the head, a keeper and the secrecy office."""

    kind: ClassVar[str] = "inventory_closed"
    keeper: int
    rows: tuple[InventoryRow, ...]
    remark: str = ""


# Of all three, and of holders.


@dataclass(frozen=True, slots=True)
class KeepingAbandoned(MatterFact):
    """A hand-over, clearance or inventory was given up; it concludes nothing."""

    kind: ClassVar[str] = "keeping_abandoned"
    reason: str


@dataclass(frozen=True, slots=True)
class HoldingConfirmed(CarrierFact):
    """The holder declared by signature that he or she has the carrier."""

    kind: ClassVar[str] = "holding_confirmed"
    note: str = ""
