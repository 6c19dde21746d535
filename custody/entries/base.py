"""Facts of the directory, the register, tags, places and loans, and what people concluded from a comparison."""

from dataclasses import dataclass
from typing import ClassVar

from custody.entries.model import CarrierFact, Fact
from custody.values import Custody, Delegation, Description, Instant, Person, Place, Tag, Unit

# The directory: whole statements of a row; the last one holds.


@dataclass(frozen=True, slots=True)
class UnitRecorded(Fact):
    """A unit was entered or amended."""

    kind: ClassVar[str] = "unit_recorded"
    unit: Unit


@dataclass(frozen=True, slots=True)
class PlaceRecorded(Fact):
    """A place was entered or amended, its rating included (clause f.2)."""

    kind: ClassVar[str] = "place_recorded"
    place: Place


@dataclass(frozen=True, slots=True)
class PersonRecorded(Fact):
    """A person was entered or amended, the post and its dates included."""

    kind: ClassVar[str] = "person_recorded"
    person: Person


@dataclass(frozen=True, slots=True)
class ResponsibilityAccepted(Fact):
    """The responsible person of a place accepted the responsibility by signature (daily rule 5, clause f.2)."""

    kind: ClassVar[str] = "responsibility_accepted"
    place: int


@dataclass(frozen=True, slots=True)
class Delegated(Fact):
    """A person let another act in his or her stead, until a day."""

    kind: ClassVar[str] = "delegated"
    delegation: Delegation


@dataclass(frozen=True, slots=True)
class DelegationEnded(Fact):
    """A delegation was ended before its day."""

    kind: ClassVar[str] = "delegation_ended"
    delegation: int
    reason: str = ""


# Coming into the register. Produced and copied carriers come with their own procedures.


@dataclass(frozen=True, slots=True)
class Imported(CarrierFact):
    """Taken over from the ledger kept before: origin legacy. Has no home until shelved."""

    kind: ClassVar[str] = "imported"
    description: Description


@dataclass(frozen=True, slots=True)
class Received(CarrierFact):
    """Received from outside, with the issuer's own number (clauses b.1, b.2).

    `matter`: the receipt by which it came, None where it was taken over without one; `row`: its row of the manifest,
    None where it is not on it.
    """

    kind: ClassVar[str] = "received"
    description: Description
    matter: int | None = None
    row: int | None = None


# Tags.


@dataclass(frozen=True, slots=True)
class TagBound(CarrierFact):
    """A tag was fixed to the carrier; the EPC is bound to no other."""

    kind: ClassVar[str] = "tag_bound"
    tag: Tag


@dataclass(frozen=True, slots=True)
class TagRetired(CarrierFact):
    """A tag was taken off or destroyed; it is never bound again."""

    kind: ClassVar[str] = "tag_retired"
    epc: str
    reason: str


@dataclass(frozen=True, slots=True)
class TagUnreadable(CarrierFact):
    """A tag on the carrier was found not to answer: its silence says nothing from now on, and eyes look instead."""

    kind: ClassVar[str] = "tag_unreadable"
    epc: str
    reason: str


@dataclass(frozen=True, slots=True)
class TagReadable(CarrierFact):
    """A tag said to be unreadable answers again."""

    kind: ClassVar[str] = "tag_readable"
    epc: str
    reason: str = ""


# Keeping.


@dataclass(frozen=True, slots=True)
class Shelved(CarrierFact):
    """Put in its home for the first time; `place` is its home from now on (clause f.2)."""

    kind: ClassVar[str] = "shelved"
    place: int


@dataclass(frozen=True, slots=True)
class Moved(CarrierFact):
    """Given another home (clause f.2)."""

    kind: ClassVar[str] = "moved"
    place: int


@dataclass(frozen=True, slots=True)
class ReportedMissing(CarrierFact):
    """A person declared the whereabouts unknown: 下落不明. Never concluded from the radio."""

    kind: ClassVar[str] = "reported_missing"
    circumstances: str


@dataclass(frozen=True, slots=True)
class ReportedFound(CarrierFact):
    """A carrier declared missing was found, and put in `place`."""

    kind: ClassVar[str] = "reported_found"
    place: int
    circumstances: str


# Use.


@dataclass(frozen=True, slots=True)
class Borrowed(CarrierFact):
    """Handed to the borrower, whose identity was confirmed, until `due_at` (clause c.5)."""

    kind: ClassVar[str] = "borrowed"
    holder: int
    due_at: Instant
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Returned(CarrierFact):
    """Back from the holder, put in `place` (clause c.5)."""

    kind: ClassVar[str] = "returned"
    place: int
    pages_counted: int | None = None


# Mistakes.


@dataclass(frozen=True, slots=True)
class Corrected(CarrierFact):
    """A wrong entry was undone from the present state: custody is again as it was before `entry`, its last one."""

    kind: ClassVar[str] = "corrected"
    entry: int
    restored: Custody
    reason: str


@dataclass(frozen=True, slots=True)
class ImportTakenBack(CarrierFact):
    """What a ledger kept before was wrongly taken over with was taken back: the carrier was never ours to keep under
    this number, which is free again, as are its tags. `entry`: its last one; `second`: the person who signed beside.
    """

    kind: ClassVar[str] = "import_taken_back"
    entry: int
    second: int
    reason: str


# What people concluded from a comparison. None of these moves custody.


@dataclass(frozen=True, slots=True)
class RoundSigned(Fact):
    """A sweep was finished and signed: a count is an assertion against the books, never an edit."""

    kind: ClassVar[str] = "round_signed"
    round: str
    place: int
    position: int
    """Ledger position at which the expected list was frozen."""
    expected: int
    present: int
    missing: int
    elsewhere: int
    unexpected: int
    report_hash: str
    """SHA-256, hexadecimal, of the report's canonical bytes."""


@dataclass(frozen=True, slots=True)
class FindingSettled(Fact):
    """A person closed a finding, with the reason."""

    kind: ClassVar[str] = "finding_settled"
    finding: str
    finding_kind: str
    resolution: str
    reason: str
    carrier: int | None = None
