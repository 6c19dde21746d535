"""An account from the request to the first sign-in: two administrators, two halves, one person who chooses."""

import re
from typing import Any

import pytest
from fastapi import APIRouter

from api import rest, web
from api.web.visit import GUARDS
from custody.access import ADMINISTRATORS, PERMISSIONS, Permission
from custody.store import audit
from custody.store.accounts_check import differences
from custody.values import DAY, SECOND
from tests.builders import PEOPLE
from tests.web.business.test_routes import asked_of
from tests.web.front import PASSWORD, Browser, Front, number_of, words

OWN = "a long phrase of my own 7"


def half_in(page: str) -> str:
    """The half of a secret that a slip shows."""
    found = re.search(r'class="half-secret mono">([a-z2-9-]+)<', page)
    assert found, words(page)
    return found[1]


def ask(browser: Browser, kind: str, who: str, **more: Any) -> str:
    """Ask by the form; the number of the request."""
    answer = browser.send("/accounts/requests", kind=kind, number=number_of(who), reason="needed", **more)
    assert answer.status_code == 303, words(answer.text)
    return str(answer.headers["location"]).rpartition("/")[2]


def decide(browser: Browser, number: str, do: str = "grant", **more: str) -> Any:
    """Decide by the form, confirmed by password."""
    return browser.send(f"/accounts/requests/{number}/decide", do=do, password=PASSWORD, **more)


def test_a_reset_account_opens_with_both_halves_and_with_neither_alone(staffed: Front) -> None:
    """Given a request granted, when both halves were handed over, then the person alone has what signs in."""
    admin, security = staffed.signed_in("admin"), staffed.signed_in("lin")
    sun = number_of("sun")
    number = ask(admin, "reset", "sun", credentials="password")
    old = staffed.browser().sign_in(sun, PASSWORD)
    assert old.status_code == 303
    second = half_in(decide(security, number).text)
    # Whoever was in is out; the old password holds no more; the decider's half opens nothing.
    for wrong in (PASSWORD, second, f"{second}-{second}"):
        assert staffed.browser().sign_in(sun, wrong).status_code == 401
    first = half_in(admin.send(f"/accounts/requests/{number}/half", password=PASSWORD).text)
    for wrong in (first, f"{second}-{first}"):
        staffed.clock.at += 10 * 60 * SECOND  # the waits of the wrong attempts before
        assert staffed.browser().sign_in(sun, wrong).status_code == 401
    staffed.clock.at += 10 * 60 * SECOND
    admin, security, owner = staffed.signed_in("admin"), staffed.signed_in("lin"), staffed.browser()
    assert owner.sign_in(sun, f"{first}-{second}").status_code == 303
    # Nothing else opens before a pass-phrase of one's own is chosen.
    assert owner.get("/carriers").status_code == 303
    for page in (f"/accounts/requests/{number}", "/accounts/requests", f"/accounts/{PEOPLE['sun']}"):
        for browser in (admin, security):
            assert first not in browser.get(page).text
            assert second not in browser.get(page).text
    assert "once" in words(admin.send(f"/accounts/requests/{number}/half", password=PASSWORD).text)
    with staffed.archive.books.database.reading() as connection:
        kept = str(connection.exec_driver_sql("SELECT * FROM account").all())
        kept += str(connection.exec_driver_sql("SELECT * FROM account_request").all())
        kept += str(connection.exec_driver_sql("SELECT detail FROM audit_event").all())
        assert differences(connection) == []
    assert first not in kept
    assert second not in kept


def test_the_old_session_is_over_when_a_reset_is_granted(staffed: Front) -> None:
    here, admin, security = staffed.signed_in("sun"), staffed.signed_in("admin"), staffed.signed_in("lin")
    decide(security, ask(admin, "reset", "sun", credentials="password"))
    assert here.get("/me").headers["location"].startswith("/sign-in")


def test_an_account_is_opened_closed_and_opened_again(staffed: Front) -> None:
    admin, security = staffed.signed_in("admin"), staffed.signed_in("lin")
    person = PEOPLE["ma"]
    number = ask(admin, "close", "ma")
    assert decide(security, number).status_code == 303
    assert "closed" in words(admin.get(f"/accounts/{person}").text)
    number = ask(admin, "reopen", "ma")
    assert half_in(decide(security, number).text)
    assert "One-time secrets to hand over" in words(admin.get("/accounts/requests").text)
    number = ask(admin, "grant", "ma", roles=["manager"], unit="4")
    assert decide(security, number).status_code == 303
    page = words(admin.get(f"/accounts/{person}").text)
    assert "Manager Research" in page
    assert "Role given · Manager" in page


def test_confirmation_is_asked_each_time_and_a_refusal_is_said_in_words(staffed: Front) -> None:
    admin, security = staffed.signed_in("admin"), staffed.signed_in("lin")
    number = ask(admin, "close", "ma")
    address = f"/accounts/requests/{number}/decide"
    assert security.send(address, do="grant").status_code == 422
    assert security.send(address, do="grant", password="wrong").status_code == 422
    assert "Say why" in words(security.send(address, do="decline", password=PASSWORD).text)
    assert security.send(address, do="decline", password=PASSWORD, answer="no need").status_code == 303
    assert "decided already" in words(decide(security, number).text)
    answer = admin.send("/accounts/requests", kind="grant", number=number_of("ma"), reason="x", roles="auditor")
    assert (answer.status_code, "does not stand" in words(answer.text)) == (422, True)
    answer = admin.send("/accounts/requests", kind="open", number="9999", reason="", roles="clerk")
    assert "Nobody in the register" in words(answer.text)
    assert "Give the reason" in words(answer.text)


def test_what_waits_too_long_is_shown_as_expired(staffed: Front) -> None:
    number = ask(staffed.signed_in("admin"), "close", "ma")
    staffed.clock.at += 15 * DAY
    security = staffed.signed_in("lin")
    assert "expired" in words(security.get(f"/accounts/requests/{number}").text)
    assert "expired" in words(decide(security, number).text)
    assert "Account requests 1" not in words(security.get("/accounts").text)


def test_the_auditor_reads_everything_of_it_and_changes_nothing(staffed: Front) -> None:
    number = ask(staffed.signed_in("admin"), "close", "ma")
    auditor = staffed.signed_in("he")
    for page in ("/accounts", f"/accounts/{PEOPLE['ma']}", "/accounts/requests", f"/accounts/requests/{number}"):
        found = auditor.get(page)
        assert found.status_code == 200
        assert 'action="/accounts/requests' not in found.text
    assert auditor.send("/accounts/requests", kind="close", number=number_of("ma"), reason="x").status_code == 403
    assert decide(auditor, number).status_code == 403


def test_the_list_is_searched_filtered_and_paged(staffed: Front) -> None:
    admin = staffed.signed_in("admin")
    place = admin.send("/accounts/find", find="chenguo").headers["location"]
    assert "chen" not in place.lower()
    page = words(admin.get(place).text)
    assert "1 account" in page
    assert "Chen Guodong" in page
    assert "No account fits" in words(admin.get("/accounts?state=closed").text)
    assert "3 accounts" in words(admin.get("/accounts?family=administrator").text)
    assert "Held by one person only: System administrator, Security administrator" in words(admin.get("/accounts").text)


def test_every_decision_is_in_the_log_with_who_took_it(staffed: Front) -> None:
    decide(staffed.signed_in("lin"), ask(staffed.signed_in("admin"), "revoke", "ma", roles="borrower"))
    with staffed.archive.books.database.reading() as connection:
        found = {(one.kind, one.by) for one in audit.events(connection, about=PEOPLE["ma"])}
    assert {
        ("request_asked", PEOPLE["admin"]),
        ("role_revoked", PEOPLE["lin"]),
        ("request_granted", PEOPLE["lin"]),
    } <= found


def test_the_interface_does_the_same_by_the_same_stops(staffed: Front) -> None:
    admin, security = staffed.program("admin"), staffed.program("lin")
    wanted = {"kind": "reset", "number": number_of("sun"), "reason": "lost", "credentials": ["password"]}
    made = admin.call("/accounts/requests", **wanted)
    assert made.status_code == 201, made.text
    assert admin.call("/accounts/requests", **wanted).status_code == 422
    number = made.json()["id"]
    decision = {"grant": True, "password": PASSWORD}
    assert admin.call(f"/accounts/requests/{number}/decide", **decision).status_code == 403
    second = security.call(f"/accounts/requests/{number}/decide", **decision).json()["half"]
    first = admin.call(f"/accounts/requests/{number}/half", password=PASSWORD).json()["half"]
    assert staffed.browser().sign_in(number_of("sun"), f"{first}-{second}").status_code == 303
    found = security.get(f"/api/v1/accounts/{PEOPLE['sun']}").json()
    assert (found["must_change"], [one["role"] for one in found["grants"]]) == (True, ["borrower"])
    assert "hash" not in str(found)
    waiting = security.http.get("/api/v1/accounts/requests", params={"waiting": True}).json()
    assert waiting["items"] == []
    assert security.call("/accounts/search", family="administrator").json()["total"] == 3
    assert staffed.program("clerk").get("/api/v1/accounts/requests").status_code == 403


class TestNoAdministratorSeesBusiness:
    """On no route of the application."""

    def routes(self) -> list[Any]:
        """Every route with its methods."""
        routers: tuple[APIRouter, ...] = (*web.ROUTERS, *rest.ROUTERS)
        return [route for router in routers for route in router.routes]

    def test_no_route_lets_an_administrator_in_by_a_permission_of_the_business(self) -> None:
        own = {role: PERMISSIONS[role] for role in ADMINISTRATORS}
        never = {Permission.SEE_CARRIERS, Permission.SEE_FINDINGS, Permission.SEE_REPORTS, Permission.TAKE_PART}
        guarded = 0
        for route in self.routes():
            for group in asked_of(route.dependant):  # type: ignore[attr-defined]
                guarded += 1
                for held in own.values():
                    assert not (set(group) & held and set(group) & never), route.path
        assert guarded > 100
        assert set(GUARDS.values())

    @pytest.mark.parametrize("who", ["admin", "lin", "he"])
    def test_whatever_is_opened_shows_no_carrier(self, staffed: Front, who: str) -> None:
        """Given carriers, a loan and a search, when an administrator opens every page, then no number and no title."""
        carrier = staffed.archive.carrier()
        staffed.archive.borrow(carrier, "chen")
        browser = staffed.signed_in(who)
        opened = 0
        for route in self.routes():
            if "GET" not in getattr(route, "methods", ()) or route.path in ("/events", "/api/v1/events"):
                continue
            answer = browser.get(re.sub(r"\{\w+(?::\w+)?\}", "1", route.path))
            assert answer.status_code < 500, route.path
            opened += answer.status_code == 200
            text = answer.content.decode("utf-8", "replace")
            assert "远山三号总体方案" not in text, route.path
            assert "YS-2026-00001" not in text, route.path
        assert opened >= 8
        # They are there for somebody: the same page shows them to the clerk.
        assert "YS-2026-00001" in staffed.signed_in("clerk").get(f"/carriers/{carrier}").text
