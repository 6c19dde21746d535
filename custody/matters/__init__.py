"""Matters: the kinds, and the fold. Pure; `register` folds carriers, this folds what they are dealt with in."""

from collections.abc import Mapping
from dataclasses import replace

from custody.entries import CarrierFact, Entry, Fact, MatterOpened
from custody.entries.approvals import ApprovalAsked, Approved, Declined, Withdrawn
from custody.matters import (
    carrying_out,
    circulation,
    copying,
    destruction,
    disclosure,
    dispatch,
    disposition,
    entry,
    keeping,
    meetings,
    production,
)
from custody.matters.model import SAME, Approval, Given, Line, Matter, MatterKind

__all__ = [
    "KINDS",
    "KIND_OF",
    "Approval",
    "Given",
    "Line",
    "Matter",
    "MatterBroken",
    "MatterKind",
    "apply_matter",
    "line_after",
    "parties_of",
    "status_after",
]

KINDS: Mapping[str, MatterKind] = {
    kind.key: kind
    for letter in (
        production,
        dispatch,
        circulation,
        copying,
        carrying_out,
        keeping,
        disposition,
        destruction,
        meetings,
        disclosure,
        entry,
    )
    for kind in letter.KINDS
}
"""Every kind of matter by its name."""

KIND_OF: Mapping[type[MatterOpened], MatterKind] = {kind.opened: kind for kind in KINDS.values()}

DRAFT, ASKED, APPROVED, DECLINED, WITHDRAWN = "draft", "asked", "approved", "declined", "withdrawn"
"""Statuses of every matter that needs approval."""
_APPROVAL_ENDS = frozenset({DECLINED, WITHDRAWN})


class MatterBroken(ValueError):
    """The ledger contradicts itself about a matter; the message names the entry."""


def status_after(matter: Matter | None, fact: Fact) -> str | None:
    """Status of the matter after the fact; None where it cannot happen now."""
    if matter is None:
        if not isinstance(fact, MatterOpened) or type(fact) not in KIND_OF:
            return None
        return KIND_OF[type(fact)].transitions.get(type(fact), {}).get(None)
    kind = KINDS[matter.kind]
    if isinstance(fact, MatterOpened) or matter.ended:
        return None
    if kind.route and isinstance(fact, ApprovalAsked | Approved | Declined | Withdrawn):
        return _answered(matter, fact)
    table = kind.transitions.get(type(fact))
    if table is None:
        return matter.status if type(fact) in kind.lines else None
    after = table.get(matter.status)
    return matter.status if after == SAME else after


def _answered(matter: Matter, fact: Fact) -> str | None:
    if isinstance(fact, ApprovalAsked):
        return ASKED if matter.status == DRAFT else None
    if isinstance(fact, Withdrawn):
        return WITHDRAWN if matter.status in (DRAFT, ASKED, APPROVED) else None
    if matter.status != ASKED or matter.approval is None:
        return None
    if isinstance(fact, Declined):
        return DECLINED
    return APPROVED if len(matter.approval.given) + 1 == len(matter.approval.steps) else ASKED


def line_after(matter: Matter, line: Line | None, fact: Fact) -> str | None:
    """State of the carrier's line after the fact; None where it cannot happen now."""
    after = KINDS[matter.kind].lines.get(type(fact), {}).get(line.state if line else None)
    return line.state if line and after == SAME else after


def parties_of(matter: Matter) -> frozenset[tuple[int, str]]:
    """Persons with a part in the matter: who opened it, who applied and approved, and those that the kind names."""
    found = {(matter.opened_by, "opener")} if matter.opened_by else set()
    if matter.approval is not None:
        found |= {(matter.approval.applicant, "applicant")}
        found |= {(given.person, "approver") for given in matter.approval.given}
        found |= {(g.on_behalf_of, "approver") for g in matter.approval.given if g.on_behalf_of is not None}
    return frozenset(found | set(KINDS[matter.kind].parties(matter)))


def apply_matter(matter: Matter | None, line: Line | None, entry: Entry) -> tuple[Matter, Line | None]:
    """The matter and, for a fact about a carrier, its line, after an entry. Raises MatterBroken."""
    fact = entry.fact
    status = status_after(matter, fact)
    if status is None:
        was = matter.status if matter else "not opened"
        raise MatterBroken(f"entry {entry.sequence}: {fact.kind} cannot follow the matter's status {was}")
    if matter is None:
        assert isinstance(fact, MatterOpened)
        kind = KIND_OF[type(fact)]
        new = Matter(
            id=fact.matter,
            number=entry.act,
            kind=kind.key,
            status=status,
            unit=fact.unit,
            level=fact.level,
            opened_by=entry.by,
            opened_at=entry.happened_at,
            body=kind.body(None, fact, entry),
        )
        line = None
    else:
        kind = KINDS[matter.kind]
        new, line = _go_on(matter, line, entry, status)
    ended = entry.happened_at if status in kind.ends | (_APPROVAL_ENDS if kind.route else frozenset()) else None
    new = replace(new, status=status, ended_at=ended, due_at=kind.due(new.body), last_sequence=entry.sequence)
    return new, line


def _go_on(matter: Matter, line: Line | None, entry: Entry, status: str) -> tuple[Matter, Line | None]:
    fact = entry.fact
    if isinstance(fact, ApprovalAsked | Approved | Declined | Withdrawn):
        return replace(matter, approval=_approval(matter.approval, entry)), line
    kind = KINDS[matter.kind]
    matter = replace(matter, body=kind.body(matter.body, fact, entry))
    if not isinstance(fact, CarrierFact) or type(fact) not in kind.lines:
        return matter, line
    state = line_after(matter, line, fact)
    if state is None:
        was = line.state if line else "not listed"
        raise MatterBroken(f"entry {entry.sequence}: {fact.kind} cannot follow the line's state {was}")
    moved = line is None or line.state != state
    plain = line or Line(matter.id, fact.carrier, state)
    made = kind.line(plain, fact, entry) or plain
    new = replace(
        made,
        matter=matter.id,
        carrier=fact.carrier,
        state=state,
        at=entry.happened_at if moved else made.at,
        sequence=entry.sequence,
    )
    counts = dict(matter.counts)
    if line is not None:
        counts[line.state] = counts.get(line.state, 0) - 1
    counts[state] = counts.get(state, 0) + 1
    return replace(matter, counts={name: n for name, n in sorted(counts.items()) if n}), new


def _approval(approval: Approval | None, entry: Entry) -> Approval | None:
    match entry.fact:
        case ApprovalAsked(route=route, steps=steps, answer_by=by, valid_days=days, urgent=urgent, reason=reason):
            return Approval(route, steps, entry.by, entry.happened_at, by, days, urgent, reason)
        case Approved(step=step, on_behalf_of=other, note=note) if approval is not None:
            given = Given(step, entry.by, entry.happened_at, other, note)
            return replace(approval, given=(*approval.given, given))
        case _:
            return approval
