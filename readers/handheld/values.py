"""One cell at a time: a tag's number, a moment, a strength. What cannot be read says why by a code."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from readers.sighting import Instant

NUMBER_MARK = "="
"""Stands before a cell that a workbook holds as a number: its leading zeros are gone, and what Excel rounded."""
EPC_DIGITS_MAX = 124
_TAG_DIGITS_MIN = 8
_SURE_DIGITS = 24
"""So many hexadecimal digits are a tag's number whatever the column is called: 96 bits."""
_HF_DIGITS = 16
_TEXT_MAX = 64

_MANGLED = re.compile(r"=?\d(?:[.,]\d{1,17})?[eE]\+?\d{1,3}")
_JOINTS = re.compile(r"[\s:_-]+")
_HEX = re.compile(r"[0-9A-F]+")
_RAW_URN = re.compile(r"urn:epc:raw:(\d{1,4})\.x([0-9a-f]{1,124})", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d{1,9}(?:[.,]\d{1,9})?(?:[eE][+-]?\d{1,2})?")
_WHOLE = re.compile(r"\d{1,9}(?:[.,]0{1,9})?")


class ValueWrong(ValueError):
    """A cell cannot be read; `code` is of the catalogue: `epc_mangled`, `epc_number`, `time_unread`, …"""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def epc_of(text: str) -> str:
    """The tag's number as upper-case hexadecimal digits: an EPC, or the UID of a tag of the high frequency.

    Raises ValueWrong: `epc_missing`, `epc_mangled` (3.03E+23: a spreadsheet took it for a number and rounded it),
    `epc_number` (a workbook's number: leading zeros are lost), `epc_urn`, `epc_hex`, `epc_odd`, `epc_length`.
    """
    raw = text.strip().strip("'\"").strip()
    if not raw:
        raise ValueWrong("epc_missing")
    if _MANGLED.fullmatch(raw):
        raise ValueWrong("epc_mangled")
    if raw.startswith(NUMBER_MARK):
        raise ValueWrong("epc_number")
    if raw[:4].casefold() == "urn:":
        found = _RAW_URN.fullmatch(raw)
        if found is None or int(found[1]) % 4 or len(found[2]) != int(found[1]) // 4:
            raise ValueWrong("epc_urn")
        raw = found[2]
    digits = _JOINTS.sub("", raw).upper().removeprefix("0X")
    if not _HEX.fullmatch(digits):
        raise ValueWrong("epc_hex")
    if len(digits) % 2:
        raise ValueWrong("epc_odd")
    if not _TAG_DIGITS_MIN <= len(digits) <= EPC_DIGITS_MAX:
        raise ValueWrong("epc_length")
    return digits


def looks_like_epc(text: str) -> bool:
    """Whether a cell is a tag's number whatever its column is called: 96 bits or more, or an ISO 15693 UID (E0…)."""
    if len(text) < _HF_DIGITS or len(text) > 2 * EPC_DIGITS_MAX:
        return False
    try:
        digits = epc_of(text)
    except ValueWrong:
        return False
    return len(digits) >= _SURE_DIGITS or (len(digits) == _HF_DIGITS and digits.startswith("E0"))


def is_mangled(text: str) -> bool:
    """Whether a spreadsheet took a tag's number for a number and rounded it."""
    return len(text) <= _TEXT_MAX and _MANGLED.fullmatch(text) is not None and number_of(text) >= 1e15


def number_of(text: str) -> float:
    """A number with a decimal point or comma, perhaps with its unit. Raises ValueWrong."""
    plain = text[:_TEXT_MAX].strip().removeprefix(NUMBER_MARK).replace("−", "-").casefold().removesuffix("dbm").strip()
    if not _NUMBER.fullmatch(plain):
        raise ValueWrong("number_unread")
    return float(plain.replace(",", "."))


def whole_of(text: str) -> int:
    """A whole number from 0. Raises ValueWrong."""
    plain = text[:_TEXT_MAX].strip().removeprefix(NUMBER_MARK)
    if not _WHOLE.fullmatch(plain):
        raise ValueWrong("number_unread")
    return int(re.split("[.,]", plain)[0])


@dataclass(frozen=True, slots=True)
class Stamps:
    """How the times of a file are read: in which zone where they name none, which of 3/4 is the day, of which day."""

    zone: tzinfo = UTC
    day_first: bool | None = None
    day: date | None = None


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EXCEL_EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
"""Day 0 of a workbook; the zone is put in its place when it is known."""
_CLOCK = (
    r"(?:(?P<early>[AP]M|上午|下午)\s*)?(?P<hour>\d{1,2})\s?[:时点]\s?(?P<minute>\d{1,2})"
    r"(?:\s?[:分]\s?(?P<second>\d{1,2})(?:[.,:](?P<part>\d{1,9}))?)?[分秒]?(?:\s*(?P<late>[AP]M|上午|下午))?"
    r"(?:\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?"
)
_YEAR_FIRST = r"(?P<year>\d{4})\s?[-/.年]\s?(?P<month>\d{1,2})\s?[-/.月]\s?(?P<day>\d{1,2})日?"
_YEAR_LAST = r"(?P<one>\d{1,2})(?P<dot>[-/.])(?P<two>\d{1,2})[-/.](?P<last_year>\d{4})"
_WRITTEN = re.compile(rf"(?:{_YEAR_FIRST}|{_YEAR_LAST})(?:(?:[T,]|\s)\s*{_CLOCK})?", re.IGNORECASE)
_OF_DAY = re.compile(_CLOCK, re.IGNORECASE)
_COMPACT = re.compile(r"(20\d\d)(\d\d)(\d\d)[T_ -]?(\d\d)(\d\d)(\d\d)(?:\.?(\d{3}))?")
_SINCE_EPOCH = re.compile(r"\d{10}(?:\.\d{1,9})?|\d{13}(?:\.\d{1,9})?|\d{16}|\d{19}")
_SERIAL = re.compile(r"\d{5}(?:[.,]\d{1,17})?")


def instant_of(text: str, stamps: Stamps) -> Instant:
    """A moment, microseconds since 1970-01-01 UTC: ISO 8601 with or without zone, day/month/year or the other way,
    with AM and PM, in Chinese, seconds to nanoseconds since 1970, a workbook's day number, a time of the day alone.

    Raises ValueWrong: `time_missing`, `time_order` (3/4/2026, and nobody said which is the day), `time_day` (a time
    of the day, and nobody said of which), `time_unread`.
    """
    raw = text.strip().strip("'\"").removeprefix(NUMBER_MARK)
    if not raw:
        raise ValueWrong("time_missing")
    if len(raw) > _TEXT_MAX:
        raise ValueWrong("time_unread")
    try:
        return _instant(raw, stamps)
    except (OverflowError, OSError) as error:
        raise ValueWrong("time_unread") from error
    except ValueError as error:
        if isinstance(error, ValueWrong):
            raise
        raise ValueWrong("time_unread") from error


def _instant(raw: str, stamps: Stamps) -> Instant:
    if _SINCE_EPOCH.fullmatch(raw):
        return _since_epoch(raw)
    if found := _COMPACT.fullmatch(raw):
        year, month, day, hour, minute, second, part = (int(group or 0) for group in found.groups())
        return _utc(datetime(year, month, day, hour, minute, second, part * 1_000, tzinfo=stamps.zone), stamps.zone)
    if _SERIAL.fullmatch(raw):
        days = float(raw.replace(",", "."))
        if 20_000 <= days < 90_000:
            return _utc(_EXCEL_EPOCH + timedelta(milliseconds=round(days * 86_400_000)), stamps.zone)
        raise ValueWrong("time_unread")
    if found := _WRITTEN.fullmatch(raw):
        return _utc(datetime.combine(_day(found, stamps), _clock(found)), _zone(found, stamps))
    if found := _OF_DAY.fullmatch(raw):
        if stamps.day is None:
            raise ValueWrong("time_day")
        return _utc(datetime.combine(stamps.day, _clock(found)), _zone(found, stamps))
    raise ValueWrong("time_unread")


def _since_epoch(raw: str) -> Instant:
    """A count since 1970: of seconds, milliseconds, microseconds or nanoseconds, by its digits."""
    whole, _, part = raw.partition(".")
    if len(whole) == 10:
        return int(whole) * 1_000_000 + int((part or "0")[:6].ljust(6, "0"))
    if len(whole) == 13:
        return int(whole) * 1_000 + int((part or "0")[:3].ljust(3, "0"))
    return int(whole) if len(whole) == 16 else int(whole) // 1_000


def _utc(moment: datetime, zone: tzinfo) -> Instant:
    return (moment.replace(tzinfo=zone) - _EPOCH) // _MICROSECOND


def _day(found: re.Match[str], stamps: Stamps) -> date:
    if found["year"]:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    one, two, year = int(found["one"]), int(found["two"]), int(found["last_year"])
    day_first = _day_first(found)
    if day_first is None:
        day_first = stamps.day_first
    if day_first is None and one != two:
        raise ValueWrong("time_order")
    return date(year, two, one) if day_first else date(year, one, two)


def _day_first(found: re.Match[str]) -> bool | None:
    """Whether this date says by itself that its day stands first: more than twelve, or points between."""
    one, two = int(found["one"]), int(found["two"])
    if one > 12 or (found["dot"] == "." and two <= 12):
        return True
    return False if two > 12 or found["early"] or (found["late"] and found["late"].isascii()) else None


def _clock(found: re.Match[str]) -> time:
    if not found["hour"]:
        return time()
    hour = int(found["hour"])
    half = (found["early"] or found["late"] or "").upper()
    if half in ("PM", "下午") and hour < 12:
        hour += 12
    elif half in ("AM", "上午") and hour == 12:
        hour = 0
    part = (found["part"] or "0")[:6].ljust(6, "0")
    return time(hour, int(found["minute"]), int(found["second"] or 0), int(part))


def _zone(found: re.Match[str], stamps: Stamps) -> tzinfo:
    said = (found["zone"] or "").upper()
    if not said:
        return stamps.zone
    if said in ("Z", "UTC", "GMT"):
        return UTC
    sign = -1 if said[0] == "-" else 1
    digits = said[1:].replace(":", "").ljust(4, "0")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))


def zoned(text: str) -> bool:
    """Whether a written moment names its zone, or counts since 1970 and needs none."""
    raw = text.strip()
    if len(raw) > _TEXT_MAX:
        return False
    found = _WRITTEN.fullmatch(raw)
    return bool(found and found["zone"]) or _SINCE_EPOCH.fullmatch(raw) is not None


def day_first_of(texts: Iterable[str]) -> bool | None:
    """Which of 3/4/2026 is the day in a column: as soon as one date says it by itself. None: none does."""
    for text in texts:
        found = _WRITTEN.fullmatch(text.strip()[:_TEXT_MAX])
        if found and found["last_year"] and (said := _day_first(found)) is not None:
            return said
    return None


def is_of_day(text: str) -> bool:
    """Whether a cell is a time of the day, without its day."""
    return _OF_DAY.fullmatch(text.strip()[:_TEXT_MAX]) is not None


def is_day(text: str) -> bool:
    """Whether a cell is a day, without a time."""
    found = _WRITTEN.fullmatch(text.strip()[:_TEXT_MAX])
    return found is not None and not found["hour"]


def is_moment(text: str, *, named: bool = False) -> bool:
    """Whether a cell is a moment by itself: a written date with a time, or a count since 1970 of these decades.

    `named`: its column is called a time, so that ten digits are seconds and five a workbook's day.
    """
    try:
        at = instant_of(text, Stamps(day_first=True))
    except ValueWrong as wrong:
        return wrong.code == "time_order"
    if is_day(text):
        return False
    plain = text.strip().removeprefix(NUMBER_MARK)
    sure = named or not (_SERIAL.fullmatch(plain) or (_SINCE_EPOCH.fullmatch(plain) and len(plain.split(".")[0]) < 13))
    return sure and 946_684_800_000_000 <= at < 4_102_444_800_000_000
