"""The books: the offline verification of an export."""

import hashlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import register
from bench.databases import sqlite
from bench.harness import Figure, compare, cpu_seconds
from custody.ledger import LedgerKey, verify_export
from custody.scheme import Scheme
from custody.store.books import Books

SIZE = 20_000


def _verification() -> Figure:
    with sqlite() as database, tempfile.TemporaryDirectory() as folder:
        register.fill(database, SIZE)
        key = LedgerKey.load_or_create(Path(folder) / "key", "custody.bench")
        books = Books(database, Scheme(), lambda: register.NOW, lambda: "0" * 32, key)
        out = io.BytesIO()
        entries = books.export(out)
        raw = out.getvalue()
    lines = raw.splitlines(keepends=True)

    def bare() -> None:
        for line in lines:
            hashlib.sha256(line).digest()

    return compare(
        f"offline verification of {entries:,} entries",
        ours=lambda: _consistent(raw),
        peer=bare,
        units=entries,
        unit="entries/s CPU",
        peer_name="bare SHA-256, line by line",
        reach=3.0,
        better="less",
        measure=cpu_seconds,
    )


def _consistent(raw: bytes) -> None:
    if not verify_export(io.BytesIO(raw)).consistent:
        raise AssertionError("a sound export was called broken")


def figures() -> Iterator[Figure]:
    """The verifier's speed."""
    yield _verification()
