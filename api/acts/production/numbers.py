"""Copy numbers and labels as they are typed: `1-3, 7`; EPCs one a line, or first and last of a run, `…01..…28`."""

import re
from collections.abc import Iterable, Sequence

from api.acts.model import Unfit

SEVERAL_MAX = 10_000
"""Copy numbers or labels in one answer."""
_PARTS = re.compile(r"[\s,;，；、]+")
_RUN = re.compile(r"([0-9]{1,9})(?:[-–~—]([0-9]{1,9}))?")
_HEX = re.compile(r"[0-9A-F]+")


def numbers_of(field: str, text: str) -> tuple[int, ...]:
    """`1-3, 7` -> 1, 2, 3, 7, in the order given. Raises Unfit."""
    found: list[int] = []
    for part in filter(None, _PARTS.split(text)):
        run = _RUN.fullmatch(part)
        first, last = (int(run[1]), int(run[2] or run[1])) if run else (1, 0)
        if first > last or last - first >= SEVERAL_MAX:
            raise Unfit(field, "production.numbers_unclear", text=part)
        found += range(first, last + 1)
    if not found or len(found) > SEVERAL_MAX:
        raise Unfit(field, "production.numbers_unclear", text=text)
    return tuple(found)


def runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """The numbers, ascending, as runs without a gap: first and last of each."""
    found: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def numbers_text(numbers: Iterable[int]) -> str:
    """1, 2, 3, 7 -> `1-3, 7`."""
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs(numbers))


def epcs_of(field: str, text: str) -> tuple[str, ...]:
    """EPCs in upper-case hexadecimal, in the order given; a run of them by its ends. Raises Unfit."""
    found: list[str] = []
    for part in filter(None, _PARTS.split(text.upper())):
        first, dots, last = part.partition("..")
        if not dots:
            found.append(part)
            continue
        fit = _HEX.fullmatch(first) and _HEX.fullmatch(last) and len(first) == len(last)
        count = int(last, 16) - int(first, 16) + 1 if fit else 0
        if not 1 <= count <= SEVERAL_MAX:
            raise Unfit(field, "production.labels_unclear", text=part)
        found += [f"{int(first, 16) + step:0{len(first)}X}" for step in range(count)]
    if len(found) > SEVERAL_MAX:
        raise Unfit(field, "production.labels_unclear", text=text[:40])
    return tuple(found)


def paired(field: str, epcs: Sequence[str], copies: int) -> tuple[str | None, ...]:
    """A label for each copy, in order; none for any where none were given. Raises Unfit where the numbers differ."""
    if not epcs:
        return (None,) * copies
    if len(epcs) != copies:
        raise Unfit(field, "production.labels_count", labels=len(epcs), copies=copies)
    return tuple(epcs)
