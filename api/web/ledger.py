"""The auditor's pages: the entries by sequence, the checkpoints, the state of the proof.

Nothing of a carrier is shown here: the auditor sees that entries stand, not what they are about. The export for the
offline verifier holds titles, so it is not had here but by the server's own account: `custody ledger export`.
"""

from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from api import store
from api.web.proof import state
from api.web.render import render
from api.web.visit import Form, Visit, needs, posted
from custody import ledger as books_ledger
from custody.access import Permission

router = APIRouter(include_in_schema=False)
PAGE = 50
auditor = needs(Permission.SEE_LEDGER)


def _page(visit: Visit, request: Request, **context: Any) -> Response:
    before, act = request.query_params.get("after", ""), request.query_params.get("act", "")[:40]
    with visit.reading() as connection:
        lines = store.entry_lines(connection, int(before) if before.isdecimal() else None, act, PAGE + 1)
        checkpoints = store.checkpoints(connection, 10)
        size = visit.services.books.position(connection)
    names: dict[str, Any] = {
        "lines": lines[:PAGE],
        "more": lines[PAGE - 1].sequence if len(lines) > PAGE else None,
        "hashes": {line.sequence: books_ledger.leaf_hash(line.body).hex() for line in lines[:PAGE]},
        "checkpoints": checkpoints,
        "size": size,
        "act": act,
    }
    return render(visit, "ledger/ledger.html", **(names | state(visit, request) | context))


@router.get("/ledger")
def ledger(request: Request, visit: Visit = Depends(auditor)) -> Response:
    """The entries, newest first."""
    return _page(visit, request)


@router.post("/ledger/checkpoint")
def sign_checkpoint(visit: Visit = Depends(auditor), _form: Form = Depends(posted)) -> Response:
    """Sign a checkpoint at the present size."""
    visit.services.books.checkpoint()
    return RedirectResponse("/ledger#checkpoints", status_code=303)


@router.get("/ledger/checkpoints/{size}")
def checkpoint_file(size: int, visit: Visit = Depends(auditor)) -> Response:
    """One signed checkpoint as a file, to be kept outside."""
    with visit.reading() as connection:
        found = [one for one in store.checkpoints(connection, 1000) if one.size == size]
    if not found:
        return RedirectResponse("/ledger", status_code=303)
    headers = {"Content-Disposition": f'attachment; filename="checkpoint-{size}.txt"'}
    return Response(found[0].note, media_type="text/plain; charset=utf-8", headers=headers)
