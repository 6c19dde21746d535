"""Findings and readers, as far as the subject may see them."""

from dataclasses import asdict
from typing import Any, Literal

from fastapi import APIRouter, Depends

from api.rest.asking import PREFIX, asks
from api.web.visit import Visit
from custody.access import Permission
from custody.rules import NotFound
from custody.store.queries.paging import KeyInvalid
from reconcile.store import readers as reader_store
from reconcile.store.finding_queries import FindingFilter, FindingItem
from reconcile.store.finding_queries import finding as one_finding
from reconcile.store.finding_queries import findings as page_of_findings

router = APIRouter(prefix=PREFIX, tags=["findings"])


def _line(item: FindingItem) -> dict[str, Any]:
    """A finding's columns; its carrier by number only."""
    line = asdict(item.line)
    carrier = item.carrier
    number = None if carrier is None else f"{carrier.control_number} {carrier.copy_number}/{carrier.copies}"
    return line | {"evidence": dict(item.line.evidence), "carrier_number": number}


@router.get("/findings", summary="Findings by urgency")
def findings(
    state: Literal["open", "mine", "closed", "all"] = "open",
    kind: str | None = None,
    place: int | None = None,
    carrier: int | None = None,
    after: str | None = None,
    visit: Visit = Depends(asks(Permission.SEE_FINDINGS)),
) -> dict[str, Any]:
    """`after` of one page asks for the next."""
    asked = FindingFilter(state=state, kind=kind, place=place, carrier=carrier)
    with visit.reading() as connection:
        try:
            page = page_of_findings(connection, visit.subject, asked, after)
        except KeyInvalid as damaged:
            raise NotFound from damaged
    return {
        "items": [_line(item) for item in page.items],
        "after": page.after,
        "total": page.total,
        "capped": page.capped,
    }


@router.get("/findings/{number}", summary="One finding with its history")
def finding(number: str, visit: Visit = Depends(asks(Permission.SEE_FINDINGS))) -> dict[str, Any]:
    """The frozen evidence, and what was done."""
    with visit.reading() as connection:
        detail = one_finding(connection, visit.subject, number, visit.now)
    steps = [asdict(step) for step in detail.history]
    offered = {"acts": list(detail.acts), "resolutions": list(detail.resolutions)}
    return _line(FindingItem(detail.line, detail.carrier)) | {"history": steps} | offered


@router.get("/readers", summary="Readers and their health")
def readers(visit: Visit = Depends(asks(Permission.SEE_READERS))) -> dict[str, Any]:
    """State, through when each was heard listening, antennas."""
    with visit.machines() as connection:
        return {"items": [asdict(one) for one in reader_store.readers(connection, visit.now)]}
