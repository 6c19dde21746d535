"""The last read before a destruction is signed: the list, what was read, what is short or over, and what to do."""

import secrets
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from api.acts import act_named
from api.acts.codes import split_codes
from api.acts.destruction import weighing
from api.acts.model import Ground
from api.acts.offering import offered
from api.web.business.loading import matter_ground
from api.web.render import render, url
from api.web.visit import Form, Visit, needs, posted_up_to
from custody.access import Permission
from custody.matters.destruction import KEY, bag_of
from custody.rules import NotFound

router = APIRouter(include_in_schema=False)
destroys = needs(Permission.DESTROY)
posted = posted_up_to(2_000)
LISTED_MAX = 200
TOLD = ("read", "unknown", "ticked", "undone", "nothing", "heard")


def _batch(visit: Visit, identifier: int) -> Ground:
    """The ground of a batch. Raises NotFound for hidden, absent, and whatever is none."""
    ground = matter_ground(visit, identifier)
    if ground.the_matter.kind != KEY:
        raise NotFound
    return ground


def _draw(visit: Visit, ground: Ground, **more: Any) -> Response:
    read = weighing.read_of(ground)
    short, over = read.short, read.over
    items = ground.items([*short[:LISTED_MAX], *over[:LISTED_MAX], *read.by_eye])
    bags = {line.carrier: bag_of(line) for line in read.lines}
    act = act_named("matter", "weigh", KEY)
    assert act is not None  # a row of the table
    said = visit.request.query_params.get("said", "")
    return render(
        visit,
        "destruction/weighing.html",
        matter=ground.the_matter,
        body=ground.the_matter.body,
        read=read,
        met=len(read.met) + len(read.by_eye),
        short=[items[one] for one in short if one in items],
        over=[items[one] for one in over if one in items],
        by_eye=[items[one] for one in read.by_eye if one in items],
        hidden=sum(1 for one in (*short, *over) if one not in items),
        bags=bags,
        offer=offered(ground, act),
        directory=ground.directory,
        places=sorted(ground.directory.places.values(), key=lambda one: one.code),
        said=said if said in TOLD else "",
        said_n=visit.request.query_params.get("n", "")[:6],
        **more,
    )


def _back(identifier: int, said: str, count: int = 1) -> Response:
    return RedirectResponse(url(f"/weighing/{identifier}", said=said, n=count), status_code=303)


def _open(ground: Ground) -> Ground:
    """Only while it can be weighed in. Raises NotFound."""
    if ground.the_matter.status not in weighing.STATUSES:
        raise NotFound
    return ground


@router.get("/weighing/{identifier}")
def weighing_page(identifier: int, visit: Visit = Depends(destroys)) -> Response:
    """What was read so far, and what is short or over."""
    return _draw(visit, _batch(visit, identifier))


@router.post("/weighing/{identifier}/scan")
def scan(identifier: int, visit: Visit = Depends(destroys), form: Form = Depends(posted)) -> Response:
    """Codes by wedge, handheld or hand; sent again with the same event they change nothing."""
    ground = _open(_batch(visit, identifier))
    event = form.text("event")[:60] or secrets.token_hex(12)
    codes = split_codes(form.text("scan"))
    before = weighing.read_of(ground)
    weighing.scan(ground, [(f"{event}:{at}", code) for at, code in enumerate(codes)])
    after = weighing.read_of(ground)
    strange = len(after.unknown) > len(before.unknown) or len(after.over) > len(before.over)
    return _back(identifier, "unknown" if strange else "read", len(codes))


@router.post("/weighing/{identifier}/heard")
def heard(identifier: int, visit: Visit = Depends(destroys), form: Form = Depends(posted)) -> Response:
    """What the antennas at a place heard of the list since it was touched last."""
    ground = _open(_batch(visit, identifier))
    place = form.number("place")
    if place is None or place not in ground.directory.places:
        return _draw(visit, ground, errors=(visit.error("place", "ask.wrong.place"),))
    return _back(identifier, "heard", weighing.take_heard(ground, place))


@router.post("/weighing/{identifier}/eye")
def eye(identifier: int, visit: Visit = Depends(destroys), form: Form = Depends(posted)) -> Response:
    """Seen by eye, for a reason, where a tag does not answer."""
    ground = _open(_batch(visit, identifier))
    chosen = [int(text) for text in form.texts("carrier") if text.isdecimal() and len(text) <= 18]
    reason = form.text("reason")[:300]
    listed = {line.carrier for line in weighing.read_of(ground).lines}
    if not reason.strip() or not chosen or not set(chosen) <= listed:
        return _draw(visit, ground, errors=(visit.error("reason", "destruction.weigh.reason_needed"),))
    weighing.tick(ground, secrets.token_hex(12), chosen, reason.strip())
    return _back(identifier, "ticked", len(chosen))


@router.post("/weighing/{identifier}/undo")
def undo(identifier: int, visit: Visit = Depends(destroys), form: Form = Depends(posted)) -> Response:
    """Take back the newest scan or tick, by an event of its own."""
    _ = form
    found = weighing.undo(_open(_batch(visit, identifier)))
    return _back(identifier, "undone" if found else "nothing")
