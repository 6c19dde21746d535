"""The state of the proof in plain words, the witnesses, and papers held against the ledger.

Shown to the secrecy office and the three administrators, without entries: none of it says what the ledger is about.
"""

import secrets
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from api.checking import Checker
from api.web import proof_state
from api.web.printing.verifying import Finding, Unreadable, parse_code, verified
from api.web.render import render
from api.web.visit import FieldError, Form, Unfit, Visit, address_of, needs, posted, sign
from custody.access import Permission
from custody.entries import EntryInvalid
from custody.ledger import Broken
from custody.rules import NotFound
from custody.store import queries, witnessing
from custody.store.witnessing import WitnessRefused
from reconcile import cases as work

router = APIRouter(include_in_schema=False)
P = Permission
sees = needs(P.SEE_LEDGER, P.MANAGE_ACCOUNTS, P.APPROVE_ACCOUNTS, P.HEAD_ENQUIRIES)
admits = needs(P.MANAGE_ACCOUNTS)
audits = needs(P.SEE_LEDGER)
checks_papers = needs(P.SEE_LEDGER, P.KEEP, P.HEAD_ENQUIRIES)
del P


def checker_of(request: Request) -> Checker:
    """The whole check of this process."""
    checker: Checker = request.app.state.checker
    return checker


def state(visit: Visit, request: Request) -> dict[str, Any]:
    """What the part `ledger/_proof.html` needs."""
    # Without a wall: sizes, hashes and keys, of which everybody who may open the page sees the same.
    with visit.services.database.reading() as connection:
        try:
            looked = proof_state.look(connection, visit.services.books, visit.now)
        except (EntryInvalid, Broken):
            looked = None
        watching = witnessing.witnesses(connection)
        cosigned = {one.name: witnessing.last_cosignature(connection, one.name) for one in watching}
        by = looked.check.by if looked is not None and looked.check is not None else 0
        who = queries.person(connection, by) if by else None
    lines = proof_state.judged(looked) if looked is not None else (proof_state.UNREADABLE,)
    return {
        "looked": looked,
        "proof_lines": lines,
        "proof_light": proof_state.worst(lines),
        "watching": watching,
        "cosigned": cosigned,
        "checked_by": who,
        "running": checker_of(request).percent(),
        "shows_differences": visit.may(Permission.SEE_LEDGER),
    }


@router.get("/proof")
def page(request: Request, visit: Visit = Depends(sees)) -> Response:
    """The state of the proof."""
    return _page(visit, request)


def _page(visit: Visit, request: Request, errors: Sequence[FieldError] = (), **more: Any) -> Response:
    names = state(visit, request) | {"admits": visit.may(Permission.MANAGE_ACCOUNTS), "token": ""} | more
    return render(visit, "ledger/proof.html", errors=tuple(errors), **names)


@router.post("/proof/check")
def check_now(request: Request, visit: Visit = Depends(sees), form: Form = Depends(posted)) -> Response:
    """Begin a whole check; the page shows how far it is."""
    checker_of(request).start(visit.subject.person)
    return RedirectResponse("/ledger" if form.text("back") == "ledger" else "/proof", status_code=303)


@router.post("/proof/witnesses")
def add_witness(request: Request, visit: Visit = Depends(admits), form: Form = Depends(posted)) -> Response:
    """Let a witness watch: its token is shown on the answer, once."""
    token = secrets.token_urlsafe(32)
    try:
        sign(visit, form, "", each_time=True)
        with visit.services.database.writing() as connection:
            added = witnessing.add(
                connection,
                form.text("key"),
                token,
                visit.now,
                by=visit.subject.person,
                address=address_of(visit.request),
            )
    except Unfit as unfit:
        return _page(visit, request, unfit.errors, kept=form.kept())
    except WitnessRefused as refused:
        said = visit.t(f"proof.refused.{refused.code}")
        return _page(visit, request, [FieldError("key", said)], kept=form.kept())
    return _page(visit, request, token=token, added=added.name)


@router.post("/proof/witnesses/end")
def end_witness(visit: Visit = Depends(admits), form: Form = Depends(posted)) -> Response:
    """Take a witness's token away. Raises NotFound."""
    with visit.services.database.writing() as connection:
        witnessing.end(
            connection, form.text("name"), visit.now, by=visit.subject.person, address=address_of(visit.request)
        )
    return RedirectResponse("/proof#witnesses", status_code=303)


@router.get("/ledger/bundle")
def bundle(request: Request, visit: Visit = Depends(audits)) -> Response:
    """A file for a witness without a network, from the size that it remembers. Raises NotFound."""
    asked = request.query_params.get("first", "") or "0"
    if not asked.isascii() or not asked.isdecimal() or len(asked) > 15:
        raise NotFound
    # Without a wall: hashes only.
    with visit.services.database.reading() as connection:
        text = witnessing.bundle(connection, int(asked))
    headers = {"Content-Disposition": f'attachment; filename="witness-from-{int(asked)}.txt"'}
    return Response(text, media_type="text/plain; charset=utf-8", headers=headers)


@router.post("/ledger/cosignature")
def cosignature(request: Request, visit: Visit = Depends(audits), form: Form = Depends(posted)) -> Response:
    """Take the cosigned checkpoint that the auditor brought from a witness without a network."""
    note = form.text("note").replace("\r\n", "\n") + "\n"
    try:
        with visit.services.database.writing() as connection:
            witnessing.keep_cosignature(connection, note, visit.now)
    except WitnessRefused as refused:
        said = visit.t(f"proof.refused.{refused.code}")
        return _page(visit, request, [FieldError("note", said)], kept=form.kept())
    return RedirectResponse("/proof", status_code=303)


@router.get("/verify-print")
def verify_page(visit: Visit = Depends(checks_papers)) -> Response:
    """Scan or type what the code on a paper says."""
    return render(visit, "ledger/verify.html", answers=None, code=None)


@router.post("/verify-print")
def verify_paper(visit: Visit = Depends(checks_papers), form: Form = Depends(posted)) -> Response:
    """Whether the paper is true."""
    try:
        code = parse_code(form.text("code"))
    except Unreadable as error:
        wrong = visit.error("code", f"verify.unreadable.{error.code}")
        return render(visit, "ledger/verify.html", errors=(wrong,), kept=form.kept(), answers=None, code=None)
    seen = _sees_act(visit, code.act)
    # Without a wall: the tree is over all entries; of the act nothing is told to who does not see it.
    with visit.services.database.reading() as connection:
        answers: Sequence[Finding] = verified(connection, visit.services.books, code, sees_act=seen)
    return render(visit, "ledger/verify.html", kept=form.kept(), answers=answers, code=code)


def _sees_act(visit: Visit, act: str) -> bool:
    if visit.may(Permission.SEE_LEDGER):
        return True
    try:
        with visit.reading() as connection:
            queries.act(connection, visit.subject, act)
    except NotFound:
        return _sees_case(visit, act)
    return True


def _sees_case(visit: Visit, number: str) -> bool:
    if not visit.may(Permission.SEE_FINDINGS):
        return False
    try:
        with visit.reading() as connection:
            work.case_detail(connection, visit.subject, number)
    except NotFound:
        return False
    return True
