"""Rows that cannot be taken: each kind of mistake, where it stands, and what is said of it."""

from datetime import datetime
from typing import Any

import pytest
from openpyxl import Workbook as Excel

from api.workbook import ERROR_CODES, RowError
from custody.procedures import CODES as REFUSALS
from tests.workbook.builders import GOOD, HEADERS, a_ledger, a_workbook, codes, planned, read, saved

EPC = "3414F4A20000000000000001"


def checked(errors: tuple[RowError, ...]) -> tuple[RowError, ...]:
    """The errors, each with exactly the blanks that the catalogue knows for its code."""
    for error in errors:
        wanted = set(ERROR_CODES[error.code])
        if error.code == "refused":
            wanted |= set(REFUSALS[str(error.params["refusal"])])
        assert set(error.params) == wanted, error
        assert set(error.blanks()) == wanted | {"sheet", "row", "column", "value", "cell"}
    return errors


@pytest.mark.parametrize(
    ("cells", "code", "cell"),
    [
        ({"编号": None}, "value_missing", "A2"),
        ({"编号": "  "}, "value_missing", "A2"),
        ({"标题": None}, "value_missing", "B2"),
        ({"密级": None}, "value_missing", "C2"),
        ({"密级": "很密"}, "level_unknown", "C2"),
        ({"密级": "机密★很久"}, "period_invalid", "C2"),
        ({"编号": datetime.fromisoformat("2024-01-01")}, "became_date", "A2"),
        ({"编号": 2024000100010001000}, "digits_lost", "A2"),
        ({"标题": "长" * 1_001}, "text_too_long", "B2"),
        ({"保密期限": "0年"}, "period_invalid", "E2"),
        ({"定密日期": "去年"}, "date_invalid", "E2"),
        ({"份号": "4/3"}, "copy_over", "E2"),
        ({"份号": "甲"}, "copy_invalid", "E2"),
        ({"总份数": 12}, "copy_missing", "E2"),
        ({"份号": 3}, "copies_missing", "E2"),
        ({"载体类别": "飞艇"}, "carrier_kind_unknown", "E2"),
        ({"标签": "XYZ"}, "epc_invalid", "E2"),
        ({"标签": EPC, "TID": "E"}, "tid_invalid", "F2"),
        ({"标题": "=B1&C1"}, "formula", "B2"),
        ({"密级": "=IF(A1=1,\"机密\",\"秘密\")"}, "formula", "C2"),
        ({"备注": "#REF!"}, "cell_error", "E2"),
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_read_is_named(cells: dict[str, Any], code: str, cell: str) -> None:
    found = read(a_ledger(**cells))
    assert [(error.code, error.cell, error.row) for error in checked(found.errors)] == [(code, cell, 2)]
    assert found.carriers == ()


def test_a_formula_is_shown_as_it_is_written() -> None:
    (error,) = read(a_ledger(标题="=VLOOKUP(A2,'[1]2023'!A:B,2)")).errors
    assert (error.column, error.value) == ("标题", "=VLOOKUP(A2,'[1]2023'!A:B,2)")


def test_text_that_only_begins_like_a_formula_is_text() -> None:
    book = Excel()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADERS)
    sheet.append(GOOD)
    sheet["B2"].value = "=附件目录="
    sheet["B2"].data_type = "s"
    assert read(saved(book)).carriers[0].title == "=附件目录="


def test_every_error_of_every_row_is_collected_in_order() -> None:
    rows = [
        HEADERS,
        (None, "甲", "很密", "研究部"),
        GOOD,
        ("YS-2", None, "机密", "研究部"),
        ("YS-3", "=A1", None, None),
    ]
    found = read(a_workbook({"载体": rows, "人员": [("工号", "姓名", "部门"), (None, "周敏", "YS")]}))
    said = [(error.sheet, error.cell, error.code) for error in checked(found.errors)]
    assert said == [
        ("载体", "A2", "value_missing"),
        ("载体", "C2", "level_unknown"),
        ("载体", "B4", "value_missing"),
        ("载体", "B5", "formula"),
        ("载体", "C5", "value_missing"),
        ("人员", "A2", "value_missing"),
    ]
    assert [carrier.row for carrier in found.carriers] == [3]


def test_numbers_kept_as_floats_are_the_texts_that_people_see() -> None:
    row = ("编号", 12.0), ("份号", 2.0), ("总份数", 3.0), ("页数", 40.0), ("持有人", 1007.0), ("来文号", 7.5)
    found = read(a_ledger(**dict(row)))
    carrier = found.carriers[0]
    said = (carrier.number, carrier.copy, carrier.copies, carrier.pages, carrier.holder, carrier.issuer_number)
    assert said == ("12", 2, 3, 40, "1007", "7.5")


def test_chinese_text_arrives_whole() -> None:
    title = "“𠮷野”项目（第㈢阶段）—— 总结：①进度；②经费《附录·甲》"
    assert read(a_ledger(标题=title)).carriers[0].title == title


def test_what_has_come_back_is_not_on_loan() -> None:
    cells = {"持有人": "1007", "借出日期": "2024-01-01", "应还日期": "2024-01-15", "归还日期": "2024-01-10"}
    carrier = read(a_ledger(**cells)).carriers[0]
    assert (carrier.holder, carrier.borrowed_on, carrier.due_on) == ("", "", "")


LENT = {"持有人": "1007", "借出日期": "2026-11-01", "应还日期": "2026-11-20", "知悉范围": "全体"}


@pytest.mark.parametrize(
    ("cells", "code", "column"),
    [
        ({"责任单位": "后勤部"}, "unit_unknown", "责任单位"),
        ({"责任单位": None, "备注": "x"}, "unit_missing", "责任单位"),
        ({"存放地点": "B9"}, "place_unknown", "存放地点"),
        ({"存放地点": "B1-store"}, "no_storage", "存放地点"),
        ({"存放地点": "B1-hall"}, "rated_too_low", "存放地点"),
        ({"存放地点": "B1-01-1", "密级": "绝密"}, "rated_too_low", "存放地点"),
        ({"保密期限": "21年"}, "period_beyond_maximum", "保密期限"),
        ({"保密期限": "241个月"}, "period_beyond_maximum", "保密期限"),
        ({"保密期限": "长期"}, "period_beyond_maximum", "保密期限"),
        ({"保密期限": "条件：公开后"}, "period_beyond_maximum", "保密期限"),
        ({"保密期限": "至2045-01-02", "定密日期": "2025-01-01"}, "period_beyond_maximum", "保密期限"),
        ({"保密期限": "至2030-01-01"}, "period_unclear", "保密期限"),
        ({"保密期限": "10年", "密级": "内部"}, "period_on_internal", "保密期限"),
        ({"页数": 0}, "pages_impossible", "页数"),
        ({"知悉范围": "研究部；火星组"}, "scope_unknown", "知悉范围"),
        ({"知悉范围": "李明"}, "scope_ambiguous", "知悉范围"),
        (LENT | {"持有人": "2001"}, "person_unknown", "持有人"),
        (LENT | {"持有人": "李明"}, "person_ambiguous", "持有人"),
        (LENT | {"持有人": None}, "holder_missing", "持有人"),
        (LENT | {"借出日期": None}, "borrowed_on_missing", "借出日期"),
        (LENT | {"应还日期": None}, "due_on_missing", "应还日期"),
        (LENT | {"应还日期": "2026-10-31"}, "due_before_borrowed", "应还日期"),
        (LENT | {"借出日期": "2026-11-23", "应还日期": "2026-11-24"}, "borrowed_in_future", "借出日期"),
        (LENT | {"持有人": "1009"}, "not_cleared", "持有人"),
        (LENT | {"持有人": "1033", "知悉范围": "研究部"}, "outside_scope", "持有人"),
        (LENT | {"持有人": "1025", "密级": "内部"}, "borrower_left", "持有人"),
    ],
)  # fmt: skip
def test_a_row_that_the_books_would_refuse_is_named(cells: dict[str, Any], code: str, column: str) -> None:
    plan = planned(a_ledger(**cells))
    assert codes(checked(plan.errors)) == [code]
    assert (plan.errors[0].column, plan.errors[0].row) == (column, 2)
    assert (plan.facts, plan.loans) == ((), ())


@pytest.mark.parametrize(
    "cells",
    [
        {"保密期限": "20年"},
        {"保密期限": "21年", "期限批准机关": "保密委员会"},
        {"保密期限": "长期", "期限批准机关": "保密委员会"},
        {"保密期限": "至2045-01-01", "定密日期": "2025-01-01"},
        {"密级": "内部"},
        {"存放地点": "1号柜1层"},
        {"知悉范围": "研究部；核心岗位、1007，周敏;Planning"},
        LENT,
        LENT | {"持有人": "1007 陈国栋"},
        LENT | {"持有人": "陈国栋（1007）"},
        LENT | {"持有人": "1031", "密级": "内部", "知悉范围": None},
        LENT | {"借出日期": "2020-01-01", "应还日期": "2020-12-31"},
    ],
)
def test_a_row_that_the_books_would_take_is_not_refused(cells: dict[str, Any]) -> None:
    plan = planned(a_ledger(**cells))
    assert codes(plan.errors) == []
    assert plan.counts["carriers"] == 1


WITH_COPIES = (*HEADERS, "份号", "总份数", "标签")


@pytest.mark.parametrize(
    ("second", "expected", "column"),
    [
        (("YS-1", "甲", "机密", "研究部", 1, 3, ""), "number_repeated", "编号"),
        (("YS-1", "甲", "机密", "研究部", 2, 4, ""), "copies_disagree", "总份数"),
        (("YS-2", "乙", "机密", "研究部", 1, 3, EPC.lower()), "epc_repeated", "标签"),
    ],
)
def test_rows_that_contradict_each_other_name_the_first(second: tuple[Any, ...], expected: str, column: str) -> None:
    first = ("YS-1", "甲", "机密", "研究部", 1, 3, EPC)
    plan = planned(a_workbook({"载体": [WITH_COPIES, first, second]}))
    (error,) = checked(plan.errors)
    assert (error.code, error.column, error.row) == (expected, column, 3)
    assert (error.params["first_sheet"], error.params["first"]) == ("载体", 2)


def test_the_same_row_number_on_another_sheet_is_another_row() -> None:
    row = ("YS-1", "甲", "机密", "研究部", 1, 3, EPC)
    plan = planned(a_workbook({"载体": [WITH_COPIES, row], "载体2": [WITH_COPIES, row]}))
    assert [(error.sheet, error.code) for error in checked(plan.errors)] == [
        ("载体2", "number_repeated"),
        ("载体2", "epc_repeated"),
    ]


def test_what_is_in_the_register_already_is_refused() -> None:
    row = ("YS-1", "甲", "机密", "研究部", 2, 3, EPC)
    data = a_workbook({"载体": [WITH_COPIES, row]})
    plan = planned(data, known_numbers={("YS-1", 2)}, known_epcs={EPC})
    assert codes(checked(plan.errors)) == ["number_taken", "epc_known"]
    assert codes(planned(data, known_numbers={("YS-1", 1)}, known_epcs={EPC[:-1] + "2"}).errors) == []
