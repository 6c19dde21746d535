"""Clauses a.1 to a.6 by name: each act would be entered without its rule."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from custody.access import Role
from custody.approval import asked
from custody.entries import Fact, Imported, PlaceRecorded, Received, TagBound
from custody.entries.approvals import Approved
from custody.entries.organisations import LicenceWithdrawn
from custody.entries.production import IntermediateKept, LabelsAllotted, OrderSettled
from custody.procedures import RULES_FOR
from custody.values import Period, Scope, Tag
from tests.builders import (
    CLERK,
    COMMITTEE,
    LOW_SHELF,
    PEOPLE,
    PLACES,
    READING,
    SECRECY_OFFICE,
    Archive,
    description,
    epc_of,
    signatures,
    subject,
)
from tests.custody.production.scene import (
    CHEN,
    DAYS,
    NUMBER,
    a_copy,
    an_intermediate,
    an_order,
    approve,
    approved_order,
    cancelled,
    closing,
    copies,
    in_days,
    intermediate,
    ordered,
    refusals_of,
    spoiled,
)

Patch = pytest.MonkeyPatch


def refused_alone(
    archive: Archive,
    by: Any,
    facts: list[Fact],
    act: str,
    expected: str,
    monkeypatch: Patch,
    *others: str,
) -> None:
    """The act is refused by this rule (`clause code`) alone; without the rule it is entered."""
    assert refusals_of(archive, archive.present(by), facts, act, *others) == [expected]
    clause, code = expected.split()
    left = {kind: tuple(r for r in rows if (r.clause, r.code) != (clause, code)) for kind, rows in RULES_FOR.items()}
    with monkeypatch.context() as patch:
        patch.setattr("custody.procedures.RULES_FOR", left)
        assert refusals_of(archive, archive.present(by), facts, act, *others) == []
    assert archive.books.rebuild_check() == []


def unsigned(archive: Archive, by: Any, facts: list[Fact], *others: str) -> list[str]:
    """What stands against the act where only these others sign it."""
    under = signatures(facts, archive.books.clock(), *others) if others else ()
    told = archive.books.refusals(archive.present(by), facts, signatures=under)
    return [f"{one.clause} {one.code}".strip() for against in told for one in against]


# a.1: nothing without an approved order.


@pytest.mark.parametrize("approvals", [0, 1])
def test_a_1_refuse__nothing_is_registered_before_the_order_is_approved(
    approvals: int, archive: Archive, monkeypatch: Patch
) -> None:
    order = an_order(archive)
    if approvals:
        archive.enter(SECRECY_OFFICE, [Approved(order, "office")], "approval")
    refused_alone(archive, CLERK, [a_copy(archive, order, 1)], "produce", "a.1 order_not_approved", monkeypatch)


def test_a_1_refuse__what_is_spoiled_or_arises_under_no_approved_order(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    order = an_order(sqlite_archive)
    for fact in (spoiled(sqlite_archive, order, 1), an_intermediate(sqlite_archive, order)):
        refused_alone(sqlite_archive, CLERK, [fact], "produce", "a.1 order_not_approved", monkeypatch)


def test_a_1_refuse__an_approval_not_made_use_of_in_time_is_none(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    order = approved_order(sqlite_archive)
    sqlite_archive.books.clock.days(31)  # type: ignore[attr-defined]
    fact = a_copy(sqlite_archive, order, 1)
    refused_alone(sqlite_archive, CLERK, [fact], "produce", "a.1 approval_lapsed", monkeypatch)


OTHERWISE: dict[str, dict[str, Any]] = {
    "another title": {"title": "另一份"},
    "a lower level": {"level": "confidential", "period": Period("years", "5")},
    "a shorter period": {"period": Period("years", "5")},
    "a wider scope": {"scope": Scope(("all", "unit:3"))},
    "another unit": {"unit": 1},
    "another medium": {"medium": "disc"},
    "another kind": {"kind": "disc"},
    "another number": {"control_number": "YS-2026-90002"},
    "more copies": {"copies": 4},
    "another ground": {"basis": "另一条"},
}


@pytest.mark.parametrize("case", OTHERWISE)
def test_a_1_refuse__what_is_registered_is_what_was_ordered(
    case: str, sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    order = approved_order(sqlite_archive)
    fact = a_copy(sqlite_archive, order, 1, **OTHERWISE[case])
    refused_alone(sqlite_archive, CLERK, [fact], "produce", "a.1 other_than_ordered", monkeypatch)


@pytest.mark.parametrize("origin", [Imported, Received])
def test_a_1_refuse__a_number_that_an_order_holds_comes_in_under_the_order_alone(
    origin: Callable[..., Fact], sqlite_archive: Archive
) -> None:
    approved_order(sqlite_archive)
    first, second = sqlite_archive.books.reserve("carrier", 2)
    within = description(NUMBER, copy_number=3, copies=9, issuer="部机关", issuer_number="1")
    inside = refusals_of(sqlite_archive, CLERK, [origin(first, within)], "take_in", "clerk2")
    behind = refusals_of(sqlite_archive, CLERK, [origin(second, replace(within, copy_number=4))], "take_in", "clerk2")
    assert set(inside) - set(behind) == {"a.1 number_ordered"}


def test_a_1_refuse__whoever_approved_registers_nothing(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    both = subject("secrecy", Role.SECRECY_OFFICE, Role.CLERK)
    order = an_order(sqlite_archive)
    sqlite_archive.enter(both, [Approved(order, "office")], "approval")
    sqlite_archive.enter(COMMITTEE, [Approved(order, "committee")], "approval")
    fact = a_copy(sqlite_archive, order, 1)
    refused_alone(sqlite_archive, both, [fact], "produce", "a.1 approver_produces", monkeypatch)


def test_a_1_refuse__one_person_never_orders_and_approves(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    every = (Role.CLERK, Role.SECRECY_OFFICE, Role.SECRECY_COMMITTEE)
    one = subject("clerk", *every)
    order = an_order(sqlite_archive, one, unit=2)
    refused_alone(sqlite_archive, one, [Approved(order, "office")], "approval", "a.1 same_person", monkeypatch)


@pytest.mark.parametrize("field", ["control_number", "title", "reason"])
def test_a_1_refuse__an_order_says_what_and_why(field: str, sqlite_archive: Archive, monkeypatch: Patch) -> None:
    empty = ordered(sqlite_archive.matter(), **{field: " "})
    refused_alone(sqlite_archive, CHEN, [empty], "production", "a.1 text_missing", monkeypatch)


def test_a_1_refuse__an_order_says_who_may_know_it(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    nobody = ordered(sqlite_archive.matter(), scope=())
    refused_alone(sqlite_archive, CHEN, [nobody], "production", "a.1 text_missing", monkeypatch)


def test_a_1_refuse__an_order_is_signed(sqlite_archive: Archive) -> None:
    fact = ordered(sqlite_archive.matter())
    assert unsigned(sqlite_archive, CHEN, [fact]) == ["a.1 signature_missing"]
    assert unsigned(sqlite_archive, CHEN, [fact], "chen") == []


# a.2: in a protected place.


@pytest.mark.parametrize("place", [LOW_SHELF, 2], ids=["rated confidential", "not rated"])
def test_a_2_refuse__a_place_not_rated_for_the_level(place: int, archive: Archive, monkeypatch: Patch) -> None:
    fact = ordered(archive.matter(), place=place)
    refused_alone(archive, CHEN, [fact], "production", "a.2 place_below_order", monkeypatch)


def test_a_2_refuse__a_place_rated_down_before_the_copies_are_made(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    order = approved_order(sqlite_archive)
    room = next(place for place in PLACES if place.id == READING)
    sqlite_archive.enter(CLERK, [PlaceRecorded(replace(room, rating="confidential"))], "directory")
    fact = a_copy(sqlite_archive, order, 1)
    refused_alone(sqlite_archive, CLERK, [fact], "produce", "a.2 place_below_order", monkeypatch)


def test_a_2_refuse__an_order_of_the_house_names_its_place(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    nowhere = ordered(sqlite_archive.matter(), place=None)
    refused_alone(sqlite_archive, CHEN, [nowhere], "production", "a.2 text_missing", monkeypatch)


# a.3: by whom.


@pytest.mark.parametrize("ownership", ["private", "foreign", "foreign_funded", "self_employed"])
def test_a_3_refuse__a_producer_that_is_private_or_foreign(ownership: str, sqlite_archive: Archive) -> None:
    forbidden = sqlite_archive.organisation(ownership=ownership)
    fact = ordered(sqlite_archive.matter(), producer=forbidden, place=None)
    against = refusals_of(sqlite_archive, CHEN, [fact], "production")
    assert against == ["a.3 ownership_forbidden", "a.3 unlicensed"]
    allowed = sqlite_archive.organisation("STATE", ownership="collective")
    sqlite_archive.licence(allowed)
    assert refusals_of(sqlite_archive, CHEN, [replace(fact, producer=allowed)], "production") == []


LICENCES: dict[str, dict[str, Any]] = {
    "expired": {"valid_until": "2026-11-19"},
    "not yet valid": {"valid_from": "2026-11-21"},
    "for a lower level": {"level": "confidential"},
    "for something else": {"activity": "transport"},
}


@pytest.mark.parametrize("case", LICENCES)
def test_a_3_refuse__a_producer_without_a_licence_good_today_and_for_the_level(
    case: str, archive: Archive, monkeypatch: Patch
) -> None:
    producer = archive.organisation()
    archive.licence(producer, **LICENCES[case])
    fact = ordered(archive.matter(), producer=producer, place=None)
    refused_alone(archive, CHEN, [fact], "production", "a.3 unlicensed", monkeypatch)


def test_a_3_refuse__a_licence_that_ended_after_the_order_was_written(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    producer = sqlite_archive.organisation()
    licence = sqlite_archive.licence(producer)
    order = an_order(sqlite_archive, producer=producer, place=None)
    other = approved_order(sqlite_archive, producer=producer, place=None, control_number="YS-2026-90002")
    sqlite_archive.enter(SECRECY_OFFICE, [LicenceWithdrawn(licence, "吊销")], "licence")
    approval: list[Fact] = [Approved(order, "office")]
    refused_alone(sqlite_archive, SECRECY_OFFICE, approval, "approval", "a.3 unlicensed", monkeypatch)
    fact = a_copy(sqlite_archive, other, 1)
    refused_alone(sqlite_archive, CLERK, [fact], "produce", "a.3 unlicensed", monkeypatch)


# a.4: exactly so many.


def test_a_4_refuse__copy_n_plus_1_of_n(archive: Archive, monkeypatch: Patch) -> None:
    order = approved_order(archive)
    copies(archive, order, 1, 2, 3)
    fact = a_copy(archive, order, 3)
    extra = replace(fact, description=replace(fact.description, copy_number=4))
    both = refusals_of(archive, CLERK, [extra], "produce")
    assert both == ["copy_impossible", "a.4 beyond_quantity"]
    five = replace(extra, description=replace(extra.description, copies=4))
    assert "a.4 beyond_quantity" in refusals_of(archive, CLERK, [five], "produce")
    refused_alone(archive, CLERK, [cancelled(order, 4)], "production_cancel", "a.4 beyond_quantity", monkeypatch)


def test_a_4_refuse__a_copy_number_is_used_once(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    order = approved_order(sqlite_archive)
    sheet = spoiled(sqlite_archive, order, 1)
    sqlite_archive.enter(CLERK, [sheet, cancelled(order, 2)], "production_spoil")
    for number in (1, 2):
        fact = a_copy(sqlite_archive, order, number)
        assert refusals_of(sqlite_archive, CLERK, [fact], "produce") == ["a.4 accounted_already"]
    again = cancelled(order, 3, 3)
    assert refusals_of(sqlite_archive, CLERK, [again], "production_cancel") == ["a.4 accounted_already"]
    fact = a_copy(sqlite_archive, order, 1)
    refused_alone(sqlite_archive, CLERK, [fact], "produce", "a.4 accounted_already", monkeypatch)


@pytest.mark.parametrize("quantity", [0, -1, 10_000])
def test_a_4_refuse__an_order_is_for_a_number_that_can_be_counted(
    quantity: int, sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    fact = ordered(sqlite_archive.matter(), quantity=quantity)
    refused_alone(sqlite_archive, CHEN, [fact], "production", "a.4 quantity_impossible", monkeypatch)


def test_a_4_refuse__numbers_that_another_order_holds(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    an_order(sqlite_archive)
    fact = ordered(sqlite_archive.matter())
    refused_alone(sqlite_archive, CHEN, [fact], "production", "a.4 numbers_ordered", monkeypatch)


def test_a_4_refuse__a_label_of_the_order_on_something_else(archive: Archive, monkeypatch: Patch) -> None:
    order = approved_order(archive)
    archive.enter(CLERK, [LabelsAllotted(order, (epc_of(90_001),))], "production_labels")
    other = archive.carrier(tagged=False)
    fact = TagBound(other, Tag(epc_of(90_001)))
    refused_alone(archive, CLERK, [fact], "tag", "a.4 label_of_order", monkeypatch)


def test_a_4_record__an_order_closes_when_approved_is_registered_and_spoiled_and_cancelled(
    archive: Archive, monkeypatch: Patch
) -> None:
    order = approved_order(archive, quantity=4)
    copies(archive, order, 1)
    archive.enter(CLERK, [spoiled(archive, order, 2), cancelled(order, 3)], "production_spoil")
    refused_alone(archive, CLERK, closing(archive, order), "production_close", "a.4 copies_open", monkeypatch)


def test_a_4_record__the_last_copy_opens_the_way(sqlite_archive: Archive) -> None:
    order = approved_order(sqlite_archive, quantity=2)
    copies(sqlite_archive, order, 1)
    over = closing(sqlite_archive, order, none=True)
    assert refusals_of(sqlite_archive, CLERK, over, "production_close") == ["a.4 copies_open"]
    copies(sqlite_archive, order, 2)
    assert refusals_of(sqlite_archive, CLERK, over, "production_close") == []


def test_a_4_record__no_label_is_kept_back(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    order = approved_order(sqlite_archive, quantity=1)
    copies(sqlite_archive, order, 1)
    sqlite_archive.enter(CLERK, [LabelsAllotted(order, (epc_of(90_001),))], "production_labels")
    over = closing(sqlite_archive, order, none=True)
    refused_alone(sqlite_archive, CLERK, over, "production_close", "a.4 labels_out", monkeypatch)


def test_a_4_record__spoiled_and_cancelled_with_the_reason_and_a_signature(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    order = approved_order(sqlite_archive)
    silent = spoiled(sqlite_archive, order, 1, reason=" ")
    refused_alone(sqlite_archive, CLERK, [silent], "production_spoil", "a.4 text_missing", monkeypatch)
    mute = cancelled(order, 2, reason="")
    refused_alone(sqlite_archive, CLERK, [mute], "production_cancel", "a.4 text_missing", monkeypatch)
    gone = cancelled(order, 3)
    assert unsigned(sqlite_archive, CLERK, [gone]) == ["a.4 signature_missing"]
    assert unsigned(sqlite_archive, CLERK, [gone], "clerk") == []


# a.5: level and period determined, marked, approved.


@pytest.mark.parametrize("field", ["basis", "determined_by", "classified_on"])
def test_a_5_record__the_ground_who_determined_it_and_when(
    field: str, sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    fact = ordered(sqlite_archive.matter(), **{field: ""})
    refused_alone(sqlite_archive, CHEN, [fact], "production", "a.5 text_missing", monkeypatch)


def test_a_5_record__each_copy_bears_its_mark(archive: Archive, monkeypatch: Patch) -> None:
    order = approved_order(archive)
    fact = a_copy(archive, order, 1, marked=False)
    refused_alone(archive, CLERK, [fact], "produce", "a.5 mark_missing", monkeypatch)


def test_a_5_record__who_registers_signs(sqlite_archive: Archive) -> None:
    order = approved_order(sqlite_archive)
    fact = a_copy(sqlite_archive, order, 1)
    assert unsigned(sqlite_archive, CLERK, [fact]) == ["a.5 signature_missing"]
    assert unsigned(sqlite_archive, CLERK, [fact], "clerk") == []


PERIODS: dict[str, tuple[dict[str, Any], str]] = {
    "none": ({"period": Period("none")}, "a.5 period_missing"),
    "beyond the maximum": ({"period": Period("years", "21")}, "a.5 period_beyond_maximum"),
    "unclear": ({"period": Period("years", "bald")}, "a.5 period_unclear"),
}


@pytest.mark.parametrize("case", PERIODS)
def test_a_5_refuse__an_order_without_a_lawful_period(case: str, sqlite_archive: Archive, monkeypatch: Patch) -> None:
    changes, expected = PERIODS[case]
    fact = ordered(sqlite_archive.matter(), **changes)
    refused_alone(sqlite_archive, CHEN, [fact], "production", expected, monkeypatch)


# a.6: what arises on the way.


UNLIKE: dict[str, tuple[dict[str, Any], str]] = {
    "a lower level": ({"level": "confidential", "period": Period("years", "5")}, "a.6 intermediate_differs"),
    "a shorter period": ({"period": Period("years", "5")}, "a.6 intermediate_differs"),
    "another title": ({"title": "草稿"}, "a.6 intermediate_differs"),
    "a wider scope": ({"scope": Scope(("all", "unit:3"))}, "a.6 intermediate_differs"),
    "a finished copy": ({"intermediate": ""}, "a.6 not_intermediate"),
    "a number of its own": ({"control_number": "YS-2026-70001"}, "a.6 not_intermediate"),
    "a number of another kind": ({"control_number": f"{NUMBER}/P1"}, "a.6 not_intermediate"),
}


@pytest.mark.parametrize("case", UNLIKE)
def test_a_6_record__an_intermediate_stands_under_its_order_with_its_level(
    case: str, sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    changes, expected = UNLIKE[case]
    order = approved_order(sqlite_archive)
    fact = an_intermediate(sqlite_archive, order, **changes)
    refused_alone(sqlite_archive, CLERK, [fact], "intermediate", expected, monkeypatch)


def test_a_6_record__a_spoiled_copy_is_a_scrap(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    order = approved_order(sqlite_archive)
    fact = spoiled(sqlite_archive, order, 1, intermediate="draft", control_number=f"{NUMBER}/G1")
    refused_alone(sqlite_archive, CLERK, [fact], "production_spoil", "a.6 not_intermediate", monkeypatch)


@pytest.mark.parametrize("none", [False, True], ids=["nothing said", "said wrongly"])
def test_a_6_record__an_order_closes_when_its_intermediates_are_told_of(
    none: bool, sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    order = approved_order(sqlite_archive, quantity=1)
    copies(sqlite_archive, order, 1)
    if none:
        intermediate(sqlite_archive, order)
    over = closing(sqlite_archive, order, none=none)[:1]
    refused_alone(sqlite_archive, CLERK, over, "production_close", "a.6 intermediates_untold", monkeypatch)


@pytest.mark.parametrize("days", [0, DAYS + 1])
def test_a_6_record__intermediates_have_a_day(days: int, sqlite_archive: Archive, monkeypatch: Patch) -> None:
    order = approved_order(sqlite_archive, quantity=1)
    copies(sqlite_archive, order, 1)
    intermediate(sqlite_archive, order)
    over = closing(sqlite_archive, order, days=days)
    refused_alone(sqlite_archive, CLERK, over, "production_close", "a.6 intermediates_due_wrong", monkeypatch)
    assert sqlite_archive.the_matter(order).due_at == in_days(sqlite_archive, days)


def test_a_6_record__an_order_is_not_over_while_an_intermediate_is_left(archive: Archive, monkeypatch: Patch) -> None:
    order = approved_order(archive, quantity=1)
    copies(archive, order, 1)
    intermediate(archive, order)
    over = [*closing(archive, order), OrderSettled(order)]
    refused_alone(archive, CLERK, over, "production_close", "a.6 intermediates_left", monkeypatch)


def test_a_6_record__to_keep_an_intermediate_is_decided_by_another_with_the_reason(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    order = approved_order(sqlite_archive)
    one, other, third = (intermediate(sqlite_archive, order) for _ in range(3))
    alone: list[Fact] = [IntermediateKept(one, order, PEOPLE["clerk"], "留存备查")]
    refused_alone(sqlite_archive, CLERK, alone, "intermediate_keep", "a.6 decides_alone", monkeypatch)
    silent: list[Fact] = [IntermediateKept(other, order, PEOPLE["manager"], " ")]
    refused_alone(sqlite_archive, CLERK, silent, "intermediate_keep", "a.6 text_missing", monkeypatch, "manager")
    kept: list[Fact] = [IntermediateKept(third, order, PEOPLE["manager"], "留存备查")]
    assert unsigned(sqlite_archive, CLERK, kept, "clerk") == ["a.6 signature_missing"]
    assert unsigned(sqlite_archive, CLERK, kept, "clerk", "manager") == []
    uncleared: list[Fact] = [IntermediateKept(third, order, PEOPLE["ma"], "留存备查")]
    assert unsigned(sqlite_archive, CLERK, uncleared, "clerk", "ma") == ["b.3 not_cleared"]


# What is internal is no state secret: place, producer and ground are not bound.


def test_what_is_internal_is_ordered_without_ground_and_rating(sqlite_archive: Archive) -> None:
    order = sqlite_archive.matter()
    fact = ordered(
        order, level="internal", period=Period("none"), basis="", determined_by="", classified_on="", place=2, scope=()
    )
    wish = asked(order, "production", sqlite_archive.scheme, sqlite_archive.books.clock())
    assert refusals_of(sqlite_archive, CHEN, [fact, wish], "production") == []
    approve(sqlite_archive, order)
    assert refusals_of(sqlite_archive, CLERK, [a_copy(sqlite_archive, order, 1, marked=False)], "produce") == []


def test_3_refuse__the_house_produces_on_its_premises(sqlite_archive: Archive) -> None:
    new = sqlite_archive.books.reserve("place", 1)[0]
    home = replace(PLACES[6], id=new, code="HOME", parent=None, responsible=PEOPLE["clerk"])
    sqlite_archive.enter(CLERK, [PlaceRecorded(home)], "directory")
    fact = ordered(sqlite_archive.matter(), place=home.id)
    assert refusals_of(sqlite_archive, CHEN, [fact], "production") == ["3 off_premises"]
    assert refusals_of(sqlite_archive, CHEN, [replace(fact, place=READING)], "production") == []
