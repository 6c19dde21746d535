"""axe-core finds nothing grave on any page: with a whole archive, empty and in error, in both themes, at three widths.

In `make prove` everybody walks every page that links lead to, in both languages; in `make test` a few pages are looked
at, one of each build: lists, forms, boards, paper.
"""

import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser

from api.web.visit import COOKIE
from tests.builders import an_archive, books_on
from tests.journeys.axe import GRAVE, OF_COLOURS, violations
from tests.journeys.conftest import Enter
from tests.journeys.crawl import walk
from tests.journeys.house import BORROWER, CLERK, House
from tests.journeys.test_every_page import WALKS
from tests.journeys.watchful import WIDTHS, Visitor, a_visitor
from tests.prove.record import WHOLE, proof
from tests.web.front import Front, a_front

pytestmark = pytest.mark.browser

SCHEMES = ("light", "dark")
LOOKED_AT = ("/overview", "/carriers", "/findings", "/places", "/take-in", "/rounds", "/balance")
EMPTY = (
    "/overview",
    "/today",
    "/carriers",
    "/findings",
    "/cases",
    "/rounds",
    "/business",
    "/inbox",
    "/desk",
    "/reports",
)
"""Lists of a house that has people and places, and nothing else yet."""


def grave(visitor: Visitor, widths: Sequence[int], schemes: Sequence[str] = SCHEMES) -> list[str]:
    """What axe-core holds against the page that is open, in each theme, at each width: in the first theme by every
    rule, in the other by those of its colours.
    """
    found = []
    for scheme in schemes:
        visitor.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        rules = () if scheme == schemes[0] else OF_COLOURS
        for width in widths:
            visitor.page.set_viewport_size({"width": width, "height": 940})
            found += [f"{visitor.path()}, {scheme}, {width}: {one}" for one in violations(visitor.page, rules=rules)]
    return found


def test_axe_itself_sees_what_is_wrong(enter: Enter) -> None:
    """Given a picture without words and grey on grey, then both are told: the looks below can fail."""
    visitor = enter(CLERK, "en")
    visitor.open("/me")
    visitor.page.evaluate("""() => {
      const grey = Object.assign(document.createElement("p"), {textContent: "hardly to be read"});
      grey.style.color = "#bbb";
      document.querySelector("main").append(new Image(), grey);
    }""")
    found = violations(visitor.page)
    assert {one.split()[0] for one in found} == {"image-alt", "color-contrast"}
    assert GRAVE == ("serious", "critical")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_in_use(enter: Enter, house: House, language: str) -> None:
    visitor = enter(CLERK, language)
    carrier = house.carriers("B1-01-1")[0].id
    found = []
    pages = (*LOOKED_AT, f"/carriers/{carrier}", f"/carriers/{carrier}/borrow")
    for nth, path in enumerate(pages if WHOLE else pages[1::3]):
        assert visitor.open(path).status == 200, path
        # By turns: every theme and every width is looked at.
        found += grave(visitor, [WIDTHS[nth % 3]], [SCHEMES[nth % 2]])
    assert not found, "\n".join(found)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_in_error(enter: Enter, language: str) -> None:
    """A form that is wrong, what is not there, what is not allowed, and a server that does not answer."""
    visitor = enter(BORROWER, language)
    found = []
    for path, status in (("/carriers/999999", 404), ("/accounts", 403)):
        assert visitor.open(path).status == status
        found += grave(visitor, [360], ["dark"])
    visitor.open("/me/password")
    visitor.page.eval_on_selector_all("main form [required]", "all => all.forEach((one) => { one.required = false; })")
    visitor.page.locator("main form[action='/me/password'] button[type=submit]").click()
    visitor.page.locator(".errs").wait_for()
    found += grave(visitor, [360], SCHEMES)
    clerk = enter(CLERK, language)
    clerk.open("/overview")
    clerk.page.evaluate("document.body.classList.add('stale')")
    found += grave(clerk, [1440], SCHEMES)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_door(enter: Enter, language: str) -> None:
    visitor = enter(CLERK, language)
    visitor.context.clear_cookies(name=COOKIE)
    visitor.open("/sign-in")
    found = grave(visitor, [360], SCHEMES)
    visitor.page.fill("#number", CLERK)
    visitor.page.fill("#password", "wrong")
    visitor.page.click("button.b-main")
    visitor.page.locator(".errs").wait_for()
    found += grave(visitor, [1440], SCHEMES)
    assert not found, "\n".join(found)


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Front]:
    """A house with people and places in which nothing has been entered."""
    from custody.database import Database

    with Database.open(f"sqlite:///{tmp_path}/custody.sqlite") as database:
        database.migrate()
        yield a_front(an_archive(books_on(database)), tmp_path)


@pytest.fixture
def bare_origin(bare: Front) -> Iterator[str]:
    """The same, really served."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(bare.app, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        sock.close()


def test_lists_that_are_empty(bare: Front, bare_origin: str, house: House, browser: Browser) -> None:
    token = bare.signed_in("clerk").http.cookies[COOKIE]
    there = House(bare_origin, house.data, bare.archive.books, house.readers)
    found = []
    with a_visitor(browser, there, "zh") as visitor:
        visitor.context.add_cookies([{"name": COOKIE, "value": token, "url": bare_origin}])
        for nth, path in enumerate(EMPTY):
            assert visitor.open(path).status == 200, path
            widths, schemes = (WIDTHS, SCHEMES) if WHOLE else ([WIDTHS[nth % 3]], [SCHEMES[nth % 2]])
            found += grave(visitor, widths, schemes)
    assert not found, "\n".join(found)


@pytest.mark.prove
@pytest.mark.skipif(not WHOLE, reason="everybody's pages are looked at by make prove")
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("written", ["zh", "en"])
@pytest.mark.parametrize("number", [number for number, _ in WALKS])
def test_every_page_of_everybody(enter: Enter, number: str, written: str) -> None:
    """Every page that links lead to, as one person, in one language: so that it can be broken off and gone on with."""
    looked, looks, found = 0, 0, []
    with proof(f"axe-core on every page of {number}, {written}, both themes, three widths") as row:
        visitor = enter(number, written)
        for _path in walk(visitor):
            found += grave(visitor, WIDTHS)
            visitor.page.emulate_media(color_scheme="light")
            looked, looks = looked + 1, looks + len(WIDTHS) * len(SCHEMES)
        row.held = f"{looked} pages, {looks:,} looks, nothing serious or critical"
        assert looked > 5, "the walk led nowhere"
        assert not found, "\n".join(found)
