"""The receipt of an act: its number, who entered it and when, and what it did, carrier by carrier."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.web.render import render
from api.web.visit import Visit, needs
from custody.access import Permission
from custody.entries import CarrierFact
from custody.store import queries

router = APIRouter(include_in_schema=False)
LINES_MAX = 500


@router.get("/acts/{number}")
def receipt(number: str, visit: Visit = Depends(needs(Permission.SEE_CARRIERS))) -> Response:
    """What an act did, as far as the visitor may see it."""
    with visit.services.database.reading() as connection:
        entries = queries.act(connection, visit.subject, number[:40])
        about = [entry.fact.carrier for entry in entries[:LINES_MAX] if isinstance(entry.fact, CarrierFact)]
        items = queries.carriers_by_id(connection, visit.subject, about)
        directory = visit.services.books.directory(connection)
    return render(
        visit,
        "acts/receipt.html",
        act_number=entries[0].act,
        entries=entries[:LINES_MAX],
        total=len(entries),
        items=items,
        directory=directory,
        by=directory.persons.get(entries[0].by),
        signed=bool(entries[0].signatures),
    )
