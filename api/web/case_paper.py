"""The file of a case on paper: evidence with its hashes, checklist, history, room for signatures; under the code of the
checkpoint, and no print without its number, as with the papers of acts (clause 7).
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import RedirectResponse, Response

from api import store
from api.forms import checkpoint_parts, code_text, qr_code
from api.web.casework import names_of, reads
from api.web.exports import ban_signed
from api.web.printing.pages import OPEN_SECONDS, PARTS_MAX, Foot, short_root, signed_now
from api.web.render import render, url
from api.web.visit import Form, Visit, posted
from api.web.words import clock_time, iso_day
from custody import clock
from custody.values import SECOND
from reconcile.cases import CaseDetail
from reconcile.store.findings import canonical

router = APIRouter(include_in_schema=False)


def digest_of(visit: Visit, names: Mapping[str, Any]) -> str:
    """SHA-256, hexadecimal, of what can be read on the paper but its foot: canonical JSON (RFC 8785)."""
    detail: CaseDetail = names["detail"]
    incident = names["incident"]
    steps = [[step.step.code, step.mark, step.note] for step in incident.steps] if incident else []
    read = {
        "number": detail.item.number,
        "state": detail.item.state,
        "language": visit.language,
        "findings": [[line.number, line.state, names["hashes"][line.number]] for line in detail.findings],
        "steps": steps,
        "events": [[event.what, event.note] for event in names["events"]],
        "files": [[file.name, file.sha256] for file in detail.files],
    }
    return sha256(canonical(read).encode()).hexdigest()


def _foot(visit: Visit, number: str, digest: str, note: str | None, made: store.Print | None) -> Foot:
    size, root = checkpoint_parts(note) if note is not None else (None, "")
    said = ""
    if made is not None:
        zone = visit.services.scheme.timezone
        at = f"{iso_day(clock.day(made.at, zone), visit.language)} {clock_time(made.at, zone)}"
        name = visit.person.name_en if visit.language == "en" and visit.person.name_en else visit.person.name
        said = visit.t("forms.printed", name=name, at=at, n=made.number)
    return Foot(
        printed=said,
        checkpoint=size,
        root=short_root(root),
        digest=digest[:16],
        code=qr_code(code_text(note, number, None, digest)),
        later=made is None and note is None,
    )


@router.get("/cases/{number}/paper")
def paper_page(
    number: str, made: int | None = Query(None, alias="print", ge=1, le=PARTS_MAX), visit: Visit = Depends(reads)
) -> Response:
    """The file as it will be printed; or, with `print`, the logged print itself. Raises NotFound."""
    names = names_of(visit, number)
    digest = digest_of(visit, names)
    with visit.reading() as connection:
        logged = None if made is None else store.print_of(connection, number, 1, made)
        current = logged if logged is not None and _still_open(visit, logged, digest) else None
        size = current.checkpoint if current is not None else None
        kept = store.checkpoints(connection, 1)
        signed = store.checkpoint_of(connection, size) if size is not None else kept[0] if kept else None
    foot = _foot(visit, number, digest, signed.note if signed else None, current)
    return render(visit, "casework/paper.html", **(names | {"foot": foot, "made": current, "closed": bool(made)}))


def _still_open(visit: Visit, made: store.Print, digest: str) -> bool:
    young = 0 <= visit.now - made.at <= OPEN_SECONDS * SECOND
    return young and made.person == visit.subject.person and made.paper_hash == digest


@router.post("/cases/{number}/paper/printed")
def print_paper(number: str, visit: Visit = Depends(reads), form: Form = Depends(posted)) -> Response:
    """Log a print of the file, then show it with its number. Raises Refused, NotFound."""
    ban_signed(visit)
    names = names_of(visit, number)
    detail: CaseDetail = names["detail"]
    note = signed_now(visit)
    made = store.Print(
        act=detail.item.number,
        part=1,
        number=0,
        person=visit.subject.person,
        at=visit.now,
        language=visit.language,
        copies=1,
        lines=len(detail.findings),
        paper_hash=digest_of(visit, names),
        checkpoint=checkpoint_parts(note)[0] if note else None,
    )
    with visit.services.database.writing() as connection:
        made = store.log_print(connection, made)
        filters = json.dumps({"case": made.act, "print": made.number})
        store.log_export(connection, visit.subject.person, visit.now, "case_paper", filters, made.lines)
    visit.shows(*detail.carriers, how="print", detail=f"{made.act} 1 {made.number}")
    return RedirectResponse(url(f"/cases/{made.act}/paper", print=made.number), status_code=303)
