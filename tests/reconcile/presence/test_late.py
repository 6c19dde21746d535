"""What comes late is folded where it belongs: revisions are added, none overwritten; the too old is a correction."""

import json
from itertools import pairwise

import pytest
from sqlalchemy import func, insert, select

from custody.database import Database
from custody.values import SECOND
from reconcile.presence import Move
from reconcile.store.core import CONCLUSION, FINDING, FINDING_EVENT, PRESENCE_CHECKPOINT, STAY
from reconcile.store.presence import conclusions as kept
from reconcile.store.presence.conclusions import Belief
from reconcile.store.presence.revisions import note_revisions, revisions_waiting
from tests.builders import SHELF, SHELF_2, Archive
from tests.reconcile.presence.house import (
    EPC,
    GATE,
    arrive,
    concluded,
    fold,
    furnish,
    listening,
    lying,
    presence,
    stays,
)
from tests.reconcile.presence.scenes import at, sighting

MINUTE = 60


@pytest.fixture
def site(sqlite_archive: Archive) -> Database:
    """The house with its two shelves and its gate."""
    return furnish(sqlite_archive.books.database)


def checkpoints(database: Database) -> list[float]:
    """Event times of the tag's checkpoints, in seconds of the scene; the beginning is None-like 0."""
    with database.reading() as connection:
        rows = connection.scalars(select(PRESENCE_CHECKPOINT.c.at).order_by(PRESENCE_CHECKPOINT.c.at)).all()
    return [(one - at(0)) / SECOND if one else 0 for one in rows]


def test_a_late_burst_that_shows_it_never_left_takes_the_move_back(site: Database) -> None:
    # Given a tag that is heard at home, then, while the home's daemon is cut off, by the neighbour,
    arrive(site, [*lying("shelf", 0, 60, dbm=-50), *listening(-60, 200, "other"), *listening(-60, 200, "shelf")], 60)
    fold(site, 60)
    arrive(site, lying("other", 65, 185, dbm=-52), 186)
    fold(site, 186)
    assert presence(site).place == SHELF_2
    # when what the home's daemon heard all that time comes,
    arrive(site, lying("shelf", 60, 190, dbm=-50), 200)
    folded = fold(site, 200)
    # then it never left, and the line of its stays says so.
    assert presence(site).place == SHELF
    assert EPC in folded.changed_epcs
    assert stays(site) == [(SHELF, 0, 190, 380, "")]


def test_what_is_older_than_every_checkpoint_is_a_correction_and_leaves_the_present(site: Database) -> None:
    # Given a tag that lay on a shelf, and for more than an hour on another, folded as it came
    arrive(site, lying("shelf", 0, 60, dbm=-66), 60)
    fold(site, 60)
    for begin in range(3_000, 5_400, 600):
        arrive(
            site, [*lying("other", begin, begin + 600), *listening(begin, begin + 600, "other", "shelf")], begin + 600
        )
        fold(site, begin + 600)
    present = presence(site)
    oldest = min(checkpoints(site))
    assert oldest > 300
    # When a burst of the first hour comes,
    arrive(site, lying("shelf", 60, 300, dbm=-66), 5_401)
    assert fold(site, 5_401).changed_epcs == ()
    # then the past is longer, the present as it was, and a remark on the past says what came and when.
    assert stays(site)[0] == (SHELF, 0, 300, 600, "")
    after = presence(site)
    assert [getattr(after, name) for name in ("place", "strength", "here_at", "heard_at")] == [
        getattr(present, name) for name in ("place", "strength", "here_at", "heard_at")
    ]
    assert after.reads == present.reads + 24 * 20
    (remark,) = [one for one in concluded(site) if one.correction]
    assert (remark.to_place, remark.at, remark.cause) == (SHELF, at(60), "late")
    assert (remark.concluded_at, remark.late_us) == (at(5_401), (5_401 - 300) * SECOND)
    assert remark.evidence["stay"] == "lengthened"


def test_checkpoints_are_few_and_reach_back_a_quarter_of_an_hour(site: Database) -> None:
    for begin in range(0, 6_000, 60):
        arrive(site, lying("shelf", begin, begin + 60), begin + 60)
        fold(site, begin + 60)
    found = checkpoints(site)
    # One in five minutes while it lies still, for a quarter of an hour and one before.
    assert len(found) <= 6
    assert found[0] <= 6_000 - 15 * MINUTE
    assert max(later - earlier for earlier, later in pairwise(found)) <= 6 * MINUTE


def test_what_came_out_of_order_is_not_lost_to_a_checkpoint(site: Database) -> None:
    # Given reports that overtake each other by seconds, again and again
    for begin in range(0, 900, 20):
        arrive(site, lying("shelf", begin + 10, begin + 20), begin + 20)
        fold(site, begin + 20)
        arrive(site, lying("shelf", begin, begin + 10), begin + 21)
        fold(site, begin + 21)
    assert presence(site).reads == 90 * 20
    assert stays(site) == [(SHELF, 0, 900, 1_800, "")]


def test_a_passage_told_late_says_so(site: Database) -> None:
    arrive(site, lying("shelf", 0, 60), 60)
    fold(site, 60)
    # When the gate's daemon was cut off for an hour
    through = [
        sighting(1, reader="gate", antenna=antenna, first=first, last=first + 1, reads=5)
        for antenna, first in ((1, 70.0), (2, 72.0))
    ]
    arrive(site, through, 3_700)
    (seen,) = {one.passage.direction for one in fold(site, 3_700).passages + fold(site, 3_720).passages}
    assert seen == "out"
    with site.reading() as connection:
        row = connection.execute(select(STAY).where(STAY.c.place == GATE)).one()
    evidence = json.loads(row.evidence)
    assert evidence["late"]
    assert evidence["late_us"] >= 3_600 * SECOND


def a_move(to: int | None, second: float, strength: str = "confirmed", source: int | None = SHELF) -> Move:
    """A move that the filter concludes."""
    evidence = {"model": "a", "calibration": 3}
    return Move(source, to, at(second), at(second + 5), strength, "places", evidence)  # type: ignore[arg-type]


class TestRevising:
    """Held against what was concluded before: the same stands, what differs is added and names what it replaces."""

    def conclude(self, site: Database, *moves: Move, now: float) -> None:
        """As the fold does."""
        with site.writing() as connection:
            kept.add(connection, [kept.row_of(EPC, move, at(now)) for move in moves])

    def revise(self, site: Database, *moves: Move, now: float, since: float = 0) -> int:
        """As going back does."""
        with site.writing() as connection:
            return kept.revise(connection, EPC, at(since), Belief(SHELF, "confirmed"), moves, at(now))

    def test_what_is_concluded_again_stands(self, site: Database) -> None:
        self.conclude(site, a_move(SHELF_2, 100), now=110)
        assert self.revise(site, a_move(SHELF_2, 100), now=500) == 0
        (only,) = concluded(site)
        assert (only.calibration, only.model, only.late_us, only.revises) == (3, "a", 0, None)

    def test_another_conclusion_takes_its_place_and_is_late(self, site: Database) -> None:
        self.conclude(site, a_move(SHELF_2, 100), now=110)
        assert self.revise(site, a_move(SHELF_2, 160), now=500) == 1
        first, second = concluded(site)
        assert (second.revises, first.revised_by, second.at) == (first.id, second.id, at(160))
        assert second.late_us == (500 - 165) * SECOND
        # What was said first is still there, as it was said.
        assert (first.at, first.concluded_at) == (at(100), at(110))

    def test_what_was_not_so_is_withdrawn_and_says_what_was(self, site: Database) -> None:
        self.conclude(site, a_move(SHELF_2, 100), now=110)
        assert self.revise(site, now=500) == 1
        first, second = concluded(site)
        assert (second.cause, second.revises, second.to_place) == ("withdrawn", first.id, SHELF)
        # Going back once more withdraws nothing again.
        assert self.revise(site, now=600) == 0

    def test_what_was_concluded_before_the_checkpoint_is_left_alone(self, site: Database) -> None:
        self.conclude(site, a_move(SHELF_2, 100), now=110)
        assert self.revise(site, now=500, since=200) == 0


def test_a_finding_that_rested_on_it_gets_the_revision_and_stands(site: Database) -> None:
    # Given a finding about the tag, and one about another,
    rows = [
        {"number": f"F-{number}", "kind": "missing", "about": f"carrier:{number}", "epc": epc, "happened_at": at(100)}
        | {"opened_at": at(120), "urgency": 0, "open": True, "state": "open", "resolution": "", "evidence": "{}"}
        for number, epc in ((1, EPC), (2, "0" * 24))
    ]
    with site.writing() as connection:
        connection.execute(insert(FINDING), rows)
        kept.add(connection, [kept.row_of(EPC, a_move(None, 95), at(110))])
        assert not revisions_waiting(connection)
        # when what was concluded is revised,
        kept.revise(connection, EPC, at(0), Belief(SHELF, "confirmed"), [], at(500))
        assert revisions_waiting(connection)
        assert note_revisions(connection, at(501)) == 1
        # then its evidence says so, once, and it is as open as it was.
        assert not revisions_waiting(connection)
        assert note_revisions(connection, at(502)) == 0
        (event,) = connection.execute(select(FINDING_EVENT)).all()
        assert (event.finding, event.what, json.loads(event.note)["revision"]["to_place"]) == ("F-1", "evidence", SHELF)
        assert connection.scalar(select(func.count()).where(FINDING.c.open)) == 2
        assert connection.scalar(select(func.count()).select_from(CONCLUSION)) == 2
