"""Roles taken in an emergency: by two persons at one desk, for some hours, seen by everybody, reviewed afterwards.

Who may take, confirm, end and review is decided here and held by constraints of the table, so that pages, the REST
interface and commands meet the same stops. Whoever confirms has proved who he is before: that is the caller's.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select, update

from custody.access import EMERGENCY_ROLES, Grant, Role, clearance_rank
from custody.clock import day
from custody.register import Directory
from custody.rules import NotFound
from custody.scheme import Scheme
from custody.store import audit
from custody.store import schema as t
from custody.store.projection import load_directory, person_of
from custody.values import SECOND, Instant

CONFIRMERS = frozenset({Role.SECRECY_OFFICE, Role.LEADER})
"""Who confirms an emergency, ends it, and reviews what was done under it: by a role held for good."""
SECONDS_MAX = 86_400
"""Longer than a day nothing is an emergency, whatever is configured; the database holds that too."""
CLEARED_FROM_RANK = 1
"""Least clearance of whoever takes a role: of the lowest level that is a state secret. Higher levels stay hidden."""


class EmergencyRefused(Exception):
    """The emergency cannot be begun, ended or reviewed so; `code` and `params` say why, for the catalogue."""

    def __init__(self, code: str, **params: str | int) -> None:
        self.code = code
        self.params = params
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Emergency:
    """A role taken in an emergency, as it is kept."""

    id: int
    person: int
    role: Role
    unit: int
    reason: str
    confirmed_by: int
    from_at: Instant
    until_at: Instant
    ended_at: Instant | None
    ended_by: int | None
    reviewed_at: Instant | None
    reviewed_by: int | None
    review: str

    @property
    def over_at(self) -> Instant:
        """When it ends, or ended."""
        return self.until_at if self.ended_at is None else self.ended_at

    def runs(self, now: Instant) -> bool:
        """Whether the role is held at this instant."""
        return self.from_at <= now < self.over_at


_E = t.EMERGENCY_GRANT.c


def _emergency(row: Row[tuple[object, ...]]) -> Emergency:
    kept = {name: value for name, value in row._mapping.items() if name != "family"}
    return Emergency(**kept | {"role": Role(kept["role"])})


def _runs(now: Instant) -> ColumnElement[bool]:
    return and_(_E.from_at <= now, _E.until_at > now, or_(_E.ended_at.is_(None), _E.ended_at > now))


def running(connection: Connection, now: Instant) -> tuple[Emergency, ...]:
    """The emergencies that last now, the first to end first."""
    query = select(t.EMERGENCY_GRANT).where(_runs(now)).order_by(_E.until_at, _E.id)
    return tuple(_emergency(row) for row in connection.execute(query))


def running_grants(connection: Connection, person: int, now: Instant) -> tuple[Grant, ...]:
    """The roles that a person has now by an emergency, each with its end."""
    query = select(t.EMERGENCY_GRANT).where(_E.person == person, _runs(now)).order_by(_E.role, _E.id)
    found = (_emergency(row) for row in connection.execute(query))
    return tuple(Grant(one.role, one.unit, one.over_at) for one in found)


def unreviewed(connection: Connection, now: Instant) -> tuple[Emergency, ...]:
    """Emergencies that are over and that nobody has reviewed, the oldest first."""
    query = select(t.EMERGENCY_GRANT).where(_E.reviewed_at.is_(None)).order_by(_E.id)
    return tuple(one for one in map(_emergency, connection.execute(query)) if one.over_at <= now)


def emergencies(connection: Connection, before: int | None = None, limit: int = 50) -> tuple[Emergency, ...]:
    """All of them, the newest first, below the identifier `before`."""
    query = select(t.EMERGENCY_GRANT).order_by(_E.id.desc()).limit(limit)
    if before is not None:
        query = query.where(_E.id < before)
    return tuple(_emergency(row) for row in connection.execute(query))


def emergency(connection: Connection, number: int) -> Emergency:
    """One of them. Raises NotFound."""
    query = select(t.EMERGENCY_GRANT).where(_E.id == number)
    row = connection.execute(query).first() if t.is_int64(number) else None
    if row is None:
        raise NotFound
    return _emergency(row)


def begin(
    connection: Connection,
    scheme: Scheme,
    *,
    person: int,
    role: Role,
    unit: int,
    seconds: int,
    reason: str,
    confirmed_by: int,
    now: Instant,
    address: str = "",
) -> Emergency:
    """A role of a unit for so many seconds. Raises EmergencyRefused with what stands against it."""
    directory = load_directory(connection)
    _asked_rightly(directory, scheme, role, unit, seconds, reason)
    _may_take(connection, directory, scheme, person, role, unit, now)
    if confirmed_by == person:
        raise EmergencyRefused("same_person")
    if not stands_above(connection, confirmed_by, directory, unit):
        raise EmergencyRefused("confirmer")
    row = {
        "person": person,
        "family": "business",
        "role": role.value,
        "unit": unit,
        "reason": reason.strip(),
        "confirmed_by": confirmed_by,
        "from_at": now,
        "until_at": now + seconds * SECOND,
        "review": "",
    }
    made = connection.execute(t.EMERGENCY_GRANT.insert().values(row).returning(_E.id)).scalar_one()
    told: audit.Detail = {
        "role": role.value,
        "unit": unit,
        "until": now + seconds * SECOND,
        "confirmed_by": confirmed_by,
    }
    return _noted(connection, "emergency_begun", made, now, person, address, told)


def seconds_max(scheme: Scheme) -> int:
    """How long an emergency may last."""
    return min(scheme.number("emergency_seconds_max"), SECONDS_MAX)


def _asked_rightly(directory: Directory, scheme: Scheme, role: Role, unit: int, seconds: int, reason: str) -> None:
    if role not in EMERGENCY_ROLES:
        raise EmergencyRefused("role", role=role.value)
    if unit not in directory.units:
        raise EmergencyRefused("unit")
    if not 0 < seconds <= seconds_max(scheme):
        raise EmergencyRefused("too_long", minutes=seconds_max(scheme) // 60)
    if not reason.strip():
        raise EmergencyRefused("reason")


def _may_take(
    connection: Connection, directory: Directory, scheme: Scheme, person: int, role: Role, unit: int, now: Instant
) -> None:
    """Whether this person may take the role now; the account's row is locked, so that nobody takes two at once."""
    account = select(t.ACCOUNT.c.family, t.ACCOUNT.c.disabled).where(t.ACCOUNT.c.person == person).with_for_update()
    found = connection.execute(account).first()
    if found is None or found.disabled or found.family != "business":
        raise EmergencyRefused("account")
    who = person_of(connection.execute(select(t.PERSON).where(t.PERSON.c.id == person)).one())
    if clearance_rank(who, scheme, day(now, scheme.timezone)) < CLEARED_FROM_RANK:
        raise EmergencyRefused("clearance")
    above = directory.units_above(unit)
    held = connection.execute(
        select(t.GRANT.c.unit).where(t.GRANT.c.person == person, t.GRANT.c.role == role.value)
    ).scalars()
    if any(one is None or one in above for one in held):
        raise EmergencyRefused("held", role=role.value)
    if running_grants(connection, person, now):
        raise EmergencyRefused("running")


def stands_above(
    connection: Connection, person: int, directory: Directory | None = None, unit: int | None = None
) -> bool:
    """Whether the person confirms emergencies: an open account, and for good a role of CONFIRMERS (for the unit)."""
    query = (
        select(t.GRANT.c.unit)
        .join_from(t.GRANT, t.ACCOUNT, t.ACCOUNT.c.person == t.GRANT.c.person)
        .where(
            t.GRANT.c.person == person,
            t.GRANT.c.role.in_(sorted(role.value for role in CONFIRMERS)),
            t.ACCOUNT.c.disabled.is_(False),
        )
    )
    held = list(connection.execute(query).scalars())
    if directory is None or unit is None:
        return bool(held)
    return any(one is None or one in directory.units_above(unit) for one in held)


def end(connection: Connection, number: int, by: int, now: Instant, address: str = "") -> Emergency:
    """End it before its time: whoever has it, or who may confirm one. Raises NotFound, EmergencyRefused."""
    found = emergency(connection, number)
    if by != found.person and not stands_above(connection, by):
        raise NotFound
    values = {"ended_at": now, "ended_by": by}
    changed = connection.execute(update(t.EMERGENCY_GRANT).where(_E.id == number, _runs(now)).values(values))
    if changed.rowcount != 1:
        raise EmergencyRefused("over")
    return _noted(connection, "emergency_ended", number, now, by, address)


def review(connection: Connection, number: int, by: int, word: str, now: Instant, address: str = "") -> Emergency:
    """Say what the review of what was done under it found. Raises NotFound, EmergencyRefused.

    Neither who had the role nor who confirmed it reviews it.
    """
    found = emergency(connection, number)
    if not stands_above(connection, by):
        raise NotFound
    if by in (found.person, found.confirmed_by):
        raise EmergencyRefused("own_review")
    if found.runs(now):
        raise EmergencyRefused("lasts")
    if not word.strip():
        raise EmergencyRefused("word")
    values = {"reviewed_at": now, "reviewed_by": by, "review": word.strip()}
    waiting = update(t.EMERGENCY_GRANT).where(_E.id == number, _E.reviewed_at.is_(None))
    if connection.execute(waiting.values(values)).rowcount != 1:
        raise EmergencyRefused("reviewed")
    return _noted(connection, "emergency_reviewed", number, now, by, address)


def _noted(
    connection: Connection,
    kind: str,
    number: int,
    now: Instant,
    by: int,
    address: str,
    told: audit.Detail | None = None,
) -> Emergency:
    """Tell the audit log how the row stands now."""
    row = connection.execute(select(t.EMERGENCY_GRANT).where(_E.id == number)).one()
    detail: audit.Detail = {"emergency": number, "row": audit.row_digest(dict(row._mapping)), **(told or {})}
    audit.note(connection, kind, now, by=by, about=row.person, detail=detail, address=address)
    return _emergency(row)
