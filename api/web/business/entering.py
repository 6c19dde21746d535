"""An act of very many facts, entered beside the pages: how far it is, then what came of it.

It is signed before it begins, and is entered whole or not at all. How far it is stands only with this server: after a
restart the books say whether it was entered.
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import APIRouter, Depends, FastAPI
from starlette.responses import JSONResponse, RedirectResponse, Response

from api.acts.wording import act_words
from api.web.business.acting import Entered, Ready, Stopped, enter
from api.web.render import render
from api.web.visit import Form, Visit, posted, signed_in
from api.web.working import Work, works_of
from custody.rules import NotFound
from custody.values import SECOND, Instant

router = APIRouter(include_in_schema=False)
AT_ONCE_FACTS = 1_000
"""An act of so many facts is entered while one waits."""
KEPT = 12 * 3600 * SECOND
_LOCK = threading.Lock()


@dataclass(slots=True)
class Entering:
    """One act on its way; `onward`: where one goes when it is entered; `refused`: the page of its refusal."""

    ready: Ready
    person: int
    begun: Instant
    home: str
    onward: Callable[[Entered], str]
    refused: Callable[[Visit, Stopped], Response]
    entered: Entered | None = None
    stopped: Stopped | None = None
    not_found: bool = False


@dataclass(slots=True)
class Kept:
    """Those of one server, by name."""

    by_name: dict[str, Entering] = field(default_factory=dict)

    def add(self, name: str, one: Entering) -> None:
        """Keep it, and forget those that were begun long ago."""
        for old in [key for key, kept in self.by_name.items() if kept.begun <= one.begun - KEPT]:
            del self.by_name[old]
        self.by_name[name] = one


def _kept(app: FastAPI) -> Kept:
    with _LOCK:
        found: Kept | None = getattr(app.state, "entering", None)
        if found is None:
            found = app.state.entering = Kept()
    return found


def begin(
    visit: Visit,
    ready: Ready,
    *,
    home: str,
    onward: Callable[[Entered], str],
    refused: Callable[[Visit, Stopped], Response],
) -> Response:
    """Enter it beside the pages; the answer leads to the page that says how far it is."""
    name, app = secrets.token_hex(16), visit.request.app
    one = Entering(ready, visit.subject.person, visit.now, home, onward, refused)
    _kept(app).add(name, one)
    works_of(app).begin(name, lambda work: _enter(visit, one, work))
    return RedirectResponse(f"/entering/{name}", status_code=303)


def _enter(visit: Visit, one: Entering, work: Work) -> None:
    total = len(one.ready.facts)
    work.told("entering", 0, total)
    try:
        one.entered = enter(visit, one.ready, lambda done: work.told("entering", done, total))
    except Stopped as stopped:
        one.stopped = stopped
    except NotFound:
        one.not_found = True


def _of(visit: Visit, name: str) -> Entering | None:
    found = _kept(visit.request.app).by_name.get(name)
    return found if found is not None and found.person == visit.subject.person else None


@router.get("/entering/{name}")
def page(name: str, visit: Visit = Depends(signed_in)) -> Response:
    """How far it is; when it is over, on to what was entered, or what stands against it. Raises NotFound."""
    one = _of(visit, name)
    work = works_of(visit.request.app).get(name)
    if one is None or work is None:
        return render(visit, "business/entering.html", work_name=name, one=None, work=None, heading="", status_code=404)
    if one.entered is not None:
        return RedirectResponse(one.onward(one.entered), status_code=303)
    if one.stopped is not None:
        return one.refused(visit, one.stopped)
    if one.not_found:
        raise NotFound
    heading = act_words(one.ready.act, visit.t)
    return render(visit, "business/entering.html", work_name=name, one=one, work=work, heading=heading)


@router.get("/entering/{name}/progress")
def progress(name: str, visit: Visit = Depends(signed_in)) -> Response:
    """How far it is, for the page that shows it."""
    work = works_of(visit.request.app).get(name)
    if _of(visit, name) is None or work is None or work.over:
        return JSONResponse({"over": True})
    phase = visit.t("import.phase.entering")
    return JSONResponse({"over": False, "phase": phase, "done": work.done, "total": work.total})


@router.post("/entering/{name}")
def stop(name: str, visit: Visit = Depends(signed_in), _form: Form = Depends(posted)) -> Response:
    """Stop it; what was entered before that stays."""
    work = works_of(visit.request.app).get(name)
    if _of(visit, name) is not None and work is not None:
        work.cancel()
        work.wait(5)
    return RedirectResponse(f"/entering/{name}", status_code=303)
