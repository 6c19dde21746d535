"""Writes of every kind, one after another, each acknowledged in a file beside them when it is said to be durable.

    python -m tests.prove.power.victim FOLDER ROUNDS full|normal

Run with the journal loaded, so that what was acknowledged when is in the journal too. `normal` weakens the database
on purpose: SQLite then no longer syncs what it acknowledges, and the proof must notice.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from api import store
from custody import database as databases
from custody.database import Database
from custody.rules import Refused
from custody.store import audit, looks
from custody.store.sealing import seal
from custody.values import DAY, SECOND
from readers.sighting import Coverage, Record, Sighting
from readers.spool import Spool
from reconcile import rounds
from reconcile.findings import run_checks
from reconcile.presence import Settings
from reconcile.rounds import Scan
from reconcile.store import devices, intake, presence
from tests.builders import CLERK, NOW, PEOPLE, SHELF, Archive, an_archive, books_on, epc_of
from tests.ledger.builders import key
from tests.reconcile.presence.scenes import batch, coverage, numbered, sighting

ACKNOWLEDGED = "acknowledged.txt"
BOOT = "11" * 16
CARRIERS = 12

Acknowledgement = Mapping[str, Any]


@dataclass
class Desk:
    """The archive, the daemon's spool, and what was done so far."""

    archive: Archive
    spool: Spool
    sequence: Iterator[int]

    @property
    def database(self) -> Database:
        """The archive's database."""
        return self.archive.books.database

    @property
    def now(self) -> int:
        """The present instant."""
        return self.archive.books.clock()


def lend(desk: Desk, turn: int) -> Acknowledgement:
    """An act of custody: a loan, or its return."""
    carrier = turn // 2 % CARRIERS + 1
    receipt = desk.archive.give_back(carrier) if turn % 2 else desk.archive.borrow(carrier, "chen", 1 + turn % 3)
    return {"act": receipt.act}


def take_in(desk: Desk, _turn: int) -> Acknowledgement:
    """An act of many entries, as an import is."""
    return {"carriers": desk.archive.carriers(20)}


def reserve(desk: Desk, _turn: int) -> Acknowledgement:
    """An identifier, never given twice."""
    return {"next": desk.archive.books.reserve("matter", 1)[0] + 1}


def refuse(desk: Desk, _turn: int) -> Acknowledgement:
    """An act that is refused, and noted."""
    at = desk.archive.books.clock
    at.at += 61 * SECOND  # type: ignore[attr-defined]
    try:
        # Six months are more than a loan may last.
        desk.archive.borrow(CARRIERS, "chen", 180)
    except Refused:
        return {"refused_at": at()}
    raise AssertionError("it was not refused")


def deliver(desk: Desk, turn: int) -> Acknowledgement:
    """A delivery of sightings and coverage."""
    heard = [sighting(0, epc=epc_of(1 + at % CARRIERS), first=turn * 10 + at) for at in range(30)]
    first = next(desk.sequence)
    records = numbered([*heard, coverage(0, turn * 10, turn * 10 + 10)], first)
    for _ in records[1:]:
        next(desk.sequence)
    with desk.database.writing() as connection:
        intake.take(connection, "edge-1", batch(records, BOOT), desk.now)
    return {"sequences": [first, first + len(heard) - 1]}


def fold(desk: Desk, _turn: int) -> Acknowledgement:
    """What was heard, believed."""
    presence.fold_new(desk.database, Settings(), desk.now)
    with desk.database.reading() as connection:
        heard = connection.execute(text("SELECT epc, heard_at FROM presence")).all()
    return {"heard": dict(tuple(row) for row in heard)}


def check(desk: Desk, _turn: int) -> Acknowledgement:
    """Findings opened and cleared."""
    run_checks(desk.database, desk.archive.scheme, desk.now + 40 * DAY)
    with desk.database.reading() as connection:
        found = connection.execute(text("SELECT number, state FROM finding")).all()
    return {"findings": [number for number, _state in found]}


def sweep(desk: Desk, turn: int) -> Acknowledgement:
    """A round opened once, and a scan in it."""
    with desk.database.reading() as connection:
        number = connection.execute(text("SELECT number FROM round")).scalar()
    if number is None:
        number = rounds.open_round(desk.database, desk.archive.books, CLERK, SHELF, desk.now)
    event = f"event-{turn}"
    with desk.database.writing() as connection:
        rounds.scan_many(connection, CLERK, number, [Scan(event, epc_of(1 + turn % CARRIERS), desk.now, "scan", None)])
    return {"round": number, "event": event}


def export(desk: Desk, turn: int) -> Acknowledgement:
    """An export on record."""
    with desk.database.writing() as connection:
        return {"export": store.log_export(connection, PEOPLE["clerk"], desk.now, "carriers", "{}", turn)}


def look(desk: Desk, turn: int) -> Acknowledgement:
    """A look at a carrier, and an event for the auditor."""
    with desk.database.writing() as connection:
        looks.note_looks(connection, desk.now, PEOPLE["chen"], [1], "page", f"turn {turn}")
        audit.note(connection, "signed_out", desk.now, by=PEOPLE["chen"], address=f"turn {turn}")
    return {"look": f"turn {turn}"}


def sign(desk: Desk, _turn: int) -> Acknowledgement:
    """A checkpoint."""
    return {"checkpoint": int(desk.archive.books.checkpoint().splitlines()[1])}


def close(desk: Desk, _turn: int) -> Acknowledgement:
    """The logs sealed into the ledger."""
    seal(desk.archive.books)
    with desk.database.reading() as connection:
        return {"seals": sorted(_column(connection, "SELECT sequence FROM seal"))}


def enter(desk: Desk, turn: int) -> Acknowledgement:
    """Somebody signed in, and is signed out where he was before."""
    with desk.database.writing() as connection:
        store.end_sessions(connection, PEOPLE["chen"], at=desk.now, by=PEOPLE["chen"], how="renewed")
        times = (desk.now, desk.now, desk.now + DAY, desk.now)
        store.add_session(connection, store.Session(f"{turn:064x}", PEOPLE["chen"], *times, "csrf", "127.0.0.1", "-"))
    return {"session": turn}


def spool(desk: Desk, turn: int) -> Acknowledgement:
    """Records of the edge daemon."""
    at = NOW + turn * SECOND
    records: list[Record] = [Sighting(epc_of(1), "r", 1, at, at + 1, 1, -50.0, -50.0, at), Coverage("r", 1, at, at + 1)]
    return {"spooled": desk.spool.append(records)}


KINDS: tuple[Callable[[Desk, int], Acknowledgement], ...] = (
    lend,
    take_in,
    reserve,
    refuse,
    deliver,
    fold,
    check,
    sweep,
    export,
    look,
    enter,
    close,
    sign,
    spool,
)
"""Every kind of write; in turn."""


def prepare(folder: Path) -> None:
    """The folder as it stands before: an archive of twelve carriers, a spool, an empty list."""
    with Database.open(f"sqlite:///{folder / 'custody.sqlite'}") as database:
        database.migrate()
        an_archive(books_on(database)).carriers(CARRIERS)
        with database.writing() as connection:
            devices.create_device(connection, "edge-1", devices.token_hash("token"), NOW)
    Spool(folder / "spool.sqlite", BOOT).close()
    (folder / ACKNOWLEDGED).touch()


def run(folder: Path, turns: int) -> None:
    """Each kind in turn, so many times."""
    said = os.open(folder / ACKNOWLEDGED, os.O_WRONLY | os.O_APPEND)
    with Database.open(f"sqlite:///{folder / 'custody.sqlite'}") as database:
        archive = Archive(books_on(database, key=key(), first_nonce=10_000))
        desk = Desk(archive, Spool(folder / "spool.sqlite", BOOT), count(1))
        for turn in range(turns):
            for kind in KINDS:
                line = json.dumps({"kind": kind.__name__, **kind(desk, turn)})
                os.write(said, f"{line}\n".encode())
        # As a power cut leaves it: nothing is closed in order.
        os._exit(0)


# What must be found again.


def _column(connection: Connection, query: str, **values: Any) -> set[Any]:
    return set(connection.execute(text(query), values).scalars())


def _every(query: str, key: str) -> Callable[[Connection, Acknowledgement], set[Any]]:
    """What the acknowledgement lists under `key` and the query does not find."""
    return lambda connection, said: set(said[key]) - _column(connection, query)


def _one(query: str, key: str) -> Callable[[Connection, Acknowledgement], set[Any]]:
    """What the acknowledgement names under `key`, unless the query finds it."""
    return lambda connection, said: {said[key]} - _column(connection, query)


def _sequences(connection: Connection, said: Acknowledgement) -> set[Any]:
    first, last = said["sequences"]
    return set(range(first, last + 1)) - _column(connection, "SELECT sequence FROM sighting")


def _heard(connection: Connection, said: Acknowledgement) -> set[Any]:
    kept = {row.epc: row.heard_at for row in connection.execute(text("SELECT epc, heard_at FROM presence"))}
    return {epc for epc, at in said["heard"].items() if kept.get(epc, 0) < at}


def _given(connection: Connection, said: Acknowledgement) -> set[Any]:
    """The next identifier lies behind those that were given."""
    kept = _column(connection, "SELECT next FROM counter WHERE name = 'id:matter'")
    return set() if max(kept, default=0) >= said["next"] else {said["next"]}


def _looked(connection: Connection, said: Acknowledgement) -> set[Any]:
    both = _column(connection, "SELECT detail FROM look") & _column(connection, "SELECT address FROM audit_event")
    return {said["look"]} - both


def _entered(connection: Connection, said: Acknowledgement) -> set[Any]:
    """The session, or one after it: the one before is over then."""
    last = max((int(hashed, 16) for hashed in _column(connection, "SELECT token_hash FROM session")), default=-1)
    return set() if last >= said["session"] else {said["session"]}


GONE: Mapping[str, Callable[[Connection, Acknowledgement], set[Any]]] = {
    "lend": _one("SELECT act FROM entry", "act"),
    "take_in": _every("SELECT id FROM carrier", "carriers"),
    "reserve": _given,
    "refuse": _one("SELECT at FROM refusal", "refused_at"),
    "deliver": _sequences,
    "fold": _heard,
    "check": _every("SELECT number FROM finding", "findings"),
    "sweep": _one("SELECT event FROM round_scan", "event"),
    "export": _one("SELECT id FROM export_log", "export"),
    "look": _looked,
    "enter": _entered,
    "close": _every("SELECT sequence FROM seal", "seals"),
    "sign": _one("SELECT size FROM checkpoint", "checkpoint"),
}
"""Kind of write -> what of its acknowledgement is not there any more."""


def missing(connection: Connection, spool_sequences: int, said: Acknowledgement) -> str:
    """What of an acknowledgement is not there; empty where all is."""
    if said["kind"] == "spool":
        gone = set() if spool_sequences >= said["spooled"] else {said["spooled"]}
    else:
        gone = GONE[said["kind"]](connection, said)
    return f"{said['kind']}: {sorted(gone)}" if gone else ""


if __name__ == "__main__":
    if sys.argv[3] == "normal":
        databases._PRAGMAS_WRITING = tuple(
            one.replace("synchronous=FULL", "synchronous=NORMAL") for one in databases._PRAGMAS_WRITING
        )
    run(Path(sys.argv[1]), int(sys.argv[2]))
