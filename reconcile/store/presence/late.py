"""Reports that come late: the tag goes back to the checkpoint before them, and is folded again from there.

What comes of it is added to what was concluded and revises it; nothing is overwritten. What is older than every
checkpoint changes nothing of the present: it lengthens the past stays, and is a correction of its own.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from readers.sighting import Instant
from reconcile.presence import (
    Conclusions,
    Heard,
    Memory,
    Move,
    Settings,
    Site,
    Stay,
    advance_tag,
    fold_tag,
    settle_tag,
    to_bytes,
)
from reconcile.store.core import STAY
from reconcile.store.portals import keep_lying
from reconcile.store.presence import checkpoints, conclusions
from reconcile.store.presence.checkpoints import Checkpoint
from reconcile.store.presence.conclusions import Belief
from reconcile.store.presence.hearing import heard, heard_since
from reconcile.store.presence.keeping import (
    After,
    Known,
    PassageSeen,
    Running,
    insert_stays,
    lengthen,
    passage_row,
    stay_row,
)

REFOLD_MAX = 20_000
"""More sightings of one tag are not folded again."""


def is_late(seen: Heard, old: Known, settings: Settings) -> bool:
    """Whether the tag must go back for it: more was heard since, or silence was counted that was none.

    While a tag lies still and nothing is in doubt, the filter takes a little disorder as it comes.
    """
    heard_at = old.memory.heard_at
    if seen.last_at <= (old.checkpoint_at or 0):
        return True
    if seen.last_at < heard_at:
        return seen.last_at < heard_at - (settings.watermark_us if old.memory.settled else 0)
    return old.through_at > heard_at and seen.first_at < old.through_at


@dataclass(frozen=True, slots=True)
class Again:
    """A tag that goes back. `sightings`: all that is stored later than the checkpoint; `older`: what is before it."""

    start: Checkpoint
    sightings: tuple[Heard, ...]
    older: tuple[Heard, ...]


def goes_back(
    connection: Connection, late: Mapping[str, Sequence[Heard]], site: Site, through_id: int
) -> dict[str, Again]:
    """Of each tag where it goes back to; none of a tag without a checkpoint, or with too much to fold again."""
    starts = checkpoints.before(connection, {epc: min(one.last_at for one in seen) for epc, seen in late.items()})
    found: dict[str, Again] = {}
    for epc, start in starts.items():
        if all(one.last_at <= start.at for one in late[epc]):
            continue
        rows = heard_since(connection, epc, start.at, through_id, REFOLD_MAX)
        if len(rows) > REFOLD_MAX:
            continue
        seen = [one for row in rows if (one := heard(row, site)).last_at > start.at]
        older = tuple(one for one in late[epc] if one.last_at <= start.at)
        found[epc] = Again(start, tuple(seen), older)
    return found


def fold_again(
    epc: str, again: Again, old: Known, newest: Instant, site: Site, settings: Settings, now: Instant
) -> "Refolded":
    """Fold a tag again from its checkpoint, in pieces between which its memory is kept anew.

    `newest`: the end of the late sightings; after it the next report of the same burst will find a checkpoint.
    """
    memory, found, kept = again.start.memory, Conclusions(), []
    ordered = sorted(again.sightings, key=lambda one: one.last_at)
    begin, boundary = 0, newest
    while begin < len(ordered):
        end = next((i for i in range(begin, len(ordered)) if ordered[i].last_at > boundary), len(ordered))
        if end > begin:
            memory, more = fold_tag(memory, ordered[begin:end], site, settings)
            _join(found, more)
        if end < len(ordered):
            kept.append(Checkpoint(epc, memory.heard_at, to_bytes(memory)))
            # Over a gap of years at once, not five minutes at a time.
            boundary = max(boundary + checkpoints.EVERY_STILL_US, ordered[end].last_at)
        begin = end
    kept = [one for one in kept if one.at > again.start.at]
    through = max(old.through_at, memory.heard_at)
    if through > memory.heard_at:
        memory, more = advance_tag(memory, through, site, settings)
        _join(found, more)
    memory, more = settle_tag(memory, now, site, settings)
    _join(found, more)
    # What is older than the checkpoint is counted, though it says nothing of the present.
    memory = memory._replace(reads=memory.reads + sum(one.reads for one in again.older))
    checkpoint_at = kept[-1].at if kept else again.start.at
    return Refolded(again, After(memory, found, checkpoint_at, through), tuple(kept))


@dataclass(frozen=True, slots=True)
class Refolded:
    """What came of folding again; `kept`: the checkpoints made on the way."""

    again: Again
    after: After
    kept: tuple[Checkpoint, ...]


def _join(found: Conclusions, more: Conclusions) -> None:
    found.stays.update(more.stays)
    found.passages += more.passages
    found.lying.update(more.lying)
    found.moves += more.moves
    found.late += more.late


def keep_again(
    connection: Connection, before: Mapping[str, Known], done: Mapping[str, Refolded], running: Running
) -> None:
    """Write what came of folding again, but for the presence rows."""
    checkpoints.drop_after(connection, [(epc, one.again.start.at) for epc, one in done.items()])
    checkpoints.keep(connection, [kept for one in done.values() for kept in one.kept])
    for epc, one in done.items():
        start, found = one.again.start, one.after.found
        old, new = before[epc], one.after.memory
        if (old.place, old.strength) != (new.place, new.strength):
            running.changed[epc] = None
        _stays_again(connection, epc, start, found)
        running.passages += _passages_again(connection, epc, start, found, running.now)
        memory = start.memory
        belief = Belief(memory.place, memory.strength)
        running.revised += conclusions.revise(connection, epc, start.at, belief, found.moves, running.now)
    keep_lying(connection, {epc: one.after.found.lying.values() for epc, one in done.items() if one.after.found.lying})


def _stays_again(connection: Connection, epc: str, start: Checkpoint, found: Conclusions) -> None:
    """The stays since the checkpoint as they are seen now; the one that ran then keeps its beginning."""
    stays = dict(found.stays)
    then = start.memory.stay
    if then is not None:
        stays.setdefault((then.place, then.since_at), then)
    near = min((stay.since_at for stay in stays.values()), default=start.at)
    rows = connection.execute(
        select(STAY.c.id, STAY.c.place, STAY.c.since_at).where(
            STAY.c.epc == epc, STAY.c.direction == "", STAY.c.since_at >= min(near, start.at)
        )
    ).all()
    there = {(row.place, row.since_at) for row in rows}
    # A stay begins where its evidence does, which may be a moment before the checkpoint.
    gone = [row.id for row in rows if (row.place, row.since_at) not in stays and row.since_at > start.at]
    if gone:
        connection.execute(delete(STAY).where(STAY.c.id.in_(gone)))
    lengthen(connection, [stay_row(epc, stay) for key, stay in stays.items() if key in there])
    insert_stays(connection, [stay_row(epc, stay) for key, stay in stays.items() if key not in there])


def _passages_again(
    connection: Connection, epc: str, start: Checkpoint, found: Conclusions, now: Instant
) -> list[PassageSeen]:
    """The passages since the checkpoint; those that are no more stay, and say so. Gives those that are new."""
    newest = {(one.portal, one.since_at, one.direction): one for one in found.passages}
    rows = connection.execute(
        select(STAY.c.id, STAY.c.place, STAY.c.since_at, STAY.c.direction, STAY.c.evidence).where(
            STAY.c.epc == epc, STAY.c.direction != "", STAY.c.until_at > start.at
        )
    ).all()
    there = {(row.place, row.since_at, row.direction): row for row in rows}
    known = [passage_row(epc, one, now) for key, one in newest.items() if key in there]
    for row in known:
        was = json.loads(there[row["place"], row["since_at"], row["direction"]].evidence)
        if not was.get("late"):
            # It was told in time; what came late only said it again.
            row["evidence"] = json.dumps(
                {k: v for k, v in json.loads(row["evidence"]).items() if k not in ("late", "late_us")}, sort_keys=True
            )
    lengthen(connection, known)
    new = {key: one for key, one in newest.items() if key not in there}
    insert_stays(connection, [passage_row(epc, one, now) for one in new.values()])
    for key, told in there.items():
        if key not in newest and told.since_at > start.at:
            evidence = {**json.loads(told.evidence), "revised_at": now}
            connection.execute(update(STAY).where(STAY.c.id == told.id).values(evidence=json.dumps(evidence)))
    return [PassageSeen(epc, one) for one in new.values()]


# What is older than every checkpoint


def correct(
    connection: Connection,
    epc: str,
    present: Memory,
    older: Iterable[Heard],
    site: Site,
    settings: Settings,
    now: Instant,
) -> list[PassageSeen]:
    """Fold by itself what is too old to be folded in its place: past stays and passages, each a correction."""
    memory, found = fold_tag(Memory(), list(older), site, settings)
    memory, more = settle_tag(memory, now, site, settings)
    _join(found, more)
    moves: list[Move] = []
    for stay in found.stays.values():
        told = _past_stay(connection, epc, present, stay, settings)
        if told:
            evidence = {"stay": told, "reads": stay.reads, "reader": stay.reader, "antenna": stay.antenna}
            evidence |= {"since_at": stay.since_at, "until_at": stay.until_at, "strongest_dbm": stay.strongest_dbm}
            moves.append(Move(None, stay.place, stay.since_at, stay.until_at, "probable", conclusions.LATE, evidence))
    rows = [passage_row(epc, one, now) for one in found.passages]
    insert_stays(connection, rows)
    for row in rows:
        evidence = {"direction": row["direction"], "score": row["score"], **json.loads(row["evidence"])}
        moves.append(Move(None, row["place"], row["since_at"], row["until_at"], "probable", conclusions.LATE, evidence))
    said = [conclusions.row_of(epc, move, now, correction=True, calibration=site.calibration.version) for move in moves]
    conclusions.add(connection, said)
    return [PassageSeen(epc, one) for one in found.passages]


def _past_stay(connection: Connection, epc: str, present: Memory, past: Stay, settings: Settings) -> str:
    """Lengthen the past stay at its place, or add one where the tag was known nowhere else; what was done, if any."""
    near = connection.execute(
        select(STAY.c.id, STAY.c.place, STAY.c.since_at, STAY.c.until_at, STAY.c.reads).where(
            STAY.c.epc == epc,
            STAY.c.direction == "",
            STAY.c.since_at <= past.until_at + settings.silence_us,
            STAY.c.until_at >= past.since_at - settings.silence_us,
        )
    ).all()
    same = [row for row in near if row.place == past.place]
    if same:
        row = same[0]
        if present.stay is not None and (row.place, row.since_at) == present.stay[:2]:
            return ""  # the running stay's beginning names it, and its memory has its reads: it is left alone
        joined = {
            "since_at": min(row.since_at, past.since_at),
            "until_at": max(row.until_at, past.until_at),
            "reads": row.reads + past.reads,
        }
        connection.execute(update(STAY).where(STAY.c.id == row.id).values(**joined))
        return "lengthened"
    if past.reads < 2 or any(row.since_at <= past.until_at and row.until_at >= past.since_at for row in near):
        return ""
    insert_stays(connection, [stay_row(epc, past) | {"evidence": json.dumps({"late": True})}])
    return "added"
