"""A listening address of ours to which a reader posts: it is answered when what it posted is on the spool's disk.

So a reader that keeps what was not answered with 200 loses nothing over our death, and what it then sends again is
known again. Bodies, heads, connections and what waits are all bounded; what is too much is answered with 413 or 503.
"""

import base64
import binascii
import contextlib
import hmac
import logging
import queue
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass

import h11

from readers.driver import ConnectionFailed, Identity
from readers.iot.found import Opened, Parcel
from readers.sighting import Instant

log = logging.getLogger(__name__)

BODY_BYTES_MAX = 32_000_000
"""One post: 66,000 events of some 400 bytes and to spare."""
CONNECTIONS_MAX = 16
WAITING_MAX = 4
"""Posts that wait to be taken."""
ANSWER_SECONDS = 20.0
_IDLE_SECONDS = 120.0
_HEAD_BYTES_MAX = 32_768


@dataclass(frozen=True, slots=True)
class Listening:
    """Where and to whom we listen. `path` must be met exactly; with `user`, so must name and password."""

    host: str
    port: int
    path: str = "/"
    user: str = ""
    password: str = ""
    tls: ssl.SSLContext | None = None
    body_bytes_max: int = BODY_BYTES_MAX
    answer_seconds: float = ANSWER_SECONDS


class Webhook:
    """A source to which the reader itself comes."""

    pulled = False

    def __init__(self, listening: Listening, clock: Callable[[], Instant]) -> None:
        self._listening = listening
        self._clock = clock
        self._waiting: queue.Queue[Parcel] = queue.Queue(WAITING_MAX)
        self._guard = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._server: socket.socket | None = None
        self._closed = threading.Event()
        self.port = listening.port
        """The port in use, once open (for port 0 the system chooses one)."""

    def open(self) -> Opened:
        """Raises ConnectionFailed where the address cannot be had."""
        where = (self._listening.host, self._listening.port)
        family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
        server = socket.socket(family, socket.SOCK_STREAM)
        try:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(where)
            server.listen(CONNECTIONS_MAX)
        except OSError as error:
            server.close()
            raise ConnectionFailed(f"cannot listen on {where[0]}:{where[1]}: {error}: correct `listen`") from error
        self._server = server
        self.port = int(server.getsockname()[1])
        if self._closed.is_set():
            self.close()
            raise ConnectionFailed("the driver was closed")
        threading.Thread(target=self._accept, args=(server,), name=f"posts-{self.port}", daemon=True).start()
        return Opened(Identity(None, None, ()))

    def receive(self, wait_seconds: float) -> list[Parcel]:
        """What was posted. Raises ConnectionFailed where nobody listens any more."""
        if self._closed.is_set():
            raise ConnectionFailed("the listening address was closed")
        try:
            found = [self._waiting.get(timeout=wait_seconds)]
        except queue.Empty:
            return []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._waiting.get_nowait())
        return found

    def close(self) -> None:
        """By force, from any thread; who waits for an answer gets none, and sends again."""
        self._closed.set()
        with self._guard:
            found, self._connections = list(self._connections), set()
        if self._server is not None:
            found.append(self._server)
        for each in found:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(each, socket.SHUT_RDWR)
            each.close()

    # The threads of the connections

    def _accept(self, server: socket.socket) -> None:
        while not self._closed.is_set():
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with self._guard:
                crowded = self._closed.is_set() or len(self._connections) >= CONNECTIONS_MAX
                if not crowded:
                    self._connections.add(connection)
            if crowded:
                connection.close()
                continue
            threading.Thread(target=self._serve, args=(connection,), name=f"post-{self.port}", daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        connection = plain
        try:
            plain.settimeout(self._listening.answer_seconds)
            if self._listening.tls is not None:
                connection = self._listening.tls.wrap_socket(plain, server_side=True)
                with self._guard:
                    self._connections.discard(plain)
                    self._connections.add(connection)
                if self._closed.is_set():
                    return
            connection.settimeout(_IDLE_SECONDS)
            _Conversation(connection, self._listening, self._take).run()
        except (OSError, ValueError) as error:
            # A peer that breaks off sends again; it is told at a low level, since any port scan does so.
            log.debug("a post to port %d broke off: %s", self.port, error)
        finally:
            with self._guard:
                self._connections -= {plain, connection}
            connection.close()

    def _take(self, body: bytes) -> int:
        """Hand over a body and wait for it to be stored; the status to answer with."""
        done = threading.Event()
        try:
            self._waiting.put_nowait(Parcel(body, self._clock(), done.set))
        except queue.Full:
            return 503
        waited = 0.0
        while waited < self._listening.answer_seconds and not self._closed.is_set():
            if done.wait(0.5):
                return 200
            waited += 0.5
        return 200 if done.is_set() else 503


class _Conversation:
    """One connection of a reader: requests, one after the other."""

    def __init__(self, connection: socket.socket, listening: Listening, take: Callable[[bytes], int]) -> None:
        self._connection = connection
        self._listening = listening
        self._take = take
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD_BYTES_MAX)

    def run(self) -> None:
        """Until the reader goes, or does what HTTP does not allow. Raises OSError."""
        while True:
            try:
                goes_on = self._request()
            except h11.RemoteProtocolError as error:
                if self._http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
                    self._answer(error.error_status_hint)
                return
            if not goes_on or self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                return
            self._http.start_next_cycle()

    def _request(self) -> bool:
        """One request and its answer; False where none came any more."""
        request = self._event()
        if not isinstance(request, h11.Request):
            return False
        status = self._refused(request)
        if status:
            self._answer(status)
            return False
        body = bytearray()
        while True:
            if self._http.they_are_waiting_for_100_continue:
                self._send(self._http.send(h11.InformationalResponse(status_code=100, headers=[])))
            event = self._event()
            if isinstance(event, h11.Data):
                body += event.data
                if len(body) > self._listening.body_bytes_max:
                    self._answer(413)
                    return False
            elif isinstance(event, h11.EndOfMessage):
                self._answer(self._take(bytes(body)))
                return True
            else:
                return False

    def _refused(self, request: h11.Request) -> int:
        listening = self._listening
        path = request.target.split(b"?", 1)[0]
        headers = {bytes(name): bytes(value) for name, value in request.headers}
        if not hmac.compare_digest(path, listening.path.encode()):
            return 404
        if listening.user and not _is_known(headers.get(b"authorization", b""), listening):
            return 401
        if request.method not in (b"POST", b"PUT"):
            return 405
        length = headers.get(b"content-length", b"0")
        return 413 if length.isdigit() and int(length[:20]) > listening.body_bytes_max else 0

    def _event(self) -> h11.Event:
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Event):
                return event
            if event is h11.PAUSED:
                raise OSError("more came than one request")
            self._http.receive_data(self._connection.recv(65_536))

    def _answer(self, status: int) -> None:
        headers = [("Content-Length", "0")]
        if status == 401:
            headers.append(("WWW-Authenticate", 'Basic realm="custody"'))
        if status == 503:
            headers.append(("Retry-After", "5"))
        if status >= 400 and status != 503:
            headers.append(("Connection", "close"))
        self._send(self._http.send(h11.Response(status_code=status, headers=headers)))
        self._send(self._http.send(h11.EndOfMessage()))

    def _send(self, data: bytes | None) -> None:
        if data:
            self._connection.sendall(data)


def _is_known(header: bytes, listening: Listening) -> bool:
    """Whether a Basic authorisation (RFC 7617) is the configured one; compared in constant time."""
    kind, _, secret = header.partition(b" ")
    try:
        found = base64.b64decode(secret.strip(), validate=True) if kind.lower() == b"basic" else b""
    except binascii.Error:
        found = b""
    return hmac.compare_digest(found, f"{listening.user}:{listening.password}".encode())
