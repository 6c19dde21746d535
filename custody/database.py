"""The one door to the database: SQLite for an office, PostgreSQL by URL for a department.

SQLite: WAL, synchronous=FULL (an acknowledged row survives a power cut), foreign keys, no trusted schema, and
`BEGIN IMMEDIATE` for every write. One process writes: it holds the lock file beside the database, a second
writer is refused; any number may read. Within the process, writers take turns by a lock.
PostgreSQL: reading is a read-only repeatable-read transaction, so a page agrees with itself.
"""

import fcntl
import os
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import alembic.command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.pool import QueuePool

_BUSY_TIMEOUT_MILLISECONDS = 15_000
_READERS_MAX = 20
_MIGRATION_LOCK = 0x6375_7374_6F64_79
"""Key of the PostgreSQL advisory lock under which one server migrates ("custody")."""


class DatabaseError(Exception):
    """The database cannot be used as asked; the message says what to do."""


class DatabaseInUse(DatabaseError):
    """Another process writes this SQLite database."""


class DatabaseTooNew(DatabaseError):
    """The database was migrated by a later version of the product."""


class DatabaseTooOld(DatabaseError):
    """The database lacks migrations of this version."""


class ReadOnly(DatabaseError):
    """The database was opened for reading only."""


class StorageFull(DatabaseError):
    """The disk takes nothing more; nothing of the transaction is kept, and the same may succeed later."""


class DatabaseAway(DatabaseError):
    """PostgreSQL does not answer, or went away in the middle: whether a change was kept must be looked up."""


class Wall(Protocol):
    """Behind which a person's queries are answered: see `custody.store.walls`."""

    @property
    def context(self) -> str:
        """Who stands before it; empty: nobody."""

    def build(self, driver: sqlite3.Connection, standing: Callable[[], str | None]) -> None:
        """Put the wall up on a fresh connection of SQLite."""

    def stand(self, connection: Connection) -> None:
        """Stand before the wall of PostgreSQL until the transaction ends."""


class Database:
    """An open database. Use `Database.open`; `close` when done (also a context manager)."""

    def __init__(self, url: URL, reader: Engine, walled: Engine, writer: Engine | None, lock_file: int | None) -> None:
        self.url = url
        self._reader = reader
        self._walled = walled
        self._writer = writer
        self._lock_file = lock_file
        self._turn = threading.Lock()
        self._writing_thread: int | None = None

    @classmethod
    def open(cls, url: str, *, read_only: bool = False) -> "Database":
        """Open `sqlite:///FILE` or `postgresql://…`. Raises DatabaseError with what to do."""
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise DatabaseError(f"{url!r} is no database URL; use sqlite:///FILE or postgresql://…") from error
        if parsed.get_backend_name() == "sqlite":
            return cls._open_sqlite(parsed, read_only)
        if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
            return cls._open_postgresql(parsed.set(drivername="postgresql+psycopg"), read_only)
        raise DatabaseError(f"{parsed.drivername} is not supported; use sqlite:///FILE or postgresql://…")

    @classmethod
    def _open_sqlite(cls, url: URL, read_only: bool) -> "Database":
        if not url.database or url.database == ":memory:":
            raise DatabaseError("a database in memory keeps nothing; name a file: sqlite:///FILE")
        path = Path(url.database).absolute()
        if read_only and not path.exists():
            raise DatabaseError(f"there is no database {path}; create it with `custody init`")
        if not path.parent.is_dir():
            raise DatabaseError(f"there is no folder {path.parent} for the database; create it first")
        lock_file = None if read_only else _lock(path)
        url = url.set(database=str(path))
        writer = None if read_only else _sqlite_engine(path, writing=True)
        if writer is not None:
            # The file is made, and set to WAL, before anybody opens it for reading only.
            with writer.connect() as connection, connection.begin():
                connection.execute(text("SELECT 1"))
        return cls(url, _sqlite_engine(path, writing=False), _sqlite_walled(path), writer, lock_file)

    @classmethod
    def _open_postgresql(cls, url: URL, read_only: bool) -> "Database":
        engine = create_engine(
            url,
            pool_size=10,
            max_overflow=10,
            pool_pre_ping=True,
            hide_parameters=True,
            # So that a process knows its own connections among the others'.
            connect_args={"application_name": f"custody-{os.getpid()}-{secrets.token_hex(4)}"},
        )
        reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        try:
            with reader.connect():
                pass
        except OperationalError as error:
            engine.dispose()
            shown = url.render_as_string(hide_password=True)
            raise DatabaseError(f"PostgreSQL does not answer at {shown}: {error.orig}") from error
        return cls(url, reader, _postgresql_walled(reader), None if read_only else engine, None)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.url.get_backend_name()

    @property
    def read_only(self) -> bool:
        """Whether it was opened for reading only."""
        return self._writer is None

    @contextmanager
    def reading(self, wall: Wall | None = None) -> Iterator[Connection]:
        """A read-only transaction: everything read in it is of one moment. Raises DatabaseAway.

        With a `wall` nothing is found that is hidden from whoever it stands for, whatever is asked; without one
        everything is: for the books' own work, never for a page.
        """
        if wall is None:
            with self._said_clearly(), self._reader.connect() as connection, connection.begin():
                yield connection
            return
        with self._said_clearly(), self._walled.connect() as connection:
            connection.execution_options(**{_WALL: wall})
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes; committed at the end, rolled back where an exception leaves it.

        Raises ReadOnly, StorageFull, DatabaseAway. Not to be nested in one thread: hand the connection on instead
        (RuntimeError).
        """
        with self._said_clearly(), self._in_turn() as connection:
            yield connection

    @contextmanager
    def _said_clearly(self) -> Iterator[None]:
        """What a person can do something about is said in his words; everything else stays as it is."""
        try:
            yield
        except DBAPIError as error:
            where = self.url.database if self.dialect == "sqlite" else self.url.render_as_string(hide_password=True)
            if _is_full(error):
                raise StorageFull(
                    f"the disk of the database {where} takes nothing more ({error.orig}); nothing was changed: "
                    "make room and do it again"
                ) from error
            # Without a statement it was the connecting that failed.
            if self.dialect == "postgresql" and (error.connection_invalidated or error.statement is None):
                raise DatabaseAway(f"PostgreSQL does not answer at {where}: {error.orig}") from error
            raise

    @contextmanager
    def _in_turn(self) -> Iterator[Connection]:
        """The transaction of `writing`, one after another where the engine has one writer."""
        if self._writer is None:
            raise ReadOnly("the database is open for reading only; changes go through the running server")
        if self.dialect != "sqlite":
            with self._writer.begin() as connection:
                yield connection
            return
        if self._writing_thread == threading.get_ident():
            raise RuntimeError("this thread is writing already; hand its connection on")
        with self._turn:
            self._writing_thread = threading.get_ident()
            try:
                with self._writer.begin() as connection:
                    yield connection
            finally:
                self._writing_thread = None

    def migrate(self, revision: str = "head") -> None:
        """Bring the schema to this version, or to an older one.

        Raises DatabaseTooNew, and changes nothing then; KeyError for a version that this program does not know.
        """
        with self.writing() as connection:
            if self.dialect == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            config = _alembic_config()
            script = ScriptDirectory.from_config(config)
            _refuse_newer(connection, script)
            if revision not in {"head"} | {one.revision for one in script.walk_revisions()}:
                raise KeyError(revision)
            config.attributes["connection"] = connection
            alembic.command.upgrade(config, revision)

    @staticmethod
    def known_head() -> str:
        """The version of the schema that this program has."""
        return str(ScriptDirectory.from_config(_alembic_config()).get_current_head())

    def nobody_else(self) -> bool:
        """Whether nobody but this process is connected: on SQLite nobody who writes, which its lock sees to."""
        if self.dialect == "sqlite":
            return not self.read_only
        with self.reading() as connection:
            # Of another account's connections only their being there is shown.
            others = text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                "coalesce(backend_type, 'client backend') = 'client backend' AND "
                "coalesce(application_name, '') <> current_setting('application_name')"
            )
            return not connection.execute(others).scalar_one()

    def check_migrated(self) -> None:
        """Raises DatabaseTooOld or DatabaseTooNew unless the schema is of exactly this version."""
        script = ScriptDirectory.from_config(_alembic_config())
        with self.reading() as connection:
            _refuse_newer(connection, script)
            present = set(MigrationContext.configure(connection).get_current_heads())
        if present != set(script.get_heads()):
            raise DatabaseTooOld(
                f"the database is of version {', '.join(sorted(present)) or 'none'}, this program of "
                f"{', '.join(script.get_heads())}; start the server once, or `custody init`, to migrate it"
            )

    def close(self) -> None:
        """Give back connections and the writer's lock."""
        self._reader.dispose()
        self._walled.dispose()
        # Last: SQLite takes the log into the file when the last connection that may write goes.
        if self._writer is not None:
            self._writer.dispose()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def _lock(path: Path) -> int:
    """Hold the lock file beside the database; the kernel lets go of it when the process ends, however it ends."""
    beside = path.with_name(path.name + ".lock")
    descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise DatabaseInUse(
            f"{path} is being written by another process ({holder or 'unknown'}); stop the server first, "
            "or make the change through it"
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"pid {os.getpid()}\n".encode("ascii"), 0)
    return descriptor


def _sqlite_engine(path: Path, *, writing: bool) -> Engine:
    mode = "rwc" if writing else "ro"
    uri = f"{path.as_uri()}?mode={mode}"

    def connect() -> sqlite3.Connection:
        # Transactions are ours, not the driver's: isolation_level None leaves BEGIN and COMMIT alone.
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        for pragma in _PRAGMAS + (_PRAGMAS_WRITING if writing else _PRAGMAS_READING):
            connection.execute(f"PRAGMA {pragma}").close()
        return connection

    engine = create_engine(
        "sqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=1 if writing else 5,
        max_overflow=0 if writing else _READERS_MAX,
        # An error is logged with its statement; the values may be titles.
        hide_parameters=True,
    )
    begin = "BEGIN IMMEDIATE" if writing else "BEGIN"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> Any:
        connection.exec_driver_sql(begin)

    return engine


_WALL = "custody_wall"
"""The option of a connection under which its wall is kept, and the key of what stands before it on SQLite."""


def _sqlite_walled(path: Path) -> Engine:
    """Connections that nothing is read on but through a wall. Between transactions nobody stands before it."""
    engine = _sqlite_engine(path, writing=False)

    @event.listens_for(engine, "begin")
    def _stand(connection: Connection) -> None:
        wall: Wall | None = connection.get_execution_options().get(_WALL)
        known = connection.info
        if wall is None:
            raise RuntimeError("a walled connection without a wall")
        if _WALL not in known:
            known[_WALL] = None
            driver: Any = connection.connection.driver_connection
            # Outside the transaction that just began: rolled back, it would take the views with it.
            driver.rollback()
            wall.build(driver, lambda: known[_WALL])
            driver.execute("BEGIN").close()
        known[_WALL] = wall.context

    @event.listens_for(engine, "commit")
    @event.listens_for(engine, "rollback")
    def _leave(connection: Connection) -> None:
        connection.info[_WALL] = None

    @event.listens_for(engine, "checkin")
    def _left(_driver: Any, record: Any) -> None:
        if _WALL in record.info:
            record.info[_WALL] = None

    @event.listens_for(engine, "before_cursor_execute")
    def _no_plans(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        # How a query is answered tells the names behind the wall.
        if "explain" in statement[:200].lower():
            raise ReadOnly("no query is explained behind a wall")

    return engine


def _postgresql_walled(reader: Engine) -> Engine:
    """The same connections, each transaction on which stands before the wall from its very beginning."""
    engine = reader.execution_options()

    @event.listens_for(engine, "begin")
    def _stand(connection: Connection) -> None:
        wall: Wall | None = connection.get_execution_options().get(_WALL)
        if wall is None:
            raise RuntimeError("a walled connection without a wall")
        wall.stand(connection)

    return engine


_POSTGRESQL_DISK_FULL = "53100"


def _is_full(error: DBAPIError) -> bool:
    """Whether the disk is full, which besides SQLITE_FULL shows as an error of writing."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
    return getattr(error.orig, "sqlstate", None) == _POSTGRESQL_DISK_FULL


_PRAGMAS = (f"busy_timeout={_BUSY_TIMEOUT_MILLISECONDS}", "foreign_keys=ON", "trusted_schema=OFF")
_PRAGMAS_WRITING = ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536")
_PRAGMAS_READING = ("query_only=ON",)


def _alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", "custody:migrations")
    return config


def _refuse_newer(connection: Connection, script: ScriptDirectory) -> None:
    known = {revision.revision for revision in script.walk_revisions()}
    unknown = set(MigrationContext.configure(connection).get_current_heads()) - known
    if unknown:
        raise DatabaseTooNew(
            f"the database is of version {', '.join(sorted(unknown))}, which this program does not know; "
            "use the program that wrote it, or a later one"
        )
