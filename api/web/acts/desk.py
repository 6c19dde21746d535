"""The scan desk: many carriers lent to one person, or taken back, under one act. One box, always focused.

The list is kept in the page itself (the field `codes`), so that it works without script and nothing is lost when
the server is away; every answer draws it anew, each line with what stands against it.
"""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.acts.codes import CODES_MAX, resolve, split_codes
from api.web.acts.borrower import FIELD, borrower_signature, but_the_signature
from api.web.acts.pages import enter
from api.web.acts.table import PAGES_MAX, due_of
from api.web.render import render
from api.web.visit import FieldError, Form, Unfit, Visit, needs, posted_up_to
from api.web.words import days_after
from custody import clock
from custody.access import Permission
from custody.entries import Borrowed, CarrierFact, Returned, Signature
from custody.register import Directory
from custody.rules import Refusal, Refused
from custody.store import queries
from custody.store.queries import CarrierItem
from custody.values import Person
from reconcile.store.taps import desk_readers

router = APIRouter(include_in_schema=False)
clerk = needs(Permission.LEND)
MODES = ("return", "borrow")
FIELDS_MAX = CODES_MAX + 50
"""A desk full of carriers, each with its pages to count, and the fields of the desk itself."""


@dataclass(frozen=True, slots=True)
class DeskLine:
    """One code: its carrier (None: unknown), where it would be put, and what stands against it.

    `pages`: as counted; `to_count`: they must be, and are not yet.
    """

    code: str
    item: CarrierItem | None
    place: int | None
    refusals: tuple[Refusal, ...]
    pages: int | None = None
    to_count: bool = False


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
        stopped = any(line.refusals or line.to_count for line in self.lines)
        return bool(self.lines) and len(self.facts) == len(self.lines) and not stopped

    @property
    def to_count(self) -> bool:
        """Whether it can be entered as soon as the pages are counted."""
        stopped = len(self.facts) != len(self.lines) or any(line.refusals for line in self.lines)
        return not stopped and any(line.to_count for line in self.lines)


def desk_of(visit: Visit, form: Form) -> tuple[Desk, tuple[FieldError, ...]]:
    """Read the desk from its form, and ask the books about every line."""
    mode = form.text("mode") if form.text("mode") in MODES else "return"
    removed = form.text("remove")
    # What lies there already is taken whole: it may be longer than anybody types.
    codes = tuple(code for code in split_codes(form.secret("codes") + "\n" + form.text("scan")) if code != removed)
    errors: list[FieldError] = []
    due = form.text("due") or days_after(visit.day, visit.services.scheme.number("loan_days_default"))
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        holder = None if form.text("do") == "other" else directory.persons.get(form.number("holder") or 0)
        found: tuple[Person, ...] = ()
        if mode == "borrow" and form.text("borrower") and form.text("do") == "find":
            people = queries.persons(connection, form.text("borrower"), 12)
            holder, found = (people[0], ()) if len(people) == 1 else (None, tuple(people))
            if not people:
                errors.append(visit.error("borrower", "acts.nobody_found"))
        items = {code: resolve(connection, visit.subject, code) for code in codes}
    place = place_named(directory, form.text("place"))
    if form.text("place") and place is None:
        errors.append(visit.error("place", "acts.place_unknown"))
    pages, unclear = pages_counted(visit, form, items)
    errors += unclear
    lines, facts = lines_of(visit, mode, items, Asked(holder, due, place, pages))
    desk = Desk(mode, codes, form.text("borrower"), holder, found, due, form.text("place"), lines, facts)
    return desk, tuple(errors)


def place_named(directory: Directory, code: str) -> int | None:
    """The place of this code; None where there is none."""
    wanted = code.casefold()
    return next((p.id for p in directory.places.values() if wanted and p.code.casefold() == wanted), None)


def pages_counted(
    visit: Visit, form: Form, items: dict[str, CarrierItem | None]
) -> tuple[dict[int, int], list[FieldError]]:
    """The pages counted, by carrier, and which of the figures are none."""
    found: dict[int, int] = {}
    errors: dict[str, FieldError] = {}
    for item in items.values():
        name = f"pages.{item.id}" if item is not None else ""
        if item is None or not form.text(name):
            continue
        pages = form.number(name)
        if pages is None or pages > PAGES_MAX:
            errors[name] = visit.error(name, "acts.pages_wrong")
        else:
            found[item.id] = pages
    return found, list(errors.values())


@dataclass(frozen=True, slots=True)
class Asked:
    """What the fields of the desk say of all its lines."""

    holder: Person | None
    due: str
    place: int | None
    pages: dict[int, int]


UNCOUNTED = "pages_to_count"
"""A refusal that only says that the pages are still to be counted."""


def lines_of(
    visit: Visit, mode: str, items: dict[str, CarrierItem | None], asked: Asked
) -> tuple[tuple[DeskLine, ...], tuple[CarrierFact, ...]]:
    """The lines of a desk that lends or takes back, each with what stands against it, and the facts of those known."""
    try:
        due_at = clock.end_of_day(asked.due, visit.services.scheme.timezone)
    except ValueError:
        due_at = 0
    facts: dict[str, CarrierFact] = {}
    seen: set[int] = set()
    lines: list[tuple[str, CarrierItem | None, int | None]] = []
    for code, item in items.items():
        if item is not None and item.id in seen:
            continue  # the same thing by its tag and by its number
        where = asked.place or (item.home if item else None)
        lines.append((code, item, where))
        if item is None:
            continue
        seen.add(item.id)
        if mode == "borrow" and asked.holder is not None:
            facts[code] = Borrowed(item.id, asked.holder.id, due_at)
        elif mode == "return":
            facts[code] = Returned(item.id, where or 0, asked.pages.get(item.id))
    against = (
        dict(zip(facts, visit.services.books.refusals(visit.subject, list(facts.values())), strict=True))
        if facts
        else {}
    )
    drawn = []
    for code, item, where in lines:
        said = but_the_signature(against.get(code, ()))
        to_count = any(refusal.code == UNCOUNTED for refusal in said)
        left = tuple(refusal for refusal in said if refusal.code != UNCOUNTED)
        drawn.append(DeskLine(code, item, where, left, asked.pages.get(item.id) if item else None, to_count))
    return tuple(drawn), tuple(facts.values())


def _page(visit: Visit, desk: Desk, **context: Any) -> Response:
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        readers = desk_readers(connection)
    scheme = visit.services.scheme
    names: dict[str, Any] = {
        "desk": desk,
        "directory": directory,
        "readers": readers,
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
def work(visit: Visit = Depends(clerk), form: Form = Depends(posted_up_to(FIELDS_MAX))) -> Response:
    """A scan, a search, a line taken away; or all of it entered."""
    desk, errors = desk_of(visit, form)
    counted = {name: text for name, text in form.kept().items() if name.startswith("pages.")}
    # Enter in the borrower's field is the borrower's signature, not one more scan.
    signed_so = form.text("do") == "scan" and not form.text("scan") and form.secret(FIELD) and desk.clear
    if form.text("do") != "enter" and not signed_so:
        return _page(visit, desk, kept=counted, errors=errors, status_code=200)
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
        return _page(visit, desk, kept=counted, errors=(*errors, *unfit.errors))
    if errors:
        return _page(visit, desk, kept=counted, errors=errors)

    def again(refused: Refused) -> Response:
        return _page(visit, desk, kept=counted, refusals=refused.refusals, status_code=409)

    signatures: tuple[Signature, ...] = ()
    if desk.mode == "borrow" and desk.holder is not None:
        try:
            signatures = borrower_signature(visit, desk.facts, desk.holder.id, form.secret(FIELD))
        except Unfit as unfit:
            return _page(visit, desk, kept=counted, errors=unfit.errors)
        except Refused as refused:
            return again(refused)

    return enter(visit, desk.mode, list(desk.facts), signatures, again)
