"""The system as its administrator sees it: the certificate, what browsers held back, how much may be asked.

A browser that holds something back under the content policy reports it to this origin. Nothing of its words is kept:
directive and kind of thing are taken from closed lists, the page is the template of its address. Each is noted once a
day, and at most `REPORTS_A_DAY` in all, whoever sends what.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.certificates import WARN_DAYS, CertificateError, days_left, instant_of, names_of, read_certificate
from api.headers import REPORTS
from api.limits import Limits
from api.services import Services
from api.web.render import render
from api.web.visit import Forged, Visit, needs, same_origin, services_of
from custody.access import Permission
from custody.store import audit
from custody.values import DAY, Instant

router = APIRouter(include_in_schema=False)
administers = needs(Permission.MANAGE_READERS)
KIND = "csp_report"
REPORTS_A_DAY = 100
REPORTS_IN_ONE_MAX = 20
MEDIA_TYPES = ("application/csp-report", "application/reports+json")
_SOURCES = ("default", "style", "script", "img", "connect", "font", "frame", "manifest", "media", "object", "worker")
DIRECTIVES = frozenset(f"{name}-src{part}" for name in _SOURCES for part in ("", "-elem", "-attr")) | {
    "form-action",
    "base-uri",
    "frame-ancestors",
}
BLOCKED = ("inline", "eval", "data", "blob", "own", "extension", "other")
_EXTENSION = re.compile(r"(?:chrome|moz|safari-web|ms-browser)-extension")


@dataclass(frozen=True, slots=True)
class Held:
    """Something that a browser held back; `page` is a template, `line` 0 where it is not known."""

    directive: str
    blocked: str
    page: str
    line: int

    def detail(self) -> dict[str, str | int | bool | None]:
        """As the audit log keeps it."""
        return {"directive": self.directive, "blocked": self.blocked, "page": self.page, "line": self.line}


def read_reports(document: Any, own_host: str, pages: Iterable[str]) -> list[Held]:
    """What a body of either kind reports, the known parts of it. Raises ValueError where it reports nothing."""
    listed = document if isinstance(document, list) else [document]
    found = [_held(body, own_host, pages) for body in _bodies(listed[:REPORTS_IN_ONE_MAX])]
    if not found:
        raise ValueError("no report of a content policy")
    return found


def _bodies(listed: list[Any]) -> Iterator[Mapping[str, Any]]:
    for one in listed:
        body = one.get("csp-report", one.get("body")) if isinstance(one, dict) else None
        if isinstance(body, dict) and one.get("type", "csp-violation") == "csp-violation":
            yield body


def _held(body: Mapping[str, Any], own_host: str, pages: Iterable[str]) -> Held:
    directive = str(body.get("effective-directive") or body.get("effectiveDirective") or "")
    if not directive:
        directive = str(body.get("violated-directive") or "").partition(" ")[0]
    blocked = str(body.get("blocked-uri") or body.get("blockedURL") or "")
    document = str(body.get("document-uri") or body.get("documentURL") or "")
    line = body.get("line-number", body.get("lineNumber"))
    return Held(
        directive if directive in DIRECTIVES else "other",
        _kind_of(blocked, own_host),
        template_of(_parts(document)[1], pages),
        line if isinstance(line, int) and not isinstance(line, bool) and 0 <= line < 1_000_000 else 0,
    )


def _parts(address: str) -> tuple[str, str, str]:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", "", ""
    return parts.scheme, parts.path, parts.netloc


def _kind_of(blocked: str, own_host: str) -> str:
    if blocked in ("inline", "eval", "data", "blob"):
        return blocked
    scheme, _path, host = _parts(blocked)
    if _EXTENSION.fullmatch(scheme):
        return "extension"
    if scheme in ("data", "blob"):
        return scheme
    return "own" if host and host == own_host else "other"


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in _split(template)))


def _split(template: str) -> list[str]:
    return re.split(r"(\{[^}]*\})", template)


def template_of(path: str, pages: Iterable[str]) -> str:
    """The template that an address belongs to; `other` where it is none of ours."""
    fitting = (page for page in pages if _pattern(page).fullmatch(path))
    # Of several the one with the fewest blanks: /carriers/{a}/descent before /carriers/{a}/{b}.
    return min(fitting, key=lambda page: (page.count("{"), page), default="other")


def note_reports(services: Services, held: Iterable[Held]) -> int:
    """Keep what is new today, within the day's bound; gives how many were kept."""
    now = services.clock()
    kept = 0
    with services.database.writing() as connection:
        last = audit.events(connection, kinds=(KIND,), limit=REPORTS_A_DAY)
        today = [event for event in last if event.at > now - DAY]
        known = {json.dumps(dict(event.detail), sort_keys=True) for event in today}
        for one in held:
            said = json.dumps(one.detail(), sort_keys=True)
            if said in known or len(today) + kept >= REPORTS_A_DAY:
                continue
            known.add(said)
            audit.note(connection, KIND, now, detail=one.detail())
            kept += 1
    return kept


@router.post(REPORTS)
async def report(request: Request) -> Response:
    """Open to every browser that has one of our pages before it, signed in or not. Raises Forged."""
    if not same_origin(request):
        raise Forged
    if request.headers.get("content-type", "").partition(";")[0].strip() not in MEDIA_TYPES:
        raise HTTPException(415)
    try:
        document = json.loads(await request.body())
        held = read_reports(document, request.headers.get("host", ""), request.app.state.served)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400) from error
    await run_in_threadpool(note_reports, services_of(request), held)
    return Response(status_code=204)


@dataclass(frozen=True, slots=True)
class Certified:
    """The certificate that is served. `state`: ok, due, bad."""

    names: tuple[str, ...]
    until: Instant
    days: int
    state: str


def certified(services: Services, now: Instant) -> Certified | None:
    """What is served; None without TLS of the server's own, or where the file is there no more."""
    if services.certificate is None:
        return None
    try:
        found = read_certificate(services.certificate.read_bytes())
    except (CertificateError, OSError):
        return None
    left = days_left(found, now)
    state = "bad" if left < 0 else "due" if left < WARN_DAYS else "ok"
    return Certified(tuple(names_of(found)), instant_of(found.not_valid_after_utc), left, state)


@router.get("/system")
def system_page(visit: Visit = Depends(administers)) -> Response:
    """The page. It shows no business data."""
    services = visit.services
    with services.database.reading() as connection:
        events = audit.events(connection, kinds=(KIND,), limit=REPORTS_A_DAY)
    limits = services.limits or Limits()
    return render(
        visit,
        "system/page.html",
        certificate=certified(services, visit.now),
        protected=visit.request.url.scheme == "https",
        reports=events,
        rates=limits.rates,
        addresses=limits.addresses,
        refused=limits.refused,
        bounded=services.limits is not None,
    )
