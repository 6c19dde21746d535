"""What is overdue, on the page and in the workbook: the same loans, numbers as text, and on record who took them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from custody import clock
from custody.store import queries
from tests.journeys.house import CLERK, LATE_BORROWER, House
from tests.journeys.watchful import Visitor

pytestmark = [pytest.mark.browser]


def test_the_overdue_report_and_its_workbook_tell_the_same(
    somebody: Callable[[str], Visitor], house: House, tmp_path: Path
) -> None:
    clerk = somebody(CLERK)
    page = clerk.page
    with house.books.database.reading() as connection:
        late = queries.loans(connection, house.asking(CLERK), clock.now(), overdue_only=True, limit=50).items
    assert late

    clerk.open("/overview")
    page.locator("#today a[href^='/reports/overdue']").first.click()
    for item in late:
        expect(page.locator("main")).to_contain_text(item.control_number)
    with page.expect_download() as waiting:
        page.locator("a[href^='/reports/overdue.xlsx']").click()
    target = tmp_path / "overdue.xlsx"
    waiting.value.save_as(target)

    book = load_workbook(target)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    shown = {str(cell.value) for cell in cells}
    assert {item.control_number for item in late} <= shown
    assert LATE_BORROWER in {cell.value for cell in cells}, "a staff number is text"
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert any("周敏" in text for text in shown), "who exported it stands in the foot"
    book.close()
