"""The arithmetic of what is taken from sources: levels, periods, scopes; and its laws."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody.access import principals
from custody.procedures.copying.inheriting import common, inherited, longest, shorter, widened, within
from custody.values import Description, Organisation, Period, Scope
from tests.builders import PERSONS, SCHEME, description, directory

HOUSE = directory()
HOUSE.organisations[1] = Organisation(1, "HX", "海西院")


def paper(*scope: str, **changes: Any) -> Description:
    """A source with this scope."""
    return description(scope=scope or ("all",), **changes)


def lasting(kind: Any, value: str = "", since: str = "2026-01-05", **changes: Any) -> Description:
    """A source with this period."""
    return description(period=Period(kind, value), classified_on=since, **changes)


@pytest.mark.parametrize(
    ("principal", "scope", "found"),
    [
        ("all", ("all",), True),
        ("all", ("unit:1",), False),
        ("unit:4", ("all",), True),
        ("unit:4", ("unit:1",), True),  # a sub-unit is within its unit
        ("unit:1", ("unit:4",), False),
        ("person:4", ("unit:4",), True),  # a person within the unit, or holding the post
        ("person:4", ("unit:1",), True),
        ("person:4", ("unit:3",), False),
        ("person:1", ("post:core",), True),
        ("person:4", ("post:core",), False),
        ("post:core", ("all",), True),
        ("post:core", ("unit:1",), False),
        ("organisation:1", ("all",), False),  # another body is named, or is not meant
        ("organisation:1", ("organisation:1",), True),
        ("unit:nonsense", ("unit:1",), False),
        ("person:4", (), False),
    ],
)
def test_whoever_a_principal_means_is_meant_by_a_scope(principal: str, scope: tuple[str, ...], found: bool) -> None:
    assert within(principal, scope, HOUSE) is found


@pytest.mark.parametrize(
    ("scopes", "found"),
    [
        ([("all",), ("unit:4",)], ("unit:4",)),
        ([("unit:1",), ("unit:4", "person:5")], ("person:5", "unit:4")),
        ([("unit:4",), ("person:4", "person:5")], ("person:4",)),
        ([("unit:3",), ("unit:4",)], ()),
        ([("all", "organisation:1"), ("all",)], ("all",)),
        ([("unit:4",), ("post:core",)], ("person:11", "person:14")),  # neither has a word for them: by name
        ([("all",), ("unit:1",), ("person:4",)], ("person:4",)),
        ([(), ("all",)], ()),
    ],
)
def test_the_narrowest_common_scope(scopes: list[tuple[str, ...]], found: tuple[str, ...]) -> None:
    sources = [paper("all") if not one else paper(*one) for one in scopes]
    sources = [replace(s, scope=Scope(one)) for s, one in zip(sources, scopes, strict=True)]
    assert common(sources, SCHEME, HOUSE).principals == found


def test_the_scope_of_what_is_internal_binds_nobody() -> None:
    inside, secret = paper("person:4", level="internal"), paper("unit:3")
    assert common([inside, secret], SCHEME, HOUSE).principals == ("unit:3",)
    assert widened(paper("all"), inside, SCHEME, HOUSE) is None


@pytest.mark.parametrize(
    ("own", "source", "found"),
    [
        (lasting("years", "10"), lasting("years", "10"), False),
        (lasting("years", "9"), lasting("years", "10"), True),
        (lasting("months", "120"), lasting("years", "10"), False),
        (lasting("maximum"), lasting("years", "20"), False),
        (lasting("maximum", level="confidential"), lasting("maximum"), True),
        (lasting("years", "10"), lasting("long_term"), True),
        (lasting("condition", "型号定型"), lasting("long_term"), True),
        (lasting("long_term"), lasting("condition", "型号定型"), False),
        (lasting("condition", "型号定型"), lasting("condition", "型号定型", since=""), False),
        (lasting("condition", "试验结束"), lasting("condition", "型号定型"), True),
        (lasting("years", "30"), lasting("condition", "型号定型"), True),
        (lasting("condition", "型号定型"), lasting("years", "10"), False),
        (lasting("maximum", since=""), lasting("maximum", since=""), False),  # beginning not known: as it stands
        (lasting("maximum"), lasting("maximum", since=""), True),
        (lasting("maximum", since=""), lasting("maximum"), True),
        (lasting("years", "1"), lasting("none", level="internal"), False),
    ],
)
def test_one_period_is_shorter_than_another(own: Description, source: Description, found: bool) -> None:
    assert shorter(own, source, SCHEME) is found


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        ([lasting("maximum"), lasting("maximum")], (Period("maximum"), "2026-01-05")),
        ([lasting("years", "5"), lasting("years", "9")], (Period("date", "2035-01-05"), "2026-01-05")),
        ([lasting("years", "5"), lasting("long_term")], (Period("long_term"), "2026-01-05")),
        ([lasting("years", "5"), lasting("condition", "定型")], (Period("condition", "定型"), "2026-01-05")),
        ([lasting("condition", "甲"), lasting("condition", "乙")], (Period("long_term"), "2026-01-05")),
        ([lasting("maximum", since=""), lasting("years", "5")], (Period("long_term"), "")),
        ([lasting("none", level="internal")], (Period("none"), "2026-01-05")),
    ],
)
def test_the_longest_of_several(sources: list[Description], found: tuple[Period, str]) -> None:
    assert longest(sources, SCHEME) == found


PERIODS = st.one_of(
    st.builds(Period, st.sampled_from(("years", "months")), st.integers(1, 40).map(str)),
    st.builds(Period, st.just("date"), st.dates().map(lambda day: f"{max(day.year, 2027):04d}-{day:%m-%d}")),
    st.builds(Period, st.just("condition"), st.sampled_from(("甲", "乙"))),
    st.sampled_from((Period("maximum"), Period("long_term"))),
)
NAMES = st.sampled_from(
    ("all", "unit:1", "unit:3", "unit:4", "post:core", "post:important", "person:1", "person:4", "organisation:1")
)


@st.composite
def sources(draw: st.DrawFn) -> list[Description]:
    """Some papers, secret or not."""
    return [
        description(
            level=draw(st.sampled_from(("top_secret", "secret", "confidential"))),
            period=draw(PERIODS),
            classified_on=draw(st.sampled_from(("2026-01-05", "2020-06-30", ""))),
            scope=tuple(draw(st.lists(NAMES, max_size=3, unique=True))),
        )
        for _one in range(draw(st.integers(1, 4)))
    ]


@given(sources())
def test_what_is_inherited_is_never_less_than_any_source(drawn: list[Description]) -> None:
    taken = inherited(drawn, SCHEME, HOUSE)
    own = description(
        level=taken.level, period=taken.period, classified_on=taken.classified_on, scope=taken.scope.principals
    )
    for source in drawn:
        assert SCHEME.rank(own.level) >= SCHEME.rank(source.level)
        assert not shorter(own, source, SCHEME)
        assert widened(own, source, SCHEME, HOUSE) is None


@given(sources())
def test_whoever_all_sources_mean_is_meant_by_what_is_inherited(drawn: list[Description]) -> None:
    taken = inherited(drawn, SCHEME, HOUSE)
    for person in PERSONS:
        names = principals(person, HOUSE.units_above(person.unit))
        if person.left_on:
            continue
        meant = all(not names.isdisjoint(source.scope.principals) for source in drawn)
        assert meant == (not names.isdisjoint(taken.scope.principals))
