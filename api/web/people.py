"""People: who holds what and keeps which places, for those who clear them before they leave (clause f.1)."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.acts.duties import duties_of
from api.web.business.loading import ground_of
from api.web.render import render
from api.web.visit import Visit, needs
from custody.access import Permission, clearance_rank
from custody.store import queries
from custody.store.queries.duties import held_counts
from custody.values import Person

router = APIRouter(include_in_schema=False)
clears = needs(Permission.SWEEP)
LISTED = 100


def cleared_for(visit: Visit, person: Person) -> str | None:
    """The level that the person may know today; None: none that is a state secret."""
    scheme = visit.services.scheme
    rank = clearance_rank(person, scheme, visit.day)
    return next((level.code for level in scheme.levels if level.rank == rank and rank > 0), None)


@router.get("/people")
def people(find: str = "", visit: Visit = Depends(clears)) -> Response:
    """The people of the house, or those whose number or name holds what is looked for."""
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        found = queries.persons(connection, find[:100], LISTED + 1)
        counts = held_counts(connection, visit.subject, [person.id for person in found])
    return render(
        visit,
        "people/list.html",
        people=found[:LISTED],
        truncated=len(found) > LISTED,
        limit=LISTED,
        find=find,
        counts=counts,
        keeps={person.id: len(directory.in_care_of(person.id)) for person in found},
        directory=directory,
    )


@router.get("/people/{identifier}")
def one(identifier: int, visit: Visit = Depends(clears)) -> Response:
    """One person: in hand, in care, waited for, open business. Raises NotFound."""
    with visit.reading() as connection:
        person = queries.person(connection, identifier)
    ground = ground_of(visit)
    return render(
        visit,
        "people/one.html",
        person=person,
        cleared=cleared_for(visit, person),
        duties=duties_of(ground, identifier),
        directory=ground.directory,
    )
