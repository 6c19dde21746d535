"""An LLRP client of the tests' own, written from the standard (1.0.1, section 16), sharing no code with the product.

It knows numbers only: message and parameter types stand here as the standard prints them.
"""

import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

WAIT_SECONDS = 10.0

TV = {1: 2, 2: 8, 3: 8, 4: 8, 5: 8, 6: 1, 7: 2, 8: 2, 9: 4, 10: 2, 11: 2, 12: 2, 13: 12, 14: 2, 16: 4, 17: 2}
SIGNED = {6}
NAMES = {
    1: "AntennaID",
    2: "FirstSeenUTC",
    4: "LastSeenUTC",
    6: "PeakRSSI",
    7: "ChannelIndex",
    8: "TagSeenCount",
    9: "ROSpecID",
    10: "InventoryParameterSpecID",
    11: "CRC",
    12: "PC",
    14: "SpecIndex",
    16: "AccessSpecID",
}


def tlv(kind: int, body: bytes = b"") -> bytes:
    return struct.pack(">HH", kind, len(body) + 4) + body


def message(kind: int, number: int, body: bytes = b"", version: int = 1) -> bytes:
    return struct.pack(">HII", version << 10 | kind, 10 + len(body), number) + body


def parameters(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        if data[at] & 0x80:
            kind = data[at] & 0x7F
            yield kind, data[at + 1 : at + 1 + TV[kind]]
            at += 1 + TV[kind]
        else:
            kind, size = struct.unpack_from(">HH", data, at)
            assert size >= 4
            assert at + size <= len(data)
            yield kind & 0x3FF, data[at + 4 : at + size]
            at += size


def status(body: bytes) -> tuple[int, str]:
    kind, content = next(parameters(body))
    assert kind == 287, "an LLRPStatus stands first"
    code, size = struct.unpack_from(">HH", content)
    return code, content[4 : 4 + size].decode()


def errors(body: bytes) -> list[tuple[int, int]]:
    """The nested errors as (parameter type or field number, code), from the outside in."""
    _, content = next(parameters(body))
    (size,) = struct.unpack_from(">H", content, 2)
    found, rest = [], content[4 + size :]
    while rest:
        kind, inner = next(parameters(rest))
        assert kind in (288, 289)
        found.append(struct.unpack_from(">HH", inner))
        rest = inner[4:]
    return found


def tags(body: bytes) -> list[dict[str, Any]]:
    found = []
    for kind, content in parameters(body):
        assert kind == 240
        entry: dict[str, Any] = {}
        for inner, value in parameters(content):
            if inner == 13:
                entry["EPC-96"] = value.hex().upper()
            elif inner == 241:
                (bits,) = struct.unpack_from(">H", value)
                assert bits == 8 * (len(value) - 2)
                entry["EPCData"] = value[2:].hex().upper()
            elif inner in NAMES:
                entry[NAMES[inner]] = int.from_bytes(value, "big", signed=inner in SIGNED)
            else:
                entry[f"result {inner}"] = value
        entry["EPC"] = entry.get("EPC-96") or entry.get("EPCData")
        found.append(entry)
    return found


ALL_FIELDS = 0xFFC0
ANTENNA, RSSI, FIRST, LAST, COUNT, ROSPEC_ID = 1 << 12, 1 << 10, 1 << 9, 1 << 8, 1 << 7, 1 << 15


def report_spec(trigger: int = 1, n: int = 1, select: int = ALL_FIELDS, memory: int | None = None) -> bytes:
    selector = struct.pack(">H", select) + (b"" if memory is None else tlv(348, bytes((memory,))))
    return tlv(237, struct.pack(">BH", trigger, n) + tlv(238, selector))


def aispec(
    antennas: tuple[int, ...] = (0,), stop: int = 0, stop_ms: int = 0, observation: bytes = b"", inner: bytes = b""
) -> bytes:
    body = struct.pack(f">H{len(antennas)}H", len(antennas), *antennas)
    body += tlv(184, struct.pack(">BI", stop, stop_ms) + observation)
    return tlv(183, body + tlv(186, struct.pack(">HB", 7, 1) + inner))


def observation(kind: int, tags: int = 0, attempts: int = 0, quiet_ms: int = 0, timeout_ms: int = 0) -> bytes:
    return tlv(185, struct.pack(">BBHHHI", kind, 0, tags, attempts, quiet_ms, timeout_ms))


def rospec(
    number: int = 1,
    start: int = 1,
    start_inner: bytes = b"",
    stop: int = 0,
    stop_ms: int = 0,
    aispecs: bytes | None = None,
    report: bytes | None = None,
    priority: int = 0,
    state: int = 0,
) -> bytes:
    boundary = tlv(179, bytes((start,)) + start_inner) + tlv(182, struct.pack(">BI", stop, stop_ms))
    body = struct.pack(">IBB", number, priority, state) + tlv(178, boundary)
    body += aispec() if aispecs is None else aispecs
    return tlv(177, body + (report_spec() if report is None else report))


def accessspec(number: int = 1, opspecs: bytes = b"", target: bytes | None = None, executions: int = 0) -> bytes:
    if target is None:
        target = struct.pack(">BHH", 1 << 6 | 1 << 5, 0, 0) + struct.pack(">H", 0)
    body = struct.pack(">IHBBI", number, 0, 1, 0, 0) + tlv(208, struct.pack(">BH", bool(executions), executions))
    return tlv(207, body + tlv(209, tlv(338, tlv(339, target)) + opspecs))


def read_opspec(number: int, bank: int, pointer: int, words: int) -> bytes:
    return tlv(341, struct.pack(">HIBHH", number, 0, bank << 6, pointer, words))


@dataclass
class Client:
    """One TCP connection; keeps apart answers, reports, events and keepalives."""

    port: int
    reports: list[bytes] = field(default_factory=list)
    events: list[dict[int, bytes]] = field(default_factory=list)
    keepalives: int = 0
    acknowledge: bool = True
    receive_buffer: int = 0

    def __post_init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if self.receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
        self.socket.settimeout(WAIT_SECONDS)
        try:
            self.socket.connect(("127.0.0.1", self.port))
        except OSError:
            self.socket.close()
            raise
        self.number = 100

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, kind: int, body: bytes = b"", version: int = 1) -> int:
        self.number += 1
        self.socket.sendall(message(kind, self.number, body, version))
        return self.number

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise EOFError(f"closed after {len(data)} of {size} bytes")
            data += more
        return data

    def receive(self) -> tuple[int, int, bytes]:
        """The next message, whatever it is."""
        first, length, number = struct.unpack(">HII", self._exactly(10))
        assert first >> 10 == 1, "version 1 is LLRP 1.0.1"
        kind, body = first & 0x3FF, self._exactly(length - 10)
        if kind == 61:
            self.reports.append(body)
        elif kind == 63:
            (outer, content) = next(parameters(body))
            assert outer == 246
            self.events.append(dict(parameters(content)))
        elif kind == 62:
            self.keepalives += 1
            if self.acknowledge:
                self.send(72)
        return kind, number, body

    def ask(self, kind: int, body: bytes = b"", version: int = 1) -> tuple[int, bytes]:
        """Send, and wait for the answer of the same id; what comes of itself meanwhile is kept."""
        number = self.send(kind, body, version)
        while True:
            answered, its_number, content = self.receive()
            if answered not in (61, 62, 63) and its_number == number:
                return answered, content

    def command(self, kind: int, body: bytes = b"") -> int:
        """Send, and give the status code of the answer, which must be of the matching type."""
        answered, content = self.ask(kind, body)
        assert answered == (4 if kind == 14 else kind + 10), f"{kind} was answered by {answered}: {content!r}"
        return status(content)[0]

    def until(self, holds: Callable[[], bool]) -> None:
        """Receive until something holds; fails loudly when it does not in good time."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not holds():
            assert time.monotonic() < deadline, "it did not come in time"
            self.receive()

    def tags(self) -> list[dict[str, Any]]:
        return [entry for body in self.reports for entry in tags(body)]

    def connected(self) -> "Client":
        """Wait for the notification of the connection attempt; it must be success."""
        kind, _, _ = self.receive()
        assert kind == 63
        assert self.events[-1][256] == b"\0\0"
        return self

    def start(self, spec: bytes | None = None, number: int = 1) -> "Client":
        assert self.command(20, rospec(number) if spec is None else spec) == 0
        assert self.command(24, struct.pack(">I", number)) == 0
        return self


def welcomed(port: int) -> Client:
    """Connect, again and again while the reader has not noticed yet that its last client is gone."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        client = Client(port)
        client.receive()
        if client.events[-1][256] == b"\0\0":
            return client
        client.socket.close()
    raise AssertionError("the last connection still counts")
