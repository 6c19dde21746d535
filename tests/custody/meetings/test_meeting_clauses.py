"""The clauses of meetings by name: each act would be entered without its rule."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from custody import procedures
from custody.access import Subject
from custody.approval import asked
from custody.entries import Fact
from custody.entries.approvals import Withdrawn
from custody.entries.meetings import (
    AttendeeEntered,
    AttendeeLeft,
    AttendeeListed,
    AttendeeSeated,
    AttendeeStruck,
    CountedIn,
    HandedOut,
    IncidentSigned,
    MeetingBegun,
    MeetingClosed,
    MeetingEnded,
    PaperBrought,
    PaperIncomplete,
    PaperRecovered,
    PaperReturned,
    PlaceSwept,
    SecretaryTookOver,
)
from custody.procedures.meetings import CODES, settlement
from custody.rules import Refused
from custody.values import DAY
from tests.builders import (
    CLERK,
    CORRIDOR,
    LOW_SHELF,
    NOW,
    PEOPLE,
    READING,
    SECRETARY,
    SHELF,
    Archive,
)
from tests.custody.meetings.scene import CHAIR, DEPUTY, HOUR, Scene, a_meeting, convened, guest, in_session

Patch = pytest.MonkeyPatch
Told = Sequence[tuple[str, str]]


def without(monkeypatch: Patch, clause: str, code: str) -> None:
    """The rules as they would be without this one."""
    left = {
        kind: tuple(rule for rule in rules if (rule.clause, rule.code) != (clause, code))
        for kind, rules in procedures.RULES_FOR.items()
    }
    monkeypatch.setattr("custody.procedures.RULES_FOR", left)


def told(meeting: Scene, facts: Sequence[Fact], act: str, *others: int | str, by: Subject = SECRETARY) -> Told:
    """Clauses and codes by which an act is refused."""
    with pytest.raises(Refused) as caught:
        meeting.enter(facts, act, *others, by=by)
    return [(one.clause, one.code) for one in caught.value.refusals]


def refused_alone(
    monkeypatch: Patch,
    meeting: Scene,
    facts: Sequence[Fact],
    act: str,
    rule: tuple[str, str],
    *others: int | str,
    by: Subject = SECRETARY,
) -> None:
    """Refused by this rule alone; without it the books would take the act."""
    assert told(meeting, facts, act, *others, by=by) == [rule]
    without(monkeypatch, *rule)
    meeting.enter(facts, act, *others, by=by)


# h.1: no unrelated persons.


def test_h_1_refuse__the_entry_of_one_who_is_not_on_the_list(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    meeting = in_session(sqlite_archive, "chen")
    refused_alone(monkeypatch, meeting, [AttendeeEntered(meeting.id, 7)], "meeting_door", ("h.1", "not_on_list"))


def test_h_1_refuse__papers_for_one_who_is_not_on_the_list(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    meeting = in_session(sqlite_archive, "chen")
    (paper,) = meeting.brings(1)
    facts = [HandedOut(paper, meeting.id, 7, PEOPLE["sun"])]
    refused_alone(monkeypatch, meeting, facts, "meeting_hand_out", ("h.1", "not_on_list"))


def test_h_1_refuse__a_list_written_by_one_who_is_not_in_charge(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    meeting = a_meeting(sqlite_archive)
    facts = [AttendeeListed(meeting.id, 1, "1", PEOPLE["chen"])]
    refused_alone(monkeypatch, meeting, facts, "meeting_list", ("h.1", "not_in_charge"), by=DEPUTY)


@pytest.mark.parametrize("field", ["name", "unit_name", "letter"])
def test_h_1_record__a_guest_has_a_name_a_unit_and_a_letter(
    sqlite_archive: Archive, monkeypatch: Patch, field: str
) -> None:
    meeting = a_meeting(sqlite_archive)
    facts = [guest(meeting.id, 1, **{field: " "})]
    refused_alone(monkeypatch, meeting, facts, "meeting_list", ("h.1", "guest_unclear"))


def test_h_1_record__the_letter_of_a_guest_is_attested_by_signature(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    meeting = a_meeting(sqlite_archive)
    facts = [guest(meeting.id, 1)]
    with pytest.raises(Refused) as caught:
        sqlite_archive.enter(sqlite_archive.present(SECRETARY), facts, "meeting_list", signed=False)
    assert [(r.clause, r.code) for r in caught.value.refusals] == [("h.1", "signature_missing")]
    without(monkeypatch, "h.1", "signature_missing")
    sqlite_archive.enter(sqlite_archive.present(SECRETARY), facts, "meeting_list", signed=False)


def test_h_1_record__entries_are_complete_before_the_meeting_is_settled(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    meeting = in_session(sqlite_archive, "chen", lodgings=()).ends().sweeps()
    facts = [settlement(meeting.id, meeting.matter.counts)]
    refused_alone(monkeypatch, meeting, facts, "meeting_settle", ("h.1", "still_inside"))


# c.1: within the scope; c.2, c.4 and rule 4 at a meeting.


def test_c_1_refuse__an_attendee_who_is_not_cleared(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    meeting = a_meeting(sqlite_archive)
    facts = [AttendeeListed(meeting.id, 1, "1", PEOPLE["ma"])]
    refused_alone(monkeypatch, meeting, facts, "meeting_list", ("c.1", "attendee_not_cleared"))


def test_c_1_refuse__a_guest_whose_letter_is_for_a_lower_level(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    meeting = a_meeting(sqlite_archive)
    facts = [guest(meeting.id, 1, cleared_for="confidential")]
    refused_alone(monkeypatch, meeting, facts, "meeting_list", ("c.1", "attendee_not_cleared"))


def test_c_1_refuse__an_attendee_outside_the_scope_of_the_meeting(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    meeting = a_meeting(sqlite_archive, scope=("unit:3",))
    facts = [AttendeeListed(meeting.id, 1, "1", PEOPLE["chen"])]
    refused_alone(monkeypatch, meeting, facts, "meeting_list", ("c.1", "attendee_outside_scope"))


def test_c_1_refuse__an_attendee_who_has_left_the_house(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    meeting = a_meeting(sqlite_archive, level="internal")
    facts = [AttendeeListed(meeting.id, 1, "1", PEOPLE["lin"])]
    refused_alone(monkeypatch, meeting, facts, "meeting_list", ("c.1", "attendee_gone"))


def test_c_1_refuse__a_paper_for_an_attendee_outside_its_scope(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    meeting = in_session(sqlite_archive, "chen")
    (paper,) = meeting.brings(1, scope=("unit:3",))
    facts = [meeting.handed(paper, 1)]
    refused_alone(monkeypatch, meeting, facts, "meeting_hand_out", ("c.1", "paper_outside_scope"))


def test_c_1_refuse__a_paper_of_narrow_scope_for_a_guest(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    meeting = a_meeting(sqlite_archive).guests(1).approved().everybody_enters()
    (paper,) = meeting.brings(1, scope=("unit:1",))
    facts = [meeting.handed(paper, 1)]
    refused_alone(monkeypatch, meeting, facts, "meeting_hand_out", ("c.1", "paper_outside_scope"))


def test_c_1_refuse__a_secretary_who_is_not_cleared(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    matter = sqlite_archive.matter()
    scene = Scene(sqlite_archive, matter)
    facts = [convened(matter, deputy=PEOPLE["ma"])]
    refused_alone(monkeypatch, scene, facts, "meeting", ("c.1", "attendee_not_cleared"))


def test_for_internal_papers_neither_clearance_nor_scope_is_asked(sqlite_archive: Archive) -> None:
    meeting = in_session(sqlite_archive, "he", "ma", level="internal", scope=("unit:1",))
    (paper,) = meeting.brings(1, level="internal", scope=("unit:2",))
    meeting.hands_out({paper: 1})
    assert meeting.line(paper).person == PEOPLE["he"]


def test_c_4_record__the_rules_are_read_before_the_meeting_begins(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    meeting = a_meeting(sqlite_archive).approved()
    facts = [MeetingBegun(meeting.id, rules_read=False, wired_only=True)]
    refused_alone(monkeypatch, meeting, facts, "meeting_session", ("c.4", "rules_unread"))


def test_towards_4_record__phones_stay_outside(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    meeting = a_meeting(sqlite_archive).lists("chen").approved()
    facts = [AttendeeEntered(meeting.id, 1, phones_left=False)]
    refused_alone(monkeypatch, meeting, facts, "meeting_door", ("4", "phones_not_left"))


@pytest.mark.parametrize("venue", [LOW_SHELF, CORRIDOR])
def test_a_venue_that_is_not_rated_for_the_level_is_refused(
    sqlite_archive: Archive, monkeypatch: Patch, venue: int
) -> None:
    matter = sqlite_archive.matter()
    facts = [convened(matter, venue=venue)]
    scene = Scene(sqlite_archive, matter)
    refused_alone(monkeypatch, scene, facts, "meeting", ("", "venue_rated_too_low"))


# h.2: by register.


@pytest.mark.parametrize("who", ["registry", "secretary"])
def test_h_2_record__papers_are_given_to_the_secretary_against_both_signatures(
    sqlite_archive: Archive, monkeypatch: Patch, who: str
) -> None:
    meeting = a_meeting(sqlite_archive).approved()
    facts = [meeting.brought(sqlite_archive.carrier())]
    others = (SECRETARY.person,) if who == "registry" else ()
    enter, clerk = sqlite_archive.enter, sqlite_archive.present(CLERK)
    with pytest.raises(Refused) as caught:
        enter(clerk, facts, "meeting_bring", *others, signed=who == "secretary")
    assert [(r.clause, r.code) for r in caught.value.refusals] == [("h.2", "signature_missing")]
    without(monkeypatch, "h.2", "signature_missing")
    enter(clerk, facts, "meeting_bring", *others, signed=who == "secretary")


def test_h_2_record__a_hand_out_is_signed(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    meeting = in_session(sqlite_archive, "chen")
    (paper,) = meeting.brings(1)
    secretary = sqlite_archive.present(SECRETARY)
    with pytest.raises(Refused) as caught:
        sqlite_archive.enter(secretary, [meeting.handed(paper, 1)], "meeting_hand_out", signed=False)
    assert [(r.clause, r.code) for r in caught.value.refusals] == [("h.2", "signature_missing")]
    without(monkeypatch, "h.2", "signature_missing")
    sqlite_archive.enter(secretary, [meeting.handed(paper, 1)], "meeting_hand_out", signed=False)
    assert (meeting.line(paper).label, meeting.line(paper).person) == ("1", PEOPLE["chen"])


def test_h_2_record__nobody_receives_papers_who_is_not_there_to_sign(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    meeting = a_meeting(sqlite_archive).lists("chen").approved()
    (paper,) = meeting.brings(1)
    facts = [meeting.handed(paper, 1)]
    refused_alone(monkeypatch, meeting, facts, "meeting_hand_out", ("h.2", "attendee_absent"))


def test_h_2_record__the_deputy_hands_out_once_he_has_taken_over_by_signature(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    meeting = in_session(sqlite_archive, "chen")
    (paper,) = meeting.brings(1)
    facts = [meeting.handed(paper, 1)]
    assert told(meeting, facts, "meeting_hand_out", by=DEPUTY) == [("h.2", "not_in_charge")]
    take_over = [SecretaryTookOver(meeting.id, DEPUTY.person, "秘书临时离场")]
    assert told(meeting, take_over, "meeting_take_over") == [("", "not_the_deputy")]
    meeting.enter(take_over, "meeting_take_over", by=DEPUTY)
    assert told(meeting, facts, "meeting_hand_out") == [("h.2", "not_in_charge")]
    meeting.hands_out({paper: 1}, by=DEPUTY)


# h.3: the inventory at the end.


def test_h_3_refuse__closing_short(archive: Archive, monkeypatch: Patch) -> None:
    meeting = in_session(archive, "chen", lodgings=())
    back, out = meeting.brings(2)
    meeting.hands_out({back: 1, out: 1}).ends().counts_in(back).sweeps().everybody_leaves()
    meeting.returns(back)
    facts = [settlement(meeting.id, meeting.matter.counts)]
    refused_alone(monkeypatch, meeting, facts, "meeting_settle", ("h.3", "papers_unsettled"))


def test_h_3_refuse__closing_with_papers_that_the_registry_has_not_back(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    meeting = in_session(sqlite_archive, "chen", lodgings=())
    counted, spare = meeting.brings(2)
    meeting.hands_out({counted: 1}).ends().counts_in(counted).sweeps().everybody_leaves()
    facts = [settlement(meeting.id, meeting.matter.counts)]
    assert meeting.line(spare).state == "brought"
    refused_alone(monkeypatch, meeting, facts, "meeting_settle", ("h.3", "papers_not_returned"))


@pytest.mark.parametrize("absent", ["secretary", "chair"])
def test_h_3_refuse__an_incident_without_the_signatures_of_secretary_and_chair(
    sqlite_archive: Archive, monkeypatch: Patch, absent: str
) -> None:
    meeting = in_session(sqlite_archive, "chen", lodgings=())
    (paper,) = meeting.brings(1)
    meeting.hands_out({paper: 1}).ends()
    facts = [
        IncidentSigned(meeting.id, 1, "missing", (paper,), "未见", "已搜查"),
        meeting.missed(paper),
    ]
    sqlite_archive.lose(paper)
    others = (CHAIR,) if absent == "secretary" else ()
    secretary = sqlite_archive.present(SECRETARY)
    with pytest.raises(Refused) as caught:
        sqlite_archive.enter(secretary, facts, "meeting_incident", *others, signed=absent == "chair")
    assert [(r.clause, r.code) for r in caught.value.refusals] == [("h.3", "signature_missing")]
    without(monkeypatch, "h.3", "signature_missing")
    sqlite_archive.enter(secretary, facts, "meeting_incident", *others, signed=absent == "chair")


def test_h_3_refuse__writing_a_paper_off_without_an_incident_that_names_it(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    meeting = in_session(sqlite_archive, "chen")
    named, other = meeting.brings(2)
    meeting.hands_out({named: 1, other: 1}).ends()
    meeting.incident(named)
    facts = [meeting.missed(other), *meeting.loss(other)]
    refused_alone(monkeypatch, meeting, facts, "meeting_incident", ("h.3", "incident_unsigned"), CHAIR)


def test_h_3_refuse__withdrawing_a_meeting_whose_papers_are_out(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    meeting = a_meeting(sqlite_archive).approved()
    meeting.brings(1)
    facts = [Withdrawn(meeting.id, "改期")]
    refused_alone(monkeypatch, meeting, facts, "approval", ("h.3", "papers_brought"))


def test_h_3_refuse__a_count_with_pages_short(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    meeting = in_session(sqlite_archive, "chen", pages_counted=True)
    (paper,) = meeting.brings(1)
    meeting.hands_out({paper: 1})
    facts = [CountedIn(paper, meeting.id, 1, pages=11)]
    refused_alone(monkeypatch, meeting, facts, "meeting_count", ("h.3", "paper_pages_short"))


def test_h_3_record__pages_are_counted_where_that_is_asked(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    meeting = in_session(sqlite_archive, "chen", pages_counted=True)
    (paper,) = meeting.brings(1)
    meeting.hands_out({paper: 1})
    facts = [CountedIn(paper, meeting.id, 1)]
    refused_alone(monkeypatch, meeting, facts, "meeting_count", ("h.3", "pages_uncounted"))


def test_h_3_record__the_count_says_from_whom_each_copy_came(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    meeting = in_session(sqlite_archive, "chen", "sun")
    (paper,) = meeting.brings(1)
    meeting.hands_out({paper: 1})
    facts = [CountedIn(paper, meeting.id, 2)]
    refused_alone(monkeypatch, meeting, facts, "meeting_count", ("h.3", "other_hands"))


def test_h_3_record__venue_and_lodgings_are_swept(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    meeting = in_session(sqlite_archive, "chen").ends().everybody_leaves()
    facts = [settlement(meeting.id, meeting.matter.counts)]
    assert told(meeting, facts, "meeting_settle") == [("h.3", "not_swept")]
    meeting.sweeps("")
    refused_alone(monkeypatch, meeting, facts, "meeting_settle", ("h.3", "not_swept"))


def test_h_3_record__papers_go_back_to_the_registry_by_the_count(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    meeting = in_session(sqlite_archive, "chen")
    (paper,) = meeting.brings(1)
    meeting.hands_out({paper: 1})
    facts = [PaperReturned(paper, meeting.id, SHELF)]
    rule = ("h.3", "paper_not_counted")
    refused_alone(monkeypatch, meeting, facts, "meeting_return", rule, SECRETARY.person, by=CLERK)


def test_h_3_record__the_settlement_is_signed(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    meeting = in_session(sqlite_archive, "chen", lodgings=()).ends().sweeps().everybody_leaves()
    facts = [settlement(meeting.id, meeting.matter.counts)]
    secretary = sqlite_archive.present(SECRETARY)
    with pytest.raises(Refused) as caught:
        sqlite_archive.enter(secretary, facts, "meeting_settle", signed=False)
    assert [(r.clause, r.code) for r in caught.value.refusals] == [("h.3", "signature_missing")]
    without(monkeypatch, "h.3", "signature_missing")
    sqlite_archive.enter(secretary, facts, "meeting_settle", signed=False)


def test_an_approval_that_would_lapse_before_the_meeting_begins_is_not_asked_for_yet(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    days = sqlite_archive.scheme.number("approval_valid_days")
    begins = NOW + days * DAY + HOUR
    meeting = a_meeting(sqlite_archive, starts_at=begins, ends_at=begins + HOUR)
    facts = [asked(meeting.id, "meeting", sqlite_archive.scheme, NOW)]
    refused_alone(monkeypatch, meeting, facts, "approval", ("", "approved_too_early"))
    nearer = a_meeting(sqlite_archive, starts_at=begins - HOUR, ends_at=begins)
    nearer.approved()


# h.4: taken back by permission, deposited in time.


def test_h_3_refuse__papers_are_taken_back_only_where_the_meeting_allows_it(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    meeting = in_session(sqlite_archive, "chen")
    (paper,) = meeting.brings(1)
    meeting.hands_out({paper: 1})
    facts = [meeting.taken_back(paper, "chen")]
    refused_alone(monkeypatch, meeting, facts, "meeting_take_back", ("h.3", "take_back_forbidden"), "chen")


def test_a_paper_taken_back_has_a_day_by_which_it_is_deposited(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    meeting = in_session(sqlite_archive, "chen", take_back=True)
    one, two = meeting.brings(2)
    meeting.hands_out({one: 1, two: 1})
    meeting.takes_back(one, "chen")
    assert meeting.line(one).due_at == sqlite_archive.state(one).due_at == sqlite_archive.due(3)
    late = [meeting.taken_back(two, "chen", days=4)]
    refused_alone(monkeypatch, meeting, late, "meeting_take_back", ("", "deposit_too_late"), "chen")


def test_h_3_refuse__a_meeting_is_not_closed_before_the_deposits_are_in(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    meeting = in_session(sqlite_archive, "chen", take_back=True, lodgings=())
    (paper,) = meeting.brings(1)
    meeting.hands_out({paper: 1})
    meeting.takes_back(paper, "chen")
    meeting.ends().sweeps().everybody_leaves().settles()
    refused_alone(monkeypatch, meeting, [MeetingClosed(meeting.id)], "meeting_settle", ("h.3", "not_deposited"))


def test_h_2_record__he_who_takes_a_paper_back_signs(sqlite_archive: Archive) -> None:
    meeting = in_session(sqlite_archive, "chen", take_back=True)
    (paper,) = meeting.brings(1)
    meeting.hands_out({paper: 1})
    facts = [meeting.taken_back(paper, "chen")]
    assert told(meeting, facts, "meeting_take_back") == [("h.2", "signature_missing")]
    assert told(meeting, facts, "meeting_take_back", "sun") == [("h.2", "signature_missing")]


# Everything else that stands against an act, as a table.

Facts = Callable[[Scene], tuple[Sequence[Fact], str, tuple[int | str, ...], Subject]]


def _by_secretary(act: str, *facts: Callable[[int], Fact], others: tuple[int | str, ...] = ()) -> Facts:
    return lambda meeting: ([fact(meeting.id) for fact in facts], act, others, SECRETARY)


def _gone(matter: int) -> Fact:
    return AttendeeStruck(matter, 3, "不来")


REFUSED: dict[str, tuple[str, str, Facts]] = {
    "a second one of the same person": (
        *("", "listed_already"),
        _by_secretary("meeting_list", _gone, lambda m: AttendeeListed(m, 9, "9", PEOPLE["chen"], reason="增补")),
    ),
    "a seat that is taken": (
        *("", "seat_taken"),
        _by_secretary("meeting_list", _gone, lambda m: AttendeeListed(m, 9, "1", PEOPLE["zhao"], reason="增补")),
    ),
    "another's seat, unsaid": (
        *("", "seat_taken"),
        _by_secretary("meeting_list", lambda m: AttendeeSeated(m, 1, "2")),
    ),
    "more than there are seats": (
        *("", "no_seat_left"),
        _by_secretary("meeting_list", lambda m: AttendeeListed(m, 9, "9", PEOPLE["zhao"], reason="增补")),
    ),
    "a late one without a reason": (
        *("", "text_missing"),
        _by_secretary("meeting_list", lambda m: AttendeeStruck(m, 3, "不来"), lambda m: guest(m, 9)),
    ),
    "one who is nobody": (
        *("", "reference_unknown"),
        _by_secretary("meeting_list", _gone, lambda m: AttendeeListed(m, 9, "9", 99, reason="增补")),
    ),
    "striking one who is inside": (
        *("", "inside_already"),
        _by_secretary("meeting_list", lambda m: AttendeeStruck(m, 2, "不来")),
    ),
    "entering twice": (
        *("", "inside_already"),
        _by_secretary("meeting_door", lambda m: AttendeeEntered(m, 2)),
    ),
    "leaving without having come": (
        *("", "not_inside"),
        _by_secretary("meeting_door", lambda m: AttendeeLeft(m, 3)),
    ),
    "striking one who holds papers": (
        *("h.3", "holds_papers"),
        _by_secretary("meeting_list", lambda m: AttendeeLeft(m, 1), lambda m: AttendeeStruck(m, 1, "早退")),
    ),
    "a lodging that nobody named": (
        *("h.3", "lodging_unknown"),
        lambda meeting: (
            [MeetingEnded(meeting.id), PlaceSwept(meeting.id, "别处")],
            *("meeting_sweep", (), SECRETARY),
        ),
    ),
    "an incident without circumstances": (
        *("h.3", "text_missing"),
        lambda meeting: (
            [MeetingEnded(meeting.id), IncidentSigned(meeting.id, 1, "missing", (1,), " ", "已搜查")],
            *("meeting_incident", (CHAIR,), SECRETARY),
        ),
    ),
    "pages that are whole after all": (
        *("", "pages_whole"),
        lambda meeting: (
            [
                MeetingEnded(meeting.id),
                IncidentSigned(meeting.id, 1, "incomplete", (1,), "缺页", "已询问"),
                PaperIncomplete(1, meeting.id, 1, 1, 12),
            ],
            *("meeting_incident", (CHAIR,), SECRETARY),
        ),
    ),
    "a paper under another's number": (
        *("", "paper_misnamed"),
        lambda meeting: (
            [PaperBrought(2, meeting.id, "YS-2026-09999")],
            *("meeting_bring", (SECRETARY.person,), CLERK),
        ),
    ),
    "a return to where nothing is kept": (
        *("f.2", "no_storage"),
        lambda meeting: (
            [meeting.brought(2), PaperReturned(2, meeting.id, READING)],
            *("meeting_return", (SECRETARY.person,), CLERK),
        ),
    ),
    "a return to a place rated too low": (
        *("f.2", "rated_too_low"),
        lambda meeting: (
            [meeting.brought(2), PaperReturned(2, meeting.id, LOW_SHELF)],
            *("meeting_return", (SECRETARY.person,), CLERK),
        ),
    ),
    "a return to nowhere": (
        *("", "reference_unknown"),
        lambda meeting: (
            [meeting.brought(2), PaperReturned(2, meeting.id, 99)],
            *("meeting_return", (SECRETARY.person,), CLERK),
        ),
    ),
    "taking back to another's unit": (
        *("", "taker_has_no_unit"),
        lambda meeting: (
            [replace(meeting.taken_back(1, "chen"), unit=3)],
            *("meeting_take_back", ("chen",), SECRETARY),
        ),
    ),
    "the door by one who is not of the meeting": (
        *("h.1", "not_of_the_meeting"),
        lambda meeting: (
            [AttendeeLeft(meeting.id, 1)],
            *("meeting_door", (), replace(SECRETARY, person=PEOPLE["clerk2"])),
        ),
    ),
}


def test_how_a_paper_was_found_is_told(sqlite_archive: Archive) -> None:
    meeting = in_session(sqlite_archive, "chen")
    (paper,) = meeting.brings(1)
    meeting.hands_out({paper: 1}).ends()
    meeting.incident(paper)
    with pytest.raises(Refused) as caught:
        meeting.recovers(paper, " ")
    assert [(r.clause, r.code) for r in caught.value.refusals] == [("", "text_missing")]
    facts = [PaperRecovered(paper, meeting.id, "夹在抽屉里")]
    assert told(meeting, facts, "meeting_incident", SECRETARY.person, by=CLERK) == [("", "enquiry_untold")]


@pytest.mark.parametrize("what", REFUSED)
def test_what_else_is_refused(sqlite_archive: Archive, what: str) -> None:
    clause, code, facts_of = REFUSED[what]
    meeting = in_session(sqlite_archive, "chen", "sun", seats=3, take_back=True)
    meeting.enter([guest(meeting.id, 3, reason="增补")], "meeting_list")
    (paper,) = meeting.brings(1)
    assert paper == 1
    assert sqlite_archive.carrier() == 2
    meeting.hands_out({paper: 1})
    facts, act, others, by = facts_of(meeting)
    assert told(meeting, facts, act, *others, by=by) == [(clause, code)]


CONVENED: dict[str, tuple[str, str, dict[str, object]]] = {
    "without a subject": ("", "text_missing", {"subject": " "}),
    "for nobody": ("", "text_missing", {"scope": ()}),
    "two lodgings of one name": ("", "text_missing", {"lodgings": ("甲楼", "甲楼")}),
    "a scope that means nobody": ("", "scope_unclear", {"scope": ("unit:77",)}),
    "ending before it begins": ("", "meeting_times_wrong", {"ends_at": NOW}),
    "without seats": ("", "seats_wrong", {"seats": 0}),
    "the secretary as deputy": ("", "same_secretary", {"deputy": PEOPLE["secretary"]}),
    "a chair who is nobody": ("", "reference_unknown", {"chair": 99}),
    "nowhere": ("", "reference_unknown", {"venue": 99}),
    "a chair who has left": ("c.1", "attendee_gone", {"chair": PEOPLE["lin"], "level": "internal"}),
}


@pytest.mark.parametrize("what", CONVENED)
def test_what_stands_against_convening(sqlite_archive: Archive, what: str) -> None:
    clause, code, changes = CONVENED[what]
    matter = sqlite_archive.matter()
    assert told(Scene(sqlite_archive, matter), [convened(matter, **changes)], "meeting") == [(clause, code)]


def test_every_refusal_of_the_letter_has_an_example_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8") + Path(__file__).with_name("test_meetings.py").read_text("utf-8")
    assert {code for code in CODES if f'"{code}"' not in text} == set()
