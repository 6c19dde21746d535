"""Setting readers up: how a device reaches each, what people call its antennas, and what it hears right now."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from custody.store import audit
from custody.store.digests import attest
from custody.store.schema import TAG
from custody.values import SECOND
from readers.sighting import Instant
from reconcile.store.core import ANTENNA_TITLE, READER_SETUP, SIGHTING, insert_new
from reconcile.store.references import reference_epcs

LIVE_SECONDS = 60
_LIVE_SIGHTINGS = 5_000
"""So many of the last sightings are looked through: they are of some seconds, whatever there is besides."""
PROBES_A_MINUTE = 10
_FEW = 1_000


@dataclass(frozen=True, slots=True)
class Setup:
    """How a device reaches a reader; `options` are the keys of its [[reader]] besides name and kind."""

    reader: str
    device: str
    kind: str
    options: Mapping[str, Any]


@dataclass(slots=True)
class LiveTag:
    """A loose tag as an antenna hears it now. `reference`: it proves the antenna."""

    epc: str
    last_at: Instant
    strongest_dbm: float | None
    reads: int
    reference: bool


@dataclass(slots=True)
class LiveAntenna:
    """What an antenna hears now. `carriers`: how many tags that are somebody's; their numbers are not told."""

    number: int
    tags: list[LiveTag] = field(default_factory=list)
    carriers: int = 0
    last_at: Instant = 0


def setups(connection: Connection, device: str | None = None) -> list[Setup]:
    """How readers are reached, all or one device's, by name."""
    wanted = select(READER_SETUP).order_by(READER_SETUP.c.reader)
    if device is not None:
        wanted = wanted.where(READER_SETUP.c.device == device)
    return [Setup(row.reader, row.device, row.kind, json.loads(row.options)) for row in connection.execute(wanted)]


def setup_of(connection: Connection, reader: str) -> Setup | None:
    """How a reader is reached; None where nobody has said so."""
    row = connection.execute(select(READER_SETUP).where(READER_SETUP.c.reader == reader)).one_or_none()
    return None if row is None else Setup(row.reader, row.device, row.kind, json.loads(row.options))


def keep_setup(connection: Connection, setup: Setup) -> None:
    """Keep how a reader is reached, instead of what was known before."""
    options = json.dumps(dict(setup.options), ensure_ascii=False, sort_keys=True)
    values = {"device": setup.device, "kind": setup.kind, "options": options}
    insert_new(connection, READER_SETUP, [{"reader": setup.reader, **values}])
    connection.execute(update(READER_SETUP).where(READER_SETUP.c.reader == setup.reader).values(**values))
    attest(connection, "reader_setup", [(setup.reader,)])


def antenna_titles(connection: Connection, reader: str) -> dict[int, str]:
    """What people call the antennas of a reader, by number."""
    rows = connection.execute(select(ANTENNA_TITLE).where(ANTENNA_TITLE.c.reader == reader))
    return {row.number: row.title for row in rows}


def call_antenna(connection: Connection, reader: str, number: int, title: str) -> None:
    """Give an antenna a name; an empty one takes it away."""
    key = ANTENNA_TITLE.c.reader == reader, ANTENNA_TITLE.c.number == number
    known = connection.execute(select(ANTENNA_TITLE.c.title).where(*key)).scalar_one_or_none()
    if (known or "") == title:
        return
    if not title:
        connection.execute(delete(ANTENNA_TITLE).where(*key))
    else:
        insert_new(connection, ANTENNA_TITLE, [{"reader": reader, "number": number, "title": title}])
        connection.execute(update(ANTENNA_TITLE).where(*key).values(title=title))
    attest(connection, "antenna_title", [(reader, number)])


def live_reads(connection: Connection, reader: str, now: Instant) -> list[LiveAntenna]:
    """What each antenna of a reader heard in the last minute: loose tags by number, carriers' tags only counted.

    By the time of arrival, so that a clock that is wrong hides nothing from whoever walks with a tag.
    """
    newest = connection.execute(select(SIGHTING.c.id).order_by(SIGHTING.c.id.desc()).limit(1)).scalar_one_or_none() or 0
    rows = connection.execute(
        select(
            SIGHTING.c.epc,
            SIGHTING.c.antenna,
            SIGHTING.c.last_at,
            SIGHTING.c.strongest_dbm,
            SIGHTING.c.count.label("reads"),
        )
        .where(
            SIGHTING.c.id > newest - _LIVE_SIGHTINGS,
            SIGHTING.c.reader == reader,
            SIGHTING.c.received_at > now - LIVE_SECONDS * SECOND,
        )
        .order_by(SIGHTING.c.id)
    ).all()
    return _by_antenna(rows, _bound(connection, {row.epc for row in rows}), reference_epcs(connection))


def _bound(connection: Connection, epcs: Collection[str]) -> frozenset[str]:
    found: set[str] = set()
    ordered = sorted(epcs)
    for start in range(0, len(ordered), 500):
        some = ordered[start : start + 500]
        found |= set(connection.execute(select(TAG.c.epc).where(TAG.c.epc.in_(some))).scalars())
    return frozenset(found)


def _by_antenna(rows: Sequence[Any], bound: frozenset[str], references: frozenset[str]) -> list[LiveAntenna]:
    antennas: dict[int, LiveAntenna] = {}
    loose: dict[tuple[int, str], LiveTag] = {}
    carriers: set[tuple[int, str]] = set()
    for row in rows:
        antenna = antennas.setdefault(row.antenna, LiveAntenna(row.antenna))
        antenna.last_at = max(antenna.last_at, row.last_at)
        key = (row.antenna, row.epc)
        if row.epc in bound:
            antenna.carriers += key not in carriers
            carriers.add(key)
            continue
        tag = loose.get(key)
        if tag is None:
            tag = loose[key] = LiveTag(row.epc, row.last_at, row.strongest_dbm, 0, row.epc in references)
            antenna.tags.append(tag)
        tag.reads += row.reads
        tag.last_at = max(tag.last_at, row.last_at)
        if row.strongest_dbm is not None:
            tag.strongest_dbm = max(row.strongest_dbm, tag.strongest_dbm if tag.strongest_dbm is not None else -999.0)
    for antenna in antennas.values():
        antenna.tags.sort(key=lambda tag: (-tag.last_at, tag.epc))
    return [antennas[number] for number in sorted(antennas)]


def may_probe(connection: Connection, by: int, now: Instant) -> bool:
    """Whether a person may ask a reader at an address now: only so often a minute."""
    lately = audit.events(connection, kinds=("reader_probed",), person=by, since=now - 60 * SECOND)
    return len(lately) < PROBES_A_MINUTE


def note_probe(connection: Connection, now: Instant, *, by: int, host: str, port: int, outcome: str) -> None:
    """Put on record that a reader was asked at an address, and what came of it."""
    audit.note(connection, "reader_probed", now, by=by, detail={"host": host, "port": port, "outcome": outcome})


def labels_bound(connection: Connection) -> int:
    """How many carriers bear a tag, as far as the connection sees them; counted no further than a few."""
    few = select(TAG.c.epc).where(~TAG.c.retired).limit(_FEW).subquery()
    return connection.execute(select(func.count()).select_from(few)).scalar_one()
