"""Matters: numbered business that takes several acts — a circulation, a meeting, a destruction, a hand-over.

A matter is folded from its own entries as a carrier is from its. Its head is the same for all kinds; what only
its kind knows stands in `body`. The carriers that it is about are its lines, each with a state of its own.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from custody.entries import Entry, Fact, MatterOpened
from custody.values import Instant


@dataclass(frozen=True, slots=True)
class Given:
    """One approval given: by whom, in whose stead, when."""

    step: str
    person: int
    at: Instant
    on_behalf_of: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """What was asked and what was answered. Folded from the facts of `custody.entries.approvals`."""

    route: str
    steps: tuple[str, ...]
    applicant: int
    asked_at: Instant
    answer_by: Instant
    valid_days: int
    urgent: bool = False
    reason: str = ""
    given: tuple[Given, ...] = ()

    @property
    def awaited(self) -> str:
        """The step that is to be answered next; empty when all are given."""
        return self.steps[len(self.given)] if len(self.given) < len(self.steps) else ""

    @property
    def persons(self) -> frozenset[int]:
        """Everybody who took part as a person, deputies and those they stood for included."""
        others = {g.on_behalf_of for g in self.given if g.on_behalf_of is not None}
        return frozenset({self.applicant, *(g.person for g in self.given), *others})


@dataclass(frozen=True, slots=True)
class Line:
    """One carrier in a matter. What the fields mean besides is said by the kind."""

    matter: int
    carrier: int
    state: str
    person: int | None = None
    label: str = ""
    """Seat, bag and seal, method: the kind says which."""
    due_at: Instant | None = None
    pages: int | None = None
    at: Instant = 0
    """When the present state began (event time)."""
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Matter:
    """A matter as the books have it now."""

    id: int
    number: str
    """Number of the act that opened it."""
    kind: str
    status: str
    unit: int
    level: str
    opened_by: int
    opened_at: Instant
    body: Any
    """The kind's own dataclass."""
    due_at: Instant | None = None
    approval: Approval | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    """Lines by state; states without lines are left out."""
    ended_at: Instant | None = None
    last_sequence: int = 0

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.ended_at is not None

    @property
    def lines_total(self) -> int:
        """Carriers that it is about."""
        return sum(self.counts.values())

    def count(self, *states: str) -> int:
        """Lines in these states."""
        return sum(self.counts.get(state, 0) for state in states)


Transitions = Mapping[type[Fact], Mapping[str | None, str]]
"""Fact -> state before (None: not there yet) -> state after. What is not here cannot happen."""

SAME = ""
"""In a table of transitions: the state stays what it was."""


def _no_due(_body: Any) -> Instant | None:
    return None


def _no_parties(_matter: Matter) -> Iterable[tuple[int, str]]:
    return ()


def _nobody(_matter: Matter) -> Iterable[int]:
    return ()


def _no_line(line: Line | None, _fact: Fact, _entry: Entry) -> Line | None:
    return line


@dataclass(frozen=True, slots=True)
class MatterKind:
    """A kind of matter, as a table.

    `transitions`: of the status, for facts about the matter and its lines alike; a fact that is in `lines` and not
    here leaves the status as it is, unless the status is an end. `lines`: of a line's state. `body` gives the body
    after a fact, `line` the line's other fields (its state, matter, carrier, time and sequence are set for it).
    `ends`: statuses in which it is over. `binds`: its carriers are in no other such matter meanwhile.
    `route`: names its approval (`custody.approval.ROUTES`), empty where none is needed; `routes` names the others that
    it may need besides, and `choose` says by which this one goes. `lists_first`: approval is asked only for a list that
    is not empty. `due` gives its deadline.
    `parties`: persons with a part in it, who may see it and its carriers: `(person, part)`.
    `apart`: persons who may not approve it, besides the applicant and each other (clauses g.2, g.5).
    """

    key: str
    opened: type[MatterOpened]
    body_type: type
    transitions: Transitions
    body: Callable[[Any, Any, Entry], Any]
    lines: Transitions = field(default_factory=dict)
    line: Callable[[Line | None, Any, Entry], Line | None] = _no_line
    ends: frozenset[str] = frozenset()
    binds: bool = False
    route: str = ""
    routes: tuple[str, ...] = ()
    choose: Callable[["Matter"], str] | None = None
    lists_first: bool = False
    due: Callable[[Any], Instant | None] = _no_due
    parties: Callable[[Matter], Iterable[tuple[int, str]]] = _no_parties
    apart: Callable[[Matter], Iterable[int]] = _nobody

    def route_of(self, matter: Matter) -> str:
        """The route by which this matter is approved; empty where it needs no approval."""
        return self.route if self.choose is None else self.choose(matter)

    @property
    def every_route(self) -> tuple[str, ...]:
        """All routes by which matters of this kind may be approved."""
        return (self.route, *self.routes) if self.route else ()
