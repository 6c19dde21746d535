"""The rules: for every code of refusal an act that only this rule stands against."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from custody import rules
from custody.access import Grant, Role, Subject
from custody.entries import (
    FACTS,
    Borrowed,
    CarrierFact,
    Fact,
    FindingSettled,
    Imported,
    Moved,
    PersonRecorded,
    PlaceRecorded,
    Received,
    ReportedFound,
    ReportedMissing,
    Returned,
    RoundSigned,
    Shelved,
    Signature,
    TagBound,
    TagReadable,
    TagRetired,
    TagUnreadable,
    UnitRecorded,
)
from custody.entries.disposition import LossListed
from custody.entries.meetings import PaperMissing
from custody.life_cycle import TRANSITIONS, Status
from custody.matters import Matter
from custody.procedures import ACTS, CODES, PERMISSIONS, RULES, refusals
from custody.procedures.circulation import last_due
from custody.register import CarrierState
from custody.rules import NotFound, Refusal, Situation, TagNumber
from custody.values import DAY, Period, Person, Place, Tag, Unit
from tests.builders import (
    CLERK,
    CORRIDOR,
    LOW_SHELF,
    NOW,
    PEOPLE,
    PERSONS,
    PLACES,
    READING,
    SCHEME,
    SECRETARY,
    SHELF,
    SHELF_2,
    TODAY,
    UNITS,
    description,
    directory,
    epc_of,
    subject,
)

DUE = NOW + 5 * DAY
CHEN, SUN, MA, HE, LIN = (PEOPLE[name] for name in ("chen", "sun", "ma", "he", "lin"))


def situation(who: Subject = CLERK, **changes: Any) -> Situation:
    """Today at the archive; everybody has signed, and what is lost is so by the incident of a meeting."""
    signed = tuple(Signature(person.id, NOW, "password", "") for person in PERSONS)
    told = (PaperMissing(1, 5, 1, 1), LossListed(1, 7))
    return replace(Situation(who, SCHEME, directory(), NOW, TODAY, signatures=signed, facts=told), **changes)


def carrier(status: Status = Status.IN_PLACE, *, home: int | None = SHELF, **changes: Any) -> CarrierState:
    """Carrier 1 of the archive in a state, as the rules see it."""
    held = status is Status.ON_LOAN
    return CarrierState(
        id=1,
        description=description(**changes),
        origin="legacy",
        status=status,
        home=home,
        place=home if status is Status.IN_PLACE else None,
        holder=CHEN if held else None,
        due_at=DUE if held else None,
        tags=(Tag(epc_of(1)),),
        since_at=NOW - 10 * DAY,
        last_sequence=10,
    )


def imported(**changes: Any) -> Imported:
    """A carrier taken over."""
    return Imported(2, description(**({"control_number": "YS-2026-00002"} | changes)))


def received(**changes: Any) -> Received:
    """A carrier from outside."""
    named = {"control_number": "YS-2026-00002", "issuer": "部机关", "issuer_number": "〔2026〕3号"}
    return Received(2, description(**(named | changes)))


def listed_for_destruction() -> Matter:
    """A matter that binds its carriers."""
    return Matter(7, "XH-2026-0001", "destruction", "draft", 1, "secret", PEOPLE["clerk"], NOW, None)


@dataclass(frozen=True)
class Case:
    """An act, and the one refusal that stands against it."""

    clause: str
    code: str
    fact: Fact
    params: dict[str, str | int]
    state: CarrierState | None = None
    where: Callable[[], Situation] = situation


def borrowed(who: int = CHEN, due_at: int = DUE) -> Borrowed:
    """Carrier 1 lent."""
    return Borrowed(1, who, due_at)


def period(kind: Any, value: str = "", authority: str = "") -> Imported:
    """A carrier taken over with this period."""
    return imported(period=Period(kind, value, authority))


IN_PLACE = carrier()
SILENT = replace(carrier(), unreadable=(epc_of(1),))
CASES = [
    # Clause c.1: use within the prescribed scope.
    Case(
        "c.1",
        "outside_scope",
        borrowed(),
        {"person": "陈国栋", "person_en": "Chen Guodong"},
        carrier(scope=("unit:3",)),
    ),
    Case("c.1", "outside_scope", borrowed(SUN), {"person": "孙丽", "person_en": "Sun Li"}, carrier(scope=())),
    # Clause c.5: borrowing.
    Case("c.5", "borrower_unknown", borrowed(999), {"kind": "person", "id": 999}, IN_PLACE),
    Case(
        "c.5",
        "borrower_left",
        borrowed(LIN),
        {"person": "林涛", "person_en": "Lin Tao", "day": "2026-06-30"},
        carrier(level="internal", scope=("all",)),
    ),
    Case("c.5", "not_cleared", borrowed(MA), {"person": "马骏", "person_en": "Ma Jun", "level": "secret"}, IN_PLACE),
    Case(
        "c.5",
        "not_cleared",
        borrowed(HE),
        {"person": "何静", "person_en": "He Jing", "level": "confidential"},
        carrier(level="confidential"),
    ),
    Case(
        "c.5",
        "overdue_loans",
        borrowed(),
        {"person": "陈国栋", "person_en": "Chen Guodong"},
        IN_PLACE,
        lambda: situation(overdue_loans={CHEN: 2}),
    ),
    Case("c.5", "due_in_past", borrowed(due_at=NOW), {"day": "2026-11-20"}, IN_PLACE),
    Case("c.5", "due_too_late", borrowed(due_at=last_due(NOW, 30, "Asia/Shanghai") + 1), {"days": 30}, IN_PLACE),
    Case("c.5", "pages_short", Returned(1, SHELF, 11), {"counted": 11, "pages": 12}, carrier(Status.ON_LOAN)),
    Case("c.5", "pages_to_count", Returned(1, SHELF), {"pages": 12}, carrier(Status.ON_LOAN)),
    Case(
        "c.5",
        "signature_missing",
        borrowed(),
        {"person": "陈国栋", "person_en": "Chen Guodong"},
        IN_PLACE,
        lambda: situation(signatures=(Signature(PEOPLE["clerk"], NOW, "password", ""),)),
    ),
    Case(
        "c.5",
        "another_waits",
        borrowed(),
        {"person": "孙丽", "person_en": "Sun Li"},
        replace(IN_PLACE, queue=(SUN, CHEN)),
    ),
    # Clause f.2: kept in places fit for the level.
    *(
        Case("f.2", "no_storage", fact, {"place": "B1-reading"}, state)
        for fact, state in (
            (Shelved(1, READING), carrier(home=None)),
            (Moved(1, READING), IN_PLACE),
            (Returned(1, READING, 12), carrier(Status.ON_LOAN)),
            (ReportedFound(1, READING, "找到"), carrier(Status.DECLARED_LOST)),
        )
    ),
    *(
        Case("f.2", "rated_too_low", fact, {"place": "B1-low", "rating": "confidential", "level": "secret"}, state)
        for fact, state in (
            (Shelved(1, LOW_SHELF), carrier(home=None)),
            (Moved(1, LOW_SHELF), IN_PLACE),
            (Returned(1, LOW_SHELF, 12), carrier(Status.ON_LOAN)),
            (ReportedFound(1, LOW_SHELF, "找到"), carrier(Status.DECLARED_LOST)),
        )
    ),
    Case(
        "f.2",
        "rated_too_low",
        Moved(1, CORRIDOR),
        {"place": "B1-corridor", "rating": "", "level": "internal"},
        carrier(level="internal"),
    ),
    # Clause a.5: level and period.
    Case("a.5", "level_unknown", imported(level="cosmic"), {"level": "cosmic"}),
    Case("a.5", "level_unknown", imported(level=""), {"level": ""}),
    Case("a.5", "period_missing", period("none"), {"level": "secret"}),
    Case("a.5", "period_beyond_maximum", period("years", "21"), {"level": "secret", "years": 20}),
    Case("a.5", "period_beyond_maximum", period("months", "241"), {"level": "secret", "years": 20}),
    Case("a.5", "period_beyond_maximum", period("date", "2046-01-06"), {"level": "secret", "years": 20}),
    Case("a.5", "period_beyond_maximum", period("condition", "工程竣工"), {"level": "secret", "years": 20}),
    Case("a.5", "period_beyond_maximum", period("long_term"), {"level": "secret", "years": 20}),
    Case("a.5", "period_unclear", period("years", "many"), {"period": "years", "value": "many"}),
    Case("a.5", "period_unclear", period("months", "0"), {"period": "months", "value": "0"}),
    Case("a.5", "period_unclear", period("date", "2026-01-05"), {"period": "date", "value": "2026-01-05"}),
    Case(
        "a.5",
        "period_unclear",
        imported(period=Period("date", "2030-01-01"), classified_on=""),
        {"period": "date", "value": "2030-01-01"},
    ),
    Case("a.5", "period_unclear", period("condition", " ", "部党组"), {"period": "condition", "value": " "}),
    Case("a.5", "period_unclear", period("maximum", "20"), {"period": "maximum", "value": "20"}),
    # Clause b.1.
    Case("b.1", "issuer_missing", received(issuer=" "), {"field": "issuer"}),
    Case("b.1", "issuer_missing", received(issuer_number=""), {"field": "issuer_number"}),
    # Good order.
    Case(
        "",
        "not_permitted",
        Moved(1, SHELF_2),
        {"act": "moved"},
        IN_PLACE,
        lambda: situation(subject("sun", Role.LEADER)),
    ),
    Case("", "state", Returned(1, SHELF), {"act": "returned", "status": "in_place"}, IN_PLACE),
    Case("", "period_on_internal", imported(level="internal", period=Period("years", "5")), {"level": "internal"}),
    Case("", "date_invalid", imported(classified_on="2026-1-5"), {"value": "2026-1-5"}),
    Case("", "text_missing", imported(title="　"), {"field": "title"}),
    Case("", "text_missing", imported(control_number=""), {"field": "control_number"}),
    Case("", "text_missing", TagRetired(1, epc_of(1), ""), {"field": "reason"}, IN_PLACE),
    Case("", "text_missing", TagUnreadable(1, epc_of(1), " "), {"field": "reason"}, IN_PLACE),
    Case("", "text_missing", ReportedMissing(1, " "), {"field": "circumstances"}, IN_PLACE),
    Case("", "clock_not_started", ReportedMissing(1, "不见"), {"hours": 24}, IN_PLACE, lambda: situation(facts=())),
    Case(
        "",
        "enquiry_untold",
        ReportedFound(1, SHELF, "找到"),
        {},
        carrier(Status.DECLARED_LOST),
        lambda: situation(losses={1: 7}),
    ),
    Case(
        "",
        "not_of_own_meeting",
        ReportedMissing(1, "不见"),
        {},
        IN_PLACE,
        lambda: situation(SECRETARY, facts=(LossListed(1, 7),)),
    ),
    Case("", "text_missing", FindingSettled("F-1", "missing", "found", ""), {"field": "reason"}),
    Case(
        "",
        "in_matter",
        Moved(1, SHELF_2),
        {"number": "XH-2026-0001", "matter": "destruction"},
        replace(IN_PLACE, matter=7),
        lambda: situation(matters={7: listed_for_destruction()}),
    ),
    Case(
        "",
        "bound_elsewhere",
        Moved(1, SHELF_2),
        {},
        replace(carrier(level="confidential"), matter=7),
        lambda: situation(subject("ma", Role.CLERK), matters={7: listed_for_destruction()}),
    ),
    Case("", "copy_impossible", imported(copy_number=4, copies=3), {"copy": 4, "copies": 3}),
    Case("", "copy_impossible", imported(copy_number=0, copies=3), {"copy": 0, "copies": 3}),
    Case("", "copy_impossible", imported(copy_number=1, copies=2**31), {"copy": 1, "copies": 2**31}),
    Case(
        "",
        "number_taken",
        imported(),
        {"number": "YS-2026-00002", "copy": 1},
        None,
        lambda: situation(numbers_taken={("YS-2026-00002", 1)}),
    ),
    Case("", "reference_unknown", imported(unit=77), {"kind": "unit", "id": 77}),
    Case("", "reference_unknown", Moved(1, 777), {"kind": "place", "id": 777}, IN_PLACE),
    Case("", "reference_unknown", UnitRecorded(Unit(50, "X", "某部", parent=77)), {"kind": "unit", "id": 77}),
    Case(
        "",
        "reference_unknown",
        PlaceRecorded(replace(PLACES[9], id=50, code="X", inside=77)),
        {"kind": "place", "id": 77},
    ),
    Case("", "reference_unknown", PlaceRecorded(replace(PLACES[4], responsible=77)), {"kind": "person", "id": 77}),
    Case("", "reference_unknown", PersonRecorded(replace(PERSONS[3], unit=77)), {"kind": "unit", "id": 77}),
    Case("", "pages_impossible", imported(pages=0), {"pages": 0}),
    Case("", "pages_impossible", imported(pages=2**31), {"pages": 2**31}),
    Case("", "scope_unclear", imported(scope=("all", "unit:77")), {"principal": "unit:77"}),
    Case("", "scope_unclear", imported(scope=("person:04",)), {"principal": "person:04"}),
    Case("", "scope_unclear", imported(scope=("post:chief",)), {"principal": "post:chief"}),
    Case("", "scope_unclear", imported(scope=("研究部",)), {"principal": "研究部"}),
    Case(
        "",
        "beyond_own_sight",
        imported(level="top_secret"),
        {"level": "top_secret"},
        None,
        lambda: situation(subject("chen", Role.CLERK)),
    ),
    Case(
        "",
        "beyond_own_sight",
        imported(scope=("unit:3",), unit=3),
        {"level": "secret"},
        None,
        lambda: situation(subject("chen", Grant(Role.CLERK, 4))),
    ),
    Case(
        "", "epc_malformed", TagBound(1, Tag("3414f4a2000000000000000A")), {"epc": "3414f4a2000000000000000A"}, IN_PLACE
    ),
    Case("", "epc_malformed", TagBound(1, Tag("3414F4A20")), {"epc": "3414F4A20"}, IN_PLACE),
    Case("", "tid_malformed", TagBound(1, Tag(epc_of(2), "E2")), {"tid": "E2"}, IN_PLACE),
    Case(
        "",
        "epc_known",
        TagBound(1, Tag(epc_of(2))),
        {"epc": epc_of(2)},
        IN_PLACE,
        lambda: situation(epcs_known={epc_of(2): 9}),
    ),
    Case("", "tag_not_bound", TagRetired(1, epc_of(2), "撕裂"), {"epc": epc_of(2)}, IN_PLACE),
    Case("", "tag_not_bound", TagUnreadable(1, epc_of(2), "无应答"), {"epc": epc_of(2)}, IN_PLACE),
    Case("", "tag_silent_already", TagUnreadable(1, epc_of(1), "无应答"), {"epc": epc_of(1)}, SILENT),
    Case("", "tag_not_silent", TagReadable(1, epc_of(1)), {"epc": epc_of(1)}, IN_PLACE),
    Case(
        "",
        "signature_missing",
        TagUnreadable(1, epc_of(1), "无应答"),
        {"person": "周敏", "person_en": "Zhou Min"},
        carrier(level="top_secret"),
        lambda: situation(signatures=()),
    ),
    Case(
        "",
        "number_spoiled",
        TagBound(1, Tag(epc_of(2))),
        {"epc": epc_of(2)},
        IN_PLACE,
        lambda: situation(tag_numbers={epc_of(2): TagNumber("spoiled", 1)}),
    ),
    Case(
        "",
        "number_reserved",
        TagBound(1, Tag(epc_of(2))),
        {"epc": epc_of(2)},
        IN_PLACE,
        lambda: situation(tag_numbers={epc_of(2): TagNumber("verified", 2)}),
    ),
    Case("", "has_home", Shelved(1, SHELF_2), {"place": "B1-01-1"}, IN_PLACE),
    Case("", "no_home", Moved(1, SHELF_2), {}, carrier(home=None)),
    Case("", "there_already", Moved(1, SHELF), {"place": "B1-01-1"}, IN_PLACE),
    Case("", "directory_nameless", UnitRecorded(Unit(50, " ", "某部")), {"kind": "unit", "code": " "}),
    Case("", "directory_nameless", PlaceRecorded(replace(PLACES[0], id=0)), {"kind": "place", "code": "SITE"}),
    Case("", "directory_nameless", PersonRecorded(replace(PERSONS[3], name="")), {"kind": "person", "code": "1004"}),
    Case(
        "",
        "code_taken",
        PersonRecorded(replace(PERSONS[3], number="1001")),
        {"kind": "person", "code": "1001"},
        None,
        lambda: situation(codes_taken={("person", "1001"): 1}),
    ),
    Case("", "within_itself", UnitRecorded(replace(UNITS[0], parent=4)), {"code": "HQ"}),
    Case("", "within_itself", PlaceRecorded(replace(PLACES[2], parent=SHELF)), {"code": "B1-store"}),
    Case("", "rating_unknown", PlaceRecorded(replace(PLACES[2], rating="cosmic")), {"level": "cosmic"}),
    Case("", "date_invalid", PersonRecorded(replace(PERSONS[3], left_on="soon")), {"value": "soon"}),
]
OF_THE_ACT = {"happened_in_future", "happened_before_state", "corrects_unknown", "corrects_depended_on"}
"""Asked by the store, of an act as a whole; see test_books."""
PLAIN = {
    *(Imported, Received, Shelved, Moved, Borrowed, Returned, ReportedMissing, ReportedFound, TagBound, TagRetired),
    *(TagUnreadable, TagReadable),
    *(UnitRecorded, PlaceRecorded, PersonRecorded, RoundSigned, FindingSettled),
}
"""Facts that need no matter: the cases here are theirs. The others have theirs with their letter."""
PLAIN_RULES = [rule for rule in RULES if PLAIN & set(rule.facts)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.clause}-{case.code}-{case.fact.kind}")
def test_one_rule_alone_stands_against_it(case: Case) -> None:
    """Refused by this rule; and would be entered, were there not this rule."""
    where = case.where()
    assert refusals(case.state, case.fact, where) == (Refusal(case.clause, case.code, case.params),)
    assert tuple(case.params) == CODES[case.code]
    if case.code not in ("not_permitted", "state"):
        without = [rule for rule in RULES if rule.code != case.code]
        assert rules.refusals(without, PERMISSIONS, case.state, case.fact, where) == ()


def test_every_code_has_an_example_and_every_rule_its_code() -> None:
    assert {rule.code for rule in RULES} <= set(CODES)
    tried = {case.code for case in CASES}
    assert tried | OF_THE_ACT <= set(CODES)
    assert tried <= {rule.code for rule in PLAIN_RULES} | {"not_permitted", "state"}
    # The others have theirs with their letter, which name the code.
    told = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parents[1].rglob("*.py"))
    assert sorted(rule.code for rule in RULES if f'"{rule.code}"' not in told and f" {rule.code}" not in told) == []
    assert len(set(ACTS.values())) == len(ACTS), "two kinds of act would share their numbers"


def test_every_kind_of_fact_needs_a_permission() -> None:
    assert set(PERMISSIONS).isdisjoint(rules.OF_THE_INSTALLATION), "no person may"
    assert set(PERMISSIONS) | set(rules.OF_THE_INSTALLATION) == set(FACTS.values())
    assert all(issubclass(kind, CarrierFact) for kind in TRANSITIONS)


ALLOWED = [
    (borrowed(), carrier(scope=("unit:4",))),
    (borrowed(), carrier(scope=("unit:1",))),  # a scope that names a unit means its sub-units too
    (borrowed(), carrier(scope=("post:important",))),
    (borrowed(), carrier(scope=("person:4",))),
    (borrowed(HE), carrier(level="internal", scope=())),  # no clearance and no scope for internal
    (borrowed(due_at=last_due(NOW, 30, "Asia/Shanghai")), IN_PLACE),
    (Returned(1, SHELF, 12), carrier(Status.ON_LOAN)),
    (Returned(1, SHELF), carrier(Status.ON_LOAN, pages=None)),
    (Returned(1, SHELF), carrier(Status.ON_LOAN, level="confidential")),  # counted from secret up
    (Moved(1, LOW_SHELF), carrier(level="confidential")),
    (Moved(1, LOW_SHELF), carrier(level="internal")),
    (Shelved(1, SHELF), carrier(home=None, level="top_secret")),
    (period("maximum"), None),
    (period("years", "20"), None),
    (period("months", "240"), None),
    (period("date", "2046-01-05"), None),
    (period("years", "50", "国家保密行政管理部门"), None),
    (period("long_term", "", "国家保密行政管理部门"), None),
    (period("condition", "工程竣工", "国家保密行政管理部门"), None),
    (imported(level="internal"), None),
    (imported(level="confidential", period=Period("years", "10")), None),
    (imported(level="top_secret", period=Period("years", "30")), None),
    (imported(scope=("all", "unit:4", "post:core", "person:4")), None),
    (imported(copy_number=3, copies=3), None),
    (received(), None),
    (TagBound(1, Tag(epc_of(2), "E2801160600002")), IN_PLACE),
    (TagBound(1, Tag("3414F4A2" * 8)), IN_PLACE),
    (TagRetired(1, epc_of(1), "撕裂"), IN_PLACE),
    (TagUnreadable(1, epc_of(1), "无应答"), IN_PLACE),
    (TagReadable(1, epc_of(1)), SILENT),
    (TagBound(1, Tag("04A1B2C3D4E5F6")), IN_PLACE),  # an HF label of ISO 14443 with 7 bytes
    (ReportedMissing(1, "搬家后未见"), carrier(Status.ON_LOAN)),
    (ReportedFound(1, SHELF, "柜后"), carrier(Status.DECLARED_LOST)),
    (RoundSigned("QC-1", SHELF, 1, 1, 1, 0, 0, 0, "00" * 32), None),
    (FindingSettled("F-1", "missing", "found", "已找到"), None),
    (UnitRecorded(Unit(50, "X", "某部", parent=4)), None),
    (PlaceRecorded(Place(50, "X", "某柜", "cabinet", parent=3)), None),
    (PersonRecorded(Person(50, "1050", "王敏", unit=4)), None),
]


@pytest.mark.parametrize(("fact", "state"), ALLOWED, ids=lambda part: getattr(part, "kind", ""))
def test_the_edge_of_what_is_allowed(fact: Fact, state: CarrierState | None) -> None:
    assert refusals(state, fact, situation()) == ()


def test_a_period_to_29_february_runs_to_a_day_that_is() -> None:
    leap = imported(classified_on="2024-02-29", level="confidential", period=Period("date", "2034-03-01"))
    assert refusals(None, leap, situation()) == ()
    beyond = replace(leap, description=replace(leap.description, period=Period("date", "2034-03-02")))
    assert [r.code for r in refusals(None, beyond, situation())] == ["period_beyond_maximum"]
    far = replace(leap, description=replace(leap.description, classified_on="9995-01-01", period=Period("maximum")))
    assert refusals(None, far, situation()) == ()


def test_clearance_runs_between_its_dates_inclusive() -> None:
    dates = replace(PERSONS[3], cleared_from="2026-11-20", cleared_until="2026-11-20")
    known = directory()
    known.persons[CHEN] = dates
    on = {
        day: refusals(IN_PLACE, borrowed(), situation(directory=known, day=day))
        for day in ("2026-11-19", "2026-11-20", "2026-11-21")
    }
    assert {day: [r.code for r in found] for day, found in on.items()} == {
        "2026-11-19": ["not_cleared"],
        "2026-11-20": [],
        "2026-11-21": ["not_cleared"],
    }


SAMPLES: dict[type[CarrierFact], CarrierFact] = {
    Imported: Imported(1, description("YS-2026-00002")),
    Received: replace(received(), carrier=1),
    Shelved: Shelved(1, SHELF),
    Moved: Moved(1, SHELF_2),
    Borrowed: borrowed(),
    Returned: Returned(1, SHELF, 12),
    ReportedMissing: ReportedMissing(1, "不见"),
    ReportedFound: ReportedFound(1, SHELF, "找到"),
    TagBound: TagBound(1, Tag(epc_of(2))),
    TagRetired: TagRetired(1, epc_of(1), "撕裂"),
    TagUnreadable: TagUnreadable(1, epc_of(1), "无应答"),
}
"""`TagReadable` asks for a carrier whose tag is silent: it has tests of its own."""


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("kind", SAMPLES, ids=lambda kind: kind.kind)
def test_the_life_cycle_refuses_what_its_table_does_not_hold(kind: type[CarrierFact], status: Status) -> None:
    state = carrier(status, home=None if kind is Shelved else SHELF)
    codes = [r.code for r in refusals(state, SAMPLES[kind], situation())]
    assert codes == ([] if status in TRANSITIONS[kind] else ["state"])


@pytest.mark.parametrize("kind", SAMPLES, ids=lambda kind: kind.kind)
def test_what_is_not_in_the_register_can_only_come_in(kind: type[CarrierFact]) -> None:
    if None in TRANSITIONS[kind]:
        assert refusals(None, SAMPLES[kind], situation()) == ()
    else:
        with pytest.raises(NotFound):
            refusals(None, SAMPLES[kind], situation())


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("kind", [k for k in FACTS.values() if k in PLAIN], ids=lambda kind: kind.kind)
def test_a_role_may_enter_what_its_permissions_open_and_nothing_else(kind: type[Fact], role: Role) -> None:
    """The matrix of roles and kinds of fact, limited to the unit of the role and those under it."""
    others: dict[type[Fact], Fact] = {
        UnitRecorded: UnitRecorded(UNITS[1]),
        PlaceRecorded: PlaceRecorded(PLACES[1]),
        PersonRecorded: PersonRecorded(PERSONS[1]),
        RoundSigned: RoundSigned("QC-1", SHELF, 1, 1, 1, 0, 0, 0, ""),
        FindingSettled: FindingSettled("F-1", "missing", "found", "已找到", 1),
        TagReadable: TagReadable(1, epc_of(1)),
    }
    fact = others.get(kind) or SAMPLES[kind]  # type: ignore[index]
    about = isinstance(fact, CarrierFact | FindingSettled)
    before = next(iter(TRANSITIONS[kind]), None) if kind in TRANSITIONS else Status.IN_PLACE  # type: ignore[index]
    state = carrier(before, home=None if kind is Shelved else SHELF, unit=4) if about and before else None
    if state is not None and kind is TagReadable:
        state = replace(state, unreadable=SILENT.unreadable)
    from custody.access import PERMISSIONS as OPENED

    for grant, reached in (
        (Grant(role), True),
        (Grant(role, 1), True),
        (Grant(role, 4), True),
        (Grant(role, 3), False),
    ):
        who = subject("clerk", grant)
        try:
            codes = [r.code for r in refusals(state, fact, situation(who)) if r.code != "beyond_own_sight"]
        except NotFound:
            codes = ["not_found"]
        opened = PERMISSIONS[kind] in OPENED[role] and (reached or state is None)
        assert (codes == []) == opened, (grant, codes)
