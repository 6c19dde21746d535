"""The verdict: what was acknowledged, held against what the database, the spool and the books hold afterwards."""

import json
import shutil
import sqlite3
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from api.cli import main as custody
from readers.spool import stored_rows
from reconcile.coverage import merged
from tests.prove.clerk import Receipt
from tests.prove.forwarder import Journal, Key
from tests.prove.house import House, open_reading

_SIGHTINGS = text(
    "SELECT o.boot, s.sequence, s.epc, s.tid, s.reader, s.antenna, s.first_at, s.last_at, s.count, s.strongest_dbm, "
    "s.mean_dbm FROM sighting s JOIN source o ON o.id = s.source"
)
_EVENTS = text(
    "SELECT o.boot, e.sequence, e.reader, e.state, e.at FROM reader_event e JOIN source o ON o.id = e.source"
)
_SOURCES = text("SELECT boot, acknowledged, ahead FROM source")
_COVERAGE = text("SELECT reader, antenna, since_at, through_at FROM coverage")
_ACTS = text("SELECT act, kind, carrier FROM entry")


@dataclass(frozen=True)
class Verdict:
    """Keys and acts that were acknowledged and are not found as they were sent, or are found more than once."""

    acknowledged: int
    lost: tuple[Any, ...]
    doubled: tuple[Any, ...]


def judge_records(house: House, journal: Journal) -> Verdict:
    """Every acknowledged record: the sightings and reports row for row, coverage by its intervals."""
    with open_reading(house) as database, database.reading() as connection:
        rows = [tuple(row) for row in connection.execute(_SIGHTINGS)]
        events = [tuple(row) for row in connection.execute(_EVENTS)]
    stored: dict[Key, list[tuple[Any, ...]]] = {}
    for row in rows:
        stored.setdefault((row[0], row[1]), []).append(row[2:])
    told = Counter((boot, sequence) for boot, sequence, *_ in events)
    spoken = {(boot, sequence): (reader, state, at) for boot, sequence, reader, state, at in events}
    lost: list[Any] = []
    for key in sorted(journal.acknowledged):
        kind, sent = journal.sent[key]
        if kind == "sightings" and stored.get(key) != [tuple(sent[1:10])]:
            lost.append((key, sent, stored.get(key)))
        if kind == "reports" and spoken.get(key) != (sent[1], sent[2], sent[3]):
            lost.append((key, sent, spoken.get(key)))
    lost += _uncovered(house, journal)
    doubled: list[Any] = [key for key, found in stored.items() if len(found) > 1]
    doubled += [key for key, times in told.items() if times > 1]
    # The same reads under two sequences would be counted twice as well.
    contents = Counter((epc, reader, antenna, first) for _, _, epc, _, reader, antenna, first, *_ in rows)
    doubled += [content for content, times in contents.items() if times > 1]
    return Verdict(len(journal.acknowledged), tuple(lost), tuple(doubled))


def _uncovered(house: House, journal: Journal) -> list[Any]:
    """Acknowledged coverage that the server's intervals do not hold."""
    intervals = coverage(house)
    missing = []
    for key in journal.acknowledged:
        kind, row = journal.sent[key]
        if kind != "coverage":
            continue
        _sequence, reader, antenna, since, through = row
        if not any(a <= since and through <= b for a, b in intervals.get((reader, antenna), ())):
            missing.append((key, row))
    return missing


def coverage(house: House) -> dict[tuple[str, int], list[tuple[int, int]]]:
    """When each antenna listened, as the server has it."""
    found: dict[tuple[str, int], list[tuple[int, int]]] = {}
    with open_reading(house) as database, database.reading() as connection:
        for reader, antenna, since, through in connection.execute(_COVERAGE):
            found.setdefault((reader, antenna), []).append((since, through))
    return {antenna: [(since, through) for since, through in merged(rows, 0)] for antenna, rows in found.items()}


def judge_acts(house: House, receipts: list[Receipt]) -> Verdict:
    """Every act with a receipt: one entry of its kind a carrier, no more."""
    with open_reading(house) as database, database.reading() as connection:
        entries = Counter((act, kind, carrier) for act, kind, carrier in connection.execute(_ACTS))
    facts = {"borrow": "borrowed", "return": "returned"}
    wanted = Counter((receipt.act, facts[receipt.kind], one) for receipt in receipts for one in receipt.carriers)
    assert all(times == 1 for times in wanted.values()), "one act's number was given to two receipts"
    lost = tuple(key for key in wanted if not entries[key])
    acts = {receipt.act for receipt in receipts}
    doubled = tuple(key for key, times in entries.items() if key[0] in acts and times > wanted[key])
    return Verdict(len(receipts), lost, doubled)


def assert_gapless(house: House, journal: Journal) -> None:
    """Of every boot, the sequences from 1 on are acknowledged without a gap, and the server says the same."""
    with open_reading(house) as database, database.reading() as connection:
        sources = {boot: (through, json.loads(ahead)) for boot, through, ahead in connection.execute(_SOURCES)}
    for boot, sequences in journal.boots().items():
        assert sequences == set(range(1, len(sequences) + 1)), f"boot {boot} has gaps"
        assert sources[boot] == (len(sequences), []), boot


def spooled(spool: Path, aside: Path) -> set[Key]:
    """What a spool holds, read from a copy: keys of its records, none of them refused by the server."""
    aside.mkdir(exist_ok=True)
    for suffix in ("", "-wal"):
        source = spool.with_name(spool.name + suffix)
        target = aside / source.name
        target.unlink(missing_ok=True)
        if source.exists():
            shutil.copyfile(source, target)
    (aside / (spool.name + "-shm")).unlink(missing_ok=True)
    copy = sqlite3.connect(aside / spool.name)
    try:
        if not copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'batch'").fetchone():
            return set()
        assert copy.execute("SELECT count(*) FROM rejected").fetchone() == (0,)
        found = copy.execute("SELECT boot, first_seq, body FROM batch").fetchall()
    finally:
        copy.close()
    return {(boot, row[0]) for boot, first, body in found for rows in stored_rows(body, first).values() for row in rows}


def findings(house: House, kind: str) -> list[tuple[Any, ...]]:
    """All findings of a kind that were ever opened: number, carrier, when it happened and was opened."""
    wanted = text("SELECT number, carrier, happened_at, opened_at FROM finding WHERE kind = :kind ORDER BY number")
    with open_reading(house) as database, database.reading() as connection:
        return [tuple(row) for row in connection.execute(wanted, {"kind": kind})]


def entries(house: House) -> int:
    """How many entries the ledger has."""
    with open_reading(house) as database, database.reading() as connection:
        found: int = connection.execute(text("SELECT count(*) FROM entry")).scalar_one()
    return found


def assert_books_hold(house: House, folder: Path) -> None:
    """Export, verification by the key and the fold of the whole ledger, by the product's own commands."""
    data = ["--data", str(house.data)]
    export, key = folder / "ledger.txt", folder / "ledger.key"
    assert custody(["ledger", "key", str(key), *data]) == 0
    assert custody(["ledger", "export", str(export), *data]) == 0
    assert custody(["ledger", "verify", str(export), "--key", str(key)]) == 0
    assert custody(["rebuild", "--check", *data]) == 0
