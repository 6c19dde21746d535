"""The durable outbox: what the daemon says is kept on disk until the server has it on its own.

SQLite in WAL mode with synchronous=FULL: what append() returned from survives kill -9 and loss of power. One row
holds one batch: a thousand sightings packed in columns, or other records as the server takes them.

Every start of the daemon is a *boot* with a random name; within it, records have a gapless sequence from 1, given
here and in the transaction that stores them. (daemon, boot, sequence) is the key under which the server takes
each record once, however often it is sent. At the configured bound the oldest sightings are dropped and a
Loss record says so: their sequence numbers are never used for anything else.
"""

import contextlib
import fcntl
import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

from readers.columns import SightingColumns, joined_sightings
from readers.packing import PackedInvalid, pack_sightings, packable, unpack_sightings
from readers.sighting import Coverage, DoorAlarm, InputChange, Instant, Loss, ReaderReport, Record, Sighting

KINDS = ("sightings", "coverage", "reports", "losses", "inputs", "alarms")
"""The kinds of record, by their names in the wire contract; each record is a row that begins with its sequence."""

BATCH_RECORDS_MAX = 1000
BYTES_MAX = 2_000_000_000
BYTES_MIN = 100_000
_FORGET_EVERY = 200
_ROOM = 0.9
"""At the bound, the oldest are dropped until this share is left: a Loss now and then, not one a batch."""
_LOG_PAGES = 1000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS batch (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- in the order of appending, over all boots
    boot TEXT NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    sightings INTEGER NOT NULL,            -- how many there are in the body
    bytes INTEGER NOT NULL,
    body TEXT NOT NULL                     -- {"sightings": [[seq, ...], ...], ...}, or bytes: readers.packing
);
CREATE TABLE IF NOT EXISTS rejected (
    boot TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    row TEXT NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (boot, seq)
);
CREATE TABLE IF NOT EXISTS known (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reader TEXT NOT NULL,
    identities BLOB NOT NULL               -- of messages whose content is stored, one behind the other
);
CREATE INDEX IF NOT EXISTS known_reader ON known (reader, id);
"""
IDENTITY_BYTES = 12
"""How long the identity of a message is."""
KNOWN_MAX = 100_000
"""Identities kept for each reader: as much as a reader may send again after a kill."""
_INSERT = "INSERT INTO batch (boot, first_seq, last_seq, sightings, bytes, body) VALUES (?, ?, ?, ?, ?, ?)"
_SIZE = "SELECT coalesce(sum(bytes), 0), coalesce(sum(last_seq - first_seq + 1), 0) FROM batch"

Row = list[Any]


class SpoolError(Exception):
    """The spool cannot be used: the message says which file and why."""


class SpoolFull(SpoolError):
    """The disk takes nothing more; nothing of the batch is stored, and the same call may succeed later."""


class SpoolInUse(SpoolError):
    """Another daemon has this spool."""


@dataclass(frozen=True, slots=True)
class Packed:
    """Packed sightings (readers.packing) as they stand in the spool."""

    first_seq: int
    count: int
    body: bytes

    def rows(self) -> list[Row]:
        """As the wire contract has them. Raises SpoolError."""
        return stored_rows(self.body, self.first_seq)["sightings"]


@dataclass(frozen=True, slots=True)
class Parcel:
    """Records of one boot, the oldest: (kind, row) in the order of their sequence, and packed sightings.

    `batches` are the stored rows they come from: (id, sequence of the last record in it).
    """

    boot: str
    records: tuple[tuple[str, Row], ...]
    batches: tuple[tuple[int, int], ...]
    packed: tuple[Packed, ...] = ()

    @property
    def count(self) -> int:
        """How many records there are."""
        return len(self.records) + sum(each.count for each in self.packed)

    @property
    def first_seq(self) -> int:
        """The sequence of the oldest."""
        firsts = [row[0] for _, row in self.records[:1]] + [each.first_seq for each in self.packed[:1]]
        return int(min(firsts))

    @property
    def last_seq(self) -> int:
        """The sequence of the newest."""
        lasts = [row[0] for _, row in self.records[-1:]]
        lasts += [each.first_seq + each.count - 1 for each in self.packed[-1:]]
        return int(max(lasts))

    def all_records(self) -> list[tuple[str, Row]]:
        """Every record as a row, in the order of their sequence. Raises SpoolError."""
        found = [*self.records, *(("sightings", row) for each in self.packed for row in each.rows())]
        return sorted(found, key=lambda item: item[1][0])

    def rows(self) -> dict[str, list[Row]]:
        """By kind, as the wire contract has them. Raises SpoolError."""
        return by_kind(self.all_records())


@dataclass(frozen=True, slots=True)
class Counts:
    """How full the spool is. `waiting` are records, counting those of a batch that is acknowledged in part."""

    waiting: int
    bytes: int
    rejected: int
    lost: int


def by_kind(records: Iterable[tuple[str, Row]]) -> dict[str, list[Row]]:
    """Rows under their kinds; every kind is there."""
    found: dict[str, list[Row]] = {kind: [] for kind in KINDS}
    for kind, row in records:
        found[kind].append(row)
    return found


def pack(record: Record, sequence: int) -> tuple[str, Row]:
    """A record as (kind, row of the wire contract)."""
    if isinstance(record, Sighting):
        return "sightings", [
            sequence,
            record.epc,
            record.tid,
            record.reader,
            record.antenna,
            record.first_at,
            record.last_at,
            record.count,
            record.strongest_dbm,
            record.mean_dbm,
            record.received_at,
        ]
    if isinstance(record, Coverage):
        return "coverage", [sequence, record.reader, record.antenna, record.since_at, record.through_at]
    if isinstance(record, ReaderReport):
        return "reports", [
            sequence,
            record.reader,
            record.state,
            record.at,
            record.detail,
            record.model,
            record.firmware,
            record.clock_offset_us,
        ]
    if isinstance(record, InputChange):
        return "inputs", [sequence, record.reader, record.port, record.active, record.at, record.received_at]
    if isinstance(record, DoorAlarm):
        return "alarms", [
            sequence,
            record.reader,
            record.portal,
            record.epc,
            record.at,
            record.direction,
            record.score,
            record.level,
            record.reason,
            record.door_list,
            record.outputs,
            record.parts,
        ]
    return "losses", [sequence, record.since_at, record.through_at, record.records]


def _dumps(body: Mapping[str, Sequence[Row]]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _lock(path: Path) -> IO[str]:
    """One daemon a spool. Raises SpoolInUse, SpoolError."""
    try:
        handle = path.open("a+", encoding="ascii")
    except OSError as error:
        raise SpoolError(f"the spool cannot be opened: {path}: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.seek(0)
        holder = handle.read(20).strip() or "unknown"
        handle.close()
        raise SpoolInUse(
            f"the spool {path.with_suffix('')} is in use by another custody-reader (process {holder}): "
            "end that one, or give this one a spool of its own"
        ) from error
    handle.truncate(0)
    handle.write(f"{os.getpid()}\n")
    handle.flush()
    return handle


class Spool:
    """The outbox in one file. Safe for threads: the collector appends while the uplink delivers."""

    def __init__(self, path: Path, boot: str, bytes_max: int = BYTES_MAX) -> None:
        """`boot`: 32 hexadecimal digits, new at each start. Raises SpoolInUse, SpoolError."""
        if bytes_max < BYTES_MIN:
            raise ValueError(f"a spool needs at least {BYTES_MIN} bytes, not {bytes_max}")
        self.path = path
        self.boot = boot
        self._bytes_max = bytes_max
        self._guard = threading.Lock()
        self._lock_file = _lock(path.with_name(path.name + ".lock"))
        try:
            self._database = self._open(path)
            self._bytes, self._waiting = self._database.execute(_SIZE).fetchone()
        except sqlite3.Error as error:
            self._lock_file.close()
            raise SpoolError(f"the spool {path} cannot be opened: {error}") from error
        self._lost = 0
        self._last_seq = 0
        self._remembered = 0
        # A batch of which a part is acknowledged stays whole on disk; the rest is sent by this mark. It is not
        # stored: after a restart that part is sent again, and the server takes it once.
        self._acknowledged: dict[int, int] = {}

    @staticmethod
    def _open(path: Path) -> sqlite3.Connection:
        database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        try:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "trusted_schema=OFF"):
                database.execute(f"PRAGMA {pragma}")
            database.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
            database.executescript(_SCHEMA)
        except sqlite3.Error:
            database.close()
            raise
        return database

    def close(self) -> None:
        """Give the spool free for another daemon. Nothing is lost by not closing."""
        with self._guard:
            self._database.close()
            self._lock_file.close()

    # Appending

    def append(
        self, records: Sequence[Record | SightingColumns], known: Mapping[str, Sequence[bytes]] = MappingProxyType({})
    ) -> int:
        """Store, durable on return, all or nothing; the sequence of the last record.

        `known`: by reader, the identities of the messages that the records come from, to know them again.

        Raises SpoolFull when the disk is full, SpoolError for other faults of the disk.
        """
        if not records and not known:
            return self._last_seq
        with self._transaction() as after:
            sequence, size, lost = self._last_seq, self._bytes, 0
            single, columns = _apart(records)
            # Sightings first: coverage that came before them would say that a tag was not heard which was.
            for start in range(0, len(columns), BATCH_RECORDS_MAX):
                packed = columns[start : start + BATCH_RECORDS_MAX]
                size += self._insert_packed(packed, sequence)
                sequence += len(packed)
            for start in range(0, len(single), BATCH_RECORDS_MAX):
                part = single[start : start + BATCH_RECORDS_MAX]
                size += self._insert(part, sequence)
                sequence += len(part)
            waiting = self._waiting + sequence - self._last_seq
            if size > self._bytes_max:
                sequence, lost = self._drop(sequence, size)
                size, waiting = self._database.execute(_SIZE).fetchone()
            for reader, identities in known.items():
                self._remember(reader, identities)
            after.append(lambda: self._stands(size, waiting, sequence, lost))
        return sequence

    def _stands(self, size: int, waiting: int, sequence: int | None = None, lost: int = 0) -> None:
        """What is known of the spool, after a change of it is durable."""
        self._bytes, self._waiting = size, waiting
        self._last_seq, self._lost = self._last_seq if sequence is None else sequence, self._lost + lost

    def _remember(self, reader: str, identities: Sequence[bytes]) -> None:
        self._database.execute("INSERT INTO known (reader, identities) VALUES (?, ?)", (reader, b"".join(identities)))
        self._remembered += 1
        if self._remembered % _FORGET_EVERY:
            return
        kept = 0
        rows = self._database.execute(
            "SELECT id, length(identities) FROM known WHERE reader = ? ORDER BY id DESC", (reader,)
        )
        for identifier, size in rows:
            kept += size
            if kept > KNOWN_MAX * IDENTITY_BYTES:
                rows.close()
                self._database.execute("DELETE FROM known WHERE reader = ? AND id < ?", (reader, identifier))
                break

    def known(self, reader: str) -> list[bytes]:
        """The identities of messages of this reader whose content is stored, the oldest first."""
        with self._guard:
            rows = self._database.execute(
                "SELECT identities FROM known WHERE reader = ? ORDER BY id", (reader,)
            ).fetchall()
        return [row[at : at + IDENTITY_BYTES] for (row,) in rows for at in range(0, len(row), IDENTITY_BYTES)]

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[list[Callable[[], None]]]:
        """One durable change, all or nothing; then what was put into the list is done. Raises SpoolFull, SpoolError."""
        with self._guard:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                after: list[Callable[[], None]] = []
                try:
                    yield after
                    self._database.execute("COMMIT")
                finally:
                    if self._database.in_transaction:
                        self._database.execute("ROLLBACK")
            except sqlite3.Error as error:
                raise _storage_error(self.path, error) from error
            for done in after:
                done()

    def _insert(self, records: Sequence[Record], sequence: int) -> int:
        rows = [pack(record, sequence + at) for at, record in enumerate(records, 1)]
        body = _dumps(by_kind(rows))
        sightings = sum(kind == "sightings" for kind, _ in rows)
        last = sequence + len(records)
        self._database.execute(_INSERT, (self.boot, sequence + 1, last, sightings, len(body), body))
        return len(body)

    def _insert_packed(self, sightings: SightingColumns, sequence: int) -> int:
        body, count = pack_sightings(sightings), len(sightings)
        self._database.execute(_INSERT, (self.boot, sequence + 1, sequence + count, count, len(body), body))
        return len(body)

    def _drop(self, sequence: int, size: int) -> tuple[int, int]:
        """Drop the oldest sightings, then the oldest of anything, and write the Loss. (sequence, lost)."""
        wanted = size - int(self._bytes_max * _ROOM)
        spans: list[tuple[Instant, Instant]] = []
        for only_sightings in (True, False):
            if wanted > 0:
                wanted -= self._drop_oldest(wanted, only_sightings, spans)
        if spans:
            loss = Loss(min(since for since, _ in spans), max(through for _, through in spans), len(spans))
            self._insert([loss], sequence)
            sequence += 1
        return sequence, len(spans)

    def _drop_oldest(
        self,
        wanted: int,
        only_sightings: bool,
        spans: list[tuple[Instant, Instant]],
    ) -> int:
        """Add the times of what is dropped to `spans`, one a record; the bytes that became free."""
        freed = identifier = 0
        gone = ("sightings",) if only_sightings else ("sightings", "coverage", "reports", "inputs")
        least = 1 if only_sightings else 0
        while freed < wanted:
            found = self._database.execute(
                "SELECT id, bytes, first_seq, body FROM batch WHERE id > ? AND sightings >= ? ORDER BY id LIMIT 1",
                (identifier, least),
            ).fetchone()
            if found is None:
                break
            identifier, size, first, stored = found
            body = stored_rows(stored, first)
            through = self._acknowledged.get(identifier, 0)
            for kind in gone:
                # What the server has already is no loss. A spool of an earlier version knows fewer kinds.
                lost = [row for row in body.get(kind, ()) if row[0] > through]
                spans += [_span(kind, row) for row in lost]
                body[kind] = []
            freed += size - self._keep(identifier, body)
        return freed

    def _keep(self, identifier: int, body: dict[str, list[Row]]) -> int:
        """Write back what is left of a batch; its bytes."""
        left = sum(map(len, body.values()))
        if not left:
            self._database.execute("DELETE FROM batch WHERE id = ?", (identifier,))
            return 0
        text = _dumps(body)
        self._database.execute(
            "UPDATE batch SET body = ?, bytes = ?, sightings = ? WHERE id = ?",
            (text, len(text), len(body["sightings"]), identifier),
        )
        return len(text)

    # Delivering

    def oldest(self, records_max: int = BATCH_RECORDS_MAX) -> Parcel | None:
        """The oldest records that are not acknowledged, all of one boot; None when there are none."""
        boot, sequence, count = "", 0, 0
        records: list[tuple[str, Row]] = []
        packed: list[Packed] = []
        batches: list[tuple[int, int]] = []
        with self._guard:
            found = self._database.execute("SELECT id, boot, first_seq, last_seq, body FROM batch ORDER BY id")
            for identifier, of_boot, first, last, stored in found:
                since = max(first, self._acknowledged.get(identifier, 0) + 1)
                if boot and (of_boot != boot or first <= sequence):
                    break
                left = records_max - count
                if isinstance(stored, bytes):
                    size = last - since + 1
                    if batches and size > left:
                        # It goes whole with the next: to cut it means to pack it anew.
                        break
                    packed.append(_part(stored, first, last, since, min(size, left)))
                    count += packed[-1].count
                else:
                    rows = [item for item in _records(json.loads(stored)) if item[1][0] >= since][:left]
                    records += rows
                    count += len(rows)
                boot, sequence = of_boot, last
                batches.append((identifier, last))
                if count >= records_max:
                    break
            found.close()
        return Parcel(boot, tuple(records), tuple(batches), tuple(packed)) if count else None

    def acknowledge(self, parcel: Parcel, through: int) -> None:
        """The server has the records of this parcel up to this sequence on disk: forget them.

        Raises SpoolFull, SpoolError; then they are sent again.
        """
        with self._transaction() as after:
            after.append(self._forget(parcel, through))

    def reject(self, parcel: Parcel, reason: str, now: Instant) -> None:
        """The server calls these records invalid: put them aside, where a person finds them.

        Raises SpoolFull, SpoolError.
        """
        with self._transaction() as after:
            self._database.executemany(
                "INSERT OR REPLACE INTO rejected (boot, seq, kind, row, reason, at) VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (parcel.boot, row[0], kind, json.dumps(row, ensure_ascii=False), reason, now)
                    for kind, row in parcel.all_records()
                ],
            )
            after.append(self._forget(parcel, parcel.last_seq))

    def _forget(self, parcel: Parcel, through: int) -> Callable[[], None]:
        """Delete what the server has whole; what is to be done when that is durable."""
        size = count = 0
        for identifier, last in parcel.batches:
            if last <= through:
                gone = self._database.execute(
                    "DELETE FROM batch WHERE id = ? RETURNING bytes, last_seq - first_seq + 1", (identifier,)
                ).fetchall()
                size += sum(row[0] for row in gone)
                count += sum(row[1] for row in gone)

        def gone_for_good() -> None:
            self._stands(self._bytes - size, self._waiting - count)
            for identifier, last in parcel.batches:
                if last <= through:
                    self._acknowledged.pop(identifier, None)
                else:
                    # It stays whole; the part that the server has is marked.
                    self._acknowledged[identifier] = through
                    break

        return gone_for_good

    def retry_rejected(self) -> int:
        """Put everything that was rejected back into the outbox, under its own boot and sequence; how many."""
        with self._transaction() as after:
            found = self._database.execute("SELECT boot, seq, kind, row FROM rejected ORDER BY boot, seq").fetchall()
            for boot, sequence, kind, row in found:
                text = _dumps(by_kind([(kind, json.loads(row))]))
                self._database.execute(_INSERT, (boot, sequence, sequence, kind == "sightings", len(text), text))
            self._database.execute("DELETE FROM rejected")
            size, waiting = self._database.execute(_SIZE).fetchone()
            after.append(lambda: self._stands(size, waiting))
        return len(found)

    @property
    def bytes_max(self) -> int:
        """The bound."""
        return self._bytes_max

    def counts(self) -> Counts:
        """How much is waiting, put aside and, since this start, dropped."""
        with self._guard:
            (rejected,) = self._database.execute("SELECT count(*) FROM rejected").fetchone()
            return Counts(self._waiting, self._bytes, int(rejected), self._lost)


def _apart(records: Sequence[Record | SightingColumns]) -> tuple[list[Record], SightingColumns]:
    """Records that are stored one by one, and the sightings that are packed."""
    single: list[Record] = []
    columns: list[SightingColumns] = []
    for record in records:
        if not isinstance(record, SightingColumns):
            single.append(record)
        elif all(map(packable, record.keys)):
            columns.append(record)
        else:
            single += record
    return single, joined_sightings(columns)


def stored_rows(stored: str | bytes, first_seq: int) -> dict[str, list[Row]]:
    """The rows of a batch by kind, whichever way it is stored. Raises SpoolError."""
    if isinstance(stored, str):
        found: dict[str, list[Row]] = json.loads(stored)
        return found
    try:
        sightings = unpack_sightings(stored)
    except PackedInvalid as error:
        raise SpoolError(f"a batch of the spool cannot be read: {error}") from error
    return {"sightings": [pack(sighting, sequence)[1] for sequence, sighting in enumerate(sightings, first_seq)]}


def _part(stored: bytes, first_seq: int, last_seq: int, since: int, count: int) -> Packed:
    """Of packed sightings those from a sequence on, so many."""
    if (since, count) == (first_seq, last_seq - first_seq + 1):
        return Packed(since, count, stored)
    try:
        sightings = unpack_sightings(stored)
    except PackedInvalid as error:
        raise SpoolError(f"a batch of the spool cannot be read: {error}") from error
    at = since - first_seq
    return Packed(since, count, pack_sightings(sightings[at : at + count]))


def _records(body: Mapping[str, list[Row]]) -> list[tuple[str, Row]]:
    found = [(kind, row) for kind in KINDS for row in body.get(kind, ())]
    found.sort(key=lambda item: item[1][0])
    return found


_SPANS = {"sightings": (5, 6), "coverage": (3, 4), "reports": (3, 3), "inputs": (4, 4)}
"""Where the earliest and the latest time stand in a row."""


def _span(kind: str, row: Row) -> tuple[Instant, Instant]:
    since, through = _SPANS[kind]
    return int(row[since]), int(row[through])


def _storage_error(path: Path, error: sqlite3.Error) -> SpoolError:
    code = getattr(error, "sqlite_errorcode", None)
    # Besides SQLITE_FULL: a full disk also shows as an error of writing or of growing the shared memory.
    if code is not None and code & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return SpoolFull(f"the disk of the spool {path} takes nothing more: {error}")
    return SpoolError(f"the spool {path} cannot be written: {error}")
