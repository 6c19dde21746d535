"""A meeting of forty seats and 120 papers: handed out, counted in with four missing, swept, settled, printed."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from custody.life_cycle import Status
from tests.journeys.house import CLERK, House, password
from tests.journeys.meeting import CHAIR, DEPUTY, LODGINGS, SEATS, SECRETARY, Meeting, a_meeting
from tests.journeys.watchful import Visitor

pytestmark = [pytest.mark.browser]

LIVE_MS = 20_000
YEARS = {"zh": "2031", "en": "2032"}
TAKER = "1007"
TAKEN_HOME, IN_LODGING, MISSING = "A1", "A17", ("B22", "C5")
SHORT = {TAKEN_HOME, IN_LODGING, *MISSING}


def sign(form: Locator, number: str, *beside: str) -> None:
    """Fill in the passwords that a form asks for, and send it: the acting person's, and of those who sign beside."""
    own = form.locator("input[name=password]")
    if own.count():
        own.fill(password(number))
    for n, other in enumerate(beside):
        form.locator(f"input[name='cosign.{n}.password']").fill(password(other))
    form.locator("button.b-main[type=submit], button.b-grave[type=submit]").first.click()


def entered(visitor: Visitor) -> str:
    """The number of the act that was just entered, as the page tells it."""
    visitor.page.wait_for_url("**done=*")
    return visitor.page.url.rpartition("done=")[2].partition("#")[0]


def act(visitor: Visitor, meeting: Meeting, key: str, number: str, *beside: str, **fields: str) -> str:
    """An act by its own page; gives its number."""
    visitor.open(f"/matters/{meeting.id}/{key}")
    form = visitor.page.locator("form.form-sheet")
    for name, value in fields.items():
        field = form.locator(f"[name='{name}']")
        if value == "on":
            field.check()
        else:
            field.fill(value)
    sign(form, number, *beside)
    return entered(visitor)


def scan(page: Page, text: str) -> None:
    """Codes as a scanner sends them, with Enter at the end."""
    expect(page.locator("#scan")).to_be_focused()
    page.keyboard.insert_text(text)
    page.keyboard.press("Enter")


def printed(visitor: Visitor, number: str, heading: str, *, copies: int = 1) -> None:
    """The paper of an act can be printed, with its heading and the meeting's number."""
    visitor.open(f"/acts/{number}/form")
    paper = visitor.page.locator(".paper").first
    expect(paper).to_contain_text(visitor.t(f"meeting.form.{heading}"))
    expect(paper).to_contain_text("HY-")
    expect(visitor.page.locator(".paper")).to_have_count(copies)
    visitor.page.emulate_media(media="print")
    assert visitor.page.pdf().startswith(b"%PDF")
    visitor.page.emulate_media(media="screen")


def person_first(secretary: Visitor, meeting: Meeting) -> None:
    """With the scanner alone: a seat, the copies that are proposed, and the last of it taken back."""
    page = secretary.page
    secretary.open(f"/meetings/{meeting.id}/handing")
    scan(page, "@1")
    expect(page.locator(".next-now .nos b")).to_have_text(["A1", "B1", "C1"])
    scan(page, "A1")
    expect(page.locator(".next-now .nos b")).to_have_text(["B1", "C1"])
    page.locator("button[value=undo]").click()
    expect(page.locator(".seat-pick.has")).to_have_count(0)
    assert meeting.matter.counts == {"brought": 3 * SEATS}


def hand_out(secretary: Visitor, meeting: Meeting) -> None:
    """All three papers to every seat, by one button."""
    page = secretary.page
    secretary.open("/meetings")
    page.locator("tr", has_text=meeting.matter.number).locator("a.no").click()
    page.wait_for_url(f"**/meetings/{meeting.id}/attendees")
    page.locator(".steps a").nth(1).click()
    expect(page.locator("#by-seat input:checked")).to_have_count(3)
    sign(page.locator("#by-seat"), SECRETARY)
    number = entered(secretary)
    assert meeting.matter.counts == {"handed_out": 3 * SEATS}
    printed(secretary, number, "register")
    expect(page.locator(".paper-list tbody tr")).to_have_count(3 * SEATS)
    act(secretary, meeting, "begin", SECRETARY, rules_read="on", wired_only="on")


def count_in(deputy: Visitor, secretary: Visitor, meeting: Meeting) -> None:
    """Everything but four papers, by number and by tag; the other board follows by itself."""
    page, board = deputy.page, secretary.page
    secretary.open(f"/meetings/{meeting.id}/board")
    expect(board.locator("#scan")).to_have_count(0)
    expect(board.locator("#leads")).to_contain_text(secretary.either("负责人 孙丽", "In charge: Sun Li"))
    deputy.open(f"/meetings/{meeting.id}/board")
    expect(page.locator(".remain")).to_have_attribute("data-out", str(3 * SEATS))

    scan(page, meeting.epc("A2"))
    expect(page.locator("#last b")).to_contain_text(f"A2 {deputy.t('meeting.last.counted')}")
    scan(page, "A2")
    expect(page.locator("#last b")).to_contain_text(deputy.t("meeting.last.repeated"))
    scan(page, "7")
    expect(page.locator("#last b")).to_contain_text(deputy.t("meeting.last.ambiguous"))
    expect(page.locator("#refused li")).to_have_count(1)
    page.locator("#undo").click()
    expect(page.locator("#last b")).to_contain_text(f"A2 {deputy.t('meeting.last.undone')}")
    expect(page.locator(".remain")).to_have_attribute("data-out", str(3 * SEATS))
    page.locator("#refused button").click()
    expect(page.locator("#refused")).to_be_hidden()

    for copy in range(1, SEATS + 1):
        if f"A{copy}" not in SHORT:
            scan(page, f"A{copy}")
    scan(page, "".join(meeting.epc(f"B{copy}") for copy in range(1, SEATS + 1) if f"B{copy}" not in SHORT))
    scan(page, " ".join(f"{meeting.numbers[2]}/{n}" for n in range(1, SEATS + 1) if f"C{n}" not in SHORT))
    for shown in (page, board):
        expect(shown.locator(".remain")).to_have_attribute("data-out", "4", timeout=LIVE_MS)
        assert sorted(shown.locator(".owe .pp span").all_inner_texts()) == sorted(SHORT)
    expect(page.locator(".seat.owes")).to_have_count(4)
    meeting.house.readers.arrive("reading_room", 1, meeting.epc(MISSING[0]))
    heard = page.locator(".owe li", has_text=MISSING[0]).locator(".how")
    expect(heard).to_contain_text(deputy.either("会场听到", "heard in the room"), timeout=LIVE_MS)
    meeting.house.readers.leave("reading_room", 1, meeting.epc(MISSING[0]))
    text = page.locator("body").inner_text()
    assert "远山三号" not in text, "the board shows numbers only"


def sweep(deputy: Visitor, meeting: Meeting) -> str:
    """Nothing in the venue and the first lodging, one paper in the second."""
    number = ""
    for place in range(1 + len(LODGINGS)):
        deputy.open(f"/meetings/{meeting.id}/sweeps")
        form = deputy.page.locator(".mt-place").nth(place).locator("form")
        if place == len(LODGINGS):
            form.locator("input[name='found.scan']").fill(meeting.epc(IN_LODGING))
        form.locator("button[type=submit]").scroll_into_view_if_needed()
        own = form.locator("input[name=password]")
        if own.count():
            own.fill(password(DEPUTY))
        form.locator("button[type=submit]").click()
        number = entered(deputy)
    expect(deputy.page.locator(".mt-place.swept")).to_have_count(3)
    return number


def test_a_meeting_is_held_counted_settled_and_printed(
    somebody: Callable[[str], Visitor], house: House, language: str
) -> None:
    meeting = a_meeting(house, YEARS[language])
    secretary, deputy, clerk = somebody(SECRETARY), somebody(DEPUTY), somebody(CLERK)
    page = deputy.page

    # Given: the papers are out, and in the middle of it the deputy takes over
    person_first(secretary, meeting)
    hand_out(secretary, meeting)
    act(deputy, meeting, "take_over", DEPUTY, reason=deputy.either("秘书临时离场", "The secretary was called away"))

    # When: all but four are counted in; one lies in a lodging, one is taken back, for two an incident is signed
    count_in(deputy, secretary, meeting)
    act(deputy, meeting, "end_session", DEPUTY)
    swept = sweep(deputy, meeting)
    deputy.open(f"/matters/{meeting.id}/take_back")
    form = page.locator("form.form-sheet")
    form.locator(f"#lines-{meeting.papers[TAKEN_HOME]}").check()
    form.locator("[name=deposit_place]").fill("3F-312-1")
    form.locator("[name='cosign.0.number']").fill(TAKER)
    sign(form, DEPUTY, TAKER)
    taken = entered(deputy)
    deputy.open(f"/meetings/{meeting.id}/close")
    expect(page.locator("[aria-describedby=why-settle]")).to_be_visible()
    form = page.locator(".mt-grave form")
    for short in MISSING:
        form.locator(f"input[value='{meeting.papers[short]}']").check()
    form.locator("[name=circumstances]").fill(deputy.either("散会清点时未见", "Not there at the count"))
    form.locator("[name=measures]").fill(deputy.either("会场和驻地已清查", "Venue and lodgings were searched"))
    sign(form, DEPUTY, CHAIR)
    incident = entered(deputy)

    # And the papers go back to the registry, everybody is recorded as gone
    clerk.open(f"/matters/{meeting.id}/return")
    form = clerk.page.locator("form.form-sheet")
    form.locator("[name='lines.all']").check()
    sign(form, CLERK, DEPUTY)
    entered(clerk)
    deputy.open(f"/meetings/{meeting.id}/attendees")
    page.locator("th input[data-all]").check()
    page.locator("button[formaction$='/depart']").click()
    entered(deputy)

    # Then: it can be settled, and is over once the deposit is in
    deputy.open(f"/meetings/{meeting.id}/close")
    sign(page.locator("form[action$='/settle']"), DEPUTY)
    settled = entered(deputy)
    expect(page.locator("[aria-describedby=why-close]")).to_be_visible()
    assert meeting.matter.counts == {"incident": 2, "returned": 3 * SEATS - 3, "taken_back": 1}
    act(clerk, meeting, "deposit", CLERK, place="3F-312-1")
    act(deputy, meeting, "close", DEPUTY)
    assert meeting.matter.status == "closed"
    assert [house.carrier(meeting.papers[short]).status for short in MISSING] == [Status.DECLARED_LOST] * 2
    home = house.carrier(meeting.papers[TAKEN_HOME])
    assert (home.status, home.place_code) == (Status.IN_PLACE, "3F-312-1")

    # And every paper of it can be printed
    printed(deputy, swept, "sweep")
    printed(deputy, taken, "take_back", copies=2)
    printed(deputy, incident, "incident", copies=2)
    printed(deputy, settled, "closing")
    expect(page.locator(".paper-list tbody tr")).to_have_count(3)
