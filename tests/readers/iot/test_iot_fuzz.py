"""Every decoder and every protocol of readers that speak JSON, under anything: no crash, no hang, bounded memory."""

import contextlib
import json
import os
import random
import time
import tracemalloc
from collections.abc import Callable

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from iot_doubles import NOON, Heard, impinj_event, zebra_event

from readers import impinj, zebra
from readers.driver import DriverError, ProtocolViolated
from readers.iot.assembly import Assembler, Rules
from readers.iot.found import Decode, Parcel
from readers.iot.httpstream import Endpoint, Exchange, LineSplitter
from readers.iot.memory import Memory
from readers.iot.texts import parse_time, tag_of_base64
from readers.iot.webhook import Listening, _Conversation

WHOLE = os.environ.get("CUSTODY_PROVE") == "whole"
SEED = 20261123
DECODERS = {"impinj": impinj.decode, "zebra": zebra.decode}

names = st.sampled_from(
    ["data", "idHex", "tagData", "type", "timestamp", "eventNum", "reads", "antenna", "peakRssi", "tagInventoryEvent",
     "epc", "epcHex", "tidHex", "antennaPort", "peakRssiCdbm", "lastSeenTime", "eventType", "gpiTransitionEvent", "gpi",
     "transition", "connectionState", "radio_control", "antennas", "pin", "state", "EPCid", "inventoryStatusEvent"]
)  # fmt: skip
words = st.sampled_from(
    ["3414F4A2FBEFFFFE00000001", "4oARYGAAAgpmgfI_", "2026-11-22T12:00:00.123456789Z", "2026-11-22T14:00:00+0200",
     "gpi", "heartbeat", "low-to-high", "HIGH", "DISCONNECTED", "overflow", "running", "1", "-5", "NaN", ""]
)  # fmt: skip
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | words
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names | st.text(max_size=5), inner, max_size=6),
    max_leaves=20,
)


def assembled(decode: Decode, payload: bytes, settle: Callable[[], None] | None = None) -> int:
    """A payload all the way to batches that the spool takes; how many reads."""
    memory = Memory("dock")
    assembler = Assembler(Rules("dock", totals=True, numbered=True), decode, memory)
    batches = list(assembler.batches([Parcel(payload, NOON, settle)], NOON))
    for batch in batches:
        assert 0 <= batch.alive_at <= NOON + 3_000_000
        for read in batch.reads:
            assert bytes.fromhex(read.epc).hex().upper() == read.epc
            assert 0 <= read.antenna <= 255
            assert 1 <= read.count <= 1_000_000
            assert abs(read.read_at - NOON) <= 9 * 86_400_000_000
            assert read.rssi_dbm is None or -200 <= read.rssi_dbm <= 100
    return sum(len(batch.reads) for batch in batches)


@pytest.mark.parametrize("decode", DECODERS.values(), ids=DECODERS)
@given(payload=st.binary(max_size=600))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_taken_or_called_broken(decode: Decode, payload: bytes) -> None:
    assembled(decode, payload)


@pytest.mark.parametrize("decode", DECODERS.values(), ids=DECODERS)
@given(document=values)
@settings(max_examples=40, deadline=None)
def test_any_json_is_taken(decode: Decode, document: object) -> None:
    found = decode(json.dumps(document).encode())
    assert found.broken == 0
    assembled(decode, json.dumps(document).encode())


@given(st.text(alphabet="0123456789-+:.,TZz ", max_size=40) | words)
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_time_or_none(text: str) -> None:
    at = parse_time(text)
    assert at is None or 0 <= at < 10**18
    tag_of_base64(text)


def mutated(rng: random.Random, payload: bytes) -> bytes:
    found = bytearray(payload)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        at = rng.randrange(len(found) + 1)
        match rng.randrange(5):
            case 0 if at < len(found):
                found[at] = rng.randrange(256)
            case 1:
                found[at:at] = rng.choice(
                    (b'"', b"{", b"[", b"}", b"]", b",", b"\n", b"9" * 40, b"\\ud800", b"\xff", b"1e999")
                )
            case 2:
                del found[at : at + rng.randint(1, 30)]
            case 3:
                found[at:at] = found[max(0, at - 40) : at] * rng.randint(1, 10)
            case _:
                found = found[:at] or found
    return bytes(found)


@pytest.mark.prove
@pytest.mark.parametrize("name", DECODERS)
def test_mutated_messages_neither_crash_nor_hang(name: str) -> None:
    rng = random.Random(SEED)
    event = impinj_event if name == "impinj" else zebra_event
    payloads = [
        json.dumps(document).encode()
        for number in range(6)
        for document in (event(Heard(number, NOON)), [event(Heard(each, NOON)) for each in range(number)])
    ]
    tried = taken = broken = 0
    until = time.monotonic() + (60 if WHOLE else 0.4)
    while time.monotonic() < until:
        payload = mutated(rng, rng.choice(payloads))
        taken += assembled(DECODERS[name], payload) > 0
        broken += DECODERS[name](payload).broken > 0
        tried += 1
    print(f"{name} messages, mutated: {tried} tried, {taken} with reads, {broken} broken, seed {SEED}")
    assert taken > tried // 20, "the mutations are no mere noise"
    assert broken > tried // 20


WORST: dict[str, Callable[[int], bytes]] = {
    "brackets": lambda n: b"[" * n,
    "braces": lambda n: b'{"a":' * (n // 5),
    "digits": lambda n: b"9" * n,
    "a quotation mark left open": lambda n: b'"' + b"\\" * n,
    "blank lines": lambda n: b"\n" * n,
    "broken lines": lambda n: b"{\n" * (n // 2),
    "an array of nothing": lambda n: b"[" + b"0," * (n // 2) + b"0]",
    "a long EPC": lambda n: b'{"tagInventoryEvent":{"epc":"' + b"A" * n + b'"},"data":{"idHex":"' + b"AB" * n + b'"}}',
    "many tags": lambda n: b'{"data":{"tagData":[' + b'{"idHex":"AB","eventNum":7},' * (n // 28) + b"{}]}}",
    "many antennas": lambda n: json.dumps(
        {"type": "heartbeat", "data": {"radio_control": {"antennas": {str(k): "connected" for k in range(n // 20)}}}}
    ).encode(),
}  # fmt: skip


@pytest.mark.prove
@pytest.mark.parametrize("name", WORST)
def test_the_worst_messages_come_to_an_end_in_bounded_memory(name: str) -> None:
    payload = WORST[name](4_000_000 if WHOLE else 5_000)
    tracemalloc.start()
    try:
        for decode in DECODERS.values():
            assembled(decode, payload)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # What Python makes of a small JSON value is some tens of times its text.
    assert peak < 3_000_000 + 80 * len(payload)


@given(st.lists(st.binary(max_size=50), max_size=20), st.data())
@settings(max_examples=60, deadline=None)
def test_lines_are_the_same_however_they_are_cut(lines: list[bytes], data: st.DataObject) -> None:
    wanted = [line.replace(b"\n", b"").replace(b"\r", b"") for line in lines]
    stream = b"".join(line + b"\r\n" for line in wanted)
    splitter, found, at = LineSplitter(), [], 0
    while at < len(stream):
        size = data.draw(st.integers(1, len(stream) - at))
        found += splitter.feed(stream[at : at + size])
        at += size
    assert found == wanted


def test_a_line_without_end_is_given_up() -> None:
    splitter = LineSplitter(1000)
    for _ in range(10):
        assert splitter.feed(b"x" * 100) == []
    with pytest.raises(ProtocolViolated, match="more than 1000 bytes"):
        splitter.feed(b"x")


def test_a_late_burst_keeps_its_times_and_is_each_once_however_often_it_is_sent() -> None:
    """66,000 reads at once, in posts of one thousand, over the last hour; then all of them again."""
    number = 66_000 if WHOLE else 4_000
    memory = Memory("dock")
    assembler = Assembler(Rules("dock", (1,), numbered=True, totals=True), zebra.decode, memory)
    since = NOON - 3600_000_000
    events = [zebra_event(Heard(each, since + each * 3_600_000_000 // number)) for each in range(number)]
    posts = [json.dumps(events[at : at + 1000]).encode() for at in range(0, number, 1000)]
    settled: list[int] = []
    reads = []
    for post in posts * 2:
        for batch in assembler.batches([Parcel(post, NOON, lambda: settled.append(1))], NOON):
            reads += batch.reads
            if batch.receipt is not None:
                batch.receipt.accepted()
                batch.receipt.stored()
    assert len(settled) == 2 * len(posts), "what is sent again is answered again"
    assert [read.epc for read in reads] == [Heard(each, 0).epc for each in range(number)]
    assert all(abs(read.read_at - (since + at * 3_600_000_000 // number)) < 1000 for at, read in enumerate(reads))
    assert memory.offset.offset_us is None


class Wire:
    """A connection on which these bytes come, and then the end."""

    def __init__(self, parts: list[bytes]) -> None:
        self.parts = [part for part in parts if part]
        self.answered = b""

    def recv(self, _most: int) -> bytes:
        return self.parts.pop(0) if self.parts else b""

    def sendall(self, data: bytes) -> None:
        self.answered += data


HEAD = b"POST /dock HTTP/1.1\r\nHost: edge\r\n"
pieces = st.binary(max_size=60) | st.sampled_from(
    [HEAD, b"Content-Length: 5\r\n\r\n", b"hello", b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n",
     b"Expect: 100-continue\r\n", b"Content-Length: 99999999999999999999\r\n\r\n", b"\r\n\r\n", b"ffffffff\r\n"]
)  # fmt: skip


@given(st.lists(pieces, max_size=8))
@settings(max_examples=120, deadline=None)
def test_whatever_is_posted_ends_in_an_answer_or_in_nothing(parts: list[bytes]) -> None:
    taken: list[bytes] = []

    def take(body: bytes) -> int:
        taken.append(body)
        return 200

    wire = Wire(parts)
    with contextlib.suppress(OSError):
        _Conversation(wire, Listening("127.0.0.1", 1, "/dock", body_bytes_max=100), take).run()  # type: ignore[arg-type]
    assert wire.answered.count(b"HTTP/1.1 200") == len(taken)
    assert all(len(body) <= 100 for body in taken)


@given(st.lists(st.binary(max_size=80) | st.just(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), max_size=6))
@settings(max_examples=80, deadline=None)
def test_whatever_a_reader_answers_is_an_answer_or_a_plain_error(parts: list[bytes]) -> None:
    exchange = Unwired(Endpoint("127.0.0.1", 1))
    exchange._socket = Answering(parts)  # type: ignore[assignment]
    exchange._http.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    exchange._http.send(h11.EndOfMessage())
    found: list[h11.Event] = []
    with contextlib.suppress(DriverError):
        while not any(isinstance(event, h11.EndOfMessage | h11.ConnectionClosed) for event in found):
            found = exchange.events(0.0)


class Unwired(Exchange):
    """Without the socket of a system that could be shut."""

    def close(self) -> None:
        self._socket = None


class Answering(Wire):
    """The same as a socket of ours."""

    def settimeout(self, _seconds: float) -> None:
        pass
