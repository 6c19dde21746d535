"""What changed, told as it happens: an event stream a page. It says that a topic changed and the figures that the
subject may see; never what changed, and never a title. The page asks again for what it shows.

`id:` is the bulletin's version, so a line that was cut goes on where it stopped. Every beat looks again whether the
session still lives and what its subject may see, and counts anew: another server's changes are told so too.
"""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import anyio.to_thread
from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response, StreamingResponse

from api import store
from api.services import Services
from api.sessions import alive
from api.web.visit import Visit, cookie_name, services_of, signed_in
from custody import clock
from custody.access import Permission, Subject, may
from custody.rules import NotFound
from custody.store import accounts, emergency, queries
from custody.store.walls import wall_of
from reconcile import notices
from reconcile.bulletin import PACE_SECONDS, Bulletin
from reconcile.checks import KINDS
from reconcile.store.devices import token_hash
from reconcile.store.finding_counts import counts
from reconcile.store.taps import newest_tap

router = APIRouter(include_in_schema=False)
BEAT_SECONDS = 4.0
"""A page takes ten silent seconds for a cut line."""
STREAMS_MAX = 400
STREAMS_OF_ONE_MAX = 12
RETRY_MS = 2_000

TOPICS: Mapping[str, Permission | None] = {
    "findings": Permission.SEE_FINDINGS,
    "books": Permission.SEE_CARRIERS,
    "presence": Permission.SEE_CARRIERS,
    "passages": Permission.SEE_FINDINGS,
    "readers": Permission.SEE_READERS,
    "rounds": Permission.SWEEP,
    "labels": Permission.TAKE_IN,
    "taps": Permission.LEND,
    "inbox": None,
    "proof": None,
}
"""Topic -> what opens it; None: for everybody who is signed in."""
ALSO: Mapping[str, Permission] = {"taps": Permission.HOLD_MEETINGS}
"""Topic -> what opens it as well: papers of a meeting are handed out to badges held to a desk's reader."""
_COUNTED = {"findings": ("findings", "at_once"), "inbox": ("inbox",), "taps": ("taps",)}
"""Topic -> figures that belong to it."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look gave: which topics the subject may follow, and its own figures."""

    topics: frozenset[str]
    figures: Mapping[str, int]


class Streams:
    """How many streams are open, in all and of one session: a browser that never closes them must not take all."""

    def __init__(self) -> None:
        self._open: dict[str, int] = {}

    def enter(self, session: str) -> bool:
        """Whether another one may be opened."""
        if sum(self._open.values()) >= STREAMS_MAX or self._open.get(session, 0) >= STREAMS_OF_ONE_MAX:
            return False
        self._open[session] = self._open.get(session, 0) + 1
        return True

    def leave(self, session: str) -> None:
        """One was closed."""
        left = self._open.get(session, 0) - 1
        if left > 0:
            self._open[session] = left
        else:
            self._open.pop(session, None)


def allowed_topics(subject: Subject, wanted: frozenset[str]) -> frozenset[str]:
    """The topics asked for that the subject may follow; unknown and forbidden ones look alike."""
    return frozenset(
        topic
        for topic in wanted & TOPICS.keys()
        if (permission := TOPICS[topic]) is None
        or may(subject, permission)
        or (topic in ALSO and may(subject, ALSO[topic]))
    )


def look(services: Services, hashed: str, wanted: frozenset[str]) -> Sight | None:
    """What the session may follow now, with its figures; None once the session has ended.

    Looking is not using: a page left open does not keep a session alive.
    """
    now = services.clock()
    with services.database.reading() as connection:
        session = store.session_by_hash(connection, hashed)
        if session is None or not alive(session, services.scheme, now):
            return None
        try:
            account = accounts.by_person(connection, session.person)
        except NotFound:
            return None
        if account.disabled:
            return None
        day = clock.day(now, services.scheme.timezone)
        subject = queries.subject_for(connection, session.person, services.scheme, day, now)
        topics = allowed_topics(subject, wanted)
        figures: dict[str, int] = {"taps": newest_tap(connection)} if "taps" in topics else {}
    with services.database.reading(wall_of(subject)) as connection:
        if "findings" in topics:
            found = counts(connection, subject)
            figures["findings"] = sum(one.open for one in found)
            figures["at_once"] = sum(one.open for one in found if KINDS[one.kind].urgency == 0)
        if "inbox" in topics:
            figures["inbox"] = notices.unread(connection, subject)
    return Sight(topics, figures)


def moved(before: Mapping[str, int], after: Mapping[str, int]) -> frozenset[str]:
    """Topics whose figures differ."""
    return frozenset(
        topic for topic, names in _COUNTED.items() if any(before.get(name) != after.get(name) for name in names)
    )


def _event(name: str, version: int, document: Mapping[str, object]) -> str:
    data = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return f"event: {name}\nid: {version}\ndata: {data}\n\n"


async def told(
    bulletin: Bulletin, services: Services, hashed: str, wanted: frozenset[str], since: int | None, beat: float
) -> AsyncIterator[str]:
    """The events of one stream, until its session ends."""
    sight = await anyio.to_thread.run_sync(look, services, hashed, wanted)
    if sight is None:
        return
    yield f"retry: {RETRY_MS}\n\n"
    first = since if since is not None else bulletin.version
    yield _event("beat", first, {"topics": {}, "counts": dict(sight.figures)})
    stream = bulletin.follow(wanted, since_version=first, heartbeat_seconds=beat, pace_seconds=PACE_SECONDS)
    async for changes in stream:
        before = sight.figures
        now = await anyio.to_thread.run_sync(look, services, hashed, wanted)
        if now is None:
            yield _event("end", changes.version, {})
            return
        sight = now
        topics = (changes.topics & sight.topics) | (moved(before, sight.figures) & sight.topics)
        versions = dict.fromkeys(sorted(topics), changes.version)
        name = "change" if topics else "beat"
        yield _event(name, changes.version, {"topics": versions, "counts": dict(sight.figures)})


def _since(request: Request, bulletin: Bulletin) -> int | None:
    """Where a cut line goes on. A version of before a restart, which is higher than any now, begins at nought."""
    text = request.headers.get("last-event-id", "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        return None
    return int(text) if int(text) <= bulletin.version else 0


_streams = Streams()


@router.get("/beat")
def beat(request: Request) -> Response:
    """What every open page asks for while it is looked at: whether the database answers, and which roles are taken in
    an emergency now. It is no use of the session: left open, that ends all the same, and then this says 401.
    """
    services = services_of(request)
    token = request.cookies.get(cookie_name(request))
    if not token or look(services, token_hash(token), frozenset()) is None:
        return Response(status_code=401)
    with services.database.reading() as connection:
        running = emergency.running(connection, services.clock())
    taken = ",".join(str(number) for number in sorted(one.id for one in running))
    return JSONResponse({"ready": store.answers(services.database), "emergencies": taken})


@router.get("/events")
async def events(request: Request, topics: str = "", visit: Visit = Depends(signed_in)) -> Response:
    """The stream of the topics asked for (comma-separated), as far as they are open to the subject."""
    session, services = visit.session.token_hash, visit.services
    wanted = allowed_topics(visit.subject, frozenset(topics[:200].split(",")))
    if not _streams.enter(session):
        raise HTTPException(429)
    since = _since(request, services.bulletin)

    async def lines() -> AsyncIterator[str]:
        try:
            async for line in told(services.bulletin, services, session, wanted, since, BEAT_SECONDS):
                yield line
        finally:
            _streams.leave(session)

    return StreamingResponse(
        lines(), media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
