"""One house and one browser for all journeys of a worker; a visitor of its own for each."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Protocol

import pytest
from playwright._impl._api_structures import SetCookieParam
from playwright.sync_api import Browser, expect, sync_playwright

from api import locale
from api.web.visit import COOKIE
from tests.browser import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.journeys.house import House, a_house
from tests.journeys.watchful import Visitor, a_visitor

LANGUAGES = ("zh", "en")
# A test waits for what should be seen as long as a loaded machine may take: it never asserts on time.
expect.set_options(timeout=30_000)


class Enter(Protocol):
    """Lets somebody in."""

    def __call__(self, number: str, language: str = "zh", **how: Any) -> Visitor:
        """By staff number; `how` as for `a_visitor`."""


# Of the package, not of the session: while the browser is driven, no other test of this process can use asyncio.
@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The archive in use."""
    with a_house(tmp_path_factory.mktemp("journeys")) as opened:
        yield opened


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The real Chromium."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    """Every journey is made in both languages."""
    chosen: str = request.param
    return chosen


@pytest.fixture
def visitor(house: House, browser: Browser, language: str) -> Iterator[Visitor]:
    """Somebody at a browser, not signed in."""
    with a_visitor(browser, house, language) as arrived:
        yield arrived


@pytest.fixture(scope="package")
def cookies() -> dict[str, list[SetCookieParam]]:
    """Who has signed in already: hashing a password is slow on purpose, and the door has journeys of its own."""
    return {}


@pytest.fixture
def enter(house: House, browser: Browser, cookies: dict[str, list[SetCookieParam]]) -> Iterator[Enter]:
    """Somebody signed in; several may be here at once."""
    with ExitStack() as stack:

        def signed_in(number: str, language: str = "zh", **how: Any) -> Visitor:
            arrived = stack.enter_context(a_visitor(browser, house, language, **how))
            if number in cookies:
                arrived.context.add_cookies(cookies[number])
            else:
                arrived.sign_in(number)
                kept = [one for one in arrived.context.cookies() if one.get("name") == COOKIE]
                cookies[number] = [{"name": COOKIE, "value": one["value"], "url": house.url} for one in kept]
            return arrived

        yield signed_in


@pytest.fixture
def somebody(enter: Enter, language: str) -> Callable[[str], Visitor]:
    """Somebody signed in, by staff number, in the journey's language."""
    return lambda number: enter(number, language)


@pytest.fixture(autouse=True)
def strict_catalogue() -> Iterator[None]:
    """The server is in this process: a text that is missing becomes an error page instead of showing its key."""
    locale.be_strict()
    yield
    locale.be_strict(False)
