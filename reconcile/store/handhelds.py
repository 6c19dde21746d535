"""SQL of what handhelds brought: uploads, their reads each once, the sightings made of them.

A handheld is a source of its own, whose row is locked while an upload is taken: two uploads of one handheld go one
after another, and a read that both hold is new in the first of them.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select, text, update

from custody.access import Subject
from custody.clock import moment
from custody.store import audit
from custody.store.acts import take_numbers
from custody.store.audit import Detail
from custody.store.digests import attest
from custody.store.queries import Page, visible
from custody.store.queries.paging import pack, rows_of_page, total
from custody.store.schema import CARRIER, PERSON, TAG, insert_rows
from custody.values import Instant
from readers.handheld import Read, sightings_of
from reconcile.store.core import (
    HANDHELD_READ,
    HANDHELD_UPLOAD,
    READER,
    ROUND,
    ROUND_SCAN,
    SIGHTING,
    Connection,
    insert_new,
    not_undone,
)
from reconcile.store.intake import ARRIVAL_LOCK, SOURCE

_U, _R = HANDHELD_UPLOAD.c, HANDHELD_READ.c
_BOOT = "handheld"
_READ_COLUMNS = ("upload", "row", "device", "epc", "tid", "stamped_at", "at", "antenna", "new")
_SIGHTING_COLUMNS = (
    *("source", "sequence", "epc", "tid", "reader", "antenna", "first_at", "last_at", "count"),
    *("strongest_dbm", "mean_dbm", "received_at"),
)
Key = tuple[str, Instant, int]
"""What a read is, within one handheld: tag, time by its clock, antenna."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What is brought, before its reads. `by` None: sent by the device itself. `understood`: JSON, for the page."""

    device: str
    way: str
    key: str
    name: str
    by: int | None
    rows: int
    refused: int
    upload_id: str = ""
    clock_us: int = 0
    understood: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an upload. `before`: it was here already, and nothing has changed."""

    id: int
    number: str
    new: int
    repeated: int
    tags: int
    key: str
    before: bool = False


def reader_of(device: str) -> str:
    """The name under which a handheld's sightings are kept."""
    return f"handheld:{device}"


def locked(connection: Connection, device: str, now: Instant) -> tuple[int, int]:
    """The handheld's source and the last sequence it has, locked for this transaction; made where it is new."""
    # No daemon's source begins with a colon (`reconcile.store.intake`).
    name = f":{reader_of(device)}"
    wanted = select(SOURCE.c.id, SOURCE.c.acknowledged).where(SOURCE.c.daemon == name, SOURCE.c.boot == _BOOT)
    row = connection.execute(wanted.with_for_update()).one_or_none()
    if row is None:
        first = {"daemon": name, "boot": _BOOT, "acknowledged": 0, "ahead": "[]", "first_received_at": now}
        insert_new(connection, SOURCE, [first])
        row = connection.execute(wanted.with_for_update()).one()
        _know_reader(connection, device)
    return row.id, row.acknowledged


def _know_reader(connection: Connection, device: str) -> None:
    name = reader_of(device)
    if connection.execute(select(READER.c.name).where(READER.c.name == name)).first() is None:
        # Never enabled: a handheld is silent whenever nobody sweeps.
        row = {"name": name, "device": device, "title_zh": f"手持机 {device}", "title_en": f"Handheld {device}"}
        insert_new(connection, READER, [row | {"enabled": False, "state": "unknown", "detail": ""}])
        attest(connection, "reader", [(name,)])


def same(connection: Connection, key: str = "", device: str = "", upload_id: str = "") -> Taken | None:
    """An upload of this content that was not withdrawn, or the one that the device sent under its identifier."""
    query = select(HANDHELD_UPLOAD)
    if upload_id:
        query = query.where(_U.device == device, _U.upload_id == upload_id)
    else:
        query = query.where(_U.key == key, _U.withdrawn_at.is_(None))
    row = connection.execute(query.order_by(_U.id).limit(1)).first()
    return (
        None if row is None else Taken(row.id, row.number, row.new_reads, row.repeated_reads, row.tags, row.key, True)
    )


def take(connection: Connection, upload: Upload, reads: Sequence[Read], now: Instant, timezone: str) -> Taken:
    """Take an upload in the caller's transaction; the caller has asked whether it is there (`same`) under the lock.

    Reads that an upload which still counts has already are kept beside it and make no sighting. Raises ValueError
    where there is no read.
    """
    if not reads:
        raise ValueError("an upload without a read is none")
    source, last_sequence = locked(connection, upload.device, now)
    first = {(read.epc, read.stamped_at, read.antenna): at for at, read in reversed(list(enumerate(reads)))}
    known = _known(connection, upload.device, first)
    there = set(known.values())
    flags = [first[key] == at and key not in known for at, key in enumerate(map(_key_of, reads))]
    fresh = [read for read, new in zip(reads, flags, strict=True) if new]
    year = moment(now, timezone).year
    (counted,) = take_numbers(connection, f"handheld:{year}", 1)
    number = f"HU-{year}-{counted:04d}"
    rows = _sightings(upload.device, source, last_sequence, fresh, now)
    row = _row_of(upload, reads, now) | {"number": number, "repeats": _json(sorted(there)), "source": source}
    row |= {"new_reads": len(fresh), "repeated_reads": len(reads) - len(fresh)}
    row |= {"first_sequence": last_sequence + 1, "last_sequence": last_sequence + len(rows)}
    identifier: int = connection.execute(HANDHELD_UPLOAD.insert().values(**row).returning(_U.id)).scalar_one()
    kept = (
        (identifier, read.row, upload.device, read.epc, read.tid, read.stamped_at, read.at, read.antenna, new)
        for read, new in zip(reads, flags, strict=True)
    )
    insert_rows(connection, HANDHELD_READ, _READ_COLUMNS, kept)
    if rows:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": ARRIVAL_LOCK})
        insert_rows(connection, SIGHTING, _SIGHTING_COLUMNS, rows)
        reached = update(SOURCE).where(SOURCE.c.id == source).values(acknowledged=last_sequence + len(rows))
        connection.execute(reached)
    attest(connection, "handheld_upload", [(number,)])
    detail: Detail = {"device": upload.device, "upload": number, "reads": len(reads), "digest": upload.key}
    audit.note(connection, "reads_uploaded", now, by=upload.by or 0, detail=detail)
    return Taken(identifier, number, len(fresh), len(reads) - len(fresh), row["tags"], upload.key)


def _row_of(upload: Upload, reads: Sequence[Read], now: Instant) -> dict[str, Any]:
    """What is kept of an upload, as far as it says so itself."""
    names = ("device", "way", "key", "upload_id", "name", "by", "rows", "refused", "clock_us")
    return {name: getattr(upload, name) for name in names} | {
        "at": now,
        "tags": len({read.epc for read in reads}),
        "first_at": min(read.at for read in reads),
        "last_at": max(read.last_at for read in reads),
        "understood": _json(dict(upload.understood or {})),
        "rounds": "[]",
        "withdrawn_why": "",
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _key_of(read: Read) -> Key:
    return read.epc, read.stamped_at, read.antenna


def _sightings(
    device: str, source: int, last_sequence: int, reads: Iterable[Read], now: Instant
) -> list[tuple[Any, ...]]:
    return [
        (
            *(source, last_sequence + nth, one.epc, one.tid, one.reader, one.antenna, one.first_at, one.last_at),
            *(one.count, one.strongest_dbm, one.mean_dbm, one.received_at),
        )
        for nth, one in enumerate(sightings_of(reads, reader_of(device), now), start=1)
    ]


def _known(connection: Connection, device: str, keys: Mapping[Key, int]) -> dict[Key, int]:
    """Which of these reads are there, each with the upload that has it."""
    times = [stamped_at for _epc, stamped_at, _antenna in keys]
    query = (
        select(_R.epc, _R.stamped_at, _R.antenna, _R.upload)
        .join(HANDHELD_UPLOAD, _U.id == _R.upload)
        .where(_R.device == device, _R.stamped_at.between(min(times), max(times)), _R.new, _U.withdrawn_at.is_(None))
    )
    found: dict[Key, int] = {}
    with connection.execute(query.execution_options(yield_per=5_000)) as rows:
        for epc, stamped_at, antenna, identifier in rows:
            if (epc, stamped_at, antenna) in keys:
                found[epc, stamped_at, antenna] = identifier
    return found


def upload_of(connection: Connection, number: str, *, lock: bool = False) -> Row[Any] | None:
    """An upload with the name of who brought it; None where there is none, or none that may be seen."""
    query = select(HANDHELD_UPLOAD, PERSON.c.name.label("by_name")).select_from(
        HANDHELD_UPLOAD.outerjoin(PERSON, PERSON.c.id == _U.by)
    )
    query = query.where(_U.number == number)
    if lock:
        query = query.with_for_update(of=HANDHELD_UPLOAD)
    return connection.execute(query).first()


def listed(connection: Connection, after: str | None, before: str | None, limit: int) -> Page[Row[Any]]:
    """Uploads, the newest first. Raises KeyInvalid."""
    query = select(HANDHELD_UPLOAD, PERSON.c.name.label("by_name")).select_from(
        HANDHELD_UPLOAD.outerjoin(PERSON, PERSON.c.id == _U.by)
    )
    rows, earlier, later = rows_of_page(connection, query, (_U.id,), (int,), after, before, limit, falling=True)
    count, capped = total(connection, select(_U.id))
    keys = [pack((row.id,)) for row in rows]
    return Page(
        items=tuple(rows),
        after=keys[-1] if keys and later else None,
        before=keys[0] if keys and earlier else None,
        total=count,
        capped=capped,
    )


def devices(connection: Connection, limit: int = 200) -> list[str]:
    """Handhelds of which something was brought, by name."""
    return list(connection.scalars(select(_U.device).distinct().order_by(_U.device).limit(limit)))


def tags_known(connection: Connection, subject: Subject, upload: int) -> int:
    """How many of an upload's tags are of carriers that the subject may know of."""
    seen: ColumnElement[bool] = visible(subject)
    query = (
        select(func.count(_R.epc.distinct()))
        .select_from(
            HANDHELD_READ.join(TAG, (TAG.c.epc == _R.epc) & ~TAG.c.retired).join(CARRIER, CARRIER.c.id == TAG.c.carrier)
        )
        .where(_R.upload == upload, seen)
    )
    return connection.scalar(query) or 0


def first_reads(connection: Connection, upload: int, since: Instant) -> tuple[list[Any], int]:
    """The first read of each tag since an instant, in the order of the file; how many tags were read before it only."""
    rows = connection.execute(
        select(_R.epc, _R.row, _R.at).where(_R.upload == upload).order_by(_R.row).execution_options(yield_per=5_000)
    )
    found: dict[str, Any] = {}
    older: set[str] = set()
    for row in rows:
        if row.at < since:
            older.add(row.epc)
        elif row.epc not in found:
            found[row.epc] = row
    return list(found.values()), len(older - found.keys())


def laid(connection: Connection, number: str, rounds: str) -> None:
    """Note the sweeps into which an upload was laid (JSON)."""
    connection.execute(update(HANDHELD_UPLOAD).where(_U.number == number).values(rounds=rounds))
    attest(connection, "handheld_upload", [(number,)])


def scans_of(connection: Connection, number: str, rounds: Sequence[str]) -> dict[str, tuple[str, list[Row[Any]]]]:
    """The scans that an upload left in these sweeps and that stand: round -> its state, the events."""
    begins = f"{number}:"
    found: dict[str, tuple[str, list[Row[Any]]]] = {}
    for round_number in rounds:
        state = connection.scalar(select(ROUND.c.state).where(ROUND.c.number == round_number))
        query = select(ROUND_SCAN.c.event, ROUND_SCAN.c.carrier).where(
            ROUND_SCAN.c.round == round_number,
            func.substr(ROUND_SCAN.c.event, 1, len(begins)) == begins,
            not_undone(),
        )
        if state is not None:
            found[round_number] = (state, list(connection.execute(query)))
    return found


def relying_on(connection: Connection, identifier: int) -> str | None:
    """The number of a later upload that has reads of this one and still counts."""
    query = select(_U.number, _U.repeats).where(_U.id > identifier, _U.withdrawn_at.is_(None), _U.repeats != "[]")
    for row in connection.execute(query.order_by(_U.id)):
        if identifier in json.loads(row.repeats):
            return str(row.number)
    return None


def withdraw(connection: Connection, number: str, by: int, why: str, now: Instant) -> None:
    """An upload counts no more; its rows stay."""
    values = {"withdrawn_at": now, "withdrawn_by": by, "withdrawn_why": why}
    connection.execute(update(HANDHELD_UPLOAD).where(_U.number == number).values(values))
    attest(connection, "handheld_upload", [(number,)])
    audit.note(connection, "reads_withdrawn", now, by=by, detail={"upload": number})
