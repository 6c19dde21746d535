"""Sweeps: the list, and the live page with its scan box. What comes after the count is in `api.web.rounds_end`.

A count is an assertion against the books, never an edit. The page works without script, a scan at a time; with it,
scans are queued on the device under identifiers of their own and sent by the REST interface. Of a blind count the page
shows how much was counted, and nothing of what is expected.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import SystemRandom
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.acts.codes import split_codes
from api.store import Connection
from api.web.carriers import whole
from api.web.listing import chosen_columns
from api.web.render import render
from api.web.visit import Form, Visit, needs, posted
from custody.access import Permission
from custody.register import Directory
from custody.rules import NotFound, Refused
from custody.store.queries.paging import KeyInvalid
from reconcile import rounds as sweeps
from reconcile.rounds import RoundState, Scan, ScanResult, Standing, Tally, Terms
from reconcile.store.hand_overs import waiting

router = APIRouter(include_in_schema=False)
COLUMNS = ("number", "kind", "place", "state", "opened", "by", "finished", "paper")
PAGE = 50
SPINES_MAX = 368
"""More carriers than this share a spine: the shelf stays a picture."""
LISTED_MAX = 60
SAMPLE_DIGITS = 6
sees = needs(Permission.SWEEP, Permission.SEE_REPORTS)
sweeps_only = needs(Permission.SWEEP)
DEVICE = re.compile(r"d-[0-9a-f]{8}")
PAGE_DEVICE = "page"
"""Where somebody works without script, all his pages are one device."""
OPENED = ("sweep", "spot", "blind")
"""Kinds that are opened from the list; a recount is opened from the report that it counts again."""
EYE_REASONS = ("shielded", "stacked", "tag_damaged", "no_tag")

DEVIATIONS: Mapping[str, tuple[str, str]] = {
    "elsewhere": ("odd", "swap"),
    "on_loan_but_here": ("odd", "in"),
    "arrived": ("act", "plus"),
    "ghost": ("bad", "ghost"),
    "retired_tag": ("due", "off"),
    "unknown": ("due", "ask"),
}
"""Bucket -> colour and icon, in the order of the list."""
OFFERED: Mapping[str, str] = {
    "elsewhere": "put_back",
    "wrong_shelf": "put_back",
    "on_loan_but_here": "taken_out",
    "ghost": "taken_out",
    "retired_tag": "logged",
    "unknown": "logged",
}
"""Bucket -> what whoever stands at the shelf does about it, by one tap; what was put here meanwhile needs nothing."""
ROWS_MAX = 20
"""So many of a bucket are listed at the shelf; of more, what is still to be done first."""


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
    lines = sweeps.in_order(state)
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
    return draw_list(visit)


def draw_list(visit: Visit, **more: Any) -> Response:
    """The page of sweeps; `more`: what was wrong with what was sent."""
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
        handed = waiting(connection, visit.subject) if visit.may(Permission.SWEEP) else 0
    places = [place for place in directory.places.values() if place.kind not in ("portal", "seat")]
    names: dict[str, Any] = {
        "page": page,
        "all_columns": COLUMNS,
        "columns": chosen_columns(visit, COLUMNS, COLUMNS),
        "state": state,
        "first": whole(params.get("first")) or 1,
        "page_size": PAGE,
        "place_options": [
            (place.id, f"{place.code} {_name(visit, place)}") for place in sorted(places, key=lambda one: one.code)
        ],
        "place": params.get("place", ""),
        "kinds": OPENED,
        "sweeps": visit.may(Permission.SWEEP),
        "handed": handed,
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
        return draw_list(visit, errors=(visit.error("place", "rounds.place_needed"),), kept=form.kept())
    kind = form.text("kind") or "sweep"
    sample = min(form.number("sample") or 0, 10**SAMPLE_DIGITS) if kind == "spot" else 0
    try:
        terms = Terms(
            kind if kind in OPENED else "sweep",  # type: ignore[arg-type]  # one of three words
            scope="sample" if sample else "all",
            sample=sample,
            chance=SystemRandom(),
        )
        number = sweeps.open_round(
            visit.services.database, visit.services.books, visit.subject, place, visit.now, terms
        )
    except Refused as refused:
        return draw_list(visit, refusals=refused.refusals, kept=form.kept(), status_code=409)
    visit.services.bulletin.publish("rounds")
    return RedirectResponse(f"/rounds/{number}", status_code=303)


@dataclass(frozen=True, slots=True)
class Live:
    """What the live page is drawn from. `tally`: all that there is of a blind count under way; else `state`."""

    tally: Tally | None
    state: RoundState | None
    standing: Standing | None
    directory: Directory


def live_of(visit: Visit, number: str, device: str) -> Live:
    """A round as its live page shows it. Raises NotFound."""
    with visit.reading() as connection:
        tally = sweeps.blind_tally(connection, visit.subject, number)
        state = None if tally else sweeps.buckets(connection, visit.subject, number)
        standing = None
        if state is not None and state.state == "open" and visit.may(Permission.SWEEP):
            standing = sweeps.standing(connection, visit.subject, number, device)
        return Live(tally, state, standing, visit.services.books.directory(connection))


def device_of(visit: Visit) -> str:
    """The device that the address names; else the page without script."""
    named = visit.request.query_params.get("device", "")
    return named if DEVICE.fullmatch(named) else PAGE_DEVICE


@router.get("/rounds/{number}")
def round_page(number: str, visit: Visit = Depends(sees)) -> Response:
    """The live page of an open sweep; the report of a finished one."""
    live = live_of(visit, number, device_of(visit))
    if live.state is None or (live.state.state == "open" and visit.may(Permission.SWEEP)):
        last = visit.request.query_params.get("last", "")
        if live.state is None and not visit.may(Permission.SWEEP):
            return render(visit, "rounds/blind.html", state=live.tally)
        if live.state is not None and live.state.kind == "blind":
            return RedirectResponse(f"/rounds/{number}/finish", status_code=303)
        return render(visit, "rounds/live.html", bare=False, last=last, **_live_names(visit, live))
    return draw_report(visit, live.state, live.directory)


@router.get("/rounds/{number}/state")
def state_part(number: str, visit: Visit = Depends(sweeps_only)) -> Response:
    """The part of the live page that changes: whole counters, never differences."""
    return render(visit, "rounds/_state.html", **_live_names(visit, live_of(visit, number, device_of(visit))))


def _live_names(visit: Visit, live: Live) -> dict[str, Any]:
    state = live.state
    if state is None:
        assert live.tally is not None
        return {
            "state": live.tally,
            "blind": True,
            "place": live.directory.places.get(live.tally.place),
            "standing": None,
            "eye_reasons": EYE_REASONS,
        }
    shown = sweeps.shown(state)
    not_met = [line for name in NOT_MET for line in shown[name]]
    wrong_shelf = [line for line in state.present if line.wrong_shelf]
    dealt = state.dealt_with
    deviations = [
        (bucket, colour, icon, _to_do_first(dealt, shown[bucket])) for bucket, (colour, icon) in DEVIATIONS.items()
    ]
    differing = [line for name in OFFERED for line in shown.get(name, wrong_shelf)]
    by_number = sorted(not_met, key=lambda line: (line.control_number, line.copy_number))
    return {
        "state": state,
        "blind": False,
        "shown": shown,
        "place": live.directory.places.get(state.place),
        "shelf": shelf_of(state),
        "met": sweeps.met_of(state),
        "deviations": deviations,
        "offered": OFFERED,
        "dealt": dealt,
        "rows_max": ROWS_MAX,
        "to_do": len(not_met) + len(shown["arrived"]) + sum(not sweeps.is_dealt(dealt, line) for line in differing),
        "to_list": by_number[:LISTED_MAX],
        "to_see": len(not_met),
        "listed_max": LISTED_MAX,
        "wrong_shelf": _to_do_first(dealt, wrong_shelf),
        "eye_reasons": EYE_REASONS,
        "standing": live.standing,
    }


def _to_do_first(dealt: Mapping[int | str, sweeps.Dealt], lines: Sequence[Any]) -> Sequence[Any]:
    """Where all fit on the page nothing changes its place under a thumb."""
    return lines if len(lines) <= ROWS_MAX else sorted(lines, key=lambda line: sweeps.is_dealt(dealt, line))


NOT_MET = ("missing", "weak", "tag_unreadable", "not_covered")


def draw_report(visit: Visit, state: RoundState, directory: Directory, **more: Any) -> Response:
    """The report of a round: its figures, what differs, what has changed since the last one."""
    return render(visit, "rounds/report.html", **(report_names(visit, state, directory) | more))


def report_names(visit: Visit, state: RoundState, directory: Directory) -> dict[str, Any]:
    """What the report and the page before signing are drawn from."""
    served = "/reports/round.xlsx" in visit.request.app.state.served
    with visit.reading() as connection:
        comparison = sweeps.compared(connection, visit.subject, state)
    shown = sweeps.shown(state)
    return {
        "state": state,
        "place": directory.places.get(state.place),
        "directory": directory,
        "shown": shown,
        "sections": [(name, lines) for name, lines in shown.items() if name not in QUIET],
        "listed_max": LISTED_MAX,
        "comparison": comparison,
        "refusals": (),
        "excel": f"/reports/round.xlsx?round={state.number}" if served else None,
    }


QUIET = ("present", "on_loan", "in_circulation", "in_transit", "away")
"""Buckets whose lines the report gives as a figure; they are listed on a page of their own."""


def new_event() -> str:
    """An identifier for a scan that came without one of the device's own."""
    return f"{PAGE_DEVICE}-{secrets.token_hex(12)}"


def take(
    connection: Connection, visit: Visit, number: str, codes: Sequence[str], means: Any, reason: str
) -> list[ScanResult]:
    """Count codes that came by a form, where the person said to be."""
    place = sweeps.standing(connection, visit.subject, number, PAGE_DEVICE).place
    scans = [Scan(new_event(), code, visit.now, means, place, reason) for code in codes]
    return sweeps.scan_many(connection, visit.subject, number, scans, visit.services.scheme)


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
    if result.expected == sweeps.BLIND:
        return "counted"
    if result.expected in ("here", "unasked"):
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


@router.post("/rounds/{number}/deal")
def deal(number: str, visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """What was done about something that does not agree: `deal`, the word and the code; or `undo`, the event of it."""
    undone = form.text("undo")
    what, _, code = form.text("deal").partition(" ")
    with visit.services.database.writing() as connection:
        if undone:
            last = "undealt"
            if sweeps.undeal(connection, visit.subject, number, new_event(), undone, visit.now) is None:
                raise NotFound
        elif what in sweeps.DEALS and split_codes(code):
            last = what
            sweeps.deal(connection, visit.subject, number, new_event(), code, what, visit.now)
        else:
            raise NotFound
    visit.services.bulletin.publish("rounds")
    return RedirectResponse(f"/rounds/{number}?last={last}", status_code=303)


@router.post("/rounds/{number}/feed")
def feed(number: str, visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """Count what the antennas under the place have heard since the opening."""
    with visit.services.database.writing() as connection:
        added = sweeps.feed_from_readers(connection, visit.subject, number)
    if added:
        visit.services.bulletin.publish("rounds")
    return RedirectResponse(f"/rounds/{number}", status_code=303)


@router.post("/rounds/{number}/walk")
def walk(number: str, visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """The answer to "walked on to the next shelf?" where the page works without script."""
    place, scans = form.number("place"), form.text("scans").split()
    if not place:
        raise NotFound
    with visit.services.database.writing() as connection:
        yes = form.text("answer") == "yes"
        sweeps.answer(connection, visit.subject, number, new_event(), PAGE_DEVICE, place, yes, scans, visit.now)
    visit.services.bulletin.publish("rounds")
    return RedirectResponse(f"/rounds/{number}", status_code=303)


@router.post("/rounds/{number}/pause")
def pause(number: str, visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """Let it rest, over night or for days."""
    with visit.services.database.writing() as connection:
        sweeps.pause(connection, visit.subject, number, new_event(), form.text("reason")[:400], visit.now)
    visit.services.bulletin.publish("rounds")
    return RedirectResponse(f"/rounds/{number}", status_code=303)


@router.post("/rounds/{number}/resume")
def resume(number: str, visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """Go on."""
    with visit.services.database.writing() as connection:
        sweeps.resume(connection, visit.subject, number, new_event(), visit.now)
    visit.services.bulletin.publish("rounds")
    return RedirectResponse(f"/rounds/{number}", status_code=303)
