"""What the filter must know of the house: antennas, rooms and kinds of places, when each antenna listened, what the
site taught.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from sqlalchemy import Connection, and_, func, select

from custody.store.schema import PLACE
from custody.values import SECOND
from readers.sighting import Instant
from reconcile.coverage import merged
from reconcile.presence import Ear, Side, Site
from reconcile.store.calibrations import in_force
from reconcile.store.core import ANTENNA, COVERAGE, READER
from reconcile.store.coverage import listened_through
from reconcile.store.portals import beams
from reconcile.store.taps import DESK

BEFORE_US = 120 * SECOND
"""Listening is read from so long before the first sighting in question."""
BACK_MAX_US = 24 * 3600 * SECOND
"""And never further back than this before the newest: a tag heard of last week was last judged then."""
Span = tuple[Instant, Instant]
_SIDES: Mapping[str, Side] = {"inside": "inside", "outside": "outside"}


def load_site(connection: Connection, times: Span | None = None) -> Site:
    """Antennas of enabled readers, portals, rooms, what was learnt; and when each antenna listened around `times`.

    Without `times` the newest listening alone is known, place by place.
    """
    antennas = connection.execute(
        select(ANTENNA.c.reader, ANTENNA.c.number, ANTENNA.c.place, ANTENNA.c.role)
        .join(READER, READER.c.name == ANTENNA.c.reader)
        # What is held to a desk's reader was in a hand at that moment: it lies nowhere by it.
        .where(READER.c.enabled, ANTENNA.c.role != DESK)
    )
    ears = {(row.reader, row.number): Ear(row.place, _SIDES.get(row.role, "")) for row in antennas}
    places = connection.execute(select(PLACE.c.id, PLACE.c.parent, PLACE.c.kind, PLACE.c.inside, PLACE.c.outside)).all()
    kinds = {row.id: row.kind for row in places}
    return Site(
        ears=ears,
        portals={row.id: (row.inside, row.outside) for row in places if row.kind == "portal"},
        listened=listened_through(connection),
        listening=None if times is None else _listening(connection, ears, times),
        rooms=_rooms({row.id: row.parent for row in places}, kinds),
        kinds=kinds,
        calibration=in_force(connection),
    )


def with_beams(connection: Connection, site: Site, passing: Iterable[Span]) -> Site:
    """The site with what the beams told around these times; without any nothing is asked."""
    spans = list(passing)
    if not spans:
        return site
    return replace(site, beams=beams(connection, min(p[0] for p in spans), max(p[1] for p in spans)))


def _listening(
    connection: Connection, ears: Iterable[tuple[str, int]], times: Span
) -> dict[tuple[str, int], tuple[Span, ...]]:
    """When each antenna listened around these times; of one that did not, nothing."""
    until = times[1]
    since = max(times[0], until - BACK_MAX_US) - BEFORE_US
    rows = connection.execute(
        select(COVERAGE.c.reader, COVERAGE.c.antenna, COVERAGE.c.since_at, COVERAGE.c.through_at)
        .join(ANTENNA, and_(ANTENNA.c.reader == COVERAGE.c.reader, ANTENNA.c.number == COVERAGE.c.antenna))
        .where(COVERAGE.c.through_at >= since, COVERAGE.c.since_at <= until)
    )
    found: dict[tuple[str, int], list[Span]] = defaultdict(list)
    for row in rows:
        found[row.reader, row.antenna].append((row.since_at, row.through_at))
    return {ear: tuple((one.since_at, one.through_at) for one in merged(found.get(ear, ()))) for ear in ears}


def heard_through(connection: Connection) -> dict[int, Instant]:
    """Each place with an antenna that is in use: through when one of them listened; 0 where none ever did."""
    newest = (
        select(COVERAGE.c.reader, COVERAGE.c.antenna, func.max(COVERAGE.c.through_at).label("through_at"))
        .group_by(COVERAGE.c.reader, COVERAGE.c.antenna)
        .subquery()
    )
    rows = connection.execute(
        select(ANTENNA.c.place, func.max(func.coalesce(newest.c.through_at, 0)).label("through_at"))
        .select_from(
            ANTENNA.join(READER, READER.c.name == ANTENNA.c.reader).outerjoin(
                newest, and_(newest.c.reader == ANTENNA.c.reader, newest.c.antenna == ANTENNA.c.number)
            )
        )
        .where(ANTENNA.c.role == "place", READER.c.enabled)
        .group_by(ANTENNA.c.place)
    )
    return {row.place: row.through_at for row in rows}


def _rooms(parents: Mapping[int, int | None], kinds: Mapping[int, str]) -> dict[int, int | None]:
    """Each place with the room that it is, or is in."""
    found: dict[int, int | None] = {}
    for place in parents:
        way: list[int] = []
        at: int | None = place
        while at is not None and at not in found and at not in way:
            way.append(at)
            at = None if kinds[at] == "room" else parents.get(at)
        last = way[-1] if way else place
        room = found.get(at) if at is not None else last if kinds[last] == "room" else None
        found.update(dict.fromkeys(way, room))
    return found
