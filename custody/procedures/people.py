"""What is asked of a person in several letters: known, not left, cleared, within the scope."""

from custody.access import clearance_rank, principals
from custody.register import CarrierState
from custody.rules import Params, Situation, named
from custody.values import Person


def unknown(person: int, situation: Situation) -> Params | None:
    """Where nobody of this identifier is in the directory."""
    return None if person in situation.directory.persons else {"kind": "person", "id": person}


def left(person: int, situation: Situation) -> Params | None:
    """Where the person has left (and so may know nothing)."""
    known = situation.directory.persons.get(person)
    if known is None or not known.left_on or known.left_on > situation.day:
        return None
    return {**named(known), "day": known.left_on}


def leaves_before(person: int, due_day: str, situation: Situation) -> Params | None:
    """Where the person will have left by that ISO day: what was to come back then would not (clause f.1)."""
    known = situation.directory.persons.get(person)
    if known is None or not known.left_on or not situation.day < known.left_on <= due_day:
        return None
    return {**named(known), "day": known.left_on}


def rank_of(person: Person, situation: Situation) -> int:
    """Highest rank the person may know today; internal at least, before leaving."""
    return max(0, clearance_rank(person, situation.scheme, situation.day))


def not_cleared(person: int, level: str, situation: Situation) -> Params | None:
    """Where the level is beyond the person's clearance (clauses b.3, c.1)."""
    known = situation.directory.persons.get(person)
    if known is None or situation.scheme.rank(level) <= rank_of(known, situation):
        return None
    return {**named(known), "level": level}


def outside_scope(person: int, carrier: CarrierState, situation: Situation) -> Params | None:
    """Where the scope does not name the person; internal carriers have none that binds (clauses b.3, c.1)."""
    known = situation.directory.persons.get(person)
    if known is None or situation.scheme.rank(carrier.description.level) == 0:
        return None
    names = principals(known, situation.directory.units_above(known.unit))
    return None if not names.isdisjoint(carrier.description.scope.principals) else named(known)
