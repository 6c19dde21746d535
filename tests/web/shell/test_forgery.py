"""Requests forged by another site, against every route that changes something: nothing changes."""

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from fastapi import APIRouter
from sqlalchemy import func, select
from sqlmodel import SQLModel

from api import rest, web
from api.locale import translate
from api.web.visit import GUARDS
from custody.access import PERMISSIONS, Permission, Role
from custody.store import accounts
from tests.builders import NOW, PEOPLE
from tests.web.front import PASSWORD, ROLES, Browser, Front

SAFE = {"GET", "HEAD", "OPTIONS"}
WHOLE = os.environ.get("CUSTODY_PROVE") == "whole"
EVERYBODY = {**ROLES, "lin": Role.SECURITY_ADMINISTRATOR}
"""The front's people, and one of the role that is still wanting among them."""
BY_NO_SESSION = {
    "/sign-in": "opens a session: forged, it opens the forger's own; told apart by the browser's own words",
    "/api/v1/session": "the same",
    "/api/v1/intake": "by the device's token, which no browser sends by itself",
    "/api/v1/handheld/reads": "the same",
    "/api/v1/witness/cosignature": "by the witness's token, which no browser sends by itself",
    "/csp-report": "what a browser reports by itself; it opens nothing and is bounded",
}
"""Unsafe routes that no session opens, and why the token of a session does not guard them."""
OTHERS = "another session's token"
OWN = "this session's token"
ATTACKS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    # name: the token that is sent, the headers that a browser adds by itself
    "no token": ("", {}),
    "another session's token": (OTHERS, {"Sec-Fetch-Site": "same-origin"}),
    "another site": (OWN, {"Sec-Fetch-Site": "cross-site"}),
    "a neighbour in the same domain": (OWN, {"Sec-Fetch-Site": "same-site"}),
    "nobody's page": (OWN, {"Sec-Fetch-Site": "none"}),
    "nobody's page, another origin": (OWN, {"Sec-Fetch-Site": "none", "Origin": "https://elsewhere.example"}),
    "no origin": (OWN, {"Origin": "null"}),
    "no origin, said to be ours": (OWN, {"Sec-Fetch-Site": "same-origin", "Origin": "null"}),
    "another origin": (OWN, {"Origin": "https://elsewhere.example"}),
    "our name in another": (OWN, {"Origin": "http://testserver.elsewhere.example"}),
}
FORGED = "urn:custody:problem:forged"
FORGED_WORDS = translate("en", "errors.forged.text")


def unsafe() -> Iterator[tuple[str, str, Any]]:
    """Every unsafe method and address of the application with its route."""
    routers: tuple[APIRouter, ...] = (*web.ROUTERS, *rest.ROUTERS)
    for router in routers:
        for route in router.routes:
            for method in sorted(set(getattr(route, "methods", ())) - SAFE):
                yield method, route.path, route  # type: ignore[attr-defined]


def _asked(dependant: Any) -> Iterator[tuple[Permission, ...]]:
    for inner in dependant.dependencies:
        if GUARDS.get(inner.call):
            yield GUARDS[inner.call]
        yield from _asked(inner)


@pytest.fixture
def house(front: Front) -> Front:
    """The front with a security administrator too."""
    person, password_hash = PEOPLE["lin"], front.app.state.sign_in.passwords.hash(PASSWORD)
    with front.archive.books.database.writing() as connection:
        if "lin" not in ROLES:
            accounts.create(connection, person, "administrator", password_hash, NOW)
            accounts.grant(connection, person, Role.SECURITY_ADMINISTRATOR)
    return front


def who_may(route: Any) -> str:
    """Somebody whose roles open a route."""
    groups = list(_asked(route.dependant))
    for who, role in EVERYBODY.items():
        if all(PERMISSIONS[role] & set(group) for group in groups):
            return who
    raise AssertionError(f"nobody of the test's people may {route.path}: give somebody the role")


def filled(path: str) -> str:
    """An address of the route, with something that is there in each blank."""
    return re.sub(r"\{\w+(?::\w+)?\}", "1", path)


def everything(front: Front) -> dict[str, int]:
    """Rows of every table."""
    with front.archive.books.database.reading() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in SQLModel.metadata.tables.items()
        }


def sent(browser: Browser, method: str, path: str, token: str, headers: Mapping[str, str]) -> Any:
    """A request with this token, as the interface or as a page would send it."""
    if path.startswith("/api/"):
        return browser.http.request(method, path, json={}, headers={"X-CSRF-Token": token, **headers})
    return browser.http.request(method, path, data={"csrf": token} if token else {}, headers=dict(headers))


def is_forged(answer: Any) -> bool:
    """Whether it was answered that the request is forged."""
    if answer.headers.get("content-type") == "application/problem+json":
        return bool(answer.json()["type"] == FORGED)
    return answer.status_code == 403 and FORGED_WORDS in answer.text


def _attacks_on(number: int) -> Mapping[str, tuple[str, Mapping[str, str]]]:
    """Every attack; in the slice that is always run one of them in turn."""
    if WHOLE:
        return ATTACKS
    name = list(ATTACKS)[number % len(ATTACKS)]
    return {name: ATTACKS[name]}


@pytest.mark.prove
def test_no_forged_request_changes_anything_on_any_route(house: Front) -> None:
    front = house
    routes = [(method, path, route) for method, path, route in unsafe() if path not in BY_NO_SESSION]
    assert len(routes) > 100
    assert {path for _, path, _ in unsafe()} >= BY_NO_SESSION.keys() - {"/api/v1/witness/cosignature", "/csp-report"}
    browsers = {who: front.signed_in(who) for who in {who_may(route) for _, _, route in routes}}
    others = {who: front.signed_in(who).csrf for who in browsers}
    before, let_in = everything(front), []
    for method, path, route in routes:
        who = who_may(route)
        browser, address = browsers[who], filled(path)
        tokens = {"": "", OWN: browser.csrf, OTHERS: others[who]}
        for attack, (token, headers) in _attacks_on(routes.index((method, path, route))).items():
            answer = sent(browser, method, address, tokens[token], headers)
            if not is_forged(answer):
                let_in.append((attack, method, path, answer.status_code))
        if WHOLE or len(path) % 8 == 0:
            text = {"Content-Type": "text/plain"}
            plain = browser.http.request(method, address, content=f"csrf={browser.csrf}", headers=text)
            if not is_forged(plain):
                let_in.append(("as plain text", method, path, plain.status_code))
    assert let_in == []
    assert everything(front) == before


def test_what_is_sent_as_a_get_changes_nothing(house: Front) -> None:
    """A picture or a link on another page makes a GET, with the cookie of whoever follows it."""
    routes = [(path, route) for _, path, route in unsafe() if path not in BY_NO_SESSION]
    front = house
    browsers = {who: front.signed_in(who) for who in {who_may(route) for _, route in routes}}
    before = everything(front)
    for path, route in routes:
        browser = browsers[who_may(route)]
        answer = browser.http.get(filled(path), params={"csrf": browser.csrf, "do": "enter"})
        assert answer.status_code < 500, path
    # That somebody looked is kept, and nothing else.
    looks = {"look"}
    after = everything(front)
    assert {name for name in before if before[name] != after[name]} <= looks


@pytest.mark.prove
def test_the_same_requests_from_our_own_pages_are_let_in(house: Front) -> None:
    """What makes the tests above mean something: with the token and from the own origin nothing is called forged."""
    front, own = house, {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}
    kept_out = []
    for number, (method, path, route) in enumerate(unsafe()):
        if path in BY_NO_SESSION or not (WHOLE or number % 5 == 0):
            continue
        browser = front.signed_in(who_may(route)) if path in ("/sign-out", "/me/password") else None
        browser = browser or _one(front, who_may(route))
        if is_forged(sent(browser, method, filled(path), browser.csrf, own)):
            kept_out.append((method, path))
    assert kept_out == []


_browsers: dict[tuple[int, str], Browser] = {}


def _one(front: Front, who: str) -> Browser:
    """A browser of this person, signed in again where one of the requests ended the session."""
    key = (id(front), who)
    if key not in _browsers or _browsers[key].get("/api/v1/session").status_code != 200:
        _browsers[key] = front.signed_in(who)
    return _browsers[key]
