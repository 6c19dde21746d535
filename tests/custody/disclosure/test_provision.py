"""Provision to another body (clause i.1): agreed, approved, handed over before a witness, brought back."""

from dataclasses import replace
from typing import Any

import pytest

from custody.entries import Fact, Moved
from custody.entries.approvals import Approved
from custody.entries.disclosure import ProvisionClosed, ProvisionListed, ProvisionOpened, ProvisionStruck
from custody.life_cycle import Status
from custody.rules import NotFound, Refused
from tests.builders import CLERK, CLERK_2, CORRIDOR, LEADER, LOW_SHELF, PEOPLE, SECRECY_OFFICE, SHELF, SHELF_2, Archive
from tests.builders import READING as READING_ROOM
from tests.custody.disclosure.scene import (
    CHEN,
    ZHAO,
    a_provision,
    an_approved_provision,
    approve,
    ask,
    back,
    for_good,
    handed,
    outside,
    partner,
    proposed,
    refusals_of,
    refused,
    told,
)


def test_what_was_lent_to_another_body_is_outside_until_its_day_and_comes_back(archive: Archive) -> None:
    first, second, third = archive.carriers(3, scope=("unit:3",))
    matter = an_approved_provision(archive, [first, second, third])
    due = archive.the_matter(matter).body.due_at

    # The scope names neither the body nor its person: the approved provision is the authority.
    archive.enter(CLERK_2, [handed(archive, matter, one) for one in (first, second)], "provide", "chen")
    state = archive.state(first)
    assert (state.status, state.place, state.home, state.due_at) == (Status.PROVIDED_OUTSIDE, None, SHELF, due)
    assert archive.line(matter, first).due_at == archive.the_matter(matter).due_at == due
    archive.enter(CLERK, [ProvisionStruck(third, matter, "对方只要两份")], "provision_list")
    archive.borrow(third, "sun")  # struck off, it is free again

    archive.enter(CLERK, [back(matter, first)], "provision_return")
    archive.enter(CLERK, [back(matter, second, place=SHELF_2), ProvisionClosed(matter)], "provision_return")
    state = archive.state(second)
    assert (state.status, state.place, state.home, state.due_at) == (Status.IN_PLACE, SHELF_2, SHELF, None)
    archive.enter(CLERK, [Moved(second, SHELF_2)], "move")
    ended = archive.the_matter(matter)
    assert (ended.status, ended.ended, dict(ended.counts)) == ("closed", True, {"returned": 2, "struck": 1})
    assert archive.books.rebuild_check() == []


def test_what_is_given_for_good_is_the_other_bodys(archive: Archive) -> None:
    carrier = archive.carrier()
    matter = an_approved_provision(archive, [carrier], terms="for_good", reason="随设备移交")
    archive.enter(CLERK_2, [for_good(matter, carrier), ProvisionClosed(matter)], "provide", "chen")
    state = archive.state(carrier)
    assert (state.status, state.home, state.place, state.due_at) == (Status.TRANSFERRED, None, None, None)
    assert archive.line(matter, carrier).state == "given"
    assert archive.the_matter(matter).ended
    assert archive.books.rebuild_check() == []


def test_what_is_only_told_is_in_the_minutes(archive: Archive) -> None:
    matter = an_approved_provision(archive, [], terms="told", information="试验条件")
    archive.enter(CLERK, [told(archive, matter)], "provide_information", "zhao", "chen")
    archive.enter(CLERK, [ProvisionClosed(matter)], "provision_close")
    (one,) = archive.the_matter(matter).body.told
    assert (one.minutes, one.speaker, one.witness) == ("纪要3号", PEOPLE["zhao"], PEOPLE["chen"])
    assert archive.books.rebuild_check() == []


def test_the_applicant_may_be_anybody_in_scope_and_tell_it_himself(sqlite_archive: Archive) -> None:
    body, matter = partner(sqlite_archive), sqlite_archive.matter()
    opened = proposed(sqlite_archive, matter, body, unit=4, terms="told", information="试验条件")
    sqlite_archive.enter(ZHAO, [opened], "provision")
    ask(sqlite_archive, matter, by=ZHAO)
    sqlite_archive.enter(SECRECY_OFFICE, [Approved(matter, "office")], "approval")
    sqlite_archive.enter(LEADER, [Approved(matter, "leader")], "approval")
    facts = [told(sqlite_archive, matter)]
    assert refusals_of(sqlite_archive, ZHAO, facts, "provide_information", "chen") == []


def test_what_is_listed_is_not_lent_meanwhile(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    a_provision(sqlite_archive, [carrier])
    with pytest.raises(Refused) as stopped:
        sqlite_archive.borrow(carrier, "chen")
    assert [one.code for one in stopped.value.refusals] == ["in_matter"]


def test_what_was_lost_outside_is_struck_off_and_the_provision_ends(sqlite_archive: Archive) -> None:
    carrier, other = sqlite_archive.carriers(2)
    matter = outside(sqlite_archive, [carrier, other])
    struck = [ProvisionStruck(carrier, matter, "在对方遗失，已立案")]
    assert refusals_of(sqlite_archive, CLERK, struck, "provision_list") == ["still_outside"]
    sqlite_archive.lose(carrier)
    assert refusals_of(sqlite_archive, CLERK, struck, "provision_list") == []
    sqlite_archive.enter(CLERK, [back(matter, other), ProvisionClosed(matter)], "provision_return")
    assert sqlite_archive.the_matter(matter).ended
    assert sqlite_archive.books.rebuild_check() == []


# Clause i.1, refuse.


def test_i_1_refuse__nothing_is_handed_over_before_every_step_is_approved(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    matter = a_provision(sqlite_archive, [carrier])
    facts = [handed(sqlite_archive, matter, carrier)]
    assert refusals_of(sqlite_archive, CLERK_2, facts, "provide", "chen") == ["i.1 provision_unapproved"]
    ask(sqlite_archive, matter)
    sqlite_archive.enter(SECRECY_OFFICE, [Approved(matter, "office")], "approval")
    assert refusals_of(sqlite_archive, CLERK_2, facts, "provide", "chen") == ["i.1 provision_unapproved"]
    sqlite_archive.enter(LEADER, [Approved(matter, "leader")], "approval")
    assert refusals_of(sqlite_archive, CLERK_2, facts, "provide", "chen") == []
    assert sqlite_archive.state(carrier).status is Status.PROVIDED_OUTSIDE


def test_i_1_refuse__nothing_is_told_before_it_is_approved(sqlite_archive: Archive) -> None:
    matter = a_provision(sqlite_archive, [], terms="told", information="试验条件")
    facts = [told(sqlite_archive, matter)]
    found = refusals_of(sqlite_archive, CLERK, facts, "provide_information", "zhao", "chen")
    assert found == ["i.1 provision_unapproved"]
    approve(sqlite_archive, matter)
    assert refusals_of(sqlite_archive, CLERK, facts, "provide_information", "zhao", "chen") == []


AGREEMENTS: dict[str, dict[str, Any] | None] = {
    "there is none": None,
    "it has run out": {"valid_until": "2026-11-19"},
    "it has not begun": {"valid_from": "2026-11-21"},
    "it covers less": {"level": "confidential"},
}


@pytest.mark.parametrize("case", AGREEMENTS)
def test_i_1_refuse__no_agreement_that_is_good_today_and_for_the_level(case: str, sqlite_archive: Archive) -> None:
    body, terms = sqlite_archive.organisation("INST"), AGREEMENTS[case]
    if terms is not None:
        sqlite_archive.agreement(body, **terms)
    opened = [proposed(sqlite_archive, sqlite_archive.matter(), body)]
    (against,) = refused(sqlite_archive, CLERK, opened, "provision")
    assert (against.clause, against.code) == ("i.1", "no_agreement")
    assert dict(against.params) == {"organisation": "INST 单位", "organisation_en": "Body INST", "level": "secret"}
    sqlite_archive.agreement(body, level="secret", valid_from="2026-11-20", valid_until="2026-11-20")
    assert refusals_of(sqlite_archive, CLERK, opened, "provision") == []


def test_i_1_refuse__the_agreement_ends_between_approval_and_hand_over(sqlite_archive: Archive) -> None:
    carrier, body = sqlite_archive.carrier(), sqlite_archive.organisation("INST")
    sqlite_archive.agreement(body, valid_until="2026-11-25")
    matter = an_approved_provision(sqlite_archive, [carrier], body)
    sqlite_archive.books.clock.days(6)  # type: ignore[attr-defined]
    facts = [handed(sqlite_archive, matter, carrier)]
    assert refusals_of(sqlite_archive, CLERK_2, facts, "provide", "chen") == ["i.1 no_agreement"]
    sqlite_archive.agreement(body)
    assert refusals_of(sqlite_archive, CLERK_2, facts, "provide", "chen") == []


def test_what_is_internal_needs_no_agreement(sqlite_archive: Archive) -> None:
    body = sqlite_archive.organisation("INST")
    carrier = sqlite_archive.carrier(level="internal")
    matter = an_approved_provision(sqlite_archive, [carrier], body, level="internal")
    facts = [handed(sqlite_archive, matter, carrier)]
    assert refusals_of(sqlite_archive, CLERK_2, facts, "provide", "chen") == []


def test_i_1_refuse__a_body_overseas_without_a_permission_of_export(sqlite_archive: Archive) -> None:
    body, matter = sqlite_archive.organisation("EMB", overseas=True), sqlite_archive.matter()
    sqlite_archive.agreement(body)
    opened = proposed(sqlite_archive, matter, body)
    assert refusals_of(sqlite_archive, CLERK, [opened], "provision") == ["i.1 export_unpermitted"]
    allowed = replace(opened, export_permit="出境批复〔2026〕2号")
    assert refusals_of(sqlite_archive, CLERK, [allowed], "provision") == []


PROPOSALS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no purpose": ({"purpose": " "}, ["i.1 text_missing"]),
    "no ground": ({"ground": ""}, ["i.1 text_missing"]),
    "no measures": ({"measures": ""}, ["i.1 text_missing"]),
    "lent without a day": ({"due_at": None}, ["terms_unclear"]),
    "for good with a day": (
        {"terms": "for_good", "reason": "随设备", "due_at": 1},
        ["terms_unclear", "i.1 provision_due_in_past"],
    ),
    "for good without a reason": ({"terms": "for_good"}, ["terms_unclear"]),
    "told, but not what": ({"terms": "told"}, ["terms_unclear"]),
    "to a body unknown": ({"organisation": 999}, ["reference_unknown"]),
}


@pytest.mark.parametrize("case", PROPOSALS)
def test_i_1_refuse__a_proposal_says_to_whom_why_and_until_when(case: str, sqlite_archive: Archive) -> None:
    changes, expected = PROPOSALS[case]
    opened = proposed(sqlite_archive, sqlite_archive.matter(), partner(sqlite_archive))
    told_wrong = replace(opened, **({"due_at": None} if "terms" in changes else {}) | changes)
    assert refusals_of(sqlite_archive, CLERK, [told_wrong], "provision") == expected
    assert refusals_of(sqlite_archive, CLERK, [opened], "provision") == []


def test_i_1_refuse__longer_outside_than_the_days_allowed(sqlite_archive: Archive) -> None:
    opened = proposed(sqlite_archive, sqlite_archive.matter(), partner(sqlite_archive))
    days = sqlite_archive.scheme.number("provision_days_max")
    late: ProvisionOpened = replace(opened, due_at=sqlite_archive.due(days + 1))
    (against,) = refused(sqlite_archive, CLERK, [late], "provision")
    assert (against.code, dict(against.params)) == ("provision_too_long", {"days": days})
    past = replace(opened, due_at=sqlite_archive.due(-1))
    assert refusals_of(sqlite_archive, CLERK, [past], "provision") == ["i.1 provision_due_in_past"]
    assert refusals_of(sqlite_archive, CLERK, [replace(opened, due_at=sqlite_archive.due(days))], "provision") == []


def test_i_1_refuse__an_original_where_copies_were_to_be_provided(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    body = partner(sqlite_archive)
    copies = a_provision(sqlite_archive, [], body, form="copies")
    listed: list[Fact] = [ProvisionListed(carrier, copies)]
    assert refusals_of(sqlite_archive, CLERK, listed, "provision_list") == ["i.1 not_a_copy"]
    originals = a_provision(sqlite_archive, [], body)
    assert refusals_of(sqlite_archive, CLERK, [ProvisionListed(carrier, originals)], "provision_list") == []


GIVERS = {"clerk": ["i.1 giver_took_part"], "clerk2": []}


@pytest.mark.parametrize("who", GIVERS)
def test_i_1_refuse__who_applied_does_not_hand_over(who: str, sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    matter = an_approved_provision(sqlite_archive, [carrier])
    by = {"clerk": CLERK, "clerk2": CLERK_2}[who]
    assert refusals_of(sqlite_archive, by, [handed(sqlite_archive, matter, carrier)], "provide", "chen") == GIVERS[who]


def test_i_1_refuse__who_listed_it_does_not_hand_it_over_either(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    matter = a_provision(sqlite_archive, [])
    sqlite_archive.enter(CLERK_2, [ProvisionListed(carrier, matter)], "provision_list")
    approve(sqlite_archive, matter)
    facts = [handed(sqlite_archive, matter, carrier)]
    assert refusals_of(sqlite_archive, CLERK_2, facts, "provide", "chen") == ["i.1 giver_took_part"]


def test_i_1_refuse__who_approved_does_not_tell_it(sqlite_archive: Archive) -> None:
    matter = an_approved_provision(sqlite_archive, [], terms="told", information="试验条件")
    facts = [told(sqlite_archive, matter, speaker=PEOPLE["leader"])]
    found = refusals_of(sqlite_archive, CLERK, facts, "provide_information", "leader", "chen")
    assert found == ["i.1 giver_took_part"]
    assert (
        refusals_of(sqlite_archive, CLERK, [told(sqlite_archive, matter)], "provide_information", "zhao", "chen") == []
    )


HANDS: dict[str, tuple[dict[str, Any], tuple[str, ...], list[str]]] = {
    "nobody receives": ({"received_by_name": " "}, ("chen",), ["i.1 text_missing"]),
    "no document was looked at": ({"document": ""}, ("chen",), ["i.1 text_missing"]),
    "one's own witness": ({"witness": PEOPLE["clerk2"]}, (), ["i.1 same_hands"]),
    "a witness unknown": ({"witness": 999}, (), ["reference_unknown", "i.1 signature_missing"]),
    "a witness who has left": (
        {"witness": PEOPLE["lin"]},
        ("lin",),
        ["i.1 witness_left", "i.1 witness_not_cleared"],
    ),
    "a witness not cleared": ({"witness": PEOPLE["ma"]}, ("ma",), ["i.1 witness_not_cleared"]),
    "the witness did not sign": ({}, (), ["i.1 signature_missing"]),
    "pages are short": ({"pages_counted": 11}, ("chen",), ["i.1 pages_short"]),
    "another day": ({"due_at": 1}, ("chen",), ["i.1 other_terms", "i.1 provision_due_in_past"]),
}


@pytest.mark.parametrize("case", HANDS)
def test_i_1_refuse__into_whose_hands_before_whom_until_when(case: str, sqlite_archive: Archive) -> None:
    changes, others, expected = HANDS[case]
    carrier = sqlite_archive.carrier()
    matter = an_approved_provision(sqlite_archive, [carrier])
    plain = handed(sqlite_archive, matter, carrier)
    assert refusals_of(sqlite_archive, CLERK_2, [replace(plain, **changes)], "provide", *others) == expected
    assert refusals_of(sqlite_archive, CLERK_2, [plain], "provide", "chen") == []


def test_i_1_refuse__the_terms_that_were_approved_and_no_others(sqlite_archive: Archive) -> None:
    carrier, other = sqlite_archive.carriers(2)
    body = partner(sqlite_archive)
    lent = an_approved_provision(sqlite_archive, [carrier], body)
    given = an_approved_provision(sqlite_archive, [other], body, terms="for_good", reason="随设备移交")
    wrong = refusals_of(sqlite_archive, CLERK_2, [for_good(lent, carrier)], "provide", "chen")
    assert wrong == ["i.1 other_terms"]
    later = handed(sqlite_archive, given, other, due_at=sqlite_archive.due(5))
    assert refusals_of(sqlite_archive, CLERK_2, [later], "provide", "chen") == ["i.1 other_terms"]
    untold = refusals_of(sqlite_archive, CLERK, [told(sqlite_archive, lent)], "provide_information", "zhao", "chen")
    assert untold == ["i.1 other_terms"]
    no_receipt = [for_good(given, other, receipt="")]
    assert refusals_of(sqlite_archive, CLERK_2, no_receipt, "provide", "chen") == ["i.1 text_missing"]
    assert refusals_of(sqlite_archive, CLERK_2, [for_good(given, other)], "provide", "chen") == []


def test_i_1_refuse__an_approval_that_lapsed(sqlite_archive: Archive) -> None:
    first, second = sqlite_archive.carriers(2)
    matter = an_approved_provision(sqlite_archive, [first, second])
    sqlite_archive.enter(CLERK_2, [handed(sqlite_archive, matter, first)], "provide", "chen")
    sqlite_archive.books.clock.days(31)  # type: ignore[attr-defined]
    late = [handed(sqlite_archive, matter, second)]
    assert refusals_of(sqlite_archive, CLERK_2, late, "provide", "chen") == ["i.1 approval_lapsed"]
    assert refusals_of(sqlite_archive, CLERK, [back(matter, first)], "provision_return") == []  # never too late


TOLD: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing said": ({"told": ""}, ["i.1 text_missing"]),
    "no minutes": ({"minutes": " "}, ["i.1 text_missing"]),
    "before it was approved": ({"told_at": 1}, ["told_when_impossible"]),
    "in time to come": ({"told_at": 2**52}, ["told_when_impossible"]),
    "its own witness": ({"witness": PEOPLE["zhao"]}, ["i.1 same_hands"]),
}


@pytest.mark.parametrize("case", TOLD)
def test_i_1_refuse__what_was_told_to_whom_in_which_minutes(case: str, sqlite_archive: Archive) -> None:
    changes, expected = TOLD[case]
    matter = an_approved_provision(sqlite_archive, [], terms="told", information="试验条件")
    wrong = [told(sqlite_archive, matter, **changes)]
    assert refusals_of(sqlite_archive, CLERK, wrong, "provide_information", "zhao", "chen") == expected


RETURNS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "pages not counted": ({"pages_counted": None}, ["i.1 pages_to_count"]),
    "pages are short": ({"pages_counted": 11}, ["i.1 pages_short"]),
    "nobody brought it": ({"brought_by_name": ""}, ["text_missing"]),
    "nowhere": ({"place": 999}, ["reference_unknown"]),
    "where nothing is kept": ({"place": READING_ROOM}, ["f.2 no_storage"]),
    "where too little is kept": ({"place": LOW_SHELF}, ["f.2 rated_too_low"]),
    "where nothing secret is kept": ({"place": CORRIDOR}, ["f.2 rated_too_low"]),
}


@pytest.mark.parametrize("case", RETURNS)
def test_i_1_refuse__back_whole_and_into_a_fit_place(case: str, sqlite_archive: Archive) -> None:
    changes, expected = RETURNS[case]
    carrier = sqlite_archive.carrier()
    matter = outside(sqlite_archive, [carrier])
    assert refusals_of(sqlite_archive, CLERK, [back(matter, carrier, **changes)], "provision_return") == expected
    assert refusals_of(sqlite_archive, CLERK, [back(matter, carrier)], "provision_return") == []


def test_i_1_refuse__it_is_not_closed_while_something_is_outside(sqlite_archive: Archive) -> None:
    first, second = sqlite_archive.carriers(2)
    matter = outside(sqlite_archive, [first, second])
    sqlite_archive.enter(CLERK, [back(matter, first)], "provision_return")
    (against,) = refused(sqlite_archive, CLERK, [ProvisionClosed(matter)], "provision_close")
    assert (against.clause, against.code, dict(against.params)) == ("i.1", "list_open", {"count": 1})


# Good order.


def test_approval_is_asked_for_something(sqlite_archive: Archive) -> None:
    (carrier,) = sqlite_archive.carriers(1)
    matter = a_provision(sqlite_archive, [carrier])
    sqlite_archive.enter(CLERK, [ProvisionStruck(carrier, matter, "不提供了")], "provision_list")
    with pytest.raises(Refused) as stopped:
        ask(sqlite_archive, matter)
    assert [one.code for one in stopped.value.refusals] == ["nothing_listed"]


def test_where_it_is_only_told_nothing_is_listed(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    matter = a_provision(sqlite_archive, [], terms="told", information="试验条件")
    listed: list[Fact] = [ProvisionListed(carrier, matter)]
    assert refusals_of(sqlite_archive, CLERK, listed, "provision_list") == ["nothing_leaves"]


def test_nobody_lists_in_a_colleagues_provision_but_the_registry(sqlite_archive: Archive) -> None:
    carrier = sqlite_archive.carrier()
    body, matter = partner(sqlite_archive), sqlite_archive.matter()
    sqlite_archive.enter(ZHAO, [proposed(sqlite_archive, matter, body, unit=4)], "provision")
    listed: list[Fact] = [ProvisionListed(carrier, matter)]
    assert refusals_of(sqlite_archive, LEADER, listed, "provision_list") == ["not_own_list"]
    assert refusals_of(sqlite_archive, ZHAO, listed, "provision_list") == []
    struck: list[Fact] = [ProvisionStruck(carrier, matter, "错列")]
    assert refusals_of(sqlite_archive, LEADER, struck, "provision_list") == ["not_own_list"]
    blank: list[Fact] = [ProvisionStruck(carrier, matter, " ")]
    assert refusals_of(sqlite_archive, ZHAO, blank, "provision_list") == ["text_missing"]


def test_a_colleague_without_a_part_does_not_see_it(sqlite_archive: Archive) -> None:
    body, matter = partner(sqlite_archive), sqlite_archive.matter()
    sqlite_archive.enter(ZHAO, [proposed(sqlite_archive, matter, body, unit=4)], "provision")
    with pytest.raises(NotFound):
        sqlite_archive.enter(CHEN, [ProvisionListed(sqlite_archive.carrier(), matter)], "provision_list")
