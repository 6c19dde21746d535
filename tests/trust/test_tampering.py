"""An administrator with full SQL access who changes, deletes or back-dates a row of any covered table is found."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, Row, Table, UniqueConstraint, and_, func, select, text
from sqlmodel import SQLModel

import api.main
from custody.database import Database
from custody.ledger import LedgerKey
from custody.store import rebuild
from custody.store.books import Books
from custody.store.covered import COVERS, Cover, Means
from custody.values import SECOND
from tests.builders import SCHEME
from tests.conftest import ENGINES
from tests.trust.full_house import a_full_house

assert api.main  # every table of the product is declared
WHOLE = os.environ.get("CUSTODY_PROVE") == "whole"
COVERED = sorted(name for name, one in COVERS.items() if one.means is not Means.OPEN)
LATER = 7_777_777
"""A key that no row has."""


@pytest.fixture(scope="module", params=ENGINES)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """The full house, one for all: every tampering is rolled back."""
    folder = tmp_path_factory.mktemp("house")
    make: Callable[[], str] = request.getfixturevalue(f"new_{request.param.replace('postgresql', 'postgres')}")
    with Database.open(make()) as database:
        yield a_full_house(database, LedgerKey.load_or_create(folder / "ledger.key", SCHEME.ledger_origin))


def test_every_table_stands_in_the_table_of_coverage() -> None:
    """Whoever adds a table says how its rows are tied to the ledger, or why they are not; and which columns are."""
    tables = SQLModel.metadata.tables
    assert set(COVERS) == set(tables)
    for name, one in COVERS.items():
        assert one.why.endswith("."), name
        columns = set(tables[name].c.keys())
        if one.means in (Means.SEALED, Means.DIGESTED):
            assert set(one.columns) | set(one.left_out) == columns, name
            assert not set(one.columns) & set(one.left_out), name
        assert {*one.columns, *one.left_out} <= columns, name


@pytest.mark.parametrize("name", COVERED)
def test_whoever_changes_deletes_inserts_swaps_or_backdates_is_found(house: Books, name: str) -> None:
    """Each column of a row in turn, a row taken out, one put in, two swapped, one given an earlier time."""
    one, table = COVERS[name], SQLModel.metadata.tables[name]
    unnoticed, tried = [], 0
    with house.database.writing() as connection:
        _unbound(connection)
        rows = connection.execute(select(table).order_by(*table.primary_key.columns)).all()
        assert rows, f"{name} is empty here: nothing would be found in it"
        for what, tamper in _tamperings(one, table, rows, connection.dialect.name):
            inner = connection.begin_nested()
            changed = tamper(connection)
            if changed:
                tried += 1
                found = rebuild.differences(connection, SCHEME, house.verifier_keys(connection))
                if not any(name in line or _of(name, line) for line in found):
                    unnoticed.append((what, found))
            inner.rollback()
        connection.rollback()
    assert unnoticed == []
    assert tried >= 1


Tamper = Callable[[Connection], bool]


def _tamperings(one: Cover, table: Table, rows: Sequence[Row[Any]], engine: str) -> Iterator[tuple[str, Tamper]]:
    """`make prove` tries everything on both engines; `make test` a slice: every fourth column, another fourth of each
    table, and one of putting in and swapping, on SQLite; a row taken out on both.
    """
    columns = [c.name for c in table.c if c.name not in one.left_out and (not one.columns or c.name in one.columns)]
    quick = engine == "sqlite"
    turn = COVERED.index(one.table) % 2
    for at, column in enumerate(columns):
        if WHOLE or (quick and at % 4 == len(one.table) % 4):
            yield f"{column} changed", _change(table, rows[0], column)
    if one.table == "counter":
        yield from _set_back(table, rows if WHOLE else rows[:3])
    if one.means is Means.DERIVED:
        yield "set back", _change(table, rows[0], columns[0])
        return
    yield "deleted", _delete(table, rows[len(rows) // 2])
    if WHOLE or (quick and turn):
        yield "inserted", _insert(one, table, rows[0])
    if WHOLE or (quick and not turn):
        yield "swapped", _swap(one, table, rows)
    for column in columns if WHOLE else ():
        if column == "at" or column.endswith("_at"):
            yield f"{column} back-dated", _change(table, rows[-1], column, by=-3 * 3_600 * SECOND)


def _set_back(table: Table, rows: Sequence[Row[Any]]) -> Iterator[tuple[str, Tamper]]:
    for row in rows:
        if row.name != "directory:version":  # it only says whose copy of the directory is old
            yield f"{row.name} set back", _change(table, row, "next")


def _is(table: Table, row: Row[Any]) -> Any:
    return and_(*(column == row._mapping[column.name] for column in table.primary_key.columns))


def _change(table: Table, row: Row[Any], column: str, by: int = 1_000_003) -> Tamper:
    before = row._mapping[column]
    after: Any
    if isinstance(before, bool):
        after = not before
    elif isinstance(before, int):
        # What counts up is set back: forward it leaves a gap and no lie.
        after = LATER if table.c[column].primary_key else 1 if table.name == "counter" else before + by
    elif isinstance(before, bytes):
        after = before[:-1] + bytes([before[-1] ^ 1])
    elif before is None:
        after = None if by < 0 else 1 if table.c[column].type.python_type is int else "x"
    else:
        after = f"{before}x"

    def tamper(connection: Connection) -> bool:
        connection.execute(table.update().where(_is(table, row)).values({column: after}))
        return bool(after != before)

    return tamper


def _delete(table: Table, row: Row[Any]) -> Tamper:
    return lambda connection: bool(connection.execute(table.delete().where(_is(table, row))).rowcount)


def _insert(one: Cover, table: Table, row: Row[Any]) -> Tamper:
    """A copy under another key; in a log, among the rows that are sealed."""

    def tamper(connection: Connection) -> bool:
        key = list(table.primary_key.columns)[-1]
        was = row._mapping[key.name]
        new = LATER if isinstance(was, int) else f"{was}z"
        if one.means is Means.SEALED:
            new = connection.execute(select(func.min(key))).scalar_one() - 1
        connection.execute(table.insert().values(_differing(table, row) | {key.name: new}))
        return True

    return tamper


def _differing(table: Table, row: Row[Any]) -> dict[str, Any]:
    """The row's values, with another wherever one must be unique."""
    unique = {c.name for c in table.c if c.unique}
    unique |= {list(index.columns)[-1].name for index in table.indexes if index.unique}
    unique |= {list(one.columns)[-1].name for one in table.constraints if isinstance(one, UniqueConstraint)}
    values = dict(row._mapping)
    for name in unique - {column.name for column in table.primary_key.columns}:
        values[name] = f"{values[name]}z" if isinstance(values[name], str) else LATER
    return values


def _swap(one: Cover, table: Table, rows: Sequence[Row[Any]]) -> Tamper:
    """Two rows change places: each bears the other's contents under its own key."""
    keys = {column.name for column in table.primary_key.columns}
    kept = {*one.left_out, *keys}
    rest = [c.name for c in table.c if c.name not in kept and (not one.columns or c.name in one.columns)]
    first = rows[0]

    def contents(row: Row[Any]) -> dict[str, Any]:
        return {name: row._mapping[name] for name in rest}

    other = next((row for row in rows[1:] if contents(row) != contents(first)), None)

    def tamper(connection: Connection) -> bool:
        if other is None or not rest:
            return False
        columns = [column.name for column in table.c]
        own = [{name: row._mapping[name] for name in columns} for row in (first, other)]
        connection.execute(table.delete().where(_is(table, first) | _is(table, other)))
        connection.execute(table.insert(), [own[0] | contents(other), own[1] | contents(first)])
        return True

    return tamper


_UNBOUND = (
    "SELECT c.conrelid::regclass::text, c.conname FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace "
    "WHERE n.nspname = 'public' AND c.contype IN ('f', 'c', 'u') ORDER BY c.contype = 'u'"
)


def _unbound(connection: Connection) -> None:
    """The administrator lets no constraint stop him."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("PRAGMA defer_foreign_keys=ON"))
        connection.execute(text("PRAGMA ignore_check_constraints=ON"))
        return
    for table, constraint in connection.execute(text(_UNBOUND)).all():
        connection.execute(text(f'ALTER TABLE {table} DROP CONSTRAINT "{constraint}"'))


_SAID = {
    "carrier_scope": "scope of",
    "carrier_queue": "queue of",
    "carrier_gram": "grams of",
    "tag": "tags of",
    "matter_line": "line ",
    "matter_party": "parties of",
    "number_block": " matter ",
    "allotted_label": " matter ",
    "ledger_state": "tree",
}
"""Tables that the check calls by what they mean."""


def _of(name: str, line: str) -> bool:
    return name in _SAID and _SAID[name] in f" {line}"
