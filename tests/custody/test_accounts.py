"""Accounts and grants: the administrators and the business are never one."""

import re

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from custody.access import ADMINISTRATORS, Grant, Role
from custody.rules import NotFound
from custody.store import accounts
from custody.store import schema as t
from custody.store.account_requests import Asked
from custody.store.accounts import AccountRefused
from custody.store.accounts_check import differences
from custody.values import DAY
from tests.builders import NOW, PEOPLE, Archive
from tests.trust.accounts_scene import granted, lived, the_administrators

CHEN, ADMIN = PEOPLE["chen"], PEOPLE["admin"]


def test_an_account_is_made_found_and_changed(archive: Archive) -> None:
    with archive.books.database.writing() as connection:
        made = accounts.create(connection, CHEN, "business", "hash", NOW, "en")
        assert accounts.by_number(connection, " 1004 ") == made == accounts.by_person(connection, CHEN)
        accounts.set_password_hash(connection, CHEN, "other")
        accounts.set_disabled(connection, CHEN, True)
        accounts.set_language(connection, CHEN, "zh")
        (changed,) = accounts.all_accounts(connection)
        assert (changed.number, changed.password_hash, changed.disabled, changed.language) == (
            "1004",
            "other",
            True,
            "zh",
        )
        with pytest.raises(ValueError, match="zh and en"):
            accounts.set_language(connection, CHEN, "fr")


def test_what_cannot_be_is_refused_and_the_transaction_goes_on(archive: Archive) -> None:
    with archive.books.database.writing() as connection:
        accounts.create(connection, CHEN, "business", "hash", NOW)
        with pytest.raises(AccountRefused, match="already"):
            accounts.create(connection, CHEN, "administrator", "hash", NOW)
        with pytest.raises(AccountRefused, match="no family"):
            accounts.create(connection, ADMIN, "both", "hash", NOW)
        with pytest.raises(NotFound):
            accounts.create(connection, 999, "business", "hash", NOW)
        for change in (
            lambda: accounts.set_disabled(connection, ADMIN, True),
            lambda: accounts.by_person(connection, ADMIN),
            lambda: accounts.by_number(connection, "1009"),
            lambda: accounts.by_number(connection, "\x00"),
            lambda: accounts.grant(connection, ADMIN, Role.AUDITOR),
            lambda: accounts.revoke(connection, CHEN, Role.CLERK),
        ):
            with pytest.raises(NotFound):
                change()
        assert [account.person for account in accounts.all_accounts(connection)] == [CHEN]


def test_roles_are_given_and_taken(archive: Archive) -> None:
    with archive.books.database.writing() as connection:
        accounts.create(connection, CHEN, "business", "hash", NOW)
        accounts.grant(connection, CHEN, Role.BORROWER)
        accounts.grant(connection, CHEN, Role.MANAGER, 4)
        assert set(accounts.grants(connection, CHEN)) == {Grant(Role.BORROWER), Grant(Role.MANAGER, 4)}
        assert accounts.holders(connection, Role.MANAGER) == [(CHEN, 4)]
        accounts.revoke(connection, CHEN, Role.MANAGER)
        assert accounts.grants(connection, CHEN) == (Grant(Role.BORROWER),)
        accounts.set_disabled(connection, CHEN, True)
        assert accounts.holders(connection, Role.BORROWER) == []


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("family", ["business", "administrator"])
def test_a_role_stands_only_in_its_family(archive: Archive, role: Role, family: str) -> None:
    fits = (role in ADMINISTRATORS) == (family == "administrator")
    with archive.books.database.writing() as connection:
        accounts.create(connection, CHEN, family, "hash", NOW)
        if fits:
            accounts.grant(connection, CHEN, role)
        else:
            with pytest.raises(AccountRefused, match=family):
                accounts.grant(connection, CHEN, role)
        assert accounts.grants(connection, CHEN) == ((Grant(role),) if fits else ())


def test_an_administrator_holds_one_role(archive: Archive) -> None:
    with archive.books.database.writing() as connection:
        accounts.create(connection, ADMIN, "administrator", "hash", NOW)
        accounts.grant(connection, ADMIN, Role.AUDITOR)
        for role in ADMINISTRATORS:
            with pytest.raises(AccountRefused):
                accounts.grant(connection, ADMIN, role)
        with pytest.raises(AccountRefused, match="never limited"):
            accounts.grant(connection, ADMIN, Role.AUDITOR, 4)
        assert accounts.grants(connection, ADMIN) == (Grant(Role.AUDITOR),)


FORGED: list[tuple[str, dict[str, object]]] = [
    # A business account with an administrator's role, said to be of either family; an administrator with business.
    ("grant", {"person": CHEN, "role": "auditor", "family": "business", "unit": None}),
    ("grant", {"person": CHEN, "role": "auditor", "family": "administrator", "unit": None}),
    ("grant", {"person": ADMIN, "role": "clerk", "family": "business", "unit": None}),
    ("grant", {"person": ADMIN, "role": "clerk", "family": "administrator", "unit": None}),
    # A second administrator's role.
    ("grant", {"person": ADMIN, "role": "auditor", "family": "administrator", "unit": None}),
    # In an emergency: an administrator's role, one for an administrator, by one person alone, for ever.
    ("emergency", {"role": "auditor"}),
    ("emergency", {"role": "leader"}),
    ("emergency", {"person": ADMIN}),
    ("emergency", {"person": ADMIN, "family": "administrator"}),
    ("emergency", {"confirmed_by": CHEN}),
    ("emergency", {"until_at": NOW + 2 * DAY}),
    ("emergency", {"reviewed_at": NOW, "reviewed_by": CHEN}),
    # A request about oneself, decided by whoever asked, by its own person, or by nobody.
    ("request", {"asked_by": CHEN}),
    ("request", {"status": "granted", "decided_by": ADMIN}),
    ("request", {"status": "granted", "decided_by": CHEN}),
    ("request", {"status": "granted"}),
]
"""Rows that whoever has the database could write: table and what is forged in it."""


def test_the_database_itself_keeps_apart_what_must_be_apart(archive: Archive) -> None:
    """Not only this code: whoever writes to the tables with SQL of his own is stopped by their constraints."""
    plain: dict[str, dict[str, object]] = {
        "grant": {},
        "emergency": {
            "person": CHEN,
            "family": "business",
            "role": "clerk",
            "unit": 4,
            "reason": "x",
            "confirmed_by": PEOPLE["secrecy"],
            "from_at": NOW,
            "until_at": NOW + DAY,
            "review": "",
        },
        "request": {
            "kind": "close",
            "person": CHEN,
            "roles": "",
            "credentials": "",
            "reason": "x",
            "asked_by": ADMIN,
            "asked_at": NOW,
            "status": "asked",
            "answer": "",
            "half_digest": "",
        },
    }
    tables = {"grant": t.GRANT, "emergency": t.EMERGENCY_GRANT, "request": t.ACCOUNT_REQUEST}
    with archive.books.database.writing() as connection:
        accounts.create(connection, CHEN, "business", "hash", NOW)
        accounts.create(connection, ADMIN, "administrator", "hash", NOW)
        accounts.grant(connection, ADMIN, Role.SYSTEM_ADMINISTRATOR)
        for table in ("emergency", "request"):  # what is forged below is all that is wrong with it
            inner = connection.begin_nested()
            connection.execute(insert(tables[table]).values(plain[table]))
            inner.rollback()
    for table, values in FORGED:
        with pytest.raises(IntegrityError), archive.books.database.writing() as connection:
            connection.execute(insert(tables[table]).values(plain[table] | values))


@pytest.mark.parametrize("role", sorted(ADMINISTRATORS))
def test_the_last_of_each_administrator_stays(sqlite_archive: Archive, role: Role) -> None:
    """Given two holders, when the first is closed, then the second can be neither closed nor lose the role."""
    other = PEOPLE["he"]
    with sqlite_archive.books.database.writing() as connection:
        for person in (ADMIN, other):
            accounts.create(connection, person, "administrator", "hash", NOW)
            accounts.grant(connection, person, role)
        accounts.set_disabled(connection, ADMIN, True)
        for attempt in (
            lambda: accounts.set_disabled(connection, other, True),
            lambda: accounts.revoke(connection, other, role),
        ):
            with pytest.raises(AccountRefused, match="last"):
                attempt()
        accounts.set_disabled(connection, ADMIN, False)
        accounts.revoke(connection, other, role)
        assert accounts.holders(connection, role) == [(ADMIN, None)]


class TestEveryChangeIsToldInTheLog:
    """The events, folded, are the tables."""

    def test_they_agree_after_everything_that_happens_to_an_account(self, sqlite_archive: Archive) -> None:
        with sqlite_archive.books.database.writing() as connection:
            lived(connection, NOW)
            accounts.set_language(connection, PEOPLE["zhao"], "en", at=NOW)
            accounts.set_disabled(connection, PEOPLE["zhao"], True, at=NOW, by=ADMIN)
            accounts.set_disabled(connection, PEOPLE["zhao"], False, at=NOW, by=ADMIN)
            accounts.revoke(connection, PEOPLE["zhao"], Role.BORROWER, at=NOW, by=ADMIN)
            assert differences(connection) == []

    @pytest.mark.parametrize(
        ("statement", "told"),
        [
            ("UPDATE account SET password_hash = 'mine' WHERE person = 4", "account 4: otherwise.*password"),
            ("UPDATE account SET disabled = NOT disabled WHERE person = 4", "account 4: otherwise.*disabled"),
            ("UPDATE account SET must_change = NOT must_change WHERE person = 4", "must_change"),
            ("UPDATE role_grant SET unit = 1 WHERE person = 4", "role_grant 4 clerk: otherwise.*unit"),
            ("INSERT INTO role_grant VALUES (4, 'leader', 'business', NULL)", "role_grant 4 leader: there"),
            ("DELETE FROM role_grant WHERE person = 4", "role_grant 4 clerk: gone"),
            ("DELETE FROM account_request WHERE id = 1", "account_request 1: gone"),
            (
                "UPDATE audit_event SET detail = '{' WHERE kind = 'role_granted' AND about = 9",
                "audit_event .* does not say",
            ),
            ("UPDATE account_request SET reason = 'another' WHERE id = 1", "account_request 1: otherwise"),
        ],
    )
    def test_a_change_by_hand_is_found(self, sqlite_archive: Archive, statement: str, told: str) -> None:
        with sqlite_archive.books.database.writing() as connection:
            the_administrators(connection, NOW)
            accounts.create(connection, CHEN, "business", "hash", NOW)
            accounts.grant(connection, CHEN, Role.CLERK, 4, at=NOW)
            granted(connection, Asked("open", PEOPLE["zhao"], "new", (Role.BORROWER,)), NOW)
            assert differences(connection) == []
            connection.execute(text(statement))
            assert re.search(told, "\n".join(differences(connection)))
