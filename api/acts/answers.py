"""A posted form becomes raw values, as JSON would give them: a text, a list of texts, an object."""

import re
from collections.abc import Collection
from typing import Any, Protocol

from api.acts.codes import split_codes
from api.acts.model import Act, Field

_NAMES = re.compile(r"[,;，；、\n\r\t]+")
"""What parts several persons: not the blank, which stands within a name."""

Raw = Any
"""A value as JSON has it, not yet read."""


class Answers(Protocol):
    """The fields of a posted form."""

    def text(self, name: str) -> str:
        """One field; empty where it is not there."""

    def texts(self, name: str) -> tuple[str, ...]:
        """All values of a repeated field."""

    def digest(self, name: str) -> str:
        """SHA-256, hexadecimal, of an uploaded file; empty where none was chosen."""

    def names(self) -> Collection[str]:
        """The names of all fields."""


def raw_of_form(act: Act, answers: Answers) -> dict[str, Raw]:
    """The raw values of a posted form, by field."""
    return {one.name: _raw(one, answers, one.name) for one in act.fields}


def _raw(one: Field, answers: Answers, name: str) -> Raw:
    match one.kind:
        case "check":
            return bool(answers.text(name))
        case "choices" | "scope":
            found = [text for text in answers.texts(name) if text]
            return found + [f"number:{text}" for text in answers.texts(f"{name}.person") if text]
        case "persons":
            return [part.strip() for text in answers.texts(name) for part in _NAMES.split(text) if part.strip()]
        case "period":
            return {part: answers.text(f"{name}.{part}") for part in ("kind", "value", "authority")}
        case "carriers":
            return split_codes("\n".join((*answers.texts(name), answers.text(f"{name}.scan"))))
        case "lines":
            codes: list[Raw] = [int(text) for text in answers.texts(name) if whole(text)]
            return ["*"] if answers.text(f"{name}.all") else codes + split_codes(answers.text(f"{name}.scan"))
        case "file":
            # The file of this request, else what was read of the one before.
            return answers.digest(f"{name}.file") or answers.text(name)
        case "rows":
            return _raw_rows(one, answers, name)
        case _:
            return answers.text(name)


def _raw_rows(one: Field, answers: Answers, name: str) -> list[dict[str, Raw]]:
    """The rows that say something; their numbers in the form need not be without gaps."""
    numbers = set()
    for given in answers.names():
        number, _, _column = given.removeprefix(f"{name}.").partition(".")
        if given.startswith(f"{name}.") and whole(number):
            numbers.add(int(number))
    rows = [
        {column.name: _raw(column, answers, f"{name}.{number}.{column.name}") for column in one.columns}
        for number in sorted(numbers)
    ]
    return [row for row in rows if any(value not in ("", [], False) for value in row.values())]


def whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 18
