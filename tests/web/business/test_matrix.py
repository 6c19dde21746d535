"""Role × act × state, asked of the books cell by cell: no role alone comes to what is grave, on whichever route."""

import pytest

from custody.access import ADMINISTRATORS, Role, may
from custody.access import PERMISSIONS as OPENED
from custody.approval import ROUTES
from custody.entries import Fact
from custody.entries.approvals import ApprovalAsked, Approved, Declined, Withdrawn
from custody.matters import KINDS, MatterKind
from custody.procedures import PERMISSIONS, RULES
from tools.matrix import (
    BY_PERSON,
    GRAVE,
    UNAPPROVED,
    approvers,
    carriers_out,
    facts_of,
    judged,
    page,
    possible,
    statuses,
    subject,
)

CELLS = [(kind, fact) for kind in KINDS.values() for fact in facts_of(kind)]
EVERY_ROUTE = [(kind.key, route) for kind in KINDS.values() for route in kind.every_route]
BEFORE_APPROVAL = ("draft", "asked", "declined", "withdrawn")
ONE_STEP = {"dispatch", "transfer"}
"""Routes of one step: besides whoever asks and whoever approves, somebody else is there to take it over."""
NOT_GRAVE = {"circulation", "meeting", "disclosure_review"}
"""Kinds that are approved and do nothing to a carrier that is not undone by bringing it back."""


@pytest.mark.parametrize(("kind", "fact"), CELLS, ids=lambda one: getattr(one, "key", getattr(one, "kind", "")))
def test_a_cell_is_open_to_whom_the_permission_is_given_and_to_nobody_else(kind: MatterKind, fact: type[Fact]) -> None:
    needed = PERMISSIONS[fact]
    for role in Role:
        opened = [status for route in kind.every_route or ("",) for status in possible(kind, fact, role, route)]
        if role in ADMINISTRATORS or role is Role.DEVICE:
            assert opened == [], f"{role} enters business"
        elif opened and not callable(needed):
            assert may(subject(role), needed)
    if fact not in (Approved, Declined):
        assert any(possible(kind, fact, role) for role in Role), "nobody can ever enter it"


def test_every_route_of_a_grave_kind_stands_in_the_table() -> None:
    assert sorted(GRAVE) == sorted(pair for pair in EVERY_ROUTE if pair[0] not in NOT_GRAVE)
    assert {route for _, route in EVERY_ROUTE} == set(ROUTES)


def test_the_rules_that_say_that_an_approval_is_wanting_are_asked() -> None:
    assert {rule.code for rule in RULES} >= UNAPPROVED
    unapproved = {code for code in {rule.code for rule in RULES} if code.endswith(("not_approved", "unapproved"))}
    assert unapproved - UNAPPROVED == {"method_not_approved"}  # approved, but for another method


@pytest.mark.parametrize(("key", "route"), GRAVE)
def test_nothing_grave_happens_before_it_is_approved_whatever_the_role(key: str, route: str) -> None:
    """Given a matter not approved yet, at whichever step, then no role enters what is grave; afterwards one does."""
    kind = KINDS[key]
    for fact in GRAVE[key, route]:
        for role in Role:
            for status in (None, *BEFORE_APPROVAL):
                assert judged(kind, fact, status, role, route) != "", (fact.kind, role, status)
        assert any(possible(kind, fact, role, route) for role in Role), fact.kind


@pytest.mark.parametrize(("key", "route"), GRAVE)
def test_no_role_alone_asks_approves_and_carries_out(key: str, route: str) -> None:
    """Steps of approval of which no role has two, and none that gives one also carries out."""
    steps = approvers(route)
    assert len(steps) >= (1 if route in ONE_STEP else 2)
    assert all(steps.values()), "a step that nobody can give"
    done = {fact: roles for fact, roles in carriers_out(KINDS[key], route).items() if fact not in BY_PERSON}
    for role in Role:
        given = sum(role in roles for roles in steps.values())
        carries_out = any(role in roles for roles in done.values())
        assert given + carries_out <= 1, role


def test_what_is_anybodys_part_is_kept_from_the_persons_who_approved() -> None:
    for fact in BY_PERSON:
        assert [rule.clause for rule in RULES if fact in rule.facts and rule.code == "giver_took_part"] == ["i.1"]


@pytest.mark.parametrize(("key", "route"), EVERY_ROUTE)
def test_every_approval_that_is_asked_can_be_answered_and_withdrawn(key: str, route: str) -> None:
    kind = KINDS[key]
    assert {"draft", "asked", "approved", "declined", "withdrawn"} <= set(statuses(kind))
    assert possible(kind, ApprovalAsked, Role.CLERK, route) == ["draft"]
    assert "approved" in possible(kind, Withdrawn, Role.CLERK, route)
    able = {role for role in Role if possible(kind, Approved, role, route) == ["asked"]}
    assert able == {role for step in ROUTES[route].steps for role in Role if step.permission in OPENED[role]}


def test_the_page_has_a_row_for_every_route() -> None:
    rows = [line.split(" | ") for line in page().splitlines()]
    found = {(row[2].strip("`"), row[0].removeprefix("| ").strip("`")) for row in rows if len(row) == 6}
    assert found >= set(EVERY_ROUTE)
