"""Letter j as new users would do it: a visitor in and out, a room cleaned, a text changed and signed; to the paper."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from custody.store import queries
from custody.values import Place
from tests.journeys.house import BORROWER, CLERK, SECRECY_OFFICE, House, password
from tests.journeys.test_keeping import enter, on_the_matter, printed
from tests.journeys.watchful import Visitor

pytestmark = [pytest.mark.browser]

ROOM = "3F-312"
ESCORT = "1010"
"""Cleared for everything: walks with the visitors."""

Somebody = Callable[[str], Visitor]


def the_room(house: House) -> tuple[Place, str]:
    """The room as it stands, and the number of who answers for it."""
    with house.books.database.reading() as connection:
        place = queries.place_by_code(connection, ROOM)
        return place, queries.person(connection, place.responsible or 0).number


def signed_for(somebody: Somebody, house: House) -> Place:
    """Whoever answers for the room has signed for it: on its page, by one button."""
    place, number = the_room(house)
    keeper = somebody(number)
    keeper.open(f"/places/{place.id}")
    accept = keeper.page.locator(f"a[href='/places/{place.id}/accept']")
    if accept.count():
        accept.click()
        enter(keeper)
        keeper.page.wait_for_url(f"**/places/{place.id}")
        expect(keeper.page.locator("main")).to_contain_text(keeper.t("places.accepted"))
    return place


def cleared(clerk: Visitor, place: Place) -> None:
    """The room is checked and the go signed; where nobody listens, with the word of who looked."""
    page = clerk.page
    clerk.open("/rooms")
    page.locator(f"a[href='/rooms/{place.id}']").click()
    page.fill("#by_eye", clerk.either("桌面无文件，柜已上锁", "desks bare, cabinets locked"))
    own = page.locator("input[name=password]")
    if own.count():
        own.fill(password(CLERK))
    page.locator("form[action='/business/new/room-check'] button.b-main").click()
    page.wait_for_url(f"**/rooms/{place.id}?done=*")
    expect(page.locator("main")).to_contain_text(clerk.t("rooms.verdict.go"))


def test_a_visitor_goes_in_with_an_escort_and_out_by_one_button(
    somebody: Somebody, house: House, language: str
) -> None:
    place = signed_for(somebody, house)
    clerk = somebody(CLERK)
    cleared(clerk, place)
    page, name = clerk.page, clerk.either("高致远", "Gao Zhiyuan")
    clerk.open("/entries")
    before = int(page.locator("#inside-count").inner_text())
    page.locator("a[href='/business/new/visit']").click()
    page.fill("#place", ROOM)
    page.fill("#purpose", clerk.either("检修空调", "air conditioning"))
    page.fill("[name='visitors.0.visitor_name']", name)
    page.fill("[name='visitors.0.visitor_body']", clerk.either("方正维修公司", "Fangzheng Repairs"))
    page.fill("[name='visitors.0.visitor_document']", "ID 4401")
    page.fill("#escort", ESCORT)
    page.check("#declared")
    # Nothing is said of the phone yet: stopped, with the rule, and what was typed is kept.
    enter(clerk, ESCORT)
    expect(page.locator(".refusals")).to_contain_text(name)
    page.fill("[name='visitors.0.locker']", "12")
    enter(clerk, ESCORT)
    on_the_matter(clerk)
    expect(page.locator("main")).to_contain_text(clerk.t("entry.locker", locker="12"))
    printed(clerk, clerk.t("entry.form.slip"), name, ROOM, clerk.t("entry.form.duty.phone"))

    clerk.open("/entries")
    expect(page.locator("#inside-count")).to_have_text(str(before + 1))
    page.get_by_role("button", name=clerk.t("entry.sign_out_who", name=name)).click()
    page.wait_for_url("**/entries?done=*")
    expect(page.locator("#inside-count")).to_have_text(str(before))

    page.fill("#text", name)
    page.keyboard.press("Enter")
    expect(page.locator("[role=status]", has_text=clerk.t("entry.found", n=1))).to_be_visible()
    assert name not in page.url
    clerk.open(f"/entries?place={place.id}")
    page.locator("a", has_text=clerk.t("entry.sheet_of")).click()
    expect(page.locator(".paper")).to_contain_text(name)
    page.locator("main button", has_text=clerk.t("entry.print")).click()
    page.wait_for_url("**print=*")
    expect(page.locator(".paper-each").first).to_contain_text(clerk.either("周敏", "Zhou Min"))


def test_a_room_is_cleaned_when_it_is_clear(somebody: Somebody, house: House, language: str) -> None:
    place = signed_for(somebody, house)
    clerk = somebody(CLERK)
    cleared(clerk, place)
    page = clerk.page
    clerk.open("/entries")
    page.locator("a[href='/business/new/cleaning']").click()
    page.fill("#place", ROOM)
    page.fill("[name='visitors.0.visitor_name']", clerk.either("米兰", "Mi Lan"))
    page.fill("[name='visitors.0.visitor_body']", clerk.either("清和物业", "Qinghe Estates"))
    page.fill("[name='visitors.0.visitor_document']", "ID 5502")
    page.check("[name='visitors.0.no_phone']")
    page.check("#put_away")
    page.check("input[name=ventilation][value=windows]")
    page.fill("#escort", ESCORT)
    page.check("#declared")
    enter(clerk, ESCORT)
    matter = on_the_matter(clerk)
    printed(clerk, clerk.t("entry.form.cleaning"), clerk.t("entry.form.clear"))
    clerk.open(f"{matter}/out")
    enter(clerk)
    on_the_matter(clerk)
    expect(page.locator("main")).to_contain_text(clerk.t("mstatus.cleaning.over"))


def test_a_text_is_changed_and_signed_anew(somebody: Somebody, house: House, language: str) -> None:
    office = somebody(SECRECY_OFFICE)
    page = office.page
    said = office.either("进出涉密场所，随手关门。", "Close the door behind you in secret places.")
    office.open("/undertakings")
    page.locator("details.change-text").nth(2).locator("summary").click()
    page.fill("#text-reminder", said)
    form = page.locator("form[action='/business/new/instruction']").nth(2)
    if form.locator("input[name=password]").count():
        form.locator("input[name=password]").fill(password(SECRECY_OFFICE))
    form.locator("button").click()
    page.wait_for_url("**/undertakings?done=*")
    expect(page.locator("[aria-labelledby=owed]")).to_contain_text(office.t("undertakings.old_text"))

    reader = somebody(BORROWER)
    reader.open("/inbox")
    expect(reader.page.locator(".banner")).to_contain_text(reader.t("undertakings.due", n=1))
    reader.page.locator(".banner a").click()
    expect(reader.page.locator(".whole-text").first).to_contain_text(said)
    signing = reader.page.locator("form.signing")
    if signing.locator("input[name=password]").count():
        signing.locator("input[name=password]").fill(password(BORROWER))
    signing.locator("button").click()
    reader.page.wait_for_url("**/undertakings?done=*")
    expect(reader.page.locator("form.signing")).to_have_count(0)
