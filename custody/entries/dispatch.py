"""Facts of letter b: receipts, dispatches, distribution, widening of the scope.

Where something goes from hand to hand, the other hand is a person of the house who signs beside the acting one, or
somebody without an account, by name, before a witness of the house who signs. `Received` stands with the base facts.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from custody.entries.model import CarrierFact, MatterFact, MatterOpened
from custody.values import CarrierKind, Instant

Mode = Literal[
    "confidential_communications",
    "confidential_transport",
    "own_transport",
    "exchange_station",
    "diplomatic_courier",
    "ordinary_post",
    "express_courier",
    "unrelated_person",
]
"""机要通信, 机要交通, 自行传递, 机要文件交换站, 外交信使; and what is never allowed, though something may have come so:
普通邮政, 快递, 无关人员 (clause b.4)."""

# Receiving (clauses b.1, b.2).


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One item as the sender's manifest has it; `title` empty and `pages` None where it does not say."""

    number: int
    issuer_number: str
    title: str
    copy_number: int
    level: str
    pages: int | None = None
    kind: CarrierKind = "document"


@dataclass(frozen=True, slots=True)
class ReceiptOpened(MatterOpened):
    """A consignment came in: from whom, by which manifest, which way, from whose hands, its seal intact or not."""

    kind: ClassVar[str] = "receipt_opened"
    sender: int | None
    """Another body of the directory; None where it is only named."""
    sender_name: str
    manifest_number: str
    mode: Mode
    rows: tuple[ManifestRow, ...]
    seal: str = ""
    seal_state: Literal["intact", "broken", "none"] = "intact"
    delivered_by: int | None = None
    delivered_by_name: str = ""
    witness: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ItemShort(MatterFact):
    """What the manifest lists in this row was not in the consignment."""

    kind: ClassVar[str] = "item_short"
    row: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class ItemWrong(MatterFact):
    """What came is not what the manifest says: another copy, other pages, damaged. Kept, it is received as it is."""

    kind: ClassVar[str] = "item_wrong"
    row: int
    wrong: Literal["copy", "pages", "damaged", "other"]
    resolution: Literal["kept", "sent_back"]
    note: str


@dataclass(frozen=True, slots=True)
class ItemOver(MatterFact):
    """Something came that is not on the manifest, and was sent back. What is kept instead is `Received` without row."""

    kind: ClassVar[str] = "item_over"
    issuer_number: str
    copy_number: int
    note: str


@dataclass(frozen=True, slots=True)
class SenderTold(MatterFact):
    """The sender was told what the comparison gave. `number`: of the receipt slip, or of the letter."""

    kind: ClassVar[str] = "sender_told"
    how: Literal["slip", "telephone", "letter"]
    to: str
    told_at: Instant
    number: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptClosed(MatterFact):
    """Everything was compared, registered and signed for. `full`: received in full, nothing short, over or wrong."""

    kind: ClassVar[str] = "receipt_closed"
    full: bool


@dataclass(frozen=True, slots=True)
class ReceiptCancelled(MatterFact):
    """A receipt begun by mistake; nothing was registered under it."""

    kind: ClassVar[str] = "receipt_cancelled"
    reason: str


# Sending (clauses b.1, b.3 to b.6).


@dataclass(frozen=True, slots=True)
class DispatchOpened(MatterOpened):
    """Something is to be sent: to another body (`addressee`), or to a person of the house elsewhere (`recipient`).

    `route`, `vehicle`, `escorts`: the own transport's; `export_permit`: what allows it out of the country.
    """

    kind: ClassVar[str] = "dispatch_opened"
    addressee: int | None
    recipient: int | None
    mode: Mode
    arrive_by: Instant
    attention: str = ""
    """For whom it is there, by name or office."""
    reason: str = ""
    route: str = ""
    vehicle: str = ""
    escorts: tuple[int, ...] = ()
    export_permit: str = ""


@dataclass(frozen=True, slots=True)
class DispatchListed(CarrierFact):
    """It is to go with the parcel."""

    kind: ClassVar[str] = "dispatch_listed"
    matter: int


@dataclass(frozen=True, slots=True)
class DispatchStruck(CarrierFact):
    """It does not go, and why."""

    kind: ClassVar[str] = "dispatch_struck"
    matter: int
    reason: str


@dataclass(frozen=True, slots=True)
class ParcelSealed(MatterFact):
    """Everything on the list was put into one parcel: its number, and that of its seal."""

    kind: ClassVar[str] = "parcel_sealed"
    parcel: str
    seal: str


@dataclass(frozen=True, slots=True)
class ParcelOpened(MatterFact):
    """A parcel not yet handed over was opened again, and why."""

    kind: ClassVar[str] = "parcel_opened"
    reason: str


@dataclass(frozen=True, slots=True)
class Dispatched(CarrierFact):
    """Handed to whoever carries it, both hands signing; it is on its way."""

    kind: ClassVar[str] = "dispatched"
    matter: int
    taken_by: int | None = None
    taken_by_name: str = ""
    witness: int | None = None


@dataclass(frozen=True, slots=True)
class DeliveryAcknowledged(CarrierFact):
    """The other body acknowledged it: number of its receipt, who signed there. It is the house's no more."""

    kind: ClassVar[str] = "delivery_acknowledged"
    matter: int
    receipt: str
    signed_by: str


@dataclass(frozen=True, slots=True)
class DeliveryTakenIn(CarrierFact):
    """The recipient of the house took it in and put it in its new home."""

    kind: ClassVar[str] = "delivery_taken_in"
    matter: int
    place: int
    pages_counted: int | None = None


@dataclass(frozen=True, slots=True)
class DispatchReturned(CarrierFact):
    """It came back undelivered, or was sent in error: it is in `place` again."""

    kind: ClassVar[str] = "dispatch_returned"
    matter: int
    place: int
    reason: str
    pages_counted: int | None = None


@dataclass(frozen=True, slots=True)
class DispatchShort(CarrierFact):
    """It was not there on arrival; entered with, or after, the declaration that its whereabouts are unknown."""

    kind: ClassVar[str] = "dispatch_short"
    matter: int
    note: str


@dataclass(frozen=True, slots=True)
class DispatchClosed(MatterFact):
    """Everything sent was acknowledged, is back, or is sought."""

    kind: ClassVar[str] = "dispatch_closed"


# Distribution within the scope (clause b.3).


@dataclass(frozen=True, slots=True)
class DistributionOpened(MatterOpened):
    """The copies of a title are to be handed out; `collect_by`: until when they are collected, None: they stay."""

    kind: ClassVar[str] = "distribution_opened"
    control_number: str
    reason: str = ""
    collect_by: Instant | None = None


@dataclass(frozen=True, slots=True)
class DistributionListed(CarrierFact):
    """A copy of the title that is here to be handed out."""

    kind: ClassVar[str] = "distribution_listed"
    matter: int


@dataclass(frozen=True, slots=True)
class DistributedToKeep(CarrierFact):
    """Handed to a recipient who keeps it in a place that he or she answers for: its home from now on."""

    kind: ClassVar[str] = "distributed_to_keep"
    matter: int
    recipient: int
    place: int


@dataclass(frozen=True, slots=True)
class DistributedOnLoan(CarrierFact):
    """Handed to a recipient until `due_at`."""

    kind: ClassVar[str] = "distributed_on_loan"
    matter: int
    holder: int
    due_at: Instant


@dataclass(frozen=True, slots=True)
class RemainderCounted(CarrierFact):
    """A copy that nobody received was counted where it is."""

    kind: ClassVar[str] = "remainder_counted"
    matter: int
    pages_counted: int | None = None


@dataclass(frozen=True, slots=True)
class DistributionStruck(CarrierFact):
    """A copy is neither to be handed out nor collected any more, and why."""

    kind: ClassVar[str] = "distribution_struck"
    matter: int
    reason: str


@dataclass(frozen=True, slots=True)
class DistributionCounted(MatterFact):
    """Every copy was handed out or counted."""

    kind: ClassVar[str] = "distribution_counted"


@dataclass(frozen=True, slots=True)
class Collected(CarrierFact):
    """A copy handed out came back to the registry, and is in `place`, its home from now on."""

    kind: ClassVar[str] = "collected"
    matter: int
    place: int
    pages_counted: int | None = None


@dataclass(frozen=True, slots=True)
class DistributionClosed(MatterFact):
    """The distribution is over; what was to be collected is back."""

    kind: ClassVar[str] = "distribution_closed"


# Widening the scope (clause b.3).


@dataclass(frozen=True, slots=True)
class WideningOpened(MatterOpened):
    """More are to know a title. `authority`: on whose word; `consent`: number of the issuer's consent, where it came
    from another body.
    """

    kind: ClassVar[str] = "widening_opened"
    control_number: str
    principals: tuple[str, ...]
    reason: str
    authority: str
    consent: str = ""


@dataclass(frozen=True, slots=True)
class WideningListed(CarrierFact):
    """A copy of the title."""

    kind: ClassVar[str] = "widening_listed"
    matter: int


@dataclass(frozen=True, slots=True)
class ScopeWidened(CarrierFact):
    """These may know it too from now on; nobody is taken out."""

    kind: ClassVar[str] = "scope_widened"
    matter: int
    principals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WideningClosed(MatterFact):
    """The scope of every copy was widened."""

    kind: ClassVar[str] = "widening_closed"
