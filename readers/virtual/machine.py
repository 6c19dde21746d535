"""The reader without its socket: what it answers to each message, and what it sends of itself.

Source: LLRP 1.0.1, section 8 to 14. `Machine` holds what a reader keeps across connections: configuration, specs,
reports not yet sent.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from readers import wire
from readers.sighting import Instant
from readers.virtual import answers, device, shapes, specs
from readers.virtual.device import Configuration
from readers.virtual.inventory import Inventory, Reported
from readers.virtual.reports import Heard
from readers.virtual.shapes import Node, Refused
from readers.wire import MessageType as M
from readers.wire import ParameterType as P
from readers.wire import StatusCode as S

RESPONSES = {
    M.GET_READER_CAPABILITIES: M.GET_READER_CAPABILITIES_RESPONSE,
    M.GET_READER_CONFIG: M.GET_READER_CONFIG_RESPONSE,
    M.SET_READER_CONFIG: M.SET_READER_CONFIG_RESPONSE,
    M.CLOSE_CONNECTION: M.CLOSE_CONNECTION_RESPONSE,
    M.ADD_ROSPEC: M.ADD_ROSPEC_RESPONSE,
    M.DELETE_ROSPEC: M.DELETE_ROSPEC_RESPONSE,
    M.START_ROSPEC: M.START_ROSPEC_RESPONSE,
    M.STOP_ROSPEC: M.STOP_ROSPEC_RESPONSE,
    M.ENABLE_ROSPEC: M.ENABLE_ROSPEC_RESPONSE,
    M.DISABLE_ROSPEC: M.DISABLE_ROSPEC_RESPONSE,
    M.GET_ROSPECS: M.GET_ROSPECS_RESPONSE,
    M.ADD_ACCESSSPEC: M.ADD_ACCESSSPEC_RESPONSE,
    M.DELETE_ACCESSSPEC: M.DELETE_ACCESSSPEC_RESPONSE,
    M.ENABLE_ACCESSSPEC: M.ENABLE_ACCESSSPEC_RESPONSE,
    M.DISABLE_ACCESSSPEC: M.DISABLE_ACCESSSPEC_RESPONSE,
    M.GET_ACCESSSPECS: M.GET_ACCESSSPECS_RESPONSE,
}
"""Which message answers which; the others (KEEPALIVE_ACK, GET_REPORT …) are not answered by one of their own."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send for one message, and whether the connection ends after it."""

    data: bytes = b""
    close: bool = False


class Machine:
    """One reader's state. `connected`: the antennas that have a place; numbers go up to the highest of them.

    `clock` measures the triggers; `stamp` is what the reader believes the time to be, which may jump.
    """

    def __init__(self, connected: Collection[int], clock: Callable[[], Instant], stamp: Callable[[], Instant]) -> None:
        self.configuration = Configuration()
        self.inventory = Inventory()
        self.ever_enabled = False
        self.holding = False
        self._connected = frozenset(connected)
        self._antennas = max(connected, default=1)
        self._clock = clock
        self._stamp = stamp
        self._message_id = 0
        self._levels: set[int] = set()
        self.switched: list[tuple[Instant, int, bool]] = []
        """Outputs as clients switched them: when, which, whether on."""
        self._handlers: dict[int, Callable[[Node], bytes]] = {
            M.GET_READER_CAPABILITIES: self._capabilities,
            M.GET_READER_CONFIG: self._get_configuration,
            M.SET_READER_CONFIG: self._set_configuration,
            M.ADD_ROSPEC: self._add_rospec,
            M.DELETE_ROSPEC: _by_id(lambda number: self.inventory.delete(number, clock())),
            M.START_ROSPEC: _by_id(lambda number: self.inventory.start(number, clock())),
            M.STOP_ROSPEC: _by_id(lambda number: self.inventory.stop(number, clock())),
            M.ENABLE_ROSPEC: _by_id(self._enable_rospec),
            M.DISABLE_ROSPEC: _by_id(lambda number: self.inventory.disable(number, clock())),
            M.GET_ROSPECS: lambda _: _list(P.ROSPEC, self.inventory.rospecs()),
            M.ADD_ACCESSSPEC: self._add_accessspec,
            M.DELETE_ACCESSSPEC: _by_id(lambda number: self.inventory.delete_access(number)),
            M.ENABLE_ACCESSSPEC: _by_id(lambda number: self.inventory.enable_access(number, True)),
            M.DISABLE_ACCESSSPEC: _by_id(lambda number: self.inventory.enable_access(number, False)),
            M.GET_ACCESSSPECS: lambda _: _list(P.ACCESS_SPEC, self.inventory.accessspecs()),
            M.CLOSE_CONNECTION: lambda _: answers.success(),
            M.GET_REPORT: self._get_report,
            M.ENABLE_EVENTS_AND_REPORTS: self._release,
            M.KEEPALIVE_ACK: lambda _: b"",
        }

    # messages from the client

    def handle(self, header: wire.Header, body: bytes) -> Answer:
        """Answer one message; never raises for what a client sends."""
        if header.type == M.ERROR_MESSAGE:
            return Answer()  # an error about an error would go round for ever
        if header.version != wire.VERSION_1_0_1:
            text = f"version {header.version} is not spoken here; 1 (LLRP 1.0.1) is"
            return Answer(self._error(header.id, Refused(S.M_UNSUPPORTED_VERSION, text)))
        if header.type not in shapes.MESSAGES:
            text = f"message type {header.type} is not supported"
            return Answer(self._error(header.id, Refused(S.M_UNSUPPORTED_MESSAGE, text)))
        response = RESPONSES.get(M(header.type))
        try:
            content = self._handlers[header.type](shapes.decode(header.type, body))
        except Refused as refused:
            if response is None:
                return Answer(self._error(header.id, refused))
            return Answer(wire.encode_message(response, header.id, refused.status()))
        if response is None:
            return Answer(self._outgoing())
        answer = wire.encode_message(response, header.id, content)
        return Answer(answer + self._outgoing(), close=header.type == M.CLOSE_CONNECTION)

    def refuse_frame(self, error: wire.WireError) -> bytes:
        """The ERROR_MESSAGE for bytes that no message can be cut from."""
        return self._error(0, Refused(error.code, str(error)))

    def _error(self, message_id: int, refused: Refused) -> bytes:
        return wire.encode_message(M.ERROR_MESSAGE, message_id, refused.status())

    def _get_report(self, _: Node) -> bytes:
        self.inventory.fetch()
        return b""

    def _release(self, _: Node) -> bytes:
        self.holding = False
        self.inventory.can_report = True
        self.inventory.flush_overdue()
        return b""

    def _capabilities(self, node: Node) -> bytes:
        return answers.capabilities(node.int_at(0), self._antennas)

    def _get_configuration(self, node: Node) -> bytes:
        antenna, requested, gpi, gpo = (node.int_at(index) for index in range(4))
        request = (antenna, requested, gpi, gpo)
        return answers.configuration(request, self.configuration, self._antennas, self._connected, self._levels)

    def _set_configuration(self, node: Node) -> bytes:
        before = self.configuration.outputs
        self.configuration = device.configured(self.configuration, node, self._antennas)
        changed = before ^ self.configuration.outputs
        self.switched += [(self._clock(), port, port in self.configuration.outputs) for port in sorted(changed)]
        self.inventory.report = self.configuration.report
        self.inventory.access_report = self.configuration.access_report
        return answers.success()

    def _add_rospec(self, node: Node) -> bytes:
        self.inventory.add(specs.rospec(node.children[0], self._antennas))
        return answers.success()

    def _enable_rospec(self, number: int) -> None:
        self.inventory.enable(number, self._clock())
        self.ever_enabled = True

    def _add_accessspec(self, node: Node) -> bytes:
        self.inventory.add_access(specs.accessspec(node.children[0], self._antennas))
        return answers.success()

    # messages of its own accord

    def connected(self) -> bytes:
        """A client has connected: the notification that says so; reports are held if so configured."""
        self.holding = self.configuration.hold
        self.inventory.can_report = not self.holding
        return self.attempt(wire.ConnectionAttempt.SUCCESS)

    def attempt(self, status: wire.ConnectionAttempt) -> bytes:
        """A notification with a ConnectionAttemptEvent."""
        return answers.event(self._stamp(), answers.connection_attempt(status), self._next_id())

    def input_turns(self, port: int, active: bool) -> bytes:
        """An input changes; told where a client put it to use and asked for such events."""
        same = (port in self._levels) == active
        (self._levels.add if active else self._levels.discard)(port)
        told = port in self.configuration.inputs and device.EVENT_INPUT in self.configuration.events
        if same or not told or self.holding:
            return b""
        return answers.event(self._stamp(), answers.input_event(port, active), self._next_id())

    def keepalive(self) -> bytes:
        """A KEEPALIVE."""
        return wire.encode_message(M.KEEPALIVE, self._next_id())

    def cycle(self, heard: Iterable[Heard], can_send: bool) -> bytes:
        """One inventory cycle; gives what it sends. With no client to take them, reports wait in the buffer."""
        self.inventory.can_report = can_send and not self.holding
        self.inventory.cycle(self._clock(), heard)
        return self._outgoing() if can_send else self._nothing()

    def _nothing(self) -> bytes:
        self.inventory.outbox.clear()
        return b""

    def _outgoing(self) -> bytes:
        """What the outbox holds, events only where the client asked for them and does not hold them back."""
        events = frozenset() if self.holding else self.configuration.events
        data = []
        for item in self.inventory.outbox:
            if isinstance(item, Reported):
                data.append(wire.encode_message(M.RO_ACCESS_REPORT, self._next_id(), item.body))
            elif item.event_type in events:
                data.append(answers.event(self._stamp(), item.body, self._next_id()))
        self.inventory.outbox.clear()
        return b"".join(data)

    def _next_id(self) -> int:
        self._message_id = self._message_id % 0xFFFFFFFF + 1
        return self._message_id


def _by_id(action: Callable[[int], None]) -> Callable[[Node], bytes]:
    """The handler of a message that names a spec and is answered by a bare status."""

    def handle(node: Node) -> bytes:
        action(node.int_at(0))
        return answers.success()

    return handle


def _list(kind: P, bodies: list[bytes]) -> bytes:
    return answers.success() + b"".join(wire.encode_tlv(kind, body) for body in bodies)
