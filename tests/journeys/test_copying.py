"""Copying as a new user would do it: from the carrier's page to the register of copies, the tree, and their recall."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from custody.store.queries import CarrierItem
from tests.journeys.desk import act, matter_of, on_paper, sign
from tests.journeys.house import CLERK, CLERK_2, COMMITTEE, LEADER, SECRECY_OFFICE, House
from tests.journeys.watchful import Visitor

pytestmark = [pytest.mark.browser]
Somebody = Callable[[str], Visitor]
COPYING_PLACE = "B1-reading"


def sources(house: House, language: str, number: int) -> list[CarrierItem]:
    """Papers of the house on a shelf that no reader hears; every language has its own half of them."""
    items = [one for place in ("B1-02-1", "B1-02-2", "B1-02-3", "B1-03-1", "B1-03-2") for one in house.carriers(place)]
    papers = [one for one in items if not one.issuer and one.kind == "document"]
    fit = [one for one in papers if 0 < one.rank < 3 and "all" in one.scope]
    half = [one for one in fit if (one.id % 2 == 0) == (language == "zh")]
    assert len(half) >= number, "the sample has no such carriers"
    return half[-number:]


def tag(language: str, number: int) -> str:
    """A label not used before; every language has its own."""
    return f"3414F4A2{'C1' if language == 'zh' else 'C2'}{number:014X}"


def apply(visitor: Visitor, manner: str, copies: int) -> str:
    """Fill the application and sign it; gives the matter's address."""
    page = visitor.page
    page.check(f"[name=manner][value={manner}]")
    page.fill("#copies", str(copies))
    page.fill("#recipient", CLERK)
    page.fill("#reason", "型号评审")
    page.fill("#place", COPYING_PLACE)
    page.fill("#machine", "FY-02")
    sign(visitor, CLERK)
    return matter_of(page)


def approve(matter: str, clerk: Visitor, *others: tuple[Visitor, str]) -> None:
    """Asked for by the clerk, approved in turn by the others."""
    act(clerk, matter, "ask")
    sign(clerk, CLERK)
    for visitor, number in others:
        act(visitor, matter, "approve")
        sign(visitor, number)


def test_a_paper_is_copied_its_tree_is_shown_and_its_copies_are_called_back(
    house: House, somebody: Somebody, language: str
) -> None:
    (item,) = sources(house, language, 1)
    clerk, office, leader = somebody(CLERK), somebody(SECRECY_OFFICE), somebody(LEADER)
    page = clerk.page
    clerk.open(f"/carriers/{item.id}")
    page.click(".acts-more summary")
    page.click(f"a[href='/carriers/{item.id}/copying']")
    matter = apply(clerk, "copy", 2)
    expect(page.locator(f"a[href='{matter}/copy']")).to_have_count(0)  # dashed before it is approved
    approve(matter, clerk, (office, SECRECY_OFFICE), (leader, LEADER))

    act(clerk, matter, "copy")
    page.fill("#epcs", f"{tag(language, 1)}\n{tag(language, 2)}")
    page.fill("#home", "B1-02-1")
    page.fill("#witness", CLERK_2)
    number = sign(clerk, CLERK, CLERK_2)
    expect(page.locator("main")).to_contain_text(clerk.t("mstatus.copying.closed"))
    on_paper(clerk, number, f"{item.control_number}-F1", clerk.t("copying.form.duty.register"))

    clerk.open(f"/carriers/{item.id}")
    expect(page.locator("section[aria-labelledby=kin]")).to_contain_text(f"{item.control_number}-F1")
    page.click(f"a[href='/carriers/{item.id}/descent']")
    copy = page.locator("#kin-made a").first
    copy.click()
    found = re.search(r"/carriers/(\d+)", page.url)
    assert found
    made = house.carrier(int(found[1]))
    assert (made.origin, made.level, made.copies) == ("copied", item.level, 2)


def test_a_compilation_of_two_papers_is_approved_by_the_committee(
    house: House, somebody: Somebody, language: str
) -> None:
    items = sources(house, language, 3)[:2]
    clerk, office, committee = somebody(CLERK), somebody(SECRECY_OFFICE), somebody(COMMITTEE)
    page = clerk.page
    clerk.open("/business/new/copying")
    page.fill("#carriers", "\n".join(f"{one.control_number}/{one.copy_number}" for one in items))
    matter = apply(clerk, "compilation", 1)
    approve(matter, clerk, (office, SECRECY_OFFICE), (committee, COMMITTEE))
    act(clerk, matter, "compile")
    page.fill("#control_number", f"YS-2026-H{language.upper()}")
    page.fill("#title", "型号资料汇编")
    page.fill("#epcs", tag(language, 3))
    page.fill("#home", "B1-02-1")
    page.fill("#witness", CLERK_2)
    number = sign(clerk, CLERK, CLERK_2)
    on_paper(clerk, number, f"YS-2026-H{language.upper()}", clerk.t("ask.manner.compilation"))
    clerk.open(matter)
    expect(page.locator("main")).to_contain_text(clerk.t("mstatus.copying.closed"))
