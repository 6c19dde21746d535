"""Reference tags: fixed where an antenna hears them, they show that it hears; and coverage is what they bear out.

Of an antenna with reference tags the intake keeps what the connection proved apart (`antenna_alive`), and `coverage`
has the part of it in which one of the tags was heard. So whoever concludes absence from coverage concludes none from
an antenna whose cable is off. The arithmetic is `reconcile.coverage.proven`; whatever arrives late is worked in where
it belongs, whichever of the two it is.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Table, and_, delete, func, insert, or_, select, update

from custody.store.digests import attest
from custody.store.schema import TAG
from custody.values import SECOND
from readers.sighting import Instant
from reconcile.coverage import TOUCHING, Interval, clipped, merged, proven
from reconcile.store.core import ANTENNA_ALIVE, COVERAGE, PRESENCE, REFERENCE_TAG, SIGHTING, insert_new
from reconcile.store.readers import ConfigurationInvalid

SILENCE_SECONDS = 120
"""A reference tag not heard for longer proves nothing after its last hearing, where the scheme says nothing."""
_SIGHTING_MAX = 3_600 * SECOND
"""No sighting lasts longer: a bound for the index."""
_EPC_DIGITS = (8, 124)

Antenna = tuple[str, int]
"""Reader and number."""


@dataclass(frozen=True, slots=True)
class ReferenceTag:
    """One reference tag of one antenna; `heard_at`: last heard by it, in event time."""

    reader: str
    number: int
    epc: str
    since_at: Instant
    heard_at: Instant | None


@dataclass(frozen=True, slots=True)
class Proof:
    """What proves an antenna: any of these tags, from `since_at` on."""

    epcs: frozenset[str]
    since_at: Instant


def reference_tags(connection: Connection, reader: str | None = None) -> list[ReferenceTag]:
    """All of them, or one reader's, in order."""
    wanted = select(REFERENCE_TAG).order_by(REFERENCE_TAG.c.reader, REFERENCE_TAG.c.number, REFERENCE_TAG.c.epc)
    if reader is not None:
        wanted = wanted.where(REFERENCE_TAG.c.reader == reader)
    return [ReferenceTag(**row._mapping) for row in connection.execute(wanted)]


def proofs(connection: Connection, readers: Collection[str]) -> dict[Antenna, Proof]:
    """Antennas of these readers that have reference tags."""
    found: dict[Antenna, Proof] = {}
    rows = connection.execute(select(REFERENCE_TAG).where(REFERENCE_TAG.c.reader.in_(readers)))
    for row in rows:
        key = (row.reader, row.number)
        known = found.get(key, Proof(frozenset(), row.since_at))
        found[key] = Proof(known.epcs | {row.epc}, min(known.since_at, row.since_at))
    return found


def reference_epcs(connection: Connection) -> frozenset[str]:
    """EPCs that prove antennas, and are no carrier's: a label that somebody bound all the same is a carrier's."""
    bound = select(TAG.c.epc).where(TAG.c.epc == REFERENCE_TAG.c.epc, ~TAG.c.retired).exists()
    return frozenset(connection.execute(select(REFERENCE_TAG.c.epc).where(~bound)).scalars())


def add_reference_tag(connection: Connection, reader: str, number: int, epc: str, now: Instant) -> None:
    """From `now` on the antenna covers only while one of its reference tags is heard. Raises ConfigurationInvalid."""
    epc = epc.strip().upper()
    digits = set(epc) <= set("0123456789ABCDEF") and len(epc) % 4 == 0
    if not digits or not _EPC_DIGITS[0] <= len(epc) <= _EPC_DIGITS[1]:
        raise ConfigurationInvalid(f"{epc!r} is no EPC: hexadecimal digits in fours, as a reader shows them")
    if connection.execute(select(TAG.c.epc).where(TAG.c.epc == epc)).first() is not None:
        raise ConfigurationInvalid(f"the tag {epc} is or was a carrier's: take another one as reference")
    antenna = ANTENNA_ALIVE.c.reader == reader, ANTENNA_ALIVE.c.antenna == number
    if (reader, number) not in proofs(connection, [reader]) and not connection.scalar(
        select(func.count()).select_from(ANTENNA_ALIVE).where(*antenna)
    ):
        # So far the connection was all there was to go by; it is from now on only one half of the proof.
        columns = ("reader", "antenna", "since_at", "through_at")
        so_far = select(*(COVERAGE.c[name] for name in columns)).where(
            COVERAGE.c.reader == reader, COVERAGE.c.antenna == number
        )
        connection.execute(insert(ANTENNA_ALIVE).from_select(columns, so_far))
    insert_new(connection, REFERENCE_TAG, [{"reader": reader, "number": number, "epc": epc, "since_at": now}])
    # What was believed of it while it counted as somebody's is forgotten; what was heard stays.
    connection.execute(delete(PRESENCE).where(PRESENCE.c.epc == epc))
    attest(connection, "reference_tag", [(reader, number, epc)])


def remove_reference_tag(connection: Connection, reader: str, number: int, epc: str) -> bool:
    """The tag proves nothing any more; without another the connection alone counts from now on. Whether it was one."""
    gone = connection.execute(
        delete(REFERENCE_TAG).where(
            REFERENCE_TAG.c.reader == reader, REFERENCE_TAG.c.number == number, REFERENCE_TAG.c.epc == epc
        )
    )
    if gone.rowcount != 1:
        return False
    attest(connection, "reference_tag", [(reader, number, epc)])
    if (reader, number) not in proofs(connection, [reader]):
        connection.execute(
            delete(ANTENNA_ALIVE).where(ANTENNA_ALIVE.c.reader == reader, ANTENNA_ALIVE.c.antenna == number)
        )
    return True


def told_alive(
    connection: Connection,
    alive: Mapping[Antenna, Iterable[tuple[Instant, Instant]]],
    heard: Mapping[Antenna, Mapping[str, Collection[tuple[Instant, Instant]]]],
    known: Mapping[Antenna, Proof],
    silence: int,
) -> None:
    """Take what connections proved, and what reference tags were heard, into the coverage of their antennas.

    `alive`, `heard` (by EPC): by antenna, what is new. `known`: the antennas that have reference tags. The readers'
    rows are locked by the caller; the sightings stand in their table already.
    """
    for antenna in sorted(alive.keys() | heard.keys()):
        spans = merged(alive.get(antenna, ()))
        proof = known.get(antenna)
        table = COVERAGE if proof is None else ANTENNA_ALIVE
        for since, through in spans:
            _join(connection, table, antenna, since, through)
        if proof is None:
            continue
        hearings = heard.get(antenna, {})
        for epc, times in hearings.items():
            _heard(connection, antenna, epc, max(through for _, through in times))
        new = [*spans, *(Interval(a - silence, b + silence) for times in hearings.values() for a, b in times)]
        for window in merged(new):
            _prove(connection, antenna, proof, window, silence)


def _heard(connection: Connection, antenna: Antenna, epc: str, at: Instant) -> None:
    row = REFERENCE_TAG.c
    newer = or_(row.heard_at.is_(None), row.heard_at < at)
    wanted = and_(row.reader == antenna[0], row.number == antenna[1], row.epc == epc, newer)
    connection.execute(update(REFERENCE_TAG).where(wanted).values(heard_at=at))


def _prove(connection: Connection, antenna: Antenna, proof: Proof, window: Interval, silence: int) -> None:
    """Work out the antenna's coverage within the window anew; outside it stays as it is."""
    since, until = window
    alive = clipped(_spans(connection, ANTENNA_ALIVE, antenna, since, until).values(), since, until)
    rows = connection.execute(
        select(SIGHTING.c.first_at, SIGHTING.c.last_at).where(
            SIGHTING.c.epc.in_(proof.epcs),
            SIGHTING.c.last_at >= since - silence,
            SIGHTING.c.last_at <= until + silence + _SIGHTING_MAX,
            SIGHTING.c.reader == antenna[0],
            SIGHTING.c.antenna == antenna[1],
        )
    )
    shown = proven(alive, ((first, last) for first, last in rows), silence, proof.since_at)
    old = _spans(connection, COVERAGE, antenna, since - TOUCHING, until + TOUCHING)
    beside = [part for a, b in old.values() for part in ((a, min(b, since)), (max(a, until), b)) if part[0] < part[1]]
    _replace(connection, antenna, old, merged((*beside, *shown)))


def _replace(connection: Connection, antenna: Antenna, old: Mapping[int, Interval], new: list[Interval]) -> None:
    """The new intervals instead of the old ones, by id; those that are the same stay untouched."""
    gone = {number: span for number, span in old.items() if span not in new}
    added = [span for span in new if span not in old.values()]
    for (number, _), span in zip(list(gone.items()), list(added), strict=False):
        connection.execute(update(COVERAGE).where(COVERAGE.c.id == number).values(**span._asdict()))
        del gone[number]
        added.remove(span)
    if gone:
        connection.execute(delete(COVERAGE).where(COVERAGE.c.id.in_(gone)))
    if added:
        rows = [{"reader": antenna[0], "antenna": antenna[1], **span._asdict()} for span in added]
        connection.execute(insert(COVERAGE), rows)


def _spans(
    connection: Connection, table: Table, antenna: Antenna, since: Instant, until: Instant
) -> dict[int, Interval]:
    """Intervals of an antenna that meet since … until, by id."""
    c = table.c
    rows = connection.execute(
        select(c.id, c.since_at, c.through_at)
        .where(c.reader == antenna[0], c.antenna == antenna[1], c.through_at >= since, c.since_at <= until)
        .order_by(c.since_at)
    )
    return {row.id: Interval(row.since_at, row.through_at) for row in rows}


def _join(connection: Connection, table: Table, antenna: Antenna, since: Instant, through: Instant) -> None:
    """Add one interval; those that it touches become one with it."""
    touched = _spans(connection, table, antenna, since - TOUCHING, through + TOUCHING)
    if not touched:
        row = {"reader": antenna[0], "antenna": antenna[1], "since_at": since, "through_at": through}
        connection.execute(insert(table).values(**row))
        return
    kept, *others = touched
    joined = Interval(
        min(since, *(span.since_at for span in touched.values())),
        max(through, *(span.through_at for span in touched.values())),
    )
    if others:
        connection.execute(delete(table).where(table.c.id.in_(others)))
    if joined != touched[kept]:
        connection.execute(update(table).where(table.c.id == kept).values(**joined._asdict()))
