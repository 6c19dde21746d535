"""Who can sign in to the sample: every role has somebody, and one of each is printed."""

from api.people import HEADS, SAMPLE_ROLES, password_of, printed_accounts
from custody.access import ADMINISTRATORS, Role
from custody.store.accounts import family_of


def test_every_role_but_the_devices_has_somebody_and_is_printed() -> None:
    printed = {account.number for account in printed_accounts()}
    held = {role for number, roles, _ in SAMPLE_ROLES if number in printed for role in roles}
    assert held == set(Role) - {Role.DEVICE}
    assert len(printed) <= 12
    assert {account.password for account in printed_accounts()} == {password_of(number) for number in printed}


def test_nobody_is_listed_twice_and_the_three_administrators_do_no_business() -> None:
    numbers = [number for number, _, _ in SAMPLE_ROLES]
    assert len(numbers) == len(set(numbers))
    for _, roles, _ in SAMPLE_ROLES:
        assert len({family_of(role) for role in roles}) == 1
        assert len(ADMINISTRATORS & set(roles)) <= 1


def test_there_are_two_of_those_who_must_be_two() -> None:
    clerks = [number for number, roles, _ in SAMPLE_ROLES if Role.CLERK in roles]
    secretaries = [number for number, roles, _ in SAMPLE_ROLES if Role.MEETING_SECRETARY in roles]
    assert len(clerks) == len(secretaries) == 2
    assert {number for number, roles, _ in SAMPLE_ROLES if Role.MANAGER in roles} == set(HEADS)
