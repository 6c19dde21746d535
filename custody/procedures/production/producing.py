"""What is produced under an order: exactly what was approved, each copy number once, by no approver (a.1, a.4, a.5)."""

from collections.abc import Mapping
from dataclasses import fields

from custody.carrier import CarrierState
from custody.entries import Copied, Fact, Imported, Received, TagBound, coming_description
from custody.entries.production import (
    CopiesCancelled,
    CopySpoiled,
    IntermediateProduced,
    LabelsAllotted,
    LabelsReturned,
    Produced,
)
from custody.matters.production import described, order_of
from custody.procedures.production.ordering import blocks_of
from custody.procedures.registration import EPC
from custody.rules import Params, Rule, Situation, by_actor, named, signed
from custody.values import Description

_FREE_FIELDS = ("copy_number", "pages", "remark", "archive_by")
"""What a copy may say otherwise than its order: its number is asked of itself, the rest is found when it is made."""


def _not_approved(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Under an order that is approved and not closed; what arose on the way may turn up after it was closed."""
    matter = situation.matter(fact)
    if matter is None:
        return None
    open_for = ("approved", "closed") if isinstance(fact, IntermediateProduced) else ("approved",)
    return None if matter.status in open_for else {"matter_status": f"{matter.kind}.{matter.status}"}


def first_difference(one: Description, other: Description, but: tuple[str, ...]) -> str:
    """The first field in which two descriptions differ; empty where they are equal."""
    names = [field.name for field in fields(Description) if field.name not in but]
    return next((name for name in names if getattr(one, name) != getattr(other, name)), "")


def _other_than_ordered(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A copy is what was approved, in everything that the order says."""
    assert isinstance(fact, Produced)
    body = order_of(situation.matter(fact))
    if body is None:
        return None
    differs = first_difference(fact.description, described(body, 1), _FREE_FIELDS)
    return {"field": differs} if differs else None


def _approver_produces(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Whoever approved the order has no hand in what is made under it."""
    matter = situation.matter(fact)
    approval = matter.approval if matter else None
    if approval is None or order_of(matter) is None:
        return None
    taken = {one for given in approval.given for one in (given.person, given.on_behalf_of)}
    if situation.subject.person not in taken:
        return None
    known = situation.directory.persons.get(situation.subject.person)
    return named(known) if known else {"person": situation.subject.name, "person_en": situation.subject.name}


def _numbers(fact: Fact) -> tuple[int, ...]:
    """The copy numbers of which a fact tells what became of them."""
    if isinstance(fact, CopiesCancelled):
        return fact.copy_numbers
    if isinstance(fact, CopySpoiled):
        return (fact.copy_number,)
    assert isinstance(fact, Produced)
    return (fact.description.copy_number,)


def _beyond_quantity(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Copy n + 1 of n."""
    body = order_of(situation.matter(fact))
    if body is None:
        return None
    beyond = next((number for number in _numbers(fact) if number not in body.block), None)
    return None if beyond is None else {"copy": beyond, "first": body.first_copy, "last": body.last_copy}


def _accounted_already(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A copy number is registered, spoiled or cancelled, and once."""
    body, numbers = order_of(situation.matter(fact)), _numbers(fact)
    if body is None:
        return None
    accounted = body.accounted
    twice = next((n for at, n in enumerate(numbers) if n in accounted or n in numbers[:at]), None)
    return None if twice is None else {"copy": twice}


def _nothing_cancelled(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, CopiesCancelled)
    return None if fact.copy_numbers else {}


def _number_ordered(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """What an order holds comes into the register under the order alone."""
    number = coming_description(fact)
    for block in blocks_of(number.control_number, situation):
        if block.first <= number.copy_number <= block.last:
            return {"number": number.control_number, "copy": number.copy_number}
    return None


def _unmarked(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Produced)
    known = {level.code: level.rank for level in situation.scheme.levels}
    return None if fact.marked or known.get(fact.description.level, 0) == 0 else {"level": fact.description.level}


def _reason_missing(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, CopySpoiled | CopiesCancelled | LabelsReturned)
    return None if fact.reason.strip() else {"field": "reason"}


# Labels.


def _labels_unclear(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, LabelsAllotted)
    wrong = next((epc for epc in fact.epcs if not EPC.fullmatch(epc)), None if fact.epcs else "")
    return None if wrong is None else {"epc": wrong}


def _label_used(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, LabelsAllotted)
    used = next((epc for epc in fact.epcs if epc in situation.epcs_known), None)
    return None if used is None else {"epc": used}


def _label_given_out(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A label is given out for one order, and once."""
    assert isinstance(fact, LabelsAllotted)
    out = {epc for m in situation.matters.values() for epc in getattr(order_of(m), "labels", ())}
    for at, epc in enumerate(fact.epcs):
        if epc in out or epc in situation.orders.allotted or epc in fact.epcs[:at]:
            return {"epc": epc}
    return None


def _label_of_another(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A label given out for an order is bound to what was made under it, and to nothing else."""
    assert isinstance(fact, TagBound)
    order = situation.orders.allotted.get(fact.tag.epc)
    if order is None or carrier is None or (order, carrier.id) in situation.lines:
        return None
    return {"epc": fact.tag.epc}


def _label_not_out(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Only what was given out for this order, and is on nothing, comes back."""
    assert isinstance(fact, LabelsReturned)
    body = order_of(situation.matter(fact))
    out = set(body.labels) if body else set()
    wrong = next((epc for epc in fact.epcs if epc not in out or epc in situation.epcs_known), None)
    return None if wrong is None and fact.epcs else {"epc": wrong or ""}


_TOLD = (Produced, CopySpoiled, CopiesCancelled)
_MADE = (Produced, CopySpoiled, IntermediateProduced)
_LABELS = (LabelsAllotted, LabelsReturned)
RULES: tuple[Rule, ...] = (
    Rule("a.1", "order_not_approved", _MADE, _not_approved),
    Rule("a.1", "other_than_ordered", (Produced,), _other_than_ordered),
    Rule("a.1", "approver_produces", (*_MADE, CopiesCancelled), _approver_produces),
    Rule("a.1", "number_ordered", (Imported, Received, Copied), _number_ordered),
    Rule("a.4", "beyond_quantity", _TOLD, _beyond_quantity),
    Rule("a.4", "accounted_already", _TOLD, _accounted_already),
    Rule("", "copies_unnamed", (CopiesCancelled,), _nothing_cancelled),
    Rule("a.4", "text_missing", (CopySpoiled, CopiesCancelled), _reason_missing, "record"),
    Rule("", "text_missing", (LabelsReturned,), _reason_missing),
    Rule("a.5", "mark_missing", (Produced,), _unmarked, "record"),
    Rule("", "epc_malformed", (LabelsAllotted,), _labels_unclear),
    Rule("", "epc_known", (LabelsAllotted,), _label_used),
    Rule("a.4", "label_given_out", (LabelsAllotted,), _label_given_out),
    Rule("a.4", "label_of_order", (TagBound,), _label_of_another),
    Rule("", "label_not_out", (LabelsReturned,), _label_not_out),
    signed("a.5", (Produced,), by_actor),
    signed("a.4", (CopySpoiled, CopiesCancelled, *_LABELS), by_actor),
)

CODES: Mapping[str, tuple[str, ...]] = {
    "order_not_approved": ("matter_status",),
    "other_than_ordered": ("field",),
    "approver_produces": ("person", "person_en"),
    "number_ordered": ("number", "copy"),
    "beyond_quantity": ("copy", "first", "last"),
    "accounted_already": ("copy",),
    "copies_unnamed": (),
    "mark_missing": ("level",),
    "label_given_out": ("epc",),
    "label_of_order": ("epc",),
    "label_not_out": ("epc",),
}
