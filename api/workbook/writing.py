"""A list as a workbook, row after row: what is written is let go of, so that memory does not grow with the rows."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from openpyxl import Workbook as Excel
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from api.workbook.neutral import neutral
from api.workbook.summaries import Sheet

_TITLE_MAX = 31
_WIDTH_MIN, _WIDTH_MAX = 8, 60
_MEASURED_ROWS = 300
_DATE = "yyyy-mm-dd hh:mm"
TOLD_EVERY = 500


def write_rows(
    out: Path | BinaryIO,
    title: str,
    heads: Mapping[str, str],
    rows: Iterable[Mapping[str, Any]],
    foot: Callable[[int], Sequence[str]],
    *,
    numbers: Collection[str],
    times: Collection[str],
    creator: str,
    told: Callable[[int], None] | None = None,
    behind: Sequence[Sheet] = (),
) -> int:
    """Write the rows under their heads (key -> words, in their order), then the foot; gives how many rows there were.

    Columns of `numbers` hold numbers, those of `times` dates with a time; every other one text, which no spreadsheet
    takes for a formula. `foot` is asked after the last row, with how many there were. `behind`: sheets of sums.
    """
    book = Excel(write_only=True)
    sheet = book.create_sheet(title[:_TITLE_MAX])
    # Who made the file is in its foot; the library's own name and time say nothing.
    book.properties.creator = neutral(creator)
    coming = iter(rows)
    first = list(islice(coming, _MEASURED_ROWS))
    _lay_out(sheet, heads, first, numbers, times)
    sheet.append([_head(sheet, words) for words in heads.values()])
    looks = {"text": _look(sheet, "@"), "time": _look(sheet, _DATE)}
    sorts = [(key, "number" if key in numbers else "time" if key in times else "text") for key in heads]
    count = 0
    for row in chain(first, coming):
        sheet.append([_cell(sheet, row.get(key), sort, looks) for key, sort in sorts])
        count += 1
        if told is not None and count % TOLD_EVERY == 0:
            told(count)
    if count:
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(heads))}{count + 1}"
    for line in foot(count):
        sheet.append([neutral(line)] if line else [])
    for one in behind:
        _sum(book, one)
    book.save(out)
    return count


def _sum(book: Any, one: Sheet) -> None:
    """A small sheet behind the report's own."""
    sheet = book.create_sheet(one.title[:_TITLE_MAX])
    _lay_out(sheet, one.heads, one.rows, one.numbers, ())
    sheet.append([_head(sheet, words) for words in one.heads.values()])
    looks = {"text": _look(sheet, "@")}
    for row in one.rows:
        sheet.append([_cell(sheet, row[key], "number" if key in one.numbers else "text", looks) for key in one.heads])


def _lay_out(
    sheet: Any,
    heads: Mapping[str, str],
    first: Sequence[Mapping[str, Any]],
    numbers: Collection[str],
    times: Collection[str],
) -> None:
    """All that stands before the rows in the file: the first rows tell how wide a column is."""
    for number, (key, words) in enumerate(heads.items(), start=1):
        longest = 2 * len(words)
        if key in times:
            longest = max(longest, len(_DATE))
        elif key not in numbers:
            longest = max([longest, *(_breadth(str(row.get(key) or "")) for row in first)])
        width = min(max(longest + 2, _WIDTH_MIN), _WIDTH_MAX)
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _head(sheet: Any, words: str) -> Any:
    cell = WriteOnlyCell(sheet, neutral(words))
    cell.font, cell.alignment, cell.data_type = Font(bold=True), Alignment(horizontal="left"), "s"
    return cell


def _look(sheet: Any, form: str) -> Any:
    """A form of numbers, looked up once: the same for every cell of it."""
    cell: Any = WriteOnlyCell(sheet, "")
    cell.number_format = form
    return cell._style


def _cell(sheet: Any, value: Any, sort: str, looks: Mapping[str, Any]) -> Any:
    if sort == "number" and not isinstance(value, str):
        return value
    if sort == "time":
        if value is None:
            return None
        assert isinstance(value, datetime)
        cell: Any = WriteOnlyCell(sheet, value)
        cell._style = looks["time"]
        return cell
    text = "" if value is None else neutral(str(value))
    if not text:
        return None
    said: Any = WriteOnlyCell(sheet, text)
    # Not what openpyxl makes of it: `#N/A` is a text like any other.
    said.data_type, said._style = "s", looks["text"]
    return said


def _breadth(text: str) -> int:
    """How many narrow characters wide a text is."""
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)
