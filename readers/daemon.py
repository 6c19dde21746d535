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
from typing import Any

from readers.checking import check, lines
from readers.columns import SightingColumns
from readers.config import ConfigInvalid, DaemonConfig, ReaderConfig, load
from readers.driver import Batch, Driver, DriverError, Identity
from readers.guarding import Guarding, try_outputs
from readers.making import driver_for, lacking, maker_for
from readers.pcsc import plugged_in
from readers.recorder import Recorder
from readers.sighting import Instant, Record
from readers.spool import Spool, SpoolError
from readers.supervisor import SECOND_US, DriverMaker, Listener, Supervisor, Watching
from readers.uplink import Uplink

log = logging.getLogger("custody-reader")

TICK_SECONDS = 0.25
COMMIT_SECONDS = 0.02
"""The shortest time between two commits, whoever waits for them."""
RETRY_SECONDS = 1.0
"""The pause after the spool refused a batch."""
FULL_MARKS = (50, 80, 100)
"""Percentages of its bound at which a spool that fills is spoken of."""
ROOM_AGAIN = 40
FAREWELL_SECONDS = 2.0
"""How long a stopping daemon tries to deliver its last records; the spool keeps what is left."""

EXIT_GOOD, EXIT_FAILED, EXIT_MISUSED = 0, 1, 2

DriverFactory = Callable[[ReaderConfig], Driver]


class Collector:
    """Takes what the supervisors have and stores it; holds it back while the spool takes nothing."""

    def __init__(
        self,
        supervisors: Sequence[Supervisor],
        spool: Spool,
        wake: Callable[[], None],
        guarding: Guarding | None = None,
    ) -> None:
        self._guarding = guarding
        self._supervisors = supervisors
        self._spool = spool
        self._wake = wake
        self._held: list[Record | SightingColumns] = []
        self._refused = False
        self._told_full = 0
        self._lost = 0

    @property
    def held(self) -> int:
        """Records that the spool did not take yet."""
        return sum(len(each) if isinstance(each, SightingColumns) else 1 for each in self._held)

    def collect(self, now: Instant) -> bool:
        """One tick; False when the spool took nothing. Until it does, nothing more is taken from the readers."""
        for supervisor in self._supervisors:
            supervisor.check()
        if not self._held:
            self._held = [record for supervisor in self._supervisors for record in supervisor.drain(now)]
            if self._guarding is not None:
                self._held += self._guarding.drain(now)
        known = {each.reader: each.identities for each in self._supervisors if each.identities}
        if not self._held and not known:
            self._answer()
            return True
        try:
            self._spool.append(self._held, known)
        except SpoolError as error:
            if not self._refused:
                log.error("%s; the readers wait, and go on by themselves when there is room again", error)
            self._refused = True
            return False
        if self._refused:
            log.info("the spool takes records again")
            self._refused = False
        if self._guarding is not None:
            self._guarding.stored(self._held)
        self._held = []
        self._answer()
        self._wake()
        self._tell_how_full()
        return True

    def _tell_how_full(self) -> None:
        """Once at each mark that the spool passes; and once when it has emptied again."""
        left = self._spool.counts()
        share = 100 if left.lost > self._lost else 100 * left.bytes // self._spool.bytes_max
        self._lost = left.lost
        passed = max((mark for mark in FULL_MARKS if share >= mark), default=0)
        if passed > self._told_full:
            log.warning(
                "the spool is %d %% full: %d records, %d of %d bytes wait for the server; at 100 %% the oldest "
                "sightings are dropped, which is recorded",
                passed,
                left.waiting,
                left.bytes,
                self._spool.bytes_max,
            )
            self._told_full = passed
        elif self._told_full and share < ROOM_AGAIN:
            log.info("the spool has room again: %d records wait", left.waiting)
            self._told_full = 0

    def _answer(self) -> None:
        for supervisor in self._supervisors:
            supervisor.stored()


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
    soon = threading.Event()
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
    guarding = Guarding(config, clock, _spread(rng))
    try:
        supervisors = [
            Supervisor(
                _watching(reader, config),
                _maker(reader, clock, spool, make_driver),
                clock=clock,
                rng=_spread(rng),
                listeners=(*recorders.of(reader.name), *guarding.listeners(reader.name)),
                hurry=soon.set,
            )
            for reader in config.readers
        ]
        log.info("%s: boot %s, %d readers, spool %s", config.name, boot, len(supervisors), config.spool)
        collector = Collector(supervisors, spool, uplink.wake, guarding)
        _run(supervisors, collector, spool, uplink, clock, stop, soon, guarding)
    finally:
        guarding.close()
        recorders.close()
        uplink.close()
        spool.close()


def _spread(rng: random.Random) -> random.Random:
    """A generator of one thread's own; it only spreads pauses."""
    return random.Random(rng.getrandbits(64))  # noqa: S311


def _watching(reader: ReaderConfig, config: DaemonConfig) -> Watching:
    return Watching(
        reader=reader.name,
        period_us=round(config.period_seconds(reader) * SECOND_US),
        covered_seconds=reader.covered_seconds,
        pause_seconds_max=reader.reconnect_seconds_max,
    )


def _maker(
    reader: ReaderConfig, clock: Callable[[], Instant], spool: Spool, make_driver: DriverFactory | None
) -> DriverMaker:
    if make_driver is not None:
        return lambda: make_driver(reader)
    return maker_for(reader, clock, spool.known(reader.name))


def _run(
    supervisors: Sequence[Supervisor],
    collector: Collector,
    spool: Spool,
    uplink: Uplink,
    clock: Callable[[], Instant],
    stop: threading.Event,
    soon: threading.Event,
    guarding: Guarding,
) -> None:
    ended = threading.Event()
    delivery = _deliver(uplink, ended)
    for supervisor in supervisors:
        supervisor.start()
    guarding.start(supervisors)
    while not stop.is_set():
        soon.clear()
        if not collector.collect(clock()):
            stop.wait(RETRY_SECONDS)
        elif soon.wait(TICK_SECONDS):
            # Somebody waits for an answer; others who come at the same time share the commit.
            stop.wait(COMMIT_SECONDS)
        if not delivery.is_alive():
            log.error("the uplink's thread died; a new one is started")
            delivery = _deliver(uplink, ended)
    guarding.stop()
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
        lines.append(f"  {reader.name}: {reader.kind} {_where(reader)}")
    return "\n".join(lines)


def _where(reader: ReaderConfig) -> str:
    if reader.kind == "pcsc":
        return reader.device if reader.slot is None else f"{reader.device}, slot {reader.slot}"
    where = str(reader.file) if reader.kind == "replay" else f"{reader.host}:{reader.port}"
    if reader.iot is not None:
        iot = reader.iot
        host, port = iot.listen if iot.mode == "webhook" else (iot.host, iot.port)
        where = f"{iot.mode} {'on ' if iot.mode == 'webhook' else ''}{host}:{port}"
    return f"{where}, antennas {', '.join(map(str, reader.antennas)) or 'all'}"


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
    parser.add_argument("--check", action="store_true", help="only check the configuration, and try what it names")
    parser.add_argument(
        "--offline", action="store_true", help="with --check: the file alone, without asking server and readers"
    )
    parser.add_argument("--record", type=Path, metavar="FILE", help="also keep what the readers send, for replay")
    parser.add_argument(
        "--retry-rejected",
        action="store_true",
        help="first put the records that the server refused back into the spool",
    )
    parser.add_argument(
        "--test-output", metavar="PORTAL", help="set off what an alarm at this portal sets off, for real, and end"
    )
    parser.add_argument(
        "--list-desk-readers", action=_ListDeskReaders, help="say which desk readers (PC/SC) are plugged in, and end"
    )
    return parser.parse_args(argv)


class _ListDeskReaders(argparse.Action):
    """Prints the PC/SC names, one a line, and ends: 0, or 1 where there is none or nobody to ask."""

    def __init__(self, option_strings: Sequence[str], dest: str, **more: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **more)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        try:
            names = plugged_in()
        except DriverError as error:
            parser.exit(EXIT_FAILED, f"{error}\n")
        if not names:
            parser.exit(EXIT_FAILED, "no desk reader is plugged in\n")
        sys.stdout.write("".join(f"{name}\n" for name in names))
        parser.exit(EXIT_GOOD)


def main(argv: Sequence[str] | None = None) -> int:
    """The command. 0: ended in order, or the check is good; 1: cannot run; 2: the configuration is wrong."""
    arguments = _arguments(argv)
    try:
        config = load(arguments.config)
    except ConfigInvalid as error:
        sys.stderr.write("".join(f"{line}\n" for line in error.errors))
        return EXIT_MISUSED
    if arguments.check:
        return _check(config, arguments.config, offline=arguments.offline)
    if arguments.test_output is not None:
        return _test_output(config, arguments.test_output)
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


def _test_output(config: DaemonConfig, portal: str) -> int:
    """Ring, and say what rang."""
    readers = {reader.name: reader for reader in config.readers}
    try:
        good, said = try_outputs(config, portal, lambda name: driver_for(readers[name], now_us))
    except LookupError as error:
        sys.stderr.write(f"{error.args[0]}\n")
        return EXIT_MISUSED
    sys.stdout.write(f"{portal}: {said or 'nothing is set off by an alarm there'}\n")
    return EXIT_GOOD if good else EXIT_FAILED


def _check(config: DaemonConfig, path: Path, *, offline: bool) -> int:
    """What the configuration means, and what came of trying it."""
    sys.stdout.write(_summary(config) + "\n")
    if offline:
        lacks = lacking(reader.kind for reader in config.readers)
        sys.stderr.write("".join(f"{what}\n" for what in lacks))
        return EXIT_FAILED if lacks else EXIT_GOOD
    failed = False
    for said in check(config, path, now_us):
        failed |= said.mark == "wrong"
        sys.stdout.write("".join(f"{line}\n" for line in lines([said])))
        sys.stdout.flush()
    return EXIT_FAILED if failed else EXIT_GOOD


def _retry_rejected(config: DaemonConfig) -> None:
    spool = Spool(config.spool, "", config.spool_bytes_max)
    try:
        log.info("%d refused records are put back into the spool", spool.retry_rejected())
    finally:
        spool.close()


if __name__ == "__main__":
    sys.exit(main())
