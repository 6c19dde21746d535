"""The paper of an act on the screen, and the print: logged before anything leaves, with its number at the foot."""

import base64
import json
from dataclasses import dataclass

from fastapi import APIRouter, Depends, Query
from starlette.responses import RedirectResponse, Response

from api import store
from api.forms import Code, Paper, cell_lines, checkpoint_parts, paper_hash, sign_lines
from api.web.exports import ban_signed
from api.web.printing.loading import kept_note, load, paper_of, seal
from api.web.printing.model import Printed
from api.web.render import render, url
from api.web.visit import Form, Visit, needs, posted
from custody.access import Permission
from custody.store.books import KeyMissing
from custody.values import SECOND

router = APIRouter(include_in_schema=False)
reads = needs(Permission.SEE_CARRIERS)
OPEN_SECONDS = 600
"""So long a logged print can be sent to the printer; afterwards it must be logged anew."""
COPIES_MAX = 9
PARTS_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Foot:
    """What stands at the foot of every copy. `printed` is empty on a preview, which is no document."""

    printed: str
    checkpoint: int | None
    root: str
    digest: str
    code: Code
    later: bool
    """Whether the checkpoint is only signed at the print."""


@router.get("/acts/{number}/form")
def form_page(
    number: str,
    part: int = Query(1, ge=1, le=PARTS_MAX),
    copies: int = Query(0, ge=0, le=COPIES_MAX),
    made: int | None = Query(None, alias="print", ge=1, le=PARTS_MAX),
    visit: Visit = Depends(reads),
) -> Response:
    """The paper as it will be printed; or, with `print`, the logged print itself. Raises NotFound."""
    with visit.reading() as connection:
        printed = load(connection, visit, number, part)
        paper = paper_of(printed)
        logged = None if made is None else store.print_of(connection, printed.number, part, made)
        current = logged if logged is not None and still_open(logged, visit, paper) else None
        if current is None:
            note = kept_note(connection, printed)
        else:
            signed = store.checkpoint_of(connection, current.checkpoint) if current.checkpoint is not None else None
            note = signed.note if signed else None
    visit.shows(*_carriers(printed), how="form", detail=printed.number)
    names = paper.copies or ("",)
    shown = names[: current.copies] if current else names[:copies] if copies else names
    return render(
        visit,
        "forms/form.html",
        paper=paper,
        part=printed.part,
        parts=printed.parts,
        copies=shown,
        copies_all=len(names),
        foot=_foot(printed, paper, note, current),
        made=current,
        closed=made is not None and current is None,
        lines=cell_lines(paper.cells),
        signs=sign_lines(paper.signs),
    )


@router.post("/acts/{number}/form/printed")
def print_form(number: str, visit: Visit = Depends(reads), form: Form = Depends(posted)) -> Response:
    """Log a print, then show it with its number. Raises Refused, NotFound."""
    ban_signed(visit)
    part = form.number("part") or 1
    with visit.reading() as connection:
        printed = load(connection, visit, number, part)
        note = kept_note(connection, printed)
    paper = paper_of(printed)
    note = note or signed_now(visit)
    copies = min(form.number("copies") or COPIES_MAX, len(paper.copies) or 1)
    made = store.Print(
        act=printed.number,
        part=part,
        number=0,
        person=visit.subject.person,
        at=visit.now,
        language=visit.language,
        copies=copies,
        lines=len(printed.lines),
        paper_hash=paper_hash(paper),
        checkpoint=checkpoint_parts(note)[0] if note else None,
    )
    with visit.services.database.writing() as connection:
        made = store.log_print(connection, made)
        filters = json.dumps({"act": made.act, "part": part, "copies": copies, "print": made.number})
        store.log_export(connection, visit.subject.person, visit.now, "form", filters, made.lines)
    visit.shows(*_carriers(printed), how="print", detail=f"{made.act} {made.part} {made.number}")
    back = url(f"/acts/{made.act}/form", part=part if part > 1 else None, print=made.number)
    return RedirectResponse(back, status_code=303)


def still_open(made: store.Print, visit: Visit, paper: Paper) -> bool:
    """Whether a logged print is this visitor's, of just now, and of the very same paper."""
    fresh = 0 <= visit.now - made.at <= OPEN_SECONDS * SECOND
    return fresh and made.person == visit.subject.person and made.paper_hash == paper_hash(paper)


def _carriers(printed: Printed) -> list[int]:
    """Carriers whose particulars stand on the paper."""
    return [*printed.items, *(item.id for _line, item in printed.matter_lines)]


def signed_now(visit: Visit) -> str | None:
    """A checkpoint signed at the present size; None where the ledger's key is not here."""
    try:
        return visit.services.books.checkpoint()
    except KeyMissing:
        return None


def _foot(printed: Printed, paper: Paper, note: str | None, made: store.Print | None) -> Foot:
    sealed = seal(paper, printed, note)
    said = ""
    if made is not None:
        said = printed.t("forms.printed", name=printed.person(made.person), at=printed.moment(made.at), n=made.number)
    return Foot(
        printed=said,
        checkpoint=sealed.size,
        root=short_root(sealed.root),
        digest=sealed.digest[:16],
        code=sealed.code,
        later=made is None and note is None,
    )


def short_root(root: str) -> str:
    """The first eight bytes of a root (base64), in two groups of hexadecimal digits."""
    digits = base64.b64decode(root)[:8].hex()
    return f"{digits[:8]} {digits[8:]}".strip()
