"""The disclosure record: who saw which carrier's particulars. Rows are only ever added."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from custody.store import schema as t
from custody.store.schema import chunks, insert_rows
from custody.values import SECOND, Instant

_COLUMNS = ("at", "person", "carrier", "how", "detail")
WAYS = ("page", "api", "list", "act", "finding", "form", "print", "export")
"""In which way: its page, a program, a list with its title, a form to be filled, a finding's evidence, a paper on the
screen, a paper, a workbook.
"""
ONCE_WITHIN_SECONDS: Mapping[str, int] = {
    **dict.fromkeys(("page", "api", "act", "finding", "form"), 600),
    "list": 86_400,
}
"""Who sees the same in the same way so soon again has seen it once; of what leaves the screen each counts."""


@dataclass(frozen=True, slots=True)
class Look:
    """That a person saw a carrier's particulars."""

    id: int
    at: Instant
    person: int
    carrier: int
    how: str
    detail: str


def unrecorded(connection: Connection, at: Instant, person: int, carriers: Iterable[int], how: str) -> list[int]:
    """Of these carriers, those that the person has not seen in this way only just now."""
    wanted = dict.fromkeys(carriers)
    within = ONCE_WITHIN_SECONDS.get(how)
    if within is None:
        return list(wanted)
    c = t.LOOK.c
    for chunk in chunks(list(wanted), 1_000):
        lately = select(c.carrier).where(
            c.person == person, c.carrier.in_(chunk), c.how == how, c.at > at - within * SECOND, c.at <= at
        )
        for carrier in connection.execute(lately).scalars():
            wanted.pop(carrier, None)
    return list(wanted)


def note_looks(
    connection: Connection, at: Instant, person: int, carriers: Iterable[int], how: str, detail: str = ""
) -> None:
    """Keep that a person saw these carriers' particulars (`how`: one of WAYS), in the caller's transaction."""
    rows = [(at, person, carrier, how, detail) for carrier in dict.fromkeys(carriers)]
    insert_rows(connection, t.LOOK, _COLUMNS, rows)
