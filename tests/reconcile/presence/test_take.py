"""Taking deliveries: each record once, in any order, however late; on both engines."""

import json
import threading
from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from custody.database import Database
from reconcile.coverage import merged
from reconcile.intake import IntakeBatch, LossRecord
from reconcile.store.core import COVERAGE, READER, READER_EVENT, SIGHTING
from reconcile.store.devices import DeviceExists, create_device, device_for_token, devices, revoke_device, token_hash
from reconcile.store.intake import SOURCE, Acknowledgement, Sequences, take
from tests.builders import NOW
from tests.reconcile.presence.scenes import Record, at, batch, coverage, report, sighting

BOOTS = count(1)


def deliver(database: Database, delivery: IntakeBatch, device: str = "edge-1") -> Acknowledgement:
    """One delivery, committed."""
    with database.writing() as connection:
        return take(connection, device, delivery, NOW)


def sequences_here(database: Database, boot: str) -> list[int]:
    """Sequences of the sightings of a boot, as often as they are in the table."""
    with database.reading() as connection:
        wanted = select(SIGHTING.c.sequence).join(SOURCE, SOURCE.c.id == SIGHTING.c.source)
        return sorted(connection.execute(wanted.where(SOURCE.c.boot == boot)).scalars())


def test_a_delivery_is_taken_and_acknowledged(database: Database) -> None:
    first = deliver(database, batch([sighting(1), sighting(2), coverage(3, 0, 5)]))
    assert first == Acknowledgement(acknowledged=3, taken=3, repeated=0)
    # When the answer was lost and it comes again, nothing changes.
    assert deliver(database, batch([sighting(1), sighting(2), coverage(3, 0, 5)])) == Acknowledgement(3, 0, 3)
    assert sequences_here(database, "00" * 16) == [1, 2]


@pytest.mark.parametrize(
    ("deliveries", "acknowledged"),
    [
        ([[1, 2], [3]], [2, 3]),
        ([[3], [1], [2]], [0, 1, 3]),
        ([[2, 3], [5], [1], [4]], [0, 0, 3, 5]),
        ([[1], [1], [2]], [1, 1, 2]),
        ([[10], [9], [1]], [0, 0, 1]),
    ],
)
def test_acknowledged_is_gapless(
    sqlite_database: Database, deliveries: list[list[int]], acknowledged: list[int]
) -> None:
    answers = [deliver(sqlite_database, batch([sighting(n) for n in numbers])) for numbers in deliveries]
    assert [answer.acknowledged for answer in answers] == acknowledged


@given(st.lists(st.frozensets(st.integers(1, 40), max_size=12), max_size=12))
def test_sequences_are_a_set(pieces: list[frozenset[int]]) -> None:
    here, seen = Sequences(0, []), set[int]()
    for piece in pieces:
        here = here.extended(piece)
        seen |= piece
    assert [n for n in range(42) if n in here] == sorted(seen | {0})
    assert here.acknowledged == next(n for n in range(42) if n + 1 not in seen)
    assert all(first > here.acknowledged + 1 and first <= last for first, last in here.ahead)


@settings(max_examples=25)
@given(st.data())
def test_every_record_is_taken_once_under_duplicates_and_reordering(database: Database, data: st.DataObject) -> None:
    # Given a boot's records, delivered in overlapping pieces, in any order, some of them twice
    total = data.draw(st.integers(1, 30))
    cuts = data.draw(st.lists(st.tuples(st.integers(1, total), st.integers(0, 12)), max_size=10))
    pieces = [list(range(start, min(total, start + length) + 1)) for start, length in cuts]
    pieces = data.draw(st.permutations([*pieces, list(range(1, total + 1))]))
    boot = f"{next(BOOTS):032x}"
    kinds: list[Callable[[int], Record]] = [
        lambda n: sighting(n, first=n),
        lambda n: coverage(n, n, n + 1, reader=f"r{boot}"),
        lambda n: report(n, "listening", n, reader=f"r{boot}"),
        lambda n: LossRecord(n, at(n), at(n + 1), 1),
    ]
    seen: set[int] = set()
    for piece in pieces:
        answer = deliver(database, batch([kinds[n % 4 if n % 3 else 0](n) for n in piece], boot))
        # then each delivery says what was new,
        assert (answer.taken, answer.repeated) == (len(set(piece) - seen), len(set(piece) & seen))
        seen |= set(piece)
        assert answer.acknowledged == next(n for n in range(total + 2) if n + 1 not in seen)
    # and every sighting and every event is there once.
    assert sequences_here(database, boot) == [n for n in range(1, total + 1) if not n % 3 or not n % 4]
    with database.reading() as connection:
        source = connection.execute(select(SOURCE.c.id).where(SOURCE.c.boot == boot)).scalar_one()
        events = select(READER_EVENT.c.sequence).where(READER_EVENT.c.source == source)
        assert sorted(connection.execute(events).scalars()) == [n for n in range(1, total + 1) if n % 3 and n % 4 > 1]


_SPAN = st.tuples(st.integers(0, 60), st.integers(0, 15))


@settings(max_examples=40)
@given(st.lists(_SPAN, min_size=1, max_size=14), st.data())
def test_coverage_is_the_union_whatever_the_order(
    database: Database, spans: list[tuple[int, int]], data: st.DataObject
) -> None:
    boot = f"{next(BOOTS):032x}"
    intervals = [(since / 2, (since + length) / 2) for since, length in spans]
    records = [coverage(n, *interval, reader=f"r{boot}") for n, interval in enumerate(intervals, 1)]
    shuffled = data.draw(st.permutations(records))
    size = data.draw(st.integers(1, 5))
    for start in range(0, len(shuffled), size):
        deliver(database, batch(shuffled[start : start + size], boot))
    with database.reading() as connection:
        wanted = select(COVERAGE.c.since_at, COVERAGE.c.through_at).where(COVERAGE.c.reader == f"r{boot}")
        kept = sorted(map(tuple, connection.execute(wanted)))
        through = connection.execute(select(READER.c.through_at).where(READER.c.name == f"r{boot}")).scalar_one()
    assert kept == [tuple(i) for i in merged((at(since), at(until)) for since, until in intervals)]
    assert through == kept[-1][1]


def test_an_unknown_reader_is_taken_and_shown_as_unknown(database: Database) -> None:
    deliver(database, batch([sighting(1, reader="new-one")]))
    with database.reading() as connection:
        row = connection.execute(select(READER).where(READER.c.name == "new-one")).one()
    assert (bool(row.enabled), row.title_zh, row.title_en, row.device) == (False, "", "", "edge-1")


def test_the_newest_report_counts_and_all_are_kept(database: Database) -> None:
    deliver(database, batch([report(1, "listening", 10, model="R700", clock_offset_us=900), report(2, "silent", 20)]))
    # When an older report comes late, and one without a model,
    deliver(database, batch([report(4, "connecting", 5, model="old"), report(3, "disconnected", 30, detail="cut")]))
    with database.reading() as connection:
        row = connection.execute(select(READER).where(READER.c.name == "shelf")).one()
        states = connection.execute(select(READER_EVENT.c.state).order_by(READER_EVENT.c.at)).scalars().all()
    # then the row says the newest, and keeps what only an earlier one said.
    assert (row.state, row.state_at, row.detail) == ("disconnected", at(30), "cut")
    assert (row.model, row.clock_offset_us) == ("R700", 900)
    assert states == ["connecting", "listening", "silent", "disconnected"]


def test_a_loss_is_kept_as_an_event(database: Database) -> None:
    deliver(database, batch([LossRecord(1, at(0), at(60), 1234)]))
    with database.reading() as connection:
        row = connection.execute(select(READER_EVENT)).one()
    assert (row.state, row.reader, row.at) == ("loss", "", at(60))
    assert json.loads(row.detail) == {"records": 1234, "since_at": at(0), "through_at": at(60)}


def test_a_device_cannot_stand_in_the_way_of_another(database: Database) -> None:
    # Given a device that posts in the name of another, with that one's own boot and sequences,
    forged = deliver(database, batch([sighting(1, first=99)], daemon="edge-1"), device="edge-2")
    # when the true one delivers, its records are taken all the same.
    assert deliver(database, batch([sighting(1)])) == Acknowledgement(1, 1, 0)
    assert forged.taken == 1
    assert sequences_here(database, "00" * 16) == [1, 1]


def test_a_delivery_that_fails_leaves_nothing(database: Database) -> None:
    def cut_off() -> None:
        with database.writing() as connection:
            take(connection, "edge-1", batch([sighting(1), coverage(2, 0, 5)]), NOW)
            raise ConnectionError("cut off before the commit")

    with pytest.raises(ConnectionError, match="before the commit"):
        cut_off()
    with database.reading() as connection:
        for table in (SIGHTING, COVERAGE, SOURCE, READER):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0


def test_the_same_delivery_on_several_connections_at_once_is_taken_once(database: Database) -> None:
    barrier = threading.Barrier(4)
    answers: list[Acknowledgement] = []

    def post(boot: str) -> None:
        barrier.wait()
        for start in range(1, 200, 50):
            records = [sighting(n, reader=f"r{n % 3}") for n in range(start, start + 50)]
            answers.append(deliver(database, batch([*records, coverage(1000 + start, start, start + 50)], boot)))

    threads = [threading.Thread(target=post, args=(f"{n // 2:032x}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(answer.taken for answer in answers) == 2 * 204
    assert sum(answer.repeated for answer in answers) == 2 * 204
    for boot in (f"{0:032x}", f"{1:032x}"):
        assert sequences_here(database, boot) == list(range(1, 201))


def test_a_large_delivery(database: Database) -> None:
    answer = deliver(database, batch([sighting(n, epc=f"{n:024X}") for n in range(1, 5001)]))
    assert answer == Acknowledgement(5000, 5000, 0)
    assert len(sequences_here(database, "00" * 16)) == 5000


def test_devices_come_and_go(database: Database) -> None:
    hashed = token_hash("a long random token")
    with database.writing() as connection:
        create_device(connection, "edge-1", hashed, NOW)
        with pytest.raises(DeviceExists, match="edge-1"):
            create_device(connection, "edge-1", token_hash("another"), NOW)
        with pytest.raises(DeviceExists):
            create_device(connection, "edge-2", hashed, NOW)
        with pytest.raises(ValueError, match="without a colon"):
            create_device(connection, "edge:1", token_hash("third"), NOW)
        assert device_for_token(connection, hashed, NOW) == "edge-1"
        assert device_for_token(connection, token_hash("guess"), NOW) is None
    deliver(database, batch([sighting(1)]))
    with database.writing() as connection:
        assert [(d.name, d.last_seen_at) for d in devices(connection)] == [("edge-1", NOW)]
        assert revoke_device(connection, "edge-1", NOW)
        assert not revoke_device(connection, "edge-1", NOW)
        assert device_for_token(connection, hashed, NOW) is None
        # A revoked name is not given again.
        with pytest.raises(DeviceExists):
            create_device(connection, "edge-1", token_hash("new"), NOW)
