"""The history of the ledger's keys, as it stands in the ledger itself: which key signed when, which one signs now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from custody import ledger
from custody.entries import Fact, decode
from custody.entries.trust import KeyReplaced, KeyRotated
from custody.store import schema as t
from custody.values import Instant

CHANGES: tuple[type[Fact], ...] = (KeyRotated, KeyReplaced)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the ledger's key, as it was entered. `lost`: the old key could not sign."""

    sequence: int
    entered_at: Instant
    old: ledger.VerifierKey
    new: ledger.VerifierKey
    lost: bool
    statement: str
    """What a witness needs to follow a rotation: size, root, keys and signatures; empty where the old key was lost."""


def changes(connection: Connection) -> list[Change]:
    """Every change of key, the first one first. Raises EntryInvalid, Broken where an entry was tampered with."""
    c = t.ENTRY.c
    kinds = [fact.kind for fact in CHANGES]
    rows = connection.execute(select(c.body).where(c.kind.in_(kinds)).order_by(c.sequence))
    return [_change(decode(bytes(row.body))) for row in rows]


def _change(entry: Any) -> Change:
    fact = entry.fact
    lost = isinstance(fact, KeyReplaced)
    parts = (fact.size, fact.root, fact.old_key, fact.new_key, fact.by_new if lost else fact.by_old, fact.by_new)
    return Change(
        entry.sequence,
        entry.entered_at,
        ledger.parse_key(fact.old_key),
        ledger.parse_key(fact.new_key),
        lost,
        "" if lost else " ".join(map(str, parts)) + "\n",
    )


def ruling(connection: Connection) -> ledger.VerifierKey | None:
    """The key that the ledger names last; None while the first one was never changed."""
    c = t.ENTRY.c
    query = select(c.body).where(c.kind.in_([fact.kind for fact in CHANGES])).order_by(c.sequence.desc()).limit(1)
    body = connection.execute(query).scalar()
    return None if body is None else _change(decode(bytes(body))).new


def known_keys(connection: Connection, present: ledger.VerifierKey | None) -> tuple[ledger.VerifierKey, ...]:
    """Every key that ever signed this ledger's checkpoints, the first one first; `present` where none was changed."""
    found = changes(connection)
    if not found:
        return () if present is None else (present,)
    return (found[0].old, *(one.new for one in found))


def statements(connection: Connection) -> Sequence[str]:
    """The rotations, a line each: what a witness follows (see `custody.witness`)."""
    return [one.statement for one in changes(connection) if one.statement]
