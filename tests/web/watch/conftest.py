"""A house with trouble in it, on SQLite; and an empty one on both engines."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from custody.database import Database
from tests.web.watch.house import House, Troubled, a_house, trouble


@pytest.fixture
def house(new_sqlite: Callable[[], str], tmp_path: Path) -> Iterator[House]:
    """The archive's people at their doors; nothing has happened yet."""
    with Database.open(new_sqlite()) as database:
        yield a_house(database, tmp_path)


@pytest.fixture
def house_on_both(database: Database, tmp_path: Path) -> House:
    """The same on both engines."""
    return a_house(database, tmp_path)


@pytest.fixture
def troubled(house: House) -> Troubled:
    """One finding of every kind."""
    return trouble(house.scene)
