"""Out of the house, and of another level: each act as a new user would do it, from the page to the printed form."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from custody.life_cycle import Status
from custody.store.queries import CarrierItem
from tests.journeys.house import CLERK, SECRECY_OFFICE, House, password
from tests.journeys.watchful import Visitor

pytestmark = [pytest.mark.browser]

LEADER, CLERK_2, COMMITTEE = "1006", "1002", "1010"
Somebody = Callable[[str], Visitor]


def apart(house: House, language: str, *, received: bool) -> CarrierItem:
    """A carrier on a shelf that no reader hears; every language has its own half of them."""
    items = [one for place in ("B1-02-1", "B1-02-2", "B1-02-3", "B1-03-1", "B1-03-2") for one in house.carriers(place)]
    fit = [one for one in items if bool(one.issuer) == received and one.rank and one.copies == 1]
    half = [one for one in fit if (one.id % 2 == 0) == (language == "zh")]
    assert half, "the sample has no such carrier"
    return half[0]


def sign(visitor: Visitor, number: str, *cosigners: str) -> str:
    """Sign as asked, each at the same desk, and enter the act; gives its number."""
    page = visitor.page
    if page.locator("input[name=password]").count():
        page.fill("input[name=password]", password(number))
    for at, other in enumerate(cosigners):
        mine = page.locator(f"input[name='cosign.{at}.number']:not([type=hidden])")
        if mine.count():
            mine.fill(other)
        page.fill(f"input[name='cosign.{at}.password']", password(other))
    page.click(".actions button[value=enter]")
    page.wait_for_url(re.compile(r"(\?done=|/acts/)"))
    found = re.search(r"(?:done=|/acts/)([A-Z]+-\d+-\d+)", page.url)
    assert found
    return found[1]


def matter_of(page: Page) -> str:
    """The address of the matter that the page is of."""
    found = re.search(r"/matters/\d+", page.url)
    assert found, page.url
    return found[0]


def act(visitor: Visitor, matter: str, key: str) -> None:
    """Open an act by its button on the matter's page."""
    visitor.open(matter)
    visitor.page.click(f"a[href='{matter}/{key}']")


def approved(matter: str, clerk: Visitor, *others: tuple[Visitor, str]) -> None:
    """The clerk asks, the others approve in turn."""
    act(clerk, matter, "ask")
    sign(clerk, CLERK)
    for visitor, number in others:
        act(visitor, matter, "approve")
        sign(visitor, number)


def on_paper(visitor: Visitor, number: str, *words: str) -> None:
    """The act's form holds these words, and prints to whole pages."""
    visitor.open(f"/acts/{number}/form")
    sheet = visitor.page.locator("article").first
    for word in words:
        expect(sheet).to_contain_text(word)
    wide = sheet.evaluate("e => e.scrollWidth - e.clientWidth")
    assert wide <= 1, f"the form is {wide} px too wide"
    visitor.page.emulate_media(media="print")
    assert visitor.page.pdf(format="A4")[:5] == b"%PDF-"
    visitor.page.emulate_media(media="screen")


def test_a_list_goes_to_the_archives(house: House, somebody: Somebody, language: str) -> None:
    item, clerk, office = apart(house, language, received=False), somebody(CLERK), somebody(SECRECY_OFFICE)
    page = clerk.page
    clerk.open("/business")
    page.click("details.begin summary")
    page.click("a[href='/business/new/transfer']")
    page.check("[name=destination][value=archives]")
    page.fill("#receiver", "院档案馆")
    page.fill("#where", "档案馆一楼")
    page.fill("#carriers", f"{item.control_number}/{item.copy_number}")
    sign(clerk, CLERK)
    matter = matter_of(page)
    approved(matter, clerk, (office, SECRECY_OFFICE))
    act(clerk, matter, "hand_over")
    page.check("[name=lines]")
    page.fill("#received_by", CLERK_2)
    number = sign(clerk, CLERK, CLERK_2)
    assert house.carrier(item.id).status is Status.TRANSFERRED
    expect(page.locator("main")).to_contain_text(clerk.t("mstatus.transfer.closed"))
    on_paper(clerk, number, item.control_number, "院档案馆", clerk.t("disposition.form.duty.f3"))


def test_a_received_paper_goes_back_to_its_issuer(house: House, somebody: Somebody, language: str) -> None:
    item, clerk = apart(house, language, received=True), somebody(CLERK)
    page = clerk.page
    clerk.open("/business/new/issuer_return")
    page.fill("#issuer", item.issuer)
    page.fill("#notice_number", "岭测清〔2026〕3号")
    page.fill("#notice_on", "2026-11-10")
    page.fill("#return_by", "2027-12-10")
    page.fill("#carriers", f"{item.control_number}/{item.copy_number}")
    sign(clerk, CLERK)
    matter = matter_of(page)
    act(clerk, matter, "hand_over")
    page.check("[name=lines]")
    page.fill("#parcel", "F-0031")
    page.fill("#received_by_name", "邓工")
    page.fill("#witness", CLERK_2)
    number = sign(clerk, CLERK, CLERK_2)
    assert house.carrier(item.id).status is Status.RETURNED_TO_ISSUER
    on_paper(clerk, number, "F-0031", "邓工", item.issuer_number)


def test_a_level_is_changed_by_three_persons(house: House, somebody: Somebody, language: str) -> None:
    item, clerk = apart(house, language, received=False), somebody(CLERK)
    page = clerk.page
    clerk.open(f"/business/new/reclassification?carriers={item.id}")
    expect(page.locator("main")).to_contain_text(item.control_number)
    page.select_option("#level", item.level)
    page.select_option("[name='period.kind']", "date")
    page.fill("[name='period.value']", "2034-01-31")
    page.fill("[name='period.authority']", "省国家保密局")
    page.fill("#basis", "国家秘密事项范围第三条")
    page.fill("#determined_by", "柳望川")
    on_proposal = sign(clerk, CLERK)
    matter = matter_of(page)
    on_paper(clerk, on_proposal, item.control_number, "柳望川")
    approved(matter, clerk, (somebody(SECRECY_OFFICE), SECRECY_OFFICE), (somebody(COMMITTEE), COMMITTEE))
    act(clerk, matter, "carry_out")
    page.locator("[name=lines]").first.check()
    number = sign(clerk, CLERK)
    assert house.carrier(item.id).period.value == "2034-01-31"
    on_paper(clerk, number, item.control_number, "国家秘密事项范围第三条")


def test_a_loss_is_declared_reported_concluded_and_confirmed(house: House, somebody: Somebody, language: str) -> None:
    item, clerk, office = apart(house, language, received=False), somebody(CLERK), somebody(SECRECY_OFFICE)
    clerk.open(f"/carriers/{item.id}")
    clerk.page.click(f"a[href='/carriers/{item.id}/missing']")
    clerk.page.fill("#circumstances", "盘库时未见")
    number = sign(clerk, CLERK)
    on_paper(clerk, number, item.control_number, "盘库时未见")
    clerk.open(f"/carriers/{item.id}")
    clerk.page.click("a[href^='/matters/']")
    matter = matter_of(clerk.page)
    act(office, matter, "report")
    office.page.fill("#reported_to", "市国家保密局")
    office.page.fill("#report_number", "远保报〔2026〕1号")
    on_paper(office, sign(office, SECRECY_OFFICE), "远保报〔2026〕1号")
    act(office, matter, "conclude")
    office.page.check("[name=outcome][value=not_found]")
    office.page.fill("#result", "核查全部库房")
    office.page.fill("#responsibility", "保管责任人批评教育")
    sign(office, SECRECY_OFFICE)
    leader = somebody(LEADER)
    act(leader, matter, "confirm")
    on_paper(leader, sign(leader, LEADER), "核查全部库房")
    expect(leader.page.locator("body")).not_to_contain_text("{")


def test_what_ends_is_found_on_the_worklist(somebody: Somebody) -> None:
    clerk = somebody(CLERK)
    clerk.open("/overview")
    clerk.page.click("nav a[href='/review']")
    expect(clerk.page.locator("h1")).to_have_text(clerk.t("nav.review"))
    clerk.page.click("a.chip[href*='stage=kept']")
    expect(clerk.page.locator(".empty")).to_have_text(clerk.t("review.none.kept"))
