"""Search by pieces: finds two-character Chinese words and any part of a number, on both engines.

A title is kept in pieces of two characters. A control number is kept in pieces of two and of four, marked as its
own, since digits repeat: of a million numbers, thousands hold any two given digits, hundreds any four. A word
matches where all its pieces are found, and where it then stands as it is; see `queries.search`.
"""

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
