"""What the server gets of the reads: the sightings that the product's own smoothing tells, when they arrive."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from bench.radio.house import WINDOW_US, Day, instant
from readers.columns import ReadColumns
from readers.sighting import Sighting
from readers.smoothing import Smoother

DELIVERY_US = 500_000
"""From the daemon's telling to the server's fold."""


class Arrived(NamedTuple):
    """Sightings as they arrive together, at an instant of the server; those of one window's end."""

    at: int
    sightings: list[Sighting]


def tag_epc(tag: int) -> str:
    """The EPC of a tag."""
    return f"{tag:024X}"


def sightings(day: Day, period_us: int = 10_000_000) -> Iterator[Arrived]:
    """What the product's own smoothing sends of the reads, window by window."""
    smoother = Smoother(period_us)
    reads, house = day.reads, day.layout
    edges = np.searchsorted(reads.window, np.arange(day.windows + 1))
    keys = [
        [tag.to_bytes(12, "big") + (house.ear(antenna)[1]).to_bytes(2, "big") for antenna in range(house.antennas)]
        for tag in range(day.rates.tags)
    ]
    readers = reads.antenna // 4
    for window in range(day.windows):
        rows = slice(int(edges[window]), int(edges[window + 1]))
        began, ended = instant(window), instant(window + 1)
        for reader in np.unique(readers[rows]).tolist():
            of = np.flatnonzero(readers[rows] == reader) + rows.start
            # The reads of a window lie evenly in it: the first and the last at the edges of their shares.
            half = (WINDOW_US // (2 * np.maximum(reads.count[of], 1).astype(np.int64))).astype(np.int64)
            smoother.take_rows(
                f"reader-{reader}",
                ReadColumns(
                    [keys[t][a] for t, a in zip(reads.tag[of].tolist(), reads.antenna[of].tolist(), strict=True)],
                    reads.mean_dbm[of].astype(np.float64),
                    began + half,
                    ended - half,
                    reads.count[of].astype(np.int64),
                ),
                ended,
            )
        yield Arrived(ended + DELIVERY_US, list(smoother.due(ended)))
