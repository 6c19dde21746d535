"""A browser that is watched: what it asks for, what its console says, and what its policy had to stop."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from api.locale import Value, translate
from tests.journeys.house import House, password

WIDTHS = (360, 820, 1440)
_LISTEN = """
window.__stopped = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.__stopped.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


@dataclass
class Watched:
    """What was seen in one browser context that should not have been."""

    origin: str
    strange: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def request(self, request: Request) -> None:
        """Every request, whoever made it."""
        self.asked.append(request.url)
        parts = urlsplit(request.url)
        own = f"{parts.scheme}://{parts.netloc}" == self.origin
        if not own and parts.scheme != "data":
            self.strange.append(request.url)

    def said(self, message: ConsoleMessage) -> None:
        """A line of the console. That a page was answered with a refusal is the server's word, checked by status."""
        if message.type in ("error", "warning") and "the server responded with a status of" not in message.text:
            self.console.append(f"{message.type}: {message.text}")

    def answered(self, response: Response) -> None:
        """An answer that says that we are broken."""
        if response.status >= 500:
            self.failed.append(f"{response.status} {response.url}")

    def complaints(self) -> list[str]:
        """Everything that was wrong."""
        return [*(f"asked elsewhere: {one}" for one in self.strange), *self.console, *self.failed]


@dataclass(frozen=True)
class Visitor:
    """A person at a browser of their own. `language`: zh or en."""

    house: House
    page: Page
    context: BrowserContext
    watched: Watched
    language: str

    def open(self, path: str) -> Response:
        """Go to a page."""
        answer = self.page.goto(self.house.url + path)
        assert answer is not None
        return answer

    def sign_in(self, number: str) -> None:
        """Sign in, from wherever the visitor is."""
        self.open("/sign-in")
        self.page.fill("#number", number)
        self.page.fill("#password", password(number))
        self.page.click("button.b-main")
        self.page.wait_for_url(lambda address: "/sign-in" not in address)

    def search(self, text: str) -> None:
        """Look for something from wherever the visitor is, by the keyboard."""
        self.page.locator("body").click(position={"x": 3, "y": 300})
        self.page.keyboard.press("/")
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/search?q=*")

    def through_the_menu(self, path: str) -> None:
        """Follow a link of the main navigation; its group is unfolded first where it is folded."""
        link = self.page.locator(f"a[href='{path}']")
        menu = self.page.locator("nav.side")
        fold = menu.locator("details:not([open])", has=link)
        if fold.count():
            fold.locator("summary").click()
        menu.locator(link).click()

    def path(self) -> str:
        """Where the visitor is, without origin and query."""
        return urlsplit(self.page.url).path

    def stopped(self) -> list[str]:
        """What the policy stopped on this page."""
        found: list[str] = self.page.evaluate("window.__stopped")
        return found

    def t(self, key: str, /, **blanks: Value) -> str:
        """The product's own words in the visitor's language."""
        return translate(self.language, key, **blanks)

    def either(self, zh: str, en: str) -> str:
        """What is said in the visitor's language."""
        return zh if self.language == "zh" else en


@contextmanager
def a_visitor(
    browser: Browser,
    house: House,
    language: str = "zh",
    *,
    width: int = 1440,
    height: int = 940,
    dark: bool = False,
    patience_ms: int = 40_000,
) -> Iterator[Visitor]:
    """A browser in which nobody has signed in. At its end nothing may have gone elsewhere, or been complained of."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale="zh-CN" if language == "zh" else "en-GB",
        color_scheme="dark" if dark else "light",
        accept_downloads=True,
    )
    context.set_default_timeout(patience_ms)
    context.add_cookies([{"name": "lang", "value": language, "url": house.url}])
    context.add_init_script(_LISTEN)
    watched = Watched(house.url)
    context.on("request", watched.request)
    context.on("console", watched.said)
    context.on("response", watched.answered)
    context.on("weberror", lambda error: watched.console.append(f"uncaught: {error.error}"))
    try:
        yield Visitor(house, context.new_page(), context, watched, language)
    finally:
        context.close()
    assert watched.complaints() == []
