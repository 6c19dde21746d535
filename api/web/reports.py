"""Reports: what is overdue, by person and unit; and every list as a workbook, each export logged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.managing import PERIODS, figures_of, swept_report
from api.reports import Asked, carriers_flowing, loans_due, read_report
from api.web import carriers as carrier_pages
from api.web import findings_asked as finding_pages
from api.web import today as today_pages
from api.web.carriers import whole
from api.web.charts import shares
from api.web.exports import ban_signed, given, logged, write_for, written
from api.web.made import AT_ONCE_ROWS, Told, begin
from api.web.paper_foot import paper_foot
from api.web.render import render, url
from api.web.visit import Visit, needs
from api.web.words import days_over
from custody import clock
from custody.access import Permission
from custody.register import Directory
from custody.store import queries
from custody.store.queries import CarrierItem
from custody.values import Person, Unit

router = APIRouter(include_in_schema=False)
reads = needs(Permission.SEE_REPORTS)
SHOWN_MAX = 500
"""Loans drawn on the page; the workbook has them all."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A person's loans that are overdue, the longest first."""

    person: Person | None
    unit: Unit | None
    loans: tuple[tuple[CarrierItem, int], ...]
    """With the days over."""

    @property
    def longest(self) -> int:
        """Days over of the one longest out."""
        return max((days for _, days in self.loans), default=0)


def holders_of(visit: Visit, items: list[CarrierItem], directory: Directory) -> list[Holder]:
    """The loans by person: who has kept one longest comes first."""
    zone = visit.services.scheme.timezone
    grouped: dict[int, list[tuple[CarrierItem, int]]] = {}
    for item in items:
        over = days_over(item.due_at, visit.now, zone) if item.due_at is not None else 0
        grouped.setdefault(item.holder or 0, []).append((item, over))
    found = []
    for holder, loans in grouped.items():
        person = directory.persons.get(holder)
        found.append(Holder(person, directory.units.get(person.unit) if person and person.unit else None, tuple(loans)))
    return sorted(found, key=lambda one: -one.longest)


def units_of(holders: list[Holder]) -> list[tuple[Unit, int, int, int]]:
    """Units with persons, loans and the longest, the longest first."""
    found: dict[int, tuple[Unit, int, int, int]] = {}
    for holder in holders:
        if holder.unit is None:
            continue
        unit, persons, loans, longest = found.get(holder.unit.id, (holder.unit, 0, 0, 0))
        longest = max(longest, holder.longest)
        found[holder.unit.id] = (unit, persons + 1, loans + len(holder.loans), longest)
    return sorted(found.values(), key=lambda one: (-one[3], one[0].code))


def overdue_asked(visit: Visit) -> Asked:
    """What an address of the overdue report asks for."""
    params = visit.request.query_params
    said = {name: params[name] for name in ("unit", "person", "due") if params.get(name)}
    night = clock.end_of_day(visit.day, visit.services.scheme.timezone)
    return Asked(
        unit=whole(params.get("unit")),
        person=whole(params.get("person")),
        due_before=night + 1 if params.get("due") == "today" else None,
        titles=not visit.titles_hidden,
        said=said,
    )


@router.get("/reports")
def reports_page(visit: Visit = Depends(reads)) -> Response:
    """Which reports there are."""
    return render(visit, "reports/list.html")


@router.get("/reports/overdue")
def overdue_page(visit: Visit = Depends(reads)) -> Response:
    """What is overdue, by person and unit, the longest first."""
    asked = overdue_asked(visit)
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        items = []
        foot = paper_foot(connection, visit)
        for item in loans_due(connection, visit.subject, visit.now, asked, directory):
            items.append(item)
            if len(items) > SHOWN_MAX:
                break
    holders = holders_of(visit, items[:SHOWN_MAX], directory)
    return render(
        visit,
        "reports/overdue.html",
        holders=holders,
        units=units_of(holders),
        total=min(len(items), SHOWN_MAX),
        cut=len(items) > SHOWN_MAX,
        asked=asked,
        directory=directory,
        excel=url("/reports/overdue.xlsx", **asked.said),
        foot=foot,
    )


def export(visit: Visit, name: str, asked: Asked, filters: Mapping[str, str], *, at_once: bool = False) -> Response:
    """The workbook, after the export is logged: nothing goes out that is not on record. Raises Refused."""
    ban_signed(visit)
    services = visit.services
    with visit.reading() as connection:
        report = read_report(name, connection, visit.subject, services.scheme, visit.now, visit.language, asked)
    return given(visit, report, filters, asked.said, at_once=at_once)


@router.get("/reports/swept")
def swept_page(visit: Visit = Depends(reads)) -> Response:
    """How much of each room was swept within the time, and when last."""
    asked = today_pages.asked(visit)
    figures = figures_of(today_pages.viewer_of(visit), asked)
    with visit.reading() as connection:
        foot = paper_foot(connection, visit)
    bars = shares([(room.swept, room.places) for room in figures.rooms], whole=96.0)
    said = visit.t(
        "today.swept_said",
        n=sum(room.swept for room in figures.rooms),
        of=sum(room.places for room in figures.rooms),
        never=sum(room.last_at is None for room in figures.rooms),
    )
    return render(
        visit,
        "reports/swept.html",
        asked=asked,
        rooms=list(zip(figures.rooms, bars, strict=True)),
        said=said,
        periods=tuple(PERIODS),
        directory=figures.directory,
        excel=url("/reports/swept.xlsx", **asked.said),
        foot=foot,
    )


@router.get("/reports/swept.xlsx")
def swept_workbook(visit: Visit = Depends(reads)) -> Response:
    """The same as a workbook."""
    ban_signed(visit)
    asked, viewer = today_pages.asked(visit), today_pages.viewer_of(visit)
    return given(visit, swept_report(viewer, figures_of(viewer, asked)), asked.said)


@router.get("/reports/overdue.xlsx")
def overdue_workbook(visit: Visit = Depends(reads)) -> Response:
    """The overdue report as a workbook."""
    asked = overdue_asked(visit)
    return export(visit, "overdue", asked, asked.said)


@router.get("/reports/carriers.xlsx")
def carriers_workbook(visit: Visit = Depends(reads)) -> Response:
    """The list of carriers with the page's own columns and filters. The words of a search stay in the session."""
    page = carrier_pages.asked_of(visit)
    said, services = dict(page.values), visit.services
    asked = Asked(
        carriers=page.filter,
        columns=page.columns,
        titles=not visit.titles_hidden,
        said=said,
        order=page.order.key,
        falling=page.order.falling,
    )
    ban_signed(visit)

    def write(out: BinaryIO, told: Told) -> tuple[int, Sequence[int]]:
        with visit.reading() as connection:
            report = carriers_flowing(connection, visit.subject, services.scheme, visit.now, visit.language, asked)
            assert report.flow is not None
            return write_for(visit, report, said, out, told), report.flow.carriers

    with visit.reading() as connection:
        found = queries.carriers(connection, visit.subject, asked.carriers, limit=1)
        if found.total > AT_ONCE_ROWS:
            return begin(visit, "carriers", said, write)
        report = carriers_flowing(connection, visit.subject, services.scheme, visit.now, visit.language, asked)
        made = written(visit, report, said)
    return logged(visit, report, made, said)


@router.get("/reports/findings.xlsx")
def findings_workbook(visit: Visit = Depends(reads)) -> Response:
    """The list of findings with the page's own filters; of those who may not see findings it is empty."""
    page = finding_pages.asked_of(visit)
    said = dict(page.values)
    return export(visit, "findings", Asked(findings=page.filter, said=said), said)


@router.get("/reports/round.xlsx")
def round_workbook(round: str = "", visit: Visit = Depends(reads)) -> Response:
    """A sweep's report: every carrier in its bucket."""
    said = {"round": round}
    return export(visit, "round", Asked(round=round, said=said), said)
