"""The two stories as a finding's page draws them: what the radio says now, the reads, and where nobody listened."""

from dataclasses import dataclass

from sqlalchemy import and_, select

from custody.store.schema import PLACE, TAG
from custody.values import SECOND, Instant
from reconcile.checks import Cover, RadioSays
from reconcile.store.candidates import carrier_cases, world
from reconcile.store.core import ANTENNA, COVERAGE, SIGHTING, Connection

BEFORE = 1_800 * SECOND
"""How much of the radio's story before the contradiction is shown."""
READS_MAX = 2_000
WINDOW_MAX = 86_400 * SECOND


@dataclass(frozen=True, slots=True)
class ReadDot:
    """A sighting, for the dot plot."""

    epc: str
    reader: str
    antenna: int
    place: int | None
    place_code: str | None
    role: str
    first_at: Instant
    last_at: Instant
    count: int
    strongest_dbm: float | None
    mean_dbm: float | None


@dataclass(frozen=True, slots=True)
class Gap:
    """An interval of the window in which an antenna was not listening."""

    reader: str
    antenna: int
    since_at: Instant
    until_at: Instant


@dataclass(frozen=True, slots=True)
class Stories:
    """What the radio says (the books' half is the carrier itself), the reads in the window, the gaps."""

    radio: RadioSays | None
    radio_cover: Cover | None
    books_cover: Cover | None
    since_at: Instant
    until_at: Instant
    reads: tuple[ReadDot, ...]
    reads_capped: bool
    gaps: tuple[Gap, ...]


def stories_of(
    connection: Connection,
    carrier: int | None,
    epc: str | None,
    reader: str | None,
    happened_at: Instant,
    until_at: Instant,
) -> Stories:
    """The radio's story around a contradiction, from half an hour before it; the last day of it where it is longer."""
    since_at = max(happened_at - BEFORE, until_at - WINDOW_MAX)
    case = carrier_cases(connection, [carrier], world(connection)).get(carrier) if carrier is not None else None
    epcs = [epc] if epc else []
    if carrier is not None:
        epcs = list(connection.scalars(select(TAG.c.epc).where(TAG.c.carrier == carrier))) or epcs
    reads = _reads(connection, epcs, since_at, until_at)
    heard = {(r.reader, r.antenna) for r in reads}
    if case is not None and case.books_cover is not None:
        heard |= {_antenna(name) for name in case.books_cover.antennas}
    if reader is not None:
        heard |= {
            (reader, number)
            for number in connection.scalars(select(ANTENNA.c.number).where(ANTENNA.c.reader == reader))
        }
    return Stories(
        radio=case.radio if case else None,
        radio_cover=case.radio_cover if case else None,
        books_cover=case.books_cover if case else None,
        since_at=since_at,
        until_at=until_at,
        reads=tuple(reads[:READS_MAX]),
        reads_capped=len(reads) > READS_MAX,
        gaps=tuple(gap for r, a in sorted(heard) for gap in _gaps(connection, r, a, since_at, until_at)),
    )


def _antenna(name: str) -> tuple[str, int]:
    reader, _, number = name.rpartition("/")
    return reader, int(number)


def _reads(connection: Connection, epcs: list[str], since_at: Instant, until_at: Instant) -> list[ReadDot]:
    if not epcs:
        return []
    heard_by = and_(ANTENNA.c.reader == SIGHTING.c.reader, ANTENNA.c.number == SIGHTING.c.antenna)
    rows = connection.execute(
        select(
            SIGHTING.c.epc,
            SIGHTING.c.reader,
            SIGHTING.c.antenna,
            ANTENNA.c.place,
            PLACE.c.code,
            ANTENNA.c.role,
            SIGHTING.c.first_at,
            SIGHTING.c.last_at,
            SIGHTING.c.count,
            SIGHTING.c.strongest_dbm,
            SIGHTING.c.mean_dbm,
        )
        .select_from(SIGHTING.outerjoin(ANTENNA, heard_by).outerjoin(PLACE, PLACE.c.id == ANTENNA.c.place))
        .where(SIGHTING.c.epc.in_(epcs), SIGHTING.c.last_at >= since_at, SIGHTING.c.first_at <= until_at)
        .order_by(SIGHTING.c.last_at.desc())
        .limit(READS_MAX + 1)
    )
    dots = [
        ReadDot(
            row.epc,
            row.reader,
            row.antenna,
            row.place,
            row.code,
            row.role or "",
            row.first_at,
            row.last_at,
            row[8],
            row.strongest_dbm,
            row.mean_dbm,
        )
        for row in rows
    ]
    return dots[::-1] if len(dots) <= READS_MAX else [*dots[:READS_MAX][::-1], dots[-1]]


def _gaps(connection: Connection, reader: str, antenna: int, since_at: Instant, until_at: Instant) -> list[Gap]:
    """Where the antenna was not listening within the window."""
    rows = connection.execute(
        select(COVERAGE.c.since_at, COVERAGE.c.through_at)
        .where(
            COVERAGE.c.reader == reader,
            COVERAGE.c.antenna == antenna,
            COVERAGE.c.through_at >= since_at,
            COVERAGE.c.since_at <= until_at,
        )
        .order_by(COVERAGE.c.since_at)
    )
    found, at = [], since_at
    for since, through in rows:
        if since > at:
            found.append(Gap(reader, antenna, at, since))
        at = max(at, through)
    if at < until_at:
        found.append(Gap(reader, antenna, at, until_at))
    return found
