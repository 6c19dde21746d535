"""A whole check that somebody asked for, run beside the server; its page shows how far it is."""

import logging
import threading

from api.services import Services
from custody.store.checking import whole_check

log = logging.getLogger(__name__)
PASSES = 2
"""Times that the check reads about as many rows as there are entries: by sequence, and by carrier and matter."""
STOP_SECONDS = 30.0


class Stopped(Exception):
    """The server ends: the check is given up, and nothing is kept of it."""


class Checker:
    """At most one check at a time in this process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._done, self._all = 0, 1

    def start(self, by: int) -> bool:
        """Begin a check for this person; False where one runs."""
        with self._turn:
            if self._thread is not None and self._thread.is_alive():
                return False
            with self._services.database.reading() as connection:
                self._all = max(1, PASSES * self._services.books.position(connection))
            self._done = 0
            self._thread = threading.Thread(target=self._run, args=(by,), name="whole check", daemon=True)
            self._thread.start()
            return True

    def percent(self) -> int | None:
        """How far the check is, 0 to 99; None where none runs."""
        with self._turn:
            if self._thread is None or not self._thread.is_alive():
                return None
        return min(99, 100 * self._done // self._all)

    def stop(self) -> None:
        """Give up what runs, and wait for its end."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def wait(self, seconds: float) -> None:
        """Until the check that runs has ended, or so long."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self, by: int) -> None:
        try:
            whole_check(self._services.books, by, self._told)
        except Stopped:
            pass
        except Exception:
            log.exception("the whole check broke off", extra={"event": "check_broken_off"})
        self._services.bulletin.publish("proof")

    def _told(self, rows: int) -> None:
        if self._stopping.is_set():
            raise Stopped
        before, self._done = 100 * self._done // self._all, rows
        if 100 * rows // self._all > before:
            self._services.bulletin.publish("proof")
