"""Nobody keeps carriers privately (clause f.1): so many in one hand, and none at leaving or at a change of post."""

from dataclasses import replace

import pytest

from custody.access import Role
from custody.entries import Borrowed, Delegated, Imported, PersonRecorded, Returned
from custody.entries.circulation import Queued, TakenToRead
from custody.entries.keeping import (
    ClearanceClosed,
    ClearanceListed,
    ClearanceOpened,
    ClearanceSettled,
    HoldingConfirmed,
    KeepingAbandoned,
)
from custody.rules import Refused
from custody.store import accounts
from custody.store.books import Books
from custody.values import Delegation, Person
from tests.builders import (
    CLERK,
    CLERK_2,
    INSTALLATION,
    LOW_SHELF,
    MANAGER,
    NOW,
    PEOPLE,
    READING,
    SECRECY_OFFICE,
    SHELF,
    Archive,
    description,
    subject,
)
from tests.custody.keeping.house import (
    CHEN,
    CLERK_2_ID,
    OFFICE,
    SUN,
    begin_clearance,
    change_person,
    change_place,
    codes,
    person,
    settled,
    with_accounts,
)

CHEN_HERE = subject("chen", Role.BORROWER)


class TestPost:
    """A post closes, or changes, only with nothing in hand and nothing in care."""

    @pytest.mark.parametrize(
        "changes",
        [{"left_on": "2026-11-20"}, {"left_on": "2026-12-31"}, {"unit": 3}, {"post": "处长"}, {"post_class": "core"}],
        ids=["leaves", "will_leave", "unit", "post", "class"],
    )
    def test_f_1_refuse__a_post_with_carriers_in_hand_stays(
        self, sqlite_archive: Archive, changes: dict[str, object]
    ) -> None:
        carrier = sqlite_archive.carrier()
        sqlite_archive.borrow(carrier, "chen")
        with pytest.raises(Refused) as refused:
            change_person(sqlite_archive, CHEN, **changes)
        assert codes(refused.value) == [("f.1", "holdings_left")]
        assert refused.value.refusals[0].params["count"] == 1
        sqlite_archive.give_back(carrier)
        change_person(sqlite_archive, CHEN, **changes)
        assert replace(person(sqlite_archive, CHEN), **changes) == person(sqlite_archive, CHEN)  # type: ignore[arg-type]

    def test_f_1_refuse__a_keeper_does_not_leave_his_places_behind(self, archive: Archive) -> None:
        change_place(archive, LOW_SHELF, responsible=SUN)
        with pytest.raises(Refused) as refused:
            change_person(archive, SUN, left_on="2026-11-20")
        assert codes(refused.value) == [("f.1", "places_left")]
        assert refused.value.refusals[0].params["place"] == "B1-low"
        change_place(archive, LOW_SHELF, responsible=CHEN)
        change_person(archive, SUN, left_on="2026-11-20")
        assert archive.books.rebuild_check() == []

    def test_what_comes_back_in_the_same_act_is_back(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier(level="internal")
        sqlite_archive.borrow(carrier, "he")
        he = person(sqlite_archive, PEOPLE["he"])
        facts = [Returned(carrier, SHELF, 12), PersonRecorded(replace(he, left_on="2026-11-20"))]
        sqlite_archive.enter(CLERK, facts, "directory")
        assert person(sqlite_archive, PEOPLE["he"]).left_on == "2026-11-20"

    def test_other_words_about_a_person_change_whatever_he_holds(self, sqlite_archive: Archive) -> None:
        sqlite_archive.borrow(sqlite_archive.carrier(), "chen")
        change_person(sqlite_archive, CHEN, name_en="Chen G.", cleared_until="2031-12-31")
        assert person(sqlite_archive, CHEN).name_en == "Chen G."

    def test_a_loan_kept_before_by_one_who_has_left_is_told_as_it_was(self, sqlite_archive: Archive) -> None:
        new = Person(sqlite_archive.books.reserve("person", 1)[0], "1099", "前任", unit=4, left_on="2026-11-01")
        carrier = sqlite_archive.books.reserve("carrier", 1)[0]
        facts = [PersonRecorded(new), Imported(carrier, description("YS-1", level="internal"))]
        sqlite_archive.books.enter(INSTALLATION, facts, act="take_in")
        assert person(sqlite_archive, new.id).left_on == "2026-11-01"


class TestAccount:
    """An account closes as a post does."""

    def test_f_1_refuse__an_account_is_not_closed_over_what_its_person_holds(self, archive: Archive) -> None:
        carrier = archive.carrier()
        archive.borrow(carrier, "chen")
        with archive.books.database.writing() as connection:
            accounts.create(connection, CHEN, "business", "hash", NOW)
            accounts.grant(connection, CHEN, Role.BORROWER)
            accounts.grant(connection, CHEN, Role.LEADER)
            with pytest.raises(Refused) as refused:
                accounts.set_disabled(connection, CHEN, True)
            assert codes(refused.value) == [("f.1", "holdings_left")]
            accounts.revoke(connection, CHEN, Role.LEADER)
            with pytest.raises(Refused):
                accounts.revoke(connection, CHEN, Role.BORROWER)
            assert [one.role for one in accounts.grants(connection, CHEN)] == [Role.BORROWER]
        archive.give_back(carrier)
        with archive.books.database.writing() as connection:
            accounts.revoke(connection, CHEN, Role.BORROWER)
            accounts.set_disabled(connection, CHEN, True)
            assert accounts.by_person(connection, CHEN).disabled
            accounts.set_disabled(connection, CHEN, False)

    def test_f_1_refuse__nor_over_places_in_care(self, sqlite_archive: Archive) -> None:
        change_place(sqlite_archive, LOW_SHELF, responsible=CHEN)
        with sqlite_archive.books.database.writing() as connection:
            accounts.create(connection, CHEN, "business", "hash", NOW)
            with pytest.raises(Refused) as refused:
                accounts.set_disabled(connection, CHEN, True)
        assert codes(refused.value) == [("f.1", "places_left")]


class TestOneHand:
    """State secrets in one hand are counted; internal papers are not."""

    @pytest.fixture
    def few(self, sqlite_archive: Archive) -> Archive:
        """The same archive, where two state secrets fill a hand."""
        books = sqlite_archive.books
        scheme = replace(books.scheme, numbers={**books.scheme.numbers, "holdings_max": 2})
        return Archive(Books(books.database, scheme, books.clock, lambda: "00" * 16))

    def test_f_1_refuse__a_full_hand_gets_no_more(self, few: Archive) -> None:
        first, second, third, internal = (*few.carriers(3), few.carrier(level="internal"))
        for carrier in (first, second):
            few.borrow(carrier, "chen")
        with pytest.raises(Refused) as refused:
            few.borrow(third, "chen")
        assert codes(refused.value) == [("f.1", "holdings_full")]
        assert refused.value.refusals[0].params["most"] == 2
        few.borrow(internal, "chen")
        few.give_back(first)
        few.borrow(third, "chen")

    def test_f_1_refuse__nor_to_read(self, few: Archive) -> None:
        read = TakenToRead(0, CHEN, READING, few.due(0))
        *full, third = few.carriers(3)
        for carrier in full:
            few.borrow(carrier, "chen")
        with pytest.raises(Refused) as refused:
            few.enter(CLERK, [replace(read, carrier=third)], "read", "chen")
        assert codes(refused.value) == [("f.1", "holdings_full")]

    def test_f_1_refuse__nor_by_several_at_once(self, few: Archive) -> None:
        facts = [Borrowed(carrier, CHEN, few.due(3)) for carrier in few.carriers(3)]
        with pytest.raises(Refused) as refused:
            few.enter(CLERK, facts, "borrow", "chen")
        assert (refused.value.at, codes(refused.value)) == (2, [("f.1", "holdings_full")])

    def test_a_holder_declares_what_he_has_and_nothing_else(self, archive: Archive) -> None:
        own, other = archive.carriers(2)
        archive.borrow(own, "chen")
        archive.enter(CHEN_HERE, [HoldingConfirmed(own)], "confirm_holdings")
        assert archive.state(own).holder == CHEN
        for carrier, signs, code in ((other, True, "not_own_holding"), (own, False, "signature_missing")):
            with pytest.raises(Refused) as refused:
                archive.enter(CHEN_HERE, [HoldingConfirmed(carrier)], "confirm_holdings", signed=signs)
            assert codes(refused.value) == [("", code)]
        assert archive.books.rebuild_check() == []


class TestClearance:
    """A clearance lists everything, and closes at zero with three signatures."""

    def test_from_list_to_sheet(self, archive: Archive) -> None:
        with_accounts(archive)
        kept, given = archive.carriers(2)
        for carrier in (kept, given):
            archive.borrow(carrier, "chen")
        matter = begin_clearance(archive, CHEN)
        archive.give_back(given)
        archive.give_back(kept)
        left = PersonRecorded(replace(person(archive, CHEN), left_on="2026-12-01"))
        facts = [*settled(archive, matter), ClearanceClosed(matter, OFFICE), left]
        archive.enter(CLERK, facts, "clearance_close", "chen", "secrecy")
        ended = archive.the_matter(matter)
        assert (ended.status, ended.counts, ended.body.office) == ("closed", {"settled": 2}, OFFICE)
        assert person(archive, CHEN).left_on == "2026-12-01"
        assert archive.books.rebuild_check() == []

    def test_f_1_refuse__not_closed_while_something_is_in_hand(self, sqlite_archive: Archive) -> None:
        with_accounts(sqlite_archive)
        listed, later = sqlite_archive.carriers(2)
        sqlite_archive.borrow(listed, "chen")
        matter = begin_clearance(sqlite_archive, CHEN)
        with pytest.raises(Refused) as refused:
            sqlite_archive.enter(CLERK, settled(sqlite_archive, matter), "clearance_close")
        assert codes(refused.value) == [("f.1", "holdings_left")]
        with pytest.raises(Refused) as refused:
            sqlite_archive.enter(CLERK, [ClearanceClosed(matter, OFFICE)], "clearance_close", "chen", "secrecy")
        assert codes(refused.value) == [("f.1", "holdings_left"), ("f.1", "count_open")]
        # What was lent after the list was made counts as well.
        sqlite_archive.borrow(later, "chen")
        sqlite_archive.give_back(listed)
        facts = [*settled(sqlite_archive, matter), ClearanceClosed(matter, OFFICE)]
        with pytest.raises(Refused) as refused:
            sqlite_archive.enter(CLERK, facts, "clearance_close", "chen", "secrecy")
        assert codes(refused.value) == [("f.1", "holdings_left")]

    def test_f_1_refuse__not_closed_while_places_are_in_care_or_a_queue_is_stood_in(
        self, sqlite_archive: Archive
    ) -> None:
        with_accounts(sqlite_archive)
        change_place(sqlite_archive, LOW_SHELF, responsible=CHEN)
        wanted = sqlite_archive.carrier()
        sqlite_archive.borrow(wanted, "sun")
        sqlite_archive.enter(CLERK, [Queued(wanted, CHEN)], "queue")
        matter = begin_clearance(sqlite_archive, CHEN)
        with pytest.raises(Refused) as refused:
            sqlite_archive.enter(CLERK, [ClearanceClosed(matter, OFFICE)], "clearance_close", "chen", "secrecy")
        assert codes(refused.value) == [("f.1", "places_left"), ("f.1", "queue_left")]

    @pytest.mark.parametrize("missing", ["chen", "secrecy"])
    def test_f_1_refuse__the_person_and_the_office_sign_the_sheet(self, sqlite_archive: Archive, missing: str) -> None:
        with_accounts(sqlite_archive)
        matter = begin_clearance(sqlite_archive, CHEN)
        others = {"chen", "secrecy"} - {missing}
        with pytest.raises(Refused) as refused:
            sqlite_archive.enter(CLERK, [ClearanceClosed(matter, OFFICE)], "clearance_close", *others)
        assert codes(refused.value) == [("f.1", "signature_missing")]

    def test_the_office_is_who_holds_it_and_three_are_three(self, sqlite_archive: Archive) -> None:
        with_accounts(sqlite_archive)
        matter = begin_clearance(sqlite_archive, CHEN)
        with pytest.raises(Refused) as refused:
            sqlite_archive.enter(CLERK, [ClearanceClosed(matter, CLERK_2_ID)], "clearance_close", "chen", "clerk2")
        assert codes(refused.value) == [("f.1", "office_missing")]
        # A clerk who leaves is not cleared by himself.
        own = begin_clearance(sqlite_archive, CLERK_2_ID, CLERK)
        with pytest.raises(Refused) as refused:
            sqlite_archive.enter(CLERK_2, [ClearanceClosed(own, OFFICE)], "clearance_close", "secrecy")
        assert codes(refused.value) == [("f.1", "persons_not_distinct")]

    def test_open_business_is_told_who_goes_on_with_it(self, sqlite_archive: Archive) -> None:
        with_accounts(sqlite_archive)
        begin_clearance(sqlite_archive, SUN, CLERK_2)
        matter = begin_clearance(sqlite_archive, CLERK_2_ID)
        for successor in (None, CLERK_2_ID, PEOPLE["lin"], 999):
            closed = ClearanceClosed(matter, OFFICE, successor)
            with pytest.raises(Refused) as refused:
                sqlite_archive.enter(CLERK, [closed], "clearance_close", "clerk2", "secrecy")
            assert codes(refused.value) == [("", "successor_missing")]
            assert refused.value.refusals[0].params["count"] == 1
        closed = ClearanceClosed(matter, OFFICE, PEOPLE["clerk"])
        sqlite_archive.enter(CLERK, [closed], "clearance_close", "clerk2", "secrecy")
        assert sqlite_archive.the_matter(matter).body.successor == PEOPLE["clerk"]

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"person": 999}, "person"),
            ({"reason": "bored"}, "reason"),
            ({"on": "soon"}, "on"),
            ({"reason": "changes_post"}, "new_unit"),
        ],
    )
    def test_a_clearance_says_whose_why_and_when(
        self, sqlite_archive: Archive, change: dict[str, object], field: str
    ) -> None:
        opened = replace(ClearanceOpened(0, 2, "secret", CHEN, "leaves", "2026-12-01"), **change)  # type: ignore[arg-type]
        with pytest.raises(Refused) as refused:
            sqlite_archive.enter(CLERK, [replace(opened, matter=sqlite_archive.matter())], "clearance")
        assert refused.value.refusals[0].code == "clearance_unfit"
        assert refused.value.refusals[0].params == {"field": field}

    def test_only_what_the_person_holds_is_listed(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        matter = begin_clearance(sqlite_archive, CHEN)
        with pytest.raises(Refused) as refused:
            sqlite_archive.enter(SECRECY_OFFICE, [ClearanceListed(carrier, matter)], "clearance")
        assert codes(refused.value) == [("", "not_their_holding")]

    def test_what_was_begun_by_mistake_is_given_up_with_a_reason(self, archive: Archive) -> None:
        carrier = archive.carrier()
        archive.borrow(carrier, "chen")
        matter = begin_clearance(archive, CHEN)
        with pytest.raises(Refused) as refused:
            archive.enter(CLERK, [KeepingAbandoned(matter, " ")], "keeping_abandon")
        assert codes(refused.value) == [("", "text_missing")]
        archive.enter(CLERK, [KeepingAbandoned(matter, "不离岗了")], "keeping_abandon")
        assert archive.the_matter(matter).status == "abandoned"
        with pytest.raises(Refused, match="matter_state"):
            archive.enter(CLERK, [ClearanceSettled(carrier, matter)], "clearance_close")
        assert archive.books.rebuild_check() == []

    def test_the_manager_clears_nobody(self, sqlite_archive: Archive) -> None:
        with pytest.raises(Refused, match="not_permitted"):
            begin_clearance(sqlite_archive, CHEN, MANAGER)


def test_a_deputy_keeps_nothing(sqlite_archive: Archive) -> None:
    """A delegation is no holding: who gave one may leave."""
    delegation = Delegation(1, PEOPLE["manager"], SUN, ("approve_unit",), NOW, sqlite_archive.due(5))
    sqlite_archive.enter(MANAGER, [Delegated(delegation)], "delegate")
    change_person(sqlite_archive, PEOPLE["manager"], left_on="2026-11-30")
    assert person(sqlite_archive, PEOPLE["manager"]).left_on == "2026-11-30"
