"""Facts of letter i: provision of carriers and information to other bodies (i.1), disclosure reviews (i.2, rule 1)."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from custody.entries.model import CarrierFact, MatterFact, MatterOpened
from custody.values import Instant

Terms = Literal["loan", "for_good", "told"]
"""Until a day; for good; information that is told or shown without a carrier leaving."""
Result = Literal["pass", "changes", "no"]
"""通过; 修改后通过; 不予公开."""
Piece = Literal["manuscript", "press_release", "interview", "publication", "book", "web_page", "talk"]

# Provision to other bodies (clause i.1).


@dataclass(frozen=True, slots=True)
class ProvisionOpened(MatterOpened):
    """It was proposed to provide another body with carriers or information.

    `ground`: the legal ground; `form`: whether the originals themselves leave, or copies made for it; `due_at`: the
    day of return, None where nothing comes back; `reason`: why it is for good; `measures`: how it is protected there;
    `information`: what may be told or shown; `export_permit`: the permission by which it may go to a body overseas.
    """

    kind: ClassVar[str] = "provision_opened"
    organisation: int
    purpose: str
    ground: str
    form: Literal["originals", "copies"]
    terms: Terms
    measures: str
    due_at: Instant | None = None
    reason: str = ""
    information: str = ""
    export_permit: str = ""


@dataclass(frozen=True, slots=True)
class ProvisionListed(CarrierFact):
    """Put on the list of what is to be provided."""

    kind: ClassVar[str] = "provision_listed"
    matter: int


@dataclass(frozen=True, slots=True)
class ProvisionStruck(CarrierFact):
    """Struck off the list, with the reason: not handed over, or lost outside and dealt with as a loss."""

    kind: ClassVar[str] = "provision_struck"
    matter: int
    reason: str


@dataclass(frozen=True, slots=True)
class Provided(CarrierFact):
    """Handed until a day to the other body's named person, whose document was looked at, before a witness."""

    kind: ClassVar[str] = "provided"
    matter: int
    received_by_name: str
    document: str
    """Kind and number of the receiving person's identity document."""
    witness: int
    due_at: Instant
    pages_counted: int | None = None


@dataclass(frozen=True, slots=True)
class ProvidedForGood(CarrierFact):
    """The same for good, against the other body's own receipt: it answers for it from now on."""

    kind: ClassVar[str] = "provided_for_good"
    matter: int
    received_by_name: str
    document: str
    witness: int
    receipt: str
    pages_counted: int | None = None


@dataclass(frozen=True, slots=True)
class InformationProvided(MatterFact):
    """What was approved was told or shown, by whom, to whom, before whom, in which minutes."""

    kind: ClassVar[str] = "information_provided"
    told: str
    received_by_name: str
    document: str
    speaker: int
    witness: int
    minutes: str
    told_at: Instant


@dataclass(frozen=True, slots=True)
class ProvisionReturned(CarrierFact):
    """Back from the other body, counted, and put in `place`."""

    kind: ClassVar[str] = "provision_returned"
    matter: int
    place: int
    brought_by_name: str
    pages_counted: int | None = None


@dataclass(frozen=True, slots=True)
class ProvisionProlonged(CarrierFact):
    """It stays outside until a later day, by a prolongation approved anew."""

    kind: ClassVar[str] = "provision_prolonged"
    matter: int
    prolongation: int
    due_at: Instant

    @property
    def matters(self) -> tuple[int, ...]:
        """The matters besides its own that the rules ask about."""
        return (self.prolongation,)


@dataclass(frozen=True, slots=True)
class ProvisionClosed(MatterFact):
    """Everything came back, is the other body's for good, or was struck off."""

    kind: ClassVar[str] = "provision_closed"
    remark: str = ""


@dataclass(frozen=True, slots=True)
class ProlongationOpened(MatterOpened):
    """It was proposed that what is outside under a provision stays there longer."""

    kind: ClassVar[str] = "prolongation_opened"
    provision: int
    due_at: Instant
    reason: str

    @property
    def matters(self) -> tuple[int, ...]:
        """The matters besides its own that the rules ask about."""
        return (self.provision,)


@dataclass(frozen=True, slots=True)
class ProlongationUsed(MatterFact):
    """The prolongation was carried out on everything that was still outside."""

    kind: ClassVar[str] = "prolongation_used"


# Disclosure reviews (clause i.2, rule 1).


@dataclass(frozen=True, slots=True)
class ReviewOpened(MatterOpened):
    """A piece that is to be made public was brought to be reviewed first; its author signed for what `secrets` says.

    `due_at`: the intended day; `authors`: persons of the house, `author_unit`: the unit where it is the unit's own;
    `text_hash`: SHA-256, hexadecimal, of the file that was read for review (the file itself is not kept); `secrets`:
    the author's statement that there are none in it, or, of an interview, that they cannot be avoided.
    """

    kind: ClassVar[str] = "disclosure_review_opened"
    what: Piece
    title: str
    outlet: str
    due_at: Instant
    authors: tuple[int, ...]
    secrets: Literal["none", "unavoidable"]
    author_unit: int | None = None
    text_hash: str = ""
    pages: int | None = None


@dataclass(frozen=True, slots=True)
class DisclosureReviewed(MatterFact):
    """One reviewer's result, entered with the answer to his step of the approval. `opinion`: what is to be changed,
    or why not.
    """

    kind: ClassVar[str] = "disclosure_reviewed"
    step: str
    result: Result
    opinion: str = ""
    on_behalf_of: int | None = None


@dataclass(frozen=True, slots=True)
class ChangesConfirmed(MatterFact):
    """A reviewer saw that the changes asked for were made: this is the text now."""

    kind: ClassVar[str] = "disclosure_changes_confirmed"
    text_hash: str = ""
    pages: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class EditorsTold(MatterFact):
    """A secret could not be avoided in an interview: what was stated to the editors, and to whom."""

    kind: ClassVar[str] = "editors_told"
    to: str
    statement: str


@dataclass(frozen=True, slots=True)
class Published(MatterFact):
    """It came out: where, on which day; `text_hash` of what came out, where that was looked at."""

    kind: ClassVar[str] = "disclosure_published"
    where: str
    published_on: str
    text_hash: str = ""
