"""The front of the house: the archive behind the real application, and browsers in which people sign in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Table, select

from api.main import create_app
from api.services import Services
from api.sessions import Passwords
from custody.access import Role
from custody.database import Database
from custody.store import accounts
from custody.store import schema as t
from reconcile.bulletin import Bulletin
from tests.builders import NOW, PEOPLE, PERSONS, Archive, Ticking, an_archive, books_on
from tests.web.door import let_in

PASSWORD = "correct horse battery"
ROLES: Mapping[str, Role] = {
    "clerk": Role.CLERK,
    "manager": Role.MANAGER,
    "secrecy": Role.SECRECY_OFFICE,
    "chen": Role.BORROWER,
    "ma": Role.BORROWER,
    "admin": Role.SYSTEM_ADMINISTRATOR,
    "he": Role.AUDITOR,
    "leader": Role.LEADER,
    "committee": Role.SECRECY_COMMITTEE,
    "clerk2": Role.CLERK,
    "secretary": Role.MEETING_SECRETARY,
    "zhao": Role.BORROWER,
    "sun": Role.BORROWER,
}
"""Who may sign in, as what. `ma` is cleared to confidential only."""


def quick_passwords() -> Passwords:
    """Real argon2id with the smallest work: what is tested is what it decides, not how long it takes."""
    return Passwords(PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)))


@dataclass
class Wakes:
    """A watch that only counts how often it was woken."""

    woken: int = 0

    def start(self) -> None:
        """Nothing runs."""

    def stop(self) -> None:
        """Nothing ran."""

    def wake(self) -> None:
        """Something new came."""
        self.woken += 1


@dataclass
class Front:
    """The application over an archive; `clock` goes on when it is told to."""

    archive: Archive
    app: FastAPI
    clock: Ticking
    watch: Wakes

    def browser(self) -> "Browser":
        """A browser in which nobody has signed in."""
        return Browser(TestClient(self.app, follow_redirects=False), "")

    def signed_in(self, who: str, language: str = "en") -> "Browser":
        """A browser in which a person has signed in."""
        browser = self.browser()
        browser.http.cookies.set("lang", language)
        browser.csrf = let_in(browser.http, number_of(who), PASSWORD, self.clock())
        return browser

    def program(self, who: str) -> "Browser":
        """A program that signed in by REST."""
        browser = self.browser()
        answer = browser.http.post("/api/v1/session", json={"number": number_of(who), "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        browser.csrf = answer.json()["csrf"]
        return browser


@dataclass
class Browser:
    """A client with its cookies and the token of its session's forms."""

    http: TestClient
    csrf: str

    def sign_in(self, number: str, password: str) -> Any:
        """Send the sign-in form."""
        return self.http.post("/sign-in", data={"number": number, "password": password})

    def get(self, address: str) -> Any:
        """Open an address."""
        return self.http.get(address)

    def send(self, address: str, **fields: Any) -> Any:
        """Send a form of this session."""
        return self.http.post(address, data={"csrf": self.csrf} | fields)

    def enter(self, address: str, **fields: Any) -> str:
        """Send a form that must be entered; gives the act's number."""
        answer = self.send(address, **fields)
        assert answer.status_code == 303, words(answer.text)
        place: str = answer.headers["location"]
        return place.removeprefix("/acts/")

    def call(self, address: str, **body: Any) -> Any:
        """Call the REST interface with the session's token."""
        return self.http.post(f"/api/v1{address}", json=body, headers={"X-CSRF-Token": self.csrf})


def number_of(who: str) -> str:
    """A person's staff number."""
    return next(person.number for person in PERSONS if person.id == PEOPLE[who])


def token_in(page: str) -> str:
    """The token of a page's forms."""
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page[:400]
    return found[1]


def words(page: str) -> str:
    """The words of a page, without its marks."""
    body = re.sub(r"<svg.*?</svg>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).strip()


@cache
def _everybody() -> tuple[tuple[Table, tuple[Mapping[str, Any], ...]], ...]:
    """What the stores keep of everybody's accounts: made by them once, and put in as rows for every front after."""
    hashed = quick_passwords().hash(PASSWORD)
    with TemporaryDirectory() as folder, Database.open(f"sqlite:///{folder}/custody.db") as database:
        database.migrate()
        an_archive(books_on(database))
        with database.writing() as connection:
            for who, role in ROLES.items():
                accounts.create(connection, PEOPLE[who], accounts.family_of(role), hashed, NOW)
                accounts.grant(connection, PEOPLE[who], role, at=NOW)
        with database.reading() as connection:
            return tuple(
                (
                    table,
                    tuple(
                        {name: value for name, value in row._mapping.items() if (table, name) != (t.AUDIT_EVENT, "id")}
                        for row in connection.execute(select(table))
                    ),
                )
                for table in (t.ACCOUNT, t.GRANT, t.AUDIT_EVENT)
            )


def a_front(archive: Archive, folder: Path, *, demo: bool = False) -> Front:
    """Everybody of ROLES has an account; the same password for all."""
    passwords = quick_passwords()
    database, clock = archive.books.database, archive.books.clock
    assert isinstance(clock, Ticking)
    with database.writing() as connection:
        for table, rows in _everybody():
            connection.execute(table.insert(), [dict(row) for row in rows])
    watch = Wakes()
    services = Services(
        database=database,
        books=archive.books,
        scheme=archive.scheme,
        clock=clock,
        bulletin=Bulletin(),
        watch=watch,
        data=folder,
        demo=demo,
    )
    return Front(archive, create_app(services, passwords=passwords), clock, watch)
