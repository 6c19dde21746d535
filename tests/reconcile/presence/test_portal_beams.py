"""The beam at a portal: what it adds to the score, what it never does, and how a crossing is told with it. Pure."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custody.values import SECOND
from readers.portal import (
    BEAM_PAIR_US,
    Assessment,
    Beam,
    BeamPass,
    PortalGlimpse,
    Side,
    assess,
    beam_passes,
    finish,
    fit_of,
    hear,
)
from reconcile.presence import Memory, Site, fold_tag, settle_tag
from reconcile.presence.kept import from_bytes, to_bytes
from tests.reconcile.presence.scenes import EARS, GATE, INSIDE, OUTSIDE, SETTINGS, at, scene, still

OUT, IN = BeamPass(at(1.2), "out"), BeamPass(at(1.2), "in")


def glimpse(since: float, until: float, side: Side, reads: int = 6, dbm: float | None = -50.0) -> PortalGlimpse:
    return PortalGlimpse(at(since), at(until), reads, dbm, "gate", 1 if side == "inside" else 2, side)


EXIT = (glimpse(0, 1.5, "inside"), glimpse(1, 2.5, "outside"))
ENTRY = (glimpse(0, 1.5, "outside"), glimpse(1, 2.5, "inside"))
"""In a hurry: where both antennas hear together for a while, the beam decides."""


def judged(glimpses: tuple[PortalGlimpse, ...], beam: Beam | None) -> Assessment:
    found = assess(glimpses, (), beam)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("what", "broken", "expected"),
    [
        ("inner, then outer", "0 in; .4 out", "out"),
        ("outer, then inner", "0 out; .4 in", "in"),
        ("in any order told", ".4 out; 0 in", "out"),
        ("the outer long after", "0 in; 2.5 out", ""),
        ("one alone", "0 in", ""),
        ("a hand in the inner twice", "0 in; .5 in", ""),
        ("two persons out", "0 in; .4 out; 1 in; 1.4 out", "out out"),
        ("one out, one in", "0 in; .4 out; 3 out; 3.4 in", "out in"),
        ("turned round in the middle", "0 in; .4 out; 1 in", "out"),
    ],
)
def test_the_beam_gives_a_direction_by_which_barrier_was_broken_first(what: str, broken: str, expected: str) -> None:
    sides: dict[str, Side] = {"in": "inside", "out": "outside"}
    changes = [(at(float(t)), sides[s], True) for t, s in (one.split() for one in broken.split(";"))]
    changes += [(t + SECOND // 5, side, False) for t, side, _ in changes]
    assert " ".join(one.way for one in beam_passes(changes)) == expected, what


@pytest.mark.parametrize(
    # `beam`: which way the beam speaks: for what is said (+), against it (-), or there is none in order ("")
    ("what", "glimpses", "beam", "direction", "level", "speaks"),
    [
        ("no beam there", EXIT, None, "out", "suspect", ""),
        ("crossed outwards", EXIT, Beam((OUT,)), "out", "alarm", "+"),
        ("crossed inwards", EXIT, Beam((IN,)), "unknown", "suspect", "-"),
        ("not crossed", EXIT, Beam(()), "unknown", "suspect", "-"),
        ("out of order", EXIT, Beam((), watched=False), "out", "suspect", ""),
        ("one out and one in", EXIT, Beam((OUT, IN)), "out", "alarm", "+"),
        ("long before", EXIT, Beam((BeamPass(at(-4), "out"),)), "unknown", "suspect", "-"),
        ("long after", EXIT, Beam((BeamPass(at(8), "out"),)), "unknown", "suspect", "-"),
        ("an entry, inwards", ENTRY, Beam((IN,)), "in", "alarm", "+"),
        ("an entry, outwards", ENTRY, Beam((OUT,)), "unknown", "quiet", "+"),
        ("inside only, outwards", (glimpse(0, 1, "inside", 8),), Beam((OUT,)), "out", "suspect", "+"),
        ("outside only, not crossed", (glimpse(0, 2, "outside", 8),), Beam(()), "unknown", "quiet", "-"),
    ],
)
def test_what_the_beam_adds(
    what: str,
    glimpses: tuple[PortalGlimpse, ...],
    beam: Beam | None,
    direction: str,
    level: str,
    speaks: str,
) -> None:
    found = judged(glimpses, beam)
    part = found.parts.get("beam")
    assert (found.direction, grade(found)) == (direction, level), what
    assert ("" if part is None else "+" if part > 0 else "-") == speaks, what


def grade(found: Assessment) -> str:
    if found.score >= SETTINGS.alarm_score:
        return "alarm"
    return "suspect" if found.score >= SETTINGS.suspect_score else "quiet"


def test_the_beam_makes_no_direction_where_the_antennas_give_none() -> None:
    # Given one who stood between both antennas, and another who went out meanwhile
    together = (glimpse(0, 2, "inside"), glimpse(0, 2, "outside"))
    found = judged(together, Beam((OUT,)))
    assert found.score < SETTINGS.alarm_score


TIMES = st.integers(0, 80).map(lambda tenths: tenths / 10)
GLIMPSES = st.lists(
    st.tuples(TIMES, TIMES, st.sampled_from(["inside", "outside"]), st.integers(1, 9), st.floats(-90, -30)),
    min_size=1,
    max_size=6,
).map(lambda rows: tuple(glimpse(min(a, b), max(a, b), side, reads, dbm) for a, b, side, reads, dbm in rows))


@settings(max_examples=40, deadline=None)
@given(GLIMPSES, st.sampled_from([Beam(), Beam((OUT,)), Beam((IN,))]))
def test_an_outward_beam_never_speaks_against_an_exit_nor_an_inward_one_for_it(
    glimpses: tuple[PortalGlimpse, ...], beam: Beam
) -> None:
    middle = (min(g.first_at for g in glimpses) + max(g.last_at for g in glimpses)) // 2
    outward, inward = (replace(beam, passes=(*beam.passes, BeamPass(middle, way))) for way in ("out", "in"))
    assert leaving(glimpses, inward) <= leaving(glimpses, beam) <= leaving(glimpses, outward)


def leaving(glimpses: tuple[PortalGlimpse, ...], beam: Beam) -> float:
    """The score of an exit, whatever direction is said."""
    return fit_of(glimpses, beam, "out", min(g.first_at for g in glimpses), None).total


@settings(max_examples=20, deadline=None)
@given(GLIMPSES)
def test_what_is_heard_in_any_order_is_assessed_the_same(glimpses: tuple[PortalGlimpse, ...]) -> None:
    beam, few = Beam((OUT,)), glimpses[:4]
    assert {repr(assess(order, (), beam)) for order in itertools.permutations(few)} == {repr(assess(few, (), beam))}


def test_a_beam_that_comes_late_is_counted_when_the_crossing_ends() -> None:
    crossing, said = hear(None, GATE, glimpse(0, 0.4, "inside", 2), at(0), SETTINGS, Beam())
    crossing, said = hear(crossing, GATE, glimpse(1.6, 2, "outside", 2), at(2), SETTINGS, Beam())
    assert said == ()
    (passage,) = finish(crossing, Beam((OUT,)))
    assert passage.direction == "out"
    assert passage.evidence["beam"] == {"passes": [{"at": OUT.at, "way": "out"}], "watched": True}


@pytest.mark.parametrize(("apart_seconds", "flagged"), [(0.1, False), (0.2, False), (0.21, True), (-1.0, True)])
def test_clocks_of_beam_and_antennas_that_are_apart_are_flagged(apart_seconds: float, flagged: bool) -> None:
    beam = Beam((OUT,), True, round(apart_seconds * SECOND))
    crossing, _ = hear(None, GATE, EXIT[0], at(1), SETTINGS, beam)
    _, (passage,) = hear(crossing, GATE, EXIT[1], at(3), SETTINGS, beam)
    assert passage.evidence["beam"]["offset_flagged"] is flagged


def test_the_servers_fold_takes_the_beam_of_the_site() -> None:
    site = Site(EARS, {GATE: (INSIDE, OUTSIDE)}, beams={GATE: Beam((IN,))})
    memory, folded = fold_tag(Memory(), scene("0 1.5 inside 6 -50; 1 2.5 outside 6 -50"), site, SETTINGS)
    assert folded.passages == []  # an inward beam: not sure enough to be said at once
    _, settled = settle_tag(memory, at(60), site, SETTINGS)
    (passage,) = settled.passages
    assert passage.score < SETTINGS.alarm_score
    assert passage.evidence["parts"]["beam"] < 0


def test_what_lies_at_the_portal_is_one_stay_however_long() -> None:
    memory, lying = Memory(), {}
    for part in (still("inside", 0, 90), still("inside", 90, 300)):
        memory, folded = fold_tag(memory, scene(part), Site(EARS), SETTINGS)
        memory = from_bytes(to_bytes(memory))
        lying |= folded.lying
    ((key, last),) = lying.items()
    assert key == (GATE, at(0))
    assert (last.until_at, last.sides) == (at(300), ("inside",))


def test_who_passes_within_a_minute_lies_nowhere() -> None:
    _, folded = fold_tag(Memory(), scene("0 20 inside 6 -50; 15 40 outside 6 -50"), Site(EARS), SETTINGS)
    assert folded.lying == {}
    assert BEAM_PAIR_US == 2 * SECOND
