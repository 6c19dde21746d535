"""What antennas heard, in figures: each sighting once, whatever order it is folded in, and nothing kept for ever."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.web.readers import CHART_HEIGHT, bars_of
from custody.database import Database
from custody.values import DAY, SECOND
from reconcile.intake import LossRecord
from reconcile.presence import settings_from
from reconcile.store.health import happened, in_view, lost
from reconcile.store.intake import take
from reconcile.store.minutes import BAR, HOUR, MINUTE, Spread, figures, prune_minutes, spread_of
from reconcile.store.presence import fold_new
from reconcile.store.readers import upsert_antenna, upsert_reader
from tests.builders import SCHEME, SHELF, Archive, epc_of
from tests.reconcile.presence.scenes import Record, at, batch, report, sighting


@pytest.fixture
def site(sqlite_archive: Archive) -> Database:
    """A shelf with a reader."""
    with sqlite_archive.books.database.writing() as connection:
        upsert_reader(connection, "shelf", at(0), title_zh="一号柜", title_en="")
        upsert_antenna(connection, "shelf", 1, SHELF)
    return sqlite_archive.books.database


def arrive(database: Database, *records: Record, now: float) -> None:
    """What a daemon posts, folded."""
    with database.writing() as connection:
        take(connection, "edge-1", batch(records), at(now))
    fold_new(database, settings_from(SCHEME), at(now))


def test_each_sighting_counts_once_in_the_minute_of_its_event(site: Database) -> None:
    start = (MINUTE - at(0) % MINUTE) / SECOND  # the next whole minute
    now = start + 3_600
    early = [sighting(n + 1, first=start + 10 * n, last=start + 10 * n + 9, reads=10, dbm=-50 - n) for n in range(12)]
    last = [sighting(20 + n, antenna=2, first=now - 50, last=now - 45 + n, reads=30, dbm=-70) for n in range(3)]
    # In two deliveries, the later event first; and the same again.
    arrive(site, *last, now=now)
    arrive(site, *early, *last, now=now)
    with site.reading() as connection:
        found = figures(connection, "shelf", at(now))
    # Of the early ones, the first whole minute is an hour old.
    assert (found.minute, found.sightings) == (90 / 60, 3 + 6)
    assert found.day == pytest.approx((90 + 120) / 86_400)
    assert sum(reads for _, reads in found.bars) == 210
    assert found.spreads[2] == Spread(-70, -70, -70)
    assert found.spreads[1].low >= -61
    bars = bars_of(found, at(now))
    assert max(bar.height for bar in bars) == CHART_HEIGHT
    assert all(0 <= bar.x <= 480 and bar.y + bar.height == CHART_HEIGHT for bar in bars)


def test_what_a_wrong_clock_says_and_what_is_old_is_not_kept(site: Database) -> None:
    arrive(site, sighting(1, first=DAY / SECOND, last=DAY / SECOND + 1), sighting(2, first=0, last=1), now=10)
    with site.writing() as connection:
        assert sum(reads for _, reads in figures(connection, "shelf", at(10)).bars) == 5
        assert prune_minutes(connection, at(10) + 9 * DAY) == 1
        assert figures(connection, "shelf", at(10)).bars == ()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-90, -20), min_size=1, max_size=200))
def test_the_spread_is_the_percentiles_of_the_list(levels: list[int]) -> None:
    ordered = sorted(levels)
    wanted = [ordered[-(-len(levels) * part // 100) - 1] for part in (5, 50, 95)]
    assert spread_of(Counter(levels)) == Spread(*wanted)
    assert spread_of({}) is None


def test_events_are_paged_and_losses_are_those_of_the_device(site: Database) -> None:
    told = [report(n + 1, "listening" if n % 2 else "silent", n // 2) for n in range(45)]
    arrive(site, *told, LossRecord(50, at(0), at(20), 7), now=100)
    with site.writing() as connection:
        take(connection, "edge-2", batch([LossRecord(1, at(0), at(20), 9)], daemon="edge-2"), at(100))
        pages, before = [], ""
        while True:
            page = happened(connection, "shelf", before)
            pages.append(page.items)
            if page.older is None:
                break
            before = page.older
        assert [len(page) for page in pages] == [20, 20, 5]
        ids = [one.id for page in pages for one in page]
        assert len(set(ids)) == 45
        times = [one.at for page in pages for one in page]
        assert times == sorted(times, reverse=True)
        assert happened(connection, "shelf", "nonsense").items == pages[0]
        (loss,) = lost(connection, "edge-1")
        assert '"records": 7' in loss.detail


def test_tags_in_view_are_counted_once(site: Database) -> None:
    heard = [sighting(n + 1, epc=epc_of(n % 3), first=n, last=n + 1) for n in range(9)]
    arrive(site, *heard, sighting(20, epc=epc_of(9), antenna=2, first=-200, last=-100), now=30)
    with site.reading() as connection:
        assert in_view(connection, "shelf", at(30)) == {1: 3}
    assert HOUR % BAR == 0
