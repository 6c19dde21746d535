"""What an alarm at a door sets off: an output of a reader, a relay on the network, a command of this machine.

Each firing runs in a thread of its own, so that nothing waits for what does not answer; each says in plain words what
became of it. Nothing here knows of tags: an output is on, and after its time off.
"""

import ipaddress
import logging
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import httpx2

from readers.driver import DriverError
from readers.uplink import pinned

log = logging.getLogger(__name__)

TRIES = 3
PAUSE_SECONDS = 0.5
OFF_TRIES = 120
"""So often, once a second, it is tried to switch an output off again whose reader does not answer."""
_SAID_CHARACTERS_MAX = 160


@dataclass(frozen=True, slots=True)
class OutputConfig:
    """One [[output]]: `kind` says which of the others count."""

    name: str
    kind: str
    reader: str = ""
    port: int = 0
    seconds: float = 10.0
    url: str = ""
    method: str = "POST"
    off_url: str = ""
    ca: Path | None = None
    command: tuple[str, ...] = ()
    timeout_seconds: float = 2.0


class OutputFailed(Exception):
    """The output did not do it; the message says why."""


class Output(Protocol):
    """Something that can be set off."""

    def fire(self) -> None:
        """Set it off, and see to its end. Raises OutputFailed where it did not begin."""


Switch = Callable[[str, int, bool], None]
"""Switches an output of a reader by name, port, and whether on. Raises DriverError."""


class ReaderOutput:
    """A relay at a reader's own output (GPO): on for some seconds, then off, also where it is set off meanwhile."""

    def __init__(self, config: OutputConfig, switch: Switch, sleep: Callable[[float], None] = time.sleep) -> None:
        self._config = config
        self._switch = switch
        self._sleep = sleep
        self._guard = threading.Lock()
        self._firings = 0

    def fire(self) -> None:
        """Raises OutputFailed."""
        with self._guard:
            self._firings += 1
            mine = self._firings
        _tried(lambda: self._switch(self._config.reader, self._config.port, True), self._sleep)
        threading.Thread(target=self._off, args=(mine,), name=f"output-{self._config.name}", daemon=True).start()

    def _off(self, mine: int) -> None:
        self._sleep(self._config.seconds)
        for _ in range(OFF_TRIES):
            if self._firings != mine:
                return  # set off again: the later one ends it
            try:
                self._switch(self._config.reader, self._config.port, False)
                return
            except DriverError as error:
                log.warning("output %s cannot be switched off yet: %s", self._config.name, error)
                self._sleep(1.0)
        log.error("output %s stays on: its reader does not answer", self._config.name)


class HttpRelay:
    """A relay on the network: one request on, and where it is configured so, another off."""

    def __init__(
        self,
        config: OutputConfig,
        sleep: Callable[[float], None] = time.sleep,
        client: httpx2.Client | None = None,
    ) -> None:
        """Raises OSError where the authority's file cannot be read."""
        self._config = config
        self._sleep = sleep
        self._client = client or httpx2.Client(
            trust_env=False, timeout=config.timeout_seconds, follow_redirects=False, verify=pinned(config.ca)
        )

    def fire(self) -> None:
        """Raises OutputFailed."""
        _tried(lambda: self._ask(self._config.url), self._sleep)
        if self._config.off_url:
            threading.Thread(target=self._off, name=f"output-{self._config.name}", daemon=True).start()

    def _off(self) -> None:
        self._sleep(self._config.seconds)
        try:
            _tried(lambda: self._ask(self._config.off_url), self._sleep)
        except OutputFailed as error:
            log.error("output %s stays on: %s", self._config.name, error)

    def _ask(self, url: str) -> None:
        try:
            answer = self._client.request(self._config.method, url)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise OutputFailed(str(error) or type(error).__name__) from error
        if not 200 <= answer.status_code < 300:
            raise OutputFailed(f"it answered with status {answer.status_code}")


class LocalCommand:
    """A program of this machine with fixed arguments: no shell, no input, nothing of the alarm."""

    def __init__(self, config: OutputConfig) -> None:
        self._config = config

    def fire(self) -> None:
        """Raises OutputFailed."""
        try:
            done = subprocess.run(  # noqa: S603 - fixed words of the configuration, no shell
                self._config.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=self._config.timeout_seconds,
                env={},
                check=False,
                close_fds=True,
            )
        except subprocess.TimeoutExpired:
            raise OutputFailed(f"it was not done after {self._config.timeout_seconds:g} s, and was ended") from None
        except OSError as error:
            raise OutputFailed(f"it cannot be started: {error.strerror or error}") from error
        if done.returncode:
            raise OutputFailed(f"it ended with status {done.returncode}")


def _tried(action: Callable[[], None], sleep: Callable[[float], None]) -> None:
    """Try a few times. Raises OutputFailed with the last reason."""
    for again in range(TRIES):
        if again:
            sleep(PAUSE_SECONDS)
        try:
            action()
            return
        except (DriverError, OutputFailed) as error:
            last = error
    raise OutputFailed(str(last) or type(last).__name__) from last


def outputs_of(configs: Sequence[OutputConfig], switch: Switch) -> dict[str, Output]:
    """The outputs of a configuration, by name. Raises OSError for an authority's file that cannot be read."""
    makers: Mapping[str, Callable[[OutputConfig], Output]] = {
        "gpo": lambda config: ReaderOutput(config, switch),
        "http": HttpRelay,
        "command": LocalCommand,
    }
    return {config.name: makers[config.kind](config) for config in configs}


class Firing:
    """Several outputs set off at once; `said` gathers what each said."""

    def __init__(self, outputs: Mapping[str, Output]) -> None:
        self._said: dict[str, str] = {}
        self._threads = {
            name: threading.Thread(target=self._fire, args=(name, output), name=f"output-{name}", daemon=True)
            for name, output in outputs.items()
        }
        for thread in self._threads.values():
            thread.start()

    def _fire(self, name: str, output: Output) -> None:
        try:
            output.fire()
            self._said[name] = "on"
        except OutputFailed as error:
            self._said[name] = f"failed: {error}"[:_SAID_CHARACTERS_MAX]
            log.error("output %s failed: %s", name, error)

    def said(self, wait_seconds: float) -> str:
        """What became of each, in words, after at most so long; one that has not said by then is `no answer yet`."""
        until = time.monotonic() + wait_seconds
        for thread in self._threads.values():
            thread.join(max(0.0, until - time.monotonic()))
        return "; ".join(f"{name}: {self._said.get(name, 'no answer yet')}" for name in self._threads)

    @property
    def good(self) -> bool:
        """Whether all of them have said that they are on."""
        return all(self._said.get(name) == "on" for name in self._threads)


def plain_address_is_near(url: str) -> bool:
    """Whether an address without TLS stays in the house: an address of a private network, or this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_private
    except ValueError:
        return parts.hostname == "localhost"
