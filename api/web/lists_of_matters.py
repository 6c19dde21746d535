"""Lists of matters and of other bodies as workbooks: meetings, production orders, disclosure reviews, organisations."""

from collections.abc import Iterable, Iterator, Mapping

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.acts.production.showing import equation
from api.acts.reviewing import PIECES, authors_words
from api.web.business.loading import ground_of
from api.web.business.matters import look_of
from api.web.disclosures import STATUSES
from api.web.lists import PAGE, Asking, Listing, Rows, each, exported
from api.web.organisations import Paper, found_bodies, row_of
from api.web.production import SHOWN
from api.web.visit import Visit, needs
from custody.access import Permission
from custody.matters import Matter
from custody.matters.disclosure import REVIEW_KEY
from custody.store import queries
from custody.store.queries import MatterFilter
from custody.values import Licence

router = APIRouter(include_in_schema=False)


def _matters(of: Asking, asked: MatterFilter) -> Iterator[Matter]:
    """The matters of a list, in the order of its page."""
    return each(lambda after: queries.matters(of.connection, of.visit.subject, asked, after, None, PAGE))


def _title(of: Asking, title: str) -> str:
    return of.visit.t("titles.hidden") if of.visit.titles_hidden else title


def _meetings(of: Asking) -> Rows:
    directory, rank = of.directory, of.visit.services.scheme.rank
    for one in _matters(of, MatterFilter(kinds=("meeting",), open_only=of.asks("show") != "all")):
        body = one.body
        venue = directory.places.get(body.venue)
        yield (
            {
                "matter": one.number,
                "level": of.level(one.level),
                "state": look_of(of.visit, one).word,
                "leads": of.name(directory.persons.get(body.in_charge)),
                "venue": venue.code if venue else "",
                "at": of.at(body.starts_at),
                "people": len(body.attendees),
                "papers": one.lines_total,
                "out": one.counts.get("handed_out", 0),
            },
            0,
            rank(one.level),
        )


def _production(of: Asking) -> Rows:
    rank, show = of.visit.services.scheme.rank, of.asks("show") if of.asks("show") in SHOWN else "open"
    for one in _matters(of, MatterFilter(kinds=("production",), open_only=show == "open", over_only=show == "over")):
        body, account = one.body, equation(one.body)
        yield (
            {
                "order": one.number,
                "number": body.control_number,
                "copies_of": f"{body.first_copy}–{body.last_copy}",
                "level": of.level(one.level),
                "title": _title(of, body.title),
                "unit": of.name(of.directory.units.get(one.unit)),
                "approved": account.approved,
                "registered": account.registered,
                "spoiled": account.spoiled,
                "cancelled": account.cancelled,
                "open": account.open,
                "state": look_of(of.visit, one).word,
                "due": of.at(one.due_at),
            },
            0,
            rank(one.level),
        )


def _disclosures(of: Asking) -> Rows:
    visit, rank = of.visit, of.visit.services.scheme.rank
    status, what = of.asks("status"), of.asks("what")
    asked = MatterFilter(
        kinds=(REVIEW_KEY,),
        status=status if status in STATUSES else None,
        party=visit.subject.person if of.asks("mine") else None,
        body=(("what", what),) if what in PIECES else (),
    )
    ground = ground_of(visit, directory=of.directory)
    for one in _matters(of, asked):
        body = one.body
        yield (
            {
                "matter": one.number,
                "what": visit.t(f"ask.what.{body.what}"),
                "title": _title(of, body.title),
                "authors": authors_words(ground, body),
                "outlet": body.outlet,
                "due": of.at(body.due_at),
                "state": look_of(visit, one).word,
            },
            0,
            rank(one.level),
        )


_STAGES: Mapping[str, str] = {"over": "organisations.expired", "soon": "organisations.expires_in"}
_PLAIN_STAGES: Mapping[str, str] = {"later": "organisations.not_yet", "good": "organisations.good"}


def _papers(of: Asking, papers: Iterable[Paper]) -> str:
    """Licences by activity, agreements by number, each with how it stands; a line each."""
    lines = []
    for one in papers:
        paper, t = one.paper, of.visit.t
        name = t(f"activity.{paper.activity}") if isinstance(paper, Licence) else paper.number
        stage = t(_STAGES[one.stage], n=abs(one.days)) if one.stage in _STAGES else t(_PLAIN_STAGES[one.stage])
        lines.append(f"{name} {stage}")
    return "\n".join(lines)


def _organisations(of: Asking) -> Rows:
    visit = of.visit
    # What is looked for stands in the page's address under a name of its own, of up to a hundred signs.
    for body in found_bodies(of.directory, visit.request.query_params.get("find", "")[:100]):
        row = row_of(visit, of.directory, body)
        ownership = visit.t(f"ownership.{body.ownership}")
        yield (
            {
                "code": body.code,
                "name": of.name(body),
                "ownership": f"{ownership} {visit.t('organisations.overseas')}" if body.overseas else ownership,
                "licences": _papers(of, row.licences),
                "agreements": _papers(of, row.agreements),
            },
            0,
            -1,
        )


LISTS: Mapping[str, Listing] = {
    "meetings": Listing(
        {
            "matter": "business.number",
            "level": "report.col.level",
            "state": "business.status",
            "leads": "meeting.col.leads",
            "venue": "ask.venue",
            "at": "ask.starts_at",
            "people": "meeting.people",
            "papers": "meeting.papers",
            "out": "meeting.out",
        },
        _meetings,
        ("show",),
        frozenset({"people", "papers", "out"}),
    ),
    "production": Listing(
        {
            "order": "production.order",
            "number": "report.col.number",
            "copies_of": "report.col.copies",
            "level": "report.col.level",
            "title": "report.col.title",
            "unit": "report.col.unit",
            "approved": "production.approved",
            "registered": "lstate.production.registered",
            "spoiled": "production.spoiled",
            "cancelled": "production.cancelled",
            "open": "production.open",
            "state": "business.status",
            "due": "report.col.due",
        },
        _production,
        ("show",),
        frozenset({"approved", "registered", "spoiled", "cancelled", "open"}),
    ),
    "disclosures": Listing(
        {
            "matter": "business.number",
            "what": "ask.disclosure_review.what",
            "title": "ask.piece_title",
            "authors": "ask.authors",
            "outlet": "ask.outlet",
            "due": "ask.intended_on",
            "state": "business.status",
        },
        _disclosures,
        ("status", "what", "mine"),
    ),
    "organisations": Listing(
        {
            "code": "ask.code",
            "name": "organisations.name",
            "ownership": "ask.ownership",
            "licences": "organisations.licences",
            "agreements": "organisations.agreements",
        },
        _organisations,
    ),
}
_P = Permission


@router.get("/meetings.xlsx")
def meetings(visit: Visit = Depends(needs(_P.SEE_CARRIERS))) -> Response:
    """The meetings, by the filter of their page."""
    return exported(visit, "meetings", LISTS["meetings"])


@router.get("/production.xlsx")
def production(visit: Visit = Depends(needs(_P.SEE_REPORTS))) -> Response:
    """The production orders with their accounts."""
    return exported(visit, "production", LISTS["production"])


@router.get("/disclosures.xlsx")
def disclosures(visit: Visit = Depends(needs(_P.TAKE_PART))) -> Response:
    """The disclosure reviews, by the filters of their page."""
    return exported(visit, "disclosures", LISTS["disclosures"])


@router.get("/organisations.xlsx")
def organisations(visit: Visit = Depends(needs(_P.LICENSE, _P.SEE_PLACES))) -> Response:
    """The other bodies with their papers."""
    return exported(visit, "organisations", LISTS["organisations"])
