"""The edge daemon's configuration: one TOML file, every error found at once, each with its line.

Keys are rows of a table: name, type, what is allowed, whether it must be there. A misspelt key is an error that
names the nearest right one, since a setting that is silently ignored is the worst kind.
"""

import difflib
import ipaddress
import re
import ssl
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from readers.doors import METHODS, OUTPUT_KINDS, Doors, doors
from readers.iot import config as iot
from readers.iot.config import IotConfig
from readers.spool import BYTES_MAX, BYTES_MIN


class ConfigInvalid(Exception):
    """The file cannot be used; `errors` says everything that is wrong with it, one line each."""

    def __init__(self, path: Path, errors: tuple[str, ...]) -> None:
        super().__init__("\n".join(errors))
        self.path = path
        self.errors = errors


@dataclass(frozen=True, slots=True)
class ReaderConfig:
    """One [[reader]]."""

    name: str
    kind: str
    host: str = "127.0.0.1"
    port: int = 5084
    antennas: tuple[int, ...] = ()
    keepalive_seconds: float = 5.0
    session: int = 0
    reconnect_seconds_max: float = 15.0
    file: Path | None = None
    inputs: tuple[int, ...] = ()
    device: str = ""
    slot: int | None = None
    iot: IotConfig | None = None
    """How it speaks to us, of a kind that speaks JSON."""

    @property
    def covered_seconds(self) -> float:
        """How long a sign of life proves that the reader listens."""
        return self.keepalive_seconds * 3 if self.iot is None else self.iot.silent_seconds


@dataclass(frozen=True, slots=True)
class DaemonConfig:
    """The whole file; paths are absolute, the token is read."""

    name: str
    spool: Path
    url: str
    token: str = field(repr=False)
    readers: tuple[ReaderConfig, ...]
    spool_bytes_max: int = BYTES_MAX
    sighting_period_seconds: float = 10.0
    ca: Path | None = None
    """The authority that vouches for the server; None: no TLS, the server is on this machine."""
    token_file: Path | None = None
    """Where the token was read; None: in the configuration itself."""
    doors: Doors = field(default_factory=Doors)
    """The portals that this daemon guards by itself."""

    def period_seconds(self, reader: ReaderConfig) -> float:
        """The longest that a sighting of this reader spans."""
        if reader.kind in TAP_KINDS:
            return TAP_PERIOD_SECONDS
        if any(portal.reader == reader.name for portal in self.doors.portals):
            return min(PORTAL_PERIOD_SECONDS, self.sighting_period_seconds)
        return self.sighting_period_seconds


@dataclass(frozen=True, slots=True)
class _Key:
    """One key of a section. `check` gives what is wrong with a value, or None."""

    name: str
    types: tuple[type, ...]
    check: Callable[[Any], str | None]
    required: bool = False


def _between(low: float, high: float, unit: str = "") -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        return None if low <= value <= high else f"must be between {low:g} and {high:g}{unit}, not {value!r}"

    return check


def _name(value: Any) -> str | None:
    if re.fullmatch(r"[^\s\x00-\x1f\"'/\\]{1,64}", value):
        return None
    return f"must be 1 to 64 characters without blanks, quotes and slashes, not {value!r}"


def _text(value: Any) -> str | None:
    return None if value.strip() else "must not be empty"


def _url(value: Any) -> str | None:
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    return None if good else f"must be the address of the server, scheme and port included, not {value!r}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _antennas(value: Any) -> str | None:
    if all(isinstance(item, int) and not isinstance(item, bool) and 1 <= item <= 255 for item in value):
        return None if len(set(value)) == len(value) else f"names an antenna twice: {value!r}"
    return f"must be a list of antenna numbers from 1, as in [1, 2], not {value!r}"


def _kind(value: Any) -> str | None:
    return None if value in KINDS else f"must be {_either(KINDS)}, not {value!r}"


def _either(words: tuple[str, ...]) -> str:
    quoted = [f'"{word}"' for word in words]
    return " or ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))


def _one_of(words: tuple[str, ...]) -> Callable[[Any], str | None]:
    return lambda value: None if value in words else f"must be {_either(words)}, not {value!r}"


def _ports(value: Any) -> str | None:
    if all(isinstance(item, int) and not isinstance(item, bool) and 1 <= item <= 255 for item in value):
        return None if len(set(value)) == len(value) else f"names an input twice: {value!r}"
    return f"must be a list of input numbers from 1, as in [1, 2], not {value!r}"


def _texts(value: Any) -> str | None:
    if value and all(isinstance(item, str) and item.strip() for item in value):
        return None
    return f'must be a list of texts in quotes, as in ["one", "two"], not {value!r}'


def _block(value: Any) -> str | None:
    if re.fullmatch(r"[0-9A-Fa-f]{2,60}", value):
        return None
    return f"must be the hexadecimal beginning of the organisation's numbers, not {value!r}"


def _listen(value: Any) -> str | None:
    try:
        iot.address_of(value)
    except ValueError as wrong:
        return str(wrong)
    return None


def _path(value: Any) -> str | None:
    if re.fullmatch(r"/[A-Za-z0-9._~/-]{0,200}", value):
        return None
    return f'must begin with a slash, with letters, digits and ._~- behind it, as in "/dock", not {value!r}'


def _reads(value: Any) -> str | None:
    return None if value in ("total", "each") else f'must be "total" or "each", not {value!r}'


_NUMBER = (int, float)
_SECTIONS: dict[str, tuple[_Key, ...]] = {
    "daemon": (
        _Key("name", (str,), _name, required=True),
        _Key("spool", (str,), _text, required=True),
        _Key("spool_bytes_max", (int,), _between(BYTES_MIN, 1e15, " bytes")),
        _Key("sighting_period_seconds", _NUMBER, _between(0.1, 3600, " seconds")),
    ),
    "server": (
        _Key("url", (str,), _url, required=True),
        _Key("token", (str,), _text),
        _Key("token_file", (str,), _text),
        _Key("ca", (str,), _text),
    ),
    "reader": (
        _Key("name", (str,), _name, required=True),
        _Key("kind", (str,), _kind, required=True),
        _Key("host", (str,), _text),
        _Key("port", (int,), _between(1, 65535)),
        _Key("antennas", (list,), _antennas),
        _Key("keepalive_seconds", _NUMBER, _between(0.1, 20, " seconds")),
        _Key("session", (int,), _between(0, 3)),
        _Key("reconnect_seconds_max", _NUMBER, _between(0.5, 60, " seconds")),
        _Key("file", (str,), _text),
        _Key("inputs", (list,), _ports),
        _Key("mode", (str,), _text),
        _Key("topics", (list,), _texts),
        _Key("client", (str,), _name),
        _Key("listen", (str,), _listen),
        _Key("path", (str,), _path),
        _Key("user", (str,), _text),
        _Key("password_file", (str,), _text),
        _Key("ca", (str,), _text),
        _Key("certificate", (str,), _text),
        _Key("key", (str,), _text),
        _Key("preset", (str,), _name),
        _Key("reads", (str,), _reads),
        _Key("silent_seconds", _NUMBER, _between(1, 55, " seconds")),
        _Key("device", (str,), _text),
        _Key("slot", (int,), _between(0, 255)),
    ),
}
_SECTIONS |= {
    "guard": (
        _Key("block", (str,), _block, required=True),
        _Key("list", (str,), _text, required=True),
        _Key("keys", (list,), _texts, required=True),
        _Key("fetch_seconds", _NUMBER, _between(1, 3600, " seconds")),
        _Key("max_age_seconds", _NUMBER, _between(60, 90 * 86_400, " seconds")),
        _Key("hold_off_seconds", _NUMBER, _between(0, 3600, " seconds")),
    ),
    "portal": (
        _Key("name", (str,), _name, required=True),
        _Key("reader", (str,), _name, required=True),
        _Key("inside", (list,), _antennas, required=True),
        _Key("outside", (list,), _antennas, required=True),
        _Key("beam_reader", (str,), _name),
        _Key("beam_inside", (int,), _between(1, 255)),
        _Key("beam_outside", (int,), _between(1, 255)),
        _Key("beam_broken", (str,), _one_of(("active", "inactive"))),
        _Key("outputs", (list,), _texts),
    ),
    "output": (
        _Key("name", (str,), _name, required=True),
        _Key("kind", (str,), _one_of(OUTPUT_KINDS), required=True),
        _Key("reader", (str,), _name),
        _Key("port", (int,), _between(1, 255)),
        _Key("seconds", _NUMBER, _between(0.1, 600, " seconds")),
        _Key("url", (str,), _url),
        _Key("off_url", (str,), _url),
        _Key("method", (str,), _one_of(METHODS)),
        _Key("ca", (str,), _text),
        _Key("command", (list,), _texts),
        _Key("timeout_seconds", _NUMBER, _between(0.1, 30, " seconds")),
    ),
}
KINDS = ("llrp", "replay", "pcsc", *iot.MODES)
"""The kinds of reader; `readers.making` has a maker for each."""
_ONLY_FOR: dict[str, tuple[str, ...]] = {
    "file": ("replay",),
    "host": ("llrp", *iot.MODES),
    "port": ("llrp", *iot.MODES),
    "antennas": ("llrp", *iot.MODES),
    "keepalive_seconds": ("llrp",),
    "session": ("llrp",),
    "inputs": ("llrp",),
    **dict.fromkeys(iot.KEYS, tuple(iot.MODES)),
    "preset": ("impinj",),
    "reads": ("zebra",),
    "device": ("pcsc",),
    "slot": ("pcsc",),
}
"""Keys that mean something for some kinds of reader only."""
_NEEDED_FOR: dict[str, tuple[str, ...]] = {"llrp": ("host",), "replay": ("file",), "pcsc": ("device",)}
_DEFAULTS_FOR: dict[str, dict[str, Any]] = {"pcsc": {"reconnect_seconds_max": 2.0}}
"""Where a kind of reader differs: whoever plugs a desk reader in again stands before it and waits."""
TAP_KINDS = ("pcsc",)
"""Kinds of reader on which a card is laid by hand: each time is a sighting of its own."""
TAP_PERIOD_SECONDS = 0.1
"""The sighting period of those: shorter than anybody can lay a card on twice."""
PORTAL_PERIOD_SECONDS = 0.5
"""At a portal, so that the server knows the order of what was heard as the guard does."""
_TYPE_WORDS: dict[type, str] = {str: 'text in quotes, as in "edge-1"', int: "a number", list: "a list"}


def load(path: Path) -> DaemonConfig:
    """Read and check a configuration. Raises ConfigInvalid with every error found."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid(path, (f"{path} cannot be read: {error}",)) from error
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigInvalid(path, (f"{path}: this is not TOML: {error}",)) from error
    return _Check(path, text).config(found)


@dataclass(frozen=True, slots=True)
class ReaderKey:
    """A key of [[reader]] that means something for one kind of reader: its type, and whether it must be there."""

    name: str
    type: type
    required: bool


def keys_for(kind: str) -> tuple[ReaderKey, ...]:
    """The keys of this kind of reader, `name` and `kind` themselves left out."""
    return tuple(
        ReaderKey(key.name, key.types[0], key.name in _NEEDED_FOR.get(kind, ()))
        for key in _SECTIONS["reader"]
        if key.name not in ("name", "kind") and kind in _ONLY_FOR.get(key.name, (kind,))
    )


def key_fits(kind: str, name: str, value: Any) -> bool:
    """Whether a key of a [[reader]] may have this value, whatever its other keys are."""
    return not _Check(Path(), "").key(kind, name, value)


def reader_errors(row: Mapping[str, Any]) -> tuple[str, ...]:
    """What is wrong with one [[reader]], for whoever writes a configuration; the key is the second word of each."""
    return _Check(Path(), "").reader(row)


class _Check:
    """Collects the errors of one file."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = text.splitlines()
        self._errors: list[str] = []

    def config(self, found: Mapping[str, Any]) -> DaemonConfig:
        """Raises ConfigInvalid."""
        for name in found:
            if name not in _SECTIONS:
                self._error(self._line(None, 0, name), f"[{name}] is unknown{_nearest(name, _SECTIONS)}")
        daemon = self._section("daemon", found.get("daemon"), 0)
        server = self._section("server", found.get("server"), 0)
        rows = found.get("reader", [])
        if not isinstance(rows, list) or not rows:
            self._error(None, "there is no reader: write at least one [[reader]] section, with two brackets")
            rows = []
        readers = [self._section("reader", row, at) for at, row in enumerate(rows)]
        self._check_readers(readers)
        token, ca = self._token(server), self._authority(server)
        folder = self._path.resolve().parent
        guarded = self._doors(found, {row["name"]: row for row in readers if "name" in row}, folder)
        if self._errors:
            raise ConfigInvalid(self._path, tuple(self._errors))
        return DaemonConfig(
            name=daemon["name"],
            spool=folder / daemon["spool"],
            url=server["url"],
            token=token,
            ca=ca,
            token_file=folder / server["token_file"] if "token_file" in server else None,
            readers=tuple(_reader(row, folder, guarded) for row in readers),
            doors=guarded,
            spool_bytes_max=daemon.get("spool_bytes_max", BYTES_MAX),
            sighting_period_seconds=float(daemon.get("sighting_period_seconds", 10.0)),
        )

    def _doors(self, found: Mapping[str, Any], readers: Mapping[str, Mapping[str, Any]], folder: Path) -> Doors:
        """The portals that are guarded here, and what their alarms set off."""
        rows: dict[str, list[dict[str, Any]]] = {}
        for section in ("portal", "output"):
            given = found.get(section, [])
            if not isinstance(given, list):
                self._error(self._line(None, 0, section), f"write [[{section}]], with two brackets")
                given = []
            rows[section] = [self._section(section, row, at) for at, row in enumerate(given)]
        guard = self._section("guard", found["guard"], 0) if "guard" in found else None

        def say(section: str, at: int, key: str | None, what: str) -> None:
            words = f"[{section}] {key} {what}" if key else f"[{section}] {what}"
            self._error(self._line(section, at, key), words)

        return doors(guard, rows["portal"], rows["output"], readers, folder, say)

    def reader(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """The errors of one reader alone."""
        self._check_readers([self._section("reader", dict(row), 0)])
        return tuple(error.partition(": ")[2] for error in self._errors)

    def key(self, kind: str, name: str, value: Any) -> tuple[str, ...]:
        """The errors of one key of a reader alone."""
        self._section("reader", {"name": "x", "kind": kind, name: value}, 0)
        if kind not in _ONLY_FOR.get(name, (kind,)):
            self._error(None, f"[reader] {name} belongs to another kind")
        return tuple(self._errors)

    def _section(self, section: str, found: Any, at: int) -> dict[str, Any]:
        if not isinstance(found, dict):
            self._error(None, f"the section [{section}] is missing")
            return {}
        keys = {key.name: key for key in _SECTIONS[section]}
        good: dict[str, Any] = {}
        for name, value in found.items():
            line = self._line(section, at, name)
            key = keys.get(name)
            if key is None:
                self._error(line, f"[{section}] {name} is unknown{_nearest(name, keys)}")
            elif not isinstance(value, key.types) or isinstance(value, bool):
                self._error(line, f"[{section}] {name} must be {_TYPE_WORDS[key.types[0]]}, not {value!r}")
            elif wrong := key.check(value):
                self._error(line, f"[{section}] {name} {wrong}")
            else:
                good[name] = value
        for key in keys.values():
            if key.required and key.name not in found:
                self._error(self._line(section, at, None), f"[{section}] {key.name} is missing")
        return good

    def _check_readers(self, readers: list[dict[str, Any]]) -> None:
        seen: set[str] = set()
        for at, row in enumerate(readers):
            name, kind = row.get("name"), row.get("kind")
            if name in seen:
                self._error(self._line("reader", at, "name"), f"[reader] name {name!r} is used twice")
            if name is not None:
                seen.add(name)
            for key, only in _ONLY_FOR.items():
                if key in row and kind is not None and kind not in only:
                    line = self._line("reader", at, key)
                    self._error(line, f'[reader] {key} belongs to kind = {_either(only)}, not "{kind}"')
            for need in _NEEDED_FOR.get(kind or "", ()):
                if need not in row:
                    self._error(self._line("reader", at, None), f'[reader] {need} is missing: kind = "{kind}" needs it')
            # Without a file of its own, a configuration is for another machine: its files are not here.
            folder = self._path.resolve().parent if self._path.name else None
            for blamed, what in iot.check(kind or "", row, folder) if kind in iot.MODES else ():
                words = f"[reader] {blamed} {what}" if blamed else f"[reader] {what}"
                self._error(self._line("reader", at, blamed), words)

    def _token(self, server: Mapping[str, Any]) -> str:
        if ("token" in server) == ("token_file" in server):
            self._error(self._line("server", 0, None), "[server] give one of token and token_file")
            return ""
        if "token" in server:
            token = str(server["token"])
            line = self._line("server", 0, "token")
        else:
            line = self._line("server", 0, "token_file")
            path = self._path.resolve().parent / server["token_file"]
            try:
                token = path.read_text(encoding="ascii").strip()
            except (OSError, UnicodeDecodeError) as error:
                self._error(line, f"[server] token_file {path} cannot be read: {error}")
                return ""
        if not re.fullmatch(r"[\x21-\x7e]+", token):
            self._error(line, "[server] the token must be one word of plain characters")
        return token

    def _authority(self, server: dict[str, Any]) -> Path | None:
        """The authority's file. Its pages and passwords aside, a token in the clear lets anybody send sightings."""
        if "url" not in server:
            return None
        parts = urlsplit(server["url"])
        if "ca" not in server:
            if parts.scheme == "https":
                self._error(
                    self._line("server", 0, "url"),
                    "[server] https needs `ca`: the certificate (PEM) of the authority that vouches for the server",
                )
            elif not _is_loopback(parts.hostname or ""):
                self._error(
                    self._line("server", 0, "url"),
                    "[server] the token would cross the network in the clear: use https and `ca`",
                )
            return None
        line = self._line("server", 0, "ca")
        path: Path = self._path.resolve().parent / server["ca"]
        if parts.scheme != "https":
            self._error(line, "[server] `ca` is of use with an https address only")
            return None
        try:
            ssl.create_default_context(cafile=path)
        except (OSError, ssl.SSLError) as error:
            self._error(line, f"[server] ca {path} is no certificate in PEM that can be read: {error}")
            return None
        return path

    def _error(self, line: int | None, what: str) -> None:
        self._errors.append(f"{self._path}{f' line {line}' if line else ''}: {what}")

    def _line(self, section: str | None, at: int, key: str | None) -> int | None:
        """The line of a key in the section's occurrence `at`, or of the section itself; None where not found."""
        wanted = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=") if key is not None else None
        inside, seen = section is None, -1
        for number, text in enumerate(self._lines, 1):
            if header := re.match(r"\s*\[\[?\s*([^\]\s]+)\s*\]", text):
                if section is None and header[1] == key:
                    return number
                seen += header[1] == section
                inside = header[1] == section and seen == at
                if inside and wanted is None:
                    return number
            elif inside and wanted is not None and wanted.match(text):
                return number
        return None


def _nearest(name: str, right: Mapping[str, Any]) -> str:
    found = difflib.get_close_matches(name, right, n=1, cutoff=0.5)
    return f": did you mean {found[0]}?" if found else f"; known are {', '.join(right)}"


def _reader(row: Mapping[str, Any], folder: Path, guarded: Doors) -> ReaderConfig:
    values = {**_DEFAULTS_FOR.get(row["kind"], {}), **row}
    if "antennas" in values:
        values["antennas"] = tuple(values["antennas"])
    values["inputs"] = tuple(sorted({*values.get("inputs", ()), *guarded.inputs_of(values["name"])}))
    if "file" in values:
        values["file"] = folder / values["file"]
    for name in ("keepalive_seconds", "reconnect_seconds_max"):
        if name in values:
            values[name] = float(values[name])
    if row["kind"] in iot.MODES:
        values["iot"] = iot.made(row["kind"], row, folder)
        for name in iot.KEYS:
            values.pop(name, None)
    return ReaderConfig(**values)
