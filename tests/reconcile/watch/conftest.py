"""The scene of the findings, and a relay that takes or refuses what it is told to."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from custody.database import Database
from tests.builders import Archive, Ticking, books_on
from tests.reconcile.findings.scene import Scene, a_scene
from tests.reconcile.watch.relay import RelayServer


@pytest.fixture(scope="module")
def house(new_sqlite: Callable[[], str]) -> Path:
    """The archive with its keepers, in a file that is copied for each test."""
    url = new_sqlite()
    with Database.open(url) as opened:
        a_scene(opened)
    return Path(url.removeprefix("sqlite:///"))


@pytest.fixture
def scene(house: Path, tmp_path: Path) -> Iterator[Scene]:
    """The archive with its keepers, on SQLite."""
    shutil.copyfile(house, tmp_path / "custody.db")
    with Database.open(f"sqlite:///{tmp_path / 'custody.db'}") as opened:
        clock = Ticking()
        yield Scene(opened, Archive(books_on(opened, clock, first_nonce=10_000)), clock)


@pytest.fixture
def server() -> Iterator[RelayServer]:
    """A mail server on this machine."""
    with RelayServer() as running:
        yield running
