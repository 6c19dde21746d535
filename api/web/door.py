"""The door: signing in and out, the own account with its sessions, and confirming identity again."""

from fastapi import APIRouter, Depends, Request
from fastapi import Form as FormField
from starlette.responses import RedirectResponse, Response

from api import store
from api.locale import translate
from api.sessions import PASSWORD_CHARACTERS_MAX, PASSWORD_CHARACTERS_MIN, SignInFailed, TooManyAttempts
from api.web.navigation import landing
from api.web.render import YEAR_SECONDS, render, render_door
from api.web.visit import (
    KEYS_COOKIE,
    FieldError,
    Forged,
    Form,
    NotSignedIn,
    Unfit,
    Visit,
    address_of,
    asked_language,
    cookie_name,
    local_address,
    posted,
    same_origin,
    services_of,
    sign,
    sign_in_of,
    signed_in,
)
from custody.values import SECOND

router = APIRouter(include_in_schema=False)


@router.get("/")
def home(visit: Visit = Depends(signed_in)) -> Response:
    """To the first page that the roles open."""
    return RedirectResponse(landing(visit, visit.request.app.state.served), status_code=303)


@router.get("/sign-in")
def sign_in_page(request: Request, back: str = "") -> Response:
    """The sign-in page; those already signed in go on."""
    try:
        signed_in(request)
    except NotSignedIn:
        return render_door(request, "door/sign_in.html", back=local_address(back, ""))
    return RedirectResponse(local_address(back), status_code=303)


@router.post("/sign-in")
def sign_in(
    request: Request,
    back: str = "",
    number: str = FormField("", max_length=100),
    password: str = FormField("", max_length=2000),
) -> Response:
    """Sign in. An unknown number and a wrong password get the same answer."""
    if not same_origin(request):
        raise Forged
    now, door = services_of(request).clock(), sign_in_of(request)
    language = asked_language(request)
    try:
        account = door.check(number, password, address_of(request), now)
    except SignInFailed:
        error, status = translate(language, "signin.failed"), 401
    except TooManyAttempts as wait:
        error, status = translate(language, "signin.wait", seconds=wait.wait_seconds), 429
    else:
        token, session = door.open(account, address_of(request), request.headers.get("user-agent", ""), now)
        response = RedirectResponse(local_address(back), status_code=303)
        set_session_cookie(request, response, token, (session.expires_at - now) // SECOND)
        return response
    return render_door(
        request,
        "door/sign_in.html",
        status_code=status,
        back=local_address(back, ""),
        errors=(FieldError("number", error),),
        kept={"number": number},
    )


def set_session_cookie(request: Request, response: Response, token: str, age_seconds: int) -> None:
    """Give the browser its token: unreadable to scripts, never sent from another site."""
    secure = request.url.scheme == "https"
    response.set_cookie(
        cookie_name(request), token, max_age=age_seconds, httponly=True, samesite="strict", secure=secure, path="/"
    )


@router.post("/sign-out")
def sign_out(visit: Visit = Depends(signed_in), _form: Form = Depends(posted)) -> Response:
    """End this session."""
    with visit.services.database.writing() as connection:
        store.end_session(connection, visit.subject.person, visit.session.token_hash)
    response = RedirectResponse("/sign-in", status_code=303)
    response.delete_cookie(cookie_name(visit.request), path="/", secure=visit.request.url.scheme == "https")
    return response


@router.get("/me")
def me(visit: Visit = Depends(signed_in)) -> Response:
    """The own account: roles, sessions, shortcuts."""
    with visit.services.database.reading() as connection:
        sessions = store.sessions_of(connection, visit.subject.person)
    scheme = visit.services.scheme
    level = next((level for level in scheme.levels if level.rank == visit.subject.clearance_rank), None)
    return render(
        visit,
        "me/me.html",
        sessions=sessions,
        clearance=level.code if level else "",
        idle_minutes=scheme.number("session_idle_seconds") // 60,
        absolute_hours=scheme.number("session_absolute_seconds") // 3600,
    )


@router.post("/me/sessions/end")
def end_one(visit: Visit = Depends(signed_in), form: Form = Depends(posted)) -> Response:
    """End one of the own sessions; another person's number changes nothing."""
    with visit.services.database.writing() as connection:
        store.end_session(connection, visit.subject.person, form.text("session"))
    return RedirectResponse("/me", status_code=303)


@router.get("/me/password")
def password_page(visit: Visit = Depends(signed_in)) -> Response:
    """Ask for a new password."""
    return render(visit, "me/password.html", shortest=PASSWORD_CHARACTERS_MIN)


@router.post("/me/password")
def change_password(visit: Visit = Depends(signed_in), form: Form = Depends(posted)) -> Response:
    """A new password: only its owner ever chooses it, and confirms the old one."""
    new = form.secret("new")
    errors: list[FieldError] = []
    if not PASSWORD_CHARACTERS_MIN <= len(new) <= PASSWORD_CHARACTERS_MAX:
        errors.append(visit.error("new", "password.length", n=PASSWORD_CHARACTERS_MIN))
    elif new.casefold() in {visit.person.number.casefold(), form.secret("password").casefold()}:
        errors.append(visit.error("new", "password.same"))
    if new != form.secret("again"):
        errors.append(visit.error("again", "password.differs"))
    try:
        if not errors:
            sign(visit, form, "", each_time=True)
    except Unfit as unfit:
        errors += unfit.errors
    if errors:
        return render(visit, "me/password.html", shortest=PASSWORD_CHARACTERS_MIN, errors=tuple(errors))
    sign_in_of(visit.request).change_password(visit.session, new)
    return RedirectResponse("/me", status_code=303)


@router.post("/me/keys")
def keys(visit: Visit = Depends(signed_in), form: Form = Depends(posted)) -> Response:
    """Switch the single-key shortcuts on or off on this device."""
    response = RedirectResponse("/me", status_code=303)
    value = "off" if form.text("keys") == "off" else "on"
    secure = visit.request.url.scheme == "https"
    response.set_cookie(KEYS_COOKIE, value, max_age=YEAR_SECONDS, httponly=True, samesite="strict", secure=secure)
    return response


@router.get("/confirm")
def confirm_page(back: str = "/", visit: Visit = Depends(signed_in)) -> Response:
    """Ask for the password again, then go on."""
    return render(visit, "me/confirm.html", back=local_address(back))


@router.post("/confirm")
def confirm(back: str = "/", visit: Visit = Depends(signed_in), form: Form = Depends(posted)) -> Response:
    """Identity confirmed again: it holds for the configured time."""
    try:
        sign(visit, form, "", each_time=True)
    except Unfit as unfit:
        return render(visit, "me/confirm.html", back=local_address(back), errors=unfit.errors)
    return RedirectResponse(local_address(back), status_code=303)
