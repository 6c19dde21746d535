"""Production orders in the database: whose copy numbers are whose, and for which order a label was given out."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, delete, func, select

from custody.entries import COMING, Fact, TagBound, coming_description
from custody.entries.production import LabelsAllotted, OrderClosed, ProductionOrdered
from custody.matters import Matter
from custody.matters.production import INTERMEDIATE_LETTERS, holds_numbers, order_of
from custody.rules import Block, Orders
from custody.store import schema as t
from custody.store.schema import chunks, insert_rows

BLOCK_COLUMNS = ["matter", "control_number", "first_copy", "last_copy"]
LABEL_COLUMNS = ["epc", "matter"]


def block_values(matter: Matter) -> list[tuple[int, str, int, int]]:
    """The row of the copy numbers that an order holds; none for other matters."""
    body = order_of(matter)
    if body is None or not holds_numbers(matter):
        return []
    return [(matter.id, body.control_number, body.first_copy, body.last_copy)]


def label_values(matter: Matter) -> list[tuple[str, int]]:
    """The rows of the labels given out for an order, sorted; none for other matters."""
    body = order_of(matter)
    return [] if body is None else sorted((epc, matter.id) for epc in body.labels)


def write_orders(connection: Connection, before: Mapping[int, Matter], matters: Sequence[Matter]) -> None:
    """Bring the rows of the orders among these matters to what they are."""
    for table, columns, values in (
        (t.NUMBER_BLOCK, BLOCK_COLUMNS, block_values),
        (t.ALLOTTED_LABEL, LABEL_COLUMNS, label_values),
    ):
        changed = []
        for matter in matters:
            was = values(before[matter.id]) if matter.id in before else []
            if values(matter) != was:
                changed.append(matter)
        for chunk in chunks(changed):
            connection.execute(delete(table).where(table.c.matter.in_([matter.id for matter in chunk])))
            insert_rows(connection, table, columns, [row for matter in chunk for row in values(matter)])


def look_up_orders(connection: Connection, facts: Sequence[Fact]) -> Orders:
    """What the rules of production ask about these facts besides their own order."""
    numbers = {coming_description(fact).control_number for fact in facts if isinstance(fact, COMING)}
    ordered = {fact.control_number for fact in facts if isinstance(fact, ProductionOrdered)}
    epcs = {fact.tag.epc for fact in facts if isinstance(fact, TagBound)}
    epcs |= {epc for fact in facts if isinstance(fact, LabelsAllotted) for epc in fact.epcs}
    return Orders(_blocks(connection, numbers | ordered), _highest(connection, ordered), _allotted(connection, epcs))


def labels_asked(facts: Sequence[Fact], matters: Mapping[int, Matter]) -> set[str]:
    """EPCs besides those being bound of which the rules ask whether they are or were bound."""
    found = {epc for fact in facts for epc in getattr(fact, "epcs", ())}
    for fact in facts:
        body = order_of(matters.get(fact.matter)) if isinstance(fact, OrderClosed) else None
        found |= set(body.labels) if body else set()
    return found


def next_intermediate(connection: Connection, control_number: str, what: str) -> int:
    """The running number of the next intermediate of this kind behind a control number; numbers are never reused."""
    start = f"{t.storable(control_number)}/{INTERMEDIATE_LETTERS[what]}"
    c = t.CARRIER.c.control_number
    # A range, which an index serves on both engines; whatever else a collation puts there is passed over.
    found = connection.execute(select(c).where(c >= start, c < start[:-1] + chr(ord(start[-1]) + 1))).scalars()
    rests = [name[len(start) :] for name in found if name.startswith(start)]
    taken = [int(rest) for rest in rests if rest.isdecimal() and rest.isascii()]
    return max(taken, default=0) + 1


def highest_copy(connection: Connection, control_number: str) -> int:
    """The highest copy number of a control number that is registered or held by an order; 0 where there is none."""
    held = _blocks(connection, [control_number]).get(t.storable(control_number), ())
    registered = _highest(connection, [control_number]).get(t.storable(control_number), 0)
    return max(registered, *(block.last for block in held), 0)


def unbound(connection: Connection, epcs: Sequence[str]) -> tuple[str, ...]:
    """Those of these labels that were never bound, in the order given."""
    bound: set[str] = set()
    for chunk in chunks(epcs):
        bound |= set(connection.execute(select(t.TAG.c.epc).where(t.TAG.c.epc.in_(chunk))).scalars())
    return tuple(epc for epc in epcs if epc not in bound)


def _blocks(connection: Connection, numbers: Iterable[str]) -> dict[str, tuple[Block, ...]]:
    found: dict[str, tuple[Block, ...]] = {}
    c = t.NUMBER_BLOCK.c
    for chunk in chunks(sorted(map(t.storable, numbers))):
        query = select(t.NUMBER_BLOCK).where(c.control_number.in_(chunk)).order_by(c.matter)
        for row in connection.execute(query):
            block = Block(row.matter, row.first_copy, row.last_copy)
            found[row.control_number] = (*found.get(row.control_number, ()), block)
    return found


def _highest(connection: Connection, numbers: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    c = t.CARRIER.c
    for chunk in chunks(sorted(map(t.storable, numbers))):
        query = select(c.control_number, func.max(c.copy_number)).where(c.control_number.in_(chunk))
        found |= {row[0]: row[1] for row in connection.execute(query.group_by(c.control_number))}
    return found


def _allotted(connection: Connection, epcs: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    c = t.ALLOTTED_LABEL.c
    for chunk in chunks(sorted(map(t.storable, epcs))):
        found |= {row.epc: row.matter for row in connection.execute(select(c.epc, c.matter).where(c.epc.in_(chunk)))}
    return found
