"""Acts that were tried and refused: a row for each clause that was quoted, with the codes of what stood against it.

No words of what was tried are kept.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from custody.rules import Refused
from custody.store import schema as t
from custody.values import SECOND, Instant

SAME_WITHIN_SECONDS = 60
"""Who tries the same again so soon has tried it once."""


@dataclass(frozen=True, slots=True)
class Tried:
    """Who tried what, when: the kinds of act and fact, the carrier and the matter that the fact was about."""

    at: Instant
    person: int
    act: str
    fact: str
    carrier: int | None
    matter: int | None


def note_refusal(connection: Connection, tried: Tried, refused: Refused) -> int:
    """Keep what was refused, once a clause; how many rows were written."""
    c = t.REFUSAL.c
    about = {
        "person": tried.person,
        "act": tried.act,
        "fact": tried.fact,
        "carrier": _kept(tried.carrier),
        "matter": _kept(tried.matter),
    }
    written = 0
    for clause in dict.fromkeys(one.clause for one in refused.refusals if one.clause):
        codes = dict.fromkeys(one.code for one in refused.refusals if one.clause == clause)
        row = about | {"clause": clause, "codes": " ".join(codes)}
        lately = select(c.id).where(
            *(c[name].is_(None) if value is None else c[name] == value for name, value in row.items()),
            c.at > tried.at - SAME_WITHIN_SECONDS * SECOND,
            # What is still to come was noted before the clock was set back.
            c.at <= tried.at,
        )
        if connection.execute(lately.limit(1)).first() is None:
            connection.execute(insert(t.REFUSAL).values(row | {"at": tried.at}))
            written += 1
    return written


def _kept(identifier: int | None) -> int | None:
    """An identifier that no column can hold is nobody's."""
    return identifier if identifier is not None and t.is_int64(identifier) else None
