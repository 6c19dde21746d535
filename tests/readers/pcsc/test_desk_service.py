"""The fault table against a real pcscd: virtual cards, and a service that is killed, frozen, restarted and robbed.

After each fault the reader is heard again without anybody's help, what was laid on is told once each, and coverage
has its gap where nobody listened.
"""

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select
from virtual_desk import Answer, Card, Pcscd, Ward, eventually, lacking, now_us, supervised, tells

from custody.database import Database
from readers.config import load
from readers.daemon import main, run_daemon
from readers.pcsc import PcscDriver, PcscSettings
from reconcile.intake import parse_batch
from reconcile.store.core import COVERAGE, SIGHTING
from reconcile.store.intake import take

WHOLE = os.environ.get("CUSTODY_PROVE") == "whole"
pytestmark = pytest.mark.skipif(lacking() is not None, reason=str(lacking()))

BADGE, LABEL, DISC = "04A1B2C3D4E5F6", "E004010203040506", "04A1B2C3"
HOUR_US = 3_600_000_000


@pytest.fixture(scope="module")
def running() -> Iterator[Pcscd]:
    found = Pcscd()
    try:
        yield found
    finally:
        found.end()


@pytest.fixture
def service(running: Pcscd) -> Pcscd:
    """A service that runs, with its reader."""
    running.plug()
    running.start()
    return running


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("readers.supervisor.PAUSE_SECONDS_MIN", 0.1)
    monkeypatch.setattr("readers.uplink.backoff_seconds", lambda *_: 0.1)


@pytest.fixture
def ward(service: Pcscd) -> Iterator[Ward]:
    found = supervised(lambda: PcscDriver(PcscSettings("desk", "virtual", 0, frozen_after_seconds=0.4), now_us))
    found.is_told("listening")
    yield found
    found.end()


@contextlib.contextmanager
def lying(service: Pcscd, answer: Answer, slot: int = 0, *, frozen: bool = False) -> Iterator[Card]:
    card = Card(service, answer, slot, frozen=frozen)
    try:
        yield card
    finally:
        card.lift()


def taps(ward: Ward, service: Pcscd, number: str) -> None:
    before = len(ward.sightings)
    with lying(service, tells(number)):
        ward.sees(lambda: len(ward.sightings) > before)


def killed(service: Pcscd, ward: Ward) -> None:
    service.kill()
    ward.is_told("disconnected", "systemctl enable --now pcscd.socket")
    service.start()


def restarted(service: Pcscd, ward: Ward) -> None:
    service.kill()
    service.start()
    ward.sees(lambda: [report.state for report in ward.reports].count("listening") == 2)


def frozen(service: Pcscd, ward: Ward) -> None:
    service.signal(signal.SIGSTOP)
    ward.is_told("silent", "is frozen")
    service.signal(signal.SIGCONT)


def robbed(service: Pcscd, ward: Ward) -> None:
    service.kill()
    service.unplug()
    service.start()
    ward.is_told("disconnected", "no desk reader fits")
    service.kill()
    service.plug()
    service.start()


def held_by_another_program(service: Pcscd, ward: Ward) -> None:
    from smartcard import scard

    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    assert code == scard.SCARD_S_SUCCESS
    with lying(service, tells(DISC)):
        ward.sees(lambda: DISC in ward.numbers)
        code, handle, _ = scard.SCardConnect(
            context, "Virtual PCD 00 00", scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_T1
        )
        assert code == scard.SCARD_S_SUCCESS, scard.SCardGetErrorMessage(code)
        ward.is_told("disconnected", "another program keeps Virtual PCD 00 00 for itself alone")
    scard.SCardDisconnect(handle, scard.SCARD_LEAVE_CARD)
    scard.SCardReleaseContext(context)


def card_frozen(service: Pcscd, ward: Ward) -> None:
    with lying(service, tells(DISC), frozen=True) as card:
        ward.sees(lambda: card.requests)
        ward.is_told("silent", "take the card away")
        card.thawed.set()
        ward.sees(lambda: DISC in ward.numbers)


FAULTS: list[tuple[Callable[[Pcscd, Ward], None], list[str]]] = [
    (killed, []),
    (frozen, []),
    (robbed, []),
    (held_by_another_program, [DISC]),
]
PROVED: list[tuple[Callable[[Pcscd, Ward], None], list[str]]] = [(restarted, []), (card_frozen, [DISC])]


@pytest.mark.parametrize(
    ("fault", "between"),
    [pytest.param(*row, id=row[0].__name__) for row in FAULTS]
    + [pytest.param(*row, id=row[0].__name__, marks=pytest.mark.prove) for row in PROVED if WHOLE],
)
def test_after_a_fault_each_card_is_told_once_and_the_gap_is_plain(
    service: Pcscd, ward: Ward, fault: Callable[[Pcscd, Ward], None], between: list[str]
) -> None:
    taps(ward, service, BADGE)
    fault(service, ward)
    ward.is_told("listening")
    back = ward.reports[-1].at
    taps(ward, service, BADGE)
    ward.end()
    assert ward.numbers == [BADGE, *between, BADGE]
    assert [report.state for report in ward.reports][-1] == "stopped"
    # From the fault until the reader was listened to again nothing is covered.
    told = next(report.at for report in ward.reports if report.state in ("disconnected", "silent"))
    assert not [each for each in ward.coverage if each.since_at < told < each.through_at]
    assert [two for one, two in pairwise(ward.coverage) if one.through_at <= told and two.since_at > told]
    assert ward.coverage[-1].through_at > back


@pytest.mark.prove
@pytest.mark.skipif(not WHOLE, reason="half a minute of restarts: make prove runs it")
def test_over_many_faults_nothing_is_lost_doubled_or_left_behind(service: Pcscd, ward: Ward) -> None:
    draw = random.Random(23)
    laid = []
    taps(ward, service, BADGE)
    threads, files = threading.active_count(), len(os.listdir("/proc/self/fd"))
    for _ in range(40):
        service.kill()
        time.sleep(draw.uniform(0, 0.3))
        service.start()
        if draw.random() < 0.3:
            service.signal(signal.SIGSTOP)
            time.sleep(draw.uniform(0, 1.0))
            service.signal(signal.SIGCONT)
        number = draw.choice((BADGE, LABEL, DISC))
        laid.append(number)
        taps(ward, service, number)
    ward.end()
    assert ward.numbers == [BADGE, *laid]
    eventually(lambda: threading.active_count() <= threads)
    assert len(os.listdir("/proc/self/fd")) <= files + 2


def test_whatever_a_card_answers_no_wrong_number_is_told(service: Pcscd, ward: Ward) -> None:
    """Garbage, one card after another; each is said, and the next good card is read."""
    draw = random.Random(11)
    garbage: list[tuple[Answer, str]] = [
        (lambda _: None, "taken away before it could be read"),
        (tells("08A1B2C3"), "drawn anew each time"),
        (lambda _: draw.randbytes(7) + b"\x90\x00", "differently each time"),
        (lambda _: b"\x6a\x81", "status 6A81"),
        (lambda _: draw.randbytes(260), "a card"),
    ][: None if WHOLE else 3]
    for answer, words in garbage:
        told = len(ward.reports)
        ward.supervisor._driver._said_at = None  # type: ignore[union-attr]
        with lying(service, answer):
            ward.sees(lambda told=told: len(ward.reports) > told)
        # The virtual reader looks every 0.4 s whether a card lies there.
        time.sleep(0.45)
        assert words in ward.reports[-1].detail
        assert ward.reports[-1].state == "listening"
    assert not ward.sightings

    def asks_again(request: bytes) -> bytes:
        return bytes.fromhex(BADGE) + b"\x90\x00" if request[-1] == 7 else b"\x6c\x07"

    with lying(service, asks_again):
        ward.sees(lambda: ward.numbers == [BADGE])


def test_several_readers_are_told_apart_and_an_unclear_name_is_said_with_the_names(
    service: Pcscd, capsys: pytest.CaptureFixture[str]
) -> None:
    unclear = supervised(lambda: PcscDriver(PcscSettings("desk", "virtual"), now_us))
    unclear.is_told("faulty", "several desk readers: Virtual PCD 00 00, Virtual PCD 00 01")
    unclear.end()
    other = supervised(lambda: PcscDriver(PcscSettings("desk", "virtual", 1), now_us))
    other.is_told("listening")
    with lying(service, tells(BADGE), 0), lying(service, tells(LABEL), 1):
        other.sees(lambda: other.sightings)
        time.sleep(0.3)
    other.end()
    assert other.numbers == [LABEL]
    with pytest.raises(SystemExit) as ended:
        main(["--list-desk-readers"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == "Virtual PCD 00 00\nVirtual PCD 00 01\n"
    service.kill()
    with pytest.raises(SystemExit) as ended:
        main(["--list-desk-readers"])
    assert ended.value.code == 1
    assert "systemctl enable --now pcscd.socket" in capsys.readouterr().err


class Intake:
    """The server's end: the real intake on a database, when it is not cut off; some answers never arrive."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        intake = self
        self.cut = True
        self.deliveries = 0

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                if intake.cut:
                    return
                with database.writing() as connection:
                    taken = take(connection, "edge-1", parse_batch(raw), clock())
                intake.deliveries += 1
                if intake.deliveries % 2:
                    return
                body = f'{{"acknowledged": {taken.acknowledged}, "taken": {taken.taken}, "repeated": {taken.repeated}}}'
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_taps_of_an_hour_without_a_server_are_in_the_books_each_once_at_their_time(
    service: Pcscd, new_sqlite: Callable[[], str], tmp_path: Path
) -> None:
    with Database.open(new_sqlite()) as database:
        hour_without_a_server(service, database, tmp_path)


def hour_without_a_server(service: Pcscd, database: Database, tmp_path: Path) -> None:
    ahead = 0
    stop = threading.Event()

    def clock() -> int:
        return now_us() + ahead

    intake = Intake(database, clock)
    path = tmp_path / "edge.toml"
    path.write_text(
        f'[daemon]\nname = "edge-1"\nspool = "edge.spool"\n[server]\nurl = "{intake.url}"\ntoken = "t"\n'
        '[[reader]]\nname = "desk"\nkind = "pcsc"\ndevice = "Virtual PCD"\nslot = 0\n'
    )
    daemon = threading.Thread(
        target=run_daemon, args=(load(path),), kwargs={"clock": clock, "rng": random.Random(5), "stop": stop}
    )
    daemon.start()
    laid: list[tuple[str, int, int]] = []
    try:
        for number, later in ((BADGE, 0), (LABEL, HOUR_US // 2), (BADGE, HOUR_US)):
            ahead = later
            since = clock()
            with lying(service, tells(number)) as card:
                eventually(lambda card=card: len(card.requests) >= 2, what="the card is asked for its number")
                laid.append((number, since, clock()))
                time.sleep(0.1)
        intake.cut = False

        def rows() -> list[tuple[str, int, int]]:
            with database.reading() as connection:
                wanted = select(SIGHTING.c.epc, SIGHTING.c.first_at, SIGHTING.c.received_at)
                return sorted((tuple(row) for row in connection.execute(wanted)), key=lambda row: row[1])

        eventually(lambda: len(rows()) >= 3 and intake.deliveries >= 2, 20, rows)
    finally:
        stop.set()
        daemon.join(15)
        intake.close()
    found = rows()
    assert [row[0] for row in found] == [BADGE, LABEL, BADGE]
    for (_, first_at, _), (number, since, until) in zip(found, laid, strict=True):
        assert since <= first_at <= until, number
    with database.reading() as connection:
        covered = connection.execute(select(COVERAGE.c.since_at, COVERAGE.c.through_at)).all()
    assert covered
    # The clock leapt twice: nobody listened in between.
    assert all(through - since < HOUR_US // 4 for since, through in covered)
