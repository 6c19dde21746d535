"""Sheets of labels to cut: places, so that a sweep starts by scanning one; carriers, by number and copy; the seats of a
meeting, for the hand-out. A code and the same in writing; never a title. Each print is on record (clause 7).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Depends, Query
from starlette.responses import RedirectResponse, Response

from api import store
from api.forms import Code, Mark, qr_code
from api.web.exports import ban_signed
from api.web.meetings.showing import shown as meeting_shown
from api.web.printing.pages import OPEN_SECONDS, PARTS_MAX
from api.web.render import render, url
from api.web.visit import Form, Visit, needs, posted
from custody.access import Permission
from custody.register import Directory
from custody.rules import NotFound
from custody.store import queries
from custody.store.queries import CarrierFilter
from custody.store.queries.paging import KeyInvalid
from custody.values import SECOND, Period, Place

router = APIRouter(include_in_schema=False)
signed_in = needs(Permission.TAKE_PART)
LABELS_MAX = 120
"""On one print: five sheets of twenty-four; what is more is the next print."""
KINDS: Mapping[str, Permission] = {
    "places": Permission.SEE_PLACES,
    "carriers": Permission.KEEP,
    "seats": Permission.HOLD_MEETINGS,
}
"""What labels are printed of, and who prints them."""


@dataclass(frozen=True, slots=True)
class Label:
    """One label: the code drawn, the same in writing, and a line beneath it."""

    text: str
    code: Code
    below: str
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """What labels are printed of. `query`: its address; `after`: where the next print goes on."""

    kind: str
    of: str
    back: str
    query: Mapping[str, str]
    labels: tuple[Label, ...]
    after: str = ""
    carriers: tuple[int, ...] = ()


def _label(text: str, below: str, mark: Mark | None = None) -> Label:
    return Label(text, qr_code(text), below, mark)


def _under(directory: Directory, place: Place) -> list[Place]:
    """A place and everything in it, each behind what it stands in."""
    within = sorted((one for one in directory.places.values() if one.parent == place.id), key=lambda one: one.code)
    return [place, *(deeper for one in within for deeper in _under(directory, one))]


def _name(visit: Visit, place: Place) -> str:
    return place.name_en if visit.language == "en" and place.name_en else place.name


def _asked(visit: Visit, name: str) -> int:
    text = visit.request.query_params.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise NotFound
    return int(text)


def _place(visit: Visit, directory: Directory) -> Place:
    found = directory.places.get(_asked(visit, "place"))
    if found is None:
        raise NotFound
    return found


def _places(visit: Visit) -> Sheet:
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
    place = _place(visit, directory)
    first = _first(visit)
    below = _under(directory, place)
    labels = tuple(_label(one.code, _name(visit, one)) for one in below[first : first + LABELS_MAX])
    of = f"{place.code} {_name(visit, place)}"
    query = {"place": str(place.id)} | ({"after": str(first)} if first else {})
    return Sheet("places", of, f"/places/{place.id}", query, labels, _next(first, len(below)))


def _first(visit: Visit) -> int:
    return _asked(visit, "after") if "after" in visit.request.query_params else 0


def _next(first: int, total: int) -> str:
    return str(first + LABELS_MAX) if first + LABELS_MAX < total else ""


def _carriers(visit: Visit) -> Sheet:
    after = visit.request.query_params.get("after") or None
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        place = _place(visit, directory)
        asked = CarrierFilter(place=place.id)
        try:
            page = queries.carriers(connection, visit.subject, asked, after, limit=LABELS_MAX)
        except KeyInvalid as damaged:
            raise NotFound from damaged
    labels = tuple(
        _label(
            f"{item.control_number}/{item.copy_number}",
            visit.t("labels.copy", n=item.copy_number, of=item.copies),
            Mark(item.level, item.period, ""),
        )
        for item in page.items
    )
    query = {"place": str(place.id)} | ({"after": after} if after else {})
    of = f"{place.code} {_name(visit, place)}"
    ids = tuple(item.id for item in page.items)
    return Sheet("carriers", of, f"/places/{place.id}", query, labels, page.after or "", ids)


def _seats(visit: Visit) -> Sheet:
    meeting = meeting_shown(visit, _asked(visit, "meeting"))
    first = _first(visit)
    labels = tuple(_label(f"@{seat.seat}", seat.name) for seat in meeting.seats[first : first + LABELS_MAX])
    number = meeting.matter.id
    query = {"meeting": str(number)} | ({"after": str(first)} if first else {})
    after = _next(first, len(meeting.seats))
    return Sheet("seats", meeting.matter.number, f"/meetings/{number}/papers", query, labels, after)


SHEETS: Mapping[str, Callable[[Visit], Sheet]] = {"places": _places, "carriers": _carriers, "seats": _seats}


def _sheet(visit: Visit, kind: str) -> Sheet:
    if kind not in SHEETS or not visit.may(KINDS[kind]):
        raise NotFound
    return SHEETS[kind](visit)


@router.get("/labels/{kind}")
def labels_page(
    kind: str, made: int | None = Query(None, alias="print", ge=1, le=PARTS_MAX), visit: Visit = Depends(signed_in)
) -> Response:
    """The sheet as it will be printed; or, with `print`, the logged print itself. Raises NotFound."""
    sheet = _sheet(visit, kind)
    current = None
    if made is not None:
        with visit.reading() as connection:
            logged = store.export_of(connection, made)
        current = logged if logged is not None and _same(visit, sheet, logged) else None
    visit.shows(*sheet.carriers, how="form", detail=f"labels {kind}")
    return render(
        visit,
        "forms/labels.html",
        sheet=sheet,
        printed=current,
        closed=made is not None and current is None,
        plain=Period("none"),
    )


def _same(visit: Visit, sheet: Sheet, logged: store.Export) -> bool:
    """Whether a print on record is this visitor's, of just now, and of the same labels."""
    mine = (logged.name, logged.person) == (f"labels_{sheet.kind}", visit.subject.person)
    young = 0 <= visit.now - logged.at <= OPEN_SECONDS * SECOND
    return mine and young and json.loads(logged.filters) == sheet.query


@router.post("/labels/{kind}")
def print_labels(kind: str, visit: Visit = Depends(signed_in), form: Form = Depends(posted)) -> Response:
    """Log a print of labels, then show it. Raises Refused, NotFound."""
    ban_signed(visit)
    sheet = _sheet(visit, kind)
    filters = json.dumps(dict(sheet.query), sort_keys=True)
    with visit.services.database.writing() as connection:
        person, rows = visit.subject.person, len(sheet.labels)
        made = store.log_export(connection, person, visit.now, f"labels_{kind}", filters, rows)
    visit.shows(*sheet.carriers, how="print", detail=f"labels {kind} {made}")
    return RedirectResponse(url(f"/labels/{kind}", **sheet.query, print=made), status_code=303)
