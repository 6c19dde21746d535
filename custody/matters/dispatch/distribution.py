"""Distribution of a title's copies to recipients within the scope, and the widening of a scope.

Distribution. Statuses: open (handing out), distributed (every copy handed out or counted), closed. Lines: listed,
kept (person: the recipient), on_loan (person, due_at), remainder, collected, struck. None is bound: a copy handed out
is its recipient's, a copy that remains is the registry's.
Widening. Statuses: draft, asked, approved, closed. Lines: listed, widened.
"""

from dataclasses import dataclass, replace
from typing import Any

from custody.entries import Entry
from custody.entries.dispatch import (
    Collected,
    DistributedOnLoan,
    DistributedToKeep,
    DistributionClosed,
    DistributionCounted,
    DistributionListed,
    DistributionOpened,
    DistributionStruck,
    RemainderCounted,
    ScopeWidened,
    WideningClosed,
    WideningListed,
    WideningOpened,
)
from custody.matters.model import SAME, Line, MatterKind
from custody.values import Instant

OPEN, DISTRIBUTED, CLOSED = "open", "distributed", "closed"
WITH_RECIPIENT = ("kept", "on_loan")


@dataclass(frozen=True, slots=True)
class Distribution:
    """Which title, why, until when it is collected back."""

    control_number: str
    reason: str = ""
    collect_by: Instant | None = None


@dataclass(frozen=True, slots=True)
class Widening:
    """Which title, who is to know it too, why and on whose word."""

    control_number: str
    principals: tuple[str, ...]
    reason: str
    authority: str
    consent: str = ""


def _distribution(body: Any, fact: Any, _entry: Entry) -> Any:
    if isinstance(fact, DistributionOpened):
        return Distribution(fact.control_number, fact.reason, fact.collect_by)
    return body


def _widening(body: Any, fact: Any, _entry: Entry) -> Any:
    if isinstance(fact, WideningOpened):
        return Widening(fact.control_number, fact.principals, fact.reason, fact.authority, fact.consent)
    return body


def _line(line: Line | None, fact: Any, _entry: Entry) -> Line | None:
    assert line is not None
    match fact:
        case DistributedToKeep(recipient=person):
            return replace(line, person=person)
        case DistributedOnLoan(holder=person, due_at=due_at):
            return replace(line, person=person, due_at=due_at)
        case RemainderCounted(pages_counted=pages):
            return replace(line, pages=pages)
        case Collected(pages_counted=pages):
            return replace(line, pages=pages, due_at=None)
        case DistributionStruck(reason=reason):
            return replace(line, label=reason, due_at=None)
        case _:
            return line


DISTRIBUTION = MatterKind(
    key="distribution",
    opened=DistributionOpened,
    body_type=Distribution,
    body=_distribution,
    transitions={
        DistributionOpened: {None: OPEN},
        DistributionListed: {OPEN: SAME},
        DistributedToKeep: {OPEN: SAME},
        DistributedOnLoan: {OPEN: SAME},
        RemainderCounted: {OPEN: SAME},
        DistributionStruck: {OPEN: SAME, DISTRIBUTED: SAME},
        Collected: {OPEN: SAME, DISTRIBUTED: SAME},
        DistributionCounted: {OPEN: DISTRIBUTED},
        DistributionClosed: {DISTRIBUTED: CLOSED},
    },
    lines={
        DistributionListed: {None: "listed", "struck": "listed"},
        DistributedToKeep: {"listed": "kept"},
        DistributedOnLoan: {"listed": "on_loan"},
        RemainderCounted: {"listed": "remainder"},
        Collected: {"kept": "collected", "on_loan": "collected"},
        DistributionStruck: {"listed": "struck", "kept": "struck", "on_loan": "struck"},
    },
    line=_line,
    ends=frozenset({CLOSED}),
    due=lambda body: body.collect_by,
)

WIDENING = MatterKind(
    key="widening",
    opened=WideningOpened,
    body_type=Widening,
    body=_widening,
    transitions={
        WideningOpened: {None: "draft"},
        WideningListed: {"draft": SAME, "asked": SAME, "approved": SAME},
        ScopeWidened: {"approved": SAME},
        WideningClosed: {"approved": CLOSED},
    },
    lines={WideningListed: {None: "listed"}, ScopeWidened: {"listed": "widened"}},
    ends=frozenset({CLOSED}),
    route="widening",
    lists_first=True,
)
