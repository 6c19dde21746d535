"""The balance's figures kept at marks of the ledger, so that no page counts the register from its beginning.

A mark stands at every `EVERY` entries: how many carriers stand there, and came in so far, by unit, level, origin and
status. It is written in the transaction that passes it and never changes, for nothing before it does. The figures of
any position are those of the mark before it and what began and ended since. Marks count everything: they are only for
whom nothing is hidden.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import merge
from typing import Any

from sqlalchemy import Connection, case, func, select

from custody.balance import COMING_KINDS
from custody.scheme import Scheme
from custody.store import schema as t
from custody.store.schema import insert_rows
from custody.store.seals import stream
from custody.values import Instant

EVERY = 5_000
"""Entries from mark to mark: so many are counted at most, beside the sums of one mark."""
Group = tuple[int, str, str, str]
"""Unit, level, origin, status."""
_S, _M, _N, _E = t.STANDING.c, t.BALANCE_MARK.c, t.BALANCE_SUM.c, t.ENTRY.c
_GROUP = (_S.unit, _S.level, _S.origin, _S.status)


@dataclass(slots=True)
class Sums:
    """What was counted up to a position."""

    position: int = 0
    told: int = 0
    """How many came in, by the ledger's own entries."""
    last_event_at: Instant | None = None
    stands: dict[Group, int] = field(default_factory=dict)
    came: dict[Group, int] = field(default_factory=dict)

    def begin(self, group: Group, count: int, came: int, last: Instant) -> None:
        """So many spans began, of which so many came into the register; the latest event of theirs."""
        self.stands[group] = self.stands.get(group, 0) + count
        self.came[group] = self.came.get(group, 0) + came
        self.last_event_at = last if self.last_event_at is None else max(self.last_event_at, last)

    def end(self, group: Group, count: int) -> None:
        """So many spans ended."""
        self.stands[group] = self.stands.get(group, 0) - count


def sums_at(connection: Connection, at: int) -> Sums:
    """The figures of a position, for whom nothing is hidden."""
    found = _mark_before(connection, at)
    since = found.position
    began = _S.from_sequence > since, _S.from_sequence <= at
    first = func.sum(case((_S.was == "", 1), else_=0))
    asked = select(*_GROUP, func.count(), first, func.max(_S.happened_at)).where(*began).group_by(*_GROUP)
    for *group, count, came, last in connection.execute(asked):
        found.begin(_group(group), count, int(came), last)
    ended = _S.to_sequence > since, _S.to_sequence <= at
    for *group, count in connection.execute(select(*_GROUP, func.count()).where(*ended).group_by(*_GROUP)):
        found.end(_group(group), count)
    coming = _E.kind.in_(sorted(COMING_KINDS)), _E.sequence > since, _E.sequence <= at
    found.told += connection.execute(select(func.count()).select_from(t.ENTRY).where(*coming)).scalar_one()
    found.position = at
    return found


def _group(columns: list[Any]) -> Group:
    unit, level, origin, status = columns
    return unit, level, origin, status


def _mark_before(connection: Connection, at: int) -> Sums:
    """The last mark up to a position; nothing at 0 where there is none."""
    asked = select(_M.position, _M.told, _M.last_event_at).where(_M.position <= at)
    mark = connection.execute(asked.order_by(_M.position.desc()).limit(1)).first()
    return Sums() if mark is None else _kept(connection, mark)


def _kept(connection: Connection, mark: Any) -> Sums:
    found = Sums(mark.position, mark.told, mark.last_event_at)
    for row in connection.execute(select(t.BALANCE_SUM).where(_N.position == mark.position)):
        group = (row.unit, row.level, row.origin, row.status)
        found.stands[group], found.came[group] = row.stands, row.came
    return found


def highest_rank(scheme: Scheme) -> int:
    """The clearance that whoever reads a mark must have."""
    return max(level.rank for level in scheme.levels)


def write_marks(connection: Connection, rank: int, before: int, after: int) -> None:
    """Keep the marks that the ledger passed from one size to another. `rank`: see `highest_rank`."""
    for position in range((before // EVERY + 1) * EVERY, after + 1, EVERY):
        write_mark(connection, rank, position)


def write_mark(connection: Connection, rank: int, position: int) -> None:
    """Keep a mark at this position of the ledger, where there is none yet."""
    found = sums_at(connection, position)
    told = (position, rank, found.told, found.last_event_at)
    insert_rows(connection, t.BALANCE_MARK, ("position", "rank", "told", "last_event_at"), [told])
    columns = ("position", "unit", "level", "origin", "status", "rank", "stands", "came")
    rows = ((position, *group, rank, found.stands[group], found.came.get(group, 0)) for group in sorted(found.stands))
    insert_rows(connection, t.BALANCE_SUM, columns, rows)


def differences(connection: Connection, scheme: Scheme, add: Callable[[str], None]) -> None:
    """Tell every mark that is not what the spans and entries up to it say, counted anew in one pass."""
    marks = connection.execute(select(t.BALANCE_MARK).order_by(_M.position)).all()
    rank = highest_rank(scheme)
    positions = {mark.position for mark in marks}
    for position in connection.execute(select(_N.position).distinct()).scalars():
        if position not in positions:
            add(f"balance_sum {position}: there is no such mark")
    size = connection.execute(select(t.LEDGER_STATE.c.size)).scalar_one()
    counted, events = Sums(), _events(connection)
    event = next(events, None) if marks else None
    for mark in marks:
        if mark.position > size:
            add(f"balance_mark {mark.position}: the ledger has not come so far")
            continue
        while event is not None and event[0] <= mark.position:
            _count(counted, event)
            event = next(events, None)
        _compare(connection, mark, counted, rank, add)


def _events(connection: Connection) -> Iterator[tuple[int, str, Any]]:
    """Spans that begin and end, and what came in by the entries, in the order of the ledger."""
    columns = (*_GROUP, _S.was, _S.happened_at)
    began = select(_S.from_sequence.label("at"), *columns).order_by(_S.from_sequence)
    ended = select(_S.to_sequence.label("at"), *columns).where(_S.to_sequence.is_not(None)).order_by(_S.to_sequence)
    told = select(_E.sequence.label("at")).where(_E.kind.in_(sorted(COMING_KINDS))).order_by(_E.sequence)

    def told_of(what: str, query: Any) -> Iterator[tuple[int, str, Any]]:
        return ((row.at, what, row) for row in stream(connection, query))

    yield from merge(
        told_of("began", began), told_of("ended", ended), told_of("told", told), key=lambda event: event[0]
    )


def _count(counted: Sums, event: tuple[int, str, Any]) -> None:
    _at, what, row = event
    if what == "told":
        counted.told += 1
        return
    group = (row.unit, row.level, row.origin, row.status)
    if what == "began":
        counted.begin(group, 1, int(row.was == ""), row.happened_at)
    else:
        counted.end(group, 1)


def _compare(connection: Connection, mark: Any, counted: Sums, rank: int, add: Callable[[str], None]) -> None:
    if (mark.rank, mark.told, mark.last_event_at) != (rank, counted.told, counted.last_event_at):
        add(f"balance_mark {mark.position}: differs from the ledger")
    kept = {
        (row.unit, row.level, row.origin, row.status): (row.rank, row.stands, row.came)
        for row in connection.execute(select(t.BALANCE_SUM).where(_N.position == mark.position))
    }
    said: Mapping[Group, tuple[int, int, int]] = {
        group: (rank, stands, counted.came.get(group, 0)) for group, stands in counted.stands.items()
    }
    if kept != said:
        add(f"balance_sum {mark.position}: differs from the ledger")
