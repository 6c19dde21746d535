"""RO_ACCESS_REPORT to rows, fast and with every length checked.

LLRP 1.0.1, sections 14.2.3 (TagReportData) and 16.2.7.3 (its encoding). A report is a run of TagReportData
parameters; each holds an EPC and whichever fields the reader was asked for.

Two ways give the same rows. The walk steps over parameter after parameter. The layout is learnt from one tag
that was walked, and then holds for a whole report if every type and length byte of every tag stands where it
stood in that one: then the walk could not parse it differently, and one unpacking takes all. Anything else
goes to the walk.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat
from operator import itemgetter
from typing import Any

from readers.driver import ProtocolViolated, TagRow
from readers.sighting import Instant
from readers.wire import ParameterType as P

NO_TIME = -1
"""In place of a time that the reader did not send."""
NO_ANTENNA = 0
"""In place of an antenna that the reader did not send; LLRP counts antennas from 1."""

_TLV = struct.Struct(">HH")
_TLV_MIN = 128

TV_BYTES: dict[int, int] = {
    P.ANTENNA_ID: 3,
    P.FIRST_SEEN_TIMESTAMP_UTC: 9,
    P.FIRST_SEEN_TIMESTAMP_UPTIME: 9,
    P.LAST_SEEN_TIMESTAMP_UTC: 9,
    P.LAST_SEEN_TIMESTAMP_UPTIME: 9,
    P.PEAK_RSSI: 2,
    P.CHANNEL_INDEX: 3,
    P.TAG_SEEN_COUNT: 3,
    P.ROSPEC_ID: 5,
    P.INVENTORY_PARAMETER_SPEC_ID: 3,
    P.C1G2_CRC: 3,
    P.C1G2_PC: 3,
    P.EPC_96: 13,
    P.SPEC_INDEX: 3,
    P.CLIENT_REQUEST_OPSPEC_RESULT: 3,
    P.ACCESS_SPEC_ID: 5,
    P.OPSPEC_ID: 3,
    P.C1G2_SINGULATION_DETAILS: 5,
    P.C1G2_XPCW1: 3,
    P.C1G2_XPCW2: 3,
}
"""Bytes of each TV parameter, its type byte included (LLRP 1.0.1, section 16.2.7.3)."""

# The fields of a row, in its order: struct code, value where the reader sent none. The EPC's code depends on it.
_ABSENT: tuple[bytes | int | None, ...] = (b"", NO_ANTENNA, None, NO_TIME, NO_TIME, 1)
_EPC, _ANTENNA, _RSSI, _FIRST, _LAST, _COUNT = range(6)
_CODES = {_ANTENNA: "H", _RSSI: "b", _FIRST: "Q", _LAST: "Q", _COUNT: "H"}

_FIELD_OF_UTC: dict[int, int] = {
    P.EPC_96: _EPC,
    P.ANTENNA_ID: _ANTENNA,
    P.PEAK_RSSI: _RSSI,
    P.FIRST_SEEN_TIMESTAMP_UTC: _FIRST,
    P.LAST_SEEN_TIMESTAMP_UTC: _LAST,
    P.TAG_SEEN_COUNT: _COUNT,
}
_FIELD_OF_UPTIME: dict[int, int] = {
    P.EPC_96: _EPC,
    P.ANTENNA_ID: _ANTENNA,
    P.PEAK_RSSI: _RSSI,
    P.FIRST_SEEN_TIMESTAMP_UPTIME: _FIRST,
    P.LAST_SEEN_TIMESTAMP_UPTIME: _LAST,
    P.TAG_SEEN_COUNT: _COUNT,
}
_first_of: Callable[[TagRow], Instant] = itemgetter(_FIRST)
_last_of: Callable[[TagRow], Instant] = itemgetter(_LAST)
_SIZES = [TV_BYTES.get(head & 0x7F, 0) if head & 0x80 else 0 for head in range(256)]
"""By the first byte of a parameter: its bytes if it is a known TV, else 0."""

_LAYOUT_TAGS_MIN = 4
"""Reports of fewer tags are walked at once: to check a layout costs as much."""


@dataclass(frozen=True, slots=True)
class Report:
    """The rows of one report, times as the reader gave them.

    `earliest` and `latest` bound all times; `timed` is False when some row lacks them (NO_TIME).
    """

    rows: list[TagRow]
    earliest: Instant
    latest: Instant
    timed: bool


class ReportDecoder:
    """Decodes the reports of one connection; remembers the layout they had last."""

    def __init__(self, uptime: bool = False) -> None:
        """`uptime`: take the times since the reader's start, for a reader without a UTC clock."""
        self._field_of = _FIELD_OF_UPTIME if uptime else _FIELD_OF_UTC
        self._unpack = {
            kind | 0x80: (slot, struct.Struct(">" + _CODES.get(slot, "12s")).unpack_from)
            for kind, slot in self._field_of.items()
        }
        self._layout: _Layout | None = None

    def decode(self, body: bytes, offset: int = 0) -> Report:
        """The rows of a report without its message header; `offset` is where it stands, for the error.

        Raises ProtocolViolated with the byte's offset: a length that is zero or overruns what contains it, an
        unknown TV type, a tag without EPC, an outer parameter that no report may hold.
        """
        layout = self._layout
        if layout is not None and (report := layout.report(body)) is not None:
            return report
        report = self._walk(body, offset)
        if len(report.rows) >= _LAYOUT_TAGS_MIN:
            self._layout = _learn(body, self._field_of)
        return report

    def _walk(self, body: bytes, offset: int) -> Report:
        rows: list[TagRow] = []
        at, end = 0, len(body)
        while at < end:
            kind, length = _tlv(body, at, end, offset)
            if kind == P.TAG_REPORT_DATA:
                rows.append(self._tag(body, at, at + length, offset))
            elif kind not in (P.RF_SURVEY_REPORT_DATA, P.CUSTOM):
                raise ProtocolViolated(f"byte {offset + at}: parameter {kind} does not belong into a tag report")
            at += length
        # An EPC of zero bits names no tag; chips that were never written send it.
        return _bounded([row for row in rows if row[_EPC]])

    def _tag(self, body: bytes, start: int, end: int, offset: int) -> TagRow:
        values: list[Any] = [None, NO_ANTENNA, None, NO_TIME, NO_TIME, 1]
        unpack = self._unpack
        at = start + 4
        while at < end:
            head = body[at]
            if size := _SIZES[head]:
                after = at + size
                if after > end:
                    raise ProtocolViolated(f"byte {offset + at}: parameter {head & 0x7F} overruns its tag")
                if found := unpack.get(head):
                    values[found[0]] = found[1](body, at + 1)[0]
                at = after
            elif head & 0x80:
                raise ProtocolViolated(f"byte {offset + at}: TV parameter of unknown type {head & 0x7F}")
            else:
                kind, length = _tlv(body, at, end, offset)
                if kind == P.EPC_DATA:
                    place, size = _epc_data(body, at, length, offset)
                    values[_EPC] = body[place : place + size]
                at += length
        if values[_EPC] is None:
            raise ProtocolViolated(f"byte {offset + start}: a tag is reported without its EPC")
        # A reader that sends one of the two times means both.
        if values[_FIRST] == NO_TIME:
            values[_FIRST] = values[_LAST]
        elif values[_LAST] == NO_TIME:
            values[_LAST] = values[_FIRST]
        return tuple(values)


def _tlv(body: bytes, at: int, end: int, offset: int) -> tuple[int, int]:
    """Type and length of the TLV parameter at a place. Raises ProtocolViolated."""
    if end - at < _TLV.size:
        raise ProtocolViolated(f"byte {offset + at}: {end - at} bytes are left, a parameter needs {_TLV.size}")
    kind, length = _TLV.unpack_from(body, at)
    if kind >> 10 or kind < _TLV_MIN:
        raise ProtocolViolated(f"byte {offset + at}: 0x{kind:04X} is no type of a parameter")
    if length < _TLV.size:
        raise ProtocolViolated(f"byte {offset + at + 2}: parameter {kind} says that it is {length} bytes long")
    if at + length > end:
        raise ProtocolViolated(
            f"byte {offset + at + 2}: parameter {kind} overruns what contains it by {at + length - end} bytes"
        )
    return kind, length


def _epc_data(body: bytes, at: int, length: int, offset: int) -> tuple[int, int]:
    """Place and bytes of the EPC of an EPCData parameter (LLRP 1.0.1, section 16.2.7.3.1)."""
    if length < 6:
        raise ProtocolViolated(f"byte {offset + at + 2}: EPCData of {length} bytes has no room for its bit count")
    bits = int.from_bytes(body[at + 4 : at + 6], "big")
    size = (bits + 7) // 8
    if 6 + size > length:
        raise ProtocolViolated(f"byte {offset + at + 4}: an EPC of {bits} bits overruns its EPCData of {length} bytes")
    return at + 6, size


def _bounded(rows: list[TagRow]) -> Report:
    if not rows:
        return Report(rows, 0, 0, True)
    firsts, lasts = list(map(_first_of, rows)), list(map(_last_of, rows))
    earliest = min(min(firsts), min(lasts))
    return Report(rows, earliest, max(max(firsts), max(lasts)), earliest != NO_TIME)


@dataclass(frozen=True, slots=True)
class _Layout:
    """A report in which all tags have the same parameters in the same places."""

    stride: int
    marks: tuple[tuple[int, int], ...]
    unpack: struct.Struct
    columns: tuple[int | None, ...]
    straight: bool

    def report(self, body: bytes) -> Report | None:
        """The report, or None when it is not of this layout."""
        stride = self.stride
        count, rest = divmod(len(body), stride)
        if rest or count < _LAYOUT_TAGS_MIN:
            return None
        for place, value in self.marks:
            if body[place::stride].count(value) != count:
                return None
        rows: list[TagRow]
        if self.straight:
            rows = list(self.unpack.iter_unpack(body))
            return _bounded(rows)
        found = list(zip(*self.unpack.iter_unpack(body), strict=True))
        columns: list[Any] = [
            repeat(absent, count) if column is None else found[column]
            for column, absent in zip(self.columns, _ABSENT, strict=True)
        ]
        if self.columns[_FIRST] is None:
            columns[_FIRST] = columns[_LAST] = tuple(columns[_LAST])
        elif self.columns[_LAST] is None:
            columns[_LAST] = columns[_FIRST]
        return _bounded(list(zip(*columns, strict=True)))


def _learn(body: bytes, field_of: dict[int, int]) -> _Layout | None:
    """The layout of the first tag of a report that was walked already; None where it has none."""
    kind, stride = _TLV.unpack_from(body, 0)
    if kind != P.TAG_REPORT_DATA:
        return None
    marks = [0, 1, 2, 3]
    places: dict[int, tuple[int, str]] = {}
    at = 4
    while at < stride:
        head = body[at]
        if size := _SIZES[head]:
            marks.append(at)
            slot = field_of.get(head & 0x7F)
            if slot is not None:
                places[slot] = (at + 1, _CODES.get(slot, "12s"))
        else:
            kind, size = _TLV.unpack_from(body, at)
            marks += range(at, at + 4)
            if kind == P.EPC_DATA:
                marks += (at + 4, at + 5)
                place, length = _epc_data(body, at, size, 0)
                if not length:
                    return None
                places[_EPC] = (place, f"{length}s")
        at += size
    return _layout(stride, tuple((place, body[place]) for place in marks), places)


def _layout(stride: int, marks: tuple[tuple[int, int], ...], places: dict[int, tuple[int, str]]) -> _Layout:
    form, at, order = ">", 0, sorted(places, key=lambda slot: places[slot])
    for slot in order:
        place, code = places[slot]
        form += f"{place - at}x{code}"
        at = place + struct.calcsize(">" + code)
    return _Layout(
        stride=stride,
        marks=marks,
        unpack=struct.Struct(f"{form}{stride - at}x"),
        columns=tuple(order.index(slot) if slot in places else None for slot in range(6)),
        straight=order == list(range(6)),
    )
