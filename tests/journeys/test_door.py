"""At the door: one message for whatever is wrong, then in; the language is kept, and so are the titles' shutters."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.house import CLERK, House, password
from tests.journeys.watchful import Visitor

pytestmark = [pytest.mark.browser]


def test_a_wrong_password_and_an_unknown_number_are_told_the_same(visitor: Visitor) -> None:
    messages = []
    for number in ("1008", "999999"):
        visitor.open("/sign-in")
        visitor.page.fill("#number", number)
        visitor.page.fill("#password", "not the password")
        visitor.page.click("button.b-main")
        messages.append(visitor.page.locator(".errs").inner_text())
        expect(visitor.page).to_have_title(re.compile(visitor.either("^错误：", "^Error:")))
    assert messages[0] == messages[1]
    assert visitor.page.locator(".errs li").count() == 1


def test_then_the_right_one_opens_the_overview(visitor: Visitor) -> None:
    visitor.open("/")
    visitor.page.fill("#number", CLERK)
    visitor.page.fill("#password", "not the password")
    visitor.page.click("button.b-main")
    expect(visitor.page.locator("#number")).to_have_value(CLERK)
    expect(visitor.page.locator("#password")).to_have_value("")
    visitor.page.fill("#password", password(CLERK))
    visitor.page.click("button.b-main")
    expect(visitor.page.locator("h1")).to_have_text(visitor.t("nav.overview"))
    assert visitor.path() == "/overview"
    # The weightiest of several roles, and the unit.
    expect(visitor.page.locator(".who small")).to_have_text(
        visitor.either("机要室 · 登记员", "Registry · Registry clerk")
    )


def test_the_door_leads_back_to_where_one_wanted_to_go(visitor: Visitor, house: House) -> None:
    carrier = house.carriers("B1-01-1")[0]
    visitor.open(f"/carriers/{carrier.id}")
    assert visitor.path() == "/sign-in"
    visitor.page.fill("#number", CLERK)
    visitor.page.fill("#password", password(CLERK))
    visitor.page.click("button.b-main")
    visitor.page.wait_for_url(f"**/carriers/{carrier.id}")


def test_the_other_language_keeps_the_page_and_its_filters(visitor: Visitor) -> None:
    visitor.sign_in(CLERK)
    visitor.open("/carriers?status=on_loan")
    before = visitor.page.locator("tbody tr").count()
    visitor.page.locator(".top-end a[hreflang]").click()
    visitor.page.wait_for_load_state()
    assert visitor.page.locator("html").get_attribute("lang") == visitor.either("en", "zh-CN")
    assert visitor.path() == "/carriers"
    assert "status=on_loan" in visitor.page.url
    assert visitor.page.locator("tbody tr").count() == before
    visitor.open("/overview")
    assert visitor.page.locator("html").get_attribute("lang") == visitor.either("en", "zh-CN")


def test_titles_are_hidden_on_every_page_until_shown_again(visitor: Visitor, house: House) -> None:
    carrier = house.carriers("B1-01-1")[0]
    visitor.sign_in(CLERK)
    visitor.open(f"/carriers/{carrier.id}")
    expect(visitor.page.get_by_text(carrier.title).first).to_be_visible()
    visitor.page.keyboard.press("t")
    visitor.page.wait_for_url("**titles=hide")
    for path in (f"/carriers/{carrier.id}", "/carriers", f"/carriers/{carrier.id}/borrow"):
        visitor.open(path)
        assert carrier.title not in visitor.page.content()
        expect(visitor.page.locator(".hidden-title").first).to_be_visible()
    visitor.page.click("#titles")
    visitor.page.wait_for_url("**titles=show")
    expect(visitor.page.get_by_text(carrier.title).first).to_be_visible()


def test_signing_out_ends_the_session(visitor: Visitor) -> None:
    visitor.sign_in(CLERK)
    visitor.open("/me")
    visitor.page.locator("form[action='/sign-out'] button").click()
    visitor.page.wait_for_url("**/sign-in")
    visitor.open("/me")
    assert visitor.path() == "/sign-in"
