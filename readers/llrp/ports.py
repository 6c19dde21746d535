"""A reader's inputs and outputs: what sllurp cannot encode, and who waits for an answer.

LLRP 1.0.1, section 12.2.5 (GPOWriteData), 12.2.6.2 (GPIPortCurrentState), 13.2.6.3 (GPIEvent). Requests may come from
any thread; they are sent by the driver's own, within a fraction of a second, and answered there.
"""

import struct
import threading
from collections import deque
from collections.abc import Callable, Sequence

from readers import wire
from readers.driver import ConnectionFailed, DriverError, ProtocolViolated
from readers.llrp.framing import Message
from readers.sighting import InputChange
from readers.wire import MessageType as M
from readers.wire import ParameterType as P
from readers.wire import StatusCode as S

_KEEP_ALL_ELSE = b"\x00"
"""ResetToFactoryDefaults: no."""


def write_output(identifier: int, port: int, active: bool) -> bytes:
    """SET_READER_CONFIG with the one parameter GPOWriteData."""
    data = wire.encode_tlv(P.GPO_WRITE_DATA, struct.pack(">HB", port, 0x80 if active else 0))
    return wire.encode_message(M.SET_READER_CONFIG, identifier, _KEEP_ALL_ELSE + data)


def watch_inputs(identifier: int, ports: Sequence[int]) -> bytes:
    """SET_READER_CONFIG that puts inputs to use: on many readers they are off until somebody does."""
    state_unknown = 2
    data = b"".join(
        wire.encode_tlv(P.GPI_PORT_CURRENT_STATE, struct.pack(">HBB", port, 0x80, state_unknown)) for port in ports
    )
    return wire.encode_message(M.SET_READER_CONFIG, identifier, _KEEP_ALL_ELSE + data)


def refusal(message: Message) -> str | None:
    """Why the reader refused, in its own words; None where it did not. Raises ProtocolViolated."""
    try:
        found = next(p.body for p in wire.decode_parameters(message.body) if p.type == P.LLRP_STATUS)
        code, words = wire.decode_status(found)
    except (wire.WireError, StopIteration) as error:
        raise ProtocolViolated(f"byte {message.offset}: an answer without its status: {error}") from error
    return None if code == S.M_SUCCESS else f"status {code} {words}".strip()


class _Asked:
    """One request that somebody waits for."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.failure: DriverError | None = None


class Ports:
    """The requests on their way, and the changes of inputs that have come."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[bytes] = deque()
        self._asked: dict[int, _Asked] = {}
        self._changes: list[InputChange] = []
        self._over = False

    def write(self, identifier: int, port: int, active: bool, wait_seconds: float) -> None:
        """Switch an output, from any thread but the driver's own, and wait for the reader's answer.

        Raises ConnectionFailed where none comes, ProtocolViolated where the reader refuses.
        """
        asked = _Asked()
        with self._guard:
            if self._over:
                raise ConnectionFailed("the connection to the reader is over")
            self._asked[identifier] = asked
            self._waiting.append(write_output(identifier, port, active))
        if not asked.done.wait(wait_seconds):
            with self._guard:
                self._asked.pop(identifier, None)
            raise ConnectionFailed(f"the reader did not answer within {wait_seconds:g} s")
        if asked.failure is not None:
            raise asked.failure

    def send_waiting(self, send: Callable[[bytes], None]) -> None:
        """Send what was asked for; by the driver's own thread."""
        while True:
            with self._guard:
                if not self._waiting:
                    return
                data = self._waiting.popleft()
            send(data)

    def answered(self, message: Message) -> bool:
        """Take an answer; whether anybody waited for it. Raises ProtocolViolated."""
        with self._guard:
            asked = self._asked.pop(message.identifier, None)
        if asked is None:
            return False
        try:
            refused = refusal(message)
            asked.failure = None if refused is None else ProtocolViolated(f"the reader refused: {refused}")
        except ProtocolViolated as error:
            asked.failure = error
            raise
        finally:
            asked.done.set()
        return True

    def changed(self, change: InputChange) -> None:
        """An input changed."""
        self._changes.append(change)

    def taken(self) -> tuple[InputChange, ...]:
        """The changes since the last time."""
        found, self._changes = tuple(self._changes), []
        return found

    def end(self) -> None:
        """The connection is over: nobody waits any longer."""
        with self._guard:
            self._over = True
            asked, self._asked = list(self._asked.values()), {}
        for one in asked:
            one.failure = ConnectionFailed("the connection to the reader ended before it answered")
            one.done.set()
