"""The tables as SQLAlchemy Core sees them: stores read and write by these, never by objects a row."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import sqlite
from sqlmodel import SQLModel

import custody.store.count_tables as _counts
import custody.store.tables as _tables  # declares them
import custody.store.tag_tables as _tags
import custody.store.trust_tables as _trust

T = TypeVar("T")
_ = _tables, _trust, _tags, _counts
_BY_NAME = SQLModel.metadata.tables

UNIT: Table = _BY_NAME["unit"]
PLACE: Table = _BY_NAME["place"]
PERSON: Table = _BY_NAME["person"]
CARRIER: Table = _BY_NAME["carrier"]
SCOPE: Table = _BY_NAME["carrier_scope"]
STANDING: Table = _BY_NAME["standing"]
CARRIER_COUNT: Table = _BY_NAME["carrier_count"]
COMMON_SCOPE: Table = _BY_NAME["common_scope"]
BALANCE_MARK: Table = _BY_NAME["balance_mark"]
BALANCE_SUM: Table = _BY_NAME["balance_sum"]
REFUSAL: Table = _BY_NAME["refusal"]
GRAM: Table = _BY_NAME["carrier_gram"]
TAG: Table = _BY_NAME["tag"]
TAG_BATCH: Table = _BY_NAME["tag_batch"]
TAG_NUMBER: Table = _BY_NAME["tag_number"]
TAG_NUMBER_EVENT: Table = _BY_NAME["tag_number_event"]
ENTRY: Table = _BY_NAME["entry"]
ACT: Table = _BY_NAME["act"]
MATTER: Table = _BY_NAME["matter"]
LINE: Table = _BY_NAME["matter_line"]
PARTY: Table = _BY_NAME["matter_party"]
NUMBER_BLOCK: Table = _BY_NAME["number_block"]
ALLOTTED_LABEL: Table = _BY_NAME["allotted_label"]
QUEUE: Table = _BY_NAME["carrier_queue"]
DELEGATION: Table = _BY_NAME["delegation"]
RESPONSIBILITY: Table = _BY_NAME["responsibility"]
DESCENT: Table = _BY_NAME["descent"]
ORGANISATION: Table = _BY_NAME["organisation"]
LICENCE: Table = _BY_NAME["licence"]
AGREEMENT: Table = _BY_NAME["agreement"]
INSTRUCTION: Table = _BY_NAME["instruction"]
ACKNOWLEDGEMENT: Table = _BY_NAME["acknowledgement"]
BADGE: Table = _BY_NAME["badge"]
COUNTER: Table = _BY_NAME["counter"]
LEDGER_STATE: Table = _BY_NAME["ledger_state"]
CHECKPOINT: Table = _BY_NAME["checkpoint"]
ACCOUNT: Table = _BY_NAME["account"]
GRANT: Table = _BY_NAME["role_grant"]
ACCOUNT_REQUEST: Table = _BY_NAME["account_request"]
EMERGENCY_GRANT: Table = _BY_NAME["emergency_grant"]
CREDENTIAL: Table = _BY_NAME["credential"]
RECOVERY_CODE: Table = _BY_NAME["recovery_code"]
SIGN_IN_DELAY: Table = _BY_NAME["sign_in_delay"]
AUDIT_EVENT: Table = _BY_NAME["audit_event"]
LOOK: Table = _BY_NAME["look"]
SEAL: Table = _BY_NAME["seal"]
ROW_DIGEST: Table = _BY_NAME["row_digest"]
WITNESS: Table = _BY_NAME["witness"]
COSIGNATURE: Table = _BY_NAME["cosignature"]
LEDGER_CHECK: Table = _BY_NAME["ledger_check"]

_SQLITE = sqlite.dialect()
IN_LIST_MAX = 5_000
"""Values bound in one statement: under the limits of both engines (SQLite 32,766, PostgreSQL 65,535)."""
_COPY_FROM_ROWS = 50
"""From this many rows on COPY is quicker than INSERT on PostgreSQL."""


def storable(text: str) -> str:
    """The text as a database can hold it, for looking it up: what no database holds is found in none."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def is_int64(value: int) -> bool:
    """Whether a column can hold this: an identifier beyond it is nobody's."""
    return -(2**63) <= value < 2**63


def chunks(values: Iterable[T], size: int = IN_LIST_MAX) -> Iterator[list[T]]:
    """The values in lists of at most `size`."""
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk


def insert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert plain rows, in bulk: `executemany` on SQLite, COPY on PostgreSQL. Raises what the engine raises."""
    for chunk in chunks(rows, 20_000):
        if connection.dialect.name == "sqlite":
            statement, order = _positional(table, tuple(columns))
            connection.exec_driver_sql(statement, [tuple(row[at] for at in order) for row in chunk])
        elif len(chunk) >= _COPY_FROM_ROWS:
            _copy(connection, table, columns, chunk)
        else:
            connection.execute(table.insert(), [dict(zip(columns, row, strict=True)) for row in chunk])


@cache
def _positional(table: Table, columns: tuple[str, ...]) -> tuple[str, list[int]]:
    """The INSERT for SQLite's driver itself, and where in a row each of its values stands."""
    compiled = table.insert().compile(dialect=_SQLITE, column_keys=list(columns))
    names: Sequence[str] = getattr(compiled, "positiontup", None) or columns
    return str(compiled), [columns.index(name) for name in names]


def _copy(connection: Connection, table: Table, columns: Sequence[str], rows: list[Sequence[Any]]) -> None:
    from psycopg import sql  # only where PostgreSQL is used

    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(sql.Identifier(name) for name in columns)
    )
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
