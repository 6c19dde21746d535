"""What the day's messages are made from, and what of them is kept: each once a person and day."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Table, func, select, update
from sqlmodel import SQLModel

from custody.store.schema import CARRIER, MATTER, PERSON, chunks
from custody.values import DAY, Instant
from reconcile.checks import KINDS
from reconcile.store.core import CURSOR, FINDING, NOTICE, Connection, insert_new

DIGEST: Table = SQLModel.metadata.tables["digest"]
REPEAT: Table = SQLModel.metadata.tables["repeat"]
REMINDED_DAYS = 14
"""A reminder older than this is in the inbox alone."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An open finding, in as few words as a figure needs. `rank`: of what it is about; `person`: whom it names."""

    finding: str
    kind: str
    urgency: int
    happened_at: Instant
    owner: int | None
    person: int | None
    person_number: str
    person_unit: int | None
    rank: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """How often a person was told of a finding, and whether a superior was."""

    times: int
    passed_on: bool


def standing(connection: Connection) -> list[Standing]:
    """Every open finding that somebody answers for or that names a person."""
    f = FINDING.c
    query = (
        select(
            *(f.number, f.kind, f.urgency, f.happened_at, f.owner, f.person),
            func.coalesce(PERSON.c.number, "").label("person_number"),
            PERSON.c.unit.label("person_unit"),
            func.coalesce(CARRIER.c.rank, MATTER.c.rank, 0).label("rank"),
        )
        .select_from(
            FINDING.outerjoin(PERSON, PERSON.c.id == f.person)
            .outerjoin(CARRIER, CARRIER.c.id == f.carrier)
            .outerjoin(MATTER, MATTER.c.id == f.matter)
        )
        .where(f.open, f.person.is_not(None) | f.owner.is_not(None))
        .order_by(f.number)
    )
    return [Standing(*row) for row in connection.execute(query) if row.kind in KINDS]


def reminded(connection: Connection, kinds: Collection[str], now: Instant) -> dict[int, dict[str, int]]:
    """Unread reminders (of these kinds) of the last fortnight of what is to come: by person, by kind, how many."""
    n = NOTICE.c
    query = (
        select(n.person, n.kind, func.count(), func.max(n.count))
        .where(
            n.read_at.is_(None),
            n.kind.in_(sorted(kinds)),
            n.at >= now - REMINDED_DAYS * DAY,
            n.due_at.is_(None) | (n.due_at >= now),
        )
        .group_by(n.person, n.kind)
    )
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for person, kind, number, count in connection.execute(query):
        # A notice that itself speaks of several: the last figure, not their sum over the days.
        found[person][kind] = number if count is None else count
    return dict(found)


def last_made(connection: Connection) -> Instant:
    """When messages were made the last time; 0 where never."""
    return connection.scalar(select(func.max(DIGEST.c.made_at))) or 0


def new_since(connection: Connection, since: Instant) -> dict[int, int]:
    """Notices of an instant or later that were not read yet, by person."""
    n = NOTICE.c
    query = select(n.person, func.count()).where(n.read_at.is_(None), n.at >= since).group_by(n.person)
    return {row[0]: row[1] for row in connection.execute(query)}


def repeats(connection: Connection) -> dict[tuple[str, int], Repeat]:
    """How often people were told, of findings that are open."""
    r = REPEAT.c
    query = select(r.finding, r.person, r.times, r.passed_on_at).join(FINDING, FINDING.c.number == r.finding)
    rows = connection.execute(query.where(FINDING.c.open))
    return {(row.finding, row.person): Repeat(row.times, row.passed_on_at is not None) for row in rows}


def begin_day(connection: Connection, name: str, number: int) -> bool:
    """Whether this is the first time that a day's messages are made: the row of the cursor decides among servers."""
    insert_new(connection, CURSOR, [{"name": name, "position": 0}])
    begun = update(CURSOR).where(CURSOR.c.name == name, CURSOR.c.position < number).values(position=number)
    return connection.execute(begun).rowcount == 1


def keep(connection: Connection, made: Sequence[tuple[int, int, str]], today: str, now: Instant) -> None:
    """Keep the messages of a day: person, how much is overdue, figures."""
    rows = [
        {"person": person, "day": today, "made_at": now, "overdue": overdue, "figures": figures}
        for person, overdue, figures in made
    ]
    insert_new(connection, DIGEST, rows)


def repeat(connection: Connection, told: Iterable[tuple[str, int]], today: str) -> None:
    """Count that these people were told of these findings today."""
    for chunk in chunks(told):
        rows = [{"finding": finding, "person": person, "times": 0, "last_day": ""} for finding, person in chunk]
        insert_new(connection, REPEAT, rows)
        for finding, person in chunk:
            connection.execute(
                update(REPEAT)
                .where(REPEAT.c.finding == finding, REPEAT.c.person == person, REPEAT.c.last_day < today)
                .values(times=REPEAT.c.times + 1, last_day=today)
            )


def pass_on(connection: Connection, told: Iterable[tuple[str, int]], today: str, now: Instant) -> None:
    """These were told often enough: nobody is told of them again."""
    for finding, person in told:
        connection.execute(
            update(REPEAT)
            .where(REPEAT.c.finding == finding, REPEAT.c.person == person, REPEAT.c.passed_on_at.is_(None))
            .values(passed_on_at=now, last_day=today)
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that was made."""

    day: str
    made_at: Instant
    overdue: int
    figures: str


def kept(connection: Connection, person: int, limit: int = 10) -> list[Kept]:
    """The last messages of a person, the newest first."""
    d = DIGEST.c
    query = select(d.day, d.made_at, d.overdue, d.figures).where(d.person == person).order_by(d.id.desc()).limit(limit)
    return [Kept(*row) for row in connection.execute(query)]


def made_on(connection: Connection, today: str) -> int:
    """How many messages were made on a day."""
    return connection.scalar(select(func.count()).where(DIGEST.c.day == today)) or 0
