"""Signing in and out, and who one is."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from api import store
from api.locale import translate
from api.problems import problem
from api.rest.asking import PREFIX, asks, changes
from api.sessions import SignInFailed, TooManyAttempts
from api.web.door import set_session_cookie
from api.web.visit import (
    Forged,
    Visit,
    address_of,
    asked_language,
    cookie_name,
    same_origin,
    services_of,
    sign_in_of,
)
from custody.values import SECOND

router = APIRouter(prefix=f"{PREFIX}/session", tags=["session"])


class SignInBody(BaseModel):
    """Staff number and password."""

    number: str = Field(max_length=100)
    password: str = Field(max_length=2000)


@router.post("", summary="Sign in: sets the session cookie and gives the token for unsafe methods")
def sign_in(body: SignInBody, request: Request) -> Response:
    """An unknown number and a wrong password get the same answer."""
    if not same_origin(request):
        raise Forged
    language, now, door = asked_language(request), services_of(request).clock(), sign_in_of(request)
    try:
        account = door.check(body.number, body.password, address_of(request), now)
    except SignInFailed:
        return problem(401, "sign_in_failed", translate(language, "signin.failed"))
    except TooManyAttempts as wait:
        title = translate(language, "signin.wait", seconds=wait.wait_seconds)
        return problem(429, "too_many_attempts", title, headers={"Retry-After": str(wait.wait_seconds)})
    token, session = door.open(account, address_of(request), request.headers.get("user-agent", ""), now)
    response = JSONResponse({"person": session.person, "csrf": session.csrf, "expires_at": session.expires_at})
    set_session_cookie(request, response, token, (session.expires_at - now) // SECOND)
    return response


@router.get("", summary="Who is signed in")
def who(visit: Visit = Depends(asks())) -> dict[str, Any]:
    """The person, the roles, and the token for unsafe methods."""
    return {
        "person": visit.subject.person,
        "name": visit.subject.name,
        "roles": sorted(role.value for role in visit.subject.roles),
        "csrf": visit.csrf,
        "expires_at": visit.session.expires_at,
    }


@router.delete("", summary="Sign out", status_code=204)
def sign_out(visit: Visit = Depends(changes())) -> Response:
    """End this session."""
    with visit.services.database.writing() as connection:
        store.end_session(connection, visit.subject.person, visit.session.token_hash)
    response = Response(status_code=204)
    response.delete_cookie(cookie_name(visit.request), path="/", secure=visit.request.url.scheme == "https")
    return response
