"""Cases: the list, one of them with its incident, what is laid to it. What is done about it: `case_acts`; its paper:
`case_paper`.
"""

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api import store
from api.store import Connection
from api.web import navigation
from api.web.carriers import whole
from api.web.case_words import title_of
from api.web.evidence import moment, person_words, place_words, rule_words
from api.web.render import render
from api.web.visit import Visit, needs
from custody.access import Permission
from custody.register import Directory
from custody.rules import NotFound
from custody.store.queries.paging import KeyInvalid
from custody.values import SECOND
from reconcile import cases as work
from reconcile.cases import CaseDetail, CaseFilter
from reconcile.store.case_queries import CaseStep, places_behind
from reconcile.store.finding_queries import FindingLine
from reconcile.store.findings import canonical

router = APIRouter(include_in_schema=False)
reads = needs(Permission.SEE_FINDINGS)
PAGE = 50
STATES = ("open", "mine", "closed", "all")


def open_incidents(visit: Visit) -> int:
    """The figure in the navigation: incidents that are open for this visit."""
    with visit.reading() as connection:
        return work.open_incidents(connection, visit.subject)


navigation.COUNTS["cases"] = open_incidents


@router.get("/cases")
def cases_page(visit: Visit = Depends(reads)) -> Response:
    """The list: what is open by urgency, then the newest."""
    params = visit.request.query_params
    state = params.get("state") if params.get("state") in STATES else "open"
    asked = CaseFilter(state=state or "open", incidents=params.get("incidents") == "1")
    with visit.reading() as connection:
        try:
            page = work.cases(connection, visit.subject, asked, params.get("after"), PAGE, params.get("before"))
        except KeyInvalid as damaged:
            raise NotFound from damaged
        directory = visit.services.books.directory(connection)
    return render(
        visit,
        "casework/list.html",
        page=page,
        asked=asked,
        states=STATES,
        first=whole(params.get("first")) or 1,
        page_size=PAGE,
        titles={item.number: title_of(visit, directory, item) for item in page.items},
        person=partial(person_words, visit, directory),
    )


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the history in words."""

    at: int
    what: str
    note: str


def draw(visit: Visit, number: str, template: str = "casework/one.html", **more: Any) -> Response:
    """One case as it stands. Raises NotFound."""
    return render(visit, template, **(names_of(visit, number) | more))


def names_of(visit: Visit, number: str) -> dict[str, Any]:
    """What the pages and the paper of a case are drawn with. Raises NotFound."""
    with visit.reading() as connection:
        detail = work.case_detail(connection, visit.subject, number)
        directory = visit.services.books.directory(connection)
        behind = _behind(connection, visit, detail)
        signed = store.checkpoints(connection, 1)
    return _of(visit, detail, directory) | {
        "behind": behind,
        "checkpoint": signed[0] if signed else None,
        "refusals": (),
    }


def _of(visit: Visit, detail: CaseDetail, directory: Directory) -> dict[str, Any]:
    scheme = visit.services.scheme
    incident = work.incident_of(detail, scheme)
    settles, heads = visit.may(Permission.SETTLE_FINDINGS), visit.may(Permission.HEAD_ENQUIRIES)
    closed = detail.item.closed
    able: tuple[int, ...] = ()
    if settles and not closed:
        able = work.candidates(visit.services.database, scheme, detail, visit.now)
    concludes = heads if incident is not None or detail.item.state == "enquiry" else settles
    return {
        "detail": detail,
        "item": detail.item,
        "title": title_of(visit, directory, detail.item),
        "incident": incident,
        "clock_left": incident.clock.left(visit.now) if incident else 0,
        "clock_left_words": _hours(visit, incident.clock.left(visit.now)) if incident else "",
        "steps_done": sum(1 for step in incident.steps if step.mark != "open") if incident else 0,
        "may_tick": {step.step.code: visit.may(step.step.permission) for step in incident.steps} if incident else {},
        "person": partial(person_words, visit, directory),
        "events": tuple(_event(visit, directory, step) for step in detail.steps),
        "settles": settles,
        "heads": heads,
        "concludes": concludes and not closed,
        "able": [(str(one), person_words(visit, directory, one)) for one in able],
        "resolutions": work.resolutions_of(detail),
        "events_open": sum(1 for line in detail.findings if line.open and line.nature == "event"),
        "file_mb": scheme.number("case_file_kib_max") // 1024,
        "beside": {line.number: _beside(visit, directory, line) for line in detail.findings},
        "rules": {line.number: rule_words(visit, line, directory) for line in detail.findings},
        "hashes": {line.number: evidence_hash(line) for line in detail.findings},
        "printed_by": person_words(visit, directory, visit.subject.person),
    }


def _hours(visit: Visit, left: int) -> str:
    """Hours and minutes, of what is left or of what has passed."""
    minutes = abs(left) // (60 * SECOND)
    return visit.t("casework.hours", h=minutes // 60, m=minutes % 60)


def evidence_hash(line: FindingLine) -> str:
    """SHA-256 of the evidence as it is shown to whom reads it."""
    return hashlib.sha256(canonical(line.evidence).encode()).hexdigest()


def _beside(visit: Visit, directory: Directory, line: FindingLine) -> str:
    parts = [place_words(visit, directory, line.place_code) if line.place_code else ""]
    parts += [person_words(visit, directory, line.person), line.reader or ""]
    return " · ".join(part for part in parts if part)


def _behind(connection: Connection, visit: Visit, detail: CaseDetail) -> int:
    """How many carriers that are seen have their place where a dead reader alone listens."""
    kind, _, reader = detail.item.about.partition(":")
    if detail.item.cause != "reader_dead" or kind != "reader" or detail.item.closed:
        return 0
    return places_behind(connection, visit.subject, reader)


def _event(visit: Visit, directory: Directory, step: CaseStep) -> Event:
    name = person_words(visit, directory, step.by) or (step.by_name or "")
    what = step.detail
    if step.what == "assigned":
        owner, _, deputy = step.detail.partition(" ")
        what = person_words(visit, directory, whole(owner))
        if deputy:
            what += " · " + visit.t("casework.deputy", name=person_words(visit, directory, whole(deputy)))
    elif step.what == "due":
        what = moment(visit, whole(step.detail))
    elif step.what == "step":
        code, _, mark = step.detail.partition(" ")
        what = visit.t(f"case_step.{code}") + " · " + visit.t(f"case_mark.{mark}")
    elif step.what == "attached":
        what = step.detail[:12]
    return Event(step.at, visit.t(f"casework.step_word.{step.what}", name=name, what=what), step.note)


@router.get("/cases/{number}")
def case_page(number: str, visit: Visit = Depends(reads)) -> Response:
    """One case: its findings, its clock and checklist where it is an incident, what was done, what is laid to it."""
    return draw(visit, number)


@router.get("/cases/{number}/files/{identifier}")
def case_file(number: str, identifier: int, visit: Visit = Depends(reads)) -> Response:
    """A file that was laid to the case, to be saved: never shown within a page, whatever it is."""
    with visit.reading() as connection:
        known, content = work.file_content(connection, visit.subject, number, identifier)
    headers = {
        "Content-Disposition": f'attachment; filename="{number}-{identifier}.{_ENDINGS.get(known.media, "bin")}"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type="application/octet-stream", headers=headers)


_ENDINGS = {
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/tiff": "tif",
    "text/plain": "txt",
}
