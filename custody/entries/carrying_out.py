"""Facts of letter e: a permit to carry out, what left under it and came back, and where one really went.

The bearer answers for what is carried out; escorts go with him. A permit is made use of at the desk, or by the
portal: then the carriers are packed at the desk, and leave when the portal hears them go.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from custody.entries.model import CarrierFact, MatterFact, MatterOpened
from custody.values import Instant

Means = Literal["official_vehicle", "train", "aircraft", "ship", "foot"]
Stay = Literal["none", "secure_room", "office", "lodging", "home"]
"""Where one stays: nowhere (on the way, or back the same day), a secure room or an office of the body visited,
lodgings. `home` is what people write; it is refused (daily rule 3).
"""
Mode = Literal["desk", "portal"]


@dataclass(frozen=True, slots=True)
class ItineraryLeg:
    """One stretch of the way: on an ISO day, from where to where, by what means, and where one stays then."""

    day: str
    origin: str
    to: str
    means: Means
    stay: Stay = "none"
    where: str = ""
    """Name of the place of stay; empty where there is none."""


@dataclass(frozen=True, slots=True)
class LegTold:
    """What was told of one declared leg on return. `leg`: its number, from 1; `told`: what was otherwise, and why."""

    leg: int
    kept: bool
    told: str = ""


@dataclass(frozen=True, slots=True)
class PermitOpened(MatterOpened):
    """A permit to carry out was drafted: who, why, where to, in which container, with whom, when (clause e.1).

    The itinerary is declared with it (e.2). `foreign`: for foreign-affairs activities (e.3); `abroad`: out of the
    country, by the permit of the authority (e.4). `prolongs`: the permit under which the carriers are out already.
    """

    kind: ClassVar[str] = "permit_opened"
    bearer: int
    escorts: tuple[int, ...]
    purpose: str
    destination: str
    container: str
    """Number of the locked case."""
    from_at: Instant
    until_at: Instant
    itinerary: tuple[ItineraryLeg, ...]
    mode: Mode = "desk"
    foreign: bool = False
    abroad: bool = False
    precautions: str = ""
    authority_permit: str = ""
    authority_permit_on: str = ""
    """ISO day of the authority's permit."""
    prolongs: int | None = None

    @property
    def matters(self) -> tuple[int, ...]:
        """The matters that the rules ask about besides."""
        return () if self.prolongs is None else (self.prolongs,)


@dataclass(frozen=True, slots=True)
class PermitListed(CarrierFact):
    """Named on a permit as one of what is to be carried out."""

    kind: ClassVar[str] = "permit_listed"
    matter: int


@dataclass(frozen=True, slots=True)
class PermitStruck(CarrierFact):
    """Is not carried out under the permit after all."""

    kind: ClassVar[str] = "permit_struck"
    matter: int
    reason: str


@dataclass(frozen=True, slots=True)
class Packed(CarrierFact):
    """Locked in the container at the desk, clerk and bearer signing, to leave by the portal until `due_at`."""

    kind: ClassVar[str] = "packed"
    matter: int
    container: str
    due_at: Instant


@dataclass(frozen=True, slots=True)
class CarriedOut(CarrierFact):
    """Left the house with the bearer, who has it until `due_at` (clause e.1).

    `portal`: the portal by which it left, packed before; None: let out at the desk.
    """

    kind: ClassVar[str] = "carried_out"
    matter: int
    bearer: int
    container: str
    due_at: Instant
    portal: int | None = None


@dataclass(frozen=True, slots=True)
class CarriedOver(CarrierFact):
    """Is out under another permit from now on, which prolongs this one."""

    kind: ClassVar[str] = "carried_over"
    matter: int
    successor: int


@dataclass(frozen=True, slots=True)
class StayedOut(CarrierFact):
    """Stays out, under this permit, until `due_at`; told together with what became of the former."""

    kind: ClassVar[str] = "stayed_out"
    matter: int
    former: int
    due_at: Instant


@dataclass(frozen=True, slots=True)
class BroughtBack(CarrierFact):
    """Back from the bearer or an escort, both hands signing, and put in `place`."""

    kind: ClassVar[str] = "brought_back"
    matter: int
    place: int
    brought_by: int
    pages_counted: int | None = None


@dataclass(frozen=True, slots=True)
class LostOnTheWay(CarrierFact):
    """Was declared lost while it was out: the permit goes on without it."""

    kind: ClassVar[str] = "lost_on_the_way"
    matter: int
    circumstances: str


@dataclass(frozen=True, slots=True)
class ItineraryConfirmed(MatterFact):
    """On return the itinerary was gone through leg by leg and signed; the permit is closed (clause e.2).

    `straight`: nobody went anywhere else; else `elsewhere` says where and why.
    """

    kind: ClassVar[str] = "itinerary_confirmed"
    confirmed_by: int
    legs: tuple[LegTold, ...]
    straight: bool
    elsewhere: str = ""
