"""Reference tags: an antenna that is cut off from its connection's good word makes no carrier missing."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from custody.database import Database
from custody.values import SECOND
from reconcile.coverage import merged, proven
from reconcile.findings import run_checks
from reconcile.presence import settings_from
from reconcile.store.candidates import world
from reconcile.store.core import FINDING
from reconcile.store.coverage import covered, listened_through, place_coverage
from reconcile.store.intake import take
from reconcile.store.presence import fold_new
from reconcile.store.readers import ConfigurationInvalid, upsert_antenna, upsert_reader
from reconcile.store.references import add_reference_tag, reference_tags, remove_reference_tag
from tests.builders import SCHEME, SHELF, Archive, epc_of
from tests.reconcile.presence.scenes import Record, at, batch, coverage, numbered, sighting

REFERENCE = "3414F4A2FFFFFFFFFFFFFF01"
_SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda s: (s[0], s[0] + s[1])), max_size=8)
STEP = 10**8


def scaled(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """So far apart that the tolerance of touching joins none."""
    return [(a * STEP, b * STEP) for a, b in spans]


@settings(max_examples=50)
@given(_SPANS, _SPANS, st.integers(0, 15), st.integers(0, 70))
def test_what_is_proven_lay_within_the_connection_and_near_a_hearing(
    alive: list[tuple[int, int]], heard: list[tuple[int, int]], silence: int, since: int
) -> None:
    shown = proven(scaled(alive), scaled(heard), silence * STEP, since * STEP)
    lived, near = merged(scaled(alive)), merged(scaled(heard), silence * STEP)
    for middle in (half * STEP // 2 for half in range(1, 150, 2)):
        is_alive = any(a < middle < b for a, b in lived)
        is_near = any(a < middle < b for a, b in near)
        assert any(a < middle < b for a, b in shown) == (is_alive and (middle < since * STEP or is_near))
    assert all(a < b for a, b in shown)


@settings(max_examples=40)
@given(_SPANS, _SPANS, _SPANS)
def test_more_hearings_never_prove_less(
    alive: list[tuple[int, int]], heard: list[tuple[int, int]], more: list[tuple[int, int]]
) -> None:
    few, many = (proven(scaled(alive), scaled(one), 5 * STEP, 0) for one in (heard, heard + more))
    assert all(any(c <= a and b <= d for c, d in many) for a, b in few)


@pytest.fixture
def site(sqlite_archive: Archive) -> Database:
    """A shelf with one antenna, which a reference tag proves from the tenth second on."""
    with sqlite_archive.books.database.writing() as connection:
        upsert_reader(connection, "shelf", at(0), title_zh="一号柜", title_en="")
        upsert_antenna(connection, "shelf", 1, SHELF)
        add_reference_tag(connection, "shelf", 1, REFERENCE.lower(), at(10))
    return sqlite_archive.books.database


def arrive(database: Database, *records: Record, now: float = 10_000) -> None:
    """What a daemon posts, in one delivery."""
    with database.writing() as connection:
        take(connection, "edge-1", batch(records), at(now))


def spans(database: Database, until: float = 10_000) -> list[tuple[float, float]]:
    """When the shelf was covered, in seconds of the scene."""
    with database.reading() as connection:
        found = covered(connection, SHELF, at(0), at(until))
    return [((a - at(0)) / SECOND, (b - at(0)) / SECOND) for a, b in found]


def opened(database: Database, numbers: Sequence[str]) -> Sequence[Any]:
    """The findings of these numbers."""
    with database.reading() as connection:
        return connection.execute(select(FINDING).where(FINDING.c.number.in_(numbers))).all()


def proof(sequence: int, first: float, last: float, antenna: int = 1) -> Record:
    """The reference tag, heard."""
    return sighting(sequence, epc=REFERENCE, first=first, last=last, antenna=antenna)


def test_coverage_ends_at_the_last_hearing_though_the_connection_lives(site: Database) -> None:
    arrive(site, coverage(1, 0, 600), proof(2, 20, 30), proof(3, 140, 150), proof(4, 290, 300))
    fold_new(site, settings_from(SCHEME), at(600))
    # Before there was a reference tag the connection is believed; a silence of 110 s is none, one of 140 s is.
    assert spans(site) == [(0, 10), (20, 150), (290, 300)]
    with site.reading() as connection:
        assert listened_through(connection)[SHELF] == at(300)
        (row,) = connection.execute(place_coverage(at(600))).all()
        assert (row.since_at, row.through_at) == (at(290), at(300))
        assert world(connection).covers[SHELF].through_at == at(300)
        (tag,) = reference_tags(connection)
        assert (tag.epc, tag.heard_at) == (REFERENCE, at(300))


def test_another_antenna_hearing_the_tag_proves_nothing(site: Database) -> None:
    arrive(site, coverage(1, 20, 600), proof(2, 20, 600, antenna=2))
    assert spans(site) == []


def test_whatever_order_and_delivery_the_coverage_is_the_same(site: Database) -> None:
    told: list[Record] = [
        *(coverage(0, since, since + 30) for since in range(0, 300, 30)),
        *(coverage(0, since, since + 30) for since in range(400, 700, 30)),
        *(proof(0, since, since + 8) for since in (*range(20, 120, 10), 210, 330, 460, 560, 690)),
    ]
    ordered = numbered(told)
    random.Random(7).shuffle(ordered)
    for some in _threes(ordered):
        arrive(site, *some)
    heard = [(20, 128), (210, 218), (330, 338), (460, 468), (560, 568), (690, 698)]
    wanted = proven([(at(0), at(300)), (at(400), at(700))], [(at(a), at(b)) for a, b in heard], 120 * SECOND, at(10))
    assert spans(site) == [((a - at(0)) / SECOND, (b - at(0)) / SECOND) for a, b in wanted]


def _threes(records: Sequence[Record]) -> list[tuple[Record, ...]]:
    return [tuple(records[start : start + 3]) for start in range(0, len(records), 3)]


def test_a_hearing_that_comes_late_closes_the_gap(site: Database) -> None:
    arrive(site, coverage(1, 20, 400), proof(2, 20, 30), proof(4, 230, 240))
    assert spans(site) == [(20, 30), (230, 240)]
    arrive(site, proof(3, 125, 135))
    assert spans(site) == [(20, 240)]


def test_a_reference_tag_is_nobody_and_nowhere(site: Database) -> None:
    arrive(
        site, coverage(1, 20, 400), proof(2, 20, 30), proof(3, 30, 40), sighting(4, epc=epc_of(7), first=20, last=30)
    )
    folded = fold_new(site, settings_from(SCHEME), at(50))
    assert (folded.sightings, folded.changed_epcs) == (3, (epc_of(7),))
    run = run_checks(site, SCHEME, at(60), kinds=["unknown_tag"])
    assert [one.epc for one in opened(site, run.opened)] == [epc_of(7)]
    # And what was taken for an unknown tag before is none from then on
    with site.writing() as connection:
        add_reference_tag(connection, "shelf", 1, epc_of(7), at(70))
    assert run_checks(site, SCHEME, at(80), kinds=["unknown_tag"]).cleared == run.opened


def test_a_carriers_tag_is_no_reference(sqlite_archive: Archive, site: Database) -> None:
    sqlite_archive.carrier()
    with site.writing() as connection:
        for wrong in (epc_of(1), "3414F4A2FFFFFFFFFFFFFF0", "UID", ""):
            with pytest.raises(ConfigurationInvalid):
                add_reference_tag(connection, "shelf", 1, wrong, at(10))


def test_without_its_tag_the_connection_alone_counts_again(site: Database) -> None:
    arrive(site, coverage(1, 20, 400), proof(2, 20, 30))
    with site.writing() as connection:
        assert remove_reference_tag(connection, "shelf", 1, REFERENCE)
        assert not remove_reference_tag(connection, "shelf", 1, REFERENCE)
    arrive(site, coverage(3, 400, 500))
    # What was not proved then stays unproved.
    assert spans(site) == [(20, 30), (400, 500)]


def test_a_cable_that_is_off_makes_no_carrier_missing_and_is_found(sqlite_archive: Archive, site: Database) -> None:
    # Given a carrier heard on its shelf; then the cable falls off, and the reader goes on saying that all is well
    sqlite_archive.carrier()
    arrive(site, coverage(1, 20, 60), proof(2, 20, 60), sighting(3, first=20, last=60))
    arrive(site, coverage(4, 60, 3_000))
    fold_new(site, settings_from(SCHEME), at(3_000))
    # When the checks run, then the antenna is found, and the carrier is not missing
    run = run_checks(site, SCHEME, at(3_000), kinds=["missing", "antenna_deaf", "reader_silent"])
    (found,) = opened(site, run.opened)
    assert (found.kind, found.about, found.happened_at) == ("antenna_deaf", "antenna:shelf/1", at(60))
    # And when the tag is heard again it clears by itself; then silence counts again, and the carrier is missing
    arrive(site, coverage(5, 3_000, 4_000), *(proof(6 + n, 3_010 + 60 * n, 3_015 + 60 * n) for n in range(16)))
    fold_new(site, settings_from(SCHEME), at(4_000))
    run = run_checks(site, SCHEME, at(4_000), kinds=["missing", "antenna_deaf", "reader_silent"])
    assert run.cleared == (found.number,)
    assert [one.kind for one in opened(site, run.opened)] == ["missing"]


def test_a_reader_that_comes_back_is_not_called_deaf(site: Database) -> None:
    # Given an hour without the reader: its coverage comes before the first sighting that is told
    arrive(site, coverage(1, 20, 60), proof(2, 20, 60))
    arrive(site, coverage(3, 3_660, 3_700))
    assert not run_checks(site, SCHEME, at(3_700), kinds=["antenna_deaf"]).opened
    arrive(site, coverage(4, 3_700, 3_781))
    assert run_checks(site, SCHEME, at(3_781), kinds=["antenna_deaf"]).opened


def test_the_reader_is_silent_by_its_connection_not_by_its_tag(site: Database) -> None:
    # A tag read once in a hundred seconds is no silent reader
    arrive(site, coverage(1, 20, 115), proof(2, 20, 30))
    assert not run_checks(site, SCHEME, at(115), kinds=["reader_silent", "antenna_deaf"]).opened
    assert run_checks(site, SCHEME, at(161), kinds=["reader_silent"]).opened
