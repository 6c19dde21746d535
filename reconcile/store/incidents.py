"""Legs that ended, and tags of destroyed carriers that are heard again: what `reconcile.checks.incidents` looks at."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, exists, func, literal, select

from custody.entries import Entry, decode
from custody.entries.circulation import LegEnded, LegStarted
from custody.entries.destruction import Destroyed
from custody.store.schema import CARRIER, ENTRY, LEDGER_STATE, LINE, MATTER, PARTY, TAG, chunks
from custody.values import Instant
from reconcile.checks import GhostCase, LegCase, MatterSays, Thresholds
from reconcile.checks.cases import Spot
from reconcile.store.candidates import MATTER_SAYS, World, books_of, matter_says_of
from reconcile.store.core import CURSOR, FINDING, PRESENCE, SIGHTING, Connection, insert_new

LEGS_JUDGED = "checks.legs"
"""Cursor over the ledger: every leg that ended is judged once."""


def legs_cursor(connection: Connection, *, lock: bool = False) -> int:
    """How far legs were judged; with `lock` (in a writing transaction) no other server judges meanwhile."""
    query = select(CURSOR.c.position).where(CURSOR.c.name == LEGS_JUDGED)
    if lock:
        insert_new(connection, CURSOR, [{"name": LEGS_JUDGED, "position": 0}])
        query = query.with_for_update()
    return connection.scalar(query) or 0


def legs_end(connection: Connection) -> int:
    """The newest entry: how far a run can judge. Entries have no gaps, so none appears behind it later."""
    return connection.scalar(select(LEDGER_STATE.c.size)) or 0


def legs_judged(connection: Connection, through: int) -> None:
    """Move the cursor."""
    connection.execute(CURSOR.update().where(CURSOR.c.name == LEGS_JUDGED).values(position=through))


def legs(connection: Connection, after: int, through: int, around: World) -> list[LegCase]:
    """Legs that ended within this stretch of the ledger."""
    e = ENTRY.c
    ended = select(e.body).where(e.sequence > after, e.sequence <= through, e.kind == LegEnded.kind)
    entries = [decode(bytes(row.body)) for row in connection.execute(ended.order_by(e.sequence))]
    found = (_leg(connection, entry, around) for entry in entries)
    return [case for case in found if case is not None]


def _leg(connection: Connection, ended: Entry, around: World) -> LegCase | None:
    assert isinstance(ended.fact, LegEnded)
    fact, e = ended.fact, ENTRY.c
    row = connection.execute(select(CARRIER).where(CARRIER.c.id == fact.carrier)).first()
    matter = _matter(connection, fact.matter, fact.carrier)
    if row is None or matter is None:
        return None
    begun = (
        select(e.body)
        .where(e.carrier == fact.carrier, e.sequence < ended.sequence, e.kind == LegStarted.kind)
        .order_by(e.sequence.desc())
        .limit(1)
    )
    body = connection.scalar(begun)
    started = decode(bytes(body)) if body is not None else None
    reader = started.fact.reader if started is not None and isinstance(started.fact, LegStarted) else None
    return LegCase(
        carrier=fact.carrier,
        books=books_of(row, around),
        matter=matter,
        reader=reader,
        brought_by=fact.brought_by,
        started_at=started.happened_at if started is not None else None,
        ended_at=ended.happened_at,
        sequence=ended.sequence,
    )


def _matter(connection: Connection, matter: int, carrier: int) -> MatterSays | None:
    query = (
        select(*MATTER_SAYS)
        .select_from(MATTER.outerjoin(LINE, and_(LINE.c.matter == MATTER.c.id, LINE.c.carrier == carrier)))
        .where(MATTER.c.id == matter)
    )
    row = connection.execute(query).first()
    return None if row is None else matter_says_of(row)


# Destroyed, and heard again.


def ghosts(connection: Connection, limits: Thresholds, around: World) -> list[GhostCase]:
    """Retired tags of destroyed carriers that were heard later than their destruction, and than the last settlement.

    Selected from the carriers destroyed, of which most were never heard since; each with an open finding is left out.
    """
    # Set apart by the status's own index, so that a register without any costs a look, whatever else was heard.
    gone = select(CARRIER.c.id).where(CARRIER.c.status == "destroyed").cte("gone").prefix_with("MATERIALIZED")
    tags = (
        select(TAG.c.epc, TAG.c.carrier)
        .select_from(gone.join(TAG, TAG.c.carrier == gone.c.id))
        .where(TAG.c.retired)
        .cte("tags")
        .prefix_with("MATERIALIZED")
    )
    about = literal("epc:") + tags.c.epc
    told = exists().where(FINDING.c.kind == "ghost_read", FINDING.c.about == about, FINDING.c.open)
    settled = (
        select(func.max(FINDING.c.closed_at))
        .where(FINDING.c.kind == "ghost_read", FINDING.c.about == about, FINDING.c.state == "settled")
        .correlate(tags)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(CARRIER, PRESENCE.c.epc, PRESENCE.c.heard_at, settled.label("settled_at"))
        .select_from(tags.join(PRESENCE, PRESENCE.c.epc == tags.c.epc).join(CARRIER, CARRIER.c.id == tags.c.carrier))
        .where(
            PRESENCE.c.heard_at > CARRIER.c.since_at + limits.ghost_after,
            PRESENCE.c.heard_at > func.coalesce(settled, 0),
            ~told,
        )
    ).all()
    cases = (_ghost(connection, row, limits, around) for row in sorted(rows, key=lambda row: str(row.epc)))
    return [case for case in cases if case is not None]


def _ghost(connection: Connection, row: Any, limits: Thresholds, around: World) -> GhostCase | None:
    since = max(row.since_at + limits.ghost_after, row.settled_at or 0)
    heard = connection.execute(
        select(func.sum(SIGHTING.c.count).label("reads"), func.min(SIGHTING.c.first_at).label("first_at")).where(
            SIGHTING.c.epc == row.epc, SIGHTING.c.last_at > since
        )
    ).one()
    if not heard.reads:
        return None
    radio = connection.execute(select(PRESENCE).where(PRESENCE.c.epc == row.epc)).one()
    entry = _destruction(connection, row.id)
    return GhostCase(
        epc=row.epc,
        carrier=row.id,
        books=books_of(row, around),
        destroyed_at=row.since_at,
        act=entry.act if entry else "",
        matter=_matter(connection, entry.fact.matter, row.id) if entry and isinstance(entry.fact, Destroyed) else None,
        persons=_signatories(connection, entry) if entry else {},
        reads=int(heard.reads),
        first_at=max(heard.first_at, since),
        heard_at=row.heard_at,
        place=around.spots.get(radio.place) if radio.place is not None else None,
        strength=radio.strength,
        reader=radio.reader,
        antenna=radio.antenna,
        strongest_dbm=radio.strongest_dbm,
    )


def scanned_ghosts(
    connection: Connection, heard: Mapping[str, Instant], place: Spot | None, limits: Thresholds, around: World
) -> list[GhostCase]:
    """Of these tags (EPC -> when a person scanned it) those of destroyed carriers, scanned later than the destruction
    and its grace, and than the last settlement of such a finding."""
    found: list[GhostCase] = []
    for chunk in chunks(sorted(heard)):
        settled = (
            select(func.max(FINDING.c.closed_at))
            .where(
                FINDING.c.kind == "ghost_read",
                FINDING.c.about == literal("epc:") + TAG.c.epc,
                FINDING.c.state == "settled",
            )
            .correlate(TAG)
            .scalar_subquery()
        )
        rows = connection.execute(
            select(CARRIER, TAG.c.epc, settled.label("settled_at"))
            .select_from(TAG.join(CARRIER, CARRIER.c.id == TAG.c.carrier))
            .where(TAG.c.epc.in_(chunk), TAG.c.retired, CARRIER.c.status == "destroyed")
        )
        for row in rows.all():
            at = heard[row.epc]
            if at > max(row.since_at + limits.ghost_after, row.settled_at or 0):
                found.append(_scanned_ghost(connection, row, at, place, around))
    return found


def _scanned_ghost(connection: Connection, row: Any, at: Instant, place: Spot | None, around: World) -> GhostCase:
    entry = _destruction(connection, row.id)
    return GhostCase(
        epc=row.epc,
        carrier=row.id,
        books=books_of(row, around),
        destroyed_at=row.since_at,
        act=entry.act if entry else "",
        matter=_matter(connection, entry.fact.matter, row.id) if entry and isinstance(entry.fact, Destroyed) else None,
        persons=_signatories(connection, entry) if entry else {},
        reads=1,
        first_at=at,
        heard_at=at,
        place=place,
    )


def _destruction(connection: Connection, carrier: int) -> Entry | None:
    e = ENTRY.c
    query = select(e.body).where(e.carrier == carrier, e.kind == Destroyed.kind).order_by(e.sequence.desc()).limit(1)
    body = connection.scalar(query)
    return None if body is None else decode(bytes(body))


def _signatories(connection: Connection, entry: Entry) -> dict[str, tuple[int, ...]]:
    """Everybody who stands for a destruction, by part: who signed the act, who destroyed and watched, who approved."""
    found: dict[str, set[int]] = defaultdict(set)
    found["signer"] = {one.person for one in entry.signatures}
    fact = entry.fact
    if isinstance(fact, Destroyed):
        found["destroyer"] = {fact.destroyer}
        found["supervisor"] = set(fact.supervisors)
        parts = select(PARTY.c.part, PARTY.c.person).where(PARTY.c.matter == fact.matter)
        for row in connection.execute(parts):
            found[row.part].add(row.person)
    return {part: tuple(sorted(persons)) for part, persons in found.items() if persons}
