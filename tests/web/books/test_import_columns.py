"""Columns that no word is known for are guessed, shown, corrected and kept; errors come back beside their rows."""

import io
from collections.abc import Sequence
from typing import Any

import openpyxl
import pytest

from api.web import imports
from tests.builders import epc_of
from tests.web.books.test_acts import entries
from tests.web.books.test_import import upload
from tests.web.front import PASSWORD, Browser, Front, number_of, words

HEADER = ("序号", "资料名", "内部编号", "保密等级", "归口", "贴的码", "年检")
ROWS = tuple(
    (n, f"总体方案第{n}卷", f"NB-2026-{n:03}", "机密", "PLAN", epc_of(900 + n), f"2026-03-0{n}") for n in range(1, 7)
)


def a_ledger(*rows: Sequence[Any]) -> bytes:
    """Rows under headers that nobody knows."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("资料清单",), HEADER, *rows):
        sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def taken_as(page: str) -> dict[str, str]:
    """Column (from 0) of the first sheet -> the field that is chosen in its select."""
    found = {}
    for part in page.split('name="c.0.')[1:]:
        column, _, rest = part.partition('"')
        options = rest.partition("</select>")[0]
        before, chosen, _after = options.partition('" selected')
        found[column] = before.rpartition('value="')[2] if chosen else ""
    return found


GUESSED = {"0": "", "1": "title", "2": "number", "3": "level", "4": "unit", "5": "epc", "6": ""}


def test_columns_are_guessed_by_header_and_values_and_can_be_entered(front: Front) -> None:
    browser, before = front.signed_in("clerk"), entries(front)
    address = upload(browser, a_ledger(*ROWS)).headers["location"]
    page = browser.get(address).text
    assert taken_as(page) == GUESSED
    assert "perhaps — check" in words(page)
    assert "columns were guessed: please check" in words(page)
    assert entries(front) == before
    assert browser.send(address, do="enter").status_code == 200
    assert entries(front) == before + 12


def test_a_guess_is_corrected_kept_under_a_name_and_used_by_itself_next_time(front: Front) -> None:
    browser = front.signed_in("clerk")
    address = upload(browser, a_ledger(*ROWS)).headers["location"]
    chosen = {f"c.0.{column}": field for column, field in (GUESSED | {"6": "classified_on", "5": ""}).items()}
    assert browser.send(address, do="columns", keep_as="室里的清单", **chosen).status_code == 303
    page = browser.get(address).text
    assert taken_as(page) == GUESSED | {"6": "classified_on", "5": ""}
    assert "chosen by you" in words(page)
    again = upload(browser, a_ledger(*ROWS)).headers["location"]
    page = browser.get(again).text
    assert taken_as(page)["6"] == "classified_on"
    assert "Read with the columns kept under “室里的清单”" in words(page)
    # Nobody else's workbooks are read so, and it can be forgotten.
    other = front.signed_in("clerk2")
    assert taken_as(other.get(upload(other, a_ledger(*ROWS)).headers["location"]).text) == GUESSED
    assert browser.send("/import", forget="1").status_code == 303
    assert "室里的清单" not in words(browser.get("/import").text)


def test_titles_that_are_hidden_are_hidden_in_the_samples_too(front: Front) -> None:
    browser = front.signed_in("clerk")
    address = upload(browser, a_ledger(*ROWS)).headers["location"]
    assert "总体方案" in browser.get(address).text
    assert "总体方案" not in browser.get(f"{address}?titles=hide").text


WRONG = (
    (7, "总体方案第7卷", "NB-2026-007", "很密", "PLAN", epc_of(907), "2026-03-07"),
    (8, "总体方案第8卷", "NB-2026-008", "机密", "PLAN", "=1+1", "2026-03-08"),
)


def test_errors_are_filtered_by_kind_and_come_back_beside_their_rows(front: Front) -> None:
    browser = front.signed_in("clerk")
    address = upload(browser, a_ledger(*ROWS, *WRONG)).headers["location"]
    shown = words(browser.get(address).text)
    assert "No such level" in shown
    assert "This is a formula" in shown
    only = words(browser.get(f"{address}?kind=level_unknown").text)
    assert "This is a formula" not in only.partition("It says")[2].partition("What the columns hold")[0]
    answer = browser.get(f"{address}/errors.xlsx")
    assert answer.status_code == 200
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content))["Sheet"]
    heads = [cell.value for cell in sheet[2]]
    assert heads[:7] == list(HEADER)
    assert heads[7] == "Import errors"
    assert "No such level" in str(sheet["H9"].value)
    assert sheet["H3"].value is None
    # A formula comes back as a text that is none.
    assert (sheet["F10"].value, sheet["F10"].data_type) == ("'=1+1", "s")
    # Mended there, it comes in again; the column of errors is passed over.
    for row in range(9, 11):
        for cell in sheet[row]:
            cell.value = None
    out = io.BytesIO()
    assert sheet.parent is not None
    sheet.parent.save(out)
    clean = upload(browser, out.getvalue()).headers["location"]
    assert "it can be entered" in words(browser.get(clean).text)
    exports = words(front.signed_in("secrecy").get("/exports").text)
    assert "Errors of an import" in exports


def test_a_large_file_is_judged_and_entered_beside_the_pages(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "AT_ONCE_BYTES", 10)
    browser, before = front.signed_in("clerk"), entries(front)
    address = upload(browser, a_ledger(*ROWS)).headers["location"]
    finish(browser, address)
    assert "it can be entered" in words(browser.get(address).text)
    assert browser.send(address, do="enter").status_code == 303
    finish(browser, address)
    done = words(browser.get(address).text)
    assert "6 carriers entered under" in done
    assert entries(front) == before + 12


def finish(browser: Browser, address: str) -> None:
    """Wait until the work on a file is over."""
    works = browser.http.app.state.works  # type: ignore[attr-defined]
    work = works.get(address.rpartition("/")[2])
    assert work is None or work.wait(30)
    assert browser.get(f"{address}/progress").json() == {"over": True}


@pytest.mark.parametrize("entered", [True, False])
def test_a_restart_in_the_middle_finds_it_whole_or_not_at_all(
    front: Front, monkeypatch: pytest.MonkeyPatch, entered: bool
) -> None:
    monkeypatch.setattr(imports, "AT_ONCE_BYTES", 10)
    browser, before = front.signed_in("clerk"), entries(front)
    address = upload(browser, a_ledger(*ROWS)).headers["location"]
    finish(browser, address)
    app = browser.http.app
    folder = app.state.services.data / "imports"  # type: ignore[attr-defined]
    note = next(folder.glob("*.json"))
    kept = note.read_text(encoding="utf-8").replace('"judged"', '"entering"')
    if entered:
        assert browser.send(address, do="enter").status_code == 303
        finish(browser, address)
    note.write_text(kept, encoding="utf-8")
    del app.state.works  # type: ignore[attr-defined]
    page = words(browser.get(address).text)
    assert ("entered under" in page) is entered
    assert entries(front) == before + (12 if entered else 0)
    if not entered:
        assert "it can be entered" in page


def test_a_restart_while_it_is_judged_begins_again(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "AT_ONCE_BYTES", 10)
    browser = front.signed_in("clerk")
    address = upload(browser, a_ledger(*ROWS)).headers["location"]
    finish(browser, address)
    app = browser.http.app
    folder = app.state.services.data / "imports"  # type: ignore[attr-defined]
    note = next(folder.glob("*.json"))
    note.write_text(note.read_text(encoding="utf-8").replace('"judged"', '"new"'), encoding="utf-8")
    del app.state.works  # type: ignore[attr-defined]
    assert "At work on the workbook" in words(browser.get(address).text)
    finish(browser, address)
    assert "it can be entered" in words(browser.get(address).text)


def test_an_import_is_taken_back_by_two_persons_but_for_what_was_dealt_with(front: Front) -> None:
    browser = front.signed_in("clerk")
    address = upload(browser, a_ledger(*ROWS)).headers["location"]
    assert browser.send(address, do="enter").status_code == 200
    assert "6" in words(browser.get("/import/past").text)
    page = words(browser.get("/import/past/1").text)
    assert "Take it back" in page
    form = {"run": "1", "reason": "wrong sheet", "second": number_of("clerk2"), "password": PASSWORD}
    alone = browser.send("/business/new/take_back_import", **form)
    assert alone.status_code in (409, 422)
    signed = {"cosign.0.number": number_of("clerk2"), "cosign.0.password": PASSWORD}
    receipt = browser.enter("/business/new/take_back_import", **form, **signed)
    assert receipt.startswith("CD-2026-")
    assert "Taken back whole" in words(browser.get("/import/past").text)
    assert front.archive.books.rebuild_check() == []
    clean = upload(browser, a_ledger(*ROWS)).headers["location"]
    assert "it can be entered" in words(browser.get(clean).text)
    assert browser.get("/import/past/99").status_code == 404
