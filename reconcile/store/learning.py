"""Learning from the site's own sightings: tags that lie where the books have them, and have not moved for an hour.

Bounded: so many tags a place, so many in all, those first that were not looked at for the longest. What an antenna
hears of a place of which too little was seen stays as it was learnt before.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from custody.database import Database
from custody.scheme import Scheme
from custody.store.schema import CARRIER, PLACE, TAG
from custody.values import DAY, SECOND
from readers.sighting import Instant
from reconcile.presence import Calibration, Heard, Observation, Site, learn
from reconcile.presence.calibration import WINDOW_US
from reconcile.store import calibrations
from reconcile.store.core import PRESENCE, SIGHTING, TAG_READABILITY, paths_agree
from reconcile.store.presence.hearing import heard, sightings
from reconcile.store.presence.site import load_site
from reconcile.store.presence.statements import execute_many

LOOKED_BACK_US = 3600 * SECOND
SETTLED_US = 60 * SECOND
"""The newest minute is left out: not everything of it has arrived."""
TAGS_MAX = 3_000
TAGS_A_PLACE_MAX = 60
_AT_ONCE = 200
WINDOWS_MIN = 200
"""Of a tag that was listened to for fewer windows nothing is said."""


@dataclass(frozen=True, slots=True)
class Lying:
    """A tag that lies undisturbed at a place with antennas."""

    epc: str
    place: int


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a learning came to. `version` None: nothing that is clearly apart from what is known."""

    version: int | None
    tags: int
    observations: int
    weak: int


def learn_site(database: Database, scheme: Scheme, now: Instant, by: int | None = None) -> Learnt:
    """Look at what was heard of tags that lay still, and keep a new version where it differs from the newest.

    It is not in force by that: a person puts it in force, or the configuration does after some days.
    """
    until = now - SETTLED_US
    since = until - LOOKED_BACK_US
    with database.reading() as connection:
        site = load_site(connection, (since, until))
        tags = undisturbed(connection, site, since)
        observed = list(_observed(connection, tags, since, until, site))
        base = calibrations.calibration(connection, calibrations.newest(connection))
    windows = sum(one.windows for one in observed)
    with database.writing() as connection:
        number = calibrations.newest(connection) + 1
        found = calibrations.merged(base, learn(observed, number))
        changed = any(one.matters for one in calibrations.differences(base, found))
        if changed:
            span = {"since_at": since, "until_at": until, "tags": len(tags), "observations": windows}
            calibrations.keep_version(connection, found, at=now, by=by, **span)
        _by_itself(connection, scheme, now)
        weak = _keep_readability(connection, observed, found, tags, site, scheme, until)
    return Learnt(number if changed else None, len(tags), windows, weak)


def _by_itself(connection: Connection, scheme: Scheme, now: Instant) -> None:
    """Put the newest version in force where it has waited long enough for a person (`calibration_waits_days`)."""
    made_before = now - scheme.number("calibration_waits_days") * DAY
    version = calibrations.waiting(connection, made_before)
    if version:
        calibrations.put_in_force(connection, version, at=now, by=None, reason="")


def undisturbed(connection: Connection, site: Site, since: Instant) -> list[Lying]:
    """Tags believed where the books have their carriers since before `since`; those not looked at the longest first."""
    books, there = PLACE.alias("books"), PLACE.alias("there")
    looked_at = func.coalesce(TAG_READABILITY.c.at, 0)
    rank = func.row_number().over(partition_by=PRESENCE.c.place, order_by=(looked_at, TAG.c.epc))
    within = (
        select(TAG.c.epc, PRESENCE.c.place, looked_at.label("looked_at"), rank.label("rank"))
        .select_from(
            TAG.join(CARRIER, CARRIER.c.id == TAG.c.carrier)
            .join(PRESENCE, PRESENCE.c.epc == TAG.c.epc)
            .join(books, books.c.id == CARRIER.c.place)
            .join(there, there.c.id == PRESENCE.c.place)
            .outerjoin(TAG_READABILITY, TAG_READABILITY.c.epc == TAG.c.epc)
        )
        .where(
            CARRIER.c.status == "in_place",
            CARRIER.c.since_at <= since,
            ~TAG.c.retired,
            ~TAG.c.unreadable,
            PRESENCE.c.since_at <= since,
            paths_agree(books.c.path, there.c.path),
        )
        .subquery()
    )
    wanted = (
        select(within.c.epc, within.c.place)
        .where(within.c.rank <= TAGS_A_PLACE_MAX)
        .order_by(within.c.looked_at, within.c.epc)
        .limit(TAGS_MAX)
    )
    return [Lying(row.epc, row.place) for row in connection.execute(wanted) if row.place in site.heard]


def _observed(
    connection: Connection, tags: Iterable[Lying], since: Instant, until: Instant, site: Site
) -> Iterable[Observation]:
    for some in _chunked(tags):
        wanted = sightings().where(
            SIGHTING.c.epc.in_([one.epc for one in some]), SIGHTING.c.last_at >= since, SIGHTING.c.last_at <= until
        )
        seen = defaultdict(list)
        for row in connection.execute(wanted):
            seen[row.epc].append(heard(row, site))
        for one in some:
            yield from observe(one.epc, seen[one.epc], one.place, since, until, site)


def observe(
    epc: str, seen: Sequence[Heard], place: int, since: Instant, until: Instant, site: Site
) -> list[Observation]:
    """What every antenna that hears the place, or heard this tag, heard of it within a time, window by window."""
    by_ear: dict[tuple[str, int], list[Heard]] = defaultdict(list)
    for one in seen:
        by_ear[one.reader, one.antenna].append(one)
    found = []
    for key, ear in sorted(site.ears.items()):
        heard_by = by_ear.get(key, ())
        if ear.side or not (heard_by or ear.place == place):
            continue
        spans = (site.listening or {}).get(key, ())
        listened = sum(max(0, min(b, until) - max(a, since)) for a, b in spans)
        windows = listened // WINDOW_US
        if not windows:
            continue
        reads = sum(one.reads for one in heard_by)
        measured = [(one.mean_dbm, one.reads) for one in heard_by if one.mean_dbm is not None]
        weight = sum(count for _, count in measured)
        mean = sum(dbm * count for dbm, count in measured) / weight if weight else None
        count = min(windows, round(sum(map(_windows_heard, heard_by))))
        found.append(Observation(epc, place, *key, windows, count, reads, mean))
    return found


def _windows_heard(one: Heard) -> float:
    """In how many windows so many reads fall, spread over the time of a sighting."""
    touched = one.last_at // WINDOW_US - one.first_at // WINDOW_US + 1
    return float(touched * (1 - (1 - 1 / touched) ** one.reads))


def _chunked(tags: Iterable[Lying]) -> Iterable[list[Lying]]:
    found: list[Lying] = []
    for one in tags:
        found.append(one)
        if len(found) == _AT_ONCE:
            yield found
            found = []
    if found:
        yield found


_KEEP = (
    "INSERT INTO tag_readability (epc, at, windows, expected, got, weak) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (epc) DO UPDATE SET at = excluded.at, windows = excluded.windows, expected = excluded.expected, "
    "got = excluded.got, weak = excluded.weak"
)


def _keep_readability(
    connection: Connection,
    observed: Iterable[Observation],
    found: Calibration,
    tags: Iterable[Lying],
    site: Site,
    scheme: Scheme,
    at: Instant,
) -> int:
    """How each tag answered the antennas of its place, against what a tag of that place answers; how many are weak."""
    percent = scheme.number("weak_tag_percent")
    counted: dict[str, list[float]] = {one.epc: [0, 0.0, 0] for one in tags}
    for one in observed:
        ear = site.ears.get((one.reader, one.antenna))
        hearing = found.hearing(one.reader, one.antenna, one.place)
        if ear is None or ear.side or ear.place != one.place or hearing is None:
            continue
        row = counted[one.tag]
        row[0] += one.windows
        row[1] += one.windows * hearing.chance
        row[2] += one.heard
    rows = [
        (epc, at, int(windows), round(expected), int(got), 100 * got < percent * expected)
        for epc, (windows, expected, got) in sorted(counted.items())
        if windows >= WINDOWS_MIN
    ]
    execute_many(connection, _KEEP, rows)
    return sum(row[-1] for row in rows)


def weak_of(connection: Connection, limit: int) -> list[int]:
    """Carriers whose tags answer weakly where they lie, as far as the connection sees them."""
    # The few that were rated weak lead, whatever else is bound.
    weak = select(TAG_READABILITY.c.epc).where(TAG_READABILITY.c.weak)
    wanted = select(TAG.c.carrier).where(TAG.c.epc.in_(weak), ~TAG.c.retired)
    return list(connection.execute(wanted.distinct().order_by(TAG.c.carrier).limit(limit)).scalars())
