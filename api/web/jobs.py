"""The rounds by the clock, as the system administrator sees them: when each was done last, by which server, how long it
took, what failed and why; the calendar they go by; how the post stands. Numbers and counts only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.locale import known
from api.services import Jobs
from api.web.job_words import said
from api.web.render import render
from api.web.visit import Form, Visit, needs, posted
from custody.access import Permission
from custody.store import audit
from custody.values import DAY, SECOND, Instant
from reconcile.calendar import Calendar, shift
from reconcile.digests import compose, look
from reconcile.store import digests, messages
from reconcile.store.slots import Slot, newest_slots

router = APIRouter(include_in_schema=False)
administers = needs(Permission.MANAGE_READERS)
AHEAD_DAYS = 120
"""So many days ahead the days are named that are not what their weekday says."""
COUNTED_DAYS = 7


@dataclass(frozen=True, slots=True)
class Line:
    """A job as the page shows it. `state`: done, running, late, failed, died, never."""

    name: str
    every_seconds: int
    done: Slot | None
    now: Slot | None
    state: str

    @property
    def why(self) -> str:
        """What went wrong the last time; empty where nothing did."""
        return self.now.result.removeprefix("failed: ") if self.now is not None and self.state == "failed" else ""

    @property
    def server(self) -> str:
        """The server that did it last: its machine and its process."""
        return ":".join(self.done.owner.split(":")[:2]) if self.done is not None else ""


def line_of(name: str, every: int, slots: tuple[Slot | None, Slot | None], now: Instant) -> Line:
    """A job's line, from its newest slots."""
    done, undone = slots
    if undone is not None and undone.running(now):
        state = "running"
    elif undone is not None and undone.died(now):
        state = "died"
    elif undone is not None and undone.result:
        state = "failed"
    elif done is None:
        state = "never"
    else:
        # Every job looks for its slots each quarter of a minute.
        state = "late" if now - done.slot > (2 * every + 60) * SECOND else "done"
    return Line(name, every, done, undone, state)


def lines(table: Sequence[Jobs], slots: dict[str, tuple[Slot | None, Slot | None]], now: Instant) -> list[Line]:
    """The jobs of the table in its order, those that need somebody first."""
    found = [line_of(one.name, one.every_seconds, slots.get(one.name, (None, None)), now) for one in table]
    return sorted(found, key=lambda one: one.state not in ("failed", "died", "late"))


@dataclass(frozen=True, slots=True)
class Day:
    """A day that is not what its weekday says."""

    day: str
    working: bool
    name: str


def special_days(calendar: Calendar, today: str) -> list[Day]:
    """The days ahead that are not what their weekday says, or have a name."""
    days = [shift(today, ahead) for ahead in range(AHEAD_DAYS)]
    return [Day(one, calendar.working(one), calendar.name(one)) for one in days if one in calendar.special]


@router.get("/jobs")
def jobs_page(visit: Visit = Depends(administers)) -> Response:
    """The page. It shows no business data."""
    services = visit.services
    table = services.schedule.table if services.schedule is not None else ()
    with services.database.reading() as connection:
        found = newest_slots(connection)
        post = messages.post(connection, visit.now - COUNTED_DAYS * DAY)
        undelivered = messages.undelivered(connection, visit.now - COUNTED_DAYS * DAY)
        made = digests.made_on(connection, visit.day)
        repeats = services.scheme.number("digest_repeats_max")
        waiting = len(compose(look(connection, services.scheme, visit.now), visit.now, repeats).digests)
    calendar = services.at_work.calendar
    return render(
        visit,
        "jobs/page.html",
        lines=lines(table, found, visit.now),
        known=known,
        said=said,
        runs=bool(table),
        calendar=calendar,
        hours=services.at_work.hours,
        ends_on=calendar.ends_on(),
        ending=calendar.ending(visit.day),
        days=special_days(calendar, visit.day),
        relay=services.relay,
        post=post,
        undelivered=undelivered,
        made=made,
        waiting=waiting,
        counted_days=COUNTED_DAYS,
    )


@router.post("/jobs/run")
def run(visit: Visit = Depends(administers), form: Form = Depends(posted)) -> Response:
    """Have a job done now, beside the clock; who asked is noted."""
    schedule, name = visit.services.schedule, form.text("job")
    if schedule is not None and name in {one.name for one in schedule.table}:
        with visit.services.database.writing() as connection:
            audit.note(connection, "job_asked", visit.now, by=visit.subject.person, detail={"job": name})
        schedule.ask(name)
    return RedirectResponse("/jobs", status_code=303)
