"""An emergency: nobody is there who has the role. Somebody takes it beside another, who confirms it at this desk.

It ends by itself, is shown to everybody while it lasts, and is reviewed afterwards: every act entered under it.
"""

from collections.abc import Mapping

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.sessions import CodeNeeded, CodeWrong, SamePerson, SignInFailed, TooManyAttempts
from api.web import navigation
from api.web.accounts import unit_choices
from api.web.carriers import whole
from api.web.render import render
from api.web.visit import FieldError, Form, Unfit, Visit, address_of, needs, posted, sign, sign_in_of
from custody.access import EMERGENCY_ROLES, Permission, Role
from custody.rules import NotFound
from custody.store import accounts, emergency, queries
from custody.store.emergency import CONFIRMERS, Emergency, EmergencyRefused
from reconcile import notices

router = APIRouter(include_in_schema=False)
takes = needs(Permission.TAKE_PART)
reviews = needs(Permission.APPROVE_OFFICE, Permission.APPROVE_LEADER)
PAGE = 50
REASON_MAX = 500
DURATIONS = (30, 60, 120, 240, 480, 720)
"""Minutes to choose from, as far as the scheme allows."""
ROLES = tuple(role for role in Role if role in EMERGENCY_ROLES)


def stands_above(visit: Visit) -> bool:
    """Whether the visitor confirms and reviews emergencies: by a role held for good."""
    return any(grant.role in CONFIRMERS and grant.until_at is None for grant in visit.subject.grants)


def waiting(visit: Visit) -> int:
    """The figure in the navigation: emergencies that nobody has reviewed."""
    if not stands_above(visit):
        return 0
    with visit.reading() as connection:
        return len(emergency.unreviewed(connection, visit.now))


navigation.COUNTS["emergency"] = waiting


def refused_words(visit: Visit, refused: EmergencyRefused) -> str:
    """Why it cannot be begun, ended or reviewed, in words."""
    said = dict(refused.params)
    if "role" in said:
        said["role"] = visit.t(f"role.{said['role']}")
    return visit.t(f"emergency.refused.{refused.code}", **said)


@router.get("/emergency")
def page(visit: Visit = Depends(takes)) -> Response:
    """What runs, what is to be reviewed, and the form to take a role."""
    return _page(visit)


def span_words(visit: Visit, minutes: int) -> str:
    """So long, in hours where they are whole."""
    if minutes % 60:
        return visit.t("emergency.minutes", n=minutes)
    return visit.t("emergency.hours", n=minutes // 60)


def _page(visit: Visit, errors: tuple[FieldError, ...] = (), kept: Mapping[str, str] | None = None) -> Response:
    above = stands_above(visit)
    before = whole(visit.request.query_params.get("before"))
    with visit.reading() as connection:
        running = emergency.running(connection, visit.now)
        unreviewed = emergency.unreviewed(connection, visit.now) if above else ()
        past = emergency.emergencies(connection, before, PAGE + 1) if above else ()
        directory = visit.services.books.directory(connection)
    longest = emergency.seconds_max(visit.services.scheme) // 60
    return render(
        visit,
        "emergency/emergency.html",
        errors=errors,
        kept=kept,
        running=running,
        unreviewed=unreviewed,
        past=past[:PAGE],
        older=past[PAGE - 1].id if len(past) > PAGE else None,
        above=above,
        own=next((one for one in running if one.person == visit.subject.person), None),
        directory=directory,
        role_choices=[(role.value, visit.t(f"role.{role.value}")) for role in ROLES],
        units=unit_choices(visit, directory),
        minute_choices=[(minutes, span_words(visit, minutes)) for minutes in DURATIONS if minutes <= longest]
        or [(longest, span_words(visit, longest))],
    )


@router.get("/emergency/{number}")
def one(number: int, visit: Visit = Depends(takes)) -> Response:
    """One emergency, with every act entered under it: for who had it, confirmed it, or reviews it. Raises NotFound."""
    return _one_page(visit, number)


def _one_page(visit: Visit, number: int, errors: tuple[FieldError, ...] = (), form: Form | None = None) -> Response:
    me = visit.subject.person
    with visit.reading() as connection:
        found = emergency.emergency(connection, number)
        if not stands_above(visit) and me not in (found.person, found.confirmed_by):
            raise NotFound
        done = queries.acts_by(connection, visit.subject, found.person, found.from_at, found.over_at)
        directory = visit.services.books.directory(connection)
    lasts = found.runs(visit.now)
    return render(
        visit,
        "emergency/one.html",
        errors=errors,
        kept=form.kept() if form else None,
        one=found,
        lasts=lasts,
        done=done,
        directory=directory,
        ends=lasts and (me == found.person or stands_above(visit)),
        reviewing=not lasts
        and found.reviewed_at is None
        and stands_above(visit)
        and me not in (found.person, found.confirmed_by),
    )


def second_person(visit: Visit, number: str, password: str, code: str = "") -> int:
    """Who confirms at this desk, by number and password. Raises Unfit."""
    if not number:
        raise Unfit([visit.error("second_number", "emergency.second_needed")])
    if not password:
        raise Unfit([visit.error("second_password", "emergency.second_password")])
    try:
        return sign_in_of(visit.request).cosign(visit.session, number, password, visit.now, code=code, each_time=True)
    except TooManyAttempts as wait:
        raise Unfit([visit.error("second_password", "signin.wait", seconds=wait.wait_seconds)]) from wait
    except CodeNeeded as needed:
        raise Unfit([visit.error("second_code", "emergency.second_code")]) from needed
    except (SignInFailed, CodeWrong) as failed:
        raise Unfit([visit.error("second_password", "emergency.second_wrong")]) from failed
    except SamePerson as same:
        raise Unfit([visit.error("second_number", "emergency.refused.same_person")]) from same


def take(visit: Visit, role: Role, unit: int, minutes: int, reason: str, confirmed_by: int) -> Emergency:
    """Take a role, and shout. Raises EmergencyRefused."""
    with visit.services.database.writing() as connection:
        begun = emergency.begin(
            connection,
            visit.services.scheme,
            person=visit.subject.person,
            role=role,
            unit=unit,
            seconds=minutes * 60,
            reason=reason[:REASON_MAX],
            confirmed_by=confirmed_by,
            now=visit.now,
            address=address_of(visit.request),
        )
        told = {person for above in CONFIRMERS for person, _unit in accounts.holders(connection, above)}
        notices.tell_emergency(connection, begun.id, told, visit.now)
    visit.services.bulletin.publish("inbox")
    return begun


@router.post("/emergency")
def begin(visit: Visit = Depends(takes), form: Form = Depends(posted)) -> Response:
    """Take a role for some hours: both persons confirm who they are."""
    unit, minutes, reason = form.number("unit"), form.number("minutes"), form.text("reason")
    role = next((role for role in ROLES if role.value == form.text("role")), None)
    errors = [
        visit.error(name, f"emergency.refused.{name}")
        for name, value in (("role_needed", role), ("unit", unit), ("reason", reason))
        if not value
    ]
    try:
        if errors or role is None or unit is None:
            raise Unfit(FieldError(one.field.removesuffix("_needed"), one.message) for one in errors)
        sign(visit, form, "", each_time=True)
        second = second_person(
            visit, form.text("second_number"), form.secret("second_password"), form.text("second_code")
        )
        begun = take(visit, role, unit, minutes or 0, reason, second)
    except Unfit as unfit:
        return _page(visit, unfit.errors, form.kept())
    except EmergencyRefused as refused:
        return _page(visit, (FieldError("", refused_words(visit, refused)),), form.kept())
    return RedirectResponse(f"/emergency/{begun.id}", status_code=303)


@router.post("/emergency/{number}/end")
def end(number: int, visit: Visit = Depends(takes), form: Form = Depends(posted)) -> Response:
    """End it before its time. Raises NotFound."""
    try:
        with visit.services.database.writing() as connection:
            emergency.end(connection, number, visit.subject.person, visit.now, address_of(visit.request))
    except EmergencyRefused as refused:
        return _one_page(visit, number, (FieldError("", refused_words(visit, refused)),), form)
    return RedirectResponse("/emergency", status_code=303)


@router.post("/emergency/{number}/review")
def review(number: int, visit: Visit = Depends(reviews), form: Form = Depends(posted)) -> Response:
    """Say what the review found. Raises NotFound."""
    try:
        with visit.services.database.writing() as connection:
            emergency.review(
                connection,
                number,
                visit.subject.person,
                form.text("word")[:REASON_MAX],
                visit.now,
                address_of(visit.request),
            )
    except EmergencyRefused as refused:
        return _one_page(visit, number, (FieldError("word", refused_words(visit, refused)),), form)
    return RedirectResponse(f"/emergency/{number}", status_code=303)
