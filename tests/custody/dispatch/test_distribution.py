"""Distribution copy by copy within the scope, the remainder counted, and the widening of a scope (clause b.3)."""

from typing import Any, ClassVar

import pytest

from custody.access import Role
from custody.approval import asked
from custody.entries import Fact, PlaceRecorded, Returned
from custody.entries.approvals import Approved, Withdrawn
from custody.entries.dispatch import (
    Collected,
    DispatchListed,
    DistributedOnLoan,
    DistributedToKeep,
    DistributionClosed,
    DistributionCounted,
    DistributionListed,
    DistributionStruck,
    RemainderCounted,
    ScopeWidened,
    WideningClosed,
    WideningListed,
    WideningOpened,
)
from custody.life_cycle import Status
from custody.values import Place
from tests.builders import (
    CLERK,
    CORRIDOR,
    LEADER,
    LOW_SHELF,
    PEOPLE,
    READING,
    SECRECY_OFFICE,
    SHELF,
    SHELF_2,
    Archive,
    subject,
)
from tests.custody.dispatch.scenes import (
    a_dispatch,
    a_distribution,
    a_widening,
    approve,
    bodies,
    lent,
    refusals_of,
    refused,
    widen,
)

TITLE = "YS-2026-700"
SAFE = 11


def copies(archive: Archive, number: int, **changes: Any) -> list[int]:
    """So many copies of one title, in their place."""
    made = []
    for copy in range(1, number + 1):
        made += archive.carriers(1, control_number=TITLE, copy_number=copy, copies=number, **changes)
    return made


def safe_of(archive: Archive, who: str, rating: str = "secret") -> int:
    """A safe that somebody answers for."""
    archive.books.reserve("place", 1)
    safe = Place(SAFE, "B1-safe", "保密柜", "cabinet", 2, rating=rating, storage=True, responsible=PEOPLE[who])
    archive.enter(CLERK, [PlaceRecorded(safe)], "directory")
    return SAFE


def test_copies_are_handed_out_counted_and_collected(archive: Archive) -> None:
    kept, loan, returned, left, gone = copies(archive, 5)
    safe = safe_of(archive, "sun")
    matter = a_distribution(archive, [kept, loan, returned, left, gone], TITLE, collect_by=archive.due(20))
    archive.enter(CLERK, [DistributedToKeep(kept, matter, PEOPLE["sun"], safe)], "distribution", "sun")
    archive.enter(CLERK, [lent(archive, matter, loan, "chen")], "distribution", "chen")
    archive.enter(CLERK, [lent(archive, matter, returned, "zhao")], "distribution", "zhao")
    counted: list[Fact] = [RemainderCounted(left, matter, 12), DistributionStruck(gone, matter, "移作样本")]
    archive.enter(CLERK, [*counted, DistributionCounted(matter)], "distribution_end")

    assert (archive.state(kept).status, archive.state(kept).home) == (Status.IN_PLACE, safe)
    assert (archive.state(loan).status, archive.state(loan).holder) == (Status.ON_LOAN, PEOPLE["chen"])
    assert archive.the_matter(matter).status == "distributed"
    assert archive.the_matter(matter).due_at == archive.due(20)
    archive.enter(CLERK, [Returned(returned, SHELF, 12)], "return")
    back: list[Fact] = [Collected(one, matter, SHELF_2, 12) for one in (kept, loan, returned)]
    archive.enter(CLERK, [*back, DistributionClosed(matter)], "distribution_end")

    assert dict(archive.the_matter(matter).counts) == {"collected": 3, "remainder": 1, "struck": 1}
    assert archive.the_matter(matter).ended
    assert {archive.state(one).place for one in (kept, loan, returned)} == {SHELF_2}
    assert archive.books.rebuild_check() == []


class TestHandingOut:
    """To whom."""

    TO: ClassVar[dict[str, tuple[str, dict[str, Any], list[str]]]] = {
        "outside the scope": ("chen", {"scope": ("unit:3",)}, ["b.3 outside_scope"]),
        "over his clearance": ("ma", {}, ["b.3 not_cleared"]),
        "one who has left": ("lin", {}, ["b.3 borrower_left", "b.3 not_cleared"]),
    }

    @pytest.mark.parametrize("case", TO)
    def test_b_3_refuse__a_recipient_outside_the_scope_or_over_his_clearance(
        self, case: str, sqlite_archive: Archive
    ) -> None:
        who, changes, expected = self.TO[case]
        (copy,) = copies(sqlite_archive, 1, **changes)
        matter = a_distribution(sqlite_archive, [copy], TITLE)
        assert refusals_of(sqlite_archive, CLERK, [lent(sqlite_archive, matter, copy, who)], "distribution", who) == (
            expected
        )
        right = [lent(sqlite_archive, matter, copy, "sun")]
        assert refusals_of(sqlite_archive, CLERK, right, "distribution", "sun") == []

    def test_b_1_refuse__the_recipient_signs(self, sqlite_archive: Archive) -> None:
        (copy,) = copies(sqlite_archive, 1)
        matter = a_distribution(sqlite_archive, [copy], TITLE)
        given = [lent(sqlite_archive, matter, copy, "chen")]
        alone = refused(sqlite_archive, CLERK, given, "distribution")
        assert [(one.clause, one.code, one.params["person_en"]) for one in alone] == [
            ("b.1", "signature_missing", "Chen Guodong")
        ]
        assert refusals_of(sqlite_archive, CLERK, given, "distribution", "chen") == []

    def test_b_1_refuse__nobody_hands_a_copy_to_himself(self, sqlite_archive: Archive) -> None:
        (copy,) = copies(sqlite_archive, 1)
        matter = a_distribution(sqlite_archive, [copy], TITLE)
        own = [DistributedOnLoan(copy, matter, CLERK.person, sqlite_archive.due(3))]
        assert refusals_of(sqlite_archive, CLERK, own, "distribution") == ["b.1 same_hands"]

    def test_nobody_of_that_number_receives(self, sqlite_archive: Archive) -> None:
        (copy,) = copies(sqlite_archive, 1)
        matter = a_distribution(sqlite_archive, [copy], TITLE)
        fact = [DistributedOnLoan(copy, matter, 99, sqlite_archive.due(3))]
        assert refusals_of(sqlite_archive, CLERK, fact, "distribution") == ["reference_unknown"]

    PLACES: ClassVar[dict[str, tuple[int, list[str]]]] = {
        "nowhere known": (99, ["reference_unknown"]),
        "another's place": (SHELF, ["not_keeper"]),
        "no store": (READING, ["not_keeper", "f.2 no_storage"]),
        "not rated": (CORRIDOR, ["not_keeper", "f.2 rated_too_low"]),
        "rated too low": (LOW_SHELF, ["not_keeper", "f.2 rated_too_low"]),
        "a safe of his own": (SAFE, []),
    }

    @pytest.mark.parametrize("case", PLACES)
    def test_it_is_kept_only_where_the_recipient_answers_for_it(self, case: str, sqlite_archive: Archive) -> None:
        place, expected = self.PLACES[case]
        (copy,) = copies(sqlite_archive, 1)
        safe_of(sqlite_archive, "sun")
        matter = a_distribution(sqlite_archive, [copy], TITLE)
        fact = [DistributedToKeep(copy, matter, PEOPLE["sun"], place)]
        assert refusals_of(sqlite_archive, CLERK, fact, "distribution", "sun") == expected

    def test_it_is_lent_for_a_time(self, sqlite_archive: Archive) -> None:
        (copy,) = copies(sqlite_archive, 1)
        matter = a_distribution(sqlite_archive, [copy], TITLE, collect_by=sqlite_archive.due(20))
        for days, expected in ((-1, ["hold_too_long"]), (91, ["hold_too_long", "after_collecting"])):
            fact = [lent(sqlite_archive, matter, copy, "chen", days)]
            assert refusals_of(sqlite_archive, CLERK, fact, "distribution", "chen") == expected
        late = [lent(sqlite_archive, matter, copy, "chen", 21)]
        assert refusals_of(sqlite_archive, CLERK, late, "distribution", "chen") == ["after_collecting"]

    def test_what_is_lent_is_not_handed_out(self, sqlite_archive: Archive) -> None:
        (copy,) = copies(sqlite_archive, 1)
        matter = a_distribution(sqlite_archive, [copy], TITLE)
        sqlite_archive.borrow(copy, "chen", 3)
        fact = [lent(sqlite_archive, matter, copy, "sun")]
        assert refusals_of(sqlite_archive, CLERK, fact, "distribution", "sun") == ["state"]


class TestTheEnd:
    """The remainder, and what comes back."""

    def test_b_2_record__every_copy_that_remains_is_counted(self, sqlite_archive: Archive) -> None:
        given, left = copies(sqlite_archive, 2)
        matter = a_distribution(sqlite_archive, [given, left], TITLE)
        sqlite_archive.enter(CLERK, [lent(sqlite_archive, matter, given, "chen")], "distribution", "chen")
        done = [DistributionCounted(matter)]
        assert refusals_of(sqlite_archive, CLERK, done, "distribution_end") == ["b.2 list_open"]
        short = [RemainderCounted(left, matter, 11)]
        assert refusals_of(sqlite_archive, CLERK, short, "distribution_end") == ["b.2 pages_short"]
        sqlite_archive.enter(CLERK, [RemainderCounted(left, matter, 12)], "distribution_end")
        assert refusals_of(sqlite_archive, CLERK, done, "distribution_end") == []

    def test_b_2_record__no_copy_that_is_here_is_left_out(self, archive: Archive) -> None:
        listed, forgotten = copies(archive, 2)
        matter = a_distribution(archive, [listed], TITLE)
        archive.enter(CLERK, [RemainderCounted(listed, matter)], "distribution_end")
        done = [DistributionCounted(matter)]
        assert refusals_of(archive, CLERK, done, "distribution_end") == ["b.2 copies_left"]
        more: list[Fact] = [DistributionListed(forgotten, matter), RemainderCounted(forgotten, matter), *done]
        assert refusals_of(archive, CLERK, more, "distribution_end") == []

    def test_b_2_record__what_was_to_be_collected_is_back_before_it_ends(self, sqlite_archive: Archive) -> None:
        (copy,) = copies(sqlite_archive, 1)
        matter = a_distribution(sqlite_archive, [copy], TITLE, collect_by=sqlite_archive.due(20))
        sqlite_archive.enter(CLERK, [lent(sqlite_archive, matter, copy, "chen")], "distribution", "chen")
        sqlite_archive.enter(CLERK, [DistributionCounted(matter)], "distribution_end")
        closed = [DistributionClosed(matter)]
        assert refusals_of(sqlite_archive, CLERK, closed, "distribution_end") == ["b.2 not_collected"]
        sqlite_archive.enter(CLERK, [Collected(copy, matter, SHELF)], "distribution_end")
        assert refusals_of(sqlite_archive, CLERK, closed, "distribution_end") == []

    def test_what_stays_ends_with_the_count(self, sqlite_archive: Archive) -> None:
        (copy,) = copies(sqlite_archive, 1)
        matter = a_distribution(sqlite_archive, [copy], TITLE)
        sqlite_archive.enter(CLERK, [lent(sqlite_archive, matter, copy, "chen")], "distribution", "chen")
        ends: list[Fact] = [DistributionCounted(matter), DistributionClosed(matter)]
        assert refusals_of(sqlite_archive, CLERK, ends, "distribution_end") == []

    def test_a_copy_lent_to_another_meanwhile_is_given_back_by_him(self, sqlite_archive: Archive) -> None:
        (copy,) = copies(sqlite_archive, 1)
        matter = a_distribution(sqlite_archive, [copy], TITLE)
        sqlite_archive.enter(CLERK, [lent(sqlite_archive, matter, copy, "chen")], "distribution", "chen")
        sqlite_archive.give_back(copy)
        sqlite_archive.borrow(copy, "sun", 3)
        fact = [Collected(copy, matter, SHELF)]
        assert refusals_of(sqlite_archive, CLERK, fact, "distribution_end") == ["holder_differs"]

    def test_a_list_is_of_one_title(self, sqlite_archive: Archive) -> None:
        other = sqlite_archive.carrier()
        matter = a_distribution(sqlite_archive, [], TITLE)
        fact = [DistributionListed(other, matter)]
        assert refusals_of(sqlite_archive, CLERK, fact, "distribution") == ["not_of_title"]
        unsaid = [DistributionStruck(other, matter, "")]
        assert "line_state" in refusals_of(sqlite_archive, CLERK, unsaid, "distribution")

    def test_a_copy_is_struck_with_a_reason(self, sqlite_archive: Archive) -> None:
        (copy,) = copies(sqlite_archive, 1)
        matter = a_distribution(sqlite_archive, [copy], TITLE)
        struck = [DistributionStruck(copy, matter, " ")]
        assert refusals_of(sqlite_archive, CLERK, struck, "distribution") == ["text_missing"]


class TestWidening:
    """More are to know it."""

    def test_every_copy_is_shown_to_more_and_to_nobody_less(self, archive: Archive) -> None:
        bodies(archive)
        first, second = copies(archive, 2, scope=("unit:3",))
        archive.borrow(second, "sun")
        matter = widen(archive, [first, second], TITLE, "unit:4", "organisation:1")
        archive.enter(CLERK, [WideningClosed(matter)], "widening")
        for copy in (first, second):
            assert set(archive.state(copy).description.scope.principals) == {"unit:3", "unit:4", "organisation:1"}
        archive.borrow(first, "chen")
        assert archive.the_matter(matter).status == "closed"
        assert archive.books.rebuild_check() == []

    def test_b_3_refuse__who_is_outside_comes_in_only_by_an_approved_widening(self, sqlite_archive: Archive) -> None:
        bodies(sqlite_archive)
        (copy,) = copies(sqlite_archive, 1, scope=("unit:3",))
        sending = a_dispatch(sqlite_archive, [])
        listed = [DispatchListed(copy, sending)]
        assert refusals_of(sqlite_archive, CLERK, listed, "dispatch") == ["b.3 body_outside_scope"]
        matter = a_widening(sqlite_archive, [copy], TITLE, "organisation:1")
        early = [ScopeWidened(copy, matter, ("organisation:1",))]
        assert refusals_of(sqlite_archive, CLERK, early, "widening") == ["matter_state"]
        approve(sqlite_archive, matter, ("office", SECRECY_OFFICE), ("leader", LEADER), route="widening")
        more = [ScopeWidened(copy, matter, ("organisation:1", "all"))]
        assert refusals_of(sqlite_archive, CLERK, more, "widening") == ["b.3 other_than_approved"]
        assert refusals_of(sqlite_archive, CLERK, early, "widening") == []
        assert refusals_of(sqlite_archive, CLERK, listed, "dispatch") == []

    def test_b_3_refuse__what_came_from_outside_needs_its_issuers_consent(self, sqlite_archive: Archive) -> None:
        (copy,) = copies(sqlite_archive, 1, issuer="部机关", issuer_number="部发〔2026〕7号")
        without = a_widening(sqlite_archive, [], TITLE, "unit:4")
        fact = [WideningListed(copy, without)]
        assert refusals_of(sqlite_archive, CLERK, fact, "widening") == ["b.3 consent_missing"]
        with_it = a_widening(sqlite_archive, [], TITLE, "unit:4", consent="部函〔2026〕2号")
        assert refusals_of(sqlite_archive, CLERK, [WideningListed(copy, with_it)], "widening") == []

    def test_b_3_refuse__no_copy_is_left_out_of_the_asking_nor_of_the_end(self, archive: Archive) -> None:
        first, second = copies(archive, 2)
        matter = a_widening(archive, [first], TITLE, "unit:4")
        question = [asked(matter, "widening", archive.scheme, archive.books.clock())]
        assert refusals_of(archive, CLERK, question, "approval") == ["b.3 copies_left"]
        archive.enter(CLERK, [WideningListed(second, matter)], "widening")
        approve(archive, matter, ("office", SECRECY_OFFICE), ("leader", LEADER), route="widening")
        archive.enter(CLERK, [ScopeWidened(first, matter, ("unit:4",))], "widening")
        assert refusals_of(archive, CLERK, [WideningClosed(matter)], "widening") == ["b.3 list_open"]
        assert refusals_of(archive, CLERK, [Withdrawn(matter, "不办了")], "approval") == ["partly_done"]
        ends: list[Fact] = [ScopeWidened(second, matter, ("unit:4",)), WideningClosed(matter)]
        assert refusals_of(archive, CLERK, ends, "widening") == []

    @pytest.mark.parametrize("field", ["control_number", "reason", "authority"])
    def test_b_3_refuse__on_whose_word_and_why(self, field: str, sqlite_archive: Archive) -> None:
        matter = sqlite_archive.matter()
        said = {"control_number": TITLE, "reason": "联合攻关", "authority": "柳望川"} | {field: " "}
        fact = WideningOpened(matter, 1, "secret", principals=("unit:4",), **said)
        assert refusals_of(sqlite_archive, CLERK, [fact], "widening") == ["b.3 text_missing"]

    def test_b_3_refuse__whoever_approved_does_not_carry_it_out(self, sqlite_archive: Archive) -> None:
        (copy,) = copies(sqlite_archive, 1)
        matter = a_widening(sqlite_archive, [copy], TITLE, "unit:4")
        both = subject("leader", Role.LEADER, Role.CLERK)
        approve(sqlite_archive, matter, ("office", SECRECY_OFFICE), ("leader", both), route="widening")
        fact = [ScopeWidened(copy, matter, ("unit:4",))]
        assert refusals_of(sqlite_archive, both, fact, "widening") == ["b.3 same_person"]
        assert refusals_of(sqlite_archive, CLERK, fact, "widening") == []

    def test_b_3_refuse__the_applicant_does_not_approve(self, sqlite_archive: Archive) -> None:
        (copy,) = copies(sqlite_archive, 1)
        matter = a_widening(sqlite_archive, [copy], TITLE, "unit:4")
        approve(sqlite_archive, matter, route="widening")
        both = subject("clerk", Role.CLERK, Role.SECRECY_OFFICE)
        fact = [Approved(matter, "office")]
        assert refusals_of(sqlite_archive, both, fact, "approval") == ["b.3 same_person"]
        assert refusals_of(sqlite_archive, SECRECY_OFFICE, fact, "approval") == []

    def test_a_scope_names_only_who_is_in_the_directory(self, sqlite_archive: Archive) -> None:
        for principals in (("unit:99",), (), ("organisation:5",)):
            with pytest.raises(Exception, match="scope_unclear"):
                a_widening(sqlite_archive, [], TITLE, *principals)
