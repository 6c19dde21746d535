"""The fault table: a reader that misbehaves over a real connection, and the supervisor that lives with it.

After every fault the reader is heard again without anybody's help, its state was told, and coverage has a gap
exactly where nobody was listening.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from edge_doubles import (
    SHELF,
    YEAR_2000_US,
    ReaderDouble,
    antenna_event,
    eventually,
    message,
    now_us,
    status_bad,
    tag,
    tlv,
)

from readers.columns import SightingColumns
from readers.driver import Batch, ConnectionFailed, Driver, Identity, ProtocolViolated, ReaderBusy, ReaderFrozen
from readers.llrp import LlrpDriver, LlrpSettings
from readers.sighting import Coverage, ReaderReport, Record, Sighting
from readers.supervisor import CoverageMeter, Supervisor, Watching

SECOND = 1_000_000
KEEPALIVE = 0.2


def driver(reader: ReaderDouble, **settings: object) -> LlrpDriver:
    return LlrpDriver(
        LlrpSettings("cabinet", "127.0.0.1", reader.port, keepalive_seconds=KEEPALIVE, **settings),  # type: ignore[arg-type]
        now_us,
    )


@dataclass
class Ward:
    """A supervised reader and everything that was told of it."""

    supervisor: Supervisor
    records: list[Record] = field(default_factory=list)

    def tick(self) -> bool:
        self.supervisor.check()
        for each in self.supervisor.drain(now_us()):
            self.records += each if isinstance(each, SightingColumns) else [each]
        return True

    @property
    def reports(self) -> list[ReaderReport]:
        return [record for record in self.records if isinstance(record, ReaderReport)]

    @property
    def states(self) -> list[str]:
        return [report.state for report in self.reports]

    def sightings(self, since: int = 0) -> list[Sighting]:
        return [each for each in self.records if isinstance(each, Sighting) and each.last_at >= since]

    def coverage(self, antenna: int = 1) -> list[Coverage]:
        return [each for each in self.records if isinstance(each, Coverage) and each.antenna == antenna]

    def counted(self) -> int:
        return sum(each.count for each in self.sightings())

    def sees(self, what: Callable[[], object], seconds: float = 10.0) -> None:
        eventually(lambda: self.tick() and what(), seconds, f"told so far: {self.reports}")

    def hears_again(self) -> None:
        """A tag is heard after now."""
        since = now_us()
        self.sees(lambda: self.sightings(since) and self.supervisor.state == "listening")

    def end(self) -> None:
        self.supervisor.stop()
        self.tick()


def supervised(make: Callable[[], Driver]) -> Ward:
    watching = Watching("cabinet", 200_000, covered_seconds=3 * KEEPALIVE, pause_seconds_max=0.6)
    supervisor = Supervisor(watching, make, clock=now_us, rng=random.Random(3))
    supervisor.start()
    return Ward(supervisor)


@pytest.fixture
def reader() -> Iterator[ReaderDouble]:
    with ReaderDouble() as double:
        yield double


@pytest.fixture
def ward(reader: ReaderDouble) -> Iterator[Ward]:
    """A reader that is being listened to, for a moment already."""
    found = supervised(lambda: driver(reader))
    found.sees(lambda: found.counted() > 8)
    yield found
    found.end()


def freeze(reader: ReaderDouble) -> None:
    reader.frozen.set()
    threading.Timer(1.2, reader.frozen.clear).start()


def restart(reader: ReaderDouble) -> None:
    reader.off()
    threading.Timer(0.5, reader.listen).start()


def saying(data: bytes) -> Callable[[ReaderDouble], None]:
    return lambda reader: reader.say(data)


def event(kind: int) -> bytes:
    return message(63, tlv(246, tlv(128, b"\0" * 8) + tlv(kind)))


FAULTS: list[tuple[str, Callable[[ReaderDouble], None], str, str]] = [
    ("frozen, then thawed", freeze, "silent", "no message for 0.6 s"),
    ("cut in the middle of a message", ReaderDouble.cut, "disconnected", "in the middle of a message"),
    ("connection dropped", ReaderDouble.drop, "disconnected", "ended the connection"),
    ("restart", restart, "disconnected", ""),
    ("malformed report", saying(message(61, tlv(240, b"\x8d" + b"\1" * 12 + b"\x81"))), "faulty", "overruns its tag"),
    ("parameter of no length", saying(message(61, b"\x00\xf0\x00\x00")), "faulty", "0 bytes long"),
    ("no LLRP at all", saying(b"HTTP/1.1 200 OK\r\n\r\n"), "faulty", "is this an LLRP reader"),
    ("three gigabytes", saying(b"\x04\x3d\xb2\xd0\x5e\x00\0\0\0\0"), "faulty", "3000000000 bytes long"),
    ("its report buffer ran over", saying(event(251)), "faulty", "reads were lost"),
    ("it says that it closes", saying(event(257)), "disconnected", "closes the connection"),
]


@pytest.mark.parametrize(("fault", "state", "detail"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_after_a_fault_the_reader_is_heard_again_and_the_gap_is_plain(
    reader: ReaderDouble, ward: Ward, fault: Callable[[ReaderDouble], None], state: str, detail: str
) -> None:
    before = now_us()
    fault(reader)
    ward.sees(lambda: state in ward.states)
    told = next(report for report in ward.reports if report.state == state)
    assert detail in told.detail
    ward.sees(lambda: ward.states[-1] == "listening")
    heard_again = ward.reports[-1].at
    ward.hears_again()
    ward.end()
    assert ward.states[0] == "connecting"
    assert ward.states[-1] == "stopped"
    covered = ward.coverage()
    assert covered[0].since_at < before
    assert covered[-1].through_at > heard_again
    # Nobody listened from the fault (or, when frozen, from the last sign of life) until the next connection.
    holes = [(one.through_at, two.since_at) for one, two in pairwise(covered) if one.through_at != two.since_at]
    ((end, start),) = holes
    assert end <= told.at
    assert start <= heard_again
    assert not any(one.since_at < told.at < one.through_at for one in covered)


def test_a_message_of_unknown_type_costs_nothing(reader: ReaderDouble, ward: Ward) -> None:
    at = now_us()
    after = tag(bytes.fromhex("AB" * 12), 2, -40, at, at, 1)
    reader.say(message(999, b"whatever") + message(61, after))
    ward.sees(lambda: [each for each in ward.sightings() if each.epc == "AB" * 12])
    ward.end()
    assert ward.states == ["connecting", "listening", "stopped"]


def test_reads_before_a_broken_message_in_one_segment_are_kept(reader: ReaderDouble, ward: Ward) -> None:
    at = now_us()
    good = message(61, tag(bytes.fromhex("CD" * 12), 1, -40, at, at, 1))
    reader.say(good + message(61, b"\x00\xf0\x00\x00"))
    ward.sees(lambda: [each for each in ward.sightings() if each.epc == "CD" * 12])
    ward.sees(lambda: "faulty" in ward.states)


def test_no_read_is_lost_or_doubled_while_nothing_is_wrong(reader: ReaderDouble, ward: Ward) -> None:
    ward.sees(lambda: reader.tags_sent > 100)
    reader.reads_every_seconds = 60
    time.sleep(0.3)
    ward.end()
    assert ward.counted() == reader.tags_sent
    assert {each.epc for each in ward.sightings()} == set(SHELF)
    assert reader.acknowledged > 0


def test_a_quiet_reader_is_covered_by_its_keepalives(reader: ReaderDouble) -> None:
    reader.epcs = ()
    ward = supervised(lambda: driver(reader))
    ward.sees(lambda: "listening" in ward.states)
    time.sleep(1.5)
    ward.end()
    (covered,) = ward.coverage()
    assert covered.through_at - covered.since_at > SECOND
    assert ward.states == ["connecting", "listening", "stopped"]


def test_a_busy_reader_is_tried_until_it_is_free(reader: ReaderDouble) -> None:
    reader.welcome_status = 2
    ward = supervised(lambda: driver(reader))
    ward.sees(lambda: "disconnected" in ward.states)
    assert "serves another client" in ward.reports[-1].detail
    ward.sees(lambda: reader.connections >= 3)
    assert ward.states == ["connecting", "disconnected"]
    reader.welcome_status = 0
    ward.hears_again()
    ward.end()


def test_a_clock_in_the_year_2000_is_corrected_and_told(reader: ReaderDouble) -> None:
    reader.offset_us = YEAR_2000_US - now_us()
    began = now_us()
    ward = supervised(lambda: driver(reader))
    ward.sees(lambda: ward.sightings())
    ward.end()
    assert all(began - SECOND < each.first_at <= each.last_at < now_us() + SECOND for each in ward.sightings())
    (listening,) = [report for report in ward.reports if report.state == "listening"]
    assert listening.clock_offset_us is not None
    assert abs(listening.clock_offset_us - reader.offset_us) < SECOND
    assert "its clock is -" in listening.detail


def test_a_clock_that_jumps_while_reading_is_noticed(reader: ReaderDouble, ward: Ward) -> None:
    reader.offset_us = YEAR_2000_US - now_us()
    ward.sees(lambda: ward.states.count("listening") == 2)
    jumped = now_us()
    ward.sees(lambda: ward.sightings(jumped))
    ward.end()
    assert all(abs(each.last_at - now_us()) < 30 * SECOND for each in ward.sightings())


def test_an_antenna_that_is_unplugged_is_no_longer_covered(reader: ReaderDouble, ward: Ward) -> None:
    time.sleep(0.5)
    reader.say(antenna_event(now_us(), 2, False))
    unplugged = now_us()
    time.sleep(0.8)
    reader.say(antenna_event(now_us(), 2, True))
    plugged = now_us()
    time.sleep(0.8)
    ward.end()
    first, second = ward.coverage(2)
    assert first.through_at <= unplugged + SECOND // 2
    assert second.since_at <= plugged + SECOND // 2
    assert second.since_at - first.through_at > SECOND // 4
    assert ward.coverage(1)[-1].through_at > plugged


def test_an_antenna_that_is_not_connected_gives_no_coverage(reader: ReaderDouble) -> None:
    reader.connected = ((1, True), (2, False))
    ward = supervised(lambda: driver(reader))
    ward.sees(lambda: ward.sightings())
    time.sleep(0.5)
    ward.end()
    assert ward.coverage(1)
    assert not ward.coverage(2)


def test_a_reader_that_is_not_there_is_said_once_and_tried_on() -> None:
    with ReaderDouble() as reader:
        reader.off()
        ward = supervised(lambda: driver(reader))
        ward.sees(lambda: "disconnected" in ward.states)
        assert "cannot connect" in ward.reports[-1].detail
        time.sleep(1.0)
        ward.tick()
        assert ward.states == ["connecting", "disconnected"]
        reader.listen()
        ward.hears_again()
        ward.end()


# Coverage alone


@pytest.mark.parametrize(
    ("alive", "covered"),
    [
        ([0, 2, 4, 6, 8, 10, 11], [(0, 6), (6, 11)]),
        ([0, 2, 9, 10], [(0, 2), (9, 10)]),
        ([0, 2, -50, -48], [(0, 2), (-50, -48)]),
        ([7], []),
    ],
    ids=["joined without a gap", "never across a gap", "the clock set back", "one sign of life proves no time"],
)
def test_signs_of_life_become_coverage(alive: list[int], covered: list[tuple[int, int]]) -> None:
    meter = CoverageMeter("cabinet", gap_us=3 * SECOND, period_us=5 * SECOND)
    told = [each for at in alive for each in meter.alive(at * SECOND, (1,))] + meter.end()
    assert [(each.since_at // SECOND, each.through_at // SECOND) for each in told] == covered


# The driver alone


@pytest.mark.parametrize(
    ("set_up", "error", "what"),
    [
        (lambda reader: setattr(reader, "welcome_status", 1), ReaderBusy, "serves another client"),
        (lambda reader: setattr(reader, "welcome_status", 3), ConnectionFailed, "refused the connection"),
        (lambda reader: reader.frozen.set(), ReaderFrozen, r"no message for 0\.6 s"),
        (lambda reader: setattr(reader, "first_words", b"SSH-2.0-OpenSSH"), ProtocolViolated, "LLRP reader"),
        (
            lambda reader: reader.refusals.update({20: status_bad(101, "too many ROSpecs")}),
            ProtocolViolated,
            "refused ADD_ROSPEC: FieldError too many ROSpecs",
        ),
        (lambda reader: reader.refusals.update({1: tlv(287, b"\0")}), ProtocolViolated, "byte "),
    ],
    ids=["busy", "refused", "mute", "not LLRP", "ROSpec refused", "malformed answer"],
)
def test_a_reader_that_cannot_be_opened_says_why(
    reader: ReaderDouble, set_up: Callable[[ReaderDouble], None], error: type[Exception], what: str
) -> None:
    set_up(reader)
    with pytest.raises(error, match=what):
        driver(reader).open()


def test_antennas_that_the_reader_does_not_have_are_a_plain_error(reader: ReaderDouble) -> None:
    with pytest.raises(ProtocolViolated, match=r"antennas 1 to 2; .* asks for \[4\]"):
        driver(reader, antennas=(1, 4)).open()


def test_only_the_asked_antennas_listen(reader: ReaderDouble) -> None:
    found = driver(reader, antennas=(2,))
    assert found.open() == Identity("Impinj 2001002", "5.14.0", (2,))
    found.close()


def test_a_tag_is_heard_as_it_is(reader: ReaderDouble) -> None:
    found = driver(reader)
    found.open()
    read = next(read for batch in found.reads() for read in batch.reads)
    assert (read.reader, read.antenna, read.rssi_dbm, read.count) == ("cabinet", 1, -52, 1)
    assert read.epc in SHELF
    assert abs(read.read_at - read.received_at) < SECOND
    found.close()


def test_close_is_effective_from_another_thread_and_more_than_once(reader: ReaderDouble) -> None:
    reader.epcs = ()
    for _ in range(5):
        found = driver(reader)
        found.open()
        batches: list[Batch] = []
        thread = threading.Thread(target=lambda d=found, b=batches: b.extend(d.reads()))
        thread.start()
        threads = [threading.Thread(target=found.close) for _ in range(3)]
        for each in threads:
            each.start()
        for each in [thread, *threads]:
            each.join(3)
            assert not each.is_alive()
    assert eventually(lambda: [kind for kind, _ in reader.requests].count(14) == 5)


# Drivers that break their promise


class Scripted:
    """A driver that does as it is told."""

    def __init__(self, act: Callable[["Scripted"], Iterator[Batch]]) -> None:
        self.act = act
        self.closed = threading.Event()

    def open(self) -> Identity:
        return Identity("scripted", None, (1,))

    def reads(self) -> Iterator[Batch]:
        return self.act(self)

    def close(self) -> None:
        self.closed.set()


def good(scripted: Scripted) -> Iterator[Batch]:
    while not scripted.closed.wait(0.05):
        yield Batch((), now_us())


def stubborn(scripted: Scripted) -> Iterator[Batch]:
    yield Batch((), now_us())
    time.sleep(60)


def crashing(scripted: Scripted) -> Iterator[Batch]:
    yield Batch((), now_us())
    raise ZeroDivisionError("a fault in the driver")


def hanging(scripted: Scripted) -> Iterator[Batch]:
    yield Batch((), now_us())
    scripted.closed.wait()


def deadly(scripted: Scripted) -> Iterator[Batch]:
    yield Batch((), now_us())
    raise SystemExit


@pytest.mark.parametrize(
    ("act", "detail"),
    [
        (crashing, "its driver failed: ZeroDivisionError"),
        (hanging, "its driver hung"),
        (stubborn, "its driver hung"),
        pytest.param(
            deadly,
            "its thread in the daemon died",
            marks=pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
        ),
    ],
)
def test_no_driver_ends_the_supervision(
    act: Callable[[Scripted], Iterator[Batch]], detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("readers.supervisor.HUNG_SECONDS", 0.3)
    scripts = [act]
    ward = supervised(lambda: Scripted(scripts.pop() if scripts else good))
    ward.sees(lambda: "faulty" in ward.states)
    assert detail in next(report.detail for report in ward.reports if report.state == "faulty")
    ward.sees(lambda: ward.states[-1] == "listening")
    time.sleep(0.3)
    ward.end()
    assert ward.coverage()[-1].through_at > ward.reports[-2].at
    assert ward.states[-1] == "stopped"


def test_while_the_spool_takes_nothing_the_reader_is_not_read(reader: ReaderDouble) -> None:
    """Memory stays bounded; when there is room again, everything goes on and nothing was lost."""
    ward = supervised(lambda: driver(reader))
    ward.supervisor._smoother._intervals_max = 6
    ward.supervisor._smoother._period_us = 1
    eventually(lambda: ward.supervisor._smoother.full)
    time.sleep(0.5)
    assert ward.supervisor._smoother.pending < 40
    reader.reads_every_seconds = 60
    ward.sees(lambda: ward.counted() == reader.tags_sent)
    ward.end()
