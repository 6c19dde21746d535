"""Loans to be reminded of: what is due soon, due today, or recalled, and of which the holder was not told yet."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Boolean, ColumnElement, String, and_, cast, exists, func, literal, literal_column, select

from custody.store.schema import ACCOUNT, AGREEMENT, CARRIER, LICENCE, MATTER
from custody.values import Instant
from reconcile.store.core import NOTICE, Connection

REMINDED = ("on_loan", "in_circulation", "in_meeting", "carried_out")
"""Statuses in which a holder has a day by which to give back, pass on or hand in."""


@dataclass(frozen=True, slots=True)
class Loan:
    """A carrier in somebody's hand, with its day."""

    carrier: int
    holder: int
    due_at: Instant
    about: str
    """The subject of its reminders: another day is another subject."""


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
    return [Loan(row.id, row.holder, row.due_at, f"loan:{row.id}@{row.due_at}") for row in connection.execute(query)]


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


def provisions_due(connection: Connection, until: Instant) -> list[tuple[int, int, Instant, int, int]]:
    """Provisions of which something is outside and to be back by then: matter, opener, day, unit, rank."""
    m = MATTER.c
    query = (
        select(m.id, m.opened_by, m.due_at, m.unit, m.rank)
        .where(m.kind == "provision", m.ended_at.is_(None), m.due_at.is_not(None), m.due_at <= until)
        .order_by(m.id)
    )
    return [tuple(row) for row in connection.execute(query)]


def papers_ending(connection: Connection, since: str, until: str) -> list[tuple[str, str]]:
    """Licences and agreements on file that expire from one ISO day to another: which, and the day."""
    found = []
    for name, table in (("licence", LICENCE), ("agreement", AGREEMENT)):
        c = table.c
        rows = connection.execute(select(c.id, c.valid_until).where(c.valid_until >= since, c.valid_until <= until))
        found += [(f"{name}:{row.id}@{row.valid_until}", row.valid_until) for row in rows]
    return sorted(found)


def with_inbox(connection: Connection, persons: Collection[int]) -> set[int]:
    """Which of these persons can be told at all: they have an account."""
    query = select(ACCOUNT.c.person).where(~ACCOUNT.c.disabled)
    return set(connection.scalars(query)) & set(persons)


def told_already(connection: Connection, about: str, kind: str, persons: Collection[int]) -> set[int]:
    """Which of these persons have such a notice."""
    query = select(NOTICE.c.person).where(NOTICE.c.about == about, NOTICE.c.kind == kind)
    return set(connection.scalars(query)) & set(persons)
