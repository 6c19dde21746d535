"""How often each clause refused, found, reminded and recorded, and the cases behind each count.

Everything is of what the visitor may see. The three administrators see no business data, and so no counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.locale import blanks, texts
from api.store import Connection
from api.web.carriers import whole
from api.web.findings import subject_line
from api.web.render import render, url
from api.web.visit import Visit, needs
from custody import clock
from custody.access import Permission, Subject
from custody.entries import CarrierFact, Entry, matter_of
from custody.procedures.recording import quoted_as, recorded_for
from custody.regulations import BY_ID, CLAUSES, Clause, MeansKind
from custody.rules import NotFound
from custody.store import queries
from custody.store.queries import CarrierItem, Page
from custody.store.queries.cases import (
    Count,
    Period,
    RefusedCase,
    recorded_cases,
    recorded_counts,
    refused_cases,
    refused_counts,
    sum_of,
)
from custody.store.queries.paging import KeyInvalid
from reconcile.checks import KINDS
from reconcile.checks.clauses import BY_ROUTE, kinds_under, matters_under
from reconcile.reminders import REMINDERS
from reconcile.store import notices
from reconcile.store.finding_counts import opened_counts
from reconcile.store.finding_queries import FindingFilter, findings

router = APIRouter(include_in_schema=False)
reads = needs(Permission.SEE_CARRIERS)
PAGE = 50
What = Literal["refused", "found", "reminded", "sent", "recorded"]
WHATS: tuple[What, ...] = get_args(What)
MEANS_OF: Mapping[What, MeansKind] = {
    "refused": "refuse",
    "found": "detect",
    "reminded": "remind",
    "sent": "remind",
    "recorded": "record",
}
"""What is counted -> the means that it is the use of. `sent`: reminders before anything is wrong."""
Counts = Mapping[What, Count]


@dataclass(frozen=True, slots=True)
class Span:
    """The period that an address asks for: this year, all, or from a day to a day (ISO, both inclusive)."""

    name: str
    period: Period
    first: str = ""
    last: str = ""

    @property
    def query(self) -> dict[str, str | None]:
        """Its values in an address; this year is the default."""
        if self.name == "span":
            return {"from": self.first or None, "to": self.last or None, "period": None}
        return {"period": None if self.name == "year" else self.name, "from": None, "to": None}


def _day(text: str | None) -> str:
    try:
        return date.fromisoformat(text or "").isoformat()
    except ValueError:
        return ""


def span_of(visit: Visit) -> Span:
    """The period of an address; a day that cannot be read is not asked."""
    params, zone = visit.request.query_params, visit.services.scheme.timezone
    first, last = _day(params.get("from")), _day(params.get("to"))
    if first or last:
        since = _begins(first, zone) if first else None
        return Span("span", Period(since, clock.end_of_day(last, zone) + 1 if last else None), first, last)
    if params.get("period") == "all":
        return Span("all", Period())
    return Span("year", Period(_begins(f"{visit.day[:4]}-01-01", zone)))


def _begins(day: str, zone: str) -> int:
    """The first instant of an ISO day."""
    before = date.fromordinal(max(date.fromisoformat(day).toordinal() - 1, 1))
    return clock.end_of_day(before.isoformat(), zone) + 1


def _reminders_under(clauses: frozenset[str]) -> frozenset[str]:
    return frozenset(one.kind for one in REMINDERS if one.clause in clauses)


def clause_counts(connection: Connection, subject: Subject, period: Period) -> dict[str, Counts]:
    """For every clause how often it did what it does, as far as the subject may see it."""
    refused = refused_counts(connection, subject, period)
    opened = opened_counts(connection, subject, period)
    sent = notices.reminder_counts(connection, subject, [one.kind for one in REMINDERS], period)
    kinds = frozenset(kind for clause in CLAUSES for kind in recorded_for(clause))
    recorded = recorded_counts(connection, subject, kinds, period)

    def found(clauses: frozenset[str], means: Literal["detect", "remind"]) -> int:
        kept, asked = kinds_under(clauses, means), matters_under(clauses, means)
        return sum(n for (kind, of), n in opened.items() if kind in kept or (kind == BY_ROUTE and of in asked))

    def of(clause: Clause) -> Counts:
        under = {what: quoted_as(clause, means) for what, means in MEANS_OF.items()}
        return {
            "refused": Count(sum(refused.get(one, 0) for one in under["refused"])),
            "found": Count(found(under["found"], "detect")),
            "reminded": Count(found(under["reminded"], "remind")),
            "sent": Count(sum(sent.get(kind, 0) for kind in _reminders_under(under["sent"]))),
            "recorded": sum_of([recorded[kind] for kind in recorded_for(clause)]),
        }

    return {clause.id: of(clause) for clause in CLAUSES}


def shown_counts(clause: Clause, counts: Counts) -> dict[What, Count]:
    """The counts that are shown of a clause: of the means that it has, and whatever there is besides."""
    has = {means.kind for means in clause.means}
    quiet: frozenset[What] = frozenset({"sent"})
    return {
        what: count for what, count in counts.items() if count.number or (MEANS_OF[what] in has and what not in quiet)
    }


@dataclass(frozen=True, slots=True)
class RecordedCase:
    """An entry, with what it is about as far as the visitor sees it."""

    entry: Entry
    carrier: CarrierItem | None
    matter: Any


def _recorded(connection: Connection, visit: Visit, entries: Sequence[Entry]) -> list[RecordedCase]:
    about = {e.sequence: e.fact.carrier for e in entries if isinstance(e.fact, CarrierFact)}
    carriers = queries.carriers_by_id(connection, visit.subject, about.values())
    named = {e.sequence: m for e in entries if (m := matter_of(e.fact)) is not None}
    matters = queries.matters_by_id(connection, visit.subject, list(named.values()))
    return [
        RecordedCase(one, carriers.get(about.get(one.sequence, 0)), matters.get(named.get(one.sequence, 0)))
        for one in entries
    ]


def _cases(connection: Connection, visit: Visit, clause: Clause, what: What, period: Period) -> Page[Any]:
    """A page of the cases behind a count, the newest first. Raises KeyInvalid."""
    params, subject = visit.request.query_params, visit.subject
    under = quoted_as(clause, MEANS_OF[what])
    turning = (params.get("after"), PAGE, params.get("before"))
    match what:
        case "refused":
            return refused_cases(connection, subject, under, period, *turning)
        case "recorded":
            return recorded_cases(connection, subject, recorded_for(clause), period, *turning)
        case "sent":
            return notices.reminded(connection, subject, _reminders_under(under), period, *turning)
        case "found" | "reminded":
            means: Literal["detect", "remind"] = "detect" if what == "found" else "remind"
            kept, asked = kinds_under(under, means), matters_under(under, means)
            wanted = FindingFilter(state="all", kinds=kept, approvals=asked, opened=period)
            return findings(connection, subject, wanted, *turning)


def _reasons(visit: Visit, refused: Sequence[RefusedCase]) -> dict[str, str]:
    """By code the words of its refusal, without what filled their blanks: that was not kept."""
    keys = {code: f"refusal.{code}" for one in refused for code in one.codes}
    words = texts(visit.language)
    return {code: visit.t(key, **dict.fromkeys(blanks(words.get(key, "")), "…")) for code, key in keys.items()}


@router.get("/regulations/cases")
def cases_page(clause: str = "", what: str = "", visit: Visit = Depends(reads)) -> Response:
    """The cases behind one count of one clause. Raises NotFound for a clause or count that there is not."""
    chosen = next((one for one in WHATS if one == what), None)
    row = BY_ID.get(clause)
    if row is None or chosen is None:
        raise NotFound
    span = span_of(visit)
    with visit.reading() as connection:
        try:
            page = _cases(connection, visit, row, chosen, span.period)
        except KeyInvalid as damaged:
            raise NotFound from damaged
        directory = visit.services.books.directory(connection)
        recorded = _recorded(connection, visit, page.items) if chosen == "recorded" else []
    return render(
        visit,
        "regulations/cases.html",
        clause=row,
        wording=row.wording_zh if visit.language == "zh" else row.wording_en,
        what=chosen,
        page=page,
        recorded=recorded,
        directory=directory,
        span_asked=span,
        kinds=KINDS,
        reasons=_reasons(visit, page.items) if chosen == "refused" else {},
        beside=[subject_line(visit, item) for item in page.items] if chosen in ("found", "reminded") else [],
        first=whole(visit.request.query_params.get("first")) or 1,
        page_size=PAGE,
        back=url("/regulations", **span.query) + f"#{row.id}",
    )
