"""What the checks look at: SQL selects the few that differ, and fetches their two stories.

Set-based: over a register that agrees, a round costs the joins and no Python a carrier. The judging is done by
`reconcile.checks`, which is pure.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, column, exists, func, or_, select, values

from custody.store.schema import CARRIER, PLACE, TAG, chunks
from custody.store.tables import Int64
from custody.values import Instant
from reconcile.checks import BooksSay, CarrierCase, Cover, Listening, RadioSays, Spot, Thresholds, agrees, covers
from reconcile.checks.cases import BELIEVED
from reconcile.store.core import (
    ANTENNA,
    COVERAGE,
    FINDING,
    PRESENCE,
    READER,
    ROUND_SCAN,
    SIGHTING,
    Connection,
    not_undone,
    paths_agree,
)

_HERE = PLACE.alias("heard_place")
_BOOKS = PLACE.alias("books_place")


@dataclass(frozen=True, slots=True)
class World:
    """The places, and where the radio listens: small, read anew for every run."""

    spots: Mapping[int, Spot]
    covers: Mapping[int, Cover]
    heard_places: frozenset[int]
    """Places that have an antenna of their own."""
    outside: frozenset[int]
    """Places outside a portal."""
    left: tuple[tuple[int, str], ...] = ()
    """Outside place, and path of the inside, of every portal."""

    def agree(self) -> ColumnElement[bool]:
        """The SQL of `reconcile.checks.agrees`: the place heard and the books' place."""
        gone = [
            and_(_HERE.c.id == outside, func.substr(_BOOKS.c.path, 1, len(path)) == path) for outside, path in self.left
        ]
        return and_(paths_agree(_HERE.c.path, _BOOKS.c.path), *(~condition for condition in gone))


def world(connection: Connection) -> World:
    """Places and coverage as they stand."""
    rows = connection.execute(
        select(
            PLACE.c.id,
            PLACE.c.code,
            PLACE.c.kind,
            PLACE.c.path,
            PLACE.c.storage,
            PLACE.c.rating_rank,
            PLACE.c.parent,
            PLACE.c.inside,
            PLACE.c.outside,
        )
    ).all()
    paths = {r.id: r.path for r in rows}
    left = tuple(
        (r.outside, paths[r.inside]) for r in rows if r.kind == "portal" and r.outside is not None and r.inside in paths
    )
    behind: dict[int, list[str]] = defaultdict(list)
    for outside, path in left:
        behind[outside].append(path)
    spots = {
        r.id: Spot(r.id, r.code, r.kind, r.path, bool(r.storage), r.rating_rank, tuple(behind[r.id])) for r in rows
    }
    # A portal or a seat holds nothing: neither has to be heard for the room around it to be heard.
    parents = {r.id: r.parent for r in rows if r.kind not in ("portal", "seat")}
    listening = [
        Listening(r.reader, r.number, r.place, r.since_at, r.through_at)
        for r in connection.execute(latest_coverage().where(ANTENNA.c.role == "place", READER.c.enabled))
    ]
    return World(
        spots=spots,
        covers=covers(parents, listening),
        heard_places=frozenset(a.place for a in listening),
        outside=frozenset(r.outside for r in rows if r.kind == "portal" and r.outside is not None),
        left=left,
    )


def latest_coverage() -> Select[Any]:
    """Every configured antenna with its latest interval of coverage (nulls where it never listened)."""
    newer = COVERAGE.alias("newer")
    latest = (
        select(func.max(newer.c.through_at))
        .where(newer.c.reader == ANTENNA.c.reader, newer.c.antenna == ANTENNA.c.number)
        .scalar_subquery()
    )
    on = and_(
        COVERAGE.c.reader == ANTENNA.c.reader,
        COVERAGE.c.antenna == ANTENNA.c.number,
        COVERAGE.c.through_at == latest,
    )
    return (
        select(
            ANTENNA.c.reader,
            ANTENNA.c.number,
            ANTENNA.c.place,
            func.min(COVERAGE.c.since_at).label("since_at"),
            COVERAGE.c.through_at,
        )
        .select_from(ANTENNA.join(READER, READER.c.name == ANTENNA.c.reader).outerjoin(COVERAGE, on))
        .group_by(ANTENNA.c.reader, ANTENNA.c.number, ANTENNA.c.place, COVERAGE.c.through_at)
    )


def _not_open(kind: str) -> ColumnElement[bool]:
    """No open finding of this kind about the carrier: what is known is not looked at again."""
    return ~exists().where(FINDING.c.carrier == CARRIER.c.id, FINDING.c.kind == kind, FINDING.c.open)


_BELIEVED = PRESENCE.c.strength.in_(sorted(BELIEVED))


def _heard(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Carriers by the presence of their live tags, with the believed place."""
    joined = (
        PRESENCE.join(TAG, and_(TAG.c.epc == PRESENCE.c.epc, ~TAG.c.retired))
        .join(CARRIER, CARRIER.c.id == TAG.c.carrier)
        .join(_HERE, _HERE.c.id == PRESENCE.c.place)
        .outerjoin(_BOOKS, _BOOKS.c.id == CARRIER.c.place)
    )
    return select(CARRIER.c.id).select_from(joined).where(*conditions).distinct()


def _displaced(kind: str, around: World, *, storage: bool) -> Select[Any]:
    return _heard(
        CARRIER.c.status == "in_place",
        _BELIEVED,
        PRESENCE.c.place != CARRIER.c.place,
        _HERE.c.kind != "portal",
        _HERE.c.storage.is_(storage),
        ~around.agree(),
        _not_open(kind),
    )


def _missing(covered: list[tuple[int, Instant]], around: World) -> Select[Any]:
    """In place where the radio listened, put there before `before`, and no live tag heard there since.

    `covered`: place and the instant before which it must have been heard last.
    """
    heard = values(column("place", Int64), column("before", Int64), name="covered").data(covered).cte("covered")
    at_home_or_elsewhere = (
        exists()
        .where(
            TAG.c.carrier == CARRIER.c.id,
            ~TAG.c.retired,
            PRESENCE.c.epc == TAG.c.epc,
            _HERE.c.id == PRESENCE.c.place,
            or_(
                and_(PRESENCE.c.here_at > heard.c.before, around.agree()),
                and_(_BELIEVED, ~around.agree()),
            ),
        )
        .correlate(CARRIER, _BOOKS, heard)
    )
    removed = exists().where(
        FINDING.c.carrier == CARRIER.c.id, FINDING.c.kind == "unauthorised_removal", FINDING.c.open
    )
    joined = heard.join(CARRIER, CARRIER.c.place == heard.c.place).join(_BOOKS, _BOOKS.c.id == CARRIER.c.place)
    return (
        select(CARRIER.c.id)
        .select_from(joined)
        .where(
            CARRIER.c.status == "in_place",
            CARRIER.c.since_at <= heard.c.before,
            exists().where(TAG.c.carrier == CARRIER.c.id, ~TAG.c.retired),
            ~at_home_or_elsewhere,
            ~removed,
            _not_open("missing"),
        )
    )


_SELECTS: Mapping[str, Callable[[Instant, World], Select[Any]]] = {
    "misplaced": lambda _now, around: _displaced("misplaced", around, storage=True),
    "gone_not_lent": lambda _now, around: _displaced("gone_not_lent", around, storage=False),
    "place_rated_too_low": lambda _now, _around: _heard(
        _BELIEVED, _HERE.c.rating_rank < CARRIER.c.rank, _not_open("place_rated_too_low")
    ),
    "in_store_on_loan": lambda _now, _around: _heard(
        CARRIER.c.status == "on_loan",
        PRESENCE.c.strength == "confirmed",
        _HERE.c.storage,
        _not_open("in_store_on_loan"),
    ),
    "overdue_loan": lambda now, _around: select(CARRIER.c.id).where(
        CARRIER.c.due_at < now, CARRIER.c.status == "on_loan", _not_open("overdue_loan")
    ),
}


def carriers_differing(connection: Connection, kind: str, now: Instant, limits: Thresholds, around: World) -> list[int]:
    """Carriers that the check of this kind should judge; those with an open finding of it left out."""
    if kind != "missing":
        return list(connection.scalars(_SELECTS[kind](now, around)))
    windows = [(place, min(now, cover.through_at) - limits.missing_after) for place, cover in around.covers.items()]
    long_enough = [(place, before) for place, before in windows if before >= around.covers[place].since_at]
    found: list[int] = []
    for chunk in chunks(long_enough):
        found += connection.scalars(_missing(chunk, around))
    return found


_CASE = (
    CARRIER.c.id,
    CARRIER.c.status,
    CARRIER.c.level,
    CARRIER.c.rank,
    CARRIER.c.unit,
    CARRIER.c.place,
    CARRIER.c.home,
    CARRIER.c.holder,
    CARRIER.c.due_at,
    CARRIER.c.since_at,
)


def carrier_cases(connection: Connection, ids: Iterable[int], around: World) -> dict[int, CarrierCase]:
    """Both stories of these carriers, whatever they say; carriers not in the register are left out."""
    cases: dict[int, CarrierCase] = {}
    for chunk in chunks(sorted(set(ids))):
        radios = _radios(connection, chunk, around)
        findings = _findings_about(connection, chunk)
        met = _met(connection, chunk)
        for row in connection.execute(select(*_CASE).where(CARRIER.c.id.in_(chunk))):
            tags = radios.get(row.id)
            radio = _freshest(tags or ())
            open_kinds, settled = findings.get(row.id, (frozenset(), {}))
            place = radio.place if radio else None
            round_met, met_at = met.get(row.id, ("", None))
            books_place = around.spots.get(row.place) if row.place is not None else None
            cases[row.id] = CarrierCase(
                carrier=row.id,
                books=books_of(row, around),
                radio=radio,
                tagged=tags is not None,
                books_cover=around.covers.get(row.place) if row.place is not None else None,
                radio_cover=around.covers.get(place.id) if place else None,
                radio_deaf=place is not None and place.id not in around.heard_places,
                heard_home_at=_last_at(tags or (), books_place),
                removal_open="unauthorised_removal" in open_kinds,
                radio_is_outside=place is not None and place.id in around.outside,
                missing_open="missing" in open_kinds,
                met_in_round=round_met,
                met_at=met_at,
                settled_at=settled,
            )
    return cases


def books_of(row: Any, around: World) -> BooksSay:
    """The books' story from a row of the register."""
    return BooksSay(
        status=row.status,
        level=row.level,
        rank=row.rank,
        unit=row.unit,
        place=around.spots.get(row.place) if row.place is not None else None,
        home=row.home,
        holder=row.holder,
        due_at=row.due_at,
        since_at=row.since_at,
    )


def _radios(connection: Connection, chunk: list[int], around: World) -> dict[int, list[RadioSays]]:
    """Presence of every live tag; a carrier with live tags that were never heard has an empty list."""
    joined = TAG.outerjoin(PRESENCE, PRESENCE.c.epc == TAG.c.epc)
    rows = connection.execute(
        select(
            TAG.c.carrier,
            TAG.c.epc,
            PRESENCE.c.place,
            PRESENCE.c.strength,
            PRESENCE.c.since_at,
            PRESENCE.c.heard_at,
            PRESENCE.c.here_at,
            PRESENCE.c.reader,
            PRESENCE.c.antenna,
            PRESENCE.c.strongest_dbm,
            PRESENCE.c.reads,
        )
        .select_from(joined)
        .where(TAG.c.carrier.in_(chunk), ~TAG.c.retired)
    )
    found: dict[int, list[RadioSays]] = {}
    for row in rows:
        tags = found.setdefault(row.carrier, [])
        if row.heard_at is not None:
            tags.append(
                RadioSays(
                    epc=row.epc,
                    place=around.spots.get(row.place) if row.place is not None else None,
                    strength=row.strength,
                    since_at=row.since_at,
                    heard_at=row.heard_at,
                    here_at=row.here_at,
                    reader=row.reader,
                    antenna=row.antenna,
                    strongest_dbm=row.strongest_dbm,
                    reads=row.reads,
                )
            )
    return found


def _freshest(tags: Collection[RadioSays]) -> RadioSays | None:
    """The tag whose story counts: one that is believed somewhere before one that is not, then the last heard."""
    return max(tags, key=lambda r: (r.strength in BELIEVED and r.place is not None, r.heard_at, r.epc), default=None)


def _last_at(tags: Collection[RadioSays], home: Spot | None) -> Instant | None:
    if home is None:
        return None
    heard = [r.here_at for r in tags if r.here_at is not None and r.place is not None and agrees(r.place, home)]
    return max(heard, default=None)


def _findings_about(connection: Connection, chunk: list[int]) -> dict[int, tuple[frozenset[str], dict[str, Instant]]]:
    """Per carrier: kinds of its open findings, and when a person last settled one, by kind."""
    rows = connection.execute(
        select(FINDING.c.carrier, FINDING.c.kind, FINDING.c.open, func.max(FINDING.c.closed_at).label("closed_at"))
        .where(FINDING.c.carrier.in_(chunk), or_(FINDING.c.open, FINDING.c.state == "settled"))
        .group_by(FINDING.c.carrier, FINDING.c.kind, FINDING.c.open)
    ).all()
    opened: dict[int, set[str]] = defaultdict(set)
    settled: dict[int, dict[str, Instant]] = defaultdict(dict)
    for row in rows:
        if row.open:
            opened[row.carrier].add(row.kind)
        else:
            settled[row.carrier][row.kind] = row.closed_at
    return {carrier: (frozenset(opened[carrier]), settled[carrier]) for carrier in {r.carrier for r in rows}}


def _met(connection: Connection, chunk: list[int]) -> dict[int, tuple[str, Instant]]:
    """Per carrier: the sweep in which it was last met by a person, and when; what was undone does not count."""
    rows = connection.execute(
        select(ROUND_SCAN.c.carrier, ROUND_SCAN.c.round, ROUND_SCAN.c.at)
        .where(ROUND_SCAN.c.carrier.in_(chunk), ROUND_SCAN.c.means.in_(("scan", "eye")), not_undone())
        .order_by(ROUND_SCAN.c.at, ROUND_SCAN.c.id)
    )
    return {row.carrier: (row.round, row.at) for row in rows}


def with_cross_reads(connection: Connection, case: CarrierCase) -> CarrierCase:
    """The case with the last reading at home also where the radio believes the tag elsewhere, or nowhere.

    Asked only for the few that may be missing: a glimpse at home speaks against "not heard there".
    """
    home = case.books.place
    if case.radio is None or home is None or case.radio.heard_at <= (case.heard_home_at or 0):
        return case
    spot = PLACE.alias("antenna_place")
    latest = connection.scalar(
        select(func.max(SIGHTING.c.last_at))
        .select_from(
            SIGHTING.join(TAG, TAG.c.epc == SIGHTING.c.epc)
            .join(
                ANTENNA,
                and_(ANTENNA.c.reader == SIGHTING.c.reader, ANTENNA.c.number == SIGHTING.c.antenna),
            )
            .join(spot, spot.c.id == ANTENNA.c.place)
            .join(_BOOKS, _BOOKS.c.id == home.id)
        )
        .where(
            TAG.c.carrier == case.carrier,
            ~TAG.c.retired,
            ANTENNA.c.role == "place",
            SIGHTING.c.last_at > (case.heard_home_at or 0),
            paths_agree(spot.c.path, _BOOKS.c.path),
        )
    )
    return case if latest is None else replace(case, heard_home_at=latest)
