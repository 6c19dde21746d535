"""Entry to rated places: escorted, registered, phones deposited, everybody out (clause j.1, rules 4, 5 and 9)."""

from dataclasses import replace
from typing import Any

import pytest

from custody.entries import PlaceRecorded
from custody.entries.circulation import TakenToRead
from custody.entries.entry import EscortChanged, VisitEnded, Visitor, VisitorLeft
from custody.procedures.room_checks import verdict_of
from custody.rules import Refused
from custody.values import SECOND
from tests.builders import CLERK, CORRIDOR, NOW, PEOPLE, PLACES, READING, Archive, Ticking
from tests.custody.entry.scene import (
    CLEANER,
    INSPECTOR,
    TECHNICIAN,
    a_check,
    a_visit,
    answered_for,
    cleaning,
    gives_go,
    goes_in,
    goes_out,
    refused,
)
from tests.custody.meetings.scene import in_session

Patch = pytest.MonkeyPatch
HOUR = 3_600 * SECOND


@pytest.fixture
def house(sqlite_archive: Archive) -> Archive:
    """The archive, in which the clerk answers for the reading room."""
    answered_for(sqlite_archive)
    return sqlite_archive


def later(archive: Archive, hours: float) -> None:
    """Time goes on."""
    clock = archive.books.clock
    assert isinstance(clock, Ticking)
    clock.days(hours / 24)


def visitors(count: int) -> tuple[Visitor, ...]:
    """So many, without phones."""
    return tuple(replace(INSPECTOR, name=f"访客{n}", document=f"证件 {n}") for n in range(count))


def test_j_1_record__who_with_whom_why_when_in_and_out(archive: Archive) -> None:
    answered_for(archive)
    matter = goes_in(archive, a_visit(archive, TECHNICIAN, INSPECTOR), happened_at=NOW - HOUR)
    found = archive.the_matter(matter)
    assert (found.number, found.status, found.level) == ("LF-2026-0001", "inside", "internal")
    assert found.due_at == archive.due(0)
    assert [(one.visitor.name, one.entered_at, one.inside) for one in found.body.entrants] == [
        ("高远", NOW - HOUR, True),
        ("任重", NOW - HOUR, True),
    ]
    later(archive, 2)
    goes_out(archive, matter, 2, last=False)
    assert (archive.the_matter(matter).body.inside, archive.the_matter(matter).due_at) == (1, archive.due(0))
    goes_out(archive, matter, 1)
    over = archive.the_matter(matter)
    assert (over.status, over.ended, over.due_at) == ("over", True, None)
    assert {one.left_at for one in over.body.entrants} == {NOW + 2 * HOUR}
    assert archive.books.rebuild_check() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"purpose": " "},
        {"visitors": ()},
        {"visitors": (replace(INSPECTOR, name=""),)},
        {"visitors": (replace(INSPECTOR, body=" "),)},
        {"visitors": (replace(INSPECTOR, document=""),)},
    ],
    ids=["purpose", "nobody", "name", "body", "document"],
)
def test_j_1_record__nobody_goes_in_who_is_not_told(
    house: Archive, changes: dict[str, Any], monkeypatch: Patch
) -> None:
    refused(
        house, CLERK, [a_visit(house, **changes)], "visit", "zhao",
        clause="j.1", code="text_missing", monkeypatch=monkeypatch,
    )  # fmt: skip


def test_j_1_record__a_visit_is_not_over_while_somebody_is_in(house: Archive, monkeypatch: Patch) -> None:
    matter = goes_in(house, a_visit(house))
    refused(
        house, CLERK, [VisitEnded(matter)], "visit_out", clause="j.1", code="visitors_inside", monkeypatch=monkeypatch
    )


def test_j_1_refuse__unescorted(house: Archive, monkeypatch: Patch) -> None:
    refused(
        house, CLERK, [a_visit(house, escort=None)], "visit", clause="j.1", code="unescorted", monkeypatch=monkeypatch
    )


def test_j_1_refuse__an_escort_who_is_not_there_to_sign(house: Archive, monkeypatch: Patch) -> None:
    refused(house, CLERK, [a_visit(house)], "visit", clause="j.1", code="signature_missing", monkeypatch=monkeypatch)


@pytest.mark.parametrize(("who", "code"), [("ma", "escort_not_cleared"), ("he", "escort_not_cleared")])
def test_j_1_refuse__an_escort_who_may_not_know(house: Archive, who: str, code: str, monkeypatch: Patch) -> None:
    refused(house, CLERK, [a_visit(house, escort=who)], "visit", who, clause="j.1", code=code, monkeypatch=monkeypatch)


def test_j_1_refuse__an_escort_who_has_left(house: Archive) -> None:
    with pytest.raises(Refused) as caught:
        goes_in(house, a_visit(house, escort="lin"), "lin")
    # Who has left is cleared for nothing either.
    assert [(one.clause, one.code) for one in caught.value.refusals] == [
        ("j.1", "escort_left"),
        ("j.1", "escort_not_cleared"),
    ]


def test_j_1_refuse__an_escort_who_visits_himself(house: Archive, monkeypatch: Patch) -> None:
    himself = replace(INSPECTOR, person=PEOPLE["zhao"])
    refused(
        house, CLERK, [a_visit(house, himself)], "visit", "zhao",
        clause="j.1", code="escort_visits", monkeypatch=monkeypatch,
    )  # fmt: skip


def test_j_1_refuse__more_visitors_than_one_escort_has_in_sight(house: Archive, monkeypatch: Patch) -> None:
    """Five by the scheme, in whatever rooms: three here, and then three more."""
    first = goes_in(house, a_visit(house, *visitors(3)))
    more = tuple(replace(one, document=f"{one.document}b") for one in visitors(3))
    late = a_visit(house, *more)
    with monkeypatch.context():
        refused(
            house, CLERK, [late], "visit", "zhao",
            clause="j.1", code="escort_overloaded", monkeypatch=monkeypatch,
        )  # fmt: skip
    goes_out(house, first, 1, 2, 3)
    goes_out(house, late.matter, 1, 2, 3)
    goes_in(house, a_visit(house, *visitors(5)))


def test_j_1_refuse__another_escort_takes_over_only_by_his_own_signature(house: Archive, monkeypatch: Patch) -> None:
    matter = goes_in(house, a_visit(house))
    changed = EscortChanged(matter, PEOPLE["leader"], "另有会议")
    refused(house, CLERK, [changed], "visit_escort", clause="j.1", code="signature_missing", monkeypatch=monkeypatch)
    assert house.the_matter(matter).body.escorts == (PEOPLE["zhao"], PEOPLE["leader"])
    assert house.the_matter(matter).body.escort == PEOPLE["leader"]


@pytest.mark.parametrize(
    ("who", "reason", "clause", "code"),
    [
        ("leader", " ", "j.1", "text_missing"),
        ("zhao", "换人", "", "same_escort"),
        ("ma", "换人", "j.1", "escort_not_cleared"),
    ],
)
def test_a_change_of_escort_says_why_and_names_another(
    house: Archive, who: str, reason: str, clause: str, code: str, monkeypatch: Patch
) -> None:
    matter = goes_in(house, a_visit(house))
    changed = EscortChanged(matter, PEOPLE[who], reason)
    refused(house, CLERK, [changed], "visit_escort", who, clause=clause, code=code, monkeypatch=monkeypatch)


@pytest.mark.parametrize(
    "phone", [{"locker": "", "no_phone": False}, {"locker": "12", "no_phone": True}], ids=["neither", "both"]
)
def test_4_record__the_phone_is_deposited_or_declared_not_carried(
    house: Archive, phone: dict[str, Any], monkeypatch: Patch
) -> None:
    refused(
        house, CLERK, [a_visit(house, replace(TECHNICIAN, **phone))], "visit", "zhao",
        clause="4", code="phone_untold", monkeypatch=monkeypatch,
    )  # fmt: skip


def test_4_record__nobody_goes_out_without_the_phone_from_the_locker(house: Archive, monkeypatch: Patch) -> None:
    matter = goes_in(house, a_visit(house))
    refused(
        house, CLERK, [VisitorLeft(matter, 1, False)], "visit_out",
        clause="4", code="phone_left", monkeypatch=monkeypatch,
    )  # fmt: skip


def test_a_locker_holds_one_phone_at_a_time(house: Archive, monkeypatch: Patch) -> None:
    first = goes_in(house, a_visit(house))
    again = a_visit(house, replace(TECHNICIAN, document="身份证 9"))
    refused(house, CLERK, [again], "visit", "zhao", clause="", code="locker_taken", monkeypatch=monkeypatch)
    goes_out(house, first, 1)
    goes_out(house, again.matter, 1)
    goes_in(house, a_visit(house))


def test_5_record__the_declaration_is_made_at_the_door(house: Archive, monkeypatch: Patch) -> None:
    refused(
        house, CLERK, [a_visit(house, declared=False)], "visit", "zhao",
        clause="5", code="undeclared", monkeypatch=monkeypatch,
    )  # fmt: skip


@pytest.mark.parametrize("opens", [a_visit, cleaning], ids=["visit", "cleaning"])
def test_5_record__nobody_is_let_into_a_place_that_nobody_signed_for(
    sqlite_archive: Archive, opens: Any, monkeypatch: Patch
) -> None:
    gives_go(sqlite_archive)
    fact = opens(sqlite_archive)
    act = "visit" if opens is a_visit else "cleaning"
    refused(
        sqlite_archive, CLERK, [fact], act, "zhao",
        clause="5", code="responsibility_unaccepted", monkeypatch=monkeypatch,
    )  # fmt: skip


def test_5_record__who_was_named_anew_signs_anew(house: Archive) -> None:
    named = replace(PLACES[READING - 1], responsible=PEOPLE["clerk2"])
    house.enter(CLERK, [PlaceRecorded(named)], "directory")
    with pytest.raises(Refused) as caught:
        goes_in(house, a_visit(house))
    assert [one.code for one in caught.value.refusals] == ["responsibility_unaccepted"]


def test_5_record__a_place_is_rated_only_with_somebody_who_answers_for_it(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    rated = replace(PLACES[CORRIDOR - 1], rating="confidential")
    refused(
        sqlite_archive, CLERK, [PlaceRecorded(rated)], "directory",
        clause="5", code="nobody_responsible", monkeypatch=monkeypatch,
    )  # fmt: skip


def test_a_place_is_rated_where_somebody_answers_for_it_or_for_what_is_around_it(sqlite_archive: Archive) -> None:
    corridor, building = PLACES[CORRIDOR - 1], PLACES[1]
    sqlite_archive.enter(CLERK, [PlaceRecorded(replace(building, responsible=PEOPLE["manager"]))], "directory")
    sqlite_archive.enter(CLERK, [PlaceRecorded(replace(corridor, rating="secret"))], "directory")
    # Rated lower nobody new has to answer; and what is taken over comes as it was.
    sqlite_archive.enter(CLERK, [PlaceRecorded(replace(building, responsible=None))], "directory")
    sqlite_archive.enter(CLERK, [PlaceRecorded(replace(corridor, rating="confidential"))], "directory")
    sqlite_archive.enter(CLERK, [PlaceRecorded(replace(corridor, rating="secret"))], "take_in")


def test_the_register_is_that_of_rated_places(house: Archive, monkeypatch: Patch) -> None:
    building = replace(PLACES[1], responsible=CLERK.person)
    house.enter(CLERK, [PlaceRecorded(building)], "directory")
    with pytest.raises(Refused) as caught:
        goes_in(house, a_visit(house, place=CORRIDOR))
    assert "place_not_rated" in [one.code for one in caught.value.refusals]


def test_a_visit_is_of_one_day(house: Archive, monkeypatch: Patch) -> None:
    tomorrow = a_visit(house, until=house.due(1))
    refused(house, CLERK, [tomorrow], "visit", "zhao", clause="", code="stays_past_day", monkeypatch=monkeypatch)


def test_nobody_is_in_twice(house: Archive, monkeypatch: Patch) -> None:
    goes_in(house, a_visit(house, INSPECTOR))
    refused(
        house, CLERK, [a_visit(house, INSPECTOR)], "visit", "zhao",
        clause="", code="visitor_inside", monkeypatch=monkeypatch,
    )  # fmt: skip
    ma = replace(INSPECTOR, name="马骏", document="工号 1006", person=PEOPLE["ma"])
    goes_in(house, a_visit(house, ma))
    with pytest.raises(Refused) as caught:
        goes_in(house, a_visit(house, replace(ma, document="身份证 3")))
    assert [one.code for one in caught.value.refusals] == ["visitor_inside"]


@pytest.mark.parametrize("number", [0, 2])
def test_only_who_went_in_goes_out(house: Archive, number: int, monkeypatch: Patch) -> None:
    matter = goes_in(house, a_visit(house))
    refused(
        house, CLERK, [VisitorLeft(matter, number, True)], "visit_out",
        clause="", code="visitor_not_inside", monkeypatch=monkeypatch,
    )  # fmt: skip


def test_nobody_goes_out_before_he_went_in(house: Archive, monkeypatch: Patch) -> None:
    matter = goes_in(house, a_visit(house))
    refused(
        house, CLERK, [VisitorLeft(matter, 1, True)], "visit_out",
        clause="", code="out_before_in", monkeypatch=monkeypatch, happened_at=NOW - HOUR,
    )  # fmt: skip


# Cleaning.


def test_9_record__cleaners_are_registered_papers_put_away_windows_open(archive: Archive) -> None:
    answered_for(archive)
    matter = goes_in(archive, cleaning(archive, work="disinfection", remark="每周"))
    found = archive.the_matter(matter)
    body = found.body
    assert (found.kind, found.number) == ("cleaning", "BJ-2026-0001")
    assert (body.work, body.ventilation, body.remark) == ("disinfection", "windows", "每周")
    assert body.entrants[0].visitor == CLEANER
    later(archive, 1)
    goes_out(archive, matter, 1)
    assert archive.the_matter(matter).ended
    assert archive.books.rebuild_check() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"work": ""},
        {"put_away": False},
        {"ventilation": ""},
        {"visitors": ()},
        {"visitors": (replace(CLEANER, document=" "),)},
    ],
    ids=["work", "papers", "windows", "nobody", "document"],
)
def test_9_record__cleaning_is_not_begun_untold(house: Archive, changes: dict[str, Any], monkeypatch: Patch) -> None:
    refused(
        house, CLERK, [cleaning(house, **changes)], "cleaning", "zhao",
        clause="9", code="text_missing", monkeypatch=monkeypatch,
    )  # fmt: skip


def test_9_refuse__the_room_while_somebody_reads_in_it(house: Archive, monkeypatch: Patch) -> None:
    carrier = house.carrier()
    house.enter(CLERK, [TakenToRead(carrier, PEOPLE["chen"], READING, house.due(0))], "read", "chen")
    refused(
        house, CLERK, [cleaning(house)], "cleaning", "zhao",
        clause="9", code="room_not_clear", monkeypatch=monkeypatch,
    )  # fmt: skip


def test_9_refuse__the_room_while_papers_of_a_meeting_are_in_it(archive: Archive) -> None:
    answered_for(archive)
    meeting = in_session(archive, "chen", "sun")
    meeting.brings(2)
    venue = meeting.matter.body.venue
    assert venue == READING
    with pytest.raises(Refused) as caught:
        goes_in(archive, cleaning(archive))
    assert [(one.clause, one.code, dict(one.params)) for one in caught.value.refusals] == [
        ("9", "room_not_clear", {"place": "B1-reading", "count": 2})
    ]


def test_9_refuse__not_when_everything_is_put_away(house: Archive) -> None:
    """In the strong room carriers stand in their cabinets: that is put away; what lies beside them is not."""
    answered_for(house, 3)
    house.carriers(2)
    goes_in(house, cleaning(house, place=3))
    with pytest.raises(Refused) as caught:
        house.enter(CLERK, [cleaning(house, place=PLACES[1].id)], "cleaning", "zhao")
    assert "room_not_clear" not in [one.code for one in caught.value.refusals]


# The check of the room before (rule 9).


@pytest.mark.parametrize(("opens", "clause"), [(cleaning, "9"), (a_visit, "j.1")], ids=["cleaning", "visit"])
def test_9_refuse__nobody_goes_into_a_room_that_was_not_checked(
    house: Archive, opens: Any, clause: str, monkeypatch: Patch
) -> None:
    """Given the go of the morning, when somebody wants in an hour later, he is refused: it held half an hour."""
    later(house, 1)
    act = "cleaning" if opens is cleaning else "visit"
    refused(house, CLERK, [opens(house)], act, "zhao", clause=clause, code="room_unchecked", monkeypatch=monkeypatch)


def test_9_refuse__a_no_go_takes_the_go_before_it_away(house: Archive, monkeypatch: Patch) -> None:
    later(house, 0.1)
    house.enter(CLERK, [a_check(house, verdict="no_go", heard=(1,))], "room_check")
    refused(
        house, CLERK, [cleaning(house)], "cleaning", "zhao",
        clause="9", code="room_unchecked", monkeypatch=monkeypatch,
    )  # fmt: skip


@pytest.mark.parametrize(("opens", "clause"), [(cleaning, "9"), (a_visit, "j.1")], ids=["cleaning", "visit"])
def test_9_refuse__what_is_heard_in_the_open_at_the_door_stops_everybody(
    house: Archive, opens: Any, clause: str, monkeypatch: Patch
) -> None:
    act = "cleaning" if opens is cleaning else "visit"
    refused(
        house, CLERK, [opens(house, exposed=(7,))], act, "zhao",
        clause=clause, code="room_exposed", monkeypatch=monkeypatch,
    )  # fmt: skip


def test_9_refuse__a_go_over_what_the_books_have_in_use_there(house: Archive, monkeypatch: Patch) -> None:
    carrier = house.carrier()
    house.enter(CLERK, [TakenToRead(carrier, PEOPLE["chen"], READING, house.due(0))], "read", "chen")
    # Whoever leaves it out of the slip is refused all the same.
    refused(house, CLERK, [a_check(house)], "room_check", clause="9", code="room_not_clear", monkeypatch=monkeypatch)


@pytest.mark.parametrize(
    "changes", [{"unclear": (5,)}, {"coverage": "partly", "listening": 1}, {"coverage": "not_covered"}]
)
def test_9_refuse__a_go_that_nobody_heard_and_nobody_saw(
    house: Archive, changes: dict[str, Any], monkeypatch: Patch
) -> None:
    refused(
        house, CLERK, [a_check(house, **changes)], "room_check", clause="9", code="room_unseen", monkeypatch=monkeypatch
    )
    house.enter(CLERK, [a_check(house, by_eye="逐柜看过，桌面无文件", **changes)], "room_check")
    assert goes_in(house, cleaning(house))


def test_a_go_is_signed_holds_its_minutes_and_is_over_at_once(house: Archive, monkeypatch: Patch) -> None:
    with pytest.raises(Refused) as caught:
        house.books.enter(CLERK, [a_check(house)], act="room_check")
    assert [(one.clause, one.code) for one in caught.value.refusals] == [("9", "signature_missing")]
    long = a_check(house, valid_until=NOW + 2 * HOUR)
    refused(house, CLERK, [long], "room_check", clause="9", code="text_missing", monkeypatch=monkeypatch)
    found = house.the_matter(long.matter)
    assert (found.number[:3], found.status, found.ended, found.body.goes) == ("QC-", "checked", True, True)


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (((), (), (), "covered", ""), "go"),
        (((), (), (), "not_covered", ""), "no_go"),
        (((), (), (), "partly", "看过"), "go"),
        (((), (), (5,), "covered", " "), "no_go"),
        (((), (), (5,), "covered", "锁在柜中"), "go"),
        (((), (5,), (), "covered", "看过"), "no_go"),
        (((5,), (), (), "covered", "看过"), "no_go"),
    ],
)
def test_the_verdict_follows_from_what_was_found(given: Any, verdict: str) -> None:
    assert verdict_of(*given) == verdict
