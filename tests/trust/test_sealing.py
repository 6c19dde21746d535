"""Sealing: everything once, in the ledger, never in somebody's way."""

import threading

import pytest
from sqlalchemy import text

from custody.access import INSTALLATION
from custody.database import Database
from custody.entries.trust import KeyReplaced, LogSealed
from custody.rules import Refused
from custody.store import audit, sealing
from custody.store.sealing import seal
from custody.values import SECOND
from tests.builders import CLERK, NOW, Archive, signatures


def _events(database: Database, count: int, at: int = NOW) -> None:
    with database.writing() as connection:
        for _ in range(count):
            audit.note(connection, "signed_out", at, by=CLERK.person)


def test_what_is_new_is_sealed_once_and_nothing_new_enters_nothing(archive: Archive) -> None:
    books = archive.books
    assert seal(books) == 0
    _events(books.database, 3)
    assert (seal(books), seal(books)) == (1, 0)
    _events(books.database, 2)
    assert seal(books) == 1
    with books.database.reading() as connection:
        sealed = connection.execute(text("SELECT log, first, last, count FROM seal ORDER BY sequence")).all()
        assert [tuple(row) for row in sealed] == [("audit_event", 1, 3, 3), ("audit_event", 4, 5, 2)]
    assert books.rebuild_check() == []


def test_much_is_sealed_in_several_acts(sqlite_archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "ROWS_AT_ONCE", 4)
    _events(sqlite_archive.books.database, 10)
    assert seal(sqlite_archive.books) == 3
    assert sqlite_archive.books.rebuild_check() == []


def test_nobody_but_the_installation_seals(sqlite_archive: Archive) -> None:
    forged = LogSealed("audit_event", 1, 1, 1, "00" * 32)
    with pytest.raises(Refused) as refused:
        sqlite_archive.books.enter(CLERK, [forged], act="seal")
    assert refused.value.refusals[0].code == "not_permitted"
    sqlite_archive.books.enter(INSTALLATION, [forged], act="seal")
    assert any(line.startswith("seal ") for line in sqlite_archive.books.rebuild_check())


def test_a_row_that_is_still_being_written_is_waited_for_and_never_passed_over(archive: Archive) -> None:
    """Given a writer who has a lower number and has not committed, then the seal gives up, or comes after him."""
    books = archive.books
    if books.database.dialect != "postgresql":
        pytest.skip("one writer: nobody writes meanwhile")
    written, go_on = threading.Event(), threading.Event()

    def slowly() -> None:
        with books.database.writing() as connection:
            audit.note(connection, "signed_in", NOW, by=1)
            written.set()
            go_on.wait(30)

    writer = threading.Thread(target=slowly)
    writer.start()
    try:
        assert written.wait(30)
        assert seal(books) == 0
    finally:
        go_on.set()
        writer.join()
    _events(books.database, 1)
    assert seal(books) == 1
    assert books.rebuild_check() == []


def test_a_row_that_is_written_behind_the_seals_with_an_early_time_is_found(sqlite_archive: Archive) -> None:
    """Given sealed rows, when one is added as if it had been written the day before, then the check names it."""
    books = sqlite_archive.books
    _events(books.database, 2)
    seal(books)
    _events(books.database, 1, NOW - 86_400 * SECOND)
    (told,) = books.rebuild_check()
    assert told.startswith("audit_event 3: bears a time long before")


@pytest.mark.parametrize("signers", [0, 1])
def test_a_lost_key_is_not_replaced_with_fewer_than_two_signatures(sqlite_archive: Archive, signers: int) -> None:
    replaced = KeyReplaced("old", "new", 1, "root", "signed", "burnt")
    signed = signatures([replaced], NOW, *range(1, signers + 1))
    with pytest.raises(Refused) as refused:
        sqlite_archive.books.enter(INSTALLATION, [replaced], act="ledger_key", signatures=signed)
    assert [one.code for one in refused.value.refusals] == ["key_unsigned"]
