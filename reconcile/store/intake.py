"""Taking what the edge daemons send: each record once, in any order, however late.

The row of the source (one boot of one daemon) is locked and knows by intervals which sequences are here. So
repeated records are left out before they reach the tables, and the rest goes in by `executemany` (SQLite) or COPY
(PostgreSQL) at the speed of a bare insert; the unique keys stand behind as a second belt.
"""

import bisect
import json
import operator
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, bindparam, select, text, update
from sqlmodel import SQLModel

from custody.store.digests import attest
from custody.store.schema import insert_rows
from custody.values import SECOND
from readers.sighting import Instant
from reconcile.intake import (
    AlarmRecord,
    CoverageRecord,
    InputRecord,
    IntakeBatch,
    LossRecord,
    ReportRecord,
    SightingRecord,
)
from reconcile.store.core import (
    DEVICE,
    DOOR_ALARM,
    READER,
    READER_EVENT,
    READER_INPUT,
    SIGHTING,
    insert_new,
)
from reconcile.store.references import SILENCE_SECONDS, Antenna, Proof, proofs, told_alive
from reconcile.store.taps import desk_antennas, take_taps

SOURCE: Table = SQLModel.metadata.tables["source"]

ARRIVAL_LOCK = 0x7369_6768_7469_6E67
"""Key of the PostgreSQL advisory lock ("sighting"): shared while arriving, exclusive to see what has arrived."""

_SIGHTING_COLUMNS = (
    "source",
    "sequence",
    "epc",
    "tid",
    "reader",
    "antenna",
    "first_at",
    "last_at",
    "count",
    "strongest_dbm",
    "mean_dbm",
    "received_at",
)
_SEQUENCE = operator.itemgetter(0)
_SIGHTING_INSERT = (
    f"INSERT INTO sighting ({', '.join(_SIGHTING_COLUMNS)}) "  # noqa: S608 - fixed names only
    f"VALUES ({', '.join('?' * len(_SIGHTING_COLUMNS))}) ON CONFLICT (source, sequence) DO NOTHING"
)

# Asked for every batch, so built once.
_LOCKED_SOURCE = (
    select(SOURCE.c.id, SOURCE.c.acknowledged, SOURCE.c.ahead)
    .where(SOURCE.c.daemon == bindparam("daemon"), SOURCE.c.boot == bindparam("boot"))
    .with_for_update()
)
_REACHED = (
    update(SOURCE)
    .where(SOURCE.c.id == bindparam("of"))
    .values(acknowledged=bindparam("acknowledged"), ahead=bindparam("ahead"))
)
_SEEN = update(DEVICE).where(DEVICE.c.name == bindparam("of")).values(last_seen_at=bindparam("last_seen_at"))


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """`acknowledged`: through this sequence every record of the source is here; the daemon may forget them."""

    acknowledged: int
    taken: int
    repeated: int
    tapped: bool = False
    """Whether something was held to a desk's reader."""


def take(
    connection: Connection,
    device_name: str,
    batch: IntakeBatch,
    received_at: Instant,
    *,
    reference_silence: int = SILENCE_SECONDS * SECOND,
) -> Acknowledgement:
    """Take a batch in the caller's transaction; acknowledge only after its commit.

    `reference_silence` (microseconds): after which a reference tag that is not heard proves nothing.

    A device speaks for itself alone: a batch that names another daemon is kept under both names, so that it can
    never stand in the way of that daemon's own records. A reader that nobody configured is added, not enabled.
    """
    source, acknowledged, ahead = _source(connection, _source_name(device_name, batch.daemon), batch, received_at)
    here = Sequences(acknowledged, ahead)
    sequences = batch.sequences()
    new = here.without(sequences)
    repeated = len(sequences) - len(new)
    tapped = False
    if new:
        here = here.extended(new)
        tapped = _take_new(connection, source, device_name, batch, new, received_at, reference_silence)
        reached = {"of": source, "acknowledged": here.acknowledged, "ahead": json.dumps(here.ahead)}
        connection.execute(_REACHED, reached)
    connection.execute(_SEEN, {"of": device_name, "last_seen_at": received_at})
    return Acknowledgement(here.acknowledged, len(new), repeated, tapped)


class Sequences:
    """Which sequences of a source are here: all through `acknowledged`, and the intervals `ahead` of it."""

    def __init__(self, acknowledged: int, ahead: Sequence[Sequence[int]]) -> None:
        self.acknowledged = acknowledged
        self.ahead = [[first, last] for first, last in ahead]

    def __contains__(self, sequence: int) -> bool:
        if sequence <= self.acknowledged:
            return True
        at = bisect.bisect_right(self.ahead, sequence, key=lambda interval: interval[0]) - 1
        return at >= 0 and sequence <= self.ahead[at][1]

    def without(self, sequences: Sequence[int]) -> set[int]:
        """Those of the ascending sequences that are not here."""
        newest = self.ahead[-1][1] if self.ahead else self.acknowledged
        if sequences and sequences[0] > newest:
            return set(sequences)
        return {sequence for sequence in sequences if sequence not in self}

    def extended(self, new: Iterable[int]) -> "Sequences":
        """The same with more sequences; what has become gapless from 1 on is acknowledged."""
        ordered = sorted(new)
        runs: list[list[int]] = []
        if ordered and ordered[-1] - ordered[0] == len(ordered) - 1:
            # The ordinary case: one run, that need not be walked.
            runs, ordered = [[ordered[0], ordered[-1]]], []
        for sequence in ordered:
            if runs and sequence == runs[-1][1] + 1:
                runs[-1][1] = sequence
            else:
                runs.append([sequence, sequence])
        joined: list[list[int]] = []
        for first, last in sorted([*self.ahead, *runs]):
            if joined and first <= joined[-1][1] + 1:
                joined[-1][1] = max(joined[-1][1], last)
            else:
                joined.append([first, last])
        acknowledged = self.acknowledged
        if joined and joined[0][0] <= acknowledged + 1:
            acknowledged = max(acknowledged, joined.pop(0)[1])
        return Sequences(acknowledged, joined)


def _source_name(device_name: str, daemon: str) -> str:
    return device_name if daemon == device_name else f"{device_name}:{daemon}"


def _source(
    connection: Connection, daemon: str, batch: IntakeBatch, received_at: Instant
) -> tuple[int, int, list[list[int]]]:
    """The source's row, made where it is new, and locked: deliveries of one boot go one after another."""
    key = {"daemon": daemon, "boot": batch.boot}
    row = connection.execute(_LOCKED_SOURCE, key).one_or_none()
    if row is None:
        first = {**key, "acknowledged": 0, "ahead": "[]", "first_received_at": received_at}
        insert_new(connection, SOURCE, [first])
        row = connection.execute(_LOCKED_SOURCE, key).one()
    return row.id, row.acknowledged, json.loads(row.ahead)


def _take_new(
    connection: Connection,
    source: int,
    device: str,
    batch: IntakeBatch,
    new: set[int],
    received_at: Instant,
    reference_silence: int,
) -> bool:
    """Keep what is new; whether something of it was held to a desk's reader."""
    if connection.dialect.name == "postgresql":
        # Several servers insert at once; the fold asks for this lock alone before it looks how far it may go.
        connection.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": ARRIVAL_LOCK})
    coverage = [record for record in batch.coverage if record.sequence in new]
    reports = [record for record in batch.reports if record.sequence in new]
    losses = [record for record in batch.losses if record.sequence in new]
    spoken = {record.reader for record in coverage} | {record.reader for record in reports}
    heard = (batch.sightings, batch.inputs, batch.alarms)
    named = spoken | {record.reader for records in heard for record in records}
    _know_readers(connection, device, named)
    _take_sightings(connection, source, batch, new, received_at)
    known = proofs(connection, named)
    references = _heard_references(batch, new, known)
    desks = desk_antennas(connection, named, device)
    taps = [r for r in batch.sightings if (r.reader, r.antenna) in desks and r.sequence in new] if desks else []
    spoken |= {reader for reader, _ in references} | {one.reader for one in taps}
    if spoken:
        # In order of names, so that two servers never wait for each other in a circle.
        locked = select(READER).where(READER.c.name.in_(spoken)).order_by(READER.c.name).with_for_update()
        readers = {row.name: row for row in connection.execute(locked)}
        _take_coverage(connection, coverage, references, known, reference_silence)
        _take_reports(connection, device, readers, coverage, reports)
        take_taps(connection, taps, received_at)
    _take_events(connection, source, reports, losses)
    _take_inputs(connection, source, [record for record in batch.inputs if record.sequence in new])
    _take_alarms(connection, source, [record for record in batch.alarms if record.sequence in new], received_at)
    return bool(taps)


def _know_readers(connection: Connection, device: str, names: set[str]) -> None:
    known = set(connection.execute(select(READER.c.name).where(READER.c.name.in_(names))).scalars())
    strange = sorted(names - known)
    if strange:
        rows = [
            {
                "name": name,
                "device": device,
                "title_zh": "",
                "title_en": "",
                "enabled": False,
                "state": "unknown",
                "detail": "",
            }
            for name in strange
        ]
        insert_new(connection, READER, rows)
        attest(connection, "reader", [(name,) for name in strange])


def _take_sightings(
    connection: Connection, source: int, batch: IntakeBatch, new: set[int], received_at: Instant
) -> None:
    fresh: Sequence[SightingRecord] = batch.sightings
    if not new.issuperset(map(_SEQUENCE, fresh)):
        fresh = [record for record in fresh if record[0] in new]
    rows = [(source, *record[:10], received_at) for record in fresh]
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_SIGHTING_INSERT, rows)
    else:
        insert_rows(connection, SIGHTING, _SIGHTING_COLUMNS, rows)


def _take_coverage(
    connection: Connection,
    records: Sequence[CoverageRecord],
    heard: Mapping[Antenna, Mapping[str, Collection[tuple[int, int]]]],
    known: Mapping[Antenna, Proof],
    silence: int,
) -> None:
    alive: dict[Antenna, list[tuple[int, int]]] = {}
    for record in records:
        alive.setdefault((record.reader, record.antenna), []).append((record.since_at, record.through_at))
    told_alive(connection, alive, heard, known, silence)


def _heard_references(
    batch: IntakeBatch, new: set[int], known: Mapping[Antenna, Proof]
) -> dict[Antenna, dict[str, list[tuple[int, int]]]]:
    """When reference tags were heard by the antennas that they prove, by antenna and EPC."""
    heard: dict[Antenna, dict[str, list[tuple[int, int]]]] = {}
    if not known:
        return heard
    for one in batch.sightings:
        antenna = (one.reader, one.antenna)
        proof = known.get(antenna)
        if proof is not None and one.epc in proof.epcs and one.sequence in new:
            heard.setdefault(antenna, {}).setdefault(one.epc, []).append((one.first_at, one.last_at))
    return heard


def _take_reports(
    connection: Connection,
    device: str,
    readers: dict[str, Any],
    coverage: Sequence[CoverageRecord],
    reports: Sequence[ReportRecord],
) -> None:
    """Bring the readers' rows up to date: the newest report counts, in whatever order they come."""
    changes: dict[str, dict[str, Any]] = {}
    for record in coverage:
        through = readers[record.reader].through_at
        change = changes.setdefault(record.reader, {})
        change["through_at"] = max(record.through_at, change.get("through_at", through) or 0)
    for report in sorted(reports, key=lambda r: (r.at, r.sequence)):
        state_at = changes.get(report.reader, {}).get("state_at", readers[report.reader].state_at)
        if state_at is not None and report.at < state_at:
            continue
        change = changes.setdefault(report.reader, {})
        change |= {"device": device, "state": report.state, "state_at": report.at, "detail": report.detail}
        said = {
            "model": report.model,
            "firmware": report.firmware,
            "clock_offset_us": report.clock_offset_us,
        }
        change |= {name: value for name, value in said.items() if value is not None}
    for name, change in sorted(changes.items()):
        connection.execute(update(READER).where(READER.c.name == name).values(**change))


def _take_events(
    connection: Connection, source: int, reports: Sequence[ReportRecord], losses: Sequence[LossRecord]
) -> None:
    rows = [
        {
            "source": source,
            "sequence": report.sequence,
            "reader": report.reader,
            "state": report.state,
            "at": report.at,
            "detail": report.detail,
        }
        for report in reports
    ]
    for loss in losses:
        told = {"records": loss.records, "since_at": loss.since_at, "through_at": loss.through_at}
        rows.append(
            {
                "source": source,
                "sequence": loss.sequence,
                "reader": "",
                "state": "loss",
                "at": loss.through_at,
                "detail": json.dumps(told),
            }
        )
    if rows:
        insert_new(connection, READER_EVENT, rows)


def _take_inputs(connection: Connection, source: int, inputs: Sequence[InputRecord]) -> None:
    rows = [{"source": source, **record._asdict()} for record in inputs]
    if rows:
        insert_new(connection, READER_INPUT, rows)


def _take_alarms(connection: Connection, source: int, alarms: Sequence[AlarmRecord], received_at: Instant) -> None:
    rows = [{"source": source, **record._asdict(), "received_at": received_at} for record in alarms]
    if rows:
        insert_new(connection, DOOR_ALARM, rows)
