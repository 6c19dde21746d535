"""A data folder: where it is, what its configuration says, how its services are opened.

The folder holds `custody.toml` (organisation, numbers, database), `ledger.key`, and by default the embedded
database. `--data` names it, else `CUSTODY_DATA`, else `./.demo` where the demo made one.
"""

import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.services import Services
from custody.clock import Clock
from custody.database import Database
from custody.ledger import LedgerKey
from custody.scheme import Scheme, SchemeInvalid, scheme_from
from custody.store.books import Books
from reconcile.bulletin import Bulletin

CONFIG = "custody.toml"
KEY = "ledger.key"
DEMO_FOLDER = Path(".demo")


class InstallationError(Exception):
    """The data folder cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What `custody.toml` says. `demo`: the folder was made by the demo and may be made anew."""

    scheme: Scheme
    database_url: str
    demo: bool = False


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
    unknown = set(database) - {"url"}
    if unknown:
        raise InstallationError(f"{path}: database.{unknown.pop()} is not known; known is url")
    try:
        scheme = scheme_from(document)
    except SchemeInvalid as error:
        raise InstallationError(f"{path}: {error}") from error
    url = database.get("url") or f"sqlite:///{(data / 'custody.sqlite').resolve()}"
    return Configuration(scheme, str(url), demo)


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
    key = LedgerKey.load(data / KEY, configuration.scheme.ledger_origin)
    return configuration, database, Books(database, configuration.scheme, clock, nonce, key)


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
