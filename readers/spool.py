"""The durable outbox: what the daemon says is kept on disk until the server has it on its own.

SQLite in WAL mode with synchronous=FULL: what append() returned from survives kill -9 and loss of power. One row
holds one batch, packed as the server takes it, so that a thousand sightings cost one row and one commit.

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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from readers.sighting import Coverage, DoorAlarm, InputChange, Instant, Loss, ReaderReport, Record, Sighting

KINDS = ("sightings", "coverage", "reports", "losses", "inputs", "alarms")
"""The kinds of record, by their names in the wire contract; each record is a row that begins with its sequence."""

BATCH_RECORDS_MAX = 1000
BYTES_MAX = 2_000_000_000
BYTES_MIN = 100_000
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
    body TEXT NOT NULL                     -- {"sightings": [[seq, ...], ...], "coverage": ..., ...}
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
"""
_INSERT = "INSERT INTO batch (boot, first_seq, last_seq, sightings, bytes, body) VALUES (?, ?, ?, ?, ?, ?)"
_SIZE = "SELECT coalesce(sum(bytes), 0) FROM batch"

Row = list[Any]


class SpoolError(Exception):
    """The spool cannot be used: the message says which file and why."""


class SpoolFull(SpoolError):
    """The disk takes nothing more; nothing of the batch is stored, and the same call may succeed later."""


class SpoolInUse(SpoolError):
    """Another daemon has this spool."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """Records of one boot, oldest first: (kind, row) in the order of their sequence.

    `batches` are the stored rows they come from: (id, sequence of the last record in it).
    """

    boot: str
    records: tuple[tuple[str, Row], ...]
    batches: tuple[tuple[int, int], ...]

    @property
    def first_seq(self) -> int:
        """The sequence of the oldest."""
        return int(self.records[0][1][0])

    @property
    def last_seq(self) -> int:
        """The sequence of the newest."""
        return int(self.records[-1][1][0])

    def rows(self) -> dict[str, list[Row]]:
        """By kind, as the wire contract has them."""
        return by_kind(self.records)


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
            (size,) = self._database.execute(_SIZE).fetchone()
        except sqlite3.Error as error:
            self._lock_file.close()
            raise SpoolError(f"the spool {path} cannot be opened: {error}") from error
        self._bytes = int(size)
        self._lost = 0
        self._last_seq = 0
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

    def append(self, records: Sequence[Record]) -> int:
        """Store, durable on return, all or nothing; the sequence of the last record.

        Raises SpoolFull when the disk is full, SpoolError for other faults of the disk.
        """
        if not records:
            return self._last_seq
        with self._transaction():
            sequence, size, lost = self._last_seq, self._bytes, 0
            for start in range(0, len(records), BATCH_RECORDS_MAX):
                part = records[start : start + BATCH_RECORDS_MAX]
                size += self._insert(part, sequence)
                sequence += len(part)
            if size > self._bytes_max:
                sequence, size, lost = self._drop(sequence, size)
        self._last_seq, self._bytes = sequence, size
        self._lost += lost
        return sequence

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """One durable change, all or nothing. Raises SpoolFull, SpoolError."""
        with self._guard:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                try:
                    yield
                    self._database.execute("COMMIT")
                finally:
                    if self._database.in_transaction:
                        self._database.execute("ROLLBACK")
            except sqlite3.Error as error:
                raise _storage_error(self.path, error) from error

    def _insert(self, records: Sequence[Record], sequence: int) -> int:
        rows = [pack(record, sequence + at) for at, record in enumerate(records, 1)]
        body = _dumps(by_kind(rows))
        sightings = sum(kind == "sightings" for kind, _ in rows)
        last = sequence + len(records)
        self._database.execute(_INSERT, (self.boot, sequence + 1, last, sightings, len(body), body))
        return len(body)

    def _drop(self, sequence: int, size: int) -> tuple[int, int, int]:
        """Drop the oldest sightings, then the oldest of anything, and write the Loss. (sequence, bytes, lost)."""
        wanted = size - int(self._bytes_max * _ROOM)
        dropped: list[Row] = []
        spans: list[tuple[Instant, Instant]] = []
        for only_sightings in (True, False):
            if wanted > 0:
                wanted -= self._drop_oldest(wanted, only_sightings, dropped, spans)
        if dropped:
            loss = Loss(min(since for since, _ in spans), max(through for _, through in spans), len(dropped))
            self._insert([loss], sequence)
            sequence += 1
        (left,) = self._database.execute(_SIZE).fetchone()
        return sequence, int(left), len(dropped)

    def _drop_oldest(
        self,
        wanted: int,
        only_sightings: bool,
        dropped: list[Row],
        spans: list[tuple[Instant, Instant]],
    ) -> int:
        freed = identifier = 0
        gone = ("sightings",) if only_sightings else ("sightings", "coverage", "reports", "inputs")
        least = 1 if only_sightings else 0
        while freed < wanted:
            found = self._database.execute(
                "SELECT id, bytes, body FROM batch WHERE id > ? AND sightings >= ? ORDER BY id LIMIT 1",
                (identifier, least),
            ).fetchone()
            if found is None:
                break
            identifier, size, text = found
            body = json.loads(text)
            through = self._acknowledged.get(identifier, 0)
            for kind in gone:
                # What the server has already is no loss. A spool of an earlier version knows fewer kinds.
                lost = [row for row in body.get(kind, ()) if row[0] > through]
                dropped += lost
                spans += [_span(kind, row) for row in lost]
                body[kind] = []
            freed += size - self._keep(identifier, body)
        return freed

    def _keep(self, identifier: int, body: dict[str, list[Row]]) -> int:
        """Write back what is left of a batch; its bytes."""
        left = sum(len(rows) for rows in body.values())
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
        boot, sequence = "", 0
        records: list[tuple[str, Row]] = []
        batches: list[tuple[int, int]] = []
        with self._guard:
            found = self._database.execute("SELECT id, boot, first_seq, body FROM batch ORDER BY id")
            for identifier, of_boot, first, text in found:
                if boot and (of_boot != boot or first <= sequence):
                    break
                boot = of_boot
                rows = _records(json.loads(text))
                sequence = rows[-1][1][0]
                through = self._acknowledged.get(identifier, 0)
                records += [item for item in rows if item[1][0] > through] if through else rows
                batches.append((identifier, sequence))
                if len(records) >= records_max:
                    break
            found.close()
        return Parcel(boot, tuple(records[:records_max]), tuple(batches)) if records else None

    def acknowledge(self, parcel: Parcel, through: int) -> None:
        """The server has the records of this parcel up to this sequence on disk: forget them.

        Raises SpoolFull, SpoolError; then they are sent again.
        """
        with self._transaction():
            self._forget(parcel, through)

    def reject(self, parcel: Parcel, reason: str, now: Instant) -> None:
        """The server calls these records invalid: put them aside, where a person finds them.

        Raises SpoolFull, SpoolError.
        """
        with self._transaction():
            self._database.executemany(
                "INSERT OR REPLACE INTO rejected (boot, seq, kind, row, reason, at) VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (parcel.boot, row[0], kind, json.dumps(row, ensure_ascii=False), reason, now)
                    for kind, row in parcel.records
                ],
            )
            self._forget(parcel, parcel.last_seq)

    def _forget(self, parcel: Parcel, through: int) -> None:
        done = [(identifier,) for identifier, last in parcel.batches if last <= through]
        self._database.executemany("DELETE FROM batch WHERE id = ?", done)
        (self._bytes,) = self._database.execute(_SIZE).fetchone()
        for (identifier,) in done:
            self._acknowledged.pop(identifier, None)
        for identifier, last in parcel.batches:
            if last > through:
                self._acknowledged[identifier] = through
                break

    def retry_rejected(self) -> int:
        """Put everything that was rejected back into the outbox, under its own boot and sequence; how many."""
        with self._transaction():
            found = self._database.execute("SELECT boot, seq, kind, row FROM rejected ORDER BY boot, seq").fetchall()
            for boot, sequence, kind, row in found:
                text = _dumps(by_kind([(kind, json.loads(row))]))
                self._database.execute(_INSERT, (boot, sequence, sequence, kind == "sightings", len(text), text))
            self._database.execute("DELETE FROM rejected")
            (self._bytes,) = self._database.execute(_SIZE).fetchone()
        return len(found)

    def counts(self) -> Counts:
        """How much is waiting, put aside and, since this start, dropped."""
        with self._guard:
            (waiting,) = self._database.execute(
                "SELECT coalesce(sum(last_seq - first_seq + 1), 0) FROM batch"
            ).fetchone()
            (rejected,) = self._database.execute("SELECT count(*) FROM rejected").fetchone()
            return Counts(int(waiting), self._bytes, int(rejected), self._lost)


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
