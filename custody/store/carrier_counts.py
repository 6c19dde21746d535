"""How many carriers stand where, kept with the register: what a page says of a place or a state it need not count.

A row for each place, unit, rank, status and origin of which there was ever a carrier, kept in the transaction that
changes a carrier. Its rows are seen as carriers are: within the clearance, of the units in reach.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from sqlalchemy import Connection, func, select, text

from custody.register import CarrierState
from custody.scheme import Scheme
from custody.store import schema as t

NOWHERE = 0
"""Stands for the place of a carrier that is in none: places are numbered from 1."""
Key = tuple[int, int, int, str, str]
"""Place, unit, rank, status, origin."""
_ADD = text(
    "INSERT INTO carrier_count (place, unit, rank, status, origin, n) "
    "VALUES (:place, :unit, :rank, :status, :origin, :n) "
    "ON CONFLICT (place, unit, rank, status, origin) DO UPDATE SET n = carrier_count.n + excluded.n"
)
_NAMES = ("place", "unit", "rank", "status", "origin")


def key_of(state: CarrierState, scheme: Scheme) -> Key:
    """Where a carrier counts."""
    described = state.description
    rank = scheme.rank(described.level)
    return state.place or NOWHERE, described.unit, rank, state.status.value, state.origin


def count_carriers(
    connection: Connection, scheme: Scheme, before: Mapping[int, CarrierState], states: Iterable[CarrierState]
) -> None:
    """Bring the counts from the states before to the states now."""
    changed: Counter[Key] = Counter()
    for state in states:
        changed[key_of(state, scheme)] += 1
        if state.id in before:
            changed[key_of(before[state.id], scheme)] -= 1
    rows = [dict(zip(_NAMES, key, strict=True)) | {"n": n} for key, n in sorted(changed.items()) if n]
    if rows:
        connection.execute(_ADD, rows)


def differences(connection: Connection, add: Callable[[str], None]) -> None:
    """Tell every count that is not that of the register."""
    c, n = t.CARRIER.c, t.CARRIER_COUNT.c
    place = func.coalesce(c.place, NOWHERE)
    columns = (place, c.unit, c.rank, c.status, c.origin)
    said = {tuple(key): many for *key, many in connection.execute(select(*columns, func.count()).group_by(*columns))}
    asked = select(n.place, n.unit, n.rank, n.status, n.origin, n.n)
    kept = {tuple(key): many for *key, many in connection.execute(asked)}
    for key in sorted(said.keys() | kept.keys()):
        if said.get(key, 0) != kept.get(key, 0):
            add(f"carrier_count of place {key[0]}, unit {key[1]}: differs from the register")
