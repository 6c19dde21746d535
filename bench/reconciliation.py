"""Whole-register reconciliation against the bare join: every carrier's two stories held against each other.

The peer is the join of the register with presence that any such comparison must make, counting where the places
differ. Ours asks all checks of the watch, judges what differs, and finds what was planted: no fewer, no more.
"""

import os
from collections.abc import Iterator

from sqlalchemy import text

from bench.databases import ENGINES
from bench.harness import Figure, compare, wall_seconds
from bench.register import MISPLACED_EVERY, NOW, OVERDUE_EVERY, fill
from custody.scheme import Scheme
from reconcile.findings import run_checks
from reconcile.watch import WATCHED_KINDS

SIZE = int(os.environ.get("CUSTODY_BENCH_CARRIERS", "100000"))
JOIN = text(
    "SELECT count(*) FROM carrier JOIN tag ON tag.carrier = carrier.id AND NOT tag.retired "
    "JOIN presence ON presence.epc = tag.epc WHERE carrier.status = 'in_place' AND presence.place <> carrier.place"
)
OVERDUE = text("SELECT id FROM carrier WHERE due_at < :now AND status = 'on_loan'")


def figures() -> Iterator[Figure]:
    """The whole register and the overdue round, an engine each."""
    for engine, opened in ENGINES.items():
        with opened() as database:
            fill(database, SIZE)
            with database.writing() as connection:
                connection.execute(text("ANALYZE"))

            def check(*kinds: str, database=database) -> int:  # type: ignore[no-untyped-def]
                return len(run_checks(database, Scheme(), NOW, kinds=kinds).opened)

            found = check(*WATCHED_KINDS)
            planted = len(range(1, SIZE + 1, MISPLACED_EVERY))
            if found != planted:
                raise AssertionError(f"{planted} were misplaced, {found} found")
            overdue = check("overdue_loan")
            if overdue != SIZE // OVERDUE_EVERY:
                raise AssertionError(f"{SIZE // OVERDUE_EVERY} were overdue, {overdue} found")

            def join(database=database) -> None:  # type: ignore[no-untyped-def]
                with database.reading() as connection:
                    connection.execute(JOIN).scalar_one()

            def due(database=database) -> None:  # type: ignore[no-untyped-def]
                with database.reading() as connection:
                    connection.execute(OVERDUE, {"now": NOW}).all()

            yield compare(
                f"whole-register reconciliation, {SIZE:,} carriers, {engine}",
                ours=lambda: check(*WATCHED_KINDS),
                peer=join,
                units=SIZE,
                unit="carriers/s",
                peer_name="bare join of register and presence",
                reach=2.0,
                better="less",
                measure=wall_seconds,
            )
            yield compare(
                f"overdue round, {SIZE // 50:,} loans, nothing new, {engine}",
                ours=lambda: check("overdue_loan"),
                peer=due,
                units=SIZE // 50,
                unit="loans/s",
                peer_name="bare indexed query",
                reach=2.0,
                better="less",
                measure=wall_seconds,
            )
