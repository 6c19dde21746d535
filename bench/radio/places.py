"""A day in a small archive, by the radio: who lies where in truth, what the antennas read, and what the server gets.

Two store rooms with cabinets (two antennas each, between the shelves), an office with open shelves (one antenna
each), an office without antennas, and the world outside. Tags lie still, are carried to a neighbour or another room,
or away and back, some in a metal case, some in boxes whose carriers go together. Doors are opened, people walk by,
antennas die: known to be (no coverage) or not. Everything comes from one seed; time is counted in windows of 2 s.

The losses are those of `physics`. The layout, the rates and the distances below were written down, and committed,
before the filter that is measured with them.
"""

import numpy as np

from bench.radio.air import radio
from bench.radio.house import (
    AWAY,
    CARRIED,
    RATES,
    ROOM_WIDTH,
    STORE,
    WINDOW_SECONDS,
    Day,
    Dead,
    Layout,
    Leg,
    Outage,
    Rates,
    layout,
)
from bench.radio.physics import Array, Physics, tag_losses_db

TRAINING_SEEDS = range(1000, 1008)
HELD_OUT_SEEDS = range(2000, 2012)


def simulate(seed: int, rates: Rates = RATES, dead: Dead = "one", physics: Physics = STORE) -> Day:
    """A day from a seed: the same seed gives the same day."""
    random = np.random.default_rng(seed)
    house = layout(rates)
    windows = round(rates.hours * 3600 / WINDOW_SECONDS)
    tag_loss, weak = tag_losses_db(random, rates.tags, physics)
    boxes = tuple(tuple(range(n * rates.box_size, (n + 1) * rates.box_size)) for n in range(rates.boxes))
    legs = _journeys(random, rates, house, windows, boxes)
    outages = _outages(random, rates, house, windows, dead)
    truth = np.full((windows, rates.tags), AWAY, np.int16)
    for tag, of in enumerate(legs):
        for leg in of:
            truth[leg.since : leg.until, tag] = leg.place
    reads = radio(random, rates, house, windows, legs, tag_loss, outages, physics)
    return Day(seed, rates, house, truth, reads, weak, boxes, outages)


def _journeys(
    random: np.random.Generator, rates: Rates, house: Layout, windows: int, boxes: tuple[tuple[int, ...], ...]
) -> list[list[Leg]]:
    legs: list[list[Leg]] = [[] for _ in range(rates.tags)]
    for box in boxes:
        of = _journey(random, rates, house, windows)
        for tag in box:
            legs[tag] = of
    for tag in range(rates.tags):
        if not legs[tag]:
            legs[tag] = _journey(random, rates, house, windows)
    return legs


def _journey(random: np.random.Generator, rates: Rates, house: Layout, windows: int) -> list[Leg]:
    place = int(random.integers(len(house.rooms)))
    starts = np.sort(random.integers(150, max(151, windows - 60), random.poisson(rates.journeys * rates.hours / 8)))
    legs: list[Leg] = []
    at = 0
    for start in starts.tolist():
        if start < at + 150:
            continue  # it lies for five minutes at least: less is no stay
        legs.append(Leg(at, start, place))
        kind = random.random()
        near = house.neighbours(place)
        if kind < rates.to_neighbour and near:
            place, at = _carried(random, house, legs, start, place, int(random.choice(near)))
        elif kind < rates.to_neighbour + rates.to_other:
            others = [p for p in range(len(house.rooms)) if p != place]
            place, at = _carried(random, house, legs, start, place, int(random.choice(others)))
        else:
            at = _away(random, rates, house, legs, start, place)
        if at >= windows:
            break
    if at < windows:
        legs.append(Leg(at, windows, place))
    for leg in legs:
        leg.until = min(leg.until, windows)
    return legs


def _carried(
    random: np.random.Generator, house: Layout, legs: list[Leg], start: int, place: int, to: int
) -> tuple[int, int]:
    begin, end = _before(house, place), _before(house, to)
    end_at = start + _walk(random, begin, end)
    legs.append(Leg(start, end_at, CARRIED, begin, end))
    return to, end_at


def _away(random: np.random.Generator, rates: Rates, house: Layout, legs: list[Leg], start: int, place: int) -> int:
    begin = _before(house, place)
    silent = random.random() >= rates.in_silent_office
    goal = np.array([(house.silent_room + (1.0 if silent else 0.3)) * ROOM_WIDTH, 2.0, 1.0])
    shield = STORE.shield_db if random.random() < rates.in_case else 0.0
    gone = start + _walk(random, begin, goal)
    low, high = np.log(rates.away_minutes[0]), np.log(rates.away_minutes[1])
    back = gone + int(np.exp(random.uniform(low, high)) * 60 / WINDOW_SECONDS)
    home = back + _walk(random, goal, begin)
    legs.append(Leg(start, gone, CARRIED, begin, goal, shield))
    legs.append(Leg(gone, back, AWAY, goal, goal, shield, silent))
    legs.append(Leg(back, home, CARRIED, goal, begin, shield))
    return home


def _before(house: Layout, place: int) -> Array:
    spot: Array = house.spots[place] + np.array([0.0, 0.4, 0.2])
    return spot


def _walk(random: np.random.Generator, begin: Array, end: Array) -> int:
    """Windows: the way at walking pace, and the handling at both ends."""
    seconds = float(np.linalg.norm(end - begin)) / random.uniform(0.7, 1.4) + random.uniform(6.0, 20.0)
    return max(3, round(seconds / WINDOW_SECONDS))


def _outages(random: np.random.Generator, rates: Rates, house: Layout, windows: int, dead: Dead) -> tuple[Outage, ...]:
    minutes = random.uniform(*rates.dead_minutes)
    length = min(windows // 2, int(minutes * 60 / WINDOW_SECONDS))
    since = int(random.integers(windows // 10, windows - length))
    antenna = int(random.integers(house.antennas))
    place = int(random.integers(sum(rates.cabinets)))
    if dead == "none":
        return ()
    if dead == "one":
        return (Outage(antenna, since, since + length, True),)
    of = np.flatnonzero(house.antenna_places == place).tolist()
    return tuple(Outage(a, since, since + length, dead == "cabinet_known") for a in of)
