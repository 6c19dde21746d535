"""Rows that change, tied to the ledger: each new state's digest is added to a log, and the log is sealed.

Whoever changes such a row calls `attest` in the same transaction; the check holds every row against its last digest.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, func, select, tuple_
from sqlmodel import SQLModel

from custody.store import covered
from custody.store import schema as t
from custody.store.covered import Cover
from custody.store.schema import chunks, insert_rows

Key = tuple[Any, ...]
_AT_ONCE = 500


def canonical_row(row: Row[Any], columns: Sequence[str]) -> bytes:
    """The row as canonical JSON (RFC 8785: names in ASCII, no floats)."""
    named = row._mapping  # a column may be named as a method of tuples is
    plain = {name: named[name] for name in columns}
    # Whoever tampers may put anything into a column of SQLite.
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=repr)
    return text.encode("utf-8", "surrogatepass")


def key_text(key: Iterable[Any]) -> str:
    """A key as the log keeps it."""
    return json.dumps(list(key), ensure_ascii=False, separators=(",", ":"))


def attest(connection: Connection, table: str, keys: Iterable[Key]) -> None:
    """Log what the rows of these keys are now, in the caller's transaction; of a key without a row, that it is gone.

    Raises KeyError for a table that is not covered by digests.
    """
    one = covered.COVERS[table]
    if one.means is not covered.Means.DIGESTED:
        raise KeyError(table)
    for chunk in chunks(dict.fromkeys(tuple(key) for key in keys), _AT_ONCE):
        found = dict(_digests(connection, _of_keys(one, chunk), one))
        rows = [(table, key_text(key), found.get(tuple(key), "")) for key in chunk]
        insert_rows(connection, t.ROW_DIGEST, ("of", "key", "digest"), rows)


def differences(connection: Connection, add: Callable[[str], None]) -> None:
    """Tell every row that is not as its last digest says, and every digest whose row is gone."""
    for one in covered.digested():
        alive = 0
        for pairs in chunks(_digests(connection, _whole(one), one), _AT_ONCE):
            last = _last(connection, one.table, [key_text(key) for key, _ in pairs])
            for key, digest in pairs:
                alive += 1
                _compare(one.table, key, digest, last.get(key_text(key)), add)
        if alive != _count(connection, one.table):
            _gone(connection, one, add)


def _compare(table: str, key: Key, digest: str, last: str | None, add: Callable[[str], None]) -> None:
    named = " ".join(map(str, key))
    if not last:
        add(f"{table} {named}: was put in behind the program's back")
    elif digest != last:
        add(f"{table} {named}: was changed behind the program's back")


def _table(one: Cover) -> Table:
    return SQLModel.metadata.tables[one.table]


def _whole(one: Cover) -> Select[Any]:
    table = _table(one)
    return select(*(table.c[name] for name in one.columns)).order_by(*(table.c[n] for n in (*one.key, *one.order)))


def _of_keys(one: Cover, keys: Sequence[Key]) -> Select[Any]:
    table = _table(one)
    if len(one.key) == 1:
        return _whole(one).where(table.c[one.key[0]].in_([key[0] for key in keys]))
    return _whole(one).where(tuple_(*(table.c[name] for name in one.key)).in_([tuple(key) for key in keys]))


def _digests(connection: Connection, query: Select[Any], one: Cover) -> Iterator[tuple[Key, str]]:
    with connection.execute(query.execution_options(yield_per=1_000)) as rows:
        for key, group in groupby(rows, key=lambda row: tuple(getattr(row, name) for name in one.key)):
            digest = hashlib.sha256()
            for row in group:
                digest.update(canonical_row(row, one.columns) + b"\n")
            yield key, digest.hexdigest()


def _last(connection: Connection, table: str, keys: list[str]) -> dict[str, str]:
    c = t.ROW_DIGEST.c
    newest = select(func.max(c.id)).where(c.of == table, c.key.in_(keys)).group_by(c.key)
    return {row.key: row.digest for row in connection.execute(select(c.key, c.digest).where(c.id.in_(newest)))}


def _alive(table: str) -> Select[Any]:
    c = t.ROW_DIGEST.c
    newest = select(func.max(c.id)).where(c.of == table).group_by(c.key)
    return select(c.key).where(c.id.in_(newest), c.digest != "")


def _count(connection: Connection, table: str) -> int:
    found: int = connection.execute(select(func.count()).select_from(_alive(table).subquery())).scalar_one()
    return found


def _gone(connection: Connection, one: Cover, add: Callable[[str], None]) -> None:
    keys = connection.execute(_alive(one.table).execution_options(yield_per=_AT_ONCE))
    for chunk in chunks((row.key for row in keys), _AT_ONCE):
        wanted = {text: tuple(json.loads(text)) for text in chunk}
        there = {key for key, _digest in _digests(connection, _of_keys(one, list(wanted.values())), one)}
        for key in wanted.values():
            if key not in there:
                add(f"{one.table} {' '.join(map(str, key))}: was taken out behind the program's back")
