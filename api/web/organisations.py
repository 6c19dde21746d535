"""Other bodies: the register, with licences, agreements and their last days; and one body (clauses a.3, d.3, i.1)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.acts import acts_on
from api.acts.offering import Offer, offers
from api.acts.organisations import REGISTER
from api.acts.wording import act_words
from api.web.business.loading import ground_of, organisation_ground
from api.web.business.matters import Look, look_of
from api.web.render import render
from api.web.visit import Visit, needs
from custody.access import Permission
from custody.matters import Matter
from custody.register import Directory
from custody.store import queries
from custody.store.queries import MatterFilter
from custody.values import Agreement, Licence, Organisation

router = APIRouter(include_in_schema=False)
reads = needs(Permission.LICENSE, Permission.SEE_PLACES)
HOUSE_ACTS = ("organisation", "own_licence", "withdraw_own_licence")
MATTERS_MAX = 50


@dataclass(frozen=True, slots=True)
class Paper:
    """A licence or an agreement with how it stands: `good`, `soon` (expires within the days of warning), `over`,
    `later` (not yet begun). `days` until it expires, negative where it is past.
    """

    paper: Licence | Agreement
    stage: str
    days: int


def staged(visit: Visit, papers: Iterable[Licence | Agreement]) -> list[Paper]:
    """How papers stand today, the latest to expire first."""
    warning = visit.services.scheme.number("licence_warning_days")
    today = date.fromisoformat(visit.day)
    found = []
    for one in sorted(papers, key=lambda paper: (paper.valid_until, paper.id), reverse=True):
        days = (date.fromisoformat(one.valid_until) - today).days
        stage = "over" if days < 0 else "later" if one.valid_from > visit.day else "soon" if days <= warning else "good"
        found.append(Paper(one, stage, days))
    return found


@dataclass(frozen=True, slots=True)
class Row:
    """A body as the register lists it."""

    body: Organisation
    licences: Sequence[Paper]
    agreements: Sequence[Paper]


def row_of(visit: Visit, directory: Directory, body: Organisation) -> Row:
    """A body with its papers."""
    licences = [one for one in directory.licences.values() if one.organisation == body.id]
    agreements = [one for one in directory.agreements.values() if one.organisation == body.id]
    return Row(body, staged(visit, licences), staged(visit, agreements))


def found_bodies(directory: Directory, text: str) -> list[Organisation]:
    """Those whose code or name holds a text, by code; all of them where it is empty."""
    wanted = text.strip().casefold()
    bodies = sorted(directory.organisations.values(), key=lambda body: body.code)
    return [one for one in bodies if wanted in f"{one.code} {one.name} {one.name_en}".casefold()]


def _offered(visit: Visit, found: Sequence[Offer]) -> list[tuple[Offer, str]]:
    return [(offer, act_words(offer.act, visit.t)) for offer in found]


@router.get(REGISTER)
def register(find: str = "", done: str = "", visit: Visit = Depends(reads)) -> Response:
    """The register, or what is looked for in it; the house's own licences besides."""
    ground = ground_of(visit)
    directory = ground.directory
    own = [one for one in directory.licences.values() if one.organisation is None]
    acts = [act for act in acts_on("house") if act.key in HOUSE_ACTS]
    return render(
        visit,
        "organisations/list.html",
        rows=[row_of(visit, directory, body) for body in found_bodies(directory, find[:100])],
        own=staged(visit, own),
        find=find[:100],
        acts=_offered(visit, offers(ground, acts)),
        done=done[:40],
        some=bool(directory.organisations),
    )


def provisions(visit: Visit, body: int) -> list[tuple[Matter, Look]]:
    """What was or is provided to the body, the newest first, as far as the visitor sees it."""
    asked = MatterFilter(kinds=("provision",), body=(("organisation", body),))
    with visit.reading() as connection:
        page = queries.matters(connection, visit.subject, asked, limit=MATTERS_MAX)
    return [(one, look_of(visit, one)) for one in page.items]


@router.get("/organisations/{identifier}")
def one(identifier: int, done: str = "", visit: Visit = Depends(reads)) -> Response:
    """One body: who it is, its papers, what was provided to it. Raises NotFound."""
    ground = organisation_ground(visit, identifier)
    return render(
        visit,
        "organisations/one.html",
        body=ground.the_body,
        row=row_of(visit, ground.directory, ground.the_body),
        acts=_offered(visit, offers(ground, acts_on("organisation"))),
        matters=provisions(visit, identifier) if visit.may(Permission.TAKE_PART) else [],
        done=done[:40],
    )
