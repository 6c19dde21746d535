"""Seals of logs as they are kept: what is hashed, what was sealed last, and the check of every sealed row.

The digest of a seal is the Merkle root (RFC 9162) over a random salt and the canonical bytes (RFC 8785) of the log's
rows, in order of their keys, from behind the seal before it up to its own last. So a sealed row that is changed,
taken out, put in between or given another time is found.
"""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, select
from sqlmodel import SQLModel

from custody.entries import EntryInvalid, decode
from custody.entries.trust import LogSealed
from custody.ledger import Frontier, leaf_hash
from custody.store import covered
from custody.store import schema as t
from custody.store.covered import Cover
from custody.store.digests import canonical_row
from custody.values import SECOND, Instant

BACKDATED_SECONDS = 3_600
"""Whoever writes took the time at most so long before: a report of many carriers takes minutes."""
_NEVER: Instant = -(2**62)
SEAL_COLUMNS = ("log", "first", "last", "count", "digest")


def table_of(one: Cover) -> Table:
    return SQLModel.metadata.tables[one.table]


def key_of(one: Cover) -> Any:
    return table_of(one).c[one.key[0]]


def last_sealed(connection: Connection, one: Cover) -> int | None:
    """Key of the last sealed row of a log; None where nothing is sealed."""
    c = t.SEAL.c
    last: int | None = connection.execute(
        select(c.last).where(c.log == one.table).order_by(c.sequence.desc()).limit(1)
    ).scalar()
    return last


def rows_of(connection: Connection, one: Cover, after: int | None, limit: int | None = None) -> Iterator[Row[Any]]:
    table, key = table_of(one), key_of(one)
    query = select(*(table.c[name] for name in one.columns)).order_by(key)
    if after is not None:
        query = query.where(key > after)
    if limit is not None:
        query = query.limit(limit)
    return stream(connection, query)


def stream(connection: Connection, query: Select[Any]) -> Iterator[Row[Any]]:
    """The rows of a query as they come; closed with the iterator, wherever it is left."""
    with connection.execute(query.execution_options(yield_per=1_000)) as rows:
        yield from rows


class Digest:
    """A seal's digest as its rows pass by."""

    def __init__(self, one: Cover, salt: str) -> None:
        self._one = one
        self._frontier = Frontier().extend([leaf_hash(salt.encode())])
        self._waiting: list[bytes] = []
        self.first = 0
        self.last = 0
        self.count = 0

    def add(self, row: Row[Any]) -> None:
        key = getattr(row, self._one.key[0])
        self.first = key if self.count == 0 else self.first
        self.last = key
        self.count += 1
        self._waiting.append(leaf_hash(canonical_row(row, self._one.columns)))
        if len(self._waiting) == 4_096:
            self._frontier, self._waiting = self._frontier.extend(self._waiting), []

    def fact(self) -> LogSealed:
        """What is sealed by now."""
        root = self._frontier.extend(self._waiting).root().hex()
        return LogSealed(self._one.table, self.first, self.last, self.count, root)


def differences(connection: Connection, add: Callable[[str], None]) -> None:
    """Tell every sealed row that is not as it was sealed. Memory does not grow with the logs."""
    _leaves(connection, add)
    for one in covered.sealed():
        _log(connection, one, add)


def _leaves(connection: Connection, add: Callable[[str], None]) -> None:
    """Seals against the leaves that they are."""
    e, s = t.ENTRY.c, t.SEAL.c
    columns = [s[name] for name in ("sequence", *SEAL_COLUMNS)]
    joined = t.ENTRY.join(t.SEAL, s.sequence == e.sequence, full=True)
    query = select(e.sequence.label("leaf"), e.body, *columns).select_from(joined)
    query = query.where((e.kind == LogSealed.kind) | s.sequence.is_not(None))
    for row in stream(connection, query):
        if row.leaf is None:
            add(f"seal {row.sequence}: not in the ledger")
            continue
        try:
            fact = decode(bytes(row.body)).fact
        except EntryInvalid as error:
            add(f"seal {row.leaf}: {error}")
            continue
        if row.sequence is None:
            add(f"seal {row.leaf}: was taken out; the ledger has it")
        elif fact != _fact(row):
            add(f"seal {row.leaf}: differs from the ledger")


def _log(connection: Connection, one: Cover, add: Callable[[str], None]) -> None:
    """One log against its seals, in step."""
    rows = rows_of(connection, one, None)
    ahead: Row[Any] | None = next(rows, None)
    sealed_at = _NEVER
    for found in stream(connection, _seals(one)):
        digest = Digest(one, found.salt)
        while ahead is not None and getattr(ahead, one.key[0]) <= found.last:
            digest.add(ahead)
            # Where the seal itself bears an earlier time the clock was set back: its rows do too, and the leaf says so.
            _dated(one, ahead, sealed_at if found.entered_at is None else min(sealed_at, found.entered_at), add)
            ahead = next(rows, None)
        _sealed(one, found, digest, add)
        sealed_at = found.entered_at if found.entered_at is not None else sealed_at
    while ahead is not None:
        _dated(one, ahead, sealed_at, add)
        ahead = next(rows, None)


def _seals(one: Cover) -> Select[Any]:
    """The seals of a log, each with the time at which it was entered."""
    s, e = t.SEAL.c, t.ENTRY.c
    joined = t.SEAL.outerjoin(t.ENTRY, e.sequence == s.sequence)
    return select(t.SEAL, e.entered_at).select_from(joined).where(s.log == one.table).order_by(s.sequence)


def _dated(one: Cover, row: Row[Any], sealed_at: Instant, add: Callable[[str], None]) -> None:
    """A row behind a seal was not written long before it."""
    if one.at and getattr(row, one.at) < sealed_at - BACKDATED_SECONDS * SECOND:
        add(f"{one.table} {getattr(row, one.key[0])}: bears a time long before that of rows sealed before it")


def _fact(row: Row[Any]) -> LogSealed:
    return LogSealed(*(row._mapping[name] for name in SEAL_COLUMNS))


def _sealed(one: Cover, row: Row[Any], digest: Digest, add: Callable[[str], None]) -> None:
    found, said = digest.fact(), _fact(row)
    if (found.digest, found.count) == (said.digest, said.count):
        return
    where = f"{one.table}, rows {said.first} to {said.last} (sealed by entry {row.sequence})"
    if found.count < said.count:
        add(f"{where}: {said.count - found.count} were taken out")
    elif found.count > said.count:
        add(f"{where}: {found.count - said.count} were put in")
    elif (found.first, found.last) != (said.first, said.last):
        add(f"{where}: were given other keys")
    else:
        add(f"{where}: one or more were changed")
