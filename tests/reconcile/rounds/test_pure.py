"""What a sweep is judged by, without a database: the verdict's table, walking on, nearness, comparison, due days."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.values import DAY
from reconcile.rounds.comparing import compare
from reconcile.rounds.due import days_between, due_at
from reconcile.rounds.looking import narrowed
from reconcile.rounds.state import Line, RoundState, UnknownScan, report_of, shown, signed_state
from reconcile.rounds.terms import Terms
from reconcile.rounds.verdict import CARRIER_BUCKETS, bucket_of, judge
from reconcile.rounds.walking import Stop, walked_on
from reconcile.rounds.whereabouts import LastKnown, distance, nearest_first
from tests.builders import SCHEME

ROOT = "/1/2/4/"

VERDICTS = """
expected    met  the books now      bucket
here        yes  in_place    here   present
here        yes  on_loan     -      present
here        no   in_place    here   missing
here        no   on_loan     -      left
here        no   in_place    there  left
unasked     yes  in_place    here   beside
unasked     no   in_place    here   -
elsewhere   yes  in_place    there  elsewhere
elsewhere   yes  in_place    here   arrived
elsewhere   no   in_place    there  absent
on_loan     yes  on_loan     -      on_loan_but_here
on_loan     yes  in_place    here   arrived
on_loan     no   on_loan     -      absent
-           yes  in_place    there  elsewhere
-           yes  carried_out -      on_loan_but_here
"""
PATHS = {"here": "/1/2/4/5/", "there": "/1/2/8/", "-": None}


@pytest.mark.parametrize("row", VERDICTS.strip().splitlines()[1:])
def test_a_carrier_stands_in_the_bucket_of_the_table(row: str) -> None:
    expected, met, status, where, bucket = row.split()
    found = bucket_of(expected, met == "yes", status, PATHS[where], ROOT)
    assert found == ("" if bucket == "-" else bucket)
    judged = judge([(7, expected, status, PATHS[where])], {7} if met == "yes" else set(), ROOT)
    assert [name for name, those in judged.items() if those] == ([found] if found else [])


@given(
    st.lists(
        st.tuples(st.sampled_from(["here", "on_loan"]), st.booleans(), st.sampled_from(["in_place", "on_loan"])),
        max_size=30,
    )
)
def test_every_carrier_asked_for_is_in_one_bucket(rows: list[tuple[str, bool, str]]) -> None:
    met = {n for n, (_, there, _) in enumerate(rows) if there}
    judged = judge(((n, expected, status, "/1/2/4/") for n, (expected, _, status) in enumerate(rows)), met, ROOT)
    assert set(judged) == set(CARRIER_BUCKETS)
    assert sorted(n for those in judged.values() for n in those) == list(range(len(rows)))


WALKS = """
what                                      at   scans      said no to   asked
one stray is only misplaced               A    AAB                     -
two are not enough                        A    ABB                     -
three in a row belong elsewhere           A    ABBB                    B
the same one thrice is one                A    Abbb                    -
a stray between them breaks the row       A    BBAB                    -
what belongs nowhere breaks it too        A    BB-B                    -
back to where one said to be              B    BBB                     -
said no, and goes on                      A    BBBB       B            -
said no to one, and walks on to another   A    BBBCCC     B            C
nobody said yet where he is                    BBB                     B
"""
AT = {"A": 5, "B": 6, "C": 7}


@pytest.mark.parametrize("row", WALKS.strip().splitlines()[1:])
def test_three_in_a_row_ask_whether_one_has_walked_on(row: str) -> None:
    at, scans, no, asked = row[42:47].strip(), row[47:58].strip(), row[58:71].strip(), row[71:].strip()
    stops = []
    for n, letter in enumerate(scans):
        place = AT.get(letter.upper())
        carrier = 99 if letter.islower() else n
        stops.append(Stop(f"e{n}", carrier, place, f"/1/{place}/" if place else ""))
    found = walked_on(stops, f"/1/{AT[at]}/" if at else "", {AT[one] for one in no})
    assert (found.place if found else None) == AT.get(asked)
    if found:
        assert found.events == tuple(f"e{n}" for n in range(scans.index(asked), len(scans)))


def test_who_sweeps_the_whole_cabinet_has_not_walked_on_within_it() -> None:
    stops = [Stop(f"e{n}", n, 5, "/1/4/5/") for n in range(3)]
    assert walked_on(stops, "/1/4/") is None
    assert walked_on(stops, "/1/8/") is not None


def test_the_nearest_is_looked_for_first_and_of_two_as_near_the_one_heard_later() -> None:
    assert [distance("/1/2/4/5/", other) for other in ("/1/2/4/5/", "/1/2/4/6/", "/1/2/4/", "/1/2/8/", "/9/")] == [
        *(0, 2, 1, 3),
        5,
    ]
    known = [
        LastKnown(1),
        LastKnown(2, 8, "/1/2/8/", 50, "confirmed"),
        LastKnown(3, 6, "/1/2/4/6/", 10, "probable"),
        LastKnown(4, 6, "/1/2/4/6/", 20, "probable"),
    ]
    assert [one.carrier for _, one in nearest_first("/1/2/4/5/", known)] == [4, 3, 2, 1]


def a_line(carrier: int, **changes: object) -> Line:
    """A carrier of the shelf."""
    return Line(carrier, f"N-{carrier}", 1, "secret", "here", "in_place", "S", 5, "S", None)._replace(**changes)


def a_state(**changes: object) -> RoundState:
    """A sweep that met nothing and expects nothing."""
    nothing = dict.fromkeys(CARRIER_BUCKETS, ())
    empty = RoundState(
        *("QC-1", 5, "S", "open", 1, "周敏", 0, 9),
        **nothing,
        unknown=(),
        scans=0,
        by_person=(),  # type: ignore[arg-type]
    )
    return replace(empty, **changes)  # type: ignore[arg-type]


def test_what_was_not_met_is_told_apart_by_what_its_silence_means() -> None:
    state = a_state(
        missing=(
            a_line(1),
            a_line(2, reading="weak"),
            a_line(3, reading="silent"),
            a_line(4, reading="weak", covered=False),
        ),
        absent=(a_line(5, expected="on_loan"), a_line(6, expected="in_transit"), a_line(7, expected="carried_out")),
        unknown=(
            UnknownScan("A", None, "scan", 1, "周敏", 0, 1),
            UnknownScan("B", None, "scan", 1, "周敏", 0, 1, retired=True),
            UnknownScan("C", None, "scan", 1, "周敏", 0, 1, retired=True, ghost=8),
        ),
    )
    told = {name: len(lines) for name, lines in shown(state).items() if lines}
    once = ("missing", "weak", "tag_unreadable", "not_covered", "on_loan", "in_transit", "away")
    assert told == dict.fromkeys((*once, "unknown", "retired_tag", "ghost"), 1)
    assert [line.carrier for line in state.concluded] == [1, 2, 3]


def test_a_later_sweep_tells_what_has_changed_since() -> None:
    then = a_state(number="QC-1", present=(a_line(1), a_line(2), a_line(6)), missing=(a_line(3), a_line(4)))
    now = a_state(
        number="QC-2",
        present=(a_line(3), a_line(6, place=7, place_code="T")),
        missing=(a_line(1), a_line(4), a_line(2, covered=False)),
    )
    found = compare(now, then)
    assert found.counts == {"newly_missing": 1, "still_missing": 1, "found_again": 1, "moved": 1}
    assert [line.carrier for line in (*found.newly_missing, *found.still_missing, *found.found_again)] == [1, 4, 3]
    assert [(before.place_code, line.place_code) for before, line in found.moved] == [("S", "T")]


def test_a_report_of_before_is_shown_though_it_says_less() -> None:
    state = a_state(present=(a_line(1),), unknown=(UnknownScan("A", None, "scan", 1, "周敏", 0, 1),))
    text = report_of(state).text
    head = {name: getattr(state, name) for name in ("number", "place", "place_code", "state", "opened_by")}
    head |= {name: getattr(state, name) for name in ("opened_by_name", "opened_at", "position", "kind")}
    assert signed_state(head, text) == state
    # As reports were before there were kinds, devices, coverage
    import json

    old = json.loads(text)
    for name in ("by_device", "kind", "of", "sample", "scope", "two", "uncovered"):
        del old[name]
    del old["buckets"]["beside"]
    old["columns"] = {"carriers": list(Line._fields[:-2]), "unknown": list(UnknownScan.__slots__[:-1])}
    old["buckets"]["present"] = [list(state.present[0])[:-2]]
    old["buckets"]["unknown"] = [row[:-1] for row in old["buckets"]["unknown"]]
    assert signed_state(head, json.dumps(old)) == state


def test_a_bucket_is_narrowed_to_a_number_or_a_place() -> None:
    lines = [a_line(1), a_line(2, place_code="B1-02")]
    assert [line.carrier for line in narrowed(lines, " b1-02")] == [2]
    assert [line.carrier for line in narrowed(lines, "n-1 1")] == [1]
    assert narrowed(lines, "") == lines


@pytest.mark.parametrize(
    ("kind", "rank", "days"), [("shelf", 3, 30), ("cabinet", 2, 90), ("room", -1, 365), ("room", 9, 30)]
)
def test_the_higher_a_place_is_rated_the_sooner_it_is_swept_again(kind: str, rank: int, days: int) -> None:
    assert days_between(SCHEME, kind, rank) == days
    assert due_at(SCHEME, kind, rank, 5) == 5 + days * DAY
    sooner = replace(SCHEME, numbers={**SCHEME.numbers, "sweep_days_room": 7})
    assert days_between(sooner, "room", 3) == 7


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "recount"},
        {"of": "QC-1"},
        {"scope": "missing"},
        {"kind": "spot", "scope": "sample"},
        {"kind": "blind", "scope": "sample", "sample": 3},
    ],
)
def test_terms_that_contradict_each_other_are_none(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Terms(**wrong)  # type: ignore[arg-type]
