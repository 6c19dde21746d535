"""A production order as a new user would go through it: from the application to the last scrap, with every paper."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from custody.life_cycle import Status
from tests.journeys.desk import act, matter_of, on_paper, sign
from tests.journeys.house import BORROWER, CLERK, CLERK_2, COMMITTEE, SECRECY_OFFICE, House
from tests.journeys.watchful import Visitor

pytestmark = [pytest.mark.browser]

Somebody = Callable[[str], Visitor]
FIELDS = {
    "#title": "远山四号试验大纲",
    "#pages": "24",
    "#quantity": "5",
    "[name='period.value']": "10",
    "#basis": "《远山科研定密细目》第4条",
    "#determined_by": "柳望川",
    "#place": "3F-312",
    "#reason": "评审会用",
}
EPC = "3414F4A2E0{:02X}{:012X}"


def epcs(language: str, count: int) -> tuple[str, str]:
    """The ends of a run of labels that is this language's own."""
    own = 1 if language == "zh" else 2
    return EPC.format(own, 1), EPC.format(own, count)


def test_a_title_is_ordered_approved_made_and_accounted_for(house: House, somebody: Somebody, language: str) -> None:
    number = f"YS-2026-9{1 if language == 'zh' else 2}001"
    chen, clerk = somebody(BORROWER), somebody(CLERK)
    page = chen.page
    chen.open("/business")
    page.click("details.begin summary")
    page.click("a[href='/business/new/production']")
    for field, text in FIELDS.items() | {("#control_number", number)}:
        page.fill(field, text)
    page.select_option("#level", "secret")
    page.select_option("[name='period.kind']", "years")
    page.check("[name=scope][value=all]")
    ordered = sign(chen, BORROWER)
    order = matter_of(page)
    on_paper(chen, ordered, number, "柳望川", chen.t("production.form.duty.quantity"))

    for who in (SECRECY_OFFICE, COMMITTEE):
        approver = somebody(who)
        act(approver, order, "approve")
        sign(approver, who)

    page = clerk.page
    first, last = epcs(language, 3)
    act(clerk, order, "labels")
    page.fill("#epcs", f"{first}..{last}")
    on_paper(clerk, sign(clerk, CLERK), number, clerk.t("production.form.duty.labels"))

    act(clerk, order, "register_copies")
    expect(page.locator("#copies")).to_have_value("1-5")
    page.fill("#copies", "1-3")
    page.fill("#epcs", f"{first}..{last}")
    page.fill("#place", "B1-01-1")
    page.check("#marked")
    on_paper(clerk, sign(clerk, CLERK), number, "B1-01-1", clerk.t("production.form.duty.quantity"))
    assert house.find(number, 3).status is Status.IN_PLACE

    act(clerk, order, "spoil_copies")
    page.fill("#copies", "4")
    page.fill("#reason", "卡纸")
    page.fill("#place", "B1-01-2")
    on_paper(clerk, sign(clerk, CLERK), f"{number}/P1", "卡纸")

    act(clerk, order, "cancel_copies")
    expect(page.locator("#copies")).to_have_value("5")
    page.fill("#reason", "会期缩短")
    on_paper(clerk, sign(clerk, CLERK), "会期缩短")

    act(clerk, order, "intermediates")
    page.check("[name=what][value=draft]")
    page.fill("#place", "B1-01-2")
    on_paper(clerk, sign(clerk, CLERK), f"{number}/G1")

    act(clerk, order, "close_order")
    closed = sign(clerk, CLERK)
    expect(page.locator("main")).to_contain_text(clerk.t("production.closes"))
    on_paper(clerk, closed, "3", clerk.t("production.form.duty.quantity"))

    act(clerk, order, "keep_intermediates")
    page.check("[name='lines.all']")
    page.fill("#decided_by", CLERK_2)
    page.fill("#reason", "留存备查")
    on_paper(clerk, sign(clerk, CLERK, CLERK_2), f"{number}/G1", "留存备查")

    act(clerk, order, "settle_order")
    sign(clerk, CLERK)
    expect(page.locator("main")).to_contain_text(clerk.t("mstatus.production.settled"))
    clerk.open("/production?show=over")
    expect(page.locator("table")).to_contain_text(number)
    page.click(f"a[href='{order}']")
    expect(page).to_have_url(re.compile(order))


def test_no_copy_beyond_the_order(house: House, somebody: Somebody, language: str) -> None:
    number = f"YS-2026-9{3 if language == 'zh' else 4}001"
    chen, clerk = somebody(BORROWER), somebody(CLERK)
    chen.open("/business/new/production")
    for field, text in FIELDS.items() | {("#control_number", number)}:
        chen.page.fill(field, text)
    chen.page.fill("#place", "B1-corridor")
    chen.page.select_option("#level", "secret")
    chen.page.select_option("[name='period.kind']", "years")
    chen.page.check("[name=scope][value=all]")
    chen.page.click(".actions button[value=enter]")
    expect(chen.page.locator("a[href='/regulations#a.2']").first).to_be_visible()
    expect(chen.page.locator("#title")).to_have_value(FIELDS["#title"])
    chen.page.fill("#place", "3F-312")
    sign(chen, BORROWER)
    order = matter_of(chen.page)
    clerk.open(f"{order}/register_copies")
    expect(clerk.page.locator("main")).not_to_contain_text(clerk.t("ask.register_copies.marked"))
    for who in (SECRECY_OFFICE, COMMITTEE):
        approver = somebody(who)
        act(approver, order, "approve")
        sign(approver, who)
    act(clerk, order, "register_copies")
    clerk.page.fill("#copies", "1-6")
    clerk.page.check("#marked")
    clerk.page.click(".actions button[value=enter]")
    expect(clerk.page.locator("a[href='/regulations#a.4']").first).to_be_visible()
