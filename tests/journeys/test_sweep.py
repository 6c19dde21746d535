"""A shelf is swept: readers, scanner and eye count together on one live page, and a person signs what was found."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from custody.life_cycle import Status
from tests.journeys.house import CLERK, House, password
from tests.journeys.watchful import Visitor

pytestmark = [pytest.mark.browser]

LIVE_MS = 20_000
FORGOTTEN_MS = 2_500
"""After this the last sighting of what left a field has arrived."""
SHELF, ANTENNA = "B1-01-3", 3
"""A shelf that no other journey puts anything on, and its antenna of the cabinet's reader."""
STRANGER = "E28011700000020F2B1C9D77"


def scan(page: Page, *codes: str) -> None:
    """Codes as a scanner sends them, run together, with Enter at the end."""
    expect(page.locator("#scan")).to_be_focused()
    page.keyboard.type("".join(codes))
    page.keyboard.press("Enter")


def test_a_shelf_is_swept_and_signed(somebody: Callable[[str], Visitor], house: House, language: str) -> None:
    clerk = somebody(CLERK)
    page = clerk.page
    place, antenna = SHELF, ANTENNA
    carriers = house.carriers(place)
    epcs = [item.tags[0].epc for item in carriers]
    by_hand, ticked, lost = epcs[:3], carriers[3], carriers[4]
    elsewhere = house.carriers("B1-01-1")[0]
    here = len(carriers)

    # Given: the shelf is silent, and its sweep is opened
    house.readers.leave("cabinet", antenna, *epcs)
    page.wait_for_timeout(FORGOTTEN_MS)
    clerk.open("/rounds")
    option = page.locator("#place option", has_text=f"{place} ").first.get_attribute("value")
    page.select_option("#place", option)
    page.locator("form:has(#place) button[type=submit]").click()
    page.wait_for_url("**/rounds/*-*")
    count, to_find = page.locator(".huge b"), page.locator(".rest b")
    expect(count).to_have_text("0")
    expect(to_find).to_have_text(str(here))
    page.evaluate("window.__untouched = true")

    # When: the readers hear most of it, the figures grow by themselves
    house.readers.arrive("cabinet", antenna, *epcs[5:])
    expect(count).to_have_text(str(here - 5), timeout=LIVE_MS)
    expect(page.locator(".spines rect.gap")).to_have_count(5)

    # A scan; two run together; one counted already; one of another shelf; one that is nobody's
    band = page.locator("#last .word")
    scan(page, by_hand[0])
    expect(count).to_have_text(str(here - 4))
    expect(band).to_have_text(clerk.t("rounds.last.present"))
    scan(page, by_hand[1], by_hand[2])
    expect(count).to_have_text(str(here - 2))
    scan(page, by_hand[0])
    expect(band).to_have_text(clerk.t("rounds.last.repeated"))
    scan(page, STRANGER)
    expect(band).to_have_text(clerk.t("rounds.last.unknown"))
    scan(page, elsewhere.tags[0].epc)
    expect(band).to_have_text(clerk.t("rounds.last.elsewhere"))
    strays = page.locator("#deviations li", has_text=elsewhere.control_number)
    expect(strays).to_contain_text("B1-01-1")

    # The newest is taken back, and only that
    page.locator("#undo-form button").click()
    expect(band).to_have_text(clerk.t("rounds.last.undone"))
    expect(strays).to_have_count(0)
    expect(count).to_have_text(str(here - 2))
    expect(page.locator("#scan")).to_be_focused()

    # One whose tag is shielded is ticked by eye, with the reason
    page.select_option("#eye-form select", index=1)
    page.locator(f"button[name=eye][value='{ticked.control_number}/{ticked.copy_number}']").click()
    expect(count).to_have_text(str(here - 1))
    expect(to_find).to_have_text("1")
    assert page.evaluate("window.__untouched === true")

    # Then: what is signed is what was shown, after the person has confirmed who it is
    page.click("#finish")
    page.wait_for_url("**/finish")
    confirm = page.locator("#password")
    if confirm.count():
        confirm.fill(password(CLERK))
    page.locator("form[action$='/sign'] button").click()
    page.wait_for_url(lambda address: "/finish" not in address)
    report = page.locator("main")
    expect(report).to_contain_text(clerk.t("rounds.state.signed"))
    expect(report).to_contain_text(lost.control_number)
    seen = report.locator("tr", has_text=clerk.t("rounds.by_eye"))
    expect(seen).to_contain_text(ticked.control_number)
    expect(seen).to_contain_text(clerk.t("rounds.eye.stacked"))
    assert house.carrier(lost.id).status is Status.IN_PLACE, "a count is no edit"

    # What was not found is a finding, and nothing else of this shelf is
    clerk.open("/findings?kind=missing")
    expect(page.locator("#list li", has_text=f"{lost.control_number}{lost.copy_number}/")).to_have_count(1)
    house.readers.arrive("cabinet", antenna, *epcs[:5])
