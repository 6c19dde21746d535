"""Which way something may go (clauses b.4, b.5, b.6). For what is no state secret these clauses do not hold.

The table follows the practice of the field: top secret goes by confidential transport or by own transport with two
escorts; the exchange station takes papers; what is too large for a pouch goes by confidential or own transport.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from custody.entries import Fact
from custody.entries.dispatch import Dispatched, DispatchListed, DispatchOpened, Mode
from custody.matters.dispatch.sending import Sending
from custody.procedures import people
from custody.register import CarrierState
from custody.rules import Params, Rule, Situation, signed
from custody.scheme import Scheme


@dataclass(frozen=True, slots=True)
class Way:
    """Up to which level a way is good, and for which media; None: any."""

    levels: Literal["any", "below_top", "none"]
    media: frozenset[str] | None = None


_POUCH = frozenset({"paper", "disc", "magnetic", "flash", "film"})
WAYS: Mapping[Mode, Way] = {
    "confidential_communications": Way("below_top", _POUCH),
    "confidential_transport": Way("any"),
    "own_transport": Way("any"),
    "exchange_station": Way("below_top", frozenset({"paper", "disc", "film"})),
    "diplomatic_courier": Way("any"),
    "ordinary_post": Way("none"),
    "express_courier": Way("none"),
    "unrelated_person": Way("none"),
}
"""严禁通过普通邮政或非邮政渠道邮寄，严禁通过与工作无关人员携带 (clause b.4)."""
WITH_EXPORT_PERMIT: frozenset[Mode] = frozenset({"confidential_transport", "own_transport"})
"""Ways by which an export permit lets something out of the country (clause b.6)."""

_FACTS = (DispatchOpened, DispatchListed, Dispatched)
Plan = DispatchOpened | Sending
"""To whom and which way: what is proposed, or what the matter says."""


def plan_of(fact: Fact, situation: Situation) -> Plan | None:
    """To whom and which way; None where the matter is no dispatch."""
    if isinstance(fact, DispatchOpened):
        return fact
    matter = situation.matter(fact)
    return matter.body if matter is not None and isinstance(matter.body, Sending) else None


def top_rank(scheme: Scheme) -> int:
    """Rank of the highest level."""
    return max(level.rank for level in scheme.levels)


def _secret(carrier: CarrierState | None, fact: Fact, situation: Situation) -> tuple[Plan, str] | None:
    """The way and the level that is to go it; None for what is no state secret, or of no known level."""
    plan = plan_of(fact, situation)
    level = carrier.description.level if carrier is not None else getattr(fact, "level", "")
    ranks = {one.code: one.rank for one in situation.scheme.levels}
    return (plan, level) if plan is not None and ranks.get(level, 0) > 0 else None


def _way_forbidden(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    asked = _secret(carrier, fact, situation)
    if asked is None:
        return None
    plan, level = asked
    way = WAYS[plan.mode]
    medium = carrier.description.medium if carrier is not None else ""
    top = situation.scheme.rank(level) == top_rank(situation.scheme)
    fit = way.levels == "any" or (way.levels == "below_top" and not top)
    if fit and (not medium or way.media is None or medium in way.media):
        return None
    return {"way": plan.mode, "level": level}


def _not_overseas(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Beyond the border by the courier of the foreign service, or with an export permit."""
    asked = _secret(carrier, fact, situation)
    body = situation.directory.organisations.get(asked[0].addressee or 0) if asked else None
    if asked is None or body is None or not body.overseas:
        return None
    plan = asked[0]
    permitted = plan.mode in WITH_EXPORT_PERMIT and plan.export_permit.strip()
    return None if plan.mode == "diplomatic_courier" or permitted else {"way": plan.mode}


# The own transport.


def _own(carrier: CarrierState | None, fact: Fact, situation: Situation) -> tuple[Plan, str] | None:
    asked = _secret(carrier, fact, situation)
    return asked if asked is not None and asked[0].mode == "own_transport" else None


def _unplanned(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    own = _own(carrier, fact, situation)
    for name in ("route", "vehicle") if own else ():
        if not str(getattr(own[0], name)).strip():  # type: ignore[index]  # there is none without it
            return {"field": name}
    return None


def _escorts_short(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """One escort at least, two for top secret; each named once."""
    own = _own(carrier, fact, situation)
    if own is None:
        return None
    plan, level = own
    needed = 2 if situation.scheme.rank(level) == top_rank(situation.scheme) else 1
    distinct = len(set(plan.escorts))
    return None if distinct >= needed and distinct == len(plan.escorts) else {"count": needed, "level": level}


def _escort_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, DispatchOpened)
    return next(filter(None, (people.unknown(one, situation) for one in fact.escorts)), None)


def _escort_left(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    own = _own(carrier, fact, situation)
    return next(filter(None, (people.left(one, situation) for one in (own[0].escorts if own else ()))), None)


def _escort_not_cleared(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    own = _own(carrier, fact, situation)
    if own is None:
        return None
    plan, level = own
    return next(filter(None, (people.not_cleared(one, level, situation) for one in plan.escorts)), None)


def _taken_by_stranger(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """The own transport is handed to one of its escorts."""
    assert isinstance(fact, Dispatched)
    own = _own(carrier, fact, situation)
    return None if own is None or fact.taken_by in own[0].escorts else {"field": "taken_by"}


def _escorts(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Iterable[int]:
    own = _own(carrier, fact, situation)
    return tuple(one for one in own[0].escorts if one in situation.directory.persons) if own else ()


RULES: tuple[Rule, ...] = (
    Rule("b.4", "way_forbidden", _FACTS, _way_forbidden),
    Rule("b.6", "not_overseas", _FACTS, _not_overseas),
    Rule("", "reference_unknown", (DispatchOpened,), _escort_unknown),
    Rule("b.5", "text_missing", _FACTS, _unplanned, "record"),
    Rule("b.5", "escorts_short", _FACTS, _escorts_short, "record"),
    Rule("b.5", "borrower_left", _FACTS, _escort_left, "record"),
    Rule("b.5", "not_cleared", _FACTS, _escort_not_cleared, "record"),
    Rule("b.5", "receiver_unclear", (Dispatched,), _taken_by_stranger, "record"),
    signed("b.5", (Dispatched,), _escorts),
)
CODES: Mapping[str, tuple[str, ...]] = {
    "way_forbidden": ("way", "level"),
    "not_overseas": ("way",),
    "escorts_short": ("count", "level"),
}
