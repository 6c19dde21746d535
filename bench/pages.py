"""Time to the first byte of every page, with the sample's carriers and with a million: as each role opens them.

The same archive stands in three sizes behind three real servers; each page is asked of all of them by turns, so that
whatever else the machine does falls on all alike. What a role may not open is left out, and so is what only one of
the archives has. The whole table is kept in `.bench/pages.txt`, slowest growth first.

Building a million takes minutes: with CUSTODY_BENCH_ARCHIVES=FOLDER the archives are kept there between runs.
"""

import http.client
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import uvicorn
from fastapi.routing import APIRoute
from sqlalchemy import Connection, select

from api import web
from api.demo import Demo, prepare, read_scenario, sample_file
from api.installation import open_books, open_services
from api.main import create_app
from bench.grown import grow
from bench.harness import Figure
from custody import clock
from custody.database import Database
from custody.store import schema as t
from reconcile.findings import run_checks
from reconcile.store import tables as rt
from reconcile.watch import WATCHED_KINDS

SIZES = (512, 10_000, int(os.environ.get("CUSTODY_BENCH_CARRIERS", "1000000")))
"""The sample itself; what the design compares with; what is to be reached."""
ROUNDS = int(os.environ.get("CUSTODY_BENCH_ROUNDS", "9"))
REACH = 1.5
TOLD_EVERY = 25
ROLES = {"1001": "clerk", "1004": "manager", "1005": "secrecy office", "1007": "borrower"}
LEFT_OUT = ("/events", "/sign-in", "/confirm", ".xlsx", ".svg", ".toml", "/ledger/bundle", "/files/")
"""Answers that are no pages, or never end."""
QUERIES = {
    "/carriers": (
        "status=on_loan",
        "level=secret",
        "unit=4",
        "place=3",
        "place=19",
        "overdue=1",
        "kind=disc",
        "title=1",
    ),
    "/findings": ("state=all", "kind=overdue_loan"),
    "/balance": ("by=title", "by=level"),
    "/entries": ("place=19",),
    "/reports/overdue": ("unit=4",),
}
SEARCHED = ("YS-2026-00017", "YS-2024-0000600", "方案", "周", "3414F4A2")
"""Numbers, words and the beginning of a tag, as people type them into the one box."""
DOCUMENT = Path("docs/reference/pages-speed.md")
LISTS = ("/carriers", "/carriers?", "search ")


@dataclass(frozen=True, slots=True)
class Page:
    """One page as one person opens it."""

    number: str
    route: str
    address: str


@dataclass
class Visit:
    """A person's session at one house, over one connection that stays open."""

    connection: http.client.HTTPConnection
    headers: dict[str, str] = field(default_factory=dict)
    csrf: str = ""

    def first_byte(self, address: str) -> tuple[float, int]:
        """Seconds until the answer begins, and its status."""
        begun = time.perf_counter()
        self.connection.request("GET", address, headers=self.headers)
        answer = self.connection.getresponse()
        waited = time.perf_counter() - begun
        answer.read()
        return waited, answer.status

    def send(self, address: str, **fields: str) -> http.client.HTTPResponse:
        """Send a form; the answer, read."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode({"csrf": self.csrf, **fields})
        self.connection.request("POST", address, body, self.headers | kind)
        answer = self.connection.getresponse()
        answer.read()
        return answer


@dataclass
class House:
    """One archive, served."""

    size: int
    database: Database
    port: int
    visits: dict[str, Visit] = field(default_factory=dict)

    def enter(self, number: str) -> Visit:
        """Sign in."""
        visit = Visit(http.client.HTTPConnection("127.0.0.1", self.port, timeout=600))
        answer = visit.send("/sign-in", number=number, password=f"yuanshan-{number}")
        cookies = [one.split(";")[0] for name, one in answer.getheaders() if name.lower() == "set-cookie"]
        visit.headers = {"Cookie": "; ".join([*cookies, "lang=en"])}
        visit.connection.request("GET", "/me", headers=visit.headers)
        page = visit.connection.getresponse().read().decode()
        found = re.search(r'name="csrf" value="([^"]+)"', page)
        if found is None:
            raise RuntimeError(f"{number} could not sign in")
        visit.csrf = found[1]
        self.visits[number] = visit
        return visit


def archive(folder: Path, size: int) -> Path:
    """The archive of this size; built where it is not there, with everything found that is to be found."""
    data = folder / str(size)
    if (data / "built").exists():
        return data
    shutil.rmtree(data, ignore_errors=True)
    scenario = read_scenario(sample_file("day.txt"))
    prepare(Demo(data, 0, sample_file("archive.xlsx"), sample_file("day.txt")), scenario)
    _configuration, database, books = open_books(data, clock.now)
    with database:
        grow(books, size, _tell)
        run_checks(database, books.scheme, clock.now(), kinds=(*WATCHED_KINDS, "overdue_loan"))
        with database.writing() as connection:
            connection.exec_driver_sql("ANALYZE")
    (data / "built").touch()
    return data


@contextmanager
def houses(sizes: Iterable[int]) -> Iterator[list[House]]:
    """The archives, each behind a server of its own, whose watch and schedule do not run."""
    with ExitStack() as stack:
        kept = os.environ.get("CUSTODY_BENCH_ARCHIVES")
        folder = Path(kept) if kept else Path(stack.enter_context(tempfile.TemporaryDirectory()))
        yield [stack.enter_context(_served(archive(folder, size), size)) for size in sizes]


@contextmanager
def _served(data: Path, size: int) -> Iterator[House]:
    import threading

    services = open_services(data, clock.now)
    config = uvicorn.Config(
        create_app(services), port=0, log_level="error", access_log=False, ws="none", timeout_keep_alive=3600
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the server did not start")
            time.sleep(0.02)
        yield House(size, services.database, server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()
        services.database.close()


def blanks(connection: Connection) -> dict[str, Sequence[object]]:
    """What stands in the blanks of addresses: by what stands before and within them."""
    f, m = rt.FindingRow.__table__.c, t.MATTER.c  # type: ignore[attr-defined]
    finding = connection.execute(select(f.number).order_by(f.number).limit(1)).scalars().all()
    kinds = dict(connection.execute(select(m.kind, m.id).order_by(m.id.desc())).tuples().all())
    acts = connection.execute(select(t.ACT.c.number).where(t.ACT.c.number.like("JY-%")).limit(1)).scalars().all()
    return {
        "carriers/{identifier}": (1, 508),
        "people/{identifier}": (7,),
        "acts/{number}": (*acts, "DJ-2026-0001"),
        "places/{identifier}": (1, 3, 19),
        "portals/{identifier}": (7,),
        "findings/{number}": finding,
        "readers/{name}": ("cabinet",),
        "devices/{name}": ("edge-demo",),
        "organisations/{identifier}": (1,),
        "matters/{identifier}": tuple(kinds.values()),
        "rooms/{identifier}": (3,),
    }


def addresses(connection: Connection) -> list[tuple[str, str]]:
    """Every page that the archive has something for: its route and an address."""
    known = blanks(connection)
    found: list[tuple[str, str]] = []
    for router in web.ROUTERS:
        for route in router.routes:
            if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
                path = route.path
                if any(one in path for one in LEFT_OUT):
                    continue
                found += [(path, address) for address in _filled(path, known)]
                found += [(f"{path}?{query}", f"{path}?{query}") for query in QUERIES.get(path, ())]
    return found


def _filled(path: str, known: dict[str, Sequence[object]]) -> Iterator[str]:
    blank = re.search(r"\{\w+\}", path)
    if blank is None:
        yield path
        return
    for value in known.get(path[1 : blank.end()], ()):
        there = path.replace(blank[0], str(value), 1).replace("{key}", "borrow")
        if "{" not in there:
            yield there


def pages(houses: Sequence[House]) -> list[Page]:
    """What each role may open in every one of these houses, the searches included."""
    with houses[0].database.reading() as connection:
        asked = addresses(connection)
    found: list[Page] = []
    for number in ROLES:
        visits = [house.enter(number) for house in houses]
        for route, address in asked:
            if all(visit.first_byte(address)[1] == 200 for visit in visits):
                found.append(Page(number, route, address))
        for text in SEARCHED:
            places = [visit.send("/search", q=text).getheader("Location") or "" for visit in visits]
            if all("/carriers?" in place for place in places):
                found.append(Page(number, f"search {text}", "\n".join(places)))
        _tell(f"{ROLES[number]}: {sum(page.number == number for page in found)} pages")
    return found


def _tell(line: str) -> None:
    """How far it is: the largest archive takes its time."""
    print(line, file=sys.stderr, flush=True)


def measured(houses: Sequence[House], asked: Sequence[Page], rounds: int) -> dict[Page, list[list[float]]]:
    """Seconds to the first byte: by page, by house, a number a round."""
    times: dict[Page, list[list[float]]] = {}
    for nth_page, page in enumerate(asked, 1):
        each = page.address.split("\n")
        times[page] = [[] for _ in houses]
        for _ in range(rounds):
            for nth, house in enumerate(houses):
                address = each[nth] if len(each) > 1 else each[0]
                times[page][nth].append(house.visits[page.number].first_byte(address)[0])
        if nth_page % TOLD_EVERY == 0:
            _tell(f"{nth_page} of {len(asked)} pages, {rounds} times each")
    return times


def p95(times: Sequence[float]) -> float:
    """The nearest-rank 95th percentile."""
    return sorted(times)[max(0, -(-len(times) * 95 // 100) - 1)]


def table(houses: Sequence[House], times: dict[Page, list[list[float]]]) -> str:
    """All pages, the one that grew most first: median and p95 in milliseconds by size, and the ratio of the medians."""
    head = f"{'page':<56}{'who':<16}" + "".join(f"{house.size:>12,} p95   " for house in houses) + "  ratio"
    rows = []
    for page, by_house in times.items():
        middles = [statistics.median(one) for one in by_house]
        cells = "".join(f"{m * 1e3:>9.1f}{p95(one) * 1e3:>9.1f}" for m, one in zip(middles, by_house, strict=True))
        shown = page.route if len(page.address.split("\n")) > 1 else page.address
        rows.append((middles[-1] / middles[0], f"{shown:<56}{ROLES[page.number]:<16}{cells}"))
    return "\n".join([head, *(f"{row}{ratio:>8.2f}" for ratio, row in sorted(rows, reverse=True))])


def growths(times: dict[Page, list[list[float]]]) -> list[tuple[float, float, Page]]:
    """How many times as long each page takes at p95 with the most carriers as with ten thousand, and in the middle as
    with the sample; the one that grew most first.
    """
    rows = [
        (p95(one[-1]) / p95(one[1]), statistics.median(one[-1]) / statistics.median(one[0]), page)
        for page, one in times.items()
    ]
    return sorted(rows, key=lambda row: (-row[0], row[2].route, row[2].number))


def document(sizes: Sequence[int], times: dict[Page, list[list[float]]]) -> str:
    """The table as a page of the reference."""
    rows = growths(times)
    lists = [row for row in rows if row[2].route.startswith(LISTS)]
    others = [row for row in rows if row not in lists]
    told = [
        f"{len(one):,} {name}, {sum(row[0] <= REACH for row in one):,} of them within {REACH} times"
        for name, one in (("lists of carriers and searches", lists), ("other pages", others))
    ]
    heads = [f"{size:,} {what}" for size in sizes for what in ("median", "p95")]
    lines = [
        "# How long each page lets one wait, by the size of the register",
        "",
        "Milliseconds to the first byte, as each role opens each page, on one archive in three sizes by turns. Written",
        "by `python -m bench pages --write`; see [decision 34](../decisions/0034-a-page-is-held-to-account.md). What",
        "counts is the ratio: the times themselves are of one machine that did other work beside.",
        "",
        f"With {sizes[-1]:,} carriers against {sizes[1]:,}, at p95: {'; '.join(told)}.",
        "",
        f"| Page | Who | {' | '.join(heads)} | p95, × {sizes[1]:,} | median, × {sizes[0]:,} |",
        "|---|---|" + "---:|" * (len(heads) + 2),
    ]
    for tens, sample, page in rows:
        cells = [f"{value * 1e3:.1f}" for one in times[page] for value in (statistics.median(one), p95(one))]
        shown = page.route if "\n" in page.address else page.address
        grown = f"**{tens:.2f}**" if tens > REACH else f"{tens:.2f}"
        lines.append(f"| `{shown}` | {ROLES[page.number]} | {' | '.join(cells)} | {grown} | {sample:.2f} |")
    return "\n".join(lines) + "\n"


def _figure(name: str, small: list[float], big: list[float], peer_name: str) -> Figure:
    ours, peer = p95(big), p95(small)
    spread = p95(small) / statistics.median(small)
    return Figure(name, ours * 1e3, peer * 1e3, "ms, p95", peer_name, ours / peer, "less", REACH, spread)


def figures(*, write: bool = False) -> Iterator[Figure]:
    """All pages of each role, and the lists of carriers with the search by themselves; `write`: keep the DOCUMENT."""
    with houses(SIZES) as served:
        times = measured(served, pages(served), ROUNDS)
        Path(".bench").mkdir(exist_ok=True)
        Path(".bench/pages.txt").write_text(table(served, times) + "\n", encoding="utf-8")
        print(table(served, times), file=sys.stderr)
        if write:
            DOCUMENT.write_text(document(SIZES, times), encoding="utf-8")
    big = f"{SIZES[-1]:,} carriers"
    for number, role in ROLES.items():
        own = [by_house for page, by_house in times.items() if page.number == number]
        small, large = ([statistics.median(one[at]) for one in own] for at in (0, -1))
        yield _figure(f"{len(own)} pages of the {role}, {big}", small, large, f"the same with {SIZES[0]}")
    lists = [by_house for page, by_house in times.items() if page.route.startswith(LISTS)]
    small, large = ([second for one in lists for second in one[at]] for at in (1, -1))
    yield _figure(f"carrier lists and search, {big}", small, large, f"the same with {SIZES[1]:,}")
