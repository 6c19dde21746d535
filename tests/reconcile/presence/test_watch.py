"""The watch: what arrived is folded, checked, told; a stumble does not end it."""

import threading
from collections.abc import Collection

import pytest

from custody.database import Database
from custody.scheme import Scheme
from reconcile.bulletin import Bulletin
from reconcile.findings import CheckRun
from reconcile.schedule import CHECKED
from reconcile.store.intake import take
from reconcile.store.readers import upsert_antenna, upsert_reader
from reconcile.watch import PASSAGE_KINDS, WATCHED_KINDS, Watch
from tests.builders import SCHEME, SHELF, Archive
from tests.reconcile.presence.scenes import at, batch, sighting

GATE = 10


class Checks:
    """Stands for the checks: notes what it was asked, stumbles when told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.opened: tuple[str, ...] = ()
        self.stumbles = 0
        self.called = threading.Semaphore(0)

    def __call__(
        self, database: Database, scheme: Scheme, now: int, *, kinds: Collection[str] | None = None
    ) -> CheckRun:
        self.asked.append(tuple(kinds or ()))
        self.called.release()
        if self.stumbles:
            self.stumbles -= 1
            raise OSError("the database is away")
        return CheckRun(self.opened, ())


class Stopwatch:
    """Seconds that go by only when told."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def site(sqlite_archive: Archive) -> Database:
    """An archive with a shelf and a gate that are listened to."""
    database = sqlite_archive.books.database
    with database.writing() as connection:
        for name in ("shelf", "gate"):
            upsert_reader(connection, name, at(0), title_zh=name, title_en="")
        upsert_antenna(connection, "shelf", 1, SHELF)
        upsert_antenna(connection, "gate", 1, GATE, "inside")
        upsert_antenna(connection, "gate", 2, GATE, "outside")
    return database


def arrive(database: Database, number: int, **more: object) -> None:
    """One sighting arrives."""
    with database.writing() as connection:
        take(connection, "edge-1", batch([sighting(number, **more)]), at(100))  # type: ignore[arg-type]


def watch_on(database: Database, checks: Checks, bulletin: Bulletin, stopwatch: Stopwatch | None = None) -> Watch:
    """A watch at second 100 of the scene."""
    return Watch(database, SCHEME, lambda: at(100), bulletin, checks=checks, stopwatch=stopwatch or Stopwatch())


def test_a_tick_folds_checks_and_tells(site: Database) -> None:
    checks, bulletin, stopwatch = Checks(), Bulletin(), Stopwatch()
    watch = watch_on(site, checks, bulletin, stopwatch)
    arrive(site, 1, first=0)
    assert watch.tick().sightings == 1
    assert bulletin.changes(None, 0).topics == {"presence", "readers"}
    assert checks.asked == [WATCHED_KINDS + PASSAGE_KINDS]
    # When checks find something, that is told too;
    version, checks.opened, stopwatch.seconds = bulletin.version, ("F-2026-0001",), 1.0
    watch.tick()
    assert bulletin.changes(None, version).topics == {"findings", "inbox"}
    # and within the same second they are not asked again.
    watch.tick()
    assert len(checks.asked) == 2


def test_a_passage_has_its_checks_at_once(site: Database) -> None:
    checks, bulletin, now = Checks(), Bulletin(), [at(100)]
    watch = Watch(site, SCHEME, lambda: now[0], bulletin, checks=checks, stopwatch=Stopwatch())
    watch.tick()
    checks.asked.clear()
    arrive(site, 1, reader="gate", antenna=1, first=0, last=1)
    arrive(site, 2, reader="gate", antenna=2, first=2, last=3)
    # Without a beam, once somebody who turns round in the door would have been heard again.
    watch.tick()
    assert checks.asked == []
    now[0] = at(105)
    watch.tick()
    assert checks.asked == [PASSAGE_KINDS]
    assert "passages" in bulletin.changes(None, 0).topics


def test_slow_checks_take_a_tenth_of_the_time(site: Database) -> None:
    stopwatch = Stopwatch()

    class Slow(Checks):
        def __call__(
            self, database: Database, scheme: Scheme, now: int, *, kinds: Collection[str] | None = None
        ) -> CheckRun:
            stopwatch.seconds += 3
            return super().__call__(database, scheme, now, kinds=kinds)

    checks = Slow()
    watch = watch_on(site, checks, Bulletin(), stopwatch)
    for _ in range(300):
        watch.tick()
        stopwatch.seconds += 1
    assert len(checks.asked) == 300 // 27 + 1


def test_every_kind_is_watched_by_somebody() -> None:
    from reconcile.checks import KINDS

    scheduled = tuple(kind for _, kinds in CHECKED.values() for kind in kinds)
    assert sorted(WATCHED_KINDS + PASSAGE_KINDS + scheduled) == sorted(KINDS)


def test_the_thread_wakes_and_survives_a_stumble(site: Database, caplog: pytest.LogCaptureFixture) -> None:
    checks, bulletin = Checks(), Bulletin()
    checks.stumbles = 1
    watch = Watch(site, SCHEME, lambda: at(100), bulletin, checks=checks, stopwatch=lambda: 0.0)
    watch._rest_until = -1.0
    watch.start()
    arrive(site, 1, reader="gate", antenna=1, first=0, last=1)
    arrive(site, 2, reader="gate", antenna=2, first=2, last=3)
    watch.wake()
    assert checks.called.acquire(timeout=60)
    arrive(site, 3, first=5)
    watch.wake()
    assert bulletin.wait({"readers"}, bulletin.version - 1, 60).topics
    assert watch.alive
    watch.stop()
    assert not watch.alive
    assert "the watch stumbled" in caplog.text


def test_a_watch_never_started_can_be_stopped(site: Database) -> None:
    watch = watch_on(site, Checks(), Bulletin())
    watch.stop()
    assert not watch.alive


def test_the_real_checks_open_what_the_radio_contradicts(site: Database) -> None:
    # Given a tag of our own block that is bound to nothing
    watch = Watch(site, SCHEME, lambda: at(100), bulletin := Bulletin(), stopwatch=Stopwatch())
    arrive(site, 1, epc="3414F4A2FFFFFFFFFFFFFFFF", first=90, reads=9)
    watch.tick()
    assert bulletin.changes(None, 0).topics == {"findings", "inbox", "presence", "readers"}
