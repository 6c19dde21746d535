"""How things went: findings by age, time to close, loans, what was swept. Every query takes the Subject.

Stretches of time end at the instants that are given, the newest last; what a subject does not see is not counted.
`units`: of what belongs to these units alone; None: of everything that is seen.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import median

from sqlalchemy import ColumnElement, and_, case, func, or_, select, true

from custody.access import Subject
from custody.entries import Borrowed, Returned
from custody.register import Directory
from custody.store.queries.journal import seen_entries
from custody.store.schema import ACT, CARRIER, ENTRY
from custody.values import DAY, Instant
from reconcile.store.core import FINDING, ROUND, Connection
from reconcile.store.finding_queries import seen_by, with_subjects

AGES: tuple[tuple[int, int | None], ...] = ((0, 1), (1, 7), (7, None))
"""Classes of age in days, from and below."""
CLOSED_MAX = 20_000
"""So many of the findings closed last are looked at for how long they took."""


def _of_units(units: Collection[int] | None) -> ColumnElement[bool]:
    """Whether a finding belongs to one of these units."""
    return true() if units is None else FINDING.c.unit.in_(sorted(units))


def open_by_age(
    connection: Connection, subject: Subject, ends: Sequence[Instant], units: Collection[int] | None = None
) -> list[tuple[int, ...]]:
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
        select(*columns).select_from(with_subjects(subject)).where(seen_by(subject), touched, _of_units(units))
    ).one()
    size = len(AGES)
    return [tuple(int(n) for n in row[at * size : (at + 1) * size]) for at in range(len(ends))]


@dataclass(frozen=True, slots=True)
class Closed:
    """Findings closed within a stretch: how many; in how many microseconds half of them were, and nine in ten."""

    count: int
    median_us: int | None
    p90_us: int | None


FIRST_ACTS = 20
"""Of these one looks where a time begins in the ledger: acts of two servers may bear their times in turned order."""
LATE_KIND = "overdue_loan"
"""A loan past its day cannot be renewed (clause c.5): its finding ends when the carrier comes back."""


def time_to_close(
    connection: Connection,
    subject: Subject,
    since: Instant,
    ends: Sequence[Instant],
    units: Collection[int] | None = None,
) -> list[Closed]:
    """Of each stretch, the findings that were closed in it, by a person or by themselves."""
    opened, closed = FINDING.c.opened_at, FINDING.c.closed_at
    rows = connection.execute(
        select(opened, closed)
        .select_from(with_subjects(subject))
        .where(seen_by(subject), closed > since, closed <= ends[-1], _of_units(units))
        .order_by(closed.desc())
        .limit(CLOSED_MAX)
    )
    found: dict[int, list[int]] = defaultdict(list)
    for begun, ended in rows:
        stretch = next(at for at, end in enumerate(ends) if ended <= end)
        found[stretch].append(ended - begun)
    return [closed_in(found[at]) for at in range(len(ends))]


def closed_in(times: Sequence[int]) -> Closed:
    """The figures of the times that findings took; nine in ten by the nearest rank."""
    if not times:
        return Closed(0, None, None)
    ordered = sorted(times)
    return Closed(len(ordered), int(median(ordered)), ordered[-(-9 * len(ordered) // 10) - 1])


@dataclass(frozen=True, slots=True)
class Loans:
    """Carriers lent within a stretch, those that came back, and how many of these past their day."""

    lent: int
    returned: int
    late: int

    @property
    def in_time(self) -> int:
        """How many came back by their day."""
        return max(0, self.returned - self.late)


def loans_and_returns(
    connection: Connection,
    subject: Subject,
    since: Instant,
    ends: Sequence[Instant],
    units: Collection[int] | None = None,
) -> list[Loans]:
    """Of each stretch, how many carriers were lent, how many came back, and how many of these late."""
    found = _entered(connection, subject, since, ends, units)
    late = _late(connection, subject, since, ends, units)
    return [
        Loans(found.get((at, Borrowed.kind), 0), found.get((at, Returned.kind), 0), late.get(at, 0))
        for at in range(len(ends))
    ]


def _entered(
    connection: Connection, subject: Subject, since: Instant, ends: Sequence[Instant], units: Collection[int] | None
) -> dict[tuple[int, str], int]:
    acts = select(ACT.c.number).where(ACT.c.entered_at > since).order_by(ACT.c.entered_at).limit(FIRST_ACTS)
    first = connection.scalar(select(func.min(ENTRY.c.sequence)).where(ENTRY.c.act.in_(acts)))
    if first is None:
        return {}
    stretch = case(*((ENTRY.c.entered_at <= end, at) for at, end in enumerate(ends)), else_=len(ends))
    query = select(ENTRY.c.kind, stretch.label("stretch"), func.count().label("n")).where(
        ENTRY.c.kind.in_((Borrowed.kind, Returned.kind)),
        ENTRY.c.sequence >= first,
        ENTRY.c.entered_at > since,
        seen_entries(subject),
    )
    if units is not None:
        theirs = select(CARRIER.c.id).where(CARRIER.c.unit.in_(sorted(units)))
        query = query.where(ENTRY.c.carrier.in_(theirs))
    rows = connection.execute(query.group_by(ENTRY.c.kind, stretch))
    return {(row.stretch, row.kind): row.n for row in rows}


def _late(
    connection: Connection, subject: Subject, since: Instant, ends: Sequence[Instant], units: Collection[int] | None
) -> dict[int, int]:
    closed = FINDING.c.closed_at
    stretch = case(*((closed <= end, at) for at, end in enumerate(ends)), else_=len(ends))
    query = (
        select(stretch.label("stretch"), func.count().label("n"))
        .select_from(with_subjects(subject))
        .where(seen_by(subject), FINDING.c.kind == LATE_KIND, closed > since, closed <= ends[-1], _of_units(units))
        .group_by(stretch)
    )
    return {row.stretch: row.n for row in connection.execute(query)}


@dataclass(frozen=True, slots=True)
class Swept:
    """A room, the storage places in it that hold no others, and how many of them a signed sweep has looked at.

    `last_at`: when the last of these sweeps ended, however long ago; None: never.
    """

    place: int
    swept: int
    places: int
    last_at: Instant | None


def swept_since(connection: Connection, directory: Directory, since: Instant) -> list[Swept]:
    """Per room (or what else stands above the shelves), the least swept first."""
    rows = connection.execute(
        select(ROUND.c.place, func.max(ROUND.c.finished_at)).where(ROUND.c.state == "signed").group_by(ROUND.c.place)
    )
    signed: dict[int, Instant] = {place: at for place, at in rows if at is not None}
    above = {place.parent for place in directory.places.values() if place.storage}
    found: dict[int, list[Instant]] = defaultdict(list)
    for place in directory.places.values():
        if place.storage and place.id not in above and place.kind not in ("portal", "seat"):
            line = list(_line(directory, place.id))
            room = next((one for one in line if directory.places[one].kind == "room"), line[-1])
            found[room].append(max((signed.get(one, 0) for one in line), default=0))
    rooms = [Swept(room, sum(at > since for at in done), len(done), max(done) or None) for room, done in found.items()]
    return sorted(rooms, key=lambda one: (one.swept / one.places, directory.places[one.place].code))


def _line(directory: Directory, place: int) -> list[int]:
    """The place and all that it stands in, itself first."""
    found: list[int] = []
    at: int | None = place
    while at is not None and at in directory.places and at not in found:
        found.append(at)
        at = directory.places[at].parent
    return found
