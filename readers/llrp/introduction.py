"""What a reader says of itself when it is asked, and nothing of it is changed: for setting it up.

LLRP 1.0.1, sections 9 (capabilities) and 12 (configuration). A reader serves one client at a time: one that serves
another says so (ReaderBusy), and that is an answer too.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from readers.driver import ConnectionFailed, ProtocolViolated, ReaderBusy, ReaderFrozen
from readers.llrp import messages
from readers.llrp.framing import Connection, Message
from readers.sighting import Instant
from readers.wire import MessageType as M

SECONDS_MAX = 8.0
_WAIT_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Introduction:
    """`antennas`: how many it has; `connected`: those that it calls connected, None where it does not say.

    `clock_offset_us`: its clock minus ours, in microseconds; None where it tells no time of day.
    """

    model: str | None
    firmware: str | None
    antennas: int
    connected: tuple[int, ...] | None
    clock_offset_us: int | None


def introduce(
    host: str,
    port: int,
    clock: Callable[[], Instant],
    *,
    seconds_max: float = SECONDS_MAX,
    monotonic: Callable[[], float] = time.monotonic,
) -> Introduction:
    """Connect, ask, say good-bye: all within the time. Raises DriverError."""
    conversation = _Conversation(host, port, monotonic() + seconds_max, seconds_max, monotonic)
    try:
        offset = conversation.welcome(clock)
        asked = {"RequestedData": messages.REQUEST_ALL}
        answer = conversation.ask("GET_READER_CAPABILITIES", asked, M.GET_READER_CAPABILITIES_RESPONSE)
        values = messages.decode(answer) or {}
        if answer.kind == M.ERROR_MESSAGE or (refused := messages.refusal(values)):
            why = "unsupported" if answer.kind == M.ERROR_MESSAGE else refused
            raise ProtocolViolated(f"the reader does not say what it is: {why}")
        found = messages.capabilities(values, answer.offset)
        answer = conversation.ask("GET_READER_CONFIG", asked, M.GET_READER_CONFIG_RESPONSE)
        told = {} if answer.kind == M.ERROR_MESSAGE else messages.decode(answer) or {}
        return Introduction(found.model, found.firmware, found.antennas, messages.connected_antennas(told), offset)
    finally:
        conversation.end()


class _Conversation:
    def __init__(
        self, host: str, port: int, deadline: float, seconds_max: float, monotonic: Callable[[], float]
    ) -> None:
        self._connection = Connection(host, port, min(5.0, seconds_max))
        self._deadline = deadline
        self._seconds_max = seconds_max
        self._monotonic = monotonic
        self._identifiers = count(1)

    def welcome(self, clock: Callable[[], Instant]) -> int | None:
        """Its clock minus ours, in microseconds, by its first notification. Raises ReaderBusy, ConnectionFailed."""
        while True:
            for message in self._receive("its first notification"):
                event = messages.event(message) if message.kind == M.READER_EVENT_NOTIFICATION else None
                if event is None or event.connection is None:
                    continue
                if event.connection == "Success":
                    return None if event.at is None or event.uptime else event.at - clock()
                if "initiated connection already exists" in event.connection:
                    raise ReaderBusy(f"the reader serves another client: {event.connection}")
                raise ConnectionFailed(f"the reader refused the connection: {event.connection}")

    def ask(self, name: str, fields: dict[str, int], answer: M) -> Message:
        identifier = next(self._identifiers)
        self._connection.send(messages.build(name, identifier, fields), self._seconds_max)
        while True:
            for message in self._receive(f"an answer to {name}"):
                if message.kind == answer or (message.kind == M.ERROR_MESSAGE and message.identifier == identifier):
                    return message
                if message.kind == M.KEEPALIVE:
                    acknowledged = messages.build("KEEPALIVE_ACK", next(self._identifiers))
                    self._connection.send(acknowledged, self._seconds_max)

    def end(self) -> None:
        self._connection.close(farewell=messages.build("CLOSE_CONNECTION", next(self._identifiers)))

    def _receive(self, awaited: str) -> list[Message]:
        while (left := self._deadline - self._monotonic()) > 0:
            if found := self._connection.receive(min(left, _WAIT_SECONDS)):
                return found
        raise ReaderFrozen(f"{awaited} did not come within {self._seconds_max:g} s: is this an LLRP reader?")
