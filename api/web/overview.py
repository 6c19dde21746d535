"""The first page of everybody: the balance, the differences, the listening, what happened; or what one's role needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api import store
from api.store import Connection
from api.web import words
from api.web.emergency import stands_above
from api.web.findings import alarms
from api.web.render import render, url
from api.web.visit import Visit, signed_in
from custody import clock
from custody.access import Permission
from custody.balance import Balance, balance
from custody.entries import (
    Borrowed,
    CarrierFact,
    Entry,
    FindingSettled,
    Moved,
    ReportedFound,
    Returned,
    RoundSigned,
    Shelved,
)
from custody.life_cycle import Status
from custody.register import Directory
from custody.store import account_lists, emergency, queries
from custody.store.queries import CarrierFilter, CarrierItem
from custody.values import DAY, SECOND, Instant, Place
from reconcile.checks import KINDS
from reconcile.coverage import Interval, common, gaps
from reconcile.rounds import rounds
from reconcile.store import readers as reader_store
from reconcile.store.coverage import listened_through, listening
from reconcile.store.finding_counts import counts

router = APIRouter(include_in_schema=False)
STRIP_WIDTH = 300
STRIPS_MAX = 12
SLIVER = 3.0
"""The least width of a stretch of listening, in the strip's own units."""
ENTRIES_READ, JOURNAL_MAX = 300, 8
HOLDINGS_MAX = 50
ALWAYS = (Status.IN_PLACE, Status.ON_LOAN)
"""Terms of the balance that are shown even where they are nought."""
JOURNAL_COLOURS: Mapping[str, str] = {
    "returned": "j-in",
    "reported_found": "j-in",
    "shelved": "j-in",
    "borrowed": "j-out",
    "moved": "j-fix",
    "reported_missing": "j-end",
    "round_signed": "j-new",
    "imported": "j-new",
    "received": "j-new",
}


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


@dataclass(frozen=True, slots=True)
class Noted:
    """An act in the journal."""

    at: Instant
    act: str
    kind: str
    colour: str
    carrier: CarrierItem | None
    number: int
    cut: bool
    """There are more of them than were read."""
    to: str


@dataclass(frozen=True, slots=True)
class Due:
    """Something of today."""

    at: Instant | None
    href: str
    what: str
    beside: str
    kind: str
    icon: str
    state: str


def equation(counted: Balance) -> tuple[Term, ...]:
    """Where everything is: the states that hold something, those declared lost last."""
    ordered = [status for status in Status if status is not Status.DECLARED_LOST]
    shown = [status for status in ordered if status in ALWAYS or counted.states[status]] + [Status.DECLARED_LOST]
    return tuple(Term(status, counted.states[status], url("/carriers", status=status.value)) for status in shown)


def strip_of(
    place: Place, antennas: Sequence[Sequence[Interval]], now: Instant, late: Instant, span: int = DAY
) -> Strip:
    """The listening of a place over the last day (or `span`); a silence shorter than the readers' own bound is none."""
    since = now - span
    heard = common(antennas)
    silences = [gap for gap in gaps(heard, since, now) if gap.through_at - gap.since_at > now - late]
    deaf = bool(silences) and silences[-1].through_at >= now
    drawn: list[tuple[float, float]] = []
    for gap in silences:
        # However short the listening beside a gap was: it is seen.
        left = max(STRIP_WIDTH * (gap.since_at - since) / span, sum(drawn[-1]) + SLIVER if drawn else 0.0)
        right = STRIP_WIDTH * (gap.through_at - since) / span
        right = max(left + 2.0, right if gap.through_at >= now else min(right, STRIP_WIDTH - SLIVER))
        drawn.append((round(left, 1), round(right - left, 1)))
    changed = silences[-1].since_at if deaf else silences[-1].through_at if silences else since
    return Strip(place, tuple(drawn), not deaf, changed)


def strips(connection: Connection, visit: Visit, directory: Directory) -> tuple[Strip, ...]:
    """Every place with antennas, portals among them; those where nobody listens first, no more than a screen."""
    late = visit.now - visit.services.scheme.number("reader_silent_after_seconds") * SECOND
    places = set(listened_through(connection))
    places |= {place.id for place in directory.places.values() if place.kind == "portal"}
    found = []
    for place in sorted(places & directory.places.keys(), key=lambda one: directory.places[one].code):
        antennas = [one.intervals for one in listening(connection, place, visit.now) if one.counts]
        if antennas:
            found.append(strip_of(directory.places[place], antennas, visit.now, late))
    return tuple(sorted(found, key=lambda strip: strip.listening)[:STRIPS_MAX])


def journal(connection: Connection, visit: Visit, directory: Directory) -> tuple[Noted, ...]:
    """The latest acts, a line each: what the act began with, and how often."""
    entries = queries.latest_entries(connection, visit.subject, ENTRIES_READ)
    acts: dict[str, list[Entry]] = {}
    for entry in entries:
        acts.setdefault(entry.act, []).append(entry)
    latest = list(acts.values())[:JOURNAL_MAX]
    about = [group[-1].fact.carrier for group in latest if isinstance(group[-1].fact, CarrierFact)]
    carriers = queries.carriers_by_id(connection, visit.subject, about)
    found = []
    for group in latest:
        first = group[-1]
        carrier = carriers.get(first.fact.carrier) if isinstance(first.fact, CarrierFact) else None
        colour = JOURNAL_COLOURS.get(first.fact.kind, "")
        times = sum(1 for entry in group if entry.fact.kind == first.fact.kind)
        cut = len(entries) == ENTRIES_READ and group[-1] is entries[-1]
        to = whither(visit, directory, first)
        found.append(Noted(first.happened_at, first.act, first.fact.kind, colour, carrier, times, cut, to))
    return tuple(found)


def whither(visit: Visit, directory: Directory, entry: Entry) -> str:
    """Where an entry brought its carrier, or what else it is about; numbers and codes, never a title."""
    match entry.fact:
        case Borrowed(holder=holder):
            person = directory.persons.get(holder)
            if person is None:
                return ""
            return person.name_en if visit.language == "en" and person.name_en else person.name
        case Shelved(place=place) | Moved(place=place) | Returned(place=place) | ReportedFound(place=place):
            found = directory.places.get(place)
            return found.code if found else ""
        case FindingSettled(finding=number) | RoundSigned(round=number):
            return number
        case _:
            return ""


def agenda(connection: Connection, visit: Visit) -> tuple[Due, ...]:
    """What falls to be done today."""
    scheme, subject = visit.services.scheme, visit.subject
    night = clock.end_of_day(visit.day, scheme.timezone)
    late = queries.loans(connection, subject, visit.now, overdue_only=True, limit=1).total
    today = queries.loans(connection, subject, night + 1, overdue_only=True, limit=1).total - late
    found: list[Due] = []
    if visit.may(Permission.SWEEP):
        for row in rounds(connection, subject, state="open", limit=5).items:
            what = visit.t("overview.round", place=row.place_code)
            beside = f"{row.number} · {row.opened_by_name or ''}"
            state = visit.t("overview.under_way")
            found.append(Due(row.opened_at, f"/rounds/{row.number}", what, beside, "act", "round", state))
    reports = visit.may(Permission.SEE_REPORTS)
    listed = "/reports/overdue" if reports else "/carriers?overdue=1"
    if late:
        what = visit.t("overview.overdue", n=late)
        found.append(
            Due(None, listed, what, visit.t("overview.overdue.beside"), "bad", "clock", visit.t("overview.late"))
        )
    if today:
        address = "/reports/overdue?due=today" if reports else "/carriers?status=on_loan"
        found.append(
            Due(night, address, visit.t("overview.due_today", n=today), "", "due", "clock", visit.t("overview.later"))
        )
    return tuple(found)


def _business(connection: Connection, visit: Visit, directory: Directory) -> dict[str, Any]:
    """What keepers and those who answer for units see."""
    subject = visit.subject
    counted = balance(queries.origin_counts(connection, subject), queries.status_counts(connection, subject))
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
        "agenda": agenda(connection, visit),
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
