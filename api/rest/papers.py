"""Acts and their papers as JSON, as far as the subject sees them."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Literal

from fastapi import APIRouter, Depends, Query

from api.forms import as_json
from api.rest.asking import PREFIX, asks, carrier_json
from api.web.printing.loading import kept_note, load, paper_of, seal
from api.web.visit import Visit
from custody.access import Permission
from custody.entries import CarrierFact, Entry, Fact, FindingSettled, RoundSigned

router = APIRouter(prefix=f"{PREFIX}/acts", tags=["acts"])
reads = asks(Permission.SEE_CARRIERS)
PARTS_MAX = 1_000_000
OPEN_FACTS: tuple[type[Fact], ...] = (CarrierFact, RoundSigned, FindingSettled)
"""Facts given whole; of the others only their kind: the directory's hold what is personal (rule 8)."""


@router.get("/{number}", summary="An act: its entries, signatures and carriers")
def act(number: str, part: int = Query(1, ge=1, le=PARTS_MAX), visit: Visit = Depends(reads)) -> dict[str, Any]:
    """One part of its lines; sequence numbers are the auditor's."""
    with visit.reading() as connection:
        printed = load(connection, visit, number, part)
    first = printed.entries[0]
    return {
        "act": printed.number,
        "kind": printed.kind,
        "by": {"id": first.by, "name": printed.person(first.by)},
        "entered_at": first.entered_at,
        "happened_at": first.happened_at,
        "part": printed.part,
        "parts": printed.parts,
        "entries": [_entry(entry) for entry in printed.entries],
        "carriers": [carrier_json(visit, item) for item in printed.items.values()],
    }


@router.get("/{number}/form", summary="The printable form of an act, as data, with its hash")
def form(
    number: str,
    language: Literal["zh", "en"] | None = None,
    part: int = Query(1, ge=1, le=PARTS_MAX),
    visit: Visit = Depends(reads),
) -> dict[str, Any]:
    """What stands on the paper now; `sha256` is that of its canonical JSON, as in the paper's QR code."""
    asked = visit if language is None else replace(visit, language=language)
    with visit.reading() as connection:
        printed = load(connection, asked, number, part)
        note = kept_note(connection, printed)
    visit.shows(*printed.items, *(item.id for _line, item in printed.matter_lines), detail=printed.number, how="form")
    paper = paper_of(printed)
    sealed = seal(paper, printed, note)
    return {"form": as_json(paper), "sha256": sealed.digest, "checkpoint": note, "parts": printed.parts}


def _entry(entry: Entry) -> dict[str, Any]:
    fact: Mapping[str, Any] | None = asdict(entry.fact) if isinstance(entry.fact, OPEN_FACTS) else None
    return {
        "kind": entry.fact.kind,
        "happened_at": entry.happened_at,
        "fact": fact,
        "signatures": [asdict(signature) for signature in entry.signatures],
    }
