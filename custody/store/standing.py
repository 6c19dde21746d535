"""The spans of the balance, written in the transaction of the entries that they begin with."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, update

from custody.balance import Standing, chained
from custody.scheme import Scheme
from custody.store import schema as t
from custody.store.schema import insert_rows

COLUMNS = [
    "carrier",
    "from_sequence",
    "to_sequence",
    "happened_at",
    "was",
    "moved",
    "status",
    "origin",
    "unit",
    "level",
    "rank",
    "control_number",
]

_END = (
    update(t.STANDING)
    .where(t.STANDING.c.carrier == bindparam("of_carrier"), t.STANDING.c.to_sequence.is_(None))
    .values(to_sequence=bindparam("ended"))
)


def standing_values(one: Standing, scheme: Scheme) -> list[Any]:
    """A span's row, in the order of COLUMNS."""
    return [
        one.carrier,
        one.from_sequence,
        one.to_sequence,
        one.happened_at,
        one.was.value if one.was else "",
        one.moved,
        one.status.value,
        one.origin,
        one.unit,
        one.level,
        scheme.rank(one.level),
        one.control_number,
    ]


def write_standings(connection: Connection, scheme: Scheme, begun: Sequence[Standing]) -> None:
    """Keep the spans that began, in order of their entries; those that they follow end there."""
    ends: dict[int, int] = {}
    for one in begun:
        ends.setdefault(one.carrier, one.from_sequence)
    came = {one.carrier for one in begun if one.was is None}
    rows = [{"of_carrier": carrier, "ended": at} for carrier, at in ends.items() if carrier not in came]
    if rows:
        connection.execute(_END, rows)
    insert_rows(connection, t.STANDING, COLUMNS, (standing_values(one, scheme) for one in chained(begun)))
