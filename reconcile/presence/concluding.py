"""What a fold concludes, and the evidence that each conclusion carries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from readers.portal import Passage
from reconcile.presence.model import Heard, Lying, Move, Stay
from reconcile.presence.weighing import Weighing

MODEL = "presence-2"
"""Version of the method, kept with every conclusion."""


@dataclass(slots=True)
class Conclusions:
    """What a fold concluded. Stays are those that began or went on; late sightings are left to their past."""

    stays: dict[tuple[int, int], Stay] = field(default_factory=dict)
    """By (place, since_at)."""
    passages: list[Passage] = field(default_factory=list)
    late: list[Heard] = field(default_factory=list)
    lying: dict[tuple[int, int], Lying] = field(default_factory=dict)
    """By (portal, since_at)."""
    moves: list[Move] = field(default_factory=list)
    """Changes of the believed place and of its strength, in order of event time."""


def evidence(weighing: Weighing, since_at: int, candidates: Mapping[int, float]) -> dict[str, Any]:
    """What there is to show for a conclusion, as JSON: never how probable, only what was heard and what was not.

    `antennas`: since there was a doubt, the windows in which each was asked and heard it, and what was expected of
    it at the place that was believed before; `listening`: which of them listened at the end.
    """
    world = weighing.world
    antennas = []
    for key in sorted(weighing.ears):
        ear = weighing.ears[key]
        if not ear.doubted and not ear.doubt_heard:
            continue
        expected = weighing.expects_here(ear)
        antennas.append(
            {
                "reader": key[0],
                "antenna": key[1],
                "place": world.place_of.get(key),
                "windows": ear.doubted,
                "heard": ear.doubt_heard,
                "expected": round(expected.chance * ear.doubted, 1),
                "mean_dbm": ear.doubt_dbm,
                "strongest_dbm": ear.doubt_strongest,
                "usual_dbm": ear.mean if ear.weight else None,
            }
        )
    at = weighing.through_at
    slack = weighing.settings.watermark_us
    runner_up = max(candidates, key=lambda place: (candidates[place], -place), default=None)
    return {
        "model": MODEL,
        "calibration": world.calibration.version,
        "since_at": since_at,
        "until_at": at,
        "antennas": antennas,
        "listening": [list(key) for key in sorted(weighing.ears) if world.listened(key, at - slack, at) > 0],
        "runner_up": runner_up,
    }
