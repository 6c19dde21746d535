"""Acts of custody. Each is entered whole under one act number, or refused whole with the clauses that object."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api.acts.disposition.losses import found_facts, last_known, loss_facts, this_minute
from api.rest.asking import PREFIX, changes
from api.web.acts.borrower import borrower_signature
from api.web.visit import Unfit, Visit, signed_with
from custody import clock
from custody.access import Permission
from custody.entries import (
    Borrowed,
    CarrierFact,
    Fact,
    Imported,
    Moved,
    Received,
    Returned,
    Shelved,
    Signature,
    TagBound,
    signed_text,
)
from custody.entries.disposition import Reissued
from custody.store import queries
from custody.store.queries import CarrierItem
from custody.values import CarrierKind, Description, Period, PeriodKind, Scope, Tag

router = APIRouter(prefix=f"{PREFIX}/acts", tags=["acts"])
MANY = 500
Carriers = Field(min_length=1, max_length=MANY)


class Receipt(BaseModel):
    """What was entered: the number of the act."""

    act: str
    carriers: list[int]


class Borrow(BaseModel):
    """Hand carriers to a borrower, until the end of the due day.

    The borrower signs with his or her own password; where that is the one who is signed in, by the own session,
    whose password is asked for only where identity was not confirmed lately.
    """

    carriers: list[int] = Carriers
    holder: int
    due_on: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    purpose: str = Field("", max_length=1000)
    holder_password: str = Field("", max_length=2000)


class Back(BaseModel):
    """One carrier that is back."""

    carrier: int
    place: int
    pages_counted: int | None = Field(None, ge=0)


class Return(BaseModel):
    """Take carriers back; their pages counted, where they are known, from the configured level up."""

    items: list[Back] = Carriers


class Put(BaseModel):
    """Put carriers in a place."""

    carriers: list[int] = Carriers
    place: int


class Missing(BaseModel):
    """Declare that a carrier's whereabouts are unknown; the password confirms identity unless that is recent."""

    carrier: int
    circumstances: str = Field(max_length=4000)
    password: str = Field("", max_length=2000)


class Found(BaseModel):
    """A carrier declared missing was found."""

    carrier: int
    place: int
    circumstances: str = Field("", max_length=4000)


class PeriodBody(BaseModel):
    """How long it stays secret."""

    kind: PeriodKind = "maximum"
    value: str = ""
    authority: str = ""


class TakeIn(BaseModel):
    """Take in one carrier, received from outside or taken over from the ledger kept before."""

    origin: str = Field(pattern="^(received|legacy)$")
    control_number: str = Field(max_length=80)
    copy_number: int = Field(1, ge=1)
    copies: int = Field(1, ge=1)
    title: str = Field(max_length=500)
    kind: CarrierKind = "document"
    level: str
    period: PeriodBody = PeriodBody()
    scope: list[str] = Field(default_factory=list, max_length=200)
    unit: int
    classified_on: str = ""
    basis: str = ""
    determined_by: str = ""
    medium: str = "paper"
    pages: int | None = None
    issuer: str = ""
    issuer_number: str = ""
    remark: str = ""
    archive_by: str = ""
    former: int | None = None
    """What it was here before it went back to its issuer (clause b.7)."""
    epc: str | None = None
    tid: str | None = None
    place: int | None = None


def enter(visit: Visit, kind: str, facts: Sequence[Fact], signatures: tuple[Signature, ...] = ()) -> Receipt:
    """Enter the facts; refusals are answered as a problem. Raises Refused, NotFound."""
    receipt = visit.services.books.enter(visit.subject, list[Fact](facts), act=kind, signatures=signatures)
    visit.services.books_changed()
    return Receipt(act=receipt.act, carriers=sorted({fact.carrier for fact in facts if isinstance(fact, CarrierFact)}))


@router.post("/borrow", status_code=201, summary="Lend carriers (clauses c.1, c.5)")
def borrow(body: Borrow, visit: Visit = Depends(changes(Permission.LEND))) -> Receipt:
    """All of them, or none."""
    try:
        due_at = clock.end_of_day(body.due_on, visit.services.scheme.timezone)
    except ValueError as error:
        raise Unfit([visit.error("due_on", "acts.due_needed")]) from error
    facts = [Borrowed(one, body.holder, due_at, body.purpose) for one in body.carriers]
    signatures = borrower_signature(visit, facts, body.holder, body.holder_password)
    return enter(visit, "borrow", facts, signatures)


@router.post("/return", status_code=201, summary="Take carriers back (clause c.5)")
def give_back(body: Return, visit: Visit = Depends(changes(Permission.LEND))) -> Receipt:
    """All of them, or none."""
    return enter(visit, "return", [Returned(one.carrier, one.place, one.pages_counted) for one in body.items])


@router.post("/shelve", status_code=201, summary="Put carriers in their first home (clause f.2)")
def shelve(body: Put, visit: Visit = Depends(changes(Permission.KEEP))) -> Receipt:
    """All of them, or none."""
    return enter(visit, "shelve", [Shelved(one, body.place) for one in body.carriers])


@router.post("/move", status_code=201, summary="Give carriers another home (clause f.2)")
def move(body: Put, visit: Visit = Depends(changes(Permission.KEEP))) -> Receipt:
    """All of them, or none."""
    return enter(visit, "move", [Moved(one, body.place) for one in body.carriers])


@router.post("/missing", status_code=201, summary="Declare a carrier missing: signed by a person")
def missing(body: Missing, visit: Visit = Depends(changes(Permission.REPORT_MISSING))) -> Receipt:
    """Needs an identity confirmed lately, or the password."""
    facts = _missing_facts(visit, body)
    return enter(visit, "missing", facts, (signed_with(visit, body.password, signed_text(facts)),))


@router.post("/found", status_code=201, summary="A missing carrier was found")
def found(body: Found, visit: Visit = Depends(changes(Permission.KEEP))) -> Receipt:
    """It is put in its place."""
    item = _item(visit, body.carrier)
    facts = found_facts(visit.services, visit.subject, item, body.place, body.circumstances.strip())
    return enter(visit, "found", facts)


def _item(visit: Visit, carrier: int) -> CarrierItem:
    with visit.reading() as connection:
        return queries.carrier(connection, visit.subject, carrier)


def _missing_facts(visit: Visit, body: Missing) -> list[Fact]:
    """The loss, discovered now by who declares it, with its clock; last where the books had it."""
    item = _item(visit, body.carrier)
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
    return loss_facts(
        visit.services,
        visit.services.books.reserve("matter", 1)[0],
        [item],
        discovered_at=this_minute(visit.now),
        discovered_by=visit.subject.person,
        circumstances=body.circumstances.strip(),
        last_known=last_known(item, directory),
    )


@router.post("/take-in", status_code=201, summary="Take one carrier in (clauses a.5, b.1)")
def take_in(body: TakeIn, visit: Visit = Depends(changes(Permission.TAKE_IN))) -> Receipt:
    """With its tag and its first place where they are given."""
    plain: dict[str, Any] = body.model_dump(exclude={"origin", "period", "scope", "former", "epc", "tid", "place"})
    internal = any(one.code == body.level and one.period_years_max is None for one in visit.services.scheme.levels)
    period = Period(body.period.kind, body.period.value, body.period.authority)
    if internal and "period" not in body.model_fields_set:
        period = Period("none")
    description = Description(**plain, period=period, scope=Scope(tuple(body.scope)))
    (carrier,) = visit.services.books.reserve("carrier", 1)
    coming: CarrierFact = (Received if body.origin == "received" else Imported)(carrier, description)
    facts: list[CarrierFact] = [coming]
    if body.former is not None:
        facts.append(Reissued(carrier, body.former))
    if body.epc:
        facts.append(TagBound(carrier, Tag(body.epc.upper(), body.tid.upper() if body.tid else None)))
    if body.place is not None:
        facts.append(Shelved(carrier, body.place))
    return enter(visit, "take_in", facts)
