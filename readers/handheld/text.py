"""From the bytes of a CSV or TXT export to rows of cells, by content alone: encoding, line ends, separator.

A row ends with its line: an unclosed quotation mark costs its own row, never the rest of the file. Every bound
(bytes, rows, columns, characters) is reached in linear time.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from readers.handheld.values import looks_like_epc

BYTES_MAX = 24 * 1024 * 1024
ROWS_MAX = 200_000
COLUMNS_MAX = 64
CELL_CHARACTERS_MAX = 200
_LINE_CHARACTERS_MAX = 8_000
_SAMPLE_ROWS = 400
_SEPARATORS = ("\t", ";", ",", "|")
_BLANKS, _NONE = " ", ""
_HINT = "sep="

Row = tuple[int, tuple[str, ...]]
"""The number of a line in the file, from 1, and its cells, stripped."""


class FileUnreadable(Exception):
    """The file as a whole cannot be read. `code`: `empty`, `too_large`, `too_many_rows`, `not_text`, `old_excel`."""

    def __init__(self, code: str, **params: int) -> None:
        self.code = code
        self.params = params
        super().__init__(f"{code} {params}" if params else code)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that are not blank, as they stand in the file.

    `encoding`: as decoded, or `xlsx`; `separator`: between cells, empty where a row is one cell.
    """

    rows: Sequence[Row]
    encoding: str = ""
    separator: str = ""


def read_text(data: bytes) -> Table:
    """The rows of a text. Raises FileUnreadable."""
    if len(data) > BYTES_MAX:
        megabytes = 1024 * 1024
        raise FileUnreadable("too_large", megabytes=-(-len(data) // megabytes), megabytes_max=BYTES_MAX // megabytes)
    text, encoding = decode(data)
    lines = list(islice(_lines(text), _SAMPLE_ROWS))
    if not lines:
        raise FileUnreadable("empty")
    hint = lines[0][1]
    if hint.casefold().startswith(_HINT) and len(hint) == len(_HINT) + 1 and hint[-1] in _SEPARATORS:
        separator, hinted = hint[-1], True
    else:
        separator, hinted = separator_of([line for _number, line in lines]), False
    rows: list[Row] = []
    for number, line in _lines(text):
        if hinted and number == lines[0][0]:
            continue
        if len(rows) >= ROWS_MAX:
            raise FileUnreadable("too_many_rows", rows_max=ROWS_MAX)
        rows.append((number, cells_of(line, separator)))
    return Table(rows, encoding, separator)


def decode(data: bytes) -> tuple[str, str]:
    """The text and the name of its encoding: by its mark, else UTF-16 by its zeros, UTF-8, GB 18030 (GB 18030-2022).

    Raises FileUnreadable.
    """
    if not data.strip():
        raise FileUnreadable("empty")
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileUnreadable("old_excel")
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _is_plain(text) and (not encoding.startswith("utf-16-") or _is_western(text)):
            return text.lstrip("\ufeff"), encoding.removesuffix("-sig")
    raise FileUnreadable("not_text")


def _encodings(data: bytes) -> Iterator[str]:
    if data.startswith(codecs.BOM_UTF8):
        yield "utf-8-sig"
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield "utf-16"
    else:
        head = data[:4096]
        if b"\0" in head:
            yield "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
        else:
            yield "utf-8"
            yield "gb18030"


def _is_plain(text: str) -> bool:
    """No control characters but those that part lines, cells and codes."""
    head = text[:65_536]
    odd = sum(
        1 for character in set(head) if character < " " and character not in "\t\r\n\f\v\x02\x03\x1a\x1c\x1d\x1e\x1f"
    )
    return odd == 0 and "\0" not in text


def _is_western(text: str) -> bool:
    """Whether a good part is ASCII, as tags and headers are: UTF-16 without its mark is only guessed by its zeros."""
    head = text[:4096]
    return sum(character < "\x80" for character in head) * 4 > len(head)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, with their numbers; CR, LF and CR LF end a line."""
    for number, line in enumerate(io.StringIO(text, newline=None), start=1):
        cut = line[:_LINE_CHARACTERS_MAX].strip("\n\x1a")
        if cut.strip():
            yield number, cut


def cells_of(line: str, separator: str) -> tuple[str, ...]:
    """The cells of a line, stripped; quoted cells without their marks. More than COLUMNS_MAX are left out."""
    if separator == _NONE:
        cells: Iterable[str] = (line.strip().strip('"'),)
    elif separator == _BLANKS:
        cells = line.split(None, COLUMNS_MAX)
    elif '"' not in line:
        cells = line.split(separator, COLUMNS_MAX)
    else:
        try:
            cells = next(csv.reader((line,), delimiter=separator, skipinitialspace=True), [])
        except csv.Error:
            cells = line.split(separator, COLUMNS_MAX)
    return tuple([_cell(cell) for cell in islice(cells, COLUMNS_MAX)])


def _cell(cell: str) -> str:
    cell = cell.strip()
    # Excel's own way to keep digits as text: ="0123".
    if (cell.startswith('="') and cell.endswith('"')) or (cell.startswith("='") and cell.endswith("'")):
        cell = cell[2:-1]
    elif cell.startswith("=") and cell.count('"') == 0 and looks_like_epc(cell[1:]):
        cell = cell[1:]
    return cell[:CELL_CHARACTERS_MAX]


def separator_of(lines: Sequence[str]) -> str:
    """What parts the cells: where most rows hold a tag's number in a cell of its own, then where most cells are.

    A decimal comma is thereby no separator: it leaves the number in a cell with something else.
    """
    best, most = _NONE, _score(lines, _NONE)
    for separator in _SEPARATORS:
        score = _score(lines, separator)
        if score > most:
            best, most = separator, score
    blanks = _score(lines, _BLANKS)
    return _BLANKS if blanks[0] > most[0] else best


def _score(lines: Sequence[str], separator: str) -> tuple[int, int]:
    tagged = cells = 0
    for line in lines:
        found = cells_of(line, separator)
        tagged += any(looks_like_epc(cell) for cell in found)
        cells += len(found)
    return tagged, cells
