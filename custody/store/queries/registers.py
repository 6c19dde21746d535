"""The registers of incoming and outgoing papers 收文登记簿、发文登记簿, a row a paper (clauses b.1, b.7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Connection, and_, exists, false, or_, select

from custody.access import Subject
from custody.matters import Line, Matter
from custody.store import schema as t
from custody.store.matters import line_of_row, load_lines, load_matters
from custody.store.queries.carriers import CarrierItem, carriers_by_id
from custody.store.queries.matters import matters_by_id
from custody.store.queries.paging import Page, pack, rows_of_page, total
from custody.store.queries.search import text_condition
from custody.store.queries.visible import visible, visible_matters
from custody.values import Instant

Recall = Literal["", "called_back", "returned", "explained"]
"""Whether its issuer calls a paper back: not, not returned yet, returned, or not to be returned and why."""
IncomingStage = Literal["all", "called_back"]
OutgoingStage = Literal["all", "under_way", "ended"]
_SENT: dict[str, tuple[str, ...]] = {
    "dispatch": ("dispatched", "acknowledged", "taken_in", "returned", "short"),
    "issuer_return": ("returned",),
}
"""By kind of matter, the states of lines that left the house."""


@dataclass(frozen=True, slots=True)
class RegisterFilter:
    """Which rows to list; what is None is not asked. `since` and `until` are instants, the latter not included."""

    text: str | None = None
    since: Instant | None = None
    until: Instant | None = None
    stage: str = "all"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A paper received: when, by whom, under which act, by which receipt; and whether its issuer calls it back."""

    item: CarrierItem
    at: Instant
    act: str
    by: int
    receipt: Matter | None
    row: str
    """Its row of the manifest; empty where it is on none."""
    recall: Recall = ""
    return_by: Instant | None = None
    recall_matter: int | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A paper sent, or returned to its issuer: in which matter, and what became of it."""

    item: CarrierItem
    matter: Matter
    line: Line


def incoming(
    connection: Connection,
    subject: Subject,
    asked: RegisterFilter = RegisterFilter(),
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page[Incoming]:
    """Papers received. Raises KeyInvalid."""
    c, e = t.CARRIER.c, t.ENTRY.c
    # What was taken over from the ledger kept before came from its issuer too, and is called back like the others.
    came = or_(c.origin == "received", and_(c.origin == "legacy", c.issuer != ""))
    came_by = (e.carrier == c.id, e.kind.in_(("received", "imported")), *_between(e.happened_at, asked))
    # Asked carrier by carrier, the newest first: a join would go through everything that ever came in.
    where = [visible(subject), came, exists().where(*came_by), *_about(connection, asked)]
    if asked.stage == "called_back":
        line, matter = t.LINE.c, t.MATTER.c
        called = (
            select(line.carrier)
            .join_from(t.LINE, t.MATTER, matter.id == line.matter)
            .where(matter.kind == "issuer_return", matter.ended_at.is_(None), line.state == "listed")
        )
        where.append(c.id.in_(called))
    query = select(c.id).where(*where)
    page, earlier, later = rows_of_page(connection, query, [c.id], [int], after, before, limit, falling=True)
    found, capped = total(connection, query)
    ids = [row.id for row in page]
    entered = select(e.carrier, e.happened_at, e.act, e.by, e.matter).join_from(t.CARRIER, t.ENTRY, and_(*came_by))
    rows = list(connection.execute(entered.where(c.id.in_(ids)).order_by(c.id.desc(), e.sequence)))
    items = carriers_by_id(connection, subject, ids)
    receipts = matters_by_id(connection, subject, [row.matter for row in rows if row.matter is not None])
    lines = load_lines(connection, [(row.matter, row.carrier) for row in rows if row.matter is not None])
    recalls = _recalls(connection, ids)
    return Page(
        tuple(
            Incoming(
                items[row.carrier],
                row.happened_at,
                row.act,
                row.by,
                receipts.get(row.matter),
                lines[(row.matter, row.carrier)].label if (row.matter, row.carrier) in lines else "",
                *recalls.get(row.carrier, ("", None, None)),
            )
            for row in rows
        ),
        pack([ids[-1]]) if later and ids else None,
        pack([ids[0]]) if earlier and ids else None,
        found,
        capped,
    )


def _recalls(connection: Connection, carriers: Sequence[int]) -> dict[int, tuple[Recall, Instant | None, int]]:
    """By carrier, what its last return to the issuer says."""
    line, matter = t.LINE.c, t.MATTER.c
    query = (
        select(line.carrier, line.state, matter.id, matter.due_at)
        .join_from(t.LINE, t.MATTER, matter.id == line.matter)
        .where(line.carrier.in_(carriers), matter.kind == "issuer_return")
        .order_by(matter.id)
    )
    words: dict[str, Recall] = {"listed": "called_back", "returned": "returned", "explained": "explained"}
    return {
        row.carrier: (words[row.state], row.due_at if row.state == "listed" else None, row.id)
        for row in connection.execute(query)
        if row.state in words
    }


def outgoing(
    connection: Connection,
    subject: Subject,
    asked: RegisterFilter = RegisterFilter(),
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page[Outgoing]:
    """Papers sent. Raises KeyInvalid."""
    c, line, m = t.CARRIER.c, t.LINE.c, t.MATTER.c
    ways = [and_(m.kind == kind, line.state.in_(states)) for kind, states in _SENT.items()]
    where = [visible(subject), visible_matters(subject), or_(*ways), *_about(connection, asked)]
    where += _between(line.at, asked)
    if asked.stage == "under_way":
        where.append(line.state == "dispatched")
    elif asked.stage == "ended":
        where.append(line.state != "dispatched")
    query = (
        select(t.LINE, (-m.id).label("newest"))
        .join_from(t.LINE, t.MATTER, m.id == line.matter)
        .join(t.CARRIER, c.id == line.carrier)
        .where(*where)
    )
    rows, earlier, later = rows_of_page(connection, query, [-m.id, line.carrier], [int, int], after, before, limit)
    found, capped = total(connection, query)
    items = carriers_by_id(connection, subject, [row.carrier for row in rows])
    matters = load_matters(connection, [row.matter for row in rows])
    return Page(
        tuple(Outgoing(items[row.carrier], matters[row.matter], line_of_row(row)) for row in rows),
        pack([rows[-1].newest, rows[-1].carrier]) if later and rows else None,
        pack([rows[0].newest, rows[0].carrier]) if earlier and rows else None,
        found,
        capped,
    )


def _about(connection: Connection, asked: RegisterFilter) -> list[ColumnElement[bool]]:
    """Words of number and title, the issuer, and its own number."""
    text = "" if asked.text is None else t.storable(asked.text).strip()
    if not text:
        return []
    c = t.CARRIER.c
    words = text_condition(connection, text)
    ways = [c.issuer_number.icontains(text, autoescape=True), c.issuer.icontains(text, autoescape=True)]
    return [or_(false() if words is None else words, *ways)]


def _between(column: ColumnElement[int], asked: RegisterFilter) -> list[ColumnElement[bool]]:
    found = [] if asked.since is None else [column >= asked.since]
    return found if asked.until is None else [*found, column < asked.until]
