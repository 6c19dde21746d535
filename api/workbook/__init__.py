"""The workbook import: a ledger kept in Excel becomes facts, after every row has been judged.

Two steps. `read_workbook` knows the file and nothing of the books; `resolve` holds its rows against the directory
and the numbers already registered, and gives a `Plan`. A plan with errors has no facts; one without can be entered.
"""

from api.workbook.guessing import Directory as Named
from api.workbook.model import (
    ERROR_CODES,
    FILE_CODES,
    NOTE_CODES,
    CarrierRow,
    ColumnRead,
    Limits,
    PersonRow,
    PlaceRow,
    RowError,
    RowNote,
    SheetRead,
    UnitRow,
    Workbook,
    WorkbookUnreadable,
)
from api.workbook.reading import read_workbook
from api.workbook.resolving import Allocate, Loan, Plan, resolve, shift_loans

__all__ = [
    "ERROR_CODES",
    "FILE_CODES",
    "NOTE_CODES",
    "Allocate",
    "CarrierRow",
    "ColumnRead",
    "Limits",
    "Loan",
    "Named",
    "PersonRow",
    "PlaceRow",
    "Plan",
    "RowError",
    "RowNote",
    "SheetRead",
    "UnitRow",
    "Workbook",
    "WorkbookUnreadable",
    "read_workbook",
    "resolve",
    "shift_loans",
]
