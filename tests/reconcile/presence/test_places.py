"""The believed place: what moves it, what does not, and how firmly it is believed. Pure, no database."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.values import SECOND
from reconcile.presence import Heard, Memory, Passage, Site, Stay, fold_tag
from reconcile.presence.model import from_bytes, to_bytes
from tests.reconcile.presence.scenes import EARS, HOME, NEXT, PLACES, SETTINGS, SITE, at, scene, still

AT_HOME = still("home", 0, 60)


def fold(text: str, site: Site = SITE, memory: Memory | None = None) -> Memory:
    """The memory after a scene."""
    return fold_tag(memory or Memory(), scene(text), site, SETTINGS)[0]


@pytest.mark.parametrize(
    ("what", "sightings", "place", "strength"),
    [
        # What was heard                                                         believed      how firmly
        ("never heard at a place", "0 5 stray 9 -50", "-", "unconfirmed"),
        ("glimpsed once", "0 0 home 1 -50", "home", "unconfirmed"),
        ("heard twice, shortly", "0 3 home 2 -50", "home", "probable"),
        ("steady", still("home", 0, 20), "home", "confirmed"),
        ("steady without strengths", "0 5 home 9 -; 5 12 home 9 -", "home", "confirmed"),
    ],
)
def test_how_firmly_a_place_is_believed(what: str, sightings: str, place: str, strength: str) -> None:
    memory = fold(sightings)
    assert (memory.place, memory.strength) == (PLACES[place], strength), what


@pytest.mark.parametrize(
    ("what", "then", "place"),
    [
        # Cross-reads: the tag lies at home, the next cabinet hears it too.
        ("one cross-read", "61 61 next 1 -70; " + still("home", 60, 80), "home"),
        ("many cross-reads beside reads at home", still("next", 60, 300, -58) + "\n" + still("home", 60, 300), "home"),
        ("cross-reads as strong as home", still("next", 60, 300, -55) + "\n" + still("home", 60, 300), "home"),
        ("cross-reads 5 dB stronger", still("next", 60, 300, -50) + "\n" + still("home", 60, 300), "home"),
        ("one strong glimpse", "61 61 next 1 -30; " + still("home", 60, 80), "home"),
        ("weak reads next door while home is silent for 20 s", "61 65 next 3 -70; 70 80 next 3 -70", "home"),
        # Moves.
        ("clearly stronger there", "61 63 next 4 -45", "next"),
        ("steady there, silent at home", "62 70 next 9 -55; 70 75 next 9 -55", "next"),
        ("steady there for too short", "61 65 next 9 -55", "home"),
        ("weak there, for long, silent at home", still("next", 61, 101, -70), "next"),
        ("there and back", still("next", 61, 90, -45) + "\n" + still("home", 91, 130), "home"),
        ("to a place without strengths", "61 66 far 9 -; 66 73 far 9 -", "far"),
    ],
)
def test_what_moves_the_believed_place(what: str, then: str, place: str) -> None:
    assert fold(AT_HOME + "\n" + then).place == PLACES[place], what


@pytest.mark.parametrize(
    ("what", "then", "place"),
    [
        ("as strong as at home, but only for a while", still("next", 61, 80, -55), "home"),
        ("weaker than at home, however long", still("next", 61, 600, -60), "home"),
        ("as strong as at home, for long", still("next", 61, 101, -55), "next"),
        ("clearly stronger", "61 63 next 4 -45", "next"),
    ],
)
def test_a_dead_reader_gives_its_tags_away_only_on_strong_evidence(what: str, then: str, place: str) -> None:
    # Given home's reader died at 60 s: its silence says nothing.
    dead_at_home = Site(EARS, SITE.portals, {HOME: at(60), NEXT: at(9999)})
    assert fold(AT_HOME + "\n" + then, dead_at_home).place == PLACES[place], what


def test_a_move_is_dated_from_the_first_read_after_the_last_at_home() -> None:
    _, conclusions = fold_tag(Memory(), scene(AT_HOME + "\n64 70 next 9 -55; 70 80 next 9 -55"), SITE, SETTINGS)
    assert list(conclusions.stays.values()) == [
        Stay(HOME, at(0), at(60), 120, -55.0, "cabinet", 1),
        Stay(NEXT, at(64), at(80), 18, -55.0, "cabinet", 2),
    ]


def test_a_silence_ends_the_stay_but_not_the_belief() -> None:
    later = 60 + SETTINGS.silence_us / SECOND + 1
    memory, conclusions = fold_tag(Memory(), scene(AT_HOME + "\n" + still("home", later, later + 20)), SITE, SETTINGS)
    assert [stay.since_at for stay in conclusions.stays.values()] == [at(0), at(later)]
    assert (memory.place, memory.since_at) == (HOME, at(0))


def test_after_a_silence_one_read_at_the_known_place_is_probable_then_confirmed() -> None:
    memory = fold(AT_HOME)
    glimpsed = fold("300 300 home 1 -55", memory=memory)
    assert glimpsed.strength == "probable"
    assert fold(still("home", 300, 320), memory=glimpsed).strength == "confirmed"


def test_a_late_sighting_is_left_to_the_past() -> None:
    # Given a tag believed next door; when home's sightings of an hour ago come in a burst
    memory = fold(still("next", 3600, 3660))
    after, conclusions = fold_tag(memory, scene(still("home", 0, 60)), SITE, SETTINGS)
    # then the present stays, and the burst is handed on for the past.
    assert (after.place, after.heard_at, after.here_at) == (NEXT, memory.heard_at, memory.here_at)
    assert len(conclusions.late) == 6
    assert not conclusions.stays
    assert after.reads == memory.reads + 120


def test_sightings_a_smoothing_period_out_of_order_are_evidence_not_late() -> None:
    # Given two antennas that report each their own ten seconds: the one's period ends before the other's
    memory = fold(still("next", 0, 25, -70))
    memory, conclusions = fold_tag(memory, scene("5 15 home 20 -50"), SITE, SETTINGS)
    assert (conclusions.late, memory.place) == ([], NEXT)
    # then they count once it goes on.
    assert fold("15 26 home 20 -50", memory=memory).since_at == at(5)


_WHERE = st.sampled_from(["home", "next", "room", "far", "inside", "outside", "stray"])
_SIGHTING = st.tuples(st.integers(0, 40), st.integers(0, 10), _WHERE, st.integers(1, 30), st.integers(-80, -30))


@st.composite
def in_order(draw: st.DrawFn) -> list[Heard]:
    """Sightings in order of event time, gaps of all sizes."""
    heard: list[Heard] = []
    now = 0.0
    for pause, length, where, reads, dbm in draw(st.lists(_SIGHTING, max_size=25)):
        now += pause / 3
        heard += scene(f"{max(0.0, now - length)} {now} {where} {reads} {dbm}")
    return sorted(heard, key=lambda h: (h.last_at, h.first_at, h.reader, h.antenna))


@given(in_order(), st.integers(0, 2**32))
def test_folding_in_pieces_gives_what_folding_at_once_gives(heard: list[Heard], seed: int) -> None:
    rng = random.Random(seed)
    whole, at_once = fold_tag(Memory(), heard, SITE, SETTINGS)
    memory = Memory()
    stays: dict[tuple[int, int], Stay] = {}
    passages: list[Passage] = []
    rest = heard
    while rest:
        size = rng.randint(1, 5)
        # Between pieces the memory goes through its row.
        memory, conclusions = fold_tag(from_bytes(to_bytes(memory)), rest[:size], SITE, SETTINGS)
        stays |= conclusions.stays
        passages += conclusions.passages
        rest = rest[size:]
    assert memory == whole
    assert stays == at_once.stays
    assert passages == at_once.passages


@given(in_order())
def test_the_memory_is_bounded_and_survives_its_row(heard: list[Heard]) -> None:
    memory, _ = fold_tag(Memory(), heard * 5, SITE, SETTINGS)
    assert from_bytes(to_bytes(memory)) == memory
    assert sum(map(len, memory.glimpses.values())) <= 8 * 16
    assert memory.reads == 5 * sum(h.reads for h in heard)


def test_another_versions_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="version 99"):
        from_bytes(b"[99]")
