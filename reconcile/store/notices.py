"""The inbox: notices of a person. Numbers and counts only; titles never enter this table."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import func, select

from custody.access import Subject
from custody.store.schema import chunks
from custody.values import Instant
from reconcile.store.core import FINDING, NOTICE, Connection


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice. `kind`: what happened (`opened`, `escalated`); `finding_kind` and `urgency` as of the finding."""

    id: int
    kind: str
    finding: str | None
    finding_kind: str
    urgency: int
    at: Instant
    read_at: Instant | None


def tell(connection: Connection, notices: Iterable[tuple[int, str, str | None]], at: Instant) -> None:
    """Put notices into inboxes: person, kind, finding."""
    rows = [{"person": person, "kind": kind, "finding": finding, "at": at} for person, kind, finding in notices]
    for chunk in chunks(rows):
        connection.execute(NOTICE.insert(), chunk)


def inbox(
    connection: Connection, subject: Subject, *, unread_only: bool = False, before: int | None = None, limit: int = 50
) -> tuple[Notice, ...]:
    """The subject's own notices, newest first; `before` is the id of the last one seen."""
    query = (
        select(NOTICE, FINDING.c.kind.label("finding_kind"), FINDING.c.urgency)
        .select_from(NOTICE.outerjoin(FINDING, FINDING.c.number == NOTICE.c.finding))
        .where(NOTICE.c.person == subject.person)
        .order_by(NOTICE.c.id.desc())
        .limit(limit)
    )
    if unread_only:
        query = query.where(NOTICE.c.read_at.is_(None))
    if before is not None:
        query = query.where(NOTICE.c.id < before)
    return tuple(
        Notice(
            id=row.id,
            kind=row.kind,
            finding=row.finding,
            finding_kind=row.finding_kind or "",
            urgency=row.urgency if row.urgency is not None else 2,
            at=row.at,
            read_at=row.read_at,
        )
        for row in connection.execute(query)
    )


def unread(connection: Connection, subject: Subject) -> int:
    """How many notices the subject has not read."""
    query = select(func.count()).where(NOTICE.c.person == subject.person, NOTICE.c.read_at.is_(None))
    return connection.scalar(query) or 0


def mark_read(connection: Connection, subject: Subject, now: Instant, ids: Collection[int] | None = None) -> int:
    """Mark the subject's own notices as read (None: all); others' are not touched. How many were unread."""
    update = NOTICE.update().where(NOTICE.c.person == subject.person, NOTICE.c.read_at.is_(None))
    if ids is None:
        return connection.execute(update.values(read_at=now)).rowcount
    done = 0
    for chunk in chunks(sorted(set(ids))):
        done += connection.execute(update.where(NOTICE.c.id.in_(chunk)).values(read_at=now)).rowcount
    return done
