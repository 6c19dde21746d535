"""A data folder: where it is, what its configuration says, how its services are opened.

The folder holds `custody.toml` (organisation, numbers, database), `ledger.key`, and by default the embedded
database. `--data` names it, else `CUSTODY_DATA`, else `./.demo` where the demo made one.
"""

import json
import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from api.limits import Limits, LimitsInvalid, limits_from
from api.services import Services
from api.sessions import ACCOUNT_KEY, AccountKey
from custody.clock import Clock
from custody.database import Database
from custody.entries import EntryInvalid
from custody.ledger import Broken, KeyUnusable, LedgerKey, VerifierKey, move_key
from custody.scheme import Scheme, SchemeInvalid, scheme_from
from custody.store import key_history
from custody.store.books import Books
from readers.zpl import Printer, PrinterInvalid, printers_from
from reconcile.bulletin import Bulletin
from reconcile.calendar import AtWork, CalendarInvalid, calendar_from, hours_from
from reconcile.smtp import MailInvalid, Relay, relay_from

CONFIG = "custody.toml"
KEY = "ledger.key"
NEXT_KEY = "ledger.key.next"
"""The key that is to follow, from just before the ledger is told until it stands in the place of the other."""
DEMO_FOLDER = Path(".demo")


class InstallationError(Exception):
    """The data folder cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What `custody.toml` says. `demo`: the folder was made by the demo and may be made anew."""

    scheme: Scheme
    database_url: str
    demo: bool = False
    limits: Limits = field(default_factory=Limits)
    printers: tuple[Printer, ...] = ()
    at_work: AtWork = field(default_factory=AtWork)
    relay: Relay | None = None


def data_folder(given: Path | None, environment: Mapping[str, str]) -> Path:
    """The data folder of this call. Raises InstallationError where none is named and no demo is here."""
    if given is not None:
        return given
    if environment.get("CUSTODY_DATA"):
        return Path(environment["CUSTODY_DATA"])
    if (DEMO_FOLDER / CONFIG).exists():
        return DEMO_FOLDER
    raise InstallationError(
        "No data folder: name one with --data FOLDER or CUSTODY_DATA, or make one with 'custody init --data FOLDER'."
    )


def read_configuration(data: Path) -> Configuration:
    """The configuration of a data folder. Raises InstallationError naming file and key."""
    path = data / CONFIG
    try:
        document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InstallationError(f"{path} does not exist: make the folder with 'custody init --data {data}'.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InstallationError(f"{path} cannot be read: {error}") from error
    database = dict(document.pop("database", {}))
    demo = bool(document.pop("demo", False))
    limits = document.pop("limits", {})
    sections = document.pop("printer", [])
    days, quiet, mail = document.pop("calendar", {}), document.pop("quiet", {}), document.pop("mail", None)
    if not isinstance(limits, dict):
        raise InstallationError(f"{path}: limits must be a section, [limits]")
    unknown = set(database) - {"url"}
    if unknown:
        raise InstallationError(f"{path}: database.{unknown.pop()} is not known; known is url")
    try:
        bounds = limits_from(limits)
        scheme = scheme_from(document)
        printers = printers_from(sections)
        at_work = AtWork(calendar_from(days, _calendar_file(days, data)), hours_from(quiet))
        relay = relay_from(mail, data)
    except (SchemeInvalid, LimitsInvalid, PrinterInvalid, CalendarInvalid, MailInvalid) as error:
        raise InstallationError(f"{path}: {error}") from error
    url = database.get("url") or f"sqlite:///{(data / 'custody.sqlite').resolve()}"
    return Configuration(scheme, str(url), demo, bounds, printers, at_work, relay)


def _calendar_file(section: Any, data: Path) -> str | None:
    """What the organisation's own calendar holds; None where none is named. Raises CalendarInvalid."""
    name = section.get("file") if isinstance(section, dict) else None
    if not isinstance(name, str) or not name:
        return None
    try:
        return (data / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CalendarInvalid(f"calendar.file: {data / name} cannot be read ({error}); it is UTF-8 text") from error


def open_database(data: Path, *, read_only: bool = False) -> tuple[Configuration, Database]:
    """The database of a data folder. Raises InstallationError, or what Database.open raises."""
    configuration = read_configuration(data)
    return configuration, Database.open(configuration.database_url, read_only=read_only)


def nonce() -> str:
    """16 random bytes in hexadecimal, for a ledger leaf."""
    return secrets.token_hex(16)


def open_books(data: Path, clock: Clock, *, read_only: bool = False) -> tuple[Configuration, Database, Books]:
    """Database and books of a data folder, migrated to this version unless read-only."""
    configuration, database = open_database(data, read_only=read_only)
    if not read_only:
        database.migrate()
    try:
        key = ledger_key(data, configuration.scheme.ledger_origin, database)
    except InstallationError:
        database.close()
        raise
    return configuration, database, Books(database, configuration.scheme, clock, nonce, key)


def ledger_key(data: Path, origin: str, database: Database) -> LedgerKey:
    """The key of a data folder, which must be the one that the ledger names last.

    A change of key that was broken off after the ledger was told is finished here. Raises InstallationError.
    """
    wanted = _named_key(database)
    try:
        following = LedgerKey.load(data / NEXT_KEY, origin) if (data / NEXT_KEY).exists() else None
        if following is not None and following.public == wanted:
            move_key(data / NEXT_KEY, data / KEY)
        key = LedgerKey.load(data / KEY, origin)
    except FileNotFoundError as error:
        raise InstallationError(
            f"{data / KEY} is not there: put the ledger's key back from where it is kept; if it is lost for good, two "
            "administrators begin a new one with 'custody ledger replace-lost-key' (see docs/how-to/keys.md)."
        ) from error
    except (KeyUnusable, OSError) as error:
        raise InstallationError(str(error)) from error
    if wanted not in (None, key.public):
        raise InstallationError(
            f"{data / KEY} is not the key that the ledger names since it was changed ({wanted}): put that one there."
        )
    return key


def _named_key(database: Database) -> VerifierKey | None:
    """The key that the ledger names last; None while the first one was never changed."""
    try:
        with database.reading() as connection:
            return key_history.ruling(connection)
    except (EntryInvalid, Broken) as error:
        if database.read_only:
            return None  # so that it can be looked into
        raise InstallationError(
            f"the entry that names the ledger's key cannot be read ({error}): somebody changed it. Look into it with "
            "'custody rebuild --check', and restore the last backup."
        ) from error


def open_services(data: Path, clock: Clock) -> Services:
    """Everything that the server needs, its watch not yet started."""
    configuration, database, books = open_books(data, clock)
    return Services(
        database=database,
        books=books,
        scheme=configuration.scheme,
        clock=clock,
        bulletin=Bulletin(),
        watch=None,
        data=data,
        demo=configuration.demo,
        limits=configuration.limits,
        printers=configuration.printers,
        at_work=configuration.at_work,
        relay=configuration.relay,
    )


def create_folder(data: Path, configuration_text: str) -> None:
    """A new data folder with its configuration and ledger key. Raises InstallationError if one is there."""
    if (data / CONFIG).exists():
        raise InstallationError(f"{data} already holds an installation; nothing was changed.")
    data.mkdir(parents=True, exist_ok=True)
    os.chmod(data, 0o700)
    (data / CONFIG).write_text(configuration_text, encoding="utf-8")
    configuration = read_configuration(data)
    LedgerKey.load_or_create(data / KEY, configuration.scheme.ledger_origin)
    AccountKey(data / ACCOUNT_KEY).create()


def with_database(text: str, url: str) -> str:
    """A configuration's text with this database and no other; without an URL: the embedded one of the folder."""
    kept: list[str] = []
    inside = False
    for line in text.splitlines():
        if line.lstrip().startswith("["):
            inside = line.split("#")[0].strip() == "[database]"
        if not inside:
            kept.append(line)
    head = [line for line in kept if line.strip()][:1]
    begins = kept.index(head[0]) + 1 if head and head[0].startswith("#") else 0
    section = ["", "[database]", f"url = {json.dumps(url)}", ""] if url else []
    # Keys that stand above the first section must stay there.
    first = next((at for at, line in enumerate(kept) if line.lstrip().startswith("[")), len(kept))
    at = max(begins, first)
    return "\n".join([*kept[:at], *section, *kept[at:]]).strip("\n") + "\n"
