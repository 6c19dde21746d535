"""Four words for where a carrier is, and never one for another: scenes as a table, a case a line."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.values import SECOND
from reconcile.checks.cases import BooksSay, CarrierCase, Cover, RadioSays, Spot, Thresholds
from reconcile.checks.whereabouts import WORDS, Swept, Whereabouts, whereabouts
from tests.builders import NOW, SCHEME

LIMITS = Thresholds.of(SCHEME)
SHELF = Spot(5, "S", "shelf", "/1/4/5/", storage=True)
OTHER = Spot(6, "O", "shelf", "/1/4/6/", storage=True)
ROOM = Spot(4, "R", "room", "/1/4/")
YARD = Spot(1, "Y", "site", "/1/", outside_of=("/1/4/",))
PLACES = {"shelf": SHELF, "other": OTHER, "room": ROOM, "yard": YARD}
LONG = 24 * 3600


def ago(seconds: float) -> int:
    """So many seconds before the present."""
    return NOW - round(seconds * SECOND)


def cover(said: str) -> Cover | None:
    """`listens`, `hour` (since an hour), `just` (since ten seconds), `dead` (no more since an hour), `never`."""
    since, through = {"listens": (LONG, 1), "hour": (3_600, 1), "just": (10, 1), "dead": (LONG, 3_600)}.get(
        said, (0, 0)
    )
    return None if said == "never" else Cover(ago(since), ago(through), ("r/1",))


def case(books: str, believed: str, strength: str, heard: str, here: str, there: str) -> CarrierCase:
    """Books: `in_place` on the shelf, `on_loan`; believed where, how firmly, last heard so many seconds ago."""
    radio = None
    if heard != "-":
        place = PLACES.get(believed)
        at = ago(float(heard))
        radio = RadioSays("E", place, strength, at - 60 * SECOND, at, None if place is None else at)
    home = radio.here_at if radio is not None and believed in ("shelf", "room") else None
    return CarrierCase(
        1,
        BooksSay(books, "secret", 2, 1, place=SHELF if books == "in_place" else None, since_at=ago(2 * LONG)),
        radio,
        books_cover=cover(here),
        radio_cover=cover(there),
        radio_deaf=there == "never",
        heard_home_at=home,
        radio_is_outside=believed == "yard",
    )


#   books     believed  strength     heard  shelf    believed's   word         why
SCENES = """
    in_place  shelf     confirmed        5  listens  listens      present      heard
    in_place  room      probable         5  listens  listens      present      heard
    in_place  shelf     unconfirmed     30  listens  listens      unconfirmed  faint
    in_place  shelf     unconfirmed    900  listens  listens      absent       silent
    in_place  shelf     unconfirmed    900  just     just         unconfirmed  faint
    in_place  shelf     confirmed    4_000  dead     dead         not_covered  nobody_listens
    in_place  shelf     unconfirmed  4_000  dead     dead         not_covered  nobody_listens
    in_place  other     confirmed        5  listens  listens      absent       elsewhere
    in_place  other     confirmed       60  listens  dead         absent       elsewhere
    in_place  other     confirmed    4_000  dead     dead         not_covered  nobody_listens
    in_place  other     unconfirmed     60  hour     listens      absent       silent
    in_place  yard      probable        60  listens  never        absent       outside
    in_place  -         -                -  hour     never        absent       silent
    in_place  -         -                -  just     never        unconfirmed  never_heard
    in_place  -         -                -  never    never        not_covered  nobody_listens
    on_loan   room      confirmed        5  never    listens      present      heard
    on_loan   room      unconfirmed    900  never    listens      unconfirmed  faint
    on_loan   room      confirmed    4_000  never    dead         not_covered  nobody_listens
    on_loan   -         -                -  never    never        unconfirmed  never_heard
"""
LINES = [line.split() for line in SCENES.splitlines() if line.strip()]


@pytest.mark.parametrize("line", LINES, ids=" ".join)
def test_a_scene_has_its_word(line: list[str]) -> None:
    *scene, word, why = line
    found = whereabouts(case(*scene), NOW, LIMITS)
    assert (found.word, found.why) == (word, why)


def test_what_is_not_covered_says_since_when_and_when_it_was_last_confirmed() -> None:
    found = whereabouts(case("in_place", "shelf", "confirmed", "4000", "dead", "dead"), NOW, LIMITS)
    assert (found.word, found.since_at, found.confirmed_at) == ("not_covered", ago(3_600), ago(4_000))


def test_a_weak_tag_is_never_absent_by_its_silence() -> None:
    silent = case("in_place", "shelf", "unconfirmed", "900", "listens", "listens")
    found = whereabouts(silent, NOW, LIMITS, weak=True)
    assert (found.word, found.why, found.weak) == ("unconfirmed", "weak", True)


@pytest.mark.parametrize("case_of", [{"tagged": False}, {"by_eye": True}], ids=["no tag", "no radio tag"])
def test_what_cannot_be_heard_is_for_eyes_alone(case_of: dict[str, bool]) -> None:
    unheard = replace(case("in_place", "-", "-", "-", "listens", "never"), met_at=ago(50), **case_of)  # type: ignore[arg-type]
    found = whereabouts(unheard, NOW, LIMITS)
    assert (found.word, found.confirmed_at) == ("unconfirmed", ago(50))


def swept(met: bool, seconds: float) -> Swept:
    """A sweep finished so long ago."""
    return Swept("QC-1", ago(seconds), met)


def test_a_finished_sweep_makes_absent_where_nobody_listens() -> None:
    deaf = case("in_place", "shelf", "confirmed", "4000", "dead", "dead")

    def word(found: Swept) -> Whereabouts:
        return whereabouts(deaf, NOW, LIMITS, swept=found)

    assert (word(swept(False, 100)).word, word(swept(False, 100)).why) == ("absent", "swept")
    # Not one that was finished before it was heard last;
    assert word(swept(False, 5_000)).word == "not_covered"
    # and met by eye it is confirmed, though still nobody listens.
    assert (word(swept(True, 100)).word, word(swept(True, 100)).confirmed_at) == ("not_covered", ago(100))


SAID = st.tuples(
    st.sampled_from(("in_place", "on_loan")),
    st.sampled_from((*PLACES, "-")),
    st.sampled_from(("confirmed", "probable", "unconfirmed")),
    st.sampled_from(("-", "5", "900", "4000")),
    st.sampled_from(("listens", "hour", "just", "dead", "never")),
    st.sampled_from(("listens", "hour", "just", "dead", "never")),
)


@given(SAID, st.booleans())
def test_never_absent_by_silence_where_nobody_listens_nor_of_a_weak_tag(said: tuple[str, ...], weak: bool) -> None:
    found = whereabouts(case(*said), NOW, LIMITS, weak=weak)
    assert found.word in WORDS
    if found.word == "absent" and found.why == "silent":
        assert not weak
        assert said[4] in ("listens", "hour")
    if found.word == "present":
        assert said[5] in ("listens", "hour", "just")
        assert said[2] != "unconfirmed"
