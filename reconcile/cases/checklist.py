"""What is to be done when a carrier of a high level is missing: the incident's checklist and its clock.

Each step is done, or does not apply, by somebody, at a time, with a note. What the books know already (that the loss
was declared, that it was reported) they tick themselves. The clock is the loss report's own: so many hours from the
discovery (`loss_report_hours`); once the loss is declared, the hour that stands in the declaration counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from custody.access import Permission
from custody.scheme import Scheme
from custody.values import SECOND, Instant

Mark = Literal["open", "done", "not_applicable"]
MARKS: tuple[Mark, ...] = ("open", "done", "not_applicable")


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `within_hours` from the discovery; 0: by the hour of the report. `by_books`: what in the books does it:
    the loss is `declared`, `reported`, `concluded`.
    """

    code: str
    within_hours: int
    permission: Permission = Permission.SETTLE_FINDINGS
    by_books: str = ""


STEPS: tuple[Step, ...] = (
    Step("search_place", 1),
    Step("ask_holders", 2),
    Step("secure_area", 2),
    Step("check_portals", 2),
    Step("tell_office", 2),
    Step("tell_leader", 4),
    Step("assess_harm", 12, Permission.HEAD_ENQUIRIES),
    Step("declare_loss", 0, Permission.REPORT_MISSING, by_books="declared"),
    Step("report_authority", 0, Permission.HEAD_ENQUIRIES, by_books="reported"),
    Step("measures", 72, Permission.HEAD_ENQUIRIES),
    Step("conclude", 240, Permission.HEAD_ENQUIRIES, by_books="concluded"),
)
"""The table, in the order in which it is worked through."""
BY_CODE: Mapping[str, Step] = {step.code: step for step in STEPS}


@dataclass(frozen=True, slots=True)
class Loss:
    """The enquiry into the loss of a carrier of the incident, as the books have it. `due_at`: None once reported."""

    matter: int
    number: str
    discovered_at: Instant
    due_at: Instant | None
    reported_at: Instant | None
    concluded: bool
    ended: bool


@dataclass(frozen=True, slots=True)
class Ticked:
    """A person marked a step. The newest of a step counts."""

    code: str
    mark: Mark
    at: Instant
    by: int | None
    note: str


@dataclass(frozen=True, slots=True)
class StepState:
    """A step as it stands. `matter`: the books did it, in this matter."""

    step: Step
    mark: Mark
    due_at: Instant
    at: Instant | None = None
    by: int | None = None
    note: str = ""
    matter: int | None = None
    number: str = ""


@dataclass(frozen=True, slots=True)
class Clock:
    """Until when it is reported. `stopped_at`: when it was, or when everything was found again."""

    began_at: Instant
    due_at: Instant
    stopped_at: Instant | None = None

    def left(self, now: Instant) -> int:
        """Microseconds left; below zero: past."""
        return self.due_at - (self.stopped_at or now)


def clock_of(discovered_at: Instant, losses: Sequence[Loss], scheme: Scheme, over_at: Instant | None) -> Clock:
    """The clock of an incident. `over_at`: since when none of its carriers is missing any more, None: one is."""
    hours = scheme.number("loss_report_hours") * 3_600 * SECOND
    if not losses:
        return Clock(discovered_at, discovered_at + hours, over_at)
    began_at = min(loss.discovered_at for loss in losses)
    waiting = [loss.due_at for loss in losses if loss.due_at is not None]
    if waiting:
        return Clock(began_at, min(waiting))
    # All are reported, or were found before they had to be.
    told = [loss.reported_at for loss in losses if loss.reported_at is not None]
    return Clock(began_at, began_at + hours, max(told) if told else over_at)


def standing(ticked: Sequence[Ticked], losses: Sequence[Loss], clock: Clock) -> tuple[StepState, ...]:
    """Every step as it stands, in the order of the table."""
    newest = {one.code: one for one in ticked}
    return tuple(_standing(step, newest.get(step.code), losses, clock) for step in STEPS)


def _standing(step: Step, said: Ticked | None, losses: Sequence[Loss], clock: Clock) -> StepState:
    due_at = clock.began_at + step.within_hours * 3_600 * SECOND if step.within_hours else clock.due_at
    did = [loss for loss in losses if _did(step.by_books, loss)] if step.by_books else []
    # Of several losses the step is done when it is done for each.
    if did and len(did) == len(losses):
        return StepState(step, "done", due_at, matter=did[0].matter, number=did[0].number)
    if said is not None and said.mark != "open":
        return StepState(step, said.mark, due_at, said.at, said.by, said.note)
    return StepState(step, "open", due_at)


def _did(what: str, loss: Loss) -> bool:
    return {"declared": True, "reported": loss.reported_at is not None, "concluded": loss.concluded or loss.ended}[what]
