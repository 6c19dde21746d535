"""What a handheld exports: text of whatever encoding and shape to rows, rows to reads. Pure; nothing is guessed."""

from readers.handheld.columns import ROLES, Column, Layout, Role, recognise, with_roles
from readers.handheld.reading import Read, RefusedRow, Said, Understood, sightings_of, understand
from readers.handheld.text import BYTES_MAX, ROWS_MAX, FileUnreadable, Table, read_text
from readers.handheld.values import NUMBER_MARK, ValueWrong, epc_of, instant_of

__all__ = [
    "BYTES_MAX",
    "NUMBER_MARK",
    "ROLES",
    "ROWS_MAX",
    "Column",
    "FileUnreadable",
    "Layout",
    "Read",
    "RefusedRow",
    "Role",
    "Said",
    "Table",
    "Understood",
    "ValueWrong",
    "epc_of",
    "instant_of",
    "read_text",
    "recognise",
    "sightings_of",
    "understand",
    "with_roles",
]
