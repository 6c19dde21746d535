"""Counters against what was given by them: one set back would give a number twice."""

from collections.abc import Callable, Iterable

from sqlalchemy import Connection, func, select

from custody.store import schema as t

_NUMBERED = (
    ("carrier", t.CARRIER),
    ("unit", t.UNIT),
    ("place", t.PLACE),
    ("person", t.PERSON),
    ("matter", t.MATTER),
    ("organisation", t.ORGANISATION),
    ("licence", t.LICENCE),
    ("agreement", t.AGREEMENT),
    ("delegation", t.DELEGATION),
)


def differences(connection: Connection, add: Callable[[str], None]) -> None:
    """Tell every counter of identifiers or acts that is not above what is in use."""
    for kind, table in _NUMBERED:
        highest = connection.execute(select(func.max(table.c.id))).scalar()
        following = next_of(connection, f"id:{kind}")
        if highest is not None and highest >= following:
            add(f"counter, identifiers of {kind}: {highest} is in use, but {following} is the next to be given")
    acts = connection.execute(select(t.ACT.c.number).execution_options(yield_per=1_000)).scalars()
    for told in behind(connection, "act", acts):
        add(told)


def behind(connection: Connection, series: str, numbers: Iterable[str]) -> list[str]:
    """Counters `series:LETTERS:YEAR` (or `series:YEAR`) that are not above the last part of these numbers."""
    highest: dict[str, int] = {}
    for number in numbers:
        *named, last = number.split("-")
        if last.isdecimal():
            name = ":".join((series, *named))
            highest[name] = max(highest.get(name, 0), int(last))
    return [
        f"counter {name}: {most} is in use, but {following} is the next to be given"
        for name, most in sorted(highest.items())
        if most >= (following := next_of(connection, name))
    ]


def next_of(connection: Connection, name: str) -> int:
    """The next number that a counter gives."""
    following: int | None = connection.execute(select(t.COUNTER.c.next).where(t.COUNTER.c.name == name)).scalar()
    return following or 1
