"""How carriers went by the portals: evidence that people make acts of, never an act by itself (clause e.1)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import and_, select

from custody.store.schema import TAG, chunks
from custody.values import Instant
from reconcile.store.core import STAY, Connection


@dataclass(frozen=True, slots=True)
class Crossing:
    """A carrier's tag went in or out by a portal. `at`: last heard there; `score`: how surely, 0 to 1, where given."""

    carrier: int
    portal: int
    direction: Literal["in", "out"]
    at: Instant
    score: float | None = None


def crossings(connection: Connection, carriers: Iterable[int], since: Instant) -> dict[int, list[Crossing]]:
    """By carrier, its crossings from `since` on, in order; what the radio took back since is left out.

    A crossing of unknown direction is evidence of neither. Of several tags of one carrier each tells its own.
    """
    found: dict[int, list[Crossing]] = {}
    live = and_(TAG.c.epc == STAY.c.epc, ~TAG.c.retired)
    for chunk in chunks(sorted(set(carriers))):
        query = (
            select(TAG.c.carrier, STAY)
            .select_from(STAY.join(TAG, live))
            .where(TAG.c.carrier.in_(chunk), STAY.c.direction != "", STAY.c.until_at >= since)
            .order_by(STAY.c.until_at, STAY.c.id)
        )
        rows = connection.execute(query).all()
        # A revision bears the beginning of the conclusion that it revises, and names its direction.
        revised = {(row.epc, row.place, row.since_at, json.loads(row.evidence or "{}").get("revises")) for row in rows}
        for row in rows:
            if row.direction == "unknown" or (row.epc, row.place, row.since_at, row.direction) in revised:
                continue
            one = Crossing(row.carrier, row.place, row.direction, row.until_at, row.score)
            found.setdefault(row.carrier, []).append(one)
    return found
