"""The whole study of places: the figures to be reached, on the held-out days, and the page as it was written."""

import pytest

from bench.radio.__main__ import PAGE
from bench.radio.study import OURS, REACH, STUDIED, scored, study, text
from tests.prove.record import WHOLE, proof

pytestmark = [pytest.mark.prove, pytest.mark.timeout(7200)]


@pytest.mark.skipif(not WHOLE, reason="a slice of it is in tests/reconcile/presence")
def test_the_filter_reaches_what_it_was_to_reach_and_the_page_says_so() -> None:
    with proof("where a tag is, on held-out days", seed=STUDIED[0]) as row:
        found = study()
        mine = scored(found)[OURS]
        assert mine.false_moves.value <= REACH["false_moves"]
        assert mine.wrong.value <= REACH["wrong"]
        assert mine.away_shown.value <= REACH["away_shown"]
        assert mine.delay_p50 <= REACH["delay_p50"]
        assert text(found) == PAGE.read_text(encoding="utf-8")
        row.held = (
            f"{mine.tag_days} tag-days: wrong place {100 * mine.wrong.value:.3f} %, {mine.false_moves.value:.3f} false "
            f"moves a tag in 8 h, shown while away {100 * mine.away_shown.value:.2f} %, a move believed in "
            f"{mine.delay_p50:.0f} s"
        )
