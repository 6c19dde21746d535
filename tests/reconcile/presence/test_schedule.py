"""Slots done once, however many servers run and whatever dies; missed ones caught up. No real time passes."""

import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import select

from custody.database import Database
from custody.store.books import Books
from custody.values import DAY, SECOND
from reconcile.bulletin import Bulletin
from reconcile.schedule import CAUGHT_UP_MAX, Job, Schedule, jobs
from reconcile.store.slots import JOB_SLOT, claim, finish, last_done, prune, release
from tests.builders import NOW, SCHEME, Ticking

SLOT = NOW - NOW % (60 * SECOND)


def ask(database: Database, owner: str, after_seconds: float = 0, slot: int = SLOT) -> bool:
    """Whether an owner gets the slot, so many seconds on, for a minute."""
    with database.writing() as connection:
        return claim(connection, "round", slot, owner, NOW + round(after_seconds * SECOND), 60)


def test_a_slot_is_claimed_once_and_never_after_it_is_done(database: Database) -> None:
    assert ask(database, "one")
    assert not ask(database, "two")
    assert not ask(database, "one")
    with database.writing() as connection:
        assert finish(connection, "round", SLOT, "one", NOW, "all well")
    assert not ask(database, "two", 10_000)
    with database.reading() as connection:
        row = connection.execute(select(JOB_SLOT)).one()
    assert (row.owner, row.done_at, row.result) == ("one", NOW, "all well")


def test_a_claim_whose_owner_died_is_taken_over_after_its_lease(database: Database) -> None:
    assert ask(database, "dead")
    assert not ask(database, "two", 60)
    assert ask(database, "two", 60.1)
    with database.writing() as connection:
        # Should it live after all, it learns that the slot is no longer its own.
        assert not finish(connection, "round", SLOT, "dead", NOW + 61 * SECOND)
        assert finish(connection, "round", SLOT, "two", NOW + 62 * SECOND)


def test_a_slot_given_back_is_free_at_once(database: Database) -> None:
    assert ask(database, "one")
    with database.writing() as connection:
        assert not release(connection, "round", SLOT, "two", NOW, "not mine")
        assert release(connection, "round", SLOT, "one", NOW, "failed: disk full")
    assert ask(database, "two")


def test_of_many_that_ask_at_once_one_gets_the_slot(database: Database) -> None:
    barrier = threading.Barrier(6)
    got: list[str] = []

    def server(name: str) -> None:
        barrier.wait()
        for number in range(5):
            if ask(database, name, slot=SLOT + number):
                got.append(f"{number}")

    threads = [threading.Thread(target=server, args=(f"server-{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == ["0", "1", "2", "3", "4"]


def test_old_slots_are_forgotten_but_the_last_done_one(database: Database) -> None:
    for number in range(4):
        assert ask(database, "one", slot=SLOT + number)
        with database.writing() as connection:
            assert finish(connection, "round", SLOT + number, "one", NOW)
    with database.writing() as connection:
        assert claim(connection, "other", SLOT, "one", NOW, 60)
        assert prune(connection, SLOT + 1000) == 4
        assert last_done(connection, "round") == SLOT + 3
        assert last_done(connection, "other") is None


class Server:
    """A server with one job, which notes the times at which it ran."""

    def __init__(self, database: Database, name: str, clock: Ticking, coalesce: bool = True) -> None:
        self.ran: list[int] = []
        self.fails = False
        self.job = Job("round", 60, self.run, coalesce=coalesce, lease_seconds=30)
        self.schedule = Schedule(database, (self.job,), clock, name)

    def run(self, now: int) -> str:
        """The job."""
        if self.fails:
            raise OSError("disk full")
        self.ran.append(now)
        return "done"

    def tick(self) -> int:
        """One wake."""
        return self.schedule.tick(self.job)


def test_two_servers_do_each_slot_once(database: Database) -> None:
    clock = Ticking()
    one, two = Server(database, "one", clock), Server(database, "two", clock)
    for _ in range(5):
        clock.at += 60 * SECOND
        barrier = threading.Barrier(2)
        threads = [
            threading.Thread(target=lambda s=server, b=barrier: (b.wait(), s.tick(), s.tick())) for server in (one, two)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(one.ran + two.ran) == [NOW + n * 60 * SECOND for n in range(1, 6)]


@pytest.mark.parametrize(("coalesce", "runs"), [(True, 1), (False, 10)])
def test_missed_slots_are_caught_up(sqlite_database: Database, coalesce: bool, runs: int) -> None:
    clock = Ticking()
    server = Server(sqlite_database, "one", clock, coalesce)
    assert server.tick() == 1
    # When nobody was there for ten minutes,
    clock.at += 600 * SECOND
    assert (server.tick(), server.tick()) == (runs, 0)
    with sqlite_database.reading() as connection:
        done = select(JOB_SLOT.c.slot).where(JOB_SLOT.c.done_at.is_not(None))
        assert len(connection.execute(done).all()) == runs + 1


def test_catching_up_has_a_bound(sqlite_database: Database) -> None:
    clock = Ticking()
    server = Server(sqlite_database, "one", clock, coalesce=False)
    server.tick()
    clock.at += 2 * DAY
    assert server.tick() == CAUGHT_UP_MAX


def test_a_job_that_fails_is_tried_again_by_whoever_wakes_next(
    sqlite_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Ticking()
    one, two = Server(sqlite_database, "one", clock), Server(sqlite_database, "two", clock)
    one.fails = True
    assert one.tick() == 0
    assert "job round failed" in caplog.text
    with sqlite_database.reading() as connection:
        assert connection.execute(select(JOB_SLOT.c.result)).scalar_one() == "failed: disk full"
    assert two.tick() == 1
    one.fails = False
    assert one.tick() == 0


def test_a_job_of_a_server_that_died_is_done_by_another(sqlite_database: Database) -> None:
    clock = Ticking()
    server = Server(sqlite_database, "two", clock)
    with sqlite_database.writing() as connection:
        assert claim(connection, "round", server.job.slot(NOW), "dead", NOW, 30)
    assert server.tick() == 0
    clock.at += 31 * SECOND
    assert server.tick() == 1


def wait_until(true: Callable[[], bool]) -> None:
    """Wait until something is so; the test's own time limit ends it otherwise."""
    while not true():
        time.sleep(0.01)


def test_the_scheduler_wakes_the_jobs_at_its_start_and_stops(sqlite_database: Database) -> None:
    server = Server(sqlite_database, "one", Ticking())
    server.schedule.start()
    wait_until(lambda: server.ran == [NOW])
    server.schedule.stop()
    server.schedule.stop()
    assert not [thread for thread in threading.enumerate() if "APScheduler" in thread.name]


def test_a_wake_that_cannot_reach_the_database_does_not_end_the_schedule(
    sqlite_database: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(sqlite_database, "one", Ticking())

    def away() -> None:
        raise OSError("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr(sqlite_database, "reading", away)
        server.schedule.start()
        wait_until(lambda: "could not look for its slots" in caplog.text)
    assert server.tick() == 1
    server.schedule.stop()


def test_the_table_of_jobs(books: Books, database: Database) -> None:
    table = {job.name: job for job in jobs(database, books, SCHEME, Bulletin())}
    assert {name: job.every_seconds for name, job in table.items()} == {
        "overdue_round": 60,
        "reader_watch": 5,
        "urgent_deadlines": 60,
        "deadlines": 300,
        "clones": 60,
        "silences": 3600,
        "reminders": 600,
        "digests": 60,
        "checkpoint": 3600,
        "seal_logs": 60,
        "whole_check": 3600,
        "clock": 60,
        "learn_site": 86_400,
        "tidy_slots": 86_400,
    }
    assert table["overdue_round"].run(NOW) == "opened 0, cleared 0"
    assert table["reader_watch"].run(NOW) == "opened 0, cleared 0"
    assert table["deadlines"].run(NOW) == "opened 0, cleared 0"
    assert table["reminders"].run(NOW) == "sent 0"
    assert table["learn_site"].run(NOW) == "nothing new from 0 tags, 0 weak"
    assert ask(database, "one")
    assert table["tidy_slots"].run(NOW + 8 * DAY) == "forgot 1 slots"
