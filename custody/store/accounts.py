"""Accounts and grants: who may sign in, and as what. Hashing and checking passwords is not done here.

The three administrators hold one administrator's role each and no business role; the database holds that too.
Every change notes its event in the audit log, in the same transaction (see `custody.store.accounts_check`).
"""

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.exc import IntegrityError

from custody import clock
from custody.access import ADMINISTRATORS, Grant, Role
from custody.procedures.keeping.clearing import held_back
from custody.rules import NotFound, Refusal, Refused
from custody.store import audit
from custody.store import schema as t
from custody.store.emergency import running_grants
from custody.store.keeping import in_hand
from custody.store.projection import load_directory, person_of
from custody.values import Instant


@dataclass(frozen=True, slots=True)
class Account:
    """What lets a person sign in."""

    person: int
    number: str
    """The person's staff number, by which he signs in."""
    family: str
    """`business` or `administrator`."""
    password_hash: str
    disabled: bool
    language: str
    created_at: Instant
    must_change: bool = False
    """The password is a one-time secret, to be changed before anything else is done."""
    secret_until_at: Instant | None = None
    """Until when that secret holds."""


class AccountRefused(Exception):
    """The account or grant cannot be made; the message says why, `code` and `params` say it for the catalogue."""

    def __init__(self, message: str, code: str, **params: str | int) -> None:
        self.code = code
        self.params = params
        super().__init__(message)


def family_of(role: Role) -> str:
    """`administrator` for the three, else `business`."""
    return "administrator" if role in ADMINISTRATORS else "business"


def digest_of(secret: str) -> str:
    """What the audit log keeps of something secret: SHA-256, hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


_EVENTS_LOOKED_AT = 500
"""Of changes of credentials of one person; a second factor's are among them."""


def create(
    connection: Connection,
    person: int,
    family: str,
    password_hash: str,
    at: Instant,
    language: str = "zh",
    *,
    by: int = 0,
    must_change: bool = False,
    secret_until_at: Instant | None = None,
) -> Account:
    """A new account of a person, opened by `by` (0: the installation).

    Raises AccountRefused where there is one, NotFound for an unknown person.
    """
    if connection.execute(select(t.PERSON.c.id).where(t.PERSON.c.id == person)).first() is None:
        raise NotFound
    if family not in ("business", "administrator"):
        raise AccountRefused(
            f"{family!r} is no family of accounts; they are business and administrator", "no_family", family=family
        )
    row = {
        "person": person,
        "family": family,
        "password_hash": password_hash,
        "disabled": False,
        "language": language,
        "created_at": at,
        "must_change": must_change,
        "secret_until_at": secret_until_at,
    }
    try:
        with connection.begin_nested():
            connection.execute(t.ACCOUNT.insert().values(row))
    except IntegrityError as error:
        raise AccountRefused(f"person {person} has an account already", "has_account") from error
    audit.note(connection, "account_opened", at, by=by, about=person, detail={"family": family, "language": language})
    _note_password(connection, person, password_hash, must_change, secret_until_at, at, by)
    return by_person(connection, person)


def _note_password(
    connection: Connection,
    person: int,
    password_hash: str,
    must_change: bool,
    until: Instant | None,
    at: Instant,
    by: int,
) -> None:
    detail: audit.Detail = {
        "what": "password",
        "digest": digest_of(password_hash),
        "must_change": must_change,
        "until": until,
    }
    audit.note(connection, "credential_set", at, by=by, about=person, detail=detail)


def password_told(connection: Connection, account: Account) -> bool:
    """Whether the audit log tells last of just this password: one that was written into the table by hand is not told,
    and one that is told of stands in the log for good.
    """
    events = audit.events(connection, kinds=("credential_set",), about=account.person, limit=_EVENTS_LOOKED_AT)
    told = next((event.detail.get("digest") for event in events if event.detail.get("what") == "password"), None)
    return told == digest_of(account.password_hash)


_ACCOUNTS = select(t.ACCOUNT, t.PERSON.c.number).join_from(t.ACCOUNT, t.PERSON, t.PERSON.c.id == t.ACCOUNT.c.person)


def by_number(connection: Connection, number: str) -> Account:
    """The account of a staff number. Raises NotFound."""
    row = connection.execute(_ACCOUNTS.where(t.PERSON.c.number == t.storable(number).strip())).first()
    if row is None:
        raise NotFound
    return Account(**row._mapping)


def by_person(connection: Connection, person: int) -> Account:
    """The account of a person. Raises NotFound."""
    row = connection.execute(_ACCOUNTS.where(t.ACCOUNT.c.person == person)).first()
    if row is None:
        raise NotFound
    return Account(**row._mapping)


def all_accounts(connection: Connection) -> list[Account]:
    """Every account, by staff number."""
    return [Account(**row._mapping) for row in connection.execute(_ACCOUNTS.order_by(t.PERSON.c.number))]


def _change(connection: Connection, person: int, **values: object) -> None:
    changed = connection.execute(update(t.ACCOUNT).where(t.ACCOUNT.c.person == person).values(values))
    if changed.rowcount != 1:
        raise NotFound


def set_password_hash(
    connection: Connection,
    person: int,
    password_hash: str,
    *,
    at: Instant | None = None,
    by: int = 0,
    must_change: bool = False,
    secret_until_at: Instant | None = None,
) -> None:
    """Replace the password's hash: one chosen by its owner, or (`must_change`) a one-time secret's. Raises NotFound."""
    _change(connection, person, password_hash=password_hash, must_change=must_change, secret_until_at=secret_until_at)
    _note_password(connection, person, password_hash, must_change, secret_until_at, _at(at), by)


def _at(at: Instant | None) -> Instant:
    return clock.now() if at is None else at


def against_closing(connection: Connection, person: int) -> list[Refusal]:
    """What stands against closing a person's account: carriers in hand, places in care (clause f.1)."""
    row = connection.execute(select(t.PERSON).where(t.PERSON.c.id == person)).first()
    if row is None:
        return []
    held = in_hand(connection, [person]).get(person, 0)
    return held_back(person_of(row), held, load_directory(connection))


def set_disabled(
    connection: Connection, person: int, disabled: bool, *, at: Instant | None = None, by: int = 0
) -> None:
    """Close an account, or open it again.

    Raises NotFound, Refused where the person holds or keeps carriers (f.1), AccountRefused where it is the last open
    account of an administrator's role.
    """
    if by_person(connection, person).disabled == disabled:
        return
    if disabled:
        _free_to_close(connection, person)
        for held in grants(connection, person):
            _not_the_last(connection, person, held.role)
    _change(connection, person, disabled=disabled)
    audit.note(connection, "account_closed" if disabled else "account_reopened", _at(at), by=by, about=person)


def _not_the_last(connection: Connection, person: int, role: Role) -> None:
    """Whether somebody else holds this administrator's role by an open account. Raises AccountRefused.

    The rows are locked, so that two such acts at once do not each rely on the other's holder.
    """
    if role not in ADMINISTRATORS:
        return
    open_holders = (
        select(t.GRANT.c.person)
        .join_from(t.GRANT, t.ACCOUNT, t.ACCOUNT.c.person == t.GRANT.c.person)
        .where(t.GRANT.c.role == role.value, t.ACCOUNT.c.disabled.is_(False))
        .with_for_update()
    )
    if set(connection.scalars(open_holders)) <= {person}:
        raise AccountRefused(
            f"person {person} is the last {role.value}; give the role to somebody else first",
            "last_administrator",
            role=role.value,
        )


def _free_to_close(connection: Connection, person: int) -> None:
    against = against_closing(connection, person)
    if against:
        raise Refused(against)


def set_language(connection: Connection, person: int, language: str, *, at: Instant | None = None, by: int = 0) -> None:
    """The language a person reads in: `zh` or `en`. Raises NotFound, ValueError."""
    if language not in ("zh", "en"):
        raise ValueError(f"{language!r} is no language of the product; they are zh and en")
    _change(connection, person, language=language)
    audit.note(connection, "language_set", _at(at), by=by, about=person, detail={"language": language})


def grants(connection: Connection, person: int, now: Instant | None = None) -> tuple[Grant, ...]:
    """The roles of a person, by name; with `now` also those taken in an emergency that lasts."""
    rows = connection.execute(select(t.GRANT).where(t.GRANT.c.person == person).order_by(t.GRANT.c.role))
    held = tuple(Grant(Role(row.role), row.unit) for row in rows)
    return held if now is None else held + running_grants(connection, person, now)


def grant(
    connection: Connection,
    person: int,
    role: Role,
    unit: int | None = None,
    *,
    at: Instant | None = None,
    by: int = 0,
) -> None:
    """Give a role. Raises NotFound without an account, AccountRefused where the role cannot stand with the others."""
    account = by_person(connection, person)
    if role in ADMINISTRATORS and unit is not None:
        raise AccountRefused("an administrator's role is never limited to a unit", "never_limited", role=role.value)
    row = {"person": person, "role": role.value, "family": family_of(role), "unit": unit}
    try:
        with connection.begin_nested():
            connection.execute(t.GRANT.insert().values(row))
    except IntegrityError as error:
        held = ", ".join(g.role.value for g in grants(connection, person)) or "none"
        raise AccountRefused(
            f"{role.value} cannot be given to an account of the family {account.family} with the roles: {held}",
            "cannot_stand",
            role=role.value,
        ) from error
    audit.note(connection, "role_granted", _at(at), by=by, about=person, detail={"role": role.value, "unit": unit})


def revoke(connection: Connection, person: int, role: Role, *, at: Instant | None = None, by: int = 0) -> None:
    """Take a role away. Raises NotFound where it is not held, AccountRefused for the last of an administrator's role.

    With the last role an account is as good as closed: Refused while the person holds or keeps carriers (clause f.1).
    """
    held = [one.role for one in grants(connection, person)]
    if held == [role]:
        _free_to_close(connection, person)
    if role in held:
        _not_the_last(connection, person, role)
    done = connection.execute(delete(t.GRANT).where(t.GRANT.c.person == person, t.GRANT.c.role == role.value))
    if done.rowcount != 1:
        raise NotFound
    audit.note(connection, "role_revoked", _at(at), by=by, about=person, detail={"role": role.value})


def holders(connection: Connection, role: Role) -> list[tuple[int, int | None]]:
    """Who holds a role for good by an open account: person, and the unit it is limited to.

    Whoever took it in an emergency is not among them: nothing is addressed to somebody who has it for some hours.
    """
    query = (
        select(t.GRANT.c.person, t.GRANT.c.unit)
        .join_from(t.GRANT, t.ACCOUNT, t.ACCOUNT.c.person == t.GRANT.c.person)
        .where(t.GRANT.c.role == role.value, t.ACCOUNT.c.disabled.is_(False))
        .order_by(t.GRANT.c.person)
    )
    return [(person, unit) for person, unit in connection.execute(query)]
