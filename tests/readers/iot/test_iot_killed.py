"""The daemon as a process, killed with -9 while a reader speaks through a real broker; and the server behind it."""

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from iot_doubles import Broker, BrokerReader, Clock, Heard, eventually, iot_reader, needs_broker, told_at, zebra_event
from sqlalchemy import text

from custody.database import Database
from readers.iot.config import IotConfig
from readers.making import maker_for
from reconcile.delivery import parse_delivery
from reconcile.intake import parse_batch
from reconcile.store.intake import take
from tests.prove.record import WHOLE, proof

KILLS = 12 if WHOLE else 1
CONFIG = """\
[daemon]
name = "edge-1"
spool = "edge-1.spool"
[server]
url = "{url}"
token = "secret"
[[reader]]
name = "dock"
kind = "zebra"
mode = "mqtt"
host = "127.0.0.1"
port = {port}
topics = ["dock/tags"]
antennas = [1]
reconnect_seconds_max = 0.5
"""


@pytest.fixture
def intake(new_sqlite: Callable[[], str]) -> Iterator[tuple[str, Database]]:
    """The server's own intake behind HTTP."""
    with Database.open(new_sqlite()) as database:

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                batch = parse_batch(raw) if "json" in self.headers["Content-Type"] else parse_delivery(raw)
                with database.writing() as connection:
                    found = take(connection, "edge-1", batch, Clock()())
                body = f'{{"acknowledged": {found.acknowledged}, "taken": {found.taken}, "repeated": {found.repeated}}}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", database
        server.shutdown()
        server.server_close()


@needs_broker
@pytest.mark.prove
@pytest.mark.process
def test_what_a_reader_said_over_kills_is_in_the_books_each_once(intake: tuple[str, Database], tmp_path: Path) -> None:
    url, database = intake
    broker = Broker(tmp_path / "broker")
    (tmp_path / "edge.toml").write_text(CONFIG.format(url=url, port=broker.port))
    command = [sys.executable, "-m", "readers.daemon", "--config", str(tmp_path / "edge.toml")]
    rng, clock = random.Random(29), Clock()
    device = BrokerReader("zebra", broker, "dock/tags")
    # The broker keeps for those whom it knows.
    iot = IotConfig("mqtt", "127.0.0.1", broker.port, ("dock/tags",), "custody-dock")
    known = maker_for(iot_reader("zebra", iot), clock)()
    known.open()
    known.close()
    sent: list[Heard] = []
    daemon: subprocess.Popen[bytes] | None = None

    def rows() -> list[tuple[str, int, int]]:
        with database.reading() as connection:
            found = connection.execute(text("SELECT epc, first_at, count FROM sighting ORDER BY epc, first_at"))
            return [(row[0], row[1], row[2]) for row in found]

    def speak(number: int) -> None:
        for _ in range(number):
            heard = Heard(len(sent), clock())
            sent.append(heard)
            device.say(zebra_event(heard))

    try:
        speak(1)
        for _ in range(KILLS):
            before = len(rows())
            daemon = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            eventually(lambda seen=before: len(rows()) > seen, 20)
            speak(rng.randint(60, 120))
            time.sleep(rng.uniform(0.0, 0.15))
            daemon.send_signal(signal.SIGKILL)
            daemon.wait(10)
            speak(30)
        daemon = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        eventually(lambda: len(rows()) >= len(sent), 20, lambda: f"{len(rows())} of {len(sent)}")
        time.sleep(0.3)
        with proof("edge daemon killed, reader through an MQTT broker", seed=29) as row:
            found, wanted = rows(), sorted((heard.epc, told_at("zebra", heard), 1) for heard in sent)
            row.kills, row.acknowledged = KILLS, len(wanted)
            row.lost, row.doubled = len(set(wanted) - set(found)), len(found) - len(set(found))
            assert found == wanted
    finally:
        if daemon is not None:
            daemon.kill()
            daemon.wait(10)
        device.close()
        broker.stop()
