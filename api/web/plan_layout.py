"""Where each place is drawn on a plan: laid out from the tree alone, or where somebody arranged it. Pure.

A plan shows a place with the places in it (the frames) and what stands in those (the boxes): a building with its rooms
and their cabinets, a site with its buildings and their rooms. All is measured in squares of one grid. Rooms stand in
rows, as wide together as the plan; cabinets in a grid within their room; portals on the walls.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from custody.register import Directory
from custody.values import Place
from reconcile.store.plans import Spot

WIDTH = 40
"""Squares of a plan across."""
BOX_W, BOX_H, GAP, HEAD, FRAME_W, FRAME_H = 5, 4, 1, 4, 11, 7
"""A cabinet's box; between boxes; a room's words above them; a room in which nothing stands."""
BOXES_MAX = 240
"""With more boxes than these the frames are drawn without what is in them."""
FRAMED = frozenset({"site", "building", "room"})
NOT_DRAWN = frozenset({"portal", "seat"})


@dataclass(frozen=True, slots=True)
class Frame:
    """A place on the plan with the boxes in it, these at squares of the plan itself. `framed`: drawn with walls."""

    place: Place
    at: Spot
    boxes: tuple[tuple[Place, Spot], ...] = ()
    framed: bool = True
    arranged: bool = False


@dataclass(frozen=True, slots=True)
class Door:
    """A portal on a wall: where, in squares and their parts."""

    place: Place
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Floor:
    """One floor: its frames and portals, and how large it is."""

    name: str
    frames: tuple[Frame, ...]
    doors: tuple[Door, ...]
    width: int
    height: int


Children = Mapping[int | None, Sequence[Place]]


def plan_of(directory: Directory, below: Children, identifier: int) -> int:
    """Whose plan a place is shown on: its building's or site's, else its room's, else its own.

    A room stands on the plan of its building, and so does all that is in it; a building on its own.
    """
    path = directory.path(identifier)
    if path and path[0].kind in ("site", "building"):
        return path[0].id
    room: Place | None = None
    for place in path:
        if place.kind == "room":
            room = place
        elif place.kind in ("building", "site"):
            if room is None or boxes_in(below, place.id) <= BOXES_MAX:
                return place.id
            return room.id
    return room.id if room is not None else identifier


def start_of(below: Children) -> int | None:
    """Where one begins: the outermost place in which there is something to choose; None before there is any."""
    top = [place for place in below.get(None, ()) if place.kind not in NOT_DRAWN]
    if len(top) != 1:
        return None
    at = top[0]
    while True:
        within = [place for place in below.get(at.id, ()) if place.kind not in NOT_DRAWN]
        if at.kind == "room" or len(within) != 1 or within[0].kind not in FRAMED:
            return at.id
        at = within[0]


def boxes_in(below: Children, around: int | None) -> int:
    """How many places a plan would show, with all that stands in its frames."""
    frames = _drawn(below, around)
    return len(frames) + sum(len(_drawn(below, one.id)) for one in frames if one.kind in FRAMED)


def _drawn(below: Children, around: int | None) -> list[Place]:
    return [place for place in below.get(around, ()) if place.kind not in NOT_DRAWN]


def laid_out(below: Children, around: int | None, arranged: Mapping[int, Spot]) -> list[Floor]:
    """The plan of a place, floor by floor; of no place (None): of the outermost ones."""
    inner = boxes_in(below, around) <= BOXES_MAX
    frames = [_frame(below, place, arranged, inner=inner) for place in _drawn(below, around)]
    floors: dict[str, list[Frame]] = {}
    for frame in frames:
        floors.setdefault(frame.at.floor, []).append(frame)
    # Portals stand on the first floor that has one of the places they join; else on the first.
    doors = [place for place in below.get(around, ()) if place.kind == "portal"]
    doors += [place for frame in frames for place in below.get(frame.place.id, ()) if place.kind == "portal"]
    found: list[Floor] = []
    left = list(doors)
    names = sorted(floors) or [""]
    for name in names:
        placed = _in_rows(floors.get(name, ()))
        mine = [door for door in left if {door.inside, door.outside} & {frame.place.id for frame in placed}]
        if name == names[-1]:
            mine = left
        left = [door for door in left if door not in mine]
        found.append(_floor(name, placed, mine))
    return found


def _frame(below: Children, place: Place, arranged: Mapping[int, Spot], *, inner: bool) -> Frame:
    spot = arranged.get(place.id)
    framed = place.kind in FRAMED
    within = _drawn(below, place.id) if framed and inner else []
    boxes = _boxes(within, arranged, (spot.w if spot else WIDTH) - GAP)
    if not framed:
        size = (BOX_W, BOX_H)
    else:
        size = (
            max([FRAME_W, *(one.x + one.w + GAP for _, one in boxes)]),
            max([FRAME_H, *(one.y + one.h + GAP for _, one in boxes)]),
        )
    if spot is None:
        return Frame(place, Spot(0, 0, *size), boxes, framed)
    # A room is never drawn smaller than what stands in it.
    least = size if boxes else (min(size[0], spot.w), min(size[1], spot.h))
    return Frame(place, replace(spot, w=max(spot.w, least[0]), h=max(spot.h, least[1])), boxes, framed, True)


def _boxes(within: Sequence[Place], arranged: Mapping[int, Spot], across: int) -> tuple[tuple[Place, Spot], ...]:
    """Boxes within their frame, measured from its corner."""
    own = [(place, arranged[place.id]) for place in within if place.id in arranged]
    free = [place for place in within if place.id not in arranged]
    fit = max(1, min((across - GAP + GAP) // (BOX_W + GAP), 6))
    columns = min(fit, max(1, len(free) if len(free) <= 5 else -(-len(free) // (-(-len(free) // 5)))))
    top = max([HEAD, *(spot.y + spot.h + GAP for _, spot in own)])
    laid = [
        (place, Spot(GAP + (at % columns) * (BOX_W + GAP), top + (at // columns) * (BOX_H + GAP), BOX_W, BOX_H))
        for at, place in enumerate(free)
    ]
    return (*own, *laid)


def _in_rows(frames: Sequence[Frame]) -> list[Frame]:
    """Arranged frames where they are; the others below them in rows that fill the plan's width, a row one height."""
    placed = [frame for frame in frames if frame.arranged]
    y = max([0, *(frame.at.y + frame.at.h for frame in placed)])
    rows: list[list[Frame]] = []
    # What has walls first, so that single cabinets do not stand between rooms.
    for frame in sorted((one for one in frames if not one.arranged), key=lambda one: not one.framed):
        room = rows and rows[-1][0].framed == frame.framed
        if room and sum(one.at.w for one in rows[-1]) + frame.at.w + (0 if frame.framed else len(rows[-1])) <= WIDTH:
            rows[-1].append(frame)
        else:
            rows.append([frame])
    for row in rows:
        y += 0 if row[0].framed else GAP
        spare, height, x = WIDTH - sum(one.at.w for one in row), max(one.at.h for one in row), 0
        for at, one in enumerate(row):
            if not one.framed:
                placed.append(replace(one, at=replace(one.at, x=GAP + x, y=y)))
                x += one.at.w + GAP
                continue
            wide = one.at.w + spare // len(row) + (1 if at < spare % len(row) else 0)
            placed.append(replace(one, at=replace(one.at, x=x, y=y, w=wide, h=height)))
            x += wide
        y += height
    return [_moved(one) for one in placed]


def _moved(frame: Frame) -> Frame:
    """Its boxes at squares of the plan."""
    x, y = frame.at.x, frame.at.y
    return replace(
        frame, boxes=tuple((place, replace(spot, x=spot.x + x, y=spot.y + y)) for place, spot in frame.boxes)
    )


def _floor(name: str, frames: Sequence[Frame], portals: Sequence[Place]) -> Floor:
    width = max([WIDTH, *(one.at.x + one.at.w for one in frames)])
    height = max([FRAME_H, *(one.at.y + one.at.h for one in frames)])
    spots = {frame.place.id: frame.at for frame in frames}
    doors: list[Door] = []
    for place in portals:
        x, y = _on_wall(spots.get(place.inside or 0), spots.get(place.outside or 0), width, height)
        # Two on one wall stand beside one another.
        while any(abs(one.x - x) < 2 and abs(one.y - y) < 2 for one in doors):
            x += 3
        doors.append(Door(place, x, y))
    return Floor(name, tuple(frames), tuple(doors), width, height)


def _on_wall(inside: Spot | None, outside: Spot | None, width: int, height: int) -> tuple[float, float]:
    """The middle of the wall that both share; else of the lower wall of the one that is drawn, or of the plan."""
    if inside is not None and outside is not None:
        left, right = max(inside.x, outside.x), min(inside.x + inside.w, outside.x + outside.w)
        top, bottom = max(inside.y, outside.y), min(inside.y + inside.h, outside.y + outside.h)
        if left == right and top < bottom:
            return left, (top + bottom) / 2
        if top == bottom and left < right:
            return (left + right) / 2, top
    one = inside or outside
    if one is not None:
        return one.x + one.w / 2, one.y + one.h
    return width / 2, height
