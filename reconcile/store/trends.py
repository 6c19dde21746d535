"""How things went over weeks: findings by age, time to close, loans, what was swept. Every query takes the Subject.

Weeks end at the instants that are given, the newest last; what a subject does not see is not counted.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from sqlalchemy import and_, case, func, or_, select

from custody.access import Subject
from custody.entries import Borrowed, Returned
from custody.register import Directory
from custody.store.queries.journal import seen_entries
from custody.store.schema import ACT, ENTRY
from custody.values import DAY, Instant
from reconcile.store.core import FINDING, ROUND, Connection
from reconcile.store.finding_queries import seen_by, with_subjects

AGES: tuple[tuple[int, int | None], ...] = ((0, 1), (1, 7), (7, None))
"""Classes of age in days, from and below."""
CLOSED_MAX = 20_000
"""So many of the findings closed last are looked at for how long they took."""


def open_by_age(connection: Connection, subject: Subject, ends: Sequence[Instant]) -> list[tuple[int, ...]]:
    """At each of these instants, the findings that were open then, by the classes of AGES."""
    opened, closed = FINDING.c.opened_at, FINDING.c.closed_at
    columns = []
    for end in ends:
        alive = and_(opened <= end, or_(closed.is_(None), closed > end))
        for youngest, oldest in AGES:
            within = [alive, opened <= end - youngest * DAY]
            if oldest is not None:
                within.append(opened > end - oldest * DAY)
            columns.append(func.coalesce(func.sum(case((and_(*within), 1), else_=0)), 0))
    touched = or_(closed.is_(None), closed > min(ends))
    row = connection.execute(
        select(*columns).select_from(with_subjects(subject)).where(seen_by(subject), touched)
    ).one()
    size = len(AGES)
    return [tuple(int(n) for n in row[at * size : (at + 1) * size]) for at in range(len(ends))]


@dataclass(frozen=True, slots=True)
class Closed:
    """Findings closed within a week: how many, and in how many microseconds half of them were."""

    count: int
    median_us: int | None


def time_to_close(connection: Connection, subject: Subject, since: Instant, ends: Sequence[Instant]) -> list[Closed]:
    """Of each week, the findings that were closed in it, by a person or by themselves."""
    opened, closed = FINDING.c.opened_at, FINDING.c.closed_at
    rows = connection.execute(
        select(opened, closed)
        .select_from(with_subjects(subject))
        .where(seen_by(subject), closed > since, closed <= ends[-1])
        .order_by(closed.desc())
        .limit(CLOSED_MAX)
    )
    found: dict[int, list[int]] = defaultdict(list)
    for begun, ended in rows:
        week = next(at for at, end in enumerate(ends) if ended <= end)
        found[week].append(ended - begun)
    return [Closed(len(found[at]), int(median(found[at])) if found[at] else None) for at in range(len(ends))]


def loans_and_returns(
    connection: Connection, subject: Subject, since: Instant, ends: Sequence[Instant]
) -> list[tuple[int, int]]:
    """Of each week, how many carriers were lent and how many came back."""
    first = connection.scalar(
        select(func.min(ENTRY.c.sequence)).join(ACT, ACT.c.number == ENTRY.c.act).where(ACT.c.entered_at > since)
    )
    if first is None:
        return [(0, 0) for _ in ends]
    week = case(*((ENTRY.c.entered_at <= end, at) for at, end in enumerate(ends)), else_=len(ends))
    rows = connection.execute(
        select(ENTRY.c.kind, week.label("week"), func.count().label("n"))
        .where(
            ENTRY.c.kind.in_((Borrowed.kind, Returned.kind)),
            ENTRY.c.sequence >= first,
            ENTRY.c.entered_at > since,
            seen_entries(subject),
        )
        .group_by(ENTRY.c.kind, week)
    )
    found: dict[tuple[int, str], int] = {(row.week, row.kind): row.n for row in rows}
    return [(found.get((at, Borrowed.kind), 0), found.get((at, Returned.kind), 0)) for at in range(len(ends))]


@dataclass(frozen=True, slots=True)
class Swept:
    """A room, the storage places in it that hold no others, and how many of them a signed sweep has looked at."""

    place: int
    swept: int
    places: int


def swept_since(connection: Connection, directory: Directory, since: Instant) -> list[Swept]:
    """Per room (or what else stands above the shelves), the least swept first."""
    signed = set(
        connection.scalars(
            select(ROUND.c.place).where(ROUND.c.state == "signed", ROUND.c.finished_at > since).distinct()
        )
    )
    above = {place.parent for place in directory.places.values() if place.storage}
    found: dict[int, list[bool]] = defaultdict(list)
    for place in directory.places.values():
        if place.storage and place.id not in above and place.kind not in ("portal", "seat"):
            line = list(_line(directory, place.id))
            room = next((one for one in line if directory.places[one].kind == "room"), line[-1])
            found[room].append(not signed.isdisjoint(line))
    rooms = [Swept(room, sum(done), len(done)) for room, done in found.items()]
    return sorted(rooms, key=lambda one: (one.swept / one.places, directory.places[one.place].code))


def _line(directory: Directory, place: int) -> list[int]:
    """The place and all that it stands in, itself first."""
    found: list[int] = []
    at: int | None = place
    while at is not None and at in directory.places and at not in found:
        found.append(at)
        at = directory.places[at].parent
    return found
