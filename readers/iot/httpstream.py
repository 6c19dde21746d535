"""A reader's HTTP interface, asked by us: single questions, and a stream of lines that does not end.

Over h11 and a socket of our own: the connection is closed by force from any thread, a timeout in the middle of a line
loses nothing, and no line grows without bound.
"""

import base64
import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import h11

from readers.driver import ConnectionFailed, ProtocolViolated, ReaderFrozen
from readers.iot.found import Opened, Parcel
from readers.sighting import Instant

LINE_BYTES_MAX = 1_000_000
ANSWER_BYTES_MAX = 1_000_000
_HEAD_BYTES_MAX = 32_768
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the reader answers; without `tls` it is plain HTTP."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    user: str = ""
    password: str = ""
    connect_seconds_max: float = 5.0
    answer_seconds_max: float = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question. `date` is the reader's own time, in whole seconds, where it tells it."""

    status: int
    body: bytes
    date: Instant | None


class LineSplitter:
    """Bytes to lines; a rest waits for its end. Bounded: a longer line is a violation."""

    def __init__(self, most: int = LINE_BYTES_MAX) -> None:
        self._most = most
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are complete now, without their ends. Raises ProtocolViolated."""
        self._rest += data
        end = self._rest.rfind(b"\n")
        lines = []
        if end >= 0:
            lines = bytes(self._rest[:end]).split(b"\n")
            del self._rest[: end + 1]
        if len(self._rest) > self._most:
            raise ProtocolViolated(f"a line of more than {self._most} bytes: is this a reader's event stream?")
        return [line.rstrip(b"\r") for line in lines]


class Exchange:
    """One request and its answer, whole or as it comes."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._socket: socket.socket | None = None
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_BYTES_MAX)
        self._closed = False
        self._ended = False

    def begin(self, method: str, path: str) -> h11.Response:
        """Send the request; the head of the answer. Raises DriverError."""
        endpoint = self._endpoint
        where = f"{endpoint.host}:{endpoint.port}"
        try:
            plain = socket.create_connection((endpoint.host, endpoint.port), endpoint.connect_seconds_max)
            self._socket = plain
            if endpoint.tls is not None:
                plain.settimeout(endpoint.answer_seconds_max)
                self._socket = endpoint.tls.wrap_socket(plain, server_hostname=endpoint.host)
        except ssl.SSLError as error:
            self.close()
            raise ConnectionFailed(f"no trusted connection to {where}: {error}: is `ca` its authority?") from error
        except OSError as error:
            self.close()
            raise ConnectionFailed(f"cannot connect to {where}: {error}") from error
        if self._closed:
            self.close()
            raise ConnectionFailed("the driver was closed")
        headers = [("Host", where), ("Accept", "application/json"), ("User-Agent", "custody-reader")]
        if endpoint.user:
            secret = base64.b64encode(f"{endpoint.user}:{endpoint.password}".encode()).decode()
            headers.append(("Authorization", f"Basic {secret}"))
        if method != "GET":
            headers.append(("Content-Length", "0"))
        request = h11.Request(method=method, target=path, headers=headers)
        self._send((self._http.send(request) or b"") + (self._http.send(h11.EndOfMessage()) or b""))
        deadline = time.monotonic() + endpoint.answer_seconds_max
        while True:
            for event in self.events(max(0.0, deadline - time.monotonic())):
                if isinstance(event, h11.Response):
                    return event
            if time.monotonic() >= deadline:
                raise ReaderFrozen(f"{where} did not answer within {endpoint.answer_seconds_max:g} s")

    def events(self, wait_seconds: float) -> list[h11.Event]:
        """What came, after at most this long. Raises ConnectionFailed at the end, ProtocolViolated."""
        found = self._ready()
        if found:
            return found
        if self._ended:
            raise ConnectionFailed("the reader ended the connection")
        data = self._receive(wait_seconds)
        if data is None:
            return []
        self._ended = not data
        self._http.receive_data(data)
        return self._ready()

    def close(self) -> None:
        """By force, from any thread."""
        self._closed = True
        found, self._socket = self._socket, None
        if found is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(found, socket.SHUT_RDWR)
            found.close()

    def _ready(self) -> list[h11.Event]:
        found: list[h11.Event] = []
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                self.close()
                if self._ended:
                    raise ConnectionFailed("the reader ended the connection in the middle") from error
                raise ProtocolViolated(f"the answer is no HTTP: {error}") from error
            if not isinstance(event, h11.Event):
                return found
            found.append(event)
            if isinstance(event, h11.Response):
                # The body comes with the next question, so that nothing of it is taken for granted.
                return found
            if isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                return found

    def _receive(self, wait_seconds: float) -> bytes | None:
        connection = self._socket
        if connection is None:
            raise ConnectionFailed("the connection was closed")
        try:
            connection.settimeout(max(0.01, wait_seconds))
            return connection.recv(_CHUNK)
        except TimeoutError:
            return None
        except (OSError, ValueError) as error:
            self.close()
            raise ConnectionFailed(f"the connection broke: {error}") from error

    def _send(self, data: bytes) -> None:
        connection = self._socket
        try:
            if connection is None:
                raise OSError("it was closed")
            connection.settimeout(self._endpoint.answer_seconds_max)
            connection.sendall(data)
        except (OSError, ValueError) as error:
            self.close()
            raise ConnectionFailed(f"the connection broke: {error}") from error


def date_of(response: h11.Response) -> Instant | None:
    """The reader's time, out of the head of its answer (RFC 9110, section 6.6.1); None where it tells none."""
    for name, value in response.headers:
        if name == b"date":
            with contextlib.suppress(ValueError, TypeError, OverflowError):
                return round(parsedate_to_datetime(value.decode("ascii")).timestamp() * 1_000_000)
    return None


class Asker:
    """Single questions to one reader; closed by force from any thread."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._current: Exchange | None = None
        self._closed = False

    def ask(self, method: str, path: str) -> Answer:
        """Raises DriverError where there is no answer; an answer of whatever status is an answer."""
        exchange = self._current = Exchange(self._endpoint)
        if self._closed:
            raise ConnectionFailed("the driver was closed")
        try:
            response = exchange.begin(method, path)
            body = bytearray()
            deadline = time.monotonic() + self._endpoint.answer_seconds_max
            while True:
                for event in exchange.events(max(0.0, deadline - time.monotonic())):
                    if isinstance(event, h11.Data):
                        body += event.data
                    elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                        return Answer(response.status_code, bytes(body), date_of(response))
                if len(body) > ANSWER_BYTES_MAX:
                    raise ProtocolViolated(f"the answer to {path} is longer than {ANSWER_BYTES_MAX} bytes")
                if time.monotonic() >= deadline:
                    raise ReaderFrozen(f"the answer to {path} did not end within the time")
        finally:
            exchange.close()

    def close(self) -> None:
        """No further questions, and an end to the present one."""
        self._closed = True
        if self._current is not None:
            self._current.close()


class LineStream:
    """A source over a stream of lines: an empty line is a sign of life."""

    pulled = True

    def __init__(
        self, endpoint: Endpoint, path: str, prepare: Callable[[Asker], Opened], clock: Callable[[], Instant]
    ) -> None:
        """`prepare` asks what there is to ask first, and starts the reader where that is wanted."""
        self._endpoint = endpoint
        self._path = path
        self._prepare = prepare
        self._clock = clock
        self._asker = Asker(endpoint)
        self._exchange = Exchange(endpoint)
        self._lines = LineSplitter()

    def open(self) -> Opened:
        """Raises DriverError."""
        opened = self._prepare(self._asker)
        response = self._exchange.begin("GET", self._path)
        if response.status_code != 200:
            self.close()
            raise refusal(response.status_code, self._path)
        return opened

    def receive(self, wait_seconds: float) -> list[Parcel]:
        """The lines that came. Raises ConnectionFailed at the end of the stream, ProtocolViolated."""
        found: list[Parcel] = []
        for event in self._exchange.events(wait_seconds):
            if isinstance(event, h11.Data):
                at = self._clock()
                found += [Parcel(line, at) for line in self._lines.feed(bytes(event.data))]
            elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                # What came before the end is taken first: the next question finds the connection closed.
                self._exchange.close()
                if not found:
                    raise ConnectionFailed("the reader ended the stream")
        return found

    def close(self) -> None:
        """By force, from any thread."""
        self._asker.close()
        self._exchange.close()


def refusal(status: int, path: str) -> ConnectionFailed | ProtocolViolated:
    """What an answer of another status than 200 means."""
    if status in (401, 403):
        return ConnectionFailed(f"the reader refuses us (status {status}): check `user` and `password_file`")
    if status == 404:
        return ProtocolViolated(f"the reader does not know {path}: is its REST interface switched on?")
    return ConnectionFailed(f"the reader answers {path} with status {status}")
