"""The map of places as it is drawn: boxes and doors in pixels, each with its look; the tree beside it; the front of a
cabinet. What it shows is read behind the visitor's wall: what he may not see colours nothing.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.store import Connection
from api.web.place_looks import Front, Look, cabinet_of, front, look_of, sums
from api.web.plan_layout import Children, Floor, laid_out
from api.web.visit import Visit
from custody.access import Permission
from custody.register import Directory
from custody.store import queries
from custody.store.queries.visits import VisitFilter, every_visit
from custody.values import DAY, SECOND, Instant, Place
from reconcile.store import place_states, plans

SQUARE = 16
"""Pixels of a square of the grid."""
DOTS_MAX = 24
TREE_MAX = 160
INSIDE_MAX = 500


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that is to be told of the places, read once for a page."""

    directory: Directory
    below: Children
    looks: Mapping[int, Look]
    ears: place_states.Ears
    sweeps: Mapping[int, Instant]
    inside: Mapping[int, int]
    """By place, how many persons are in it who signed in at its door; empty for whom that is no business."""


def standing_of(visit: Visit, connection: Connection, directory: Directory, below: Children) -> Standing:
    """How all places stand now, as far as the visitor may know."""
    scheme, subject = visit.services.scheme, visit.subject
    silent_after = scheme.number("reader_silent_after_seconds") * SECOND
    found = place_states.open_by_place(connection, subject)
    ears = place_states.listened_to(connection, directory, visit.now, silent_after)
    total = sums(below, found, queries.counts_by_place(connection, subject))
    sees = visit.may(Permission.SEE_FINDINGS)
    looks = {
        place: look_of(kinds, carriers, heard=place in ears.heard, sees_findings=sees)
        for place, (kinds, carriers) in total.items()
    }
    inside: dict[int, int] = {}
    if visit.may(Permission.ADMIT):
        for matter in every_visit(connection, subject, VisitFilter(inside_only=True), INSIDE_MAX):
            inside[matter.body.place] = inside.get(matter.body.place, 0) + matter.body.inside
    return Standing(directory, below, looks, ears, place_states.last_sweeps(connection), inside)


@dataclass(frozen=True, slots=True)
class DrawnBox:
    """A place on the plan. Pixels of the drawing; `code` and `name` cut to what fits; `dots`: heard in the open."""

    place: Place
    look: Look
    x: int
    y: int
    w: int
    h: int
    code: str
    name: str
    framed: bool
    here: bool
    around: bool
    """Whether what is looked at stands in it."""
    inside: int = 0
    whole: bool = True
    """Whether its look is drawn on it: nothing in it is drawn with its own."""
    dots: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class DrawnDoor:
    """A portal on a wall."""

    place: Place
    look: Look
    x: int
    y: int
    here: bool


@dataclass(frozen=True, slots=True)
class DrawnFloor:
    """One floor of the plan, frames before the boxes in them."""

    name: str
    boxes: tuple[DrawnBox, ...]
    doors: tuple[DrawnDoor, ...]
    width: int
    height: int


def wide(text: str, size: int) -> float:
    """About how many pixels a text takes: a Chinese character is as wide as high, a Latin letter about half."""
    return sum(size if unicodedata.east_asian_width(one) in "WF" else size * 0.53 for one in text)


def cut(text: str, pixels: float, size: int) -> str:
    """The text, or as much of its beginning as fits, with dots."""
    if wide(text, size) <= pixels:
        return text
    kept = text
    while kept and wide(kept + "…", size) > pixels:
        kept = kept[:-1]
    return kept.rstrip() + "…" if kept else ""


def short_code(place: Place, around: Place | None) -> str:
    """A code without what it shares with the place around: `B1-01` in `B1` is `01`."""
    if around is not None:
        for head in (around.code, around.code.rpartition("-")[0]):
            tail = place.code.removeprefix(head).lstrip("-_. /")
            if head and tail and tail != place.code:
                return tail
    return place.code


def drawn_plan(
    visit: Visit, connection: Connection, standing: Standing, around: int | None, here: int | None
) -> list[DrawnFloor]:
    """The plan of a place (None: of the outermost ones), with the place that is looked at marked on it."""
    below = standing.below
    frames = below.get(around, ())
    ids = {place.id for place in frames} | {inner.id for place in frames for inner in below.get(place.id, ())}
    floors = laid_out(below, around, plans.spots(connection, ids))
    bare = {frame.place.id for floor in floors for frame in floor.frames if frame.place.kind == "room"}
    heard = place_states.heard_in(connection, bare)
    path = {place.id for place in standing.directory.path(here)} if here is not None else set()
    return [_floor(visit, standing, floor, here, path, heard) for floor in floors]


def _floor(
    visit: Visit, standing: Standing, floor: Floor, here: int | None, path: set[int], heard: Mapping[int, int]
) -> DrawnFloor:
    boxes: list[DrawnBox] = []
    for frame in floor.frames:
        place, at = frame.place, frame.at
        dots = () if frame.boxes else _dots(at.w * SQUARE, at.h * SQUARE, heard.get(place.id, 0))
        around = standing.directory.places.get(place.parent or 0)
        boxes.append(
            DrawnBox(
                place,
                standing.looks[place.id],
                at.x * SQUARE,
                at.y * SQUARE,
                at.w * SQUARE,
                at.h * SQUARE,
                short_code(place, around),
                cut(_name(visit, place), at.w * SQUARE - 40 if frame.framed else at.w * SQUARE - 16, 14),
                frame.framed,
                place.id == here,
                place.id in path,
                standing.inside.get(place.id, 0),
                not frame.boxes,
                dots,
            )
        )
        for inner, spot in frame.boxes:
            boxes.append(
                DrawnBox(
                    inner,
                    standing.looks[inner.id],
                    spot.x * SQUARE,
                    spot.y * SQUARE,
                    spot.w * SQUARE,
                    spot.h * SQUARE,
                    cut(short_code(inner, place), spot.w * SQUARE - 38, 14),
                    "",
                    False,
                    inner.id == here,
                    inner.id in path,
                )
            )
    doors = tuple(
        DrawnDoor(
            door.place,
            standing.looks[door.place.id],
            round(door.x * SQUARE),
            round(door.y * SQUARE),
            door.place.id == here,
        )
        for door in floor.doors
    )
    return DrawnFloor(floor.name, tuple(boxes), doors, floor.width * SQUARE, floor.height * SQUARE)


def _name(visit: Visit, place: Place) -> str:
    return place.name_en if visit.language == "en" and place.name_en else place.name


def _dots(width: int, height: int, many: int) -> tuple[tuple[int, int], ...]:
    """Dots scattered in a frame, always the same for the same number: what is heard there lies nowhere exactly."""
    left, top, across, down = 20, 64, width - 40, height - 84
    if many < 1 or across < 20 or down < 10:
        return ()
    return tuple(
        (left + (at * 61 + at * at * 7) % across, top + (at * 37 + at * at * 3) % max(down, 1))
        for at in range(min(many, DOTS_MAX))
    )


@dataclass(frozen=True, slots=True)
class TreeLine:
    """A place in the tree beside the plan; `open`: how many findings are open in it and all that stands there."""

    place: Place
    depth: int
    look: Look
    here: bool


def tree_lines(standing: Standing, here: int | None) -> list[TreeLine]:
    """The outermost places, and what stands in each on the way to the place that is looked at."""
    path = {place.id for place in standing.directory.path(here)} if here is not None else set()
    found: list[TreeLine] = []

    def walk(place: Place, depth: int) -> None:
        if place.kind == "seat" or len(found) >= TREE_MAX:
            return
        found.append(TreeLine(place, depth, standing.looks[place.id], place.id == here))
        if place.id in path or depth == 0:
            for child in standing.below.get(place.id, ()):
                walk(child, depth + 1)

    for place in standing.below.get(None, ()):
        walk(place, 0)
    return found


def cabinet_front(visit: Visit, connection: Connection, standing: Standing, place: Place) -> Front | None:
    """The cabinet that a place is or stands in, from the front; None where it is no such place."""
    cabinet = cabinet_of(standing.directory, place)
    if cabinet is None:
        return None
    shelves = [one for one in standing.below.get(cabinet.id, ()) if one.kind in ("shelf", "container")]
    items = place_states.on_shelves(connection, visit.subject, [cabinet.id, *(one.id for one in shelves)])
    return front(cabinet, shelves, items, lambda one: one in standing.ears.heard)


@dataclass(frozen=True, slots=True)
class Care:
    """What is done for a place: its antennas that listen and that do not, in it and all that stands there; of its
    places for storage so many were swept of late; when it was last swept, alone or with what it stands in.
    """

    listening: int
    silent: int
    swept: int
    stores: int
    last_at: Instant | None
    days: int


def care_of(standing: Standing, place: Place, now: Instant, days: int) -> Care:
    """How a place is listened to, and how much of it was swept in so many days."""
    directory, sweeps = standing.directory, standing.sweeps
    listening = silent = swept = stores = 0
    for one in _within(standing.below, place):
        alive, deaf = standing.ears.antennas.get(one.id, (0, 0))
        listening, silent = listening + alive, silent + deaf
        if one.storage and not any(child.storage for child in standing.below.get(one.id, ())):
            stores += 1
            last = max((sweeps.get(step.id, 0) for step in directory.path(one.id)), default=0)
            swept += last >= now - days * DAY
    last_at = max((sweeps.get(step.id, 0) for step in directory.path(place.id)), default=0)
    return Care(listening, silent, swept, stores, last_at or None, days)


def _within(below: Children, place: Place) -> Sequence[Place]:
    found = [place]
    for one in found:  # grows as it is walked
        found.extend(below.get(one.id, ()))
    return found
