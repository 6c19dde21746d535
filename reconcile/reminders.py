"""Reminders before anything is wrong: notices, no findings. Each once a person and due day.

Of a loan the holder is told (clause c.5); the registry and the manager of the unit find the number of loans due, once
a day. Nothing is said on the day of the loan itself, for the holder has just signed for its end. What else
can be seen coming stands in the table of `reconcile.upcoming`. On days off only deadlines by the hour are spoken of.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial

from custody.access import Role
from custody.clock import day, end_of_day
from custody.database import Database
from custody.scheme import Scheme
from custody.store.backup.standing import standing
from custody.values import Instant
from reconcile.calendar import EVERY_DAY, Calendar
from reconcile.store import notices, people, reminding, staff
from reconcile.store.core import Connection
from reconcile.store.notices import Telling
from reconcile.store.reminding import Loan
from reconcile.upcoming import (
    COUNTED,
    DEADLINES,
    Span,
    approvals_waiting,
    count_for,
    counted_soon,
    held_soon,
    matters_soon,
    sweeps_soon,
)


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder: the name of its notice, the clause that it keeps, and what finds the notices to be sent now."""

    kind: str
    clause: str
    find: Callable[[Connection, Scheme, Span], list[Telling]]
    days_off: bool = False
    """Whether it is sent on days off too."""


def _to_holders(kind: str, loans: Iterable[Loan]) -> list[Telling]:
    return [Telling(one.holder, kind, about=one.about, carrier=one.carrier, due_at=one.due_at) for one in loans]


def _due_soon(connection: Connection, _scheme: Scheme, span: Span) -> list[Telling]:
    loans = reminding.due_between(
        connection, "due_soon", span.today_ends_at, span.warning_ends_at, span.today_begins_at
    )
    return _to_holders("due_soon", loans)


def _due_today(connection: Connection, _scheme: Scheme, span: Span) -> list[Telling]:
    loans = reminding.due_between(connection, "due_today", span.now - 1, span.today_ends_at, span.today_begins_at)
    return _to_holders("due_today", loans)


def _recalled(connection: Connection, _scheme: Scheme, span: Span) -> list[Telling]:
    return _to_holders("recalled", reminding.recalled(connection, "recalled", span.now))


COUNTED_FOR = frozenset({Role.CLERK, Role.MANAGER})
"""Who finds the number of loans due in the inbox, each of the units that the role answers for."""


def _loans_due(connection: Connection, scheme: Scheme, span: Span) -> list[Telling]:
    counts = reminding.due_counts(connection, span.now - 1, span.warning_ends_at)
    if not counts:
        return []
    about = f"loans:{span.today}"
    found = count_for(counts, staff.keepers(connection, scheme, span.today), COUNTED_FOR)
    told = reminding.told_already(connection, about, "loans_due", found)
    return [
        Telling(person, "loans_due", about=about, due_at=span.warning_ends_at, count=count)
        for person, count in sorted(found.items())
        if count and person not in told
    ]


def _provision_due(connection: Connection, scheme: Scheme, span: Span) -> list[Telling]:
    """Carriers with another body are to be back soon: who proposed it is told, and the secrecy office (clause i.1)."""
    until = span.until(scheme.number("provision_warning_days"))
    offices = [k for k in staff.keepers(connection, scheme, span.today) if k.role is Role.SECRECY_OFFICE]
    found = []
    for matter, opener, due_at, unit, rank in reminding.provisions_due(connection, until):
        about = f"provision:{matter}@{due_at}"
        persons = {opener} | {k.person for k in offices if staff.answers(k, unit, rank)}
        told = reminding.told_already(connection, about, "provision_due", persons)
        found += [Telling(one, "provision_due", about=about, due_at=due_at) for one in sorted(persons - told)]
    return found


def _paper_ending(connection: Connection, scheme: Scheme, span: Span) -> list[Telling]:
    """A licence or an agreement on file expires soon: the secrecy office is told (clauses a.3, d.3, i.1)."""
    until = day(span.until(scheme.number("licence_warning_days")), scheme.timezone)
    offices = {k.person for k in staff.keepers(connection, scheme, span.today) if k.role is Role.SECRECY_OFFICE}
    found = []
    for about, ends_on in reminding.papers_ending(connection, span.today, until):
        told = reminding.told_already(connection, about, "paper_ending", offices)
        due_at = end_of_day(ends_on, scheme.timezone)
        found += [Telling(one, "paper_ending", about=about, due_at=due_at) for one in sorted(offices - told)]
    return found


def _to_sign(connection: Connection, scheme: Scheme, span: Span) -> list[Telling]:
    """Something is to be signed for soon: whoever is to sign is told (clause j.2, rule 5)."""
    until = span.until(scheme.number("instruction_warning_days"))
    wanted = [one for one in people.people_cases(connection, scheme, span.now).values() if one.due_at is not None]
    found = []
    for case in wanted:
        if case.due_at is not None and case.due_at <= until:
            about = f"{case.about}@{case.due_at}"
            if case.person not in reminding.told_already(connection, about, "to_sign", (case.person,)):
                found.append(Telling(case.person, "to_sign", about=about, due_at=case.due_at))
    return found


def _backup_old(connection: Connection, scheme: Scheme, span: Span) -> list[Telling]:
    """The last good backup is too old, or there never was one: the system administrators are told, once a day."""
    found = standing(connection, scheme, span.now)
    if found.wanted_at is None or found.wanted_at >= span.now:
        return []
    about = f"backup:{span.today}"
    persons = {k.person for k in staff.keepers(connection, scheme, span.today) if k.role is Role.SYSTEM_ADMINISTRATOR}
    told = reminding.told_already(connection, about, "backup_old", persons)
    return [Telling(one, "backup_old", about=about, due_at=found.wanted_at) for one in sorted(persons - told)]


def _calendar_ending(connection: Connection, scheme: Scheme, span: Span) -> list[Telling]:
    """Next year's days off are not known yet: the system administrators are told, once a week."""
    if not span.calendar.ending(span.today):
        return []
    year, week, _weekday = date.fromisoformat(span.today).isocalendar()
    about = f"calendar:{year}-W{week:02d}"
    persons = {k.person for k in staff.keepers(connection, scheme, span.today) if k.role is Role.SYSTEM_ADMINISTRATOR}
    told = reminding.told_already(connection, about, "calendar_ending", persons)
    ends = span.calendar.ends_on()
    due_at = None if ends is None else end_of_day(ends, scheme.timezone)
    return [Telling(one, "calendar_ending", about=about, due_at=due_at) for one in sorted(persons - told)]


REMINDERS: tuple[Reminder, ...] = (
    Reminder("recalled", "c.5", _recalled, days_off=True),
    Reminder("due_today", "c.5", _due_today),
    Reminder("due_soon", "c.5", _due_soon),
    Reminder("loans_due", "c.5", _loans_due),
    *(Reminder(row.kind, row.clause, partial(matters_soon, row), row.by_clock) for row in DEADLINES.values()),
    Reminder("approval_waiting", "", approvals_waiting),
    Reminder("holding_soon", "f.1", held_soon),
    *(Reminder(kind, row[1], partial(counted_soon, kind)) for kind, row in COUNTED.items()),
    Reminder("sweep_soon", "", sweeps_soon),
    Reminder("provision_due", "i.1", _provision_due),
    Reminder("to_sign", "j.2", _to_sign),
    Reminder("paper_ending", "", _paper_ending),
    Reminder("calendar_ending", "", _calendar_ending),
    Reminder("backup_old", "", _backup_old, days_off=True),
)
"""Every reminder, the most pressing first."""


def send_reminders(database: Database, scheme: Scheme, now: Instant, calendar: Calendar = EVERY_DAY) -> int:
    """Tell whom it concerns what is due; how many notices were written. What was told is not told again."""
    span = Span.of(scheme, now, calendar)
    with database.reading() as connection:
        found = [
            one
            for reminder in REMINDERS
            if span.at_work or reminder.days_off
            for one in reminder.find(connection, scheme, span)
        ]
    if found:
        with database.writing() as connection:
            notices.tell(connection, found, now)
    return len(found)
