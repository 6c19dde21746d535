"""Signing in and out, and who one is."""

from typing import Any

from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from api.locale import translate
from api.problems import problem
from api.rest.asking import PREFIX, asks
from api.sessions import CodeNeeded, CodeWrong, SecretExpired, SignInFailed, TooManyAttempts
from api.web.door import give_token
from api.web.visit import (
    Forged,
    Visit,
    address_of,
    asked_language,
    barely_signed_in,
    cookie_name,
    genuine,
    same_origin,
    services_of,
    sign_in_of,
)

router = APIRouter(prefix=f"{PREFIX}/session", tags=["session"])


class SignInBody(BaseModel):
    """Staff number, password, and the code of who has a second factor."""

    number: str = Field(max_length=100)
    password: str = Field(max_length=2000)
    code: str = Field("", max_length=100, description="of the second factor, or a recovery code")


@router.post("", summary="Sign in: sets the session cookie and gives the token for unsafe methods")
def sign_in(body: SignInBody, request: Request) -> Response:
    """An unknown number and a wrong password get the same answer."""
    if not same_origin(request):
        raise Forged
    language, now, door = asked_language(request), services_of(request).clock(), sign_in_of(request)
    try:
        known = door.check(body.number, body.password, address_of(request), now, code=body.code)
    except CodeNeeded:
        return problem(401, "code_needed", translate(language, "signin.code_needed"))
    except CodeWrong:
        return problem(401, "code_wrong", translate(language, "signin.code_wrong"))
    except SecretExpired:
        return problem(401, "secret_expired", translate(language, "signin.secret_expired"))
    except SignInFailed:
        return problem(401, "sign_in_failed", translate(language, "signin.failed"))
    except TooManyAttempts as wait:
        title = translate(language, "signin.wait", seconds=wait.wait_seconds)
        return problem(429, "too_many_attempts", title, headers={"Retry-After": str(wait.wait_seconds)})
    token, session = door.open(known, address_of(request), request.headers.get("user-agent", ""), now)
    answer = {"person": session.person, "csrf": session.csrf, "expires_at": session.expires_at, "must": session.must}
    response = JSONResponse(answer)
    give_token(request, response, token, session, now)
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
def sign_out(visit: Visit = Depends(barely_signed_in), x_csrf_token: str = Header("")) -> Response:
    """End this session."""
    if not same_origin(visit.request) or not genuine(visit, x_csrf_token):
        raise Forged
    sign_in_of(visit.request).end(visit.session, visit.now)
    response = Response(status_code=204)
    response.delete_cookie(cookie_name(visit.request), path="/", secure=visit.request.url.scheme == "https")
    return response
