"""Acts as a table: each row gives a page, a call of the REST interface and the grounds of a printed form.

An act says what it asks for, which facts its answers make, who signs besides the acting person, and which empty
fact is asked about for the greyed-out button. The pages (`api.web.business`) and the interface
(`api.rest.business`) are drawn from these rows and know no letter of the regulations.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal

from api.services import Services
from api.store import Connection
from custody import clock
from custody.access import Permission, Subject
from custody.entries import Fact
from custody.matters import Line, Matter
from custody.register import Directory
from custody.scheme import Scheme
from custody.store import queries
from custody.store.queries import CarrierItem
from custody.store.walls import wall_of
from custody.values import Instant, Organisation, Person, Place

FieldKind = Literal[
    "text",
    "area",
    "number",
    "check",
    "day",
    "moment",
    "choice",
    "choices",
    "person",
    "persons",
    "place",
    "unit",
    "organisation",
    "level",
    "period",
    "scope",
    "carriers",
    "lines",
    "rows",
    "file",
]
"""What a field asks for, and what its parsed value is:

text, area -> str (stripped) · number -> int · check -> bool · day -> ISO date · moment -> Instant ·
choice -> str (one of the options) · choices -> tuple[str, ...] · person -> int (identifier; on the page by staff
number or name, with a search) · persons -> tuple[int, ...] · place -> int (by code) · unit -> int ·
organisation -> int (another body, by code or name) · level -> str
(code) · period -> custody.values.Period · scope -> tuple[str, ...] of principals · carriers -> tuple[int, ...]
(scanned or typed numbers and EPCs, as at the scan desk) · lines -> tuple[int, ...] (carriers chosen from the
matter's own lines; by tick box, or scanned) · rows -> tuple[dict[str, Any], ...] (a repeated group of `columns`) ·
file -> str (SHA-256, hexadecimal, of a file that is read in the request and not kept; as JSON the hash itself).
An optional field that was left empty is None ("" for text, () for several).
"""


@dataclass(slots=True)
class Held:
    """What an act's text was made with before it was signed, so that the text signed is the text that was shown.

    `at`: the instant that its facts name as now. `ids`: identifiers reserved for it, in order. Once a text was
    shown they are given again, in the same order, instead of new ones.
    """

    at: Instant
    ids: list[int] = field(default_factory=list)
    given: int = 0


@dataclass(frozen=True, slots=True)
class Ground:
    """What an act stands on: who, when, where; the matter, the carrier or the place that it is about."""

    services: Services
    subject: Subject
    person: Person
    language: str
    now: Instant
    day: str
    """Today's ISO date in the organisation's time zone."""
    directory: Directory
    t: Callable[..., str]
    matter: Matter | None = None
    item: CarrierItem | None = None
    place: Place | None = None
    body: Organisation | None = None
    held: Held | None = None
    eyes: Subject | None = None
    """With whose eyes the matter's lines are seen: the absent person's, where a deputy acts for him."""

    @property
    def scheme(self) -> Scheme:
        """The organisation's scheme."""
        return self.services.scheme

    def reserve(self, kind: str) -> int:
        """A new identifier (`matter`, `delegation`, `place`, …), never given twice."""
        held = self.held
        if held is not None and held.given < len(held.ids):
            held.given += 1
            return held.ids[held.given - 1]
        new = self.services.books.reserve(kind, 1)[0]
        if held is not None:
            held.ids.append(new)
            held.given += 1
        return new

    def reserve_several(self, kind: str, count: int) -> list[int]:
        """So many new identifiers, in order; what the text was shown with is given again first."""
        held = self.held
        again = held.ids[held.given : held.given + count] if held is not None else []
        new = list(self.services.books.reserve(kind, count - len(again))) if len(again) < count else []
        if held is not None:
            held.ids += new
            held.given += count
        return again + new

    @property
    def the_matter(self) -> Matter:
        """The matter, where the act is on one."""
        assert self.matter is not None
        return self.matter

    @property
    def the_item(self) -> CarrierItem:
        """The carrier, where the act is on one."""
        assert self.item is not None
        return self.item

    @property
    def the_place(self) -> Place:
        """The place, where the act is on one."""
        assert self.place is not None
        return self.place

    @property
    def the_body(self) -> Organisation:
        """The other body, where the act is on one."""
        assert self.body is not None
        return self.body

    def reading(self) -> AbstractContextManager[Connection]:
        """A reading of the database that finds nothing hidden from who acts, for what is shown to him. What the rules
        judge is read without.
        """
        return self.services.database.reading(wall_of(self.eyes or self.subject))

    def lines(self, *states: str) -> list[Line]:
        """Every line of the matter in these states (none named: all of them), seen or not, by carrier."""
        with self.services.database.reading() as connection:
            return queries.all_lines(connection, self.the_matter.id, states)

    def a_line(self, *states: str) -> Line | None:
        """One line of the matter in these states, for a probe; None where there is none that may be seen."""
        with self.reading() as connection:
            found = queries.lines(connection, self.eyes or self.subject, self.the_matter.id, states, limit=1)
        return found.items[0] if found.items else None

    def items(self, carriers: Iterable[int]) -> dict[int, CarrierItem]:
        """These carriers, as far as they may be seen."""
        with self.reading() as connection:
            return queries.carriers_by_id(connection, self.eyes or self.subject, list(carriers))

    def highest_level(self, carriers: Iterable[int]) -> str:
        """The highest level among these carriers; internal where there are none."""
        levels = {item.level for item in self.items(carriers).values()}
        lowest = min(self.scheme.levels, key=lambda level: level.rank).code
        return max(levels, key=self.scheme.rank, default=lowest)

    def end_of(self, day: str) -> Instant:
        """The last microsecond of an ISO day in the organisation's time zone."""
        return clock.end_of_day(day, self.scheme.timezone)

    def name_of(self, thing: Any) -> str:
        """Name of a person, unit or place in the visitor's language, where it has one."""
        other: str = getattr(thing, "name_en", "")
        own: str = thing.name
        return other if self.language == "en" and other else own

    def person_name(self, identifier: int | None) -> str:
        """A person's name; empty where there is none."""
        found = self.directory.persons.get(identifier or 0)
        return self.name_of(found) if found else ""

    def day_of(self, at: Instant | None) -> str:
        """The ISO day of an instant; empty where there is none."""
        return "" if at is None else clock.day(at, self.scheme.timezone)


Values = Mapping[str, Any]
"""Parsed values by field name."""
Options = Callable[[Ground], Iterable[tuple[str, str]]]
"""Codes and words of a choice."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field. Its label is the text `ask.<act key>.<name>` where that is known, else `ask.<name>`; its hint the
    same with `.hint` behind it, where that is known.

    `options`: codes whose words are `ask.<name>.<code>`, or a function that gives codes with their words.
    `default`: a value as it would be typed, or a function of the ground. `states`: for `lines`, the states of the
    lines that may be chosen; none: any. `max_length`: characters.
    """

    name: str
    kind: FieldKind = "text"
    required: bool = True
    options: tuple[str, ...] | Options = ()
    default: str | Callable[[Ground], str] = ""
    columns: tuple["Field", ...] = ()
    states: tuple[str, ...] = ()
    max_length: int = 1_000


@dataclass(frozen=True, slots=True)
class Cosigner:
    """Another person who signs at the same desk, by staff number and password. `label` is a key of the catalogue."""

    label: str
    person: int | None = None
    """Who it must be; None: whoever signs (the rules then judge)."""
    required: bool = True


def _none(_ground: Ground, _values: Values) -> Sequence[Cosigner]:
    return ()


HIDING = frozenset({"not_permitted", "state", "matter_state", "line_state", "not_the_opener", "not_the_applicant"})
"""Refusals of the probe after which an act makes no sense here: no button is drawn."""

STANDING = frozenset(
    {"in_matter", "bound_elsewhere", "has_home", "no_home", "same_person", "approval_lapsed", "not_the_next"}
)
"""Refusals of the probe that no field can mend: the button is dashed, with the clause under it. All others only say
that the fields are still empty, and are passed over."""


@dataclass(frozen=True, slots=True)
class Act:
    """One kind of act.

    `key`: its name in addresses, unique within what it is on (for matters: within the kind): `/matters/{id}/{key}`,
    `/carriers/{id}/{key}`, `/places/{id}/{key}`, `/organisations/{id}/{key}`, `/business/new/{key}` (house).
    `act`: kind of act of `custody.procedures.ACTS`. Words: `act.matter.<kind>.<key>` where that is known, else
    `act.<on>.<key>` (button and heading); the same with `.sub`, where known (one line of meaning).
    `kind`: the kind of matter it is on, or opens; empty: every kind.
    `facts`: the facts of the filled form; may raise `Unfit` naming a field.

    When is it offered: `permission` is held, the matter is open, its status is among `statuses` (none: any), each
    required field of `lines` has lines in its states to choose from, and nothing stands against `probe`: the act with
    its fields empty (None: there is nothing to ask). A refusal of the probe by a code in `hides` (or HIDING) takes
    the button away; by one in `standing` (or STANDING), or one of HIDING's with a clause, it is dashed; others are
    passed over.

    `signs`: the acting person signs, identity freshly confirmed; `grave`: confirmed each time. `cosigners`: asked
    with what is filled in so far (names may be missing: use `.get`). `main`: statuses in which it is the main button.
    `home`: where one goes back to, for an act of the house that opens nothing; empty: to its receipt.
    `happened`: the name of the `moment` field that says when it happened, where it may be entered later.
    """

    key: str
    act: str
    icon: str
    permission: Permission
    facts: Callable[[Ground, Values], list[Fact]]
    probe: Callable[[Ground], Fact | None]
    on: Literal["matter", "carrier", "place", "organisation", "house"] = "matter"
    kind: str = ""
    opens: bool = False
    fields: tuple[Field, ...] = ()
    signs: bool = True
    grave: bool = False
    cosigners: Callable[[Ground, Values], Sequence[Cosigner]] = _none
    standing: frozenset[str] = frozenset()
    hides: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    main: frozenset[str] = frozenset()
    happened: str = ""
    home: str = ""


class Unfit(Exception):
    """The answers cannot be taken as they are; `field` names the field, `message` is a key of the catalogue."""

    def __init__(self, field_name: str, message: str, **params: str | int) -> None:
        self.field = field_name
        self.message = message
        self.params = params
        super().__init__(f"{field_name}: {message}")


def _nothing_more(_ground: Ground, _matter: Matter) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class View:
    """How a kind of matter is shown: rows of what its body says, and what its lines show besides the carrier.

    `rows`: label (already translated) and value. `line`: cells of one line after number, mark and title, by the
    headings `columns` (keys of the catalogue). `page`: the address of the kind's own page, with `{id}`, where it has
    one (a meeting's board); its button is `matter.<kind>.page`. `looks`: colour (ok, act, due, bad, odd, mute) and
    icon of the kind's own statuses and of its lines' states; what is not there is drawn `act`/`round`, or `mute`
    where the matter is over. `panel`: a template that the matter's page includes between its rows and its lines,
    drawn with `matter` and with what `more` gives. Words: `matter.<kind>` (name), `matter.<kind>.new` (begin one),
    `mstatus.<kind>.<status>` (else `mstatus.<status>`), `lstate.<kind>.<state>`.
    """

    kind: str
    icon: str
    rows: Callable[[Ground, Matter], Sequence[tuple[str, str]]]
    columns: tuple[str, ...] = ()
    line: Callable[[Ground, Matter, Line], Sequence[str]] = field(default=lambda _ground, _matter, _line: ())
    page: str = ""
    looks: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    panel: str = ""
    more: Callable[[Ground, Matter], Mapping[str, Any]] = _nothing_more
