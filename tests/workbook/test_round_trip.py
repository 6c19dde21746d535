"""What was exported and is imported again changes nothing; where a cell says otherwise it is named, never taken."""

import io
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from api.importing import enter_workbook, plan_workbook, read_with_guesses
from api.reports import CARRIER_COLUMNS, Asked, carriers_flowing, write_workbook
from api.workbook.neutral import neutral, restored
from custody.access import INSTALLATION
from custody.clock import end_of_day
from custody.entries import Borrowed, Fact, Imported, Shelved, TagBound
from custody.values import Description, Period, Scope, Tag
from tests.builders import CLERK, PEOPLE, SCHEME, SHELF, Archive, epc_of

LETTERS = st.sampled_from("总体方案一二号AaZz09 =+-@'|%＝＋（）.,#/\"")
TITLES = st.text(LETTERS, min_size=1, max_size=16).filter(str.strip)
PERIODS = st.sampled_from(
    [
        *(Period("maximum"), Period("years", "5"), Period("years", "20"), Period("months", "18")),
        *(Period("date", "2031-02-28"), Period("condition", "项目验收后", "院长"), Period("long_term", "", "院长")),
    ]
)
DESCRIPTIONS = st.builds(
    lambda title, kind, level, period, copies, pages: {
        "title": title,
        "kind": kind,
        "level": level,
        "copies": copies,
        "pages": pages,
        "period": Period("none") if level == "internal" else period,
    },
    TITLES,
    st.sampled_from(["document", "disc", "drive", "film", "computer", "other"]),
    st.sampled_from(["secret", "confidential", "internal"]),
    PERIODS,
    st.integers(1, 3),
    st.none() | st.integers(1, 400),
)


def archived(archive: Archive, described: list[dict[str, Any]]) -> list[int]:
    """These carriers taken in; of each third one shelved and lent, of the second without a tag."""
    ids = list(archive.books.reserve("carrier", len(described)))
    facts: list[Fact] = []
    lent: list[Fact] = []
    for number, (carrier, said) in enumerate(zip(ids, described, strict=True)):
        kept = Description(
            f"RT-{carrier:04}", said["copies"], **said, scope=Scope(("all",)), unit=4, classified_on="2026-01-05"
        )
        facts.append(Imported(carrier, kept))
        if number % 3 != 1:
            facts.append(TagBound(carrier, Tag(epc_of(carrier))))
        if said["level"] != "top_secret":
            facts.append(Shelved(carrier, SHELF))
        if number % 3 == 2:
            lent.append(Borrowed(carrier, PEOPLE["chen"], end_of_day("2027-01-05", SCHEME.timezone)))
    archive.books.enter(INSTALLATION, facts, act="take_in")
    if lent:
        archive.books.enter(INSTALLATION, lent, act="take_in")
    return ids


def exported(archive: Archive, language: str, **asked: Any) -> bytes:
    """The list of carriers as the page exports it."""
    out = io.BytesIO()
    wanted = Asked(columns=tuple(CARRIER_COLUMNS), **asked)
    now = archive.books.clock()
    with archive.books.database.reading() as connection:
        report = carriers_flowing(connection, CLERK, archive.books.scheme, now, language, wanted)
        write_workbook(report, CLERK, archive.books.scheme, now, out, language, {"status": "in_place"})
    return out.getvalue()


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_archive_comes_back_unchanged(data: st.DataObject, sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    archived(archive, data.draw(st.lists(DESCRIPTIONS, min_size=1, max_size=5)))
    language = data.draw(st.sampled_from(["zh", "en"]))
    titles = data.draw(st.booleans())
    with archive.books.database.reading() as connection:
        before = archive.books.position(connection)
    workbook = read_with_guesses(archive.books, exported(archive, language, titles=titles))
    plan = plan_workbook(archive.books, CLERK, workbook, dry=False)
    assert [(error.cell, error.code, error.value, dict(error.params)) for error in plan.errors] == []
    assert plan.facts == ()
    assert plan.counts["unchanged"] == len(workbook.carriers) > 0
    assert enter_workbook(archive.books, CLERK, workbook) == ()
    with archive.books.database.reading() as connection:
        assert archive.books.position(connection) == before


CHANGES: dict[str, tuple[str, Any]] = {
    "Title": ("title", "另一个标题"),
    "Level": ("level", "Confidential"),
    "Period": ("period", "3 years"),
    "Pages": ("pages", 999),
    "Home": ("home", "B1-01-2"),
    "Unit": ("unit", "研究院"),
    "Holder": ("holder", "1009"),
    "Tag": ("epc", epc_of(4711)),
    "Kind": ("kind", "disc"),
}


@pytest.mark.parametrize("head", CHANGES)
def test_a_cell_that_says_otherwise_is_named_and_nothing_is_entered(sqlite_archive: Archive, head: str) -> None:
    said = {"title": "总体方案", "kind": "document", "level": "secret", "period": Period("years", "5")}
    archived(sqlite_archive, [said | {"copies": 1, "pages": 12}] * 3)
    book = load_workbook(io.BytesIO(exported(sqlite_archive, "en")))
    sheet = book.active
    assert sheet is not None
    heads = [cell.value for cell in sheet[1]]
    row = 4 if head == "Holder" else 2
    at = sheet.cell(row, heads.index(head) + 1)
    at.value = CHANGES[head][1]
    if head == "Holder":
        sheet.cell(row, heads.index("Holder's number") + 1).value = None
    out = io.BytesIO()
    book.save(out)
    plan = plan_workbook(sqlite_archive.books, CLERK, read_with_guesses(sqlite_archive.books, out.getvalue()))
    found = [(error.cell, error.code) for error in plan.errors if error.code != "copies_disagree"]
    assert (at.coordinate, "cell_differs") in found
    assert len(found) == 1


@given(TITLES | st.text(max_size=12))
def test_what_was_neutralised_is_restored(text: str) -> None:
    shown = neutral(text)
    kept = "".join(c for c in text if c in "\t\n\r" or ord(c) > 31)
    assert restored(shown) == kept
    assert not shown[:1] or shown[0] not in "=+-@|%＝＋－＠\t\r\n"


def test_the_foot_is_no_row(sqlite_archive: Archive) -> None:
    said = {"title": "总体方案", "kind": "document", "level": "secret", "period": Period("years", "5")}
    archived(sqlite_archive, [said | {"copies": 1, "pages": None}])
    workbook = read_with_guesses(sqlite_archive.books, exported(sqlite_archive, "zh"))
    assert [row.number for row in workbook.carriers] == ["RT-0001"]
    assert [note.code for note in workbook.notes if note.code == "rows_ignored"] == ["rows_ignored"]
    assert workbook.errors == ()
