"""Requests for accounts: asked by a system administrator, decided by a security administrator, who is somebody else.

Nobody asks or decides about himself. What is granted is done in the transaction of the decision. The one-time secret of
a new account or a reset comes in two halves, one for each of the two persons; how they are made is the caller's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from custody.access import ADMINISTRATORS, PERMISSIONS, Permission, Role
from custody.clock import day
from custody.rules import NotFound, Refused
from custody.scheme import Scheme
from custody.store import accounts, audit, credentials
from custody.store import schema as t
from custody.store.accounts import Account, AccountRefused
from custody.values import DAY, Instant

HOUR = DAY // 24
KINDS = ("open", "grant", "revoke", "close", "reopen", "reset")
WITH_ROLES = frozenset({"open", "grant", "revoke"})
CREDENTIALS = ("password", "second_factor")
WAITING, GRANTED, DECLINED, WITHDRAWN, EXPIRED = "asked", "granted", "declined", "withdrawn", "expired"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it is kept."""

    id: int
    kind: str
    person: int
    roles: tuple[Role, ...]
    unit: int | None
    credentials: tuple[str, ...]
    reason: str
    asked_by: int
    asked_at: Instant
    status: str
    decided_by: int | None
    decided_at: Instant | None
    answer: str
    half_digest: str
    collected_at: Instant | None

    @property
    def with_secret(self) -> bool:
        """Whether granting it makes a one-time secret."""
        return self.kind in ("open", "reopen") or "password" in self.credentials


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for. `roles` of open, grant and revoke; `credentials` of a reset."""

    kind: str
    person: int
    reason: str
    roles: tuple[Role, ...] = ()
    unit: int | None = None
    credentials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Secret:
    """What a granted request keeps of the one-time secret: the account's hash, and the digest of the second half."""

    password_hash: str
    half_digest: str


_Q = t.ACCOUNT_REQUEST.c


def _request(row: Row[tuple[object, ...]]) -> Request:
    kept = dict(row._mapping)
    roles = tuple(Role(one) for one in kept["roles"].split())
    return Request(**kept | {"roles": roles, "credentials": tuple(kept["credentials"].split())})


def request(connection: Connection, number: int) -> Request:
    """The request of this number. Raises NotFound."""
    query = select(t.ACCOUNT_REQUEST).where(_Q.id == number)
    row = connection.execute(query).first() if t.is_int64(number) else None
    if row is None:
        raise NotFound
    return _request(row)


def requests(
    connection: Connection,
    *,
    waiting: bool | None = None,
    person: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Request]:
    """Requests, the newest first; waiting ones, decided ones, or all; about a person; below the number `before`."""
    query = select(t.ACCOUNT_REQUEST).order_by(_Q.id.desc()).limit(limit)
    if waiting is not None:
        query = query.where((_Q.status == WAITING) if waiting else (_Q.status != WAITING))
    if person is not None:
        query = query.where(_Q.person == person)
    if before is not None:
        query = query.where(_Q.id < before)
    return [_request(row) for row in connection.execute(query)]


def waiting_for(connection: Connection, scheme: Scheme, person: int, decides: bool, now: Instant) -> int:
    """How many requests wait for this person: to be decided, or for the asker to make the other half."""
    lives = _Q.asked_at > now - scheme.number("account_request_days") * DAY
    if decides:
        wanted = and_(_Q.status == WAITING, lives, _Q.asked_by != person, _Q.person != person)
    else:
        wanted = and_(_uncollected(scheme, now), _Q.asked_by == person)
    return connection.scalar(select(func.count()).select_from(t.ACCOUNT_REQUEST).where(wanted)) or 0


def uncollected(connection: Connection, scheme: Scheme, person: int, now: Instant) -> list[Request]:
    """Granted requests of this asker whose other half he may still have made, the oldest first."""
    query = select(t.ACCOUNT_REQUEST).where(_uncollected(scheme, now), _Q.asked_by == person).order_by(_Q.id)
    return [_request(row) for row in connection.execute(query)]


def _uncollected(scheme: Scheme, now: Instant) -> ColumnElement[bool]:
    since = now - scheme.number("one_time_secret_hours") * HOUR
    return and_(_Q.status == GRANTED, _Q.half_digest != "", _Q.collected_at.is_(None), _Q.decided_at > since)


def overdue(found: Request, scheme: Scheme, now: Instant) -> bool:
    """Whether nobody decided it in time."""
    return found.status == WAITING and now - found.asked_at >= scheme.number("account_request_days") * DAY


def _may(connection: Connection, person: int, permission: Permission) -> None:
    """The role itself is looked up here, whatever the face asked. Raises NotFound."""
    account = accounts.by_person(connection, person)
    held = accounts.grants(connection, person)
    if account.disabled or not any(permission in PERMISSIONS[one.role] for one in held):
        raise NotFound


def ask(connection: Connection, scheme: Scheme, asked: Asked, by: int, now: Instant, address: str = "") -> Request:
    """Ask for it. Raises AccountRefused with what stands against it, Refused (clause f.1), NotFound."""
    _may(connection, by, Permission.MANAGE_ACCOUNTS)
    if asked.person == by:
        raise AccountRefused("nobody asks for himself", "about_oneself")
    if asked.kind not in KINDS:
        raise AccountRefused(f"{asked.kind!r} is no kind of request", "no_kind", kind=asked.kind)
    if not asked.reason.strip():
        raise AccountRefused("a request has a reason", "reason")
    _still_here(connection, scheme, asked.kind, asked.person, now)
    _possible(connection, asked)
    expire(connection, scheme, now)
    told: audit.Detail = {
        "request_kind": asked.kind,
        "roles": " ".join(sorted(asked.roles)),
        "unit": asked.unit,
        "credentials": " ".join(one for one in CREDENTIALS if one in asked.credentials),
    }
    row = {
        "kind": asked.kind,
        "person": asked.person,
        "roles": told["roles"],
        "unit": asked.unit,
        "credentials": told["credentials"],
        "reason": asked.reason.strip(),
        "asked_by": by,
        "asked_at": now,
        "status": WAITING,
        "answer": "",
        "half_digest": "",
    }
    try:
        with connection.begin_nested():
            made = connection.execute(t.ACCOUNT_REQUEST.insert().values(row).returning(_Q.id)).scalar_one()
    except IntegrityError as error:
        raise AccountRefused("the same is asked already and waits", "waits_already") from error
    return _noted(connection, "request_asked", made, now, by, address, told)


def _still_here(connection: Connection, scheme: Scheme, kind: str, person: int, now: Instant) -> None:
    """Nobody who has left is given an account or a role."""
    left_on = connection.execute(select(t.PERSON.c.left_on).where(t.PERSON.c.id == person)).scalar()
    if kind in ("open", "reopen", "grant") and left_on and left_on <= day(now, scheme.timezone):
        raise AccountRefused("this person has left", "has_left")


def _possible(connection: Connection, asked: Asked) -> None:
    """What can be known beforehand: the same stops as when it is done. Raises AccountRefused, Refused, NotFound."""
    if asked.kind in WITH_ROLES and not asked.roles:
        raise AccountRefused("name a role", "no_role")
    _unit_possible(connection, asked)
    if asked.kind == "open":
        _open_possible(connection, asked)
    else:
        account = accounts.by_person(connection, asked.person)
        _POSSIBLE[asked.kind](connection, asked, account)


def _open_possible(connection: Connection, asked: Asked) -> None:
    if connection.execute(select(t.PERSON.c.id).where(t.PERSON.c.id == asked.person)).first() is None:
        raise NotFound
    if connection.execute(select(t.ACCOUNT.c.person).where(t.ACCOUNT.c.person == asked.person)).first() is not None:
        raise AccountRefused("there is an account already", "has_account")
    administers = sorted(ADMINISTRATORS & set(asked.roles))
    if administers and len(asked.roles) > 1:
        raise AccountRefused("an administrator holds one role", "cannot_stand", role=administers[0].value)


def _grant_possible(connection: Connection, asked: Asked, account: Account) -> None:
    held = {one.role for one in accounts.grants(connection, asked.person)}
    for role in asked.roles:
        if accounts.family_of(role) != account.family or role in held or (held and account.family == "administrator"):
            raise AccountRefused(f"{role} cannot stand", "cannot_stand", role=role.value)


def _revoke_possible(connection: Connection, asked: Asked, _account: Account) -> None:
    held = {one.role for one in accounts.grants(connection, asked.person)}
    for role in asked.roles:
        if role not in held:
            raise AccountRefused(f"{role} is not held", "not_held", role=role.value)
    if held <= set(asked.roles):
        _free(connection, asked.person)


def _close_possible(connection: Connection, asked: Asked, account: Account) -> None:
    if account.disabled:
        raise AccountRefused("it is closed", "close_already")
    _free(connection, asked.person)


def _free(connection: Connection, person: int) -> None:
    against = accounts.against_closing(connection, person)
    if against:
        raise Refused(against)


def _reopen_possible(_connection: Connection, _asked: Asked, account: Account) -> None:
    if not account.disabled:
        raise AccountRefused("it is open", "reopen_already")


def _reset_possible(_connection: Connection, asked: Asked, account: Account) -> None:
    if not asked.credentials or not set(asked.credentials) <= set(CREDENTIALS):
        raise AccountRefused("say what is reset", "no_credentials")
    if account.disabled:
        raise AccountRefused("a closed account is opened again first", "close_already")


_POSSIBLE: Mapping[str, Callable[[Connection, Asked, Account], None]] = {
    "grant": _grant_possible,
    "revoke": _revoke_possible,
    "close": _close_possible,
    "reopen": _reopen_possible,
    "reset": _reset_possible,
}


def _unit_possible(connection: Connection, asked: Asked) -> None:
    if asked.unit is None:
        return
    if ADMINISTRATORS & set(asked.roles):
        raise AccountRefused("an administrator's role is never limited to a unit", "never_limited")
    if connection.execute(select(t.UNIT.c.id).where(t.UNIT.c.id == asked.unit)).first() is None:
        raise AccountRefused("there is no such unit", "no_unit")


def expire(connection: Connection, scheme: Scheme, now: Instant) -> None:
    """Mark what nobody decided in time."""
    late = _Q.asked_at <= now - scheme.number("account_request_days") * DAY
    query = select(_Q.id).where(_Q.status == WAITING, late).order_by(_Q.id)
    for number in list(connection.scalars(query)):
        if _settle(connection, number, status=EXPIRED, decided_at=now):
            _noted(connection, "request_expired", number, now, 0, "")


def _settle(connection: Connection, number: int, **values: object) -> bool:
    """Change a waiting request, whoever else tries the same at once."""
    waiting = update(t.ACCOUNT_REQUEST).where(_Q.id == number, _Q.status == WAITING)
    return connection.execute(waiting.values(values)).rowcount == 1


def withdraw(connection: Connection, number: int, by: int, now: Instant, address: str = "") -> Request:
    """The asker takes a waiting request back. Raises NotFound, AccountRefused."""
    if request(connection, number).asked_by != by:
        raise NotFound
    if not _settle(connection, number, status=WITHDRAWN, decided_at=now):
        raise AccountRefused("it is decided already", "decided_already")
    return _noted(connection, "request_withdrawn", number, now, by, address)


def decline(
    connection: Connection, scheme: Scheme, number: int, by: int, answer: str, now: Instant, address: str = ""
) -> Request:
    """Decide against it, with a reason. Raises NotFound, AccountRefused."""
    _decidable(connection, scheme, number, by, now)
    if not answer.strip():
        raise AccountRefused("say why", "answer")
    if not _settle(connection, number, status=DECLINED, decided_by=by, decided_at=now, answer=answer.strip()):
        raise AccountRefused("it is decided already", "decided_already")
    return _noted(connection, "request_declined", number, now, by, address)


def _decidable(connection: Connection, scheme: Scheme, number: int, by: int, now: Instant) -> Request:
    _may(connection, by, Permission.APPROVE_ACCOUNTS)
    found = request(connection, number)
    if by in (found.asked_by, found.person):
        raise AccountRefused("nobody decides about himself", "about_oneself")
    if found.status != WAITING:
        raise AccountRefused("it is decided already", "decided_already")
    if overdue(found, scheme, now):
        raise AccountRefused("it waited too long", "expired", days=scheme.number("account_request_days"))
    return found


def grant(
    connection: Connection,
    scheme: Scheme,
    number: int,
    by: int,
    now: Instant,
    secret: Secret | None = None,
    answer: str = "",
    address: str = "",
) -> Request:
    """Decide for it and do it. `secret` where it makes one.

    Raises NotFound, AccountRefused, Refused (clause f.1); ValueError where a secret is lacking.
    """
    found = _decidable(connection, scheme, number, by, now)
    _still_here(connection, scheme, found.kind, found.person, now)
    if found.with_secret and secret is None:
        raise ValueError(f"request {number} makes a one-time secret")
    values = {"status": GRANTED, "decided_by": by, "decided_at": now, "answer": answer.strip()}
    if found.with_secret and secret is not None:
        values["half_digest"] = secret.half_digest
    if not _settle(connection, number, **values):
        raise AccountRefused("it is decided already", "decided_already")
    _do(connection, scheme, found, by, now, secret)
    return _noted(connection, "request_granted", number, now, by, address)


def _do(connection: Connection, scheme: Scheme, found: Request, by: int, now: Instant, secret: Secret | None) -> None:
    person = found.person
    until = now + scheme.number("one_time_secret_hours") * HOUR
    if found.kind == "open":
        assert secret is not None
        family = accounts.family_of(found.roles[0])
        accounts.create(
            connection, person, family, secret.password_hash, now, by=by, must_change=True, secret_until_at=until
        )
    if found.kind in ("open", "grant"):
        for role in found.roles:
            accounts.grant(connection, person, role, found.unit, at=now, by=by)
    if found.kind == "revoke":
        for role in found.roles:
            accounts.revoke(connection, person, role, at=now, by=by)
    if found.kind in ("close", "reopen"):
        accounts.set_disabled(connection, person, found.kind == "close", at=now, by=by)
    if found.kind == "reset":
        audit.note(connection, "reset_started", now, by=by, about=person, detail={"what": " ".join(found.credentials)})
    if found.kind in ("reset", "reopen") and found.with_secret:
        assert secret is not None
        accounts.set_password_hash(
            connection, person, secret.password_hash, at=now, by=by, must_change=True, secret_until_at=until
        )
    if "second_factor" in found.credentials:
        credentials.remove_all(connection, person, now, by=by)


def collect(
    connection: Connection, scheme: Scheme, number: int, by: int, password_hash: str, now: Instant, address: str = ""
) -> Request:
    """The asker has the other half made, once. Raises NotFound, AccountRefused."""
    found = request(connection, number)
    if found.asked_by != by or found.status != GRANTED or not found.half_digest or found.decided_at is None:
        raise NotFound
    _may(connection, by, Permission.MANAGE_ACCOUNTS)
    until = found.decided_at + scheme.number("one_time_secret_hours") * HOUR
    if now >= until:
        raise AccountRefused("its time is over", "secret_over", hours=scheme.number("one_time_secret_hours"))
    if not _still_that_secret(connection, found):
        raise AccountRefused("another secret took its place", "secret_replaced")
    waiting = update(t.ACCOUNT_REQUEST).where(_Q.id == number, _Q.collected_at.is_(None))
    if connection.execute(waiting.values(collected_at=now)).rowcount != 1:
        raise AccountRefused("it was collected already", "collected_already")
    accounts.set_password_hash(
        connection, found.person, password_hash, at=now, by=by, must_change=True, secret_until_at=until
    )
    return _noted(connection, "request_collected", number, now, by, address)


def _still_that_secret(connection: Connection, found: Request) -> bool:
    """Whether the account still waits for this request's secret: a later reset has put another in its place."""
    later = select(_Q.id).where(
        _Q.person == found.person,
        _Q.id != found.id,
        _Q.status == GRANTED,
        _Q.half_digest != "",
        or_(_Q.decided_at > found.decided_at, and_(_Q.decided_at == found.decided_at, _Q.id > found.id)),
    )
    return accounts.by_person(connection, found.person).must_change and connection.execute(later).first() is None


def _noted(
    connection: Connection,
    kind: str,
    number: int,
    now: Instant,
    by: int,
    address: str,
    told: audit.Detail | None = None,
) -> Request:
    """Tell the audit log how the row stands now."""
    row = connection.execute(select(t.ACCOUNT_REQUEST).where(_Q.id == number)).one()
    detail: audit.Detail = {"request": number, "row": audit.row_digest(dict(row._mapping)), **(told or {})}
    audit.note(connection, kind, now, by=by, about=row.person, detail=detail, address=address)
    return _request(row)
