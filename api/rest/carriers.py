"""The register: lists, search by POST, one carrier and its history. Hidden and absent look the same."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api.rest.asking import PREFIX, asks, carrier_json, changes
from api.web.visit import Visit
from custody.access import Permission
from custody.entries import Entry
from custody.life_cycle import Status
from custody.rules import NotFound
from custody.store import queries
from custody.store.queries import CarrierFilter, Kin
from custody.store.queries.paging import KeyInvalid
from custody.values import CarrierKind
from reconcile.checks.whereabouts import Whereabouts
from reconcile.store.whereabouts import whereabouts_of

router = APIRouter(prefix=f"{PREFIX}/carriers", tags=["carriers"])
reads = asks(Permission.SEE_CARRIERS)


class Search(BaseModel):
    """What to look for: all of it must hold. The text never stands in an address."""

    text: str | None = Field(default=None, max_length=200)
    level: str | None = None
    status: Status | None = None
    kind: CarrierKind | None = None
    unit: int | None = None
    place: int | None = None
    holder: int | None = None
    overdue: bool = False
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=500)


def _page(visit: Visit, search: Search) -> dict[str, Any]:
    asked = CarrierFilter(
        text=search.text,
        level=search.level,
        status=search.status,
        kind=search.kind,
        unit=search.unit,
        place=search.place,
        holder=search.holder,
        overdue_before=visit.now if search.overdue else None,
    )
    with visit.reading() as connection:
        try:
            page = queries.carriers(connection, visit.subject, asked, search.after, search.limit)
        except KeyInvalid as damaged:
            raise NotFound from damaged
        said = whereabouts_of(connection, visit.services.scheme, [item.id for item in page.items], visit.now)
    return {
        "items": [carrier_json(visit, item) | whereabouts_json(said.get(item.id)) for item in page.items],
        "after": page.after,
        "total": page.total,
        "capped": page.capped,
    }


@router.get("", summary="The register, page by page")
def carriers(
    level: str | None = None,
    status: Status | None = None,
    kind: CarrierKind | None = None,
    unit: int | None = None,
    place: int | None = None,
    overdue: bool = False,
    after: str | None = None,
    visit: Visit = Depends(reads),
) -> dict[str, Any]:
    """By number and copy; `after` of one page asks for the next."""
    return _page(
        visit, Search(level=level, status=status, kind=kind, unit=unit, place=place, overdue=overdue, after=after)
    )


@router.post("/search", summary="Search by text and filters")
def search(body: Search, visit: Visit = Depends(changes(Permission.SEE_CARRIERS))) -> dict[str, Any]:
    """Words of the title, parts of the number, an EPC, a person's name or number."""
    return _page(visit, body)


@router.get("/{identifier}", summary="One carrier")
def carrier(identifier: int, visit: Visit = Depends(reads)) -> dict[str, Any]:
    """As the books have it now; `whereabouts`: by the radio and by eye."""
    with visit.reading() as connection:
        item = queries.carrier(connection, visit.subject, identifier)
        said = whereabouts_of(connection, visit.services.scheme, [item.id], visit.now)
        return carrier_json(visit, item) | whereabouts_json(said.get(item.id))


def whereabouts_json(said: Whereabouts | None) -> dict[str, Any]:
    """One of four words (`present`, `absent`, `not_covered`, `unconfirmed`), why, and when it was last confirmed."""
    if said is None:
        return {"whereabouts": None}
    return {
        "whereabouts": {
            "word": said.word,
            "why": said.why,
            "place": said.place.code if said.place else None,
            "heard": said.heard.code if said.heard else None,
            "strength": said.strength or None,
            "since_at": said.since_at,
            "confirmed_at": said.confirmed_at,
            "weak": said.weak,
        }
    }


@router.get("/{identifier}/descent", summary="What a carrier was made from, and what was made from it")
def descent(identifier: int, visit: Visit = Depends(reads)) -> dict[str, Any]:
    """The tree both ways, as far as it is seen: `distance` in steps, `manner` how each was made; `more`: cut short."""
    with visit.reading() as connection:
        item = queries.carrier(connection, visit.subject, identifier)
        kin = queries.kin_of(connection, visit.subject, item.id)
    sources, made = ([_kin(visit, one) for one in several] for several in (kin.sources, kin.made))
    return {"sources": sources, "made": made, "more": kin.more}


def _kin(visit: Visit, one: Kin) -> dict[str, Any]:
    return carrier_json(visit, one.item) | {"distance": one.distance, "manner": one.manner}


@router.get("/{identifier}/history", summary="The entries about a carrier, oldest first")
def history(identifier: int, visit: Visit = Depends(reads)) -> dict[str, Any]:
    """Act, time and fact of every entry; sequence numbers are the auditor's."""
    with visit.reading() as connection:
        entries = queries.entries_of(connection, visit.subject, identifier)
    visit.shows(identifier)
    return {"items": [_entry(entry) for entry in entries]}


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "act": entry.act,
        "kind": entry.fact.kind,
        "by": entry.by,
        "happened_at": entry.happened_at,
        "entered_at": entry.entered_at,
        "fact": asdict(entry.fact),
    }
