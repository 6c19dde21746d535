"""The readers' page: health as told and as heard; configuration refused where it makes no sense."""

import json

import pytest

from custody.database import Database
from reconcile.intake import LossRecord
from reconcile.store.health import in_view
from reconcile.store.intake import take
from reconcile.store.presence import fold_new
from reconcile.store.readers import (
    ConfigurationInvalid,
    losses,
    reader,
    readers,
    remove_antenna,
    upsert_antenna,
    upsert_reader,
)
from tests.builders import SHELF, Archive
from tests.reconcile.presence.scenes import SETTINGS, Record, at, batch, coverage, report, sighting

GATE = 10


@pytest.fixture
def site(archive: Archive, database: Database) -> Database:
    """An archive with one reader."""
    with database.writing() as connection:
        upsert_reader(connection, "shelf", at(0), title_zh="一号柜", title_en="Cabinet 1", device="edge-1")
        upsert_antenna(connection, "shelf", 1, SHELF)
    return database


def arrive(database: Database, *records: Record) -> None:
    """A delivery."""
    with database.writing() as connection:
        take(connection, "edge-1", batch(records), at(100))


def test_health_is_what_the_reader_said_and_what_it_heard(site: Database) -> None:
    arrive(
        site,
        report(1, "connecting", 0),
        report(2, "listening", 1, model="R700", firmware="7.6", clock_offset_us=-300_000),
        coverage(3, 1, 90),
        coverage(4, 1, 80, antenna=2),
        sighting(5, first=30, last=39, reads=100),
        sighting(6, first=50, last=60, reads=7),
        sighting(7, first=60, last=70, reads=8, antenna=2),
        LossRecord(8, at(0), at(20), 50),
    )
    fold_new(site, SETTINGS, at(100))
    with site.reading() as connection:
        (health,) = readers(connection, at(100))
        assert reader(connection, "shelf", at(100)) == health
        assert reader(connection, "none", at(100)) is None
        (loss,) = losses(connection)
        assert in_view(connection, "shelf", at(100)) == {1: 1, 2: 1}
    assert (health.title_zh, health.title_en, health.enabled, health.known) == ("一号柜", "Cabinet 1", True, True)
    assert (health.state, health.state_at, health.model, health.firmware) == ("listening", at(1), "R700", "7.6")
    assert (health.clock_offset_us, health.clock_wrong) == (-300_000, True)
    assert health.through_at == at(90)
    # Reads of the last minute only: what was last heard at second 39 is older.
    assert health.reads_last_minute == 15
    assert [(a.number, a.place_code, a.role, a.through_at) for a in health.antennas] == [
        (1, "B1-01-1", "place", at(90)),
        (2, "", "", at(80)),
    ]
    assert [event.state for event in health.events] == ["listening", "connecting"]
    assert json.loads(loss.detail)["records"] == 50


def test_a_reader_that_only_appeared_becomes_known_by_configuring_it(site: Database) -> None:
    arrive(site, report(1, "listening", 5, reader="found"))
    with site.writing() as connection:
        found = reader(connection, "found", at(100))
        assert found is not None
        assert (found.known, found.enabled, found.state) == (False, False, "listening")
        upsert_reader(connection, "found", at(100), title_zh="借阅台", title_en="")
        found = reader(connection, "found", at(100))
        assert found is not None
        # What it said of itself stays.
        assert (found.known, found.enabled, found.state, found.device) == (True, True, "listening", "edge-1")


def test_an_antenna_can_be_moved_and_removed(site: Database) -> None:
    with site.writing() as connection:
        upsert_antenna(connection, "shelf", 1, GATE, "inside")
        (health,) = readers(connection, at(0))
        assert [(a.place, a.role) for a in health.antennas] == [(GATE, "inside")]
        assert remove_antenna(connection, "shelf", 1)
        assert not remove_antenna(connection, "shelf", 1)


@pytest.mark.parametrize(
    ("name", "number", "place", "role", "words"),
    [
        ("none", 1, SHELF, "place", "there is no reader 'none'"),
        ("shelf", -1, SHELF, "place", "numbered 0 to 65535"),
        ("shelf", 1, 999, "place", "there is no place 999"),
        ("shelf", 1, GATE, "place", "hears its inside or its outside"),
        ("shelf", 1, SHELF, "inside", "inside of a shelf cannot be"),
        ("shelf", 1, SHELF, "above", "none of place, inside, outside"),
    ],
)
def test_an_impossible_antenna_is_refused(
    site: Database, name: str, number: int, place: int, role: str, words: str
) -> None:
    with site.writing() as connection, pytest.raises(ConfigurationInvalid, match=words):
        upsert_antenna(connection, name, number, place, role)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "title"), [("", "x"), (" a", "x"), ("a" * 65, "x"), ("shelf-2", "  ")])
def test_an_impossible_reader_is_refused(site: Database, name: str, title: str) -> None:
    with site.writing() as connection, pytest.raises(ConfigurationInvalid):
        upsert_reader(connection, name, at(0), title_zh=title, title_en="")
