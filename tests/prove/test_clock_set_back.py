"""The clock goes back, by hours or by years, under everything that the product writes: nothing is lost, the order of
the record stands by its sequence, nothing lasts longer for it, and that it went back is said.
"""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from custody.access import Role
from custody.database import Database
from custody.store import accounts, audit
from custody.store.sealing import seal
from custody.values import DAY, SECOND
from readers.spool import Spool
from reconcile.bulletin import Bulletin
from reconcile.schedule import Schedule, jobs
from reconcile.store import notices
from reconcile.timekeeping import watch_clock
from tests.builders import NOW, PEOPLE, SCHEME, Archive, Ticking, books_on, subject
from tests.ledger.builders import key
from tests.prove.power import victim
from tests.prove.power.victim import BOOT, KINDS, Desk
from tests.web.front import a_front

HOUR = 3_600 * SECOND
BACK = {"five hours": 5 * HOUR, "three years": 3 * 365 * DAY}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """The archive of the proofs, its clock in the hand of the test."""
    victim.prepare(tmp_path)
    with Database.open(f"sqlite:///{tmp_path / 'custody.sqlite'}") as database:
        archive = Archive(books_on(database, Ticking(), key=key(), first_nonce=10_000))
        spool = Spool(tmp_path / "spool.sqlite", BOOT)
        yield Desk(archive, spool, count(1))
        spool.close()


@pytest.mark.parametrize("back", BACK.values(), ids=BACK)
def test_every_kind_of_write_goes_on_when_the_clock_goes_back(desk: Desk, back: int) -> None:
    """Given a day's work, when the clock goes back and work goes on, then all of it is there and in its order."""
    books, clock = desk.archive.books, desk.archive.books.clock
    assert isinstance(clock, Ticking)
    said = []
    for turn in range(2):
        said += [{"kind": kind.__name__, **kind(desk, turn)} for kind in KINDS]
    said.append({"kind": "look", **victim.look(desk, 4)})
    assert seal(books) > 0
    with desk.database.reading() as connection:
        before = books.position(connection)
    clock.at -= back
    for turn in range(2, 4):
        said += [{"kind": kind.__name__, **kind(desk, turn)} for kind in KINDS]
    said.append({"kind": "look", **victim.look(desk, 5)})
    assert seal(books) > 0
    books.checkpoint()
    # The seals themselves bear the earlier time: what was sealed by them is no back-dating.
    assert books.rebuild_check() == []
    with desk.database.reading() as connection:
        after = books.position(connection)
        rows = connection.exec_driver_sql("SELECT sequence, entered_at FROM entry ORDER BY sequence").all()
        gone = [one for line in said if (one := victim.missing(connection, 10**9, line))]
    assert gone == []
    assert [row.sequence for row in rows] == list(range(1, after + 1))
    assert rows[before].entered_at < rows[before - 1].entered_at - back // 2


def test_a_back_dated_row_is_still_found_after_the_clock_went_back(desk: Desk) -> None:
    """The tolerance is the seal's own time: a row older than both its seals is a back-dated row."""
    books, clock = desk.archive.books, desk.archive.books.clock
    assert isinstance(clock, Ticking)
    victim.look(desk, 1)
    seal(books)
    clock.at -= 5 * HOUR
    victim.look(desk, 2)
    seal(books)
    assert books.rebuild_check() == []
    with desk.database.writing() as connection:
        audit.note(connection, "signed_out", clock.at - 7 * HOUR, by=PEOPLE["chen"])
    assert any("long before" in one for one in books.rebuild_check())


def test_it_is_noted_once_and_the_administrators_are_told(sqlite_archive: Archive) -> None:
    database = sqlite_archive.books.database
    with database.writing() as connection:
        accounts.create(connection, PEOPLE["admin"], "administrator", "x", NOW)
        accounts.grant(connection, PEOPLE["admin"], Role.SYSTEM_ADMINISTRATOR, at=NOW)
    assert watch_clock(database, SCHEME, NOW) == "goes on"
    assert watch_clock(database, SCHEME, NOW - 200 * SECOND) == "goes on"
    for _ in range(3):
        watch_clock(database, SCHEME, NOW - 5 * HOUR)
    with database.reading() as connection:
        found = audit.events(connection, kinds=("clock_went_back",))
        told = notices.inbox(connection, subject("admin", Role.SYSTEM_ADMINISTRATOR))
    assert [one.detail["seconds"] for one in found] == [5 * 3_600]
    assert [one.kind for one in told] == ["clock_went_back"]
    # It goes back again, further: another matter.
    assert watch_clock(database, SCHEME, NOW - 9 * HOUR).startswith("went back")


@pytest.mark.parametrize("back", BACK.values(), ids=BACK)
def test_a_session_does_not_live_longer(sqlite_archive: Archive, tmp_path: Path, back: int) -> None:
    front = a_front(sqlite_archive, tmp_path)
    clerk = front.signed_in("clerk")
    assert clerk.get("/me").status_code == 200
    front.clock.at -= back
    assert clerk.get("/me").status_code == 303
    # And nobody is kept out: the delay after a wrong word does not last until the clock has caught up.
    again = front.browser()
    assert again.sign_in("1001", "wrong, and not even near it").status_code != 303
    front.clock.at -= back
    assert front.signed_in("clerk").get("/me").status_code == 200


def test_the_jobs_go_on_when_a_clock_that_ran_ahead_is_set_right(sqlite_archive: Archive) -> None:
    """Given a clock a year ahead for a while, when it is set right, then today's slots are done at once."""
    clock = sqlite_archive.books.clock
    assert isinstance(clock, Ticking)
    database = sqlite_archive.books.database
    table = {one.name: one for one in jobs(database, sqlite_archive.books, SCHEME, Bulletin())}
    schedule = Schedule(database, tuple(table.values()), clock, "here")
    job = table["reminders"]
    assert schedule.tick(job) == 1
    clock.at += 365 * DAY
    assert schedule.tick(job) == 1
    clock.at -= 365 * DAY - HOUR
    assert schedule.tick(job) == 1
    assert schedule.tick(job) == 0
    # Set right and wrong again: what was done is not done twice.
    clock.at += 365 * DAY - HOUR
    assert schedule.tick(job) == 0
