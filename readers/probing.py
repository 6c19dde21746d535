"""Trying a reader without reading: what one attempt said, and what to do about it. `readers.making.PROBES` has a
probe for each kind of reader that can be tried.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from readers.config import ReaderConfig
from readers.driver import DriverError, ReaderBusy
from readers.llrp import introduce
from readers.pcsc import plugged_in
from readers.pcsc.service import chosen
from readers.sighting import Instant

CONNECT_SECONDS_MAX = 5.0
OFFSET_FLAGGED_US = 200_000
"""A reader's clock that is further off than this is corrected, and said."""


@dataclass(frozen=True, slots=True)
class Said:
    """One line of a check. `mark`: good, to be looked at, or wrong; `remedy` says what to do about it."""

    mark: Literal["good", "look", "wrong"]
    what: str
    remedy: str = ""


Probe = Callable[[ReaderConfig, Callable[[], Instant]], list[Said]]


def good(what: str) -> Said:
    """All is well."""
    return Said("good", what)


def look(what: str, remedy: str) -> Said:
    """It works, and somebody should look at it."""
    return Said("look", what, remedy)


def wrong(what: str, remedy: str) -> Said:
    """It cannot work so."""
    return Said("wrong", what, remedy)


def probe_llrp(reader: ReaderConfig, clock: Callable[[], Instant]) -> list[Said]:
    """Ask the reader what it is; nothing of it is changed."""
    where = f"{reader.name} at {reader.host}:{reader.port}"
    try:
        found = introduce(reader.host, reader.port, clock)
    except ReaderBusy:
        remedy = "fine where that is this daemon; else end the other"
        return [look(f"{where} answers, and serves another client", remedy)]
    except DriverError as error:
        remedy = "check `host` and `port`, the cable, the reader's power, and that LLRP is switched on at the reader"
        return [wrong(f"{where}: {error}", remedy)]
    connected = found.connected
    said = [
        good(
            f"{where} is {found.model or 'an LLRP reader'}, firmware {found.firmware or 'not said'}, "
            f"{found.antennas} antennas, connected: {_listed(connected) if connected is not None else 'not said'}"
        )
    ]
    beyond = [antenna for antenna in reader.antennas if antenna > found.antennas]
    if beyond:
        said.append(wrong(f"{reader.name} has no antenna {_listed(beyond)}", "correct `antennas`"))
    off = [one for one in reader.antennas if connected is not None and one not in connected and one not in beyond]
    if off:
        remedy = "check its cable; without it nothing is heard there"
        said.append(wrong(f"{reader.name}: antenna {_listed(off)} is not connected", remedy))
    if found.clock_offset_us is not None and abs(found.clock_offset_us) > OFFSET_FLAGGED_US:
        off_by = f"{reader.name}: its clock is {found.clock_offset_us / 1_000_000:+.1f} s off"
        said.append(look(off_by, "it is corrected; set the reader to the house's time server all the same"))
    return said


def probe_file(reader: ReaderConfig, _clock: Callable[[], Instant]) -> list[Said]:
    """The file of a reader that plays or collects files."""
    path = reader.file or Path()
    try:
        with path.open("rb"):
            return [good(f"{reader.name}: {path} can be read")]
    except OSError as error:
        return [wrong(f"{reader.name}: {path} cannot be read: {error.strerror}", "correct `file`, or its permissions")]


def probe_pcsc(reader: ReaderConfig, _clock: Callable[[], Instant]) -> list[Said]:
    """Whether the one desk reader that is meant is plugged in."""
    try:
        return [good(f"{reader.name} is {chosen(plugged_in(), reader.device, reader.slot)}")]
    except DriverError as error:
        return [wrong(f"{reader.name}: {error}", "`custody-reader --list-desk-readers` says which are plugged in")]


def probe_address(reader: ReaderConfig, _clock: Callable[[], Instant]) -> list[Said]:
    """Whether anybody answers at its address: for kinds whose protocol is not spoken here."""
    return [answers(reader.name, reader.host, reader.port)]


def probe_iot(reader: ReaderConfig, _clock: Callable[[], Instant]) -> list[Said]:
    """A reader that speaks JSON: whether it or its broker answers, or whether we can listen where it is to post.

    Nobody is spoken to: at a broker we would take the place of the running daemon.
    """
    iot = reader.iot
    if iot is None:
        return [wrong(f"{reader.name}: `mode` is missing", "say how it speaks")]
    if iot.mode != "webhook":
        return [answers(reader.name, iot.host, iot.port)]
    where = f"{reader.name}: {iot.listen[0]}:{iot.listen[1]}"
    try:
        socket.create_server(iot.listen, family=socket.AF_INET6 if ":" in iot.listen[0] else socket.AF_INET).close()
    except OSError as error:
        return [look(f"{where} cannot be listened on: {error.strerror}", "a running daemon may have it; else `listen`")]
    return [good(f"{where} is free to listen on; point the reader to it, with the path {iot.path}")]


def answers(name: str, host: str, port: int) -> Said:
    """Whether anybody answers at an address."""
    where = f"{name} at {host}:{port}"
    try:
        socket.create_connection((host, port), timeout=CONNECT_SECONDS_MAX).close()
    except OSError as error:
        return wrong(f"{where}: nobody answers: {error}", "check the address, the cable, and the power")
    return good(f"{where}: somebody answers")


def _listed(numbers: list[int] | tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers)) or "none"
