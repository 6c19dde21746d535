"""The watch: one thread that folds what has arrived, asks the checks, and says what changed.

It wakes when the intake took something, and each second besides: deadlines pass and crossings settle without any
radio. A passage has its checks at once. The others are asked whenever a second has passed and something may have
changed, but never for more than a tenth of the time: over a large register they come less often, not slower.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection
from typing import Protocol

from custody.clock import Clock
from custody.database import Database
from custody.scheme import Scheme
from readers.sighting import Instant
from reconcile.bulletin import Bulletin
from reconcile.checks import PASSAGE_KINDS
from reconcile.findings import CheckRun, run_checks
from reconcile.presence import settings_from
from reconcile.store.presence import Folded, fold_new

log = logging.getLogger(__name__)

WAKE_SECONDS = 1.0
CHECKS_SHARE = 0.1
"""Part of the time that the checks may take."""
WATCHED_KINDS = (
    "missing",
    "misplaced",
    "gone_not_lent",
    "place_rated_too_low",
    "used_in_unprotected_place",
    "in_store_on_loan",
    "unknown_tag",
    "label_unregistered",
    "ghost_read",
    "direct_pass",
    "tag_disagrees",
    "retired_tag",
    "parked_at_portal",
    "exposed_at_entry",
)
"""What the radio or the books may say at any moment; deadlines have jobs of their own (`schedule`)."""


class Checks(Protocol):
    """What `reconcile.findings.run_checks` offers."""

    def __call__(
        self, database: Database, scheme: Scheme, now: Instant, *, kinds: Collection[str] | None = None
    ) -> CheckRun:
        """Open and clear findings of the kinds."""


class Watch:
    """The thread. `start`, then `wake` whenever something arrived, then `stop`."""

    def __init__(
        self,
        database: Database,
        scheme: Scheme,
        clock: Clock,
        bulletin: Bulletin,
        *,
        checks: Checks = run_checks,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._scheme = scheme
        self._settings = settings_from(scheme)
        self._clock = clock
        self._bulletin = bulletin
        self._checks = checks
        self._stopwatch = stopwatch
        self._rest_until = 0.0
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin watching."""
        self._thread.start()

    def wake(self) -> None:
        """Something arrived, or the books changed: look now."""
        self._woken.set()

    def stop(self, timeout_seconds: float = 30.0) -> None:
        """End after the tick that is running. Raises TimeoutError where it does not come to an end."""
        self._stopping.set()
        self._woken.set()
        if self._thread.ident is None:
            return
        self._thread.join(timeout_seconds)
        if self._thread.is_alive():
            raise TimeoutError(f"the watch is still busy after {timeout_seconds} s")

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def tick(self) -> Folded:
        """One look: fold, check, tell. Also for callers without a thread (a demo, a test)."""
        now = self._clock()
        folded = fold_new(self._database, self._settings, now)
        changed: set[str] = set()
        if folded.sightings:
            changed.add("readers")
        if folded.changed_epcs:
            changed.add("presence")
        if folded.passages:
            changed.add("passages")
        # What was folded is told even where a check fails after it.
        self._bulletin.publish(*sorted(changed))
        if folded.passages:
            self._check(now, PASSAGE_KINDS)
        if self._stopwatch() >= self._rest_until:
            self._check_timed(now)
        return folded

    def _check_timed(self, now: Instant) -> None:
        began = self._stopwatch()
        try:
            self._check(now, WATCHED_KINDS + PASSAGE_KINDS)
        finally:
            ended = self._stopwatch()
            self._rest_until = ended + max(WAKE_SECONDS * 0.9, (ended - began) * (1 / CHECKS_SHARE - 1))

    def _check(self, now: Instant, kinds: Collection[str]) -> None:
        run = self._checks(self._database, self._scheme, now, kinds=kinds)
        if run:
            # Whom a finding is told has a notice at the same time: a meeting's secretary sees findings by it alone.
            self._bulletin.publish("findings", "inbox")

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.wait(WAKE_SECONDS)
            self._woken.clear()
            if self._stopping.is_set():
                return
            try:
                self.tick()
            except Exception:
                # A tick that fails (a database restarting, a check that stumbles) must not end the watch.
                log.exception("the watch stumbled; it goes on with the next tick")
