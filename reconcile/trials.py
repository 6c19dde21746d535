"""What a site may claim of a portal, or a place, from staged trials. Pure.

A trial is one staged passage with a tag kept for trials: an exit, a walk past inside or outside, a tag laid down, or a
tag taken out of its place for ten minutes. Found of n says little where n is small, so that every share stands with its
exact interval of 95 % (Clopper and Pearson, Biometrika 26, 1934): 300 exits without a miss show no more than 99 of 100.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

TrialKind = Literal["exit", "parallel_inside", "parallel_outside", "parked", "absence"]
Level = Literal["alarm", "suspect", "quiet"]
KINDS: tuple[TrialKind, ...] = ("exit", "parallel_inside", "parallel_outside", "parked")
"""What is staged at a portal; at a place only the absence is."""
WANTED: Mapping[TrialKind, tuple[Level, ...]] = {
    "exit": ("alarm",),
    "parallel_inside": ("quiet", "suspect"),
    "parallel_outside": ("quiet", "suspect"),
    "parked": ("quiet", "suspect"),
    "absence": ("alarm",),
}
"""Which answers are right. A suspicion of one who only walks by is no false alarm, and is counted apart."""
CONFIDENCE = 0.95
PER = 10_000
"""False alarms are told in so many passages."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A share of `of`, and between what it lies at 95 %."""

    found: int
    of: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """What was found of it; 0 where nothing was tried."""
        return self.found / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True)
class Claim:
    """What the trials of a kind show. `more`: so many more without a miss show `goal`."""

    kind: TrialKind
    right: Interval
    wrong: Interval
    suspected: Interval
    goal: float
    more: int


def interval(found: int, of: int, confidence: float = CONFIDENCE) -> Interval:
    """The exact interval of a share (Clopper-Pearson), each end left with half of the rest."""
    if not 0 <= found <= of:
        raise ValueError(f"{found} of {of} is no share")
    tail = (1.0 - confidence) / 2.0
    low = 0.0 if found == 0 else _quantile(tail, found, of - found + 1)
    high = 1.0 if found == of else _quantile(1.0 - tail, found + 1, of - found)
    return Interval(found, of, low, high)


def needed(goal: float, confidence: float = CONFIDENCE) -> int:
    """So many trials, none of them failed, show that at least `goal` succeed (the lower end of the interval)."""
    if not 0.0 < goal < 1.0:
        raise ValueError("a goal lies between 0 and 1")
    return math.ceil(math.log((1.0 - confidence) / 2.0) / math.log(goal))


def still_needed(found: int, of: int, goal: float, most: int = 100_000) -> int:
    """How many more without a miss until the lower end reaches the goal; `most` where it takes more."""
    if of and interval(found, of).low >= goal:
        return 0
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        if of + middle and interval(found + middle, of + middle).low >= goal:
            high = middle
        else:
            low = middle + 1
    return low


GOALS: Mapping[TrialKind, float] = {
    "exit": 0.9,
    "parallel_inside": 0.99,
    "parallel_outside": 0.99,
    "parked": 0.9,
    "absence": 0.95,
}
"""What a first round of trials is to show."""


def claims(trials: Iterable[tuple[TrialKind, Level]], goals: Mapping[TrialKind, float] = GOALS) -> tuple[Claim, ...]:
    """What trials of these kinds and answers show, each kind that was tried."""
    by_kind: dict[TrialKind, list[Level]] = {}
    for kind, level in trials:
        by_kind.setdefault(kind, []).append(level)
    found: list[Claim] = []
    for kind in (*KINDS, "absence"):
        levels = by_kind.get(kind, [])
        if not levels:
            continue
        right = sum(level in WANTED[kind] for level in levels)
        of = len(levels)
        found.append(
            Claim(
                kind,
                interval(right, of),
                interval(of - right, of),
                interval(sum(level in ("alarm", "suspect") for level in levels), of),
                goals[kind],
                still_needed(right, of, goals[kind]),
            )
        )
    return tuple(found)


def _quantile(share: float, a: float, b: float) -> float:
    """Of the beta distribution, by halving: 60 steps are finer than a float of this use."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        if _beta(middle, a, b) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def _beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function (continued fraction, Numerical Recipes 6.4)."""
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _fraction(x, a, b) / a
    return 1.0 - front * _fraction(1.0 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    tiny = 1e-300
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > tiny else tiny)
    total = d
    for m in range(1, 500):
        for top in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 + top * d
            d = 1.0 / (d if abs(d) > tiny else tiny)
            c = 1.0 + top / c
            c = c if abs(c) > tiny else tiny
            total *= d * c
        if abs(d * c - 1.0) < 1e-14:
            break
    return total
