"""Roles taken in an emergency: by two persons, for some hours, never an administrator's."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection

from custody.access import Grant, Role
from custody.clock import day
from custody.rules import NotFound
from custody.store import accounts, emergency, queries
from custody.store.accounts_check import differences
from custody.store.emergency import EmergencyRefused
from custody.values import SECOND
from tests.builders import NOW, PEOPLE, SCHEME, TODAY, Archive
from tests.trust.accounts_scene import HOUR

SUN, SECRECY, LEADER = PEOPLE["sun"], PEOPLE["secrecy"], PEOPLE["leader"]
ROLES = {
    "sun": Role.BORROWER,
    "chen": Role.BORROWER,
    "he": Role.BORROWER,
    "lin": Role.BORROWER,
    "clerk": Role.CLERK,
    "secrecy": Role.SECRECY_OFFICE,
    "leader": Role.LEADER,
    "admin": Role.SYSTEM_ADMINISTRATOR,
}


def _staffed(connection: Connection) -> None:
    for who, role in ROLES.items():
        accounts.create(connection, PEOPLE[who], accounts.family_of(role), "hash", NOW)
        accounts.grant(connection, PEOPLE[who], role, at=NOW)


@pytest.fixture
def house(sqlite_archive: Archive) -> Iterator[Connection]:
    """Everybody has an account."""
    with sqlite_archive.books.database.writing() as connection:
        _staffed(connection)
        yield connection


def begin(connection: Connection, **changes: Any) -> emergency.Emergency:
    """Sun takes the clerk's role of unit 4 for an hour; the secrecy office confirms."""
    plain: dict[str, Any] = {
        "person": SUN,
        "role": Role.CLERK,
        "unit": 4,
        "seconds": 3_600,
        "reason": "the clerk is ill",
        "confirmed_by": SECRECY,
        "now": NOW,
    }
    return emergency.begin(connection, SCHEME, **plain | changes)


def test_the_role_is_held_until_its_end_and_not_a_moment_longer(archive: Archive) -> None:
    with archive.books.database.writing() as connection:
        _staffed(connection)
        begin(connection)
        for at, held in ((NOW, True), (NOW + HOUR - 1, True), (NOW + HOUR, False)):
            asking = queries.subject_for(connection, SUN, SCHEME, day(at, SCHEME.timezone), at)
            assert (Role.CLERK in asking.roles, asking.reach == frozenset({4})) == (held, held)
            assert (Grant(Role.CLERK, 4, NOW + HOUR) in accounts.grants(connection, SUN, at)) is held
        # Whoever does not say when it is gets no such role: it fails closed.
        assert Role.CLERK not in queries.subject_for(connection, SUN, SCHEME, TODAY).roles
        assert accounts.grants(connection, SUN) == (Grant(Role.BORROWER),)
        assert SUN not in [person for person, _unit in accounts.holders(connection, Role.CLERK)]


def test_it_ends_early_by_who_has_it_or_who_may_confirm(house: Connection) -> None:
    begun = begin(house)
    with pytest.raises(NotFound):
        emergency.end(house, begun.id, PEOPLE["chen"], NOW + SECOND)
    emergency.end(house, begun.id, LEADER, NOW + SECOND)
    assert emergency.running(house, NOW + SECOND) == ()
    assert Role.CLERK not in queries.subject_for(house, SUN, SCHEME, TODAY, NOW + SECOND).roles
    with pytest.raises(EmergencyRefused, match="over"):
        emergency.end(house, begun.id, SUN, NOW + 2 * SECOND)
    assert differences(house) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        *(({"role": role}, "role") for role in Role if role not in (Role.CLERK, Role.MEETING_SECRETARY, Role.MANAGER)),
        ({"seconds": SCHEME.number("emergency_seconds_max") + 1}, "too_long"),
        ({"seconds": 0}, "too_long"),
        ({"unit": 99}, "unit"),
        ({"reason": "  "}, "reason"),
        ({"person": PEOPLE["admin"]}, "account"),
        ({"person": PEOPLE["zhao"]}, "account"),  # no account
        ({"person": PEOPLE["he"]}, "clearance"),  # no classified post
        ({"person": PEOPLE["lin"]}, "clearance"),  # has left
        ({"person": PEOPLE["clerk"]}, "held"),
        ({"confirmed_by": SUN}, "same_person"),
        ({"confirmed_by": PEOPLE["chen"]}, "confirmer"),
        ({"confirmed_by": PEOPLE["clerk"]}, "confirmer"),
        ({"confirmed_by": PEOPLE["admin"]}, "confirmer"),
    ],
    ids=str,
)
def test_what_cannot_be_taken_is_refused(house: Connection, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(EmergencyRefused) as refused:
        begin(house, **changes)
    assert refused.value.code == code
    assert emergency.emergencies(house) == ()


def test_nobody_confirms_by_a_role_that_is_itself_of_an_emergency_or_by_a_closed_account(house: Connection) -> None:
    begin(house, person=PEOPLE["chen"], role=Role.MANAGER)
    with pytest.raises(EmergencyRefused, match="confirmer"):
        begin(house, confirmed_by=PEOPLE["chen"])
    accounts.set_disabled(house, SECRECY, True, at=NOW)
    with pytest.raises(EmergencyRefused, match="confirmer"):
        begin(house)


def test_one_at_a_time(house: Connection) -> None:
    begin(house)
    with pytest.raises(EmergencyRefused, match="running"):
        begin(house, role=Role.MANAGER)
    assert begin(house, role=Role.MANAGER, now=NOW + HOUR).role is Role.MANAGER


def test_a_closed_account_has_no_role_by_an_emergency_either(house: Connection) -> None:
    begin(house)
    accounts.set_disabled(house, SUN, True, at=NOW)
    assert queries.subject_for(house, SUN, SCHEME, TODAY, NOW).grants == ()


def test_it_is_reviewed_when_it_is_over_by_somebody_who_had_no_part_in_it(house: Connection) -> None:
    begun = begin(house)
    over = NOW + HOUR
    assert emergency.unreviewed(house, NOW) == ()
    assert [one.id for one in emergency.unreviewed(house, over)] == [begun.id]
    for by, at, word, code in (
        (SECRECY, over, "fine", "own_review"),  # confirmed it
        (LEADER, NOW, "fine", "lasts"),
        (LEADER, over, " ", "word"),
    ):
        with pytest.raises(EmergencyRefused, match=code):
            emergency.review(house, begun.id, by, word, at)
    with pytest.raises(NotFound):
        emergency.review(house, begun.id, SUN, "fine", over)
    emergency.review(house, begun.id, LEADER, "two loans, both in order", over)
    assert emergency.unreviewed(house, over) == ()
    with pytest.raises(EmergencyRefused, match="reviewed"):
        emergency.review(house, begun.id, LEADER, "again", over)
    assert differences(house) == []
