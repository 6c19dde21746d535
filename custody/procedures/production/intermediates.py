"""What arises on the way is a carrier too: registered under its order, preserved or destroyed (clause a.6)."""

import re
from collections.abc import Iterable, Mapping

from custody.carrier import CarrierState
from custody.entries import Fact
from custody.entries.production import CopySpoiled, IntermediateKept, IntermediateProduced
from custody.matters.production import INTERMEDIATE_LETTERS, described_intermediate, order_of
from custody.procedures import people
from custody.procedures.production.producing import first_difference
from custody.rules import Params, Rule, Situation, by_actor, named, signed

_FREE_FIELDS = ("control_number", "pages", "remark", "archive_by", "medium")
"""What an intermediate may say otherwise than its order: a negative is no paper."""


def _not_intermediate(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A draft, a proof, a negative or a scrap, numbered behind its order; a spoiled copy is a scrap."""
    assert isinstance(fact, IntermediateProduced | CopySpoiled)
    body, given = order_of(situation.matter(fact)), fact.description
    if body is None:
        return None
    letter = INTERMEDIATE_LETTERS.get(given.intermediate)
    if letter is None or (isinstance(fact, CopySpoiled) and given.intermediate != "scrap"):
        return {"field": "intermediate"}
    own = re.fullmatch(rf"{re.escape(body.control_number)}/{letter}[1-9][0-9]{{0,5}}", given.control_number)
    return None if own else {"field": "control_number"}


def _other_than_order(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """It has its order's title, level, period and scope: what is secret in the end was so on the way."""
    assert isinstance(fact, IntermediateProduced | CopySpoiled)
    body, given = order_of(situation.matter(fact)), fact.description
    if body is None or given.intermediate not in INTERMEDIATE_LETTERS:
        return None
    differs = first_difference(given, described_intermediate(body, given.intermediate, 1), _FREE_FIELDS)
    return {"field": differs} if differs else None


def _unsaid(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, IntermediateKept)
    return None if fact.reason.strip() else {"field": "reason"}


def _decider_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, IntermediateKept)
    return people.unknown(fact.decided_by, situation)


def _decides_alone(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Nobody decides alone to keep what need not be kept."""
    assert isinstance(fact, IntermediateKept)
    if fact.decided_by != situation.subject.person:
        return None
    known = situation.directory.persons.get(situation.subject.person)
    return named(known) if known else {"person": situation.subject.name, "person_en": situation.subject.name}


def _not_cleared(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, IntermediateKept)
    return None if carrier is None else people.not_cleared(fact.decided_by, carrier.description.level, situation)


def _both(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Iterable[int]:
    assert isinstance(fact, IntermediateKept)
    return (situation.subject.person, fact.decided_by)


_MADE = (IntermediateProduced, CopySpoiled)
_KEPT = (IntermediateKept,)
RULES: tuple[Rule, ...] = (
    Rule("a.6", "not_intermediate", _MADE, _not_intermediate, "record"),
    Rule("a.6", "intermediate_differs", _MADE, _other_than_order, "record"),
    signed("a.6", (IntermediateProduced,), by_actor),
    Rule("a.6", "text_missing", _KEPT, _unsaid, "record"),
    Rule("", "reference_unknown", _KEPT, _decider_unknown),
    Rule("a.6", "decides_alone", _KEPT, _decides_alone, "record"),
    Rule("b.3", "not_cleared", _KEPT, _not_cleared),
    signed("a.6", _KEPT, _both),
)

CODES: Mapping[str, tuple[str, ...]] = {
    "not_intermediate": ("field",),
    "intermediate_differs": ("field",),
    "decides_alone": ("person", "person_en"),
}
