"""Virtual readers as a process or a thread: one for the command, several for the demo."""

import asyncio
import contextlib
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from readers.scenario import Scenario, ScenarioInvalid, parse
from readers.sighting import Instant
from readers.virtual.reader import READS_PER_SECOND, VirtualReader

HOST = "127.0.0.1"


def system_clock() -> Instant:
    """Microseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1000


async def run_virtual_readers(
    scenario: Scenario,
    ports: Mapping[str, int],
    *,
    clock: Callable[[], Instant] = system_clock,
    seed: int = 0,
    reads_per_second: float = READS_PER_SECOND,
    started: Callable[[Mapping[str, VirtualReader]], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve the readers named in `ports` (0: a free port) on 127.0.0.1, in this event loop, until `stop` is set.

    A reader that the scenario declares off is not served. `started` is called once all listen, with each reader by
    its name (its `port` is then known). Raises LookupError for a name the scenario has not, OSError for a port that
    cannot be had; then none is left listening.
    """
    scripts = [scenario.reader(name) for name in ports]
    readers = {
        script.name: VirtualReader(script, clock, _noise(seed, script.name), reads_per_second)
        for script in scripts
        if not script.off
    }
    try:
        for name, reader in readers.items():
            await reader.serve(HOST, ports[name])
        if started is not None:
            started(readers)
        await (stop or asyncio.Event()).wait()
    finally:
        for reader in readers.values():
            await reader.close()


def _noise(seed: int, name: str) -> random.Random:
    return random.Random(f"{seed}/{name}")  # noqa: S311 - noise of a signal, not a secret


class VirtualReaderThread:
    """Several readers in an event loop in a thread of their own: a context manager around their life.

    After entering, `ports` says where each listens. Raises LookupError and OSError as `run_virtual_readers`.
    """

    def __init__(
        self,
        scenario: Scenario,
        ports: Mapping[str, int],
        *,
        clock: Callable[[], Instant] = system_clock,
        seed: int = 0,
        reads_per_second: float = READS_PER_SECOND,
    ) -> None:
        self.ports: dict[str, int] = {}
        self.readers: dict[str, VirtualReader] = {}
        self._arguments = (scenario, ports, clock, seed, reads_per_second)
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="virtual-readers", daemon=True)

    def __enter__(self) -> "VirtualReaderThread":
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        assert self._stop is not None
        with contextlib.suppress(RuntimeError):  # its loop has ended already
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except (OSError, LookupError) as failure:
            self._failure = failure
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        scenario, ports, clock, seed, reads_per_second = self._arguments
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await run_virtual_readers(
            scenario,
            ports,
            clock=clock,
            seed=seed,
            reads_per_second=reads_per_second,
            started=self._started,
            stop=self._stop,
        )

    def _started(self, readers: Mapping[str, VirtualReader]) -> None:
        self.readers = dict(readers)
        self.ports = {name: reader.port for name, reader in readers.items()}
        self._ready.set()


def main_virtual_reader(port: int, scenario_path: Path, reader: str | None) -> int:
    """The command `custody virtual-reader`: one reader on 127.0.0.1 until SIGINT or SIGTERM; gives the exit code.

    Prints one line once it listens. 0: ended by a signal; 2: port, scenario or reader cannot be had, said on stderr.
    """
    try:
        scenario = parse(scenario_path.read_text(encoding="utf-8"))
        script = scenario.reader(reader)
    except ScenarioInvalid as invalid:
        return _refuse(f"{scenario_path} cannot be played:\n{invalid}")
    except (OSError, UnicodeDecodeError) as unreadable:
        return _refuse(f"{scenario_path} cannot be read: {unreadable}")
    except LookupError as unknown:
        return _refuse(f"{scenario_path}: {unknown.args[0]}")
    if script.off:
        return _refuse(f"{scenario_path}: reader {script.name} is declared off; take `off` away to play it")
    if not 0 <= port <= 0xFFFF:
        return _refuse(f"port {port} does not exist; give 1 to 65535, or 0 for a free one")
    try:
        asyncio.run(_until_signalled(scenario, script.name, port))
    except OSError as taken:
        return _refuse(f"cannot listen on {HOST}:{port}: {taken.strerror or taken}; give another --port")
    return 0


async def _until_signalled(scenario: Scenario, name: str, port: int) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)

    def started(readers: Mapping[str, VirtualReader]) -> None:
        print(f"virtual reader {name} listens on {HOST}:{readers[name].port}", flush=True)  # noqa: T201

    await run_virtual_readers(scenario, {name: port}, started=started, stop=stop)


def _refuse(text: str) -> int:
    print(f"custody virtual-reader: {text}", file=sys.stderr, flush=True)  # noqa: T201
    return 2
