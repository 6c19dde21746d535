"""Approval: one mechanism for every matter that needs it. Who may, in which order, distinct persons, validity.

A route is a row of `ROUTES`. Distinct means distinct persons, whatever accounts and roles they have or had: the
applicant, everybody who approved, the deputies who signed and those they stood for, and whom the matter's kind
keeps apart. "Urgent" shortens the time to answer and skips nothing (daily rule 7).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from custody.access import Permission
from custody.clock import day
from custody.entries import Delegated, DelegationEnded, Fact
from custody.entries.approvals import ApprovalAsked, Approved, Declined, Withdrawn
from custody.matters import KINDS, Matter
from custody.register import CarrierState
from custody.rules import Check, Needed, Params, Rule, Situation, by_actor, named, signed
from custody.scheme import Scheme
from custody.values import DAY, Instant


@dataclass(frozen=True, slots=True)
class Step:
    """One approval of a route, by somebody who holds the permission for the matter's unit."""

    key: str
    permission: Permission


UNIT = Step("unit", Permission.APPROVE_UNIT)
OFFICE = Step("office", Permission.APPROVE_OFFICE)
COMMITTEE = Step("committee", Permission.APPROVE_COMMITTEE)
LEADER = Step("leader", Permission.APPROVE_LEADER)
STEPS: Mapping[str, Step] = {step.key: step for step in (UNIT, OFFICE, COMMITTEE, LEADER)}


@dataclass(frozen=True, slots=True)
class Route:
    """The approvals that a matter needs, in order; `clause` is quoted where one stands against it."""

    key: str
    clause: str
    steps: tuple[Step, ...]


ROUTES: Mapping[str, Route] = {
    route.key: route
    for route in (
        # The committee approves through the secrecy office (clause a.5).
        Route("production", "a.1", (OFFICE, COMMITTEE)),
        # What leaves the house for good is seen by the unit that answers for it, besides whoever sends it.
        Route("dispatch", "b.3", (UNIT,)),
        Route("widening", "b.3", (OFFICE, LEADER)),
        Route("copying", "d.1", (OFFICE, LEADER)),
        Route("compilation", "d.6", (OFFICE, COMMITTEE)),
        Route("carrying_out", "e.1", (UNIT, OFFICE)),
        Route("carrying_out_foreign", "e.3", (OFFICE, LEADER)),
        Route("carrying_abroad", "e.4", (OFFICE, COMMITTEE, LEADER)),
        Route("provision", "i.1", (OFFICE, LEADER)),
        # Who discloses, reviews: the unit whose matter it is, then the secrecy office.
        Route("disclosure", "i.2", (UNIT, OFFICE)),
        # The secrecy office looks at the list, the supervising leader approves (主管领导批准).
        Route("destruction", "g.1", (OFFICE, LEADER)),
        # Level and period are the determining authority's: the office, then the committee.
        Route("reclassification", "a.5", (OFFICE, COMMITTEE)),
        Route("transfer", "f.3", (UNIT,)),
        Route("meeting", "h.1", (UNIT,)),
        Route("circulation", "c.3", (UNIT,)),
    )
}


def steps_of(route: str) -> tuple[str, ...]:
    """The keys of a route's steps. Raises KeyError."""
    return tuple(step.key for step in ROUTES[route].steps)


def asked(matter: int, route: str, scheme: Scheme, now: Instant, *, urgent: bool = False, reason: str = "") -> Fact:
    """The request for approval by a route, with the deadlines of the scheme."""
    days = scheme.number("approval_days_urgent" if urgent else "approval_days")
    valid = scheme.number("approval_valid_days")
    return ApprovalAsked(matter, route, steps_of(route), now + days * DAY, valid, urgent, reason)


def valid_until(matter: Matter) -> Instant | None:
    """Until when a granted approval may be made use of; None where it is not granted (yet)."""
    approval = matter.approval
    if approval is None or approval.awaited or not approval.given:
        return None
    return approval.given[-1].at + approval.valid_days * DAY


def _by_step(fact: Fact) -> Permission | None:
    assert isinstance(fact, Approved | Declined)
    step = STEPS.get(fact.step)
    return step.permission if step else None


PERMISSIONS: Mapping[type[Fact], Needed] = {
    ApprovalAsked: Permission.TAKE_PART,
    Approved: _by_step,
    Declined: _by_step,
    Withdrawn: Permission.TAKE_PART,
    Delegated: Permission.DELEGATE,
    DelegationEnded: Permission.DELEGATE,
}
"""What one must be allowed; who of those may is asked by the rules."""


def _route_wrong(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """The route is the one that the table names, whole and in order: nothing skips a step."""
    assert isinstance(fact, ApprovalAsked)
    matter = situation.matter(fact)
    route = KINDS[matter.kind].route_of(matter) if matter else ""
    if fact.route == route and fact.steps == steps_of(route):
        return None
    return {"route": fact.route}


def _answer_late(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ApprovalAsked)
    name = "approval_days_urgent" if fact.urgent else "approval_days"
    days = situation.scheme.number(name)
    in_time = situation.now < fact.answer_by <= situation.now + days * DAY
    valid = 1 <= fact.valid_days <= situation.scheme.number("approval_valid_days")
    return None if in_time and valid else {"days": days}


def _nothing_listed(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ApprovalAsked)
    matter = situation.matter(fact)
    if matter is None or not KINDS[matter.kind].lists_first:
        return None
    return None if matter.lines_total else {}


def _not_the_next(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Approved | Declined)
    matter = situation.matter(fact)
    awaited = matter.approval.awaited if matter and matter.approval else ""
    return None if fact.step == awaited else {"step": fact.step}


def _same_person(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Nobody stands twice in one matter; a deputy counts as himself and as the person he stands for."""
    assert isinstance(fact, Approved)
    matter = situation.matter(fact)
    if matter is None or matter.approval is None:
        return None
    taken = matter.approval.persons | {matter.opened_by} | frozenset(KINDS[matter.kind].apart(matter))
    for person in (situation.subject.person, fact.on_behalf_of):
        if person in taken:
            known = situation.directory.persons.get(person or 0)
            return named(known) if known else {"person": str(person), "person_en": str(person)}
    return None


def _of_route(route: str, check: Check) -> Check:
    """The check for matters of this route alone, so that the refusal quotes its clause."""

    def of_route(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
        matter = situation.matter(fact)
        return check(carrier, fact, situation) if matter and KINDS[matter.kind].route_of(matter) == route else None

    return of_route


def _reason_missing(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, Declined | Withdrawn)
    return None if fact.reason.strip() else {"field": "reason"}


def _not_the_applicant(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Withdrawn)
    matter = situation.matter(fact)
    if matter is None:
        return None
    applicants = {matter.opened_by} | ({matter.approval.applicant} if matter.approval else set())
    return None if situation.subject.person in applicants else {}


def _not_the_opener(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, ApprovalAsked)
    matter = situation.matter(fact)
    return None if matter is None or situation.subject.person == matter.opened_by else {}


_DELEGABLE = frozenset(step.permission.value for step in STEPS.values())


def _delegation_unfit(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """From oneself, to another who is here, of approvals only, with an end within the configured days."""
    assert isinstance(fact, Delegated)
    one = fact.delegation
    deputy = situation.directory.persons.get(one.deputy)
    if one.giver != situation.subject.person or one.id in situation.directory.delegations:
        return {"field": "giver"}
    if deputy is None or one.deputy == one.giver or (deputy.left_on and deputy.left_on <= situation.day):
        return {"field": "deputy"}
    if not one.permissions or not set(one.permissions) <= _DELEGABLE:
        return {"field": "permissions"}
    days_max = situation.scheme.number("delegation_days_max")
    if not situation.now < one.until_at <= max(one.from_at, situation.now) + days_max * DAY:
        return {"field": "until"}
    return None if one.from_at < one.until_at else {"field": "until"}


def _delegation_not_own(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, DelegationEnded)
    one = situation.directory.delegations.get(fact.delegation)
    return None if one is not None and one.giver == situation.subject.person else {"field": "delegation"}


def _lapsed(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """An approval not made use of in time is none."""
    matter = situation.matter(fact)
    if matter is None or matter.status != "approved" or isinstance(fact, Withdrawn):
        return None
    until = valid_until(matter)
    if until is None or situation.now < until:
        return None
    return {"day": day(until, situation.scheme.timezone)}


def lapsed_rules(facts: tuple[type[Fact], ...]) -> tuple[Rule, ...]:
    """An approval that was not made use of in time is none: a row for each route's clause."""
    return tuple(Rule(route.clause, "approval_lapsed", facts, _of_route(key, _lapsed)) for key, route in ROUTES.items())


RULES = (
    Rule("7", "route_wrong", (ApprovalAsked,), _route_wrong),
    Rule("7", "answer_late", (ApprovalAsked,), _answer_late),
    Rule("", "nothing_listed", (ApprovalAsked,), _nothing_listed),
    Rule("", "not_the_opener", (ApprovalAsked,), _not_the_opener),
    Rule("", "not_the_next", (Approved, Declined), _not_the_next),
    *(Rule(route.clause, "same_person", (Approved,), _of_route(route.key, _same_person)) for route in ROUTES.values()),
    Rule("", "text_missing", (Declined, Withdrawn), _reason_missing),
    Rule("", "not_the_applicant", (Withdrawn,), _not_the_applicant),
    Rule("", "delegation_unfit", (Delegated,), _delegation_unfit),
    Rule("", "delegation_not_own", (DelegationEnded,), _delegation_not_own),
    signed("", (ApprovalAsked, Approved, Declined, Withdrawn, Delegated), by_actor),
)

CODES: Mapping[str, tuple[str, ...]] = {
    "route_wrong": ("route",),
    "answer_late": ("days",),
    "nothing_listed": (),
    "not_the_opener": (),
    "not_the_next": ("step",),
    "same_person": ("person", "person_en"),
    "not_the_applicant": (),
    "delegation_unfit": ("field",),
    "delegation_not_own": ("field",),
    "approval_lapsed": ("day",),
}
