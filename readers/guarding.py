"""The guard within the daemon: made from the configuration, tied to the readers, the server and the spool; or none.

Also the test of a portal's outputs, which rings for real.
"""

import random
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from readers.config import DaemonConfig
from readers.door_fetch import ListFetcher
from readers.driver import Batch, ConnectionFailed, Driver, DriverError, Identity
from readers.guard import Guard
from readers.outputs import Firing, Output, outputs_of
from readers.sighting import DoorAlarm, Instant
from readers.supervisor import Listener, Supervisor


class Guarding:
    """What a daemon guards; without a [guard] section it does nothing."""

    def __init__(
        self, config: DaemonConfig, clock: Callable[[], Instant], rng: random.Random, *, fetches: bool = True
    ) -> None:
        """Raises OSError where what the guard keeps on the disk cannot be read."""
        self._supervisors: dict[str, Supervisor] = {}
        self._stop = threading.Event()
        self._fetching: threading.Thread | None = None
        self._fetcher: ListFetcher | None = None
        self._guard: Guard | None = None
        self._readers: frozenset[str] = frozenset()
        doors = config.doors
        if doors.guard is None:
            return
        outputs: Mapping[str, Output] = outputs_of(doors.outputs, self._switch)
        self._guard = Guard(doors.guard, doors.portals, outputs, clock)
        self._readers = frozenset(name for one in doors.portals for name in (one.reader, one.beam_reader))
        if fetches:
            self._fetcher = ListFetcher(
                self._guard,
                url=config.url,
                token=config.token,
                every_seconds=doors.guard.fetch_seconds,
                clock=clock,
                rng=rng,
                ca=config.ca,
            )

    def listeners(self, reader: str) -> tuple[Listener, ...]:
        """What hears this reader: the guard, or nobody."""
        guard = self._guard
        if guard is None or reader not in self._readers:
            return ()

        def listen(identity: Identity, batch: Batch) -> None:
            guard.listen(identity, batch, reader)

        return (listen,)

    def start(self, supervisors: Iterable[Supervisor]) -> None:
        """Begin, with the readers whose outputs may be switched."""
        self._supervisors = {one.reader: one for one in supervisors}
        if self._guard is not None:
            self._guard.start()
        if self._fetcher is not None:
            run = self._fetcher.run
            self._fetching = threading.Thread(target=run, args=(self._stop,), name="door-list", daemon=True)
            self._fetching.start()

    def stop(self) -> None:
        """Sound what is due, and end."""
        self._stop.set()
        if self._guard is not None:
            self._guard.stop()

    def close(self) -> None:
        """End the connections to the server."""
        self._stop.set()
        if self._fetcher is not None:
            self._fetcher.close()

    def drain(self, now: Instant) -> list[DoorAlarm]:
        """The records that are due."""
        return [] if self._guard is None else self._guard.drain(now)

    def stored(self, records: Iterable[Any]) -> None:
        """What is in the spool by now."""
        if self._guard is not None:
            self._guard.stored([one for one in records if isinstance(one, DoorAlarm)])

    def _switch(self, reader: str, port: int, active: bool) -> None:
        supervisor = self._supervisors.get(reader)
        if supervisor is None:
            raise ConnectionFailed(f"reader {reader} is not served yet")
        supervisor.set_output(port, active)


def try_outputs(config: DaemonConfig, portal: str, make_driver: Callable[[str], Driver]) -> tuple[bool, str]:
    """Set off what an alarm at this portal sets off; whether all of it came on, and what each said.

    `make_driver` makes a driver of a reader by name: the daemon must not be running, or its reader is taken.
    Raises LookupError for a portal that the configuration does not have.
    """
    names = next((one.outputs for one in config.doors.portals if one.name == portal), None)
    if names is None:
        known = ", ".join(one.name for one in config.doors.portals) or "none"
        raise LookupError(f"there is no portal {portal!r} in this configuration; it has: {known}")
    opened: dict[str, Driver] = {}
    drained: list[threading.Thread] = []

    def switch(reader: str, port: int, active: bool) -> None:
        set_output = getattr(opened[reader], "set_output", None) if reader in opened else None
        if set_output is None:
            raise ConnectionFailed(f"reader {reader} cannot be reached")
        set_output(port, active)

    configs = [one for one in config.doors.outputs if one.name in names]
    troubles: list[str] = []
    try:
        for reader in sorted({one.reader for one in configs if one.kind == "gpo"}):
            driver = make_driver(reader)
            try:
                driver.open()
            except DriverError as error:
                troubles.append(f"{reader}: {error}")
                continue
            opened[reader] = driver
            drained.append(threading.Thread(target=_drain, args=(driver,), daemon=True))
            drained[-1].start()
        firing = Firing(outputs_of(configs, switch))
        said = firing.said(30.0)
        # Each is on for its time, and off again before the connection ends.
        longest = max((one.seconds for one in configs if one.kind == "gpo" or one.off_url), default=0.0)
        if any(": on" in part for part in said.split("; ")):
            threading.Event().wait(longest + 1.0)
        return firing.good, "; ".join(filter(None, (said, *troubles)))
    finally:
        for driver in opened.values():
            driver.close()
        for thread in drained:
            thread.join(5.0)


def _drain(driver: Driver) -> None:
    try:
        for _ in driver.reads():
            pass
    except DriverError:
        return
