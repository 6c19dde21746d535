"""What the guards at the doors ask for: the signed list of what may pass. A device's token opens it."""

import re

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.problems import problem
from api.rest.asking import PREFIX
from api.rest.by_device import device_of, unknown_device
from api.web.visit import services_of
from custody.store.books import KeyMissing
from readers import doorlist
from reconcile.store.door_lists import present_list

router = APIRouter(prefix=PREFIX, tags=["intake"])


@router.get("/door-list", summary="The signed list of what may pass the doors; for the daemons that guard them")
def door_list(request: Request) -> Response:
    """Bearer token of the device. 200 with the list and its number as ETag; 304 where that is at hand; 401."""
    services = services_of(request)
    if device_of(request) is None:
        return unknown_device()
    try:
        key = services.books.signing_key()
    except KeyMissing as error:
        return problem(503, "no_key", "This server cannot sign a list", str(error))
    at_hand = re.fullmatch(r'"(\d{1,16})"', request.headers.get("if-none-match", ""))
    known = int(at_hand[1]) if at_hand else None
    with services.database.writing() as connection:
        made = present_list(connection, key.origin, services.scheme, services.clock(), known=known)
    headers = {"ETag": f'"{made.number}"', "Cache-Control": "no-store"}
    if made.text is None:
        return Response(status_code=304, headers=headers)
    text = doorlist.signed(made.text, key.signed(made.text))
    return Response(text, media_type="text/plain; charset=utf-8", headers=headers)
