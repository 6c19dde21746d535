"""A paper of a meeting that is lost: before the session, in somebody's hands, on its way to the unit; and found again.

Whatever becomes of it, the meeting comes to its end, and the report's clock runs from the incident (clause h.3).
"""

import pytest

from custody.entries import Fact, ReportedMissing
from custody.entries.approvals import Withdrawn
from custody.entries.disposition import LossListed, LossOpened
from custody.entries.meetings import Deposited, IncidentSigned, MeetingBegun
from custody.life_cycle import Status
from custody.rules import Refused
from tests.builders import CLERK, SECRETARY, SHELF, SHELF_2, Archive, Ticking
from tests.custody.meetings.scene import CHAIR, Scene, a_meeting, in_session


def codes(caught: pytest.ExceptionInfo[Refused]) -> list[str]:
    """The codes of what stood against it."""
    return [one.code for one in caught.value.refusals]


def ended(meeting: Scene) -> Scene:
    """The session is over, everybody has left, every place is swept."""
    meeting.ends().sweeps()
    return meeting.everybody_leaves()


def taken_back(archive: Archive) -> tuple[Scene, int]:
    """A settled meeting, one paper of which is on its way to be deposited."""
    meeting = in_session(archive, "chen", take_back=True)
    (paper,) = meeting.brings(1)
    meeting.hands_out({paper: 1})
    meeting.takes_back(paper, "chen")
    ended(meeting).settles()
    return meeting, paper


class TestTakenBack:
    """Taken back to the unit by permission, and never seen there."""

    def test_found_elsewhere_it_is_deposited_where_it_was_put(self, archive: Archive) -> None:
        meeting, paper = taken_back(archive)
        archive.find(archive.lose(paper), paper, SHELF_2)
        with pytest.raises(Refused) as caught:
            meeting.deposits(paper, SHELF)
        assert codes(caught) == ["found_elsewhere"]
        meeting.deposits(paper, SHELF_2)
        meeting.closes()
        state = archive.state(paper)
        assert (state.status, state.home, state.matter) == (Status.IN_PLACE, SHELF_2, None)
        assert archive.books.rebuild_check() == []

    def test_what_stays_lost_is_written_off_by_an_incident_and_the_meeting_closes(self, archive: Archive) -> None:
        meeting, paper = taken_back(archive)
        with pytest.raises(Refused) as caught:
            meeting.closes()
        assert codes(caught) == ["not_deposited"]
        meeting.incident(paper)
        line = meeting.line(paper)
        assert (line.state, line.due_at, meeting.body.attendees[0].papers) == ("incident", None, 0)
        assert archive.state(paper).status is Status.DECLARED_LOST
        meeting.closes()
        assert meeting.matter.ended
        assert archive.books.rebuild_check() == []


def test_declared_lost_before_the_incident_it_has_its_enquiry_already(sqlite_archive: Archive) -> None:
    meeting = in_session(sqlite_archive, "chen")
    (paper,) = meeting.brings(1)
    meeting.hands_out({paper: 1})
    sqlite_archive.lose(paper)
    ended(meeting)
    signed: list[Fact] = [IncidentSigned(meeting.id, 1, "missing", (paper,), "散会后未见", "已搜查会场")]
    meeting.enter([*signed, meeting.missed(paper)], "meeting_incident", CHAIR)
    meeting.settles()
    assert meeting.matter.counts == {"incident": 1}


def test_a_meeting_that_is_never_held_is_withdrawn_over_a_paper_that_was_lost(sqlite_archive: Archive) -> None:
    meeting = a_meeting(sqlite_archive).approved()
    lost, back = meeting.brings(2)
    clock = sqlite_archive.books.clock
    assert isinstance(clock, Ticking)
    clock.days(sqlite_archive.scheme.number("approval_valid_days") + 1)
    with pytest.raises(Refused) as caught:
        meeting.enter([MeetingBegun(meeting.id, rules_read=True, wired_only=True)], "meeting_session")
    assert codes(caught) == ["approval_lapsed"]
    meeting.returns(back)
    withdrawn = [Withdrawn(meeting.id, "不再召开")]
    with pytest.raises(Refused) as caught:
        meeting.enter(withdrawn, "approval")
    assert codes(caught) == ["papers_brought"]
    meeting.incident(lost)
    meeting.enter(withdrawn, "approval")
    assert meeting.matter.status == "withdrawn"
    assert sqlite_archive.books.rebuild_check() == []


def test_written_off_and_found_elsewhere_it_is_taken_note_of_or_left_as_it_was_signed(sqlite_archive: Archive) -> None:
    meeting = in_session(sqlite_archive, "chen")
    noted, left = meeting.brings(2)
    meeting.hands_out({noted: 1, left: 1})
    ended(meeting)
    meeting.incident(noted)
    meeting.incident(left)
    for paper in (noted, left):
        sqlite_archive.find(sqlite_archive.loss_of(paper), paper)
    meeting.returns(noted)
    meeting.settles()
    meeting.closes()
    sqlite_archive.borrow(left, "chen")
    assert meeting.matter.counts == {"incident": 1, "returned": 1}
    assert sqlite_archive.books.rebuild_check() == []


class TestWhoReports:
    """The secretary reports what is short at the own meeting, and no other loss of the house."""

    def test_a_loss_elsewhere_is_not_the_secretarys_to_declare(self, sqlite_archive: Archive) -> None:
        carrier = sqlite_archive.carrier()
        facts = sqlite_archive.lost(carrier)
        with pytest.raises(Refused) as caught:
            sqlite_archive.enter(SECRETARY, facts, "missing")
        assert codes(caught) == ["not_of_own_meeting"]
        sqlite_archive.enter(CLERK, facts, "missing")

    def test_nor_another_loss_beside_an_incident(self, sqlite_archive: Archive) -> None:
        meeting = in_session(sqlite_archive, "chen")
        (paper,) = meeting.brings(1)
        meeting.hands_out({paper: 1})
        ended(meeting)
        other = sqlite_archive.carrier()
        opened, *rest = meeting.loss(paper)
        assert isinstance(opened, LossOpened)
        facts: list[Fact] = [
            IncidentSigned(meeting.id, 1, "missing", (paper,), "散会后未见", "已搜查会场"),
            meeting.missed(paper),
            opened,
            *rest,
            ReportedMissing(other, "未见"),
            LossListed(other, opened.matter),
        ]
        with pytest.raises(Refused) as caught:
            meeting.enter(facts, "meeting_incident", CHAIR)
        assert codes(caught) == ["not_of_own_meeting"]
        meeting.enter(facts[:-2], "meeting_incident", CHAIR)

    def test_no_paper_is_written_off_without_the_report_of_its_loss(self, sqlite_archive: Archive) -> None:
        meeting = in_session(sqlite_archive, "chen")
        (paper,) = meeting.brings(1)
        meeting.hands_out({paper: 1})
        ended(meeting)
        signed: list[Fact] = [IncidentSigned(meeting.id, 1, "missing", (paper,), "散会后未见", "已搜查会场")]
        with pytest.raises(Refused) as caught:
            meeting.enter([*signed, meeting.missed(paper)], "meeting_incident", CHAIR)
        assert codes(caught) == ["clock_not_started"]
        meeting.enter([*signed, meeting.missed(paper), *meeting.loss(paper)], "meeting_incident", CHAIR)


def test_a_deposit_of_what_was_never_taken_back_is_refused(sqlite_archive: Archive) -> None:
    meeting = in_session(sqlite_archive, "chen")
    (paper,) = meeting.brings(1)
    meeting.returns(paper)
    with pytest.raises(Refused) as caught:
        meeting.enter([Deposited(paper, meeting.id, SHELF)], "meeting_deposit", by=CLERK)
    assert codes(caught) == ["line_state"]
