"""Out of the house by list: archiving and transfer (clause f.3), return to the issuer (clause b.7).

Two persons sign each hand-over: who gives, and who receives. Where the receiver is nobody of the house (a courier,
a clerk of the archives), he is named, and a witness of the house signs beside the giver.
"""

from collections.abc import Iterable, Mapping

from custody.access import sees
from custody.carrier import CarrierState, Status
from custody.classification import is_day
from custody.entries import Fact, Imported, Received
from custody.entries.approvals import Withdrawn
from custody.entries.disposition import (
    ArchivingDue,
    IssuerReturnClosed,
    IssuerReturnExplained,
    IssuerReturnListed,
    IssuerReturnOpened,
    Reissued,
    ReturnedToIssuer,
    TransferClosed,
    TransferOpened,
    Transferred,
    TransferStruck,
)
from custody.matters.disposition import IssuerReturnBody
from custody.procedures import people
from custody.rules import Check, Params, Rule, Situation, by_actor, named, signed

Handed = Transferred | ReturnedToIssuer
_DONE = ("transferred", "changed", "declassified")


def other_hand(fact: Fact) -> int | None:
    """Who signs beside the giver: the receiver, or the witness where the receiver is nobody of the house."""
    assert isinstance(fact, Handed)
    return fact.received_by if fact.received_by is not None else fact.witness


def _hands(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Iterable[int]:
    other = other_hand(fact)
    return (situation.subject.person,) if other is None else (situation.subject.person, other)


def missing_text(*names: str) -> Check:
    """The check that these texts of a fact are not empty."""

    def check(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
        for name in names:
            if not str(getattr(fact, name)).strip():
                return {"field": name}
        return None

    return check


def no_day(*names: str) -> Check:
    """The check that these fields of a fact, where they are filled, are ISO days."""

    def check(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
        for name in names:
            value = str(getattr(fact, name))
            if value and not is_day(value):
                return {"value": value}
        return None

    return check


def _archive_day(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    value = fact.archive_by if isinstance(fact, ArchivingDue) else ""
    if isinstance(fact, Imported | Received):
        value = fact.description.archive_by
    return {"value": value} if value and not is_day(value) else None


def _receiver_unclear(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """Either a person of the house, or a name and a witness; never both, never nobody."""
    assert isinstance(fact, Handed)
    if (fact.received_by is None) == (not fact.received_by_name.strip()):
        return {"field": "received_by"}
    return {"field": "witness"} if fact.received_by is None and fact.witness is None else None


def _hand_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    other = other_hand(fact)
    return None if other is None else people.unknown(other, situation)


def _hand_left(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    other = other_hand(fact)
    return None if other is None else people.left(other, situation)


def _same_hands(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Nobody hands over to himself, nor is witness of what he does."""
    if other_hand(fact) != situation.subject.person:
        return None
    known = situation.directory.persons.get(situation.subject.person)
    return named(known) if known else {"person": situation.subject.name, "person_en": situation.subject.name}


def _not_cleared(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A witness sees the parcel, the receiver of the house what is in it."""
    assert isinstance(fact, Handed)
    if carrier is None or fact.received_by is None:
        return None
    return people.not_cleared(fact.received_by, carrier.description.level, situation)


def _pages_short(carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """Handed over whole or not at all."""
    assert isinstance(fact, Handed)
    pages = None if carrier is None else carrier.description.pages
    if pages is None or fact.pages_counted is None or fact.pages_counted >= pages:
        return None
    return {"counted": fact.pages_counted, "pages": pages}


def _lines_open(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    matter = situation.matter(fact)
    left = matter.count("listed", "proposed") if matter else 0
    return {"count": left} if left else None


def _nothing_done(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    matter = situation.matter(fact)
    return None if matter is None or matter.lines_total else {}


def _partly_done(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """What is carried out in part is closed, not withdrawn."""
    matter = situation.matter(fact)
    done = matter.count(*_DONE) if matter and matter.kind in ("transfer", "reclassification") else 0
    return {"count": done} if done else None


def _not_of_issuer(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Only what was received from this issuer goes back to it, and what was made from that."""
    matter = situation.matter(fact)
    if carrier is None or matter is None or not isinstance(matter.body, IssuerReturnBody):
        return None
    if any((matter.id, one) in situation.lines for one in situation.descent.listed.get(carrier.id, ())):
        return None
    came_from = carrier.description.issuer.strip() if carrier.origin in ("received", "legacy", "copied") else ""
    return None if came_from == matter.body.issuer.strip() else {"issuer": matter.body.issuer}


def _not_the_former(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A paper reissued bears the issuer and the issuer's number of one that went back."""
    assert isinstance(fact, Reissued)
    former = situation.states.get(fact.former)
    if carrier is None or former is None or not sees(situation.subject, former, situation.scheme):
        return {"field": "former"}
    same = all(
        getattr(carrier.description, name).strip() == getattr(former.description, name).strip()
        for name in ("issuer", "issuer_number")
    )
    back = former.status is Status.RETURNED_TO_ISSUER
    return None if same and back and carrier.id != former.id else {"field": "former"}


def _both_signed(clause: str, fact: type[Fact]) -> tuple[Rule, ...]:
    """Both hands, item by item: what clauses f.3 and b.7 have recorded of a hand-over."""
    return (
        Rule(clause, "receiver_unclear", (fact,), _receiver_unclear, "record"),
        Rule("", "reference_unknown", (fact,), _hand_unknown),
        Rule(clause, "receiver_left", (fact,), _hand_left, "record"),
        Rule(clause, "same_hands", (fact,), _same_hands, "record"),
        Rule("b.3", "not_cleared", (fact,), _not_cleared),
        Rule(clause, "pages_short", (fact,), _pages_short, "record"),
        signed(clause, (fact,), _hands),
    )


RULES = (
    Rule("", "date_invalid", (ArchivingDue, Imported, Received), _archive_day),
    Rule("f.3", "text_missing", (TransferOpened,), missing_text("receiver", "place"), "record"),
    Rule("", "text_missing", (TransferStruck, IssuerReturnExplained), missing_text("reason")),
    *_both_signed("f.3", Transferred),
    signed("f.3", (TransferOpened, TransferStruck, TransferClosed, ArchivingDue), by_actor),
    Rule("f.3", "list_open", (TransferClosed,), _lines_open, "record"),
    Rule("b.7", "text_missing", (IssuerReturnOpened,), missing_text("issuer", "notice_number", "notice_on"), "record"),
    Rule("", "date_invalid", (IssuerReturnOpened,), no_day("notice_on")),
    Rule("b.7", "not_of_issuer", (IssuerReturnListed,), _not_of_issuer, "record"),
    Rule("b.7", "text_missing", (ReturnedToIssuer,), missing_text("parcel"), "record"),
    *_both_signed("b.7", ReturnedToIssuer),
    signed("b.7", (IssuerReturnOpened, IssuerReturnExplained, IssuerReturnClosed), by_actor),
    Rule("b.7", "list_open", (IssuerReturnClosed,), _lines_open, "record"),
    Rule("b.7", "nothing_done", (IssuerReturnClosed,), _nothing_done, "record"),
    Rule("b.7", "not_the_former", (Reissued,), _not_the_former, "record"),
    Rule("", "partly_done", (Withdrawn,), _partly_done),
)

CODES: Mapping[str, tuple[str, ...]] = {
    "receiver_unclear": ("field",),
    "receiver_left": ("person", "person_en", "day"),
    "same_hands": ("person", "person_en"),
    "list_open": ("count",),
    "nothing_done": (),
    "partly_done": ("count",),
    "not_of_issuer": ("issuer",),
    "not_the_former": ("field",),
}
