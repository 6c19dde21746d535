"""However a handheld's reads come, twice, in pieces, in any order or cut off: each is here once, and no coverage."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from custody.values import SECOND
from readers.handheld import Read
from reconcile import handhelds
from reconcile.store.core import COVERAGE, HANDHELD_READ, HANDHELD_UPLOAD, SIGHTING
from reconcile.store.handhelds import Taken, Upload
from tests.builders import NOW, Archive, epc_of

SEED = 20261123


def read(nth: int, row: int) -> Read:
    """The nth read of a sweep, in some row of some export."""
    at = NOW - 3_600 * SECOND + nth * 700_000
    return Read(row, epc_of(nth % 17), None, at, at, at, -60.0, nth % 2 + 1, 1)


def take(archive: Archive, reads: Sequence[Read], key: str, device: str = "H1") -> Taken:
    """An export of these reads."""
    with archive.books.database.writing() as connection:
        upload = Upload(device, "file", key, "sweep.csv", 4, len(reads), 0)
        return handhelds.take(connection, upload, reads, NOW, archive.scheme.timezone)


def heard(archive: Archive) -> tuple[int, int, int]:
    """New reads that are kept; reads in the sightings; intervals of coverage."""
    with archive.books.database.reading() as connection:
        kept = connection.scalar(select(func.count()).select_from(HANDHELD_READ).where(HANDHELD_READ.c.new))
        counted = connection.scalar(select(func.coalesce(func.sum(SIGHTING.c.count), 0)))
        covered = connection.scalar(select(func.count()).select_from(COVERAGE))
    return kept or 0, int(counted or 0), covered or 0


def test_exports_that_overlap_repeat_and_come_in_any_order_are_each_read_once(archive: Archive) -> None:
    rng = random.Random(SEED)
    exports: list[list[int]] = []
    for _ in range(12):
        begins = rng.randrange(150)
        exports.append(list(range(begins, begins + rng.randint(1, 60))))
    sent = exports + rng.sample(exports, 5)
    rng.shuffle(sent)
    for nth, export in enumerate(sent):
        rows = rng.sample(export, len(export)) + rng.choices(export, k=3)
        take(archive, [read(one, row) for row, one in enumerate(rows, start=2)], f"{nth:064x}")
    unique = len({one for export in exports for one in export})
    assert heard(archive) == (unique, unique, 0)


def test_an_upload_that_is_cut_off_has_never_been(sqlite_archive: Archive) -> None:
    reads = [read(nth, nth + 1) for nth in range(40)]

    def cut_off() -> None:
        with sqlite_archive.books.database.writing() as connection:
            upload = Upload("H1", "file", "a" * 64, "sweep.csv", 4, 40, 0)
            handhelds.take(connection, upload, reads, NOW, sqlite_archive.scheme.timezone)
            raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        cut_off()
    assert heard(sqlite_archive) == (0, 0, 0)
    assert take(sqlite_archive, reads, "a" * 64).new == 40
    assert heard(sqlite_archive) == (40, 40, 0)


def test_the_same_reads_of_two_handhelds_are_two_handhelds_reads(sqlite_archive: Archive) -> None:
    reads = [read(nth, nth + 1) for nth in range(5)]
    for device, key in (("H1", "a" * 64), ("H2", "b" * 64), ("H2", "c" * 64)):
        take(sqlite_archive, reads, key, device)
    assert heard(sqlite_archive)[:2] == (10, 10)


def test_a_read_that_a_folded_row_counts_many_times_keeps_its_count_and_both_ends(sqlite_archive: Archive) -> None:
    """Given an export of one row a tag, first and last time and how often, then no sighting spans it all."""
    long = replace(read(0, 2), last_at=read(0, 2).at + 120 * SECOND, count=286)
    take(sqlite_archive, [long], "a" * 64)
    with sqlite_archive.books.database.reading() as connection:
        rows = connection.execute(
            select(SIGHTING.c.first_at, SIGHTING.c.last_at, SIGHTING.c["count"]).order_by(SIGHTING.c.first_at)
        ).all()
        upload = connection.execute(select(HANDHELD_UPLOAD)).one()
    assert [tuple(row) for row in rows] == [(long.at, long.at, 285), (long.last_at, long.last_at, 1)]
    assert (upload.first_at, upload.last_at) == (long.at, long.last_at)
