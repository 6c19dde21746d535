"""What the tests of the faces share: a front on SQLite, one on both engines, and a catalogue that forgives nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api import locale
from tests.builders import Archive
from tests.web.front import Front, a_front


@pytest.fixture(autouse=True)
def strict_catalogue() -> Iterator[None]:
    """A text that is missing fails the test instead of showing its key."""
    locale.be_strict()
    yield
    locale.be_strict(False)


@pytest.fixture
def front(sqlite_archive: Archive, tmp_path: Path) -> Front:
    """The application over an archive on SQLite."""
    return a_front(sqlite_archive, tmp_path)


@pytest.fixture
def front_on_both(archive: Archive, tmp_path: Path) -> Front:
    """The same, on both engines."""
    return a_front(archive, tmp_path)
