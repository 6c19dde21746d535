"""Reads and sightings in columns: a batch costs a few steps of numpy, however many there are in it.

A tag at an antenna is known by its *key*: the bytes of the EPC, then the antenna in two bytes (big-endian). Where
there is more to it (a TID, a number that is no hexadecimal: a redacted recording) the key is a tuple instead. Times
are Instants in int64; a strength that is not known is NaN.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from readers.driver import TagRow
from readers.sighting import Sighting

Key = bytes | tuple[str | None, bytes | str, int]
"""EPC and antenna; or TID, EPC (a text where it is no hexadecimal) and antenna."""
Times = NDArray[np.int64]
Strengths = NDArray[np.float64]

_ANTENNA_BYTES = 2


@dataclass(frozen=True, slots=True, eq=False)
class ReadColumns(Sequence[TagRow]):
    """Reports of tags by one reader, as columns; row by row they are TagRows. `keys` are plain bytes."""

    keys: list[bytes]
    rssi: Strengths
    first: Times
    last: Times
    counts: Times

    @staticmethod
    def of(rows: Sequence[TagRow]) -> "ReadColumns":
        """The same rows in columns."""
        if isinstance(rows, ReadColumns):
            return rows
        if not rows:
            return NO_READS
        epcs, antennas, rssi, first, last, count = zip(*rows, strict=True)
        return ReadColumns(
            [epc + antenna.to_bytes(_ANTENNA_BYTES, "big") for epc, antenna in zip(epcs, antennas, strict=True)],
            # None becomes NaN.
            np.array(rssi, np.float64),
            np.array(first, np.int64),
            np.array(last, np.int64),
            np.array(count, np.int64),
        )

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[TagRow]:
        columns = (self.rssi.tolist(), self.first.tolist(), self.last.tolist(), self.counts.tolist())
        for key, rssi, first, last, count in zip(self.keys, *columns, strict=True):
            strength = None if rssi != rssi else int(rssi)
            yield (key[:-_ANTENNA_BYTES], int.from_bytes(key[-_ANTENNA_BYTES:], "big"), strength, first, last, count)

    @overload
    def __getitem__(self, at: int) -> TagRow: ...
    @overload
    def __getitem__(self, at: slice) -> "ReadColumns": ...
    def __getitem__(self, at: int | slice) -> "TagRow | ReadColumns":
        if isinstance(at, slice):
            return ReadColumns(self.keys[at], self.rssi[at], self.first[at], self.last[at], self.counts[at])
        return next(iter(self[at : at + 1 or None]))


def _times(values: Sequence[int] = ()) -> Times:
    return np.array(values, np.int64)


NO_READS = ReadColumns([], np.array([], np.float64), _times(), _times(), _times())


def joined(parts: Sequence[ReadColumns]) -> ReadColumns:
    """One after another."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return NO_READS
    return ReadColumns(
        [key for part in parts for key in part.keys],
        np.concatenate([part.rssi for part in parts]),
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.last for part in parts]),
        np.concatenate([part.counts for part in parts]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class SightingColumns(Sequence[Sighting]):
    """Sightings as columns; one by one they are Sightings. `reader` is an index into `readers`."""

    readers: tuple[str, ...]
    keys: list[Key]
    reader: NDArray[np.int32]
    first: Times
    last: Times
    counts: Times
    strongest: Strengths
    mean: Strengths
    received: Times

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[Sighting]:
        columns: tuple[list[Any], ...] = (
            self.reader.tolist(),
            self.first.tolist(),
            self.last.tolist(),
            self.counts.tolist(),
            self.strongest.tolist(),
            self.mean.tolist(),
            self.received.tolist(),
        )
        for key, reader, first, last, count, strongest, mean, received in zip(self.keys, *columns, strict=True):
            tid, epc, antenna = parted(key)
            yield Sighting(
                epc if isinstance(epc, str) else epc.hex().upper(),
                self.readers[reader],
                antenna,
                first,
                last,
                count,
                known(strongest),
                known(mean),
                received,
                tid,
            )

    @overload
    def __getitem__(self, at: int) -> Sighting: ...
    @overload
    def __getitem__(self, at: slice) -> "SightingColumns": ...
    def __getitem__(self, at: int | slice) -> "Sighting | SightingColumns":
        if isinstance(at, slice):
            return SightingColumns(
                self.readers,
                self.keys[at],
                self.reader[at],
                self.first[at],
                self.last[at],
                self.counts[at],
                self.strongest[at],
                self.mean[at],
                self.received[at],
            )
        return next(iter(self[at : at + 1 or None]))


def parted(key: Key) -> tuple[str | None, bytes | str, int]:
    """TID, EPC, antenna of a key."""
    if isinstance(key, bytes):
        return None, key[:-_ANTENNA_BYTES], int.from_bytes(key[-_ANTENNA_BYTES:], "big")
    return key


def plain_keys(epcs: NDArray[np.uint8], antennas: Times) -> list[Any]:
    """Keys of EPCs of one length (a row of bytes each) at these antennas."""
    count, size = epcs.shape
    table = np.empty((count, size + _ANTENNA_BYTES), np.uint8)
    table[:, :size] = epcs
    table[:, size] = antennas >> 8
    table[:, size + 1] = antennas & 0xFF
    return table.view(f"V{size + _ANTENNA_BYTES}").ravel().tolist()


def plain_antennas(keys: Sequence[bytes]) -> Times:
    """The antennas of keys that are as long as each other."""
    table = np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), len(keys[0]))
    return table[:, -2].astype(np.int64) * 256 + table[:, -1]


def key_of(epc: str, antenna: int, tid: str | None) -> Key:
    """The key of a tag at an antenna."""
    try:
        raw = bytes.fromhex(epc)
    except ValueError:
        return tid, epc, antenna
    if tid is None and 0 <= antenna < 1 << 8 * _ANTENNA_BYTES:
        return raw + antenna.to_bytes(_ANTENNA_BYTES, "big")
    return tid, raw, antenna


def known(strength: float) -> float | None:
    """The strength, or None for NaN."""
    return None if strength != strength else strength


def joined_sightings(parts: Sequence[SightingColumns]) -> SightingColumns:
    """One after another; each keeps its reader."""
    parts = [part for part in parts if len(part)]
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return NO_SIGHTINGS
    names: dict[str, int] = {}
    readers = []
    for part in parts:
        index = np.array([names.setdefault(name, len(names)) for name in part.readers], np.int32)
        readers.append(index[part.reader])
    return SightingColumns(
        tuple(names),
        [key for part in parts for key in part.keys],
        np.concatenate(readers),
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.last for part in parts]),
        np.concatenate([part.counts for part in parts]),
        np.concatenate([part.strongest for part in parts]),
        np.concatenate([part.mean for part in parts]),
        np.concatenate([part.received for part in parts]),
    )


def columns_of(sightings: Sequence[Sighting]) -> SightingColumns:
    """Single sightings in columns."""
    if isinstance(sightings, SightingColumns):
        return sightings
    names: dict[str, int] = {}
    return SightingColumns(
        readers=tuple(dict.fromkeys(one.reader for one in sightings)),
        keys=[key_of(one.epc, one.antenna, one.tid) for one in sightings],
        reader=np.array([names.setdefault(one.reader, len(names)) for one in sightings], np.int32),
        first=_times([one.first_at for one in sightings]),
        last=_times([one.last_at for one in sightings]),
        counts=_times([one.count for one in sightings]),
        strongest=np.array([one.strongest_dbm for one in sightings], np.float64),
        mean=np.array([one.mean_dbm for one in sightings], np.float64),
        received=_times([one.received_at for one in sightings]),
    )


NO_SIGHTINGS = columns_of(())
