"""What needs a manager today: incidents, approvals, who is overdue; and how the last twelve weeks went.

The charts carry their conclusion in words and their figures in a table; the same goes on paper (the browser's print)
and into a workbook.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.reports import Report
from api.store import Connection
from api.web import navigation
from api.web.business.approvals import rows_of, waiting_for
from api.web.charts import Columns, Share, shares, stacked
from api.web.exports import ban_signed, given
from api.web.findings import alarms
from api.web.render import render
from api.web.visit import Visit, needs
from api.web.words import short_day, span
from custody import clock
from custody.access import Permission
from custody.register import Directory
from custody.values import DAY, Instant
from reconcile.store import trends
from reconcile.store.finding_counts import PersonCount, by_person

router = APIRouter(include_in_schema=False)
reads = needs(Permission.SEE_REPORTS)
WEEKS = 12
SWEPT_DAYS = 90
PERSONS_MAX = 8
ROOMS_MAX = 5
APPROVALS_MAX = 6
LONG_DAYS, OLD_DAYS = 2, 7
"""Days past the deadline from which a bar is darker, and red."""


@dataclass(frozen=True, slots=True)
class Week:
    """The figures of one week. `ages`: open at its end, by the classes of `trends.AGES`."""

    ends_at: Instant
    word: str
    ages: tuple[int, ...]
    closed: int
    median_us: int | None
    lent: int
    returned: int


@dataclass(frozen=True, slots=True)
class Overdue:
    """A person with what is past its day. `share`: of the longest of all, for the bar; `look`: d1, d2, d3."""

    count: PersonCount
    days: int
    share: float
    look: str


@dataclass(frozen=True, slots=True)
class Rooms:
    """What was swept of late: rooms, the least swept first, each with its bar."""

    lines: tuple[tuple[trends.Swept, Share], ...]
    swept: int
    places: int


def week_ends(visit: Visit) -> list[Instant]:
    """Now, and the ends of the same day in the weeks before, the newest last."""
    zone, today = visit.services.scheme.timezone, date.fromisoformat(visit.day)
    past = [clock.end_of_day((today - timedelta(weeks=back)).isoformat(), zone) for back in range(WEEKS - 1, 0, -1)]
    return [*past, visit.now]


def weeks_of(connection: Connection, visit: Visit) -> list[Week]:
    """The last twelve weeks in figures."""
    ends = week_ends(visit)
    since = ends[0] - 7 * DAY
    ages = trends.open_by_age(connection, visit.subject, ends)
    closed = trends.time_to_close(connection, visit.subject, since, ends)
    loans = trends.loans_and_returns(connection, visit.subject, since, ends)
    zone = visit.services.scheme.timezone
    return [
        Week(end, short_day(clock.day(end, zone), visit.language, visit.day), by_age, done.count, done.median_us, *lent)
        for end, by_age, done, lent in zip(ends, ages, closed, loans, strict=True)
    ]


def overdue_of(connection: Connection, visit: Visit) -> tuple[list[Overdue], int, int]:
    """Persons with something past its day, the longest first; and how many things and persons in all."""
    found = by_person(connection, visit.subject, limit=500)
    days = [max(1, (visit.now - one.oldest_at) // DAY) for one in found]
    longest = max(days, default=1)
    listed = [
        Overdue(one, over, over / longest, "d3" if over >= OLD_DAYS else "d2" if over > LONG_DAYS else "d1")
        for one, over in zip(found, days, strict=True)
    ]
    return listed[:PERSONS_MAX], sum(one.open for one in found), len(found)


def rooms_of(connection: Connection, visit: Visit, directory: Directory) -> Rooms:
    """How much of each room was swept within ninety days."""
    found = trends.swept_since(connection, directory, visit.now - SWEPT_DAYS * DAY)
    shown = found[:ROOMS_MAX]
    bars = shares([(one.swept, one.places) for one in shown])
    return Rooms(
        tuple(zip(shown, bars, strict=True)), sum(one.swept for one in found), sum(one.places for one in found)
    )


def said_of_ages(visit: Visit, weeks: Sequence[Week]) -> str:
    """The conclusion of the chart of open findings, in words."""
    now, before = sum(weeks[-1].ages), sum(weeks[-5].ages)
    way = "fewer" if now < before else "more" if now > before else "same"
    return visit.t(f"today.ages.{way}", before=before, n=now, old=weeks[-1].ages[-1])


def said_of_times(visit: Visit, weeks: Sequence[Week]) -> str:
    """The conclusion of the table of times, in words."""
    last = [one for one in weeks if one.median_us is not None]
    if not last or last[-1].median_us is None:
        return visit.t("today.times.none")
    return visit.t("today.times.said", span=span(last[-1].median_us, visit.language), week=last[-1].word)


def ages_chart(visit: Visit, weeks: Sequence[Week]) -> Columns:
    """Open findings at the end of each week, the oldest at the foot."""
    parts = [visit.t(f"today.age.{at}") for at in range(len(trends.AGES))]
    return stacked([one.ages for one in weeks], [one.word for one in weeks], parts)


def loans_chart(visit: Visit, weeks: Sequence[Week]) -> Columns:
    """What was lent each week."""
    return stacked([(one.lent,) for one in weeks], [one.word for one in weeks], [visit.t("today.lent")])


@router.get("/today")
def today(visit: Visit = Depends(reads)) -> Response:
    """The page of a manager with five minutes."""
    waiting = waiting_for(visit)
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        alarming = alarms(connection, visit) if visit.may(Permission.SEE_FINDINGS) else ()
        weeks = weeks_of(connection, visit)
        overdue, things, persons = overdue_of(connection, visit)
        rooms = rooms_of(connection, visit, directory)
    return render(
        visit,
        "today/today.html",
        alarming=alarming,
        rows=rows_of(visit, waiting[:APPROVALS_MAX]),
        waiting=len(waiting),
        total=len(alarming) + len(waiting) + persons,
        overdue=overdue,
        things=things,
        persons=persons,
        rooms=rooms,
        weeks=weeks,
        ages=ages_chart(visit, weeks),
        loans=loans_chart(visit, weeks),
        ages_said=said_of_ages(visit, weeks),
        times_said=said_of_times(visit, weeks),
        age_words=[visit.t(f"today.age.{at}") for at in range(len(trends.AGES))],
        directory=directory,
        swept_days=SWEPT_DAYS,
    )


_COLUMNS = ("section", "line", "figure", "of", "longest")


@router.get("/today.xlsx")
def workbook(visit: Visit = Depends(reads)) -> Response:
    """The same figures as a workbook, logged as every export."""
    ban_signed(visit)
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        rows = _figures(connection, visit, directory)
    heads = {name: visit.t(f"today.col.{name}") for name in _COLUMNS}
    report = Report("today", _COLUMNS, rows, False, -1, heads, frozenset({"figure", "of", "longest"}))
    return given(visit, report, {}, {})


def _figures(connection: Connection, visit: Visit, directory: Directory) -> list[dict[str, object]]:
    def line(section: str, word: str, figure: int, *more: int | None) -> dict[str, object]:
        of, longest = (*more, None, None)[:2]
        return {"section": visit.t(section), "line": word, "figure": figure, "of": of, "longest": longest}

    found = [line("today.waiting", visit.t("nav.approvals"), len(waiting_for(visit)))]
    for one in by_person(connection, visit.subject, limit=500):
        name = one.name_en if visit.language == "en" and one.name_en else one.name
        found.append(line("today.overdue", name, one.open, None, max(1, (visit.now - one.oldest_at) // DAY)))
    for week in weeks_of(connection, visit):
        for at, count in enumerate(week.ages):
            found.append(line("today.ages", f"{week.word} · {visit.t(f'today.age.{at}')}", count))
        found.append(line("today.lent", week.word, week.lent))
        found.append(line("today.returned", week.word, week.returned))
        hours = None if week.median_us is None else week.median_us // (DAY // 24)
        found.append(line("today.times", week.word, week.closed, None, hours))
    for room in trends.swept_since(connection, directory, visit.now - SWEPT_DAYS * DAY):
        found.append(line("today.swept.done", directory.places[room.place].code, room.swept, room.places))
    return found


def count(visit: Visit) -> int:
    """The figure in the navigation: what is at once, and what waits."""
    if not visit.may(Permission.SEE_FINDINGS):
        return 0
    with visit.reading() as connection:
        return len(alarms(connection, visit))


navigation.COUNTS["today"] = count
