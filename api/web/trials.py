"""Trials at a portal: staged exits, passes and tags laid down, step by step; what they show, and what they do not."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.web.render import render
from api.web.visit import FieldError, Form, Visit, needs, posted
from custody.access import Permission
from custody.register import Directory
from custody.rules import NotFound
from custody.values import Place
from readers.portal import MODEL
from reconcile.checks import Thresholds
from reconcile.store import trials as store
from reconcile.store.trials import Result, TrialRefused
from reconcile.trials import KINDS, PER, TrialKind, claims, needed

router = APIRouter(include_in_schema=False)
sees = needs(Permission.SEE_READERS)
stages = needs(Permission.HEAD_ENQUIRIES)
SHOWN = 60
SHARES = (0.9, 0.95, 0.99, 0.995)
"""Of these it is said how many trials without a miss show them."""


def _portal(directory: Directory, identifier: int) -> Place:
    place = directory.places.get(identifier)
    if place is None or place.kind != "portal":
        raise NotFound
    return place


def _next_kind(found: Sequence[Result]) -> TrialKind:
    """What was tried least so far."""
    tried = Counter(one.kind for one in found if one.undone_at is None)
    return min(KINDS, key=lambda kind: (tried[kind], KINDS.index(kind)))


@router.get("/portals/{identifier}/trials")
def trials_page(identifier: int, visit: Visit = Depends(sees)) -> Response:
    """What was tried at a portal, what it shows, and the next step for who may stage it."""
    return _draw(visit, identifier)


def _draw(visit: Visit, identifier: int, errors: tuple[FieldError, ...] = (), **more: Any) -> Response:
    limits = Thresholds.of(visit.services.scheme)
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        place = _portal(directory, identifier)
        found = store.results(connection, identifier)
        going_on = store.open_trial(connection, identifier)
        tags = store.tags(connection)
        said = None
        if going_on is not None:
            said = store.said(
                connection, identifier, going_on.epc, going_on.at, limits.alarm_score, limits.suspect_score
            )
        used = [one.epc for one in found]
        names: dict[str, Any] = {
            "place": place,
            "directory": directory,
            "stages": visit.may(Permission.HEAD_ENQUIRIES),
            "claims": claims(store.counted(found)),
            "per": PER,
            "shares": [(share, needed(share)) for share in SHARES],
            "found": found[:SHOWN],
            "total": len(found),
            "going_on": going_on,
            "said": said,
            "tags": tags,
            "kinds": [(kind, visit.t(f"trials.kind.{kind}")) for kind in KINDS],
            "next_kind": _next_kind(found),
            "next_tag": min(tags, key=lambda one: used.count(one.epc)).epc if tags else "",
            "model": MODEL,
            "models": sorted({one.model for one in found if one.model}),
        }
    return render(visit, "portals/trials.html", errors=errors, **(names | more))


_FIELDS = {"epc": "epc", "taken": "epc", "tag": "tag", "kind": "kind"}


@router.post("/portals/{identifier}/trials")
def stage(identifier: int, visit: Visit = Depends(stages), form: Form = Depends(posted)) -> Response:
    """A step: keep a tag or put it away, begin, done, skip, take back."""
    with visit.reading() as connection:
        _portal(visit.services.books.directory(connection), identifier)
    limits = Thresholds.of(visit.services.scheme)
    by, now, what = visit.person.id, visit.now, form.text("do")
    try:
        with visit.services.database.writing() as connection:
            if what == "tag":
                store.add_tag(connection, form.text("epc"), form.text("sounds") == "yes", by, now)
            elif what == "drop":
                store.drop_tag(connection, form.text("epc"), now)
            elif what == "begin":
                store.begin(connection, identifier, form.text("kind"), form.text("tag"), by, now)
            elif what == "done":
                store.conclude(connection, identifier, by, now, limits.alarm_score, limits.suspect_score, MODEL)
            elif what == "skip":
                store.skip(connection, identifier, by, now)
            elif what == "undo":
                store.undo(connection, identifier, form.number("trial") or 0, by, now)
            else:
                raise TrialRefused("none")
    except TrialRefused as refused:
        error = visit.error(_FIELDS.get(refused.reason, ""), f"trials.refused.{refused.reason}")
        return _draw(visit, identifier, (error,), kept=form.kept())
    visit.services.bulletin.publish("passages")
    return RedirectResponse(f"/portals/{identifier}/trials", status_code=303)
