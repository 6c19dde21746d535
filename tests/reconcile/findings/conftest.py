"""The scene, on both engines."""

import pytest

from custody.database import Database
from tests.reconcile.findings.scene import Scene, a_scene


@pytest.fixture
def scene(database: Database) -> Scene:
    """The archive with its keepers; nothing taken in, nothing heard."""
    return a_scene(database)
