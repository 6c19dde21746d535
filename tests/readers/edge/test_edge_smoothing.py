"""Smoothing: first sights at once, one sighting a period for what lies still, and no read lost or doubled."""

from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readers.driver import PackedBatch, TagRow
from readers.sighting import Sighting, TagRead
from readers.smoothing import Smoother

SECOND = 1_000_000
PERIOD = 10 * SECOND
NOON = 1_750_000_000_000_000
EPC = "3414F4A2000000A1B2C3D4E5"


def read(
    at: float, epc: str = EPC, antenna: int = 1, rssi: float | None = -50, count: int = 1, **more: object
) -> TagRead:
    """A read `at` seconds after noon, received at the same time."""
    when = NOON + round(at * SECOND)
    return replace(TagRead(epc, "cabinet", antenna, when, when, rssi, count), **more)  # type: ignore[arg-type]


def due(smoother: Smoother, at: float) -> list[tuple[float, float, int]]:
    """What is due `at` seconds after noon: first and last in seconds after noon, count."""
    return [
        ((found.first_at - NOON) / SECOND, (found.last_at - NOON) / SECOND, found.count)
        for found in smoother.due(NOON + round(at * SECOND))
    ]


def test_the_first_sight_is_due_at_once() -> None:
    smoother = Smoother(PERIOD)
    smoother.take([read(0.0), read(0.1)])
    assert due(smoother, 0.25) == [(0.0, 0.1, 2)]
    assert due(smoother, 0.5) == []


def test_a_tag_that_lies_still_is_told_once_a_period() -> None:
    smoother = Smoother(PERIOD)
    told = []
    for tick in range(400):
        at = tick / 4
        smoother.take([read(at), read(at + 0.1)])
        told += due(smoother, at + 0.2)
    assert [round(last - first) for first, last, _ in told] == [0] + [10] * 9
    assert sum(count for _, _, count in told) + smoother.flush()[0].count == 800


def test_after_an_absence_the_next_read_is_a_first_sight_again() -> None:
    smoother = Smoother(PERIOD)
    smoother.take([read(0)])
    assert len(due(smoother, 0.25)) == 1
    smoother.take([read(1)])
    assert due(smoother, 2) == []
    assert due(smoother, 10.5) == [(1, 1, 1)]
    assert due(smoother, 21) == []
    smoother.take([read(30)])
    assert due(smoother, 30.25) == [(30, 30, 1)]


def test_antennas_readers_and_chips_are_apart() -> None:
    smoother = Smoother(PERIOD)
    smoother.take([read(0), read(0, antenna=2), read(0, reader="portal"), read(0, tid="E280"), read(0, tid="E281")])
    found = smoother.due(NOON)
    assert len({(each.reader, each.antenna, each.tid) for each in found}) == len(found) == 5


def test_strength_is_the_best_and_the_mean_over_all_reads() -> None:
    smoother = Smoother(PERIOD)
    smoother.take([read(0, rssi=-60, count=3), read(1, rssi=-40), read(2, rssi=None, count=5)])
    (found,) = smoother.due(NOON)
    assert (found.strongest_dbm, found.mean_dbm, found.count) == (-40, -55.0, 9)
    smoother.take([read(3, epc="AA", rssi=None)])
    (silent,) = smoother.due(NOON)
    assert (silent.strongest_dbm, silent.mean_dbm) == (None, None)


def test_a_burst_after_an_hour_makes_its_own_sightings() -> None:
    """Given a reader that queued for an hour, when it sends all at once, then event time keeps them apart."""
    smoother = Smoother(PERIOD)
    late = [read(at, received_at=NOON + 3600 * SECOND) for at in range(0, 3600, 4)]
    smoother.take([read(3600), *late])
    found = sorted(due(smoother, 3600.25))
    assert sum(count for *_, count in found) == 901
    assert all(last - first <= 10 for first, last, _ in found)
    assert len(found) >= 300


def test_a_clock_set_back_holds_nothing_back() -> None:
    smoother = Smoother(PERIOD)
    smoother.take([read(0)])
    assert len(due(smoother, 0)) == 1
    smoother.take([read(1)])
    assert len(due(smoother, -3600)) == 1
    smoother.take([read(2)])
    assert len(due(smoother, -3600 + 10)) == 1


def test_memory_is_bounded_by_making_everything_due() -> None:
    smoother = Smoother(PERIOD, intervals_max=100)
    smoother.take([read(0, epc=f"{at:04X}") for at in range(50)])
    smoother.due(NOON)
    smoother.take([read(1, epc=f"{at:04X}") for at in range(50)])
    assert not smoother.full
    assert due(smoother, 2) == []
    smoother.take([read(1, epc=f"{at:04X}") for at in range(100, 150)])
    assert smoother.full
    assert len(due(smoother, 2)) == 100
    assert smoother.pending == 0


def test_what_is_gone_is_forgotten() -> None:
    smoother = Smoother(PERIOD)
    for at in range(0, 2000, 20):
        smoother.take([read(at, epc=f"{at:06X}{n:06X}") for n in range(10)])
        smoother.due(NOON + at * SECOND)
    assert smoother.remembered <= 20


def test_a_number_that_is_no_hexadecimal_is_its_own_key() -> None:
    smoother = Smoother(PERIOD)
    smoother.take([read(0, epc="carrier-7"), read(1, epc="carrier-7")])
    (found,) = smoother.due(NOON)
    assert (found.epc, found.count) == ("carrier-7", 2)


def test_a_report_folded_over_longer_than_a_period_tells_its_two_ends() -> None:
    smoother = Smoother(PERIOD)
    smoother.take_rows("cabinet", [(b"\xaa", 1, -50, NOON, NOON + 60 * SECOND, 40)], NOON)
    assert sorted(due(smoother, 60)) == [(0, 0, 39), (60, 60, 1)]


def test_a_period_must_be_a_period() -> None:
    with pytest.raises(ValueError, match="longer than 0"):
        Smoother(0)


# Properties

seconds = st.one_of(st.floats(0, 30), st.floats(-4000, 4000))
tag_reads = st.builds(
    read,
    at=seconds,
    epc=st.sampled_from(("AA", "AB", EPC)),
    antenna=st.integers(1, 2),
    rssi=st.none() | st.integers(-80, -30),
    count=st.integers(1, 5),
)
steps = st.lists(st.tuples(st.lists(tag_reads, max_size=12), st.floats(-1, 15)), max_size=10)


@given(steps)
@settings(max_examples=150, deadline=None)
def test_no_read_is_lost_or_counted_twice(sent: list[tuple[list[TagRead], float]]) -> None:
    """Whatever the order and lateness: counts, earliest and latest of every tag at every antenna are kept."""
    smoother, now = Smoother(PERIOD), 0.0
    told: list[Sighting] = []
    for reads, later in sent:
        smoother.take(reads)
        now += later
        told += smoother.due(NOON + round(now * SECOND))
    told += smoother.flush()
    assert smoother.pending == 0

    def folded(items: list[tuple[tuple[str, int], int, int, int]]) -> dict[tuple[str, int], tuple[int, int, int]]:
        by_tag: dict[tuple[str, int], list[tuple[int, int, int]]] = defaultdict(list)
        for key, first, last, count in items:
            by_tag[key].append((first, last, count))
        return {
            key: (min(row[0] for row in rows), max(row[1] for row in rows), sum(row[2] for row in rows))
            for key, rows in by_tag.items()
        }

    reads = [item for reads, _ in sent for item in reads]
    assert folded([((s.epc, s.antenna), s.first_at, s.last_at, s.count) for s in told]) == folded(
        [((r.epc, r.antenna), r.read_at, r.read_at, r.count) for r in reads]
    )
    assert all(0 <= found.last_at - found.first_at <= PERIOD for found in told)


rows = st.lists(
    st.tuples(
        st.sampled_from((b"\xaa", b"\xab", bytes.fromhex(EPC))),
        st.integers(1, 2),
        st.none() | st.integers(-80, -30),
        st.integers(0, 40).map(lambda at: NOON + at * SECOND),
        st.integers(0, 40).map(lambda at: NOON + at * SECOND),
        st.integers(0, 4),
    ),
    max_size=20,
)


@given(st.lists(rows, max_size=6))
@settings(max_examples=150, deadline=None)
def test_rows_and_reads_are_the_same_evidence(batches: list[list[TagRow]]) -> None:
    packed, plain = Smoother(PERIOD), Smoother(PERIOD)
    for at, batch in enumerate(batches):
        received = NOON + at * 3 * SECOND
        ordered: list[TagRow] = [(e, a, r, min(f, u), max(f, u), c) for e, a, r, f, u, c in batch]
        packed.take_rows("cabinet", batch, received)
        plain.take(PackedBatch("cabinet", ordered, received, received, None, None).reads)

    def known(found: list[Sighting]) -> dict[tuple[str, int], tuple[int, int, int, float | None]]:
        by_tag: dict[tuple[str, int], list[Sighting]] = defaultdict(list)
        for each in found:
            by_tag[(each.epc, each.antenna)].append(each)
        return {
            key: (
                min(one.first_at for one in same),
                max(one.last_at for one in same),
                sum(one.count for one in same),
                max((one.strongest_dbm for one in same if one.strongest_dbm is not None), default=None),
            )
            for key, same in by_tag.items()
        }

    assert known(packed.due(NOON)) == known(plain.due(NOON))
    assert packed.pending == plain.pending == 0
