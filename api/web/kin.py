"""The page of a carrier's descent: what it was made from, what was made from it (clause d.4)."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.web.render import render
from api.web.visit import Visit, needs
from custody.access import Permission
from custody.store import queries

router = APIRouter(include_in_schema=False)
reads = needs(Permission.SEE_CARRIERS)


@router.get("/carriers/{identifier}/descent")
def descent(identifier: int, visit: Visit = Depends(reads)) -> Response:
    """The tree, as far as it is seen. Raises NotFound."""
    with visit.reading() as connection:
        item = queries.carrier(connection, visit.subject, identifier)
        kin = queries.kin_of(connection, visit.subject, item.id)
    return render(visit, "carriers/descent.html", item=item, kin=kin)
