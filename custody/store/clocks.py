"""The latest time that the record bears, by its order."""

from sqlalchemy import Connection, select

from custody.store import schema as t
from custody.values import Instant


def latest(connection: Connection) -> Instant | None:
    """Of the last entry and the last audit event, the later time; None where there is neither."""
    entry, event = t.ENTRY.c, t.AUDIT_EVENT.c
    last = (
        connection.execute(select(entry.entered_at).order_by(entry.sequence.desc()).limit(1)).scalar(),
        connection.execute(select(event.at).order_by(event.id.desc()).limit(1)).scalar(),
    )
    return max((at for at in last if at is not None), default=None)
