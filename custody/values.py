"""Values that entries are made of: frozen, comparable, without behaviour beyond their own sense.

Times are integers: microseconds since 1970-01-01 UTC (`Instant`); days are ISO dates (`YYYY-MM-DD`).
"""

from dataclasses import dataclass
from typing import Literal

Instant = int
"""Microseconds since 1970-01-01 UTC."""

SECOND = 1_000_000
DAY = 86_400 * SECOND

CarrierKind = Literal["document", "telegram", "disc", "drive", "film", "model", "notebook", "computer", "other"]
"""`telegram`: a coded telegram 密码电报, which nobody copies outside the cipher department (clause d.2)."""
Origin = Literal["produced", "received", "copied", "legacy"]
PeriodKind = Literal["years", "months", "date", "condition", "long_term", "maximum", "none"]
PlaceKind = Literal["site", "building", "room", "cabinet", "shelf", "container", "seat", "portal"]
PostClass = Literal["core", "important", "general"]
Ownership = Literal["state", "collective", "private", "foreign", "foreign_funded", "self_employed"]
"""国有, 集体, 私营, 外国, 外资, 个体: the last four never produce what is secret (clause a.3)."""


@dataclass(frozen=True, slots=True)
class Period:
    """How long a carrier stays secret. `maximum`: unmarked, so the level's maximum; `none`: internal only.

    `value` holds the number of years or months, the ISO date, or the condition's words. `authority` names who
    allowed a period beyond the level's maximum, or long-term (regulation clause a.5).
    """

    kind: PeriodKind
    value: str = ""
    authority: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """Who may know: principals, each `all`, `unit:ID`, `post:CLASS`, `person:ID`, or `organisation:ID` for another
    body to which it may be sent (clause b.3). Empty: nobody but keepers.
    """

    principals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Description:
    """What a carrier is, as entered when it came into the register."""

    control_number: str
    """The organisation's own number of the title; with `copy_number` it names one carrier."""
    copy_number: int
    copies: int
    title: str
    kind: CarrierKind
    level: str
    period: Period
    scope: Scope
    unit: int
    """The unit that answers for it."""
    classified_on: str = ""
    """ISO date on which level and period were determined."""
    basis: str = ""
    """定密依据: the ground on which the level was determined."""
    determined_by: str = ""
    """定密责任人: the person who determined the level."""
    medium: str = "paper"
    pages: int | None = None
    issuer: str = ""
    issuer_number: str = ""
    remark: str = ""
    archive_by: str = ""
    """ISO date by which it is to be archived or transferred to the archives (clause f.3); empty: not to be."""
    intermediate: str = ""
    """What it is on the way to the finished carrier: draft, proof, negative, scrap (clause a.6); empty: finished."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag on a carrier: EPC in upper-case hexadecimal, and the chip's own number where it was read."""

    epc: str
    tid: str | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """A department; `parent` None at the top."""

    id: int
    code: str
    name: str
    name_en: str = ""
    parent: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the tree site > building > room > cabinet > shelf; `rating` is the highest level kept or used there.

    A portal stands in the tree under what it guards; its `inside` and `outside` name the places it joins.
    `storage`: carriers may have their home there. A place without a rating of its own takes its parent's.
    """

    id: int
    code: str
    name: str
    kind: PlaceKind
    parent: int | None = None
    name_en: str = ""
    rating: str | None = None
    storage: bool = False
    responsible: int | None = None
    inside: int | None = None
    outside: int | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A person and the post held now; clearance follows from the class of post, between the dates (inclusive)."""

    id: int
    number: str
    name: str
    name_en: str = ""
    unit: int | None = None
    post: str = ""
    post_class: PostClass | None = None
    cleared_from: str = ""
    cleared_until: str = ""
    left_on: str = ""


@dataclass(frozen=True, slots=True)
class Organisation:
    """Another body: one that produces, copies, sends, receives, or is provided with carriers."""

    id: int
    code: str
    name: str
    name_en: str = ""
    ownership: Ownership = "state"
    overseas: bool = False
    """Whether it is beyond the border: what goes there goes by courier of the foreign service (clause b.6)."""
    contact: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence on file: of another body, or (`organisation` None) of the house itself. Days are inclusive."""

    id: int
    activity: Literal["production", "reproduction", "transport"]
    organisation: int | None
    number: str
    issued_by: str
    level: str
    """Highest level that it is good for."""
    valid_from: str
    valid_until: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """A secrecy agreement with another body (clause i.1). Days are inclusive."""

    id: int
    organisation: int
    number: str
    subject: str
    level: str
    """Highest level that it covers."""
    valid_from: str
    valid_until: str
    signed_by: str = ""
    """Who signed it for the other body."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """A text that people sign for: an undertaking, the yearly instruction, a reminder (clause j.2, rules 4, 5, 7)."""

    subject: str
    text: str
    issued_at: Instant


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What a person signed for last of a subject, and when."""

    at: Instant
    text_hash: str
    """SHA-256, hexadecimal, of the text in UTF-8."""


@dataclass(frozen=True, slots=True)
class Badge:
    """What a card stands for: whose badge it is or last was (clause c.5)."""

    uid: str
    """The number that its chip says of itself, upper-case hexadecimal."""
    person: int
    given_at: Instant
    withdrawn_at: Instant | None = None
    reason: str = ""
    """Why it was withdrawn: lost, returned, replaced."""

    @property
    def valid(self) -> bool:
        """Whether it stands for the person now."""
        return self.withdrawn_at is None


@dataclass(frozen=True, slots=True)
class Custody:
    """Where the books have a carrier: what acts of custody change, and a correction restores."""

    status: str
    """A term of the balance (`custody.life_cycle.Status`)."""
    home: int | None = None
    place: int | None = None
    holder: int | None = None
    due_at: Instant | None = None
    matter: int | None = None
    renewals: int = 0
    recalled: bool = False
    queue: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Delegation:
    """`giver` lets `deputy` use these permissions in his or her stead, from one instant until another."""

    id: int
    giver: int
    deputy: int
    permissions: tuple[str, ...]
    from_at: Instant
    until_at: Instant
    reason: str = ""
