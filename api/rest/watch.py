"""Sweeps, and what people do about findings: thin over the same functions as the pages.

A scan carries the device's own event identifier, so sending it again changes nothing and says so (`replayed`).
"""

from dataclasses import asdict
from typing import Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.reports import loans_due
from api.rest.asking import PREFIX, asks, carrier_json, changes
from api.sessions import freshly_confirmed
from api.web.reports import export, overdue_asked
from api.web.rounds import kind_of
from api.web.visit import ConfirmationNeeded, Visit, confirmed
from custody.access import Permission
from custody.rules import NotFound, Refusal, Refused
from custody.store import queries
from custody.store.queries.paging import KeyInvalid
from custody.values import SECOND
from reconcile import findings as reconciled
from reconcile import rounds as sweeps

router = APIRouter(prefix=PREFIX, tags=["findings", "rounds"])
CLOCK_AHEAD_MAX = 60 * SECOND
"""A device's clock may be so far ahead; further, and the server's own time is taken."""
SCANS_MAX, OVERDUE_MAX = 1_000, 1_000


class Note(BaseModel):
    """What is known of a finding."""

    note: str = Field("", max_length=4_000)


class Settlement(BaseModel):
    """How a finding is closed: one of the resolutions offered, and why."""

    resolution: str = Field(max_length=60)
    reason: str = Field(max_length=4_000)


class Opening(BaseModel):
    """The place to sweep."""

    place: int


class ScanIn(BaseModel):
    """A scan. `event`: the device's identifier of it; `at`: microseconds UTC, 0 for now."""

    event: str = Field(min_length=1, max_length=80)
    code: str = Field(min_length=1, max_length=200)
    at: int = 0
    means: Literal["scan", "eye"] = "scan"
    place: int | None = None
    reason: str = Field("", max_length=400)


class Scans(BaseModel):
    """Scans in the order in which they were made."""

    scans: list[ScanIn] = Field(max_length=SCANS_MAX)


class Undo(BaseModel):
    """The event to take back; empty: the caller's newest."""

    event: str = Field("", max_length=80)


class Signing(BaseModel):
    """The hash of the report that was read."""

    report_hash: str = Field(max_length=64)


def _told(visit: Visit, *topics: str) -> None:
    visit.services.bulletin.publish(*topics)
    visit.services.books_changed()


@router.post("/findings/{number}/acknowledge", summary="Take a finding up")
def acknowledge(number: str, body: Note, visit: Visit = Depends(changes(Permission.SETTLE_FINDINGS))) -> dict[str, Any]:
    """A finding without an owner becomes the caller's."""
    reconciled.acknowledge(visit.services.database, visit.subject, number, visit.now, body.note)
    _told(visit, "findings")
    return {"number": number, "state": "acknowledged"}


@router.post("/findings/{number}/explain", summary="Add what is known of a finding")
def explain(number: str, body: Note, visit: Visit = Depends(changes(Permission.SETTLE_FINDINGS))) -> dict[str, Any]:
    """It stays open."""
    reconciled.explain(visit.services.database, visit.subject, number, body.note, visit.now)
    _told(visit, "findings")
    return {"number": number, "state": "explained"}


@router.post("/findings/{number}/settle", summary="Close a finding by a person's word")
def settle(
    number: str, body: Settlement, visit: Visit = Depends(changes(Permission.SETTLE_FINDINGS))
) -> dict[str, Any]:
    """Entered in the books under an act of its own."""
    act = reconciled.settle(
        visit.services.database,
        visit.services.books,
        visit.subject,
        number,
        body.resolution,
        body.reason,
        visit.now,
    )
    _told(visit, "findings", "books")
    return {"number": number, "state": "settled", "act": act}


@router.get("/rounds", summary="Sweeps, the newest first")
def rounds(
    state: Literal["open", "signed", "abandoned"] | None = None,
    after: str | None = None,
    visit: Visit = Depends(asks(Permission.SWEEP, Permission.SEE_REPORTS)),
) -> dict[str, Any]:
    """`after` of one page asks for the next."""
    with visit.reading() as connection:
        try:
            page = sweeps.rounds(connection, visit.subject, state, None, after)
        except KeyInvalid as damaged:
            raise NotFound from damaged
    kept = ("number", "place", "place_code", "state", "opened_by", "opened_by_name", "opened_at", "finished_at", "act")
    return {
        "items": [{name: getattr(row, name) for name in kept} for row in page.items],
        "after": page.after,
        "total": page.total,
        "capped": page.capped,
    }


@router.post("/rounds", status_code=201, summary="Open a sweep of a place")
def open_round(body: Opening, visit: Visit = Depends(changes(Permission.SWEEP))) -> dict[str, Any]:
    """The expected list is frozen from the books as they are."""
    number = sweeps.open_round(visit.services.database, visit.services.books, visit.subject, body.place, visit.now)
    _told(visit, "rounds")
    return {"number": number}


@router.get("/rounds/{number}", summary="A sweep as it stands; once signed, as it was signed")
def one_round(number: str, visit: Visit = Depends(asks(Permission.SWEEP, Permission.SEE_REPORTS))) -> dict[str, Any]:
    """Every bucket with its lines, and the hash of what a signature now would freeze."""
    with visit.reading() as connection:
        state = sweeps.buckets(connection, visit.subject, number)
        report = sweeps.round_report(connection, visit.subject, number)
    found = asdict(state) | {"counts": dict(state.counts), "expected": state.expected, "to_find": state.to_find}
    return found | {"report_hash": report.hash}


@router.post("/rounds/{number}/scans", summary="Count scans; each event once, however often it is sent")
def scans(number: str, body: Scans, visit: Visit = Depends(changes(Permission.SWEEP))) -> dict[str, Any]:
    """What each scan was, in order, and how far the sweep has come."""
    if any(not one.code.strip() for one in body.scans):
        raise Refused((Refusal("", "text_missing", {"field": "code"}),))
    latest = visit.now + CLOCK_AHEAD_MAX
    given = [
        sweeps.Scan(
            one.event, one.code, one.at if 0 < one.at <= latest else visit.now, one.means, one.place, one.reason
        )
        for one in body.scans
    ]
    with visit.services.database.writing() as connection:
        found = sweeps.scan_many(connection, visit.subject, number, given)
        met = [one.carrier for one in found if one.carrier is not None]
        carriers = queries.carriers_by_id(connection, visit.subject, met)
        present, expected = _progress(sweeps.progress(connection, visit.subject, number))
    if any(one.outcome != "replayed" for one in found):
        visit.services.bulletin.publish("rounds")
    results = []
    for one, sent in zip(found, given, strict=True):
        carrier = carriers.get(one.carrier) if one.carrier is not None else None
        named = None
        if carrier is not None:
            named = {
                "id": carrier.id,
                "control_number": carrier.control_number,
                "copy_number": carrier.copy_number,
                "copies": carrier.copies,
            }
        results.append(
            {
                "event": one.event,
                "code": sent.code,
                "outcome": one.outcome,
                "kind": kind_of(one),
                "expected": one.expected,
                "carrier": named,
            }
        )
    return {"results": results, "met": present, "expected": expected}


def _progress(pair: tuple[int, int]) -> tuple[int, int]:
    expected, met = pair
    return met, expected


@router.post("/rounds/{number}/undo", summary="Take a scan back, by an event of its own")
def undo(number: str, body: Undo, visit: Visit = Depends(changes(Permission.SWEEP))) -> dict[str, Any]:
    """`event` is null where there was nothing to take back."""
    with visit.services.database.writing() as connection:
        if body.event:
            done = sweeps.undo(connection, visit.subject, number, body.event, visit.now)
            event = body.event if done else None
        else:
            event = sweeps.undo_last(connection, visit.subject, number, visit.now)
    visit.services.bulletin.publish("rounds")
    return {"event": event}


@router.post("/rounds/{number}/feed", summary="Count what the antennas under the place heard since the opening")
def feed(number: str, visit: Visit = Depends(changes(Permission.SWEEP))) -> dict[str, Any]:
    """How many tags this added."""
    with visit.services.database.writing() as connection:
        added = sweeps.feed_from_readers(connection, visit.subject, number)
    if added:
        visit.services.bulletin.publish("rounds")
    return {"added": added}


@router.post("/rounds/{number}/sign", summary="Finish a sweep: freeze its report and enter it in the books")
def sign(number: str, body: Signing, visit: Visit = Depends(changes(Permission.SWEEP))) -> dict[str, Any]:
    """Needs an identity confirmed within the last minutes, and the hash of the report that was read."""
    if not freshly_confirmed(visit.session, visit.services.scheme, visit.now):
        raise ConfirmationNeeded(f"/rounds/{number}/finish")
    with visit.reading() as connection:
        report = sweeps.round_report(connection, visit.subject, number)
    if body.report_hash != report.hash:
        raise Refused((Refusal("", "round_changed", {"round": number}),))
    signature = confirmed(visit, f"/rounds/{number}/finish", report.text)
    act = sweeps.sign_round(visit.services.database, visit.services.books, visit.subject, number, signature, visit.now)
    _told(visit, "rounds", "findings", "books")
    return {"number": number, "act": act}


@router.get("/reports/overdue", tags=["reports"], summary="Loans that are overdue, the longest first")
def overdue(
    unit: int | None = None, person: int | None = None, visit: Visit = Depends(asks(Permission.SEE_REPORTS))
) -> dict[str, Any]:
    """`unit` (of the holder, with its sub-units) and `person` narrow it; no more than a thousand are given."""
    asked = overdue_asked(visit)
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        found = loans_due(connection, visit.subject, visit.now, asked, directory)
        items = [item for item, _ in zip(found, range(OVERDUE_MAX), strict=False)]
    return {"items": [carrier_json(visit, item) for item in items], "unit": unit, "person": person}


@router.get("/reports/overdue.xlsx", tags=["reports"], summary="The same as a workbook; the export is logged")
def overdue_workbook(visit: Visit = Depends(asks(Permission.SEE_REPORTS))) -> Response:
    """Numbers as text, formulas neutralised, who exported it in the foot."""
    asked = overdue_asked(visit)
    return export(visit, "overdue", asked, asked.said)
