"""The daemon whole: from a reader's bytes to a server's journal, through kills, failures and an orderly end."""

import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from edge_doubles import SHELF, ReaderDouble, ServerDouble, eventually, now_us

from readers.config import DaemonConfig, ReaderConfig, load
from readers.daemon import main, run_daemon
from readers.spool import Spool, SpoolFull

CONFIG = """\
[daemon]
name = "edge-1"
spool = "edge-1.spool"
sighting_period_seconds = 0.5
[server]
url = "{url}"
token = "secret"
"""
READER = """\
[[reader]]
name = "{name}"
kind = "llrp"
host = "127.0.0.1"
port = {port}
keepalive_seconds = 0.5
reconnect_seconds_max = 0.5
"""


@pytest.fixture
def reader() -> Iterator[ReaderDouble]:
    with ReaderDouble() as double:
        yield double


@pytest.fixture
def server() -> Iterator[ServerDouble]:
    with ServerDouble() as double:
        yield double


def write(folder: Path, server: ServerDouble, **readers: ReaderDouble) -> Path:
    path = folder / "edge.toml"
    sections = [READER.format(name=name, port=reader.port) for name, reader in readers.items()]
    path.write_text(CONFIG.format(url=server.url) + "".join(sections))
    return path


def start(config: Path, *more: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "readers.daemon", "--config", str(config), *more]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def end(daemon: "subprocess.Popen[str]", number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
    daemon.send_signal(number)
    _, log = daemon.communicate(timeout=20)
    return daemon.returncode, log


class Running:
    """A daemon in this process."""

    def __init__(self, config: DaemonConfig, record: Path | None = None, seed: int = 5) -> None:
        self.stop = threading.Event()
        self.thread = threading.Thread(
            target=run_daemon,
            args=(config,),
            kwargs={"clock": now_us, "rng": random.Random(seed), "stop": self.stop, "record": record},
        )
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(15)
        assert not self.thread.is_alive()


def sequences(server: ServerDouble) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for boot, sequence in list(server.records):
        found.setdefault(boot, []).append(sequence)
    return found


def test_from_the_readers_bytes_to_the_servers_journal(
    tmp_path: Path, server: ServerDouble, reader: ReaderDouble
) -> None:
    """Given two readers, when everything fails now and then, every read arrives once, in order, with its coverage."""
    with ReaderDouble(epcs=("AA" * 12,)) as portal:
        server.failures = ["500", "deaf", "drop"]
        running = Running(load(write(tmp_path, server, cabinet=reader, portal=portal)))
        eventually(lambda: reader.tags_sent > 60 and portal.tags_sent > 30)
        portal.cut()
        eventually(lambda: portal.connections == 2 and server.of_kind("coverage"))
        for double in (reader, portal):
            double.reads_every_seconds = 60
        eventually(lambda: server.counted() == reader.tags_sent + portal.tags_sent)
        running.end()
    (found,) = sequences(server).values()
    assert found == list(range(1, len(found) + 1))
    assert server.counted("cabinet") == reader.tags_sent
    assert server.counted("portal") == portal.tags_sent
    assert {row[1] for row in server.of_kind("coverage")} == {"cabinet", "portal"}
    states = [row[2] for row in server.of_kind("reports") if row[1] == "portal"]
    assert states == ["connecting", "listening", "disconnected", "listening", "stopped"]
    # The parcel that was taken but not answered came again, and made nothing new.
    assert len(server.journal) > len({(taken.boot, taken.first_seq) for taken in server.journal})


@pytest.mark.process
def test_no_record_is_lost_over_kills(tmp_path: Path, server: ServerDouble, reader: ReaderDouble) -> None:
    """Three kills -9 at random moments, with a server that fails: every stored record arrives, under its own key."""
    config, rng = write(tmp_path, server, cabinet=reader), random.Random(17)
    spooled: dict[str, int] = {}
    for _ in range(3):
        server.failures = rng.choices(("500", "drop", "deaf", ""), k=3)
        before = len(sequences(server))
        daemon = start(config)
        eventually(lambda n=before: len(sequences(server)) > n, 20, "a record of the new boot")
        time.sleep(rng.uniform(0.2, 0.9))
        end(daemon, signal.SIGKILL)
        spool = sqlite3.connect(tmp_path / "edge-1.spool")
        spooled |= dict(spool.execute("SELECT boot, max(last_seq) FROM batch GROUP BY boot"))
        spool.close()
    server.failures = []
    daemon = start(config)
    eventually(lambda: len(sequences(server)) == 4, 20)
    code, log = end(daemon)
    assert code == 0
    assert "stopped; 0 records wait in the spool" in log
    found = sequences(server)
    assert len(found) == 4
    for boot, kept in found.items():
        assert kept == list(range(1, len(kept) + 1)), "in order, without a gap"
        assert len(kept) >= spooled.get(boot, 1), "all that was stored arrived"
    # Boots one after the other, as they were.
    assert list(dict.fromkeys(taken.boot for taken in server.journal)) == list(found)


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_order(tmp_path: Path, server: ServerDouble, reader: ReaderDouble, number: signal.Signals) -> None:
    daemon = start(write(tmp_path, server, cabinet=reader))
    eventually(lambda: server.of_kind("sightings"), 20)
    time.sleep(0.5)
    before = now_us()
    code, log = end(daemon, number)
    assert code == 0
    assert server.of_kind("reports")[-1][2] == "stopped"
    assert server.of_kind("coverage")[-1][4] > before - 1_000_000
    assert server.counted() <= reader.tags_sent
    assert len(log.splitlines()) < 12, "the log tells of changes, not of reads"


@pytest.mark.process
def test_without_a_server_the_spool_keeps_everything_for_later(tmp_path: Path, reader: ReaderDouble) -> None:
    with ServerDouble() as away:
        config = write(tmp_path, away, cabinet=reader)
    daemon = start(config)
    eventually(lambda: reader.tags_sent > 40, 20)
    code, log = end(daemon)
    assert code == 0
    assert log.count("cannot be reached") == 1
    with ServerDouble() as back:
        running = Running(load(write(tmp_path, back, cabinet=reader)))
        eventually(lambda: len(sequences(back)) == 2)
        running.end()
        for kept in sequences(back).values():
            assert kept == list(range(1, len(kept) + 1))


@pytest.mark.process
def test_two_daemons_do_not_share_a_spool(tmp_path: Path, server: ServerDouble, reader: ReaderDouble) -> None:
    config = write(tmp_path, server, cabinet=reader)
    running = Running(load(config))
    eventually(lambda: server.records)
    second = start(config)
    _, log = second.communicate(timeout=20)
    running.end()
    assert second.returncode == 1
    assert "is in use by another custody-reader" in log


def test_a_full_disk_holds_the_readers_back_and_passes(
    tmp_path: Path, server: ServerDouble, reader: ReaderDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost while the disk is full, and nobody has to come."""
    full, refused = threading.Event(), threading.Event()
    append = Spool.append

    def appending(self: Spool, records: object, *known: object) -> int:
        if full.is_set():
            refused.set()
            raise SpoolFull("the disk of the spool takes nothing more")
        return append(self, records, *known)  # type: ignore[arg-type]

    monkeypatch.setattr(Spool, "append", appending)
    monkeypatch.setattr("readers.daemon.RETRY_SECONDS", 0.1)
    running = Running(load(write(tmp_path, server, cabinet=reader)))
    eventually(lambda: server.of_kind("sightings"))
    full.set()
    assert refused.wait(10)
    time.sleep(0.5)
    full.clear()
    sent = reader.tags_sent
    eventually(lambda: server.counted() > sent)
    reader.reads_every_seconds = 60
    eventually(lambda: server.counted() == reader.tags_sent)
    running.end()
    assert server.counted() == reader.tags_sent


def test_what_is_recorded_can_be_replayed(tmp_path: Path, reader: ReaderDouble) -> None:
    recording = tmp_path / "cabinet.jsonl"
    with ServerDouble() as server:
        running = Running(load(write(tmp_path, server, cabinet=reader)), record=recording)
        eventually(lambda: reader.tags_sent > 20)
        running.end()
        heard = server.counted()
    replayed = ReaderConfig("cabinet", "replay", file=recording, reconnect_seconds_max=60)
    with ServerDouble() as server:
        running = Running(
            DaemonConfig("edge-2", tmp_path / "2.spool", server.url, "secret", (replayed,), sighting_period_seconds=0.5)
        )
        eventually(lambda: server.counted() >= heard)
        running.end()
        assert {row[1] for row in server.of_kind("sightings")} == set(SHELF)


# The command


def test_check_says_what_the_configuration_means(
    tmp_path: Path, server: ServerDouble, reader: ReaderDouble, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(write(tmp_path, server, cabinet=reader)), "--check", "--offline"]) == 0
    said = capsys.readouterr().out
    assert f"edge-1: to {server.url}" in said
    assert f"cabinet: llrp 127.0.0.1:{reader.port}, antennas all" in said
    assert not (tmp_path / "edge-1.spool").exists()


def test_a_wrong_configuration_is_said_and_nothing_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "edge.toml"
    path.write_text('[daemon]\nnmae = "x"\n')
    for arguments in (["--check"], []):
        assert main(["--config", str(path), *arguments]) == 2
        assert "line 2: [daemon] nmae is unknown: did you mean name?" in capsys.readouterr().err


@pytest.mark.process
def test_refused_records_are_sent_again_when_asked(tmp_path: Path, reader: ReaderDouble) -> None:
    with ServerDouble(invalid=lambda kind, row: kind == "reports") as server:
        config = write(tmp_path, server, cabinet=reader)
        running = Running(load(config))
        eventually(lambda: server.of_kind("sightings"))
        running.end()
        assert not server.of_kind("reports")
        server.invalid = lambda kind, row: False
        daemon = start(config, "--retry-rejected")
        eventually(lambda: len(sequences(server)) == 2, 20)
        code, log = end(daemon)
        assert code == 0
        assert "3 refused records are put back" in log
        for kept in sequences(server).values():
            assert sorted(kept) == list(range(1, len(kept) + 1))


@pytest.mark.process
def test_it_needs_neither_the_web_nor_a_database_server() -> None:
    program = (
        "import sys, readers.daemon\n"
        "found = {name.split('.')[0] for name in sys.modules}\n"
        "bad = found & {'custody', 'reconcile', 'api', 'fastapi', 'starlette', 'sqlalchemy', 'sqlmodel', 'psycopg',\n"
        "               'pandas', 'apscheduler', 'uvicorn', 'jinja2'}\n"
        "sys.exit(f'imported: {sorted(bad)}' if bad else 0)\n"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
