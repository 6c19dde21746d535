"""Every deadline that can be seen coming: how long before it, and to whom, it is spoken of. A table, and what reads it.

No deadline moves: what was agreed or signed stands as it was entered, on a holiday too. What moves is the reminder: one
that would fall on a day off goes out on the working day before it. Deadlines by the hour know no days off.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from custody.access import Role
from custody.clock import day, end_of_day
from custody.scheme import Scheme
from custody.values import DAY, SECOND, Instant
from reconcile.calendar import EVERY_DAY, Calendar, shift
from reconcile.checks import Spot
from reconcile.checks.matters import approvers
from reconcile.rounds.due import due_at
from reconcile.store import candidates, housekeeping, reminding, staff, upcoming
from reconcile.store.core import Connection
from reconcile.store.notices import Telling
from reconcile.store.upcoming import CarriersSoon, MatterSoon, approved_until, clearances_until, matters_due

HOUR = 3_600 * SECOND
MINUTE = 60 * SECOND


@dataclass(frozen=True, slots=True)
class Span:
    """The days that a reminder looks at, as instants: until the end of today, of the last day of warning."""

    now: Instant
    today: str
    zone: str
    calendar: Calendar
    today_begins_at: Instant
    today_ends_at: Instant
    """The end of the last day before the next working one: what is due on the days off is due "today"."""
    warning_ends_at: Instant

    @classmethod
    def of(cls, scheme: Scheme, now: Instant, calendar: Calendar = EVERY_DAY) -> "Span":
        """As of `now`, where the organisation is."""
        zone = scheme.timezone
        today = day(now, zone)
        bare = cls(now, today, zone, calendar, end_of_day(shift(today, -1), zone) + 1, 0, 0)
        return cls(
            now,
            today,
            zone,
            calendar,
            bare.today_begins_at,
            bare.until(0),
            bare.until(scheme.number("remind_days_before")),
        )

    def until(self, days: int) -> Instant:
        """What is due no later than this is to be spoken of today, where that is done so many days before.

        The day on which something is spoken of is so many calendar days before it is due, or, where that is off, the
        working day before; today is the last day for all that falls before the next working day.
        """
        return end_of_day(shift(self.calendar.after(self.today), days - 1), self.zone)

    @property
    def at_work(self) -> bool:
        """Whether today is worked: on other days only deadlines by the hour are spoken of."""
        return self.calendar.working(self.today)


Finds = Callable[[Connection, Collection[str], Instant, Instant, str], list[MatterSoon]]
R = Role


@dataclass(frozen=True, slots=True)
class Deadline:
    """One kind of deadline. `kind` is that of its notice; `finding` opens once it has passed; `clause` may be empty.

    `before`: how long before it is spoken of, from a figure of the scheme; `by_clock`: by the hour, on days off too.
    `roles` are told that answer for its unit and level; `opener`: who opened the matter, or has the carrier.
    """

    kind: str
    finding: str
    clause: str
    figure: str
    unit: int
    roles: frozenset[Role]
    opener: bool
    by_clock: bool = False
    matters: tuple[str, ...] = ()
    """Of which kinds of matter."""
    find: Finds = matters_due
    """Which of them are due in a stretch of time: by the matter's own due day, unless otherwise said."""

    def until(self, scheme: Scheme, span: Span) -> Instant:
        """What is due no later than this is spoken of now."""
        before = scheme.number(self.figure)
        return span.now + before * self.unit if self.by_clock else span.until(before)


def _row(
    kind: str, finding: str, clause: str, figure: str, *roles: Role, matters: str, find: Finds = matters_due
) -> Deadline:
    return Deadline(kind, finding, clause, figure, DAY, frozenset(roles), True, matters=(matters,), find=find)


DEADLINES: Mapping[str, Deadline] = {
    one.kind: one
    for one in (
        Deadline(
            *("loss_report_soon", "loss_report_overdue", "", "remind_loss_hours", HOUR),
            frozenset({R.SECRECY_OFFICE}),
            opener=True,
            by_clock=True,
            matters=("loss",),
        ),
        Deadline(
            *("meeting_ending", "meeting_paper_out", "h.3", "remind_minutes_before", MINUTE, frozenset()),
            opener=True,
            by_clock=True,
            matters=("meeting",),
        ),
        Deadline(
            *("visit_ending", "visit_open", "j.1", "remind_minutes_before", MINUTE, frozenset()),
            opener=True,
            by_clock=True,
            matters=("visit", "cleaning"),
        ),
        _row("arrival_soon", "arrival_overdue", "b.5", "remind_arrival_days", R.CLERK, matters="dispatch"),
        _row("collection_soon", "collection_overdue", "b.1", "remind_arrival_days", R.CLERK, matters="distribution"),
        _row(
            *("issuer_return_soon", "issuer_return_overdue", "b.7", "issuer_return_warning_days", R.CLERK, R.MANAGER),
            matters="issuer_return",
        ),
        _row(
            *("intermediate_soon", "intermediate_open", "a.6", "remind_intermediate_days", R.CLERK),
            matters="production",
        ),
        _row("inventory_soon", "sweep_due", "", "remind_sweep_days", R.SECRECY_OFFICE, matters="inventory"),
        _row(
            *("destruction_soon", "destruction_overdue", "g.1", "remind_destruction_days", R.CLERK, R.MANAGER),
            matters="destruction",
            find=approved_until,
        ),
        _row(
            *("hand_over_soon", "hand_over_due", "f.1", "remind_days_before", R.SECRECY_OFFICE, R.CLERK),
            matters="clearance",
            find=clearances_until,
        ),
    )
}
"""Deadlines of matters, the most pressing first. Those of carriers in a hand, of provisions, of papers on file and of
what is signed for stand in `reconcile.reminders`; the rest below."""

COUNTED: Mapping[str, tuple[str, str, str, frozenset[Role]]] = {
    # Notice -> finding, clause, figure, who is told how many, once a week.
    "archiving_soon": ("archiving_due", "f.3", "remind_archiving_days", frozenset({R.CLERK, R.MANAGER})),
    "review_soon": ("review_due", "", "review_warning_days", frozenset({R.SECRECY_OFFICE, R.CLERK})),
}
"""Deadlines of carriers on the shelf, which come by the hundred: told as a number."""
del R


def matters_soon(row: Deadline, connection: Connection, scheme: Scheme, span: Span) -> list[Telling]:
    """Whom to tell of matters of this row that are due soon, once each person and due day."""
    found = row.find(connection, row.matters, span.now, row.until(scheme, span), span.zone)
    everybody = staff.keepers(connection, scheme, span.today) if found else ()
    return _told_once(connection, row.kind, found, lambda one: _persons(row, one, everybody))


def _persons(row: Deadline, matter: MatterSoon, keepers: Collection[staff.Keeper]) -> set[int]:
    persons = set(staff.told(keepers, row.roles, matter.unit, matter.rank))
    if row.opener and matter.opened_by in {keeper.person for keeper in keepers}:
        persons.add(matter.opened_by)
    return persons


def approvals_waiting(connection: Connection, scheme: Scheme, span: Span) -> list[Telling]:
    """Requests whose time to answer ends soon: who may answer is told, but nobody who took part in them."""
    found = upcoming.approvals_due(connection, span.now, span.until(scheme.number("remind_approval_days")))
    everybody = staff.keepers(connection, scheme, span.today) if found else ()

    def able(one: MatterSoon) -> set[int]:
        keepers = [keeper for keeper in everybody if keeper.person not in one.apart]
        return set(staff.told(keepers, frozenset(approvers(one.awaited)), one.unit, one.rank))

    return _told_once(connection, "approval_waiting", found, able)


def _told_once(
    connection: Connection, kind: str, found: Iterable[MatterSoon], persons: Callable[[MatterSoon], set[int]]
) -> list[Telling]:
    tellings = []
    for one in found:
        about = f"matter:{one.id}@{one.due_at}"
        wanted = persons(one)
        told = reminding.told_already(connection, about, kind, wanted) if wanted else set()
        tellings += [Telling(person, kind, about=about, due_at=one.due_at) for person in sorted(wanted - told)]
    return tellings


def held_soon(connection: Connection, scheme: Scheme, span: Span) -> list[Telling]:
    """State secrets almost as long in one hand as anybody may keep one (clause f.1): who has them is told."""
    longest = scheme.number("holding_days_max") * DAY
    until = span.until(scheme.number("remind_holding_days"))
    return [
        Telling(one.holder, "holding_soon", about=one.about, carrier=one.carrier, due_at=one.due_at)
        for one in upcoming.held_until(connection, "holding_soon", span.now, until, longest)
    ]


def counted_soon(kind: str, connection: Connection, scheme: Scheme, span: Span) -> list[Telling]:
    """How many carriers of the own units are due soon, once a week: in the week's first run on a working day."""
    finding, _clause, figure, roles = COUNTED[kind]
    until = day(span.until(scheme.number(figure)), span.zone)
    about = f"{kind}:{_week(span.today)}"
    if upcoming.any_told(connection, about, kind):
        return []
    counts = upcoming.carriers_due(connection, finding, span.today, until)
    return [
        Telling(person, kind, about=about, count=count)
        for person, count in sorted(count_for(counts, staff.keepers(connection, scheme, span.today), roles).items())
        if count
    ]


def sweeps_soon(connection: Connection, scheme: Scheme, span: Span) -> list[Telling]:
    """How many places are to be swept soon, once a week: their keepers of their own, the secrecy office of all."""
    until = span.until(scheme.number("remind_sweep_days"))
    about = f"sweep_soon:{_week(span.today)}"
    if upcoming.any_told(connection, about, "sweep_soon"):
        return []

    def again(spot: Spot, since: Instant) -> Instant:
        return due_at(scheme, spot.kind, spot.rating_rank, since)

    cases = housekeeping.sweep_cases(connection, again, candidates.world(connection)).values()
    soon = [one for one in cases if span.now < one.due_at <= until]
    everybody = staff.keepers(connection, scheme, span.today) if soon else ()
    offices = {keeper.person for keeper in everybody if keeper.role is Role.SECRECY_OFFICE}
    counts = dict.fromkeys(offices, len(soon))
    for person in {keeper.person for keeper in everybody} - offices:
        counts[person] = sum(one.keeper == person for one in soon)
    return [
        Telling(person, "sweep_soon", about=about, count=count) for person, count in sorted(counts.items()) if count
    ]


def count_for(
    counts: Iterable[CarriersSoon | reminding.DueCount], everybody: Iterable[staff.Keeper], roles: frozenset[Role]
) -> Mapping[int, int]:
    """How many of these each person in the roles answers for: of several roles the one that reaches furthest."""
    rows = tuple(counts)
    found: dict[int, int] = {}
    for keeper in everybody:
        if keeper.role in roles:
            mine = sum(one.count for one in rows if staff.answers(keeper, one.unit, one.rank))
            found[keeper.person] = max(mine, found.get(keeper.person, 0))
    return found


def _week(iso_day: str) -> str:
    year, week, _weekday = date.fromisoformat(iso_day).isocalendar()
    return f"{year}-W{week:02d}"
