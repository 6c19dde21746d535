"""Stored sightings as the filter takes them."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Select, select

from custody.store.schema import TAG, chunks
from custody.values import SECOND
from readers.sighting import Instant
from reconcile.presence import Heard, Site
from reconcile.store.core import ANTENNA, SIGHTING
from reconcile.store.references import reference_epcs
from reconcile.store.taps import CARD_DIGITS_MAX, DESK

_AHEAD_MAX = 60 * SECOND
"""A sighting further in the future than its arrival was stamped by a wrong clock: its arrival is taken instead."""


def sightings() -> Select[Any]:
    """Rows as `heard` takes them."""
    s = SIGHTING.c
    return select(
        s.id,
        s.epc,
        s.first_at,
        s.last_at,
        s.count.label("reads"),
        s.strongest_dbm,
        s.mean_dbm,
        s.reader,
        s.antenna,
        s.received_at,
    )


def heard(row: Any, site: Site) -> Heard:
    """A sighting, its antenna resolved."""
    first, last = row.first_at, row.last_at
    if last > row.received_at + _AHEAD_MAX:
        first, last = row.received_at - (last - first), row.received_at
    ear = site.ears.get((row.reader, row.antenna))
    return Heard(
        first,
        last,
        row.reads,
        row.strongest_dbm,
        row.mean_dbm,
        row.reader,
        row.antenna,
        None if ear is None else ear.place,
        "" if ear is None else ear.side,
        row.received_at,
    )


def not_followed(connection: Connection, rows: Iterable[Any]) -> frozenset[str]:
    """What is heard and is nowhere itself: reference tags, fixed where they are, and people's cards."""
    return reference_epcs(connection) | _cards(connection, list(rows))


def _cards(connection: Connection, rows: list[Any]) -> frozenset[str]:
    """What was held to a desk's reader and is no carrier's label: of people's cards no track is kept here."""
    readers = {row.reader for row in rows}
    desks = {
        (row.reader, row.number)
        for row in connection.execute(
            select(ANTENNA.c.reader, ANTENNA.c.number).where(ANTENNA.c.role == DESK, ANTENNA.c.reader.in_(readers))
        )
    }
    held = {row.epc for row in rows if (row.reader, row.antenna) in desks and len(row.epc) <= CARD_DIGITS_MAX}
    borne = {
        epc
        for chunk in chunks(sorted(held))
        for epc in connection.execute(select(TAG.c.epc).where(TAG.c.epc.in_(chunk))).scalars()
    }
    return frozenset(held - borne)


def heard_since(connection: Connection, epc: str, after: Instant, through_id: int, limit: int) -> list[Any]:
    """The stored sightings of a tag that ended later than `after`, as far as the fold has come; at most `limit` + 1."""
    wanted = sightings().where(SIGHTING.c.epc == epc, SIGHTING.c.last_at > after, SIGHTING.c.id <= through_id)
    return list(connection.execute(wanted.order_by(SIGHTING.c.last_at).limit(limit + 1)))
