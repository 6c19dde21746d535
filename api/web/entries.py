"""The register of entry: who is in now, who was in when, one sheet a day and place (clause j.1, rules 4, 5, 9)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api import store
from api.acts import act_named
from api.acts.wording import matter_words
from api.forms import Cell, Column, Paper, cell_lines
from api.reports import Report
from api.web.carriers import whole
from api.web.exports import ban_signed, given
from api.web.render import render, url
from api.web.visit import Form, Visit, needs, posted
from custody import clock
from custody.access import Permission
from custody.classification import is_day
from custody.matters import Matter
from custody.matters.entry import Entrant
from custody.matters.entry import Visit as Entry
from custody.register import Directory
from custody.rules import NotFound
from custody.store.queries import Page
from custody.store.queries.paging import KeyInvalid
from custody.store.queries.visits import VisitFilter, every_visit, find_visits, visits
from custody.values import DAY, SECOND, Place

router = APIRouter(include_in_schema=False)
admits = needs(Permission.ADMIT)
PAGE = 50
FOUND_MAX = 200
ROWS_MAX = 20_000
INSIDE_MAX = 500
SHEET_OPEN_SECONDS = 600
"""So long a logged print of a sheet can be sent to the printer."""


@dataclass(frozen=True, slots=True)
class Row:
    """One who went in: his line of the register. `late`: still in after the end of the day."""

    matter: Matter
    number: int
    entrant: Entrant
    late: bool = False

    @property
    def body(self) -> Entry:
        """What the sheet of his visit says."""
        body: Entry = self.matter.body
        return body


def rows_of(matters: Iterable[Matter], now: int, *, inside: bool = False) -> list[Row]:
    """A line for everybody who went in; `inside`: for those only who are still in."""
    return [
        Row(matter, number, one, one.inside and matter.body.until < now)
        for matter in matters
        for number, one in enumerate(matter.body.entrants, 1)
        if one.inside or not inside
    ]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address of the register asks for."""

    filter: VisitFilter
    place: Place | None
    day: str

    @property
    def said(self) -> dict[str, str]:
        """The same as words of an address, and for the log."""
        named = {"place": str(self.place.id) if self.place else "", "day": self.day}
        return {name: value for name, value in named.items() if value}


def asked_of(visit: Visit, directory: Directory) -> Asked:
    """Place and day of an address; what names nothing is left out."""
    params = visit.request.query_params
    place = directory.places.get(whole(params.get("place")) or 0)
    day = params.get("day", "")
    day = day if is_day(day) else ""
    end = clock.end_of_day(day, visit.services.scheme.timezone) if day else None
    found = VisitFilter(
        place=place.id if place else None,
        from_at=None if end is None else end - DAY + 1,
        before_at=None if end is None else end + 1,
    )
    return Asked(found, place, day)


def rated(visit: Visit, directory: Directory) -> list[Place]:
    """Rooms and what is around them that are rated for state secrets: what the register is mostly asked about."""
    secret = {level.code for level in visit.services.scheme.levels if level.rank > 0}
    found = (one for one in directory.places.values() if one.kind in ("site", "building", "room"))
    return sorted((one for one in found if directory.rating(one.id) in secret), key=lambda one: one.code)


def _page(visit: Visit, text: str = "") -> Response:
    params = visit.request.query_params
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        asked = asked_of(visit, directory)
        now_in = every_visit(connection, visit.subject, VisitFilter(inside_only=True), INSIDE_MAX)
        more = False
        try:
            if text:
                found, more = find_visits(connection, visit.subject, text, asked.filter, FOUND_MAX)
                page: Page[Matter] = Page(tuple(found), total=len(found))
            else:
                before, after = params.get("before"), params.get("after")
                page = visits(connection, visit.subject, asked.filter, after, before, PAGE)
        except KeyInvalid as damaged:
            raise NotFound from damaged
    first = params.get("first", "")
    return render(
        visit,
        "entry/register.html",
        inside=rows_of(now_in, visit.now, inside=True),
        rows=rows_of(page.items, visit.now),
        page=page,
        first=int(first) if first.isascii() and first.isdecimal() and len(first) <= 9 else 1,
        page_size=PAGE,
        asked=asked,
        searched=text,
        cut=more,
        places=rated(visit, directory),
        begins=[one for key in ("visit", "cleaning") if (one := act_named("house", key)) is not None],
        begin_words=lambda key: matter_words(f"{key}.new", visit.t),
        kind_words=lambda kind: matter_words(kind, visit.t),
        directory=directory,
        excel=url("/entries.xlsx", **asked.said),
        sheet=url("/entries/sheet", **asked.said) if asked.place else "",
    )


@router.get("/entries")
def register(visit: Visit = Depends(admits)) -> Response:
    """Who is in now, and the register, the newest first."""
    return _page(visit)


@router.post("/entries")
def search(visit: Visit = Depends(admits), form: Form = Depends(posted)) -> Response:
    """The register, by a name, body or document, which never stand in an address."""
    return _page(visit, form.text("text")[:100])


_COLUMNS = (
    "act_number", "kind_of_entry", "place", "visitor", "body", "document", "purpose", "escort", "phone", "entered",
    "left",
)  # fmt: skip


def _phone(visit: Visit, one: Entrant) -> str:
    return visit.t("entry.locker", locker=one.visitor.locker) if one.visitor.locker else visit.t("entry.no_phone")


def _why(visit: Visit, body: Entry) -> str:
    return body.purpose or visit.t(f"ask.work.{body.work}")


def _names(visit: Visit, directory: Directory, persons: Iterable[int]) -> str:
    english = visit.language == "en"
    known = [directory.persons[one] for one in persons if one in directory.persons]
    return visit.t("entry.then").join((one.name_en or one.name) if english else one.name for one in known)


def _at(visit: Visit, at: int | None) -> str:
    zone = visit.services.scheme.timezone
    return "" if at is None else clock.moment(at, zone).strftime("%Y-%m-%d %H:%M")


@router.get("/entries.xlsx")
def workbook(visit: Visit = Depends(admits)) -> Response:
    """The register as a workbook, with the filters of the page."""
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        asked = asked_of(visit, directory)
        found = every_visit(connection, visit.subject, asked.filter, ROWS_MAX + 1)
    rows = [
        {
            "act_number": row.matter.number,
            "kind_of_entry": matter_words(row.matter.kind, visit.t),
            "place": directory.places[row.body.place].code,
            "visitor": row.entrant.visitor.name,
            "body": row.entrant.visitor.body,
            "document": row.entrant.visitor.document,
            "purpose": _why(visit, row.body),
            "escort": _names(visit, directory, row.body.escorts),
            "phone": _phone(visit, row.entrant),
            "entered": _at(visit, row.entrant.entered_at),
            "left": _at(visit, row.entrant.left_at),
        }
        for row in rows_of(found[:ROWS_MAX], visit.now)
    ]
    return given(visit, Report("entries", _COLUMNS, rows, len(found) > ROWS_MAX, -1), asked.said)


# The sheet of a day and a place, on paper.


def _sheet(visit: Visit) -> tuple[Asked, Paper]:
    """The day and place of an address, and their sheet. Raises NotFound without a place."""
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        asked = asked_of(visit, directory)
        if asked.place is None:
            raise NotFound
        day = asked.day or visit.day
        end = clock.end_of_day(day, visit.services.scheme.timezone)
        of_day = VisitFilter(asked.place.id, end - DAY + 1, end + 1)
        found = every_visit(connection, visit.subject, of_day, ROWS_MAX)
    t, place = visit.t, asked.place
    rows = tuple(_line(visit, directory, at, row) for at, row in enumerate(rows_of(found, visit.now), 1))
    keeper = directory.keeper(place.id)
    paper = Paper(
        size="A4",
        heading=t("entry.sheet_title"),
        cells=(
            Cell(t("entry.place"), f"{place.code} {place.name_en if visit.language == 'en' else place.name}".strip()),
            Cell(t("entry.form.day"), day),
            Cell(t("places.responsible"), _names(visit, directory, (keeper,) if keeper else ())),
            Cell(t("entry.phones"), t("entry.declared")),
        ),
        columns=tuple(
            Column(label, kind)
            for label, kind in (
                (t("forms.col.line"), "num"),
                (t("entry.who"), ""),
                (t("entry.body"), ""),
                (t("entry.document"), ""),
                (t("entry.why"), "details"),
                (t("ask.escort"), ""),
                (t("entry.phone"), ""),
                (t("entry.in"), ""),
                (t("entry.out"), ""),
            )
        ),
        rows=rows,
        duties=(t("entry.form.duty.phone"), t("entry.form.duty.escort")),
        number=f"{place.code} {day}",
        office=_office(visit),
    )
    return Asked(of_day, place, day), paper


def _office(visit: Visit) -> str:
    scheme = visit.services.scheme
    organisation = scheme.organisation_zh if visit.language == "zh" else scheme.organisation_en
    return visit.t("forms.office", organisation=organisation)


def _line(visit: Visit, directory: Directory, at: int, row: Row) -> tuple[str, ...]:
    zone = visit.services.scheme.timezone

    def time(instant: int | None) -> str:
        return "" if instant is None else clock.moment(instant, zone).strftime("%H:%M")

    one = row.entrant
    return (
        str(at),
        one.visitor.name,
        one.visitor.body,
        one.visitor.document,
        _why(visit, row.body),
        _names(visit, directory, row.body.escorts),
        _phone(visit, one),
        time(one.entered_at),
        time(one.left_at),
    )


@router.get("/entries/sheet")
def sheet(visit: Visit = Depends(admits)) -> Response:
    """The sheet as it will be printed; or, just logged, the print itself."""
    asked, paper = _sheet(visit)
    made = whole(visit.request.query_params.get("print"))
    with visit.reading() as connection:
        logged = None if made is None else store.export_of(connection, made)
    same = logged is not None and (logged.name, logged.person) == ("entries_sheet", visit.subject.person)
    same = same and logged is not None and json.loads(logged.filters) == asked.said
    fresh = same and logged is not None and 0 <= visit.now - logged.at <= SHEET_OPEN_SECONDS * SECOND
    return render(
        visit,
        "entry/sheet.html",
        paper=paper,
        lines=cell_lines(paper.cells),
        asked=asked,
        back=url("/entries", **asked.said),
        made=made,
        printed=_at(visit, logged.at) if fresh and logged is not None else "",
    )


@router.post("/entries/sheet")
def print_sheet(visit: Visit = Depends(admits), form: Form = Depends(posted)) -> Response:
    """Log the print, then show it with the name of who made it. Raises Refused, NotFound."""
    ban_signed(visit)
    asked, paper = _sheet(visit)
    filters = json.dumps(asked.said, ensure_ascii=False, sort_keys=True)
    with visit.services.database.writing() as connection:
        made = store.log_export(connection, visit.subject.person, visit.now, "entries_sheet", filters, len(paper.rows))
    return RedirectResponse(url("/entries/sheet", **asked.said, print=made), status_code=303)
