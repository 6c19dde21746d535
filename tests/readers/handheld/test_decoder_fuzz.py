"""The decoder of exports under anything: no crash, no hang, bounded memory, and every row accounted for."""

import os
import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readers.handheld import FileUnreadable, Said, Table, read_text, recognise, sightings_of, understand
from tests.readers.handheld import exports

NOW = 1_795_400_000_000_000
SEED = 20261123
WHOLE = os.environ.get("CUSTODY_PROVE") == "whole"


def through(data: bytes) -> Table | None:
    """A file all the way; None where it says that it is none."""
    try:
        table = read_text(data)
    except FileUnreadable:
        return None
    layout = recognise(table)
    found = understand(table, layout, Said(NOW, swept_at=NOW))
    assert len(found.reads) + found.refused_rows + found.skipped == max(0, len(table.rows) - layout.first)
    told = list(sightings_of(found.reads, "handheld:1", NOW))
    if all(read.last_at - read.at == 0 for read in found.reads):
        counted = min(2**31 - 1, sum(read.count for read in found.reads))
        assert sum(one.count for one in told) >= counted or counted >= 2**31 - 1
    return table


@given(st.binary(max_size=2_000))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_taken_or_refused(data: bytes) -> None:
    through(data)


@given(st.text(alphabet="0123456789ABCDEFabcdef,;|\t\"'=:+-./ \r\nETZepc时分日上午", max_size=600))
@settings(max_examples=200, deadline=None)
def test_any_text_is_taken_or_refused(text: str) -> None:
    through(text.encode())


def mutated(rng: random.Random, data: bytes) -> bytes:
    """A file with a few bytes changed, doubled, cut or moved."""
    found = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(found) + 1)
        match rng.randrange(6):
            case 0 if at < len(found):
                found[at] = rng.randrange(256)
            case 1:
                found[at:at] = rng.choice((b'"', b"\0", b"\r", b",", b"=", b"\xff\xfe", b"E+23", "上午".encode()))
            case 2:
                del found[at : at + rng.randint(1, 40)]
            case 3:
                found[at:at] = found[max(0, at - 30) : at] * rng.randint(1, 20)
            case 4:
                found = found[:at] or found
            case _:
                found[at:at] = bytes([rng.randrange(256)]) * rng.randint(1, 300)
    return bytes(found)


@pytest.mark.prove
def test_mutated_exports_neither_crash_nor_hang() -> None:
    rng = random.Random(SEED)
    files = [text.encode(encoding) for text in exports.ALL for encoding in ("utf-8", "utf-16", "gb18030")]
    taken = tried = 0
    for _ in range(60_000 if WHOLE else 400):
        taken += through(mutated(rng, rng.choice(files))) is not None
        tried += 1
    print(f"handheld exports, mutated: {tried} tried, {taken} taken, {tried - taken} refused as a whole, seed {SEED}")
    assert taken > tried // 4, "the mutations are no mere noise"


WORST = {
    "one line of separators": lambda n: b"," * n,
    "one line of quotation marks": lambda n: b'"' * n,
    "quotation marks left open in every line": lambda n: b'a,"b\n' * (n // 5),
    "one line of digits": lambda n: b"3" * n,
    "blank lines": lambda n: b"\n" * n + b"a",
    "blanks in a cell": lambda n: (b"2026-11-22 " + b" " * 60 + b"x,\n") * (n // 75),
    "a tag of blanks and dashes": lambda n: (b"34 - - -- " * 20 + b"\n") * (n // 201),
    "zeros": lambda n: b"\0" * n,
    "control characters": lambda n: b"\x1c\x02" * (n // 2),
}


@pytest.mark.prove
@pytest.mark.parametrize("name", WORST)
def test_the_worst_files_come_to_an_end(name: str) -> None:
    """What is quadratic would not: two million bytes, in which every row is as bad as it can be."""
    through(WORST[name](2_000_000 if WHOLE else 100_000))


@pytest.mark.prove
def test_a_long_export_holds_bounded_memory() -> None:
    """So many bytes a row, whatever stands in it: the largest file there may be stays within a machine."""
    rows = 66_000 if WHOLE else 1_500
    data = exports.many(rows).encode()
    tracemalloc.start()
    try:
        through(data)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    print(f"handheld export of {rows} reads: {peak / rows:.0f} bytes a read at the peak")
    assert peak < rows * 4_000 + 4_000_000
