"""`custody account`: asked for by the system administrator, decided by the security administrator, each by `--as`."""

import os
from argparse import Namespace
from collections.abc import Callable
from contextlib import closing
from functools import partial

from api.cli.said import COMMAND_LINE, person_asking, say
from api.installation import InstallationError, data_folder, open_books
from api.locale import translate
from api.requesting import Requesting
from api.sessions import Passwords
from api.store import Connection
from api.web.refusals import refusal_words
from custody import clock
from custody.access import Permission, Role, Subject
from custody.rules import NotFound, Refused
from custody.store import account_requests as requests
from custody.store import accounts, queries
from custody.store.account_requests import Asked, Request
from custody.store.accounts import AccountRefused
from custody.store.books import Books

NOTHING_DONE = "nothing was done."
Step = Callable[[Books, Subject, Namespace], None]


def account(options: Namespace) -> int:
    """Ask for an account or a change of one, decide a request, or have one's half of a secret made."""
    data = data_folder(options.data, os.environ)
    step = _step(options)
    _configuration, store, books = open_books(data, clock.now)
    deciding = step is _decide
    permission = Permission.APPROVE_ACCOUNTS if deciding else Permission.MANAGE_ACCOUNTS
    with store:
        who = person_asking(store, books.scheme, options.person, permission, clock.now(), data=data)
        try:
            step(books, who, options)
        except AccountRefused as refused:
            said = dict(refused.params)
            if "role" in said:
                said["role"] = translate("en", f"role.{said['role']}")
            words = translate("en", f"accounts.refused.{refused.code}", **said)
            raise InstallationError(f"{words} Nothing was changed.") from refused
        except NotFound as error:
            raise InstallationError(f"There is no such request, or it is not yours; {NOTHING_DONE}") from error
        except Refused as refused:
            found = (refusal_words(one, partial(translate, "en"), books.scheme, "en") for one in refused.refusals)
            reasons = " ".join(f"[{one.clause}] {one.message} {one.way_out}".strip() for one in found)
            raise InstallationError(f"{reasons} Nothing was changed.") from refused
    return 0


def _step(options: Namespace) -> Step:
    """What the call is about. Raises InstallationError where it is about several things, or about nobody."""
    steps: dict[str, Step] = {"decide": _decide, "collect": _collect, "withdraw": _withdraw}
    named = [step for name, step in steps.items() if getattr(options, name) is not None]
    if len(named) + bool(options.number) + options.requests != 1:
        raise InstallationError(
            "Say one of: NUMBER with what is asked, --requests, --decide N, --collect N, --withdraw N."
        )
    return named[0] if named else _list if options.requests else _ask


def _ask(books: Books, who: Subject, options: Namespace) -> None:
    wishes = [
        *([("grant", options.role)] if options.role else []),
        *([("revoke", options.revoke)] if options.revoke else []),
        *([("reset", options.reset)] if options.reset else []),
        *([("close", [])] if options.close else []),
        *([("reopen", [])] if options.reopen else []),
    ]
    if len(wishes) != 1:
        raise InstallationError("Say one of: --role, --revoke, --reset, --close, --reopen.")
    if not options.reason.strip():
        raise InstallationError(f"Give the reason: --reason TEXT; {NOTHING_DONE}")
    (kind, names), now = wishes[0], clock.now()
    roles = () if kind == "reset" else _roles(names)
    with books.database.writing() as connection:
        try:
            person = queries.person_by_number(connection, options.number)
        except NotFound as error:
            raise InstallationError(f"Nobody has the number {options.number}; import the persons first.") from error
        has_account = any(one.person == person.id for one in accounts.all_accounts(connection))
        if not has_account:
            if kind != "grant":
                raise InstallationError(f"{options.number} has no account; {NOTHING_DONE}")
            kind = "open"
        unit = _unit(books, connection, options.unit) if roles else None
        credentials = tuple(names) if kind == "reset" else ()
        asked = Asked(kind, person.id, options.reason, roles, unit, credentials)
        made = requests.ask(connection, books.scheme, asked, who.person, now, COMMAND_LINE)
    say(f"Request {made.id} waits: custody account --decide {made.id} --as SECURITY-ADMINISTRATOR")


def _roles(names: list[str]) -> tuple[Role, ...]:
    try:
        return tuple(Role(name) for name in names)
    except ValueError as error:
        raise InstallationError(f"{error}; roles are {', '.join(Role)}") from error


def _unit(books: Books, connection: Connection, code: str) -> int | None:
    found = next((unit.id for unit in books.directory(connection).units.values() if unit.code == code), None)
    if code and found is None:
        raise InstallationError(f"There is no unit {code}; {NOTHING_DONE}")
    return found


def _decide(books: Books, who: Subject, options: Namespace) -> None:
    now = clock.now()
    if options.decline:
        with books.database.writing() as connection:
            requests.decline(connection, books.scheme, options.decide, who.person, options.answer, now, COMMAND_LINE)
        say(f"Request {options.decide} declined")
        return
    with closing(Passwords(threads=1)) as passwords:
        deciding = Requesting(books.database, books.scheme, passwords)
        done, half = deciding.grant(options.decide, who.person, now, options.answer, COMMAND_LINE)
    say(f"Request {done.id} granted")
    if half:
        say(f"Your half of the one-time secret, shown once, for the person alone: {half}")
        say(f"The other half: custody account --collect {done.id} --as the one who asked")


def _collect(books: Books, who: Subject, options: Namespace) -> None:
    with closing(Passwords(threads=1)) as passwords:
        done, half = Requesting(books.database, books.scheme, passwords).collect(
            options.collect, who.person, clock.now(), COMMAND_LINE
        )
    say(f"The first half of the one-time secret of request {done.id}, shown once, for the person alone: {half}")
    say("Whoever signs in types it, a hyphen, and the half of the security administrator.")


def _withdraw(books: Books, who: Subject, options: Namespace) -> None:
    with books.database.writing() as connection:
        requests.withdraw(connection, options.withdraw, who.person, clock.now(), COMMAND_LINE)
    say(f"Request {options.withdraw} withdrawn")


def _list(books: Books, _who: Subject, _options: Namespace) -> None:
    with books.database.reading() as connection:
        found = requests.requests(connection, waiting=True, limit=200)
        persons = books.directory(connection).persons
    for one in reversed(found):
        say(f"{one.id:>6}  {persons[one.person].number:<12}{_words(one)}")
    if not found:
        say("Nothing waits.")


def _words(one: Request) -> str:
    return " ".join((one.kind, *(role.value for role in one.roles), *one.credentials))
