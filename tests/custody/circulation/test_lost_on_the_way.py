"""A folder that meets with an accident: lost on its way and found again, or its reader leaves (clauses c.3, f.1)."""

from dataclasses import replace

import pytest

from custody.access import INSTALLATION
from custody.entries import Borrowed, Fact, PersonRecorded
from custody.entries.circulation import (
    CirculationClosed,
    CirculationLeftOut,
    CirculationPutBack,
    LegStarted,
    Queued,
    ReaderPassedOver,
    Renewed,
    Unqueued,
)
from custody.life_cycle import Status
from custody.matters.circulation import Leg
from custody.rules import Refused
from custody.values import DAY
from tests.builders import CLERK, PEOPLE, PERSONS, SHELF, SHELF_2, Archive, Ticking
from tests.custody.circulation.scene import a_circulation, from_reader, only, opened, refused, to_reader

Patch = pytest.MonkeyPatch
SUN, CHEN, ZHAO = (PEOPLE[name] for name in ("sun", "chen", "zhao"))


def legs(archive: Archive, matter: int) -> tuple[Leg, ...]:
    """Every leg so far."""
    found: tuple[Leg, ...] = archive.the_matter(matter).body.legs
    return found


def lost_and_found(archive: Archive, *, readers: tuple[str, ...] = ("sun", "chen")) -> tuple[int, int]:
    """A carrier that was lost while the first reader had it, and found on the other shelf; and its circulation."""
    carrier = archive.carrier()
    matter = a_circulation(archive, carrier, readers=readers)
    to_reader(archive, matter, carrier, readers[0])
    archive.find(archive.lose(carrier), carrier, SHELF_2)
    return carrier, matter


class TestFoundAgain:
    """Lost at a reader's, and found: it is in its place, and still in the folder."""

    def test_its_leg_is_ended_by_the_registry_and_it_stays_where_it_was_found(self, archive: Archive) -> None:
        carrier, matter = lost_and_found(archive)
        from_reader(archive, matter, carrier, "sun")
        state = archive.state(carrier)
        assert (state.status, state.place, state.holder) == (Status.IN_PLACE, SHELF_2, None)
        assert (archive.line(matter, carrier).state, archive.line(matter, carrier).due_at) == ("at_registry", None)
        to_reader(archive, matter, carrier, "chen")
        from_reader(archive, matter, carrier, "chen")
        archive.enter(CLERK, [CirculationPutBack(carrier, matter, SHELF), CirculationClosed(matter)], "circulation_end")
        assert archive.the_matter(matter).ended
        archive.borrow(carrier, "zhao")
        assert archive.books.rebuild_check() == []

    def test_the_next_leg_ends_the_one_on_which_it_was_lost(self, sqlite_archive: Archive) -> None:
        carrier, matter = lost_and_found(sqlite_archive)
        to_reader(sqlite_archive, matter, carrier, "chen")
        first, second = legs(sqlite_archive, matter)
        assert (first.reader, first.ended_at, first.brought_by) == (SUN, sqlite_archive.books.clock(), None)
        assert (second.reader, second.ended_at) == (CHEN, None)
        assert sqlite_archive.state(carrier).holder == CHEN
        assert sqlite_archive.books.rebuild_check() == []

    def test_it_is_put_back_and_the_folder_closes(self, sqlite_archive: Archive) -> None:
        carrier, matter = lost_and_found(sqlite_archive, readers=("sun",))
        facts = [CirculationPutBack(carrier, matter, SHELF_2), CirculationClosed(matter)]
        sqlite_archive.enter(CLERK, facts, "circulation_end")
        assert [leg.ended_at for leg in legs(sqlite_archive, matter)] == [sqlite_archive.books.clock()]
        sqlite_archive.borrow(carrier, "chen")
        assert sqlite_archive.books.rebuild_check() == []

    def test_until_the_folder_lets_it_go_it_is_not_lent_beside_it(
        self, sqlite_archive: Archive, monkeypatch: Patch
    ) -> None:
        carrier, _matter = lost_and_found(sqlite_archive)
        loan = Borrowed(carrier, ZHAO, sqlite_archive.due(3))
        refused(sqlite_archive, CLERK, [loan], "borrow", "zhao", clause="", code="in_matter", monkeypatch=monkeypatch)

    def test_what_stays_lost_is_left_out_whether_or_not_its_enquiry_is_over(self, sqlite_archive: Archive) -> None:
        carrier, other = sqlite_archive.carriers(2)
        matter = a_circulation(sqlite_archive, carrier, other, readers=("sun",))
        to_reader(sqlite_archive, matter, carrier, "sun")
        loss = sqlite_archive.lose(carrier)
        sqlite_archive.enter(CLERK, [CirculationLeftOut(carrier, matter, "另案查处")], "circulation_end")
        assert legs(sqlite_archive, matter)[0].ended_at is not None
        sqlite_archive.find(loss, carrier)
        to_reader(sqlite_archive, matter, other, "sun")
        from_reader(sqlite_archive, matter, other, "sun")
        facts = [CirculationPutBack(other, matter, SHELF), CirculationClosed(matter)]
        sqlite_archive.enter(CLERK, facts, "circulation_end")
        sqlite_archive.borrow(carrier, "chen")
        assert sqlite_archive.books.rebuild_check() == []

    def test_what_was_found_is_not_left_out_but_put_back(self, sqlite_archive: Archive) -> None:
        carrier, matter = lost_and_found(sqlite_archive)
        assert only(sqlite_archive, CLERK, [CirculationLeftOut(carrier, matter, "不再传")], "circulation_end") == [
            "state"
        ]


def leaves(archive: Archive, who: str, day: str) -> None:
    """The directory says when somebody leaves; nothing is in that hand."""
    person = PERSONS[PEOPLE[who] - 1]
    archive.books.enter(INSTALLATION, [PersonRecorded(replace(person, left_on=day))], act="directory")


class TestAReaderLeaves:
    """Not with the folder in hand; and before his turn it goes past him."""

    def test_f_1_refuse__a_reader_does_not_leave_with_the_folder_in_hand(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        matter = a_circulation(sqlite_archive, carrier)
        to_reader(sqlite_archive, matter, carrier, "sun")
        gone = PersonRecorded(replace(PERSONS[SUN - 1], left_on="2026-11-20"))
        assert "holdings_left" in only(sqlite_archive, CLERK, [gone], "directory")
        from_reader(sqlite_archive, matter, carrier, "sun")
        sqlite_archive.enter(CLERK, [gone], "directory")
        to_reader(sqlite_archive, matter, carrier, "chen")

    def test_f_1_refuse__a_leg_or_a_loan_beyond_the_day_of_leaving(
        self, sqlite_archive: Archive, monkeypatch: Patch
    ) -> None:
        carrier, lent = sqlite_archive.carriers(2)
        matter = a_circulation(sqlite_archive, carrier)
        leaves(sqlite_archive, "sun", "2026-11-22")
        leg = [LegStarted(carrier, matter, SUN, sqlite_archive.due(3))]
        refused(
            sqlite_archive, CLERK, leg, "leg", "sun", clause="f.1", code="due_after_leaving", monkeypatch=monkeypatch
        )
        late = [Borrowed(lent, SUN, sqlite_archive.due(2))]
        assert only(sqlite_archive, CLERK, late, "borrow", "sun") == ["due_after_leaving"]
        sqlite_archive.borrow(lent, "sun", 1)
        longer = [Renewed(lent, sqlite_archive.due(5), "未用完")]
        assert only(sqlite_archive, CLERK, longer, "renew") == ["due_after_leaving"]

    def test_before_his_turn_he_is_passed_over_and_the_folder_closes(self, archive: Archive) -> None:
        carrier = archive.carrier()
        matter = a_circulation(archive, carrier, readers=("sun", "chen"))
        to_reader(archive, matter, carrier, "sun")
        leaves(archive, "chen", "2026-11-20")
        from_reader(archive, matter, carrier, "sun")
        leg: list[Fact] = [LegStarted(carrier, matter, CHEN, archive.due(3))]
        assert "borrower_left" in only(archive, CLERK, leg, "leg", "chen")
        back: list[Fact] = [CirculationPutBack(carrier, matter, SHELF), CirculationClosed(matter)]
        assert only(archive, CLERK, back, "circulation_end") == ["readers_left"]
        archive.enter(CLERK, [ReaderPassedOver(matter, CHEN, "已离岗"), *back], "circulation_end")
        assert archive.the_matter(matter).ended
        assert archive.books.rebuild_check() == []

    def test_c_1_refuse__a_folder_for_one_who_has_left(self, sqlite_archive: Archive, monkeypatch: Patch) -> None:
        facts = opened(sqlite_archive, readers=("lin",))[:1]
        refused(
            sqlite_archive, CLERK, facts, "circulation", clause="c.1", code="borrower_left", monkeypatch=monkeypatch
        )


class TestWhoWaitsLeaves:
    """In a queue whoever left, or may no longer know it, keeps nobody waiting; and is not served."""

    def test_the_next_in_the_queue_is_served(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        sqlite_archive.borrow(carrier, "zhao")
        sqlite_archive.enter(CLERK, [Queued(carrier, SUN), Queued(carrier, CHEN)], "queue")
        sqlite_archive.give_back(carrier)
        leaves(sqlite_archive, "sun", "2026-11-20")
        loan = [Borrowed(carrier, SUN, sqlite_archive.due(3))]
        assert "borrower_left" in only(sqlite_archive, CLERK, loan, "borrow", "sun")
        loan = [Borrowed(carrier, ZHAO, sqlite_archive.due(3))]
        with pytest.raises(Refused) as caught:
            sqlite_archive.enter(CLERK, loan, "borrow", "zhao")
        assert [(r.code, r.params["person_en"]) for r in caught.value.refusals] == [("another_waits", "Chen Guodong")]
        sqlite_archive.borrow(carrier, "chen")
        sqlite_archive.enter(CLERK, [Unqueued(carrier, SUN)], "queue")
        assert sqlite_archive.state(carrier).queue == ()
        assert sqlite_archive.books.rebuild_check() == []

    def test_a_loan_goes_on_where_only_leavers_wait(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        sqlite_archive.borrow(carrier, "zhao")
        sqlite_archive.enter(CLERK, [Queued(carrier, SUN)], "queue")
        longer = [Renewed(carrier, sqlite_archive.due(20), "未用完")]
        assert only(sqlite_archive, CLERK, longer, "renew") == ["another_waits"]
        leaves(sqlite_archive, "sun", "2026-11-21")
        clock = sqlite_archive.books.clock
        assert isinstance(clock, Ticking)
        clock.at += DAY
        sqlite_archive.enter(CLERK, longer, "renew")
