"""How the seats of a venue stand: rows from the front, a gap where nobody sits. Kept with the venue, for every meeting
held there; the board draws it. Where nothing is laid out the seats stand around a table.
"""

import re

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.seat_plans import SeatRows, keep_seat_plan
from api.web.meetings.pages import names_of
from api.web.meetings.showing import shown
from api.web.render import render
from api.web.visit import Form, Visit, needs, posted
from custody.access import Permission

router = APIRouter(include_in_schema=False)
secretary = needs(Permission.HOLD_MEETINGS)
ROWS_MAX, COLUMNS_MAX = 10, 16
GAP = "-"
_SEAT = re.compile(r"[^\s<>]{1,12}")


def read_rows(text: str) -> SeatRows:
    """Rows as they are written: a line a row, seats parted by blanks, a dash for a gap. Raises ValueError."""
    rows = [line.split() for line in text.replace("，", " ").replace(",", " ").splitlines() if line.strip()]
    if len(rows) > ROWS_MAX or any(len(row) > COLUMNS_MAX for row in rows):
        raise ValueError("too_large")
    seats = [seat for row in rows for seat in row if seat != GAP]
    if any(_SEAT.fullmatch(seat) is None for seat in seats):
        raise ValueError("unfit")
    if len(set(seats)) < len(seats):
        raise ValueError("twice")
    return tuple(tuple("" if seat == GAP else seat for seat in row) for row in rows)


def as_text(rows: SeatRows) -> str:
    """The same, written."""
    return "\n".join(" ".join(seat or GAP for seat in row) for row in rows)


def counted(rows: int, columns: int) -> SeatRows:
    """So many rows of so many seats, numbered from the front and the left."""
    return tuple(tuple(str(row * columns + column + 1) for column in range(columns)) for row in range(rows))


def _page(visit: Visit, identifier: int, text: str | None = None, wrong: str = "", field: str = "seats") -> Response:
    found = shown(visit, identifier)
    said = [visit.error(field, f"seating.{wrong}", rows=ROWS_MAX, columns=COLUMNS_MAX)] if wrong else []
    return render(
        visit,
        "meetings/seating.html",
        errors=tuple(said),
        **names_of(visit, found, "attendees"),
        text=as_text(found.plan) if text is None else text,
        rows_max=ROWS_MAX,
        columns_max=COLUMNS_MAX,
    )


@router.get("/meetings/{identifier}/seating")
def seating_page(identifier: int, visit: Visit = Depends(secretary)) -> Response:
    """The rows as they are kept."""
    return _page(visit, identifier)


@router.post("/meetings/{identifier}/seating")
def lay_out(identifier: int, visit: Visit = Depends(secretary), form: Form = Depends(posted)) -> Response:
    """Keep the rows, or write down so many rows of so many seats to go on from. Raises NotFound."""
    if form.text("do") == "count":
        rows, columns = form.number("rows") or 0, form.number("columns") or 0
        if not (1 <= rows <= ROWS_MAX and 1 <= columns <= COLUMNS_MAX):
            return _page(visit, identifier, form.text("seats"), "too_large", "rows")
        return _page(visit, identifier, as_text(counted(rows, columns)))
    meeting = shown(visit, identifier)
    try:
        laid = read_rows(form.text("seats"))
    except ValueError as wrong:
        return _page(visit, identifier, form.text("seats"), str(wrong))
    with visit.services.database.writing() as connection:
        keep_seat_plan(connection, meeting.body.venue, laid)
    visit.services.books_changed()
    return RedirectResponse(f"/meetings/{identifier}/board?view=seats", status_code=303)
