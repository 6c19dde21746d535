"""Places while things are kept in them: their rating (f.2), their keepers (daily rule 5), containers that move."""

from dataclasses import replace

import pytest

from custody.access import Role
from custody.entries import Moved, PlaceRecorded, ResponsibilityAccepted
from custody.rules import Refused
from custody.values import Place
from tests.builders import (
    CLERK,
    CLERK_2,
    CORRIDOR,
    LOW_SHELF,
    MANAGER,
    PEOPLE,
    SECRETARY,
    SHELF,
    SHELF_2,
    Archive,
    subject,
)
from tests.custody.keeping.house import CABINET, change_place, codes, directory, place

STORE = 3
"""The room rated top secret that the cabinet stands in."""


def a_box(archive: Archive) -> int:
    """A container on the shelf, rated as what it stands in."""
    box = Place(archive.books.reserve("place", 1)[0], "BOX-1", "一号箱", "container", parent=SHELF, storage=True)
    archive.enter(CLERK, [PlaceRecorded(box)], "directory")
    return box.id


class TestRating:
    """What is kept somewhere holds the rating up."""

    def test_f_2_refuse__a_cabinet_is_not_rated_below_what_is_kept_in_it(self, archive: Archive) -> None:
        carrier = archive.carrier(level="secret")
        with pytest.raises(Refused) as refused:
            change_place(archive, CABINET, rating="confidential")
        assert codes(refused.value) == [("f.2", "kept_above_rating")]
        assert refused.value.refusals[0].params == {"place": "B1-01-1", "rating": "confidential"}
        archive.enter(CLERK, [Moved(carrier, SHELF_2)], "move")
        with pytest.raises(Refused):
            change_place(archive, CABINET, rating="confidential")
        change_place(archive, SHELF, rating="confidential")
        assert directory(archive).rating(SHELF) == "confidential"
        assert archive.books.rebuild_check() == []

    def test_f_2_refuse__the_room_around_is_not_rated_down_either(self, sqlite_archive: Archive) -> None:
        sqlite_archive.carrier(level="top_secret")
        with pytest.raises(Refused) as refused:
            change_place(sqlite_archive, STORE, rating="secret")
        assert codes(refused.value) == [("f.2", "kept_above_rating")]
        # Where the cabinet has a rating of its own, the room's is not what keeps them.
        change_place(sqlite_archive, CABINET, rating="top_secret")
        change_place(sqlite_archive, STORE, rating="secret")

    def test_f_2_refuse__a_rating_taken_away_is_a_rating_down(self, sqlite_archive: Archive) -> None:
        sqlite_archive.carrier(level="confidential", place=LOW_SHELF)
        with pytest.raises(Refused) as refused:
            change_place(sqlite_archive, LOW_SHELF, rating=None)
        assert refused.value.refusals[0].params == {"place": "B1-low", "rating": ""}

    def test_f_2_refuse__a_home_to_which_a_loan_comes_back_counts(self, sqlite_archive: Archive) -> None:
        lent = sqlite_archive.carrier(level="secret")
        sqlite_archive.borrow(lent, "chen")
        with pytest.raises(Refused):
            change_place(sqlite_archive, CABINET, rating="confidential")
        sqlite_archive.lose(lent)
        change_place(sqlite_archive, CABINET, rating="confidential")

    def test_f_2_refuse__a_container_is_not_carried_to_a_lower_rated_place(self, archive: Archive) -> None:
        box = a_box(archive)
        carrier = archive.carrier(level="secret", place=box)
        with pytest.raises(Refused) as refused:
            change_place(archive, box, parent=LOW_SHELF)
        assert codes(refused.value) == [("f.2", "kept_above_rating")]
        change_place(archive, box, parent=SHELF_2)
        assert [p.code for p in directory(archive).path(archive.state(carrier).place)][:2] == ["BOX-1", "B1-01-2"]
        assert archive.books.rebuild_check() == []

    def test_f_2_refuse__what_holds_carriers_stays_a_store(self, sqlite_archive: Archive) -> None:
        sqlite_archive.carrier(level="internal")
        with pytest.raises(Refused) as refused:
            change_place(sqlite_archive, SHELF, storage=False)
        assert codes(refused.value) == [("f.2", "storage_in_use")]
        change_place(sqlite_archive, SHELF_2, storage=False)

    @pytest.mark.parametrize("kept", [True, False], ids=["something secret is there", "nothing is there"])
    def test_f_2_refuse__who_may_not_know_what_is_kept_takes_no_rating_down(
        self, sqlite_archive: Archive, kept: bool
    ) -> None:
        """The answer is the same whatever stands there: nobody finds hidden things by trying ratings."""
        if kept:
            sqlite_archive.carrier(level="secret")
        low = subject("ma", Role.CLERK)
        for change in ({"rating": "confidential"}, {"storage": False}):
            new = replace(place(sqlite_archive, SHELF), **change)
            with pytest.raises(Refused) as refused:
                sqlite_archive.enter(low, [PlaceRecorded(new)], "directory")
            assert codes(refused.value) == [("f.2", "place_beyond_sight")]
            assert refused.value.refusals[0].params == {"place": "B1-01-1", "rating": "top_secret"}
        sqlite_archive.enter(low, [PlaceRecorded(replace(place(sqlite_archive, SHELF), name="一层"))], "directory")

    def test_in_one_act_what_was_moved_out_before_no_longer_counts(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier(level="secret")
        change_place(sqlite_archive, CABINET, rating="top_secret")
        down = Place(SHELF, "B1-01-1", "一号柜一层", "shelf", parent=CABINET, storage=True, rating="confidential")
        sqlite_archive.enter(CLERK, [Moved(carrier, SHELF_2), PlaceRecorded(down)], "directory")
        assert directory(sqlite_archive).rating(SHELF) == "confidential"

    def test_a_name_may_change_whatever_is_kept_there(self, sqlite_archive: Archive) -> None:
        sqlite_archive.carrier(level="top_secret")
        change_place(sqlite_archive, CABINET, name="甲柜")
        assert place(sqlite_archive, CABINET).name == "甲柜"


class TestKeepers:
    """Each place has a responsible person, who accepts it by signature (daily rule 5)."""

    def test_towards_5_record__the_responsible_person_accepts_by_signature(self, archive: Archive) -> None:
        change_place(archive, CABINET, responsible=PEOPLE["clerk"])
        accepted = ResponsibilityAccepted(CABINET)
        with pytest.raises(Refused) as refused:
            archive.enter(CLERK, [accepted], "responsibility", signed=False)
        assert codes(refused.value) == [("5", "signature_missing")]
        archive.enter(CLERK, [accepted], "responsibility")
        assert directory(archive).accepted[CABINET] == (PEOPLE["clerk"], archive.books.clock())
        assert archive.books.rebuild_check() == []

    @pytest.mark.parametrize("who", [CLERK_2, MANAGER, SECRETARY], ids=["clerk", "manager", "secretary"])
    def test_towards_5_record__nobody_accepts_in_anothers_stead(self, sqlite_archive: Archive, who: object) -> None:
        change_place(sqlite_archive, CABINET, responsible=PEOPLE["clerk"])
        with pytest.raises(Refused) as refused:
            sqlite_archive.enter(who, [ResponsibilityAccepted(CABINET)], "responsibility")  # type: ignore[arg-type]
        assert codes(refused.value) == [("5", "not_responsible")]

    def test_a_place_without_a_keeper_is_accepted_by_nobody(self, sqlite_archive: Archive) -> None:
        with pytest.raises(Refused) as refused:
            sqlite_archive.enter(CLERK, [ResponsibilityAccepted(CORRIDOR)], "responsibility")
        assert codes(refused.value) == [("5", "not_responsible")]
        with pytest.raises(Refused) as refused:
            sqlite_archive.enter(CLERK, [ResponsibilityAccepted(999)], "responsibility")
        assert codes(refused.value) == [("", "reference_unknown")]

    def test_accepted_once_and_again_only_after_another(self, sqlite_archive: Archive) -> None:
        change_place(sqlite_archive, CABINET, responsible=PEOPLE["clerk"])
        accepted = ResponsibilityAccepted(CABINET)
        sqlite_archive.enter(CLERK, [accepted], "responsibility")
        with pytest.raises(Refused) as refused:
            sqlite_archive.enter(CLERK, [accepted], "responsibility")
        assert codes(refused.value) == [("", "accepted_already")]
        change_place(sqlite_archive, CABINET, responsible=PEOPLE["clerk2"])
        assert CABINET not in directory(sqlite_archive).accepted
        change_place(sqlite_archive, CABINET, responsible=PEOPLE["clerk"])
        sqlite_archive.enter(CLERK, [accepted], "responsibility")

    def test_the_keeper_is_the_nearest_around(self, sqlite_archive: Archive) -> None:
        change_place(sqlite_archive, STORE, responsible=PEOPLE["clerk"])
        change_place(sqlite_archive, SHELF_2, responsible=PEOPLE["clerk2"])
        known = directory(sqlite_archive)
        assert (known.keeper(SHELF), known.keeper(SHELF_2)) == (PEOPLE["clerk"], PEOPLE["clerk2"])
        assert (known.keeper(CORRIDOR), known.keeper(None)) == (None, None)
        assert [p.code for p in known.in_care_of(PEOPLE["clerk"])] == ["B1-store"]

    @pytest.mark.parametrize("to", [PEOPLE["clerk2"], None], ids=["another", "nobody"])
    def test_towards_5_record__a_full_cabinet_gets_another_keeper_only_by_a_hand_over(
        self, sqlite_archive: Archive, to: int | None
    ) -> None:
        change_place(sqlite_archive, CABINET, responsible=PEOPLE["clerk"])
        sqlite_archive.carrier()
        with pytest.raises(Refused) as refused:
            change_place(sqlite_archive, CABINET, responsible=to)
        assert codes(refused.value) == [("5", "hand_over_needed")]

    def test_a_first_keeper_and_an_empty_places_next_need_none(self, sqlite_archive: Archive) -> None:
        sqlite_archive.carrier()
        change_place(sqlite_archive, CABINET, responsible=PEOPLE["clerk"])
        change_place(sqlite_archive, SHELF_2, responsible=PEOPLE["clerk"])
        change_place(sqlite_archive, SHELF_2, responsible=PEOPLE["clerk2"])
        assert directory(sqlite_archive).keeper(SHELF_2) == PEOPLE["clerk2"]

    def test_any_person_of_the_business_may_be_a_keeper(self, sqlite_archive: Archive) -> None:
        change_place(sqlite_archive, LOW_SHELF, responsible=PEOPLE["sun"])
        sun = subject("sun", Role.BORROWER)
        sqlite_archive.enter(sun, [ResponsibilityAccepted(LOW_SHELF)], "responsibility")
        assert directory(sqlite_archive).accepted[LOW_SHELF][0] == PEOPLE["sun"]
