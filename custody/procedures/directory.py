"""The directory: units, places, persons. Good order only: whole statements that do not contradict the others."""

from collections.abc import Collection

from custody.classification import is_day
from custody.entries import Fact, PersonRecorded, PlaceRecorded, UnitRecorded
from custody.register import CarrierState
from custody.rules import Params, Rule, Situation

DirectoryFact = UnitRecorded | PlaceRecorded | PersonRecorded


def _named(fact: DirectoryFact) -> tuple[str, int, str, str]:
    """Kind, identifier, code and name of the row that the fact states."""
    match fact:
        case UnitRecorded(unit=unit):
            return "unit", unit.id, unit.code, unit.name
        case PlaceRecorded(place=place):
            return "place", place.id, place.code, place.name
        case PersonRecorded(person=person):
            return "person", person.id, person.number, person.name


def _nameless(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, DirectoryFact)
    kind, identifier, code, name = _named(fact)
    return None if identifier >= 1 and code.strip() and name.strip() else {"kind": kind, "code": code}


def _code_taken(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, DirectoryFact)
    kind, identifier, code, _name = _named(fact)
    holder = situation.codes_taken.get((kind, code))
    return None if holder is None or holder == identifier else {"kind": kind, "code": code}


def _reference_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    directory = situation.directory
    wanted: list[tuple[str, int | None, Collection[int]]] = []
    match fact:
        case UnitRecorded(unit=unit):
            wanted = [("unit", unit.parent, directory.units)]
        case PlaceRecorded(place=place):
            wanted = [("place", named, directory.places) for named in (place.parent, place.inside, place.outside)]
            wanted.append(("person", place.responsible, directory.persons))
        case PersonRecorded(person=person):
            wanted = [("unit", person.unit, directory.units)]
    for kind, named, known in wanted:
        if named is not None and named not in known:
            return {"kind": kind, "id": named}
    return None


def _within_itself(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    directory = situation.directory
    match fact:
        case UnitRecorded(unit=unit):
            around: frozenset[int] = directory.units_above(unit.parent)
            identifier, code = unit.id, unit.code
        case PlaceRecorded(place=place):
            around = frozenset(p.id for p in directory.path(place.parent))
            identifier, code = place.id, place.code
        case _:
            return None
    return {"code": code} if identifier in around else None


def _rating_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, PlaceRecorded)
    rating = fact.place.rating
    known = {level.code for level in situation.scheme.levels}
    return None if rating is None or rating in known else {"level": rating}


def _date_invalid(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, PersonRecorded)
    person = fact.person
    for value in (person.cleared_from, person.cleared_until, person.left_on):
        if value and not is_day(value):
            return {"value": value}
    return None


_ALL = (UnitRecorded, PlaceRecorded, PersonRecorded)
RULES = (
    Rule("", "directory_nameless", _ALL, _nameless),
    Rule("", "code_taken", _ALL, _code_taken),
    Rule("", "reference_unknown", _ALL, _reference_unknown),
    Rule("", "within_itself", _ALL, _within_itself),
    Rule("", "rating_unknown", (PlaceRecorded,), _rating_unknown),
    Rule("", "date_invalid", (PersonRecorded,), _date_invalid),
)
