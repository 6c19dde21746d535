"""One box for everything, by the keyboard; a view that is saved and found again; a notice that is opened is read."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from custody import clock
from reconcile import notices
from tests.journeys.house import CLERK, LATE_BORROWER, MANAGER, House
from tests.journeys.watchful import Visitor

pytestmark = [pytest.mark.browser]


def test_a_suggestion_is_taken_by_the_arrow_keys_and_what_is_named_exactly_is_led_to(
    somebody: Callable[[str], Visitor], house: House
) -> None:
    item = house.carriers("B1-01-1")[0]
    clerk = somebody(CLERK)
    page = clerk.page
    clerk.open("/overview")
    page.locator("body").click(position={"x": 3, "y": 300})
    page.keyboard.press("/")
    page.keyboard.type(item.control_number)
    option = page.locator(f"[role=option][data-href='/carriers/{item.id}']")
    expect(option).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator("[role=option][aria-selected=true]")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/carriers/*")
    clerk.open("/overview")
    page.keyboard.press("/")
    page.keyboard.type("b1 01 3")
    page.keyboard.press("Enter")
    page.wait_for_url("**/places/*")
    expect(page.locator("main")).to_contain_text("B1-01-3")
    assert not [one for one in clerk.watched.asked if item.control_number in one]


def test_a_view_is_saved_under_a_name_and_opens_the_same_list(somebody: Callable[[str], Visitor]) -> None:
    clerk = somebody(CLERK)
    page = clerk.page
    level = clerk.either("secret", "confidential")  # one view a language: the house is the same
    clerk.open(f"/carriers?level={level}&status=on_loan")
    shown = page.locator("main .sub").first.inner_text()
    page.locator("summary", has_text=clerk.t("views.save")).click()
    name = clerk.either("借出的机密", "confidential on loan")
    page.locator("form[action='/views'] input[name=name]").fill(name)
    page.keyboard.press("Enter")
    expect(page.locator("a.chip[aria-current]", has_text=name)).to_be_visible()
    clerk.open("/carriers")
    page.locator("a.chip", has_text=name).click()
    page.wait_for_url(f"**level={level}*")
    expect(page.locator("main .sub").first).to_have_text(shown)


def test_who_is_asked_for_what_is_late_reads_it_by_opening_it(somebody: Callable[[str], Visitor], house: House) -> None:
    clerk, late = somebody(CLERK), somebody(LATE_BORROWER)
    clerk.open("/today")
    person = house.asking(LATE_BORROWER).person
    form = clerk.page.locator(f"form[action^='/today/ask-back/{person}']")
    done = clerk.page.locator("#overdue tr", has_text=clerk.t("today.asked_back"))
    expect(form.or_(done).first).to_be_visible()
    if form.count():  # in the other language's journey it was asked already today
        form.locator("button").click()
    expect(done.first).to_be_visible()
    with house.books.database.writing() as connection:
        notices.ask_back(connection, house.asking(MANAGER), person, 1, f"2026-{late.language}", clock.now())
    late.open("/inbox?show=unread")
    row = late.page.locator("[data-notice]", has_text=late.t("inbox.kind.asked_back", n=1)).first
    number = row.get_attribute("data-notice")
    with late.page.expect_response(lambda answer: answer.url.endswith("/inbox/read")):
        row.locator("a[href='/me/holdings']").first.click()
    late.page.wait_for_url("**/me/holdings")
    late.open("/inbox?show=unread")
    expect(late.page.locator(f"[data-notice='{number}']")).to_have_count(0)
