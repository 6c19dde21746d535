"""People: who holds what and keeps which places, for those who clear them before they leave (clause f.1)."""

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api import store
from api.acts.duties import duties_of
from api.web.business.loading import ground_of
from api.web.carriers import whole
from api.web.render import render, url
from api.web.visit import Form, Visit, needs, posted
from custody.access import Permission, clearance_rank
from custody.rules import NotFound
from custody.store import queries
from custody.store.queries.duties import held_counts
from custody.store.queries.paging import KeyInvalid
from custody.values import Person

router = APIRouter(include_in_schema=False)
clears = needs(Permission.SWEEP)
PAGE = 50


def cleared_for(visit: Visit, person: Person) -> str | None:
    """The level that the person may know today; None: none that is a state secret."""
    scheme = visit.services.scheme
    rank = clearance_rank(person, scheme, visit.day)
    return next((level.code for level in scheme.levels if level.rank == rank and rank > 0), None)


@router.get("/people")
def people(visit: Visit = Depends(clears)) -> Response:
    """The people of the house, or those whose number or name holds what a search of the session looks for."""
    params = visit.request.query_params
    with visit.reading() as connection:
        asked = params.get("q", "")
        kept = store.kept_search(connection, visit.session.token_hash, asked) if asked else None
        text = (kept or {}).get("text", "")
        directory = visit.services.books.directory(connection)
        try:
            page = queries.persons_page(connection, text, params.get("after"), params.get("before"), PAGE)
        except KeyInvalid as damaged:
            raise NotFound from damaged
        counts = held_counts(connection, visit.subject, [person.id for person in page.items])
    return render(
        visit,
        "people/list.html",
        page=page,
        first=whole(params.get("first")) or 1,
        page_size=PAGE,
        find=text,
        counts=counts,
        keeps={person.id: len(directory.in_care_of(person.id)) for person in page.items},
        directory=directory,
    )


@router.post("/people/find")
def find(visit: Visit = Depends(clears), form: Form = Depends(posted)) -> Response:
    """Keep the words, and go to the list: a name stands in no address."""
    text = form.text("find")[:100]
    if not text:
        return RedirectResponse("/people", status_code=303)
    name = store.search_name(visit.now)
    with visit.services.database.writing() as connection:
        store.keep_search(connection, visit.session.token_hash, name, {"text": text})
    return RedirectResponse(url("/people", q=name), status_code=303)


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
