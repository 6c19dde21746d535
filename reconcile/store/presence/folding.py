"""The fold of arrived sightings into presence, batch by batch, each batch one transaction.

The cursor is the sightings' order of arrival. Its row is locked while a batch is folded, so that several servers
do not fold the same sighting twice; one that finds it locked leaves the work to the other. On PostgreSQL a
transaction may commit after a later one with higher ids: the fold therefore goes only as far as an instant at
which nobody was in the middle of arriving (`ARRIVAL_LOCK`).

Within a tag the order is event time. A tag that was heard earlier than it has been folded goes back (`late`).
A change of an antenna's place counts for what arrives from then on; the past is not folded again.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, text, update

from custody.database import Database
from custody.values import SECOND
from readers.sighting import Instant
from reconcile.presence import Heard, Memory, Settings, fold_tag, settle_tag
from reconcile.store.core import CURSOR, PRESENCE, SIGHTING, insert_new
from reconcile.store.intake import ARRIVAL_LOCK
from reconcile.store.minutes import count_minutes
from reconcile.store.presence.boxes import follow_boxes
from reconcile.store.presence.hearing import heard, not_followed, sightings
from reconcile.store.presence.keeping import After, Known, PassageSeen, Running, checkpointed, keep, keep_rows, known
from reconcile.store.presence.late import correct, fold_again, goes_back, is_late, keep_again
from reconcile.store.presence.silence import hear_out
from reconcile.store.presence.site import Span, load_site, with_beams

CURSOR_NAME = "presence"
BATCH_SIGHTINGS = 5_000
DUE_MAX = 2_000
"""Crossings that are settled in one transaction; the others wait for the next look."""
_NEWEST = select(func.coalesce(func.max(SIGHTING.c.id), 0))
_MARGIN_US = 60 * SECOND


@dataclass(frozen=True, slots=True)
class Folded:
    """What a fold did. `changed_epcs`: another place, or another strength; `through_id`: the cursor.

    `revised`: conclusions that were added because a report came late.
    """

    changed_epcs: tuple[str, ...] = ()
    passages: tuple[PassageSeen, ...] = ()
    sightings: int = 0
    through_id: int = 0
    revised: int = 0


def fold_new(database: Database, settings: Settings, now: Instant) -> Folded:
    """Fold every sighting that has arrived, settle crossings gone quiet, hear out silence where somebody listens."""
    horizon = _arrived(database)
    running = Running(now)
    while _fold_batch(database, settings, horizon, running):
        pass
    with database.writing() as connection:
        position = _locked_cursor(connection)
        if position is not None:
            _settle_due(connection, settings, running)
            # What arrived meanwhile brought its coverage along: not hearing is judged when its reads are folded too.
            if connection.execute(_NEWEST).scalar_one() <= position:
                hear_out(connection, settings, running)
            follow_boxes(connection, settings, running)
    return Folded(
        tuple(running.changed), tuple(running.passages), running.sightings, running.through_id, running.revised
    )


def _arrived(database: Database) -> int:
    """Up to which id everything has arrived: no lower one can still appear."""
    if database.dialect == "sqlite":
        with database.reading() as connection:
            return int(connection.execute(_NEWEST).scalar_one())
    with database.writing() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ARRIVAL_LOCK})
        return int(connection.execute(_NEWEST).scalar_one())


def _locked_cursor(connection: Connection) -> int | None:
    """The cursor, locked until the end of the transaction; None where another server holds it."""
    wanted = select(CURSOR.c.position).where(CURSOR.c.name == CURSOR_NAME)
    locked = wanted.with_for_update(skip_locked=True)
    position = connection.execute(locked).scalar_one_or_none()
    if position is None and connection.execute(wanted).scalar_one_or_none() is None:
        insert_new(connection, CURSOR, [{"name": CURSOR_NAME, "position": 0}])
        position = connection.execute(locked).scalar_one_or_none()
    return position


def _fold_batch(database: Database, settings: Settings, horizon: int, running: Running) -> bool:
    """Fold one batch; whether there may be another."""
    with database.writing() as connection:
        position = _locked_cursor(connection)
        if position is None:
            return False
        running.through_id = position
        if position >= horizon:
            return False
        wanted = sightings().where(SIGHTING.c.id > position, SIGHTING.c.id <= horizon)
        rows = connection.execute(wanted.order_by(SIGHTING.c.id).limit(BATCH_SIGHTINGS)).all()
        through = rows[-1].id if len(rows) == BATCH_SIGHTINGS else horizon
        count_minutes(connection, rows, running.now)
        _fold_rows(connection, rows, through, settings, running)
        connection.execute(update(CURSOR).where(CURSOR.c.name == CURSOR_NAME).values(position=through))
    running.through_id = through
    running.sightings += len(rows)
    return through < horizon


def _fold_rows(
    connection: Connection, rows: Sequence[Any], through_id: int, settings: Settings, running: Running
) -> None:
    ignored = not_followed(connection, rows)
    rows = [row for row in rows if row.epc not in ignored]
    if not rows:
        return
    before = known(connection, {row.epc for row in rows})
    site = load_site(connection, _times(rows, before))
    by_tag: dict[str, list[Heard]] = defaultdict(list)
    for row in rows:
        by_tag[row.epc].append(heard(row, site))
    late = {
        epc: seen
        for epc, all_seen in by_tag.items()
        if epc in before and (seen := [one for one in all_seen if is_late(one, before[epc], settings)])
    }
    if late:
        _fold_late(connection, late, by_tag, before, through_id, settings, running)
    fresh = {epc: seen for epc, seen in by_tag.items() if epc not in late}
    site = with_beams(connection, site, _passing(fresh))
    kept_at = checkpointed(connection, before, fresh)
    after: dict[str, After] = {}
    for epc, seen in sorted(fresh.items()):
        old = before.get(epc)
        memory, found = fold_tag(Memory() if old is None else old.memory, seen, site, settings)
        after[epc] = After(memory, found, kept_at[epc], 0 if old is None else old.through_at)
    keep(connection, before, after, settings, running)


def _fold_late(
    connection: Connection,
    late: Mapping[str, Sequence[Heard]],
    by_tag: Mapping[str, Sequence[Heard]],
    before: Mapping[str, Known],
    through_id: int,
    settings: Settings,
    running: Running,
) -> None:
    """Tags that go back; those that cannot take what is late as a correction, and the rest as it is."""
    plain = load_site(connection)
    back = goes_back(connection, late, plain, through_id)
    seen = [one for again in back.values() for one in (*again.sightings, *again.older)]
    seen += [one for epc, all_seen in by_tag.items() if epc in late and epc not in back for one in all_seen]
    span = (min(one.first_at for one in seen), max(one.last_at for one in seen) + _MARGIN_US)
    site = with_beams(
        connection, load_site(connection, span), [(one.first_at, one.last_at) for one in seen if one.side]
    )
    done = {
        epc: fold_again(epc, again, before[epc], max(one.last_at for one in late[epc]), site, settings, running.now)
        for epc, again in sorted(back.items())
    }
    keep_again(connection, before, done, running)
    after = {epc: one.after for epc, one in done.items()}
    older: dict[str, Sequence[Heard]] = {epc: again.older for epc, again in back.items() if again.older}
    for epc in sorted(late.keys() - back.keys()):
        older[epc] = late[epc]
        rest = [one for one in by_tag[epc] if not is_late(one, before[epc], settings)]
        memory, found = fold_tag(before[epc].memory, rest, site, settings)
        memory = memory._replace(reads=memory.reads + sum(one.reads for one in late[epc]))
        after[epc] = After(memory, found, before[epc].checkpoint_at, before[epc].through_at)
    for epc, seen_before in older.items():
        running.passages += correct(connection, epc, after[epc].memory, seen_before, site, settings, running.now)
    forward = {epc: after[epc] for epc in late.keys() - back.keys()}
    keep(connection, before, forward, settings, running)
    keep_rows(connection, {epc: after[epc] for epc in back}, settings)


def _times(rows: Sequence[Any], before: Mapping[str, Known]) -> Span:
    """From when listening must be known: since the tags were last judged."""
    first = min(row.first_at for row in rows)
    last = max(min(row.last_at, row.received_at) for row in rows)
    return min([first, *(old.memory.heard_at for old in before.values())]), last + _MARGIN_US


def _passing(by_tag: Mapping[str, Sequence[Heard]]) -> list[Span]:
    return [(one.first_at, one.last_at) for seen in by_tag.values() for one in seen if one.side]


def _settle_due(connection: Connection, settings: Settings, running: Running) -> None:
    due = select(PRESENCE.c.epc).where(PRESENCE.c.due_at.is_not(None), PRESENCE.c.due_at <= running.now)
    before = known(connection, connection.execute(due.order_by(PRESENCE.c.due_at).limit(DUE_MAX)).scalars().all())
    if not before:
        return
    crossings = [crossing for old in before.values() for crossing in old.memory.crossings.values()]
    spans = [(one.first_at, one.last_at) for one in crossings]
    times = (min(old.memory.heard_at for old in before.values()), running.now)
    site = with_beams(connection, load_site(connection, times), spans)
    kept_at = checkpointed(connection, before, before, always=True)
    after = {}
    for epc, old in sorted(before.items()):
        memory, found = settle_tag(old.memory, running.now, site, settings)
        # What is heard in this time and comes later would have belonged to the crossing.
        settled = [one.last_at for portal, one in old.memory.crossings.items() if portal not in memory.crossings]
        quiet = max(settled, default=0) + settings.portal_window_us if settled else 0
        after[epc] = After(memory, found, kept_at[epc], max(old.through_at, min(quiet, running.now)))
    keep(connection, before, after, settings, running)
