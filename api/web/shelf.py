"""At the shelf: a sweep begun by scanning the shelf, the page that opens without a network, what could not be
delivered, and leaving the device.

What a device keeps are numbers and codes, never a title; it forgets them when its person signs out.
"""

import json
from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from api.acts.codes import split_codes
from api.web import words
from api.web.render import STATIC, render, static, url
from api.web.rounds import DEVICE, EYE_REASONS, draw_list, sees, sweeps_only
from api.web.shelf_events import Handed, events_in
from api.web.visit import FieldError, Form, Visit, posted
from custody import clock
from custody.rules import NotFound, Refused
from custody.store import queries
from reconcile import rounds as sweeps
from reconcile.rounds import Terms
from reconcile.store import hand_overs as store

router = APIRouter(include_in_schema=False)
FILE_BYTES_MAX = 8_000_000
WAITING_MAX, SETTLED_MAX = 200, 30
_SCRIPTS = ("sweep", "live", "scanning", "kept", "outbox", "sheet", "sheet_drawn", "words")
_STYLES = ("tokens", "base", "sweep")


class OfRound(Handed):
    """What a file has of one sweep."""

    round: str = Field(min_length=1, max_length=40)


class Brought(BaseModel):
    """A file that a device saved because it could not deliver."""

    kind: str = Field(pattern="^custody-sweep$")
    version: int = Field(ge=1, le=1)
    device: str = Field("", max_length=10)
    rounds: list[OfRound] = Field(min_length=1, max_length=100)


@router.get("/sw.js")
def service_worker() -> Response:
    """The service worker of the sweep: with the files that its page needs, under the version that they have."""
    files = [f"/static/js/{name}.js" for name in _SCRIPTS]
    files += [static("js/sweep.js"), static("icon.svg"), *(static(f"css/{name}.css") for name in _STYLES)]
    head = f"const VERSION = {json.dumps(words.static_version(STATIC))};\nconst FILES = {json.dumps(files)};\n"
    return Response(
        head + (STATIC / "js" / "sw.js").read_text(encoding="utf-8"),
        media_type="text/javascript",
        headers={"Cache-Control": "no-cache", "Service-Worker-Allowed": "/rounds"},
    )


@router.get("/rounds/shell")
def shell_page(visit: Visit = Depends(sweeps_only)) -> Response:
    """The sweep's page without any sweep: what a device opens where there is no network. Nobody's and no number."""
    return render(visit, "rounds/live.html", bare=True, last="", eye_reasons=EYE_REASONS)


@router.get("/rounds/leaving")
def leaving_page(visit: Visit = Depends(sees)) -> Response:
    """Before signing out: what this device has not delivered yet."""
    return render(visit, "rounds/leaving.html")


@router.post("/rounds/at")
def at_shelf(visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """Open the sweep of the shelf that was scanned, or go on with it; a choice where several fit."""
    codes = split_codes(form.text("shelf"))
    if not codes:
        return draw_list(visit, errors=(visit.error("shelf", "rounds.shelf_needed"),))
    reading = sweeps.read_code(codes[0])
    with visit.reading() as connection:
        places = store.places_of_code(connection, reading.code, reading.epc)
        found = [(place, store.open_at(connection, visit.subject, place.path)) for place in places]
    if not found:
        wrong = visit.error("shelf", "rounds.shelf_unknown", code=reading.code[:40])
        return draw_list(visit, errors=(wrong,), kept=form.kept())
    place, under_way = found[0]
    if len(found) > 1 or (under_way and any(one.place != place.id for one in under_way)):
        return render(visit, "rounds/at.html", found=found)
    if under_way:
        return RedirectResponse(f"/rounds/{under_way[0].number}", status_code=303)
    return _opened(visit, place.id, form)


def _opened(visit: Visit, place: int, form: Form) -> Response:
    services = visit.services
    try:
        number = sweeps.open_round(services.database, services.books, visit.subject, place, visit.now, Terms())
    except Refused as refused:
        return draw_list(visit, refusals=refused.refusals, kept=form.kept(), status_code=409)
    services.bulletin.publish("rounds")
    return RedirectResponse(f"/rounds/{number}", status_code=303)


@router.get("/rounds/handed")
def handed_page(visit: Visit = Depends(sweeps_only)) -> Response:
    """What devices could not deliver: it waits for a clerk."""
    return _draw_handed(visit)


def _draw_handed(visit: Visit, **more: Any) -> Response:
    params = visit.request.query_params
    with visit.reading() as connection:
        waiting = store.listed(connection, visit.subject, True, WAITING_MAX)
        settled = store.listed(connection, visit.subject, False, SETTLED_MAX)
        rounds = sweeps.rounds(connection, visit.subject, "open").items
    names: dict[str, Any] = {
        "waiting": waiting,
        "settled": settled,
        "round_options": [(row.number, f"{row.number} {row.place_code}") for row in rounds],
        "megabytes": FILE_BYTES_MAX // 1_000_000,
        "done": {name: params.get(name, "") for name in ("new", "seen", "unknown", "older")}
        if params.get("new", "").isdecimal()
        else None,
        "taken": params.get("taken", ""),
        "refusals": (),
    }
    return render(visit, "rounds/handed.html", **(names | more))


@router.post("/rounds/handed")
async def bring(visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """Take the file of a device that has no network; nothing of it counts before a clerk enters it."""
    file = form.upload("file")
    data = await file.read(FILE_BYTES_MAX + 1) if file is not None else b""
    return await run_in_threadpool(_brought, visit, data)


def _brought(visit: Visit, data: bytes) -> Response:
    wrong = visit.error("file", "rounds.handed.file_unread" if data else "rounds.handed.file_needed")
    if not data or len(data) > FILE_BYTES_MAX:
        return _draw_handed(visit, errors=(wrong,))
    try:
        found = Brought.model_validate_json(data)
        given = [_of_round(found, one, visit) for one in found.rounds]
    except (ValidationError, Refused):
        return _draw_handed(visit, errors=(wrong,))
    try:
        with visit.services.database.writing() as connection:
            told = [sweeps.hand_over(connection, visit.subject, one, visit.now) for one in given]
    except NotFound:
        gone = FieldError("file", visit.t("rounds.handed.round_gone"))
        return _draw_handed(visit, errors=(gone,))
    visit.services.bulletin.publish("rounds")
    new = sum(1 for _, before in told if not before)
    return RedirectResponse(url("/rounds/handed", taken="new" if new else "before"), status_code=303)


def _of_round(found: Brought, one: OfRound, visit: Visit) -> sweeps.HandOver:
    return sweeps.HandOver(
        round=one.round,
        device=found.device if DEVICE.fullmatch(found.device) else "",
        of=one.of or visit.subject.person,
        way="file",
        why=one.why,
        events=events_in(one.events, visit.now),
    )


@router.post("/rounds/handed/{identifier}/enter")
def enter(identifier: int, visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """Count it in an open sweep, as scans of who handed it over."""
    services = visit.services
    day = clock.day(visit.now, services.scheme.timezone)
    try:
        with services.database.writing() as connection:
            giver = sweeps.handed_by(connection, identifier)
            eyes = queries.subject_for(connection, giver, services.scheme, day, visit.now)
            done = sweeps.enter(
                connection, visit.subject, eyes, identifier, form.text("round"), visit.now, services.scheme
            )
    except Refused as refused:
        return _draw_handed(visit, refusals=refused.refusals, status_code=409)
    services.bulletin.publish("rounds", "findings")
    counts = {"new": done.new, "seen": done.repeated, "unknown": done.unknown, "older": done.older}
    return RedirectResponse(url("/rounds/handed", **counts), status_code=303)


@router.post("/rounds/handed/{identifier}/aside")
def aside(identifier: int, visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """It does not count, with the reason."""
    try:
        with visit.services.database.writing() as connection:
            sweeps.put_aside(connection, visit.subject, identifier, form.text("reason"), visit.now)
    except Refused as refused:
        return _draw_handed(visit, refusals=refused.refusals, status_code=409)
    visit.services.bulletin.publish("rounds")
    return RedirectResponse("/rounds/handed", status_code=303)
