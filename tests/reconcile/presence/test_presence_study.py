"""A small slice of the study of places: the order of the methods, and that the same seed gives the same day. Pure."""

from dataclasses import replace

import numpy as np

from bench.radio.house import AWAY, RATES
from bench.radio.places import HELD_OUT_SEEDS, TRAINING_SEEDS, simulate
from bench.radio.scoring import NEVER, score
from bench.radio.study import OURS, REACH, STUDIED, scored, study, text

SMALL = replace(RATES, hours=0.6, tags=24, journeys=12.0, boxes=1, box_size=4, away_minutes=(4.0, 10.0))
"""Half an hour of a small archive with as much coming and going as a busy day has."""


def test_the_filter_is_ahead_of_the_peers_on_what_is_to_be_reached() -> None:
    found = study([1004], SMALL, whole=False)
    of = scored(found, SMALL)
    mine, retail, asset = (of[name] for name in (OURS, "EdgeX, retail profile", "EdgeX, asset profile"))
    assert mine.moves >= 3
    assert mine.wrong.value <= REACH["wrong"]
    assert mine.wrong.value < min(retail.wrong.value, asset.wrong.value)
    assert mine.false_moves.value < min(retail.false_moves.value, asset.false_moves.value)
    assert mine.away_shown.value < min(retail.away_shown.value, asset.away_shown.value)
    assert of["last antenna wins"].wrong.value > asset.wrong.value
    assert mine.delay_p50 <= REACH["delay_p50"]
    # What it states, it may state.
    confirmed, probable = found.classes[2], found.classes[1]
    assert confirmed[0] / confirmed.sum() > 0.995
    assert confirmed[0] / confirmed.sum() >= probable[0] / probable.sum()
    page = text(found, [1004], SMALL)
    assert f"| {OURS} |" in page
    assert "What must not be claimed" in page


def test_a_day_comes_from_its_seed() -> None:
    rates = replace(SMALL, hours=0.1, tags=6)
    one, again, other = (simulate(seed, rates) for seed in (5, 5, 6))
    assert np.array_equal(one.truth, again.truth)
    assert np.array_equal(one.reads.mean_dbm, again.reads.mean_dbm)
    assert not np.array_equal(one.reads.window, other.reads.window)


def test_seeds_for_tuning_and_for_judging_are_not_the_same() -> None:
    assert set(STUDIED) <= set(HELD_OUT_SEEDS)
    assert not set(TRAINING_SEEDS) & set(HELD_OUT_SEEDS)


def test_how_a_method_is_scored() -> None:
    # Given one tag: five minutes at 0, carried, five at 1, then away; believed a minute late, and gone after another
    day = simulate(7, replace(SMALL, hours=0.3, tags=1, boxes=0))
    truth = np.repeat(np.array([0, -1, 1, AWAY], np.int16), [180, 10, 180, 170])[:, None]
    shown = np.repeat(np.array([0, 1, -3], np.int16), [220, 180, 140])[:, None]
    (of,) = score(replace(day, truth=truth), shown)
    assert (of.placed, of.right, of.wrong) == (330, 300, 30)
    assert (of.away, of.away_shown, of.false_moves, of.delays) == (170, 30, 0, (62.0,))
    # One that flies there and back is twice wrong; one that says nothing never is, and never believes the move.
    flight = shown.copy()
    flight[60:70] = 2
    assert score(replace(day, truth=truth), flight)[0].false_moves == 2
    (silent,) = score(replace(day, truth=truth), np.full_like(shown, -4))
    assert (silent.right, silent.wrong, silent.false_moves, silent.delays) == (0, 0, 0, (NEVER,))
