"""What the register says of carriers that a ledger names; and, when an import is taken back, which of its carriers
nothing stands on yet.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, func, select, tuple_

from custody.access import Subject, sees
from custody.register import CarrierState
from custody.scheme import Scheme
from custody.store import schema as t
from custody.store.acts import TAKING_OVER
from custody.store.projection import load_states
from custody.store.schema import chunks, is_int64


def last_entries_untouched(connection: Connection, carriers: Iterable[int]) -> dict[int, int]:
    """Of these carriers, those that nobody has touched since they were taken over, with their last entry.

    Touched: any entry of another act, a line in a matter, something made from it, a label made for it.
    """
    found: dict[int, int] = {}
    e, d, line, number = t.ENTRY.c, t.DESCENT.c, t.LINE.c, t.TAG_NUMBER.c
    for ids in chunks(sorted(filter(is_int64, set(carriers))), 2_000):
        query = (
            select(e.carrier, func.max(e.sequence))
            .join(t.ACT, t.ACT.c.number == e.act)
            .where(e.carrier.in_(ids))
            .group_by(e.carrier)
            .having(func.count() == func.count().filter(t.ACT.c.kind.in_(sorted(TAKING_OVER))))
        )
        found |= {row[0]: row[1] for row in connection.execute(query)}
        for column in (d.source, line.carrier, number.carrier):
            for (carrier,) in connection.execute(select(column).where(column.in_(ids)).distinct()):
                found.pop(carrier, None)
    return found


def carriers_of_acts(connection: Connection, acts: Iterable[str]) -> list[int]:
    """The carriers that came in by these acts, in order; those taken back since are among them."""
    e = t.ENTRY.c
    query = select(e.carrier).where(e.act.in_(sorted(acts)), e.kind == "imported").order_by(e.sequence)
    return [carrier for (carrier,) in connection.execute(query)]


def registered(
    connection: Connection, subject: Subject, scheme: Scheme, wanted: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], CarrierState]:
    """The carriers of these numbers and copies, as far as they are there and the subject sees them."""
    found: dict[tuple[str, int], CarrierState] = {}
    c = t.CARRIER.c
    number = tuple_(c.control_number, c.copy_number)
    for chunk in chunks(sorted(wanted), 500):
        ids = [carrier for (carrier,) in connection.execute(select(c.id).where(number.in_(chunk)))]
        for state in load_states(connection, ids).values() if ids else ():
            if sees(subject, state, scheme):
                found[state.description.control_number, state.description.copy_number] = state
    return found
