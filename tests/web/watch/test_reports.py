"""Exports, read again as a spreadsheet reads them: the same rows and columns, no formula, and on record."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import text

from api.reports import REPORTS, ReportUnknown, safe_text, write_report
from tests.builders import CLERK, SCHEME, SHELF
from tests.web.front import words
from tests.web.watch.house import House, Troubled, Visitor

Sheet = list[list[Any]]


def sheet_of(content: bytes) -> Sheet:
    """The cells of a workbook's first sheet; on none of its sheets stands a formula."""
    book = load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    assert not [cell for one in book.worksheets for row in one.iter_rows() for cell in row if cell.data_type == "f"]
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def download(visitor: Visitor, address: str) -> Sheet:
    """A workbook from an address."""
    answer = visitor.get(address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/vnd.openxmlformats")
    assert "attachment" in answer.headers["content-disposition"]
    return sheet_of(answer.content)


def column(sheet: Sheet, head: str) -> list[Any]:
    """The values under a head, down to the empty line over the foot."""
    at = sheet[0].index(head)
    values = []
    for row in sheet[1:]:
        if all(cell in (None, "") for cell in row):
            break
        values.append(row[at])
    return values


def exports(house: House) -> list[tuple[int, str, dict[str, str], int]]:
    """The log of exports: who, what, filters, rows."""
    with house.database.reading() as connection:
        rows = connection.execute(text("SELECT person, name, filters, rows FROM export_log ORDER BY id"))
        return [(row[0], row[1], json.loads(row[2]), row[3]) for row in rows]


def test_overdue_loans_are_listed_longest_first_with_who_holds_them(house: House) -> None:
    archive = house.scene.archive
    first, second = archive.carriers(2)
    archive.borrow(second, "sun", days=1)
    archive.borrow(first, "chen", days=3)
    house.scene.wait(5 * 86_400)
    clerk = house.client("clerk")
    sheet = download(clerk, "/reports/overdue.xlsx")
    assert column(sheet, "Holder") == ["Sun Li", "Chen Guodong"]
    assert column(sheet, "Holder's number") == ["1005", "1004"]
    assert column(sheet, "Days over") == [4, 2]
    page = words(clerk.page("/reports/overdue"))
    assert page.index("Sun Li") < page.index("Chen Guodong")
    assert "2 loans" in page
    assert column(download(clerk, "/reports/overdue.xlsx?unit=3"), "Holder") == ["Sun Li"]
    assert column(download(clerk, "/reports/overdue.xlsx?person=4"), "Holder") == ["Chen Guodong"]


def test_what_falls_due_today_is_another_question(house: House) -> None:
    archive = house.scene.archive
    late, today = archive.carriers(2)
    archive.borrow(late, "sun", days=1)
    archive.borrow(today, "chen", days=3)
    house.scene.wait(3 * 86_400)
    clerk = house.client("clerk")
    assert column(download(clerk, "/reports/overdue.xlsx?due=today"), "Holder") == ["Chen Guodong"]
    assert "1 loan falls due today" in words(clerk.page("/overview"))


def test_numbers_are_text_and_formulas_are_neutralised(house: House) -> None:
    evil = '=HYPERLINK("x";"y")'
    house.scene.archive.carrier(control_number="0012345678901234567890", title=evil)
    sheet = download(house.client("clerk"), "/reports/carriers.xlsx")
    assert column(sheet, "Number") == ["0012345678901234567890"]
    assert column(sheet, "Title") == [f"'{evil}"]
    assert column(sheet, "Copy") == [1]
    assert column(download(house.client("clerk"), "/reports/carriers.xlsx?col=tag"), "Tag") == [
        "3414F4A20000000000000001"
    ]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=30))
def test_no_text_becomes_a_formula(text_given: str) -> None:
    shown = safe_text(text_given)
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert shown.isprintable() or "\n" in shown or not text_given.isprintable()


def test_the_export_has_the_pages_columns_and_filters(house: House) -> None:
    archive = house.scene.archive
    archive.carriers(2)
    archive.borrow(archive.carrier(level="confidential"), "ma")
    sheet = download(house.client("clerk"), "/reports/carriers.xlsx?status=on_loan&col=number&col=status")
    assert sheet[0] == ["Number", "Copy", "Copies", "State"]
    assert column(sheet, "State") == ["On loan"]


def test_who_exported_what_is_in_the_foot_and_on_record(house: House) -> None:
    house.scene.archive.carriers(3)
    clerk = house.client("clerk")
    foot = " ".join(str(row[0]) for row in download(clerk, "/reports/carriers.xlsx?level=secret") if row[0])
    assert "Exported by 周敏, 2026-11-20 10:00:00; 3 rows" in foot
    assert "level=secret" in foot
    assert "Highest level in this file: Secret" in foot
    assert exports(house) == [(1, "carriers", {"level": "secret"}, 3)]


def test_the_words_of_a_search_are_neither_in_the_file_nor_in_the_log(house: House) -> None:
    house.scene.archive.carrier(title="远山七号 密文")
    clerk = house.client("clerk")
    found = clerk.post("/search", q="远山七号").headers["location"]
    sheet = download(clerk, found.replace("/search?", "/reports/carriers.xlsx?") + "&col=number")
    assert len(column(sheet, "Number")) == 1
    assert "远山七号" not in str(sheet) + str(exports(house))


def test_findings_and_sweeps_are_exported_as_their_pages_show_them(house: House, troubled: Troubled) -> None:
    clerk = house.client("clerk")
    kinds = column(download(clerk, "/reports/findings.xlsx"), "Kind")
    assert len(kinds) == len(house.scene.found())
    assert column(download(clerk, "/reports/findings.xlsx?kind=unknown_tag"), "Tag") == ["3414F4A2FFFFFFFFFFFF0001"]
    number = clerk.post("/rounds", place=str(SHELF)).headers["location"].rsplit("/", 1)[1]
    clerk.post(f"/rounds/{number}/scan", scan="YS-2026-00001")
    sheet = download(clerk, f"/reports/round.xlsx?round={number}")
    assert column(sheet, "Result").count("In place") == 1
    assert "Not found" in column(sheet, "Result")
    assert clerk.get("/reports/round.xlsx?round=QC-2026-9999").status_code == 404
    assert [name for _, name, _, _ in exports(house)] == ["findings", "findings", "round"]


def test_a_closed_finding_is_exported_with_why(house: House, troubled: Troubled) -> None:
    house.scene.archive.give_back(troubled.back)
    house.scene.check()
    (why,) = column(download(house.client("clerk"), "/reports/findings.xlsx?state=closed"), "Resolution")
    assert why.startswith("the books have it as")


def test_what_one_may_not_see_is_in_no_export(house: House) -> None:
    archive = house.scene.archive
    hidden = archive.carrier(level="top_secret", unit=3, title="绝密之事")
    archive.borrow(hidden, "manager", days=1)
    archive.borrow(archive.carrier(unit=3), "sun", days=1)
    house.scene.wait(3 * 86_400)
    house.scene.check("overdue_loan")
    manager = house.client("sun")
    for name in REPORTS:
        sheet = download(manager, f"/reports/{name}.xlsx")
        assert "绝密之事" not in str(sheet)
        assert len(column(sheet, "Number")) == 1
        assert len(column(download(house.client("clerk"), f"/reports/{name}.xlsx"), "Number")) == 2


def test_titles_hidden_on_the_device_are_not_exported(house: House) -> None:
    house.scene.archive.carriers(1)
    clerk = house.client("clerk")
    clerk.page("/carriers?titles=hide")
    assert column(download(clerk, "/reports/carriers.xlsx"), "Title") == ["title hidden"]


@pytest.mark.parametrize("who", ["chen", "admin", "ma"])
@pytest.mark.parametrize("address", ["/reports", "/reports/overdue", "/reports/overdue.xlsx", "/reports/carriers.xlsx"])
def test_without_reports_nothing_is_exported(house: House, who: str, address: str) -> None:
    assert house.client(who).get(address).status_code == 403
    assert not exports(house)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_command_line_writes_the_same_workbooks(house_on_both: House, language: str) -> None:
    house_on_both.scene.archive.carriers(2)
    for name in REPORTS:
        out = io.BytesIO()
        with house_on_both.database.reading() as connection:
            rows = write_report(name, connection, CLERK, SCHEME, house_on_both.scene.now, out, language)
        assert rows == (2 if name == "carriers" else 0)
        assert sheet_of(out.getvalue())
    with house_on_both.database.reading() as connection, pytest.raises(ReportUnknown):
        write_report("nothing", connection, CLERK, SCHEME, house_on_both.scene.now, io.BytesIO(), language)


def test_rest_gives_the_same_report(house: House) -> None:
    archive = house.scene.archive
    archive.borrow(archive.carrier(), "sun", days=1)
    house.scene.wait(3 * 86_400)
    clerk = house.client("clerk")
    assert [item["holder"]["number"] for item in clerk.get("/api/v1/reports/overdue").json()["items"]] == ["1005"]
    assert clerk.get("/api/v1/reports/overdue?unit=4").json()["items"] == []
    assert column(sheet_of(clerk.get("/api/v1/reports/overdue.xlsx").content), "Holder") == ["Sun Li"]
