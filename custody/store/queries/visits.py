"""The register of entry, as pages and sheets show it: visits and cleanings, as far as the subject sees them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, select

from custody.access import Subject
from custody.matters import Matter
from custody.matters.entry import VISITS, Visit
from custody.store import schema as t
from custody.store.matters import matter_of_row
from custody.store.queries.paging import Page, pack, rows_of_page, total
from custody.store.queries.visible import visible_matters
from custody.values import Instant

_VISITS = [kind.key for kind in VISITS]


@dataclass(frozen=True, slots=True)
class VisitFilter:
    """Which entries: of a place, begun from one instant and before another; those not over. None is not asked."""

    place: int | None = None
    from_at: Instant | None = None
    before_at: Instant | None = None
    inside_only: bool = False


def _where(subject: Subject, asked: VisitFilter) -> list[ColumnElement[bool]]:
    m = t.MATTER.c
    where: list[ColumnElement[bool]] = [visible_matters(subject), m.kind.in_(_VISITS)]
    if asked.place is not None:
        # The body is canonical JSON: within a text the quotes would be escaped, so nothing else reads like this.
        where.append(m.body.contains(f'"place":{asked.place},', autoescape=True))
    if asked.from_at is not None:
        where.append(m.opened_at >= asked.from_at)
    if asked.before_at is not None:
        where.append(m.opened_at < asked.before_at)
    if asked.inside_only:
        where.append(m.ended_at.is_(None))
    return where


def visits(
    connection: Connection,
    subject: Subject,
    asked: VisitFilter = VisitFilter(),
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page[Matter]:
    """Entries, the newest first. Raises KeyInvalid."""
    m = t.MATTER.c
    query = select(t.MATTER).where(*_where(subject, asked))
    rows, earlier, later = rows_of_page(connection, query, [m.id], [int], after, before, limit, falling=True)
    found, capped = total(connection, query)
    return Page(
        tuple(matter_of_row(row) for row in rows),
        pack([rows[-1].id]) if later and rows else None,
        pack([rows[0].id]) if earlier and rows else None,
        found,
        capped,
    )


def every_visit(connection: Connection, subject: Subject, asked: VisitFilter, limit: int) -> list[Matter]:
    """Entries in the order in which they were made, so many at most."""
    query = select(t.MATTER).where(*_where(subject, asked)).order_by(t.MATTER.c.id).limit(limit)
    return [matter_of_row(row) for row in connection.execute(query)]


def find_visits(
    connection: Connection, subject: Subject, text: str, asked: VisitFilter = VisitFilter(), limit: int = 200
) -> tuple[list[Matter], bool]:
    """Entries in which a visitor's name, body or document, or the number, holds the text, the newest first, so many
    at most; and whether there are more.
    """
    wanted = t.storable(text).strip()
    if not wanted:
        return [], False
    m = t.MATTER.c
    written = json.dumps(wanted, ensure_ascii=False)[1:-1]
    likely = m.body.icontains(written, autoescape=True) | m.number.icontains(wanted, autoescape=True)
    query = select(t.MATTER).where(*_where(subject, asked), likely).order_by(m.id.desc())
    found: list[Matter] = []
    for row in connection.execute(query.execution_options(yield_per=200)):
        matter = matter_of_row(row)
        # What the body holds besides (its own words for fields) is not what was looked for.
        if any(wanted.casefold() in words.casefold() for words in _words(matter)):
            if len(found) == limit:
                return found, True
            found.append(matter)
    return found, False


def _words(matter: Matter) -> Iterator[str]:
    body: Visit = matter.body
    yield matter.number
    for one in body.entrants:
        yield from (one.visitor.name, one.visitor.body, one.visitor.document)
