"""The hand-out, copy by copy: a paper and a badge at the desk's reader or a seat, in either order.

The list of what waits lies in the page, as at the live desk, with the last tap that it took. Where identity was not
confirmed lately nothing is entered: what waits goes on waiting, and the page asks for the confirmation.
"""

from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.acts import meeting_handing as handing
from api.acts.codes import split_codes
from api.acts.meeting_handing import Room, Waiting
from api.acts.meeting_papers import called_attendee
from api.web.meetings.pages import names_of
from api.web.meetings.showing import shown, the_meeting
from api.web.render import render
from api.web.visit import Form, Visit, fresh, needs, posted, signed_with
from custody.access import Permission
from custody.entries import signed_text
from custody.matters.meetings import Attendee
from custody.rules import NotFound, Refusal, Refused
from custody.values import SECOND
from reconcile.store.taps import DeskReader, desk_readers, last_tap, taps_after

router = APIRouter(include_in_schema=False)
secretary = needs(Permission.HOLD_MEETINGS)
OLDEST = 600 * SECOND
"""What was tapped longer ago than this and arrives only now is not taken."""
HELD_MAX = 60


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk at which papers are handed out: its reader, if there is one, and the last tap that was taken."""

    reader: DeskReader | None
    since: int
    waiting: Waiting


def _readers(visit: Visit) -> list[DeskReader]:
    with visit.services.database.reading() as connection:
        return desk_readers(connection)


def _desk(visit: Visit, name: str, form: Form | None) -> Desk:
    """The desk as its form has it. Raises NotFound for a reader that stands on no desk."""
    reader = next((one for one in _readers(visit) if one.name == name), None)
    if name and reader is None:
        raise NotFound
    since = form.number("since") if form is not None else None
    if since is None:
        with visit.services.database.reading() as connection:
            since = last_tap(connection, reader.name) if reader else 0
    if form is None:
        return Desk(reader, since, Waiting())
    held = [int(text) for text in form.secret("codes").split() if text.isdecimal() and len(text) <= 18]
    at_desk = form.number("for") or 0
    return Desk(reader, since, Waiting(tuple(held[:HELD_MAX]), at_desk=at_desk, arrivals=form.text("arrive") == "1"))


def _tapped(visit: Visit, desk: Desk) -> tuple[list[str], int]:
    """What was held to the reader since, and the last of it."""
    if desk.reader is None:
        return [], desk.since
    with visit.services.database.reading() as connection:
        taps = taps_after(connection, desk.reader.name, desk.since)
    young = [tap.uid for tap in taps if tap.when >= visit.now - OLDEST]
    return young, taps[-1].id if taps else desk.since


def _page(
    visit: Visit, identifier: int, desk: Desk, *, refusals: tuple[Refusal, ...] = (), status_code: int = 200
) -> Response:
    found = shown(visit, identifier)
    papers = {paper.carrier: paper for paper in found.papers}
    kept = [papers[one] for one in desk.waiting.carriers if one in papers]
    at_desk = next((one for one in found.seats if one.attendee.number == desk.waiting.at_desk), None)
    proposed = handing.proposed(handing.room_of(found.ground), at_desk.attendee) if at_desk else ()
    names: dict[str, Any] = names_of(visit, found, "papers", "hand_out", "arrive")
    return render(
        visit,
        "meetings/handing.html",
        status_code=status_code,
        **names,
        desk=desk,
        waiting=kept,
        at_desk=at_desk,
        proposed=[papers[one] for one in proposed if one in papers],
        told=desk.waiting.told,
        readers=_readers(visit),
        refusals=refusals,
    )


@router.get("/meetings/{identifier}/handing")
def handing_page(identifier: int, reader: str = "", visit: Visit = Depends(secretary)) -> Response:
    """An empty desk, which takes what is scanned or tapped from now on."""
    the_meeting(visit, identifier)
    return _page(visit, identifier, _desk(visit, reader, None))


@router.post("/meetings/{identifier}/handing")
def work(identifier: int, visit: Visit = Depends(secretary), form: Form = Depends(posted)) -> Response:
    """Take in what was scanned or tapped; hand out where a person came; or take the newest back."""
    ground = the_meeting(visit, identifier)
    desk = _desk(visit, form.text("reader"), form)
    wanted = form.text("do")
    if wanted == "confirm":
        signed_with(visit, form.secret("password"), "", code=form.secret("confirm_code"))
        return _page(visit, identifier, desk)
    room = handing.room_of(ground)
    if wanted == "undo":
        return _undo(visit, identifier, desk, room)
    waiting = desk.waiting
    if form.text("remove").isdecimal():
        gone = int(form.text("remove"))
        waiting = replace(waiting, carriers=tuple(one for one in waiting.carriers if one != gone))
    tapped, through = _tapped(visit, desk)
    number = form.text("attendee")
    if wanted == "give":
        waiting = handing.given(room, waiting)
    elif number.isdecimal() and len(number) < 6:
        waiting = handing.to(room, waiting, room.body.attendee(int(number)))
    codes = [*tapped, *split_codes(form.text("scan"))]
    desk = replace(desk, since=through)
    return _hand_out(visit, identifier, desk, room, waiting, codes)


def _hand_out(visit: Visit, identifier: int, desk: Desk, room: Room, waiting: Waiting, codes: list[str]) -> Response:
    """Each person that the codes name is handed what waited for him, in an act of his own."""
    while codes or waiting.to is not None or waiting.enters is not None:
        if waiting.enters is not None:
            try:
                room, waiting = _comes_in(visit, identifier, room, waiting, waiting.enters)
            except Refused as refused:
                kept = replace(desk, waiting=replace(waiting, enters=None))
                return _page(visit, identifier, kept, refusals=refused.refusals, status_code=409)
            continue
        if waiting.to is None:
            code, *codes = codes
            waiting = handing.put(room, waiting, [code])
            continue
        to = waiting.to
        name = called_attendee(room.ground, to)
        if not fresh(visit):
            waiting = replace(waiting, to=None, at_desk=0).says("confirm", "wrong", name=name)
            return _page(visit, identifier, replace(desk, waiting=waiting))
        facts = handing.facts_of(room, waiting)
        try:
            handing.enter(room.ground, facts, (signed_with(visit, "", signed_text(facts)),))
        except Refused as refused:
            kept = replace(desk, waiting=replace(waiting, to=None))
            return _page(visit, identifier, kept, refusals=refused.refusals, status_code=409)
        room = handing.room_of(the_meeting(visit, identifier))
        waiting = handing.handed(room, waiting, len(facts))
    return _page(visit, identifier, replace(desk, waiting=waiting))


def _comes_in(visit: Visit, identifier: int, room: Room, waiting: Waiting, one: Attendee) -> tuple[Room, Waiting]:
    """Who came is entered as arrived, and is at the desk. Raises Refused."""
    handing.enter(room.ground, handing.arrival(room, one), (), "meeting_door")
    room = handing.room_of(the_meeting(visit, identifier))
    said = replace(waiting, enters=None).says("came_in", "new", name=called_attendee(room.ground, one), seat=one.seat)
    return room, handing.to(room, said, room.body.attendee(one.number))


def _undo(visit: Visit, identifier: int, desk: Desk, room: Room) -> Response:
    facts = handing.undone(room)
    if not facts:
        return _page(visit, identifier, replace(desk, waiting=desk.waiting.says("nothing", "wrong")))
    try:
        handing.enter(room.ground, facts, ())
    except Refused as refused:
        return _page(visit, identifier, desk, refusals=refused.refusals, status_code=409)
    return _page(visit, identifier, replace(desk, waiting=desk.waiting.says("undone", "repeated", n=len(facts))))
