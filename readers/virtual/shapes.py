"""What clients may send, as tables: fields and sub-parameters of every message and parameter; a strict decoder.

Source: LLRP 1.0.1, section 16.1 (messages), 16.2 (parameters), 16.3 (Class-1 Generation-2 parameters). The
answer to a mistake is an LLRPStatus as in section 14.2.2: codes M_ for what stands in the message itself,
M_ParameterError with nested ParameterErrors (codes P_) for what stands deeper, FieldError (codes A_) for a value.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from readers import wire
from readers.wire import MessageType as M
from readers.wire import ParameterType as P
from readers.wire import StatusCode as S

MANY = 1 << 16
Values = tuple[int | bytes | tuple[int, ...], ...]
Times = tuple[int, int]
"""How often a sub-parameter stands: at least, at most."""


class Refused(Exception):
    """A request that cannot be carried out, told as LLRPStatus.

    `path` names the parameters from the message's own down to the one at fault; `field` counts its fields
    from 0. Without a path, `code` is the message's code (M_) or, with a field, the field's (A_).
    """

    def __init__(self, code: S, text: str, path: tuple[int, ...] = (), field: int | None = None) -> None:
        super().__init__(text)
        self.code, self.text, self.path, self.field = code, text, path, field

    def status(self) -> bytes:
        """The LLRPStatus parameter, encoded."""
        detail = b""
        if self.field is not None:
            detail = wire.encode_field_error(self.field, self.code)
        if not self.path:
            return wire.encode_status(S.M_FIELD_ERROR if detail else self.code, self.text, detail)
        detail = wire.encode_parameter_error(self.path[-1], S.P_FIELD_ERROR if detail else self.code, detail)
        for kind in reversed(self.path[:-1]):
            detail = wire.encode_parameter_error(kind, S.P_PARAMETER_ERROR, detail)
        return wire.encode_status(S.M_PARAMETER_ERROR, self.text, detail)


@dataclass(frozen=True, slots=True)
class Node:
    """A decoded message or parameter: its fields and sub-parameters in order, its bytes as they came."""

    kind: int
    values: Values
    children: tuple["Node", ...]
    body: bytes

    def all(self, kind: int) -> tuple["Node", ...]:
        """The sub-parameters of that type."""
        return tuple(child for child in self.children if child.kind == kind)

    def one(self, kind: int) -> "Node | None":
        """The first sub-parameter of that type, or None."""
        return next(iter(self.all(kind)), None)

    def int_at(self, index: int) -> int:
        """The field at `index`, which the table says is a number."""
        value = self.values[index]
        assert isinstance(value, int)
        return value


FieldReader = Callable[[bytes], tuple[Values, int]]
"""Reads the fields of a body; gives them and the bytes used. Raises struct.error when it is too short."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`fields` is a struct format or a reader of its own; `choice` demands at least one of its types."""

    fields: str | FieldReader = ""
    children: Mapping[int, Times] | None = None
    choice: tuple[int, ...] = ()


def _take(body: bytes, at: int, size: int) -> bytes:
    if at + size > len(body):
        raise struct.error(f"{at + size - len(body)} bytes are missing")
    return body[at : at + size]


def _antenna_ids(body: bytes) -> tuple[Values, int]:
    (count,) = struct.unpack_from(">H", body)
    return (struct.unpack(f">{count}H", _take(body, 2, 2 * count)),), 2 + 2 * count


def _bits(body: bytes, at: int) -> tuple[int, bytes, int]:
    (count,) = struct.unpack_from(">H", body, at)
    size = (count + 7) // 8
    return count, _take(body, at + 2, size), at + 2 + size


def _mask(body: bytes) -> tuple[Values, int]:
    bank, pointer = struct.unpack_from(">BH", body)
    count, mask, end = _bits(body, 3)
    return (bank >> 6, pointer, count, mask), end


def _target(body: bytes) -> tuple[Values, int]:
    flags, pointer = struct.unpack_from(">BH", body)
    mask_count, mask, middle = _bits(body, 3)
    data_count, data, end = _bits(body, middle)
    return (flags >> 6, flags >> 5 & 1, pointer, mask_count, mask, data_count, data), end


def _write(body: bytes) -> tuple[Values, int]:
    opspec, password, bank, pointer, count = struct.unpack_from(">HIBHH", body)
    return (opspec, password, bank >> 6, pointer, _take(body, 11, 2 * count)), 11 + 2 * count


def _custom(body: bytes) -> tuple[Values, int]:
    vendor, subtype = struct.unpack_from(">II", body)
    return (vendor, subtype, body[8:]), len(body)


ONE: Times = (1, 1)
MAYBE: Times = (0, 1)
SOME: Times = (1, MANY)
ANY: Times = (0, MANY)
_OPSPECS = (P.C1G2_READ, P.C1G2_WRITE, P.C1G2_KILL, P.C1G2_LOCK, P.C1G2_BLOCK_ERASE, P.C1G2_BLOCK_WRITE)
_CONFIGURATION: Mapping[int, Times] = {
    P.READER_EVENT_NOTIFICATION_SPEC: MAYBE,
    P.ANTENNA_PROPERTIES: ANY,
    P.ANTENNA_CONFIGURATION: ANY,
    P.RO_REPORT_SPEC: MAYBE,
    P.ACCESS_REPORT_SPEC: MAYBE,
    P.KEEPALIVE_SPEC: MAYBE,
    P.GPO_WRITE_DATA: ANY,
    P.GPI_PORT_CURRENT_STATE: ANY,
    P.EVENTS_AND_REPORTS: MAYBE,
    P.CUSTOM: ANY,
}

MESSAGES: Mapping[int, Shape] = {
    M.GET_READER_CAPABILITIES: Shape(">B", {P.CUSTOM: ANY}),
    M.GET_READER_CONFIG: Shape(">HBHH", {P.CUSTOM: ANY}),
    M.SET_READER_CONFIG: Shape(">B", _CONFIGURATION),
    M.CLOSE_CONNECTION: Shape(),
    M.ADD_ROSPEC: Shape("", {P.ROSPEC: ONE}),
    M.DELETE_ROSPEC: Shape(">I"),
    M.START_ROSPEC: Shape(">I"),
    M.STOP_ROSPEC: Shape(">I"),
    M.ENABLE_ROSPEC: Shape(">I"),
    M.DISABLE_ROSPEC: Shape(">I"),
    M.GET_ROSPECS: Shape(),
    M.ADD_ACCESSSPEC: Shape("", {P.ACCESS_SPEC: ONE}),
    M.DELETE_ACCESSSPEC: Shape(">I"),
    M.ENABLE_ACCESSSPEC: Shape(">I"),
    M.DISABLE_ACCESSSPEC: Shape(">I"),
    M.GET_ACCESSSPECS: Shape(),
    M.GET_REPORT: Shape(),
    M.ENABLE_EVENTS_AND_REPORTS: Shape(),
    M.KEEPALIVE_ACK: Shape(),
}
"""The messages a client may send to this reader."""

PARAMETERS: Mapping[int, Shape] = {
    P.CUSTOM: Shape(_custom),
    P.UTC_TIMESTAMP: Shape(">Q"),
    P.ROSPEC: Shape(
        ">IBB",
        {
            P.RO_BOUNDARY_SPEC: ONE,
            P.AISPEC: ANY,
            P.RF_SURVEY_SPEC: ANY,
            P.CUSTOM: ANY,
            P.RO_REPORT_SPEC: MAYBE,
        },
        (P.AISPEC, P.RF_SURVEY_SPEC, P.CUSTOM),
    ),
    P.RO_BOUNDARY_SPEC: Shape("", {P.ROSPEC_START_TRIGGER: ONE, P.ROSPEC_STOP_TRIGGER: ONE}),
    P.ROSPEC_START_TRIGGER: Shape(">B", {P.PERIODIC_TRIGGER_VALUE: MAYBE, P.GPI_TRIGGER_VALUE: MAYBE}),
    P.PERIODIC_TRIGGER_VALUE: Shape(">II", {P.UTC_TIMESTAMP: MAYBE}),
    P.GPI_TRIGGER_VALUE: Shape(">HBI"),
    P.ROSPEC_STOP_TRIGGER: Shape(">BI", {P.GPI_TRIGGER_VALUE: MAYBE}),
    P.AISPEC: Shape(_antenna_ids, {P.AISPEC_STOP_TRIGGER: ONE, P.INVENTORY_PARAMETER_SPEC: SOME, P.CUSTOM: ANY}),
    P.AISPEC_STOP_TRIGGER: Shape(">BI", {P.GPI_TRIGGER_VALUE: MAYBE, P.TAG_OBSERVATION_TRIGGER: MAYBE}),
    P.TAG_OBSERVATION_TRIGGER: Shape(">BBHHHI"),
    P.INVENTORY_PARAMETER_SPEC: Shape(">HB", {P.ANTENNA_CONFIGURATION: ANY, P.CUSTOM: ANY}),
    P.ANTENNA_CONFIGURATION: Shape(
        ">H", {P.RF_RECEIVER: MAYBE, P.RF_TRANSMITTER: MAYBE, P.C1G2_INVENTORY_COMMAND: ANY, P.CUSTOM: ANY}
    ),
    P.RF_RECEIVER: Shape(">H"),
    P.RF_TRANSMITTER: Shape(">HHH"),
    P.C1G2_INVENTORY_COMMAND: Shape(
        ">B",
        {P.C1G2_FILTER: ANY, P.C1G2_RF_CONTROL: MAYBE, P.C1G2_SINGULATION_CONTROL: MAYBE, P.CUSTOM: ANY},
    ),
    P.C1G2_FILTER: Shape(
        ">B",
        {
            P.C1G2_TAG_INVENTORY_MASK: ONE,
            P.C1G2_TAG_INVENTORY_STATE_AWARE_FILTER_ACTION: MAYBE,
            P.C1G2_TAG_INVENTORY_STATE_UNAWARE_FILTER_ACTION: MAYBE,
        },
    ),
    P.C1G2_TAG_INVENTORY_MASK: Shape(_mask),
    P.C1G2_TAG_INVENTORY_STATE_AWARE_FILTER_ACTION: Shape(">BB"),
    P.C1G2_TAG_INVENTORY_STATE_UNAWARE_FILTER_ACTION: Shape(">B"),
    P.C1G2_RF_CONTROL: Shape(">HH"),
    P.C1G2_SINGULATION_CONTROL: Shape(">BHI", {P.C1G2_TAG_INVENTORY_STATE_AWARE_SINGULATION_ACTION: MAYBE}),
    P.C1G2_TAG_INVENTORY_STATE_AWARE_SINGULATION_ACTION: Shape(">B"),
    P.RF_SURVEY_SPEC: Shape(">HII", {P.RF_SURVEY_SPEC_STOP_TRIGGER: ONE, P.CUSTOM: ANY}),
    P.RF_SURVEY_SPEC_STOP_TRIGGER: Shape(">BII"),
    P.RO_REPORT_SPEC: Shape(">BH", {P.TAG_REPORT_CONTENT_SELECTOR: ONE, P.CUSTOM: ANY}),
    P.TAG_REPORT_CONTENT_SELECTOR: Shape(">H", {P.C1G2_EPC_MEMORY_SELECTOR: MAYBE, P.CUSTOM: ANY}),
    P.C1G2_EPC_MEMORY_SELECTOR: Shape(">B"),
    P.ACCESS_REPORT_SPEC: Shape(">B"),
    P.ACCESS_SPEC: Shape(
        ">IHBBI",
        {
            P.ACCESS_SPEC_STOP_TRIGGER: ONE,
            P.ACCESS_COMMAND: ONE,
            P.ACCESS_REPORT_SPEC: MAYBE,
            P.CUSTOM: ANY,
        },
    ),
    P.ACCESS_SPEC_STOP_TRIGGER: Shape(">BH"),
    P.ACCESS_COMMAND: Shape(
        "", {P.C1G2_TAG_SPEC: ONE, P.CUSTOM: ANY, **dict.fromkeys(_OPSPECS, ANY)}, (*_OPSPECS, P.CUSTOM)
    ),
    P.C1G2_TAG_SPEC: Shape("", {P.C1G2_TARGET_TAG: (1, 2)}),
    P.C1G2_TARGET_TAG: Shape(_target),
    P.C1G2_READ: Shape(">HIBHH"),
    P.C1G2_WRITE: Shape(_write),
    P.C1G2_KILL: Shape(">HI"),
    P.C1G2_LOCK: Shape(">HI", {P.C1G2_LOCK_PAYLOAD: SOME}),
    P.C1G2_LOCK_PAYLOAD: Shape(">BB"),
    P.C1G2_BLOCK_ERASE: Shape(">HIBHH"),
    P.C1G2_BLOCK_WRITE: Shape(_write),
    P.READER_EVENT_NOTIFICATION_SPEC: Shape("", {P.EVENT_NOTIFICATION_STATE: SOME}),
    P.EVENT_NOTIFICATION_STATE: Shape(">HB"),
    P.ANTENNA_PROPERTIES: Shape(">BHh"),
    P.KEEPALIVE_SPEC: Shape(">BI"),
    P.GPO_WRITE_DATA: Shape(">HB"),
    P.GPI_PORT_CURRENT_STATE: Shape(">HBB"),
    P.EVENTS_AND_REPORTS: Shape(">B"),
}
"""The parameters a client may send. None can contain itself, so the depth is bounded by this table."""


def decode(kind: int, body: bytes) -> Node:
    """A client's message, checked against the tables. Raises Refused; KeyError for a type not in them."""
    return _decode(MESSAGES[kind], kind, body, ())


def _code(path: tuple[int, ...], in_message: S, in_parameter: S) -> S:
    return in_parameter if path else in_message


def _decode(shape: Shape, kind: int, body: bytes, path: tuple[int, ...]) -> Node:
    where = name(path[-1]) if path else "the message"
    try:
        if isinstance(shape.fields, str):
            values: Values = struct.unpack_from(shape.fields, body)
            end = struct.calcsize(shape.fields)
        else:
            values, end = shape.fields(body)
    except struct.error as short:
        text = f"{where} has {len(body)} bytes, too few for its fields"
        raise Refused(_code(path, S.M_FIELD_ERROR, S.P_FIELD_ERROR), text, path) from short
    allowed = shape.children or {}
    children: list[Node] = []
    counts: dict[int, int] = {}
    try:
        for parameter in wire.decode_parameters(body, end):
            child = (*path, parameter.type)
            counts[parameter.type] = counts.get(parameter.type, 0) + 1
            _admit(parameter.type, counts[parameter.type], allowed, path)
            children.append(_decode(PARAMETERS[parameter.type], parameter.type, parameter.body, child))
    except wire.WireError as broken:
        code = _code(path, S.M_PARAMETER_ERROR, S.P_PARAMETER_ERROR)
        raise Refused(code, f"{where}: {broken}", path) from broken
    for wanted, (least, _) in allowed.items():
        if counts.get(wanted, 0) < least:
            code = _code(path, S.M_MISSING_PARAMETER, S.P_MISSING_PARAMETER)
            raise Refused(code, f"{where} lacks its {name(wanted)}", path)
    if shape.choice and not any(counts.get(choice) for choice in shape.choice):
        code = _code(path, S.M_MISSING_PARAMETER, S.P_MISSING_PARAMETER)
        raise Refused(code, f"{where} needs one of {', '.join(map(name, shape.choice))}", path)
    return Node(kind, values, tuple(children), body)


def _admit(kind: int, count: int, allowed: Mapping[int, Times], path: tuple[int, ...]) -> None:
    """Refuse a sub-parameter that may not stand here, or not so often."""
    where = name(path[-1]) if path else "the message"
    if kind not in allowed:
        if kind in _KNOWN:
            code = _code(path, S.M_UNEXPECTED_PARAMETER, S.P_UNEXPECTED_PARAMETER)
            raise Refused(code, f"{name(kind)} may not stand in {where}", path)
        code = _code(path, S.M_UNKNOWN_PARAMETER, S.P_UNKNOWN_PARAMETER)
        raise Refused(code, f"{where} holds a parameter of the unknown type {kind}", path)
    if count > allowed[kind][1]:
        code = _code(path, S.M_DUPLICATE_PARAMETER, S.P_DUPLICATE_PARAMETER)
        raise Refused(code, f"{where} holds {name(kind)} more often than {allowed[kind][1]} times", path)


_KNOWN = {int(kind): kind.name for kind in P}


def name(kind: int) -> str:
    """The name of a parameter type, or its number."""
    return _KNOWN.get(kind, f"parameter {kind}")
