"""What a workbook says: rows as frozen records, with references as they were written; and what is wrong with it.

Nothing here knows the books. `reading` makes these records, `resolving` turns them into facts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from custody.values import CarrierKind, Period, PlaceKind, PostClass

SheetKind = Literal["units", "places", "persons", "carriers"]
Params = Mapping[str, str | int]


class WorkbookUnreadable(Exception):
    """The file as a whole cannot be read. `code` and `params` are of the catalogue (see `FILE_CODES`)."""

    def __init__(self, code: str, params: Params | None = None) -> None:
        self.code = code
        self.params: Params = dict(params or {})
        said = ", ".join(f"{name} {value}" for name, value in self.params.items())
        super().__init__(f"{FILE_CODES[code][1]}{f' ({said})' if said else ''}")


FILE_CODES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "file_empty": ((), "The file is empty; export the ledger again"),
    "file_too_large": (("megabytes", "megabytes_max"), "The file is too large; divide the ledger among several"),
    "file_old_excel": ((), "This is an old .xls file or one with a password; save it as .xlsx without a password"),
    "file_text": ((), "This is text (CSV, HTML or XML); open it in Excel or WPS and save it as .xlsx"),
    "file_not_xlsx": ((), "This is no .xlsx workbook; open it in Excel or WPS and save it as .xlsx"),
    "file_damaged": (("part",), "The workbook is damaged; open it in Excel or WPS, let it repair, and save it again"),
    "file_unpacks_too_large": (("part",), "A part unpacks to more than any ledger holds; the file was refused unread"),
    "file_too_many_parts": (("parts", "parts_max"), "The workbook has too many parts; copy the sheets to a new one"),
    "file_too_many_rows": (("sheet", "rows_max"), "A sheet has too many rows; divide the ledger among several files"),
}
"""Codes of `WorkbookUnreadable`: names of the blanks, and the English words of the exception."""

ERROR_CODES: Mapping[str, tuple[str, ...]] = {
    # The sheet.
    "columns_missing": ("kind", "missing", "found"),
    # One cell, found in reading.
    "value_missing": (),
    "text_too_long": ("length_max",),
    "formula": (),
    "cell_error": (),
    "digits_lost": (),
    "became_date": (),
    "date_invalid": (),
    "level_unknown": ("known",),
    "period_invalid": (),
    "copy_invalid": (),
    "copy_missing": ("copies",),
    "copies_missing": ("copy",),
    "copy_over": ("copy", "copies"),
    "carrier_kind_unknown": ("known",),
    "place_kind_unknown": ("known",),
    "post_class_unknown": ("known",),
    "flag_unknown": (),
    "epc_invalid": (),
    "tid_invalid": (),
    # Against other rows and the register, found in resolving.
    "code_repeated": ("first_sheet", "first"),
    "differs_from_register": ("fields",),
    "cell_differs": ("registered",),
    "number_repeated": ("first_sheet", "first"),
    "copies_disagree": ("first_sheet", "first", "copies"),
    "epc_repeated": ("first_sheet", "first"),
    "unit_missing": (),
    "unit_unknown": (),
    "unit_ambiguous": (),
    "place_unknown": (),
    "place_ambiguous": (),
    "person_unknown": (),
    "person_ambiguous": (),
    "parent_cyclic": (),
    "portal_sides_missing": (),
    "scope_unknown": ("name",),
    "scope_ambiguous": ("name",),
    "holder_missing": (),
    "borrowed_on_missing": (),
    "due_on_missing": (),
    "due_before_borrowed": ("borrowed_on",),
    "borrowed_in_future": ("day",),
    # A rule of the books objects: its clause, its code in `custody.procedures.CODES`, and that code's blanks.
    "refused": ("clause", "refusal"),
}
"""Codes of `RowError`: names of the blanks besides sheet, row, column, cell and value, which all have."""

NOTE_CODES: Mapping[str, tuple[str, ...]] = {
    "sheet_ignored": (),
    "sheet_hidden": (),
    "columns_ignored": ("columns",),
    "columns_doubled": ("columns", "used"),
    "rows_ignored": ("rows", "first"),
    "external_links_ignored": ("links",),
    "scope_blank": ("rows", "first"),
    "untagged": ("rows", "first"),
    "unshelved": ("rows", "first"),
    "outside_block": ("rows", "first"),
}
"""Codes of `RowNote`: names of the blanks besides sheet."""


@dataclass(frozen=True, slots=True)
class RowError:
    """One thing wrong: where, what stands there, and why it cannot be taken. `cell` such as `C7` where it is one."""

    sheet: str
    row: int
    column: str
    value: str
    code: str
    params: Params = field(default_factory=dict)
    cell: str = ""

    def blanks(self) -> Params:
        """Everything that the catalogue's words may name."""
        place: dict[str, str | int] = {
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "value": self.value,
            "cell": self.cell,
        }
        return place | dict(self.params)


@dataclass(frozen=True, slots=True)
class RowNote:
    """Something the reader should know that stands against nothing."""

    sheet: str
    code: str
    params: Params = field(default_factory=dict)

    def blanks(self) -> Params:
        """Everything that the catalogue's words may name."""
        return {"sheet": self.sheet} | dict(self.params)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused unread, and what stops the reading."""

    bytes_max: int = 50 * 1024 * 1024
    rows_max: int = 200_000
    columns_max: int = 256
    parts_max: int = 2_000
    sheet_bytes_max: int = 400 * 1024 * 1024
    """Unpacked, of one sheet."""
    strings_bytes_max: int = 96 * 1024 * 1024
    """Unpacked, of the shared strings."""
    other_bytes_max: int = 24 * 1024 * 1024
    """Unpacked, of any other part that is parsed whole."""
    total_bytes_max: int = 800 * 1024 * 1024
    ratio_max: int = 200
    """Unpacked to packed, for parts over one megabyte: a ledger packs ten- to fiftyfold."""
    text_max: int = 1_000
    """Characters of one cell."""


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit; `parent` as written: code or name, empty at the top."""

    sheet: str
    row: int
    code: str
    name: str
    name_en: str = ""
    parent: str = ""


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place; `rating` a level's code or None for that of the place around it."""

    sheet: str
    row: int
    code: str
    name: str
    kind: PlaceKind
    name_en: str = ""
    parent: str = ""
    rating: str | None = None
    storage: bool = False
    responsible: str = ""
    inside: str = ""
    outside: str = ""


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person and the post; days are ISO dates or empty."""

    sheet: str
    row: int
    number: str
    name: str
    name_en: str = ""
    unit: str = ""
    post: str = ""
    post_class: PostClass | None = None
    cleared_from: str = ""
    cleared_until: str = ""
    left_on: str = ""


@dataclass(frozen=True, slots=True)
class CarrierRow:
    """A carrier; `unit`, `home`, `holder` and the names in `scope` as written; days are ISO dates or empty."""

    sheet: str
    row: int
    number: str
    copy: int
    copies: int
    title: str
    kind: CarrierKind
    level: str
    period: Period
    scope: tuple[str, ...]
    unit: str = ""
    classified_on: str = ""
    basis: str = ""
    determined_by: str = ""
    medium: str = "paper"
    pages: int | None = None
    issuer: str = ""
    issuer_number: str = ""
    remark: str = ""
    home: str = ""
    epc: str = ""
    tid: str | None = None
    holder: str = ""
    borrowed_on: str = ""
    due_on: str = ""
    archive_by: str = ""


@dataclass(frozen=True, slots=True)
class ColumnRead:
    """A column of a sheet: for what it was taken, and how that was found out (`api.workbook.guessing.How`)."""

    column: int
    """From 0."""
    letter: str
    header: str
    field: str
    """Empty where it is left out."""
    how: str
    samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SheetRead:
    """A sheet that was read: which rows of it, and its columns."""

    sheet: str
    kind: SheetKind
    header_row: int
    columns: tuple[ColumnRead, ...]
    rows: int


Headings = Mapping[tuple[str, str], tuple[str, str]]
"""(sheet, field) -> (the header as written, the column's letter)."""


@dataclass(frozen=True, slots=True)
class Workbook:
    """All that was read. Rows with an error are not among the records; nothing is entered while there are errors."""

    units: tuple[UnitRow, ...] = ()
    places: tuple[PlaceRow, ...] = ()
    persons: tuple[PersonRow, ...] = ()
    carriers: tuple[CarrierRow, ...] = ()
    as_of: str = ""
    """ISO date on which the ledger was drawn up, where its title rows say so."""
    notes: tuple[RowNote, ...] = ()
    errors: tuple[RowError, ...] = ()
    headings: Headings = field(default_factory=dict)
    sheets: tuple[SheetRead, ...] = ()
