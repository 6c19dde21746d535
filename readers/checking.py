"""`custody-reader --check`: tries everything that can be tried without reading, and says what to do about the rest."""

import os
import shutil
import stat
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from readers.config import DaemonConfig
from readers.making import lacking, probe_of
from readers.probing import Said, good, look, wrong
from readers.sighting import Instant
from readers.uplink import pinned

DEVICE_PATH = "/api/v1/device"
ANSWER_SECONDS_MAX = 10.0
SKEW_LOOK_US = 200_000
SKEW_WRONG_US = 60_000_000
"""A sighting further in the future than this is taken for a wrong clock's: the server believes its arrival instead."""
MARKS = {"good": "✓", "look": "!", "wrong": "✗"}


def lines(found: Iterable[Said]) -> list[str]:
    """As printed: a mark, what was found, and what to do."""
    return [f"{MARKS[one.mark]} {one.what}" + (f" — {one.remedy}" if one.remedy else "") for one in found]


def check(
    config: DaemonConfig, path: Path, clock: Callable[[], Instant], client: httpx2.Client | None = None
) -> Iterable[Said]:
    """Everything in turn, as it is found: files, spool, server, readers. `client` is for tests."""
    yield from _files(config, path)
    yield from _spool(config)
    yield from _server(config, clock, client)
    missing = lacking(reader.kind for reader in config.readers)
    yield from (wrong(what, "") for what in missing)
    for reader in config.readers:
        yield from probe_of(reader.kind)(reader, clock)


def _files(config: DaemonConfig, path: Path) -> Iterable[Said]:
    secret = config.token_file or path
    mode = stat.S_IMODE(secret.stat().st_mode)
    if mode & 0o077:
        yield look(f"{secret} holds the token and others may read it (mode {mode:o})", f"chmod 600 {secret}")
    else:
        yield good(f"{secret} holds the token, and only its owner reads it")


def _spool(config: DaemonConfig) -> Iterable[Said]:
    folder = config.spool.parent
    if not folder.is_dir():
        yield wrong(f"the spool's folder {folder} is not there", f"mkdir -p {folder}, or correct `spool`")
        return
    target = config.spool if config.spool.exists() else folder
    if not os.access(target, os.W_OK) or not os.access(folder, os.W_OK | os.X_OK):
        yield wrong(f"the spool {config.spool} cannot be written", "let the daemon's account write there")
        return
    free = shutil.disk_usage(folder).free
    used = config.spool.stat().st_size if config.spool.exists() else 0
    if free + used < config.spool_bytes_max:
        yield look(
            f"the spool {config.spool} may grow to {_bytes(config.spool_bytes_max)}, and {_bytes(free)} are free",
            "make room, or lower `spool_bytes_max`: a full disk stops the reading",
        )
    else:
        yield good(f"the spool {config.spool} can be written; {_bytes(free)} are free")


def _server(config: DaemonConfig, clock: Callable[[], Instant], client: httpx2.Client | None) -> Iterable[Said]:
    where = config.url.rstrip("/")
    try:
        asking = client or httpx2.Client(trust_env=False, timeout=ANSWER_SECONDS_MAX, verify=pinned(config.ca))
    except OSError as error:
        yield wrong(f"{config.ca} cannot be read: {error}", "correct `ca`")
        return
    with asking:
        try:
            began, before = clock(), time.monotonic()
            answer = asking.get(where + DEVICE_PATH, headers={"Authorization": f"Bearer {config.token}"})
            half = round((time.monotonic() - before) * 500_000)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            yield wrong(
                f"the server {where} cannot be reached: {str(error) or type(error).__name__}", _unreachable(config)
            )
            return
    if answer.status_code in (401, 403):
        remedy = "take a new token on the page Readers, and put it into the token file"
        yield wrong(f"the server {where} does not know this token", remedy)
        return
    told = _told(answer)
    if told is None:
        remedy = "is `url` the address of a custody server?"
        yield wrong(f"the server {where} answers with status {answer.status_code}, not as expected", remedy)
        return
    name, now = told
    yield good(f"the server {where} knows this device as {name}")
    if name != config.name:
        remedy = f'write name = "{name}" under [daemon]'
        yield look(f"the daemon calls itself {config.name}", remedy)
    skew = began + half - now
    said = f"this machine's clock is {skew / 1_000_000:+.2f} s against the server's"
    if abs(skew) > SKEW_WRONG_US:
        yield wrong(said, "set both to the house's time server: times of sightings are wrong by as much")
    elif abs(skew) > SKEW_LOOK_US + half:
        yield look(said, "set both to the house's time server")
    else:
        yield good(said)


def _unreachable(config: DaemonConfig) -> str:
    host = urlsplit(config.url).hostname
    if config.ca is not None:
        return f"check the network to {host}, and that `ca` is the authority of its certificate"
    return f"check `url` and the network to {host}; is the server running?"


def _told(answer: httpx2.Response) -> tuple[str, Instant] | None:
    try:
        found: Any = answer.json() if answer.status_code == 200 else None
        return str(found["device"]), int(found["now"])
    except (ValueError, LookupError, TypeError):
        return None


def _bytes(number: int) -> str:
    return f"{number / 1_000_000_000:.1f} GB" if number >= 100_000_000 else f"{number / 1_000_000:.1f} MB"
