"""How values read in both languages, wherever they are shown: on a page or in a workbook."""

from datetime import date

from api.locale import translate
from custody import clock
from custody.scheme import Scheme
from custody.values import Instant, Period

_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def iso_day(text: str, language: str) -> str:
    """An ISO day as the language writes it: as it is in Chinese, `23 Nov 2026` in English."""
    try:
        parsed = date.fromisoformat(text)
    except ValueError:
        return text
    if language == "zh":
        return text
    return f"{parsed.day} {_MONTHS_EN[parsed.month - 1]} {parsed.year}"


def short_day(text: str, language: str, today: str) -> str:
    """A day without its year where the year is today's."""
    if text[:4] != today[:4]:
        return iso_day(text, language)
    return text[5:] if language == "zh" else iso_day(text, language)[:-5]


def days_over(due_at: Instant, now: Instant, timezone: str) -> int:
    """Whole calendar days since the due day; a loan due today is not over."""
    due = date.fromisoformat(clock.day(due_at, timezone))
    return max(0, (date.fromisoformat(clock.day(now, timezone)) - due).days)


def level_name(scheme: Scheme, level: str, language: str) -> str:
    """A level's name; its code where the scheme no longer has it."""
    try:
        found = scheme.level(level)
    except KeyError:
        return level
    return found.name_zh if language == "zh" else found.name_en


def period_words(scheme: Scheme, level: str, period: Period | None, language: str) -> str:
    """What stands after the star of a mark; empty where nothing does (internal, or no period asked for)."""
    if period is None or period.kind == "none":
        return ""
    if period.kind == "maximum":
        try:
            years = scheme.level(level).period_years_max
        except KeyError:
            return ""
        return "" if years is None else translate(language, "period.years", n=years)
    if period.kind in ("years", "months"):
        return translate(language, f"period.{period.kind}", n=period.value)
    if period.kind == "date":
        return translate(language, "period.date", day=iso_day(period.value, language))
    return translate(language, f"period.{period.kind}")
