"""What later reports showed otherwise, added to the findings that rested on it: none is taken back by that."""

import json

from sqlalchemy import Connection, func, select

from custody.store.schema import chunks
from custody.values import SECOND
from readers.sighting import Instant
from reconcile.store.core import CONCLUSION, CURSOR, FINDING, FINDING_EVENT, insert_new

_CURSOR = "presence_revisions"
_NEAR_US = 600 * SECOND
"""A finding about a tag rests on what was concluded of it so shortly before it happened, or later."""


def revisions_waiting(connection: Connection) -> bool:
    """Whether something was revised that no finding was asked about yet."""
    position = connection.scalar(select(CURSOR.c.position).where(CURSOR.c.name == _CURSOR)) or 0
    newest = connection.scalar(select(func.max(CONCLUSION.c.id)).where(CONCLUSION.c.revises.is_not(None)))
    return (newest or 0) > position


def note_revisions(connection: Connection, now: Instant) -> int:
    """Add each revision to the findings about its tag, open or closed; how many were added to."""
    insert_new(connection, CURSOR, [{"name": _CURSOR, "position": 0}])
    locked = select(CURSOR.c.position).where(CURSOR.c.name == _CURSOR).with_for_update()
    after = connection.execute(locked).scalar_one()
    rows = connection.execute(
        select(CONCLUSION).where(CONCLUSION.c.id > after, CONCLUSION.c.revises.is_not(None)).order_by(CONCLUSION.c.id)
    ).all()
    if not rows:
        return 0
    events = []
    for chunk in chunks(sorted({row.epc for row in rows})):
        found = connection.execute(
            select(FINDING.c.number, FINDING.c.epc, FINDING.c.happened_at, FINDING.c.opened_at).where(
                FINDING.c.epc.in_(chunk)
            )
        ).all()
        for row in rows:
            for one in found:
                rests = one.epc == row.epc and one.opened_at <= row.concluded_at
                if rests and one.happened_at >= row.at - _NEAR_US:
                    events.append(
                        {"finding": one.number, "at": now, "by": None, "what": "evidence", "note": _said(row)}
                    )
    if events:
        connection.execute(FINDING_EVENT.insert(), events)
    connection.execute(CURSOR.update().where(CURSOR.c.name == _CURSOR).values(position=rows[-1].id))
    return len({event["finding"] for event in events})


def _said(row: object) -> str:
    names = ("id", "revises", "from_place", "to_place", "at", "strength", "cause", "late_us", "model", "calibration")
    return json.dumps({"revision": {name: getattr(row, name) for name in names}}, sort_keys=True)
