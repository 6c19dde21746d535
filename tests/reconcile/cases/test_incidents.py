"""A top-secret carrier that is missing: an incident with its checklist and its clock."""

from dataclasses import replace

import pytest

from custody.entries.disposition import LossOpened, LossReported
from custody.rules import NotFound, Refused
from custody.values import SECOND
from reconcile import cases
from reconcile.cases.checklist import STEPS, Loss, Ticked, clock_of, standing
from tests.builders import CLERK, LEADER, SCHEME, SECRECY_OFFICE, SHELF
from tests.custody.disposition.scenes import lost_facts
from tests.reconcile.cases.test_cases import HOUR, gone, listed, one
from tests.reconcile.findings.scene import Scene

H = HOUR * SECOND


def incident(scene: Scene, number: str = "", state: str = "open") -> cases.Incident:
    """The incident there is."""
    found = cases.incident_of(one(scene, SECRECY_OFFICE, number, state), SCHEME)
    assert found is not None
    return found


def a_missing_secret(scene: Scene, level: str = "top_secret") -> int:
    """One carrier of this level that is not where the books have it."""
    carrier = scene.archive.carrier(level=level)
    gone(scene)
    return carrier


def declared(scene: Scene, carrier: int) -> int:
    """The clerk declares the loss; it was discovered two hours ago."""
    matter = scene.archive.matter()
    opened, *facts = lost_facts(scene.archive, matter, carrier)
    assert isinstance(opened, LossOpened)
    scene.archive.enter(CLERK, [replace(opened, level="top_secret"), *facts], "missing")
    return matter


@pytest.mark.parametrize(("level", "incidents"), [("top_secret", 1), ("secret", 0)])
def test_a_missing_top_secret_opens_one_and_a_secret_does_not(scene: Scene, level: str, incidents: int) -> None:
    a_missing_secret(scene, level)
    assert len(listed(scene, SECRECY_OFFICE, incidents=True)) == incidents
    if incidents:
        found = incident(scene)
        assert (found.clock.began_at, found.clock.due_at) == (scene.now, scene.now + 24 * H)
        assert [step.step.code for step in found.steps] == [step.code for step in STEPS]
        assert {step.mark for step in found.steps} == {"open"}


def test_its_steps_are_done_by_people_and_by_the_books(scene: Scene) -> None:
    carrier = a_missing_secret(scene)
    number, database, books = one(scene, SECRECY_OFFICE).item.number, scene.database, scene.archive.books
    began = scene.now
    scene.wait(HOUR)
    cases.tick(database, SCHEME, CLERK, number, "search_place", "done", "柜内及上下层", scene.now)
    with pytest.raises(Refused, match="text_missing"):
        cases.tick(database, SCHEME, CLERK, number, "check_portals", "not_applicable", "", scene.now)
    with pytest.raises(Refused, match="not_permitted"):
        cases.tick(database, SCHEME, CLERK, number, "report_authority", "done", "", scene.now)
    with pytest.raises(NotFound):
        cases.tick(database, SCHEME, CLERK, number, "no_such_step", "done", "", scene.now)
    # It clears when the loss is declared, and goes on as an incident with the clock of the declaration
    matter = declared(scene, carrier)
    scene.check("missing")
    found = incident(scene)
    marks = {step.step.code: step.mark for step in found.steps if step.mark != "open"}
    assert marks == {"search_place": "done", "declare_loss": "done"}
    assert found.clock.due_at != began + 24 * H
    assert found.clock.stopped_at is None
    with pytest.raises(Refused, match="step_by_books"):
        cases.tick(database, SCHEME, CLERK, number, "declare_loss", "open", "", scene.now)
    # Nobody concludes it before every step is done or does not apply
    with pytest.raises(Refused, match="steps_open"):
        cases.settle(database, books, SECRECY_OFFICE, number, "other", "查清", scene.now)
    scene.archive.enter(SECRECY_OFFICE, [LossReported(matter, "市保密局", "密报〔2026〕1号", scene.now)], "enquiry")
    assert incident(scene).clock.stopped_at == scene.now
    for step in incident(scene).steps:
        if step.mark == "open":
            cases.tick(database, SCHEME, SECRECY_OFFICE, number, step.step.code, "not_applicable", "同上", scene.now)
    with pytest.raises(Refused, match="not_permitted"):
        cases.settle(database, books, CLERK, number, "other", "查清", scene.now)
    cases.settle(database, books, SECRECY_OFFICE, number, "other", "查清", scene.now)
    assert one(scene, SECRECY_OFFICE, state="closed").item.state == "settled"


@pytest.mark.parametrize(("level", "incidents"), [("top_secret", 1), ("secret", 0)])
def test_a_loss_that_somebody_declares_opens_one_though_nothing_listened(
    scene: Scene, level: str, incidents: int
) -> None:
    """Given a place that nothing covers, when the clerk declares a loss, then it is an incident within the minute."""
    carrier = scene.archive.carrier(level=level)
    matter = declared(scene, carrier)
    scene.wait(60)
    assert len(scene.check("declared_lost").opened) == incidents
    assert len(listed(scene, SECRECY_OFFICE, incidents=True)) == incidents
    if incidents:
        found = incident(scene)
        assert [step.matter for step in found.steps if step.mark == "done"] == [matter]
        assert not scene.check("declared_lost")


def test_what_the_radio_missed_and_a_person_declared_is_one_incident(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    carrier = a_missing_secret(scene)
    number = one(scene, SECRECY_OFFICE).item.number
    matter = declared(scene, carrier)
    scene.wait(60)
    run = scene.check("missing", "declared_lost")
    assert (len(run.opened), len(run.cleared)) == (1, 1)
    (found,) = listed(scene, SECRECY_OFFICE, incidents=True)
    assert (found.number, found.state) == (number, "open")
    # And it ends when the carrier is found
    scene.archive.find(matter, carrier)
    assert len(scene.check("declared_lost").cleared) == 1
    assert one(scene, SECRECY_OFFICE, number).item.state == "over"


def test_found_again_it_is_not_over_by_itself(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    carrier = a_missing_secret(scene)
    scene.wait(2 * HOUR)
    scene.heard(carrier, SHELF)
    assert scene.check("missing").cleared
    assert one(scene, SECRECY_OFFICE).item.state == "over"
    assert incident(scene).clock.stopped_at == scene.now
    number = one(scene, SECRECY_OFFICE).item.number
    cases.enquire(scene.database, SECRECY_OFFICE, number, "谁动过", scene.now)
    with pytest.raises(Refused, match="not_permitted"):
        cases.enquire(scene.database, LEADER, number, "谁动过", scene.now)


LOSSES = """
declared 3 h after, not reported           | 3 27 -  no   | 3 27 -
two, one of them reported                  | 3 27 5  no ; 4 28 - no | 3 28 -
both reported                              | 3 27 5  no ; 4 28 9 no | 3 27 9
found before it had to be reported         | 3 27 -  yes  | 3 27 12
"""


@pytest.mark.parametrize("row", LOSSES.strip().splitlines())
def test_the_clock_is_that_of_the_loss_once_it_is_declared(row: str) -> None:
    _, losses, expected = (part.strip() for part in row.split("|"))

    def hours(text: str) -> int | None:
        return None if text == "-" else int(text) * H

    known = []
    for at, line in enumerate(losses.split(";")):
        began, due, reported, over = line.split()
        waiting = None if reported != "-" or over == "yes" else hours(due)
        known.append(Loss(at, f"DS-{at}", int(began) * H, waiting, hours(reported), over == "yes", over == "yes"))
    clock = clock_of(0, known, SCHEME, 12 * H)
    assert [clock.began_at, clock.due_at, clock.stopped_at] == [hours(one) for one in expected.split()]


def test_the_newest_mark_of_a_step_counts() -> None:
    clock = clock_of(0, (), SCHEME, None)
    ticked = [
        Ticked("ask_holders", mark, at, 1, "") for at, mark in enumerate(("done", "open", "not_applicable", "open"))
    ]
    for until, expected in ((1, "done"), (2, "open"), (3, "not_applicable"), (4, "open")):
        found = {step.step.code: step for step in standing(ticked[:until], (), clock)}
        assert found["ask_holders"].mark == expected
        assert found["ask_holders"].due_at == 2 * H
