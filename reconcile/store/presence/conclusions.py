"""What the filter concluded, row by row: added, never changed. A revision names what it takes the place of."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, exists, insert, select

from custody.store.schema import chunks
from custody.values import SECOND
from readers.sighting import Instant
from reconcile.presence import Move
from reconcile.store.core import CONCLUSION

LATE_US = 60 * SECOND
"""Concluded so much later than it happened, it is told to be late."""
WITHDRAWN, LATE = "withdrawn", "late"
"""Causes besides those of the filter: a later report showed that it was not so; of a time before the checkpoints."""


class Belief(NamedTuple):
    """Where a tag was believed to be, and how firmly."""

    place: int | None
    strength: str


@dataclass(frozen=True, slots=True)
class Concluded:
    """A conclusion as it is shown."""

    id: int
    epc: str
    from_place: int | None
    to_place: int | None
    at: Instant
    concluded_at: Instant
    strength: str
    cause: str
    late_us: int
    correction: bool
    revises: int | None
    revised_by: int | None
    model: str
    calibration: int
    evidence: dict[str, Any]


def conclusions_of(connection: Connection, epcs: Collection[str], limit: int = 50) -> list[Concluded]:
    """The newest conclusions about these tags, newest first; of each whether a later one takes its place."""
    later = CONCLUSION.alias("later")
    revised = select(later.c.id).where(later.c.revises == CONCLUSION.c.id).limit(1).scalar_subquery()
    found: list[Concluded] = []
    for chunk in chunks(sorted(epcs)):
        wanted = select(CONCLUSION, revised.label("revised_by")).where(CONCLUSION.c.epc.in_(chunk))
        rows = connection.execute(wanted.order_by(CONCLUSION.c.at.desc(), CONCLUSION.c.id.desc()).limit(limit))
        found += [_shown(row) for row in rows]
    return sorted(found, key=lambda one: (-one.at, -one.id))[:limit]


def _shown(row: Any) -> Concluded:
    kept = {name: getattr(row, name) for name in Concluded.__slots__ if name != "evidence"}
    return Concluded(**kept, evidence=json.loads(row.evidence))


def row_of(epc: str, move: Move, now: Instant, **more: Any) -> dict[str, Any]:
    """A conclusion of the filter as a row; `more` says what else is to be said of it."""
    late = now - move.concluded_at
    evidence = dict(move.evidence)
    return {
        "epc": epc,
        "from_place": move.from_place,
        "to_place": move.to_place,
        "at": move.at,
        "decided_at": move.concluded_at,
        "concluded_at": now,
        "strength": move.strength,
        "cause": move.cause,
        "late_us": late if late > LATE_US else 0,
        "correction": False,
        "revises": None,
        "model": str(evidence.get("model", "")),
        "calibration": int(evidence.get("calibration", 0)),
        "evidence": json.dumps(evidence, sort_keys=True, ensure_ascii=False),
        **more,
    }


def add(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Add conclusions."""
    if rows:
        connection.execute(insert(CONCLUSION), list(rows))


def revise(
    connection: Connection, epc: str, since: Instant, belief: Belief, moves: Sequence[Move], now: Instant
) -> int:
    """Hold what was concluded after `since` against what is concluded now, and add what differs; how many were added.

    `belief`: what was believed at `since`. What is the same stands; what is new is added; what is no more has a row
    added that takes its place and says what was so instead.
    """
    later = CONCLUSION.alias("later")
    kept = connection.execute(
        select(CONCLUSION)
        .where(
            CONCLUSION.c.epc == epc,
            CONCLUSION.c.decided_at > since,
            CONCLUSION.c.cause != WITHDRAWN,
            ~CONCLUSION.c.correction,
            ~exists().where(later.c.revises == CONCLUSION.c.id),
        )
        .order_by(CONCLUSION.c.decided_at, CONCLUSION.c.id)
    ).all()
    stands = {_what(row) for row in kept}
    again = {_said(move) for move in moves}
    gone = [row for row in kept if _what(row) not in again]
    news = [move for move in moves if _said(move) not in stands]
    rows = []
    for number, move in enumerate(news):
        rows.append(row_of(epc, move, now, revises=gone[number].id if number < len(gone) else None))
    for row in gone[len(news) :]:
        said = _believed_at(row.decided_at, belief, moves)
        rows.append(
            {name: getattr(row, name) for name in ("epc", "at", "decided_at", "model", "calibration", "from_place")}
            | {
                "to_place": said.place,
                "strength": said.strength,
                "concluded_at": now,
                "cause": WITHDRAWN,
                "late_us": max(0, now - row.decided_at),
                "correction": False,
                "revises": row.id,
                "evidence": json.dumps({"withdrawn": {"to_place": row.to_place, "strength": row.strength}}),
            }
        )
    add(connection, rows)
    return len(rows)


def _what(row: Any) -> tuple[Any, ...]:
    return row.from_place, row.to_place, row.strength, row.at


def _said(move: Move) -> tuple[Any, ...]:
    return move.from_place, move.to_place, move.strength, move.at


def _believed_at(at: Instant, belief: Belief, moves: Sequence[Move]) -> Belief:
    for move in moves:
        if move.concluded_at <= at:
            belief = Belief(move.to_place, move.strength)
    return belief
