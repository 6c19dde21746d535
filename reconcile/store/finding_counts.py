"""How many findings there are: by kind, by person, by what opened them. Every query takes the Subject."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_, select

from custody.access import Subject
from custody.store.queries.cases import Period
from custody.store.schema import MATTER, PERSON
from custody.values import Instant
from reconcile.checks import KINDS
from reconcile.store.core import FINDING, Connection
from reconcile.store.finding_queries import seen_by, with_subjects


@dataclass(frozen=True, slots=True)
class KindCount:
    """Open findings of a kind. `owner` is the one person who answers for all of them, None where several or none."""

    kind: str
    open: int
    oldest_at: Instant | None
    due_at: Instant | None
    """The next time limit."""
    owner: int | None
    owner_name: str | None
    owners: int


def counts(connection: Connection, subject: Subject) -> tuple[KindCount, ...]:
    """Open findings by kind that the subject sees; every kind is there, in the order of the table."""
    one = case((func.count(FINDING.c.owner.distinct()) == 1, func.min(FINDING.c.owner)))
    rows = connection.execute(
        select(
            FINDING.c.kind,
            func.count().label("open"),
            func.min(FINDING.c.opened_at).label("oldest_at"),
            func.min(FINDING.c.due_at).label("due_at"),
            one.label("owner"),
            func.count(FINDING.c.owner.distinct()).label("owners"),
        )
        .select_from(with_subjects(subject))
        .where(seen_by(subject), FINDING.c.open)
        .group_by(FINDING.c.kind)
    ).all()
    owners = [row.owner for row in rows if row.owner is not None]
    people = connection.execute(select(PERSON.c.id, PERSON.c.name).where(PERSON.c.id.in_(owners)))
    names = {person.id: person.name for person in people}
    known = {
        row.kind: KindCount(row.kind, row.open, row.oldest_at, row.due_at, row.owner, names.get(row.owner), row.owners)
        for row in rows
    }
    return tuple(known.get(kind, KindCount(kind, 0, None, None, None, None, 0)) for kind in KINDS)


def owners(connection: Connection, subject: Subject) -> tuple[int, ...]:
    """Who answers for open findings that the subject sees."""
    # Grouped, not DISTINCT: for that SQLite would first write down every carrier that the subject may see.
    query = select(FINDING.c.owner).select_from(with_subjects(subject)).group_by(FINDING.c.owner)
    query = query.where(seen_by(subject), FINDING.c.open, FINDING.c.owner.is_not(None))
    return tuple(connection.scalars(query.order_by(FINDING.c.owner)))


def opened_counts(connection: Connection, subject: Subject, opened: Period) -> Mapping[tuple[str, str], int]:
    """Findings opened in a period, open or closed, by kind and by the kind of the matter they are about, if any."""
    of_matter = func.coalesce(MATTER.c.kind, "")
    query = select(FINDING.c.kind, of_matter.label("of_matter"), func.count().label("opened"))
    query = query.select_from(with_subjects(subject)).where(seen_by(subject), *opened.holds(FINDING.c.opened_at))
    rows = connection.execute(query.group_by(FINDING.c.kind, of_matter))
    return {(row.kind, row.of_matter): row.opened for row in rows}


PERSONAL = (
    *("overdue_loan", "leg_overdue", "held_too_long", "deposit_overdue", "meeting_paper_out"),
    "permit_overdue",
)
"""Kinds about what a person has had for too long."""


@dataclass(frozen=True, slots=True)
class PersonCount:
    """What one person has kept past its day, as far as the subject sees it."""

    person: int
    name: str
    name_en: str
    unit: int | None
    open: int
    oldest_at: Instant
    """When the longest passed deadline passed."""
    kinds: Mapping[str, int]


def by_person(
    connection: Connection, subject: Subject, limit: int = 50, units: Collection[int] | None = None
) -> tuple[PersonCount, ...]:
    """Open findings about what persons hold, by person; the longest past first. `units`: of these units' people alone.

    Who answers for units sees their own people, and whoever keeps what is theirs; it must be visible besides.
    """
    mine: list[ColumnElement[bool]] = []
    if subject.reach is not None:
        units = sorted(subject.reach)
        mine.append(or_(PERSON.c.unit.in_(units), FINDING.c.unit.in_(units)))
    if units is not None:
        mine.append(PERSON.c.unit.in_(sorted(units)))
    rows = connection.execute(
        select(
            PERSON.c.id,
            PERSON.c.name,
            PERSON.c.name_en,
            PERSON.c.unit,
            FINDING.c.kind,
            func.count().label("open"),
            func.min(FINDING.c.happened_at).label("oldest_at"),
        )
        .select_from(with_subjects(subject).join(PERSON, PERSON.c.id == FINDING.c.person))
        .where(seen_by(subject), FINDING.c.open, FINDING.c.kind.in_(PERSONAL), *mine)
        .group_by(PERSON.c.id, PERSON.c.name, PERSON.c.name_en, PERSON.c.unit, FINDING.c.kind)
    ).all()
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.id, []).append(row)
    counted = [
        PersonCount(
            person=person,
            name=kept[0].name,
            name_en=kept[0].name_en,
            unit=kept[0].unit,
            open=sum(row.open for row in kept),
            oldest_at=min(row.oldest_at for row in kept),
            kinds={row.kind: row.open for row in sorted(kept, key=lambda row: PERSONAL.index(row.kind))},
        )
        for person, kept in found.items()
    ]
    return tuple(sorted(counted, key=lambda one: (one.oldest_at, one.person))[:limit])
