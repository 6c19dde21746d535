"""A handheld's export as a workbook: its cells as texts, for `readers.handheld` to recognise."""

import datetime as dt
import io
import warnings
from typing import Any

from openpyxl import load_workbook

from api.workbook.guard import check_file
from api.workbook.model import Limits, WorkbookUnreadable
from api.workbook.reading import _BROKEN, EXCEL_ROWS
from readers.handheld import NUMBER_MARK, ROWS_MAX, FileUnreadable, Table
from readers.handheld.text import CELL_CHARACTERS_MAX, COLUMNS_MAX, Row
from readers.handheld.values import is_mangled, looks_like_epc

_LOOKED_AT = 100


def read_sheet(data: bytes, limits: Limits | None = None) -> Table:
    """The rows of the first visible sheet that holds tags' numbers, or of the first that holds anything.

    A number keeps NUMBER_MARK before it: Excel may have rounded it. Raises WorkbookUnreadable, FileUnreadable.
    """
    check_file(data, limits or Limits())
    with warnings.catch_warnings():
        # openpyxl warns of what it leaves out (drawings, validations): none of it is read here.
        warnings.simplefilter("ignore")
        try:
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        except _BROKEN as error:
            raise WorkbookUnreadable("file_damaged", {"part": type(error).__name__}) from error
        try:
            sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
            heads = [(sheet, _rows(sheet, _LOOKED_AT)) for sheet in sheets]
            filled = [(sheet, rows) for sheet, rows in heads if rows]
            if not filled:
                raise FileUnreadable("empty")
            chosen = next((sheet for sheet, rows in filled if _has_tags(rows)), filled[0][0])
            return Table(_rows(chosen, ROWS_MAX), "xlsx")
        finally:
            book.close()


def _has_tags(rows: list[Row]) -> bool:
    return any(looks_like_epc(cell) or is_mangled(cell) for _number, cells in rows for cell in cells)


def _rows(sheet: Any, rows_max: int) -> list[Row]:
    """The rows that are not blank. The size that the sheet claims is not believed."""
    sheet.reset_dimensions()
    found: list[Row] = []
    try:
        lines = sheet.iter_rows(max_row=EXCEL_ROWS, max_col=COLUMNS_MAX, values_only=True)
        for number, values in enumerate(lines, start=1):
            cells = [_text(value) for value in values]
            while cells and not cells[-1]:
                cells.pop()
            if not cells:
                continue
            if len(found) >= rows_max:
                if rows_max < ROWS_MAX:
                    break
                raise FileUnreadable("too_many_rows", rows_max=rows_max)
            found.append((number, tuple(cells)))
    except _BROKEN as error:
        raise WorkbookUnreadable("file_damaged", {"part": str(sheet.title)[:60]}) from error
    return found


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
        return f"{NUMBER_MARK}{int(value) if whole else value}"
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat(" ") if isinstance(value, dt.datetime) else value.isoformat()
    return str(value).strip()[:CELL_CHARACTERS_MAX]
