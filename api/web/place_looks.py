"""How a place looks on a plan: the worst of what is open in it, whether anybody listens, how much is there. Pure.

Colour is never alone: each look has its icon and its word.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from custody.register import Directory
from custody.values import Place
from reconcile.checks import KINDS
from reconcile.store.place_states import OnShelf

_BY_WEIGHT = ("bad", "due", "odd", "hatch")
BLOCKS_MAX = 20
OUT = frozenset({"on_loan", "in_circulation", "in_meeting", "carried_out", "in_transit", "provided_outside"})
BLOCK_LOOKS = ("there", "out", "odd", "due", "bad", "deaf")
"""How a carrier stands on its shelf, from the least to the gravest; `deaf`: there, and nobody listens."""


@dataclass(frozen=True, slots=True)
class Look:
    """`colour`: bad, due, odd, deaf, ok, or mute where nothing may be said. `word`: key of the catalogue.

    `open`: how many findings are open there or in what stands there; `kinds`: how many of each, the gravest first.
    """

    colour: str
    icon: str
    word: str
    open: int = 0
    kinds: tuple[tuple[str, int], ...] = ()
    carriers: int = 0
    deaf: bool = False


def weight(kind: str) -> tuple[int, int]:
    """The lower, the graver."""
    known = KINDS[kind]
    return _BY_WEIGHT.index(known.colour) if known.colour in _BY_WEIGHT else len(_BY_WEIGHT), known.urgency


def sums(
    below: Mapping[int | None, Sequence[Place]],
    found: Mapping[int, Mapping[str, int]],
    counts: Mapping[int, int],
) -> dict[int, tuple[dict[str, int], int]]:
    """Of each place what is open in it and all that stands there, by kind; and how many carriers."""
    total: dict[int, tuple[dict[str, int], int]] = {}
    order: list[Place] = list(below.get(None, ()))
    for place in order:  # grows as it is walked: every place after what it stands in
        order.extend(below.get(place.id, ()))
    for place in reversed(order):
        kinds, carriers = dict(found.get(place.id, {})), counts.get(place.id, 0)
        for child in below.get(place.id, ()):
            inner, n = total[child.id]
            carriers += n
            for kind, many in inner.items():
                kinds[kind] = kinds.get(kind, 0) + many
        total[place.id] = kinds, carriers
    return total


def look_of(kinds: Mapping[str, int], carriers: int, *, heard: bool, sees_findings: bool) -> Look:
    """The look of a place in which this is open. Whoever may see no findings is not told that there are none."""
    ordered = tuple(sorted(((kind, n) for kind, n in kinds.items() if n), key=lambda one: (weight(one[0]), one[0])))
    count = sum(n for _, n in ordered)
    if ordered:
        worst = KINDS[ordered[0][0]]
        colour = "deaf" if worst.colour == "hatch" else worst.colour
        return Look(colour, worst.icon, f"finding_kind.{ordered[0][0]}", count, ordered, carriers, not heard)
    if not heard:
        return Look("deaf", "deaf", "places.deaf", 0, (), carriers, True)
    if not sees_findings:
        return Look("mute", "wave", "places.listens", 0, (), carriers)
    return Look("ok", "ok", "places.all_right", 0, (), carriers)


@dataclass(frozen=True, slots=True)
class Block:
    """A spine on the drawn shelf, for one carrier or about as many as the front says."""

    colour: str
    height: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """A shelf from the front: its blocks, and what is to be said beside it."""

    place: Place
    blocks: tuple[Block, ...]
    carriers: int
    out: int
    colour: str
    icon: str
    word: str
    n: int


@dataclass(frozen=True, slots=True)
class Front:
    """A cabinet from the front, the upper shelf first. `each`: one block is about so many carriers."""

    place: Place
    shelves: tuple[Shelf, ...]
    carriers: int
    out: int
    each: int


def cabinet_of(directory: Directory, place: Place) -> Place | None:
    """What is shown from the front with a place: the cabinet that it is or stands in, else the shelf itself."""
    path = [one for one in directory.path(place.id) if one.kind in ("cabinet", "shelf", "container")]
    return next((one for one in path if one.kind == "cabinet"), path[0] if path else None)


def front(
    cabinet: Place,
    shelves: Sequence[Place],
    items: Sequence[OnShelf],
    heard: Callable[[int], bool],
) -> Front:
    """The front of a cabinet from what is on its shelves; a cabinet without any is one shelf itself."""
    of: dict[int, list[OnShelf]] = {}
    for item in items:
        of.setdefault(item.shelf, []).append(item)
    rows = [one for one in reversed(shelves) if one.id != cabinet.id]
    if cabinet.id in of or not rows:
        rows.append(cabinet)
    most = max((len(of.get(one.id, ())) for one in rows), default=0)
    each = max(1, -(-most // BLOCKS_MAX))
    drawn = tuple(_shelf(one, of.get(one.id, []), heard(one.id), each) for one in rows)
    return Front(cabinet, drawn, sum(one.carriers for one in drawn), sum(one.out for one in drawn), each)


def _block_colour(item: OnShelf, *, heard: bool) -> str:
    colours = [KINDS[kind].colour for kind in item.kinds]
    for colour in ("bad", "due", "odd"):
        if colour in colours and (item.here or item.status not in OUT):
            return colour
    if item.status == "declared_lost":
        return "bad"
    if item.status in OUT or not item.here:
        return "out"
    return "there" if heard else "deaf"


def _shelf(place: Place, items: Sequence[OnShelf], heard: bool, each: int) -> Shelf:
    colours = [_block_colour(item, heard=heard) for item in items]
    blocks = [
        Block(max(colours[at : at + each], key=BLOCK_LOOKS.index), 26 - (at // each * 7) % 5)
        for at in range(0, len(colours), each)
    ]
    out = colours.count("out")
    kinds: dict[str, int] = {}
    for item, colour in zip(items, colours, strict=True):
        if colour in ("bad", "due", "odd") and item.kinds:
            worst = min(item.kinds, key=weight)
            kinds[worst] = kinds.get(worst, 0) + 1
    said: tuple[str, str, str, int]
    if kinds:
        kind = min(kinds, key=weight)
        said = (KINDS[kind].colour, KINDS[kind].icon, f"finding_kind.{kind}", kinds[kind])
    elif "bad" in colours:
        said = ("bad", "lost", "status.declared_lost", colours.count("bad"))
    elif not heard:
        said = ("deaf", "deaf", "places.deaf", 0)
    elif out:
        said = ("act", "out", "places.out", out)
    elif items:
        said = ("ok", "ok", "places.all_there", 0)
    else:
        said = ("mute", "shelf", "places.nothing_here", 0)
    return Shelf(place, tuple(blocks), len(items), out, *said)
