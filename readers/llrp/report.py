"""RO_ACCESS_REPORT to rows, fast and with every length checked.

LLRP 1.0.1, sections 14.2.3 (TagReportData) and 16.2.7.3 (its encoding). A report is a run of TagReportData
parameters; each holds an EPC and whichever fields the reader was asked for.

Three ways give the same rows. The *walk* steps over parameter after parameter. A *layout* is learnt from a tag that
was walked: the places of its type and length bytes. A tag of that length with the same bytes in these places could
not be walked differently, so its values are taken from where they stand. Where all tags of all reports at hand have
the layout that came last, columns take them at once; else tag by tag, each by a layout known for its length, and
anything else goes to the walk.

A reader may leave out what has not changed: antenna, strength, count and times that are absent are those of the tag
before (LLRP 1.0.1, section 13.2.3). Of the two times one stands for both where the other is absent: what is carried
over is never taken for the time at which *this* tag was seen while the reader says another.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readers.columns import NO_READS, ReadColumns, Times
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

# The fields of a row, in its order: code for struct. The EPC's depends on its length.
_EPC, _ANTENNA, _RSSI, _FIRST, _LAST, _COUNT = range(6)
_CODES = {_ANTENNA: "H", _RSSI: "b", _FIRST: "Q", _LAST: "Q", _COUNT: "H"}
_TIME_MAX = 2**63 - 1
"""A time beyond is none: Instants are signed."""

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
_SIZES = [TV_BYTES.get(head & 0x7F, 0) if head & 0x80 else 0 for head in range(256)]
"""By the first byte of a parameter: its bytes if it is a known TV, else 0."""

LAYOUTS_MAX = 64
"""Layouts remembered; beyond, a reader that sends ever new ones is walked."""


@dataclass(frozen=True, slots=True)
class Report:
    """The rows of one report or several, times as the reader gave them.

    `earliest` and `latest` bound all times; `timed` is False when some row lacks them (NO_TIME).
    """

    rows: ReadColumns
    earliest: Instant
    latest: Instant
    timed: bool


class ReportDecoder:
    """Decodes the reports of one connection; remembers the layouts their tags had."""

    def __init__(self, uptime: bool = False, layouts_max: int = LAYOUTS_MAX) -> None:
        """`uptime`: take the times since the reader's start, for a reader without a UTC clock.

        `layouts_max`: how many layouts are learnt; with none every tag is walked.
        """
        self._layouts_max = layouts_max
        self._field_of = _FIELD_OF_UPTIME if uptime else _FIELD_OF_UTC
        self._unpack = {
            kind | 0x80: (slot, struct.Struct(">" + _CODES.get(slot, "12s")).unpack_from)
            for kind, slot in self._field_of.items()
        }
        # By the bytes of a tag; those that held last stand first.
        self._layouts: dict[int, list[_Layout]] = {}
        self._known = 0
        self._latest: _Layout | None = None
        # The values that the reader sent last.
        self._before: TagRow = _NOTHING

    def decode(self, body: bytes, offset: int = 0) -> Report:
        """The rows of a report without its message header; `offset` is where it stands, for the error.

        Raises ProtocolViolated with the byte's offset: a length that is zero or overruns what contains it, an
        unknown TV type, a tag without EPC, an outer parameter that no report may hold.
        """
        report, broken = self.decode_all([(body, offset)])
        if broken is not None:
            raise broken
        return report

    def decode_all(self, bodies: Sequence[tuple[bytes, int]]) -> tuple[Report, ProtocolViolated | None]:
        """The rows of several reports in turn, each with where it stands; what broke ends them, and they are kept.

        A report is a run of parameters, so reports of whole tags one after another are a report too.
        """
        if self._latest is not None:
            stride = self._latest.stride
            if not any(len(body) % stride for body, _ in bodies):
                whole = self._latest.report(b"".join([body for body, _ in bodies]), self._before)
                if whole is not None:
                    report, self._before = whole
                    return report, None
        rows: list[TagRow] = []
        try:
            for body, offset in bodies:
                rows += self._rows(body, offset)
        except ProtocolViolated as broken:
            return _bounded(ReadColumns.of(rows)), broken
        return _bounded(ReadColumns.of(rows)), None

    def _rows(self, body: bytes, offset: int) -> list[TagRow]:
        rows: list[TagRow] = []
        at, end = 0, len(body)
        layouts, whole = self._layouts, int.from_bytes
        while at < end:
            # As long as it says, if the report has so much; a layout's marks are also its type and its length.
            tag = body[at : at + whole(body[at + 2 : at + 4], "big")]
            if known := layouts.get(len(tag)):
                bits = whole(tag, "big")
                for layout in known:
                    if bits & layout.mask == layout.marks:
                        self._before = layout.values(tag, self._before)
                        rows.append(layout.settled(self._before))
                        at += layout.stride
                        break
                else:
                    at += self._walk(body, at, offset, rows)
            else:
                at += self._walk(body, at, offset, rows)
        return rows

    def _walk(self, body: bytes, at: int, offset: int, rows: list[TagRow]) -> int:
        """Read the outer parameter at a place, step by step; its bytes. Raises ProtocolViolated."""
        kind, length = _tlv(body, at, len(body), offset)
        if kind == P.TAG_REPORT_DATA:
            row = self._tag(body, at, at + length, offset)
            # An EPC of zero bits names no tag; chips that were never written send it.
            if row[_EPC]:
                rows.append(row)
                self._learn(body[at : at + length])
        elif kind not in (P.RF_SURVEY_REPORT_DATA, P.CUSTOM):
            raise ProtocolViolated(f"byte {offset + at}: parameter {kind} does not belong into a tag report")
        return length

    def _tag(self, body: bytes, start: int, end: int, offset: int) -> TagRow:
        """The row of one tag. Raises ProtocolViolated."""
        values: list[Any] = list(self._before)
        there = set()
        unpack = self._unpack
        at = start + 4
        while at < end:
            head = body[at]
            if size := _SIZES[head]:
                after = at + size
                if after > end:
                    raise ProtocolViolated(f"byte {offset + at}: parameter {head & 0x7F} overruns its tag")
                if found := unpack.get(head):
                    there.add(found[0])
                    values[found[0]] = found[1](body, at + 1)[0]
                at = after
            elif head & 0x80:
                raise ProtocolViolated(f"byte {offset + at}: TV parameter of unknown type {head & 0x7F}")
            else:
                kind, length = _tlv(body, at, end, offset)
                if kind == P.EPC_DATA:
                    place, size = _epc_data(body, at, length, offset)
                    there.add(_EPC)
                    values[_EPC] = body[place : place + size]
                at += length
        if _EPC not in there:
            raise ProtocolViolated(f"byte {offset + start}: a tag is reported without its EPC")
        self._before = tuple(values)
        return _SETTLED[_FIRST in there, _LAST in there](self._before)

    def _learn(self, tag: bytes) -> None:
        """The layout of a tag that was walked."""
        if self._known >= self._layouts_max:
            return
        layout = _learn(tag, self._field_of)
        self._known += 1
        self._layouts.setdefault(layout.stride, []).append(layout)
        self._latest = layout


_NOTHING: TagRow = (b"", NO_ANTENNA, None, NO_TIME, NO_TIME, 1)


def _both(values: TagRow) -> TagRow:
    epc, antenna, rssi, first, last, count = values
    if first > _TIME_MAX or last > _TIME_MAX:
        return epc, antenna, rssi, *_pair(first, last), count
    return values


def _carried(values: TagRow) -> TagRow:
    epc, antenna, rssi, first, last, count = values
    return epc, antenna, rssi, *_pair(first, last), count


def _first_alone(values: TagRow) -> TagRow:
    epc, antenna, rssi, first, _, count = values
    return epc, antenna, rssi, *_pair(first, first), count


def _last_alone(values: TagRow) -> TagRow:
    epc, antenna, rssi, _, last, count = values
    return epc, antenna, rssi, *_pair(last, last), count


def _pair(first: int, last: int) -> tuple[Instant, Instant]:
    """Two times as sent; where one is none, the other stands for both."""
    first = NO_TIME if first > _TIME_MAX else first
    last = NO_TIME if last > _TIME_MAX else last
    return last if first == NO_TIME else first, first if last == NO_TIME else last


_SETTLED: dict[tuple[bool, bool], Callable[[TagRow], TagRow]] = {
    (True, True): _both,
    (True, False): _first_alone,
    (False, True): _last_alone,
    (False, False): _carried,
}
"""What becomes a row of the values at a tag, by whether it had its first and its last time."""


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


def _bounded(rows: ReadColumns) -> Report:
    if not len(rows):
        return Report(NO_READS, 0, 0, True)
    earliest = min(int(rows.first.min()), int(rows.last.min()))
    return Report(rows, earliest, max(int(rows.first.max()), int(rows.last.max())), earliest != NO_TIME)


class _Layout:
    """A tag whose parameters stand in known places."""

    __slots__ = ("_alike", "_dtype", "_epc", "_mask", "_order", "_unpack", "marks", "mask", "settled", "stride")

    def __init__(self, tag: bytes, marks: Sequence[int], places: dict[int, tuple[int, str]]) -> None:
        """`tag`: an example; `marks`: places of its type and length bytes; `places`: of its fields, and their codes."""
        self.stride = len(tag)
        form, at, order = ">", 0, sorted(places, key=lambda slot: places[slot])
        for slot in order:
            place, code = places[slot]
            form += f"{place - at}x{code}"
            at = place + struct.calcsize(">" + code)
        self._unpack = struct.Struct(form).unpack_from
        # Which of the unpacked values, with those of the tag before behind them, stands where in a row.
        self._order = itemgetter(*(order.index(slot) if slot in places else len(order) + slot for slot in range(6)))
        self.settled = _SETTLED[_FIRST in places, _LAST in places]
        mask = np.zeros(self.stride, np.uint8)
        mask[list(marks)] = 0xFF
        self._mask = mask
        self._alike = np.frombuffer(tag, np.uint8) & mask
        self.mask = int.from_bytes(mask.tobytes(), "big")
        self.marks = int.from_bytes(tag, "big") & self.mask
        kinds = {"H": ">u2", "b": "i1", "Q": ">u8"}
        fields = {slot: place for slot, place in places.items() if slot != _EPC}
        self._dtype = np.dtype(
            {
                "names": [str(slot) for slot in fields],
                "formats": [kinds[code] for _, code in fields.values()],
                "offsets": [place for place, _ in fields.values()],
                "itemsize": self.stride,
            }
        )
        place, code = places[_EPC]
        self._epc = (place, struct.calcsize(code))

    def values(self, tag: bytes, before: TagRow) -> TagRow:
        """What stands in a tag that has the marks, and for what is absent what stood in the one before."""
        found: TagRow = self._order(self._unpack(tag) + before)
        return found

    def report(self, body: bytes, before: TagRow) -> tuple[Report, TagRow] | None:
        """The rows of a run of tags and the values at the last; None where one of them is not of this layout."""
        count, rest = divmod(len(body), self.stride)
        if rest or not count:
            return None
        table = np.frombuffer(body, np.uint8).reshape(count, self.stride)
        if ((table & self._mask) != self._alike).any():
            return None
        values = np.frombuffer(body, self._dtype)
        names = self._dtype.names or ()
        last_values = self.values(body[-self.stride :], before)
        # What all lack is the same for all.
        _, antenna, rssi, first_at, last_at, seen = self.settled(last_values)
        place, size = self._epc
        keys = np.empty((count, size + 2), np.uint8)
        keys[:, :size] = table[:, place : place + size]
        keys[:, size:] = self._antennas(table, antenna)
        first, last = self._times(values, first_at, last_at)
        strengths = values[str(_RSSI)].astype(np.float64) if str(_RSSI) in names else None
        counts = self._column(values, _COUNT)
        rows = ReadColumns(
            keys.view(f"V{size + 2}").ravel().tolist(),
            np.full(count, np.nan if rssi is None else rssi, np.float64) if strengths is None else strengths,
            first,
            last,
            np.full(count, seen, np.int64) if counts is None else counts,
        )
        return _bounded(rows), last_values

    def _times(self, values: NDArray[Any], first_before: Instant, last_before: Instant) -> tuple[Times, Times]:
        first, last = self._column(values, _FIRST), self._column(values, _LAST)
        if first is None:
            if last is None:
                return np.full(len(values), first_before, np.int64), np.full(len(values), last_before, np.int64)
            return last, last
        if last is None:
            return first, first
        return np.where(first == NO_TIME, last, first), np.where(last == NO_TIME, first, last)

    def _column(self, values: NDArray[Any], slot: int) -> Times | None:
        if str(slot) not in (self._dtype.names or ()):
            return None
        # A time beyond _TIME_MAX comes out negative: it is none.
        return np.maximum(values[str(slot)].astype(np.int64), NO_TIME)

    def _antennas(self, table: NDArray[np.uint8], before: int) -> NDArray[np.uint8]:
        fields: Mapping[str, Any] = self._dtype.fields or {}
        if str(_ANTENNA) not in fields:
            return np.frombuffer(before.to_bytes(2, "big"), np.uint8)
        place = fields[str(_ANTENNA)][1]
        return table[:, place : place + 2]


def _learn(tag: bytes, field_of: dict[int, int]) -> _Layout:
    """The layout of a tag that was walked already, and has an EPC."""
    marks = [0, 1, 2, 3]
    places: dict[int, tuple[int, str]] = {}
    at = 4
    while at < len(tag):
        head = tag[at]
        if size := _SIZES[head]:
            marks.append(at)
            slot = field_of.get(head & 0x7F)
            if slot is not None:
                places[slot] = (at + 1, _CODES.get(slot, "12s"))
        else:
            kind, size = _TLV.unpack_from(tag, at)
            marks += range(at, at + 4)
            if kind == P.EPC_DATA:
                marks += (at + 4, at + 5)
                place, length = _epc_data(tag, at, size, 0)
                places[_EPC] = (place, f"{length}s")
        at += size
    return _Layout(tag, marks, places)
