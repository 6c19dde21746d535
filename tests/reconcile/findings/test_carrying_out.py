"""Permits and the portal: who may leave, and what is said of a carrier that is outside by right (clause e.1)."""

import pytest

from custody.values import DAY, SECOND
from tests.custody.carrying_out.scene import Scene as Permit
from tests.custody.carrying_out.scene import a_permit
from tests.reconcile.findings.scene import GROUNDS, Scene

LEFT = "unauthorised_removal"


def a_loan_under_a_permit(scene: Scene, mode: str) -> tuple[Permit, int]:
    """A carrier on loan to Chen, for which he has an approved permit."""
    carrier = scene.archive.carrier()
    permit = a_permit(scene.archive, carrier, mode=mode).approved()
    scene.archive.borrow(carrier, "chen", 5)
    scene.wait(60)
    return permit, carrier


@pytest.mark.parametrize(
    ("step", "found"),
    [("approved", [LEFT]), ("packed", []), ("let out", []), ("brought back", [LEFT])],
)
def test_e_1_detect__a_permit_alone_opens_no_portal(sqlite_scene: Scene, step: str, found: list[str]) -> None:
    """Given a carrier with a permit, then it may pass once it was packed or let out, and not before or after."""
    scene = sqlite_scene
    permit, carrier = a_loan_under_a_permit(scene, "portal")
    if step == "packed":
        permit.packs(carrier)
    if step in ("let out", "brought back"):
        permit.lets_out(carrier)
    if step == "brought back":
        permit.takes_back(carrier)
    scene.wait(60)
    scene.passes(carrier)
    scene.check()
    assert scene.kinds() == found


@pytest.mark.parametrize(("days", "found"), [(2.9, []), (3.1, [LEFT])])
def test_e_1_detect__packed_it_leaves_within_the_window_alone(
    sqlite_scene: Scene, days: float, found: list[str]
) -> None:
    scene = sqlite_scene
    permit, carrier = a_loan_under_a_permit(scene, "portal")
    permit.packs(carrier)
    scene.ticking.days(days)
    scene.passes(carrier)
    scene.check(LEFT)
    assert scene.kinds() == found


def test_e_1_detect__a_passage_before_it_was_packed(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    permit, carrier = a_loan_under_a_permit(scene, "portal")
    scene.passes(carrier, seconds_ago=30)
    permit.packs(carrier)
    scene.check(LEFT)
    assert scene.kinds() == [LEFT]


@pytest.mark.parametrize("entered", [False, True], ids=["before it is entered", "after it is entered"])
def test_what_is_outside_by_right_is_in_no_wrong_place(sqlite_scene: Scene, entered: bool) -> None:
    """Given a carrier that left by the portal as permitted, when it is believed outside, then nothing is found."""
    scene = sqlite_scene
    permit, carrier = a_loan_under_a_permit(scene, "portal")
    permit.packs(carrier)
    scene.wait(60)
    left_at = scene.now
    scene.wait(600)
    if entered:
        permit.leaves_by_portal(carrier, happened_at=left_at)
    scene.heard(carrier, GROUNDS, seconds=600, strength="probable")
    assert not scene.check().opened
    # Past the window, what was packed and never entered is where it should not be.
    scene.wait(3 * DAY / SECOND)
    opened = scene.check("used_in_unprotected_place").opened
    assert bool(opened) is not entered
