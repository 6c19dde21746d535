"""What is due soon, of matters and of carriers: SQL by the deadlines' own indexes."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import String, and_, cast, exists, func, literal, select, text

from custody.approval import valid_until
from custody.clock import end_of_day
from custody.matters import Matter
from custody.store.matters import matter_of_row
from custody.store.schema import ACCOUNT, CARRIER, MATTER, PARTY
from custody.values import Instant
from reconcile.checks.cases import IN_HAND, KEPT
from reconcile.store.core import NOTICE, Connection
from reconcile.store.reminding import Loan

_HAS = {
    "archiving_due": ("archive_by", text("carrier.archive_by <> ''")),
    "review_due": ("secret_until", text("carrier.secret_until <> ''")),
}
"""Column of the day, and the very words of its partial index's condition."""


@dataclass(frozen=True, slots=True)
class MatterSoon:
    """A matter with its day. `apart`: who took part in it and answers nothing of it."""

    id: int
    kind: str
    opened_by: int
    due_at: Instant
    unit: int
    rank: int
    awaited: str = ""
    apart: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class CarriersSoon:
    """How many carriers of a unit and rank are due."""

    unit: int
    rank: int
    count: int


def matters_due(
    connection: Connection, kinds: Collection[str], after: Instant, until: Instant, _zone: str
) -> list[MatterSoon]:
    """Open matters of these kinds that are due later than `after` and no later than `until`."""
    m = MATTER.c
    query = select(m.id, m.kind, m.opened_by, m.due_at, m.unit, m.rank).where(
        m.ended_at.is_(None), m.due_at.is_not(None), m.due_at > after, m.due_at <= until, m.kind.in_(sorted(kinds))
    )
    return [MatterSoon(*row) for row in connection.execute(query.order_by(m.due_at, m.id))]


def _open(connection: Connection, kinds: Collection[str]) -> list[tuple[Matter, int]]:
    query = select(MATTER).where(MATTER.c.ended_at.is_(None), MATTER.c.kind.in_(sorted(kinds)), MATTER.c.awaited == "")
    return [(matter_of_row(row), row.rank) for row in connection.execute(query.order_by(MATTER.c.id))]


def approved_until(
    connection: Connection, kinds: Collection[str], after: Instant, until: Instant, _zone: str
) -> list[MatterSoon]:
    """Open matters of these kinds whose approval was given, and may be used until an instant in this stretch."""
    found = [(one, rank, valid_until(one)) for one, rank in _open(connection, kinds)]
    return [_soon(one, rank, due) for one, rank, due in found if due is not None and after < due <= until]


def clearances_until(
    connection: Connection, kinds: Collection[str], after: Instant, until: Instant, zone: str
) -> list[MatterSoon]:
    """Open clearances of people who leave or change their post on a day in this stretch: by then all is handed over."""
    found = [(one, rank, end_of_day(one.body.on, zone)) for one, rank in _open(connection, kinds)]
    return [_soon(one, rank, due) for one, rank, due in found if after < due <= until]


def _soon(matter: Matter, rank: int, due: Instant) -> MatterSoon:
    return MatterSoon(matter.id, matter.kind, matter.opened_by, due, matter.unit, rank)


def approvals_due(connection: Connection, after: Instant, until: Instant) -> list[MatterSoon]:
    """Requests that wait for an answer until an instant in this stretch."""
    m = MATTER.c
    query = select(m.id, m.kind, m.opened_by, m.answer_by, m.unit, m.rank, m.awaited).where(
        m.ended_at.is_(None), m.awaited != "", m.answer_by > after, m.answer_by <= until
    )
    rows = connection.execute(query.order_by(m.answer_by, m.id)).all()
    found = []
    for row in rows:
        parties = connection.scalars(select(PARTY.c.person).where(PARTY.c.matter == row.id))
        found.append(MatterSoon(*row, apart=frozenset(parties)))
    return found


def held_until(connection: Connection, kind: str, after: Instant, until: Instant, longest: int) -> list[Loan]:
    """State secrets whose longest time in one hand ends in this stretch, and of which the hand was not told yet."""
    c = CARRIER.c
    about = literal("held:") + cast(c.id, String) + literal("@") + cast(c.since_at, String)
    told = exists().where(NOTICE.c.about == about, NOTICE.c.kind == kind, NOTICE.c.person == c.holder)
    query = (
        select(c.id, c.holder, c.since_at)
        .where(
            and_(c.holder.is_not(None), c.since_at > after - longest, c.since_at <= until - longest),
            c.status.in_(sorted(IN_HAND)),
            c.rank > 0,
            exists().where(ACCOUNT.c.person == c.holder, ~ACCOUNT.c.disabled),
            ~told,
        )
        .order_by(c.since_at, c.id)
    )
    return [
        Loan(row.id, row.holder, row.since_at + longest, f"held:{row.id}@{row.since_at}")
        for row in connection.execute(query)
    ]


def carriers_due(connection: Connection, finding: str, since: str, until: str) -> list[CarriersSoon]:
    """Carriers on the shelf whose day (archiving, end of the period) lies from one ISO day to another."""
    name, has = _HAS[finding]
    column, c = CARRIER.c[name], CARRIER.c
    query = (
        select(c.unit, c.rank, func.count().label("carriers"))
        .where(has, column >= since, column <= until, c.status.in_(sorted(KEPT)))
        .group_by(c.unit, c.rank)
    )
    if finding == "review_due":
        query = query.where(c.rank > 0)
    return [CarriersSoon(row.unit, row.rank, row.carriers) for row in connection.execute(query)]


def any_told(connection: Connection, about: str, kind: str) -> bool:
    """Whether anybody has such a notice."""
    query = select(NOTICE.c.id).where(NOTICE.c.about == about, NOTICE.c.kind == kind).limit(1)
    return connection.execute(query).first() is not None
