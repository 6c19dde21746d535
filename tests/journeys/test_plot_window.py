"""The plot of a finding begins where anything could be heard, and never shows half an hour of nothing."""

from dataclasses import replace

import pytest

from api.web.findings_plot import plot_begin
from custody.values import SECOND
from reconcile.store.stories import Gap, ReadDot, Stories

UNTIL = 1_800_000 * SECOND
SINCE = UNTIL - 1_860 * SECOND
OPENED = UNTIL - 20 * SECOND


def read(antenna: int, seconds_ago: int) -> ReadDot:
    """A sighting by an antenna of the cabinet's reader."""
    at = UNTIL - seconds_ago * SECOND
    return ReadDot("3414F4A2", "cabinet", antenna, 1, "B1-01-1", "place", at, at + SECOND, 3, -50.0, -52.0)


def deaf(antenna: int, since_ago: int, until_ago: int) -> Gap:
    """When an antenna did not listen."""
    return Gap("cabinet", antenna, UNTIL - since_ago * SECOND, UNTIL - until_ago * SECOND)


STORIES = Stories(None, None, None, SINCE, UNTIL, (read(1, 30), read(2, 10)), False, ())


@pytest.mark.parametrize(
    ("gaps", "begins_seconds_ago"),
    [
        ((), 1_860),
        # One antenna listened all the time: the other's silence is part of the story.
        ((deaf(1, 1_860, 600),), 1_860),
        # Listening began ten minutes ago at the first of them.
        ((deaf(1, 1_860, 600), deaf(2, 1_860, 300)), 600),
        # It began a minute ago: two minutes are shown.
        ((deaf(1, 1_860, 60), deaf(2, 1_860, 60)), 120),
        # A later silence hides nothing of what was before it.
        ((deaf(1, 600, 300), deaf(2, 600, 300)), 1_860),
        # Nobody ever listened.
        ((deaf(1, 1_860, 0), deaf(2, 1_860, 0)), 1_860),
    ],
)
def test_where_the_plot_begins(gaps: tuple[Gap, ...], begins_seconds_ago: int) -> None:
    assert plot_begin(replace(STORIES, gaps=gaps), OPENED) == UNTIL - begins_seconds_ago * SECOND


def test_a_read_from_before_the_listening_is_shown() -> None:
    gaps = (deaf(1, 1_860, 60), deaf(2, 1_860, 60))
    early = replace(STORIES, gaps=gaps, reads=(read(1, 900), read(2, 10)))
    assert plot_begin(early, OPENED) == UNTIL - 900 * SECOND
