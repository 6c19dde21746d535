"""The readers as the page shows them, and their configuration: titles, antennas, what each antenna hears."""

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from sqlalchemy import Connection, delete, func, select, update

from custody.store.digests import attest
from custody.store.schema import PLACE
from custody.values import SECOND
from readers.sighting import Instant
from reconcile.store.core import (
    ANTENNA,
    ANTENNA_ALIVE,
    ANTENNA_TITLE,
    COVERAGE,
    READER,
    READER_EVENT,
    REFERENCE_TAG,
    SIGHTING,
    insert_new,
)

Role = Literal["place", "inside", "outside", "desk"]

READS_SECONDS = 60
_RECENT_SIGHTINGS = 20_000
"""So many of the last sightings are looked through for the reads of the last minute: no index is kept for it."""
_EVENTS = 20
CLOCK_OFFSET_FLAGGED_US = 200_000
"""A clock wrong by more than 0.2 s spoils the order of reads at a portal."""


class ConfigurationInvalid(ValueError):
    """A reader or an antenna cannot be configured so; the message says what to change."""


@dataclass(frozen=True, slots=True)
class AntennaHealth:
    """An antenna, the place it hears, through when its connection lived; `place` None: not configured.

    `references`: the tags that prove it, since when the last of their silence counts, and when one was last heard.
    `alive_since`: since when its connection has lived without a break.
    """

    number: int
    place: int | None
    place_code: str
    role: str
    through_at: Instant | None
    title: str = ""
    references: tuple[str, ...] = ()
    references_since: Instant = 0
    reference_at: Instant | None = None
    alive_since: Instant | None = None

    def silent_for(self) -> int:
        """For how long its reference tags have been silent while its connection lived (microseconds); 0: not known."""
        if not self.references or self.through_at is None:
            return 0
        return max(0, self.through_at - max(self.reference_at or 0, self.references_since, self.alive_since or 0))


@dataclass(frozen=True, slots=True)
class ReaderEvent:
    """A change of state, as told by the daemon."""

    at: Instant
    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class ReaderHealth:
    """A reader as the page lists it. `known`: somebody configured it; else it only appeared in what arrived."""

    name: str
    device: str
    title_zh: str
    title_en: str
    enabled: bool
    known: bool
    state: str
    state_at: Instant | None
    detail: str
    model: str | None
    firmware: str | None
    clock_offset_us: int | None
    clock_wrong: bool
    through_at: Instant | None
    reads_last_minute: int
    antennas: tuple[AntennaHealth, ...]
    events: tuple[ReaderEvent, ...]


def readers(connection: Connection, now: Instant) -> list[ReaderHealth]:
    """All readers with their health, by name."""
    antennas = _antennas(connection)
    reads = _recent_reads(connection, now)
    rows = connection.execute(select(READER).order_by(READER.c.name)).all()
    return [_health(connection, row, antennas.get(row.name, ()), reads.get(row.name, 0)) for row in rows]


def names(connection: Connection) -> list[str]:
    """Names of the readers in use, in order."""
    return list(connection.scalars(select(READER.c.name).where(READER.c.enabled).order_by(READER.c.name)))


def titles(connection: Connection) -> list[tuple[str, str, str]]:
    """Name, Chinese and English title of every reader in use, by name."""
    r = READER.c
    query = select(r.name, r.title_zh, r.title_en).where(r.enabled).order_by(r.name)
    return [(row.name, row.title_zh or "", row.title_en or "") for row in connection.execute(query)]


def reader(connection: Connection, name: str, now: Instant) -> ReaderHealth | None:
    """One reader with its health; None where there is none of this name."""
    row = connection.execute(select(READER).where(READER.c.name == name)).one_or_none()
    if row is None:
        return None
    reads = _recent_reads(connection, now).get(name, 0)
    return _health(connection, row, _antennas(connection).get(name, ()), reads)


def losses(connection: Connection, limit: int = _EVENTS) -> list[ReaderEvent]:
    """What spools had to drop, newest first; `detail` is JSON: records, since_at, through_at."""
    return _events(connection, "", limit)


def upsert_reader(
    connection: Connection,
    name: str,
    now: Instant,
    *,
    title_zh: str,
    title_en: str,
    device: str | None = None,
    enabled: bool = True,
) -> None:
    """Configure a reader; one that only appeared so far becomes known. Raises ConfigurationInvalid."""
    if not name or name != name.strip() or not name.isprintable() or len(name) > 64:
        raise ConfigurationInvalid(f"{name!r} cannot name a reader: 1 to 64 printable characters")
    if not title_zh.strip() and not title_en.strip():
        raise ConfigurationInvalid(f"reader {name} needs a title, in one language at least")
    fresh = {
        "name": name,
        "device": "",
        "title_zh": "",
        "title_en": "",
        "enabled": False,
        "state": "unknown",
        "detail": "",
    }
    insert_new(connection, READER, [fresh])
    before = connection.execute(
        select(READER.c.enabled, READER.c.enabled_at).where(READER.c.name == name).with_for_update()
    ).one()
    values: dict[str, Any] = {"title_zh": title_zh, "title_en": title_en, "enabled": enabled}
    if device is not None:
        values["device"] = device
    if enabled and (not before.enabled or before.enabled_at is None):
        values["enabled_at"] = now
    connection.execute(update(READER).where(READER.c.name == name).values(**values))
    attest(connection, "reader", [(name,)])


def upsert_antenna(connection: Connection, name: str, number: int, place: int, role: Role = "place") -> None:
    """Say what an antenna hears, from now on. Raises ConfigurationInvalid."""
    if connection.execute(select(READER.c.name).where(READER.c.name == name)).first() is None:
        raise ConfigurationInvalid(f"there is no reader {name!r}; configure it first")
    if not 0 <= number <= 65_535:
        raise ConfigurationInvalid(f"antenna {number} of {name}: antennas are numbered 0 to 65535")
    kind = connection.execute(select(PLACE.c.kind).where(PLACE.c.id == place)).scalar_one_or_none()
    if kind is None:
        raise ConfigurationInvalid(f"antenna {number} of {name}: there is no place {place}")
    if role not in get_args(Role):
        raise ConfigurationInvalid(f"antenna {number} of {name}: {role!r} is none of {', '.join(get_args(Role))}")
    if (role in ("place", "desk")) == (kind == "portal"):
        raise ConfigurationInvalid(
            f"antenna {number} of {name}: at a portal an antenna hears its inside or its outside, "
            f"elsewhere the place; {role} of a {kind} cannot be"
        )
    values = {"place": place, "role": role}
    insert_new(connection, ANTENNA, [{"reader": name, "number": number, **values}])
    connection.execute(update(ANTENNA).where(ANTENNA.c.reader == name, ANTENNA.c.number == number).values(**values))
    attest(connection, "antenna", [(name, number)])


def remove_antenna(connection: Connection, name: str, number: int) -> bool:
    """The antenna hears nothing configured any more; what it heard stays. Whether it was configured."""
    gone = connection.execute(delete(ANTENNA).where(ANTENNA.c.reader == name, ANTENNA.c.number == number))
    if gone.rowcount == 1:
        attest(connection, "antenna", [(name, number)])
    return gone.rowcount == 1


def _health(connection: Connection, row: Any, antennas: tuple[AntennaHealth, ...], reads: int) -> ReaderHealth:
    offset = row.clock_offset_us
    return ReaderHealth(
        name=row.name,
        device=row.device,
        title_zh=row.title_zh,
        title_en=row.title_en,
        enabled=bool(row.enabled),
        known=bool(row.title_zh or row.title_en),
        state=row.state,
        state_at=row.state_at,
        detail=row.detail,
        model=row.model,
        firmware=row.firmware,
        clock_offset_us=offset,
        clock_wrong=offset is not None and abs(offset) > CLOCK_OFFSET_FLAGGED_US,
        through_at=row.through_at,
        reads_last_minute=reads,
        antennas=antennas,
        events=tuple(_events(connection, row.name, _EVENTS)),
    )


def _events(connection: Connection, name: str, limit: int) -> list[ReaderEvent]:
    wanted = (
        select(READER_EVENT.c.at, READER_EVENT.c.state, READER_EVENT.c.detail)
        .where(READER_EVENT.c.reader == name)
        .order_by(READER_EVENT.c.at.desc(), READER_EVENT.c.id.desc())
        .limit(limit)
    )
    return [ReaderEvent(row.at, row.state, row.detail) for row in connection.execute(wanted)]


def _antennas(connection: Connection) -> dict[str, tuple[AntennaHealth, ...]]:
    """Configured antennas, and those that were heard listening without being configured."""
    newest: dict[tuple[str, int], Instant] = {}
    # Of an antenna with a reference tag, whether its connection lives stands apart, and is the later.
    for table in (COVERAGE, ANTENNA_ALIVE):
        c = table.c
        latest = select(c.reader, c.antenna, func.max(c.through_at).label("through_at")).group_by(c.reader, c.antenna)
        for row in connection.execute(latest):
            key = (row.reader, row.antenna)
            newest[key] = max(row.through_at, newest.get(key, 0))
    configured = {
        (row.reader, row.number): row
        for row in connection.execute(
            select(ANTENNA.c.reader, ANTENNA.c.number, ANTENNA.c.place, ANTENNA.c.role, PLACE.c.code).select_from(
                ANTENNA.outerjoin(PLACE, PLACE.c.id == ANTENNA.c.place)
            )
        )
    }
    titles = {(row.reader, row.number): row.title for row in connection.execute(select(ANTENNA_TITLE))}
    proofs = _references(connection)
    found: dict[str, list[AntennaHealth]] = {}
    for key in sorted({*newest, *configured, *titles, *proofs}):
        at = configured.get(key)
        plain = AntennaHealth(
            key[1],
            None if at is None else at.place,
            "" if at is None else at.code or "",
            "" if at is None else at.role,
            newest.get(key),
            titles.get(key, ""),
        )
        found.setdefault(key[0], []).append(replace(plain, **proofs.get(key, {})))
    return {name: tuple(antennas) for name, antennas in found.items()}


def _references(connection: Connection) -> dict[tuple[str, int], dict[str, Any]]:
    """What is known of the reference tags, by antenna: fields of AntennaHealth."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    rows = connection.execute(select(REFERENCE_TAG).order_by(REFERENCE_TAG.c.epc)).all()
    for row in rows:
        known = found.setdefault((row.reader, row.number), {"references": (), "references_since": row.since_at})
        known["references"] += (row.epc,)
        known["references_since"] = min(known["references_since"], row.since_at)
        if row.heard_at is not None:
            known["reference_at"] = max(row.heard_at, known.get("reference_at") or 0)
    c = ANTENNA_ALIVE.c
    for key, known in found.items():
        known["alive_since"] = connection.execute(
            select(c.since_at).where(c.reader == key[0], c.antenna == key[1]).order_by(c.through_at.desc()).limit(1)
        ).scalar_one_or_none()
    return found


def _recent_reads(connection: Connection, now: Instant) -> dict[str, int]:
    newest = connection.execute(select(func.coalesce(func.max(SIGHTING.c.id), 0))).scalar_one()
    wanted = (
        select(SIGHTING.c.reader, func.sum(SIGHTING.c.count).label("reads"))
        .where(
            SIGHTING.c.id > newest - _RECENT_SIGHTINGS,
            SIGHTING.c.last_at > now - READS_SECONDS * SECOND,
            SIGHTING.c.last_at <= now,
        )
        .group_by(SIGHTING.c.reader)
    )
    return {row.reader: int(row.reads) for row in connection.execute(wanted)}
