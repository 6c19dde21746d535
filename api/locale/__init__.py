"""The words of the faces: one catalogue a language, TOML files of flat keys, `"carriers.title" = "载体"`.

A text has blanks, `{name}`, and for English numbers `{n|carrier|carriers}`: the first form for one, the second
for any other number, put after the number itself. Whole numbers are grouped (`10,000`); whatever must not be
(years, control numbers) is given as text. Blanks are filled once: a value is never read for blanks of its own.
"""

import logging
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

LANGUAGES = ("zh", "en")
_FOLDER = Path(__file__).parent
_BLANK = re.compile(r"\{(\w+)(?:\|([^|{}]*)\|([^|{}]*))?\}")
_log = logging.getLogger(__name__)
_strict = False

Value = str | int | float


class TextMissing(LookupError):
    """A key is in no catalogue, or a blank of its text was given nothing; the message names both."""


def be_strict(strict: bool = True) -> None:
    """Raise TextMissing from now on instead of showing the key: for tests."""
    global _strict
    _strict = strict


@cache
def texts(language: str) -> Mapping[str, str]:
    """Every text of a language by its key. Raises ValueError where two files give the same key."""
    found: dict[str, str] = {}
    for path in sorted((_FOLDER / language).glob("*.toml")):
        for key, text in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if key in found or not isinstance(text, str):
                raise ValueError(f"{language}/{path.name}: {key!r} is given twice, or is not a text")
            found[key] = text
    return found


def blanks(text: str) -> frozenset[str]:
    """Names of the blanks of a text."""
    return frozenset(match.group(1) for match in _BLANK.finditer(text))


def known(key: str) -> bool:
    """Whether the catalogue has the key."""
    return key in texts(LANGUAGES[0])


def translate(language: str, key: str, /, **params: Value) -> str:
    """The text of a key with its blanks filled. A missing one is logged and shows the key (see `be_strict`)."""
    text = texts(language).get(key)
    if text is None:
        return _missing(f"{language}: no text for {key!r}", key)
    lacking = blanks(text) - params.keys()
    if lacking:
        return _missing(f"{language}: {key!r} was given no {', '.join(sorted(lacking))}", key)

    def fill(match: re.Match[str]) -> str:
        name, one, many = match.groups()
        value = params[name]
        shown = f"{value:,}" if isinstance(value, int) else str(value)
        return shown if one is None else f"{shown} {one if value == 1 else many}"

    return _BLANK.sub(fill, text)


def _missing(message: str, key: str) -> str:
    if _strict:
        raise TextMissing(message)
    _log.error("catalogue: %s", message)
    return key
