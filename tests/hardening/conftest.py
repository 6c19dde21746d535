"""The fronts of the web tests, for the tests of what stands around them."""

from pathlib import Path

import pytest

from tests.builders import Archive
from tests.web.front import Front, a_front


@pytest.fixture
def front(sqlite_archive: Archive, tmp_path: Path) -> Front:
    """The application over an archive on SQLite."""
    return a_front(sqlite_archive, tmp_path)
