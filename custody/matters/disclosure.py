"""Matters of letter i: provision to another body, its prolongation, the disclosure review."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from custody.entries import Entry, Fact
from custody.entries.disclosure import (
    ChangesConfirmed,
    DisclosureReviewed,
    EditorsTold,
    InformationProvided,
    Piece,
    ProlongationOpened,
    ProlongationUsed,
    Provided,
    ProvidedForGood,
    ProvisionClosed,
    ProvisionListed,
    ProvisionOpened,
    ProvisionProlonged,
    ProvisionReturned,
    ProvisionStruck,
    Published,
    Result,
    ReviewOpened,
    Terms,
)
from custody.matters.model import SAME, Line, Matter, MatterKind
from custody.values import Instant

PROVISION_KEY, PROLONGATION_KEY, REVIEW_KEY = "provision", "prolongation", "disclosure_review"
LISTED, STRUCK, OUTSIDE, GIVEN, RETURNED = "listed", "struck", "outside", "given", "returned"
"""States of a line of a provision."""
ANYTIME = ("draft", "asked", "approved")
"""Before an approval is made use of: whether it was given is asked by a rule, which quotes its clause."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was told or shown without a carrier, by whom, to whom, before whom."""

    told: str
    received_by_name: str
    document: str
    speaker: int
    witness: int
    minutes: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Hand:
    """Somebody who handed over, and who saw it."""

    giver: int
    witness: int
    received_by_name: str
    document: str
    at: Instant


@dataclass(frozen=True, slots=True)
class ProvisionBody:
    """To whom, why, on what ground, until when; what was handed over and told."""

    organisation: int
    purpose: str
    ground: str
    form: str
    terms: Terms
    measures: str
    due_at: Instant | None = None
    reason: str = ""
    information: str = ""
    export_permit: str = ""
    listers: tuple[int, ...] = ()
    """Who put carriers on the list: none of them approves it, or hands over."""
    hands: tuple[Hand, ...] = ()
    told: tuple[Told, ...] = ()
    prolonged: int = 0
    """How often its day was put off."""
    outside: bool = False
    """Whether its day of return counts: something was handed over until then."""
    remark: str = ""


def _provision(body: Any, fact: Fact, entry: Entry) -> ProvisionBody:
    if isinstance(fact, ProvisionOpened):
        return ProvisionBody(
            fact.organisation,
            fact.purpose,
            fact.ground,
            fact.form,
            fact.terms,
            fact.measures,
            fact.due_at,
            fact.reason,
            fact.information,
            fact.export_permit,
        )
    was: ProvisionBody = body
    match fact:
        case ProvisionListed() if entry.by not in was.listers:
            return replace(was, listers=(*was.listers, entry.by))
        case Provided() | ProvidedForGood():
            hand = Hand(entry.by, fact.witness, fact.received_by_name, fact.document, entry.happened_at)
            hands = was.hands if hand in was.hands else (*was.hands, hand)
            return replace(was, hands=hands, outside=was.outside or isinstance(fact, Provided))
        case InformationProvided():
            told = Told(
                fact.told,
                fact.received_by_name,
                fact.document,
                fact.speaker,
                fact.witness,
                fact.minutes,
                fact.told_at,
            )
            return replace(was, told=(*was.told, told))
        case ProvisionProlonged(due_at=due_at) if due_at != was.due_at:
            return replace(was, due_at=due_at, prolonged=was.prolonged + 1)
        case ProvisionClosed(remark=remark):
            return replace(was, remark=remark)
        case _:
            return was


def _provision_line(line: Line | None, fact: Fact, _entry: Entry) -> Line | None:
    assert line is not None  # the engine gives a new line to start from
    match fact:
        case ProvisionListed():
            return replace(line, label="")
        case ProvisionStruck(reason=reason):
            return replace(line, label=reason, due_at=None)
        case Provided(received_by_name=name, due_at=due_at, pages_counted=pages):
            return replace(line, label=name, due_at=due_at, pages=pages)
        case ProvidedForGood(received_by_name=name, receipt=receipt, pages_counted=pages):
            return replace(line, label=f"{name} {receipt}", pages=pages)
        case ProvisionReturned(brought_by_name=name, pages_counted=pages):
            return replace(line, label=name, due_at=None, pages=pages)
        case ProvisionProlonged(due_at=due_at):
            return replace(line, due_at=due_at)
        case _:
            return line


def _provision_due(body: ProvisionBody) -> Instant | None:
    return body.due_at if body.outside else None


def _provision_parties(matter: Matter) -> Iterable[tuple[int, str]]:
    body: ProvisionBody = matter.body
    for person in body.listers:
        yield person, "lister"
    for hand in body.hands:
        yield hand.giver, "giver"
        yield hand.witness, "witness"
    for one in body.told:
        yield one.speaker, "speaker"
        yield one.witness, "witness"


def _listers(matter: Matter) -> Iterable[int]:
    body: ProvisionBody = matter.body
    return body.listers


@dataclass(frozen=True, slots=True)
class ProlongationBody:
    """Of which provision, until when, why."""

    provision: int
    due_at: Instant
    reason: str


def _prolongation(body: Any, fact: Fact, _entry: Entry) -> ProlongationBody:
    if isinstance(fact, ProlongationOpened):
        return ProlongationBody(fact.provision, fact.due_at, fact.reason)
    was: ProlongationBody = body
    return was


@dataclass(frozen=True, slots=True)
class ReviewGiven:
    """One reviewer's result."""

    step: str
    person: int
    result: Result
    opinion: str
    at: Instant
    on_behalf_of: int | None = None


@dataclass(frozen=True, slots=True)
class ReviewBody:
    """What is to be made public, by whom, where; each reviewer's result; what became of it."""

    what: Piece
    title: str
    outlet: str
    due_at: Instant
    authors: tuple[int, ...]
    secrets: str
    author_unit: int | None = None
    text_hash: str = ""
    pages: int | None = None
    reviews: tuple[ReviewGiven, ...] = ()
    confirmed_by: int | None = None
    told_to: str = ""
    statement: str = ""
    where: str = ""
    published_on: str = ""

    @property
    def changes_open(self) -> bool:
        """Whether changes were asked for that nobody has confirmed yet."""
        return self.confirmed_by is None and any(one.result == "changes" for one in self.reviews)


def _review(body: Any, fact: Fact, entry: Entry) -> ReviewBody:
    if isinstance(fact, ReviewOpened):
        return ReviewBody(
            fact.what,
            fact.title,
            fact.outlet,
            fact.due_at,
            fact.authors,
            fact.secrets,
            fact.author_unit,
            fact.text_hash,
            fact.pages,
        )
    was: ReviewBody = body
    match fact:
        case DisclosureReviewed(step=step, result=result, opinion=opinion, on_behalf_of=other):
            given = ReviewGiven(step, entry.by, result, opinion, entry.happened_at, other)
            return replace(was, reviews=(*was.reviews, given))
        case ChangesConfirmed(text_hash=found, pages=pages):
            return replace(
                was,
                confirmed_by=entry.by,
                text_hash=found or was.text_hash,
                pages=was.pages if pages is None else pages,
            )
        case EditorsTold(to=to, statement=statement):
            return replace(was, told_to=to, statement=statement)
        case Published(where=where, published_on=on):
            return replace(was, where=where, published_on=on)
        case _:
            return was


def _review_due(body: ReviewBody) -> Instant | None:
    return body.due_at


def _review_parties(matter: Matter) -> Iterable[tuple[int, str]]:
    body: ReviewBody = matter.body
    for person in body.authors:
        yield person, "author"
    if body.confirmed_by is not None:
        yield body.confirmed_by, "confirmer"


def _authors(matter: Matter) -> Iterable[int]:
    """Who reviews is none of those who wrote it (clause i.2)."""
    body: ReviewBody = matter.body
    return body.authors


PROVISION = MatterKind(
    key=PROVISION_KEY,
    opened=ProvisionOpened,
    body_type=ProvisionBody,
    transitions={
        ProvisionOpened: {None: "draft"},
        ProvisionListed: {"draft": SAME},
        ProvisionStruck: dict.fromkeys((*ANYTIME, "provided"), SAME),
        **{
            handed: dict.fromkeys((*ANYTIME, "provided"), "provided")
            for handed in (Provided, ProvidedForGood, InformationProvided)
        },
        ProvisionReturned: {"provided": SAME},
        ProvisionProlonged: {"provided": SAME},
        ProvisionClosed: {"provided": "closed"},
    },
    body=_provision,
    lines={
        ProvisionListed: {None: LISTED, STRUCK: LISTED},
        ProvisionStruck: {LISTED: STRUCK, OUTSIDE: STRUCK},
        Provided: {LISTED: OUTSIDE},
        ProvidedForGood: {LISTED: GIVEN},
        ProvisionReturned: {OUTSIDE: RETURNED},
        ProvisionProlonged: {OUTSIDE: OUTSIDE},
    },
    line=_provision_line,
    ends=frozenset({"closed"}),
    binds=True,
    route="provision",
    due=_provision_due,
    parties=_provision_parties,
    apart=_listers,
)

PROLONGATION = MatterKind(
    key=PROLONGATION_KEY,
    opened=ProlongationOpened,
    body_type=ProlongationBody,
    transitions={
        ProlongationOpened: {None: "draft"},
        ProlongationUsed: {"approved": "used"},
    },
    body=_prolongation,
    ends=frozenset({"used"}),
    route="provision",
)

DISCLOSURE_REVIEW = MatterKind(
    key=REVIEW_KEY,
    opened=ReviewOpened,
    body_type=ReviewBody,
    transitions={
        ReviewOpened: {None: "draft"},
        DisclosureReviewed: {"asked": SAME},
        ChangesConfirmed: {"approved": SAME},
        EditorsTold: dict.fromkeys(ANYTIME, SAME),
        Published: dict.fromkeys(ANYTIME, "published"),
    },
    body=_review,
    ends=frozenset({"published"}),
    route="disclosure",
    due=_review_due,
    parties=_review_parties,
    apart=_authors,
)

KINDS: tuple[MatterKind, ...] = (PROVISION, PROLONGATION, DISCLOSURE_REVIEW)
