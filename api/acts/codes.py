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
CODES_MAX = 500


def split_codes(text: str) -> list[str]:
    """The codes of a scan box: parted by Enter, Tab, blanks or control characters; EPCs run together are cut."""
    found: dict[str, None] = {}
    for piece in _SEPARATORS.split(text):
        for code in _cut(piece):
            found[code] = None
    return list(found)[:CODES_MAX]


def _cut(piece: str) -> Iterator[str]:
    if len(piece) > EPC_DIGITS and len(piece) % EPC_DIGITS == 0 and _HEX.fullmatch(piece):
        for start in range(0, len(piece), EPC_DIGITS):
            yield piece[start : start + EPC_DIGITS].upper()
    elif piece:
        yield piece


def resolve(connection: Connection, subject: Subject, code: str) -> CarrierItem | None:
    """The one carrier that a code names, as far as the subject sees it; None where it names none, or several."""
    plain = code.strip()
    epc = "".join(plain.split()).upper()
    if len(epc) >= 8 and len(epc) % 2 == 0 and _HEX.fullmatch(epc):
        try:
            return queries.carrier_by_epc(connection, subject, epc)
        except NotFound:
            pass  # not a tag: it may still be a number of digits only
    match = _NUMBERED.fullmatch(plain)
    number, copy = (match["number"], int(match["copy"])) if match else (plain, None)
    try:
        if copy is not None:
            return queries.carrier_by_number(connection, subject, number, copy)
        found = queries.carrier_by_number(connection, subject, number, 1)
    except NotFound:
        return None
    return found if found.copies == 1 else None
