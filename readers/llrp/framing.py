"""The LLRP byte stream: a TCP connection that yields whole messages and can always be closed.

LLRP 1.0.1, section 15.2 (message header): 3 reserved bits, 3 bits version, 10 bits type, then the length of
the whole message in bytes and its identifier, both 32 bits, all big-endian.
"""

import contextlib
import socket
import struct
import threading
from typing import NamedTuple

from readers.driver import ConnectionFailed, ProtocolViolated

HEADER = struct.Struct(">HII")
MESSAGE_BYTES_MAX = 4 * 1024 * 1024
"""Longer than any report of a real reader (about 80,000 tags); what claims more is refused at once."""

RECEIVE_BYTES = 256 * 1024
VERSIONS = (1, 2)
"""Version 2 is LLRP 1.1, whose reports and keepalives are those of 1.0.1."""


class Message(NamedTuple):
    """One message: `body` without the header; `offset` is where its header stood in the stream, in bytes."""

    kind: int
    identifier: int
    body: bytes
    offset: int
    version: int = 1

    @property
    def data(self) -> bytes:
        """The whole message, header included."""
        head = (self.version << 10) | self.kind
        return HEADER.pack(head, HEADER.size + len(self.body), self.identifier) + self.body


class Framer:
    """Cuts received bytes into messages; keeps what is not whole yet."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._have = 0
        self._need = HEADER.size
        self._offset = 0

    @property
    def unfinished_bytes(self) -> int:
        """Bytes received of a message that is not whole."""
        return self._have

    def feed(self, data: bytes) -> list[Message]:
        """The messages that `data` completes, in order. Raises ProtocolViolated with the byte's offset."""
        self._parts.append(data)
        self._have += len(data)
        if self._have < self._need:
            return []
        # Joined only when a message can be whole: a long message in small pieces costs its length, once.
        buffer = b"".join(self._parts) if len(self._parts) > 1 else data
        messages: list[Message] = []
        at, end = 0, len(buffer)
        self._need = HEADER.size
        while end - at >= HEADER.size:
            head, length, identifier = HEADER.unpack_from(buffer, at)
            self._check(head, length, self._offset + at)
            if end - at < length:
                self._need = length
                break
            body = buffer[at + HEADER.size : at + length]
            messages.append(Message(head & 0x3FF, identifier, body, self._offset + at, (head >> 10) & 7))
            at += length
        self._parts = [buffer[at:]] if at < end else []
        self._have = end - at
        self._offset += at
        return messages

    @staticmethod
    def _check(head: int, length: int, offset: int) -> None:
        if head >> 13 or (head >> 10) & 7 not in VERSIONS:
            raise ProtocolViolated(
                f"byte {offset} of the connection: 0x{head:04X} does not begin an LLRP message; is this an LLRP reader?"
            )
        said = (
            f"byte {offset + 2} of the connection: a message of type {head & 0x3FF} says that it is {length} bytes long"
        )
        if length < HEADER.size:
            raise ProtocolViolated(f"{said}; the header alone is {HEADER.size}")
        if length > MESSAGE_BYTES_MAX:
            raise ProtocolViolated(f"{said}; at most {MESSAGE_BYTES_MAX} are taken")


class Connection:
    """One TCP connection to a reader. receive() and send() belong to one thread, close() to any."""

    def __init__(self, host: str, port: int, connect_seconds_max: float) -> None:
        """Connect. Raises ConnectionFailed."""
        self._framer = Framer()
        self._closed = threading.Event()
        self._using = threading.Lock()
        self._where = f"{host}:{port}"
        try:
            self._socket = socket.create_connection((host, port), timeout=connect_seconds_max)
        except OSError as error:
            raise ConnectionFailed(f"cannot connect to {self._where}: {error}") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self._closed.is_set()

    def receive(self, wait_seconds: float) -> list[Message]:
        """Messages that are whole within the time, perhaps none. Raises ConnectionFailed, ProtocolViolated."""
        with self._using:
            if self.closed:
                raise ConnectionFailed(f"the connection to {self._where} was closed")
            try:
                # Python waits with poll(): descriptors above 1023 are as good as any.
                self._socket.settimeout(wait_seconds)
                data = self._socket.recv(RECEIVE_BYTES)
            except TimeoutError:
                return []
            except OSError as error:
                raise ConnectionFailed(f"the connection to {self._where} broke: {error}") from error
        if not data:
            raise ConnectionFailed(self._ended())
        return self._framer.feed(data)

    def _ended(self) -> str:
        cut = self._framer.unfinished_bytes
        if cut:
            return f"{self._where} ended the connection in the middle of a message ({cut} bytes of it had come)"
        return f"{self._where} ended the connection"

    def send(self, data: bytes, wait_seconds: float) -> None:
        """Send whole. Raises ConnectionFailed when the reader takes nothing for so long."""
        with self._using:
            if self.closed:
                raise ConnectionFailed(f"the connection to {self._where} was closed")
            try:
                self._socket.settimeout(wait_seconds)
                self._socket.sendall(data)
            except OSError as error:
                raise ConnectionFailed(f"{self._where} takes no data: {error}") from error

    def close(self, farewell: bytes = b"") -> None:
        """End by force; a receive() in another thread returns at once. `farewell` goes out if there is room."""
        if self._closed.is_set():
            return
        self._closed.set()
        # The shutdown wakes the other thread; the descriptor is given back only when nobody uses it any more,
        # or the other thread could find itself reading somebody else's file.
        with contextlib.suppress(OSError):
            if farewell:
                self._socket.send(farewell, socket.MSG_DONTWAIT)
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        with self._using:
            self._socket.close()
