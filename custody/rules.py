"""The mechanism of refusal: a rule is a pure function with its clause; an act is refused where one objects.

The page's dashed button and the server's stop ask the same `refusals`. Rules themselves stand with their letter
in `custody/procedures/`, as rows of a table; `regulations` says which clause each keeps.
"""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Literal

from custody.access import INSTALLATION, Permission, Subject, answers_for, may, sees, sees_matter
from custody.entries import (
    Borrowed,
    CarrierFact,
    Fact,
    Imported,
    MatterOpened,
    PersonRecorded,
    PlaceRecorded,
    Shelved,
    Signature,
    TagBound,
    UnitRecorded,
    matter_of,
)
from custody.entries.badges import BadgeGiven
from custody.entries.entry import Acknowledged, InstructionIssued
from custody.entries.organisations import AgreementRecorded, LicenceRecorded, OrganisationRecorded
from custody.entries.trust import KeyReplaced, KeyRotated, LogSealed
from custody.life_cycle import after
from custody.matters import KINDS as MATTER_KINDS
from custody.matters import Line, Matter, line_after, status_after
from custody.register import CarrierState, Directory
from custody.scheme import Scheme
from custody.values import SECOND, Custody, Instant, Person

Params = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an act cannot be entered: the clause, a code of the catalogue, and what fills its blanks.

    `clause` is empty where no regulation speaks, only good order (a number taken twice, a state that forbids).
    """

    clause: str
    code: str
    params: Params = field(default_factory=dict)


class Refused(Exception):
    """The act was not entered and nothing changed. `refusals` says why; `at` is the index of the refused fact
    among those given, `carrier` the carrier it is about, if any.
    """

    def __init__(self, refusals: Iterable[Refusal], at: int = 0, carrier: int | None = None) -> None:
        self.refusals = tuple(refusals)
        self.at = at
        self.carrier = carrier
        super().__init__("; ".join(f"{r.clause or '-'} {r.code} {dict(r.params)}" for r in self.refusals))


@dataclass(frozen=True, slots=True)
class LastEntry:
    """A carrier's last entry, and where the books had the carrier before it; None: it was not there."""

    sequence: int
    kind: str
    before: Custody | None


class NotFound(Exception):
    """No such thing, or not within the subject's scope: the two are never told apart."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """What the store looked up for the rules of keeping (letter f), for the facts at hand only."""

    kept: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    """Place -> level -> carriers that are there or at home there, for every place whose fitness changes."""
    secrets: Mapping[int, int] = field(default_factory=dict)
    """State secrets in hand, by person."""
    queued: Mapping[int, int] = field(default_factory=dict)
    """Carriers that the person waits for."""
    parts: Mapping[int, int] = field(default_factory=dict)
    """Matters not over in which the person has a part."""
    unlisted: Mapping[int, Set[int]] = field(default_factory=dict)
    """Matter -> carriers that belong on its list and do not stand there."""
    rounds: Mapping[str, tuple[int, Instant]] = field(default_factory=dict)
    """Signed sweep -> its place, and when it was signed."""
    confirmed: Mapping[int, tuple[int, Instant]] = field(default_factory=dict)
    """Carrier -> who declared last to have it, and when."""
    standing: Mapping[int, Subject] = field(default_factory=dict)
    """Persons whom a fact names as signing in a role."""


@dataclass(frozen=True, slots=True)
class Inside:
    """What the store looked up for the rules of entry (letter j)."""

    visits: tuple[Matter, ...] = ()
    """Visits and cleanings that are not over."""
    in_use: Mapping[int, Set[int]] = field(default_factory=dict)
    """Place to be cleaned, or checked -> carriers there that are not put away."""
    checks: tuple[Matter, ...] = ()
    """Checks of rooms that are not older than a day."""


@dataclass(frozen=True, slots=True)
class Block:
    """The copy numbers that a production order holds, both ends included."""

    matter: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Orders:
    """What the store looked up for the rules of production (letter a), for the facts at hand only."""

    blocks: Mapping[str, tuple[Block, ...]] = field(default_factory=dict)
    """By control number, what orders neither declined nor withdrawn hold."""
    highest: Mapping[str, int] = field(default_factory=dict)
    """By control number ordered, the highest copy number in the register."""
    allotted: Mapping[str, int] = field(default_factory=dict)
    """Label (EPC) -> the order that it was given out for."""


@dataclass(frozen=True, slots=True)
class TagNumber:
    """A number that was taken for a tag: what became of it, and for which carrier it was taken (None: a blank one)."""

    state: str
    carrier: int | None = None


@dataclass(frozen=True, slots=True)
class Descent:
    """What the store looked up of what carriers were made from (letter d), for the facts at hand only."""

    descendants: Mapping[int, Set[int]] = field(default_factory=dict)
    """Original whose copies are recalled -> everything made from it, copies of copies included."""
    unlisted: Mapping[int, Set[int]] = field(default_factory=dict)
    """Return to the issuer about to be closed -> what was made from its papers, is held, and stands on no line."""
    listed: Mapping[int, Set[int]] = field(default_factory=dict)
    """Carrier about to be listed for a return -> everything that it was made from."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What rules may know besides the carrier: who acts, when, the scheme, the directory, and looked-up facts.

    `day` is today's ISO date in the organisation's time zone. The looked-up maps hold what the store fetched
    for the facts at hand: overdue loans by person, the carrier that an EPC is or was bound to, numbers taken,
    the codes of the directory (by kind: `unit`, `place`, `person`).
    `happened_at` is given where the act is entered later than it happened. `taking_over`: the act brings in the
    directory or the ledger kept before, which is told as it was.
    """

    subject: Subject
    scheme: Scheme
    directory: Directory
    now: Instant
    day: str
    overdue_loans: Mapping[int, int] = field(default_factory=dict)
    epcs_known: Mapping[str, int] = field(default_factory=dict)
    numbers_taken: Set[tuple[str, int]] = frozenset()
    codes_taken: Mapping[tuple[str, str], int] = field(default_factory=dict)
    happened_at: Instant | None = None
    taking_over: bool = False
    signatures: tuple[Signature, ...] = ()
    text_hash: str = ""
    """Hash of the text that the signatures of this act must stand under (`custody.entries.signed_text`)."""
    matters: Mapping[int, Matter] = field(default_factory=dict)
    """Those that the facts are about, and those that their carriers are bound to."""
    lines: Mapping[tuple[int, int], Line] = field(default_factory=dict)
    """By matter and carrier, for the carriers of the facts."""
    states: Mapping[int, CarrierState] = field(default_factory=dict)
    """The carriers that the facts name."""
    holdings: Mapping[int, int] = field(default_factory=dict)
    """Carriers in hand, by the persons whom the facts concern."""
    absent: Mapping[int, Subject] = field(default_factory=dict)
    """Persons on whose behalf somebody else acts."""
    last_entries: Mapping[int, LastEntry] = field(default_factory=dict)
    """By carrier, for corrections."""
    copies: Mapping[str, Set[int]] = field(default_factory=dict)
    """By control number, copies still held that are not on the list of the change of level that is asked for."""
    keeping: Keeping = field(default_factory=Keeping)
    facts: tuple[Fact, ...] = ()
    """All facts of the act, in order: what must be told together is asked of them together."""
    losses: Mapping[int, int] = field(default_factory=dict)
    """By carrier, the open enquiry that has it as missing; of carriers that the facts say are found."""
    orders: Orders = field(default_factory=Orders)
    act: str = ""
    """The kind of the act."""
    inside: Inside = field(default_factory=Inside)
    descent: Descent = field(default_factory=Descent)
    left_out: Mapping[int, Set[int]] = field(default_factory=dict)
    """Matter about all copies of a title -> copies that stand on no line of it; only where the facts ask for all."""
    untouched: Mapping[int, int] = field(default_factory=dict)
    """Of carriers whose import is taken back, those that nothing stands on, with their last entry."""
    tag_numbers: Mapping[str, TagNumber] = field(default_factory=dict)
    """Of the EPCs that are bound by the facts, those that were taken by a batch of tags."""

    @property
    def at(self) -> Instant:
        """When the act happened."""
        return self.now if self.happened_at is None else self.happened_at

    @property
    def signers(self) -> frozenset[int]:
        """Persons who signed exactly the text of this act, their identity confirmed within the configured time.

        A badge alone confirms the borrower of a loan, where the scheme says so, and nobody else: a card is copied.
        """
        oldest = self.now - self.scheme.number("confirmation_seconds") * SECOND
        return frozenset(
            one.person
            for one in self.signatures
            if one.text_hash == self.text_hash and oldest <= one.at <= self.now and self._confirms(one)
        )

    def _confirms(self, signature: Signature) -> bool:
        """Whether the means of a signature are enough for this act."""
        if signature.means != BADGE_ALONE:
            return True
        lends = bool(self.facts) and all(
            isinstance(fact, Borrowed) and fact.holder == signature.person for fact in self.facts
        )
        return self.scheme.badge == "borrower" and lends and bool(self.directory.badges_of(signature.person))

    def matter(self, fact: Fact) -> Matter | None:
        """The matter that a fact is about or belongs to."""
        named = matter_of(fact)
        return None if named is None else self.matters.get(named)

    def line(self, fact: Fact) -> Line | None:
        """The line of the fact's carrier in its matter."""
        return self.lines.get((matter_of(fact) or 0, getattr(fact, "carrier", 0)))


BADGE_ALONE = "badge"
"""The means of a signature for which nothing but a badge was shown."""

Check = Callable[[CarrierState | None, Fact, Situation], Params | None]
"""None where nothing stands against it; else what fills the blanks of the refusal's words."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One way of refusing, for these kinds of fact. `means`: what it keeps of its clause: `refuse`, or `record` where
    it demands that something be told or signed, without which the act does not complete.
    """

    clause: str
    code: str
    facts: tuple[type[Fact], ...]
    check: Check
    means: Literal["refuse", "record"] = "refuse"


TAKEN_OVER = (
    *(UnitRecorded, PlaceRecorded, PersonRecorded, Imported, TagBound, Shelved, Borrowed),
    *(OrganisationRecorded, LicenceRecorded, AgreementRecorded, InstructionIssued, Acknowledged),
    BadgeGiven,
)
"""What the installation itself may enter, while taking over."""

OF_THE_INSTALLATION: tuple[type[Fact], ...] = (LogSealed, KeyRotated, KeyReplaced)
"""What the installation enters of itself at any time, and nobody else ever."""


def _for_installation(carrier: CarrierState | None, fact: Fact, situation: Situation) -> bool:
    """The installation enters the directory and legacy carriers, in taking over, its seals, and nothing else."""
    if isinstance(fact, OF_THE_INSTALLATION):
        return situation.subject == INSTALLATION
    return (
        situation.subject == INSTALLATION
        and situation.taking_over
        and isinstance(fact, TAKEN_OVER)
        and (carrier is None or carrier.origin == "legacy")
    )


def named(person: Person) -> dict[str, str | int]:
    """The blanks `person` and `person_en` of a refusal."""
    return {"person": person.name, "person_en": person.name_en or person.name}


Signers = Callable[[CarrierState | None, Fact, Situation], Iterable[int]]


def signed(
    clause: str, facts: tuple[type[Fact], ...], who: Signers, means: Literal["refuse", "record"] = "record"
) -> Rule:
    """A rule: these persons must have signed the act, each with identity freshly confirmed.

    What is taken over from the ledger kept before was signed there.
    """

    def unsigned(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
        if situation.taking_over:
            return None
        for person in who(carrier, fact, situation):
            if person not in situation.signers:
                known = situation.directory.persons.get(person)
                return named(known) if known else {"person": str(person), "person_en": str(person)}
        return None

    return Rule(clause, "signature_missing", facts, unsigned, means)


def by_actor(_carrier: CarrierState | None, _fact: Fact, situation: Situation) -> Iterable[int]:
    """The acting person signs."""
    return (situation.subject.person,)


Needed = Permission | Callable[[Fact], Permission | None]
"""A permission, or how it follows from the fact (the step of an approval)."""


def _actor(fact: Fact, situation: Situation, permission: Permission) -> Subject | None:
    """Whose permission counts: the subject's own, or that of the absent person who delegated exactly this."""
    absent: int | None = getattr(fact, "on_behalf_of", None)
    if absent is None:
        return situation.subject
    standing = situation.directory.stands_for(situation.subject.person, permission.value, situation.now)
    return situation.absent.get(absent) if absent in standing else None


def _permitted(
    permissions: Mapping[type[Fact], Needed], carrier: CarrierState | None, fact: Fact, situation: Situation
) -> bool:
    needed = permissions.get(type(fact))
    permission = needed if needed is None or isinstance(needed, Permission) else needed(fact)
    subject = None if permission is None else _actor(fact, situation, permission)
    if subject is None or permission is None or not may(subject, permission):
        return False
    matter = situation.matter(fact)
    unit = fact.unit if isinstance(fact, MatterOpened) else matter.unit if matter is not None else None
    if carrier is not None and matter is None:
        unit = carrier.description.unit
    return unit is None or answers_for(subject, permission, unit, situation.directory)


def _hidden(carrier: CarrierState | None, fact: Fact, situation: Situation) -> bool:
    """Whether what the fact is about does not exist for the subject."""
    if carrier is not None and not sees(situation.subject, carrier, situation.scheme):
        return True
    if isinstance(fact, MatterOpened) or matter_of(fact) is None:
        return False
    matter = situation.matter(fact)
    absent = situation.absent.get(getattr(fact, "on_behalf_of", None) or 0)
    return matter is None or not (
        sees_matter(situation.subject, matter, situation.scheme)
        or (
            absent is not None
            and situation.scheme.rank(matter.level) <= situation.subject.clearance_rank
            and sees_matter(absent, matter, situation.scheme)
        )
    )


def _impossible(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Refusal | None:
    """What the tables of states say: of the carrier, of the matter, of the carrier's line in it."""
    if isinstance(fact, CarrierFact) and after(fact, carrier.status if carrier else None) is None:
        return Refusal("", "state", {"act": fact.kind, "status": carrier.status if carrier else "unknown"})
    if matter_of(fact) is None:
        return None
    matter = situation.matter(fact)
    if status_after(matter, fact) is None:
        status = f"{matter.kind}.{matter.status}" if matter else "unknown"
        return Refusal("", "matter_state", {"act": fact.kind, "matter_status": status})
    if matter is None or not isinstance(fact, CarrierFact):
        return None
    line = situation.line(fact)
    if type(fact) in MATTER_KINDS[matter.kind].lines and line_after(matter, line, fact) is None:
        state = f"{matter.kind}.{line.state}" if line else "unknown"
        return Refusal("", "line_state", {"act": fact.kind, "line_state": state})
    return None


def refusals(
    rules: Iterable[Rule],
    permissions: Mapping[type[Fact], Needed],
    carrier: CarrierState | None,
    fact: Fact,
    situation: Situation,
) -> tuple[Refusal, ...]:
    """Everything that stands against entering this fact now; empty means it may be entered.

    Order: sight, permission, life cycle, then the rules. The later are asked only when the former are silent, so
    that a rule may rely on them, and nobody learns of a carrier that he may not see. Raises NotFound for that,
    and for a carrier that is not in the register: the two are never told apart.
    """
    if carrier is None and isinstance(fact, CarrierFact) and after(fact, None) is None:
        raise NotFound
    if not _for_installation(carrier, fact, situation):
        if _hidden(carrier, fact, situation):
            raise NotFound
        if not _permitted(permissions, carrier, fact, situation):
            return (Refusal("", "not_permitted", {"act": fact.kind}),)
    impossible = _impossible(carrier, fact, situation)
    if impossible is not None:
        return (impossible,)
    found = []
    for rule in rules:
        if isinstance(fact, rule.facts):
            params = rule.check(carrier, fact, situation)
            if params is not None:
                found.append(Refusal(rule.clause, rule.code, params))
    return tuple(found)
