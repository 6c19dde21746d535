"""The tables of the comparison as SQLAlchemy Core sees them, and what both engines spell differently."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, exists, func, literal, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

import reconcile.store.tables as _tables  # declares them
from custody.store.schema import chunks

__all__ = ["IS_OPEN", "UNDO", "Connection", "insert_new", "not_undone", "paths_agree", "stands_in"]

_ = _tables
_BY_NAME = SQLModel.metadata.tables

DEVICE: Table = _BY_NAME["device"]
READER: Table = _BY_NAME["reader"]
ANTENNA: Table = _BY_NAME["antenna"]
SIGHTING: Table = _BY_NAME["sighting"]
COVERAGE: Table = _BY_NAME["coverage"]
READER_EVENT: Table = _BY_NAME["reader_event"]
READER_INPUT: Table = _BY_NAME["reader_input"]
DOOR_ALARM: Table = _BY_NAME["door_alarm"]
DOOR_LIST: Table = _BY_NAME["door_list"]
PORTAL: Table = _BY_NAME["portal"]
TRIAL: Table = _BY_NAME["trial"]
TRIAL_TAG: Table = _BY_NAME["trial_tag"]
LYING: Table = _BY_NAME["lying"]
TAP: Table = _BY_NAME["tap"]
BADGE_USE: Table = _BY_NAME["badge_use"]
REFERENCE_TAG: Table = _BY_NAME["reference_tag"]
ANTENNA_ALIVE: Table = _BY_NAME["antenna_alive"]
ANTENNA_TITLE: Table = _BY_NAME["antenna_title"]
READER_SETUP: Table = _BY_NAME["reader_setup"]
READER_MINUTE: Table = _BY_NAME["reader_minute"]
PRESENCE: Table = _BY_NAME["presence"]
STAY: Table = _BY_NAME["stay"]
FINDING: Table = _BY_NAME["finding"]
FINDING_EVENT: Table = _BY_NAME["finding_event"]
ROUND: Table = _BY_NAME["round"]
ROUND_EXPECTED: Table = _BY_NAME["round_expected"]
ROUND_SCAN: Table = _BY_NAME["round_scan"]
ROUND_TERMS: Table = _BY_NAME["round_terms"]
ROUND_EVENT: Table = _BY_NAME["round_event"]
COUNT_SCAN: Table = _BY_NAME["count_scan"]
CURSOR: Table = _BY_NAME["cursor"]
NOTICE: Table = _BY_NAME["notice"]
CASE: Table = _BY_NAME["finding_case"]
CASE_MEMBER: Table = _BY_NAME["case_member"]
CASE_EVENT: Table = _BY_NAME["case_event"]
CASE_FILE: Table = _BY_NAME["case_file"]
HANDHELD_UPLOAD: Table = _BY_NAME["handheld_upload"]
HANDHELD_READ: Table = _BY_NAME["handheld_read"]
HAND_OVER: Table = _BY_NAME["hand_over"]
CONCLUSION: Table = _BY_NAME["presence_conclusion"]
PRESENCE_CHECKPOINT: Table = _BY_NAME["presence_checkpoint"]
CALIBRATION: Table = _BY_NAME["calibration"]
CALIBRATION_USE: Table = _BY_NAME["calibration_use"]
TAG_READABILITY: Table = _BY_NAME["tag_readability"]

IS_OPEN = text("finding.open")
"""The very words of the partial indexes' condition: by `open = 1` SQLite would not know that they serve."""


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows whose keys are not there yet; the others change nothing."""
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert
    for chunk in chunks(rows):
        connection.execute(insert(table).on_conflict_do_nothing(), [dict(row) for row in chunk])


def stands_in(path: ColumnElement[str], outer: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the place of one path is the other place, or stands in it."""
    return func.substr(path, 1, func.length(outer)) == outer


def paths_agree(one: ColumnElement[str], other: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether two places can be the same stay: the SQL of `reconcile.checks.agrees`."""
    return stands_in(one, other) | stands_in(other, one)


UNDO = "undo:"
"""The event that undoes another is named after it: undoing twice is undoing once, and the unique index finds it."""


def not_undone() -> ColumnElement[bool]:
    """Scans that were not taken back, and are no taking back themselves (asked of `round_scan`)."""
    undo = ROUND_SCAN.alias("undo")
    undone = exists().where(undo.c.round == ROUND_SCAN.c.round, undo.c.event == literal(UNDO) + ROUND_SCAN.c.event)
    return (ROUND_SCAN.c.means != "undo") & ~undone
