"""Rounds on disk: the frozen expectation, the events of scanning, and the buckets as a query over both.

Nothing is deleted or counted up: taking back a scan is an event too, and every figure is derived from the events.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, literal, or_, select

from custody.access import Subject
from custody.store.digests import attest
from custody.store.queries import Page, visible
from custody.store.queries.paging import pack, rows_of_page, total
from custody.store.queries.visible import hidden
from custody.store.schema import CARRIER, PERSON, PLACE, TAG, chunks
from custody.values import Instant
from reconcile.checks.cases import BELIEVED
from reconcile.store.core import (
    ANTENNA,
    CURSOR,
    PRESENCE,
    ROUND,
    ROUND_EXPECTED,
    ROUND_SCAN,
    SIGHTING,
    UNDO,
    Connection,
    insert_new,
    not_undone,
    stands_in,
)

HERE, ELSEWHERE, UNASKED = "here", "elsewhere", "unasked"
"""Expectations besides the books' statuses: to be met here; in place, but not here though its home is; here, but not
asked for in this sweep."""


def place_of(connection: Connection, place: int) -> Any | None:
    """Kind, code and path of a place."""
    query = select(PLACE.c.id, PLACE.c.kind, PLACE.c.code, PLACE.c.path).where(PLACE.c.id == place)
    return connection.execute(query).first()


def places_of(connection: Connection, places: Collection[int]) -> dict[int, tuple[str, str]]:
    """Code and path of these places."""
    found: dict[int, tuple[str, str]] = {}
    for chunk in chunks(sorted(places)):
        rows = connection.execute(select(PLACE.c.id, PLACE.c.code, PLACE.c.path).where(PLACE.c.id.in_(chunk)))
        found |= {row.id: (row.code, row.path) for row in rows}
    return found


def is_leaf(connection: Connection, place: int) -> bool:
    """Whether nothing stands in this place: a single shelf."""
    return connection.scalar(select(PLACE.c.id).where(PLACE.c.parent == place).limit(1)) is None


def open_over(connection: Connection, subject: Subject, place: int) -> str | None:
    """The number of a round of this very place that is still open, as far as the subject may know of it."""
    query = select(ROUND.c.number).where(*not_hidden(subject, "open", place))
    return connection.scalar(query.limit(1))


def cursor_name(number: str) -> str:
    return f"round:{number}"


def row(connection: Connection, number: str, lock: str = "") -> Row[Any] | None:
    """The round's row with its place's path; `lock`: `share` while scanning, `own` while closing."""
    query = (
        select(ROUND, PLACE.c.path, PLACE.c.code.label("place_code"), PERSON.c.name.label("opened_by_name"))
        .select_from(ROUND.join(PLACE, PLACE.c.id == ROUND.c.place).outerjoin(PERSON, PERSON.c.id == ROUND.c.opened_by))
        .where(ROUND.c.number == number)
    )
    if lock:
        query = query.with_for_update(read=lock == "share", of=ROUND)
    return connection.execute(query).first()


def hides(connection: Connection, subject: Subject, number: str) -> bool:
    """Whether the round expects a carrier that the subject may not know of."""
    query = (
        select(literal(1))
        .select_from(ROUND_EXPECTED.join(CARRIER, CARRIER.c.id == ROUND_EXPECTED.c.carrier))
        .where(ROUND_EXPECTED.c.round == number, hidden(subject))
        .limit(1)
    )
    return connection.scalar(query) is not None


@dataclass(frozen=True, slots=True)
class Known:
    """A carrier that a code was resolved to."""

    carrier: int
    epc: str | None


def by_epc(connection: Connection, subject: Subject, epcs: Collection[str]) -> dict[str, Known]:
    """Carriers of these live tags, as far as the subject may know of them."""
    found: dict[str, Known] = {}
    for chunk in chunks(sorted(set(epcs))):
        rows = connection.execute(
            select(TAG.c.epc, TAG.c.carrier)
            .select_from(TAG.join(CARRIER, CARRIER.c.id == TAG.c.carrier))
            .where(TAG.c.epc.in_(chunk), ~TAG.c.retired, visible(subject))
        )
        found |= {r.epc: Known(r.carrier, r.epc) for r in rows}
    return found


def by_number(connection: Connection, subject: Subject, numbers: Collection[str]) -> dict[str, dict[int, int]]:
    """Copies of these control numbers, as far as the subject may know of them: copy number -> carrier."""
    found: dict[str, dict[int, int]] = {}
    for chunk in chunks(sorted(set(numbers))):
        rows = connection.execute(
            select(CARRIER.c.control_number, CARRIER.c.copy_number, CARRIER.c.id).where(
                CARRIER.c.control_number.in_(chunk), visible(subject)
            )
        )
        for r in rows:
            found.setdefault(r.control_number, {})[r.copy_number] = r.id
    return found


def events_there(connection: Connection, number: str, events: Collection[str]) -> set[str]:
    """Which of these events the round has already."""
    found: set[str] = set()
    for chunk in chunks(sorted(set(events))):
        found |= set(
            connection.scalars(
                select(ROUND_SCAN.c.event).where(ROUND_SCAN.c.round == number, ROUND_SCAN.c.event.in_(chunk))
            )
        )
    return found


def scan_of(connection: Connection, number: str, event: str) -> Row[Any] | None:
    """One event of a round."""
    query = select(ROUND_SCAN).where(ROUND_SCAN.c.round == number, ROUND_SCAN.c.event == event)
    return connection.execute(query).first()


def last_scan(connection: Connection, number: str, person: int) -> Row[Any] | None:
    """The person's newest scan that was not taken back."""
    query = select(ROUND_SCAN).where(ROUND_SCAN.c.round == number, ROUND_SCAN.c.by == person, not_undone())
    return connection.execute(query.order_by(ROUND_SCAN.c.id.desc()).limit(1)).first()


def counted_already(connection: Connection, number: str, carriers: Collection[int]) -> dict[int, Row[Any]]:
    """Of these carriers those that were met, each with its first scan."""
    found: dict[int, Row[Any]] = {}
    for chunk in chunks(sorted(set(carriers))):
        rows = connection.execute(
            select(ROUND_SCAN)
            .where(ROUND_SCAN.c.round == number, ROUND_SCAN.c.carrier.in_(chunk), not_undone())
            .order_by(ROUND_SCAN.c.id.desc())
        )
        found |= {r.carrier: r for r in rows}
    return found


def expectations(connection: Connection, number: str, carriers: Collection[int]) -> dict[int, Row[Any]]:
    """What the round expects of these carriers; those it does not know are left out."""
    found: dict[int, Row[Any]] = {}
    for chunk in chunks(sorted(set(carriers))):
        rows = connection.execute(
            select(ROUND_EXPECTED).where(ROUND_EXPECTED.c.round == number, ROUND_EXPECTED.c.carrier.in_(chunk))
        )
        found |= {r.carrier: r for r in rows}
    return found


def add_scans(connection: Connection, scans: Sequence[Mapping[str, Any]]) -> None:
    """Append events; those that are there already change nothing."""
    insert_new(connection, ROUND_SCAN, scans)


def close(connection: Connection, number: str, **columns: Any) -> None:
    """Set the columns of a round that ends."""
    connection.execute(ROUND.update().where(ROUND.c.number == number).values(**columns))
    attest(connection, "round", [(number,)])


def progress(connection: Connection, number: str) -> tuple[int, int]:
    """How many carriers are expected here, and how many of them were met."""
    here = and_(ROUND_EXPECTED.c.round == number, ROUND_EXPECTED.c.expected == HERE)
    expected = connection.scalar(select(func.count()).select_from(ROUND_EXPECTED).where(here)) or 0
    # From the scans to the expectation by its key: the other way round is a search among scans for every carrier.
    met_here = (
        select(func.count(ROUND_SCAN.c.carrier.distinct()))
        .select_from(ROUND_SCAN.join(ROUND_EXPECTED, ROUND_EXPECTED.c.carrier == ROUND_SCAN.c.carrier))
        .where(ROUND_SCAN.c.round == number, not_undone(), here)
    )
    return expected, connection.scalar(met_here) or 0


_HOME, _PLACE, _MET, _NOW = (PLACE.alias(name) for name in ("home_at", "expected_at", "met_at", "now_at"))
_LINE = (
    CARRIER.c.control_number,
    CARRIER.c.copy_number,
    CARRIER.c.level,
    CARRIER.c.rank,
    CARRIER.c.status,
    _HOME.c.code.label("home_code"),
    _NOW.c.path.label("now_path"),
)


def met_query(number: str) -> Select[Any]:
    """Every carrier that was met: its first scan, and how many scans it had."""
    first = (
        select(func.min(ROUND_SCAN.c.id).label("id"), func.count().label("times"))
        .where(ROUND_SCAN.c.round == number, ROUND_SCAN.c.carrier.is_not(None), not_undone())
        .group_by(ROUND_SCAN.c.carrier)
        .subquery("first")
    )
    return select(
        ROUND_SCAN.c.carrier,
        ROUND_SCAN.c.event,
        ROUND_SCAN.c.means,
        ROUND_SCAN.c.by,
        ROUND_SCAN.c.at,
        ROUND_SCAN.c.reason,
        first.c.times,
        _MET.c.code.label("met_code"),
        _MET.c.path.label("met_path"),
        PERSON.c.name.label("by_name"),
    ).select_from(
        first.join(ROUND_SCAN, ROUND_SCAN.c.id == first.c.id)
        .outerjoin(_MET, _MET.c.id == ROUND_SCAN.c.place)
        .outerjoin(PERSON, PERSON.c.id == ROUND_SCAN.c.by)
    )


def met(connection: Connection, number: str) -> dict[int, Any]:
    """Every carrier that was met: its first scan, and how many scans it had."""
    return {r.carrier: r for r in connection.execute(met_query(number)).all()}


def expected_query(number: str) -> Select[Any]:
    """Every expected carrier, by home and number; where the books have it now besides."""
    joined = (
        ROUND_EXPECTED.join(CARRIER, CARRIER.c.id == ROUND_EXPECTED.c.carrier)
        .outerjoin(_HOME, _HOME.c.id == ROUND_EXPECTED.c.home)
        .outerjoin(_PLACE, _PLACE.c.id == ROUND_EXPECTED.c.place)
        .outerjoin(_NOW, _NOW.c.id == CARRIER.c.place)
    )
    return (
        select(
            ROUND_EXPECTED.c.carrier,
            ROUND_EXPECTED.c.expected,
            ROUND_EXPECTED.c.holder,
            ROUND_EXPECTED.c.place.label("expected_place"),
            _PLACE.c.code.label("place_code"),
            _PLACE.c.path.label("place_path"),
            *_LINE,
        )
        .select_from(joined)
        .where(ROUND_EXPECTED.c.round == number)
        .order_by(_HOME.c.code, CARRIER.c.control_number, CARRIER.c.copy_number)
    )


def expected_lines(connection: Connection, number: str) -> Sequence[Row[Any]]:
    """Every expected carrier, by home and number; where the books have it now besides."""
    return connection.execute(expected_query(number)).all()


def other_lines(connection: Connection, subject: Subject, carriers: Collection[int]) -> list[Any]:
    """Carriers that no expectation knows, by number; those hidden from the subject left out."""
    joined = CARRIER.outerjoin(_HOME, _HOME.c.id == CARRIER.c.home).outerjoin(_NOW, _NOW.c.id == CARRIER.c.place)
    found: list[Any] = []
    for chunk in chunks(sorted(carriers)):
        query = (
            select(
                CARRIER.c.id.label("carrier"),
                CARRIER.c.status.label("expected"),
                CARRIER.c.holder,
                CARRIER.c.place.label("expected_place"),
                _NOW.c.code.label("place_code"),
                _NOW.c.path.label("place_path"),
                *_LINE,
            )
            .select_from(joined)
            .where(CARRIER.c.id.in_(chunk), visible(subject))
        )
        found += connection.execute(query).all()
    return sorted(found, key=lambda r: (r.control_number, r.copy_number))


def unknown_scans(connection: Connection, number: str) -> list[Row[Any]]:
    """Codes that named no carrier, each once, with its first scan and how often it was scanned."""
    first = (
        select(func.min(ROUND_SCAN.c.id).label("id"), func.count().label("times"))
        .where(ROUND_SCAN.c.round == number, ROUND_SCAN.c.carrier.is_(None), not_undone())
        .group_by(ROUND_SCAN.c.code)
        .subquery("first")
    )
    query = (
        select(ROUND_SCAN, PERSON.c.name.label("by_name"), _MET.c.code.label("met_code"), first.c.times)
        .select_from(
            first.join(ROUND_SCAN, ROUND_SCAN.c.id == first.c.id)
            .outerjoin(PERSON, PERSON.c.id == ROUND_SCAN.c.by)
            .outerjoin(_MET, _MET.c.id == ROUND_SCAN.c.place)
        )
        .order_by(ROUND_SCAN.c.id)
    )
    return list(connection.execute(query))


def by_eye(connection: Connection) -> set[int]:
    """Carriers none of whose tags answers: few, for each was entered by a person."""
    other = TAG.alias("other")
    answers = exists().where(other.c.carrier == TAG.c.carrier, ~other.c.retired, ~other.c.unreadable)
    return set(connection.scalars(select(TAG.c.carrier).where(TAG.c.unreadable, ~TAG.c.retired, ~answers)))


def retired(connection: Connection, subject: Subject, codes: Collection[str]) -> set[str]:
    """Of these codes, the tags that were taken off a carrier which the subject may know of."""
    found: set[str] = set()
    for chunk in chunks(sorted(set(codes))):
        query = select(TAG.c.epc).join(CARRIER, CARRIER.c.id == TAG.c.carrier)
        found |= set(connection.scalars(query.where(TAG.c.epc.in_(chunk), TAG.c.retired, visible(subject))))
    return found


def feed(connection: Connection, number: str, path: str, opened_at: Instant) -> int:
    """Count what antennas under the place heard since the opening; gives how many carriers this added.

    An expected carrier counts by any sighting. One that is not expected counts only where the radio believes it
    to be under the place: a weak reading of the next cabinet puts nothing here.
    """
    cursor = select(CURSOR.c.position).where(CURSOR.c.name == cursor_name(number)).with_for_update()
    after = connection.scalar(cursor) or 0
    through = connection.scalar(select(func.max(SIGHTING.c.id))) or 0
    if through <= after:
        return 0
    spot, believed = PLACE.alias("antenna_place"), PLACE.alias("believed_place")
    root = literal(path)
    heard_by = and_(ANTENNA.c.reader == SIGHTING.c.reader, ANTENNA.c.number == SIGHTING.c.antenna)
    expected = exists().where(ROUND_EXPECTED.c.round == number, ROUND_EXPECTED.c.carrier == TAG.c.carrier)
    trusted = and_(PRESENCE.c.strength.in_(sorted(BELIEVED)), stands_in(believed.c.path, root))
    rows = connection.execute(
        select(
            TAG.c.carrier,
            SIGHTING.c.epc,
            func.min(ANTENNA.c.place).label("place"),
            func.min(SIGHTING.c.first_at).label("at"),
        )
        .select_from(
            SIGHTING.join(ANTENNA, heard_by)
            .join(spot, spot.c.id == ANTENNA.c.place)
            .join(TAG, and_(TAG.c.epc == SIGHTING.c.epc, ~TAG.c.retired))
            .outerjoin(PRESENCE, PRESENCE.c.epc == SIGHTING.c.epc)
            .outerjoin(believed, believed.c.id == PRESENCE.c.place)
        )
        .where(
            SIGHTING.c.id > after,
            SIGHTING.c.id <= through,
            SIGHTING.c.last_at >= opened_at,
            ANTENNA.c.role == "place",
            stands_in(spot.c.path, root),
            or_(expected, trusted),
        )
        .group_by(TAG.c.carrier, SIGHTING.c.epc)
    ).all()
    events = [
        {"round": number, "event": f"reader:{r.epc}", "code": r.epc, "means": "reader", "carrier": r.carrier}
        | {"epc": r.epc, "place": r.place, "at": r.at, "by": None, "reason": ""}
        for r in rows
    ]
    known = events_there(connection, number, [e["event"] for e in events])
    add_scans(connection, [event for event in events if event["event"] not in known])
    connection.execute(CURSOR.update().where(CURSOR.c.name == cursor_name(number)).values(position=through))
    return len(events) - len(known)


def listed(
    connection: Connection,
    conditions: Iterable[ColumnElement[bool]],
    after: str | None,
    before: str | None,
    limit: int,
) -> Page[Row[Any]]:
    """Rounds, the newest first. Raises KeyInvalid."""
    where = tuple(conditions)
    query = (
        select(ROUND, PLACE.c.code.label("place_code"), PERSON.c.name.label("opened_by_name"))
        .select_from(ROUND.join(PLACE, PLACE.c.id == ROUND.c.place).outerjoin(PERSON, PERSON.c.id == ROUND.c.opened_by))
        .where(*where)
    )
    rows, earlier, later = rows_of_page(
        connection, query, (-ROUND.c.opened_at, ROUND.c.number), (int, str), after, before, limit
    )
    count, capped = total(connection, select(ROUND.c.number).where(*where))
    keys = [pack((-r.opened_at, r.number)) for r in rows]
    return Page(
        items=tuple(rows),
        after=keys[-1] if keys and later else None,
        before=keys[0] if keys and earlier else None,
        total=count,
        capped=capped,
    )


def not_hidden(subject: Subject, state: str | None, place: int | None) -> list[ColumnElement[bool]]:
    """Rounds that the subject may know of: none of what they expect is hidden from him."""
    secret = (
        select(literal(1))
        .select_from(ROUND_EXPECTED.join(CARRIER, CARRIER.c.id == ROUND_EXPECTED.c.carrier))
        .where(ROUND_EXPECTED.c.round == ROUND.c.number, hidden(subject))
        .exists()
    )
    found = [~secret]
    if state is not None:
        found.append(ROUND.c.state == state)
    if place is not None:
        found.append(ROUND.c.place == place)
    return found


def undo_event(event: str) -> str:
    """The name of the event that takes another back."""
    return UNDO + event
