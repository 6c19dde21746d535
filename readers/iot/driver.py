"""The driver of a reader that speaks JSON: any source, any maker's messages."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from readers.driver import Batch, ConnectionFailed, Identity, ReaderFrozen
from readers.iot.assembly import Assembler, Rules
from readers.iot.found import Decode, Source
from readers.iot.memory import Memory
from readers.sighting import Instant

BATCH_SECONDS = 0.2


class IotDriver:
    """One connection, or one listening address (the Driver protocol); a fresh one for every attempt."""

    def __init__(
        self,
        rules: Rules,
        source: Source,
        decode: Decode,
        memory: Memory,
        silent_seconds: float,
        clock: Callable[[], Instant],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`memory` outlives this driver. `silent_seconds` without a message count as silence."""
        self._rules = rules
        self._source = source
        self._decode = decode
        self._memory = memory
        self._silent_seconds = silent_seconds
        self._clock = clock
        self._monotonic = monotonic
        self._closed = False
        self._alive_at: Instant = 0
        self._heard_at = 0.0
        self._heard = False
        self._identity = Identity(None, None, ())
        self._lost: str | None = None

    def open(self) -> Identity:
        """Raises ConnectionFailed, ReaderFrozen, ProtocolViolated."""
        opened = self._source.open()
        if opened.offset_us is not None:
            self._memory.offset.asked(opened.offset_us)
        if opened.radio_active is not None:
            self._memory.radio_active = opened.radio_active
        self._lost = opened.lost
        self._heard_at = self._monotonic()
        if self._source.pulled:
            # The reader itself answered just now.
            self._heard, self._alive_at = True, self._clock()
        self._identity = opened.identity
        return Identity(
            opened.identity.model, opened.identity.firmware, self._rules.antennas or opened.identity.antennas
        )

    def reads(self) -> Iterator[Batch]:
        """Batches, at least five a second, until close(). Raises DriverError when the connection ends."""
        assembler = Assembler(self._rules, self._decode, self._memory, self._identity.antennas)
        while not self._closed:
            try:
                parcels = self._source.receive(BATCH_SECONDS)
            except ConnectionFailed:
                if self._closed:
                    return
                raise
            batches = list(assembler.batches(parcels, self._clock()))
            if assembler.fresh:
                self._heard_at, self._heard = self._monotonic(), True
            silent = self._silence(assembler.gone)
            for batch in batches:
                if batch.silent is None and batch.alive_at:
                    self._alive_at = batch.alive_at
                else:
                    # It tells of another time: whether the reader is heard now is known from elsewhere.
                    batch = replace(batch, silent=silent)
                yield self._first(batch)
            if silent and self._source.pulled:
                self.close()
                raise ReaderFrozen(silent)
            if silent or not batches:
                alive_at = 0 if silent is not None else self._alive_at
                offset_us = self._memory.offset.offset_us
                yield self._first(Batch((), alive_at, offset_us, assembler.antennas, silent=silent))

    def close(self) -> None:
        """End it, from any thread, more than once."""
        self._closed = True
        self._source.close()

    def _first(self, batch: Batch) -> Batch:
        """What was lost before the connection is said with its first batch."""
        if self._lost is None:
            return batch
        lost, self._lost = self._lost, None
        return replace(batch, lost="; ".join(filter(None, (lost, batch.lost))))

    def _silence(self, gone: str | None) -> str | None:
        """Why the reader counts as silent; empty while it is too early to say; None while it is heard."""
        quiet = self._monotonic() - self._heard_at
        if gone is not None:
            return gone
        if quiet <= self._silent_seconds:
            return None if self._heard else ""
        return f"no message for {self._silent_seconds:g} s: the reader is off, cut off, or sends to another address"
