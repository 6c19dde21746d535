"""What stands in a cell, and what it means: the forms that are met in ledgers."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.datetime import WINDOWS_EPOCH

from api.workbook import cells as parse
from api.workbook.cells import CellWrong
from custody.scheme import LEVELS_DEFAULT
from custody.values import Period
from tests.workbook.builders import SCHEME


def excel_day(iso: str) -> datetime:
    """A day as Excel gives it: midnight, without a time zone."""
    return datetime.fromisoformat(iso)


def wrong(parser: Any, *arguments: Any) -> str:
    """The code with which a cell is refused."""
    with pytest.raises(CellWrong) as caught:
        parser(*arguments)
    return caught.value.code


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        (None, ""),
        ("", ""),
        (excel_day("2026-03-05"), "2026-03-05"),
        (date(2026, 3, 5), "2026-03-05"),
        ("2026-03-05", "2026-03-05"),
        ("2026-3-5 00:00:00", "2026-03-05"),
        ("2026/3/5", "2026-03-05"),
        ("2026.3.5", "2026-03-05"),
        ("2026年3月5日", "2026-03-05"),
        ("2026 年 3 月 5 日", "2026-03-05"),
        ("２０２６年３月５日", "2026-03-05"),
        ("20260305", "2026-03-05"),
        (20260305, "2026-03-05"),
        (20260305.0, "2026-03-05"),
        (46086, "2026-03-05"),
        ("5 Mar 2026", "2026-03-05"),
        ("5 March 2026", "2026-03-05"),
    ],
)
def test_a_day_is_read_in_every_form_that_ledgers_use(cell: Any, day: str) -> None:
    assert parse.iso_day(cell, WINDOWS_EPOCH) == day


@pytest.mark.parametrize(
    "cell",
    ["3/5/2026", "2026-02-30", "2026年13月1日", "2026年3月", "不详", "5 Mär 2026", 12, True, -1, 10**12, "0026-03-05",
     excel_day("1604-01-01")],
)  # fmt: skip
def test_a_day_that_could_be_another_is_refused(cell: Any) -> None:
    assert wrong(parse.iso_day, cell, WINDOWS_EPOCH) == "date_invalid"


DAYS = st.dates(date(1950, 1, 1), date(2150, 12, 31))


@given(DAYS)
def test_every_day_reads_the_same_in_every_form(day: date) -> None:
    midnight = excel_day(day.isoformat())
    forms: list[Any] = [
        day,
        midnight,
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}",
        int(f"{day:%Y%m%d}"),
        (midnight - WINDOWS_EPOCH).days,
    ]
    assert {parse.iso_day(form, WINDOWS_EPOCH) for form in forms} == {day.isoformat()}


@pytest.mark.parametrize(
    ("cell", "period"),
    [
        (None, Period("maximum")),
        ("—", Period("maximum")),
        ("20年", Period("years", "20")),
        ("20 years", Period("years", "20")),
        ("20 Y", Period("years", "20")),
        (20, Period("years", "20")),
        (20.0, Period("years", "20")),
        ("二十年", Period("years", "20")),
        ("十五年", Period("years", "15")),
        ("6个月", Period("months", "6")),
        ("6 months", Period("months", "6")),
        ("半年", Period("months", "6")),
        ("至2030-01-01", Period("date", "2030-01-01")),
        ("至2030年1月1日止", Period("date", "2030-01-01")),
        ("2030年1月1日前", Period("date", "2030-01-01")),
        ("until 2030-01-01", Period("date", "2030-01-01")),
        (excel_day("2030-01-01"), Period("date", "2030-01-01")),
        ("长期", Period("long_term")),
        ("Long-term", Period("long_term")),
        ("条件：产品公开发布后", Period("condition", "产品公开发布后")),
        ("condition: after publication", Period("condition", "after publication")),
        ("启封前", Period("condition", "启封前")),
    ],
)
def test_a_period_is_years_months_a_date_a_condition_or_long_term(cell: Any, period: Period) -> None:
    assert parse.period(cell, WINDOWS_EPOCH) == period


@pytest.mark.parametrize(
    "cell", ["0年", "若干", "条件：", "至2030-02-31", "20年或更长", "2030年前后", "-3年", "一十十年"]
)
def test_a_period_that_says_nothing_certain_is_refused(cell: str) -> None:
    assert wrong(parse.period, cell, WINDOWS_EPOCH) == "period_invalid"


@given(st.integers(1, 99), st.sampled_from(["{}年", "{} 年", "{}y", "{} Years", "{}"]))
def test_years_survive_their_form(count: int, form: str) -> None:
    assert parse.period(form.format(count), WINDOWS_EPOCH) == Period("years", str(count))


@given(DAYS, st.sampled_from(["至{}", "{}", "至 {} 止", "until {}"]))
def test_a_date_as_period_survives_its_form(day: date, form: str) -> None:
    assert parse.period(form.format(day), WINDOWS_EPOCH) == Period("date", day.isoformat())


@given(st.text(max_size=12))
def test_any_text_is_a_period_or_refused_by_name(text: str) -> None:
    outcome = ""
    try:
        found = parse.period(text, WINDOWS_EPOCH)
    except CellWrong as why:
        outcome = why.code
    else:
        outcome = "read" if found.kind in ("maximum", "long_term") or found.value else f"{found} says nothing"
    assert outcome in ("read", "period_invalid")


@given(st.sampled_from(LEVELS_DEFAULT), st.sampled_from([str, str.upper, str.lower, lambda t: f"  {t} "]))
def test_a_level_is_known_in_both_languages(level: Any, dressed: Any) -> None:
    for name in (level.name_zh, level.name_en, level.code, level.name_en.replace(" ", "-")):
        assert parse.level_and_period(dressed(name), SCHEME, WINDOWS_EPOCH) == (level.code, None)


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("机密★20年", ("secret", Period("years", "20"))),
        ("机密 ★ 6个月", ("secret", Period("months", "6"))),
        ("绝密★长期", ("top_secret", Period("long_term"))),
        ("秘密★", ("confidential", None)),
        ("SECRET★20 Y", ("secret", Period("years", "20"))),
        ("机密级", ("secret", None)),
    ],
)
def test_a_mark_holds_level_and_period(mark: str, expected: tuple[str, Period | None]) -> None:
    assert parse.level_and_period(mark, SCHEME, WINDOWS_EPOCH) == expected


@pytest.mark.parametrize("cell", ["公开", "密", "机密秘密", "3", "★20年"])
def test_an_unknown_level_is_refused_with_the_known_ones(cell: str) -> None:
    with pytest.raises(CellWrong) as caught:
        parse.level_and_period(cell, SCHEME, WINDOWS_EPOCH)
    assert caught.value.code == "level_unknown"
    assert caught.value.params == {"known": "绝密、机密、秘密、内部"}


@pytest.mark.parametrize(
    ("copy", "copies", "expected"),
    [
        (None, None, (1, 1)),
        ("3/12", None, (3, 12)),
        ("３／１２", None, (3, 12)),
        ("3/12", 12.0, (3, 12)),
        ("3 of 12", None, (3, 12)),
        ("第3份共12份", None, (3, 12)),
        ("第3份，共12份", None, (3, 12)),
        (None, "3/12", (3, 12)),
        (3, 12, (3, 12)),
        (3.0, "12份", (3, 12)),
        ("第3份", "共12份", (3, 12)),
        ("003", 12, (3, 12)),
        (None, 1, (1, 1)),
        (1, None, (1, 1)),
    ],
)
def test_copy_n_of_m_from_one_cell_or_two(copy: Any, copies: Any, expected: tuple[int, int]) -> None:
    assert parse.copy_of(copy, copies) == expected


@pytest.mark.parametrize(
    ("copy", "copies", "code"),
    [
        ("13/12", None, "copy_over"),
        (13, 12, "copy_over"),
        ("3/12", 11, "copy_invalid"),
        (0, 12, "copy_invalid"),
        ("甲", 12, "copy_invalid"),
        ("1-5", 12, "copy_invalid"),
        (2.5, 12, "copy_invalid"),
        (None, 12, "copy_missing"),
        (3, None, "copies_missing"),
        (excel_day("2026-03-12"), None, "became_date"),
    ],
)
def test_a_copy_that_cannot_be_is_refused(copy: Any, copies: Any, code: str) -> None:
    assert wrong(parse.copy_of, copy, copies) == code


@given(st.integers(1, 9_999), st.integers(1, 9_999))
def test_copies_survive_their_form_or_are_over(copy: int, copies: int) -> None:
    for form in (
        (f"{copy}/{copies}", None),
        (copy, copies),
        (float(copy), str(copies)),
        (f"第{copy}份", f"共{copies}份"),
    ):
        if copy <= copies:
            assert parse.copy_of(*form) == (copy, copies)
        else:
            assert wrong(parse.copy_of, *form) == "copy_over"


@pytest.mark.parametrize(
    ("cell", "text"),
    [(12.0, "12"), (12, "12"), (12.5, "12.5"), ("  YS-1\n甲 ", "YS-1 甲"), ("机密\u3000文件", "机密 文件"), (None, ""),
     ("０１２", "０１２")],
)  # fmt: skip
def test_a_number_is_text_without_the_point_that_excel_added(cell: Any, text: str) -> None:
    assert parse.identifier(cell) == text


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (1e15, "digits_lost"),
        (341234567890123456789, "digits_lost"),
        (excel_day("2024-01-01"), "became_date"),
        (timedelta(1), "became_date"),
        ("长" * 1_001, "text_too_long"),
    ],
)
def test_what_excel_has_spoilt_is_said(cell: Any, code: str) -> None:
    assert wrong(parse.identifier, cell) == code


@pytest.mark.parametrize(
    ("cell", "epc"),
    [
        (None, ""),
        ("3414f4a2 0000-0000:0000_0001", "3414F4A20000000000000001"),
        ("0x3414F4A20000000000000001", "3414F4A20000000000000001"),
        ("３４１４F4A20000000000000001", "3414F4A20000000000000001"),
        (3414_0000_0000, None),
    ],
)
def test_an_epc_is_upper_case_hexadecimal(cell: Any, epc: str | None) -> None:
    if epc is None:
        assert wrong(parse.epc, cell) == "epc_invalid"
    else:
        assert parse.epc(cell) == epc


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("3414F4A2000000000000000", "epc_invalid"),
        ("3414F4A2", "epc_invalid"),
        ("urn:epc:id:giai:1.2", "epc_invalid"),
        ("3414F4A2000000000000000O", "epc_invalid"),
        ("A" * 128, "epc_invalid"),
        (3.414e23, "digits_lost"),
    ],
)
def test_an_epc_that_no_tag_can_hold_is_refused(cell: Any, code: str) -> None:
    assert wrong(parse.epc, cell) == code


@given(st.binary(min_size=8, max_size=62).filter(lambda raw: len(raw) % 2 == 0))
def test_an_epc_survives_its_dressing(raw: bytes) -> None:
    plain = raw.hex().upper()
    dressed = "-".join(plain[at : at + 4].lower() for at in range(0, len(plain), 4))
    assert parse.epc(dressed) == parse.epc(plain) == plain


@pytest.mark.parametrize(
    ("parser", "cell", "value"),
    [
        (parse.carrier_kind, None, "document"),
        (parse.carrier_kind, "U盘", "drive"),
        (parse.carrier_kind, "光盘", "disc"),
        (parse.carrier_kind, "Laptop", "computer"),
        (parse.place_kind, "密集架", "cabinet"),
        (parse.place_kind, "Portal", "portal"),
        (parse.place_kind, "保密箱", "container"),
        (parse.place_kind, "袋", "container"),
        (parse.post_class, "核心涉密人员", "core"),
        (parse.post_class, "非涉密", None),
        (parse.flag, "是", True),
        (parse.flag, "√", True),
        (parse.flag, True, True),
        (parse.flag, None, False),
        (parse.flag, "No", False),
        (parse.pages_or_capacity, 32.0, (32, "")),
        (parse.pages_or_capacity, "32页", (32, "")),
        (parse.pages_or_capacity, "4.7GB", (None, "4.7GB")),
        (parse.scope, "研究部；规划部、周敏, 1007;研究部", ("研究部", "规划部", "周敏", "1007")),
        (parse.scope, "全体", ("全体",)),
        (parse.scope, 1007.0, ("1007",)),
        (parse.scope, None, ()),
    ],
)
def test_choices_and_lists_are_read_in_both_languages(parser: Any, cell: Any, value: Any) -> None:
    assert parser(cell) == value


@pytest.mark.parametrize(
    ("parser", "cell", "code"),
    [
        (parse.carrier_kind, "密码机", "carrier_kind_unknown"),
        (parse.place_kind, "洞", "place_kind_unknown"),
        (parse.post_class, "特级", "post_class_unknown"),
        (parse.flag, "也许", "flag_unknown"),
        (parse.tid, "E28Z", "tid_invalid"),
    ],
)
def test_an_unknown_choice_is_refused(parser: Any, cell: str, code: str) -> None:
    assert wrong(parser, cell) == code
