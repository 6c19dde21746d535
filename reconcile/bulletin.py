"""What has changed, told within one process: topics with versions, for pages that follow live.

A topic is a short word (`presence`, `findings`, `readers`, …); nothing of the business data travels here, so a
listener asks the database anew, and sees only what its subject may. Publishing never waits for listeners, and a
slow one misses nothing: it sees that the version has moved.
"""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Collection, Iterable
from dataclasses import dataclass

PACE_SECONDS = 0.25
"""Changes for one listener are told together, at most this often."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Topics that changed, up to `version`; none where only time went by."""

    version: int
    topics: frozenset[str]


class Bulletin:
    """Topics and their versions; safe for threads and for asyncio together."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._version = 0
        self._versions: dict[str, int] = {}
        self._listeners: dict[int, Callable[[], None]] = {}
        self._listener_numbers = 0

    @property
    def version(self) -> int:
        """How often something was published."""
        with self._changed:
            return self._version

    def publish(self, *topics: str) -> int:
        """Say that topics changed; the version after it. Nothing is said without topics."""
        if not topics:
            return self.version
        with self._changed:
            self._version += 1
            version = self._version
            self._versions.update(dict.fromkeys(topics, version))
            listeners = list(self._listeners.values())
            self._changed.notify_all()
        for wake in listeners:
            wake()
        return version

    def changes(self, topics: Collection[str] | None, since_version: int) -> Changes:
        """Which of the topics (None: all) changed after a version; without waiting."""
        with self._changed:
            return self._since(topics, since_version)

    def wait(self, topics: Collection[str] | None, since_version: int, timeout_seconds: float) -> Changes:
        """Wait until one of the topics (None: all) has changed after a version, or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._since(topics, since_version).topics, timeout_seconds)
            return self._since(topics, since_version)

    async def follow(
        self,
        topics: Iterable[str] | None = None,
        *,
        since_version: int | None = None,
        heartbeat_seconds: float | None = None,
        pace_seconds: float = PACE_SECONDS,
    ) -> AsyncGenerator[Changes, None]:
        """Changes from a version on (default: now), for as long as one listens; several soon after each other as one.

        With `heartbeat_seconds`, an empty Changes as often where nothing changes, so that a cut line is noticed.
        """
        wanted = None if topics is None else frozenset(topics)
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()

        def wake() -> None:
            try:
                loop.call_soon_threadsafe(woken.set)
            except RuntimeError:
                self._forget(number)  # its loop is closed: nobody listens any more

        number = self._listen(wake)
        version = self.version if since_version is None else since_version
        try:
            while True:
                woken.clear()
                found = self.changes(wanted, version)
                if found.topics:
                    version = found.version
                    started = time.monotonic()
                    yield found
                    await asyncio.sleep(max(0.0, pace_seconds - (time.monotonic() - started)))
                    continue
                try:
                    await asyncio.wait_for(woken.wait(), heartbeat_seconds)
                except TimeoutError:
                    yield Changes(found.version, frozenset())
        finally:
            self._forget(number)

    def _since(self, topics: Collection[str] | None, since_version: int) -> Changes:
        changed = frozenset(
            topic
            for topic, version in self._versions.items()
            if version > since_version and (topics is None or topic in topics)
        )
        return Changes(self._version, changed)

    def _listen(self, wake: Callable[[], None]) -> int:
        with self._changed:
            self._listener_numbers += 1
            self._listeners[self._listener_numbers] = wake
            return self._listener_numbers

    def _forget(self, number: int) -> None:
        with self._changed:
            self._listeners.pop(number, None)
