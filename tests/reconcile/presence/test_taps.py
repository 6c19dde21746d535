"""Taps at a desk: evidence of a moment, kept once; no stay, no absence, no coverage, and no track of people's cards."""

import pytest
from sqlalchemy import event, select

from custody.database import Database
from custody.entries import TagBound
from custody.values import Tag
from reconcile.findings import run_checks
from reconcile.store.core import PRESENCE
from reconcile.store.coverage import covered, place_coverage
from reconcile.store.coverage import listening as listening_at
from reconcile.store.readers import ConfigurationInvalid, upsert_antenna, upsert_reader
from reconcile.store.taps import (
    TapUsed,
    desk_readers,
    last_tap,
    newest_tap,
    strange_taps,
    taps_after,
    unused_tap,
    use_tap,
)
from tests.builders import CLERK, SCHEME, SHELF, Archive, epc_of
from tests.reconcile.presence.scenes import at, coverage, sighting
from tests.reconcile.presence.test_fold import GATE, arrive, fold, listening, lying, presence, stays

CARD, LABEL = "04A2B3C4D5E680", "E00401508A5B6C7D"


@pytest.fixture
def desk(sqlite_archive: Archive) -> Database:
    """A shelf that is listened to, and in the same cabinet a desk with a reader; carrier 1 lies on the shelf."""
    database = sqlite_archive.books.database
    sqlite_archive.carrier()
    with database.writing() as connection:
        for name in ("shelf", "desk"):
            upsert_reader(connection, name, at(0), title_zh=name, title_en=name, device="edge-1")
        upsert_antenna(connection, "shelf", 1, SHELF)
        upsert_antenna(connection, "desk", 1, SHELF, "desk")
    return database


def tap(uid: str, when: float, sequence: int = 1) -> object:
    return sighting(sequence, epc=uid, reader="desk", first=when, last=when, reads=1)


def test_a_carrier_in_a_hand_at_the_desk_stays_where_it_was_last_heard(desk: Database) -> None:
    """Given a carrier on its shelf, when it is held to the desk, then nothing moves, but that it was heard is known."""
    arrive(desk, [*lying("shelf", 0, 60), *listening(0, 60, "shelf")], 60)
    fold(desk, 60)
    before = stays(desk)
    arrive(desk, [tap(epc_of(1), 65)] * 5, 66)
    assert fold(desk, 66).changed_epcs == ()
    row = presence(desk)
    assert (row.place, row.here_at, row.heard_at) == (SHELF, at(60), at(65))
    assert stays(desk) == before
    run = run_checks(desk, SCHEME, at(70), kinds=("misplaced", "unknown_tag", "gone_not_lent", "in_store_on_loan"))
    assert not run


def test_no_track_is_kept_of_people_but_labels_are_heard(desk: Database, sqlite_archive: Archive) -> None:
    sqlite_archive.enter(CLERK, [TagBound(1, Tag(LABEL))], "tag")
    unknown = epc_of(77)
    arrive(desk, [tap(CARD, 1), tap(LABEL, 2), tap(unknown, 3)], 4)
    fold(desk, 4)
    with desk.reading() as connection:
        assert set(connection.execute(select(PRESENCE.c.epc)).scalars()) == {LABEL, unknown}


def test_a_desk_covers_no_place_and_hinders_no_cover(desk: Database) -> None:
    arrive(desk, [coverage(1, 0, 50, reader="shelf")], 50)
    with desk.reading() as connection:
        (row,) = connection.execute(place_coverage(at(50))).all()
        assert (row.place, row.antennas) == (SHELF, 1)
        assert [(i.since_at, i.through_at) for i in covered(connection, SHELF, at(0), at(50))] == [(at(0), at(50))]
        assert [(one.role, one.counts) for one in listening_at(connection, SHELF, at(50))] == [
            ("desk", False),
            ("place", True),
        ]
    with desk.writing() as connection, pytest.raises(ConfigurationInvalid, match="desk of a portal cannot be"):
        upsert_antenna(connection, "desk", 2, GATE, "desk")


def test_taps_come_in_order_once_and_one_confirms_once(desk: Database) -> None:
    arrive(desk, [tap(LABEL, 9), tap(CARD, 8)], 10)
    arrive(desk, [tap(CARD, 20), *lying("shelf", 0, 10)], 21)
    with desk.reading() as connection:
        assert [(one.name, one.place) for one in desk_readers(connection)] == [("desk", SHELF)]
        taps = taps_after(connection, "desk", 0)
        assert [(one.uid, one.when) for one in taps] == [(CARD, at(8)), (LABEL, at(9)), (CARD, at(20))]
        assert taps_after(connection, "desk", taps[1].id) == taps[2:]
        assert taps_after(connection, "desk", 0, limit=1) == taps[:1]
        assert last_tap(connection, "desk") == newest_tap(connection) == taps[2].id
        assert last_tap(connection, "shelf") == 0
        assert [one.uid for one in strange_taps(connection, at(0), {LABEL})] == [CARD]
        assert strange_taps(connection, at(30), ()) == []
        newest = unused_tap(connection, "desk", [CARD])
    assert newest == taps[2]
    with desk.writing() as connection:
        use_tap(connection, taps[2], 4, "JY-2026-0001", at(22))
        assert unused_tap(connection, "desk", [CARD]) is None, "the one before it confirms nothing any more"
        assert unused_tap(connection, "shelf", [CARD]) is None
    with pytest.raises(TapUsed), desk.writing() as connection:
        use_tap(connection, taps[2], 4, "JY-2026-0002", at(22))


def test_a_clock_that_goes_ahead_makes_no_tap_younger(desk: Database) -> None:
    arrive(desk, [tap(CARD, 900), tap(CARD, 5)], 10)
    with desk.reading() as connection:
        assert [one.when for one in taps_after(connection, "desk", 0)] == [at(5), at(10)]


def test_asking_for_taps_costs_what_is_new(desk: Database) -> None:
    """Whatever is asked of the taps goes by an index, and never through the sightings."""
    asked: list[str] = []
    arrive(desk, [tap(CARD, 5)], 10)
    with desk.reading() as connection:
        event.listen(connection, "before_cursor_execute", lambda *given: asked.append(str(given[2])))
        taps_after(connection, "desk", 0)
        unused_tap(connection, "desk", [CARD])
        last_tap(connection, "desk")
        newest_tap(connection)
        for statement in list(asked):
            blanks = statement.count("?")
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (1,) * blanks).all()
            assert not [row.detail for row in plan if row.detail.startswith("SCAN tap") and "INDEX" not in row.detail]
