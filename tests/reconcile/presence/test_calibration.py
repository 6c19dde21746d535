"""What a site teaches of its antennas, and how long a silence must be before it says something. Pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.values import SECOND
from reconcile.presence import Calibration, Hearing, Observation, absence_needed, learn
from reconcile.presence.calibration import ABSENCE_MAX_US, ABSENCE_MIN_US
from reconcile.presence.hearing import Ears
from tests.reconcile.presence.scenes import HOME, NEXT, SITE


def lay(tag: int, heard: int, windows: int = 300, dbm: float | None = -50.0, antenna: int = 1) -> Observation:
    """A tag that lay at home for so many windows, and was heard in so many."""
    return Observation(f"tag-{tag}", HOME, "cabinet", antenna, windows, heard, 3 * heard, dbm if heard else None)


def test_learning_gives_the_shares_of_the_worst_the_next_and_the_others() -> None:
    # Given ten tags, one of which is hardly heard and two half the time
    seen = [lay(0, 30), lay(1, 150), lay(2, 150), *(lay(n, 294, dbm=-46.0 - n) for n in range(3, 10))]
    hearing = learn(seen, 7).hearings["cabinet", 1, HOME]
    assert hearing.chances == pytest.approx((0.1, 0.5, 0.98), abs=0.02)
    assert (hearing.tags, hearing.windows) == (10, 3000)
    assert -54 < hearing.mean_dbm < -49


@pytest.mark.parametrize(
    ("what", "seen"),
    [
        ("two tags", [lay(1, 290), lay(2, 290)]),
        ("three for a minute", [lay(n, 29, 30) for n in range(3)]),
        ("one tag three times", [lay(1, 290) for _ in range(3)]),
    ],
)
def test_of_too_little_nothing_is_learnt(what: str, seen: list[Observation]) -> None:
    assert learn(seen, 1) == Calibration(1, {}), what


def test_what_was_never_heard_is_learnt_as_never_heard() -> None:
    hearing = learn([lay(n, 0, antenna=2) for n in range(5)], 1).hearings["cabinet", 2, HOME]
    assert max(hearing.chances) < 0.01


OBSERVED = st.builds(
    lambda tag, windows, share, dbm: lay(tag, round(windows * share), windows, dbm),
    st.integers(0, 6),
    st.integers(1, 2000),
    st.floats(0, 1),
    st.floats(-90, -20),
)


@given(st.lists(OBSERVED, max_size=20), st.randoms(use_true_random=False))
def test_a_calibration_is_ordered_survives_its_row_and_does_not_depend_on_the_order_of_what_was_seen(
    seen: list[Observation], random: object
) -> None:
    learnt = learn(seen, 3)
    for hearing in learnt.hearings.values():
        assert 0 < hearing.chances[1] <= 1
        assert hearing.chances[1] <= hearing.chances[2] + 0.05
    assert Calibration.from_json(learnt.to_json()) == learnt
    random.shuffle(seen)  # type: ignore[attr-defined]
    again = learn(seen, 3)
    assert {key: h.chances for key, h in again.hearings.items()} == {
        key: h.chances for key, h in learnt.hearings.items()
    }


def test_what_is_no_calibration_is_said_to_be_none() -> None:
    with pytest.raises(ValueError, match="no calibration"):
        Calibration.from_json('{"version": 1}')


def test_what_is_learnt_goes_before_the_default_of_the_kind_of_place() -> None:
    learnt = Calibration(4, {("cabinet", 1, HOME): Hearing((0.1, 0.2, 0.3), -66.0, 4.0, 999, 9)})
    taught = Ears(type(SITE)(SITE.ears, calibration=learnt))
    assert taught.expects(("cabinet", 1), HOME, 2).chance == 0.3
    assert taught.expects(("cabinet", 1), NEXT, 2) == Ears(SITE).expects(("cabinet", 1), NEXT, 2)


def test_the_worse_a_place_hears_and_the_weaker_a_tag_the_longer_a_silence_must_be() -> None:
    good = Calibration(1, {("cabinet", n, HOME): Hearing((0.5, 0.9, 0.97), -50.0, 8.0, 999, 9) for n in (1, 2)})
    bad = Calibration(1, {("cabinet", 1, HOME): Hearing((0.02, 0.1, 0.3), -66.0, 4.0, 999, 9)})
    assert absence_needed(good, HOME, weak=False) == ABSENCE_MIN_US
    assert ABSENCE_MIN_US < absence_needed(bad, HOME, weak=False) < absence_needed(bad, HOME, weak=True)
    assert absence_needed(bad, HOME, weak=True) <= ABSENCE_MAX_US
    # Where nothing is learnt, a cabinet's default: five minutes, and eight for a weak tag.
    assert absence_needed(Calibration(), HOME, weak=False) == 300 * SECOND
    assert 400 * SECOND < absence_needed(Calibration(), HOME, weak=True) < 600 * SECOND
