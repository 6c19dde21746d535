"""Sending: within the scope (clause b.3), numbered, sealed, signed for by two hands, acknowledged (clause b.1).

Whoever sends it, whoever approves it and whoever carries or receives it are different persons.
"""

from collections.abc import Iterable, Mapping

from custody.carrier import CarrierState
from custody.clock import day
from custody.entries import Fact
from custody.entries.dispatch import (
    DeliveryAcknowledged,
    DeliveryTakenIn,
    DispatchClosed,
    Dispatched,
    DispatchListed,
    DispatchOpened,
    DispatchReturned,
    DispatchShort,
    DispatchStruck,
    ParcelOpened,
    ParcelSealed,
)
from custody.matters.dispatch.sending import ON_THE_LIST, Sending
from custody.procedures import people, places
from custody.procedures.dispatch import hands, transport
from custody.procedures.disposition.handing import missing_text
from custody.procedures.organisations import named_body, unknown_body
from custody.rules import Params, Rule, Situation, by_actor, signed
from custody.values import DAY

Put = DeliveryTakenIn | DispatchReturned


def _body(fact: Fact, situation: Situation) -> Sending | None:
    matter = situation.matter(fact)
    return matter.body if matter is not None and isinstance(matter.body, Sending) else None


# To whom.


def _addressee_unclear(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """Either another body, or a person of the house; never both, never nobody."""
    assert isinstance(fact, DispatchOpened)
    return {"field": "addressee"} if (fact.addressee is None) == (fact.recipient is None) else None


def _addressee_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, DispatchOpened)
    if fact.addressee is not None:
        return unknown_body(fact.addressee, situation)
    return None if fact.recipient is None else people.unknown(fact.recipient, situation)


def _recipient_left(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    plan = transport.plan_of(fact, situation)
    return None if plan is None or plan.recipient is None else people.left(plan.recipient, situation)


def _recipient_not_cleared(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    plan = transport.plan_of(fact, situation)
    if carrier is None or plan is None or plan.recipient is None:
        return None
    return people.not_cleared(plan.recipient, carrier.description.level, situation)


def _recipient_outside(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    plan = transport.plan_of(fact, situation)
    if carrier is None or plan is None or plan.recipient is None:
        return None
    return people.outside_scope(plan.recipient, carrier, situation)


def _body_outside(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Another body is in the scope where it is named there; "all" means everybody of the house."""
    plan = transport.plan_of(fact, situation)
    body = None if plan is None else situation.directory.organisations.get(plan.addressee or 0)
    if carrier is None or body is None or situation.scheme.rank(carrier.description.level) == 0:
        return None
    return None if f"organisation:{body.id}" in carrier.description.scope.principals else named_body(body)


def _arrival_unfit(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, DispatchOpened)
    days = situation.scheme.number("dispatch_days_max")
    # To the end of the last day: a day is what people name.
    latest = day(situation.at + days * DAY, situation.scheme.timezone)
    fit = situation.at < fact.arrive_by and day(fact.arrive_by, situation.scheme.timezone) <= latest
    return None if fit else {"days": days}


# From hand to hand.


def _took_part(situation: Situation, fact: Fact, *persons: int | None) -> Params | None:
    """The first of these persons who approved the dispatch, also as somebody's deputy or by one."""
    matter = situation.matter(fact)
    approval = matter.approval if matter is not None else None
    given = approval.given if approval is not None else ()
    approvers = {one.person for one in given} | {one.on_behalf_of for one in given}
    return next((hands.name_of(one, situation) for one in persons if one is not None and one in approvers), None)


def _approver_sends(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Dispatched)
    return _took_part(situation, fact, situation.subject.person, hands.hand_of(fact).signer)


def _sent_to_oneself(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """The recipient receives, and does not send."""
    body = _body(fact, situation)
    same = body is not None and body.recipient == situation.subject.person
    return hands.name_of(situation.subject.person, situation) if same else None


def _other_delivery(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Another body acknowledges; a person of the house takes in."""
    body = _body(fact, situation)
    outside = body is not None and body.addressee is not None
    return None if body is None or outside == isinstance(fact, DeliveryAcknowledged) else {"act": fact.kind}


def _not_the_recipient(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, DeliveryTakenIn)
    body = _body(fact, situation)
    if body is None or body.recipient is None or body.recipient == situation.subject.person:
        return None
    return hands.name_of(body.recipient, situation)


def _recipient_not_cleared_now(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    if carrier is None:
        return None
    return people.not_cleared(situation.subject.person, carrier.description.level, situation)


def _place_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Put)
    return places.unknown_place(fact.place, situation)


def _no_store(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Put)
    return places.no_store(fact.place, situation)


def _rated_below(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Put)
    return None if carrier is None else places.rated_below(fact.place, carrier.description.level, situation)


def _pages_short(carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """Whole or not at all: what is short is declared missing."""
    assert isinstance(fact, Put)
    pages = None if carrier is None else carrier.description.pages
    if pages is None or fact.pages_counted is None or fact.pages_counted >= pages:
        return None
    return {"counted": fact.pages_counted, "pages": pages}


def _lines_open(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    matter = situation.matter(fact)
    left = matter.count(*ON_THE_LIST) if matter else 0
    return {"count": left} if left else None


def _both_hands(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Iterable[int]:
    signer = hands.hand_of(fact).signer
    known = signer is not None and signer in situation.directory.persons
    return (situation.subject.person, signer) if known and signer is not None else (situation.subject.person,)


_PUT = (DeliveryTakenIn, DispatchReturned)
_GOING = (DispatchListed, Dispatched)
RULES: tuple[Rule, ...] = (
    Rule("", "addressee_unclear", (DispatchOpened,), _addressee_unclear),
    Rule("", "reference_unknown", (DispatchOpened,), _addressee_unknown),
    Rule("b.1", "receiver_left", (DispatchOpened, Dispatched), _recipient_left),
    Rule("", "arrival_unfit", (DispatchOpened,), _arrival_unfit),
    *transport.RULES,
    Rule("b.3", "not_cleared", _GOING, _recipient_not_cleared),
    Rule("b.3", "outside_scope", _GOING, _recipient_outside),
    Rule("b.3", "body_outside_scope", _GOING, _body_outside),
    Rule("", "text_missing", (DispatchStruck, ParcelOpened, DispatchReturned), missing_text("reason")),
    Rule("b.1", "text_missing", (ParcelSealed,), missing_text("parcel", "seal")),
    *hands.rules((Dispatched,)),
    Rule("b.1", "same_person", (Dispatched,), _approver_sends),
    Rule("b.1", "same_hands", (Dispatched,), _sent_to_oneself),
    signed("b.1", (Dispatched,), _both_hands, "refuse"),
    Rule("", "other_delivery", (DeliveryAcknowledged, DeliveryTakenIn), _other_delivery),
    Rule("b.1", "text_missing", (DeliveryAcknowledged,), missing_text("receipt", "signed_by")),
    Rule("b.1", "not_the_recipient", (DeliveryTakenIn,), _not_the_recipient),
    Rule("b.3", "not_cleared", (DeliveryTakenIn,), _recipient_not_cleared_now),
    Rule("", "reference_unknown", _PUT, _place_unknown),
    Rule("f.2", "no_storage", _PUT, _no_store),
    Rule("f.2", "rated_too_low", _PUT, _rated_below),
    Rule("b.2", "pages_short", _PUT, _pages_short, "record"),
    Rule("b.1", "text_missing", (DispatchShort,), missing_text("note")),
    Rule("b.1", "list_open", (DispatchClosed,), _lines_open),
    signed(
        "b.1",
        (
            *(DispatchOpened, DispatchListed, DispatchStruck, ParcelSealed, ParcelOpened),
            *(DeliveryAcknowledged, *_PUT, DispatchShort, DispatchClosed),
        ),
        by_actor,
        "refuse",
    ),
)
CODES: Mapping[str, tuple[str, ...]] = {
    "addressee_unclear": ("field",),
    "arrival_unfit": ("days",),
    "body_outside_scope": ("organisation", "organisation_en"),
    "other_delivery": ("act",),
    "not_the_recipient": ("person", "person_en"),
}
