"""An MQTT broker between the reader and us (MQTT 3.1.1), over paho-mqtt 2.1.

The session is kept by the broker (a fixed client name, no clean session), subscriptions ask for QoS 1, and a message is
acknowledged when its content is on the spool's disk: what the broker has, no death of ours loses. The loop is our own,
because paho's waits with select(), which fails on file descriptors above 1023, and reconnects by itself, unseen.
"""

import contextlib
import logging
import select
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from readers.driver import ConnectionFailed, DriverError, Identity, ProtocolViolated, ReaderFrozen
from readers.iot.found import Opened, Parcel
from readers.iot.memory import Memory
from readers.sighting import Instant

log = logging.getLogger(__name__)

PAYLOAD_BYTES_MAX = 8_000_000
MESSAGES_MAX = 500
"""Messages taken in one piece."""
_QOS = 1
_REFUSED = 0x80
# What paho raises where a packet is cut or malformed: it does not promise a class of its own.
_MALFORMED = (struct.error, ValueError, IndexError, KeyError, TypeError, AttributeError, AssertionError)


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is, who we are there, and what we subscribe to."""

    host: str
    port: int
    topics: tuple[str, ...]
    client: str
    user: str = ""
    password: str = ""
    tls: ssl.SSLContext | None = None
    keepalive_seconds: int = 15
    connect_seconds_max: float = 5.0
    answer_seconds_max: float = 10.0


class MqttSource:
    """A source at a broker; a fresh one for every connection."""

    pulled = False

    def __init__(self, broker: Broker, memory: Memory, clock: Callable[[], Instant]) -> None:
        """`memory` knows whether the broker kept a session for us before."""
        self._broker = broker
        self._memory = memory
        self._clock = clock
        self._closed = threading.Event()
        self._received: list[Parcel] = []
        self._to_acknowledge: deque[int] = deque()
        self._connected: tuple[int, bool, str] | None = None
        self._granted: list[int] | None = None
        self._waker, self._woken = socket.socketpair()
        for each in (self._waker, self._woken):
            each.setblocking(False)
        self._tls = None if broker.tls is None else _Watched(broker.tls)
        self._client = self._made()

    def _made(self) -> paho.Client:
        broker = self._broker
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=broker.client,
            clean_session=False,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = broker.connect_seconds_max
        if broker.user:
            client.username_pw_set(broker.user, broker.password)
        if broker.tls is not None:
            client.tls_set_context(cast(ssl.SSLContext, self._tls))
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        # Registered so that an acknowledgement is queued, and written by our own loop.
        client.on_socket_register_write = _nothing
        return client

    def open(self) -> Opened:
        """Raises ConnectionFailed, ReaderFrozen, ProtocolViolated."""
        broker = self._broker
        where = f"the broker {broker.host}:{broker.port}"
        try:
            self._client.connect(broker.host, broker.port, broker.keepalive_seconds)
        except ssl.SSLError as error:
            self.close()
            raise ConnectionFailed(f"no trusted connection to {where}: {error}: is `ca` its authority?") from error
        except (OSError, ValueError) as error:
            self.close()
            raise ConnectionFailed(f"cannot connect to {where}: {error}") from error
        try:
            self._await(lambda: self._connected is not None, f"{where} did not answer the connection")
            session = self._connected is not None and self._connected[1]
            self._client.subscribe([(topic, _QOS) for topic in broker.topics])
            self._await(lambda: self._granted is not None, f"{where} did not answer the subscription")
        except DriverError:
            self.close()
            raise
        if any(granted >= _REFUSED for granted in self._granted or ()):
            self.close()
            raise ProtocolViolated(f"{where} refuses a subscription: check `topics`, and what {broker.client} may read")
        if any(granted < _QOS for granted in self._granted or ()):
            log.warning("%s delivers at most once: what it sends while we are away is lost", where)
        forgot = self._memory.session and not session
        self._memory.session = True
        lost = f"{where} kept no session for us: what the reader sent meanwhile may be missing" if forgot else None
        return Opened(Identity(None, None, ()), lost=lost)

    def receive(self, wait_seconds: float) -> list[Parcel]:
        """What came. Raises ConnectionFailed when the connection ended, ProtocolViolated."""
        if not self._received:
            self._turn(wait_seconds)
        found, self._received = self._received, []
        return found

    def close(self) -> None:
        """By force, from any thread: no farewell, so that the broker keeps the session as it stands."""
        self._closed.set()
        connection = self._client.socket()
        if isinstance(connection, socket.socket):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            connection.close()
        for each in (self._waker, self._woken):
            each.close()
        if self._tls is not None and self._tls.wrapped is not None:
            self._tls.wrapped.close()

    # The connection's own thread

    def _await(self, answered: Callable[[], bool], missing: str) -> None:
        deadline = time.monotonic() + self._broker.answer_seconds_max
        while not answered():
            left = deadline - time.monotonic()
            if left <= 0:
                raise ReaderFrozen(f"{missing} within {self._broker.answer_seconds_max:g} s")
            self._turn(min(left, 0.2), all_of_it=False)

    def _turn(self, wait_seconds: float, all_of_it: bool = True) -> None:
        """Read what there is, write what is due, keep the connection alive."""
        client = self._client
        self._acknowledge()
        ready = self._wait(wait_seconds)
        try:
            while ready:
                self._check(client.loop_read())
                self._check_size()
                ready = all_of_it and len(self._received) < MESSAGES_MAX and self._wait(0)
            if client.want_write():
                self._check(client.loop_write())
            self._check(client.loop_misc())
        except _MALFORMED as error:
            raise ProtocolViolated(f"the broker sent what MQTT does not allow: {error}") from error
        except OSError as error:
            raise ConnectionFailed(f"the connection to the broker broke: {error}") from error

    def _wait(self, wait_seconds: float) -> bool:
        connection = self._client.socket()
        if self._closed.is_set() or not isinstance(connection, socket.socket):
            raise ConnectionFailed("the connection to the broker is closed")
        if isinstance(connection, ssl.SSLSocket) and connection.pending():
            return True
        poll = select.poll()
        try:
            poll.register(connection, select.POLLIN)
            poll.register(self._woken, select.POLLIN)
            ready = {number for number, _ in poll.poll(wait_seconds * 1000)}
            if self._woken.fileno() in ready:
                with contextlib.suppress(BlockingIOError):
                    self._woken.recv(4096)
            return connection.fileno() in ready
        except (OSError, ValueError) as error:
            raise ConnectionFailed("the connection to the broker is closed") from error

    def _check(self, code: MQTTErrorCode) -> None:
        if code == MQTTErrorCode.MQTT_ERR_SUCCESS or code == MQTTErrorCode.MQTT_ERR_AGAIN:
            return
        if self._connected is not None and self._connected[0]:
            broker = f"the broker {self._broker.host}:{self._broker.port}"
            raise ConnectionFailed(
                f"{broker} refuses us: {self._connected[2]}: check `user`, `password_file` and `client`"
            )
        if code == MQTTErrorCode.MQTT_ERR_PROTOCOL:
            raise ProtocolViolated("the broker sent what MQTT does not allow")
        raise ConnectionFailed(f"the connection to the broker ended: {paho.error_string(code)}")

    def _check_size(self) -> None:
        # MQTT allows 256 MB in one packet, and paho would wait for them.
        size = self._client._in_packet["remaining_length"]
        if size > PAYLOAD_BYTES_MAX:
            raise ProtocolViolated(f"a message of {size} bytes; at most {PAYLOAD_BYTES_MAX} are taken")

    def _acknowledge(self) -> None:
        with contextlib.suppress(IndexError):
            while True:
                self._client.ack(self._to_acknowledge.popleft(), _QOS)
        if self._client.want_write():
            with contextlib.suppress(OSError):
                self._client.loop_write()

    # Called by paho, in the thread of the loop

    def _on_connect(
        self, _client: paho.Client, _data: Any, flags: paho.ConnectFlags, reason: ReasonCode, _properties: Any
    ) -> None:
        self._connected = (reason.value, flags.session_present, str(reason))

    def _on_subscribe(
        self, _client: paho.Client, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Any
    ) -> None:
        self._granted = [reason.value for reason in reasons]

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        settle = None
        if message.qos:
            number = message.mid

            def settle() -> None:
                self._settle(number)

        self._received.append(Parcel(bytes(message.payload), self._clock(), settle, message.retain))

    def _settle(self, number: int) -> None:
        """From any thread. After the end of this connection the number means nothing any more."""
        if not self._closed.is_set():
            self._to_acknowledge.append(number)
            with contextlib.suppress(OSError):
                self._waker.send(b".")


class _Watched:
    """A TLS context that knows what it wrapped last: paho leaves a socket open whose handshake failed."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self.wrapped: ssl.SSLSocket | None = None

    def wrap_socket(self, *plain: Any, **options: Any) -> ssl.SSLSocket:
        """As the context does it."""
        self.wrapped = self._context.wrap_socket(*plain, **options)
        return self.wrapped

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


def _nothing(*_: object) -> None:
    """Said only so that paho leaves the writing to us."""
