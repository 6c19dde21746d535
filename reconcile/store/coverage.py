"""Where the antennas listened, asked of the database. The arithmetic of intervals is `reconcile.coverage`.

Antennas of readers that are not enabled do not count. A place is covered only while all its antennas listen.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, select

from custody.values import SECOND
from readers.sighting import Instant
from reconcile.coverage import Interval, clipped, common, covers, gaps, merged
from reconcile.store.core import ANTENNA, COVERAGE, READER

LISTENING_HOURS = 24


def place_coverage(now: Instant) -> Select[Any]:
    """A query, usable as a subquery in a join: places that are covered, a row each.

    Columns: `place`; `since_at`, since when all its antennas have listened without a break; `through_at`, until
    when (never after `now`); `antennas`, how many. A place of which some antenna never listened, or whose
    antennas did not listen at the same time last, has no row.
    """
    newest = (
        select(func.max(COVERAGE.c.through_at))
        .where(COVERAGE.c.reader == ANTENNA.c.reader, COVERAGE.c.antenna == ANTENNA.c.number)
        .correlate(ANTENNA)
        .scalar_subquery()
    )
    latest = and_(
        COVERAGE.c.reader == ANTENNA.c.reader,
        COVERAGE.c.antenna == ANTENNA.c.number,
        COVERAGE.c.through_at == newest,
    )
    through = func.min(COVERAGE.c.through_at)
    return (
        select(
            ANTENNA.c.place.label("place"),
            func.max(COVERAGE.c.since_at).label("since_at"),
            case((through > now, now), else_=through).label("through_at"),
            func.count().label("antennas"),
        )
        .select_from(ANTENNA.join(READER, READER.c.name == ANTENNA.c.reader).outerjoin(COVERAGE, latest))
        .where(ANTENNA.c.role == "place", READER.c.enabled)
        .group_by(ANTENNA.c.place)
        .having(func.count() == func.count(COVERAGE.c.id))
        .having(func.max(COVERAGE.c.since_at) <= case((through > now, now), else_=through))
    )


def listened_through(connection: Connection) -> dict[int, Instant]:
    """Each place with antennas (enabled ones): through when all of them listened, 0 where one never did."""
    newest = (
        select(COVERAGE.c.reader, COVERAGE.c.antenna, func.max(COVERAGE.c.through_at).label("through_at"))
        .group_by(COVERAGE.c.reader, COVERAGE.c.antenna)
        .subquery()
    )
    wanted = (
        select(ANTENNA.c.place, func.min(func.coalesce(newest.c.through_at, 0)).label("through_at"))
        .select_from(
            ANTENNA.join(READER, READER.c.name == ANTENNA.c.reader).outerjoin(
                newest, and_(newest.c.reader == ANTENNA.c.reader, newest.c.antenna == ANTENNA.c.number)
            )
        )
        .where(ANTENNA.c.role == "place", READER.c.enabled)
        .group_by(ANTENNA.c.place)
    )
    return {row.place: row.through_at for row in connection.execute(wanted)}


@dataclass(frozen=True, slots=True)
class Listening:
    """One antenna over a time: when it listened and when not."""

    reader: str
    antenna: int
    role: str
    enabled: bool
    intervals: tuple[Interval, ...]
    gaps: tuple[Interval, ...]

    @property
    def counts(self) -> bool:
        """Whether the place is heard by it: in use, and no desk's reader, which hears only what is held to it."""
        return self.enabled and self.role != "desk"


def listening(connection: Connection, place: int, now: Instant, hours: float = LISTENING_HOURS) -> list[Listening]:
    """The antennas of a place (of a portal too) over the last hours, by reader and number, for the page."""
    since = now - round(hours * 3600) * SECOND
    return _antennas(connection, place, since, now)


def listened_from(connection: Connection, place: int) -> Instant | None:
    """Since when all antennas of the place have been there: when the last of them listened first; None: one never did.

    Before that nobody was silent: there was nobody.
    """
    antennas = select(ANTENNA.c.reader, ANTENNA.c.number).where(ANTENNA.c.place == place)
    first: list[Instant] = []
    for reader, number in connection.execute(antennas).all():
        of_it = select(COVERAGE.c.since_at).where(COVERAGE.c.reader == reader, COVERAGE.c.antenna == number)
        since = connection.scalar(of_it.order_by(COVERAGE.c.through_at).limit(1))
        if since is None:
            return None
        first.append(since)
    return max(first, default=None)


def covered(connection: Connection, place: int, since: Instant, until: Instant) -> list[Interval]:
    """When within since … until all antennas of the place listened at once; without antennas: never."""
    antennas = [a for a in _antennas(connection, place, since, until) if a.counts]
    return clipped(common([antenna.intervals for antenna in antennas]), since, until)


def is_covered(connection: Connection, place: int, since: Instant, until: Instant) -> bool:
    """Whether all antennas of the place listened from `since` through `until` without a break."""
    return covers(covered(connection, place, since, until), since, until)


def _antennas(connection: Connection, place: int, since: Instant, until: Instant) -> list[Listening]:
    wanted = (
        select(
            ANTENNA.c.reader,
            ANTENNA.c.number,
            ANTENNA.c.role,
            READER.c.enabled,
            COVERAGE.c.since_at,
            COVERAGE.c.through_at,
        )
        .select_from(
            ANTENNA.join(READER, READER.c.name == ANTENNA.c.reader).outerjoin(
                COVERAGE,
                and_(
                    COVERAGE.c.reader == ANTENNA.c.reader,
                    COVERAGE.c.antenna == ANTENNA.c.number,
                    COVERAGE.c.through_at >= since,
                    COVERAGE.c.since_at <= until,
                ),
            )
        )
        .where(ANTENNA.c.place == place)
        .order_by(ANTENNA.c.reader, ANTENNA.c.number)
    )
    found: dict[tuple[str, int, str, bool], list[tuple[int, int]]] = {}
    for row in connection.execute(wanted):
        intervals = found.setdefault((row.reader, row.number, row.role, bool(row.enabled)), [])
        if row.since_at is not None:
            intervals.append((row.since_at, row.through_at))
    return [
        Listening(*antenna, tuple(clipped(merged(seen), since, until)), tuple(gaps(seen, since, until)))
        for antenna, seen in found.items()
    ]
