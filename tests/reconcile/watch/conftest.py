"""The scene of the findings, and a relay that takes or refuses what it is told to."""

from collections.abc import Iterator

import pytest

from tests.reconcile.findings.scene import Scene
from tests.reconcile.watch.relay import RelayServer


@pytest.fixture
def scene(sqlite_scene: Scene) -> Scene:
    """The archive with its keepers, on SQLite."""
    return sqlite_scene


@pytest.fixture
def server() -> Iterator[RelayServer]:
    """A mail server on this machine."""
    with RelayServer() as running:
        yield running
