"""The disclosure record at the door: what an answer shows of carriers is on record before the answer leaves.

Whatever draws a carrier's title, or gives a carrier to a program, says so to the visit (`Visit.shows`). Here, before
the first byte of the answer, it is written down. Where it cannot be written (the disk is full, the database is away),
nothing is shown and the page says why.
"""

import re

from anyio import to_thread
from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.web.errors import unrecorded_answer
from api.web.visit import Visit
from custody.store.looks import note_looks, unrecorded

WAYS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), how)
    for pattern, how in (
        (r".*\.xlsx", "export"),
        (r"/api/.*", "api"),
        (r"/acts/[^/]+/form", "form"),
        (r"/carriers/\d+(/kin|/descent)?", "page"),
        (r"/(findings|cases)/.+", "finding"),
        (r"/(carriers/\d+|business|desk|acts|undo|take-in|matters)(/.*)?", "act"),
        (r".*", "list"),
    )
)
"""Address -> in which way its answer shows carriers; the first that fits."""


def way_of(path: str) -> str:
    """In which way an address shows carriers."""
    return next(how for pattern, how in WAYS if pattern.fullmatch(path))


def record(visit: Visit) -> None:
    """Write down what the answer shows, once. Raises what the database raises."""
    seen = visit.seen
    carriers = list(seen.carriers)
    if not carriers:
        return
    how = seen.how or way_of(visit.request.url.path)
    person, database = visit.subject.person, visit.services.database
    with database.reading() as connection:
        new = unrecorded(connection, visit.now, person, carriers, how)
    if new:
        with database.writing() as connection:
            note_looks(connection, visit.now, person, new, how, seen.detail[:100])
    seen.carriers.clear()


class RecordsLooks:
    """The middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold the answer back until what it shows is on record."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refused = False

        async def recorded(message: Message) -> None:
            nonlocal refused
            if refused:
                return  # the rest of an answer that is not given
            if message["type"] == "http.response.start":
                visit = scope.get("state", {}).get("visit")
                if isinstance(visit, Visit) and visit.seen.carriers:
                    try:
                        await to_thread.run_sync(record, visit)
                    except Exception as error:  # noqa: BLE001 - whatever it was: nothing is shown unrecorded
                        refused = True
                        await unrecorded_answer(Request(scope), error)(scope, receive, send)
                        return
            await send(message)

        await self.app(scope, receive, recorded)
