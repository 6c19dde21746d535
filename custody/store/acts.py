"""Acts: the numbered papers that several entries share. Their kinds and letters stand in `custody.procedures.ACTS`."""

from sqlalchemy import Connection, text

from custody.clock import moment
from custody.procedures import ACTS as ACTS
from custody.values import Instant

TAKING_OVER = frozenset({"directory", "take_in"})
"""Acts that bring in the directory and the ledger kept before."""

_NEXT = text(
    "INSERT INTO counter (name, next) VALUES (:name, 1 + :count) "
    "ON CONFLICT (name) DO UPDATE SET next = counter.next + :count RETURNING next"
)


def take_numbers(connection: Connection, series: str, count: int) -> range:
    """The next `count` numbers of a series, from 1; never given again once the transaction is committed."""
    after: int = connection.execute(_NEXT, {"name": series, "count": count}).scalar_one()
    return range(after - count, after)


def act_number(connection: Connection, kind: str, at: Instant, timezone: str) -> str:
    """The next number of an act, counted by kind and year of the organisation's time zone. Raises ValueError."""
    if kind not in ACTS:
        raise ValueError(f"{kind!r} is no kind of act; known are {', '.join(ACTS)}")
    letters, year = ACTS[kind], moment(at, timezone).year
    (number,) = take_numbers(connection, f"act:{letters}:{year}", 1)
    return f"{letters}-{year}-{number:04d}"
