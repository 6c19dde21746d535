"""The sample archive: always the same, read without an error, and taken whole into the books."""

import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from api.workbook import Plan, Workbook, read_workbook, resolve, shift_loans
from custody.access import INSTALLATION
from custody.clock import end_of_day
from custody.database import Database
from custody.register import Directory
from custody.store.books import Books
from fixtures import make_archive
from tests.builders import books_on
from tests.workbook.builders import NOW, SCHEME

ARCHIVE = Path(make_archive.__file__).with_name("archive.xlsx")


@cache
def sample() -> Workbook:
    """The sample as it lies in the repository."""
    return read_workbook(ARCHIVE.read_bytes(), scheme=SCHEME)


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_file_is_what_its_maker_makes_byte_by_byte() -> None:
    # Part by part: how tightly zlib packs is its own affair.
    assert parts(ARCHIVE.read_bytes()) == parts(make_archive.build())


def test_it_reads_without_error_or_note() -> None:
    found = sample()
    assert (found.errors, found.notes, found.as_of) == ((), (), "2026-11-20")
    assert (len(found.units), len(found.places), len(found.persons), len(found.carriers)) == (4, 24, 30, 500)


def test_it_reads_back_as_it_was_written() -> None:
    written = {(row.number, row.copy): row for row in make_archive.carriers()}
    for carrier in sample().carriers:
        row = written[carrier.number, carrier.copy]
        said = (row.title, row.copies, row.home, row.epc, row.holder, (row.due_on or "") and f"{row.due_on}")
        assert said == (carrier.title, carrier.copies, carrier.home, carrier.epc, carrier.holder, carrier.due_on)


def test_it_looks_like_an_archive() -> None:
    carriers = sample().carriers
    english = sum(carrier.title.isascii() for carrier in carriers)
    kinds = Counter(carrier.kind for carrier in carriers)
    epcs = [carrier.epc for carrier in carriers if carrier.epc]
    assert 100 <= english <= 150
    assert len(kinds) >= 6
    assert {carrier.level for carrier in carriers} == {level.code for level in SCHEME.levels}
    assert all(re.fullmatch("3414F4A2[0-9A-F]{16}", epc) for epc in epcs)
    assert len(set(epcs)) == len(epcs) >= 450
    assert any(carrier.copies > 10 for carrier in carriers)


def test_forty_are_on_loan_and_seven_of_them_long_overdue_each_with_another_person() -> None:
    lent = [carrier for carrier in sample().carriers if carrier.holder]
    overdue = [carrier for carrier in lent if carrier.due_on < "2026-11-20"]
    late = {carrier.holder for carrier in overdue}
    assert (len(lent), len(overdue), len(late)) == (40, 7, 7)
    assert all("2025-01-01" < carrier.due_on < "2026-04-01" for carrier in overdue)
    assert sum(carrier.holder in late for carrier in lent) == 7


@pytest.mark.parametrize("shelf", ["B1-01-1", "B1-01-2", "B1-01-3"])
def test_the_shelves_that_are_heard_hold_tagged_carriers(shelf: str) -> None:
    here = [carrier for carrier in sample().carriers if carrier.home == shelf]
    assert 16 <= len(here) <= 20
    assert all(carrier.epc for carrier in here)
    assert sum(bool(carrier.holder) for carrier in here) <= 1


def test_its_list_names_what_the_readers_hear() -> None:
    lines = list(make_archive.listing())
    heard = {c.epc for c in sample().carriers if c.home in make_archive.HEARD}
    before_overdue = lines[: lines.index("# overdue")]
    assert {line.split()[2] for line in before_overdue if not line.startswith("#")} == heard


def test_the_books_take_it_whole_with_its_loans_as_they_were(new_sqlite: Callable[[], str]) -> None:
    with Database.open(new_sqlite()) as database:
        books = books_on(database, lambda: NOW)
        plan = resolve(sample(), Directory(), scheme=SCHEME, now=NOW, allocate=books.reserve)
        assert plan.errors == ()
        enter_all(books, plan)
        assert books.rebuild_check() == []
        with database.reading() as connection:
            assert books.position(connection) == len(plan.facts) + 40


def test_shifted_to_a_later_day_the_books_take_it_too(new_sqlite: Callable[[], str]) -> None:
    later = end_of_day("2027-03-01", SCHEME.timezone)
    with Database.open(new_sqlite()) as database:
        books = books_on(database, lambda: later)
        plan = resolve(sample(), Directory(), scheme=SCHEME, now=later, allocate=books.reserve)
        shifted = shift_loans(plan, 101)
        assert sum(loan.fact.due_at < later for loan in shifted.loans) == 7
        enter_all(books, shifted)
        assert books.rebuild_check() == []


def enter_all(books: Books, plan: Plan) -> None:
    """The directory and carriers in one act, the loans by the day on which they were made."""
    books.enter(INSTALLATION, plan.facts, act="take_in")
    for borrowed_at, lent in plan.loans_by_day():
        books.enter(INSTALLATION, lent, act="take_in", happened_at=borrowed_at)
