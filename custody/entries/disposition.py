"""Facts of letter f: archiving and transfer, return to the issuer, change of level and period, review, loss.

Where carriers leave the house, each says itself into whose hands it went: a person of the house who signs beside the
giver (`received_by`), or somebody without an account, by name, before a witness of the house who signs (`witness`).
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from custody.entries.model import CarrierFact, MatterFact, MatterOpened
from custody.values import Instant, Period, Scope

# Archiving and transfer (clause f.3).


@dataclass(frozen=True, slots=True)
class ArchivingDue(CarrierFact):
    """The day by which it is to be archived was set, or lifted (empty)."""

    kind: ClassVar[str] = "archiving_due"
    archive_by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TransferOpened(MatterOpened):
    """A transfer list was begun: to the archives, to another unit, or to another organisation."""

    kind: ClassVar[str] = "transfer_opened"
    destination: Literal["archives", "unit", "organisation"]
    receiver: str
    """The body that takes them over, by name."""
    place: str
    """Where they are handed over."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TransferListed(CarrierFact):
    """Put on a transfer list."""

    kind: ClassVar[str] = "transfer_listed"
    matter: int


@dataclass(frozen=True, slots=True)
class TransferStruck(CarrierFact):
    """Struck off a transfer list, with the reason."""

    kind: ClassVar[str] = "transfer_struck"
    matter: int
    reason: str


@dataclass(frozen=True, slots=True)
class Transferred(CarrierFact):
    """Handed over item by item, giver and receiver signing at one desk."""

    kind: ClassVar[str] = "transferred"
    matter: int
    received_by: int | None = None
    received_by_name: str = ""
    witness: int | None = None
    pages_counted: int | None = None


@dataclass(frozen=True, slots=True)
class TransferClosed(MatterFact):
    """Everything on the list was handed over or struck off. `receipt`: number of the receiver's own receipt."""

    kind: ClassVar[str] = "transfer_closed"
    receipt: str = ""


# Return to the issuer by list (clause b.7).


@dataclass(frozen=True, slots=True)
class IssuerReturnOpened(MatterOpened):
    """An issuer called its papers back by a notice, until `due_at`."""

    kind: ClassVar[str] = "issuer_return_opened"
    issuer: str
    notice_number: str
    notice_on: str
    due_at: Instant


@dataclass(frozen=True, slots=True)
class IssuerReturnListed(CarrierFact):
    """Found to be a paper that the notice calls back; not lent or moved elsewhere from now on."""

    kind: ClassVar[str] = "issuer_return_listed"
    matter: int


@dataclass(frozen=True, slots=True)
class ReturnedToIssuer(CarrierFact):
    """Handed to the courier or to the issuer's own person, in a sealed parcel, both hands signing."""

    kind: ClassVar[str] = "returned_to_issuer"
    matter: int
    parcel: str
    """Number of the sealed parcel."""
    received_by: int | None = None
    received_by_name: str = ""
    witness: int | None = None
    pages_counted: int | None = None


@dataclass(frozen=True, slots=True)
class IssuerReturnExplained(CarrierFact):
    """Not returned, and why: destroyed by leave of the issuer, lost, kept by agreement."""

    kind: ClassVar[str] = "issuer_return_explained"
    matter: int
    reason: str


@dataclass(frozen=True, slots=True)
class IssuerReturnClosed(MatterFact):
    """Every paper on the list was returned or explained. `receipt`: number of the issuer's receipt."""

    kind: ClassVar[str] = "issuer_return_closed"
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Reissued(CarrierFact):
    """A paper returned to its issuer came again, and was received anew: `former` is what it was here before."""

    kind: ClassVar[str] = "reissued"
    former: int

    @property
    def carriers(self) -> tuple[int, ...]:
        """The carriers whose states the rules ask about."""
        return (self.former,)


# Level and period: change, declassification, review (clause a.5).


@dataclass(frozen=True, slots=True)
class ReclassificationOpened(MatterOpened):
    """A change of level or period, or a declassification, was proposed to the determining authority.

    `basis` and `determined_by` as on a first classification; the notice is the issuer's, for papers received.
    """

    kind: ClassVar[str] = "reclassification_opened"
    purpose: Literal["change", "declassify"]
    basis: str
    determined_by: str
    effective_on: str
    notice_number: str = ""
    notice_on: str = ""


@dataclass(frozen=True, slots=True)
class ChangeProposed(CarrierFact):
    """The level, period and (where it changes too) scope that it is to have."""

    kind: ClassVar[str] = "change_proposed"
    matter: int
    level: str
    period: Period
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class DeclassificationProposed(CarrierFact):
    """It is to be declassified."""

    kind: ClassVar[str] = "declassification_proposed"
    matter: int


@dataclass(frozen=True, slots=True)
class CopyLeftOut(CarrierFact):
    """A copy of a title that is changed stays as it is, and why."""

    kind: ClassVar[str] = "copy_left_out"
    matter: int
    reason: str


@dataclass(frozen=True, slots=True)
class LevelChanged(CarrierFact):
    """The determining authority's decision was carried out on it: level, period and scope are these from now on."""

    kind: ClassVar[str] = "level_changed"
    matter: int
    level: str
    period: Period
    scope: Scope | None
    basis: str
    determined_by: str
    effective_on: str


@dataclass(frozen=True, slots=True)
class Declassified(CarrierFact):
    """It is a secret no more, and leaves the register."""

    kind: ClassVar[str] = "declassified"
    matter: int
    basis: str
    determined_by: str
    effective_on: str


@dataclass(frozen=True, slots=True)
class ReclassificationClosed(MatterFact):
    """The decision was carried out on everything that it was about."""

    kind: ClassVar[str] = "reclassification_closed"


@dataclass(frozen=True, slots=True)
class Reviewed(CarrierFact):
    """Before its period ends it was looked at again: level and period stay as they are."""

    kind: ClassVar[str] = "reviewed"
    reason: str


# Loss and its enquiry. `ReportedMissing` and `ReportedFound` stand with the facts of keeping.


@dataclass(frozen=True, slots=True)
class LossOpened(MatterOpened):
    """A loss was discovered: from now on it is to be reported to the authority until `due_at`."""

    kind: ClassVar[str] = "loss_opened"
    discovered_at: Instant
    discovered_by: int
    circumstances: str
    last_known: str
    due_at: Instant


@dataclass(frozen=True, slots=True)
class LossListed(CarrierFact):
    """It is what was lost; entered with the declaration that its whereabouts are unknown."""

    kind: ClassVar[str] = "loss_listed"
    matter: int


@dataclass(frozen=True, slots=True)
class LossFound(CarrierFact):
    """What was lost is there again; entered with the declaration that it was found."""

    kind: ClassVar[str] = "loss_found"
    matter: int


@dataclass(frozen=True, slots=True)
class LossReported(MatterFact):
    """The loss was reported: the clock stands still."""

    kind: ClassVar[str] = "loss_reported"
    to: str
    number: str
    reported_at: Instant


@dataclass(frozen=True, slots=True)
class EnquiryNoted(MatterFact):
    """What was done to find it and to limit the harm."""

    kind: ClassVar[str] = "enquiry_noted"
    measures: str


@dataclass(frozen=True, slots=True)
class LossConcluded(MatterFact):
    """The secrecy office ended its enquiry: what came out, who answers for it. `carriers`: what was not found."""

    kind: ClassVar[str] = "loss_concluded"
    outcome: Literal["found", "not_found"]
    carriers: tuple[int, ...]
    result: str
    responsibility: str


@dataclass(frozen=True, slots=True)
class LossConfirmed(MatterFact):
    """A leader put his name under the conclusion; the matter is over."""

    kind: ClassVar[str] = "loss_confirmed"
    note: str = ""
