"""Lists of what may pass the doors: made from the books by the very rule that judges passages (clause e.1).

A list is made anew where the ledger has gone on and what may pass has changed, or where the last one is half spent;
else the last one is drawn again, byte for byte. Numbers are times in seconds, or one more than the last: also books
that were restored from a backup go on with higher ones.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, exists, or_, select

from custody.scheme import Scheme
from custody.store.schema import CARRIER, LEDGER_STATE, LINE, TAG
from custody.values import SECOND, Instant
from readers import doorlist
from reconcile.checks import PassageCase, Spot
from reconcile.checks.cases import PERMITTED_OUT, BooksSay
from reconcile.checks.verdicts import may_leave
from reconcile.store.candidates import matters_of
from reconcile.store.core import DOOR_LIST, TRIAL_TAG, Connection

_LINES = ("packed", "taken_back")
"""States of a line in a matter in which a carrier may leave."""
_DOOR = Spot(0, "", "portal", "")


@dataclass(frozen=True, slots=True)
class ListMade:
    """A list: its number, and the text that is to be signed; None where whoever asks has this number already."""

    number: int
    text: str | None


def present_list(
    connection: Connection, origin: str, scheme: Scheme, now: Instant, *, known: int | None = None
) -> ListMade:
    """The list that holds now, made in the caller's writing transaction where there is none. `known`: what he has."""
    valid = scheme.number("door_list_minutes") * 60 * SECOND
    position = connection.scalar(select(LEDGER_STATE.c.size)) or 0
    last = connection.execute(select(DOOR_LIST).order_by(DOOR_LIST.c.number.desc()).limit(1).with_for_update()).first()
    fresh = last is not None and now < last.made_at + valid // 2 and last.expires_at - last.made_at == valid
    same = last is not None and last.position == position and not _trials_since(connection, last.made_at)
    if last is not None and fresh and same and known == last.number:
        return ListMade(last.number, None)
    passes = may_pass(connection, now)
    content = doorlist.content_digest(scheme.epc_block, passes)
    if last is None or not fresh or last.content != content:
        last = _made(connection, last.number if last else 0, position, content, len(passes), now, valid)
    if known == last.number:
        return ListMade(last.number, None)
    text = doorlist.unsigned(
        origin,
        last.number,
        last.made_at,
        last.expires_at,
        scheme.epc_block,
        bytes.fromhex(last.salt),
        passes,
    )
    return ListMade(last.number, text)


def _trials_since(connection: Connection, at: Instant) -> bool:
    """Whether tags of the trials came or went since then: of that the ledger says nothing."""
    later = or_(TRIAL_TAG.c.since_at >= at, TRIAL_TAG.c.until_at >= at)
    return connection.scalar(select(TRIAL_TAG.c.epc).where(later).limit(1)) is not None


def _made(
    connection: Connection, before: int, position: int, content: str, count: int, now: Instant, valid: int
) -> Any:
    number = max(before + 1, now // SECOND)
    row = {
        "number": number,
        "made_at": now,
        "expires_at": now + valid,
        "position": position,
        "count": count,
        "salt": secrets.token_bytes(doorlist.SALT_BYTES).hex(),
        "content": content,
    }
    connection.execute(DOOR_LIST.insert().values(row))
    return connection.execute(select(DOOR_LIST).where(DOOR_LIST.c.number == number)).one()


def may_pass(connection: Connection, now: Instant) -> Mapping[str, Instant]:
    """EPC of every live tag that may leave, to the time until which (0: no end), by `reconcile.checks.may_leave`."""
    handed_over = and_(CARRIER.c.status == "awaiting_destruction", CARRIER.c.place.is_(None))
    packed = exists().where(LINE.c.matter == CARRIER.c.matter, LINE.c.carrier == CARRIER.c.id, LINE.c.state.in_(_LINES))
    rows = connection.execute(
        select(TAG.c.epc, CARRIER.c.id, *(CARRIER.c[name] for name in _OF_CARRIER))
        .select_from(TAG.join(CARRIER, CARRIER.c.id == TAG.c.carrier))
        .where(~TAG.c.retired, or_(CARRIER.c.status.in_(sorted(PERMITTED_OUT)), handed_over, packed))
    ).all()
    inside = {row.id for row in rows if row.status not in PERMITTED_OUT}
    matters = matters_of(connection, inside) if inside else {}
    found: dict[str, Instant] = {}
    for row in rows:
        case = _case(row, now, matters.get(row.id))
        if may_leave(case):
            # What may leave only because it is packed may do so while its permit lasts.
            until = 0 if may_leave(_case(row, now, None)) or case.matter is None else _until(case)
            found[row.epc] = until
    # Tags of the trials are let by, but for those with which the siren itself is tried.
    trial = select(TRIAL_TAG.c.epc).where(
        ~TRIAL_TAG.c.sounds, TRIAL_TAG.c.until_at.is_(None), ~exists().where(TAG.c.epc == TRIAL_TAG.c.epc)
    )
    return found | dict.fromkeys(connection.scalars(trial), 0)


_OF_CARRIER = ("status", "level", "rank", "unit", "place", "since_at")


def _until(case: PassageCase) -> Instant:
    return case.matter.due_at or 0 if case.matter is not None and case.matter.line == "packed" else 0


def _case(row: Any, now: Instant, matter: Any) -> PassageCase:
    place = None if row.place is None else _DOOR
    books = BooksSay(row.status, row.level, row.rank, row.unit, place=place, since_at=row.since_at)
    return PassageCase(
        carrier=row.id,
        epc=row.epc,
        portal=_DOOR,
        outside=None,
        direction="out",
        score=1.0,
        since_at=now,
        until_at=now,
        status=row.status,
        books=books,
        matter=matter,
    )
