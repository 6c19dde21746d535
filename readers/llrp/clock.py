"""The reader's clock against the daemon's: readers without a time server say the year 2000.

The offset (reader minus daemon) is measured at the first READER_EVENT_NOTIFICATION, which carries the reader's
time, and again when a report shows that the clock has jumped: a read from the future, or one older than any
queue. A jump backwards by less than that looks like a queue sent late, and is not seen before the next
connection. Times are corrected only where the clock is known to be wrong; a correct clock is better than our
arrival times.
"""

from dataclasses import replace

import numpy as np

from readers.columns import ReadColumns
from readers.llrp.report import NO_TIME, Report
from readers.sighting import Instant

TRUSTED_US = 200_000
"""An offset up to this is left alone: it is mostly the network's delay."""
FUTURE_US = 2_000_000
"""A read further in the future than this shows a jump of the reader's clock."""
QUEUED_US = 24 * 3600 * 1_000_000
"""Readers that were cut off send their queue late, by hours; a read older than this shows a jump instead."""


class ReaderClock:
    """What is known of one reader's clock during one connection."""

    def __init__(self) -> None:
        self.offset_us: int | None = None

    def measure(self, reader_at: Instant, received_at: Instant) -> None:
        """The reader said its time just now."""
        self.offset_us = reader_at - received_at

    @property
    def shift_us(self) -> int:
        """What is taken off the reader's times."""
        offset = self.offset_us or 0
        return offset if abs(offset) > TRUSTED_US else 0

    def rows(self, report: Report, received_at: Instant) -> ReadColumns:
        """The report's rows in the daemon's time; a row without time gets the time of its arrival."""
        rows = report.rows
        if not len(rows):
            return rows
        oldest, newest = received_at - QUEUED_US, received_at + FUTURE_US
        if report.timed:
            self._notice_jump(report.earliest, report.latest, received_at)
            if not self.shift_us and oldest <= report.earliest and report.latest <= newest:
                return rows
        none = (rows.first == NO_TIME) | (rows.last == NO_TIME)
        first, last = rows.first - self.shift_us, rows.last - self.shift_us
        # A time that even the measured offset does not make possible is replaced by the time of arrival.
        first = np.where(none | (first < oldest) | (first > newest), received_at, first)
        last = np.where(none | (last < oldest) | (last > newest), received_at, last)
        return replace(rows, first=first, last=last)

    def moment(self, at: Instant | None, received_at: Instant) -> Instant:
        """An event's time in the daemon's time; without one, or with one that cannot be, that of its arrival."""
        if at is None:
            return received_at
        corrected = at - self.shift_us
        return corrected if received_at - QUEUED_US <= corrected <= received_at + FUTURE_US else received_at

    def _notice_jump(self, earliest: Instant, latest: Instant, received_at: Instant) -> None:
        shift = self.shift_us
        if latest - shift > received_at + FUTURE_US or earliest - shift < received_at - QUEUED_US:
            # The newest read of a report was made about when the report arrived.
            self.offset_us = latest - received_at
