"""Places: the map coloured by what is open, the list of all, and one place with its cabinet from the front."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.web.business.hooks import acts_on_place
from api.web.carriers import KIND_ICONS, PAGE
from api.web.place_map import (
    Standing,
    cabinet_front,
    care_of,
    cut,
    drawn_plan,
    short_code,
    standing_of,
    tree_lines,
    wide,
)
from api.web.plan_layout import plan_of, start_of
from api.web.render import render
from api.web.visit import Visit, needs
from custody.access import Permission
from custody.procedures.visits import accepted_by
from custody.register import Directory
from custody.rules import NotFound
from custody.store import queries
from custody.store.queries import CarrierFilter, Page
from custody.store.queries.paging import KeyInvalid
from custody.values import DAY, SECOND, Instant, Place
from reconcile.checks import KINDS
from reconcile.coverage import Interval
from reconcile.store.coverage import Listening, listened_through, listening
from reconcile.store.whereabouts import whereabouts_of

router = APIRouter(include_in_schema=False)
sees_places = needs(Permission.SEE_PLACES)
STRIP_WIDTH = 600


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """One line of the tree. `here` counts the place itself, `within` all that is in it.

    `ears`: listening, deaf, none; `deaf_since` says since when it is deaf, if that is known.
    """

    place: Place
    depth: int
    rating: str | None
    own_rating: bool
    here: int
    within: int
    ears: str
    deaf_since: Instant | None = None
    answered: str = ""
    """Of a place with a rating of its own: `nobody` is named as responsible, or the one named has not signed."""


@dataclass(frozen=True, slots=True)
class AntennaStrip:
    """An antenna's last day: where it listened, where not, as stretches of the strip (left, width)."""

    antenna: Listening
    heard: tuple[tuple[float, float], ...]
    deaf: tuple[tuple[float, float], ...]
    listens: bool


def children(directory: Directory) -> dict[int | None, list[Place]]:
    """Places by what they stand in; those whose surroundings are unknown stand at the top."""
    found: dict[int | None, list[Place]] = {}
    for place in sorted(directory.places.values(), key=lambda place: place.code):
        found.setdefault(place.parent if place.parent in directory.places else None, []).append(place)
    return found


def answered_for(place: Place, directory: Directory, internal: frozenset[str]) -> str:
    """Whether somebody answers for a place rated for state secrets, and signed for it (rule 5): nobody, unsigned, or
    nothing to tell.
    """
    if place.rating in (None, *internal) or accepted_by(place.id, directory) is not None:
        return ""
    return "nobody" if directory.keeper(place.id) is None else "unsigned"


def tree(
    visit: Visit, directory: Directory, counts: Mapping[int, int], heard: Mapping[int, Instant]
) -> list[PlaceLine]:
    """Every place, each under what it stands in."""
    below = children(directory)
    limit = visit.now - visit.services.scheme.number("reader_silent_after_seconds") * SECOND
    internal = frozenset(level.code for level in visit.services.scheme.levels if level.rank == 0)
    lines: list[PlaceLine] = []

    def walk(place: Place, depth: int) -> int:
        at = len(lines)
        lines.append(PlaceLine(place, depth, None, False, 0, 0, "none"))
        here = counts.get(place.id, 0)
        within = here + sum(walk(child, depth + 1) for child in below.get(place.id, ()))
        through = heard.get(place.id)
        ears = "none" if through is None else "listening" if through >= limit else "deaf"
        lines[at] = PlaceLine(
            place,
            depth,
            directory.rating(place.id),
            place.rating is not None,
            here,
            within,
            ears,
            through if ears == "deaf" else None,
            answered_for(place, directory, internal),
        )
        return within

    for place in below.get(None, ()):
        walk(place, 0)
    return lines


def strip(antenna: Listening, since: Instant, now: Instant, silent_after: int) -> AntennaStrip:
    """An antenna's day as stretches."""

    def stretch(interval: Interval) -> tuple[float, float]:
        left = STRIP_WIDTH * (interval.since_at - since) / (now - since)
        return round(left, 1), max(
            1.0, round(STRIP_WIDTH * (interval.through_at - interval.since_at) / (now - since), 1)
        )

    last = antenna.intervals[-1].through_at if antenna.intervals else 0
    long_gaps = [gap for gap in antenna.gaps if gap.through_at - gap.since_at >= silent_after]
    return AntennaStrip(
        antenna,
        tuple(stretch(interval) for interval in antenna.intervals),
        tuple(stretch(gap) for gap in long_gaps),
        now - last <= silent_after,
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """What is open in a place and what stands there, of one kind."""

    kind: str
    colour: str
    icon: str
    n: int


def _open_here(standing: Standing, identifier: int) -> list[Kept]:
    shown = []
    for kind, n in standing.looks[identifier].kinds:
        known = KINDS[kind]
        shown.append(Kept(kind, "deaf" if known.colour == "hatch" else known.colour, known.icon, n))
    return shown


@router.get("/places")
def places(visit: Visit = Depends(sees_places)) -> Response:
    """The map of the outermost place in which there is something to choose; as a list with `view=list`."""
    listed = visit.request.query_params.get("view") == "list"
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        if listed or not directory.places:
            counts = queries.counts_by_place(connection, visit.subject)
            lines = tree(visit, directory, counts, listened_through(connection))
            return render(visit, "places/list.html", lines=lines, directory=directory)
        below = children(directory)
        standing = standing_of(visit, connection, directory, below)
        start = start_of(below)
        floors = drawn_plan(visit, connection, standing, start, start)
    return render(
        visit,
        "places/map.html",
        floors=floors,
        tree=tree_lines(standing, start),
        shown=directory.places.get(start or 0),
        boxes=[(one, standing.looks[one.id]) for one in below.get(start, ())],
        open_here=_open_here(standing, start) if start is not None else [],
        sees_findings=visit.may(Permission.SEE_FINDINGS),
        arranges=visit.may(Permission.TAKE_IN),
        directory=directory,
        cut=cut,
        wide=wide,
        short_code=short_code,
    )


@router.get("/places/{identifier}")
def place(identifier: int, visit: Visit = Depends(sees_places)) -> Response:
    """One place: on the plan, from the front, its rating, what the books have in it, and who listens."""
    params = visit.request.query_params
    silent_after = visit.services.scheme.number("reader_silent_after_seconds") * SECOND
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        found = directory.places.get(identifier)
        if found is None:
            raise NotFound
        try:
            page: Page[queries.CarrierItem] = queries.carriers(
                connection,
                visit.subject,
                CarrierFilter(place=identifier),
                params.get("after"),
                PAGE,
                params.get("before"),
            )
        except KeyInvalid as damaged:
            raise NotFound from damaged
        antennas = listening(connection, identifier, visit.now)
        radio = whereabouts_of(connection, visit.services.scheme, [item.id for item in page.items], visit.now)
        below = children(directory)
        standing = standing_of(visit, connection, directory, below)
        around = plan_of(directory, below, identifier)
        floors = drawn_plan(visit, connection, standing, around, identifier) if found.kind != "seat" else []
        cabinet = cabinet_front(visit, connection, standing, found)
    first = params.get("first", "1")
    return render(
        visit,
        "places/one.html",
        place=found,
        acts=acts_on_place(visit, found, directory),
        accepted=directory.accepted.get(identifier),
        crumbs=list(reversed(directory.path(identifier))),
        rating=directory.rating(identifier),
        page=page,
        radio=radio,
        first=int(first) if first.isdecimal() else 1,
        page_size=PAGE,
        inside=[(one, standing.looks[one.id], directory.rating(one.id)) for one in below.get(identifier, ())],
        strips=[strip(one, visit.now - DAY, visit.now, silent_after) for one in antennas],
        floors=floors,
        shown=directory.places.get(around),
        tree=tree_lines(standing, identifier),
        front=cabinet,
        look=standing.looks[identifier],
        open_here=_open_here(standing, identifier),
        people_inside=standing.inside.get(identifier, 0),
        care=care_of(standing, found, visit.now, visit.services.scheme.number("sweep_days_rank_2")),
        sees_findings=visit.may(Permission.SEE_FINDINGS),
        arranges=visit.may(Permission.TAKE_IN),
        directory=directory,
        kind_icons=KIND_ICONS,
        cut=cut,
        wide=wide,
        short_code=short_code,
    )
