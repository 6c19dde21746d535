"""To another body and to the public: each act as a new user would do it, from the page to the printed form."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from custody.clock import day
from custody.life_cycle import Status
from tests.journeys.desk import act, approved, matter_of, on_paper, sign
from tests.journeys.house import BORROWER, CLERK, CLERK_2, LEADER, SECRECY_OFFICE, House, password
from tests.journeys.test_disposition import apart
from tests.journeys.watchful import Visitor

pytestmark = [pytest.mark.browser]

HEAD_OF_RESEARCH = "1010"
WITNESS = "1003"
Somebody = Callable[[str], Visitor]


def test_a_carrier_is_lent_to_an_institute_and_comes_back(house: House, somebody: Somebody, language: str) -> None:
    item, clerk, office = apart(house, language, received=False), somebody(CLERK), somebody(SECRECY_OFFICE)
    page = clerk.page
    clerk.open("/business")
    page.click("details.begin summary")
    page.click("a[href='/business/new/provision']")
    institute = page.locator("#organisation option", has_text="INST").get_attribute("value")
    page.select_option("#organisation", institute or "")
    page.fill("#purpose", "联合试验")
    page.fill("#ground", "合作合同第八条")
    page.fill("#return_by", "2027-01-31")
    page.fill("#carriers", f"{item.control_number}/{item.copy_number}")
    page.fill("#measures", "专柜保管，三人知悉")
    number = sign(clerk, CLERK)
    matter = matter_of(page)
    on_paper(clerk, number, item.control_number, "合作合同第八条", clerk.t("disclosure.form.duty.agreement"))
    approved(matter, clerk, (office, SECRECY_OFFICE), (somebody(LEADER), LEADER))
    clerk.open(matter)
    expect(page.locator(".held .why").first).to_contain_text("i.1")  # who applied does not hand over
    giver = somebody(CLERK_2)
    act(giver, matter, "provide")
    giver.page.check("[name=lines]")
    giver.page.fill("#received_by_name", "邵工")
    giver.page.fill("#document", "工作证 0731")
    giver.page.fill("#witness", WITNESS)
    number = sign(giver, CLERK_2, WITNESS)
    assert house.carrier(item.id).status is Status.PROVIDED_OUTSIDE
    on_paper(giver, number, item.control_number, "邵工", "工作证 0731")
    act(clerk, matter, "take_back")
    page.locator("[name=lines]").check()
    page.fill("#brought_by_name", "邵工")
    page.fill("#place", item.place_code or "")
    page.check("#whole")
    number = sign(clerk, CLERK)
    assert house.carrier(item.id).status is Status.IN_PLACE
    on_paper(clerk, number, item.control_number, "邵工")


def test_a_paper_is_reviewed_and_published(house: House, somebody: Somebody, language: str, tmp_path: Path) -> None:
    author, office = somebody(BORROWER), somebody(SECRECY_OFFICE)
    page, text = author.page, tmp_path / "draft.txt"
    text.write_text(f"低温轴承的润滑 {language}", encoding="utf-8")
    author.open("/overview")
    author.through_the_menu("/disclosures")
    page.click("a[href='/business/new/disclosure_review']")
    page.select_option("#what", "manuscript")
    page.fill("#piece_title", "低温轴承的润滑")
    page.fill("#outlet", "《仪器学报》")
    page.fill("#intended_on", "2027-02-01")
    page.set_input_files("[name='text_hash.file']", text)
    page.click("button[value='check:text_hash']")
    expect(page.locator("#text_hash")).to_have_value(hashlib.sha256(text.read_bytes()).hexdigest())
    page.check("[name=secrets][value=none]")
    number = sign(author, BORROWER)
    matter = matter_of(page)
    on_paper(author, number, "低温轴承的润滑", author.t("disclosure.form.duty.review"))
    act(author, matter, "ask")
    sign(author, BORROWER)
    head = somebody(HEAD_OF_RESEARCH)
    for reviewer, who in ((head, HEAD_OF_RESEARCH), (office, SECRECY_OFFICE)):
        reviewer.open("/approvals")
        reviewer.page.click(f".answers a[href='{matter}']")
        reviewer.page.click(f"a[href='{matter}/opinion']")
        reviewer.page.check("[name=result][value=pass]")
        number = sign(reviewer, who)
    on_paper(office, number, "低温轴承的润滑", office.t("ask.result.pass"))
    act(author, matter, "publish")
    page.fill("#where_out", "《仪器学报》2027 年第 2 期")
    page.fill("#published_on", day(house.books.clock(), house.books.scheme.timezone))
    on_paper(author, sign(author, BORROWER), "《仪器学报》2027 年第 2 期")
    author.open("/disclosures?status=published")
    expect(page.locator("main table")).to_contain_text("低温轴承的润滑")


def test_a_body_is_entered_with_its_agreement(somebody: Somebody, language: str) -> None:
    office = somebody(SECRECY_OFFICE)
    page = office.page
    office.open("/overview")
    office.through_the_menu("/organisations")
    expect(page.locator("main")).to_contain_text(office.t("organisations.expires_in", n=20))
    page.click("a[href='/business/new/organisation']")
    page.fill("#code", f"LAB-{language}")
    page.fill("#name", "岭南测绘实验室")
    page.select_option("#ownership", "state")
    sign_home(office, SECRECY_OFFICE)
    page.click(f"tr:has-text('LAB-{language}') a.no")
    page.click("a[href$='/agreement']")
    page.fill("#paper_number", "远保协〔2026〕8号")
    page.fill("#subject", "联合测绘")
    page.fill("#signed_by", "顾主任")
    page.select_option("#level", "secret")
    page.fill("#valid_from", "2026-01-01")
    page.fill("#valid_until", "2029-12-31")
    sign_home(office, SECRECY_OFFICE)
    expect(page.locator("main")).to_contain_text("远保协〔2026〕8号")
    office.open("/organisations?find=corner")
    page.click("table a.no")
    expect(page.locator(".held .why")).to_contain_text("a.3")


def sign_home(visitor: Visitor, number: str) -> None:
    """Sign as asked and enter the act; one comes back to where it was begun."""
    page = visitor.page
    if page.locator("input[name=password]").count():
        page.fill("input[name=password]", password(number))
    page.click(".actions button[value=enter]")
    page.wait_for_url("**?done=*")
