"""Rooms before and during an entry: what the books have there, what the antennas heard there, who is inside.

Selected here, judged by `reconcile.checks.rooms`.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, FromClause, and_, exists, false, func, or_, select

from custody.access import Subject
from custody.matters.entry import ROOM_CHECK, RoomCheck, Visit
from custody.register import Directory
from custody.scheme import Scheme
from custody.store import inside
from custody.store.queries.visible import visible
from custody.store.schema import CARRIER, TAG, chunks
from custody.values import DAY, SECOND, Instant
from reconcile.checks.cases import BELIEVED, KEPT, CarrierCase, Ending, Spot, Verdict
from reconcile.checks.endings import Opened
from reconcile.checks.rooms import (
    KIND,
    Antenna,
    Coverage,
    ExposedCase,
    Room,
    RoomFound,
    Watched,
    exposed,
    exposed_ended,
    room_found,
    stores_in,
    where_is,
)
from reconcile.store.candidates import World, carrier_cases, latest_coverage, world
from reconcile.store.core import ANTENNA, FINDING, PRESENCE, READER, SIGHTING, Connection

_IN_HAND = ("on_loan", "in_circulation", "in_meeting")


def _seconds(scheme: Scheme, name: str) -> int:
    return scheme.number(name) * SECOND


def rooms_of(connection: Connection, places: Collection[Spot], around: World) -> dict[int, Room]:
    """Places as they are listened to, by identifier."""
    heard = latest_coverage().where(ANTENNA.c.role == "place", READER.c.enabled)
    rows = sorted(connection.execute(heard), key=lambda row: (row.reader, row.number))
    found: dict[int, Room] = {}
    for place in places:
        inside = [one for one in around.spots.values() if one.path.startswith(place.path)]
        within = tuple(sorted(one.id for one in inside))
        stores = tuple(stores_in(place, inside))
        antennas = tuple(
            Antenna(f"{row.reader}/{row.number}", row.since_at, row.through_at) for row in rows if row.place in within
        )
        stored = tuple(sorted(one.id for one in inside if one.path.startswith(stores)))
        found[place.id] = Room(place, stores, antennas, around.covers.get(place.id), within, stored)
    return found


@dataclass(frozen=True, slots=True)
class Listened:
    """How a place is listened to now."""

    coverage: Coverage
    listening: int
    antennas: int


def listened_to(connection: Connection, scheme: Scheme, places: Collection[int], now: Instant) -> dict[int, Listened]:
    """How these places are listened to now, by identifier; what is in them is not looked at."""
    around = world(connection)
    silent = _seconds(scheme, "reader_silent_after_seconds")
    listened = _seconds(scheme, "room_listened_seconds")
    rooms = rooms_of(connection, [around.spots[one] for one in places], around)
    return {
        one: Listened(room.coverage(now, silent, listened), room.listening(now, silent), len(room.antennas))
        for one, room in rooms.items()
    }


# A store may hold very many, all heard all the time: what surely stands in one is counted, never looked at singly.


def _stands(presence: FromClause, room: Room) -> ColumnElement[bool]:
    """A tag that is believed to be in a store of the room."""
    return and_(presence.c.place.in_(room.stored), presence.c.strength.in_(sorted(BELIEVED)))


def _another_elsewhere(room: Room) -> ColumnElement[bool]:
    """Another tag of the same carrier says otherwise."""
    tag, presence = TAG.alias("other_tag"), PRESENCE.alias("other_presence")
    stands = func.coalesce(_stands(presence, room), false())
    return (
        exists()
        .select_from(tag.join(presence, presence.c.epc == tag.c.epc))
        .where(tag.c.carrier == TAG.c.carrier, tag.c.epc != TAG.c.epc, ~tag.c.retired, ~stands)
    )


def stored_in(connection: Connection, found: RoomFound, subject: Subject | None = None) -> int:
    """How many carriers stand in a store of the room, and a check had nothing to ask. `subject`: that he may see."""
    query = (
        select(func.count(TAG.c.carrier.distinct()))
        .select_from(TAG.join(PRESENCE, PRESENCE.c.epc == TAG.c.epc).join(CARRIER, CARRIER.c.id == TAG.c.carrier))
        .where(~TAG.c.retired, CARRIER.c.status.in_(sorted(KEPT)), _stands(PRESENCE, found.room))
    )
    if subject is not None:
        query = query.where(visible(subject))
    judged = sum(connection.scalar(query.where(TAG.c.carrier.in_(chunk))) or 0 for chunk in chunks(found.judged))
    return (connection.scalar(query) or 0) - judged


def in_the_open(connection: Connection, room: Room) -> set[int]:
    """Carriers that the radio has in a place, however certain, but for those that surely stand in a store of it."""
    tags = select(TAG.c.carrier).select_from(TAG.join(PRESENCE, PRESENCE.c.epc == TAG.c.epc)).where(~TAG.c.retired)
    here = tags.where(PRESENCE.c.place.in_(room.within), ~_stands(PRESENCE, room))
    torn = tags.where(_stands(PRESENCE, room), _another_elsewhere(room))
    return set(connection.scalars(here)) | set(connection.scalars(torn))


def glimpsed_in(connection: Connection, room: Room, since: Instant, *, stored: bool = True) -> set[int]:
    """Carriers that an antenna of the place heard since an instant, wherever they are believed to be; without those
    that surely stand in a store of it, where these are not asked for (`stored`).
    """
    heard_by = and_(ANTENNA.c.reader == SIGHTING.c.reader, ANTENNA.c.number == SIGHTING.c.antenna)
    query = (
        select(TAG.c.carrier)
        .distinct()
        .select_from(SIGHTING.join(ANTENNA, heard_by).join(TAG, and_(TAG.c.epc == SIGHTING.c.epc, ~TAG.c.retired)))
        .where(SIGHTING.c.last_at >= since, ANTENNA.c.role == "place", ANTENNA.c.place.in_(room.within))
    )
    if not stored:
        stands = exists().where(PRESENCE.c.epc == SIGHTING.c.epc, _stands(PRESENCE, room))
        query = query.where(or_(~stands, _another_elsewhere(room)))
    return set(connection.scalars(query))


def in_hand_of(connection: Connection, persons: Collection[int]) -> set[int]:
    """Carriers in the hands of these persons."""
    found: set[int] = set()
    for chunk in chunks(sorted(persons)):
        query = select(CARRIER.c.id).where(CARRIER.c.holder.in_(chunk), CARRIER.c.status.in_(_IN_HAND))
        found |= set(connection.scalars(query))
    return found


def whose(directory: Directory, place: int) -> frozenset[int]:
    """Whose room it is: who answers for it, or for something in it."""
    within = directory.under(place)
    persons = {one.responsible for one in directory.places.values() if one.id in within and one.responsible}
    keeper = directory.keeper(place)
    return frozenset(persons | ({keeper} if keeper is not None else set()))


def _kept(cases: dict[int, CarrierCase]) -> dict[int, CarrierCase]:
    return {one: case for one, case in cases.items() if case.books.status in KEPT}


def check_room(
    connection: Connection, directory: Directory, scheme: Scheme, place: int, now: Instant
) -> RoomFound | None:
    """What a check of the place finds now; None for a place that is not there."""
    around = world(connection)
    spot = around.spots.get(place)
    if spot is None:
        return None
    room = rooms_of(connection, [spot], around)[place]
    glimpsed = glimpsed_in(connection, room, now - 60 * _seconds(scheme, "room_glimpse_minutes"), stored=False)
    in_hand = in_hand_of(connection, whose(directory, place))
    used = inside.in_use(connection, directory, place)
    every = in_the_open(connection, room) | glimpsed | in_hand | used
    cases = _kept(carrier_cases(connection, every, around))
    return room_found(
        room,
        cases,
        used,
        in_hand,
        glimpsed,
        now,
        _seconds(scheme, "reader_silent_after_seconds"),
        _seconds(scheme, "room_listened_seconds"),
    )


# What must stay clear now: where somebody is inside, and where a go lasts.


def watched(connection: Connection, around: Callable[[], World], now: Instant) -> list[Watched]:
    """Rooms with somebody inside, and rooms for which a go lasts and nobody has come yet.

    `around` is asked only where there are any: mostly nobody is inside.
    """
    visits = [(matter, matter.body) for matter in inside.under_way(connection) if matter.body.inside]
    entered = {visit.place for _, visit in visits}
    newest = {matter.body.place: matter for matter in inside.room_checks(connection, now - DAY)}
    waiting = {
        place: matter
        for place, matter in sorted(newest.items())
        if matter.body.goes and now <= matter.body.valid_until and place not in entered
    }
    if not visits and not waiting:
        return []
    spots = around().spots
    rooms = rooms_of(connection, [spots[one] for one in sorted(entered | waiting.keys()) if one in spots], around())
    found: list[Watched] = []
    visit: Visit
    for matter, visit in visits:
        if visit.place in rooms:
            room = rooms[visit.place]
            found.append(Watched(room, matter.id, matter.number, matter.kind, "entry", matter.opened_at, visit.escort))
    for place, matter in waiting.items():
        if place in rooms:
            check: RoomCheck = matter.body
            room = rooms[place]
            found.append(Watched(room, matter.id, matter.number, ROOM_CHECK, "before", check.at, check.by))
    return found


def exposures(connection: Connection, scheme: Scheme, now: Instant, around: Callable[[], World]) -> list[Verdict]:
    """Findings about carriers lying in the open where somebody is, or is about to be; those open already are told."""
    silent = _seconds(scheme, "reader_silent_after_seconds")
    listened = _seconds(scheme, "room_listened_seconds")
    verdicts: list[Verdict] = []
    for one in watched(connection, around, now):
        told, settled = _told(connection, one.matter)
        cases = _kept(carrier_cases(connection, in_the_open(connection, one.room) - told, around()))
        coverage = one.room.coverage(now, silent, listened)
        for carrier, case in sorted(cases.items()):
            where = where_is(one.room, case, False, now, silent)
            found = exposed(ExposedCase(one, case, where, coverage, settled.get(carrier)), now)
            verdicts += [found] if found is not None else []
    return verdicts


def exposures_over(
    connection: Connection, known: Iterable[Opened], scheme: Scheme, now: Instant, around: Callable[[], World]
) -> dict[str, Ending]:
    """By number, of these open findings those that are over."""
    asked = [one for one in known if one.kind == KIND]
    if not asked:
        return {}
    rooms = {one.matter: one for one in watched(connection, around, now)}
    cases = carrier_cases(connection, [one.carrier for one in asked if one.carrier is not None], around())
    silent = _seconds(scheme, "reader_silent_after_seconds")
    found: dict[str, Ending] = {}
    for one in asked:
        room, case = rooms.get(one.matter or 0), cases.get(one.carrier or 0)
        where = where_is(room.room, case, False, now, silent) if room is not None and case is not None else None
        ending = exposed_ended(room, where)
        if ending is not None:
            found[one.number] = ending
    return found


def heard_in_the_open(
    connection: Connection, directory: Directory, scheme: Scheme, place: int, now: Instant
) -> Sequence[int]:
    """Carriers heard in the open in a place now: what stops an entry at the door."""
    found = check_room(connection, directory, scheme, place, now)
    return () if found is None else found.heard


def _told(connection: Connection, matter: int) -> tuple[set[int], dict[int, Instant]]:
    """Carriers of which an open finding tells already, and those of which a person settled one, with when."""
    c = FINDING.c
    told: set[int] = set()
    settled: dict[int, Instant] = {}
    for row in connection.execute(
        select(c.carrier, c.open, c.state, c.closed_at).where(c.matter == matter, c.kind == KIND).order_by(c.opened_at)
    ):
        if row.open:
            told.add(row.carrier)
        elif row.state == "settled":
            settled[row.carrier] = row.closed_at
    return told, settled
