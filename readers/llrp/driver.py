"""The conversation with one reader: connect, configure, then batches of reads until it ends."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from readers.columns import NO_READS, ReadColumns
from readers.driver import (
    Batch,
    ConnectionFailed,
    DriverError,
    Identity,
    PackedBatch,
    ProtocolViolated,
    ReaderBusy,
    ReaderFrozen,
)
from readers.llrp import messages, ports
from readers.llrp.clock import ReaderClock
from readers.llrp.framing import HEADER, Connection, Message
from readers.llrp.ports import Ports
from readers.llrp.report import ReportDecoder
from readers.sighting import InputChange, Instant
from readers.wire import LLRP_PORT
from readers.wire import MessageType as M

log = logging.getLogger(__name__)

OUTPUT_SECONDS_MAX = 3.0
"""How long a reader may take to switch an output."""
KEEPALIVES_MISSED_MAX = 3
"""Keepalive periods without any message after which the reader counts as frozen."""
GATHER_SECONDS = 0.04
"""How long a reader that has just spoken may speak on before it is read again."""


@dataclass(frozen=True, slots=True)
class LlrpSettings:
    """Where the reader is and how it is to read. No antennas means all that are connected."""

    reader: str
    host: str
    port: int = LLRP_PORT
    antennas: tuple[int, ...] = ()
    keepalive_seconds: float = 5.0
    session: int = 0
    inputs: tuple[int, ...] = ()
    """Inputs to put to use: beams, contacts, buttons."""
    connect_seconds_max: float = 5.0
    answer_seconds_max: float = 10.0
    batch_seconds: float = 0.2

    @property
    def frozen_after_seconds(self) -> float:
        """Silence after which the reader counts as frozen."""
        return self.keepalive_seconds * KEEPALIVES_MISSED_MAX


class LlrpDriver:
    """One connection to one LLRP reader (the Driver protocol); a fresh one for every attempt."""

    def __init__(
        self,
        settings: LlrpSettings,
        clock: Callable[[], Instant],
        monotonic: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """`clock` gives the daemon's time; `monotonic` seconds for the watchdog, which no clock change may move."""
        self._settings = settings
        self._clock = clock
        self._monotonic = monotonic
        self._pause = pause
        self._identifiers = count(1)
        self._reader_clock = ReaderClock()
        self._decoder = ReportDecoder()
        self._connection: Connection | None = None
        self._closed = False
        self._heard_at = 0.0
        self._alive_at: Instant = 0
        self._antennas: tuple[int, ...] = ()
        self._early: list[Message] = []
        self._ports = Ports()

    def open(self) -> Identity:
        """Connect, configure, start. Raises ConnectionFailed, ReaderBusy, ReaderFrozen, ProtocolViolated."""
        settings = self._settings
        self._connection = Connection(settings.host, settings.port, settings.connect_seconds_max)
        if self._closed:
            self.close()
            raise ConnectionFailed("the driver was closed")
        try:
            self._heard()
            self._await_welcome()
            return self._configure()
        except DriverError:
            self.close()
            raise

    def reads(self) -> Iterator[Batch]:
        """Batches, at least five a second, until close(). Raises DriverError when the connection ends."""
        waiting, self._early = self._early, []
        heard_something = False
        while not self._closed:
            self._ports.send_waiting(self._send)
            if not waiting:
                try:
                    # A busy reader is read in gulps: what comes meanwhile costs one turn, not one a message.
                    if heard_something:
                        self._pause(GATHER_SECONDS)
                    waiting = self._receive(self._settings.batch_seconds)
                except ConnectionFailed:
                    if self._closed:
                        return
                    raise
            # What came before a broken message is evidence: it goes out before the error does.
            rows, failure = self._take(waiting)
            waiting, heard_something = [], bool(waiting)
            yield PackedBatch(
                self._settings.reader,
                rows,
                self._alive_at,
                self._alive_at,
                self._reader_clock.offset_us,
                self._antennas,
                self._ports.taken(),
            )
            if failure is not None:
                self.close()
                raise failure

    def close(self) -> None:
        """End the connection by force, from any thread, more than once."""
        self._closed = True
        self._ports.end()
        connection = self._connection
        if connection is not None:
            connection.close(farewell=messages.build("CLOSE_CONNECTION", next(self._identifiers)))

    def set_output(self, port: int, active: bool) -> None:
        """Switch an output of the reader, from any thread but the one in reads(). Raises DriverError."""
        self._ports.write(next(self._identifiers), port, active, OUTPUT_SECONDS_MAX)

    # The handshake

    def _await_welcome(self) -> None:
        """The reader speaks first (LLRP 1.0.1, section 13.2.6.11: ConnectionAttemptEvent)."""
        deadline = self._monotonic() + self._settings.answer_seconds_max
        while True:
            pending = self._receive_until(deadline, "its first notification")
            for at, message in enumerate(pending):
                if message.kind != M.READER_EVENT_NOTIFICATION:
                    continue
                event = messages.event(message)
                if event.connection is None:
                    continue
                if event.connection != "Success":
                    raise _refused(event.connection)
                self._set_clock(event)
                self._early = pending[at + 1 :]
                return

    def _configure(self) -> Identity:
        settings = self._settings
        found = messages.Capabilities(None, None, 0)
        connected: tuple[int, ...] | None = None
        keepalive_milliseconds = max(1, round(settings.keepalive_seconds * 1000))
        for name, fields, answer, required in messages.handshake(
            settings.antennas, keepalive_milliseconds, settings.session
        ):
            message = self._ask(name, fields, answer)
            if message is None:
                continue
            values = messages.decode(message) or {}
            refused = messages.refusal(values) or ("unsupported" if message.kind == M.ERROR_MESSAGE else None)
            if refused and required:
                raise ProtocolViolated(f"the reader refused {name}: {refused}")
            if refused:
                continue
            if answer == M.GET_READER_CAPABILITIES_RESPONSE:
                found = messages.capabilities(values, message.offset)
                self._check_antennas(found.antennas)
            elif answer == M.GET_READER_CONFIG_RESPONSE:
                connected = messages.connected_antennas(values)
        self._antennas = self._listening(found.antennas, connected)
        self._watch_inputs()
        return Identity(found.model, found.firmware, self._antennas)

    def _check_antennas(self, available: int) -> None:
        wrong = [antenna for antenna in self._settings.antennas if antenna > available]
        if wrong:
            raise ProtocolViolated(
                f"the reader has antennas 1 to {available}; the configuration asks for {wrong}: correct `antennas`"
            )

    def _listening(self, available: int, connected: tuple[int, ...] | None) -> tuple[int, ...]:
        """Antennas that are asked for, and that the reader does not call disconnected."""
        asked = self._settings.antennas or tuple(range(1, available + 1))
        return asked if connected is None else tuple(antenna for antenna in asked if antenna in connected)

    def _watch_inputs(self) -> None:
        inputs = self._settings.inputs
        if not inputs:
            return
        identifier = next(self._identifiers)
        self._send(ports.watch_inputs(identifier, inputs))
        refused = ports.refusal(self._answer(M.SET_READER_CONFIG_RESPONSE, identifier, "the inputs"))
        if refused:
            # The tags are read all the same; that a beam tells nothing shows at its portal.
            log.warning("reader %s: does not put inputs %s to use: %s", self._settings.reader, inputs, refused)

    def _ask(self, name: str, fields: dict[str, Any], answer: M | None) -> Message | None:
        """Send a request and wait for its answer; what else comes meanwhile is kept for reads()."""
        identifier = next(self._identifiers)
        self._send(messages.build(name, identifier, fields))
        if answer is None:
            return None
        return self._answer(answer, identifier, name)

    def _answer(self, answer: M, identifier: int, name: str) -> Message:
        deadline = self._monotonic() + self._settings.answer_seconds_max
        while True:
            for at, message in enumerate(pending := self._receive_until(deadline, f"an answer to {name}")):
                if message.kind == answer or (
                    message.kind == M.ERROR_MESSAGE and message.identifier in (identifier, 0)
                ):
                    self._early += pending[at + 1 :]
                    return message
                if message.kind == M.KEEPALIVE:
                    self._acknowledge()
                else:
                    self._early.append(message)

    def _receive_until(self, deadline: float, awaited: str) -> list[Message]:
        while (left := deadline - self._monotonic()) > 0:
            if found := self._receive(min(left, self._settings.batch_seconds)):
                return found
        seconds = self._settings.answer_seconds_max
        raise ReaderFrozen(f"{awaited} did not come within {seconds:g} s: the reader is frozen, or no LLRP reader")

    def _set_clock(self, welcome: messages.Event) -> None:
        # Only the first notification is sure to be fresh: later ones may come out of the reader's queue.
        if welcome.at is not None:
            self._decoder = ReportDecoder(uptime=welcome.uptime)
            self._reader_clock.measure(welcome.at, self._alive_at)

    # While reading

    def _receive(self, wait_seconds: float) -> list[Message]:
        connection = self._connection
        if connection is None:
            raise ConnectionFailed("the driver is not open")
        found = connection.receive(wait_seconds)
        if found:
            self._heard()
        elif self._monotonic() - self._heard_at > self._settings.frozen_after_seconds:
            connection.close()
            raise ReaderFrozen(
                f"no message for {self._settings.frozen_after_seconds:g} s, where a keepalive is due every "
                f"{self._settings.keepalive_seconds:g} s: the reader is frozen or cut off"
            )
        return found

    def _heard(self) -> None:
        self._heard_at = self._monotonic()
        self._alive_at = self._clock()

    def _send(self, data: bytes) -> None:
        if self._connection is None:
            raise ConnectionFailed("the driver is not open")
        self._connection.send(data, self._settings.answer_seconds_max)

    def _acknowledge(self) -> None:
        self._send(messages.build("KEEPALIVE_ACK", next(self._identifiers)))

    def _take(self, received: list[Message]) -> tuple[ReadColumns, DriverError | None]:
        """The rows of these messages, and the error that ended them, if one did."""
        reports: list[tuple[bytes, int]] = []
        failure: DriverError | None = None
        try:
            for message in received:
                if message.kind == M.RO_ACCESS_REPORT:
                    reports.append((message.body, message.offset + HEADER.size))
                elif message.kind == M.KEEPALIVE:
                    self._acknowledge()
                elif message.kind == M.READER_EVENT_NOTIFICATION:
                    self._notice(messages.event(message))
                elif message.kind in (M.SET_READER_CONFIG_RESPONSE, M.ERROR_MESSAGE):
                    self._ports.answered(message)
                # Anything else, of whatever type, is none of our business; the rest of the segment is.
        except DriverError as error:
            failure = error
        if not reports:
            return NO_READS, failure
        # Decoded together: readers send a report a tag, and a hundred at once cost little more than one.
        report, broken = self._decoder.decode_all(reports)
        return self._reader_clock.rows(report, self._alive_at), broken or failure

    def _notice(self, event: messages.Event) -> None:
        if event.closing:
            raise ConnectionFailed("the reader says that it closes the connection")
        if event.antenna is not None:
            antenna, connected = event.antenna
            asked = not self._settings.antennas or antenna in self._settings.antennas
            kept = set(self._antennas) | {antenna} if connected and asked else set(self._antennas) - {antenna}
            self._antennas = tuple(sorted(kept))
        if event.input is not None:
            port, active = event.input
            self._ports.changed(
                InputChange(
                    self._settings.reader,
                    port,
                    active,
                    self._reader_clock.moment(event.at, self._alive_at),
                    self._alive_at,
                )
            )
        if event.overflow:
            # Reads are missing, so this time was not covered: a new connection makes the gap plain.
            raise ProtocolViolated("the reader's report buffer overflowed: reads were lost in the reader")
        if event.trouble is not None:
            log.warning("reader %s: reports an exception: %s", self._settings.reader, event.trouble)


def _refused(status: str) -> DriverError:
    if "initiated connection already exists" in status:
        return ReaderBusy(f"the reader serves another client: {status}")
    return ConnectionFailed(f"the reader refused the connection: {status}")
