"""Deadlines of matters and of carriers in them, over the real procedures."""

from dataclasses import replace

import pytest

from custody.access import Grant, Role
from custody.approval import asked
from custody.entries import Delegated
from custody.entries.approvals import Approved
from custody.entries.disposition import IssuerReturnClosed, LossReported, TransferListed, TransferOpened
from custody.rules import NotFound
from custody.values import Delegation
from reconcile.checks import KINDS
from reconcile.findings import finding, settle
from tests.builders import CLERK, LEADER, MANAGER, PEOPLE, READING, SCHEME, SECRECY_OFFICE, SHELF, subject
from tests.custody.circulation.scene import a_circulation, from_reader, to_reader
from tests.custody.disposition.scenes import called_back, lost, parcel, received_papers
from tests.custody.meetings.scene import HOUR, a_meeting, in_session
from tests.reconcile.findings.scene import Scene

LEG, PAPER, DEPOSIT, RETURN = "leg_overdue", "meeting_paper_out", "deposit_overdue", "issuer_return_overdue"
LOSS, APPROVAL = "loss_report_overdue", "approval_overdue"
GRACE_SECONDS = SCHEME.number("meeting_grace_minutes") * 60


def test_c_3_remind__a_leg_past_its_day_until_it_is_back_at_the_registry(scene: Scene) -> None:
    # Given two carriers with two readers, of whom one brings his back in time
    one, other = scene.archive.carriers(2)
    matter = a_circulation(scene.archive, one, other)
    to_reader(scene.archive, matter, one, "sun", days=3)
    to_reader(scene.archive, matter, other, "sun", days=3)
    scene.ticking.days(3)
    from_reader(scene.archive, matter, other, "sun")
    assert not scene.check(LEG)
    # When the third day is over
    scene.ticking.days(1)
    opened = scene.check(LEG).opened
    # Then the other is found, with the reader and the number of the circulation
    item = scene.only()
    assert (item.line.kind, item.line.carrier, item.line.person) == (LEG, one, PEOPLE["sun"])
    assert (item.line.clause, item.line.matter) == ("c.3", matter)
    assert item.line.evidence["matter"]["number"] == scene.archive.the_matter(matter).number
    assert not scene.check(LEG)
    # And it clears when it is back
    from_reader(scene.archive, matter, one, "sun")
    assert scene.check(LEG).cleared == opened
    assert scene.only(state="closed").line.resolution == "line_moved_on"


def test_c_3_remind__of_what_was_lost_on_its_way_the_enquiry_tells_and_no_longer_the_leg(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    carrier, late = scene.archive.carriers(2)
    matter = a_circulation(scene.archive, carrier, late)
    for one in (carrier, late):
        to_reader(scene.archive, matter, one, "sun", days=1)
    scene.ticking.days(2)
    assert len(scene.check(LEG).opened) == 2
    # Declared lost, and found on a shelf: no reader is asked for it
    loss = scene.archive.lose(carrier)
    assert len(scene.check(LEG).cleared) == 1
    scene.archive.find(loss, carrier)
    assert not scene.check(LEG)
    assert scene.only().line.carrier == late


def test_c_3_remind__settled_by_word_a_leg_is_found_again_the_next_day(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    carrier = scene.archive.carrier()
    matter = a_circulation(scene.archive, carrier)
    to_reader(scene.archive, matter, carrier, "sun", days=1)
    scene.ticking.days(2)
    (number,) = scene.check(LEG).opened
    settle(scene.database, scene.archive.books, SECRECY_OFFICE, number, "reminded_in_person", "明早送回", scene.now)
    assert not scene.check(LEG)
    scene.wait(KINDS[LEG].reopen_after_seconds + 1)
    assert len(scene.check(LEG).opened) == 1


def test_c_3_remind__past_its_time_it_goes_to_the_secrecy_office(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    scene.account("sun", Role.BORROWER)
    carrier = scene.archive.carrier()
    matter = a_circulation(scene.archive, carrier)
    to_reader(scene.archive, matter, carrier, "sun", days=1)
    scene.ticking.days(2)
    opened = scene.check(LEG).opened
    # The reader and the clerk were told; a day later it is the secrecy office's
    assert [n.finding for n in scene.inbox("sun")] == [n.finding for n in scene.inbox("clerk")] == list(opened)
    scene.ticking.days(1.1)
    assert scene.check(LEG).escalated == opened
    assert scene.only().line.owner == PEOPLE["secrecy"]


def test_h_3_detect__a_paper_handed_out_and_not_back_an_hour_after_the_end(scene: Scene) -> None:
    # Given a meeting with three papers handed out, one of them to a guest; it is to end in four hours
    meeting = a_meeting(scene.archive).lists("chen", "sun").guests(1).approved().everybody_enters().begins()
    papers = meeting.brings(4)
    meeting.hands_out({papers[0]: 1, papers[1]: 2, papers[2]: 3})
    scene.wait(4 * HOUR // 1_000_000 + GRACE_SECONDS)
    assert not scene.check(PAPER)
    # When its end and the grace have passed, and one paper is back
    meeting.counts_in(papers[1])
    scene.wait(1)
    assert len(scene.check(PAPER).opened) == 2
    # Then the others are found: with the person, or by the guest's number on the list
    found = {item.line.carrier: item.line for item in scene.found()}
    assert set(found) == {papers[0], papers[2]}
    assert (found[papers[0]].person, found[papers[0]].clause) == (PEOPLE["chen"], "h.3")
    assert (found[papers[2]].person, found[papers[2]].evidence["matter"]["label"]) == (None, "3")
    # And what is counted in clears, what is covered by a signed incident too
    meeting.counts_in(papers[0])
    meeting.ends()
    meeting.sweeps()
    meeting.incident(papers[2])
    assert len(scene.check(PAPER).cleared) == 2


def test_h_3_detect__a_paper_of_a_meeting_that_leaves_by_a_portal_names_the_meeting(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    meeting = in_session(scene.archive, "chen", "sun", take_back=True)
    out, taken = meeting.brings(2)
    meeting.hands_out({out: 1, taken: 2})
    meeting.takes_back(taken, "sun")
    scene.wait(60)
    scene.passes(out)
    scene.passes(taken)
    scene.check()
    # What was taken back to the unit by permission may leave; the other is a removal, and says from which meeting
    item = scene.only()
    assert (item.line.kind, item.line.carrier) == ("unauthorised_removal", out)
    assert item.line.matter_number == meeting.matter.number
    assert item.line.evidence["matter"]["line"] == "handed_out"


def test_papers_of_a_meeting_heard_in_its_venue_are_where_they_should_be(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    meeting = in_session(scene.archive, "chen")
    (paper,) = meeting.brings(1)
    meeting.hands_out({paper: 1})
    scene.wait(7_200)
    scene.heard(paper, READING, seconds=7_000)
    scene.listening(SHELF, seconds=7_200)
    scene.listening(READING, seconds=7_200)
    assert not scene.check("missing", "misplaced", "gone_not_lent", "place_rated_too_low", "in_store_on_loan")


def test_h_4_remind__taken_back_to_the_unit_and_not_handed_in_there_in_time(scene: Scene) -> None:
    # Given two papers taken back from a meeting that is settled since
    meeting = in_session(scene.archive, "chen", "sun", take_back=True)
    one, other = meeting.brings(2)
    meeting.hands_out({one: 1, other: 2})
    meeting.takes_back(one, "chen", days=3)
    meeting.takes_back(other, "sun", days=3)
    meeting.everybody_leaves().ends().sweeps().settles()
    scene.ticking.days(3)
    meeting.deposits(other)
    assert not scene.check(DEPOSIT)
    # When the third day is over
    scene.ticking.days(1)
    opened = scene.check(DEPOSIT).opened
    item = scene.only()
    assert (item.line.kind, item.line.carrier, item.line.person, item.line.clause) == (
        DEPOSIT,
        one,
        PEOPLE["chen"],
        "h.4",
    )
    # Then it clears when it is handed in
    meeting.deposits(one)
    assert scene.check(DEPOSIT).cleared == opened


def test_b_7_remind__papers_called_back_and_not_returned_by_the_day(scene: Scene) -> None:
    # Given a notice of the issuer for two papers, until the tenth day
    papers = received_papers(scene.archive, 2)
    matter = called_back(scene.archive, papers)
    scene.ticking.days(10)
    assert not scene.check(RETURN)
    scene.ticking.days(1)
    # When that day is over, the matter is found, with how its papers stand
    opened = scene.check(RETURN).opened
    item = scene.only()
    assert (item.line.kind, item.line.carrier, item.line.matter, item.line.clause) == (RETURN, None, matter, "b.7")
    assert item.line.evidence["lines"] == {"listed": 2}
    # Then it clears when all are on their way and the matter is closed
    facts = [parcel(matter, paper, pages_counted=12) for paper in papers]
    scene.archive.enter(CLERK, facts, "issuer_return", "clerk2")
    scene.archive.enter(CLERK, [IssuerReturnClosed(matter, "回执 31")], "issuer_return")
    assert scene.check(RETURN).cleared == opened


def test_a_loss_not_reported_in_its_hours_goes_to_a_leader_at_once(scene: Scene) -> None:
    # Given a loss discovered two hours ago
    scene.account("leader", Role.LEADER)
    matter = lost(scene.archive, scene.archive.carrier())
    scene.wait(22 * 3_600)
    assert not scene.check(LOSS)
    scene.wait(1)
    # When its twenty-four hours are over, the same run tells the office and hands it to the leader
    run = scene.check(LOSS)
    assert run.opened == run.escalated
    assert scene.only().line.owner == PEOPLE["leader"]
    assert [n.kind for n in scene.inbox("secrecy")] == ["opened"]
    assert [n.kind for n in scene.inbox("leader")] == ["escalated", "opened"]
    # Then the report stops it
    scene.archive.enter(SECRECY_OFFICE, [LossReported(matter, "市保密局", "密报〔2026〕1号", scene.now)], "enquiry")
    assert scene.check(LOSS).cleared == run.opened
    assert scene.only(state="closed").line.resolution == "matter_moved_on"


def a_waiting_transfer(scene: Scene, level: str = "secret", unit: int = 3) -> int:
    """A transfer list for which the clerk asked for the unit's approval."""
    matter = scene.archive.matter()
    carrier = scene.archive.carrier(unit=unit, level=level)
    opened = TransferOpened(matter, unit, level, "archives", "院档案馆", "档案馆一楼")
    scene.archive.enter(CLERK, [opened, TransferListed(carrier, matter)], "transfer")
    scene.archive.enter(CLERK, [asked(matter, "transfer", SCHEME, scene.now)], "approval")
    return matter


def test_an_approval_that_nobody_gave_is_with_who_may_give_it_then_goes_up(scene: Scene) -> None:
    # Given a transfer of planning's, to be answered in five days; the manager of planning is away, his deputy is sun
    scene.account("sun", Role.BORROWER)
    delegation = Delegation(1, PEOPLE["manager"], PEOPLE["sun"], ("approve_unit",), scene.now, scene.archive.due(30))
    scene.archive.enter(MANAGER, [Delegated(delegation)], "delegate")
    matter = a_waiting_transfer(scene)
    scene.ticking.days(5)
    assert not scene.check(APPROVAL)
    # When the time has passed
    scene.wait(1)
    opened = scene.check(APPROVAL).opened
    # Then it is the manager's; he, his deputy and who asked are told
    item = scene.only()
    assert (item.line.owner, item.line.matter, item.line.clause) == (PEOPLE["manager"], matter, "f.3")
    for who in ("manager", "sun", "clerk"):
        assert [n.finding for n in scene.inbox(who)] == list(opened), who
    assert scene.inbox("secrecy") == ()
    # And then it goes up, until it is answered
    scene.ticking.days(1.1)
    assert scene.check(APPROVAL).escalated == opened
    assert scene.only().line.owner == PEOPLE["secrecy"]
    scene.archive.enter(MANAGER, [Approved(matter, "unit")], "approval")
    assert scene.check(APPROVAL).cleared == opened


def test_who_asked_is_never_the_one_to_answer(sqlite_scene: Scene) -> None:
    # Given a clerk who is the manager of planning besides, and the leader above him
    scene = sqlite_scene
    scene.account("leader", Role.LEADER)
    scene.grant("clerk", Role.MANAGER, 3)
    scene.revoke("manager")
    a_waiting_transfer(scene)
    scene.ticking.days(6)
    scene.check(APPROVAL)
    assert scene.only().line.owner == PEOPLE["secrecy"]


def test_a_finding_about_a_matter_is_hidden_with_its_matter(sqlite_scene: Scene) -> None:
    # Given an overdue approval of planning's on a top secret list
    scene = sqlite_scene
    a_waiting_transfer(scene, level="top_secret")
    scene.ticking.days(6)
    (number,) = scene.check(APPROVAL).opened
    elsewhere = subject("committee", Grant(Role.MANAGER, 4))
    too_low = replace(LEADER, clearance_rank=2)
    for who in (elsewhere, too_low):
        assert scene.found(who) == []
        with scene.database.reading() as connection, pytest.raises(NotFound):
            finding(connection, who, number, scene.now)
    assert len(scene.found(LEADER)) == 1
