"""Tags that speak against the books: another chip under a known number, a retired tag heard again."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select

from custody.entries import TagRetired, decode
from custody.store.schema import CARRIER, ENTRY, TAG
from custody.values import Instant
from reconcile.checks import ChipCase, RetiredCase, Thresholds
from reconcile.store.candidates import World, books_of
from reconcile.store.core import ANTENNA, CURSOR, FINDING, PRESENCE, SIGHTING, Connection, insert_new

CHIPS_JUDGED = "checks.chips"
"""Cursor over `sighting.id`: every sighting that names a chip is judged once."""


def chips_cursor(connection: Connection, *, lock: bool = False) -> int:
    """How far chips were judged; with `lock` (in a writing transaction) no other server judges meanwhile."""
    query = select(CURSOR.c.position).where(CURSOR.c.name == CHIPS_JUDGED)
    if lock:
        insert_new(connection, CURSOR, [{"name": CHIPS_JUDGED, "position": 0}])
        query = query.with_for_update()
    return connection.scalar(query) or 0


def chips_end(connection: Connection) -> int:
    """The newest sighting: how far a run can judge."""
    return connection.scalar(select(func.max(SIGHTING.c.id))) or 0


def chips_judged(connection: Connection, through: int) -> None:
    """Move the cursor."""
    connection.execute(CURSOR.update().where(CURSOR.c.name == CHIPS_JUDGED).values(position=through))


def told(kind: str, about: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a finding of the kind is open about this: one is enough, however often it is heard."""
    return exists().where(FINDING.c.kind == kind, FINDING.c.about == about, FINDING.c.open)


def chips(connection: Connection, after: int, through: int, around: World) -> list[ChipCase]:
    """Live tags heard with another chip's number within this stretch of sightings, the first of each tag."""
    s = SIGHTING.c
    about = literal("epc:") + s.epc
    settled = (
        select(func.max(FINDING.c.closed_at))
        .where(FINDING.c.kind == "tag_disagrees", FINDING.c.about == about, FINDING.c.state == "settled")
        .correlate(SIGHTING)
        .scalar_subquery()
    )
    differ = (
        select(
            s.epc, func.min(s.id).label("id"), func.sum(s.count).label("reads"), func.max(s.last_at).label("last_at")
        )
        .join(TAG, and_(TAG.c.epc == s.epc, ~TAG.c.retired))
        .where(s.id > after, s.id <= through, s.tid.is_not(None), TAG.c.tid.is_not(None), s.tid != TAG.c.tid)
        .where(~told("tag_disagrees", about), s.last_at > func.coalesce(settled, 0))
        .group_by(s.epc)
        .subquery("differ")
    )
    rows = connection.execute(
        select(
            CARRIER,
            SIGHTING.c.epc,
            SIGHTING.c.tid.label("heard_tid"),
            TAG.c.tid.label("bound_tid"),
            SIGHTING.c.first_at,
            SIGHTING.c.reader,
            SIGHTING.c.antenna,
            differ.c.reads,
            differ.c.last_at,
            ANTENNA.c.place.label("heard_place"),
        ).select_from(
            differ.join(SIGHTING, SIGHTING.c.id == differ.c.id)
            .join(TAG, TAG.c.epc == differ.c.epc)
            .join(CARRIER, CARRIER.c.id == TAG.c.carrier)
            .outerjoin(ANTENNA, and_(ANTENNA.c.reader == SIGHTING.c.reader, ANTENNA.c.number == SIGHTING.c.antenna))
        )
    ).all()
    return [
        ChipCase(
            epc=row.epc,
            carrier=row.id,
            books=books_of(row, around),
            bound_tid=row.bound_tid,
            heard_tid=row.heard_tid,
            reads=int(row.reads),
            first_at=row.first_at,
            heard_at=row.last_at,
            place=around.spots.get(row.heard_place) if row.heard_place is not None else None,
            reader=row.reader,
            antenna=row.antenna,
        )
        for row in sorted(rows, key=lambda row: str(row.epc))
    ]


def retired(connection: Connection, after: int, limits: Thresholds, around: World) -> list[RetiredCase]:
    """Tags taken off carriers that the house has, among the sightings beyond `after`, heard later than that and than
    the last settlement.
    """
    about = literal("epc:") + TAG.c.epc
    settled = (
        select(func.max(FINDING.c.closed_at))
        .where(FINDING.c.kind == "retired_tag", FINDING.c.about == about, FINDING.c.state == "settled")
        .correlate(TAG)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(CARRIER, PRESENCE.c.epc, PRESENCE.c.heard_at, settled.label("settled_at"))
        .select_from(TAG.join(PRESENCE, PRESENCE.c.epc == TAG.c.epc).join(CARRIER, CARRIER.c.id == TAG.c.carrier))
        .where(
            TAG.c.epc.in_(select(SIGHTING.c.epc).where(SIGHTING.c.id > after).distinct()),
            TAG.c.retired,
            CARRIER.c.status != "destroyed",
            # What was told stands open; the few that are left are looked up in the ledger.
            ~told("retired_tag", about),
            or_(settled.is_(None), PRESENCE.c.heard_at > settled),
        )
    ).all()
    cases = (_retired(connection, row, limits, around) for row in sorted(rows, key=lambda row: str(row.epc)))
    return [case for case in cases if case is not None]


def _retired(connection: Connection, row: Any, limits: Thresholds, around: World) -> RetiredCase | None:
    taken_off = _taken_off(connection, row.id, row.epc)
    since = max(taken_off + limits.ghost_after, row.settled_at or 0)
    if row.heard_at <= since:
        return None
    heard = connection.execute(
        select(func.sum(SIGHTING.c.count).label("reads"), func.min(SIGHTING.c.first_at).label("first_at")).where(
            SIGHTING.c.epc == row.epc, SIGHTING.c.last_at > since
        )
    ).one()
    if not heard.reads:
        return None
    radio = connection.execute(select(PRESENCE).where(PRESENCE.c.epc == row.epc)).one()
    return RetiredCase(
        epc=row.epc,
        carrier=row.id,
        books=books_of(row, around),
        place=around.spots.get(radio.place) if radio.place is not None else None,
        strength=radio.strength,
        reads=int(heard.reads),
        first_at=max(heard.first_at, since),
        heard_at=row.heard_at,
        home=around.spots.get(row.home) if row.home is not None else None,
        reader=radio.reader,
        antenna=radio.antenna,
        strongest_dbm=radio.strongest_dbm,
    )


def _taken_off(connection: Connection, carrier: int, epc: str) -> Instant:
    """When a tag was taken off, from the ledger; for ever ago where no entry says so."""
    e = ENTRY.c
    bodies = connection.scalars(
        select(e.body).where(e.carrier == carrier, e.kind == TagRetired.kind).order_by(e.sequence.desc())
    )
    for entry in (decode(bytes(body)) for body in bodies):
        if isinstance(entry.fact, TagRetired) and entry.fact.epc == epc:
            return entry.happened_at
    return 0
