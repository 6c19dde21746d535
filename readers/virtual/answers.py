"""The bodies of the answers to GET_READER_CAPABILITIES and GET_READER_CONFIG, and of event notifications.

Source: LLRP 1.0.1, section 16.2.3 (capabilities), 16.2.6 (configuration), 16.2.7.6 (events).
"""

import struct
from collections.abc import Collection

from readers import wire
from readers.sighting import Instant
from readers.virtual import device
from readers.virtual.device import Antenna, Configuration
from readers.virtual.shapes import Refused
from readers.wire import MessageType as M
from readers.wire import ParameterType as P
from readers.wire import StatusCode as S


def success() -> bytes:
    """LLRPStatus M_Success."""
    return wire.encode_status(S.M_SUCCESS)


def _general(antennas: int) -> bytes:
    firmware = device.FIRMWARE.encode()
    has_utc_clock = 1 << 14
    body = struct.pack(">HHIIH", antennas, has_utc_clock, device.MANUFACTURER, device.MODEL, len(firmware))
    body += firmware
    for index, value in enumerate(device.SENSITIVITIES, start=1):
        body += wire.encode_tlv(P.RECEIVE_SENSITIVITY_TABLE_ENTRY, struct.pack(">HH", index, value))
    body += wire.encode_tlv(P.GPIO_CAPABILITIES, struct.pack(">HH", device.INPUTS, device.OUTPUTS))
    for antenna in range(1, antennas + 1):
        protocols = struct.pack(">HHB", antenna, 1, device.AIR_PROTOCOL_C1G2)
        body += wire.encode_tlv(P.PER_ANTENNA_AIR_PROTOCOL, protocols)
    return wire.encode_tlv(P.GENERAL_DEVICE_CAPABILITIES, body)


def _llrp() -> bytes:
    supports_holding = 1 << 3
    limits = (device.MAX_ROSPECS, device.MAX_SPECS_PER_ROSPEC, 1, device.MAX_ACCESSSPECS, device.MAX_OPSPECS)
    body = struct.pack(">BBHIIIII", supports_holding, device.MAX_PRIORITY, 0, *limits)
    return wire.encode_tlv(P.LLRP_CAPABILITIES, body)


def _regulatory() -> bytes:
    band = b""
    for index, hundredths in enumerate(device.POWERS, start=1):
        band += wire.encode_tlv(P.TRANSMIT_POWER_LEVEL_TABLE_ENTRY, struct.pack(">Hh", index, hundredths))
    hops = struct.pack(f">BBH{len(device.FREQUENCIES_KHZ)}I", 1, 0, len(device.FREQUENCIES_KHZ),
                       *device.FREQUENCIES_KHZ)  # fmt: skip
    hopping = 0x80
    band += wire.encode_tlv(P.FREQUENCY_INFORMATION, bytes((hopping,)) + wire.encode_tlv(P.FREQUENCY_HOP_TABLE, hops))
    modes = b""
    for mode in device.MODES:
        # Divide ratio 64/3, modulation FM0 to Miller 8, backscatter rate in bit/s, PIE in thousandths, Tari in ns.
        modulation = mode if mode < 4 else 2
        figures = (640_000 >> modulation, 1500, 6250, 25_000, 0)
        entry = struct.pack(">IBBBBIIIII", mode, 0x80, modulation, 2, 2, *figures)
        modes += wire.encode_tlv(P.UHF_C1G2_RF_MODE_TABLE_ENTRY, entry)
    band += wire.encode_tlv(P.UHF_C1G2_RF_MODE_TABLE, modes)
    body = struct.pack(">HH", device.COUNTRY_CODE, 0) + wire.encode_tlv(P.UHF_BAND_CAPABILITIES, band)
    return wire.encode_tlv(P.REGULATORY_CAPABILITIES, body)


def _air_protocol() -> bytes:
    return wire.encode_tlv(P.C1G2_LLRP_CAPABILITIES, struct.pack(">BH", 0, device.MAX_FILTERS))


def capabilities(requested: int, antennas: int) -> bytes:
    """The body of GET_READER_CAPABILITIES_RESPONSE. Raises Refused for an unknown RequestedData."""
    parts = (_general(antennas), _llrp(), _regulatory(), _air_protocol())
    if requested > len(parts):
        raise Refused(S.A_OUT_OF_RANGE, f"RequestedData {requested} is unknown; known are 0 to 4", field=0)
    return success() + (b"".join(parts) if requested == 0 else parts[requested - 1])


def configuration(
    request: tuple[int, int, int, int],
    now: Configuration,
    antennas: int,
    connected: Collection[int],
    levels: Collection[int] = (),
) -> bytes:
    """The body of GET_READER_CONFIG_RESPONSE for (antenna, RequestedData, GPI port, GPO port); `levels`: active inputs.

    Raises Refused for an unknown RequestedData, antenna or port.
    """
    antenna, requested, gpi, gpo = request
    if requested > 11:
        raise Refused(S.A_OUT_OF_RANGE, f"RequestedData {requested} is unknown; known are 0 to 11", field=1)
    if requested in (0, 2, 3) and antenna > antennas:
        raise Refused(S.A_OUT_OF_RANGE, f"antenna {antenna} does not exist; there are {antennas}", field=0)
    for wanted, port, ports, index in ((9, gpi, device.INPUTS, 2), (10, gpo, device.OUTPUTS, 3)):
        if requested in (0, wanted) and port > ports:
            raise Refused(S.A_OUT_OF_RANGE, f"ports are numbered 1 to {ports}; there is no {port}", field=index)
    numbers = (antenna,) if antenna else tuple(range(1, antennas + 1))
    parts = {
        1: wire.encode_tlv(P.IDENTIFICATION, struct.pack(">BH", 0, 8) + bytes.fromhex("020000FFFE000001")),
        2: b"".join(
            wire.encode_tlv(P.ANTENNA_PROPERTIES, struct.pack(">BHh", 0x80 if n in connected else 0, n, 0))
            for n in numbers
        ),
        3: b"".join(_antenna(n, now.antennas.get(n, Antenna())) for n in numbers),
        5: wire.encode_tlv(P.READER_EVENT_NOTIFICATION_SPEC, b"".join(_states(now))),
        4: now.report.encode(),
        6: wire.encode_tlv(P.ACCESS_REPORT_SPEC, bytes((now.access_report,))),
        7: wire.encode_tlv(P.LLRP_CONFIGURATION_STATE_VALUE, struct.pack(">I", now.changes & 0xFFFFFFFF)),
        8: wire.encode_tlv(P.KEEPALIVE_SPEC, struct.pack(">BI", now.keepalive_ms > 0, now.keepalive_ms)),
        9: b"".join(
            wire.encode_tlv(P.GPI_PORT_CURRENT_STATE, struct.pack(">HBB", n, (n in now.inputs) << 7, n in levels))
            for n in ((gpi,) if gpi else range(1, device.INPUTS + 1))
        ),
        10: b"".join(
            wire.encode_tlv(P.GPO_WRITE_DATA, struct.pack(">HB", n, (n in now.outputs) << 7))
            for n in ((gpo,) if gpo else range(1, device.OUTPUTS + 1))
        ),
        11: wire.encode_tlv(P.EVENTS_AND_REPORTS, bytes((now.hold << 7,))),
    }
    return success() + (b"".join(parts.values()) if requested == 0 else parts[requested])


def _antenna(number: int, setting: Antenna) -> bytes:
    control = wire.encode_tlv(P.C1G2_RF_CONTROL, struct.pack(">HH", device.MODES[-2], 0))
    singulation = wire.encode_tlv(P.C1G2_SINGULATION_CONTROL, struct.pack(">BHI", 1 << 6, 32, 0))
    body = struct.pack(">H", number)
    body += wire.encode_tlv(P.RF_RECEIVER, struct.pack(">H", setting.receiver))
    body += wire.encode_tlv(P.RF_TRANSMITTER, struct.pack(">HHH", *setting.transmitter))
    body += wire.encode_tlv(P.C1G2_INVENTORY_COMMAND, b"\0" + control + singulation)
    return wire.encode_tlv(P.ANTENNA_CONFIGURATION, body)


def _states(now: Configuration) -> list[bytes]:
    return [
        wire.encode_tlv(P.EVENT_NOTIFICATION_STATE, struct.pack(">HB", kind, (kind in now.events) << 7))
        for kind in device.EVENT_TYPES
    ]


def event(at: Instant, what: bytes, message_id: int) -> bytes:
    """A whole READER_EVENT_NOTIFICATION with one event parameter, at the reader's time."""
    stamp = wire.encode_tlv(P.UTC_TIMESTAMP, struct.pack(">Q", at))
    return wire.encode_message(
        M.READER_EVENT_NOTIFICATION, message_id, wire.encode_tlv(P.READER_EVENT_NOTIFICATION_DATA, stamp + what)
    )


def connection_attempt(status: wire.ConnectionAttempt) -> bytes:
    """ConnectionAttemptEvent."""
    return wire.encode_tlv(P.CONNECTION_ATTEMPT_EVENT, struct.pack(">H", status))


ROSPEC_STARTED, ROSPEC_ENDED, ROSPEC_PREEMPTED = range(3)


def rospec_event(kind: int, rospec_id: int, preempting_id: int = 0) -> bytes:
    """ROSpecEvent: ROSPEC_STARTED, ROSPEC_ENDED or ROSPEC_PREEMPTED."""
    return wire.encode_tlv(P.ROSPEC_EVENT, struct.pack(">BII", kind, rospec_id, preempting_id))


def aispec_event(rospec_id: int, spec_index: int) -> bytes:
    """AISpecEvent, end of AISpec; the index counts from 1."""
    return wire.encode_tlv(P.AISPEC_EVENT, struct.pack(">BIH", 0, rospec_id, spec_index))


def input_event(port: int, active: bool) -> bytes:
    """GPIEvent."""
    return wire.encode_tlv(P.GPI_EVENT, struct.pack(">HB", port, active << 7))


def antenna_event(antenna: int, connected: bool) -> bytes:
    """AntennaEvent: disconnected or connected."""
    return wire.encode_tlv(P.ANTENNA_EVENT, struct.pack(">BH", connected, antenna))
