"""Payloads to batches: what was sent before is dropped, totals become counts, gaps are said, times are corrected.

A message proves that the reader lived at the message's own time. One that comes late proves nothing about now: it
gives coverage for its own time, and a reader of which only such messages come counts as silent.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from readers.driver import Batch, Receipt
from readers.iot.found import (
    Antenna,
    Decode,
    Decoded,
    Event,
    Gone,
    Input,
    Life,
    Missing,
    Note,
    Parcel,
    Radio,
    Tag,
)
from readers.iot.memory import Memory, identity_of
from readers.sighting import InputChange, Instant, TagRead

LATE_US = 10_000_000
"""A message older than this when it arrives was kept somewhere on its way."""
COUNT_MAX = 1_000_000
_LIVES_MAX = 20_000
_URGENT = 8
"""So many messages wait for their answer that their sender may wait too (brokers send 20 ahead, unless told)."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How one reader's messages are taken. `totals`: its counts run on; `antennas`: as configured, empty for learnt."""

    reader: str
    antennas: tuple[int, ...] = ()
    totals: bool = False
    numbered: bool = False
    apart_us: int = 15_000_000
    """Signs of life closer than this are one stretch of coverage."""
    urgent: bool = False
    """Whoever sends waits for each answer."""


@dataclass(slots=True)
class _Taken:
    """One batch in the making."""

    alive_at: Instant = 0
    late: bool = False
    antennas: tuple[int, ...] = ()
    reads: list[TagRead] = field(default_factory=list)
    inputs: list[InputChange] = field(default_factory=list)
    identities: list[bytes] = field(default_factory=list)
    settles: list[Callable[[], None]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    gone: str | None = None
    times: list[Instant] = field(default_factory=list)


class Assembler:
    """Makes batches of what one driver receives."""

    def __init__(self, rules: Rules, decode: Decode, memory: Memory, known_antennas: tuple[int, ...] = ()) -> None:
        """`known_antennas`: what the device said when it was opened; used where none are configured."""
        self._rules = rules
        self._decode = decode
        self._memory = memory
        self._device_antennas = known_antennas
        self.fresh = False
        """Whether the last parcels proved that the reader lives now."""
        self.gone: str | None = None
        """The reader said that it leaves; until it is heard again."""

    @property
    def antennas(self) -> tuple[int, ...]:
        """Antennas that listen now, as far as is known; none while the reader says that it does not read."""
        memory = self._memory
        if memory.radio_active is False:
            return ()
        found = self._rules.antennas or self._device_antennas or tuple(sorted(memory.heard))
        return tuple(antenna for antenna in found if antenna not in memory.unplugged)

    def batches(self, parcels: Sequence[Parcel], now: Instant) -> Iterator[Batch]:
        """What these parcels bring; nothing where they bring nothing. The reader's gaps are said with the last."""
        self.fresh = False
        dropping: set[bytes] = set()
        runs: list[_Taken] = []
        for parcel in parcels:
            taken = self._parcel(parcel, dropping)
            if runs and _one(runs[-1], taken):
                _join(runs[-1], taken)
            else:
                runs.append(taken)
        missing = self._memory.numbers.lost(now)
        if missing:
            if not runs:
                runs.append(_Taken(antennas=self.antennas))
            runs[-1].lost.append(f"{missing} events of the reader are missing, by their numbers")
        for taken in runs:
            yield from self._batches(taken)

    def _parcel(self, parcel: Parcel, dropping: set[bytes]) -> _Taken:
        decoded = self._decode(parcel.payload) if parcel.payload.strip() else Decoded((Life(),))
        self._memory.ignore(decoded.ignored)
        taken = _Taken(settles=[] if parcel.settle is None else [parcel.settle])
        times = [event.at for event in decoded.events if isinstance(event, Tag | Input | Life) and event.at is not None]
        if times and not parcel.old:
            self._memory.offset.observe(max(times), parcel.received_at)
        if decoded.broken:
            taken.lost.append(
                f"{decoded.broken} messages cannot be read, and what they told is lost: {decoded.reason}"
                if decoded.broken > 1
                else f"a message cannot be read, and what it told is lost: {decoded.reason}"
            )
        for event in decoded.events:
            self._event(event, parcel, taken, dropping)
        taken.times.sort()
        newest = taken.times[-1] if taken.times else self._newest(times, parcel)
        taken.late = parcel.old or parcel.received_at - newest > LATE_US
        if not taken.late and decoded.events:
            taken.alive_at = parcel.received_at
            self.fresh = True
            self.gone = None
        elif taken.times:
            taken.alive_at = newest
        taken.antennas = self.antennas
        if taken.gone is not None:
            self.gone, self.fresh = taken.gone, False
        return taken

    def _newest(self, times: Sequence[Instant], parcel: Parcel) -> Instant:
        return self._memory.offset.corrected(max(times), parcel.received_at) if times else parcel.received_at

    def _event(self, event: Event, parcel: Parcel, taken: _Taken, dropping: set[bytes]) -> None:
        memory = self._memory
        if isinstance(event, Tag | Input):
            self._evidence(event, parcel, taken, dropping)
        elif isinstance(event, Antenna):
            (memory.unplugged.discard if event.connected else memory.unplugged.add)(event.port)
            if not event.connected:
                taken.notes.append(f"antenna {event.port} is no longer connected")
        elif isinstance(event, Radio):
            memory.radio_active = event.active
        elif isinstance(event, Missing):
            taken.lost.append(event.why)
        elif isinstance(event, Gone):
            taken.gone = event.why
        elif isinstance(event, Note):
            taken.notes.append(event.text)
        elif event.at is not None:
            taken.times.append(memory.offset.corrected(event.at, parcel.received_at))

    def _evidence(self, event: Tag | Input, parcel: Parcel, taken: _Taken, dropping: set[bytes]) -> None:
        """A read or a change of an input, unless it was taken before."""
        memory = self._memory
        if parcel.old and event.at is None:
            memory.ignore(("kept messages without a time",))
            return
        identity = identity_of(event)
        if identity is not None:
            if identity in memory.recent or identity in dropping:
                memory.ignore(("sent again",))
                return
            dropping.add(identity)
            taken.identities.append(identity)
        at = memory.offset.corrected(event.at, parcel.received_at)
        taken.times.append(at)
        if isinstance(event, Tag):
            taken.reads.append(self._read(event, at, parcel.received_at))
        else:
            taken.inputs.append(InputChange(self._rules.reader, event.port, event.active, at, parcel.received_at))

    def _read(self, tag: Tag, at: Instant, received_at: Instant) -> TagRead:
        memory, rules = self._memory, self._rules
        antenna = tag.antenna
        if antenna is None:
            # A device of one antenna does not name it.
            antenna = rules.antennas[0] if len(rules.antennas) == 1 else 0
        memory.heard.add(antenna)
        if rules.numbered and tag.number is not None:
            memory.numbers.take(tag.number, received_at)
        count = tag.reads or 1
        if rules.totals:
            count = memory.totals.count(tag.epc, antenna, count)
        count = max(1, min(count, COUNT_MAX))
        return TagRead(tag.epc, rules.reader, antenna, at, received_at, tag.rssi_dbm, count, tag.tid)

    def _batches(self, taken: _Taken) -> Iterator[Batch]:
        offset_us = self._memory.offset.offset_us
        if taken.late and not taken.lost:
            # What came late covers its own time: each stretch of it that has no hole.
            for at in self._lives(taken.times):
                yield Batch((), at, offset_us, taken.antennas, silent="")
        yield Batch(
            tuple(taken.reads),
            taken.alive_at,
            offset_us,
            taken.antennas,
            tuple(taken.inputs),
            "; ".join(taken.lost) or None,
            "" if taken.late or taken.gone else None,
            "; ".join(taken.notes) or None,
            self._receipt(taken),
        )

    def _lives(self, times: Sequence[Instant]) -> Iterator[Instant]:
        last: Instant | None = None
        told = 0
        for at in times[:-1]:
            if last is None or at - last >= self._rules.apart_us // 3:
                last = at
                told += 1
                if told > _LIVES_MAX:
                    return
                yield at

    def _receipt(self, taken: _Taken) -> Receipt | None:
        recent, identities, settles = self._memory.recent, tuple(taken.identities), tuple(taken.settles)
        if not settles:
            # Nobody sends this again: it only may come twice.
            recent.add(identities)
            return None

        def stored() -> None:
            for settle in settles:
                settle()

        urgent = self._rules.urgent or len(settles) >= _URGENT
        return Receipt(lambda: recent.add(identities), stored, identities, urgent)


def _one(first: _Taken, second: _Taken) -> bool:
    """Whether two make one batch: both of now, with the same antennas, and nothing missing between them."""
    return not (first.late or second.late or second.lost or second.gone or first.gone) and (
        first.antennas == second.antennas
    )


def _join(first: _Taken, second: _Taken) -> None:
    first.alive_at = max(first.alive_at, second.alive_at)
    first.reads += second.reads
    first.inputs += second.inputs
    first.identities += second.identities
    first.settles += second.settles
    first.notes += second.notes
    first.times += second.times
