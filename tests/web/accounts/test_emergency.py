"""A role taken in an emergency: everybody sees it, it ends by itself, and what was done under it is reviewed."""

from typing import Any

import pytest

from custody.values import SECOND
from tests.builders import PEOPLE
from tests.web.front import PASSWORD, Browser, Front, number_of, words

STRIP = "Emergency role in force"


def take(browser: Browser, second: str = "secrecy", **changes: Any) -> Any:
    """Sun takes the clerk's role for the whole house for an hour."""
    fields = {"role": "clerk", "unit": "1", "minutes": "60", "reason": "a courier waits", "password": PASSWORD}
    fields |= {"second_number": number_of(second), "second_password": PASSWORD}
    return browser.send("/emergency", **fields | changes)


def test_a_role_is_taken_seen_by_everybody_used_and_reviewed(staffed: Front) -> None:
    """Given no clerk, when a reader takes the role beside the secrecy office, then all of it is seen and reviewed."""
    carrier = staffed.archive.carrier()
    sun = staffed.signed_in("sun")
    assert sun.get("/desk").status_code == 403
    assert take(sun, minutes="30").status_code == 303
    for who in ("sun", "chen", "clerk", "admin", "lin", "he", "leader"):
        page = words(staffed.signed_in(who).get("/me").text)
        assert STRIP in page
        assert "Sun Li is Registry clerk" in page
    for who, told in (("secrecy", True), ("leader", True), ("chen", False)):
        assert ("A role was taken in an emergency" in words(staffed.signed_in(who).get("/inbox").text)) is told
    assert sun.get("/desk").status_code == 200
    act = sun.enter(f"/carriers/{carrier}/move", place="B1-01-2", reason="a courier waits")
    staffed.clock.at += 1_800 * SECOND
    # Ended by itself: the role, the strip; unreviewed it goes on shouting at those who review.
    assert sun.get("/desk").status_code == 403
    assert STRIP not in sun.get("/me").text
    leader = staffed.signed_in("leader")
    assert "1 emergency role was not reviewed yet" in words(leader.get("/overview").text)
    page = leader.get("/emergency/1").text
    assert act in page
    assert leader.send("/emergency/1/review", word="").status_code == 422
    assert leader.send("/emergency/1/review", word="one move, in order").status_code == 303
    assert "not reviewed yet" not in words(leader.get("/overview").text)
    assert "one move, in order" in words(leader.get("/emergency/1").text)


def test_an_open_page_is_told_of_it_and_of_its_end_without_being_asked_for_again(staffed: Front) -> None:
    """Given a page left open, when a role is taken and ends, then the page's beat says so each time; who has no
    session, or one that has ended, is told nothing.
    """
    chen, sun, nobody = staffed.signed_in("chen"), staffed.signed_in("sun"), staffed.browser()
    page = chen.get("/me").text
    assert 'id="emergencies" role="alert" data-running=""' in page
    assert chen.get("/beat").json() == {"ready": True, "emergencies": ""}
    take(sun)
    assert chen.get("/beat").json() == {"ready": True, "emergencies": "1"}
    assert 'id="emergencies" role="alert" data-running="1"' in chen.get("/me").text
    assert nobody.get("/beat").status_code == 401
    sun.send("/emergency/1/end")
    assert chen.get("/beat").json() == {"ready": True, "emergencies": ""}
    # The beat is no use of the session: left to itself it ends, and is told nothing more.
    idle = staffed.archive.books.scheme.number("session_idle_seconds")
    take(sun)
    for _ in range(4):
        staffed.clock.at += idle * SECOND // 3
        beat = chen.get("/beat")
    assert beat.status_code == 401
    assert chen.get("/me").status_code == 303


def test_it_is_ended_at_once(staffed: Front) -> None:
    sun, chen = staffed.signed_in("sun"), staffed.signed_in("chen")
    take(sun)
    assert chen.send("/emergency/1/end").status_code == 404
    assert chen.get("/emergency/1").status_code == 404
    assert sun.send("/emergency/1/end").status_code == 303
    assert sun.get("/desk").status_code == 403
    assert STRIP not in chen.get("/me").text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"password": ""}, "password"),
        ({"password": "wrong"}, "not right"),
        ({"second_password": "wrong"}, "not right"),
        ({"second_number": ""}, "number of who confirms"),
        ({"second_number": number_of("sun")}, "somebody else"),
        ({"second_number": number_of("chen")}, "of the secrecy office"),
        ({"second_number": number_of("admin")}, "not right"),
        ({"role": "auditor"}, "Choose a role"),
        ({"role": "leader"}, "Choose a role"),
        ({"minutes": "600"}, "at most"),
        ({"minutes": "-5"}, "at most"),
        ({"unit": ""}, "Choose a unit"),
        ({"reason": ""}, "Give the reason"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_and_nothing_is_taken(staffed: Front, changes: dict[str, str], said: str) -> None:
    sun = staffed.signed_in("sun")
    answer = take(sun, **changes)
    assert (answer.status_code, said in words(answer.text)) == (422, True), words(answer.text)
    assert STRIP not in sun.get("/me").text


def test_no_administrator_takes_one_nor_opens_the_page(staffed: Front) -> None:
    for who in ("admin", "lin", "he"):
        browser = staffed.signed_in(who)
        assert browser.get("/emergency").status_code == 403
        assert take(browser).status_code == 403


def test_the_interface_takes_ends_and_reviews_by_the_same_stops(staffed: Front) -> None:
    sun, leader = staffed.program("sun"), staffed.program("leader")
    body: dict[str, Any] = {"role": "clerk", "unit": 1, "minutes": 60, "reason": "x", "password": PASSWORD}
    body["second"] = {"number": number_of("chen"), "password": PASSWORD}
    assert sun.call("/emergencies", **body).status_code == 422
    body["second"] = {"number": number_of("secrecy"), "password": PASSWORD}
    begun = sun.call("/emergencies", **body)
    assert (begun.status_code, begun.json()["confirmed_by"]) == (201, PEOPLE["secrecy"])
    assert staffed.program("chen").get("/api/v1/emergencies").json() == {"items": []}
    assert leader.call("/emergencies/1/review", word="fine").status_code == 422
    assert sun.call("/emergencies/1/end").status_code == 200
    assert leader.call("/emergencies/1/review", word="fine").json()["reviewed_by"] == PEOPLE["leader"]
