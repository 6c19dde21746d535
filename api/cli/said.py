"""How commands speak: results on stdout, what went wrong on stderr; and who is asking."""

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from api.installation import InstallationError
from api.locale import translate
from api.sessions import (
    ACCOUNT_KEY,
    PASSWORD_CHARACTERS_MIN,
    AccountKey,
    CodeNeeded,
    Known,
    Passwords,
    SecretExpired,
    SignIn,
    SignInFailed,
    TooManyAttempts,
    objection,
    own_particulars,
)
from api.store import Connection
from api.web.refusals import refusal_words
from custody.access import Permission, Subject, may
from custody.clock import day
from custody.database import Database
from custody.procedures.undertakings import ban_unsigned
from custody.scheme import Scheme
from custody.store.books import Books
from custody.store.queries import directory, person, subject_for
from custody.values import Instant

COMMAND_LINE = "command line"
"""Where a command signs in from, as the audit log has it."""


def say(text: str = "") -> None:
    """A line of the result, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """A line about what went wrong."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def export_banned(books: Books, connection: Connection, subject: Subject, language: str) -> bool:
    """Whether the person may take nothing out, the ban on photographs unsigned; then it is said (rule 7)."""
    banned = ban_unsigned(subject.person, books.directory(connection))
    if banned is None:
        return False
    said = refusal_words(banned, partial(translate, language), books.scheme, language)
    complain(f"custody: [{said.clause}] {said.message} {said.way_out}")
    return True


def person_asking(
    database: Database, scheme: Scheme, number: str, permission: Permission, now: Instant, *, data: Path
) -> Subject:
    """The subject of a command's `--as`, who confirms it is he by password (`CUSTODY_PASSWORD`, else asked).

    Who has a second factor gives its code too (`CUSTODY_CODE`, else asked); `data` is the folder with its key. Raises
    InstallationError for a wrong number, password or code, a one-time secret, or a role that may not.
    """
    with _door(database, scheme, data) as door:
        account = _known(door, number, now).account
    if account.must_change:
        raise InstallationError(
            f"This is a one-time secret: choose a pass-phrase with 'custody password {number}'; nothing was done."
        )
    with database.reading() as connection:
        subject = subject_for(connection, account.person, scheme, day(now, scheme.timezone), now)
    if not may(subject, permission):
        raise InstallationError(f"{number} holds no role that may do this ({permission}); nothing was done.")
    return subject


@contextmanager
def _door(database: Database, scheme: Scheme, data: Path) -> Iterator[SignIn]:
    passwords = Passwords(threads=1)
    try:
        yield SignIn(database, scheme, passwords, AccountKey(data / ACCOUNT_KEY))
    finally:
        passwords.close()


def _known(door: SignIn, number: str, now: Instant) -> Known:
    """The account that was opened, by password and, where it is asked for, by code. Raises InstallationError."""
    password = os.environ.get("CUSTODY_PASSWORD") or getpass.getpass(f"Password of {number}: ")
    code = os.environ.get("CUSTODY_CODE", "")
    try:
        try:
            return door.check(number, password, COMMAND_LINE, now, code=code)
        except CodeNeeded:
            return door.check(number, password, COMMAND_LINE, now, code=getpass.getpass(f"Code of {number}: "))
    except TooManyAttempts as wait:
        raise InstallationError(f"Too many attempts: wait {wait.wait_seconds} s; nothing was done.") from wait
    except CodeNeeded as error:
        raise InstallationError("The code of the second factor is needed; nothing was done.") from error
    except SecretExpired as error:
        raise InstallationError("This one-time secret's time is over: ask for another; nothing was done.") from error
    except SignInFailed as error:
        raise InstallationError("Number, password or code is wrong; nothing was done.") from error


def choose_password(database: Database, scheme: Scheme, number: str, now: Instant, *, data: Path) -> None:
    """The owner's own pass-phrase instead of the present one (`CUSTODY_NEW_PASSWORD`, else asked twice).

    Raises InstallationError with what stands against it.
    """
    with _door(database, scheme, data) as door:
        account = _known(door, number, now).account
        new = os.environ.get("CUSTODY_NEW_PASSWORD") or getpass.getpass("New pass-phrase: ")
        if not os.environ.get("CUSTODY_NEW_PASSWORD") and new != getpass.getpass("Once more: "):
            raise InstallationError("The two do not agree; nothing was changed.")
        with database.reading() as connection:
            owner = own_particulars(person(connection, account.person), scheme, directory(connection))
        against = objection(new, owner) or ("same" if door.is_present(account.person, new) else "")
        if against:
            words = translate("en", f"password.{against}", n=PASSWORD_CHARACTERS_MIN)
            raise InstallationError(f"{words}; nothing was changed.")
        door.set_password(account.person, new, now)
