"""Working days and waking hours: what is decreed, what the house's own file says, and what nobody knows yet."""

from datetime import date, timedelta

import pytest

from custody.clock import moment
from reconcile.calendar import (
    EVERY_DAY,
    Calendar,
    CalendarInvalid,
    Hours,
    Special,
    at_minute,
    calendar_from,
    china,
    hours_from,
    read_calendar,
)

SHANGHAI, BERLIN = "Asia/Shanghai", "Europe/Berlin"


@pytest.mark.parametrize(
    ("day", "working"),
    [
        ("2026-02-13", True),  # the Friday before the Spring Festival
        ("2026-02-14", True),  # a Saturday, worked for it
        ("2026-02-15", False),  # a Sunday, the first day of it
        ("2026-02-23", False),  # a Monday, the last
        ("2026-09-20", True),  # a Sunday, worked for the National Day
        ("2026-10-06", False),
        ("2026-11-21", False),  # a Saturday like any other
        ("2026-11-23", True),
    ],
)
def test_holidays_and_swapped_days_are_as_decreed(day: str, working: bool) -> None:
    assert china().working(day) is working


def test_a_year_that_is_not_decreed_yet_has_its_weekends_and_says_so() -> None:
    last = china().library_through
    assert last is not None
    after = f"{last + 1}-10-01"
    assert not china().known(after)
    assert china().known(f"{last}-12-31")
    assert china().working(after) is (date.fromisoformat(after).weekday() < 5)
    assert china().ends_on() == f"{last}-12-31"
    assert not china().ending(f"{last}-06-01")
    assert china().ending(f"{last}-11-15")
    assert china().ending(after)
    assert not Calendar().ending(after)


def test_the_houses_own_file_wins_and_may_hold_the_next_year_whole() -> None:
    last = china().library_through or 0
    own = f"日期,安排,名称\n# the notice of {last}\n\n{last}-11-21,working,盘点\n{last + 1}-10-01,holiday,国庆节\n"
    calendar = calendar_from({"file": "days.csv", "complete": [last + 1]}, own)
    assert calendar.working(f"{last}-11-21")
    assert calendar.name(f"{last}-11-21") == "盘点"
    assert not calendar.working(f"{last + 1}-10-01")
    assert calendar.known(f"{last + 1}-05-01")
    assert not calendar.ending(f"{last}-12-30")
    assert calendar.own == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("days.csv", "date,kind,name\n2027-02-06,holiday,春节\n2027-02-14 , Working\n"),
        ("days.toml", '[days]\n2027-02-06 = {kind = "holiday", name = "春节"}\n2027-02-14 = "working"\n'),
    ],
)
def test_both_kinds_of_file_say_the_same(name: str, text: str) -> None:
    found = read_calendar(text, name)
    assert found == {"2027-02-06": Special(False, "春节"), "2027-02-14": Special(True)}


def test_every_line_that_is_wrong_is_named() -> None:
    text = "2027-02-06,holiday\n2027-2-7,holiday\n2027-02-30,holiday\n2027-02-08,free\n2027-02-06,working\n"
    with pytest.raises(CalendarInvalid) as error:
        read_calendar(text, "days.csv")
    assert str(error.value) == (
        "days.csv: line 2: '2027-2-7' is no day; write it as 2027-02-06; "
        "line 3: '2027-02-30' is no day; write it as 2027-02-06; "
        "line 4: 'free' is no kind of day; it is holiday or working; line 5: 2027-02-06 stands there twice"
    )


@pytest.mark.parametrize(
    ("section", "what"),
    [
        ({"bas": "china"}, "calendar.bas is not known"),
        ({"base": "mars"}, "must be one of china, weekends, every_day"),
        ({"complete": [2027]}, "name it with calendar.file"),
        ({"complete": "2027", "file": "x"}, "must be a list of years"),
        ("china", "must be a section"),
    ],
)
def test_a_section_that_is_wrong_is_refused(section: object, what: str) -> None:
    with pytest.raises(CalendarInvalid, match=what):
        calendar_from(section, "")


def test_a_calendar_without_working_days_is_no_calendar() -> None:
    first = date(2027, 1, 1)
    never = Calendar({(first + timedelta(days=n)).isoformat(): Special(False) for n in range(500)})
    with pytest.raises(CalendarInvalid, match="no working day"):
        never.on_or_after("2027-01-01")


def at(text: str, zone: str = SHANGHAI) -> int:
    """The instant of a day and a time of day."""
    day, time = text.split(" ")
    return at_minute(day, int(time[:2]) * 60 + int(time[3:]), zone)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-20 10:00", "2026-11-20 10:00"),
        ("2026-11-20 18:59", "2026-11-20 18:59"),
        ("2026-11-20 19:00", "2026-11-23 08:00"),  # Friday night
        ("2026-11-21 12:00", "2026-11-23 08:00"),  # Saturday noon
        ("2026-11-23 03:00", "2026-11-23 08:00"),
        ("2026-09-30 20:00", "2026-10-08 08:00"),  # the National Day
        ("2026-02-14 09:00", "2026-02-14 09:00"),  # a Saturday that is worked
    ],
)
def test_nobody_is_disturbed_at_night_or_on_a_day_off(now: str, until: str) -> None:
    assert Hours().next_waking(at(now), china(), SHANGHAI) == at(until)


def test_the_hour_of_the_message_is_the_houses_own_summer_time_or_not() -> None:
    for day in ("2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25"):
        slot = moment(Hours().digest_slot(day, BERLIN), BERLIN)
        assert (slot.date().isoformat(), slot.hour, slot.minute) == (day, 8, 30)
    # The half hour that is left out is half an hour on; the one that comes twice is the first of the two.
    assert moment(at("2026-03-29 02:30", BERLIN), BERLIN).strftime("%H:%M") == "03:30"
    assert at("2026-10-25 03:00", BERLIN) - at("2026-10-25 02:30", BERLIN) == 5_400_000_000


@pytest.mark.parametrize(
    ("section", "what"),
    [
        ({"from": "19"}, "quiet.from must be a time of day"),
        ({"until": "24:00"}, "quiet.until must be a time of day"),
        ({"digest_at": "07:00"}, "lies in the quiet hours"),
        ({"at": "07:00"}, "quiet.at is not known"),
    ],
)
def test_hours_that_are_wrong_are_refused(section: object, what: str) -> None:
    with pytest.raises(CalendarInvalid, match=what):
        hours_from(section)


def test_a_house_without_quiet_hours_is_always_awake_on_working_days() -> None:
    hours = hours_from({"from": "00:00", "until": "00:00", "digest_at": "06:00"})
    assert hours.next_waking(at("2026-11-20 23:59"), EVERY_DAY, SHANGHAI) == at("2026-11-20 23:59")
    assert hours.next_waking(at("2026-11-20 23:59"), china(), SHANGHAI) == at("2026-11-20 23:59")
    assert hours.next_waking(at("2026-11-21 23:59"), china(), SHANGHAI) == at("2026-11-23 00:00")
    night = hours_from({"from": "02:00", "until": "04:00"})
    assert not night.quiet(at("2026-11-20 01:00"), EVERY_DAY, SHANGHAI)
    assert night.next_waking(at("2026-11-20 03:00"), EVERY_DAY, SHANGHAI) == at("2026-11-20 04:00")
