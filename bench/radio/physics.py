"""What an antenna hears of a passive UHF tag: losses in dB on the way there, twice that on the way back.

A tag answers where what reaches it is enough to wake it, and is heard where what comes back is enough for the reader;
indoors the first is the limit. Losses add: distance, shadowing by what stands between (frozen while neither moves),
orientation, neighbours in the stack, a body, a wall or a cabinet, and Rician fading, which stands still with the tag
and drifts as people move about.

All functions are vectorised and take the random generator as an argument; lengths in metres, losses and gains in dB,
powers in dBm, times in seconds. Sources of the orders of magnitude: Friis' equation at 922 MHz; ETSI EN 302 208 and
the Chinese 920-925 MHz band (2 W ERP, about 35 dBm EIRP with losses); chips of -18 dBm; the spread of reads at
portals and shelves that users of such systems report (see the reference pages).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Physics:
    """The parameters. The defaults are those that every figure is measured with."""

    eirp_dbm: float = 35.0
    loss_at_metre_db: float = 31.8
    """Friis, 922 MHz, one metre."""
    polarisation_db: float = 3.0
    """A circular antenna and a straight tag."""
    exponent: float = 2.2
    """Of the distance, indoors among shelves."""
    wake_dbm: float = -18.0
    """What wakes a chip."""
    wake_spread_db: float = 1.5
    """Between chips of one make."""
    antenna_gain_dbi: float = 6.0
    backscatter_loss_db: float = 6.0
    reader_dbm: float = -84.0
    """The weakest answer that a reader understands."""
    rssi_noise_db: float = 1.0
    rssi_step_db: float = 0.5

    shadow_db: float = 4.0
    """Standard deviation, a tag's position and an antenna."""
    rice_k_still: float = 5.0
    rice_k_moving: float = 1.5
    fading_holds_seconds: float = 45.0
    """A still tag's fading is drawn anew about so often: somebody opened a door, or walked by."""
    orientation_db: float = 3.0
    """Mean of an exponential loss by the tag's angle, frozen while it lies."""
    stacked_share: float = 0.3
    stacked_db: float = 4.0
    """Mean of an exponential loss of those tags that lie against others."""
    weak_share: float = 0.045
    weak_db: tuple[float, float] = (7.0, 13.0)
    """Tags that are bent, badly stuck, or on metal: a loss for life, uniform within."""
    body_db: tuple[float, float] = (4.0, 16.0)
    """A carrier held against a body, uniform within, drawn a walk."""
    wall_db: float = 9.0
    """Between neighbouring rooms."""
    cabinet_db: float = 6.0
    """Between neighbouring cabinets: their cross-reads are what fools a plain method."""
    shield_db: float = 12.0
    """A metal case; a foil is more than anybody's margin."""

    rounds_per_second: float = 2.5
    """Inventories of one antenna among its reader's others."""
    answered: float = 0.7
    """A tag that is awake is singulated in so many rounds: collisions, Q, dead slots."""


PHYSICS = Physics()


def path_loss_db(distance: Array, physics: Physics = PHYSICS) -> Array:
    """Of a one-way distance in metres; nearer than 0.3 m counts as that."""
    metres: Array = np.maximum(np.asarray(distance, dtype=float), 0.3)
    loss: Array = physics.loss_at_metre_db + physics.polarisation_db + 10.0 * physics.exponent * np.log10(metres)
    return loss


def tag_losses_db(
    random: np.random.Generator, tags: int, physics: Physics = PHYSICS
) -> tuple[Array, NDArray[np.bool_]]:
    """For life: the spread of the chips and the loss of the weak; and which are weak."""
    weak = random.random(tags) < physics.weak_share
    loss = random.normal(0.0, physics.wake_spread_db, tags)
    loss[weak] += random.uniform(*physics.weak_db, int(weak.sum()))
    return loss, weak


def lying_losses_db(random: np.random.Generator, tags: int, antennas: int, physics: Physics = PHYSICS) -> Array:
    """[tags, antennas], drawn each time that a tag is put down: shadowing, orientation, the stack."""
    angle = random.exponential(physics.orientation_db, (tags, antennas))
    stacked = random.random(tags) < physics.stacked_share
    stack = np.where(stacked, random.exponential(physics.stacked_db, tags), 0.0)
    loss: Array = random.normal(0.0, physics.shadow_db, (tags, antennas)) + angle + stack[:, None]
    return loss


def rician_db(random: np.random.Generator, size: tuple[int, ...], k: float) -> Array:
    """The loss (negative: a gain) by Rician fading of factor `k`, of mean power one."""
    direct = np.sqrt(k / (k + 1.0))
    spread = np.sqrt(0.5 / (k + 1.0))
    power = (direct + spread * random.standard_normal(size)) ** 2 + (spread * random.standard_normal(size)) ** 2
    loss: Array = -10.0 * np.log10(np.maximum(power, 1e-6))
    return loss


def heard(
    random: np.random.Generator, loss_db: Array, seconds: float, physics: Physics = PHYSICS
) -> tuple[Counts, Array, Array]:
    """Reads within `seconds` of tags whose whole one-way loss is `loss_db` (any shape).

    Gives counts, mean RSSI and strongest RSSI in dBm (NaN where nothing was read).
    """
    awake = physics.eirp_dbm - loss_db > physics.wake_dbm
    # What comes back to the reader has gone through the same losses twice.
    back = physics.eirp_dbm + physics.antenna_gain_dbi - 2.0 * loss_db - physics.backscatter_loss_db
    rounds = random.poisson(physics.rounds_per_second * seconds, loss_db.shape)
    reads: Counts = random.binomial(rounds, np.where(awake & (back > physics.reader_dbm), physics.answered, 0.0))
    some = np.maximum(reads, 1)
    mean = back + random.normal(0.0, 1.0, loss_db.shape) * physics.rssi_noise_db / np.sqrt(some)
    strongest = mean + physics.rssi_noise_db * np.sqrt(2.0 * np.log(some))
    step = physics.rssi_step_db
    nothing = reads == 0
    return (
        reads,
        np.where(nothing, np.nan, np.round(mean / step) * step),
        np.where(nothing, np.nan, np.round(np.maximum(strongest, mean) / step) * step),
    )
