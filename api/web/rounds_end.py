"""A sweep after the count: its buckets a page at a time, what was not covered, the signatures, and counting it again.

What is offered about a line is an act of the books with the carrier filled in: a person reads it and signs. No count
moves anything.
"""

from random import SystemRandom
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.web.carriers import whole
from api.web.render import render
from api.web.rounds import NOT_MET, draw_report, new_event, report_names, sees, sweeps_only
from api.web.visit import Form, Unfit, Visit, needs, posted, sign
from custody.access import Permission
from custody.rules import NotFound, Refusal, Refused
from reconcile import rounds as sweeps

router = APIRouter(include_in_schema=False)
LINES = 50
searches = needs(Permission.SWEEP, Permission.SEE_REPORTS)


@router.get("/rounds/{number}/lines")
def lines_page(number: str, visit: Visit = Depends(sees)) -> Response:
    """One bucket of a sweep, a page at a time."""
    return _draw_lines(visit, number, visit.request.query_params.get("bucket", "missing"), "")


@router.post("/rounds/{number}/lines")
def search_lines(number: str, visit: Visit = Depends(searches), form: Form = Depends(posted)) -> Response:
    """The same narrowed to a number or a place: asked by a form, so that nothing of it stands in an address."""
    return _draw_lines(visit, number, form.text("bucket"), form.text("q")[:80])


def _draw_lines(visit: Visit, number: str, bucket: str, text: str) -> Response:
    if bucket not in sweeps.SHOWN:
        raise NotFound
    first = max(whole(visit.request.query_params.get("first")) or 1, 1)
    with visit.reading() as connection:
        state = sweeps.buckets(connection, visit.subject, number)
        found = sweeps.narrowed(sweeps.shown(state)[bucket], text)
        if bucket in NOT_MET:
            found = sweeps.sought(connection, found)
        directory = visit.services.books.directory(connection)
    shown = found[first - 1 : first - 1 + LINES]
    return render(
        visit,
        "rounds/lines.html",
        state=state,
        bucket=bucket,
        buckets=[(name, len(lines)) for name, lines in sweeps.shown(state).items() if lines or name == bucket],
        lines=shown,
        sought=bucket in NOT_MET,
        text=text,
        first=first,
        size=LINES,
        total=len(found),
        directory=directory,
        **_acts(visit, bucket, shown),
    )


def _acts(visit: Visit, bucket: str, lines: list[Any]) -> dict[str, Any]:
    """The acts offered: on each line, and on all lines of the page at once."""
    carriers = [(one.line if isinstance(one, sweeps.Sought) else one) for one in lines]
    missing = bucket in ("missing", "weak", "tag_unreadable") and visit.may(Permission.REPORT_MISSING)
    named = "&".join(f"carriers={line.carrier}" for line in carriers) if missing else ""
    give_back = bucket == "on_loan_but_here" and visit.may(Permission.LEND)
    lent = [line for line in carriers if line.status == "on_loan"] if give_back else []
    return {
        "report_all": f"/business/new/loss?{named}" if named else "",
        "may_report": missing,
        "may_move": bucket == "elsewhere" and visit.may(Permission.KEEP),
        "may_return": give_back,
        "return_codes": "\n".join(f"{line.control_number}/{line.copy_number}" for line in lent),
        "returns": len(lent),
    }


@router.post("/rounds/{number}/walked")
def walked(number: str, visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """Somebody was in these places, and nothing answered: what is expected there is missing."""
    places = [int(text) for text in form.texts("place") if text.isascii() and text.isdecimal() and len(text) <= 18]
    with visit.services.database.writing() as connection:
        sweeps.was_there(connection, visit.subject, number, new_event(), places, visit.now)
    visit.services.bulletin.publish("rounds")
    return RedirectResponse(f"/rounds/{number}/finish", status_code=303)


@router.post("/rounds/{number}/counted")
def counted(number: str, visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """The blind count is finished: from now on it shows what was expected."""
    with visit.services.database.writing() as connection:
        sweeps.finish_count(connection, visit.subject, number, new_event(), visit.now)
    visit.services.bulletin.publish("rounds")
    return RedirectResponse(f"/rounds/{number}/finish", status_code=303)


@router.post("/rounds/{number}/recount")
def recount(number: str, visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """Count a signed sweep again: what it missed, or everything."""
    everything = form.text("scope") == "all"
    terms = sweeps.Terms("recount", number, "all" if everything else "missing", chance=SystemRandom())
    services = visit.services
    try:
        again = sweeps.open_round(services.database, services.books, visit.subject, 0, visit.now, terms)
    except Refused as refused:
        with visit.reading() as connection:
            state = sweeps.buckets(connection, visit.subject, number)
            directory = services.books.directory(connection)
        return draw_report(visit, state, directory, refusals=refused.refusals, status_code=409)
    services.bulletin.publish("rounds")
    return RedirectResponse(f"/rounds/{again}", status_code=303)


@router.get("/rounds/{number}/finish")
def finish_page(number: str, visit: Visit = Depends(sweeps_only)) -> Response:
    """What would be signed, in figures, before it is; of a blind count, that it is finished."""
    return _draw_finish(visit, number)


def _draw_finish(visit: Visit, number: str, **more: Any) -> Response:
    with visit.reading() as connection:
        tally = sweeps.blind_tally(connection, visit.subject, number)
        if tally is not None:
            directory = visit.services.books.directory(connection)
            drawn: dict[str, Any] = {"state": tally, "directory": directory}
            return render(visit, "rounds/counted.html", **(drawn | more))
        state = sweeps.buckets(connection, visit.subject, number)
        report = sweeps.round_report(connection, visit.subject, number)
        waiting = sweeps.waiting(connection, visit.subject, number, report)
        directory = visit.services.books.directory(connection)
    if state.state != "open":
        return RedirectResponse(f"/rounds/{number}", status_code=303)
    names = report_names(visit, state, directory) | {"hash": report.hash, "waiting": waiting}
    return render(visit, "rounds/finish.html", **(names | more))


@router.post("/rounds/{number}/sign")
def sign_round(number: str, visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """Sign exactly what was shown; a scan that came in between shows the figures anew."""
    with visit.reading() as connection:
        report = sweeps.round_report(connection, visit.subject, number)
    if form.text("hash") != report.hash:
        changed = (Refusal("", "round_changed", {"round": number}),)
        return _draw_finish(visit, number, refusals=changed, status_code=409)
    try:
        signature = sign(visit, form, report.text)
        act = sweeps.sign_round(
            visit.services.database, visit.services.books, visit.subject, number, signature, visit.now
        )
    except Unfit as unfit:
        return _draw_finish(visit, number, errors=unfit.errors, kept=form.kept())
    except Refused as refused:
        return _draw_finish(visit, number, refusals=refused.refusals, status_code=409)
    visit.services.bulletin.publish("rounds", "findings", "books")
    return RedirectResponse(f"/rounds/{number}" if act else f"/rounds/{number}/finish", status_code=303)


@router.post("/rounds/{number}/abandon")
def abandon(number: str, visit: Visit = Depends(sweeps_only), form: Form = Depends(posted)) -> Response:
    """Give it up with a reason: it concludes nothing."""
    reason = form.text("reason")
    if not reason:
        return _draw_finish(visit, number, errors=(visit.error("reason", "findings.reason_needed"),))
    sweeps.abandon(visit.services.database, visit.subject, number, reason, visit.now)
    visit.services.bulletin.publish("rounds")
    return RedirectResponse(f"/rounds/{number}", status_code=303)
