"""The first page of everybody: the balance, the differences, the listening, what happened; or what one's role needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api import store
from api.store import Connection
from api.web import words
from api.web.agenda import agenda
from api.web.emergency import stands_above
from api.web.findings import alarms
from api.web.journal import journal
from api.web.render import render, url
from api.web.visit import Visit, signed_in
from custody.access import Permission
from custody.balance import Balance, balance
from custody.life_cycle import Status
from custody.register import Directory
from custody.store import account_lists, emergency, queries
from custody.store.queries import CarrierFilter
from custody.values import DAY, SECOND, Instant, Place
from reconcile.checks import KINDS
from reconcile.coverage import Interval, common, gaps
from reconcile.store import readers as reader_store
from reconcile.store.coverage import listened_from, listened_through, listening
from reconcile.store.finding_counts import counts

router = APIRouter(include_in_schema=False)
STRIP_WIDTH = 300
STRIPS_MAX = 12
SLIVER = 3.0
"""The least width of a stretch of listening, in the strip's own units."""
HOLDINGS_MAX = 50
ALWAYS = (Status.IN_PLACE, Status.ON_LOAN)
"""Terms of the balance that are shown even where they are nought."""


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the balance: so many carriers in a state, and the list of them."""

    status: Status
    count: int
    href: str


@dataclass(frozen=True, slots=True)
class Strip:
    """Listening of a place over the last day. `gaps`: x and width in the strip's own units."""

    place: Place
    gaps: tuple[tuple[float, float], ...]
    listening: bool
    since: Instant
    """Of the state that it is in now."""
    before: float = 0.0
    """How much of the strip, from its left, is from before the antennas were there: nobody was silent then."""


def equation(counted: Balance) -> tuple[Term, ...]:
    """Where everything is: the states that hold something, those declared lost last."""
    ordered = [status for status in Status if status is not Status.DECLARED_LOST]
    shown = [status for status in ordered if status in ALWAYS or counted.states[status]] + [Status.DECLARED_LOST]
    return tuple(Term(status, counted.states[status], url("/carriers", status=status.value)) for status in shown)


def strip_of(
    place: Place,
    antennas: Sequence[Sequence[Interval]],
    now: Instant,
    late: Instant,
    span: int = DAY,
    began: Instant | None = None,
) -> Strip:
    """The listening of a place over the last day (or `span`); a silence shorter than the readers' own bound is none.

    `began`: when its antennas listened first; what lies before is no silence.
    """
    since = now - span
    start = min(now, max(since, began or since))
    before = round(STRIP_WIDTH * (start - since) / span, 1)
    heard = common(antennas)
    silences = [gap for gap in gaps(heard, start, now) if gap.through_at - gap.since_at > now - late]
    deaf = bool(silences) and silences[-1].through_at >= now
    drawn: list[tuple[float, float]] = []
    for gap in silences:
        # However short the listening beside a gap was: it is seen.
        left = max(STRIP_WIDTH * (gap.since_at - since) / span, sum(drawn[-1]) + SLIVER if drawn else before)
        right = STRIP_WIDTH * (gap.through_at - since) / span
        right = max(left + 2.0, right if gap.through_at >= now else min(right, STRIP_WIDTH - SLIVER))
        drawn.append((round(left, 1), round(right - left, 1)))
    changed = silences[-1].since_at if deaf else silences[-1].through_at if silences else start
    # Of what began a moment ago there is something to see all the same.
    return Strip(place, tuple(drawn), not deaf, changed, min(before, STRIP_WIDTH - SLIVER) if before else 0.0)


def strips(connection: Connection, visit: Visit, directory: Directory) -> tuple[Strip, ...]:
    """Every place with antennas, portals among them; those where nobody listens first, no more than a screen."""
    late = visit.now - visit.services.scheme.number("reader_silent_after_seconds") * SECOND
    places = set(listened_through(connection))
    places |= {place.id for place in directory.places.values() if place.kind == "portal"}
    found = []
    for place in sorted(places & directory.places.keys(), key=lambda one: directory.places[one].code):
        antennas = [one.intervals for one in listening(connection, place, visit.now) if one.counts]
        if antennas:
            began = listened_from(connection, place)
            found.append(strip_of(directory.places[place], antennas, visit.now, late, began=began))
    return tuple(sorted(found, key=lambda strip: strip.listening)[:STRIPS_MAX])


def _business(connection: Connection, visit: Visit, directory: Directory) -> dict[str, Any]:
    """What keepers and those who answer for units see."""
    subject = visit.subject
    counted = balance(*queries.origin_and_status_counts(connection, subject))
    checkpoints = store.checkpoints(connection, 1)
    by_kind = [one for one in counts(connection, subject) if one.open]
    return {
        "counted": counted,
        "terms": equation(counted),
        "checkpoint": checkpoints[0] if checkpoints else None,
        "by_kind": by_kind,
        "open_total": sum(one.open for one in by_kind),
        "strips": strips(connection, visit, directory),
        "journal": journal(connection, visit, directory),
        "agenda": agenda(connection, visit, directory),
        "alarming": alarms(connection, visit),
        "kinds": KINDS,
        "ticks": [clock_word(visit, visit.now - DAY + step * DAY // 4) for step in range(4)],
    }


def clock_word(visit: Visit, at: Instant) -> str:
    """The time of day in the organisation's zone."""
    return words.clock_time(at, visit.services.scheme.timezone)


def _own(connection: Connection, visit: Visit) -> dict[str, Any]:
    """What the visitor holds."""
    page = queries.carriers(connection, visit.subject, CarrierFilter(holder=visit.subject.person), limit=HOLDINGS_MAX)
    held = sorted(page.items, key=lambda item: item.due_at or 2**62)
    return {"held": held, "held_total": page.total}


@router.get("/overview")
def overview(visit: Visit = Depends(signed_in)) -> Response:
    """The page that a person begins with."""
    names: dict[str, Any] = {
        "held": (),
        "held_total": 0,
        "alarming": (),
        "readers": (),
        "lonely": (),
        "unreviewed": (),
        "checkpoint": None,
        "entries": 0,
    }
    business = visit.may(Permission.SEE_FINDINGS)
    with visit.reading() as connection:
        directory = visit.services.books.directory(connection)
        if visit.may(Permission.SEE_CARRIERS):
            names |= _own(connection, visit)
        if business:
            names |= _business(connection, visit, directory)
        if visit.may(Permission.MANAGE_ACCOUNTS) or visit.may(Permission.APPROVE_ACCOUNTS):
            names["lonely"] = account_lists.lonely_roles(connection)
        if stands_above(visit):
            names["unreviewed"] = emergency.unreviewed(connection, visit.now)
        if visit.may(Permission.SEE_LEDGER):
            checkpoints = store.checkpoints(connection, 1)
            newest = store.entry_lines(connection, None, "", 1)
            names |= {
                "checkpoint": checkpoints[0] if checkpoints else None,
                "entries": newest[0].sequence if newest else 0,
            }
    if visit.may(Permission.MANAGE_READERS):
        with visit.machines() as connection:
            names["readers"] = reader_store.readers(connection, visit.now)
    return render(visit, "overview/overview.html", business=business, directory=directory, **names)
