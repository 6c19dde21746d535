"""The judge between daemon and server: it forwards every delivery and remembers what the server acknowledged.

Its memory is the test's own and depends on none of the product's bookkeeping. Now and then it loses an answer on
purpose, after it has been seen: the daemon must then send the same again.
"""

import http.client
import json
import random
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from readers.packing import MEDIA_TYPE, unpack_delivery
from readers.spool import KINDS, pack

Key = tuple[str, int]
"""Boot and sequence."""
ANSWER_SECONDS_MAX = 20


@dataclass
class Journal:
    """What was sent and what was acknowledged. `doubtful`: the same key sent with two contents."""

    sent: dict[Key, tuple[str, list[Any]]] = field(default_factory=dict)
    acknowledged: set[Key] = field(default_factory=set)
    doubtful: list[Key] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    deliveries: int = 0
    turn: threading.Lock = field(default_factory=threading.Lock)

    def saw_request(self, body: dict[str, Any]) -> list[Key]:
        """A delivery on its way to the server; its keys."""
        keys = []
        with self.turn:
            for kind in KINDS:
                for row in body.get(kind, ()):
                    key = (body["boot"], row[0])
                    keys.append(key)
                    if self.sent.setdefault(key, (kind, row)) != (kind, row):
                        self.doubtful.append(key)
        return keys

    def saw_answer(self, keys: list[Key], status: int, answer: bytes) -> None:
        """The server's answer to these keys."""
        with self.turn:
            self.deliveries += 1
            if status != 200:
                self.refused.append(f"{status}: {answer[:300].decode('utf-8', 'replace')}")
                return
            said = json.loads(answer)
            if said["taken"] + said["repeated"] >= len(keys):
                self.acknowledged |= set(keys)
            boot = keys[0][0]
            self.acknowledged |= {key for key in self.sent if key[0] == boot and key[1] <= said["acknowledged"]}

    def boots(self) -> dict[str, set[int]]:
        """Sequences acknowledged, by boot."""
        found: dict[str, set[int]] = {}
        with self.turn:
            for boot, sequence in self.acknowledged:
                found.setdefault(boot, set()).add(sequence)
        return found


def rows_of(raw: bytes, kind: str) -> dict[str, Any]:
    """The rows of a delivery, in whichever form it is sent."""
    if kind != MEDIA_TYPE:
        found: dict[str, Any] = json.loads(raw)
        return found
    rows, packed = unpack_delivery(raw)
    body: dict[str, Any] = json.loads(rows)
    for first, sightings in packed:
        body["sightings"] += [pack(one, sequence)[1] for sequence, one in enumerate(sightings, first)]
    return body


class Forwarder:
    """An HTTP server on a free port of 127.0.0.1 that forwards to `port`. A context manager."""

    def __init__(self, port: int, rng: random.Random, answers_lost: float = 0.05) -> None:
        self.journal = Journal()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(port, self.journal, rng, answers_lost))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="forwarder")

    @property
    def url(self) -> str:
        """Where the daemon finds it."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Forwarder":
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(port: int, journal: Journal, rng: random.Random, answers_lost: float) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        accepts = ""

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            keys = journal.saw_request(rows_of(raw, self.headers["Content-Type"]))
            try:
                status, answer, self.accepts = self._forward(raw)
            except (OSError, http.client.HTTPException):
                # The server is down, or died before its answer was whole: nothing is acknowledged.
                self._answer(502, b"{}")
                return
            journal.saw_answer(keys, status, answer)
            if status == 200 and rng.random() < answers_lost:
                self.close_connection = True
                return
            self._answer(status, answer)

        def _forward(self, raw: bytes) -> tuple[int, bytes, str]:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS_MAX)
            try:
                headers = {name: self.headers[name] for name in ("Authorization", "Content-Type")}
                connection.request("POST", self.path, raw, headers)
                response = connection.getresponse()
                return response.status, response.read(), response.getheader("Accept-Post", "")
            finally:
                connection.close()

        def _answer(self, status: int, answer: bytes) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.send_header("Accept-Post", self.accepts)
                self.end_headers()
                self.wfile.write(answer)
            except OSError:
                # The daemon was killed while it waited.
                self.close_connection = True

        def log_message(self, format: str, *arguments: object) -> None:
            """Silent."""

    return Handler
