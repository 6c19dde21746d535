"""The review worklist: periods that have ended or end soon, and what is to become of what is chosen (clause a.5)."""

from datetime import date

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.locale.sorting import by_name
from api.web.carriers import whole
from api.web.render import render
from api.web.visit import Visit, needs
from custody.access import Permission
from custody.rules import NotFound
from custody.store.queries.paging import KeyInvalid
from custody.store.queries.review import STAGES, ReviewFilter, Stage, reviews

router = APIRouter(include_in_schema=False)
reads = needs(Permission.SEE_REPORTS)
PAGE = 50
DECISIONS = (
    ("reclassification", "swap"),
    ("declassification", "eye"),
    ("reviews", "ok"),
)
"""Acts of the house that may be begun with what is chosen, and their icons."""


def days_until(today: str, ends: str) -> int:
    """Days from one ISO day to another; negative where it is past."""
    return (date.fromisoformat(ends) - date.fromisoformat(today)).days


def stage_of(text: str) -> Stage:
    """The stage that an address names; the open ones where it names none."""
    return next((stage for stage in STAGES if stage == text), "open")


@router.get("/review")
def worklist(
    stage: str = "",
    level: str = "",
    unit: str = "",
    after: str | None = None,
    before: str | None = None,
    first: str = "",
    visit: Visit = Depends(reads),
) -> Response:
    """The list, by stage, level and unit; the earliest end first. Raises NotFound for a damaged key."""
    scheme = visit.services.scheme
    levels = [one for one in scheme.levels if 0 < one.rank <= visit.subject.clearance_rank]
    chosen = level if level in {one.code for one in levels} else None
    asked = ReviewFilter(stage_of(stage), chosen, whole(unit))
    with visit.reading() as connection:
        try:
            page = reviews(connection, visit.subject, scheme, visit.now, visit.day, asked, after, before, PAGE)
        except KeyInvalid as damaged:
            raise NotFound from damaged
        directory = visit.services.books.directory(connection)
    return render(
        visit,
        "review/list.html",
        page=page,
        rows=[(one.carrier, one.ends, days_until(visit.day, one.ends)) for one in page.items],
        asked=asked,
        stages=STAGES,
        levels=levels,
        units=by_name(directory.units.values(), visit.language),
        directory=directory,
        decisions=DECISIONS if visit.may(Permission.CLASSIFY) else (),
        days=scheme.number("review_warning_days"),
        first=whole(first) or 1,
        page_size=PAGE,
    )
