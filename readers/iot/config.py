"""The keys of a [[reader]] that speaks JSON, and what is wrong with them together."""

import ipaddress
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from readers.tls import client_context, server_context

MODES: Mapping[str, tuple[str, ...]] = {
    "impinj": ("stream", "webhook", "mqtt"),
    "zebra": ("mqtt", "webhook"),
}
"""The ways in which each kind speaks."""
_PORTS = {"stream": (80, 443), "mqtt": (1883, 8883)}
"""Without and with TLS."""
_NEEDED = {"stream": ("host",), "mqtt": ("host", "topics"), "webhook": ("listen",)}
_OF_MODE: Mapping[str, tuple[str, ...]] = {
    "host": ("stream", "mqtt"),
    "port": ("stream", "mqtt"),
    "ca": ("stream", "mqtt"),
    "topics": ("mqtt",),
    "client": ("mqtt",),
    "certificate": ("mqtt", "webhook"),
    "key": ("mqtt", "webhook"),
    "listen": ("webhook",),
    "path": ("webhook",),
    "preset": ("stream",),
}
"""Keys that mean something in some modes only."""
KEYS = (
    "mode", "topics", "client", "listen", "path", "user", "password_file", "ca", "certificate", "key", "preset",
    "reads", "silent_seconds",
)  # fmt: skip
"""Keys of a [[reader]] that mean something for these kinds only."""
_FILES = ("ca", "certificate", "key", "password_file")
Wrong = tuple[str | None, str]
"""A key, or None for the whole section, and what is wrong."""


@dataclass(frozen=True, slots=True)
class IotConfig:
    """How one reader speaks to us. Paths are absolute; `host` and `port` are the reader's or the broker's."""

    mode: str
    host: str = ""
    port: int = 0
    topics: tuple[str, ...] = ()
    client: str = ""
    listen: tuple[str, int] = ("", 0)
    path: str = "/"
    user: str = ""
    password: str = field(default="", repr=False)
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    preset: str = ""
    totals: bool = False
    silent_seconds: float = 45.0


def check(kind: str, row: Mapping[str, Any], folder: Path | None) -> Iterator[Wrong]:
    """What is wrong with the keys of one reader, each with the key to blame. No folder: its files are not looked at."""
    mode = row.get("mode")
    if mode not in MODES[kind]:
        words = " or ".join(f'"{word}"' for word in MODES[kind])
        yield ("mode", f"must be {words}") if mode is not None else (None, f"mode is missing: {words}")
        return
    for key, modes in _OF_MODE.items():
        if key in row and mode not in modes:
            words = " or ".join(f'"{word}"' for word in modes)
            yield key, f'belongs to mode = {words}, not "{mode}"'
    for key in _NEEDED[mode]:
        if key not in row:
            yield None, f'{key} is missing: mode = "{mode}" needs it'
    if ("user" in row) != ("password_file" in row):
        yield "user" if "user" in row else "password_file", "give both of user and password_file, or neither"
    if "key" in row and "certificate" not in row:
        yield "key", "is of use with `certificate` only"
    if folder is not None:
        yield from _check_files(row, folder)
    yield from _check_clear(mode, row)


def _check_files(row: Mapping[str, Any], folder: Path) -> Iterator[Wrong]:
    good = True
    for name in _FILES:
        if name in row:
            try:
                (folder / row[name]).read_bytes()
            except OSError as error:
                good = False
                yield name, f"{folder / row[name]} cannot be read: {error.strerror}"
    if not good:
        return
    try:
        if "ca" in row:
            client_context(folder / row["ca"])
        if "certificate" in row:
            server_context(folder / row["certificate"], folder / row["key"] if "key" in row else None)
    except (OSError, ssl.SSLError, ValueError) as error:
        yield "certificate" if "certificate" in row else "ca", f"is no certificate in PEM that can be used: {error}"


def _check_clear(mode: str, row: Mapping[str, Any]) -> Iterator[Wrong]:
    """Passwords do not cross a network in the clear, and nobody posts to us unknown."""
    if mode == "webhook" and "listen" in row:
        here = _is_loopback(address_of(row["listen"])[0])
        if not here and "certificate" not in row:
            yield "listen", "others on the network could read and forge the posts: give certificate and key"
        if not here and "user" not in row and row.get("path", "/") == "/":
            yield "listen", "anybody on the network could post: give user and password_file, or a path hard to guess"
    elif "user" in row and "ca" not in row and not _is_loopback(str(row.get("host", ""))):
        yield (
            "user",
            "the password would cross the network in the clear: give `ca`, the other side's authority (PEM)",
        )


def made(kind: str, row: Mapping[str, Any], folder: Path) -> IotConfig:
    """The configuration of a row that `check` found nothing wrong with."""
    mode = row["mode"]
    paths = {name: folder / row[name] for name in ("ca", "certificate", "key") if name in row}
    password = ""
    if "password_file" in row:
        password = (folder / row["password_file"]).read_text(encoding="utf-8").strip()
    return IotConfig(
        mode,
        row.get("host", ""),
        row.get("port") or _PORTS.get(mode, (0, 0))["ca" in row],
        tuple(row.get("topics", ())),
        row.get("client", f"custody-{row['name']}"),
        address_of(row["listen"]) if "listen" in row else ("", 0),
        row.get("path", "/"),
        row.get("user", ""),
        password,
        paths.get("ca"),
        paths.get("certificate"),
        paths.get("key"),
        row.get("preset", ""),
        # Where it is not said, a count is never taken for more than it is sure to be.
        kind == "zebra" and row.get("reads", "total") == "total",
        float(row.get("silent_seconds", 45.0)),
    )


def address_of(listen: str) -> tuple[str, int]:
    """Host and port of "host:port". Raises ValueError."""
    host, separator, port = listen.rpartition(":")
    if not separator or not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise ValueError(f'must be an address of this machine with a port, as in "127.0.0.1:8443", not {listen!r}')
    return host.strip("[]"), int(port)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
