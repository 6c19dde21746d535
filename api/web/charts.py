"""Geometry of charts, drawn as SVG by templates: labels stand on the marks, and the figures in a table beside. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, FLOOR = 560, 214, 180
_LEFT, _RIGHT, _TOP = 36, 440, 22
_TICKS = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle; `part` says which of the parts of its column it is."""

    x: float
    y: float
    width: float
    height: float
    part: int


@dataclass(frozen=True, slots=True)
class Label:
    """A word at a point."""

    x: float
    y: float
    word: str
    part: int = 0


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns side by side, each of parts one upon another."""

    bars: tuple[Bar, ...]
    grid: tuple[tuple[float, int], ...]
    """Height and figure of each line behind."""
    below: tuple[Label, ...]
    last: tuple[Label, ...]
    """Beside the last column, one a part: its figure."""
    marks: tuple[tuple[float, float, float], ...] = ()
    """Over each column a line at another figure: x, width, height."""


def step_of(most: int) -> int:
    """The distance of the lines behind: 1, 2 or 5 times a power of ten, three of them above the most."""
    step = 1
    while step * _TICKS < most:
        digit = int(str(step)[0])
        step = step * 2 if digit == 1 else step * 5 // 2 if digit == 2 else step * 2
    return step


def stacked(
    columns: Sequence[Sequence[int]], words: Sequence[str], parts: Sequence[str], marks: Sequence[int] = ()
) -> Columns:
    """Stacked columns: the last part lies at the foot. `words` under every third, `parts` beside the last.

    `marks`: of each column another figure, drawn as a line across.
    """
    most = max((*(sum(column) for column in columns), *marks), default=0)
    step = step_of(most)
    scale = (FLOOR - _TOP) / (step * _TICKS)
    pitch = (_RIGHT - _LEFT) / max(1, len(columns))
    bars: list[Bar] = []
    for at, column in enumerate(columns):
        x, base = _LEFT + at * pitch, float(FLOOR)
        for part in reversed(range(len(column))):
            height = column[part] * scale
            if height:
                bars.append(Bar(round(x, 1), round(base - height, 1), round(pitch * 0.72, 1), round(height, 1), part))
            base -= height
    below = _below(words, pitch)
    lines = tuple(
        (round(_LEFT + at * pitch - 2, 1), round(pitch * 0.72 + 4, 1), round(FLOOR - mark * scale, 1))
        for at, mark in enumerate(marks)
        if mark
    )
    last = _beside(columns[-1] if columns else (), parts, scale)
    return Columns(tuple(bars), tuple(_grid(step, scale)), below, last, lines)


def _grid(step: int, scale: float) -> list[tuple[float, int]]:
    return [(round(FLOOR - n * step * scale, 1), n * step) for n in range(_TICKS + 1)]


def _beside(last: Sequence[int], parts: Sequence[str], scale: float) -> tuple[Label, ...]:
    """Words beside the last column at the middle of their parts, pushed apart where these are thin."""
    found: list[Label] = []
    base, room = float(FLOOR), float(FLOOR) + 6
    for part in reversed(range(len(last))):
        middle = base - last[part] * scale / 2 + 4
        y = min(middle, room - 16)
        found.append(Label(_RIGHT + 8, round(y, 1), f"{parts[part]} {last[part]:,}", part))
        base, room = base - last[part] * scale, y
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Reach:
    """From one value of a stretch to a higher one: `low` and `high` are heights."""

    x: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Spread:
    """Stretches side by side, each from its middle value to what nine in ten stay under; those without are left out."""

    reaches: tuple[Reach, ...]
    grid: tuple[tuple[float, int], ...]
    below: tuple[Label, ...]
    last: tuple[Label, ...]
    """Beside the last: part 0 the higher value's word, part 1 the lower one's."""


def spread(pairs: Sequence[tuple[float, float] | None], words: Sequence[str], parts: tuple[str, str]) -> Spread:
    """A mark at each lower value, one at each higher, a line between. `parts`: words of the last higher and lower."""
    most = max((pair[1] for pair in pairs if pair), default=0.0)
    step = step_of(math.ceil(most))
    scale = (FLOOR - _TOP) / (step * _TICKS)
    pitch = (_RIGHT - _LEFT) / max(1, len(pairs))
    reaches = tuple(
        Reach(
            round(_LEFT + (at + 0.36) * pitch, 1), round(FLOOR - pair[0] * scale, 1), round(FLOOR - pair[1] * scale, 1)
        )
        for at, pair in enumerate(pairs)
        if pair
    )
    last: tuple[Label, ...] = ()
    if reaches:
        x, lower = reaches[-1].x + 12, reaches[-1].low + 4
        last = (
            Label(x, min(reaches[-1].high + 4, lower - 16), parts[0], 0),
            Label(x, lower, parts[1], 1),
        )
    return Spread(reaches, tuple(_grid(step, scale)), _below(words, pitch), last)


def _below(words: Sequence[str], pitch: float) -> tuple[Label, ...]:
    """The words under every third, and under the last; where two would touch, the last stands alone."""
    end = len(words) - 1
    return tuple(
        Label(round(_LEFT + (at + 0.36) * pitch, 1), FLOOR + 18, word)
        for at, word in enumerate(words)
        if at == end or (at % 3 == 0 and end - at > 1)
    )


@dataclass(frozen=True, slots=True)
class Share:
    """A line of a chart of shares: how far it is, and where it stands."""

    y: float
    width: float
    percent: int
    low: bool


def shares(pairs: Sequence[tuple[int, int]], whole: float = 300.0, pitch: float = 36.0) -> tuple[Share, ...]:
    """Bars of parts of wholes, one under another; below nine in ten they are low."""
    return tuple(
        Share(12 + at * pitch, round(whole * part / of, 1), 100 * part // of, part * 10 < of * 9)
        for at, (part, of) in enumerate(pairs)
    )
