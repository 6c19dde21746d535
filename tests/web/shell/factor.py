"""Second factors in tests: an authenticator that goes by the archive's clock."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pyotp

from api.main import create_app
from api.store import Connection
from custody.database import Database
from custody.values import SECOND
from tests.web.front import PASSWORD, Browser, Front, number_of, quick_passwords, token_in


class Undone(Exception):
    """Leaves a transaction without keeping it."""


@contextmanager
def tried(database: Database) -> Iterator[Connection]:
    """A transaction of which nothing is kept."""
    try:
        with database.writing() as connection:
            yield connection
            raise Undone
    except Undone:
        pass


@dataclass
class Device:
    """An authenticator with its secret, and the recovery codes that were shown with it."""

    front: Front
    secret: str
    recovery: tuple[str, ...] = ()

    def code(self, steps: int = 0) -> str:
        """The code of now, or of so many steps later."""
        return pyotp.TOTP(self.secret).at(self.front.clock.at // SECOND + 30 * steps)


def asked_of(front: Front, whom: str) -> Front:
    """The same house, where the scheme asks these for a second factor."""
    services = front.app.state.services
    scheme = replace(services.scheme, second_factor=whom)
    front.app = create_app(replace(services, scheme=scheme), passwords=quick_passwords())
    return front


def begun(browser: Browser, front: Front, **fields: str) -> Device:
    """An enrolment begun: the secret as the page shows it."""
    page = browser.send("/me/second-factor/begin", **fields).text
    found = re.search(r'secret-text">([A-Z2-7 ]+)<', page)
    assert found, page
    return Device(front, found[1].replace(" ", ""))


def enrolled(browser: Browser, front: Front, **fields: str) -> Device:
    """A second factor set up in this browser, which goes on with its new session."""
    device = begun(browser, front, **fields)
    answer = browser.send("/me/second-factor/confirm", code=device.code())
    assert answer.status_code == 200, answer.text
    device.recovery = tuple(re.findall(r"<li class=\"mono\">([A-Z2-7-]+)</li>", answer.text))
    browser.csrf = token_in(browser.get("/me").text)
    front.clock.at += 30 * SECOND
    return device


def reading_english(front: Front) -> Browser:
    """A browser that asks for English, in which nobody has signed in."""
    browser = front.browser()
    browser.http.cookies.set("lang", "en")
    return browser


def enters(front: Front, who: str, code: str, password: str = PASSWORD) -> tuple[Browser, int]:
    """A browser that signs in with a code; what it was answered."""
    browser = reading_english(front)
    answer = browser.http.post("/sign-in", data={"number": number_of(who), "password": password, "code": code})
    return browser, answer.status_code
