"""The clause table is whole, honest about what is kept, and what is drawn from it is up to date."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from custody.regulations import BY_ID, CLAUSES, Clause, as_json, in_force, is_kept
from tools.make_docs import ROOT, TESTS_OF_CLAUSES, clause_tests, main, stale

LETTERS = {"a": 6, "b": 7, "c": 5, "d": 6, "e": 4, "f": 3, "g": 8, "h": 4, "i": 2, "j": 2}
IDS = [f"{letter}.{number}" for letter, count in LETTERS.items() for number in range(1, count + 1)]
IDS += [str(number) for number in range(1, 10)]

INTERNAL = ["b.1", "b.2", "c.5", "d.4", "f.2", "f.3", "g.1", "h.2", "h.3"]
PRACTICE = ["b.7", "g.8"]

# What keeps each clause, besides what it takes over.
MEANS = """
a.1 refuse          c.1 refuse                         f.1 remind detect refuse    i.1 refuse remind
a.2 refuse          c.2 detect                         f.2 refuse detect           i.2 record
a.3 refuse          c.3 refuse detect remind           f.3 remind record           j.1 record refuse detect
a.4 refuse detect record                               g.1 refuse                  j.2 record remind
a.5 refuse record   c.4 record refuse                  g.2 refuse detect           1
a.6 record remind   c.5 record refuse remind detect    g.3 refuse                  2 prove
b.1 refuse          d.1 refuse                         g.4 refuse                  3 refuse
b.2 record refuse   d.2 refuse                         g.5 refuse record           4 record
b.3 refuse          d.3 refuse                         g.6 refuse                  5 record remind
b.4 refuse          d.4 record                         g.7 refuse record           6
b.5 record remind   d.5 refuse                         g.8 detect                  7 refuse record
b.6 refuse          d.6 refuse                         h.1 record refuse           8 prove record
b.7 record remind   e.1 refuse detect                  h.2 record                  9 record refuse detect
                    e.2 record                         h.3 record refuse detect
                    e.3 refuse                         h.4 remind
                    e.4 refuse
"""
KINDS = {"refuse", "detect", "remind", "record", "prove"}


def means_by_clause() -> dict[str, list[str]]:
    """The table above by clause."""
    found: dict[str, list[str]] = {}
    clause = ""
    for word in MEANS.split():
        if word in KINDS:
            found[clause].append(word)
        else:
            clause = word
            found[clause] = []
    return found


def test_every_clause_stands_once_in_the_order_of_the_texts() -> None:
    assert [clause.id for clause in CLAUSES] == IDS
    assert list(BY_ID) == IDS


def test_every_clause_has_the_means_that_it_promises() -> None:
    own = {clause.id: [one.kind for one in clause.means if not one.as_of] for clause in CLAUSES}
    assert own == means_by_clause()


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.id)
def test_it_is_said_in_both_languages(clause: Clause) -> None:
    for english, chinese in [
        (clause.wording_en, clause.wording_zh),
        *((one.what_en, one.what_zh) for one in clause.means),
    ]:
        assert re.search("[A-Za-z]{2}", english)
        assert re.search("[\u4e00-\u9fff]{2}", chinese)
        assert english.endswith(".")
        assert chinese.endswith("。")
        assert not re.search("[,;!?]", chinese), "Chinese takes Chinese punctuation"


def test_the_source_is_the_letter_the_rule_or_practice() -> None:
    for clause in CLAUSES:
        origin = f"letter {clause.id[0]}" if "." in clause.id else f"rule {clause.id}"
        assert clause.source == ("practice" if clause.id in PRACTICE else origin)


def test_the_clauses_that_hold_for_internal_carriers() -> None:
    assert [clause.id for clause in CLAUSES if clause.internal] == INTERNAL


def test_a_clause_takes_over_the_means_it_names_and_their_state() -> None:
    assert {one.as_of for one in BY_ID["6"].means} == {(f"d.{n}",) for n in range(1, 7)} | {("c.3",)}
    assert [(one.kind, one.kept) for one in BY_ID["2"].means if one.as_of == ("c.2",)] == [("detect", True)]
    assert [(one.kind, one.kept) for one in BY_ID["1"].means] == [("record", True)]
    assert is_kept(BY_ID["1"])
    assert is_kept(BY_ID["c.3"])
    assert is_kept(BY_ID["6"])


def test_a_clause_is_kept_only_when_all_its_means_are() -> None:
    for clause in CLAUSES:
        assert clause.means, clause.id
        assert is_kept(clause) == (sum(one.kept for one in clause.means) == len(clause.means))
    assert is_kept(BY_ID["f.2"])
    first, *others = BY_ID["c.3"].means
    assert not is_kept(replace(BY_ID["c.3"], means=(replace(first, kept=False), *others)))


def test_a_row_holds_between_its_dates() -> None:
    row = Clause("x.1", "A rule.", "规则。", "practice", since="2024-05-01", until="2030-12-31")
    days = ["2024-04-30", "2024-05-01", "2030-12-31", "2031-01-01"]
    assert [in_force(row, day) for day in days] == [False, True, True, False]
    assert in_force(BY_ID["a.1"], "1999-01-01")


# The tests named after the means.


def test_every_kept_means_has_a_test_and_none_that_is_not_kept() -> None:
    kept = {f"{clause.id} {one.kind}" for clause in CLAUSES for one in clause.means if one.kept and not one.as_of}
    tested = set(clause_tests(ROOT / "tests"))
    assert sorted(kept - tested) == [], "kept, but no test says so"
    assert sorted(tested - kept) == [], "tested: mark it kept in custody/regulations"


def test_what_is_drawn_from_the_tables_is_up_to_date() -> None:
    assert stale() == [], "run: python -m tools.make_docs"


def test_the_check_says_what_is_stale(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0
    monkeypatch.setattr("tools.make_docs.life_cycle_picture", lambda: "another")
    assert main(["--check"]) == 1
    assert capsys.readouterr().out == "stale: docs/reference/life-cycle.svg; run: python -m tools.make_docs\n"
    assert main(["--wrong"]) == 2


def test_tests_are_found_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "tests" / "deep").mkdir(parents=True)
    (tmp_path / "tests" / "deep" / "test_some.py").write_text(
        "async def test_c_5_refuse__overdue(): ...\n"
        "def test_2_prove__nothing_leaves(): ...\n"
        "def test_c_5_refuse_overdue(): ...\n"
        "def helper_c_5_refuse__no(): ...\n"
        "class TestMore:\n    def test_c_5_refuse__scope(self): ...\n",
        encoding="utf-8",
    )
    assert clause_tests(tmp_path / "tests", tmp_path) == {
        "2 prove": ["tests/deep/test_some.py::test_2_prove__nothing_leaves"],
        "c.5 refuse": [
            "tests/deep/test_some.py::test_c_5_refuse__overdue",
            "tests/deep/test_some.py::TestMore::test_c_5_refuse__scope",
        ],
    }


def test_the_plain_rows_carry_all_of_it() -> None:
    rows = {row["id"]: row for row in as_json()}
    assert list(rows) == IDS
    assert set(rows["c.5"]) == {
        "id", "wording", "source", "since", "until", "internal", "means", "kept", "tests",
    }  # fmt: skip
    for clause in CLAUSES:
        row = rows[clause.id]
        assert set(row["wording"]) == {"en", "zh"}
        assert row["kept"] == is_kept(clause)
        for means in row["means"]:
            assert set(means) == {"kind", "what", "as_of", "kept", "tests"}
            assert means["kind"] in KINDS
            assert set(means["what"]) == {"en", "zh"}


def test_the_tests_of_a_clause_are_listed_with_it() -> None:
    assert (ROOT / TESTS_OF_CLAUSES).is_file()
    rows = {row["id"]: row for row in as_json()}
    for means in rows["c.5"]["means"]:
        assert all(f"::test_c_5_{means['kind']}__" in test for test in means["tests"])
    taken = [test for means in rows["2"]["means"] if means["as_of"] == ["c.5"] for test in means["tests"]]
    assert taken == [test for means in rows["c.5"]["means"] for test in means["tests"]]
