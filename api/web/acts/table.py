"""The table of acts on one carrier: what each enters, what it asks for, and when its button is dashed.

A button is dashed by `Books.refusals`, the very function that stops the act: it is asked about the act with its
fields still empty, and what only says that a field is empty is left out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from api.acts.disposition.losses import found_facts
from api.acts.tagging import normal_epc as normal_epc
from api.web.visit import FieldError, Form, Unfit, Visit
from custody import clock
from custody.access import Permission
from custody.entries import (
    Borrowed,
    CarrierFact,
    Moved,
    ReportedFound,
    Returned,
    Shelved,
    TagBound,
)
from custody.register import Directory
from custody.rules import Refusal
from custody.store.queries import CarrierItem
from custody.values import Tag

PAGES_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A form being read: everything that a field may be checked against."""

    visit: Visit
    form: Form
    item: CarrierItem
    directory: Directory


@dataclass(frozen=True, slots=True)
class Act:
    """One kind of act. `read` gives the facts of a filled form, or raises Unfit; `probe` the empty act."""

    key: str
    kind: str
    icon: str
    permission: Permission
    probe: Callable[[int], CarrierFact]
    read: Callable[[Asked], list[CarrierFact]]
    letter: str = ""
    grave: bool = False


def place_of(asked: Asked, field: str = "place", default: int | None = None) -> int:
    """The place whose code was typed or scanned. Raises Unfit."""
    code = asked.form.text(field)
    if not code and default is not None:
        return default
    for place in asked.directory.places.values():
        if place.code.casefold() == code.casefold():
            return place.id
    key = "acts.place_unknown" if code else "acts.place_needed"
    raise Unfit([asked.visit.error(field, key)])


def text_of(asked: Asked, field: str, key: str) -> str:
    """A text that must be there. Raises Unfit."""
    text = asked.form.text(field)
    if not text:
        raise Unfit([asked.visit.error(field, key)])
    return text


def due_of(visit: Visit, form: Form) -> int:
    """The end of the due day. Raises Unfit."""
    text = form.text("due")
    try:
        return clock.end_of_day(text, visit.services.scheme.timezone)
    except ValueError as error:
        raise Unfit([visit.error("due", "acts.due_needed")]) from error


def pages_of(asked: Asked) -> int | None:
    """The pages counted; None where nothing was counted. Raises Unfit."""
    if not asked.form.text("pages"):
        return None
    pages = asked.form.number("pages")
    if pages is None or pages > PAGES_MAX:
        raise Unfit([asked.visit.error("pages", "acts.pages_wrong")])
    return pages


def holder_of(visit: Visit, form: Form) -> int:
    """The borrower chosen. Raises Unfit."""
    holder = form.number("holder")
    if not holder:
        raise Unfit([visit.error("borrower", "acts.borrower_needed")])
    return holder


def _shelve(asked: Asked) -> list[CarrierFact]:
    return [Shelved(asked.item.id, place_of(asked))]


def _move(asked: Asked) -> list[CarrierFact]:
    return [Moved(asked.item.id, place_of(asked))]


def _borrow(asked: Asked) -> list[CarrierFact]:
    errors: list[FieldError] = []
    holder = due = 0
    try:
        holder = holder_of(asked.visit, asked.form)
    except Unfit as unfit:
        errors += unfit.errors
    try:
        due = due_of(asked.visit, asked.form)
    except Unfit as unfit:
        errors += unfit.errors
    if errors:
        raise Unfit(errors)
    return [Borrowed(asked.item.id, holder, due, asked.form.text("purpose"))]


def _return(asked: Asked) -> list[CarrierFact]:
    return [Returned(asked.item.id, place_of(asked), pages_of(asked))]


def _found(asked: Asked) -> list[CarrierFact]:
    visit, place = asked.visit, place_of(asked)
    return found_facts(visit.services, visit.subject, asked.item, place, asked.form.text("circumstances"))


def _tag(asked: Asked) -> list[CarrierFact]:
    epc = normal_epc(text_of(asked, "epc", "acts.epc_needed"))
    tid = normal_epc(asked.form.text("tid")) or None
    return [TagBound(asked.item.id, Tag(epc, tid))]


ACTS: Mapping[str, Act] = {
    act.key: act
    for act in (
        Act("borrow", "borrow", "out", Permission.LEND, lambda c: Borrowed(c, 0, 0), _borrow, "b"),
        Act("return", "return", "in", Permission.LEND, lambda c: Returned(c, 0), _return, "r"),
        Act("shelve", "shelve", "shelf", Permission.KEEP, lambda c: Shelved(c, 0), _shelve),
        Act("move", "move", "swap", Permission.KEEP, lambda c: Moved(c, 0), _move),
        Act("tag", "tag", "chip", Permission.TAKE_IN, lambda c: TagBound(c, Tag("")), _tag),
        Act("found", "found", "eye", Permission.KEEP, lambda c: ReportedFound(c, 0, ""), _found),
    )
}
"""Acts in the order of their buttons."""

STANDING = frozenset({"state", "has_home", "no_home", "in_matter", "bound_elsewhere"})
"""Refusals that no field can mend; the others only say that the fields are still empty."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A button: possible, or dashed with what stands against it."""

    act: Act
    refusals: tuple[Refusal, ...]
    main: bool = False


DASHED = frozenset({"borrow"})
"""Acts shown dashed where the state alone forbids them; the others have no sense then, and are left out."""

MAIN_BY_STATUS = {"on_loan": "return", "in_place": "borrow", "declared_lost": "found"}


def offers(visit: Visit, item: CarrierItem) -> list[Offer]:
    """The acts that the visitor's roles open on this carrier, each possible or dashed."""
    allowed = [act for act in ACTS.values() if visit.may(act.permission)]
    found = []
    for act in allowed:
        (refused,) = visit.services.books.refusals(visit.subject, [act.probe(item.id)])
        standing = tuple(refusal for refusal in refused if refusal.code in STANDING)
        if standing and act.key not in DASHED and not any(refusal.clause for refusal in standing):
            continue
        main = MAIN_BY_STATUS.get(str(item.status)) == act.key and not standing
        found.append(Offer(act, standing, main))
    return sorted(found, key=lambda offer: (not offer.main, bool(offer.refusals)))
