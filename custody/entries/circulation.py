"""Facts of letter c: circulation, reading, briefings, and the acts on a loan."""

from dataclasses import dataclass
from typing import ClassVar

from custody.entries.model import CarrierFact, MatterFact, MatterOpened
from custody.values import Instant

# On a loan.


@dataclass(frozen=True, slots=True)
class TakenToRead(CarrierFact):
    """Handed to the reader, who signed, to be read in `place` and given back there the same day (clauses c.2, c.5)."""

    kind: ClassVar[str] = "taken_to_read"
    holder: int
    place: int
    due_at: Instant
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Renewed(CarrierFact):
    """The loan goes on until a later day (clause c.5)."""

    kind: ClassVar[str] = "renewed"
    due_at: Instant
    reason: str


@dataclass(frozen=True, slots=True)
class Recalled(CarrierFact):
    """The registry asked for the carrier back before its day (clause c.5)."""

    kind: ClassVar[str] = "recalled"
    due_at: Instant
    reason: str


@dataclass(frozen=True, slots=True)
class Queued(CarrierFact):
    """A person waits for the carrier, behind those who waited before."""

    kind: ClassVar[str] = "queued"
    person: int


@dataclass(frozen=True, slots=True)
class Unqueued(CarrierFact):
    """A person waits no longer."""

    kind: ClassVar[str] = "unqueued"
    person: int


# Circulation: out from the registry to one reader at a time, and back to it (clause c.3).


@dataclass(frozen=True, slots=True)
class CirculationOpened(MatterOpened):
    """A folder is to go round: to whom, in which order, and how many days each reader may have it."""

    kind: ClassVar[str] = "circulation_opened"
    readers: tuple[int, ...]
    leg_days: int
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class CirculationListed(CarrierFact):
    """The carrier lies in the folder that is to go round."""

    kind: ClassVar[str] = "circulation_listed"
    matter: int


@dataclass(frozen=True, slots=True)
class LegStarted(CarrierFact):
    """The registry handed the carrier to the next reader, who signed, until `due_at` (clause c.3)."""

    kind: ClassVar[str] = "leg_started"
    matter: int
    reader: int
    due_at: Instant


@dataclass(frozen=True, slots=True)
class LegEnded(CarrierFact):
    """The carrier is at the registry again. `brought_by`: who brought it; another than the reader had it passed on."""

    kind: ClassVar[str] = "leg_ended"
    matter: int
    brought_by: int
    pages_counted: int | None = None


@dataclass(frozen=True, slots=True)
class ReaderPassedOver(MatterFact):
    """A reader does not get the folder, for a reason (clause c.3)."""

    kind: ClassVar[str] = "reader_passed_over"
    reader: int
    reason: str


@dataclass(frozen=True, slots=True)
class CirculationPutBack(CarrierFact):
    """Every reader has had the carrier or was passed over; it is in its place again (clause c.3)."""

    kind: ClassVar[str] = "circulation_put_back"
    matter: int
    place: int


@dataclass(frozen=True, slots=True)
class CirculationLeftOut(CarrierFact):
    """The carrier was declared lost on its way: the circulation ends without it."""

    kind: ClassVar[str] = "circulation_left_out"
    matter: int
    reason: str


@dataclass(frozen=True, slots=True)
class CirculationClosed(MatterFact):
    """Nothing of the folder is out any more."""

    kind: ClassVar[str] = "circulation_closed"
    remark: str = ""


# Briefings: content told to listeners (clause c.4).


@dataclass(frozen=True, slots=True)
class Guest:
    """A listener who is in no directory: name, unit, the level of clearance, and the letter that says so."""

    name: str
    unit: str
    level: str
    letter: str


@dataclass(frozen=True, slots=True)
class BriefingOpened(MatterOpened):
    """The sheet of a briefing, signed in advance by the person in charge: where, who speaks, under which rules.

    `notes`: `forbidden`, `registered` (in notebooks that the registry keeps) or `allowed`; `recording` and `video`:
    whether allowed. `equipment`: everything that carries the speaker's voice or pictures, by code; `none` alone
    where nothing does. `carriers`: those whose content is conveyed.
    """

    kind: ClassVar[str] = "briefing_opened"
    topic: str
    place: int
    starts_at: Instant
    speaker: int
    in_charge: int
    notes: str
    recording: bool
    video: bool
    equipment: tuple[str, ...]
    carriers: tuple[int, ...]
    remark: str = ""


@dataclass(frozen=True, slots=True)
class ListenerRegistered(MatterFact):
    """A listener was admitted to what `carriers` convey: a person of the directory, or a guest; never both."""

    kind: ClassVar[str] = "listener_registered"
    listener: int | None
    guest: Guest | None
    carriers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ListenerStruckOff(MatterFact):
    """A listener registered before does not come after all; a guest by name and unit."""

    kind: ClassVar[str] = "listener_struck_off"
    listener: int | None
    guest: str
    reason: str


@dataclass(frozen=True, slots=True)
class RulesAcknowledged(MatterFact):
    """A listener acknowledged the rules of the briefing by signature (clause c.4)."""

    kind: ClassVar[str] = "rules_acknowledged"
    listener: int


@dataclass(frozen=True, slots=True)
class BriefingHeld(MatterFact):
    """The briefing took place under its rules, and is over."""

    kind: ClassVar[str] = "briefing_held"
    remark: str = ""


@dataclass(frozen=True, slots=True)
class BriefingCancelled(MatterFact):
    """The briefing did not take place."""

    kind: ClassVar[str] = "briefing_cancelled"
    reason: str
