"""The doors of a configuration: [guard], [[portal]] and [[output]], and what must hold between them and the readers."""

import os
import ssl
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readers.doorlist import DoorKey, DoorListInvalid, parse_key
from readers.guard import GuardConfig, PortalConfig
from readers.outputs import OutputConfig, plain_address_is_near

OUTPUT_KINDS = ("gpo", "http", "command")
OUTPUT_NEEDS: Mapping[str, tuple[str, ...]] = {"gpo": ("reader", "port"), "http": ("url",), "command": ("command",)}
OUTPUT_ONLY: Mapping[str, tuple[str, ...]] = {
    "reader": ("gpo",),
    "port": ("gpo",),
    "seconds": ("gpo", "http"),
    "url": ("http",),
    "off_url": ("http",),
    "method": ("http",),
    "ca": ("http",),
    "command": ("command",),
    "timeout_seconds": ("http", "command"),
}
"""Key of an [[output]] -> kinds that it belongs to."""
_GUARD_FIGURES = ("fetch_seconds", "max_age_seconds", "hold_off_seconds")
METHODS = ("GET", "POST", "PUT")

Row = Mapping[str, Any]
Say = Callable[[str, int, str | None, str], None]
"""Says an error: section, which of them, key or None, what is wrong."""


@dataclass(frozen=True, slots=True)
class Doors:
    """What a daemon guards; without a guard it guards nothing."""

    guard: GuardConfig | None = None
    portals: tuple[PortalConfig, ...] = ()
    outputs: tuple[OutputConfig, ...] = ()

    def inputs_of(self, reader: str) -> tuple[int, ...]:
        """Inputs of a reader at which a beam is."""
        ports: set[int] = set()
        for portal in self.portals:
            if portal.has_beam and portal.beam_reader == reader:
                ports |= {portal.beam_inside or 0, portal.beam_outside or 0}
        return tuple(sorted(ports))


def doors(
    guard: Row | None,
    portals: Sequence[Row],
    outputs: Sequence[Row],
    readers: Mapping[str, Row],
    folder: Path,
    say: Say,
) -> Doors:
    """The doors from rows whose keys are each sound by itself; every error is said."""
    if guard is None and (portals or outputs):
        say("portal" if portals else "output", 0, None, "needs a [guard] section: its list says what may pass")
    if guard is not None and not portals:
        say("guard", 0, None, "guards nothing: write at least one [[portal]] section, with two brackets")
    for at, row in enumerate(outputs):
        _check_output(row, at, readers, folder, say)
    _twice("output", outputs, say)
    names = {row.get("name") for row in outputs}
    for at, row in enumerate(portals):
        _check_portal(row, at, readers, names, say)
    _twice("portal", portals, say)
    kept = _guard(guard, folder, say) if guard is not None else None
    return Doors(
        kept,
        tuple(_portal(row) for row in portals if _whole(row, ("name", "reader", "inside", "outside"))),
        tuple(_output(row, folder) for row in outputs if _whole(row, ("name", "kind"))),
    )


def _whole(row: Row, needed: Collection[str]) -> bool:
    return all(name in row for name in needed)


def _twice(section: str, rows: Sequence[Row], say: Say) -> None:
    seen: set[str] = set()
    for at, row in enumerate(rows):
        name = row.get("name")
        if name in seen:
            say(section, at, "name", f"{name!r} is used twice")
        seen.add(name or "")


def _check_portal(row: Row, at: int, readers: Mapping[str, Row], outputs: Collection[Any], say: Say) -> None:
    for key in ("reader", "beam_reader"):
        if key in row and row[key] not in readers:
            say("portal", at, key, f"{row[key]!r} is no [[reader]] of this file")
    inside, outside = set(row.get("inside", ())), set(row.get("outside", ()))
    for key in ("inside", "outside"):
        if key in row and not row[key]:
            say("portal", at, key, "names no antenna: a portal hears both its sides")
    if inside & outside:
        say("portal", at, "outside", f"names antennas that hear the inside: {sorted(inside & outside)}")
    asked = set(readers.get(row.get("reader", ""), {}).get("antennas", ()))
    if asked and (lacking := (inside | outside) - asked):
        say("portal", at, "inside", f"antennas {sorted(lacking)} are not among `antennas` of reader {row['reader']}")
    if ("beam_inside" in row) != ("beam_outside" in row):
        say("portal", at, None, "a beam has two barriers: give both beam_inside and beam_outside, or neither")
    elif "beam_inside" in row and row["beam_inside"] == row["beam_outside"]:
        say("portal", at, "beam_outside", "is the input of the inner barrier too: each has its own")
    for name in row.get("outputs", ()):
        if name not in outputs:
            say("portal", at, "outputs", f"{name!r} is no [[output]] of this file")


def _check_output(row: Row, at: int, readers: Mapping[str, Row], folder: Path, say: Say) -> None:
    kind = row.get("kind")
    if kind is None:
        return
    for key, only in OUTPUT_ONLY.items():
        if key in row and kind not in only:
            say("output", at, key, f'belongs to kind = {" or ".join(f"{one!r}" for one in only)}, not "{kind}"')
    for need in OUTPUT_NEEDS[kind]:
        if need not in row:
            say("output", at, None, f'{need} is missing: kind = "{kind}" needs it')
    _check_target(row, at, readers, folder, say)
    if command := row.get("command"):
        if not command[0].startswith("/"):
            say("output", at, "command", f"needs the program's whole path, not {command[0]!r}")
        elif not os.access(command[0], os.X_OK):
            say("output", at, "command", f"{command[0]} is no program that can be started here")


def _check_target(row: Row, at: int, readers: Mapping[str, Row], folder: Path, say: Say) -> None:
    if "reader" in row and row["reader"] not in readers:
        say("output", at, "reader", f"{row['reader']!r} is no [[reader]] of this file")
    elif "reader" in row and readers[row["reader"]].get("kind") != "llrp":
        say("output", at, "reader", f"{row['reader']} has no outputs that can be switched: it is not of kind llrp")
    for key in ("url", "off_url"):
        if key in row and not plain_address_is_near(row[key]):
            say("output", at, key, "goes out in the clear: use https and `ca`, or an address of a private network")
        if key in row and row[key].startswith("https:") and "ca" not in row:
            say("output", at, key, "needs `ca`: the certificate (PEM) of the authority that vouches for it")
    if "ca" in row:
        try:
            ssl.create_default_context(cafile=folder / row["ca"])
        except (OSError, ssl.SSLError) as error:
            say("output", at, "ca", f"{folder / row['ca']} is no certificate in PEM that can be read: {error}")


def _guard(row: Row, folder: Path, say: Say) -> GuardConfig | None:
    keys: list[DoorKey] = []
    for text in row.get("keys", ()):
        try:
            keys.append(parse_key(text))
        except DoorListInvalid as error:
            say("guard", 0, "keys", str(error))
    if "keys" in row and not row["keys"]:
        say("guard", 0, "keys", "names no key: write what `custody ledger key FILE` writes")
    if not _whole(row, ("block", "list", "keys")):
        return None
    figures = {name: float(row[name]) for name in _GUARD_FIGURES if name in row}
    return GuardConfig(block=row["block"].upper(), list=folder / row["list"], keys=tuple(keys), **figures)


def _portal(row: Row) -> PortalConfig:
    values = dict(row)
    for name in ("inside", "outside", "outputs"):
        values[name] = tuple(values.get(name, ()))
    values.setdefault("beam_reader", row["reader"])
    return PortalConfig(**values)


def _output(row: Row, folder: Path) -> OutputConfig:
    values = dict(row)
    if "ca" in values:
        values["ca"] = folder / values["ca"]
    if "command" in values:
        values["command"] = tuple(values["command"])
    for name in ("seconds", "timeout_seconds"):
        if name in values:
            values[name] = float(values[name])
    return OutputConfig(**values)
