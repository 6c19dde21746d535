"""Times, numbers and tags out of JSON that nobody promised: a value that is not as it should be is None.

Whatever comes, nothing here raises or takes long: sizes are checked first.
"""

import binascii
import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NoReturn

from readers.sighting import Instant

DAY_US = 86_400_000_000
_EPOCH = datetime(1970, 1, 1).toordinal()  # noqa: DTZ001 - only the number of its day is used
# RFC 3339, and what readers make of it: offsets without a colon, more digits than microseconds, a blank for the T.
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]{1,12}))?"
    r" ?(?:[Zz]|([+-])([0-9]{2}):?([0-9]{2})?)?"
)
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){1,62}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{2,84}={0,2}")
_URL_SAFE = str.maketrans("-_", "+/")
_EPC_BYTES_MAX = 62
"""496 bits: the longest EPC of Gen2 (EPC UHF Gen2 Air Interface Protocol, section 6.3.2.1.2.2)."""
_WORD = re.compile(r"[A-Za-z0-9_ .-]{1,40}")
DOCUMENTS_MAX = 100_000
"""Lines of one payload that are read as documents."""


def parse_time(value: object) -> Instant | None:
    """A time as readers write it: any number of digits of a second, any offset; without one it is UTC."""
    if not isinstance(value, str) or len(value) > 48:
        return None
    found = _TIME.fullmatch(value.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, hours, minutes = found.groups()
    try:
        days = datetime(int(year), int(month), int(day)).toordinal() - _EPOCH  # noqa: DTZ001
    except ValueError:
        return None
    offset = 0 if sign is None else (int(hours) * 60 + int(minutes or 0)) * (1 if sign == "+" else -1)
    if int(hour) > 23 or int(minute) > 59 or int(second) > 60 or abs(offset) > 24 * 60:
        return None
    of_day = (int(hour) * 60 + int(minute) - offset) * 60 + int(second)
    micro = int(((fraction or "") + "000000")[:6])
    at = days * DAY_US + of_day * 1_000_000 + micro
    return at if at >= 0 else None


def tag_of_hex(value: object) -> str | None:
    """An EPC or TID in hexadecimal, upper-case; whole bytes, at most 62."""
    return value.upper() if isinstance(value, str) and _HEX.fullmatch(value) else None


def tag_of_base64(value: object) -> str | None:
    """The same in base64, of either alphabet (RFC 4648, sections 4 and 5), with or without its padding."""
    if not isinstance(value, str) or len(value) > 2 * _EPC_BYTES_MAX:
        return None
    text = value.translate(_URL_SAFE)
    if not _BASE64.fullmatch(text):
        return None
    text = text.rstrip("=")
    try:
        raw = binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except binascii.Error:
        return None
    return raw.hex().upper() if 0 < len(raw) <= _EPC_BYTES_MAX else None


def whole(value: object, low: int, high: int) -> int | None:
    """An integer in these bounds; also as text of digits, as some readers write it."""
    if isinstance(value, str) and len(value) <= 20 and value.isascii() and value.isdigit():
        value = int(value)
    return value if type(value) is int and low <= value <= high else None


def decibel(value: object, share: float = 1.0) -> float | None:
    """A strength in dBm, given in this share of one; outside of what radios know it is None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Compared before it is multiplied: an integer of thousands of digits fits into no float.
    return round(value * share, 2) if -200 / share <= value <= 100 / share else None


def word(value: object) -> str:
    """A short word of the reader's, fit to be shown; empty where it is none."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""


def documents(payload: bytes) -> Iterator[Any]:
    """The JSON documents in a payload: one, one a line, or the items of an array. Unreadable: a ValueError, yielded."""
    for document in _documents(payload):
        if isinstance(document, list):
            yield from document
        else:
            yield document


def _documents(payload: bytes) -> Iterator[Any]:
    whole_one = _load(payload)
    if not isinstance(whole_one, ValueError) or payload.count(b"\n", 0, len(payload.rstrip())) == 0:
        yield whole_one
        return
    for number, line in enumerate(payload.splitlines()):
        if number >= DOCUMENTS_MAX:
            yield ValueError(f"more than {DOCUMENTS_MAX} lines")
            return
        if line.strip():
            yield _load(line)


def _load(text: bytes) -> Any:
    try:
        return json.loads(text.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        return ValueError(" ".join(str(error).split())[:120])


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")
