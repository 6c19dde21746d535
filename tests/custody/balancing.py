"""The balance counted a second time, plainly: every prefix of the ledger folded, every carrier counted one by one."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select

from custody.balance import COMING_KINDS, Figures, Key
from custody.carrier import CarrierState
from custody.entries import CarrierFact, Entry, decode
from custody.register import apply
from custody.store import schema as t
from custody.store.queries import balance as queries
from tests.builders import SCHEME, Archive, Subject

BY: tuple[queries.By, ...] = ("unit", "level", "origin", "title")


def group_of(state: CarrierState, by: queries.By) -> Key:
    """The group that a carrier stands in."""
    described = state.description
    groups: dict[queries.By, Key] = {
        "unit": described.unit,
        "level": described.level,
        "origin": state.origin,
        "title": described.control_number,
    }
    return groups[by]


def told_by(archive: Archive) -> list[Entry]:
    """Every entry, in order."""
    with archive.books.database.reading() as connection:
        rows = connection.execute(select(t.ENTRY.c.body).order_by(t.ENTRY.c.sequence)).scalars()
        return [decode(bytes(body)) for body in rows]


def prefixes(entries: list[Entry]) -> Iterator[tuple[int, Mapping[int, CarrierState], dict[queries.By, Any], int]]:
    """At each position: the states, how many came in by group and origin, and how many the ledger says came in."""
    states: dict[int, CarrierState] = {}
    came: dict[queries.By, Counter[Any]] = {by: Counter() for by in BY}
    told = 0
    yield 0, states, came, told
    for entry in entries:
        if isinstance(entry.fact, CarrierFact):
            new = apply(states.get(entry.fact.carrier), entry)
            if entry.fact.carrier not in states:
                for by in BY:
                    came[by][group_of(new, by), new.origin] += 1
            states[entry.fact.carrier] = new
        told += entry.fact.kind in COMING_KINDS
        yield entry.sequence, states, came, told


def wrong_positions(archive: Archive, who: Subject, *, by_turns: bool = False) -> list[str]:
    """Positions at which the kept balance is not the plain count, or does not close; for one who sees everything.

    `by_turns`: at each position by one of the groupings, instead of by all.
    """
    found: list[str] = []
    view = queries.view_of(who, SCHEME)
    assert view.whole
    with archive.books.database.reading() as connection:
        for at, states, came, told in prefixes(told_by(archive)):
            for by in BY if not by_turns else (BY[at % len(BY)],):
                counted = queries.figures(connection, view, by, at)
                found += [f"position {at} by {by}: {what}" for what in _wrong(counted, states, came[by], told, by)]
    return found


def _wrong(
    counted: Figures, states: Mapping[int, CarrierState], came: Mapping[Any, int], told: int, by: queries.By
) -> Iterator[str]:
    plain = Counter((group_of(state, by), state.status) for state in states.values())
    if Counter({key: n for key, n in counted.states.items() if n}) != plain:
        yield f"stands {counted.states}, counted {plain}"
    if Counter({key: n for key, n in counted.came.items() if n}) != came:
        yield f"came {counted.came}, counted {came}"
    if counted.told != told:
        yield f"told {counted.told}, counted {told}"
    if not counted.whole.closes:
        yield "does not close as a whole"
    for key in counted.keys:
        if not counted.of({key}).closes:
            yield f"{key} does not close"
