"""What a person holds, keeps and waits for, as far as the one who asks may see it."""

from collections.abc import Iterable

from sqlalchemy import Connection, func, select

from custody.access import Subject
from custody.life_cycle import HELD
from custody.store import schema as t
from custody.store.queries.carriers import CarrierItem, carriers_by_id
from custody.store.queries.visible import visible

_HELD = sorted(status.value for status in HELD)


def held_counts(connection: Connection, subject: Subject, persons: Iterable[int]) -> dict[int, int]:
    """How many carriers each of these persons has in hand; those without any are left out."""
    c = t.CARRIER.c
    found: dict[int, int] = {}
    for chunk in t.chunks(sorted(filter(t.is_int64, persons))):
        query = select(c.holder, func.count()).where(c.holder.in_(chunk), c.status.in_(_HELD), visible(subject))
        found |= {row[0]: row[1] for row in connection.execute(query.group_by(c.holder))}
    return found


def waited_for(connection: Connection, subject: Subject, person: int) -> list[CarrierItem]:
    """Carriers that the person waits for, by number and copy."""
    waited = connection.execute(select(t.QUEUE.c.carrier).where(t.QUEUE.c.person == person)).scalars()
    found = carriers_by_id(connection, subject, waited).values()
    return sorted(found, key=lambda item: (item.control_number, item.copy_number))
