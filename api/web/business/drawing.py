"""What the page of an act is drawn from: each field with its words, what was typed, and what that was read as."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.acts import VIEWS
from api.acts.filling import PERIODS, POSTS, Filling, options_of
from api.acts.model import Act, Cosigner, Field, Ground
from api.acts.wording import hint, label, line_words
from api.locale.sorting import by_name
from api.web.visit import Visit
from api.web.words import level_name
from custody.matters import Line
from custody.register import Directory
from custody.store import queries
from custody.store.queries import CarrierItem
from custody.values import Person, Place

LINES_SHOWN = 300
"""Lines with a tick box; of longer lists all are taken, or they are scanned."""
PLACES_MAX = 2_000
PERSONS_MAX = 2_000
ROWS_SPARE = 3


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """A line that may be ticked, with the cells of its kind's view."""

    line: Line
    item: CarrierItem
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A field as the page draws it. `options`: codes and words; `people`: persons that the text may mean."""

    field: Field
    name: str
    label: str
    hint: str
    raw: Any
    options: tuple[tuple[str, str], ...] = ()
    people: tuple[Person, ...] = ()
    persons: tuple[Person, ...] = ()
    items: tuple[CarrierItem, ...] = ()
    typed: str = ""
    """What a scan box holds."""
    lines: tuple[DrawnLine, ...] = ()
    total: int = 0
    rows: tuple[tuple["Drawn", ...], ...] = ()
    headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Beside:
    """A person who signs beside: what he or she signs as, and who it must be, if that is known."""

    name: str
    label: str
    person: Person | None
    required: bool


def drawn_fields(act: Act, ground: Ground, filling: Filling) -> list[Drawn]:
    """Every field of the act."""
    return [_drawn(act, one, ground, filling, one.name, filling.raw.get(one.name)) for one in act.fields]


def _drawn(act: Act, one: Field, ground: Ground, filling: Filling, name: str, raw: Any) -> Drawn:
    plain = Drawn(
        field=one,
        name=name,
        label=label(act, one, ground.t),
        hint=hint(act, one, ground.t),
        raw=raw,
        people=filling.people.get(name, ()),
        headings=(),
    )
    value = filling.values.get(one.name) if name == one.name else None
    match one.kind:
        case "person" | "persons":
            wanted = () if value is None else value if isinstance(value, tuple) else (value,)
            persons = tuple(ground.directory.persons[found] for found in wanted)
            return _with(plain, persons=persons)
        case "carriers":
            items = ground.items(value or ())
            found = tuple(items[carrier] for carrier in value or () if carrier in items)
            codes = [f"{item.control_number}/{item.copy_number}" for item in found] or [str(one) for one in raw or ()]
            return _with(plain, items=found, typed="\n".join(codes))
        case "lines":
            lines, total = _lines(ground, one)
            return _with(plain, lines=lines, total=total, headings=VIEWS[ground.the_matter.kind].columns)
        case "rows":
            return _with(plain, rows=_rows(act, one, ground, filling, name, raw), headings=_headings(act, one, ground))
        case _:
            return _with(plain, options=tuple(_options(one, ground)))


def _with(plain: Drawn, **more: Any) -> Drawn:
    names = {name: getattr(plain, name) for name in Drawn.__dataclass_fields__}
    return Drawn(**(names | more))


def _options(one: Field, ground: Ground) -> Sequence[tuple[str, str]]:
    scheme, t = ground.scheme, ground.t
    match one.kind:
        case "choice" | "choices":
            return options_of(one, ground)
        case "unit":
            units = by_name(ground.directory.units.values(), ground.language)
            return [(str(unit.id), ground.name_of(unit)) for unit in units]
        case "organisation":
            return _bodies(ground)
        case "level":
            known = [level for level in scheme.levels if level.rank <= ground.subject.clearance_rank]
            return [(level.code, level_name(scheme, level.code, ground.language)) for level in known]
        case "period":
            return [(kind, t(f"period_kind.{kind}")) for kind in PERIODS]
        case "scope":
            units = by_name(ground.directory.units.values(), ground.language)
            found = [("all", t("scope.all"))]
            found += [(f"unit:{unit.id}", ground.name_of(unit)) for unit in units]
            found += [(f"post:{post}", t(f"scope.post.{post}")) for post in POSTS]
            return found + [(f"organisation:{code}", name) for code, name in _bodies(ground)]
        case _:
            return ()


def _bodies(ground: Ground) -> list[tuple[str, str]]:
    bodies = by_name(ground.directory.organisations.values(), ground.language)
    return [(str(body.id), f"{ground.name_of(body)} ({body.code})") for body in bodies]


def _lines(ground: Ground, one: Field) -> tuple[tuple[DrawnLine, ...], int]:
    """The lines that may be ticked, as far as they may be seen; and how many there are."""
    matter = ground.the_matter
    with ground.reading() as connection:
        page = queries.lines(connection, ground.eyes or ground.subject, matter.id, one.states, limit=LINES_SHOWN)
    items = ground.items(line.carrier for line in page.items)
    view = VIEWS[matter.kind]
    found = tuple(
        DrawnLine(line, items[line.carrier], tuple(view.line(ground, matter, line)))
        for line in page.items
        if line.carrier in items
    )
    return found, matter.count(*one.states) if one.states else matter.lines_total


def _rows(act: Act, one: Field, ground: Ground, filling: Filling, name: str, raw: Any) -> tuple[tuple[Drawn, ...], ...]:
    """The rows filled in, and some to spare."""
    given: list[Mapping[str, Any]] = [row for row in raw or () if isinstance(row, Mapping)]
    spare: list[Mapping[str, Any]] = [{} for _ in range(ROWS_SPARE)]
    return tuple(
        tuple(
            _drawn(act, column, ground, filling, f"{name}.{number}.{column.name}", row.get(column.name, ""))
            for column in one.columns
        )
        for number, row in enumerate(given + spare)
    )


def _headings(act: Act, one: Field, ground: Ground) -> tuple[str, ...]:
    return tuple(label(act, column, ground.t) for column in one.columns)


def besides(visit: Visit, ground: Ground, cosigners: Sequence[Cosigner]) -> list[Beside]:
    """Who signs beside, as the page draws them."""
    return [
        Beside(
            f"cosign.{number}",
            visit.t(one.label),
            ground.directory.persons.get(one.person) if one.person else None,
            one.required,
        )
        for number, one in enumerate(cosigners)
    ]


def places_of(act: Act, directory: Directory) -> list[Place]:
    """The places to choose from, where a field asks for one."""
    if not _asks(act, "place"):
        return []
    return sorted(directory.places.values(), key=lambda place: place.code)[:PLACES_MAX]


def persons_of(act: Act, ground: Ground, day: str) -> list[Person]:
    """Those to choose from, where a field asks for a person: who is here, by name."""
    if not _asks(act, "person", "persons", "scope"):
        return []
    here = [one for one in ground.directory.persons.values() if not one.left_on or one.left_on > day]
    return by_name(here, ground.language)[:PERSONS_MAX]


def _asks(act: Act, *kinds: str) -> bool:
    return any(one.kind in kinds or any(column.kind in kinds for column in one.columns) for one in act.fields)


def state_words(ground: Ground, line: Line) -> str:
    """The state of a line of the ground's matter."""
    return line_words(ground.the_matter.kind, line.state, ground.t)
