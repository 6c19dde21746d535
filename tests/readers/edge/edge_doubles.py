"""Doubles at the two ends of the edge daemon: a reader that can misbehave, and a server that can fail.

Both are real sockets on 127.0.0.1. The reader's messages are built here from the standard, byte by byte, and
share no code with the product.
"""

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from readers.spool import KINDS

SHELF = ("3414F4A2000000A1B2C3D4E5", "3414F4A2000000A1B2C3D4E6")
YEAR_2000_US = 946_684_800_000_000


def now_us() -> int:
    return time.time_ns() // 1000


def eventually(holds: Callable[[], Any], seconds: float = 10.0, what: str = "") -> Any:
    """Wait until something holds, and give it back; fail with what was awaited."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.01)
    raise AssertionError(f"did not come about within {seconds} s: {what or holds}")


# LLRP from the standard (1.0.1, section 16)


def message(kind: int, body: bytes = b"", identifier: int = 0) -> bytes:
    return struct.pack(">HII", (1 << 10) | kind, 10 + len(body), identifier) + body


def tlv(kind: int, body: bytes = b"") -> bytes:
    return struct.pack(">HH", kind, 4 + len(body)) + body


def tag(
    epc: bytes,
    antenna: int | None = 1,
    rssi: int | None = -50,
    first: int | None = None,
    last: int | None = None,
    count: int | None = None,
    extra: bytes = b"",
) -> bytes:
    """A TagReportData with the fields that are given."""
    body = b"\x8d" + epc if len(epc) == 12 else tlv(241, struct.pack(">H", len(epc) * 8) + epc)
    body += b"" if antenna is None else b"\x81" + struct.pack(">H", antenna)
    body += b"" if rssi is None else b"\x86" + struct.pack(">b", rssi)
    body += b"" if first is None else b"\x82" + struct.pack(">Q", first)
    body += b"" if last is None else b"\x84" + struct.pack(">Q", last)
    body += b"" if count is None else b"\x88" + struct.pack(">H", count)
    return tlv(240, body + extra)


def welcome(at: int, status: int = 0) -> bytes:
    return message(63, tlv(246, tlv(128, struct.pack(">Q", at)) + tlv(256, struct.pack(">H", status))))


def antenna_event(at: int, antenna: int, connected: bool) -> bytes:
    event = tlv(255, struct.pack(">BH", connected, antenna))
    return message(63, tlv(246, tlv(128, struct.pack(">Q", at)) + event))


STATUS_GOOD = tlv(287, struct.pack(">HH", 0, 0))


def status_bad(code: int, why: str) -> bytes:
    return tlv(287, struct.pack(">HH", code, len(why)) + why.encode())


def capabilities(antennas: int) -> bytes:
    firmware = b"5.14.0"
    general = struct.pack(">HHIIH", antennas, 0x4000, 25882, 2001002, len(firmware)) + firmware
    return STATUS_GOOD + tlv(137, general)


def properties(connected: Iterable[tuple[int, bool]]) -> bytes:
    found = b"".join(tlv(221, struct.pack(">BHh", 0x80 if there else 0, antenna, 0)) for antenna, there in connected)
    return STATUS_GOOD + found


ANSWERS = {1: 11, 2: 12, 3: 13, 20: 30, 21: 31, 24: 34, 41: 51, 14: 4}


class ReaderDouble:
    """An LLRP reader with tags in its field. Everything about it can be changed while it runs."""

    def __init__(self, epcs: Iterable[str] = SHELF, antennas: int = 2) -> None:
        self.epcs = tuple(epcs)
        self.antennas = antennas
        self.connected: tuple[tuple[int, bool], ...] = tuple((at, True) for at in range(1, antennas + 1))
        self.reads_every_seconds = 0.04
        self.offset_us = 0
        self.welcome_status = 0
        self.refusals: dict[int, bytes] = {}
        self.first_words: bytes | None = None
        self.frozen = threading.Event()
        self.requests: list[tuple[int, bytes]] = []
        self.connections = 0
        self.acknowledged = 0
        self.tags_sent = 0
        self._live: list[socket.socket] = []
        self._guard = threading.Lock()
        self._closing = False
        self.port = 0
        self.listen()

    def __enter__(self) -> "ReaderDouble":
        return self

    def __exit__(self, *_: object) -> None:
        self.off()

    def listen(self) -> None:
        """Take connections, at the port it had before."""
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen(8)
        self.port = self._listener.getsockname()[1]
        self._closing = False
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def off(self) -> None:
        """The power is cut: every connection ends, and the port refuses."""
        self._closing = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()

    def drop(self) -> None:
        """End every connection."""
        with self._guard:
            live, self._live = self._live, []
        for connection in live:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def say(self, data: bytes) -> None:
        """Send bytes to whoever is connected."""
        with self._guard:
            for connection in self._live:
                with contextlib.suppress(OSError):
                    connection.sendall(data)

    def cut(self) -> None:
        """End every connection in the middle of a message."""
        self.say(message(61, tag(bytes.fromhex(SHELF[0])))[:-7])
        self.drop()

    @property
    def time(self) -> int:
        return now_us() + self.offset_us

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if self._closing:
                connection.close()
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        reading = threading.Event()
        with self._guard:
            self._live.append(connection)
        threading.Thread(target=self._report, args=(connection, reading), daemon=True).start()
        with contextlib.suppress(OSError):
            if self.first_words is not None:
                connection.sendall(self.first_words)
            elif not self.frozen.is_set():
                connection.sendall(welcome(self.time, self.welcome_status))
            buffer = b""
            while data := connection.recv(65536):
                buffer += data
                while len(buffer) >= 10:
                    head, length, identifier = struct.unpack(">HII", buffer[:10])
                    if len(buffer) < length:
                        break
                    self._answer(connection, reading, head & 0x3FF, buffer[10:length], identifier)
                    buffer = buffer[length:]
        reading.clear()
        connection.close()

    def _answer(
        self, connection: socket.socket, reading: threading.Event, kind: int, body: bytes, identifier: int
    ) -> None:
        self.requests.append((kind, body))
        if kind == 72:
            self.acknowledged += 1
        if self.frozen.is_set() or kind not in ANSWERS:
            return
        said = {1: capabilities(self.antennas), 2: properties(self.connected)}.get(kind, STATUS_GOOD)
        with self._guard:
            connection.sendall(message(ANSWERS[kind], self.refusals.get(kind, said), identifier))
        if kind == 24:
            reading.set()

    def _report(self, connection: socket.socket, reading: threading.Event) -> None:
        reading.wait(20)
        told = time.monotonic()
        while connection.fileno() >= 0 and not self._closing:
            time.sleep(min(self.reads_every_seconds, 0.05))
            if self.frozen.is_set() or not reading.is_set():
                continue
            at, data, sent = self.time, b"", 0
            if self.reads_every_seconds < 1:
                data = message(61, b"".join(tag(bytes.fromhex(epc), 1, -52, at, at, 1) for epc in self.epcs))
                sent = len(self.epcs)
            if time.monotonic() - told >= 0.1:
                told = time.monotonic()
                data += message(62)
            with self._guard:
                try:
                    connection.sendall(data)
                except OSError:
                    return
                self.tags_sent += sent


# The server's side of the intake contract


@dataclass
class Taken:
    """What one request brought, as it was journalled."""

    boot: str
    body: dict[str, Any]
    first_seq: int
    last_seq: int


def rows_of(body: dict[str, Any]) -> list[tuple[str, list[Any]]]:
    found = [(kind, row) for kind in KINDS for row in body.get(kind, ())]
    return sorted(found, key=lambda item: item[1][0])


@dataclass
class ServerDouble:
    """A custody server's intake: takes each record once, journals what it acknowledges, fails when told to."""

    token: str = "secret"
    failures: list[str] = field(default_factory=list)
    """What the next requests meet: "500", "drop" (no answer, nothing taken), "deaf" (taken, no answer), "junk"."""
    invalid: Callable[[str, list[Any]], bool] = lambda kind, row: False
    journal: list[Taken] = field(default_factory=list)
    records: dict[tuple[str, int], tuple[str, list[Any]]] = field(default_factory=dict)

    def __enter__(self) -> "ServerDouble":
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                double._post(self)

            def log_message(self, *_: object) -> None:
                pass

        self._guard = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def of_kind(self, kind: str) -> list[list[Any]]:
        """The rows of a kind, in the order in which they came first."""
        with self._guard:
            return [row for found, row in self.records.values() if found == kind]

    def counted(self, reader: str | None = None) -> int:
        """Reads in all sightings, of one reader or of all."""
        return sum(row[7] for row in self.of_kind("sightings") if reader in (None, row[3]))

    def _post(self, request: BaseHTTPRequestHandler) -> None:
        body = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        with self._guard:
            failure = self.failures.pop(0) if self.failures else ""
            status, answer = self._judge(request, body, failure)
        if failure in ("drop", "deaf"):
            request.close_connection = True
            request.connection.shutdown(socket.SHUT_RDWR)
            return
        text = b"no json" if failure == "junk" else json.dumps(answer).encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        request.wfile.write(text)

    def _judge(self, request: BaseHTTPRequestHandler, body: dict[str, Any], failure: str) -> tuple[int, dict[str, Any]]:
        assert request.path == "/api/v1/intake"
        if request.headers["Authorization"] != f"Bearer {self.token}":
            return 401, {"detail": "unknown token"}
        if failure == "500":
            return 500, {"detail": "out of order"}
        rows = rows_of(body)
        assert 1 <= len(rows) <= 1000
        if any(self.invalid(kind, row) for kind, row in rows):
            return 400, {"detail": "a record is invalid"}
        if failure == "drop":
            return 503, {}
        taken = 0
        for kind, row in rows:
            key = (body["boot"], row[0])
            if key in self.records:
                assert self.records[key] == (kind, row), "a key names two records"
            else:
                self.records[key] = (kind, row)
                taken += 1
        self.journal.append(Taken(body["boot"], body, rows[0][1][0], rows[-1][1][0]))
        return 200, {"acknowledged": rows[-1][1][0], "taken": taken, "repeated": len(rows) - taken}
