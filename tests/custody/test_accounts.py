"""Accounts and grants: the administrators and the business are never one."""

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from custody.access import ADMINISTRATORS, Grant, Role
from custody.rules import NotFound
from custody.store import accounts
from custody.store import schema as t
from custody.store.accounts import AccountRefused
from tests.builders import NOW, PEOPLE, Archive

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


def test_the_database_itself_keeps_the_families_apart(archive: Archive) -> None:
    """Not only this code: whoever writes to the tables is stopped by their constraints."""
    with archive.books.database.writing() as connection:
        accounts.create(connection, CHEN, "business", "hash", NOW)
    for role, family in (("auditor", "business"), ("auditor", "administrator"), ("clerk", "administrator")):
        row = {"person": CHEN, "role": role, "family": family, "unit": None}
        with pytest.raises(IntegrityError), archive.books.database.writing() as connection:
            connection.execute(insert(t.GRANT).values(row))
