"""Persons, the directory, and who is asking."""

from sqlalchemy import Connection, func, or_, select

from custody.access import REACHING, Grant, Role, Subject, clearance_rank, principals
from custody.register import Directory
from custody.rules import NotFound
from custody.scheme import Scheme
from custody.store import schema as t
from custody.store.emergency import running_grants
from custody.store.projection import load_directory, person_of
from custody.values import Instant, Person, Place, Unit


def subject_for(
    connection: Connection, person_id: int, scheme: Scheme, day: str, now: Instant | None = None
) -> Subject:
    """Who a person is to the books on an ISO day: roles, clearance, scope names, reach.

    With `now` also the roles taken in an emergency that lasts at that instant. An account that is disabled, or that
    there is none of, has no roles, and so sees nothing. Raises NotFound.
    """
    who = person(connection, person_id)
    units = _units(connection)
    account = connection.execute(select(t.ACCOUNT).where(t.ACCOUNT.c.person == person_id)).first()
    grants: tuple[Grant, ...] = ()
    if account is not None and not account.disabled:
        rows = connection.execute(select(t.GRANT).where(t.GRANT.c.person == person_id).order_by(t.GRANT.c.role))
        grants = tuple(Grant(Role(row.role), row.unit) for row in rows)
        if now is not None:
            grants += running_grants(connection, person_id, now)
    return Subject(
        person=who.id,
        name=who.name,
        grants=grants,
        clearance_rank=clearance_rank(who, scheme, day),
        principals=principals(who, units.units_above(who.unit)),
        reach=_reach(grants, units),
        language=account.language if account is not None else "zh",
        matters=own_matters(connection, person_id) if grants else frozenset(),
    )


def own_matters(connection: Connection, person_id: int) -> frozenset[int]:
    """Matters not over in which the person has a part."""
    part, m = t.PARTY.c, t.MATTER.c
    query = (
        select(part.matter)
        .join_from(t.PARTY, t.MATTER, m.id == part.matter)
        .where(part.person == person_id, m.ended_at.is_(None))
    )
    return frozenset(connection.execute(query).scalars())


def _reach(grants: tuple[Grant, ...], units: Directory) -> frozenset[int] | None:
    """Units that the roles answer for, sub-units included; None: the whole house."""
    reaching = [grant for grant in grants if grant.role in REACHING]
    if any(grant.unit is None for grant in reaching):
        return None
    return frozenset(unit for grant in reaching if grant.unit for unit in units.units_under(grant.unit))


def _units(connection: Connection) -> Directory:
    rows = connection.execute(select(t.UNIT)).all()
    return Directory(units={row.id: Unit(row.id, row.code, row.name, row.name_en, row.parent) for row in rows})


def person(connection: Connection, person_id: int) -> Person:
    """The person of this identifier. Raises NotFound."""
    query = select(t.PERSON).where(t.PERSON.c.id == person_id)
    row = connection.execute(query).first() if t.is_int64(person_id) else None
    if row is None:
        raise NotFound
    return person_of(row)


def person_by_number(connection: Connection, number: str) -> Person:
    """The person of this staff number. Raises NotFound."""
    row = connection.execute(select(t.PERSON).where(t.PERSON.c.number == t.storable(number).strip())).first()
    if row is None:
        raise NotFound
    return person_of(row)


def persons(connection: Connection, text: str = "", limit: int = 50) -> list[Person]:
    """Persons whose number, name (in either language) or its pinyin holds the text, by name."""
    h = t.PERSON.c
    query = select(t.PERSON).order_by(h.name_sort, h.number).limit(limit)
    wanted = t.storable(text).strip()
    if wanted:
        query = query.where(
            or_(
                h.number.startswith(wanted, autoescape=True),
                h.name.contains(wanted, autoescape=True),
                h.name_en.icontains(wanted, autoescape=True),
                func.replace(h.name_sort, " ", "").startswith("".join(wanted.lower().split()), autoescape=True),
            )
        )
    return [person_of(row) for row in connection.execute(query)]


def directory(connection: Connection) -> Directory:
    """Units, places and persons as they stand."""
    return load_directory(connection)


def place_by_code(connection: Connection, code: str) -> Place:
    """The place of this code. Raises NotFound."""
    row = connection.execute(select(t.PLACE.c.id).where(t.PLACE.c.code == t.storable(code).strip())).first()
    found = None if row is None else load_directory(connection).places.get(row.id)
    if found is None:
        raise NotFound
    return found
