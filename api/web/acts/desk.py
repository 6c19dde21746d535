"""The scan desk: many carriers lent to one person, or taken back, under one act. One box, always focused.

The list is kept in the page itself (the field `codes`), so that it works without script and nothing is lost when
the server is away; every answer draws it anew, each line with what stands against it.
"""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.web.acts.codes import resolve, split_codes
from api.web.acts.pages import enter
from api.web.acts.table import due_of
from api.web.render import render
from api.web.visit import FieldError, Form, Unfit, Visit, needs, posted
from api.web.words import days_after
from custody import clock
from custody.access import Permission
from custody.entries import Borrowed, CarrierFact, Returned
from custody.register import Directory
from custody.rules import Refusal, Refused
from custody.store import queries
from custody.store.queries import CarrierItem
from custody.values import Person

router = APIRouter(include_in_schema=False)
clerk = needs(Permission.LEND)
MODES = ("return", "borrow")


@dataclass(frozen=True, slots=True)
class DeskLine:
    """One code: its carrier (None: unknown), where it would be put, and what stands against it."""

    code: str
    item: CarrierItem | None
    place: int | None
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies on the desk."""

    mode: str
    codes: tuple[str, ...]
    borrower: str
    holder: Person | None
    found: tuple[Person, ...]
    due: str
    place: str
    lines: tuple[DeskLine, ...]
    facts: tuple[CarrierFact, ...]

    @property
    def clear(self) -> bool:
        """Whether all of it can be entered."""
        return bool(self.lines) and len(self.facts) == len(self.lines) and not any(x.refusals for x in self.lines)


def desk_of(visit: Visit, form: Form) -> tuple[Desk, tuple[FieldError, ...]]:
    """Read the desk from its form, and ask the books about every line."""
    mode = form.text("mode") if form.text("mode") in MODES else "return"
    removed = form.text("remove")
    codes = tuple(code for code in split_codes(form.text("codes") + "\n" + form.text("scan")) if code != removed)
    errors: list[FieldError] = []
    due = form.text("due") or days_after(visit.day, visit.services.scheme.number("loan_days_default"))
    with visit.services.database.reading() as connection:
        directory = visit.services.books.directory(connection)
        holder = None if form.text("do") == "other" else directory.persons.get(form.number("holder") or 0)
        found: tuple[Person, ...] = ()
        if mode == "borrow" and form.text("borrower") and form.text("do") == "find":
            people = queries.persons(connection, form.text("borrower"), 12)
            holder, found = (people[0], ()) if len(people) == 1 else (None, tuple(people))
            if not people:
                errors.append(visit.error("borrower", "acts.nobody_found"))
        items = {code: resolve(connection, visit.subject, code) for code in codes}
    place = _place(directory, form.text("place"))
    if form.text("place") and place is None:
        errors.append(visit.error("place", "acts.place_unknown"))
    lines, facts = _lines(visit, mode, items, holder, due, place)
    desk = Desk(mode, codes, form.text("borrower"), holder, found, due, form.text("place"), lines, facts)
    return desk, tuple(errors)


def _place(directory: Directory, code: str) -> int | None:
    wanted = code.casefold()
    return next((p.id for p in directory.places.values() if wanted and p.code.casefold() == wanted), None)


def _lines(
    visit: Visit,
    mode: str,
    items: dict[str, CarrierItem | None],
    holder: Person | None,
    due: str,
    place: int | None,
) -> tuple[tuple[DeskLine, ...], tuple[CarrierFact, ...]]:
    try:
        due_at = clock.end_of_day(due, visit.services.scheme.timezone)
    except ValueError:
        due_at = 0
    facts: dict[str, CarrierFact] = {}
    seen: set[int] = set()
    lines: list[tuple[str, CarrierItem | None, int | None]] = []
    for code, item in items.items():
        if item is not None and item.id in seen:
            continue  # the same thing by its tag and by its number
        where = place or (item.home if item else None)
        lines.append((code, item, where))
        if item is None:
            continue
        seen.add(item.id)
        if mode == "borrow" and holder is not None:
            facts[code] = Borrowed(item.id, holder.id, due_at)
        elif mode == "return":
            facts[code] = Returned(item.id, where or 0)
    against = (
        dict(zip(facts, visit.services.books.refusals(visit.subject, list(facts.values())), strict=True))
        if facts
        else {}
    )
    return (
        tuple(DeskLine(code, item, where, against.get(code, ())) for code, item, where in lines),
        tuple(facts.values()),
    )


def _page(visit: Visit, desk: Desk, **context: Any) -> Response:
    with visit.services.database.reading() as connection:
        directory = visit.services.books.directory(connection)
    scheme = visit.services.scheme
    names: dict[str, Any] = {
        "desk": desk,
        "directory": directory,
        "due_max": days_after(visit.day, scheme.number("loan_days_max")),
        "refusals": (),
    }
    return render(visit, "acts/desk.html", **(names | context))


@router.get("/desk")
def desk_page(mode: str = "return", visit: Visit = Depends(clerk)) -> Response:
    """An empty desk."""
    due = days_after(visit.day, visit.services.scheme.number("loan_days_default"))
    empty = Desk(mode if mode in MODES else "return", (), "", None, (), due, "", (), ())
    return _page(visit, empty)


@router.post("/desk")
def work(visit: Visit = Depends(clerk), form: Form = Depends(posted)) -> Response:
    """A scan, a search, a line taken away; or all of it entered."""
    desk, errors = desk_of(visit, form)
    if form.text("do") != "enter":
        return _page(visit, desk, errors=errors, status_code=200)
    try:
        if desk.mode == "borrow":
            due_of(visit, form)
        if desk.mode == "borrow" and desk.holder is None:
            raise Unfit([visit.error("borrower", "acts.borrower_needed")])
        if not desk.lines:
            raise Unfit([visit.error("scan", "desk.nothing")])
        if any(line.item is None for line in desk.lines):
            raise Unfit([visit.error("scan", "desk.unknown_left")])
    except Unfit as unfit:
        return _page(visit, desk, errors=(*errors, *unfit.errors))
    if errors:
        return _page(visit, desk, errors=errors)

    def again(refused: Refused) -> Response:
        return _page(visit, desk, refusals=refused.refusals, status_code=409)

    return enter(visit, desk.mode, list(desk.facts), (), again)
