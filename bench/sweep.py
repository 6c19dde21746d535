"""A sweep's verdict: twenty thousand expected against twenty thousand read, beside a pandas merge of the same.

The peer merges both as frames from both sides, and counts what was met, what was not, and what nobody expected. Ours
puts each carrier in its bucket, by the books as they are now. Then out of the database: the peer reads the very
rows and merges them; ours makes of them all that the page shows: by whom and where each was met, what was not covered,
which tags are weak.

Linear: the verdict alone over ten times as many takes ten times as long; the peer is the same work in ten portions.
"""

import os
from collections.abc import Iterator

import pandas as pd

from bench.databases import ENGINES
from bench.harness import Figure, compare, wall_seconds
from bench.register import NOW, epc, fill
from custody.access import Grant, Role, Subject
from custody.database import Database
from reconcile import rounds
from reconcile.rounds.verdict import judge
from reconcile.store.rounds import expected_query, met_query

SIZE = int(os.environ.get("CUSTODY_BENCH_SWEEP", "20000"))
STORE = 2
MISSED_EVERY = 500
COUNTER = Subject(1, "counter", (Grant(Role.CLERK),), 3, frozenset({"all"}), None)
PORTION = 1_000


def _swept(database: Database) -> str:
    books = fill(database, SIZE)
    number = rounds.open_round(database, books, COUNTER, STORE, NOW)
    read = [n for n in range(1, SIZE + 1) if n % MISSED_EVERY]
    for start in range(0, len(read), PORTION):
        given = [rounds.Scan(f"d-00000001-{n:024d}", epc(n), NOW + n) for n in read[start : start + PORTION]]
        with database.writing() as connection:
            rounds.scan_many(connection, COUNTER, number, given)
    return number


def _verdict(database: Database) -> Figure:
    number = _swept(database)
    expected, met = expected_query(number), met_query(number)
    missed = len(range(MISSED_EVERY, SIZE + 1, MISSED_EVERY))

    def ours() -> None:
        with database.reading() as connection:
            state = rounds.buckets(connection, COUNTER, number)
        there = len(state.present) + len(state.on_loan_but_here)
        if there != SIZE - missed or len(state.missing) + len(state.absent) != missed:
            raise AssertionError(dict(state.counts))

    def peer() -> None:
        with database.reading() as connection:
            wanted, read = pd.read_sql(expected, connection), pd.read_sql(met, connection)
        both = wanted.merge(read, on="carrier", how="outer", indicator="side")
        sides = both.groupby(["expected", "side"], observed=True).size()
        if sides.xs("both", level="side").sum() != SIZE - missed:
            raise AssertionError(sides)

    return compare(
        f"a sweep as its page shows it, {SIZE:,} × {SIZE:,}",
        ours=ours,
        peer=peer,
        units=SIZE,
        unit="carriers/s",
        peer_name="pandas: the same rows read, merged, counted",
        reach=3.0,
        better="less",
        measure=wall_seconds,
        rounds=5,
    )


def _alone() -> Figure:
    expected = [(n, "here" if n % 50 else "on_loan", "in_place" if n % 50 else "on_loan", "/1/2/") for n in range(SIZE)]
    met = {n for n in range(SIZE + SIZE // 100) if n % MISSED_EVERY}
    wanted = pd.DataFrame(expected, columns=["carrier", "expected", "status", "path"])
    read = pd.DataFrame({"carrier": sorted(met)})

    def ours() -> None:
        judge(expected, met, "/1/")

    def peer() -> None:
        wanted.merge(read, on="carrier", how="outer", indicator="side").groupby(
            ["expected", "side"], observed=True
        ).size()

    return compare(
        f"a sweep's verdict, {SIZE:,} expected × {SIZE:,} read",
        ours=ours,
        peer=peer,
        units=SIZE,
        unit="carriers/s",
        peer_name="pandas: a merge of the same, counted",
        reach=2.0,
        better="less",
        rounds=9,
    )


def _linear() -> Figure:
    many = 10 * SIZE
    expected = [(n, "here", "in_place", "/1/2/") for n in range(many)]
    met = {n for n in range(many) if n % MISSED_EVERY}
    portions = [(expected[start : start + SIZE], met) for start in range(0, many, SIZE)]

    def whole() -> None:
        judge(expected, met, "/1/")

    def by_portions() -> None:
        for portion, read in portions:
            judge(portion, read, "/1/")

    return compare(
        f"the verdict alone, {many:,} at once",
        ours=whole,
        peer=by_portions,
        units=many,
        unit="carriers/s",
        peer_name=f"the same, {SIZE:,} at a time",
        reach=1.3,
        better="less",
        rounds=5,
    )


def figures() -> Iterator[Figure]:
    """On the embedded database; the verdict itself knows of none."""
    yield _alone()
    yield _linear()
    with ENGINES["SQLite"]() as database:
        yield _verdict(database)
