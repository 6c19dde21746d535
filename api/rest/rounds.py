"""Sweeps: thin over the same functions as the pages.

Everything that a device says carries an event identifier of its own, so that sending it again changes nothing and says
so. Of a blind count nothing is given that would tell what it expects.
"""

import re
from dataclasses import asdict
from random import SystemRandom
from typing import Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api.rest.asking import PREFIX, asks, changes
from api.sessions import freshly_confirmed
from api.web.rounds import kind_of
from api.web.visit import ConfirmationNeeded, Visit, confirmed
from custody.access import Permission
from custody.rules import NotFound, Refusal, Refused
from custody.store import queries
from custody.store.queries.paging import KeyInvalid
from custody.values import SECOND
from reconcile import rounds as sweeps

router = APIRouter(prefix=PREFIX, tags=["rounds"])
CLOCK_AHEAD_MAX = 60 * SECOND
"""A device's clock may be so far ahead; further, and the server's own time is taken."""
SCANS_MAX, SAMPLE_MAX, PLACES_MAX = 1_000, 100_000, 1_000
DEVICE = re.compile(r"d-[0-9a-f]{8}")
"""What the identifiers of a device's scans begin with."""


class Opening(BaseModel):
    """The place to sweep, and how. A recount names a signed sweep, whose place it takes."""

    place: int = 0
    kind: Literal["sweep", "spot", "blind", "recount"] = "sweep"
    of: str = Field("", max_length=40)
    scope: Literal["all", "missing", "sample"] = "all"
    sample: int = Field(0, ge=0, le=SAMPLE_MAX)


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
    """The event to take back; empty: the caller's newest, once under the identifier `id` of the device's own."""

    event: str = Field("", max_length=80)
    id: str = Field("", max_length=80)


class Said(BaseModel):
    """Something said in a sweep, under the device's identifier of it."""

    event: str = Field(min_length=1, max_length=80)
    reason: str = Field("", max_length=400)


class Walk(BaseModel):
    """The answer to "walked on to the next shelf?": the scans that asked it, as they were proposed."""

    event: str = Field(min_length=1, max_length=80)
    device: str = Field(max_length=10)
    place: int
    yes: bool
    scans: list[str] = Field(max_length=50)


class Places(BaseModel):
    """Places in which somebody was, though nothing answered there."""

    event: str = Field(min_length=1, max_length=60)
    places: list[int] = Field(max_length=PLACES_MAX)


class Signing(BaseModel):
    """The hash of the report that was read."""

    report_hash: str = Field(max_length=64)


def _told(visit: Visit, *topics: str) -> None:
    visit.services.bulletin.publish(*topics)
    visit.services.books_changed()


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
    kept = ("number", "kind", "place", "place_code", "state", "opened_by", "opened_by_name", "opened_at", "finished_at")
    return {
        "items": [{name: getattr(row, name) for name in (*kept, "act")} for row in page.items],
        "after": page.after,
        "total": page.total,
        "capped": page.capped,
    }


@router.post("/rounds", status_code=201, summary="Open a sweep of a place")
def open_round(body: Opening, visit: Visit = Depends(changes(Permission.SWEEP))) -> dict[str, Any]:
    """The expected list is frozen from the books as they are."""
    try:
        terms = sweeps.Terms(body.kind, body.of, body.scope, body.sample, SystemRandom())
    except ValueError as contradiction:
        raise Refused((Refusal("", "round_terms", {}),)) from contradiction
    services = visit.services
    number = sweeps.open_round(services.database, services.books, visit.subject, body.place, visit.now, terms)
    _told(visit, "rounds")
    return {"number": number}


@router.get("/rounds/{number}", summary="A sweep as it stands; once signed, as it was signed")
def one_round(number: str, visit: Visit = Depends(asks(Permission.SWEEP, Permission.SEE_REPORTS))) -> dict[str, Any]:
    """Every bucket with its lines, and the hash of what a signature now would freeze; of a blind count under way only
    how much was counted."""
    with visit.reading() as connection:
        tally = sweeps.blind_tally(connection, visit.subject, number)
        if tally is not None:
            return asdict(tally)
        state = sweeps.buckets(connection, visit.subject, number)
        report = sweeps.round_report(connection, visit.subject, number)
        waiting = sweeps.waiting(connection, visit.subject, number, report)
    found = {name: getattr(state, name) for name in state.__slots__ if name not in sweeps.BUCKETS}
    found["by_device"] = [asdict(one) for one in state.by_device]
    found["dealt"] = [one._asdict() for one in state.dealt]
    found |= {name: [line_json(line) for line in getattr(state, name)] for name in sweeps.BUCKETS}
    found |= {"counts": dict(state.counts), "expected": state.expected, "to_find": state.to_find}
    found["shown"] = {name: len(lines) for name, lines in sweeps.shown(state).items()}
    return found | {"report_hash": report.hash, "waiting": asdict(waiting) if waiting else None}


def line_json(line: Any) -> dict[str, Any]:
    """A line of a bucket: a carrier, or a code that names none."""
    return line._asdict() if isinstance(line, sweeps.Line) else asdict(line)


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
        found = sweeps.scan_many(connection, visit.subject, number, given, visit.services.scheme)
        met = [one.carrier for one in found if one.carrier is not None]
        carriers = queries.carriers_by_id(connection, visit.subject, met)
        expected, present = sweeps.progress(connection, visit.subject, number)
    if any(one.outcome != "replayed" for one in found):
        visit.services.bulletin.publish("rounds")
    if any(one.outcome == "unknown" for one in found):
        visit.services.bulletin.publish("findings")
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


@router.post("/rounds/{number}/undo", summary="Take a scan back, by an event of its own")
def undo(number: str, body: Undo, visit: Visit = Depends(changes(Permission.SWEEP))) -> dict[str, Any]:
    """`event` is null where there was nothing to take back."""
    with visit.services.database.writing() as connection:
        if body.event:
            done = sweeps.undo(connection, visit.subject, number, body.event, visit.now)
            event = body.event if done else None
        elif body.id:
            event = sweeps.undo_newest(connection, visit.subject, number, body.id, visit.now)
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


def _done(visit: Visit, done: bool) -> dict[str, Any]:
    if done:
        visit.services.bulletin.publish("rounds")
    return {"done": done}


@router.post("/rounds/{number}/pause", summary="Let a sweep rest")
def pause(number: str, body: Said, visit: Visit = Depends(changes(Permission.SWEEP))) -> dict[str, Any]:
    """`done` is false where it rests already."""
    with visit.services.database.writing() as connection:
        done = sweeps.pause(connection, visit.subject, number, body.event, body.reason, visit.now)
    return _done(visit, done)


@router.post("/rounds/{number}/resume", summary="Go on with a sweep that rests")
def resume(number: str, body: Said, visit: Visit = Depends(changes(Permission.SWEEP))) -> dict[str, Any]:
    """`done` is false where it does not rest."""
    with visit.services.database.writing() as connection:
        done = sweeps.resume(connection, visit.subject, number, body.event, visit.now)
    return _done(visit, done)


@router.post("/rounds/{number}/counted", summary="Finish a blind count: it then shows what was expected")
def counted(number: str, body: Said, visit: Visit = Depends(changes(Permission.SWEEP))) -> dict[str, Any]:
    """`done` is false where that was said before."""
    with visit.services.database.writing() as connection:
        done = sweeps.finish_count(connection, visit.subject, number, body.event, visit.now)
    return _done(visit, done)


@router.get("/rounds/{number}/where", summary="Where the caller is with a device, and what its newest scans propose")
def where(number: str, device: str = "", visit: Visit = Depends(asks(Permission.SWEEP))) -> dict[str, Any]:
    """`proposal` is null where nothing is to be asked."""
    with visit.reading() as connection:
        return asdict(sweeps.standing(connection, visit.subject, number, device_of(device)))


def device_of(text: str) -> str:
    """The device that a request names; anything else is the page without script."""
    return text if DEVICE.fullmatch(text) else "page"


@router.post("/rounds/{number}/walk", summary='Answer "walked on to the next shelf?"')
def walk(number: str, body: Walk, visit: Visit = Depends(changes(Permission.SWEEP))) -> dict[str, Any]:
    """Yes sorts the scans named, and those that follow, to that place; `done` is false where it was said before."""
    with visit.services.database.writing() as connection:
        done = sweeps.answer(
            connection,
            visit.subject,
            number,
            body.event,
            device_of(body.device),
            body.place,
            body.yes,
            body.scans,
            visit.now,
        )
    return _done(visit, done)


@router.post("/rounds/{number}/walked", summary="Say that places were read, though nothing answered there")
def walked(number: str, body: Places, visit: Visit = Depends(changes(Permission.SWEEP))) -> dict[str, Any]:
    """How many were new."""
    with visit.services.database.writing() as connection:
        added = sweeps.was_there(connection, visit.subject, number, body.event, body.places, visit.now)
    _done(visit, added > 0)
    return {"added": added}


@router.post("/rounds/{number}/sign", summary="Sign a sweep: freeze its report and enter it in the books")
def sign(number: str, body: Signing, visit: Visit = Depends(changes(Permission.SWEEP))) -> dict[str, Any]:
    """Needs an identity confirmed within the last minutes, and the hash of the report that was read. `act` is empty
    where the level asks for a second person, who has not signed yet."""
    if not freshly_confirmed(visit.session, visit.services.scheme, visit.now):
        raise ConfirmationNeeded(f"/rounds/{number}/finish")
    with visit.reading() as connection:
        report = sweeps.round_report(connection, visit.subject, number)
    if body.report_hash != report.hash:
        raise Refused((Refusal("", "round_changed", {"round": number}),))
    signature = confirmed(visit, f"/rounds/{number}/finish", report.text)
    act = sweeps.sign_round(visit.services.database, visit.services.books, visit.subject, number, signature, visit.now)
    _told(visit, "rounds", "findings", "books")
    return {"number": number, "act": act, "waiting": not act}
