"""Accounts: who may sign in, what is asked for and decided; and roles taken in an emergency. No business data.

The system administrator asks, the security administrator decides, each with identity confirmed. The halves of a
one-time secret are in the answer to whom they are for, once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from api.rest.asking import PREFIX, asks, changes
from api.web import accounts as pages
from api.web import emergency as taking
from api.web.visit import FieldError, Unfit, Visit, address_of, signed_with
from custody.access import Grant, Permission, Role
from custody.rules import NotFound
from custody.store import account_lists as lists
from custody.store import account_requests as requests
from custody.store import emergency, queries
from custody.store.account_lists import AccountFilter, AccountLine
from custody.store.account_requests import Asked, Request
from custody.store.accounts import AccountRefused
from custody.store.emergency import Emergency, EmergencyRefused

router = APIRouter(prefix=PREFIX, tags=["accounts"])
READING = (Permission.MANAGE_ACCOUNTS, Permission.APPROVE_ACCOUNTS, Permission.SEE_LOGS)
LIMIT_MAX = 200
ID_MAX = 2**63 - 1


class Search(BaseModel):
    """What the list is limited to; `after`: the staff number at which the page before ended."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field("", max_length=100)
    family: Literal["", "business", "administrator"] = ""
    role: Role | Literal[""] = ""
    state: Literal["", "open", "closed", "new"] = ""
    after: str = Field("", max_length=100)
    limit: int = Field(50, ge=1, le=LIMIT_MAX)


class Wanted(BaseModel):
    """A request. `roles` of open, grant and revoke, limited to a `unit` or not; `credentials` of a reset."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["open", "grant", "revoke", "close", "reopen", "reset"]
    number: str = Field(max_length=100, description="staff number of whom it is about")
    reason: str = Field(min_length=1, max_length=pages.REASON_MAX)
    roles: list[Role] = Field(default_factory=list, max_length=len(Role))
    unit: int | None = Field(None, ge=1, le=ID_MAX)
    credentials: list[Literal["password", "second_factor"]] = Field(default_factory=list, max_length=2)


class Confirmation(BaseModel):
    """Identity, confirmed each time: the password, and the code of who has a second factor."""

    model_config = ConfigDict(extra="forbid")
    password: str = Field(max_length=2_000)
    confirm_code: str = Field("", max_length=100)


class Decision(Confirmation):
    """`answer` is needed to decline."""

    grant: bool
    answer: str = Field("", max_length=pages.REASON_MAX)


class Second(BaseModel):
    """Who confirms at the same desk."""

    model_config = ConfigDict(extra="forbid")
    number: str = Field(max_length=100)
    password: str = Field(max_length=2_000)
    code: str = Field("", max_length=100)


class Taking(Confirmation):
    """A role to be taken in an emergency."""

    role: Literal["clerk", "meeting_secretary", "manager"]
    unit: int = Field(ge=1, le=ID_MAX)
    minutes: int = Field(ge=1, le=1_440)
    reason: str = Field(min_length=1, max_length=taking.REASON_MAX)
    second: Second


class Word(BaseModel):
    """What the review found."""

    model_config = ConfigDict(extra="forbid")
    word: str = Field(min_length=1, max_length=taking.REASON_MAX)


@contextmanager
def _said(visit: Visit) -> Iterator[None]:
    """What stands against it, in words, as what is wrong with the call."""
    try:
        yield
    except AccountRefused as refused:
        raise Unfit([FieldError(refused.code, pages.refused_words(visit, refused))]) from refused
    except EmergencyRefused as refused:
        raise Unfit([FieldError(refused.code, taking.refused_words(visit, refused))]) from refused


def _grant_json(grant: Grant) -> dict[str, Any]:
    return {"role": grant.role.value, "unit": grant.unit, "until_at": grant.until_at}


def _account_json(line: AccountLine) -> dict[str, Any]:
    return asdict(line) | {"grants": [_grant_json(grant) for grant in line.grants]}


def _request_json(found: Request) -> dict[str, Any]:
    plain = asdict(found) | {"roles": [role.value for role in found.roles]}
    plain.pop("half_digest")
    return plain | {"credentials": list(found.credentials)}


def _emergency_json(found: Emergency) -> dict[str, Any]:
    return asdict(found) | {"role": found.role.value}


@router.post("/accounts/search", summary="Find accounts; names never stand in an address")
def search(body: Search, visit: Visit = Depends(changes(*READING))) -> dict[str, Any]:
    """By staff number, a page at a time."""
    wanted = AccountFilter(body.text, body.family, str(body.role), body.state)
    with visit.reading() as connection:
        page = lists.account_page(connection, wanted, visit.now, body.after, body.limit)
    return {"items": [_account_json(line) for line in page.lines], "total": page.total, "after": page.after}


@router.get("/accounts/requests", summary="What is asked for accounts, the newest first")
def all_requests(
    waiting: bool | None = None, before: int | None = None, visit: Visit = Depends(asks(*READING))
) -> dict[str, Any]:
    """`waiting` true: not decided yet; false: decided."""
    with visit.reading() as connection:
        found = requests.requests(connection, waiting=waiting, before=_known(before), limit=LIMIT_MAX)
    return {"items": [_request_json(one) for one in found]}


def _known(number: int | None) -> int | None:
    return number if number is None or 0 < number <= ID_MAX else 0


@router.get("/accounts/requests/{number}", summary="One request")
def one_request(number: int, visit: Visit = Depends(asks(*READING))) -> dict[str, Any]:
    """With its reason and what was decided."""
    with visit.reading() as connection:
        return _request_json(requests.request(connection, number))


@router.get("/accounts/{person}", summary="One account")
def one_account(person: int, visit: Visit = Depends(asks(*READING))) -> dict[str, Any]:
    """Its roles, with those taken in an emergency."""
    with visit.reading() as connection:
        line = lists.account_line(connection, person, visit.now)
    if line is None:
        raise NotFound
    return _account_json(line)


@router.post("/accounts/requests", summary="Ask for an account, or for a change of one", status_code=201)
def ask(body: Wanted, visit: Visit = Depends(changes(Permission.MANAGE_ACCOUNTS))) -> dict[str, Any]:
    """A security administrator decides it. Nobody asks for himself."""
    with _said(visit), visit.services.database.writing() as connection:
        person = queries.person_by_number(connection, body.number).id
        asked = Asked(body.kind, person, body.reason, tuple(body.roles), body.unit, tuple(body.credentials))
        made = requests.ask(
            connection, visit.services.scheme, asked, visit.subject.person, visit.now, address_of(visit.request)
        )
    return _request_json(made)


@router.post("/accounts/requests/{number}/withdraw", summary="Take a request back")
def withdraw(number: int, visit: Visit = Depends(changes(Permission.MANAGE_ACCOUNTS))) -> dict[str, Any]:
    """By whoever asked, while it waits."""
    with _said(visit), visit.services.database.writing() as connection:
        done = requests.withdraw(connection, number, visit.subject.person, visit.now, address_of(visit.request))
    return _request_json(done)


@router.post("/accounts/requests/{number}/decide", summary="Grant or decline a request")
def decide(number: int, body: Decision, visit: Visit = Depends(changes(Permission.APPROVE_ACCOUNTS))) -> dict[str, Any]:
    """`half`: the decider's half of a one-time secret, in this answer alone."""
    half, me, address = "", visit.subject.person, address_of(visit.request)
    signed_with(visit, body.password, "", code=body.confirm_code, each_time=True)
    with _said(visit):
        if body.grant:
            done, half = pages.requesting(visit).grant(number, me, visit.now, body.answer, address)
        else:
            with visit.services.database.writing() as connection:
                scheme = visit.services.scheme
                done = requests.decline(connection, scheme, number, me, body.answer, visit.now, address)
    return _request_json(done) | {"half": half}


@router.post("/accounts/requests/{number}/half", summary="The asker's half of a one-time secret, made now")
def half_of(
    number: int, body: Confirmation, visit: Visit = Depends(changes(Permission.MANAGE_ACCOUNTS))
) -> dict[str, Any]:
    """`half`: in this answer alone. Whoever signs in types it before the decider's half, with a hyphen between."""
    signed_with(visit, body.password, "", code=body.confirm_code, each_time=True)
    with _said(visit):
        me, address = visit.subject.person, address_of(visit.request)
        done, half = pages.requesting(visit).collect(number, me, visit.now, address)
    return _request_json(done) | {"half": half}


@router.get("/emergencies", summary="Roles taken in an emergency, the newest first")
def emergencies(before: int | None = None, visit: Visit = Depends(asks(Permission.TAKE_PART))) -> dict[str, Any]:
    """All of them for who confirms and reviews them; the others see those that they took or confirmed."""
    me, above = visit.subject.person, taking.stands_above(visit)
    with visit.reading() as connection:
        found = emergency.emergencies(connection, _known(before), LIMIT_MAX)
    return {"items": [_emergency_json(one) for one in found if above or me in (one.person, one.confirmed_by)]}


@router.post("/emergencies", summary="Take a role in an emergency, beside a second person", status_code=201)
def take(body: Taking, visit: Visit = Depends(changes(Permission.TAKE_PART))) -> dict[str, Any]:
    """The second person is of the secrecy office or a leader, and confirms at the same desk."""
    signed_with(visit, body.password, "", code=body.confirm_code, each_time=True)
    second = taking.second_person(visit, body.second.number, body.second.password, body.second.code)
    with _said(visit):
        begun = taking.take(visit, Role(body.role), body.unit, body.minutes, body.reason, second)
    return _emergency_json(begun)


@router.post("/emergencies/{number}/end", summary="End it before its time")
def end(number: int, visit: Visit = Depends(changes(Permission.TAKE_PART))) -> dict[str, Any]:
    """By who has the role, or who may confirm one."""
    with _said(visit), visit.services.database.writing() as connection:
        done = emergency.end(connection, number, visit.subject.person, visit.now, address_of(visit.request))
    return _emergency_json(done)


@router.post("/emergencies/{number}/review", summary="Say what the review found")
def review(
    number: int,
    body: Word,
    visit: Visit = Depends(changes(Permission.APPROVE_OFFICE, Permission.APPROVE_LEADER)),
) -> dict[str, Any]:
    """Neither by who had the role nor by who confirmed it."""
    with _said(visit), visit.services.database.writing() as connection:
        me, address = visit.subject.person, address_of(visit.request)
        done = emergency.review(connection, number, me, body.word, visit.now, address)
    return _emergency_json(done)
