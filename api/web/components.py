"""All parts that pages are made of, on one page: for those who draw pages. Served by the demonstration alone."""

import re

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.web.render import environment, render
from api.web.visit import FieldError, Visit, signed_in
from api.web.words import STATUS
from custody.rules import NotFound, Refusal
from reconcile.checks import KINDS

router = APIRouter(include_in_schema=False)
COLOURS = ("ink", "ink-2", "ink-3", "act", "seal", "ok", "due", "bad", "odd", "mute", "edge", "line", "well", "paper")
SWEPT = (
    *(("ok", "ok", "present"), ("mute", "ok", "repeated"), ("odd", "swap", "elsewhere"), ("odd", "in", "on_loan")),
    ("due", "ask", "unknown"),
)
"""Colour, icon, and the last part of `rounds.last.<kind>`."""
_SYMBOL = re.compile(r'id="i-([a-z0-9-]+)"')


@router.get("/components")
def components(visit: Visit = Depends(signed_in)) -> Response:
    """The page of components. Raises NotFound where this is no demonstration."""
    if not visit.services.demo:
        raise NotFound
    source, _, _ = environment.loader.get_source(environment, "_icons.html")  # type: ignore[union-attr]
    return render(
        visit,
        "components/components.html",
        levels=visit.services.scheme.levels,
        statuses=tuple(STATUS),
        kinds=KINDS,
        swept=SWEPT,
        epc="3414 F4A2 0000 0001",
        icons=_SYMBOL.findall(source),
        colours=COLOURS,
        refusals=(Refusal("c.5", "overdue_loans", {"person": "孙丽", "person_en": "Sun Li"}),),
        wrong=(FieldError("number", visit.t("components.wrong")),),
    )
