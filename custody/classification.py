"""Level and period as arithmetic: when a period ends, and whether it goes beyond its level's maximum (clause a.5)."""

from datetime import date, timedelta

from custody.scheme import Scheme
from custody.values import Description, Period


def is_day(value: str) -> bool:
    """Whether this is an ISO date, written in full."""
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def exceeds(period: Period, classified_on: str, years_max: int) -> bool:
    """Whether a period goes beyond so many years; a condition and long-term always do."""
    match period.kind:
        case "years":
            return period.value.isdecimal() and int(period.value) > years_max
        case "months":
            return period.value.isdecimal() and int(period.value) > 12 * years_max
        case "date":
            return is_day(classified_on) and is_day(period.value) and period.value > later(classified_on, years_max)
        case "condition" | "long_term":
            return True
        case _:
            return False


def later(day: str, years: int) -> str:
    """The same day some years later, ISO; 29 February becomes 1 March where there is none."""
    start = date.fromisoformat(day)
    if start.year + years > date.max.year:
        return date.max.isoformat()
    try:
        return start.replace(year=start.year + years).isoformat()
    except ValueError:
        return date(start.year + years, 3, 1).isoformat()


def secret_until(described: Description, scheme: Scheme) -> str:
    """ISO date on which the period ends; empty where that is no known day (a condition, long-term, internal)."""
    years = next((level.period_years_max for level in scheme.levels if level.code == described.level), None)
    return period_end(described.period.kind, described.period.value, described.classified_on, years)


def period_end(kind: str, value: str, start: str, years_max: int | None) -> str:
    """The same from its parts; `years_max` is the level's maximum, which holds where none is marked."""
    if kind == "date":
        return value if is_day(value) else ""
    if not is_day(start):
        return ""
    if kind == "years" and value.isdecimal():
        return later(start, int(value))
    if kind == "months" and value.isdecimal():
        return _months_later(start, int(value))
    return later(start, years_max) if kind == "maximum" and years_max is not None else ""


def _months_later(day: str, months: int) -> str:
    """The same day so many months later; the first of the month after where there is none such."""
    start = date.fromisoformat(day)
    years, month = divmod(start.month - 1 + months, 12)
    if start.year + years > date.max.year:
        return date.max.isoformat()
    try:
        return start.replace(year=start.year + years, month=month + 1).isoformat()
    except ValueError:
        first = date(start.year + years, month + 1, 28) + timedelta(days=4)
        return first.replace(day=1).isoformat()
