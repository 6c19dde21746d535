"""The weights of the score, found on passages of the training seeds: logistic regression with L2, the hard mined anew.

A passage is one example, though it is looked at whenever something more is heard: of those looks the one with the
highest score counts. So the examples are chosen by the weights and the weights by the examples, in turns; and from turn
to turn the passages that come nearest to exits without being any weigh the more.

    python -m bench.radio.portals.training

prints both tables as they stand in `readers/portal_score.py`.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.radio.portals.hearing import Heard, hear
from bench.radio.portals.walks import BARRIER, walks
from readers.portal import SECOND_US, beam_passes
from readers.portal_score import FEATURES, Event, Light, features, may_be_told, moments

Array = NDArray[np.float64]
SEED = 1000
COUNTS: Mapping[str, int] = {
    "exit": 5000,
    "parked, then out": 700,
    "exit, another enters": 1500,
    "parallel inside": 12_000,
    "parallel outside": 12_000,
    "U-turn": 4000,
    "entry": 4000,
    "entry, another goes out": 1500,
    "parallel inside, another goes out": 2000,
    "parallel outside, another goes out": 2000,
    "parked inside": 500,
    "parked outside": 300,
}
WEIGHING: Mapping[str, float] = {
    "parallel inside, another goes out": 0.3,
    "parallel outside, another goes out": 0.3,
    "entry, another goes out": 0.3,
    "exit, another enters": 0.5,
}
"""Rarer at a door than their share of the examples."""
LOOKS_MAX = 30
L2 = 1.0
TURNS = 8
SIGNS: Mapping[str, int] = {
    "beam_with": 1,
    "beam_fits": 1,
    "beam_here_only": 1,
    "beam_there_only": 1,
    "beam_against": -1,
    "beam_none": -1,
    "order": 1,
    "end": 1,
    "before": 1,
    "after": 1,
    "crossover": 1,
    "reads": 1,
    "peak_there": -1,
    "still": -1,
}
FALSE: Mapping[str, tuple[float, float]] = {
    "parallel inside": (5e-4, 2e-2),
    "parallel outside": (5e-4, 2e-2),
    "entry": (1e-3, 2e-2),
    "U-turn": (8e-3, 4e-2),
}
"""The levels: of the passages of a kind that leave nothing, so many may reach an alarm, and a suspicion."""


@dataclass(frozen=True, slots=True)
class Examples:
    """All looks at all passages: features, the passage of each, and of each passage kind and truth."""

    looks: NDArray[np.float32]
    passage: NDArray[np.int64]
    kind: NDArray[np.object_]
    taken: NDArray[np.bool_]


def events_of(heard: Heard) -> list[Event]:
    """The reads as the guard folds them: a quarter of a second between, a second long."""
    found: list[Event] = []
    open_at: dict[int, int] = {}
    for read in heard.reads:
        number = open_at.get(read.side)
        if number is not None:
            last = found[number]
            if read.at <= last.until + 0.25 and read.at - last.since <= 1.0:
                found[number] = last._replace(until=read.at, reads=last.reads + 1, dbm=max(last.dbm, read.dbm))
                continue
        open_at[read.side] = len(found)
        found.append(Event(read.at, read.at, 1, read.dbm, read.side == 0))
    return found


def light_of(heard: Heard, way: str = "out") -> Light:
    """What the beam told of it."""
    changes = [(round(at * SECOND_US), side, True) for at, side in heard.walk.barriers]
    passes = beam_passes(changes)  # type: ignore[arg-type]
    return Light(
        tuple(one.at / SECOND_US for one in passes if one.way == way),
        tuple(one.at / SECOND_US for one in passes if one.way != way),
    )


def looks_at(heard: Heard, beam: bool) -> list[tuple[float, ...]]:
    """The features of an exit, at every moment, whenever more was heard."""
    if not heard.reads:
        return []
    whole = light_of(heard) if beam else None
    events = events_of(heard)
    ends = [one.until for one in events]
    times = sorted({*ends, *(ends[-1] + wait for wait in (2.0, 4.5)), *([] if whole is None else whole.with_at)})
    times = [at for at in times if at >= events[0].since]
    if len(times) > LOOKS_MAX:
        times = [times[round(n * (len(times) - 1) / (LOOKS_MAX - 1))] for n in range(LOOKS_MAX)]
    found: list[tuple[float, ...]] = []
    for now in times:
        known = [one for one in events if one.since <= now and one.until >= now - 30.0]
        if not known:
            continue
        light = None
        if whole is not None:
            near = known[0].since - 3.0, now
            light = Light(
                tuple(at for at in whole.with_at if near[0] <= at <= near[1]),
                tuple(at for at in whole.against_at if near[0] <= at <= near[1]),
            )
        found += [features(known, at, light) for at in moments(known, light) if may_be_told(at, now, light)]
    return found


def examples(counts: Mapping[str, int], seed: int, beam: bool) -> Examples:
    """Passages of each kind, each kind by a generator of its own."""
    looks: list[tuple[float, ...]] = []
    passage: list[int] = []
    kinds: list[str] = []
    taken: list[bool] = []
    for number, (kind, count) in enumerate(counts.items()):
        random = np.random.default_rng([seed, number])
        for heard in hear(random, walks(random, kind, count)):
            if kind == "U-turn" and heard.walk.xs.max() > BARRIER:
                continue  # it did go out, if only for a moment
            found = looks_at(heard, beam)
            looks += found
            passage += [len(kinds)] * len(found)
            kinds.append(kind)
            taken.append(heard.walk.taken)
    return Examples(np.array(looks, np.float32), np.array(passage), np.array(kinds, object), np.array(taken, bool))


def best_looks(of: Examples, weights: Array) -> tuple[Array, Array]:
    """Per passage its highest score (as a sum; -inf where nothing was heard), and those features."""
    sums = of.looks.astype(np.float64) @ weights
    order = np.lexsort((sums, of.passage))
    last = np.append(of.passage[order][1:] != of.passage[order][:-1], True)
    chosen = order[last]
    best = np.full(len(of.kind), -np.inf)
    best[of.passage[chosen]] = sums[chosen]
    rows = np.zeros((len(of.kind), of.looks.shape[1]))
    rows[of.passage[chosen]] = of.looks[chosen]
    return best, rows


def fitted(rows: Array, truth: Array, share: Array, start: Array, signs: Array) -> Array:
    """Newton's steps for the logistic regression with L2; weights of the wrong sign are held at nothing."""
    weights = start.copy()
    ridge = np.full(rows.shape[1], L2)
    ridge[0] = 1e-3
    free = np.ones(rows.shape[1], bool)
    for _ in range(40):
        chance = 1.0 / (1.0 + np.exp(-np.clip(rows @ weights, -30, 30)))
        slope = rows.T @ (share * (truth - chance)) - ridge * weights
        bend = (rows * (share * chance * (1 - chance))[:, None]).T @ rows + np.diag(ridge)
        step = np.zeros_like(weights)
        step[free] = np.linalg.solve(bend[np.ix_(free, free)], slope[free])
        # A whole step may go too far where hardly anything is in doubt any more.
        step *= min(1.0, 1.0 / max(np.abs(step).max(), 1e-12))
        weights = weights + step
        wrong = signs * weights < 0
        weights[wrong] = 0.0
        free &= ~wrong
        if np.abs(step).max() < 1e-6:
            break
    return weights


def trained(of: Examples, beam: bool, say: bool = False) -> Array:
    """The weights, scaled to the levels."""
    names = [name for name in FEATURES if beam or not name.startswith("beam")]
    columns = [FEATURES.index(name) for name in names]
    some = Examples(of.looks[:, columns], of.passage, of.kind, of.taken)
    signs = np.array([SIGNS.get(name, 0) for name in names], float)
    weights = np.zeros(len(names))
    for name, value in (("base", -2.0), ("order", 1.0), ("end", 0.5), ("before", 1.0), ("after", 1.0)):
        weights[names.index(name)] = value
    heard_some = np.zeros(len(of.kind), bool)
    heard_some[of.passage] = True
    rare = np.array([WEIGHING.get(kind, 1.0) for kind in of.kind])
    for turn in range(TURNS):
        best, rows = best_looks(some, weights)
        share = rare.copy()
        no = heard_some & ~of.taken
        # The hard weigh more: those that come near to exits.
        edge = np.quantile(best[no], 0.97)
        share[no & (best >= edge)] *= 6.0 if turn else 1.0
        fresh = fitted(rows[heard_some], of.taken[heard_some].astype(float), share[heard_some], weights, signs)
        weights = fresh if turn < 2 else 0.5 * (weights + fresh)
        if say:
            print(turn, levels(some, weights), file=sys.stderr)
    alarm, suspect = levels(some, weights)
    scale = (_logit(0.85) - _logit(0.3)) / (alarm - suspect)
    weights = weights * scale
    weights[0] += _logit(0.85) - alarm * scale
    whole = np.zeros(len(FEATURES))
    whole[columns] = weights
    return whole


def _logit(share: float) -> float:
    return float(np.log(share / (1.0 - share)))


def levels(of: Examples, weights: Array) -> tuple[float, float]:
    """The sums from which it is an alarm, and a suspicion."""
    best, _ = best_looks(of, weights)
    found = []
    for level in (0, 1):
        quantiles = [
            float(np.quantile(best[of.kind == kind], 1.0 - shares[level], method="higher"))
            for kind, shares in FALSE.items()
        ]
        found.append(max(quantiles))
    return found[0] + 1e-6, min(found[1], found[0] - 0.5)


def table(weights: Sequence[float]) -> str:
    """As it stands in the program."""
    return "\n".join(f'    "{name}": {value:.3f},' for name, value in zip(FEATURES, weights, strict=True))


def main() -> None:
    """Both tables."""
    for name, beam in (("WITH_BEAM", True), ("WITHOUT_BEAM", False)):
        print(f"{name}: Weights = {{\n{table(list(trained(examples(COUNTS, SEED, beam), beam)))}\n}}")


if __name__ == "__main__":
    main()
