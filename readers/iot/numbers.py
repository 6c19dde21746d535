"""What the reader's own numbers tell: events that are missing, and how often a tag was read since the last message."""

from collections import OrderedDict

from readers.sighting import Instant

NEAR = 100
"""Numbers so little behind the last are late or sent again; a reader that was started anew falls further back."""
GRACE_US = 2_000_000
"""A number that another overtook may still come within this time (posts over several connections)."""
_MISSING_MAX = 10_000
TAGS_MAX = 100_000


class EventNumbers:
    """The numbers of a reader's events, each one more than the last. Pure but for its memory."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._missing: OrderedDict[int, Instant] = OrderedDict()
        self._lost = 0

    def take(self, number: int, at: Instant) -> None:
        """An event of this number came at this time of ours."""
        last = self._last
        if last is None or number < last - NEAR:
            # The first ever, or the reader was started anew: what is missing until now stays missing.
            self._lost += len(self._missing)
            self._missing.clear()
            self._last = number
        elif number <= last:
            self._missing.pop(number, None)
        else:
            gap = number - last - 1
            for each in range(max(last + 1, number - _MISSING_MAX), number):
                self._missing[each] = at
            self._lost += max(0, gap - _MISSING_MAX)
            while len(self._missing) > _MISSING_MAX:
                self._missing.popitem(last=False)
                self._lost += 1
            self._last = number

    def lost(self, now: Instant) -> int:
        """How many events are missing for good since this was last asked."""
        while self._missing:
            number, since = next(iter(self._missing.items()))
            if 0 <= now - since < GRACE_US:
                break
            del self._missing[number]
            self._lost += 1
        lost, self._lost = self._lost, 0
        return lost


class Totals:
    """Running totals of reads of each tag at each antenna, made into counts."""

    def __init__(self) -> None:
        self._last: OrderedDict[tuple[str, int], int] = OrderedDict()

    def count(self, epc: str, antenna: int, total: int) -> int:
        """How many reads this message stands for: what the total grew by, and at least the one that it tells of.

        The first total of a tag counts as one read: how much of it was told before is not known. Nor is more counted
        where the total fell (the reader was started anew), or stood still (it counts each message for itself).
        """
        last = self._last.pop((epc, antenna), None)
        self._last[(epc, antenna)] = total
        if len(self._last) > TAGS_MAX:
            self._last.popitem(last=False)
        return 1 if last is None or total <= last else total - last
