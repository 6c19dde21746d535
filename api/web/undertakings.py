"""What people sign for: the own texts with one button each; for the secrecy office the texts, and who has not signed
(clause j.2, rules 5 and 7).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.acts.entry import code_of, default_text
from api.reports import Report
from api.web import navigation
from api.web.exports import given
from api.web.render import render
from api.web.visit import Visit, needs
from custody import clock
from custody.access import Permission
from custody.procedures.undertakings import (
    LASTS,
    SUBJECTS,
    due_on,
    obliged,
    signed_for,
    to_sign,
)
from custody.register import Directory
from custody.values import Acknowledgement, Instant, Instruction, Person, Unit

router = APIRouter(include_in_schema=False)
takes_part = needs(Permission.TAKE_PART)
instructs = needs(Permission.INSTRUCT)
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Text:
    """A text as its reader sees it. `code`: what the form sends for exactly this text; `until`: when the own signature
    ends; `by`: when it is to be given; `wanted`: whether it is to be given now.
    """

    subject: str
    instruction: Instruction
    code: str
    signed: Acknowledgement | None
    by: Instant | None
    until: Instant | None
    wanted: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """A signature that somebody owes. `state`: never, old_text, lapsed, soon."""

    person: Person
    unit: Unit | None
    subject: str
    by: Instant
    state: str


def texts_of(visit: Visit, directory: Directory) -> list[Text]:
    """Every text in force as the visitor sees it: what is to be signed comes first."""
    scheme, person = visit.services.scheme, visit.person
    wanted = dict(to_sign(directory, person, scheme, visit.now, visit.day))
    found = []
    for subject in SUBJECTS:
        text = directory.instructions.get(subject)
        if text is None:
            continue
        signed = signed_for(subject, directory, person.id)
        due = due_on(subject, directory, person.id, scheme)
        found.append(
            Text(
                subject,
                text,
                code_of(subject, text.text),
                directory.acknowledged.get((person.id, subject)) if signed else None,
                wanted.get(subject),
                due if signed and subject in LASTS else None,
                subject in wanted,
            )
        )
    return sorted(found, key=lambda one: not one.wanted)


def waiting(visit: Visit) -> int:
    """How many texts the visitor is to sign: the figure in the navigation and in the banner."""
    if not visit.may(Permission.TAKE_PART):
        return 0
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
    return sum(1 for _one in to_sign(directory, visit.person, visit.services.scheme, visit.now, visit.day))


navigation.COUNTS["undertakings"] = waiting


def missing(visit: Visit, directory: Directory) -> Iterator[Missing]:
    """Every signature that somebody owes or will owe soon, by unit and number."""
    scheme, now = visit.services.scheme, visit.now

    def order(person: Person) -> tuple[str, str]:
        unit = directory.units.get(person.unit or 0)
        return (unit.code if unit else "", person.number)

    for person in sorted(directory.persons.values(), key=order):
        for subject, by in to_sign(directory, person, scheme, now, visit.day):
            if not obliged(subject, person, visit.day):
                continue
            if not signed_for(subject, directory, person.id):
                state = "old_text" if (person.id, subject) in directory.acknowledged else "never"
            else:
                state = "lapsed" if by <= now else "soon"
            yield Missing(person, directory.units.get(person.unit or 0), subject, by, state)


@router.get("/undertakings")
def undertakings(visit: Visit = Depends(takes_part)) -> Response:
    """What the visitor signs for; for the secrecy office, what everybody has not signed."""
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
    issues = visit.may(Permission.INSTRUCT)
    owed = list(missing(visit, directory)) if issues else []
    return render(
        visit,
        "undertakings/page.html",
        texts=texts_of(visit, directory),
        issues=issues,
        subjects=[(one, directory.instructions.get(one)) for one in SUBJECTS] if issues else [],
        default_text=default_text,
        owed=owed[:SHOWN],
        owed_total=len(owed),
        late=visit.now,
    )


_COLUMNS = ("person_number", "person", "unit", "text", "sign_by", "signed_state")


@router.get("/undertakings.xlsx")
def workbook(visit: Visit = Depends(instructs)) -> Response:
    """Who has not signed, as a workbook."""
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
    english = visit.language == "en"
    rows = [
        {
            "person_number": one.person.number,
            "person": (one.person.name_en or one.person.name) if english else one.person.name,
            "unit": "" if one.unit is None else (one.unit.name_en or one.unit.name) if english else one.unit.name,
            "text": visit.t(f"ask.instruction.{one.subject}"),
            "sign_by": clock.day(one.by, visit.services.scheme.timezone),
            "signed_state": visit.t(f"undertakings.{one.state}"),
        }
        for one in missing(visit, directory)
    ]
    return given(visit, Report("undertakings", _COLUMNS, rows, False, -1), {})
