"""The balance at every ledger position: by title, unit, level and origin, for whoever asks, and between positions."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from custody.access import Grant, Role, Subject
from custody.balance import Change, Figures, Flow, OrderBalance, balance, flow, order_balance
from custody.carrier import HELD, Status
from custody.entries import COMING, Borrowed, Imported, Moved, Returned, Shelved
from custody.life_cycle import TRANSITIONS
from custody.store import marks
from custody.store import schema as t
from custody.store.queries import balance as queries
from custody.store.queries.balance import PositionUnknown, StandingFilter, StandingItem
from custody.store.queries.paging import KeyInvalid
from custody.values import DAY
from tests.builders import CLERK, NOW, PEOPLE, SCHEME, SHELF, SHELF_2, Archive, Ticking, description, subject
from tests.custody.balancing import wrong_positions
from tests.custody.disposition.scenes import (
    approved_change,
    ask_and_approve,
    carried_out,
    found_facts,
    handed,
    lost,
    received_papers,
    transfer_list,
)
from tests.custody.production import scene as orders

MANAGER_OF_RES = subject("manager", Grant(Role.MANAGER, 4))
"""Answers for unit 4 alone."""
LOW = subject("ma", Role.MANAGER)
"""Answers for the whole house, and is cleared to confidential."""


def counted(archive: Archive, who: Subject, at: int | None = None, by: queries.By = "unit") -> Figures:
    """The figures as somebody may see them."""
    with archive.books.database.reading() as connection:
        position = queries.position_at(connection, at)
        return queries.figures(connection, queries.view_of(who, SCHEME), by, position.sequence)


def between(archive: Archive, who: Subject, since: int, group: frozenset[Any] | None = None) -> Flow:
    """What became of a group between a position and now."""
    view = queries.view_of(who, SCHEME)
    with archive.books.database.reading() as connection:
        at = queries.position_at(connection).sequence
        before, after = (queries.figures(connection, view, "unit", one) for one in (since, at))
        changed = queries.changes(connection, view, "unit", since, at)
    keys = group if group is not None else before.keys | after.keys
    return flow(before.of(keys), after.of(keys), changed, keys)


def behind(archive: Archive, who: Subject, **asked: Any) -> list[StandingItem]:
    """The carriers behind a figure, all pages."""
    found: list[StandingItem] = []
    after: str | None = None
    with archive.books.database.reading() as connection:
        asked.setdefault("at", queries.position_at(connection).sequence)
        while True:
            page = queries.standing_carriers(
                connection, queries.view_of(who, SCHEME), StandingFilter(**asked), after, limit=2
            )
            found += page.items
            assert page.total >= len(found)
            after = page.after
            if after is None:
                assert page.total == len(found)
                return found


def size(archive: Archive) -> int:
    """The ledger's present position."""
    with archive.books.database.reading() as connection:
        return archive.books.position(connection)


def lower(archive: Archive, carrier: int, level: str) -> None:
    """The decision of the determining authority is carried out: another level."""
    matter = approved_change(archive, [carrier], level)
    archive.enter(CLERK, [carried_out(matter, carrier, level)], "reclassification")


def a_busy_year(archive: Archive) -> dict[str, int]:
    """Carriers of two units and three levels, lent, lost, found, lowered, handed to the archives."""
    secret, top = archive.carriers(2, level="secret")[0], archive.carrier(level="top_secret")
    papers = received_papers(archive, 2)
    other = archive.carrier(level="confidential", unit=4)
    archive.borrow(secret, "chen")
    loss = lost(archive, other)
    archive.give_back(secret)
    archive.enter(CLERK, found_facts(loss, other), "found")
    lower(archive, top, "secret")
    list_ = transfer_list(archive, [secret])
    ask_and_approve(archive, list_, "transfer")
    archive.enter(CLERK, [handed(list_, secret)], "transfer", "clerk2")
    return {"secret": secret, "top": top, "paper": papers[0], "other": other}


def test_at_every_position_the_balance_is_the_count_of_the_fold_and_closes(archive: Archive) -> None:
    a_busy_year(archive)
    assert wrong_positions(archive, CLERK) == []
    assert archive.books.rebuild_check() == []


def test_within_an_act_of_many_facts_every_position_has_its_own_balance(archive: Archive) -> None:
    """Given an act that takes in, shelves and lends two carriers, then the balance between its facts is right too."""
    first, second = archive.books.reserve("carrier", 2)
    begun = size(archive)
    due = archive.due(14)
    facts = [Imported(first, description("YS-1")), Shelved(first, SHELF), Borrowed(first, PEOPLE["chen"], due)]
    facts += [Imported(second, description("YS-2")), Returned(first, SHELF, 12), Shelved(second, SHELF)]
    archive.enter(CLERK, facts, "take_in", "chen")
    on_loan = [counted(archive, CLERK, begun + at).whole.states[Status.ON_LOAN] for at in range(7)]
    in_all = [counted(archive, CLERK, begun + at).whole.accounted_total for at in range(7)]
    assert on_loan == [0, 0, 0, 1, 1, 0, 0]
    assert in_all == [0, 1, 1, 1, 2, 2, 2]
    assert wrong_positions(archive, CLERK) == []


def test_with_marks_passed_the_balance_is_the_plain_count_at_every_position(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a mark at every seventh entry, some of them within one act, then no position is counted otherwise."""
    monkeypatch.setattr(marks, "EVERY", 7)
    a_busy_year(archive)
    with archive.books.database.reading() as connection:
        kept = list(connection.execute(select(t.BALANCE_MARK.c.position)).scalars())
    assert kept[-1] == size(archive) // 7 * 7
    assert len(kept) > 3
    assert wrong_positions(archive, CLERK, by_turns=True) == []
    assert archive.books.rebuild_check() == []


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        ("UPDATE balance_mark SET told = told + 1", "balance_mark"),
        ("UPDATE balance_sum SET stands = stands + 1", "balance_sum"),
        ("DELETE FROM balance_sum WHERE came > 0", "balance_sum"),
        ("UPDATE carrier_count SET n = n + 1 WHERE place > 0", "carrier_count"),
        ("DELETE FROM carrier_count WHERE n > 0", "carrier_count"),
        ("UPDATE common_scope SET principal = 'unit:9'", "common_scope"),
        ("INSERT INTO common_scope SELECT scope, 'unit:9' FROM common_scope", "common_scope"),
        ("DELETE FROM common_scope", "common_scope"),
    ],
)
def test_counts_that_are_kept_wrongly_are_told(
    sqlite_archive: Archive, monkeypatch: pytest.MonkeyPatch, tampering: str, told: str
) -> None:
    """A mark that was tampered with is believed by the page, so the check of the books must tell it."""
    monkeypatch.setattr(marks, "EVERY", 5)
    sqlite_archive.carriers(3)
    right = counted(sqlite_archive, CLERK)
    with sqlite_archive.books.database.writing() as connection:
        connection.execute(text(tampering))
    assert any(told in line for line in sqlite_archive.books.rebuild_check())
    if told.startswith("balance"):
        assert counted(sqlite_archive, CLERK) != right, "the figures come of the mark"


def test_a_correction_is_a_change_like_another_and_rewrites_no_position(archive: Archive) -> None:
    carrier = archive.carrier()
    archive.borrow(carrier, "chen")
    lent = size(archive)
    archive.enter(CLERK, archive.books.undo([carrier], "误登"), "correct")
    assert counted(archive, CLERK, lent).whole.states[Status.ON_LOAN] == 1
    assert counted(archive, CLERK).whole.states[Status.ON_LOAN] == 0
    assert wrong_positions(archive, CLERK) == []
    assert archive.books.rebuild_check() == []


def test_a_level_that_is_changed_joins_one_group_and_leaves_another(archive: Archive) -> None:
    archive.carriers(2, level="secret")
    top = archive.carrier(level="top_secret")
    before = size(archive)
    lower(archive, top, "secret")
    now, then = counted(archive, CLERK, by="level"), counted(archive, CLERK, before, by="level")
    assert (now.of({"secret"}).joined, now.of({"top_secret"}).left) == (1, 1)
    assert (now.of({"secret"}).accounted_total, now.of({"top_secret"}).accounted_total) == (3, 0)
    assert (then.of({"secret"}).accounted_total, then.of({"top_secret"}).accounted_total) == (2, 1)
    assert now.of({"secret", "top_secret"}).joined == 0
    assert [item.carrier.id for item in behind(archive, CLERK, what="joined", level="secret")] == [top]
    assert [item.carrier.id for item in behind(archive, CLERK, what="left", level="top_secret")] == [top]
    assert behind(archive, CLERK, what="left", level="secret") == []


def test_every_figure_opens_to_exactly_its_carriers(archive: Archive) -> None:
    a_busy_year(archive)
    for at in range(0, size(archive) + 1, 3):
        whole = counted(archive, CLERK, at, "level")
        for level in whole.keys:
            one = whole.of({level})
            for status, count in one.states.items():
                assert len(behind(archive, CLERK, at=at, level=level, status=status)) == count
            assert len(behind(archive, CLERK, at=at, level=level, what="came")) == one.came_in_total
            assert len(behind(archive, CLERK, at=at, level=level, what="held")) == one.held
            assert len(behind(archive, CLERK, at=at, level=level, what="joined")) == one.joined
            assert len(behind(archive, CLERK, at=at, level=level, what="left")) == one.left


def test_between_two_positions_what_was_there_came_and_went_is_what_is_there(archive: Archive) -> None:
    archive.carriers(2)
    begun = size(archive)
    known = a_busy_year(archive)
    whole = between(archive, CLERK, begun)
    assert whole.closes
    assert (whole.opening, whole.came, whole.back) == (2, 6, 1)
    assert whole.gone == {Status.DECLARED_LOST: 1, Status.TRANSFERRED: 1}
    assert whole.closing == 7
    assert [one.carrier.id for one in behind(archive, CLERK, what="back", since=begun)] == [known["other"]]
    lost, transferred = (
        behind(archive, CLERK, what="gone", since=begun, status=status)
        for status in (Status.DECLARED_LOST, Status.TRANSFERRED)
    )
    assert ([one.carrier.id for one in lost], [one.carrier.id for one in transferred]) == (
        [known["other"]],
        [known["secret"]],
    )
    assert len(behind(archive, CLERK, what="came", since=begun)) == 6


def test_from_any_position_the_flow_closes_and_its_figures_open(sqlite_archive: Archive) -> None:
    a_busy_year(sqlite_archive)
    for since in range(28, size(sqlite_archive) + 1, 3):
        for group in (frozenset({1}), frozenset({4}), frozenset({1, 4})):
            one = between(sqlite_archive, CLERK, since, group)
            assert one.closes
            asked = {"since": since, "units": group}
            assert len(behind(sqlite_archive, CLERK, what="came", **asked)) == one.came
            assert len(behind(sqlite_archive, CLERK, what="back", **asked)) == one.back
            assert len(behind(sqlite_archive, CLERK, what="gone", **asked)) == one.gone_total


def test_changes_are_counted_by_kind_of_fact(archive: Archive) -> None:
    carrier, other = archive.carriers(2)
    begun = size(archive)
    archive.borrow(carrier, "chen")
    archive.give_back(carrier)
    archive.borrow(other, "sun")
    with archive.books.database.reading() as connection:
        view = queries.view_of(CLERK, SCHEME)
        found = queries.kinds_of_change(connection, view, begun, queries.position_at(connection).sequence)
    assert found == {"borrowed": 2, "returned": 1}
    lent = behind(archive, CLERK, since=begun, kind="borrowed")
    assert [(one.carrier.id, one.was, one.status) for one in lent] == [
        (carrier, Status.IN_PLACE, Status.ON_LOAN),
        (other, Status.IN_PLACE, Status.ON_LOAN),
    ]


class TestWhoMaySee:
    """A subject's balance is of what exists for him, and closes all the same."""

    def test_a_manager_of_one_unit_counts_what_he_may_see(self, archive: Archive) -> None:
        archive.carriers(3, unit=1, scope=())
        archive.carriers(2, unit=4, scope=())
        seen = counted(archive, MANAGER_OF_RES)
        assert seen.keys == {4}
        assert (seen.whole.accounted_total, seen.whole.told, seen.whole.closes) == (2, None, True)
        assert len(behind(archive, MANAGER_OF_RES)) == 2
        assert behind(archive, MANAGER_OF_RES, units=frozenset({1})) == []

    def test_a_low_clearance_never_counts_a_higher_level(self, archive: Archive) -> None:
        archive.carriers(2, level="confidential")
        archive.carriers(3, level="secret")
        lower(archive, archive.carrier(level="secret"), "confidential")
        for at in range(size(archive) + 1):
            seen = counted(archive, LOW, at, "level")
            assert seen.keys <= {"confidential"}
            assert seen.whole.closes
        assert counted(archive, LOW).whole.accounted_total == 3
        assert counted(archive, LOW).whole.joined == 1, "one came into sight when it was lowered"
        assert {one.level for at in range(size(archive)) for one in behind(archive, LOW, at=at)} == {"confidential"}

    def test_what_came_into_sight_joins_and_the_flow_closes(self, archive: Archive) -> None:
        archive.carriers(2, level="confidential")
        begun = size(archive)
        lower(archive, archive.carrier(level="secret"), "confidential")
        one = between(archive, LOW, begun)
        assert (one.opening, one.came, one.joined, one.closing, one.closes) == (2, 0, 1, 3, True)

    def test_titles_that_are_hidden_are_not_listed(self, archive: Archive) -> None:
        archive.carrier(control_number="YS-2026-90001", level="secret")
        archive.carrier(control_number="YS-2026-90002", level="confidential")
        with archive.books.database.reading() as connection:
            at = queries.position_at(connection).sequence
            low = queries.titles(connection, queries.view_of(LOW, SCHEME), at)
            all_ = queries.titles(connection, queries.view_of(CLERK, SCHEME), at, limit=1)
            rest = queries.titles(connection, queries.view_of(CLERK, SCHEME), at, after=all_.after, limit=1)
            found = queries.titles(connection, queries.view_of(CLERK, SCHEME), at, text="90001")
            with pytest.raises(KeyInvalid):
                queries.titles(connection, queries.view_of(CLERK, SCHEME), at, after="!")
        assert (low.items, low.total) == (("YS-2026-90002",), 1)
        assert (all_.items, rest.items, all_.total) == (("YS-2026-90001",), ("YS-2026-90002",), 2)
        assert found.items == ("YS-2026-90001",)

    def test_without_business_nothing_is_counted(self, archive: Archive) -> None:
        archive.carriers(2)
        auditor = subject("admin", Role.AUDITOR)
        assert counted(archive, auditor).keys == frozenset()
        assert behind(archive, auditor) == []


class TestPositions:
    """A position is a sequence of the ledger, or the last one of a day."""

    def test_beyond_the_ledger_is_said(self, archive: Archive) -> None:
        with archive.books.database.reading() as connection:
            last = queries.position_at(connection)
            for wrong in (last.size + 1, -1):
                with pytest.raises(PositionUnknown, match=str(last.size)):
                    queries.position_at(connection, wrong)
            assert queries.position_at(connection, 0).entered_at is None

    def test_the_last_position_of_a_day(self, archive: Archive) -> None:
        clock = archive.books.clock
        assert isinstance(clock, Ticking)
        archive.carriers(2)
        first = size(archive)
        clock.days(3)
        archive.carriers(1)
        with archive.books.database.reading() as connection:
            found = [queries.position_by(connection, NOW + days * DAY).sequence for days in (-1, 0, 2, 3)]
            assert queries.position_by(connection, NOW).entered_at == NOW
        assert found == [0, first, first, size(archive)]

    def test_the_event_dates_stand_beside(self, archive: Archive) -> None:
        clock = archive.books.clock
        assert isinstance(clock, Ticking)
        carrier = archive.carrier()
        clock.days(2)
        archive.enter(CLERK, [Moved(carrier, SHELF_2)], "move", happened_at=NOW)
        assert counted(archive, CLERK).last_event_at == NOW, "a change of shelf is no change of standing"
        facts = [Borrowed(carrier, PEOPLE["chen"], archive.due(14))]
        archive.enter(CLERK, facts, "borrow", "chen", happened_at=NOW + DAY)
        told = counted(archive, CLERK)
        assert told.last_event_at == NOW + DAY
        with archive.books.database.reading() as connection:
            assert queries.position_at(connection).entered_at == NOW + 2 * DAY


class TestClosing:
    """It must be able not to close: a hole or a doubled span shows."""

    @pytest.mark.parametrize(
        "tampering",
        [
            "DELETE FROM standing WHERE was <> ''",
            "UPDATE standing SET to_sequence = NULL",
            "DELETE FROM standing WHERE was = ''",
            "UPDATE standing SET was = 'in_place' WHERE was = ''",
        ],
    )
    def test_what_is_tampered_with_does_not_close_and_the_rebuild_tells(self, archive: Archive, tampering: str) -> None:
        carrier = archive.carriers(2)[0]
        archive.borrow(carrier, "chen")
        assert counted(archive, CLERK).whole.closes
        with archive.books.database.writing() as connection:
            connection.execute(text(tampering))
        assert not counted(archive, CLERK).whole.closes
        assert any("standing of carrier" in line for line in archive.books.rebuild_check())

    def test_a_standing_of_nobody_is_told(self, sqlite_archive: Archive) -> None:
        with sqlite_archive.books.database.writing() as connection:
            connection.execute(
                text(
                    "INSERT INTO standing (carrier, from_sequence, happened_at, was, moved, status, origin, unit,"
                    " level, rank, control_number) VALUES (99, 1, 0, '', 0, 'in_place', 'legacy', 1, 'secret', 2, 'X')"
                )
            )
        assert "standing of carrier 99: not in the ledger" in sqlite_archive.books.rebuild_check()


class TestOrders:
    """Of a production order besides: approved = registered + spoiled + cancelled."""

    def test_every_approved_copy_is_accounted_for_at_every_step(self, sqlite_archive: Archive) -> None:
        order = orders.approved_order(sqlite_archive, quantity=5)
        told = [order_balance(sqlite_archive.the_matter(order))]
        orders.copies(sqlite_archive, order, 1, 2)
        told.append(order_balance(sqlite_archive.the_matter(order)))
        sqlite_archive.enter(CLERK, [orders.spoiled(sqlite_archive, order, 3)], "production_spoil")
        sqlite_archive.enter(CLERK, [orders.cancelled(order, 4, 5)], "production_cancel")
        told.append(order_balance(sqlite_archive.the_matter(order)))
        figures = [(one.registered, one.spoiled, one.cancelled, one.free) for one in told]
        assert figures == [(0, 0, 0, 5), (2, 0, 0, 3), (2, 1, 2, 0)]
        assert all(one.closes and one.approved == 5 for one in told)
        assert wrong_positions(sqlite_archive, CLERK) == []

    @pytest.mark.parametrize("wrong", [{"registered": 4}, {"listed": 2}, {"free": 1, "cancelled": 0}, {"approved": 6}])
    def test_one_too_many_or_too_few_does_not_close(self, wrong: dict[str, int]) -> None:
        right = OrderBalance(approved=5, registered=3, spoiled=1, cancelled=1, free=0, listed=3, over=True)
        assert right.closes
        assert not replace(right, **wrong).closes


def test_what_comes_in_is_what_the_life_cycle_lets_begin() -> None:
    assert set(COMING) == {fact for fact, row in TRANSITIONS.items() if None in row}


KEYS = st.sampled_from(["a", "b", None])
STATUSES = st.sampled_from(Status)


@given(
    st.dictionaries(st.tuples(st.sampled_from(["a", "b"]), STATUSES), st.integers(0, 9)),
    st.lists(st.builds(Change, KEYS, st.none() | STATUSES, KEYS, STATUSES, st.integers(0, 5)), max_size=12),
    st.sampled_from([frozenset({"a"}), frozenset({"a", "b"}), frozenset()]),
)
def test_a_flow_is_nothing_but_its_changes(
    opening: dict[tuple[str, Status], int], changes: list[Change], group: frozenset[str]
) -> None:
    """Whatever changes: applied one by one to what was in hand, they give what the flow says is in hand."""
    before = Figures(states=opening).of(group)
    held = before.held
    for one in changes:
        held -= one.count if one.source in group and one.was in HELD else 0
        held += one.count if one.target in group and one.status in HELD else 0
    if held < 0:
        return
    told = flow(before, balance({}, {Status.IN_PLACE: held}), changes, group)
    assert told.closes
    assert told.closing == held
