"""Keyset paging: a page begins after a key, so that a list that changes is neither skipped nor repeated."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, Tuple, func, select, tuple_

T = TypeVar("T")

COUNTED_MAX = 10_000
"""Totals are counted so far and no further."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list. `after` and `before` are opaque keys of the neighbouring pages, None where there is none.

    `total` is exact, unless `capped`: then there are more.
    """

    items: tuple[T, ...]
    after: str | None = None
    before: str | None = None
    total: int = 0
    capped: bool = False


class KeyInvalid(ValueError):
    """A paging key that no page gave out."""


def pack(key: Sequence[str | int]) -> str:
    """An opaque, URL-safe text of a key."""
    document = json.dumps(list(key), ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    return base64.urlsafe_b64encode(document).decode("ascii").rstrip("=")


def unpack(text: str, kinds: Sequence[type]) -> tuple[str | int, ...]:
    """The key of a packed text. Raises KeyInvalid."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        key = json.loads(raw)
    except ValueError as error:
        raise KeyInvalid("this page's address is damaged; begin at the first page") from error
    if not isinstance(key, list) or [type(part) for part in key] != list(kinds):
        raise KeyInvalid("this page's address is of another list; begin at the first page")
    if any(isinstance(part, int) and abs(part) >= 2**63 for part in key):
        raise KeyInvalid("this page's address is damaged; begin at the first page")
    return tuple(key)


def total(connection: Connection, query: Select[Any]) -> tuple[int, bool]:
    """How many rows a query gives, counted to COUNTED_MAX, and whether there are more."""
    counted = select(func.count()).select_from(query.order_by(None).limit(COUNTED_MAX + 1).subquery())
    found: int = connection.execute(counted).scalar_one()
    return min(found, COUNTED_MAX), found > COUNTED_MAX


def rows_of_page(
    connection: Connection,
    query: Select[Any],
    keys: Sequence[ColumnElement[Any]],
    kinds: Sequence[type],
    after: str | None,
    before: str | None,
    limit: int,
    *,
    falling: bool = False,
) -> tuple[list[Any], bool, bool]:
    """The page's rows in ascending order of `keys`, whether rows stand before them, and whether after them.

    With `before` the page that ends before that key; `falling`: in descending order of all keys. Raises KeyInvalid,
    ValueError for a limit below one.
    """
    if limit < 1:
        raise ValueError(f"a page has at least one row, not {limit}")
    backwards = before is not None
    given = before if before is not None else after
    down = backwards is not falling
    ordered = query.order_by(*(key.desc() for key in keys)) if down else query.order_by(*keys)
    if given is not None:
        pair: Tuple = tuple_(*keys)
        values = unpack(given, kinds)
        ordered = ordered.where(pair < values if down else pair > values)
    rows = list(connection.execute(ordered.limit(limit + 1)))
    more = len(rows) > limit
    rows = rows[:limit]
    if backwards:
        return rows[::-1], more, True
    return rows, given is not None, more


def rows_after_one(
    connection: Connection,
    query: Select[Any],
    among: Select[Any],
    identifier: ColumnElement[int],
    keys: Sequence[ColumnElement[Any]],
    kinds: Sequence[type],
    after: str | None,
    before: str | None,
    limit: int,
    *,
    falling: bool = False,
) -> tuple[list[Any], bool, bool]:
    """The same in an order whose keys may be names: `after` and `before` are packed identifiers of a row, and no name
    stands in an address. `among`: where that row is looked for, which need not be in the list any more.

    Raises KeyInvalid.
    """

    def key_of(given: str | None) -> str | None:
        if given is None or (len(keys) == 1 and keys[0] is identifier):
            return given
        row = connection.execute(among.with_only_columns(*keys).where(identifier == unpack(given, (int,))[0])).first()
        if row is None:
            raise KeyInvalid("this page's address is damaged; begin at the first page")
        return pack(list(row))

    return rows_of_page(connection, query, keys, kinds, key_of(after), key_of(before), limit, falling=falling)
