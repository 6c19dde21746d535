"""Reads to sightings: pure, incremental, and its cost follows movement rather than reads.

The first sight of a tag at an antenna, or the first after an absence, is due at once, so that a portal alarm
waits for nothing. While the tag lies still, one sighting a period is due. A tag that was not heard for a whole
period is forgotten: its next read is a first sight again.

Reads are ordered by event time. A sighting never spans more than the period; reads that come late, or out of
order, or in a burst after an hour without network, make sightings of their own. No read is lost or counted
twice: the counts, the earliest and the latest times of the sightings are those of the reads.
"""

from collections import deque
from collections.abc import Iterable, Sequence

from readers.driver import TagRow
from readers.sighting import Instant, Sighting, TagRead

INTERVALS_MAX = 100_000
"""Intervals held before everything becomes due at once: about 30 MB."""

_Key = tuple[bytes | str, int]
_Found = tuple[Instant, Instant, int, float | None, Instant]
"""First, last, count, strength, received."""


class _Interval:
    """Reads of one tag by one antenna that make one sighting. Mutable: it is touched once a read."""

    __slots__ = ("count", "first", "last", "received", "strongest", "total", "weight")

    def __init__(self, first: Instant, last: Instant, count: int, rssi: float | None, received: Instant) -> None:
        self.first = first
        self.last = last
        self.count = count
        self.strongest = rssi
        self.total = 0.0 if rssi is None else rssi * count
        self.weight = 0 if rssi is None else count
        self.received = received

    def add(self, first: Instant, last: Instant, count: int, rssi: float | None, received: Instant) -> None:
        if first < self.first:
            self.first = first
        if last > self.last:
            self.last = last
        self.count += count
        if received > self.received:
            self.received = received
        if rssi is not None:
            self.total += rssi * count
            self.weight += count
            if self.strongest is None or rssi > self.strongest:
                self.strongest = rssi


class _Held:
    """One tag at one antenna: what is not yet told, and when it is due again."""

    __slots__ = ("antenna", "due_at", "epc", "open", "others", "reader", "tid")

    def __init__(self, epc: bytes | str, antenna: int, reader: str, tid: str | None) -> None:
        self.epc = epc
        self.antenna = antenna
        self.reader = reader
        self.tid = tid
        self.open: _Interval | None = None
        self.others: list[_Interval] | None = None
        self.due_at: Instant = 0


class Smoother:
    """Folds reads into sightings. Not safe for threads: the owner locks."""

    def __init__(self, period_us: int, intervals_max: int = INTERVALS_MAX) -> None:
        """`period_us`: the longest a sighting spans and the time between sightings of a tag that lies still."""
        if period_us <= 0:
            raise ValueError(f"the sighting period must be longer than 0, not {period_us} us")
        self._period_us = period_us
        self._intervals_max = intervals_max
        self._pending = 0
        # By reader and TID, then by EPC and antenna: a clone with another TID is another tag.
        self._held: dict[tuple[str, str | None], dict[_Key, _Held]] = {}
        self._fresh: list[_Held] = []
        self._waiting: deque[_Held] = deque()
        self._now: Instant = 0

    @property
    def pending(self) -> int:
        """Sightings that are held back."""
        return self._pending

    @property
    def remembered(self) -> int:
        """Tags at antennas that are known, told or not."""
        return sum(len(of_reader) for of_reader in self._held.values())

    @property
    def full(self) -> bool:
        """More is held than the bound: the owner asks due() before it takes more."""
        return self._pending >= self._intervals_max

    def take(self, reads: Iterable[TagRead]) -> None:
        """Reads of any readers, in any order."""
        for read in reads:
            found = (read.read_at, read.read_at, read.count or 1, read.rssi_dbm, read.received_at)
            self._take(read.reader, read.tid, (_raw(read.epc), read.antenna), found)

    def take_rows(self, reader: str, rows: Sequence[TagRow], received_at: Instant) -> None:
        """Unpacked reports of one reader, all received at the same time: the same evidence, faster."""
        period = self._period_us
        find = self._held.setdefault((reader, None), {}).get
        for epc, antenna, rssi, first, last, count in rows:
            held = find((epc, antenna))
            interval = None if held is None else held.open
            # The way of nearly every read of a tag that lies still.
            if (
                interval is not None
                and interval.first <= first <= last
                and last - interval.first <= period
                and (count > 1 or (first == last and count))
            ):
                if rssi is None or interval.strongest is None:
                    interval.add(first, last, count, rssi, received_at)
                    continue
                if last > interval.last:
                    interval.last = last
                interval.count += count
                interval.received = received_at
                interval.total += rssi * count
                interval.weight += count
                if rssi > interval.strongest:
                    interval.strongest = rssi
                continue
            self._take_row(reader, (epc, antenna), rssi, min(first, last), max(first, last), count, received_at)

    def _take_row(
        self,
        reader: str,
        key: _Key,
        rssi: int | None,
        first: Instant,
        last: Instant,
        count: int,
        received_at: Instant,
    ) -> None:
        # A reader that does not count still says by two times that it saw the tag twice.
        count = max(count, 1 if first == last else 2)
        if last - first <= self._period_us:
            self._take(reader, None, key, (first, last, count, rssi, received_at))
            return
        # The reader folded over longer than we may: only its two ends are known.
        self._take(reader, None, key, (first, first, count - 1, rssi, received_at))
        self._take(reader, None, key, (last, last, 1, rssi, received_at))

    def _take(self, reader: str, tid: str | None, key: _Key, found: _Found) -> None:
        of_reader = self._held.setdefault((reader, tid), {})
        held = of_reader.get(key)
        if held is None:
            held = of_reader[key] = _Held(key[0], key[1], reader, tid)
            self._fresh.append(held)
        interval = held.open
        if interval is not None:
            if self._fits(interval, found):
                interval.add(*found)
                return
            for other in held.others or ():
                if self._fits(other, found):
                    other.add(*found)
                    return
            held.others = [*(held.others or ()), interval]
        held.open = _Interval(*found)
        self._pending += 1

    def _fits(self, interval: _Interval, found: _Found) -> bool:
        return max(interval.last, found[1]) - min(interval.first, found[0]) <= self._period_us

    def due(self, now: Instant) -> list[Sighting]:
        """The sightings that are due: first sights at once, the others once a period."""
        if now < self._now or self.full:
            # The clock was set back, or too much is held: nothing may wait.
            for held in self._waiting:
                held.due_at = now
        self._now = now
        told: list[Sighting] = []
        for held in self._fresh:
            self._tell(held, told)
        again = self._fresh
        self._fresh = []
        waiting = self._waiting
        while waiting and waiting[0].due_at <= now:
            held = waiting.popleft()
            if held.open is None:
                self._forget(held)
            else:
                self._tell(held, told)
                again.append(held)
        due_at = now + self._period_us
        for held in again:
            held.due_at = due_at
        waiting.extend(again)
        return told

    def flush(self) -> list[Sighting]:
        """Everything that is held; then nothing is remembered."""
        told: list[Sighting] = []
        for of_reader in self._held.values():
            for held in of_reader.values():
                self._tell(held, told)
        self._held.clear()
        self._fresh.clear()
        self._waiting.clear()
        return told

    def _tell(self, held: _Held, told: list[Sighting]) -> None:
        if held.open is None:
            return
        epc = held.epc if isinstance(held.epc, str) else held.epc.hex().upper()
        if held.others is not None:
            self._pending -= len(held.others)
            told.extend(_sighting(epc, held, interval) for interval in held.others)
            held.others = None
        self._pending -= 1
        told.append(_sighting(epc, held, held.open))
        held.open = None

    def _forget(self, held: _Held) -> None:
        group = (held.reader, held.tid)
        of_reader = self._held[group]
        del of_reader[(held.epc, held.antenna)]
        if not of_reader:
            del self._held[group]


def _sighting(epc: str, held: _Held, interval: _Interval) -> Sighting:
    weight = interval.weight
    return Sighting(
        epc,
        held.reader,
        held.antenna,
        interval.first,
        interval.last,
        interval.count,
        interval.strongest,
        round(interval.total / weight, 2) if weight else None,
        interval.received,
        held.tid,
    )


def _raw(epc: str) -> bytes | str:
    """The key that read and row share; what is no hexadecimal (a redacted recording) is its own key."""
    try:
        return bytes.fromhex(epc)
    except ValueError:
        return epc
