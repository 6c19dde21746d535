"""Accounts for the three administrators: who may sign in, as what; what is asked, decided and handed over.

The system administrator asks, the security administrator decides, the auditor reads. No business data.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api import store
from api.locale.sorting import by_name
from api.requesting import Requesting
from api.web import navigation
from api.web.carriers import whole
from api.web.render import render, url
from api.web.visit import FieldError, Form, Unfit, Visit, address_of, needs, posted, sign, sign_in_of
from custody.access import ADMINISTRATORS, Permission, Role
from custody.register import Directory
from custody.rules import NotFound
from custody.store import account_lists as lists
from custody.store import account_requests as requests
from custody.store import queries
from custody.store.account_lists import AccountFilter
from custody.store.account_requests import Asked, Request
from custody.store.accounts import AccountRefused

router = APIRouter(include_in_schema=False)
reads = needs(Permission.MANAGE_ACCOUNTS, Permission.APPROVE_ACCOUNTS, Permission.SEE_LOGS)
asks = needs(Permission.MANAGE_ACCOUNTS)
decides = needs(Permission.APPROVE_ACCOUNTS)
PAGE = 50
REASON_MAX = 500
BUSINESS_ROLES = tuple(role for role in Role if role not in ADMINISTRATORS and role is not Role.DEVICE)
ROLES = (*BUSINESS_ROLES, *sorted(ADMINISTRATORS))
FILTERS: Mapping[str, tuple[str, ...]] = {
    "family": ("business", "administrator"),
    "state": ("open", "closed", "new"),
    "role": tuple(role.value for role in ROLES),
}


def waiting(visit: Visit) -> int:
    """The figure in the navigation: what this administrator has to do."""
    if not visit.may(Permission.MANAGE_ACCOUNTS) and not visit.may(Permission.APPROVE_ACCOUNTS):
        return 0
    with visit.reading() as connection:
        return requests.waiting_for(
            connection,
            visit.services.scheme,
            visit.subject.person,
            visit.may(Permission.APPROVE_ACCOUNTS),
            visit.now,
        )


navigation.COUNTS["requests"] = waiting


def requesting(visit: Visit) -> Requesting:
    """What deciding stands on."""
    services = visit.services
    return Requesting(services.database, services.scheme, sign_in_of(visit.request).passwords)


def refused_words(visit: Visit, refused: AccountRefused) -> str:
    """Why it is not done, in words."""
    said = dict(refused.params)
    if "role" in said:
        said["role"] = visit.t(f"role.{said['role']}")
    return visit.t(f"accounts.refused.{refused.code}", **said)


def asked_filter(visit: Visit) -> tuple[AccountFilter, dict[str, str]]:
    """The filter of the address; the words looked for are kept by the session, under a name."""
    query = visit.request.query_params
    said = {name: query[name] for name, known in FILTERS.items() if query.get(name) in known}
    text = ""
    if query.get("q"):
        with visit.reading() as connection:
            text = (store.kept_search(connection, visit.session.token_hash, query["q"]) or {}).get("text", "")
    return AccountFilter(text=text, **said), said | ({"q": query["q"]} if text else {})


@router.get("/accounts")
def accounts(visit: Visit = Depends(reads)) -> Response:
    """The accounts, by staff number, a page at a time."""
    wanted, said = asked_filter(visit)
    with visit.reading() as connection:
        page = lists.account_page(connection, wanted, visit.now, visit.request.query_params.get("after", ""), PAGE)
        lonely = lists.lonely_roles(connection)
        directory = visit.services.books.directory(connection)
    return render(
        visit,
        "accounts/list.html",
        page=page,
        wanted=wanted,
        said=said,
        filters=FILTERS,
        lonely=lonely,
        directory=directory,
    )


@router.post("/accounts/find")
def find(visit: Visit = Depends(reads), form: Form = Depends(posted)) -> Response:
    """Keep the words looked for, and go to the list: a name stands in no address."""
    text = form.text("find")[:100]
    if not text:
        return RedirectResponse("/accounts", status_code=303)
    with visit.services.database.writing() as connection:
        name = store.search_name(visit.now)
        store.keep_search(connection, visit.session.token_hash, name, {"text": text})
    return RedirectResponse(url("/accounts", q=name), status_code=303)


@router.get("/accounts/new")
def new(visit: Visit = Depends(asks)) -> Response:
    """Ask for an account of somebody of the register who has none."""
    return _new_page(visit)


def _new_page(visit: Visit, errors: tuple[FieldError, ...] = (), kept: Mapping[str, str] | None = None) -> Response:
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
    chosen = frozenset(kept["roles"].split()) if kept and "roles" in kept else frozenset()
    return render(
        visit,
        "accounts/new.html",
        errors=errors,
        kept=kept,
        roles=ROLES,
        units=unit_choices(visit, directory),
        chosen=chosen,
    )


def unit_choices(visit: Visit, directory: Directory) -> list[tuple[int, str]]:
    """The units to choose from, by name."""
    units = by_name(directory.units.values(), visit.language)
    return [(unit.id, unit.name_en if visit.language == "en" and unit.name_en else unit.name) for unit in units]


@router.get("/accounts/requests")
def requests_page(visit: Visit = Depends(reads)) -> Response:
    """What waits for a decision, what waits to be handed over, what was decided."""
    before = whole(visit.request.query_params.get("before"))
    scheme, me = visit.services.scheme, visit.subject.person
    with visit.reading() as connection:
        waits = requests.requests(connection, waiting=True, limit=200)
        decided = requests.requests(connection, waiting=False, before=before, limit=PAGE + 1)
        mine = requests.uncollected(connection, scheme, me, visit.now) if visit.may(Permission.MANAGE_ACCOUNTS) else []
        lonely = lists.lonely_roles(connection)
        directory = visit.services.books.directory(connection)
    return render(
        visit,
        "accounts/requests.html",
        waiting=waits,
        decided=decided[:PAGE],
        older=decided[PAGE - 1].id if len(decided) > PAGE else None,
        mine=mine,
        late={one.id for one in waits if requests.overdue(one, scheme, visit.now)},
        lonely=lonely,
        directory=directory,
        days=scheme.number("account_request_days"),
    )


@router.get("/accounts/requests/{number}")
def request_page(number: int, visit: Visit = Depends(reads)) -> Response:
    """One request, with what this administrator may do about it. Raises NotFound."""
    return _request_page(visit, number)


def _request_page(visit: Visit, number: int, errors: tuple[FieldError, ...] = (), form: Form | None = None) -> Response:
    scheme, me = visit.services.scheme, visit.subject.person
    with visit.reading() as connection:
        found = requests.request(connection, number)
        mine = requests.uncollected(connection, scheme, me, visit.now)
        directory = visit.services.books.directory(connection)
    late = requests.overdue(found, scheme, visit.now)
    waits = found.status == requests.WAITING and not late
    return render(
        visit,
        "accounts/request.html",
        errors=errors,
        kept=form.kept() if form else None,
        one=found,
        late=late,
        directory=directory,
        decides=waits and visit.may(Permission.APPROVE_ACCOUNTS) and me not in (found.asked_by, found.person),
        withdraws=waits and me == found.asked_by,
        collects=any(one.id == found.id for one in mine) and visit.may(Permission.MANAGE_ACCOUNTS),
        hours=scheme.number("one_time_secret_hours"),
    )


@router.get("/accounts/{person}")
def one(person: int, visit: Visit = Depends(reads)) -> Response:
    """One account: its roles, its requests, what happened to it. Raises NotFound."""
    return _person_page(visit, person)


def _person_page(
    visit: Visit, person: int, errors: tuple[FieldError, ...] = (), kept: Mapping[str, str] | None = None
) -> Response:
    before = whole(visit.request.query_params.get("before"))
    with visit.reading() as connection:
        line = lists.account_line(connection, person, visit.now)
        if line is None:
            raise NotFound
        found = requests.requests(connection, person=person, limit=20)
        events = lists.account_events(connection, person, before, PAGE + 1)
        directory = visit.services.books.directory(connection)
    # How many there are, and nothing else of them: a session is nobody's but its owner's.
    with visit.services.database.reading() as connection:
        sessions = len(store.sessions_of(connection, person))
    held = {grant.role for grant in line.grants if grant.until_at is None}
    return render(
        visit,
        "accounts/one.html",
        errors=errors,
        kept=kept,
        line=line,
        requests=found,
        events=events[:PAGE],
        older=events[PAGE - 1].id if len(events) > PAGE else None,
        directory=directory,
        units=unit_choices(visit, directory),
        sessions=sessions,
        held=sorted(held),
        grantable=[role for role in BUSINESS_ROLES if role not in held] if line.family == "business" else [],
        asks=visit.may(Permission.MANAGE_ACCOUNTS) and person != visit.subject.person,
    )


def asked_of(visit: Visit, form: Form) -> Asked:
    """What a form asks for. Raises Unfit naming its fields."""
    kind, number = form.text("kind"), form.text("number")
    errors: list[FieldError] = []
    try:
        with visit.reading() as connection:
            person = queries.person_by_number(connection, number).id
    except NotFound:
        person = 0
        errors.append(visit.error("number", "accounts.refused.no_person"))
    reason = form.text("reason")[:REASON_MAX]
    if not reason:
        errors.append(visit.error("reason", "accounts.refused.reason"))
    known = {role.value for role in ROLES}
    roles = tuple(Role(one) for one in dict.fromkeys(form.texts("roles")) if one in known)
    if kind in requests.WITH_ROLES and not roles:
        errors.append(visit.error("roles", "accounts.refused.no_role"))
    if kind == "reset" and not form.texts("credentials"):
        errors.append(visit.error("credentials", "accounts.refused.no_credentials"))
    if errors:
        raise Unfit(errors)
    return Asked(kind, person, reason, roles, form.number("unit"), form.texts("credentials"))


@router.post("/accounts/requests")
def ask(visit: Visit = Depends(asks), form: Form = Depends(posted)) -> Response:
    """Ask for an account, or for a change of one."""
    errors: tuple[FieldError, ...]
    try:
        asked = asked_of(visit, form)
        with visit.services.database.writing() as connection:
            made = requests.ask(
                connection,
                visit.services.scheme,
                asked,
                visit.subject.person,
                visit.now,
                address_of(visit.request),
            )
        return RedirectResponse(f"/accounts/requests/{made.id}", status_code=303)
    except Unfit as unfit:
        errors = unfit.errors
    except NotFound:
        errors = (visit.error("number", "accounts.refused.no_account"),)
    except AccountRefused as refused:
        errors = (FieldError("", refused_words(visit, refused)),)
    kept = dict(form.kept()) | {"roles": " ".join(form.texts("roles")), "unit": form.text("unit")}
    back = form.number("person")
    return _new_page(visit, errors, kept) if back is None else _person_page(visit, back, errors, kept)


@router.post("/accounts/requests/{number}/withdraw")
def withdraw(number: int, visit: Visit = Depends(asks), form: Form = Depends(posted)) -> Response:
    """The asker takes it back. Raises NotFound."""
    try:
        with visit.services.database.writing() as connection:
            requests.withdraw(connection, number, visit.subject.person, visit.now, address_of(visit.request))
    except AccountRefused as refused:
        return _request_page(visit, number, (FieldError("", refused_words(visit, refused)),), form)
    return RedirectResponse("/accounts/requests", status_code=303)


@router.post("/accounts/requests/{number}/decide")
def decide(number: int, visit: Visit = Depends(decides), form: Form = Depends(posted)) -> Response:
    """Grant or decline, with identity confirmed each time. Raises NotFound, Refused (clause f.1).

    Where it makes a one-time secret, the answer shows the decider's half of it, once.
    """
    answer, me, address = form.text("answer")[:REASON_MAX], visit.subject.person, address_of(visit.request)
    granting = form.text("do") == "grant"
    half = ""
    try:
        if not granting and not answer:
            raise Unfit([visit.error("answer", "accounts.refused.answer")])
        sign(visit, form, "", each_time=True)
        if granting:
            done, half = requesting(visit).grant(number, me, visit.now, answer, address)
        else:
            with visit.services.database.writing() as connection:
                done = requests.decline(connection, visit.services.scheme, number, me, answer, visit.now, address)
    except Unfit as unfit:
        return _request_page(visit, number, unfit.errors, form)
    except AccountRefused as refused:
        return _request_page(visit, number, (FieldError("", refused_words(visit, refused)),), form)
    return _half_page(visit, done, half, 2) if half else RedirectResponse(f"/accounts/requests/{number}", 303)


@router.post("/accounts/requests/{number}/half")
def collect(number: int, visit: Visit = Depends(asks), form: Form = Depends(posted)) -> Response:
    """The asker's half of the secret, made and shown once. Raises NotFound."""
    try:
        sign(visit, form, "", each_time=True)
        done, half = requesting(visit).collect(number, visit.subject.person, visit.now, address_of(visit.request))
    except Unfit as unfit:
        return _request_page(visit, number, unfit.errors, form)
    except AccountRefused as refused:
        return _request_page(visit, number, (FieldError("", refused_words(visit, refused)),), form)
    return _half_page(visit, done, half, 1)


def _half_page(visit: Visit, done: Request, half: str, part: int) -> Response:
    """The slip of one half: it is in this answer and nowhere else."""
    with visit.reading() as connection:
        line = lists.account_line(connection, done.person, visit.now)
    if line is None:
        raise NotFound
    names: dict[str, Any] = {"one": done, "half": half, "part": part, "line": line, "until": line.secret_until_at}
    return render(visit, "accounts/half.html", **names)
