"""Instants, days and their reading in the organisation's time zone. The only reading of the clock is `now`."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from custody.values import Instant

Clock = Callable[[], Instant]
"""Gives the present instant, microseconds since 1970-01-01 UTC; injected everywhere."""


def now() -> Instant:
    """The system's clock."""
    return time.time_ns() // 1_000


def moment(instant: Instant, timezone: str = "UTC") -> datetime:
    """The aware datetime of an instant."""
    seconds, micros = divmod(instant, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros).astimezone(ZoneInfo(timezone))


def instant(when: datetime) -> Instant:
    """The instant of an aware datetime. Raises ValueError for a naive one."""
    if when.tzinfo is None:
        raise ValueError(f"{when.isoformat()} says no time zone")
    whole = when.astimezone(UTC)
    return int(whole.replace(microsecond=0).timestamp()) * 1_000_000 + whole.microsecond


def day(when: Instant, timezone: str) -> str:
    """ISO date of an instant in a time zone."""
    return moment(when, timezone).date().isoformat()


def end_of_day(iso_day: str, timezone: str) -> Instant:
    """The last microsecond of an ISO day in a time zone: a loan due on a day is overdue after it."""
    wanted = date.fromisoformat(iso_day)
    last = datetime(wanted.year, wanted.month, wanted.day, 23, 59, 59, 999_999, ZoneInfo(timezone))
    return instant(last)
