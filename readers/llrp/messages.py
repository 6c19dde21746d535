"""What we say to a reader and what its answers mean: the only file that knows sllurp.

LLRP 1.0.1: sections 9 (capabilities), 10 (ROSpec), 12 (configuration), 13.2.6 (events), 14.1 (status).
sllurp's decoders slice without checking; so a message's outer parameters are walked first, and whatever sllurp
stumbles over becomes ProtocolViolated.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sllurp.llrp import LLRPMessage
from sllurp.llrp_errors import LLRPError
from sllurp.llrp_proto import LLRPROSpec, Message_struct, Message_Type2Name

from readers.driver import ProtocolViolated
from readers.llrp.framing import Message
from readers.sighting import Instant
from readers.wire import MessageType as M

DECODED_BYTES_MAX = 256 * 1024
"""Answers and events are far shorter; sllurp's decoder needs time in the square of the length."""

ROSPEC_ID = 1
REQUEST_ALL = 0

_EVENTS = {
    "HoppingEvent": False,
    "GPIEvent": True,
    "ROSpecEvent": False,
    "ReportBufferFillWarning": True,
    "ReaderExceptionEvent": True,
    "RFSurveyEvent": False,
    "AISpecEvent": False,
    "AISpecEventWithSingulation": False,
    "AntennaEvent": True,
}
_CONTENT = {
    "EnableROSpecID": False,
    "EnableSpecIndex": False,
    "EnableInventoryParameterSpecID": False,
    "EnableAntennaID": True,
    "EnableChannelIndex": False,
    "EnablePeakRSSI": True,
    "EnableFirstSeenTimestamp": True,
    "EnableLastSeenTimestamp": True,
    "EnableTagSeenCount": True,
    "EnableAccessSpecID": False,
}
_MAKERS = {25882: "Impinj", 161: "Zebra", 10642: "Zebra", 22695: "Alien", 24831: "ThingMagic"}
"""IANA private enterprise numbers of makers, as readers give them."""


@dataclass(frozen=True, slots=True)
class Event:
    """READER_EVENT_NOTIFICATION: `at` is the reader's time in microseconds, since its start if `uptime`."""

    at: Instant | None
    uptime: bool
    connection: str | None = None
    closing: bool = False
    antenna: tuple[int, bool] | None = None
    input: tuple[int, bool] | None = None
    overflow: bool = False
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What GET_READER_CAPABILITIES_RESPONSE says that we use."""

    model: str | None
    firmware: str | None
    antennas: int


def build(name: str, identifier: int, fields: Mapping[str, Any] | None = None) -> bytes:
    """The bytes of a message, named as in the standard."""
    return bytes(LLRPMessage(msgdict={name: {"Ver": 1, "ID": identifier, **(fields or {})}}).msgbytes)


def handshake(
    antennas: Sequence[int], keepalive_milliseconds: int, session: int
) -> tuple[tuple[str, dict[str, Any], M | None, bool], ...]:
    """Requests in order: name, fields, type of the answer (None: none comes), whether it must succeed.

    `antennas` of none at all means every antenna of the reader. The ROSpec starts at once and has no end; each
    tag is reported as it is read (N = 1), so that even one still tag is heard within half a second on a reader
    that knows no report by time. Session 0 or 1 (Gen2, section 6.3.2.2), for in sessions 2 and 3 a still tag
    keeps silent for as long as it is in the field.
    """
    every = (0,)
    rospec = LLRPROSpec(
        reader_mode=None,
        rospecid=ROSPEC_ID,
        antennas=tuple(antennas) or every,
        tag_content_selector=_CONTENT,
        session=session,
        tag_population=32,
    )
    for antenna in rospec["AISpec"][0]["InventoryParameterSpec"][0]["AntennaConfiguration"]:
        # Power and channel are the installer's, set on the reader for the room; we do not know better.
        antenna.pop("RFTransmitter")
    rospec["ROReportSpec"]["ROReportTrigger"] = "Upon_N_Tags_Or_End_Of_AISpec"
    rospec["ROReportSpec"]["N"] = 1
    configuration = {
        "ResetToFactoryDefaults": False,
        "ReaderEventNotificationSpec": {"EventNotificationState": dict(_EVENTS)},
        "KeepaliveSpec": {"KeepaliveTriggerType": 1, "TimeInterval": keepalive_milliseconds},
    }
    return (
        ("GET_READER_CAPABILITIES", {"RequestedData": REQUEST_ALL}, M.GET_READER_CAPABILITIES_RESPONSE, True),
        ("GET_READER_CONFIG", {"RequestedData": REQUEST_ALL}, M.GET_READER_CONFIG_RESPONSE, False),
        ("SET_READER_CONFIG", configuration, M.SET_READER_CONFIG_RESPONSE, True),
        ("DELETE_ACCESSSPEC", {"AccessSpecID": 0}, M.DELETE_ACCESSSPEC_RESPONSE, False),
        ("DELETE_ROSPEC", {"ROSpecID": 0}, M.DELETE_ROSPEC_RESPONSE, False),
        ("ADD_ROSPEC", {"ROSpec": rospec}, M.ADD_ROSPEC_RESPONSE, True),
        ("ENABLE_ROSPEC", {"ROSpecID": ROSPEC_ID}, M.ENABLE_ROSPEC_RESPONSE, True),
        ("ENABLE_EVENTS_AND_REPORTS", {}, None, True),
    )


def decode(message: Message) -> dict[str, Any] | None:
    """The fields of an answer or event; None for a message type unknown to sllurp. Raises ProtocolViolated."""
    name = Message_Type2Name.get((message.kind, 0, 0))
    if name is None or "decode" not in Message_struct[name]:
        return None
    _check_outer(message)
    try:
        return dict(LLRPMessage(msgbytes=message.data).msgdict[name])
    except (LLRPError, struct.error, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ProtocolViolated(f"byte {message.offset}: {name} cannot be decoded: {error!r}") from error


def _check_outer(message: Message) -> None:
    """Every outer parameter has a length that fits. All messages decoded here consist of parameters only."""
    body, at = message.body, 0
    if len(body) > DECODED_BYTES_MAX:
        raise ProtocolViolated(
            f"byte {message.offset}: a message of type {message.kind} is {len(body)} bytes long, "
            f"more than the {DECODED_BYTES_MAX} taken of its kind"
        )
    while at < len(body):
        length = int.from_bytes(body[at + 2 : at + 4], "big")
        if length < 4 or at + length > len(body):
            raise ProtocolViolated(
                f"byte {message.offset + 10 + at}: a parameter of a message of type {message.kind} has a length "
                f"of {length} where {len(body) - at} bytes are left"
            )
        at += length


def refusal(fields: Mapping[str, Any]) -> str | None:
    """Why the reader refused, in its own words; None when it did not (LLRPStatus)."""
    status = fields.get("LLRPStatus")
    if not isinstance(status, Mapping) or status.get("StatusCode") == "Success":
        return None
    return f"{status.get('StatusCode')} {_text(status.get('ErrorDescription')) or ''}".strip()


def event(message: Message) -> Event:
    """Raises ProtocolViolated."""
    data = (decode(message) or {}).get("ReaderEventNotificationData")
    if not isinstance(data, Mapping):
        raise ProtocolViolated(f"byte {message.offset}: an event notification without its data")
    uptime = "UTCTimestamp" not in data and "Uptime" in data
    antenna = data.get("AntennaEvent")
    changed = data.get("GPIEvent")
    return Event(
        at=_number(data.get("Uptime" if uptime else "UTCTimestamp"), "Microseconds"),
        uptime=uptime,
        connection=_connection(data.get("ConnectionAttemptEvent")),
        closing="ConnectionCloseEvent" in data,
        antenna=(int(antenna["AntennaID"]), antenna["EventType"] == "Connected") if antenna else None,
        input=(int(changed["GPIPortNumber"]), bool(changed["GPIEvent"])) if changed else None,
        overflow="ReportBufferOverflowErrorEvent" in data,
        trouble=_trouble(data.get("ReaderExceptionEvent")),
    )


def _connection(found: Any) -> str | None:
    return str(found["Status"]) if isinstance(found, Mapping) and "Status" in found else None


def _trouble(found: Any) -> str | None:
    return (_text(found.get("Message")) or "no text") if isinstance(found, Mapping) else None


def capabilities(fields: Mapping[str, Any], offset: int) -> Capabilities:
    """Raises ProtocolViolated when the general device capabilities are not there."""
    general = fields.get("GeneralDeviceCapabilities")
    antennas = _number(general, "MaxNumberOfAntennaSupported")
    if not isinstance(general, Mapping) or antennas is None:
        raise ProtocolViolated(f"byte {offset}: the capabilities do not say how many antennas there are")
    maker, model = general.get("DeviceManufacturerName"), general.get("ModelName")
    named = f"{_MAKERS.get(maker or 0, f'maker {maker}')} {model}" if model is not None else None
    return Capabilities(named, _text(general.get("ReaderFirmwareVersion")), antennas)


def connected_antennas(fields: Mapping[str, Any]) -> tuple[int, ...] | None:
    """Antennas that the reader says are connected; None when it says nothing of antennas."""
    found = fields.get("AntennaProperties")
    rows = found if isinstance(found, list) else [found] if isinstance(found, Mapping) else []
    if not rows:
        return None
    return tuple(int(row["AntennaID"]) for row in rows if row.get("AntennaConnected"))


def _number(found: Any, key: str) -> int | None:
    value = found.get(key) if isinstance(found, Mapping) else found
    return int(value) if isinstance(value, int) else None


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return str(value)[:200].strip("\0 ") or None if value else None
