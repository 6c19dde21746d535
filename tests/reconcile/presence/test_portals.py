"""Passages of a portal: direction, score, one a crossing; what is none. Pure, no database."""

import math
from dataclasses import replace

import pytest

from custody.values import SECOND
from readers.portal import HOLD_US, MODEL, Beam, BeamPass
from reconcile.presence import Memory, Passage, fold_tag, settle_tag
from tests.reconcile.presence.scenes import GATE, HOME, INSIDE, OUTSIDE, SETTINGS, SITE, at, scene, still

QUIET = 10**6
"""Seconds after which every crossing has settled."""
WITH_BEAM = replace(SITE, beams={GATE: Beam((BeamPass(at(0.9), "out"),))})


def passages(text: str) -> list[Passage]:
    """What a scene's crossings came to, the newest word of each."""
    memory, folded = fold_tag(Memory(), scene(text), SITE, SETTINGS)
    _, settled = settle_tag(memory, at(QUIET), SITE, SETTINGS)
    newest = {(p.since_at, p.direction): p for p in (*folded.passages, *settled.passages)}
    return list(newest.values())


def grade(passage: Passage) -> str:
    """How a score is used."""
    if passage.score >= SETTINGS.alarm_score:
        return "alarm"
    return "suspect" if passage.score >= SETTINGS.suspect_score else "quiet"


@pytest.mark.parametrize(
    ("what", "sightings", "expected"),
    [
        # from to where reads dBm                                                          direction, grade
        ("out", "0 1.5 inside 6 -50; 2 3.5 outside 6 -50", "out alarm"),
        ("out at a run", "0 .8 inside 4 -50; 1 1.8 outside 4 -50", "out suspect"),
        ("out, few reads", "0 .2 inside 2 -50; 1.2 1.4 outside 2 -50", "out suspect"),
        ("one read each", "0 0 inside 1 -50; 0.6 0.6 outside 1 -50", "unknown quiet"),
        ("far apart in time", "0 1 inside 6 -50; 8 9 outside 6 -50", "unknown quiet"),
        ("in", "0 1.5 outside 6 -50; 2 3.5 inside 6 -50", "in alarm"),
        (
            "out and in again, slowly",
            "0 1 inside 6 -50; 2 3 outside 6 -50; 30 31 outside 6 -50; 32 33 inside 6 -50",
            "out alarm, in alarm",
        ),
        (
            "out and in again, soon",
            "0 1 inside 6 -50; 2 3 outside 6 -50; 8 9 outside 6 -50; 10 11 inside 6 -50",
            "out alarm, in alarm",
        ),
        ("turned round in the door", "0 1 inside 6 -50; 2 3 outside 6 -50; 5 6 inside 6 -50", "unknown quiet"),
        ("both at the same time", "0 2 inside 6 -50; 0 2 outside 6 -50", "unknown quiet"),
        ("walked past inside", "0 3 inside 15 -50; 1 2 outside 3 -72", "unknown quiet"),
        ("walked past outside", "1 2 inside 3 -72; 0 3 outside 15 -50", "unknown quiet"),
        ("inside only", "0 3 inside 15 -50", ""),
        ("outside only, once", "0 0 outside 1 -50", ""),
        ("outside only, strongly", "0 2 outside 8 -50", "unknown quiet"),
        ("inside now, outside a minute later", "0 1 inside 6 -50; 60 61 outside 1 -50", ""),
        ("parked inside", still("inside", 0, 600), ""),
        ("parked in the middle", still("inside", 0, 600) + "\n" + still("outside", 5, 595), ""),
        ("a slow walk, both hear for 3 s", "0 5 inside 20 -50; 2 7 outside 20 -50", "out alarm"),
        ("parked outside", still("outside", 0, 600), ""),
        ("parked inside, then out", still("inside", 0, 300) + "\n301 303 outside 8 -50", "out alarm"),
        ("parked inside, one stray outside read", still("inside", 0, 300) + "\n150 150 outside 1 -72", ""),
    ],
)
def test_passages(what: str, sightings: str, expected: str) -> None:
    assert ", ".join(f"{p.direction} {grade(p)}" for p in passages(sightings)) == expected, what


def test_a_sure_crossing_with_a_beam_is_concluded_at_once_and_told_once() -> None:
    # Given the first word of each antenna, somebody out by the beam, then the rest as the smoothing sends it
    site = WITH_BEAM
    memory, first = fold_tag(Memory(), scene("0 .5 inside 3 -50; 1.2 1.6 outside 3 -48"), site, SETTINGS)
    assert [p.direction for p in first.passages] == ["out"]
    memory, more = fold_tag(memory, scene(".6 1 inside 4 -50; 1.7 2.9 outside 7 -48"), site, SETTINGS)
    memory, settled = settle_tag(memory, at(QUIET), site, SETTINGS)
    # then the end of it is the same passage with all its reads.
    assert more.passages == []
    (last,) = settled.passages
    assert (last.direction, last.since_at, last.reads) == ("out", first.passages[0].since_at, 17)
    assert last.score >= first.passages[0].score
    assert memory.crossings == {}


def test_without_a_beam_it_is_waited_for_who_turns_round_in_the_door() -> None:
    memory, first = fold_tag(Memory(), scene("0 1.5 inside 6 -50; 2 3.5 outside 6 -50"), SITE, SETTINGS)
    due = memory.due_at(SETTINGS)
    assert due is not None
    assert (first.passages, due) == ([], at(3.5) + HOLD_US)
    assert settle_tag(memory, due - 1, SITE, SETTINGS)[1].passages == []
    memory, said = settle_tag(memory, due, SITE, SETTINGS)
    assert [p.direction for p in said.passages] == ["out"]
    assert memory.due_at(SETTINGS) == at(3.5) + SETTINGS.portal_window_us
    # The same where the next read comes only afterwards: the silence is judged before it.
    _, at_once = fold_tag(
        Memory(), scene("0 1.5 inside 6 -50; 2 3.5 outside 6 -50; 9 10 outside 4 -50"), SITE, SETTINGS
    )
    assert [p.direction for p in at_once.passages] == ["out"]


def test_a_score_that_was_acted_upon_does_not_fall_afterwards() -> None:
    memory, first = fold_tag(Memory(), scene("0 .6 inside 5 -50; 1.2 2.4 outside 5 -50"), WITH_BEAM, SETTINGS)
    # Given the rest, in which the inside was heard a little longer
    memory, _ = fold_tag(memory, scene(".7 2 inside 9 -60"), WITH_BEAM, SETTINGS)
    (last,) = settle_tag(memory, at(QUIET), WITH_BEAM, SETTINGS)[1].passages
    assert sum(last.evidence["parts"].values()) < sum(first.passages[0].evidence["parts"].values())
    assert last.score == first.passages[0].score >= SETTINGS.alarm_score


def test_a_conclusion_that_turns_out_wrong_is_revised_not_taken_back() -> None:
    # Given one who walked past inside while another went out, and whose outside reads came first to the server
    memory, first = fold_tag(Memory(), scene("0 .6 inside 5 -50; 1.2 2.4 outside 5 -50"), WITH_BEAM, SETTINGS)
    assert [p.direction for p in first.passages] == ["out"]
    memory, _ = fold_tag(memory, scene(".5 6 inside 20 -45"), WITH_BEAM, SETTINGS)
    memory, settled = settle_tag(memory, at(QUIET), WITH_BEAM, SETTINGS)
    (revised,) = settled.passages
    assert (revised.direction, revised.evidence["revises"]) == ("unknown", "out")
    assert revised.score < SETTINGS.suspect_score
    assert memory.place == INSIDE


def test_a_passage_sets_the_believed_place_behind_the_portal() -> None:
    memory, _ = fold_tag(Memory(), scene(still("home", 0, 60)), SITE, SETTINGS)
    memory, _ = fold_tag(memory, scene("70 71 inside 6 -50; 72 73 outside 6 -50"), SITE, SETTINGS)
    out, _ = settle_tag(memory, at(90), SITE, SETTINGS)
    assert (out.place, out.strength, out.stay) == (OUTSIDE, "probable", None)
    memory, _ = fold_tag(out, scene("100 101 outside 6 -50; 102 103 inside 6 -50"), SITE, SETTINGS)
    back, _ = settle_tag(memory, at(115), SITE, SETTINGS)
    assert (back.place, back.strength) == (INSIDE, "probable")
    # Then a place inside where it is heard is where it is: the building has no antenna of its own.
    shelved, _ = fold_tag(back, scene(still("home", 120, 180)), SITE, SETTINGS)
    assert shelved.place == HOME


def test_an_unknown_passage_moves_nothing() -> None:
    memory, _ = fold_tag(Memory(), scene(still("home", 0, 60)), SITE, SETTINGS)
    memory, _ = fold_tag(memory, scene("62 64 outside 9 -50"), SITE, SETTINGS)
    memory, settled = settle_tag(memory, at(QUIET), SITE, SETTINGS)
    assert [p.direction for p in settled.passages] == ["unknown"]
    assert memory.place == HOME


def test_a_crossing_settles_only_after_quiet_of_event_and_of_arrival() -> None:
    memory, folded = fold_tag(Memory(), scene("0 0 inside 1 -50; 0.6 0.6 outside 1 -50"), SITE, SETTINGS)
    memory, silent = settle_tag(memory, at(0.6) + HOLD_US, SITE, SETTINGS)
    due = memory.due_at(SETTINGS)
    assert folded.passages == silent.passages == []
    assert due == at(0.6) + SETTINGS.portal_window_us
    assert settle_tag(memory, due - 1, SITE, SETTINGS)[1].passages == []
    assert len(settle_tag(memory, due, SITE, SETTINGS)[1].passages) == 1


def test_what_comes_of_a_settled_crossing_afterwards_is_no_second_one() -> None:
    memory, _ = fold_tag(Memory(), scene("0 .2 inside 2 -50; 1.2 1.4 outside 2 -50"), SITE, SETTINGS)
    memory, _ = settle_tag(memory, at(QUIET), SITE, SETTINGS)
    memory, late = fold_tag(memory, scene("1.3 2.2 outside 9 -50"), SITE, SETTINGS)
    assert settle_tag(memory, at(QUIET), SITE, SETTINGS)[1].passages == late.passages == []


def test_a_late_passage_is_recorded_as_late_and_does_not_move_the_present() -> None:
    # Given a tag on its shelf; when the portal's burst of an hour ago comes
    memory, _ = fold_tag(Memory(), scene(still("home", 3600, 3660)), SITE, SETTINGS)
    after, _ = fold_tag(memory, scene("0 1 inside 6 -50; 2 3 outside 6 -50"), SITE, SETTINGS)
    after, burst = settle_tag(after, at(3700), SITE, SETTINGS)
    assert [(p.direction, p.evidence["late"]) for p in burst.passages] == [("out", True)]
    assert after.place == HOME


def test_the_evidence_says_how_the_score_came_about() -> None:
    (passage,) = passages("0 1.5 inside 6 -50; 1 2.5 outside 6 -48")
    evidence = passage.evidence
    parts = evidence["parts"]
    # Then the parts add up to the score, and what was not asked about has none.
    assert passage.score == round(1 / (1 + math.exp(-sum(parts.values()))), 3)
    assert {"order", "end", "reads", "sides", "peak", "parked", "still"} < set(parts)
    assert "beam" not in parts
    assert parts["order"] > 0 > parts["base"]
    assert evidence["model"] == MODEL
    assert evidence["inside"] == {"reads": 6, "first_at": at(0), "last_at": at(1.5), "strongest_dbm": -50.0}
    assert evidence["outside"]["strongest_dbm"] == -48.0
    assert passage.until_at - passage.since_at == round(2.5 * SECOND)
