"""An incident as its page draws it: the checklist and the clock, of what the books and its findings say. Pure."""

from dataclasses import dataclass

from custody.scheme import Scheme
from reconcile.cases.checklist import MARKS, Clock, Loss, StepState, Ticked, clock_of, standing
from reconcile.store.case_queries import CaseDetail, LossLine


@dataclass(frozen=True, slots=True)
class Incident:
    """The checklist with its clock. `losses`: what was declared in the books."""

    steps: tuple[StepState, ...]
    clock: Clock
    losses: tuple[Loss, ...]


def incident_of(detail: CaseDetail, scheme: Scheme) -> Incident | None:
    """The incident of a case; None where what is seen of it makes none."""
    grave = [line for line in detail.findings if line.number in detail.grave]
    if not grave:
        return None
    losses = tuple(map(_loss, detail.losses))
    ends = [line.closed_at for line in grave if line.closed_at is not None]
    over_at = max(ends) if len(ends) == len(grave) else None
    clock = clock_of(min(line.opened_at for line in grave), losses, scheme, over_at)
    ticked = [
        Ticked(code, next(mark for mark in MARKS if mark == said), step.at, step.by, step.note)
        for step in detail.steps
        if step.what == "step"
        for code, said in (step.detail.split(),)
    ]
    return Incident(standing(ticked, losses, clock), clock, losses)


def _loss(line: LossLine) -> Loss:
    body = line.body
    waiting = body.reported_at is None and not body.outcome and not line.ended
    due_at = body.due_at if waiting else None
    return Loss(line.matter, line.number, body.discovered_at, due_at, body.reported_at, bool(body.outcome), line.ended)
