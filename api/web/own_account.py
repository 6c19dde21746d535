"""The own account: who one is here, pass-phrase and second factor, sessions, and the last times somebody signed in."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api import store
from api.forms import qr_code
from api.sessions import (
    PASSWORD_CHARACTERS_MIN,
    AccountKeyUnusable,
    Owner,
    TooManyAttempts,
    needs_factor,
    objection,
    own_particulars,
)
from api.sessions.factor import provisioning, spelled
from api.store import Session
from api.web.door import give_token
from api.web.render import YEAR_SECONDS, render
from api.web.visit import (
    KEYS_COOKIE,
    FieldError,
    Form,
    Unfit,
    Visit,
    barely_posted,
    barely_signed_in,
    needs,
    posted,
    sign,
    sign_in_of,
    signed_in,
)
from custody.access import Permission
from custody.rules import NotFound
from custody.store import accounts, audit, credentials

router = APIRouter(include_in_schema=False)
administers = needs(Permission.MANAGE_ACCOUNTS, Permission.APPROVE_ACCOUNTS)
TOLD = ("signed_in", "sign_in_failed", "credential_set", "credential_removed", "recovery_used", "session_ended")
"""What a person is shown of the audit log about the own account."""
TOLD_MAX = 12


@router.get("/me")
def me(visit: Visit = Depends(signed_in)) -> Response:
    """The own account: roles, second factor, sessions, who signed in lately, shortcuts."""
    person = visit.subject.person
    with visit.services.database.reading() as connection:
        sessions = store.sessions_of(connection, person)
        told = audit.events(connection, kinds=TOLD, about=person, limit=TOLD_MAX)
        factor = credentials.totp(connection, person)
    scheme = visit.services.scheme
    level = next((level for level in scheme.levels if level.rank == visit.subject.clearance_rank), None)
    return render(
        visit,
        "me/me.html",
        sessions=sessions,
        told=told,
        factor=factor,
        clearance=level.code if level else "",
        idle_minutes=scheme.number("session_idle_seconds") // 60,
        absolute_hours=scheme.number("session_absolute_seconds") // 3600,
    )


@router.post("/me/sessions/end")
def end_one(visit: Visit = Depends(signed_in), form: Form = Depends(posted)) -> Response:
    """End one of the own sessions, or all but this; another person's number changes nothing."""
    person, this = visit.subject.person, visit.session.token_hash
    with visit.services.database.writing() as connection:
        if form.text("session") == "others":
            store.end_sessions(connection, person, but=this, at=visit.now, by=person, how="own")
        elif store.end_session(connection, person, form.text("session")):
            audit.note(
                connection, "session_ended", visit.now, by=person, about=person, detail={"how": "own", "sessions": 1}
            )
    return RedirectResponse("/me", status_code=303)


@router.post("/accounts/{person}/sessions/end")
def end_anothers(person: int, visit: Visit = Depends(administers), _form: Form = Depends(posted)) -> Response:
    """An administrator ends all sessions of an account, and takes none of them over."""
    with visit.services.database.writing() as connection:
        accounts.by_person(connection, person)
        store.end_sessions(connection, person, at=visit.now, by=visit.subject.person, how="administrator")
    return RedirectResponse(f"/accounts/{person}", status_code=303)


@router.get("/me/password")
def password_page(visit: Visit = Depends(barely_signed_in)) -> Response:
    """Ask for a new pass-phrase."""
    return render(visit, "me/password.html", shortest=PASSWORD_CHARACTERS_MIN)


def owner_of(visit: Visit) -> Owner:
    """What anybody in the house knows of the visitor."""
    with visit.services.database.reading() as connection:
        directory = visit.services.books.directory(connection)
    return own_particulars(visit.person, visit.services.scheme, directory)


@router.post("/me/password")
def change_password(visit: Visit = Depends(barely_signed_in), form: Form = Depends(barely_posted)) -> Response:
    """A new pass-phrase: only its owner ever chooses it, and confirms the old one."""
    new, door = form.secret("new"), sign_in_of(visit.request)
    errors: list[FieldError] = []
    if against := objection(new, owner_of(visit)):
        errors.append(visit.error("new", f"password.{against}", n=PASSWORD_CHARACTERS_MIN))
    elif door.is_present(visit.subject.person, new):
        errors.append(visit.error("new", "password.same"))
    if new != form.secret("again"):
        errors.append(visit.error("again", "password.differs"))
    try:
        if not errors:
            # Who has just come in with a one-time secret has confirmed it by that.
            sign(visit, form, "", each_time=visit.session.must != "password")
    except Unfit as unfit:
        errors += unfit.errors
    if errors:
        return render(visit, "me/password.html", shortest=PASSWORD_CHARACTERS_MIN, errors=tuple(errors))
    return _renewed(
        visit, RedirectResponse("/me", status_code=303), door.change_password(visit.session, new, visit.now)
    )


def _renewed(visit: Visit, response: Response, made: tuple[str, Session]) -> Response:
    """The answer, with the session's new token."""
    token, session = made
    give_token(visit.request, response, token, session, visit.now)
    return response


@router.get("/me/second-factor")
def factor_page(visit: Visit = Depends(barely_signed_in)) -> Response:
    """The second factor: since when, how many recovery codes are left; setting up, changing, giving up."""
    return _draw_factor(visit)


def _draw_factor(visit: Visit, errors: Sequence[FieldError] = ()) -> Response:
    person = visit.subject.person
    with visit.services.database.reading() as connection:
        factor = credentials.totp(connection, person)
        left = credentials.recovery(connection, person)
        family = accounts.by_person(connection, person).family
    needed = needs_factor(visit.services.scheme, family)
    return render(visit, "me/factor.html", factor=factor, recovery=left, needed=needed, errors=tuple(errors))


def _draw_begun(visit: Visit, secret: str, errors: Sequence[FieldError] = ()) -> Response:
    scheme = visit.services.scheme
    issuer = scheme.organisation_zh if visit.language == "zh" else scheme.organisation_en
    drawn = qr_code(provisioning(secret, visit.person.number, issuer))
    return render(visit, "me/factor_begun.html", qr=drawn, secret=spelled(secret), errors=tuple(errors))


def _confirmed(visit: Visit, form: Form) -> None:
    """Identity, before a second factor is touched: with its code where there is one. Raises Unfit."""
    sign(visit, form, "", each_time=visit.session.means != "password")


@router.post("/me/second-factor/begin")
def begin_factor(visit: Visit = Depends(barely_signed_in), form: Form = Depends(barely_posted)) -> Response:
    """A new secret, shown on this page and nowhere else; in use when its first code was entered."""
    try:
        _after_the_password(visit)
        _confirmed(visit, form)
        secret = sign_in_of(visit.request).begin_factor(visit.subject.person, visit.now)
    except Unfit as unfit:
        return _draw_factor(visit, unfit.errors)
    except AccountKeyUnusable:
        return _draw_factor(visit, (visit.error("", "factor.no_key"),))
    return _draw_begun(visit, secret)


def _after_the_password(visit: Visit) -> None:
    if visit.session.must == "password":
        raise Unfit([visit.error("", "errors.must_password.title")])


@router.post("/me/second-factor/confirm")
def confirm_factor(visit: Visit = Depends(barely_signed_in), form: Form = Depends(barely_posted)) -> Response:
    """The first code: the factor is in use, and the recovery codes are shown, once."""
    door, person = sign_in_of(visit.request), visit.subject.person
    try:
        _after_the_password(visit)
        secret = door.begun_factor(person)
        if not secret:
            raise Unfit([visit.error("", "factor.not_begun")])
        made = door.confirm_factor(visit.session, form.secret("code"), visit.now)
    except Unfit as unfit:
        return _draw_factor(visit, unfit.errors)
    except AccountKeyUnusable:
        return _draw_factor(visit, (visit.error("", "factor.no_key"),))
    except TooManyAttempts as wait:
        return _draw_begun(visit, secret, (visit.error("code", "signin.wait", seconds=wait.wait_seconds),))
    if made is None:
        return _draw_begun(visit, secret, (visit.error("code", "factor.code_wrong"),))
    token, session, codes = made
    # The page belongs to the new session: so does the token of its forms.
    return _renewed(visit, _draw_codes(replace(visit, session=session), codes), (token, session))


def _draw_codes(visit: Visit, codes: Sequence[str]) -> Response:
    return render(visit, "me/recovery.html", codes=codes)


def _changing(visit: Visit, form: Form, change: Callable[[], Response]) -> Response:
    """What changes a factor in use, after identity was confirmed with it."""
    with visit.services.database.reading() as connection:
        there = credentials.totp(connection, visit.subject.person) is not None
    if not there:
        raise NotFound
    try:
        _confirmed(visit, form)
    except Unfit as unfit:
        return _draw_factor(visit, unfit.errors)
    return change()


@router.post("/me/second-factor/codes")
def new_codes(visit: Visit = Depends(signed_in), form: Form = Depends(posted)) -> Response:
    """New recovery codes, shown once; those before are gone."""
    door = sign_in_of(visit.request)
    return _changing(visit, form, lambda: _draw_codes(visit, door.new_recovery_codes(visit.session, visit.now)))


@router.post("/me/second-factor/remove")
def remove_factor(visit: Visit = Depends(signed_in), form: Form = Depends(posted)) -> Response:
    """Do without a second factor, where the scheme lets one."""
    with visit.services.database.reading() as connection:
        family = accounts.by_person(connection, visit.subject.person).family
    if needs_factor(visit.services.scheme, family):
        return _draw_factor(visit, (visit.error("", "factor.needed"),))
    door = sign_in_of(visit.request)

    def removed() -> Response:
        made = door.remove_factor(visit.session, visit.now)
        return _renewed(visit, RedirectResponse("/me/second-factor", status_code=303), made)

    return _changing(visit, form, removed)


@router.post("/me/keys")
def keys(visit: Visit = Depends(signed_in), form: Form = Depends(posted)) -> Response:
    """Switch the single-key shortcuts on or off on this device."""
    response = RedirectResponse("/me", status_code=303)
    value = "off" if form.text("keys") == "off" else "on"
    secure = visit.request.url.scheme == "https"
    response.set_cookie(KEYS_COOKIE, value, max_age=YEAR_SECONDS, httponly=True, samesite="strict", secure=secure)
    return response
