"""Which places would have been heard, and for how long this is known. Pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.checks import Listening, covers

PARENTS = {1: None, 2: 1, 3: 2, 4: 2, 5: 1}
"""A house 1 with a room 2 of two shelves 3 and 4, and a room 5."""


def spans(*antennas: tuple[int, int | None, int | None]) -> dict[int, tuple[int, int]]:
    """Coverage by place, of antennas given as place, since, through."""
    heard = [Listening("r", number, *antenna) for number, antenna in enumerate(antennas, 1)]
    return {place: (cover.since_at, cover.through_at) for place, cover in covers(PARENTS, heard).items()}


@pytest.mark.parametrize(
    ("antennas", "expected"),
    [
        ([], {}),
        ([(3, 10, 20)], {3: (10, 20)}),
        ([(3, None, None)], {}),
        ([(3, 10, 20), (3, 12, 18)], {3: (12, 18)}),
        ([(3, 10, 20), (3, 30, 40)], {}),
        ([(3, 10, 20), (3, None, None)], {}),
        ([(2, 10, 20)], {2: (10, 20), 3: (10, 20), 4: (10, 20)}),
        ([(2, 10, 20), (3, 15, 18)], {2: (10, 20), 3: (15, 18), 4: (10, 20)}),
        ([(3, 10, 20), (4, 12, 22)], {2: (12, 20), 3: (10, 20), 4: (12, 22)}),
        ([(3, 10, 20), (4, 12, 22), (5, 0, 99)], {1: (12, 20), 2: (12, 20), 3: (10, 20), 4: (12, 22), 5: (0, 99)}),
        ([(99, 10, 20)], {}),
    ],
)
def test_a_place_is_heard_by_its_own_antennas_or_those_around_or_within_it(
    antennas: list[tuple[int, int | None, int | None]], expected: dict[int, tuple[int, int]]
) -> None:
    assert spans(*antennas) == expected


def test_a_loop_in_the_tree_of_places_does_not_hang() -> None:
    assert covers({1: 2, 2: 1}, []) == {}
    assert set(covers({1: 2, 2: 1}, [Listening("r", 1, 1, 0, 9)])) == {1, 2}


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 50), st.integers(0, 50)), max_size=8))
def test_nothing_is_covered_when_an_antenna_of_it_was_deaf(antennas: list[tuple[int, int, int]]) -> None:
    for place, (since, through) in spans(*antennas).items():
        assert since < through
        for own, begin, end in antennas:
            if own == place:
                assert begin <= since
                assert through <= end
