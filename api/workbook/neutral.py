"""Texts that no spreadsheet takes for a formula, and back: what was exported is read in again as it stood in the books.

OWASP ASVS 5.0, 1.2.10: a leading apostrophe. Excel shows it where a file brings it, and leaves the rest alone.
"""

import re

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

_FORMULA = re.compile(r"'*(?:[\s\u200b-\u200f\u2060\ufeff\u00ad]*[=+\-@|%\uff1d\uff0b\uff0d\uff20]|[\t\r\n])")
"""What a spreadsheet may take for a formula or a call (DDE), in narrow and full width, behind blanks that it drops.
Apostrophes before it stand in the books: one more is put before them, so that one can be taken off again.
"""


def neutral(text: str) -> str:
    """A text that no spreadsheet takes for a formula, without characters that a workbook cannot hold."""
    plain = ILLEGAL_CHARACTERS_RE.sub("", text)
    return f"'{plain}" if _FORMULA.match(plain) else plain


def restored(text: str) -> str:
    """What was neutralised, as it was; any other text unchanged."""
    return text[1:] if text[:1] == "'" and _FORMULA.match(text[1:]) else text
