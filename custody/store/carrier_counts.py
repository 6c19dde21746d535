"""How many carriers stand where, kept with the register: what a page says of a place or a state it need not count.

A row for each place, unit, rank, status, origin and common scope of which there was ever a carrier, kept in the
transaction that changes a carrier. Its rows are seen as carriers are: within the clearance, of the units in reach or
of a scope that names one in common with others. Whom a scope names singly is not kept: of such scopes there may be as
many as carriers.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from sqlalchemy import Connection, func, or_, select, text

from custody.register import CarrierState
from custody.scheme import Scheme
from custody.store import schema as t

NOWHERE = 0
"""Stands for the place of a carrier that is in none: places are numbered from 1."""
NOBODY = 0
"""Stands for the common scope of a carrier whose scope names nobody in common."""
Key = tuple[int, int, int, str, str, int]
"""Place, unit, rank, status, origin, common scope."""
_ADD = text(
    "INSERT INTO carrier_count (place, unit, rank, status, origin, scope, n) "
    "VALUES (:place, :unit, :rank, :status, :origin, :scope, :n) "
    "ON CONFLICT (place, unit, rank, status, origin, scope) DO UPDATE SET n = carrier_count.n + excluded.n"
)
_NAME = text("INSERT INTO common_scope (scope, principal) VALUES (:scope, :principal) ON CONFLICT DO NOTHING")
_NAMES = ("place", "unit", "rank", "status", "origin", "scope")
_COMMON = ("unit:", "post:")


def in_common(principals: Iterable[str]) -> tuple[str, ...]:
    """Of the principals those who are named in common: everybody, units, classes of post; in order."""
    return tuple(sorted({one for one in principals if one == "all" or one.startswith(_COMMON)}))


@lru_cache(4_096)
def scope_number(names: tuple[str, ...]) -> int:
    """What stands for a common scope: 63 bits of its digest, the same in every database."""
    return int.from_bytes(hashlib.sha256("\n".join(names).encode()).digest()[:8]) >> 1 if names else NOBODY


def key_of(state: CarrierState, scheme: Scheme) -> Key:
    """Where a carrier counts."""
    described = state.description
    scope = scope_number(in_common(described.scope.principals))
    return state.place or NOWHERE, described.unit, scheme.rank(described.level), state.status.value, state.origin, scope


def count_carriers(
    connection: Connection, scheme: Scheme, before: Mapping[int, CarrierState], states: Iterable[CarrierState]
) -> None:
    """Bring the counts from the states before to the states now."""
    changed: Counter[Key] = Counter()
    scopes: set[tuple[str, ...]] = set()
    for state in states:
        changed[key_of(state, scheme)] += 1
        known = before.get(state.id)
        if known is not None:
            changed[key_of(known, scheme)] -= 1
        if known is None or known.description.scope != state.description.scope:
            scopes.add(in_common(state.description.scope.principals))
    _add(connection, changed)
    _name(connection, scopes)


def _add(connection: Connection, changed: Counter[Key]) -> None:
    rows = [dict(zip(_NAMES, key, strict=True)) | {"n": n} for key, n in sorted(changed.items()) if n]
    if rows:
        connection.execute(_ADD, rows)


def _name(connection: Connection, scopes: Iterable[tuple[str, ...]]) -> None:
    rows = [{"scope": scope_number(names), "principal": one} for names in sorted(scopes) for one in names]
    if rows:
        connection.execute(_NAME, rows)


def _counted(connection: Connection) -> tuple[Counter[Key], set[tuple[str, ...]]]:
    """The register, counted one by one; and the common scopes in it."""
    c, s = t.CARRIER.c, t.SCOPE.c
    common = or_(s.principal == "all", *(s.principal.startswith(kind, autoescape=True) for kind in _COMMON))
    names = select(func.aggregate_strings(s.principal, "\n")).where(s.carrier == c.id, common).scalar_subquery()
    place = func.coalesce(c.place, NOWHERE).label("place")
    each = select(place, c.unit, c.rank, c.status, c.origin, names.label("names")).subquery()
    found: Counter[Key] = Counter()
    scopes: set[tuple[str, ...]] = set()
    for *key, said, many in connection.execute(select(each, func.count()).group_by(*each.c)):
        # However the engine has put them together.
        principals = in_common(said.split("\n")) if said else ()
        place_id, unit, rank, status, origin = key
        found[place_id, unit, rank, status, origin, scope_number(principals)] += many
        scopes.add(principals)
    return found, scopes


def count_all(connection: Connection) -> None:
    """Fill the counts, empty so far, from the register."""
    found, scopes = _counted(connection)
    _add(connection, found)
    _name(connection, scopes)


def differences(connection: Connection, add: Callable[[str], None]) -> None:
    """Tell every count that is not that of the register, and every common scope that is not what it is called."""
    said, scopes = _counted(connection)
    n, named = t.CARRIER_COUNT.c, t.COMMON_SCOPE.c
    asked = select(n.place, n.unit, n.rank, n.status, n.origin, n.scope, n.n)
    kept: dict[Key, int] = {}
    for place, unit, rank, status, origin, scope, many in connection.execute(asked):
        kept[place, unit, rank, status, origin, scope] = many
    for key in sorted(said.keys() | kept.keys()):
        if said.get(key, 0) != kept.get(key, 0):
            add(f"carrier_count of place {key[0]}, unit {key[1]}: differs from the register")
    called: dict[int, set[str]] = {}
    for scope, principal in connection.execute(select(named.scope, named.principal)):
        called.setdefault(scope, set()).add(principal)
    missing = {scope_number(names) for names in scopes} - called.keys() - {NOBODY}
    wrong = {scope for scope, names in called.items() if scope_number(tuple(sorted(names))) != scope}
    for scope in sorted(missing | wrong):
        add(f"common_scope {scope}: differs from the register")
