"""Search by pieces: finds two-character Chinese words and any part of a number, on both engines.

A title is kept in pieces of two characters. A control number is kept in pieces of two and of four, marked as its
own, since digits repeat: of a million numbers, thousands hold any two given digits, hundreds any four. A word
matches where all its pieces are found, and where it then stands as it is; see `queries.search`.
"""

import re
import unicodedata

OF_NUMBER = "#"
"""Before a piece of a control number."""
_SHORT, _LONG = 2, 4


def normalised(text: str) -> str:
    """Compatibility forms folded (full-width digits become digits), case folded."""
    return unicodedata.normalize("NFKC", text).casefold()


def words(text: str) -> list[str]:
    """The words of a query, normalised, in their order and each once."""
    return list(dict.fromkeys(normalised(text).split()))


_DASHES = re.compile(r"[\u2010-\u2015\u2212\ufe58\uff0d_~～]")
_RUNS = re.compile(r"[A-Za-z]+|\d+")
_NUMBERED = re.compile(r"[A-Za-z]{1,8}[\s./-]*(?:19|20)\d{2}[\s./-]*\d{1,8}")
_WIDTHS = (3, 4, 5, 6)
"""Digits that running numbers have in this house and others."""


def number_forms(text: str) -> list[str]:
    """The numbers that a typed one may mean, itself first: case, full width, dashes and blanks make no difference,
    nor do noughts before a running number: `ｊｙ２０２６０００１`, `jy 2026-1` and `JY—2026—0001` mean JY-2026-0001.
    """
    plain = _DASHES.sub("-", unicodedata.normalize("NFKC", text)).strip()
    found = dict.fromkeys(form for form in (plain, plain.upper()) if form)
    if _NUMBERED.fullmatch(plain):
        letters, *digits = _RUNS.findall(plain.upper())
        whole = "".join(digits)
        year, running = whole[:4], whole[4:]
        bare = running.lstrip("0") or "0"
        found |= dict.fromkeys(f"{letters}-{year}-{form}" for form in (running, *(bare.zfill(n) for n in _WIDTHS)))
    return list(found)


def _pieces(word: str, length: int) -> list[str]:
    return list(dict.fromkeys(word[at : at + length] for at in range(len(word) - length + 1)))


def title_pieces(word: str) -> list[str]:
    """Pieces under which a title that holds this normalised word is kept; none of a single character."""
    return _pieces(word, _SHORT)


def number_pieces(word: str) -> list[str]:
    """Pieces under which a control number that holds this normalised word is kept; none of a single character."""
    return [OF_NUMBER + piece for piece in _pieces(word, _LONG if len(word) >= _LONG else _SHORT)]


def grams(control_number: str, title: str) -> list[str]:
    """All pieces under which a carrier is found, sorted; none spans a blank."""
    found = {piece for word in words(title) for piece in _pieces(word, _SHORT)}
    for word in words(control_number):
        found |= {OF_NUMBER + piece for length in (_SHORT, _LONG) for piece in _pieces(word, length)}
    return sorted(found)
