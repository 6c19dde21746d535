"""The device that the virtual reader plays: its capabilities and its configuration, as LLRP parameters.

Four antennas at most are usual; here as many as the scenario gives. The figures are those of a fixed UHF reader of
the 920-925 MHz band; manufacturer 0 is nobody's number (IANA private enterprise numbers, reserved).
"""

import struct
from dataclasses import dataclass, field, replace

from readers import wire
from readers.virtual.shapes import Node, Refused
from readers.wire import ParameterType as P
from readers.wire import StatusCode as S

MANUFACTURER = 0
MODEL = 1
FIRMWARE = "virtual-1.0"
COUNTRY_CODE = 156
"""China, ISO 3166 numeric."""
AIR_PROTOCOL_C1G2 = 1
FREQUENCIES_KHZ = tuple(920_625 + 250 * step for step in range(16))
POWERS = tuple(range(1000, 3025, 25))
"""Transmit powers in hundredths of dBm; the index in the table counts from 1."""
SENSITIVITIES = (0, *range(10, 51))
"""Receive sensitivities in dB above the best; the index counts from 1."""
MODES = (0, 1, 2, 3, 4, 1000, 1002)
MAX_ROSPECS = 8
MAX_SPECS_PER_ROSPEC = 32
MAX_ACCESSSPECS = 32
MAX_OPSPECS = 8
MAX_FILTERS = 4
MAX_PRIORITY = 7
INPUTS = OUTPUTS = 4
"""Ports, numbered from 1. An input tells nothing until a client puts it to use."""

EVENT_TYPES = range(9)
"""Event types of EventNotificationState (LLRP 1.0.1, section 12.2.6.4)."""
EVENT_INPUT = 1
EVENT_ROSPEC = 2
EVENT_AISPEC = 6
EVENT_ANTENNA = 8

SELECT_ROSPEC_ID = 1 << 15
SELECT_SPEC_INDEX = 1 << 14
SELECT_INVENTORY_ID = 1 << 13
SELECT_ANTENNA_ID = 1 << 12
SELECT_CHANNEL = 1 << 11
SELECT_PEAK_RSSI = 1 << 10
SELECT_FIRST_SEEN = 1 << 9
SELECT_LAST_SEEN = 1 << 8
SELECT_SEEN_COUNT = 1 << 7
SELECT_ACCESSSPEC_ID = 1 << 6
"""Bits of TagReportContentSelector (LLRP 1.0.1, section 16.2.7.1.1)."""


@dataclass(frozen=True, slots=True)
class ReportSpec:
    """ROReportSpec: `trigger` 0 none, 1 at N tags or the end of the AISpec, 2 at N tags or the end of the ROSpec."""

    trigger: int = 2
    n: int = 0
    select: int = SELECT_ANTENNA_ID | SELECT_PEAK_RSSI | SELECT_FIRST_SEEN | SELECT_LAST_SEEN | SELECT_SEEN_COUNT
    crc: bool = False
    pc: bool = False

    def encode(self) -> bytes:
        """The parameter ROReportSpec."""
        memory = wire.encode_tlv(P.C1G2_EPC_MEMORY_SELECTOR, bytes((self.crc << 7 | self.pc << 6,)))
        selector = wire.encode_tlv(P.TAG_REPORT_CONTENT_SELECTOR, struct.pack(">H", self.select) + memory)
        return wire.encode_tlv(P.RO_REPORT_SPEC, struct.pack(">BH", self.trigger, self.n) + selector)


@dataclass(frozen=True, slots=True)
class Antenna:
    """What a client configured for one antenna."""

    receiver: int = 1
    transmitter: tuple[int, int, int] = (1, 1, len(POWERS))
    gain: int = 0


@dataclass(frozen=True, slots=True)
class Configuration:
    """All that SET_READER_CONFIG can change; the defaults are the factory's."""

    events: frozenset[int] = frozenset()
    report: ReportSpec = ReportSpec()
    access_report: int = 1
    keepalive_ms: int = 0
    hold: bool = False
    antennas: dict[int, Antenna] = field(default_factory=dict)
    inputs: frozenset[int] = frozenset()
    """Those put to use."""
    outputs: frozenset[int] = frozenset()
    """Those that are active."""
    changes: int = 0


def _refuse(text: str, *path: int, field: int, code: S = S.A_OUT_OF_RANGE) -> Refused:
    return Refused(code, text, path, field)


def report_spec(node: Node, path: tuple[int, ...] = ()) -> ReportSpec:
    """Read an ROReportSpec. Raises Refused for an unknown trigger."""
    here = (*path, P.RO_REPORT_SPEC)
    trigger, n = node.int_at(0), node.int_at(1)
    if trigger > 2:
        raise _refuse(f"ROReportTrigger {trigger} is unknown; known are 0 to 2", *here, field=0)
    selector = node.one(P.TAG_REPORT_CONTENT_SELECTOR)
    assert selector is not None
    memory = selector.one(P.C1G2_EPC_MEMORY_SELECTOR)
    flags = memory.int_at(0) if memory else 0
    return ReportSpec(trigger, n, selector.int_at(0) & 0xFFC0, bool(flags & 0x80), bool(flags & 0x40))


def configured(before: Configuration, request: Node, antennas: int) -> Configuration:
    """The configuration after a SET_READER_CONFIG. Raises Refused, and then nothing has changed."""
    now = Configuration() if request.int_at(0) & 0x80 else before
    for node in request.children:
        now = _configured_by(now, node, antennas)
    return replace(now, changes=before.changes + 1)


def _configured_by(now: Configuration, node: Node, antennas: int) -> Configuration:
    match node.kind:
        case P.READER_EVENT_NOTIFICATION_SPEC:
            return replace(now, events=_events(now.events, node))
        case P.RO_REPORT_SPEC:
            return replace(now, report=report_spec(node))
        case P.ACCESS_REPORT_SPEC:
            if node.int_at(0) > 2:
                raise _refuse("AccessReportTrigger is 0, 1 or 2", P.ACCESS_REPORT_SPEC, field=0)
            return replace(now, access_report=node.int_at(0))
        case P.KEEPALIVE_SPEC:
            if node.int_at(0) > 1:
                raise _refuse("KeepaliveTriggerType is 0 or 1", P.KEEPALIVE_SPEC, field=0)
            return replace(now, keepalive_ms=node.int_at(1) if node.int_at(0) else 0)
        case P.EVENTS_AND_REPORTS:
            return replace(now, hold=bool(node.int_at(0) & 0x80))
        case P.ANTENNA_CONFIGURATION:
            return _antenna_configured(now, node, antennas)
        case P.ANTENNA_PROPERTIES:
            raise Refused(S.P_UNSUPPORTED_PARAMETER, "antenna properties cannot be set", (P.ANTENNA_PROPERTIES,))
        case P.GPO_WRITE_DATA:
            return replace(now, outputs=_port(now.outputs, node, OUTPUTS, "outputs"))
        case P.GPI_PORT_CURRENT_STATE:
            return replace(now, inputs=_port(now.inputs, node, INPUTS, "inputs"))
        case _:
            raise Refused(S.P_UNSUPPORTED_PARAMETER, "no extension is supported", (node.kind,))


def _port(before: frozenset[int], node: Node, ports: int, what: str) -> frozenset[int]:
    """A set of ports with this one in it, or without, as the first bit says."""
    port = node.int_at(0)
    if not 1 <= port <= ports:
        raise _refuse(f"{what} are numbered 1 to {ports}; there is no {port}", node.kind, field=0)
    return before | {port} if node.int_at(1) & 0x80 else before - {port}


def _events(before: frozenset[int], node: Node) -> frozenset[int]:
    events = set(before)
    for state in node.children:
        kind = state.int_at(0)
        if kind not in EVENT_TYPES:
            path = (P.READER_EVENT_NOTIFICATION_SPEC, P.EVENT_NOTIFICATION_STATE)
            raise _refuse(f"event type {kind} is unknown; known are 0 to 8", *path, field=0)
        if state.int_at(1) & 0x80:
            events.add(kind)
        else:
            events.discard(kind)
    return frozenset(events)


def check_antenna_configuration(node: Node, antennas: int, path: tuple[int, ...] = ()) -> None:
    """Refuse an antenna, power, sensitivity, hop table, mode or filter count that this reader has not."""
    here = (*path, P.ANTENNA_CONFIGURATION)
    if node.int_at(0) > antennas:
        raise _refuse(f"antenna {node.int_at(0)} does not exist; there are {antennas}", *here, field=0)
    receiver = node.one(P.RF_RECEIVER)
    if receiver and receiver.int_at(0) > len(SENSITIVITIES):
        raise _refuse(f"sensitivities are numbered 1 to {len(SENSITIVITIES)}", *here, P.RF_RECEIVER, field=0)
    transmitter = node.one(P.RF_TRANSMITTER)
    if transmitter and transmitter.int_at(0) > 1:
        raise _refuse("there is one hop table, number 1", *here, P.RF_TRANSMITTER, field=0)
    if transmitter and transmitter.int_at(2) > len(POWERS):
        raise _refuse(f"powers are numbered 1 to {len(POWERS)}", *here, P.RF_TRANSMITTER, field=2)
    for command in node.all(P.C1G2_INVENTORY_COMMAND):
        inner = (*here, P.C1G2_INVENTORY_COMMAND)
        control = command.one(P.C1G2_RF_CONTROL)
        if control and control.int_at(0) not in MODES:
            raise _refuse(f"modes are {MODES}", *inner, P.C1G2_RF_CONTROL, field=0)
        if len(command.all(P.C1G2_FILTER)) > MAX_FILTERS:
            raise Refused(S.P_OVERFLOW_PARAMETER, f"at most {MAX_FILTERS} filters", (*inner, P.C1G2_FILTER))


def _antenna_configured(now: Configuration, node: Node, antennas: int) -> Configuration:
    check_antenna_configuration(node, antennas)
    wanted = node.int_at(0)
    settings = dict(now.antennas)
    for number in (wanted,) if wanted else range(1, antennas + 1):
        setting = settings.get(number, Antenna())
        if receiver := node.one(P.RF_RECEIVER):
            setting = replace(setting, receiver=receiver.int_at(0))
        if transmitter := node.one(P.RF_TRANSMITTER):
            hop, channel, power = (transmitter.int_at(index) for index in range(3))
            setting = replace(setting, transmitter=(hop, channel, power))
        settings[number] = setting
    return replace(now, antennas=settings)
