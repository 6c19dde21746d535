"""Fetching the list of what may pass: every so often, whole, and only where it has changed."""

import logging
import random
import threading
from collections.abc import Callable
from pathlib import Path

import httpx2

from readers.doorlist import BYTES_MAX, DoorListInvalid
from readers.guard import Guard
from readers.sighting import Instant
from readers.uplink import pinned

log = logging.getLogger(__name__)

LIST_PATH = "/api/v1/door-list"
ANSWER_SECONDS_MAX = 20.0
CLOCK_APART_US = 120 * 1_000_000
"""A list made so far in the daemon's future shows that one of the two clocks is wrong."""


class ListFetcher:
    """Asks the server for the list until stopped; one thread. A failure is said once and tried again."""

    def __init__(
        self,
        guard: Guard,
        *,
        url: str,
        token: str,
        every_seconds: float,
        clock: Callable[[], Instant],
        rng: random.Random,
        ca: Path | None = None,
        client: httpx2.Client | None = None,
    ) -> None:
        """`client` is for tests. Raises OSError where the authority's file cannot be read."""
        self._guard = guard
        self._url = url.rstrip("/") + LIST_PATH
        self._headers = {"Authorization": f"Bearer {token}"}
        self._every_seconds = every_seconds
        self._clock = clock
        self._rng = rng
        self._client = client or httpx2.Client(
            trust_env=False, timeout=ANSWER_SECONDS_MAX, follow_redirects=False, verify=pinned(ca)
        )
        self._trouble: str | None = None

    def close(self) -> None:
        """End the connections to the server."""
        self._client.close()

    def run(self, stop: threading.Event) -> None:
        """Fetch until `stop`; spread at random, so that daemons do not come together."""
        while not stop.is_set():
            self.fetch_once()
            stop.wait(self._every_seconds * self._rng.uniform(0.8, 1.0))

    def fetch_once(self) -> bool:
        """Ask once; whether the guard has the server's present list now."""
        headers = dict(self._headers)
        if self._guard.list_number:
            headers["If-None-Match"] = f'"{self._guard.list_number}"'
        try:
            with self._client.stream("GET", self._url, headers=headers) as answer:
                if answer.status_code == 304:
                    return self._well()
                if answer.status_code != 200:
                    return self._ill(f"the server answers with status {answer.status_code}")
                text = _bounded(answer)
            found = self._guard.take_list(text)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return self._ill(f"the server cannot be reached: {str(error) or type(error).__name__}")
        except (DoorListInvalid, UnicodeDecodeError) as error:
            return self._ill(f"the server's list is refused: {error}")
        except OSError as error:
            return self._ill(f"the list cannot be kept on the disk: {error}")
        if found.made_at > self._clock() + CLOCK_APART_US:
            return self._ill("the list was made in this machine's future: one of the two clocks is wrong")
        return self._well()

    def _well(self) -> bool:
        if self._trouble is not None:
            log.info("guard: lists are fetched again")
            self._trouble = None
        return True

    def _ill(self, trouble: str) -> bool:
        # Said once, not at every attempt.
        if trouble != self._trouble:
            log.warning("guard: %s", trouble)
            self._trouble = trouble
        return False


def _bounded(answer: httpx2.Response) -> str:
    """The body, where it is no longer than a list may be. Raises DoorListInvalid, UnicodeDecodeError."""
    found = bytearray()
    for part in answer.iter_bytes():
        found += part
        if len(found) > BYTES_MAX:
            raise DoorListInvalid(f"it is longer than {BYTES_MAX} bytes")
    return found.decode("utf-8")
