"""Reports on schedule: made at their slot as the person may see them then, kept in the house, fetched by a page.

Nothing leaves: the inbox says that it lies there, and a message, where the house has a relay, says no more than how
many lines it has. Who has lost the right, or his account, gets nothing, and is told so. What was made is held against
the walls again when it is fetched: a file with a carrier that is hidden by then is not given.
"""

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from api import reports, store
from api.balancing import GROUPINGS, report_of, said_of, whole_account
from api.managing import Asked, Viewer, figures_of, swept_report, today_report
from api.reports import Report, read_report, write_workbook
from api.services import Services
from api.store import Connection
from custody import clock
from custody.access import Permission, Subject, may
from custody.rules import NotFound
from custody.store import queries
from custody.store.queries import balance as balances
from custody.store.walls import wall_of
from custody.values import DAY, Instant
from reconcile.calendar import Calendar, at_minute, shift
from reconcile.digests import Digest, Figure
from reconcile.messages import queue_one
from reconcile.store import deliveries
from reconcile.store.deliveries import Delivery, Subscription
from reconcile.store.finding_queries import FindingFilter
from reconcile.store.notices import Telling, tell

EVERY = ("daily", "weekly", "monthly")
HOURS = tuple(range(6, 21))
"""When one may have something delivered."""
MONTH_DAYS = 28
"""Every month has this day."""
LOOKED_BACK = 40
"""Days back in which a slot that was missed is still seen to: longer than a month with its holidays."""
SUBSCRIPTIONS_MAX = 20
"""Of one person."""

Built = tuple[Report, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A report that can be delivered. `narrowed`: by which of `days` and `unit`; `titles`: whether it has any."""

    permission: Permission
    build: Callable[[Viewer, Asked], Built]
    narrowed: frozenset[str] = frozenset()
    titles: bool = False


def _today(viewer: Viewer, asked: Asked) -> Built:
    return today_report(viewer, figures_of(viewer, asked)), asked.said


def _swept(viewer: Viewer, asked: Asked) -> Built:
    return swept_report(viewer, figures_of(viewer, replace(asked, unit=None))), asked.said


def _listed(name: str) -> Callable[[Viewer, Asked], Built]:
    def build(viewer: Viewer, asked: Asked) -> Built:
        said = {} if asked.unit is None else {"unit": str(asked.unit)}
        wanted = reports.Asked(
            unit=asked.unit, findings=FindingFilter(unit=asked.unit), titles=viewer.titles, said=said
        )
        with viewer.database.reading(wall_of(viewer.subject)) as connection:
            found = read_report(name, connection, viewer.subject, viewer.scheme, viewer.now, viewer.language, wanted)
        return found, said

    return build


def _balance(viewer: Viewer, _asked: Asked) -> Built:
    # How long the ledger is, is nobody's secret; which act stands there is told only of what the viewer sees.
    with viewer.database.reading() as ledger:
        sequence = balances.position_at(ledger).sequence
    with viewer.database.reading(wall_of(viewer.subject)) as connection:
        directory = queries.directory(connection)
        view = balances.view_of(viewer.subject, viewer.scheme)
        at = balances.position_at(connection, sequence)
        found, cut = whole_account(connection, view, directory, viewer.scheme, GROUPINGS[0], at)
    report = report_of(found, directory, viewer.scheme, viewer.language, {}, titles=False, cut=cut)
    return report, said_of(found, viewer.scheme)


KINDS: Mapping[str, Kind] = {
    "today": Kind(Permission.SEE_REPORTS, _today, frozenset({"days", "unit"})),
    "overdue": Kind(Permission.SEE_REPORTS, _listed("overdue"), frozenset({"unit"}), titles=True),
    "findings": Kind(Permission.SEE_FINDINGS, _listed("findings"), frozenset({"unit"})),
    "swept": Kind(Permission.SEE_REPORTS, _swept, frozenset({"days"})),
    "balance": Kind(Permission.SEE_REPORTS, _balance),
}
"""What can be delivered."""


# When.


def _nominal(of: Subscription, day: str) -> bool:
    """Whether the day is the one that was asked for, worked or not."""
    if of.every == "weekly":
        return date.fromisoformat(day).weekday() == of.on_day
    return of.every == "daily" or int(day[8:]) == of.on_day


def slot_on(of: Subscription, day: str, calendar: Calendar) -> bool:
    """Whether something is delivered on this day: a working one, for itself or for days off right before it."""
    if not calendar.working(day):
        return False
    if _nominal(of, day):
        return True
    before = shift(day, -1)
    while of.every != "daily" and not calendar.working(before) and before > shift(day, -LOOKED_BACK):
        if _nominal(of, before):
            return True
        before = shift(before, -1)
    return False


def slots_back(of: Subscription, now: Instant, calendar: Calendar, zone: str) -> Iterator[str]:
    """The days of slots that have come, the newest first, none before the subscription."""
    today = clock.day(now, zone)
    for back in range(LOOKED_BACK):
        day = shift(today, -back)
        at = at_minute(day, of.hour * 60, zone)
        if of.created_at <= at <= now and slot_on(of, day, calendar):
            yield day


def due_slot(of: Subscription, now: Instant, calendar: Calendar, zone: str) -> str | None:
    """The day of the newest slot that nobody saw to; of several missed the newest alone is made."""
    newest = next(slots_back(of, now, calendar, zone), None)
    return newest if newest is not None and newest > of.last_day else None


def next_slot(of: Subscription, now: Instant, calendar: Calendar, zone: str) -> Instant:
    """When it comes next."""
    day = clock.day(now, zone)
    for _ in range(LOOKED_BACK * 2):
        at = at_minute(day, of.hour * 60, zone)
        if at > now and slot_on(of, day, calendar):
            return at
        day = shift(day, 1)
    return at_minute(day, of.hour * 60, zone)


# Making.


def subject_now(services: Services, person: int, now: Instant) -> Subject:
    """Who the person is at this moment: what was granted, taken or lowered since counts."""
    today = clock.day(now, services.scheme.timezone)
    with services.database.reading() as connection:
        return queries.subject_for(connection, person, services.scheme, today, now)


def allowed(subject: Subject, report: str) -> bool:
    """Whether the subject may have this report."""
    return report in KINDS and may(subject, KINDS[report].permission)


def build(services: Services, subject: Subject, of: Subscription, now: Instant) -> tuple[Report, bytes]:
    """The report as the subject may see it, and its workbook."""
    kind = KINDS[of.report]
    viewer = Viewer(services.database, services.scheme, subject, of.language, now, of.titles and kind.titles)
    made, said = kind.build(viewer, Asked(of.days, of.unit))
    out = io.BytesIO()
    write_workbook(made, subject, services.scheme, now, out, of.language, said)
    return made, out.getvalue()


def make(services: Services, of: Subscription, slot: str, now: Instant) -> int | None:
    """Make what is due; gives the delivery's number, None where another server had the slot.

    The workbook is made first and kept in one transaction with its slot, its line in the log of exports and its notice:
    whatever dies when, it is there once or not yet.
    """
    subject = subject_now(services, of.person, now)
    made: Report | None = None
    content: bytes | None = None
    if allowed(subject, of.report):
        made, content = build(services, subject, of, now)
    with services.database.writing() as connection:
        if not slot.startswith("now:") and not deliveries.take_slot(connection, of.id, slot):
            return None
        rows, carriers = (0, ()) if made is None else (len(made.rows), made.carriers)
        number = deliveries.keep(connection, of, slot, now, content, rows, carriers)
        if content is not None:
            log(connection, of.person, now, of.report, number, rows)
        _tell(connection, services, of, number, rows, content is not None, now)
    services.bulletin.publish("inbox")
    return number


def log(connection: Connection, person: int, now: Instant, report: str, number: int, rows: int) -> int:
    """Put it into the log of exports: who, what, how many lines."""
    return store.log_export(connection, person, now, report, json.dumps({"delivery": number}), rows)


def _tell(
    connection: Connection, services: Services, of: Subscription, number: int, rows: int, made: bool, now: Instant
) -> None:
    kind = "report_delivered" if made else "report_withheld"
    tell(connection, [Telling(of.person, kind, about=f"delivery:{number}", count=rows if made else None)], now)
    if services.relay is None:
        return
    at_work = services.at_work
    figures = Digest(of.person, (Figure("report" if made else "withheld", of.report, rows),)).as_json()
    queue_one(
        connection,
        services.scheme,
        of.person,
        f"report:{number}",
        figures,
        at_work.hours.next_waking(now, at_work.calendar, services.scheme.timezone),
        now,
    )


def make_due(services: Services, now: Instant) -> str:
    """Make everything whose slot has come, and forget what was kept long enough; a short result for the record."""
    zone, calendar = services.scheme.timezone, services.at_work.calendar
    before = now - services.scheme.number("deliveries_kept_days") * DAY
    with services.database.reading() as connection:
        wanted = deliveries.running(connection)
        old = deliveries.old_ones(connection, before)
    made = 0
    for one in wanted:
        slot = due_slot(one, now, calendar, zone)
        if slot is not None and make(services, one, slot, now) is not None:
            made += 1
    if old:
        with services.database.writing() as connection:
            deliveries.forget(connection, before)
    return f"made {made}"


# Fetching.


def still_seen(connection: Connection, subject: Subject, found: Delivery) -> bool:
    """Whether the subject may still see all that the file holds. `connection`: behind the subject's wall."""
    if not allowed(subject, found.report):
        return False
    return len(queries.carriers_by_id(connection, subject, found.carriers)) == len(set(found.carriers))


def fetch(services: Services, subject: Subject, number: int, now: Instant) -> tuple[Delivery, bytes, int]:
    """A file of the subject's own, after the export is logged; with the number of its line in the log.

    Raises NotFound where it is not the subject's, is gone, or holds what is hidden from the subject by now.
    """
    with services.database.reading(wall_of(subject)) as connection:
        found, content = deliveries.delivery(connection, subject.person, number)
        if not still_seen(connection, subject, found):
            raise NotFound
    with services.database.writing() as connection:
        deliveries.fetched(connection, number, now)
        logged = log(connection, subject.person, now, found.report, number, found.rows)
    return found, content, logged
