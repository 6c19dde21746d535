"""Units, places and persons as a workbook names them: by code, by number, or by a name that only one bears."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from itertools import count
from typing import Any, Generic, TypeVar

from api.workbook.model import Params, PersonRow, PlaceRow, RowError, UnitRow, Workbook
from custody.register import Directory
from custody.values import Person, Place, Unit

PROVISIONAL = 10**12
"""Identifiers of what is not yet entered begin here; they are exchanged for real ones when they are allocated."""

Thing = TypeVar("Thing", Unit, Place, Person)
Written = UnitRow | PlaceRow | PersonRow


class Unfound(LookupError):
    """No such thing by that name, or several."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(slots=True)
class Names(Generic[Thing]):
    """An index of one sort of thing."""

    by_code: dict[str, int] = field(default_factory=dict)
    by_name: dict[str, set[int]] = field(default_factory=dict)

    def add(self, identifier: int, code: str, *names: str) -> None:
        """Make a thing known."""
        self.by_code[code.casefold()] = identifier
        for name in filter(None, names):
            self.by_name.setdefault(name.casefold(), set()).add(identifier)

    def find(self, text: str) -> int:
        """The identifier. `1001 周敏` and `周敏（1001）` are understood too. Raises Unfound."""
        key = text.strip().casefold()
        if key in self.by_code:
            return self.by_code[key]
        if found := self.by_name.get(key):
            if len(found) > 1:
                raise Unfound("ambiguous")
            return next(iter(found))
        parts = [part for part in re.split(r"[\s()（）\[\]/]+", key) if part]
        codes = {self.by_code[part] for part in parts if part in self.by_code}
        rest = [part for part in parts if part not in self.by_code]
        if len(codes) == 1 and rest:
            identifier = next(iter(codes))
            if identifier in self.by_name.get(" ".join(rest), set()):
                return identifier
        raise Unfound("unknown")


@dataclass(slots=True)
class Problems:
    """Gathers what is wrong, in order."""

    workbook: Workbook
    found: list[RowError] = field(default_factory=list)

    def add(self, row: object, name: str, value: str, code: str, params: Params | None = None) -> None:
        """Note an error of a row's field; `row` is a record of the workbook."""
        sheet, number = str(getattr(row, "sheet", "")), int(getattr(row, "row", 0))
        written, letter = self.workbook.headings.get((sheet, name), ("", ""))
        cell = f"{letter}{number}" if letter and number else ""
        self.found.append(RowError(sheet, number, written, value, code, dict(params or {}), cell))


@dataclass(slots=True)
class Draft:
    """The directory as it would be, its names, and what of it is new, with the rows that say so."""

    directory: Directory
    problems: Problems
    timezone: str = "UTC"
    units: Names[Unit] = field(default_factory=Names)
    places: Names[Place] = field(default_factory=Names)
    persons: Names[Person] = field(default_factory=Names)
    new_units: list[tuple[Unit, UnitRow]] = field(default_factory=list)
    new_places: list[tuple[Place, PlaceRow]] = field(default_factory=list)
    new_persons: list[tuple[Person, PersonRow]] = field(default_factory=list)

    def unit(self, row: object, name: str, text: str) -> int | None:
        """The unit named in a field, None where the field is empty or names nothing; the latter is noted."""
        return self._find(self.units, "unit", row, name, text)

    def place(self, row: object, name: str, text: str) -> int | None:
        """The place named in a field; as `unit`."""
        return self._find(self.places, "place", row, name, text)

    def person(self, row: object, name: str, text: str) -> int | None:
        """The person named in a field; as `unit`."""
        return self._find(self.persons, "person", row, name, text)

    def _find(self, names: "Names[Thing]", sort: str, row: object, name: str, text: str) -> int | None:
        if not text:
            return None
        try:
            return names.find(text)
        except Unfound as why:
            self.problems.add(row, name, text, f"{sort}_{why.reason}")
            return None


def directory_with(workbook: Workbook, directory: Directory) -> Draft:
    """The directory with the workbook's units, persons and places added under provisional identifiers."""
    known = Directory(dict(directory.units), dict(directory.places), dict(directory.persons))
    draft = Draft(known, Problems(workbook))
    for unit in known.units.values():
        draft.units.add(unit.id, unit.code, unit.name, unit.name_en)
    for place in known.places.values():
        draft.places.add(place.id, place.code, place.name, place.name_en)
    for person in known.persons.values():
        draft.persons.add(person.id, person.number, person.name, person.name_en)
    fresh = count(PROVISIONAL)
    unit_rows = _named(workbook.units, "code", draft.units, fresh, draft.problems)
    person_rows = _named(workbook.persons, "number", draft.persons, fresh, draft.problems)
    place_rows = _named(workbook.places, "code", draft.places, fresh, draft.problems)
    _take_units(unit_rows, draft)
    _take_persons(person_rows, draft)
    _take_places(place_rows, draft)
    return draft


Row = TypeVar("Row", UnitRow, PlaceRow, PersonRow)


def _named(
    rows: Iterable[Row], key: str, names: Names[Thing], fresh: Iterator[int], problems: Problems
) -> list[tuple[int, Row]]:
    """Each row with its identifier, known or fresh; all names are known before any reference is looked up."""
    first: dict[str, Row] = {}
    found: list[tuple[int, Row]] = []
    for row in rows:
        code: str = getattr(row, key)
        other = first.setdefault(code.casefold(), row)
        if other is not row:
            problems.add(row, key, code, "code_repeated", {"first_sheet": other.sheet, "first": other.row})
            continue
        identifier = names.by_code.get(code.casefold())
        if identifier is None:
            identifier = next(fresh)
            names.add(identifier, code, row.name, row.name_en)
        found.append((identifier, row))
    return found


def _take_units(rows: list[tuple[int, UnitRow]], draft: Draft) -> None:
    made: dict[int, tuple[Unit, UnitRow]] = {}
    for identifier, row in rows:
        parent = draft.unit(row, "parent", row.parent)
        unit = Unit(identifier, row.code, row.name, row.name_en, parent)
        known = draft.directory.units.get(identifier)
        if known is not None:
            _compare(known, unit, row, draft.problems)
        else:
            made[identifier] = (unit, row)
    ordered = _ordered({key: [unit.parent] for key, (unit, _row) in made.items()})
    if ordered is None:
        _cyclic([row for _unit, row in made.values()], draft.problems)
    for key in ordered or made:
        draft.directory.units[key] = made[key][0]
        draft.new_units.append(made[key])


def _take_persons(rows: list[tuple[int, PersonRow]], draft: Draft) -> None:
    for identifier, row in rows:
        person = Person(
            id=identifier,
            number=row.number,
            name=row.name,
            name_en=row.name_en,
            unit=draft.unit(row, "unit", row.unit),
            post=row.post,
            post_class=row.post_class,
            cleared_from=row.cleared_from,
            cleared_until=row.cleared_until,
            left_on=row.left_on,
        )
        known = draft.directory.persons.get(identifier)
        if known is not None:
            _compare(known, person, row, draft.problems)
        else:
            draft.directory.persons[identifier] = person
            draft.new_persons.append((person, row))


def _take_places(rows: list[tuple[int, PlaceRow]], draft: Draft) -> None:
    made: dict[int, tuple[Place, PlaceRow]] = {}
    for identifier, row in rows:
        place = Place(
            id=identifier,
            code=row.code,
            name=row.name,
            kind=row.kind,
            parent=draft.place(row, "parent", row.parent),
            name_en=row.name_en,
            rating=row.rating,
            storage=row.storage,
            responsible=draft.person(row, "responsible", row.responsible),
            inside=draft.place(row, "inside", row.inside),
            outside=draft.place(row, "outside", row.outside),
        )
        if row.kind == "portal" and not (row.inside and row.outside):
            draft.problems.add(row, "outside" if row.inside else "inside", "", "portal_sides_missing")
        known = draft.directory.places.get(identifier)
        if known is not None:
            _compare(known, place, row, draft.problems)
        else:
            made[identifier] = (place, row)
    ordered = _ordered({key: [p.parent, p.inside, p.outside] for key, (p, _row) in made.items()})
    if ordered is None:
        _cyclic([row for _place, row in made.values()], draft.problems)
    for key in ordered or made:
        draft.directory.places[key] = made[key][0]
        draft.new_places.append(made[key])


def _compare(known: Unit | Place | Person, said: Unit | Place | Person, row: Written, problems: Problems) -> None:
    """A workbook takes in, it never amends: what the register says otherwise is an error, what it leaves out is not."""
    differing = []
    for name in type(known).__dataclass_fields__:
        if name == "id" or (row.sheet, name) not in problems.workbook.headings:
            continue
        new = getattr(said, name)
        if new not in ("", None) and new != getattr(known, name):
            differing.append(problems.workbook.headings[row.sheet, name][0])
    if differing:
        key = "number" if isinstance(row, PersonRow) else "code"
        params = {"fields": "、".join(differing)}
        problems.add(row, key, str(getattr(row, key)), "differs_from_register", params)


def _ordered(references: dict[int, list[int | None]]) -> list[int] | None:
    """Each after what it refers to; None where that goes round in a circle."""
    graph = {key: [named for named in wanted if named in references] for key, wanted in references.items()}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError:
        return None


def _cyclic(rows: list[UnitRow] | list[PlaceRow], problems: Problems) -> None:
    """Name the rows that are on a circle: each leads back to itself."""
    parents = {row.code.casefold(): row for row in rows}
    for row in rows:
        at, seen = row, set[str]()
        while at.parent.casefold() in parents and at.code not in seen:
            seen.add(at.code)
            at = parents[at.parent.casefold()]
        if at.code == row.code and seen:
            problems.add(row, "parent", row.parent, "parent_cyclic")


def exchanged(thing: Thing, names: dict[int, int]) -> Thing:
    """The same with provisional identifiers exchanged for real ones."""
    changes: dict[str, Any] = {
        name: names[value]
        for name in type(thing).__dataclass_fields__
        if isinstance(value := getattr(thing, name), int) and not isinstance(value, bool) and value in names
    }
    return replace(thing, **changes)
