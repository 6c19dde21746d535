"""A posted form and a JSON body say the same, for every kind of field; and what cannot be read is told by field."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from api.acts.answers import raw_of_form
from api.acts.filling import EMPTY, Filling, fill
from api.acts.model import Act, Field, FieldKind, Ground
from api.locale import translate
from api.services import Services
from api.web.visit import Form
from custody.access import Permission
from custody.clock import end_of_day
from custody.values import Organisation, Period
from reconcile.bulletin import Bulletin
from tests.builders import CLERK, NOW, PEOPLE, PERSONS, SHELF, TODAY, Archive, directory, epc_of


@pytest.fixture
def ground(sqlite_archive: Archive, tmp_path: Path) -> Ground:
    """The clerk stands at the desk, three carriers are in the register."""
    sqlite_archive.carriers(3)
    books = sqlite_archive.books
    services = Services(books.database, books, books.scheme, books.clock, Bulletin(), None, tmp_path)
    person = next(one for one in PERSONS if one.id == PEOPLE["clerk"])
    known = directory()
    known.organisations[1] = Organisation(1, "INST", "研究所", "Institute")
    return Ground(services, CLERK, person, "en", NOW, TODAY, known, partial(translate, "en"))


def an_act(*fields: Field) -> Act:
    """An act that asks these fields and nothing else."""
    return Act("x", "approval", "ok", Permission.TAKE_PART, lambda _g, _v: [], lambda _g: None, fields=fields)


def by_form(ground: Ground, field: Field, pairs: list[tuple[str, str]]) -> Filling:
    """Read from a posted form."""
    act = an_act(field)
    return fill(act, ground, raw_of_form(act, Form(FormData([*pairs]))))


def by_json(ground: Ground, field: Field, value: Any) -> Filling:
    """Read from a JSON body."""
    return fill(an_act(field), ground, {field.name: value})


ROWS = Field("reason", "rows", columns=(Field("number", "number"), Field("note", "text", required=False)))
CHOICE = Field("urgent", "choice", options=("hint",))  # an option whose word the catalogue has
SAME: Mapping[str, tuple[Field, list[tuple[str, str]], Any, Any]] = {
    "text": (Field("reason"), [("reason", " 甲 ")], "甲", "甲"),
    "area": (Field("reason", "area"), [("reason", "a\nb")], "a\nb", "a\nb"),
    "number": (Field("reason", "number"), [("reason", "12")], 12, 12),
    "check": (Field("reason", "check"), [("reason", "1")], True, True),
    "day": (Field("reason", "day"), [("reason", "2026-12-01")], "2026-12-01", "2026-12-01"),
    "moment": (
        Field("reason", "moment"),
        [("reason", "2026-12-01T23:59:59.999999")],
        end_of_day("2026-12-01", "Asia/Shanghai"),
        0,
    ),
    "choice": (CHOICE, [("urgent", "hint")], "hint", "hint"),
    "choices": (Field("urgent", "choices", options=("hint",)), [("urgent", "hint")], ("hint",), ["hint"]),
    "person": (Field("reason", "person"), [("reason", "1004")], PEOPLE["chen"], PEOPLE["chen"]),
    "persons": (
        Field("reason", "persons"),
        [("reason", "1004, Sun Li")],
        (PEOPLE["chen"], PEOPLE["sun"]),
        ["1004", PEOPLE["sun"]],
    ),
    "place": (Field("reason", "place"), [("reason", "b1-01-1")], SHELF, SHELF),
    "organisation": (Field("reason", "organisation"), [("reason", "inst")], 1, 1),
    "unit": (Field("reason", "unit"), [("reason", "3")], 3, "PLAN"),
    "level": (Field("reason", "level"), [("reason", "secret")], "secret", "secret"),
    "period": (
        Field("reason", "period"),
        [("reason.kind", "years"), ("reason.value", "5")],
        Period("years", "5"),
        {"kind": "years", "value": "5"},
    ),
    "scope": (
        Field("reason", "scope"),
        [("reason", "unit:3"), ("reason", "post:core"), ("reason.person", "1004")],
        ("unit:3", "post:core", f"person:{PEOPLE['chen']}"),
        ["unit:3", "post:core", f"person:{PEOPLE['chen']}"],
    ),
    "carriers": (
        Field("reason", "carriers"),
        [("reason", f"YS-2026-00001\n{epc_of(2)}")],
        (1, 2),
        [1, "YS-2026-00002/1"],
    ),
    "file": (Field("reason", "file"), [("reason", f" {'A1' * 32}")], "a1" * 32, "a1" * 32),
    "rows": (
        ROWS,
        [("reason.0.number", "3"), ("reason.0.note", "a"), ("reason.2.number", ""), ("reason.5.number", "4")],
        ({"number": 3, "note": "a"}, {"number": 4, "note": ""}),
        [{"number": 3, "note": "a"}, {"number": 4}],
    ),
}
"""Kind -> the field, as a form sends it, what it means, as JSON gives it."""


def test_every_kind_of_field_is_in_this_table_but_lines_which_need_a_matter() -> None:
    assert set(SAME) | {"lines"} == set(get_args(FieldKind))


@pytest.mark.parametrize("kind", SAME)
def test_form_and_json_mean_the_same(ground: Ground, kind: str) -> None:
    field, form, value, body = SAME[kind]
    body = value if kind == "moment" else body
    for filling in (by_form(ground, field, form), by_json(ground, field, body)):
        assert filling.wrong == ()
        assert filling.values == {field.name: value}


@pytest.mark.parametrize("kind", sorted(set(SAME) - {"check"}))
def test_what_is_needed_is_asked_for_and_what_is_not_may_be_left_out(ground: Ground, kind: str) -> None:
    field = replace(SAME[kind][0], name="reason")
    for filling in (by_form(ground, field, []), by_json(ground, field, None)):
        assert [one.message for one in filling.wrong] == ["Fill in: Reason"]
        assert filling.values == {}
    filling = by_form(ground, replace(field, required=False), [])
    assert filling.wrong == ()
    assert filling.values == {"reason": EMPTY.get(kind)}


WRONG: tuple[tuple[str, Any], ...] = (
    ("text", "x" * 1_001),
    ("text", 7),
    ("number", "twelve"),
    ("number", -1),
    ("number", 10**30),
    ("number", True),
    ("day", "2026-02-30"),
    ("day", "1.12.2026"),
    ("moment", "tomorrow"),
    ("choice", "moon"),
    ("choices", ["hint", "moon"]),
    ("choices", "hint"),
    ("person", "9999"),
    ("person", 10**30),
    ("persons", ["1004", "nobody"]),
    ("place", "nowhere"),
    ("place", 999),
    ("unit", 99),
    ("organisation", 99),
    ("organisation", "NOBODY"),
    ("file", "draft.docx"),
    ("file", "0" * 63),
    ("file", 7),
    ("level", "cosmic"),
    ("period", {"kind": "weeks"}),
    ("period", "years"),
    ("scope", ["unit:99"]),
    ("scope", ["person:x"]),
    ("scope", ["all:3"]),
    ("carriers", [999]),
    ("carriers", ["NOT-HERE"]),
    ("carriers", 1),
    ("rows", [{"number": "x"}]),
    ("rows", [{"strange": 1}]),
    ("rows", ["x"]),
)


@pytest.mark.parametrize(("kind", "value"), WRONG, ids=lambda one: str(one)[:24])
def test_what_cannot_be_read_is_told_and_gives_no_value(ground: Ground, kind: str, value: Any) -> None:
    field = SAME[kind][0]
    filling = by_json(ground, field, value)
    assert [one.field for one in filling.wrong] == [field.name]
    assert filling.values == {}


def test_a_text_that_means_several_persons_gives_them_to_choose_from(ground: Ground) -> None:
    filling = by_form(ground, Field("person", "person"), [("person", "Li")])
    assert "means several persons" in filling.wrong[0].message
    assert {one.name_en for one in filling.people["person"]} >= {"Sun Li", "Lin Tao"}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(raw=anything, kind=st.sampled_from(sorted(SAME)))
def test_whatever_is_sent_is_read_or_told_and_never_breaks(ground: Ground, raw: Any, kind: str) -> None:
    field = SAME[kind][0]
    filling = by_json(ground, field, raw)
    assert (field.name in filling.values) == (not filling.wrong)
