"""The fault table of readers that speak JSON: what the server has afterwards is what the reader sent, each once.

Four ways to speak, eight faults; the path is whole, from the socket through a real spool and the server's own intake
into a database. Coverage is told for the time in which the reader is known to have listened, and for no other.
"""

import os
import random
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from iot_doubles import (
    EVENTS,
    HOUR,
    SECOND,
    Broker,
    BrokerReader,
    Clock,
    Heard,
    PostingReader,
    Station,
    StreamReader,
    eventually,
    iot_reader,
    needs_broker,
    told_at,
)

from custody.database import Database
from readers.config import ReaderConfig
from readers.iot.config import IotConfig
from readers.sighting import Instant

WHOLE = os.environ.get("CUSTODY_PROVE") == "whole"
YEAR_2000 = 946_684_800 * SECOND
Device = StreamReader | PostingReader | BrokerReader


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("readers.supervisor.PAUSE_SECONDS_MIN", 0.02)
    monkeypatch.setattr("readers.iot.driver.BATCH_SECONDS", 0.02)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    found = Broker(tmp_path_factory.mktemp("broker"))
    yield found
    found.stop()


@pytest.fixture
def database(new_sqlite: Callable[[], str]) -> Iterator[Database]:
    with Database.open(new_sqlite()) as opened:
        yield opened


class Play:
    """A reader, the station that listens to it, and what was sent."""

    def __init__(self, device: Device, station: Station) -> None:
        self.device, self.station, self.clock = device, station, station.clock
        self.sent: list[Heard] = []
        self.offset = 0
        """The reader's clock minus ours."""

    def hear(self, number: int, step_us: int = 1000) -> list[Heard]:
        """The reader hears so many tags now; it says nothing yet."""
        at = self.clock()
        heard = [Heard(len(self.sent) + each, at + each * step_us) for each in range(number)]
        self.sent += heard
        return heard

    def say(self, heard: list[Heard]) -> None:
        for each in heard:
            document = EVENTS[self.device.kind](Heard(each.number, each.at + self.offset))
            if self.device.restart_numbers and "eventNum" in document.get("data", {}):
                document["data"]["eventNum"] -= self.device.restart_numbers
            self.device.say(document)

    def send(self, number: int = 5) -> None:
        self.say(self.hear(number))

    def arrives(self) -> None:
        """Everything sent is at the server, each once and at its time."""
        eventually(lambda: self.station.tick() and len(self.station.reads()) >= len(self.sent), 90, self._lacking)
        found = self.station.reads()
        wanted = sorted((each.epc, told_at(self.device.kind, each)) for each in self.sent)
        assert [(epc, first, last, count) for epc, first, last, count in found] == [
            (epc, at, at, 1) for epc, at in wanted
        ]

    def _lacking(self) -> str:
        return f"{len(self.station.reads())} of {len(self.sent)} arrived; {self.station.states()}"

    def sees(self, state: str, words: str = "") -> None:
        eventually(
            lambda: self.station.tick() and any(s == state and words in d for s, d in self.station.states()),
            10,
            lambda: str(self.station.states()),
        )

    def beats(self) -> None:
        self.device.beat(self.clock() + self.offset)

    def covered(self, at: Instant) -> bool:
        return any(since <= at <= through for since, through in self.station.coverage())


def reader_of(way: str, clock: Clock, request: pytest.FixtureRequest) -> tuple[ReaderConfig, Callable[[], Device]]:
    """How the reader is configured, and what makes it once the station stands."""
    if way == "stream":
        streaming = StreamReader()
        # Its time would be the machine's, and not ours, which is set forward.
        streaming.status, streaming.tells_date = "running", False
        return iot_reader("impinj", IotConfig("stream", "127.0.0.1", streaming.port)), lambda: streaming
    if way.startswith("post"):
        kind, port = way.split()[1], free_port()
        iot = IotConfig("webhook", listen=("127.0.0.1", port), path="/dock", totals=kind == "zebra")
        return iot_reader(kind, iot), lambda: PostingReader(kind, port)
    broker: Broker = request.getfixturevalue("broker")
    kind, topic = way.split()[1], f"dock-{time.monotonic_ns()}"
    iot = IotConfig("mqtt", "127.0.0.1", broker.port, (topic,), f"custody-{topic}", totals=kind == "zebra")
    return iot_reader(kind, iot), lambda: BrokerReader(kind, broker, topic)


@pytest.fixture
def play(request: pytest.FixtureRequest, tmp_path: Path, database: Database) -> Iterator[Play]:
    clock = Clock()
    reader, make = reader_of(request.param, clock, request)
    station = Station(tmp_path, reader, clock, database)
    device = make()
    try:
        eventually(lambda: station.is_open)
        found = Play(device, station)
        # The first words: from here on the reader is known to listen.
        found.send()
        found.arrives()
        yield found
        station.end()
    finally:
        station.supervisor.request_stop()
        device.close()
        station.spool.close()


# The faults. Each leaves the reader speaking again; where a time was not covered, it gives a moment of it.


def killed(play: Play) -> Instant | None:
    """The daemon dies with messages in its memory; what keeps messages keeps them."""
    gone = play.clock()
    heard = play.hear(20)
    if play.device.keeps:
        play.say(heard)
        time.sleep(0.05)
    play.station.kill()
    play.clock.skip(60 * SECOND)
    play.station.start()
    eventually(lambda: play.station.is_open)
    if not play.device.keeps:
        play.sent = play.sent[: -len(heard)]
    return gone + 30 * SECOND


def unanswered(play: Play) -> Instant | None:
    """The daemon dies between its commit and its answer: all is stored, and all is sent again."""
    play.station.supervisor.stored = lambda: None  # type: ignore[method-assign]
    play.send(20)
    play.arrives()
    play.station.kill()
    play.station.start()
    eventually(lambda: play.station.is_open)
    return None


def frozen(play: Play) -> Instant | None:
    """It says nothing for two minutes, and goes on."""
    since = play.clock()
    play.clock.skip(120 * SECOND)
    play.sees("silent", "no message for 45 s")
    if isinstance(play.device, StreamReader):
        eventually(lambda: play.station.tick() and play.device.streams)
    return since + 60 * SECOND


def restarted(play: Play) -> Instant | None:
    """The reader itself starts anew, with its numbers from the beginning."""
    play.device.off()
    if isinstance(play.device, StreamReader):
        play.sees("disconnected")
    play.device.on()
    play.device.restart_numbers = len(play.sent) - 1
    if isinstance(play.device, StreamReader):
        eventually(lambda: play.station.tick() and play.device.streams)
    return None


def cut_for_an_hour(play: Play) -> Instant | None:
    """We and what speaks to us are apart for an hour; the reader listens on, and keeps what its way lets it keep."""
    since = play.clock()
    play.station.kill()
    if play.device.keeps:
        for _ in range(120):
            play.clock.skip(30 * SECOND)
            play.say(play.hear(1))
    else:
        play.device.cut()
        play.clock.skip(HOUR)
    play.station.start()
    eventually(lambda: play.station.is_open)
    return None if play.device.keeps else since + HOUR // 2


def duplicated(play: Play) -> Instant | None:
    heard = play.hear(20)
    play.say(heard)
    play.say(heard[:10])
    play.say(list(reversed(heard)))
    return None


def reordered(play: Play) -> Instant | None:
    heard = play.hear(40)
    random.Random(5).shuffle(heard)
    play.say(heard)
    return None


def clock_wrong(play: Play) -> Instant | None:
    """The reader loses its time, and says the year 2000 from now on. Its times are put right, to our arrival."""
    play.offset = YEAR_2000 - play.clock()
    return None


def garbage(play: Play) -> Instant | None:
    play.device.garbage(b"\x00\xff{{{ not json \xf0")
    play.device.garbage(b'{"tagInventoryEvent": "no", "data": 7}')
    play.device.garbage(b"[" * 5000)
    play.sees("listening", "cannot be read")
    return None


FAULTS = [killed, unanswered, frozen, restarted, cut_for_an_hour, duplicated, reordered, garbage]
WAYS = [
    "stream",
    "post impinj",
    "post zebra",
    pytest.param("mqtt zebra", marks=needs_broker),
    # The same as the last but for its messages, which come in by the first two ways also.
    *([pytest.param("mqtt impinj", marks=needs_broker)] if WHOLE else []),
]


@pytest.mark.parametrize("play", WAYS, indirect=True)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_after_a_fault_the_server_has_what_the_reader_sent_each_once(
    play: Play, fault: Callable[[Play], Instant | None]
) -> None:
    uncovered = fault(play)
    play.send()
    play.arrives()
    if uncovered is not None:
        assert not play.covered(uncovered)
    play.send()
    play.arrives()
    assert play.station.supervisor.state == "listening"
    assert not any("missing" in detail for _, detail in play.station.states())


@pytest.mark.parametrize("play", WAYS, indirect=True)
def test_a_reader_whose_clock_is_in_the_year_2000_is_corrected_and_told(play: Play) -> None:
    clock_wrong(play)
    began = play.clock()
    before = len(play.sent)
    play.send()
    eventually(lambda: play.station.tick() and len(play.station.reads()) >= len(play.sent))
    found = {epc: (first, count) for epc, first, _, count in play.station.reads()}
    for heard in play.sent[before:]:
        first, count = found[heard.epc]
        assert count == 1
        assert began - 3 * SECOND < first < play.clock() + 3 * SECOND
    play.sees("listening", "its clock is -")


@needs_broker
@pytest.mark.parametrize("play", ["mqtt zebra"], indirect=True)
def test_an_hour_that_a_broker_kept_is_covered_by_the_messages_own_times(play: Play) -> None:
    since = play.clock()
    cut_for_an_hour(play)
    play.send()
    play.arrives()
    play.station.end()
    for minute in range(1, 59):
        assert play.covered(since + minute * 60 * SECOND)
    play.station.start()


@pytest.mark.parametrize("play", [WAYS[3], "post zebra"], indirect=True)
def test_numbers_that_are_missing_are_told_and_cut_the_coverage(play: Play) -> None:
    lost = play.hear(7)
    play.sent = play.sent[:-7]
    play.device.say(EVENTS["zebra"](Heard(lost[-1].number + 1, play.clock())))
    play.sent.append(Heard(lost[-1].number + 1, play.clock()))
    eventually(lambda: play.station.tick() and len(play.station.reads()) == len(play.sent))
    play.clock.skip(3 * SECOND)
    play.sees("listening", "7 events of the reader are missing")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
