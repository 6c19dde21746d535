"""From the bytes of a workbook to rows of records, with every error in its place. Nothing of the books is asked."""

import io
import re
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain, islice
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from api.workbook import columns, guessing
from api.workbook.cells import CellWrong, Raw, iso_day, shown
from api.workbook.guard import check_file
from api.workbook.model import (
    CarrierRow,
    ColumnRead,
    Limits,
    PersonRow,
    PlaceRow,
    RowError,
    RowNote,
    SheetKind,
    SheetRead,
    UnitRow,
    Workbook,
    WorkbookUnreadable,
)
from api.workbook.records import Cells, record
from custody.scheme import Scheme

HEADER_WITHIN_ROWS = 20
"""The header stands among the first rows, under titles."""

Chosen = Mapping[str, Mapping[int, str]]
"""Sheet -> column (from 0) -> field, empty where the column is left out."""
_SAMPLES_SHOWN = 3
_TOLD_EVERY = 500
EXCEL_ROWS = 1_048_576
"""No sheet has more; a row that claims a higher number is not waited for."""

_BROKEN = (
    BadZipFile, InvalidFileException, DefusedXmlException, ParseError, LookupError, ValueError, TypeError,
    ArithmeticError, AttributeError, EOFError, OSError, RuntimeError, AssertionError, zlib.error, struct.error,
)  # fmt: skip
"""What openpyxl raises for damaged parts: it promises no exception of its own."""

_INDEX = "xl/workbook.xml"
_FOOTERS = (
    "合计",
    "总计",
    "小计",
    "共计",
    "制表",
    "填表",
    "审核",
    "注:",
    "注：",
    "说明:",
    "说明：",
    "total",
    "prepared by",
    # The foot of our own exports.
    "exported by",
    "filters:",
    "highest level in this file",
    "only the first",
    "导出人",
    "筛选",
    "本表最高密级",
    "只导出前",
)
_AS_OF = re.compile(r"(?:截至|截止|as of)\s*[:：]?\s*(\d{4}[-/.年]\s*\d{1,2}[-/.月]\s*\d{1,2}日?)", re.IGNORECASE)


@dataclass(slots=True)
class _Line:
    """A row as it stands: number from 1, cells by column from 0 as (content, kind of cell in the file)."""

    number: int
    cells: tuple[tuple[Raw, str], ...]

    def text(self, column: int) -> str:
        raw = self.cells[column][0] if column < len(self.cells) else None
        return "" if raw is None else str(raw)

    def texts(self) -> list[str]:
        return [self.text(column) for column in range(len(self.cells))]

    def blank(self) -> bool:
        return not any(raw is not None and str(raw).strip() for raw, _kind in self.cells)


@dataclass(frozen=True, slots=True)
class _Table:
    """Where a sheet's table begins: its header row or rows (indices among the first), and their texts as one."""

    kind: SheetKind
    first: int
    last: int
    texts: tuple[str, ...]
    header: columns.Header
    how: Mapping[int, str] = field(default_factory=dict)
    """Columns that were guessed or chosen, and which of it."""

    def said(self, line: _Line) -> list[str]:
        """What a row says in the columns that are known."""
        return [line.text(column).strip() for column in self.header.columns.values()]


@dataclass(slots=True)
class _Draft:
    """What has been read so far."""

    scheme: Scheme
    limits: Limits
    epoch: datetime
    rows: dict[SheetKind, list[Any]] = field(
        default_factory=lambda: {"units": [], "places": [], "persons": [], "carriers": []}
    )
    notes: list[RowNote] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    headings: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    as_of: str = ""
    known: guessing.Directory | None = None
    chosen: Chosen = field(default_factory=dict)
    told: Callable[[int], None] | None = None
    sheets: list[SheetRead] = field(default_factory=list)
    read: int = 0


def read_workbook(
    data: bytes,
    *,
    scheme: Scheme,
    limits: Limits | None = None,
    known: guessing.Directory | None = None,
    chosen: Chosen | None = None,
    told: Callable[[int], None] | None = None,
) -> Workbook:
    """Read the sheets that are known by name or header; the errors of all rows are collected, in order.

    `known`: what the register calls its persons, units and places; with it, columns that no word is known for are
    guessed (None: they are left out). `chosen`: what a person said instead. `told` is told now and then how many rows
    were read, and may stop it by raising. Raises WorkbookUnreadable where the file as a whole is not to be read.
    """
    limits = limits or Limits()
    parts = check_file(data, limits)
    with warnings.catch_warnings():
        # openpyxl warns of what it leaves out (drawings, validations): none of it is read here.
        warnings.simplefilter("ignore")
        try:
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        except _BROKEN as error:
            raise WorkbookUnreadable("file_damaged", {"part": type(error).__name__}) from error
        try:
            _check_complete(data, parts, book.sheetnames)
            draft = _Draft(scheme, limits, book.epoch, known=known, chosen=chosen or {}, told=told)
            _read_sheets(book.worksheets, draft)
        finally:
            book.close()
    if links := sum(part.startswith("xl/externalLinks/externalLink") for part in parts):
        draft.notes.append(RowNote("", "external_links_ignored", {"links": links}))
    units: list[UnitRow] = draft.rows["units"]
    places: list[PlaceRow] = draft.rows["places"]
    persons: list[PersonRow] = draft.rows["persons"]
    carriers: list[CarrierRow] = draft.rows["carriers"]
    return Workbook(
        tuple(units),
        tuple(places),
        tuple(persons),
        tuple(carriers),
        draft.as_of,
        tuple(draft.notes),
        tuple(draft.errors),
        draft.headings,
        tuple(draft.sheets),
    )


def _check_complete(data: bytes, parts: tuple[str, ...], found: list[str]) -> None:
    """openpyxl passes over a sheet whose part is not there; a ledger that lost one must not be taken for whole."""
    if _INDEX in parts:
        with ZipFile(io.BytesIO(data)) as archive:
            listed = fromstring(archive.read(_INDEX)).iterfind("{*}sheets/{*}sheet")
        if sum(1 for _sheet in listed) != len(found):
            raise WorkbookUnreadable("file_damaged", {"part": _INDEX})


def _read_sheets(sheets: list[Any], draft: _Draft) -> None:
    unknown: list[tuple[str, list[_Line]]] = []
    read = 0
    for sheet in sheets:
        lines = _lines(sheet, draft.limits)
        head = list(islice(lines, HEADER_WITHIN_ROWS))
        if all(line.blank() for line in head):
            continue
        if sheet.sheet_state != "visible":
            draft.notes.append(RowNote(sheet.title, "sheet_hidden"))
            continue
        table = _locate(sheet.title, head)
        sampled = head + list(islice(lines, guessing.SAMPLED_ROWS)) if draft.known is not None else head
        if table is None and (draft.known is not None or sheet.title in draft.chosen):
            table = _by_guess(sheet.title, head, sampled, draft)
        if table is None:
            unknown.append((sheet.title, head))
            continue
        table, head = _decided(sheet.title, table, sampled, draft), sampled
        read += 1
        if missing := table.header.missing(table.kind):
            _note_sheet(sheet.title, table, head, 0, draft)
            draft.errors.append(_columns_missing(sheet.title, table.kind, head[table.first], missing))
            continue
        _read_sheet(sheet.title, table, head, lines, draft)
    for title, head in unknown:
        if read:
            draft.notes.append(RowNote(title, "sheet_ignored"))
        else:
            widest = max(head, key=lambda line: sum(bool(text.strip()) for text in line.texts()))
            draft.errors.append(_columns_missing(title, "carriers", widest, columns.REQUIRED["carriers"]))
    if not read and not unknown:
        draft.errors.append(_columns_missing("", "carriers", _Line(0, ()), columns.REQUIRED["carriers"]))


def _lines(sheet: Any, limits: Limits) -> Iterator[_Line]:
    """The rows of a sheet, one at a time. The size that the sheet claims is not believed."""
    sheet.reset_dimensions()
    try:
        for number, cells in enumerate(sheet.iter_rows(max_row=EXCEL_ROWS), start=1):
            kept = tuple((cell.value, cell.data_type) for cell in cells[: limits.columns_max])
            while kept and kept[-1][0] is None:
                kept = kept[:-1]
            yield _Line(number, kept)
    except _BROKEN as error:
        raise WorkbookUnreadable("file_damaged", {"part": sheet.title}) from error


def _locate(title: str, head: list[_Line]) -> _Table | None:
    """The table of a sheet, by its header row; None where no row looks like one."""
    named = columns.kind_by_name(title)
    kinds: tuple[SheetKind, ...] = ("carriers", "places", "persons", "units")
    best: tuple[tuple[int, int, int], SheetKind, int, columns.Header] | None = None
    for kind in kinds:
        for index, line in enumerate(head):
            header = columns.match(kind, line.texts())
            if len(header.columns) < 2:
                continue
            # A sheet's name decides where its columns bear it out; a nameless one needs more than number and name,
            # which every list has.
            if kind != named and len(header.columns) < 3:
                continue
            score = (int(kind == named), int(not header.missing(kind)), len(header.columns))
            if best is None or score > best[0]:
                best = (score, kind, index, header)
    if best is None:
        return None
    _score, kind, index, header = best
    table = _Table(kind, index, index, tuple(head[index].texts()), header)
    return _second_row(table, head[index], head[index + 1]) if index + 1 < len(head) else table


def _second_row(table: _Table, line: _Line, below: _Line) -> _Table:
    """Headers merged over two rows: the group's name above, the columns' names below; blank under the single ones."""
    single = [table.header.columns[name] for name in columns.REQUIRED[table.kind] if name in table.header.columns]
    if any(below.text(column).strip() for column in single) or not columns.match(table.kind, below.texts()).columns:
        return table
    width = max(len(line.cells), len(below.cells))
    texts = tuple(below.text(c) if below.text(c).strip() else line.text(c) for c in range(width))
    return _Table(table.kind, table.first, table.last + 1, texts, columns.match(table.kind, texts))


def _by_guess(title: str, head: list[_Line], sampled: list[_Line], draft: _Draft) -> _Table | None:
    """The table of a sheet of which no header is known: its widest row of texts, if enough can be made of it."""
    kind: SheetKind = columns.kind_by_name(title) or "carriers"

    def texts(line: _Line) -> int:
        return sum(isinstance(raw, str) and bool(raw.strip()) for raw, _sort in line.cells)

    index = max(range(len(head)), key=lambda at: texts(head[at]), default=0)
    table = _Table(kind, index, index, tuple(head[index].texts()), columns.match(kind, head[index].texts()))
    return None if texts(head[index]) < 2 or not _decided(title, table, sampled, draft).header.columns else table


def _decided(title: str, table: _Table, sampled: list[_Line], draft: _Draft) -> _Table:
    """The table with the columns that are guessed, and those that a person chose."""
    chosen = draft.chosen.get(title, {})
    named = {name: column for name, column in table.header.columns.items() if column not in chosen}
    how: dict[int, str] = {}
    for column, name in chosen.items():
        how[column] = "chosen" if name else "left"
        if name in columns.fields_of(table.kind) and column < len(table.texts):
            # The first of two that are chosen for the same has it; a person's choice comes before a word.
            if name in named and how.get(named[name]) == "chosen":
                how[column] = "left"
            else:
                named[name] = column
    if draft.known is not None:
        rows = [[raw for raw, _sort in line.cells] for line in sampled[table.last + 1 :]]
        left = [text if column not in chosen else "" for column, text in enumerate(table.texts)]
        found = guessing.guess(table.kind, left, rows, named, scheme=draft.scheme, epoch=draft.epoch, known=draft.known)
        for one in found:
            named[one.field] = one.column
            how[one.column] = one.how
    unknown = tuple(
        columns.first_line(text)
        for column, text in enumerate(table.texts)
        if column not in named.values()
        and (column in chosen or not (columns.passed_over(text) or columns.is_known(table.kind, text)))
    )
    doubled = table.header.doubled if not chosen else ()
    return replace(table, header=columns.Header(named, unknown, doubled), how=how)


def _note_sheet(title: str, table: _Table, head: list[_Line], rows: int, draft: _Draft) -> None:
    """Keep what was made of each column, with a few of the values that stand in it."""
    fields = {column: name for name, column in table.header.columns.items()}
    found = []
    for column, text in enumerate(table.texts):
        values = (shown(line.cells[column][0]) for line in head[table.last + 1 :] if column < len(line.cells))
        samples = tuple(islice(dict.fromkeys(value for value in values if value), _SAMPLES_SHOWN))
        if not text.strip() and not samples:
            continue
        how = table.how.get(column, "known" if column in fields else "none")
        header = columns.first_line(text)
        found.append(ColumnRead(column, get_column_letter(column + 1), header, fields.get(column, ""), how, samples))
    draft.sheets.append(SheetRead(title, table.kind, head[table.first].number, tuple(found), rows))


def _columns_missing(sheet: str, kind: SheetKind, line: _Line, missing: tuple[str, ...]) -> RowError:
    found = "、".join(columns.first_line(text)[:20] for text in line.texts() if text.strip())
    params = {
        "kind": kind,
        "missing": "、".join(columns.name_of(kind, name) for name in missing),
        "found": found if len(found) <= 400 else f"{found[:399]}…",
    }
    return RowError(sheet, line.number, "", "", "columns_missing", params)


def _read_sheet(title: str, table: _Table, head: list[_Line], rest: Iterator[_Line], draft: _Draft) -> None:
    for name, column in table.header.columns.items():
        written = columns.first_line(table.texts[column])
        draft.headings[title, name] = (written, get_column_letter(column + 1))
    for line in head[: table.first]:
        for text in line.texts():
            if not draft.as_of and (said := _AS_OF.search(text)):
                draft.as_of = iso_day(re.sub(r"\s", "", said.group(1)), draft.epoch)
    _note_columns(title, table.header, draft)
    taken = 0
    ignored: list[int] = []
    for line in chain(head[table.last + 1 :], rest):
        if line.blank():
            continue
        if _is_footer(line, table):
            ignored.append(line.number)
            continue
        if not any(table.said(line)) or _is_header_again(line, table):
            continue
        taken += 1
        if taken > draft.limits.rows_max:
            raise WorkbookUnreadable("file_too_many_rows", {"sheet": title, "rows_max": draft.limits.rows_max})
        _read_line(title, table, line, draft)
        draft.read += 1
        if draft.told is not None and draft.read % _TOLD_EVERY == 0:
            draft.told(draft.read)
    _note_sheet(title, table, head, taken, draft)
    if ignored:
        draft.notes.append(RowNote(title, "rows_ignored", {"rows": len(ignored), "first": ignored[0]}))


def _note_columns(title: str, header: columns.Header, draft: _Draft) -> None:
    if header.unknown:
        draft.notes.append(RowNote(title, "columns_ignored", {"columns": "、".join(header.unknown)}))
    if header.doubled:
        passed = "、".join(name for name, _used in header.doubled)
        used = "、".join(dict.fromkeys(used for _name, used in header.doubled))
        draft.notes.append(RowNote(title, "columns_doubled", {"columns": passed, "used": used}))


def _is_header_again(line: _Line, table: _Table) -> bool:
    """Ledgers made for printing repeat the header on every page."""
    headed = [table.texts[column].strip() for column in table.header.columns.values()]
    return all(text in ("", head) for text, head in zip(table.said(line), headed, strict=True))


def _is_footer(line: _Line, table: _Table) -> bool:
    """Totals and signatures under the table: no number of their own, and a word that says so."""
    first = next((text.strip().casefold() for text in line.texts() if text.strip()), "")
    if not first.startswith(_FOOTERS):
        return False
    required = columns.REQUIRED[table.kind]
    return any(not line.text(table.header.columns[name]).strip() for name in required)


def _read_line(title: str, table: _Table, line: _Line, draft: _Draft) -> None:
    kind, header = table.kind, table.header
    wrong: list[tuple[str, CellWrong]] = []
    raw: dict[str, Raw] = {}
    for name, column in header.columns.items():
        value, sort = line.cells[column] if column < len(line.cells) else (None, "n")
        if sort == "f":
            wrong.append((name, CellWrong("formula")))
        elif sort == "e":
            wrong.append((name, CellWrong("cell_error")))
        raw[name] = None if sort in "fe" else value
    cells = Cells(raw, draft.scheme, draft.epoch, draft.limits.text_max, {name for name, _ in wrong}, wrong)
    made = record(kind, title, line.number, cells)
    if not wrong:
        draft.rows[kind].append(made)
        return
    for name, why in sorted(wrong, key=lambda pair: header.columns.get(pair[0], 0)):
        at = header.columns.get(name)
        written, letter = draft.headings.get((title, name), (columns.name_of(kind, name), ""))
        value = "" if at is None else _as_written(line, at)
        cell = f"{letter}{line.number}" if letter else ""
        draft.errors.append(RowError(title, line.number, written, value, why.code, why.params, cell))


def _as_written(line: _Line, column: int) -> str:
    if column >= len(line.cells):
        return ""
    value = line.cells[column][0]
    # A formula over several cells comes as an object with its text.
    return shown(getattr(value, "text", value))
