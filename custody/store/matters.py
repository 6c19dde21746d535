"""Matters in the database: one row a matter, one a line, one a part; written in the transaction of the entry."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, delete, select, tuple_

from custody.matters import KINDS, Approval, Line, Matter, parties_of
from custody.scheme import Scheme
from custody.store import schema as t
from custody.store.orders import write_orders
from custody.store.schema import chunks, insert_rows, is_int64

COLUMNS = [
    "id",
    "number",
    "kind",
    "status",
    "unit",
    "level",
    "rank",
    "awaited",
    "answer_by",
    "opened_by",
    "opened_at",
    "due_at",
    "ended_at",
    "last_sequence",
    "body",
]
LINE_COLUMNS = ["matter", "carrier", "state", "person", "label", "due_at", "pages", "at", "sequence"]
PARTY_COLUMNS = ["person", "matter", "part"]


@cache
def _body(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(KINDS[kind].body_type)


_APPROVAL: TypeAdapter[Approval] = TypeAdapter(Approval)


def matter_values(matter: Matter, scheme: Scheme) -> list[Any]:
    """A matter's row, in the order of COLUMNS."""
    approval = matter.approval
    state = {
        "approval": None if approval is None else asdict(approval),
        "body": asdict(matter.body),
        "counts": dict(matter.counts),
    }
    awaited = approval.awaited if approval is not None and matter.status == "asked" else ""
    return [
        matter.id,
        matter.number,
        matter.kind,
        matter.status,
        matter.unit,
        matter.level,
        scheme.rank(matter.level),
        awaited,
        approval.answer_by if approval is not None and awaited else None,
        matter.opened_by,
        matter.opened_at,
        matter.due_at,
        matter.ended_at,
        matter.last_sequence,
        json.dumps(state, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
    ]


def matter_of_row(row: Any) -> Matter:
    """The matter that a row tells."""
    state = json.loads(row.body)
    return Matter(
        id=row.id,
        number=row.number,
        kind=row.kind,
        status=row.status,
        unit=row.unit,
        level=row.level,
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        body=_body(row.kind).validate_python(state["body"]),
        due_at=row.due_at,
        approval=None if state["approval"] is None else _APPROVAL.validate_python(state["approval"]),
        counts=state["counts"],
        ended_at=row.ended_at,
        last_sequence=row.last_sequence,
    )


def line_values(line: Line) -> list[Any]:
    """A line's row, in the order of LINE_COLUMNS."""
    return [getattr(line, name) for name in LINE_COLUMNS]


def line_of_row(row: Any) -> Line:
    """The line that a row tells."""
    return Line(**{name: getattr(row, name) for name in LINE_COLUMNS})


def party_values(matter: Matter) -> list[tuple[int, int, str]]:
    """The rows of the persons with a part in a matter, sorted."""
    return sorted((person, matter.id, part) for person, part in parties_of(matter))


def load_matters(connection: Connection, wanted: Iterable[int]) -> dict[int, Matter]:
    """These matters; those that are not there are left out."""
    found: dict[int, Matter] = {}
    for ids in chunks(sorted(filter(is_int64, set(wanted)))):
        for row in connection.execute(select(t.MATTER).where(t.MATTER.c.id.in_(ids))):
            found[row.id] = matter_of_row(row)
    return found


def load_lines(connection: Connection, wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Line]:
    """The lines of these pairs of matter and carrier; those that are not there are left out."""
    found: dict[tuple[int, int], Line] = {}
    c = t.LINE.c
    pairs = sorted({pair for pair in wanted if is_int64(pair[0]) and is_int64(pair[1])})
    for chunk in chunks(pairs, 500):
        for row in connection.execute(select(t.LINE).where(tuple_(c.matter, c.carrier).in_(chunk))):
            found[(row.matter, row.carrier)] = line_of_row(row)
    return found


def open_losses(connection: Connection, carriers: Iterable[int]) -> dict[int, int]:
    """By carrier, the enquiry not yet over that has it as missing; those that are sought in none are left out."""
    found: dict[int, int] = {}
    line, matter = t.LINE.c, t.MATTER.c
    for chunk in chunks(sorted(filter(is_int64, set(carriers)))):
        query = (
            select(line.carrier, line.matter)
            .join_from(t.LINE, t.MATTER, matter.id == line.matter)
            .where(line.carrier.in_(chunk), line.state == "missing", matter.kind == "loss", matter.ended_at.is_(None))
            .order_by(line.matter)
        )
        found |= {row.carrier: row.matter for row in connection.execute(query)}
    return found


def write_matters(
    connection: Connection, scheme: Scheme, before: Mapping[int, Matter], matters: Sequence[Matter]
) -> None:
    """Bring the rows of these matters, and of the persons with a part in them, to what they are."""
    write_orders(connection, before, matters)
    for chunk in chunks(matters):
        known = [matter.id for matter in chunk if matter.id in before]
        connection.execute(delete(t.MATTER).where(t.MATTER.c.id.in_(known)))
        insert_rows(connection, t.MATTER, COLUMNS, [matter_values(matter, scheme) for matter in chunk])
        other = [m for m in chunk if m.id not in before or party_values(before[m.id]) != party_values(m)]
        connection.execute(delete(t.PARTY).where(t.PARTY.c.matter.in_([matter.id for matter in other])))
        insert_rows(connection, t.PARTY, PARTY_COLUMNS, [row for matter in other for row in party_values(matter)])


def write_lines(connection: Connection, before: Mapping[tuple[int, int], Line], lines: Sequence[Line]) -> None:
    """Bring the rows of these lines to what they are."""
    c = t.LINE.c
    for chunk in chunks(lines, 500):
        known = [(line.matter, line.carrier) for line in chunk if (line.matter, line.carrier) in before]
        connection.execute(delete(t.LINE).where(tuple_(c.matter, c.carrier).in_(known)))
        insert_rows(connection, t.LINE, LINE_COLUMNS, [line_values(line) for line in chunk])
