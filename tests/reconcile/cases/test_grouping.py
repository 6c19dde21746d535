"""Which findings are one case: scenes as tables, one finding a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.values import SECOND
from reconcile.checks import KINDS
from reconcile.checks.grouping import CAUSE_OF, CAUSES, GRAVE_KINDS, MEMBERS_MAX, Group, Told, closes, groups

WITHIN = {"case_crossing_seconds": 60, "case_together_seconds": 3_600}


def told(scene: str) -> tuple[list[Told], list[Told]]:
    """Findings of a table: number, at (seconds), kind, what it names, its case; a + marks those just opened."""
    fresh, standing = [], []
    for row in scene.strip().splitlines():
        mark, number, at, kind, names, *case = row.split()
        named = dict(one.split("=") for one in names.split(","))
        about = {key: value if key == "reader" else int(value) for key, value in named.items()}
        one = Told(number, kind, int(at) * SECOND, case=case[0] if case else "", **about)
        (fresh if mark == "+" else standing).append(one)
    return fresh, standing


def said(found: tuple[Group, ...]) -> list[str]:
    """Groups as lines."""
    return [f"{one.cause} {one.about} {one.case or 'new'}: {' '.join(one.findings)}" for one in found]


SCENES = {
    "a dead reader with its antennas and its portal": (
        """
        + F1    0 reader_silent  reader=east
        + F2  130 antenna_deaf   reader=east
        + F3   20 portal_blind   reader=east,place=10
        """,
        ["reader_dead reader:east new: F1 F3 F2"],
    ),
    "two readers that fall silent are two causes": (
        """
        + F1    0 reader_silent  reader=east
        + F2    1 reader_silent  reader=west
        """,
        [],
    ),
    "a box carried away: what joins later joins the same case": (
        """
        - F1    0 missing        place=5,carrier=1    FC1
        - F2   10 missing        place=5,carrier=2    FC1
        + F3 1800 missing        place=5,carrier=3
        """,
        ["gone_together place:5 FC1: F3"],
    ),
    "the next shelf, and two hours later, are others": (
        """
        - F1    0 missing        place=5,carrier=1
        + F2   10 missing        place=6,carrier=2
        + F3 7300 missing        place=5,carrier=3
        """,
        [],
    ),
    "several at one portal by one crossing, and one that came a minute and a second later": (
        """
        + F1    0 unauthorised_removal  place=10,carrier=1
        + F2   40 suspected_removal     place=10,carrier=2
        + F3   95 unauthorised_removal  place=10,carrier=3
        + F4  156 unauthorised_removal  place=10,carrier=4
        """,
        ["crossing place:10 new: F1 F2 F3"],
    ),
    "what one person has had for too long, of several sorts and however long ago": (
        """
        - F1       0 overdue_loan  person=4,carrier=1
        + F2 9000000 leg_overdue   person=4,carrier=2
        + F3 9000000 leg_overdue   person=5,carrier=3
        """,
        ["person_late person:4 new: F1 F2"],
    ),
    "the tag of one carrier told of in two ways; another's is its own": (
        """
        - F1    0 tag_disagrees  carrier=7
        + F2  900 retired_tag    carrier=7
        + F3  900 retired_tag    carrier=8
        """,
        ["tag_confused carrier:7 new: F1 F2"],
    ),
    "what stands open and alone is not laid together while nothing new comes": (
        """
        - F1    0 missing        place=5,carrier=1
        - F2    0 missing        place=5,carrier=2
        + F3    0 missing        place=9,carrier=3
        """,
        [],
    ),
    "what is about nothing that the row asks for is in no case": (
        """
        + F1    0 missing        carrier=1
        + F2    0 missing        carrier=2
        """,
        [],
    ),
}


@pytest.mark.parametrize("scene", SCENES, ids=str)
def test_one_cause_is_one_case(scene: str) -> None:
    table, expected = SCENES[scene]
    assert said(groups(*told(table), WITHIN)) == expected


def test_a_kind_stands_in_one_row_and_every_row_names_kinds_that_there_are() -> None:
    assert sum(len(cause.kinds) for cause in CAUSES) == len(CAUSE_OF)
    assert CAUSE_OF.keys() <= KINDS.keys()
    assert KINDS.keys() >= GRAVE_KINDS
    assert {cause.within for cause in CAUSES} - {""} == WITHIN.keys()


def test_a_case_that_has_grown_too_long_is_followed_by_another() -> None:
    standing = [Told(f"F{n:05d}", "overdue_loan", 0, person=4, case="FC1") for n in range(MEMBERS_MAX - 1)]
    fresh = [Told(f"G{n}", "overdue_loan", 1, person=4) for n in range(3)]
    assert said(groups(fresh, standing, WITHIN)) == [
        "person_late person:4 FC1: G0",
        "person_late person:4 new: G1 G2",
    ]


ANY = st.builds(
    Told,
    number=st.integers(0, 30).map(lambda n: f"F{n:02d}"),
    kind=st.sampled_from(sorted(CAUSE_OF)),
    happened_at=st.integers(0, 8_000).map(lambda n: n * SECOND),
    reader=st.sampled_from((None, "east", "west")),
    place=st.sampled_from((None, 5, 6)),
    person=st.sampled_from((None, 4)),
    carrier=st.sampled_from((None, 1, 2)),
    case=st.sampled_from(("", "FC1", "FC2")),
)


@given(st.lists(ANY, max_size=12), st.lists(ANY, max_size=12))
def test_nothing_is_laid_in_two_cases_nor_out_of_one(fresh: list[Told], standing: list[Told]) -> None:
    known = {one.number: one for one in [*standing, *fresh]}
    found = groups(fresh, standing, WITHIN)
    laid = [number for group in found for number in group.findings]
    assert len(laid) == len(set(laid))
    for group in found:
        assert group.case or len(group.findings) > 1
        assert not any(known[number].case for number in group.findings)
        assert len({CAUSE_OF[known[number].kind].code for number in group.findings}) == 1


CLOSING = """
open          no   no   cleared,cleared     cleared
open          no   no   cleared,settled     cleared
acknowledged  no   no   cleared,cleared     cleared
acknowledged  no   no   cleared,settled     -
acknowledged  no   yes  cleared,settled     settled
enquiry       no   no   cleared             -
open          yes  no   cleared             -
enquiry       yes  yes  cleared             settled
"""


@pytest.mark.parametrize("row", CLOSING.strip().splitlines())
def test_a_case_closes_by_itself_only_where_nobody_has_to_conclude_it(row: str) -> None:
    state, grave, settled, states, expected = row.split()
    found = closes(state, grave=grave == "yes", settled=settled == "yes", states=states.split(","))
    assert found == expected.replace("-", "")
