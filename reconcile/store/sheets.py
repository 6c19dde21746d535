"""SQL of what a handheld takes along into a sweep: the tags of its carriers."""

from collections.abc import Collection

from sqlalchemy import select

from custody.store.schema import TAG, chunks
from reconcile.store.core import Connection


def live_tags(connection: Connection, carriers: Collection[int]) -> dict[int, list[str]]:
    """The tags that each of these carriers bears, in order; of one without any there is none."""
    found: dict[int, list[str]] = {}
    for chunk in chunks(sorted(carriers)):
        query = select(TAG.c.carrier, TAG.c.epc).where(TAG.c.carrier.in_(chunk), ~TAG.c.retired).order_by(TAG.c.epc)
        for row in connection.execute(query):
            found.setdefault(row.carrier, []).append(row.epc)
    return found
