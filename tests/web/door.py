"""Signing in as the door does it, without drawing its pages: those have tests of their own."""

from fastapi.testclient import TestClient

from api.web.visit import COOKIE
from custody.values import Instant


def let_in(http: TestClient, number: str, password: str, now: Instant) -> str:
    """A person signs in with this client; gives the token of the session's forms."""
    door = http.app.state.sign_in  # type: ignore[attr-defined]
    known = door.check(number, password, "testclient", now)
    token, session = door.open(known, "testclient", "testclient", now)
    http.cookies.set(COOKIE, token, domain="testserver.local", path="/")
    csrf: str = session.csrf
    return csrf
