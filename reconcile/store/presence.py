"""The fold of arrived sightings into presence, batch by batch, each batch one transaction.

The cursor is the sightings' order of arrival. Its row is locked while a batch is folded, so that several servers
do not fold the same sighting twice; one that finds it locked leaves the work to the other. On PostgreSQL a
transaction may commit after a later one with higher ids: the fold therefore goes only as far as an instant at
which nobody was in the middle of arriving (`ARRIVAL_LOCK`).

A change of an antenna's place counts for what arrives from then on; the past is not folded again.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import (
    Connection,
    func,
    insert,
    select,
    text,
    update,
)

from custody.database import Database
from custody.store.schema import PLACE, TAG, chunks
from custody.values import SECOND
from readers.sighting import Instant
from reconcile.presence import (
    Conclusions,
    Ear,
    Heard,
    Memory,
    Passage,
    Settings,
    Side,
    Site,
    Stay,
    fold_tag,
    settle_tag,
)
from reconcile.presence.model import from_bytes, to_bytes
from reconcile.store.core import ANTENNA, CURSOR, PRESENCE, READER, SIGHTING, STAY, insert_new
from reconcile.store.coverage import listened_through, place_coverage
from reconcile.store.intake import ARRIVAL_LOCK
from reconcile.store.minutes import count_minutes
from reconcile.store.portals import beams, keep_lying
from reconcile.store.references import reference_epcs
from reconcile.store.taps import CARD_DIGITS_MAX, DESK

CURSOR_NAME = "presence"
BATCH_SIGHTINGS = 5_000
_NEWEST = select(func.coalesce(func.max(SIGHTING.c.id), 0))
_AHEAD_MAX = 60 * SECOND
"""A sighting further in the future than this was stamped by a wrong clock: its arrival is taken instead."""


@dataclass(frozen=True, slots=True)
class PassageSeen:
    """A passage that a fold concluded."""

    epc: str
    passage: Passage


@dataclass(frozen=True, slots=True)
class Folded:
    """What a fold did. `changed_epcs`: another place, or another strength; `through_id`: the cursor."""

    changed_epcs: tuple[str, ...] = ()
    passages: tuple[PassageSeen, ...] = ()
    sightings: int = 0
    through_id: int = 0


@dataclass(slots=True)
class _Running:
    changed: dict[str, None] = field(default_factory=dict)
    passages: list[PassageSeen] = field(default_factory=list)
    sightings: int = 0
    through_id: int = 0


def fold_new(database: Database, settings: Settings, now: Instant) -> Folded:
    """Fold every sighting that has arrived, settle crossings gone quiet, weaken what is not confirmed again."""
    horizon = _arrived(database)
    running = _Running()
    while _fold_batch(database, settings, now, horizon, running):
        pass
    with database.writing() as connection:
        position = _locked_cursor(connection)
        if position is not None:
            _settle_due(connection, settings, now, running)
            # What arrived meanwhile brought its coverage along: not hearing is judged when its reads are folded too.
            if connection.execute(_NEWEST).scalar_one() <= position:
                running.changed |= dict.fromkeys(_weaken(connection, settings, now))
    return Folded(tuple(running.changed), tuple(running.passages), running.sightings, running.through_id)


def load_site(connection: Connection) -> Site:
    """Antennas of enabled readers, portals, and through when each place was listened to."""
    antennas = connection.execute(
        select(ANTENNA.c.reader, ANTENNA.c.number, ANTENNA.c.place, ANTENNA.c.role)
        .join(READER, READER.c.name == ANTENNA.c.reader)
        # What is held to a desk's reader was in a hand at that moment: it lies nowhere by it.
        .where(READER.c.enabled, ANTENNA.c.role != DESK)
    )
    sides: Mapping[str, Side] = {"inside": "inside", "outside": "outside"}
    ears = {(row.reader, row.number): Ear(row.place, sides.get(row.role, "")) for row in antennas}
    portals = connection.execute(select(PLACE.c.id, PLACE.c.inside, PLACE.c.outside).where(PLACE.c.kind == "portal"))
    return Site(ears, {row.id: (row.inside, row.outside) for row in portals}, listened_through(connection))


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


def _fold_batch(database: Database, settings: Settings, now: Instant, horizon: int, running: _Running) -> bool:
    """Fold one batch; whether there may be another."""
    with database.writing() as connection:
        position = _locked_cursor(connection)
        if position is None:
            return False
        running.through_id = position
        if position >= horizon:
            return False
        rows = connection.execute(
            select(
                SIGHTING.c.id,
                SIGHTING.c.epc,
                SIGHTING.c.first_at,
                SIGHTING.c.last_at,
                SIGHTING.c.count.label("reads"),
                SIGHTING.c.strongest_dbm,
                SIGHTING.c.mean_dbm,
                SIGHTING.c.reader,
                SIGHTING.c.antenna,
                SIGHTING.c.received_at,
            )
            .where(SIGHTING.c.id > position, SIGHTING.c.id <= horizon)
            .order_by(SIGHTING.c.id)
            .limit(BATCH_SIGHTINGS)
        ).all()
        through = rows[-1].id if len(rows) == BATCH_SIGHTINGS else horizon
        count_minutes(connection, rows, now)
        _fold_rows(connection, rows, load_site(connection), settings, now, running)
        connection.execute(update(CURSOR).where(CURSOR.c.name == CURSOR_NAME).values(position=through))
    running.through_id = through
    running.sightings += len(rows)
    return through < horizon


def _fold_rows(
    connection: Connection,
    rows: Sequence[Any],
    site: Site,
    settings: Settings,
    now: Instant,
    running: _Running,
) -> None:
    by_tag: dict[str, list[Heard]] = defaultdict(list)
    references = reference_epcs(connection) | _cards(connection, rows)
    for row in rows:
        # A reference tag is fixed where it is: it proves an antenna, and is nowhere itself.
        if row.epc not in references:
            by_tag[row.epc].append(_heard(row, site, now))
    before = _known(connection, by_tag)
    passing = [(heard.first_at, heard.last_at) for seen in by_tag.values() for heard in seen if heard.side]
    site = _with_beams(connection, site, passing)
    after: dict[str, tuple[Memory, Conclusions]] = {}
    for epc, heard in sorted(by_tag.items()):
        memory = before[epc].memory if epc in before else Memory()
        after[epc] = fold_tag(memory, heard, site, settings)
    _keep(connection, before, after, settings, running)


def _cards(connection: Connection, rows: Sequence[Any]) -> frozenset[str]:
    """What was held to a desk's reader and is no carrier's label: people's cards, of whom no track is kept here."""
    readers = {row.reader for row in rows}
    desks = {
        (row.reader, row.number)
        for row in connection.execute(
            select(ANTENNA.c.reader, ANTENNA.c.number).where(ANTENNA.c.role == DESK, ANTENNA.c.reader.in_(readers))
        )
    }
    held = {row.epc for row in rows if (row.reader, row.antenna) in desks and len(row.epc) <= CARD_DIGITS_MAX}
    borne = {
        epc
        for chunk in chunks(sorted(held))
        for epc in connection.execute(select(TAG.c.epc).where(TAG.c.epc.in_(chunk))).scalars()
    }
    return frozenset(held - borne)


def _with_beams(connection: Connection, site: Site, passing: Collection[tuple[Instant, Instant]]) -> Site:
    """The site with what the beams told around these times; without any nothing is asked."""
    if not passing:
        return site
    return replace(site, beams=beams(connection, min(p[0] for p in passing), max(p[1] for p in passing)))


def _heard(row: Any, site: Site, now: Instant) -> Heard:
    first, last = row.first_at, row.last_at
    if last > now + _AHEAD_MAX:
        first, last = row.received_at - (last - first), row.received_at
    ear = site.ears.get((row.reader, row.antenna))
    return Heard(
        first,
        last,
        row.reads,
        row.strongest_dbm,
        row.mean_dbm,
        row.reader,
        row.antenna,
        None if ear is None else ear.place,
        "" if ear is None else ear.side,
        row.received_at,
    )


@dataclass(frozen=True, slots=True)
class _Known:
    memory: Memory
    shown: tuple[int | None, str]
    """Place and strength as the row has them."""


def _known(connection: Connection, epcs: Iterable[str]) -> dict[str, _Known]:
    found: dict[str, _Known] = {}
    wanted = select(PRESENCE.c.epc, PRESENCE.c.place, PRESENCE.c.strength, PRESENCE.c.state)
    for chunk in chunks(sorted(epcs)):
        for row in connection.execute(wanted.where(PRESENCE.c.epc.in_(chunk))):
            found[row.epc] = _Known(from_bytes(row.state), (row.place, row.strength))
    return found


def _keep(
    connection: Connection,
    before: Mapping[str, _Known],
    after: Mapping[str, tuple[Memory, Conclusions]],
    settings: Settings,
    running: _Running,
) -> None:
    """Write presence, stays and passages of the tags that were folded."""
    rows = []
    for epc, (memory, conclusions) in after.items():
        known = before.get(epc)
        row = _row(epc, memory, settings)
        if known is not None and (memory.place, memory.here_at) == (known.memory.place, known.memory.here_at):
            # Not heard at its place again: if it was weakened since, so it stays.
            row["strength"] = known.shown[1]
        if known is None or known.shown != (row["place"], row["strength"]):
            running.changed[epc] = None
        running.passages += [PassageSeen(epc, passage) for passage in conclusions.passages]
        rows.append(row)
    _upsert(connection, rows)
    _keep_stays(connection, before, after)
    _keep_passages(connection, before, after)
    keep_lying(connection, {epc: found.lying.values() for epc, (_, found) in after.items() if found.lying})
    for epc, (memory, conclusions) in after.items():
        _keep_late(connection, epc, memory, conclusions.late, settings)


def _row(epc: str, memory: Memory, settings: Settings) -> dict[str, Any]:
    return {
        "epc": epc,
        "place": memory.place,
        "strength": memory.strength,
        "since_at": memory.since_at,
        "heard_at": memory.heard_at,
        "here_at": memory.here_at,
        "reader": memory.reader,
        "antenna": memory.antenna,
        "strongest_dbm": memory.strongest_dbm,
        "reads": memory.reads,
        "due_at": memory.due_at(settings),
        "state": to_bytes(memory),
    }


_COLUMNS = (
    "epc",
    "place",
    "strength",
    "since_at",
    "heard_at",
    "here_at",
    "reader",
    "antenna",
    "strongest_dbm",
    "reads",
    "due_at",
    "state",
)
_UPSERT = (
    f"INSERT INTO presence ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))}) "  # noqa: S608 - fixed names
    f"ON CONFLICT (epc) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS[1:])}"
)


def _upsert(connection: Connection, rows: list[dict[str, Any]]) -> None:
    _execute_many(connection, _UPSERT, [tuple(row[name] for name in _COLUMNS) for row in rows])


def _execute_many(connection: Connection, statement: str, rows: list[tuple[Any, ...]]) -> None:
    """A statement of fixed text for many rows, straight to the driver: several times as quick as by Core."""
    if rows:
        if connection.dialect.paramstyle != "qmark":
            statement = statement.replace("?", "%s")
        connection.exec_driver_sql(statement, rows)


def _keep_stays(
    connection: Connection, before: Mapping[str, _Known], after: Mapping[str, tuple[Memory, Conclusions]]
) -> None:
    """The running stay is one row, lengthened; the cost is by movement, not by reads."""
    begun: list[dict[str, Any]] = []
    gone_on: list[dict[str, Any]] = []
    for epc, (_, conclusions) in after.items():
        running = before[epc].memory.stay if epc in before else None
        for key, stay in conclusions.stays.items():
            known = running is not None and key == (running.place, running.since_at)
            (gone_on if known else begun).append(_stay_row(epc, stay))
    if begun:
        connection.execute(insert(STAY), begun)
    _lengthen(connection, gone_on)


def _stay_row(epc: str, stay: Stay) -> dict[str, Any]:
    return {"epc": epc, **stay._asdict(), "direction": "", "score": None, "evidence": "{}"}


def _keep_passages(
    connection: Connection, before: Mapping[str, _Known], after: Mapping[str, tuple[Memory, Conclusions]]
) -> None:
    begun: list[dict[str, Any]] = []
    gone_on: list[dict[str, Any]] = []
    for epc, (_, conclusions) in after.items():
        crossings = before[epc].memory.crossings.values() if epc in before else ()
        said = {(c.portal, c.concluded.since_at, c.concluded.direction) for c in crossings if c.concluded is not None}
        newest = {(p.portal, p.since_at, p.direction): p for p in conclusions.passages}
        for key, passage in newest.items():
            (gone_on if key in said else begun).append(_passage_row(epc, passage))
    if begun:
        connection.execute(insert(STAY), begun)
    _lengthen(connection, gone_on)


def _passage_row(epc: str, passage: Passage) -> dict[str, Any]:
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
        "evidence": json.dumps(passage.evidence, sort_keys=True),
    }


_LENGTHENED = ("until_at", "reads", "strongest_dbm", "reader", "antenna")
_LENGTHEN = (
    f"UPDATE stay SET {', '.join(f'{name} = ?' for name in _LENGTHENED)} "  # noqa: S608 - fixed names
    "WHERE epc = ? AND since_at = ? AND place = ? AND direction = ?"
)
_RECONSIDER = "UPDATE stay SET score = ?, evidence = ? WHERE epc = ? AND since_at = ? AND place = ? AND direction = ?"


def _lengthen(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Bring known stays and passages up to date; (epc, since_at, place, direction) names them."""
    keys = [(row["epc"], row["since_at"], row["place"], row["direction"]) for row in rows]
    changed = [tuple(row[name] for name in _LENGTHENED) for row in rows]
    _execute_many(connection, _LENGTHEN, [new + key for new, key in zip(changed, keys, strict=True)])
    passages = [(row["score"], row["evidence"], *key) for row, key in zip(rows, keys, strict=True) if row["direction"]]
    _execute_many(connection, _RECONSIDER, passages)


def _keep_late(connection: Connection, epc: str, memory: Memory, late: Sequence[Heard], settings: Settings) -> None:
    """Late sightings lengthen a past stay at their place, or are one, where the tag was known nowhere else."""
    runs: dict[int, list[Stay]] = defaultdict(list)
    for heard in late:
        if heard.place is None:
            continue
        run = runs[heard.place]
        if run and heard.first_at - run[-1].until_at <= settings.silence_us:
            run[-1] = run[-1]._replace(until_at=max(run[-1].until_at, heard.last_at), reads=run[-1].reads + heard.reads)
        else:
            run.append(
                Stay(
                    heard.place,
                    heard.first_at,
                    heard.last_at,
                    heard.reads,
                    heard.strongest_dbm,
                    heard.reader,
                    heard.antenna,
                )
            )
    for past in (stay for run in runs.values() for stay in run):
        _keep_past(connection, epc, memory, past, settings)


def _keep_past(connection: Connection, epc: str, memory: Memory, past: Stay, settings: Settings) -> None:
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
        running = memory.stay is not None and (row.place, row.since_at) == memory.stay[:2]
        if not running:
            # The running stay's beginning names it, and its memory has its reads: it is left alone.
            joined = {
                "since_at": min(row.since_at, past.since_at),
                "until_at": max(row.until_at, past.until_at),
                "reads": row.reads + past.reads,
            }
            connection.execute(update(STAY).where(STAY.c.id == row.id).values(**joined))
        return
    elsewhere = any(row.since_at <= past.until_at and row.until_at >= past.since_at for row in near)
    if not elsewhere and past.reads >= 2:
        late = _stay_row(epc, past) | {"evidence": json.dumps({"late": True})}
        connection.execute(insert(STAY).values(**late))


def _settle_due(connection: Connection, settings: Settings, now: Instant, running: _Running) -> None:
    due = select(PRESENCE.c.epc).where(PRESENCE.c.due_at.is_not(None), PRESENCE.c.due_at <= now)
    before = _known(connection, connection.execute(due).scalars().all())
    if not before:
        return
    crossings = [crossing for known in before.values() for crossing in known.memory.crossings.values()]
    site = _with_beams(connection, load_site(connection), [(one.first_at, one.last_at) for one in crossings])
    after = {epc: settle_tag(known.memory, now, site, settings) for epc, known in sorted(before.items())}
    _keep(connection, before, after, settings, running)


def _weaken(connection: Connection, settings: Settings, now: Instant) -> list[str]:
    """Presence not confirmed again for long, though its place was listened to, is unconfirmed from now on."""
    cover = place_coverage(now).subquery()
    limit = cover.c.through_at - settings.unconfirmed_after_us
    wanted = (
        select(PRESENCE.c.epc)
        .join(cover, cover.c.place == PRESENCE.c.place)
        .where(
            PRESENCE.c.strength != "unconfirmed",
            PRESENCE.c.here_at < now - settings.unconfirmed_after_us,
            PRESENCE.c.here_at < limit,
            cover.c.since_at <= limit,
        )
        .order_by(PRESENCE.c.epc)
    )
    silent = list(connection.execute(wanted).scalars())
    for chunk in chunks(silent):
        connection.execute(update(PRESENCE).where(PRESENCE.c.epc.in_(chunk)).values(strength="unconfirmed"))
    return silent
