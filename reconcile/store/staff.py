"""Who answers for what: persons by role, reach and clearance. Used to name owners and to tell people."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from custody.access import Role, clearance_rank
from custody.scheme import Scheme
from custody.store.schema import ACCOUNT, DELEGATION, GRANT, PARTY, PERSON, UNIT
from custody.values import Instant, Person
from reconcile.store.core import Connection


@dataclass(frozen=True, slots=True)
class Keeper:
    """A person in a role. `units`: those the role answers for, sub-units included; None: the whole house."""

    person: int
    role: Role
    units: frozenset[int] | None
    clearance: int


def keepers(connection: Connection, scheme: Scheme, day: str) -> tuple[Keeper, ...]:
    """Everybody with an account that is not disabled, by role; narrowest reach first, then by number of person."""
    children: dict[int | None, list[int]] = {}
    for unit in connection.execute(select(UNIT.c.id, UNIT.c.parent)):
        children.setdefault(unit.parent, []).append(unit.id)
    rows = connection.execute(
        select(
            GRANT.c.role,
            GRANT.c.unit.label("granted"),
            PERSON.c.id,
            PERSON.c.number,
            PERSON.c.name,
            PERSON.c.post_class,
            PERSON.c.cleared_from,
            PERSON.c.cleared_until,
            PERSON.c.left_on,
        )
        .select_from(
            GRANT.join(ACCOUNT, (ACCOUNT.c.person == GRANT.c.person) & (ACCOUNT.c.family == GRANT.c.family)).join(
                PERSON, PERSON.c.id == GRANT.c.person
            )
        )
        .where(~ACCOUNT.c.disabled)
    )
    found = []
    for row in rows:
        person = Person(
            row.id,
            row.number,
            row.name,
            post_class=row.post_class,
            cleared_from=row.cleared_from,
            cleared_until=row.cleared_until,
            left_on=row.left_on,
        )
        if person.left_on and person.left_on <= day:
            continue
        units = None if row.granted is None else _under(row.granted, children)
        found.append(Keeper(row.id, Role(row.role), units, clearance_rank(person, scheme, day)))
    return tuple(sorted(found, key=lambda k: (k.units is None, len(k.units or ()), k.person)))


def _under(unit: int, children: dict[int | None, list[int]]) -> frozenset[int]:
    found, waiting = {unit}, [unit]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return frozenset(found)


def answers(keeper: Keeper, unit: int | None, rank: int) -> bool:
    """Whether a finding about a carrier of this unit and rank is this person's; without a unit, everybody's."""
    if unit is None:
        return True
    return keeper.clearance >= rank and (keeper.units is None or unit in keeper.units)


def answerable(everybody: Collection[Keeper], roles: Sequence[Role], unit: int | None, rank: int) -> int | None:
    """The person who answers: the first role that somebody holds for it; within it the narrowest reach."""
    for role in roles:
        for keeper in everybody:
            if keeper.role is role and answers(keeper, unit, rank):
                return keeper.person
    return None


def told(everybody: Collection[Keeper], roles: Collection[Role], unit: int | None, rank: int) -> tuple[int, ...]:
    """Everybody in one of these roles who may know of it, once each."""
    return tuple(sorted({k.person for k in everybody if k.role in roles and answers(k, unit, rank)}))


def deputies(connection: Connection, permission: str, now: Instant) -> dict[int, tuple[int, ...]]:
    """Who may give this approval in whose stead now: person -> deputies."""
    d = DELEGATION.c
    found: dict[int, set[int]] = {}
    for row in connection.execute(select(DELEGATION).where(d.from_at <= now, d.until_at > now)):
        if permission in row.permissions.split():
            found.setdefault(row.giver, set()).add(row.deputy)
    return {giver: tuple(sorted(persons)) for giver, persons in found.items()}


def of_meeting(connection: Connection, matter: int) -> frozenset[int]:
    """Secretary and deputy of a meeting; nobody for a matter of another kind."""
    parts = ("secretary", "deputy")
    wanted = select(PARTY.c.person).where(PARTY.c.matter == matter, PARTY.c.part.in_(parts))
    return frozenset(connection.scalars(wanted))
