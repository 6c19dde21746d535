"""One journey a role, from signing in to the result, as the how-to tells it: each stops where a picture is taken.

`python -m tools.make_pictures` walks them with a camera, `test_guide.py` without one. What is done is the product's own
business in the sample house; two walks give pictures that differ only where times are shown.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from playwright.sync_api import Locator, expect

from custody import clock
from custody.access import Subject
from custody.entries import Borrowed
from custody.values import DAY
from tests.builders import signatures
from tests.journeys.house import (
    AUDITOR,
    BORROWER,
    CLERK,
    COMMITTEE,
    LATE_BORROWER,
    LEADER,
    MANAGER,
    SECRECY_OFFICE,
    SECURITY,
    SYSTEM,
    House,
    password,
)
from tests.journeys.meeting import SEATS, SECRETARY, a_meeting
from tests.journeys.watchful import Visitor

LIVE_MS = 60_000
"""Longer than a test waits: pictures are taken on busy machines too."""
FOUND_MS = 600_000
"""What is heard elsewhere is believed there only after a while; how long depends on how busy the machine is."""
FORGOTTEN_MS = 2_500
HANDHELD = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
BOARD = {"width": 1440, "height": 900}


class Camera(Protocol):
    """Takes a picture of what is open. `step` names it after its topic: `desk-2-lent`."""

    def __call__(self, visitor: Visitor, step: str, *, to: int = 0) -> None:
        """`to`: only so far down, in pixels; 0 is what the window shows."""


@dataclass
class Guide:
    """The house, somebody's browser when asked for, and the camera."""

    house: House
    arrive: Callable[..., AbstractContextManager[Visitor]]
    """`arrive(language, width=…, height=…)`: a browser in which nobody has signed in."""
    shot: Camera
    language: str
    year: str = "2033"
    """Parts the numbers of this walk's meeting from those of another in the same house."""

    @contextmanager
    def entering(self, number: str, size: Mapping[str, int] = DESK) -> Iterator[Visitor]:
        """Somebody who has signed in, in a window of this size."""
        with self.at_the_door(size) as visitor:
            visitor.sign_in(number)
            yield visitor

    def at_the_door(self, size: Mapping[str, int] = DESK) -> AbstractContextManager[Visitor]:
        """Somebody who has not signed in yet."""
        return self.arrive(self.language, width=size["width"], height=size["height"])


def at_the_door(guide: Guide) -> None:
    """Everybody: signing in."""
    with guide.at_the_door() as visitor:
        visitor.open("/sign-in")
        visitor.page.fill("#number", CLERK)
        guide.shot(visitor, "sign-in-1-door")
        visitor.sign_in(CLERK)
        visitor.open("/carriers")
        visitor.page.click("a[data-help]")
        expect(visitor.page.locator("[data-help-text] .help-h").first).to_be_visible()
        guide.shot(visitor, "sign-in-2-help")


def a_sweep(guide: Guide) -> None:
    """The clerk at a shelf with a handheld."""
    house = guide.house
    place, antenna = "B1-01-3", 3
    carriers = house.carriers(place)
    epcs = [item.tags[0].epc for item in carriers]
    stray = house.carriers("B1-01-1")[0]
    house.readers.leave("cabinet", antenna, *epcs)
    with guide.entering(CLERK, HANDHELD) as clerk:
        page = clerk.page
        page.wait_for_timeout(FORGOTTEN_MS)
        clerk.open("/rounds")
        guide.shot(clerk, "sweep-1-begin")
        option = page.locator("#place option", has_text=f"{place} ").first.get_attribute("value")
        page.select_option("#place", option)
        page.locator("form[action='/rounds'] button[type=submit]").first.click()
        page.wait_for_url("**/rounds/*-*")
        _until_it_is_here(clerk)
        for epc in epcs[: len(epcs) // 2]:
            page.keyboard.type(epc)
            page.keyboard.press("Enter")
        expect(page.locator(".huge b")).to_have_text(str(len(epcs) // 2), timeout=LIVE_MS)
        guide.shot(clerk, "sweep-2-counting")
        page.keyboard.type(stray.tags[0].epc)
        page.keyboard.press("Enter")
        expect(page.locator("#last .word")).to_have_text(clerk.t("rounds.last.elsewhere"))
        expect(page.locator("#deviations li", has_text=stray.control_number)).to_be_visible()
        guide.shot(clerk, "sweep-3-misplaced")
        page.locator("#undo-form button").click()
        expect(page.locator("#last .word")).to_have_text(clerk.t("rounds.last.undone"))
        house.readers.arrive("cabinet", antenna, *epcs)
        expect(page.locator(".huge b")).to_have_text(str(len(epcs)), timeout=LIVE_MS)
        page.click("#finish")
        page.wait_for_url("**/finish")
        guide.shot(clerk, "sweep-4-sign")
        confirm = page.locator("#password")
        if confirm.count():
            confirm.fill(password(CLERK))
        page.locator("form[action$='/sign'] button").click()
        page.wait_for_url(lambda address: "/finish" not in address)
        expect(page.locator("main")).to_contain_text(clerk.t("rounds.state.signed"))
        guide.shot(clerk, "sweep-5-report")


def _until_it_is_here(visitor: Visitor) -> None:
    """A sweep that the server was too slow to answer with shows itself without a network: it is asked for again."""
    for _ in range(5):
        if visitor.page.locator(".huge b").count():
            return
        visitor.page.wait_for_timeout(2_000)
        visitor.page.reload()
    expect(visitor.page.locator(".huge b")).to_be_visible()


def the_desk(guide: Guide) -> None:
    """The clerk at the desk: one who is late gets nothing, another does, and brings it back."""
    carrier = guide.house.find({"en": "YS-2025-00058", "zh": "YS-2024-00021"}[guide.language])
    with guide.entering(CLERK) as clerk:
        page = clerk.page
        clerk.open("/desk?mode=borrow")
        page.fill("#borrower", LATE_BORROWER)
        page.click("button[value=find]")
        expect(page.locator("#scan")).to_be_focused()
        page.keyboard.type(carrier.tags[0].epc)
        page.keyboard.press("Enter")
        expect(page.locator("#lines tr", has_text=carrier.control_number)).to_contain_text("c.5")
        guide.shot(clerk, "desk-1-refused")
        page.click("button[value=other]")
        page.fill("#borrower", BORROWER)
        page.click("button[value=find]")
        expect(page.locator("#lines tr", has_text=carrier.control_number)).not_to_contain_text("c.5")
        guide.shot(clerk, "desk-2-lend")
        page.fill("#holder_password", password(BORROWER))
        page.keyboard.press("Enter")
        page.wait_for_url("**/acts/*")
        guide.shot(clerk, "desk-3-lent", to=480)
        clerk.open(f"/carriers/{carrier.id}")
        guide.shot(clerk, "desk-4-carrier")
        clerk.open("/desk")
        page.keyboard.type(carrier.control_number)
        page.keyboard.press("Enter")
        expect(page.locator("#lines tr", has_text=carrier.control_number)).to_be_visible()
        page.click("button[value=enter]")
        page.wait_for_url("**/acts/*")
        guide.shot(clerk, "desk-5-returned", to=480)


def _sent(visitor: Visitor, form: Locator, number: str) -> None:
    own = form.locator("input[name=password]")
    if own.count():
        own.fill(password(number))
    form.locator("button.b-main[type=submit]").first.click()
    visitor.page.wait_for_url("**done=*")


def a_meeting_of_forty(guide: Guide) -> None:
    """The secretary: hands out, counts in on the board, looks who still has what."""
    meeting = a_meeting(guide.house, guide.year)
    with guide.entering(SECRETARY, BOARD) as secretary:
        page = secretary.page
        secretary.open(f"/meetings/{meeting.id}/attendees")
        guide.shot(secretary, "meetings-1-people")
        secretary.open(f"/meetings/{meeting.id}/papers")
        page.locator(".steps a").nth(1).click()
        guide.shot(secretary, "meetings-2-papers")
        _sent(secretary, page.locator("#by-seat"), SECRETARY)
        secretary.open(f"/meetings/{meeting.id}/board")
        short = {"A1", "A17", "B22", "C5"}
        expect(page.locator("#scan")).to_be_focused()
        for letter in "ABC":
            codes = "".join(meeting.epc(f"{letter}{n}") for n in range(1, SEATS + 1) if f"{letter}{n}" not in short)
            page.keyboard.insert_text(codes)
            page.keyboard.press("Enter")
        expect(page.locator(".remain")).to_have_attribute("data-out", "4", timeout=LIVE_MS)
        guide.shot(secretary, "meetings-3-board")
        secretary.open(f"/meetings/{meeting.id}/sweeps")
        guide.shot(secretary, "meetings-4-places", to=360)
        secretary.open(f"/meetings/{meeting.id}/close")
        guide.shot(secretary, "meetings-5-close")


def _overdue(guide: Guide) -> None:
    """A loan that ran out nine days ago, so that somebody has something to decide."""
    house = guide.house
    carrier = house.carriers("B1-01-1")[-1]
    clerk, borrower = house.asking(CLERK), house.asking(BORROWER)
    facts = [Borrowed(carrier.id, borrower.person, clock.now() + 3 * DAY)]
    signed = signatures(facts, clock.now(), *_persons(clerk, borrower))
    house.books.enter(clerk, facts, act="borrow", signatures=signed)


def _persons(*subjects: Subject) -> list[int]:
    return [one.person for one in subjects]


def what_a_borrower_holds(guide: Guide) -> None:
    """A borrower on a tablet: what is in hand, and asking for longer."""
    _overdue(guide)
    with guide.entering(BORROWER, {"width": 820, "height": 900}) as borrower:
        borrower.open("/me/holdings")
        guide.shot(borrower, "holdings-1-mine")
        renew = borrower.page.locator("main a[href$='/renew']")
        expect(renew.first).to_be_visible()
        renew.first.click()
        borrower.page.wait_for_url("**/renew")
        guide.shot(borrower, "holdings-2-renew")


def _transfer(guide: Guide) -> str:
    """The clerk asks for a transfer to the archives; gives the matter's address."""
    code = guide.house.carriers("B1-01-2")[3].tags[0].epc
    with guide.entering(CLERK) as clerk:
        page = clerk.page
        clerk.open("/business/new/transfer")
        page.check("input[name=destination][value=archives]")
        page.fill("#receiver", clerk.either("市档案馆", "City archives"))
        page.fill("#where", clerk.either("收发室", "Reception"))
        unit = page.locator("#unit option", has_text=clerk.either("规划部", "Planning")).first.get_attribute("value")
        page.select_option("#unit", unit)
        page.locator("#carriers").fill(code)
        page.click("button[value='check:carriers']")
        expect(page.locator("table.read tr")).not_to_have_count(0)
        guide.shot(clerk, "approvals-1-apply")
        _enter(clerk, CLERK)
        page.wait_for_url("**/matters/*")
        matter = clerk.path()
        clerk.open(f"{matter}/ask")
        page.fill("#reason", clerk.either("年度归档", "the year's archiving"))
        _enter(clerk, CLERK)
        page.wait_for_url("**/matters/*?done=*")
        return matter


def _enter(visitor: Visitor, number: str) -> None:
    own = visitor.page.locator("form.form-sheet input[name=password]")
    if own.count():
        own.fill(password(number))
    visitor.page.locator("form.form-sheet button.b[value=enter]").last.click()


def a_managers_day(guide: Guide) -> None:
    """What needs the manager, decided in place; and what reached the director."""
    matter = _transfer(guide)
    with guide.entering(MANAGER) as manager:
        manager.open("/today")
        guide.shot(manager, "today-1-needs-me")
        manager.open("/approvals")
        row = manager.page.locator(".awaiting", has=manager.page.locator(f"a[href='{matter}']").first)
        mine = row.locator(f"form[action='{matter}/approve']")
        if mine.count():
            guide.shot(manager, "today-2-approve")
            asked = mine.locator("input[name=password]")
            if asked.count():
                asked.fill(password(MANAGER))
            mine.locator("button").first.click()
            manager.page.wait_for_url("**/approvals?done=*")
        manager.open("/reports/overdue")
        guide.shot(manager, "today-3-overdue")
    with guide.entering(LEADER) as leader:
        leader.open("/today")
        guide.shot(leader, "today-4-director")
    with guide.entering(COMMITTEE) as committee:
        committee.open("/review")
        guide.shot(committee, "review-1-periods")


def an_enquiry(guide: Guide) -> None:
    """The secrecy office: a carrier stands on the wrong shelf; the two stories; taken up."""
    house = guide.house
    carrier = house.carriers("B1-01-1")[3 if guide.language == "en" else 4]
    house.readers.carry(carrier.tags[0].epc, ("cabinet", 1), ("cabinet", 3))
    with guide.entering(SECRECY_OFFICE, BOARD) as office:
        page = office.page
        office.open("/findings?kind=misplaced")
        line = page.locator("#list li", has_text=carrier.control_number)
        expect(line).to_be_visible(timeout=FOUND_MS)
        line.locator("a").first.click()
        expect(page.locator("#one .heard")).to_contain_text("B1-01-3")
        guide.shot(office, "findings-1-two-stories")
        page.locator("[data-do=a]").click()
        expect(page.locator("#one")).to_contain_text(office.t("finding_state.acknowledged"), timeout=LIVE_MS)
        guide.shot(office, "findings-2-taken-up")
        office.open("/places")
        guide.shot(office, "places-1-map")
        office.open("/overview")
        guide.shot(office, "overview-1-office")
    house.readers.carry(carrier.tags[0].epc, ("cabinet", 3), ("cabinet", 1))


def _account(house: House) -> int:
    """The person of the account about which something is asked: another borrower of the house."""
    return house.asking("1011").person


def three_administrators(guide: Guide) -> None:
    """One asks for a role, another decides, the third reads."""
    reason = {"en": "Deputy at the registry from Monday", "zh": "下周一起在机要室代班"}[guide.language]
    with guide.entering(SYSTEM) as system:
        page = system.page
        system.open(f"/accounts/{_account(guide.house)}")
        form = page.locator("form[action='/accounts/requests']:has(input[value=grant])")
        page.locator("details.asking:has(input[value=grant]) summary").click()
        form.locator("[name=roles][value=meeting_secretary]").check()
        form.locator("[name=reason]").fill(reason)
        guide.shot(system, "accounts-1-ask", to=640)
        form.locator("button.b-main").click()
        expect(page.locator("main")).to_contain_text(reason)
        system.open("/readers")
        guide.shot(system, "readers-1-state")
        system.open("/jobs")
        guide.shot(system, "watch-1-jobs")
    with guide.entering(SECURITY) as security:
        page = security.page
        security.open("/accounts/requests")
        page.locator("main a[href^='/accounts/requests/']").first.click()
        page.wait_for_url(re.compile(r"/accounts/requests/\d+"))
        guide.shot(security, "accounts-2-decide")
    with guide.entering(AUDITOR) as auditor:
        auditor.open("/audit")
        guide.shot(auditor, "accounts-3-audit")


def the_proof(guide: Guide) -> None:
    """The auditor: whether the books can be believed."""
    with guide.entering(AUDITOR) as auditor:
        auditor.open("/proof")
        guide.shot(auditor, "verify-1-proof")
        auditor.open("/ledger")
        guide.shot(auditor, "verify-2-ledger")


JOURNEYS: Mapping[Callable[[Guide], None], tuple[str, ...]] = {
    at_the_door: ("sign",),
    the_desk: ("desk",),
    what_a_borrower_holds: ("holdings",),
    a_sweep: ("sweep",),
    an_enquiry: ("findings", "places", "overview"),
    a_meeting_of_forty: ("meetings",),
    a_managers_day: ("approvals", "today", "review"),
    three_administrators: ("accounts", "readers", "watch"),
    the_proof: ("verify",),
}
"""With what the names of its pictures begin; in this order, in one house: later ones see what earlier ones did."""
PICTURES = frozenset(
    (
        *("sign-in-1-door", "sign-in-2-help", "sweep-1-begin", "sweep-2-counting", "sweep-3-misplaced"),
        *("sweep-4-sign", "sweep-5-report", "desk-1-refused", "desk-2-lend", "desk-3-lent", "desk-4-carrier"),
        *("desk-5-returned", "meetings-1-people", "meetings-2-papers", "meetings-3-board", "meetings-4-places"),
        *("meetings-5-close", "holdings-1-mine", "holdings-2-renew", "approvals-1-apply", "today-1-needs-me"),
        *("today-2-approve", "today-3-overdue", "today-4-director", "review-1-periods", "findings-1-two-stories"),
        *("findings-2-taken-up", "places-1-map", "overview-1-office", "accounts-1-ask", "accounts-2-decide"),
        *("accounts-3-audit", "readers-1-state", "watch-1-jobs", "verify-1-proof", "verify-2-ledger"),
    )
)
"""Every picture that is taken on the way: the how-to shows each of them, and no other."""
