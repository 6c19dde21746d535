"""What is delivered on schedule: subscriptions, and what was made for each. A person's own alone, to be shown.

Whoever moves a subscription's `last_day` forward has made what was due: among servers the row decides.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Table, delete, insert, select, update
from sqlmodel import SQLModel

from custody.rules import NotFound
from custody.store.schema import is_int64
from custody.values import Instant
from reconcile.store.core import Connection

SUBSCRIPTION: Table = SQLModel.metadata.tables["subscription"]
DELIVERY: Table = SQLModel.metadata.tables["delivery"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A report that a person has delivered; see `SubscriptionRow`."""

    id: int = 0
    person: int
    report: str
    days: int
    unit: int | None
    titles: bool
    every: str
    on_day: int
    hour: int
    language: str
    created_at: Instant
    paused_at: Instant | None = None
    ended_at: Instant | None = None
    last_day: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What was made, without its bytes; `kept`: whether they are still there."""

    id: int
    subscription: int
    person: int
    report: str
    slot: str
    made_at: Instant
    state: str
    rows: int
    carriers: tuple[int, ...]
    taken_at: Instant | None
    kept: bool


_S = SUBSCRIPTION.c
_ALL = [_S[name] for name in Subscription.__slots__]


def subscribe(connection: Connection, wanted: Subscription) -> int:
    """Keep a subscription; gives its number."""
    values = {name: getattr(wanted, name) for name in Subscription.__slots__ if name != "id"}
    number: int = connection.execute(insert(SUBSCRIPTION).values(values).returning(_S.id)).scalar_one()
    return number


def subscriptions_of(connection: Connection, person: int) -> list[Subscription]:
    """A person's subscriptions that have not ended, in their order."""
    rows = connection.execute(select(*_ALL).where(_S.person == person, _S.ended_at.is_(None)).order_by(_S.id))
    return [Subscription(**row._mapping) for row in rows]


def running(connection: Connection) -> list[Subscription]:
    """Everybody's that are neither paused nor ended."""
    rows = connection.execute(select(*_ALL).where(_S.ended_at.is_(None), _S.paused_at.is_(None)).order_by(_S.id))
    return [Subscription(**row._mapping) for row in rows]


def subscription(connection: Connection, person: int, number: int) -> Subscription:
    """A person's own, if it has not ended. Raises NotFound for another's and for none alike."""
    query = select(*_ALL).where(_S.id == number, _S.person == person, _S.ended_at.is_(None))
    row = connection.execute(query).first() if is_int64(number) else None
    if row is None:
        raise NotFound
    return Subscription(**row._mapping)


def pause(connection: Connection, person: int, number: int, at: Instant | None) -> None:
    """Let it rest from now on, or (None) go on. Raises NotFound."""
    _change(connection, person, number, paused_at=at)


def end(connection: Connection, person: int, number: int, at: Instant) -> None:
    """It comes no more; what it brought is kept as long as it would have been. Raises NotFound."""
    _change(connection, person, number, ended_at=at)


def _change(connection: Connection, person: int, number: int, **values: int | None) -> None:
    subscription(connection, person, number)
    connection.execute(update(SUBSCRIPTION).where(_S.id == number, _S.person == person).values(values))


def take_slot(connection: Connection, number: int, day: str) -> bool:
    """Whether the slot of this day is ours: it was nobody's, and the subscription still runs."""
    ours = (_S.id == number, _S.last_day < day, _S.paused_at.is_(None), _S.ended_at.is_(None))
    return connection.execute(update(SUBSCRIPTION).where(*ours).values(last_day=day)).rowcount == 1


def keep(
    connection: Connection,
    of: Subscription,
    slot: str,
    at: Instant,
    content: bytes | None,
    rows: int = 0,
    carriers: Sequence[int] = (),
) -> int:
    """Keep what was made, or (without content) that nothing was; gives its number."""
    values = {
        "subscription": of.id,
        "person": of.person,
        "report": of.report,
        "slot": slot,
        "made_at": at,
        "state": "no_right" if content is None else "made",
        "rows": rows,
        "carriers": json.dumps(list(carriers)),
        "sha256": "" if content is None else hashlib.sha256(content).hexdigest(),
        "content": content,
    }
    number: int = connection.execute(insert(DELIVERY).values(values).returning(DELIVERY.c.id)).scalar_one()
    return number


_D = DELIVERY.c
_SHOWN = [_D[name] for name in Delivery.__slots__ if name not in ("kept", "carriers")]


def deliveries_of(connection: Connection, person: int, limit: int) -> list[Delivery]:
    """What was made for a person, the newest first."""
    kept = _D.content.is_not(None).label("kept")
    query = select(*_SHOWN, _D.carriers, kept).where(_D.person == person).order_by(_D.id.desc()).limit(limit)
    rows = connection.execute(query)
    return [
        Delivery(**(dict(row._mapping) | {"carriers": tuple(json.loads(row.carriers)), "kept": bool(row.kept)}))
        for row in rows
    ]


def delivery(connection: Connection, person: int, number: int) -> tuple[Delivery, bytes]:
    """What was made for a person, with its bytes. Raises NotFound for another's, for none, and where nothing was."""
    query = select(*_SHOWN, _D.carriers, _D.content).where(_D.id == number, _D.person == person)
    row = connection.execute(query).first() if is_int64(number) else None
    if row is None or row.content is None:
        raise NotFound
    told = {name: value for name, value in row._mapping.items() if name != "content"}
    found = Delivery(**(told | {"carriers": tuple(json.loads(row.carriers)), "kept": True}))
    return found, bytes(row.content)


def fetched(connection: Connection, number: int, at: Instant) -> None:
    """It was fetched; the first time counts."""
    connection.execute(update(DELIVERY).where(_D.id == number, _D.taken_at.is_(None)).values(taken_at=at))


def forget(connection: Connection, before: Instant) -> int:
    """Forget what was made before, and what ended and has nothing left; how many files went."""
    gone = connection.execute(delete(DELIVERY).where(_D.made_at < before)).rowcount
    left = select(_D.id).where(_D.subscription == _S.id).exists()
    connection.execute(delete(SUBSCRIPTION).where(_S.ended_at.is_not(None), ~left))
    return gone


def old_ones(connection: Connection, before: Instant) -> bool:
    """Whether there is anything to forget."""
    query = select(_D.id).where(_D.made_at < before).limit(1)
    return connection.execute(query).first() is not None
