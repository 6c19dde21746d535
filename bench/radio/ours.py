"""The product's own filter on a simulated day: on the sightings that the server would get, when it would get them."""

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bench.radio.arriving import sightings
from bench.radio.house import Day
from readers.sighting import Sighting
from reconcile.presence import Calibration, Ear, Heard, Memory, Move, Settings, Site, advance_tag, fold_tag, to_bytes
from reconcile.presence.calibration import DEFAULTS

UNCONFIRMED, NOT_COVERED = -4, -5
CLASSES = ("unconfirmed", "probable", "confirmed")
LIVE_US = 12_000_000


@dataclass(slots=True, eq=False)
class Ours:
    """What the filter showed. `believed`: the place, however firmly; `classes`: 0 to 2 as in CLASSES."""

    shown: NDArray[np.int16]
    believed: NDArray[np.int16]
    classes: NDArray[np.int8]
    sightings: int = 0
    seconds: float = 0.0
    bytes_a_tag: float = 0.0
    moves: list[tuple[int, Move]] = field(default_factory=list)


def site_of(day: Day, calibration: Calibration = DEFAULTS) -> Site:
    """The simulated house as the filter is told of it. Places are numbered from 1."""
    house = day.layout
    places = range(len(house.rooms))
    return Site(
        {house.ear(a): Ear(int(house.antenna_places[a]) + 1) for a in range(house.antennas)},
        listening=day.listening(),
        rooms={place + 1: 1000 + house.rooms[place] for place in places},
        kinds={place + 1: house.kinds[place] for place in places},
        calibration=calibration,
    )


def run(day: Day, calibration: Calibration = DEFAULTS, settings: Settings | None = None) -> Ours:
    """Fold the day as the server does: what arrives together, then whoever is due."""
    settings = settings or Settings()
    site = site_of(day, calibration)
    tags = day.rates.tags
    memories = [Memory()] * tags
    ours = Ours(
        np.full((day.windows, tags), UNCONFIRMED, np.int16),
        np.full((day.windows, tags), -1, np.int16),
        np.zeros((day.windows, tags), np.int8),
    )
    due = np.full(tags, np.iinfo(np.int64).max)
    believed, classes = np.full(tags, -1, np.int16), np.zeros(tags, np.int8)
    for window, arrived in enumerate(sightings(day)):
        now_site = _by_now(site, arrived.at)
        by_tag: dict[int, list[Heard]] = defaultdict(list)
        for sighting in arrived.sightings:
            by_tag[int(sighting.epc, 16)].append(_heard(sighting, site))
        begun = time.process_time()
        changed = dict.fromkeys(by_tag)
        for tag, heard in by_tag.items():
            memories[tag], concluded = fold_tag(memories[tag], heard, now_site, settings)
            ours.moves += [(tag, move) for move in concluded.moves]
        for tag in np.flatnonzero(due <= arrived.at).tolist():
            memories[tag], concluded = advance_tag(memories[tag], arrived.at, now_site, settings)
            ours.moves += [(tag, move) for move in concluded.moves]
            changed[tag] = None
        ours.seconds += time.process_time() - begun
        ours.sightings += len(arrived.sightings)
        for tag in changed:
            memory = memories[tag]
            at = memory.due_at(settings)
            due[tag] = np.iinfo(np.int64).max if at is None else at
            believed[tag] = -1 if memory.place is None else memory.place - 1
            classes[tag] = CLASSES.index(memory.strength)
        ours.believed[window], ours.classes[window] = believed, classes
    ours.bytes_a_tag = float(np.mean([len(to_bytes(memory)) for memory in memories]))
    _show(day, ours)
    return ours


def _by_now(site: Site, at: int) -> Site:
    """Coverage as it is proven by now: an outage that is to come is not known."""
    whole = site.listening or {}
    ends = site.looked_up.get("changes")
    if ends is None:
        ends = site.looked_up["changes"] = sorted({b for spans in whole.values() for _, b in spans})
        site.looked_up["sites"] = {}
    # Between two changes the same look-ups serve: only the last interval of each antenna is open.
    passed = sum(1 for end in ends if end <= at)
    known: Site | None = site.looked_up["sites"].get(passed)
    if known is None:
        cut = ends[passed] if passed < len(ends) else ends[-1]
        listening = {key: tuple((a, min(b, cut)) for a, b in spans if a < cut) for key, spans in whole.items()}
        known = replace(site, listening=listening)
        site.looked_up["sites"][passed] = known
    return known


def _heard(sighting: Sighting, site: Site) -> Heard:
    return Heard(
        sighting.first_at,
        sighting.last_at,
        sighting.count,
        sighting.strongest_dbm,
        sighting.mean_dbm,
        sighting.reader,
        sighting.antenna,
        site.ears[sighting.reader, sighting.antenna].place,
        "",
        sighting.received_at,
    )


def _show(day: Day, ours: Ours) -> None:
    """What is shown: the place where it is probable or confirmed; not covered where no antenna of it listens."""
    shown = np.where(ours.classes > 0, ours.believed, np.int16(UNCONFIRMED)).astype(np.int16)
    for place in range(len(day.layout.rooms)):
        for since, until in _deaf(day, place):
            part = shown[since:until]
            part[part == place] = NOT_COVERED
    ours.shown = shown


def _deaf(day: Day, place: int) -> Iterator[tuple[int, int]]:
    """When it is known that no antenna of a place listens."""
    of = np.flatnonzero(day.layout.antenna_places == place).tolist()
    known = [[o for o in day.outages if o.known and o.antenna == antenna] for antenna in of]
    if all(known):
        since, until = max(o[0].since for o in known), min(o[0].until for o in known)
        if since < until:
            yield since, until
