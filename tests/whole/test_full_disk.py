"""A full disk under the books: an act is refused whole, said clearly, and the next is taken when there is room."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from custody.database import Database, StorageFull
from tests.builders import PEOPLE, Archive, an_archive, books_on
from tests.web.front import PASSWORD, a_front

TITLE = "远山九号 不得写进日志的题名"


def test_a_full_disk_refuses_an_act_whole_and_takes_the_next(new_sqlite: Callable[[], str]) -> None:
    with Database.open(new_sqlite()) as database:
        archive = an_archive(books_on(database))
        carriers = archive.carriers(400)
        with database.reading() as connection:
            before = archive.books.position(connection)
        with database.writing() as connection:
            pages = connection.execute(text("PRAGMA page_count")).scalar_one()
            connection.execute(text(f"PRAGMA max_page_count = {pages}"))
        with pytest.raises(StorageFull, match=r"takes nothing more .* nothing was changed: make room"):
            archive.carriers(2_000, title=TITLE)
        with database.reading() as connection:
            assert archive.books.position(connection) == before
        assert archive.books.rebuild_check() == []
        with database.writing() as connection:
            connection.execute(text("PRAGMA max_page_count = 4294967294"))
        receipt = archive.borrow(carriers[0], "chen")
        assert receipt.first == before + 1
        assert archive.books.rebuild_check() == []


def test_an_error_of_the_database_does_not_tell_the_values(database: Database) -> None:
    with pytest.raises(Exception, match="no_such_table") as told, database.writing() as connection:
        connection.execute(text("INSERT INTO no_such_table VALUES (:title)"), {"title": TITLE})
    assert TITLE not in str(told.value)


def test_pages_and_programs_are_told(sqlite_archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = sqlite_archive.carrier()
    front = a_front(sqlite_archive, tmp_path)
    browser, program = front.signed_in("clerk"), front.program("clerk")

    def full(_database: Database) -> None:
        raise StorageFull("the disk takes nothing more")

    monkeypatch.setattr(Database, "writing", full)
    lent = program.call(
        "/acts/borrow",
        carriers=[carrier],
        holder=PEOPLE["chen"],
        due_on="2026-11-30",
        holder_password=PASSWORD,
    )
    assert (lent.status_code, lent.json()["type"]) == (503, "urn:custody:problem:storage_full")
    page = browser.send("/sign-out")
    assert page.status_code == 503
    assert "The disk is full" in page.text
    assert "Nothing was entered" in page.text
