"""Portals measured against truth: a slice of the study that docs/reference/portal-study.md tells whole."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest

from bench.radio.portals import training
from bench.radio.portals.hearing import Heard, hear
from bench.radio.portals.peers import PEERS
from bench.radio.portals.scoring import Door, at_the_guard, at_the_server
from bench.radio.portals.study import REPORT, report
from bench.radio.portals.walks import walks
from readers.portal_score import FEATURES, WITH_BEAM, WITHOUT_BEAM
from reconcile.trials import interval

SEED = 2100


def passages(kind: str, count: int) -> list[Heard]:
    random = np.random.default_rng([SEED, count])
    return hear(random, walks(random, kind, count))


def alarmed(heard: Sequence[Heard], door: Door) -> int:
    return sum(at_the_guard(one, door).alarm_at is not None for one in heard)


def test_exits_are_found_and_passers_by_are_not_and_plain_methods_do_worse() -> None:
    exits, past = passages("exit", 110), passages("parallel outside", 160)
    both = [one for one in exits if one.both]
    assert alarmed(exits, Door()) >= 0.85 * len(exits)
    assert alarmed(both, Door()) >= 0.93 * len(both)
    assert alarmed(past, Door()) <= 1
    # Then each plain method cries at more passers-by, or finds fewer exits.
    for name, method in PEERS.items():
        false, found = sum(map(method, past)), sum(map(method, exits))
        assert false > alarmed(past, Door()) + 1 or found < alarmed(exits, Door()), name
    assert alarmed(exits, Door(beam=False)) < alarmed(exits, Door())


def test_the_server_finds_what_the_guard_finds() -> None:
    exits = passages("exit", 60)
    guard = [at_the_guard(one).alarm_at is not None for one in exits]
    for period in (0.5, 10.0):
        server = [one.alarm_at is not None for one in at_the_server(exits, period)]
        assert sum(a != b for a, b in zip(guard, server, strict=True)) <= 2, period


def test_a_dead_antenna_that_nobody_knows_of_finds_next_to_nothing() -> None:
    exits = passages("exit", 60)
    for side in (0, 1):
        assert alarmed(exits, Door(dead=side)) <= 6, side


def test_the_page_is_the_same_again_with_the_same_seeds() -> None:
    few = {"exit": 12, "trolley out": 1, "parallel inside": 12, "U-turn": 30}
    one, other = (report(3000, few, 4) for _ in range(2))
    assert one == other
    assert "must not be claimed" in one


@pytest.mark.parametrize(
    ("found", "of", "low", "high"),
    [
        # Clopper and Pearson's own table, and R's binom.test
        (0, 10, 0.0, 0.3085),
        (3, 10, 0.0667, 0.6525),
        (9, 10, 0.5550, 0.9975),
        (300, 300, 0.9878, 1.0),
        (950, 1000, 0.9346, 0.9627),
    ],
)
def test_an_interval_is_exact(found: int, of: int, low: float, high: float) -> None:
    one = interval(found, of)
    assert (round(one.low, 4), round(one.high, 4)) == (low, high)


def test_the_page_in_the_documentation_is_what_the_seeds_give() -> None:
    assert REPORT.read_text(encoding="utf-8") == report()


def test_the_weights_are_what_the_training_finds() -> None:
    for kept, beam in ((WITH_BEAM, True), (WITHOUT_BEAM, False)):
        found = training.trained(training.examples(training.COUNTS, training.SEED, beam), beam)
        assert list(kept) == list(FEATURES)
        assert [round(abs(a - b), 2) for a, b in itertools.zip_longest(kept.values(), found)] == [0.0] * len(FEATURES)
