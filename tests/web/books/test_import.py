"""A workbook is judged before a word of it is entered, and entered only when confirmed."""

import io
from collections.abc import Sequence
from typing import Any

import openpyxl
import pytest

from custody.values import SECOND
from tests.builders import epc_of
from tests.web.books.test_acts import entries
from tests.web.front import Browser, Front, words

HEADER = ("编号", "标题", "密级", "保密期限", "种类", "责任单位", "存放地点", "标签", "使用范围")
GOOD = ("WS-1", "选址报告", "机密", "20年", "文件", "PLAN", "B1-01-1", epc_of(901), "全体")
NO_TAG = ("WS-2", "工艺规程", "机密", "20年", "文件", "PLAN", "B1-01-1", "xyz", "全体")
NO_UNIT = ("WS-3", "工艺规程", "机密", "20年", "文件", "NOWHERE", "B1-01-1", "", "全体")
TOO_LONG = ("WS-4", "工艺规程", "机密", "25年", "文件", "PLAN", "B1-low", "", "全体")


def a_workbook(*rows: Sequence[Any]) -> bytes:
    """A ledger with these rows under the usual header."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "载体"
    sheet.append(list(HEADER))
    for row in rows:
        sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def upload(browser: Browser, data: bytes) -> Any:
    """Send the form with the file."""
    files = {"workbook": ("ledger.xlsx", data, "application/octet-stream")}
    return browser.http.post("/import", data={"csrf": browser.csrf}, files=files)


def test_a_clean_workbook_is_shown_then_confirmed_then_entered(front_on_both: Front) -> None:
    front, browser = front_on_both, front_on_both.signed_in("clerk")
    before = entries(front)
    address = upload(browser, a_workbook(GOOD)).headers["location"]
    shown = words(browser.get(address).text)
    assert "No errors: it can be entered" in shown
    assert entries(front) == before
    done = browser.send(address, do="enter")
    assert done.status_code == 200, words(done.text)
    assert "DJ-2026-" in done.text
    assert entries(front) == before + 3
    assert "选址报告" in browser.get("/carriers").text
    assert browser.get(address).status_code == 404


def test_every_error_of_every_row_is_shown_and_nothing_can_be_entered(front: Front) -> None:
    browser = front.signed_in("clerk")
    before = entries(front)
    address = upload(browser, a_workbook(GOOD, NO_TAG, NO_UNIT, TOO_LONG)).headers["location"]
    page = browser.get(address).text
    shown = words(page)
    for said in (
        "not whole bytes in hexadecimal",
        "No such unit",
        "a.5 The period is beyond",
        "f.2 B1-low is rated",
        "row 5",
    ):
        assert said in shown, said
    assert 'value="enter"' not in page
    assert browser.send(address, do="enter").status_code == 409
    assert entries(front) == before


def test_what_was_registered_meanwhile_is_seen_at_the_confirmation(front: Front) -> None:
    browser = front.signed_in("clerk")
    first = upload(browser, a_workbook(GOOD)).headers["location"]
    second = upload(browser, a_workbook(GOOD)).headers["location"]
    assert browser.send(first, do="enter").status_code == 200
    before = entries(front)
    assert browser.send(second, do="enter").status_code == 409
    assert entries(front) == before


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "Choose a file"), (b"PK\x03\x04broken", "workbook"), (b"number,title\n1,x\n", "save it as .xlsx")],
)
def test_what_is_no_workbook_is_named_at_its_field(front: Front, data: bytes, said: str) -> None:
    answer = upload(front.signed_in("clerk"), data)
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert 'href="#workbook"' in answer.text


def test_it_waits_for_its_own_person_and_for_an_hour(front: Front) -> None:
    browser = front.signed_in("clerk")
    address = upload(browser, a_workbook(GOOD)).headers["location"]
    assert front.signed_in("secrecy").get(address).status_code == 403
    front.clock.at += 1700 * SECOND
    assert browser.get(address).status_code == 200
    front.clock.at += 1700 * SECOND
    browser.get("/import")
    front.clock.at += 300 * SECOND
    assert browser.get(address).status_code == 404


def test_thrown_away_means_gone_from_the_disk(front: Front) -> None:
    browser = front.signed_in("clerk")
    address = upload(browser, a_workbook(GOOD)).headers["location"]
    folder = browser.http.app.state.services.data / "imports"  # type: ignore[attr-defined]
    assert list(folder.iterdir())
    assert all(file.stat().st_mode & 0o077 == 0 for file in folder.iterdir())
    browser.send(address, do="discard")
    assert not list(folder.iterdir())


@pytest.mark.parametrize("name", ["../../etc", "0" * 32, "x"])
def test_no_other_file_can_be_named(front: Front, name: str) -> None:
    assert front.signed_in("clerk").get(f"/import/{name}").status_code == 404
