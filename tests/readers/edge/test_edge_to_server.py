"""The fault table through to the server: a reader over a real connection, the spool, the uplink, the real intake.

Every read is a tag of its own. After each fault the server has each of them once, with its time, and coverage has a
gap where nobody listened, and none where somebody did.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from edge_doubles import YEAR_2000_US, ReaderDouble, eventually, message, now_us, tag
from sqlalchemy import text

from readers.daemon import Collector
from readers.llrp import LlrpDriver, LlrpSettings
from readers.spool import Spool
from readers.supervisor import Supervisor, Watching
from readers.uplink import Uplink
from reconcile.store import devices
from tests.builders import NOW, Archive
from tests.web.front import Front, a_front

SECOND = 1_000_000
KEEPALIVE = 0.2
TOKEN = "the edge's own long token"


@dataclass
class Line:
    """From one reader to the server; the daemon can be killed and started again."""

    front: Front
    folder: Path
    reader: ReaderDouble
    later_us: int = 0
    wrong_us: int = 0
    """How wrong the reader's clock is."""
    sent: dict[str, int] = field(default_factory=dict)
    starts: int = 0

    def now(self) -> int:
        """The daemon's clock: the machine's, and what the test has let pass."""
        return now_us() + self.later_us

    def pass_seconds(self, seconds: int) -> None:
        """Time passes for the daemon and the reader."""
        self.later_us += seconds * SECOND
        self.reader.offset_us = self.later_us + self.wrong_us

    def start(self) -> None:
        """A daemon, on the spool that is there."""
        self.starts += 1
        self.spool = Spool(self.folder / "edge.spool", f"{self.starts:032x}")
        settings = LlrpSettings("cabinet", "127.0.0.1", self.reader.port, keepalive_seconds=KEEPALIVE)
        watching = Watching("cabinet", 5 * SECOND, covered_seconds=3 * KEEPALIVE, pause_seconds_max=0.2)
        self.supervisor = Supervisor(
            watching, lambda: LlrpDriver(settings, self.now), clock=self.now, rng=random.Random(3)
        )
        self.uplink = Uplink(
            self.spool,
            daemon="edge-1",
            url="http://testserver",
            token=TOKEN,
            clock=self.now,
            rng=random.Random(4),
            client=self.front.browser().http,
        )
        self.collector = Collector([self.supervisor], self.spool, lambda: None)
        self.supervisor.start()
        eventually(lambda: self.supervisor.state == "listening")

    def kill(self) -> None:
        """What is in memory is gone; what the spool has on disk stays."""
        self.supervisor.request_stop()
        self.spool.close()

    def send(self, number: int, *, ago: int = 0, times: int = 1) -> None:
        """The reader reports so many new tags, read just now or so many seconds ago."""
        true = self.now() - ago * SECOND
        at = true + self.wrong_us
        epcs = [f"3414F4A2{len(self.sent) + each:016X}" for each in range(number)]
        self.sent |= dict.fromkeys(epcs, true)
        report = message(61, b"".join(tag(bytes.fromhex(epc), 1, -50, at, at, 1) for epc in epcs))
        self.reader.say(report * times)

    def deliver(self) -> bool:
        """What is due goes through to the server."""
        self.supervisor.check()
        self.collector.collect(self.now())
        while self.uplink.deliver_once():
            pass
        return True

    def at_server(self) -> dict[str, int]:
        """First times by EPC."""
        with self.front.archive.books.database.reading() as connection:
            rows = connection.execute(text("SELECT epc, min(first_at) FROM sighting GROUP BY epc")).all()
        return {str(epc): int(at) for epc, at in rows}

    def arrived(self) -> None:
        """All that was sent is at the server."""
        eventually(lambda: self.deliver() and len(self.at_server()) >= len(self.sent), 10, "not everything arrived")

    def heard_again(self) -> None:
        """Whatever happened, the reader is heard by itself."""
        connections = self.reader.connections
        eventually(
            lambda: self.deliver() and self.reader.connections >= connections and self.supervisor.state == "listening"
        )
        eventually(lambda: self.deliver() and self.reader._live)

    def coverage(self) -> list[tuple[int, int]]:
        """Intervals in which the server knows that the antenna listened."""
        with self.front.archive.books.database.reading() as connection:
            rows = connection.execute(
                text("SELECT since_at, through_at FROM coverage WHERE antenna = 1 ORDER BY since_at")
            ).all()
        return [(int(since), int(through)) for since, through in rows]


@pytest.fixture
def line(tmp_path: Path, sqlite_archive: Archive) -> Iterator[Line]:
    front = a_front(sqlite_archive, tmp_path)
    with front.archive.books.database.writing() as connection:
        devices.create_device(connection, "edge-1", devices.token_hash(TOKEN), NOW)
    with ReaderDouble(epcs=()) as reader:
        found = Line(front, tmp_path, reader)
        front.clock.at = found.now()
        found.start()
        yield found
        found.kill()


def dropped(line: Line) -> None:
    line.reader.drop()
    eventually(lambda: line.deliver() and line.supervisor.state == "disconnected")
    line.pass_seconds(60)


def cut_in_a_message(line: Line) -> None:
    line.reader.cut()
    eventually(lambda: line.deliver() and line.supervisor.state == "disconnected")
    line.pass_seconds(60)


def restarted(line: Line) -> None:
    line.reader.off()
    eventually(lambda: line.deliver() and line.supervisor.state == "disconnected")
    line.pass_seconds(60)
    line.reader.listen()


def frozen(line: Line) -> None:
    line.reader.frozen.set()
    eventually(lambda: line.deliver() and line.supervisor.state == "silent")
    line.pass_seconds(60)
    line.reader.frozen.clear()


def garbage(line: Line) -> None:
    line.reader.say(message(61, b"\x00\xf0\x00\x00"))
    eventually(lambda: line.deliver() and line.supervisor.state == "faulty")
    line.pass_seconds(60)


def daemon_killed(line: Line) -> None:
    line.deliver()
    line.kill()
    line.pass_seconds(60)
    line.start()


def server_away_for_an_hour(line: Line) -> None:
    """What is read meanwhile waits in the spool; the reader stays connected, so that there is no gap."""
    client, line.uplink._client = line.uplink._client, None  # type: ignore[assignment]
    line.uplink.deliver_once = lambda: None  # type: ignore[method-assign]
    for _ in range(3):
        line.send(5)
        eventually(lambda: line.collector.collect(line.now()) and line.spool.counts().waiting >= 5)
    del line.uplink.deliver_once  # type: ignore[method-assign]
    line.uplink._client = client


def cut_from_the_reader_for_an_hour(line: Line) -> None:
    """The reader queues what it reads and sends it when the connection is there again."""
    line.reader.drop()
    eventually(lambda: line.deliver() and line.supervisor.state == "disconnected")
    line.pass_seconds(3600)
    line.heard_again()
    for minutes in (55, 30, 5):
        line.send(4, ago=minutes * 60)


def sent_twice(line: Line) -> None:
    line.send(5, times=2)


def out_of_order(line: Line) -> None:
    for seconds in (2, 9, 4, 30, 1):
        line.send(2, ago=seconds)


FAULTS: list[tuple[Callable[[Line], None], bool]] = [
    (dropped, True),
    (cut_in_a_message, True),
    (restarted, True),
    (frozen, True),
    (garbage, True),
    (daemon_killed, True),
    (cut_from_the_reader_for_an_hour, True),
    (server_away_for_an_hour, False),
    (sent_twice, False),
    (out_of_order, False),
]


@pytest.mark.parametrize(("fault", "gap"), FAULTS, ids=[row[0].__name__.replace("_", " ") for row in FAULTS])
def test_the_server_has_what_the_reader_sent_each_once(line: Line, fault: Callable[[Line], None], gap: bool) -> None:
    # Given a reader that is heard, for a while
    began = line.now()
    line.send(7)
    line.arrived()
    eventually(lambda: line.deliver() and line.now() - began > 3 * KEEPALIVE * SECOND)
    before = line.now()
    # When something goes wrong
    fault(line)
    line.heard_again()
    after = line.now()
    line.send(7)
    line.arrived()
    line.supervisor.stop()
    line.deliver()
    # Then all is there, nothing else is, nothing twice, and at its own time
    assert line.at_server() == line.sent
    with line.front.archive.books.database.reading() as connection:
        keys = connection.execute(text("SELECT source, sequence FROM sighting")).all()
    assert max(Counter(map(tuple, keys)).values()) == 1
    # And coverage has a gap where nobody listened, and only there.
    # What was not told before a kill counts as not covered: coverage is told too little, never too much.
    covered = [(began, began), *line.coverage()]
    holes = [(one[1], two[0]) for one, two in pairwise(covered) if two[0] - one[1] > 1000]
    assert bool(holes) is gap
    assert all(before - 2 * SECOND < since < until <= after + SECOND for since, until in holes)
    assert sum(until - since for since, until in holes) >= line.later_us


def test_a_wrong_clock_is_corrected_on_the_way_to_the_server(tmp_path: Path, sqlite_archive: Archive) -> None:
    front = a_front(sqlite_archive, tmp_path)
    with front.archive.books.database.writing() as connection:
        devices.create_device(connection, "edge-1", devices.token_hash(TOKEN), NOW)
    with ReaderDouble(epcs=()) as reader:
        line = Line(front, tmp_path, reader, wrong_us=YEAR_2000_US - now_us())
        line.pass_seconds(0)
        front.clock.at = line.now()
        line.start()
        line.send(7)
        line.arrived()
        line.kill()
    found = line.at_server()
    assert found.keys() == line.sent.keys()
    assert all(abs(found[epc] - at) < SECOND for epc, at in line.sent.items())


def test_the_spool_says_how_full_it_is_and_the_page_shows_it(line: Line) -> None:
    """Given records that wait, when some are delivered, then who cares for the machines sees how many wait still."""
    line.send(30)
    eventually(lambda: line.collector.collect(line.now()) and line.spool.counts().waiting >= 30)
    line.uplink.deliver_once()
    # The first delivery asks, and the answer says that sightings may come as the spool has them.
    assert line.uplink._packed
    page = line.front.signed_in("admin").get("/readers").text
    assert "% of its spool" in page
    line.spool._bytes = 1_700_000_000
    line.send(3)
    line.arrived()
    page = line.front.signed_in("admin").get("/readers").text
    assert "85 % of its spool" in page
