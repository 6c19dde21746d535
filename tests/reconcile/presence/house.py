"""Two shelves and a gate that are listened to, into which sightings arrive: what the tests of the fold begin with."""

from collections.abc import Iterable
from itertools import count
from typing import Any

from sqlalchemy import select

from custody.database import Database
from custody.values import SECOND
from reconcile.intake import CoverageRecord, SightingRecord
from reconcile.store.core import PRESENCE, STAY
from reconcile.store.intake import take
from reconcile.store.presence import Concluded, Folded, conclusions_of, fold_new
from reconcile.store.readers import upsert_antenna, upsert_reader
from tests.builders import SHELF, SHELF_2, epc_of
from tests.reconcile.presence.scenes import SETTINGS, at, batch, coverage, numbered, sighting

SITE_PLACE, BUILDING, GATE = 1, 2, 10
READERS = ("shelf", "other", "gate")
BOOTS = count(1)
EPC = epc_of(1)


def furnish(database: Database) -> Database:
    """Readers with their antennas."""
    with database.writing() as connection:
        for name in READERS:
            upsert_reader(connection, name, at(0), title_zh=name, title_en=name, device="edge-1")
        upsert_antenna(connection, "shelf", 1, SHELF)
        upsert_antenna(connection, "other", 1, SHELF_2)
        upsert_antenna(connection, "gate", 1, GATE, "inside")
        upsert_antenna(connection, "gate", 2, GATE, "outside")
    return database


def arrive(database: Database, records: Iterable[Any], now: float) -> None:
    """The records arrive as one boot's delivery, at a second of the scene."""
    with database.writing() as connection:
        take(connection, "edge-1", batch(numbered(list(records)), f"{next(BOOTS):032x}"), at(now))


def fold(database: Database, now: float) -> Folded:
    """Fold what has arrived, at a second of the scene."""
    return fold_new(database, SETTINGS, at(now))


def lying(
    reader: str, since: int, until: int, epc: str = EPC, antenna: int = 1, dbm: float = -55.0
) -> list[SightingRecord]:
    """A tag lying still: a sighting each ten seconds."""
    return [
        sighting(
            1, epc=epc, reader=reader, antenna=antenna, first=start, last=min(start + 10, until), reads=20, dbm=dbm
        )
        for start in range(since, until, 10)
    ]


def listening(since: float, through: float, *readers: str) -> list[CoverageRecord]:
    """Antenna 1 of these readers listened."""
    return [coverage(1, since, through, reader=reader) for reader in readers]


def presence(database: Database, epc: str = EPC) -> Any:
    """The tag's row."""
    with database.reading() as connection:
        return connection.execute(select(PRESENCE).where(PRESENCE.c.epc == epc)).one()


def stays(database: Database, epc: str = EPC) -> list[tuple[Any, ...]]:
    """Place, from, to (seconds), reads and direction of the tag's stays, in order."""
    with database.reading() as connection:
        rows = connection.execute(select(STAY).where(STAY.c.epc == epc).order_by(STAY.c.since_at, STAY.c.id)).all()
    return [(r.place, (r.since_at - at(0)) / SECOND, (r.until_at - at(0)) / SECOND, r.reads, r.direction) for r in rows]


def concluded(database: Database, epc: str = EPC) -> list[Concluded]:
    """What was concluded of the tag, in the order in which it was."""
    with database.reading() as connection:
        return sorted(conclusions_of(connection, [epc]), key=lambda one: one.id)
