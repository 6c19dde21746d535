"""How commands speak: results on stdout, what went wrong on stderr; and who is asking."""

import getpass
import os
import sys
from functools import partial

from api.installation import InstallationError
from api.locale import translate
from api.sessions import Passwords, SignIn, SignInFailed, TooManyAttempts
from api.store import Connection
from api.web.refusals import refusal_words
from custody.access import Permission, Subject, may
from custody.clock import day
from custody.database import Database
from custody.procedures.undertakings import ban_unsigned
from custody.scheme import Scheme
from custody.store.books import Books
from custody.store.queries import subject_for
from custody.values import Instant


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


def person_asking(database: Database, scheme: Scheme, number: str, permission: Permission, now: Instant) -> Subject:
    """The subject of a command's `--as`, who confirms it is he by password (`CUSTODY_PASSWORD`, else asked).

    Raises InstallationError for a wrong number or password, or a role that may not.
    """
    password = os.environ.get("CUSTODY_PASSWORD") or getpass.getpass(f"Password of {number}: ")
    passwords = Passwords(threads=1)
    try:
        account = SignIn(database, scheme, passwords).check(number, password, "command line", now)
    except (SignInFailed, TooManyAttempts) as error:
        raise InstallationError("Number or password is wrong; nothing was done.") from error
    finally:
        passwords.close()
    with database.reading() as connection:
        subject = subject_for(connection, account.person, scheme, day(now, scheme.timezone))
    if not may(subject, permission):
        raise InstallationError(f"{number} holds no role that may do this ({permission}); nothing was done.")
    return subject
