"""How people go by a portal with a carrier: paths, speeds, how it is carried, who else is about. Seeded; no radio.

The door is at x = 0, half a metre of wall to either side of its 1.2 metres; inside is x < 0. Lengths in metres, times
in seconds from the beginning of the passage, speeds in metres a second.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
STEP = 0.1
"""Seconds between two points of a sampled path."""
FAR = 6.0
"""Where a walk begins or ends: beyond what the antennas reach of most tags."""
BARRIER = 0.25
"""The two light barriers stand so far before and behind the door."""
BREAKS = 0.3
"""So long a body breaks a barrier."""
TRAFFIC_PER_HOUR = 30.0
"""Others, without a carrier, who go through the door, half of them in, half out."""
BEAM_SEES, BEAM_RIGHT = 0.985, 0.98
"""A passage through the beam is seen at all; of those, in the right direction."""
CARRIED = ("hand", "bag", "case")
TROLLEY = 20
"""Tags on a trolley."""

Barrier = tuple[float, str]
"""When a barrier was broken, and which: inside or outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One carrier (a trolley: one of its carriers) going by. `taken`: it left the inside and stayed out."""

    kind: str
    times: Array
    xs: Array
    ys: Array
    taken: bool
    carried: str
    height: float
    crossed_at: float | None = None
    """When it went through the door, for good."""
    barriers: tuple[Barrier, ...] = ()
    others_at: tuple[float, ...] = ()
    """When others went by: the air of a carrier at rest is stirred."""
    stacked_share: float | None = None
    group: int = 0

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return float(self.times[-1])


Point = tuple[float, float]
Random = np.random.Generator


def _timed(points: list[Point], speeds: list[float], pauses: Mapping[int, float], begins: float = 0.0) -> Array:
    """When each point is reached: rows of (time, x, y). `pauses`: rest at a point of that number."""
    rows: list[tuple[float, float, float]] = [(begins, *points[0])]
    now = begins
    for number, (one, other) in enumerate(pairwise(points)):
        if number in pauses:
            now += pauses[number]
            rows.append((now, *one))
        now += float(np.hypot(other[0] - one[0], other[1] - one[1])) / speeds[number]
        rows.append((now, *other))
    return np.array(rows)


def _speed(random: Random) -> float:
    """Walking, some slowly, some in a hurry."""
    return float(np.clip(random.normal(1.3, 0.3), 0.6, 2.5))


def _through(random: Random, inwards: bool, speed: float) -> Array:
    """Through the door; every second stops before it for up to a second and a half to open it."""
    sign = 1.0 if inwards else -1.0
    middle = float(random.uniform(-0.3, 0.3))
    points = [
        (sign * FAR, float(random.uniform(-3, 3))),
        (sign * 0.7, middle),
        (-sign * 0.7, middle),
        (-sign * FAR, float(random.uniform(-3, 3))),
    ]
    pauses = {1: float(random.uniform(0.2, 1.5))} if random.random() < 0.5 else {}
    return _timed(points, [speed, speed * 0.85, speed], pauses)


def _exit(random: Random) -> Array:
    return _through(random, False, _speed(random))


def _entry(random: Random) -> Array:
    return _through(random, True, _speed(random))


def _parked_exit(random: Random) -> Array:
    """Laid down near the door for 15 to 150 seconds, then carried out."""
    where = (-float(random.uniform(1.5, 3.5)), float(random.uniform(-2, 2)))
    middle, speed = float(random.uniform(-0.3, 0.3)), _speed(random)
    points = [where, (-0.7, middle), (0.7, middle), (FAR, float(random.uniform(-3, 3)))]
    return _timed(points, [speed, speed * 0.85, speed], {0: float(random.uniform(15, 150))})


def _parallel(side: float) -> Callable[[Random], Array]:
    """Past the door along its wall, 0.8 to 5 metres away; some stop before it for a while."""

    def path(random: Random) -> Array:
        away = side * float(random.uniform(0.8, 5.0))
        sign = 1.0 if random.random() < 0.5 else -1.0
        points = [(away, -sign * FAR), (away, float(random.uniform(-1, 1))), (away, sign * FAR)]
        speed = _speed(random)
        pauses = {1: float(random.uniform(0.5, 5))} if random.random() < 0.2 else {}
        return _timed(points, [speed, speed], pauses)

    return path


def _u_turn(random: Random) -> Array:
    """Up to the door, at most 0.4 m through it, and back."""
    furthest = float(random.uniform(-1.5, 0.4))
    middle, speed = float(random.uniform(-0.3, 0.3)), _speed(random)
    points = [
        (-FAR, float(random.uniform(-3, 3))),
        (furthest - 0.3, middle),
        (furthest, middle),
        (furthest - 0.3, middle),
        (-FAR, float(random.uniform(-3, 3))),
    ]
    return _timed(points, [speed, speed * 0.6, speed * 0.6, speed], {2: float(random.uniform(0.2, 3))})


def _lying(side: float) -> Callable[[Random], Array]:
    """At rest near the door, 1.5 to 4 metres away, for one to three minutes."""

    def path(random: Random) -> Array:
        where = (side * float(random.uniform(1.5, 4.0)), float(random.uniform(-2.5, 2.5)))
        return np.array([(0.0, *where), (float(random.uniform(60, 180)), *where)])

    return path


@dataclass(frozen=True, slots=True)
class Kind:
    """How a passage goes. `company`: another without a carrier goes so at the same time."""

    path: Callable[[Random], Array]
    taken: bool = False
    company: Callable[[Random], Array] | None = None
    tags: int = 1


KINDS: Mapping[str, Kind] = {
    "exit": Kind(_exit, True),
    "parked, then out": Kind(_parked_exit, True),
    "exit, another enters": Kind(_exit, True, _entry),
    "trolley out": Kind(lambda random: _through(random, False, float(random.uniform(0.6, 1.2))), True, None, TROLLEY),
    "parallel inside": Kind(_parallel(-1.0)),
    "parallel outside": Kind(_parallel(1.0)),
    "U-turn": Kind(_u_turn),
    "entry": Kind(_entry),
    "entry, another goes out": Kind(_entry, False, _exit),
    "parallel inside, another goes out": Kind(_parallel(-1.0), False, _exit),
    "parallel outside, another goes out": Kind(_parallel(1.0), False, _exit),
    "parked inside": Kind(_lying(-1.0)),
    "parked outside": Kind(_lying(1.0)),
}


def walks(random: Random, kind: str, count: int) -> list[Walk]:
    """So many passages of a kind; of a trolley each of its tags is one."""
    found: list[Walk] = []
    for number in range(count):
        found += _one(random, kind, number)
    return found


def _one(random: Random, name: str, number: int) -> list[Walk]:
    kind = KINDS[name]
    rows = kind.path(random)
    goes = [rows]
    if kind.company is not None:
        # Both are in the middle of their way within a second and a half of each other.
        other = kind.company(random)
        other[:, 0] += _middle(rows) - _middle(other) + random.uniform(-1.5, 1.5)
        goes.append(other)
    begins, ends = -2.0, float(rows[-1, 0]) + 2.0
    for _ in range(int(random.poisson(TRAFFIC_PER_HOUR / 3600 * (ends - begins)))):
        other = _exit(random) if random.random() < 0.5 else _entry(random)
        other[:, 0] += random.uniform(begins, ends) - _middle(other)
        goes.append(other)
    carried = "trolley" if kind.tags > 1 else CARRIED[int(random.integers(len(CARRIED)))]
    height = {"hand": 1.1, "bag": 0.9, "case": 0.5, "trolley": 0.8}[carried]
    walk = Walk(
        kind=name,
        times=rows[:, 0],
        xs=rows[:, 1],
        ys=rows[:, 2],
        taken=kind.taken,
        carried=carried,
        height=height,
        crossed_at=_middle(rows) if kind.taken else None,
        barriers=_beam(random, goes),
        others_at=tuple(_middle(one) for one in goes[1:]),
        stacked_share=0.6 if kind.tags > 1 else None,
        group=number,
    )
    return [walk] + [replace(walk) for _ in range(kind.tags - 1)]


def _middle(rows: Array) -> float:
    """When it is at the door, or nearest to it."""
    times = np.arange(rows[0, 0], rows[-1, 0] + 1e-9, 0.05)
    xs, ys = np.interp(times, rows[:, 0], rows[:, 1]), np.interp(times, rows[:, 0], rows[:, 2])
    return float(times[int(np.argmin(np.hypot(xs, ys)))])


def _beam(random: Random, goes: list[Array]) -> tuple[Barrier, ...]:
    """What the barriers tell of all who went by."""
    found: list[Barrier] = []
    for rows in goes:
        times = np.arange(rows[0, 0], rows[-1, 0] + 0.02, 0.02)
        xs, ys = np.interp(times, rows[:, 0], rows[:, 1]), np.interp(times, rows[:, 0], rows[:, 2])
        broken: list[Barrier] = []
        for name, line in (("inside", -BARRIER), ("outside", BARRIER)):
            over = np.nonzero(((xs[:-1] < line) != (xs[1:] < line)) & (np.abs(ys[:-1]) < 0.6))[0]
            broken += [(float(times[at]), name) for at in over]
        if random.random() >= BEAM_SEES:
            continue
        if random.random() >= BEAM_RIGHT:
            broken = [(at, "outside" if side == "inside" else "inside") for at, side in broken]
        found += broken
    # A barrier that a body still breaks is not broken again by the next.
    last: dict[str, float] = {}
    told: list[Barrier] = []
    for at, side in sorted(found):
        if at - last.get(side, -9e9) > BREAKS:
            told.append((at, side))
        last[side] = at
    return tuple(told)
