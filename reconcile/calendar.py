"""Working days and waking hours: when the house is at work, and when nobody is to be disturbed. Pure; works offline.

What is decreed for China (holidays, and the working days that are swapped for them, 调休) comes from the library
`chinesecalendar`, year by year: it ends with a year, and says so. A file of the organisation stands above it. A year
that neither knows has its weekends alone, and that is said too (`Calendar.known`).
"""

import csv
import io
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

from custody.clock import day, end_of_day, instant, moment
from custody.values import Instant

BASES = ("china", "weekends", "every_day")
"""What a calendar starts from: the decrees of China, Saturdays and Sundays, or nothing: every day is worked."""
SHOWN_DAYS_MAX = 400
"""As far as one looks for a working day: a calendar without any is no calendar."""
WARNED_DAYS = 60
"""So long before the last year that is known ends, that is spoken of."""


class CalendarInvalid(ValueError):
    """A calendar's file or section cannot be used; the message names every line that is wrong and what it should be."""


@dataclass(frozen=True, slots=True)
class Special:
    """A day that is not what its weekday says, or is called something."""

    working: bool
    name: str = ""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working days. `special` by ISO day; `years`: those whose days off and swapped days are known as decreed."""

    special: Mapping[str, Special] = field(default_factory=dict)
    years: frozenset[int] = frozenset()
    weekends: bool = True
    """Whether Saturday and Sunday are off where nothing else is said."""
    decreed: bool = False
    """Whether the years matter: whether somebody decrees days off for them."""
    library_through: int | None = None
    """The last year that the library knows; None where none is used."""
    own: int = 0
    """How many days the organisation's own file names."""

    def working(self, iso_day: str) -> bool:
        """Whether an ISO day is worked."""
        special = self.special.get(iso_day)
        if special is not None:
            return special.working
        return not self.weekends or date.fromisoformat(iso_day).weekday() < 5

    def known(self, iso_day: str) -> bool:
        """Whether what is decreed for the day's year is known; where nothing is decreed, always."""
        return not self.decreed or int(iso_day[:4]) in self.years

    def name(self, iso_day: str) -> str:
        """What the day is called; empty where it has no name."""
        special = self.special.get(iso_day)
        return special.name if special is not None else ""

    def on_or_before(self, iso_day: str) -> str:
        """The last working day that is not after this one: a reminder that falls on a holiday goes out before it."""
        return self._look(iso_day, -1)

    def on_or_after(self, iso_day: str) -> str:
        """The first working day that is not before this one."""
        return self._look(iso_day, 1)

    def after(self, iso_day: str) -> str:
        """The first working day after this one."""
        return self._look(_shift(iso_day, 1), 1)

    def _look(self, iso_day: str, step: int) -> str:
        at = iso_day
        for _ in range(SHOWN_DAYS_MAX):
            if self.working(at):
                return at
            at = _shift(at, step)
        raise CalendarInvalid(f"no working day within {SHOWN_DAYS_MAX} days of {iso_day}: look through the calendar")

    def ends_on(self) -> str | None:
        """The last ISO day of which it is known what is decreed; None where nothing is decreed."""
        if not self.decreed:
            return None
        return f"{max(self.years, default=0):04d}-12-31"

    def ending(self, today: str) -> bool:
        """Whether what is known ends within two months, or has ended: the administrators get the next year's days."""
        last = self.ends_on()
        return last is not None and (last <= _shift(today, WARNED_DAYS) or not self.known(today))


EVERY_DAY = Calendar(weekends=False)
"""No day is off."""


def _shift(iso_day: str, days: int) -> str:
    return (date.fromisoformat(iso_day) + timedelta(days=days)).isoformat()


def shift(iso_day: str, days: int) -> str:
    """So many calendar days after (or, below zero, before) an ISO day."""
    return _shift(iso_day, days)


@cache
def china() -> Calendar:
    """What is decreed, as far as the library knows. Names are the library's, in English."""
    from chinese_calendar import constants

    off = {one.isoformat(): Special(False, name) for one, name in constants.holidays.items()}
    swapped = {one.isoformat(): Special(True, name) for one, name in constants.workdays.items()}
    years = frozenset(one.year for one in constants.holidays)
    # The library lists a year's days as a whole, once it is decreed.
    return Calendar({**off, **swapped}, years, decreed=True, library_through=max(years))


_KINDS = {"holiday": False, "working": True}


def read_calendar(text: str, name: str) -> Mapping[str, Special]:
    """The organisation's own days: CSV with `date,kind,name`, or TOML with a table of days.

    CSV: one day a line, `2027-02-06,holiday,春节`; `kind` is holiday or working; a first line of headings is allowed,
    blank lines and lines that begin with `#` are passed over. TOML: `[days]`, `2027-02-06 = "holiday"`, or
    `2027-02-06 = {kind = "holiday", name = "春节"}`. Raises CalendarInvalid naming each line or day that is wrong.
    """
    rows = _toml_rows(text, name) if name.lower().endswith(".toml") else _csv_rows(text)
    found: dict[str, Special] = {}
    errors: list[str] = []
    for where, written, kind, called in rows:
        iso = _iso(written)
        if iso is None:
            errors.append(f"{where}: {written!r} is no day; write it as 2027-02-06")
        elif kind not in _KINDS:
            errors.append(f"{where}: {kind!r} is no kind of day; it is holiday or working")
        elif iso in found:
            errors.append(f"{where}: {iso} stands there twice")
        else:
            found[iso] = Special(_KINDS[kind], called[:60])
    if errors:
        raise CalendarInvalid(f"{name}: " + "; ".join(errors))
    return found


def _iso(written: str) -> str | None:
    try:
        found = date.fromisoformat(written)
    except ValueError:
        return None
    return found.isoformat() if found.isoformat() == written and 1990 <= found.year <= 2199 else None


def _csv_rows(text: str) -> Iterator[tuple[str, str, str, str]]:
    for number, cells in enumerate(csv.reader(io.StringIO(text.removeprefix("\ufeff"))), 1):
        row = [cell.strip() for cell in cells]
        if not any(row) or row[0].startswith("#") or (number == 1 and row[0].lower() in ("date", "日期")):
            continue
        day_of, kind, called = (*row, "", "")[:3]
        yield f"line {number}", day_of, kind.lower(), called


def _toml_rows(text: str, name: str) -> Iterator[tuple[str, str, str, str]]:
    try:
        document: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CalendarInvalid(f"{name}: {error}") from error
    days = document.pop("days", {})
    if document or not isinstance(days, dict):
        raise CalendarInvalid(f"{name}: the days stand under [days], and nothing else stands in the file")
    for written, said in days.items():
        kind, called = (said.get("kind"), said.get("name", "")) if isinstance(said, dict) else (said, "")
        yield f"day {written}", str(written), str(kind), str(called)


def calendar_from(section: Any, own_text: str | None = None) -> Calendar:
    """The calendar that `[calendar]` says: `base` (one of BASES), `file`, `complete` (years that the file holds whole).

    `own_text` is what the file holds. Raises CalendarInvalid.
    """
    if not isinstance(section, dict):
        raise CalendarInvalid("calendar must be a section, [calendar]")
    errors = [
        f"calendar.{key} is not known; known are base, complete, file"
        for key in section
        if key not in ("base", "complete", "file")
    ]
    base = section.get("base", "china")
    if base not in BASES:
        errors.append(f"calendar.base must be one of {', '.join(BASES)}, not {base!r}")
    years = section.get("complete", [])
    if not isinstance(years, list) or not all(isinstance(one, int) and 1990 <= one <= 2199 for one in years):
        errors.append(f"calendar.complete must be a list of years that the file holds whole, not {years!r}")
    if not isinstance(section.get("file", ""), str):
        errors.append(f"calendar.file must be the name of a file, not {section['file']!r}")
    elif years and not section.get("file"):
        errors.append("calendar.complete says what a file holds: name it with calendar.file")
    if errors:
        raise CalendarInvalid("; ".join(errors))
    made: Mapping[str, Callable[[], Calendar]] = {"china": china, "weekends": Calendar, "every_day": lambda: EVERY_DAY}
    under = made[base]()
    own = {} if own_text is None else read_calendar(own_text, section["file"])
    return Calendar(
        {**under.special, **own},
        under.years | frozenset(years),
        under.weekends,
        under.decreed,
        under.library_through,
        len(own),
    )


@dataclass(frozen=True, slots=True)
class Hours:
    """When people are at work, in minutes since midnight where the organisation is.

    From `quiet_from` to `quiet_until`, and on days off, nothing is sent but what is to be done at once. The day's
    message goes out at `digest_at`.
    """

    digest_at: int = 8 * 60 + 30
    quiet_from: int = 19 * 60
    quiet_until: int = 8 * 60

    def quiet(self, now: Instant, calendar: Calendar, zone: str) -> bool:
        """Whether nobody is to be disturbed at an instant, but where it is urgent."""
        return not calendar.working(day(now, zone)) or not self._awake(_minute(now, zone))

    def _awake(self, minute: int) -> bool:
        if self.quiet_from == self.quiet_until:
            return True
        if self.quiet_until < self.quiet_from:
            return self.quiet_until <= minute < self.quiet_from
        # The quiet hours lie within one day, at a house that works at night.
        return not self.quiet_from <= minute < self.quiet_until

    def next_waking(self, now: Instant, calendar: Calendar, zone: str) -> Instant:
        """The first instant from `now` on that is not quiet."""
        if not self.quiet(now, calendar, zone):
            return now
        today = day(now, zone)
        if calendar.working(today) and (later := self._wakes(today, zone)) > now:
            return later
        return max(now, self._wakes(calendar.after(today), zone))

    def _wakes(self, iso_day: str, zone: str) -> Instant:
        """When a day's quiet ends: at midnight where there is none."""
        return at_minute(iso_day, 0 if self.quiet_from == self.quiet_until else self.quiet_until, zone)

    def digest_slot(self, iso_day: str, zone: str) -> Instant:
        """When the messages of a day go out."""
        return at_minute(iso_day, self.digest_at, zone)


@dataclass(frozen=True, slots=True)
class AtWork:
    """When the house is at work."""

    calendar: Calendar = EVERY_DAY
    hours: Hours = Hours()


def _minute(now: Instant, zone: str) -> int:
    at = moment(now, zone)
    return at.hour * 60 + at.minute


def at_minute(iso_day: str, minute: int, zone: str) -> Instant:
    """The instant of a minute of an ISO day in a time zone.

    In the hour that a change to summer time leaves out it is the instant an hour on; in the one that comes twice, the
    first: so every day has each of its minutes once.
    """
    midnight = moment(end_of_day(_shift(iso_day, -1), zone) + 1, zone)
    return instant(midnight.replace(hour=minute // 60, minute=minute % 60, fold=0))


def hours_from(section: Any) -> Hours:
    """What `[quiet]` says: `from`, `until`, `digest_at`, each a time of day as `19:00`. Raises CalendarInvalid."""
    if not isinstance(section, dict):
        raise CalendarInvalid("quiet must be a section, [quiet]")
    names = {"from": "quiet_from", "until": "quiet_until", "digest_at": "digest_at"}
    errors = [f"quiet.{key} is not known; known are {', '.join(names)}" for key in section if key not in names]
    found: dict[str, int] = {}
    for key, field_name in names.items():
        if key in section and (minute := _time_of_day(section[key])) is None:
            errors.append(f"quiet.{key} must be a time of day such as 19:00, not {section[key]!r}")
        elif key in section:
            found[field_name] = minute or 0
    hours = Hours(**found)
    if not errors and not hours._awake(hours.digest_at):
        errors.append("quiet.digest_at lies in the quiet hours: the day's message would never go out on its day")
    if errors:
        raise CalendarInvalid("; ".join(errors))
    return hours


def _time_of_day(written: Any) -> int | None:
    parts = written.split(":") if isinstance(written, str) else []
    if len(parts) != 2 or not all(len(part) == 2 and part.isascii() and part.isdecimal() for part in parts):
        return None
    hour, minute = int(parts[0]), int(parts[1])
    return hour * 60 + minute if hour < 24 and minute < 60 else None
