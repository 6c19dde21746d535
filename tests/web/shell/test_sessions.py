"""Sessions against who steals, guesses, keeps or plants them; and the waits against who guesses passwords."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from api import store
from api.sessions import SignInFailed, TooManyAttempts
from api.sessions.signing_in import OF_ACCOUNT, OF_ADDRESS, OF_BOTH
from custody.access import Role
from custody.store import accounts, audit, delays
from custody.values import SECOND
from reconcile.store.devices import token_hash
from tests.builders import NOW, PEOPLE, Archive
from tests.web.front import PASSWORD, Browser, Front, a_front, number_of, quick_passwords, words
from tests.web.shell.factor import asked_of

COOKIE = "custody_session"


def carrying(front: Front, token: str) -> Browser:
    """A browser into which somebody put this token."""
    browser = front.browser()
    browser.http.cookies.set(COOKIE, token)
    return browser


def is_in(browser: Browser) -> bool:
    """Whether the browser is signed in."""
    return bool(browser.get("/me").status_code == 200)


class TestTokens:
    """A session is opened by its own token, in its own cookie, while it lasts, and by nothing else."""

    def test_a_planted_token_is_not_taken_over_by_signing_in(self, front: Front) -> None:
        browser = carrying(front, "planted-by-somebody-else")
        assert browser.sign_in(number_of("clerk"), PASSWORD).status_code == 303
        assert not is_in(carrying(front, "planted-by-somebody-else"))

    def test_signing_in_again_gives_another_token(self, front: Front) -> None:
        browser = front.signed_in("clerk")
        first = browser.http.cookies[COOKIE]
        browser.sign_in(number_of("clerk"), PASSWORD)
        assert browser.http.cookies[COOKIE] != first

    def test_what_is_not_the_token_opens_nothing(self, front: Front) -> None:
        browser = front.signed_in("clerk")
        token = browser.http.cookies[COOKIE]
        with front.archive.books.database.reading() as connection:
            (hashed,) = [one.token_hash for one in store.sessions_of(connection, PEOPLE["clerk"])]
        tampered = token[:-1] + ("A" if token[-1] != "A" else "B")
        wrong = (tampered, token[:-1], f"{token}A", token.lower(), hashed, browser.csrf, "", "0" * 43)
        assert [one for one in wrong if is_in(carrying(front, one))] == []
        assert is_in(carrying(front, token))

    def test_a_token_in_an_address_or_a_header_opens_nothing(self, front: Front) -> None:
        token = front.signed_in("clerk").http.cookies[COOKIE]
        stranger = front.browser().http
        for answer in (
            stranger.get("/me", params={COOKIE: token, "token": token, "session": token}),
            stranger.get("/me", headers={"Authorization": f"Bearer {token}"}),
            stranger.get("/me", headers={"X-Session": token}),
        ):
            assert answer.headers["location"].startswith("/sign-in")

    def test_the_secure_cookies_name_is_not_taken_from_plain_http_nor_the_other_way(self, front: Front) -> None:
        token = front.signed_in("clerk").http.cookies[COOKIE]
        browser = front.browser()
        browser.http.base_url = "https://testserver"
        browser.http.cookies.set(COOKIE, token)
        assert not is_in(browser)

    def test_a_token_stolen_before_it_ended_opens_nothing_after(self, front: Front) -> None:
        browser = front.signed_in("clerk")
        token = browser.http.cookies[COOKIE]
        browser.send("/sign-out")
        assert not is_in(carrying(front, token))

    def test_a_change_of_password_ends_every_token_there_was(self, front: Front) -> None:
        here, there = front.signed_in("clerk"), front.signed_in("clerk")
        before = [one.http.cookies[COOKIE] for one in (here, there)]
        new = "violet kettle anchor sprout"
        assert here.send("/me/password", password=PASSWORD, new=new, again=new).status_code == 303
        assert is_in(here)
        assert [one for one in before if is_in(carrying(front, one))] == []

    def test_all_others_are_ended_and_this_stays(self, front: Front) -> None:
        here, *others = [front.signed_in("clerk") for _ in range(3)]
        manager = front.signed_in("manager")
        here.send("/me/sessions/end", session="others")
        assert [is_in(one) for one in (here, *others, manager)] == [True, False, False, True]


def test_a_role_taken_away_is_gone_in_the_middle_of_a_session(front: Front) -> None:
    browser = front.signed_in("clerk2")
    assert browser.get("/desk").status_code == 200
    with front.archive.books.database.writing() as connection:
        accounts.grant(connection, PEOPLE["clerk2"], Role.BORROWER)
        accounts.revoke(connection, PEOPLE["clerk2"], Role.CLERK)
    assert browser.get("/desk").status_code == 403


def test_an_administrator_ends_sessions_and_takes_none_over(front: Front) -> None:
    clerk, admin = front.signed_in("clerk"), front.signed_in("admin")
    assert front.signed_in("manager").send(f"/accounts/{PEOPLE['clerk']}/sessions/end").status_code == 403
    assert is_in(clerk)
    answer = admin.send(f"/accounts/{PEOPLE['clerk']}/sessions/end")
    assert answer.status_code == 303
    assert "set-cookie" not in answer.headers
    assert not is_in(clerk)
    assert admin.send("/accounts/999/sessions/end").status_code == 404
    with front.archive.books.database.reading() as connection:
        (ended,) = audit.events(connection, kinds=("session_ended",), about=PEOPLE["clerk"])
    assert (ended.by, ended.detail) == (PEOPLE["admin"], {"how": "administrator", "sessions": 1})


def test_the_audit_log_tells_what_happened_at_the_door_and_never_what_was_typed(front: Front) -> None:
    browser = front.signed_in("clerk")
    front.browser().sign_in("my whole pass-phrase", "x")
    front.browser().sign_in(number_of("clerk"), "nearly my pass-phrase")
    browser.send("/sign-out")
    with front.archive.books.database.reading() as connection:
        kinds = ("signed_in", "signed_out", "sign_in_failed")
        told = [(one.kind, one.about, one.detail) for one in audit.events(connection, kinds=kinds)][::-1]
        rows = " ".join(str(row) for row in connection.execute(text("SELECT * FROM audit_event")))
        rows += " ".join(str(row) for row in connection.execute(text("SELECT * FROM sign_in_delay")))
    assert told == [
        ("signed_in", PEOPLE["clerk"], {"means": "password"}),
        ("sign_in_failed", None, {"reason": "unknown"}),
        ("sign_in_failed", PEOPLE["clerk"], {"reason": "password"}),
        ("signed_out", PEOPLE["clerk"], {}),
    ]
    assert "pass-phrase" not in rows


def test_one_sees_who_tried_to_come_in(front: Front) -> None:
    front.browser().sign_in(number_of("clerk"), "wrong")
    shown = words(front.signed_in("clerk").get("/me").text)
    assert "sign-in failed wrong password" in shown


class TestWaits:
    """Who guesses waits, longer each time; nobody locks another out; nothing forgets it."""

    def test_a_wait_doubles_and_stops_growing(self) -> None:
        assert [OF_BOTH.wait_seconds(count) for count in (3, 4, 5, 6, 12, 1_000)] == [0, 2, 4, 8, 300, 300]
        assert (OF_ACCOUNT.wait_seconds(1_000), OF_ADDRESS.wait_seconds(10**9)) == (30, 60)

    def test_it_is_kept_by_the_database_and_not_by_the_server(self, archive: Archive, tmp_path: Path) -> None:
        """Given failures at one server, when it is started anew or another is asked, then the wait stands."""
        first = a_front(archive, tmp_path)
        for _ in range(4):
            first.browser().sign_in(number_of("clerk"), "wrong")
        other = asked_of(first, "none")
        answer = other.browser().sign_in(number_of("clerk"), PASSWORD)
        assert answer.status_code == 429
        assert "2" in words(answer.text)
        other.clock.at += 2 * SECOND
        assert other.browser().sign_in(number_of("clerk"), PASSWORD).status_code == 303

    def test_guessing_from_many_addresses_waits_too_but_not_where_one_is_at_home(self, front: Front) -> None:
        door, number = front.app.state.sign_in, number_of("clerk")
        door.open(door.check(number, PASSWORD, "10.0.0.1", NOW), "10.0.0.1", "", NOW)
        refused = 0
        for guess in range(40):
            try:
                door.check(number, "wrong", f"10.0.1.{guess}", NOW)
            except TooManyAttempts:
                refused += 1
            except SignInFailed:
                pass
        assert refused == 29, "the eleventh guess began the wait"
        assert door.check(number, PASSWORD, "10.0.0.1", NOW).account.person == PEOPLE["clerk"]
        late = NOW + 30 * SECOND
        assert door.check(number, PASSWORD, "10.0.9.9", late).account.person == PEOPLE["clerk"], "never for good"

    def test_trying_many_numbers_from_one_address_waits(self, front: Front) -> None:
        answers = [front.browser().sign_in(f"n{guess}", "wrong").status_code for guess in range(32)]
        assert answers == [401] * 31 + [429]

    def test_attempts_sent_at_once_are_counted_before_they_are_judged(self, front: Front) -> None:
        with front.archive.books.database.writing() as connection:
            lanes = {delays.lane("both", "x", "here"): OF_BOTH}
            waits = [delays.begin(connection, lanes, NOW) for _ in range(6)]
        assert waits == [0, 0, 0, 0, 2, 2]

    def test_the_table_is_bounded_and_forgets(self, front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(delays, "LANES_MAX", 50)
        with front.archive.books.database.writing() as connection:
            for number in range(80):
                delays.begin(connection, {delays.lane("both", str(number), "here"): OF_BOTH}, NOW + number)
            assert connection.execute(text("SELECT COUNT(*) FROM sign_in_delay")).scalar_one() == 50
            delays.begin(connection, {delays.lane("both", "late", "here"): OF_BOTH}, NOW + 8 * 3600 * SECOND)
            assert connection.execute(text("SELECT COUNT(*) FROM sign_in_delay")).scalar_one() == 1


@given(failures=st.integers(0, 10**9))
def test_no_wait_is_for_ever(failures: int) -> None:
    assert 0 <= OF_BOTH.wait_seconds(failures) <= 300
    assert OF_BOTH.wait_seconds(failures) <= OF_BOTH.wait_seconds(failures + 1)


class TestWrittenByHand:
    """Somebody with the database's password writes into its tables, without the server's key."""

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE session SET person = (SELECT person FROM account WHERE person <> session.person LIMIT 1)",
            "UPDATE session SET confirmed_at = created_at + 3600000000",
            "UPDATE session SET expires_at = expires_at + 86400000000",
            "UPDATE session SET means = 'password_totp'",
            "UPDATE session SET seal = ''",
        ],
    )
    def test_a_session_that_was_changed_opens_nothing(self, front: Front, statement: str) -> None:
        browser = front.signed_in("admin")
        assert browser.get("/me").status_code == 200
        with front.archive.books.database.writing() as connection:
            connection.exec_driver_sql(statement)
        assert browser.get("/me").status_code == 303

    def test_a_session_that_was_put_in_opens_nothing(self, front: Front) -> None:
        mine = front.signed_in("admin")
        with front.archive.books.database.writing() as connection:
            connection.exec_driver_sql(
                "INSERT INTO session (token_hash, person, created_at, last_seen_at, expires_at, confirmed_at, csrf, "
                "address, agent, means, seal) SELECT ?, 1, created_at, last_seen_at, expires_at, confirmed_at, csrf, "
                "address, agent, means, seal FROM session",
                (token_hash("my own token"),),
            )
        assert is_in(mine)
        assert not is_in(carrying(front, "my own token"))

    def test_a_password_that_was_put_in_opens_nothing(self, front: Front) -> None:
        """One's own hash in another's account: the log does not tell of it."""
        with front.archive.books.database.writing() as connection:
            connection.exec_driver_sql(
                "UPDATE account SET password_hash = ? WHERE person = ?",
                (quick_passwords().hash("a phrase of my own choosing"), PEOPLE["manager"]),
            )
        answer = front.browser().sign_in(number_of("manager"), "a phrase of my own choosing")
        assert answer.status_code == 401
