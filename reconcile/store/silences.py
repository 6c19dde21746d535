"""Carriers whose tags have long been silent: what `reconcile.checks.silences` looks at."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import func, select

from custody.store.schema import CARRIER, ENTRY, TAG, chunks
from custody.values import SECOND, Instant
from reconcile.checks import KINDS
from reconcile.checks.cases import CarrierCase, Spot, Thresholds
from reconcile.checks.silences import UNMET, Laid, SilentCase
from reconcile.store.candidates import ANSWERS, World, carrier_cases
from reconcile.store.core import COVERAGE, FINDING, PRESENCE, STAY, Connection
from reconcile.store.differing import told_open

STATUSES: Mapping[str, frozenset[str]] = {"lost_track": frozenset({"on_loan"}), "never_met": UNMET}


def long_silent(connection: Connection, kind: str, now: Instant, limits: Thresholds, around: World) -> list[SilentCase]:
    """Carriers of the kind's statuses of which every tag that answers has been silent for so long.

    Those with an open finding, or one that a person settled lately, are left out. One pass over the live tags: asked
    once an hour.
    """
    before = now - (limits.lost_track_after if kind == "lost_track" else limits.never_met_after)
    quiet = KINDS[kind].reopen_after_seconds * SECOND
    settled = select(FINDING.c.carrier).where(
        FINDING.c.kind == kind,
        FINDING.c.state == "settled",
        FINDING.c.closed_at > now - quiet,
        FINDING.c.carrier.is_not(None),
    )
    heard = (
        select(CARRIER.c.id)
        .select_from(TAG.join(CARRIER, CARRIER.c.id == TAG.c.carrier).join(PRESENCE, PRESENCE.c.epc == TAG.c.epc))
        .where(
            CARRIER.c.status.in_(sorted(STATUSES[kind])),
            CARRIER.c.since_at < before,
            ANSWERS,
            ~told_open(kind),
            CARRIER.c.id.not_in(settled),
        )
        .group_by(CARRIER.c.id)
        .having(func.max(PRESENCE.c.heard_at) < before)
    )
    return silent_cases(connection, connection.scalars(heard).all(), now, around)


def silent_cases(connection: Connection, carriers: Collection[int], now: Instant, around: World) -> list[SilentCase]:
    """The cases of these carriers, in their order."""
    cases = carrier_cases(connection, carriers, around)
    laid = _laid(connection, cases, around)
    acts = last_acts(connection, cases)
    listened = _listening(connection, laid, now, around)
    found = []
    for carrier in sorted(cases):
        one, stay = cases[carrier], laid.get(carrier)
        heard = max(
            (at for at in (one.radio.heard_at if one.radio else None, stay[2] if stay else None) if at is not None),
            default=0,
        )
        place = None if stay is None else Laid(*stay, listened=listened.get(carrier, 0))
        found.append(SilentCase(one, heard, acts.get(carrier, 0), place))
    return found


def last_acts(connection: Connection, carriers: Iterable[int]) -> dict[int, Instant]:
    """When the last entry about each of these carriers happened."""
    found: dict[int, Instant] = {}
    for chunk in chunks(sorted(set(carriers))):
        rows = connection.execute(
            select(CARRIER.c.id, ENTRY.c.happened_at)
            .join_from(CARRIER, ENTRY, ENTRY.c.sequence == CARRIER.c.last_sequence)
            .where(CARRIER.c.id.in_(chunk))
        )
        found |= {row.id: row.happened_at for row in rows}
    return found


def _laid(
    connection: Connection, cases: Mapping[int, CarrierCase], around: World
) -> dict[int, tuple[Spot, Instant, Instant]]:
    """Per carrier the stay, at a place that is no portal, in which a live tag of it was heard last."""
    found: dict[int, tuple[Spot, Instant, Instant]] = {}
    for chunk in chunks(sorted(cases)):
        rows = connection.execute(
            select(TAG.c.carrier, STAY.c.place, STAY.c.since_at, STAY.c.until_at)
            .join_from(TAG, STAY, STAY.c.epc == TAG.c.epc)
            .where(TAG.c.carrier.in_(chunk), ~TAG.c.retired, STAY.c.direction == "")
            .order_by(STAY.c.until_at, STAY.c.id)
        )
        for row in rows:
            if (spot := around.spots.get(row.place)) is not None and spot.kind != "portal":
                found[row.carrier] = (spot, row.since_at, row.until_at)
    return found


def _listening(
    connection: Connection, laid: Mapping[int, tuple[Spot, Instant, Instant]], now: Instant, around: World
) -> dict[int, int]:
    """Per carrier for how long, since it was heard last, every antenna of that place was listening; the least of them.

    Places that nobody listens to now are left out: nothing may be concluded of them.
    """
    wanted: dict[tuple[str, int], list[int]] = defaultdict(list)
    for carrier, (spot, _, _) in laid.items():
        cover = around.covers.get(spot.id)
        for name in cover.antennas if cover is not None else ():
            reader, _, antenna = name.rpartition("/")
            wanted[reader, int(antenna)].append(carrier)
    least: dict[int, int] = {}
    for (reader, number), carriers in wanted.items():
        spans = _spans(connection, reader, number, min(laid[carrier][2] for carrier in carriers))
        for carrier in carriers:
            since = laid[carrier][2]
            heard = sum(max(0, min(until, now) - max(begun, since)) for begun, until in spans)
            least[carrier] = min(heard, least.get(carrier, heard))
    return least


def _spans(connection: Connection, reader: str, number: int, since: Instant) -> list[tuple[Instant, Instant]]:
    c = COVERAGE.c
    query = select(c.since_at, c.through_at).where(c.reader == reader, c.antenna == number, c.through_at > since)
    return [(row.since_at, row.through_at) for row in connection.execute(query)]
