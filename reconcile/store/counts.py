"""Scans in counts that end in an act of a matter: a batch weighed in, a meeting's places swept.

A scan is a row, taking it back is another; nothing is changed or deleted. Of one matter an event comes once, so what
is sent again changes nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import and_, func, select

from custody.store.schema import PLACE, TAG, chunks
from custody.values import Instant
from reconcile.store.core import ANTENNA, COUNT_SCAN, SIGHTING, UNDO, Connection, insert_new

BY_PERSON = ("scan", "eye")


@dataclass(frozen=True, slots=True)
class CountScan:
    """A scan that counts. `carrier` None: the code names none that the scanner sees."""

    event: str
    code: str
    means: str
    carrier: int | None
    at: Instant
    by: int
    reason: str = ""


def add(connection: Connection, matter: int, step: str, scans: Collection[CountScan]) -> None:
    """Keep these scans; one that is there already changes nothing."""
    rows = [
        {"matter": matter, "step": step, "event": one.event, "code": one.code[:200], "means": one.means}
        | {"carrier": one.carrier, "at": one.at, "by": one.by, "reason": one.reason}
        for one in scans
    ]
    insert_new(connection, COUNT_SCAN, rows)


def scans_since(connection: Connection, matter: int, step: str, since: Instant) -> list[CountScan]:
    """What was scanned since an instant and not taken back, in order."""
    c = COUNT_SCAN.c
    rows = connection.execute(
        select(c.event, c.code, c.means, c.carrier, c.at, c.by, c.reason)
        .where(c.matter == matter, c.step == step, c.at >= since)
        .order_by(c.id)
    ).all()
    undone = {row.code for row in rows if row.means == "undo"}
    return [CountScan(*row) for row in rows if row.means != "undo" and row.event not in undone]


def undo_newest(
    connection: Connection, matter: int, step: str, by: int, at: Instant, since: Instant
) -> CountScan | None:
    """Take back the newest scan of a person, by an event of its own; None where there is none."""
    newest = next(
        (one for one in reversed(scans_since(connection, matter, step, since)) if one.means != "reader"), None
    )
    if newest is not None:
        add(
            connection, matter, step, [CountScan(f"{UNDO}{newest.event}", newest.event, "undo", newest.carrier, at, by)]
        )
    return newest


def heard_under(
    connection: Connection, carriers: Collection[int], place: int, since: Instant
) -> dict[int, tuple[Instant, str]]:
    """Of these carriers those that an antenna of a place heard since an instant: when first, and by which tag."""
    path = connection.scalar(select(PLACE.c.path).where(PLACE.c.id == place))
    if path is None:
        return {}
    spot = PLACE.alias("antenna_place")
    heard_by = and_(ANTENNA.c.reader == SIGHTING.c.reader, ANTENNA.c.number == SIGHTING.c.antenna)
    found: dict[int, tuple[Instant, str]] = {}
    for chunk in chunks(sorted(carriers)):
        rows = connection.execute(
            select(TAG.c.carrier, SIGHTING.c.epc, func.min(SIGHTING.c.last_at).label("at"))
            .select_from(
                TAG.join(SIGHTING, SIGHTING.c.epc == TAG.c.epc)
                .join(ANTENNA, heard_by)
                .join(spot, spot.c.id == ANTENNA.c.place)
            )
            .where(
                TAG.c.carrier.in_(chunk),
                ~TAG.c.retired,
                SIGHTING.c.last_at >= since,
                func.substr(spot.c.path, 1, len(path)) == path,
            )
            .group_by(TAG.c.carrier, SIGHTING.c.epc)
            .order_by(TAG.c.carrier)
        )
        for row in rows:
            if row.carrier not in found or row.at < found[row.carrier][0]:
                found[row.carrier] = (row.at, row.epc)
    return found
