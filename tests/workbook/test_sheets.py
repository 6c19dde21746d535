"""Finding the table: sheets by name or header, the header under titles, columns in any order and by many names."""

import csv
import os
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook as Excel

from api.workbook import NOTE_CODES, Workbook
from tests.workbook.builders import GOOD, HEADERS, a_workbook, codes, read, saved

TITLE = ("涉密载体台账",)


def only(found: Workbook) -> Any:
    """The one carrier of a workbook without errors."""
    assert codes(found.errors) == []
    assert len(found.carriers) == 1
    return found.carriers[0]


@pytest.mark.parametrize("above", [0, 1, 2, 19])
def test_the_header_is_found_under_title_rows(above: int) -> None:
    rows = [TITLE] * above + [HEADERS, GOOD]
    carrier = only(read(a_workbook({"载体": rows})))
    assert (carrier.number, carrier.row) == ("YS-2024-00001", above + 2)


def test_a_header_below_the_twentieth_row_is_not_looked_for() -> None:
    found = read(a_workbook({"载体": [TITLE] * 20 + [HEADERS, GOOD]}))
    assert codes(found.errors) == ["columns_missing"]


def test_required_marks_line_feeds_and_help_in_the_header_are_ignored() -> None:
    headers = (
        "  *编号\n（院内统一编号，不得改动）",
        "* 标 题",
        "*密级\n（从下拉栏中选择）",
        "责任单位【全称】",
        "份号 (n/m)",
    )
    carrier = only(read(a_workbook({"Sheet1": [headers, (*GOOD, "2/3")]})))
    assert (carrier.title, carrier.level, carrier.unit, carrier.copy) == ("总体技术方案", "secret", "研究部", 2)


def test_columns_in_english_and_any_order() -> None:
    rows = [("Level", "Copy number", "Responsible unit", "Title", "Control No", "Home shelf"),
            ("Top Secret", "1 of 2", "Research", "Drawings", 12.0, "B1-01-1")]  # fmt: skip
    carrier = only(read(a_workbook({"Ledger 2024": rows})))
    assert (carrier.level, carrier.copies, carrier.number, carrier.home) == ("top_secret", 2, "12", "B1-01-1")


def test_a_header_merged_over_two_rows() -> None:
    book = Excel()
    sheet = book.active
    assert sheet is not None
    sheet.title = "载体"
    for row in (TITLE, ("编号", "标题", "密级", "责任单位", "借阅情况", None, None),
                (None, None, None, None, "持有人", "借出日期", "应还日期"),
                (*GOOD, "1007", "2026-11-01", "2026-11-15")):  # fmt: skip
        sheet.append(row)
    sheet.merge_cells("A1:G1")
    sheet.merge_cells("E2:G2")
    for column in "ABCD":
        sheet.merge_cells(f"{column}2:{column}3")
    carrier = only(read(saved(book)))
    assert (carrier.row, carrier.holder, carrier.borrowed_on, carrier.due_on) == (4, "1007", "2026-11-01", "2026-11-15")


def test_missing_columns_are_one_error_that_lists_what_was_found() -> None:
    found = read(a_workbook({"载体": [TITLE, ("编号", "名称", "保管员", "数量"), ("1", "甲", "乙", 3)]}))
    (error,) = found.errors
    assert (error.code, error.row) == ("columns_missing", 2)
    assert error.params == {"kind": "carriers", "missing": "密级", "found": "编号、名称、保管员、数量"}


@pytest.mark.parametrize(
    "sheets",
    [
        {"Sheet1": [("甲", "乙", "丙"), (1, 2, 3)]},
        {"载体": [("姓", "名"), (1, 2)]},
        {"Sheet1": []},
        {"Sheet1": [(None, None), ("", "  ")]},
    ],
)
def test_a_workbook_without_any_known_sheet_is_an_error(sheets: dict[str, Any]) -> None:
    found = read(a_workbook(sheets))
    assert codes(found.errors) == ["columns_missing"]
    assert found.errors[0].params["missing"] == "编号、标题、密级"


def test_other_sheets_and_columns_are_noted_not_refused() -> None:
    sheets: dict[str, Any] = {
        "说明": [("填写说明",), ("请勿改动格式",)],
        "载体": [("序号", *HEADERS, "颜色", "部门"), (1, *GOOD, "红", "规划部")],
    }
    found = read(a_workbook(sheets))
    assert only(found).unit == "研究部"
    said = {note.code: dict(note.params) for note in found.notes}
    assert said == {
        "sheet_ignored": {},
        "columns_ignored": {"columns": "颜色"},
        "columns_doubled": {"columns": "部门", "used": "责任单位"},
    }
    assert all(set(params) == set(NOTE_CODES[code]) for code, params in said.items())


def test_blank_rows_repeated_headers_and_totals_are_no_carriers() -> None:
    rows = [
        HEADERS,
        GOOD,
        (),
        (None, " "),
        HEADERS,
        ("YS-2", "乙", "内部", "研究部"),
        ("合计", None, None, 2),
        ("制表：周敏",),
    ]
    found = read(a_workbook({"载体": rows}))
    assert codes(found.errors) == []
    assert [carrier.row for carrier in found.carriers] == [2, 6]
    assert [(note.code, dict(note.params)) for note in found.notes] == [("rows_ignored", {"rows": 2, "first": 7})]


@pytest.mark.parametrize(
    "words", ["截至 2026-11-20 / as of 2026-11-20", "As of 2026-11-20", "截至：2026年11月20日", "截止2026/11/20"]
)
def test_as_of_when_the_ledger_was_drawn_up(words: str) -> None:
    assert read(a_workbook({"载体": [TITLE, (None, words), HEADERS, GOOD]})).as_of == "2026-11-20"


def test_all_four_kinds_of_sheet_by_their_headers_alone() -> None:
    sheets: dict[str, Any] = {
        "a": [("单位编号", "单位名称", "上级单位"), ("YS", "研究院", None)],
        "b": [("编号", "名称", "类别", "上级", "定级", "可存放"), ("B1", "一号楼", "楼宇", None, "内部", "否")],
        "c": [("工号", "姓名", "部门", "涉密岗位类别"), (1001.0, "周敏", "YS", "核心")],
        "d": [HEADERS, GOOD],
    }
    found = read(a_workbook(sheets))
    assert codes(found.errors) == []
    assert (found.units[0].code, found.places[0].rating, found.persons[0].number, len(found.carriers)) == (
        "YS", "internal", "1001", 1,
    )  # fmt: skip


def _sampled_headers() -> list[Any]:
    folder = os.environ.get("CUSTODY_SAMPLES")
    path = Path(folder, "ledger-headers", "headers.csv") if folder else None
    if path is None or not path.exists():
        return [pytest.param("", 0, [], marks=pytest.mark.skip("CUSTODY_SAMPLES holds no ledger-headers/headers.csv"))]
    with path.open(encoding="utf-8", newline="") as lines:
        return [pytest.param(row[0], int(row[1] or 1), row[2:], id=row[0]) for row in list(csv.reader(lines))[1:]]


@pytest.mark.parametrize(("source", "row", "headers"), _sampled_headers())
def test_the_headers_of_real_ledgers_are_known_or_clearly_refused(source: str, row: int, headers: list[str]) -> None:
    found = read(a_workbook({"Sheet1": [TITLE] * (row - 1) + [headers]}))
    if found.errors:
        (error,) = found.errors
        assert (error.code, error.row) == ("columns_missing", row), source
        assert error.params["missing"]
        assert error.params["found"]
    else:
        known = {field for _sheet, field in found.headings}
        assert {"number", "title", "level"} <= known, source
