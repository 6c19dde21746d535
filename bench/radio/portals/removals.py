"""Removals as a whole: what the portal misses, and what the home cabinet's silence finds within ten minutes.

A tag lies at home before two antennas; its reader is out of order now and then, for some minutes, and known to be so:
then its silence is no evidence. A tag counts as readable at home where it was read in half of the windows of two
seconds of the half hour before. It is carried out; from when it was last heard, five minutes of listening in silence
are "missing from a covered place".
"""

from dataclasses import dataclass

import numpy as np

from bench.radio.physics import PHYSICS, Array, Physics, heard, lying_losses_db, path_loss_db, rician_db, tag_losses_db
from bench.radio.portals.hearing import Flags, hear
from bench.radio.portals.scoring import at_the_guard
from bench.radio.portals.walks import walks

WINDOW = 2.0
BEFORE_WINDOWS = 900
READABLE = 0.5
MISSING_AFTER = 300.0
"""The rule's own figure: `missing_after_seconds`."""
WITHIN = 600.0
DOWN_SHARE, DOWN_SECONDS = 0.02, 900.0
"""A home's reader is out of order two hundredths of the time, a quarter of an hour at a time."""
HOME_DISTANCE = (0.4, 1.5)


@dataclass(frozen=True, slots=True)
class Removals:
    """How many were tried, and found: by the portal (alarm or suspicion), by silence, by either."""

    tried: int
    portal: int
    missing: int
    either: int
    unreadable: int
    """Of all tags, those that do not count: they can hardly be read at home."""


def removals(seed: int, wanted: int, physics: Physics = PHYSICS) -> Removals:
    """So many removals of tags that are readable at home."""
    random = np.random.default_rng([seed, 99])
    tags = round(1.2 * wanted) + 100
    life, _ = tag_losses_db(random, tags, physics)
    distance = random.uniform(*HOME_DISTANCE, (tags, 2))
    loss = life[:, None] + path_loss_db(distance, physics) + lying_losses_db(random, tags, 2, physics)
    read = _reads_at_home(random, loss, physics)
    readable = read.mean(axis=1) >= READABLE
    silent_before = _silence(read[readable][:wanted])
    count = len(silent_before)
    # The same tags: what is weak at home is weak at the door.
    walked = hear(random, walks(random, "exit", count), life_db=life[readable][:count])
    portal = np.array([at_the_guard(one).suspected for one in walked])
    missing = _found(random, silent_before)
    return Removals(
        count,
        int(portal.sum()),
        int(missing.sum()),
        int((portal | missing).sum()),
        int((~readable).sum() * count / tags),
    )


def _reads_at_home(random: np.random.Generator, loss: Array, physics: Physics) -> Flags:
    """[tags, windows]: whether either antenna read it."""
    holds = round(physics.fading_holds_seconds / WINDOW)
    read = np.zeros((len(loss), BEFORE_WINDOWS), bool)
    for start in range(0, BEFORE_WINDOWS, holds):
        fading = rician_db(random, loss.shape, physics.rice_k_still)
        size = min(holds, BEFORE_WINDOWS - start)
        whole = np.repeat((loss + fading)[:, :, None], size, axis=2)
        counts, _, _ = heard(random, whole, WINDOW, physics)
        read[:, start : start + size] = (counts > 0).any(axis=1)
    return read


def _silence(read: Flags) -> Array:
    """Seconds since it was last read when it is taken: so much of the silence has passed already."""
    latest = read.shape[1] - 1 - np.argmax(read[:, ::-1], axis=1)
    silent: Array = (read.shape[1] - 1 - latest) * WINDOW
    return silent


def _found(random: np.random.Generator, silent_before: Array) -> Flags:
    """Whether five minutes of listened silence end within ten minutes of the removal."""
    found = np.zeros(len(silent_before), bool)
    for number, before in enumerate(silent_before):
        since = random.exponential(DOWN_SECONDS * (1 - DOWN_SHARE) / DOWN_SHARE)
        begins = 0.0 if random.random() < DOWN_SHARE else since
        ends = begins + random.exponential(DOWN_SECONDS)
        # Silence counts in one piece: a gap of coverage begins it anew.
        if begins >= MISSING_AFTER - min(before, MISSING_AFTER):
            found[number] = True
        else:
            found[number] = ends + MISSING_AFTER <= WITHIN
    return found
