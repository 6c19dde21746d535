"""Failed attempts to sign in, in the database: a restart or a second server forgets nothing.

An attempt is counted before it is judged and taken back when it was good, so that a hundred sent at once are not a
hundred guesses.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from custody.store import schema as t
from custody.values import SECOND, Instant

LANES_MAX = 10_000
"""Lanes kept; those longest unused give way."""
FORGOTTEN_AFTER = 6 * 3600 * SECOND
"""After so long without an attempt a lane begins anew."""
_LANE = t.SIGN_IN_DELAY.c


@dataclass(frozen=True, slots=True)
class Patience:
    """How a lane's wait grows: `free` failures cost nothing, then it doubles from two seconds up to the cap."""

    free: int
    cap_seconds: int

    def wait_seconds(self, failures: int) -> int:
        """The wait after so many failures."""
        if failures <= self.free:
            return 0
        # The power is capped before it is raised: the count has no bound.
        return min(self.cap_seconds, 1 << min(failures - self.free, 16))


def lane(*parts: str) -> str:
    """The name of a lane: a digest, for what was typed as a number may have been a pass-phrase."""
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "replace")).hexdigest()


def begin(connection: Connection, lanes: Mapping[str, Patience], now: Instant) -> int:
    """Count an attempt in each lane; seconds to wait first, where one must: then it is not counted."""
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert
    rows = [{"lane": one, "failures": 0, "until_at": 0, "last_at": now} for one in sorted(lanes)]
    connection.execute(insert(t.SIGN_IN_DELAY).on_conflict_do_nothing(), rows)
    # In order, so that two attempts that share lanes never wait for each other.
    locked = select(t.SIGN_IN_DELAY).where(_LANE.lane.in_(sorted(lanes))).order_by(_LANE.lane).with_for_update()
    there = connection.execute(locked).all()
    # Never longer than its failures cost: the clock may have been set back since.
    waits = (min(-(-(row.until_at - now) // SECOND), lanes[row.lane].wait_seconds(row.failures)) for row in there)
    wait = max(waits, default=0)
    if wait > 0:
        return int(wait)
    for row in there:
        failures = (row.failures if now - row.last_at < FORGOTTEN_AFTER else 0) + 1
        until = now + lanes[row.lane].wait_seconds(failures) * SECOND
        changed = {"failures": failures, "until_at": until, "last_at": now}
        connection.execute(update(t.SIGN_IN_DELAY).where(_LANE.lane == row.lane).values(changed))
    _trim(connection, now)
    return 0


def take_back(connection: Connection, lanes: Iterable[str], now: Instant) -> None:
    """The attempt just counted in these lanes was none."""
    counted = update(t.SIGN_IN_DELAY).where(_LANE.lane.in_(list(lanes)), _LANE.failures > 0)
    connection.execute(counted.values(failures=_LANE.failures - 1, until_at=now))


def forget(connection: Connection, lanes: Iterable[str]) -> None:
    """What failed before in these lanes is forgotten."""
    connection.execute(delete(t.SIGN_IN_DELAY).where(_LANE.lane.in_(list(lanes))))


def at_home(connection: Connection, person: int, address: str, since: Instant) -> bool:
    """Whether this person signed in from this address lately: then others' failures elsewhere are not his."""
    c = t.AUDIT_EVENT.c
    good = (c.about == person) & (c.kind == "signed_in") & (c.address == address[:100]) & (c.at >= since)
    return connection.execute(select(c.id).where(good).limit(1)).first() is not None


def _trim(connection: Connection, now: Instant) -> None:
    connection.execute(delete(t.SIGN_IN_DELAY).where(_LANE.last_at < now - FORGOTTEN_AFTER))
    over = connection.execute(select(func.count()).select_from(t.SIGN_IN_DELAY)).scalar_one() - LANES_MAX
    if over > 0:
        oldest = select(_LANE.lane).order_by(_LANE.last_at, _LANE.lane).limit(over)
        connection.execute(delete(t.SIGN_IN_DELAY).where(_LANE.lane.in_(oldest)))
