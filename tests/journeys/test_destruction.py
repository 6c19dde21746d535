"""From the request to the printed certificate: a batch is listed, approved, sealed, checked and destroyed.

Five people sign in one after the other, and a sixth signs at the desk: nobody does two things that belong to two.
"""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from custody.life_cycle import Status
from custody.store.queries import CarrierItem
from tests.journeys.house import CLERK, SECRECY_OFFICE, House, password
from tests.journeys.watchful import Visitor

pytestmark = [pytest.mark.browser]

LEADER, CLERK_2, SUPERVISOR, SUPERVISOR_2 = "1006", "1002", "1003", "1008"
BATCHES = {
    "zh": (("YS-2022-00016", 9), ("YS-2021-00009", 1)),
    "en": (("YS-2022-00016", 10), ("YS-2022-00013", 1)),
}
"""Carriers out of every reader's hearing, one with a title of the longest; others for each language."""
APART, SHREDDER = "B1-02-3", "SZ-3"

Somebody = Callable[[str], Visitor]


@pytest.fixture
def batch(house: House, language: str) -> list[CarrierItem]:
    """What is to be destroyed."""
    return [house.find(number, copy) for number, copy in BATCHES[language]]


def enter(visitor: Visitor, *cosigners: str) -> None:
    """Sign as asked, each at the same desk, and enter the act that is on the page."""
    page = visitor.page
    own = page.locator("input[name=password]")
    if own.count():
        own.fill(password(visitor_number(visitor)))
    for at, number in enumerate(cosigners):
        page.fill(f"[name='cosign.{at}.password']", password(number))
    page.click(".actions button[value=enter]")


def visitor_number(visitor: Visitor) -> str:
    """Whose hands are at the keyboard."""
    return visitor.page.locator(".own-hand .quiet").first.inner_text()


def on_the_matter(visitor: Visitor) -> None:
    """The act was entered: its number stands on the matter's page."""
    visitor.page.wait_for_url(re.compile(r"/matters/\d+\?done="))
    expect(visitor.page.locator(".done")).to_be_visible()


def act(visitor: Visitor, matter: str, key: str) -> None:
    """Open an act by its button on the matter's page."""
    visitor.open(matter)
    visitor.page.click(f"a[href='{matter}/{key}']")


def request(clerk: Visitor, batch: list[CarrierItem]) -> str:
    """The clerk lists the batch and asks for approval; gives the address of the matter."""
    page = clerk.page
    clerk.open("/business/new/destruction")
    page.locator("#carriers").press_sequentially(batch[0].tags[0].epc + "\n")
    page.locator("#carriers").press_sequentially(f"{batch[1].control_number}/{batch[1].copy_number}")
    page.click("button[value='check:carriers']")
    expect(page.locator(".read tbody tr")).to_have_count(2)
    page.select_option("#method", "shred")
    page.fill("#reason", clerk.either("保密期限届满，已无保存价值", "Period over, no longer needed"))
    page.fill("#appraisal", clerk.either("经鉴定不需归档", "Appraised: not for the archives"))
    enter(clerk)
    on_the_matter(clerk)
    matter = clerk.path()
    act(clerk, matter, "ask")
    enter(clerk)
    on_the_matter(clerk)
    return matter


def approve(visitor: Visitor, matter: str) -> None:
    """One approval, by its button on the matter's page."""
    act(visitor, matter, "approve")
    enter(visitor)
    on_the_matter(visitor)


def prepare(clerk: Visitor, other: Visitor, matter: str, batch: list[CarrierItem], bag: str) -> None:
    """Set apart and sealed by one clerk, checked by the other: read off the bag, scanned item by item."""
    page = clerk.page
    act(clerk, matter, "set-apart")
    page.check("[name='lines.all']")
    page.fill("#place", APART)
    enter(clerk)
    on_the_matter(clerk)
    act(clerk, matter, "seal")
    expect(page.locator("#bag")).to_have_value("D-01")
    page.fill("#seal", bag)
    page.check("[name='lines.all']")
    enter(clerk)
    on_the_matter(clerk)
    page = other.page
    act(other, matter, "check?bag=D-01")
    page.fill("#seal", "000000")
    page.fill("#carriers", "\n".join(item.tags[0].epc for item in batch))
    enter(other)
    # Another seal than the books have: refused, and told what to do.
    expect(page.locator(".refusals").first).to_contain_text("g.5")
    expect(page.locator(".refusals").first).to_contain_text(other.t("refusal.bag_differs.way"))
    page.fill("#seal", bag)
    enter(other)
    on_the_matter(other)
    expect(page.locator("#bags")).to_be_visible()
    expect(page.locator("main")).to_contain_text(other.t("destruction.all_checked"))


def read_last(other: Visitor, matter: str, batch: list[CarrierItem]) -> None:
    """Everything is read once more at the shredder, scan by scan, and signed when it equals the list."""
    page = other.page
    other.open(matter)
    expect(page.locator(f"a[href='{matter}/destroy']")).to_have_count(0)
    page.locator("a[href^='/weighing/']").click()
    page.fill("#scan", batch[0].tags[0].epc)
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_contain_text("1")
    expect(page.locator(f"a[href='{matter}/weigh']")).to_have_count(0)
    page.fill("#scan", f"{batch[1].control_number}/{batch[1].copy_number}")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text(other.t("destruction.weigh.equal"))
    page.locator(f"a[href='{matter}/weigh']").click()
    page.fill("#place", APART)
    enter(other)
    on_the_matter(other)


def named(visitor: Visitor, destroyer: str, *supervisors: str) -> None:
    """Who destroys and who watches, and where."""
    page = visitor.page
    page.fill("#destroyer", destroyer)
    page.fill("#supervisor_1", supervisors[0])
    page.fill("#supervisor_2", supervisors[1])
    page.fill("#place", APART)
    page.fill("#device", SHREDDER)
    page.click("button[value='find:destroyer']")


def test_a_batch_goes_from_the_request_to_the_printed_certificate(
    somebody: Somebody, house: House, batch: list[CarrierItem], language: str
) -> None:
    clerk, office, leader, other = (somebody(number) for number in (CLERK, SECRECY_OFFICE, LEADER, CLERK_2))
    matter = request(clerk, batch)
    # Nobody but the secrecy office, then the leader: the clerk has no button for it, nor the leader before his turn.
    for visitor in (clerk, leader):
        visitor.open(matter)
        expect(visitor.page.locator(f"a[href='{matter}/approve']")).to_have_count(0)
    approve(office, matter)
    approve(leader, matter)
    prepare(clerk, other, matter, batch, "88000" + {"zh": "1", "en": "2"}[language])
    assert {house.carrier(item.id).status for item in batch} == {Status.AWAITING_DESTRUCTION}

    read_last(other, matter, batch)
    # The leader approved: he does not watch.
    act(other, matter, "destroy")
    named(other, CLERK_2, SUPERVISOR, LEADER)
    expect(other.page.locator("#fineness")).to_have_value("6")
    enter(other, SUPERVISOR, LEADER)
    expect(other.page.locator(".refusals").first).to_contain_text("g.5")
    assert {house.carrier(item.id).status for item in batch} == {Status.AWAITING_DESTRUCTION}
    # One signature that is not given, and nothing is destroyed.
    named(other, CLERK_2, SUPERVISOR, SUPERVISOR_2)
    other.page.fill("[name='cosign.0.password']", password(SUPERVISOR))
    other.page.fill("[name='cosign.1.password']", "wrong")
    other.page.fill("input[name=password]", password(CLERK_2))
    other.page.click(".actions button[value=enter]")
    expect(other.page.locator(".field-err").first).to_be_visible()
    assert {house.carrier(item.id).status for item in batch} == {Status.AWAITING_DESTRUCTION}

    enter(other, SUPERVISOR, SUPERVISOR_2)
    on_the_matter(other)
    assert {house.carrier(item.id).status for item in batch} == {Status.DESTROYED}
    certificate = other.page.locator(".done a.no").inner_text()
    assert re.fullmatch(r"XM-\d{4}-\d{4,}", certificate)
    the_certificate(other, certificate, batch)
    # A supervisor signs in himself, and finds what he signed, but no act to undo it.
    supervisor = somebody(SUPERVISOR)
    assert supervisor.open(matter).status == 200
    expect(supervisor.page.locator(".ids")).to_contain_text(supervisor.t("mstatus.destruction.destroyed"))
    expect(supervisor.page.locator("main .acts a")).to_have_count(0)


def the_certificate(visitor: Visitor, number: str, batch: list[CarrierItem]) -> None:
    """The paper bears every item, the approvals and three signatures, and fits its sheet."""
    page = visitor.page
    visitor.open(f"/acts/{number}/form")
    paper = page.locator(".paper").first
    expect(paper).to_contain_text(visitor.t("forms.heading.destroy"))
    for item in batch:
        expect(paper).to_contain_text(item.control_number)
        expect(paper).to_contain_text(item.title)
    for step in ("office", "leader"):
        expect(paper).to_contain_text(visitor.t(f"step.{step}"))
    signed = paper.locator(".paper-signs td b")
    expect(signed).to_have_count(3)
    page.emulate_media(media="print")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    page.emulate_media(media="screen")
