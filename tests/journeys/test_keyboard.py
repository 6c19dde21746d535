"""The keyboard alone: searching, going, moving, asking for help, and none of it while somebody types."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.house import CLERK
from tests.journeys.watchful import Visitor

pytestmark = [pytest.mark.browser]


def test_single_keys_lead_everywhere(somebody: Callable[[str], Visitor]) -> None:
    clerk = somebody(CLERK)
    page, keys = clerk.page, clerk.page.keyboard
    clerk.open("/overview")

    keys.press("/")
    expect(page.locator("#q")).to_be_focused()
    keys.type("gc?")
    expect(page.locator("#q")).to_have_value("gc?")
    expect(page.locator("#keys-help")).to_be_hidden()
    assert clerk.path() == "/overview"

    page.locator("#q").blur()
    keys.press("?")
    expect(page.locator("#keys-help")).to_be_visible()
    expect(page.locator("#keys-help")).to_contain_text(clerk.t("keys.search"))
    keys.press("Escape")
    expect(page.locator("#keys-help")).to_be_hidden()

    for letter, path in (("c", "/carriers"), ("f", "/findings"), ("p", "/places"), ("o", "/overview")):
        keys.press("g")
        keys.press(letter)
        page.wait_for_url(f"**{path}")

    keys.press("g")
    keys.press("c")
    page.wait_for_url("**/carriers")
    keys.press("j")
    keys.press("j")
    keys.press("k")
    first = page.locator("tbody tr").first
    expect(first).to_have_attribute("aria-selected", "true")
    keys.press("Enter")
    page.wait_for_url("**/carriers/*")


def test_findings_are_walked_through_and_taken_up_after_a_pause(somebody: Callable[[str], Visitor]) -> None:
    clerk = somebody(CLERK)
    page, keys = clerk.page, clerk.page.keyboard
    clerk.open("/findings?kind=overdue_loan")  # of these nobody has taken one up
    numbers = page.locator("#list a[data-number]").evaluate_all("all => all.map((one) => one.dataset.number)")
    assert len(numbers) > 2
    one = page.locator("#one")
    expect(one).to_have_attribute("data-number", numbers[0])
    for key, at in (("j", 1), ("j", 2), ("k", 1)):
        keys.press(key)
        page.wait_for_url(f"**/findings/{numbers[at]}*")
        expect(one).to_have_attribute("data-number", numbers[at])

    # `a` waits, and can be taken back
    keys.press("a")
    expect(page.locator(".waiting")).to_be_visible()
    keys.press("Escape")
    expect(page.locator(".waiting")).to_have_count(0)
    expect(page.locator("[data-do=a]")).to_be_visible()

    keys.press("n")
    expect(page.locator("#note")).to_be_focused()
    keys.type("jk")
    expect(page.locator("#note")).to_have_value("jk")


def test_a_case_is_taken_up_by_the_same_letter(somebody: Callable[[str], Visitor]) -> None:
    clerk = somebody(CLERK)
    page, keys = clerk.page, clerk.page.keyboard
    clerk.open("/cases")
    untaken = page.locator("tr").filter(has_text=clerk.t("case_state.open"))
    untaken.locator("a[href^='/cases/FC-']").first.click()
    page.wait_for_url("**/cases/FC-*")
    keys.press("a")
    expect(page.locator(".waiting")).to_be_visible()
    keys.press("u")
    expect(page.locator(".waiting")).to_have_count(0)
    keys.press("a")
    expect(page.locator(".ids").first).to_contain_text(clerk.t("case_state.acknowledged"))


LISTS = (
    *("/carriers", "/cases", "/business", "/inbox", "/people", "/organisations", "/readers", "/registers"),
    *("/reports/overdue", "/production", "/out", "/undertakings"),
)


def test_every_list_is_gone_through_and_opened(somebody: Callable[[str], Visitor]) -> None:
    clerk = somebody(CLERK)
    page, keys = clerk.page, clerk.page.keyboard
    rows = page.locator("main table.t tbody tr").filter(has=page.locator("a[href]"))
    gone_through = []
    for path in LISTS:
        assert clerk.open(path).status == 200, path
        if rows.count() < 2:
            continue
        gone_through.append(path)
        for key, at in (("j", 0), ("j", 1), ("k", 0)):
            keys.press(key)
            expect(rows.nth(at)).to_have_attribute("aria-selected", "true")
            expect(rows.nth(at).locator("a[href]").first).to_be_focused()
        leads = rows.nth(0).locator("a[href]").first.evaluate("one => one.href")
        if not leads.endswith((".xlsx", ".json")):
            keys.press("Enter")
            page.wait_for_url(leads)
    assert len(gone_through) >= 4, gone_through


def test_every_letter_of_the_navigation_leads_there_from_where_other_keys_mean_something(
    somebody: Callable[[str], Visitor],
) -> None:
    """On the findings `n`, `e`, `a`, `j`, `k` act; after `g` each of them goes, and nothing is acted on."""
    clerk = somebody(CLERK)
    page, keys = clerk.page, clerk.page.keyboard
    clerk.open("/findings")
    links = page.locator(".side a[data-go]").evaluate_all("all => all.map((one) => [one.dataset.go, one.href])")
    assert {"o", "t", "f", "c", "m", "p"} <= {letter for letter, _ in links}
    for letter, href in links:
        clerk.open("/findings")
        keys.press("g")
        keys.press(letter)
        page.wait_for_url(re.compile(re.escape(href)))


def test_a_letter_in_a_field_is_a_letter(somebody: Callable[[str], Visitor]) -> None:
    clerk = somebody(CLERK)
    page = clerk.page
    typed = "gojktax/?"
    clerk.open("/take-in")
    for field in (page.locator("#title"), page.locator("#issuer")):
        field.fill("")
        field.press_sequentially(typed)
        expect(field).to_have_value(typed)
    assert clerk.path() == "/take-in"
    expect(page.locator("#keys-help")).to_be_hidden()


def test_shortcuts_can_be_switched_off(somebody: Callable[[str], Visitor]) -> None:
    clerk = somebody(CLERK)
    clerk.open("/me")
    clerk.page.locator("form[action='/me/keys'] button").click()
    clerk.page.wait_for_url("**/me")
    clerk.page.keyboard.press("/")
    expect(clerk.page.locator("#q")).not_to_be_focused()
    clerk.page.keyboard.press("?")
    expect(clerk.page.locator("#keys-help")).to_be_hidden()
