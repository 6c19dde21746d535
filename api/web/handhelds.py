"""Handhelds: a file is uploaded, shown as it was understood, and taken when a person confirms it.

Wireless is forbidden in many strong rooms: what a handheld read in a sweep comes home in a file. Its reads become
sightings with the times at which they were made, and scans of an open sweep where the person says so.
"""

import json
from typing import Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from api.store import Connection
from api.web import handheld_drafts as drafts
from api.web.carriers import whole
from api.web.handheld_drafts import Looked
from api.web.imports import unreadable
from api.web.render import render, url
from api.web.visit import FieldError, Form, Visit, needs, posted
from api.workbook import WorkbookUnreadable
from custody.access import Permission
from custody.rules import NotFound, Refused
from custody.store.queries.paging import KeyInvalid
from custody.values import SECOND
from readers.handheld import BYTES_MAX, ROLES, FileUnreadable
from reconcile import handhelds as taking
from reconcile import rounds as sweeps
from reconcile.store import handhelds as store
from reconcile.store.rounds import by_epc

router = APIRouter(include_in_schema=False)
sweeps_only = needs(Permission.SWEEP)
PAGE = 50
SHOWN_ROWS = 20
EXAMPLES = 5
DEVICE_CHARACTERS_MAX = 50
_HOURS = range(-11, 15)
ZONES = ("", "UTC", *(f"{'-' if hour < 0 else '+'}{abs(hour):02d}:00" for hour in _HOURS if hour))
"""Zones that a file's times may be in: the organisation's own, then by their distance from UTC."""


@router.get("/handhelds")
def uploads_page(visit: Visit = Depends(sweeps_only)) -> Response:
    """The way to upload, and what was uploaded, the newest first."""
    return _draw_list(visit)


def _draw_list(visit: Visit, **more: Any) -> Response:
    params = visit.request.query_params
    with visit.reading() as connection:
        try:
            page = store.listed(connection, params.get("after"), params.get("before"), PAGE)
        except KeyInvalid as damaged:
            raise NotFound from damaged
    names: dict[str, Any] = {
        "page": page,
        "first": whole(params.get("first")) or 1,
        "page_size": PAGE,
        "megabytes": BYTES_MAX // (1024 * 1024),
    }
    return render(visit, "handhelds/list.html", **(names | more))


@router.post("/handhelds")
async def upload(visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """Take a file; how it is understood has an address of its own."""
    file = form.upload("reads")
    data = await file.read() if file is not None else b""
    return await run_in_threadpool(_uploaded, visit, data, (file.filename or "") if file is not None else "")


def _uploaded(visit: Visit, data: bytes, file: str) -> Response:
    if not file:
        return _draw_list(visit, errors=(visit.error("reads", "import.choose_file"),))
    try:
        name = drafts.bring(visit, data, file)
    except FileUnreadable as error:
        wrong = FieldError("reads", visit.t(f"handhelds.file.{error.code}", **error.params))
    except WorkbookUnreadable as error:
        wrong = FieldError("reads", unreadable(visit, error.code, error.params))
    else:
        return RedirectResponse(f"/handhelds/draft/{name}", status_code=303)
    return _draw_list(visit, errors=(wrong,))


@router.get("/handhelds/draft/{name}")
def draft_page(name: str, visit: Visit = Depends(sweeps_only)) -> Response:
    """How the file is understood: every column, the first rows, and what is refused."""
    return _draw_draft(visit, drafts.looked(visit, drafts.draft_of(visit, name)))


def _draw_draft(visit: Visit, look: Looked, **more: Any) -> Response:
    draft, understood = look.draft, look.understood
    with visit.reading() as connection:
        tags = understood.tags
        known = len(by_epc(connection, visit.subject, tags))
        there = store.same(connection, draft.key)
        devices = store.devices(connection)
        rounds = _open_rounds(connection, visit)
    names: dict[str, Any] = {
        "look": look,
        "draft": draft,
        "understood": understood,
        "rows": len(look.table.rows) - look.layout.first,
        "tags": len(tags),
        "unknown": len(tags) - known,
        "there": there,
        "devices": devices,
        "round_options": rounds,
        "roles": ROLES,
        "zone_options": [(zone, zone and f"UTC{zone.removeprefix('UTC')}") for zone in ZONES],
        "reads": understood.reads[:SHOWN_ROWS],
        "reasons": [
            (code, count, [row for row in understood.refused if row.code == code][:EXAMPLES])
            for code, count in understood.reasons.items()
        ],
        "unused": [column.header or str(column.index + 1) for column in look.layout.columns if not column.role],
        "refusals": (),
    }
    return render(visit, "handhelds/draft.html", **(names | more))


def _open_rounds(connection: Connection, visit: Visit) -> list[tuple[str, str]]:
    page = sweeps.rounds(connection, visit.subject, "open")
    return [(row.number, f"{row.number} {row.place_code}") for row in page.items]


@router.post("/handhelds/draft/{name}")
def answer_draft(name: str, visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """Look again as said, throw it away, or take it."""
    draft = drafts.draft_of(visit, name)
    if form.text("do") == "discard":
        drafts.forget(visit, name)
        return RedirectResponse("/handhelds", status_code=303)
    given = {field: form.text(field) for field in ("device", "zone", "day_first", "swept", "clock", "round")}
    draft = drafts.said_of(draft, given, form.texts("role")[:64])
    drafts.keep(visit, draft)
    if form.text("do") != "take":
        return RedirectResponse(f"/handhelds/draft/{name}", status_code=303)
    look = drafts.looked(visit, draft)
    if errors := _lacking(visit, look):
        return _draw_draft(visit, look, errors=errors)
    try:
        number, query = _take(visit, look)
    except Refused as refused:
        return _draw_draft(visit, look, refusals=refused.refusals, status_code=409)
    except NotFound:
        return _draw_draft(visit, look, errors=(visit.error("round", "handhelds.round_gone"),))
    drafts.forget(visit, name)
    if draft.round:
        visit.services.bulletin.publish("rounds")
    if visit.services.watch is not None:
        visit.services.watch.wake()
    return RedirectResponse(url(f"/handhelds/{number}", **query), status_code=303)


def _lacking(visit: Visit, look: Looked) -> tuple[FieldError, ...]:
    found = []
    device = look.draft.device
    if not device or ":" in device or len(device) > DEVICE_CHARACTERS_MAX or not device.isprintable():
        found.append(visit.error("device", "handhelds.device_needed", n=DEVICE_CHARACTERS_MAX))
    if "swept" in look.needs:
        found.append(visit.error("swept", "handhelds.swept_needed"))
    if "day_first" in look.needs:
        found.append(visit.error("day_first", "handhelds.day_first_needed"))
    if not look.understood.reads and not found:
        found.append(visit.error("role", "handhelds.no_reads"))
    return tuple(found)


def _take(visit: Visit, look: Looked) -> tuple[str, dict[str, Any]]:
    """Take it and lay it into the sweep, in one transaction. Raises Refused, NotFound; then nothing has changed."""
    draft, layout, understood = look.draft, look.layout, look.understood
    described = {
        "columns": [[column.header, column.role] for column in layout.columns],
        "encoding": draft.encoding,
        "zone": draft.zone or visit.services.scheme.timezone,
        "swept": "" if layout.has_times else draft.swept,
        "refused": [[row.row, row.code] for row in understood.refused[:SHOWN_ROWS]],
    }
    brought = store.Upload(
        device=draft.device,
        way="file",
        key=draft.key,
        name=draft.file,
        by=visit.subject.person,
        rows=len(look.table.rows) - layout.first,
        refused=understood.refused_rows,
        clock_us=draft.clock_seconds * SECOND,
        understood=described,
    )
    with visit.services.database.writing() as connection:
        taken = taking.take(connection, brought, understood.reads, visit.now, visit.services.scheme.timezone)
        query: dict[str, Any] = {"before": "1" if taken.before else None}
        if draft.round:
            query |= _laid(
                taking.lay(connection, visit.subject, taken.number, draft.round, scheme=visit.services.scheme)
            )
    return taken.number, query


def _laid(done: taking.Laid) -> dict[str, Any]:
    """What a laying came to, for the page that follows."""
    counts = {"new": done.new, "seen": done.repeated + done.replayed, "unknown": done.unknown, "older": done.older}
    return {"round": done.round} | counts


@router.get("/handhelds/{number}")
def upload_page(number: str, visit: Visit = Depends(sweeps_only)) -> Response:
    """One upload: who, when, what it came to, the sweeps it was laid into."""
    return _draw_one(visit, number)


def _draw_one(visit: Visit, number: str, **more: Any) -> Response:
    params = visit.request.query_params
    with visit.reading() as connection:
        row = store.upload_of(connection, number)
        if row is None:
            raise NotFound
        known = store.tags_known(connection, visit.subject, row.id)
        scans = store.scans_of(connection, number, json.loads(row.rounds))
        rounds = _open_rounds(connection, visit)
    names: dict[str, Any] = {
        "upload": row,
        "understood": json.loads(row.understood),
        "unknown": row.tags - known,
        "scans": [(into, state, len(events)) for into, (state, events) in scans.items()],
        "round_options": rounds,
        "before": params.get("before") == "1",
        "laid": {name: whole(params.get(name)) or 0 for name in ("new", "seen", "unknown", "older")}
        if params.get("round")
        else None,
        "refusals": (),
    }
    return render(visit, "handhelds/one.html", **(names | more))


def _seen(visit: Visit, number: str) -> None:
    """Raises NotFound where the upload is none that the visitor may know of."""
    with visit.reading() as connection:
        if store.upload_of(connection, number) is None:
            raise NotFound


@router.post("/handhelds/{number}/round")
def lay(number: str, visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """Count the upload's tags in an open sweep."""
    _seen(visit, number)
    try:
        with visit.services.database.writing() as connection:
            done = taking.lay(connection, visit.subject, number, form.text("round"), scheme=visit.services.scheme)
    except Refused as refused:
        return _draw_one(visit, number, refusals=refused.refusals, status_code=409)
    except NotFound:
        return _draw_one(visit, number, errors=(visit.error("round", "handhelds.round_gone"),))
    visit.services.bulletin.publish("rounds")
    return RedirectResponse(url(f"/handhelds/{number}", **_laid(done)), status_code=303)


@router.post("/handhelds/{number}/withdraw")
def withdraw(number: str, visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """Take a mistaken upload back, with the reason."""
    _seen(visit, number)
    reason = form.text("reason")
    if not reason:
        return _draw_one(visit, number, errors=(visit.error("reason", "findings.reason_needed"),))
    try:
        with visit.services.database.writing() as connection:
            taking.withdraw(connection, visit.subject, number, reason, visit.now)
    except Refused as refused:
        return _draw_one(visit, number, refusals=refused.refusals, kept=form.kept(), status_code=409)
    visit.services.bulletin.publish("rounds")
    return RedirectResponse(f"/handhelds/{number}", status_code=303)
