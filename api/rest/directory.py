"""Persons and places as the desk needs them, the regulations, and the checkpoint."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api import store
from api.rest.asking import PREFIX, asks, changes, person_json, place_json
from api.web.visit import Visit
from custody import regulations
from custody.access import Permission
from custody.rules import NotFound
from custody.store import queries

router = APIRouter(prefix=PREFIX, tags=["directory"])


class Lookup(BaseModel):
    """A staff number, or part of a name."""

    text: str = Field(max_length=100)


@router.post("/persons/search", summary="Find persons; names never stand in an address")
def persons(body: Lookup, visit: Visit = Depends(changes(Permission.LEND, Permission.KEEP))) -> dict[str, Any]:
    """At most fifty."""
    with visit.reading() as connection:
        return {"items": [person_json(one) for one in queries.persons(connection, body.text, 50)]}


@router.get("/places", summary="All places")
def places(visit: Visit = Depends(asks(Permission.SEE_PLACES))) -> dict[str, Any]:
    """By code, each with the rating that holds there."""
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        counts = queries.counts_by_place(connection, visit.subject)
    found = sorted(directory.places.values(), key=lambda place: place.code)
    return {"items": [place_json(one, directory.rating(one.id), counts.get(one.id, 0)) for one in found]}


@router.get("/organisations", summary="Other bodies, with their licences and agreements")
def organisations(
    visit: Visit = Depends(asks(Permission.LICENSE, Permission.SEE_PLACES)),
) -> dict[str, Any]:
    """By code, each with what is on file of it, expired papers included."""
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
    found = sorted(directory.organisations.values(), key=lambda body: body.code)
    return {
        "items": [
            asdict(body)
            | {
                "licences": [asdict(one) for one in directory.licences.values() if one.organisation == body.id],
                "agreements": [asdict(one) for one in directory.agreements.values() if one.organisation == body.id],
            }
            for body in found
        ]
    }


@router.get("/regulations", summary="Every clause, its means, and which are kept")
def clauses(_visit: Visit = Depends(asks(Permission.SEE_REGULATIONS))) -> dict[str, Any]:
    """The same rows as `custody regulations --json`."""
    return {"items": regulations.as_json()}


@router.get("/checkpoint", summary="The latest signed checkpoint (C2SP signed note)")
def checkpoint(visit: Visit = Depends(asks(Permission.SEE_LEDGER))) -> dict[str, Any]:
    """The auditor keeps it outside."""
    with visit.reading() as connection:
        latest = store.checkpoints(connection, 1)
    if not latest:
        raise NotFound
    return {"size": latest[0].size, "signed_at": latest[0].signed_at, "note": latest[0].note}
