"""What a scanned code may mean. Pure: texts in, readings out; whether there is such a carrier is asked elsewhere.

A code is an EPC (hexadecimal, blanks and dashes ignored), or a control number with its copy: `YS-2024-00017/3`,
`YS-2024-00017 3/12`, or the number alone where the title has one copy. Ambiguous means unknown, never guessed.
"""

import re
from dataclasses import dataclass

CODE_MAX = 200
"""Characters of a code that are kept."""
_HEX = re.compile(r"[0-9A-F]+\Z")
_COPY = re.compile(r"(?P<number>.+?)\s*[/#\s]\s*(?P<copy>\d{1,6})(?:\s*/\s*\d{1,6})?\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_EPC_DIGITS_MIN = 8
_WORN = re.compile(r"[^0-9A-Za-z]*(?:(?:EPC|UID|0x)[:=]?)?((?:[0-9A-F]{2}){7,})[^0-9A-Za-z]*", re.IGNORECASE)
"""A tag's number with what a scanner puts before and behind it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything a code may be: an EPC, a whole control number, a control number and copy."""

    code: str
    epc: str | None
    number: str
    numbered: tuple[str, int] | None


def read_code(text: str) -> Reading:
    """The readings of a code, with control characters and blanks around it taken off. Raises ValueError if empty."""
    code = _CONTROL.sub(" ", text).strip()
    if not code:
        raise ValueError("an empty code was scanned")
    code = code[:CODE_MAX]
    digits = re.sub(r"[\s-]", "", code).upper()
    if worn := _WORN.fullmatch(digits):
        digits = worn[1]
    epc = digits if _HEX.match(digits) and len(digits) >= _EPC_DIGITS_MIN and len(digits) % 2 == 0 else None
    found = _COPY.match(code)
    numbered = (found["number"].strip(), int(found["copy"])) if found else None
    return Reading(code, epc, code, numbered)
