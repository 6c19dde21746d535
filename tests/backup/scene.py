"""Archives to be backed up, and ways to compare what came out of a backup with what went in."""

from pathlib import Path
from typing import Any

from sqlalchemy import text

from api.installation import create_folder, open_books, open_database
from custody import clock
from custody.database import Database
from custody.ledger import LedgerKey
from custody.store.backup import tables
from reconcile.store import devices
from tests.builders import NOW, SCHEME, Archive, an_archive, books_on

MADE_AT = 1_795_000_000_000_000


def a_key(folder: Path, origin: str = SCHEME.ledger_origin, name: str = "") -> LedgerKey:
    """A ledger's key."""
    return LedgerKey.load_or_create(folder / (name or f"{origin}.key"), origin)


def contents(database: Database) -> dict[str, Any]:
    """Every table, row for row, as the engine gives it."""
    with database.reading() as connection:
        return {shape.name: list(tables.rows(connection, shape)) for shape in tables.shapes(connection)}


def a_bit_of_everything(database: Database) -> None:
    """Rows that engines tell differently: truths, floats, bytes, text that is no ASCII, nothing at all."""
    with database.writing() as connection:
        devices.create_device(connection, "读写器-1", devices.token_hash("token"), NOW)
        devices.create_device(connection, "读写器-2", devices.token_hash("another"), NOW)
        connection.execute(
            text(
                "INSERT INTO source (daemon, boot, acknowledged, ahead, first_received_at) "
                "VALUES ('读写器-1', 'b', 3, '[]', 9007199254740993)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO sighting (source, sequence, epc, reader, antenna, first_at, last_at, count, "
                "strongest_dbm, mean_dbm, received_at) VALUES (1, 1, 'E2', 'r\"\\', 1, 1, 2, 3, -51.1, "
                "-0.1, 4), (1, 2, 'E2', 'r\n2', 1, 1, 2, 3, NULL, -62.333333333333336, 4)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO presence (epc, strength, heard_at, reader, antenna, reads, state) "
                "VALUES ('E2', 'confirmed', 5, '', 0, 1, :state)"
            ),
            {"state": b'{"a":\x00\xff}'},
        )


CONFIGURATION = '# An installation.\n[organisation]\nledger_origin = "custody.backed-up"\n'


ORIGIN = "custody.backed-up"


def make_installation(data: Path, first_nonce: int = 1, carriers: int = 20) -> None:
    """A data folder with an archive in it; another nonce makes another history."""
    create_folder(data, CONFIGURATION)
    _configuration, database, _books = open_books(data, clock.now)
    with database:
        an_archive(books_on(database, first_nonce=first_nonce)).carriers(carriers)


def opened(data: Path) -> Archive:
    """The installation's archive, its database held as the server holds it: close `books.database` when done."""
    database = open_database(data)[1]
    return Archive(books_on(database, key=LedgerKey.load(data / "ledger.key", ORIGIN), first_nonce=50_000))
