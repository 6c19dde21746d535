"""The report buffer: tag observations folded into TagReportData, and their encoding.

Observations of one tag fold into one entry until it is reported, kept apart by whatever the content selector asks
to be told apart (LLRP 1.0.1, section 13.2.3: a report's entries are unique in EPC, antenna, spec and results).
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from readers import wire
from readers.sighting import Instant
from readers.virtual import device, tag
from readers.virtual.device import ReportSpec
from readers.wire import ParameterType as P

MAX_ENTRIES = 20_000
"""Entries kept for a client that never fetches them; beyond it the oldest goes."""
ENTRIES_PER_MESSAGE = 500


class Heard(NamedTuple):
    """One observation of one tag: strength in whole dBm, time by the reader's clock, channel counted from 1."""

    antenna: int
    epc: bytes
    rssi_dbm: int
    at: Instant
    channel: int


class Origin(NamedTuple):
    """Which operation heard it."""

    rospec_id: int
    spec_index: int
    inventory_id: int
    report: ReportSpec
    access_id: int = 0
    results: bytes = b""


@dataclass(slots=True)
class _Entry:
    origin: Origin
    heard: Heard
    first_at: Instant
    last_at: Instant
    peak_dbm: int
    count: int


class ReportBuffer:
    """Entries waiting to be reported; bounded."""

    def __init__(self) -> None:
        self._entries: dict[tuple[object, ...], _Entry] = {}

    def add(self, heard: Heard, origin: Origin) -> int:
        """Fold one observation in; gives how many entries of that ROSpec's report wait now."""
        select = origin.report.select
        key = (
            heard.epc,
            origin.rospec_id,
            heard.antenna if select & device.SELECT_ANTENNA_ID else 0,
            origin.spec_index if select & device.SELECT_SPEC_INDEX else 0,
            origin.inventory_id if select & device.SELECT_INVENTORY_ID else 0,
            heard.channel if select & device.SELECT_CHANNEL else 0,
            origin.access_id,
            origin.results,
        )
        entry = self._entries.get(key)
        if entry is None:
            if len(self._entries) >= MAX_ENTRIES:
                del self._entries[next(iter(self._entries))]
            self._entries[key] = _Entry(origin, heard, heard.at, heard.at, heard.rssi_dbm, 1)
        else:
            # A clock that jumps back must not make a last time before its first.
            entry.first_at, entry.last_at = min(entry.first_at, heard.at), max(entry.last_at, heard.at)
            entry.peak_dbm = max(entry.peak_dbm, heard.rssi_dbm)
            entry.count = min(entry.count + 1, 0xFFFF)
        return len(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def take(self) -> Iterator[bytes]:
        """Bodies of RO_ACCESS_REPORT with all entries, emptying the buffer; none when it is empty."""
        entries = list(self._entries.values())
        self._entries.clear()
        for start in range(0, len(entries), ENTRIES_PER_MESSAGE):
            yield b"".join(map(_encode, entries[start : start + ENTRIES_PER_MESSAGE]))


def epc_parameter(epc: bytes) -> bytes:
    """EPC-96 for 96 bits, EPCData for any other length (LLRP 1.0.1, section 16.2.7.3)."""
    if len(epc) == 12:
        return wire.encode_tv(P.EPC_96, epc)
    return wire.encode_tlv(P.EPC_DATA, struct.pack(">H", 8 * len(epc)) + epc)


class _Field(NamedTuple):
    bit: int
    kind: P
    form: str


_FIELDS = (
    _Field(device.SELECT_ROSPEC_ID, P.ROSPEC_ID, ">BI"),
    _Field(device.SELECT_SPEC_INDEX, P.SPEC_INDEX, ">BH"),
    _Field(device.SELECT_INVENTORY_ID, P.INVENTORY_PARAMETER_SPEC_ID, ">BH"),
    _Field(device.SELECT_ANTENNA_ID, P.ANTENNA_ID, ">BH"),
    _Field(device.SELECT_PEAK_RSSI, P.PEAK_RSSI, ">Bb"),
    _Field(device.SELECT_CHANNEL, P.CHANNEL_INDEX, ">BH"),
    _Field(device.SELECT_FIRST_SEEN, P.FIRST_SEEN_TIMESTAMP_UTC, ">BQ"),
    _Field(device.SELECT_LAST_SEEN, P.LAST_SEEN_TIMESTAMP_UTC, ">BQ"),
    _Field(device.SELECT_SEEN_COUNT, P.TAG_SEEN_COUNT, ">BH"),
)
"""The optional fields of TagReportData in their order on the wire."""


def _encode(entry: _Entry) -> bytes:
    heard, origin = entry.heard, entry.origin
    values: Iterable[int] = (
        origin.rospec_id,
        origin.spec_index,
        origin.inventory_id,
        heard.antenna,
        entry.peak_dbm,
        heard.channel,
        entry.first_at,
        entry.last_at,
        entry.count,
    )
    report = origin.report
    parts = [epc_parameter(heard.epc)]
    for (bit, kind, form), value in zip(_FIELDS, values, strict=True):
        if report.select & bit:
            parts.append(struct.pack(form, 0x80 | kind, value))
    if report.pc:
        parts.append(struct.pack(">BH", 0x80 | P.C1G2_PC, tag.pc_bits(heard.epc)))
    if report.crc:
        parts.append(struct.pack(">BH", 0x80 | P.C1G2_CRC, tag.crc_16(heard.epc)))
    if origin.access_id and report.select & device.SELECT_ACCESSSPEC_ID:
        parts.append(struct.pack(">BI", 0x80 | P.ACCESS_SPEC_ID, origin.access_id))
    parts.append(origin.results)
    return wire.encode_tlv(P.TAG_REPORT_DATA, b"".join(parts))
