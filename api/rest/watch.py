"""What people do about findings, and what is overdue: thin over the same functions as the pages."""

from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.reports import loans_due
from api.rest.asking import PREFIX, asks, carrier_json, changes
from api.web.reports import export, overdue_asked
from api.web.visit import Visit
from custody.access import Permission
from custody.values import SECOND
from reconcile import findings as reconciled

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
    return export(visit, "overdue", asked, asked.said, at_once=True)
