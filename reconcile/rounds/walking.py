"""Walked on to the next shelf? Pure: newest scans in, a proposal out. A person answers; the answer is an event.

One stray is only misplaced. Several in a row that all belong in one other place are a question: the person has walked
on, or they stand together on the wrong shelf. Nothing is guessed: until it is answered the scans stay where they were.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

IN_A_ROW = 3


@dataclass(frozen=True, slots=True)
class Stop:
    """A scan by hand of a carrier: where the books have it. `place` None: nowhere."""

    event: str
    carrier: int
    place: int | None
    path: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """It seems that the person is at `place` now: the scans that say so, the oldest first."""

    place: int
    events: tuple[str, ...]
    carriers: tuple[int, ...]


def walked_on(newest: Sequence[Stop], current: str, refused: Collection[int] = ()) -> Proposal | None:
    """Whether the newest scans (the oldest first) agree on another place than `current` (its path, empty: none said).

    `refused`: places that the person said no to since he last said where he is. The same carrier twice is one
    scan; a scan of what belongs nowhere breaks the row.
    """
    row: list[Stop] = []
    for stop in reversed(newest):
        if stop.place is None or (row and stop.place != row[0].place):
            break
        row.append(stop)
    seen: dict[int, Stop] = {}
    for stop in reversed(row):
        seen.setdefault(stop.carrier, stop)
    if len(seen) < IN_A_ROW or row[0].place in refused:
        return None
    # A coarser place that holds it is no other: somebody who swept the whole cabinet has not walked on.
    if current and row[0].path.startswith(current):
        return None
    place = row[0].place
    assert place is not None
    return Proposal(place, tuple(stop.event for stop in reversed(row)), tuple(seen))
