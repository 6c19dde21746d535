"""A driver that plays a recording back as if its reader were there (see `readers.recorder`)."""

import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from readers.driver import Batch, ConnectionFailed, Identity, ProtocolViolated
from readers.recorder import RecordingInvalid, decode_line
from readers.sighting import Instant

BEAT_SECONDS = 1.0
"""How often an empty batch comes while the recording is silent (the promise of readers.driver)."""


class ReplayDriver:
    """Plays the recording at `path` as the reader named `reader`.

    `speed` 1 is real time, 2 twice as fast, None as fast as possible. `shift`: the first batch happens now and all
    times move with it; otherwise the recorded times are kept. `clock` gives microseconds UTC. At the end of the
    recording reads() raises ConnectionFailed, as when a reader is switched off.
    """

    def __init__(
        self,
        path: Path,
        *,
        reader: str,
        clock: Callable[[], Instant],
        speed: float | None = 1.0,
        shift: bool = True,
    ) -> None:
        if speed is not None and speed <= 0:
            raise ValueError("speed is above 0, or None for as fast as possible")
        self._path, self._reader, self._clock = path, reader, clock
        self._speed, self._shift = speed, shift
        self._closed = threading.Event()
        self._lines: Generator[Identity | Batch] | None = None

    def open(self) -> Identity:
        """What the recorded reader said of itself. Raises ConnectionFailed, ProtocolViolated."""
        try:
            file = open(self._path, "rb")  # noqa: SIM115 - closed by the generator that reads it
        except OSError as missing:
            raise ConnectionFailed(f"the recording {self._path} cannot be opened: {missing}") from missing
        self._lines = _lines(file)
        first = self._next()
        if not isinstance(first, Identity):
            self._let_go()
            raise ProtocolViolated(f"{self._path} is no recording: its first line does not say so")
        return first

    def reads(self) -> Iterator[Batch]:
        """The recorded batches, each at its time. Raises ConnectionFailed at the end, ProtocolViolated."""
        try:
            yield from self._played_in_time()
        finally:
            self._let_go()

    def _played_in_time(self) -> Iterator[Batch]:
        opened_at = self._clock()
        first_at: Instant | None = None
        alive_at = opened_at
        while not self._closed.is_set():
            batch = self._next()
            if batch is None:
                raise ConnectionFailed(f"the recording {self._path} is at its end")
            if isinstance(batch, Identity):
                continue
            if first_at is None:
                first_at = batch.alive_at
                alive_at = opened_at if self._shift else first_at
            if self._speed is not None:
                due_at = opened_at + round((batch.alive_at - first_at) / self._speed)
                while (left_us := due_at - self._clock()) > 0:
                    if self._closed.wait(min(left_us / 1_000_000, BEAT_SECONDS)):
                        return
                    if due_at > self._clock():
                        yield Batch((), alive_at)
            played = self._played(batch, opened_at - first_at if self._shift else 0, first_at)
            alive_at = played.alive_at
            yield played

    def close(self) -> None:
        """End it, from any thread, more than once."""
        self._closed.set()

    def _let_go(self) -> None:
        """The file is open no longer than it is read."""
        if self._lines is not None:
            self._lines.close()

    def _next(self) -> Identity | Batch | None:
        if self._lines is None:
            raise ConnectionFailed("the recording is not open")
        try:
            return next(self._lines, None)
        except RecordingInvalid as invalid:
            raise ProtocolViolated(f"{self._path}: {invalid}") from invalid
        except OSError as broken:
            raise ConnectionFailed(f"the recording {self._path} cannot be read: {broken}") from broken

    def _played(self, batch: Batch, shift_us: int, first_at: Instant) -> Batch:
        """The batch under this reader's name, its times moved, and at another speed drawn together."""
        speed = self._speed if self._speed is not None and self._shift else 1.0

        def moved(at: Instant) -> Instant:
            return at + shift_us if speed == 1.0 else first_at + shift_us + round((at - first_at) / speed)

        reads = tuple(
            replace(read, reader=self._reader, read_at=moved(read.read_at), received_at=moved(read.received_at))
            for read in batch.reads
        )
        return replace(batch, reads=reads, alive_at=moved(batch.alive_at))


def _lines(file: BinaryIO) -> Generator[Identity | Batch]:
    """The full lines of a recording; a rest without its line end is what a kill left, and not read."""
    with file:
        for number, line in enumerate(file, start=1):
            if line.endswith(b"\n"):
                yield decode_line(line, number)
