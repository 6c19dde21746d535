"""Every scenario of `scenarios/`, told in a scene: it fires, is silent beside it, and ends as its kind says."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from custody.database import Database
from reconcile.checks import KINDS
from tests.builders import Archive, Ticking, books_on
from tests.reconcile.findings.scene import Scene, accounts_in
from tests.reconcile.findings.telling import Telling, stories

FOLDER = Path(__file__).parent / "scenarios"
STORIES = {
    f"{path.stem}-{number:02d}-{'+'.join(story.kinds)}": story
    for path in sorted(FOLDER.glob("*.txt"))
    for number, story in enumerate(stories(path), 1)
}


@pytest.fixture
def scene(archive_file: Path, tmp_path: Path) -> Iterator[Scene]:
    """The archive with its keepers; nothing taken in, nothing heard."""
    path = tmp_path / "custody.db"
    shutil.copyfile(archive_file, path)
    clock = Ticking()
    with Database.open(f"sqlite:///{path}") as opened:
        accounts_in(opened)
        yield Scene(opened, Archive(books_on(opened, clock, first_nonce=1_000)), clock)


OF_CLAUSES = ("direct_pass", "left_out_overnight", "never_met", "used_in_unprotected_place", "production_excess")
"""Told below, under the clause."""


@pytest.mark.parametrize("name", [name for name, story in STORIES.items() if not set(OF_CLAUSES) & set(story.kinds)])
def test_it_is_told_as_it_should_be(scene: Scene, name: str) -> None:
    story = STORIES[name]
    Telling(scene, story.kinds).tell(story)


def test_every_kind_is_told_in_a_scenario() -> None:
    assert set(KINDS) == {kind for story in STORIES.values() for kind in story.kinds}


def told(scene: Scene, kind: str, about: str = "") -> None:
    """The scenarios of this kind (whose heading begins so)."""
    for story in STORIES.values():
        if kind in story.kinds and story.about.startswith(about):
            Telling(scene, story.kinds).tell(story)
            return
    raise AssertionError(f"no scenario tells of {kind}: {about}")


# What the clauses ask to be detected. Each scenario has an act or a reading that nobody would know of without the rule.


def test_c_3_detect__a_folder_in_another_readers_room_or_brought_back_by_another(scene: Scene) -> None:
    told(scene, "direct_pass")


def test_f_1_detect__a_state_secret_heard_overnight_where_nothing_is_locked(scene: Scene) -> None:
    told(scene, "left_out_overnight")


def test_g_2_detect__met_by_nobody_and_nothing_and_no_destruction_recorded(scene: Scene) -> None:
    told(scene, "never_met")


def test_c_2_detect__in_use_where_nothing_is_protected(scene: Scene) -> None:
    told(scene, "used_in_unprotected_place")


def test_a_4_detect__more_copies_of_an_order_than_were_approved(scene: Scene) -> None:
    told(scene, "production_excess")


def test_e_1_detect__a_permit_of_another_over_not_begun_or_unused_covers_nothing(scene: Scene) -> None:
    told(scene, "unauthorised_removal", "a permit that does not")
