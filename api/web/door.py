"""The door: signing in and out, and confirming identity again."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi import Form as FormField
from starlette.responses import RedirectResponse, Response

from api.locale import translate
from api.sessions import CodeNeeded, CodeWrong, SecretExpired, SignInFailed, TooManyAttempts
from api.store import Session
from api.web.navigation import landing
from api.web.render import render, render_door
from api.web.visit import (
    FieldError,
    Forged,
    Form,
    NotSignedIn,
    Unfit,
    Visit,
    address_of,
    asked_language,
    barely_posted,
    barely_signed_in,
    cookie_name,
    local_address,
    posted,
    same_origin,
    services_of,
    sign,
    sign_in_of,
    signed_in,
)
from custody.access import Permission
from custody.values import SECOND, Instant

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
        return _draw(request, back)
    return RedirectResponse(local_address(back), status_code=303)


def _draw(request: Request, back: str, status: int = 200, *, wanted: bool = False, **more: Any) -> Response:
    """The page; `wanted`: the code of the second factor is asked for, whoever it is."""
    codes = wanted or services_of(request).scheme.second_factor != "none"
    names = {"back": local_address(back, ""), "codes": codes, "code_wanted": wanted}
    return render_door(request, "door/sign_in.html", status_code=status, **(names | more))


@router.post("/sign-in")
def sign_in(
    request: Request,
    back: str = "",
    number: str = FormField("", max_length=100),
    password: str = FormField("", max_length=2000),
    code: str = FormField("", max_length=100),
) -> Response:
    """Sign in. An unknown number and a wrong password get the same answer."""
    if not same_origin(request):
        raise Forged
    now, door, address = services_of(request).clock(), sign_in_of(request), address_of(request)

    def again(status: int, field: str, key: str, **blanks: int) -> Response:
        error = FieldError(field, translate(asked_language(request), key, **blanks))
        wanted = bool(code) or field == "code"
        return _draw(request, back, status, wanted=wanted, errors=(error,), kept={"number": number})

    try:
        known = door.check(number, password, address, now, code=code)
    except CodeNeeded:
        return again(401, "code", "signin.code_needed")
    except CodeWrong:
        return again(401, "code", "signin.code_wrong")
    except SecretExpired:
        return again(401, "password", "signin.secret_expired")
    except SignInFailed:
        return again(401, "number", "signin.failed")
    except TooManyAttempts as wait:
        return again(429, "number", "signin.wait", seconds=wait.wait_seconds)
    token, session = door.open(known, address, request.headers.get("user-agent", ""), now)
    response = RedirectResponse(local_address(back), status_code=303)
    give_token(request, response, token, session, now)
    return response


def give_token(request: Request, response: Response, token: str, session: Session, now: Instant) -> None:
    """Give the browser the token of its session, for as long as that lasts at most."""
    set_session_cookie(request, response, token, max(1, (session.expires_at - now) // SECOND))


def set_session_cookie(request: Request, response: Response, token: str, age_seconds: int) -> None:
    """Give the browser its token: unreadable to scripts, never sent from another site."""
    secure = request.url.scheme == "https"
    response.set_cookie(
        cookie_name(request), token, max_age=age_seconds, httponly=True, samesite="strict", secure=secure, path="/"
    )


@router.post("/sign-out")
def sign_out(visit: Visit = Depends(barely_signed_in), _form: Form = Depends(barely_posted)) -> Response:
    """End this session."""
    sign_in_of(visit.request).end(visit.session, visit.now)
    response = RedirectResponse("/sign-in", status_code=303)
    response.delete_cookie(cookie_name(visit.request), path="/", secure=visit.request.url.scheme == "https")
    if visit.may(Permission.SWEEP):
        # A device that swept forgets what it kept for that; its own script has done so, where it could.
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
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
