"""SQL of what sweeping devices handed to a clerk, and of the shelf that a scanned code names."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, func, select

from custody.access import Subject
from custody.store.digests import attest
from custody.store.schema import PERSON, PLACE
from custody.values import Instant
from reconcile.store.core import ANTENNA, HAND_OVER, REFERENCE_TAG, ROUND, Connection, insert_new
from reconcile.store.rounds import not_hidden

_H = HAND_OVER.c
_OF, _BY, _TAKER = (PERSON.alias(name) for name in ("of_person", "by_person", "taker"))


def give(connection: Connection, row: Mapping[str, Any]) -> tuple[int, bool]:
    """Keep what was handed over; gives its number, and whether it was here before (by its `key`)."""
    there = select(_H.id).where(_H.key == row["key"])
    before = connection.scalar(there)
    if before is not None:
        return int(before), True
    insert_new(connection, HAND_OVER, [row])
    identifier = int(connection.execute(there).scalar_one())
    attest(connection, "hand_over", [(identifier,)])
    return identifier, False


def one(connection: Connection, identifier: int, *, lock: bool = False) -> Row[Any] | None:
    """One of them, whole."""
    query = select(HAND_OVER).where(_H.id == identifier)
    return connection.execute(query.with_for_update() if lock else query).first()


def events_of(row: Row[Any]) -> list[dict[str, Any]]:
    """Its events, as the device made them."""
    found: list[dict[str, Any]] = json.loads(row.events)
    return found


def settle(
    connection: Connection, identifier: int, outcome: str, by: int, at: Instant, *, into: str = "", note: str = ""
) -> None:
    """Say what became of it."""
    values = {"outcome": outcome, "into_round": into, "taken_by": by, "taken_at": at, "note": note}
    connection.execute(HAND_OVER.update().where(_H.id == identifier).values(**values))
    attest(connection, "hand_over", [(identifier,)])


def listed(connection: Connection, subject: Subject, waits: bool, limit: int) -> Sequence[Any]:
    """Those of sweeps that the subject may know of: what waits, the oldest first; else what was settled, the newest
    first. Everything but the events, and `round_state`, `place_code`, `of_name`, `by_name`, `taken_by_name`."""
    query = (
        select(
            *(column for column in _H if column.name != "events"),
            ROUND.c.state.label("round_state"),
            PLACE.c.code.label("place_code"),
            _OF.c.name.label("of_name"),
            _BY.c.name.label("by_name"),
            _TAKER.c.name.label("taken_by_name"),
        )
        .select_from(
            HAND_OVER.join(ROUND, ROUND.c.number == _H.round)
            .join(PLACE, PLACE.c.id == ROUND.c.place)
            .outerjoin(_OF, _OF.c.id == _H.of)
            .outerjoin(_BY, _BY.c.id == _H.by)
            .outerjoin(_TAKER, _TAKER.c.id == _H.taken_by)
        )
        .where(_H.outcome == "" if waits else _H.outcome != "", *not_hidden(subject, None, None))
        .order_by(_H.id if waits else _H.id.desc())
        .limit(limit)
    )
    return connection.execute(query).all()


def waiting(connection: Connection, subject: Subject) -> int:
    """How many wait that the subject may know of."""
    joined = HAND_OVER.join(ROUND, ROUND.c.number == _H.round)
    query = select(func.count()).select_from(joined).where(_H.outcome == "", *not_hidden(subject, None, None))
    return connection.scalar(query) or 0


def places_of_code(connection: Connection, code: str, epc: str | None) -> Sequence[Any]:
    """The places that a scanned code may mean: by their own code (a label on the shelf), or by a reference tag that
    hangs there. Columns `id`, `code`, `kind`, `path`."""
    columns = (PLACE.c.id, PLACE.c.code, PLACE.c.kind, PLACE.c.path)
    by_code = connection.execute(select(*columns).where(func.lower(PLACE.c.code) == code.lower())).all()
    if by_code or epc is None:
        return by_code
    hears = (REFERENCE_TAG.c.reader == ANTENNA.c.reader) & (REFERENCE_TAG.c.number == ANTENNA.c.number)
    query = select(*columns).select_from(REFERENCE_TAG.join(ANTENNA, hears).join(PLACE, PLACE.c.id == ANTENNA.c.place))
    return connection.execute(query.where(REFERENCE_TAG.c.epc == epc).distinct()).all()


def open_at(connection: Connection, subject: Subject, path: str) -> Sequence[Any]:
    """Open sweeps of a place, and of those that hold it, as far as the subject may know of them; the nearest first.
    Columns `number`, `kind`, `place`, `place_code`, `opened_at`, `opened_by`, `opened_by_name`."""
    query = (
        select(
            *(ROUND.c.number, ROUND.c.kind, ROUND.c.place, ROUND.c.opened_at, ROUND.c.opened_by),
            PLACE.c.code.label("place_code"),
            PERSON.c.name.label("opened_by_name"),
        )
        .select_from(ROUND.join(PLACE, PLACE.c.id == ROUND.c.place).outerjoin(PERSON, PERSON.c.id == ROUND.c.opened_by))
        .where(*not_hidden(subject, "open", None), func.substr(path, 1, func.length(PLACE.c.path)) == PLACE.c.path)
        .order_by(func.length(PLACE.c.path).desc(), ROUND.c.opened_at)
    )
    return connection.execute(query).all()
