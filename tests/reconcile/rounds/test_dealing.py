"""What was done at the shelf about what does not agree: said by one tap, kept in the report, no act of the books."""

import pytest

from custody.life_cycle import Status
from custody.rules import NotFound, Refused
from custody.store import queries
from custody.values import SECOND
from reconcile import rounds
from reconcile.rounds import Event, Replayed
from tests.builders import CLERK, CLERK_2, SHELF_2, Archive, epc_of
from tests.reconcile.findings.scene import Scene, a_scene
from tests.reconcile.rounds.sweeping import Sweep, a_sweep

SHELF_PLACE = 5
STRANGER = "FFFF0000FFFF0000FFFF0000"


@pytest.fixture
def scene(sqlite_archive: Archive) -> Scene:
    return a_scene(sqlite_archive.books.database)


@pytest.fixture
def sweep(scene: Scene) -> Sweep:
    """A shelf of two; one of the next shelf, and a stranger's tag, were scanned on it."""
    scene.archive.carriers(2)
    scene.archive.carriers(1, place=SHELF_2)
    made = a_sweep(scene, SHELF_PLACE)
    made.scan(epc_of(3), STRANGER)
    return made


def tap(sweep: Sweep, name: str, code: str, what: str) -> Event:
    """One tap at the shelf."""
    return Event(f"d-0badcafe-{name}", "deal", code, sweep.scene.now + 5 * SECOND, reason=what)


def sent(sweep: Sweep, *events: Event) -> list[Replayed]:
    """What the device sends."""
    with sweep.scene.database.writing() as connection:
        return rounds.replay(connection, CLERK, sweep.number, events)


def dealt(sweep: Sweep) -> dict[int | str, str]:
    """What was done about what."""
    return {key: one.what for key, one in sweep.state().dealt_with.items()}


def test_what_was_put_back_stays_in_the_report_and_moves_nothing_on_the_books(sweep: Sweep) -> None:
    before = sweep.counts()
    taps = (tap(sweep, "1", epc_of(3), "put_back"), tap(sweep, "2", STRANGER, "logged"))
    sent(sweep, *taps)
    sent(sweep, *taps)
    assert dealt(sweep) == {3: "put_back", STRANGER: "logged"}
    assert sweep.counts() == before
    # Then: signed, it says who did it and when
    sweep.sign()
    (one, other) = sweep.state().dealt
    assert (one.carrier, one.by, one.at) == (3, CLERK.person, sweep.scene.now + 5 * SECOND)
    assert other.code == STRANGER
    rows = {row["bucket"]: row["dealt"] for row in rounds.rows_of(sweep.state())}
    assert rows["elsewhere"] == one
    assert rows["unknown"] == other
    with sweep.scene.database.reading() as connection:
        carrier = queries.carriers_by_id(connection, CLERK, [3])[3]
    assert (carrier.status, carrier.place) == (Status.IN_PLACE, SHELF_2)


def test_it_is_taken_back_by_an_event_of_its_own_however_often_that_is_sent(sweep: Sweep) -> None:
    undo = Event("d-0badcafe-2", "undo", "d-0badcafe-1", sweep.scene.now)
    sent(sweep, tap(sweep, "1", epc_of(3), "put_back"))
    found = [sent(sweep, undo)[0] for _ in range(2)]
    assert [(one.dealt, one.code) for one in found] == [(True, epc_of(3))] * 2
    assert dealt(sweep) == {}
    assert sweep.counts() == {"elsewhere": 1, "missing": 2, "unknown": 1}, "no scan was taken back"


def test_whoever_scans_it_there_again_reopens_it(sweep: Sweep) -> None:
    sent(sweep, tap(sweep, "1", epc_of(3), "put_back"), tap(sweep, "2", STRANGER, "logged"))
    sweep.scan(epc_of(3), by=CLERK_2)
    assert dealt(sweep) == {STRANGER: "logged"}
    sent(sweep, tap(sweep, "3", epc_of(3), "put_back"))
    assert dealt(sweep) == {3: "put_back", STRANGER: "logged"}


def test_a_signature_under_what_was_shown_before_does_not_hold(sweep: Sweep) -> None:
    signature = sweep.signature()
    sent(sweep, tap(sweep, "1", epc_of(3), "put_back"))
    with pytest.raises(Refused, match="round_changed"):
        rounds.sign_round(
            sweep.scene.database, sweep.scene.archive.books, CLERK, sweep.number, signature, sweep.scene.now
        )


def test_nothing_is_dealt_with_that_nobody_met(sweep: Sweep) -> None:
    with sweep.scene.database.writing() as connection:
        for code in (epc_of(1), "EEEE0000EEEE0000EEEE0000"):
            with pytest.raises(NotFound):
                rounds.deal(connection, CLERK, sweep.number, "e", code, "put_back", sweep.scene.now)
        with pytest.raises(ValueError, match="thrown away"):
            rounds.deal(connection, CLERK, sweep.number, "e", epc_of(3), "thrown away", sweep.scene.now)
    # Of what a device says it is passed over, and hinders nothing
    assert [one.code for one in sent(sweep, tap(sweep, "1", epc_of(1), "put_back"))] == [""]
    assert dealt(sweep) == {}
