"""What needs a manager today: incidents, findings to answer, approvals, who is overdue; and how the months went.

The charts carry their conclusion in words and their figures in a table; the same goes on paper (the browser's print),
into a workbook, and to whoever had it delivered (`api.managing` has the figures of all three).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.managing import HOUR, PERIODS, Asked, Figures, Stretch, Viewer, asked_of, figures_of, today_report
from api.store import Connection
from api.web import navigation
from api.web.business.approvals import rows_of
from api.web.charts import Columns, Share, Spread, shares, spread, stacked
from api.web.exports import ban_signed, given
from api.web.findings import alarms
from api.web.paper_foot import paper_foot
from api.web.render import render, url
from api.web.visit import Form, Visit, local_address, needs, posted
from api.web.words import clock_time, span
from custody.access import Permission
from custody.rules import NotFound
from custody.values import DAY, SECOND, Instant
from reconcile import notices
from reconcile.checks import KINDS
from reconcile.store import trends
from reconcile.store.finding_counts import PERSONAL, by_person
from reconcile.store.finding_queries import FindingFilter, FindingItem, findings
from reconcile.store.reminding import with_inbox

router = APIRouter(include_in_schema=False)
reads = needs(Permission.SEE_REPORTS)
settles = needs(Permission.SETTLE_FINDINGS)
ASKED_MAX = 1_000
PERSONS_MAX = 8
UNITS_MAX = 8
ROOMS_MAX = 5
APPROVALS_MAX = 6
ANSWERS_MAX, ANSWERS_READ = 5, 40
IN_DAYS_FROM = 3 * DAY
"""From here up times are drawn in days instead of hours."""


@dataclass(frozen=True, slots=True)
class Incident:
    """Something at once, with the hours in which a loss is to be reported: how much of them is gone, 0 to 1."""

    item: FindingItem
    report_by: Instant | None
    gone: float


@dataclass(frozen=True, slots=True)
class Answers:
    """Open findings that nobody has answered, the visitor's own first. `own`: how many are his; `mine`: how many of
    these are not counted with the persons who have something overdue; `total`: of all.
    """

    shown: tuple[FindingItem, ...]
    own: int
    mine: int
    total: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """The charts, and what each comes to in words."""

    ages: Columns
    ages_said: str
    times: Spread
    times_said: str
    times_in: str
    loans: Columns
    loans_said: str
    rooms: tuple[tuple[trends.Swept, Share], ...]
    rooms_said: str


def viewer_of(visit: Visit) -> Viewer:
    """Who looks."""
    services = visit.services
    titles = not visit.titles_hidden
    return Viewer(services.database, services.scheme, visit.subject, visit.language, visit.now, titles)


def asked(visit: Visit) -> Asked:
    """What the address asks for."""
    params = visit.request.query_params
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
    return asked_of(params.get("days", ""), params.get("unit", ""), directory)


def incidents_of(connection: Connection, visit: Visit) -> tuple[Incident, ...]:
    """What wants somebody at once. What may be a loss is to be reported within a day (clause f.3)."""
    if not visit.may(Permission.SEE_FINDINGS):
        return ()
    allowed = visit.services.scheme.number("loss_report_hours") * 3_600 * SECOND
    found = []
    for item in alarms(connection, visit):
        if item.line.carrier is None:
            found.append(Incident(item, None, 0.0))
            continue
        gone = (visit.now - item.line.happened_at) / allowed
        found.append(Incident(item, item.line.happened_at + allowed, min(1.0, max(0.0, gone))))
    return tuple(found)


def answers_of(connection: Connection, visit: Visit, unit: int | None, alarming: Sequence[Incident]) -> Answers:
    """What somebody has to answer for next, and nobody took up yet; the most urgent first, one's own before all."""
    if not visit.may(Permission.SEE_FINDINGS):
        return Answers((), 0, 0, 0)
    above = {one.item.line.number for one in alarming}
    person = visit.subject.person
    page = findings(connection, visit.subject, FindingFilter(unit=unit, grouped=True), limit=ANSWERS_READ)
    own = findings(connection, visit.subject, FindingFilter(state="mine", unit=unit, grouped=True), limit=ANSWERS_READ)
    waiting = {
        item.line.number: item
        for item in (*own.items, *page.items)
        if item.line.state == "open" and item.line.number not in above
    }
    his = [one for one in waiting.values() if one.line.owner == person]
    mine = [one for one in his if one.line.kind not in PERSONAL]
    shown = sorted(waiting.values(), key=lambda one: (one.line.owner != person, one.line.urgency, one.line.opened_at))
    return Answers(tuple(shown[:ANSWERS_MAX]), len(his), len(mine), page.total)


# The conclusions.


def said_of_ages(visit: Visit, stretches: Sequence[Stretch]) -> str:
    """The conclusion of the chart of open findings, in words."""
    now, before = sum(stretches[-1].ages), sum(stretches[0].ages)
    way = "fewer" if now < before else "more" if now > before else "same"
    return visit.t(f"today.ages.{way}", before=before, n=now, old=stretches[-1].ages[-1], day=stretches[0].word)


def said_of_times(visit: Visit, stretches: Sequence[Stretch]) -> str:
    """The conclusion of the chart of times, in words."""
    last = [one for one in stretches if one.closed.median_us is not None]
    if not last:
        return visit.t("today.times.none")
    closed = last[-1].closed
    half, nine = span(closed.median_us or 0, visit.language), span(closed.p90_us or 0, visit.language)
    return visit.t("today.times.said", half=half, nine=nine, day=last[-1].word)


def said_of_loans(visit: Visit, stretches: Sequence[Stretch]) -> str:
    """The conclusion of the chart of loans, in words."""
    lent = sum(one.loans.lent for one in stretches)
    returned = sum(one.loans.returned for one in stretches)
    in_time = sum(one.loans.in_time for one in stretches)
    if not returned:
        return visit.t("today.loans.none", lent=lent)
    return visit.t("today.loans.said", lent=lent, returned=returned, percent=100 * in_time // returned)


def drawn(visit: Visit, figures: Figures) -> Drawn:
    """The charts of the figures."""
    stretches = figures.stretches
    words = [one.word for one in stretches]
    t = visit.t
    times, times_in = _times(visit, stretches, words)
    shown = figures.rooms[:ROOMS_MAX]
    swept, of = sum(one.swept for one in figures.rooms), sum(one.places for one in figures.rooms)
    return Drawn(
        ages=stacked([one.ages for one in stretches], words, [t(f"today.age.{at}") for at in range(len(trends.AGES))]),
        ages_said=said_of_ages(visit, stretches),
        times=times,
        times_said=said_of_times(visit, stretches),
        times_in=times_in,
        loans=stacked(
            [(one.loans.in_time, one.loans.returned - one.loans.in_time) for one in stretches],
            words,
            [t("today.in_time"), t("today.late")],
            [one.loans.lent for one in stretches],
        ),
        loans_said=said_of_loans(visit, stretches),
        rooms=tuple(zip(shown, shares([(one.swept, one.places) for one in shown]), strict=True)),
        rooms_said=t("today.swept_said", n=swept, of=of, never=sum(one.last_at is None for one in figures.rooms)),
    )


def _times(visit: Visit, stretches: Sequence[Stretch], words: Sequence[str]) -> tuple[Spread, str]:
    """The chart of times, and what its axis counts: hours, or days where it would be too many."""
    pairs = [
        None if one.closed.median_us is None else (one.closed.median_us, one.closed.p90_us or one.closed.median_us)
        for one in stretches
    ]
    known = [pair for pair in pairs if pair is not None]
    most = max((pair[1] for pair in known), default=0)
    unit, word = (DAY, "today.times.days") if most >= IN_DAYS_FROM else (HOUR, "today.times.hours")
    said = ("", "")
    if known:
        half, nine = (span(micros, visit.language) for micros in known[-1])
        said = (visit.t("today.times.nine", span=nine), visit.t("today.times.half", span=half))
    chart = spread([None if pair is None else (pair[0] / unit, pair[1] / unit) for pair in pairs], words, said)
    return chart, visit.t(word)


# The page.


@router.get("/today")
def today(visit: Visit = Depends(reads)) -> Response:
    """The page of a manager with five minutes."""
    wanted = asked(visit)
    figures = figures_of(viewer_of(visit), wanted)
    with visit.reading() as connection:
        incidents = incidents_of(connection, visit)
        answers = answers_of(connection, visit, wanted.unit, incidents)
        foot = paper_foot(connection, visit)
    # Of persons that the page shows anyhow: whether they can be asked, and whether the visitor has asked them today.
    persons = [one.count.person for one in figures.persons[:PERSONS_MAX]]
    with visit.services.database.reading() as connection:
        told = notices.asked_back(connection, persons, visit.subject, visit.day)
        reached = with_inbox(connection, persons)
    reach = visit.subject.reach
    units = sorted(figures.directory.units.values(), key=lambda unit: unit.code)
    by = "unit" if visit.request.query_params.get("by") == "unit" else "person"
    return render(
        visit,
        "today/today.html",
        asked=wanted,
        figures=figures,
        incidents=incidents,
        answers=answers,
        rows=rows_of(visit, figures.waiting[:APPROVALS_MAX]),
        total=len(incidents) + len(figures.waiting) + answers.mine + len(figures.persons),
        persons_max=PERSONS_MAX,
        units_max=UNITS_MAX,
        by=by,
        drawn=drawn(visit, figures),
        directory=figures.directory,
        periods=tuple(PERIODS),
        units=[one for one in units if reach is None or one.id in reach],
        age_words=[visit.t(f"today.age.{at}") for at in range(len(trends.AGES))],
        settles=visit.may(Permission.SETTLE_FINDINGS),
        told=told,
        reached=reached,
        kinds=KINDS,
        excel=url("/today.xlsx", **wanted.said),
        back=url("/today", **wanted.said),
        foot=foot,
        clock_word=lambda at: clock_time(at, visit.services.scheme.timezone),
    )


@router.post("/today/ask-back/{person}")
def ask_back(person: int, visit: Visit = Depends(settles), _form: Form = Depends(posted)) -> Response:
    """Ask somebody for what is past its day: a notice in the inbox. Raises NotFound for who has nothing overdue."""
    with visit.services.database.writing() as connection:
        late = {one.person: one.open for one in by_person(connection, visit.subject, limit=ASKED_MAX)}
        if person not in late:
            raise NotFound
        notices.ask_back(connection, visit.subject, person, late[person], visit.day, visit.now)
    visit.services.bulletin.publish("inbox")
    return RedirectResponse(local_address(visit.request.query_params.get("back"), "/today"), status_code=303)


@router.get("/today.xlsx")
def workbook(visit: Visit = Depends(reads)) -> Response:
    """The same figures as a workbook, logged as every export."""
    ban_signed(visit)
    wanted, viewer = asked(visit), viewer_of(visit)
    return given(visit, today_report(viewer, figures_of(viewer, wanted)), wanted.said)


def count(visit: Visit) -> int:
    """The figure in the navigation: what is at once, and what waits."""
    if not visit.may(Permission.SEE_FINDINGS):
        return 0
    with visit.reading() as connection:
        return len(alarms(connection, visit))


navigation.COUNTS["today"] = count
