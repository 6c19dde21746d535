"""The books: an act appended to the ledger in its transaction, and the offline verification of an export."""

import hashlib
import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sqlalchemy import Connection

from bench import register
from bench.databases import ENGINES, sqlite
from bench.harness import Figure, compare, cpu_seconds, wall_seconds
from custody.access import Grant, Role, Subject
from custody.entries import Borrowed, Fact, Returned, Signature, signed_text, text_hash
from custody.ledger import LedgerKey, verify_export
from custody.scheme import Scheme
from custody.store.books import Books
from custody.store.posting import Posting
from custody.values import DAY

SIZE = 20_000
ACTS = 200
KEEPER = Subject(1, "某1", (Grant(Role.CLERK),), 3, frozenset({"all"}), None)
BORROWER = 2


class _WithoutLedger(Books):
    """The same transaction, rules, register and balance; only the entries are neither encoded, hashed nor stored."""

    def _append(self, connection: Connection, posting: Posting, facts: Sequence[Fact]) -> Iterator[bytes]:
        for fact in facts:
            if posting.judge(fact):
                raise AssertionError(f"{fact.kind} was refused")
            posting.apply(fact, self.nonce)
            yield bytes(32)


def _act(books: Books, carrier: int, shelf: int) -> None:
    """Lent and taken back: one act each."""
    facts: list[Fact] = [Borrowed(carrier, BORROWER, register.NOW + DAY)]
    under = text_hash(signed_text(facts))
    signed = tuple(Signature(person, books.clock(), "password", under) for person in (KEEPER.person, BORROWER))
    books.enter(KEEPER, facts, act="borrow", signatures=signed)
    books.enter(KEEPER, [Returned(carrier, shelf, 12)], act="return")


def _appending(engine: str) -> Figure:
    with ENGINES[engine]() as database:
        books = register.fill(database, ACTS)
        bare = _WithoutLedger(database, Scheme(), books.clock, lambda: "0" * 32)
        carriers = [number for number in range(1, ACTS + 1) if number % register.LENT_EVERY]

        def work(through: Books) -> Callable[[], None]:
            def all_of_them() -> None:
                for carrier in carriers:
                    _act(through, carrier, register.shelf_of(carrier))

            return all_of_them

        return compare(
            f"ledger append in its transaction, {engine}",
            ours=work(books),
            peer=work(bare),
            units=2 * len(carriers),
            unit="acts/s",
            peer_name="the same transaction without the ledger",
            reach=1.5,
            better="less",
            measure=wall_seconds,
        )


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
    """The speed of an act, and of the verifier."""
    for engine in ENGINES:
        yield _appending(engine)
    yield _verification()
