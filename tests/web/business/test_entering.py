"""An act of very many facts is entered beside the pages, whole or not at all, and the page says what came of it."""

import time
from typing import Any

import pytest

from api.web.business import acting, entering
from tests.web.books.test_acts import entries
from tests.web.books.test_import import upload
from tests.web.books.test_import_columns import ROWS, a_ledger
from tests.web.front import PASSWORD, Browser, Front, number_of, words

TAKE_BACK = "/business/new/take_back_import"
WAIT_SECONDS = 60


@pytest.fixture
def imported(front: Front, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """The clerk, who has imported six carriers; an act of more than three is a long one."""
    browser = front.signed_in("clerk")
    address = upload(browser, a_ledger(*ROWS)).headers["location"]
    assert browser.send(address, do="enter").status_code == 200
    monkeypatch.setattr(entering, "AT_ONCE_FACTS", 3)
    return browser


def taken_back(browser: Browser, **more: str) -> str:
    """Sign the taking back of the import; the address that the answer leads to."""
    form = {"run": "1", "reason": "wrong sheet", "second": number_of("clerk2"), "password": PASSWORD}
    signed = {"cosign.0.number": number_of("clerk2"), "cosign.0.password": PASSWORD}
    answer = browser.send(TAKE_BACK, **form, **signed, **more)
    assert answer.status_code == 303, words(answer.text)
    place: str = answer.headers["location"]
    return place


def over(browser: Browser, address: str) -> Any:
    """The page of the work once it is over."""
    until = time.monotonic() + WAIT_SECONDS
    while not browser.get(f"{address}/progress").json()["over"]:
        assert time.monotonic() < until, "it never ended"
        time.sleep(0.01)
    return browser.get(address)


def endless(visit: Any, ready: Any, told: Any) -> Any:
    """Work that does not end until somebody stops it."""
    while True:
        told(1)
        time.sleep(0.01)


def test_it_is_entered_and_leads_where_one_came_from(front: Front, imported: Browser) -> None:
    before = entries(front)
    address = taken_back(imported, back="/import/past/1")
    assert address.startswith("/entering/")
    answer = over(imported, address)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/import/past/1?done=CD-2026-")
    assert entries(front) == before + 6
    assert "Taken back whole" in words(imported.get("/import/past").text)


def test_a_large_import_is_taken_back_part_by_part(
    front: Front, imported: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("api.acts.taking_back", "api.web.imports"):
        monkeypatch.setattr(f"{module}.TAKEN_MAX", 4)
    assert "At most 4 are taken back in one act" in words(imported.get("/import/past/1").text)
    before = entries(front)
    over(imported, taken_back(imported))
    assert entries(front) == before + 4
    assert "At most 4" not in words(imported.get("/import/past/1").text)
    assert taken_back(imported).startswith("/acts/CD-2026-")
    assert entries(front) == before + 6


def test_what_stands_against_it_is_shown_on_the_form_and_nothing_is_entered(
    front: Front, imported: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a signed act, when one of its carriers is reported lost before it is entered, then all is refused."""
    lost: list[int] = []

    def overtaken(visit: Any, ready: Any, told: Any) -> Any:
        front.archive.lose(ready.facts[2].carrier)
        lost.append(entries(front))
        return acting.enter(visit, ready, told)

    monkeypatch.setattr(entering, "enter", overtaken)
    answer = over(imported, taken_back(imported))
    assert answer.status_code == 409
    assert 'name="reason"' in answer.text
    assert "wrong sheet" in answer.text
    assert [entries(front)] == lost
    assert front.archive.books.rebuild_check() == []


def test_it_can_be_stopped_while_nothing_is_entered(
    front: Front, imported: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entering, "enter", endless)
    before = entries(front)
    address = taken_back(imported)
    assert "It is entered as one" in words(imported.get(address).text)
    assert imported.send(address).status_code == 303
    assert "Stopped. Nothing was entered." in words(imported.get(address).text)
    assert entries(front) == before


def test_what_fails_says_so_with_a_way_back(
    front: Front, imported: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(visit: Any, ready: Any, told: Any) -> Any:
        raise OSError("no space left on device")

    monkeypatch.setattr(entering, "enter", broken)
    page = over(imported, taken_back(imported)).text
    assert "Nothing has changed" in words(page)
    assert f'href="{TAKE_BACK}"' in page
    assert "no space left" not in caplog.text


def test_it_is_shown_to_nobody_else_and_after_a_restart_one_is_told_where_to_look(
    front: Front, imported: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entering, "enter", endless)
    address = taken_back(imported)
    other = front.signed_in("clerk2")
    for visitor, where in ((other, address), (imported, "/entering/0123")):
        answer = visitor.get(where)
        assert answer.status_code == 404
        assert "entered whole or not at all" in words(answer.text)
    other.send(address)
    assert "It is entered as one" in words(imported.get(address).text)
    imported.send(address)
