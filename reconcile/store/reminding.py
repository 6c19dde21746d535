"""Loans to be reminded of: what is due soon, due today, or recalled, and of which the holder was not told yet."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Boolean, ColumnElement, String, and_, cast, exists, func, literal, literal_column, select

from custody.store.schema import ACCOUNT, CARRIER
from custody.values import Instant
from reconcile.store.core import NOTICE, Connection

REMINDED = ("on_loan", "in_circulation", "in_meeting")
"""Statuses in which a holder has a day by which to give back, pass on or hand in."""


@dataclass(frozen=True, slots=True)
class Loan:
    """A carrier in somebody's hand, with its day."""

    carrier: int
    holder: int
    due_at: Instant

    @property
    def about(self) -> str:
        """The subject of its reminders: another day is another subject."""
        return f"loan:{self.carrier}@{self.due_at}"


_ABOUT = literal("loan:") + cast(CARRIER.c.id, String) + literal("@") + cast(CARRIER.c.due_at, String)


_RECALLED: ColumnElement[bool] = literal_column("carrier.recalled", Boolean)
"""The very words of the partial index's condition: by `recalled = 1` SQLite would not know that it serves."""


def _with_inbox() -> ColumnElement[bool]:
    """The holder can be told at all."""
    return exists().where(ACCOUNT.c.person == CARRIER.c.holder, ~ACCOUNT.c.disabled)


def _untold(kind: str) -> ColumnElement[bool]:
    return ~exists().where(NOTICE.c.about == _ABOUT, NOTICE.c.kind == kind, NOTICE.c.person == CARRIER.c.holder)


def _loans(connection: Connection, kind: str, *conditions: ColumnElement[bool]) -> list[Loan]:
    query = (
        select(CARRIER.c.id, CARRIER.c.holder, CARRIER.c.due_at)
        .where(*conditions, CARRIER.c.status.in_(REMINDED), _with_inbox(), _untold(kind))
        .order_by(CARRIER.c.due_at, CARRIER.c.id)
    )
    return [Loan(row.id, row.holder, row.due_at) for row in connection.execute(query)]


def due_between(connection: Connection, kind: str, after: Instant, until: Instant, lent_before: Instant) -> list[Loan]:
    """Loans due later than `after` and no later than `until`, begun before an instant, not reminded in this way yet."""
    due = and_(CARRIER.c.due_at > after, CARRIER.c.due_at <= until)
    return _loans(connection, kind, due, CARRIER.c.holder.is_not(None), CARRIER.c.since_at < lent_before)


def recalled(connection: Connection, kind: str, now: Instant) -> list[Loan]:
    """Loans that the registry asks for before their day, not reminded in this way yet."""
    return _loans(connection, kind, _RECALLED, CARRIER.c.due_at >= now)


@dataclass(frozen=True, slots=True)
class DueCount:
    """How many loans of a unit and rank are due in a stretch of time."""

    unit: int
    rank: int
    count: int


def due_counts(connection: Connection, after: Instant, until: Instant) -> list[DueCount]:
    """Loans due in a stretch of time, by unit and rank."""
    query = (
        select(CARRIER.c.unit, CARRIER.c.rank, func.count().label("loans"))
        .where(CARRIER.c.due_at > after, CARRIER.c.due_at <= until, CARRIER.c.status.in_(REMINDED))
        .group_by(CARRIER.c.unit, CARRIER.c.rank)
    )
    return [DueCount(row.unit, row.rank, row.loans) for row in connection.execute(query)]


def told_already(connection: Connection, about: str, kind: str, persons: Collection[int]) -> set[int]:
    """Which of these persons have such a notice."""
    query = select(NOTICE.c.person).where(NOTICE.c.about == about, NOTICE.c.kind == kind)
    return set(connection.scalars(query)) & set(persons)
