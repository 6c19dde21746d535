"""A portal whole: a virtual reader with a beam, the daemon in a process of its own, the server away and back."""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from door_scene import KEY
from sqlalchemy import func, select

from readers import doorlist
from readers.scenario import parse
from readers.virtual import VirtualReaderThread
from reconcile.intake import parse_batch
from reconcile.presence import settings_from
from reconcile.store.core import ANTENNA, DOOR_ALARM, READER, READER_INPUT, insert_new
from reconcile.store.intake import take
from reconcile.store.portals import BeamSetting, set_beam
from reconcile.store.presence import fold_new
from tests.builders import SCHEME
from tests.reconcile.findings.scene import GATE, Scene

DAEMON = """\
import random, sys, threading, time
from pathlib import Path
from readers.config import load
from readers.daemon import run_daemon
ahead = int(sys.argv[2])
run_daemon(load(Path(sys.argv[1])), clock=lambda: time.time_ns() // 1000 + ahead, rng=random.SystemRandom(),
           stop=threading.Event())
"""
"""The daemon by a clock of the archive's time, so that no machine's date matters."""
CONFIG = """\
[daemon]
name = "edge"
spool = "edge.spool"
sighting_period_seconds = 0.5
[server]
url = "http://127.0.0.1:{server}"
token = "secret"
[[reader]]
name = "gate"
kind = "llrp"
host = "127.0.0.1"
port = {reader}
keepalive_seconds = 0.5
reconnect_seconds_max = 0.5
[guard]
block = "{block}"
list = "door-list"
keys = ["{key}"]
fetch_seconds = 1
[[portal]]
name = "P-EAST"
reader = "gate"
inside = [1]
outside = [2]
beam_inside = 1
beam_outside = 2
outputs = ["siren"]
[[output]]
name = "siren"
kind = "gpo"
reader = "gate"
port = 3
seconds = 0.4
"""
SCENARIO = """\
reader gate antennas 1:IN 2:OUT
carrier taken {taken}
carrier permitted {permitted}
0.4 gate beam 1 for 0.3
0.7 gate beam 2 for 0.3
0.1 gate/1 pass taken permitted for 0.9 at -48
0.9 gate/2 pass taken permitted for 1.0 at -48
"""


@pytest.fixture
def scene(sqlite_scene: Scene) -> Scene:
    return sqlite_scene


def eventually(holds: Callable[[], Any], what: str, seconds: float = 20.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.02)
    raise AssertionError(f"did not come about within {seconds} s: {what}")


@contextmanager
def serving(scene: Scene, port: int, door_list: str) -> Iterator[None]:
    """The server's intake over the scene's database, at a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            batch = parse_batch(self.rfile.read(int(self.headers["Content-Length"])))
            with scene.database.writing() as connection:
                done = take(connection, "edge", batch, scene.now)
            text = f'{{"acknowledged":{done.acknowledged},"taken":{done.taken},"repeated":{done.repeated}}}'
            self.answers(text.encode())

        def do_GET(self) -> None:
            assert self.headers["Authorization"] == "Bearer secret"
            self.answers(door_list.encode())

        def answers(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield
        server.shutdown()
        thread.join()


@contextmanager
def daemon(config: Path, ahead: int) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-c", DAEMON, str(config), str(ahead)]
    running = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait(10)


def a_gate(scene: Scene) -> None:
    """The gate's reader on the server: its antennas and its beam."""
    with scene.database.writing() as connection:
        row = {"name": "gate", "enabled": True, "device": "", "title_zh": "门", "title_en": "", "state": "unknown"}
        insert_new(connection, READER, [row | {"detail": "", "enabled_at": scene.now}])
        for number, role in ((1, "inside"), (2, "outside")):
            insert_new(connection, ANTENNA, [{"reader": "gate", "number": number, "place": GATE, "role": role}])
        set_beam(connection, GATE, BeamSetting("gate", 1, 2))


@pytest.mark.process
def test_e_1_detect__a_door_sounds_without_a_server_and_tells_it_later_once_though_it_was_killed(
    scene: Scene, tmp_path: Path
) -> None:
    taken, permitted = scene.archive.carrier(), scene.archive.carrier()
    scene.wait(600)
    a_gate(scene)
    epcs = [scene.epcs(carrier)[0] for carrier in (taken, permitted)]
    ahead = scene.now - time.time_ns() // 1000
    text = doorlist.unsigned(KEY.origin, 7, scene.now, scene.now + 10**12, SCHEME.epc_block, b"s" * 16, {epcs[1]: 0})
    listed = doorlist.signed(text, KEY.signed(text))
    doorlist.keep(tmp_path / "door-list", listed)
    scenario = parse(SCENARIO.format(taken=epcs[0], permitted=epcs[1]))
    clock = lambda: time.time_ns() // 1000 + ahead  # noqa: E731
    with (
        socket.socket() as nobody,
        VirtualReaderThread(scenario, {"gate": 0}, clock=clock, reads_per_second=10, seed=1) as virtual,
    ):
        # Given a server that is away
        nobody.bind(("127.0.0.1", 0))
        server = nobody.getsockname()[1]
        config = tmp_path / "edge.toml"
        config.write_text(
            CONFIG.format(server=server, reader=virtual.ports["gate"], block=SCHEME.epc_block, key=KEY.vkey())
        )
        reader = virtual.readers["gate"]
        with daemon(config, ahead):
            # when a carrier that may not leave is carried out, its door sounds, and no longer than it should
            eventually(lambda: len(reader.switched) == 2, "the siren is on, then off")
            assert [(port, on) for _, port, on in reader.switched] == [(3, True), (3, False)]
            eventually(lambda: not (tmp_path / "door-list.alarms").read_text().strip("[]"), "the alarm is in the spool")
        # and it is told, once, by the daemon that comes after the one that was killed.
        nobody.close()
        with serving(scene, server, listed), daemon(config, ahead):
            eventually(lambda: _count(scene, DOOR_ALARM), "the alarm arrived")
            eventually(lambda: _count(scene, READER_INPUT) >= 4, "the beam arrived")
        assert len(reader.switched) == 2
    scene.wait(60)
    fold_new(scene.database, settings_from(SCHEME), scene.now)
    scene.check()
    # The permitted one is on the guard's list, but this archive's books know of no permit: it is the server's alone.
    (removal,) = [one.line for one in scene.found() if one.line.carrier == taken]
    assert removal.kind == "unauthorised_removal"
    with scene.database.reading() as connection:
        (alarm,) = connection.execute(select(DOOR_ALARM))
    assert (alarm.epc, alarm.direction, alarm.reason, alarm.door_list) == (epcs[0], "out", "not_listed", 7)
    assert (alarm.outputs, alarm.outcome, alarm.finding) == ("siren: on", "joined", removal.number)


def _count(scene: Scene, table: Any) -> int:
    with scene.database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0
