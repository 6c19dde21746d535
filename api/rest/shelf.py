"""What a sweeping device keeps and brings back: the sheet that it takes along, what it did without a network, and what
it could not deliver. Numbers and codes only, never a title.
"""

import hashlib
from typing import Any

from fastapi import APIRouter, Depends

from api.rest.asking import PREFIX, asks, changes
from api.web.refusals import refusal_words
from api.web.rounds import DEVICE, kind_of
from api.web.shelf_events import Events, Handed, events_in
from api.web.visit import Visit
from custody.access import Permission
from custody.store import queries
from reconcile import rounds as sweeps

router = APIRouter(prefix=PREFIX, tags=["rounds"])


@router.get("/rounds/{number}/sheet", summary="What a handheld takes along: numbers, and hashes of tags")
def sheet(number: str, visit: Visit = Depends(asks(Permission.SWEEP))) -> dict[str, Any]:
    """A tag's hash is the first 16 hexadecimal digits of SHA-256 over `salt` and its EPC. Of a blind count under way
    there are no lines. `until`: when the device must have forgotten it."""
    with visit.reading() as connection:
        tally = sweeps.blind_tally(connection, visit.subject, number)
        head = {"round": number, "person": visit.subject.person, "until": visit.session.expires_at, "at": visit.now}
        if tally is not None:
            told = {"kind": "blind", "blind": True, "state": "open", "place": tally.place_code}
            return head | told | {"salt": "", "list": "", "met": "", "lines": [], "places": {}, "shelf": ""}
        state = sweeps.buckets(connection, visit.subject, number)
        # Nothing secret: it keeps the sheets of two sweeps from being laid side by side.
        salt = hashlib.sha256(f"{number}:{visit.subject.person}".encode()).hexdigest()[:16]
        found = sweeps.sheet_of(connection, state, salt)
    lines = [[line.number, line.copy, line.expected, line.place, list(line.tags)] for line in found.lines]
    head |= {"kind": state.kind, "blind": False, "state": state.state, "place": state.place_code, "salt": salt}
    head |= {"shelf": found.shelf}
    return head | {"list": found.met.list, "met": found.met.marks, "lines": lines, "places": dict(found.places)}


@router.post("/rounds/{number}/events", summary="Take what a device did, in its order; each event once")
def events(number: str, body: Events, visit: Visit = Depends(changes(Permission.SWEEP))) -> dict[str, Any]:
    """What became of each, in order. One that is refused (`refused`: code and words) hinders no other."""
    given = events_in(body.events, visit.now)
    with visit.services.database.writing() as connection:
        found = sweeps.replay(connection, visit.subject, number, given, visit.services.scheme)
        met = [one.scan.carrier for one in found if one.scan is not None and one.scan.carrier is not None]
        carriers = queries.carriers_by_id(connection, visit.subject, met)
    outcomes = {one.scan.outcome for one in found if one.scan is not None}
    if outcomes - {"replayed"} or any(one.what != "scan" for one in found):
        visit.services.bulletin.publish("rounds")
    if "unknown" in outcomes:
        visit.services.bulletin.publish("findings")
    return {"results": [_told(visit, one, sent, carriers) for one, sent in zip(found, given, strict=True)]}


def _told(visit: Visit, one: sweeps.Replayed, sent: sweeps.Event, carriers: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"event": one.event, "what": one.what, "code": one.code or sent.code, "refused": None}
    if one.refusal is not None:
        words = refusal_words(one.refusal, visit.t, visit.services.scheme, visit.language)
        return told | {"kind": "refused", "refused": {"code": one.refusal.code, "message": words.message}}
    if one.what == "deal":
        return told | {"kind": sent.reason if one.code else "said"}
    if one.what == "walk":
        return told | {"kind": "said"}
    if one.scan is None:
        return told | {"kind": "undealt" if one.dealt else "undone" if one.undone else "nothing_to_undo"}
    carrier = carriers.get(one.scan.carrier) if one.scan.carrier is not None else None
    named = None
    if carrier is not None:
        named = {
            "id": carrier.id,
            "control_number": carrier.control_number,
            "copy_number": carrier.copy_number,
            "copies": carrier.copies,
        }
    return told | {"kind": kind_of(one.scan), "outcome": one.scan.outcome, "carrier": named}


@router.post("/rounds/{number}/handed", status_code=201, summary="Hand what was refused to a clerk")
def handed(number: str, body: Handed, visit: Visit = Depends(changes(Permission.SWEEP))) -> dict[str, Any]:
    """It waits until a clerk enters it or puts it aside. The same again is the same: `before`."""
    device = body.device if DEVICE.fullmatch(body.device) else ""
    given = sweeps.HandOver(
        round=number,
        device=device,
        of=body.of or visit.subject.person,
        way="network",
        why=body.why,
        events=events_in(body.events, visit.now),
    )
    with visit.services.database.writing() as connection:
        identifier, before = sweeps.hand_over(connection, visit.subject, given, visit.now)
    visit.services.bulletin.publish("rounds")
    return {"number": identifier, "before": before}
