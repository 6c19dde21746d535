"""The keyboard alone: searching, going, moving, asking for help, and none of it while somebody types."""

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


def test_shortcuts_can_be_switched_off(somebody: Callable[[str], Visitor]) -> None:
    clerk = somebody(CLERK)
    clerk.open("/me")
    clerk.page.locator("form[action='/me/keys'] button").click()
    clerk.page.wait_for_url("**/me")
    clerk.page.keyboard.press("/")
    expect(clerk.page.locator("#q")).not_to_be_focused()
    clerk.page.keyboard.press("?")
    expect(clerk.page.locator("#keys-help")).to_be_hidden()
