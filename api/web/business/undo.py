"""Undoing an act by a compensating one: from its receipt, with the reason, signed."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.web.business.signing import seal, unseal
from api.web.render import render
from api.web.visit import FieldError, Form, Unfit, Visit, needs, posted, signed_with
from custody.access import Permission
from custody.entries import CarrierFact, Entry, Fact, Signature, signed_text, text_hash
from custody.procedures.corrections import UNDOABLE
from custody.rules import NotFound, Refusal, Refused
from custody.store import queries
from custody.store.books import Receipt

router = APIRouter(include_in_schema=False)
keeps = needs(Permission.KEEP)
REASON_MAX = 1_000
STANDING = frozenset(
    {
        "corrects_depended_on",
        "not_undoable",
        "not_as_before",
        "state",
        "in_matter",
        "bound_elsewhere",
        "not_permitted",
    }
)
"""Refusals that no reason and no signature mends."""


@dataclass(frozen=True, slots=True)
class Undoing:
    """Whether an act can be undone: its carriers, and what stands against it."""

    number: str
    carriers: tuple[int, ...]
    refusals: tuple[Refusal, ...]


def undoing(visit: Visit, entries: Sequence[Entry]) -> Undoing | None:
    """Whether the act of these entries can be undone; None where it is not of the sort, or not the visitor's right.

    Of the sort is an act that only moved carriers, each once: nothing of a matter, nothing taken in.
    """
    if not entries or not visit.may(Permission.KEEP):
        return None
    about = [entry.fact.carrier for entry in entries if isinstance(entry.fact, CarrierFact)]
    plain = all(isinstance(entry.fact, UNDOABLE) and entry.corrects is None for entry in entries)
    if not plain or len(set(about)) != len(entries):
        return None
    last: set[int] = set()
    try:
        facts = visit.services.books.undo(about, "?")
        refused = visit.services.books.refusals(visit.subject, facts, act="correct")
    except NotFound:
        return None
    named = {entry.fact.carrier: entry.sequence for entry in entries if isinstance(entry.fact, CarrierFact)}
    found: dict[str, Refusal] = {}
    for fact, said in zip(facts, refused, strict=True):
        carrier, entry = getattr(fact, "carrier", 0), getattr(fact, "entry", 0)
        if entry != named[carrier]:
            last.add(carrier)
        for one in said:
            if one.code in STANDING:
                found[one.code] = one
    if last:
        # Later entries stand on this act's: the compensation would take back those, not this.
        found = {"corrects_depended_on": Refusal("", "corrects_depended_on", {"entry": entries[0].act})}
    return Undoing(entries[0].act, tuple(about), tuple(found.values()))


def facts_of(visit: Visit, number: str, reason: str) -> list[Fact]:
    """The compensating facts of an act. Raises Refused where it cannot be undone, NotFound."""
    with visit.reading() as connection:
        entries = queries.act(connection, visit.subject, number[:40])
    found = undoing(visit, entries)
    if found is None:
        raise NotFound
    if found.refusals:
        raise Refused(found.refusals)
    return visit.services.books.undo(found.carriers, reason)


def enter(visit: Visit, facts: Sequence[Fact], password: str) -> Receipt:
    """Sign and enter the compensation. Raises Unfit, Refused, NotFound."""
    signature: Signature = signed_with(visit, password, signed_text(facts))
    receipt = visit.services.books.enter(visit.subject, facts, act="correct", signatures=(signature,))
    visit.services.books_changed()
    return receipt


def _page(
    visit: Visit,
    number: str,
    *,
    text: str = "",
    sealed: str = "",
    errors: tuple[FieldError, ...] = (),
    refusals: tuple[Refusal, ...] = (),
    reason: str = "",
    status_code: int = 200,
) -> Response:
    with visit.reading() as connection:
        entries = queries.act(connection, visit.subject, number[:40])
        about = [entry.fact.carrier for entry in entries if isinstance(entry.fact, CarrierFact)]
        items = queries.carriers_by_id(connection, visit.subject, about)
    found = undoing(visit, entries)
    if found is None:
        raise NotFound
    return render(
        visit,
        "business/undo.html",
        status_code=status_code,
        errors=errors,
        kept={"reason": reason},
        number_of=entries[0].act,
        entries=entries[:500],
        items=items,
        against=refusals or found.refusals,
        open=not found.refusals,
        text=text,
        text_hash=text_hash(text) if text else "",
        sealed=sealed,
    )


@router.get("/acts/{number}/undo")
def undo_page(number: str, visit: Visit = Depends(keeps)) -> Response:
    """The page: what is taken back, and why."""
    return _page(visit, number)


@router.post("/acts/{number}/undo")
def undo(number: str, visit: Visit = Depends(keeps), form: Form = Depends(posted)) -> Response:
    """Enter the compensation."""
    reason = form.text("reason")[:REASON_MAX]
    kept = unseal(visit, form.text("held"))
    try:
        facts = facts_of(visit, number, reason)
        text = signed_text(facts)
        if form.text("do") == "look" or (kept.shown and kept.shown != text_hash(text)):
            return _page(visit, number, text=text, sealed=seal(visit, kept.held, facts), reason=reason)
        receipt = enter(visit, facts, form.secret("password"))
    except Unfit as unfit:
        return _page(visit, number, errors=unfit.errors, reason=reason)
    except Refused as refused:
        return _page(visit, number, refusals=refused.refusals, reason=reason, status_code=409)
    return RedirectResponse(f"/acts/{receipt.act}", status_code=303)
