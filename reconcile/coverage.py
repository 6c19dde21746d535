"""Intervals of listening: pure arithmetic. Absence is concluded only inside them.

An interval is (since, through), both included, in microseconds UTC. A normal list of intervals is ascending and
disjoint; between two neighbours lies more than the tolerance (`TOUCHING`), within which intervals count as one:
a daemon tells its coverage period by period, and keepalives are not that exact.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from readers.sighting import Instant

TOUCHING = 1_000_000
"""Intervals no further apart than this are one (microseconds)."""


class Interval(NamedTuple):
    """A time of listening, both ends included."""

    since_at: Instant
    through_at: Instant


def merged(intervals: Iterable[tuple[Instant, Instant]], touching: int = TOUCHING) -> list[Interval]:
    """The same listening as a normal list, whatever the order, overlap or number of the given ones."""
    result: list[Interval] = []
    for since, through in sorted(intervals):
        if result and since <= result[-1].through_at + touching:
            if through > result[-1].through_at:
                result[-1] = Interval(result[-1].since_at, through)
        else:
            result.append(Interval(since, through))
    return result


def clipped(intervals: Iterable[tuple[Instant, Instant]], since: Instant, until: Instant) -> list[Interval]:
    """The part of the intervals that lies within since … until."""
    cut = (Interval(max(a, since), min(b, until)) for a, b in intervals)
    return [interval for interval in cut if interval.since_at <= interval.through_at]


def gaps(intervals: Sequence[tuple[Instant, Instant]], since: Instant, until: Instant) -> list[Interval]:
    """Where nobody listened within since … until; the ends touch the intervals beside."""
    result: list[Interval] = []
    at = since
    for start, end in clipped(merged(intervals), since, until):
        if start > at:
            result.append(Interval(at, start))
        at = max(at, end)
    if at < until:
        result.append(Interval(at, until))
    return result


def common(antennas: Sequence[Sequence[tuple[Instant, Instant]]]) -> list[Interval]:
    """When all antennas listened at once; without antennas: never."""
    if not antennas:
        return []
    result = merged(antennas[0])
    for other in antennas[1:]:
        result = _both(result, merged(other))
    return result


def proven(
    alive: Iterable[tuple[Instant, Instant]],
    heard: Iterable[tuple[Instant, Instant]],
    silence: int,
    since: Instant,
) -> list[Interval]:
    """The part of `alive` for which an antenna is known to have heard: the connection lived, and so did its cable.

    `alive`: when keepalives proved the connection; `heard`: when its reference tags were heard; between two hearings
    no further apart than `silence` (microseconds) it heard too, after the last it is not known to. Before `since`
    there was no reference tag: there the connection is all there is to go by. A hearing without duration proves none.
    """
    spans = [(a, b) for a, b in alive if a <= b]
    before = [Interval(a, min(b, since)) for a, b in spans if a < since]
    after = [Interval(max(a, since), b) for a, b in spans if b > since]
    told = common([after, merged(((a, b) for a, b in heard if a <= b), silence)])
    return merged(one for one in (*before, *told) if one.since_at < one.through_at)


def _both(left: Sequence[Interval], right: Sequence[Interval]) -> list[Interval]:
    result: list[Interval] = []
    i = j = 0
    while i < len(left) and j < len(right):
        since = max(left[i].since_at, right[j].since_at)
        through = min(left[i].through_at, right[j].through_at)
        if since <= through:
            result.append(Interval(since, through))
        if left[i].through_at < right[j].through_at:
            i += 1
        else:
            j += 1
    return result


def covers(intervals: Sequence[tuple[Instant, Instant]], since: Instant, until: Instant) -> bool:
    """Whether one unbroken interval holds since … until."""
    return any(a <= since and until <= b for a, b in merged(intervals))
