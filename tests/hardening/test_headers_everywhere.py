"""The headers stand on every answer of every route: pages, REST, files, refusals, redirects, errors, streams, TLS."""

import re
import socket
from collections.abc import Iterator

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient

from api import rest, web
from api.headers import HEADERS, LONG_LIVED, TRANSPORT
from api.web.visit import COOKIE
from tests.hardening.test_bodies import listening
from tests.prove.record import WHOLE
from tests.web.front import Browser, Front

DRAWN = re.compile(r"/api/v1/(?:business|matters|carriers|places|organisations)/")
STREAMS = {"/events"}
"""Answered without end: asked by a socket of their own, below."""


def asked() -> Iterator[tuple[str, str]]:
    """Every method and address of the application, with 1 for what is to be filled in."""
    routers: tuple[APIRouter, ...] = (*web.ROUTERS, *rest.ROUTERS)
    for router in routers:
        for route in router.routes:
            path = re.sub(r"\{[^}]*\}", "1", route.path)  # type: ignore[attr-defined]
            for method in sorted(getattr(route, "methods", ())):
                if path not in STREAMS:
                    yield method, path


def lacking(answer: object) -> dict[str, str | None]:
    """Headers that an answer has not, or otherwise."""
    found = answer.headers  # type: ignore[attr-defined]
    wrong = {name: found.get(name) for name, value in HEADERS.items() if found.get(name) != value}
    # The worker's file is the one that a browser must look for again: it holds nothing of anybody.
    if found.get("Cache-Control") != ("no-cache" if found.get("Service-Worker-Allowed") else "no-store"):
        wrong["Cache-Control"] = found.get("Cache-Control")
    return wrong | {name: found[name] for name in ("server", "x-powered-by") if name in found}


def test_every_route_answers_under_the_headers(front: Front) -> None:
    """Signed in with and without the right to it, and not at all; with bodies that nothing can be made of."""
    carrier = front.archive.carrier()
    front.archive.borrow(carrier, "chen")
    clerk, admin, nobody = front.signed_in("clerk"), front.signed_in("admin"), front.browser()
    wrong, broken, statuses = [], [], set()
    for number, (method, path) in enumerate(asked()):
        # The addresses of business are drawn by one function: there who is not signed in is enough, besides `prove`.
        one: tuple[Browser, ...] = (clerk,) if WHOLE or not DRAWN.match(path) else (nobody,)
        by_turns = (clerk, nobody, admin)
        everybody = by_turns if WHOLE else (by_turns[number % len(by_turns)],)
        who: tuple[Browser, ...] = everybody if method == "GET" else one
        for browser in who:
            answer = browser.http.request(method, path, headers={"X-CSRF-Token": browser.csrf})
            statuses.add(answer.status_code)
            broken += [(method, path)] if answer.status_code >= 500 else []
            if found := lacking(answer):
                wrong.append((method, path, answer.status_code, found))
    assert not wrong
    # Found, entered, moved, refused and wrong ones were among them, and nothing broke.
    assert {200, 303, 401, 403, 404, 422} <= statuses
    assert not broken


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/static/nowhere.css", 404),
        ("GET", "/static/../api/main.py", 404),
        ("GET", "/static/js/live.js", 200),
        ("PUT", "/sign-in", 405),
        ("TRACE", "/sign-in", 405),
        ("OPTIONS", "/sign-in", 405),
        ("HEAD", "/static/js/live.js", 200),
        ("POST", "/csp-report", 415),
        ("GET", "/api/v1/nowhere", 404),
        ("GET", "/overdue.xlsx", 404),
    ],
)
def test_so_do_files_and_what_is_not_there(front: Front, method: str, path: str, status: int) -> None:
    answer = front.browser().http.request(method, path)
    assert (answer.status_code, lacking(answer)) == (status, {})


def test_downloads_are_not_kept_and_named_files_are(front: Front) -> None:
    front.archive.carrier()
    download = front.signed_in("clerk").get("/reports/carriers.xlsx")
    assert (download.status_code, lacking(download)) == (200, {})
    assert download.headers["Content-Disposition"].startswith("attachment")
    kept = front.browser().get("/static/js/live.js?v=1")
    assert lacking(kept) == {"Cache-Control": LONG_LIVED}


def test_over_tls_the_browser_is_told_to_stay_there(front: Front) -> None:
    answer = TestClient(front.app, base_url="https://testserver").get("/sign-in")
    assert answer.headers["Strict-Transport-Security"] == TRANSPORT
    assert "Strict-Transport-Security" not in front.browser().get("/sign-in").headers


def test_the_event_stream_has_them(front: Front) -> None:
    browser = front.signed_in("clerk")
    token = browser.http.cookies[COOKIE]
    with listening(front.app) as port, socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        asked_for = f"GET /events?topics=inbox HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {COOKIE}={token}\r\n\r\n"
        connection.sendall(asked_for.encode())
        said = b""
        while b"\r\n\r\n" not in said:
            said += connection.recv(65_536)
    head = said.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    found = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:])}
    assert head[0].startswith("HTTP/1.1 200")
    assert found["content-type"].startswith("text/event-stream")
    assert {name: found.get(name.lower()) for name in HEADERS} == HEADERS
    assert found["cache-control"] == "no-store"
