"""The house, the day and its truth, as the simulation of places has them. Lengths in metres, time in windows of 2 s.

The layout, the rates and the distances were written down, and committed, before the filter measured with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.radio.physics import Array, Physics

STORE = Physics(shadow_db=2.5, cabinet_db=8.0)
"""Steel cabinets. Shadowing: strengths of tags at one shelf spread by some 5 dB, and what is read has gone through it
twice. So neighbours that hear a tag at all hear it in two windows of five, mostly between 20 and 75 of a hundred; with
4 and 6 dB it was every second one in more than 90, which whoever set such a cabinet up would not leave so.
"""

WINDOW_SECONDS = 2
WINDOW_US = WINDOW_SECONDS * 1_000_000
BEGUN = 1_760_000_000_000_000
"""The instant of the first window."""

CARRIED, AWAY = -1, -2
"""In truth at no place: in somebody's hands, or where nobody listens."""

CABINET_WIDTH, SHELF_WIDTH, ROOM_WIDTH, AISLE = 1.1, 2.2, 9.0, 1.2

Dead = Literal["none", "one", "cabinet_known", "cabinet_unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What happens in eight hours, and how large the place is. The defaults are those that every figure is of."""

    hours: float = 8.0
    tags: int = 60
    cabinets: tuple[int, ...] = (5, 4)
    """A number a store room."""
    shelves: int = 2
    journeys: float = 1.2
    """Of a tag or a box."""
    boxes: int = 2
    box_size: int = 5
    to_neighbour: float = 0.3
    to_other: float = 0.25
    """Anywhere else, another room included. The rest is carried away and comes back."""
    in_case: float = 0.2
    """Of those carried away: in a metal case."""
    in_silent_office: float = 0.5
    """Of those carried away: to the office without antennas, through the wall of which a read may come."""
    away_minutes: tuple[float, float] = (5.0, 120.0)
    doors_opened: float = 6.0
    """A cabinet, for one to five minutes."""
    stray_share: float = 1e-4
    """Of a tag's windows: one faint read by some other antenna of the house."""
    dead_minutes: tuple[float, float] = (30.0, 120.0)


RATES = Rates()


@dataclass(frozen=True, slots=True)
class Layout:
    """Places 0, 1, 2 …; antennas 0, 1, 2 … with their readers' names. Lengths in metres."""

    rooms: tuple[int, ...]
    """Of each place."""
    kinds: tuple[str, ...]
    spots: Array
    """[places, 3]: the middle of the front of each."""
    antenna_places: NDArray[np.int64]
    antenna_spots: Array
    silent_room: int

    @property
    def antennas(self) -> int:
        """How many."""
        return len(self.antenna_places)

    def ear(self, antenna: int) -> tuple[str, int]:
        """Reader and number: four antennas a reader."""
        return f"reader-{antenna // 4}", antenna % 4 + 1

    def neighbours(self, place: int) -> list[int]:
        """The next ones in the same room."""
        return [other for other in (place - 1, place + 1) if 0 <= other < len(self.rooms) and self._same(place, other)]

    def _same(self, one: int, other: int) -> bool:
        return self.rooms[one] == self.rooms[other]


def layout(rates: Rates = RATES) -> Layout:
    """The house: rooms in a row along x, each as wide as the others."""
    rooms: list[int] = []
    kinds: list[str] = []
    spots: list[tuple[float, float, float]] = []
    places: list[int] = []
    ears: list[tuple[float, float, float]] = []
    for room, cabinets in enumerate(rates.cabinets):
        for nth in range(cabinets):
            x = room * ROOM_WIDTH + 1.0 + nth * CABINET_WIDTH
            ears += [(x - 0.1, 0.1, 0.55), (x + 0.1, 0.1, 1.5)]
            places += [len(rooms)] * 2
            spots.append((x, 0.2, 1.0))
            rooms.append(room)
            kinds.append("cabinet")
    office = len(rates.cabinets)
    for nth in range(rates.shelves):
        x = office * ROOM_WIDTH + 1.5 + nth * SHELF_WIDTH
        ears.append((x, 0.9, 2.0))
        places.append(len(rooms))
        spots.append((x, 0.2, 1.0))
        rooms.append(office)
        kinds.append("shelf")
    return Layout(
        tuple(rooms), tuple(kinds), np.array(spots), np.array(places, np.int64), np.array(ears), silent_room=office + 1
    )


class Outage(NamedTuple):
    """An antenna that hears nothing from window `since` to before `until`; `known`: its coverage says so."""

    antenna: int
    since: int
    until: int
    known: bool


@dataclass(frozen=True, slots=True, eq=False)
class Reads:
    """Reads in columns, in the order of the windows."""

    window: NDArray[np.int32]
    antenna: NDArray[np.int16]
    tag: NDArray[np.int16]
    count: NDArray[np.int16]
    mean_dbm: NDArray[np.float32]
    strongest_dbm: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """What was simulated. `truth[window, tag]`: the place, or CARRIED, or AWAY."""

    seed: int
    rates: Rates
    layout: Layout
    truth: NDArray[np.int16]
    reads: Reads
    weak: NDArray[np.bool_]
    boxes: tuple[tuple[int, ...], ...]
    outages: tuple[Outage, ...] = field(default=())

    @property
    def windows(self) -> int:
        """How many."""
        return len(self.truth)

    def listening(self) -> Mapping[tuple[str, int], tuple[tuple[int, int], ...]]:
        """Coverage as the daemon would prove it, of every antenna."""
        found: dict[tuple[str, int], tuple[tuple[int, int], ...]] = {}
        for antenna in range(self.layout.antennas):
            at, spans = 0, []
            for outage in sorted(o for o in self.outages if o.known and o.antenna == antenna):
                spans.append((instant(at), instant(outage.since)))
                at = outage.until
            spans.append((instant(at), instant(self.windows)))
            found[self.layout.ear(antenna)] = tuple(spans)
        return found


def instant(window: int) -> int:
    """When a window begins."""
    return BEGUN + window * WINDOW_US


@dataclass(slots=True)
class Leg:
    """A stretch of a journey, from window `since` to before `until`."""

    since: int
    until: int
    place: int
    """Where it lies; CARRIED or AWAY."""
    start: Array | None = None
    end: Array | None = None
    """Of a walk."""
    shield_db: float = 0.0
    silent: bool = True
    """Away: out of all antennas' reach; else in the silent office."""
