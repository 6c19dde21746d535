"""Scenarios: a text that a person writes, read exactly, and every mistake in it told with what to write instead."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.scenario import (
    Act,
    ClockJumps,
    DeviceActs,
    InField,
    InputTurns,
    Problem,
    ReaderScript,
    ScenarioInvalid,
    TagsArrive,
    TagsLeave,
    field,
    parse,
)

A, B, C = "3414F4A20000000000000001", "3414F4A20000000000000002", "E28011700000"
FIXTURES = Path(__file__).parents[3] / "fixtures" / "scenarios"

HEAD = f"""
reader cabinet antennas 1:B1-01-1 2:B1-01-2
reader portal  antennas 1:inside  2:outside  off
tags shelf {A} {B}
carrier YS-2026-00017 {C}
"""


def test_the_grammar_is_read_as_it_is_written() -> None:
    scenario = parse(
        HEAD
        + """
# a comment
0.0   cabinet/1  arrive  shelf at -52     # and another
31.5  cabinet/1  leave   YS-2026-00017
40    portal/1   pass    YS-2026-00017 shelf for 1.5 at -50
50    cabinet    off
51    cabinet    clock   2000-01-01
52    cabinet    clock   right
12    clerk      borrow  YS-2026-00012 to 1007 days 14
"""
    )
    cabinet, portal = scenario.readers
    assert (cabinet.name, dict(cabinet.antennas), cabinet.off) == ("cabinet", {1: "B1-01-1", 2: "B1-01-2"}, False)
    assert portal.off
    assert cabinet.events == (
        TagsArrive(0.0, 1, (A, B), -52.0),
        TagsLeave(31.5, 1, (C,)),
        DeviceActs(50.0, "off"),
        ClockJumps(51.0, 946_684_800_000_000),
        ClockJumps(52.0, None),
    )
    assert portal.events == (TagsArrive(40.0, 1, (C, A, B), -50.0), TagsLeave(41.5, 1, (C, A, B)))
    (act,) = scenario.acts
    assert (act.at_seconds, act.who, act.verb) == (12.0, "clerk", "borrow")
    assert act.words == ("YS-2026-00012", "to", "1007", "days", "14")
    assert scenario.duration_seconds == 52.0
    assert scenario.tags["shelf"] == (A, B)
    assert scenario.tags["YS-2026-00017"] == (C,)


def test_lists_go_on_over_lines_and_name_other_lists_each_tag_once() -> None:
    text = f"reader r antennas 1:x\ntags all one two\ntags one {A}\ntags two {B} {A}\ntags all {C.lower()}\n"
    assert parse(text).tags["all"] == (A, B, C)


def test_the_strength_is_minus_55_unless_said_and_order_of_lines_does_not_matter() -> None:
    scenario = parse(f"9 r/1 leave t\n1 r/1 arrive t\ntags t {A}\nreader r antennas 1:x")
    assert scenario.readers[0].events == (TagsArrive(1.0, 1, (A,), -55.0), TagsLeave(9.0, 1, (A,)))


def test_the_first_reader_that_is_not_off_is_the_reader_unless_named() -> None:
    scenario = parse("reader a antennas 1:x off\nreader b antennas 1:x")
    assert scenario.reader().name == "b"
    assert scenario.reader("a").name == "a"
    with pytest.raises(LookupError, match="it has: a, b"):
        scenario.reader("c")
    with pytest.raises(LookupError, match="every reader is off"):
        parse("reader a antennas 1:x off").reader()


def test_the_small_example_is_in_order() -> None:
    scenario = parse((FIXTURES / "small.txt").read_text(encoding="utf-8"))
    assert [reader.name for reader in scenario.readers] == ["cabinet", "portal", "desk"]
    assert scenario.duration_seconds == 60.0


MISTAKES = [
    # line                                     column  what is said
    ("cabnet/1",                                    1, "begins no line; write reader, tags, carrier"),
    ("reader",                                      1, "ends too early; write: reader NAME antennas"),
    ("reader cabinet antennas 1:x",                 8, "declared twice"),
    ("reader q aerials 1:x",                       10, "where `antennas` must stand"),
    ("reader q antennas",                          10, "needs an antenna"),
    ("reader q antennas 0:x",                      19, "numbered 1 to 64"),
    ("reader q antennas one:x",                    19, "such as 1:B1-01-1"),
    ("reader q antennas 1:x 1:y",                  23, "given twice"),
    ("reader q antennas off",                      10, "needs an antenna"),
    ("reader q/1 antennas 1:x",                     8, "is no name"),
    ("reader 17 antennas 1:x",                      8, "may not be a number"),
    ("tags",                                        1, "write: tags NAME EPC"),
    ("tags lone",                                   6, "write: tags NAME EPC"),
    ("tags ABCD 3414",                              6, "reads as an EPC"),
    ("tags YS-2026-00017 3414",                     6, "names a carrier already"),
    ("tags t 34145",                                8, "multiple of four"),
    ("tags t nowhere",                              8, "neither a declared name nor an EPC"),
    ("tags t t",                                    8, "contains itself"),
    ("carrier shelf 3414",                          9, "named twice"),
    ("carrier two 3414 3415",                      18, "one EPC"),
    ("carrier two shelf",                          13, "multiple of four"),
    ("-1 cabinet/1 arrive shelf",                   1, "is no time"),
    ("1 cabinet/1",                                 3, "SECONDS WHO VERB"),
    ("1 cabinet/3 arrive shelf",                    3, "it has 1, 2"),
    ("1 desk/1 arrive shelf",                       3, "no declared reader (declared: cabinet, portal)"),
    ("1 desk freeze",                               3, "no declared reader"),
    ("1 cabinet arrive shelf",                     11, "write cabinet/1"),
    ("1 cabinet explode",                          11, "write one of off, on, freeze"),
    ("1 cabinet off now",                          15, "leave 'now' out"),
    ("1 cabinet clock",                            11, "such as 2000-01-01"),
    ("1 cabinet clock yesterday",                  17, "is no date"),
    ("1 cabinet clock 1969-12-31",                 17, "before 1970"),
    ("1 cabinet/1 freeze",                         13, "write arrive, leave or pass"),
    ("1 cabinet/1 arrive",                         13, "of which tags"),
    ("1 cabinet/1 arrive shelf at",                26, "needs a number"),
    ("1 cabinet/1 arrive shelf at loud",           29, "between -100 and 0"),
    ("1 cabinet/1 arrive shelf at 3",              29, "between -100 and 0"),
    ("1 cabinet/1 arrive shelf at -5 at -6",       32, "given twice"),
    ("1 cabinet/1 arrive shelf at -5 shelf",       32, "before `at`"),
    ("1 cabinet/1 arrive shelf for 2",             26, "`for` does not belong here"),
    ("1 cabinet/1 leave shelf at -50",             25, "`at` does not belong here"),
    ("1 cabinet/1 pass shelf",                     13, "for how long"),
    ("1 cabinet/1 pass shelf for ever",            28, "is no time"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "column", "said"), MISTAKES, ids=[mistake[0] for mistake in MISTAKES])
def test_a_mistake_is_told_with_its_place_and_what_to_write(line: str, column: int, said: str) -> None:
    with pytest.raises(ScenarioInvalid) as refused:
        parse(HEAD + line)
    (problem,) = refused.value.problems
    assert (problem.line, problem.column) == (6, column)
    assert said in problem.text


def test_all_mistakes_are_told_at_once_in_the_order_of_the_lines() -> None:
    lines = [line for line, _, _ in MISTAKES if line != "reader cabinet antennas 1:x"]
    lines = [line for line in lines if not line.startswith(("tags t ", "carrier two"))]
    with pytest.raises(ScenarioInvalid) as refused:
        parse(HEAD + "\n".join(lines))
    told = [problem.line for problem in refused.value.problems]
    assert told == sorted(told)
    assert set(told) == set(range(6, 6 + len(lines)))
    assert all(f"line {line}, column" in str(refused.value) for line in told)


def test_a_text_without_a_reader_says_so() -> None:
    with pytest.raises(ScenarioInvalid, match="no reader is declared; write: reader NAME"):
        parse("# nothing yet")


def test_lists_within_lists_may_go_very_deep() -> None:
    deep = "\n".join(f"tags list{n} list{n + 1}" for n in range(3000))
    assert parse(f"reader r antennas 1:x\n{deep}\ntags list3000 {A}").tags["list0"] == (A,)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_with_places(text: str) -> None:
    try:
        parse(text)
    except ScenarioInvalid as refused:
        lines = text.splitlines() or [""]
        for problem in refused.problems:
            assert 1 <= problem.line <= max(len(lines), 1)
            assert problem.column >= 1


words = st.sampled_from(
    (
        f"reader tags carrier 1 2.5 cabinet cabinet/1 arrive pass leave for at -50 antennas 1:x shelf off clock"
        f" 2000-01-01 {A} clerk #"
    ).split()
    + 3 * ["\n"]
)


@given(st.lists(words, max_size=60))
def test_words_of_the_grammar_in_any_order_are_read_or_refused(found: list[str]) -> None:
    text = HEAD + " ".join(found)
    told: tuple[Problem, ...] = ()
    names = {"cabinet", "portal"}
    try:
        names = {reader.name for reader in parse(text).readers}
    except ScenarioInvalid as refused:
        told = refused.problems
    assert told or names >= {"cabinet", "portal"}
    assert all(problem.text for problem in told)


# Who is in the field when: told anew, one tag and antenna at a time, by the last thing that happened to it.

moves = st.tuples(st.integers(0, 40), st.sampled_from([1, 2]), st.sampled_from([A, B, C]), st.booleans())


@given(st.lists(moves, max_size=25), st.integers(0, 45))
def test_a_tag_is_in_the_field_when_its_last_move_was_an_arrival(found, at) -> None:
    found.sort(key=lambda move: move[0])
    events = tuple(
        TagsArrive(float(when), antenna, (epc,), -50.0 - when) if arrives else TagsLeave(float(when), antenna, (epc,))
        for when, antenna, epc, arrives in found
    )
    last = {(antenna, epc): (arrives, when) for when, antenna, epc, arrives in found if when <= at}
    expected = {InField(antenna, epc, -50.0 - when) for (antenna, epc), (here, when) in last.items() if here}
    told = field(ReaderScript("r", {1: "x", 2: "y"}, events), float(at))
    assert set(told) == expected
    assert len(told) == len(expected)
    assert list(told) == sorted(told)


@given(st.integers(0, 100), st.integers(1, 50), st.integers(0, 200))
def test_a_pass_is_present_from_its_second_until_it_is_over(start, length, at) -> None:
    script = parse(f"reader r antennas 1:x\n{start / 10} r/1 pass {A} for {length / 10}").readers[0]
    present = bool(field(script, at / 10))
    if start <= at < start + length - 1:
        assert present
    if at < start or at > start + length:
        assert not present


def test_an_act_keeps_its_line_for_whoever_must_say_what_is_wrong_with_it() -> None:
    assert parse(f"{HEAD}7 王五 归还 shelf").acts == (Act(7.0, "王五", "归还", ("shelf",), 6),)


def test_a_beam_is_broken_for_a_while_or_until_it_is_said_to_be_whole() -> None:
    text = "reader gate antennas 1:IN 2:OUT\n2 gate beam 1 for 0.5\n3 gate beam 2 on\n9 gate beam 2 off"
    events = [(e.at_seconds, e.port, e.active) for e in parse(text).readers[0].events if isinstance(e, InputTurns)]
    assert events == [(2, 1, True), (2.5, 1, False), (3, 2, True), (9, 2, False)]


@pytest.mark.parametrize("words", ["", "1", "5 on", "x on", "1 for", "1 for ever", "1 up", "1 on off"])
def test_what_a_beam_does_not_do_is_said(words: str) -> None:
    with pytest.raises(ScenarioInvalid) as refused:
        parse(f"reader gate antennas 1:IN\n2 gate beam {words}")
    assert refused.value.problems[0].line == 2
