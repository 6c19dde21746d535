"""What is lost from a batch at any stage, found again or not: the batch goes on without it, and it goes its own way."""

from collections.abc import Callable

import pytest

from custody.entries.destruction import DeviationReported, DeviationSettled, ReceivedByCentre, TakenOff
from custody.life_cycle import Status
from tests.builders import CLERK, CLERK_2, SECRECY_OFFICE, SHELF, Archive
from tests.custody.destruction.batches import Batch, a_batch, at_the_centre

STAGES: dict[str, Callable[[Batch], Batch]] = {
    "listed": Batch.open,
    "approved": Batch.approved,
    "set_apart": lambda batch: batch.approved().set_apart(),
    "sealed": lambda batch: batch.approved().set_apart().seal(),
    "checked": Batch.ready,
}


def takes_off(batch: Batch, carrier: int) -> None:
    """The list is without it from now on."""
    batch.enter(CLERK, [TakenOff(carrier, batch.matter, "下落不明，另案查处")], "destruction_take_off")


@pytest.mark.parametrize("found", [False, True], ids=["still lost", "found"])
@pytest.mark.parametrize("stage", STAGES)
def test_it_is_taken_off_and_lent_again_when_it_is_found(sqlite_archive: Archive, stage: str, found: bool) -> None:
    batch = STAGES[stage](a_batch(sqlite_archive, 2))
    gone = batch.carriers[0]
    loss = sqlite_archive.lose(gone)
    if found:
        sqlite_archive.find(loss, gone)
        assert sqlite_archive.state(gone).matter == batch.matter
    takes_off(batch, gone)
    if not found:
        assert sqlite_archive.state(gone).status is Status.DECLARED_LOST
        sqlite_archive.find(loss, gone)
    state = sqlite_archive.state(gone)
    assert (state.status, state.place, state.matter) == (Status.IN_PLACE, SHELF, None)
    sqlite_archive.borrow(gone, "chen")
    assert sqlite_archive.books.rebuild_check() == []


def test_found_before_it_was_set_apart_it_goes_on_with_the_batch(archive: Archive) -> None:
    batch = a_batch(archive, 2).approved()
    archive.find(archive.lose(batch.carriers[0]), batch.carriers[0])
    batch.set_apart().seal().check().weigh().destroy()
    assert batch.now.counts == {"destroyed": 2}
    assert archive.books.rebuild_check() == []


@pytest.mark.parametrize("found", [False, True], ids=["still lost", "found"])
def test_lost_on_the_way_to_the_centre_it_is_a_deviation(archive: Archive, found: bool) -> None:
    batch = at_the_centre(archive, 2).ready().hand_over()
    gone, there = batch.carriers
    loss = archive.lose(gone)
    if found:
        archive.find(loss, gone)
    reported = DeviationReported(batch.matter, "missing", "D-01", "途中短少一件")
    batch.enter(CLERK, [reported], "destruction_deviation")
    takes_off(batch, gone)
    batch.enter(SECRECY_OFFICE, [DeviationSettled(batch.matter, "另案查处")], "destruction_settle")
    batch.enter(CLERK, [ReceivedByCentre(batch.matter, "XH-2026-118", 1)], "destruction_receipt")
    batch.carriers = [there]
    batch.weigh()
    batch.enter(CLERK_2, batch.certified(), "destruction_certificate", "chen", "sun")
    assert batch.now.counts == {"destroyed": 1, "taken_off": 1}
    assert archive.state(gone).status is (Status.IN_PLACE if found else Status.DECLARED_LOST)
    assert archive.books.rebuild_check() == []
