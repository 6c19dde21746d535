"""What each antenna heard, minute by minute of event time: figures for the reader's page, kept for a week.

Counted while the sightings are folded, each once: so the page never counts sightings, however many there are. The
figures are of whatever was heard, carriers that nobody here may see included: for who has the machines in care.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from custody.values import DAY, SECOND
from readers.sighting import Instant
from reconcile.store.core import READER_MINUTE

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
KEPT = 8 * DAY
PARTS = (5, 50, 95)
"""Per cent of sightings that were no louder: the spread of an antenna."""
_M = READER_MINUTE.c


@dataclass(frozen=True, slots=True)
class Spread:
    """How loud tags were at an antenna, in dBm: 5, 50 and 95 % of the sightings were no louder."""

    low: int
    middle: int
    high: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What a reader heard: reads per second in the last whole minute, hour and day; a bar each quarter of an hour.

    `bars`: (start, reads) of the last day, without those in which nothing was heard. `spreads`: by antenna, of the
    last hour. `sightings`: of the last hour.
    """

    minute: float
    hour: float
    day: float
    bars: tuple[tuple[Instant, int], ...]
    spreads: Mapping[int, Spread]
    sightings: int


BAR = 15 * MINUTE


def count_minutes(connection: Connection, rows: Iterable[Any], now: Instant) -> None:
    """Add sightings to the figures (rows with reader, antenna, last_at, reads, mean_dbm, strongest_dbm).

    What a wrong clock put into the future, or what is older than is kept, has no place in them.
    """
    reads: Counter[tuple[str, int, int]] = Counter()
    sightings: Counter[tuple[str, int, int]] = Counter()
    loud: dict[tuple[str, int, int], Counter[str]] = {}
    for row in rows:
        key = (row.reader, row.antenna, row.last_at - row.last_at % MINUTE)
        reads[key] += row.reads
        sightings[key] += 1
        level = row.mean_dbm if row.mean_dbm is not None else row.strongest_dbm
        if level is not None and math.isfinite(level):
            loud.setdefault(key, Counter())[str(round(level))] += 1
    wanted = {key for key in reads if now - KEPT <= key[2] <= now + MINUTE}
    if not wanted:
        return
    known = _known(connection, wanted)
    fresh = []
    for key in sorted(wanted):
        levels = loud.get(key, Counter())
        row = known.get(key)
        if row is None:
            named = {"reader": key[0], "antenna": key[1], "minute": key[2]}
            counted = {"reads": reads[key], "sightings": sightings[key], "loudness": json.dumps(levels)}
            fresh.append(named | counted)
            continue
        levels = levels + Counter(json.loads(row.loudness))
        changed = update(READER_MINUTE).where(_M.reader == key[0], _M.antenna == key[1], _M.minute == key[2])
        more = {"reads": row.reads + reads[key], "sightings": row.sightings + sightings[key]}
        connection.execute(changed.values(**more, loudness=json.dumps(levels)))
    if fresh:
        connection.execute(insert(READER_MINUTE), fresh)


def _known(connection: Connection, keys: set[tuple[str, int, int]]) -> dict[tuple[str, int, int], Any]:
    times = [minute for _, _, minute in keys]
    rows = connection.execute(
        select(READER_MINUTE).where(
            _M.reader.in_({reader for reader, _, _ in keys}), _M.minute >= min(times), _M.minute <= max(times)
        )
    )
    return {(row.reader, row.antenna, row.minute): row for row in rows}


def figures(connection: Connection, reader: str, now: Instant) -> Figures:
    """The figures of a reader as of now."""
    bar = _M.minute - _M.minute % BAR
    day = connection.execute(
        select(bar.label("at"), func.sum(_M.reads).label("reads"))
        .where(_M.reader == reader, _M.minute > now - DAY, _M.minute <= now)
        .group_by(bar)
        .order_by(bar)
    ).all()
    rows = connection.execute(
        select(_M.antenna, _M.minute, _M.reads, _M.sightings, _M.loudness).where(
            _M.reader == reader, _M.minute > now - HOUR, _M.minute <= now
        )
    ).all()
    last = now - now % MINUTE - MINUTE
    return Figures(
        minute=sum(row.reads for row in rows if row.minute == last) / 60,
        hour=sum(row.reads for row in rows) / 3_600,
        day=sum(int(row.reads) for row in day) / 86_400,
        bars=tuple((row.at, int(row.reads)) for row in day),
        spreads=_spreads(rows),
        sightings=sum(row.sightings for row in rows),
    )


def _spreads(rows: Sequence[Any]) -> dict[int, Spread]:
    levels: dict[int, Counter[int]] = {}
    for row in rows:
        of = levels.setdefault(row.antenna, Counter())
        for level, times in json.loads(row.loudness).items():
            of[int(level)] += times
    return {antenna: spread for antenna, of in sorted(levels.items()) if (spread := spread_of(of)) is not None}


def spread_of(levels: Mapping[int, int]) -> Spread | None:
    """The spread of strengths, each counted; None of none."""
    total = sum(levels.values())
    if not total:
        return None
    found: list[int] = []
    seen = 0
    wanted = [math.ceil(total * part / 100) for part in PARTS]
    for level in sorted(levels):
        seen += levels[level]
        while len(found) < len(wanted) and seen >= wanted[len(found)]:
            found.append(level)
    return Spread(*found)


def prune_minutes(connection: Connection, now: Instant) -> int:
    """Forget what is older than is kept; how many rows."""
    return connection.execute(delete(READER_MINUTE).where(_M.minute < now - KEPT)).rowcount
