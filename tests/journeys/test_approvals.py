"""A matter is begun by the clerk, waits for the head of the unit, is answered by a deputy, and is taken back."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from custody.store import queries
from custody.store.queries import CarrierFilter, CarrierItem
from tests.journeys.house import CLERK, House, password
from tests.journeys.watchful import Visitor

pytestmark = [pytest.mark.browser]

HEAD, DEPUTY = "1010", "1012"
"""The head of the research unit, and an engineer of it who approves nothing in his own right."""


@pytest.fixture
def carriers(house: House, language: str) -> tuple[CarrierItem, CarrierItem]:
    """Two confidential ones of the research unit, in their places and in no other journey; others for each language."""
    with house.books.database.reading() as connection:
        directory = queries.directory(connection)
        (unit,) = [one.id for one in directory.units.values() if one.code == "YJ"]
        asked = CarrierFilter(unit=unit, level="confidential", status=None)
        found = queries.carriers(connection, house.asking(CLERK), asked, limit=400).items
        states = queries.states_of(connection, [one.id for one in found])
    free = [
        one for one in found if one.status.value == "in_place" and states[one.id].matter is None and one.copies == 1
    ]
    first, second = free[-4:-2] if language == "zh" else free[-2:]
    return first, second


def sign(visitor: Visitor, number: str, button: str = "form.form-sheet button.b[value=enter]") -> None:
    """Press the button under the signature; the password where the page asks for it."""
    asked = visitor.page.locator("form.form-sheet input[name=password]")
    if asked.count():
        asked.fill(password(number))
    visitor.page.locator(button).last.click()


def begin(clerk: Visitor, carriers: tuple[CarrierItem, ...]) -> str:
    """From the list of business to a transfer of these carriers; gives the matter's address."""
    page = clerk.page
    clerk.open("/business")
    page.click("details.begin summary")
    page.click("a[href='/business/new/transfer']")
    page.check("input[name=destination][value=archives]")
    page.fill("#receiver", clerk.either("市档案馆", "City archives"))
    page.fill("#where", clerk.either("收发室", "Reception"))
    page.select_option("#unit", label=clerk.either("研究部", "Research"))
    page.locator("#carriers").press_sequentially(f"{carriers[0].control_number}\n{carriers[1].tags[0].epc}")
    page.click("button[value='check:carriers']")
    expect(page.locator("table.read tr")).to_have_count(2)
    page.click("button[value=look]")
    expect(page.locator("#text pre")).to_contain_text("transfer_opened")
    sign(clerk, CLERK)
    page.wait_for_url("**/matters/*")
    expect(page.locator(".done")).to_contain_text("GD-")
    return clerk.path()


def delegate(head: Visitor) -> None:
    """The head of the unit makes an engineer his deputy, found by name."""
    page = head.page
    head.open("/approvals")
    page.click("a[href='/delegations']")
    page.click("a[href='/business/new/delegate']")
    page.fill("#deputy", head.either("顾远帆", "Gu Yuanfan"))
    page.click("button[value='find:deputy']")
    expect(page.locator(".chosen").first).to_contain_text(DEPUTY)
    page.check("input[name=permissions][value=approve_unit]")
    page.fill("#until", "2099-01-01")
    sign(head, HEAD)
    expect(page.locator(".refusals")).to_contain_text(head.t("refusal.delegation_unfit.way"))
    page.fill("#until", page.evaluate("new Date(Date.now() + 5 * 864e5).toISOString().slice(0, 10)"))
    sign(head, HEAD)
    page.wait_for_url("**/delegations?done=*")
    expect(page.locator("main")).to_contain_text(head.t("delegations.state.now"))


def test_a_matter_is_begun_approved_by_a_deputy_and_withdrawn(
    house: House, somebody: Callable[[str], Visitor], carriers: tuple[CarrierItem, CarrierItem]
) -> None:
    clerk = somebody(CLERK)
    matter = begin(clerk, carriers)
    clerk.page.click(f"a[href='{matter}/ask']")
    clerk.page.fill("#reason", clerk.either("年度归档", "the year's archiving"))
    clerk.page.check("#urgent")
    sign(clerk, CLERK)
    clerk.page.wait_for_url("**/matters/*?done=SP-*")

    head = somebody(HEAD)
    delegate(head)
    deputy = somebody(DEPUTY)
    deputy.open("/approvals")
    row = deputy.page.locator(".awaiting", has=deputy.page.locator(f"a[href='{matter}']").first)
    expect(row).to_contain_text(deputy.t("business.in_stead", name=deputy.either("柳望川", "Liu Wangchuan")))
    asked = row.locator(f"form[action='{matter}/approve'] input[name=password]")
    if asked.count():
        asked.fill(password(DEPUTY))
    row.locator(f"form[action='{matter}/approve'] button").click()
    deputy.page.wait_for_url("**/approvals?done=SP-*")
    expect(deputy.page.locator(f".awaiting a[href='{matter}']")).to_have_count(0)

    clerk.open(matter)
    track = clerk.page.locator(".track")
    expect(track).to_contain_text(clerk.either("顾远帆", "Gu Yuanfan"))
    expect(track).to_contain_text(clerk.t("business.step.given"))
    for carrier in carriers:
        assert carrier.title not in clerk.page.title()
    clerk.page.click(f"a[href='{matter}/withdraw']")
    clerk.page.fill("#reason", clerk.either("清单有误", "the list is wrong"))
    sign(clerk, CLERK)
    clerk.page.wait_for_url("**/matters/*?done=*")
    expect(clerk.page.locator(".mhead")).to_contain_text(clerk.t("mstatus.withdrawn"))
    end_delegation(head)
    assert house.carrier(carriers[0].id).status.value == "in_place"


def end_delegation(head: Visitor) -> None:
    """The head is back."""
    head.open("/delegations")
    head.page.locator("a[href*='end_delegation']").first.click()
    sign(head, HEAD)
    head.page.wait_for_url("**/delegations?done=*")


def test_a_move_is_undone_from_its_receipt(
    house: House, somebody: Callable[[str], Visitor], carriers: tuple[CarrierItem, CarrierItem]
) -> None:
    clerk, carrier = somebody(CLERK), carriers[0]
    home = house.carrier(carrier.id).home_code
    clerk.open(f"/carriers/{carrier.id}/move")
    clerk.page.fill("#place", "B1-01-2" if home != "B1-01-2" else "B1-01-1")
    clerk.page.locator("form.form-sheet .actions button").click()
    clerk.page.wait_for_url("**/acts/YD-*")
    clerk.page.click("a[href$='/undo']")
    clerk.page.fill("#reason", clerk.either("放错了", "put in the wrong place"))
    sign(clerk, CLERK)
    clerk.page.wait_for_url("**/acts/GZ-*")
    assert house.carrier(carrier.id).home_code == home
