"""Facts of letter g: destruction, from the request to the certificate.

The carriers of a batch are listed, approved, set apart, sealed in numbered bags, checked item by item against the
bags, and then destroyed on site or at a designated centre. Every fact names its batch (`matter`).
"""

from dataclasses import dataclass
from typing import ClassVar

from custody.entries.model import CarrierFact, MatterFact, MatterOpened
from custody.values import Instant

# The request.


@dataclass(frozen=True, slots=True)
class DestructionOpened(MatterOpened):
    """A batch was appraised and its destruction requested (clause g.1).

    `disposal`: what shall become of it, a key of `custody.procedures.destruction_methods.DISPOSALS` (clause g.6);
    `centre`: the designated unit that destroys it (clause g.7), empty on site; `appraisal`: why it need not be kept.
    """

    kind: ClassVar[str] = "destruction_opened"
    disposal: str
    reason: str
    appraisal: str = ""
    centre: str = ""


@dataclass(frozen=True, slots=True)
class DestructionListed(CarrierFact):
    """Put on the list, to be destroyed by `method` (clauses g.1, g.3)."""

    kind: ClassVar[str] = "destruction_listed"
    matter: int
    method: str


@dataclass(frozen=True, slots=True)
class TakenOff(CarrierFact):
    """Taken off the list again before it was destroyed: it is kept, or it is missing."""

    kind: ClassVar[str] = "destruction_taken_off"
    matter: int
    reason: str


# Preparing what was approved.


@dataclass(frozen=True, slots=True)
class SetApart(CarrierFact):
    """Taken from its home and put in `place`, apart from what is kept, to await destruction."""

    kind: ClassVar[str] = "destruction_set_apart"
    matter: int
    place: int


@dataclass(frozen=True, slots=True)
class Sealed(CarrierFact):
    """Put in a bag, which was closed with a numbered seal in the same act."""

    kind: ClassVar[str] = "destruction_sealed"
    matter: int
    bag: str
    seal: str


@dataclass(frozen=True, slots=True)
class Checked(CarrierFact):
    """Held in hand and compared with the list: out of this bag, which bore this seal."""

    kind: ClassVar[str] = "destruction_checked"
    matter: int
    bag: str
    seal: str


@dataclass(frozen=True, slots=True)
class WeighedIn(MatterFact):
    """The last read before anybody signs, at the shredder or in the sealed bags, and it equals the list (clause g.5).

    `carriers`: everything on the list, each read by its tag or its number, but those in `by_eye`, whose tags did not
    answer and which the two `supervisors` saw with their own eyes, for a `reason`. `list_hash`: SHA-256 of the list
    (`custody.matters.destruction.list_hash`). `first_at`, `last_at`: of the reading. `place` None: in the bags.
    """

    kind: ClassVar[str] = "destruction_weighed_in"
    carriers: tuple[int, ...]
    by_eye: tuple[int, ...]
    items: int
    list_hash: str
    first_at: Instant
    last_at: Instant
    place: int | None = None
    reason: str = ""
    supervisors: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DeviationReported(MatterFact):
    """What was found is not what the list says: the destruction stands still until that is settled.

    `what` is a key of `custody.matters.destruction.DEVIATIONS`; `bag` may be empty.
    """

    kind: ClassVar[str] = "destruction_deviation_reported"
    what: str
    bag: str
    circumstances: str


@dataclass(frozen=True, slots=True)
class DeviationSettled(MatterFact):
    """The secrecy office looked into a deviation, and the destruction may go on."""

    kind: ClassVar[str] = "destruction_deviation_settled"
    outcome: str


@dataclass(frozen=True, slots=True)
class CalledOff(MatterFact):
    """Nothing is left on the list: the batch is over without a destruction."""

    kind: ClassVar[str] = "destruction_called_off"
    reason: str


# Destruction itself.


@dataclass(frozen=True, slots=True)
class Destroyed(CarrierFact):
    """Destroyed for good (clauses g.2 to g.5).

    `destroyer` destroyed it, or, at a centre, delivered it and answers for it; `supervisors` watched; all signed.
    `fineness`: security level of the particles, 1 to 7 (ISO/IEC 21964-1), where it was shredded or crushed; else 0.
    """

    kind: ClassVar[str] = "destroyed"
    matter: int
    method: str
    destroyer: int
    supervisors: tuple[int, ...]
    fineness: int = 0


@dataclass(frozen=True, slots=True)
class DestructionCarriedOut(MatterFact):
    """The whole batch was destroyed on site: the certificate of destruction, signed by all three (clause g.5)."""

    kind: ClassVar[str] = "destruction_carried_out"
    destroyer: int
    supervisors: tuple[int, ...]
    place: int
    items: int
    device: str = ""
    """The shredder, degausser or furnace, by its name and number."""


@dataclass(frozen=True, slots=True)
class HandedToCentre(MatterFact):
    """The sealed batch was handed to the escorts, to be taken to the designated unit (clause g.7)."""

    kind: ClassVar[str] = "destruction_handed_to_centre"
    centre: str
    vehicle: str
    driver: str
    escorts: tuple[int, ...]
    items: int
    weight_kg: int | None = None


@dataclass(frozen=True, slots=True)
class GoneToCentre(CarrierFact):
    """Left with the escorts for the designated unit."""

    kind: ClassVar[str] = "destruction_gone_to_centre"
    matter: int


@dataclass(frozen=True, slots=True)
class ReceivedByCentre(MatterFact):
    """The designated unit counted and gave its receipt (clause g.7)."""

    kind: ClassVar[str] = "destruction_received_by_centre"
    receipt: str
    counted: int


@dataclass(frozen=True, slots=True)
class CertifiedByCentre(MatterFact):
    """The whole batch was destroyed at the centre while our supervisors watched (clauses g.5, g.7).

    `certificate`: the number of the centre's certificate; `destroyed_on`: ISO date; `operator`: who destroyed there.
    """

    kind: ClassVar[str] = "destruction_certified_by_centre"
    certificate: str
    destroyed_on: str
    operator: str
    destroyer: int
    supervisors: tuple[int, ...]
    items: int
