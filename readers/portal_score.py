"""The score of a crossing: a small logistic one, whose parts are kept so that a person can follow it. Pure.

It asks how well what was heard fits to a tag carried through the door at a moment `at`: heard on the side it came from
before, on the other side after; nothing any more where it came from; the light barriers crossed that way then. Two
kinds of moment are tried: the one that divides the reads best, and each time that the beam was crossed that way; the
best of them counts. In and out are the same question with the sides exchanged, so that one table of weights is enough;
there is one for portals with a beam in order and one for those without.

The weights were found by `bench/radio/portals/training.py` on a simulation; docs/reference/portal-study.md says what
that shows and what not. They are scaled so that .85 and .3 are the levels of alarm and suspicion.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

BEFORE, AFTER = 3.0, 4.0
"""Seconds around a moment within which reads belong to the crossing."""
LONG_BEFORE = 25.0
"""Reads so far back tell that it lay there."""
STILL_AFTER = 1.5
"""Reads on the side it came from, so long after it is said to have left: it is still there."""
BEAM_NEAR = 1.5
"""A beam crossed so near to the moment may be its own."""
FLOOR_DBM = -80.0
"""What was not heard was at most so strong."""
HOLD = 4.0
"""Where no beam tells that somebody went through, so long is waited for who turns round in the door."""
TO_PEAK = 0.8
"""Seconds from the antenna of one side to the door, walking: there it is strongest."""
FEATURES = (
    "base",
    "order",
    "end",
    "before",
    "after",
    "crossover",
    "reads",
    "both",
    "here_only",
    "peak_there",
    "parked",
    "still",
    "beam_with",
    "beam_fits",
    "beam_here_only",
    "beam_there_only",
    "beam_against",
    "beam_none",
)
Weights = Mapping[str, float]
PARTS: Mapping[str, str] = {
    "both": "sides",
    "here_only": "sides",
    "peak_there": "peak",
    **{name: "beam" for name in FEATURES if name.startswith("beam")},
}
"""Features that are told as one part, under this name; the others under their own."""
WITH_BEAM: Weights = {
    "base": -3.467,
    "order": 1.661,
    "end": 1.034,
    "before": 1.950,
    "after": 0.330,
    "crossover": 0.292,
    "reads": 1.030,
    "both": -2.793,
    "here_only": -1.406,
    "peak_there": -0.719,
    "parked": -0.133,
    "still": -1.429,
    "beam_with": 0.827,
    "beam_fits": 1.508,
    "beam_here_only": 0.687,
    "beam_there_only": 1.032,
    "beam_against": 0.000,
    "beam_none": -0.833,
}
WITHOUT_BEAM: Weights = {
    "base": -0.849,
    "order": 1.162,
    "end": 0.496,
    "before": 0.772,
    "after": 0.000,
    "crossover": 0.000,
    "reads": 0.693,
    "both": -2.170,
    "here_only": -0.665,
    "peak_there": -0.413,
    "parked": -0.050,
    "still": -0.734,
    "beam_with": 0.000,
    "beam_fits": 0.000,
    "beam_here_only": 0.000,
    "beam_there_only": 0.000,
    "beam_against": 0.000,
    "beam_none": 0.000,
}


class Event(NamedTuple):
    """Reads of one antenna, in seconds of the crossing. `here`: on the side that it would come from."""

    since: float
    until: float
    reads: int
    dbm: float
    here: bool


class Light(NamedTuple):
    """When the beam was crossed, in seconds of the crossing: the way that is asked for, and the other."""

    with_at: tuple[float, ...] = ()
    against_at: tuple[float, ...] = ()


def moments(events: Sequence[Event], light: Light | None) -> list[float]:
    """The moments at which it may have gone through."""
    found = [_divide(events)]
    if light is not None:
        found += [at for at in light.with_at if all(abs(at - other) > 0.05 for other in found)]
    return found


def _divide(events: Sequence[Event]) -> float:
    """The moment with the fewest reads on the wrong side of it; the middle of all such."""
    ordered = sorted(((one.since + one.until) / 2, one.reads, one.here) for one in events)
    wrong = sum(reads for _, reads, here in ordered if here)
    fewest, since, until = wrong, ordered[0][0] - 0.5, ordered[0][0]
    open_end = True
    for number, (at, reads, here) in enumerate(ordered):
        wrong += -reads if here else reads
        following = ordered[number + 1][0] if number + 1 < len(ordered) else at + 0.5
        if wrong < fewest:
            fewest, since, until, open_end = wrong, at, following, True
        elif wrong == fewest and open_end:
            until = following
        else:
            open_end = False
    return (since + until) / 2


def features(events: Sequence[Event], at: float, light: Light | None) -> tuple[float, ...]:
    """The features in the order of FEATURES; of `base` it is one. `light` None: there is no beam in order."""
    here = _Side()
    there = _Side()
    for one in events:
        (here if one.here else there).take(one, at)
    low = FLOOR_DBM
    both = here.near > 0 and there.near > 0
    order = there.mean() - here.mean() if both else 0.0
    end = there.last - here.last if here.last > -1e9 and there.last > -1e9 else 0.0
    crossover = (max(here.dbm_before, low) - max(there.dbm_before, low)) + (
        max(there.dbm_after, low) - max(here.dbm_after, low)
    )
    fewer = min(here.near, there.near)
    here_only, there_only = float(there.near <= 0), float(here.near <= 0)
    beam_with = beam_fits = beam_against = beam_none = 0.0
    if light is not None:
        nearest = min((abs(one - at) for one in light.with_at), default=9.0)
        beam_with = float(nearest <= BEAM_NEAR)
        beam_fits = max(0.0, 1.0 - nearest / BEAM_NEAR)
        beam_against = float(any(abs(one - at) <= BEAM_NEAR for one in light.against_at))
        beam_none = 1.0 - beam_with
    return (
        1.0,
        _within(order, 2.0),
        _within(end, 3.0),
        (here.before - there.before) / (here.before + there.before + 2.0),
        (there.after - here.after) / (there.after + here.after + 2.0),
        _within(crossover / 20.0, 1.5),
        min(math.log2(1.0 + fewer), 4.0),
        float(both),
        here_only,
        there.off_peak(at + TO_PEAK),
        min(math.log2(1.0 + here.long_before + there.long_before), 7.0),
        min(math.log2(1.0 + here.still), 5.0),
        beam_with,
        beam_fits,
        beam_with * here_only,
        beam_with * there_only,
        beam_against,
        beam_none,
    )


class Fit(NamedTuple):
    """How well it fits, as a sum of parts. `held`: still to be waited for who turns round in the door."""

    at: float
    total: float
    parts: dict[str, float]
    held: bool


def best_fit(events: Sequence[Event], light: Light | None, now: float, settled: bool) -> Fit:
    """The moment that fits best by what is known at `now`; `settled`: nothing more comes.

    What may be told already goes before what is to be waited for.
    """
    weights = (WITHOUT_BEAM if light is None else WITH_BEAM).values()
    found: list[tuple[bool, float, float, tuple[float, ...]]] = []
    for at in moments(events, light):
        seen = features(events, at, light)
        total = sum(weight * value for weight, value in zip(weights, seen, strict=True))
        found.append((settled or may_be_told(at, now, light), total, at, seen))
    ready, total, at, seen = max(found)
    parts: dict[str, float] = {}
    for name, weight, value in zip(FEATURES, weights, seen, strict=True):
        part = PARTS.get(name, name)
        parts[part] = round(parts.get(part, 0.0) + weight * value, 3)
    if light is None:
        parts.pop("beam", None)
    return Fit(at, total, parts, not ready)


def may_be_told(at: float, now: float, light: Light | None) -> bool:
    """At once where the beam was crossed, else after a wait."""
    return now >= at + HOLD or (light is not None and any(abs(one - at) <= BEAM_NEAR for one in light.with_at))


class _Side:
    """What is added up of one side."""

    __slots__ = (
        "after",
        "before",
        "dbm_after",
        "dbm_before",
        "last",
        "long_before",
        "near",
        "peak_at",
        "peak_dbm",
        "still",
        "weighed",
    )

    def __init__(self) -> None:
        self.before = self.after = self.long_before = self.still = self.near = self.weighed = 0.0
        self.dbm_before = self.dbm_after = -999.0
        self.peak_dbm, self.peak_at = -999.0, 0.0
        self.last = -1e10

    def take(self, one: Event, at: float) -> None:
        """Reads of a stretch, divided by where its time lies."""
        before = _share(one, at - BEFORE, at) * one.reads
        after = _share(one, at, at + AFTER) * one.reads
        if before > 0:
            self.before += before
            self.dbm_before = max(self.dbm_before, one.dbm)
            self.weighed += before * (max(one.since, at - BEFORE) + min(one.until, at)) / 2
        if after > 0:
            self.after += after
            self.dbm_after = max(self.dbm_after, one.dbm)
            self.weighed += after * (max(one.since, at) + min(one.until, at + AFTER)) / 2
        self.near += before + after
        if before + after > 0 and one.dbm > self.peak_dbm:
            self.peak_dbm, self.peak_at = one.dbm, (one.since + one.until) / 2
        self.long_before += _share(one, at - LONG_BEFORE, at - BEFORE) * one.reads
        self.still += _share(one, at + STILL_AFTER, 1e9) * one.reads
        if one.until >= at - BEFORE:
            self.last = max(self.last, one.until)

    def mean(self) -> float:
        """The middle of its reads."""
        return self.weighed / self.near

    def off_peak(self, expected: float) -> float:
        """How far from the expected time it was strongest, in seconds, two at most; 0 where it was not heard."""
        return min(abs(self.peak_at - expected), 2.0) if self.near > 0 else 0.0


def _share(one: Event, since: float, until: float) -> float:
    if one.until <= one.since:
        return 1.0 if since <= one.since < until else 0.0
    return max(0.0, min(one.until, until) - max(one.since, since)) / (one.until - one.since)


def _within(value: float, most: float) -> float:
    return max(-most, min(most, value))
