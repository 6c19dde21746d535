"""Disclosure reviews: what was brought to be reviewed and what came of it (clause i.2, rule 1)."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.acts import act_named
from api.acts.offering import offered
from api.acts.reviewing import LIST, PIECES, authors_words
from api.web.business.loading import ground_of
from api.web.business.matters import look_of
from api.web.carriers import whole
from api.web.render import render
from api.web.visit import Visit, needs
from custody.access import Permission
from custody.matters.disclosure import REVIEW_KEY
from custody.rules import NotFound
from custody.store import queries
from custody.store.queries import MatterFilter
from custody.store.queries.paging import KeyInvalid

router = APIRouter(include_in_schema=False)
takes_part = needs(Permission.TAKE_PART)
PAGE = 50
STATUSES = ("draft", "asked", "approved", "published", "declined", "withdrawn")


@router.get(LIST)
def reviews(
    status: str = "",
    what: str = "",
    mine: str = "",
    after: str | None = None,
    before: str | None = None,
    first: str = "",
    visit: Visit = Depends(takes_part),
) -> Response:
    """The list, the newest first. Raises NotFound for a damaged key."""
    status = status if status in STATUSES else ""
    what = what if what in PIECES else ""
    asked = MatterFilter(
        kinds=(REVIEW_KEY,),
        status=status or None,
        party=visit.subject.person if mine else None,
        body=(("what", what),) if what else (),
    )
    ground = ground_of(visit)
    with visit.reading() as connection:
        try:
            page = queries.matters(connection, visit.subject, asked, after, before, PAGE)
        except KeyInvalid as damaged:
            raise NotFound from damaged
    act = act_named("house", REVIEW_KEY)
    offer = offered(ground, act) if act is not None else None
    return render(
        visit,
        "disclosures/list.html",
        page=page,
        rows=[(one, look_of(visit, one), authors_words(ground, one.body)) for one in page.items],
        status=status,
        statuses=STATUSES,
        what=what,
        pieces=PIECES,
        mine=bool(mine),
        may_begin=offer is not None and not offer.refusals,
        first=whole(first) or 1,
        page_size=PAGE,
    )
