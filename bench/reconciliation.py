"""Whole-register reconciliation against the bare join: every carrier's two stories held against each other.

The peer is the join that any such comparison must make: each carrier in place with its live tags, what was heard of
them if anything was, and the paths of both places; it counts where they are not the same. Ours asks all checks of
the watch, judges what differs, looks for tags that nobody bears and for findings that are over or past their time,
and finds what was planted: no fewer, no more.

An overdue round touches the loans past their day and no others; 10,000 of these are 0.1 % of ten million.

Two jobs of the schedule pass over the whole register too, at their own rhythm: whether one tag was copied, and whose
tags have long been silent. Each stands beside the bare query of the same.
"""

import os
from collections.abc import Iterator, Mapping

from sqlalchemy import TextClause, text

from bench.databases import ENGINES
from bench.harness import Figure, compare, wall_seconds
from bench.register import MISPLACED_EVERY, NOW, OVERDUE_EVERY, fill, lend
from custody.database import Database
from custody.scheme import Scheme
from custody.values import DAY
from reconcile.checks import PASSAGE_KINDS
from reconcile.findings import run_checks
from reconcile.schedule import CHECKED
from reconcile.watch import WATCHED_KINDS

SIZE = int(os.environ.get("CUSTODY_BENCH_CARRIERS", "100000"))
LOANS = int(os.environ.get("CUSTODY_BENCH_LOANS", "100000"))
DUE = LOANS // 10
JOIN = text(
    "SELECT count(*) FROM carrier JOIN tag ON tag.carrier = carrier.id AND NOT tag.retired "
    "LEFT JOIN presence ON presence.epc = tag.epc LEFT JOIN place heard ON heard.id = presence.place "
    "LEFT JOIN place books ON books.id = carrier.place "
    "WHERE carrier.status = 'in_place' AND (heard.path IS NULL OR heard.path <> books.path)"
)
OVERDUE = text("SELECT id FROM carrier WHERE due_at < :now AND status = 'on_loan'")
WATCHED = WATCHED_KINDS + PASSAGE_KINDS
"""As the watch asks, each second or so."""
TWICE_TAGGED = text(
    "SELECT carrier FROM tag JOIN presence ON presence.epc = tag.epc WHERE NOT tag.retired "
    "GROUP BY carrier HAVING count(DISTINCT presence.place) > 1"
)
SILENT = text(
    "SELECT carrier.id, max(presence.heard_at) FROM carrier JOIN tag ON tag.carrier = carrier.id AND NOT tag.retired "
    "JOIN presence ON presence.epc = tag.epc WHERE carrier.since_at < :before "
    "GROUP BY carrier.id HAVING max(presence.heard_at) < :before"
)
JOBS: Mapping[str, tuple[TextClause, dict[str, int], str]] = {
    "clones": (TWICE_TAGGED, {}, "bare query: two tags, two places"),
    "silences": (SILENT, {"before": NOW - 14 * DAY}, "bare query: all tags silent so long"),
}
"""Jobs that pass over the whole register, each with its bare query."""


def _check(database: Database, *kinds: str) -> int:
    return len(run_checks(database, Scheme(), NOW, kinds=kinds).opened)


def _first_found(database: Database, planted: int, *kinds: str) -> None:
    found = _check(database, *kinds)
    if found != planted:
        raise AssertionError(f"{planted} were planted, {found} found: {', '.join(kinds)}")


def _analysed(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text("ANALYZE"))


def _whole(database: Database, engine: str) -> Figure:
    fill(database, SIZE)
    _analysed(database)
    _first_found(database, len(range(1, SIZE + 1, MISPLACED_EVERY)), *WATCHED)

    def join() -> None:
        with database.reading() as connection:
            connection.execute(JOIN).scalar_one()

    return compare(
        f"whole-register reconciliation, {SIZE:,} carriers, {engine}",
        ours=lambda: _first_found(database, 0, *WATCHED),
        peer=join,
        units=SIZE,
        unit="carriers/s",
        peer_name="bare join of register, tags, presence, places",
        reach=2.0,
        better="less",
        measure=wall_seconds,
        rounds=5,
    )


def _job(database: Database, engine: str, name: str) -> Figure:
    statement, values, peer_name = JOBS[name]
    every, kinds = CHECKED[name]

    def bare() -> None:
        with database.reading() as connection:
            connection.execute(statement, values).all()

    return compare(
        f"{name}, each {every} s, {SIZE:,} carriers, nothing new, {engine}",
        ours=lambda: _first_found(database, 0, *kinds),
        peer=bare,
        units=SIZE,
        unit="carriers/s",
        peer_name=peer_name,
        reach=2.0,
        better="less",
        measure=wall_seconds,
        rounds=5,
    )


def _overdue(database: Database, engine: str) -> Figure:
    lend(database, SIZE + 1, LOANS, DUE)
    _first_found(database, SIZE // OVERDUE_EVERY + DUE, "overdue_loan")
    _analysed(database)

    def due() -> None:
        with database.reading() as connection:
            connection.execute(OVERDUE, {"now": NOW}).all()

    return compare(
        f"overdue round, {DUE:,} past due, nothing new, {engine}",
        ours=lambda: _first_found(database, 0, "overdue_loan"),
        peer=due,
        units=DUE,
        unit="due/s",
        peer_name="bare indexed query",
        reach=2.0,
        better="less",
        measure=wall_seconds,
        rounds=9,
    )


def figures() -> Iterator[Figure]:
    """The whole register, the jobs that pass over it, and the overdue round, an engine each."""
    for engine, opened in ENGINES.items():
        with opened() as database:
            yield _whole(database, engine)
            for name in JOBS:
                yield _job(database, engine, name)
            yield _overdue(database, engine)
