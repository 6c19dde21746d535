"""`custody init`, `reader`: a real installation, from the empty folder on."""

import os
import re
import secrets
from argparse import Namespace
from typing import cast

from api import onetime
from api.acts.entry import default_text
from api.cli.said import say
from api.installation import InstallationError, create_folder, data_folder, open_books
from api.sessions import Passwords
from custody import clock
from custody.access import INSTALLATION, Role
from custody.entries import PersonRecorded
from custody.entries.entry import InstructionIssued
from custody.procedures.undertakings import INSTRUCTION, REMINDER, UNDERTAKING
from custody.store import accounts, queries
from custody.store.books import Books
from custody.values import Person
from reconcile.store import readers

CONFIGURATION = """\
# The configuration of this installation. Every figure that is not named here keeps its default.
{database}
[organisation]
organisation_zh = "{name}"
organisation_en = "{name}"
ledger_origin = "custody.{origin}"
epc_block = "3414F4A2"

[signing_in]
second_factor = "everyone"

[numbers]
loan_days_max = 30
missing_after_seconds = 300
"""

IN_FORCE = (UNDERTAKING, INSTRUCTION, REMINDER)
"""Texts to be signed from the first day. The ban on photographs is offered to the secrecy office: from the day on which
it is issued nobody prints or exports who has not signed it.
"""
THE_THREE = (
    (Role.SYSTEM_ADMINISTRATOR, "系统管理员", "System administrator"),
    (Role.SECURITY_ADMINISTRATOR, "安全管理员", "Security administrator"),
    (Role.AUDITOR, "审计员", "Auditor"),
)


def init(options: Namespace) -> int:
    """A data folder, its ledger key, the three administrators and the first clerk; secrets printed once."""
    if options.data is None and not os.environ.get("CUSTODY_DATA"):
        raise InstallationError("Name the new data folder: custody init --data FOLDER")
    data = options.data or data_folder(None, os.environ)
    name = options.organisation.replace('"', "").replace("\\", "").strip() or "未命名单位"
    database = f'\n[database]\nurl = "{options.database}"\n' if options.database else ""
    text = CONFIGURATION.format(name=name, database=database, origin=secrets.token_hex(4))
    create_folder(data, text)
    _configuration, store, books = open_books(data, clock.now)
    with store:
        secrets_shown = _first_people(books, options.clerk, options.clerk_name)
    say(f"Data folder {data} is ready. These passwords are shown once; change each at the first sign-in:")
    for number, role, secret in secrets_shown:
        say(f"  {number:<12}{role:<26}{secret}")
    say("Next: keep the ledger's public key outside (custody ledger key FILE), then custody serve.")
    say("The set-up guide (/set-up) leads each of them on.")
    return 0


def _first_people(books: Books, number: str, name: str) -> list[tuple[str, str, str]]:
    """The three administrators and the first clerk, who brings everybody else in by the workbook."""
    ids = books.reserve("person", len(THE_THREE) + 1)
    people = [Person(ids[at], f"admin-{at + 1}", zh, en) for at, (_role, zh, en) in enumerate(THE_THREE)]
    today = clock.day(clock.now(), books.scheme.timezone)
    people.append(Person(ids[-1], number, name, post="登记员", post_class="core", cleared_from=today))
    books.enter(INSTALLATION, [PersonRecorded(person) for person in people], act="directory")
    books.enter(INSTALLATION, [InstructionIssued(one, default_text(one)) for one in IN_FORCE], act="directory")
    roles = [role for role, _zh, _en in THE_THREE] + [Role.CLERK]
    return [
        (person.number, role, give_account(books, person.id, (role,), None))
        for person, role in zip(people, roles, strict=True)
    ]


def give_account(
    books: Books, person: int, roles: tuple[Role, ...], unit: int | None, password: str | None = None
) -> str:
    """An account of the first hour: the password, or a one-time secret, shown once, to be changed at once.

    Nobody could renew the secrets of the first three, so they last until they are used. Raises InstallationError.
    """
    secret = password or onetime.whole()
    passwords = Passwords(threads=1)
    try:
        hashed = passwords.hash(secret)
    finally:
        passwords.close()
    try:
        with books.database.writing() as connection:
            now, must = clock.now(), password is None
            accounts.create(connection, person, accounts.family_of(roles[0]), hashed, now, must_change=must)
            for role in roles:
                accounts.grant(connection, person, role, unit, at=now)
    except accounts.AccountRefused as error:
        raise InstallationError(f"{error}; nothing was changed.") from error
    return secret


_ANTENNA = re.compile(r"(\d+):([^/]+)(?:/(inside|outside|desk))?")


def reader(options: Namespace) -> int:
    """A reader and its antennas, tied to places by their codes."""
    _configuration, store, _books = open_books(data_folder(options.data, os.environ), clock.now)
    with store, store.writing() as connection:
        codes = {place.code: place.id for place in queries.directory(connection).places.values()}
        title = options.title or options.name
        readers.upsert_reader(connection, options.name, clock.now(), title_zh=title, title_en=title)
        for text in options.antenna:
            found = _ANTENNA.fullmatch(text)
            if found is None or found[2] not in codes:
                raise InstallationError(f"{text!r}: write NUMBER:PLACE with a place code of the register")
            role = cast(readers.Role, found[3] or "place")
            readers.upsert_antenna(connection, options.name, int(found[1]), codes[found[2]], role)
    say(f"{options.name}: {len(options.antenna)} antennas")
    return 0
