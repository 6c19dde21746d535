"""What a scanned or typed code means: an EPC, or a control number with or without its copy."""

import re
from collections.abc import Iterator

from api.store import Connection
from custody.access import Subject
from custody.rules import NotFound
from custody.store import queries
from custody.store.queries import CarrierItem

_SEPARATORS = re.compile(r"[\s\x00-\x1f,;，；、]+")
_HEX = re.compile(r"[0-9A-Fa-f]+")
_NUMBERED = re.compile(r"(?P<number>.+?)\s*[/·#]\s*(?P<copy>\d{1,9})$")
EPC_DIGITS = 24
"""Digits of the usual 96-bit EPC: codes run together are cut by it."""
UIDS = ((16, "E0"), (14, "04"))
"""Digits of a UID of the high frequency and what it begins with: ISO 15693, ISO 14443 of seven bytes. No EPC begins so,
and a run of them is cut by this.
"""
_WORN = re.compile(r"[^0-9A-Za-z]*(?:(?:EPC|UID|0x)[:=]?)?((?:[0-9A-Fa-f]{2}){7,})[^0-9A-Za-z]*", re.IGNORECASE)
"""A tag's number with what a scanner puts before and behind it."""
CODES_MAX = 500


def split_codes(text: str) -> list[str]:
    """The codes of a scan box: parted by Enter, Tab, blanks or control characters; EPCs run together are cut."""
    found: dict[str, None] = {}
    for piece in _SEPARATORS.split(text):
        for code in _cut(piece):
            found[code] = None
    return list(found)[:CODES_MAX]


def _cut(piece: str) -> Iterator[str]:
    worn = _WORN.fullmatch(piece)
    bare = worn[1] if worn else piece
    size = _run(bare) if worn else 0
    if size:
        for start in range(0, len(bare), size):
            yield bare[start : start + size].upper()
    elif bare:
        yield bare


def _run(digits: str) -> int:
    """How many digits each tag's number has in a run of several; 0: it is one."""
    for size, begins in UIDS:
        starts = range(0, len(digits), size)
        whole = len(digits) > size and len(digits) % size == 0
        if whole and all(digits[at : at + 2].upper() == begins for at in starts):
            return size
    return EPC_DIGITS if len(digits) > EPC_DIGITS and len(digits) % EPC_DIGITS == 0 else 0


def numbered(text: str) -> tuple[str, int | None]:
    """A control number and the copy that is named beside it: `YS-2026-00001/2`; None where none is."""
    plain = text.strip()
    match = _NUMBERED.fullmatch(plain)
    return (match["number"], int(match["copy"])) if match else (plain, None)


def resolve(connection: Connection, subject: Subject, code: str) -> CarrierItem | None:
    """The one carrier that a code names, as far as the subject sees it; None where it names none, or several."""
    plain = code.strip()
    epc = "".join(plain.split()).upper()
    if len(epc) >= 8 and len(epc) % 2 == 0 and _HEX.fullmatch(epc):
        try:
            return queries.carrier_by_epc(connection, subject, epc)
        except NotFound:
            pass  # not a tag: it may still be a number of digits only
    number, copy = numbered(plain)
    try:
        if copy is not None:
            return queries.carrier_by_number(connection, subject, number, copy)
        found = queries.carrier_by_number(connection, subject, number, 1)
    except NotFound:
        return None
    return found if found.copies == 1 else None
