"""The believed place: what moves it, what does not, and how firmly it is believed. Pure, no database."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.values import SECOND
from reconcile.presence import MODEL, Heard, Memory, Passage, Site, Stay, advance_tag, fold_tag
from reconcile.presence.kept import from_bytes, to_bytes
from tests.reconcile.presence.scenes import EARS, HOME, NEXT, PLACES, SETTINGS, SITE, at, scene, still

AT_HOME = still("home", 0, 300)
"""Five minutes: the way it is heard there is known."""


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
        ("steady without strengths", "0 5 home 9 -; 5 12 home 9 -; 12 22 home 20 -", "home", "confirmed"),
    ],
)
def test_how_firmly_a_place_is_believed(what: str, sightings: str, place: str, strength: str) -> None:
    memory = fold(sightings)
    assert (memory.place, memory.strength) == (PLACES[place], strength), what


@pytest.mark.parametrize(
    ("what", "then", "place"),
    [
        # Cross-reads: the tag lies at home, the next cabinet hears it too.
        ("one cross-read", "301 301 next 1 -70; " + still("home", 300, 320), "home"),
        (
            "many cross-reads beside reads at home",
            still("next", 300, 600, -58) + "\n" + still("home", 300, 600),
            "home",
        ),
        ("cross-reads as strong as home", still("next", 300, 600, -55) + "\n" + still("home", 300, 600), "home"),
        ("cross-reads 5 dB stronger", still("next", 300, 600, -50) + "\n" + still("home", 300, 600), "home"),
        ("one strong glimpse", "301 301 next 1 -30; " + still("home", 300, 320), "home"),
        ("one strong glimpse, then silence", "301 301 next 1 -30", "home"),
        ("weak reads next door while home is silent for 20 s", "301 305 next 3 -70; 310 320 next 3 -70", "home"),
        ("always cross-read, then silent at home", still("next", 0, 400, -55), "home"),
        # Moves: two periods of the daemon, for home's silence is known only after one.
        ("clearly stronger there", "301 303 next 4 -45\n" + still("next", 303, 333, -45), "next"),
        ("steady there, silent at home", still("next", 302, 352, -55), "next"),
        ("there and back", still("next", 301, 341, -45) + "\n" + still("home", 341, 401), "home"),
        ("to a place without strengths", still("far", 301, 401).replace("-55", "-"), "far"),
    ],
)
def test_what_moves_the_believed_place(what: str, then: str, place: str) -> None:
    assert fold(AT_HOME + "\n" + then).place == PLACES[place], what


@pytest.mark.parametrize(("period", "reads"), [(0.4, 2), (2.0, 6), (10.0, 20)])
def test_how_often_a_daemon_reports_makes_no_move_the_way_it_is_heard_at_home(period: float, reads: int) -> None:
    # Given: it lies where the next antenna always hears it too
    before = still("home", 0, 300, -52, period, reads) + "\n" + still("next", 0.1, 390, -71, period, reads)
    # When: it is carried further, and the next one hears it as before
    after = still("far", 300.2, 390, -52, period, reads)
    memory = fold(before + "\n" + after)
    # Then: it is followed, instead of the far antenna being learnt as one that hears it at home
    assert (memory.place, memory.strength) == (PLACES["far"], "confirmed")


def test_weak_reads_next_door_and_none_at_home_make_it_unconfirmed_and_take_it_nowhere() -> None:
    memory = fold(AT_HOME + "\n" + still("next", 301, 500, -70))
    assert (memory.place, memory.strength) == (HOME, "unconfirmed")


def test_put_on_another_shelf_while_its_door_was_open_is_believed_though_nobody_looks_again() -> None:
    # A store's reader looks for a minute when a door was shut, and is off otherwise. Home, where the tag was never
    # heard much better than a neighbour is, is silent; the other shelf reads it as well.
    doors = {("cabinet", 1): ((at(0), at(60)), (at(3600), at(3660))), ("cabinet", 2): ((at(3600), at(3660)),)}
    site = Site(
        EARS, SITE.portals, rooms=dict.fromkeys((HOME, NEXT), 9), listening={**dict.fromkeys(EARS, ()), **doors}
    )
    looked = "0 20 home 40 -58; 20 40 home 40 -58; 40 60 home 40 -58"
    again = "3600 3620 next 40 -57; 3620 3640 next 40 -57; 3640 3660 next 40 -57"
    assert (fold(looked, site).place, fold(looked, site).strength) == (HOME, "confirmed")
    memory = fold(f"{looked}; {again}", site)
    assert (memory.place, memory.strength) == (NEXT, "confirmed")


def test_what_was_ambiguous_is_not_once_no_other_place_hears_it() -> None:
    # As strong next door as at home, and as often: it could be there. For half an hour then it is heard at home alone.
    doubtful = fold(still("home", 0, 300, -62, reads=5) + "\n" + still("next", 0, 300, -62, reads=5))
    assert doubtful.strength == "unconfirmed"
    assert fold(still("home", 300, 2400, -62), memory=doubtful).strength == "confirmed"


@pytest.mark.parametrize(
    ("what", "then", "place"),
    [
        ("as strong as at home, but only for a while", still("next", 301, 320, -55), "home"),
        ("weaker than at home, however long", still("next", 301, 2901, -60), "home"),
        ("as strong as at home, for long", still("next", 301, 501, -55), "next"),
        ("clearly stronger", still("next", 301, 361, -45), "next"),
    ],
)
def test_a_dead_reader_gives_its_tags_away_only_on_strong_evidence(what: str, then: str, place: str) -> None:
    # Given home's reader died at 300 s: its silence says nothing.
    dead_at_home = Site(EARS, SITE.portals, {HOME: at(300), NEXT: at(9999)})
    assert fold(AT_HOME + "\n" + then, dead_at_home).place == PLACES[place], what


def test_a_move_is_dated_from_the_first_read_of_the_doubt_and_carries_its_evidence() -> None:
    _, conclusions = fold_tag(Memory(), scene(AT_HOME + "\n" + still("next", 304, 344, -45)), SITE, SETTINGS)
    home, there = conclusions.stays.values()
    assert home == Stay(HOME, at(0), at(300), 600, -55.0, "cabinet", 1)
    assert (there.place, there.since_at, there.until_at, there.reads) == (NEXT, at(304), at(344), 80)
    moves = [move for move in conclusions.moves if move.from_place != move.to_place]
    assert [(m.from_place, m.to_place, m.at, m.cause) for m in moves] == [(HOME, NEXT, at(304), "places")]
    evidence = moves[0].evidence
    assert (evidence["model"], evidence["calibration"], evidence["runner_up"]) == (MODEL, 0, HOME)
    silent, heard = evidence["antennas"]
    # What was expected of home's antenna, and did not come:
    assert (silent["place"], silent["heard"]) == (HOME, 0.0)
    assert silent["expected"] > 0.8 * silent["windows"] > 5
    assert (heard["place"], heard["mean_dbm"], heard["strongest_dbm"]) == (NEXT, -45.0, -45.0)
    assert evidence["listening"] == [["cabinet", 1], ["cabinet", 2]]
    assert json.loads(json.dumps(evidence)) == evidence


def test_no_probability_is_told() -> None:
    _, conclusions = fold_tag(Memory(), scene(AT_HOME + "\n" + still("next", 304, 344, -45)), SITE, SETTINGS)
    kept = {key for move in conclusions.moves for key in move.evidence}
    assert kept == {"model", "calibration", "since_at", "until_at", "antennas", "listening", "runner_up"}


def test_a_silence_ends_the_stay_but_not_the_belief() -> None:
    later = 300 + SETTINGS.silence_us / SECOND + 1
    memory, conclusions = fold_tag(Memory(), scene(AT_HOME + "\n" + still("home", later, later + 20)), SITE, SETTINGS)
    assert [stay.since_at for stay in conclusions.stays.values()] == [at(0), at(later)]
    assert (memory.place, memory.since_at) == (HOME, at(0))


def test_after_a_silence_reads_at_the_known_place_make_it_firm_again() -> None:
    memory = fold(AT_HOME)
    silent, _ = advance_tag(memory, at(900), SITE, SETTINGS)
    stray = fold("900 900 home 1 -75", memory=silent)
    heard = fold("900 900 home 1 -55; 900 910 home 20 -55", memory=silent)
    assert [silent.strength, stray.strength, heard.strength] == ["unconfirmed", "unconfirmed", "confirmed"]


@pytest.mark.parametrize(
    ("what", "listened", "through", "strength"),
    [
        ("not long enough to say", ((0, 308),), 320, "confirmed"),
        ("long enough", ((0, 400),), 400, "unconfirmed"),
        ("nobody listened", ((0, 300),), 90_000, "confirmed"),
        ("listened again, too shortly", ((0, 300), (3600, 3615)), 3630, "confirmed"),
        ("listened again for long", ((0, 300), (3600, 3700)), 3710, "unconfirmed"),
    ],
)
def test_silence_is_evidence_only_while_somebody_listened(
    what: str, listened: tuple[tuple[int, int], ...], through: int, strength: str
) -> None:
    spans = tuple((at(since), at(until)) for since, until in listened)
    site = Site(EARS, SITE.portals, listening=dict.fromkeys(EARS, spans))
    memory = fold(AT_HOME, site)
    after, conclusions = advance_tag(memory, at(through), site, SETTINGS)
    assert (after.place, after.strength) == (HOME, strength), what
    assert [move.cause for move in conclusions.moves] == ["silence"] * (strength == "unconfirmed")


def test_whoever_looks_when_it_is_due_finds_the_silence() -> None:
    memory = fold(AT_HOME)
    looks = 0
    while memory.strength != "unconfirmed":
        due = memory.due_at(SETTINGS)
        assert due is not None
        assert due > memory.through_at
        memory, _ = advance_tag(memory, due, SITE, SETTINGS)
        looks += 1
    assert looks <= 3
    assert memory.through_at < at(300) + 60 * SECOND
    # Then there is nothing more to look for.
    assert memory.due_at(SETTINGS) is None


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
    memory = fold("15 25 home 20 -50; 25 35 home 20 -50; 35 45 home 20 -50", memory=memory)
    assert (memory.place, memory.strength, memory.reads) == (HOME, "confirmed", 140)


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
    assert len(memory.belief.candidates) <= 6
    assert len(memory.belief.ears) <= 14
    assert memory.reads == 5 * sum(h.reads for h in heard)


def test_the_memory_of_the_filter_before_this_one_is_gone_on_with() -> None:
    # Given what an installation kept of a tag that lay at home
    kept = [1, HOME, "confirmed", at(0), at(300), -55.0, at(300), "cabinet", 1, -50.0, 600, [], None, [], []]
    stay = [HOME, at(0), at(300), 600, -50.0, "cabinet", 1]
    memory = from_bytes(json.dumps([*kept[:12], stay, [], []]).encode())
    assert (memory.place, memory.strength, memory.reads, memory.stay) == (HOME, "confirmed", 600, Stay(*stay))
    # When it lies on, nothing is new; and it is kept as this program keeps it.
    after, conclusions = fold_tag(memory, scene(still("home", 300, 400)), SITE, SETTINGS)
    assert (after.place, after.strength, after.since_at, conclusions.moves) == (HOME, "confirmed", at(0), [])
    assert from_bytes(to_bytes(after)) == after


def test_another_versions_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="version 99"):
        from_bytes(b"[99]")
