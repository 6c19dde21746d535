"""Keeping as new users would do it: a hand-over, a clearance, an inventory, a container; from the page to the paper."""

import re
from collections.abc import Callable, Sequence

import pytest
from playwright.sync_api import expect

from custody.entries import Signature, signed_text, text_hash
from custody.entries.keeping import HoldingConfirmed
from custody.store import queries
from custody.values import Person, Place
from tests.journeys.house import CLERK, SECRECY_OFFICE, House, password
from tests.journeys.watchful import Visitor

pytestmark = [pytest.mark.browser]

SAFE = "3F-312-1"
KEEPERS = {"zh": ("1010", "1011"), "en": ("1011", "1010")}
"""Who hands the safe over to whom: back again in the other language."""
LEAVERS = {"zh": "1024", "en": "1027"}
"""They hold and keep nothing."""

Somebody = Callable[[str], Visitor]


def a_place(house: House, code: str) -> Place:
    """A place as it stands."""
    with house.books.database.reading() as connection:
        return queries.place_by_code(connection, code)


def a_person(house: House, number: str) -> Person:
    """A person as he or she stands."""
    with house.books.database.reading() as connection:
        return queries.person_by_number(connection, number)


def enter(visitor: Visitor, *cosigners: str) -> None:
    """Sign as asked, each at the same desk, and enter the act that is on the page."""
    page = visitor.page
    own = page.locator("input[name=password]")
    if own.count():
        own.fill(password(page.locator(".own-hand .quiet").first.inner_text()))
    for at, number in enumerate(cosigners):
        named = page.locator(f"[name='cosign.{at}.number']")
        if named.count():
            named.fill(number)
        page.fill(f"[name='cosign.{at}.password']", password(number))
    page.click(".actions button[value=enter]")


def on_the_matter(visitor: Visitor) -> str:
    """The act was entered: its number stands on the matter's page, whose address this gives."""
    visitor.page.wait_for_url(re.compile(r"/matters/\d+\?done="))
    expect(visitor.page.locator(".done")).to_be_visible()
    return visitor.path()


def printed(visitor: Visitor, *said: str) -> None:
    """The paper of the act just entered says this, and nothing of it hangs over the sheet when it is printed."""
    page = visitor.page
    page.locator(".done a", has_text=visitor.t("forms.link")).click()
    page.wait_for_url("**/form")
    for text in said:
        expect(page.locator("main")).to_contain_text(text)
    page.emulate_media(media="print")
    wide = page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.emulate_media(media="screen")
    assert wide


def all_chosen(visitor: Visitor, name: str = "lines") -> None:
    """Every line of the list."""
    every = visitor.page.locator(f"input[name='{name}.all']")
    if every.count():
        every.check()


def _not_counted(house: House, path: str) -> list[int]:
    """Carriers on a matter's list that nobody counted."""
    with house.books.database.reading() as connection:
        lines = queries.all_lines(connection, int(path.rsplit("/", 1)[1]))
    return [line.carrier for line in lines if line.state != "counted"]


def test_a_safe_is_handed_over_line_by_line(somebody: Somebody, house: House, language: str) -> None:
    # Whoever keeps it now hands it to the other, whichever language went first.
    keeper = a_place(house, SAFE).responsible
    giver, receiver = sorted(KEEPERS[language], key=lambda number: a_person(house, number).id != keeper)
    clerk = somebody(CLERK)
    page = clerk.page
    kept = len(house.carriers(SAFE))
    clerk.open("/business")
    page.locator("main summary", has_text=clerk.t("business.begin")).click()
    page.locator("a[href='/business/new/hand_over']").click()
    page.fill("#giver", giver)
    page.fill("#receiver", receiver)
    page.fill("[name='places.0.place']", SAFE)
    page.click(".actions button[value=look]")
    expect(page.locator("main")).to_contain_text("hand_over_opened")
    enter(clerk)
    matter = on_the_matter(clerk)

    # The signatures wait for the count, and the button says by which rule.
    expect(page.locator(".held")).to_contain_text("5")
    clerk.open(f"{matter}/count")
    all_chosen(clerk)
    enter(clerk)
    on_the_matter(clerk)
    unseen = _not_counted(house, matter)
    if unseen:
        clerk.open(f"{matter}/explain")
        for carrier in unseen:
            page.check(f"input[name=lines][value='{carrier}']")
        enter(clerk)
        on_the_matter(clerk)
    clerk.open(f"{matter}/close")
    enter(clerk, giver, receiver)
    on_the_matter(clerk)
    assert a_place(house, SAFE).responsible == a_person(house, receiver).id
    assert kept == len(house.carriers(SAFE))
    printed(clerk, clerk.t("forms.heading.hand_over_close"), SAFE, clerk.t("forms.keeping.duty_over"))


def test_somebody_leaves_with_nothing_in_hand(somebody: Somebody, house: House, language: str) -> None:
    leaver = LEAVERS[language]
    clerk = somebody(CLERK)
    page = clerk.page
    clerk.open("/people")
    page.fill("input[name=find]", leaver)
    page.keyboard.press("Enter")
    page.locator("td a.no", has_text=leaver).click()
    expect(page.locator("#held ~ *, [aria-labelledby=held]").first).to_contain_text(clerk.t("people.holdings_none"))
    page.locator("a.b-main", has_text=clerk.t("people.clear")).click()
    expect(page.locator("#person")).to_have_value(leaver)
    page.check("input[name=why][value=leaves]")
    enter(clerk)
    matter = on_the_matter(clerk)
    expect(page.locator("main")).to_contain_text(clerk.t("people.zero"))
    clerk.open(f"{matter}/close")
    page.fill("#office", SECRECY_OFFICE)
    enter(clerk, leaver, SECRECY_OFFICE)
    on_the_matter(clerk)
    assert a_person(house, leaver).left_on
    printed(clerk, clerk.t("forms.heading.clearance_close"), clerk.t("forms.keeping.duty_clear"))


def test_one_who_holds_carriers_is_not_let_go(somebody: Somebody, house: House) -> None:
    clerk = somebody(CLERK)
    clerk.open("/business/new/clearance?person=1014")
    clerk.page.check("input[name=why][value=leaves]")
    enter(clerk)
    on_the_matter(clerk)
    held = clerk.page.locator(".held", has_text=clerk.t("act.matter.clearance.close"))
    expect(held.locator("button[aria-disabled=true]")).to_be_visible()
    expect(held).to_contain_text("f.1")
    clerk.page.locator("a.b", has_text=clerk.t("act.matter.clearance.abandon")).click()
    clerk.page.fill("#reason", clerk.either("不离岗了", "stays after all"))
    enter(clerk)
    on_the_matter(clerk)
    assert not a_person(house, "1014").left_on


def test_the_registry_is_counted_and_reported(somebody: Somebody, house: House) -> None:
    office, clerk = somebody(SECRECY_OFFICE), somebody(CLERK)
    office.open("/business/new/inventory")
    with house.books.database.reading() as connection:
        units = queries.directory(connection).units.values()
    office.page.select_option("#unit", str(next(unit.id for unit in units if unit.code == "JY")))
    office.page.fill("#until", "2030-12-31")
    year = office.page.input_value("#year")
    enter(office)
    matter = on_the_matter(office)

    clerk.open(f"{matter}/count")
    all_chosen(clerk)
    enter(clerk)
    on_the_matter(clerk)
    # What is in somebody's hand is declared by that person: at the desk, or from afar.
    first, *others = holders(house, int(matter.split("/")[-1]))
    clerk.open(f"{matter}/desk")
    clerk.page.fill("#holder", first)
    enter(clerk, first)
    on_the_matter(clerk)
    declare(house, others)
    if others:
        clerk.open(f"{matter}/declared")
        enter(clerk)
        on_the_matter(clerk)
    if clerk.page.locator(f"a[href='{matter}/explain']").count():
        clerk.open(f"{matter}/explain")
        all_chosen(clerk)
        enter(clerk)
        on_the_matter(clerk)
    office.open(f"{matter}/close")
    office.page.fill("#keeper", CLERK)
    enter(office, CLERK)
    on_the_matter(office)
    printed(office, office.t("forms.heading.inventory_close"), year, office.t("keeping.report.total"))


def holders(house: House, matter: int) -> list[str]:
    """Staff numbers of those who still have a line open."""
    with house.books.database.reading() as connection:
        lines = queries.all_lines(connection, matter, ("listed",))
        states = queries.states_of(connection, [line.carrier for line in lines])
        held = sorted({state.holder for state in states.values() if state.holder is not None})
        return [queries.person(connection, person).number for person in held]


def declare(house: House, numbers: Sequence[str]) -> None:
    """These people sign, each for himself, that they have what the books say."""
    for number in numbers:
        who = house.asking(number)
        with house.books.database.reading() as connection:
            held = queries.carriers(connection, who, queries.CarrierFilter(holder=who.person), limit=200).items
        facts = [HoldingConfirmed(item.id) for item in held]
        signature = Signature(who.person, house.books.clock(), "password", text_hash(signed_text(facts)))
        house.books.enter(who, facts, act="confirm_holdings", signatures=(signature,))


def test_a_container_is_added_and_does_not_go_below_its_contents(
    somebody: Somebody, house: House, language: str
) -> None:
    clerk = somebody(CLERK)
    page = clerk.page
    code = f"BOX-{language}"
    clerk.open(f"/places/{a_place(house, 'B1-02-2').id}")
    page.locator("a.b", has_text=clerk.t("act.place.add")).click()
    page.fill("#code", code)
    page.fill("#name", clerk.either("周转箱", "Transfer case"))
    enter(clerk)
    page.wait_for_url(re.compile(r"/places/\d+$"))
    box = a_place(house, code)
    assert (box.kind, box.storage) == ("container", True)
    clerk.open(f"/places/{a_place(house, 'B1-02-1').id}/change")
    page.check("input[name=rating][value=internal]")
    enter(clerk)
    expect(page.locator("main")).to_contain_text("f.2")
    assert a_place(house, "B1-02-1").rating is None
