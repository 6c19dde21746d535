"""Cases that are not one carrier's: passages by portals, tags that nobody bears, readers that fell silent."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, select

from custody.entries import CarrierFact, decode
from custody.matters.carrying_out import APPROVED, LISTED, OUT_NOW, PACKED
from custody.matters.carrying_out import KEY as CARRYING_OUT
from custody.register import CarrierState, FoldBroken, apply
from custody.store.schema import ALLOTTED_LABEL, CARRIER, ENTRY, LINE, MATTER, PLACE, TAG, TAG_NUMBER, chunks
from custody.values import Instant
from reconcile.checks import AntennaCase, MatterSays, PassageCase, ReaderCase, TagCase
from reconcile.checks.antennas import about as antenna_about
from reconcile.checks.cases import PermitSays
from reconcile.checks.kinds import PASSAGE_KINDS
from reconcile.store.candidates import World, books_of, latest_coverage, matters_of
from reconcile.store.core import (
    ANTENNA,
    ANTENNA_ALIVE,
    CURSOR,
    DEVICE,
    FINDING,
    PRESENCE,
    READER,
    READER_EVENT,
    SIGHTING,
    STAY,
    TRIAL_TAG,
    Connection,
    insert_new,
)
from reconcile.store.references import ReferenceTag, reference_tags

PASSAGES_JUDGED = "checks.passages"
"""Cursor over `stay.id`: every passage is judged once, whatever becomes of the carrier later."""

NOT_REGISTERED = ""


def passages_cursor(connection: Connection, *, lock: bool = False) -> int:
    """How far passages were judged; with `lock` (in a writing transaction) no other server judges meanwhile."""
    query = select(CURSOR.c.position).where(CURSOR.c.name == PASSAGES_JUDGED)
    if lock:
        insert_new(connection, CURSOR, [{"name": PASSAGES_JUDGED, "position": 0}])
        query = query.with_for_update()
    return connection.scalar(query) or 0


def passages_end(connection: Connection) -> int:
    """The newest stay: how far a run can judge."""
    return connection.scalar(select(func.max(STAY.c.id))) or 0


def passages_judged(connection: Connection, through: int) -> None:
    """Move the cursor."""
    connection.execute(CURSOR.update().where(CURSOR.c.name == PASSAGES_JUDGED).values(position=through))


def passages(connection: Connection, after: int, through: int, window: Instant, around: World) -> list[PassageCase]:
    """Passages out, or of unknown direction, of carriers' tags; each with the books' status of that moment.

    Left out: a passage that a finding tells already (also by another tag of the same carrier within the portal's
    window), and one before the carrier came into the register.
    """
    place = PLACE.alias("portal")
    joined = (
        STAY.join(TAG, and_(TAG.c.epc == STAY.c.epc, ~TAG.c.retired))
        .join(CARRIER, CARRIER.c.id == TAG.c.carrier)
        .join(place, place.c.id == STAY.c.place)
    )
    told = exists().where(
        FINDING.c.carrier == CARRIER.c.id,
        FINDING.c.kind.in_(PASSAGE_KINDS),
        FINDING.c.epc != STAY.c.epc,
        FINDING.c.happened_at.between(STAY.c.since_at - window, STAY.c.until_at + window),
    )
    rows = connection.execute(
        select(
            STAY,
            place.c.outside,
            *(CARRIER.c[n] for n in _OF_CARRIER),
            CARRIER.c.id.label("carrier"),
            CARRIER.c.place.label("books_place"),
            CARRIER.c.since_at.label("books_since"),
        )
        .select_from(joined)
        .where(STAY.c.id > after, STAY.c.id <= through, STAY.c.direction.in_(("out", "unknown")), ~told)
        .order_by(STAY.c.until_at, STAY.c.id)
    ).all()
    carriers = {row.carrier for row in rows}
    matters = matters_of(connection, carriers) if rows else {}
    permits = permits_of(connection, carriers) if rows else {}
    cases = (_passage(connection, row, matters.get(row.carrier), permits.get(row.carrier, ()), around) for row in rows)
    return [case for case in cases if case.status != NOT_REGISTERED]


_OF_CARRIER = ("status", "level", "rank", "unit", "home", "holder", "due_at", "archive_by", "secret_until")


class _Books:
    """The columns of a register row under the names that `books_of` reads."""

    def __init__(self, row: Any) -> None:
        self.status, self.level, self.rank, self.unit = row.status, row.level, row.rank, row.unit
        self.place, self.home, self.holder = row.books_place, row.home, row.holder
        self.due_at, self.since_at = row.due_at, row.books_since
        self.archive_by, self.secret_until = row.archive_by, row.secret_until


def _passage(
    connection: Connection, row: Any, matter: MatterSays | None, permits: tuple[PermitSays, ...], around: World
) -> PassageCase:
    books = books_of(_Books(row), around)
    status = row.status if row.books_since <= row.until_at else status_at(connection, row.carrier, row.until_at)
    return PassageCase(
        carrier=row.carrier,
        epc=row.epc,
        portal=around.spots[row.place],
        outside=around.spots.get(row.outside) if row.outside is not None else None,
        direction=row.direction,
        score=row.score,
        since_at=row.since_at,
        until_at=row.until_at,
        status=status,
        books=books,
        reader=row.reader,
        antenna=row.antenna,
        reads=row.reads,
        strongest_dbm=row.strongest_dbm,
        matter=matter,
        parts=json.loads(row.evidence or "{}"),
        permits=permits,
    )


def permits_of(connection: Connection, carriers: Collection[int]) -> dict[int, tuple[PermitSays, ...]]:
    """Per carrier the permits to carry out, granted and not closed, on which it is named."""
    found: dict[int, list[PermitSays]] = defaultdict(list)
    for chunk in chunks(sorted(carriers)):
        rows = connection.execute(
            select(LINE.c.carrier, LINE.c.state, MATTER.c.id, MATTER.c.number, MATTER.c.body)
            .join_from(LINE, MATTER, MATTER.c.id == LINE.c.matter)
            .where(
                LINE.c.carrier.in_(chunk),
                LINE.c.state.in_((LISTED, PACKED)),
                MATTER.c.kind == CARRYING_OUT,
                MATTER.c.status.in_((APPROVED, OUT_NOW)),
            )
            .order_by(MATTER.c.id)
        )
        for row in rows:
            body = json.loads(row.body)["body"]
            permit = PermitSays(row.id, row.number, body["bearer"], body["from_at"], body["until_at"], row.state)
            found[row.carrier].append(permit)
    return {carrier: tuple(permits) for carrier, permits in found.items()}


def status_at(connection: Connection, carrier: int, at: Instant) -> str:
    """The books' status of a carrier at an instant of the past, from its entries; empty before the first."""
    state: CarrierState | None = None
    bodies = connection.scalars(select(ENTRY.c.body).where(ENTRY.c.carrier == carrier).order_by(ENTRY.c.sequence))
    for entry in map(decode, bodies):
        if isinstance(entry.fact, CarrierFact) and entry.happened_at <= at:
            try:
                state = apply(state, entry)
            except FoldBroken:
                break  # entered late and out of turn: what is known before it is what holds
    return state.status.value if state is not None else NOT_REGISTERED


def _kept_open(kind: Any, about: Any) -> Any:
    return exists().where(FINDING.c.kind == kind, FINDING.c.about == about, FINDING.c.open)


def settled_at(connection: Connection, kind: str) -> dict[str, Instant]:
    """Per subject, when a person last settled a finding of this kind: of kinds of which there are few."""
    rows = connection.execute(
        select(FINDING.c.about, func.max(FINDING.c.closed_at))
        .where(FINDING.c.kind == kind, FINDING.c.state == "settled")
        .group_by(FINDING.c.about)
    )
    return {row[0]: row[1] for row in rows}


def _settled_at(connection: Connection, kind: str, abouts: Iterable[str]) -> dict[str, Instant]:
    found: dict[str, Instant] = {}
    for chunk in chunks(abouts):
        rows = connection.execute(
            select(FINDING.c.about, func.max(FINDING.c.closed_at))
            .where(FINDING.c.kind == kind, FINDING.c.about.in_(chunk), FINDING.c.state == "settled")
            .group_by(FINDING.c.about)
        )
        found |= {row[0]: row[1] for row in rows}
    return found


_TAG = (
    PRESENCE.c.epc,
    PRESENCE.c.place,
    PRESENCE.c.strength,
    PRESENCE.c.heard_at,
    PRESENCE.c.reader,
    PRESENCE.c.antenna,
    PRESENCE.c.strongest_dbm,
)


def _written(value: str) -> ColumnElement[str]:
    return literal(value, literal_execute=True)


def unknown_tags(connection: Connection, kinds: Collection[str], block: str, around: World) -> dict[str, list[TagCase]]:
    """By kind the tags of the number block (a hexadecimal prefix) that were heard and never bound, without an open
    finding.

    `kinds`: `unknown_tag`, and `label_unregistered` for labels given out for a production order. Both are told by
    one pass over what was heard, which of a tag that is bound costs one look.
    """
    # Set apart (MATERIALIZED) by the indexes alone, so that no planner asks the rest of every tag that was heard; an
    # outer join is an anti-join to PostgreSQL, and to SQLite cheaper than a subquery a tag.
    loose = (
        select(PRESENCE.c.epc)
        .select_from(PRESENCE.outerjoin(TAG, TAG.c.epc == PRESENCE.c.epc))
        # The prefix as a range (an upper-case hexadecimal digit is below G): the index serves it, and a planner can
        # tell how many there are; so it is written out, or a prepared statement would be planned for any range.
        .where(PRESENCE.c.epc >= _written(block), PRESENCE.c.epc < _written(f"{block}G"), TAG.c.epc.is_(None))
        .cte("loose")
        .prefix_with("MATERIALIZED")
    )
    kind = case((ALLOTTED_LABEL.c.epc.is_not(None), "label_unregistered"), else_="unknown_tag")
    rows = connection.execute(
        select(*_TAG, kind.label("kind"))
        .join_from(loose, PRESENCE, PRESENCE.c.epc == loose.c.epc)
        .outerjoin(ALLOTTED_LABEL, ALLOTTED_LABEL.c.epc == loose.c.epc)
        .where(
            ~exists().where(TRIAL_TAG.c.epc == PRESENCE.c.epc),
            # A label that was made and waits for its carrier lies about where it was made; the batch lists it.
            ~exists().where(TAG_NUMBER.c.epc == PRESENCE.c.epc, TAG_NUMBER.c.state != "spoiled"),
            kind.in_(sorted(kinds)),
            ~_kept_open(kind, literal("epc:") + PRESENCE.c.epc),
        )
    ).all()
    found: dict[str, list[TagCase]] = {}
    for asked in kinds:
        mine = [row for row in rows if row.kind == asked]
        settled = _settled_at(connection, asked, (f"epc:{row.epc}" for row in mine))
        found[asked] = _tag_cases(connection, mine, settled, around, bound=frozenset())
    return found


def tag_cases(connection: Connection, epcs: Iterable[str], around: World) -> dict[str, TagCase]:
    """The cases of these tags, for the ending of their findings."""
    found: dict[str, TagCase] = {}
    for chunk in chunks(epcs):
        rows = connection.execute(select(*_TAG).where(PRESENCE.c.epc.in_(chunk))).all()
        bound = frozenset(connection.scalars(select(TAG.c.epc).where(TAG.c.epc.in_(chunk))))
        found |= {case.epc: case for case in _tag_cases(connection, rows, {}, around, bound)}
    return found


def _tag_cases(
    connection: Connection, rows: Iterable[Any], settled: dict[str, Instant], around: World, bound: frozenset[str]
) -> list[TagCase]:
    cases: list[TagCase] = []
    for chunk in chunks(rows):
        heard = {
            row.epc: row
            for row in connection.execute(
                select(
                    SIGHTING.c.epc,
                    func.sum(SIGHTING.c.count).label("reads"),
                    func.min(SIGHTING.c.first_at).label("first_at"),
                )
                .where(SIGHTING.c.epc.in_([row.epc for row in chunk]))
                .group_by(SIGHTING.c.epc)
            )
        }
        orders = _orders(connection, [row.epc for row in chunk])
        for row in chunk:
            sums, order = heard.get(row.epc), orders.get(row.epc)
            cases.append(
                TagCase(
                    epc=row.epc,
                    bound=row.epc in bound,
                    reads=int(sums.reads) if sums else 0,
                    first_at=sums.first_at if sums else None,
                    heard_at=row.heard_at,
                    place=around.spots.get(row.place) if row.place is not None else None,
                    strength=row.strength,
                    reader=row.reader,
                    antenna=row.antenna,
                    strongest_dbm=row.strongest_dbm,
                    settled_at=settled.get(f"epc:{row.epc}"),
                    order=MatterSays(order.id, order.number, order.kind, order.status) if order else None,
                    order_unit=order.unit if order else None,
                    order_rank=order.rank if order else 0,
                )
            )
    return cases


_ORDER = ("id", "number", "kind", "status", "unit", "rank")


def _orders(connection: Connection, epcs: list[str]) -> dict[str, Any]:
    """The production order for which each of these labels was given out."""
    query = select(ALLOTTED_LABEL.c.epc, *(MATTER.c[name] for name in _ORDER))
    joined = query.join_from(ALLOTTED_LABEL, MATTER, MATTER.c.id == ALLOTTED_LABEL.c.matter)
    return {row.epc: row for row in connection.execute(joined.where(ALLOTTED_LABEL.c.epc.in_(epcs)))}


def readers(connection: Connection, around: World) -> dict[str, ReaderCase]:
    """Every reader with its antennas, until when the connection of each lived, its proofs, and its last event."""
    antennas: dict[str, list[AntennaCase]] = defaultdict(list)
    proved: dict[tuple[str, int], list[ReferenceTag]] = defaultdict(list)
    for tag in reference_tags(connection):
        proved[tag.reader, tag.number].append(tag)
    # Of an antenna that must be proved, coverage says what was heard; whether its reader speaks is asked of the other.
    alive = {(row.reader, row.number): row for row in connection.execute(latest_coverage(ANTENNA_ALIVE))}
    for row in connection.execute(latest_coverage().order_by(ANTENNA.c.reader, ANTENNA.c.number)):
        spot = around.spots.get(row.place)
        tags = proved.get((row.reader, row.number), [])
        spoke = alive[row.reader, row.number] if tags else row
        antennas[row.reader].append(
            AntennaCase(
                row.number,
                spot.code if spot else "",
                spoke.through_at,
                alive_since=spoke.since_at,
                references=tuple(tag.epc for tag in tags),
                heard_at=max((tag.heard_at for tag in tags if tag.heard_at is not None), default=None),
                references_since=min((tag.since_at for tag in tags), default=0),
            )
        )
    rows = connection.execute(
        select(READER, DEVICE.c.created_at.label("device_since")).select_from(
            READER.outerjoin(DEVICE, DEVICE.c.name == READER.c.device)
        )
    ).all()
    settled = _settled_at(connection, "reader_silent", (f"reader:{row.name}" for row in rows))
    named = {antenna_about(*antenna): antenna for antenna in proved}
    deaf: dict[str, dict[int, Instant]] = defaultdict(dict)
    for about, at in _settled_at(connection, "antenna_deaf", named).items():
        deaf[named[about][0]][named[about][1]] = at
    return {
        row.name: ReaderCase(
            name=row.name,
            enabled=bool(row.enabled),
            antennas=tuple(antennas[row.name]),
            # Before it was put to work its silence means nothing; else since its daemon may send.
            expected_since=row.enabled_at or row.device_since or 0,
            state=row.state,
            state_at=row.state_at,
            detail=row.detail,
            last_event=_last_event(connection, row.name),
            settled_at=settled.get(f"reader:{row.name}"),
            deaf_settled=deaf[row.name],
        )
        for row in rows
    }


def _last_event(connection: Connection, reader: str) -> dict[str, Any]:
    row = connection.execute(
        select(READER_EVENT.c.state, READER_EVENT.c.at, READER_EVENT.c.detail)
        .where(READER_EVENT.c.reader == reader)
        .order_by(READER_EVENT.c.at.desc(), READER_EVENT.c.id.desc())
        .limit(1)
    ).first()
    return dict(row._mapping) if row else {}
