"""Every page, as everybody: nothing is asked elsewhere, nothing is stopped by the policy, nothing is out of reach."""

import re

import pytest
from playwright.sync_api import Browser

from tests.journeys.conftest import Enter
from tests.journeys.crawl import INLINE, faults, walk
from tests.journeys.house import (
    AUDITOR,
    BORROWER,
    CLERK,
    COMMITTEE,
    LEADER,
    MANAGER,
    SECRECY_OFFICE,
    SECURITY,
    SYSTEM,
    House,
)
from tests.journeys.watchful import Visitor, Watched, a_visitor
from tests.prove.record import WHOLE

pytestmark = pytest.mark.browser

WALKS = (
    (CLERK, "zh"),
    (SECRECY_OFFICE, "en"),
    (BORROWER, "en"),
    (SYSTEM, "zh"),
    (SECURITY, "en"),
    (AUDITOR, "zh"),
    (MANAGER, "zh"),
    (LEADER, "en"),
    (COMMITTEE, "zh"),
)
WALKED = WALKS if WHOLE else (WALKS[2], WALKS[3])
"""Everybody walks in `make prove`; in `make test` one who sees some of the business, and one who may see none of it."""
ADMINISTRATORS = (SYSTEM, SECURITY, AUDITOR)
BUSINESS = ("/carriers", "/findings", "/rounds", "/desk", "/take-in", "/import", "/reports/overdue")
CONTROL_NUMBER = re.compile(r"YS-20\d\d-\d{5}")


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize(("number", "language"), WALKED)
def test_every_page_that_links_lead_to(enter: Enter, house: House, number: str, language: str) -> None:
    visitor = enter(number, language)
    titles = {item.title for item in house.carriers("B1-01-1")}
    wrong = {}
    for path in walk(visitor):
        found = faults(visitor)
        if number in ADMINISTRATORS:
            shown = visitor.page.content()
            found += [f"business data: {one}" for one in CONTROL_NUMBER.findall(shown)]
            found += [f"business data: {one}" for one in titles if one in shown]
        if found:
            wrong[path] = found
    assert not wrong, "\n".join(f"{path}: {one}" for path, found in wrong.items() for one in found)


@pytest.mark.parametrize("number", ADMINISTRATORS)
def test_the_three_administrators_open_no_business_page(enter: Enter, house: House, number: str) -> None:
    visitor = enter(number)
    carrier = house.carriers("B1-01-1")[0].id
    for path in (*BUSINESS, f"/carriers/{carrier}", f"/carriers/{carrier}/borrow", "/search"):
        answer = visitor.context.request.get(house.url + path, max_redirects=0)
        assert answer.status in (403, 404, 405), f"{path}: {answer.status}"
        assert not CONTROL_NUMBER.search(answer.text()), path


def test_hidden_and_absent_look_the_same(enter: Enter, house: House) -> None:
    borrower = enter(BORROWER)
    (hidden,) = [item for item in house.carriers("B1-01-1") if item.scope == ("unit:3",)]
    pages = []
    for path in (f"/carriers/{hidden.id}", "/carriers/999999"):
        answer = borrower.open(path)
        assert answer.status == 404
        pages.append(borrower.page.locator("main").inner_text())
        assert faults(borrower) == []
    assert pages[0] == pages[1]


@pytest.mark.parametrize("path", ["/accounts", "/desk"])
def test_what_is_not_open_says_so_on_a_page_like_any_other(enter: Enter, path: str) -> None:
    borrower = enter(BORROWER, "en")
    assert borrower.open(path).status == 403
    assert faults(borrower) == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_door_is_a_page_like_any_other(enter: Enter, language: str) -> None:
    visitor = enter(CLERK, language)
    visitor.context.clear_cookies(name="custody_session")
    visitor.open("/sign-in")
    assert faults(visitor) == []


UNLINKED = ("/api/v1/docs", "/sign-in", "/confirm", "/me/password", "/no/such/page", "/carriers/999999/borrow")
"""Pages that no link leads to, and answers that are no page at all."""
DOWNLOADS = ("/reports/carriers.xlsx", "/reports/findings.xlsx", "/exports.xlsx", "/balance.xlsx", "/undertakings.xlsx")


@pytest.mark.parametrize("number", [number for number, _ in WALKS] if WHOLE else [SECRECY_OFFICE])
def test_what_no_link_leads_to_what_is_printed_and_what_is_taken_away_asks_nobody_else(
    enter: Enter, house: House, number: str
) -> None:
    """Promise 5, beside the walk: the interface's description, the door, errors, forms on paper, files.

    The context hears every request, a service worker's too; it is compared with the own origin when it closes.
    """
    visitor = enter(number, "en")
    workers: list[str] = []
    visitor.context.on("serviceworker", lambda worker: workers.append(worker.url))
    asked: dict[str, int] = {}
    for path in UNLINKED:
        answer = visitor.open(path)
        asked[path] = answer.status
        assert visitor.page.evaluate(INLINE) == [], path
        assert visitor.stopped() == [], path
    assert asked["/no/such/page"] == 404
    assert asked["/api/v1/docs"] == 200
    for path in _forms(visitor, house):
        visitor.page.emulate_media(media="print")
        visitor.open(path)
        assert visitor.page.pdf().startswith(b"%PDF"), path
        assert visitor.stopped() == [], path
        visitor.page.emulate_media(media="screen")
    for path in DOWNLOADS:
        assert visitor.context.request.get(house.url + path, max_redirects=0).status in (200, 403, 409), path
    assert all(url.startswith(house.url) for url in workers), workers
    assert len(visitor.watched.asked) > len(UNLINKED), "nothing was heard"


def _forms(visitor: Visitor, house: House) -> list[str]:
    """Forms on paper that the visitor may see: of an act, of a place's label."""
    found = ["/places?print=1"]
    answer = visitor.context.request.get(f"{house.url}/api/v1/business?show=all")
    if answer.status == 200:
        found += [f"/acts/{one['number']}/form" for one in answer.json()["items"][:3]]
    statuses = {path: visitor.context.request.get(house.url + path).status for path in found}
    return [path for path, status in statuses.items() if status == 200]


def _asks_elsewhere(house: House, browser: Browser, heard: list[Watched]) -> None:
    with a_visitor(browser, house) as visitor:
        heard.append(visitor.watched)
        visitor.open("/sign-in")
        visitor.page.evaluate("document.body.append(Object.assign(new Image(), {src: 'http://192.0.2.1/beacon'}))")


def test_the_watch_hears_a_request_that_goes_elsewhere(house: House, browser: Browser) -> None:
    """Given a page that asks elsewhere, then the context that watches it complains: the walks above can fail."""
    heard: list[Watched] = []
    with pytest.raises(AssertionError):
        _asks_elsewhere(house, browser, heard)
    assert heard[0].strange == ["http://192.0.2.1/beacon"]
    assert any("Content Security Policy" in one for one in heard[0].console)
