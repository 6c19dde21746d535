"""Boxes: carriers that are kept together move together, and what most of them show is evidence for the others."""

from collections.abc import Mapping
from statistics import median_low
from typing import Any

from reconcile.presence.concluding import MODEL
from reconcile.presence.hearing import Ears
from reconcile.presence.model import Memory, Move, Settings, Site
from reconcile.presence.questions import silence_says_after
from reconcile.presence.weighing import Weighing

_MOVED_MIN = 2
_FOLLOWS = 0.7


def follow(members: Mapping[str, Memory], site: Site, settings: Settings) -> dict[str, tuple[Memory, Move]]:
    """Of the tags of one box, by EPC, those that have gone where the others went, though nobody hears them there.

    At least two, and half of all, are believed at one place; a tag that is unconfirmed elsewhere, and was not heard
    where it was since they are there, is probably with them. Never one that is heard somewhere, nor one whose place
    nobody listened to: of that nothing is known. `Move.cause` is `companions`; the evidence names how many.
    """
    there: dict[int, list[Memory]] = {}
    for memory in members.values():
        if memory.place is not None and memory.strength != "unconfirmed":
            there.setdefault(memory.place, []).append(memory)
    if not there:
        return {}
    place = max(there, key=lambda one: (len(there[one]), -one))
    moved = there[place]
    if len(moved) < _MOVED_MIN or 2 * len(moved) < len(members):
        return {}
    since = median_low(sorted(memory.belief.arrived_at for memory in moved))
    found = {}
    for epc, memory in sorted(members.items()):
        left_behind = memory.place is not None and memory.place != place and memory.strength == "unconfirmed"
        if left_behind and (memory.here_at or 0) <= since and memory.heard_at <= since:
            found[epc] = _followed(memory, place, since, len(moved), len(members), site, settings)
    return found


def _followed(
    memory: Memory, place: int, since: int, moved: int, members: int, site: Site, settings: Settings
) -> tuple[Memory, Move]:
    weighing = Weighing(memory.belief, memory.place, Ears.of(site), settings)
    weighing.settle_as(place, since, _FOLLOWS)
    evidence: dict[str, Any] = {
        "model": MODEL,
        "calibration": site.calibration.version,
        "since_at": memory.here_at,
        "until_at": weighing.through_at,
        "companions": {"there": moved, "of": members},
    }
    move = Move(memory.place, place, since, weighing.through_at, "probable", "companions", evidence)
    weighing.look_after_us = silence_says_after(weighing, since)
    followed = memory._replace(
        place=place,
        strength="probable",
        since_at=since,
        here_at=since,
        here_dbm=None,
        stay=None,
        belief=weighing.kept(),
    )
    return followed, move
