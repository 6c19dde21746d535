"""Where a finding goes when its time has passed: the table, and the steps taken in a scene."""

import pytest

from custody.access import Role
from custody.entries import Delegated
from custody.values import Delegation
from reconcile.checks import KINDS
from reconcile.escalation import HOURS, LADDERS, ladder, next_step
from reconcile.findings import acknowledge
from reconcile.store.staff import Keeper
from tests.builders import CLERK, MANAGER, PEOPLE, SHELF, SHELF_2
from tests.reconcile.findings.scene import Scene

OF_THE_HOUSE = None


def staff_of(text: str) -> list[Keeper]:
    """Keepers of a line: `clerk:1 manager:2/u3 office:3 leader:4`, all cleared to secret but those with a `*`."""
    roles = {"clerk": Role.CLERK, "manager": Role.MANAGER, "office": Role.SECRECY_OFFICE, "leader": Role.LEADER}
    found = []
    for one in text.split():
        name, _, rest = one.partition(":")
        number, _, unit = rest.rstrip("*").partition("/u")
        units = frozenset({int(unit)}) if unit else OF_THE_HOUSE
        found.append(Keeper(int(number), roles[name], units, 3 if one.endswith("*") else 2))
    return found


HOUSE = "clerk:1* manager:2/u3* office:3* leader:4*"
STEPS = f"""
overdue_loan          2  3  1  {HOUSE}                           manager 2, office 3, leader 4
overdue_loan          2  4  1  {HOUSE}                           office 3, leader 4
overdue_loan          3  3  1  {HOUSE}                           office 3, leader 4
overdue_loan          3  3  1  clerk:1* office:3 leader:4*       leader 4
misplaced             2  3  1  {HOUSE}                           manager 2, office 3
unauthorised_removal  2  3  3  {HOUSE}                           leader 4
reader_silent         0  -  1  {HOUSE}                           office 3
loss_report_overdue   2  1  3  {HOUSE}                           leader 4
overdue_loan          2  3  5  clerk:1 clerk:5 manager:5/u3 manager:2/u3 office:3   office 3
overdue_loan          2  3  1  clerk:1                           -
"""


@pytest.mark.parametrize("row", STEPS.strip().splitlines())
def test_each_step_stands_above_the_last_and_nobody_is_asked_twice(row: str) -> None:
    kind, rank, unit, owner, *rest = row.split(maxsplit=4)
    house, _, expected = rest[0].partition("  ")
    everybody = staff_of(house)
    taken, holds = [], int(owner)
    while (
        step := next_step(kind, int(rank), None if unit == "-" else int(unit), holds, everybody)
    ) is not None and len(taken) < 9:
        taken.append(f"{step.role.value.replace('secrecy_', '')} {step.person}")
        assert step.last == (
            next_step(kind, int(rank), None if unit == "-" else int(unit), step.person, everybody) is None
        )
        holds = step.person
    assert ", ".join(taken) == expected.strip().replace("-", "")


def test_every_kind_has_a_ladder_and_the_last_row_fits_everything() -> None:
    assert all(ladder(kind, rank).steps for kind in KINDS for rank in range(-1, 4))
    last = LADDERS[-1]
    assert (last.kinds, last.urgency, last.from_rank) == (frozenset(), None, None)
    assert set(HOURS) == {kind.urgency for kind in KINDS.values()}


def a_misplaced(scene: Scene) -> str:
    """A carrier of planning on the wrong shelf; its finding, which is the clerk's for three days."""
    carrier = scene.archive.carrier(unit=3)
    scene.wait(3_600)
    scene.listening(SHELF, 3_600)
    scene.listening(SHELF_2, 3_600)
    scene.heard(carrier, SHELF_2, seconds=1_800)
    (number,) = scene.check("misplaced").opened
    return number


def test_clerk_then_manager_then_office_and_then_it_stays(sqlite_scene: Scene) -> None:
    # Given a finding with three days; the manager of planning is away, his deputy is Sun
    scene = sqlite_scene
    scene.account("sun", Role.MANAGER, 3)
    deputy = Delegation(1, PEOPLE["manager"], PEOPLE["sun"], ("approve_unit",), scene.now, scene.archive.due(30))
    scene.archive.enter(MANAGER, [Delegated(deputy)], "delegate")
    number = a_misplaced(scene)
    owners = []
    for days in (2.9, 0.2, 3.1, 3.1, 9):
        scene.ticking.days(days)
        done = scene.check("misplaced").escalated
        owners.append((bool(done), scene.only().line.owner))
    assert owners == [
        (False, PEOPLE["clerk"]),
        (True, PEOPLE["manager"]),
        (True, PEOPLE["secrecy"]),
        (False, PEOPLE["secrecy"]),
        (False, PEOPLE["secrecy"]),
    ]
    assert [n.kind for n in scene.inbox("sun")] == ["escalated"]
    assert scene.only().line.escalates_at is None
    assert number == scene.only().line.number


def test_who_takes_it_up_gets_his_time_and_no_more(sqlite_scene: Scene) -> None:
    scene = sqlite_scene
    number = a_misplaced(scene)
    scene.ticking.days(2.9)
    acknowledge(scene.database, CLERK, number, scene.now)
    acknowledge(scene.database, CLERK, number, scene.now)
    scene.ticking.days(2.9)
    assert not scene.check("misplaced").escalated
    acknowledge(scene.database, CLERK, number, scene.now)
    scene.ticking.days(0.2)
    assert scene.check("misplaced").escalated == (number,)
