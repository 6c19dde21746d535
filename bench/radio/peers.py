"""The methods that ours is measured against, on the same reads: written for the comparison.

`last_antenna`: where it was read last. `edgex`: the mobility profile of EdgeX's app-rfid-llrp-inventory (Apache-2.0;
written anew from its description and behaviour: an antenna takes a tag over where the mean of its last twenty
strengths is above that of the present antenna plus an offset, which is the threshold at first and falls with the time
since the present antenna read it). Its two profiles are those it ships with; `departed` after ten minutes unread.
`debounce`: thirty seconds at one place and nowhere else.

All give [windows, tags]: the place shown at the end of a window, NOWHERE where none is. They see every read at once.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.radio.house import WINDOW_SECONDS, Day

Shown = NDArray[np.int16]
NOWHERE = -3
DEPARTED_SECONDS = 600
"""EdgeX's default; the others are given the same."""


@dataclass(frozen=True, slots=True)
class Mobility:
    """A mobility profile: dB a millisecond, dB, milliseconds."""

    slope: float
    threshold: float
    holdoff_ms: float

    def offset(self, silent_ms: float) -> float:
        """What another antenna must be stronger by, so long after the present one's last read."""
        return min(self.threshold, self.threshold + self.slope * (silent_ms - self.holdoff_ms))


ASSET = Mobility(-0.008, 6.0, 500.0)
RETAIL = Mobility(-0.0005, 6.0, 60_000.0)
_STRENGTHS = 20


def last_antenna(day: Day) -> Shown:
    """The place of the antenna that read it last."""
    place = day.layout.antenna_places[day.reads.antenna].astype(np.int16)
    return _shown(day, np.arange(len(place)), place)


def edgex(day: Day, profile: Mobility) -> Shown:
    """EdgeX's inventory: one strength a window and antenna."""
    reads, places = day.reads, day.layout.antenna_places
    antennas = day.layout.antennas
    here = [-1] * day.rates.tags
    strengths: list[deque[float]] = [deque(maxlen=_STRENGTHS) for _ in range(antennas * day.rates.tags)]
    last = [0] * (antennas * day.rates.tags)
    changed_rows: list[int] = []
    changed_places: list[int] = []
    rows = zip(reads.window.tolist(), reads.antenna.tolist(), reads.tag.tolist(), reads.mean_dbm.tolist(), strict=True)
    for row, (window, antenna, tag, dbm) in enumerate(rows):
        base = tag * antennas
        stats = strengths[base + antenna]
        stats.append(dbm)
        last[base + antenna] = window
        now = here[tag]
        if now == antenna:
            continue
        if now >= 0:
            before = strengths[base + now]
            if len(stats) < 2:
                continue
            offset = profile.offset((window - last[base + now]) * WINDOW_SECONDS * 1000)
            if sum(stats) / len(stats) <= sum(before) / len(before) + offset:
                continue
        here[tag] = antenna
        changed_rows.append(row)
        changed_places.append(int(places[antenna]))
    return _shown(day, np.array(changed_rows, np.int64), np.array(changed_places, np.int16))


def debounce(day: Day, seconds: int = 30) -> Shown:
    """Moved where one place alone heard it for so long."""
    reads, places = day.reads, day.layout.antenna_places
    needed = seconds // WINDOW_SECONDS
    here = [-1] * day.rates.tags
    run: list[tuple[int, int]] = [(-1, 0)] * day.rates.tags
    changed_rows: list[int] = []
    changed_places: list[int] = []
    rows = zip(reads.window.tolist(), places[reads.antenna].tolist(), reads.tag.tolist(), strict=True)
    for row, (window, place, tag) in enumerate(rows):
        candidate, since = run[tag]
        if candidate != place:
            run[tag] = (place, window)
            since = window
        if here[tag] != place and (here[tag] < 0 or window - since >= needed):
            here[tag] = place
            changed_rows.append(row)
            changed_places.append(place)
    return _shown(day, np.array(changed_rows, np.int64), np.array(changed_places, np.int16))


def _shown(day: Day, rows: NDArray[np.int64], places: NDArray[np.int16]) -> Shown:
    """From the rows of reads at which a tag's place became another; nowhere once it was unread for ten minutes."""
    reads, windows, tags = day.reads, day.windows, day.rates.tags
    shown = np.full((windows, tags), NOWHERE, np.int16)
    shown[reads.window[rows], reads.tag[rows]] = places
    read = np.full((windows, tags), -1, np.int64)
    read[reads.window, reads.tag] = reads.window
    np.maximum.accumulate(read, axis=0, out=read)
    at = np.where(shown != NOWHERE, np.arange(windows)[:, None], 0)
    np.maximum.accumulate(at, axis=0, out=at)
    shown = np.take_along_axis(shown, at, axis=0)
    silent = (np.arange(windows)[:, None] - read) * WINDOW_SECONDS
    shown[(silent > DEPARTED_SECONDS) | (read < 0)] = NOWHERE
    return shown
