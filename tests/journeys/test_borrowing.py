"""A carrier is found, lent at the desk, read about, and taken back; on the way the rules are met."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from custody.life_cycle import Status
from custody.store.queries import CarrierItem
from tests.journeys.house import BORROWER, CLERK, LATE_BORROWER, House, password
from tests.journeys.watchful import Visitor

pytestmark = [pytest.mark.browser]

WORD = "惊蛰"
"""Two characters of the title of both carriers lent here."""


@pytest.fixture
def carrier(house: House, language: str) -> CarrierItem:
    """One that everybody cleared may have; another one for each language."""
    return house.find({"zh": "YS-2024-00021", "en": "YS-2025-00058"}[language])


def test_it_is_found_by_two_characters_of_its_title_and_by_part_of_its_number(
    somebody: Callable[[str], Visitor], carrier: CarrierItem
) -> None:
    clerk = somebody(CLERK)
    clerk.open("/overview")
    for text in (WORD, carrier.control_number[-8:].lower()):
        clerk.search(text)
        if text == WORD:  # more than a screen of them: all are in the list
            clerk.page.get_by_role("link", name=clerk.t("search.all_carriers")).click()
        link = clerk.page.locator(f"a.no[href='/carriers/{carrier.id}']")
        expect(link).to_contain_text(carrier.control_number)
        assert text not in clerk.page.url
    link.click()
    expect(clerk.page.locator("h1")).to_have_text(carrier.title)
    expect(clerk.page.locator(".chead")).to_contain_text(clerk.t("status.in_place"))
    assert carrier.title not in clerk.page.title()
    for address in clerk.watched.asked:
        assert WORD not in address
        assert "%E6%83%8A" not in address


def test_it_is_lent_at_the_desk_though_not_to_one_who_is_late_and_taken_back(
    somebody: Callable[[str], Visitor], house: House, carrier: CarrierItem
) -> None:
    clerk, borrower = somebody(CLERK), somebody(BORROWER)
    refused_at_the_desk(clerk, carrier)
    assert house.carrier(carrier.id).status is Status.IN_PLACE

    lend_to_another(clerk, BORROWER, carrier)
    lent = house.carrier(carrier.id)
    assert (lent.status, lent.holder_number) == (Status.ON_LOAN, BORROWER)
    clerk.open(f"/carriers/{carrier.id}")
    holder = clerk.either(lent.holder_name or "", lent.holder_name_en or "")
    expect(clerk.page.locator(".said .big")).to_contain_text(holder)
    # What cannot be done now is dashed, with the reason beside it.
    dashed = clerk.page.locator(".held button[aria-disabled=true]", has_text=clerk.t("acts.borrow.button"))
    expect(dashed).to_be_visible()

    borrower.open("/overview")
    expect(borrower.page.locator("#held")).to_contain_text(carrier.control_number)
    answer = borrower.open("/desk")
    assert answer.status == 403

    take_back(clerk, carrier)
    back = house.carrier(carrier.id)
    assert (back.status, back.place_code) == (Status.IN_PLACE, "B1-01-1")


def refused_at_the_desk(clerk: Visitor, carrier: CarrierItem) -> None:
    """Someone with an overdue carrier asks for it: the line is refused, with the clause and the way out."""
    page = clerk.page
    clerk.open("/desk?mode=borrow")
    page.fill("#borrower", LATE_BORROWER)
    page.click("button[value=find]")
    expect(page.locator("#scan")).to_be_focused()
    page.keyboard.type(carrier.tags[0].epc)
    page.keyboard.press("Enter")
    line = page.locator("#lines tr", has_text=carrier.control_number)
    expect(line).to_contain_text("c.5")
    expect(line).to_contain_text(clerk.t("refusal.overdue_loans.way"))
    expect(line.locator("a[href='/regulations#c.5']").first).to_be_visible()
    page.locator("button[value=enter]").click(force=True)  # it says that it is disabled, and is stopped besides
    expect(page.locator(".refusals")).to_contain_text("c.5")


def lend_to_another(clerk: Visitor, number: str, carrier: CarrierItem) -> None:
    """Another borrower is chosen, and the list stays."""
    page = clerk.page
    page.click("button[value=other]")
    page.fill("#borrower", number)
    page.click("button[value=find]")
    expect(page.locator("#lines tr", has_text=carrier.control_number)).not_to_contain_text("c.5")
    page.click("button[value=enter]")
    expect(page.locator("#holder_password-e")).to_have_text(clerk.t("acts.holder_needed"))
    page.fill("#holder_password", password(number))
    page.keyboard.press("Enter")  # the borrower's own Enter is the signature
    page.wait_for_url("**/acts/*")
    expect(page.locator(".receipt")).to_contain_text(clerk.t("acts.entered"))


def take_back(clerk: Visitor, carrier: CarrierItem) -> None:
    """Its number is typed; what is no carrier is told, and taken off the list."""
    page = clerk.page
    clerk.open("/desk")
    page.keyboard.type(carrier.control_number)
    page.keyboard.press("Enter")
    lines = page.locator("#lines")
    expect(lines.locator("tr", has_text=carrier.control_number)).to_contain_text("→ B1-01-1")
    page.keyboard.type("3414F4A2DECADE0000C0FFEE")
    page.keyboard.press("Enter")
    stranger = lines.locator("tr", has_text=clerk.t("desk.unknown"))
    expect(stranger).to_have_count(1)
    stranger.get_by_role("button").click()
    expect(stranger).to_have_count(0)
    page.click("button[value=enter]")
    page.wait_for_url("**/acts/*")
