"""Where a finding goes whose time has passed, by kind, level and urgency: along clerk, manager, secrecy office, leader.

It is with its owner first (`reconcile.checks.kinds`: until when). Then each step is taken that stands above the owner
and that somebody holds with reach and clearance for it, and is given hours to answer. The last step keeps it: it goes
round nobody twice.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from custody.access import Role
from custody.scheme import Scheme
from custody.values import SECOND, Instant
from reconcile.checks import KINDS
from reconcile.store.staff import Keeper, answerable


@dataclass(frozen=True, slots=True)
class Ladder:
    """Steps in their order, for the findings that fit every measure here; the first row that fits is taken.

    `from_rank`: of carriers or matters of this rank up; None: of any. `urgency`: 0 at once, 1 today, 2 this week; None:
    any.
    """

    steps: tuple[Role, ...]
    kinds: frozenset[str] = frozenset()
    urgency: int | None = None
    from_rank: int | None = None


_MACHINES = frozenset({"reader_silent", "antenna_deaf", "portal_blind", "parked_at_portal", "reader_clock_wrong"})
_HIGH = 3
"""Top secret: above the unit at once."""

LADDERS: tuple[Ladder, ...] = (
    # Its own time is over already: whoever answers to the authority.
    Ladder((Role.LEADER,), frozenset({"loss_report_overdue"})),
    # Of machines: nothing of any unit.
    Ladder((Role.SECRECY_OFFICE,), _MACHINES),
    Ladder((Role.SECRECY_OFFICE, Role.LEADER), urgency=0),
    Ladder((Role.SECRECY_OFFICE, Role.LEADER), from_rank=_HIGH),
    Ladder((Role.MANAGER, Role.SECRECY_OFFICE, Role.LEADER), urgency=1),
    Ladder((Role.MANAGER, Role.SECRECY_OFFICE)),
)
"""The table; its last row fits everything."""

HOURS: Mapping[int, str] = {
    0: "escalation_hours_at_once",
    1: "escalation_hours_today",
    2: "escalation_hours_week",
}
"""Urgency -> the number of the configuration: hours that a step has to answer."""

DEPUTISED: Mapping[Role, str] = {
    Role.MANAGER: "approve_unit",
    Role.SECRECY_OFFICE: "approve_office",
    Role.LEADER: "approve_leader",
}
"""Role of a step -> the permission whose deputy is told as well: the person may be away."""


def ladder(kind: str, rank: int) -> Ladder:
    """The row for a finding of this kind about something of this rank."""
    urgency = KINDS[kind].urgency
    return next(
        row
        for row in LADDERS
        if (not row.kinds or kind in row.kinds)
        and row.urgency in (None, urgency)
        and (row.from_rank is None or rank >= row.from_rank)
    )


@dataclass(frozen=True, slots=True)
class Step:
    """Whom a finding goes to next, in which role; `last`: nobody stands above."""

    person: int
    role: Role
    last: bool


def next_step(kind: str, rank: int, unit: int | None, owner: int | None, everybody: Collection[Keeper]) -> Step | None:
    """The first step above the owner that somebody else holds for it; None where there is none."""
    steps = ladder(kind, rank).steps
    held = {keeper.role for keeper in everybody if keeper.person == owner}
    # Whoever holds two roles stands on the higher: nothing goes down again.
    stands = max((at for at, role in enumerate(steps) if role in held), default=-1)
    others = [keeper for keeper in everybody if keeper.person != owner]
    found: Step | None = None
    for role in steps[stands + 1 :]:
        person = answerable(others, (role,), unit, rank)
        if person is None or (found is not None and person == found.person):
            continue
        if found is not None:
            return Step(found.person, found.role, last=False)
        found = Step(person, role, last=True)
    return found


def answer_by(kind: str, scheme: Scheme, now: Instant) -> Instant:
    """Until when whoever it went to has to answer."""
    return now + scheme.number(HOURS[KINDS[kind].urgency]) * 3_600 * SECOND
