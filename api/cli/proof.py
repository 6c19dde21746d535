"""`custody ledger rotate-key`, `replace-lost-key` and `custody witness …`: who signs the ledger, and who watches it."""

import os
import secrets
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.cli.said import person_asking, say
from api.installation import (
    KEY,
    NEXT_KEY,
    InstallationError,
    data_folder,
    ledger_key,
    nonce,
    open_books,
    open_database,
)
from custody import clock
from custody.access import Permission, Role, Subject
from custody.database import Database
from custody.ledger import Broken, LedgerKey, VerifierKey, parse_key, remove_key
from custody.rules import NotFound
from custody.scheme import Scheme
from custody.store import key_history, ledger_keys, witnessing
from custody.store.books import Books

FROM = "command line"
ANSWERS = {"CUSTODY_PASSWORD": "CUSTODY_SECOND_PASSWORD", "CUSTODY_CODE": "CUSTODY_SECOND_CODE"}
"""Variables that answer for the first person, and those that answer for the second."""


def _following(data: Path, origin: str) -> LedgerKey:
    """A new key in a file of its own, on disk before the ledger names it. One that was never named is thrown away."""
    remove_key(data / NEXT_KEY)
    return LedgerKey.load_or_create(data / NEXT_KEY, origin)


def rotate_key(options: Namespace) -> int:
    """Begin a new key, which the old one signs; the old one is then destroyed."""
    data = data_folder(options.data, os.environ)
    _configuration, database, books = open_books(data, clock.now)
    with database:
        by = person_asking(database, books.scheme, options.person, Permission.MANAGE_ACCOUNTS, clock.now(), data=data)
        new = _following(data, books.scheme.ledger_origin)
        ledger_keys.rotate(books, new, by.person, FROM)
        ledger_key(data, books.scheme.ledger_origin, database)  # puts it in the place of the old one
    _told(new, "Servers that run elsewhere must be started again. Keep this public key outside, beside the first one:")
    return 0


def replace_lost_key(options: Namespace) -> int:
    """Begin a new key in the place of a lost one, on the word of two administrators."""
    data = data_folder(options.data, os.environ)
    configuration, database = open_database(data)
    scheme = configuration.scheme
    with database:
        database.migrate()
        lost = _lost_key(database, options.lost_key)
        if _still_there(data, scheme.ledger_origin, database):
            raise InstallationError(f"{data / KEY} is there and is the ledger's: change it with 'ledger rotate-key'.")
        by = _two_administrators(database, scheme, data, options.person, options.second)
        new = _following(data, scheme.ledger_origin)
        books = Books(database, scheme, clock.now, nonce)
        ledger_keys.replace_lost(books, lost, new, [one.person for one in by], options.reason, FROM)
        ledger_key(data, scheme.ledger_origin, database)
    _told(
        new,
        "What was signed before is vouched for by checkpoints held outside only. Tell the auditor, whose witness must "
        "be told too (custody-witness trust-key). Keep this public key outside, beside the lost one:",
    )
    return 0


def _lost_key(database: Database, kept: Path | None) -> VerifierKey:
    with database.reading() as connection:
        known = key_history.ruling(connection)
    if known is not None:
        return known
    if kept is None:
        raise InstallationError("Name the lost key's public key, as it was kept outside: --lost-key FILE")
    try:
        return parse_key(kept.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, Broken) as error:
        raise InstallationError(f"{kept} holds no public key of a ledger: {error}") from error


def _still_there(data: Path, origin: str, database: Database) -> bool:
    try:
        ledger_key(data, origin, database)
    except InstallationError:
        return False
    return True


def _two_administrators(
    database: Database, scheme: Scheme, data: Path, first: str, second: str
) -> tuple[Subject, Subject]:
    """The system administrator, and another of the three beside him, each confirmed as for any command."""
    one = person_asking(database, scheme, first, Permission.MANAGE_ACCOUNTS, clock.now(), data=data)
    with _the_second_answers():
        other = person_asking(database, scheme, second, Permission.SEE_REGULATIONS, clock.now(), data=data)
    if other.person == one.person or not other.roles & {Role.SECURITY_ADMINISTRATOR, Role.AUDITOR}:
        raise InstallationError(f"{second} is not the security administrator or the auditor; nothing was done.")
    return one, other


@contextmanager
def _the_second_answers() -> Iterator[None]:
    """What the environment says for the second person stands in the place of the first one's, or he is asked."""
    before = {name: os.environ.pop(name, None) for name in ANSWERS}
    os.environ.update({name: os.environ[second] for name, second in ANSWERS.items() if second in os.environ})
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _told(new: LedgerKey, text: str) -> None:
    say(f"The ledger has a new key. {text}")
    say(new.vkey())


def add_witness(options: Namespace) -> int:
    """Let a witness watch; its token is shown once."""
    data = data_folder(options.data, os.environ)
    _configuration, database, books = open_books(data, clock.now)
    token = secrets.token_urlsafe(32)
    with database:
        by = person_asking(database, books.scheme, options.person, Permission.MANAGE_ACCOUNTS, clock.now(), data=data)
        if options.key.partition("+")[0] != options.name:
            raise InstallationError(f"That key is of {options.key.partition('+')[0]!r}, not of {options.name!r}.")
        try:
            with database.writing() as connection:
                witnessing.add(connection, options.key, token, clock.now(), by=by.person, address=FROM)
        except witnessing.WitnessRefused as error:
            raise InstallationError(f"{error}; nothing was changed.") from error
    say(token)
    return 0


def end_witness(options: Namespace) -> int:
    """Take a witness's token away."""
    data = data_folder(options.data, os.environ)
    _configuration, database, books = open_books(data, clock.now)
    with database:
        by = person_asking(database, books.scheme, options.person, Permission.MANAGE_ACCOUNTS, clock.now(), data=data)
        try:
            with database.writing() as connection:
                witnessing.end(connection, options.name, clock.now(), by=by.person, address=FROM)
        except NotFound as error:
            raise InstallationError(f"No witness named {options.name} is watching.") from error
    say(f"{options.name}  ended")
    return 0


def list_witnesses(options: Namespace) -> int:
    """Who watches, and what each cosigned last."""
    _configuration, database, _books = open_books(data_folder(options.data, os.environ), clock.now, read_only=True)
    with database, database.reading() as connection:
        for one in witnessing.witnesses(connection):
            last = witnessing.last_cosignature(connection, one.name)
            seen = (
                "never" if last is None else f"{last.size} entries at {clock.moment(last.witnessed_at):%Y-%m-%d %H:%M}"
            )
            say(f"{one.name}  {'ended' if one.ended_at else 'watching'}  last cosigned: {seen}")
    return 0
