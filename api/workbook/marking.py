"""The workbook given back with what is wrong beside each row. Streamed: memory does not grow with its rows.

Values are kept as they are; what was a formula, or what a spreadsheet might take for one, comes back as text.
"""

import io
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

from openpyxl import Workbook as Excel
from openpyxl import load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import column_index_from_string

from api.workbook.model import Limits
from api.workbook.neutral import neutral
from api.workbook.reading import EXCEL_ROWS

_WRONG = PatternFill("solid", fgColor="FFF4D6D2")
_BOLD, _WRAPPED = Font(bold=True), Alignment(wrap_text=True, vertical="top")
_WIDTH = 60


def write_marked(
    data: bytes, out: BinaryIO, errors: Iterable[tuple[str, int, str, str]], heads: Mapping[str, int], head: str
) -> None:
    """Write the workbook again with one column more. `errors`: (sheet, row, cell or empty, words), in any order;
    `heads`: sheet -> its header row; `head`: the heading of the column.
    """
    said: dict[str, dict[int, list[tuple[int, str]]]] = {}
    for sheet_name, row, cell, words in errors:
        column = column_index_from_string(cell.rstrip("0123456789")) if cell else 0
        said.setdefault(sheet_name, {}).setdefault(row, []).append((column, words))
    with warnings.catch_warnings():
        # openpyxl warns of what it leaves out (drawings, validations): it is left out here too.
        warnings.simplefilter("ignore")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        new = Excel(write_only=True)
        for sheet in book.worksheets:
            if sheet.title in heads or sheet.title in said:
                _copy(sheet, new.create_sheet(sheet.title), said.get(sheet.title, {}), heads.get(sheet.title, 0), head)
        if not new.sheetnames:
            new.create_sheet(head[:31])
        new.save(out)
        book.close()


def _copy(sheet: Any, new: Any, said: Mapping[int, list[tuple[int, str]]], head_row: int, head: str) -> None:
    sheet.reset_dimensions()
    width = 0
    new.freeze_panes = f"A{head_row + 1}" if head_row else None
    rows = sheet.iter_rows(max_row=EXCEL_ROWS, max_col=Limits().columns_max)
    for number, cells in enumerate(rows, start=1):
        wrong = {column for column, _words in said.get(number, ())}
        made = [_cell(new, cell, at in wrong) for at, cell in enumerate(cells, start=1)]
        while made and made[-1] is None:
            made.pop()
        if number == head_row:
            width = max(len(made), *(column for row in said.values() for column, _words in row), 0)
        if number == head_row or number in said:
            words = "\n".join(dict.fromkeys(one for _column, one in said.get(number, ()))) or head
            told = WriteOnlyCell(new, neutral(words))
            told.font, told.alignment, told.data_type = _BOLD, _WRAPPED, "s"
            made = [*made, *[None] * (max(width, len(made)) - len(made)), told]
        new.append(made)


def _cell(new: Any, cell: Any, wrong: bool) -> Any:
    value = cell.value
    if value is None and not wrong:
        return None
    if cell.data_type == "f" or isinstance(value, str):
        made = WriteOnlyCell(new, neutral(str(getattr(value, "text", value) or "")))
        made.data_type, made.number_format = "s", "@"
    else:
        made = WriteOnlyCell(new, value)
        if cell.is_date:
            made.number_format = cell.number_format
    if wrong:
        made.fill = _WRONG
    return made
