"""The clauses of carrying out by name: each act would be entered without its rule."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from custody import procedures
from custody.access import Role, Subject
from custody.entries import Fact
from custody.entries.approvals import Approved
from custody.entries.carrying_out import LegTold, PermitListed
from custody.entries.entry import Acknowledged, InstructionIssued
from custody.life_cycle import Status
from custody.procedures.carrying_out import CODES
from custody.rules import Refused
from custody.values import DAY
from tests.builders import CLERK, LOW_SHELF, NOW, PEOPLE, READING, SHELF, Archive, signatures, subject
from tests.custody.carrying_out.scene import BACK, CHEN, STEPS, Scene, a_permit, leg, opened

Patch = pytest.MonkeyPatch
Rules = tuple[str, str]


def without(monkeypatch: Patch, *gone: Rules) -> None:
    """The rules as they would be without these, each a clause and a code."""
    left = {
        kind: tuple(rule for rule in rules if (rule.clause, rule.code) not in gone)
        for kind, rules in procedures.RULES_FOR.items()
    }
    monkeypatch.setattr("custody.procedures.RULES_FOR", left)


def refused_alone(
    archive: Archive,
    monkeypatch: Patch,
    facts: Sequence[Fact],
    act: str,
    rule: Rules,
    *others: int | str,
    by: Subject = CLERK,
    **more: Any,
) -> None:
    """Refused by this rule alone; without it the books would take the act."""
    who = archive.present(by)
    with pytest.raises(Refused) as caught:
        archive.enter(who, facts, act, *others, **more)
    assert [(one.clause, one.code) for one in caught.value.refusals] == [rule]
    assert set(caught.value.refusals[0].params) == set(CODES.get(rule[1], caught.value.refusals[0].params))
    without(monkeypatch, rule)
    archive.enter(who, facts, act, *others, **more)
    assert archive.books.rebuild_check() == []


def asking(archive: Archive, monkeypatch: Patch, rule: Rules, by: Subject = CLERK, **changes: Any) -> None:
    """A permit with this is refused by this rule alone."""
    facts = [opened(archive, archive.matter(), **changes)]
    refused_alone(archive, monkeypatch, facts, "permit", rule, by=by)


# e.1: who, what, why, where to, container, escort, window.


@pytest.mark.parametrize("stage", ["drafted", "asked", "half approved"])
def test_e_1_refuse__nothing_leaves_without_an_approved_permit(
    archive: Archive, monkeypatch: Patch, stage: str
) -> None:
    carrier = archive.carrier()
    permit = a_permit(archive, carrier)
    if stage != "drafted":
        permit.asks().approves(*(("unit",) if stage == "half approved" else ()))
    facts = [permit.out(carrier)]
    refused_alone(archive, monkeypatch, facts, "carry_out", ("e.1", "permit_not_approved"), "chen")
    assert archive.state(carrier).status is Status.CARRIED_OUT


def test_e_1_refuse__what_is_on_no_permit(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier, other = sqlite_archive.carriers(2)
    permit = a_permit(sqlite_archive, carrier).approved()
    facts = [permit.out(other)]
    refused_alone(sqlite_archive, monkeypatch, facts, "carry_out", ("e.1", "not_on_permit"), "chen")


@pytest.mark.parametrize("field", ["purpose", "destination", "container"])
def test_e_1_refuse__a_permit_without_why_where_to_or_case(
    sqlite_archive: Archive, monkeypatch: Patch, field: str
) -> None:
    asking(sqlite_archive, monkeypatch, ("e.1", "text_missing"), **{field: " "})


def test_e_1_refuse__a_bearer_who_has_left(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    gone: dict[str, Any] = {"level": "internal", "bearer": PEOPLE["lin"]}
    with pytest.raises(Refused) as caught:
        sqlite_archive.enter(CLERK, [opened(sqlite_archive, sqlite_archive.matter(), **gone)], "permit")
    assert [(one.clause, one.code) for one in caught.value.refusals] == [("", "traveller_left")]
    without(monkeypatch, ("e.1", "traveller_not_cleared"))
    asking(sqlite_archive, monkeypatch, ("e.1", "traveller_left"), bearer=PEOPLE["lin"])


@pytest.mark.parametrize("who", [{"bearer": PEOPLE["ma"]}, {"escorts": (PEOPLE["ma"],)}], ids=["bearer", "escort"])
def test_e_1_refuse__who_goes_is_not_cleared(sqlite_archive: Archive, monkeypatch: Patch, who: dict[str, Any]) -> None:
    asking(sqlite_archive, monkeypatch, ("e.1", "traveller_not_cleared"), **who)


def test_e_1_refuse__a_bearer_outside_the_scope(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier(scope=("unit:3",))
    permit = a_permit(sqlite_archive, by=CLERK)
    facts = [PermitListed(carrier, permit.id)]
    refused_alone(sqlite_archive, monkeypatch, facts, "permit_list", ("e.1", "bearer_outside_scope"))


def test_e_1_refuse__a_bearer_who_has_not_signed_the_undertaking(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    """Given an undertaking, when he signed an older text or none, then he takes nothing out."""
    archive = sqlite_archive
    office = subject("secrecy", Role.SECRECY_OFFICE)
    monkeypatch.setattr(
        "custody.procedures.RULES_FOR",
        procedures.RULES_FOR | {InstructionIssued: (), Acknowledged: ()},
    )
    monkeypatch.setattr(
        "custody.procedures.PERMISSIONS",
        procedures.PERMISSIONS | dict.fromkeys((InstructionIssued, Acknowledged), procedures.PERMISSIONS[PermitListed]),
    )
    for text in ("保密承诺书（2025）", "保密承诺书（2026）"):
        archive.enter(office, [InstructionIssued("undertaking", text)], "permit")
        with pytest.raises(Refused) as caught:
            a_permit(archive)
        assert [(one.clause, one.code) for one in caught.value.refusals] == [("e.1", "undertaking_unsigned")]
        archive.enter(CHEN, [Acknowledged(PEOPLE["chen"], "undertaking", text)], "permit")
        a_permit(archive)
    archive.enter(office, [InstructionIssued("undertaking", "保密承诺书（2027）")], "permit")
    asking(archive, monkeypatch, ("e.1", "undertaking_unsigned"))


def test_e_1_refuse__top_secret_with_one_person(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    alone: dict[str, Any] = {"level": "top_secret", "bearer": PEOPLE["zhao"]}
    asking(sqlite_archive, monkeypatch, ("e.1", "escorts_missing"), **alone)
    a_permit(sqlite_archive, by=CLERK, escorts=(PEOPLE["secretary"],), **alone)


def test_e_1_refuse__a_bearer_who_is_the_own_escort(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    asking(sqlite_archive, monkeypatch, ("e.1", "same_traveller"), escorts=(PEOPLE["chen"],))


@pytest.mark.parametrize(
    "window",
    [(NOW, NOW), (NOW, NOW + 31 * DAY), (NOW - 3 * DAY, NOW - DAY)],
    ids=["empty", "too long", "over"],
)
def test_e_1_refuse__a_window_without_sense(
    sqlite_archive: Archive, monkeypatch: Patch, window: tuple[int, int]
) -> None:
    changes = {"from_at": window[0], "until_at": window[1], "itinerary": (leg(),)}
    without(monkeypatch, ("e.2", "itinerary_unclear"))
    asking(sqlite_archive, monkeypatch, ("e.1", "window_unclear"), **changes)


@pytest.mark.parametrize("days", [-1, 4], ids=["before it", "after it"])
def test_e_1_refuse__leaving_outside_the_window(sqlite_archive: Archive, monkeypatch: Patch, days: int) -> None:
    carrier = sqlite_archive.carrier()
    begins = NOW + DAY if days < 0 else NOW
    legs = (leg("2026-11-21"), BACK)
    permit = a_permit(sqlite_archive, carrier, from_at=begins, itinerary=legs).approved()
    sqlite_archive.books.clock.days(max(0, days))  # type: ignore[attr-defined]
    facts = [permit.out(carrier)]
    refused_alone(sqlite_archive, monkeypatch, facts, "carry_out", ("e.1", "outside_window"), "chen")


def test_e_1_refuse__a_day_of_return_later_than_approved(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier()
    permit = a_permit(sqlite_archive, carrier).approved()
    facts = [permit.out(carrier, due_at=permit.body.until_at + 1)]
    refused_alone(sqlite_archive, monkeypatch, facts, "carry_out", ("e.1", "outside_window"), "chen")


def test_e_1_refuse__another_case_than_approved(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier()
    permit = a_permit(sqlite_archive, carrier).approved()
    facts = [permit.out(carrier, container="X-08")]
    refused_alone(sqlite_archive, monkeypatch, facts, "carry_out", ("e.1", "container_differs"), "chen")


def test_e_1_refuse__another_bearer_than_approved(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier()
    permit = a_permit(sqlite_archive, carrier).approved()
    facts = [permit.out(carrier, bearer=PEOPLE["zhao"])]
    refused_alone(sqlite_archive, monkeypatch, facts, "carry_out", ("e.1", "other_bearer"), "chen", "zhao")


def test_e_1_refuse__what_another_has_on_loan(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier()
    permit = a_permit(sqlite_archive, carrier).approved()
    sqlite_archive.borrow(carrier, "sun", 3)
    facts = [permit.out(carrier)]
    refused_alone(sqlite_archive, monkeypatch, facts, "carry_out", ("e.1", "with_other"), "chen")


def test_e_1_refuse__leaving_without_the_bearers_signature(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier()
    permit = a_permit(sqlite_archive, carrier).approved()
    refused_alone(sqlite_archive, monkeypatch, [permit.out(carrier)], "carry_out", ("e.1", "signature_missing"))


def test_e_1_refuse__a_bearer_who_lets_himself_out(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    """Given a clerk who is the bearer, then another clerk lets out."""
    carrier = sqlite_archive.carrier()
    permit = a_permit(sqlite_archive, carrier, by=CLERK, bearer=PEOPLE["clerk"]).approved()
    facts = [permit.out(carrier)]
    refused_alone(sqlite_archive, monkeypatch, facts, "carry_out", ("e.1", "permit_took_part"))


def test_e_1_refuse__an_approver_who_lets_out(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    """Given a manager who approved, when he is a clerk the next day, then he still does not let it out."""
    carrier = sqlite_archive.carrier()
    permit = a_permit(sqlite_archive, carrier).approved()
    turned = subject("manager", Role.CLERK)
    facts = [permit.out(carrier)]
    refused_alone(sqlite_archive, monkeypatch, facts, "carry_out", ("e.1", "permit_took_part"), "chen", by=turned)


@pytest.mark.parametrize("part", ["bearer", "escort"])
def test_e_1_refuse__an_approval_by_one_who_goes(sqlite_archive: Archive, monkeypatch: Patch, part: str) -> None:
    boss = PEOPLE["manager"]
    who: dict[str, Any] = {"bearer": boss} if part == "bearer" else {"escorts": (boss,)}
    permit = a_permit(sqlite_archive, sqlite_archive.carrier(), by=CLERK, **who).asks()
    facts = [Approved(permit.id, "unit")]
    rule = ("e.1", "same_person")
    refused_alone(sqlite_archive, monkeypatch, facts, "approval", rule, by=STEPS["unit"])


def test_e_1_refuse__packing_for_the_portal_under_a_permit_of_the_desk(
    sqlite_archive: Archive, monkeypatch: Patch
) -> None:
    carrier = sqlite_archive.carrier()
    permit = a_permit(sqlite_archive, carrier).approved()
    sqlite_archive.borrow(carrier, "chen", 3)
    facts = [permit.packed(carrier)]
    refused_alone(sqlite_archive, monkeypatch, facts, "permit_pack", ("e.1", "not_by_portal"), "chen")


def test_e_1_refuse__leaving_by_the_portal_what_was_not_packed(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    carrier = sqlite_archive.carrier()
    permit = a_permit(sqlite_archive, carrier, mode="portal").approved()
    facts = [permit.out(carrier, portal=10)]
    refused_alone(sqlite_archive, monkeypatch, facts, "carry_out", ("e.1", "not_by_portal"))


def out(archive: Archive, **changes: Any) -> tuple[Scene, int]:
    """One carrier out under a permit."""
    carrier = archive.carrier()
    permit = a_permit(archive, carrier, **changes).approved()
    permit.lets_out(carrier)
    return permit, carrier


def test_e_1_refuse__a_return_with_pages_short(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    permit, carrier = out(sqlite_archive)
    facts = [permit.back(carrier, pages_counted=11)]
    refused_alone(sqlite_archive, monkeypatch, facts, "bring_back", ("e.1", "pages_short"), "chen")


def test_e_1_refuse__a_return_with_pages_uncounted(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    permit, carrier = out(sqlite_archive)
    facts = [permit.back(carrier, pages_counted=None)]
    refused_alone(sqlite_archive, monkeypatch, facts, "bring_back", ("e.1", "pages_to_count"), "chen")


def test_e_1_refuse__a_return_by_one_who_did_not_go(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    permit, carrier = out(sqlite_archive)
    facts = [permit.back(carrier, brought_by=PEOPLE["sun"])]
    refused_alone(sqlite_archive, monkeypatch, facts, "bring_back", ("e.1", "no_traveller"), "sun")


def test_an_escort_brings_it_back_and_confirms(sqlite_archive: Archive) -> None:
    permit, carrier = out(sqlite_archive, escorts=(PEOPLE["zhao"],))
    permit.enter([permit.back(carrier, brought_by=PEOPLE["zhao"])], "bring_back", "zhao")
    permit.enter([permit.confirmed(confirmed_by=PEOPLE["zhao"])], "permit_close", "zhao")
    assert permit.matter.status == "closed"


def test_e_1_refuse__a_permit_closed_with_carriers_out(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    permit, _carrier = out(sqlite_archive)
    rule = ("e.1", "permit_lines_open")
    refused_alone(sqlite_archive, monkeypatch, [permit.confirmed()], "permit_close", rule, "chen")


@pytest.mark.parametrize(("place", "code"), [(READING, "no_storage"), (LOW_SHELF, "rated_too_low")])
def test_f_2_refuse__brought_back_to_a_place_that_is_not_fit(
    sqlite_archive: Archive, monkeypatch: Patch, place: int, code: str
) -> None:
    permit, carrier = out(sqlite_archive)
    facts = [permit.back(carrier, place=place)]
    refused_alone(sqlite_archive, monkeypatch, facts, "bring_back", ("f.2", code), "chen")


def test_what_is_brought_back_goes_to_a_place_that_is_known(sqlite_archive: Archive) -> None:
    permit, carrier = out(sqlite_archive)
    with pytest.raises(Refused) as caught:
        permit.enter([permit.back(carrier, place=777)], "bring_back", "chen")
    assert [one.code for one in caught.value.refusals] == ["reference_unknown"]
    with pytest.raises(Refused) as caught:
        a_permit(sqlite_archive, by=CLERK, escorts=(999,))
    assert [one.code for one in caught.value.refusals] == ["reference_unknown"]


# e.2: the itinerary declared, and confirmed on return.


def test_e_2_record__a_permit_declares_the_way(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    asking(sqlite_archive, monkeypatch, ("e.2", "itinerary_missing"), itinerary=())


@pytest.mark.parametrize(
    "legs",
    [
        (leg(origin=" "), BACK),
        (leg(to=""), BACK),
        (leg(where=" "), BACK),
        (leg("2026-11-19"), BACK),
        (leg("2026-11-24"),),
        (leg("22 November"),),
        (BACK, leg()),
    ],
    ids=["whence", "whither", "stay", "before the window", "after it", "no day", "out of order"],
)
def test_e_2_record__each_leg_is_told_whole(sqlite_archive: Archive, monkeypatch: Patch, legs: Any) -> None:
    asking(sqlite_archive, monkeypatch, ("e.2", "itinerary_unclear"), itinerary=legs)


def test_e_2_record__the_declared_way_is_signed(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    facts = [opened(sqlite_archive, sqlite_archive.matter())]
    rule = ("e.2", "signature_missing")
    refused_alone(sqlite_archive, monkeypatch, facts, "permit", rule, by=CHEN, signed=False)


@pytest.mark.parametrize(
    "told",
    [
        (),
        (LegTold(1, True),),
        (LegTold(1, True), LegTold(2, False, " ")),
        (LegTold(2, True), LegTold(1, True)),
        (LegTold(1, True), LegTold(2, True), LegTold(3, True)),
    ],
    ids=["none", "one short", "otherwise and not told", "out of order", "one too many"],
)
def test_e_2_record__every_leg_is_confirmed_on_return(sqlite_archive: Archive, monkeypatch: Patch, told: Any) -> None:
    permit, carrier = out(sqlite_archive)
    permit.takes_back(carrier)
    facts = [permit.confirmed(legs=told)]
    rule = ("e.2", "itinerary_unconfirmed")
    refused_alone(sqlite_archive, monkeypatch, facts, "permit_close", rule, "chen")


@pytest.mark.parametrize(("straight", "elsewhere"), [(False, " "), (True, "商场")])
def test_e_2_record__where_else_one_went_is_told(
    sqlite_archive: Archive, monkeypatch: Patch, straight: bool, elsewhere: str
) -> None:
    permit, carrier = out(sqlite_archive)
    permit.takes_back(carrier)
    facts = [permit.confirmed(straight=straight, elsewhere=elsewhere)]
    rule = ("e.2", "elsewhere_untold")
    refused_alone(sqlite_archive, monkeypatch, facts, "permit_close", rule, "chen")


def test_e_2_record__the_bearer_signs_for_the_way_gone(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    permit, carrier = out(sqlite_archive)
    permit.takes_back(carrier)
    rule = ("e.2", "signature_missing")
    refused_alone(sqlite_archive, monkeypatch, [permit.confirmed()], "permit_close", rule)


def test_what_was_told_on_return_is_kept(sqlite_archive: Archive) -> None:
    permit, carrier = out(sqlite_archive)
    permit.takes_back(carrier)
    told = (LegTold(1, True), LegTold(2, False, "列车停运，改乘公务车"))
    permit.confirms(legs=told, straight=False, elsewhere="途中在服务区停留")
    assert (permit.body.legs, permit.body.elsewhere) == (told, "途中在服务区停留")
    assert permit.body.confirmed_by == PEOPLE["chen"]


# e.3, e.4: foreign affairs, and abroad.


def test_e_3_refuse__to_foreign_affairs_without_the_leaders(archive: Archive, monkeypatch: Patch) -> None:
    """Given a permit for foreign-affairs activities, when only the office approved, then nothing leaves."""
    carrier = archive.carrier()
    permit = a_permit(archive, carrier, foreign=True, precautions="专人保管，不离身").asks().approves("office")
    facts = [permit.out(carrier)]
    refused_alone(archive, monkeypatch, facts, "carry_out", ("e.3", "permit_not_approved"), "chen")


def test_e_3_refuse__to_foreign_affairs_unprotected(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    asking(sqlite_archive, monkeypatch, ("e.3", "text_missing"), foreign=True, precautions=" ")


ALLOWED: dict[str, Any] = {
    "abroad": True,
    "precautions": "外交信使同行，专柜存放",
    "authority_permit": "国密携〔2026〕7号",
    "authority_permit_on": "2026-11-18",
}


@pytest.mark.parametrize("given", [(), ("office",), ("office", "committee")])
def test_e_4_refuse__abroad_without_the_special_approval(
    archive: Archive, monkeypatch: Patch, given: tuple[str, ...]
) -> None:
    carrier = archive.carrier()
    permit = a_permit(archive, carrier, **ALLOWED).asks().approves(*given)
    facts = [permit.out(carrier)]
    refused_alone(archive, monkeypatch, facts, "carry_out", ("e.4", "permit_not_approved"), "chen")


@pytest.mark.parametrize(
    "lacking",
    [
        {"authority_permit": " "},
        {"authority_permit_on": ""},
        {"authority_permit_on": "2026-11-21"},
        {"authority_permit_on": "soon"},
        {"precautions": ""},
    ],
    ids=["number", "day", "day to come", "no day", "precautions"],
)
def test_e_4_refuse__abroad_without_the_authoritys_permit_and_precautions(
    sqlite_archive: Archive, monkeypatch: Patch, lacking: dict[str, str]
) -> None:
    asking(sqlite_archive, monkeypatch, ("e.4", "text_missing"), **(ALLOWED | lacking))


def test_approved_by_three_it_goes_abroad(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    permit = a_permit(sqlite_archive, carrier, foreign=True, **ALLOWED).approved()
    assert permit.matter.approval is not None
    assert permit.matter.approval.steps == ("office", "committee", "leader")
    permit.lets_out(carrier)


# Daily rule 3.


def test_3_refuse__a_stay_at_home_with_what_is_carried(sqlite_archive: Archive, monkeypatch: Patch) -> None:
    home = leg(stay="home", where="家中")
    asking(sqlite_archive, monkeypatch, ("3", "stay_at_home"), itinerary=(home, BACK))


# One person.


def test_nobody_carries_out_alone_whatever_his_roles_and_accounts(sqlite_archive: Archive) -> None:
    """Given one person with every role, when he asks, approves and lets out, then nothing leaves."""
    archive = sqlite_archive
    carrier = archive.carrier()
    roles = [Role.CLERK, Role.MANAGER, Role.SECRECY_OFFICE, Role.LEADER, Role.SECRECY_COMMITTEE, Role.BORROWER]
    matter = archive.matter()
    all_in_one = subject("clerk", *roles)
    facts: list[Fact] = [opened(archive, matter, bearer=PEOPLE["clerk"]), PermitListed(carrier, matter)]
    archive.enter(all_in_one, facts, "permit")
    permit = Scene(archive, matter, "clerk").asks()
    for role in roles:
        for step in ("unit", "office"):
            with pytest.raises(Refused):
                permit.enter([Approved(matter, step)], "approval", by=subject("clerk", role))
    for role in (Role.CLERK, *roles):
        with pytest.raises(Refused):
            permit.enter([permit.out(carrier)], "carry_out", by=subject("clerk", role))
    signed = signatures([permit.out(carrier)], archive.books.clock(), *PEOPLE.values())
    with pytest.raises(Refused) as caught:
        archive.books.enter(all_in_one, [permit.out(carrier)], act="carry_out", signatures=signed)
    assert {one.code for one in caught.value.refusals} == {"permit_not_approved", "permit_took_part"}
    assert replace(archive.state(carrier)).status is Status.IN_PLACE
    assert archive.state(carrier).place == SHELF
