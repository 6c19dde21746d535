"""Tags that cannot all be right: what `reconcile.checks.pairs` looks at."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import column, func, select, values
from sqlalchemy.types import String

from custody.store.schema import CARRIER, PLACE, SCOPE, TAG, chunks
from custody.store.tables import Int64
from reconcile.checks.cases import BELIEVED, STANDING, CarrierCase, RadioSays
from reconcile.checks.pairs import HeardAt, TagsCase, TwoPlacesCase
from reconcile.store.candidates import World, books_of, carrier_cases, radios_of
from reconcile.store.core import ANTENNA, CURSOR, FINDING, PRESENCE, SIGHTING, Connection, insert_new
from reconcile.store.differing import told_open

TWO_PLACES_JUDGED = "checks.two_places"
"""Cursor over `sighting.id`: every stretch of sightings is judged once."""
STRETCH = 100_000
"""Sightings judged at once."""
EPCS_MAX = 500


# One tag, two places.


def cursor(connection: Connection, *, lock: bool = False) -> int:
    """How far sightings were judged; with `lock` (in a writing transaction) no other server judges meanwhile."""
    query = select(CURSOR.c.position).where(CURSOR.c.name == TWO_PLACES_JUDGED)
    if lock:
        insert_new(connection, CURSOR, [{"name": TWO_PLACES_JUDGED, "position": 0}])
        query = query.with_for_update()
    return connection.scalar(query) or 0


def judged(connection: Connection, through: int) -> None:
    """Move the cursor."""
    connection.execute(CURSOR.update().where(CURSOR.c.name == TWO_PLACES_JUDGED).values(position=through))


def newest(connection: Connection) -> int:
    """The newest sighting: how far a run can judge."""
    return connection.scalar(select(func.max(SIGHTING.c.id))) or 0


def stretches(after: int, through: int) -> Iterable[tuple[int, int]]:
    """What is to be judged, in parts that can be held in mind."""
    return ((start, min(start + STRETCH, through)) for start in range(after, through, STRETCH))


class Rooms:
    """The antennas in use, each with its place, room, building and site."""

    def __init__(self, connection: Connection, around: World) -> None:
        rows = connection.execute(select(PLACE.c.id, PLACE.c.parent, PLACE.c.kind)).all()
        self._parents: Mapping[int, int | None] = {row.id: row.parent for row in rows}
        self._kinds: Mapping[int, str] = {row.id: row.kind for row in rows}
        self._spots = around.spots
        self.of = {
            (row.reader, row.number): row.place
            for row in connection.execute(select(ANTENNA.c.reader, ANTENNA.c.number, ANTENNA.c.place))
            if row.place in around.spots
        }

    def around(self, place: int, kind: str) -> int:
        """The nearest place of this kind around one, itself included; where there is none, the outermost."""
        at, seen = place, {place}
        while self._kinds.get(at) != kind:
            parent = self._parents.get(at)
            if parent is None or parent in seen:
                return at if kind != "room" else place
            at = parent
            seen.add(at)
        return at

    @property
    def many(self) -> bool:
        """Whether there are rooms to be told apart at all."""
        return len({self.around(place, "room") for place in set(self.of.values())}) > 1

    def heard(self, row: Any) -> HeardAt | None:
        """A sighting as it is judged; None for one by an antenna that stands nowhere."""
        place = self.of.get((row.reader, row.antenna))
        if place is None:
            return None
        return HeardAt(
            first_at=row.first_at,
            last_at=row.last_at,
            place=self._spots[place],
            room=self.around(place, "room"),
            building=self.around(place, "building"),
            site=self.around(place, "site"),
            reader=row.reader,
            antenna=row.antenna,
            reads=row.count,
            strongest_dbm=row.strongest_dbm,
        )


def in_several_rooms(
    connection: Connection, after: int, through: int, rooms: Rooms, around: World
) -> list[TwoPlacesCase]:
    """Live tags of carriers that were heard in more than one room within this stretch; one open finding is enough."""
    if not rooms.many or through <= after:
        return []
    ears = [(reader, number, rooms.around(place, "room")) for (reader, number), place in sorted(rooms.of.items())]
    found: list[str] = []
    s = SIGHTING.c
    for chunk in [ears[start : start + 5_000] for start in range(0, len(ears), 5_000)]:
        room = values(column("reader", String), column("number", Int64), column("room", Int64), name="ears")
        table = room.data(chunk).cte("ears")
        query = (
            select(s.epc)
            .join(table, (table.c.reader == s.reader) & (table.c.number == s.antenna))
            .where(s.id > after, s.id <= through)
            .group_by(s.epc)
            .having(func.count(func.distinct(table.c.room)) > 1)
        )
        found += connection.scalars(query.limit(EPCS_MAX))
    return _two_places(connection, sorted(set(found)), after, through, rooms, around)


def _two_places(
    connection: Connection, epcs: list[str], after: int, through: int, rooms: Rooms, around: World
) -> list[TwoPlacesCase]:
    cases = []
    for chunk in chunks(epcs, EPCS_MAX):
        carriers = connection.execute(
            select(TAG.c.epc, CARRIER)
            .join_from(TAG, CARRIER, CARRIER.c.id == TAG.c.carrier)
            .where(TAG.c.epc.in_(chunk), ~TAG.c.retired)
        ).all()
        abouts = {f"epc:{row.epc}": row.epc for row in carriers}
        told = connection.execute(
            select(FINDING.c.about, FINDING.c.open, FINDING.c.closed_at).where(
                FINDING.c.kind == "two_places_at_once", FINDING.c.about.in_(sorted(abouts))
            )
        ).all()
        known = {row.about for row in told if row.open}
        settled = {row.about: row.closed_at for row in sorted(told, key=lambda r: r.closed_at or 0) if not row.open}
        heard: dict[str, list[HeardAt]] = defaultdict(list)
        wanted = [row for row in carriers if f"epc:{row.epc}" not in known]
        rows = connection.execute(
            select(SIGHTING).where(
                SIGHTING.c.epc.in_([row.epc for row in wanted]), SIGHTING.c.id > after, SIGHTING.c.id <= through
            )
        )
        for row in rows:
            if (at := rooms.heard(row)) is not None:
                heard[row.epc].append(at)
        cases += [
            TwoPlacesCase(row.epc, row.id, books_of(row, around), tuple(heard[row.epc]), settled.get(f"epc:{row.epc}"))
            for row in sorted(wanted, key=lambda r: str(r.epc))
        ]
    return cases


# One carrier, two tags.


def with_tags_apart(connection: Connection, around: World) -> list[TagsCase]:
    """Carriers with two live tags that are confirmed at different places; one open finding is enough."""
    other_tag, other = TAG.alias("other_tag"), PRESENCE.alias("other_presence")
    # Set apart (MATERIALIZED) by the index alone: of a carrier with one tag nothing more is asked.
    several = (
        select(TAG.c.carrier)
        .group_by(TAG.c.carrier)
        .having(func.count() > 1)
        .cte("several")
        .prefix_with("MATERIALIZED")
    )
    query = (
        select(TAG.c.carrier)
        .select_from(
            several.join(TAG, TAG.c.carrier == several.c.carrier)
            .join(other_tag, (other_tag.c.carrier == several.c.carrier) & (other_tag.c.epc > TAG.c.epc))
            .join(PRESENCE, PRESENCE.c.epc == TAG.c.epc)
            .join(other, other.c.epc == other_tag.c.epc)
        )
        .where(
            ~TAG.c.retired,
            ~other_tag.c.retired,
            PRESENCE.c.strength == "confirmed",
            other.c.strength == "confirmed",
            PRESENCE.c.place != other.c.place,
            ~told_open("two_tags_apart", TAG.c.carrier),
        )
        .distinct()
    )
    return tags_cases(connection, list(connection.scalars(query)), around)


def tags_cases(connection: Connection, carriers: Iterable[int], around: World) -> list[TagsCase]:
    """These carriers, each with all that is believed of its live tags."""
    cases = carrier_cases(connection, carriers, around)
    tags: dict[int, list[RadioSays]] = {}
    for chunk in chunks(sorted(cases)):
        tags |= radios_of(connection, chunk, around)
    return [TagsCase(cases[carrier], tuple(tags.get(carrier, ()))) for carrier in sorted(cases)]


# Two carriers.


def misplaced(connection: Connection, around: World) -> tuple[list[CarrierCase], dict[int, Any]]:
    """Carriers that findings tell to be at another place, and by carrier who may know of it: rank, unit, scope."""
    told = FINDING.alias("told")
    query = (
        select(CARRIER.c.id, CARRIER.c.rank, CARRIER.c.unit)
        .join_from(told, CARRIER, CARRIER.c.id == told.c.carrier)
        .where(
            told.c.open,
            told.c.kind == "misplaced",
            CARRIER.c.status.in_(sorted(STANDING)),
            ~told_open("tags_swapped"),
        )
    )
    rows = {row.id: row for row in connection.execute(query)}
    scopes: dict[int, list[str]] = defaultdict(list)
    for chunk in chunks(sorted(rows)):
        entries = select(SCOPE.c.carrier, SCOPE.c.principal).where(SCOPE.c.carrier.in_(chunk))
        for entry in connection.execute(entries):
            scopes[entry.carrier].append(entry.principal)
    cases = carrier_cases(connection, rows, around)
    alike = {key: (row.rank, row.unit, tuple(sorted(scopes[key]))) for key, row in rows.items()}
    believed = [case for case in cases.values() if case.radio is not None and case.radio.strength in BELIEVED]
    return believed, alike
