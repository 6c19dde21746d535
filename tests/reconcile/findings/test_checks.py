"""Every check alone: it fires on its scenario and is silent on the near miss beside it. No database.

A scenario is one line: the books' status and place, the place heard with strength, for how many seconds, and what
is found. Levels are secret unless the line says otherwise; `-` is nothing.
"""

from dataclasses import replace

import pytest

from custody.scheme import Scheme
from custody.values import SECOND
from reconcile.checks import (
    CARRIER_CHECKS,
    AntennaCase,
    BooksSay,
    CarrierCase,
    Cover,
    PassageCase,
    RadioSays,
    ReaderCase,
    Spot,
    TagCase,
    Thresholds,
    reader_silent,
    removal,
    unknown_tag,
)

NOW = 1_800_000_000 * SECOND
LONG_AGO = NOW - 86_400 * SECOND
LIMITS = Thresholds.of(Scheme())
SPOTS = {
    spot.code: spot
    for spot in (
        Spot(1, "grounds", "site", "/1/", outside_of=("/1/2/",)),
        Spot(2, "house", "building", "/1/2/"),
        Spot(3, "store", "room", "/1/2/3/", rating_rank=3),
        Spot(4, "cabinet", "cabinet", "/1/2/3/4/", storage=True, rating_rank=3),
        Spot(5, "shelf", "shelf", "/1/2/3/4/5/", storage=True, rating_rank=3),
        Spot(6, "shelf-2", "shelf", "/1/2/3/4/6/", storage=True, rating_rank=3),
        Spot(7, "office", "room", "/1/2/7/", rating_rank=2),
        Spot(8, "low", "cabinet", "/1/2/8/", storage=True, rating_rank=1),
        Spot(9, "gate", "portal", "/1/2/9/"),
        Spot(10, "corridor", "room", "/1/2/10/", rating_rank=0),
    )
}


def a_case(status: str, books: str, heard: str, strength: str, seconds: int) -> CarrierCase:
    """A carrier put where the books have it long ago, heard at a place for so long, up to now."""
    radio = None
    if heard != "-":
        radio = RadioSays("AA", SPOTS[heard], strength, NOW - seconds * SECOND, NOW, NOW, "r", 1, -50.0, 9)
    return CarrierCase(
        carrier=17,
        books=BooksSay(status, "secret", 2, 1, SPOTS.get(books), 5, None, None, LONG_AGO),
        radio=radio,
        radio_cover=Cover(LONG_AGO, NOW, ("r/1",)) if radio else None,
    )


def scenarios(table: str) -> list[list[str]]:
    """The lines of an aligned table."""
    return [line.split() for line in table.strip().splitlines() if not line.strip().startswith("#")]


BELIEFS = """
# status   books    heard     strength     s    found
in_place   shelf    shelf     confirmed    900  -
in_place   shelf    cabinet   confirmed    900  -
in_place   cabinet  shelf     confirmed    900  -
in_place   shelf    shelf-2   confirmed    59   -
in_place   shelf    shelf-2   confirmed    60   misplaced
in_place   shelf    shelf-2   probable     60   misplaced
in_place   shelf    shelf-2   unconfirmed  900  -
in_place   shelf    gate      confirmed    900  place_rated_too_low
in_place   shelf    office    confirmed    59   -
in_place   shelf    office    confirmed    60   gone_not_lent
in_place   -        shelf-2   confirmed    900  -
in_place   shelf    low       confirmed    19   -
in_place   shelf    low       confirmed    20   place_rated_too_low
in_place   shelf    low       confirmed    60   misplaced,place_rated_too_low
on_loan    -        office    confirmed    900  -
on_loan    -        corridor  confirmed    19   -
on_loan    -        corridor  confirmed    20   place_rated_too_low
on_loan    -        corridor  unconfirmed  900  -
on_loan    -        shelf     confirmed    599  -
on_loan    -        shelf     confirmed    600  in_store_on_loan
on_loan    -        shelf     probable     900  -
on_loan    -        store     confirmed    900  -
in_place   shelf    grounds   confirmed    60   gone_not_lent,place_rated_too_low
destroyed  -        shelf     confirmed    900  -
# given out to be read in the office: expected there, and nowhere else
on_loan    office   office    confirmed    900  -
on_loan    office   grounds   confirmed    19   -
on_loan    office   store     confirmed    60   gone_not_lent
on_loan    office   corridor  confirmed    60   gone_not_lent,place_rated_too_low
on_loan    office   shelf     confirmed    599  -
on_loan    office   shelf     confirmed    600  in_store_on_loan
# set apart to be destroyed: expected where it waits, until it is handed over
awaiting_destruction  shelf  shelf    confirmed  900  -
awaiting_destruction  shelf  shelf-2  confirmed  60   misplaced
awaiting_destruction  shelf  office   confirmed  60   gone_not_lent
awaiting_destruction  -      office   confirmed  900  -
# with a person, a reader, an attendee: no place is the books'
in_circulation  -  office    confirmed  900  -
in_circulation  -  shelf     confirmed  900  -
in_meeting      -  office    confirmed  900  -
in_meeting      -  corridor  confirmed  900  place_rated_too_low
# no longer ours: expected nowhere, and nowhere too much
destroyed           -  corridor  confirmed  900  -
transferred         -  corridor  confirmed  900  -
returned_to_issuer  -  low       confirmed  900  -
declassified        -  corridor  confirmed  900  -
declared_lost       -  corridor  confirmed  900  place_rated_too_low
"""


@pytest.mark.parametrize("line", scenarios(BELIEFS), ids=" ".join)
def test_what_the_radio_believes_is_held_against_the_books(line: list[str]) -> None:
    status, books, heard, strength, seconds, expected = line
    case = a_case(status, books, heard, strength, int(seconds))
    found = [kind for kind, check in CARRIER_CHECKS.items() if check(case, NOW, LIMITS) is not None]
    assert ",".join(sorted(found)) == (expected if expected != "-" else "")


def missing_case(covered_seconds: int = 300, heard_seconds_ago: int | None = None) -> CarrierCase:
    """In place; its shelf covered for so long, last heard there so long ago (None: never)."""
    case = a_case("in_place", "shelf", "-", "-", 0)
    heard = None if heard_seconds_ago is None else NOW - heard_seconds_ago * SECOND
    return replace(case, books_cover=Cover(NOW - covered_seconds * SECOND, NOW, ("r/1", "r/2")), heard_home_at=heard)


ELSEWHERE = RadioSays("AA", SPOTS["shelf-2"], "probable", LONG_AGO, NOW, NOW)

UNSURE = replace(ELSEWHERE, strength="unconfirmed")

ABSENCES = {
    "covered for five minutes, never heard": (missing_case(), True),
    "covered a second too short": (missing_case(299), False),
    "heard five minutes ago": (missing_case(9_000, 300), True),
    "heard a second later than that": (missing_case(9_000, 299), False),
    "where it is heard badly, too short": (replace(missing_case(1199), absence_needed=1200 * SECOND), False),
    "where it is heard badly, long enough": (replace(missing_case(1200), absence_needed=1200 * SECOND), True),
    "nobody was listening": (replace(missing_case(), books_cover=None), False),
    "without a tag": (replace(missing_case(), tagged=False), False),
    "left by a portal": (replace(missing_case(), removal_open=True), False),
    "believed on another shelf": (replace(missing_case(), radio=ELSEWHERE), False),
    "only glimpsed on another shelf": (
        replace(missing_case(), radio=replace(UNSURE, since_at=NOW - 59 * SECOND)),
        True,
    ),
    "heard for a minute on another shelf, or beside it": (
        replace(missing_case(), radio=replace(UNSURE, since_at=NOW - 60 * SECOND)),
        False,
    ),
    "heard there, but not any more for five minutes": (
        replace(missing_case(9_000), radio=replace(UNSURE, here_at=NOW - 300 * SECOND)),
        True,
    ),
    "heard in an office, uncertain": (
        replace(missing_case(), radio=replace(UNSURE, place=SPOTS["office"])),
        True,
    ),
    "on loan": (replace(missing_case(), books=replace(missing_case().books, status="on_loan", place=None)), False),
    "given out to be read where it is silent": (
        replace(missing_case(), books=replace(missing_case().books, status="on_loan")),
        True,
    ),
    "awaiting destruction": (
        replace(missing_case(), books=replace(missing_case().books, status="awaiting_destruction")),
        True,
    ),
    "on its way to be destroyed": (
        replace(missing_case(), books=replace(missing_case().books, status="awaiting_destruction", place=None)),
        False,
    ),
    "in a meeting": (replace(missing_case(), books=replace(missing_case().books, status="in_meeting")), False),
    "transferred": (replace(missing_case(), books=replace(missing_case().books, status="transferred")), False),
    "put there four minutes ago": (
        replace(missing_case(9_000), books=replace(missing_case().books, since_at=NOW - 240 * SECOND)),
        False,
    ),
    "settled by a person four minutes ago": (
        replace(missing_case(9_000), settled_at={"missing": NOW - 240 * SECOND}),
        False,
    ),
    "settled by a person five minutes ago": (
        replace(missing_case(9_000), settled_at={"missing": NOW - 300 * SECOND}),
        True,
    ),
}


@pytest.mark.parametrize("name", ABSENCES)
def test_c_5_detect__missing_from_a_covered_place(name: str) -> None:
    case, expected = ABSENCES[name]
    assert (CARRIER_CHECKS["missing"](case, NOW, LIMITS) is not None) is expected


def test_what_its_place_does_not_hear_and_another_store_does_is_misplaced_though_uncertain_on_which_shelf() -> None:
    case = replace(missing_case(), radio=UNSURE)
    verdict = CARRIER_CHECKS["misplaced"](case, NOW, LIMITS)
    assert verdict is not None
    assert (verdict.place, verdict.evidence["rule"]["code"]) == (SPOTS["shelf-2"].id, "misplaced_beside")
    assert verdict.evidence["absent"] == {"since_at": NOW - 300 * SECOND, "until_at": NOW}
    # Of one carrier one of the two is said.
    assert CARRIER_CHECKS["missing"](case, NOW, LIMITS) is None
    for other in (missing_case(), replace(case, missing_open=True), replace(case, books_cover=None)):
        assert CARRIER_CHECKS["misplaced"](other, NOW, LIMITS) is None


IMPATIENT = replace(LIMITS, missing_after=5 * SECOND)
"""An organisation that wants to know sooner than the belief follows a carrier from shelf to shelf."""


@pytest.mark.parametrize(
    ("silent_seconds", "heard_by_others", "found"),
    [(4, False, False), (5, False, True), (5, True, False), (29, True, False), (30, True, True)],
)
def test_what_others_hear_is_not_missing_before_the_belief_can_follow_it(
    silent_seconds: int, heard_by_others: bool, found: bool
) -> None:
    silent_since = NOW - silent_seconds * SECOND
    heard_at = NOW if heard_by_others else silent_since
    home = RadioSays("AA", SPOTS["shelf"], "unconfirmed", LONG_AGO, heard_at, silent_since, "r", 2)
    case = replace(missing_case(9_000, silent_seconds), radio=home)
    assert (CARRIER_CHECKS["missing"](case, NOW, IMPATIENT) is not None) is found


def test_absence_is_judged_by_the_coverage_not_by_the_clock() -> None:
    case = missing_case(299)
    later = NOW + 3_600 * SECOND
    assert CARRIER_CHECKS["missing"](case, later, LIMITS) is None


def test_the_evidence_of_an_absence_says_from_when_to_when_the_place_was_covered() -> None:
    verdict = CARRIER_CHECKS["missing"](missing_case(9_000, 400), NOW, LIMITS)
    assert verdict is not None
    assert verdict.evidence["coverage"] == {
        "since_at": NOW - 9_000 * SECOND,
        "through_at": NOW,
        "antennas": ["r/1", "r/2"],
    }
    assert verdict.evidence["absent"] == {"since_at": NOW - 400 * SECOND, "until_at": NOW}
    assert verdict.evidence["rule"] == {"code": "missing", "params": {"after_seconds": 300, "place": "shelf"}}


def test_a_belief_holds_only_as_long_as_its_antennas_listened() -> None:
    case = a_case("in_place", "shelf", "shelf-2", "confirmed", 3_600)
    assert case.radio is not None
    heard = NOW - 3_550 * SECOND
    fell_silent = replace(
        case,
        radio=replace(case.radio, heard_at=heard, here_at=heard),
        radio_cover=Cover(LONG_AGO, heard, ("r/1",)),
    )
    assert CARRIER_CHECKS["misplaced"](fell_silent, NOW, LIMITS) is None
    listened_on = replace(fell_silent, radio_cover=Cover(LONG_AGO, NOW, ("r/1",)))
    assert CARRIER_CHECKS["misplaced"](listened_on, NOW, LIMITS) is not None


def test_what_left_by_a_portal_is_not_also_gone_or_in_a_wrong_place() -> None:
    out = replace(
        a_case("in_place", "shelf", "grounds", "probable", 900),
        removal_open=True,
        radio_is_outside=True,
        radio_deaf=True,
    )
    assert not [kind for kind, check in CARRIER_CHECKS.items() if check(out, NOW, LIMITS)]
    settled = replace(out, removal_open=False)
    assert [kind for kind, check in CARRIER_CHECKS.items() if check(settled, NOW, LIMITS)] == [
        "gone_not_lent",
        "place_rated_too_low",
    ]


@pytest.mark.parametrize(
    ("status", "place", "clause"),
    [("in_place", "low", "f.2"), ("on_loan", "corridor", "c.2"), ("on_loan", "low", "c.2")],
)
def test_a_place_rated_too_low_names_the_clause_of_its_use(status: str, place: str, clause: str) -> None:
    verdict = CARRIER_CHECKS["place_rated_too_low"](a_case(status, "shelf", place, "confirmed", 60), NOW, LIMITS)
    assert verdict is not None
    assert verdict.evidence["clause"] == clause


@pytest.mark.parametrize(
    ("status", "due_seconds_ago", "settled_days_ago", "found"),
    [
        ("on_loan", 1, None, True),
        ("on_loan", 0, None, False),
        ("on_loan", -60, None, False),
        ("in_place", 60, None, False),
        ("on_loan", 90_000, 0.9, False),
        ("on_loan", 90_000, 1.0, True),
    ],
)
def test_c_5_remind__past_the_due_day(
    status: str, due_seconds_ago: int, settled_days_ago: float | None, found: bool
) -> None:
    case = a_case(status, "-", "-", "-", 0)
    settled = {} if settled_days_ago is None else {"overdue_loan": NOW - int(settled_days_ago * 86_400) * SECOND}
    case = replace(case, books=replace(case.books, due_at=NOW - due_seconds_ago * SECOND, holder=4), settled_at=settled)
    verdict = CARRIER_CHECKS["overdue_loan"](case, NOW, LIMITS)
    assert (verdict is not None) is found
    assert verdict is None or verdict.person == 4


def a_passage(direction: str = "out", score: float | None = 0.9, status: str = "in_place") -> PassageCase:
    """A carrier's tag went by the gate."""
    return PassageCase(
        carrier=17,
        epc="AA",
        portal=SPOTS["gate"],
        outside=SPOTS["grounds"],
        direction=direction,
        score=score,
        since_at=NOW - 2 * SECOND,
        until_at=NOW - SECOND,
        status=status,
        books=BooksSay(status, "secret", 2, 1),
    )


PASSAGES = """
# direction  score  status            found
out          0.85   in_place          unauthorised_removal
out          0.84   in_place          suspected_removal
out          0.30   in_place          suspected_removal
out          0.29   in_place          -
out          -      in_place          unauthorised_removal
out          0.99   on_loan           unauthorised_removal
out          0.99   carried_out       -
out          0.99   in_transit        -
out          0.99   provided_outside  -
unknown      0.95   on_loan           suspected_removal
unknown      -      in_place          suspected_removal
unknown      0.10   in_place          -
in           0.99   in_place          -
"""


@pytest.mark.parametrize("line", scenarios(PASSAGES), ids=" ".join)
def test_e_1_detect__out_by_a_portal_without_a_permit(line: list[str]) -> None:
    direction, score, status, expected = line
    verdict = removal(a_passage(direction, None if score == "-" else float(score), status), NOW, LIMITS)
    assert (verdict.kind if verdict else "-") == expected
    if verdict:
        assert verdict.about == f"carrier:17@{NOW - 2 * SECOND}"
        assert verdict.evidence["radio"]["direction"] == direction


def test_an_alarm_that_comes_late_says_so() -> None:
    verdict = removal(a_passage(), NOW + 600 * SECOND, LIMITS)
    assert verdict is not None
    assert verdict.evidence["late_seconds"] == 601


@pytest.mark.parametrize(
    ("bound", "reads", "settled_days_ago", "found"),
    [
        (False, 2, None, True),
        (False, 1, None, False),
        (True, 9, None, False),
        (False, 9, 0.5, False),
        (False, 9, 1.0, True),
    ],
)
def test_a_tag_that_nobody_bears(bound: bool, reads: int, settled_days_ago: float | None, found: bool) -> None:
    settled = None if settled_days_ago is None else NOW - int(settled_days_ago * 86_400) * SECOND
    case = TagCase("AA", bound, reads, LONG_AGO, NOW, SPOTS["shelf"], "probable", settled_at=settled)
    assert (unknown_tag("unknown_tag", case, NOW, LIMITS) is not None) is found


def a_reader(*through_seconds_ago: int | None, since_seconds_ago: int = 9_000, enabled: bool = True) -> ReaderCase:
    """A reader, its antennas last listening so many seconds ago (None: never)."""
    antennas = tuple(
        AntennaCase(number, f"place-{number}", None if ago is None else NOW - ago * SECOND)
        for number, ago in enumerate(through_seconds_ago, 1)
    )
    return ReaderCase("portal", enabled, antennas, NOW - since_seconds_ago * SECOND, "listening", NOW)


READERS = {
    "listening a moment ago": (a_reader(5, 5), []),
    "at the limit": (a_reader(45), []),
    "beyond it": (a_reader(46), [1]),
    "one antenna of two": (a_reader(5, 46), [2]),
    "never, and long expected": (a_reader(None), [1]),
    "never, but just put to work": (a_reader(None, since_seconds_ago=45), []),
    "long ago, but just put to work again": (a_reader(9_999, since_seconds_ago=45), []),
    "not in use": (a_reader(9_999, enabled=False), []),
    "without antennas": (a_reader(), []),
}


@pytest.mark.parametrize("name", READERS)
def test_a_reader_that_should_listen_and_does_not(name: str) -> None:
    case, deaf = READERS[name]
    verdict = reader_silent(case, NOW, LIMITS)
    assert [entry["antenna"] for entry in (verdict.evidence["not_covered"] if verdict else [])] == deaf


def test_a_silent_reader_says_which_places_are_not_covered_since_when() -> None:
    verdict = reader_silent(a_reader(5, 600), NOW, LIMITS)
    assert verdict is not None
    assert verdict.happened_at == NOW - 600 * SECOND
    assert verdict.evidence["not_covered"] == [{"antenna": 2, "place": "place-2", "through_at": NOW - 600 * SECOND}]
