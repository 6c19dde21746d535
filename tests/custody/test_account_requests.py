"""Accounts are asked for by one and decided by another: who may, when, and what comes of it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from api import onetime
from custody.access import Grant, Role
from custody.rules import NotFound, Refused
from custody.store import account_requests as requests
from custody.store import accounts
from custody.store.account_requests import Asked
from custody.store.accounts import AccountRefused
from custody.values import DAY
from tests.builders import NOW, PEOPLE, SCHEME, Archive
from tests.trust.accounts_scene import ADMIN, HOUR, SECURITY, granted, secret, the_administrators

CHEN, ZHAO, SUN = PEOPLE["chen"], PEOPLE["zhao"], PEOPLE["sun"]
OPEN = Asked("open", ZHAO, "new here", (Role.BORROWER,))


@pytest.fixture
def house(sqlite_archive: Archive) -> Iterator[Connection]:
    """The administrators; a second of each; a borrower; in one transaction."""
    with sqlite_archive.books.database.writing() as connection:
        the_administrators(connection, NOW)
        for person, role in ((SUN, Role.SYSTEM_ADMINISTRATOR), (PEOPLE["ma"], Role.SECURITY_ADMINISTRATOR)):
            accounts.create(connection, person, "administrator", "hash", NOW)
            accounts.grant(connection, person, role, at=NOW)
        accounts.create(connection, CHEN, "business", "hash", NOW)
        accounts.grant(connection, CHEN, Role.BORROWER, at=NOW)
        yield connection


def test_what_one_asks_another_grants_and_only_then_it_is_done(archive: Archive) -> None:
    with archive.books.database.writing() as connection:
        the_administrators(connection, NOW)
        made = requests.ask(connection, SCHEME, OPEN, ADMIN, NOW)
        with pytest.raises(NotFound):
            accounts.by_person(connection, ZHAO)
        done = requests.grant(connection, SCHEME, made.id, SECURITY, NOW, secret(), "yes")
        account = accounts.by_person(connection, ZHAO)
        assert (account.family, account.must_change, account.secret_until_at) == ("business", True, NOW + 72 * HOUR)
        assert accounts.grants(connection, ZHAO) == (Grant(Role.BORROWER),)
        assert (done.asked_by, done.decided_by, done.answer) == (ADMIN, SECURITY, "yes")
        with pytest.raises(AccountRefused, match="decided already"):
            requests.grant(connection, SCHEME, made.id, SECURITY, NOW, secret())


def test_every_kind_does_what_it_says(house: Connection) -> None:
    granted(house, Asked("grant", CHEN, "x", (Role.CLERK, Role.MANAGER), 4), NOW)
    assert {Grant(Role.CLERK, 4), Grant(Role.MANAGER, 4)} < set(accounts.grants(house, CHEN))
    granted(house, Asked("revoke", CHEN, "x", (Role.CLERK,)), NOW)
    assert Role.CLERK not in {one.role for one in accounts.grants(house, CHEN)}
    before = accounts.by_person(house, CHEN).password_hash
    granted(house, Asked("reset", CHEN, "x", credentials=("password",)), NOW)
    after = accounts.by_person(house, CHEN)
    assert (after.password_hash != before, after.must_change) == (True, True)
    granted(house, Asked("close", CHEN, "x"), NOW)
    assert accounts.by_person(house, CHEN).disabled
    granted(house, Asked("reopen", CHEN, "x"), NOW)
    assert not accounts.by_person(house, CHEN).disabled


@pytest.mark.parametrize("by", [CHEN, SECURITY, ZHAO])
def test_nobody_but_a_system_administrator_asks(house: Connection, by: int) -> None:
    with pytest.raises(NotFound):
        requests.ask(house, SCHEME, Asked("close", PEOPLE["ma"], "x"), by, NOW)


@pytest.mark.parametrize("by", [CHEN, ADMIN, SUN])
def test_nobody_but_a_security_administrator_decides(house: Connection, by: int) -> None:
    made = requests.ask(house, SCHEME, OPEN, ADMIN, NOW)
    with pytest.raises(NotFound):
        requests.grant(house, SCHEME, made.id, by, NOW, secret())
    with pytest.raises(NotFound):
        requests.decline(house, SCHEME, made.id, by, "no", NOW)


def test_nobody_asks_or_decides_about_himself(house: Connection) -> None:
    with pytest.raises(AccountRefused, match="himself"):
        requests.ask(house, SCHEME, Asked("reset", ADMIN, "x", credentials=("password",)), ADMIN, NOW)
    made = requests.ask(house, SCHEME, Asked("reset", SECURITY, "x", credentials=("password",)), ADMIN, NOW)
    with pytest.raises(AccountRefused, match="himself"):
        requests.grant(house, SCHEME, made.id, SECURITY, NOW, secret())
    requests.grant(house, SCHEME, made.id, PEOPLE["ma"], NOW, secret())


def test_an_asker_whose_role_was_taken_away_asks_no_more(house: Connection) -> None:
    granted(house, Asked("revoke", SUN, "x", (Role.SYSTEM_ADMINISTRATOR,)), NOW)
    with pytest.raises(NotFound):
        requests.ask(house, SCHEME, OPEN, SUN, NOW)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (Asked("open", CHEN, "x", (Role.CLERK,)), "has_account"),
        (Asked("open", ZHAO, "x"), "no_role"),
        (Asked("open", PEOPLE["lin"], "x", (Role.CLERK,)), "has_left"),
        (Asked("open", ZHAO, "x", (Role.AUDITOR, Role.CLERK)), "cannot_stand"),
        (Asked("open", ZHAO, "x", (Role.AUDITOR,), 4), "never_limited"),
        (Asked("open", ZHAO, "x", (Role.CLERK,), 99), "no_unit"),
        (Asked("grant", CHEN, "x", (Role.AUDITOR,)), "cannot_stand"),
        (Asked("grant", PEOPLE["ma"], "x", (Role.CLERK,)), "cannot_stand"),
        (Asked("grant", PEOPLE["ma"], "x", (Role.AUDITOR,)), "cannot_stand"),
        (Asked("grant", CHEN, "x", (Role.BORROWER,)), "cannot_stand"),
        (Asked("revoke", CHEN, "x", (Role.CLERK,)), "not_held"),
        (Asked("reset", CHEN, "x"), "no_credentials"),
        (Asked("reset", CHEN, "x", credentials=("soul",)), "no_credentials"),
        (Asked("reopen", CHEN, "x"), "reopen_already"),
        (Asked("grant", CHEN, " ", (Role.CLERK,)), "reason"),
        (Asked("promote", CHEN, "x"), "no_kind"),
    ],
    ids=lambda one: str(one)[:60],
)
def test_what_cannot_be_is_refused_when_it_is_asked(house: Connection, asked: Asked, code: str) -> None:
    with pytest.raises(AccountRefused) as refused:
        requests.ask(house, SCHEME, asked, ADMIN, NOW)
    assert refused.value.code == code


def test_the_same_is_not_asked_twice_at_once(house: Connection) -> None:
    first = requests.ask(house, SCHEME, OPEN, ADMIN, NOW)
    with pytest.raises(AccountRefused, match="waits"):
        requests.ask(house, SCHEME, OPEN, SUN, NOW)
    requests.withdraw(house, first.id, ADMIN, NOW)
    assert requests.ask(house, SCHEME, OPEN, SUN, NOW).status == "asked"


def test_only_who_asked_takes_it_back_and_only_while_it_waits(house: Connection) -> None:
    made = requests.ask(house, SCHEME, OPEN, ADMIN, NOW)
    with pytest.raises(NotFound):
        requests.withdraw(house, made.id, SUN, NOW)
    requests.decline(house, SCHEME, made.id, SECURITY, "not needed", NOW)
    with pytest.raises(AccountRefused, match="decided"):
        requests.withdraw(house, made.id, ADMIN, NOW)


@pytest.mark.parametrize(("days", "lives"), [(13.9, True), (14, False)])
def test_what_nobody_decides_expires(house: Connection, days: float, lives: bool) -> None:
    made = requests.ask(house, SCHEME, OPEN, ADMIN, NOW)
    later = NOW + int(days * DAY)
    assert requests.waiting_for(house, SCHEME, SECURITY, True, later) == int(lives)
    if lives:
        requests.grant(house, SCHEME, made.id, SECURITY, later, secret())
        return
    with pytest.raises(AccountRefused) as refused:
        requests.grant(house, SCHEME, made.id, SECURITY, later, secret())
    assert refused.value.code == "expired"
    requests.ask(house, SCHEME, OPEN, ADMIN, later)
    assert requests.request(house, made.id).status == "expired"


def test_f_1_refuse__an_account_is_not_closed_while_its_person_holds_carriers(sqlite_archive: Archive) -> None:
    """Refused when it is asked; and when it is decided, where the carrier came into the hand meanwhile."""
    carrier = sqlite_archive.carrier()
    with sqlite_archive.books.database.writing() as connection:
        the_administrators(connection, NOW)
        accounts.create(connection, CHEN, "business", "hash", NOW)
        accounts.grant(connection, CHEN, Role.BORROWER, at=NOW)
        made = requests.ask(connection, SCHEME, Asked("close", CHEN, "leaves"), ADMIN, NOW)
        other = requests.ask(connection, SCHEME, Asked("revoke", CHEN, "x", (Role.BORROWER,)), ADMIN, NOW)
    sqlite_archive.borrow(carrier, "chen")
    for number in (made.id, other.id):
        with pytest.raises(Refused) as refused, sqlite_archive.books.database.writing() as connection:
            requests.grant(connection, SCHEME, number, SECURITY, NOW)
        assert [one.clause for one in refused.value.refusals] == ["f.1"]
    with sqlite_archive.books.database.writing() as connection:
        requests.withdraw(connection, made.id, ADMIN, NOW)
    with pytest.raises(Refused), sqlite_archive.books.database.writing() as connection:
        requests.ask(connection, SCHEME, Asked("close", CHEN, "leaves"), ADMIN, NOW)


class TestTheSecretInTwoHalves:
    """Neither of the two administrators can sign in with what he was shown."""

    def verify(self, typed: str, kept: str) -> bool:
        """A hash that hides nothing, in the place of argon2."""
        return f"hash of {typed}" == kept

    def test_both_halves_fit_and_neither_alone(self) -> None:
        first, second = onetime.half(), onetime.half()
        kept = onetime.kept(onetime.digest(second), f"hash of {first}")
        typed = onetime.joined(first, second)
        assert onetime.fits(self.verify, typed, kept)
        assert onetime.fits(self.verify, f" {typed.upper()} ", kept)
        for wrong in (
            first,
            second,
            onetime.joined(second, first),
            onetime.joined(first, first),
            "",
            "-",
            typed + "-a",
        ):
            assert not onetime.fits(self.verify, wrong, kept)
        assert second not in kept

    def test_the_askers_half_is_made_once_by_the_asker_in_time(self, house: Connection) -> None:
        done = granted(house, OPEN, NOW)
        kept = onetime.kept(done.half_digest, "hash of the first half")
        with pytest.raises(NotFound):
            requests.collect(house, SCHEME, done.id, SUN, kept, NOW)
        with pytest.raises(NotFound):
            requests.collect(house, SCHEME, done.id, SECURITY, kept, NOW)
        assert requests.waiting_for(house, SCHEME, ADMIN, False, NOW + HOUR) == 1
        requests.collect(house, SCHEME, done.id, ADMIN, kept, NOW + HOUR)
        assert accounts.by_person(house, ZHAO).password_hash == kept
        assert requests.waiting_for(house, SCHEME, ADMIN, False, NOW + HOUR) == 0
        with pytest.raises(AccountRefused) as refused:
            requests.collect(house, SCHEME, done.id, ADMIN, "another", NOW + HOUR)
        assert refused.value.code == "collected_already"

    def test_after_its_time_there_is_none(self, house: Connection) -> None:
        done = granted(house, OPEN, NOW)
        with pytest.raises(AccountRefused) as refused:
            requests.collect(house, SCHEME, done.id, ADMIN, "kept", NOW + 73 * HOUR)
        assert refused.value.code == "secret_over"

    def test_an_older_secret_does_not_come_back_over_a_newer_one(self, house: Connection) -> None:
        """Given two resets granted, when the first one's other half is asked for, then the second one stays."""
        older = granted(house, Asked("reset", CHEN, "lost", credentials=("password",)), NOW)
        newer = granted(house, Asked("reset", CHEN, "lost again", credentials=("password",)), NOW + HOUR)
        kept = accounts.by_person(house, CHEN).password_hash
        with pytest.raises(AccountRefused) as refused:
            requests.collect(house, SCHEME, older.id, ADMIN, "kept", NOW + 2 * HOUR)
        assert refused.value.code == "secret_replaced"
        assert accounts.by_person(house, CHEN).password_hash == kept
        requests.collect(house, SCHEME, newer.id, ADMIN, "kept", NOW + 2 * HOUR)

    def test_a_password_that_its_owner_chose_is_not_replaced(self, house: Connection) -> None:
        done = granted(house, Asked("reset", CHEN, "lost", credentials=("password",)), NOW)
        accounts.set_password_hash(house, CHEN, "chosen", at=NOW + HOUR, by=CHEN)
        with pytest.raises(AccountRefused):
            requests.collect(house, SCHEME, done.id, ADMIN, "kept", NOW + 2 * HOUR)
        assert accounts.by_person(house, CHEN).password_hash == "chosen"
