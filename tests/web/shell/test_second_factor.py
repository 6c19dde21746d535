"""The second factor: set up, asked for, taken once; recovery; and what a stolen database is worth."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from api.sessions import CodeNeeded, CodeWrong, SignInFailed
from api.sessions.factor import ACCOUNT_KEY, AccountKey, AccountKeyUnusable, new_secret, step_of
from api.store import Session
from custody.store import accounts, credentials
from custody.values import SECOND
from tests.builders import NOW, PEOPLE, Archive
from tests.web.front import PASSWORD, Front, a_front, number_of, token_in, words
from tests.web.shell.factor import asked_of, begun, enrolled, enters, reading_english, tried

RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.mark.parametrize(
    ("at_seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037"), (20000000000, "353130")],
)
def test_codes_are_those_of_rfc_6238(at_seconds: int, code: str) -> None:
    step = at_seconds // 30
    assert step_of(RFC_SECRET, code, at_seconds * SECOND) == step
    assert step_of(RFC_SECRET, code, (at_seconds + 30) * SECOND) == step
    assert step_of(RFC_SECRET, code, (at_seconds + 90) * SECOND) is None


def test_who_has_one_signs_in_with_its_code_and_not_without(front: Front) -> None:
    device = enrolled(front.signed_in("clerk"), front)
    _, without = enters(front, "clerk", "")
    _, wrong = enters(front, "clerk", "000000" if device.code() != "000000" else "111111")
    browser, right = enters(front, "clerk", device.code())
    assert (without, wrong, right) == (401, 401, 303)
    assert "in use" in words(browser.get("/me").text)


def test_a_code_is_taken_once_and_none_older_than_the_last(front: Front) -> None:
    device = enrolled(front.signed_in("clerk"), front)
    assert enters(front, "clerk", device.code(1))[1] == 303
    assert enters(front, "clerk", device.code(1))[1] == 401, "replayed"
    assert enters(front, "clerk", device.code(0))[1] == 401, "older than the last"
    front.clock.at += 30 * SECOND
    assert enters(front, "clerk", device.code(1))[1] == 303


def test_of_two_servers_that_get_the_same_code_at_once_one_takes_it(archive: Archive, tmp_path: Path) -> None:
    front = a_front(archive, tmp_path)
    device = enrolled(front.signed_in("clerk"), front)
    code, doors = device.code(), [asked_of(front, "none").app.state.sign_in, asked_of(front, "none").app.state.sign_in]
    gate, taken = threading.Barrier(2), []

    def enter(number: int) -> None:
        gate.wait()
        try:
            doors[number].check(number_of("clerk"), PASSWORD, f"10.0.0.{number}", front.clock.at, code=code)
        except SignInFailed as failed:
            taken.append(type(failed).__name__)
        else:
            taken.append("in")

    threads = [threading.Thread(target=enter, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == ["CodeWrong", "in"]


def test_guessing_codes_waits_longer_and_a_right_password_between_does_not_help(front: Front) -> None:
    device = enrolled(front.signed_in("clerk"), front)
    wrong = next(code for code in ("000000", "111111") if code not in {device.code(step) for step in (-1, 0, 1)})
    answers = []
    for _ in range(4):
        answers.append(enters(front, "clerk", wrong)[1])
        answers.append(enters(front, "clerk", "")[1])
    assert answers == [401] * 7 + [429]


def test_a_recovery_code_stands_for_the_device_once(front: Front) -> None:
    device = enrolled(front.signed_in("clerk"), front)
    assert len(set(device.recovery)) == 10
    written = device.recovery[0].lower().replace("-", " ")
    browser, first = enters(front, "clerk", written)
    assert (first, enters(front, "clerk", device.recovery[0])[1]) == (303, 401)
    assert "9 left of 10" in words(browser.get("/me/second-factor").text)
    assert enters(front, "manager", device.recovery[1])[1] == 303, "who has no factor is not asked"
    with front.archive.books.database.reading() as connection:
        assert credentials.recovery(connection, PEOPLE["clerk"]).left == 9


def test_new_recovery_codes_make_the_old_void_and_need_a_code(front: Front) -> None:
    browser = front.signed_in("clerk")
    device = enrolled(browser, front)
    assert browser.send("/me/second-factor/codes", password=PASSWORD).status_code == 422
    answer = browser.send("/me/second-factor/codes", password=PASSWORD, confirm_code=device.code())
    assert answer.status_code == 200
    assert device.recovery[0] not in answer.text
    assert enters(front, "clerk", device.recovery[0])[1] == 401


def test_until_its_first_code_a_factor_is_asked_of_nobody(front: Front) -> None:
    browser = front.signed_in("clerk")
    device = begun(browser, front)
    assert browser.send("/me/second-factor/confirm", code="12345").status_code == 422
    assert enters(front, "clerk", "")[1] == 303
    token = browser.http.cookies["custody_session"]
    assert browser.send("/me/second-factor/confirm", code=device.code()).status_code == 200
    assert browser.http.cookies["custody_session"] != token, "a new token with the new means"
    assert enters(front, "clerk", "")[1] == 401


def test_changing_and_giving_up_a_factor_need_the_present_one(front: Front) -> None:
    browser = front.signed_in("clerk")
    old = enrolled(browser, front)
    for address in ("/me/second-factor/begin", "/me/second-factor/remove"):
        assert browser.send(address).status_code == 422
        assert browser.send(address, password=PASSWORD).status_code == 422
    new = enrolled(browser, front, password=PASSWORD, confirm_code=old.code())
    assert enters(front, "clerk", old.code())[1] == 401
    assert browser.send("/me/second-factor/remove", password=PASSWORD, confirm_code=new.code()).status_code == 303
    assert enters(front, "clerk", "")[1] == 303


class TestWhoMust:
    """Whom the scheme asks for a second factor is led to set it up, and can do nothing else."""

    def test_everything_else_leads_there_until_it_is_set_up(self, front: Front) -> None:
        asked_of(front, "administrators")
        browser = front.browser()
        browser.sign_in(number_of("admin"), PASSWORD)
        for address in ("/", "/me", "/accounts", "/readers", "/events"):
            assert browser.get(address).headers["location"] == "/me/second-factor", address
        answer = browser.get("/api/v1/session")
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:custody:problem:must_factor")
        page = browser.get("/me/second-factor").text
        assert 'class="side"' in page
        assert "/accounts" not in page
        browser.csrf = page.split('name="csrf" value="')[1].split('"')[0]
        assert browser.send("/devices", device="edge-9").headers["location"] == "/me/second-factor"
        enrolled(browser, front)
        assert browser.get("/accounts").status_code == 200
        assert browser.send("/me/second-factor/remove").status_code == 422, "it can be changed, not given up"

    def test_business_is_not_asked_where_administrators_are(self, front: Front) -> None:
        assert asked_of(front, "administrators").signed_in("clerk").get("/me").status_code == 200

    def test_a_program_is_told_what_is_missing(self, front: Front) -> None:
        device = enrolled(front.signed_in("clerk"), front)
        asked_of(front, "everyone")
        body = {"number": number_of("clerk"), "password": PASSWORD}
        without = front.browser().http.post("/api/v1/session", json=body)
        assert (without.status_code, without.json()["type"]) == (401, "urn:custody:problem:code_needed")
        answer = front.browser().http.post("/api/v1/session", json=body | {"code": device.code()})
        assert (answer.status_code, answer.json()["must"]) == (200, "")
        other = front.browser().http.post(
            "/api/v1/session", json={"number": number_of("manager"), "password": PASSWORD}
        )
        assert other.json()["must"] == "factor"


class TestAtRest:
    """What lies in the database opens nothing without the key of the data folder."""

    def test_the_database_holds_neither_secret_nor_codes(self, front: Front) -> None:
        device = enrolled(front.signed_in("clerk"), front)
        with front.archive.books.database.reading() as connection:
            rows = [
                str(row)
                for table in ("credential", "recovery_code", "audit_event", "session")
                for row in connection.execute(text(f"SELECT * FROM {table}"))
            ]
        assert rows
        hidden = (device.secret, *device.recovery, *(code.replace("-", "") for code in device.recovery))
        assert not [row for row in rows for one in hidden if one in row]

    def test_a_secret_moved_to_another_person_opens_nothing(self, tmp_path: Path) -> None:
        key = AccountKey(tmp_path / ACCOUNT_KEY)
        sealed = key.seal(1, "SECRET")
        assert key.unseal(1, sealed) == "SECRET"
        with pytest.raises(AccountKeyUnusable):
            key.unseal(2, sealed)

    def test_the_key_is_the_servers_own_and_another_does_not_fit(self, tmp_path: Path) -> None:
        key = AccountKey(tmp_path / ACCOUNT_KEY)
        sealed = key.seal(1, new_secret())
        assert key.path.stat().st_mode & 0o777 == 0o600
        assert [path.name for path in tmp_path.iterdir()] == [ACCOUNT_KEY]
        key.path.chmod(0o644)
        with pytest.raises(AccountKeyUnusable, match="chmod 600"):
            key.unseal(1, sealed)
        key.path.unlink()
        with pytest.raises(AccountKeyUnusable, match="backup"):
            key.unseal(1, sealed)
        key.create()
        with pytest.raises(AccountKeyUnusable, match="reset"):
            key.unseal(1, sealed)

    def test_without_the_key_nobody_with_a_factor_comes_in_and_others_do(self, front: Front) -> None:
        device = enrolled(front.signed_in("clerk"), front)
        front.app.state.sign_in.key.path.unlink()
        assert enters(front, "clerk", device.code())[1] == 401
        assert enters(front, "clerk", device.recovery[0])[1] == 303
        assert enters(front, "manager", "")[1] == 303


def test_a_reset_takes_the_factor_and_its_codes_away(front: Front) -> None:
    device = enrolled(front.signed_in("clerk"), front)
    with front.archive.books.database.writing() as connection:
        assert credentials.remove_all(connection, PEOPLE["clerk"], NOW, by=PEOPLE["admin"])
    assert enters(front, "clerk", "")[1] == 303
    assert enters(front, "clerk", device.recovery[0])[1] == 303, "it is not asked for, and not looked at"


TAMPERED = (
    ("UPDATE credential SET secret = (SELECT secret FROM credential WHERE person = 2) WHERE person = 1", "credential"),
    ("DELETE FROM credential WHERE person = 1", "credential of"),
    ("UPDATE credential SET person = 5 WHERE person = 1", "credential of"),
    ("UPDATE recovery_code SET used_at = NULL WHERE person = 1", "recovery_code of"),
    ("DELETE FROM recovery_code WHERE person = 1", "recovery_code set of"),
    ("INSERT INTO recovery_code VALUES (1, 'ab', NULL)", "recovery_code set of"),
)


def test_a_row_changed_behind_the_products_back_is_found(front: Front) -> None:
    device = enrolled(front.signed_in("clerk"), front)
    enrolled(front.signed_in("manager"), front)
    enters(front, "clerk", device.recovery[0])
    database = front.archive.books.database
    ids = {1: PEOPLE["clerk"], 2: PEOPLE["manager"], 5: PEOPLE["chen"]}
    with database.reading() as connection:
        assert credentials.differences(connection) == []
    for change, said in TAMPERED:
        for number, person in ids.items():
            change = change.replace(f"person = {number}", f"person = {person}").replace(f"({number},", f"({person},")
        with tried(database) as connection:
            assert connection.execute(text(change)).rowcount
            assert any(said in one for one in credentials.differences(connection)), change


def test_a_grave_act_is_confirmed_with_the_code_each_time(front: Front) -> None:
    browser = front.signed_in("clerk")
    device = enrolled(browser, front)
    door, session = front.app.state.sign_in, _session(front, browser.http.cookies["custody_session"])
    now = front.clock.at
    assert door.confirm(session, PASSWORD, now) == "password"
    with pytest.raises(CodeNeeded):
        door.confirm(session, PASSWORD, now, each_time=True)
    assert door.confirm(session, PASSWORD, now, each_time=True, code=device.code()) == "password_totp"
    with pytest.raises(CodeWrong):
        door.confirm(session, PASSWORD, now, each_time=True, code=device.code())


def _session(front: Front, token: str) -> Session:
    session: Session | None = front.app.state.sign_in.session(token, front.clock.at)
    assert session is not None
    return session


def test_who_signs_beside_gives_the_code_for_grave_acts_alone(front: Front) -> None:
    device = enrolled(front.signed_in("manager"), front)
    desk = front.signed_in("clerk")
    door, now = front.app.state.sign_in, front.clock.at
    session = _session(front, desk.http.cookies["custody_session"])
    number = number_of("manager")
    assert door.cosign(session, number, PASSWORD, now) == PEOPLE["manager"]
    with pytest.raises(CodeNeeded):
        door.cosign(session, number, PASSWORD, now, each_time=True)
    assert door.cosign(session, number, PASSWORD, now, each_time=True, code=device.code()) == PEOPLE["manager"]


def test_a_one_time_secret_leads_to_an_own_pass_phrase_and_nowhere_else(front: Front) -> None:
    database, door = front.archive.books.database, front.app.state.sign_in
    until = NOW + 72 * 3600 * SECOND
    with database.writing() as connection:
        accounts.set_password_hash(
            connection, PEOPLE["chen"], door.passwords.hash(PASSWORD), at=NOW, must_change=True, secret_until_at=until
        )
    browser = reading_english(front)
    assert browser.sign_in(number_of("chen"), PASSWORD).status_code == 303
    for address in ("/", "/me", "/carriers", "/approvals", "/me/holdings"):
        assert browser.get(address).headers["location"] == "/me/password", address
    assert browser.get("/api/v1/carriers").json()["type"] == "urn:custody:problem:must_password"
    page = browser.get("/me/password").text
    browser.csrf = page.split('name="csrf" value="')[1].split('"')[0]
    assert browser.send("/me/second-factor/begin").status_code == 422
    same = browser.send("/me/password", new=PASSWORD, again=PASSWORD)
    assert "must differ from the present one" in words(same.text)
    chosen = "violet kettle anchor sprout"
    assert browser.send("/me/password", new=chosen, again=chosen).status_code == 303
    assert browser.get("/me").status_code == 200
    assert front.browser().sign_in(number_of("chen"), PASSWORD).status_code == 401
    front.clock.at = until
    assert front.browser().sign_in(number_of("chen"), chosen).status_code == 303, "what is chosen does not expire"


def test_a_one_time_secret_ends_with_its_time_and_so_does_its_session(front: Front) -> None:
    database, door = front.archive.books.database, front.app.state.sign_in
    with database.writing() as connection:
        accounts.set_password_hash(
            connection,
            PEOPLE["chen"],
            door.passwords.hash(PASSWORD),
            at=NOW,
            must_change=True,
            secret_until_at=front.clock.at + 60 * SECOND,
        )
    browser = reading_english(front)
    browser.sign_in(number_of("chen"), PASSWORD)
    assert browser.get("/me/password").status_code == 200
    front.clock.at += 60 * SECOND
    assert browser.get("/me/password").headers["location"].startswith("/sign-in")
    late = reading_english(front).sign_in(number_of("chen"), PASSWORD)
    assert late.status_code == 401
    assert "one-time password is over" in words(late.text)


def test_the_page_of_the_recovery_codes_belongs_to_the_new_session(front: Front) -> None:
    """Its forms carry the new token: what is done next is not called forged."""
    asked_of(front, "everyone")
    browser = reading_english(front)
    browser.sign_in(number_of("clerk"), PASSWORD)
    browser.csrf = token_in(browser.get("/me/second-factor").text)
    device = begun(browser, front)
    page = browser.send("/me/second-factor/confirm", code=device.code()).text
    browser.csrf = token_in(page)
    assert 'href="/carriers"' in page, "the way on is open"
    assert browser.send("/sign-out").headers["location"] == "/sign-in"
