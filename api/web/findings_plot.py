"""A finding's reads laid out to be drawn: dots over time, hatched where nobody listened, and the antennas."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from custody.values import SECOND, Instant
from reconcile.store.finding_queries import FindingLine
from reconcile.store.stories import Gap, ReadDot, Stories

WIDTH, TOP, BOTTOM = 600, 8, 62
"""The dot plot in its own units: reads lie between TOP (strongest) and BOTTOM."""
STRONG_DBM, WEAK_DBM = -40.0, -80.0
LINES_DBM = (-50, -70)
DOTS_MAX = 600
GAP_SHORTEST = 30 * SECOND
PLOT_SHORTEST = 120 * SECOND


@dataclass(frozen=True, slots=True)
class Dot:
    """A sighting in the plot. `side`: home (where the books have it), away (elsewhere), gate_in, gate_out."""

    x: float
    y: float
    side: str


@dataclass(frozen=True, slots=True)
class Deaf:
    """A hatched stretch: some antenna asked here did not listen."""

    x: float
    width: float
    since_at: Instant
    until_at: Instant


@dataclass(frozen=True, slots=True)
class Plot:
    """The reads over time."""

    dots: tuple[Dot, ...]
    deaf: tuple[Deaf, ...]
    lines: tuple[tuple[float, int], ...]
    opened_x: float
    opened_right: bool
    """The word at the line of the opening stands on its left: there is no room on its right."""
    since_at: Instant
    until_at: Instant
    reads: int
    capped: bool


@dataclass(frozen=True, slots=True)
class AntennaLine:
    """What one antenna heard of it."""

    reader: str
    antenna: int
    place: int | None
    role: str
    first_at: Instant
    last_at: Instant
    reads: int
    strongest_dbm: float | None


def antennas_of(reads: Sequence[ReadDot]) -> tuple[AntennaLine, ...]:
    """What each antenna heard, the most reads first."""
    found: dict[tuple[str, int], AntennaLine] = {}
    for read in reads:
        key = (read.reader, read.antenna)
        before = found.get(key)
        strongest = [dbm for dbm in (read.strongest_dbm, before.strongest_dbm if before else None) if dbm is not None]
        found[key] = AntennaLine(
            read.reader,
            read.antenna,
            read.place,
            read.role,
            min(read.first_at, before.first_at) if before else read.first_at,
            max(read.last_at, before.last_at) if before else read.last_at,
            read.count + (before.reads if before else 0),
            max(strongest) if strongest else None,
        )
    return tuple(sorted(found.values(), key=lambda line: (-line.reads, line.reader, line.antenna)))


def plot_begin(stories: Stories, opened_at: Instant) -> Instant:
    """Where the plot begins: not before anything was heard or listened for, and two minutes before its end at least.

    A gap that reaches back to the window's beginning at every antenna is the time before listening began.
    """
    antennas = {(read.reader, read.antenna) for read in stories.reads} | {(g.reader, g.antenna) for g in stories.gaps}
    leading = {(g.reader, g.antenna): g.until_at for g in stories.gaps if g.since_at <= stories.since_at}
    if not leading or antennas != leading.keys() or min(leading.values()) >= stories.until_at:
        return stories.since_at
    began = min(opened_at, stories.until_at - PLOT_SHORTEST, *leading.values(), *(r.first_at for r in stories.reads))
    return max(stories.since_at, began)


def plot_of(stories: Stories, line: FindingLine) -> Plot | None:
    """The reads as dots over time; None where nothing was heard and nothing was deaf."""
    since, until = plot_begin(stories, line.opened_at), stories.until_at
    length = max(1, until - since)

    def x(at: Instant) -> float:
        return round(WIDTH * min(max(at - since, 0), length) / length, 1)

    step = max(1, -(-len(stories.reads) // DOTS_MAX))
    home = _home(line)
    dots = tuple(Dot(x(read.last_at), _y(read.strongest_dbm), _side(read, home)) for read in stories.reads[::step])
    deaf = _deaf([gap for gap in stories.gaps if gap.until_at > since], since, x)
    if not dots and not deaf:
        return None
    opened = x(line.opened_at)
    return Plot(
        dots,
        deaf,
        tuple((_y(dbm), dbm) for dbm in LINES_DBM),
        opened,
        opened > WIDTH - 130,
        since,
        until,
        sum(read.count for read in stories.reads),
        stories.reads_capped,
    )


def _home(line: FindingLine) -> str | None:
    books = line.evidence.get("books")
    return str(books["place"]) if isinstance(books, Mapping) and books.get("place") else None


def _side(read: ReadDot, home: str | None) -> str:
    if read.role in ("inside", "outside"):
        return f"gate-{read.role}"
    return "home" if home is not None and read.place_code == home else "away"


def _y(dbm: float | None) -> float:
    level = WEAK_DBM if dbm is None else min(max(dbm, WEAK_DBM), STRONG_DBM)
    return round(TOP + (BOTTOM - TOP) * (STRONG_DBM - level) / (STRONG_DBM - WEAK_DBM), 1)


def _deaf(gaps: Sequence[Gap], begin: Instant, x: Callable[[Instant], float]) -> tuple[Deaf, ...]:
    """Hatched where any of the antennas did not listen; stretches that overlap are one."""
    found: list[tuple[Instant, Instant]] = []
    for since, until in sorted((max(gap.since_at, begin), gap.until_at) for gap in gaps):
        if until - since < GAP_SHORTEST:
            continue
        if found and since <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        else:
            found.append((since, until))
    return tuple(Deaf(x(a), max(2.0, round(x(b) - x(a), 1)), a, b) for a, b in found)
