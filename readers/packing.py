"""A thousand sightings in one record of the spool: columns, each in as few bytes as its values need.

The layout: a version byte, the length of the head (32 bits, big-endian), the head (a JSON object), then the columns
one after another, little-endian. Whole numbers are kept as their distance from the least of the column, in 1, 2, 4
or 8 bytes; strengths as hundredths of a dBm where they are that, else as doubles. So a sighting takes about 25 bytes
where its row of the wire contract takes 130.
"""

import json
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readers.columns import Key, SightingColumns, Strengths, Times, parted, plain_antennas, plain_keys

VERSION = 1
_HEAD = struct.Struct(">BI")
_WIDTHS = (("u1", 2**8), ("<u2", 2**16), ("<u4", 2**32), ("<i8", 2**63))
_TYPES = {code: np.dtype(code) for code, _ in _WIDTHS} | {"<f8": np.dtype("<f8")}
_UNKNOWN = -(2**15)
"""A strength that is not known, in hundredths of a dBm."""
_ANTENNA_MAX = 0xFFFF
_NAME_BYTES_MAX = 255

Column = list[Any]
"""Its code, the least value, and for strengths what they are divided by."""


class PackedInvalid(ValueError):
    """These bytes are no packed sightings: the message says what is wrong with them."""


def packable(key: Key) -> bool:
    """Whether the key is made of whole bytes and no more of them than the format has room for."""
    if isinstance(key, bytes):
        return len(key) <= _NAME_BYTES_MAX
    tid, epc, antenna = key
    return (
        isinstance(epc, bytes)
        and len(epc) <= _NAME_BYTES_MAX
        and 0 <= antenna <= _ANTENNA_MAX
        and (tid is None or _is_packable_tid(tid))
    )


def _is_packable_tid(tid: str) -> bool:
    try:
        raw = bytes.fromhex(tid)
    except ValueError:
        return False
    return 0 < len(raw) <= _NAME_BYTES_MAX and raw.hex().upper() == tid


def pack_sightings(sightings: SightingColumns) -> bytes:
    """The sightings as one record; each of their keys is packable."""
    epcs, antennas, tids = _of_keys(sightings.keys)
    head: dict[str, Any] = {"count": len(sightings), "readers": sightings.readers}
    parts: list[bytes] = []
    for name, values in (
        ("reader", sightings.reader.astype(np.int64)),
        ("antenna", antennas),
        ("first", sightings.first),
        ("span", sightings.last - sightings.first),
        ("seen", sightings.counts),
        ("received", sightings.received),
    ):
        head[name], data = _whole(values)
        parts.append(data)
    for name, strengths in (("strongest", sightings.strongest), ("mean", sightings.mean)):
        head[name], data = _strengths(strengths)
        parts.append(data)
    for name, texts in (("epc", epcs), ("tid", tids)):
        head[name], data = _texts(texts)
        parts.append(data)
    written = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    return b"".join([_HEAD.pack(VERSION, len(written)), written, *parts])


def unpack_sightings(body: bytes) -> SightingColumns:
    """The sightings of a record. Raises PackedInvalid."""
    try:
        version, length = _HEAD.unpack_from(body)
        if version != VERSION:
            raise PackedInvalid(f"packed sightings of version {version}; known is {VERSION}")
        head = json.loads(body[_HEAD.size : _HEAD.size + length])
        return _Reading(body, _HEAD.size + length, head["count"]).sightings(head)
    except (struct.error, ValueError, LookupError, TypeError, OverflowError) as error:
        if isinstance(error, PackedInvalid):
            raise
        raise PackedInvalid(f"no packed sightings: {error}") from error


def _of_keys(keys: Sequence[Key]) -> tuple[list[bytes], Times, list[bytes]]:
    """EPCs, antennas and TIDs; no TIDs at all where no tag has one."""
    if set(map(type, keys)) == {bytes}:
        lengths = set(map(len, keys))
        if len(lengths) == 1:
            return [key[:-2] for key in keys], plain_antennas(keys), []  # type: ignore[misc,arg-type]
    found = [parted(key) for key in keys]
    tids = [bytes.fromhex(tid or "") for tid, _, _ in found]
    return (
        [epc for _, epc, _ in found],  # type: ignore[misc]
        np.array([antenna for _, _, antenna in found], np.int64),
        tids if any(tids) else [],
    )


def _whole(values: Times) -> tuple[Column, bytes]:
    least = int(values.min())
    distances = values - least
    most = int(distances.max())
    # Two values further apart than 63 bits: their distance has come out negative.
    if int(distances.min()) < 0:
        return ["<i8", 0], values.astype("<i8").tobytes()
    code = next(code for code, beyond in _WIDTHS if most < beyond)
    return [code, least], distances.astype(code).tobytes()


def _strengths(values: Strengths) -> tuple[Column, bytes]:
    unknown = np.isnan(values)
    hundredths = np.where(unknown, _UNKNOWN, np.rint(np.where(unknown, 0, values) * 100))
    if (np.abs(hundredths) <= -_UNKNOWN).all() and ((hundredths / 100 == values) | unknown).all():
        column, data = _whole(hundredths.astype(np.int64))
        return [*column, 100], data
    return ["<f8", 0, 1], values.astype("<f8").tobytes()


def _texts(texts: list[bytes]) -> tuple[int | None, bytes]:
    """The length that all have and the bytes; where they differ, None, and before the bytes their lengths."""
    lengths = set(map(len, texts))
    if len(lengths) < 2:
        return (lengths.pop() if lengths else 0), b"".join(texts)
    return None, bytes(map(len, texts)) + b"".join(texts)


class _Reading:
    """Steps through the columns of a record. Raises PackedInvalid and what numpy raises."""

    def __init__(self, body: bytes, at: int, count: int) -> None:
        if type(count) is not int or not 0 < count <= len(body):
            raise PackedInvalid("packed sightings without a plausible count")
        self._body, self._at, self._count = body, at, count

    def sightings(self, head: dict[str, Any]) -> SightingColumns:
        """All columns, in their order."""
        readers = tuple(head["readers"])
        if not all(isinstance(name, str) for name in readers):
            raise PackedInvalid("a reader's name is a text")
        reader, antenna, first, span, seen, received = (
            self._numbers(head[name]) for name in ("reader", "antenna", "first", "span", "seen", "received")
        )
        strongest, mean = (self._dbm(head[name]) for name in ("strongest", "mean"))
        plain = head["tid"] == 0 and head["epc"]
        if plain:
            epcs = np.frombuffer(self._take(plain * self._count), np.uint8).reshape(self._count, plain)
        else:
            texts, tids = self._texts(head["epc"]), self._texts(head["tid"])
        if self._at != len(self._body):
            raise PackedInvalid(f"{len(self._body) - self._at} bytes behind the last column")
        if int(reader.min()) < 0 or int(reader.max()) >= len(readers):
            raise PackedInvalid("a reader that is not named")
        if int(antenna.min()) < 0 or int(antenna.max()) > _ANTENNA_MAX:
            raise PackedInvalid("an antenna beyond 16 bits")
        if plain:
            keys: list[Key] = plain_keys(epcs, antenna)
        else:
            keys = [
                (tid.hex().upper(), epc, at) if tid else epc + at.to_bytes(2, "big")
                for epc, at, tid in zip(texts, antenna.tolist(), tids, strict=True)
            ]
        return SightingColumns(
            readers, keys, reader.astype(np.int32), first, first + span, seen, strongest, mean, received
        )

    def _take(self, size: int) -> bytes:
        if self._at + size > len(self._body):
            raise PackedInvalid("packed sightings that end too early")
        found = self._body[self._at : self._at + size]
        self._at += size
        return found

    def _column(self, code: str) -> NDArray[Any]:
        kind = _TYPES[code]
        return np.frombuffer(self._take(kind.itemsize * self._count), kind)

    def _numbers(self, column: Column) -> Times:
        code, least = column
        if code == "<f8":
            raise PackedInvalid("a column of whole numbers in doubles")
        found: Times = self._column(code).astype(np.int64) + np.int64(least)
        return found

    def _dbm(self, column: Column) -> Strengths:
        code, least, divisor = column
        if code == "<f8":
            return self._column(code).astype(np.float64)
        values = self._numbers([code, least])
        found: Strengths = np.where(values == _UNKNOWN, np.nan, values / divisor)
        return found

    def _texts(self, length: int | None) -> list[bytes]:
        if length is None:
            lengths = list(self._take(self._count))
        elif length == 0:
            return [b""] * self._count
        else:
            data = self._take(length * self._count)
            return [data[at : at + length] for at in range(0, len(data), length)]
        return [self._take(each) for each in lengths]


# What is delivered: the records that are rows, and behind them packed sightings as the spool has them

MEDIA_TYPE = "application/x-custody-batch"
"""A delivery whose sightings are packed; a server that takes it says so in the header Accept-Post."""
_PIECE = struct.Struct(">QI")


def pack_delivery(rows: bytes, packed: Sequence[tuple[int, bytes]]) -> bytes:
    """`rows`: the JSON object of the wire contract; `packed`: packed sightings, each with its first sequence."""
    pieces = [part for first, body in packed for part in (_PIECE.pack(first, len(body)), body)]
    return b"".join([_HEAD.pack(VERSION, len(rows)), rows, *pieces])


def unpack_delivery(raw: bytes) -> tuple[bytes, list[tuple[int, SightingColumns]]]:
    """The JSON object, and the sightings with the sequence of their first. Raises PackedInvalid."""
    if len(raw) < _HEAD.size:
        raise PackedInvalid("a delivery of fewer bytes than its head has")
    version, length = _HEAD.unpack_from(raw)
    if version != VERSION:
        raise PackedInvalid(f"a delivery of version {version}; known is {VERSION}")
    at = _HEAD.size + length
    if at > len(raw):
        raise PackedInvalid("a delivery that ends before its rows do")
    rows, found = raw[_HEAD.size : at], []
    while at < len(raw):
        if at + _PIECE.size > len(raw):
            raise PackedInvalid("a delivery that ends within the head of a piece")
        first, size = _PIECE.unpack_from(raw, at)
        at += _PIECE.size
        if at + size > len(raw):
            raise PackedInvalid("a delivery that ends within a piece")
        found.append((first, unpack_sightings(raw[at : at + size])))
        at += size
    return rows, found
