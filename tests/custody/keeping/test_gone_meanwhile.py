"""What becomes of a line of a hand-over, an inventory, a clearance, when its carrier is lost, lent or destroyed."""

import pytest

from custody.entries import Fact
from custody.entries.keeping import (
    ClearanceClosed,
    ClearanceSettled,
    HandOverCounted,
    HandOverExplained,
    InventoryCounted,
    InventoryExplained,
)
from custody.life_cycle import Status
from custody.rules import Refused
from custody.store import keeping
from tests.builders import CLERK, CLERK_2, SHELF_2, Archive
from tests.custody.destruction.batches import Batch, at_the_centre
from tests.custody.keeping.house import (
    CABINET,
    CHEN,
    CLERK_ID,
    OFFICE,
    begin_clearance,
    begin_hand_over,
    begin_inventory,
    change_place,
    codes,
    taking_over,
    with_accounts,
)
from tests.custody.keeping.test_inventory import close


@pytest.fixture
def cabinet(sqlite_archive: Archive) -> Archive:
    """The archive, its cabinet in the clerk's care."""
    change_place(sqlite_archive, CABINET, responsible=CLERK_ID)
    return sqlite_archive


def destroyed(archive: Archive, carrier: int) -> None:
    """The carrier is destroyed, alone in a batch."""
    Batch(archive, archive.matter(), [carrier]).ready().destroy()


def explain(archive: Archive, matter: int, carrier: int, how: str) -> None:
    """Not to be seen, and the books say why."""
    archive.enter(CLERK_2, [HandOverExplained(carrier, matter, how)], "hand_over_count")


def sign(archive: Archive, matter: int) -> None:
    """Both keepers sign."""
    archive.enter(CLERK, taking_over(archive, matter), "hand_over_close", "clerk2")


class TestHandOver:
    def test_destroyed_lent_and_lost_meanwhile_each_is_explained_and_signed_for(self, cabinet: Archive) -> None:
        burnt, lent, lost = cabinet.carriers(3)
        matter = begin_hand_over(cabinet, CABINET)
        destroyed(cabinet, burnt)
        cabinet.borrow(lent, "chen")
        cabinet.lose(lost)
        for carrier, how in ((burnt, "gone"), (lent, "on_slip"), (lost, "missing")):
            explain(cabinet, matter, carrier, how)
        sign(cabinet, matter)
        assert cabinet.the_matter(matter).counts == {"taken": 3}
        assert cabinet.books.rebuild_check() == []

    def test_explained_as_missing_and_found_again_it_is_counted(self, cabinet: Archive) -> None:
        carrier = cabinet.carrier()
        matter = begin_hand_over(cabinet, CABINET)
        loss = cabinet.lose(carrier)
        explain(cabinet, matter, carrier, "missing")
        cabinet.find(loss, carrier, SHELF_2)
        cabinet.enter(CLERK_2, [HandOverCounted(carrier, matter)], "hand_over_count")
        sign(cabinet, matter)
        assert cabinet.line(matter, carrier).label == "eye"

    @pytest.mark.parametrize("how", ["missing", "gone"])
    def test_towards_5_record__what_was_counted_and_is_gone_since_is_not_taken_over_as_seen(
        self, cabinet: Archive, how: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        carrier = cabinet.carrier()
        matter = begin_hand_over(cabinet, CABINET)
        cabinet.enter(CLERK_2, [HandOverCounted(carrier, matter)], "hand_over_count")
        if how == "missing":
            cabinet.lose(carrier)
        else:
            destroyed(cabinet, carrier)
        with pytest.raises(Refused) as refused:
            sign(cabinet, matter)
        assert codes(refused.value) == [("5", "gone_since")]
        explain(cabinet, matter, carrier, how)
        sign(cabinet, matter)
        assert cabinet.line(matter, carrier).label == how
        assert cabinet.books.rebuild_check() == []


def test_an_inventory_closes_over_what_was_lost_destroyed_and_taken_to_the_centre(archive: Archive) -> None:
    with_accounts(archive)
    batch = at_the_centre(archive, 1)
    burnt, lost, found = archive.carriers(3)
    matter = begin_inventory(archive)
    destroyed(archive, burnt)
    batch.ready().hand_over()
    (sent,) = batch.carriers
    archive.lose(lost)
    loss = archive.lose(found)
    explained: list[Fact] = [InventoryExplained(found, matter, "missing")]
    archive.enter(CLERK, explained, "inventory_count")
    archive.find(loss, found)
    with pytest.raises(Refused) as refused:
        archive.enter(CLERK, [InventoryCounted(sent, matter)], "inventory_count")
    assert codes(refused.value) == [("", "not_in_place")]
    facts: list[Fact] = [
        InventoryCounted(found, matter),
        InventoryExplained(lost, matter, "missing"),
        InventoryExplained(burnt, matter, "gone"),
        InventoryExplained(sent, matter, "out"),
    ]
    archive.enter(CLERK, facts, "inventory_count")
    close(archive, matter, "clerk")
    assert archive.the_matter(matter).counts == {"counted": 1, "explained": 3}
    assert archive.books.rebuild_check() == []


def test_a_clearance_closes_over_what_was_lost_in_the_leavers_hand(sqlite_archive: Archive) -> None:
    with_accounts(sqlite_archive)
    carrier = sqlite_archive.carrier()
    sqlite_archive.borrow(carrier, "chen")
    matter = begin_clearance(sqlite_archive, CHEN)
    with pytest.raises(Refused) as refused:
        sqlite_archive.enter(CLERK, [ClearanceSettled(carrier, matter)], "clearance_close")
    assert codes(refused.value) == [("f.1", "holdings_left")]
    sqlite_archive.lose(carrier)
    assert sqlite_archive.state(carrier).holder == CHEN  # the enquiry goes on with him
    with sqlite_archive.books.database.reading() as connection:
        assert keeping.held_by(connection, CHEN) == set()
    facts: list[Fact] = [ClearanceSettled(carrier, matter), ClearanceClosed(matter, OFFICE)]
    sqlite_archive.enter(CLERK, facts, "clearance_close", "secrecy", "chen")
    assert sqlite_archive.the_matter(matter).status == "closed"
    assert sqlite_archive.state(carrier).status is Status.DECLARED_LOST
