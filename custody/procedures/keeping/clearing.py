"""Nobody keeps carriers privately (clause f.1): so many in one hand, declared by who holds them, none at leaving."""

from collections.abc import Iterable, Mapping

from custody.access import Permission, answers_for
from custody.classification import is_day
from custody.entries import Borrowed, Fact, PersonRecorded
from custody.entries.circulation import TakenToRead
from custody.entries.keeping import (
    ClearanceClosed,
    ClearanceListed,
    ClearanceOpened,
    ClearanceSettled,
    HoldingConfirmed,
    KeepingAbandoned,
)
from custody.life_cycle import HELD
from custody.matters.keeping import Clearance
from custody.procedures.borrowing import taken_over
from custody.register import CarrierState, Directory
from custody.rules import Params, Refusal, Rule, Situation, by_actor, named, signed
from custody.values import Person

REASONS = ("leaves", "changes_post")


# In one hand.


def _holdings_full(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Borrowed | TakenToRead)
    person = situation.directory.persons.get(fact.holder)
    if carrier is None or person is None or taken_over(carrier, situation):
        return None
    count, most = situation.keeping.secrets.get(fact.holder, 0), situation.scheme.number("holdings_max")
    if situation.scheme.rank(carrier.description.level) == 0 or count < most:
        return None
    return {**named(person), "most": most}


def _not_own_holding(carrier: CarrierState | None, _fact: Fact, situation: Situation) -> Params | None:
    return None if carrier is not None and carrier.holder == situation.subject.person else {}


# Leaving, and a change of post.


def held_back(person: Person, held: int, directory: Directory) -> list[Refusal]:
    """What stands against closing a person's post or account: carriers in hand, places in care (clause f.1)."""
    found = []
    if held > 0:
        found.append(Refusal("f.1", "holdings_left", {**named(person), "count": held}))
    if in_care := directory.in_care_of(person.id):
        found.append(Refusal("f.1", "places_left", {**named(person), "place": in_care[0].code, "count": len(in_care)}))
    return found


def _leaves(fact: Fact, situation: Situation) -> Person | None:
    """The person as known, where the fact closes or changes the post."""
    assert isinstance(fact, PersonRecorded)
    now, was = fact.person, situation.directory.persons.get(fact.person.id)
    if was is None:
        return None
    leaves = bool(now.left_on) and now.left_on != was.left_on
    changes = (now.unit, now.post, now.post_class) != (was.unit, was.post, was.post_class)
    return was if leaves or changes else None


def _cleared(fact: Fact, situation: Situation) -> Person | None:
    """The person whose clearance it is."""
    matter = situation.matter(fact)
    body = matter.body if matter is not None else None
    return situation.directory.persons.get(body.person) if isinstance(body, Clearance) else None


def _who(fact: Fact, situation: Situation) -> Person | None:
    return _leaves(fact, situation) if isinstance(fact, PersonRecorded) else _cleared(fact, situation)


def _against(code: str, fact: Fact, situation: Situation) -> Params | None:
    person = _who(fact, situation)
    if person is None:
        return None
    found = held_back(person, situation.holdings.get(person.id, 0), situation.directory)
    return next((refusal.params for refusal in found if refusal.code == code), None)


def _holdings_left(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    return _against("holdings_left", fact, situation)


def _places_left(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    return _against("places_left", fact, situation)


def _queue_left(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    person = _who(fact, situation)
    count = situation.keeping.queued.get(person.id, 0) if person else 0
    return {**named(person), "count": count} if person is not None and count > 0 else None


def _successor_missing(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Open business is told who goes on with it: another person, who is here. The clearance itself does not count."""
    assert isinstance(fact, ClearanceClosed)
    person = _cleared(fact, situation)
    if person is None:
        return None
    known = situation.directory.persons.get(fact.successor or 0)
    others = situation.keeping.parts.get(person.id, 0) - 1
    if fact.successor is None and others <= 0:
        return None
    here = known is not None and not (known.left_on and known.left_on <= situation.day)
    return None if here and known != person else {**named(person), "count": max(others, 0)}


def _still_held(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Of what was lost in the hand the last holder only is named: the enquiry goes on with it."""
    person = _cleared(fact, situation)
    if carrier is None or person is None or carrier.holder != person.id or carrier.status not in HELD:
        return None
    return {**named(person), "count": 1}


def _opened_wrongly(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ClearanceOpened)
    if fact.person not in situation.directory.persons:
        return {"field": "person"}
    if fact.reason not in REASONS:
        return {"field": "reason"}
    if not is_day(fact.on):
        return {"field": "on"}
    if fact.reason == "changes_post" and fact.new_unit not in situation.directory.units:
        return {"field": "new_unit"}
    return None


def _not_the_holder(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    person = _cleared(fact, situation)
    return None if carrier is not None and person is not None and carrier.holder == person.id else {}


def _nothing_left_out(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Every carrier of the list is settled before the sheet is signed."""
    matter = situation.matter(fact)
    count = matter.count("listed") if matter else 0
    return {"count": count} if count else None


def _office_not(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Who signs for the secrecy office belongs to it."""
    assert isinstance(fact, ClearanceClosed)
    matter, office = situation.matter(fact), situation.keeping.standing.get(fact.office)
    if matter is None:
        return None
    if office is not None and answers_for(office, Permission.HEAD_ENQUIRIES, matter.unit, situation.directory):
        return None
    return {}


def _not_distinct(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ClearanceClosed)
    person = _cleared(fact, situation)
    three = {situation.subject.person, fact.office, person.id if person else 0}
    return None if len(three) == 3 else {}


def _reason_missing(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, KeepingAbandoned)
    return None if fact.reason.strip() else {"field": "reason"}


def _three(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Iterable[int]:
    assert isinstance(fact, ClearanceClosed)
    person = _cleared(fact, situation)
    return (situation.subject.person, fact.office, *((person.id,) if person else ()))


_POST = (PersonRecorded, ClearanceClosed)
RULES = (
    Rule("f.1", "holdings_full", (Borrowed, TakenToRead), _holdings_full),
    Rule("", "not_own_holding", (HoldingConfirmed,), _not_own_holding),
    Rule("f.1", "holdings_left", _POST, _holdings_left),
    Rule("f.1", "places_left", _POST, _places_left),
    Rule("f.1", "queue_left", (ClearanceClosed,), _queue_left),
    Rule("f.1", "holdings_left", (ClearanceSettled,), _still_held),
    Rule("", "clearance_unfit", (ClearanceOpened,), _opened_wrongly),
    Rule("", "not_their_holding", (ClearanceListed,), _not_the_holder),
    Rule("f.1", "count_open", (ClearanceClosed,), _nothing_left_out),
    Rule("", "successor_missing", (ClearanceClosed,), _successor_missing),
    Rule("f.1", "office_missing", (ClearanceClosed,), _office_not),
    Rule("f.1", "persons_not_distinct", (ClearanceClosed,), _not_distinct),
    Rule("", "text_missing", (KeepingAbandoned,), _reason_missing),
    signed("", (HoldingConfirmed, ClearanceOpened, KeepingAbandoned), by_actor),
    signed("f.1", (ClearanceClosed,), _three, "refuse"),
)
CODES: Mapping[str, tuple[str, ...]] = {
    "holdings_full": ("person", "person_en", "most"),
    "not_own_holding": (),
    "holdings_left": ("person", "person_en", "count"),
    "places_left": ("person", "person_en", "place", "count"),
    "queue_left": ("person", "person_en", "count"),
    "clearance_unfit": ("field",),
    "not_their_holding": (),
    "count_open": ("count",),
    "successor_missing": ("person", "person_en", "count"),
    "office_missing": (),
    "persons_not_distinct": (),
}
