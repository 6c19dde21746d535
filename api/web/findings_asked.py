"""What the address of a list of findings asks for: it is the view, the export, and what a person keeps of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from api import store
from api.locale.sorting import by_name
from api.web import words
from api.web.carriers import whole
from api.web.render import url
from api.web.visit import Visit
from custody.register import Directory
from custody.store.queries.cases import EVER, Period
from custody.values import DAY
from reconcile.checks import KINDS
from reconcile.store.finding_queries import FindingFilter, State

STATES: tuple[State, ...] = get_args(State)
NARROWING = ("kind", "place", "level", "unit", "owner", "age", "case", "each", "q")
"""Names in the address. `case`: of one case; `each`: several of one case singly; `q`: a search the session keeps."""
AGES: Mapping[str, int] = {"1": 1, "7": 7, "30": 30}
"""Older than so many days."""
UNITS_MAX, OWNERS_MAX = 40, 40


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of a list asks for. `values`: its words as they stand there; `text`: what is searched for."""

    filter: FindingFilter
    values: Mapping[str, str]
    first: int
    text: str = ""

    @property
    def query(self) -> dict[str, str]:
        """The address's own words, for links that keep them."""
        return dict(self.values)


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter: a link."""

    href: str
    word: str
    current: bool


@dataclass(frozen=True, slots=True)
class Menu:
    """A filter with its values."""

    label: str
    current: bool
    choices: tuple[Choice, ...]


def asked_of(visit: Visit) -> Asked:
    """The filter that an address names; what cannot be read is not asked."""
    params = visit.request.query_params
    values = {name: params[name] for name in ("state", *NARROWING) if params.get(name)}
    states: dict[str, State] = {state: state for state in STATES}
    levels = {level.code for level in visit.services.scheme.levels}
    text = _searched(visit, values.get("q", ""))
    age = AGES.get(values.get("age", ""))
    return Asked(
        FindingFilter(
            state=states.get(values.get("state", ""), "open"),
            kind=values.get("kind") if values.get("kind") in KINDS else None,
            place=whole(values.get("place")),
            level=values.get("level") if values.get("level") in levels else None,
            unit=whole(values.get("unit")),
            owner=whole(values.get("owner")),
            case=values.get("case"),
            text=text,
            opened=EVER if age is None else Period(until=visit.now - age * DAY),
        ),
        values,
        whole(params.get("first")) or 1,
        text,
    )


def _searched(visit: Visit, name: str) -> str:
    """The words of a search of this session; none where it has none of the name."""
    if not name:
        return ""
    with visit.reading() as connection:
        kept = store.kept_search(connection, visit.session.token_hash, name)
    return (kept or {}).get("finding", "")


def menus(visit: Visit, asked: Asked, directory: Directory, owners: tuple[int, ...]) -> tuple[Menu, ...]:
    """The filters: by kind, place, level, unit, owner and age."""
    places = sorted((p for p in directory.places.values() if p.kind != "seat"), key=lambda place: place.code)
    levels = [one for one in visit.services.scheme.levels if one.rank <= visit.subject.clearance_rank]
    english = visit.language == "en"
    known = (directory.persons[one] for one in owners[:OWNERS_MAX] if one in directory.persons)
    persons = by_name(known, visit.language)
    units = by_name(directory.units.values(), visit.language)[:UNITS_MAX]
    options: dict[str, list[tuple[str, str]]] = {
        "kind": [(kind, visit.t(f"finding_kind.{kind}")) for kind in KINDS],
        "place": [(str(place.id), place.code) for place in places],
        "level": [(one.code, words.level_name(visit.services.scheme, one.code, visit.language)) for one in levels],
        "unit": [(str(one.id), one.name_en if english and one.name_en else one.name) for one in units],
        "owner": [(str(one.id), one.name_en if english and one.name_en else one.name) for one in persons],
        "age": [(days, visit.t("findings.older", n=int(days))) for days in AGES],
    }
    found = []
    for key, values in options.items():
        now = asked.values.get(key, "")
        listed = [("", visit.t("findings.all")), *values]
        choices = [
            Choice(url("/findings", **({**asked.values, key: value})), word, value == now) for value, word in listed
        ]
        chosen = next((word for value, word in listed if value == now), visit.t("findings.all"))
        found.append(Menu(visit.t(f"findings.{key}_is", value=chosen), bool(now), tuple(choices)))
    return tuple(found)
