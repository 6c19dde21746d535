"""LLRP under fire, seeded: what a reader or an impostor may send neither breaks, hangs nor bloats the daemon, and what
was learnt from one report never changes what the next one says. A hang ends the run by pytest's timeout.
"""

import random
import struct
import time
import tracemalloc
from collections.abc import Callable, Sequence

import pytest

from readers.columns import columns_of
from readers.driver import ProtocolViolated
from readers.llrp import messages
from readers.llrp.framing import MESSAGE_BYTES_MAX, Framer, Message
from readers.llrp.report import ReportDecoder
from readers.packing import PackedInvalid, pack_delivery, pack_sightings, unpack_sightings
from readers.sighting import Sighting
from readers.smoothing import Smoother
from readers.spool import pack
from reconcile.delivery import parse_delivery
from reconcile.intake import IntakeInvalid, parse_batch
from tests.prove.record import WHOLE, proof
from tests.readers.edge.edge_doubles import (
    STATUS_GOOD,
    antenna_event,
    capabilities,
    message,
    properties,
    tag,
    tlv,
    welcome,
)

CASES = 200_000 if WHOLE else 1_500
SEED = 61
BYTES_MAX = 24_000_000
"""What one case may make the daemon hold."""

pytestmark = [pytest.mark.prove, pytest.mark.timeout(3600 if WHOLE else 120)]


def a_tag(rng: random.Random) -> bytes:
    """A tag with any of the fields, in the order of the standard."""

    def maybe(value: int) -> int | None:
        return value if rng.random() < 0.7 else None

    extra = rng.choice((b"", b"", b"\x89\0\0\0\1", b"\x87\0\5", b"\x8c\x30\0", tlv(1023, rng.randbytes(9))))
    return tag(
        rng.randbytes(rng.choice((12, 12, 12, 8, 16, 31))),
        maybe(rng.randint(0, 65535)),
        maybe(rng.randint(-128, 127)),
        maybe(rng.choice((rng.getrandbits(64), 1_760_000_000_000_000 + rng.getrandbits(40)))),
        maybe(rng.choice((rng.getrandbits(64), 1_760_000_000_000_000 + rng.getrandbits(40)))),
        maybe(rng.randint(0, 65535)),
        extra,
    )


def a_report(rng: random.Random) -> bytes:
    """Tags alike, tags of a kind with other values, or any mixture."""
    way = rng.random()
    if way < 0.3:
        return a_tag(rng) * rng.randint(1, 20)
    if way < 0.6:
        return b"".join(
            tag(rng.randbytes(12), rng.randint(1, 4), -50, 1000, 2000, 1) for _ in range(rng.randint(1, 20))
        )
    return b"".join(a_tag(rng) for _ in range(rng.randint(0, 8)))


def broken(rng: random.Random, data: bytes) -> bytes:
    """The same with a few bytes changed, cut out, put in, or the whole cut off."""
    found = bytearray(data)
    for _ in range(rng.choice((0, 1, 1, 2, 5))):
        place = rng.randrange(len(found) + 1)
        way = rng.randrange(5)
        if way == 0:
            found[place:place] = rng.randbytes(rng.randint(1, 9))
        elif way == 1:
            del found[place : place + rng.randint(1, 9)]
        elif way == 2:
            del found[place:]
        elif place + 2 <= len(found):
            # Lengths and types: the places where it hurts.
            found[place : place + 2] = rng.choice((b"\0\0", b"\xff\xff", b"\0\xf0", b"\0\4", rng.randbytes(2)))
    return bytes(found)


def report(rng: random.Random) -> None:
    """Several reports together, in a decoder that has learnt, and one by one on foot: the same rows, the same error."""
    learnt, walk = ReportDecoder(), ReportDecoder(layouts_max=0)
    for _ in range(3):
        together = [(broken(rng, a_report(rng)) if rng.random() < 0.4 else a_report(rng), 10) for _ in range(3)]
        found, error = learnt.decode_all(together)
        rows: list[object] = []
        said: ProtocolViolated | None = None
        for body in together:
            one, said = walk.decode_all([body])
            rows += one.rows
            if said is not None:
                break
        assert list(found.rows) == rows
        assert str(error) == str(said)
        if error is not None:
            return
        smoother = Smoother(10_000_000)
        smoother.take_rows("cabinet", found.rows, 1_760_000_000_000_000)
        told = smoother.flush()
        assert int(told.counts.sum()) >= len(found.rows)


def stream(rng: random.Random) -> None:
    """A stream of messages in pieces, some of it broken: whole messages as they are, or a refusal, with the byte."""
    sent = [message(rng.choice((61, 62, 63, 999)), rng.randbytes(rng.randint(0, 60)), at) for at in range(5)]
    data = b"".join(sent)
    if hurt := rng.random() < 0.6:
        data = broken(rng, data)
    framer, got, refusal = Framer(), [], ""
    try:
        while data:
            size = rng.randint(1, 40)
            got += framer.feed(data[:size])
            data = data[size:]
    except ProtocolViolated as error:
        refusal = str(error)
    if refusal:
        assert hurt
        assert "byte " in refusal
        return
    assert framer.unfinished_bytes <= MESSAGE_BYTES_MAX
    if not hurt:
        assert [each.data for each in got] == sent


_ANSWERS: Sequence[tuple[int, bytes]] = (
    (11, capabilities(4)),
    (12, properties([(1, True), (2, False)])),
    (13, STATUS_GOOD),
    (30, tlv(287, struct.pack(">HH", 101, 3) + b"why")),
    (63, welcome(1_760_000_000_000_000)[10:]),
    (63, antenna_event(1_760_000_000_000_000, 2, True)[10:]),
    (100, STATUS_GOOD),
    (4, STATUS_GOOD),
)


def answer(rng: random.Random) -> None:
    """Answers and events, broken: understood, or refused with the byte."""
    kind, body = rng.choice(_ANSWERS)
    found = Message(kind, 1, broken(rng, body) if rng.random() < 0.9 else rng.randbytes(rng.randint(0, 80)), 0)
    refusal = "byte "
    try:
        values = messages.decode(found) or {}
        messages.refusal(values)
        if kind == 63:
            messages.event(found)
        elif kind == 11:
            messages.capabilities(values, 0)
        elif kind == 12:
            messages.connected_antennas(values)
    except ProtocolViolated as error:
        refusal = str(error)
    assert "byte " in refusal


def delivery(rng: random.Random) -> None:
    """What is posted to the intake, packed or in rows, broken: taken, or refused with what is wrong."""
    refusal = "taken"
    try:
        (parse_delivery if rng.random() < 0.5 else parse_batch)(broken(rng, rng.choice(_POSTED)))
    except IntakeInvalid as error:
        refusal = str(error)
    assert refusal


def packed(rng: random.Random) -> None:
    """A packed record of the spool, broken: read, or refused."""
    refusal = "read"
    try:
        for at, sighting in enumerate(unpack_sightings(broken(rng, _PACKED))):
            pack(sighting, at)
    except PackedInvalid as error:
        refusal = str(error)
    assert refusal


def _posted() -> tuple[tuple[bytes, ...], bytes]:
    at = 1_760_000_000_000_000
    sightings = [Sighting(f"{n:024X}", "cabinet", n, at, at + n, 1, -50.0, -51.25, at + 9) for n in range(1, 9)]
    body = pack_sightings(columns_of(sightings))
    head = b'{"daemon": "edge-1", "boot": "%s", "coverage": [[1, "cabinet", 1, %d, %d]]}' % (b"b" * 32, at, at + 5)
    return (head, pack_delivery(head, [(2, body)])), body


_POSTED, _PACKED = _posted()


@pytest.mark.parametrize("decoder", [report, stream, answer, delivery, packed], ids=lambda one: one.__name__)
def test_it_neither_breaks_nor_hangs_nor_bloats(decoder: Callable[[random.Random], None]) -> None:
    rng = random.Random(f"{SEED} {decoder.__name__}")
    number = CASES // 5 if decoder is report else CASES
    with proof(f"LLRP and intake fuzzed: {decoder.__name__}", seed=SEED) as row:
        longest, begun = 0.0, time.process_time()
        # Every hundredth is weighed: to weigh costs more than to decode.
        for case in range(number):
            weighed = case % 100 == 0
            if weighed:
                tracemalloc.start()
            began = time.process_time()
            decoder(rng)
            longest = max(longest, time.process_time() - began)
            if weighed:
                _, most = tracemalloc.get_traced_memory()
                tracemalloc.stop()
                assert most < BYTES_MAX
        took = time.process_time() - begun
        row.held = f"{number:,} cases in {took:,.0f} s of CPU, the longest {longest * 1000:.1f} ms"
        print(row.held)
