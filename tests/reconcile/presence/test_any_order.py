"""In whatever order and pieces the same sightings arrive, the same is believed in the end."""

import random
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from custody.database import Database
from reconcile.intake import SightingRecord
from tests.builders import Archive, epc_of
from tests.prove.record import WHOLE
from tests.reconcile.presence.house import arrive, fold, furnish, listening, presence, stays
from tests.reconcile.presence.scenes import sighting

EPCS = count(1_000)
END = 600
PLACES = ("shelf", "shelf", "other")
MANY = settings(
    max_examples=400 if WHOLE else 4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def site(sqlite_archive: Archive) -> Database:
    """The house, listened to from before the beginning to the end."""
    database = furnish(sqlite_archive.books.database)
    arrive(database, listening(-600, END + 60, "shelf", "other", "gate"), 0)
    return database


def story(seed: int) -> list[SightingRecord]:
    """A tag that lies on two shelves in turn, is heard from the one on the other, is silent for a while, goes out."""
    rng = random.Random(seed)
    found: list[SightingRecord] = []
    at, where = 0.0, "shelf"
    while at < END - 60:
        stays_for = rng.choice((20, 50, 130))
        until = min(END - 60, at + stays_for)
        while at < until:
            end = at + rng.uniform(6, 10)
            found.append(_heard(where, 1, at, end, rng.randint(8, 20), -52.0 - rng.random() * 5))
            if rng.random() < 0.3:
                beside = "other" if where == "shelf" else "shelf"
                found.append(_heard(beside, 1, at + 1, end - 1, rng.randint(1, 4), -66.0 - rng.random() * 5))
            at = end + 0.01
        if rng.random() < 0.3:
            at += rng.choice((15, 60))
        where = rng.choice(PLACES)
    if rng.random() < 0.5:
        found += [_heard("gate", 1, at + 5, at + 6, 4, -55.0), _heard("gate", 2, at + 7, at + 8, 4, -55.0)]
    return found


def _heard(reader: str, antenna: int, first: float, last: float, reads: int, dbm: float) -> SightingRecord:
    return sighting(1, reader=reader, antenna=antenna, first=first, last=last, reads=reads, dbm=dbm)


def pieces(records: list[SightingRecord], rng: random.Random) -> list[list[SightingRecord]]:
    """The records in some order, in some pieces: mostly by time, with reports of one reader held back for minutes."""
    held = rng.choice(("shelf", "other", "gate", ""))
    order = sorted(
        records, key=lambda r: r.last_at + rng.uniform(0, 12e6) + (rng.uniform(0, 400e6) if r.reader == held else 0)
    )
    if rng.random() < 0.2:
        rng.shuffle(order)
    found: list[list[SightingRecord]] = []
    while order:
        size = rng.randint(1, 12)
        found.append(order[:size])
        order = order[size:]
    return found


def end_of(database: Database, epc: str) -> tuple[Any, ...]:
    """All that is told of a tag."""
    row = presence(database, epc)
    told = [getattr(row, name) for name in ("place", "strength", "since_at", "here_at", "heard_at", "reads")]
    return told, stays(database, epc)


@MANY
@given(st.integers(0, 1_000_000))
def test_any_order_and_any_pieces_end_the_same(site: Database, seed: int) -> None:
    rng = random.Random(seed)
    records = story(seed)
    whole, piecemeal = epc_of(next(EPCS)), epc_of(next(EPCS))
    # Given the whole story at once, in its order
    arrive(site, [one._replace(epc=whole) for one in sorted(records, key=lambda r: r.last_at)], END)
    # and the same story late, in pieces, folded after each
    now = 0.0
    for piece in pieces(records, rng):
        now = max(now, *(_second(one) for one in piece)) + 0.5
        arrive(site, [one._replace(epc=piecemeal) for one in piece], now)
        fold(site, now)
    # when all is there and quiet,
    for _ in range(3):
        fold(site, END + 60)
    # then the same is believed, and the same has been.
    assert end_of(site, piecemeal) == end_of(site, whole)


def _second(one: SightingRecord) -> float:
    from tests.reconcile.presence.scenes import T0

    return (one.last_at - T0) / 1e6
