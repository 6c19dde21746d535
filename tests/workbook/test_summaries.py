"""The sheets behind a report add up to its rows, whatever the rows are."""

import io
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from api.workbook.summaries import findings_sheets, overdue_sheets, swept_sheets
from api.workbook.writing import write_rows

NOW = datetime.fromisoformat("2026-11-20T10:00")
LOANS = st.lists(
    st.builds(
        lambda person, days: {
            "holder_number": f"100{person}",
            "holder": "孙丽" if person < 2 else f"某{person}",
            "holder_unit": ("规划处", "")[person % 2],
            "days_over": days,
        },
        st.integers(0, 5),
        st.integers(0, 400),
    ),
    max_size=30,
)


def words(key: str) -> str:
    """The key for the words."""
    return key


def loan(number: str, name: str, unit: str, days: int) -> dict[str, Any]:
    """A loan that is overdue."""
    return {"holder_number": number, "holder": name, "holder_unit": unit, "days_over": days, "title": "不计"}


def test_overdue_loans_are_summed_by_person_and_by_unit() -> None:
    rows = [loan("1005", "孙丽", "规划处", 9), loan("1005", "孙丽", "规划处", 2), loan("1006", "孙丽", "试验处", 4)]
    by_person, by_unit = overdue_sheets(rows, words)
    # Two persons of one name are two persons.
    assert [(row["holder_number"], row["loans"], row["longest"], row["median"]) for row in by_person.rows] == [
        ("1005", 2, 9, 5.5),
        ("1006", 1, 4, 4),
    ]
    assert [(row["holder_unit"], row["people"], row["loans"]) for row in by_unit.rows] == [
        ("规划处", 1, 2),
        ("试验处", 1, 1),
    ]
    assert by_unit.rows[0]["most"] == 8.3


@settings(max_examples=15, deadline=None)
@given(LOANS)
def test_the_sums_are_those_of_the_rows(rows: list[dict[str, Any]]) -> None:
    sheets = overdue_sheets(rows, words)
    assert bool(sheets) == bool(rows)
    for sheet in sheets:
        assert sum(row["loans"] for row in sheet.rows) == len(rows)
        assert max(row["longest"] for row in sheet.rows) == max(row["days_over"] for row in rows)
        assert sheet.heads.keys() == sheet.rows[0].keys()
    if rows:
        assert len(sheets[0].rows) == len({row["holder_number"] for row in rows})


def test_findings_are_counted_by_kind_and_by_how_long_they_stood() -> None:
    ages = {"逾期未还": (0.5, 3, 40), "错架": (7,)}
    rows: list[dict[str, Any]] = [
        {"kind_of_finding": kind, "opened": NOW - timedelta(days=days), "closed": None}
        for kind, stood in ages.items()
        for days in stood
    ]
    # What was closed stood until then.
    rows.append({"kind_of_finding": "错架", "opened": NOW - timedelta(days=90), "closed": NOW - timedelta(days=80)})
    (sheet,) = findings_sheets(rows, NOW, words)
    counted = {
        row["kind_of_finding"]: tuple(row[age] for age in ("day", "week", "month", "longer")) for row in sheet.rows
    }
    assert counted == {"逾期未还": (1, 1, 0, 1), "错架": (0, 1, 1, 0)}
    assert [row["all"] for row in sheet.rows] == [3, 2]
    assert [row["median"] for row in sheet.rows] == [3, 8.5]
    assert findings_sheets([], NOW, words) == ()


def test_rooms_are_counted_by_how_much_of_them_was_swept() -> None:
    rows = [{"room": "S", "swept": swept, "of": 4, "percent": 25 * swept} for swept in (0, 0, 1, 2, 4)]
    (sheet,) = swept_sheets(rows, words)
    assert [(row["share"].rpartition(".")[2], row["rooms"], row["swept"], row["of"]) for row in sheet.rows] == [
        ("none", 2, 0, 8),
        ("under_half", 1, 1, 4),
        ("over_half", 1, 2, 4),
        ("whole", 1, 4, 4),
    ]


def test_the_sheets_stand_behind_the_rows_and_hold_no_formula() -> None:
    rows = [loan("1005", "=1+1", "规划处", 9)]
    out = io.BytesIO()
    heads = {"holder": "人", "days_over": "天"}
    count = write_rows(
        out,
        "逾期",
        heads,
        rows,
        lambda _count: [],
        numbers={"days_over"},
        times=(),
        creator="周敏",
        behind=overdue_sheets(rows, words),
    )
    assert count == 1
    book = load_workbook(io.BytesIO(out.getvalue()))
    assert book.sheetnames == ["逾期", "report.sum.by_person", "report.sum.by_unit"]
    person = book.worksheets[1]
    assert person["B2"].value == "'=1+1"
    assert person["D2"].value == 1
    assert [cell.data_type for cell in person[2]] == ["s", "s", "s", "n", "n", "n", "n"]
