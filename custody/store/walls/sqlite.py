"""The wall on SQLite: views of the connection's own that stand before the tables, and an authorizer.

Each walled table has two temporary views: one of its own name, which every query finds before the table, and one of a
name that nobody knows, through which alone the table may be read. SQLite tells an authorizer the name of the view or of
the common table expression that reads a column: were the name known, a `WITH` of that name would pass for the view.

Who stands there is no row and no setting: one function of the connection answers for it, and no SQL can change that.
"""

# ruff: noqa: S608 - the names are those of our own tables; no value is ever put in

import json
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy.dialects import sqlite

from custody.store.walls.rules import NEVER, OPEN, WALLED
from custody.store.walls.sight import WallSight, row_rule

ROW = "o_"
"""What a view calls the row that it judges."""
_DIALECT = sqlite.dialect()
_BY_ROWID = {"number_block": "control_number", "account": "family", "mail_address": "address"}
"""Tables whose rule looks at their integer key alone, with another column that is never
NULL: of a table of which a query uses no column
SQLite asks as it asks where somebody counts the table itself, and that is refused.
"""

Authorizer = Callable[[int, str | None, str | None, str | None, str | None], int]


@dataclass(frozen=True, slots=True)
class _Words:
    """See `custody.store.walls.rules.Words`. `inner`: what the views of a table that nobody knows are called."""

    inner: Callable[[str], str]
    row: str = ROW

    def own(self, name: str) -> str:
        return f'{self.row}."{name}"'

    def number(self, name: str) -> str:
        return f"(SELECT wall('{name}'))"

    def text(self, name: str) -> str:
        return f"(SELECT wall('{name}'))"

    def flag(self, name: str) -> str:
        return f"(SELECT wall('{name}'))"

    def within(self, column: str, name: str) -> str:
        return f"{column} IN (SELECT value FROM json_each((SELECT wall('{name}'))))"

    def seen(self, table: str, key: str, column: str, more: str = "") -> str:
        source = f'main."{table}"' if table in OPEN else f'temp."{self.inner(table)}"'
        besides = f" AND {more}" if more else ""
        return f'EXISTS (SELECT 1 FROM {source} x_ WHERE x_."{key}" = {column}{besides})'

    def seen_singly(self, table: str, key: str, column: str) -> str:
        return self.seen(table, key, column)

    def seen_at_once(self, table: str, key: str, column: str) -> str:
        return f'{column} IN (SELECT x_."{key}" FROM temp."{self.inner(table)}" x_)'

    def sweep(self, column: str) -> str:
        expected = 'main."round_expected" e_ JOIN main."carrier" s_ ON s_.id = e_.carrier'
        unseen = f"NOT coalesce({self._rule('carrier', 's_')}, 0)"
        return (
            f"({self.flag('carriers')} AND NOT EXISTS "
            f"(SELECT 1 FROM {expected} WHERE e_.round = {column} AND {unseen}))"
        )

    def unbound(self, column: str) -> str:
        return f'NOT EXISTS (SELECT 1 FROM main."tag" t_ WHERE t_.epc = {column})'

    @property
    def carrier_row(self) -> str:
        return self._rule("carrier", self.row)

    @property
    def matter_row(self) -> str:
        return self._rule("matter", self.row)

    def _rule(self, table: str, name: str) -> str:
        named = (
            'EXISTS (SELECT 1 FROM main."carrier_scope" n_ WHERE n_.carrier = {carrier}'
            f" AND {self.within('n_.principal', 'principals')})"
        )
        part = (
            'EXISTS (SELECT 1 FROM main."matter_party" p_ WHERE p_.matter = {matter}'
            f" AND p_.person = {self.number('person')})"
        )
        return row_rule(WallSight(self, named, part), table, name, _DIALECT)


def views(secret: str) -> list[str]:
    """The statements that make the views, those of the secret names first; a view may name one that comes later."""
    return [statement.replace(_BLANK, secret) for statement in _written()]


_BLANK = "?blank?"


@cache
def _written() -> tuple[str, ...]:
    """The statements once for all connections: only the secret differs."""

    def inner(table: str) -> str:
        return f"{_BLANK}{table}"

    def rule(table: str) -> str:
        used = _BY_ROWID.get(table)
        named = f' AND length({ROW}."{used}") >= 0' if used else ""
        return WALLED[table].condition(words) + named

    words = _Words(inner)
    made = [
        f'CREATE TEMP VIEW "{inner(table)}" AS SELECT * FROM main."{table}" {ROW} WHERE {rule(table)}'
        for table in WALLED
    ]
    return (*made, *(f'CREATE TEMP VIEW "{table}" AS SELECT * FROM temp."{inner(table)}"' for table in WALLED))


def build(driver: sqlite3.Connection, standing: Callable[[], str | None]) -> None:
    """Put up the wall on a connection that may read only. `standing`: who stands before it now; None: nobody."""
    known: dict[str, Any] = {}
    last: list[str | None] = [None]

    def wall(name: str) -> Any:
        context = standing()
        if not context:
            return None
        if last[0] != context:
            values: dict[str, Any] = json.loads(context)
            known.clear()
            known.update(
                {key: json.dumps(value) if isinstance(value, list) else value for key, value in values.items()}
            )
            last[0] = context
        return known.get(name)

    secret = f"w{secrets.token_hex(16)}_"
    driver.create_function("wall", 1, wall)
    # A view is no data, and is gone with the connection; the file itself is open for reading only.
    driver.execute("PRAGMA query_only=OFF").close()
    there = {row[0] for row in driver.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")}
    for table, statement in zip([*WALLED, *WALLED], views(secret), strict=True):
        if table in there:
            driver.execute(statement).close()
    driver.execute("PRAGMA query_only=ON").close()
    driver.set_authorizer(authorizer(secret))


def authorizer(secret: str) -> Authorizer:
    """What is let through: reading of open tables, and of walled ones through their views; nothing else at all."""
    inner = {f"{secret}{table}" for table in WALLED}

    def allowed(action: int, one: str | None, two: str | None, database: str | None, source: str | None) -> int:
        if action == sqlite3.SQLITE_READ:
            return _reading(inner, one or "", two or "", database, source)
        if action == sqlite3.SQLITE_FUNCTION:
            return sqlite3.SQLITE_DENY if two in _FUNCTIONS_DENIED else sqlite3.SQLITE_OK
        return sqlite3.SQLITE_OK if action in _ACTIONS else sqlite3.SQLITE_DENY

    return allowed


_ACTIONS = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT, sqlite3.SQLITE_RECURSIVE}
)
_FUNCTIONS_DENIED = frozenset({"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"})
_TABLES_OF_JSON = frozenset({"json_each", "json_tree"})


def _reading(
    inner: frozenset[str] | set[str], table: str, column: str, database: str | None, source: str | None
) -> int:
    if table == "sqlite_master" and column == "ROWID":
        return sqlite3.SQLITE_IGNORE  # asked by the engine itself where a function stands as a table
    if column in NEVER.get(table, ()):
        # A view names every column of its table: there this one reads as NULL.
        return sqlite3.SQLITE_IGNORE if database == "main" and source in inner else sqlite3.SQLITE_DENY
    if table in _TABLES_OF_JSON or table in OPEN:
        return sqlite3.SQLITE_OK
    if database == "temp" and (table in WALLED or table in inner):
        return sqlite3.SQLITE_OK
    # Behind the walls another table may be read to judge a row: only from within a view that nobody can name.
    if database == "main" and table in WALLED and source in inner:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY
