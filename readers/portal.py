"""Crossings of a portal: an antenna that hears the inside, one that hears the outside, a beam. Pure.

Guard and server judge by this one file; the score, small and explainable, is in `readers.portal_score`.

A direction is said only where the score of that direction is at least even and better than that of the other; else it
is `unknown`. A tag lying at the portal passes nothing; one heard inside only, neither, unless somebody went out by the
beam. A sure crossing (alarm score) is concluded at once where the beam was crossed that way, else four seconds after
it, when whoever turned round in the door would have been heard; the rest when the portal has been quiet for the window.
A later contradiction adds a conclusion that names the one it revises; nothing said is taken back.

The beam is two light barriers, an inner and an outer: whoever breaks the inner first goes out. It must run by the
same clock as the antennas: an offset of a second halves what is found.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, Protocol

from readers.portal_score import HOLD, Event, Fit, Light, best_fit
from readers.sighting import Instant

Side = Literal["inside", "outside"]
Direction = Literal["in", "out", "unknown"]

MODEL = "portal-3"
"""Version of the weights, kept with every passage."""
SECOND_US = 1_000_000

SEEN_US = 30 * SECOND_US
"""Reads so far back may still tell something of a crossing."""
HOLD_US = round(HOLD * SECOND_US)
_EVEN = 0.5
"""From here a direction is said."""
_UNHEARD_DBM = -70.0
"""Of a reader that tells no strength."""

BEAM_PAIR_US = 2 * SECOND_US
"""Two barriers broken within this time by the same body."""
BEAM_BEFORE_US, BEAM_AFTER_US = 3 * SECOND_US, 4 * SECOND_US
"""A beam crossed so long before the first read, or after the last, may still belong to the crossing."""
BEAM_STUCK_US = 60 * SECOND_US
"""A barrier broken for longer is blocked or out of order: it tells nothing."""

_ENDS: dict[Direction, Side] = {"out": "outside", "in": "inside"}


class Limits(Protocol):
    """The figures by which crossings are judged; durations in microseconds, scores from 0 to 1."""

    @property
    def portal_window_us(self) -> int:
        """Reads no further apart are one crossing; it settles after as long a quiet."""

    @property
    def parked_after_us(self) -> int:
        """Heard longer at a portal, it is lying there, not passing."""

    @property
    def alarm_score(self) -> float:
        """From here a crossing is sure."""


class PortalGlimpse(NamedTuple):
    """What is kept of reads at a portal."""

    first_at: Instant
    last_at: Instant
    reads: int
    strongest_dbm: float | None
    reader: str
    antenna: int
    side: Side


class Concluded(NamedTuple):
    """What was said of a crossing while it still went on."""

    direction: Direction
    since_at: Instant
    until_at: Instant
    score: float


class BeamPass(NamedTuple):
    """Somebody went through both barriers. `at`: when the second was broken."""

    at: Instant
    way: Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class Beam:
    """What the beam of a portal told around a crossing.

    `watched`: it was in order all the while, so that not being crossed tells something. `offset_us`: its clock minus
    the antennas' clock, where they are of different readers and both known.
    """

    passes: tuple[BeamPass, ...] = ()
    watched: bool = True
    offset_us: int | None = None

    def around(self, since: Instant, until: Instant) -> "Beam":
        """What of it can belong to reads of this time."""
        near = tuple(one for one in self.passes if since - BEAM_BEFORE_US <= one.at <= until + BEAM_AFTER_US)
        return replace(self, passes=near)


@dataclass(frozen=True, slots=True)
class Crossing:
    """What a portal heard of a tag without a longer quiet. `parked`: sides at which it was found lying.

    `lying_since`: first heard there, where it has been lying.
    """

    portal: int
    glimpses: tuple[PortalGlimpse, ...]
    received_at: Instant = 0
    parked: tuple[Side, ...] = ()
    concluded: Concluded | None = None
    lying_since: Instant | None = None
    looked_at: Instant = 0
    """Through when it was looked at."""

    @property
    def first_at(self) -> Instant:
        """First read."""
        return min(glimpse.first_at for glimpse in self.glimpses)

    @property
    def last_at(self) -> Instant:
        """Last read."""
        return max(glimpse.last_at for glimpse in self.glimpses)


@dataclass(frozen=True, slots=True)
class Passage:
    """A crossing of a portal, or what looked like one. (portal, since_at, direction) names it.

    `score`: how surely it was one in this direction, 0 to 1; of `unknown`: how surely an exit.
    """

    portal: int
    direction: Direction
    since_at: Instant
    until_at: Instant
    reads: int
    strongest_dbm: float | None
    reader: str
    antenna: int
    score: float
    evidence: Mapping[str, Any]
    ends: Side


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the glimpses of a crossing say."""

    direction: Direction
    score: float
    parts: dict[str, float]
    ends: Side
    held: bool = False
    """It may still be one who turns round in the door: not to be told yet."""


def beam_passes(changes: Iterable[tuple[Instant, Side, bool]]) -> tuple[BeamPass, ...]:
    """Who went through, from the barriers' changes (time, side, broken), in any order.

    Only a breaking counts, and each belongs to one body: the first of a pair, or the second. A barrier broken alone,
    or the same one again, tells no direction.
    """
    found: list[BeamPass] = []
    waiting: tuple[Instant, Side] | None = None
    for at, side, broken in sorted(changes):
        if not broken:
            continue
        if waiting is not None and waiting[1] != side and at - waiting[0] <= BEAM_PAIR_US:
            found.append(BeamPass(at, "out" if side == "outside" else "in"))
            waiting = None
        else:
            waiting = (at, side)
    return tuple(found)


def assess(
    glimpses: Sequence[PortalGlimpse],
    parked: tuple[Side, ...] = (),
    beam: Beam | None = None,
    now: Instant | None = None,
) -> Assessment | None:
    """Direction and score of what was heard; None where it was no crossing at all. `beam` None: there is none.

    `now`: through when nothing more was heard; None: nothing more comes.
    """
    newest = max(glimpse.last_at for glimpse in glimpses)
    glimpses = [glimpse for glimpse in glimpses if glimpse.last_at >= newest - SEEN_US]
    inside = [glimpse for glimpse in glimpses if glimpse.side == "inside"]
    outside = [glimpse for glimpse in glimpses if glimpse.side == "outside"]
    since = min(glimpse.first_at for glimpse in glimpses)
    near = None if beam is None else beam.around(since, newest)
    if near is not None and not near.watched and not near.passes:
        near = None  # a beam that tells nothing, of which nothing is known
    ways = {one.way for one in near.passes} if near is not None else set()
    if len(parked) == 2 or (not inside and "outside" in parked) or (not outside and "out" not in ways):
        return None
    if not inside and "in" not in ways and sum(glimpse.reads for glimpse in outside) < 2:
        return None
    out, back = (fit_of(glimpses, near, way, since, now) for way in ("out", "in"))
    leaving, entering = _score(out.total), _score(back.total)
    ends: Side = "outside" if _last(outside) > _last(inside) else "inside"
    if entering > leaving and entering >= _EVEN:
        return Assessment("in", entering, back.parts, "inside", back.held)
    if leaving >= _EVEN and leaving > entering:
        return Assessment("out", leaving, out.parts, "outside", out.held)
    return Assessment("unknown", leaving, out.parts, ends, out.held)


def fit_of(glimpses: Sequence[PortalGlimpse], beam: Beam | None, way: str, since: Instant, now: Instant | None) -> Fit:
    """How well a crossing this way (in, out) fits. Times of the fit are seconds since `since`."""
    begins = "inside" if way == "out" else "outside"
    events = [
        Event(
            (one.first_at - since) / SECOND_US,
            (one.last_at - since) / SECOND_US,
            one.reads,
            _UNHEARD_DBM if one.strongest_dbm is None else one.strongest_dbm,
            one.side == begins,
        )
        for one in glimpses
    ]
    light = None
    if beam is not None:
        times = [((one.at - since) / SECOND_US, one.way == way) for one in beam.passes]
        light = Light(tuple(at for at, same in times if same), tuple(at for at, same in times if not same))
    until = 0.0 if now is None else (now - since) / SECOND_US
    return best_fit(events, light, until, now is None)


def _last(glimpses: Sequence[PortalGlimpse]) -> Instant:
    return max((glimpse.last_at for glimpse in glimpses), default=-1)


def hear(
    crossing: Crossing | None,
    portal: int,
    glimpse: PortalGlimpse,
    received_at: Instant,
    limits: Limits,
    beam: Beam | None = None,
) -> tuple[Crossing, tuple[Passage, ...]]:
    """Go on with a crossing, or begin one; and what can be said already."""
    if crossing is None:
        return judged(Crossing(portal, (glimpse,), received_at), limits, beam)
    received_at = max(received_at, crossing.received_at)
    before: tuple[Passage, ...] = ()
    if glimpse.first_at > (silent := crossing.last_at + HOLD_US):
        # What was to be said when it had been silent for so long, whenever this came.
        crossing, before = judged(crossing, limits, beam, silent)
    said = crossing.concluded
    if said is not None and glimpse.first_at > said.until_at and glimpse.side != _ENDS[said.direction]:
        # Through, and now heard on the other side again: the next crossing begins where this one ended.
        here = max((g for g in crossing.glimpses if g.side == _ENDS[said.direction]), key=lambda g: g.last_at)
        following, passages = judged(Crossing(portal, (here, glimpse), received_at), limits, beam)
        return following, (*before, *finish(crossing, beam), *passages)
    going_on = replace(crossing, glimpses=_ordered((*crossing.glimpses, glimpse)), received_at=received_at)
    if said is not None and glimpse.side == _ENDS[said.direction]:
        going_on = replace(going_on, concluded=said._replace(until_at=max(said.until_at, glimpse.last_at)))
    if going_on.last_at - going_on.first_at > limits.parked_after_us:
        going_on, passages = _parked(going_on, limits, beam)
    else:
        going_on, passages = judged(going_on, limits, beam)
    return going_on, (*before, *passages)


def _ordered(glimpses: Iterable[PortalGlimpse]) -> tuple[PortalGlimpse, ...]:
    return tuple(sorted(glimpses, key=lambda g: (g.first_at, g.last_at, g.reader, g.antenna)))


def judged(
    crossing: Crossing, limits: Limits, beam: Beam | None = None, now: Instant | None = None
) -> tuple[Crossing, tuple[Passage, ...]]:
    """Say at once what is sure already, and was not said yet. `now`: through when nothing more was heard."""
    if crossing.concluded is not None:
        return crossing, ()
    known = max(crossing.last_at, now or 0)
    crossing = replace(crossing, looked_at=known)
    if len({glimpse.side for glimpse in crossing.glimpses}) < 2 and not _crossed(crossing, beam):
        return crossing, ()  # one side alone, and nobody went through: nothing is sure of it
    assessment = assess(crossing.glimpses, crossing.parked, beam, known)
    if (
        assessment is None
        or assessment.held
        or assessment.direction == "unknown"
        or assessment.score < limits.alarm_score
    ):
        return crossing, ()
    passage = _passage(crossing, assessment, crossing.first_at, beam)
    said = Concluded(passage.direction, passage.since_at, passage.until_at, passage.score)
    return replace(crossing, concluded=said), (passage,)


def _crossed(crossing: Crossing, beam: Beam | None) -> bool:
    """Whether the beam was crossed near to what was heard last."""
    if beam is None:
        return False
    return any(crossing.last_at - SEEN_US <= one.at <= crossing.last_at + BEAM_AFTER_US for one in beam.passes)


def due_at(crossing: Crossing, limits: Limits) -> Instant:
    """When to look at a crossing again though nothing more was heard: `judged` with that time, or `finish`."""
    settles = max(crossing.last_at, crossing.received_at) + limits.portal_window_us
    held = max(crossing.last_at, crossing.received_at) + HOLD_US
    return settles if crossing.concluded is not None or crossing.looked_at >= held else min(held, settles)


def finish(crossing: Crossing, beam: Beam | None = None) -> tuple[Passage, ...]:
    """What a crossing was, now that nothing more comes of it."""
    said = crossing.concluded
    assessment = assess(crossing.glimpses, crossing.parked, beam)
    if said is None:
        return () if assessment is None else (_passage(crossing, assessment, crossing.first_at, beam),)
    if assessment is None:
        return ()
    if assessment.direction == said.direction:
        # The same, with all its reads; the score that was acted upon does not fall afterwards.
        assessment = replace(assessment, score=max(assessment.score, said.score))
        return (_passage(crossing, assessment, said.since_at, beam),)
    return (_passage(crossing, assessment, said.since_at, beam, revises=said.direction),)


def _parked(crossing: Crossing, limits: Limits, beam: Beam | None) -> tuple[Crossing, tuple[Passage, ...]]:
    """Heard for too long to be passing: keep only the recent reads, and where it has been lying."""
    passages = finish(crossing, beam) if crossing.concluded is not None else ()
    lying = set(crossing.parked)
    sides: tuple[Side, ...] = ("inside", "outside")
    for side in sides:
        times = [(g.first_at, g.last_at) for g in crossing.glimpses if g.side == side]
        span = max(t[1] for t in times) - min(t[0] for t in times) if times else 0
        if span > limits.parked_after_us // 2:
            lying.add(side)
    since = crossing.lying_since if crossing.lying_since is not None else crossing.first_at
    recent = tuple(g for g in crossing.glimpses if g.last_at > crossing.last_at - SEEN_US)
    still = Crossing(
        crossing.portal,
        recent,
        crossing.received_at,
        tuple(sorted(lying)),
        lying_since=since if lying else None,
    )
    lying_on, more = judged(still, limits, beam)
    return lying_on, (*passages, *more)


def _passage(
    crossing: Crossing,
    assessment: Assessment,
    since_at: Instant,
    beam: Beam | None,
    revises: Direction | None = None,
) -> Passage:
    strongest = max(crossing.glimpses, key=lambda g: -math.inf if g.strongest_dbm is None else g.strongest_dbm)
    evidence: dict[str, Any] = {
        "model": MODEL,
        "parts": assessment.parts,
        "inside": _heard(crossing.glimpses, "inside"),
        "outside": _heard(crossing.glimpses, "outside"),
        "received_at": crossing.received_at,
    }
    if beam is not None:
        evidence["beam"] = _beam_told(beam.around(crossing.first_at, crossing.last_at))
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


OFFSET_FLAGGED_US = 200_000
"""Beam and antennas further apart by their clocks spoil the order at a portal: said in the evidence."""


def _beam_told(beam: Beam) -> dict[str, Any]:
    told: dict[str, Any] = {
        "passes": [{"at": one.at, "way": one.way} for one in beam.passes],
        "watched": beam.watched,
    }
    if beam.offset_us is not None:
        told |= {"offset_us": beam.offset_us, "offset_flagged": abs(beam.offset_us) > OFFSET_FLAGGED_US}
    return told


def _heard(glimpses: Sequence[PortalGlimpse], side: Side) -> dict[str, Any]:
    here = [glimpse for glimpse in glimpses if glimpse.side == side]
    strengths = [glimpse.strongest_dbm for glimpse in here if glimpse.strongest_dbm is not None]
    return {
        "reads": sum(glimpse.reads for glimpse in here),
        "first_at": min((glimpse.first_at for glimpse in here), default=None),
        "last_at": max((glimpse.last_at for glimpse in here), default=None),
        "strongest_dbm": max(strengths, default=None),
    }


def _score(total: float) -> float:
    return round(1 / (1 + math.exp(-max(-50.0, min(50.0, total)))), 3)
