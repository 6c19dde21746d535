"""One desk reader (PC/SC): a card laid on it is one read, whatever happens to the service, the reader or the card.

A thread of its own talks to the service, since a frozen service or card lets no call come back; the driver never
waits for it longer than it says. Such a thread cannot be ended: it is left until its call returns, and meanwhile no
second one is begun for the same reader, so that nothing piles up.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from readers.driver import Batch, ConnectionFailed, DriverError, Identity, ReaderFrozen, Receipt
from readers.pcsc.number import NoNumber
from readers.pcsc.service import CardGone, Desk, NoAnswer, Service, Standing, chosen, held_by_another
from readers.sighting import Instant, TagRead

ANTENNA = 1
"""A desk reader has one place where a card is laid."""
AWAY_SECONDS = 0.4
"""A card that is back before this was not taken away: it lies at the edge of the field, or slid."""
TRIES = 4
RETRY_SECONDS = 0.1
"""A card that stays is asked so often, with a pause that grows by this: longer than a service takes to see it gone."""
WAIT_MILLISECONDS = 200
BEAT_SECONDS = 0.5
SAID_EVERY_SECONDS = 5.0
"""Cards that could not be read are said at once, and then at most this often, with their number."""
TAPS_WAITING_MAX = 1000


@dataclass(frozen=True, slots=True)
class PcscSettings:
    """Which desk reader. `device` is a part of its PC/SC name, `slot` the last number in it where it has several."""

    reader: str
    device: str
    slot: int | None = None
    frozen_after_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class _Tap:
    number: str
    at: Instant
    received_at: Instant


@dataclass(frozen=True, slots=True)
class _Unread:
    """A card without a sighting. `lost`: it would have had one; otherwise it has no number that identifies it."""

    why: str
    lost: bool = True


class _End:
    """The conversation ended: wakes the driver."""


_Said = _Tap | _Unread | _End
_PULLED_AWAY = _Unread("a card was taken away before it could be read")


def _nobody() -> None:
    """A card waits for no answer."""


_AT_ONCE = Receipt(accepted=_nobody, stored=_nobody, urgent=True)
"""Who laid the card on stands there and looks at the desk page: it is stored without waiting for the next tick."""


class SameCard:
    """Whether a number belongs to a tap that was told already. Times in seconds that no clock change moves. Pure."""

    def __init__(self) -> None:
        self._number: str | None = None
        self._lay_until = 0.0

    def lies(self, now: float) -> None:
        """The card that was told last still lies there."""
        self._lay_until = now

    def is_back(self, number: str, now: float) -> bool:
        """The same card, away for less than `AWAY_SECONDS`; any other number is a tap of its own from now on."""
        back = number == self._number and now - self._lay_until < AWAY_SECONDS
        self._number, self._lay_until = number, now
        return back


class _Conversation(threading.Thread):
    """Talks to the service about one reader until it fails or is told to end."""

    def __init__(
        self,
        settings: PcscSettings,
        connect: Callable[[], Desk],
        clock: Callable[[], Instant],
        monotonic: Callable[[], float],
    ) -> None:
        super().__init__(name=f"pcsc-{settings.reader}", daemon=True)
        self._settings, self._connect, self._clock, self._monotonic = settings, connect, clock, monotonic
        self._same = SameCard()
        self.said: queue.Queue[_Said] = queue.Queue(TAPS_WAITING_MAX)
        self.opened = threading.Event()
        self.ending = threading.Event()
        self.ended = threading.Event()
        self.name_of_reader = ""
        self.alive_at: Instant = 0
        self.heard_at = monotonic()
        self.failure: Exception | None = None

    def run(self) -> None:
        """The thread: whatever happens is kept for the driver."""
        desk: Desk | None = None
        try:
            desk = self._connect()
            self._follow(desk)
        except Exception as failure:  # noqa: BLE001 - it is raised where the driver is drained
            self.failure = failure
        finally:
            # Said first: giving the context back may hang, and the failure is known.
            self.ended.set()
            self.opened.set()
            with suppress(queue.Full):
                self.said.put_nowait(_End())
            if desk is not None:
                desk.close()

    def _follow(self, desk: Desk) -> None:
        name = chosen(desk.names(), self._settings.device, self._settings.slot)
        self.name_of_reader = name
        before: Standing | None = None
        lies = False
        while not self.ending.is_set():
            now = desk.standing(name, before, WAIT_MILLISECONDS)
            self._heard()
            if now is not None:
                if now.exclusive:
                    raise held_by_another(name)
                self.opened.set()
                changes = _changes(before, now)
                if changes or before is None:
                    for _ in range(_missed(before, now, changes)):
                        self._say(_PULLED_AWAY)
                    lies = now.present and self._lay_on(desk, name)
                before = now
            if lies:
                self._same.lies(self._monotonic())

    def _heard(self) -> None:
        self.heard_at = self._monotonic()
        self.alive_at = self._clock()

    def _say(self, said: _Said) -> None:
        """Give it to the driver; while nobody takes it nothing more is read, and the service goes on counting."""
        while not self.ending.is_set():
            try:
                self.said.put(said, timeout=BEAT_SECONDS)
            except queue.Full:
                self.heard_at = self._monotonic()
            else:
                return

    def _lay_on(self, desk: Desk, name: str) -> bool:
        """Read the card that was laid on, and say it; whether it told its number."""
        at = self.alive_at
        try:
            number = self._number(desk, name)
        except CardGone:
            self._say(_PULLED_AWAY)
            return False
        except NoAnswer as why:
            self._say(_Unread(f"a card could not be read: {why}"))
            return False
        except NoNumber as why:
            self._say(_Unread(f"a card cannot be used: {why}", lost=False))
            return False
        self._heard()
        if not self._same.is_back(number, self._monotonic()):
            self._say(_Tap(number, at, self.alive_at))
        return True

    def _number(self, desk: Desk, name: str) -> str:
        """The number of the card that lies there, asked for a few times. Raises NoNumber, NoAnswer, CardGone."""
        for turn in range(1, TRIES):
            with suppress(NoAnswer):
                return desk.number(name)
            self._heard()
            self.ending.wait(turn * RETRY_SECONDS)
        return desk.number(name)


def _changes(before: Standing | None, now: Standing) -> int:
    """How many cards were laid on or taken away since. A service that does not count says what differs."""
    if before is None:
        return 0
    return ((now.events - before.events) & 0xFFFF) or int(now.present != before.present)


def _missed(before: Standing | None, now: Standing, changes: int) -> int:
    """How many cards came and went between two looks; each is two changes beside those that are seen."""
    seen = int(before is not None and before.present) + int(now.present)
    return max(0, changes - seen) // 2


_left: dict[str, _Conversation] = {}
"""By reader: the thread that was given up, until its call returns."""


class PcscDriver:
    """One desk reader (the Driver protocol); a fresh one for every attempt."""

    def __init__(
        self,
        settings: PcscSettings,
        clock: Callable[[], Instant],
        monotonic: Callable[[], float] = time.monotonic,
        connect: Callable[[], Desk] = Service,
    ) -> None:
        """`clock` gives the daemon's time, `monotonic` seconds for the watchdog; `connect` the PC/SC service."""
        self._settings = settings
        self._clock = clock
        self._monotonic = monotonic
        self._connect = connect
        self._closed = False
        self._talk: _Conversation | None = None
        self._unread = 0
        self._unsaid: _Unread | None = None
        self._said_at: float | None = None

    def open(self) -> Identity:
        """Find the reader and begin to listen. Raises DriverError."""
        left = _left.pop(self._settings.reader, None)
        if left is not None:
            left.join(BEAT_SECONDS)
            if left.is_alive():
                _left[self._settings.reader] = left
                raise self._frozen()
        self._talk = talk = _Conversation(self._settings, self._connect, self._clock, self._monotonic)
        talk.start()
        if not talk.opened.wait(self._settings.frozen_after_seconds):
            raise self._frozen()
        self._raise_failure(talk)
        return Identity(talk.name_of_reader, None, (ANTENNA,))

    def reads(self) -> Iterator[Batch]:
        """Batches, at least two a second, until close(). Raises DriverError when the reader cannot be heard."""
        talk = self._talk
        if talk is None:
            raise ConnectionFailed("the driver is not open")
        yield Batch((), talk.alive_at)
        while not self._closed:
            ended = talk.ended.is_set()
            said = self._wait(talk, ended)
            if said is None and ended:
                if self._unsaid is not None:
                    yield self._words(Batch((), talk.alive_at))
                self._raise_failure(talk)
                return
            if said is None and self._monotonic() - talk.heard_at > self._settings.frozen_after_seconds:
                raise self._frozen()
            if isinstance(said, _Unread):
                self._unread += 1
                self._unsaid = said
            batch = self._tapped(said, talk.alive_at) if isinstance(said, _Tap) else Batch((), talk.alive_at)
            yield self._words(batch) if self._is_time_to_say else batch

    def close(self) -> None:
        """End it from any thread, more than once; a call that hangs is left behind."""
        self._closed = True
        talk = self._talk
        if talk is not None:
            talk.ending.set()
            if talk.is_alive():
                _left[self._settings.reader] = talk

    def _wait(self, talk: _Conversation, ended: bool) -> _Said | None:
        try:
            return talk.said.get(timeout=0.0 if ended else BEAT_SECONDS)
        except queue.Empty:
            return None

    def _tapped(self, tap: _Tap, alive_at: Instant) -> Batch:
        read = TagRead(tap.number, self._settings.reader, ANTENNA, tap.at, tap.received_at)
        return Batch((read,), alive_at, receipt=_AT_ONCE)

    @property
    def _is_time_to_say(self) -> bool:
        """Something is to be said of cards that were not read: at once, then gathered."""
        if self._unsaid is None:
            return False
        return self._said_at is None or self._monotonic() - self._said_at >= SAID_EVERY_SECONDS

    def _words(self, batch: Batch) -> Batch:
        """The batch with what is to be said of the card last not read, and of how many there were."""
        unsaid, self._unsaid, self._said_at = self._unsaid, None, self._monotonic()
        if unsaid is None:
            return batch
        words = f"{unsaid.why} ({self._unread} so far)"
        return replace(batch, lost=words) if unsaid.lost else replace(batch, note=words)

    def _raise_failure(self, talk: _Conversation) -> None:
        if isinstance(talk.failure, DriverError):
            raise talk.failure
        if talk.failure is not None:
            raise DriverError(f"the conversation with the PC/SC service failed: {talk.failure!r}") from talk.failure

    def _frozen(self) -> ReaderFrozen:
        return ReaderFrozen(
            f"no answer for {self._settings.frozen_after_seconds:g} s: the PC/SC service, the reader or the card on "
            "it is frozen; take the card away, or unplug the reader"
        )
