"""A folder goes round and is printed; a briefing is announced, attended and held: as new users would do it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from custody.life_cycle import Status
from custody.store.queries import CarrierItem
from tests.journeys.house import BORROWER, CLERK, House, password
from tests.journeys.watchful import Visitor

pytestmark = [pytest.mark.browser]

HEAD = "1005"
"""Heads the registry besides the secrecy office: approves what circulates from it."""
SECOND, SECRETARY, SPEAKER = "1010", "1020", "1004"


@pytest.fixture
def carrier(house: House, language: str) -> CarrierItem:
    """A confidential one that everybody cleared may have; another one for each language."""
    return house.find({"zh": "YS-2024-00021", "en": "YS-2025-00058"}[language])


def enter(page: Page) -> None:
    """Press the button that signs and enters."""
    page.locator(".actions button[value=enter]").click()


def entered(page: Page) -> None:
    """The same, and it was."""
    enter(page)
    page.wait_for_url("**?done=*")


def beside(page: Page, number: str) -> None:
    """Somebody signs beside at this desk."""
    staff = page.locator("[name='cosign.0.number']")
    if staff.count() and staff.is_visible():
        staff.fill(number)
    page.locator("[name='cosign.0.password']").fill(password(number))


def of(page: Page, name: str) -> Locator:
    """A field by its name."""
    return page.locator(f"[name='{name}']").first


def test_a_folder_goes_round_and_its_list_is_printed(
    somebody: Callable[[str], Visitor], house: House, carrier: CarrierItem
) -> None:
    clerk, head, reader = somebody(CLERK), somebody(HEAD), somebody(BORROWER)
    page = clerk.page
    clerk.open("/business/new/circulation")
    of(page, "carriers").fill(carrier.tags[0].epc)
    of(page, "readers").fill(f"{BORROWER}, {SECOND}")
    of(page, "purpose").fill("年度评审")
    entered(page)
    matter = clerk.path()
    number = page.locator("h1 .act-no").inner_text()

    head.open(f"{matter}/approve")
    entered(head.page)

    reader.open("/me/holdings")
    expect(reader.page.locator("#coming")).to_be_visible()
    clerk.open(f"{matter}/leg")
    page.locator("[name=lines]").check()
    beside(page, BORROWER)
    entered(page)
    assert house.carrier(carrier.id).status is Status.IN_CIRCULATION
    reader.open("/me/holdings")
    expect(reader.page.locator("section", has=reader.page.locator("#legs"))).to_contain_text(carrier.control_number)

    # The next reader does not get it from her hand: first it goes back to the registry.
    clerk.open(matter)
    expect(page.locator(".held", has_text=clerk.t("act.matter.circulation.close"))).to_contain_text("c.3")
    clerk.open(f"{matter}/back")
    page.locator("[name=lines]").check()
    of(page, "brought_by").fill(SECOND)
    page.locator("[name=whole]").check()
    entered(page)
    expect(page.locator("main")).to_contain_text(clerk.t("circulation.passed_on"))

    clerk.open(f"{matter}/pass_over")
    of(page, "reason").fill("出差")
    entered(page)
    clerk.open(f"{matter}/close")
    entered(page)
    expect(page.locator("main")).to_contain_text(clerk.t("mstatus.circulation.closed"))
    assert house.carrier(carrier.id).status is Status.IN_PLACE

    clerk.open(f"/acts/{number}/form")
    sheet = page.locator("main")
    expect(sheet).to_contain_text(clerk.t("forms.heading.circulation"))
    expect(sheet).to_contain_text(carrier.control_number)
    expect(sheet).to_contain_text("出差")


def test_a_briefing_is_announced_without_anything_wireless_and_its_listeners_sign(
    somebody: Callable[[str], Visitor], house: House
) -> None:
    secretary, listener = somebody(SECRETARY), somebody(BORROWER)
    page = secretary.page
    secretary.open("/business/new/briefing")
    of(page, "topic").fill("季度形势")
    page.locator("select[name=level]").select_option("confidential")
    of(page, "place").fill("B1-reading")
    of(page, "starts_at").fill((datetime.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"))  # noqa: DTZ005
    of(page, "speaker").fill(SPEAKER)
    of(page, "in_charge").fill(SPEAKER)
    page.locator("[name=equipment][value=wireless_microphone]").check()
    beside(page, SPEAKER)
    enter(page)
    expect(page.locator(".refusals")).to_contain_text("c.4")
    page.locator("[name=equipment][value=wireless_microphone]").uncheck()
    page.locator("[name=equipment][value=wired_microphone]").check()
    beside(page, SPEAKER)
    entered(page)
    matter = secretary.path()
    number = page.locator("h1 .act-no").inner_text()

    secretary.open(f"{matter}/register")
    of(page, "persons").fill(BORROWER)
    entered(page)
    listener.open("/me/holdings")
    listener.page.locator("section", has=listener.page.locator("#briefings")).get_by_role("link").last.click()
    entered(listener.page)
    secretary.open(f"/acts/{number}/form")
    expect(page.locator("main")).to_contain_text(secretary.t("forms.heading.briefing"))
    expect(page.locator("main")).to_contain_text(secretary.t("ask.equipment.wired_microphone"))
