"""Sightings acknowledged on disk, against the bare database: the same rows into the same table and indexes.

The peer for SQLite is `executemany` in one transaction a batch (WAL, FULL), for PostgreSQL `COPY`. Ours parses
the posted bytes (packed, as the daemon sends them), checks every cell, takes each sighting once, keeps coverage, and
says what is acknowledged.
"""

import random
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, text

from bench.databases import ENGINES
from bench.harness import Figure, compare, wall_seconds
from custody.database import Database
from readers.columns import columns_of
from readers.packing import pack_sightings
from readers.sighting import Sighting
from readers.spool import Packed, Parcel
from readers.uplink import delivery_of
from reconcile.delivery import parse_delivery
from reconcile.intake import SightingRecord
from reconcile.store.devices import create_device
from reconcile.store.intake import take

BATCHES = 40
ROWS = 1_000
ROUNDS = 5
BEGUN = 1_760_000_000_000_000
COLUMNS = (
    "source",
    "sequence",
    "epc",
    "tid",
    "reader",
    "antenna",
    "first_at",
    "last_at",
    "count",
    "strongest_dbm",
    "mean_dbm",
    "received_at",
)
Row = tuple[object, ...]


def _records(boot: int) -> list[list[SightingRecord]]:
    rng = random.Random(boot)
    epcs = [f"3414F4A2{rng.getrandbits(64):016X}" for _ in range(5_000)]
    batches = []
    for number in range(BATCHES):
        batch = []
        for i in range(ROWS):
            at = BEGUN + (number * ROWS + i) * 1_000
            sequence = number * ROWS + i + 1
            batch.append(
                SightingRecord(
                    sequence, rng.choice(epcs), None, "cabinet", 1 + i % 4, at, at + 900_000, 5, -52.0, -54.25, at
                )
            )
        batches.append(batch)
    return batches


def _posted(boot: str, records: Sequence[SightingRecord]) -> bytes:
    """As the daemon sends it: packed."""
    sightings = [
        Sighting(r.epc, r.reader, r.antenna, r.first_at, r.last_at, r.reads, r.strongest_dbm, r.mean_dbm, r.received_at)
        for r in records
    ]
    packed = Packed(records[0].sequence, len(records), pack_sightings(columns_of(sightings)))
    return delivery_of("bench", Parcel(boot, (), (), (packed,)), packed=True)[1]


def _bare(database: Database, batches: Sequence[Sequence[Row]]) -> None:
    names, marks = ", ".join(COLUMNS), ", ".join("?" * len(COLUMNS))
    for batch in batches:
        with database.writing() as connection:
            cursor = _cursor(connection)
            if database.dialect == "sqlite":
                cursor.executemany(f"INSERT INTO sighting ({names}) VALUES ({marks})", batch)
            else:
                with cursor.copy(f"COPY sighting ({names}) FROM STDIN") as copy:
                    for row in batch:
                        copy.write_row(row)


def _cursor(connection: Connection) -> Any:
    """The driver's own: the two differ in what they offer."""
    return connection.connection.cursor()


def _figure(database: Database, engine: str) -> Figure:
    with database.writing() as connection:
        create_device(connection, "bench", "0" * 64, BEGUN)
    posted = iter([[_posted(f"{boot:032x}", rows) for rows in _records(boot)] for boot in range(1, ROUNDS + 1)])
    bare = iter(
        [
            [[(source, *record[:10], BEGUN) for record in rows] for rows in _records(source)]
            for source in range(1_001, 1_002 + ROUNDS)
        ]
    )

    def ours() -> None:
        for raw in next(posted):
            batch = parse_delivery(raw)
            with database.writing() as connection:
                take(connection, "bench", batch, BEGUN)

    def emptied() -> None:
        # An index that has grown takes longer: each begins with none.
        with database.writing() as connection:
            connection.execute(text("DELETE FROM sighting" if engine == "SQLite" else "TRUNCATE sighting"))

    return compare(
        f"sightings acknowledged on disk, {engine}",
        ours=ours,
        peer=lambda: _bare(database, next(bare)),
        units=BATCHES * ROWS,
        unit="rows/s",
        peer_name="bare executemany, FULL" if engine == "SQLite" else "bare COPY",
        reach=0.6,
        measure=wall_seconds,
        rounds=ROUNDS,
        before=emptied,
    )


def figures() -> Iterator[Figure]:
    """One line an engine."""
    for engine, opened in ENGINES.items():
        with opened() as database:
            yield _figure(database, engine)
