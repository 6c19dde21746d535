"""The pages of a meeting. Acts are entered where all acts are (`/matters/{id}/…`), and lead back here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.acts import act_named
from api.acts.offering import Offer, offered
from api.acts.wording import act_words
from api.locale.sorting import by_name
from api.web.business.matters import look_of
from api.web.carriers import whole
from api.web.meetings.showing import Shown, shown
from api.web.meetings.sweeping import places_of
from api.web.render import render
from api.web.visit import Visit, needs
from custody.access import Permission
from custody.rules import NotFound
from custody.store import queries
from custody.store.queries import MatterFilter
from custody.store.queries.paging import KeyInvalid

router = APIRouter(include_in_schema=False)
sees = needs(Permission.SEE_CARRIERS)
PAGE = 50
STEPS = ("attendees", "papers", "board", "sweeps", "close")
BEGINS: Mapping[str, str] = {
    "draft": "attendees",
    "asked": "attendees",
    "approved": "attendees",
    "in_session": "papers",
    "counting": "board",
}
"""Where one goes on, by status; elsewhere to the end."""


@dataclass(frozen=True, slots=True)
class Button:
    """An act as a button of a page: with what stands against it, if it is offered at all."""

    key: str
    words: str
    icon: str
    offer: Offer | None

    @property
    def possible(self) -> bool:
        """Whether it may be entered now."""
        return self.offer is not None and not self.offer.refusals


def buttons(visit: Visit, meeting: Shown, *keys: str) -> dict[str, Button]:
    """Acts of the meeting by key, each with what stands against it."""
    found = {}
    for key in keys:
        act = act_named("matter", key, "meeting")
        assert act is not None  # a row of the table
        offer = offered(meeting.ground, act) if visit.may(act.permission) else None
        found[key] = Button(key, act_words(act, visit.t), act.icon, offer)
    return found


def names_of(visit: Visit, meeting: Shown, step: str, *acts: str) -> dict[str, Any]:
    """What every page of a meeting is drawn with."""
    directory = meeting.ground.directory
    return {
        "meeting": meeting,
        "matter": meeting.matter,
        "body": meeting.body,
        "venue": directory.places.get(meeting.body.venue),
        "in_charge": directory.persons.get(meeting.body.in_charge),
        "directory": directory,
        "look": look_of(visit, meeting.matter),
        "steps": STEPS,
        "step": step,
        "done": visit.request.query_params.get("done", "")[:40],
        "acts": buttons(visit, meeting, *acts),
    }


@router.get("/meetings")
def meetings_page(
    after: str | None = None, before: str | None = None, show: str = "open", visit: Visit = Depends(sees)
) -> Response:
    """Meetings, the newest first."""
    show = "all" if show == "all" else "open"
    asked = MatterFilter(kinds=("meeting",), open_only=show == "open")
    with visit.reading() as connection:
        try:
            page = queries.matters(connection, visit.subject, asked, after, before, PAGE)
        except KeyInvalid as damaged:
            raise NotFound from damaged
        directory = visit.services.books.directory(connection)
    return render(
        visit,
        "meetings/list.html",
        page=page,
        rows=[(matter, look_of(visit, matter)) for matter in page.items],
        show=show,
        directory=directory,
        first=whole(visit.request.query_params.get("first")) or 1,
        page_size=PAGE,
    )


@router.get("/meetings/{identifier}")
def meeting(identifier: int, visit: Visit = Depends(sees)) -> Response:
    """Where this meeting goes on."""
    status = shown(visit, identifier).matter.status
    return RedirectResponse(f"/meetings/{identifier}/{BEGINS.get(status, 'close')}", status_code=303)


@router.get("/meetings/{identifier}/attendees")
def attendees(identifier: int, visit: Visit = Depends(sees)) -> Response:
    """The list, the door, the seats."""
    found = shown(visit, identifier)
    keys = ("attendees", "guests", "strike", "seat", "arrive", "depart", "take_over", "begin", "end_session")
    return render(
        visit,
        "meetings/attendees.html",
        **names_of(visit, found, "attendees", *keys),
        late=found.matter.approval is not None,
        persons=by_name(found.ground.directory.persons.values(), visit.language),
        levels=visit.services.scheme.levels,
    )


@router.get("/meetings/{identifier}/papers")
def papers(identifier: int, visit: Visit = Depends(sees)) -> Response:
    """The hand-out: by seat, or to one person; what is still with the secretary."""
    found = shown(visit, identifier)
    keys = ("bring", "hand_out_by_seat", "hand_out", "begin", "end_session", "return", "take_over")
    titles: dict[str, dict[str, int]] = {}
    for paper in found.papers:
        counts = titles.setdefault(paper.number, {"total": 0, "brought": 0, "handed_out": 0, "counted_in": 0})
        counts["total"] += 1
        counts[paper.state] = counts.get(paper.state, 0) + 1
    return render(visit, "meetings/papers.html", **names_of(visit, found, "papers", *keys), titles=titles)


@router.get("/meetings/{identifier}/sweeps")
def sweeps(identifier: int, visit: Visit = Depends(sees)) -> Response:
    """The venue and the lodgings, each swept or not yet."""
    found = shown(visit, identifier)
    places = places_of(visit, found)
    return render(visit, "meetings/sweeps.html", **names_of(visit, found, "sweeps", "sweep"), places=places)


@router.get("/meetings/{identifier}/close")
def close(identifier: int, visit: Visit = Depends(sees)) -> Response:
    """What stands against the end, incidents, and the settlement."""
    found = shown(visit, identifier)
    keys = ("incident", "incomplete", "recover", "take_back", "deposit", "return", "settle", "close", "end_session")
    chair = found.ground.directory.persons.get(found.body.chair)
    return render(
        visit,
        "meetings/close.html",
        **names_of(visit, found, "close", *keys),
        chair=chair,
        inside=[seat for seat in found.seats if seat.attendee.inside],
        unswept=found.body.unswept,
    )
