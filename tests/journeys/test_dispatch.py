"""What comes in, goes out, is shown to more and handed out: each act as a new user would do it, to its printed form."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from custody import clock
from custody.access import Role
from custody.entries.organisations import OrganisationRecorded
from custody.life_cycle import Status
from custody.store.queries import CarrierItem
from custody.values import DAY, Organisation
from tests.builders import signatures
from tests.journeys.desk import act, approved, matter_of, on_paper, sign
from tests.journeys.house import BORROWER, CLERK, CLERK_2, LEADER, SECRECY_OFFICE, House
from tests.journeys.watchful import Visitor

pytestmark = [pytest.mark.browser]

Somebody = Callable[[str], Visitor]
SHELVES = ("B1-02-1", "B1-02-2", "B1-02-3", "B1-03-1", "B1-03-2")


def apart(house: House, language: str, *, received: bool) -> CarrierItem:
    """A secret paper of its own number on a shelf that no reader hears; every language has its own half of them."""
    items = [one for place in SHELVES for one in house.carriers(place)]
    papers = [one for one in items if one.copies == 1 and one.rank in (1, 2) and one.medium == "paper"]
    half = [one for one in papers if bool(one.issuer) == received and (one.id % 2 == 0) == (language == "zh")]
    assert half, "the sample has no such carrier"
    return half[-1]


def ministry(house: House, language: str) -> Organisation:
    """Another body, put into the directory by the secrecy office."""
    (identifier,) = house.books.reserve("organisation", 1)
    body = Organisation(identifier, f"MIN-{language}", "某部机关", "A Ministry")
    office = house.asking(SECRECY_OFFICE)
    assert Role.SECRECY_OFFICE in office.roles
    facts = [OrganisationRecorded(body)]
    under = signatures(facts, house.books.clock(), office.person)
    house.books.enter(office, facts, act="organisation", signatures=under)
    return body


def test_one_paper_is_received_in_one_act(house: House, somebody: Somebody, language: str) -> None:
    clerk = somebody(CLERK)
    page, issued = clerk.page, f"某发〔2026〕{language}号"
    clerk.open("/registers")
    page.click("a[href='/business/new/receive_one']")
    page.fill("#sender_name", "某部机关")
    page.fill("#manifest_number", f"机发-{language}")
    page.select_option("#way", "confidential_communications")
    page.fill("#seal", "F-2207")
    page.fill("#delivered_by_name", "邓机要")
    page.fill("#witness", CLERK_2)
    page.fill("#issuer_number", issued)
    page.fill("#item_title", "关于某项工作的通知")
    page.select_option("#level", "confidential")
    page.fill("#pages", "6")
    page.fill("#control_number", f"SW-J-{language}")
    page.check("[name=scope][value=all]")
    page.fill("#place", "B1-02-1")
    number = sign(clerk, CLERK, CLERK_2)
    expect(page.locator("main")).to_contain_text(clerk.t("mstatus.receipt.closed"))
    on_paper(clerk, number, issued, "邓机要", clerk.t("dispatch.form.slip"), clerk.t("dispatch.form.duty.b2"))
    clerk.open("/registers/incoming")
    expect(page.locator("main")).to_contain_text(issued)
    page.fill("form[action='/registers/incoming'] input[name=q]", issued)
    page.click("form[action='/registers/incoming'][method=post] button")
    page.wait_for_url("**/registers/incoming?q=*")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert house.find(f"SW-J-{language}").status is Status.IN_PLACE


def test_a_consignment_is_short_and_its_sender_is_told(house: House, somebody: Somebody, language: str) -> None:
    clerk = somebody(CLERK)
    page = clerk.page
    clerk.open("/business/new/receipt")
    page.fill("#sender_name", "某部机关")
    page.fill("#manifest_number", f"机发-2-{language}")
    page.select_option("#way", "exchange_station")
    page.fill("#seal", "F-2208")
    page.fill("#delivered_by_name", "邓机要")
    page.fill("#witness", CLERK_2)
    for at in (0, 1):
        page.fill(f"[name='rows.{at}.issuer_number']", f"某发〔2026〕9-{language}号")
        page.fill(f"[name='rows.{at}.title']", "某项工作方案")
        page.fill(f"[name='rows.{at}.copy_number']", str(at + 1))
        page.select_option(f"[name='rows.{at}.level']", "confidential")
        page.fill(f"[name='rows.{at}.pages']", "8")
    sign(clerk, CLERK)
    matter = matter_of(page)
    act(clerk, matter, "register")
    page.check("[name=rows_chosen][value='1']")
    page.fill("#control_number", f"SW-K-{language}")
    page.fill("#copies", "2")
    sign(clerk, CLERK)
    act(clerk, matter, "short")
    page.check("[name=rows_chosen][value='2']")
    page.fill("#note", "封内无此件")
    sign(clerk, CLERK)
    act(clerk, matter, "tell")
    on_paper(clerk, sign(clerk, CLERK), clerk.t("dispatch.outcome.short"), "封内无此件")
    act(clerk, matter, "close")
    expect(page.locator("#full")).not_to_be_checked()
    sign(clerk, CLERK, CLERK_2)
    expect(page.locator("main")).to_contain_text(clerk.t("mstatus.receipt.closed"))


def test_a_paper_is_shown_to_another_body_and_sent_there(house: House, somebody: Somebody, language: str) -> None:
    item, body, clerk = apart(house, language, received=False), ministry(house, language), somebody(CLERK)
    page, office, leader = clerk.page, somebody(SECRECY_OFFICE), somebody(LEADER)

    clerk.open("/business/new/dispatch")
    page.select_option("#addressee", str(body.id))
    page.select_option("#way", "confidential_communications")
    page.fill("#arrive_on", day_ahead(house, 5))
    page.fill("#carriers", f"{item.control_number}/{item.copy_number}")
    page.click(".actions button[value=enter]")
    expect(page.locator("main")).to_contain_text("b.3")

    clerk.open("/business/new/widening")
    page.fill("#control_number", item.control_number)
    page.check(f"[name=scope][value='organisation:{body.id}']")
    page.fill("#reason", "联合攻关")
    page.fill("#authority", "柳望川")
    on_proposal = sign(clerk, CLERK)
    matter = matter_of(page)
    on_paper(clerk, on_proposal, item.control_number, "联合攻关")
    approved(matter, clerk, (office, SECRECY_OFFICE), (leader, LEADER))
    act(clerk, matter, "carry_out")
    on_paper(clerk, sign(clerk, CLERK), clerk.t("dispatch.form.widened"))

    clerk.open("/business/new/dispatch")
    page.select_option("#addressee", str(body.id))
    page.fill("#attention", "办公厅")
    page.select_option("#way", "confidential_communications")
    page.fill("#arrive_on", day_ahead(house, 5))
    page.fill("#carriers", f"{item.control_number}/{item.copy_number}")
    on_list = sign(clerk, CLERK)
    matter = matter_of(page)
    on_paper(clerk, on_list, item.control_number, clerk.t("dispatch.form.duty.b4"))
    approved(matter, clerk, (office, SECRECY_OFFICE))
    act(clerk, matter, "seal")
    page.fill("#parcel", f"P-{language}")
    page.fill("#seal", "F-3001")
    on_paper(clerk, sign(clerk, CLERK), f"P-{language}", "办公厅", clerk.t("dispatch.form.label"))
    expect(page.locator("article").first).not_to_contain_text(item.title)
    act(clerk, matter, "send")
    page.fill("#taken_by_name", "邓机要")
    page.fill("#witness", CLERK_2)
    on_paper(clerk, sign(clerk, CLERK, CLERK_2), item.control_number, "邓机要", clerk.t("dispatch.form.duty.b1"))
    assert house.carrier(item.id).status is Status.IN_TRANSIT
    act(clerk, matter, "acknowledge")
    page.check("[name=lines]")
    page.fill("#receipt", "某收-9")
    page.fill("#signed_by", "王秘书")
    sign(clerk, CLERK)
    assert house.carrier(item.id).status is Status.TRANSFERRED
    clerk.open("/registers/outgoing")
    expect(page.locator("main")).to_contain_text(f"P-{language}")
    expect(page.locator("main")).to_contain_text("某收-9")


def test_a_copy_is_handed_out_and_collected(house: House, somebody: Somebody, language: str) -> None:
    item, clerk = apart(house, language, received=True), somebody(CLERK)
    page = clerk.page
    clerk.open("/business/new/distribution")
    page.fill("#control_number", item.control_number)
    page.select_option("#unit", str(item.unit))
    page.fill("#collect_on", day_ahead(house, 20))
    page.fill("#reason", "传达学习")
    sign(clerk, CLERK)
    matter = matter_of(page)
    act(clerk, matter, "hand_out")
    page.locator("[name=lines]").first.check()
    page.fill("#recipient", BORROWER)
    page.fill("#due_on", day_ahead(house, 10))
    on_paper(clerk, sign(clerk, CLERK, BORROWER), item.control_number, clerk.t("dispatch.form.signed"))
    assert house.carrier(item.id).status is Status.ON_LOAN
    act(clerk, matter, "finish")
    sign(clerk, CLERK)
    act(clerk, matter, "collect")
    page.locator("[name=lines]").first.check()
    page.fill("#place", "B1-02-1")
    on_paper(clerk, sign(clerk, CLERK), clerk.t("lstate.distribution.collected"))
    assert house.carrier(item.id).status is Status.IN_PLACE
    clerk.open(matter)
    expect(page.locator("main")).to_contain_text(clerk.t("mstatus.distribution.closed"))


def day_ahead(house: House, days: int) -> str:
    """The ISO day so many days from now, where the house stands."""
    return clock.day(house.books.clock() + days * DAY, house.books.scheme.timezone)
