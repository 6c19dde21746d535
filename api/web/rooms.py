"""Rooms before somebody goes in who has no business there: what is heard, what is not, go or no go (rule 9).

The page shows what its reader may see; the verdict that is signed counts everything, and says how much lies beyond.
"""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.acts.model import Ground
from api.acts.rooms import GROUPS, found_in
from api.web.business.loading import ground_of
from api.web.entries import rated
from api.web.render import render
from api.web.visit import Visit, needs
from custody.access import Permission
from custody.matters import Matter
from custody.matters.entry import ROOM_CHECK
from custody.procedures.room_checks import verdict_of
from custody.rules import NotFound
from custody.store import queries
from custody.store.queries import MatterFilter
from custody.store.queries.visits import VisitFilter, every_visit
from custody.values import Place
from reconcile.checks.rooms import RoomFound
from reconcile.store.rooms import Listened, listened_to, stored_in

router = APIRouter(include_in_schema=False)
admits = needs(Permission.ADMIT)
CHECKS = 50
INSIDE_MAX = 200
COVERAGE_LOOKS = {"covered": ("ok", "wave"), "partly": ("deaf", "deaf"), "not_covered": ("deaf", "deaf")}


@dataclass(frozen=True, slots=True)
class Row:
    """A rated place in the list: its coverage now, its newest check, and how many are inside."""

    place: Place
    heard: Listened
    check: Matter | None
    lasts: bool
    inside: int


def _checks(visit: Visit) -> dict[int, Matter]:
    """By place, the newest check."""
    with visit.reading() as connection:
        page = queries.matters(connection, visit.subject, MatterFilter(kinds=(ROOM_CHECK,)), None, None, CHECKS)
    found: dict[int, Matter] = {}
    for matter in page.items:
        known = found.get(matter.body.place)
        if known is None or matter.body.at > known.body.at:
            found[matter.body.place] = matter
    return found


def _row(ground: Ground, place: Place, heard: Listened, check: Matter | None, inside: int) -> Row:
    lasts = check is not None and check.body.goes and ground.now <= check.body.valid_until
    return Row(place, heard, check, lasts, inside)


@router.get("/rooms")
def rooms(visit: Visit = Depends(admits)) -> Response:
    """Rated places: how they are listened to, what their last check said, who is inside."""
    ground = ground_of(visit)
    checks = _checks(visit)
    with visit.reading() as connection:
        inside = every_visit(connection, visit.subject, VisitFilter(inside_only=True), INSIDE_MAX)
    count: dict[int, int] = {}
    for matter in inside:
        count[matter.body.place] = count.get(matter.body.place, 0) + matter.body.inside
    places = [one for one in rated(visit, ground.directory) if one.kind == "room"]
    with visit.services.database.reading() as connection:
        heard = listened_to(connection, ground.scheme, [one.id for one in places], ground.now)
    rows = [_row(ground, one, heard[one.id], checks.get(one.id), count.get(one.id, 0)) for one in places]
    return render(visit, "rooms/list.html", rows=rows, looks=COVERAGE_LOOKS, directory=ground.directory)


def _seen(ground: Ground, found: RoomFound) -> dict[str, list[Any]]:
    """What of it the reader may see, by group."""
    items = ground.items({one for name in GROUPS for one in getattr(found, name)})
    return {name: [items[one] for one in getattr(found, name) if one in items] for name in GROUPS}


@router.get("/rooms/{identifier}")
def room(identifier: int, visit: Visit = Depends(admits)) -> Response:
    """What a check of the room finds now, and its signature. Raises NotFound."""
    ground = ground_of(visit)
    place = ground.directory.places.get(identifier)
    found = found_in(ground, identifier, visit.now) if place is not None else None
    if place is None or found is None or ground.directory.rating(identifier) is None:
        raise NotFound
    groups = _seen(ground, found)
    with visit.reading() as connection:
        stored = stored_in(connection, found, visit.subject)
    ids = {name: tuple(item.id for item in items) for name, items in groups.items()}
    verdict = verdict_of(ids["in_use"], ids["heard"], ids["unclear"], found.coverage, "")
    check = _checks(visit).get(identifier)
    minutes = visit.services.scheme.number("room_clear_minutes")
    return render(
        visit,
        "rooms/room.html",
        place=place,
        found=found,
        groups=groups,
        put_away=len(ground.items(found.put_away)) + stored,
        verdict=verdict,
        unsure=not ids["in_use"] and not ids["heard"] and verdict == "no_go",
        check=check,
        lasts=check is not None and check.body.goes and visit.now <= check.body.valid_until,
        minutes=minutes,
        looks=COVERAGE_LOOKS,
        keeper=ground.directory.persons.get(ground.directory.keeper(identifier) or 0),
        directory=ground.directory,
        done=visit.request.query_params.get("done", "")[:40],
    )
