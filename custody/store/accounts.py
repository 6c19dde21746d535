"""Accounts and grants: who may sign in, and as what. Hashing and checking passwords is not done here.

The three administrators hold one administrator's role each and no business role; the database holds that too.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.exc import IntegrityError

from custody.access import ADMINISTRATORS, Grant, Role
from custody.procedures.keeping.clearing import held_back
from custody.rules import NotFound, Refusal, Refused
from custody.store import schema as t
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


class AccountRefused(Exception):
    """The account or grant cannot be made; the message says why."""


def family_of(role: Role) -> str:
    """`administrator` for the three, else `business`."""
    return "administrator" if role in ADMINISTRATORS else "business"


def create(
    connection: Connection, person: int, family: str, password_hash: str, at: Instant, language: str = "zh"
) -> Account:
    """A new account of a person. Raises AccountRefused where there is one, NotFound for an unknown person."""
    if connection.execute(select(t.PERSON.c.id).where(t.PERSON.c.id == person)).first() is None:
        raise NotFound
    if family not in ("business", "administrator"):
        raise AccountRefused(f"{family!r} is no family of accounts; they are business and administrator")
    row = {
        "person": person,
        "family": family,
        "password_hash": password_hash,
        "disabled": False,
        "language": language,
        "created_at": at,
    }
    try:
        with connection.begin_nested():
            connection.execute(t.ACCOUNT.insert().values(row))
    except IntegrityError as error:
        raise AccountRefused(f"person {person} has an account already") from error
    return by_person(connection, person)


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


def set_password_hash(connection: Connection, person: int, password_hash: str) -> None:
    """Replace the password's hash. Raises NotFound."""
    _change(connection, person, password_hash=password_hash)


def against_closing(connection: Connection, person: int) -> list[Refusal]:
    """What stands against closing a person's account: carriers in hand, places in care (clause f.1)."""
    row = connection.execute(select(t.PERSON).where(t.PERSON.c.id == person)).first()
    if row is None:
        return []
    held = in_hand(connection, [person]).get(person, 0)
    return held_back(person_of(row), held, load_directory(connection))


def set_disabled(connection: Connection, person: int, disabled: bool) -> None:
    """Close an account, or open it again. Raises NotFound, Refused where the person holds or keeps carriers (f.1)."""
    by_person(connection, person)
    if disabled:
        _free_to_close(connection, person)
    _change(connection, person, disabled=disabled)


def _free_to_close(connection: Connection, person: int) -> None:
    against = against_closing(connection, person)
    if against:
        raise Refused(against)


def set_language(connection: Connection, person: int, language: str) -> None:
    """The language a person reads in: `zh` or `en`. Raises NotFound, ValueError."""
    if language not in ("zh", "en"):
        raise ValueError(f"{language!r} is no language of the product; they are zh and en")
    _change(connection, person, language=language)


def grants(connection: Connection, person: int) -> tuple[Grant, ...]:
    """The roles of a person, by name."""
    rows = connection.execute(select(t.GRANT).where(t.GRANT.c.person == person).order_by(t.GRANT.c.role))
    return tuple(Grant(Role(row.role), row.unit) for row in rows)


def grant(connection: Connection, person: int, role: Role, unit: int | None = None) -> None:
    """Give a role. Raises NotFound without an account, AccountRefused where the role cannot stand with the others."""
    account = by_person(connection, person)
    if role in ADMINISTRATORS and unit is not None:
        raise AccountRefused("an administrator's role is never limited to a unit")
    row = {"person": person, "role": role.value, "family": family_of(role), "unit": unit}
    try:
        with connection.begin_nested():
            connection.execute(t.GRANT.insert().values(row))
    except IntegrityError as error:
        held = ", ".join(g.role.value for g in grants(connection, person)) or "none"
        raise AccountRefused(
            f"{role.value} cannot be given to an account of the family {account.family} with the roles: {held}"
        ) from error


def revoke(connection: Connection, person: int, role: Role) -> None:
    """Take a role away. Raises NotFound where it is not held.

    With the last role an account is as good as closed: Refused while the person holds or keeps carriers (clause f.1).
    """
    if [one.role for one in grants(connection, person)] == [role]:
        _free_to_close(connection, person)
    done = connection.execute(delete(t.GRANT).where(t.GRANT.c.person == person, t.GRANT.c.role == role.value))
    if done.rowcount != 1:
        raise NotFound


def holders(connection: Connection, role: Role) -> list[tuple[int, int | None]]:
    """Who holds a role by an open account: person, and the unit it is limited to."""
    query = (
        select(t.GRANT.c.person, t.GRANT.c.unit)
        .join_from(t.GRANT, t.ACCOUNT, t.ACCOUNT.c.person == t.GRANT.c.person)
        .where(t.GRANT.c.role == role.value, t.ACCOUNT.c.disabled.is_(False))
        .order_by(t.GRANT.c.person)
    )
    return [(person, unit) for person, unit in connection.execute(query)]
