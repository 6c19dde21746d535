"""The reader's clock against ours, where the reader speaks when it likes: late messages are not a wrong clock.

An offset (reader minus daemon) is known from the reader's answer to a question, or found: a time in the future, or
older than any queue, shows a wrong clock at once; a clock that is a little wrong shows itself by delays that stay
the same, where a queue that empties shows delays that shrink. Until then times are taken as they are.
"""

from readers.sighting import Instant

TRUSTED_US = 200_000
"""An offset up to this is left alone: it is mostly the network's delay."""
FUTURE_US = 2_000_000
"""A time further in the future than this shows a wrong clock."""
QUEUED_US = 8 * 86_400_000_000
"""Brokers and readers keep messages for days; a time older than this shows a wrong clock instead."""
STEADY_US = 30_000_000
STEADY_MESSAGES = 8
SPREAD_US = 500_000
"""Delays of so many messages over so long that differ by no more are no queue."""
ASKED_US = 2_000_000
"""A time that was asked for over HTTP has whole seconds: less than this says nothing."""


class ReaderOffset:
    """What is known of one reader's clock. Not safe for threads."""

    def __init__(self) -> None:
        self.offset_us: int | None = None
        self._run: tuple[Instant, int, int, int] | None = None

    def asked(self, offset_us: int) -> None:
        """The reader said its time, in whole seconds."""
        if abs(offset_us) > ASKED_US:
            self.offset_us = offset_us
        elif self.shift_us and abs(self.shift_us) > ASKED_US:
            # It was set right meanwhile.
            self.offset_us = None

    @property
    def shift_us(self) -> int:
        """What is taken off the reader's times."""
        offset = self.offset_us or 0
        return offset if abs(offset) > TRUSTED_US else 0

    def observe(self, newest: Instant, received_at: Instant) -> None:
        """A message came whose newest time is this."""
        delay = received_at - newest
        corrected = delay + self.shift_us
        if corrected < -FUTURE_US or corrected > QUEUED_US:
            self.offset_us, self._run = -delay, None
            return
        since, low, high, number = self._run or (received_at, delay, delay, 0)
        low, high, number = min(low, delay), max(high, delay), number + 1
        if high - low > SPREAD_US or received_at < since:
            self._run = (received_at, delay, delay, 1)
            return
        self._run = (since, low, high, number)
        if received_at - since >= STEADY_US and number >= STEADY_MESSAGES:
            self.offset_us = -low
            self._run = (received_at, delay, delay, 1)

    def corrected(self, at: Instant | None, received_at: Instant) -> Instant:
        """A time of the reader's in ours; the time of arrival where it has none, or one that cannot be."""
        if at is None:
            return received_at
        corrected = at - self.shift_us
        return corrected if received_at - QUEUED_US <= corrected <= received_at + FUTURE_US else received_at
