"""Intervals of listening, and the places they cover."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from custody.database import Database
from custody.store.schema import PLACE
from reconcile.coverage import Interval, clipped, common, covers, gaps, merged
from reconcile.store.coverage import covered, is_covered, listened_through, listening, place_coverage
from reconcile.store.intake import take
from reconcile.store.readers import upsert_antenna, upsert_reader
from tests.builders import SHELF, SHELF_2, Archive
from tests.reconcile.presence.scenes import at, batch, coverage, numbered

_SPANS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 10)).map(lambda s: (s[0], s[0] + s[1])), max_size=8)


def points(intervals: Sequence[tuple[int, int]]) -> set[int]:
    """The whole numbers within the intervals."""
    return {point for since, through in intervals for point in range(since, through + 1)}


@given(_SPANS)
def test_merged_is_the_union(spans: list[tuple[int, int]]) -> None:
    assert points(merged(spans, touching=0)) == points(spans)
    assert all(b.since_at - a.through_at > 1 for a, b in zip(merged(spans, 1), merged(spans, 1)[1:], strict=False))
    assert merged(merged(spans, 3), 3) == merged(spans, 3)


@given(_SPANS, _SPANS, _SPANS)
def test_common_is_the_intersection(
    a: list[tuple[int, int]], b: list[tuple[int, int]], c: list[tuple[int, int]]
) -> None:
    scaled = [[(since * 10**8, through * 10**8) for since, through in spans] for spans in (a, b, c)]
    both = {(i.since_at // 10**8, i.through_at // 10**8) for i in common(scaled)}
    assert points(list(both)) == points(a) & points(b) & points(c)


@given(_SPANS, st.integers(0, 60), st.integers(0, 60))
def test_gaps_are_what_is_left(spans: list[tuple[int, int]], one: int, other: int) -> None:
    since, until = sorted((one, other))
    scaled = [(a * 10**8, b * 10**8) for a, b in spans]
    left = gaps(scaled, since * 10**8, until * 10**8)
    listened = sum(b - a for a, b in clipped(merged(scaled), since * 10**8, until * 10**8))
    assert sum(b - a for a, b in left) + listened == (until - since) * 10**8


def test_without_antennas_nothing_is_covered() -> None:
    assert common([]) == []
    assert not covers([], 0, 1)
    assert covers([(0, 5), (5, 9)], 1, 8)


@pytest.fixture
def site(archive: Archive, database: Database) -> Database:
    """A shelf with two antennas of two readers, and another with one."""
    with database.writing() as connection:
        for name in ("left", "right", "other"):
            upsert_reader(connection, name, at(0), title_zh=name, title_en="")
        upsert_antenna(connection, "left", 1, SHELF)
        upsert_antenna(connection, "right", 1, SHELF)
        upsert_antenna(connection, "other", 1, SHELF_2)
    return database


def listened(database: Database, *intervals: tuple[str, float, float]) -> None:
    """Antenna 1 of the readers listened so."""
    records = numbered([coverage(1, since, through, reader=name) for name, since, through in intervals])
    with database.writing() as connection:
        take(connection, "edge-1", batch(records), at(1000))


def shown(database: Database, now: float) -> dict[int, tuple[float, float, int]]:
    """Place to (since, through, antennas), in seconds."""
    with database.reading() as connection:
        rows = connection.execute(place_coverage(at(now))).all()
    return {r.place: ((r.since_at - at(0)) / 1e6, (r.through_at - at(0)) / 1e6, r.antennas) for r in rows}


@pytest.mark.parametrize(
    ("what", "intervals", "expected"),
    [
        ("both antennas", [("left", 0, 90), ("right", 10, 80)], (10, 80, 2)),
        ("one never listened", [("left", 0, 90)], None),
        ("one began anew", [("left", 0, 90), ("right", 0, 40), ("right", 50, 90)], (50, 90, 2)),
        ("one ended before the other began", [("left", 50, 90), ("right", 0, 40)], None),
        ("one is ahead of the clock", [("left", 0, 400), ("right", 0, 300)], (0, 100, 2)),
        ("both are wholly ahead of the clock", [("left", 200, 400), ("right", 200, 300)], None),
    ],
)
def test_a_place_is_covered_while_all_its_antennas_listen(
    site: Database, what: str, intervals: list[tuple[str, float, float]], expected: tuple[float, float, int] | None
) -> None:
    listened(site, *intervals)
    assert shown(site, 100).get(SHELF) == expected, what


def test_an_antenna_of_a_reader_taken_out_of_use_does_not_count(site: Database) -> None:
    listened(site, ("left", 0, 90))
    with site.writing() as connection:
        upsert_reader(connection, "right", at(50), title_zh="right", title_en="", enabled=False)
    assert shown(site, 100) == {SHELF: (0, 90, 1)}
    with site.reading() as connection:
        assert listened_through(connection) == {SHELF: at(90), SHELF_2: 0}


def test_the_query_joins(site: Database) -> None:
    listened(site, ("other", 0, 90))
    cover = place_coverage(at(100)).subquery()
    with site.reading() as connection:
        wanted = select(PLACE.c.code, func.count()).join(cover, cover.c.place == PLACE.c.id).group_by(PLACE.c.code)
        assert [tuple(row) for row in connection.execute(wanted)] == [("B1-01-2", 1)]


def test_listening_shows_intervals_and_gaps_of_the_last_hours(site: Database) -> None:
    listened(site, ("left", 0, 1000), ("left", 2000, 3000), ("right", 500, 2500))
    with site.reading() as connection:
        left, right = listening(connection, SHELF, at(3600), hours=1)
        assert (left.reader, left.intervals) == ("left", (Interval(at(0), at(1000)), Interval(at(2000), at(3000))))
        assert left.gaps == (Interval(at(1000), at(2000)), Interval(at(3000), at(3600)))
        assert right.gaps == (Interval(at(0), at(500)), Interval(at(2500), at(3600)))
        # The place is covered where both listened.
        assert covered(connection, SHELF, at(0), at(3600)) == [
            Interval(at(500), at(1000)),
            Interval(at(2000), at(2500)),
        ]
        assert is_covered(connection, SHELF, at(600), at(900))
        assert not is_covered(connection, SHELF, at(600), at(2100))
        assert not is_covered(connection, SHELF_2, at(600), at(900))
