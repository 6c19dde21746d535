"""A long list is written beside the pages, fetched by who asked for it, on record, and gone after an hour."""

import re
from pathlib import Path
from typing import Any

import pytest

from api.web import exports, lists, made, reports
from api.web.working import works_of
from tests.web.front import words
from tests.web.watch.house import House
from tests.web.watch.test_reports import column, download
from tests.web.watch.test_reports import exports as logged


@pytest.fixture(autouse=True)
def a_list_of_three_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than two rows are not written while one waits."""
    for module in (exports, lists, reports):
        monkeypatch.setattr(module, "AT_ONCE_ROWS", 2)


def begun(house: House, visitor: Any, address: str) -> str:
    """The page of a workbook that is made beside, when it is over."""
    answer = visitor.get(address)
    assert answer.status_code == 303, answer.text
    page = str(answer.headers["location"])
    work = works_of(house.app).get(page.rsplit("/", 1)[1])
    assert work is not None
    assert work.wait(60)
    return page


def files(house: House) -> list[Path]:
    """What lies in the folder."""
    return sorted((house.services.data / "made").glob("*"))


@pytest.mark.parametrize("address", ["/reports/carriers.xlsx?level=secret", "/people.xlsx"])
def test_a_long_list_is_made_beside_and_fetched_from_its_own_address(house: House, address: str) -> None:
    house.scene.archive.carriers(3, level="secret")
    clerk = house.client("clerk")
    page = begun(house, clerk, address)
    assert logged(house) == []
    assert "Ready" in words(clerk.page(page))
    assert clerk.get(f"{page}/progress").json() == {"over": True}
    sheet = download(clerk, f"{page}.xlsx")
    rows = len(column(sheet, sheet[0][0]))
    assert rows >= 3
    assert [(name, count) for _, name, _, count in logged(house)] == [
        (re.sub(r".*/(\w+)\.xlsx.*", r"\1", address), rows)
    ]
    # Fetched again, it is logged again.
    download(clerk, f"{page}.xlsx")
    assert len(logged(house)) == 2


def test_a_short_list_is_given_at_once(house: House) -> None:
    house.scene.archive.carriers(2)
    assert len(column(download(house.client("clerk"), "/reports/carriers.xlsx"), "Number")) == 2
    assert not (house.services.data / "made").exists()


def test_nobody_else_fetches_it_and_it_is_gone_after_an_hour(house: House) -> None:
    house.scene.archive.carriers(3)
    page = begun(house, house.client("clerk"), "/reports/carriers.xlsx")
    assert [path.stat().st_mode & 0o777 for path in files(house)] == [0o600, 0o600]
    other = house.client("sun")
    for address in (page, f"{page}.xlsx", f"{page}/progress"):
        assert other.get(address).status_code == 404
    house.scene.wait(made.KEPT_SECONDS + 1)
    assert house.client("clerk").get(f"{page}.xlsx").status_code == 404
    assert files(house) == []
    assert logged(house) == []


def test_what_was_thrown_away_is_gone(house: House) -> None:
    house.scene.archive.carriers(3)
    clerk = house.client("clerk")
    page = begun(house, clerk, "/reports/carriers.xlsx")
    assert clerk.post(page).headers["location"] == "/carriers"
    assert files(house) == []
    assert clerk.get(page).status_code == 404


def test_work_that_failed_leaves_nothing_and_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.scene.archive.carriers(3)
    clerk = house.client("clerk")
    monkeypatch.setattr(reports, "write_for", lambda *_given: 1 / 0)
    page = begun(house, clerk, "/reports/carriers.xlsx?sort=-number")
    said = clerk.page(page)
    assert "Nothing was exported" in words(said)
    assert 'href="/reports/carriers.xlsx?sort=-number"' in said
    assert [path.suffix for path in files(house)] == [".json"]
    assert clerk.get(f"{page}.xlsx").status_code == 404
