"""What people are to sign for, and did not in time: the undertaking, the yearly instruction, reminders. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from custody.procedures.undertakings import INSTRUCTION, PHOTOGRAPHS, REMINDER, UNDERTAKING
from custody.values import Instant
from reconcile.checks.cases import Ending, Verdict
from reconcile.checks.kinds import KINDS
from reconcile.checks.verdicts import quiet_for, rule

PEOPLE_RULES: Mapping[str, tuple[str, ...]] = {
    # Clause j.2; the ban on photographs is asked for with it (rule 7).
    "instruction_overdue": (UNDERTAKING, INSTRUCTION, PHOTOGRAPHS),
    # Rule 5: people are reminded often.
    "reminder_overdue": (REMINDER,),
}
"""Kind of finding -> what is to be signed for."""
KIND_OF_SUBJECT: Mapping[str, str] = {subject: kind for kind, subjects in PEOPLE_RULES.items() for subject in subjects}


@dataclass(frozen=True, slots=True)
class PersonCase:
    """A person and something to be signed for. `due_at`: by when; None: nothing is due any more."""

    person: int
    unit: int | None
    subject: str
    due_at: Instant | None
    settled_at: Mapping[str, Instant] = field(default_factory=dict)

    @property
    def about(self) -> str:
        """The subject of its finding."""
        return f"person:{self.person}@{self.subject}"


def person_verdict(case: PersonCase, now: Instant) -> Verdict | None:
    """Not signed for in time (clause j.2, rule 5)."""
    kind = KIND_OF_SUBJECT[case.subject]
    if case.due_at is None or case.due_at >= now or quiet_for(kind, case.settled_at.get(case.about), now):
        return None
    params = {"due_at": case.due_at, "text": case.subject}
    return Verdict(
        kind=kind,
        about=case.about,
        happened_at=case.due_at,
        evidence={"clause": KINDS[kind].clause, "rule": rule(kind, params), "books": None, "radio": None},
        person=case.person,
        unit=case.unit,
    )


def person_ended(case: PersonCase | None, now: Instant) -> Ending | None:
    """Signed, or nothing to sign any more: another text, another post, gone."""
    if case is None:
        return Ending("nothing_to_sign")
    return Ending("signed_for") if case.due_at is None or case.due_at >= now else None
