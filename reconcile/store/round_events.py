"""What was said in a sweep besides the scans, on disk; who scanned what with which device; and which sweeps there were
of each place."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, and_, case, exists, func, literal, or_, select

from custody.access import Subject
from custody.store.queries import visible
from custody.store.schema import CARRIER, PERSON, PLACE, TAG, chunks
from custody.values import Instant
from reconcile.store.core import (
    PRESENCE,
    ROUND,
    ROUND_EVENT,
    ROUND_SCAN,
    ROUND_TERMS,
    TAG_READABILITY,
    Connection,
    insert_new,
    not_undone,
    stands_in,
)
from reconcile.store.rounds import not_hidden

DEVICE_LENGTH = 10
"""`d-` and eight digits: what the identifiers of a device's scans begin with."""


@dataclass(frozen=True, slots=True)
class Said:
    """Something said in a sweep. `detail` as it was kept, JSON decoded."""

    id: int
    event: str
    what: str
    device: str
    place: int | None
    at: Instant
    by: int
    by_name: str
    reason: str
    detail: Mapping[str, Any]


def said(connection: Connection, number: str, *whats: str) -> list[Said]:
    """What was said in a sweep, in order; of these kinds only, where any are named."""
    query = (
        select(ROUND_EVENT, PERSON.c.name.label("by_name"))
        .select_from(ROUND_EVENT.outerjoin(PERSON, PERSON.c.id == ROUND_EVENT.c.by))
        .where(ROUND_EVENT.c.round == number)
        .order_by(ROUND_EVENT.c.id)
    )
    if whats:
        query = query.where(ROUND_EVENT.c.what.in_(whats))
    return [_said(row) for row in connection.execute(query)]


def _said(row: Row[Any]) -> Said:
    detail = json.loads(row.detail) if row.detail else {}
    return Said(
        row.id, row.event, row.what, row.device, row.place, row.at, row.by, row.by_name or "", row.reason, detail
    )


def say(
    connection: Connection,
    number: str,
    event: str,
    what: str,
    by: int,
    at: Instant,
    *,
    device: str = "",
    place: int | None = None,
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
) -> bool:
    """Append an event; False where this very one is there already."""
    there = select(ROUND_EVENT.c.id).where(ROUND_EVENT.c.round == number, ROUND_EVENT.c.event == event)
    if connection.scalar(there) is not None:
        return False
    row = {"round": number, "event": event, "what": what, "device": device, "place": place, "at": at, "by": by}
    text = json.dumps(detail, ensure_ascii=False, sort_keys=True) if detail else ""
    insert_new(connection, ROUND_EVENT, [row | {"reason": reason, "detail": text}])
    return True


@dataclass(frozen=True, slots=True)
class Agreed:
    """The terms of a sweep; of one without any, those that all had before there were others."""

    of: str = ""
    scope: str = "all"
    sample: int = 0
    rank: int = -1
    two: bool = False
    other: bool = False


def terms_of(connection: Connection, number: str) -> Agreed:
    """On what terms a sweep was opened."""
    row = connection.execute(select(ROUND_TERMS).where(ROUND_TERMS.c.round == number)).first()
    return Agreed() if row is None else Agreed(row.of, row.scope, row.sample, row.rank, row.two, row.other)


def _device() -> Any:
    event = ROUND_SCAN.c.event
    return case(
        (ROUND_SCAN.c.means == "reader", literal("reader")),
        (event.like("d-________-%"), func.substr(event, 1, DEVICE_LENGTH)),
        (event.like("page-%"), literal("page")),
        (event.like("HU-%"), literal("file")),
        else_=literal(""),
    )


def scans_by_device(connection: Connection, number: str) -> list[Row[Any]]:
    """How many scans each person made with each device that were not taken back, and between which times.

    `device`: `d-…`, `page` (typed in a page without script), `file` (a handheld's), `reader`, or empty.
    """
    device = _device().label("device")
    query = (
        select(
            ROUND_SCAN.c.by,
            PERSON.c.name,
            device,
            func.count().label("scans"),
            func.min(ROUND_SCAN.c.at).label("first_at"),
            func.max(ROUND_SCAN.c.at).label("last_at"),
        )
        .select_from(ROUND_SCAN.outerjoin(PERSON, PERSON.c.id == ROUND_SCAN.c.by))
        .where(ROUND_SCAN.c.round == number, not_undone())
        .group_by(ROUND_SCAN.c.by, PERSON.c.name, device)
        .order_by(ROUND_SCAN.c.by, device)
    )
    return list(connection.execute(query))


def newest_stops(
    connection: Connection, number: str, person: int, device: str, after: int, limit: int
) -> list[Row[Any]]:
    """The newest scans by hand of a person with a device after an event of the scans, the oldest first: `event`,
    `carrier`, and where the books have it now (`place`, `path`).

    `device` is what identifiers of scans begin with.
    """
    begins = f"{device}-" if device else ""
    newest = (
        select(ROUND_SCAN.c.id, ROUND_SCAN.c.event, ROUND_SCAN.c.carrier)
        .where(
            ROUND_SCAN.c.round == number,
            ROUND_SCAN.c.by == person,
            ROUND_SCAN.c.means == "scan",
            ROUND_SCAN.c.carrier.is_not(None),
            ROUND_SCAN.c.id > after,
            func.substr(ROUND_SCAN.c.event, 1, len(begins)) == begins,
            not_undone(),
        )
        .order_by(ROUND_SCAN.c.id.desc())
        .limit(limit)
        .subquery("newest")
    )
    query = (
        select(newest.c.event, newest.c.carrier, PLACE.c.id.label("place"), PLACE.c.path)
        .select_from(
            newest.join(CARRIER, CARRIER.c.id == newest.c.carrier).outerjoin(
                PLACE, PLACE.c.id == func.coalesce(CARRIER.c.place, CARRIER.c.home)
            )
        )
        .order_by(newest.c.id)
    )
    return list(connection.execute(query))


def newest_scan(connection: Connection, number: str) -> int:
    """The identifier of the newest scan of all; 0 where there is none."""
    return connection.scalar(select(func.max(ROUND_SCAN.c.id)).where(ROUND_SCAN.c.round == number)) or 0


def newest_of(
    connection: Connection, number: str, carriers: Iterable[int], codes: Iterable[str]
) -> dict[int | str, int]:
    """The identifier of the newest scan of each of these carriers, and of each of these codes that name none; of what
    was not met there is none."""
    found: dict[int | str, int] = {}
    of_round = and_(ROUND_SCAN.c.round == number, not_undone())
    newest = func.max(ROUND_SCAN.c.id).label("newest")
    for key, asked, also in (
        (ROUND_SCAN.c.carrier, sorted(carriers), ROUND_SCAN.c.carrier.is_not(None)),
        (ROUND_SCAN.c.code, sorted(codes), ROUND_SCAN.c.carrier.is_(None)),
    ):
        for chunk in chunks(asked):
            query = select(key.label("key"), newest).where(of_round, also, key.in_(chunk)).group_by(key)
            found |= {row.key: row.newest for row in connection.execute(query)}
    return found


def counters(connection: Connection, number: str) -> set[int]:
    """Everybody who scanned or ticked in a sweep, or signed it: who has not counted independently of it."""
    scanned = select(ROUND_SCAN.c.by).where(ROUND_SCAN.c.round == number, ROUND_SCAN.c.by.is_not(None)).distinct()
    signed = select(ROUND.c.signed_by).where(ROUND.c.number == number, ROUND.c.signed_by.is_not(None))
    first = select(ROUND_EVENT.c.by).where(ROUND_EVENT.c.round == number, ROUND_EVENT.c.what == "signed")
    return {*connection.scalars(scanned), *connection.scalars(signed), *connection.scalars(first)}


def tally(connection: Connection, number: str) -> tuple[int, int]:
    """How many carriers and how many unknown codes were scanned: all that a blind count may show."""
    of_round = and_(ROUND_SCAN.c.round == number, not_undone())
    carriers = connection.scalar(select(func.count(ROUND_SCAN.c.carrier.distinct())).where(of_round)) or 0
    codes = select(func.count(ROUND_SCAN.c.code.distinct())).where(of_round, ROUND_SCAN.c.carrier.is_(None))
    return carriers, connection.scalar(codes) or 0


def weak_tags(connection: Connection) -> set[int]:
    """Carriers all of whose answering tags are known to be heard badly: few."""
    good = TAG.alias("good")
    rated = TAG_READABILITY.alias("rated")
    good_is_weak = exists().where(rated.c.epc == good.c.epc, rated.c.weak)
    another = exists().where(good.c.carrier == TAG.c.carrier, ~good.c.retired, ~good.c.unreadable, ~good_is_weak)
    query = (
        select(TAG.c.carrier)
        .join(TAG_READABILITY, TAG_READABILITY.c.epc == TAG.c.epc)
        .where(TAG_READABILITY.c.weak, ~TAG.c.retired, ~TAG.c.unreadable, ~another)
    )
    return set(connection.scalars(query))


def untagged(connection: Connection, carriers: Iterable[int]) -> set[int]:
    """Of these carriers those without any live tag: no scanner will ever hear them."""
    asked = set(carriers)
    tagged: set[int] = set()
    for chunk in chunks(sorted(asked)):
        tagged |= set(connection.scalars(select(TAG.c.carrier).where(TAG.c.carrier.in_(chunk), ~TAG.c.retired)))
    return asked - tagged


def ghosts(connection: Connection, subject: Subject | None, codes: Collection[str]) -> dict[str, int]:
    """Of these codes, tags of destroyed carriers (epc -> carrier), as far as the subject may know; None: all."""
    found: dict[str, int] = {}
    for chunk in chunks(sorted(set(codes))):
        query = (
            select(TAG.c.epc, TAG.c.carrier)
            .join(CARRIER, CARRIER.c.id == TAG.c.carrier)
            .where(TAG.c.epc.in_(chunk), TAG.c.retired, CARRIER.c.status == "destroyed")
        )
        if subject is not None:
            query = query.where(visible(subject))
        found |= {row.epc: row.carrier for row in connection.execute(query)}
    return found


def last_known(connection: Connection, carriers: Collection[int]) -> dict[int, Row[Any]]:
    """The radio's last word (`place`, `path`, `heard_at`, `strength`) about each of these carriers, by the tag that was
    heard last; of those never heard there is none."""
    found: dict[int, Row[Any]] = {}
    for chunk in chunks(sorted(carriers)):
        query = (
            select(TAG.c.carrier, PRESENCE.c.place, PRESENCE.c.heard_at, PRESENCE.c.strength, PLACE.c.path)
            .select_from(
                TAG.join(PRESENCE, PRESENCE.c.epc == TAG.c.epc).outerjoin(PLACE, PLACE.c.id == PRESENCE.c.place)
            )
            .where(TAG.c.carrier.in_(chunk), ~TAG.c.retired)
        )
        found |= {row.carrier: row for row in connection.execute(query.order_by(PRESENCE.c.heard_at))}
    return found


def last_signed(connection: Connection, subject: Subject, place: int, before: Instant) -> str | None:
    """The number of the last sweep of this very place that asked for everything, signed before then."""
    everything = or_(ROUND_TERMS.c.scope.is_(None), ROUND_TERMS.c.scope == "all")
    query = (
        select(ROUND.c.number)
        .select_from(ROUND.outerjoin(ROUND_TERMS, ROUND_TERMS.c.round == ROUND.c.number))
        .where(*not_hidden(subject, "signed", place), ROUND.c.finished_at < before, everything)
        .order_by(ROUND.c.finished_at.desc())
        .limit(1)
    )
    return connection.scalar(query)


def last_signed_by_place(connection: Connection) -> dict[int, tuple[str, Instant]]:
    """Every place that a signed sweep covered: the last such sweep, and when it was signed.

    A sweep covers everything under its place, but for what it itself says was not covered. A spot check, and a recount
    of the missing alone, cover nothing.
    """
    swept = PLACE.alias("swept")
    everything = or_(ROUND_TERMS.c.scope.is_(None), ROUND_TERMS.c.scope == "all")
    left_out = exists().where(
        ROUND_EVENT.c.round == ROUND.c.number, ROUND_EVENT.c.what == "uncovered", ROUND_EVENT.c.place == PLACE.c.id
    )
    query = (
        select(PLACE.c.id, ROUND.c.number, ROUND.c.finished_at)
        .select_from(
            ROUND.join(swept, swept.c.id == ROUND.c.place)
            .join(PLACE, stands_in(PLACE.c.path, swept.c.path))
            .outerjoin(ROUND_TERMS, ROUND_TERMS.c.round == ROUND.c.number)
        )
        .where(ROUND.c.state == "signed", ROUND.c.kind != "spot", everything, ~left_out)
        .order_by(ROUND.c.finished_at, ROUND.c.number)
    )
    return {row.id: (row.number, row.finished_at) for row in connection.execute(query)}
