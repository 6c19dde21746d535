"""Labels with a chip, printed and encoded by a network printer: ZPL over TCP 9100, and what the printer answers.

Sources: Zebra, ZPL II Programming Guide (`^CI`, `^FH`, `^FD`, `^A@`, `^HV`, `~HS`) and RFID Programming Guide 3
(`^RS`, `^RF`). A label is encoded, read back and printed in one format; the printer tells what it read back (`^HV`),
so that a number counts as on a label only where the chip said so. A label knows a number and lines of text; which
carrier it is for, it does not know. Titles are never among the lines.
"""

import contextlib
import ipaddress
import re
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

PORT = 9100
DOTS_PER_MM: Mapping[int, int] = {203: 8, 300: 12, 600: 24}
TEXT_MAX = 60
"""Characters of one line."""
_ANSWER_BYTES_MAX = 4_096
_EPC_WORDS = re.compile(r"[0-9A-F]{4}")
_SAID = re.compile(rb"(EPC|TID)\[([^\]]*)\]")
_ESCAPED = frozenset("^~\\_")
"""What begins a command, or an escape, within a field."""

Stopwatch = Callable[[], float]


class PrinterInvalid(ValueError):
    """A printer's section of the configuration cannot be used; the message says which key and why."""


@dataclass(frozen=True, slots=True)
class Printer:
    """A label printer as configured. `font`: of the printer's own, for Chinese (such as `E:SIMSUN.TTF`); empty: its
    built-in font 0, which has Latin letters alone. `verify`: it answers what it read back from the chip.
    """

    name: str
    host: str
    port: int = PORT
    width_mm: int = 60
    height_mm: int = 25
    dpi: int = 203
    font: str = ""
    verify: bool = True
    timeout_seconds: int = 10

    @property
    def dots_per_mm(self) -> int:
        """Dots in a millimetre."""
        return DOTS_PER_MM[self.dpi]


@dataclass(frozen=True, slots=True)
class Label:
    """What one label holds: the number in its chip, and lines of text, the first one large."""

    epc: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text on a label: its upper left corner and its height, in millimetres."""

    text: str
    x_mm: float
    y_mm: float
    height_mm: float


_MARGIN_MM = 2.0
_LINE_HEIGHTS_MM = (5.0, 3.5)
_NUMBER_HEIGHT_MM = 2.2
_SPACE_MM = 1.2


def layout(label: Label, height_mm: float) -> tuple[Line, ...]:
    """Where the lines stand: the first large, the others under it, the chip's number small at the foot.

    What does not fit above the number is left off.
    """
    found: list[Line] = []
    foot = height_mm - _MARGIN_MM - _NUMBER_HEIGHT_MM
    y = _MARGIN_MM
    for at, text in enumerate(label.lines):
        tall = _LINE_HEIGHTS_MM[min(at, len(_LINE_HEIGHTS_MM) - 1)]
        if y + tall > foot:
            break
        found.append(Line(text[:TEXT_MAX], _MARGIN_MM, y, tall))
        y += tall + _SPACE_MM
    spaced = " ".join(_EPC_WORDS.findall(label.epc)) or label.epc
    return (*found, Line(spaced, _MARGIN_MM, foot, _NUMBER_HEIGHT_MM))


def escaped(text: str) -> str:
    """A text as it may stand in a field behind `^FH_`: nothing in it is taken for a command."""
    return "".join(
        " " if not one.isprintable() else f"_{ord(one):02X}" if one in _ESCAPED else one for one in text[:TEXT_MAX]
    )


def compose(label: Label, printer: Printer) -> bytes:
    """The ZPL of one label, in UTF-8. Raises ValueError for a number that is not whole words in hexadecimal."""
    if not label.epc or len(label.epc) % 4 or not set(label.epc) <= set("0123456789ABCDEF"):
        raise ValueError(f"{label.epc!r} is not whole words in upper-case hexadecimal")
    dots = printer.dots_per_mm
    parts = [
        "^XA^CI28",
        f"^PW{printer.width_mm * dots}^LL{printer.height_mm * dots}",
        # Class 1 Gen 2; one label an order and none after an error: a voided label is not followed by another.
        "^RS8,,,1,N",
        f"^RFW,H^FD{label.epc}^FS",
    ]
    if printer.verify:
        parts += [f"^FN1^RFR,H,0,{len(label.epc) // 2},1^FS", "^FN2^RFR,H,0,12,2^FS"]
    for line in layout(label, printer.height_mm):
        x, y, tall = (round(value * dots) for value in (line.x_mm, line.y_mm, line.height_mm))
        font = f"^A@N,{tall},{tall},{printer.font}" if printer.font else f"^A0N,{tall},{tall}"
        parts.append(f"^FO{x},{y}{font}^FH_^FD{escaped(line.text)}^FS")
    if printer.verify:
        parts += ["^FH_^HV1,64,EPC[,]_0D_0A,L^FS", "^FH_^HV2,64,TID[,]_0D_0A,L^FS"]
    return "\n".join([*parts, "^PQ1^XZ", ""]).encode("utf-8")


Result = Literal["verified", "printed", "kept", "failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one label. `kept`: surely nothing was printed, the number may be sent again; `failed`: it may be
    on a label, or on half of one. `reason`: a code; empty where all is well. `tid`: the chip's own number.
    """

    result: Result
    reason: str = ""
    tid: str | None = None


def print_label(label: Label, printer: Printer, stopwatch: Stopwatch = time.monotonic) -> Outcome:
    """Print and encode one label, and hear what the printer read back. Never raises for what a printer does."""
    data = compose(label, printer)
    address = in_house(printer.host, printer.port)
    if address is None:
        return Outcome("kept", "address_outside")
    try:
        connection = socket.create_connection(address, timeout=printer.timeout_seconds)
    except OSError:
        return Outcome("kept", "not_reached")
    with contextlib.closing(connection):
        if printer.verify:
            hindered = _hindered(connection, min(printer.timeout_seconds, 5), stopwatch)
            if hindered:
                return Outcome("kept", hindered)
        try:
            connection.settimeout(printer.timeout_seconds)
            connection.sendall(data)
            if not printer.verify:
                connection.shutdown(socket.SHUT_WR)
                return Outcome("printed")
        except OSError:
            return Outcome("failed", "cut")
        return _read_back(connection, label.epc, printer.timeout_seconds, stopwatch)


def _hindered(connection: socket.socket, wait_seconds: float, stopwatch: Stopwatch) -> str:
    """Why the printer would not print now (`~HS`); empty where it would. Nothing has been sent to be printed."""
    try:
        connection.settimeout(wait_seconds)
        connection.sendall(b"~HS")
        said = _receive(connection, lambda data: data.count(b"\x03") >= 2, wait_seconds, stopwatch)
    except OSError:
        return "no_status"
    first, second = ([*map(str.strip, row.split(","))] for row in _rows(said))
    if len(first) < 3 or len(second) < 4:
        return "no_status"
    for flag, reason in (
        (first[1], "paper_out"),
        (first[2], "paused"),
        (second[2], "head_open"),
        (second[3], "ribbon_out"),
    ):
        if flag == "1":
            return reason
    return ""


def _rows(said: bytes) -> tuple[str, str]:
    """The first two lines of a status, each between STX and ETX; empty where they are not there."""
    rows = [row.decode("ascii", "replace") for row in re.findall(rb"\x02([^\x03]*)\x03", said)]
    return (rows[0], rows[1]) if len(rows) >= 2 else ("", "")


def _read_back(connection: socket.socket, epc: str, wait_seconds: float, stopwatch: Stopwatch) -> Outcome:
    """What the printer says that it read from the chip; any doubt is a failure."""

    def whole(data: bytes) -> bool:
        return {name for name, _ in _SAID.findall(data)} == {b"EPC", b"TID"}

    try:
        said = _receive(connection, whole, wait_seconds, stopwatch)
    except OSError:
        return Outcome("failed", "cut")
    found = {name.decode(): value.decode("ascii", "replace").strip().upper() for name, value in _SAID.findall(said)}
    if "EPC" not in found:
        return Outcome("failed", "no_answer")
    if found["EPC"] != epc:
        return Outcome("failed", "read_otherwise")
    tid = found.get("TID", "")
    if len(tid) < 8 or not set(tid) <= set("0123456789ABCDEF") or not tid.strip("0"):
        return Outcome("failed", "chip_unread")
    return Outcome("verified", tid=tid)


def _receive(
    connection: socket.socket, enough: Callable[[bytes], bool], wait_seconds: float, stopwatch: Stopwatch
) -> bytes:
    """What comes until it is enough, the time is over, or the printer ends. Raises OSError where the line breaks."""
    until = stopwatch() + wait_seconds
    data = b""
    while not enough(data) and len(data) < _ANSWER_BYTES_MAX:
        left = until - stopwatch()
        if left <= 0:
            break
        connection.settimeout(left)
        try:
            more = connection.recv(_ANSWER_BYTES_MAX)
        except TimeoutError:
            break
        if not more:
            break
        data += more
    return data


def in_house(host: str, port: int) -> tuple[str, int] | None:
    """The address behind a name, where it is of this machine or a private network; None where it is not.

    The address itself is given, so that what was looked at is what is connected to.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return None
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(_private(address) for address in addresses):
        return None
    return addresses[0], port


def _private(address: str) -> bool:
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return known.is_loopback or (known.is_private and not known.is_unspecified) or known.is_link_local


_BOUNDS: Mapping[str, tuple[int, int]] = {
    "port": (1, 65_535),
    "width_mm": (10, 200),
    "height_mm": (10, 300),
    "timeout_seconds": (1, 120),
}


def printers_from(sections: Any) -> tuple[Printer, ...]:
    """The printers of `[[printer]]` sections. Raises PrinterInvalid with every error found."""
    if not isinstance(sections, list) or not all(isinstance(one, dict) for one in sections):
        raise PrinterInvalid("printers are sections of their own: [[printer]]")
    errors: list[str] = []
    found: list[Printer] = []
    for at, section in enumerate(sections, 1):
        where = f"printer {section.get('name') or at}"
        wrong = [f"{where}: {text}" for text in _wrong(section)]
        errors += wrong
        if not wrong:
            found.append(Printer(**section))
    names = [one.name for one in found]
    errors += [f"two printers are called {name!r}" for name in sorted({n for n in names if names.count(n) > 1})]
    if errors:
        raise PrinterInvalid("; ".join(errors))
    return tuple(found)


def _wrong(section: Mapping[str, Any]) -> Sequence[str]:
    known = {field.name: field.type for field in fields(Printer)}
    errors = [f"{key} is not known; known are {', '.join(known)}" for key in section if key not in known]
    for key in ("name", "host"):
        if not isinstance(section.get(key), str) or not section[key].strip():
            errors.append(f"{key} must be a text")
    for key, (low, high) in _BOUNDS.items():
        value = section.get(key, low)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            errors.append(f"{key} must be a whole number from {low} to {high}, not {value!r}")
    if section.get("dpi", 203) not in DOTS_PER_MM:
        errors.append(f"dpi must be one of {', '.join(map(str, DOTS_PER_MM))}, not {section['dpi']!r}")
    if not isinstance(section.get("verify", True), bool):
        errors.append(f"verify must be true or false, not {section['verify']!r}")
    font = section.get("font", "")
    if not isinstance(font, str) or not re.fullmatch(r"(?:[A-Z]:[A-Z0-9_-]{1,16}\.[A-Z]{3})?", font):
        errors.append(f"font must be a file of the printer, such as E:SIMSUN.TTF, not {font!r}")
    return errors
