"""Rooms before and during an entry: what the books have there, what the antennas heard there, who is inside.

Selected here, judged by `reconcile.checks.rooms`.
"""

from collections.abc import Callable, Collection, Iterable, Sequence

from sqlalchemy import and_, func, select

from custody.matters.entry import ROOM_CHECK, RoomCheck, Visit
from custody.register import Directory
from custody.scheme import Scheme
from custody.store import inside
from custody.store.schema import CARRIER, PLACE, TAG, chunks
from custody.values import DAY, SECOND, Instant
from reconcile.checks.cases import KEPT, CarrierCase, Ending, Spot, Verdict
from reconcile.checks.endings import Opened
from reconcile.checks.rooms import (
    KIND,
    Antenna,
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


def room_of(connection: Connection, place: Spot, around: World) -> Room:
    """A place as it is listened to."""
    heard = latest_coverage().join(PLACE, PLACE.c.id == ANTENNA.c.place)
    within = func.substr(PLACE.c.path, 1, len(place.path)) == place.path
    rows = connection.execute(heard.where(ANTENNA.c.role == "place", READER.c.enabled, within))
    antennas = tuple(
        Antenna(f"{row.reader}/{row.number}", row.since_at, row.through_at)
        for row in sorted(rows, key=lambda row: (row.reader, row.number))
    )
    stores = tuple(stores_in(place, around.spots.values()))
    return Room(place, stores, antennas, around.covers.get(place.id))


def believed_in(connection: Connection, place: Spot) -> set[int]:
    """Carriers that the radio has somewhere in a place, however certain."""
    spot = PLACE.alias("believed_place")
    query = (
        select(TAG.c.carrier)
        .select_from(TAG.join(PRESENCE, PRESENCE.c.epc == TAG.c.epc).join(spot, spot.c.id == PRESENCE.c.place))
        .where(~TAG.c.retired, func.substr(spot.c.path, 1, len(place.path)) == place.path)
    )
    return set(connection.scalars(query))


def glimpsed_in(connection: Connection, place: Spot, since: Instant) -> set[int]:
    """Carriers that an antenna of the place heard since an instant, wherever they are believed to be."""
    spot = PLACE.alias("antenna_place")
    heard_by = and_(ANTENNA.c.reader == SIGHTING.c.reader, ANTENNA.c.number == SIGHTING.c.antenna)
    query = (
        select(TAG.c.carrier)
        .distinct()
        .select_from(
            SIGHTING.join(ANTENNA, heard_by)
            .join(spot, spot.c.id == ANTENNA.c.place)
            .join(TAG, and_(TAG.c.epc == SIGHTING.c.epc, ~TAG.c.retired))
        )
        .where(
            SIGHTING.c.last_at >= since,
            ANTENNA.c.role == "place",
            func.substr(spot.c.path, 1, len(place.path)) == place.path,
        )
    )
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
    room = room_of(connection, spot, around)
    glimpsed = glimpsed_in(connection, spot, now - 60 * _seconds(scheme, "room_glimpse_minutes"))
    in_hand = in_hand_of(connection, whose(directory, place))
    used = inside.in_use(connection, directory, place)
    every = believed_in(connection, spot) | glimpsed | in_hand | used
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
    found: list[Watched] = []
    entered: set[int] = set()
    for matter in inside.under_way(connection):
        body: Visit = matter.body
        spot = around().spots.get(body.place)
        if spot is not None and body.inside:
            entered.add(body.place)
            room = room_of(connection, spot, around())
            found.append(Watched(room, matter.id, matter.number, matter.kind, "entry", matter.opened_at, body.escort))
    newest = {matter.body.place: matter for matter in inside.room_checks(connection, now - DAY)}
    for place, matter in sorted(newest.items()):
        check: RoomCheck = matter.body
        spot = around().spots.get(place) if check.goes and now <= check.valid_until and place not in entered else None
        if spot is not None:
            room = room_of(connection, spot, around())
            found.append(Watched(room, matter.id, matter.number, ROOM_CHECK, "before", check.at, check.by))
    return found


def exposures(connection: Connection, scheme: Scheme, now: Instant, around: Callable[[], World]) -> list[Verdict]:
    """Findings about carriers lying in the open where somebody is, or is about to be; those open already are told."""
    silent = _seconds(scheme, "reader_silent_after_seconds")
    listened = _seconds(scheme, "room_listened_seconds")
    verdicts: list[Verdict] = []
    for one in watched(connection, around, now):
        told, settled = _told(connection, one.matter)
        cases = _kept(carrier_cases(connection, believed_in(connection, one.room.place) - told, around()))
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
