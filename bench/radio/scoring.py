"""How well a method knows where tags are: what it showed, window by window, against the truth.

- right, wrong, open: of the time in which a tag lay at a place, the share in which that place, another one, or none
  (unconfirmed, not covered) was shown. A method that says nothing is neither right nor wrong.
- false moves: each time another place is shown than before, though the tag was not put down there since the change
  before. Of a flight there and back both are false.
- shown while away: of the time in which it was away, the share in which any place was shown.
- delay: from putting down at another place, for two minutes at least, to that place being shown; what never is,
  counts as never.

The first minute of a day is left out. Intervals are 95 %, by resampling whole tag-days (the time of one tag is not
independent of itself), with a generator of their own.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.radio.house import AWAY, CARRIED, WINDOW_SECONDS, Day

_WARM_UP = 30
_STAY_MIN = 60
_RESAMPLED = 2000
NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class OfTag:
    """One tag's day, in windows and counts."""

    placed: int
    right: int
    wrong: int
    away: int
    away_shown: int
    false_moves: int
    delays: tuple[float, ...]
    """Seconds."""
    returns: tuple[float, ...]
    """Seconds until it was shown again where it came back to."""
    weak: bool


def score(day: Day, shown: NDArray[np.int16]) -> list[OfTag]:
    """What was shown of each tag: [windows, tags], negative where no place was."""
    return [
        _of_tag(day.truth[_WARM_UP:, tag], shown[_WARM_UP:, tag], bool(day.weak[tag])) for tag in range(day.rates.tags)
    ]


def _of_tag(truth: NDArray[np.int16], shown: NDArray[np.int16], weak: bool) -> OfTag:
    lay, gone = truth >= 0, truth == AWAY
    delays, returns = _delays(truth, shown)
    return OfTag(
        int(lay.sum()),
        int((lay & (shown == truth)).sum()),
        int((lay & (shown >= 0) & (shown != truth)).sum()),
        int(gone.sum()),
        int((gone & (shown >= 0)).sum()),
        _false_moves(truth, shown),
        tuple(delays),
        tuple(returns),
        weak,
    )


def _put_down(truth: NDArray[np.int16]) -> list[tuple[int, int, int, int]]:
    """(window, place, the place before, until) of each time it was put down somewhere."""
    edges = [0, *(np.flatnonzero(truth[1:] != truth[:-1]) + 1).tolist(), len(truth)]
    found, before = [], -1
    for since, until in itertools.pairwise(edges):
        place = int(truth[since])
        if place >= 0:
            if since:
                found.append((since, place, before, until))
            before = place
    return found


def _false_moves(truth: NDArray[np.int16], shown: NDArray[np.int16]) -> int:
    stated = np.flatnonzero(shown >= 0)
    if not len(stated):
        return 0
    places = shown[stated]
    changes = np.flatnonzero(places[1:] != places[:-1]) + 1
    put_down = _put_down(truth)
    false, since = 0, 0
    for change in changes.tolist():
        at, place = int(stated[change]), int(places[change])
        if not any(since <= window <= at and there == place for window, there, _, _ in put_down):
            false += 1
        since = at
    return false


def _delays(truth: NDArray[np.int16], shown: NDArray[np.int16]) -> tuple[list[float], list[float]]:
    delays: list[float] = []
    returns: list[float] = []
    for window, place, before, until in _put_down(truth):
        if until - window < _STAY_MIN:
            continue
        seen = np.flatnonzero(shown[window:until] == place)
        # The window's own end is two seconds after it began.
        delay = (float(seen[0]) + 1) * WINDOW_SECONDS if len(seen) else NEVER
        away = bool((truth[max(0, window - 600) : window] == AWAY).any())
        if place != before:
            delays.append(delay)
        elif away or truth[window - 1] == CARRIED:
            returns.append(delay)
    return delays, returns


@dataclass(frozen=True, slots=True)
class Rate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Score:
    """Of many tag-days. Shares from 0 to 1, moves a tag in eight hours, seconds."""

    tag_days: int
    right: Rate
    wrong: Rate
    open: Rate
    false_moves: Rate
    away_shown: Rate
    delay_p50: float
    delay_p95: float
    moves: int
    never: int
    return_p50: float


def summed(of: Sequence[OfTag], hours: float) -> Score:
    """All tag-days together."""
    table = np.array([(o.placed, o.right, o.wrong, o.away, o.away_shown, o.false_moves) for o in of], float).reshape(
        -1, 6
    )
    delays = np.array([delay for o in of for delay in o.delays])
    returns = np.array([delay for o in of for delay in o.returns])
    eights = np.full(len(of), hours / 8)
    placed, right, wrong, away, away_shown, false = table.T
    return Score(
        len(of),
        _rate(right, placed),
        _rate(wrong, placed),
        _rate(placed - right - wrong, placed),
        _rate(false, eights),
        _rate(away_shown, away),
        _quantile(delays, 0.5),
        _quantile(delays, 0.95),
        len(delays),
        int(np.isinf(delays).sum()),
        _quantile(returns, 0.5),
    )


def _quantile(values: NDArray[np.float64], share: float) -> float:
    """The lower one of two: never between a number and never."""
    return float(np.sort(values)[int(share * (len(values) - 1))]) if len(values) else float("nan")


def _rate(over: NDArray[np.float64], under: NDArray[np.float64]) -> Rate:
    whole = float(under.sum())
    if not whole:
        return Rate(0.0, 0.0, 1.0)
    random = np.random.default_rng(7)
    chosen = random.integers(0, len(over), (_RESAMPLED, len(over)))
    below = under[chosen].sum(axis=1)
    resampled = over[chosen].sum(axis=1) / np.where(below > 0, below, 1.0)
    low, high = np.quantile(resampled, [0.025, 0.975])
    if not over.any():
        # Nothing seen in n tag-days: the rule of three, of tag-days that are independent.
        high = max(float(high), 3.0 / len(over) * (1.0 if whole == len(over) else min(1.0, len(over) / whole)))
    return Rate(float(over.sum()) / whole, float(low), float(high))
