"""What the readers hear becomes a finding on an open page, and a person brings it to its end."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from custody.entries import Borrowed
from custody.store.queries import CarrierItem
from custody.values import DAY
from tests.builders import signatures
from tests.journeys.house import BORROWER, CLERK, SECRECY_OFFICE, House
from tests.journeys.watchful import Visitor

pytestmark = [pytest.mark.browser]
LIVE_MS = 60_000
"""A page is live when what happened at a reader stands on it after this at the latest."""


def one_of(house: House, place: str, language: str, nth: int) -> CarrierItem:
    """A carrier of a shelf, another one for each language."""
    return house.carriers(place)[2 * nth + (language == "en")]


def untouched(visitor: Visitor) -> None:
    """Leave a sign on the page that a reload would wipe away."""
    visitor.page.evaluate("window.__untouched = true")


def still_untouched(visitor: Visitor) -> bool:
    """Whether the page was never loaded again."""
    return bool(visitor.page.evaluate("window.__untouched === true"))


def test_a_misplaced_carrier_appears_by_itself_and_is_settled_with_a_reason(
    somebody: Callable[[str], Visitor], house: House, language: str
) -> None:
    carrier = one_of(house, "B1-01-1", language, 1)
    clerk, office = somebody(CLERK), somebody(SECRECY_OFFICE)
    clerk.open("/findings?kind=misplaced")
    untouched(clerk)

    # When: it is put on the third shelf
    house.readers.carry(carrier.tags[0].epc, ("cabinet", 1), ("cabinet", 3))

    # Then: it stands in the list that was open all the time
    line = clerk.page.locator("#list li", has_text=carrier.control_number)
    expect(line).to_be_visible(timeout=LIVE_MS)
    assert still_untouched(clerk)
    expect(line).to_contain_text(clerk.t("finding_kind.misplaced"))

    # Both stories are told, as classes of certainty and never as a number
    line.locator("a").click()
    page = clerk.page
    one = page.locator("#one")
    expect(one.locator(".said")).to_contain_text("B1-01-1")
    expect(one.locator(".heard")).to_contain_text("B1-01-3")
    expect(one.locator(".spark circle").first).to_be_attached()
    assert not re.search(r"0\.\d\d", one.locator(".evid h3").inner_text())

    # It is taken up, and the secrecy office sees who did
    page.locator("[data-do=a]").click()
    expect(page.locator("#one")).to_contain_text(clerk.t("finding_state.acknowledged"))
    office.open(clerk.path())
    expect(office.page.locator(".hist")).to_contain_text(office.either("周敏", "Zhou Min"))

    # A note is added; settling wants a way and a reason
    note = clerk.either("核对时放错一层。", "Put one shelf too low after checking.")
    page.fill("#note", note)
    page.locator("#say button[type=submit]").first.click()
    expect(page.locator(".hist")).to_contain_text(note)
    page.locator("input[name=how][value^='word:']").first.check()
    page.locator("#settle button[type=submit]").click()
    expect(page.locator(".errs")).to_contain_text(clerk.t("findings.reason_needed"))
    expect(page).to_have_title(re.compile(clerk.either("^错误：", "^Error:")))
    page.fill("#reason", note)
    page.locator("#settle button[type=submit]").click()
    expect(page.locator("#one")).to_contain_text(clerk.t("finding_state.settled"))
    assert house.carrier(carrier.id).place_code == "B1-01-1", "a finding moves nothing in the books"
    house.readers.carry(carrier.tags[0].epc, ("cabinet", 3), ("cabinet", 1))


def test_a_loan_of_what_never_left_its_shelf_leads_to_the_return(
    somebody: Callable[[str], Visitor], house: House, language: str
) -> None:
    carrier = one_of(house, "B1-01-1", language, 2)
    clerk = somebody(CLERK)
    clerk.open("/findings?kind=in_store_on_loan")
    holder = house.asking(BORROWER).person
    facts = [Borrowed(carrier.id, holder, house.books.clock() + 9 * DAY)]
    signed = signatures(facts, house.books.clock(), holder)
    house.books.enter(house.asking(CLERK), facts, act="borrow", signatures=signed)

    line = clerk.page.locator("#list li", has_text=carrier.control_number)
    expect(line).to_be_visible(timeout=LIVE_MS)
    line.locator("a").click()
    clerk.page.locator("input[name=how][value='act:return']").check()
    clerk.page.locator("#settle button[type=submit]").click()
    clerk.page.wait_for_url(f"**/carriers/{carrier.id}/return")
    expect(clerk.page.locator("#place")).to_have_value("B1-01-1")
    clerk.page.fill("#pages", str(carrier.pages or ""))
    clerk.page.locator("button[value=enter]").click()
    clerk.page.wait_for_url("**/acts/*")

    # A contradiction that has ended ends its finding by itself, and says so.
    clerk.open("/findings?state=closed&kind=in_store_on_loan")
    closed = clerk.page.locator("#list li", has_text=carrier.control_number)
    expect(closed).to_be_visible(timeout=LIVE_MS)
    closed.locator("a").click()
    expect(clerk.page.locator("#one")).to_contain_text(clerk.t("finding_state.cleared"))


def test_a_removal_stands_above_everything_on_every_open_page(
    somebody: Callable[[str], Visitor], house: House, language: str
) -> None:
    carrier = one_of(house, "B1-01-2", language, 1)
    clerk, office = somebody(CLERK), somebody(SECRECY_OFFICE)
    clerk.open("/overview")
    office.open("/findings")
    for one in (clerk, office):
        untouched(one)

    house.readers.leave("cabinet", 2, carrier.tags[0].epc)
    house.readers.carry_out(carrier.tags[0].epc)

    for one in (clerk, office):
        alarm = one.page.locator("#alarm .alarm", has_text=carrier.control_number)
        expect(alarm).to_be_visible(timeout=LIVE_MS)
        expect(alarm).to_contain_text(one.t("finding_kind.unauthorised_removal"))
        assert carrier.title not in alarm.inner_text()
        assert still_untouched(one)
        box, heading = alarm.bounding_box(), one.page.locator(".side").bounding_box()
        assert box is not None
        assert heading is not None
        assert box["y"] < 300, "it is at the top"

    # Once somebody has taken it up it is no alarm any more, but stays open until a person concludes.
    office.page.locator("#alarm a", has_text=carrier.control_number).click()
    # The second carrier that goes out by the gate is told with the first one's: the alarm leads to their case.
    office.page.locator("button[formaction*='/acknowledge']").click()
    expect(office.page.locator(".ids").last).to_contain_text(office.t("finding_state.acknowledged"))
    expect(clerk.page.locator("#alarm", has_text=carrier.control_number)).to_have_count(0, timeout=LIVE_MS)


def test_a_reader_that_falls_silent_is_told_on_the_open_page(somebody: Callable[[str], Visitor], house: House) -> None:
    clerk = somebody(CLERK)
    clerk.open("/readers")
    row = clerk.page.locator("#readers tr", has_text="desk")
    expect(row).to_contain_text(clerk.t("readers.listening"), timeout=LIVE_MS)
    untouched(clerk)
    house.readers.switch("desk", "off")
    expect(row).to_contain_text(clerk.t("readers.silent"), timeout=LIVE_MS)
    house.readers.switch("desk", "on")
    expect(row).to_contain_text(clerk.t("readers.listening"), timeout=LIVE_MS)
    assert still_untouched(clerk)
