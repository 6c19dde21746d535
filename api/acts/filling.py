"""Filled in: a posted form and a JSON body become the same values, and everything that is wrong is told at once.

Both are first brought to raw values, as JSON would give them (a form by `api.acts.answers`). Then one table of
readers, by kind of field, makes the values of `api.acts.model`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo

from api.acts.answers import Raw, whole
from api.acts.codes import resolve, split_codes
from api.acts.model import Act, Field, Ground, Values
from api.acts.model import Unfit as ActUnfit
from api.acts.wording import label
from api.store import Connection
from custody import clock
from custody.classification import is_day
from custody.matters import Line
from custody.store import queries
from custody.values import Period, PeriodKind, Person

PEOPLE_MAX = 12
_HASH = re.compile(r"[0-9a-f]{64}")
ROWS_MAX = 200
NUMBER_MAX = 1_000_000_000
PERIODS: tuple[PeriodKind, ...] = ("maximum", "years", "months", "date", "condition", "long_term", "none")
POSTS = ("core", "important", "general")


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a field; `message` is already in the visitor's language."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Filling:
    """What was filled in. `raw` is what is shown again, `values` what could be read; `wrong` says what could not.

    `people`: for a text that may mean several persons, who they are.
    """

    raw: Mapping[str, Raw]
    values: Values
    wrong: tuple[Wrong, ...] = ()
    people: Mapping[str, tuple[Person, ...]] = field(default_factory=dict)


class _Misread(Exception):
    """This value cannot be read; the key of the catalogue says why."""

    def __init__(self, key: str, **params: str | int) -> None:
        self.key, self.params = key, params
        super().__init__(key)


@dataclass(slots=True)
class _Reading:
    """Everything that a reader may ask."""

    ground: Ground
    connection: Connection
    people: dict[str, tuple[Person, ...]] = field(default_factory=dict)
    name: str = ""
    """Of the field being read, for what is found about it."""


def first_values(act: Act, ground: Ground) -> dict[str, Raw]:
    """The raw values of an empty form: the defaults."""
    found: dict[str, Raw] = {}
    for one in act.fields:
        default = one.default(ground) if callable(one.default) else one.default
        found[one.name] = _spread(one, default)
    return found


def _spread(one: Field, default: str) -> Raw:
    match one.kind:
        case "check":
            return bool(default)
        case "choices" | "scope" | "persons":
            return default.split()
        case "carriers" | "lines":
            return split_codes(default)
        case "rows":
            return []
        case "period":
            return {"kind": default, "value": "", "authority": ""}
        case _:
            return default


def fill(act: Act, ground: Ground, raw: Mapping[str, Raw]) -> Filling:
    """Read every field; nothing is left at the first that is wrong."""
    values: dict[str, Any] = {}
    wrong: list[Wrong] = []
    with ground.services.database.reading() as connection:
        reading = _Reading(ground, connection)
        for one in act.fields:
            given = raw.get(one.name)
            name = label(act, one, ground.t)
            try:
                values[one.name] = _read(one, given, reading, one.name)
            except _Misread as misread:
                wrong.append(Wrong(one.name, ground.t(misread.key, **({"field": name} | misread.params))))
    return Filling(raw, values, tuple(wrong), reading.people)


def wrong_of(unfit: ActUnfit, ground: Ground) -> Wrong:
    """What an act's own facts found wrong, in words."""
    return Wrong(unfit.field, ground.t(unfit.message, **unfit.params))


EMPTY: Mapping[str, Any] = {
    "text": "",
    "area": "",
    "file": "",
    "check": False,
    "choices": (),
    "persons": (),
    "scope": (),
    "carriers": (),
    "lines": (),
    "rows": (),
}
"""What an optional field that was left empty is; every other kind: None."""


def _empty(one: Field, raw: Raw) -> bool:
    if raw is None or raw in ("", [], (), {}):
        return True
    if one.kind == "period" and isinstance(raw, Mapping):
        return not raw.get("kind")
    return isinstance(raw, str) and not raw.strip()


def _read(one: Field, raw: Raw, reading: _Reading, name: str) -> Any:
    if one.kind == "check":
        if not isinstance(raw, bool | None):
            raise _Misread("ask.wrong.kind")
        return bool(raw)
    if _empty(one, raw):
        if one.required:
            raise _Misread("ask.wrong.needed")
        return EMPTY.get(one.kind)
    reading.name = name
    return _READERS[one.kind](one, raw, reading)


def _text(one: Field, raw: Raw, _reading: _Reading) -> str:
    if not isinstance(raw, str):
        raise _Misread("ask.wrong.kind")
    text = raw.strip()
    if len(text) > one.max_length:
        raise _Misread("ask.wrong.long", n=one.max_length)
    if "\x00" in text:
        raise _Misread("ask.wrong.kind")
    return text


def _file(_one: Field, raw: Raw, _reading: _Reading) -> str:
    """The hash by which a file is known."""
    if not isinstance(raw, str) or not _HASH.fullmatch(raw.strip().lower()):
        raise _Misread("ask.wrong.hash")
    return raw.strip().lower()


def _number(_one: Field, raw: Raw, _reading: _Reading) -> int:
    if isinstance(raw, str) and whole(raw.strip()):
        raw = int(raw.strip())
    if not isinstance(raw, int) or isinstance(raw, bool) or not 0 <= raw <= NUMBER_MAX:
        raise _Misread("ask.wrong.number")
    return raw


def _day(_one: Field, raw: Raw, _reading: _Reading) -> str:
    if not isinstance(raw, str) or not is_day(raw.strip()):
        raise _Misread("ask.wrong.day")
    return raw.strip()


def _moment(_one: Field, raw: Raw, reading: _Reading) -> int:
    """Microseconds, or the time of day on the organisation's own clock."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    try:
        parsed = datetime.fromisoformat(str(raw).strip())
        if parsed.tzinfo is None:
            parsed = parsed.replace(tzinfo=ZoneInfo(reading.ground.scheme.timezone))
        return clock.instant(parsed)
    except (ValueError, OverflowError) as error:
        raise _Misread("ask.wrong.moment") from error


def options_of(one: Field, ground: Ground) -> list[tuple[str, str]]:
    """The codes of a choice with their words."""
    if callable(one.options):
        return list(one.options(ground))
    return [(code, ground.t(f"ask.{one.name}.{code}")) for code in one.options]


def _choice(one: Field, raw: Raw, reading: _Reading) -> str:
    code = str(raw).strip()
    if code not in {known for known, _word in options_of(one, reading.ground)}:
        raise _Misread("ask.wrong.choice")
    return code


def _listed(raw: Raw) -> list[Raw]:
    if not isinstance(raw, list | tuple):
        raise _Misread("ask.wrong.kind")
    return list(raw)


def _choices(one: Field, raw: Raw, reading: _Reading) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_choice(one, code, reading) for code in _listed(raw)))


def _one_person(raw: Raw, reading: _Reading) -> int:
    """By identifier, staff number, or a name that means one person only."""
    persons = reading.ground.directory.persons
    if isinstance(raw, int) and not isinstance(raw, bool):
        if raw not in persons:
            raise _Misread("ask.wrong.nobody", text=str(raw))
        return raw
    if not isinstance(raw, str):
        raise _Misread("ask.wrong.kind")
    text = raw.strip()
    exact = [person.id for person in persons.values() if person.number == text]
    if exact:
        return exact[0]
    found = queries.persons(reading.connection, text, PEOPLE_MAX)
    if len(found) == 1:
        return found[0].id
    if not found:
        raise _Misread("ask.wrong.nobody", text=text)
    reading.people[reading.name] = tuple(found)
    raise _Misread("ask.wrong.several", text=text)


def _person(_one: Field, raw: Raw, reading: _Reading) -> int:
    return _one_person(raw, reading)


def _persons(_one: Field, raw: Raw, reading: _Reading) -> tuple[int, ...]:
    return tuple(dict.fromkeys(_one_person(text, reading) for text in _listed(raw)))


def _place(_one: Field, raw: Raw, reading: _Reading) -> int:
    places = reading.ground.directory.places
    if isinstance(raw, int) and not isinstance(raw, bool) and raw in places:
        return raw
    wanted = str(raw).strip().casefold()
    for place in places.values():
        if place.code.casefold() == wanted:
            return place.id
    raise _Misread("ask.wrong.place")


def _unit(_one: Field, raw: Raw, reading: _Reading) -> int:
    units = reading.ground.directory.units
    text = str(raw).strip()
    if whole(text) and int(text) in units:
        return int(text)
    for unit in units.values():
        if unit.code.casefold() == text.casefold():
            return unit.id
    raise _Misread("ask.wrong.unit")


def _organisation(_one: Field, raw: Raw, reading: _Reading) -> int:
    """By identifier, code, or name."""
    bodies = reading.ground.directory.organisations
    text = str(raw).strip()
    if whole(text) and int(text) in bodies:
        return int(text)
    for body in bodies.values():
        if text.casefold() in (body.code.casefold(), body.name.casefold(), body.name_en.casefold()):
            return body.id
    raise _Misread("ask.wrong.organisation")


def _level(_one: Field, raw: Raw, reading: _Reading) -> str:
    if str(raw) not in {level.code for level in reading.ground.scheme.levels}:
        raise _Misread("ask.wrong.level")
    return str(raw)


def _period(_one: Field, raw: Raw, _reading: _Reading) -> Period:
    if not isinstance(raw, Mapping) or not all(isinstance(value, str | int) for value in raw.values()):
        raise _Misread("ask.wrong.kind")
    kinds = {kind: kind for kind in get_args(PeriodKind)}
    kind = kinds.get(str(raw.get("kind", "")))
    if kind is None:
        raise _Misread("ask.wrong.period")
    value = "" if kind in ("maximum", "long_term", "none") else str(raw.get("value", "")).strip()
    return Period(kind, value, str(raw.get("authority", "")).strip())


def _scope(_one: Field, raw: Raw, reading: _Reading) -> tuple[str, ...]:
    """Principals: all, units, classes of post, other bodies, persons (also by staff number or name, `number:…`)."""
    directory = reading.ground.directory
    found: dict[str, None] = {}
    for text in _listed(raw):
        kind, _, value = str(text).partition(":")
        if kind == "number":
            found[f"person:{_one_person(value, reading)}"] = None
            continue
        right = (
            (kind == "all" and not value)
            or (kind == "post" and value in POSTS)
            or (kind == "unit" and whole(value) and int(value) in directory.units)
            or (kind == "person" and whole(value) and int(value) in directory.persons)
            or (kind == "organisation" and whole(value) and int(value) in directory.organisations)
        )
        if not right:
            raise _Misread("ask.wrong.scope", text=str(text))
        found[str(text)] = None
    return tuple(found)


def _several(codes: Sequence[str]) -> str:
    shown = ", ".join(codes[:5])
    return f"{shown} …" if len(codes) > 5 else shown


def _carriers(_one: Field, raw: Raw, reading: _Reading) -> tuple[int, ...]:
    """Identifiers (whole numbers) and codes, each of one carrier that may be seen."""
    subject = reading.ground.eyes or reading.ground.subject
    given = _listed(raw)
    wanted = [one for one in given if isinstance(one, int) and not isinstance(one, bool)]
    seen = queries.carriers_by_id(reading.connection, subject, wanted)
    found: dict[int, None] = {}
    unknown: list[str] = []
    for code in given:
        if isinstance(code, int) and not isinstance(code, bool):
            item = seen.get(code)
        else:
            item = resolve(reading.connection, subject, str(code))
        if item is None:
            unknown.append(str(code))
        else:
            found[item.id] = None
    if unknown:
        raise _Misread("ask.wrong.carriers", n=len(unknown), codes=_several(unknown))
    return tuple(found)


def _lines(one: Field, raw: Raw, reading: _Reading) -> tuple[int, ...]:
    """Carriers of the matter's own lines in the field's states; `*`: all of them."""
    given = _listed(raw)
    lines: Sequence[Line] = queries.all_lines(reading.connection, reading.ground.the_matter.id, one.states)
    if given == ["*"]:
        if not lines and one.required:
            raise _Misread("ask.wrong.needed")
        return tuple(line.carrier for line in lines)
    # A line that is not seen is as absent as one that is not there, whoever knows its carrier's identifier.
    eyes = reading.ground.eyes or reading.ground.subject
    named = [one for one in given if isinstance(one, int) and not isinstance(one, bool)]
    allowed = {line.carrier for line in lines}
    allowed -= set(named) - queries.carriers_by_id(reading.connection, eyes, named).keys()
    found: dict[int, None] = {}
    strange: list[str] = []
    for code in given:
        if isinstance(code, int) and not isinstance(code, bool):
            carrier: int | None = code
        else:
            item = resolve(reading.connection, eyes, str(code))
            carrier = item.id if item else None
        if carrier not in allowed or carrier is None:
            strange.append(str(code))
        else:
            found[carrier] = None
    if strange:
        raise _Misread("ask.wrong.lines", n=len(strange), codes=_several(strange))
    return tuple(found)


def _rows(one: Field, raw: Raw, reading: _Reading) -> tuple[dict[str, Any], ...]:
    given = _listed(raw)
    if len(given) > ROWS_MAX:
        raise _Misread("ask.wrong.rows", n=ROWS_MAX)
    found = []
    for number, row in enumerate(given):
        if not isinstance(row, Mapping) or set(row) - {column.name for column in one.columns}:
            raise _Misread("ask.wrong.kind")
        values: dict[str, Any] = {}
        for column in one.columns:
            try:
                values[column.name] = _read(column, row.get(column.name), reading, f"{one.name}.{number}.{column.name}")
            except _Misread as misread:
                name = reading.ground.t(f"ask.{column.name}")
                said = reading.ground.t(misread.key, **({"field": name} | misread.params))
                raise _Misread("ask.wrong.row", n=number + 1, said=said) from misread
        found.append(values)
    return tuple(found)


_READERS: Mapping[str, Callable[[Field, Raw, _Reading], Any]] = {
    "text": _text,
    "area": _text,
    "number": _number,
    "day": _day,
    "moment": _moment,
    "choice": _choice,
    "choices": _choices,
    "person": _person,
    "persons": _persons,
    "place": _place,
    "unit": _unit,
    "organisation": _organisation,
    "level": _level,
    "period": _period,
    "scope": _scope,
    "carriers": _carriers,
    "lines": _lines,
    "rows": _rows,
    "file": _file,
}
"""A reader for every kind of field but the tick, which is read as it is."""
