"""Arranging a plan: where each place stands on the plan of the place around it, by dragging, by keys, or by numbers."""

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.web.place_map import short_code
from api.web.places import children
from api.web.plan_layout import BOX_H, BOX_W, HEAD, NOT_DRAWN, WIDTH, laid_out
from api.web.render import render, url
from api.web.visit import FieldError, Form, Visit, needs, posted_up_to
from custody.access import Permission
from custody.rules import NotFound
from custody.values import Place
from reconcile.store import plans
from reconcile.store.plans import GRID_MAX, Spot

router = APIRouter(include_in_schema=False)
arranges = needs(Permission.TAKE_IN)
FLOOR_MAX = 20
posted = posted_up_to(2_000)


def _drawn(visit: Visit, identifier: int) -> tuple[Place, list[tuple[Place, Spot]]]:
    """A place, and what stands in it with where it is drawn now, measured from the place's own corner.

    Raises NotFound where nothing in it is drawn.
    """
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        around = directory.places.get(identifier)
        if around is None:
            raise NotFound
        below = children(directory)
        within = [place for place in below.get(identifier, ()) if place.kind not in NOT_DRAWN]
        known = plans.spots(connection, {place.id for place in within})
        if around.kind == "room":
            # The boxes of a room are measured from its own corner.
            alone = {around.parent: [around], identifier: within}
            (floor,) = laid_out(alone, around.parent, known)
            corner = floor.frames[0].at
            spots = {
                place.id: Spot(spot.x - corner.x, spot.y - corner.y, spot.w, spot.h)
                for place, spot in floor.frames[0].boxes
            }
        else:
            spots = {one.place.id: one.at for floor in laid_out(below, identifier, known) for one in floor.frames}
    return around, [(place, spots[place.id]) for place in within if place.id in spots]


def _draw(visit: Visit, identifier: int, errors: tuple[FieldError, ...] = (), form: Form | None = None) -> Response:
    around, boxes = _drawn(visit, identifier)
    wide = max([WIDTH, *(spot.x + spot.w for _, spot in boxes)])
    high = max([HEAD + BOX_H + 1, *(spot.y + spot.h for _, spot in boxes)]) + 4
    return render(
        visit,
        "places/arrange.html",
        errors=errors,
        kept=form.kept() if form else None,
        place=around,
        boxes=[(place, spot, short_code(place, around)) for place, spot in boxes],
        wide=wide,
        high=min(high, GRID_MAX),
        least=(BOX_W, BOX_H),
        grid_max=GRID_MAX,
        floors=around.kind == "building",
        floor_max=FLOOR_MAX,
    )


def _asked(visit: Visit, form: Form, around: Place, boxes: list[tuple[Place, Spot]]) -> dict[int, Spot] | FieldError:
    """Where each box is wanted, or what is wrong with the first that cannot be put there."""
    wanted: dict[int, Spot] = {}
    for place, _was in boxes:
        given: dict[str, int] = {}
        for name, least in (("x", 0), ("y", 0), ("w", 2), ("h", 2)):
            value = form.number(f"{name}.{place.id}")
            if value is None or not least <= value <= GRID_MAX:
                return visit.error(
                    f"{name}.{place.id}", "plan.wrong_number", place=place.code, least=least, most=GRID_MAX
                )
            given[name] = value
        floor = form.text(f"floor.{place.id}")[:FLOOR_MAX] if around.kind == "building" else ""
        spot = Spot(given["x"], given["y"], given["w"], given["h"], floor)
        over = next((one for one, other in wanted.items() if overlaps(spot, other)), None)
        if over is not None:
            other = next(one for one, _ in boxes if one.id == over)
            return visit.error(f"x.{place.id}", "plan.overlaps", place=place.code, other=other.code)
        wanted[place.id] = spot
    return wanted


def overlaps(one: Spot, other: Spot) -> bool:
    """Whether two boxes of one floor cover the same square."""
    return (
        one.floor == other.floor
        and one.x < other.x + other.w
        and other.x < one.x + one.w
        and one.y < other.y + other.h
        and other.y < one.y + one.h
    )


@router.get("/places/{identifier}/plan")
def arranging(identifier: int, visit: Visit = Depends(arranges)) -> Response:
    """The grid of a place with the boxes of what stands in it. Raises NotFound."""
    return _draw(visit, identifier)


@router.post("/places/{identifier}/plan")
def arranged(identifier: int, visit: Visit = Depends(arranges), form: Form = Depends(posted)) -> Response:
    """Keep where the boxes were put, or lay them out by themselves again. Raises NotFound."""
    around, boxes = _drawn(visit, identifier)
    database, by = visit.services.database, visit.subject.person
    if form.text("do") == "anew":
        with database.writing() as connection:
            plans.lay_out_anew(connection, identifier, [place.id for place, _ in boxes], by=by, at=visit.now)
    else:
        wanted = _asked(visit, form, around, boxes)
        if isinstance(wanted, FieldError):
            return _draw(visit, identifier, (wanted,), form)
        with database.writing() as connection:
            plans.arrange(connection, identifier, wanted, by=by, at=visit.now)
    visit.services.bulletin.publish("books")
    return RedirectResponse(url(f"/places/{identifier}"), status_code=303)
