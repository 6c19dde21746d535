"""How a reader is, in more than its list shows: what is in view, what happened, what was lost, when it began anew.

Every query goes by an index and is bounded, however many sightings there are.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select
from sqlmodel import SQLModel

from custody.values import SECOND
from readers.sighting import Instant
from reconcile.store.core import DEVICE, READER_EVENT, SIGHTING

IN_VIEW_SECONDS = 60
_LAST_SIGHTINGS = 20_000
"""So many of the last sightings are looked through for what is in view: no index is kept for it."""
EVENTS_PAGE = 20

_SOURCE = SQLModel.metadata.tables["source"]


@dataclass(frozen=True, slots=True)
class Happened:
    """A change of a reader's state, or a loss (`detail` is JSON: records, since_at, through_at)."""

    id: int
    at: Instant
    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class HappenedPage:
    """Newest first; `older`: what to ask for to see those before, None where there are none."""

    items: tuple[Happened, ...]
    older: str | None


@dataclass(frozen=True, slots=True)
class Behind:
    """What serves a reader. `began_at`: when the daemon last began anew; `connected_at`: when it last connected."""

    device: str
    device_seen_at: Instant | None
    began_at: Instant | None
    connected_at: Instant | None


def happened(connection: Connection, reader: str, before: str = "", limit: int = EVENTS_PAGE) -> HappenedPage:
    """What the daemon told of a reader, newest first, before a key that an earlier page gave."""
    c = READER_EVENT.c
    wanted = (
        select(c.id, c.at, c.state, c.detail)
        .where(c.reader == reader)
        .order_by(c.at.desc(), c.id.desc())
        .limit(limit + 1)
    )
    at, _, number = before.partition("-")
    if at.isdecimal() and number.isdecimal():
        wanted = wanted.where((c.at < int(at)) | ((c.at == int(at)) & (c.id < int(number))))
    rows = [Happened(row.id, row.at, row.state, row.detail) for row in connection.execute(wanted)]
    shown = tuple(rows[:limit])
    return HappenedPage(shown, f"{shown[-1].at}-{shown[-1].id}" if len(rows) > limit else None)


def lost(connection: Connection, device: str, limit: int = EVENTS_PAGE) -> list[Happened]:
    """What the spool of a device had to drop, newest first."""
    c = READER_EVENT.c
    rows = connection.execute(
        select(c.id, c.at, c.state, c.detail)
        .join(_SOURCE, _SOURCE.c.id == c.source)
        .where(c.reader == "", _SOURCE.c.daemon == device)
        .order_by(c.at.desc(), c.id.desc())
        .limit(limit)
    )
    return [Happened(row.id, row.at, row.state, row.detail) for row in rows]


def in_view(connection: Connection, reader: str, now: Instant) -> dict[int, int]:
    """By antenna how many tags were heard in the last minute; of what arrived last, at least so many."""
    newest = connection.execute(select(func.coalesce(func.max(SIGHTING.c.id), 0))).scalar_one()
    rows = connection.execute(
        select(SIGHTING.c.antenna, func.count(SIGHTING.c.epc.distinct()).label("tags"))
        .where(
            SIGHTING.c.id > newest - _LAST_SIGHTINGS,
            SIGHTING.c.reader == reader,
            SIGHTING.c.last_at > now - IN_VIEW_SECONDS * SECOND,
            SIGHTING.c.last_at <= now,
        )
        .group_by(SIGHTING.c.antenna)
    )
    return {row.antenna: row.tags for row in rows}


def behind(connection: Connection, reader: str, device: str) -> Behind:
    """The device that serves a reader, and when both last began anew."""
    seen = connection.execute(select(DEVICE.c.last_seen_at).where(DEVICE.c.name == device)).scalar_one_or_none()
    began = connection.execute(
        select(func.max(_SOURCE.c.first_received_at)).where(_SOURCE.c.daemon == device)
    ).scalar_one_or_none()
    c = READER_EVENT.c
    connected = connection.execute(
        select(c.at).where(c.reader == reader, c.state == "listening").order_by(c.at.desc()).limit(1)
    ).scalar_one_or_none()
    return Behind(device, seen, began, connected)
