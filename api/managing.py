"""The figures of who answers for units: what waits, who is overdue by person and unit, how the months went, what was
swept. The page, the workbook and what is delivered on schedule take them from here, so that they cannot differ.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from api.locale import Value, translate
from api.locale.values import short_day
from api.reports import Report
from api.store import Connection
from api.workbook.summaries import swept_sheets
from custody import clock
from custody.access import Subject
from custody.database import Database
from custody.register import Directory
from custody.scheme import Scheme
from custody.store import queries
from custody.store.queries import Waiting
from custody.store.walls import wall_of
from custody.values import DAY, Instant, Unit
from reconcile.store import trends
from reconcile.store.finding_counts import PersonCount, by_person

PERIODS: dict[int, tuple[int, int]] = {30: (10, 3), 90: (13, 7), 365: (13, 28)}
"""Days that one may look back -> so many stretches of so many days; the last ends now."""
PERIOD_DEFAULT = 90
PERSONS_READ = 500
LONG_DAYS, OLD_DAYS = 2, 7
"""Days past the deadline from which a bar is darker, and red."""
HOUR = DAY // 24


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, at which moment, in which language: all that a figure may depend on."""

    database: Database
    scheme: Scheme
    subject: Subject
    language: str
    now: Instant
    titles: bool = True

    @property
    def day(self) -> str:
        """Today's ISO date where the organisation is."""
        return clock.day(self.now, self.scheme.timezone)

    def t(self, key: str, /, **params: Value) -> str:
        """A text of the catalogue."""
        return translate(self.language, key, **params)

    def either(self, name: str, name_en: str) -> str:
        """A name in the language, where it has one in it."""
        return name_en if self.language == "en" and name_en else name


@dataclass(frozen=True, slots=True)
class Asked:
    """How far one looks back, and at which unit with all under it; None: at everything that is seen."""

    days: int = PERIOD_DEFAULT
    unit: int | None = None

    @property
    def said(self) -> dict[str, str]:
        """As it stands in an address, in the foot of a workbook and in the log; what is not narrowed is left out."""
        found = {} if self.days == PERIOD_DEFAULT else {"days": str(self.days)}
        return found if self.unit is None else found | {"unit": str(self.unit)}

    def units(self, directory: Directory) -> frozenset[int] | None:
        """The unit and all under it."""
        if self.unit is None:
            return None
        return directory.units_under(self.unit)


def asked_of(days: str, unit: str, directory: Directory) -> Asked:
    """What these words of an address mean; what cannot be read is not asked."""
    back = int(days) if days.isascii() and days.isdecimal() and len(days) < 5 else PERIOD_DEFAULT
    chosen = int(unit) if unit.isascii() and unit.isdecimal() and len(unit) < 18 else 0
    return Asked(back if back in PERIODS else PERIOD_DEFAULT, chosen if chosen in directory.units else None)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The figures of one stretch of time. `ages`: findings open at its end, by the classes of `trends.AGES`."""

    ends_at: Instant
    word: str
    ages: tuple[int, ...]
    closed: trends.Closed
    loans: trends.Loans


@dataclass(frozen=True, slots=True)
class Overdue:
    """A person with what is past its day. `share`: of the longest of all, for the bar; `look`: d1, d2, d3."""

    count: PersonCount
    days: int
    share: float
    look: str


@dataclass(frozen=True, slots=True)
class OfUnit:
    """What the people of a unit have past its day; None: of people without a unit."""

    unit: Unit | None
    things: int
    persons: int
    days: int
    share: float
    look: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything at once. `persons`: the longest first; `rooms`: the least swept first."""

    asked: Asked
    waiting: tuple[Waiting, ...]
    persons: tuple[Overdue, ...]
    units: tuple[OfUnit, ...]
    stretches: tuple[Stretch, ...]
    rooms: tuple[trends.Swept, ...]
    directory: Directory = field(repr=False)

    @property
    def things(self) -> int:
        """How many things are past their day."""
        return sum(one.count.open for one in self.persons)


def ends_of(viewer: Viewer, days: int) -> list[Instant]:
    """The ends of the stretches: now, and the ends of days before it, the newest last."""
    number, step = PERIODS[days]
    zone, today = viewer.scheme.timezone, date.fromisoformat(viewer.day)
    past = [
        clock.end_of_day((today - timedelta(days=step * back)).isoformat(), zone) for back in range(number - 1, 0, -1)
    ]
    return [*past, viewer.now]


def stretches_of(
    connection: Connection, viewer: Viewer, days: int, units: Collection[int] | None = None
) -> list[Stretch]:
    """How things went over so many days."""
    ends = ends_of(viewer, days)
    since = ends[0] - PERIODS[days][1] * DAY
    ages = trends.open_by_age(connection, viewer.subject, ends, units)
    closed = trends.time_to_close(connection, viewer.subject, since, ends, units)
    loans = trends.loans_and_returns(connection, viewer.subject, since, ends, units)
    zone = viewer.scheme.timezone
    return [
        Stretch(end, short_day(clock.day(end, zone), viewer.language, viewer.day), by_age, done, lent)
        for end, by_age, done, lent in zip(ends, ages, closed, loans, strict=True)
    ]


def look_of(days: int) -> str:
    """How a bar of so many days looks."""
    return "d3" if days >= OLD_DAYS else "d2" if days > LONG_DAYS else "d1"


def overdue_of(connection: Connection, viewer: Viewer, units: Collection[int] | None = None) -> list[Overdue]:
    """Persons with something past its day, the longest first."""
    found = by_person(connection, viewer.subject, PERSONS_READ, units)
    days = [max(1, (viewer.now - one.oldest_at) // DAY) for one in found]
    longest = max(days, default=1)
    return [Overdue(one, over, over / longest, look_of(over)) for one, over in zip(found, days, strict=True)]


def by_unit(persons: Sequence[Overdue], directory: Directory) -> list[OfUnit]:
    """The same by the units of the persons, the longest first."""
    found: dict[int, list[Overdue]] = {}
    for one in persons:
        found.setdefault(one.count.unit or 0, []).append(one)
    return [
        OfUnit(
            directory.units.get(unit),
            sum(one.count.open for one in members),
            len(members),
            members[0].days,
            members[0].share,
            members[0].look,
        )
        for unit, members in sorted(found.items(), key=lambda pair: -pair[1][0].days)
    ]


def waiting_of(viewer: Viewer, units: Collection[int] | None = None) -> list[Waiting]:
    """What waits for the viewer's approval, the most urgent first."""
    # What waits for somebody absent is hidden from the deputy but for this.
    with viewer.database.reading() as connection:
        directory = queries.directory(connection)
        found = queries.waiting(connection, viewer.subject, directory, viewer.scheme, viewer.now, viewer.day)
    return [one for one in found if units is None or one.matter.unit in units]


def figures_of(viewer: Viewer, asked: Asked) -> Figures:
    """The figures as the viewer may see them: read behind the viewer's wall."""
    with viewer.database.reading(wall_of(viewer.subject)) as connection:
        directory = queries.directory(connection)
        units = asked.units(directory)
        persons = overdue_of(connection, viewer, units)
        stretches = stretches_of(connection, viewer, asked.days, units)
        rooms = trends.swept_since(connection, directory, viewer.now - asked.days * DAY)
    waiting = waiting_of(viewer, units)
    return Figures(
        asked,
        tuple(waiting),
        tuple(persons),
        tuple(by_unit(persons, directory)),
        tuple(stretches),
        tuple(rooms),
        directory,
    )


# As rows.

TODAY_COLUMNS = ("section", "line", "figure", "of", "longest", "ninth", "last")
SWEPT_COLUMNS = ("room", "name", "swept", "of", "percent", "last")
_FIGURES = frozenset({"figure", "of", "longest", "ninth", "swept", "percent"})


def _hours(micros: int | None) -> int | None:
    """Whole hours, and one at least: what took minutes did not take nothing."""
    return None if micros is None else max(1, round(micros / HOUR))


def _line(section: str, line: str, figure: int, **more: int | str | None) -> dict[str, object]:
    return {"section": section, "line": line, "figure": figure} | more


def _day_of(viewer: Viewer, at: Instant | None) -> str:
    return "" if at is None else clock.day(at, viewer.scheme.timezone)


def _trend_rows(viewer: Viewer, stretches: Sequence[Stretch]) -> list[dict[str, object]]:
    t = viewer.t
    found: list[dict[str, object]] = []
    for one in stretches:
        day = clock.day(one.ends_at, viewer.scheme.timezone)
        for at, count in enumerate(one.ages):
            found.append(_line(t("today.ages"), f"{day} · {t(f'today.age.{at}')}", count))
        found.append(_line(t("today.lent"), day, one.loans.lent))
        found.append(_line(t("today.in_time"), day, one.loans.in_time, of=one.loans.returned))
        closed = one.closed
        times = {"longest": _hours(closed.median_us), "ninth": _hours(closed.p90_us)}
        found.append(_line(t("today.times"), day, closed.count, **times))
    return found


def today_report(viewer: Viewer, figures: Figures) -> Report:
    """The figures of the manager's page as rows: the same numbers, none more and none less."""
    t = viewer.t
    rows = [_line(t("today.waiting"), t("nav.approvals"), len(figures.waiting))]
    for one in figures.persons:
        name = viewer.either(one.count.name, one.count.name_en)
        rows.append(_line(t("today.overdue"), name, one.count.open, longest=one.days))
    for line in figures.units:
        name = viewer.either(line.unit.name, line.unit.name_en) if line.unit else t("today.no_unit")
        rows.append(_line(t("today.overdue_units"), name, line.things, of=line.persons, longest=line.days))
    rows += _trend_rows(viewer, figures.stretches)
    for room in figures.rooms:
        code, last = figures.directory.places[room.place].code, _day_of(viewer, room.last_at)
        rows.append(_line(t("today.swept.done"), code, room.swept, of=room.places, last=last))
    heads = {name: t(f"today.col.{name}") for name in TODAY_COLUMNS}
    return Report("today", TODAY_COLUMNS, rows, False, -1, heads, _FIGURES)


def swept_report(viewer: Viewer, figures: Figures) -> Report:
    """Of each room, how much of it was swept within the time, and when the last sweep was."""
    rows = []
    for room in figures.rooms:
        place = figures.directory.places[room.place]
        rows.append(
            {
                "room": place.code,
                "name": viewer.either(place.name, place.name_en),
                "swept": room.swept,
                "of": room.places,
                "percent": 100 * room.swept // room.places,
                "last": _day_of(viewer, room.last_at),
            }
        )
    heads = {name: viewer.t(f"swept.col.{name}") for name in SWEPT_COLUMNS}
    return Report("swept", SWEPT_COLUMNS, rows, False, -1, heads, _FIGURES, sheets=swept_sheets(rows, viewer.t))
