"""Today by the hour: meetings, sweeps, checks of rooms, what falls due. As far as the visitor may know of each."""

from collections.abc import Iterator
from dataclasses import dataclass

from api.store import Connection
from api.web.business.matters import look_of
from api.web.visit import Visit
from custody import clock
from custody.access import Permission
from custody.matters import Matter
from custody.register import Directory
from custody.store import queries
from custody.store.queries import MatterFilter
from custody.values import DAY, Instant
from reconcile.rounds import rounds

ROUNDS_MAX, MEETINGS_READ, CHECKS_READ = 5, 30, 30
BACK = ("returned", "deposited", "taken_back")
"""States of a meeting's papers that are not out any more."""


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


def agenda(connection: Connection, visit: Visit, directory: Directory) -> tuple[Due, ...]:
    """What falls to be done today, by the hour; what has no hour comes first."""
    found = [
        *_meetings(connection, visit, directory),
        *_rounds(connection, visit),
        *_checks(connection, visit, directory),
        *_loans(connection, visit),
    ]
    return tuple(sorted(found, key=lambda one: (one.at is not None, one.at or 0)))


def _code(directory: Directory, place: int) -> str:
    found = directory.places.get(place)
    return found.code if found else ""


def _meetings(connection: Connection, visit: Visit, directory: Directory) -> Iterator[Due]:
    """Meetings that begin today or are not settled, with how many of their papers have come back."""
    if not visit.may(Permission.SEE_CARRIERS):
        return
    night = clock.end_of_day(visit.day, visit.services.scheme.timezone)
    asked = MatterFilter(kinds=("meeting",), open_only=True)
    for matter in queries.matters(connection, visit.subject, asked, None, None, MEETINGS_READ).items:
        if not night - DAY < matter.body.starts_at <= night and matter.status not in ("in_session", "counting"):
            continue
        yield _meeting(visit, matter, directory)


def _meeting(visit: Visit, matter: Matter, directory: Directory) -> Due:
    look = look_of(visit, matter)
    out = matter.count("handed_out", "counted_in")
    back = matter.count(*BACK)
    beside = _code(directory, matter.body.venue)
    if out or back:
        beside += f" · {visit.t('overview.papers_back', n=back, of=out + back)}"
    what = visit.t("overview.meeting", number=matter.number)
    address = f"/meetings/{matter.id}" if visit.may(Permission.HOLD_MEETINGS) else f"/matters/{matter.id}"
    late = matter.status == "counting" and out
    return Due(matter.body.starts_at, address, what, beside, "bad" if late else look.colour, look.icon, look.word)


def _rounds(connection: Connection, visit: Visit) -> Iterator[Due]:
    if not visit.may(Permission.SWEEP):
        return
    for row in rounds(connection, visit.subject, state="open", limit=ROUNDS_MAX).items:
        what = visit.t("overview.round", place=row.place_code)
        beside = f"{row.number} · {row.opened_by_name or ''}"
        yield Due(row.opened_at, f"/rounds/{row.number}", what, beside, "act", "round", visit.t("overview.under_way"))


def _checks(connection: Connection, visit: Visit, directory: Directory) -> Iterator[Due]:
    """The newest check of each room that was checked today."""
    if not visit.may(Permission.ADMIT):
        return
    night = clock.end_of_day(visit.day, visit.services.scheme.timezone)
    asked = MatterFilter(kinds=("room_check",))
    newest: dict[int, Matter] = {}
    for matter in queries.matters(connection, visit.subject, asked, None, None, CHECKS_READ).items:
        known = newest.get(matter.body.place)
        if matter.body.at > night - DAY and (known is None or known.body.at < matter.body.at):
            newest[matter.body.place] = matter
    for place, matter in newest.items():
        clear = matter.body.goes
        what = visit.t("overview.room_check", place=_code(directory, place))
        state = visit.t("overview.room_clear" if clear else "overview.room_not_clear")
        kind, icon = ("ok", "ok") if clear else ("due", "alert")
        yield Due(matter.body.at, f"/rooms/{place}", what, matter.number, kind, icon, state)


def _loans(connection: Connection, visit: Visit) -> Iterator[Due]:
    night = clock.end_of_day(visit.day, visit.services.scheme.timezone)
    late = queries.loans(connection, visit.subject, visit.now, overdue_only=True, limit=1).total
    today = queries.loans(connection, visit.subject, night + 1, overdue_only=True, limit=1).total - late
    reports, t = visit.may(Permission.SEE_REPORTS), visit.t
    if late:
        address = "/reports/overdue" if reports else "/carriers?overdue=1"
        what, beside = t("overview.overdue", n=late), t("overview.overdue.beside")
        yield Due(None, address, what, beside, "bad", "clock", t("overview.late"))
    if today:
        address = "/reports/overdue?due=today" if reports else "/carriers?status=on_loan"
        yield Due(night, address, t("overview.due_today", n=today), "", "due", "clock", t("overview.later"))
