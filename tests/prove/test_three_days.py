"""Three days without a server, then everything at once, while people use the pages.

Time is injected: eight readers hear their cabinets through the daemon's own smoothing, coverage and spool. Some
carriers are moved about and come back, some are left in another cabinet, some are taken away. When the server is there
again, all of it is delivered, and what is found is what really is, as if the server had never been away: nobody is
missed who was heard, and everything has its own time.
"""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from readers.columns import ReadColumns, SightingColumns
from readers.sighting import ReaderReport, Record
from readers.smoothing import Smoother
from readers.spool import Spool
from readers.supervisor import CoverageMeter
from readers.uplink import Uplink
from reconcile.findings import run_checks
from reconcile.presence import settings_from
from reconcile.store import devices
from reconcile.store import readers as configured
from reconcile.store.presence import fold_new
from tests.builders import NOW, PLACES, SCHEME, SHELF, Archive, epc_of
from tests.prove.record import WHOLE, proof
from tests.web.front import Browser, Front, a_front

SECOND = 1_000_000
HOURS, TAGS, PERIOD, STEP = (72, 500, 60, 20) if WHOLE else (2, 24, 60, 30)
COMMIT_STEPS = 300 // STEP
READERS = 8
SEED = 72
TOKEN = "the edge's own long token"
PAGES = ("/carriers", "/findings", "/readers")
HOUR = 3600 * SECOND
ELSEWHERE = [place.id for place in PLACES if place.code in ("B1-01-2", "B1-low", "B1-corridor")]

pytestmark = [pytest.mark.prove, pytest.mark.timeout(1800 if WHOLE else 120)]


@dataclass
class Store:
    """The cabinets, what lies in each, and the daemon that hears them."""

    archive: Archive
    front: Front
    spool: Spool
    begun: int
    rng: random.Random
    carriers: list[int]
    at: dict[int, int] = field(default_factory=dict)
    """By carrier the number of the cabinet in which it really is; absent: taken away."""
    strayed: set[int] = field(default_factory=set)
    taken: set[int] = field(default_factory=set)
    reads: int = 0

    def live(self, hours: float) -> None:
        """So much time passes at the daemon; nobody takes what it has to say."""
        smoothers = [Smoother(PERIOD * SECOND) for _ in range(READERS)]
        meters = [CoverageMeter(f"cabinet-{each}", 2 * STEP * SECOND) for each in range(READERS)]
        reports: list[Record] = [
            ReaderReport(f"cabinet-{each}", "listening", self.begun, "", "Impinj 1", "5.14") for each in range(READERS)
        ]
        self.spool.append(reports)
        numbers = np.random.default_rng(SEED)
        keys = {carrier: bytes.fromhex(epc_of(carrier)) + b"\0\1" for carrier in self.carriers}
        steps = round(hours * 3600 / STEP)
        events = self._what_happens(steps)
        waiting: list[Record | SightingColumns] = []
        for step in range(steps):
            now = self.begun + step * STEP * SECOND
            for event in events.get(step, ()):
                event()
            held: list[list[bytes]] = [[] for _ in range(READERS)]
            for carrier, cabinet in self.at.items():
                held[cabinet].append(keys[carrier])
            records: list[Record] = []
            for number, (smoother, meter) in enumerate(zip(smoothers, meters, strict=True)):
                # One read in ten fails: papers lie on each other.
                heard = [key for key in held[number] if numbers.random() > 0.1]
                size = len(heard)
                times = now + numbers.integers(0, STEP * SECOND, size)
                strengths = -50.0 - numbers.integers(0, 12, size)
                rows = ReadColumns(heard, strengths.astype(np.float64), times, times, np.full(size, 20, np.int64))
                smoother.take_rows(f"cabinet-{number}", rows, now + STEP * SECOND)
                self.reads += 20 * size
                records += meter.alive(now, (1,))
            waiting += records
            waiting += [sightings for smoother in smoothers if len(sightings := smoother.due(now + STEP * SECOND))]
            if step % COMMIT_STEPS == 0:
                self.spool.append(waiting)
                waiting = []
        rest = [sightings for smoother in smoothers if len(sightings := smoother.flush())]
        ends = [coverage for meter in meters for coverage in meter.end()]
        self.spool.append([*waiting, *ends, *rest])

    def _what_happens(self, steps: int) -> dict[int, list[Callable[[], None]]]:
        """Carriers that are moved and brought back, left elsewhere, taken away, by step."""
        found: dict[int, list[Callable[[], None]]] = {}
        moved = self.rng.sample(self.carriers, max(6, len(self.carriers) // 10))
        third = len(moved) // 3
        for place, carrier in enumerate(moved):
            home = self.at[carrier]
            other = (home + self.rng.randrange(1, READERS)) % READERS
            begins = self.rng.randrange(steps // 10, steps // 2)
            if place < third:
                ends = begins + max(2, steps // 20)
                found.setdefault(begins, []).append(lambda c=carrier, o=other: self.at.update({c: o}))  # type: ignore[misc]
                found.setdefault(ends, []).append(lambda c=carrier, h=home: self.at.update({c: h}))  # type: ignore[misc]
            elif place < 2 * third:
                self.strayed.add(carrier)
                found.setdefault(begins, []).append(lambda c=carrier, o=other: self.at.update({c: o}))  # type: ignore[misc]
            else:
                self.taken.add(carrier)
                found.setdefault(begins, []).append(lambda c=carrier: self.at.pop(c))  # type: ignore[misc]
        return found


@pytest.fixture
def store(tmp_path: Path, sqlite_archive: Archive) -> Iterator[Store]:
    archive, rng = sqlite_archive, random.Random(SEED)
    carriers = archive.carriers(TAGS)
    front = a_front(archive, tmp_path)
    begun = front.clock.at
    with archive.books.database.writing() as connection:
        devices.create_device(connection, "edge-1", devices.token_hash(TOKEN), NOW)
        for number in range(READERS):
            name = f"cabinet-{number}"
            configured.upsert_reader(connection, name, begun, title_zh=f"柜{number}", title_en=name)
            configured.upsert_antenna(connection, name, 1, ELSEWHERE[number % len(ELSEWHERE)] if number else SHELF)
    spool = Spool(tmp_path / "edge.spool", "7" * 32)
    found = Store(archive, front, spool, begun, rng, carriers)
    # All belong on the shelf of reader 0; that is where they begin.
    found.at = dict.fromkeys(carriers, 0)
    yield found
    spool.close()


def seconds_of(browser: Browser, rounds: int) -> list[float]:
    """How long each page took."""
    found = []
    for _ in range(rounds):
        for page in PAGES:
            begun = time.perf_counter()
            assert browser.get(page).status_code == 200
            found.append(time.perf_counter() - begun)
    return sorted(found)


def open_findings(store: Store) -> dict[str, set[int]]:
    """Carriers that are found to be missing or misplaced."""
    with store.archive.books.database.reading() as connection:
        rows = connection.execute(text("SELECT kind, carrier FROM finding WHERE state <> 'cleared'")).all()
    found: dict[str, set[int]] = {}
    for kind, carrier in rows:
        if carrier is not None:
            found.setdefault(str(kind), set()).add(int(carrier))
    return found


def test_after_three_days_all_is_as_it_is(store: Store) -> None:
    front, database = store.front, store.archive.books.database
    clerk = front.signed_in("clerk")
    with proof(f"{HOURS} hours without a server, {TAGS} tags, {READERS} readers", seed=SEED) as row:
        store.live(HOURS)
        before = store.spool.counts()
        front.clock.at = store.begun + HOURS * HOUR
        clerk = front.signed_in("clerk")
        quiet = seconds_of(clerk, 5)
        uplink = Uplink(
            store.spool,
            daemon="edge-1",
            url="http://testserver",
            token=TOKEN,
            clock=front.clock,
            rng=random.Random(1),
            client=front.browser().http,
        )
        busy: list[float] = []
        begun, deliveries, false_missing = time.perf_counter(), 0, set()
        while uplink.deliver_once():
            deliveries += 1
            if deliveries % (200 if WHOLE else 10) == 0:
                # As the server's watch does while it comes in: fold, judge; and somebody looks at pages.
                fold_new(database, settings_from(SCHEME), front.clock.at)
                run_checks(database, SCHEME, front.clock.at, kinds=("missing", "misplaced"))
                false_missing |= open_findings(store).get("missing", set()) - store.taken
                busy += seconds_of(clerk, 1)
        fold_new(database, settings_from(SCHEME), front.clock.at)
        run_checks(database, SCHEME, front.clock.at, kinds=("missing", "misplaced"))
        took = time.perf_counter() - begun
        found = open_findings(store)
        # Then who was heard is not missed, at no time; who is gone is; who lies elsewhere is said to.
        assert false_missing == set()
        assert found.get("missing", set()) == store.taken
        assert found.get("misplaced", set()) >= {each for each in store.strayed if store.at[each] != 0}
        # And every read is there, within the time in which it was made.
        with database.reading() as connection:
            reads, records, first, last = connection.execute(
                text('SELECT sum("count"), count(*), min(first_at), max(last_at) FROM sighting')
            ).one()
        row.acknowledged, row.lost, row.doubled = before.waiting, store.reads - int(reads), 0
        assert int(reads) == store.reads
        assert store.begun <= first <= last <= store.begun + HOURS * HOUR
        assert store.spool.counts().waiting == 0
        busy = sorted(busy) or quiet
        p95 = quiet[len(quiet) * 95 // 100], busy[len(busy) * 95 // 100]
        row.held = (
            f"{before.bytes / 1e6:,.1f} MB in the spool ({before.bytes / records:.0f} B a sighting), delivered, folded "
            f"and judged in {took:,.0f} s ({before.waiting / took:,.0f} records/s); pages meanwhile p95 "
            f"{p95[1] * 1000:.0f} ms (before {p95[0] * 1000:.0f} ms, ×{p95[1] / p95[0]:.1f}); none falsely missing"
        )
        print(row.held)
