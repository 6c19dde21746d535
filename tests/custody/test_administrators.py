"""No account is a superuser: the three administrators see no business, share nothing, and nobody has everything."""

import pytest

from custody.access import ADMINISTRATORS, EMERGENCY_ROLES, PERMISSIONS, Permission, Role

SHARED = {Permission.SEE_REGULATIONS}
"""What everybody may read: the clauses."""
WITH_BUSINESS = {Permission.SEE_REGULATIONS, Permission.SEE_READERS, Permission.SEE_EXPORTS}
"""What an administrator has in common with business roles: the clauses; which reader listens (the system
administrator); who took what out, by name of the list and number of rows (the auditor)."""


def test_the_three_have_nothing_in_common_but_the_clauses() -> None:
    three = sorted(ADMINISTRATORS)
    assert len(three) == 3
    for one in three:
        for other in three:
            if one is not other:
                assert PERMISSIONS[one] & PERMISSIONS[other] == SHARED


def test_none_of_the_three_holds_a_permission_of_the_business() -> None:
    business = {p for role, held in PERMISSIONS.items() if role not in {*ADMINISTRATORS, Role.DEVICE} for p in held}
    for role in ADMINISTRATORS:
        assert PERMISSIONS[role] & business <= WITH_BUSINESS
        assert not PERMISSIONS[role] & {Permission.SEE_CARRIERS, Permission.SEE_FINDINGS, Permission.SEE_REPORTS}


@pytest.mark.parametrize("role", Role)
def test_no_role_has_everything(role: Role) -> None:
    assert PERMISSIONS[role] < set(Permission)
    assert len(PERMISSIONS[role] & {p for p in Permission if p.value.startswith("approve_")}) <= 1


def test_who_asks_for_accounts_never_decides_nor_sees_the_logs() -> None:
    for held in PERMISSIONS.values():
        administering = held & {Permission.MANAGE_ACCOUNTS, Permission.APPROVE_ACCOUNTS, Permission.SEE_LOGS}
        assert len(administering) <= 1


def test_every_permission_is_somebodys() -> None:
    assert frozenset().union(*PERMISSIONS.values()) == set(Permission)


def test_what_can_be_taken_in_an_emergency_approves_nothing_above_a_unit() -> None:
    above = {Permission.APPROVE_OFFICE, Permission.APPROVE_COMMITTEE, Permission.APPROVE_LEADER}
    assert not EMERGENCY_ROLES & ADMINISTRATORS
    for role in EMERGENCY_ROLES:
        assert not PERMISSIONS[role] & (above | {Permission.HEAD_ENQUIRIES, Permission.LICENSE})
