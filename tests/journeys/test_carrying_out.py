"""Out of the house and home again: asked for, approved, let out or heard at the gate, brought back, confirmed."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from custody import clock
from custody.life_cycle import Status
from custody.store.queries import CarrierItem
from tests.journeys.house import BORROWER, CLERK, SECRECY_OFFICE, House, password
from tests.journeys.watchful import Visitor

pytestmark = [pytest.mark.browser]

HEAD = "1010"
"""Heads the bearer's department."""
CASE = "X-07"
Somebody = Callable[[str], Visitor]
GATE_TRIES = 60


@pytest.fixture
def carrier(house: House, language: str) -> CarrierItem:
    """One that the borrower may know, that no reader hears; every language has its own half of them."""
    items = [one for place in ("B1-02-2", "B1-02-3", "B1-03-1", "B1-03-2") for one in house.carriers(place)]
    asking = house.asking(BORROWER)
    fit = [one for one in items if 0 < one.rank < 3 and not asking.principals.isdisjoint(one.scope)]
    half = [one for one in fit if (one.id % 2 == 0) == (language == "zh")]
    assert half, "the sample has no such carrier"
    return half[-1]


def sign(page: Page, number: str, *cosigners: str) -> str:
    """Sign as asked, each at the same desk, and enter the act; gives its number."""
    if page.locator("input[name=password]").count():
        page.fill("input[name=password]", password(number))
    for at, other in enumerate(cosigners):
        page.locator(f"input[name='cosign.{at}.password']").fill(password(other))
    page.click(".actions button[value=enter]")
    page.wait_for_url("**?done=*")
    found = re.search(r"done=([A-Z]+-\d+-\d+)", page.url)
    assert found
    return found[1]


def matter_of(page: Page) -> str:
    """The address of the matter that the page is of."""
    found = re.search(r"/matters/\d+", page.url)
    assert found, page.url
    return found[0]


def act(visitor: Visitor, matter: str, key: str) -> Page:
    """Open an act by its button on the matter's page."""
    visitor.open(matter)
    visitor.page.locator(f"a[href='{matter}/{key}']").first.click()
    return visitor.page


def asks(house: House, borrower: Visitor, carrier: CarrierItem, leaves_by: str) -> tuple[str, str]:
    """The borrower fills in the request; gives the permit's address and the act's number."""
    page, now = borrower.page, clock.moment(clock.now(), house.books.scheme.timezone)
    back = now + timedelta(days=2)
    borrower.open("/business")
    page.click("details.begin summary")
    page.click("a[href='/business/new/carrying_out']")
    page.fill("#carriers", carrier.tags[0].epc)
    page.fill("#purpose", "参加方案评审")
    page.fill("#destination", "部机关")
    page.fill("#until_at", back.strftime("%Y-%m-%dT18:00"))
    page.fill("#container", CASE)
    page.check(f"[name=leaves_by][value={leaves_by}]")
    legs = (
        (now.date().isoformat(), "远山院", "部机关", "train", "secure_room", "部机关保密室"),
        (back.date().isoformat(), "部机关", "远山院", "train", "none", ""),
    )
    for at, (day, origin, to, travel, stay, where) in enumerate(legs):
        for name, value in (("leg_day", day), ("leg_from", origin), ("leg_to", to), ("leg_stay_at", where)):
            page.fill(f"[name='itinerary.{at}.{name}']", value)
        page.select_option(f"[name='itinerary.{at}.leg_travel']", travel)
        page.select_option(f"[name='itinerary.{at}.leg_stay']", stay)
    number = sign(page, BORROWER)
    return matter_of(page), number


def approved(somebody: Somebody, borrower: Visitor, matter: str) -> None:
    """The borrower asks; the head of the department and the secrecy office approve."""
    sign(act(borrower, matter, "ask"), BORROWER)
    for number in (HEAD, SECRECY_OFFICE):
        sign(act(somebody(number), matter, "approve"), number)


def on_paper(visitor: Visitor, number: str, *words: str, pages: int) -> None:
    """The act's form holds these words, and prints to so many pages."""
    visitor.open(f"/acts/{number}/form")
    sheet = visitor.page.locator("article").first
    for word in words:
        expect(sheet).to_contain_text(word)
    assert sheet.evaluate("e => e.scrollWidth - e.clientWidth") <= 1
    visitor.page.emulate_media(media="print")
    printed = visitor.page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == pages
    visitor.page.emulate_media(media="screen")


def taken_back_and_closed(clerk: Visitor, matter: str) -> str:
    """Back at the desk with its pages counted, and the way confirmed; gives the number of the confirmation."""
    page = act(clerk, matter, "back")
    page.locator("[name=lines]").first.check()
    page.check("[name=whole]")
    sign(page, CLERK, BORROWER)
    page = act(clerk, matter, "confirm")
    page.check("[name=kept][value='1']")
    page.select_option("[name='deviations.0.leg']", "2")
    page.fill("[name='deviations.0.leg_told']", "列车停运，改乘公务车")
    page.check("[name=straight]")
    return sign(page, CLERK, BORROWER)


def test_carried_out_at_the_desk_and_brought_back(
    house: House, somebody: Somebody, carrier: CarrierItem, language: str
) -> None:
    borrower, clerk = somebody(BORROWER), somebody(CLERK)
    matter, number = asks(house, borrower, carrier, "desk")
    on_paper(borrower, number, carrier.control_number, CASE, "部机关保密室", pages=1)
    approved(somebody, borrower, matter)
    page = act(clerk, matter, "out")
    page.locator("[name=lines]").first.check()
    page.fill("#container", CASE)
    number = sign(page, CLERK, BORROWER)
    assert house.carrier(carrier.id).status is Status.CARRIED_OUT
    on_paper(clerk, number, carrier.control_number, CASE, clerk.t("carrying_out.form.permit"), pages=2)
    expect(clerk.page.locator("article").first).not_to_contain_text(carrier.title)
    clerk.open("/out")
    row = clerk.page.locator("main tbody tr", has_text=carrier.control_number)
    expect(row).to_contain_text(CASE)
    borrower.open("/me/holdings")
    expect(borrower.page.locator("main")).to_contain_text(carrier.control_number)
    number = taken_back_and_closed(clerk, matter)
    back = house.carrier(carrier.id)
    assert (back.status, back.place) == (Status.IN_PLACE, carrier.home)
    expect(clerk.page.locator("main")).to_contain_text(clerk.t("mstatus.carrying_out.closed"))
    on_paper(clerk, number, "列车停运，改乘公务车", pages=2)


def test_packed_and_heard_at_the_gate_it_is_entered_by_one_signature(
    house: House, somebody: Somebody, carrier: CarrierItem, language: str
) -> None:
    """Given a permit by the portal, when the gate hears the packed carrier, then one signature enters it."""
    borrower, clerk = somebody(BORROWER), somebody(CLERK)
    page = clerk.page
    clerk.open("/desk?mode=borrow")
    page.fill("#borrower", BORROWER)
    page.click("button[value=find]")
    expect(page.locator("#scan")).to_be_focused()
    page.keyboard.type(carrier.tags[0].epc)
    page.keyboard.press("Enter")
    expect(page.locator("#lines tr", has_text=carrier.control_number)).to_be_visible()
    page.fill("#holder_password", password(BORROWER))
    page.keyboard.press("Enter")
    page.wait_for_url("**/acts/*")
    matter, _ = asks(house, borrower, carrier, "portal")
    approved(somebody, borrower, matter)
    act(clerk, matter, "pack")
    page.locator("[name=lines]").first.check()
    page.fill("#container", CASE)
    sign(page, CLERK, BORROWER)
    expect(page.locator("main")).not_to_contain_text(clerk.t("carrying_out.enter_left"))
    house.readers.carry_out(carrier.tags[0].epc)
    offer = page.locator("form[action$='/left']")
    for _ in range(GATE_TRIES):
        clerk.open(matter)
        if offer.count():
            break
        page.wait_for_timeout(500)
    assert house.carrier(carrier.id).status is Status.ON_LOAN, "the radio moves nothing by itself"
    offer.locator("input[name=password]").fill(password(CLERK))
    offer.locator("button[value=enter]").click()
    page.wait_for_url("**?done=*")
    assert house.carrier(carrier.id).status is Status.CARRIED_OUT
    clerk.open(f"/carriers/{carrier.id}")
    expect(page.locator("main")).not_to_contain_text(clerk.t("finding_long.unauthorised_removal"))
    taken_back_and_closed(clerk, matter)
    assert house.carrier(carrier.id).status is Status.IN_PLACE
