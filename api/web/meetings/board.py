"""The board: read from three metres, live, numbers only; and the count by forms alone, where there is no script."""

from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.acts.codes import split_codes
from api.acts.meeting_count import Scan, count, undo
from api.web.meetings.pages import names_of, sees
from api.web.meetings.showing import HEARD_MAX, Shown, the_meeting
from api.web.meetings.showing import shown as meeting_shown
from api.web.render import render
from api.web.visit import Form, Visit, needs, posted
from custody.access import Permission
from custody.rules import Refused

router = APIRouter(include_in_schema=False)
secretary = needs(Permission.HOLD_MEETINGS)
OUTCOMES = (
    *("counted", "repeated", "spare", "gone", "stranger", "ambiguous", "unknown", "pages", "refused"),
    *("undone", "nothing_to_undo", "waiting"),
)
"""What the band of the last scan may say: the last part of `meeting.last.<outcome>`."""
LOOKS = {
    "counted": ("ok", "ok"),
    "repeated": ("mute", "ok"),
    "spare": ("mute", "doc"),
    "gone": ("odd", "out"),
    "stranger": ("odd", "swap"),
    "ambiguous": ("due", "ask"),
    "unknown": ("due", "ask"),
    "pages": ("due", "doc"),
    "refused": ("bad", "alert"),
    "undone": ("mute", "undo"),
    "nothing_to_undo": ("mute", "undo"),
    "waiting": ("idle", "wave"),
}
MANY = 8
"""With more than so many who still have papers, the list in the middle is drawn small."""


def _names(visit: Visit, identifier: int) -> dict[str, Any]:
    found = meeting_shown(visit, identifier, radio=True)
    names = names_of(visit, found, "board", "count", "count_undo", "settle", "take_over")
    last = visit.request.query_params.get("last", "waiting")
    return names | {
        "as_list": visit.request.query_params.get("view") == "list" or not (found.frame or found.plan),
        "many": len(found.owing) > MANY,
        "asked_radio": 0 < found.out <= HEARD_MAX,
        "leads": visit.subject.person == found.body.in_charge,
        "wall": visit.request.query_params.get("screen") == "full",
        "elapsed": _elapsed(found, visit),
        "last": last if last in OUTCOMES else "waiting",
        "outcomes": OUTCOMES,
        "looks": LOOKS,
    }


def _elapsed(found: Shown, visit: Visit) -> int | None:
    """Microseconds since the session ended; None while it lasts."""
    ended = found.body.ended_at
    return None if ended is None else max(0, (found.body.settled_at or visit.now) - ended)


@router.get("/meetings/{identifier}/board")
def board(identifier: int, visit: Visit = Depends(sees)) -> Response:
    """The board and the scan box."""
    return render(visit, "meetings/board.html", **_names(visit, identifier))


@router.get("/meetings/{identifier}/board/state")
def board_state(identifier: int, visit: Visit = Depends(sees)) -> Response:
    """The part of the board that changes: whole counters, never differences."""
    return render(visit, "meetings/_state.html", **_names(visit, identifier))


@router.post("/meetings/{identifier}/count")
def count_form(identifier: int, visit: Visit = Depends(secretary), form: Form = Depends(posted)) -> Response:
    """Scans by the form alone."""
    ground = the_meeting(visit, identifier)
    pages = form.number("pages")
    scans = [Scan(str(n), code, pages) for n, code in enumerate(split_codes(form.text("scan")))]
    found = count(visit.services, visit.subject, ground.the_matter, scans)
    last = found[-1].outcome if found else "waiting"
    return RedirectResponse(f"/meetings/{identifier}/board?last={last}", status_code=303)


@router.post("/meetings/{identifier}/undo")
def undo_form(identifier: int, visit: Visit = Depends(secretary), form: Form = Depends(posted)) -> Response:
    """Take back the newest count by the form alone."""
    ground = the_meeting(visit, identifier)
    try:
        found = undo(visit.services, visit.subject, ground.the_matter)
        last = "undone" if found else "nothing_to_undo"
    except Refused:
        last = "refused"
    return RedirectResponse(f"/meetings/{identifier}/board?last={last}", status_code=303)
