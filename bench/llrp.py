"""LLRP bytes to sightings in the durable spool, against sllurp's bare decode of the same bytes, in CPU time.

Ours does more than the peer: framing, checked decoding, smoothing, packing and a commit with synchronous=FULL
every 50 ms of reader time. Three streams: tags lying still, every read a new tag, optional fields that differ
from tag to tag (which no fixed layout can serve).
"""

import random
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from sllurp.llrp import LLRPMessage

from bench.harness import Figure, compare
from readers.llrp.framing import Framer
from readers.llrp.report import ReportDecoder
from readers.smoothing import Smoother
from readers.spool import Spool

TAGS_PER_REPORT = 200
REPORTS = 250
TICK_REPORTS = 12
BEGUN = 1_760_000_000_000_000
RO_ACCESS_REPORT = 61
REPORT_SPACING_US = 4_000


def _tag(epc: bytes, at: int, rng: random.Random, fields: Callable[[random.Random], set[str]]) -> bytes:
    wanted = fields(rng)
    body = struct.pack(">B12s", 0x8D, epc)
    if "rospec" in wanted:
        body += struct.pack(">BI", 0x89, 1)
    if "antenna" in wanted:
        body += struct.pack(">BH", 0x81, rng.randint(1, 4))
    if "rssi" in wanted:
        body += struct.pack(">Bb", 0x86, rng.randint(-75, -40))
    if "first" in wanted:
        body += struct.pack(">BQ", 0x82, at)
    if "last" in wanted:
        body += struct.pack(">BQ", 0x84, at)
    if "count" in wanted:
        body += struct.pack(">BH", 0x88, 1)
    return struct.pack(">HH", 240, len(body) + 4) + body


ALL_FIELDS = {"rospec", "antenna", "rssi", "first", "last", "count"}
OPTIONAL = ("rospec", "first", "count", "rssi")


def _some_fields(rng: random.Random) -> set[str]:
    return {"antenna", "last"} | {name for name in OPTIONAL if rng.random() < 0.5}


def _stream(seed: int, *, still: bool, fields: Callable[[random.Random], set[str]]) -> list[bytes]:
    """Whole messages, header included."""
    rng = random.Random(seed)
    pool = [rng.randbytes(12) for _ in range(TAGS_PER_REPORT)]
    messages = []
    for number in range(REPORTS):
        at = BEGUN + number * REPORT_SPACING_US
        epcs = pool if still else [rng.randbytes(12) for _ in range(TAGS_PER_REPORT)]
        body = b"".join(_tag(epc, at + i, rng, fields) for i, epc in enumerate(epcs))
        messages.append(struct.pack(">HII", 1 << 10 | RO_ACCESS_REPORT, len(body) + 10, number) + body)
    return messages


def _ours(messages: list[bytes], folder: Path) -> Callable[[], None]:
    runs = iter(range(1_000))

    def work() -> None:
        framer, decoder, smoother = Framer(), ReportDecoder(), Smoother(10_000_000)
        spool = Spool(folder / f"spool-{next(runs)}", f"{next(runs):032x}")
        for start in range(0, len(messages), TICK_REPORTS):
            now = BEGUN + start * REPORT_SPACING_US
            # What came in the 48 ms since the reader was read last: one piece of the stream.
            found = framer.feed(b"".join(messages[start : start + TICK_REPORTS]))
            report, broken = decoder.decode_all([(message.body, message.offset) for message in found])
            assert broken is None
            smoother.take_rows("cabinet", report.rows, now)
            spool.append([smoother.due(now)])
        spool.append([smoother.flush()])
        spool.close()

    return work


def _sllurp(messages: list[bytes]) -> Callable[[], None]:
    def work() -> None:
        for data in messages:
            LLRPMessage(msgbytes=data)

    return work


def figures() -> Iterator[Figure]:
    """The three streams."""
    streams: tuple[tuple[str, bool, Callable[[random.Random], set[str]], float], ...] = (
        ("tags lying still", True, lambda _rng: ALL_FIELDS, 10.0),
        ("every read a new tag", False, lambda _rng: ALL_FIELDS, 4.0),
        ("random optional fields", True, _some_fields, 3.0),
    )
    for name, still, fields, reach in streams:
        messages = _stream(7, still=still, fields=fields)
        with tempfile.TemporaryDirectory() as folder:
            yield compare(
                f"LLRP bytes → durable spool: {name}",
                ours=_ours(messages, Path(folder)),
                peer=_sllurp(messages),
                units=TAGS_PER_REPORT * REPORTS,
                unit="tags/s CPU",
                peer_name="sllurp's decode alone",
                reach=reach,
            )
