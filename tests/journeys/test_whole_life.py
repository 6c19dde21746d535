"""A title's whole life as people live it: ordered, made, handed out, lent, copied, carried out, circulated, archived,
destroyed; and at the end its balance, figure by figure.

Each act is entered by the person whose part it is, at a browser of their own, from page to page; each page is asked for
what that person would look at.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from api.cli import main
from custody import clock
from custody.life_cycle import Status
from custody.store.queries import CarrierItem
from tests.journeys.desk import Answers, act, contains, fill, matter_of, sign
from tests.journeys.house import BORROWER, CLERK, CLERK_2, COMMITTEE, LEADER, SECRECY_OFFICE, House, password
from tests.journeys.watchful import Visitor, a_visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

READING_ROOM, PLANNING, PLANNER = "1003", "1004", "1008"
SHELF, SAFE, APART = "B1-02-1", "3F-312-1", "B1-02-3"
"""Rated places that no reader hears: what happens here is what people say."""
TITLE, CASE, SHREDDER = "远山四号试验大纲", "X-07", "SZ-3"


@dataclass
class Life:
    """The persons at their desks, and the title that they live with."""

    house: House
    browser: Browser
    language: str
    stack: ExitStack
    here: dict[str, Visitor] = field(default_factory=dict)

    @property
    def own(self) -> int:
        """A figure of this language's own: both journeys may be made in one house."""
        return 1 if self.language == "zh" else 2

    @property
    def number(self) -> str:
        """The title's control number."""
        return f"YS-2026-8{self.own}001"

    def tag(self, number: int) -> str:
        """A label that nothing else bears."""
        return f"3414F4A2A{self.own}{number:014X}"

    def by(self, number: str) -> Visitor:
        """A person at their own browser, signed in there by their own hand."""
        if number not in self.here:
            arrived = self.stack.enter_context(a_visitor(self.browser, self.house, self.language))
            arrived.sign_in(number)
            self.here[number] = arrived
        return self.here[number]

    def begins(self, number: str, kind: str, answers: Answers, *cosigners: str) -> str:
        """Business begun from the list of all business; gives the matter's address."""
        visitor = self.by(number)
        visitor.open("/business")
        visitor.page.click("details.begin summary")
        visitor.page.click(f"a[href='/business/new/{kind}']")
        fill(visitor.page, answers)
        sign(visitor, number, *cosigners)
        return matter_of(visitor.page)

    def does(self, number: str, matter: str, key: str, answers: Answers | None = None, *cosigners: str) -> str:
        """An act by its button on the matter's page; gives its number."""
        visitor = self.by(number)
        button = visitor.page.locator(f"a[href='{matter}/{key}']")
        if visitor.path() != matter or not button.count():  # somebody else did something meanwhile
            visitor.open(matter)
        button.first.click()
        fill(visitor.page, answers or {})
        return sign(visitor, number, *cosigners)

    def approve(self, matter: str, *numbers: str) -> None:
        """In turn, each from their own worklist."""
        for number in numbers:
            visitor = self.by(number)
            visitor.open("/approvals")
            visitor.page.locator(f"main a[href='{matter}']").first.click()
            visitor.page.locator(f"a[href='{matter}/approve']").first.click()
            sign(visitor, number)

    def says(self, number: str, *words: str) -> None:
        """What the page before a person says."""
        contains(self.by(number), "main", words)

    def copy(self, number: int) -> CarrierItem:
        """A copy of the title as it stands."""
        return self.house.find(self.number, number)

    def ahead(self, days: int) -> str:
        """The ISO day so many days from now, where the house stands."""
        now = clock.moment(self.house.books.clock(), self.house.books.scheme.timezone)
        return (now + timedelta(days=days)).date().isoformat()

    def stands(self, number: int, status: Status, *words: str) -> None:
        """A copy's own page says how it stands, and where or with whom."""
        clerk, item = self.by(CLERK), self.copy(number)
        assert item.status is status
        clerk.open(f"/carriers/{item.id}")
        contains(clerk, ".chead", [clerk.t(f"status.{status.value}")])
        self.says(CLERK, *words)


@pytest.fixture
def life(house: House, browser: Browser, language: str) -> Iterator[Life]:
    """Nobody has come yet."""
    with ExitStack() as stack:
        yield Life(house, browser, language, stack)


def test_a_title_is_followed_from_its_order_to_its_balance(
    life: Life, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    order = ordered(life)
    made(life, order)
    handed_out(life)
    lent_and_returned(life, 3)
    copied(life, 3)
    carried_out_and_back(life, 4)
    circulated(life, 3)
    archived(life, 4)
    certificate = destroyed(life, 5)
    balanced(life)
    as_it_was_before(life, certificate)
    descended(life, 3)
    everybody_leaves(life)
    capsys.readouterr()
    the_books_agree(life, tmp_path)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "equal"
    assert said[-1].startswith("consistent and authenticated")


def ordered(life: Life) -> str:
    """An engineer makes the order out; the secrecy office approves, then the committee, and not the other way round."""
    chen = life.by(BORROWER)
    order = life.begins(
        BORROWER,
        "production",
        {
            "control_number": life.number,
            "title": TITLE,
            "pages": "24",
            "quantity": "5",
            "level": "secret",
            "period.kind": "years",
            "period.value": "10",
            "scope=all": True,
            "basis": "《远山科研定密细目》第4条",
            "determined_by": "柳望川",
            "place": "3F-312",
            "reason": "评审会用",
        },
    )
    life.says(BORROWER, life.number, chen.t("mstatus.asked"))
    # Whoever approves sees what is approved: level and period, and who may know it.
    life.says(BORROWER, chen.either("机密★10年", "Secret★10 Y"), chen.t("scope.all"))
    committee = life.by(COMMITTEE)
    committee.open(order)
    expect(committee.page.locator(f"a[href='{order}/approve']")).to_have_count(0)
    life.approve(order, SECRECY_OFFICE, COMMITTEE)
    chen.open(order)
    life.says(BORROWER, chen.t("mstatus.approved"))
    return order


def made(life: Life, order: str) -> None:
    """Five copies, each with its tag and its shelf; then the order is accounted for and closed."""
    clerk = life.by(CLERK)
    labels: Answers = {"epcs": f"{life.tag(1)}..{life.tag(5)}"}
    life.does(CLERK, order, "labels", labels)
    life.does(CLERK, order, "register_copies", labels | {"copies": "1-5", "place": SHELF, "marked": True})
    life.stands(5, Status.IN_PLACE, SHELF, TITLE, "5/5")
    assert life.copy(5).tags[0].epc == life.tag(5)
    life.does(CLERK, order, "close_order", {"no_intermediates": True})
    life.says(CLERK, clerk.t("production.closes"), clerk.t("mstatus.production.settled"))


def handed_out(life: Life) -> None:
    """Two copies within the scope: one to keep in a safe, one on loan; the three others are counted."""
    clerk = life.by(CLERK)
    unit = str(life.copy(1).unit)
    matter = life.begins(CLERK, "distribution", {"control_number": life.number, "unit": unit, "reason": "传达学习"})
    lines = {number: f"lines={life.copy(number).id}" for number in range(1, 6)}
    keeper = life.house.keeper(SAFE)
    life.does(CLERK, matter, "hand_out", {lines[1]: True, "recipient": keeper, "place": SAFE}, keeper)
    life.does(CLERK, matter, "hand_out", {lines[2]: True, "recipient": PLANNING, "due_on": life.ahead(20)}, PLANNING)
    life.does(CLERK, matter, "count", {lines[number]: True for number in (3, 4, 5)})
    life.says(CLERK, clerk.t("mstatus.distribution.closed"), clerk.t("lstate.distribution.remainder"))
    life.stands(1, Status.IN_PLACE, SAFE)
    life.stands(2, Status.ON_LOAN, clerk.either("吴桐", "Wu Tong"))


def lent_and_returned(life: Life, number: int) -> None:
    """At the desk, by the tag; what is lent is on the borrower's own page until it is given back."""
    clerk, chen, item = life.by(CLERK), life.by(BORROWER), life.copy(number)
    page = clerk.page
    clerk.open("/desk?mode=borrow")
    page.fill("#borrower", BORROWER)
    page.click("button[value=find]")
    expect(page.locator("#scan")).to_be_focused()
    page.keyboard.type(item.tags[0].epc + "\n")
    expect(page.locator("#lines tr", has_text=life.number)).to_be_visible()
    page.fill("#holder_password", password(BORROWER))
    page.keyboard.press("Enter")
    page.wait_for_url("**/acts/*")
    contains(clerk, ".receipt", [clerk.t("acts.entered")])
    life.stands(number, Status.ON_LOAN, clerk.either("陈国栋", "Chen Guodong"))
    chen.open("/me/holdings")
    life.says(BORROWER, life.number)

    clerk.open("/desk")
    page.keyboard.type(item.tags[0].epc + "\n")
    line = page.locator("#lines tr", has_text=life.number)
    expect(line).to_contain_text(f"→ {SHELF}")
    enter = page.locator("button[value=enter]")
    expect(enter).to_have_attribute("aria-disabled", "true")  # not before its pages are counted
    line.locator("input").fill("24")
    expect(enter).not_to_have_attribute("aria-disabled", "true")
    enter.click()
    page.wait_for_url("**/acts/*")
    life.stands(number, Status.IN_PLACE, SHELF)


def copied(life: Life, number: int) -> None:
    """Asked for on the carrier's page, approved by office and leader, made by two; the copy has a tag of its own."""
    clerk, item = life.by(CLERK), life.copy(number)
    clerk.open(f"/carriers/{item.id}")
    clerk.page.click(".acts-more summary")
    clerk.page.click(f"a[href='/carriers/{item.id}/copying']")
    fill(
        clerk.page,
        {
            "manner=copy": True,
            "copies": "1",
            "recipient": CLERK,
            "reason": "型号评审",
            "place": "B1-reading",
            "machine": "FY-02",
        },
    )
    sign(clerk, CLERK)
    matter = matter_of(clerk.page)
    life.does(CLERK, matter, "ask")
    life.approve(matter, SECRECY_OFFICE, LEADER)
    life.does(CLERK, matter, "copy", {"epcs": life.tag(6), "home": SHELF, "witness": CLERK_2}, CLERK_2)
    life.says(CLERK, clerk.t("mstatus.copying.closed"), f"{life.number}-F1")


def carried_out_and_back(life: Life, number: int) -> None:
    """On a permit with its way declared; back with every page, and the way confirmed leg by leg."""
    clerk, chen, item = life.by(CLERK), life.by(BORROWER), life.copy(number)
    legs = (
        (life.ahead(0), "远山院", "部机关", "secure_room", "部机关保密室"),
        (life.ahead(2), "部机关", "远山院", "none", ""),
    )
    answers: dict[str, str | bool] = {
        "carriers": item.tags[0].epc,
        "purpose": "参加方案评审",
        "destination": "部机关",
        "until_at": f"{life.ahead(2)}T18:00",
        "container": CASE,
        "leaves_by=desk": True,
    }
    for at, (day, origin, to, stay, where) in enumerate(legs):
        told = {"day": day, "from": origin, "to": to, "travel": "train", "stay": stay, "stay_at": where}
        answers |= {f"itinerary.{at}.leg_{name}": value for name, value in told.items()}
    matter = life.begins(BORROWER, "carrying_out", answers)
    life.does(BORROWER, matter, "ask")
    life.approve(matter, COMMITTEE, SECRECY_OFFICE)

    line: Answers = {f"lines={item.id}": True}
    life.does(CLERK, matter, "out", line | {"container": CASE}, BORROWER)
    life.stands(number, Status.CARRIED_OUT, clerk.either("陈国栋", "Chen Guodong"))
    chen.open("/me/holdings")
    life.says(BORROWER, life.number)
    life.does(CLERK, matter, "back", line | {"whole": True}, BORROWER)
    life.stands(number, Status.IN_PLACE, SHELF)
    life.does(CLERK, matter, "confirm", {"kept=1": True, "kept=2": True, "straight": True}, BORROWER)
    life.says(CLERK, clerk.t("mstatus.carrying_out.closed"))


def circulated(life: Life, number: int) -> None:
    """To two readers, by way of the registry between them; then back in its place."""
    clerk, item = life.by(CLERK), life.copy(number)
    matter = life.begins(
        CLERK,
        "circulation",
        {"carriers": item.tags[0].epc, "readers": f"{BORROWER}, {COMMITTEE}", "purpose": "年度评审"},
    )
    life.approve(matter, SECRECY_OFFICE)
    for reader in (BORROWER, COMMITTEE):
        life.does(CLERK, matter, "leg", {f"lines={item.id}": True}, reader)
        visitor = life.by(reader)
        visitor.open("/me/holdings")
        life.says(reader, life.number)
        life.does(CLERK, matter, "back", {f"lines={item.id}": True, "whole": True})
    life.does(CLERK, matter, "close")
    life.says(CLERK, clerk.t("mstatus.circulation.closed"))
    handed = f"{clerk.t('act.leg_started')} → {clerk.either('柳望川', 'Liu Wangchuan')}"
    life.stands(number, Status.IN_PLACE, clerk.either("2号柜1层", "Cabinet 2, shelf 1"), handed)


def archived(life: Life, number: int) -> None:
    """By list to the archives; who hands over signs, and who takes over."""
    clerk = life.by(CLERK)
    matter = life.begins(
        CLERK,
        "transfer",
        {
            "destination=archives": True,
            "receiver": "院档案馆",
            "where": "档案馆一楼",
            "carriers": f"{life.number}/{number}",
        },
    )
    life.does(CLERK, matter, "ask")
    life.approve(matter, SECRECY_OFFICE)
    item = life.copy(number)
    life.does(CLERK, matter, "hand_over", {f"lines={item.id}": True, "received_by": CLERK_2}, CLERK_2)
    life.says(CLERK, clerk.t("mstatus.transfer.closed"))
    life.stands(number, Status.TRANSFERRED)


def destroyed(life: Life, number: int) -> str:
    """Listed, approved, sealed by one, checked by another, destroyed before two; gives the certificate's number."""
    clerk, other, item = life.by(CLERK), life.by(CLERK_2), life.copy(number)
    matter = life.begins(
        CLERK,
        "destruction",
        {
            "carriers": f"{life.number}/{number}",
            "method": "shred",
            "reason": "多余份数",
            "appraisal": "经鉴定不需归档",
        },
    )
    life.does(CLERK, matter, "ask")
    life.approve(matter, SECRECY_OFFICE, LEADER)
    line: Answers = {f"lines={item.id}": True}
    life.does(CLERK, matter, "set-apart", line | {"place": APART})
    life.does(CLERK, matter, "seal", line | {"seal": f"77000{life.own}"})
    life.does(CLERK_2, matter, "check?bag=D-01", {"seal": f"77000{life.own}", "carriers": item.tags[0].epc})
    life.says(CLERK_2, other.t("destruction.all_checked"))
    # Read once more at the shredder, until it equals the list; then it is signed.
    other.page.locator("a[href^='/weighing/']").click()
    other.page.fill("#scan", item.tags[0].epc)
    other.page.keyboard.press("Enter")
    expect(other.page.locator("#count")).to_have_class(re.compile("equal"))
    other.page.locator(f"a[href='{matter}/weigh']").click()
    fill(other.page, {"place": APART})
    sign(other, CLERK_2)
    act(other, matter, "destroy")
    fill(
        other.page,
        {
            "destroyer": CLERK_2,
            "supervisor_1": READING_ROOM,
            "supervisor_2": PLANNER,
            "place": APART,
            "device": SHREDDER,
        },
    )
    # Filled in at one go, nobody looked up first: the destroyer's place is her own, and takes her signature once.
    certificate = sign(other, CLERK_2, CLERK_2, READING_ROOM, PLANNER)
    assert certificate.startswith("XM-")
    other.open(f"/acts/{certificate}/form")
    contains(other, ".paper", [life.number, TITLE, other.t("step.office"), other.t("step.leader")])
    expect(other.page.locator(".paper").first.locator(".paper-signs td b")).to_have_count(3)
    life.stands(number, Status.DESTROYED)
    clerk.open(matter)
    life.says(CLERK, clerk.t("mstatus.destruction.destroyed"))
    return certificate


FIGURES = {"came_in": 5, "in_place": 2, "on_loan": 1, "transferred": 1, "destroyed": 1, "together": 5}
"""What is to be lived: of five copies one in a safe, one on its shelf, one lent, one in the archives, one destroyed."""


def balanced(life: Life) -> None:
    """Every figure of the title is what was lived, and it closes; the copy has a control number of its own."""
    clerk = life.by(CLERK)
    clerk.open("/overview")
    clerk.through_the_menu("/balance")
    find_title(life)
    expect(clerk.page.locator(".balance").first).to_contain_text(clerk.t("balance.closes"))
    assert figures(life, life.number) == FIGURES
    assert figures(life, f"{life.number}-F1") == {"came_in": 1, "in_place": 1, "together": 1}


def as_it_was_before(life: Life, certificate: str) -> None:
    """From the certificate to the position before it: the copy was still waiting, and its figure opens to it."""
    clerk = life.by(CLERK)
    clerk.open(f"/acts/{certificate}")
    clerk.page.click("a[href^='/balance?at=']")
    find_title(life)
    earlier = {name: figure for name, figure in FIGURES.items() if name != "destroyed"}
    assert figures(life, life.number) == earlier | {"awaiting_destruction": 1}
    title_row(life, life.number).locator("a[href*='status=awaiting_destruction']").click()
    expect(clerk.page.locator("tbody tr")).to_have_count(1)
    life.says(CLERK, f"{life.number}5/5", clerk.t("status.awaiting_destruction"), clerk.t("status.destroyed"))


def find_title(life: Life) -> None:
    """From the balance's page to the lines of the title and of what was copied from it."""
    page = life.by(CLERK).page
    page.click("a.chip[href*='by=title']")
    page.fill("#number", life.number)
    page.click("form[action='/balance/find'] button[type=submit]")
    page.wait_for_url("**/balance?*q=*")


def title_row(life: Life, number: str) -> Locator:
    """The line of a control number in the table of figures."""
    page = life.by(CLERK).page
    return page.locator("table.figures tbody tr", has=page.get_by_role("link", name=number, exact=True))


def figures(life: Life, number: str) -> dict[str, int]:
    """What the line of a control number says under each head, nothing left out but the noughts; and that it closes."""
    clerk, row = life.by(CLERK), title_row(life, number)
    named = {clerk.t(f"status.{one.value}"): one.value for one in Status}
    named |= {clerk.t("balance.came_in"): "came_in", clerk.t("balance.together"): "together"}
    heads = clerk.page.locator("table.figures thead tr > *").all_inner_texts()
    cells = row.locator("td").all_inner_texts()
    expect(row.locator(".k-ok")).to_have_count(1)
    told = {named[head]: int(cell) for head, cell in zip(heads, cells, strict=True) if head in named}
    return {name: figure for name, figure in told.items() if figure}


def descended(life: Life, number: int) -> None:
    """The copy hangs beneath what it was made from, and leads back to it."""
    clerk, item = life.by(CLERK), life.copy(number)
    clerk.open(f"/carriers/{item.id}")
    clerk.page.click(f"a[href='/carriers/{item.id}/descent']")
    made = clerk.page.locator("#kin-made tr", has_text=f"{life.number}-F1")
    for word in (TITLE, clerk.t("ask.manner.copy"), clerk.t("status.in_place"), SHELF):
        expect(made).to_contain_text(word)
    made.locator("a.no").click()
    expect(clerk.page.locator("section[aria-labelledby=kin]")).to_contain_text(f"{life.number} {number}/5")


def everybody_leaves(life: Life) -> None:
    """Each signs out, and is out."""
    for visitor in life.here.values():
        visitor.page.click("header a.who")
        visitor.page.locator("form[action='/sign-out'] button").click()
        visitor.page.wait_for_url("**/sign-in*")


def the_books_agree(life: Life, folder: Path) -> None:
    """The register is the fold of its ledger, and an export verifies against the house's own public key."""
    data = ("--data", str(life.house.data))
    key, export = folder / "ledger.pub", folder / "ledger.txt"
    assert main(["rebuild", "--check", *data]) == 0
    assert main(["ledger", "key", str(key), *data]) == 0
    assert main(["ledger", "export", str(export), *data]) == 0
    assert main(["ledger", "verify", str(export), "--key", str(key)]) == 0
