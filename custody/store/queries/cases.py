"""What each clause has refused and recorded, as far as a subject may see it: counts, and the cases behind them.

Everybody sees what he himself was refused; who answers for a unit besides what others were refused there. Of entries
one sees those about carriers and matters that exist for one.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, false, func, or_, select

from custody.access import Permission, Role, Subject, may
from custody.entries import Entry, decode
from custody.matters import Matter
from custody.store import schema as t
from custody.store.queries.balance import position_by
from custody.store.queries.carriers import CarrierItem, carriers_by_id
from custody.store.queries.journal import seen_entries
from custody.store.queries.matters import matters_by_id
from custody.store.queries.paging import COUNTED_MAX, Page, pack, rows_of_page, total
from custody.store.queries.people import directory
from custody.store.queries.visible import visible, visible_matters
from custody.values import Instant

OVERSEEING = frozenset({Role.MANAGER, Role.LEADER, Role.SECRECY_OFFICE, Role.SECRECY_COMMITTEE})
"""Roles that see what others were refused, in the units that they answer for."""


@dataclass(frozen=True, slots=True)
class Period:
    """From an instant on, until before another; None: without end."""

    since: Instant | None = None
    until: Instant | None = None

    def holds(self, column: ColumnElement[Any]) -> list[ColumnElement[bool]]:
        """The conditions under which a time is within it."""
        found = [] if self.since is None else [column >= self.since]
        return found if self.until is None else [*found, column < self.until]


EVER = Period()


@dataclass(frozen=True, slots=True)
class RefusedCase:
    """An act that was tried and refused. What the subject does not see of it is None."""

    at: Instant
    person: int
    act: str
    fact: str
    clause: str
    codes: tuple[str, ...]
    carrier: CarrierItem | None
    matter: Matter | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are; `capped`: at least so many, and no more were counted."""

    number: int
    capped: bool = False


def _overseen(connection: Connection, subject: Subject) -> frozenset[int] | None:
    """The units that the subject answers for, sub-units included; None: all."""
    grants = [grant for grant in subject.grants if grant.role in OVERSEEING]
    if any(grant.unit is None for grant in grants):
        return None
    known = directory(connection) if grants else None
    return frozenset(unit for grant in grants if known and grant.unit for unit in known.units_under(grant.unit))


def _seen_refusals(connection: Connection, subject: Subject) -> ColumnElement[bool]:
    r, c, m, h = t.REFUSAL.c, t.CARRIER.c, t.MATTER.c, t.PERSON.c
    if not may(subject, Permission.SEE_CARRIERS):
        return false()
    own = r.person == subject.person
    units = _overseen(connection, subject)
    if units is not None and not units:
        return own
    exist = and_(
        or_(r.carrier.is_(None), exists().where(c.id == r.carrier, visible(subject))),
        or_(r.matter.is_(None), exists().where(m.id == r.matter, visible_matters(subject))),
    )
    if units is None:
        return or_(own, exist)
    there = or_(
        exists().where(h.id == r.person, h.unit.in_(sorted(units))),
        exists().where(c.id == r.carrier, c.unit.in_(sorted(units))),
        exists().where(m.id == r.matter, m.unit.in_(sorted(units))),
    )
    return or_(own, and_(exist, there))


def refused_counts(connection: Connection, subject: Subject, period: Period) -> Mapping[str, int]:
    """How many acts were refused quoting each clause; clauses without any are left out."""
    r = t.REFUSAL.c
    query = select(r.clause, func.count()).where(_seen_refusals(connection, subject), *period.holds(r.at))
    return {row[0]: row[1] for row in connection.execute(query.group_by(r.clause))}


def refused_cases(
    connection: Connection,
    subject: Subject,
    clauses: Collection[str],
    period: Period,
    after: str | None = None,
    limit: int = 50,
    before: str | None = None,
) -> Page[RefusedCase]:
    """Acts that were refused quoting one of these clauses, the newest first. Raises KeyInvalid."""
    r = t.REFUSAL.c
    query = select(t.REFUSAL).where(
        r.clause.in_(sorted(clauses)), _seen_refusals(connection, subject), *period.holds(r.at)
    )
    rows, earlier, later = rows_of_page(connection, query, [r.id], [int], after, before, limit, falling=True)
    found, capped = total(connection, query)
    carriers = carriers_by_id(connection, subject, (row.carrier for row in rows if row.carrier is not None))
    matters = matters_by_id(connection, subject, [row.matter for row in rows if row.matter is not None])
    return Page(
        tuple(
            RefusedCase(
                at=row.at,
                person=row.person,
                act=row.act,
                fact=row.fact,
                clause=row.clause,
                codes=tuple(row.codes.split()),
                carrier=carriers.get(row.carrier),
                matter=matters.get(row.matter),
            )
            for row in rows
        ),
        pack([rows[-1].id]) if rows and later else None,
        pack([rows[0].id]) if rows and earlier else None,
        found,
        capped,
    )


def _recorded(
    connection: Connection, subject: Subject, kinds: Collection[str], period: Period
) -> list[ColumnElement[bool]]:
    """Entries of these kinds that were entered in the period: a stretch of the ledger, not a search by time."""
    e = t.ENTRY.c
    found = [e.kind.in_(sorted(kinds)), seen_entries(subject)]
    if period.since is not None:
        found.append(e.sequence > position_by(connection, period.since - 1).sequence)
    if period.until is not None:
        found.append(e.sequence <= position_by(connection, period.until - 1).sequence)
    return found


def recorded_counts(
    connection: Connection, subject: Subject, kinds: Collection[str], period: Period
) -> Mapping[str, Count]:
    """How many entries of each of these kinds there are, each counted to COUNTED_MAX and no further."""
    found: dict[str, Count] = {}
    for kind in sorted(kinds):
        some = select(t.ENTRY.c.sequence).where(*_recorded(connection, subject, [kind], period))
        number, capped = total(connection, some)
        found[kind] = Count(number, capped)
    return found


def sum_of(counts: Collection[Count]) -> Count:
    """Several counts together, as one that is counted no further either."""
    number = sum(one.number for one in counts)
    return Count(min(number, COUNTED_MAX), any(one.capped for one in counts) or number > COUNTED_MAX)


def recorded_cases(
    connection: Connection,
    subject: Subject,
    kinds: Collection[str],
    period: Period,
    after: str | None = None,
    limit: int = 50,
    before: str | None = None,
) -> Page[Entry]:
    """The entries of these kinds, the newest first. Raises KeyInvalid."""
    e = t.ENTRY.c
    query = select(e.body, e.sequence).where(*_recorded(connection, subject, kinds, period))
    rows, earlier, later = rows_of_page(connection, query, [e.sequence], [int], after, before, limit, falling=True)
    found, capped = total(connection, query)
    return Page(
        tuple(decode(bytes(row.body)) for row in rows),
        pack([rows[-1].sequence]) if rows and later else None,
        pack([rows[0].sequence]) if rows and earlier else None,
        found,
        capped,
    )
