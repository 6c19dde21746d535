"""Crossings of a portal: two antennas, one hearing the inside, one the outside, on one reader's clock.

The score is a small logistic one whose parts are kept, so that a person can follow it: order of the first reads,
order of the last, how often each side heard, how strongly, and what speaks against it. The weights are a start,
not learnt at any site. A direction is said only where first and last reads agree; else it is `unknown`. A tag
lying at the portal passes nothing; one heard inside only, neither. A sure crossing (alarm score) is concluded at
once; the rest when the portal has been quiet for the window. A later contradiction adds a conclusion that names
the one it revises; nothing said is taken back.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

from custody.values import SECOND
from reconcile.presence.model import Concluded, Crossing, Direction, Passage, PortalGlimpse, Settings, Side

MODEL = "portal-1"
"""Version of the weights, kept with every passage."""

_BASE = -0.9
_PER_SECOND = 0.9
_ORDER_SECONDS_MAX = 2.0
_READS = (0.0, 0.5, 1.0)
"""By the reads of the side that heard less: one, two, three or more."""
_STRONG_DBM, _STRONG = -60.0, 0.5
_WEAK_DBM, _WEAK = -75.0, -0.5
_ONE_SIDE = -1.0
_RETURNED = -2.5
_PARKED = -1.5
_TOGETHER_FREE_SECONDS, _TOGETHER_PER_SECOND, _TOGETHER_MOST = 1.0, -0.8, -4.0
"""Both sides hearing at once for long: lying between them, not passing."""

_ENDS: dict[Direction, Side] = {"out": "outside", "in": "inside"}


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the glimpses of a crossing say."""

    direction: Direction
    score: float
    parts: dict[str, float]
    ends: Side


def assess(glimpses: tuple[PortalGlimpse, ...], parked: tuple[Side, ...] = ()) -> Assessment | None:
    """Direction and score of what was heard; None where it was no crossing at all."""
    inside = [glimpse for glimpse in glimpses if glimpse.side == "inside"]
    outside = [glimpse for glimpse in glimpses if glimpse.side == "outside"]
    if not outside or len(parked) == 2 or (not inside and "outside" in parked):
        return None
    parts = {"base": _BASE, "strength": _strength_part(glimpses)}
    if parked:
        parts["parked"] = _PARKED
    if not inside:
        reads = sum(glimpse.reads for glimpse in outside)
        if reads < 2:
            return None
        parts |= {"one_side": _ONE_SIDE, "reads": _READS[min(reads, 3) - 1]}
        return Assessment("unknown", _score(parts), parts, "outside")
    first = min(g.first_at for g in outside) - min(g.first_at for g in inside)
    last = max(g.last_at for g in outside) - max(g.last_at for g in inside)
    direction: Direction = "out" if first > 0 and last > 0 else "in" if first < 0 and last < 0 else "unknown"
    sign = -1 if direction == "in" else 1
    # Who lay at a side was heard there first in any case: that says nothing.
    parts["order"] = 0.0 if parked else _order_part(sign * first)
    parts["end"] = _order_part(sign * last)
    parts["together"] = _together_part(inside, outside)
    fewer = min(sum(g.reads for g in inside), sum(g.reads for g in outside))
    parts["reads"] = _READS[min(fewer, 3) - 1]
    if direction == "unknown":
        parts["returned"] = _RETURNED
    return Assessment(direction, _score(parts), parts, "outside" if last > 0 else "inside")


def hear(
    crossing: Crossing | None, portal: int, glimpse: PortalGlimpse, received_at: int, settings: Settings
) -> tuple[Crossing, tuple[Passage, ...]]:
    """Go on with a crossing, or begin one; and what can be said already."""
    if crossing is None:
        return _judged(Crossing(portal, (glimpse,), received_at), settings)
    received_at = max(received_at, crossing.received_at)
    said = crossing.concluded
    if said is not None and glimpse.first_at > said.until_at and glimpse.side != _ENDS[said.direction]:
        # Through, and now heard on the other side again: the next crossing begins where this one ended.
        here = max((g for g in crossing.glimpses if g.side == _ENDS[said.direction]), key=lambda g: g.last_at)
        following, passages = _judged(Crossing(portal, (here, glimpse), received_at), settings)
        return following, (*finish(crossing), *passages)
    going_on = replace(crossing, glimpses=tuple(sorted((*crossing.glimpses, glimpse))), received_at=received_at)
    if said is not None and glimpse.side == _ENDS[said.direction]:
        going_on = replace(going_on, concluded=said._replace(until_at=max(said.until_at, glimpse.last_at)))
    if going_on.last_at - going_on.first_at > settings.parked_after_us:
        return _parked(going_on, settings)
    return _judged(going_on, settings)


def finish(crossing: Crossing) -> tuple[Passage, ...]:
    """What a crossing was, now that nothing more comes of it."""
    said = crossing.concluded
    assessment = assess(crossing.glimpses, crossing.parked)
    if said is None:
        return () if assessment is None else (_passage(crossing, assessment, crossing.first_at),)
    if assessment is None:
        return ()
    if assessment.direction == said.direction:
        # The same, with all its reads; the score that was acted upon does not fall afterwards.
        assessment = replace(assessment, score=max(assessment.score, said.score))
        return (_passage(crossing, assessment, said.since_at),)
    return (_passage(crossing, assessment, said.since_at, revises=said.direction),)


def _judged(crossing: Crossing, settings: Settings) -> tuple[Crossing, tuple[Passage, ...]]:
    if crossing.concluded is not None:
        return crossing, ()
    assessment = assess(crossing.glimpses, crossing.parked)
    if assessment is None or assessment.direction == "unknown" or assessment.score < settings.alarm_score:
        return crossing, ()
    passage = _passage(crossing, assessment, crossing.first_at)
    said = Concluded(passage.direction, passage.since_at, passage.until_at, passage.score)
    return replace(crossing, concluded=said), (passage,)


def _parked(crossing: Crossing, settings: Settings) -> tuple[Crossing, tuple[Passage, ...]]:
    """Heard for too long to be passing: keep only the recent reads, and where it has been lying."""
    passages = finish(crossing) if crossing.concluded is not None else ()
    lying = set(crossing.parked)
    sides: tuple[Side, ...] = ("inside", "outside")
    for side in sides:
        times = [(g.first_at, g.last_at) for g in crossing.glimpses if g.side == side]
        span = max(t[1] for t in times) - min(t[0] for t in times) if times else 0
        if span > settings.parked_after_us // 2:
            lying.add(side)
    recent = tuple(g for g in crossing.glimpses if g.last_at > crossing.last_at - settings.portal_window_us)
    lying_on, more = _judged(Crossing(crossing.portal, recent, crossing.received_at, tuple(sorted(lying))), settings)
    return lying_on, (*passages, *more)


def _passage(crossing: Crossing, assessment: Assessment, since_at: int, revises: Direction | None = None) -> Passage:
    strongest = max(crossing.glimpses, key=lambda g: -math.inf if g.strongest_dbm is None else g.strongest_dbm)
    evidence: dict[str, Any] = {
        "model": MODEL,
        "parts": assessment.parts,
        "inside": _heard(crossing.glimpses, "inside"),
        "outside": _heard(crossing.glimpses, "outside"),
        "received_at": crossing.received_at,
    }
    if crossing.parked:
        evidence["parked"] = list(crossing.parked)
    if revises is not None:
        evidence["revises"] = revises
    return Passage(
        crossing.portal,
        assessment.direction,
        since_at,
        crossing.last_at,
        sum(glimpse.reads for glimpse in crossing.glimpses),
        strongest.strongest_dbm,
        strongest.reader,
        strongest.antenna,
        assessment.score,
        evidence,
        assessment.ends,
    )


def _heard(glimpses: tuple[PortalGlimpse, ...], side: Side) -> dict[str, Any]:
    here = [glimpse for glimpse in glimpses if glimpse.side == side]
    strengths = [glimpse.strongest_dbm for glimpse in here if glimpse.strongest_dbm is not None]
    return {
        "reads": sum(glimpse.reads for glimpse in here),
        "first_at": min((glimpse.first_at for glimpse in here), default=None),
        "last_at": max((glimpse.last_at for glimpse in here), default=None),
        "strongest_dbm": max(strengths, default=None),
    }


def _strength_part(glimpses: tuple[PortalGlimpse, ...]) -> float:
    strongest = max((g.strongest_dbm for g in glimpses if g.strongest_dbm is not None), default=None)
    if strongest is None:
        return 0.0
    return _STRONG if strongest >= _STRONG_DBM else _WEAK if strongest <= _WEAK_DBM else 0.0


def _order_part(difference_us: int) -> float:
    seconds = max(-_ORDER_SECONDS_MAX, min(_ORDER_SECONDS_MAX, difference_us / SECOND))
    return round(_PER_SECOND * seconds, 3)


def _together_part(inside: list[PortalGlimpse], outside: list[PortalGlimpse]) -> float:
    since = max(min(g.first_at for g in inside), min(g.first_at for g in outside))
    until = min(max(g.last_at for g in inside), max(g.last_at for g in outside))
    seconds = max(0.0, (until - since) / SECOND - _TOGETHER_FREE_SECONDS)
    return round(max(_TOGETHER_MOST, _TOGETHER_PER_SECOND * seconds), 3) + 0.0


def _score(parts: dict[str, float]) -> float:
    return round(1 / (1 + math.exp(-sum(parts.values()))), 3)
