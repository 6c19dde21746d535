"""Lawful acts made unlawful in one respect, and the clause that must be quoted: an oracle that knows no rule.

Each row is read off the regulations: a kind of fact, what is made wrong about it, and the clause that says so. Wherever
a lawful path is about to enter such a fact, the wrong act is tried first, by the same persons at the same desk; it must
be refused with that clause, and nothing may have changed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from custody.access import Role, Subject
from custody.approval import ROUTES
from custody.entries import Borrowed, Copied, Fact, Moved, Produced, Returned, Shelved
from custody.entries.approvals import ApprovalAsked, Approved
from custody.entries.carrying_out import BroughtBack, CarriedOut, ItineraryConfirmed, PermitOpened
from custody.entries.circulation import CirculationOpened, CirculationPutBack, LegStarted, Renewed, TakenToRead
from custody.entries.copying import CopiesMade, CopyingClosed, CopyingOpened
from custody.entries.destruction import Destroyed, DestructionListed, DestructionOpened
from custody.entries.disclosure import (
    DisclosureReviewed,
    Provided,
    ProvidedForGood,
    ProvisionOpened,
    Published,
    ReviewOpened,
)
from custody.entries.dispatch import (
    Collected,
    DeliveryAcknowledged,
    DispatchClosed,
    Dispatched,
    DispatchOpened,
    DistributedOnLoan,
    ItemShort,
    ParcelSealed,
    ReceiptClosed,
    ReceiptOpened,
    RemainderCounted,
    ScopeWidened,
    SenderTold,
    WideningOpened,
)
from custody.entries.disposition import (
    IssuerReturnOpened,
    LevelChanged,
    ReclassificationOpened,
    ReturnedToIssuer,
    TransferOpened,
    Transferred,
)
from custody.entries.entry import Acknowledged, CleaningOpened, VisitOpened
from custody.entries.meetings import HandedOut, MeetingSettled
from custody.entries.production import (
    CopiesCancelled,
    CopySpoiled,
    IntermediateKept,
    IntermediateProduced,
    OrderClosed,
    ProductionOrdered,
)
from custody.matters import KINDS
from custody.rules import Refused
from custody.values import Period
from tests.builders import CORRIDOR, PEOPLE, Archive, signatures, subject

UNCLEARED = PEOPLE["he"]
"""Cleared for nothing."""
Spoil = Callable[[Any, Archive], Fact | None]
"""The fact made wrong; None where it cannot be, here."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """One way of being wrong. `clause`: what must be quoted."""

    clause: str
    fact: type[Fact]
    said: str
    spoil: Spoil


def _with(**changes: Any) -> Spoil:
    return lambda fact, _archive: replace(fact, **changes)


def _described(**changes: Any) -> Spoil:
    return lambda fact, _archive: replace(fact, description=replace(fact.description, **changes))


def _private(archive: Archive) -> int | None:
    with archive.books.database.reading() as connection:
        bodies = archive.books.directory(connection).organisations.values()
    return next((body.id for body in bodies if body.ownership == "private"), None)


def _overseas(archive: Archive) -> int | None:
    with archive.books.database.reading() as connection:
        bodies = archive.books.directory(connection).organisations.values()
    return next((body.id for body in bodies if body.overseas), None)


def _by_a_private_body(field: str) -> Spoil:
    def spoil(fact: Any, archive: Archive) -> Fact | None:
        body = _private(archive)
        return None if body is None else replace(fact, place=None, **{field: body})

    return spoil


def _without_agreement(fact: ProvisionOpened, archive: Archive) -> Fact | None:
    body = _private(archive)
    return None if body is None else replace(fact, organisation=body)


def _overseas_by_hand(fact: DispatchOpened, archive: Archive) -> Fact | None:
    body = _overseas(archive)
    if body is None:
        return None
    return replace(fact, addressee=body, recipient=None, mode="confidential_transport", export_permit="")


def _at_home(fact: PermitOpened, _archive: Archive) -> Fact:
    legs = (*fact.itinerary[:-1], replace(fact.itinerary[-1], stay="home", where="家中"))
    return replace(fact, itinerary=legs)


def _one_copy_more(fact: Produced, _archive: Archive) -> Fact:
    copies = fact.description.copies
    return replace(fact, description=replace(fact.description, copy_number=copies + 1, copies=copies + 1))


def _lower(fact: Any, archive: Archive) -> Fact | None:
    if archive.scheme.rank(fact.description.level) < 2:
        return None
    return replace(fact, description=replace(fact.description, level="confidential", period=Period("maximum")))


def _lower_copy(manner: str) -> Spoil:
    return lambda fact, archive: _lower(fact, archive) if (fact.manner == "compilation") == (manner != "copy") else None


def _operator_watches(fact: CopiesMade, _archive: Archive) -> Fact:
    return replace(fact, witness=fact.operator)


def _supervises_himself(fact: Destroyed, _archive: Archive) -> Fact:
    return replace(fact, supervisors=(fact.supervisors[0], fact.supervisors[0]))


def _not_overwritten(fact: DestructionListed, archive: Archive) -> Fact | None:
    return replace(fact, method="overwrite") if archive.state(fact.carrier).description.medium == "paper" else None


def _full_when_short(fact: ReceiptClosed, _archive: Archive) -> Fact | None:
    return None if fact.full else replace(fact, full=True)


def _one_more_returned(fact: MeetingSettled, _archive: Archive) -> Fact:
    return replace(fact, returned=fact.returned + 1)


def _page_missing(fact: Any, archive: Archive) -> Fact | None:
    described = archive.state(fact.carrier).description
    if described.pages is None or archive.scheme.rank(described.level) < 2:
        return None
    return replace(fact, pages_counted=described.pages - 1)


def _phones_inside(fact: Any, _archive: Archive) -> Fact:
    return replace(fact, visitors=tuple(replace(one, locker="", no_phone=False) for one in fact.visitors))


def _abroad_unpermitted(fact: PermitOpened, _archive: Archive) -> Fact | None:
    return None if fact.abroad else replace(fact, abroad=True, foreign=False, authority_permit="", precautions="")


def _step_skipped(fact: ApprovalAsked, _archive: Archive) -> Fact | None:
    return replace(fact, steps=fact.steps[:1]) if len(fact.steps) > 1 else None


WRONGS: Sequence[Wrong] = (
    # a
    Wrong("a.1", ProductionOrdered, "for no reason", _with(reason="")),
    Wrong("a.2", ProductionOrdered, "in a corridor", _with(place=CORRIDOR, producer=None)),
    Wrong("a.3", ProductionOrdered, "by a private body", _by_a_private_body("producer")),
    Wrong("a.4", ProductionOrdered, "of no quantity", _with(quantity=0)),
    Wrong("a.5", ProductionOrdered, "without basis", _with(basis="")),
    Wrong("a.5", ProductionOrdered, "secret for ever", _with(period=Period("years", "99"))),
    Wrong("a.1", Produced, "at another level", _lower),
    Wrong("a.1", Produced, "under another title", _described(title="另一份")),
    Wrong("a.4", Produced, "one copy more", _one_copy_more),
    Wrong("a.5", Produced, "unmarked", _with(marked=False)),
    Wrong("a.6", IntermediateProduced, "at a lower level", _lower),
    Wrong("a.4", CopySpoiled, "for no reason", _with(reason="")),
    # b
    Wrong("b.2", ReceiptOpened, "with a broken seal that nobody speaks of", _with(seal_state="broken", note="")),
    Wrong("b.2", ReceiptClosed, "in full, when one is short", _full_when_short),
    Wrong("b.4", DispatchOpened, "by ordinary post", _with(mode="ordinary_post")),
    Wrong("b.4", DispatchOpened, "by an unrelated person", _with(mode="unrelated_person")),
    Wrong("b.5", DispatchOpened, "by a car that goes anywhere", _with(mode="own_transport", route="", vehicle="")),
    Wrong("b.6", DispatchOpened, "across the border by hand", _overseas_by_hand),
    Wrong("b.1", ParcelSealed, "without a seal", _with(seal="")),
    Wrong("b.1", Dispatched, "to nobody", _with(taken_by=None, taken_by_name="")),
    Wrong("b.1", DeliveryAcknowledged, "without receipt", _with(receipt="")),
    Wrong("b.3", DistributedOnLoan, "to one not cleared", _with(holder=UNCLEARED)),
    Wrong("b.3", WideningOpened, "on nobody's word", _with(authority="")),
    Wrong("b.3", ScopeWidened, "to others than approved", _with(principals=("all", "post:core"))),
    Wrong("b.2", Collected, "with a page missing", _page_missing),
    Wrong("b.7", IssuerReturnOpened, "without notice", _with(notice_number="")),
    Wrong("b.7", ReturnedToIssuer, "in no parcel", _with(parcel="")),
    # c
    Wrong("c.5", Borrowed, "by one not cleared", _with(holder=UNCLEARED)),
    Wrong("c.5", TakenToRead, "by one not cleared", _with(holder=UNCLEARED)),
    Wrong("c.5", Returned, "with a page missing", _page_missing),
    Wrong("c.3", CirculationOpened, "for nobody", _with(readers=())),
    Wrong("c.3", LegStarted, "to one who is no reader", _with(reader=PEOPLE["ma"])),
    Wrong("f.2", CirculationPutBack, "in a corridor", _with(place=CORRIDOR)),
    # d, and copying where anybody comes by (rule 7)
    Wrong("7", CopyingOpened, "in a corridor", _with(place=CORRIDOR, organisation=None)),
    Wrong("d.3", CopyingOpened, "by a private body", _by_a_private_body("organisation")),
    Wrong("d.1", CopyingOpened, "for no reason", _with(reason="")),
    Wrong("d.5", Copied, "at a lower level", _lower_copy("copy")),
    Wrong("d.6", Copied, "compiled at a lower level", _lower_copy("compilation")),
    Wrong("d.4", CopiesMade, "by one alone", _operator_watches),
    # e, and home (rule 3)
    Wrong("e.1", PermitOpened, "for no purpose", _with(purpose="")),
    Wrong("e.1", PermitOpened, "in no container", _with(container="")),
    Wrong("e.2", PermitOpened, "with no itinerary", _with(itinerary=())),
    Wrong("3", PermitOpened, "to sleep at home", _at_home),
    Wrong("e.3", PermitOpened, "among foreigners, unprotected", _with(foreign=True, abroad=False, precautions="")),
    Wrong("e.4", PermitOpened, "out of the country without leave", _abroad_unpermitted),
    Wrong("e.1", CarriedOut, "in another container", _with(container="手提袋")),
    Wrong("e.1", BroughtBack, "with a page missing", _page_missing),
    Wrong("e.2", ItineraryConfirmed, "not gone through", _with(legs=())),
    # f
    Wrong("f.2", Shelved, "in a corridor", _with(place=CORRIDOR)),
    Wrong("f.2", Moved, "to a corridor", _with(place=CORRIDOR)),
    Wrong("f.3", TransferOpened, "to nobody", _with(receiver="")),
    Wrong("f.3", Transferred, "into nobody's hands", _with(received_by=None, received_by_name="")),
    # g
    Wrong("g.1", DestructionOpened, "unappraised", _with(reason="", appraisal="")),
    Wrong("g.6", DestructionOpened, "sold as scrap", _with(disposal="scrap")),
    Wrong("g.3", DestructionListed, "paper overwritten", _not_overwritten),
    Wrong("g.5", Destroyed, "with one supervisor", _supervises_himself),
    Wrong("a.5", ReclassificationOpened, "without basis", _with(basis="")),
    # h
    Wrong("h.1", HandedOut, "to one not on the list", _with(attendee=99)),
    Wrong("h.3", MeetingSettled, "with one more than there are", _one_more_returned),
    # i
    Wrong("i.1", ProvisionOpened, "to a body without agreement", _without_agreement),
    Wrong("i.1", ProvisionOpened, "for no purpose", _with(purpose="")),
    Wrong("i.1", Provided, "to one who shows no document", _with(document="")),
    Wrong("i.1", ProvidedForGood, "without receipt", _with(receipt="")),
    Wrong("i.2", ReviewOpened, "by no author", _with(authors=(), author_unit=None)),
    Wrong("i.2", Published, "in another wording", _with(text_hash="0" * 64)),
    # j, and rules 4, 5, 9
    Wrong("j.1", VisitOpened, "unescorted", _with(escort=None)),
    Wrong("j.1", VisitOpened, "escorted by one not cleared", _with(escort=UNCLEARED)),
    Wrong("4", VisitOpened, "with phones", _phones_inside),
    Wrong("5", VisitOpened, "undeclared", _with(declared=False)),
    Wrong("9", CleaningOpened, "with papers lying about", _with(put_away=False)),
    Wrong("j.2", Acknowledged, "of another text", _with(text="随便什么")),
    # 7: urgent skips nothing.
    Wrong("7", ApprovalAsked, "with one step skipped", _step_skipped),
)
"""In the order of the regulations."""

UNSIGNED: Mapping[type[Fact], str] = {
    ProductionOrdered: "a.1",
    Produced: "a.5",
    CopiesCancelled: "a.4",
    OrderClosed: "a.4",
    IntermediateKept: "a.6",
    ReceiptOpened: "b.1",
    ItemShort: "b.2",
    SenderTold: "b.2",
    ReceiptClosed: "b.1",
    DispatchOpened: "b.1",
    ParcelSealed: "b.1",
    Dispatched: "b.1",
    DispatchClosed: "b.1",
    DistributedOnLoan: "b.1",
    RemainderCounted: "b.1",
    ScopeWidened: "b.3",
    ReturnedToIssuer: "b.7",
    Borrowed: "c.5",
    TakenToRead: "c.5",
    Renewed: "c.5",
    LegStarted: "c.3",
    CopyingOpened: "d.1",
    CopiesMade: "d.4",
    CopyingClosed: "d.4",
    PermitOpened: "e.2",
    CarriedOut: "e.1",
    BroughtBack: "e.1",
    ItineraryConfirmed: "e.2",
    Transferred: "f.3",
    LevelChanged: "a.5",
    Destroyed: "g.5",
    HandedOut: "h.2",
    MeetingSettled: "h.3",
    Provided: "i.1",
    ReviewOpened: "i.2",
    DisclosureReviewed: "i.2",
    Published: "i.2",
    VisitOpened: "j.1",
    Acknowledged: "j.2",
}
"""Facts that nobody enters without signing, and the clause that wants the signature."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An unlawful act: who, what, with whose signatures; which fact must be refused, with which clause."""

    name: str
    clause: str
    by: Subject
    facts: tuple[Fact, ...]
    signers: tuple[int | str, ...]
    at: int


def attempts(archive: Archive, by: Subject, facts: Sequence[Fact], signers: Sequence[int | str]) -> Iterator[Attempt]:
    """Every way in which this lawful act can be made unlawful."""
    for at, fact in enumerate(facts):
        for wrong in WRONGS:
            spoilt = wrong.spoil(fact, archive) if type(fact) is wrong.fact else None
            if spoilt is not None and spoilt != fact:
                changed = (*facts[:at], spoilt, *facts[at + 1 :])
                yield Attempt(f"{fact.kind} {wrong.said}", wrong.clause, by, changed, tuple(signers), at)
    first = next((at for at, fact in enumerate(facts) if type(fact) in UNSIGNED), None)
    if first is not None and signers:
        fact = facts[first]
        yield Attempt(f"{fact.kind} unsigned", UNSIGNED[type(fact)], by, tuple(facts), (), first)
    yield from _own_approval(archive, facts)


def _own_approval(archive: Archive, facts: Sequence[Fact]) -> Iterator[Attempt]:
    """Whoever applied approves it himself, whatever roles he was given meanwhile."""
    for at, fact in enumerate(facts):
        if not isinstance(fact, Approved):
            continue
        matter = archive.the_matter(fact.matter)
        assert matter.approval is not None
        name = next(name for name, person in PEOPLE.items() if person == matter.approval.applicant)
        everything = archive.present(subject(name, *_APPROVING))
        route = ROUTES[KINDS[matter.kind].route_of(matter)]
        signers = (everything.person,)
        yield Attempt(f"{matter.kind} approved by the applicant", route.clause, everything, tuple(facts), signers, at)


_APPROVING = (Role.MANAGER, Role.SECRECY_OFFICE, Role.SECRECY_COMMITTEE, Role.LEADER, Role.CLERK)


def refused_as_it_must(archive: Archive, attempt: Attempt) -> str:
    """Tries it; empty where it was refused with its clause, else what happened instead."""
    position = _position(archive)
    under = signatures(attempt.facts, archive.books.clock(), *attempt.signers) if attempt.signers else ()
    try:
        archive.books.enter(attempt.by, attempt.facts, act="correct", signatures=under)
    except Refused as refused:
        if _position(archive) != position:
            return f"{attempt.name}: refused, and yet something was entered"
        clauses = {refusal.clause for refusal in refused.refusals}
        if refused.at <= attempt.at and attempt.clause in clauses:
            return ""
        said = f"{attempt.facts[refused.at].kind}: {refused}"
        return f"{attempt.name}: refused, but not with {attempt.clause}: {said}"
    return f"{attempt.name}: was entered"


def _position(archive: Archive) -> int:
    with archive.books.database.reading() as connection:
        return archive.books.position(connection)
