"""The readers as the page shows them, and their configuration: titles, antennas, what each antenna hears."""

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, select, update

from custody.store.digests import attest
from custody.store.schema import PLACE
from custody.values import SECOND
from readers.sighting import Instant
from reconcile.store.core import ANTENNA, COVERAGE, PRESENCE, READER, READER_EVENT, SIGHTING, insert_new

Role = Literal["place", "inside", "outside"]

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
    """An antenna, the place it hears, through when it was listening; `place` None: not configured."""

    number: int
    place: int | None
    place_code: str
    role: str
    through_at: Instant | None


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


def antenna_tags(connection: Connection, name: str, number: int) -> int:
    """How many tags an antenna was the last to hear."""
    wanted = select(func.count()).where(PRESENCE.c.reader == name, PRESENCE.c.antenna == number)
    return int(connection.execute(wanted).scalar_one())


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
    if role not in ("place", "inside", "outside"):
        raise ConfigurationInvalid(f"antenna {number} of {name}: {role!r} is none of place, inside, outside")
    if (role == "place") == (kind == "portal"):
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
    newest = {
        (row.reader, row.antenna): row.through_at
        for row in connection.execute(
            select(COVERAGE.c.reader, COVERAGE.c.antenna, func.max(COVERAGE.c.through_at).label("through_at")).group_by(
                COVERAGE.c.reader, COVERAGE.c.antenna
            )
        )
    }
    configured = {
        (row.reader, row.number): row
        for row in connection.execute(
            select(ANTENNA.c.reader, ANTENNA.c.number, ANTENNA.c.place, ANTENNA.c.role, PLACE.c.code).select_from(
                ANTENNA.outerjoin(PLACE, PLACE.c.id == ANTENNA.c.place)
            )
        )
    }
    found: dict[str, list[AntennaHealth]] = {}
    for key in sorted({*newest, *configured}):
        row = configured.get(key)
        found.setdefault(key[0], []).append(
            AntennaHealth(key[1], None, "", "", newest.get(key))
            if row is None
            else AntennaHealth(key[1], row.place, row.code or "", row.role, newest.get(key))
        )
    return {name: tuple(antennas) for name, antennas in found.items()}


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
