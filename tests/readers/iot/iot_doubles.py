"""Readers that speak JSON, played: an HTTP reader with a stream, one that posts, one at a real broker; and a station.

The station is the edge daemon's inside with an injected clock: a supervisor, a spool, a collector that is ticked by
hand, and the server's real intake behind it.
"""

import base64
import contextlib
import http.client
import json
import random
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import text

from custody.database import Database
from readers.config import ReaderConfig
from readers.daemon import Collector
from readers.iot.config import IotConfig
from readers.making import maker_for
from readers.sighting import Instant
from readers.spool import Spool
from readers.supervisor import Supervisor, Watching
from readers.uplink import delivery_of
from reconcile.delivery import parse_delivery
from reconcile.intake import parse_batch
from reconcile.store.intake import take

SECOND = 1_000_000
HOUR = 3600 * SECOND
NOON = 1_795_348_800 * SECOND
"""2026-11-22 12:00 UTC."""
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
needs_broker = pytest.mark.skipif(
    MOSQUITTO is None, reason="there is no broker to test against: install mosquitto (tools/debian_packages.sh)"
)


def eventually(what: Callable[[], object], seconds: float = 60.0, why: Callable[[], object] = lambda: "") -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, why()
        time.sleep(0.01)


class Clock:
    """The daemon's clock and its monotonic one, both set forward at will."""

    def __init__(self) -> None:
        self.skipped = 0

    def __call__(self) -> Instant:
        return time.time_ns() // 1000 + self.skipped

    def monotonic(self) -> float:
        return time.monotonic() + self.skipped / SECOND

    def skip(self, us: int) -> None:
        self.skipped += us


def epc(number: int) -> str:
    return f"3414F4A2{number:016X}"


@dataclass(frozen=True)
class Heard:
    """One read, as the reader made it: every read is of a tag of its own."""

    number: int
    at: Instant

    @property
    def epc(self) -> str:
        return epc(self.number)


def iso(at: Instant, offset: str = "Z", digits: int = 6) -> str:
    whole = datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{f'{at % SECOND:06d}000'[:digits]}{offset}"


def impinj_event(heard: Heard) -> dict[str, Any]:
    raw = base64.b64encode(bytes.fromhex(heard.epc)).decode()
    odd = heard.number % 3
    tag: dict[str, Any] = {"antennaPort": 1, "peakRssiCdbm": -6150}
    if odd == 0:
        tag |= {"epcHex": heard.epc, "epc": raw, "lastSeenTime": iso(heard.at, digits=9)}
    elif odd == 1:
        tag |= {"epc": raw.translate(str.maketrans("+/", "-_")).rstrip("=")}
    else:
        tag |= {"epc": raw}
    return {
        "timestamp": iso(heard.at, digits=9),
        "hostname": "dock",
        "eventType": "tagInventory",
        "tagInventoryEvent": tag,
    }


def zebra_event(heard: Heard) -> dict[str, Any]:
    # Zebra tells milliseconds.
    data = {
        "antenna": 1,
        "eventNum": heard.number,
        "format": "epc",
        "idHex": heard.epc.lower(),
        "peakRssi": -61,
        "reads": 1,
    }
    return {"data": data, "timestamp": iso(heard.at, "+0000", 3), "type": "INVENTORY"}


def told_at(kind: str, heard: Heard) -> Instant:
    """The time that the message of this read tells."""
    return heard.at if kind == "impinj" else heard.at // 1000 * 1000


EVENTS: dict[str, Callable[[Heard], dict[str, Any]]] = {"impinj": impinj_event, "zebra": zebra_event}


# Devices


class StreamReader:
    """An HTTP reader of the make of Impinj, with a stream of lines. It keeps nothing that nobody listens to."""

    kind = "impinj"
    keeps = False
    restart_numbers = 0

    def __init__(self, tls: ssl.SSLContext | None = None, user: str = "", password: str = "") -> None:
        self.tls = tls
        self.wanted = f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}" if user else None
        self.status = "idle"
        self.asked: list[str] = []
        self.date_offset_seconds = 0.0
        self.streams: set[socket.socket] = set()
        self._speaking = threading.Lock()
        self.tells_date = True
        self.port = 0
        self._server: socketserver.ThreadingTCPServer | None = None
        self.on()

    def on(self) -> None:
        reader = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    if reader.tls is None:
                        reader._serve(self.request)
                        return
                    with reader.tls.wrap_socket(self.request, server_side=True) as secured:
                        reader._serve(secured)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *_: object) -> None:
                pass

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def off(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        self.cut()

    close = off

    def cut(self) -> None:
        for stream in list(self.streams):
            with contextlib.suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)
            stream.close()
        self.streams.clear()

    def write(self, data: bytes) -> None:
        """As one chunk, to whoever listens."""
        with self._speaking:
            streams = list(self.streams)
        for stream in streams:
            stream.sendall(b"%x\r\n%s\r\n" % (len(data), data))

    def beat(self, _at: Instant) -> None:
        self.write(b"\r\n")

    def say(self, document: object) -> None:
        self.write(json.dumps(document).encode() + b"\r\n")

    def garbage(self, junk: bytes) -> None:
        self.write(junk.replace(b"\n", b"?") + b"\n")

    def _serve(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            more = connection.recv(4096)
            if not more:
                return
            head += more
        request, *lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
        method, path, _ = request.split(" ")
        self.asked.append(f"{method} {path}")
        if self.wanted is not None and headers.get("authorization", "") != self.wanted.lower():
            self._answer(connection, 401, {})
        elif path == "/api/v1/data/stream":
            # Whoever has the answer hears everything from then on.
            with self._speaking:
                connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                self.streams.add(connection)
            with contextlib.suppress(OSError):
                while connection.recv(100):
                    pass
            self.streams.discard(connection)
        elif path.endswith("/start"):
            self.status = "running"
            self._answer(connection, 204, None)
        else:
            found: dict[str, object] = {
                "/api/v1/system": {"productModel": "R700", "hostname": "dock"},
                "/api/v1/system/image": {"primaryFirmware": "8.4.1"},
                "/api/v1/status": {"status": self.status},
                "/api/v1/profiles/inventory/presets/dock": {"antennaConfigs": [{"antennaPort": 1}, {"antennaPort": 2}]},
            }
            self._answer(connection, 200 if path in found else 404, found.get(path, {}))

    def _answer(self, connection: socket.socket, status: int, body: object) -> None:
        sent = b"" if body is None else json.dumps(body).encode()
        said = datetime.fromtimestamp(time.time() + self.date_offset_seconds, UTC)
        date = f"Date: {said.strftime('%a, %d %b %Y %H:%M:%S GMT')}\r\n" if self.tells_date else ""
        connection.sendall(f"HTTP/1.1 {status} X\r\n{date}Content-Length: {len(sent)}\r\n\r\n".encode() + sent)


class PostingReader:
    """A reader that posts from a thread of its own, and keeps what was not answered with 200 until it is."""

    keeps = True

    def __init__(self, kind: str, port: int, path: str = "/dock") -> None:
        self.kind, self.port, self.path = kind, port, path
        self.kept: list[bytes] = []
        self.restart_numbers = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(15)

    def off(self) -> None:
        """It restarts; what it keeps, it keeps on its disk."""

    on = off

    def _run(self) -> None:
        while not self._stop.wait(0.005):
            self._post()

    def cut(self) -> None:
        """Its connections are short: there is none to cut."""

    def say(self, document: object) -> None:
        self.kept.append(json.dumps(document).encode())

    def garbage(self, junk: bytes) -> None:
        self.kept.append(junk)

    def beat(self, at: Instant) -> None:
        self.say({"type": "heartbeat", "timestamp": iso(at, "+0000", 3)} if self.kind == "zebra" else [])

    def _post(self) -> None:
        """What is kept, as much as fits into one array."""
        sending = self.kept[:50]
        if not sending:
            return
        bodies = [b"[" + b",".join(sending) + b"]"] if all(map(_is_json, sending)) else sending
        with contextlib.suppress(OSError):
            if all(post(self.port, self.path, body) == 200 for body in bodies):
                del self.kept[: len(sending)]


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def post(port: int, path: str, body: bytes, headers: dict[str, str] | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", path, body, headers or {})
        return connection.getresponse().status
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()


class Broker:
    """Debian's mosquitto on a free port, with what it keeps in a folder of its own."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        lines = [
            f"listener {self.port} 127.0.0.1",
            *(more or ("allow_anonymous true",)),
            "persistence true",
            f"persistence_location {folder}/",
            "autosave_interval 1",
            "autosave_on_changes true",
            "max_queued_messages 100000",
            "log_type none",
            # As root it would become another user, to whom the folders of the tests are closed.
            "user root",
        ]
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        assert MOSQUITTO is not None
        self.process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self.folder / "mosquitto.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        eventually(self._answers, why=lambda: "the broker does not answer")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


class BrokerReader:
    """A reader that publishes with QoS 1."""

    keeps = True

    def __init__(self, kind: str, broker: Broker, topic: str) -> None:
        self.kind, self.topic = kind, topic
        self.restart_numbers = 0
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"reader-{topic}", clean_session=True)
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def off(self) -> None:
        """It restarts; the broker stays."""

    on = off
    cut = off

    def say(self, document: object) -> None:
        self._publish(json.dumps(document).encode())

    def garbage(self, junk: bytes) -> None:
        self._publish(junk)

    def beat(self, at: Instant) -> None:
        self.say({"type": "heartbeat", "timestamp": iso(at, "+0000", 3)})

    def _publish(self, payload: bytes) -> None:
        self.client.publish(self.topic, payload, qos=1).wait_for_publish(10)


# The station


@dataclass
class Station:
    """The edge daemon's inside, and the server behind it."""

    folder: Path
    reader: ReaderConfig
    clock: Clock
    database: Database
    boots: int = 0
    spool: Spool = field(init=False)
    supervisor: Supervisor = field(init=False)
    collector: Collector = field(init=False)
    driver: Any = None

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.boots += 1
        self.spool = Spool(self.folder / "edge.spool", f"{self.boots:032x}")
        clock, reader = self.clock, self.reader
        made = maker_for(reader, clock, self.spool.known(reader.name), clock.monotonic)

        def make() -> Any:
            self.driver = made()
            return self.driver

        watching = Watching(reader.name, SECOND, covered_seconds=reader.covered_seconds)
        self.supervisor = Supervisor(watching, make, clock=clock, rng=random.Random(7))
        self.collector = Collector([self.supervisor], self.spool, lambda: None)
        self.supervisor.start()

    def kill(self) -> None:
        """As kill -9 leaves it: nothing is drained, nothing stored, nobody is answered."""
        self.supervisor.request_stop()
        thread = self.supervisor._thread
        assert thread is not None
        thread.join(5)
        self.spool.close()

    def end(self) -> None:
        self.supervisor.stop()
        self.collector.collect(self.clock())
        self.deliver()
        self.spool.close()

    @property
    def is_open(self) -> bool:
        """The driver has opened its source."""
        return self.driver is not None and self.driver._heard_at > 0 and not self.driver._closed

    def tick(self) -> bool:
        """The collector's tick, and the delivery."""
        self.collector.collect(self.clock())
        self.deliver()
        return True

    def deliver(self) -> None:
        while (parcel := self.spool.oldest(5000)) is not None:
            form, raw = delivery_of("edge-1", parcel, packed=True)
            batch = parse_batch(raw) if form == "application/json" else parse_delivery(raw)
            with self.database.writing() as connection:
                taken = take(connection, "edge-1", batch, self.clock())
            self.spool.acknowledge(parcel, taken.acknowledged)

    def rows(self, query: str) -> list[Any]:
        with self.database.reading() as connection:
            return list(connection.execute(text(query)))

    def reads(self) -> list[tuple[str, Instant, Instant, int]]:
        """What the server has of the tags of these tests, each row as it is."""
        found = self.rows("SELECT epc, first_at, last_at, count FROM sighting ORDER BY epc, first_at")
        return [tuple(row) for row in found]

    def coverage(self) -> list[tuple[Instant, Instant]]:
        """Stretches in which antenna 1 listened, put together where they meet."""
        stretches: list[tuple[Instant, Instant]] = []
        for since, through in self.rows(
            "SELECT since_at, through_at FROM coverage WHERE antenna = 1 ORDER BY since_at, through_at"
        ):
            if stretches and since <= stretches[-1][1]:
                stretches[-1] = (stretches[-1][0], max(stretches[-1][1], through))
            else:
                stretches.append((since, through))
        return stretches

    def states(self) -> list[tuple[str, str]]:
        return [tuple(row) for row in self.rows("SELECT state, detail FROM reader_event ORDER BY id")]


def iot_reader(kind: str, iot: IotConfig, **more: Any) -> ReaderConfig:
    return ReaderConfig("dock", kind, antennas=(1,), iot=iot, **more)
