"""Deadlines of matters, and of single carriers in them: legs, papers of a meeting, deposits, returns, reports, answers.

All of it is read from the books; where the radio knows more, its story is drawn beside (the finding names the
carrier). Pure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from custody.access import PERMISSIONS, Role
from custody.approval import ROUTES, STEPS
from custody.values import Instant
from reconcile.checks.cases import BooksSay, Ending, MatterSays, Thresholds, Verdict
from reconcile.checks.kinds import KINDS
from reconcile.checks.verdicts import books_say, matter_says, quiet_for, rule


@dataclass(frozen=True, slots=True)
class LineCase:
    """A carrier in a matter. `matter` has its line; `ends_at`: the matter's own deadline; `ended`: it is over."""

    carrier: int
    books: BooksSay
    matter: MatterSays
    ends_at: Instant | None = None
    ended: bool = False
    settled_at: Mapping[str, Instant] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MatterCase:
    """A matter as a whole. `persons`: who has taken part in its approval or opened it; `counts`: its lines by state.

    `due_at`: of a destruction until when its approval may be used, of a clearance the day on which the person goes, of
    a hand-over so many days after it was opened; else the matter's own.
    """

    id: int
    number: str
    kind: str
    status: str
    unit: int
    rank: int
    opened_by: int
    opened_at: Instant
    due_at: Instant | None = None
    awaited: str = ""
    answer_by: Instant | None = None
    ended: bool = False
    persons: frozenset[int] = frozenset()
    counts: Mapping[str, int] = field(default_factory=dict)
    route: str = ""
    """By which its approval was asked for."""
    settled_at: Mapping[str, Instant] = field(default_factory=dict)


# Carriers in matters.


@dataclass(frozen=True, slots=True)
class LineRule:
    """A kind of finding about lines in one state of one kind of matter.

    `due`: its deadline; the finding opens once that has passed. `status`: where the books have the carrier meanwhile;
    of one that was declared lost, or found elsewhere since, other business tells. `open_only`: not once the matter is
    over.
    """

    kind: str
    matter: str
    state: str
    status: str
    due: Callable[[LineCase, Thresholds], Instant | None]
    open_only: bool = True
    by: Literal["line", "matter", "incident"] = "line"
    """Whose deadline it is; `incident`: told as soon as the line is in its state, of carriers whose loss is one."""


def _of_line(case: LineCase, _limits: Thresholds) -> Instant | None:
    return case.matter.due_at


def _of_matter(case: LineCase, _limits: Thresholds) -> Instant | None:
    return case.ends_at


def _at_once(case: LineCase, limits: Thresholds) -> Instant | None:
    return case.matter.at if case.books.rank >= limits.incident_from_rank else None


def _of_meeting(case: LineCase, limits: Thresholds) -> Instant | None:
    return None if case.ends_at is None else case.ends_at + limits.meeting_grace


LINE_RULES: Mapping[str, LineRule] = {
    one.kind: one
    for one in (
        # A reader has it for longer than the leg was to last (clause c.3).
        LineRule("leg_overdue", "circulation", "with_reader", "in_circulation", _of_line),
        # The session was to be over, and the paper is still out (clause h.3).
        LineRule("meeting_paper_out", "meeting", "handed_out", "in_meeting", _of_meeting, by="matter"),
        # Taken back to the unit, and not handed in there in time (clause h.4).
        LineRule("deposit_overdue", "meeting", "taken_back", "in_meeting", _of_line, open_only=False),
        # Neither preserved nor destroyed so many days after its order was closed (clause a.6).
        LineRule("intermediate_open", "production", "intermediate", "in_place", _of_matter, by="matter"),
        # Out on a permit whose window is over (clauses e.1, f.1).
        LineRule("permit_overdue", "carrying_out", "out", "carried_out", _of_line),
        # With another body beyond the day of return (clause i.1).
        LineRule("provision_overdue", "provision", "outside", "provided_outside", _of_line),
        # A person declared it lost, whatever was heard of it: the incident does not wait for the radio.
        LineRule("declared_lost", "loss", "missing", "declared_lost", _at_once, by="incident"),
    )
}


def line_verdict(kind: str, case: LineCase, now: Instant, limits: Thresholds) -> Verdict | None:
    """The finding of this kind about a carrier in a matter, where its deadline has passed."""
    asked = LINE_RULES[kind]
    if not _stands(asked, case) or quiet_for(kind, case.settled_at.get(kind), now):
        return None
    due = asked.due(case, limits)
    if due is None or due >= now:
        return None
    evidence = {
        "clause": KINDS[kind].clause,
        "rule": rule(kind, {"due_at": due, "matter": case.matter.number}),
        **matter_says(case.matter),
        "books": books_say(case.books),
        "radio": None,
    }
    return Verdict(
        kind=kind,
        about=f"carrier:{case.carrier}@matter:{case.matter.id}",
        happened_at=due,
        evidence=evidence,
        carrier=case.carrier,
        place=case.books.home,
        person=case.matter.person,
        unit=case.books.unit,
        rank=case.books.rank,
        matter=case.matter.id,
    )


def _stands(asked: LineRule, case: LineCase) -> bool:
    matter = case.matter
    return (
        matter.kind == asked.matter
        and matter.line == asked.state
        and case.books.status == asked.status
        and not (asked.open_only and case.ended)
    )


def line_ended(kind: str, case: LineCase, now: Instant, limits: Thresholds) -> Ending | None:
    """Back, deposited, covered by an incident: the line has moved on. Or there is more time."""
    asked = LINE_RULES[kind]
    if not _stands(asked, case):
        return Ending("line_moved_on", {"matter": case.matter.number})
    due = asked.due(case, limits)
    return Ending("due_day_changed") if due is None or due >= now else None


# Matters.


@dataclass(frozen=True, slots=True)
class MatterRule:
    """A kind of finding about matters of these kinds; none named: of any. `due`: None where nothing is due."""

    kind: str
    matters: tuple[str, ...]
    due: Callable[[MatterCase], Instant | None]


def _day(case: MatterCase) -> Instant | None:
    return case.due_at


def _answer(case: MatterCase) -> Instant | None:
    return case.answer_by if case.awaited else None


MATTER_RULES: Mapping[str, MatterRule] = {
    one.kind: one
    for one in (
        # The issuer called its papers back until a day (clause b.7).
        MatterRule("issuer_return_overdue", ("issuer_return",), _day),
        # A loss is reported to the authority within hours of its discovery.
        MatterRule("loss_report_overdue", ("loss",), _day),
        # An approval was asked for, and nobody answered.
        MatterRule("approval_overdue", (), _answer),
        # Sent, and not acknowledged by the planned arrival (clause b.5).
        MatterRule("arrival_overdue", ("dispatch",), _day),
        # Handed out until a day, and not collected.
        MatterRule("collection_overdue", ("distribution",), _day),
        # Not signed out at the end of the day (clause j.1).
        MatterRule("visit_open", ("visit", "cleaning"), _day),
        # Approved, and not destroyed while the approval may be used (clause g.1).
        MatterRule("destruction_overdue", ("destruction",), _day),
        # A keeper hands over, or a person leaves, and it is not signed in time (clause f.1).
        MatterRule("hand_over_due", ("hand_over", "clearance"), _day),
        # The yearly inventory was to be done by a day.
        MatterRule("sweep_due", ("inventory",), _day),
    )
}


def approvers(step: str) -> tuple[Role, ...]:
    """The roles that may give this step of an approval; none for a step that is not known."""
    if step not in STEPS:
        return ()
    return tuple(role for role, allowed in PERMISSIONS.items() if STEPS[step].permission in allowed)


def matter_verdict(kind: str, case: MatterCase, now: Instant, _limits: Thresholds) -> Verdict | None:
    """The finding of this kind about a matter, where its deadline has passed."""
    asked = MATTER_RULES[kind]
    due = None if case.ended or (asked.matters and case.kind not in asked.matters) else asked.due(case)
    if due is None or due >= now or quiet_for(kind, case.settled_at.get(kind), now):
        return None
    params: dict[str, Any] = {"due_at": due, "matter": case.number}
    clause = KINDS[kind].clause
    if kind == "approval_overdue":
        params["step"] = case.awaited
        route = ROUTES.get(case.route)
        clause = route.clause if route else ""
    evidence = {
        "clause": clause,
        "rule": rule(kind, params),
        "matter": {"id": case.id, "number": case.number, "kind": case.kind, "status": case.status, "due_at": due},
        "lines": dict(case.counts),
        "books": None,
        "radio": None,
    }
    return Verdict(
        kind=kind,
        about=f"matter:{case.id}",
        happened_at=due,
        evidence=evidence,
        person=case.opened_by or None,
        unit=case.unit,
        rank=case.rank,
        matter=case.id,
        roles=approvers(case.awaited) if kind == "approval_overdue" else (),
        apart=case.persons if kind == "approval_overdue" else frozenset(),
    )


def matter_ended(kind: str, case: MatterCase, now: Instant, _limits: Thresholds) -> Ending | None:
    """Done, reported, answered; or there is more time."""
    due = None if case.ended else MATTER_RULES[kind].due(case)
    if due is not None and due < now:
        return None
    return Ending("matter_moved_on", {"matter": case.number})
