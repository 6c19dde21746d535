"""The column 应归档日期: by which day a carrier is to be archived (clause f.3)."""

from datetime import datetime
from typing import Any

import pytest

from custody.entries import Imported
from custody.register import Directory
from tests.workbook.builders import Numbers, a_ledger, an_institute, planned, read


def days(directory: Directory, **cells: Any) -> list[str]:
    """The days of archiving that a ledger's carriers come in with."""
    plan = planned(a_ledger(**cells), directory, allocate=Numbers())
    return [fact.description.archive_by for fact in plan.facts if isinstance(fact, Imported)]


@pytest.mark.parametrize(
    "cells",
    [
        {"应归档日期": "2027-06-30"},
        {"归档期限": "2027年6月30日"},
        {"Archive by": datetime.fromisoformat("2027-06-30")},
    ],
)
def test_the_day_comes_in_with_the_carrier(cells: dict[str, Any]) -> None:
    assert days(an_institute(), **cells) == ["2027-06-30"]


def test_without_the_column_it_is_not_to_be_archived() -> None:
    assert days(an_institute()) == [""]


def test_what_is_no_day_is_named_with_its_cell() -> None:
    found = read(a_ledger(应归档日期="年底"))
    assert [(error.code, error.cell) for error in found.errors] == [("date_invalid", "E2")]
