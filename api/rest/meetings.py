"""The count of a meeting by a program or by the scanning page: scans in, the newest taken back.

Everything else about a meeting is a named operation of its own (`/matters/{id}/…`). A scan that is sent again finds
its paper counted already and says so (`repeated`).
"""

from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api.acts.meeting_count import Counted, Scan, count, undo
from api.rest.asking import PREFIX, changes
from api.web.business.loading import matter_ground
from api.web.refusals import refusal_words
from api.web.visit import Visit
from custody.access import Permission
from custody.matters import Matter
from custody.rules import NotFound

router = APIRouter(prefix=PREFIX, tags=["meetings"])
SCANS_MAX = 500
secretary = changes(Permission.HOLD_MEETINGS)


class ScanIn(BaseModel):
    """A scan: an EPC, a control number with its copy, or what the paper is called at the meeting (`A17`)."""

    event: str = Field(min_length=1, max_length=80)
    code: str = Field(min_length=1, max_length=200)
    pages: int | None = Field(None, ge=0, le=1_000_000)


class Scans(BaseModel):
    """Scans in the order in which they were made."""

    scans: list[ScanIn] = Field(max_length=SCANS_MAX)


def the_meeting(visit: Visit, identifier: int) -> Matter:
    """The meeting of this identifier. Raises NotFound for hidden, absent and whatever is no meeting."""
    matter = matter_ground(visit, identifier).the_matter
    if matter.kind != "meeting":
        raise NotFound
    return matter


def counted_json(visit: Visit, one: Counted) -> dict[str, Any]:
    """What a scan came to, with the seat and the name of who had the paper."""
    attendee = one.attendee
    name = ""
    if attendee is not None:
        with visit.reading() as connection:
            known = visit.services.books.directory(connection).persons.get(attendee.person or 0)
        name = attendee.name if known is None else known.name_en if visit.language == "en" else known.name
        name = name or (known.name if known else "")
    said = ""
    if one.refusals:
        words = refusal_words(one.refusals[0], visit.t, visit.services.scheme, visit.language)
        said = " ".join(part for part in (words.clause, words.message, words.way_out) if part)
    return {
        "event": one.event,
        "code": one.code,
        "outcome": one.outcome,
        "carrier": one.carrier,
        "paper": one.short,
        "seat": attendee.seat if attendee else "",
        "attendee": name,
        "left": one.left,
        "refusal": said,
        "act": one.act,
    }


@router.post("/meetings/{identifier}/scans", summary="Count papers in")
def scans(identifier: int, body: Scans, visit: Visit = Depends(secretary)) -> dict[str, Any]:
    """Each scan is answered in order: counted, repeated, spare, gone, stranger, ambiguous, unknown, pages, refused."""
    matter = the_meeting(visit, identifier)
    given = [Scan(one.event, one.code, one.pages) for one in body.scans]
    found = count(visit.services, visit.subject, matter, given)
    return {"results": [counted_json(visit, one) for one in found]}


@router.post("/meetings/{identifier}/undo", summary="Take back the newest count")
def undo_newest(identifier: int, visit: Visit = Depends(secretary)) -> dict[str, Any]:
    """`undone` is null where nothing was counted yet."""
    found = undo(visit.services, visit.subject, the_meeting(visit, identifier))
    return {"undone": None if found is None else counted_json(visit, found)}
