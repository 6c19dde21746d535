"""What the antennas of the house read of its tags, window by window: `physics`, with cabinets, doors and walls."""

import numpy as np
from numpy.typing import NDArray

from bench.radio.house import AISLE, AWAY, CARRIED, ROOM_WIDTH, WINDOW_SECONDS, Layout, Leg, Outage, Rates, Reads
from bench.radio.physics import Array, Physics, heard, lying_losses_db, path_loss_db, rician_db

SILENT_DB = 400.0
_TURNED_DOWN_DB = 6.0
"""Whoever sets an antenna up turns it down until the neighbours are read in a part of the windows only."""
_SHELF_DB = 4.0
"""Between neighbouring open shelves."""
_DOOR_OPEN_DB = 4.0
"""An open door takes so much off what a cabinet damps."""


class Air:
    """Losses of every tag to every antenna, kept up as things move."""

    def __init__(
        self, random: np.random.Generator, house: Layout, legs: list[list[Leg]], tag_loss: Array, physics: Physics
    ) -> None:
        tags, antennas = len(legs), house.antennas
        self._random, self._house, self._physics, self._tag_loss = random, house, physics, tag_loss
        self.loss: Array = np.full((tags, antennas), SILENT_DB)
        self._lying = np.zeros((tags, antennas))
        self._spots = np.zeros((tags, 3))
        self.moving = np.zeros(tags, np.bool_)
        self.fading: Array = np.zeros((tags, antennas))
        self.at = np.full(tags, AWAY)
        self._rooms = np.array(house.rooms)
        self._legs: list[Leg | None] = [None] * tags
        self._body = np.zeros(tags)

    def begin(self, tags: list[int], leg: Leg, doors: NDArray[np.bool_]) -> None:
        """Tags (of one box, or one alone) begin a leg."""
        body = self._random.uniform(*self._physics.body_db)
        for tag in tags:
            self._legs[tag], self.at[tag], self._body[tag] = leg, leg.place, body
            self.moving[tag] = leg.place == CARRIED
            if leg.place >= 0:
                spread = np.array([0.4, 0.12, 0.75])
                self._spots[tag] = self._house.spots[leg.place] + self._random.uniform(-spread, spread)
            elif leg.end is not None:
                self._spots[tag] = leg.end
            self._lying[tag] = lying_losses_db(self._random, 1, self._house.antennas, self._physics)[0]
            k = self._physics.rice_k_moving if self.moving[tag] else self._physics.rice_k_still
            self.fading[tag] = rician_db(self._random, (self._house.antennas,), k)
            self.settle(tag, doors)

    def settle(self, tag: int, doors: NDArray[np.bool_]) -> None:
        """Its losses where it is now."""
        leg = self._legs[tag]
        if leg is None or (leg.place == AWAY and leg.silent):
            self.loss[tag] = SILENT_DB
            return
        metres = np.linalg.norm(self._house.antenna_spots - self._spots[tag], axis=1)
        loss = path_loss_db(metres, self._physics) + _TURNED_DOWN_DB + self._between(tag, doors)
        loss += self._lying[tag] + self._tag_loss[tag]
        if leg.place == CARRIED:
            loss += self._body[tag]
        self.loss[tag] = loss + leg.shield_db

    def step(self, window: int, doors: NDArray[np.bool_]) -> None:
        """Those that are carried go on, and fading drifts."""
        random, physics = self._random, self._physics
        for tag in np.flatnonzero(self.moving).tolist():
            leg = self._legs[tag]
            if leg is not None and leg.start is not None and leg.end is not None:
                share = (window - leg.since + 0.5) / (leg.until - leg.since)
                way = leg.start + (leg.end - leg.start) * share
                # In the aisle, not through the cabinets: only the ends are in front of one.
                way[1] = AISLE if 0.15 < share < 0.85 else way[1]
                self._spots[tag] = way
                self.settle(tag, doors)
                self.fading[tag] = rician_db(random, (self._house.antennas,), physics.rice_k_moving)
        anew = random.random(self.fading.shape) < WINDOW_SECONDS / physics.fading_holds_seconds
        self.fading[anew] = rician_db(random, (int(anew.sum()),), physics.rice_k_still)

    def _between(self, tag: int, doors: NDArray[np.bool_]) -> Array:
        """What cabinets and walls between a tag and each antenna damp."""
        house, physics = self._house, self._physics
        places = house.antenna_places
        in_cabinet = np.array([house.kinds[p] == "cabinet" for p in places.tolist()])
        here = int(self.at[tag])
        room = self._rooms[here] if here >= 0 else int(self._spots[tag, 0] // ROOM_WIDTH)
        walls = np.abs(self._rooms[places] - room) * physics.wall_db
        sides = np.where(in_cabinet, physics.cabinet_db - _DOOR_OPEN_DB * doors[places], 0.0)
        if here >= 0:
            same = places == here
            if house.kinds[here] == "shelf":
                sides = np.where(in_cabinet, sides, _SHELF_DB)
            else:
                steps = np.where(self._rooms[places] == room, np.abs(places - here), 1)
                sides = np.where(in_cabinet, physics.cabinet_db * np.maximum(steps, 1), physics.cabinet_db)
                sides = sides - _DOOR_OPEN_DB * (doors[places] | bool(doors[here]))
            sides = np.where(same, 0.0, sides)
        between: Array = walls + sides
        return between


def radio(
    random: np.random.Generator,
    rates: Rates,
    house: Layout,
    windows: int,
    legs: list[list[Leg]],
    tag_loss: Array,
    outages: tuple[Outage, ...],
    physics: Physics,
) -> Reads:
    air = Air(random, house, legs, tag_loss, physics)
    begins = _by_window(legs)
    opened = _doors(random, rates, house, windows)
    doors = np.zeros(len(house.rooms), np.bool_)
    dead = np.zeros((windows, house.antennas), np.bool_)
    for outage in outages:
        dead[outage.since : outage.until, outage.antenna] = True
    found: list[tuple[NDArray[np.int64], ...] | tuple[Array, ...]] = []
    for window in range(windows):
        now = np.array([any(a <= window < b for a, b in spans) for spans in opened]) if window % 5 == 0 else doors
        changed, doors = bool((now != doors).any()), now
        for leg, tags in begins.get(window, ()):
            air.begin(tags, leg, doors)
        if changed:
            for tag in np.flatnonzero(air.at >= 0).tolist():
                air.settle(tag, doors)
        air.step(window, doors)
        loss = air.loss + air.fading + SILENT_DB * dead[window]
        awake, by = np.nonzero(physics.eirp_dbm - loss > physics.wake_dbm)
        counts, mean, strongest = heard(random, loss[awake, by], WINDOW_SECONDS, physics)
        some = counts > 0
        found.append((np.full(int(some.sum()), window), by[some], awake[some], counts[some]))
        found.append((mean[some], strongest[some]))
        _stray(random, rates, air, dead[window], window, found)
    whole, strengths = found[::2], found[1::2]
    windows_, antennas_, tags_, counts_ = (np.concatenate([part[n] for part in whole]) for n in range(4))
    mean_dbm, strongest_dbm = (np.concatenate([part[n] for part in strengths]) for n in range(2))
    return Reads(
        windows_.astype(np.int32),
        antennas_.astype(np.int16),
        tags_.astype(np.int16),
        counts_.astype(np.int16),
        mean_dbm.astype(np.float32),
        strongest_dbm.astype(np.float32),
    )


def _stray(
    random: np.random.Generator,
    rates: Rates,
    air: Air,
    dead: NDArray[np.bool_],
    window: int,
    found: list[tuple[NDArray[np.int64], ...] | tuple[Array, ...]],
) -> None:
    for tag in np.flatnonzero((random.random(len(air.at)) < rates.stray_share) & (air.at >= 0)).tolist():
        antenna = int(random.integers(len(dead)))
        if not dead[antenna]:
            dbm = np.array([round(float(random.normal(-70.0, 4.0)) * 2) / 2])
            one = np.array([1])
            found.append((one * window, one * antenna, one * tag, one))
            found.append((dbm, dbm))


def _by_window(legs: list[list[Leg]]) -> dict[int, list[tuple[Leg, list[int]]]]:
    together: dict[int, tuple[Leg, list[int]]] = {}
    for tag, of in enumerate(legs):
        for leg in of:
            together.setdefault(id(leg), (leg, []))[1].append(tag)
    found: dict[int, list[tuple[Leg, list[int]]]] = {}
    for leg, tags in together.values():
        found.setdefault(leg.since, []).append((leg, tags))
    return found


def _doors(random: np.random.Generator, rates: Rates, house: Layout, windows: int) -> list[list[tuple[int, int]]]:
    spans: list[list[tuple[int, int]]] = []
    for kind in house.kinds:
        times = random.integers(0, windows, random.poisson(rates.doors_opened * rates.hours / 8))
        lengths = random.integers(30, 150, len(times))
        pairs = zip(times.tolist(), lengths.tolist(), strict=True)
        spans.append([(at, at + length) for at, length in pairs] if kind == "cabinet" else [])
    return spans
