"""Accounts as administrators list them: who may sign in, as what, since when. No business data."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, or_, select

from custody.access import Grant, Role
from custody.store import schema as t
from custody.store.audit import AuditEvent, events
from custody.values import Instant

KINDS = (
    *("account_opened", "account_closed", "account_reopened", "role_granted", "role_revoked", "credential_set"),
    *("request_asked", "request_granted", "request_declined", "request_withdrawn", "request_expired"),
    *("request_collected", "reset_started", "emergency_begun", "emergency_ended", "emergency_reviewed"),
)
"""Events that a person's page of the accounts shows; when he signs in and out is in the audit log."""


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account in a list. `signed_in_at`: the last time, None: never."""

    person: int
    number: str
    name: str
    name_en: str
    unit: int | None
    family: str
    disabled: bool
    must_change: bool
    secret_until_at: Instant | None
    created_at: Instant
    signed_in_at: Instant | None
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """What a list is limited to; empty: not at all. `state`: open, closed, new (with a one-time secret)."""

    text: str = ""
    family: str = ""
    role: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Lines by staff number, how many there are in all, and where the next page begins."""

    lines: tuple[AccountLine, ...]
    total: int
    after: str | None


def _conditions(wanted: AccountFilter) -> list[ColumnElement[bool]]:
    a, h = t.ACCOUNT.c, t.PERSON.c
    found: list[ColumnElement[bool]] = []
    text = t.storable(wanted.text).strip()
    if text:
        found.append(
            or_(
                h.number.startswith(text, autoescape=True),
                h.name.contains(text, autoescape=True),
                h.name_en.icontains(text, autoescape=True),
                func.replace(h.name_sort, " ", "").startswith("".join(text.lower().split()), autoescape=True),
            )
        )
    if wanted.family:
        found.append(a.family == wanted.family)
    if wanted.role:
        found.append(exists().where(t.GRANT.c.person == a.person, t.GRANT.c.role == wanted.role))
    if wanted.state == "new":
        found.append(a.must_change.is_(True))
    elif wanted.state:
        found.append(a.disabled.is_(wanted.state == "closed"))
    return found


_COLUMNS = (
    *(t.ACCOUNT.c.person, t.ACCOUNT.c.family, t.ACCOUNT.c.disabled, t.ACCOUNT.c.must_change),
    *(t.ACCOUNT.c.secret_until_at, t.ACCOUNT.c.created_at),
    *(t.PERSON.c.number, t.PERSON.c.name, t.PERSON.c.name_en, t.PERSON.c.unit),
)
"""Never the password's hash: no wall lets it through."""


def account_page(
    connection: Connection, wanted: AccountFilter, now: Instant, after: str = "", limit: int = 50
) -> AccountPage:
    """A page of the accounts, from the staff number `after` on."""
    joined = t.ACCOUNT.join(t.PERSON, t.PERSON.c.id == t.ACCOUNT.c.person)
    conditions = _conditions(wanted)
    total = connection.scalar(select(func.count()).select_from(joined).where(*conditions)) or 0
    query = select(*_COLUMNS).select_from(joined).where(*conditions, t.PERSON.c.number > t.storable(after))
    rows = connection.execute(query.order_by(t.PERSON.c.number).limit(limit + 1)).all()
    shown = rows[:limit]
    lines = _lines(connection, shown, now)
    return AccountPage(lines, total, shown[-1].number if len(rows) > limit else None)


def account_line(connection: Connection, person: int, now: Instant) -> AccountLine | None:
    """One account; None where the person has none."""
    joined = t.ACCOUNT.join(t.PERSON, t.PERSON.c.id == t.ACCOUNT.c.person)
    query = select(*_COLUMNS).select_from(joined).where(t.ACCOUNT.c.person == person)
    rows = connection.execute(query).all() if t.is_int64(person) else []
    return next(iter(_lines(connection, rows, now)), None)


def _lines(connection: Connection, rows: Sequence[Any], now: Instant) -> tuple[AccountLine, ...]:
    persons = [row.person for row in rows]
    held = _grants(connection, persons, now)
    e = t.AUDIT_EVENT.c
    last = (
        select(e.about, func.max(e.at).label("last"))
        .where(e.about.in_(persons), e.kind == "signed_in")
        .group_by(e.about)
    )
    signed_in: Mapping[int, Instant] = {row.about: row.last for row in connection.execute(last)}
    return tuple(
        AccountLine(
            person=row.person,
            number=row.number,
            name=row.name,
            name_en=row.name_en,
            unit=row.unit,
            family=row.family,
            disabled=row.disabled,
            must_change=row.must_change,
            secret_until_at=row.secret_until_at,
            created_at=row.created_at,
            signed_in_at=signed_in.get(row.person),
            grants=tuple(held.get(row.person, ())),
        )
        for row in rows
    )


def _grants(connection: Connection, persons: Collection[int], now: Instant) -> dict[int, list[Grant]]:
    found: dict[int, list[Grant]] = {}
    g, e = t.GRANT.c, t.EMERGENCY_GRANT.c
    for row in connection.execute(select(t.GRANT).where(g.person.in_(persons)).order_by(g.role)):
        found.setdefault(row.person, []).append(Grant(Role(row.role), row.unit))
    lasts = (e.from_at <= now) & (e.until_at > now) & (e.ended_at.is_(None) | (e.ended_at > now))
    for row in connection.execute(select(t.EMERGENCY_GRANT).where(e.person.in_(persons), lasts)):
        found.setdefault(row.person, []).append(Grant(Role(row.role), row.unit, row.until_at))
    return found


def account_events(connection: Connection, person: int, before: int | None, limit: int) -> list[AuditEvent]:
    """What happened to a person's account, the newest first."""
    return events(connection, before=before, kinds=KINDS, about=person, limit=limit)


def lonely_roles(connection: Connection) -> tuple[Role, ...]:
    """Roles of who asks and who decides with one holder by an open account: nobody could help that person in again."""
    query = (
        select(t.GRANT.c.role, func.count().label("holders"))
        .join_from(t.GRANT, t.ACCOUNT, t.ACCOUNT.c.person == t.GRANT.c.person)
        .where(t.ACCOUNT.c.disabled.is_(False), t.GRANT.c.family == "administrator")
        .group_by(t.GRANT.c.role)
    )
    held: dict[str, int] = {row.role: row.holders for row in connection.execute(query)}
    return tuple(role for role in (Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR) if held.get(role, 0) < 2)
