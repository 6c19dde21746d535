"""What people do at a desk, whatever the business: fill in a form, sign it, open an act by its button, print it."""

import re
from collections.abc import Iterable

from playwright.sync_api import Page, TimeoutError, expect

from tests.journeys.house import CLERK, password
from tests.journeys.watchful import Visitor

Answers = dict[str, str | bool]
"""Field name to what is filled in or chosen; True: it is ticked. `name=value` names one box or button of several."""


def fill(page: Page, answers: Answers) -> None:
    """Fill in a form, field by field."""
    for name, answer in answers.items():
        field, chosen, value = name.partition("=")
        found = page.locator(f"[name='{field}'][value='{value}']" if chosen else f"[name='{field}']").first
        if answer is True:
            found.check()
        elif found.evaluate("field => field.tagName") == "SELECT":
            found.select_option(str(answer))
        else:
            found.fill(str(answer))


def sign(visitor: Visitor, number: str, *cosigners: str) -> str:
    """Sign as asked, each at the same desk, and enter the act; gives its number."""
    page = visitor.page
    if page.locator("input[name=password]").count():
        page.fill("input[name=password]", password(number))
    for at, other in enumerate(cosigners):
        mine = page.locator(f"input[name='cosign.{at}.number']:not([type=hidden])")
        if mine.count():
            mine.fill(other)
        page.fill(f"input[name='cosign.{at}.password']", password(other))
    page.click(".actions button[value=enter]")
    try:
        page.wait_for_url(re.compile(r"(\?done=|/acts/)"))
    except TimeoutError:
        raise AssertionError(f"not entered: {page.locator('main').inner_text()}") from None
    found = re.search(r"(?:done=|/acts/)([A-Z]+-\d+-\d+)", page.url)
    assert found
    return found[1]


def matter_of(page: Page) -> str:
    """The address of the matter that the page is of."""
    found = re.search(r"/matters/\d+", page.url)
    assert found, page.url
    return found[0]


def act(visitor: Visitor, matter: str, key: str) -> None:
    """Open an act by its button on the matter's page."""
    visitor.open(matter)
    visitor.page.click(f"a[href='{matter}/{key}']")


def approved(matter: str, clerk: Visitor, *others: tuple[Visitor, str]) -> None:
    """The clerk asks, the others approve in turn."""
    act(clerk, matter, "ask")
    sign(clerk, CLERK)
    for visitor, number in others:
        act(visitor, matter, "approve")
        sign(visitor, number)


def on_paper(visitor: Visitor, number: str, *words: str) -> None:
    """The act's form holds these words, and prints to whole pages."""
    visitor.open(f"/acts/{number}/form")
    sheet = visitor.page.locator("article").first
    contains(visitor, "article", words)
    wide = sheet.evaluate("e => e.scrollWidth - e.clientWidth")
    assert wide <= 1, f"the form is {wide} px too wide"
    visitor.page.emulate_media(media="print")
    assert visitor.page.pdf(format="A4")[:5] == b"%PDF-"
    visitor.page.emulate_media(media="screen")


def contains(visitor: Visitor, where: str, words: Iterable[str]) -> None:
    """A part of the page holds these words."""
    part = visitor.page.locator(where).first
    for word in words:
        expect(part).to_contain_text(word)
