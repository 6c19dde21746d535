"""From rows to facts: references, identifiers, the order of facts, loans."""

from typing import Any

import pytest

from api.workbook import NOTE_CODES, Plan, resolve, shift_loans
from custody.access import Grant, Role, Subject
from custody.clock import end_of_day, moment
from custody.entries import Borrowed, Imported, PersonRecorded, PlaceRecorded, Shelved, TagBound, UnitRecorded
from custody.register import Directory
from custody.values import Unit
from tests.workbook.builders import (
    GOOD,
    HEADERS,
    NOW,
    SCHEME,
    Numbers,
    a_ledger,
    a_workbook,
    an_institute,
    codes,
    planned,
    read,
)

EPC = "3414F4A20000000000000001"
FULL = (*HEADERS, "知悉范围", "存放地点", "标签", "持有人", "借出日期", "应还日期")
HOUSE: dict[str, list[Any]] = {
    "载体": [
        FULL,
        (*GOOD, "研究部；周敏；核心岗位", "A-1", EPC, None, None, None),
        ("YS-2", "乙", "内部", "YJ", None, "A-1", None, "1001", "2026-11-03", "2026-11-20"),
        ("YS-3", "丙", "内部", "YJ", None, "A-1", None, "1001", "2026-10-01", "2026-11-19"),
    ],
    "人员": [("工号", "姓名", "部门", "涉密岗位类别", "涉密起始日期"), ("1001", "周敏", "YJ", "核心", "2020-01-01")],
    "地点": [
        ("编号", "名称", "类别", "上级", "定级", "可存放", "责任人", "门内", "门外"),
        ("A-1", "一层", "层架", "A", "", "是", "", "", ""),
        ("G", "出口", "出入口", "A", "", "", "", "A", "S"),
        ("A", "甲楼", "楼宇", "S", "机密", "", "1001", "", ""),
        ("S", "院区", "院区", "", "", "", "", "", ""),
    ],
    "单位": [("编号", "名称", "上级单位"), ("YJ", "研究部", "YS"), ("YS", "研究院", None)],
}


def entered(sheets: dict[str, list[Any]], directory: Directory | None = None) -> Plan:
    return planned(a_workbook(sheets), directory or Directory(), allocate=Numbers())


def house(**sheets: list[Any]) -> dict[str, list[Any]]:
    return HOUSE | sheets


def test_facts_come_in_an_order_in_which_each_refers_only_to_earlier_ones() -> None:
    plan = entered(HOUSE)
    kinds = [type(fact) for fact in plan.facts]
    assert kinds == [
        *[UnitRecorded] * 2,
        PersonRecorded,
        *[PlaceRecorded] * 4,
        *[Imported, TagBound, Shelved],
        *[Imported, Shelved] * 2,
    ]
    units = [fact.unit.code for fact in plan.facts if isinstance(fact, UnitRecorded)]
    places = [fact.place.code for fact in plan.facts if isinstance(fact, PlaceRecorded)]
    assert units == ["YS", "YJ"]
    assert places.index("S") < places.index("A") < min(places.index("A-1"), places.index("G"))


def test_references_become_the_identifiers_that_were_given() -> None:
    plan = entered(HOUSE)
    units = {f.unit.code: f.unit for f in plan.facts if isinstance(f, UnitRecorded)}
    places = {f.place.code: f.place for f in plan.facts if isinstance(f, PlaceRecorded)}
    (person,) = [f.person for f in plan.facts if isinstance(f, PersonRecorded)]
    carrier = next(f for f in plan.facts if isinstance(f, Imported))
    shelved = next(f for f in plan.facts if isinstance(f, Shelved))
    assert all(
        1_001 <= each < 2_000 for each in (*(u.id for u in units.values()), *(p.id for p in places.values()), person.id)
    )
    assert units["YJ"].parent == units["YS"].id
    assert (places["G"].inside, places["G"].outside) == (places["A"].id, places["S"].id)
    assert (places["A"].responsible, person.unit) == (person.id, units["YJ"].id)
    assert carrier.description.unit == units["YJ"].id
    assert carrier.description.scope.principals == (f"unit:{units['YJ'].id}", f"person:{person.id}", "post:core")
    assert (shelved.carrier, shelved.place) == (carrier.carrier, places["A-1"].id)


def test_each_fact_says_from_which_row_it_came() -> None:
    plan = entered(HOUSE)
    assert len(plan.rows) == len(plan.facts)
    assert plan.rows[0] == ("单位", 3)
    assert plan.rows[-2:] == (("载体", 4), ("载体", 4))


def test_loans_stand_by_the_day_of_borrowing_and_fall_due_at_the_end_of_a_day() -> None:
    plan = entered(HOUSE)
    assert not any(isinstance(fact, Borrowed) for fact in plan.facts)
    days = [(moment(at, SCHEME.timezone).isoformat(), len(facts)) for at, facts in plan.loans_by_day()]
    assert days == [("2026-10-01T00:00:00+08:00", 1), ("2026-11-03T00:00:00+08:00", 1)]
    assert plan.loans[0].fact.due_at == end_of_day("2026-11-19", SCHEME.timezone)
    assert (plan.loans[0].sheet, plan.loans[0].row) == ("载体", 4)


def test_a_dry_run_asks_for_no_identifiers_and_gives_the_counts() -> None:
    plan = planned(a_workbook(HOUSE), Directory())
    assert (plan.errors, plan.facts, plan.loans) == ((), (), ())
    assert plan.counts == {
        "units": 2, "persons": 1, "places": 4, "carriers": 3, "tags": 1, "shelved": 3, "loans": 2, "unchanged": 0,
    }  # fmt: skip


def test_while_there_are_errors_no_identifier_is_asked_for() -> None:
    numbers = Numbers()
    plan = planned(a_ledger(密级="很密"), allocate=numbers)
    assert codes(plan.errors) == ["level_unknown"]
    assert (plan.facts, numbers.given) == ((), {})


def test_only_carriers_against_the_directory_that_is_there() -> None:
    plan = planned(a_ledger(存放地点="B1-01-1", 知悉范围="Research"), allocate=Numbers())
    imported, shelved = plan.facts
    assert isinstance(imported, Imported)
    assert (imported.description.unit, imported.description.scope.principals) == (2, ("unit:2",))
    assert shelved == Shelved(1_001, 4)


def test_what_the_directory_holds_already_is_used_not_entered_again() -> None:
    sheets: dict[str, list[Any]] = {
        "单位": [("编号", "名称", "上级单位"), ("YJ", "研究部", "研究院")],
        "载体": [HEADERS, GOOD],
    }
    plan = entered(sheets, an_institute())
    assert [type(fact) for fact in plan.facts] == [Imported]
    assert plan.counts["units"] == 0


@pytest.mark.parametrize(
    ("sheet", "rows", "fields"),
    [
        ("单位", [("编号", "名称"), ("YJ", "研发部")], "名称"),
        ("人员", [("工号", "姓名", "涉密岗位类别"), ("1009", "马骏", "核心")], "涉密岗位类别"),
        ("地点", [("编号", "名称", "类别", "定级"), ("B1-01", "甲柜", "柜", "绝密")], "名称、定级"),
    ],
)
def test_an_import_never_amends_the_directory(sheet: str, rows: list[Any], fields: str) -> None:
    plan = entered({sheet: rows}, an_institute())
    (error,) = plan.errors
    assert (error.code, error.params) == ("differs_from_register", {"fields": fields})


@pytest.mark.parametrize(
    ("sheet", "row", "code"),
    [
        ("单位", ("YJ", "重名", None), "code_repeated"),
        ("单位", ("X", "甲", "无"), "unit_unknown"),
        ("单位", ("X", "甲", "X"), "parent_cyclic"),
        ("人员", ("1002", "甲", "无", "", ""), "unit_unknown"),
        ("地点", ("B", "乙", "房间", "无", "", "", "", "", ""), "place_unknown"),
        ("地点", ("B", "乙", "房间", "B", "", "", "", "", ""), "parent_cyclic"),
        ("地点", ("B", "乙", "房间", "A", "", "", "9", "", ""), "person_unknown"),
        ("地点", ("B", "乙", "出入口", "A", "", "", "", "A", ""), "portal_sides_missing"),
    ],
)
def test_a_directory_that_contradicts_itself_is_refused(sheet: str, row: tuple[Any, ...], code: str) -> None:
    plan = entered(house(**{sheet: [*HOUSE[sheet], row]}))
    (error,) = plan.errors
    assert (error.code, error.sheet, error.row) == (code, sheet, len(HOUSE[sheet]) + 1)


def test_a_circle_of_places_names_those_on_it_alone() -> None:
    head = ("编号", "名称", "类别", "上级")
    rows = [
        head,
        ("A", "甲", "楼宇", "B"),
        ("B", "乙", "楼宇", "C"),
        ("C", "丙", "楼宇", "A"),
        ("D", "丁", "房间", "A"),
    ]
    plan = entered({"地点": rows})
    assert [(error.row, error.code) for error in plan.errors] == [(n, "parent_cyclic") for n in (2, 3, 4)]


def test_a_unit_for_all_can_be_given_where_the_ledger_has_none() -> None:
    data = a_workbook({"载体": [HEADERS[:3], GOOD[:3], ("YS-2", "乙", "内部")]})
    assert [(error.code, error.row) for error in planned(data).errors] == [("unit_missing", 2)]
    plan = planned(data, default_unit="YJ", allocate=Numbers())
    assert {fact.description.unit for fact in plan.facts if isinstance(fact, Imported)} == {2}


def test_nobody_imports_what_he_may_not_see_afterwards() -> None:
    clerk = Subject(1, "周敏", (Grant(Role.CLERK),), 1, frozenset({"all"}), reach=None)
    plan = planned(a_ledger(), subject=clerk)
    assert codes(plan.errors) == ["beyond_own_sight"]
    assert codes(planned(a_ledger(密级="秘密"), subject=clerk).errors) == []


def test_what_may_surprise_is_noted_once_with_the_first_row() -> None:
    plan = planned(a_ledger(标签="E28011700000020000000001"))
    said = {note.code: dict(note.params) for note in plan.notes}
    assert said == {code: {"rows": 1, "first": 2} for code in ("scope_blank", "unshelved", "outside_block")}
    assert all(set(params) == set(NOTE_CODES[code]) for code, params in said.items())


def dated(*words: str) -> Plan:
    sheets = house(载体=[words, *HOUSE["载体"]])
    return resolve(read(a_workbook(sheets)), Directory(), scheme=SCHEME, now=NOW, allocate=Numbers())


@pytest.mark.parametrize("days", [-3, 0, 1, 400])
def test_loans_not_overdue_on_the_day_of_the_ledger_are_shifted(days: int) -> None:
    plan = dated("截至 2026-11-20")
    late, current = plan.loans
    shifted = {loan.fact.carrier: loan for loan in shift_loans(plan, days).loans}
    assert shifted[late.fact.carrier] == late
    moved = shifted[current.fact.carrier]
    day = 86_400_000_000
    assert moved.fact.due_at - current.fact.due_at == moved.borrowed_at - current.borrowed_at == days * day
    assert [loan.borrowed_at for loan in shift_loans(plan, days).loans] == sorted(
        loan.borrowed_at for loan in shifted.values()
    )


def test_without_a_day_of_the_ledger_nothing_can_be_shifted() -> None:
    with pytest.raises(ValueError, match="as of when"):
        shift_loans(dated("台账"), 1)


def test_units_of_the_same_name_are_told_apart_by_code() -> None:
    directory = an_institute()
    directory.units[9] = Unit(9, "YJ2", "研究部", "", 1)
    assert codes(planned(a_ledger(), directory).errors) == ["unit_ambiguous"]
    assert codes(planned(a_ledger(责任单位="YJ2"), directory).errors) == []
