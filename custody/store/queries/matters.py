"""Matters as pages and lists show them, and what waits for whom."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from custody.access import PERMISSIONS, Permission, Subject
from custody.approval import STEPS
from custody.entries import Entry, decode
from custody.matters import Line, Matter
from custody.register import Directory
from custody.rules import NotFound
from custody.scheme import Scheme
from custody.store import schema as t
from custody.store.matters import line_of_row, load_matters, matter_of_row
from custody.store.queries.paging import Page, pack, rows_after_one, rows_of_page, total
from custody.store.queries.people import subject_for
from custody.store.queries.visible import visible, visible_matters
from custody.values import Instant


@dataclass(frozen=True, slots=True)
class MatterFilter:
    """Which matters to list; what is None is not asked. `open_only` leaves out those that are over, `over_only` the
    others. `body`: what the kind's own part must say, by name: codes and identifiers.
    """

    kinds: tuple[str, ...] = ()
    status: str | None = None
    open_only: bool = False
    over_only: bool = False
    party: int | None = None
    carrier: int | None = None
    due_before: Instant | None = None
    body: tuple[tuple[str, str | int], ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A matter that waits for an approval that the subject may give; `on_behalf_of`: as that person's deputy."""

    matter: Matter
    step: str
    answer_by: Instant
    on_behalf_of: int | None = None


def matter(connection: Connection, subject: Subject, identifier: int) -> Matter:
    """One matter. Raises NotFound for hidden and absent alike."""
    query = select(t.MATTER).where(t.MATTER.c.id == identifier, visible_matters(subject))
    row = connection.execute(query).first() if t.is_int64(identifier) else None
    if row is None:
        raise NotFound
    return matter_of_row(row)


def matter_by_number(connection: Connection, subject: Subject, number: str) -> Matter:
    """The matter that an act of this number opened. Raises NotFound."""
    query = select(t.MATTER).where(t.MATTER.c.number == t.storable(number).strip(), visible_matters(subject))
    row = connection.execute(query).first()
    if row is None:
        raise NotFound
    return matter_of_row(row)


def matters_numbered(connection: Connection, subject: Subject, begins: str, limit: int) -> list[Matter]:
    """Matters whose numbers begin so, the newest first."""
    m = t.MATTER.c
    named = m.number.istartswith(t.storable(begins).strip(), autoescape=True)
    query = select(t.MATTER).where(visible_matters(subject), named).order_by(m.id.desc()).limit(limit)
    return [matter_of_row(row) for row in connection.execute(query)]


def matters_by_id(connection: Connection, subject: Subject, wanted: Sequence[int]) -> dict[int, Matter]:
    """These matters as far as the subject sees them."""
    ids = sorted({one for one in wanted if t.is_int64(one)})
    query = select(t.MATTER).where(t.MATTER.c.id.in_(ids), visible_matters(subject))
    return {row.id: matter_of_row(row) for row in connection.execute(query)}


ORDERS: Mapping[str, tuple[tuple[ColumnElement[Any], ...], tuple[type, ...]]] = {
    "opened": ((t.MATTER.c.id,), (int,)),
    "number": ((t.MATTER.c.number,), (str,)),
    "mark": ((t.MATTER.c.rank, t.MATTER.c.id), (int, int)),
    "due": ((func.coalesce(t.MATTER.c.due_at, 2**62), t.MATTER.c.id), (int, int)),
}
"""Column of a list -> the keys by which it is ordered, and of which kind they are; what has no day is last."""


def matters(
    connection: Connection,
    subject: Subject,
    asked: MatterFilter = MatterFilter(),
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
    order: str = "opened",
    falling: bool = True,
) -> Page[Matter]:
    """Matters, the newest first, or in another of the ORDERS. Raises KeyInvalid."""
    m = t.MATTER.c
    where: list[ColumnElement[bool]] = [visible_matters(subject)]
    if asked.kinds:
        where.append(m.kind.in_(asked.kinds))
    if asked.status is not None:
        where.append(m.status == asked.status)
    if asked.open_only:
        where.append(m.ended_at.is_(None))
    if asked.over_only:
        where.append(m.ended_at.is_not(None))
    if asked.party is not None:
        where.append(m.id.in_(select(t.PARTY.c.matter).where(t.PARTY.c.person == asked.party)))
    if asked.carrier is not None:
        where.append(m.id.in_(select(t.LINE.c.matter).where(t.LINE.c.carrier == asked.carrier)))
    if asked.due_before is not None:
        where.append(and_(m.due_at < asked.due_before, m.ended_at.is_(None)))
    where += [_says(name, value) for name, value in asked.body]
    query = select(t.MATTER).where(*where)
    rows, earlier, later = rows_after_one(
        connection,
        query,
        select(t.MATTER).where(visible_matters(subject)),
        m.id,
        *ORDERS[order],
        after,
        before,
        limit,
        falling=falling,
    )
    found, capped = total(connection, query)
    items = tuple(matter_of_row(row) for row in rows)
    return Page(
        items,
        pack([rows[-1].id]) if later and rows else None,
        pack([rows[0].id]) if earlier and rows else None,
        found,
        capped,
    )


def _says(name: str, value: str | int) -> ColumnElement[bool]:
    """Whether a matter's body holds a field. It is kept as compact JSON, in which a text's own quotes are escaped: so
    these signs are nothing else.
    """
    said = f"{json.dumps(name)}:{json.dumps(value, ensure_ascii=False)}"
    held = t.MATTER.c.body
    return or_(held.contains(f"{said},", autoescape=True), held.contains(f"{said}}}", autoescape=True))


def lines(
    connection: Connection,
    subject: Subject,
    identifier: int,
    states: Sequence[str] = (),
    after: str | None = None,
    before: str | None = None,
    limit: int = 200,
) -> Page[Line]:
    """The lines of a matter whose carriers the subject sees, by control and copy number. Raises KeyInvalid."""
    c, line = t.CARRIER.c, t.LINE.c
    where = [line.matter == identifier, visible(subject)]
    if states:
        where.append(line.state.in_(states))
    query = (
        select(t.LINE, c.control_number, c.copy_number).join_from(t.LINE, t.CARRIER, c.id == line.carrier).where(*where)
    )
    keys = [c.control_number, c.copy_number]
    rows, earlier, later = rows_of_page(connection, query, keys, [str, int], after, before, limit)
    found, capped = total(connection, query)
    return Page(
        tuple(line_of_row(row) for row in rows),
        pack([rows[-1].control_number, rows[-1].copy_number]) if later and rows else None,
        pack([rows[0].control_number, rows[0].copy_number]) if earlier and rows else None,
        found,
        capped,
    )


def all_lines(connection: Connection, identifier: int, states: Sequence[str] = ()) -> list[Line]:
    """Every line of a matter, by carrier: for the procedures themselves, which answer for the whole list."""
    line = t.LINE.c
    query = select(t.LINE).where(line.matter == identifier).order_by(line.carrier)
    if states:
        query = query.where(line.state.in_(states))
    return [line_of_row(row) for row in connection.execute(query)]


def entries_of_matter(connection: Connection, identifier: int, limit: int = 500) -> list[Entry]:
    """The newest entries of a matter, newest first; the caller has asked for the matter itself."""
    e = t.ENTRY.c
    query = select(e.body).where(e.matter == identifier).order_by(e.sequence.desc()).limit(limit)
    return [decode(bytes(row.body)) for row in connection.execute(query)]


def waiting(
    connection: Connection, subject: Subject, directory: Directory, scheme: Scheme, now: Instant, day: str
) -> list[Waiting]:
    """What the subject may approve now, own right or as a deputy, the most urgent first.

    Matters in which the subject, or the one stood for, has taken part already are left out.
    """
    found = {one.matter.id: one for one in _waiting_for(connection, subject, subject.clearance_rank, None)}
    givers = {one.giver for one in directory.delegations.values() if one.deputy == subject.person}
    for giver in sorted(givers):
        allowed = {p for p in Permission if giver in directory.stands_for(subject.person, p.value, now)}
        if not allowed:
            continue
        other = subject_for(connection, giver, scheme, day)
        for one in _waiting_for(connection, other, subject.clearance_rank, subject.person, allowed):
            found.setdefault(one.matter.id, replace(one, on_behalf_of=giver))
    return sorted(found.values(), key=lambda one: (one.answer_by, one.matter.id))


def _waiting_for(
    connection: Connection, subject: Subject, rank: int, deputy: int | None, allowed: set[Permission] | None = None
) -> list[Waiting]:
    m = t.MATTER.c
    directory_units = {row.id: row.parent for row in connection.execute(select(t.UNIT.c.id, t.UNIT.c.parent))}
    ways: list[ColumnElement[bool]] = []
    for step in STEPS.values():
        if allowed is not None and step.permission not in allowed:
            continue
        for grant in subject.grants:
            if step.permission in PERMISSIONS[grant.role]:
                way = m.awaited == step.key
                ways.append(way if grant.unit is None else and_(way, m.unit.in_(_under(directory_units, grant.unit))))
    if not ways:
        return []
    taken = [subject.person] + ([deputy] if deputy is not None else [])
    part = select(t.PARTY.c.matter).where(t.PARTY.c.person.in_(taken))
    query = select(t.MATTER).where(m.ended_at.is_(None), m.awaited != "", or_(*ways), m.id.not_in(part))
    query = query.where(m.rank <= rank, m.rank <= subject.clearance_rank).order_by(m.answer_by, m.id).limit(500)
    rows = connection.execute(query).all()
    return [Waiting(matter_of_row(row), row.awaited, row.answer_by) for row in rows]


def _under(parents: dict[int, int | None], unit: int) -> list[int]:
    found = {unit}
    while more := {one for one, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found)


def matter_numbers(connection: Connection, wanted: Sequence[int]) -> dict[int, str]:
    """Numbers of these matters, for entries that name them."""
    return {one.id: one.number for one in load_matters(connection, wanted).values()}
