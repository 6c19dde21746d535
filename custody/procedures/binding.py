"""Carriers and the matters they are in: one binding matter at a time, never above the matter's level."""

from collections.abc import Collection

from custody.access import sees_matter
from custody.approval import lapsed_rules
from custody.entries import FACTS, CarrierFact, Fact, MatterOpened, matter_of
from custody.matters import KINDS, Matter
from custody.register import CarrierState
from custody.rules import Params, Rule, Situation


def _bound_by(carrier: CarrierState | None, fact: Fact, situation: Situation) -> tuple[Matter | None, bool]:
    """The other matter that has the carrier, if any, and whether it exists for the subject."""
    bound = None if carrier is None or carrier.matter is None else situation.matters.get(carrier.matter)
    if bound is None or bound.ended or not KINDS[bound.kind].binds or matter_of(fact) == bound.id:
        return None, False
    return bound, sees_matter(situation.subject, bound, situation.scheme)


def _in_matter(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """What is listed for destruction is not lent meanwhile; what is in a meeting is not archived."""
    bound, seen = _bound_by(carrier, fact, situation)
    return {"number": bound.number, "matter": bound.kind} if bound is not None and seen else None


def _bound_elsewhere(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """The same by a matter that the subject may not know of: which it is, and of what kind, is not told."""
    bound, seen = _bound_by(carrier, fact, situation)
    return {} if bound is not None and not seen else None


def _above_level(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A paper about carriers bears the highest level of them all."""
    matter = situation.matter(fact)
    if carrier is None or matter is None:
        return None
    rank = situation.scheme.rank
    level = carrier.description.level
    return None if rank(level) <= rank(matter.level) else {"level": level, "rating": matter.level}


def _matter_unclear(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """A matter stands under a unit and a level that are known, and that its opener may know."""
    assert isinstance(fact, MatterOpened)
    if fact.unit not in situation.directory.units:
        return {"kind": "unit", "id": fact.unit}
    if fact.level not in {level.code for level in situation.scheme.levels}:
        return {"kind": "level", "id": fact.level}
    return None


def _matter_above_sight(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, MatterOpened)
    known = {level.code: level.rank for level in situation.scheme.levels}
    return None if known.get(fact.level, 0) <= situation.subject.clearance_rank else {"level": fact.level}


def rules(free: Collection[type[Fact]], bringing_back: Collection[type[Fact]]) -> tuple[Rule, ...]:
    """The rules, for every fact about a carrier but those that are free whatever matter it is in.

    `bringing_back`: facts that end what was begun under an approval; they are never too late.
    """
    carrier_facts = tuple(kind for kind in FACTS.values() if issubclass(kind, CarrierFact))
    of_matters = tuple(kind for kind in FACTS.values() if "matter" in kind.__dataclass_fields__)
    opening = tuple(kind for kind in of_matters if issubclass(kind, MatterOpened))
    listing = tuple(kind for kind in of_matters if issubclass(kind, CarrierFact))
    bound = tuple(kind for kind in carrier_facts if kind not in set(free))
    return (
        Rule("", "reference_unknown", opening, _matter_unclear),
        Rule("", "beyond_own_sight", opening, _matter_above_sight),
        Rule("", "in_matter", bound, _in_matter),
        Rule("", "bound_elsewhere", bound, _bound_elsewhere),
        Rule("", "above_matter_level", listing, _above_level),
        *lapsed_rules(tuple(kind for kind in of_matters if kind not in {*opening, *bringing_back})),
    )


CODES = {
    "matter_state": ("act", "matter_status"),
    "line_state": ("act", "line_state"),
    "in_matter": ("number", "matter"),
    "bound_elsewhere": (),
    "above_matter_level": ("level", "rating"),
    "signature_missing": ("person", "person_en"),
}
