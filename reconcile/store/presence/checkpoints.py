"""The filter's memory of a tag as it was some minutes ago, so that a late report can be folded where it belongs.

A checkpoint is the very bytes that the row held: it costs no more than their copying. One a minute while something
changes, one in five minutes while a tag lies still; a quarter of an hour is kept, and the newest one before it.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from custody.store.schema import chunks
from custody.values import SECOND
from readers.sighting import Instant
from reconcile.presence import Memory
from reconcile.presence.kept import from_bytes
from reconcile.store.core import PRESENCE_CHECKPOINT
from reconcile.store.presence.statements import execute_many

EVERY_US = 60 * SECOND
EVERY_STILL_US = 300 * SECOND
KEPT_US = 900 * SECOND
GENESIS = 0
"""Of a tag heard for the first time: before it there is nothing, and everything can be folded again."""


class Checkpoint(NamedTuple):
    """Of one tag: every sighting up to `at` (event time) is folded in `state`, and none after."""

    epc: str
    at: Instant
    state: bytes

    @property
    def memory(self) -> Memory:
        """What the filter knew then."""
        return from_bytes(self.state)


def is_due(memory: Memory, newest_at: Instant | None) -> bool:
    """Whether the memory is to be kept before more is folded into it; `newest_at`: of the newest checkpoint."""
    if newest_at is None:
        return True
    moved = memory.strength != "confirmed" or (memory.since_at or 0) > newest_at
    return memory.heard_at - newest_at >= (EVERY_US if moved else EVERY_STILL_US)


_KEEP = "INSERT INTO presence_checkpoint (epc, at, state) VALUES (?, ?, ?) ON CONFLICT (epc, at) DO NOTHING"
_FORGET = (
    "DELETE FROM presence_checkpoint WHERE epc = ? AND at < "
    "(SELECT max(older.at) FROM presence_checkpoint AS older WHERE older.epc = ? AND older.at <= ?)"
)


def keep(connection: Connection, checkpoints: Collection[Checkpoint]) -> None:
    """Add checkpoints, and forget those that are older than is kept."""
    execute_many(connection, _KEEP, [tuple(one) for one in checkpoints])
    old = [(one.epc, one.epc, one.at - KEPT_US) for one in checkpoints if one.at > KEPT_US]
    execute_many(connection, _FORGET, old)


def before(connection: Connection, wanted: Mapping[str, Instant]) -> dict[str, Checkpoint]:
    """Of each tag the newest checkpoint before an instant; where all are later, the oldest there is."""
    found: dict[str, Checkpoint] = {}
    c = PRESENCE_CHECKPOINT.c
    for chunk in chunks(sorted(wanted)):
        rows = connection.execute(select(c.epc, c.at).where(c.epc.in_(chunk)).order_by(c.epc, c.at))
        chosen: dict[str, Instant] = {}
        for row in rows:
            if row.epc not in chosen or row.at < wanted[row.epc]:
                chosen[row.epc] = row.at
        for kept in connection.execute(select(c.epc, c.at, c.state).where(c.epc.in_(sorted(chosen)))):
            if kept.at == chosen[kept.epc]:
                found[kept.epc] = Checkpoint(kept.epc, kept.at, bytes(kept.state))
    return found


def drop_after(connection: Connection, gone: Iterable[tuple[str, Instant]]) -> None:
    """Forget what was kept after these instants: it does not hold what came late."""
    c = PRESENCE_CHECKPOINT.c
    for epc, at in gone:
        connection.execute(delete(PRESENCE_CHECKPOINT).where(c.epc == epc, c.at > at))
