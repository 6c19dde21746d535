"""The tables of a database read for a backup, and filled from one. Nothing here knows what is in them.

What there is, the database itself is asked: a table that a later hand adds is in the backup without anybody having
to remember it.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from alembic.migration import MigrationContext
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Inspector,
    LargeBinary,
    MetaData,
    String,
    Table,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.sql import sqltypes

from custody.store.backup.form import BackupBroken, Digest, Row, Shape, exact, line, values
from custody.store.schema import insert_rows

_NOT_DATA = frozenset({"alembic_version"})
_READ_ROWS = 2_000
_SQL_TYPES: dict[str, type[Any]] = {
    "int": BigInteger,
    "text": String,
    "bytes": LargeBinary,
    "bool": Boolean,
    "float": Float,
}
_KINDS: tuple[tuple[type[Any], str], ...] = (
    (sqltypes.Boolean, "bool"),
    (sqltypes.Integer, "int"),
    (sqltypes._Binary, "bytes"),
    (sqltypes.Numeric, "float"),
    (sqltypes.Float, "float"),
    (sqltypes.String, "text"),
)


def version(connection: Connection) -> str:
    """The revision of the schema. Raises BackupBroken where there is none."""
    heads = MigrationContext.configure(connection).get_current_heads()
    if len(heads) != 1:
        raise BackupBroken(f"the database is of version {', '.join(heads) or 'none'}; it cannot be backed up as such")
    return str(heads[0])


def shapes(connection: Connection) -> tuple[Shape, ...]:
    """Every table of the database with its columns and the number of its rows; one that others refer to comes first."""
    inspector = inspect(connection)
    names = sorted(set(inspector.get_table_names()) - _NOT_DATA)
    behind = {name: {one["referred_table"] for one in inspector.get_foreign_keys(name)} for name in names}
    ordered: list[str] = []
    while len(ordered) < len(names):
        ready = [name for name in names if name not in ordered and behind[name] - {name} <= set(ordered)]
        if not ready:
            raise BackupBroken("its tables refer to each other in a circle")
        ordered += ready
    return tuple(_shape(connection, inspector, name) for name in ordered)


def _shape(connection: Connection, inspector: Inspector, name: str) -> Shape:
    columns = tuple((one["name"], _kind(name, one["name"], one["type"])) for one in inspector.get_columns(name))
    key = tuple(inspector.get_pk_constraint(name)["constrained_columns"])
    if not key:
        raise BackupBroken(f"table {name} has no key: its rows have no order")
    shape = Shape(name, columns, key, 0)
    rows = connection.execute(select(func.count()).select_from(as_table(shape))).scalar_one()
    return Shape(name, columns, key, rows)


def _kind(table: str, column: str, found: Any) -> str:
    for kind, said in _KINDS:
        if isinstance(found, kind):
            return said
    raise BackupBroken(f"table {table}: column {column} is of a type that a backup does not hold ({found})")


def as_table(shape: Shape) -> Table:
    """The table for statements."""
    return _table(shape.name, shape.columns, shape.key)


@lru_cache(maxsize=512)
def _table(name: str, columns: tuple[tuple[str, str], ...], key: tuple[str, ...]) -> Table:
    # Kept, so that its statements are compiled once.
    made = [Column(one, _SQL_TYPES[kind](), primary_key=one in key, autoincrement=False) for one, kind in columns]
    return Table(name, MetaData(), *made)


def rows(connection: Connection, shape: Shape) -> Iterator[Row]:
    """A table's rows as written, in the order of its key: the same on both engines. Raises BackupBroken."""
    table = as_table(shape)
    order: list[Any] = []
    for name, kind in shape.columns:
        if name in shape.key:
            column = table.c[name]
            plain = kind == "text" and connection.dialect.name == "postgresql"
            order.append((shape.key.index(name), column.collate("C") if plain else column))
    query = select(*(table.c[name] for name in shape.names)).order_by(
        *(column for _at, column in sorted(order, key=lambda one: int(one[0])))
    )
    # Of the statement alone: the connection may be one that writes.
    for row in connection.execute(query.execution_options(yield_per=_READ_ROWS)):
        yield exact(shape, row)


def digest_of(connection: Connection, shape: Shape) -> dict[str, object]:
    """Number and digest of a table's rows, as a backup says them."""
    digest = Digest()
    for _line in digest.over(line(row) for row in rows(connection, shape)):
        pass
    return digest.said()


def copied(
    connection: Connection, known: Sequence[Shape], digests: dict[str, dict[str, object]]
) -> Iterator[tuple[Shape, Iterator[tuple[Any, ...]]]]:
    """Every table with its rows, to fill another database; what each came to is put into `digests`."""
    for shape in known:
        digest = Digest()
        yield shape, _taken(connection, shape, digest)
        digests[shape.name] = digest.said()


def _taken(connection: Connection, shape: Shape, digest: Digest) -> Iterator[tuple[Any, ...]]:
    for row in rows(connection, shape):
        for _line in digest.over((line(row),)):
            yield values(shape, row)


def series(connection: Connection, known: Iterable[Shape]) -> dict[str, int]:
    """The last identifier that each table's series gave, so that none is ever given twice; where it is known."""
    if connection.dialect.name == "sqlite":
        there = connection.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'")).first()
        found = connection.execute(text("SELECT name, seq FROM sqlite_sequence")) if there else ()
        return {str(name): int(last) for name, last in found}
    given = {}
    for shape in known:
        name = _series_name(connection, shape)
        if name is not None:
            last, called = connection.execute(text(f"SELECT last_value, is_called FROM {name}")).one()  # noqa: S608
            if called:
                given[shape.name] = int(last)
    return given


def _series_name(connection: Connection, shape: Shape) -> str | None:
    """PostgreSQL's name of a table's series, quoted; None where it has none."""
    if len(shape.key) != 1 or dict(shape.columns)[shape.key[0]] != "int":
        return None
    asked = text("SELECT pg_get_serial_sequence(quote_ident(:table), :column)")
    found: str | None = connection.execute(asked, {"table": shape.name, "column": shape.key[0]}).scalar()
    return found


def emptied(connection: Connection, wanted: Sequence[Shape]) -> None:
    """Make way for a backup in a database just migrated: what its migrations put there goes.

    Raises BackupBroken where the tables are not those of the backup.
    """
    present = {shape.name: shape for shape in shapes(connection)}
    if {one.name: one.columns for one in wanted} != {name: one.columns for name, one in present.items()}:
        told = sorted({one.name for one in wanted} ^ set(present)) or "their columns"
        raise BackupBroken(f"its tables are not those of its version: {told}")
    for shape in reversed(wanted):
        if present[shape.name].rows:
            connection.execute(as_table(shape).delete())


def fill(connection: Connection, shape: Shape, taken: Iterator[tuple[Any, ...]]) -> None:
    """Put a table's rows in. Raises what the engine raises, and leaves the rest of the rows unread then."""
    insert_rows(connection, as_table(shape), shape.names, taken)


def set_series(connection: Connection, known: Iterable[Shape], given: dict[str, int]) -> None:
    """Let every series go on behind the last identifier that was given."""
    for shape in known:
        if connection.dialect.name == "sqlite":
            if shape.name in given and _counts_for_ever(connection, shape.name):
                at = {"name": shape.name, "last": given[shape.name]}
                connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), at)
                connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), at)
            continue
        name = _series_name(connection, shape)
        if name is not None:
            key = as_table(shape).c[shape.key[0]]
            last = max(given.get(shape.name, 0), connection.execute(select(func.max(key))).scalar() or 0)
            if last:
                connection.execute(text("SELECT setval(:name, :last)"), {"name": name, "last": last})


def _counts_for_ever(connection: Connection, table: str) -> bool:
    made = text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name")
    return "AUTOINCREMENT" in str(connection.execute(made, {"name": table}).scalar() or "").upper()


def is_empty(connection: Connection) -> bool:
    """Whether nothing is in the database: no tables, or none of them with a row but those of the empty ledger."""
    inspector = inspect(connection)
    if not inspector.get_table_names():
        return True
    if "alembic_version" not in inspector.get_table_names():
        return False
    found = {shape.name: shape.rows for shape in shapes(connection) if shape.rows}
    if set(found) - {"ledger_state"}:
        return False
    return not found or connection.execute(text("SELECT size FROM ledger_state")).scalars().all() == [0]
