"""The door: who comes in, who does not, and when a session ends."""

import pytest

from custody.store import accounts
from custody.values import SECOND
from tests.builders import NOW, PEOPLE
from tests.web.front import PASSWORD, Front, number_of, words


@pytest.mark.parametrize("who", ["clerk", "chen", "he", "admin"])
def test_a_person_signs_in_and_lands_on_a_page_that_the_role_opens(front: Front, who: str) -> None:
    browser = front.signed_in(who)
    assert browser.get(browser.get("/").headers["location"]).status_code == 200


def test_signing_in_on_both_engines(front_on_both: Front) -> None:
    browser = front_on_both.signed_in("clerk")
    assert "Zhou Min" in words(browser.get("/me").text)
    browser.send("/sign-out")
    assert browser.get("/me").status_code == 303


def test_unknown_number_wrong_password_and_closed_account_get_the_same_page(front: Front) -> None:
    with front.archive.books.database.writing() as connection:
        accounts.set_disabled(connection, PEOPLE["chen"], True)
    answers = []
    for number, password in (("9999", "x"), (number_of("clerk"), "x"), (number_of("chen"), PASSWORD)):
        answer = front.browser().sign_in(number, password)
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        answers.append(answer.text.replace(number, "NUMBER"))
    assert len(set(answers)) == 1


def test_the_cookie_is_closed_to_scripts_and_other_sites(front: Front) -> None:
    answer = front.browser().sign_in(number_of("clerk"), PASSWORD)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(front: Front) -> None:
    browser = front.browser()
    browser.http.base_url = "https://testserver"
    answer = browser.sign_in(number_of("clerk"), PASSWORD)
    assert answer.headers["set-cookie"].startswith("__Host-custody_session=")
    assert "Secure" in answer.headers["set-cookie"]
    assert browser.get("/me").status_code == 200


def test_the_database_holds_no_token(front: Front) -> None:
    browser = front.signed_in("clerk")
    token = browser.http.cookies["custody_session"]
    with front.archive.books.database.reading() as connection:
        kept = connection.exec_driver_sql("SELECT token_hash, csrf FROM session").all()
    assert kept
    assert all(token not in str(row) for row in kept)


@pytest.mark.parametrize(("seconds", "open_still"), [(1799, True), (1801, False)])
def test_an_idle_session_ends(front: Front, seconds: int, open_still: bool) -> None:
    browser = front.signed_in("clerk")
    front.clock.at += seconds * SECOND
    assert (browser.get("/me").status_code == 200) is open_still


def test_a_session_in_use_ends_at_its_absolute_end(front: Front) -> None:
    browser = front.signed_in("clerk")
    for _ in range(40):
        front.clock.at += 15 * 60 * SECOND
        last = browser.get("/me").status_code
    assert last == 303
    assert front.clock.at - NOW >= 36_000 * SECOND


def test_signing_out_ends_the_session_itself(front: Front) -> None:
    browser = front.signed_in("clerk")
    token = browser.http.cookies["custody_session"]
    assert browser.send("/sign-out").status_code == 303
    stolen = front.browser()
    stolen.http.cookies.set("custody_session", token)
    assert stolen.get("/me").headers["location"].startswith("/sign-in")


def test_one_ends_another_of_the_own_sessions_but_nobody_elses(front: Front) -> None:
    here, there, other = front.signed_in("clerk"), front.signed_in("clerk"), front.signed_in("manager")
    with front.archive.books.database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT token_hash, person, csrf FROM session").all()
    by_csrf = {row.csrf: row.token_hash for row in rows}
    here.send("/me/sessions/end", session=by_csrf[there.csrf])
    here.send("/me/sessions/end", session=by_csrf[other.csrf])
    assert there.get("/me").status_code == 303
    assert other.get("/me").status_code == 200


def test_a_closed_account_is_out_at_once(front: Front) -> None:
    browser = front.signed_in("chen")
    with front.archive.books.database.writing() as connection:
        accounts.set_disabled(connection, PEOPLE["chen"], True)
    assert browser.get("/me").status_code == 303


def test_many_failures_make_the_next_attempt_wait_even_with_the_right_password(front: Front) -> None:
    for _ in range(4):
        assert front.browser().sign_in(number_of("clerk"), "wrong").status_code == 401
    assert front.browser().sign_in(number_of("clerk"), PASSWORD).status_code == 429
    assert front.browser().sign_in(number_of("manager"), PASSWORD).status_code == 303
    front.clock.at += 3 * SECOND
    assert front.browser().sign_in(number_of("clerk"), PASSWORD).status_code == 303


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere", "javascript:x"])
def test_nobody_is_led_to_another_host(front: Front, back: str) -> None:
    answer = front.browser().http.post(
        "/sign-in", params={"back": back}, data={"number": number_of("clerk"), "password": PASSWORD}
    )
    assert answer.headers["location"] == "/"


def test_after_signing_in_one_goes_on_to_where_one_was_going(front: Front) -> None:
    browser = front.browser()
    to_door = browser.get("/carriers?level=secret").headers["location"]
    assert to_door == "/sign-in?back=/carriers%3Flevel%3Dsecret"
    answer = browser.http.post(to_door, data={"number": number_of("clerk"), "password": PASSWORD})
    assert answer.headers["location"] == "/carriers?level=secret"


class TestForgedRequests:
    """A form counts only from a page of the same session."""

    def test_without_the_token_nothing_happens(self, front: Front) -> None:
        browser = front.signed_in("clerk")
        assert browser.http.post("/sign-out").status_code == 403
        assert browser.get("/me").status_code == 200

    def test_another_sessions_token_does_not_count(self, front: Front) -> None:
        browser, other = front.signed_in("clerk"), front.signed_in("manager")
        assert browser.http.post("/sign-out", data={"csrf": other.csrf}).status_code == 403

    @pytest.mark.parametrize(
        "header",
        [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://elsewhere.example"}],
    )
    def test_another_site_is_turned_away_even_with_the_token(self, front: Front, header: dict[str, str]) -> None:
        browser = front.signed_in("clerk")
        answer = browser.http.post("/sign-out", data={"csrf": browser.csrf}, headers=header)
        assert answer.status_code == 403
        door = front.browser().http.post(
            "/sign-in", data={"number": number_of("clerk"), "password": PASSWORD}, headers=header
        )
        assert door.status_code == 403

    def test_our_own_page_is_let_in(self, front: Front) -> None:
        browser = front.signed_in("clerk")
        own = {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}
        assert browser.http.post("/sign-out", data={"csrf": browser.csrf}, headers=own).status_code == 303


class TestTheOwnPassword:
    """Only its owner chooses it."""

    def test_a_new_one_holds_and_ends_the_other_sessions(self, front: Front) -> None:
        here, there = front.signed_in("clerk"), front.signed_in("clerk")
        new = "another long password"
        assert here.send("/me/password", password=PASSWORD, new=new, again=new).status_code == 303
        assert here.get("/me").status_code == 200
        assert there.get("/me").status_code == 303
        assert front.browser().sign_in(number_of("clerk"), PASSWORD).status_code == 401
        assert front.browser().sign_in(number_of("clerk"), new).status_code == 303

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"password": "wrong", "new": "long enough one", "again": "long enough one"}, "The password is not right"),
            ({"password": PASSWORD, "new": "short", "again": "short"}, "at least 12"),
            ({"password": PASSWORD, "new": "zhangwei19900101", "again": "zhangwei19900101"}, "soon guessed"),
            (
                {"password": PASSWORD, "new": "I am zhou min at last", "again": ""},
                "unit or organisation is in it",
            ),
            ({"password": PASSWORD, "new": "long enough one", "again": "long enough two"}, "do not agree"),
            ({"password": PASSWORD, "new": PASSWORD, "again": PASSWORD}, "must differ"),
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_changes(self, front: Front, fields: dict[str, str], said: str) -> None:
        answer = front.signed_in("clerk").send("/me/password", **fields)
        assert answer.status_code == 422
        assert said in words(answer.text)
        assert front.browser().sign_in(number_of("clerk"), PASSWORD).status_code == 303
