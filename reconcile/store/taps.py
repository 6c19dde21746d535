"""Taps: cards and labels held to the reader of a desk, in the order in which they arrived there.

A tap is a sighting by an antenna of role `desk`, kept once more, because a desk asks for what came after the last
one that it took. It is evidence that something was in a hand at the desk at that moment: neither that it lies there
nor that it is missing elsewhere, so it moves no presence.

Of one reader the identifiers follow the order of commits (its row is locked while they are given): a desk that has
taken everything up to one misses none.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import IntegrityError

from custody.store.schema import PLACE
from custody.values import SECOND, Instant
from reconcile.intake import SightingRecord
from reconcile.store.core import ANTENNA, BADGE_USE, READER, READER_SETUP, TAP

DESK = "desk"
"""The role of an antenna that hears what is held to it on a desk."""
CARD_DIGITS_MAX = 20
"""Hexadecimal digits of the longest number of a card (ISO 14443: 10 bytes); an EPC has more."""
TAKEN_MAX = 500
"""So many taps are taken at once; the rest at the next asking."""


class TapUsed(Exception):
    """A tap confirms one act; the caller's transaction must be given up."""


@dataclass(frozen=True, slots=True)
class Tap:
    """Something was held to a reader. `at`: by the daemon's clock; `received_at`: by the server's."""

    id: int
    reader: str
    uid: str
    at: Instant
    received_at: Instant

    @property
    def when(self) -> Instant:
        """The earlier of both: a clock that goes ahead makes no tap younger."""
        return min(self.at, self.received_at)


@dataclass(frozen=True, slots=True)
class DeskReader:
    """A reader with an antenna on a desk; `place`: where the desk stands."""

    name: str
    title_zh: str
    title_en: str
    place: int
    state: str
    through_at: Instant | None


@dataclass(frozen=True, slots=True)
class BadgeUse:
    """Which tap confirmed who signed an act."""

    person: int
    reader: str
    tapped_at: Instant


def desk_readers(connection: Connection) -> list[DeskReader]:
    """The readers that stand on desks, by name; those that are not enabled are left out."""
    rows = connection.execute(
        select(
            READER.c.name,
            READER.c.title_zh,
            READER.c.title_en,
            func.min(ANTENNA.c.place).label("place"),
            READER.c.state,
            READER.c.through_at,
        )
        .select_from(READER.join(ANTENNA, ANTENNA.c.reader == READER.c.name).join(PLACE, PLACE.c.id == ANTENNA.c.place))
        .where(ANTENNA.c.role == DESK, READER.c.enabled)
        .group_by(READER.c.name, READER.c.title_zh, READER.c.title_en, READER.c.state, READER.c.through_at)
        .order_by(READER.c.name)
    )
    return [DeskReader(*row) for row in rows]


def desk_antennas(connection: Connection, readers: Collection[str], device: str) -> frozenset[tuple[str, int]]:
    """Which antennas of these readers stand on desks, as far as the device may speak for them.

    Where it is configured which device a reader is served by, no other device makes taps there: they confirm persons.
    """
    if not readers:
        return frozenset()
    served = READER_SETUP.c.device
    rows = connection.execute(
        select(ANTENNA.c.reader, ANTENNA.c.number)
        .join(READER, READER.c.name == ANTENNA.c.reader)
        .outerjoin(READER_SETUP, READER_SETUP.c.reader == ANTENNA.c.reader)
        .where(ANTENNA.c.role == DESK, READER.c.enabled, ANTENNA.c.reader.in_(readers))
        .where(served.is_(None) | (served == "") | (served == device))
    )
    return frozenset((row.reader, row.number) for row in rows)


def take_taps(connection: Connection, sightings: Iterable[SightingRecord], received_at: Instant) -> None:
    """Keep these sightings as taps, in order of time. The rows of their readers must be locked."""
    rows = [
        {"reader": one.reader, "antenna": one.antenna, "uid": one.epc, "at": one.first_at, "received_at": received_at}
        for one in sorted(sightings, key=lambda one: (one.first_at, one.sequence))
    ]
    if rows:
        connection.execute(insert(TAP), rows)


def last_tap(connection: Connection, reader: str) -> int:
    """The last tap that a reader told of; 0 before the first."""
    return int(
        connection.execute(select(func.coalesce(func.max(TAP.c.id), 0)).where(TAP.c.reader == reader)).scalar_one()
    )


def newest_tap(connection: Connection) -> int:
    """The last tap anywhere: it moves when somebody somewhere tapped."""
    return int(connection.execute(select(func.coalesce(func.max(TAP.c.id), 0))).scalar_one())


_COLUMNS = (TAP.c.id, TAP.c.reader, TAP.c.uid, TAP.c.at, TAP.c.received_at)


def taps_after(connection: Connection, reader: str, after: int, limit: int = TAKEN_MAX) -> list[Tap]:
    """What was held to a reader after a tap, in order, so many at most."""
    wanted = select(*_COLUMNS).where(TAP.c.reader == reader, TAP.c.id > after).order_by(TAP.c.id).limit(limit)
    return [Tap(*row) for row in connection.execute(wanted)]


def unused_tap(connection: Connection, reader: str, uids: Collection[str]) -> Tap | None:
    """The newest tap of these cards at a reader, if it confirmed nothing yet; those before it confirm nothing."""
    found = []
    for uid in sorted(uids):
        wanted = select(*_COLUMNS).where(TAP.c.uid == uid, TAP.c.reader == reader)
        row = connection.execute(wanted.order_by(TAP.c.id.desc()).limit(1)).first()
        if row is not None:
            found.append(Tap(*row))
    newest = max(found, key=lambda tap: tap.id, default=None)
    if newest is None or connection.execute(select(BADGE_USE.c.id).where(BADGE_USE.c.tap == newest.id)).first():
        return None
    return newest


def strange_taps(connection: Connection, since: Instant, known: Collection[str], limit: int = 20) -> list[Tap]:
    """What was held to any desk since an instant and is not among the known, each card once, newest first."""
    wanted = select(*_COLUMNS).where(TAP.c.received_at >= since).order_by(TAP.c.id.desc()).limit(TAKEN_MAX)
    found: dict[str, Tap] = {}
    for row in connection.execute(wanted):
        if row.uid not in known and row.uid not in found:
            found[row.uid] = Tap(*row)
    return list(found.values())[:limit]


def use_tap(connection: Connection, tap: Tap, person: int, act: str, at: Instant) -> None:
    """The tap confirmed who signed this act, and confirms nothing more. Raises TapUsed where it did before."""
    row = {"tap": tap.id, "uid": tap.uid, "person": person, "reader": tap.reader, "tapped_at": tap.when}
    try:
        connection.execute(insert(BADGE_USE).values(**row, at=at, act=act))
    except IntegrityError as error:
        raise TapUsed(f"tap {tap.id} confirmed another act already") from error


def badge_uses(connection: Connection, act: str) -> Mapping[int, BadgeUse]:
    """By person, the tap that confirmed who signed an act."""
    wanted = select(BADGE_USE.c.person, BADGE_USE.c.reader, BADGE_USE.c.tapped_at).where(BADGE_USE.c.act == act)
    return {row.person: BadgeUse(row.person, row.reader, row.tapped_at) for row in connection.execute(wanted)}


def young_enough(tap: Tap, now: Instant, seconds: int) -> bool:
    """Whether a tap confirms now: it is not older than so many seconds."""
    return now - tap.when <= seconds * SECOND
