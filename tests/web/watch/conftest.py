"""A house with trouble in it, on SQLite; and an empty one on both engines."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from custody.database import Database
from tests.reconcile.findings.scene import Kept, Scene
from tests.web.watch.house import House, Troubled, a_house, house_over, trouble, with_accounts


@pytest.fixture(scope="session")
def quiet(new_sqlite: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Kept[None]:
    """The archive's people with accounts, in a file to be copied; nothing has happened yet."""
    return Kept.after(with_accounts, new_sqlite(), tmp_path_factory.mktemp("quiet"))


@pytest.fixture(scope="session")
def in_trouble(new_sqlite: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Kept[Troubled]:
    """The same, when one finding of every kind has been opened."""

    def happens(scene: Scene) -> Troubled:
        with_accounts(scene)
        return trouble(scene)

    return Kept.after(happens, new_sqlite(), tmp_path_factory.mktemp("trouble"))


@pytest.fixture
def house(request: pytest.FixtureRequest, new_file: Callable[[Path], str], tmp_path: Path) -> Iterator[House]:
    """The archive's people at their doors; nothing has happened yet, but where the test asks for trouble."""
    wanted = "in_trouble" if "troubled" in request.fixturenames else "quiet"
    kept: Kept[object] = request.getfixturevalue(wanted)
    with Database.open(new_file(kept.file)) as database:
        yield house_over(kept.again(database), tmp_path)


@pytest.fixture
def house_on_both(database: Database, tmp_path: Path) -> House:
    """The same on both engines."""
    return a_house(database, tmp_path)


@pytest.fixture
def troubled(house: House, in_trouble: Kept[Troubled]) -> Troubled:
    """One finding of every kind in the house."""
    assert house.scene.now == in_trouble.at
    return in_trouble.told
