"""Production orders from the application to the last scrap (letter a)."""

import pytest

from custody.access import Role
from custody.approval import asked
from custody.entries import Borrowed, Fact, Shelved, TagBound
from custody.entries.approvals import Withdrawn
from custody.entries.production import (
    IntermediateGone,
    IntermediateKept,
    LabelsAllotted,
    LabelsReturned,
    OrderClosed,
    OrderSettled,
)
from custody.life_cycle import Status
from custody.rules import NotFound
from custody.values import Tag
from tests.builders import CLERK, MANAGER, PEOPLE, SHELF, Archive, epc_of, subject
from tests.custody.destruction.batches import Batch
from tests.custody.production.scene import (
    CHEN,
    DAYS,
    NUMBER,
    a_copy,
    an_intermediate,
    an_order,
    approved_order,
    cancelled,
    closing,
    copies,
    in_days,
    intermediate,
    ordered,
    refusals_of,
    refused,
    spoiled,
)


def test_an_order_from_the_application_to_the_last_scrap(archive: Archive) -> None:
    order = approved_order(archive, quantity=5)
    first, second = copies(archive, order, 1, 2)
    draft = intermediate(archive, order, "draft")
    negative = intermediate(archive, order, "negative")
    spoilt = spoiled(archive, order, 3)
    archive.enter(CLERK, [spoilt, Shelved(spoilt.carrier, SHELF)], "production_spoil")
    archive.enter(CLERK, [cancelled(order, 4, 5)], "production_cancel")
    archive.enter(CLERK, closing(archive, order), "production_close")

    closed = archive.the_matter(order)
    assert (closed.status, closed.ended, closed.due_at) == ("closed", False, in_days(archive, DAYS))
    assert (closed.body.registered, closed.body.spoiled, closed.body.cancelled) == ((1, 2), (3,), (4, 5))
    assert dict(closed.counts) == {"intermediate": 3, "registered": 2}

    registered = archive.state(second)
    assert (registered.origin, registered.status, registered.home) == ("produced", Status.IN_PLACE, SHELF)
    assert (registered.description.copy_number, registered.description.copies) == (2, 5)
    assert archive.state(spoilt.carrier).description.control_number == f"{NUMBER}/P1"
    assert archive.line(order, spoilt.carrier).label == "scrap 卡纸"
    assert archive.state(draft).description.level == "secret"
    archive.borrow(first, "chen")  # a copy registered is a carrier like any other

    archive.enter(
        CLERK, [IntermediateKept(draft, order, PEOPLE["manager"], "留存备查")], "intermediate_keep", "manager"
    )
    Batch(archive, archive.matter(), [negative, spoilt.carrier]).ready().destroy()
    gone: list[Fact] = [IntermediateGone(one, order) for one in (negative, spoilt.carrier)]
    archive.enter(CLERK, [*gone, OrderSettled(order)], "production_close")

    over = archive.the_matter(order)
    assert (over.status, over.ended, over.due_at) == ("settled", True, None)
    assert dict(over.counts) == {"gone": 2, "kept": 1, "registered": 2}
    assert archive.line(order, draft).person == PEOPLE["manager"]
    assert archive.books.rebuild_check() == []


def test_an_order_without_intermediates_is_over_at_once(sqlite_archive: Archive) -> None:
    order = approved_order(sqlite_archive, quantity=1)
    copies(sqlite_archive, order, 1)
    sqlite_archive.enter(CLERK, closing(sqlite_archive, order, none=True), "production_close")
    assert sqlite_archive.the_matter(order).status == "settled"


def test_forty_copies_are_registered_tagged_and_shelved_in_one_act(archive: Archive) -> None:
    order = approved_order(archive, quantity=40)
    made = copies(archive, order, *range(1, 41))
    assert {archive.state(one).home for one in (made[0], made[-1])} == {SHELF}
    assert archive.the_matter(order).body.free == ()
    assert archive.books.rebuild_check() == []


def test_one_orders_for_ones_own_unit(sqlite_archive: Archive) -> None:
    other = ordered(sqlite_archive.matter(), unit=3)
    assert refusals_of(sqlite_archive, CHEN, [other], "production") == ["not_own_unit"]
    assert refusals_of(sqlite_archive, CLERK, [other], "production") == []  # the registry answers for all of them


def test_nobody_orders_what_he_may_not_know(sqlite_archive: Archive) -> None:
    above = ordered(sqlite_archive.matter(), level="top_secret", place=3)
    assert refusals_of(sqlite_archive, CHEN, [above], "production") == ["beyond_own_sight"]


def test_an_order_is_hidden_from_others(sqlite_archive: Archive) -> None:
    order = approved_order(sqlite_archive)
    fact = a_copy(sqlite_archive, order, 1)
    stranger = subject("sun", Role.BORROWER)
    with pytest.raises(NotFound):
        sqlite_archive.enter(stranger, [fact], "produce")


class TestNumbers:
    """An order takes a control number that nothing bears; more copies later go on behind it."""

    def test_a_number_in_the_register_is_taken(self, sqlite_archive: Archive) -> None:
        sqlite_archive.carrier(control_number=NUMBER, copy_number=2, copies=4)
        new = ordered(sqlite_archive.matter())
        assert refusals_of(sqlite_archive, CHEN, [new], "production") == ["a.4 numbers_ordered"]

    def test_a_number_that_another_order_holds_is_taken(self, archive: Archive) -> None:
        an_order(archive)
        new = ordered(archive.matter())
        against = refused(archive, CHEN, [new], "production")
        assert [(one.code, dict(one.params)) for one in against] == [
            ("numbers_ordered", {"number": NUMBER, "first": 1})
        ]

    def test_a_number_is_taken_by_an_order_in_the_same_act(self, sqlite_archive: Archive) -> None:
        twice: list[Fact] = [ordered(sqlite_archive.matter()), ordered(sqlite_archive.matter())]
        assert refusals_of(sqlite_archive, CHEN, twice, "production") == ["a.4 numbers_ordered"]

    def test_the_number_of_an_order_withdrawn_is_free_again(self, archive: Archive) -> None:
        order = approved_order(archive)
        archive.enter(CHEN, [Withdrawn(order, "不办了")], "approval")
        assert refusals_of(archive, CHEN, [ordered(archive.matter())], "production") == []
        assert archive.books.rebuild_check() == []

    def test_a_supplement_goes_on_in_the_numbers(self, archive: Archive) -> None:
        first = approved_order(archive)
        copies(archive, first, 1, 2, 3)
        more = approved_order(archive, quantity=2, first_copy=4, supplements=first)
        made = copies(archive, more, 4, 5)
        told = archive.state(made[-1]).description
        assert (told.control_number, told.copy_number, told.copies) == (NUMBER, 5, 5)
        assert archive.books.rebuild_check() == []

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"first_copy": 5}, ["a.4 numbers_ordered"]),
            ({"first_copy": 3}, ["a.4 numbers_ordered"]),
            ({"title": "另一份大纲"}, ["a.4 supplement_unclear"]),
            ({"supplements": 999}, ["a.4 supplement_unclear"]),
            ({}, []),
        ],
        ids=["a gap", "a number twice", "another title", "no such order", "right"],
    )
    def test_a_supplement_is_of_the_same_title(
        self, changes: dict[str, object], expected: list[str], sqlite_archive: Archive
    ) -> None:
        first = approved_order(sqlite_archive)
        said = {"quantity": 2, "first_copy": 4, "supplements": first} | changes
        new = ordered(sqlite_archive.matter(), **said)
        present = sqlite_archive.present(CHEN)
        assert refusals_of(sqlite_archive, present, [new], "production") == expected

    def test_a_supplement_waits_for_the_approval_of_the_first(self, sqlite_archive: Archive) -> None:
        first = an_order(sqlite_archive)
        new = ordered(sqlite_archive.matter(), quantity=2, first_copy=4, supplements=first)
        present = sqlite_archive.present(CHEN)
        assert refusals_of(sqlite_archive, present, [new], "production") == ["a.4 supplement_unclear"]


class TestEnding:
    """An order is withdrawn before anything was made, and closed afterwards."""

    def test_an_order_begun_is_not_withdrawn(self, sqlite_archive: Archive) -> None:
        order = approved_order(sqlite_archive)
        copies(sqlite_archive, order, 1)
        against = refusals_of(sqlite_archive, CHEN, [Withdrawn(order, "不办了")], "approval")
        assert against == ["order_begun"]

    def test_an_order_that_lapsed_is_closed_with_what_was_not_made(self, sqlite_archive: Archive) -> None:
        order = approved_order(sqlite_archive)
        copies(sqlite_archive, order, 1)
        sqlite_archive.books.clock.days(31)  # type: ignore[attr-defined]
        late = refusals_of(sqlite_archive, CLERK, [a_copy(sqlite_archive, order, 2)], "produce")
        assert late == ["a.1 approval_lapsed"]
        over = [cancelled(order, 2, 3), *closing(sqlite_archive, order, none=True)]
        assert refusals_of(sqlite_archive, CLERK, over, "production_close") == []

    def test_a_negative_may_turn_up_after_the_order_was_closed(self, sqlite_archive: Archive) -> None:
        order = approved_order(sqlite_archive, quantity=1)
        copies(sqlite_archive, order, 1)
        intermediate(sqlite_archive, order)
        sqlite_archive.enter(CLERK, closing(sqlite_archive, order), "production_close")
        late = an_intermediate(sqlite_archive, order, "negative")
        assert refusals_of(sqlite_archive, CLERK, [late], "intermediate") == []
        extra = refusals_of(sqlite_archive, CLERK, [a_copy(sqlite_archive, order, 2)], "produce")
        assert "a.1 order_not_approved" in extra

    def test_what_is_here_is_not_gone(self, sqlite_archive: Archive) -> None:
        order = approved_order(sqlite_archive)
        draft = intermediate(sqlite_archive, order)
        assert refusals_of(sqlite_archive, CLERK, [IntermediateGone(draft, order)], "production_close") == ["state"]

    def test_the_manager_registers_nothing(self, sqlite_archive: Archive) -> None:
        order = approved_order(sqlite_archive)
        fact = a_copy(sqlite_archive, order, 1)
        assert refusals_of(sqlite_archive, MANAGER, [fact], "produce") == ["not_permitted"]


class TestLabels:
    """Labels given out for an order are bound to what it made, or come back."""

    def test_they_are_given_out_bound_and_returned(self, archive: Archive) -> None:
        order = approved_order(archive, quantity=1)
        used, left = epc_of(90_001), epc_of(90_002)
        archive.enter(CLERK, [LabelsAllotted(order, (used, left))], "production_labels")
        copy = a_copy(archive, order, 1)
        archive.enter(CLERK, [copy, TagBound(copy.carrier, Tag(used))], "produce")
        over = closing(archive, order, none=True)
        assert refusals_of(archive, CLERK, over, "production_close") == ["a.4 labels_out"]
        archive.enter(CLERK, [LabelsReturned(order, (left,), "未用")], "production_labels")
        archive.enter(CLERK, over, "production_close")
        other = archive.carrier(tagged=False)
        archive.enter(CLERK, [TagBound(other, Tag(left))], "tag")  # back in stock
        assert archive.books.rebuild_check() == []

    def test_a_copy_may_get_its_label_later(self, sqlite_archive: Archive) -> None:
        order = approved_order(sqlite_archive, quantity=1)
        sqlite_archive.enter(CLERK, [LabelsAllotted(order, (epc_of(90_001),))], "production_labels")
        copy = a_copy(sqlite_archive, order, 1)
        sqlite_archive.enter(CLERK, [copy], "produce")
        late: list[Fact] = [TagBound(copy.carrier, Tag(epc_of(90_001)))]
        assert refusals_of(sqlite_archive, CLERK, late, "tag") == []

    @pytest.mark.parametrize(
        ("epcs", "expected"),
        [
            (("3414",), ["epc_malformed"]),
            ((), ["epc_malformed"]),
            ((epc_of(90_001), epc_of(90_001)), ["a.4 label_given_out"]),
            ((epc_of(90_009),), ["a.4 label_given_out"]),
            ((epc_of(1),), ["epc_known"]),
            ((epc_of(90_001),), []),
        ],
        ids=["too short", "none", "twice", "given out before", "on a carrier", "right"],
    )
    def test_a_label_is_given_out_once(
        self, epcs: tuple[str, ...], expected: list[str], sqlite_archive: Archive
    ) -> None:
        assert sqlite_archive.carrier() == 1
        order = approved_order(sqlite_archive)
        sqlite_archive.enter(CLERK, [LabelsAllotted(order, (epc_of(90_009),))], "production_labels")
        assert refusals_of(sqlite_archive, CLERK, [LabelsAllotted(order, epcs)], "production_labels") == expected

    def test_only_what_is_out_comes_back(self, sqlite_archive: Archive) -> None:
        order = approved_order(sqlite_archive)
        other = LabelsReturned(order, (epc_of(90_001),), "未用")
        assert refusals_of(sqlite_archive, CLERK, [other], "production_labels") == ["label_not_out"]
        sqlite_archive.enter(CLERK, [LabelsAllotted(order, (epc_of(90_001),))], "production_labels")
        unsaid = LabelsReturned(order, (epc_of(90_001),), " ")
        assert refusals_of(sqlite_archive, CLERK, [unsaid], "production_labels") == ["text_missing"]
        assert refusals_of(sqlite_archive, CLERK, [other], "production_labels") == []


def test_copies_are_cancelled_by_their_numbers(sqlite_archive: Archive) -> None:
    order = approved_order(sqlite_archive)
    assert refusals_of(sqlite_archive, CLERK, [cancelled(order)], "production_cancel") == ["copies_unnamed"]
    assert refusals_of(sqlite_archive, CLERK, [cancelled(order, 3, 2)], "production_cancel") == []


def test_only_the_opener_asks(sqlite_archive: Archive) -> None:
    order = sqlite_archive.matter()
    sqlite_archive.enter(CHEN, [ordered(order)], "production")
    wish = asked(order, "production", sqlite_archive.scheme, sqlite_archive.books.clock())
    assert refusals_of(sqlite_archive, CLERK, [wish], "approval") == ["not_the_opener"]
    assert refusals_of(sqlite_archive, sqlite_archive.present(CHEN), [wish], "approval") == []


def test_what_was_produced_is_lent_and_counted_like_the_rest(sqlite_archive: Archive) -> None:
    order = approved_order(sqlite_archive)
    copy = copies(sqlite_archive, order, 1)[0]
    lent: list[Fact] = [Borrowed(copy, PEOPLE["chen"], sqlite_archive.due(5))]
    assert refusals_of(sqlite_archive, CLERK, lent, "borrow", "chen") == []


def test_an_order_closed_is_not_closed_again(sqlite_archive: Archive) -> None:
    order = approved_order(sqlite_archive, quantity=1)
    copies(sqlite_archive, order, 1)
    intermediate(sqlite_archive, order)
    sqlite_archive.enter(CLERK, closing(sqlite_archive, order), "production_close")
    again: list[Fact] = [OrderClosed(order, in_days(sqlite_archive, DAYS))]
    assert refusals_of(sqlite_archive, CLERK, again, "production_close") == ["matter_state"]
