"""A meeting from its convening to its end, through the books on both engines."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from custody.access import Role, sees
from custody.entries.meetings import (
    AttendeeSeated,
    CountedIn,
    CountUndone,
    IncidentSigned,
    PaperIncomplete,
    PaperReturned,
    PlaceSwept,
    SecretaryTookOver,
)
from custody.life_cycle import Status
from custody.procedures.meetings import settlement
from custody.rules import Refused
from custody.store.queries import status_counts
from tests.builders import CLERK, NOW, PEOPLE, SECRETARY, SHELF, SHELF_2, Archive, subject
from tests.custody.meetings.scene import CHAIR, DEPUTY, HOUR, LODGING, a_meeting, in_session


def test_a_meeting_is_held_counted_and_closed(archive: Archive) -> None:
    # Given: three of the house and two guests, five papers, approval first
    meeting = a_meeting(archive, take_back=True).lists("chen", "sun", "zhao").guests(2)
    assert meeting.matter.due_at == NOW + 4 * HOUR
    meeting.approved().everybody_enters()
    papers = meeting.brings(5)
    assert {archive.state(paper).status for paper in papers} == {Status.IN_MEETING}
    meeting.begins().hands_out({paper: number for number, paper in enumerate(papers, 1)})
    assert archive.state(papers[0]).holder == PEOPLE["chen"]
    assert archive.state(papers[3]).holder is None, "a guest is nobody of the directory"
    assert meeting.line(papers[3]).label == "4"

    # When: the deputy takes over in the middle, and all but the chair's losses come back
    meeting.enter([SecretaryTookOver(meeting.id, DEPUTY.person, "秘书另有任务")], "meeting_take_over", by=DEPUTY)
    meeting.counts_in(papers[0], by=DEPUTY)
    meeting.enter([meeting.taken_back(papers[1], "sun")], "meeting_take_back", "sun", by=DEPUTY)
    meeting.enter([SecretaryTookOver(meeting.id, SECRETARY.person, "已返回")], "meeting_take_over")
    meeting.ends().sweeps("")
    found = [
        CountedIn(papers[2], meeting.id, 3, lodging=LODGING),
        PlaceSwept(meeting.id, LODGING, (papers[2],)),
    ]
    meeting.enter(found, "meeting_sweep")
    meeting.incident(papers[3], papers[4])
    meeting.returns(papers[0], papers[2])
    meeting.everybody_leaves().settles()

    # Then: what was taken back keeps it open, until it is deposited
    settled = meeting.matter
    assert settled.status == "settled"
    assert not settled.ended
    assert settled.due_at is None
    assert archive.state(papers[1]).due_at == archive.due(3)
    meeting.deposits(papers[1], SHELF_2)
    meeting.closes()
    assert meeting.matter.ended
    assert meeting.matter.counts == {"deposited": 1, "incident": 2, "returned": 2}
    assert [archive.state(p).status for p in papers] == [
        *(Status.IN_PLACE, Status.IN_PLACE, Status.IN_PLACE),
        *(Status.DECLARED_LOST, Status.DECLARED_LOST),
    ]
    assert (archive.state(papers[1]).home, archive.state(papers[1]).place) == (SHELF_2, SHELF_2)
    assert {archive.state(paper).matter for paper in papers[:3]} == {None}
    with archive.books.database.reading() as connection:
        assert status_counts(connection, CLERK).get(Status.IN_MEETING, 0) == 0
    assert archive.books.rebuild_check() == []


def test_what_is_back_at_the_registry_is_lent_before_the_meeting_is_over(sqlite_archive: Archive) -> None:
    meeting = in_session(sqlite_archive, "chen")
    (paper,) = meeting.brings(1)
    with pytest.raises(Refused) as caught:
        sqlite_archive.borrow(paper, "chen")
    assert caught.value.refusals[0].code == "state"
    meeting.returns(paper)
    sqlite_archive.borrow(paper, "chen")
    assert not meeting.matter.ended


def test_papers_follow_the_person_when_seats_change(sqlite_archive: Archive) -> None:
    meeting = in_session(sqlite_archive, "chen", "sun")
    (paper,) = meeting.brings(1)
    meeting.hands_out({paper: 1})
    meeting.enter([AttendeeSeated(meeting.id, 1, "2", instead_of=2)], "meeting_list")
    assert [(one.number, one.seat) for one in meeting.body.attendees] == [(1, "2"), (2, "1")]
    assert (meeting.line(paper).label, sqlite_archive.state(paper).holder) == ("1", PEOPLE["chen"])
    meeting.counts_in(paper)
    assert [one.papers for one in meeting.body.attendees] == [0, 0]


def test_a_count_is_taken_back(sqlite_archive: Archive) -> None:
    meeting = in_session(sqlite_archive, "chen")
    (paper,) = meeting.brings(1)
    meeting.hands_out({paper: 1}).counts_in(paper)
    assert (meeting.line(paper).state, sqlite_archive.state(paper).holder) == ("counted_in", None)
    meeting.enter([CountUndone(paper, meeting.id, 1, PEOPLE["chen"])], "meeting_count")
    assert (meeting.line(paper).state, sqlite_archive.state(paper).holder) == ("handed_out", PEOPLE["chen"])
    assert meeting.body.attendees[0].papers == 1
    assert sqlite_archive.books.rebuild_check() == []


def test_an_attendee_sees_his_papers_and_not_those_of_others(sqlite_archive: Archive) -> None:
    meeting = in_session(sqlite_archive, "chen", "zhao")
    (others,) = meeting.brings(1, scope=("person:14",))
    (mine,) = meeting.brings(1, scope=("person:4",))
    meeting.hands_out({mine: 1, others: 2})
    chen = sqlite_archive.present(subject("chen", Role.BORROWER))
    assert meeting.id not in chen.matters, "being on the list is no part in everybody's papers"
    scheme = sqlite_archive.scheme
    assert [sees(chen, sqlite_archive.state(paper), scheme) for paper in (mine, others)] == [True, False]


def test_one_declared_missing_and_found_before_the_end_is_counted_in(archive: Archive) -> None:
    meeting = in_session(archive, "chen")
    (paper,) = meeting.brings(1)
    meeting.hands_out({paper: 1}).ends().sweeps()
    meeting.incident(paper)
    assert archive.state(paper).status is Status.DECLARED_LOST
    meeting.recovers(paper)
    assert (archive.state(paper).status, meeting.line(paper).state) == (Status.IN_MEETING, "counted_in")
    meeting.returns(paper)
    meeting.everybody_leaves().settles()
    meeting.closes()
    assert archive.books.rebuild_check() == []


def test_one_reported_missing_and_found_outside_the_meeting_is_taken_note_of(sqlite_archive: Archive) -> None:
    meeting = in_session(sqlite_archive, "chen")
    (paper,) = meeting.brings(1)
    meeting.hands_out({paper: 1})
    books = sqlite_archive.books
    sqlite_archive.find(sqlite_archive.lose(paper), paper)
    with pytest.raises(Refused) as caught:
        meeting.returns(paper, place=SHELF_2)
    assert [r.code for r in caught.value.refusals] == ["found_elsewhere"]
    meeting.returns(paper)
    assert (meeting.line(paper).state, sqlite_archive.state(paper).matter) == ("returned", None)
    assert books.rebuild_check() == []


def test_a_paper_with_pages_missing_is_back_by_an_incident(sqlite_archive: Archive) -> None:
    meeting = in_session(sqlite_archive, "chen", pages_counted=True)
    (paper,) = meeting.brings(1)
    meeting.hands_out({paper: 1}).ends()
    facts = [
        IncidentSigned(meeting.id, 1, "incomplete", (paper,), "缺第 7 页", "已询问本人"),
        PaperIncomplete(paper, meeting.id, 1, 1, 11),
    ]
    meeting.enter(facts, "meeting_incident", CHAIR)
    line = meeting.line(paper)
    assert (line.state, line.pages, sqlite_archive.state(paper).status) == ("counted_in", 11, Status.IN_MEETING)
    assert meeting.body.attendees[0].papers == 0


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fates=st.lists(st.sampled_from(("returned", "taken_back", "incident", "spare", "out")), min_size=1, max_size=6))
def test_a_meeting_is_settled_exactly_when_every_paper_is_accounted_for(
    sqlite_archive: Archive, fates: list[str]
) -> None:
    meeting = in_session(sqlite_archive, "chen", take_back=True, lodgings=())
    papers = meeting.brings(len(fates))
    fate = dict(zip(papers, fates, strict=True))
    out = [paper for paper in papers if fate[paper] != "spare"]
    if out:
        meeting.hands_out(dict.fromkeys(out, 1))
    meeting.ends().sweeps()
    for paper in papers:
        if fate[paper] == "returned":
            meeting.counts_in(paper)
        if fate[paper] in ("returned", "spare"):
            meeting.returns(paper)
        if fate[paper] == "taken_back":
            meeting.takes_back(paper, "chen")
        if fate[paper] == "incident":
            meeting.incident(paper)
    meeting.everybody_leaves()
    if "out" in fates:
        with pytest.raises(Refused) as caught:
            meeting.settles()
        assert [r.code for r in caught.value.refusals] == ["papers_unsettled"]
        meeting.enter([CountedIn(p, meeting.id, 1) for p in papers if fate[p] == "out"], "meeting_count")
        meeting.enter(
            [PaperReturned(p, meeting.id, SHELF) for p in papers if fate[p] == "out"],
            *("meeting_return", SECRETARY.person),
            by=CLERK,
        )
    meeting.settles()
    assert meeting.matter.status == "settled"
    assert meeting.matter.lines_total == len(papers)
    assert sum(one.papers for one in meeting.body.attendees) == 0


def test_the_settlement_says_what_the_lines_say(sqlite_archive: Archive) -> None:
    meeting = in_session(sqlite_archive, "chen", lodgings=())
    (paper,) = meeting.brings(1)
    meeting.returns(paper)
    meeting.ends().sweeps().everybody_leaves()
    right = settlement(meeting.id, meeting.matter.counts)
    with pytest.raises(Refused) as caught:
        meeting.enter([replace(right, papers=2)], "meeting_settle")
    assert [r.code for r in caught.value.refusals] == ["figures_wrong"]
    meeting.enter([right], "meeting_settle")
