"""What people do about a case, on its page: one address an act, each the same function as the interface's."""

from collections.abc import Callable, Mapping
from datetime import date

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.web.casework import draw, reads
from api.web.visit import Form, Unfit, Visit, local_address, posted, sign
from custody.clock import end_of_day
from custody.entries import signed_text
from custody.rules import NotFound, Refused
from reconcile import cases as work
from reconcile import findings
from reconcile.cases.checklist import MARKS

router = APIRouter(include_in_schema=False)


def _acknowledge(visit: Visit, number: str, form: Form) -> None:
    work.acknowledge(visit.services.database, visit.subject, number, visit.now, form.text("note"))


def _escalate(visit: Visit, number: str, form: Form) -> None:
    """Hand on each of its open findings that the visitor sees: it goes where findings of its kind and level go."""
    services = visit.services
    with visit.reading() as connection:
        detail = work.case_detail(connection, visit.subject, number)
    for line in detail.findings:
        if line.open:
            findings.escalate(
                services.database, services.scheme, visit.subject, line.number, form.text("note"), visit.now
            )


def _give_back(visit: Visit, number: str, form: Form) -> None:
    work.give_back(visit.services.database, visit.subject, number, _said(visit, form, "note"), visit.now)


def _note(visit: Visit, number: str, form: Form) -> None:
    work.note(visit.services.database, visit.subject, number, _said(visit, form, "note"), visit.now)


def _enquire(visit: Visit, number: str, form: Form) -> None:
    work.enquire(visit.services.database, visit.subject, number, _said(visit, form, "note"), visit.now)


def _assign(visit: Visit, number: str, form: Form) -> None:
    owner, deputy, services = form.number("owner"), form.number("deputy"), visit.services
    work.assign(services.database, services.scheme, visit.subject, number, owner or 0, deputy, visit.now)


def _due(visit: Visit, number: str, form: Form) -> None:
    try:
        day = date.fromisoformat(form.text("due")).isoformat()
    except ValueError:
        raise Unfit([visit.error("due", "casework.due_needed")]) from None
    until = end_of_day(day, visit.services.scheme.timezone)
    work.set_due(visit.services.database, visit.subject, number, until, visit.now)


def _step(visit: Visit, number: str, form: Form) -> None:
    mark = next((mark for mark in MARKS if mark == form.text("mark")), None)
    if mark is None:
        raise NotFound
    services, step = visit.services, form.text("step")
    words = form.text("step_note")
    if mark == "not_applicable" and not words:
        raise Unfit([visit.error("step_note", "casework.reason_needed")])
    work.tick(services.database, services.scheme, visit.subject, number, step, mark, words, visit.now)


def _attach(visit: Visit, number: str, form: Form) -> None:
    services, file = visit.services, form.upload("file")
    words, name = form.text("file_note"), form.text("hash_name")
    if file is not None:
        content = file.file.read()
        work.attach(
            services.database, services.scheme, visit.subject, number, file.filename or "", content, words, visit.now
        )
    elif name:
        digest, size = form.text("sha256"), form.number("size") or 0
        work.attach_hash(services.database, visit.subject, number, name, size, digest, words, visit.now)
    else:
        raise Unfit([visit.error("file", "casework.file_needed")])


def _leave(visit: Visit, number: str, form: Form) -> None:
    words = _said(visit, form, "leave_why")
    work.leave(visit.services.database, visit.subject, number, form.text("finding"), words, visit.now)


def _settle(visit: Visit, number: str, form: Form) -> None:
    reason, resolution = _said(visit, form, "reason"), form.text("resolution")
    with visit.reading() as connection:
        detail = work.case_detail(connection, visit.subject, number)
    facts = work.settled_facts(detail, resolution, reason)
    # Whoever concludes signs for all of it: the exact text of what is entered, or, where nothing is, his words.
    signature = sign(visit, form, signed_text(facts) if facts else reason)

    services = visit.services
    work.settle(
        services.database,
        services.books,
        visit.subject,
        number,
        resolution,
        reason,
        visit.now,
        signatures=(signature,),
        before=facts,
    )


def _reopen(visit: Visit, number: str, form: Form) -> None:
    work.reopen(visit.services.database, visit.subject, number, _said(visit, form, "note"), visit.now)


def _said(visit: Visit, form: Form, field: str) -> str:
    words = form.text(field)
    if not words:
        raise Unfit([visit.error(field, "casework.reason_needed")])
    return words


ACTS: Mapping[str, Callable[[Visit, str, Form], None]] = {
    "acknowledge": _acknowledge,
    "escalate": _escalate,
    "give-back": _give_back,
    "note": _note,
    "enquire": _enquire,
    "assign": _assign,
    "due": _due,
    "step": _step,
    "attach": _attach,
    "leave": _leave,
    "settle": _settle,
    "reopen": _reopen,
}
"""Last part of the address -> what is done."""


@router.post("/cases/{number}/{act}")
def act_on(number: str, act: str, visit: Visit = Depends(reads), form: Form = Depends(posted)) -> Response:
    """Do it, and show the case as it stands then; what was typed is kept where it could not be done."""
    if act not in ACTS:
        raise NotFound
    try:
        ACTS[act](visit, number, form)
    except Unfit as unfit:
        return draw(visit, number, errors=unfit.errors, kept=form.kept())
    except Refused as refused:
        return draw(visit, number, refusals=refused.refusals, kept=form.kept(), status_code=409)
    visit.services.bulletin.publish("findings")
    visit.services.books_changed()
    back = local_address(visit.request.query_params.get("back"), f"/cases/{number}")
    return RedirectResponse(back, status_code=303)
