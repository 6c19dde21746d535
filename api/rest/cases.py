"""Cases as far as the subject may see them, and what is done about them: the same functions as on the pages."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api.rest.asking import PREFIX, asks, changes
from api.web.visit import Visit, confirmed
from custody.access import Permission
from custody.entries import signed_text
from custody.rules import NotFound
from custody.store.queries.paging import KeyInvalid
from reconcile import cases as work
from reconcile.cases.checklist import Mark

router = APIRouter(prefix=PREFIX, tags=["cases"])
P = Permission


class Opening(BaseModel):
    """Findings to be laid together by hand, and why."""

    findings: list[str] = Field(min_length=1, max_length=200)
    note: str = Field("", max_length=4_000)


class Doing(BaseModel):
    """What an act needs; each act reads its own. `due_at`: microseconds UTC."""

    note: str = Field("", max_length=4_000)
    owner: int = Field(0, ge=0, le=2**53)
    deputy: int | None = Field(None, ge=0, le=2**53)
    due_at: int = Field(0, ge=0, le=2**53)
    step: str = Field("", max_length=60)
    mark: Mark = "done"
    findings: list[str] = Field([], max_length=200)
    resolution: str = Field("", max_length=60)
    name: str = Field("", max_length=200)
    size: int = Field(0, ge=0, le=2**53)
    sha256: str = Field("", max_length=64)


@router.get("/cases", summary="Cases by urgency")
def cases(
    state: Literal["open", "mine", "closed", "all"] = "open",
    incidents: bool = False,
    after: str | None = None,
    visit: Visit = Depends(asks(P.SEE_FINDINGS)),
) -> dict[str, Any]:
    """`after` of one page asks for the next."""
    asked = work.CaseFilter(state=state, incidents=incidents)
    with visit.reading() as connection:
        try:
            page = work.cases(connection, visit.subject, asked, after)
        except KeyInvalid as damaged:
            raise NotFound from damaged
    items = [asdict(item) for item in page.items]
    return {"items": items, "after": page.after, "total": page.total, "capped": page.capped}


@router.get("/cases/{number}", summary="One case with its findings, checklist and history")
def case(number: str, visit: Visit = Depends(asks(P.SEE_FINDINGS))) -> dict[str, Any]:
    """Findings by number; the incident's clock and steps where it is one."""
    return _told(visit, number)


def _told(visit: Visit, number: str) -> dict[str, Any]:
    with visit.reading() as connection:
        detail = work.case_detail(connection, visit.subject, number)
    incident = work.incident_of(detail, visit.services.scheme)
    steps = [
        {"step": step.step.code, "mark": step.mark, "due_at": step.due_at, "at": step.at, "by": step.by}
        | {"note": step.note, "matter": step.matter}
        for step in (incident.steps if incident else ())
    ]
    lines = [{"number": line.number, "kind": line.kind, "state": line.state} for line in detail.findings]
    return asdict(detail.item) | {
        "act": detail.act,
        "members": lines,
        "clock": None if incident is None else asdict(incident.clock),
        "steps": steps,
        "history": [asdict(step) for step in detail.steps],
        "files": [asdict(file) for file in detail.files],
        "resolutions": list(work.resolutions_of(detail)),
    }


@router.post("/cases", status_code=201, summary="Lay findings together")
def open_case(body: Opening, visit: Visit = Depends(changes(P.SETTLE_FINDINGS))) -> dict[str, Any]:
    """A case made by hand; the caller has it."""
    services = visit.services
    number = work.open_case(services.database, services.scheme, visit.subject, body.findings, body.note, visit.now)
    services.bulletin.publish("findings")
    return _told(visit, number)


def _settle(visit: Visit, number: str, body: Doing) -> None:
    services = visit.services
    with visit.reading() as connection:
        detail = work.case_detail(connection, visit.subject, number)
    facts = work.settled_facts(detail, body.resolution, body.note)
    signature = confirmed(visit, "/", signed_text(facts))
    work.settle(
        services.database,
        services.books,
        visit.subject,
        number,
        body.resolution,
        body.note,
        visit.now,
        signatures=(signature,),
        before=facts,
    )


Act = Callable[[Visit, str, Doing], Any]
ACTS: Mapping[str, Act] = {
    "acknowledge": lambda v, n, b: work.acknowledge(v.services.database, v.subject, n, v.now, b.note),
    "give-back": lambda v, n, b: work.give_back(v.services.database, v.subject, n, b.note, v.now),
    "note": lambda v, n, b: work.note(v.services.database, v.subject, n, b.note, v.now),
    "enquire": lambda v, n, b: work.enquire(v.services.database, v.subject, n, b.note, v.now),
    "assign": lambda v, n, b: work.assign(
        v.services.database, v.services.scheme, v.subject, n, b.owner, b.deputy, v.now
    ),
    "due": lambda v, n, b: work.set_due(v.services.database, v.subject, n, b.due_at, v.now, b.note),
    "step": lambda v, n, b: work.tick(
        v.services.database, v.services.scheme, v.subject, n, b.step, b.mark, b.note, v.now
    ),
    "attach": lambda v, n, b: work.attach_hash(
        v.services.database, v.subject, n, b.name, b.size, b.sha256, b.note, v.now
    ),
    "join": lambda v, n, b: work.join(v.services.database, v.subject, n, b.findings, b.note, v.now),
    "leave": lambda v, n, b: work.leave(
        v.services.database, v.subject, n, b.findings[0] if b.findings else "", b.note, v.now
    ),
    "settle": _settle,
    "reopen": lambda v, n, b: work.reopen(v.services.database, v.subject, n, b.note, v.now),
}
"""Last part of the address -> what is done. A file's bytes are laid to a case on its page alone."""


@router.post("/cases/{number}/{act}", summary="Do something about a case")
def act_on(number: str, act: str, body: Doing, visit: Visit = Depends(changes(P.SETTLE_FINDINGS))) -> dict[str, Any]:
    """`act`: acknowledge, give-back, note, enquire, assign, due, step, attach, join, leave, settle, reopen."""
    if act not in ACTS:
        raise NotFound
    ACTS[act](visit, number, body)
    visit.services.bulletin.publish("findings")
    visit.services.books_changed()
    return _told(visit, number)
