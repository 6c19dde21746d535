"""Work that takes longer than a page: done beside the server's answers, told of on a page of its own, safe to leave.

What it has done so far stands here only while this server runs. What must be known afterwards its doer writes down
where it is durable, so that after a restart it is either found done, or begun again with nothing half entered.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import FastAPI

_LOG = logging.getLogger(__name__)
_LOCK = threading.Lock()


class Cancelled(Exception):
    """Somebody said that it is not wanted any more."""


@dataclass(slots=True)
class Work:
    """One piece of work. `phase` and `total` are told by the doer; `total` 0: not known yet. `about`: what its doer
    keeps with it.
    """

    about: object = None
    phase: str = ""
    done: int = 0
    total: int = 0
    failed: bool = False
    cancelled: bool = False
    _unwanted: threading.Event = field(default_factory=threading.Event)
    _ended: threading.Event = field(default_factory=threading.Event)

    def told(self, phase: str, done: int, total: int) -> None:
        """How far it is. Raises Cancelled where it is not wanted any more."""
        self.phase, self.done, self.total = phase, done, total
        if self._unwanted.is_set():
            raise Cancelled

    def cancel(self) -> None:
        """It is not wanted any more; it ends at its next step, unless it is over before."""
        self._unwanted.set()

    @property
    def over(self) -> bool:
        """Whether it has ended, one way or another."""
        return self._ended.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is over, so long at most; whether it is."""
        return self._ended.wait(seconds)

    def run(self, doing: Callable[["Work"], None]) -> None:
        """Do it, whatever comes of it."""
        try:
            doing(self)
        except Cancelled:
            self.cancelled = True
        except Exception as error:  # noqa: BLE001 - whatever it was: the page says that it failed
            # Without the words of the error: they may hold what was to be written.
            _LOG.error("work beside the pages failed in its phase %s: %s", self.phase, type(error).__name__)
            self.failed = True
        finally:
            self._ended.set()


OVER_KEPT_MAX = 200
"""Works that are over, and that nobody has said to forget."""


class Works:
    """What this server is doing now, by name, and the last of what it did."""

    def __init__(self) -> None:
        self._works: dict[str, Work] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> Work | None:
        """The work of this name, begun and not forgotten."""
        return self._works.get(name)

    def begin(self, name: str, doing: Callable[[Work], None], about: object = None) -> Work:
        """Begin it beside the answers; where it is being done already, that one."""
        with self._lock:
            found = self._works.get(name)
            if found is not None and not found.over:
                return found
            over = [old for old, work in self._works.items() if work.over]
            for old in over[: max(0, len(over) - OVER_KEPT_MAX + 1)]:
                del self._works[old]
            work = self._works[name] = Work(about)
        # The server may end while it is at it: what is not committed then is as if it had never begun.
        threading.Thread(target=work.run, args=(doing,), name=f"work-{name[:8]}", daemon=True).start()
        return work

    def forget(self, name: str) -> None:
        """It was seen to be over."""
        with self._lock:
            self._works.pop(name, None)


def works_of(app: FastAPI) -> Works:
    """The works of an application."""
    with _LOCK:
        found: Works | None = getattr(app.state, "works", None)
        if found is None:
            found = app.state.works = Works()
    return found
