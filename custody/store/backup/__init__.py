"""Backups: made of one moment while the server runs, read back before they are called one, restored to either engine.

`form` says what a backup is, `tables` reads and fills a database, `container` is the file, `folder` what lies in a
folder of them, `noted` how the running server hears of it.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, text

from custody.database import Database, DatabaseTooNew
from custody.entries import EntryInvalid
from custody.ledger import Broken, Frontier, LedgerKey, VerifierKey, parse_key
from custody.scheme import Scheme
from custody.store import key_history, rebuild
from custody.store.backup import container, folder, tables
from custody.store.backup.container import BackupFailed, Identity
from custody.store.backup.folder import Said
from custody.store.backup.form import BackupBroken, Header, Outside, Shape, Stream, write
from custody.store.schema import LEDGER_STATE
from custody.values import Instant

__all__ = [
    "BackupBroken",
    "BackupFailed",
    "Header",
    "Made",
    "Outside",
    "Restored",
    "check",
    "copy",
    "make",
    "one_file",
    "prove",
    "restore",
    "room_needed",
    "try_out",
]

PROBLEMS_MAX = 50
Finish = Callable[[Connection, Header], None]
"""What is done in the transaction of a restoration, after everything is in."""


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made and read back. `opens_with`: keys in memory that read this one file, and no other."""

    path: Path
    said: Said
    opens_with: tuple[Identity, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored. `rolled_back`: the checkpoint kept outside is of a later position than the backup."""

    header: Header
    files: Mapping[str, bytes]
    rows: int
    rolled_back: bool
    authenticated: bool


def _header(connection: Connection, key: LedgerKey, now: Instant) -> Header:
    state = connection.execute(select(LEDGER_STATE)).one()
    try:
        root = Frontier.from_bytes(state.size, bytes(state.frontier)).root()
    except Broken as error:
        raise BackupBroken(f"the ledger's state is not sound: {error}") from error
    shapes = tables.shapes(connection)
    return Header(
        made_at=now,
        version=tables.version(connection),
        origin=key.origin,
        key=key.vkey(),
        size=state.size,
        checkpoint=key.sign(state.size, root),
        tables=shapes,
        series=tables.series(connection, shapes),
    )


def room_needed(database: Database) -> int:
    """Bytes that a backup of this database may need, and a restoration: not more than the database itself has."""
    with database.reading() as connection:
        if database.dialect == "postgresql":
            asked = "SELECT pg_database_size(current_database())"
            return int(connection.execute(text(asked)).scalar_one())
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        return int(pages) * int(connection.execute(text("PRAGMA page_size")).scalar_one())


def make(
    database: Database,
    key: LedgerKey,
    into: Path,
    now: Instant,
    files: Mapping[str, bytes],
    recipients: Sequence[Any] = (),
) -> Made:
    """A backup of the database as it is at one moment, while others go on writing; read back whole before it has its
    name. To be called within `container.alone`. Raises BackupFailed, BackupBroken; then there is none.
    """
    # Compressed it is a tenth of the database or less; a quarter where nothing repeats itself.
    container.require_room(into, room_needed(database) // 4, "a backup")
    passing = container.passing_identity()
    sealed_to = [*recipients, passing.to_public()] if recipients else []
    # One transaction: everything in it is of one position.
    with database.reading() as connection:
        header = _header(connection, key, now)
        path = into / folder.name_of(now, header.size, encrypted=bool(recipients))
        if path.exists():
            raise BackupFailed(f"{path} is already there; nothing was done")
        part = container.part_of(path)
        rows = ((shape, tables.rows(connection, shape)) for shape in header.tables)
        written = container.write_file(part, write(header, rows, files, key), sealed_to)
    try:
        if container.digest_of_file(part) != written:
            raise BackupFailed(f"{into}: what is read back is not what was written; the disk is not sound")
        prove(part, [passing], [key.public])
        said = Said(
            name=path.name,
            made_at=now,
            origin=key.origin,
            version=header.version,
            size=header.size,
            rows=sum(shape.rows for shape in header.tables),
            bytes=written.bytes,
            sha256=written.sha256,
            recipients=len(recipients),
        )
        folder.say(path, said, key)
        container.settle(part, path)
    finally:
        part.unlink(missing_ok=True)
    return Made(path, said, (passing,))


@contextmanager
def _opened(
    path: Path, identities: Sequence[Identity], keys: Sequence[VerifierKey], outside: Outside | None = None
) -> Iterator[Stream]:
    with container.read_file(path, identities) as source:
        yield Stream(source, keys, outside)


def prove(path: Path, identities: Sequence[Identity], keys: Sequence[VerifierKey] = ()) -> Header:
    """Read a backup whole: counts, digests, the tree of its entries, signatures. Raises BackupBroken, BackupFailed."""
    with _opened(path, identities, keys) as stream:
        for _shape, rows in stream.tables():
            for _row in rows:
                pass
        return stream.header


def restore(
    path: Path,
    identities: Sequence[Identity],
    database: Database,
    finish: Finish,
    keys: Sequence[VerifierKey] = (),
    outside: Outside | None = None,
) -> Restored:
    """Fill an empty database from a backup, of this version or an older one, in one transaction; it is migrated to
    this version in the end.

    Every table is read again and compared before anything is kept. Raises BackupBroken, BackupFailed, DatabaseTooNew.
    """
    with database.reading() as connection:
        if not tables.is_empty(connection):
            raise BackupFailed("the database is not empty; a backup is restored into an empty one only")
    # Read whole before anything is made of it: what is broken or forged costs nothing but the reading.
    prove(path, identities, keys)
    with _opened(path, identities, keys, outside) as stream:
        header = stream.header
        _migrate(database, header.version)
        with database.writing() as connection:
            _fill(connection, header, stream.tables())
            rolled_back = outside is not None and outside.rolled_back()
            _compare(connection, header.tables, stream.digests)
            if database.known_head() == header.version:
                finish(connection, header)
        if database.known_head() != header.version:
            database.migrate()
            with database.writing() as connection:
                finish(connection, header)
    rows = sum(shape.rows for shape in header.tables)
    return Restored(header, stream.files, rows, rolled_back, stream.authenticated)


def _migrate(database: Database, version: str) -> None:
    try:
        database.migrate(version)
    except DatabaseTooNew:
        raise
    except KeyError as error:
        raise DatabaseTooNew(
            f"the backup is of version {version}, which this program does not know; use the program that wrote it, "
            "or a later one"
        ) from error


Tables = Iterator[tuple[Shape, Iterator[tuple[Any, ...]]]]


def _fill(connection: Connection, header: Header, found: Tables) -> None:
    tables.emptied(connection, header.tables)
    for shape, rows in found:
        tables.fill(connection, shape, rows)
    tables.set_series(connection, header.tables, dict(header.series))


def _compare(connection: Connection, shapes: Sequence[Shape], digests: Mapping[str, Mapping[str, object]]) -> None:
    """Every table, read again, is what was written. Raises BackupBroken."""
    wrong = [shape.name for shape in shapes if tables.digest_of(connection, shape) != digests[shape.name]]
    if wrong:
        raise BackupBroken(f"read again, these tables are not what the backup holds: {', '.join(wrong)}")


def one_file(path: Path) -> None:
    """Bring an SQLite database that nobody has open into its one file, on the disk when this returns."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        busy, _pages, _moved = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.close()
    if busy:
        raise BackupFailed(f"{path} is in use; do it again when nobody has it open")
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy(source: Database, target: Database, finish: Finish, key: LedgerKey, now: Instant) -> Header:
    """Copy a database into an empty one of either engine, in one transaction each, and compare every table.

    `source` must be locked against writers. Raises BackupBroken, BackupFailed.
    """
    with target.reading() as connection:
        if not tables.is_empty(connection):
            raise BackupFailed("the other database is not empty; nothing was copied")
    digests: dict[str, dict[str, object]] = {}
    with source.reading() as reading:
        header = _header(reading, key, now)
        target.migrate(header.version)
        with target.writing() as connection:
            _fill(connection, header, tables.copied(reading, header.tables, digests))
            _compare(connection, header.tables, digests)
            finish(connection, header)
    return header


def try_out(
    path: Path,
    identities: Sequence[Identity],
    database: Database,
    scheme_of: Callable[[Mapping[str, bytes]], Scheme],
    keys: Sequence[VerifierKey] = (),
) -> tuple[Header, list[str]]:
    """Restore a backup into a database made for it, and everything that is wrong with it.

    Raises BackupBroken, BackupFailed, DatabaseTooNew where it cannot even be restored.
    """
    found = restore(path, identities, database, lambda _connection, _header: None, keys)
    return found.header, check(database, scheme_of(found.files), parse_key(found.header.key))


def check(database: Database, scheme: Scheme, key: VerifierKey) -> list[str]:
    """Everything that is wrong with a restored or copied database; empty where it is sound."""
    problems: list[str] = []
    with database.reading() as connection:
        if database.dialect == "sqlite":
            sound = connection.execute(text("PRAGMA integrity_check(10)")).scalars().all()
            problems += [f"the engine's own check: {one}" for one in sound if one != "ok"]
            loose = connection.execute(text("PRAGMA foreign_key_check"))
            problems += [f"a row of {row[0]} refers to nothing" for row in loose]
        try:
            keys = key_history.known_keys(connection, key)
        except (EntryInvalid, Broken):
            # A change of key that cannot be read is itself a difference, and told by its entry.
            keys = (key,)
        problems += rebuild.differences(connection, scheme, keys)
    return problems[:PROBLEMS_MAX]
