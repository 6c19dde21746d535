"""An act of very many facts, entered beside the pages: how far it is, then what came of it.

It is signed before it begins, and is entered whole or not at all. How far it is stands only with this server: after a
restart the books say whether it was entered.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse, RedirectResponse, Response

from api.acts.model import Act
from api.acts.wording import act_words
from api.web.business.acting import Entered, Ready, Stopped, enter
from api.web.render import render
from api.web.visit import Form, Visit, posted, signed_in
from api.web.working import Work, works_of
from custody.rules import NotFound

router = APIRouter(include_in_schema=False)
AT_ONCE_FACTS = 1_000
"""An act of so many facts is entered while one waits."""


@dataclass(slots=True)
class Entering:
    """One act on its way. `then`: where one goes, once it is entered; `against`: the page of its refusal, once it was
    refused.
    """

    act: Act
    person: int
    home: str
    then: str = ""
    against: Callable[[Visit], Response] | None = None
    not_found: bool = False


def begin(
    visit: Visit,
    ready: Ready,
    *,
    home: str,
    onward: Callable[[Entered], str],
    refused: Callable[[Visit, Stopped], Response],
) -> Response:
    """Enter it beside the pages; the answer leads to the page that says how far it is.

    `home`: back to the form; `onward`: where one goes when it is entered; `refused`: the page of its refusal.
    """
    one, total = Entering(ready.act, visit.subject.person, home), len(ready.facts)

    def doing(work: Work) -> None:
        work.told("entering", 0, total)
        try:
            one.then = onward(enter(visit, ready, lambda done: work.told("entering", done, total)))
        except Stopped as stopped:
            one.against = _said(refused, stopped)
        except NotFound:
            one.not_found = True

    name = secrets.token_hex(16)
    works_of(visit.request.app).begin(name, doing, one)
    return RedirectResponse(f"/entering/{name}", status_code=303)


def _said(refused: Callable[[Visit, Stopped], Response], stopped: Stopped) -> Callable[[Visit], Response]:
    return lambda visit: refused(visit, stopped)


def _of(visit: Visit, name: str) -> tuple[Entering, Work] | None:
    """The visitor's own act of this name; None: not his, or not known any more."""
    work = works_of(visit.request.app).get(name)
    if work is None or not isinstance(work.about, Entering) or work.about.person != visit.subject.person:
        return None
    return work.about, work


@router.get("/entering/{name}")
def page(name: str, visit: Visit = Depends(signed_in)) -> Response:
    """How far it is; when it is over, on to what was entered, or what stands against it. Raises NotFound."""
    found = _of(visit, name)
    if found is None:
        return render(visit, "business/entering.html", work_name=name, one=None, work=None, heading="", status_code=404)
    one, work = found
    if one.then:
        return RedirectResponse(one.then, status_code=303)
    if one.against is not None:
        return one.against(visit)
    if one.not_found:
        raise NotFound
    heading = act_words(one.act, visit.t)
    return render(visit, "business/entering.html", work_name=name, one=one, work=work, heading=heading)


@router.get("/entering/{name}/progress")
def progress(name: str, visit: Visit = Depends(signed_in)) -> Response:
    """How far it is, for the page that shows it."""
    found = _of(visit, name)
    if found is None or found[1].over:
        return JSONResponse({"over": True})
    work, phase = found[1], visit.t("import.phase.entering")
    return JSONResponse({"over": False, "phase": phase, "done": work.done, "total": work.total})


@router.post("/entering/{name}")
def stop(name: str, visit: Visit = Depends(signed_in), _form: Form = Depends(posted)) -> Response:
    """Stop it; what was entered before that stays."""
    found = _of(visit, name)
    if found is not None:
        found[1].cancel()
        found[1].wait(5)
    return RedirectResponse(f"/entering/{name}", status_code=303)
