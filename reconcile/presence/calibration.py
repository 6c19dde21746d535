"""What an antenna hears of a tag at a place: learnt from a site's own sightings, or the defaults of a kind of place.

A calibration is frozen and numbered; every conclusion names the one it was drawn with. Defaults hold without any
learning. Windows are 2 s (`WINDOW_US`); probabilities are of at least one read within a window; strengths dBm.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from custody.values import SECOND

WINDOW_US = 2 * SECOND
CLASSES = ("weak", "middling", "good")
"""Readability: how a tag answers for a while, by its make, its neighbours in the stack and the way it lies."""
CLASS_SHARES = (0.1, 0.25, 0.65)
_CLIP = (0.003, 0.985)
_TAGS_MIN = 3
_WINDOWS_MIN = 200
"""Less than this was seen of an ear and a place: the default holds."""
_SIGMA_MIN_DB = 4.0
_WITNESS_US = 15 * SECOND
"""Reads closer together than this are hardly independent of each other: fading stands still with the tag."""
_SILENT_ODDS = 1e-4
"""An absence is long enough where a tag that is there would be silent for so long once in ten thousand times."""
ABSENCE_MIN_US = 300 * SECOND
ABSENCE_MAX_US = 4 * 3600 * SECOND


class Hearing(NamedTuple):
    """How an ear hears tags of one place. `chances`: of a read within a window, by readability class."""

    chances: tuple[float, float, float]
    mean_dbm: float
    sigma_db: float
    windows: int = 0
    tags: int = 0
    """What it was learnt from; 0: a default."""

    @property
    def chance(self) -> float:
        """Of a tag of which nothing is known."""
        return sum(share * chance for share, chance in zip(CLASS_SHARES, self.chances, strict=True))


@dataclass(frozen=True, slots=True)
class KindOfPlace:
    """The defaults of a kind of place: its own antennas, those of its neighbours in the room, and all others."""

    own: Hearing
    near: Hearing
    far: Hearing


_NEAR = Hearing((0.01, 0.05, 0.5), -66.0, 5.0)
_FAR = Hearing((0.003, 0.003, 0.02), -70.0, 6.0)
DEFAULT_KIND = KindOfPlace(Hearing((0.25, 0.75, 0.97), -50.0, 10.0), _NEAR, _FAR)
KINDS: Mapping[str, KindOfPlace] = MappingProxyType(
    {
        "room": KindOfPlace(
            Hearing((0.1, 0.5, 0.9), -58.0, 9.0),
            Hearing((0.02, 0.12, 0.3), -67.0, 7.0),
            _FAR,
        ),
        "container": KindOfPlace(Hearing((0.15, 0.6, 0.95), -54.0, 10.0), _NEAR, _FAR),
    }
)
"""Cabinets, shelves and all else have `DEFAULT_KIND`."""


class Observation(NamedTuple):
    """Of one tag that lay undisturbed at a known place: what one ear heard of it while it listened.

    `windows`: so many it listened for; `heard`: in so many of them there was a read.
    """

    tag: str
    place: int
    reader: str
    antenna: int
    windows: int
    heard: int
    reads: int
    mean_dbm: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is held to be true of a site's ears. `version` 0: nothing is learnt, the defaults of the kinds hold."""

    version: int = 0
    hearings: Mapping[tuple[str, int, int], Hearing] = field(default_factory=dict)
    """By (reader, antenna, place)."""

    def hearing(self, reader: str, antenna: int, place: int) -> Hearing | None:
        """What was learnt; None: nothing, the default of the kind of place holds."""
        return self.hearings.get((reader, antenna, place))

    def to_json(self) -> str:
        """As kept in a row; the same calibration always gives the same text."""
        rows = [
            [reader, antenna, place, list(h.chances), h.mean_dbm, h.sigma_db, h.windows, h.tags]
            for (reader, antenna, place), h in sorted(self.hearings.items())
        ]
        return json.dumps({"version": self.version, "hearings": rows}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Calibration":
        """The calibration kept in a row. Raises ValueError for what is none."""
        try:
            kept: dict[str, Any] = json.loads(text)
            return cls(
                int(kept["version"]),
                {
                    (str(reader), int(antenna), int(place)): Hearing(
                        (chances[0], chances[1], chances[2]), mean, sigma, windows, tags
                    )
                    for reader, antenna, place, chances, mean, sigma, windows, tags in kept["hearings"]
                },
            )
        except (KeyError, TypeError, IndexError) as error:
            raise ValueError(f"this is no calibration: {text[:80]!r}") from error


DEFAULTS = Calibration()


def learn(observations: Iterable[Observation], version: int) -> Calibration:
    """A calibration from tags whose place is known; an ear and a place of which too little was seen are left out.

    Classes are the tenth that hears worst, the next quarter, and the others, by their share of windows heard, each
    (k + 1/2) / (n + 2): a stray read does not make it likely, nor a silence impossible.
    """
    seen: dict[tuple[str, int, int], list[Observation]] = defaultdict(list)
    for one in observations:
        if one.windows > 0:
            seen[one.reader, one.antenna, one.place].append(one)
    found = {}
    for key, of in sorted(seen.items()):
        if len({one.tag for one in of}) >= _TAGS_MIN and sum(one.windows for one in of) >= _WINDOWS_MIN:
            found[key] = _hearing(of)
    return Calibration(version, found)


def _hearing(observed: list[Observation]) -> Hearing:
    ranked = sorted(observed, key=lambda one: (one.heard / one.windows, one.tag, one.windows))
    total = sum(one.windows for one in ranked)
    kept: list[list[int]] = [[0, 0], [0, 0], [0, 0]]
    before = 0
    for one in ranked:
        middle = (before + one.windows / 2) / total
        into = kept[0 if middle < 0.1 else 1 if middle < 0.35 else 2]
        into[0] += one.heard
        into[1] += one.windows
        before += one.windows
    middling = kept[1] if kept[1][1] else kept[2]
    weak = kept[0] if kept[0][1] else [middling[0], 2 * middling[1]]
    chances = tuple(_clipped((k + 0.5) / (n + 2)) for k, n in (weak, middling, kept[2]))
    strengths = [(one.mean_dbm, one.heard) for one in ranked if one.mean_dbm is not None and one.heard]
    weight = sum(heard for _, heard in strengths)
    if len(strengths) < _TAGS_MIN or weight <= 20:
        mean, sigma = -66.0, 6.0
    else:
        mean = sum(dbm * heard for dbm, heard in strengths) / weight
        # Between tags: each counts once, however long it lay there.
        sigma = math.sqrt(sum((dbm - mean) ** 2 for dbm, _ in strengths) / len(strengths))
    return Hearing(
        (chances[0], chances[1], chances[2]),
        round(mean, 2),
        round(max(_SIGMA_MIN_DB, sigma), 2),
        total,
        len({one.tag for one in ranked}),
    )


def _clipped(chance: float) -> float:
    return round(min(_CLIP[1], max(_CLIP[0], chance)), 4)


def absence_needed(calibration: Calibration, place: int, weak: bool, kind: str = "") -> int:
    """Silence (microseconds) of a covered place after which a tag may be said to be absent from it.

    So long that a tag that is there is silent for that time once in ten thousand times, by the place's own chance
    of a read; for a tag known to be weak by that of the weak. Between five minutes and four hours.
    """
    own = [hearing for (_, _, at), hearing in calibration.hearings.items() if at == place]
    if not own:
        own = [KINDS.get(kind, DEFAULT_KIND).own]
    unheard = 1.0
    for hearing in own:
        unheard *= 1.0 - hearing.chances[0 if weak else 1]
    witnesses = math.log(_SILENT_ODDS) / math.log(max(1e-6, min(0.997, unheard)))
    return max(ABSENCE_MIN_US, min(ABSENCE_MAX_US, round(witnesses * _WITNESS_US)))
