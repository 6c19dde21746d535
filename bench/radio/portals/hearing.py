"""What the two antennas of a portal read of a walk: `bench.radio.physics`, with the geometry of a door.

A portal as it is to be built: its antennas stand beside the way, 0.8 metres from its middle, 1.4 metres high, one metre
before and behind the door, and look across the way, down and away from the door. Each is a patch of 90 degrees; a room
reflects, so that none is ever better shielded from behind than 12 dB. What must go through the wall beside the door
loses `wall_db`. The body of whoever carries it stands between the carrier and what is on his other side. Whoever walks
turns and swings what he carries: shadowing and angle are drawn anew for each second of walking, and change evenly
between.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.radio.physics import PHYSICS, Array, Physics, heard, path_loss_db, rician_db, tag_losses_db
from bench.radio.portals.walks import STEP, Walk

Flags = NDArray[np.bool_]
AT_PORTALS = replace(PHYSICS, rounds_per_second=10.0)
"""A portal's reader has two antennas, not eight: each has its turn four times as often as at a shelf."""
ANTENNAS = np.array([(-1.0, 0.8, 1.4), (1.0, 0.8, 1.4)])
"""Inside, outside: x, y, height."""
AIMS = np.array([(-0.6, -0.8, -0.4), (0.6, -0.8, -0.4)])
BEAMWIDTH, BACK_DB = 90.0, 12.0
TURNS = 1.0
"""Seconds of walking after which shadowing and angle are others."""
DOOR_HALF, DOOR_HEIGHT = 0.6, 2.1
BODY_ALWAYS = 0.2
"""Of the body's loss, what is there from all sides: the tag is held against it."""
STIRRED = 1.5
"""Seconds before and after another goes by, in which the air of what lies there is stirred."""
SIDES = ("inside", "outside")


@dataclass(frozen=True, slots=True)
class Read:
    """One answer. `side` 0: the inside antenna, 1: the outside."""

    at: float
    side: int
    dbm: float


@dataclass(frozen=True, slots=True)
class Heard:
    """A walk and what was read of it, in order of time."""

    walk: Walk
    reads: tuple[Read, ...]
    weak: bool

    @property
    def both(self) -> bool:
        """Whether both antennas heard it."""
        return {read.side for read in self.reads} == {0, 1}


def hear(
    random: np.random.Generator,
    walks: Sequence[Walk],
    *,
    extra_db: float = 0.0,
    life_db: Array | None = None,
    physics: Physics = AT_PORTALS,
    at_once: int = 200,
) -> list[Heard]:
    """What is read of these walks. `extra_db`: a metal case, a foil; `life_db`: the losses of known tags for life."""
    found: list[Heard] = []
    for start in range(0, len(walks), at_once):
        found += _hear(
            random,
            walks[start : start + at_once],
            extra_db,
            None if life_db is None else life_db[start : start + at_once],
            physics,
        )
    return found


def _hear(
    random: np.random.Generator, walks: Sequence[Walk], extra_db: float, life_db: Array | None, physics: Physics
) -> list[Heard]:
    times, where, facing, moving_self, moving = _sampled(walks)
    life, weak = tag_losses_db(random, len(walks), physics)
    if life_db is not None:
        life = life_db
    share = np.array([physics.stacked_share if w.stacked_share is None else w.stacked_share for w in walks])
    stacked = random.random(len(walks)) < share
    life = life + np.where(stacked, random.exponential(physics.stacked_db, len(walks)), 0.0)
    loss = life[:, None, None] + _held(random, moving_self, physics) + extra_db
    loss = loss + _geometry(where, physics) + _body(random, walks, where, facing, moving, physics)
    loss = loss + _fading(random, times, moving, physics)
    within = times[None, :] <= np.array([w.seconds for w in walks])[:, None]
    loss = np.where(within[:, :, None], loss, 999.0)
    counts, mean, _ = heard(random, loss, STEP, physics)
    who, step, side = np.nonzero(counts)
    at = times[step] + random.random(len(who)) * STEP
    reads: list[list[Read]] = [[] for _ in walks]
    for number, when, antenna, dbm in zip(
        who.tolist(), at.tolist(), side.tolist(), mean[who, step, side].tolist(), strict=True
    ):
        reads[number].append(Read(when, antenna, dbm))
    ordered = [tuple(sorted(one, key=lambda read: (read.at, read.side))) for one in reads]
    return [Heard(walk, of, bool(w)) for walk, of, w in zip(walks, ordered, weak, strict=True)]


def _sampled(walks: Sequence[Walk]) -> tuple[Array, Array, Array, Flags, Flags]:
    """Common times [T], places [N, T, 3], facing [N, T, 2], whether it moves, whether the air of it moves [N, T]."""
    times = np.arange(0.0, max(w.seconds for w in walks) + STEP, STEP)
    where = np.zeros((len(walks), len(times), 3))
    moving = np.zeros((len(walks), len(times)), dtype=bool)
    for number, walk in enumerate(walks):
        where[number, :, 0] = np.interp(times, walk.times, walk.xs)
        where[number, :, 1] = np.interp(times, walk.times, walk.ys)
        where[number, :, 2] = walk.height
        for at in walk.others_at:
            moving[number] |= np.abs(times - at) < STIRRED
    gone = np.diff(where[:, :, :2], axis=1, append=where[:, -1:, :2])
    way = np.hypot(gone[:, :, 0], gone[:, :, 1])
    walking = way > 0.02
    moving |= walking
    # Whoever stands faces where he went before.
    facing = np.where(walking[:, :, None], gone / np.maximum(way, 1e-9)[:, :, None], 0.0)
    for step in range(1, len(times)):
        still = ~walking[:, step]
        facing[still, step] = facing[still, step - 1]
    return times, where, facing, walking, moving


def _held(random: np.random.Generator, walking: Flags, physics: Physics) -> Array:
    """[N, T, 2]: shadowing and angle. What lies keeps them."""
    turns = np.cumsum(walking, axis=1) * STEP / TURNS
    size = (len(walking), int(turns.max()) + 2, 2)
    drawn = random.normal(0.0, physics.shadow_db, size) + random.exponential(physics.orientation_db, size)
    since = turns.astype(int)[:, :, None].repeat(2, axis=2)
    part = (turns - turns.astype(int))[:, :, None]
    before, after = np.take_along_axis(drawn, since, axis=1), np.take_along_axis(drawn, since + 1, axis=1)
    loss: Array = before * (1.0 - part) + after * part
    return loss


def _geometry(where: Array, physics: Physics) -> Array:
    """[N, T, 2]: distance, the antenna's pattern, the wall beside the door."""
    away = where[:, :, None, :] - ANTENNAS[None, None, :, :]
    distance = np.linalg.norm(away, axis=-1)
    aims = AIMS / np.linalg.norm(AIMS, axis=1)[:, None]
    cosine = np.clip((away * aims).sum(-1) / np.maximum(distance, 1e-9), -1.0, 1.0)
    off = np.degrees(np.arccos(cosine))
    pattern = np.minimum(12.0 * (off / BEAMWIDTH) ** 2, BACK_DB)
    # Where the ray goes through the plane of the door, if it does.
    ahead = away[..., 0]
    part = -ANTENNAS[None, None, :, 0] / np.where(np.abs(ahead) < 1e-9, 1e-9, ahead)
    between = (part > 0) & (part < 1)
    across = ANTENNAS[None, None, :, 1] + part * away[..., 1]
    height = ANTENNAS[None, None, :, 2] + part * away[..., 2]
    wall = between & ((np.abs(across) > DOOR_HALF) | (height > DOOR_HEIGHT))
    loss: Array = path_loss_db(distance, physics) + pattern + np.where(wall, physics.wall_db, 0.0)
    return loss


def _body(
    random: np.random.Generator,
    walks: Sequence[Walk],
    where: Array,
    facing: Array,
    moving: Flags,
    physics: Physics,
) -> Array:
    """[N, T, 2]: in the hand the body is behind it, in a bag or case beside it, on a trolley behind, far off."""
    low, high = physics.body_db
    size: Array = low + (high - low) * random.random(len(walks))
    beside = np.where(random.random(len(walks)) < 0.5, 1.0, -1.0)
    towards = np.zeros_like(facing)
    for number, walk in enumerate(walks):
        x, y = facing[number, :, 0], facing[number, :, 1]
        if walk.carried in ("hand", "trolley"):
            towards[number] = np.stack([-x, -y], axis=1)
        else:
            towards[number] = np.stack([-y, x], axis=1) * beside[number]
        size[number] *= {"case": 0.7, "trolley": 0.4}.get(walk.carried, 1.0)
    to_antenna = ANTENNAS[None, None, :, :2] - where[:, :, None, :2]
    unit = to_antenna / np.maximum(np.linalg.norm(to_antenna, axis=-1), 1e-9)[..., None]
    behind = np.maximum(0.0, (unit * towards[:, :, None, :]).sum(-1))
    held = np.hypot(facing[:, :, 0], facing[:, :, 1]) > 0
    part = np.where(held[:, :, None], BODY_ALWAYS + (1.0 - BODY_ALWAYS) * behind, 0.0)
    loss: Array = size[:, None, None] * part
    return loss


def _fading(
    random: np.random.Generator,
    times: Array,
    moving: Flags,
    physics: Physics,
) -> Array:
    """[N, T, 2]: anew each step while it moves, frozen while it lies."""
    count = moving.shape[0]
    walking = rician_db(random, (count, len(times), 2), physics.rice_k_moving)
    blocks = int(times.max() // physics.fading_holds_seconds) + 2
    frozen = rician_db(random, (count, blocks, 2), physics.rice_k_still)
    begins = random.random(count) * physics.fading_holds_seconds
    since = times[np.newaxis, :] + np.asarray(begins)[:, np.newaxis]
    which = (since // physics.fading_holds_seconds).astype(int)
    lying = np.take_along_axis(frozen, which[:, :, None].repeat(2, axis=2), axis=1)
    loss: Array = np.where(moving[:, :, None], walking, lying)
    return loss
