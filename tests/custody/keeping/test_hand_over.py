"""Hand-over between keepers: everything kept is listed and counted, and both sign (daily rule 5)."""

from dataclasses import replace

import pytest

from custody.entries import Moved, ResponsibilityAccepted, RoundSigned, Shelved
from custody.entries.keeping import (
    HandOverClosed,
    HandOverCounted,
    HandOverExplained,
    HandOverListed,
    HandOverOpened,
    HandOverTaken,
)
from custody.rules import Refused
from custody.store import keeping
from tests.builders import (
    CLERK,
    CLERK_2,
    LOW_SHELF,
    MANAGER,
    PEOPLE,
    SECRECY_OFFICE,
    SHELF,
    SHELF_2,
    Archive,
    Ticking,
)
from tests.custody.keeping.house import (
    CABINET,
    CLERK_2_ID,
    CLERK_ID,
    begin_hand_over,
    change_place,
    codes,
    directory,
    place,
    taking_over,
    with_accounts,
)


@pytest.fixture
def cabinet(sqlite_archive: Archive) -> Archive:
    """The archive, its cabinet in the clerk's care."""
    change_place(sqlite_archive, CABINET, responsible=CLERK_ID)
    return sqlite_archive


def count(archive: Archive, matter: int, *carriers: int, means: str = "eye") -> None:
    """Seen, one by one."""
    archive.enter(CLERK_2, [HandOverCounted(carrier, matter, means) for carrier in carriers], "hand_over_count")


def swept(archive: Archive, where: int, number: str = "QC-2026-0001") -> str:
    """A sweep signed in the books."""
    fact = RoundSigned(number, where, 1, 1, 1, 0, 0, 0, "0" * 64)
    archive.enter(CLERK, [fact], "round")
    return number


class TestWhole:
    """From the list to the new keeper."""

    def test_the_receiver_answers_from_the_signatures_on(self, archive: Archive) -> None:
        change_place(archive, CABINET, responsible=CLERK_ID)
        archive.enter(CLERK, [ResponsibilityAccepted(CABINET)], "responsibility")
        seen, lent, lost = archive.carriers(3)
        archive.borrow(lent, "chen")
        archive.borrow(lost, "sun")
        archive.lose(lost)
        archive.carrier(place=LOW_SHELF, level="internal")
        matter = begin_hand_over(archive, CABINET)
        assert archive.the_matter(matter).counts == {"listed": 2}
        count(archive, matter, seen)
        archive.enter(CLERK_2, [HandOverExplained(lent, matter, "on_slip")], "hand_over_count")
        archive.enter(CLERK, taking_over(archive, matter), "hand_over_close", "clerk2")
        assert archive.the_matter(matter).status == "closed"
        assert archive.the_matter(matter).counts == {"taken": 2}
        assert (archive.line(matter, seen).label, archive.line(matter, lent).label) == ("eye", "on_slip")
        assert place(archive, CABINET).responsible == CLERK_2_ID
        assert directory(archive).accepted[CABINET] == (CLERK_2_ID, archive.books.clock())
        assert archive.state(lent).holder == PEOPLE["chen"]
        assert archive.books.rebuild_check() == []

    def test_a_place_within_with_a_keeper_of_its_own_stays_his(self, cabinet: Archive) -> None:
        change_place(cabinet, SHELF_2, responsible=PEOPLE["manager"])
        own, other = cabinet.carrier(), cabinet.carrier(place=SHELF_2)
        matter = begin_hand_over(cabinet, CABINET)
        assert cabinet.the_matter(matter).counts == {"listed": 1}
        with pytest.raises(Refused) as refused:
            cabinet.enter(CLERK, [HandOverListed(other, matter)], "hand_over")
        assert codes(refused.value) == [("", "not_kept_there")]
        count(cabinet, matter, own)
        cabinet.enter(CLERK, taking_over(cabinet, matter), "hand_over_close", "clerk2")
        known = directory(cabinet)
        assert (known.keeper(SHELF), known.keeper(SHELF_2)) == (CLERK_2_ID, PEOPLE["manager"])

    def test_lending_goes_on_meanwhile(self, cabinet: Archive) -> None:
        carrier = cabinet.carrier()
        matter = begin_hand_over(cabinet, CABINET)
        count(cabinet, matter, carrier)
        cabinet.borrow(carrier, "chen")
        cabinet.give_back(carrier)
        cabinet.enter(CLERK, taking_over(cabinet, matter), "hand_over_close", "clerk2")
        assert cabinet.the_matter(matter).status == "closed"


class TestCount:
    """Every line is seen, or the books say why not."""

    def test_towards_5_record__not_signed_before_every_line_is_counted(self, cabinet: Archive) -> None:
        first, second = cabinet.carriers(2)
        matter = begin_hand_over(cabinet, CABINET)
        count(cabinet, matter, first)
        with pytest.raises(Refused) as refused:
            cabinet.enter(CLERK, taking_over(cabinet, matter), "hand_over_close", "clerk2")
        assert codes(refused.value) == [("5", "count_open")]
        count(cabinet, matter, second)
        with pytest.raises(Refused) as refused:
            cabinet.enter(CLERK, taking_over(cabinet, matter)[1:], "hand_over_close", "clerk2")
        assert codes(refused.value) == [("5", "lines_not_taken")]
        cabinet.enter(CLERK, taking_over(cabinet, matter), "hand_over_close", "clerk2")

    def test_what_is_signed_is_what_was_counted(self, cabinet: Archive) -> None:
        carrier = cabinet.carrier()
        matter = begin_hand_over(cabinet, CABINET)
        count(cabinet, matter, carrier)
        with pytest.raises(Refused) as refused:
            cabinet.enter(CLERK, [HandOverTaken(carrier, matter, "on_slip")], "hand_over_close", "clerk2")
        assert codes(refused.value) == [("", "taken_otherwise")]

    def test_towards_5_record__what_came_since_the_list_was_made_is_counted_too(self, cabinet: Archive) -> None:
        matter = begin_hand_over(cabinet, CABINET)
        late = cabinet.carrier()
        with pytest.raises(Refused) as refused:
            cabinet.enter(CLERK, taking_over(cabinet, matter), "hand_over_close", "clerk2")
        assert codes(refused.value) == [("5", "list_incomplete")]
        cabinet.enter(CLERK, [HandOverListed(late, matter)], "hand_over")
        count(cabinet, matter, late)
        cabinet.enter(CLERK, taking_over(cabinet, matter), "hand_over_close", "clerk2")

    @pytest.mark.parametrize("missing", ["giver", "receiver"])
    def test_towards_5_record__both_keepers_sign(self, cabinet: Archive, missing: str) -> None:
        matter = begin_hand_over(cabinet, CABINET)
        by, others = (CLERK, ()) if missing == "receiver" else (SECRECY_OFFICE, ("clerk2",))
        with pytest.raises(Refused) as refused:
            cabinet.enter(by, taking_over(cabinet, matter), "hand_over_close", *others)
        assert codes(refused.value) == [("5", "signature_missing")]

    def test_for_a_giver_who_cannot_sign_the_secrecy_office_does_and_says_why(self, cabinet: Archive) -> None:
        with_accounts(cabinet)
        matter = begin_hand_over(cabinet, CABINET, absent="住院")
        with pytest.raises(Refused, match="signature_missing"):
            cabinet.enter(CLERK_2, taking_over(cabinet, matter), "hand_over_close")
        cabinet.enter(SECRECY_OFFICE, taking_over(cabinet, matter), "hand_over_close", "clerk2")
        assert place(cabinet, CABINET).responsible == CLERK_2_ID

    def test_what_is_lent_is_not_counted_as_seen(self, cabinet: Archive) -> None:
        carrier = cabinet.carrier()
        cabinet.borrow(carrier, "chen")
        matter = begin_hand_over(cabinet, CABINET)
        with pytest.raises(Refused) as refused:
            count(cabinet, matter, carrier)
        assert codes(refused.value) == [("", "not_in_place")]

    @pytest.mark.parametrize("how", ["on_slip", "missing", "gone", "forgotten"])
    def test_what_stands_there_is_not_explained_away(self, cabinet: Archive, how: str) -> None:
        carrier = cabinet.carrier()
        matter = begin_hand_over(cabinet, CABINET)
        with pytest.raises(Refused) as refused:
            cabinet.enter(CLERK, [HandOverExplained(carrier, matter, how)], "hand_over_count")
        assert codes(refused.value) == [("", "explained_wrongly")]

    def test_what_was_declared_missing_or_moved_away_is_explained_so(self, cabinet: Archive) -> None:
        lost, moved = cabinet.carriers(2, level="confidential")
        matter = begin_hand_over(cabinet, CABINET)
        cabinet.lose(lost)
        cabinet.enter(CLERK, [Moved(moved, LOW_SHELF)], "move")
        facts = [HandOverExplained(lost, matter, "missing"), HandOverExplained(moved, matter, "gone")]
        cabinet.enter(CLERK, facts, "hand_over_count")
        cabinet.enter(CLERK, taking_over(cabinet, matter), "hand_over_close", "clerk2")
        assert cabinet.the_matter(matter).counts == {"taken": 2}

    def test_what_turns_up_after_all_is_counted(self, cabinet: Archive) -> None:
        carrier = cabinet.carrier()
        cabinet.borrow(carrier, "chen")
        matter = begin_hand_over(cabinet, CABINET)
        cabinet.enter(CLERK, [HandOverExplained(carrier, matter, "on_slip")], "hand_over_count")
        cabinet.give_back(carrier)
        count(cabinet, matter, carrier)
        assert cabinet.line(matter, carrier).state == "counted"


class TestSweep:
    """A count may be taken over from a sweep that was signed since, over the carrier's place."""

    def test_a_sweep_signed_since_counts(self, archive: Archive) -> None:
        change_place(archive, CABINET, responsible=CLERK_ID)
        carrier = archive.carrier()
        matter = begin_hand_over(archive, CABINET)
        count(archive, matter, carrier, means=swept(archive, SHELF))
        assert archive.line(matter, carrier).label == "QC-2026-0001"
        assert archive.books.rebuild_check() == []

    def test_an_older_one_another_places_and_none_do_not(self, cabinet: Archive) -> None:
        carrier = cabinet.carrier()
        old = swept(cabinet, SHELF, "QC-2026-0001")
        clock = cabinet.books.clock
        assert isinstance(clock, Ticking)
        clock.days(1)
        matter = begin_hand_over(cabinet, CABINET)
        elsewhere = swept(cabinet, SHELF_2, "QC-2026-0002")
        for number in (old, elsewhere, "QC-2026-0003"):
            with pytest.raises(Refused) as refused:
                count(cabinet, matter, carrier, means=number)
            assert codes(refused.value) == [("", "sweep_unfit")]
            assert refused.value.refusals[0].params == {"round": number}


class TestOpening:
    """Between two who are here, of places that are the giver's."""

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"giver": 999}, "keeper_from"),
            ({"receiver": 999}, "keeper_to"),
            ({"receiver": CLERK_ID}, "keeper_to"),
            ({"receiver": PEOPLE["lin"]}, "keeper_to"),
            ({"places": ()}, "places"),
            ({"places": (CABINET, CABINET)}, "places"),
        ],
    )
    def test_a_hand_over_names_two_persons_and_places(
        self, cabinet: Archive, change: dict[str, object], field: str
    ) -> None:
        opened = HandOverOpened(cabinet.matter(), 2, "secret", CLERK_ID, CLERK_2_ID, (CABINET,))
        with pytest.raises(Refused) as refused:
            cabinet.enter(CLERK, [replace(opened, **change)], "hand_over")  # type: ignore[arg-type]
        first = refused.value.refusals[0]
        assert (first.code, first.params) == ("hand_over_unfit", {"field": field})

    def test_towards_5_record__nobody_hands_over_what_is_not_his(self, cabinet: Archive) -> None:
        with pytest.raises(Refused) as refused:
            begin_hand_over(cabinet, CABINET, LOW_SHELF)
        assert codes(refused.value) == [("5", "not_keeper")]

    def test_the_manager_opens_none(self, cabinet: Archive) -> None:
        fact = HandOverOpened(cabinet.matter(), 2, "secret", CLERK_ID, CLERK_2_ID, (CABINET,))
        with pytest.raises(Refused, match="not_permitted"):
            cabinet.enter(MANAGER, [fact], "hand_over")

    def test_what_is_signed_is_what_was_opened(self, cabinet: Archive) -> None:
        matter = begin_hand_over(cabinet, CABINET)
        with pytest.raises(Refused) as refused:
            cabinet.enter(
                CLERK, [HandOverClosed(matter, CLERK_2_ID, (CABINET, LOW_SHELF))], "hand_over_close", "clerk2"
            )
        assert codes(refused.value) == [("", "hand_over_unfit")]

    def test_nothing_is_taken_over_uncounted(self, cabinet: Archive) -> None:
        carrier = cabinet.carrier()
        matter = begin_hand_over(cabinet, CABINET)
        with pytest.raises(Refused, match="line_state"):
            cabinet.enter(CLERK, [HandOverTaken(carrier, matter, "eye")], "hand_over_close")

    def test_what_is_not_yet_shelved_is_nobodys_to_hand_over(self, cabinet: Archive) -> None:
        loose = cabinet.carrier(place=None)
        matter = begin_hand_over(cabinet, CABINET)
        assert cabinet.the_matter(matter).lines_total == 0
        with pytest.raises(Refused, match="not_kept_there"):
            cabinet.enter(CLERK, [HandOverListed(loose, matter)], "hand_over")
        cabinet.enter(CLERK, [Shelved(loose, SHELF)], "shelve")
        with cabinet.books.database.reading() as connection:
            assert keeping.unlisted(connection, directory(cabinet), cabinet.the_matter(matter)) == {loose}
