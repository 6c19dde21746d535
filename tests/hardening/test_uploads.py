"""Uploads that were made to hurt: each is read or refused in words, in bounded memory; nothing breaks or hangs."""

import io
import random
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable

import pytest

from api.workbook import Limits, WorkbookUnreadable, read_workbook
from tests.prove.record import WHOLE, proof
from tests.web.front import Front, words
from tests.workbook.builders import GOOD, HEADERS, SCHEME, a_ledger, a_workbook, packed, sheet_xml

CASES = 10_000 if WHOLE else 150
SEED = 20261122
MEMORY_MAX = 60_000_000
"""Above what the same workbook costs unhurt, which is under a megabyte."""
WORKBOOKS = (
    a_ledger(),
    a_workbook({"载体": [HEADERS, GOOD, GOOD], "人员": [("工号", "姓名", "部门"), ("1001", "周敏", "研究部")]}),
    packed(sheet_xml([HEADERS, GOOD, GOOD])),
)
TAGS = (b"<c", b"</c>", b"<row", b"</row>", b"<v>", b't="s"', b't="str"', b'r="1"', b"<sheet ", b"rId1", b"Target=")
POISON = (
    b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>]>",
    b"&a;&a;",
    b"\x00",
    b"\xff\xfe",
    b"-1",
    b"99999999999999999999",
    b"1e308",
    b"NaN",
    b"../../../etc/passwd",
    b"<a>" * 50,
    b"]]>",
    b"xmlns:x='y'",
    "＝".encode(),
)


def flipped(data: bytes, rng: random.Random) -> bytes:
    """A few bytes of the archive itself are others."""
    found = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        found[rng.randrange(len(found))] = rng.randrange(256)
    return bytes(found)


def cut(data: bytes, rng: random.Random) -> bytes:
    """A piece is taken out, or put in twice."""
    first, last = sorted(rng.randrange(len(data)) for _ in range(2))
    return data[:first] + data[last:] if rng.random() < 0.7 else data[:last] + data[first:]


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed_parts(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return out.getvalue()


def rewritten(data: bytes, rng: random.Random) -> bytes:
    """The XML of a part is another: tags doubled, lost, exchanged, poison between them."""
    parts = parts_of(data)
    for _ in range(rng.randint(1, 3)):
        name = rng.choice(sorted(parts))
        body = parts[name]
        tag, other = rng.choice(TAGS), rng.choice(TAGS + POISON)
        at = rng.randrange(len(body) + 1)
        changes = (
            lambda body=body, at=at: body[:at] + rng.choice(POISON) + body[at:],
            lambda body=body, tag=tag, other=other: body.replace(tag, other, rng.randint(1, 3)),
            lambda body=body, at=at: body[:at],
            lambda body=body, tag=tag: body.replace(tag, tag * 2, 1),
        )
        parts[name] = rng.choice(changes)()
    return packed_parts(parts)


def rearranged(data: bytes, rng: random.Random) -> bytes:
    """Parts are missing, exchanged, named otherwise, or are archives themselves."""
    parts = parts_of(data)
    one, two = rng.choice(sorted(parts)), rng.choice(sorted(parts))
    done = rng.randrange(4)
    if done == 0:
        del parts[one]
    elif done == 1:
        parts[one], parts[two] = parts[two], parts[one]
    elif done == 2:
        parts[rng.choice(("xl/../../x", "/etc/passwd", "xl/worksheets/sheet1.xml/", "XL/workbook.xml", "x\u0000y"))] = (
            b"x"
        )
    else:
        parts[one] = data
    return packed_parts(parts, rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2)))


HURTS: tuple[Callable[[bytes, random.Random], bytes], ...] = (flipped, cut, rewritten, rearranged)


@pytest.mark.prove
@pytest.mark.timeout(3600 if WHOLE else 240)
def test_whatever_is_done_to_a_workbook_it_is_read_or_refused() -> None:
    rng = random.Random(SEED)
    read = refused = 0
    with proof("hurt workbooks uploaded", SEED) as row:
        tracemalloc.start()
        try:
            for _ in range(CASES):
                data = rng.choice(HURTS)(rng.choice(WORKBOOKS), rng)
                try:
                    read_workbook(data, scheme=SCHEME)
                    read += 1
                except WorkbookUnreadable:
                    refused += 1
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < MEMORY_MAX
        row.held = f"holds: {read:,} read, {refused:,} refused, at most {peak / 1e6:.0f} MB"
    assert min(read, refused) > CASES / 20


def test_by_the_page_they_are_refused_in_words(front: Front) -> None:
    """The same through the door: never more than a page that says what is wrong."""
    rng = random.Random(SEED)
    browser = front.signed_in("clerk")
    statuses = set()
    for number in range(24):
        data = HURTS[number % len(HURTS)](WORKBOOKS[number % len(WORKBOOKS)], rng)
        files = {"workbook": ("a.xlsx", data, "application/octet-stream")}
        answer = browser.http.post("/import", data={"csrf": browser.csrf}, files=files)
        statuses.add(answer.status_code)
        if answer.status_code == 303:
            page = browser.get(answer.headers["location"])
            assert page.status_code == 200, words(page.text)
    assert statuses == {303, 422}


def _deep(levels: int) -> bytes:
    return packed(sheet_xml([HEADERS, GOOD]).replace("</sheetData>", "<x>" * levels + "</x>" * levels + "</sheetData>"))


def _deep_index(levels: int) -> bytes:
    parts = parts_of(packed(sheet_xml([HEADERS, GOOD])))
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(
        b"<sheets>", b"<x>" * levels + b"</x>" * levels + b"<sheets>"
    )
    return packed_parts(parts)


READS = (
    "import sys, resource\n"
    "resource.setrlimit(resource.RLIMIT_AS, (3_000_000_000, 3_000_000_000))\n"
    "resource.setrlimit(resource.RLIMIT_CPU, (40, 40))\n"
    "from api.workbook import WorkbookUnreadable, read_workbook\n"
    "from custody.scheme import Scheme\n"
    "for path in sys.argv[1:]:\n"
    "    try:\n"
    "        read_workbook(open(path, 'rb').read(), scheme=Scheme())\n"
    "        print('read')\n"
    "    except WorkbookUnreadable as error:\n"
    "        print(error.code)\n"
)


def test_nested_without_end_a_workbook_kills_no_process(tmp_path_factory: pytest.TempPathFactory) -> None:
    """In a process of its own, with bounded memory and time: a stack that overflows would end it."""
    folder = tmp_path_factory.mktemp("deep")
    paths = []
    for number, data in enumerate((_deep(300_000), _deep_index(300_000))):
        path = folder / f"{number}.xlsx"
        path.write_bytes(data)
        paths.append(path)
    done = subprocess.run([sys.executable, "-c", READS, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    assert len(done.stdout.split()) == len(paths)


def test_a_bomb_in_a_bomb_and_a_size_that_lies_are_not_unpacked() -> None:
    """Ten thousand to one: what the directory says is over, and what it hides is cut off where it said it ends."""
    vast = b"0" * 30_000_000
    nested = packed_parts({"xl/embeddings/a.zip": packed_parts({"b": vast}), **parts_of(a_ledger())})
    assert len(nested) < 100_000
    assert read_workbook(nested, scheme=SCHEME).carriers
    lying = bytearray(packed(sheet_xml([HEADERS, GOOD]) + " " * len(vast)))
    sizes = zipfile.ZipFile(io.BytesIO(lying)).getinfo("xl/worksheets/sheet1.xml").file_size.to_bytes(4, "little")
    assert lying.count(sizes) == 2
    small = (500).to_bytes(4, "little")
    tracemalloc.start()
    try:
        with pytest.raises(WorkbookUnreadable):
            read_workbook(bytes(lying), scheme=SCHEME)
        with pytest.raises(WorkbookUnreadable):
            read_workbook(bytes(lying.replace(sizes, small)), scheme=SCHEME, limits=Limits())
        assert tracemalloc.get_traced_memory()[1] < MEMORY_MAX
    finally:
        tracemalloc.stop()
