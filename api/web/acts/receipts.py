"""The receipt of an act: its number, who entered it and when, and what it did, carrier by carrier."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api import store
from api.web.business.undo import undoing
from api.web.render import render
from api.web.visit import Visit, needs
from custody.access import Permission
from custody.entries import CarrierFact, Entry, matter_of, signed_text, text_hash
from custody.store import queries
from reconcile.store.taps import badge_uses

router = APIRouter(include_in_schema=False)
LINES_MAX = 500


def text_of(entries: list[Entry]) -> str:
    """The exact text that was signed, made again from the entries; empty where it was not signed or not all is seen."""
    if not entries or not entries[0].signatures or len(entries) > LINES_MAX:
        return ""
    text = signed_text([entry.fact for entry in entries])
    return text if text_hash(text) in {one.text_hash for one in entries[0].signatures} else ""


@router.get("/acts/{number}")
def receipt(number: str, visit: Visit = Depends(needs(Permission.SEE_CARRIERS))) -> Response:
    """What an act did, as far as the visitor may see it."""
    with visit.reading() as connection:
        entries = queries.act(connection, visit.subject, number[:40])
        about = [entry.fact.carrier for entry in entries[:LINES_MAX] if isinstance(entry.fact, CarrierFact)]
        items = queries.carriers_by_id(connection, visit.subject, about)
        directory = visit.services.books.directory(connection)
        prints = store.prints(connection, entries[0].act)
        badged = badge_uses(connection, entries[0].act)
        about_matters = [one for entry in entries[:LINES_MAX] if (one := matter_of(entry.fact)) is not None]
        matters = queries.matters_by_id(connection, visit.subject, about_matters)
    signers = dict.fromkeys(one.person for one in entries[0].signatures)
    text = text_of(entries)
    return render(
        visit,
        "acts/receipt.html",
        act_number=entries[0].act,
        entries=entries[:LINES_MAX],
        total=len(entries),
        items=items,
        directory=directory,
        by=directory.persons.get(entries[0].by),
        signed=bool(entries[0].signatures),
        signers=[directory.persons[one] for one in signers if one in directory.persons],
        matters=list(matters.values()),
        badged=badged,
        undoing=undoing(visit, entries),
        text=text,
        text_hash=text_hash(text) if text else "",
        prints=prints,
        last_print=max(prints, key=lambda one: one.at, default=None),
    )
