"""Reports delivered on schedule: what one has asked for, when it comes next, what came, and fetching it.

Everything here is the visitor's own. What was made is read again behind his walls before it is given.
"""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api import delivering
from api.delivering import EVERY, HOURS, KINDS, MONTH_DAYS, SUBSCRIPTIONS_MAX
from api.managing import PERIOD_DEFAULT, PERIODS
from api.web.exports import XLSX, ban_signed
from api.web.render import render
from api.web.visit import FieldError, Form, Visit, needs, posted
from custody.access import Permission
from custody.register import Directory
from custody.store import audit
from custody.values import Instant
from reconcile.store import deliveries
from reconcile.store.deliveries import Subscription

router = APIRouter(include_in_schema=False)
reads = needs(Permission.SEE_REPORTS)
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Coming:
    """A subscription, and when it comes next; None: it rests, or the visitor may not see the report now."""

    of: Subscription
    next_at: Instant | None
    allowed: bool


def coming(visit: Visit, found: list[Subscription]) -> list[Coming]:
    """Each with its next slot."""
    zone, calendar = visit.services.scheme.timezone, visit.services.at_work.calendar
    told = []
    for one in found:
        allowed = delivering.allowed(visit.subject, one.report)
        runs = allowed and one.paused_at is None
        next_at = delivering.next_slot(one, visit.now, calendar, zone) if runs else None
        told.append(Coming(one, next_at, allowed))
    return told


def _page(visit: Visit, errors: tuple[FieldError, ...] = (), kept: Any = None, status_code: int = 200) -> Response:
    person = visit.subject.person
    with visit.reading() as connection:
        own = deliveries.subscriptions_of(connection, person)
        made = deliveries.deliveries_of(connection, person, SHOWN)
        seen = {one.id: one.kept and delivering.still_seen(connection, visit.subject, one) for one in made}
        directory = visit.services.books.directory(connection)
    query = visit.request.query_params
    return render(
        visit,
        "reports/deliveries.html",
        own=coming(visit, own),
        made=made,
        seen=seen,
        directory=directory,
        units=units_of(visit, directory),
        reports=[name for name in KINDS if delivering.allowed(visit.subject, name)],
        kinds=KINDS,
        every=EVERY,
        hours=HOURS,
        periods=tuple(PERIODS),
        month_days=MONTH_DAYS,
        keeps=visit.services.scheme.number("deliveries_kept_days"),
        full=len(own) >= SUBSCRIPTIONS_MAX,
        relay=visit.services.relay is not None,
        wanted={
            **dict.fromkeys(("weekday", "monthday", "days", "titles"), ""),
            "report": query.get("report", "today"),
            "unit": query.get("unit", ""),
            "hour": "8",
            "every": "daily",
            **(kept or {}),
        },
        errors=errors,
        status_code=status_code,
    )


def units_of(visit: Visit, directory: Directory) -> list[Any]:
    """The units that the visitor may narrow to."""
    reach = visit.subject.reach
    found = [one for one in directory.units.values() if reach is None or one.id in reach]
    return sorted(found, key=lambda unit: unit.code)


@router.get("/reports/deliveries")
def deliveries_page(visit: Visit = Depends(reads)) -> Response:
    """The page."""
    return _page(visit)


def wanted_of(visit: Visit, form: Form, directory: Directory) -> tuple[Subscription, tuple[FieldError, ...]]:
    """What the form asks for, and what is wrong with it."""
    errors = []
    report, every = form.text("report"), form.text("every")
    if not delivering.allowed(visit.subject, report):
        errors.append(visit.error("report", "deliveries.choose_report"))
    if every not in EVERY:
        errors.append(visit.error("every", "deliveries.choose_every"))
    hour, days, unit = form.number("hour"), form.number("days") or PERIOD_DEFAULT, form.number("unit")
    if hour not in HOURS:
        errors.append(visit.error("hour", "deliveries.choose_hour", first=HOURS[0], last=HOURS[-1]))
    on_day = 0
    if every == "weekly":
        on_day = form.number("weekday") or 0
    elif every == "monthly":
        on_day = form.number("monthday") or 1
    if not 0 <= on_day <= (6 if every == "weekly" else MONTH_DAYS):
        errors.append(visit.error("every", "deliveries.choose_every"))
    known = {one.id for one in units_of(visit, directory)}
    narrowed = KINDS[report].narrowed if report in KINDS else frozenset[str]()
    wanted = Subscription(
        person=visit.subject.person,
        report=report,
        days=days if days in PERIODS and "days" in narrowed else PERIOD_DEFAULT,
        unit=unit if unit in known and "unit" in narrowed else None,
        titles=form.text("titles") == "yes" and report in KINDS and KINDS[report].titles,
        every=every,
        on_day=on_day,
        hour=hour or 0,
        language=visit.language,
        created_at=visit.now,
    )
    return wanted, tuple(errors)


@router.post("/reports/deliveries")
def subscribe(visit: Visit = Depends(reads), form: Form = Depends(posted)) -> Response:
    """Have a report delivered from now on."""
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        number = len(deliveries.subscriptions_of(connection, visit.subject.person))
    wanted, errors = wanted_of(visit, form, directory)
    if number >= SUBSCRIPTIONS_MAX:
        errors = (*errors, visit.error("report", "deliveries.too_many", n=SUBSCRIPTIONS_MAX))
    if errors:
        return _page(visit, errors, form.kept(), 422)
    with visit.services.database.writing() as connection:
        deliveries.subscribe(connection, wanted)
        _note(connection, visit, "subscribed", wanted)
    return RedirectResponse("/reports/deliveries", status_code=303)


def _note(connection: Any, visit: Visit, what: str, of: Subscription) -> None:
    detail = {"what": what, "report": of.report, "every": of.every}
    person = visit.subject.person
    audit.note(connection, "report_subscription", visit.now, by=person, about=person, detail=detail)


def _own(visit: Visit, number: int) -> Subscription:
    with visit.reading() as connection:
        return deliveries.subscription(connection, visit.subject.person, number)


@router.post("/reports/deliveries/{number}/pause")
def pause(number: int, visit: Visit = Depends(reads), _form: Form = Depends(posted)) -> Response:
    """Let it rest, or go on where it rests; slots that passed meanwhile are not made up for."""
    of = _own(visit, number)
    resting = of.paused_at is not None
    zone, calendar = visit.services.scheme.timezone, visit.services.at_work.calendar
    passed = delivering.due_slot(of, visit.now, calendar, zone) if resting else None
    with visit.services.database.writing() as connection:
        deliveries.pause(connection, of.person, number, None if resting else visit.now)
        if passed is not None:
            deliveries.take_slot(connection, number, passed)
        _note(connection, visit, "resumed" if resting else "paused", of)
    return RedirectResponse("/reports/deliveries", status_code=303)


@router.post("/reports/deliveries/{number}/end")
def end(number: int, visit: Visit = Depends(reads), _form: Form = Depends(posted)) -> Response:
    """It comes no more."""
    of = _own(visit, number)
    with visit.services.database.writing() as connection:
        deliveries.end(connection, of.person, number, visit.now)
        _note(connection, visit, "ended", of)
    return RedirectResponse("/reports/deliveries", status_code=303)


@router.post("/reports/deliveries/{number}/now")
def now(number: int, visit: Visit = Depends(reads), _form: Form = Depends(posted)) -> Response:
    """Make it now, besides its slots."""
    delivering.make(visit.services, _own(visit, number), f"now:{visit.now}", visit.now)
    return RedirectResponse("/reports/deliveries", status_code=303)


@router.get("/reports/deliveries/{number}.xlsx")
def fetch(number: int, visit: Visit = Depends(reads)) -> Response:
    """What was made: held against the walls as they stand now, and logged, before it is given. Raises NotFound."""
    ban_signed(visit)
    found, content, logged = delivering.fetch(visit.services, visit.subject, number, visit.now)
    visit.shows(*found.carriers, how="export", detail=f"{found.report} {logged}")
    day = found.slot if not found.slot.startswith("now:") else visit.day
    headers = {"Content-Disposition": f'attachment; filename="{found.report}-{day}.xlsx"'}
    return Response(content, media_type=XLSX, headers=headers)
