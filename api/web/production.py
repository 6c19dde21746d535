"""The list of production orders: approved = registered + spoiled + cancelled, order by order (clause a.4)."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.acts.production.showing import equation
from api.web.business.matters import look_of
from api.web.carriers import whole
from api.web.render import render
from api.web.visit import Visit, needs
from custody.access import Permission
from custody.rules import NotFound
from custody.store import queries
from custody.store.queries.matters import MatterFilter
from custody.store.queries.paging import KeyInvalid

router = APIRouter(include_in_schema=False)
reads = needs(Permission.SEE_REPORTS)
PAGE = 50
SHOWN = ("open", "over", "all")
"""Which orders: those not over, those that are, or both."""


@router.get("/production")
def orders(
    show: str = "open",
    after: str | None = None,
    before: str | None = None,
    first: str = "",
    visit: Visit = Depends(reads),
) -> Response:
    """The orders that the visitor sees, the newest first. Raises NotFound for a damaged key."""
    shown = show if show in SHOWN else "open"
    asked = MatterFilter(kinds=("production",), open_only=shown == "open", over_only=shown == "over")
    with visit.reading() as connection:
        try:
            page = queries.matters(connection, visit.subject, asked, after, before, PAGE)
        except KeyInvalid as damaged:
            raise NotFound from damaged
        directory = visit.services.books.directory(connection)
    return render(
        visit,
        "production/list.html",
        page=page,
        rows=[(one, equation(one.body), look_of(visit, one), _late(one.due_at, visit)) for one in page.items],
        show=shown,
        shown=SHOWN,
        directory=directory,
        first=whole(first) or 1,
        page_size=PAGE,
    )


def _late(due_at: int | None, visit: Visit) -> bool:
    return due_at is not None and due_at < visit.now
