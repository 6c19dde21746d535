"""What a device did without a network: taken in its order, each event once; what is not delivered waits for a clerk."""

import hashlib

import pytest

from custody.access import Role
from custody.rules import NotFound, Refused
from custody.values import SECOND
from reconcile import rounds
from reconcile.rounds import Event, HandOver, Replayed
from reconcile.store import hand_overs
from tests.builders import CLERK, CLERK_2, PEOPLE, SHELF_2, Archive, epc_of, subject
from tests.reconcile.findings.scene import Scene, a_scene
from tests.reconcile.rounds.sweeping import Sweep, a_sweep

DEVICE = "d-0badcafe"


@pytest.fixture
def scene(sqlite_archive: Archive) -> Scene:
    return a_scene(sqlite_archive.books.database)


def done(sweep: Sweep, *events: Event) -> list[Replayed]:
    """What the device sends at once."""
    with sweep.scene.database.writing() as connection:
        return rounds.replay(connection, CLERK, sweep.number, events)


def scanned(scene: Scene, name: str, code: str, after_seconds: int = 0) -> Event:
    """A scan under an identifier of the device."""
    return Event(f"{DEVICE}-{name}", code=code, at=scene.now + after_seconds * SECOND)


def test_what_was_done_is_taken_in_its_order_and_sent_again_changes_nothing(scene: Scene) -> None:
    one, two, three = scene.archive.carriers(3)
    sweep = a_sweep(scene)
    events = (
        scanned(scene, "1", epc_of(one)),
        scanned(scene, "2", epc_of(two)),
        Event(f"{DEVICE}-3", "undo", f"{DEVICE}-2", scene.now),
        scanned(scene, "4", epc_of(three)),
        scanned(scene, "5", epc_of(one)),
    )
    first = done(sweep, *events)
    assert [one.scan.outcome if one.scan else one.undone for one in first] == [
        *("new", "new", f"{DEVICE}-2", "new", "repeated"),
    ]
    counts = sweep.counts()
    assert counts == {"present": 2, "missing": 1}
    again = done(sweep, *events)
    assert {one.scan.outcome for one in again if one.scan} == {"replayed"}
    assert sweep.counts() == counts


def test_a_taking_back_that_names_no_scan_takes_back_one_however_often_it_is_sent(scene: Scene) -> None:
    one, two = scene.archive.carriers(2)
    sweep = a_sweep(scene)
    done(sweep, scanned(scene, "1", epc_of(one)), scanned(scene, "2", epc_of(two)))
    undo = Event(f"{DEVICE}-3", "undo", "", scene.now)
    assert [done(sweep, undo)[0].code for _ in range(3)] == [epc_of(two)] * 3
    assert sweep.counts() == {"present": 1, "missing": 1}


def test_one_that_is_refused_hinders_no_other(scene: Scene) -> None:
    one, two, three = scene.archive.carriers(3)
    sweep = a_sweep(scene)
    found = done(
        sweep,
        scanned(scene, "1", epc_of(one)),
        Event(f"{DEVICE}-2", code=epc_of(two), at=scene.now, means="eye"),
        Event(f"{DEVICE}-3", "undo", f"{DEVICE}-never-arrived", scene.now),
        scanned(scene, "4", epc_of(three)),
    )
    assert [one.refusal.code if one.refusal else "" for one in found] == ["", "text_missing", "", ""]
    assert sweep.counts() == {"present": 2, "missing": 1}


def test_of_a_sweep_that_rests_what_was_scanned_before_counts(scene: Scene) -> None:
    one, two = scene.archive.carriers(2)
    sweep = a_sweep(scene)
    with scene.database.writing() as connection:
        rounds.pause(connection, CLERK, sweep.number, "pause", "", scene.now + 10 * SECOND)
    found = done(sweep, scanned(scene, "1", epc_of(one), 5), scanned(scene, "2", epc_of(two), 20))
    assert [one.refusal.code if one.refusal else "" for one in found] == ["", "round_paused"]
    assert sweep.counts() == {"present": 1, "missing": 1}


def handed(scene: Scene, sweep: Sweep, *events: Event) -> int:
    """They were handed to a clerk."""
    given = HandOver(sweep.number, DEVICE, CLERK.person, "network", "round_closed", events)
    with scene.database.writing() as connection:
        return rounds.hand_over(connection, CLERK, given, scene.now)[0]


def test_what_was_handed_over_counts_when_a_clerk_enters_it_as_scans_of_who_made_them(scene: Scene) -> None:
    one, two = scene.archive.carriers(2)
    sweep = a_sweep(scene)
    done(sweep, scanned(scene, "1", epc_of(one)))
    # Given: one of them had arrived after all, and the same is handed over twice
    events = (scanned(scene, "1", epc_of(one)), scanned(scene, "2", epc_of(two)))
    number = handed(scene, sweep, *events)
    assert handed(scene, sweep, *reversed(events)) == number
    assert sweep.counts() == {"present": 1, "missing": 1}, "it waits"
    # When
    with scene.database.writing() as connection:
        entered = rounds.enter(connection, CLERK_2, CLERK, number, sweep.number, scene.now)
    # Then
    assert (entered.new, entered.repeated) == (1, 1)
    assert sweep.counts() == {"present": 2}
    assert {line.by for line in sweep.state().present} == {CLERK.person}
    with scene.database.writing() as connection:
        with pytest.raises(Refused, match="hand_over_settled"):
            rounds.enter(connection, CLERK, CLERK, number, sweep.number, scene.now)
        with pytest.raises(Refused, match="hand_over_settled"):
            rounds.put_aside(connection, CLERK, number, "again", scene.now)


def test_into_another_sweep_only_what_was_scanned_since_its_opening(scene: Scene) -> None:
    one, two = scene.archive.carriers(2)
    sweep = a_sweep(scene)
    number = handed(scene, sweep, scanned(scene, "1", epc_of(one), -3_600), scanned(scene, "2", epc_of(two), 30))
    rounds.abandon(scene.database, CLERK, sweep.number, "interrupted", scene.now)
    with scene.database.writing() as connection, pytest.raises(Refused, match="round_closed"):
        rounds.enter(connection, CLERK, CLERK, number, sweep.number, scene.now)
    later = a_sweep(scene)
    with scene.database.writing() as connection:
        entered = rounds.enter(connection, CLERK, CLERK, number, later.number, scene.now)
    assert (entered.new, entered.older) == (1, 1)
    assert later.counts() == {"present": 1, "missing": 1}


def test_put_aside_it_counts_nowhere_and_says_why(scene: Scene) -> None:
    (one,) = scene.archive.carriers(1)
    sweep = a_sweep(scene)
    number = handed(scene, sweep, scanned(scene, "1", epc_of(one)))
    with scene.database.writing() as connection:
        with pytest.raises(Refused, match="text_missing"):
            rounds.put_aside(connection, CLERK, number, " ", scene.now)
        rounds.put_aside(connection, CLERK, number, "scanned by mistake", scene.now)
        (row,) = hand_overs.listed(connection, CLERK, False, 10)
    assert (row.outcome, row.note, row.taken_by) == ("aside", "scanned by mistake", CLERK.person)
    assert sweep.counts() == {"missing": 1}


def test_what_was_handed_over_of_a_sweep_that_somebody_must_not_know_of_is_not_there(scene: Scene) -> None:
    (one,) = scene.archive.carriers(1)
    sweep = a_sweep(scene)
    number = handed(scene, sweep, scanned(scene, "1", epc_of(one)))
    low = subject("ma", Role.CLERK)
    assert low.person == PEOPLE["ma"], "cleared to confidential"
    with scene.database.writing() as connection:
        assert hand_overs.waiting(connection, CLERK) == 1
        assert (hand_overs.waiting(connection, low), hand_overs.listed(connection, low, True, 10)) == (0, [])
        with pytest.raises(NotFound):
            rounds.put_aside(connection, low, number, "gone", scene.now)


def test_the_sheet_holds_numbers_and_hashes_and_says_who_was_met(scene: Scene) -> None:
    one, two = scene.archive.carriers(2)
    lent, there = scene.archive.carriers(2, place=SHELF_2)
    scene.archive.borrow(lent, "chen")
    sweep = a_sweep(scene)
    sweep.scan(epc_of(two))
    with scene.database.reading() as connection:
        sheet = rounds.sheet_of(connection, sweep.state(), "salt")
    assert (sheet.met.marks, [line.expected for line in sheet.lines]) == ("010", ["here"] * 3 + ["on_loan"])
    assert [line.tags for line in sheet.lines[:2]] == [(hashed_tag(one),), (hashed_tag(two),)]
    assert sheet.lines[2].place == SHELF_2
    assert sheet.lines[3].number.endswith(f"{lent:05d}")
    assert not any(epc_of(carrier) in repr(sheet) for carrier in (one, two, lent, there))
    assert sheet.shelf == "", "a cabinet is no single shelf"


def hashed_tag(carrier: int) -> str:
    """What stands for a carrier's tag."""
    return hashlib.sha256(f"salt{epc_of(carrier)}".encode()).hexdigest()[:16]
