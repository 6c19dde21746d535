"""A house to prove things on: a data folder with an archive, readers that hear it, and the processes over it.

Everything runs as in an installation: `custody serve`, `custody-reader`, virtual readers over LLRP; only their
places are chosen here, and each process can be killed and started again.
"""

import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from api.cli.install import give_account
from api.installation import create_folder, open_books
from custody import clock
from custody.access import Role
from custody.database import Database
from reconcile.store import devices, readers
from tests.builders import PEOPLE, SHELF, SHELF_2, Archive, an_archive, epc_of
from tests.prove.marks import Marks

REPOSITORY = Path(__file__).resolve().parents[2]
DEVICE = "edge-1"
PASSWORD = "a password for the proof"
START_SECONDS_MAX = 180.0
STOP_SECONDS_MAX = 60.0

CONFIGURATION = """\
{database}
[organisation]
ledger_origin = "custody.proof"

[numbers]
{numbers}
"""
NUMBERS: Mapping[str, int] = {
    "confirm_after_seconds": 2,
    "missing_after_seconds": 5,
    "misplaced_after_seconds": 4,
    "reader_silent_after_seconds": 8,
    "session_idle_seconds": 28_800,
}
"""Thresholds short enough that a wrong conclusion would be drawn within a test."""


@dataclass(frozen=True)
class Antenna:
    """What an antenna of a house's reader hears."""

    reader: str
    number: int
    place: int
    code: str


@dataclass(frozen=True)
class House:
    """A data folder, and what is in it. `shelves`: the tagged carriers at each shelf, as (identifier, EPC)."""

    data: Path
    port: int
    token: str
    antennas: tuple[Antenna, ...]
    shelves: Mapping[int, tuple[tuple[int, str], ...]]

    @property
    def url(self) -> str:
        """Where its server answers."""
        return f"http://127.0.0.1:{self.port}"

    def epcs(self, shelf: int) -> list[str]:
        """The tags of a shelf's carriers."""
        return [epc for _carrier, epc in self.shelves[shelf]]


def a_house(
    folder: Path,
    antennas: Sequence[Antenna],
    carriers: Mapping[int, int],
    *,
    database_url: str = "",
    numbers: Mapping[str, int] = NUMBERS,
    levels: Mapping[int, str] | None = None,
    staffed: bool = True,
) -> House:
    """A new house. `carriers`: how many stand on each shelf, secret unless `levels` says otherwise of the shelf.

    SQLite in the folder unless a URL is given. `staffed`: the clerk can sign in.
    """
    data = folder / "data"
    database = f'[database]\nurl = "{database_url}"\n' if database_url else ""
    lines = "\n".join(f"{name} = {value}" for name, value in numbers.items())
    create_folder(data, CONFIGURATION.format(database=database, numbers=lines))
    token = secrets.token_urlsafe(32)
    _configuration, opened, books = open_books(data, clock.now)
    with opened:
        archive = an_archive(books)
        shelves = {}
        for place, number in carriers.items():
            taken_in = archive.carriers(number, place=place, level=(levels or {}).get(place, "secret"))
            shelves[place] = tuple((carrier, epc_of(carrier)) for carrier in taken_in)
        if staffed:
            give_account(archive.books, PEOPLE["clerk"], (Role.CLERK,), None, PASSWORD)
            give_account(archive.books, PEOPLE["chen"], (Role.BORROWER,), None, PASSWORD)
        _readers(archive, antennas, token)
        books.checkpoint()
    return House(data, free_port(), token, tuple(antennas), shelves)


def _readers(archive: Archive, antennas: Sequence[Antenna], token: str) -> None:
    now = clock.now()
    with archive.books.database.writing() as connection:
        devices.create_device(connection, DEVICE, devices.token_hash(token), now)
        for name in sorted({antenna.reader for antenna in antennas}):
            readers.upsert_reader(connection, name, now, title_zh=name, title_en=name, device=DEVICE)
        for antenna in antennas:
            readers.upsert_antenna(connection, antenna.reader, antenna.number, antenna.place)


def free_port() -> int:
    """A port that is free, below those that the kernel gives to clients: it stays ours between two starts."""
    while True:
        port = secrets.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def edge_configuration(house: House, ports: Mapping[str, int], url: str, keepalive_seconds: float = 1.0) -> Path:
    """The daemon's configuration in the data folder, its readers at these ports, its server at the URL."""
    lines = [
        "[daemon]",
        f'name = "{DEVICE}"',
        'spool = "edge.spool"',
        "sighting_period_seconds = 0.5",
        "[server]",
        f'url = "{url}"',
        f'token = "{house.token}"',
    ]
    for name, port in sorted(ports.items()):
        numbers = sorted(antenna.number for antenna in house.antennas if antenna.reader == name)
        lines += [
            "[[reader]]",
            f'name = "{name}"',
            'kind = "llrp"',
            'host = "127.0.0.1"',
            f"port = {port}",
            f"antennas = {numbers}",
            f"keepalive_seconds = {keepalive_seconds}",
            "reconnect_seconds_max = 1",
        ]
    path = house.data / "edge.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


class Process:
    """One process of the product, which this test starts, kills and starts again. A context manager: killed at the end.

    `role` is `server`, `daemon` or `command`; its writes are marked (tests/prove/victim.py).
    """

    def __init__(
        self, folder: Path, role: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        """`environment`: what is set besides; nothing of ours is taken over from the test's own."""
        self.role = role
        self.marks = Marks(folder / f"{role}.marks")
        self._marks_path = folder / f"{role}.marks"
        self._log = folder / f"{role}.log"
        self._arguments = list(arguments)
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Process":
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self.marks.close()

    @property
    def running(self) -> subprocess.Popen[bytes]:
        """The process that was started last."""
        assert self._process is not None
        return self._process

    @property
    def log(self) -> str:
        """What it has said, over all starts."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def start(self) -> None:
        """Start it; it is not ready yet."""
        assert self._process is None or self._process.poll() is not None
        self.marks.forget()
        command = [sys.executable, "-m", "tests.prove.victim", str(self._marks_path), self.role, *self._arguments]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CUSTODY_")}
        environment |= self._environment
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def kill(self) -> bool:
        """SIGKILL, now; whether a write was open in it."""
        self.running.kill()
        return self._died()

    def kill_in_a_write(self, delay_seconds: float, timeout_seconds: float = 5.0) -> bool:
        """SIGKILL so long after a write has begun (or at the end of the time); whether one was open in it."""
        killer = (sys.executable, "-S", "-m", "tests.prove.killer")
        delay_us = str(round(delay_seconds * 1e6))
        subprocess.run(
            [*killer, str(self._marks_path), str(self.running.pid), delay_us, str(timeout_seconds)],
            cwd=REPOSITORY,
            check=False,
        )
        if self.running.poll() is None:
            self.running.kill()
        return self._died()

    def _died(self) -> bool:
        ended = self.running.wait(STOP_SECONDS_MAX)
        assert ended == -signal.SIGKILL, f"the {self.role} had ended by itself ({ended}):\n{self.log[-3000:]}"
        return self.marks.open_writes > 0

    def stop(self) -> None:
        """SIGTERM, and an orderly end."""
        self.running.send_signal(signal.SIGTERM)
        ended = self.running.wait(STOP_SECONDS_MAX)
        assert ended == 0, f"the {self.role} ended with {ended}:\n{self.log[-3000:]}"

    def ended(self) -> int:
        """Its exit code, when it has come to its end by itself."""
        return self.running.wait(START_SECONDS_MAX)

    def must_run(self) -> None:
        """Raise AssertionError with its log where it has ended by itself."""
        ended = self.running.poll()
        assert ended is None, f"the {self.role} ended by itself ({ended}):\n{self.log[-3000:]}"


def a_server(house: House, folder: Path) -> Process:
    """`custody serve` on the house's port."""
    return Process(folder, "server", ["--data", str(house.data), "--port", str(house.port)])


def a_daemon(configuration: Path, folder: Path) -> Process:
    """`custody-reader` with this configuration."""
    return Process(folder, "daemon", ["--config", str(configuration)])


def wait_until_served(house: House, server: Process) -> None:
    """Until the server answers and its database does."""
    until = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < until:
        server.must_run()
        try:
            with urllib.request.urlopen(f"{house.url}/api/v1/health", timeout=5) as answer:
                if b'"ready":true' in answer.read():
                    return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"the server was not ready in {START_SECONDS_MAX} s:\n{server.log[-3000:]}")


def wait_until_writing(daemon: Process, writes: int = 3) -> None:
    """Until the daemon has stored something since its start, so many times."""
    wanted = daemon.marks.begun + writes
    until = time.monotonic() + START_SECONDS_MAX
    while daemon.marks.begun < wanted:
        daemon.must_run()
        assert time.monotonic() < until, f"the daemon stored nothing:\n{daemon.log[-3000:]}"
        time.sleep(0.02)


def open_reading(house: House) -> Database:
    """The house's database, for reading."""
    from api.installation import open_database

    return open_database(house.data, read_only=True)[1]


ANTENNAS = (
    Antenna("cabinet", 1, SHELF, "B1-01-1"),
    Antenna("cabinet-2", 1, SHELF_2, "B1-01-2"),
    Antenna("reading", 1, 7, "B1-reading"),
    Antenna("corridor", 1, 9, "B1-corridor"),
)
STRANGERS = tuple(f"E280{number:020X}" for number in range(1, 15))
"""Tags that are not the house's own."""


def a_moving_scenario(house: House, rng: random.Random, seconds: int) -> str:
    """Four readers and some sixty tags: shelves that lie still, carriers that wander between two shelves, strangers
    that wander between two rooms. Every tag is heard somewhere all the time."""
    lines = [f"reader {antenna.reader} antennas {antenna.number}:{antenna.code}" for antenna in house.antennas]
    first, second, third, fourth = (f"{antenna.reader}/{antenna.number}" for antenna in house.antennas)
    wandering = house.epcs(SHELF)[-8:]
    lines += [f"tags shelf-1 {epc}" for epc in house.epcs(SHELF)]
    lines += [f"tags shelf-2 {epc}" for epc in house.epcs(SHELF_2)]
    lines += [f"tags strangers {epc}" for epc in STRANGERS]
    lines += [f"0.0 {first} arrive shelf-1 at -52", f"0.0 {second} arrive shelf-2 at -53"]
    lines += [f"0.0 {third} arrive strangers at -58"]
    at = dict.fromkeys(wandering, first) | dict.fromkeys(STRANGERS, third)
    other = {first: second, second: first, third: fourth, fourth: third}
    moment = 1.0
    while moment < seconds:
        for epc in rng.sample(wandering, 2) + rng.sample(STRANGERS, 3):
            # It is heard there before it is gone from here: nobody is ever out of hearing.
            lines.append(f"{moment:.1f} {other[at[epc]]} arrive {epc} at {-50 - rng.randrange(8)}")
            lines.append(f"{moment + 0.5:.1f} {at[epc]} leave {epc}")
            at[epc] = other[at[epc]]
        moment += 1.2
    return "\n".join(lines) + "\n"
