"""The pages in a real Chromium: nothing leaves the own origin, nothing scrolls sideways, the keyboard works."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import uvicorn
from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.browser import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.builders import epc_of
from tests.web.front import PASSWORD, Front, number_of

pytestmark = pytest.mark.browser
PAGES = {
    "clerk": (
        "/carriers",
        "/carriers/1",
        "/carriers/2",
        "/carriers/1/borrow",
        "/carriers/1/missing",
        "/carriers/1/tag",
        "/take-in",
        "/desk",
        "/import",
        "/places",
        "/places/5",
        "/regulations",
        "/me",
        "/me/password",
        "/api/v1/docs",
        "/nothing-here",
    ),
    "he": ("/ledger", "/me"),
    "admin": ("/accounts",),
}


@dataclass
class Window:
    """A browser, what it asked for, and what it complained of."""

    origin: str
    context: BrowserContext
    page: Page
    strange: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def complain(self, said: str) -> None:
        """A line of the console. Who types before the page has put the cursor somewhere is no fault of the page."""
        if not said.startswith("Autofocus processing was blocked"):
            self.complaints.append(said)

    def sign_in(self, who: str, language: str) -> None:
        """Through the door, as a person does."""
        self.context.clear_cookies()
        self.page.goto(f"{self.origin}/sign-in?lang={language}")
        self.page.fill("#number", number_of(who))
        self.page.fill("#password", PASSWORD)
        self.page.click("button[type=submit]")
        self.page.wait_for_load_state()

    def sideways(self) -> int:
        """Pixels by which the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.fixture
def origin(front: Front) -> Iterator[str]:
    """The application, really served."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(front.app, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        sock.close()


@pytest.fixture
def window(origin: str) -> Iterator[Window]:
    """A browser that knows no name but this machine's."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        found = Window(origin, context, context.new_page())

        def asked(address: str) -> None:
            if not address.startswith((f"{origin}/", "data:")):
                found.strange.append(address)

        context.on("request", lambda request: asked(request.url))
        found.page.on("console", lambda message: found.complain(message.text))
        found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
        try:
            yield found
        finally:
            browser.close()


def filled(front: Front) -> None:
    """A few carriers, one of them overdue."""
    late, *_ = front.archive.carriers(30, title="Highland station siting report, draft for review, with a long title")
    front.archive.borrow(late, "chen", days=2)
    front.clock.days(3)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_stays_at_home_and_within_its_window(front: Front, window: Window, language: str) -> None:
    filled(front)
    wide: list[str] = []
    for who, addresses in PAGES.items():
        window.sign_in(who, language)
        for address in addresses:
            window.page.set_viewport_size({"width": 1440, "height": 900})
            window.page.goto(window.origin + address)
            for width in (1440, 820, 360):
                window.page.set_viewport_size({"width": width, "height": 900})
                if window.sideways() > 0:
                    wide.append(f"{address} at {width}: {window.sideways()}")
    assert not window.strange
    assert not [said for said in window.complaints if "404" not in said]
    assert not wide


def test_single_keys_go_where_they_say_and_are_silent_in_fields(front: Front, window: Window) -> None:
    filled(front)
    window.sign_in("clerk", "en")
    page = window.page
    page.goto(f"{window.origin}/carriers")
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.wait_for_url("**/places")
    page.keyboard.press("/")
    page.keyboard.type("gct?")
    assert page.locator("#q").input_value() == "gct?"
    assert page.url.endswith("/places")
    page.goto(f"{window.origin}/carriers")
    page.keyboard.press("?")
    assert page.locator("#keys-help").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    page.wait_for_url("**/carriers?titles=hide")
    assert "Highland" not in page.content()


def test_keys_switched_off_do_nothing(front: Front, window: Window) -> None:
    window.sign_in("clerk", "en")
    window.page.goto(f"{window.origin}/me")
    window.page.get_by_role("button", name="Switch off").click()
    window.page.goto(f"{window.origin}/carriers")
    window.page.keyboard.press("?")
    assert not window.page.locator("#keys-help").is_visible()


def test_the_other_language_keeps_what_was_typed_once(front: Front, window: Window) -> None:
    front.archive.carriers(1)
    window.sign_in("clerk", "en")
    page = window.page
    page.goto(f"{window.origin}/carriers/1/missing")
    reason = page.locator("main form textarea, main form input[type=text]").first
    reason.fill("not where it should be")
    page.locator("a[data-language]").click()
    page.wait_for_url("**lang=zh**")
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert reason.input_value() == "not where it should be"
    # And it stays nowhere: the same page, opened again, is empty.
    page.goto(f"{window.origin}/carriers/1/missing")
    assert reason.input_value() == ""
    assert page.evaluate("sessionStorage.length") == 0
    assert not window.complaints


def test_a_long_form_goes_through_both_languages_and_back(front: Front, window: Window) -> None:
    """Given a form of many kinds of fields, filled in, then every one of them stands there in either language."""
    window.sign_in("clerk", "zh")
    page = window.page
    page.goto(f"{window.origin}/take-in")
    typed = {"control_number": "YS-2026-00901", "title": "《长江》水位\n年报", "pages": "32", "place": "B1-01-1"}
    found = {name: page.locator(f"main form [name={name}]").first for name in typed}
    for name, value in typed.items():
        if found[name].count():
            found[name].fill(value)
    selects = page.locator("main form select")
    assert selects.count() > 3
    for at in range(selects.count()):
        selects.nth(at).select_option(index=1)
    before = page.locator("main form").evaluate_all(FORMS)
    for language in ("en", "zh-CN"):
        page.locator("a[data-language]").click()
        page.wait_for_url("**lang=**")
        page.locator(f"html[lang={language}]").wait_for()
        assert page.locator("main form").evaluate_all(FORMS) == before, language
    assert len([value for name, value in before if name != "csrf" and value]) > 6
    assert not window.complaints


FORMS = """forms => forms.flatMap((one) => [...new FormData(one)]).filter(([name]) => name !== "csrf")
  .map(([name, value]) => [name, String(value)])"""
"""What would be sent."""


def test_a_scanner_types_on_while_the_server_answers_and_nothing_is_lost(front: Front, window: Window) -> None:
    carriers = front.archive.carriers(12, pages=None)
    for carrier in carriers:
        front.archive.borrow(carrier, "chen")
    window.sign_in("clerk", "en")
    page = window.page
    page.goto(f"{window.origin}/desk")
    for number, carrier in enumerate(carriers):
        page.keyboard.type(epc_of(carrier))
        page.keyboard.press(("Enter", "Tab", " ")[number % 3])
    page.locator("#lines h2", has_text="12 carriers").wait_for(timeout=120_000)
    assert page.evaluate("document.activeElement.id") == "scan"
    page.get_by_role("button", name="Enter the return of 12").click()
    page.wait_for_url("**/acts/GH-*")
    assert "12 entries" in page.content()
    assert not window.complaints


def test_without_script_a_loan_is_entered_all_the_same(front: Front, window: Window) -> None:
    front.archive.carrier()
    browser = window.context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False)
    plain = Window(window.origin, context, context.new_page())
    plain.sign_in("clerk", "en")
    plain.page.goto(f"{window.origin}/carriers/1")
    plain.page.get_by_role("link", name="Lend", exact=True).click()
    plain.page.fill("#borrower", "chen")
    plain.page.get_by_role("button", name="Find").click()
    plain.page.fill("#holder_password", PASSWORD)
    plain.page.get_by_role("button", name="Enter the loan").click()
    plain.page.wait_for_url("**/acts/JY-*")
    context.close()
