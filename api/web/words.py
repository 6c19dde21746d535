"""State = word + icon + colour: the tables of states, and how values read in both languages."""

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from api.locale import translate
from api.locale.values import days_over as days_over
from api.locale.values import iso_day as iso_day
from api.locale.values import level_name as level_name
from api.locale.values import period_words as period_words
from api.locale.values import short_day as short_day
from custody import clock
from custody.life_cycle import Status
from custody.values import DAY, SECOND, Instant

STATUS: Mapping[Status, tuple[str, str]] = {
    Status.IN_PLACE: ("ok", "shelf"),
    Status.ON_LOAN: ("act", "out"),
    Status.IN_CIRCULATION: ("act", "swap"),
    Status.IN_MEETING: ("act", "seats"),
    Status.IN_TRANSIT: ("act", "up"),
    Status.CARRIED_OUT: ("act", "door"),
    Status.PROVIDED_OUTSIDE: ("act", "door"),
    Status.RETURNED_TO_ISSUER: ("mute", "back"),
    Status.TRANSFERRED: ("mute", "box"),
    Status.AWAITING_DESTRUCTION: ("due", "shred"),
    Status.DESTROYED: ("mute", "shred"),
    Status.DECLASSIFIED: ("mute", "ok"),
    Status.DECLARED_LOST: ("bad", "lost"),
    Status.TAKEN_BACK: ("mute", "undo"),
}
"""Colour and icon of a state in the books; its word is `status.<code>`."""


def clock_time(at: Instant, timezone: str, *, seconds: bool = False) -> str:
    """The time of day, `16:42` or `16:42:07`."""
    return clock.moment(at, timezone).strftime("%H:%M:%S" if seconds else "%H:%M")


def long_day(text: str, language: str, today: str) -> str:
    """A day as the heading of a list: with its weekday, or as today or yesterday."""
    try:
        parsed = date.fromisoformat(text)
    except ValueError:
        return text
    shown = short_day(text, language, today)
    away = (date.fromisoformat(today) - parsed).days
    if away in (0, 1):
        return translate(language, "time.today_is" if away == 0 else "time.yesterday_is", day=shown)
    return shown


def span(micros: int, language: str) -> str:
    """A stretch of time in its largest unit: `3 天`, `3 d`."""
    seconds = max(0, micros) // SECOND
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= size:
            return translate(language, f"time.{unit}", n=seconds // size)
    return translate(language, "time.seconds", n=seconds)


def ago(at: Instant, now: Instant, language: str) -> str:
    """How long ago."""
    if now - at < 60 * SECOND:
        return translate(language, "time.just_now")
    return translate(language, "time.ago", span=span(now - at, language))


def epc_words(epc: str) -> str:
    """An EPC in groups of four."""
    return " ".join(epc[start : start + 4] for start in range(0, len(epc), 4))


def week_before(at: Instant) -> Instant:
    """Seven days earlier."""
    return at - 7 * DAY


def days_after(day: str, days: int) -> str:
    """The ISO day so many days later."""
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


@cache
def static_version(folder: Path) -> str:
    """Short hash of all static files: part of their address, so that an old one is never used with a new page."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
