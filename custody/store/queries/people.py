"""Persons, the directory, and who is asking."""

import unicodedata

from sqlalchemy import ColumnElement, Connection, func, or_, select

from custody.access import REACHING, Grant, Role, Subject, clearance_rank, principals
from custody.register import Directory
from custody.rules import NotFound
from custody.scheme import Scheme
from custody.store import schema as t
from custody.store.emergency import running_grants
from custody.store.projection import load_directory, person_of
from custody.store.queries.paging import Page, pack, rows_after_one, total
from custody.values import Instant, Person, Place, Unit

INITIALS_MAX = 6


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
    """Persons whose number, name (in either language) or its pinyin holds the text, by name.

    Of the pinyin also the first letters of its syllables, in their order: `zm` means 周敏.
    """
    h = t.PERSON.c
    query = select(t.PERSON).where(*_named(text)).order_by(h.name_sort, h.number).limit(limit)
    return [person_of(row) for row in connection.execute(query)]


def persons_page(
    connection: Connection, text: str = "", after: str | None = None, before: str | None = None, limit: int = 50
) -> Page[Person]:
    """The same a page at a time, Chinese names by their pinyin. A page's key is a number: no name stands in an address.

    Raises KeyInvalid.
    """
    h = t.PERSON.c
    query = select(t.PERSON).where(*_named(text))
    keys = (h.name_sort, h.number)
    rows, earlier, later = rows_after_one(
        connection, query, select(t.PERSON), h.id, keys, (str, str), after, before, limit
    )
    count, capped = total(connection, select(h.id).where(*_named(text)))
    return Page(
        tuple(person_of(row) for row in rows),
        pack([rows[-1].id]) if rows and later else None,
        pack([rows[0].id]) if rows and earlier else None,
        count,
        capped,
    )


def _named(text: str) -> list[ColumnElement[bool]]:
    h = t.PERSON.c
    wanted = unicodedata.normalize("NFKC", t.storable(text)).strip()
    if not wanted:
        return []
    ways = [
        h.number.istartswith(wanted, autoescape=True),
        h.name.contains(wanted, autoescape=True),
        h.name_en.icontains(wanted, autoescape=True),
        func.replace(h.name_sort, " ", "").startswith("".join(wanted.lower().split()), autoescape=True),
    ]
    if wanted.isascii() and wanted.isalpha() and 2 <= len(wanted) <= INITIALS_MAX:
        ways.append(h.name_sort.like(" ".join(f"{letter}%" for letter in wanted.lower())))
    return [or_(*ways)]


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
