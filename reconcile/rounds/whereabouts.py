"""Where to look for what was not met: its last known whereabouts, the nearest first. Pure.

Near is told over the tree of places: the next shelf is nearer than the next room. Of two as near, what was heard later
comes first. Whereabouts by radio are evidence, never a fact: they say where to look, and move nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from custody.values import Instant

FAR = 1_000
"""Farther than any place: nobody knows."""


@dataclass(frozen=True, slots=True)
class LastKnown:
    """The last word of the radio about a carrier's tags. `strength` as it was concluded; None: never heard."""

    carrier: int
    place: int | None = None
    path: str = ""
    heard_at: Instant | None = None
    strength: str = ""


def distance(one: str, other: str) -> int:
    """Steps over the tree between two places, by their paths (`/1/4/5/`); 0 is the same place."""
    here, there = one.strip("/").split("/"), other.strip("/").split("/")
    common = 0
    for a, b in zip(here, there, strict=False):
        if a != b:
            break
        common += 1
    return len(here) + len(there) - 2 * common


def nearest_first(home: str, known: Iterable[LastKnown]) -> list[tuple[int, LastKnown]]:
    """Each with its distance from `home` (a path), in the order in which one goes and looks."""
    found = [(distance(home, one.path) if one.path else FAR, one) for one in known]
    return sorted(found, key=lambda pair: (pair[0], -(pair[1].heard_at or 0), pair[1].carrier))
