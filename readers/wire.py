"""LLRP framing and the primitives of its encoding, in plain Python: numbers, headers, parameters, status.

Source: EPCglobal Low Level Reader Protocol 1.0.1 (2007), section 16 (binary encoding). Numbers are
big-endian. A message is a 10-byte header (3 bits reserved, 3 version, 10 type; 32-bit length of the
whole message; 32-bit message id) and a body. A parameter is TLV (6 bits reserved, 10 type from 128
up; 16-bit length of the whole parameter) or TV (one bit set, 7 bits type; a length fixed by the type).

This file knows bytes only: what a message means is said by the reader (`readers/virtual.py`) or by the client
(`readers/llrp.py`).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

LLRP_PORT = 5084
"""The port registered for LLRP without TLS (LLRP 1.0.1, transport binding)."""

VERSION_1_0_1 = 1
HEADER_BYTES = 10
MAX_MESSAGE_BYTES = 1 << 20
"""The longest message accepted from a peer: far above any that clients send, far below what hurts."""

_HEADER = struct.Struct(">HII")
_TLV = struct.Struct(">HH")


class MessageType(IntEnum):
    """Message types (LLRP 1.0.1, section 16.1; GET_SUPPORTED_VERSION and SET_PROTOCOL_VERSION are of 1.1)."""

    GET_READER_CAPABILITIES = 1
    GET_READER_CONFIG = 2
    SET_READER_CONFIG = 3
    CLOSE_CONNECTION_RESPONSE = 4
    GET_READER_CAPABILITIES_RESPONSE = 11
    GET_READER_CONFIG_RESPONSE = 12
    SET_READER_CONFIG_RESPONSE = 13
    CLOSE_CONNECTION = 14
    ADD_ROSPEC = 20
    DELETE_ROSPEC = 21
    START_ROSPEC = 22
    STOP_ROSPEC = 23
    ENABLE_ROSPEC = 24
    DISABLE_ROSPEC = 25
    GET_ROSPECS = 26
    ADD_ROSPEC_RESPONSE = 30
    DELETE_ROSPEC_RESPONSE = 31
    START_ROSPEC_RESPONSE = 32
    STOP_ROSPEC_RESPONSE = 33
    ENABLE_ROSPEC_RESPONSE = 34
    DISABLE_ROSPEC_RESPONSE = 35
    GET_ROSPECS_RESPONSE = 36
    ADD_ACCESSSPEC = 40
    DELETE_ACCESSSPEC = 41
    ENABLE_ACCESSSPEC = 42
    DISABLE_ACCESSSPEC = 43
    GET_ACCESSSPECS = 44
    CLIENT_REQUEST_OP = 45
    GET_SUPPORTED_VERSION = 46
    SET_PROTOCOL_VERSION = 47
    ADD_ACCESSSPEC_RESPONSE = 50
    DELETE_ACCESSSPEC_RESPONSE = 51
    ENABLE_ACCESSSPEC_RESPONSE = 52
    DISABLE_ACCESSSPEC_RESPONSE = 53
    GET_ACCESSSPECS_RESPONSE = 54
    CLIENT_REQUEST_OP_RESPONSE = 55
    GET_SUPPORTED_VERSION_RESPONSE = 56
    SET_PROTOCOL_VERSION_RESPONSE = 57
    GET_REPORT = 60
    RO_ACCESS_REPORT = 61
    KEEPALIVE = 62
    READER_EVENT_NOTIFICATION = 63
    ENABLE_EVENTS_AND_REPORTS = 64
    KEEPALIVE_ACK = 72
    ERROR_MESSAGE = 100
    CUSTOM_MESSAGE = 1023


class ParameterType(IntEnum):
    """Parameter types (LLRP 1.0.1, section 16.2): up to 127 TV, from 128 TLV."""

    ANTENNA_ID = 1
    FIRST_SEEN_TIMESTAMP_UTC = 2
    FIRST_SEEN_TIMESTAMP_UPTIME = 3
    LAST_SEEN_TIMESTAMP_UTC = 4
    LAST_SEEN_TIMESTAMP_UPTIME = 5
    PEAK_RSSI = 6
    CHANNEL_INDEX = 7
    TAG_SEEN_COUNT = 8
    ROSPEC_ID = 9
    INVENTORY_PARAMETER_SPEC_ID = 10
    C1G2_CRC = 11
    C1G2_PC = 12
    EPC_96 = 13
    SPEC_INDEX = 14
    CLIENT_REQUEST_OPSPEC_RESULT = 15
    ACCESS_SPEC_ID = 16
    OPSPEC_ID = 17
    C1G2_SINGULATION_DETAILS = 18
    C1G2_XPCW1 = 19
    C1G2_XPCW2 = 20
    UTC_TIMESTAMP = 128
    UPTIME = 129
    GENERAL_DEVICE_CAPABILITIES = 137
    MAXIMUM_RECEIVE_SENSITIVITY = 363
    RECEIVE_SENSITIVITY_TABLE_ENTRY = 139
    PER_ANTENNA_AIR_PROTOCOL = 140
    GPIO_CAPABILITIES = 141
    LLRP_CAPABILITIES = 142
    REGULATORY_CAPABILITIES = 143
    UHF_BAND_CAPABILITIES = 144
    TRANSMIT_POWER_LEVEL_TABLE_ENTRY = 145
    FREQUENCY_INFORMATION = 146
    FREQUENCY_HOP_TABLE = 147
    FIXED_FREQUENCY_TABLE = 148
    PER_ANTENNA_RECEIVE_SENSITIVITY_RANGE = 149
    ROSPEC = 177
    RO_BOUNDARY_SPEC = 178
    ROSPEC_START_TRIGGER = 179
    PERIODIC_TRIGGER_VALUE = 180
    GPI_TRIGGER_VALUE = 181
    ROSPEC_STOP_TRIGGER = 182
    AISPEC = 183
    AISPEC_STOP_TRIGGER = 184
    TAG_OBSERVATION_TRIGGER = 185
    INVENTORY_PARAMETER_SPEC = 186
    RF_SURVEY_SPEC = 187
    RF_SURVEY_SPEC_STOP_TRIGGER = 188
    ACCESS_SPEC = 207
    ACCESS_SPEC_STOP_TRIGGER = 208
    ACCESS_COMMAND = 209
    CLIENT_REQUEST_OPSPEC = 210
    CLIENT_REQUEST_RESPONSE = 211
    LLRP_CONFIGURATION_STATE_VALUE = 217
    IDENTIFICATION = 218
    GPO_WRITE_DATA = 219
    KEEPALIVE_SPEC = 220
    ANTENNA_PROPERTIES = 221
    ANTENNA_CONFIGURATION = 222
    RF_RECEIVER = 223
    RF_TRANSMITTER = 224
    GPI_PORT_CURRENT_STATE = 225
    EVENTS_AND_REPORTS = 226
    RO_REPORT_SPEC = 237
    TAG_REPORT_CONTENT_SELECTOR = 238
    ACCESS_REPORT_SPEC = 239
    TAG_REPORT_DATA = 240
    EPC_DATA = 241
    RF_SURVEY_REPORT_DATA = 242
    FREQUENCY_RSSI_LEVEL_ENTRY = 243
    READER_EVENT_NOTIFICATION_SPEC = 244
    EVENT_NOTIFICATION_STATE = 245
    READER_EVENT_NOTIFICATION_DATA = 246
    HOPPING_EVENT = 247
    GPI_EVENT = 248
    ROSPEC_EVENT = 249
    REPORT_BUFFER_LEVEL_WARNING_EVENT = 250
    REPORT_BUFFER_OVERFLOW_ERROR_EVENT = 251
    READER_EXCEPTION_EVENT = 252
    RF_SURVEY_EVENT = 253
    AISPEC_EVENT = 254
    ANTENNA_EVENT = 255
    CONNECTION_ATTEMPT_EVENT = 256
    CONNECTION_CLOSE_EVENT = 257
    LLRP_STATUS = 287
    FIELD_ERROR = 288
    PARAMETER_ERROR = 289
    C1G2_LLRP_CAPABILITIES = 327
    UHF_C1G2_RF_MODE_TABLE = 328
    UHF_C1G2_RF_MODE_TABLE_ENTRY = 329
    C1G2_INVENTORY_COMMAND = 330
    C1G2_FILTER = 331
    C1G2_TAG_INVENTORY_MASK = 332
    C1G2_TAG_INVENTORY_STATE_AWARE_FILTER_ACTION = 333
    C1G2_TAG_INVENTORY_STATE_UNAWARE_FILTER_ACTION = 334
    C1G2_RF_CONTROL = 335
    C1G2_SINGULATION_CONTROL = 336
    C1G2_TAG_INVENTORY_STATE_AWARE_SINGULATION_ACTION = 337
    C1G2_TAG_SPEC = 338
    C1G2_TARGET_TAG = 339
    C1G2_READ = 341
    C1G2_WRITE = 342
    C1G2_KILL = 343
    C1G2_LOCK = 344
    C1G2_LOCK_PAYLOAD = 345
    C1G2_BLOCK_ERASE = 346
    C1G2_BLOCK_WRITE = 347
    C1G2_EPC_MEMORY_SELECTOR = 348
    C1G2_READ_OPSPEC_RESULT = 349
    C1G2_WRITE_OPSPEC_RESULT = 350
    C1G2_KILL_OPSPEC_RESULT = 351
    C1G2_LOCK_OPSPEC_RESULT = 352
    C1G2_BLOCK_ERASE_OPSPEC_RESULT = 353
    C1G2_BLOCK_WRITE_OPSPEC_RESULT = 354
    CUSTOM = 1023


class StatusCode(IntEnum):
    """Status codes of LLRPStatus (LLRP 1.0.1, section 14.2.2): M_ message, P_ parameter, A_ field."""

    M_SUCCESS = 0
    M_PARAMETER_ERROR = 100
    M_FIELD_ERROR = 101
    M_UNEXPECTED_PARAMETER = 102
    M_MISSING_PARAMETER = 103
    M_DUPLICATE_PARAMETER = 104
    M_OVERFLOW_PARAMETER = 105
    M_OVERFLOW_FIELD = 106
    M_UNKNOWN_PARAMETER = 107
    M_UNKNOWN_FIELD = 108
    M_UNSUPPORTED_MESSAGE = 109
    M_UNSUPPORTED_VERSION = 110
    M_UNSUPPORTED_PARAMETER = 111
    P_PARAMETER_ERROR = 200
    P_FIELD_ERROR = 201
    P_UNEXPECTED_PARAMETER = 202
    P_MISSING_PARAMETER = 203
    P_DUPLICATE_PARAMETER = 204
    P_OVERFLOW_PARAMETER = 205
    P_OVERFLOW_FIELD = 206
    P_UNKNOWN_PARAMETER = 207
    P_UNKNOWN_FIELD = 208
    P_UNSUPPORTED_PARAMETER = 209
    A_INVALID = 300
    A_OUT_OF_RANGE = 301
    R_DEVICE_ERROR = 401


class ConnectionAttempt(IntEnum):
    """ConnectionAttemptEvent status (LLRP 1.0.1, section 13.2.4)."""

    SUCCESS = 0
    FAILED_READER_INITIATED_EXISTS = 1
    FAILED_CLIENT_INITIATED_EXISTS = 2
    FAILED_OTHER = 3
    ANOTHER_CONNECTION_ATTEMPTED = 4


TV_BYTES: dict[int, int] = {
    ParameterType.ANTENNA_ID: 3,
    ParameterType.FIRST_SEEN_TIMESTAMP_UTC: 9,
    ParameterType.FIRST_SEEN_TIMESTAMP_UPTIME: 9,
    ParameterType.LAST_SEEN_TIMESTAMP_UTC: 9,
    ParameterType.LAST_SEEN_TIMESTAMP_UPTIME: 9,
    ParameterType.PEAK_RSSI: 2,
    ParameterType.CHANNEL_INDEX: 3,
    ParameterType.TAG_SEEN_COUNT: 3,
    ParameterType.ROSPEC_ID: 5,
    ParameterType.INVENTORY_PARAMETER_SPEC_ID: 3,
    ParameterType.C1G2_CRC: 3,
    ParameterType.C1G2_PC: 3,
    ParameterType.EPC_96: 13,
    ParameterType.SPEC_INDEX: 3,
    ParameterType.CLIENT_REQUEST_OPSPEC_RESULT: 3,
    ParameterType.ACCESS_SPEC_ID: 5,
    ParameterType.OPSPEC_ID: 3,
    ParameterType.C1G2_SINGULATION_DETAILS: 5,
    ParameterType.C1G2_XPCW1: 3,
    ParameterType.C1G2_XPCW2: 3,
}
"""Bytes of each TV parameter, its type byte included (LLRP 1.0.1, section 16.2)."""


class WireError(ValueError):
    """The bytes break the encoding; the message says what and at which byte. `code`: the status to answer."""

    def __init__(self, text: str, code: StatusCode = StatusCode.M_PARAMETER_ERROR) -> None:
        super().__init__(text)
        self.code = code


class FrameInvalid(WireError):
    """The header claims a length that cannot be: nothing after it can be read, the connection must end."""


@dataclass(frozen=True, slots=True)
class Header:
    """The header of one message; `length_bytes` counts the header too."""

    type: int
    version: int
    length_bytes: int
    id: int


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: `body` is what follows its type (TV) or type and length (TLV); `at` its first byte."""

    type: int
    body: bytes
    at: int


def encode_message(kind: int, message_id: int, body: bytes = b"", version: int = VERSION_1_0_1) -> bytes:
    """One whole message (LLRP 1.0.1, section 16.1)."""
    return _HEADER.pack((version & 0x7) << 10 | kind & 0x3FF, HEADER_BYTES + len(body), message_id) + body


def decode_header(data: bytes | bytearray | memoryview, at: int = 0) -> Header:
    """The header at byte `at`, which must have HEADER_BYTES behind it.

    Raises FrameInvalid when the length is under 10 or over MAX_MESSAGE_BYTES.
    """
    first, length, message_id = _HEADER.unpack_from(data, at)
    if not HEADER_BYTES <= length <= MAX_MESSAGE_BYTES:
        raise FrameInvalid(
            f"message {message_id}: the header claims {length} bytes;"
            f" allowed are {HEADER_BYTES} to {MAX_MESSAGE_BYTES}",
            StatusCode.M_OVERFLOW_FIELD if length > MAX_MESSAGE_BYTES else StatusCode.M_FIELD_ERROR,
        )
    return Header(first & 0x3FF, first >> 10 & 0x7, length, message_id)


class Framer:
    """Cuts a stream of bytes into messages; holds at most one unfinished message, so its memory is bounded.

    A length that cannot be is refused as soon as its header is there, before any of its body is kept; the
    messages before it in the same bytes are still given.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Header, bytes]]:
        """The messages completed by `data`, each as header and body. Raises FrameInvalid."""
        self._buffer += data
        while len(self._buffer) >= HEADER_BYTES:
            try:
                header = decode_header(self._buffer)
            except FrameInvalid:
                self._buffer.clear()
                raise
            if len(self._buffer) < header.length_bytes:
                return
            body = bytes(self._buffer[HEADER_BYTES : header.length_bytes])
            del self._buffer[: header.length_bytes]
            yield header, body


def encode_tlv(kind: int, body: bytes = b"") -> bytes:
    """One TLV parameter. Raises WireError when it is longer than its 16-bit length can say."""
    if len(body) + 4 > 0xFFFF:
        raise WireError(f"parameter {kind} of {len(body)} bytes is over 65,531", StatusCode.P_OVERFLOW_FIELD)
    return _TLV.pack(kind & 0x3FF, len(body) + 4) + body


def encode_tv(kind: int, body: bytes) -> bytes:
    """One TV parameter. Raises WireError when the body has not the length that its type fixes."""
    if TV_BYTES.get(kind) != len(body) + 1:
        raise WireError(f"TV parameter {kind} cannot have {len(body)} bytes", StatusCode.P_FIELD_ERROR)
    return bytes((0x80 | kind,)) + body


def decode_parameters(data: bytes, at: int = 0) -> Iterator[Parameter]:
    """The parameters that stand one after another from byte `at` to the end of `data`.

    Raises WireError for an unknown TV type (its length is unknown), a length under 4, and one past the end.
    """
    end = len(data)
    while at < end:
        first = data[at]
        if first & 0x80:
            kind = first & 0x7F
            size = TV_BYTES.get(kind, 0)
            if not size:
                raise WireError(f"byte {at}: unknown TV parameter {kind}", StatusCode.M_UNKNOWN_PARAMETER)
            head = 1
        else:
            if at + 4 > end:
                raise WireError(f"byte {at}: {end - at} bytes are left, a TLV parameter needs 4")
            kind, size = _TLV.unpack_from(data, at)
            kind &= 0x3FF
            head = 4
            if size < 4:
                raise WireError(f"byte {at}: parameter {kind} claims {size} bytes; TLV needs 4")
        if at + size > end:
            raise WireError(f"byte {at}: parameter {kind} claims {size} bytes, {end - at} are left")
        yield Parameter(kind, data[at + head : at + size], at)
        at += size


def encode_status(code: int, description: str = "", nested: bytes = b"") -> bytes:
    """LLRPStatus (LLRP 1.0.1, section 14.2.2): code, UTF-8 description, nested errors."""
    text = description.encode("utf-8")[:1024].decode("utf-8", "ignore").encode("utf-8")
    return encode_tlv(ParameterType.LLRP_STATUS, struct.pack(">HH", code, len(text)) + text + nested)


def decode_status(body: bytes) -> tuple[int, str]:
    """Code and description of the body of an LLRPStatus. Raises WireError when it is cut."""
    if len(body) < 4:
        raise WireError(f"LLRPStatus has {len(body)} bytes, needs 4")
    code, size = struct.unpack_from(">HH", body)
    if 4 + size > len(body):
        raise WireError(f"LLRPStatus claims a description of {size} bytes, {len(body) - 4} are left")
    return code, body[4 : 4 + size].decode("utf-8", "replace")


def encode_field_error(field_index: int, code: int) -> bytes:
    """FieldError (LLRP 1.0.1, section 14.2.2.1): which field, counted from 0, and what is wrong with it."""
    return encode_tlv(ParameterType.FIELD_ERROR, struct.pack(">HH", field_index, code))


def encode_parameter_error(parameter: int, code: int, nested: bytes = b"") -> bytes:
    """ParameterError (LLRP 1.0.1, section 14.2.2.2): which parameter, what is wrong, and where within it."""
    return encode_tlv(ParameterType.PARAMETER_ERROR, struct.pack(">HH", parameter, code) + nested)
