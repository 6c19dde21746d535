"""The four words for carriers, asked of the database: a few queries for a page of them, however large the register."""

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Connection, exists, select

from custody.scheme import Scheme
from custody.store.schema import TAG, chunks
from custody.values import Instant
from reconcile.checks import Spot, Thresholds
from reconcile.checks.whereabouts import Swept, Whereabouts, whereabouts
from reconcile.store.candidates import World, carrier_cases, with_cross_reads, world
from reconcile.store.core import ROUND, ROUND_EXPECTED, ROUND_SCAN, TAG_READABILITY, not_undone

_ROUNDS_MAX = 500
"""So many of the newest finished sweeps are looked at for the last one of a place."""


def whereabouts_of(
    connection: Connection, scheme: Scheme, carriers: Collection[int], now: Instant, around: World | None = None
) -> dict[int, Whereabouts]:
    """The word for each of these carriers, as far as the connection sees them. `around`: read once for many calls."""
    if not carriers:
        return {}
    around = world(connection) if around is None else around
    limits = Thresholds.of(scheme)
    cases = carrier_cases(connection, carriers, around)
    weak = weak_carriers(connection, cases)
    swept = _swept(connection, {one: case.books.place for one, case in cases.items()})
    found: dict[int, Whereabouts] = {}
    for one, case in cases.items():
        said = whereabouts(case, now, limits, weak=one in weak, swept=swept.get(one))
        if said.why == "silent":
            # Before "not heard there" is said, every reading counts, also one that the belief passed over.
            case = with_cross_reads(connection, case)
            said = whereabouts(case, now, limits, weak=one in weak, swept=swept.get(one))
        found[one] = said
    return found


def weak_carriers(connection: Connection, carriers: Iterable[int]) -> frozenset[int]:
    """Those of which no tag answers well where it lies: to be confirmed by eye."""
    found: set[int] = set()
    joined = TAG.join(TAG_READABILITY, TAG_READABILITY.c.epc == TAG.c.epc)
    for chunk in chunks(sorted(carriers)):
        rows = connection.execute(
            select(TAG.c.carrier, TAG_READABILITY.c.weak)
            .select_from(joined)
            .where(TAG.c.carrier.in_(chunk), ~TAG.c.retired)
        ).all()
        found |= {row.carrier for row in rows} - {row.carrier for row in rows if not row.weak}
    return frozenset(found)


def _swept(connection: Connection, places: Mapping[int, Spot | None]) -> dict[int, Swept]:
    """Of each carrier the last finished sweep that expected it where the books have it, and whether it was met."""
    wanted = {carrier: spot.path for carrier, spot in places.items() if spot is not None}
    if not wanted:
        return {}
    newest = _last_finished(connection)
    of: dict[str, list[int]] = {}
    rounds: dict[str, Instant] = {}
    for carrier, path in wanted.items():
        around = [newest[int(part)] for part in path.split("/") if part.isdecimal() and int(part) in newest]
        if around:
            at, number = max(around)
            rounds[number] = at
            of.setdefault(number, []).append(carrier)
    found: dict[int, Swept] = {}
    for number, carriers in of.items():
        for chunk in chunks(carriers):
            met = exists().where(
                ROUND_SCAN.c.round == number,
                ROUND_SCAN.c.carrier == ROUND_EXPECTED.c.carrier,
                not_undone(),
            )
            rows = connection.execute(
                select(ROUND_EXPECTED.c.carrier, met.label("met")).where(
                    ROUND_EXPECTED.c.round == number,
                    ROUND_EXPECTED.c.carrier.in_(chunk),
                    ROUND_EXPECTED.c.expected == "here",
                )
            )
            found |= {row.carrier: Swept(number, rounds[number], bool(row.met)) for row in rows}
    return found


def _last_finished(connection: Connection) -> dict[int, tuple[Instant, str]]:
    """Of each place the last finished sweep of it: when it was finished, and its number."""
    c = ROUND.c
    rows = connection.execute(
        select(c.place, c.finished_at, c.number)
        .where(c.state == "signed", c.finished_at.is_not(None))
        .order_by(c.finished_at.desc())
        .limit(_ROUNDS_MAX)
    )
    found: dict[int, tuple[Instant, str]] = {}
    for row in rows:
        found.setdefault(row.place, (row.finished_at, row.number))
    return found
