"""The edge daemon, `custody-reader`: beside the readers, without database server and without web.

Reader threads fold reads into sightings; every tick the collector stores what is due in the spool, in one commit;
the uplink delivers from the spool. Kill it at any moment: what the spool took is delivered after the next start.
"""

import argparse
import logging
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from readers.config import ConfigInvalid, DaemonConfig, ReaderConfig, load
from readers.driver import Batch, Driver, Identity
from readers.making import driver_for
from readers.recorder import Recorder
from readers.sighting import Instant, Record
from readers.spool import Spool, SpoolError
from readers.supervisor import SECOND_US, Listener, Supervisor, Watching
from readers.uplink import Uplink

log = logging.getLogger("custody-reader")

TICK_SECONDS = 0.25
RETRY_SECONDS = 1.0
"""The pause after the spool refused a batch."""
FAREWELL_SECONDS = 2.0
"""How long a stopping daemon tries to deliver its last records; the spool keeps what is left."""

EXIT_GOOD, EXIT_FAILED, EXIT_MISUSED = 0, 1, 2

DriverFactory = Callable[[ReaderConfig], Driver]


class Collector:
    """Takes what the supervisors have and stores it; holds it back while the spool takes nothing."""

    def __init__(self, supervisors: Sequence[Supervisor], spool: Spool, wake: Callable[[], None]) -> None:
        self._supervisors = supervisors
        self._spool = spool
        self._wake = wake
        self._held: list[Record] = []
        self._refused = False

    @property
    def held(self) -> int:
        """Records that the spool did not take yet."""
        return len(self._held)

    def collect(self, now: Instant) -> bool:
        """One tick; False when the spool took nothing. Until it does, nothing more is taken from the readers."""
        for supervisor in self._supervisors:
            supervisor.check()
        if not self._held:
            self._held = [record for supervisor in self._supervisors for record in supervisor.drain(now)]
        if not self._held:
            return True
        try:
            self._spool.append(self._held)
        except SpoolError as error:
            if not self._refused:
                log.error("%s; the readers wait, and go on by themselves when there is room again", error)
            self._refused = True
            return False
        if self._refused:
            log.info("the spool takes records again")
            self._refused = False
        self._held = []
        self._wake()
        return True


def run_daemon(
    config: DaemonConfig,
    *,
    clock: Callable[[], Instant],
    rng: random.Random,
    stop: threading.Event,
    make_driver: DriverFactory | None = None,
    record: Path | None = None,
) -> None:
    """Run until `stop`, then end in order: coverage closed, reports in the spool. Raises SpoolError at the start.

    `clock` gives microseconds since 1970 UTC; `rng` names the boot and spreads the pauses. `make_driver` replaces
    the drivers of the configuration. `record` keeps what the readers sent, for replay.
    """
    boot = f"{rng.getrandbits(128):032x}"
    spool = Spool(config.spool, boot, config.spool_bytes_max)
    recorders = _Recorders(record, [reader.name for reader in config.readers])
    uplink = Uplink(
        spool,
        daemon=config.name,
        url=config.url,
        token=config.token,
        clock=clock,
        rng=_spread(rng),
        ca=config.ca,
    )
    try:
        supervisors = [
            _supervisor(reader, config, clock, _spread(rng), recorders.of(reader.name), make_driver)
            for reader in config.readers
        ]
        log.info("%s: boot %s, %d readers, spool %s", config.name, boot, len(supervisors), config.spool)
        _run(supervisors, Collector(supervisors, spool, uplink.wake), spool, uplink, clock, stop)
    finally:
        recorders.close()
        uplink.close()
        spool.close()


def _spread(rng: random.Random) -> random.Random:
    """A generator of one thread's own; it only spreads pauses."""
    return random.Random(rng.getrandbits(64))  # noqa: S311


def _supervisor(
    reader: ReaderConfig,
    config: DaemonConfig,
    clock: Callable[[], Instant],
    rng: random.Random,
    listeners: Sequence[Listener],
    make_driver: DriverFactory | None,
) -> Supervisor:
    watching = Watching(
        reader=reader.name,
        period_us=round(config.sighting_period_seconds * SECOND_US),
        covered_seconds=reader.keepalive_seconds * 3,
        pause_seconds_max=reader.reconnect_seconds_max,
    )
    if make_driver is None:
        return Supervisor(watching, lambda: driver_for(reader, clock), clock=clock, rng=rng, listeners=listeners)
    return Supervisor(watching, lambda: make_driver(reader), clock=clock, rng=rng, listeners=listeners)


def _run(
    supervisors: Sequence[Supervisor],
    collector: Collector,
    spool: Spool,
    uplink: Uplink,
    clock: Callable[[], Instant],
    stop: threading.Event,
) -> None:
    ended = threading.Event()
    delivery = _deliver(uplink, ended)
    for supervisor in supervisors:
        supervisor.start()
    while not stop.is_set():
        stop.wait(TICK_SECONDS if collector.collect(clock()) else RETRY_SECONDS)
        if not delivery.is_alive():
            log.error("the uplink's thread died; a new one is started")
            delivery = _deliver(uplink, ended)
    for supervisor in supervisors:
        supervisor.request_stop()
    for supervisor in supervisors:
        supervisor.stop()
    # What an earlier refusal held back goes first, then the farewells.
    if not (collector.collect(clock()) and collector.collect(clock())):
        log.error("%d records could not be stored in the spool and are lost", collector.held)
    last_call = time.monotonic() + FAREWELL_SECONDS
    while time.monotonic() < last_call and delivery.is_alive() and uplink.healthy and spool.counts().waiting:
        ended.wait(0.05)
    ended.set()
    uplink.wake()
    delivery.join(FAREWELL_SECONDS)
    left = spool.counts()
    log.info("stopped; %d records wait in the spool, %d were refused by the server", left.waiting, left.rejected)


def _deliver(uplink: Uplink, ended: threading.Event) -> threading.Thread:
    thread = threading.Thread(target=uplink.run, args=(ended,), name="uplink", daemon=True)
    thread.start()
    return thread


class _Recorders:
    """One recording a reader: the file as named, or with the reader's name in it where there are several."""

    def __init__(self, path: Path | None, readers: Sequence[str]) -> None:
        self._paths: dict[str, Path] = {}
        if path is not None:
            single = len(readers) == 1
            self._paths = {
                reader: path if single else path.with_name(f"{path.stem}-{reader}{path.suffix}") for reader in readers
            }
        self._open: dict[str, Recorder] = {}

    def of(self, reader: str) -> tuple[Listener, ...]:
        """What records this reader: one, or none."""
        path = self._paths.get(reader)
        if path is None:
            return ()

        def listen(identity: Identity, batch: Batch) -> None:
            if reader not in self._open:
                self._open[reader] = Recorder(path, identity)
            self._open[reader].write(batch)

        return (listen,)

    def close(self) -> None:
        """Make the recordings durable."""
        for recorder in self._open.values():
            recorder.close()


def now_us() -> Instant:
    """The machine's clock, in microseconds since 1970 UTC."""
    return time.time_ns() // 1000


def _summary(config: DaemonConfig) -> str:
    lines = [
        f"{config.name}: to {config.url}, spool {config.spool} (at most {config.spool_bytes_max} bytes), "
        f"a sighting every {config.sighting_period_seconds:g} s"
    ]
    for reader in config.readers:
        where = str(reader.file) if reader.kind == "replay" else f"{reader.host}:{reader.port}"
        antennas = ", ".join(map(str, reader.antennas)) or "all"
        lines.append(f"  {reader.name}: {reader.kind} {where}, antennas {antennas}")
    return "\n".join(lines)


def _set_up_log() -> None:
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
    )
    logging.Formatter.converter = time.gmtime
    # Libraries speak of every request and message; we speak of changes.
    for name in ("sllurp", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="custody-reader", description="Reads the readers and sends what they hear to the custody server."
    )
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="the configuration (TOML)")
    parser.add_argument("--check", action="store_true", help="only check the configuration and say what it means")
    parser.add_argument("--record", type=Path, metavar="FILE", help="also keep what the readers send, for replay")
    parser.add_argument(
        "--retry-rejected",
        action="store_true",
        help="first put the records that the server refused back into the spool",
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """The command. 0: ended in order, or the check is good; 1: cannot run; 2: the configuration is wrong."""
    arguments = _arguments(argv)
    try:
        config = load(arguments.config)
    except ConfigInvalid as error:
        sys.stderr.write("".join(f"{line}\n" for line in error.errors))
        return EXIT_MISUSED
    if arguments.check:
        sys.stdout.write(_summary(config) + "\n")
        return EXIT_GOOD
    _set_up_log()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        if arguments.retry_rejected:
            _retry_rejected(config)
        run_daemon(config, clock=now_us, rng=random.SystemRandom(), stop=stop, record=arguments.record)
    except SpoolError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_FAILED
    return EXIT_GOOD


def _retry_rejected(config: DaemonConfig) -> None:
    spool = Spool(config.spool, "", config.spool_bytes_max)
    try:
        log.info("%d refused records are put back into the spool", spool.retry_rejected())
    finally:
        spool.close()


if __name__ == "__main__":
    sys.exit(main())
