"""Reads to sightings: incremental, and its cost follows movement rather than reads.

The first sight of a tag at an antenna, or the first after an absence, is due at once, so that a portal alarm
waits for nothing. While the tag lies still, one sighting a period is due. A tag that was not heard for a whole
period is forgotten: its next read is a first sight again.

Reads are ordered by event time. A sighting never spans more than the period; reads that come late, or out of
order, or in a burst after an hour without network, make sightings of their own. No read is lost or counted
twice: the counts, the earliest and the latest times of the sightings are those of the reads.

Every tag at an antenna has a slot, and what is held of it stands in columns under that number. So a batch of reads
is one look-up a read and a few steps of numpy; only what fits into no open interval is taken one by one.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readers.columns import NO_SIGHTINGS, Key, ReadColumns, SightingColumns, Times, joined_sightings, key_of
from readers.driver import TagRow
from readers.sighting import Instant, TagRead

INTERVALS_MAX = 100_000
"""Intervals held before everything becomes due at once: about 10 MB."""

_SLOTS_MIN = 64
_FEW = 12
"""So few reads are taken one by one: the steps of numpy would cost more."""

_TURNS = 8
"""How often a batch is looked through for reads that end one interval and begin the next."""

_Slots = NDArray[np.int64]
_Found = tuple[Instant, Instant, int, float, Instant]
"""First, last, count, strength (NaN: not known), received."""


class _Columns:
    """What is held of every slot: the open interval, if one is open, and whose it is."""

    __slots__ = ("count", "first", "keys", "last", "open", "reader", "received", "strongest", "total", "turn", "weight")

    _TYPES: tuple[tuple[str, Any], ...] = (
        ("first", np.int64),
        ("last", np.int64),
        ("received", np.int64),
        ("count", np.int64),
        ("weight", np.int64),
        ("total", np.float64),
        ("strongest", np.float64),
        ("turn", np.int64),
        ("open", np.bool_),
        ("reader", np.int32),
        ("keys", np.object_),
    )
    first: Times
    last: Times
    received: Times
    count: Times
    weight: Times
    """Of the count, those whose strength is known: what `total` is divided by."""
    total: NDArray[np.float64]
    strongest: NDArray[np.float64]
    turn: Times
    """Scratch: which row of a batch names this slot first."""
    open: NDArray[np.bool_]
    reader: NDArray[np.int32]
    keys: NDArray[np.object_]

    def __init__(self) -> None:
        for name, kind in self._TYPES:
            setattr(self, name, np.zeros(_SLOTS_MIN, kind))

    def __len__(self) -> int:
        return len(self.first)

    def grow(self, slots: int) -> None:
        """Room for so many."""
        size = max(slots, 2 * len(self))
        for name, kind in self._TYPES:
            longer = np.zeros(size, kind)
            longer[: len(self)] = getattr(self, name)
            # The length is asked of the first column, which therefore is replaced last.
            if name != "first":
                setattr(self, name, longer)
            else:
                first = longer
        self.first = first


class Smoother:
    """Folds reads into sightings. Not safe for threads: the owner locks."""

    def __init__(self, period_us: int, intervals_max: int = INTERVALS_MAX) -> None:
        """`period_us`: the longest a sighting spans and the time between sightings of a tag that lies still."""
        if period_us <= 0:
            raise ValueError(f"the sighting period must be longer than 0, not {period_us} us")
        self._period_us = period_us
        self._intervals_max = intervals_max
        self._pending = 0
        self._readers: dict[str, int] = {}
        self._slot_of: list[dict[Key, int]] = []
        self._held = _Columns()
        self._free: list[int] = list(range(_SLOTS_MIN - 1, -1, -1))
        self._fresh: list[_Slots] = []
        # When these slots are told again, or forgotten; in the order of the times.
        self._waiting: deque[tuple[Instant, _Slots]] = deque()
        # Complete intervals that had to make room for a later one.
        self._done: list[SightingColumns] = []
        # Intervals of reads that are older than the open one and do not fit it, by slot and stretch of time.
        self._late: dict[tuple[int, int, int], list[_Found]] = {}
        self._now: Instant = 0

    @property
    def pending(self) -> int:
        """Sightings that are held back."""
        return self._pending

    @property
    def remembered(self) -> int:
        """Tags at antennas that are known, told or not."""
        return sum(map(len, self._slot_of))

    @property
    def full(self) -> bool:
        """More is held than the bound: the owner asks due() before it takes more."""
        return self._pending >= self._intervals_max

    def take(self, reads: Iterable[TagRead]) -> None:
        """Reads of any readers, in any order."""
        for read in reads:
            slot = self._slot(read.reader, key_of(read.epc, read.antenna, read.tid))
            strength = np.nan if read.rssi_dbm is None else read.rssi_dbm
            self._add(slot, (read.read_at, read.read_at, read.count or 1, strength, read.received_at))

    def take_rows(self, reader: str, rows: Sequence[TagRow], received_at: Instant) -> None:
        """Reports of one reader, all received at the same time: the same evidence, faster."""
        columns = ReadColumns.of(rows)
        first, last = np.minimum(columns.first, columns.last), np.maximum(columns.first, columns.last)
        # A reader that does not count still says by two times that it saw the tag twice.
        count = np.maximum(columns.counts, np.where(first == last, 1, 2))
        slots = self._slots(reader, columns.keys)
        few, long = len(slots) < _FEW, last - first > self._period_us
        batch = _Rows(slots, first, last, count, columns.rssi)
        if few or long.any():
            self._add_each(batch if few else batch.only(long), received_at)
            batch = batch.only(np.zeros_like(long) if few else ~long)
        if len(batch.slots):
            self._add_all(batch, received_at)

    def _add_each(self, batch: "_Rows", received_at: Instant) -> None:
        columns = (batch.first, batch.last, batch.count, batch.rssi)
        for slot, first, last, count, rssi in zip(
            batch.slots.tolist(), *(column.tolist() for column in columns), strict=True
        ):
            if last - first <= self._period_us:
                self._add(slot, (first, last, count, rssi, received_at))
            else:
                # The reader folded over longer than we may: only its two ends are known.
                self._add(slot, (first, first, count - 1, rssi, received_at))
                self._add(slot, (last, last, 1, rssi, received_at))

    # Slots

    def _index(self, reader: str) -> int:
        number = self._readers.setdefault(reader, len(self._readers))
        if number == len(self._slot_of):
            self._slot_of.append({})
        return number

    def _slot(self, reader: str, key: Key) -> int:
        number = self._index(reader)
        slot = self._slot_of[number].get(key)
        return self._new_slots(number, [key])[0] if slot is None else slot

    def _slots(self, reader: str, keys: Sequence[Key]) -> _Slots:
        number = self._index(reader)
        find = self._slot_of[number].get
        found = list(map(find, keys, repeat(-1)))
        if -1 in found:
            unknown = [key for key, slot in zip(keys, found, strict=True) if slot == -1]
            self._new_slots(number, list(dict.fromkeys(unknown)))
            found = list(map(find, keys, repeat(-1)))
        return np.array(found, np.int64)

    def _new_slots(self, number: int, keys: list[Key]) -> list[int]:
        held, wanted = self._held, len(keys)
        if len(self._free) < wanted:
            before = len(held)
            held.grow(before + wanted)
            self._free = [*range(len(held) - 1, before - 1, -1), *self._free]
        slots = self._free[-wanted:]
        del self._free[-wanted:]
        self._slot_of[number].update(zip(keys, slots, strict=True))
        where = np.array(slots, np.int64)
        # Made empty first: numpy would take a list of tuples for a table.
        objects = np.empty(wanted, np.object_)
        objects[:] = keys
        held.keys[where] = objects
        held.reader[where] = number
        self._fresh.append(where)
        return slots

    # Reads into intervals

    def _add_all(self, batch: "_Rows", received_at: Instant) -> None:
        """Reads that are no longer than the period each."""
        held = self._held
        for _ in range(_TURNS):
            closed = ~held.open[batch.slots]
            if closed.any():
                beginning = closed & self._first_of_each(batch.slots)
                self._open(batch.only(beginning), received_at)
                batch = batch.only(~beginning)
                if not len(batch.slots):
                    return
            began = held.first[batch.slots]
            newer = batch.first >= began
            # Their first is not before the interval's, so that one of them never makes another too early.
            fits = newer & (batch.last - began <= self._period_us)
            if fits.all():
                self._absorb(batch, received_at)
                return
            self._absorb(batch.only(fits), received_at)
            newer, batch = newer[~fits], batch.only(~fits)
            if not newer.any():
                break
            self._finish(np.unique(batch.slots[newer]))
        self._add_each(batch, received_at)

    def _first_of_each(self, slots: _Slots) -> NDArray[np.bool_]:
        """Which rows are the first of their slot."""
        turns = np.arange(len(slots))
        # Of several values for one place the last one stays.
        self._held.turn[slots[::-1]] = turns[::-1]
        found: NDArray[np.bool_] = self._held.turn[slots] == turns
        return found

    def _open(self, batch: "_Rows", received_at: Instant) -> None:
        held, slots = self._held, batch.slots
        unknown = np.isnan(batch.rssi)
        held.first[slots], held.last[slots], held.count[slots] = batch.first, batch.last, batch.count
        held.received[slots] = received_at
        held.strongest[slots] = np.where(unknown, -np.inf, batch.rssi)
        held.total[slots] = np.where(unknown, 0.0, batch.rssi * batch.count)
        held.weight[slots] = np.where(unknown, 0, batch.count)
        held.open[slots] = True
        self._pending += len(slots)

    def _absorb(self, batch: "_Rows", received_at: Instant) -> None:
        held, slots = self._held, batch.slots
        np.maximum.at(held.last, slots, batch.last)
        np.add.at(held.count, slots, batch.count)
        held.received[slots] = np.maximum(held.received[slots], received_at)
        rssi, count = batch.rssi, batch.count
        if (unknown := np.isnan(rssi)).any():
            slots, rssi, count = slots[~unknown], rssi[~unknown], count[~unknown]
        np.maximum.at(held.strongest, slots, rssi)
        np.add.at(held.total, slots, rssi * count)
        np.add.at(held.weight, slots, count)

    def _add(self, slot: int, found: _Found) -> None:
        """One read, whatever its time."""
        held = self._held
        first, last, count, rssi, received = found
        if held.open[slot]:
            earliest, latest = min(int(held.first[slot]), first), max(int(held.last[slot]), last)
            if latest - earliest <= self._period_us:
                held.first[slot], held.last[slot] = earliest, latest
                held.count[slot] += count
                held.received[slot] = max(int(held.received[slot]), received)
                if rssi == rssi:
                    held.strongest[slot] = max(float(held.strongest[slot]), rssi)
                    held.total[slot] += rssi * count
                    held.weight[slot] += count
                return
            if first < held.first[slot]:
                self._add_late(slot, found)
                return
            self._finish(np.array([slot], np.int64))
        self._open(_Rows.of(slot, found), received)

    def _add_late(self, slot: int, found: _Found) -> None:
        first, last = found[0] // self._period_us, found[1] // self._period_us
        # Those in one stretch of a period fit together; one that reaches over two stands alone.
        key = (slot, first, last) if first == last else (slot, found[0], found[1])
        others = self._late.setdefault(key, [])
        self._pending += not others
        others.append(found)

    def _finish(self, slots: _Slots) -> None:
        """Their intervals are complete: told at the next occasion, and no longer open."""
        self._done.append(self._told(slots))
        self._held.open[slots] = False

    # Telling

    def due(self, now: Instant) -> SightingColumns:
        """The sightings that are due: first sights at once, the others once a period."""
        held, waiting = self._held, self._waiting
        everything = now < self._now or self.full
        self._now = now
        told, self._done = [*self._done, *self._late_told()], []
        again, self._fresh = self._fresh, []
        told += [self._told(slots[held.open[slots]]) for slots in again]
        # The clock was set back, or too much is held: nothing may wait.
        while waiting and (everything or waiting[0][0] <= now):
            _, slots = waiting.popleft()
            still = held.open[slots]
            told.append(self._told(slots[still]))
            again.append(slots[still])
            self._forget(slots[~still])
        if again:
            held.open[slots := np.concatenate(again)] = False
            if len(slots):
                waiting.append((now + self._period_us, slots))
        self._pending -= sum(map(len, told))
        return joined_sightings(told)

    def flush(self) -> SightingColumns:
        """Everything that is held; then nothing is remembered."""
        told = [*self._done, *self._late_told(), self._told(np.flatnonzero(self._held.open))]
        for of_reader in self._slot_of:
            of_reader.clear()
        self._held = _Columns()
        self._free = list(range(_SLOTS_MIN - 1, -1, -1))
        self._done, self._fresh, self._pending = [], [], 0
        self._waiting.clear()
        return joined_sightings(told)

    def _told(self, slots: _Slots) -> SightingColumns:
        """Their open intervals, as they are now."""
        if not len(slots):
            return NO_SIGHTINGS
        held, weight = self._held, self._held.weight[slots]
        known = weight > 0
        return SightingColumns(
            tuple(self._readers),
            held.keys[slots].tolist(),
            held.reader[slots],
            held.first[slots],
            held.last[slots],
            held.count[slots],
            np.where(known, held.strongest[slots], np.nan),
            np.where(known, (held.total[slots] / np.maximum(weight, 1)).round(2), np.nan),
            held.received[slots],
        )

    def _late_told(self) -> list[SightingColumns]:
        late, self._late = self._late, {}
        if not late:
            return []
        slots = np.array([slot for slot, _, _ in late], np.int64)
        first, last, count, received = (
            np.array([fold(each[at] for each in found) for found in late.values()], np.int64)
            for at, fold in ((0, min), (1, max), (2, sum), (4, max))
        )
        strengths = [[(each[3], each[2]) for each in found if each[3] == each[3]] for found in late.values()]
        strongest = [max((rssi for rssi, _ in of), default=np.nan) for of in strengths]
        mean = [sum(r * n for r, n in of) / sum(n for _, n in of) if of else np.nan for of in strengths]
        held = self._held
        told = SightingColumns(
            tuple(self._readers),
            held.keys[slots].tolist(),
            held.reader[slots],
            first,
            last,
            count,
            np.array(strongest, np.float64),
            np.array(mean, np.float64).round(2),
            received,
        )
        return [told]

    def _forget(self, slots: _Slots) -> None:
        held = self._held
        for slot, number, key in zip(
            slots.tolist(), held.reader[slots].tolist(), held.keys[slots].tolist(), strict=True
        ):
            del self._slot_of[number][key]
            self._free.append(slot)
        held.keys[slots] = None


class _Rows:
    """Reads in columns, each with the slot of its tag."""

    __slots__ = ("count", "first", "last", "rssi", "slots")

    def __init__(self, slots: _Slots, first: Times, last: Times, count: Times, rssi: NDArray[np.float64]) -> None:
        self.slots, self.first, self.last, self.count, self.rssi = slots, first, last, count, rssi

    @staticmethod
    def of(slot: int, found: _Found) -> "_Rows":
        """One read."""
        first, last, count = (np.array([found[at]], np.int64) for at in range(3))
        return _Rows(np.array([slot], np.int64), first, last, count, np.array([found[3]], np.float64))

    def only(self, which: NDArray[np.bool_]) -> "_Rows":
        """Those of them."""
        if which.all():
            return self
        return _Rows(self.slots[which], self.first[which], self.last[which], self.count[which], self.rssi[which])
