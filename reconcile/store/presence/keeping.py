"""What the filter concluded, written down: the presence row, stays, passages, what lies at portals, conclusions.

The running stay is one row, lengthened; the cost is by movement, not by reads.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select

from custody.store.schema import chunks
from custody.values import SECOND
from readers.sighting import Instant
from reconcile.presence import Conclusions, Memory, Passage, Settings, Stay
from reconcile.presence.kept import from_bytes, to_bytes
from reconcile.store.core import PRESENCE, STAY
from reconcile.store.portals import keep_lying
from reconcile.store.presence import checkpoints, conclusions
from reconcile.store.presence.statements import execute_many

LATE_US = 60 * SECOND
"""A passage concluded so much later than it happened is told to be late."""


@dataclass(frozen=True, slots=True)
class PassageSeen:
    """A passage that a fold concluded."""

    epc: str
    passage: Passage


@dataclass(slots=True)
class Running:
    """What a fold has done so far."""

    now: Instant
    changed: dict[str, None] = field(default_factory=dict)
    passages: list[PassageSeen] = field(default_factory=list)
    sightings: int = 0
    through_id: int = 0
    revised: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """A tag as its row has it."""

    memory: Memory
    state: bytes
    place: int | None
    strength: str
    checkpoint_at: Instant | None
    """Of its newest checkpoint."""
    through_at: Instant
    """Event time through which its memory stands: its last sighting, or as far as silence was counted."""


@dataclass(frozen=True, slots=True)
class After:
    """A tag as it is to be written. `checkpoint_at`: of its newest checkpoint from now on."""

    memory: Memory
    found: Conclusions
    checkpoint_at: Instant | None
    through_at: Instant


def known(connection: Connection, epcs: Iterable[str]) -> dict[str, Known]:
    """The rows of these tags; those never heard have none."""
    c = PRESENCE.c
    wanted = select(c.epc, c.place, c.strength, c.state, c.heard_at, c.checkpoint_at, c.through_at)
    found: dict[str, Known] = {}
    for chunk in chunks(sorted(epcs)):
        for row in connection.execute(wanted.where(c.epc.in_(chunk))):
            through = max(row.heard_at, row.through_at or 0)
            state = bytes(row.state)
            found[row.epc] = Known(from_bytes(state), state, row.place, row.strength, row.checkpoint_at, through)
    return found


def keep(
    connection: Connection,
    before: Mapping[str, Known],
    after: Mapping[str, After],
    settings: Settings,
    running: Running,
) -> None:
    """Write the tags that went on from where they stood."""
    for epc, new in after.items():
        _tell(running, before.get(epc), epc, new)
    keep_rows(connection, after, settings)
    _keep_stays(connection, before, after)
    _keep_passages(connection, before, after, running.now)
    keep_lying(connection, {epc: new.found.lying.values() for epc, new in after.items() if new.found.lying})
    said = [conclusions.row_of(epc, move, running.now) for epc, new in after.items() for move in new.found.moves]
    conclusions.add(connection, said)


def _tell(running: Running, old: Known | None, epc: str, new: After) -> None:
    if old is None or (old.place, old.strength) != (new.memory.place, new.memory.strength):
        running.changed[epc] = None
    running.passages += [PassageSeen(epc, passage) for passage in new.found.passages]


def _row(epc: str, new: After, settings: Settings) -> tuple[Any, ...]:
    memory = new.memory
    due_at = memory.due_at(settings)
    return (
        epc,
        memory.place,
        memory.strength,
        memory.since_at,
        memory.heard_at,
        memory.here_at,
        memory.reader,
        memory.antenna,
        memory.strongest_dbm,
        memory.reads,
        # A crossing settles whether anybody listens or not; silence is heard out only where somebody does.
        due_at if memory.crossings else None,
        None if memory.crossings else due_at,
        new.checkpoint_at,
        max(new.through_at, memory.heard_at),
        to_bytes(memory),
    )


_COLUMNS = (
    *("epc", "place", "strength", "since_at", "heard_at", "here_at", "reader", "antenna", "strongest_dbm", "reads"),
    *("due_at", "silent_at", "checkpoint_at", "through_at", "state"),
)
_UPSERT = (
    f"INSERT INTO presence ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))}) "  # noqa: S608 - fixed names
    f"ON CONFLICT (epc) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS[1:])}"
)


def keep_rows(connection: Connection, after: Mapping[str, After], settings: Settings) -> None:
    """Bring presence rows up to date."""
    execute_many(connection, _UPSERT, [_row(epc, new, settings) for epc, new in after.items()])


# Checkpoints


def checkpointed(
    connection: Connection, before: Mapping[str, Known], epcs: Iterable[str], *, always: bool = False
) -> dict[str, Instant | None]:
    """Keep the memories that are due to be kept before more is folded; of each tag when its newest checkpoint is.

    `always`: also where it is not a minute yet, if something was folded since.
    """
    found: dict[str, Instant | None] = {}
    kept: list[checkpoints.Checkpoint] = []
    for epc in epcs:
        old = before.get(epc)
        if old is None:
            kept.append(checkpoints.Checkpoint(epc, checkpoints.GENESIS, b""))
            found[epc] = checkpoints.GENESIS
            continue
        at = old.checkpoint_at
        found[epc] = at
        # A memory in which silence was counted holds more than what was heard: it is no checkpoint.
        whole = old.through_at <= old.memory.heard_at and old.memory.heard_at > (at or 0)
        if whole and (always or checkpoints.is_due(old.memory, at)):
            kept.append(checkpoints.Checkpoint(epc, old.memory.heard_at, old.state))
            found[epc] = old.memory.heard_at
    checkpoints.keep(connection, kept)
    return found


# Stays


def _keep_stays(connection: Connection, before: Mapping[str, Known], after: Mapping[str, After]) -> None:
    begun: list[dict[str, Any]] = []
    gone_on: list[dict[str, Any]] = []
    for epc, new in after.items():
        running = before[epc].memory.stay if epc in before else None
        for key, stay in new.found.stays.items():
            goes_on = running is not None and key == (running.place, running.since_at)
            (gone_on if goes_on else begun).append(stay_row(epc, stay))
    insert_stays(connection, begun)
    lengthen(connection, gone_on)


def stay_row(epc: str, stay: Stay) -> dict[str, Any]:
    """A stay as a row."""
    return {"epc": epc, **stay._asdict(), "direction": "", "score": None, "evidence": "{}"}


def insert_stays(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Add stays and passages."""
    if rows:
        connection.execute(insert(STAY), rows)


def _keep_passages(
    connection: Connection, before: Mapping[str, Known], after: Mapping[str, After], now: Instant
) -> None:
    begun: list[dict[str, Any]] = []
    gone_on: list[dict[str, Any]] = []
    for epc, new in after.items():
        crossings = before[epc].memory.crossings.values() if epc in before else ()
        said = {(c.portal, c.concluded.since_at, c.concluded.direction) for c in crossings if c.concluded is not None}
        newest = {(p.portal, p.since_at, p.direction): p for p in new.found.passages}
        for key, passage in newest.items():
            (gone_on if key in said else begun).append(passage_row(epc, passage, now))
    insert_stays(connection, begun)
    lengthen(connection, gone_on)


def passage_row(epc: str, passage: Passage, now: Instant) -> dict[str, Any]:
    """A passage as a row; one that is told long after it happened says so."""
    late = now - passage.until_at
    evidence = {**passage.evidence, "late": True, "late_us": late} if late > LATE_US else passage.evidence
    return {
        "epc": epc,
        "place": passage.portal,
        "since_at": passage.since_at,
        "until_at": passage.until_at,
        "reads": passage.reads,
        "strongest_dbm": passage.strongest_dbm,
        "reader": passage.reader,
        "antenna": passage.antenna,
        "direction": passage.direction,
        "score": passage.score,
        "evidence": json.dumps(evidence, sort_keys=True),
    }


_LENGTHENED = ("until_at", "reads", "strongest_dbm", "reader", "antenna")
_LENGTHEN = (
    f"UPDATE stay SET {', '.join(f'{name} = ?' for name in _LENGTHENED)} "  # noqa: S608 - fixed names
    "WHERE epc = ? AND since_at = ? AND place = ? AND direction = ?"
)
_RECONSIDER = "UPDATE stay SET score = ?, evidence = ? WHERE epc = ? AND since_at = ? AND place = ? AND direction = ?"


def lengthen(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Bring known stays and passages up to date; (epc, since_at, place, direction) names them."""
    keys = [(row["epc"], row["since_at"], row["place"], row["direction"]) for row in rows]
    changed = [tuple(row[name] for name in _LENGTHENED) for row in rows]
    execute_many(connection, _LENGTHEN, [new + key for new, key in zip(changed, keys, strict=True)])
    passages = [(row["score"], row["evidence"], *key) for row, key in zip(rows, keys, strict=True) if row["direction"]]
    execute_many(connection, _RECONSIDER, passages)
