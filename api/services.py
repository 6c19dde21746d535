"""What the faces stand on, made once by the command that serves and handed to `create_app`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from api.limits import Limits
from custody.clock import Clock
from custody.database import Database
from custody.scheme import Scheme
from custody.store.books import Books
from readers.zpl import Printer
from reconcile.bulletin import Bulletin
from reconcile.calendar import AtWork
from reconcile.smtp import Relay


class Jobs(Protocol):
    """A job of the schedule, as a page shows it."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def every_seconds(self) -> int:
        """How often it is due."""


class Runs(Protocol):
    """Something with a life of its own: the schedule."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End, and wait until it has ended."""


class Scheduled(Runs, Protocol):
    """The schedule, with its table of jobs."""

    @property
    def table(self) -> Sequence[Jobs]:
        """The jobs that it runs."""

    def ask(self, name: str) -> None:
        """Have a job done now, beside the clock. Raises KeyError."""


class Watches(Runs, Protocol):
    """The watch: folds what came in and opens findings."""

    def wake(self) -> None:
        """There is something new: do not wait for the next tick."""


@dataclass(frozen=True, slots=True)
class Services:
    """The books, the clock, and what runs beside them. `data` is the data folder."""

    database: Database
    books: Books
    scheme: Scheme
    clock: Clock
    bulletin: Bulletin
    watch: Watches | None
    data: Path
    demo: bool = False
    schedule: Scheduled | None = None
    limits: Limits | None = None
    """How much may be asked; None: as much as anybody likes."""
    printers: tuple[Printer, ...] = ()
    """Printers of labels with a chip, in the order of the configuration."""
    at_work: AtWork = field(default_factory=AtWork)
    """Working days and waking hours."""
    relay: Relay | None = None
    """The house's own mail relay, where messages go out by one."""
    certificate: Path | None = None
    """The certificate that is served, where the server speaks TLS itself."""

    def books_changed(self) -> None:
        """An act was entered: pages that show the books are told, and the watch looks at once."""
        self.bulletin.publish("books")
        if self.watch is not None:
            self.watch.wake()
