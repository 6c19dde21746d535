"""The last read before a destruction is signed: it equals the list, item by item (clause g.5, record).

Internal carriers, which are no state secrets, need none.
"""

from collections.abc import Iterable

from custody.entries import Fact
from custody.entries.destruction import CertifiedByCentre, Destroyed, DestructionCarriedOut, WeighedIn
from custody.matters.destruction import OPEN_LINES, UNCHECKED, WEIGHED, Destruction, list_hash
from custody.procedures import people
from custody.register import CarrierState
from custody.rules import Params, Rule, Situation, named, signed

_CLOSED = (DestructionCarriedOut, CertifiedByCentre)


def _body(fact: Fact, situation: Situation) -> Destruction | None:
    matter = situation.matter(fact)
    return matter.body if matter is not None and isinstance(matter.body, Destruction) else None


def _secret(fact: Fact, situation: Situation) -> bool:
    matter = situation.matter(fact)
    return matter is not None and bool(matter.level) and situation.scheme.rank(matter.level) > 0


def _count(fact: Fact, situation: Situation, *states: str) -> int:
    matter = situation.matter(fact)
    return 0 if matter is None else matter.count(*states)


def _place_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, WeighedIn)
    known = fact.place is None or fact.place in situation.directory.places
    return None if known else {"kind": "place", "id": fact.place or 0}


def _differs(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Nothing short, nothing over, nothing counted twice; and the whole list has come so far."""
    assert isinstance(fact, WeighedIn)
    lines = situation.lines
    states = [line.state if (line := lines.get((fact.matter, one))) else "" for one in fact.carriers]
    over = sum(1 for state in states if state not in WEIGHED)
    short = _count(fact, situation, *OPEN_LINES) - (len(set(fact.carriers)) - over)
    told = (fact.items, fact.list_hash) == (len(fact.carriers), list_hash(fact.carriers))
    wrong = over or short or len(set(fact.carriers)) < len(fact.carriers) or not fact.carriers or not told
    return {"short": max(0, short), "over": over} if wrong else None


def _eye_unsaid(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """What did not answer was seen by eye: it is on the list, and it is said why it could not be read."""
    assert isinstance(fact, WeighedIn)
    if not set(fact.by_eye) <= set(fact.carriers):
        return {"field": "by_eye"}
    return {"field": "reason"} if fact.by_eye and not fact.reason.strip() else None


def _two_supervisors(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """By both supervisors, who neither applied nor approved."""
    assert isinstance(fact, WeighedIn)
    matter = situation.matter(fact)
    if not fact.by_eye or matter is None or not _secret(fact, situation):
        return None
    took_part = {matter.opened_by} | (matter.approval.persons if matter.approval else frozenset())
    count = len(set(fact.supervisors) - took_part)
    return None if count >= 2 else {"count": count}


def _unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, WeighedIn)
    return next((found for one in fact.supervisors if (found := people.unknown(one, situation))), None)


def _times_wrong(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, WeighedIn)
    return None if 0 < fact.first_at <= fact.last_at <= situation.now else {}


def _looking(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Iterable[int]:
    """Who weighs in signs; where something was seen by eye, both supervisors beside."""
    assert isinstance(fact, WeighedIn)
    return (situation.subject.person, *(fact.supervisors if fact.by_eye else ()))


def not_weighed_in(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """What is signed for was the last thing read, and nothing was touched since (clause g.5)."""
    body = _body(fact, situation)
    # What was not even checked is told by a rule of its own.
    if body is None or not _secret(fact, situation) or _count(fact, situation, *UNCHECKED):
        return None
    count = _count(fact, situation, *OPEN_LINES, "destroyed")
    if body.weighing is None:
        return {"read": 0, "count": count}
    destroyed = [one.carrier for one in situation.facts if isinstance(one, Destroyed)]
    whole = len(destroyed) == body.weighing.items
    same = body.weighing.items == count and (not whole or body.weighing.list_hash == list_hash(destroyed))
    return None if same else {"read": body.weighing.items, "count": count}


def other_supervisors(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Who saw by eye what could not be read are those who watch its destruction (clause g.5)."""
    assert isinstance(fact, DestructionCarriedOut | CertifiedByCentre)
    body = _body(fact, situation)
    if body is None or body.weighing is None or not body.weighing.by_eye or not _secret(fact, situation):
        return None
    missing = next((one for one in body.weighing.supervisors if one not in fact.supervisors), None)
    known = situation.directory.persons.get(missing or 0)
    return named(known) if known is not None and fact.supervisors else None


RULES: tuple[Rule, ...] = (
    Rule("", "reference_unknown", (WeighedIn,), _place_unknown),
    Rule("", "reference_unknown", (WeighedIn,), _unknown),
    Rule("g.5", "weighing_differs", (WeighedIn,), _differs, "record"),
    Rule("g.5", "text_missing", (WeighedIn,), _eye_unsaid, "record"),
    Rule("g.5", "too_few", (WeighedIn,), _two_supervisors, "record"),
    Rule("", "times_wrong", (WeighedIn,), _times_wrong),
    signed("g.5", (WeighedIn,), _looking),
    Rule("g.5", "not_weighed_in", _CLOSED, not_weighed_in, "record"),
    Rule("g.5", "other_supervisors", _CLOSED, other_supervisors, "record"),
)

CODES = {
    "weighing_differs": ("short", "over"),
    "not_weighed_in": ("read", "count"),
    "other_supervisors": ("person", "person_en"),
    "times_wrong": (),
}
