"""From arrived sightings to presence rows, stays and passages, on both engines."""

import json
import threading
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select, update

from custody.database import Database
from custody.values import SECOND
from reconcile.intake import CoverageRecord, SightingRecord
from reconcile.store.core import CURSOR, PRESENCE, SIGHTING, STAY
from reconcile.store.intake import take
from reconcile.store.presence import Folded, fold_new
from reconcile.store.readers import upsert_antenna, upsert_reader
from tests.builders import SHELF, SHELF_2, Archive, epc_of
from tests.reconcile.presence.scenes import SETTINGS, at, batch, coverage, numbered, sighting

SITE_PLACE, BUILDING, GATE = 1, 2, 10
BOOTS = count(1)
EPC = epc_of(1)


@pytest.fixture
def site(archive: Archive, database: Database) -> Database:
    """An archive whose two shelves and gate are listened to."""
    with database.writing() as connection:
        for name in ("shelf", "other", "gate"):
            upsert_reader(connection, name, at(0), title_zh=name, title_en=name, device="edge-1")
        upsert_antenna(connection, "shelf", 1, SHELF)
        upsert_antenna(connection, "other", 1, SHELF_2)
        upsert_antenna(connection, "gate", 1, GATE, "inside")
        upsert_antenna(connection, "gate", 2, GATE, "outside")
    return database


def arrive(database: Database, records: list[Any], now: float) -> None:
    """The records arrive as one boot's delivery, at a second of the scene."""
    with database.writing() as connection:
        take(connection, "edge-1", batch(numbered(records), f"{next(BOOTS):032x}"), at(now))


def fold(database: Database, now: float) -> Folded:
    """Fold what has arrived, at a second of the scene."""
    return fold_new(database, SETTINGS, at(now))


def lying(reader: str, since: int, until: int, epc: str = EPC, antenna: int = 1) -> list[SightingRecord]:
    """A tag lying still: a sighting each ten seconds."""
    return [
        sighting(1, epc=epc, reader=reader, antenna=antenna, first=start, last=min(start + 10, until), reads=20)
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


def test_a_tag_is_found_where_it_lies_then_where_it_was_moved(site: Database) -> None:
    arrive(site, lying("shelf", 0, 60), 60)
    assert fold(site, 60).changed_epcs == (EPC,)
    row = presence(site)
    assert (row.place, row.strength, row.since_at, row.here_at) == (SHELF, "confirmed", at(0), at(60))
    # When it lies on, nothing has changed, and its stay is still one row;
    arrive(site, lying("shelf", 60, 90), 90)
    assert fold(site, 90).changed_epcs == ()
    assert stays(site) == [(SHELF, 0, 90, 180, "")]
    # and when it is moved, the next one begins.
    arrive(site, [*lying("other", 95, 135), *listening(0, 140, "shelf", "other")], 140)
    assert fold(site, 140).changed_epcs == (EPC,)
    assert stays(site) == [(SHELF, 0, 90, 180, ""), (SHELF_2, 95, 135, 80, "")]


def test_a_passage_is_a_row_with_its_evidence(site: Database) -> None:
    arrive(site, lying("shelf", 0, 60), 60)
    # Given the first reads at the gate, and then the rest
    through = [(1, 70, 70.3), (2, 71.4, 71.7)]
    rest = [(1, 70.4, 71.5), (2, 71.8, 73)]
    arrive(site, [sighting(1, reader="gate", antenna=a, first=f, last=t, reads=3) for a, f, t in through], 71.7)
    assert fold(site, 71.8).passages == ()
    arrive(site, [sighting(1, reader="gate", antenna=a, first=f, last=t, reads=5) for a, f, t in rest], 74)
    assert fold(site, 74).passages == ()
    # When nobody has turned round in the door
    (seen,) = fold(site, 79).passages
    assert (seen.epc, seen.passage.direction) == (EPC, "out")
    # then the crossing settles by itself, into the same row.
    assert len(fold(site, 90).passages) == 1
    assert fold(site, 200).passages == ()
    assert stays(site) == [(SHELF, 0, 60, 120, ""), (GATE, 70, 73, 16, "out")]
    with site.reading() as connection:
        row = connection.execute(select(STAY).where(STAY.c.direction == "out")).one()
    assert row.score >= SETTINGS.alarm_score
    assert json.loads(row.evidence)["outside"]["reads"] == 8
    assert presence(site).place == SITE_PLACE


def test_pieces_of_arrival_do_not_matter(site: Database) -> None:
    # Given two tags with the same story, one arriving whole and one piece by piece
    one, other = epc_of(1), epc_of(2)
    story = [
        ("shelf", 1, 0, 60),
        ("gate", 1, 70, 71),
        ("gate", 2, 72, 73),
        ("gate", 2, 200, 201),
        ("gate", 1, 203, 204),
    ]
    heard = [(r, a, f, t) for r, a, f, t in story] + [("other", 1, t, t + 10) for t in range(210, 290, 10)]
    for reader, antenna, first, last in heard:
        arrive(site, [sighting(1, epc=one, reader=reader, antenna=antenna, first=first, last=last)], last)
        fold(site, last)
    arrive(
        site,
        [sighting(1, epc=other, reader=r, antenna=a, first=f, last=t) for r, a, f, t in heard],
        290,
    )
    fold(site, 290)
    assert stays(site, one) == stays(site, other)
    assert [stay[4] for stay in stays(site, one)] == ["", "out", "in", ""]
    shown = ("place", "strength", "since_at", "here_at", "heard_at", "reads")
    assert [getattr(presence(site, one), name) for name in shown] == [
        getattr(presence(site, other), name) for name in shown
    ]


def test_a_dead_reader_makes_nobody_absent(site: Database) -> None:
    # Given a reader that dies after a minute, with a tag before it
    arrive(site, [*lying("shelf", 0, 60), *listening(0, 60, "shelf")], 60)
    fold(site, 60)
    before = presence(site)
    # When hours go by on the server, and its neighbour lives and hears the tag faintly,
    weak = [r._replace(strongest_dbm=-70.0, mean_dbm=-70.0) for r in lying("other", 100, 200)]
    arrive(site, [*weak, *listening(0, 20_000, "other")], 20_000)
    folded = fold(site, 20_000)
    # then the tag is believed where it was, and was heard there when it was.
    after = presence(site)
    assert (after.place, after.since_at, after.here_at) == (before.place, before.since_at, before.here_at)
    assert folded.passages == ()


def test_silence_at_a_living_reader_makes_it_unconfirmed_and_a_read_firm_again(site: Database) -> None:
    arrive(site, [*lying("shelf", 0, 60), *listening(0, 80, "shelf")], 80)
    fold(site, 80)
    assert presence(site).strength == "confirmed"
    arrive(site, listening(80, 185, "shelf"), 185)
    assert fold(site, 185).changed_epcs == (EPC,)
    assert (presence(site).place, presence(site).strength) == (SHELF, "unconfirmed")
    # A read elsewhere that moves nothing does not make it firmer;
    arrive(site, [sighting(1, reader="other", first=186, last=186, reads=1, dbm=-75)], 186)
    assert fold(site, 187).changed_epcs == ()
    assert presence(site).strength == "unconfirmed"
    # reads at its place do.
    arrive(site, [*lying("shelf", 190, 240), *listening(185, 240, "shelf")], 240)
    assert fold(site, 240).changed_epcs == (EPC,)
    assert presence(site).strength == "confirmed"


def test_silence_while_nobody_listened_weakens_nothing(site: Database) -> None:
    # Covered again only for the last seconds: too short to say anything.
    arrive(site, [*lying("shelf", 0, 60), *listening(0, 60, "shelf"), *listening(3600, 3620, "shelf")], 3620)
    fold(site, 3620)
    assert (presence(site).place, presence(site).strength) != (SHELF, "unconfirmed")


def _faint(records: list[SightingRecord]) -> list[SightingRecord]:
    """The same, heard much more faintly: where nobody listens any more, only a much stronger place draws a tag away."""
    return [one._replace(strongest_dbm=-66.0, mean_dbm=-66.0) for one in records]


def test_a_late_burst_lengthens_the_past_and_leaves_the_present(site: Database) -> None:
    # Given a reader cut off for an hour, while the tag went on to the other shelf
    arrive(site, _faint(lying("shelf", 0, 60)), 60)
    arrive(site, [*lying("other", 3000, 3100), *listening(2_900, 3_110, "other", "shelf")], 3110)
    fold(site, 3110)
    present = presence(site)
    assert present.place == SHELF_2
    # when its burst comes,
    arrive(site, _faint([*lying("shelf", 60, 300), *lying("shelf", 1500, 1520)]), 3600)
    assert fold(site, 3600).changed_epcs == ()
    # then the past stay is longer, another is known, and the present is as it was.
    assert stays(site) == [(SHELF, 0, 300, 600, ""), (SHELF, 1500, 1520, 40, ""), (SHELF_2, 3000, 3100, 200, "")]
    after = presence(site)
    assert (after.place, after.here_at, after.heard_at) == (present.place, present.here_at, present.heard_at)
    assert after.reads == present.reads + 26 * 20


def test_a_late_cross_read_is_no_stay(site: Database) -> None:
    arrive(site, lying("other", 0, 300), 300)
    fold(site, 300)
    arrive(site, lying("shelf", 100, 150), 400)
    fold(site, 400)
    assert stays(site) == [(SHELF_2, 0, 300, 600, "")]


def test_a_clock_far_ahead_does_not_make_all_else_late(site: Database) -> None:
    # Given a sighting stamped a year ahead
    arrive(site, [sighting(1, reader="shelf", first=3e7, last=3e7 + 5)], 60)
    fold(site, 60)
    assert presence(site).heard_at == at(60)
    arrive(site, [*lying("other", 70, 110), *listening(0, 130, "shelf", "other")], 130)
    fold(site, 130)
    assert presence(site).place == SHELF_2


def test_a_reader_not_enabled_is_heard_but_places_nothing(site: Database) -> None:
    arrive(site, [sighting(1, reader="found-somewhere")], 5)
    fold(site, 5)
    row = presence(site)
    assert (row.place, row.reader, row.reads) == (None, "found-somewhere", 5)


def test_two_servers_fold_each_sighting_once(site: Database) -> None:
    tags = [epc_of(n) for n in range(1, 301)]
    for since in (0, 10, 20):
        arrive(site, [s for epc in tags for s in lying("shelf", since, since + 10, epc)], since + 10)
    barrier = threading.Barrier(3)
    folded: list[Folded] = []

    def server() -> None:
        barrier.wait()
        for _ in range(5):
            folded.append(fold(site, 40))

    threads = [threading.Thread(target=server) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fold(site, 40)
    assert sum(f.sightings for f in folded) == 900
    with site.reading() as connection:
        assert set(connection.execute(select(PRESENCE.c.reads)).scalars()) == {60}
        assert connection.execute(select(STAY.c.id)).all().__len__() == 300


def test_a_server_that_finds_another_folding_leaves_it_the_work(new_postgres: Callable[[], str]) -> None:
    # On SQLite one process writes, and its writers take turns; several servers share a PostgreSQL.
    with Database.open(new_postgres()) as database:
        fold(database, 0)
        arrive(database, lying("shelf", 0, 60), 60)
        with database.writing() as another:
            another.execute(select(CURSOR.c.position).with_for_update())
            assert fold(database, 60).sightings == 0
        assert fold(database, 60).sightings == 6


def test_sightings_that_commit_out_of_their_order_are_not_missed(site: Database) -> None:
    if site.dialect == "sqlite":
        # One writer at a time: ids are committed in their order. The door itself refuses a second one.
        with site.writing(), pytest.raises(RuntimeError, match="writing already"), site.writing():
            raise AssertionError("two writers at once")
        return
    # Given a delivery that has its ids but has not committed, and a later one that has
    with site.writing() as slow:
        take(slow, "edge-1", batch([sighting(1, epc=epc_of(1))], "aa" * 16), at(1))
        arrive(site, [sighting(1, epc=epc_of(2))], 1)
        folding = threading.Thread(target=lambda: fold(site, 2))
        folding.start()
        # the fold waits for the slow one to arrive,
        folding.join(0.3)
        assert folding.is_alive()
    folding.join()
    # and misses neither.
    assert [presence(site, epc_of(n)).reads for n in (1, 2)] == [5, 5]


def test_a_fold_that_fails_leaves_everything_to_the_next(site: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    arrive(site, lying("shelf", 0, 60), 60)

    def stumble(*_arguments: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr("reconcile.store.presence.keeping._keep_stays", stumble)
        with pytest.raises(OSError, match="disk full"):
            fold(site, 60)
    with site.reading() as connection:
        assert connection.execute(select(PRESENCE)).all() == []
    assert fold(site, 60).sightings == 6
    assert stays(site) == [(SHELF, 0, 60, 120, "")]


def test_more_sightings_than_one_batch(site: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconcile.store.presence.folding.BATCH_SIGHTINGS", 7)
    tags = [epc_of(n) for n in range(1, 6)]
    arrive(site, [s for epc in tags for s in lying("shelf", 0, 60, epc)], 60)
    folded = fold(site, 60)
    assert (folded.sightings, len(folded.changed_epcs)) == (30, 5)
    with site.reading() as connection:
        assert folded.through_id == connection.execute(select(CURSOR.c.position)).scalar_one()
        assert len(connection.execute(select(SIGHTING.c.id)).all()) == 30
    assert all(stays(site, epc) == [(SHELF, 0, 60, 120, "")] for epc in tags)


def test_a_place_configured_later_counts_from_then_on(site: Database) -> None:
    arrive(site, [sighting(1, reader="shelf", antenna=9)], 5)
    fold(site, 5)
    assert presence(site).place is None
    with site.writing() as connection:
        upsert_antenna(connection, "shelf", 9, SHELF)
    arrive(site, [sighting(1, reader="shelf", antenna=9, first=6)], 8)
    fold(site, 8)
    assert presence(site).place == SHELF


def test_the_memory_of_a_newer_program_is_not_misread(site: Database) -> None:
    arrive(site, lying("shelf", 0, 60), 60)
    fold(site, 60)
    with site.writing() as connection:
        connection.execute(update(PRESENCE).values(state=b"[9]"))
    arrive(site, lying("shelf", 60, 70), 70)
    with pytest.raises(ValueError, match="version 9"):
        fold(site, 70)
