"""The scene, on both engines."""

from collections.abc import Callable, Iterator

import pytest

from custody.database import Database
from tests.reconcile.findings.scene import Scene, a_scene


@pytest.fixture
def scene(database: Database) -> Scene:
    """The archive with its keepers; nothing taken in, nothing heard."""
    return a_scene(database)


@pytest.fixture
def sqlite_scene(new_sqlite: Callable[[], str]) -> Iterator[Scene]:
    """The same on SQLite alone, where the engine is not what the test is about."""
    with Database.open(new_sqlite()) as opened:
        yield a_scene(opened)
