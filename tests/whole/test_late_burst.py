"""After a long cut everything comes late and in a burst: nothing is concluded from coverage that presence has not seen.

What the watch folds and what it asks are two steps, and deliveries come between them. Coverage counts at once, reads
only when they are folded: a check in between must not take the reads that wait for reads that never were.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select

from custody.database import Database
from custody.values import SECOND
from reconcile.findings import run_checks
from reconcile.intake import CoverageRecord, IntakeBatch, SightingRecord
from reconcile.presence import settings_from
from reconcile.store import intake, readers
from reconcile.store.core import PRESENCE
from reconcile.store.presence import fold_new, folding
from tests.builders import SCHEME, SHELF, Archive, Ticking, an_archive, books_on, epc_of

BOOT = "0123456789abcdef" * 2
MISSING_AFTER_SECONDS = SCHEME.number("missing_after_seconds")


@dataclass
class Edge:
    """A daemon with one reader at the shelf, whose deliveries come when they come."""

    database: Database
    clock: Ticking
    epc: str
    sequence: "count[int]" = field(default_factory=lambda: count(1))

    def deliver(self, since_seconds: int, until_seconds: int, *, heard: bool = True) -> None:
        """What was listened to and heard in this time, counted from the beginning, in one delivery."""
        start = self.clock.at
        since, until = start + since_seconds * SECOND, start + until_seconds * SECOND
        covered = (CoverageRecord(next(self.sequence), "cabinet", 1, since, until),)
        sightings = [
            SightingRecord(next(self.sequence), self.epc, None, "cabinet", 1, at, at + 9 * SECOND, 20, -50.0, -52.0, at)
            for at in range(since, until, 10 * SECOND)
            if heard
        ]
        with self.database.writing() as connection:
            batch = IntakeBatch("edge-1", BOOT, tuple(sightings), covered)
            intake.take(connection, "edge-1", batch, start + 7_200 * SECOND)

    def fold(self) -> None:
        """The watch's first step."""
        fold_new(self.database, settings_from(SCHEME), self.clock.at + 7_200 * SECOND)

    def strength(self) -> str:
        """How surely the tag is believed where it is."""
        with self.database.reading() as connection:
            found: str = connection.execute(select(PRESENCE.c.strength).where(PRESENCE.c.epc == self.epc)).scalar_one()
        return found

    def missing(self) -> int:
        """The watch's second step; how many carriers it now begins to miss."""
        return len(run_checks(self.database, SCHEME, self.clock.at + 7_200 * SECOND, kinds=("missing",)).opened)


@pytest.fixture
def edge(database: Database) -> Edge:
    """A carrier on its shelf, a reader that hears the shelf."""
    clock = Ticking()
    archive: Archive = an_archive(books_on(database, clock))
    carrier = archive.carrier()
    with database.writing() as connection:
        readers.upsert_reader(connection, "cabinet", clock.at, title_zh="柜", title_en="Cabinet")
        readers.upsert_antenna(connection, "cabinet", 1, SHELF)
    return Edge(database, clock, epc_of(carrier))


def test_coverage_ahead_of_the_fold_makes_nothing_missing(edge: Edge) -> None:
    # Given what was heard in the first minute, folded
    edge.deliver(0, 60)
    edge.fold()
    assert edge.missing() == 0
    # When the rest of a long cut arrives after the fold and before the check
    edge.deliver(60, 60 + 3 * MISSING_AFTER_SECONDS)
    # Then nobody is missed, neither now nor when it is folded
    assert edge.missing() == 0
    edge.fold()
    assert edge.missing() == 0


def test_a_shelf_heard_without_the_carrier_misses_it_all_the_same(edge: Edge) -> None:
    edge.deliver(0, 60)
    edge.deliver(60, 60 + 3 * MISSING_AFTER_SECONDS, heard=False)
    edge.fold()
    assert edge.missing() == 1


@pytest.mark.parametrize("pieces", [1, 2, 7, 30], ids=lambda pieces: f"{pieces} pieces")
def test_in_however_many_pieces_it_comes(edge: Edge, pieces: int) -> None:
    seconds = 4 * MISSING_AFTER_SECONDS // pieces // 10 * 10
    steps: tuple[Callable[[], object], ...] = (edge.missing, edge.fold, edge.missing)
    for piece in range(pieces):
        edge.deliver(piece * seconds, (piece + 1) * seconds)
        # Whichever step the watch was in when it came.
        for step in steps[piece % 3 :]:
            step()
    edge.fold()
    assert edge.missing() == 0
    with edge.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM finding").scalar_one() == 0


def test_what_comes_while_the_fold_is_at_work_weakens_nothing(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a tag that lies confirmed on its shelf
    edge.deliver(0, 60)
    edge.fold()
    assert edge.strength() == "confirmed"
    # When the rest of a long cut arrives after the fold has read what there was, and before it looks who is silent
    fold_batch = folding._fold_batch

    def fold_and_deliver(*arguments: Any) -> bool:
        more = fold_batch(*arguments)
        if not more:
            edge.deliver(60, 60 + 3 * MISSING_AFTER_SECONDS)
        return more

    monkeypatch.setattr(folding, "_fold_batch", fold_and_deliver)
    edge.fold()
    # Then it is as it was, and so it is when the rest is folded
    assert edge.strength() == "confirmed"
    monkeypatch.undo()
    edge.fold()
    assert edge.strength() == "confirmed"
