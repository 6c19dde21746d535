"""What could not be answered, drawn as a page, or as a problem for machines (addresses under /api/)."""

import logging
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.locale import translate
from api.logs import request_number
from api.problems import problem
from api.web.refusals import refusal_words
from api.web.render import render, render_door
from api.web.visit import (
    COOKIE,
    COOKIE_SECURE,
    ConfirmationNeeded,
    Forbidden,
    Forged,
    MustFirst,
    NotSignedIn,
    Unfit,
    Visit,
    asked_language,
    services_of,
)
from custody.database import DatabaseAway, StorageFull
from custody.rules import NotFound, Refused

log = logging.getLogger(__name__)


def for_machines(request: Request) -> bool:
    """Whether the answer is read by a program."""
    return request.url.path.startswith("/api/")


def error_page(request: Request, status: int, key: str, **context: Any) -> Response:
    """The page `errors.<key>.title` / `.text`, in the shell where the visitor is signed in."""
    visit: Visit | None = getattr(request.state, "visit", None)
    if visit is not None:
        # The help does not lead back here: what is hidden and what is absent are the same page.
        return render(visit, "error.html", status_code=status, key=key, failed=True, **({"detail": ""} | context))
    return render_door(request, "error_door.html", status_code=status, key=key, **({"detail": ""} | context))


def _words(request: Request, key: str) -> str:
    return translate(asked_language(request), key)


def _answer(request: Request, status: int, key: str, detail: str = "") -> Response:
    if for_machines(request):
        title = _words(request, f"errors.{key}.title")
        return problem(status, key, title, detail or _words(request, f"errors.{key}.text"))
    return error_page(request, status, key, detail=detail)


def _not_signed_in(request: Request, _error: Exception) -> Response:
    if for_machines(request):
        return _answer(request, 401, "not_signed_in")
    address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = f"?back={quote(address)}" if request.method == "GET" and address != "/" else ""
    response = RedirectResponse(f"/sign-in{back}", status_code=303)
    for cookie in (COOKIE, COOKIE_SECURE):
        if cookie in request.cookies:
            response.delete_cookie(cookie, secure=cookie == COOKIE_SECURE)
    return response


_FIRST = {"password": "/me/password", "factor": "/me/second-factor"}
"""Where one is led who must do something before anything else."""


def _must_first(request: Request, error: Exception) -> Response:
    what = error.what if isinstance(error, MustFirst) else "password"
    if for_machines(request):
        return _answer(request, 403, f"must_{what}")
    return RedirectResponse(_FIRST[what], status_code=303)


def _forbidden(request: Request, error: Exception) -> Response:
    permission = error.permission.value if isinstance(error, Forbidden) else ""
    detail = translate(_language(request), "errors.forbidden.missing", permission=_permission(request, permission))
    return _answer(request, 403, "forbidden", detail)


def _language(request: Request) -> str:
    visit: Visit | None = getattr(request.state, "visit", None)
    return visit.language if visit else asked_language(request)


def _permission(request: Request, permission: str) -> str:
    return translate(_language(request), f"permission.{permission}")


def _forged(request: Request, _error: Exception) -> Response:
    return _answer(request, 403, "forged")


def _not_found(request: Request, _error: Exception) -> Response:
    return _answer(request, 404, "not_found")


def _confirmation(request: Request, error: Exception) -> Response:
    if for_machines(request):
        return _answer(request, 403, "confirmation_needed")
    back = error.back if isinstance(error, ConfirmationNeeded) else "/"
    return RedirectResponse(f"/confirm?back={quote(back)}", status_code=303)


def _refused(request: Request, error: Exception) -> Response:
    """The stop behind every act: a page that has no better place for refusals shows them here."""
    assert isinstance(error, Refused)
    if not for_machines(request):
        return error_page(request, 409, "refused", refusals=error.refusals)
    language, scheme = _language(request), services_of(request).scheme

    def t(key: str, /, **params: str | int) -> str:
        return translate(language, key, **params)

    at = getattr(error, "at", None)
    shown = [(refusal, refusal_words(refusal, t, scheme, language)) for refusal in error.refusals]
    errors = [
        {
            "clause": refusal.clause,
            "code": refusal.code,
            "params": dict(refusal.params),
            "message": text.message,
            "way_out": text.way_out,
            "at": at,
        }
        for refusal, text in shown
    ]
    detail = " ".join(text.message for _, text in shown)
    return problem(409, "refused", _words(request, "errors.refused.title"), detail, errors)


def _storage_full(request: Request, error: Exception) -> Response:
    """The disk takes nothing more: the person is told, and the reason stands in the log for the administrator."""
    log.error("the disk takes nothing more", exc_info=error, extra=_numbered(request, "storage_full"))
    return _answer(request, 503, "storage_full")


def _database_away(request: Request, error: Exception) -> Response:
    """The database does not answer: nothing is promised about what was asked."""
    log.error("the database does not answer", exc_info=error, extra=_numbered(request, "database_away"))
    return _answer(request, 503, "database_away")


def unrecorded_answer(request: Request, error: Exception) -> Response:
    """The answer where it could not be put on record who sees what: nothing is shown."""
    if isinstance(error, StorageFull):
        return _storage_full(request, error)
    if isinstance(error, DatabaseAway):
        return _database_away(request, error)
    log.error("who saw what could not be put on record", exc_info=error, extra=_numbered(request, "unrecorded"))
    return _answer(request, 503, "unrecorded")


def _unfit(request: Request, error: Exception) -> Response:
    assert isinstance(error, Unfit)
    fields = [{"field": item.field, "message": item.message} for item in error.errors]
    if for_machines(request):
        return problem(422, "invalid", _words(request, "errors.invalid.title"), str(error), fields)
    return error_page(request, 422, "invalid", detail=" ".join(item.message for item in error.errors))


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # The values sent are left out: they may be titles or passwords, and answers are logged by clients.
    fields = [{"field": ".".join(str(part) for part in item["loc"]), "message": item["msg"]} for item in error.errors()]
    if for_machines(request):
        return problem(422, "invalid", _words(request, "errors.invalid.title"), "", fields)
    return error_page(request, 404 if request.method == "GET" else 422, "not_found")


_BY_STATUS = {
    401: "not_signed_in",
    404: "not_found",
    405: "method",
    408: "too_slow",
    413: "too_large",
    400: "invalid",
    429: "too_many",
}


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    key = _BY_STATUS.get(error.status_code, "broken" if error.status_code >= 500 else "invalid")
    response = _answer(request, error.status_code, key)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


def _numbered(request: Request, event: str) -> dict[str, str]:
    return {"event": event, "request": request_number(request.scope)}


def too_many(wait_seconds: int) -> ASGIApp:
    """The answer to a request that came too soon, before anything else is asked about it."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        words = translate(asked_language(request), "errors.too_many.wait", seconds=wait_seconds)
        response = _answer(request, 429, "too_many", words)
        response.headers["Retry-After"] = str(wait_seconds)
        await response(scope, receive, send)

    return answer


async def broken(scope: Scope, receive: Receive, send: Send, number: str) -> None:
    """The answer where the application itself broke; `number` finds the reason in the log."""
    request = Request(scope, receive)
    detail = translate(asked_language(request), "errors.broken.number", number=number)
    await _answer(request, 500, "broken", detail)(scope, receive, send)


def add_error_pages(app: FastAPI) -> None:
    """Make the application answer with these."""
    for kind, handler in (
        (NotSignedIn, _not_signed_in),
        (MustFirst, _must_first),
        (Forbidden, _forbidden),
        (Forged, _forged),
        (NotFound, _not_found),
        # A number that no identifier can have: SQLite's driver refuses what has more than 64 bits.
        (OverflowError, _not_found),
        (ConfirmationNeeded, _confirmation),
        (Refused, _refused),
        (StorageFull, _storage_full),
        (DatabaseAway, _database_away),
        (Unfit, _unfit),
        (RequestValidationError, _invalid),
        (HTTPException, _http),
    ):
        app.add_exception_handler(kind, handler)
