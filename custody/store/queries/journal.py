"""The entries, as far as a subject may see what they are about."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select

from custody.access import Permission, Subject, may
from custody.entries import Entry, decode
from custody.rules import NotFound
from custody.store import schema as t
from custody.store.queries.visible import visible, visible_matters
from custody.values import Instant


@dataclass(frozen=True, slots=True)
class ActDone:
    """An act: its number, the kind of its first fact, how many entries of it are seen."""

    number: str
    kind: str
    entries: int
    at: Instant


def seen_entries(subject: Subject) -> ColumnElement[bool]:
    """Entries about visible carriers and matters; those about neither (directory, rounds) to who answers for all.

    What was done to a visible carrier in a matter that is hidden is hidden with the matter.
    """
    e = t.ENTRY.c
    of_matter = exists().where(t.MATTER.c.id == e.matter, visible_matters(subject))
    about = or_(
        and_(exists().where(t.CARRIER.c.id == e.carrier, visible(subject)), or_(e.matter.is_(None), of_matter)),
        and_(e.carrier.is_(None), e.matter.is_not(None), of_matter),
    )
    if may(subject, Permission.SEE_CARRIERS) and subject.reach is None:
        return or_(and_(e.carrier.is_(None), e.matter.is_(None)), about)
    return about


def entries_of(connection: Connection, subject: Subject, carrier: int) -> list[Entry]:
    """The entries about a carrier, oldest first. Raises NotFound for hidden and absent alike."""
    seen = select(t.CARRIER.c.id).where(visible(subject), t.CARRIER.c.id == carrier)
    if not t.is_int64(carrier) or connection.execute(seen).first() is None:
        raise NotFound
    about = and_(t.ENTRY.c.carrier == carrier, seen_entries(subject))
    query = select(t.ENTRY.c.body).where(about).order_by(t.ENTRY.c.sequence)
    return [decode(bytes(row.body)) for row in connection.execute(query)]


def latest_entries(connection: Connection, subject: Subject, limit: int, *, of_carriers: bool = False) -> list[Entry]:
    """The newest entries that the subject may see, newest first; `of_carriers`: those about a carrier alone."""
    e = t.ENTRY.c
    query = select(e.body).where(seen_entries(subject)).order_by(e.sequence.desc()).limit(limit)
    if of_carriers:
        query = query.where(e.carrier.is_not(None))
    return [decode(bytes(row.body)) for row in connection.execute(query)]


def entry_before(
    connection: Connection, subject: Subject, carrier: int, sequence: int, kinds: Collection[str]
) -> Entry | None:
    """The last entry of these kinds about a carrier before a position, as far as the subject may see it."""
    e = t.ENTRY.c
    query = select(e.body).where(e.carrier == carrier, e.sequence < sequence, e.kind.in_(sorted(kinds)))
    row = connection.execute(query.where(seen_entries(subject)).order_by(e.sequence.desc()).limit(1)).first()
    return None if row is None else decode(bytes(row.body))


def act(connection: Connection, subject: Subject, number: str) -> list[Entry]:
    """The entries of an act that the subject may see, in order. Raises NotFound where there are none."""
    e = t.ENTRY.c
    query = select(e.body).where(and_(e.act == t.storable(number), seen_entries(subject))).order_by(e.sequence)
    found = [decode(bytes(row.body)) for row in connection.execute(query)]
    if not found:
        raise NotFound
    return found


def acts_numbered(connection: Connection, subject: Subject, numbers: Sequence[str]) -> tuple[ActDone, ...]:
    """The acts of these numbers, as far as the subject may see something of them."""
    e = t.ENTRY.c
    grouped = (
        select(e.act, func.min(e.sequence).label("first"), func.count().label("entries"))
        .where(e.act.in_([t.storable(number) for number in numbers]), seen_entries(subject))
        .group_by(e.act)
        .subquery()
    )
    query = select(e.act, e.kind, e.entered_at, grouped.c.entries).join_from(
        grouped, t.ENTRY, e.sequence == grouped.c.first
    )
    rows = connection.execute(query.order_by(e.act))
    return tuple(ActDone(row.act, row.kind, row.entries, row.entered_at) for row in rows)


def acts_by(
    connection: Connection, subject: Subject, person: int, from_at: Instant, through_at: Instant
) -> tuple[ActDone, ...]:
    """What a person entered in that time, in order, as far as the subject may see it."""
    a, e = t.ACT.c, t.ENTRY.c
    grouped = (
        select(e.act, func.min(e.sequence).label("first"), func.count().label("entries"))
        .join_from(t.ACT, t.ENTRY, e.act == a.number)
        .where(a.by == person, a.entered_at >= from_at, a.entered_at <= through_at, seen_entries(subject))
        .group_by(e.act)
        .subquery()
    )
    query = (
        select(e.act, e.kind, grouped.c.entries, e.entered_at)
        .join_from(grouped, t.ENTRY, e.sequence == grouped.c.first)
        .order_by(e.sequence)
    )
    return tuple(ActDone(*row) for row in connection.execute(query))
