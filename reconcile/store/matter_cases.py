"""Matters, and carriers in them, whose deadline has passed: what `reconcile.checks.matters` looks at."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, select, tuple_

from custody.approval import valid_until
from custody.matters import Matter
from custody.store.matters import matter_of_row
from custody.store.schema import CARRIER, LINE, MATTER, PARTY, chunks
from custody.values import Instant
from reconcile.checks import LINE_RULES, MATTER_RULES, LineCase, MatterCase, Thresholds
from reconcile.store.candidates import MATTER_SAYS, World, books_of, matter_says_of
from reconcile.store.core import FINDING, Connection

_BOOKS = tuple(
    CARRIER.c[name].label(f"carrier_{name}" if name in ("id", "due_at", "status") else name)
    for name in (
        *("id", "status", "level", "rank", "unit", "place", "home", "holder"),
        *("due_at", "since_at", "archive_by", "secret_until"),
    )
)


def _told(kind: str) -> ColumnElement[bool]:
    """An open finding of this kind about the matter, or about the carrier in it."""
    return exists().where(
        FINDING.c.matter == MATTER.c.id,
        FINDING.c.kind == kind,
        FINDING.c.open,
        FINDING.c.carrier.is_not_distinct_from(CARRIER.c.id) if kind in LINE_RULES else FINDING.c.carrier.is_(None),
    )


# Carriers in matters.


def lines_due(connection: Connection, kind: str, now: Instant, limits: Thresholds, around: World) -> list[LineCase]:
    """Carriers in matters past their deadline, by the rule of this kind, of which no open finding tells."""
    asked = LINE_RULES[kind]
    conditions = [
        MATTER.c.kind == asked.matter,
        LINE.c.state == asked.state,
        CARRIER.c.status == asked.status,
        ~_told(kind),
    ]
    match asked.by:
        case "line":
            conditions.append(LINE.c.due_at < now)
        case "matter":
            grace = limits.meeting_grace if kind == "meeting_paper_out" else 0
            conditions += [MATTER.c.due_at < now - grace, MATTER.c.ended_at.is_(None)]
        case "incident":
            conditions += [CARRIER.c.rank >= limits.incident_from_rank, LINE.c.at < now, MATTER.c.ended_at.is_(None)]
    return _line_cases(connection, _lines().where(*conditions), around)


def lines_by_key(
    connection: Connection, keys: Iterable[tuple[int, int]], around: World
) -> dict[tuple[int, int], LineCase]:
    """The cases of these pairs of matter and carrier, for the ending of their findings."""
    found: dict[tuple[int, int], LineCase] = {}
    for chunk in chunks(sorted(set(keys)), 500):
        query = _lines().where(tuple_(LINE.c.matter, LINE.c.carrier).in_(chunk))
        found |= {(case.matter.id, case.carrier): case for case in _line_cases(connection, query, around)}
    return found


def _lines() -> Select[Any]:
    return select(*_BOOKS, *MATTER_SAYS, MATTER.c.ended_at).select_from(
        LINE.join(MATTER, MATTER.c.id == LINE.c.matter).join(CARRIER, CARRIER.c.id == LINE.c.carrier)
    )


class _Carrier:
    """The carrier's columns of a joined row under the names that `books_of` reads."""

    def __init__(self, row: Any) -> None:
        self.status, self.due_at = row.carrier_status, row.carrier_due_at
        self.level, self.rank, self.unit = row.level, row.rank, row.unit
        self.place, self.home, self.holder = row.place, row.home, row.holder
        self.since_at, self.archive_by, self.secret_until = row.since_at, row.archive_by, row.secret_until


def _line_cases(connection: Connection, query: Select[Any], around: World) -> list[LineCase]:
    rows = connection.execute(query.order_by(LINE.c.matter, LINE.c.carrier)).all()
    settled = _settled(connection, {row.matter_id for row in rows})
    return [
        LineCase(
            carrier=row.carrier_id,
            books=books_of(_Carrier(row), around),
            matter=matter_says_of(row),
            ends_at=row.ends_at,
            ended=row.ended_at is not None,
            settled_at=settled.get((row.matter_id, row.carrier_id), {}),
        )
        for row in rows
    ]


# Matters.


def matters_due(connection: Connection, kind: str, now: Instant, limits: Thresholds) -> list[MatterCase]:
    """Matters past their deadline, by the rule of this kind, of which no open finding tells."""
    asked = MATTER_RULES[kind]
    conditions = [MATTER.c.ended_at.is_(None), ~_told(kind)]
    if not _DERIVED.keys().isdisjoint(asked.matters):
        # Open at once are few: their day is told by what was agreed in them.
        conditions.append(MATTER.c.kind.in_(asked.matters))
        cases = _matter_cases(connection, and_(*conditions), limits)
        return [case for case in cases if case.due_at is not None and case.due_at < now]
    if kind == "approval_overdue":
        conditions += [MATTER.c.awaited != "", MATTER.c.answer_by < now]
    else:
        conditions += [MATTER.c.kind.in_(asked.matters), MATTER.c.due_at < now]
    return _matter_cases(connection, and_(*conditions), limits)


def matters_by_id(connection: Connection, wanted: Iterable[int], limits: Thresholds) -> dict[int, MatterCase]:
    """The cases of these matters, for the ending of their findings."""
    found: dict[int, MatterCase] = {}
    for chunk in chunks(sorted(set(wanted))):
        found |= {case.id: case for case in _matter_cases(connection, MATTER.c.id.in_(chunk), limits)}
    return found


_DERIVED: Mapping[str, Callable[[Matter, Thresholds], Instant | None]] = {
    "destruction": lambda matter, _limits: valid_until(matter),
    "clearance": lambda matter, limits: limits.end_of(matter.body.on),
    "hand_over": lambda matter, limits: matter.opened_at + limits.hand_over,
}
"""Kind of matter -> its day, where no column has it."""


def _due_at(row: Any, limits: Thresholds) -> Instant | None:
    derived = _DERIVED.get(row.kind)
    own: Instant | None = row.due_at
    return own if derived is None else derived(matter_of_row(row), limits)


def _matter_cases(connection: Connection, condition: ColumnElement[bool], limits: Thresholds) -> list[MatterCase]:
    rows = connection.execute(select(MATTER).where(condition).order_by(MATTER.c.id)).all()
    ids = {row.id for row in rows}
    settled = _settled(connection, ids)
    persons: dict[int, set[int]] = defaultdict(set)
    for chunk in chunks(sorted(ids)):
        for row in connection.execute(select(PARTY.c.matter, PARTY.c.person).where(PARTY.c.matter.in_(chunk))):
            persons[row.matter].add(row.person)
    return [
        MatterCase(
            id=row.id,
            number=row.number,
            kind=row.kind,
            status=row.status,
            unit=row.unit,
            rank=row.rank,
            opened_by=row.opened_by,
            opened_at=row.opened_at,
            due_at=_due_at(row, limits),
            awaited=row.awaited,
            answer_by=row.answer_by,
            ended=row.ended_at is not None,
            persons=frozenset(persons[row.id]),
            counts=body["counts"],
            route=(body["approval"] or {}).get("route", ""),
            settled_at=settled.get((row.id, None), {}),
        )
        for row in rows
        for body in (json.loads(row.body),)
    ]


def _settled(connection: Connection, matters: Collection[int]) -> Mapping[tuple[int, int | None], dict[str, Instant]]:
    """When a person last settled a finding about these matters or a carrier in them: by matter and carrier, by kind."""
    found: dict[tuple[int, int | None], dict[str, Instant]] = defaultdict(dict)
    for chunk in chunks(sorted(matters)):
        rows = connection.execute(
            select(FINDING.c.matter, FINDING.c.carrier, FINDING.c.kind, FINDING.c.closed_at)
            .where(FINDING.c.matter.in_(chunk), FINDING.c.state == "settled")
            .order_by(FINDING.c.closed_at)
        )
        for row in rows:
            found[(row.matter, row.carrier)][row.kind] = row.closed_at
    return found
