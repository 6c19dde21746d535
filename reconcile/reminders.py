"""Reminders before anything is wrong: a loan is due soon, due today, recalled. Notices, no findings (clause c.5).

The holder is told once each; the registry and the manager of the unit find the number of loans due in their inbox,
once a day. Nothing is said on the day of the loan itself, for the holder has just signed for its end.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from custody.access import Role
from custody.clock import day, end_of_day
from custody.database import Database
from custody.scheme import Scheme
from custody.values import DAY, Instant
from reconcile.store import notices, reminding, staff
from reconcile.store.core import Connection
from reconcile.store.notices import Telling
from reconcile.store.reminding import Loan


@dataclass(frozen=True, slots=True)
class Span:
    """The days that a reminder looks at, as instants: until the end of today, of the last day of warning."""

    now: Instant
    today: str
    today_begins_at: Instant
    today_ends_at: Instant
    warning_ends_at: Instant

    @classmethod
    def of(cls, scheme: Scheme, now: Instant) -> "Span":
        """As of `now`, where the organisation is."""
        zone, ahead = scheme.timezone, scheme.number("remind_days_before")
        today = day(now, zone)
        ends = end_of_day(today, zone)
        return cls(
            now=now,
            today=today,
            today_begins_at=end_of_day(day(now - DAY, zone), zone) + 1,
            today_ends_at=ends,
            warning_ends_at=end_of_day(day(now + ahead * DAY, zone), zone),
        )


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder: the name of its notice, the clause that it keeps, and what finds the notices to be sent now."""

    kind: str
    clause: str
    find: Callable[[Connection, Scheme, Span], list[Telling]]


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
    found: dict[int, int] = {}
    for keeper in staff.keepers(connection, scheme, span.today):
        if keeper.role in COUNTED_FOR:
            mine = sum(one.count for one in counts if staff.answers(keeper, one.unit, one.rank))
            found[keeper.person] = max(mine, found.get(keeper.person, 0))
    told = reminding.told_already(connection, about, "loans_due", found)
    return [
        Telling(person, "loans_due", about=about, due_at=span.warning_ends_at, count=count)
        for person, count in sorted(found.items())
        if count and person not in told
    ]


REMINDERS: tuple[Reminder, ...] = (
    Reminder("recalled", "c.5", _recalled),
    Reminder("due_today", "c.5", _due_today),
    Reminder("due_soon", "c.5", _due_soon),
    Reminder("loans_due", "c.5", _loans_due),
)
"""Every reminder, the most pressing first."""


def send_reminders(database: Database, scheme: Scheme, now: Instant) -> int:
    """Tell whom it concerns what is due; how many notices were written. What was told is not told again."""
    span = Span.of(scheme, now)
    with database.reading() as connection:
        found = [one for reminder in REMINDERS for one in reminder.find(connection, scheme, span)]
    if found:
        with database.writing() as connection:
            notices.tell(connection, found, now)
    return len(found)
