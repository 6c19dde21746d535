"""The order: what, how many, where, by whom, on what ground (clauses a.1, a.2, a.3, a.5).

Place and producer are asked about again when the order is approved and whenever something is produced under it: a
place may have been rated down since, a licence may have expired.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from custody.access import Permission, answers_for, sees_matter
from custody.carrier import CarrierState
from custody.entries import Fact, Imported
from custody.entries.approvals import ApprovalAsked, Approved
from custody.entries.production import CopySpoiled, IntermediateProduced, Produced, ProductionOrdered
from custody.matters.production import holds_numbers, order_of
from custody.procedures import classifying, places, registration
from custody.procedures.organisations import ownership_forbidden, unknown_body, unlicensed
from custody.rules import Block, Params, Rule, Situation, by_actor, signed
from custody.values import Description

QUANTITY_MAX = 9_999
"""Copies of one order: what a person can still count."""
_SAME = ("control_number", "title", "kind", "medium", "level", "period", "scope", "unit")
"""What an order has in common with the one that it supplements."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Where, by whom and at which level is produced."""

    level: str
    place: int | None
    producer: int | None


def terms_of(fact: Fact, situation: Situation) -> Terms | None:
    """The terms of the order that a fact is, or is about; None where it is about another kind of matter, and where
    what is ordered is no state secret: places and producers are not bound then.
    """
    if isinstance(fact, ProductionOrdered):
        terms = Terms(fact.level, fact.place, fact.producer)
    elif (body := order_of(situation.matter(fact))) is not None:
        terms = Terms(body.level, body.place, body.producer)
    else:
        return None
    return terms if is_secret(terms.level, situation) else None


def is_secret(level: str, situation: Situation) -> bool:
    """Whether the level is that of a state secret: internal papers are none."""
    return any(one.code == level and one.rank > 0 for one in situation.scheme.levels)


def _as_coming(fact: ProductionOrdered) -> Imported:
    """The first copy as if it came in now: an order obeys what a first description obeys."""
    last = fact.first_copy + max(fact.quantity, 1) - 1
    return Imported(
        0,
        Description(
            control_number=fact.control_number,
            copy_number=fact.first_copy,
            copies=last,
            title=fact.title,
            kind=fact.carrier_kind,
            level=fact.level,
            period=fact.period,
            scope=fact.scope,
            unit=fact.unit,
            classified_on=fact.classified_on,
            basis=fact.basis,
            determined_by=fact.determined_by,
            medium=fact.medium,
            pages=fact.pages,
        ),
    )


def _of_the_order(rule: Rule) -> Rule:
    """The rule of a first description, asked of the order."""

    def check(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
        assert isinstance(fact, ProductionOrdered)
        return rule.check(None, _as_coming(fact), situation)

    return Rule(rule.clause, rule.code, (ProductionOrdered,), check, rule.means)


def _described_rules() -> tuple[Rule, ...]:
    wanted = {"period_missing", "period_beyond_maximum", "period_unclear", "period_on_internal", "date_invalid"}
    wanted |= {"scope_unclear", "pages_impossible"}
    known = (*classifying.RULES, *registration.RULES)
    return tuple(_of_the_order(rule) for rule in known if rule.code in wanted and Imported in rule.facts)


def _said(*names: str) -> Callable[[CarrierState | None, Fact, Situation], Params | None]:
    """The check that these texts of an order are not empty."""

    def check(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
        for name in names:
            if not str(getattr(fact, name)).strip():
                return {"field": name}
        return None

    return check


def _scope_missing(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """An order says who may know what is made; what is internal has no scope that binds."""
    assert isinstance(fact, ProductionOrdered)
    return {"field": "scope"} if not fact.scope.principals and is_secret(fact.level, situation) else None


def _undetermined(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """On which ground, by whom and when level and period were determined."""
    assert isinstance(fact, ProductionOrdered)
    if not is_secret(fact.level, situation):
        return None
    return _said("basis", "determined_by", "classified_on")(None, fact, situation)


def _quantity_impossible(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, ProductionOrdered)
    last = fact.first_copy + fact.quantity - 1
    fit = 1 <= fact.quantity <= QUANTITY_MAX and fact.first_copy >= 1 and last <= registration.COUNT_MAX
    return None if fit else {"quantity": fact.quantity, "max": QUANTITY_MAX}


def _not_own_unit(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """One orders for one's own unit; the registry for those that it answers for."""
    assert isinstance(fact, ProductionOrdered)
    person = situation.directory.persons.get(situation.subject.person)
    own = person is not None and person.unit == fact.unit
    if own or answers_for(situation.subject, Permission.PRODUCE, fact.unit, situation.directory):
        return None
    unit = situation.directory.units.get(fact.unit)
    return {"unit": unit.code if unit else str(fact.unit)}


# Copy numbers.


def blocks_of(number: str, situation: Situation) -> list[Block]:
    """The copy numbers of this control number that orders hold, those of this act included."""
    held = {block.matter: block for block in situation.orders.blocks.get(number, ())}
    for matter in situation.matters.values():
        body = order_of(matter)
        if body is None or body.control_number != number:
            continue
        held.pop(matter.id, None)
        if holds_numbers(matter):
            held[matter.id] = Block(matter.id, body.first_copy, body.last_copy)
    return list(held.values())


def highest_copy(number: str, situation: Situation) -> int:
    """The highest copy number of this control number that is registered or ordered; 0 where there is none."""
    blocks = (block.last for block in blocks_of(number, situation))
    return max(situation.orders.highest.get(number, 0), *blocks, 0)


def _numbers_taken(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A first order takes a control number that nothing bears; what supplements it goes on behind the highest.

    How many copies bear the number is not told: they may be of a title that the subject may not know of.
    """
    assert isinstance(fact, ProductionOrdered)
    highest = highest_copy(fact.control_number, situation)
    first = 1 if fact.supplements is None else highest + 1
    free = highest == 0 or fact.supplements is not None
    if free and fact.first_copy == first:
        return None
    return {"number": fact.control_number, "first": fact.first_copy}


def _supplement_unclear(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """The order that it adds to is seen, was approved, and is of the same title in everything but the quantity."""
    assert isinstance(fact, ProductionOrdered)
    if fact.supplements is None:
        return None
    first = situation.matters.get(fact.supplements)
    body = order_of(first)
    if first is None or body is None or not sees_matter(situation.subject, first, situation.scheme):
        return {"field": "supplements"}
    if first.status not in ("approved", "closed", "settled"):
        return {"field": "supplements"}
    new = {name: getattr(fact, "carrier_kind" if name == "kind" else name) for name in _SAME}
    return next(({"field": name} for name in _SAME if getattr(body, name) != new[name]), None)


# Place and producer.


def _place_missing(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Only another body produces elsewhere than here: where its licence says."""
    terms = terms_of(fact, situation)
    return {"field": "place"} if terms and terms.place is None and terms.producer is None else None


def _place_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ProductionOrdered)
    return None if fact.place is None else places.unknown_place(fact.place, situation)


def _place_unprotected(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    terms = terms_of(fact, situation)
    if terms is None or terms.place is None:
        return None
    return places.rated_below(terms.place, terms.level, situation)


def _off_premises(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    terms = terms_of(fact, situation)
    if terms is None or terms.place is None or terms.producer is not None:
        return None
    return places.off_premises(terms.place, situation)


def _producer_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ProductionOrdered)
    return None if fact.producer is None else unknown_body(fact.producer, situation)


def _producer_forbidden(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    terms = terms_of(fact, situation)
    return None if terms is None or terms.producer is None else ownership_forbidden(terms.producer, situation)


def _producer_unlicensed(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    terms = terms_of(fact, situation)
    if terms is None or terms.producer not in situation.directory.organisations:
        return None
    return unlicensed("production", terms.producer, terms.level, situation)


_ORDERED = (ProductionOrdered,)
ASKED_AGAIN: tuple[type[Fact], ...] = (*_ORDERED, ApprovalAsked, Approved, Produced, CopySpoiled, IntermediateProduced)
"""When the order is written, sent to approval, approved, and made use of."""

RULES: tuple[Rule, ...] = (
    Rule("a.1", "text_missing", _ORDERED, _said("control_number", "title", "reason")),
    Rule("a.1", "text_missing", _ORDERED, _scope_missing),
    Rule("", "not_own_unit", _ORDERED, _not_own_unit),
    Rule("a.4", "quantity_impossible", _ORDERED, _quantity_impossible),
    Rule("a.4", "numbers_ordered", _ORDERED, _numbers_taken),
    Rule("a.4", "supplement_unclear", _ORDERED, _supplement_unclear),
    Rule("a.5", "text_missing", _ORDERED, _undetermined, "record"),
    *_described_rules(),
    Rule("a.2", "text_missing", _ORDERED, _place_missing),
    Rule("", "reference_unknown", _ORDERED, _place_unknown),
    Rule("a.2", "place_below_order", ASKED_AGAIN, _place_unprotected),
    Rule("3", "off_premises", _ORDERED, _off_premises),
    Rule("", "reference_unknown", _ORDERED, _producer_unknown),
    Rule("a.3", "ownership_forbidden", ASKED_AGAIN, _producer_forbidden),
    Rule("a.3", "unlicensed", ASKED_AGAIN, _producer_unlicensed),
    signed("a.1", _ORDERED, by_actor, "refuse"),
)

CODES: Mapping[str, tuple[str, ...]] = {
    "not_own_unit": ("unit",),
    "quantity_impossible": ("quantity", "max"),
    "numbers_ordered": ("number", "first"),
    "supplement_unclear": ("field",),
    "place_below_order": ("place", "rating", "level"),
}
