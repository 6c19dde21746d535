"""Briefings: rules stated in advance, nothing wireless, listeners registered who may know (clauses c.1, c.2, c.4)."""

from dataclasses import replace
from typing import Any

import pytest

from custody.access import Role
from custody.entries.circulation import (
    BriefingCancelled,
    BriefingHeld,
    Guest,
    ListenerRegistered,
    ListenerStruckOff,
    RulesAcknowledged,
)
from custody.matters.circulation import EQUIPMENT, EQUIPMENT_FORBIDDEN
from custody.rules import Refused
from custody.values import DAY
from tests.builders import CLERK, CORRIDOR, NOW, PEOPLE, SECRETARY, Archive, Ticking, subject
from tests.custody.circulation.scene import a_briefing, a_home, listening, only, refused, sheet

Patch = pytest.MonkeyPatch
CHEN, SUN, MA = (PEOPLE[name] for name in ("chen", "sun", "ma"))
GUEST = Guest("冯远", "部机关", "secret", "密函〔2026〕12号")


def on_the_day(archive: Archive) -> None:
    """The briefing's hour has come."""
    clock = archive.books.clock
    assert isinstance(clock, Ticking)
    clock.days(1)


def test_c_4_record__a_sheet_its_listeners_their_word_and_its_end(archive: Archive) -> None:
    carriers = archive.carriers(2)
    matter = a_briefing(archive, *carriers)
    found = archive.the_matter(matter)
    assert (found.status, found.number, found.due_at) == ("announced", "CX-2026-0001", NOW + DAY)
    assert (found.body.notes, found.body.recording, found.body.equipment) == (
        "registered",
        False,
        ("wired_microphone",),
    )
    archive.enter(
        SECRETARY,
        [
            *(listening(archive, matter, who) for who in ("chen", "sun")),
            ListenerRegistered(matter, None, GUEST, tuple(carriers)),
        ],
        "listeners",
    )
    chen = archive.present(subject("chen", Role.BORROWER))
    archive.enter(chen, [RulesAcknowledged(matter, CHEN)], "listeners")
    archive.enter(SECRETARY, [RulesAcknowledged(matter, SUN)], "listeners", "sun")
    archive.enter(SECRETARY, [ListenerStruckOff(matter, None, "冯远", "未到")], "listeners")
    on_the_day(archive)
    archive.enter(SECRETARY, [BriefingHeld(matter, "无异常")], "briefing_end", "manager")
    body = archive.the_matter(matter).body
    assert [(one.person, one.acknowledged_at) for one in body.listeners] == [(CHEN, NOW), (SUN, NOW)]
    assert (archive.the_matter(matter).status, body.outcome) == ("held", "无异常")
    assert archive.books.rebuild_check() == []


def test_c_4_record__the_person_in_charge_signs_the_sheet(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    refused(
        sqlite_archive,
        SECRETARY,
        [sheet(sqlite_archive)],
        "briefing",
        clause="c.4",
        code="signature_missing",
        monkeypatch=monkeypatch,
    )


def test_c_4_record__the_person_in_charge_signs_that_it_was_held(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    matter = a_briefing(sqlite_archive)
    sqlite_archive.enter(SECRETARY, [listening(sqlite_archive, matter, "chen")], "listeners")
    on_the_day(sqlite_archive)
    refused(
        sqlite_archive,
        SECRETARY,
        [BriefingHeld(matter)],
        "briefing_end",
        clause="c.4",
        code="signature_missing",
        monkeypatch=monkeypatch,
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"starts_at": NOW - 1}, "briefing_begun"),
        ({"notes": ""}, "rules_unstated"),
        ({"notes": "as you like"}, "rules_unstated"),
        ({"equipment": ()}, "equipment_undeclared"),
        ({"equipment": ("none", "wired_microphone")}, "equipment_undeclared"),
        ({"equipment": ("megaphone",)}, "equipment_undeclared"),
        *(({"equipment": ("wired_screen", one)}, "equipment_forbidden") for one in EQUIPMENT_FORBIDDEN),
    ],
)
def test_c_4_record__rules_are_stated_in_advance_and_equipment_is_declared_and_not_wireless(
    sqlite_archive: Archive, changes: dict[str, Any], code: str, monkeypatch: Patch
) -> None:
    refused(
        sqlite_archive,
        SECRETARY,
        [sheet(sqlite_archive, **changes)],
        "briefing",
        "manager",
        clause="c.4",
        code=code,
        monkeypatch=monkeypatch,
    )


@pytest.mark.parametrize("used", EQUIPMENT)
def test_equipment_that_sends_nothing_may_be_used(sqlite_archive: Archive, used: str) -> None:
    a_briefing(sqlite_archive, equipment=(used,))


@pytest.mark.parametrize("place", [CORRIDOR, None])
def test_no_briefing_in_a_place_rated_below_its_level(
    sqlite_archive: Archive, place: int | None, monkeypatch: Patch
) -> None:
    fact = (
        sheet(sqlite_archive, level="top_secret", speaker=PEOPLE["leader"])
        if place is None
        else sheet(sqlite_archive, place=place)
    )
    refused(
        sqlite_archive,
        SECRETARY,
        [fact],
        "briefing",
        "manager",
        clause="",
        code="place_unprotected",
        monkeypatch=monkeypatch,
    )


def test_3_refuse__a_briefing_at_somebodys_home(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    fact = sheet(sqlite_archive, place=a_home(sqlite_archive))
    refused(
        sqlite_archive,
        SECRETARY,
        [fact],
        "briefing",
        "manager",
        clause="3",
        code="off_premises",
        monkeypatch=monkeypatch,
    )


@pytest.mark.parametrize(
    ("speaker", "scope", "code"),
    [("ma", ("all",), "not_cleared"), ("chen", ("unit:3",), "outside_scope"), ("lin", ("all",), "borrower_left")],
)
def test_c_1_refuse__a_speaker_who_may_not_know_it(
    sqlite_archive: Archive, speaker: str, scope: tuple[str, ...], code: str
) -> None:
    carrier = sqlite_archive.carrier(scope=scope)
    fact = sheet(sqlite_archive, carrier, speaker=PEOPLE[speaker])
    with pytest.raises(Refused) as caught:
        sqlite_archive.enter(SECRETARY, [fact], "briefing", "manager")
    assert ("c.1", code) in [(one.clause, one.code) for one in caught.value.refusals]


def test_a_sheet_says_what_it_is_about_and_bears_the_highest_level(sqlite_archive: Archive) -> None:
    def against(fact: Any) -> list[str]:
        return only(sqlite_archive, SECRETARY, [fact], "briefing", "manager")

    assert against(sheet(sqlite_archive, topic=" ")) == ["text_missing"]
    assert against(sheet(sqlite_archive, place=777)) == ["reference_unknown"]
    assert against(sheet(sqlite_archive, speaker=999)) == ["reference_unknown"]
    higher = sqlite_archive.carrier(level="top_secret")
    assert "above_matter_level" in against(sheet(sqlite_archive, higher))
    assert only(sqlite_archive, CLERK, [sheet(sqlite_archive)], "briefing", "manager") == ["not_permitted"]


def test_what_the_secretary_may_not_see_is_conveyed_by_no_sheet_of_hers(sqlite_archive: Archive) -> None:
    hidden = sqlite_archive.carrier(scope=("unit:4",))
    ordinary = replace(SECRETARY, reach=frozenset())
    for carrier in (hidden, 999_999):
        fact = sheet(sqlite_archive, carrier)
        assert "reference_unknown" in only(sqlite_archive, ordinary, [fact], "briefing", "manager")


# Those who listen.


def test_c_4_refuse__a_listener_outside_the_scope_of_what_is_conveyed(archive: Archive, monkeypatch: Patch) -> None:
    matter = a_briefing(archive, archive.carrier(scope=("unit:3",)))
    fact = listening(archive, matter, "chen")
    refused(archive, SECRETARY, [fact], "listeners", clause="c.4", code="outside_scope", monkeypatch=monkeypatch)
    archive.enter(SECRETARY, [listening(archive, matter, "sun")], "listeners")


def test_c_1_refuse__a_listener_without_clearance(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    matter = a_briefing(sqlite_archive, sqlite_archive.carrier(level="confidential"))
    fact = listening(sqlite_archive, matter, "ma")  # cleared for what is conveyed, not for the level of the briefing
    refused(sqlite_archive, SECRETARY, [fact], "listeners", clause="c.1", code="not_cleared", monkeypatch=monkeypatch)


def test_c_1_refuse__a_listener_who_has_left(sqlite_archive: Archive) -> None:
    matter = a_briefing(sqlite_archive)
    fact = listening(sqlite_archive, matter, "lin")
    assert "borrower_left" in only(sqlite_archive, SECRETARY, [fact], "listeners")


def test_c_4_refuse__a_guest_where_the_scope_is_narrower_than_all(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier(scope=("unit:1",))
    matter = a_briefing(sqlite_archive, carrier)
    fact = ListenerRegistered(matter, None, GUEST, (carrier,))
    refused(sqlite_archive, SECRETARY, [fact], "listeners", clause="c.4", code="outside_scope", monkeypatch=monkeypatch)


@pytest.mark.parametrize(
    ("guest", "clause", "code"),
    [
        (replace(GUEST, level="confidential"), "c.1", "not_cleared"),
        (replace(GUEST, level=""), "c.1", "not_cleared"),
        (replace(GUEST, name=" "), "c.4", "text_missing"),
        (replace(GUEST, unit=""), "c.4", "text_missing"),
        (replace(GUEST, letter=""), "c.4", "text_missing"),
    ],
)
def test_c_4_refuse__a_guest_comes_with_name_unit_clearance_and_letter(
    sqlite_archive: Archive, guest: Guest, clause: str, code: str, monkeypatch: Patch
) -> None:
    matter = a_briefing(sqlite_archive)
    fact = ListenerRegistered(matter, None, guest, ())
    refused(sqlite_archive, SECRETARY, [fact], "listeners", clause=clause, code=code, monkeypatch=monkeypatch)


def test_c_4_refuse__a_listener_judged_by_a_part_of_what_is_conveyed(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    narrow, wide = sqlite_archive.carrier(scope=("unit:3",)), sqlite_archive.carrier()
    matter = a_briefing(sqlite_archive, narrow, wide)
    fact = ListenerRegistered(matter, CHEN, None, (wide,))
    refused(
        sqlite_archive, SECRETARY, [fact], "listeners", clause="c.4", code="other_carriers", monkeypatch=monkeypatch
    )


def test_a_listener_is_one_person_known_and_registered_once(sqlite_archive: Archive) -> None:
    matter = a_briefing(sqlite_archive)

    def against(fact: Any, *others: str) -> list[str]:
        return only(sqlite_archive, SECRETARY, [fact], "listeners", *others)

    assert against(ListenerRegistered(matter, None, None, ())) == ["listener_unclear"]
    assert against(ListenerRegistered(matter, CHEN, GUEST, ())) == ["listener_unclear"]
    assert against(ListenerRegistered(matter, 999, None, ())) == ["reference_unknown"]
    sqlite_archive.enter(
        SECRETARY,
        [listening(sqlite_archive, matter, "chen"), ListenerRegistered(matter, None, GUEST, ())],
        "listeners",
    )
    assert against(listening(sqlite_archive, matter, "chen")) == ["listener_twice"]
    assert against(ListenerRegistered(matter, None, GUEST, ())) == ["listener_twice"]
    assert against(ListenerStruckOff(matter, SUN, "", "未到")) == ["not_a_listener"]
    assert against(ListenerStruckOff(matter, CHEN, "", " ")) == ["text_missing"]
    assert against(RulesAcknowledged(matter, SUN), "sun") == ["not_a_listener"]
    sqlite_archive.enter(SECRETARY, [RulesAcknowledged(matter, CHEN)], "listeners", "chen")
    assert against(RulesAcknowledged(matter, CHEN), "chen") == ["acknowledged_already"]


def test_c_4_record__nobody_acknowledges_the_rules_for_another(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    matter = a_briefing(sqlite_archive)
    sqlite_archive.enter(SECRETARY, [listening(sqlite_archive, matter, "chen")], "listeners")
    refused(
        sqlite_archive,
        SECRETARY,
        [RulesAcknowledged(matter, CHEN)],
        "listeners",
        clause="c.4",
        code="signature_missing",
        monkeypatch=monkeypatch,
    )


# The end.


def test_c_4_record__nothing_was_held_where_nobody_is_registered(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    matter = a_briefing(sqlite_archive)
    on_the_day(sqlite_archive)
    refused(
        sqlite_archive,
        SECRETARY,
        [BriefingHeld(matter)],
        "briefing_end",
        "manager",
        clause="c.4",
        code="nobody_listened",
        monkeypatch=monkeypatch,
    )


def test_it_is_not_over_before_it_begins_and_may_be_cancelled(sqlite_archive: Archive) -> None:
    matter = a_briefing(sqlite_archive)
    sqlite_archive.enter(SECRETARY, [listening(sqlite_archive, matter, "chen")], "listeners")
    held = [BriefingHeld(matter)]
    assert only(sqlite_archive, SECRETARY, held, "briefing_end", "manager") == ["briefing_not_begun"]
    assert only(sqlite_archive, SECRETARY, [BriefingCancelled(matter, "")], "briefing_end") == ["text_missing"]
    sqlite_archive.enter(SECRETARY, [BriefingCancelled(matter, "改期")], "briefing_end")
    assert sqlite_archive.the_matter(matter).status == "cancelled"
    assert only(sqlite_archive, SECRETARY, held, "briefing_end", "manager") == ["matter_state"]
