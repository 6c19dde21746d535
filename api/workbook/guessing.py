"""What a column that no word is known for probably holds: judged by its header and by what stands in it.

A guess is a proposal. It is shown with how sure it is, and a person confirms it, corrects it or leaves the column out;
a known word always comes before it. Nothing is guessed twice: one field, one column.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from difflib import SequenceMatcher
from typing import Literal

from api.workbook import cells, columns
from api.workbook.cells import CellWrong, Raw
from api.workbook.model import SheetKind
from custody.scheme import Scheme

How = Literal["known", "likely", "perhaps", "chosen", "left", "none"]
"""A known word; header and values speak for it; one of them does; a person said so, or left it out; nothing."""

SAMPLED_ROWS = 60
_NUMBER = re.compile(r"[\w\-/〔〕\[\]().号]*\d[\w\-/〔〕\[\]().号]*")
"""What names one thing: a running number, a 文号 such as 国科发〔2026〕12号."""
_LIKELY, _PERHAPS = 0.75, 0.5
_ALIKE_MIN = 0.6


@dataclass(frozen=True, slots=True)
class Directory:
    """What the register calls its persons, units and places, folded: by these a column of names is known."""

    persons: Set[str] = frozenset()
    units: Set[str] = frozenset()
    places: Set[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Guess:
    """A column (from 0) taken for a field."""

    column: int
    field: str
    how: How


@dataclass(frozen=True, slots=True)
class _Ground:
    scheme: Scheme
    epoch: datetime
    known: Directory


Fits = Callable[[Raw, _Ground], bool]


def _parses(parser: Callable[[Raw], object]) -> Callable[[Raw], bool]:
    def fits(raw: Raw) -> bool:
        try:
            parser(raw)
        except CellWrong:
            return False
        return True

    return fits


def _day(raw: Raw, ground: _Ground) -> bool:
    # A bare number may be the day of a serial number or just a number: it speaks for nothing.
    dated = isinstance(raw, datetime | date | str)
    return dated and _parses(lambda one: cells.iso_day(one, ground.epoch))(raw)


def _level(raw: Raw, ground: _Ground) -> bool:
    return _parses(lambda one: cells.level_and_period(one, ground.scheme, ground.epoch))(raw)


def _period(raw: Raw, ground: _Ground) -> bool:
    text = cells.words(raw) if not isinstance(raw, datetime | date) else ""
    return bool(re.search(r"[年月]|长期|year|month|long", text)) and _parses(
        lambda one: cells.period(one, ground.epoch)
    )(raw)


def _epc(raw: Raw, _ground: _Ground) -> bool:
    # Digits alone may be any number.
    return isinstance(raw, str) and bool(re.search("[A-Fa-f]|^0{4}|^3[0-9]{23}$", raw)) and _parses(cells.epc)(raw)


def _tid(raw: Raw, _ground: _Ground) -> bool:
    return isinstance(raw, str) and raw.strip().upper().startswith("E2") and _parses(cells.tid)(raw)


def _named(names: Callable[[Directory], Set[str]]) -> Fits:
    def fits(raw: Raw, ground: _Ground) -> bool:
        text = cells.words(raw).casefold()
        known = names(ground.known)
        return text in known or any(part in known for part in re.split(r"[\s()（）;；、,，]+", text) if part)

    return fits


def _plain(parser: Callable[[Raw], object]) -> Fits:
    return lambda raw, _ground: _parses(parser)(raw)


def _pages(raw: Raw, _ground: _Ground) -> bool:
    return cells.pages_or_capacity(raw)[0] is not None


def _copy(raw: Raw, _ground: _Ground) -> bool:
    return _parses(lambda one: cells.copy_of(one, one))(raw) or _parses(lambda one: cells.copy_of(one, None))(raw)


_person, _unit, _place = (
    _named(lambda known: known.persons),
    _named(lambda known: known.units),
    _named(lambda known: known.places),
)
_FITS: Mapping[SheetKind, Mapping[str, Fits]] = {
    "carriers": {
        "level": _level,
        "period": _period,
        "epc": _epc,
        "tid": _tid,
        "pages": _pages,
        "copy": _copy,
        **dict.fromkeys(("classified_on", "borrowed_on", "due_on", "returned_on", "archive_by"), _day),
        "kind": _plain(cells.carrier_kind),
        "copies": _copy,
        "unit": _unit,
        "home": _place,
        "holder": _person,
        "determined_by": _person,
    },
    "persons": {
        **dict.fromkeys(("cleared_from", "cleared_until", "left_on"), _day),
        "unit": _unit,
        "post_class": _plain(cells.post_class),
    },
    "places": {"kind": _plain(cells.place_kind), "rating": _level, "responsible": _person, "parent": _place},
    "units": {"parent": _unit},
}
"""What the values of a field look like; a field that is not here says nothing by its values."""
_BY_VALUE = frozenset({"level", "epc", "tid", "unit", "home", "holder", "period", "kind"})
"""Fields that the values alone tell; for all others the header must say something too."""
_NAMES_SOMEBODY = frozenset({"unit", "home", "holder", "determined_by", "responsible", "parent"})
"""Fields whose values may well name what the register does not know yet: then they speak neither for nor against."""
_NEVER_ALIKE = frozenset({"remark", "issuer_number"})
_ELSEWHERE = ("原", "前", "旧", "上级", "former", "old ", "previous")
"""A header that begins so speaks of something else than the word behind it."""


def alike(kind: SheetKind, text: str) -> Mapping[str, float]:
    """How much a header resembles the known words of each field, 0 to 1."""
    found: dict[str, float] = {}
    for form in {form for form in columns.heading(text) if len(form) > 1}:
        for field, words in columns.words_of(kind).items():
            score = max((_alike(form, word) for word in words), default=0.0)
            if score >= _ALIKE_MIN and score > found.get(field, 0.0):
                found[field] = score
    return found


def _alike(form: str, word: str) -> float:
    shorter, longer = sorted((form, word), key=len)
    enough = len(shorter) >= (2 if not shorter.isascii() else 4)
    share = len(shorter) / len(longer)
    if form.startswith(_ELSEWHERE):
        return 0.0
    # The head of a Chinese noun, as of an English one, stands last: 涉密载体编号 is a 编号.
    if enough and form.endswith(word):
        return 0.7 + 0.3 * share
    if enough and form.startswith(word) and not shorter.isascii():
        return 0.5 + 0.3 * share
    ratio = SequenceMatcher(None, form, word, autojunk=False).ratio() if not word.isascii() or len(word) > 3 else 0.0
    return ratio * 0.9 if ratio >= 0.8 else 0.0


def _fitting(kind: SheetKind, field: str, values: Sequence[Raw], ground: _Ground) -> float | None:
    """The share of values that fit; None where nothing can be said."""
    fits = _FITS[kind].get(field)
    if fits is None or not values:
        return None
    share = sum(_safely(fits, value, ground) for value in values) / len(values)
    return None if field in _NAMES_SOMEBODY and share < 0.2 else share


def _safely(fits: Fits, value: Raw, ground: _Ground) -> bool:
    try:
        return fits(value, ground)
    except CellWrong:
        return False


def _number_like(values: Sequence[Raw]) -> bool:
    """Whether these could be numbers that name things: short, each once, with digits."""
    texts = [str(value).strip() for value in values if not isinstance(value, datetime | date | float)]
    if len(texts) < max(2, len(values)) or len(set(texts)) < len(texts):
        return False
    return all(len(text) <= 40 and _NUMBER.fullmatch(text) for text in texts)


def _title_like(values: Sequence[Raw]) -> bool:
    """Whether these could be titles: words, mostly different."""
    texts = [str(value) for value in values if isinstance(value, str)]
    if len(texts) < max(2, len(values)):
        return False
    wordy = sum(bool(re.search(r"[^\W\d_]{4,}", text)) for text in texts)
    return wordy >= 0.8 * len(texts) and Counter(texts).most_common(1)[0][1] <= max(2, len(texts) // 4)


def guess(
    kind: SheetKind,
    texts: Sequence[str],
    rows: Sequence[Sequence[Raw]],
    taken: Mapping[str, int],
    *,
    scheme: Scheme,
    epoch: datetime,
    known: Directory,
) -> tuple[Guess, ...]:
    """Fields for the columns that no word is known for. `rows`: some of the cells under the header; `taken`: fields
    that have their column.
    """
    ground = _Ground(scheme, epoch, known)
    scores: list[tuple[float, int, str, How]] = []
    for column, text in enumerate(texts):
        if column in taken.values() or columns.passed_over(text) or columns.is_known(kind, text):
            continue
        values = [row[column] for row in rows if column < len(row) and not _blank(row[column])]
        scores += [(score, column, field, how) for field, score, how in _of(kind, text, values, ground)]
    found: dict[int, Guess] = {}
    given = set(taken)
    for _score, column, field, how in sorted(scores, key=lambda one: (-one[0], one[1])):
        if column not in found and field not in given:
            found[column] = Guess(column, field, how)
            given.add(field)
    return tuple(found[column] for column in sorted(found))


def _blank(raw: Raw) -> bool:
    return raw is None or not str(raw).strip()


def _of(kind: SheetKind, text: str, values: Sequence[Raw], ground: _Ground) -> list[tuple[str, float, How]]:
    """Fields that a column may be, with a score, and how sure that is."""
    said = alike(kind, text)
    found: list[tuple[str, float, How]] = []
    for field in columns.fields_of(kind):
        header = said.get(field, 0.0)
        share = _fitting(kind, field, values, ground)
        if field in _NEVER_ALIKE and header < 0.9:
            continue
        if header and share is not None:
            score = 0.55 * header + 0.45 * share if share >= 0.5 else 0.0
        elif header:
            score = header * 0.85
        elif share is not None and field in _BY_VALUE and share >= 0.8 and len(values) >= 2:
            score = 0.65 * share
        else:
            score = _by_shape(kind, field, values)
        if score >= _PERHAPS:
            found.append((field, score, "likely" if score >= _LIKELY else "perhaps"))
    return found


def _by_shape(kind: SheetKind, field: str, values: Sequence[Raw]) -> float:
    if kind != "carriers" or len(values) < 2:
        return 0.0
    if field == "number" and _number_like(values):
        return 0.5
    return 0.5 if field == "title" and _title_like(values) else 0.0
