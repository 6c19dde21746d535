"""Sweeps: the list, the live page with its scan box, the report that is signed.

A count is an assertion against the books, never an edit. The page works without script, a scan at a time; with it,
scans are queued on the device under identifiers of their own and sent by the REST interface.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.acts.codes import split_codes
from api.store import Connection
from api.web.carriers import whole
from api.web.render import render
from api.web.visit import Form, Unfit, Visit, needs, posted, sign
from custody.access import Permission
from custody.register import Directory
from custody.rules import NotFound, Refusal, Refused
from custody.store.queries.paging import KeyInvalid
from reconcile import rounds as sweeps
from reconcile.rounds import RoundState, Scan, ScanResult

router = APIRouter(include_in_schema=False)
PAGE = 50
SPINES_MAX = 368
"""More carriers than this share a spine: the shelf stays a picture."""
LISTED_MAX = 60
sees = needs(Permission.SWEEP, Permission.SEE_REPORTS)
sweeps_only = needs(Permission.SWEEP)
EYE_REASONS = ("shielded", "stacked", "tag_damaged", "no_tag")

DEVIATIONS: Mapping[str, tuple[str, str]] = {
    "elsewhere": ("odd", "swap"),
    "on_loan_but_here": ("odd", "in"),
    "arrived": ("act", "plus"),
    "unknown": ("due", "ask"),
}
"""Bucket -> colour and icon, in the order of the list."""


@dataclass(frozen=True, slots=True)
class Spine:
    """A carrier (or several neighbours) on the drawn shelf. `kind`: on, eye, gap."""

    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """The progress bar: one spine an expected carrier, in the order of numbers."""

    spines: tuple[Spine, ...]
    width: float


def shelf_of(state: RoundState) -> Shelf:
    """The shelf as drawn: heights as of real spines, gaps where nothing was met."""
    lines = sorted(
        [(line, True) for line in state.present] + [(line, False) for line in state.missing],
        key=lambda pair: (pair[0].control_number, pair[0].copy_number),
    )
    share = max(1, -(-len(lines) // SPINES_MAX))
    groups = [lines[start : start + share] for start in range(0, len(lines), share)]
    step = 4.0
    spines = []
    for number, group in enumerate(groups):
        height = 30 + (number * 7 + number // 5 * 3) % 12
        kind = "gap" if not all(met for _, met in group) else "eye" if any(x.means == "eye" for x, _ in group) else "on"
        inset = 0.6 if kind == "gap" else 0.2
        spines.append(Spine(round(number * step + inset, 1), 44 - height, step - 2 * inset - 0.3, height, kind))
    return Shelf(tuple(spines), max(step * len(groups), 60.0))


@router.get("/rounds")
def rounds_page(visit: Visit = Depends(sees)) -> Response:
    """Sweeps, the newest first, and the way to open one."""
    return _draw_list(visit)


def _draw_list(visit: Visit, **more: Any) -> Response:
    params = visit.request.query_params
    state = params.get("state") if params.get("state") in ("open", "signed", "abandoned") else None
    with visit.reading() as connection:
        try:
            page = sweeps.rounds(
                connection, visit.subject, state, None, params.get("after"), PAGE, params.get("before")
            )
        except KeyInvalid as damaged:
            raise NotFound from damaged
        directory = visit.services.books.directory(connection)
    places = [place for place in directory.places.values() if place.kind not in ("portal", "seat")]
    names: dict[str, Any] = {
        "page": page,
        "state": state,
        "first": whole(params.get("first")) or 1,
        "page_size": PAGE,
        "place_options": [
            (place.id, f"{place.code} {_name(visit, place)}") for place in sorted(places, key=lambda one: one.code)
        ],
        "place": params.get("place", ""),
        "sweeps": visit.may(Permission.SWEEP),
        "refusals": (),
    }
    return render(visit, "rounds/list.html", **(names | more))


def _name(visit: Visit, thing: Any) -> str:
    return str(thing.name_en if visit.language == "en" and thing.name_en else thing.name)


@router.post("/rounds")
def open_round(visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """Open a sweep of a place and go to it."""
    place = form.number("place")
    if not place:
        return _draw_list(visit, errors=(visit.error("place", "rounds.place_needed"),), kept=form.kept())
    try:
        number = sweeps.open_round(visit.services.database, visit.services.books, visit.subject, place, visit.now)
    except Refused as refused:
        return _draw_list(visit, refusals=refused.refusals, kept=form.kept(), status_code=409)
    visit.services.bulletin.publish("rounds")
    return RedirectResponse(f"/rounds/{number}", status_code=303)


@router.get("/rounds/{number}")
def round_page(number: str, visit: Visit = Depends(sees)) -> Response:
    """The live page of an open sweep; the report of a finished one."""
    with visit.reading() as connection:
        state = sweeps.buckets(connection, visit.subject, number)
        directory = visit.services.books.directory(connection)
    if state.state == "open" and visit.may(Permission.SWEEP):
        return _draw_live(visit, state, directory)
    return _draw_report(visit, state, directory)


def _draw_live(visit: Visit, state: RoundState, directory: Directory, **more: Any) -> Response:
    last = visit.request.query_params.get("last", "")
    return render(visit, "rounds/live.html", **(_live_names(visit, state, directory) | {"last": last} | more))


@router.get("/rounds/{number}/state")
def state_part(number: str, visit: Visit = Depends(sweeps_only)) -> Response:
    """The part of the live page that changes: whole counters, never differences."""
    with visit.reading() as connection:
        state = sweeps.buckets(connection, visit.subject, number)
        directory = visit.services.books.directory(connection)
    return render(visit, "rounds/_state.html", **_live_names(visit, state, directory))


def _live_names(visit: Visit, state: RoundState, directory: Directory) -> dict[str, Any]:
    by_number = sorted(state.missing, key=lambda line: (line.control_number, line.copy_number))
    return {
        "state": state,
        "place": directory.places.get(state.place),
        "shelf": shelf_of(state),
        "deviations": [(bucket, colour, icon, getattr(state, bucket)) for bucket, (colour, icon) in DEVIATIONS.items()],
        "to_list": by_number[:LISTED_MAX],
        "listed_max": LISTED_MAX,
        "wrong_shelf": [line for line in state.present if line.wrong_shelf],
        "eye_reasons": EYE_REASONS,
        "event_prefix": secrets.token_hex(6),
    }


def new_event() -> str:
    """An identifier for a scan that came without one of the device's own."""
    return f"page-{secrets.token_hex(12)}"


def take(
    connection: Connection, visit: Visit, number: str, codes: Sequence[str], means: Any, reason: str
) -> list[ScanResult]:
    """Count codes that came by a form."""
    scans = [Scan(new_event(), code, visit.now, means, reason=reason) for code in codes]
    return sweeps.scan_many(connection, visit.subject, number, scans)


@router.post("/rounds/{number}/scan")
def scan(number: str, visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """Scans by the form alone, or ticks by eye with their reason."""
    eye = form.text("eye")
    reason = form.text("reason")
    codes = [eye] if eye else split_codes(form.text("scan"))
    if codes:
        words = visit.t(f"rounds.eye.{reason}") if reason in EYE_REASONS else ""
        with visit.services.database.writing() as connection:
            results = take(connection, visit, number, codes, "eye" if eye else "scan", words)
        visit.services.bulletin.publish("rounds")
        return RedirectResponse(f"/rounds/{number}?last={kind_of(results[-1])}", status_code=303)
    return RedirectResponse(f"/rounds/{number}", status_code=303)


def kind_of(result: ScanResult) -> str:
    """What a scan was, for the band that names it: the last part of `rounds.last.<kind>`."""
    if result.outcome in ("unknown", "repeated", "replayed"):
        return {"unknown": "unknown", "repeated": "repeated", "replayed": "repeated"}[result.outcome]
    if result.expected == "here":
        return "present"
    return "on_loan" if result.expected and result.expected != "elsewhere" else "elsewhere"


@router.post("/rounds/{number}/undo")
def undo(number: str, visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """Take back the visitor's newest scan, by an event of its own."""
    with visit.services.database.writing() as connection:
        taken_back = sweeps.undo_last(connection, visit.subject, number, visit.now)
    visit.services.bulletin.publish("rounds")
    last = "undone" if taken_back else "nothing_to_undo"
    return RedirectResponse(f"/rounds/{number}?last={last}", status_code=303)


@router.post("/rounds/{number}/feed")
def feed(number: str, visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """Count what the antennas under the place have heard since the opening."""
    with visit.services.database.writing() as connection:
        added = sweeps.feed_from_readers(connection, visit.subject, number)
    if added:
        visit.services.bulletin.publish("rounds")
    return RedirectResponse(f"/rounds/{number}", status_code=303)


@router.get("/rounds/{number}/finish")
def finish_page(number: str, visit: Visit = Depends(sweeps_only)) -> Response:
    """What would be signed, in figures, before it is."""
    return _draw_finish(visit, number)


def _draw_finish(visit: Visit, number: str, **more: Any) -> Response:
    with visit.reading() as connection:
        state = sweeps.buckets(connection, visit.subject, number)
        report = sweeps.round_report(connection, visit.subject, number)
        directory = visit.services.books.directory(connection)
    if state.state != "open":
        return RedirectResponse(f"/rounds/{number}", status_code=303)
    names = _report_names(visit, state, directory) | {"hash": report.hash, "refusals": ()}
    return render(visit, "rounds/finish.html", **(names | more))


@router.post("/rounds/{number}/sign")
def sign_round(number: str, visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """Sign exactly what was shown; a scan that came in between shows the figures anew."""
    with visit.reading() as connection:
        report = sweeps.round_report(connection, visit.subject, number)
    if form.text("hash") != report.hash:
        changed = (Refusal("", "round_changed", {"round": number}),)
        return _draw_finish(visit, number, refusals=changed, status_code=409)
    try:
        signature = sign(visit, form, report.text)
        sweeps.sign_round(visit.services.database, visit.services.books, visit.subject, number, signature, visit.now)
    except Unfit as unfit:
        return _draw_finish(visit, number, errors=unfit.errors, kept=form.kept())
    except Refused as refused:
        return _draw_finish(visit, number, refusals=refused.refusals, status_code=409)
    visit.services.bulletin.publish("rounds", "findings", "books")
    return RedirectResponse(f"/rounds/{number}", status_code=303)


@router.post("/rounds/{number}/abandon")
def abandon(number: str, visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """Give it up with a reason: it concludes nothing."""
    reason = form.text("reason")
    if not reason:
        return _draw_finish(visit, number, errors=(visit.error("reason", "findings.reason_needed"),))
    sweeps.abandon(visit.services.database, visit.subject, number, reason, visit.now)
    visit.services.bulletin.publish("rounds")
    return RedirectResponse(f"/rounds/{number}", status_code=303)


def _report_names(visit: Visit, state: RoundState, directory: Directory) -> dict[str, Any]:
    served = "/reports/round.xlsx" in visit.request.app.state.served
    return {
        "state": state,
        "place": directory.places.get(state.place),
        "directory": directory,
        "sections": [(name, getattr(state, name)) for name in sweeps.BUCKETS if name not in ("present", "absent")],
        "excel": f"/reports/round.xlsx?round={state.number}" if served else None,
    }


def _draw_report(visit: Visit, state: RoundState, directory: Directory) -> Response:
    return render(visit, "rounds/report.html", **_report_names(visit, state, directory))
