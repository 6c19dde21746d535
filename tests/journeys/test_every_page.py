"""Every page, as everybody: nothing is asked elsewhere, nothing is stopped by the policy, nothing is out of reach."""

import re

import pytest

from tests.journeys.conftest import Enter
from tests.journeys.crawl import faults, walk
from tests.journeys.house import (
    AUDITOR,
    BORROWER,
    CLERK,
    SECRECY_OFFICE,
    SECURITY,
    SYSTEM,
    House,
)
from tests.prove.record import WHOLE

pytestmark = pytest.mark.browser

WALKS = (
    (CLERK, "zh"),
    (SECRECY_OFFICE, "en"),
    (BORROWER, "en"),
    (SYSTEM, "zh"),
    (SECURITY, "en"),
    (AUDITOR, "zh"),
)
WALKED = WALKS if WHOLE else (WALKS[1], WALKS[3])
"""Everybody walks in `make prove`; in `make test` who sees most of the business, and one who may see none of it."""
ADMINISTRATORS = (SYSTEM, SECURITY, AUDITOR)
BUSINESS = ("/carriers", "/findings", "/rounds", "/desk", "/take-in", "/import", "/reports/overdue")
CONTROL_NUMBER = re.compile(r"YS-20\d\d-\d{5}")


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
