"""One page an act on one carrier: its fields, the refusals, and the way to the receipt."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.web.acts.borrower import FIELD, borrower_signature, but_the_signature
from api.web.acts.table import ACTS, STANDING, Act, Asked
from api.web.business import pages as business
from api.web.render import render
from api.web.visit import Form, Unfit, Visit, needs, sign
from api.web.words import days_after
from custody import clock
from custody.access import Permission
from custody.entries import Borrowed, CarrierFact, Fact, Signature, signed_text
from custody.register import Directory
from custody.rules import NotFound, Refusal, Refused
from custody.store import queries
from custody.store.queries import CarrierItem
from custody.values import Person, Place

router = APIRouter(include_in_schema=False)
PEOPLE_MAX = 12
PLACES_MAX = 1_000
reads = needs(Permission.SEE_CARRIERS)


def act_of(visit: Visit, key: str) -> Act:
    """The act of this name, if the roles open it. Raises NotFound."""
    act = ACTS.get(key)
    if act is None or not visit.may(act.permission):
        raise NotFound
    return act


def storage(visit: Visit, directory: Directory, level: str = "") -> list[Place]:
    """Places of storage, those rated for the level only, by code."""
    scheme = visit.services.scheme
    rank = scheme.rank(level) if level else -1
    found = []
    for place in directory.places.values():
        rating = directory.rating(place.id)
        if place.storage and (scheme.rank(rating) if rating else -1) >= rank:
            found.append(place)
    return sorted(found, key=lambda place: place.code)[:PLACES_MAX]


def _load(visit: Visit, identifier: int) -> tuple[CarrierItem, Directory]:
    with visit.reading() as connection:
        item = queries.carrier(connection, visit.subject, identifier)
        return item, visit.services.books.directory(connection)


def _standing(visit: Visit, act: Act, item: CarrierItem) -> tuple[Refusal, ...]:
    (refused,) = visit.services.books.refusals(visit.subject, [act.probe(item.id)])
    return tuple(refusal for refusal in refused if refusal.code in STANDING)


def people(
    visit: Visit, text: str, against: Callable[[int], tuple[Refusal, ...]]
) -> list[tuple[Person, tuple[Refusal, ...]]]:
    """Persons whom a text may mean, each with what stands against lending to that person."""
    with visit.reading() as connection:
        found = queries.persons(connection, text, PEOPLE_MAX)
    return [(person, against(person.id)) for person in found]


def _page(visit: Visit, act: Act, item: CarrierItem, directory: Directory, **context: Any) -> Response:
    today, scheme = visit.day, visit.services.scheme
    names: dict[str, Any] = {
        "act": act,
        "item": item,
        "directory": directory,
        "storage": storage(visit, directory, item.level),
        "standing": _standing(visit, act, item),
        "refusals": (),
        "found": None,
        "chosen": None,
        "due_default": days_after(today, scheme.number("loan_days_default")),
        "due_max": days_after(today, scheme.number("loan_days_max")),
        "pages_due": item.pages is not None and scheme.rank(item.level) >= scheme.number("pages_counted_from_rank"),
    }
    return render(visit, "acts/act.html", **(names | context))


@router.get("/carriers/{identifier}/{key}")
def act_page(identifier: int, key: str, visit: Visit = Depends(reads)) -> Response:
    """The page of an act."""
    if key not in ACTS:
        return business.show(visit, "carrier", identifier, key)
    act = act_of(visit, key)
    item, directory = _load(visit, identifier)
    return _page(visit, act, item, directory)


@router.post("/carriers/{identifier}/{key}")
def enter_act(
    identifier: int, key: str, visit: Visit = Depends(reads), form: Form = Depends(business.posted)
) -> Response:
    """Enter the act; or look for the borrower first, where that button was pressed."""
    if key not in ACTS:
        return business.take(visit, "carrier", identifier, key, form)
    act = act_of(visit, key)
    item, directory = _load(visit, identifier)
    again: dict[str, Any] = {"kept": form.kept(), "chosen": _chosen(directory, form)}
    # Enter in the borrower's own field presses the first button of the form: with a password it means the signature.
    looking = form.text("do") == "find" and not form.secret(FIELD)
    if act.key == "borrow" and (looking or not form.text("holder")):
        return _page(visit, act, item, directory, **again, **_find(visit, item, form))

    def stopped(refused: Refused) -> Response:
        return _page(visit, act, item, directory, refusals=refused.refusals, status_code=409, **again)

    try:
        facts = act.read(Asked(visit, form, item, directory))
        signatures = _signatures(visit, act, facts, form)
    except Unfit as unfit:
        return _page(visit, act, item, directory, errors=unfit.errors, **again)
    except Refused as refused:
        return stopped(refused)
    return enter(visit, act.kind, facts, signatures, stopped)


def enter(
    visit: Visit,
    kind: str,
    facts: list[CarrierFact],
    signatures: tuple[Signature, ...],
    again: Callable[[Refused], Response],
) -> Response:
    """Enter the facts and go to the receipt; where they are refused, draw the page again."""
    try:
        receipt = visit.services.books.enter(visit.subject, list[Fact](facts), act=kind, signatures=signatures)
    except Refused as refused:
        return again(refused)
    visit.services.books_changed()
    return RedirectResponse(f"/acts/{receipt.act}", status_code=303)


def _signatures(visit: Visit, act: Act, facts: list[CarrierFact], form: Form) -> tuple[Signature, ...]:
    """The visitor's under a grave act; the borrower's under a loan. Raises Unfit, Refused."""
    lent = next((fact for fact in facts if isinstance(fact, Borrowed)), None)
    if lent is not None:
        return borrower_signature(visit, facts, lent.holder, form.secret(FIELD))
    return (sign(visit, form, signed_text(facts)),) if act.grave else ()


def _chosen(directory: Directory, form: Form) -> Person | None:
    holder = form.number("holder")
    return directory.persons.get(holder) if holder else None


def _find(visit: Visit, item: CarrierItem, form: Form) -> dict[str, Any]:
    text = form.text("borrower")
    if not text:
        return {"errors": (visit.error("borrower", "acts.borrower_needed"),)}
    day = form.text("due") or days_after(visit.day, visit.services.scheme.number("loan_days_default"))
    try:
        due = clock.end_of_day(day, visit.services.scheme.timezone)
    except ValueError:
        return {"errors": (visit.error("due", "acts.due_needed"),)}

    def against(person: int) -> tuple[Refusal, ...]:
        return but_the_signature(visit.services.books.refusals(visit.subject, [Borrowed(item.id, person, due)])[0])

    found = people(visit, text, against)
    if not found:
        return {"errors": (visit.error("borrower", "acts.nobody_found"),)}
    return {"found": found}
