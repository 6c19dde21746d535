"""The scenarios of the checks once more, on PostgreSQL: their selections are SQL."""

from collections.abc import Callable

import pytest

from custody.database import Database
from tests.reconcile.findings.scene import a_scene
from tests.reconcile.findings.telling import Telling
from tests.reconcile.findings.test_scenarios import STORIES

pytestmark = pytest.mark.prove


@pytest.mark.parametrize("name", STORIES)
def test_on_postgres_too(new_database_url: Callable[[str], str], name: str) -> None:
    with Database.open(new_database_url("postgresql")) as database:
        Telling(a_scene(database), STORIES[name].kinds).tell(STORIES[name])
