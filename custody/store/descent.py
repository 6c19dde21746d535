"""What was made from what: the tree of descent, walked for the rules (clauses b.7, d.4, d.5)."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set

from sqlalchemy import Connection, select

from custody.entries import Fact
from custody.entries.copying import CopiesRecalled
from custody.entries.disposition import Declassified, IssuerReturnClosed, IssuerReturnListed, LevelChanged
from custody.life_cycle import HELD
from custody.register import CarrierState
from custody.rules import Descent
from custody.store import schema as t
from custody.store.schema import chunks, is_int64

Edges = Callable[[Connection, Sequence[int]], Iterable[tuple[int, int]]]


def made_from(connection: Connection, sources: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs of source and what was made directly from it."""
    c = t.DESCENT.c
    return [(row.source, row.carrier) for row in connection.execute(select(t.DESCENT).where(c.source.in_(sources)))]


def sources_of(connection: Connection, carriers: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs of carrier and what it was made directly from."""
    c = t.DESCENT.c
    return [(row.carrier, row.source) for row in connection.execute(select(t.DESCENT).where(c.carrier.in_(carriers)))]


def walk(connection: Connection, roots: Iterable[int], edges: Edges) -> dict[int, frozenset[int]]:
    """Everything that each root leads to by these edges, at any distance; the root itself is not in it."""
    wanted = frozenset(filter(is_int64, roots))
    next_to: dict[int, set[int]] = {}
    frontier = set(wanted)
    while frontier:
        found: set[int] = set()
        for chunk in chunks(sorted(frontier)):
            for one, other in edges(connection, chunk):
                next_to.setdefault(one, set()).add(other)
                found.add(other)
        frontier = found - next_to.keys() - frontier
    return {root: _reached(root, next_to) for root in wanted if root in next_to}


def _reached(root: int, next_to: Mapping[int, Set[int]]) -> frozenset[int]:
    reached: set[int] = set()
    ahead = list(next_to.get(root, ()))
    while ahead:
        one = ahead.pop()
        if one not in reached:
            reached.add(one)
            ahead += next_to.get(one, ())
    return frozenset(reached - {root})


def held(connection: Connection, carriers: Iterable[int]) -> frozenset[int]:
    """Which of these somebody still answers for."""
    c = t.CARRIER.c
    states = [status.value for status in HELD]
    found: set[int] = set()
    for chunk in chunks(sorted(carriers)):
        found |= set(connection.execute(select(c.id).where(c.id.in_(chunk), c.status.in_(states))).scalars())
    return frozenset(found)


def look_up_descent(connection: Connection, facts: Sequence[Fact]) -> Descent:
    """What the rules ask of descent about these facts; empty where they ask nothing."""
    recalled = {fact.carrier for fact in facts if isinstance(fact, CopiesRecalled)}
    listed = {fact.carrier for fact in facts if isinstance(fact, IssuerReturnListed)}
    closed = {fact.matter for fact in facts if isinstance(fact, IssuerReturnClosed) and is_int64(fact.matter)}
    return Descent(
        descendants=walk(connection, recalled, made_from) if recalled else {},
        unlisted={matter: _unlisted(connection, matter, facts) for matter in closed},
        listed=walk(connection, listed, sources_of) if listed else {},
    )


def _unlisted(connection: Connection, matter: int, facts: Sequence[Fact]) -> frozenset[int]:
    on_list = set(connection.execute(select(t.LINE.c.carrier).where(t.LINE.c.matter == matter)).scalars())
    named = {fact.carrier for fact in facts if isinstance(fact, IssuerReturnListed) and fact.matter == matter}
    made = walk(connection, on_list | named, made_from)
    return held(connection, {one for found in made.values() for one in found} - on_list)


def sources_asked(facts: Sequence[Fact], states: Mapping[int, CarrierState]) -> frozenset[int]:
    """What the carriers were made from whose level these facts change: it is asked whether it changed before."""
    changed = {fact.carrier for fact in facts if isinstance(fact, LevelChanged | Declassified)}
    return frozenset(source for one in changed if one in states for source in states[one].sources)
