"""Databases for tests in which the engine is not what they are about."""

from collections.abc import Callable, Iterator

import pytest

from custody.database import Database


@pytest.fixture
def sqlite_database(new_sqlite: Callable[[], str]) -> Iterator[Database]:
    """A fresh migrated database on SQLite."""
    with Database.open(new_sqlite()) as opened:
        yield opened
