"""Where the radio would have heard a tag: coverage of places, from the intervals of their antennas. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from custody.values import Instant
from reconcile.checks.cases import Cover


@dataclass(frozen=True, slots=True)
class Listening:
    """The latest interval in which an antenna was listening; None where it never was."""

    reader: str
    antenna: int
    place: int
    since_at: Instant | None
    through_at: Instant | None

    @property
    def name(self) -> str:
        """`reader/number`."""
        return f"{self.reader}/{self.antenna}"


def _together(antennas: Iterable[Listening]) -> Cover | None:
    """The interval that all of them share; None where one never listened or their intervals do not meet."""
    listening = sorted(antennas, key=lambda a: a.name)
    spans = [(a.since_at, a.through_at) for a in listening if a.since_at is not None and a.through_at is not None]
    if not spans or len(spans) < len(listening):
        return None
    since, through = max(s for s, _ in spans), min(t for _, t in spans)
    return Cover(since, through, tuple(a.name for a in listening)) if since < through else None


class _Hearing:
    """The tree of places with the antennas of each."""

    def __init__(self, parents: Mapping[int, int | None], antennas: Iterable[Listening]) -> None:
        self.parents = parents
        self.own: dict[int, list[Listening]] = defaultdict(list)
        self.children: dict[int, list[int]] = defaultdict(list)
        for antenna in antennas:
            self.own[antenna.place].append(antenna)
        for place, parent in parents.items():
            if parent is not None:
                self.children[parent].append(place)

    def around(self, place: int) -> list[Listening]:
        """Antennas of the place, else of the nearest place around it that has some."""
        seen: set[int] = set()
        at: int | None = place
        while at is not None and at not in seen:
            if at in self.own:
                return self.own[at]
            seen.add(at)
            at = self.parents.get(at)
        return []

    def within(self, place: int, seen: frozenset[int] = frozenset()) -> list[Listening]:
        """Antennas that together hear everything in the place; none where a part of it is not heard."""
        if place in self.own:
            return self.own[place]
        found: list[Listening] = []
        for child in self.children.get(place, ()):
            heard = [] if child in seen else self.within(child, seen | {place})
            if not heard:
                return []
            found += heard
        return found


def covers(parents: Mapping[int, int | None], antennas: Iterable[Listening]) -> dict[int, Cover]:
    """Every place in which a tag would have been heard, with the interval for which this is known.

    A place is heard by its own antennas, all of them; without any, by those of the nearest place around it;
    without these too, where everything in it is heard. Places that nobody hears are not in the answer: nothing
    may be concluded about them. `parents`: every place that can hold carriers, with the place it stands in.
    """
    hearing = _Hearing(parents, antennas)
    found = {place: _together(hearing.around(place) or hearing.within(place)) for place in parents}
    return {place: cover for place, cover in found.items() if cover is not None}
