"""Out of the house, and of another level: each act as a new user would do it, from the page to the printed form."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from custody.life_cycle import Status
from custody.store.queries import CarrierItem
from tests.journeys.desk import act, approved, matter_of, on_paper, sign
from tests.journeys.house import CLERK, CLERK_2, COMMITTEE, LEADER, SECRECY_OFFICE, House
from tests.journeys.watchful import Visitor

pytestmark = [pytest.mark.browser]

Somebody = Callable[[str], Visitor]


def apart(house: House, language: str, *, received: bool) -> CarrierItem:
    """A carrier on a shelf that no reader hears; every language has its own half of them."""
    items = [one for place in ("B1-02-1", "B1-02-2", "B1-02-3", "B1-03-1", "B1-03-2") for one in house.carriers(place)]
    fit = [one for one in items if bool(one.issuer) == received and one.rank and one.copies == 1]
    half = [one for one in fit if (one.id % 2 == 0) == (language == "zh")]
    assert half, "the sample has no such carrier"
    return half[0]


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
    clerk.page.click(".acts-more summary")
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
    clerk.through_the_menu("/review")
    expect(clerk.page.locator("h1")).to_have_text(clerk.t("nav.review"))
    clerk.page.click("a.chip[href*='stage=kept']")
    expect(clerk.page.locator(".empty")).to_have_text(clerk.t("review.none.kept"))
